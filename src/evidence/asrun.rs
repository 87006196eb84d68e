//! The as-run rows: what the entries of a log say about every slot and every manual airing, folded
//! into one row each (`docs/json.md`, as-run row).
//!
//! The rows say what the log says and judge nothing: slots without any entry are found by comparing with
//! the stored slot lists.

use std::collections::HashMap;

use super::entry::{
    Airing, Body, Clk, Cue, End, Entry, Missed, Outcome, Reason, SegmentFact, Start, Trigger,
};
use crate::units::{Digest, Frames, Level, Month, SlotId};

/// One slot or one manual airing, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsRunRow {
    /// The slot; absent for a manual airing and for a make-good.
    pub slot: Option<SlotId>,
    /// The airing; absent when nothing was cued.
    pub airing: Option<Airing>,
    /// The slot that it makes good.
    pub repairs: Option<SlotId>,
    /// The schedule's month.
    pub month: Month,
    /// The programme's id in its schedule.
    pub programme: String,
    /// What made it happen; absent when nothing was cued.
    pub trigger: Option<Trigger>,
    /// Who asked, for a manual airing; empty otherwise.
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
    /// What exactly was found, for a slot that did not air.
    pub detail: String,
    /// What exactly is proven, 0–6.
    pub proof: u8,
    /// Digest of the schedule; absent when nothing was cued.
    pub schedule: Option<Digest>,
    /// Digest of the master; absent when nothing was cued.
    pub master: Option<Digest>,
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

/// The fold in progress; give it the entries in ascending order.
#[derive(Debug, Default)]
pub struct AsRun {
    rows: Vec<AsRunRow>,
    of_slot: HashMap<SlotId, usize>,
    of_airing: HashMap<Airing, usize>,
    of_seq: HashMap<u64, usize>,
    /// Remarks on slots of which no entry has spoken yet.
    early: HashMap<SlotId, Vec<Remark>>,
}

/// The rows of `entries`, which ascend, in the order in which the log first speaks of them.
pub fn rows<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<AsRunRow> {
    let mut fold = AsRun::default();
    for entry in entries {
        fold.push(entry);
    }
    fold.finish()
}

impl AsRun {
    /// Takes the next entry. Entries about airings whose cue was not given are left out.
    pub fn push(&mut self, entry: &Entry) {
        let seq = entry.seq;
        let row = match &entry.body {
            Body::Cue(cue) => Some(self.cue(seq, &entry.clk, cue)),
            Body::Start(start) => self.of_airing(start.airing, |row| row.start(start)),
            Body::Segment(segment) => self.of_airing(segment.airing, |row| row.segment(segment)),
            Body::End(end) => self.of_airing(end.airing, |row| row.end(seq, end)),
            Body::Missed(missed) => Some(self.missed(seq, &entry.clk, missed)),
            Body::Note { slot, by, text } => self.remark(slot, Remark::new(seq, "", by, text)),
            Body::Operator(act) => act
                .slot
                .as_ref()
                .and_then(|slot| self.remark(slot, Remark::new(seq, &act.act, &act.by, &act.reason))),
            Body::Correct { entry, by, text } => self.of_seq.get(entry).copied().inspect(|&row| {
                let remark = Remark { corrects: Some(*entry), ..Remark::new(seq, "", by, text) };
                self.rows[row].notes.push(remark);
            }),
            _ => None,
        };
        if let Some(row) = row {
            self.rows[row].seqs.push(seq);
            self.of_seq.insert(seq, row);
        }
    }

    /// The rows, in the order in which the log first speaks of them.
    #[must_use]
    pub fn finish(self) -> Vec<AsRunRow> {
        self.rows
    }

    fn of_airing(&mut self, airing: Airing, change: impl FnOnce(&mut AsRunRow)) -> Option<usize> {
        let row = *self.of_airing.get(&airing)?;
        change(&mut self.rows[row]);
        Some(row)
    }

    fn cue(&mut self, seq: u64, clk: &Clk, cue: &Cue) -> usize {
        // A resumption goes on with its airing's row; a slot that already has a row keeps it.
        let known = match cue.airing {
            Some(airing) => self.of_airing.get(&airing),
            None => cue.slot.as_ref().and_then(|slot| self.of_slot.get(slot)),
        };
        let at = known.copied().unwrap_or_else(|| {
            let blank = AsRunRow::blank(clk, cue.month, &cue.programme, cue.planned_ms);
            self.add(cue.slot.clone(), blank)
        });
        let airing = cue.airing.unwrap_or(seq);
        self.of_airing.insert(airing, at);
        self.rows[at].cue(airing, cue);
        at
    }

