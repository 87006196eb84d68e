//! The files that stations fetch, in an S3-compatible object store: for several centre processes that share no disk.

use std::{
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use object_store::{
    ClientOptions, Error, GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutMode,
    PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut},
    client::{HttpClient, HttpConnector},
    path::Path as Place,
};
use tokio::runtime::{Builder, Runtime};

use super::{
    Files, FleetError,
    files::{is_name, is_named},
    trusted::trusted,
};
use crate::units::{Digest, Hasher};

/// Longest file that goes in one piece, and how long the pieces of longer ones are; S3 asks for 5 MiB at least, and takes
/// 10,000 of them.
const PIECE: usize = 8 << 20;

/// How long what fails in passing is tried again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a bucket is, and who may use it.
#[derive(Clone)]
pub struct Bucket {
    /// The store: `https://s3.duc-pho.vn`. One that begins with `http` speaks openly, for this machine or a network of
    /// its own.
    pub endpoint: String,
    /// The region that the store says it is in: `us-east-1` where it knows none.
    pub region: String,
    /// The bucket's name; it must be there.
    pub name: String,
    /// The folder in it below which all files lie; may be empty.
    pub folder: String,
    /// Name of the key.
    pub key: String,
    /// The key.
    pub secret: String,
    /// Whose certificates are believed (a PEM file); without one, those that this machine trusts.
    pub authorities: Option<PathBuf>,
}

impl Bucket {
    /// The bucket at `address` (`s3://NAME/FOLDER?endpoint=https://HOST&region=REGION`; folder and region may be absent), used
    /// with the key called `key`; none where that is no such address.
    #[must_use]
    pub fn at(address: &str, key: &str, secret: &str, authorities: Option<PathBuf>) -> Option<Bucket> {
        let url = reqwest::Url::parse(address).ok().filter(|url| url.scheme() == "s3")?;
        let of =
            |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        Some(Bucket {
            endpoint: of("endpoint")?,
            region: of("region").unwrap_or_else(|| "us-east-1".into()),
            name: url.host_str()?.into(),
            folder: url.path().trim_matches('/').into(),
            key: key.into(),
            secret: secret.into(),
            authorities,
        })
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.endpoint, self.name, self.folder)
    }
}

/// Files in such a bucket. Its calls wait: none may be made on a thread that drives a runtime.
pub struct BucketFiles {
    store: AmazonS3,
    folder: Place,
    // Given up only when it is dropped, without a wait.
    runtime: Option<Runtime>,
}

