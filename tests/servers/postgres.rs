//! PostgreSQL as Debian has it: a cluster in a folder of its own, spoken to over its socket.

use std::{
    fs,
    net::Ipv4Addr,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use postgres::{Client, NoTls};
use tempfile::TempDir;

use super::{Server, as_user, is_root};

/// Who owns the files; PostgreSQL does not run as root.
const USER: &str = "postgres";

/// The password of its superuser, asked for beyond the socket.
pub const PASSWORD: &str = "mat-khau";

/// A cluster of one server.
pub struct Cluster {
    root: TempDir,
    server: Option<Server>,
}

impl Cluster {
    /// A new one, with more `settings` (`name=value`).
    pub fn start(settings: &[&str]) -> Cluster {
        let mut cluster = Cluster::new();
        cluster.run(settings);
        cluster
    }

    /// A new one that is not running.
    fn new() -> Cluster {
        let root = folder();
        let password = root.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        let data = root.path().join("data");
        let arguments = ["-U", "loa", "-E", "UTF8", "--locale=C", "--no-sync", "--auth-local=trust"];
        let mut initdb = as_user(Some(USER), &program("initdb"));
        initdb
            .args(arguments)
            .args(["--auth-host=scram-sha-256", "--pwfile"])
            .arg(password)
            .arg("-D")
            .arg(data);
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Cluster { root, server: None }
    }

    /// A new one that also listens at an address of this machine that no other process has, with a certificate for it;
    /// with the address and the certificate's file.
    pub fn encrypted() -> (Cluster, Ipv4Addr, PathBuf) {
        let mut cluster = Cluster::new();
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, 1 + high % 64, middle, low);
        let made = rcgen::generate_simple_self_signed([address.to_string()]).unwrap();
        let (certificate, key) = (cluster.root.path().join("cert.pem"), cluster.root.path().join("key.pem"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        own(&key);
        let rules = cluster.root.path().join("data/pg_hba.conf");
        let more = "hostssl all all 127.0.0.0/8 scram-sha-256\n";
        fs::write(&rules, fs::read_to_string(&rules).unwrap() + more).unwrap();
        let (cert, key) = (certificate.display(), key.display());
        cluster.run(&[
            &format!("listen_addresses={address}"),
            "ssl=on",
            &format!("ssl_cert_file={cert}"),
            &format!("ssl_key_file={key}"),
        ]);
        (cluster, address, certificate)
    }

    /// Its replica, for which its commits wait: the cluster was started with `synchronous_standby_names=*`.
    pub fn replica(&self) -> Cluster {
        let root = folder();
        let mut copy = as_user(Some(USER), &program("pg_basebackup"));
        copy.arg("-h").arg(self.root.path()).args(["-U", "loa", "-R", "-X", "stream", "--checkpoint=fast"]);
        let copied = copy.arg("--no-sync").arg("-D").arg(root.path().join("data")).output().unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        let mut replica = Cluster { root, server: None };
        replica.run(&["synchronous_standby_names="]);
        let following = "SELECT pid FROM pg_stat_replication WHERE sync_state = $1";
        until(&mut self.client("postgres"), following, "sync", 1);
        replica
    }

    /// Waits until as many connections of loa as `count` are held up by `what`, and names their processes.
    pub fn held_up(&self, what: &str, count: usize) -> Vec<i32> {
        let held = "SELECT pid FROM pg_stat_activity WHERE application_name = 'loa' AND $1 IN (wait_event, wait_event_type)";
        until(&mut self.client("postgres"), held, what, count)
    }

    /// Runs its server.
    pub fn run(&mut self, settings: &[&str]) {
        let root = self.root.path();
        let text = |path: &Path| path.display().to_string();
        let mut arguments = vec!["-D".into(), text(&root.join("data")), "-k".into(), text(root)];
        let usual = ["listen_addresses=", "shared_buffers=32MB", "wal_receiver_status_interval=1"];
        for setting in usual.iter().chain(settings) {
            arguments.extend(["-c".to_owned(), (*setting).to_owned()]);
        }
        let log = root.join("log");
        let mut server = Server::start(&program("postgres"), Some(USER), &arguments, &log);
        let there = server.wait(&log, || Client::connect(&self.url("postgres"), NoTls).is_ok());
        assert!(there, "the server ended: {}", fs::read_to_string(&log).unwrap());
        self.server = Some(server);
    }

    /// Where `database` of it is.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://loa@/{database}?host={}", self.root.path().display())
    }

    /// Where `database` is that takes changes, of this cluster and `other`.
    pub fn url_of_both(&self, other: &Cluster, database: &str) -> String {
        let (one, two) = (self.root.path().display(), other.root.path().display());
        format!("postgresql://loa@/{database}?host={one}&host={two}&target_session_attrs=read-write")
    }

    /// A connection past everything that is tested.
    pub fn client(&self, database: &str) -> Client {
        Client::connect(&self.url(database), NoTls).unwrap()
    }

    /// A new database, and where it is.
    pub fn database(&self, name: &str) -> String {
        self.client("postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        self.url(name)
    }

    /// Its server.
    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// As if its machine's power went.
    pub fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }

    /// Makes the replica the one that takes changes.
    pub fn promote(&self) {
        self.client("postgres").execute("SELECT pg_promote(true, 60)", &[]).unwrap();
    }
}

/// Waits until the server names as many processes as `count` when it is asked `sql` with `what`.
fn until(client: &mut Client, sql: &str, what: &str, count: usize) -> Vec<i32> {
    let begun = Instant::now();
    loop {
        let found: Vec<i32> = client.query(sql, &[&what]).unwrap().iter().map(|row| row.get(0)).collect();
        if found.len() == count {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{} are {what}", found.len());
        thread::sleep(Duration::from_millis(5));
    }
}

/// A folder that its user may enter.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    own(folder.path());
    folder
}

fn own(path: &Path) {
    if is_root() {
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let user = users.lines().find_map(|line| line.strip_prefix("postgres:")).unwrap();
        let ids: Vec<u32> = user.split(':').skip(1).take(2).map(|id| id.parse().unwrap()).collect();
        chown(path, Some(ids[0]), Some(ids[1])).unwrap();
    }
}

/// A program of the newest PostgreSQL of this machine; Debian keeps them beside one another.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").unwrap();
    let number = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().parse::<u32>().ok();
    let newest = versions.map(|entry| entry.unwrap().path()).max_by_key(number).unwrap();
    newest.join("bin").join(name)
}
