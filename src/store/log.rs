//! The log as its one writer holds it.
//!
//! The order of an append, and why nothing acknowledged is ever lost or half there:
//! 1. the leaves are encoded and the tree grows in a copy of the frontier; nothing is changed yet;
//! 2. one transaction: blobs, entries, nodes, the head re-signed; `COMMIT` returns when all is on disk;
//! 3. the copy becomes the frontier, then the high-water file is raised, then the caller learns of it.
//!
//! A crash before 2 ends leaves the old log; after it, the new one.

use std::{fs, path::Path};

use rusqlite::{ErrorCode, Transaction, TransactionBehavior, params};

use super::{
    StoreError,
    high_water::{self, HighWater, MOST_UNMARKED, Mark},
    reader::{Reader, signed, unsigned},
    reserve::{self, Aside, Reserve},
    schema::{self, During as _},
};
use crate::{
    disk::{self, At as _},
    evidence::{Body, Checkpoint, Clk, Entry, Frontier, canonical, tree},
    keys::SigningKey,
    units::Digest,
};

/// What the bytes beside entries are.
pub const KINDS: [&str; 10] = [
    "schedule",
    "slots",
    "approval",
    "config",
    "plan",
    "statement",
    "checkpoint",
    "endorsement",
    "trust",
    "package",
];

/// Bytes to be kept beside the entries that name their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// What they are: one of `KINDS`.
    pub kind: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// An open log that can be appended to.
pub struct Log {
    reader: Reader,
    key: SigningKey,
    origin: String,
    frontier: Frontier,
    high: HighWater,
    reserve: Reserve,
    /// What stands in the reserve and the disk still has no room for, in order.
    waiting: Vec<Kept>,
}

/// A transaction that the log could not take yet.
pub(super) type Kept = (Vec<(Clk, Body)>, Vec<Blob>);

impl Log {
    /// Creates the log at `path` with its opening entry: the only way in which a log comes to be.
    ///
    /// Refuses where a database, one of its side files or a high-water file stands. What a crash leaves
    /// half made is not at `path`, so creating can be tried again.
    pub fn create(
        path: &Path,
        origin: &str,
        key: SigningKey,
        clk: Clk,
        reason: &str,
    ) -> Result<Log, StoreError> {
        let opening =
            Body::LogOpen { origin: origin.into(), reason: reason.into(), previous: None, after: None };
        Log::create_epoch(path, origin, key, (clk, opening), &[])
    }

