//! Whether every slot of the accepted, stored lists ends in exactly one outcome, with what it needs.
//!
//! A slot **owes** its outcome once the log shows, on a trusted clock (`time`), that its instant passed by
//! more than the station may take: its late start, five minutes in which a preparation that never answers is
//! given up, and the longest programme of this log, since a process that only airs one thing closes no slots
//! meanwhile. A slot that had passed when its list was accepted owes it so long after the acceptance. A slot
//! that a newer revision drops owes it just the same (`superseded`), so the lists of a month add up. Slots of
//! a draft, which was refused before its month was ever accepted, may be closed without a list but may not air.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    airings::Airings,
    fault::CompletenessReport,
    period::Span,
    time::{Patience, Time},
};
use crate::{
    evidence::{Body, End, Entry, Missed, Outcome, ScheduleFact},
    programme::SlotList,
    units::{Digest, Month, ScheduleName, SlotId},
    words::Message,
};

/// After a slot's latest start, a preparation that never answers is given up within this time.
const SETTLING_MS: i64 = 5 * 60_000;
/// At most this many slots of drafts are remembered: five years of a slot every hour, twice over.
const MOST_UNLISTED: u64 = 100_000;
/// At most this many slots are held apart: eleven years of a slot every hour.
const MOST_LISTED: usize = 100_000;

/// What is known of a slot.
#[derive(Debug)]
struct Held {
    at_ms: i64,
    /// From when on it owes its outcome, but for the time that an airing may take.
    due_ms: i64,
    /// The entry that accepted it first; none for a draft's.
    accepted: Option<u64>,
    /// The entry that closed it, and how.
    outcome: Option<(u64, Outcome)>,
    /// Its airing never ended, which is named already.
    unended: bool,
}

/// The comparison in progress. Give it every entry of a log in order; it keeps one small record a slot and
/// the open airings, nothing an entry.
#[derive(Debug)]
pub struct Completeness {
    late_start_ms: i64,
    time: Time,
    airings: Airings,
    /// Slots before it were an earlier epoch's to answer for.
    owed_from_ms: i64,
    before_epoch: HashSet<SlotId>,
    slots: HashMap<SlotId, Held>,
    unlisted: u64,
    accepted: BTreeSet<ScheduleName>,
    /// Schedules that were refused before any list of theirs was accepted.
    drafts: BTreeSet<ScheduleName>,
    /// Months of which a list is missing: nobody can say which slots they hold.
    unknown: BTreeSet<Month>,
    report: CompletenessReport,
}

impl Completeness {
    /// Begins before the first entry.
    #[must_use]
    pub fn new(patience: Patience) -> Completeness {
        Completeness {
            late_start_ms: patience.late_start.num_milliseconds(),
            time: Time::new(patience),
            airings: Airings::default(),
            owed_from_ms: i64::MIN,
            before_epoch: HashSet::new(),
            slots: HashMap::new(),
            unlisted: 0,
            accepted: BTreeSet::new(),
            drafts: BTreeSet::new(),
            unknown: BTreeSet::new(),
            report: CompletenessReport::default(),
        }
    }

    /// Begins before the first entry of a part of a log, in which only the slots of these `days` are all there:
    /// nothing else is counted, nor said to be missing.
    #[must_use]
    pub fn of_part(patience: Patience, days: Span) -> Completeness {
        let mut part = Completeness::new(patience);
        part.report.days = Some(days);
        part
    }

    /// Takes the next entry. `stored` gives the bytes that are stored beside the log under a digest, or
    /// `None`; it is asked once for every `schedule.accept`, with the digest of its slot list.
    pub fn push(&mut self, entry: &Entry, stored: &mut dyn FnMut(Digest) -> Option<Vec<u8>>) {
        let trusted = self.time.follow(entry);
        let (seq, wall_ms) = (entry.seq, entry.clk.wall_ms);
        match &entry.body {
            Body::LogOpen { reason, after, .. } => {
                self.airings.rehearsal = reason == "rehearsal";
                self.owed_from_ms = after.as_ref().map_or(i64::MIN, |_| wall_ms);
            }
            Body::Boot(_) => self.airings.boot(wall_ms),
            Body::ScheduleAccept(fact) => {
                let passed_ms = if trusted { wall_ms } else { i64::MIN };
                self.accept(seq, passed_ms, fact, stored(fact.slots));
            }
            Body::ScheduleRefuse { month, ward, .. } => {
                self.report.months.insert(*month);
                let name = ScheduleName { month: *month, ward: *ward };
                if !self.accepted.contains(&name) {
                    self.drafts.insert(name);
                }
            }
            Body::Cue(cue) => {
                let given_up = self.airings.cue(seq, wall_ms, cue, &mut self.report);
                self.unended(given_up.as_ref());
            }
            Body::Start(start) => self.airings.start(seq, wall_ms, start, &mut self.report),
            Body::Segment(segment) => self.airings.segment(seq, wall_ms, segment.airing, &mut self.report),
            Body::End(end) => self.end(seq, end),
            Body::Missed(missed) => self.missed(seq, missed),
            _ => {}
        }
    }

