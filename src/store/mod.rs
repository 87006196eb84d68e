//! The log on disk: one SQLite file, one writer.
//!
//! [`Log`] alone appends; whoever only looks opens a [`Reader`], also while the daemon runs.

mod examine;
mod high_water;
mod log;
mod part;
mod pipeline;
mod reader;
mod rebuild;
mod reserve;
mod schema;
mod writer;

#[cfg(test)]
mod crash;
#[cfg(test)]
mod tests;

pub use examine::damage;
pub use log::{Blob, KINDS, Log};
pub use reader::{Entries, Filter, Leaves, Reader};
pub use rebuild::{Retained, complete, rebuild};
pub use writer::{Append, Reply, Writer, WriterHandle};

use std::path::PathBuf;

use crate::{
    disk::DiskError,
    evidence::{LeafFault, checkpoint::CheckpointError},
    units::Digest,
};

/// What can go wrong with the log on disk, and with which file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A log may be created only where none ever stood.
    #[error("cannot create a log: `{0}` already stands there")]
    Exists(PathBuf),
    /// There is no log.
    #[error("there is no log at `{0}`; `loa init` creates one")]
    Absent(PathBuf),
    /// The file is something else, or was made by a later program.
    #[error("`{path}` is no log that this program can use: {}", .version.map_or_else(|| "another application's database".into(), |version| format!("its tables have version {version}")))]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// The version of its tables; none where it is another application's database.
        version: Option<i64>,
    },
    /// Parts of the log contradict one another.
    #[error("the log `{path}` is damaged: {found}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What contradicts what.
        found: String,
    },
    /// Its head was not signed by the key of this station.
    #[error("the head of the log `{path}` is not signed by this station's key")]
    OtherKey {
        /// Which file.
        path: PathBuf,
        /// What the signature check said.
        #[source]
        source: CheckpointError,
    },
    /// The log has been longer than it is: an older copy was put back.
    #[error("the log `{path}` has {size} entries, but it has already had {seen}: an older copy was put back")]
    RolledBack {
        /// Which file.
        path: PathBuf,
        /// Entries that it has.
        size: u64,
        /// Entries that it had, by the high-water file.
        seen: u64,
    },
    /// The log holds other entries than it did.
    #[error("the first {seen} entries of the log `{path}` are not those that were written")]
    Forked {
        /// Which file.
        path: PathBuf,
        /// How many entries the high-water file vouches for.
        seen: u64,
    },
    /// The high-water file cannot be read as one, or is gone.
    #[error("the high-water file `{0}` is damaged or missing")]
    HighWater(PathBuf),
    /// An entry cannot be written as a leaf, or a stored leaf cannot be read.
    #[error("entry {seq}: {source}")]
    Leaf {
        /// Its position.
        seq: u64,
        /// What is wrong with it.
        #[source]
        source: LeafFault,
    },
    /// The new head could not be signed.
    #[error("cannot sign the head of the log `{path}`")]
    Sign {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CheckpointError,
    },
    /// Asked for an entry beyond the end.
    #[error("the log has {size} entries, there is no entry {seq}")]
    NoEntry {
        /// Which was asked for.
        seq: u64,
        /// How many there are.
        size: u64,
    },
    /// Bytes stored beside the log are not those that its entries name.
    #[error("what is stored as {0} has another digest")]
    Blob(Digest),
    /// The database failed.
    #[error("cannot {attempt} the log `{path}`")]
    Database {
        /// What was attempted.
        attempt: &'static str,
        /// On which file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A file beside the database failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// What happened earlier stands nowhere on the disk yet, and comes first.
    #[error("{kept} earlier transactions wait for the disk")]
    Behind {
        /// How many.
        kept: usize,
    },
    /// The writer has ended.
    #[error("the writer of the log has ended")]
    Ended,
}