    /// Like [`Log::create`], with an opening entry that tells of the epoch before and the bytes that it names.
    pub fn create_epoch(
        path: &Path,
        origin: &str,
        key: SigningKey,
        opening: (Clk, Body),
        blobs: &[Blob],
    ) -> Result<Log, StoreError> {
        let side = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            name.into()
        };
        for taken in [path.to_path_buf(), side("-wal"), side("-journal"), high_water::path_of(path)] {
            if taken.symlink_metadata().is_ok() {
                return Err(StoreError::Exists(taken));
            }
        }
        let unfinished: std::path::PathBuf = side(".new");
        for leftover in [unfinished.clone(), side(".new-journal")] {
            if leftover.exists() {
                fs::remove_file(&leftover).at("remove", &leftover)?;
            }
        }
        let mut reader = Reader { db: schema::create(&unfinished)?, path: unfinished.clone() };
        let opening = Batch::make(origin, &key, &Frontier::default(), &[opening], &unfinished)?;
        opening.write(&mut reader, blobs)?;
        drop(reader);
        // Renaming never replaces: two creators cannot both win.
        let here = rustix::fs::CWD;
        let exclusive = rustix::fs::RenameFlags::NOREPLACE;
        rustix::fs::renameat_with(here, &unfinished, here, path, exclusive)
            .map_err(std::io::Error::from)
            .at("create", path)?;
        disk::sync_folder_of(path)?;
        Log::open(path, key)
    }

    /// Opens the log at `path` to append to it with `key`, which must have signed its head.
    ///
    /// Refuses, each by its own error, a log that contradicts itself, one that is shorter than or other
    /// than the high-water file says, one whose high-water file is gone, and one of another key. Looks at head, right edge and first and
    /// last entry only; [`Reader::verify`] looks at all.
    ///
    /// What a full disk refused before is merged from the reserve first; fails while the disk has no room for it.
    pub fn open(path: &Path, key: SigningKey) -> Result<Log, StoreError> {
        let (log, refused) = Log::open_as_far(path, key)?;
        refused.map_or(Ok(log), Err)
    }

    /// Like [`Log::open`], also while the disk has no room for what stands in the reserve: that stays there, is seen by
    /// [`Log::entries`] and [`Log::blob`], and the [`super::Writer`] that is given this log tries it again.
    pub fn take_up(path: &Path, key: SigningKey) -> Result<Log, StoreError> {
        let (log, refused) = Log::open_as_far(path, key)?;
        if let Some(error) = refused {
            tracing::error!(transactions = log.waiting.len(), "entries wait for the disk: {error}");
        }
        Ok(log)
    }

    fn open_as_far(path: &Path, key: SigningKey) -> Result<(Log, Option<StoreError>), StoreError> {
        match Log::open_once(path, key.clone()) {
            // A disk that is full up to the last byte, or inode, has no room for SQLite's side files either.
            Err(StoreError::Database { source, .. }) if give(path, &source) => Log::open_as_far(path, key),
            opened => opened,
        }
    }

    fn open_once(path: &Path, key: SigningKey) -> Result<(Log, Option<StoreError>), StoreError> {
        let reader = Reader { db: schema::open_writer(path)?, path: path.into() };
        let seen = high_water::read(&high_water::path_of(path))?;
        let (head, frontier) = sound_edge(&reader, &key)?;
        if let Some(seen) = seen {
            if seen.size > head.size {
                return Err(StoreError::RolledBack { path: path.into(), size: head.size, seen: seen.size });
            }
            if Frontier::load(seen.size, |index| reader.node(index))?.root() != seen.root {
                return Err(StoreError::Forked { path: path.into(), seen: seen.size });
            }
        } else if head.size > MOST_UNMARKED {
            return Err(StoreError::HighWater(high_water::path_of(path)));
        }
        let mark = Mark { size: head.size, root: head.root };
        let high = HighWater::open(&high_water::path_of(path), mark)?;
        if seen != Some(mark) {
            high.raise(mark);
        }
        let (reserve, aside) = Reserve::open(path, &head.origin, &key)?;
        let waiting = Vec::new();
        let mut log = Log { reader, key, origin: head.origin, frontier, high, reserve, waiting };
        let refused = log.merge(aside)?;
        if refused.is_none() {
            log.merged()?;
        }
        Ok((log, refused))
    }

    /// Appends what stood in the reserve, unless a crash came only after it was appended. From the first on that the
    /// disk refuses, all of it waits; gives why it does.
    fn merge(&mut self, aside: Vec<Aside>) -> Result<Option<StoreError>, StoreError> {
        let (mut refused, mut end) = (None, self.size());
        for part in aside {
            if part.first > end {
                // It followed on entries that are gone.
                let path = self.reader.path.clone();
                return Err(StoreError::RolledBack { path, size: end, seen: part.first });
            }
            if self.has(&part)? {
                continue;
            }
            let (entries, blobs) = (part.entries.len(), part.blobs());
            if refused.is_none() {
                match self.append_with_blobs(&part.entries, &blobs) {
                    Ok(_) => tracing::warn!(entries, "what a full disk refused is in the log now"),
                    Err(error @ StoreError::Database { .. }) => refused = Some(error),
                    Err(error) => return Err(error),
                }
            }
            end += entries as u64;
            if refused.is_some() {
                self.waiting.push((part.entries, blobs));
            }
        }
        Ok(refused)
    }

    fn has(&self, part: &Aside) -> Result<bool, StoreError> {
        for (seq, (clk, body)) in (part.first..).zip(&part.entries) {
            if self.reader.leaf(seq)? != Some(leaf(seq, clk, body)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Refuses entries that could never be written as leaves; the first of them would be entry `first`.
    pub(super) fn can_hold(first: u64, entries: &[(Clk, Body)]) -> Result<(), StoreError> {
        (first..).zip(entries).try_for_each(|(seq, (clk, body))| leaf(seq, clk, body).map(drop))
    }

    /// What the disk has still no room for, now the caller's to append before anything else.
    pub(super) fn take_waiting(&mut self) -> Vec<Kept> {
        std::mem::take(&mut self.waiting)
    }

    /// Every entry, those behind the others that stand only in the reserve.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry, StoreError>> {
        let waiting = self.waiting.iter().flat_map(|(entries, _)| entries.iter().cloned());
        let waiting = (self.size()..).zip(waiting).map(|(seq, (clk, body))| Ok(Entry { seq, clk, body }));
        self.reader.entries(0..self.size()).chain(waiting)
    }

    /// The bytes that entries name as `digest`, also where they stand only in the reserve.
    pub fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut waiting = self.waiting.iter().flat_map(|(_, blobs)| blobs);
        match waiting.find(|blob| Digest::of(&blob.bytes) == digest) {
            Some(blob) => Ok(Some(blob.bytes.clone())),
            None => self.reader.blob(digest),
        }
    }

    /// Keeps a transaction that the disk refused in the room that is the log's own; its first entry will be `first`.
    pub(super) fn set_aside(
        &mut self,
        first: u64,
        entries: &[(Clk, Body)],
        blobs: &[Blob],
    ) -> Result<(), StoreError> {
        // Settings are entered at every start and nearly always known: they shall not fill the room.
        let known = |blob: &&Blob| matches!(self.reader.blob(Digest::of(&blob.bytes)), Ok(Some(_)));
        let blobs: Vec<Blob> = blobs.iter().filter(|blob| !known(blob)).cloned().collect();
        self.reserve.put(&self.origin, first, (entries, &blobs), &self.key)
    }

    /// Everything that was set aside is in the log.
    pub(super) fn merged(&mut self) -> Result<(), StoreError> {
        self.reserve.clear()?;
        self.reserve.widen();
        reserve::keep_names(&self.reader.path);
        Ok(())
    }

    /// Gives up the inodes that are kept beside the log at `path`, for another file without which a start fails. `false`:
    /// there are none.
    #[must_use]
    pub fn give_names(path: &Path) -> bool {
        reserve::give_names(path)
    }

    /// Keeps inodes beside the log at `path` for the next start, when it is closed and its side files are gone.
    pub fn keep_names(path: &Path) {
        reserve::keep_names(path);
    }

    /// Opens the log at `path` for looking only, also while the daemon writes to it.
    pub fn read_only(path: &Path) -> Result<Reader, StoreError> {
        Reader::open(path)
    }

    /// Opens the log at `path`, to which nobody writes any more, for looking: nothing is made beside it.
    pub fn read_kept(path: &Path) -> Result<Reader, StoreError> {
        Reader::open_kept(path)
    }

    /// How many entries the log at `path` is known to have had, by the high-water file beside it.
    #[must_use]
    pub fn seen(path: &Path) -> Option<u64> {
        high_water::read(&high_water::path_of(path)).ok().flatten().map(|mark| mark.size)
    }

    /// This log for looking.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What its checkpoints are about.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Appends entries in one durable transaction and gives their positions. On an error none of them
    /// is there and the log goes on as before. (Only where the disk lied about a failing sync can all
    /// of them be there at the next start; never a part.)
    pub fn append(&mut self, entries: &[(Clk, Body)]) -> Result<Vec<u64>, StoreError> {
        self.append_with_blobs(entries, &[])
    }

    /// Like [`Log::append`], with the bytes that the entries name by digest in the same transaction.
    /// Bytes that are already there are left as they are.
    pub fn append_with_blobs(
        &mut self,
        entries: &[(Clk, Body)],
        blobs: &[Blob],
    ) -> Result<Vec<u64>, StoreError> {
        let first = self.size();
        if entries.is_empty() && blobs.is_empty() {
            return Ok(Vec::new());
        }
        if !self.waiting.is_empty() {
            return Err(StoreError::Behind { kept: self.waiting.len() });
        }
        let batch = Batch::make(&self.origin, &self.key, &self.frontier, entries, &self.reader.path)?;
        if let Err(error) = batch.write(&mut self.reader, blobs) {
            // A commit that reports a failure may have been made all the same: what the file says holds.
            let Ok((_, frontier)) = sound_edge(&self.reader, &self.key) else { return Err(error) };
            self.frontier = frontier;
            if batch.leaves.is_empty() || self.frontier != batch.frontier {
                return Err(error);
            }
            // Whoever heard of a failure would enter it twice. The mark waits for a commit that succeeds.
            tracing::warn!(%error, "the log has what it was said to have failed to store");
            return Ok((first..self.size()).collect());
        }
        self.frontier = batch.frontier;
        self.high.raise(Mark { size: self.frontier.size(), root: self.frontier.root() });
        Ok((first..self.size()).collect())
    }
}

