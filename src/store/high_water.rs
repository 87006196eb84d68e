//! How long the log has been, kept outside the database: an older copy put back is noticed.
//!
//! The file is written behind each durable append and never before it, so it is never ahead of the
//! database. Marks go by turns to two places of the file, each with a check sum, and each is synced before
//! the next is written: one that a power cut has torn leaves the one before it.

use std::{
    cell::Cell,
    fs, io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::StoreError;
use crate::{
    disk::{self, At as _},
    units::Digest,
};

/// Where the two marks stand: in sectors of their own, on disks of either size.
const PLACES: [usize; 2] = [0, 4096];

/// A size of the log and its root at that size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
}

/// A log of so many entries may have no high-water file: a crash came between its creation and the file's. A
/// longer one had it, and whoever took it away took away what tells of an older copy put back.
pub const MOST_UNMARKED: u64 = 1;

/// The open high-water file.
#[derive(Debug)]
pub struct HighWater {
    file: fs::File,
    path: PathBuf,
    /// The place whose turn it is.
    turn: Cell<usize>,
}

/// The high-water file of the log at `log`.
pub fn path_of(log: &Path) -> PathBuf {
    log.with_extension("high")
}

impl Mark {
    fn text(self) -> String {
        let mark = format!("{:020} {}", self.size, self.root);
        format!("{mark} {}\n", Digest::of(mark.as_bytes()))
    }

    fn parse(bytes: &[u8]) -> Option<Mark> {
        let line = bytes.split_inclusive(|byte| *byte == b'\n').next()?;
        let mut words = std::str::from_utf8(line).ok()?.split([' ', '\n']);
        let mark = Mark { size: words.next()?.parse().ok()?, root: words.next()?.parse().ok()? };
        (mark.text().as_bytes() == line).then_some(mark)
    }

    /// The mark at each place of the file whose content is `bytes`.
    fn both(bytes: &[u8]) -> [Option<Mark>; 2] {
        PLACES.map(|place| bytes.get(place..).and_then(Mark::parse))
    }
}

/// What the file at `path` vouches for; `None` when it does not exist.
pub fn read(path: &Path) -> Result<Option<Mark>, StoreError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.at("read", path)?,
    };
    let mark = Mark::both(&bytes).into_iter().flatten().max_by_key(|mark| mark.size);
    mark.map(Some).ok_or_else(|| StoreError::HighWater(path.into()))
}

impl HighWater {
    /// Opens the file at `path`, durably made anew with `mark` when it does not exist.
    pub fn open(path: &Path, mark: Mark) -> Result<HighWater, StoreError> {
        if !path.exists() {
            disk::replace(path, mark.text().as_bytes(), 0o644)?;
        }
        let marks = Mark::both(&fs::read(path).at("read", path)?).map(|mark| mark.map(|mark| mark.size));
        let file = fs::OpenOptions::new().write(true).open(path).at("open", path)?;
        // The older or damaged one is written next.
        Ok(HighWater { file, path: path.into(), turn: Cell::new(usize::from(marks[0] >= marks[1])) })
    }

    /// Raises the mark. A failure is told to the operator only: the entries are already durable.
    pub fn raise(&self, mark: Mark) {
        let place = PLACES[self.turn.get()] as u64;
        let written = self.file.write_all_at(mark.text().as_bytes(), place);
        if let Err(error) = written.and_then(|()| self.file.sync_data()) {
            tracing::warn!(path = %self.path.display(), %error, "the high-water file cannot be written");
        }
        self.turn.set(1 - self.turn.get());
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
        for size in [10, 11, 12, u64::MAX] {
            high.raise(mark(size));
            assert_eq!(read(&path).unwrap(), Some(mark(size)));
        }
        for damaged in ["", "10 x\n", "\0\0\0", "00000000000000000010"] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(read(&path), Err(StoreError::HighWater(_))), "{damaged:?}");
        }
        fs::write(&path, [0xff]).unwrap();
        assert!(matches!(read(&path), Err(StoreError::HighWater(_))));
    }

    #[test]
    fn a_torn_mark_leaves_the_one_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.high");
        let mark = |size: u64| Mark { size, root: Digest::of(&size.to_le_bytes()) };
        for last in [5, 6] {
            let high = HighWater::open(&path, mark(4)).unwrap();
            (5..=last).for_each(|size| high.raise(mark(size)));
            let before = fs::read(&path).unwrap();
            high.raise(mark(last + 1));
            let after = fs::read(&path).unwrap();
            for torn in 0..=after.len() {
                let mut bytes = after[..torn].to_vec();
                bytes.extend(before.get(torn..).unwrap_or_default());
                fs::write(&path, &bytes).unwrap();
                let read = read(&path).unwrap().unwrap();
                assert!(read == mark(last) || read == mark(last + 1), "{read:?} torn at {torn}");
                let again = HighWater::open(&path, mark(0)).unwrap();
                again.raise(mark(last + 2));
                assert_eq!(super::read(&path).unwrap(), Some(mark(last + 2)), "torn at {torn}");
            }
            fs::remove_file(&path).unwrap();
        }
    }
}