impl BucketFiles {
    /// Those of `bucket`. Nothing is asked of it yet.
    pub fn open(bucket: &Bucket) -> Result<BucketFiles, FleetError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(trusted(bucket.authorities.as_deref())?)
            // A bucket is reached as the database is: directly.
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(PATIENCE)
            .build()
            .map_err(|source| FleetError::new("prepare encryption", source))?;
        let store = AmazonS3Builder::new()
            .with_endpoint(&bucket.endpoint)
            .with_region(&bucket.region)
            .with_bucket_name(&bucket.name)
            .with_access_key_id(&bucket.key)
            .with_secret_access_key(&bucket.secret)
            .with_virtual_hosted_style_request(false)
            .with_allow_http(bucket.endpoint.starts_with("http://"))
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_retry(RetryConfig { retry_timeout: PATIENCE, ..RetryConfig::default() })
            .with_http_connector(Ready(client))
            .build()
            .map_err(|source| FleetError::new("open the object store", source))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| FleetError::new("start a runtime", source))?;
        Ok(BucketFiles { store, folder: Place::from(bucket.folder.as_str()), runtime: Some(runtime) })
    }

    /// What `work` comes to, or why it failed `attempt`.
    fn wait<T>(
        &self,
        attempt: &'static str,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, FleetError> {
        let closed = || FleetError::new(attempt, "the store was closed");
        self.runtime
            .as_ref()
            .ok_or_else(closed)?
            .block_on(work)
            .map_err(|source| FleetError::new(attempt, source))
    }

    fn place(&self, name: &str) -> Result<Place, FleetError> {
        if !is_name(name) {
            return Err(FleetError::new("name a file", format!("`{name}` is no file of a package")));
        }
        Ok(name.split('/').fold(self.folder.clone(), Place::join))
    }

    /// Puts a file piece by piece. S3 has no condition for that, so what was put stays only where other bytes cannot
    /// come: the name must be the digest of what went.
    fn put_large(&self, name: &str, file: &mut fs::File) -> Result<(), FleetError> {
        if !name.starts_with("blobs/") {
            return Err(FleetError::new("put a file", format!("`{name}` is too long")));
        }
        let place = self.place(name)?;
        let mut upload = self.wait("begin a file", self.store.put_multipart(&place))?;
        let put = self.put_pieces(upload.as_mut(), file, name);
        if put.is_err() {
            // What stays of it where this fails too is the bucket's to clear, by its rule for unfinished uploads.
            let _ = self.wait("give a file up", upload.abort());
        }
        put
    }

    fn put_pieces(
        &self,
        upload: &mut dyn MultipartUpload,
        file: &mut fs::File,
        name: &str,
    ) -> Result<(), FleetError> {
        let mut hasher = Hasher::default();
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = file.take(PIECE as u64).read_to_end(&mut piece);
            read.map_err(|source| FleetError::new("read a file", source))?;
            if piece.is_empty() {
                break;
            }
            hasher.update(&piece);
            self.wait("put a piece", upload.put_part(PutPayload::from(piece)))?;
        }
        is_named(name, hasher.finish())?;
        self.wait("end a file", upload.complete()).map(drop)
    }
}

