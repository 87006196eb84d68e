//! Room on the disk that belongs to the log: what a full disk refuses is written there, and merged later.
//!
//! The file is laid out while there is room, so that writing into it asks the disk for nothing. Its first half
//! takes transactions, one behind the other: length (four bytes, little-endian), then a note signed by the
//! station's key, and behind the last one a length of zero. Its second half is given up, piece by piece, when a
//! start on a full disk needs room for SQLite's side files. Nothing else needs any: what the disk has no room for
//! stays in the first half, over as many starts as it takes.

use std::{
    fs, io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::FallocateFlags;
use serde::{Deserialize, Serialize};

use super::{Blob, StoreError, log::KINDS};
use crate::{
    disk::At as _,
    evidence::{Body, Clk},
    keys::{self, SigningKey},
};

/// Bytes for transactions: a thousand entries, which is a month of two airings a day.
const ROOM: u64 = 512 << 10;
/// Bytes that the file has while nobody needed them.
const ALL: u64 = 2 * ROOM;
/// What one start is given of the second half: 32 KiB are the index of SQLite's write-ahead log, the rest its first
/// pages and the small files beside it. So there is some for seven more starts of which another program took it.
const PIECE: u64 = 64 << 10;
const LENGTH: u64 = 4;
/// So many empty files stand beside it while nobody needs their inodes: as many as a start makes, which are SQLite's
/// two side files and the control socket.
const NAMES: usize = 3;

/// The open reserve.
pub struct Reserve {
    file: fs::File,
    path: PathBuf,
    used: u64,
}

/// One transaction that the log still lacks.
#[derive(Debug, Serialize, Deserialize)]
pub struct Aside {
    /// The log's origin: another epoch's are not merged.
    pub origin: String,
    /// The position that the first entry will have.
    pub first: u64,
    /// The entries, each with the clocks when it happened.
    pub entries: Vec<(Clk, Body)>,
    blobs: Vec<(String, String)>,
}

impl Aside {
    /// The bytes that its entries name.
    pub fn blobs(&self) -> Vec<Blob> {
        let blob = |(kind, bytes): &(String, String)| {
            let kind = KINDS.into_iter().find(|known| known == kind)?;
            Some(Blob { kind, bytes: hex::decode(bytes).ok()? })
        };
        self.blobs.iter().filter_map(blob).collect()
    }
}

/// The reserve of the log at `log`.
pub fn path_of(log: &Path) -> PathBuf {
    log.with_extension("reserve")
}

/// Gives up a piece of the second half, for a start on a full disk. `false`: there is none any more.
pub fn give_room(log: &Path) -> bool {
    let file = fs::OpenOptions::new().write(true).open(path_of(log));
    file.is_ok_and(|file| {
        let have = file.metadata().map_or(0, |meta| meta.len());
        have > ROOM && file.set_len(ROOM.max(have.saturating_sub(PIECE))).is_ok()
    })
}

/// Gives up the inodes that were kept, for a start on a disk that has none. `false`: there are none any more.
pub fn give_names(log: &Path) -> bool {
    names(log).filter(|name| fs::remove_file(name).is_ok()).count() > 0
}

/// Keeps inodes for the next start, where the disk has any.
pub fn keep_names(log: &Path) {
    for name in names(log) {
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&name);
        if let Err(error) = file {
            tracing::warn!(path = %name.display(), %error, "no inode is kept for the log");
            return;
        }
    }
}

fn names(log: &Path) -> impl Iterator<Item = PathBuf> {
    (1..=NAMES).map(|n| log.with_extension(format!("spare{n}")))
}

impl Reserve {
    /// Opens the reserve of the log at `log`, made where there is none, and gives what stands in it for `origin`,
    /// as far as the station's own key signed it.
    pub fn open(log: &Path, origin: &str, key: &SigningKey) -> Result<(Reserve, Vec<Aside>), StoreError> {
        let path = path_of(log);
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).at("open", &path)?;
        let mut reserve = Reserve { file, path, used: 0 };
        let mut found = Vec::new();
        while let Some(aside) = reserve.next(key) {
            found.push(aside);
        }
        found.retain(|aside| aside.origin == origin);
        Ok((reserve, found))
    }

    fn next(&mut self, key: &SigningKey) -> Option<Aside> {
        let mut length = [0; 4];
        self.file.read_exact_at(&mut length, self.used).ok()?;
        let length = u32::from_le_bytes(length);
        if length == 0 || u64::from(length) > ROOM {
            return None;
        }
        let mut note = vec![0; usize::try_from(length).ok()?];
        self.file.read_exact_at(&mut note, self.used + LENGTH).ok()?;
        let opened = keys::open(&note, std::slice::from_ref(key.public())).ok()?;
        let aside = serde_json::from_str(&opened.text).ok()?;
        self.used += LENGTH + u64::from(length);
        Some(aside)
    }

    /// Lays the file out as long as it should be, where the disk has room for it.
    pub fn widen(&self) {
        if self.file.metadata().is_ok_and(|meta| meta.len() < ALL) {
            // Without it evidence waits in memory: worth a word, no reason to refuse anything.
            if let Err(error) = rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, ALL) {
                tracing::warn!(path = %self.path.display(), %error, "no room is kept for the log");
            }
        }
    }

    /// Writes a transaction behind the others; durable when it returns.
    pub fn put(
        &mut self,
        origin: &str,
        first: u64,
        (entries, blobs): (&[(Clk, Body)], &[Blob]),
        key: &SigningKey,
    ) -> Result<(), StoreError> {
        let blobs = blobs.iter().map(|blob| (blob.kind.to_owned(), hex::encode(&blob.bytes))).collect();
        let aside = Aside { origin: origin.into(), first, entries: entries.to_vec(), blobs };
        let text = serde_json::to_string(&aside).map_err(io::Error::from).at("write", &self.path)? + "\n";
        let note = key.sign(&text).map_err(io::Error::other).at("sign what goes into", &self.path)?;
        let length = u32::try_from(note.len()).unwrap_or(u32::MAX);
        let end = self.used + LENGTH + u64::from(length);
        let have = self.file.metadata().at("measure", &self.path)?.len();
        if end + LENGTH > ROOM.min(have) {
            return Err(io::Error::from(io::ErrorKind::StorageFull)).at("write", &self.path)?;
        }
        // With the end behind it in the same write: what stood there before is not read any more.
        let record = [&length.to_le_bytes(), note.as_bytes(), &[0; 4]].concat();
        self.file.write_all_at(&record, self.used).at("write", &self.path)?;
        self.file.sync_data().at("sync", &self.path)?;
        self.used = end;
        Ok(())
    }

    /// Everything in it is in the log.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        if self.used > 0 {
            self.file.write_all_at(&[0; 4], 0).at("write", &self.path)?;
            self.file.sync_data().at("sync", &self.path)?;
            self.used = 0;
        }
        Ok(())
    }
}
