//! Writing a bundle: members in the order in which they come, all of one time, so that the same evidence makes the
//! same bytes.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;
use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::{
    control::ControlError,
    disk::{At as _, DiskError},
    units::{Digest, Hasher},
};

/// A bundle that is being written.
pub struct Pack<'a> {
    zip: ZipWriter<BufWriter<&'a mut File>>,
    path: PathBuf,
    media: BTreeSet<Digest>,
}

impl<'a> Pack<'a> {
    /// An empty bundle in `file`, which a person knows as `path`.
    pub fn new(file: BufWriter<&'a mut File>, path: &Path) -> Pack<'a> {
        Pack { zip: ZipWriter::new(file), path: path.into(), media: BTreeSet::new() }
    }

    /// Adds a text.
    pub fn text(&mut self, name: &str, text: &str) -> Result<(), ControlError> {
        self.bytes(name, text.as_bytes())
    }

    /// Adds a JSON document that a person can read.
    pub fn json<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), ControlError> {
        let text =
            serde_json::to_string_pretty(value).map_err(|error| self.failed(io::Error::other(error)))?;
        self.text(name, &(text + "\n"))
    }

    /// Adds bytes, compressed.
    pub fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), ControlError> {
        self.member(name, bytes, CompressionMethod::Deflated)
    }

    /// Adds hashes, which nothing compresses.
    pub fn hashes(&mut self, name: &str, bytes: &[u8]) -> Result<(), ControlError> {
        self.member(name, bytes, CompressionMethod::Stored)
    }

    /// Adds the audio file at `path` as `media/<digest>.<extension>`, once; gives that name. `None` when its bytes
    /// changed meanwhile.
    pub fn media(&mut self, digest: Digest, path: &Path) -> Result<Option<String>, ControlError> {
        let plain = |ext: &&str| ext.len() <= 8 && ext.bytes().all(|b| b.is_ascii_alphanumeric());
        let extension = path.extension().and_then(|ext| ext.to_str()).filter(plain).unwrap_or("bin");
        let name = format!("media/{digest}.{}", extension.to_ascii_lowercase());
        if self.media.contains(&digest) {
            return Ok(Some(name));
        }
        let mut file = File::open(path).at("open", path)?;
        let length = file.metadata().at("measure", path)?.len();
        let options = options(CompressionMethod::Stored).large_file(length > u64::from(u32::MAX));
        self.zip.start_file(&name, options).map_err(|error| self.broken(error))?;
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; 256 << 10];
        loop {
            let read = file.read(&mut buffer).at("read", path)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            self.zip.write_all(&buffer[..read]).map_err(|error| self.failed(error))?;
        }
        if hasher.finish() != digest {
            self.zip.abort_file().map_err(|error| self.broken(error))?;
            return Ok(None);
        }
        self.media.insert(digest);
        Ok(Some(name))
    }

    /// Ends the bundle; gives its length.
    pub fn finish(self) -> Result<u64, ControlError> {
        let path = self.path;
        let broken = |error: ZipError| io::Error::from(error);
        let mut file = self.zip.finish().map_err(broken).at("write", &path)?;
        file.flush().at("write", &path)?;
        Ok(file.get_ref().metadata().at("measure", &path)?.len())
    }

    fn member(&mut self, name: &str, bytes: &[u8], method: CompressionMethod) -> Result<(), ControlError> {
        self.zip.start_file(name, options(method)).map_err(|error| self.broken(error))?;
        self.zip.write_all(bytes).map_err(|error| self.failed(error))
    }

    fn broken(&self, error: ZipError) -> ControlError {
        self.failed(io::Error::from(error))
    }

    fn failed(&self, source: io::Error) -> ControlError {
        DiskError { attempt: "write", path: self.path.clone(), source }.into()
    }
}

/// Everything that could differ between two writings is fixed.
fn options(method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(method).unix_permissions(0o644)
}