impl Drop for BucketFiles {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Files for BucketFiles {
    fn names(&self, folder: &str) -> Result<Vec<String>, FleetError> {
        let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let parts = folder.split('/').filter(|part| !part.is_empty());
        let place = parts.fold(self.folder.clone(), object_store::path::Path::join);
        let listed = self.wait("list the files", self.store.list_with_delimiter(Some(&place)))?;
        let names = listed.objects.iter().filter_map(|object| object.location.filename());
        let mut names: Vec<String> =
            names.filter(|name| is_name(&format!("{below}{name}"))).map(str::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn length(&self, name: &str) -> Result<Option<u64>, FleetError> {
        let place = self.place(name)?;
        self.wait("look at a file", async {
            match self.store.head(&place).await {
                Ok(found) => Ok(Some(found.size)),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn read(&self, name: &str, from: u64, most: usize) -> Result<Vec<u8>, FleetError> {
        let place = self.place(name)?;
        // A range that begins at the end, or is empty, is none to S3.
        let length = self.wait("look at a file", self.store.head(&place))?.size;
        let end = length.min(from.saturating_add(most as u64));
        if from >= end {
            return Ok(Vec::new());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(from..end)), ..GetOptions::default() };
        let bytes =
            self.wait("read a file", async { self.store.get_opts(&place, options).await?.bytes().await })?;
        Ok(bytes.into())
    }

    fn put(&self, name: &str, from: &Path) -> Result<(), FleetError> {
        let place = self.place(name)?;
        let failed = |source: io::Error| FleetError::new("read a file", source);
        let mut file = fs::File::open(from).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() > PIECE as u64 {
            return if self.length(name)?.is_some() { Ok(()) } else { self.put_large(name, &mut file) };
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        is_named(name, Digest::of(&bytes))?;
        self.wait("put a file", async {
            match self.store.put_opts(&place, PutPayload::from(bytes), PutMode::Create.into()).await {
                Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }
}

/// A client that is there already, for a store that would make one of its own.
#[derive(Debug)]
struct Ready(reqwest::Client);

impl HttpConnector for Ready {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::fleet::{files::hold, servers::Seaweed};

    fn bucket(server: &Seaweed, folder: &str) -> Bucket {
        let address = format!("s3://loa/{folder}?endpoint={}", server.endpoint());
        Bucket::at(&address, Seaweed::KEY, Seaweed::SECRET, None).unwrap()
    }

    #[test]
    fn an_address_says_where() {
        let read = |address| Bucket::at(address, "k", "s", None);
        let bucket = read("s3://loa-goi/phat/thanh?endpoint=https://s3.vn:9000&region=hn").unwrap();
        assert_eq!((bucket.name.as_str(), bucket.folder.as_str()), ("loa-goi", "phat/thanh"));
        assert_eq!((bucket.endpoint.as_str(), bucket.region.as_str()), ("https://s3.vn:9000", "hn"));
        let bucket = read("s3://loa?endpoint=https%3A%2F%2Fs3.vn").unwrap();
        assert_eq!((bucket.folder.as_str(), bucket.endpoint.as_str()), ("", "https://s3.vn"));
        for wrong in
            ["s3://loa", "s3:///goi?endpoint=https://s3.vn", "https://loa?endpoint=https://s3.vn", "loa"]
        {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_bucket_keeps_to_the_conduct_of_files() {
        let server = Seaweed::start();
        let at = bucket(&server, "phat/thanh");
        hold(&|| Box::new(BucketFiles::open(&at).unwrap()));
        what_was_put_first_stays(&bucket(&server, ""));
        long_files_go_in_pieces(&bucket(&server, "dai"));
        who_has_no_key_learns_nothing(&bucket(&server, ""));
    }

    fn what_was_put_first_stays(at: &Bucket) {
        let folder = tempfile::tempdir().unwrap();
        let put = |text: String| {
            let file = folder.path().join(&text);
            fs::write(&file, &text).unwrap();
            BucketFiles::open(at).unwrap().put("8.note", &file).unwrap();
        };
        thread::scope(|scope| {
            (0..4).for_each(|n| drop(scope.spawn(move || put(format!("lan {n}")))));
        });
        let files = BucketFiles::open(at).unwrap();
        let first = files.read("8.note", 0, 99).unwrap();
        put("lan sau".into());
        assert_eq!(files.read("8.note", 0, 99).unwrap(), first);
        assert!(first.starts_with(b"lan ") && first.len() == 5);
        assert_eq!(files.names("").unwrap(), ["8.note"], "and nothing of another folder");
    }

    fn long_files_go_in_pieces(at: &Bucket) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("blob");
        let bytes: Vec<u8> = (0..5 << 20_u32).flat_map(u32::to_le_bytes).collect();
        assert!(bytes.len() > 2 * PIECE && !bytes.len().is_multiple_of(PIECE));
        fs::write(&file, &bytes).unwrap();
        let files = BucketFiles::open(at).unwrap();
        let other = format!("blobs/sha256/{}", Digest::of(b"other"));
        assert!(files.put(&other, &file).is_err(), "other bytes than the name says");
        assert_eq!(files.length(&other).unwrap(), None, "and nothing of them is there");
        assert!(files.put("9.note", &file).is_err(), "no note is so long");
        let name = format!("blobs/sha256/{}", Digest::of(&bytes));
        files.put(&name, &file).unwrap();
        files.put(&name, &file).unwrap();
        assert_eq!(files.length(&name).unwrap(), Some(bytes.len() as u64));
        let around = PIECE as u64 - 3;
        assert_eq!(files.read(&name, around, 9).unwrap(), bytes[PIECE - 3..PIECE + 6]);
        assert_eq!(Digest::of(&files.read(&name, 0, bytes.len()).unwrap()), Digest::of(&bytes));
    }

    fn who_has_no_key_learns_nothing(at: &Bucket) {
        let wrong = BucketFiles::open(&Bucket { secret: "khac".into(), ..at.clone() }).unwrap();
        assert!(
            wrong.length("8.note").is_err()
                && wrong.names("").is_err()
                && wrong.read("8.note", 0, 9).is_err()
        );
        assert!(!format!("{at:?}").contains(Seaweed::SECRET));
    }
}
