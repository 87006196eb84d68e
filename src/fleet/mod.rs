//! What a centre keeps of its stations: who they are, their logs as they came home, and what is theirs to fetch.
//!
//! [`Fleet`] has two backends that the same tests hold to one conduct: SQLite for one small PC, PostgreSQL for any
//! number of centre processes in front of one database. A station's own log is no part of it: that stays where it was
//! written. What may enter is decided in [`mod@witness`], before a store is asked.

mod bucket;
mod files;
mod postgres;
mod push;
mod row;
mod sqlite;
mod trusted;
pub mod witness;
mod word;

#[cfg(test)]
mod conduct;
#[cfg(test)]
#[path = "../../tests/servers/mod.rs"]
mod servers;

pub use self::postgres::PostgresFleet;
pub use bucket::{Bucket, BucketFiles};
pub use files::{Files, FolderFiles, is_name};
pub use push::{Push, PushFault};
pub use sqlite::SqliteFleet;
pub use witness::{Refusal, witness};
pub use word::{Holding, Lit, MOST_BYTES as MOST_WORD_BYTES, Word};

use chrono::NaiveDate;

use crate::{
    disk::DiskError,
    evidence::{Frontier, Outcome, Reason},
    keys::PublicKey,
    units::{Digest, SlotId},
};

/// An undecided wish ends so long after its station asked last, milliseconds.
pub const WISH_LASTS_MS: i64 = 7 * 24 * 3_600_000;

/// Bytes wait so long for the push that names them, milliseconds. Behind half of it they count as missing, so that none go
/// between the question for them and that push.
pub const BYTES_WAIT_MS: i64 = 24 * 3_600_000;

/// So many bytes of one log wait at most, each piece counted as 1 KiB more than it has.
pub const MOST_WAITING: u64 = 64 << 20;

/// Pairs of heads of one log that nobody settled: of what contradicts one and the same head the first and the last are
/// kept, of all of one kind the first and so many of the last.
pub const MOST_PAIRS: u64 = 32;

/// A store of the fleet that failed, and at what.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempt} in the fleet's store")]
pub struct FleetError {
    /// What was attempted.
    pub attempt: &'static str,
    /// What the store said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl FleetError {
    /// `source` came in the attempt to `attempt`.
    pub fn new(
        attempt: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> FleetError {
        FleetError { attempt, source: source.into() }
    }
}

impl From<DiskError> for FleetError {
    fn from(source: DiskError) -> FleetError {
        FleetError::new("keep a file", source)
    }
}

/// Where a log stands with the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its station asked to be enrolled.
    Asked,
    /// An officer confirmed it.
    Enrolled,
    /// An officer revoked it: its key, or its PC, is not to be believed any more.
    Revoked,
}

impl Standing {
    /// The word that the stores keep.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Standing::Asked => "asked",
            Standing::Enrolled => "enrolled",
            Standing::Revoked => "revoked",
        }
    }

    /// Reads that word.
    #[must_use]
    pub fn of(code: &str) -> Option<Standing> {
        [Standing::Asked, Standing::Enrolled, Standing::Revoked].into_iter().find(|s| s.code() == code)
    }
}

/// A station's wish to bring its log home, as it signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The log: `<name>/station/<id>/<epoch>`.
    pub origin: String,
    /// The key that signs it.
    pub key: PublicKey,
    /// SHA-256 of the word that the station shows with every request.
    pub token: Digest,
    /// When it was asked for, by the centre's clock; milliseconds since 1970.
    pub at_ms: i64,
}

/// A log as the centre holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The log: `<name>/station/<id>/<epoch>`.
    pub origin: String,
    /// The key that signs it.
    pub key: PublicKey,
    /// SHA-256 of the word that the station shows with every request.
    pub token: Digest,
    /// Where it stands.
    pub standing: Standing,
    /// Who decided so; empty where nobody did yet.
    pub by: String,
    /// When it was asked or decided, milliseconds since 1970.
    pub at_ms: i64,
    /// The tree over what came home.
    pub frontier: Frontier,
    /// The head over it, signed by station and centre; empty where nothing came yet.
    pub head: String,
    /// When the station was last heard, milliseconds since 1970.
    pub heard_ms: Option<i64>,
    /// The last word of itself, as it signed it; empty where there is none.
    pub word: String,
}

impl Held {
    /// The id of its station.
    #[must_use]
    pub fn station(&self) -> &str {
        self.origin.rsplit('/').nth(1).unwrap_or_default()
    }

    /// Its epoch; zero where its name has none.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.origin.rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(0)
    }
}

/// One step of a log: what a push adds, all or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which log.
    pub origin: String,
    /// How many entries it had at the centre: what is compared before anything is written.
    pub from: u64,
    /// The tree over those.
    pub before: Frontier,
    /// The tree behind it.
    pub frontier: Frontier,
    /// The head over that, signed by station and centre.
    pub head: String,
    /// The leaves that came, each as it is stored at the station.
    pub leaves: Vec<String>,
    /// What they say of slots.
    pub ends: Vec<Ended>,
    /// The digests of the bytes that they name.
    pub named: Vec<Digest>,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
}

/// How a planned slot ended, as an entry says it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Ended {
    /// The entry's position.
    pub seq: u64,
    /// The slot.
    pub slot: SlotId,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it is not full.
    pub reason: Option<Reason>,
    /// How far it is proved.
    pub proof: u8,
}

