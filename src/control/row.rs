//! An as-run row as people and machines read it (`docs/json.md`, as-run row): plain data.

use serde::Serialize;

use crate::{
    evidence::{Outcome, Reason, Trigger, asrun::Remark},
    programme::Source,
    units::{Digest, Level, SlotId},
};

/// One row with everything an auditor opens (`domain.md`, The as-run row). Times are RFC 3339 with the
/// station's offset at that moment; levels are LUFS and dBTP; lengths milliseconds or frames at 48 kHz.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs, reason = "documented field by field in docs/json.md")]
pub struct Row {
    pub slot: Option<SlotId>,
    pub airing: Option<u64>,
    pub station: String,
    pub unit: String,
    pub month: String,
    pub programme: String,
    pub title: Option<String>,
    pub column: Option<String>,
    pub source: Option<Source>,
    pub topics: Vec<String>,
    pub editor: Option<String>,
    pub announcer: Option<String>,
    pub approved_by: Option<String>,
    pub document: Option<String>,
    pub approved_at: Option<String>,
    pub schedule: Option<Digest>,
    pub master: Option<Digest>,
    pub trigger: Option<Trigger>,
    pub by: String,
    pub planned: String,
    pub first_frame: Option<String>,
    pub last_frame: Option<String>,
    pub start_error_ms: Option<f64>,
    pub latency_ms: Option<f64>,
    pub duration_ms: Option<u64>,
    pub frames_expected: Option<u64>,
    pub frames_decoded: Option<u64>,
    pub frames_delivered: Option<u64>,
    pub frames_consumed: Option<u64>,
    pub frames_muted: Option<u64>,
    pub underruns: Option<u64>,
    pub hole_ms: Option<u64>,
    #[serde(serialize_with = "level")]
    pub loudness_lufs: Option<Level>,
    #[serde(serialize_with = "level")]
    pub true_peak_dbtp: Option<Level>,
    pub devices: Vec<String>,
    pub starts: u32,
    pub segments: Vec<SegmentRow>,
    pub clock_synchronised: bool,
    pub clock_last_step_ms: Option<i64>,
    pub boot: String,
    pub software: Option<String>,
    pub outcome: Option<Outcome>,
    pub reason: Option<Reason>,
    pub detail: String,
    pub proof: u8,
    pub repairs: Option<SlotId>,
    pub vouches: Option<SlotId>,
    pub statement: Option<Digest>,
    pub signed_with: Option<String>,
    pub notes: Vec<NoteRow>,
    pub entries: Vec<u64>,
    pub hash: Option<Digest>,
}

impl Row {
    /// Whether it tells of a slot of the schedule: no test, no make-good, nobody's word.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.slot.is_some() && !matches!(self.trigger, Some(Trigger::Test | Trigger::ByHand))
    }
}

/// A segment of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs, reason = "documented field by field in docs/json.md")]
pub struct SegmentRow {
    pub n: u32,
    pub title: Option<String>,
    pub file: Digest,
    pub frames: u64,
}

/// What a person said about a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs, reason = "documented field by field in docs/json.md")]
pub struct NoteRow {
    pub entry: u64,
    pub corrects: Option<u64>,
    pub act: String,
    pub by: String,
    pub text: String,
}

impl NoteRow {
    /// It on one line; nobody stands before what was said by nobody in particular.
    #[must_use]
    pub fn said(&self) -> String {
        let colon = if self.by.is_empty() { "" } else { ": " };
        format!("{}{colon}{}", self.by, self.text)
    }
}

impl From<Remark> for NoteRow {
    fn from(remark: Remark) -> NoteRow {
        let Remark { seq, corrects, act, by, text } = remark;
        NoteRow { entry: seq, corrects, act, by, text }
    }
}

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn level<S: serde::Serializer>(level: &Option<Level>, to: S) -> Result<S::Ok, S::Error> {
    level.map(Level::db).serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_in_particular_said_begins_with_its_words() {
        let said = |by: &str| {
            let (act, by, text) = ("cancel".into(), by.into(), "quốc tang".into());
            NoteRow { entry: 7, corrects: None, act, by, text }.said()
        };
        assert_eq!((said("Lê Văn C"), said("")), ("Lê Văn C: quốc tang".into(), "quốc tang".into()));
    }
}
