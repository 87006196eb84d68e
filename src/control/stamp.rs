//! Two small side files that say, after a power cut, how far an airing was heard and until when the
//! station lived. They are hints outside the log: a torn one reads as absent.

use std::{
    fs, io,
    io::{Seek as _, Write as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use crate::{
    disk::{At as _, DiskError},
    units::{Digest, Frames},
};

/// How far an airing was heard, and when that was stamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which airing.
    pub airing: u64,
    /// Frames of its master that were heard.
    pub heard: Frames,
    /// Frames of those that the sound server threw away.
    pub muted: Frames,
    /// The longest hole in wall time, milliseconds.
    pub hole_ms: u64,
    /// Wall time of the stamp.
    pub at: DateTime<Utc>,
}

impl Position {
    /// The stamp in the file at `path`, if a whole one is there.
    #[must_use]
    pub fn read(path: &Path) -> Option<Position> {
        let text = fs::read_to_string(path).ok()?;
        let (body, sum) = text.trim_end().rsplit_once(' ')?;
        if Digest::of(body.as_bytes()).short() != sum {
            return None;
        }
        let mut fields = body.split(' ').map(str::parse::<i64>);
        let (airing, heard, at) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
        // An earlier version stamped neither of the two.
        let mut later =
            || fields.next().and_then(Result::ok).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        Some(Position {
            airing: u64::try_from(airing).ok()?,
            heard: Frames(u64::try_from(heard).ok()?),
            at: DateTime::from_timestamp_millis(at)?,
            muted: Frames(later()),
            hole_ms: later(),
        })
    }
}

/// Writes [`Position`]s in place: every stamp reaches the page cache (and survives a killed process), every
/// tenth second the disk (and survives a power cut).
#[derive(Debug)]
pub struct Stamper {
    path: PathBuf,
    file: fs::File,
    /// Boot time of the last sync, nanoseconds.
    synced_ns: Option<i64>,
}

const SYNC_EVERY_NS: i64 = 10_000_000_000;

impl Stamper {
    /// Opens or makes the side file.
    pub fn open(path: &Path) -> Result<Stamper, DiskError> {
        let file =
            fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).at("open", path)?;
        Ok(Stamper { path: path.into(), file, synced_ns: None })
    }

    /// Stamps `position`; `boot_ns` is the boot-time clock.
    pub fn stamp(&mut self, position: Position, boot_ns: i64) -> Result<(), DiskError> {
        // Fixed width: a shorter text never leaves the tail of a longer one behind.
        let body = format!(
            "{:020} {:020} {:020} {:020} {:020}",
            position.airing,
            position.heard.0,
            position.at.timestamp_millis(),
            position.muted.0,
            position.hole_ms
        );
        let line = format!("{body} {}\n", Digest::of(body.as_bytes()).short());
        let mut write = || -> io::Result<()> {
            self.file.rewind()?;
            self.file.write_all(line.as_bytes())?;
            if self.synced_ns.is_none_or(|at| boot_ns - at >= SYNC_EVERY_NS) {
                self.file.sync_data()?;
                self.synced_ns = Some(boot_ns);
            }
            Ok(())
        };
        write().at("stamp", &self.path)
    }
}

/// Until when the station is known to have lived.
#[derive(Debug)]
pub struct Alive;

impl Alive {
    /// The stamp at `path`.
    #[must_use]
    pub fn read(path: &Path) -> Option<DateTime<Utc>> {
        let millis = fs::read_to_string(path).ok()?.trim().parse().ok()?;
        DateTime::from_timestamp_millis(millis)
    }

    /// Stamps `now`; once a minute is often enough.
    pub fn write(path: &Path, now: DateTime<Utc>) -> Result<(), DiskError> {
        fs::write(path, format!("{:020}\n", now.timestamp_millis())).at("stamp", path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_stamp_is_read_and_a_torn_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("position");
        assert_eq!(Position::read(&path), None);
        let mut stamper = Stamper::open(&path).unwrap();
        let at = DateTime::from_timestamp_millis(1_646_433_000_123).unwrap();
        let of = |heard| Position { airing: 7, heard: Frames(heard), muted: Frames(480), hole_ms: 10, at };
        for heard in [9_600, 19_200] {
            stamper.stamp(of(heard), 0).unwrap();
        }
        assert_eq!(Position::read(&path), Some(of(19_200)));
        let mut bytes = fs::read(&path).unwrap();
        bytes[30] = b'9';
        fs::write(&path, bytes).unwrap();
        assert_eq!(Position::read(&path), None);
    }

    #[test]
    fn the_stamp_of_an_earlier_version_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("position");
        let body = format!("{:020} {:020} {:020}", 7, 9_600, 1_646_433_000_123_i64);
        fs::write(&path, format!("{body} {}\n", Digest::of(body.as_bytes()).short())).unwrap();
        let read = Position::read(&path).unwrap();
        assert_eq!((read.heard, read.muted, read.hole_ms), (Frames(9_600), Frames::ZERO, 0));
    }
}