    fn missed(&mut self, seq: u64, clk: &Clk, missed: &Missed) -> usize {
        let at = self.of_slot.get(&missed.slot).copied().unwrap_or_else(|| {
            let slot = &missed.slot;
            let blank = AsRunRow::blank(clk, slot.month, &slot.programme, missed.planned_ms);
            self.add(Some(slot.clone()), blank)
        });
        let row = &mut self.rows[at];
        if row.close(seq, missed.outcome, Some(missed.reason)) {
            row.detail.clone_from(&missed.detail);
        }
        at
    }

    fn add(&mut self, slot: Option<SlotId>, mut row: AsRunRow) -> usize {
        let at = self.rows.len();
        if let Some(slot) = slot {
            for remark in self.early.remove(&slot).unwrap_or_default() {
                self.of_seq.insert(remark.seq, at);
                row.seqs.push(remark.seq);
                row.notes.push(remark);
            }
            self.of_slot.insert(slot.clone(), at);
            row.slot = Some(slot);
        }
        self.rows.push(row);
        at
    }

    fn remark(&mut self, slot: &SlotId, remark: Remark) -> Option<usize> {
        let Some(&at) = self.of_slot.get(slot) else {
            self.early.entry(slot.clone()).or_default().push(remark);
            return None;
        };
        self.rows[at].notes.push(remark);
        Some(at)
    }
}

impl Remark {
    fn new(seq: u64, act: &str, by: &str, text: &str) -> Remark {
        Remark { seq, corrects: None, act: act.into(), by: by.into(), text: text.into() }
    }
}

impl AsRunRow {
    fn blank(clk: &Clk, month: Month, programme: &str, planned_ms: i64) -> AsRunRow {
        AsRunRow {
            slot: None,
            airing: None,
            repairs: None,
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
            segments: Vec::new(),
            notes: Vec::new(),
            clk: clk.clone(),
            seqs: Vec::new(),
            conflicts: Vec::new(),
        }
    }

