//! The as-run rows: what the entries of a log say about every slot and every manual airing, folded
//! into one row each (`docs/json.md`, as-run row).
//!
//! The rows say what the log says and judge nothing: slots without any entry are found by comparing with
//! the stored slot lists.

mod row;

use std::collections::HashMap;

pub use row::{AsRunRow, Remark};

use super::entry::{Airing, Body, Clk, Cue, Entry, ManualFact, Missed};
use crate::units::SlotId;

/// The fold in progress; give it the entries in ascending order.
#[derive(Debug, Default)]
pub struct AsRun {
    rows: Vec<AsRunRow>,
    of_slot: HashMap<SlotId, usize>,
    of_airing: HashMap<Airing, usize>,
    of_seq: HashMap<u64, usize>,
    /// Remarks on slots of which no entry has spoken yet, and which slot each of them is on.
    early: HashMap<SlotId, Vec<Remark>>,
    early_seq: HashMap<u64, SlotId>,
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
            Body::Correct { entry, by, text } => {
                let remark = Remark { corrects: Some(*entry), ..Remark::new(seq, "", by, text) };
                self.correction(*entry, remark)
            }
            Body::Manual(fact) => Some(self.by_hand(seq, &entry.clk, fact)),
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
        self.rows[at].missed(seq, missed);
        at
    }

    /// It stands beside the slot and never for it: a row of its own.
    fn by_hand(&mut self, seq: u64, clk: &Clk, fact: &ManualFact) -> usize {
        self.add(None, AsRunRow::by_hand(seq, clk, fact))
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
            self.early_seq.insert(remark.seq, slot.clone());
            self.early.entry(slot.clone()).or_default().push(remark);
            return None;
        };
        self.rows[at].notes.push(remark);
        Some(at)
    }

    /// A correction goes where the corrected entry is: to its row, or to the remarks that wait for one.
    fn correction(&mut self, entry: u64, remark: Remark) -> Option<usize> {
        if let Some(&at) = self.of_seq.get(&entry) {
            self.rows[at].notes.push(remark);
            return Some(at);
        }
        let slot = self.early_seq.get(&entry)?.clone();
        self.remark(&slot, remark)
    }
}

#[cfg(test)]
mod tests;
