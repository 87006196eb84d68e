//! Leaves read from the database by one thread, hashed and decoded by others, handed over in their order.
//!
//! Chunk n goes to worker n mod k and is taken back from it, so order needs no sorting. A worker has at most
//! [`WAITING`] chunks before it and as many behind it; with the bounds of a [`Chunk`] that is a few megabytes.

use std::{
    num::NonZero,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use rusqlite::{Rows, types::ValueRef};

use crate::evidence::ReadLeaf;

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
    /// The number of each row, if it has one, and where its leaf ends.
    rows: Vec<(Option<i64>, usize)>,
    read: Vec<ReadLeaf>,
}

impl Chunk {
    /// Takes the next rows (`seq`, `leaf`); false when there are no more.
    fn fill(&mut self, from: &mut Rows<'_>) -> rusqlite::Result<bool> {
        self.bytes.clear();
        self.rows.clear();
        while self.rows.len() < MOST_LEAVES && self.bytes.len() < MOST_CHUNK_BYTES {
            let Some(row) = from.next()? else { return Ok(false) };
            let seq = row.get_ref(0)?.as_i64().ok();
            // What is no text is no leaf either; its reader says so.
            if let ValueRef::Text(leaf) | ValueRef::Blob(leaf) = row.get_ref(1)? {
                self.bytes.extend_from_slice(leaf);
            }
            self.rows.push((seq, self.bytes.len()));
        }
        Ok(true)
    }

    fn read(&mut self) {
        let mut start = 0;
        self.read.clear();
        for (_, end) in &self.rows {
            self.read.push(ReadLeaf::of(&self.bytes[start..*end]));
            start = *end;
        }
    }
}

type Worker = (SyncSender<Chunk>, Receiver<Chunk>);

/// Reads the leaves of `rows` (`seq`, `leaf`) and hands each to `take` with the number of its row, in their
/// order. An error of the database comes back behind the leaves before it.
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
        let mut more = Ok(true);
        while matches!(more, Ok(true)) || taken < sent {
            if matches!(more, Ok(true)) {
                let mut chunk = free.pop().unwrap_or_default();
                more = chunk.fill(rows);
                // A worker ends before its channel only by a panic, which the scope passes on.
                let _ = workers[sent % workers.len()].0.send(chunk);
                sent += 1;
            }
            if sent - taken == workers.len() * WAITING || !matches!(more, Ok(true)) {
                let Ok(chunk) = workers[taken % workers.len()].1.recv() else { break };
                chunk.rows.iter().zip(&chunk.read).for_each(|((seq, _), read)| take(*seq, read));
                free.push(chunk);
                taken += 1;
            }
        }
        more.map(drop)
    })
}