    fn cue(&mut self, airing: Airing, cue: &Cue) {
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

    fn start(&mut self, start: &Start) {
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

    fn segment(&mut self, segment: &SegmentFact) {
        let same = |part: &&mut SegmentFact| part.n == segment.n && part.file == segment.file;
        match self.segments.iter_mut().find(same) {
            // An airing was cut within it and went on: it went out in parts.
            Some(part) => part.frames = part.frames + segment.frames,
            None => self.segments.push(segment.clone()),
        }
    }

    fn end(&mut self, seq: u64, end: &End) {
        if !self.close(seq, end.outcome, end.reason) {
            return;
        }
        self.last_us = end.last_us;
        self.expected = Some(end.expected);
        self.decoded = Some(end.decoded);
        self.delivered = Some(end.delivered);
        self.consumed = Some(end.consumed);
        self.underruns = Some(end.underruns);
        self.hole_ms = Some(end.hole_ms);
        self.proof = end.proof;
    }

    /// Gives the row its outcome; false when it already has one.
    fn close(&mut self, seq: u64, outcome: Outcome, reason: Option<Reason>) -> bool {
        if self.outcome.is_some() {
            self.conflicts.push(seq);
            return false;
        }
        self.outcome = Some(outcome);
        self.reason = reason;
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::{
        entry::OperatorAct,
        samples::{clk, cue, digest, end, slot, start},
    };

    fn log(bodies: Vec<Body>) -> Vec<Entry> {
        let entry = |(seq, body): (u64, Body)| Entry { seq, clk: clk(0), body };
        (0..).zip(bodies).map(entry).collect()
    }

    fn cued(day: u32) -> Body {
        Body::Cue(Box::new(cue(Some(slot(day)), Trigger::Schedule)))
    }

    fn ended(airing: u64, day: u32, outcome: Outcome) -> Body {
        Body::End(Box::new(end(airing, Some(slot(day)), outcome)))
    }

    fn missed(day: u32, reason: Reason) -> Body {
        let detail = "tắt".into();
        Body::Missed(Missed { slot: slot(day), planned_ms: 5, outcome: Outcome::Missed, reason, detail })
    }

    fn segment(airing: u64, n: u32) -> Body {
        Body::Segment(SegmentFact { airing, n, file: digest(7), frames: Frames(9) })
    }

    #[test]
    fn a_full_airing_has_its_measured_times() {
        let log = log(vec![
            cued(5),
            Body::Start(start(0)),
            segment(0, 0),
            segment(0, 1),
            ended(0, 5, Outcome::Full),
        ]);
        let rows = rows(&log);
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((row.slot.as_ref(), row.airing), (Some(&slot(5)), Some(0)));
        assert_eq!((row.outcome, row.reason, row.proof), (Some(Outcome::Full), None, 3));
        assert_eq!((row.start_error_us, row.starts, row.segments.len()), (Some(4000), 1, 2));
        assert_eq!(row.first_us, Some(row.planned_ms * 1000 + 4000));
        assert_eq!(row.consumed, row.expected);
        assert_eq!(row.seqs, [0, 1, 2, 3, 4]);
        assert!(row.conflicts.is_empty());
    }

    #[test]
    fn a_row_stays_open_until_its_end_and_takes_its_resumption() {
        let again = Cue { airing: Some(0), from: Frames(480), ..cue(Some(slot(5)), Trigger::Resume) };
        let mut log = log(vec![
            cued(5),
            Body::Start(start(0)),
            Body::Cue(Box::new(again)),
            Body::Start(Start { device: "usb".into(), error_us: 99, ..start(0) }),
        ]);
        let row = &rows(&log)[0];
        assert_eq!((row.outcome, row.consumed, row.starts), (None, None, 2));
        assert_eq!(row.devices.len(), 2);
        assert_eq!((row.start_error_us, row.trigger), (Some(4000), Some(Trigger::Schedule)));
        log.push(Entry { seq: 4, clk: clk(0), body: ended(0, 5, Outcome::Partial) });
        let rows = rows(&log);
        assert_eq!((rows.len(), rows[0].outcome), (1, Some(Outcome::Partial)));
        assert_eq!(rows[0].reason, Some(Reason::OperatorStop));
    }

    #[test]
    fn what_did_not_air_says_why_and_what_people_said() {
        let act = OperatorAct {
            act: "cancel".into(),
            by: "B".into(),
            reason: "bão".into(),
            slot: Some(slot(6)),
            until_ms: None,
        };
        let note = |text: &str| Body::Note { slot: slot(6), by: "B".into(), text: text.into() };
        let log = log(vec![
            Body::Operator(act),
            missed(6, Reason::Cancelled),
            note("bão số 4"),
            Body::Correct { entry: 2, by: "B".into(), text: "bão số 5".into() },
            Body::Heartbeat {},
        ]);
        let row = &rows(&log)[0];
        assert_eq!((row.outcome, row.reason), (Some(Outcome::Missed), Some(Reason::Cancelled)));
        assert_eq!((row.detail.as_str(), row.airing, row.planned_ms), ("tắt", None, 5));
        let said: Vec<_> = row.notes.iter().map(|n| (n.seq, n.corrects, n.text.as_str())).collect();
        assert_eq!(said, [(0, None, "bão"), (2, None, "bão số 4"), (3, Some(2), "bão số 5")]);
        assert_eq!(row.seqs, [0, 1, 2, 3]);
    }

    #[test]
    fn manual_airings_and_make_goods_have_rows_of_their_own() {
        let good = Cue { repairs: Some(slot(5)), ..cue(None, Trigger::MakeGood) };
        let manual = || Body::Cue(Box::new(cue(None, Trigger::Manual)));
        let log = log(vec![missed(5, Reason::PowerOff), Body::Cue(Box::new(good)), manual(), manual()]);
        let rows = rows(&log);
        assert_eq!(rows.iter().map(|r| r.airing).collect::<Vec<_>>(), [None, Some(1), Some(2), Some(3)]);
        assert_eq!((rows[1].repairs.as_ref(), rows[1].slot.as_ref()), (Some(&slot(5)), None));
    }

    #[test]
    fn a_second_outcome_is_shown_and_changes_nothing() {
        let log = log(vec![
            cued(5),
            ended(0, 5, Outcome::Full),
            missed(5, Reason::PowerOff),
            ended(9, 5, Outcome::Full),
        ]);
        let row = &rows(&log)[0];
        assert_eq!((row.outcome, row.reason, row.detail.as_str()), (Some(Outcome::Full), None, ""));
        assert_eq!(row.conflicts, [2]);
    }

    proptest! {
        #[test]
        fn every_entry_of_an_airing_lands_in_exactly_one_row(picks in prop::collection::vec((0..6u8, 1..9u32, 0..40u64), 0..40)) {
            let bodies = picks.iter().map(|&(what, day, airing)| match what {
                0 => cued(day),
                1 => Body::Start(start(airing)),
                2 => segment(airing, day),
                3 => ended(airing, day, Outcome::Full),
                4 => missed(day, Reason::PowerOff),
                _ => Body::Heartbeat {},
            });
            let log = log(bodies.collect());
            let rows = rows(&log);
            let mut seqs: Vec<u64> = rows.iter().flat_map(|r| r.seqs.clone()).collect();
            seqs.sort_unstable();
            prop_assert!(seqs.windows(2).all(|w| w[0] < w[1]));
            let mut slots: Vec<_> = rows.iter().filter_map(|r| r.slot.clone()).collect();
            let count = slots.len();
            slots.sort();
            slots.dedup();
            prop_assert_eq!(slots.len(), count);
            for row in rows {
                prop_assert!(row.seqs.is_sorted());
                prop_assert!(row.conflicts.iter().all(|c| row.seqs.contains(c)));
            }
        }
    }
}
