//! Why a use-case did not come to its end.

use crate::{
    disk::DiskError,
    keys::KeyError,
    media::{MediaError, Refusal},
    programme::Finding,
    store::StoreError,
    words::Message,
};

/// Why a use-case did not come to its end. Surfaces map the variants to exit codes and pages.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The configuration cannot be used; every fault at once.
    #[error("the configuration has {} findings", .0.len())]
    Config(Vec<Finding>),
    /// The answer is no, and why.
    #[error("no: {}", .0.code)]
    No(Message),
    /// What was asked cannot be meant.
    #[error("usage: {}", .0.code)]
    Usage(Message),
    /// The checked thing has errors.
    #[error("{} findings", .0.len())]
    Findings(Vec<Finding>),
    /// A file.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key or note.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Audio.
    #[error(transparent)]
    Media(#[from] Refusal),
    /// The cache of masters.
    #[error(transparent)]
    Cache(#[from] MediaError),
}

impl From<Message> for ControlError {
    fn from(no: Message) -> ControlError {
        ControlError::No(no)
    }
}