/// Gives up some of what was kept for a start that fails with `error`; `false`: there is nothing any more.
fn give(log: &Path, error: &rusqlite::Error) -> bool {
    let unmade = error.sqlite_error_code() == Some(ErrorCode::CannotOpen);
    (unmade && reserve::give_names(log)) || reserve::give_room(log)
}

/// Checks that head, entries and nodes end at the same place, and that they belong to `key`.
fn sound_edge(reader: &Reader, key: &SigningKey) -> Result<(Checkpoint, Frontier), StoreError> {
    let (size, note) = reader.head_row()?;
    let head = Checkpoint::open(note.as_bytes(), std::slice::from_ref(key.public()))
        .map_err(|source| StoreError::OtherKey { path: reader.path.clone(), source })?;
    let ends: (u64, u64) = reader
        .db
        .query_row(
            "SELECT (SELECT coalesce(max(seq) + 1, 0) FROM event), (SELECT coalesce(max(idx) + 1, 0) FROM node)",
            [],
            |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)),
        )
        .during("read", &reader.path)?;
    if head.size != size || ends != (size, tlog_tiles::stored_hash_count(size)) {
        return Err(reader.damaged(format!(
            "its head covers {} entries, it has {} entries and {} nodes",
            head.size, ends.0, ends.1
        )));
    }
    let frontier = Frontier::load(size, |index| reader.node(index))?;
    if frontier.root() != head.root {
        return Err(reader.damaged("its tree has another root than its signed head"));
    }
    for seq in [0, size.saturating_sub(1)] {
        let leaf = reader.leaves(seq..seq + 1).next().transpose()?;
        let (at, leaf) = leaf.ok_or_else(|| reader.damaged(format!("entry {seq} is missing")))?;
        let hash = reader.node(tlog_tiles::stored_hash_index(0, seq))?;
        if at != seq || tree::leaf_hash(leaf.as_bytes()) != hash {
            return Err(reader.damaged(format!("entry {seq} is not the one in its tree")));
        }
        let leaf = canonical::decode(leaf.as_bytes()).map_err(|source| StoreError::Leaf { seq, source })?;
        let opened = matches!(leaf.body(), Some(Body::LogOpen { origin, .. }) if *origin == head.origin);
        if leaf.seq() != seq || (seq == 0 && !opened) {
            return Err(reader.damaged(format!("entry {seq} does not belong where it is")));
        }
    }
    Ok((head, frontier))
}

