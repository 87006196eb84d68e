//! One as-run row and how the entries about it change it.

use crate::{
    evidence::entry::{
        Airing, Clk, Cue, End, ManualFact, Missed, Outcome, Reason, SegmentFact, Start, Trigger,
    },
    units::{Digest, Frames, Level, Month, SlotId},
};

/// Proof level of what a named person confirmed (`domain.md`, Proof levels).
const CONFIRMED: u8 = 6;

/// One slot or one manual airing, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsRunRow {
    /// The slot; absent for a manual airing and for a make-good.
    pub slot: Option<SlotId>,
    /// The airing; absent when nothing was cued.
    pub airing: Option<Airing>,
    /// The slot that it makes good.
    pub repairs: Option<SlotId>,
    /// The slot for which a person vouches; only where [`AsRunRow::statement`] is.
    pub vouches: Option<SlotId>,
    /// The schedule's month.
    pub month: Month,
    /// The programme's id in its schedule.
    pub programme: String,
    /// What made it happen; absent when nothing was cued.
    pub trigger: Option<Trigger>,
    /// Who asked for a manual airing, or vouches for one by hand; empty otherwise.
    pub by: String,
    /// The planned instant, milliseconds since 1970 (UTC).
    pub planned_ms: i64,
    /// First frame at the device's output, microseconds since 1970 (UTC).
    pub first_us: Option<i64>,
    /// Last frame, microseconds since 1970 (UTC).
    pub last_us: Option<i64>,
    /// `first_us` minus the planned instant.
    pub start_error_us: Option<i64>,
    /// The device latency on which `first_us` rests.
    pub latency_us: Option<i64>,
    /// The devices that sounded, in order of first use.
    pub devices: Vec<String>,
    /// How often sound began: 1, and one more for every resumption.
    pub starts: u32,
    /// Frames of the whole programme.
    pub expected: Option<Frames>,
    /// Frames read and verified from the master.
    pub decoded: Option<Frames>,
    /// Frames handed to the device.
    pub delivered: Option<Frames>,
    /// Frames that the device consumed.
    pub consumed: Option<Frames>,
    /// Frames that the device took beside these and the sound server threw away.
    pub muted: Option<Frames>,
    /// Frames of silence put in because the feeder was late.
    pub underruns: Option<Frames>,
    /// The longest hole in wall time between two stretches of sound.
    pub hole_ms: Option<u64>,
    /// Loudness of the master, LUFS.
    pub loudness_lufs: Option<Level>,
    /// True peak of the master, dBTP.
    pub true_peak_dbtp: Option<Level>,
    /// How it ended; absent while it is open.
    pub outcome: Option<Outcome>,
    /// Why it is not full.
    pub reason: Option<Reason>,
    /// What exactly was found, for a slot that did not air; how it was aired, for one by hand.
    pub detail: String,
    /// What exactly is proven, 0–6.
    pub proof: u8,
    /// Digest of the schedule; absent when nothing was cued.
    pub schedule: Option<Digest>,
    /// Digest of the master; absent when nothing was cued.
    pub master: Option<Digest>,
    /// Digest of the note that a person signed for an airing by hand.
    pub statement: Option<Digest>,
    /// The entry that gave it its outcome.
    pub closed: Option<u64>,
    /// The segments that went out.
    pub segments: Vec<SegmentFact>,
    /// What people said about it.
    pub notes: Vec<Remark>,
    /// The clocks at its first entry: boot, synchronisation, offset.
    pub clk: Clk,
    /// The entries that make up this row, ascending.
    pub seqs: Vec<u64>,
    /// Entries that claim a second outcome for it; none in a sound log.
    pub conflicts: Vec<u64>,
}

/// What a person said about a row: a note, a correction of one of its entries, an act at the station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The entry that holds it.
    pub seq: u64,
    /// The entry that it corrects, for a correction.
    pub corrects: Option<u64>,
    /// What was done at the station (`stop`, `cancel`, …); empty for words alone.
    pub act: String,
    /// Who.
    pub by: String,
    /// In their words.
    pub text: String,
}

impl Remark {
    pub(super) fn new(seq: u64, act: &str, by: &str, text: &str) -> Remark {
        Remark { seq, corrects: None, act: act.into(), by: by.into(), text: text.into() }
    }
}

