//! A month as a signed package: its notes, its trust file, its proof, its folder, and every refusal.
//!
//! One layout on a USB stick, a share, a server and an object store:
//!
//! ```text
//! <seq>.note            the manifest, signed by the editor and the approver
//! <seq>.tlog-proof      that the centre's programme log has it
//! blobs/sha256/<hex>    schedule, approval, audio
//! trust/<n>.note        keys, roles, thresholds; each signed by the one before
//! ```
//!
//! A `.tar` may wrap the folder. Nothing of the container is believed: names lead to bytes, and bytes to digests that
//! were signed.

mod line;
mod manifest;
mod proof;
mod shelf;
mod tarball;
mod trust;

pub use manifest::{EVERY_STATION, FileFact, LONGEST_URGENT, Manifest, Part, Urgent};
pub use proof::TlogProof;
pub use shelf::Shelf;
pub use tarball::{unwrap, wrap};
pub use trust::{Threshold, Trust, TrustChain};

use crate::{disk::DiskError, words::Message};

/// Why a package, or a part of it, was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// It is refused, and why.
    #[error("refused: {}", .0.code)]
    Refused(Message),
    /// It cannot be read: nothing is said about it.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl From<Message> for PackageError {
    fn from(why: Message) -> PackageError {
        PackageError::Refused(why)
    }
}
