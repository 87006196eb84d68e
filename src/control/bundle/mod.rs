//! An evidence bundle: one ZIP file with the part of a log that a period needs, in the layout of C2SP tlog-tiles,
//! and what its entries name. `export` writes it, `check` verifies it; here stands what its parts are called.

mod archive;
mod check;

pub use check::{BundleReport, audit_bundle};

use std::ops::Range;

use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{
    evidence::{
        Clk,
        tiles::{Content, Tile},
    },
    units::Digest,
};

/// How to check the bundle without loa.
pub const README: &str = "README.md";
/// The page for people; no evidence.
pub const SUMMARY: &str = "summary.html";
/// What the bundle claims to hold.
pub const MANIFEST: &str = "bundle.json";
/// The as-run rows of the period, for reading.
pub const ROWS: &str = "rows.json";
/// The media files that were approved, as the station tells of them; no evidence.
pub const MEDIA: &str = "media.json";
/// The signed head of the log.
pub const CHECKPOINT: &str = "log/checkpoint";
/// The station's public key.
pub const STATION_KEY: &str = "keys/station.pub";

/// The public key of the `n`th approver, from 1.
pub fn approver_key(n: usize) -> String {
    format!("keys/approver-{n}.pub")
}

/// A tile of hashes or a bundle of entries.
pub fn tile(tile: Tile, content: Content) -> String {
    format!("log/{}", tile.path(content))
}

/// Bytes that an entry names.
pub fn blob(digest: Digest) -> String {
    format!("blobs/sha256/{digest}")
}

/// Days of station time, both included; absent: without bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
}

impl Period {
    /// Whether `day` lies before it.
    pub fn is_after(self, day: NaiveDate) -> bool {
        self.from.is_some_and(|from| day < from)
    }

    /// Whether `day` lies behind it.
    pub fn is_before(self, day: NaiveDate) -> bool {
        self.to.is_some_and(|to| to < day)
    }

    /// Whether `day` lies in it.
    pub fn contains(self, day: NaiveDate) -> bool {
        !self.is_after(day) && !self.is_before(day)
    }

    /// Whether it ends before it begins.
    pub fn is_reversed(self) -> bool {
        self.to.is_some_and(|to| self.is_after(to))
    }
}

/// The day of station time on which an entry was written, as the entry itself says; `None` for a time that no
/// calendar has.
pub fn day(clk: &Clk) -> Option<NaiveDate> {
    let local_ms = clk.wall_ms.checked_add(i64::from(clk.offset_min) * 60_000)?;
    DateTime::from_timestamp_millis(local_ms).map(|at| at.date_naive())
}

/// `bundle.json`: what the bundle claims to hold. Not signed: it only shows what is missing when something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the bundle's layout: 1.
    pub format: u32,
    /// The log's origin.
    pub origin: String,
    /// Entries that the signed head covers.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Digest,
    /// First day of the period, of station time; null: from the beginning.
    pub from: Option<String>,
    /// Last day of the period; null: to the end.
    pub to: Option<String>,
    /// The stretches of entries that are held.
    pub entries: Vec<Stretch>,
    /// The software that wrote the bundle.
    pub software: String,
}

impl Manifest {
    /// The period that it claims; `None` when its days are none, or reversed.
    pub fn period(&self) -> Option<Period> {
        let day = |text: &Option<String>| match text {
            None => Some(None),
            Some(text) => text.parse().ok().filter(|day: &NaiveDate| day.to_string() == *text).map(Some),
        };
        let period = Period { from: day(&self.from)?, to: day(&self.to)? };
        (!period.is_reversed()).then_some(period)
    }
}

/// Entries that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// The first.
    pub first: u64,
    /// The last, itself included.
    pub last: u64,
}

/// Bundles of entries, ascending, as stretches that do not touch.
pub fn stretches(bundles: impl IntoIterator<Item = Tile>) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for bundle in bundles {
        let Range { start, end } = bundle.first()..bundle.first() + u64::from(bundle.width());
        match stretches.last_mut() {
            Some(before) if before.last + 1 == start => before.last = end - 1,
            _ => stretches.push(Stretch { first: start, last: end - 1 }),
        }
    }
    stretches
}

/// `media.json`: the audio files that the approvals name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaManifest {
    /// Version of this document: 1.
    pub format: u32,
    /// One a name and digest.
    pub files: Vec<MediaFile>,
}

/// An approved audio file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaFile {
    /// Its name below the station's `media/`.
    pub file: String,
    /// SHA-256 of the approved bytes.
    pub sha256: Digest,
    /// Its length in bytes; null when the approved bytes are not at the station any more.
    pub bytes: Option<u64>,
    /// What the station has of it now.
    pub state: MediaState,
    /// Where in the bundle its bytes stand; null when they do not.
    pub held: Option<String>,
}

/// What a station has of an approved file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaState {
    /// The approved bytes.
    Present,
    /// Nothing.
    Missing,
    /// Other bytes.
    Other,
}