    /// Ends behind the last entry.
    #[must_use]
    pub fn finish(mut self) -> CompletenessReport {
        let grace_ms = self.late_start_ms.saturating_add(self.airings.longest_ms).saturating_add(SETTLING_MS);
        let airings = std::mem::take(&mut self.airings);
        for (open, waits) in airings.finish(self.time.seen_ms, &mut self.report) {
            match open.slot {
                Some(slot) if waits && self.report.asks(&slot) => self.report.open.push(slot),
                slot => self.unended(slot.as_ref()),
            }
        }
        let mut slots: Vec<_> = self.slots.into_iter().collect();
        slots.sort_by(|(a, held_a), (b, held_b)| (held_a.at_ms, a).cmp(&(held_b.at_ms, b)));
        let mut report = self.report;
        report.totals.unlisted = self.unlisted;
        report.totals.before_epoch = self.before_epoch.len() as u64;
        for (slot, held) in &slots {
            let Some(accepted) = held.accepted else { continue };
            report.totals.listed += 1;
            if let Some((_, outcome)) = held.outcome {
                *report.totals.closed.entry(outcome).or_default() += 1;
            } else if held.unended {
                report.totals.without += 1;
            } else if report.open.contains(slot) {
                report.totals.open += 1;
            } else if held.due_ms.saturating_add(grace_ms) < self.time.seen_ms {
                report.totals.without += 1;
                report.fault(accepted, Some(slot), Message::new("complete-no-outcome"));
            } else {
                report.totals.to_come += 1;
            }
        }
        report
    }

    fn accept(&mut self, seq: u64, passed_ms: i64, fact: &ScheduleFact, bytes: Option<Vec<u8>>) {
        self.accepted.insert(fact.name());
        self.report.months.insert(fact.month);
        let list = match list_of(fact, bytes) {
            Ok(list) => list,
            Err(message) => {
                self.unknown.insert(fact.month);
                return self.report.list_fault(seq, message.with("month", fact.month));
            }
        };
        let found = list.slots.len() as u64;
        if found != fact.count {
            let message = Message::new("complete-list-count").with("month", fact.month);
            self.report.list_fault(seq, message.with("found", found).with("wanted", fact.count));
        }
        if self.slots.len() + self.before_epoch.len() + list.slots.len() > MOST_LISTED {
            self.unknown.insert(fact.month);
            let message = Message::new("complete-list-many").with("month", fact.month);
            return self.report.list_fault(seq, message.with("most", MOST_LISTED));
        }
        for (slot, at) in list.slots {
            let at_ms = at.timestamp_millis();
            if !self.report.asks(&slot) {
                continue;
            }
            if at_ms < self.owed_from_ms {
                self.before_epoch.insert(slot);
                continue;
            }
            let due_ms = at_ms.max(passed_ms);
            let held = self.slots.entry(slot).or_insert(Held {
                at_ms,
                due_ms,
                accepted: None,
                outcome: None,
                unended: false,
            });
            if held.accepted.is_none() || held.at_ms != at_ms {
                (held.at_ms, held.due_ms) = (at_ms, due_ms);
            }
            if held.accepted.is_none() && held.outcome.is_some() {
                // A draft's slot that was closed before its month was accepted.
                self.unlisted = self.unlisted.saturating_sub(1);
            }
            held.accepted.get_or_insert(seq);
        }
    }

    fn end(&mut self, seq: u64, end: &End) {
        let closed = end.slot.as_ref().is_some_and(|slot| self.is_closed(slot));
        self.airings.end(seq, end, closed, &mut self.report);
        if let Some(slot) = &end.slot {
            self.close(seq, slot, end.outcome, false);
        }
    }

    fn missed(&mut self, seq: u64, missed: &Missed) {
        let slot = &missed.slot;
        if matches!(missed.outcome, Outcome::Full | Outcome::Partial | Outcome::Test | Outcome::OutOfWindow) {
            self.report.fault(seq, Some(slot), Message::new("complete-missed-aired"));
        }
        let of = |ward| self.drafts.contains(&ScheduleName { month: slot.month, ward });
        self.close(seq, slot, missed.outcome, of(false) || of(true));
    }

    fn is_closed(&self, slot: &SlotId) -> bool {
        self.slots.get(slot).is_some_and(|held| held.outcome.is_some())
    }

    fn close(&mut self, seq: u64, slot: &SlotId, outcome: Outcome, draft: bool) {
        if !self.report.asks(slot) {
            return;
        }
        if let Some(held) = self.slots.get_mut(slot) {
            match held.outcome {
                None => held.outcome = Some((seq, outcome)),
                Some((first, _)) => {
                    let message = Message::new("complete-twice").with("first", first);
                    self.report.fault(seq, Some(slot), message);
                }
            }
            return;
        }
        if !draft && !self.unknown.contains(&slot.month) {
            return self.report.fault(seq, Some(slot), Message::new("complete-unlisted"));
        }
        self.unlisted += 1;
        if self.unlisted <= MOST_UNLISTED {
            let outcome = Some((seq, outcome));
            let held = Held { at_ms: i64::MIN, due_ms: i64::MIN, accepted: None, outcome, unended: false };
            self.slots.insert(slot.clone(), held);
        } else {
            self.report.fault(seq, Some(slot), Message::new("complete-unlisted"));
        }
    }

    fn unended(&mut self, slot: Option<&SlotId>) {
        if let Some(held) = slot.and_then(|slot| self.slots.get_mut(slot)) {
            held.unended = true;
        }
    }
}

/// The list that `fact` accepted, from the bytes stored for it.
fn list_of(fact: &ScheduleFact, bytes: Option<Vec<u8>>) -> Result<SlotList, Message> {
    let bytes = bytes.ok_or(Message::new("complete-list-missing"))?;
    if Digest::of(&bytes) != fact.slots {
        return Err(Message::new("complete-list-differs"));
    }
    let list: Option<SlotList> = String::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    list.filter(|list| list.month == fact.month && list.schedule == fact.digest)
        .ok_or(Message::new("complete-list-unreadable"))
}