impl AsRunRow {
    pub(crate) fn blank(clk: &Clk, month: Month, programme: &str, planned_ms: i64) -> AsRunRow {
        AsRunRow {
            slot: None,
            airing: None,
            repairs: None,
            vouches: None,
            month,
            programme: programme.into(),
            trigger: None,
            by: String::new(),
            planned_ms,
            first_us: None,
            last_us: None,
            start_error_us: None,
            latency_us: None,
            devices: Vec::new(),
            starts: 0,
            expected: None,
            decoded: None,
            delivered: None,
            consumed: None,
            muted: None,
            underruns: None,
            hole_ms: None,
            loudness_lufs: None,
            true_peak_dbtp: None,
            outcome: None,
            reason: None,
            detail: String::new(),
            proof: 0,
            schedule: None,
            master: None,
            statement: None,
            closed: None,
            segments: Vec::new(),
            notes: Vec::new(),
            clk: clk.clone(),
            seqs: Vec::new(),
            conflicts: Vec::new(),
        }
    }

    pub(super) fn cue(&mut self, airing: Airing, cue: &Cue) {
        // What the first cue promised stands; a resumption only goes on.
        if self.airing.is_some() {
            return;
        }
        self.airing = Some(airing);
        self.repairs.clone_from(&cue.repairs);
        self.trigger = Some(cue.trigger);
        self.by.clone_from(&cue.by);
        self.expected = Some(cue.frames);
        self.schedule = Some(cue.schedule);
        self.master = Some(cue.master);
        self.loudness_lufs = Some(cue.loudness_lufs);
        self.true_peak_dbtp = Some(cue.true_peak_dbtp);
    }

    pub(super) fn start(&mut self, start: &Start) {
        self.starts += 1;
        if self.first_us.is_none() {
            self.first_us = Some(start.first_us);
            self.start_error_us = Some(start.error_us);
            self.latency_us = Some(start.latency_us);
        }
        if !self.devices.contains(&start.device) {
            self.devices.push(start.device.clone());
        }
    }

    pub(super) fn segment(&mut self, segment: &SegmentFact) {
        let same = |part: &&mut SegmentFact| part.n == segment.n && part.file == segment.file;
        match self.segments.iter_mut().find(same) {
            // An airing was cut within it and went on: it went out in parts.
            Some(part) => part.frames = part.frames + segment.frames,
            None => self.segments.push(segment.clone()),
        }
    }

    pub(super) fn end(&mut self, seq: u64, end: &End) {
        if !self.close(seq, end.outcome, end.reason) {
            return;
        }
        self.last_us = end.last_us;
        self.expected = Some(end.expected);
        self.decoded = Some(end.decoded);
        self.delivered = Some(end.delivered);
        self.consumed = Some(end.consumed);
        self.muted = Some(end.muted);
        self.underruns = Some(end.underruns);
        self.hole_ms = Some(end.hole_ms);
        self.proof = end.proof;
    }

    pub(super) fn missed(&mut self, seq: u64, missed: &Missed) {
        if self.close(seq, missed.outcome, Some(missed.reason)) {
            self.detail.clone_from(&missed.detail);
        }
    }

    /// The row of an airing that `fact` vouches for; no device measured any of it.
    pub(super) fn by_hand(seq: u64, clk: &Clk, fact: &ManualFact) -> AsRunRow {
        AsRunRow {
            vouches: fact.slot.clone(),
            trigger: Some(Trigger::ByHand),
            by: fact.by.clone(),
            first_us: fact.first_ms.checked_mul(1000),
            last_us: fact.last_ms.checked_mul(1000),
            outcome: Some(fact.outcome),
            detail: fact.text.clone(),
            proof: CONFIRMED,
            statement: Some(fact.statement),
            closed: Some(seq),
            ..AsRunRow::blank(clk, fact.month, &fact.programme, fact.first_ms)
        }
    }

    /// Gives the row its outcome; false when it already has one.
    fn close(&mut self, seq: u64, outcome: Outcome, reason: Option<Reason>) -> bool {
        if self.outcome.is_some() {
            self.conflicts.push(seq);
            return false;
        }
        self.outcome = Some(outcome);
        self.reason = reason;
        self.closed = Some(seq);
        true
    }
}
