//! How long the log has been, kept outside the database: an older copy put back is noticed.
//!
//! The file is written behind each durable append and never before it, so it is never ahead of the
//! database. It is not synced: after a power cut it may lag, which only weakens the check, and an append
//! does not wait for a second sync. It has one length and fits one disk sector, so no half of it is seen.

use std::{
    fs, io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::StoreError;
use crate::{
    disk::{self, At as _},
    units::Digest,
};

/// A size of the log and its root at that size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
}

/// The open high-water file.
#[derive(Debug)]
pub struct HighWater {
    file: fs::File,
    path: PathBuf,
}

/// The high-water file of the log at `log`.
pub fn path_of(log: &Path) -> PathBuf {
    log.with_extension("high")
}

impl Mark {
    fn text(self) -> String {
        format!("{:020} {}\n", self.size, self.root)
    }

    fn parse(text: &str) -> Option<Mark> {
        let (size, root) = text.strip_suffix('\n')?.split_once(' ')?;
        let mark = Mark { size: size.parse().ok()?, root: root.parse().ok()? };
        (mark.text() == text).then_some(mark)
    }
}

/// What the file at `path` vouches for; `None` when it does not exist.
pub fn read(path: &Path) -> Result<Option<Mark>, StoreError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.at("read", path)?,
    };
    let mark = std::str::from_utf8(&bytes).ok().and_then(Mark::parse);
    mark.map(Some).ok_or_else(|| StoreError::HighWater(path.into()))
}

impl HighWater {
    /// Opens the file at `path`, durably made anew with `mark` when it does not exist.
    pub fn open(path: &Path, mark: Mark) -> Result<HighWater, StoreError> {
        if !path.exists() {
            disk::replace(path, mark.text().as_bytes(), 0o644)?;
        }
        let file = fs::OpenOptions::new().write(true).open(path).at("open", path)?;
        Ok(HighWater { file, path: path.into() })
    }

    /// Raises the mark. A failure is told to the operator only: the entries are already durable.
    pub fn raise(&self, mark: Mark) {
        if let Err(error) = self.file.write_all_at(mark.text().as_bytes(), 0) {
            tracing::warn!(path = %self.path.display(), %error, "the high-water file cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_raised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.high");
        assert_eq!(read(&path).unwrap(), None);
        let mark = |size| Mark { size, root: Digest::of(&[7]) };
        let high = HighWater::open(&path, mark(9)).unwrap();
        assert_eq!(read(&path).unwrap(), Some(mark(9)));
        high.raise(mark(u64::MAX));
        high.raise(mark(10));
        assert_eq!(read(&path).unwrap(), Some(mark(10)));
        for damaged in ["", "10 x\n", "\0\0\0", "00000000000000000010"] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(read(&path), Err(StoreError::HighWater(_))), "{damaged:?}");
        }
        fs::write(&path, [0xff]).unwrap();
        assert!(matches!(read(&path), Err(StoreError::HighWater(_))));
    }
}