fn leaf(seq: u64, clk: &Clk, body: &Body) -> Result<String, StoreError> {
    let entry = Entry { seq, clk: clk.clone(), body: body.clone() };
    canonical::encode(&entry).map_err(|source| StoreError::Leaf { seq, source })
}

/// What one append will write, made before anything is written.
struct Batch {
    leaves: Vec<(u64, String)>,
    nodes: Vec<tree::Node>,
    frontier: Frontier,
    note: String,
}

impl Batch {
    fn make(
        origin: &str,
        key: &SigningKey,
        frontier: &Frontier,
        entries: &[(Clk, Body)],
        path: &Path,
    ) -> Result<Batch, StoreError> {
        let mut frontier = frontier.clone();
        let (mut leaves, mut nodes) = (Vec::new(), Vec::new());
        for (clk, body) in entries {
            let seq = frontier.size();
            let leaf = leaf(seq, clk, body)?;
            nodes.extend(frontier.push(leaf.as_bytes()));
            leaves.push((seq, leaf));
        }
        let head = Checkpoint { origin: origin.into(), size: frontier.size(), root: frontier.root() };
        let note = head.sign(key).map_err(|source| StoreError::Sign { path: path.into(), source })?;
        Ok(Batch { leaves, nodes, frontier, note })
    }

    /// One transaction; whatever returns early, or panics, rolls it back.
    fn write(&self, reader: &mut Reader, blobs: &[Blob]) -> Result<(), StoreError> {
        let path = reader.path.clone();
        let transaction =
            reader.db.transaction_with_behavior(TransactionBehavior::Immediate).during("append to", &path)?;
        self.insert(&transaction, blobs).during("append to", &path)?;
        transaction.commit().during("append to", &path)
    }

    fn insert(&self, to: &Transaction<'_>, blobs: &[Blob]) -> rusqlite::Result<()> {
        for blob in blobs {
            to.prepare_cached("INSERT OR IGNORE INTO blob(digest, kind, bytes) VALUES(?1, ?2, ?3)")?
                .execute(params![Digest::of(&blob.bytes).0, blob.kind, blob.bytes])?;
        }
        for (seq, leaf) in &self.leaves {
            to.prepare_cached("INSERT INTO event(seq, leaf) VALUES(?1, ?2)")?
                .execute(params![signed(*seq), leaf])?;
        }
        for (index, hash) in &self.nodes {
            to.prepare_cached("INSERT INTO node(idx, hash) VALUES(?1, ?2)")?
                .execute(params![signed(*index), hash.0])?;
        }
        if !self.leaves.is_empty() {
            to.prepare_cached(
                "INSERT INTO head(id, size, note) VALUES(0, ?1, ?2)
                 ON CONFLICT(id) DO UPDATE SET size = excluded.size, note = excluded.note",
            )?
            .execute(params![signed(self.frontier.size()), self.note])?;
        }
        Ok(())
    }
}
