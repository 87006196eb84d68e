//! The one thread that writes the log: a short loop around [`Writer::step`].

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{Blob, Log, StoreError};
use crate::evidence::{Body, Clk};

/// Appends that may wait: a minute of a very busy station. A full channel makes the requester wait,
/// since evidence is never dropped; sound never asks the writer for anything.
const WAITING: usize = 256;

/// Learns the positions of the entries once they are durable, or why they are not.
pub type Reply = Box<dyn FnOnce(Result<Vec<u64>, StoreError>) + Send>;

/// One durable transaction to be made.
pub struct Append {
    /// The entries, in order, each with the clocks when it happened.
    pub entries: Vec<(Clk, Body)>,
    /// Bytes that they name by digest.
    pub blobs: Vec<Blob>,
    /// Who learns of it.
    pub reply: Reply,
}

/// The receiving end: owns the log.
pub struct Writer {
    log: Log,
    requests: Receiver<Append>,
}

/// The asking end; clones ask the same writer. The writer ends when the last one is gone.
#[derive(Clone)]
pub struct WriterHandle {
    requests: SyncSender<Append>,
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
        self.send(Append { entries, blobs, reply })?;
        answer.recv().map_err(|_| StoreError::Ended)?
    }
}

impl Writer {
    /// A writer that is stepped by its owner, and the handle to ask it.
    #[must_use]
    pub fn new(log: Log) -> (Writer, WriterHandle) {
        let (sender, requests) = sync_channel(WAITING);
        (Writer { log, requests }, WriterHandle { requests: sender })
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
    /// An append that fails, or whose reply panics, concerns its requester: the writer goes on. The log
    /// is whole after either, since a transaction that is left is rolled back.
    pub fn step(&mut self, patience: Duration) -> bool {
        match self.requests.recv_timeout(patience) {
            Ok(append) => self.make(append),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        true
    }

    /// Makes what waits, without waiting for more.
    pub fn drain(&mut self) {
        while let Ok(append) = self.requests.try_recv() {
            self.make(append);
        }
    }

    fn make(&mut self, Append { entries, blobs, reply }: Append) {
        let done = catch_unwind(AssertUnwindSafe(|| reply(self.log.append_with_blobs(&entries, &blobs))));
        if done.is_err() {
            tracing::error!(entries = entries.len(), "an append or its reply panicked; the writer goes on");
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
