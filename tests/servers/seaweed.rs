//! `SeaweedFS`, an S3-compatible object store in one program (`tools/seaweedfs.sh` lays it where it is looked for).

use std::{fs, net::TcpListener, path::Path};

use tempfile::TempDir;

use super::Server;

/// A store with one bucket, `loa`.
pub struct Seaweed {
    server: Option<Server>,
    ports: Vec<u16>,
    _folder: TempDir,
}

impl Seaweed {
    /// The name of the only key.
    pub const KEY: &str = "loa";

    /// The key.
    pub const SECRET: &str = "bi-mat";

    /// Starts one.
    pub fn start() -> Seaweed {
        // A port that was free a moment ago may be taken by the time the server asks for it.
        (0..5).find_map(|_| Seaweed::try_start()).unwrap()
    }

    fn try_start() -> Option<Seaweed> {
        let folder = tempfile::tempdir().unwrap();
        let (data, keys, log) =
            (folder.path().join("data"), folder.path().join("s3.json"), folder.path().join("log"));
        fs::create_dir(&data).unwrap();
        let (key, secret) = (Seaweed::KEY, Seaweed::SECRET);
        let credentials = format!(r#"[{{"accessKey":"{key}","secretKey":"{secret}"}}]"#);
        let identity = format!(r#"{{"name":"loa","credentials":{credentials},"actions":["Admin"]}}"#);
        fs::write(&keys, format!(r#"{{"identities":[{identity}]}}"#)).unwrap();
        let ports = free(8);
        let mut arguments = vec!["server".to_owned(), "-ip=127.0.0.1".into(), "-ip.bind=127.0.0.1".into()];
        for (part, ports) in ["master", "volume", "filer", "s3"].iter().zip(ports.chunks(2)) {
            arguments.push(format!("-{part}.port={}", ports[0]));
            arguments.push(format!("-{part}.port.grpc={}", ports[1]));
        }
        arguments.extend([
            format!("-dir={}", data.display()),
            format!("-s3.config={}", keys.display()),
            "-filer".into(),
            "-s3".into(),
            "-s3.iam=false".into(),
            "-s3.port.iceberg=0".into(),
            "-s3.port.lance=0".into(),
            "-master.telemetry=false".into(),
            "-master.volumeSizeLimitMB=64".into(),
            "-volume.max=16".into(),
        ]);
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/seaweedfs/weed");
        let server = Server::start(&program, None, &arguments, &log);
        let mut seaweed = Seaweed { server: Some(server), ports, _folder: folder };
        let endpoint = seaweed.endpoint();
        // Whoever asks without a key is refused: it answers.
        let answers = || matches!(ureq::get(&endpoint).call(), Ok(_) | Err(ureq::Error::StatusCode(_)));
        if !seaweed.server.as_mut().unwrap().wait(&log, answers) {
            return None;
        }
        // A bucket is a folder of its files.
        let bucket = format!("http://127.0.0.1:{}/buckets/loa/", seaweed.ports[4]);
        ureq::post(bucket).send_empty().unwrap();
        Some(seaweed)
    }

    /// Where it is.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[6])
    }
}

impl Drop for Seaweed {
    fn drop(&mut self) {
        // An orderly end takes it half a minute.
        self.server.take().into_iter().for_each(Server::kill);
        for port in &self.ports {
            for part in ["master", "volume", "filer", "s3"] {
                for way in ["-grpc", ""] {
                    let _ = fs::remove_file(format!("/tmp/seaweedfs-{part}{way}-{port}.sock"));
                }
            }
        }
    }
}

/// So many ports that nobody has at this moment.
fn free(count: usize) -> Vec<u16> {
    let held: Vec<_> = (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).collect();
    held.iter().map(|port| port.local_addr().unwrap().port()).collect()
}
