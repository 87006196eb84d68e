//! The one thread that writes the log: a short loop around [`Writer::step`].

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{Blob, Log, StoreError, log::Kept};
use crate::evidence::{Body, Clk};

/// Appends that may wait: a minute of a very busy station. A full channel makes the requester wait,
/// since evidence is never dropped; sound never asks the writer for anything.
const WAITING: usize = 256;

/// How often what could not be written is tried again when nothing else is to be.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Learns the positions of the entries once they are durable, or why they are not.
pub type Reply = Box<dyn FnOnce(Result<Vec<u64>, StoreError>) + Send>;

/// One durable transaction to be made.
pub struct Append {
    /// The entries, in order, each with the clocks when it happened.
    pub entries: Vec<(Clk, Body)>,
    /// Bytes that they name by digest.
    pub blobs: Vec<Blob>,
    /// Whether it may wait in memory where neither the log nor its reserve can take it: evidence is not lost because
    /// the disk was write-protected for an hour. Otherwise it fails then.
    pub at_all: bool,
    /// Who learns of it.
    pub reply: Option<Reply>,
}

/// The receiving end: owns the log.
pub struct Writer {
    log: Log,
    requests: Receiver<Append>,
    /// In order. A transaction that fails is put aside, and all that come after it queue up behind it until the disk
    /// takes the first again.
    kept: VecDeque<Kept>,
    /// The last of them stands only in memory. None behind it goes to the reserve then: a hole there would move the
    /// positions of what follows it.
    only_here: bool,
    /// How many of them there are, for those who ask.
    unwritten: Arc<AtomicUsize>,
}

/// The asking end; clones ask the same writer. The writer ends when the last one is gone.
#[derive(Clone)]
pub struct WriterHandle {
    requests: SyncSender<Append>,
    unwritten: Arc<AtomicUsize>,
}

impl WriterHandle {
    /// Hands over an append; waits only while 256 others wait. The reply is called on the
    /// writer's thread.
    pub fn send(&self, append: Append) -> Result<(), StoreError> {
        self.requests.send(append).map_err(|_| StoreError::Ended)
    }

    /// Appends and waits until it is durable. Not for a caller that steps the writer itself.
    pub fn append(&self, entries: Vec<(Clk, Body)>, blobs: Vec<Blob>) -> Result<Vec<u64>, StoreError> {
        let (done, answer) = sync_channel(1);
        let reply: Reply = Box::new(move |result| drop(done.send(result)));
        self.send(Append { entries, blobs, at_all: false, reply: Some(reply) })?;
        answer.recv().map_err(|_| StoreError::Ended)?
    }
}

impl WriterHandle {
    /// How many transactions the disk has not taken and the writer keeps.
    #[must_use]
    pub fn unwritten(&self) -> usize {
        self.unwritten.load(Ordering::Relaxed)
    }
}

impl Writer {
    /// A writer that is stepped by its owner, and the handle to ask it. What `log` could not merge from its reserve
    /// comes before anything else.
    #[must_use]
    pub fn new(mut log: Log) -> (Writer, WriterHandle) {
        let (sender, requests) = sync_channel(WAITING);
        let kept = VecDeque::from(log.take_waiting());
        let unwritten = Arc::new(AtomicUsize::new(kept.len()));
        let handle = WriterHandle { requests: sender, unwritten: unwritten.clone() };
        (Writer { log, requests, kept, only_here: false, unwritten }, handle)
    }

    /// Starts the thread `log`. Joining it, after the last handle is gone, gives the log back.
    pub fn spawn(log: Log) -> io::Result<(WriterHandle, JoinHandle<Log>)> {
        let (mut writer, handle) = Writer::new(log);
        let thread = thread::Builder::new().name("log".into()).spawn(move || {
            while writer.step(Duration::MAX) {}
            writer.into_log()
        })?;
        Ok((handle, thread))
    }

    /// Waits up to `patience` for an append, makes it and answers; false when no handle is left.
    ///
    /// An append that fails, or whose reply panics, concerns its requester: the writer goes on. A panic in an append
    /// itself ends its thread, and whoever asks next learns of it: what came of the entries is only known at a new start,
    /// where the log is whole, since a transaction that is left is rolled back.
    pub fn step(&mut self, patience: Duration) -> bool {
        let patience = if self.kept.is_empty() { patience } else { patience.min(TRY_AGAIN) };
        match self.requests.recv_timeout(patience) {
            Ok(append) => self.make(append),
            Err(RecvTimeoutError::Timeout) => self.settle(),
            Err(RecvTimeoutError::Disconnected) => {
                self.settle();
                for (entries, _) in self.kept.iter().filter(|_| self.only_here) {
                    tracing::error!(?entries, "entries may be lost: the disk took them nowhere");
                }
                return false;
            }
        }
        true
    }

    /// Makes what waits, without waiting for more.
    pub fn drain(&mut self) {
        while let Ok(append) = self.requests.try_recv() {
            self.make(append);
        }
    }

    fn make(&mut self, Append { entries, blobs, at_all, reply }: Append) {
        self.settle();
        let result = self.take((entries, blobs), at_all);
        let Some(reply) = reply else {
            return result.map_or_else(|error| tracing::error!("entries are not in the log: {error}"), drop);
        };
        if catch_unwind(AssertUnwindSafe(|| reply(result))).is_err() {
            tracing::error!("the reply to an append panicked; the writer goes on");
        }
    }

    /// Into the log; where that is not possible, behind what waits already.
    fn take(&mut self, append: Kept, at_all: bool) -> Result<Vec<u64>, StoreError> {
        let (entries, blobs) = &append;
        if self.kept.is_empty() || entries.is_empty() {
            match self.log.append_with_blobs(entries, blobs) {
                // What is no leaf now will never be one.
                Err(error) if !matches!(error, StoreError::Leaf { .. }) => {
                    tracing::error!("entries wait for the disk: {error}");
                }
                taken => return taken,
            }
        }
        let waiting: usize = self.kept.iter().map(|(entries, _)| entries.len()).sum();
        let first = self.log.size() + waiting as u64;
        Log::can_hold(first, entries)?;
        let aside = if self.only_here {
            Err(StoreError::Behind { kept: self.kept.len() })
        } else {
            self.log.set_aside(first, entries, blobs)
        };
        match aside {
            Err(error) if !at_all => return Err(error),
            aside => self.only_here = aside.is_err(),
        }
        let seqs = (first..).take(entries.len()).collect();
        self.kept.push_back(append);
        self.unwritten.store(self.kept.len(), Ordering::Relaxed);
        Ok(seqs)
    }

    /// Writes what was kept, in order, as far as the disk takes it.
    fn settle(&mut self) {
        while let Some((entries, blobs)) = self.kept.front() {
            if self.log.append_with_blobs(entries, blobs).is_err() {
                return;
            }
            self.kept.pop_front();
            self.unwritten.store(self.kept.len(), Ordering::Relaxed);
            if self.kept.is_empty() {
                self.only_here = false;
                tracing::warn!("the disk takes entries again; nothing is missing");
                if let Err(error) = self.log.merged() {
                    // The next start sees that the log has it already.
                    tracing::warn!("{error}");
                }
            }
        }
    }

    /// The log, for looking.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Ends the writer and gives the log back.
    #[must_use]
    pub fn into_log(self) -> Log {
        self.log
    }
}
