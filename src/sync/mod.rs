//! The way between stations and their centre: a station brings its log and fetches its months; it opens no port to the
//! outside, and nothing on the way is believed but what is signed.
//!
//! [`Transport`] is the way as a station sees it, over the network ([`Https`]) or by a folder that is shared or carried
//! ([`Carried`]). [`Errand`] goes it, step by step. [`serve`] and [`Exchange`] stand at its other end.

mod body;
mod carried;
mod errand;
mod exchange;
mod fetch;
mod https;
mod pace;
mod pinned;
mod post;
mod server;

pub use carried::Carried;
pub use errand::{Errand, Told};
pub use exchange::Exchange;
pub use https::Https;
pub use post::{recover, way};
pub use server::{Door, serve};

use std::{path::Path, time::Duration};

use crate::{
    control::{ControlError, Desired, Enrolment},
    fleet::Push,
    units::Digest,
};

/// Why a step on the way came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The other end is not to be reached, or broke off: to be tried again.
    #[error("the centre is not reached: {0}")]
    Away(String),
    /// The centre said no.
    #[error("the centre refused it ({status}): {words}")]
    Refused {
        /// By the status of C2SP `tlog-witness`, or of HTTP.
        status: u16,
        /// In its words.
        words: String,
    },
    /// It answered something that is no answer.
    #[error("the centre's answer is not understood")]
    Unclear,
    /// A file of it is another than it says, or goes on behind the length that it may have.
    #[error("`{0}` of the centre is not what it says")]
    Other(String),
    /// Something of this station.
    #[error(transparent)]
    Own(#[from] ControlError),
}

/// What a centre says to a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has it; this is the line of its cosignature.
    Cosigned(String),
    /// It has another number of entries than was thought.
    Elsewhere(u64),
    /// It was laid where the centre will look; what became of it is told later.
    Laid,
}

/// The way to a centre.
pub trait Transport: Send {
    /// Asks to be enrolled.
    fn enrol(&mut self, wish: &str) -> Result<Enrolment, SyncError>;

    /// The head of this log as the centre has it, signed by both; empty where it has nothing. Waits for it up to `within`.
    fn head(&mut self, within: Duration) -> Result<String, SyncError>;

    /// Brings entries.
    fn push(&mut self, push: &Push) -> Result<Answer, SyncError>;

    /// Which of these bytes the centre lacks.
    fn missing(&mut self, digests: &[Digest]) -> Result<Vec<Digest>, SyncError>;

    /// Brings such bytes.
    fn bring(&mut self, kind: &str, bytes: &[u8]) -> Result<(), SyncError>;

    /// Says the station's word, and hears what it shall hold; waits up to `wait` for that to be other than `have`.
    fn speak(&mut self, word: &str, have: &str, wait: Duration) -> Result<Desired, SyncError>;

    /// Fetches the file called `name` of the packages to `path`, `most` bytes of it and a no where it has more; goes on where
    /// it was broken off. Gives whether it is there: a long one is left where it is when the centre wants something else held
    /// than what has the tag `wanted`.
    fn fetch(&mut self, name: &str, path: &Path, most: u64, wanted: &str) -> Result<bool, SyncError>;

    /// Leaves of this log that the centre retained, from a position on.
    fn leaves(&mut self, from: u64) -> Result<Vec<String>, SyncError>;

    /// Bytes that the centre retained, with what they are; none where it has none.
    fn retained(&mut self, digest: Digest) -> Result<Option<Vec<u8>>, SyncError>;
}
