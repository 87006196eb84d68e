//! Leaves read from the database by one thread, hashed and decoded by others, handed over in their order.
//!
//! Chunk n goes to worker n mod k and is taken back from it, so order needs no sorting. A worker has at most
//! [`WAITING`] chunks before it and as many behind it; with the bounds of a [`Chunk`] that is a few megabytes.

use std::{
    num::NonZero,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use rusqlite::{Rows, ffi, types::ValueRef};

use crate::{
    evidence::{LeafFault, ReadLeaf, canonical, tree::leaf_hash},
    units::Digest,
};

/// Chunks that wait for a worker, and chunks of a worker that wait to be taken: one to work on, one to go on
/// with.
const WAITING: usize = 2;

/// More threads than this have nothing to do: reading the database is the limit then.
const MOST_WORKERS: usize = 4;

/// A chunk ends at so many leaves, or behind the leaf that passes so many bytes.
const MOST_LEAVES: usize = 512;
const MOST_CHUNK_BYTES: usize = 512 << 10;

/// Leaves one behind the other, with the numbers of their rows.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    rows: Vec<StoredRow>,
    read: Vec<ReadLeaf>,
}

struct StoredRow {
    /// Its number, if it has one.
    seq: Option<i64>,
    /// Where its leaf ends in the chunk's bytes.
    end: usize,
    /// The hash of what is too long for a leaf, and is not kept.
    too_long: Option<Digest>,
}

/// The error of rows that do not ascend. A file can be made whose pages lead back to themselves: it would be
/// read for ever.
pub fn corrupt() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None)
}

impl Chunk {
    /// Takes the next rows (`seq`, `leaf`) behind the number `last`; false when there are no more.
    fn fill(&mut self, from: &mut Rows<'_>, last: &mut Option<i64>) -> rusqlite::Result<bool> {
        self.bytes.clear();
        self.rows.clear();
        while self.rows.len() < MOST_LEAVES && self.bytes.len() < MOST_CHUNK_BYTES {
            let Some(row) = from.next()? else { return Ok(false) };
            let seq = row.get_ref(0)?.as_i64().ok();
            if last.is_some() && seq <= *last {
                return Err(corrupt());
            }
            *last = seq;
            let mut too_long = None;
            match row.get_ref(1)? {
                ValueRef::Text(leaf) | ValueRef::Blob(leaf) if leaf.len() > canonical::MOST_BYTES => {
                    too_long = Some(leaf_hash(leaf));
                }
                ValueRef::Text(leaf) | ValueRef::Blob(leaf) => self.bytes.extend_from_slice(leaf),
                // What is no text is no leaf either; its reader says so.
                _ => {}
            }
            self.rows.push(StoredRow { seq, end: self.bytes.len(), too_long });
        }
        Ok(true)
    }

    fn read(&mut self) {
        let mut start = 0;
        self.read.clear();
        for row in &self.rows {
            self.read.push(match row.too_long {
                Some(hash) => ReadLeaf { hash, leaf: Err(LeafFault::TooLong) },
                None => ReadLeaf::of(&self.bytes[start..row.end]),
            });
            start = row.end;
        }
    }
}

type Worker = (SyncSender<Chunk>, Receiver<Chunk>);

/// Reads the leaves of `rows` (`seq`, `leaf`) and hands each to `take` with the number of its row, in their
/// order. An error of the database comes back behind the leaves before it; rows that do not ascend are one.
pub fn read_leaves(
    rows: &mut Rows<'_>,
    mut take: impl FnMut(Option<i64>, &ReadLeaf),
) -> rusqlite::Result<()> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_WORKERS);
    thread::scope(|scope| {
        let start = || -> Worker {
            let (to, work) = sync_channel::<Chunk>(WAITING);
            let (done, from) = sync_channel(WAITING);
            scope.spawn(move || {
                for mut chunk in work {
                    chunk.read();
                    if done.send(chunk).is_err() {
                        break;
                    }
                }
            });
            (to, from)
        };
        let workers: Vec<Worker> = (0..workers).map(|_| start()).collect();
        let (mut sent, mut taken) = (0, 0);
        let mut free: Vec<Chunk> = Vec::new();
        let mut last = None;
        let mut more = Ok(true);
        while matches!(more, Ok(true)) || taken < sent {
            if matches!(more, Ok(true)) {
                let mut chunk = free.pop().unwrap_or_default();
                more = chunk.fill(rows, &mut last);
                // A worker ends before its channel only by a panic, which the scope passes on.
                let _ = workers[sent % workers.len()].0.send(chunk);
                sent += 1;
            }
            if sent - taken == workers.len() * WAITING || !matches!(more, Ok(true)) {
                let Ok(chunk) = workers[taken % workers.len()].1.recv() else { break };
                chunk.rows.iter().zip(&chunk.read).for_each(|(row, read)| take(row.seq, read));
                free.push(chunk);
                taken += 1;
            }
        }
        more.map(drop)
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// The leaves that `text` selects: the numbers of their rows, and whether they are too long.
    fn read(db: &Connection, text: &str) -> (Vec<i64>, usize, bool) {
        let (mut seqs, mut long) = (Vec::new(), 0);
        let read = read_leaves(&mut db.prepare(text).unwrap().query([]).unwrap(), |seq, leaf| {
            seqs.push(seq.unwrap());
            long += usize::from(leaf.leaf == Err(LeafFault::TooLong));
        });
        (seqs, long, read.is_ok())
    }

    #[test]
    fn what_is_too_long_for_a_leaf_is_hashed_and_not_kept() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE event(seq INTEGER PRIMARY KEY, leaf)").unwrap();
        for (seq, length) in [(0, 9), (1, 3_000_000), (2, 65_535), (3, 65_536), (4, 9)] {
            let leaf = "x".repeat(length);
            db.execute("INSERT INTO event VALUES(?1, ?2)", (seq, leaf)).unwrap();
        }
        let text = "SELECT seq, leaf FROM event ORDER BY seq";
        assert_eq!(read(&db, text), (vec![0, 1, 2, 3, 4], 2, true));
        let mut chunk = Chunk::default();
        assert!(!chunk.fill(&mut db.prepare(text).unwrap().query([]).unwrap(), &mut None).unwrap());
        assert_eq!(chunk.bytes.len(), 9 + 65_535 + 9);
        chunk.read();
        assert_eq!(chunk.read[1].hash, leaf_hash("x".repeat(3_000_000).as_bytes()));
        assert_eq!(chunk.read[3].hash, leaf_hash("x".repeat(65_536).as_bytes()));
    }

    #[test]
    fn rows_that_do_not_ascend_are_not_followed() {
        let db = Connection::open_in_memory().unwrap();
        let endless = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n)
            SELECT n % 2000, 'x' FROM n";
        let (seqs, _, whole) = read(&db, endless);
        assert!(!whole && seqs.len() == 1999, "{}", seqs.len());
    }
}
