//! The airings of a log: each cue has its end, and an end says nothing that its figures do not bear out.

use std::collections::BTreeMap;

use super::fault::CompletenessReport;
use crate::{
    evidence::{
        Airing, Cue, End, Outcome, Start, Trigger,
        aired::{is_enough, is_tolerable, is_virtual},
    },
    units::{Frames, SlotId},
    words::Message,
};

/// A station has one airing open, and one more where a person aired something while the daemon was down.
const MOST_OPEN: usize = 8;
/// Longest that a station may wait for a cut airing to go on: the most that `resume_within_s` allows.
const LONGEST_CUT_MS: i64 = 3_600_000;

/// An airing that was cued and has not ended.
#[derive(Debug)]
pub(super) struct Open {
    pub slot: Option<SlotId>,
    test: bool,
    to_file: bool,
    /// Its first frame was told.
    started: bool,
    frames: Frames,
    /// Wall time of the last entry that showed it alive.
    sign_ms: i64,
}

/// The airings that are open.
#[derive(Debug, Default)]
pub(super) struct Airings {
    open: BTreeMap<Airing, Open>,
    /// Length of the longest programme that was cued, milliseconds.
    pub longest_ms: i64,
    /// A rehearsal's outputs are virtual and its outcomes prove nothing.
    pub rehearsal: bool,
}

impl Airings {
    /// A cue. Gives an airing that will never end, so that its slot is not waited for.
    pub fn cue(
        &mut self,
        seq: u64,
        wall_ms: i64,
        cue: &Cue,
        report: &mut CompletenessReport,
    ) -> Option<SlotId> {
        let length_ms = cue.frames.ns() / 1_000_000;
        // Twelve hours are the most that a controller airs at a stretch; a larger figure hides nothing.
        self.longest_ms = self.longest_ms.max(length_ms.min(12 * 3_600_000));
        if let Some(airing) = cue.airing {
            match self.open.get_mut(&airing) {
                Some(open) => open.sign_ms = wall_ms,
                None => report.fault(seq, cue.slot.as_ref(), unknown(airing)),
            }
            return None;
        }
        let test = cue.trigger == Trigger::Test;
        if test && cue.slot.is_some() {
            report.fault(seq, cue.slot.as_ref(), Message::new("complete-test-slot"));
        }
        let (slot, frames) = (cue.slot.clone(), cue.frames);
        self.open.insert(seq, Open { slot, test, to_file: false, started: false, frames, sign_ms: wall_ms });
        if self.open.len() <= MOST_OPEN {
            return None;
        }
        let (airing, open) = self.open.pop_first()?;
        report.fault(airing, open.slot.as_ref(), Message::new("complete-unended"));
        open.slot
    }

    pub fn start(&mut self, seq: u64, wall_ms: i64, start: &Start, report: &mut CompletenessReport) {
        match self.open.get_mut(&start.airing) {
            Some(open) => {
                open.sign_ms = wall_ms;
                open.started = true;
                open.to_file |= is_virtual(&start.device);
            }
            None => report.fault(seq, None, unknown(start.airing)),
        }
    }

    pub fn segment(&mut self, seq: u64, wall_ms: i64, airing: Airing, report: &mut CompletenessReport) {
        match self.open.get_mut(&airing) {
            Some(open) => open.sign_ms = wall_ms,
            None => report.fault(seq, None, unknown(airing)),
        }
    }

    /// The station came up: what was cut may go on from here.
    pub fn boot(&mut self, wall_ms: i64) {
        for open in self.open.values_mut() {
            open.sign_ms = wall_ms;
        }
    }

    /// An end. `closed` tells that its slot has an outcome already, which is named elsewhere.
    pub fn end(&mut self, seq: u64, end: &End, closed: bool, report: &mut CompletenessReport) {
        let slot = end.slot.as_ref();
        match self.open.remove(&end.airing) {
            None if closed => return,
            None => report.fault(seq, slot, Message::new("complete-uncued").with("airing", end.airing)),
            Some(open) => self.against_cue(seq, &open, end, report),
        }
        figures(seq, end, report);
    }

    fn against_cue(&self, seq: u64, open: &Open, end: &End, report: &mut CompletenessReport) {
        let slot = end.slot.as_ref();
        if open.slot != end.slot {
            let cued = open.slot.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
            report.fault(seq, slot, Message::new("complete-other-slot").with("cued", cued));
        }
        if open.to_file && end.proof > 1 {
            report.fault(seq, slot, Message::new("complete-file-proof").with("proof", end.proof));
        }
        let aired = matches!(end.outcome, Outcome::Full | Outcome::Partial);
        if aired && open.test {
            report.fault(seq, slot, Message::new("complete-test-counted"));
        } else if aired && end.proof < 2 && !self.rehearsal {
            report.fault(seq, slot, Message::new("complete-unproved").with("proof", end.proof));
        }
        if aired && !open.started {
            report.fault(seq, slot, Message::new("complete-unstarted"));
        }
    }

    /// The airings that are open where the log ends, in order. Only the last may be, and only as long as a
    /// station can take from its last sign of life to its end.
    pub fn finish(self, seen_ms: i64, report: &mut CompletenessReport) -> Vec<(Open, bool)> {
        let last = self.open.keys().next_back().copied();
        let judge = |(airing, open): (Airing, Open)| {
            let length_ms = open.frames.ns() / 1_000_000;
            let until_ms = open.sign_ms.saturating_add(length_ms).saturating_add(LONGEST_CUT_MS);
            let waits = Some(airing) == last && seen_ms <= until_ms;
            if !waits {
                report.fault(airing, open.slot.as_ref(), Message::new("complete-unended"));
            }
            (open, waits)
        };
        self.open.into_iter().map(judge).collect()
    }
}

fn unknown(airing: Airing) -> Message {
    Message::new("complete-unknown-airing").with("airing", airing)
}

/// What the end's own figures bear out.
fn figures(seq: u64, end: &End, report: &mut CompletenessReport) {
    let slot = end.slot.as_ref();
    let frames = |code| Message::new(code).with("consumed", end.consumed.0).with("expected", end.expected.0);
    if end.consumed > end.expected {
        report.fault(seq, slot, frames("complete-consumed"));
    }
    let missing_reason = end.reason.is_none() && !matches!(end.outcome, Outcome::Full | Outcome::Test);
    if missing_reason {
        report.fault(seq, slot, Message::new("complete-no-reason"));
    }
    if end.outcome != Outcome::Full {
        return;
    }
    if end.reason.is_some() {
        report.fault(seq, slot, Message::new("complete-full-reason"));
    }
    if !is_enough(end.consumed, end.expected) {
        report.fault(seq, slot, frames("complete-full-short"));
    }
    if !is_tolerable(end.hole_ms) {
        report.fault(seq, slot, Message::new("complete-full-hole").with("seconds", end.hole_ms / 1000));
    }
}
