//! A month of programmes and slots, as the centre issues it (`schedules/YYYY-MM.toml`).

use std::collections::BTreeSet;

use chrono::NaiveDateTime;

use crate::units::Month;

/// A month as issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The month; every slot lies in it.
    pub month: Month,
    /// Counts up with every re-issue, from 1.
    pub revision: u32,
    /// The office that issued it.
    pub issued_by: String,
    /// What airs.
    pub programmes: Vec<Programme>,
    /// When it airs.
    pub slots: Vec<SlotRule>,
}

impl Schedule {
    /// The programme called `id`.
    #[must_use]
    pub fn programme(&self, id: &str) -> Option<&Programme> {
        self.programmes.iter().find(|p| p.id == id)
    }

    /// The distinct media files of all programmes, below `media/`.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        let segments = self.programmes.iter().flat_map(|p| &p.segments);
        segments.map(|segment| segment.file.as_str()).collect()
    }
}

/// A titled thing that airs in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Short name in this schedule: ASCII letters, digits, `-`.
    pub id: String,
    /// Title as announced.
    pub title: String,
    /// The column (chuyên mục) it belongs to.
    pub column: String,
    /// Who made it.
    pub source: Source,
    /// Topics of the plan that it covers.
    pub topics: Vec<String>,
    /// Who edited it.
    pub editor: String,
    /// Who reads it.
    pub announcer: String,
    /// Its parts in order of airing.
    pub segments: Vec<Segment>,
}

/// Who made a programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "levels of the administration")]
pub enum Source {
    Town,
    Ward,
    Province,
}

impl Source {
    /// Every source with its word in files.
    pub const ALL: &[(&str, Source)] =
        &[("town", Source::Town), ("ward", Source::Ward), ("province", Source::Province)];
}

/// One part of a programme: one audio file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What sort of part.
    pub kind: SegmentKind,
    /// Title for people.
    pub title: String,
    /// Path below `media/`, NFC.
    pub file: String,
}

/// The sorts of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "as in broadcasting")]
pub enum SegmentKind {
    Signature,
    Greeting,
    News,
    Feature,
    Interview,
    Story,
    Qa,
    Notice,
    Music,
    Bridge,
    Closing,
}

impl SegmentKind {
    /// Every kind with its word in files.
    pub const ALL: &[(&str, SegmentKind)] = &[
        ("signature", SegmentKind::Signature),
        ("greeting", SegmentKind::Greeting),
        ("news", SegmentKind::News),
        ("feature", SegmentKind::Feature),
        ("interview", SegmentKind::Interview),
        ("story", SegmentKind::Story),
        ("qa", SegmentKind::Qa),
        ("notice", SegmentKind::Notice),
        ("music", SegmentKind::Music),
        ("bridge", SegmentKind::Bridge),
        ("closing", SegmentKind::Closing),
    ];
}

/// When a programme airs, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRule {
    /// Which programme.
    pub programme: String,
    /// At which civil times.
    pub when: When,
    /// Unit ids of the plan; `*` means all.
    pub units: Vec<String>,
    /// Why this slot may lie outside the usual windows; empty when it does not.
    pub reason: String,
}

/// The civil times of a slot rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// An expression of the `cron` crate, read in the station's zone.
    Cron(String),
    /// Civil times.
    At(Vec<NaiveDateTime>),
}
