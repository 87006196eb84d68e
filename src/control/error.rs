//! Why a use-case did not come to its end.

use std::path::Path;

use crate::{
    disk::DiskError,
    fleet::FleetError,
    keys::KeyError,
    media::{MediaError, Refusal},
    package::PackageError,
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
    Store(StoreError),
    /// A key or note.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Audio.
    #[error(transparent)]
    Media(#[from] Refusal),
    /// The cache of masters.
    #[error(transparent)]
    Cache(#[from] MediaError),
    /// What a centre keeps of its stations.
    #[error(transparent)]
    Fleet(#[from] FleetError),
}

impl From<StoreError> for ControlError {
    /// A log that cannot be gone on with is an answer with a remedy, not a failure of the machine.
    fn from(error: StoreError) -> ControlError {
        let file = |code, path: &Path| Message::new(code).with("file", path.display());
        ControlError::No(match &error {
            StoreError::Absent(path) => file("log-lost", path),
            StoreError::RolledBack { path, size, seen } => {
                file("log-rolled-back", path).with("size", size).with("seen", seen)
            }
            StoreError::Forked { path, seen } => file("log-forked", path).with("seen", seen),
            StoreError::Damaged { path, found } => file("log-damaged", path).with("detail", found),
            StoreError::Foreign { path, version } => {
                let version = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
                file("log-foreign", path).with("version", version)
            }
            StoreError::HighWater(path) => file("log-high-water", path),
            StoreError::OtherKey { path, .. } => file("log-other-key", path),
            _ => return ControlError::Store(error),
        })
    }
}

impl From<PackageError> for ControlError {
    fn from(error: PackageError) -> ControlError {
        match error {
            PackageError::Refused(no) => ControlError::No(no),
            PackageError::Disk(error) => ControlError::Disk(error),
        }
    }
}

impl From<Message> for ControlError {
    fn from(no: Message) -> ControlError {
        ControlError::No(no)
    }
}

/// A file of a surface's own failed: `attempt` on `path`.
#[must_use]
pub fn file_error(attempt: &'static str, path: &Path, source: std::io::Error) -> ControlError {
    ControlError::Disk(DiskError { attempt, path: path.into(), source })
}