/// Two heads of one log that cannot both be true, each with its signature.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fork {
    /// Which log.
    pub origin: String,
    /// What they show: `fork` or `rollback`.
    pub what: String,
    /// The one that the centre held.
    pub held: String,
    /// The one that came.
    pub came: String,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// What a person made of it; none while nobody did.
    pub settled: Option<Settled>,
}

/// A person's word that the cause of a contradiction is known and dealt with. Both heads stay.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Settled {
    /// Who.
    pub by: String,
    /// What was found, in their words.
    pub reason: String,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
}

/// How often the slots of one day of a log ended in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Which log.
    pub origin: String,
    /// The day, in station time.
    pub day: NaiveDate,
    /// How they ended.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
}

/// The centre's store. Whatever returns without an error is on the disk.
pub trait Fleet: Send + Sync {
    /// Every log, by origin; of those that are only asked for the wish that came first.
    fn logs(&self) -> Result<Vec<Held>, FleetError>;

    /// One of them.
    fn log(&self, origin: &str) -> Result<Option<Held>, FleetError>;

    /// The same, when it is as durable as what was answered to its last push: what may be told as an acknowledgement.
    fn log_settled(&self, origin: &str) -> Result<Option<Held>, FleetError>;

    /// The log whose station shows a word of this digest.
    fn log_of_token(&self, token: Digest) -> Result<Option<Held>, FleetError>;

    /// Keeps a wish, one of each key for a log, and gives where it stands; a word of the same key is replaced. Undecided
    /// ones end [`WISH_LASTS_MS`] after they were last made, and where there are more than `most`, that one which was not
    /// made again for longest. None: the log has another key.
    fn ask(&self, asked: &Asked, most: u64) -> Result<Option<Standing>, FleetError>;

    /// The undecided wishes for one log, the first first.
    fn wishes(&self, origin: &str) -> Result<Vec<Held>, FleetError>;

    /// Drops the undecided wishes for one log. Gives how many.
    fn drop_wishes(&self, origin: &str) -> Result<u64, FleetError>;

    /// Decides where a log with this key stands; other wishes for it end. `false`: there is none.
    fn stand(
        &self,
        origin: &str,
        key: &PublicKey,
        standing: Standing,
        by: &str,
        at_ms: i64,
    ) -> Result<bool, FleetError>;

    /// Takes a step where the log still has `step.from` entries and is enrolled, and keeps those bytes that it names and
    /// that wait. `false`: it has not, and nothing was written.
    fn advance(&self, step: &Step) -> Result<bool, FleetError>;

    /// The leaves from position `from` on, in order, about as many as fit `most_bytes` and at least one; each as it came.
    fn leaves(&self, origin: &str, from: u64, most_bytes: usize) -> Result<Vec<String>, FleetError>;

    /// The tree over as many of the first `size` entries as it is kept of, most of them where the log is long.
    fn tree_until(&self, origin: &str, size: u64) -> Result<Frontier, FleetError>;

    /// Lets bytes of one `kind` of [`crate::evidence::Body::blobs`] wait for the push of this log that names them, at
    /// `at_ms` (milliseconds since 1970). `false`: more than [`MOST_WAITING`] would wait, or the log is not enrolled.
    fn keep(&self, origin: &str, kind: &str, bytes: &[u8], at_ms: i64) -> Result<bool, FleetError>;

    /// Bytes that entries name, with what they were called when they came.
    fn kept(&self, digest: Digest) -> Result<Option<(String, Vec<u8>)>, FleetError>;

    /// Which of `digests` are not kept, nor wait for a push of this log.
    fn missing(&self, origin: &str, digests: &[Digest], at_ms: i64) -> Result<Vec<Digest>, FleetError>;

    /// Keeps two heads that contradict one another, once and within [`MOST_PAIRS`].
    fn split(&self, fork: &Fork) -> Result<(), FleetError>;

    /// Keeps that a person settled those pairs of a log that came until `seen_ms` (milliseconds since 1970) and that
    /// nobody settled yet. Gives how many.
    fn settle(&self, origin: &str, seen_ms: i64, settled: &Settled) -> Result<u64, FleetError>;

    /// All such pairs, at most `most`: those first that nobody settled, the last of every log before the others, the latest
    /// first.
    fn forks(&self, most: u64) -> Result<Vec<Fork>, FleetError>;

    /// Those of one log, those first that nobody settled, the latest first.
    fn forks_of(&self, origin: &str) -> Result<Vec<Fork>, FleetError>;

    /// The logs that have such a pair which nobody settled, by origin.
    fn contradicted(&self) -> Result<Vec<String>, FleetError>;

    /// A station was heard, with what it says of itself.
    fn heard(&self, origin: &str, word: &str, at_ms: i64) -> Result<(), FleetError>;

    /// How the slots of the days from `first` to `last`, in station time, ended; by origin and position.
    fn ends(&self, first: NaiveDate, last: NaiveDate) -> Result<Vec<(String, Ended)>, FleetError>;

    /// The same counted by log, day and outcome; of the logs in `of`, or of all. In no order.
    fn tally(
        &self,
        of: Option<&[String]>,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<Tally>, FleetError>;
}
