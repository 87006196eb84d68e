//! What the log says of the time before this start: slots with an outcome, the airing that was cut, the
//! schedules in force.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    airing::{Interrupted, Planned},
    clock::Reading,
    control::{ControlError, Position},
    evidence::{Body, Clk, Cue, Entry, Missed, Outcome, Reason, ScheduleFact},
    programme::SlotList,
    store::Log,
    units::{Frames, ScheduleName, SlotId},
};

/// What the log says of the time before.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Slots that have an outcome or were cued.
    pub closed: BTreeSet<SlotId>,
    /// The schedules that were accepted, in order: the last of each name is in force.
    pub accepted: Vec<ScheduleFact>,
    /// The outputs that sounded, of the airing that is open.
    to_file: bool,
    /// The longest hole before a continuation, of the airing that is open.
    hole_ms: u64,
    /// The airing that was open when the last run ended.
    pub open: Option<(u64, Cue, Clk)>,
    /// The last entry's clocks.
    pub last: Option<Clk>,
    /// Whether the last run ended in order; a new log counts as such.
    pub clean: bool,
    /// When this log's epoch began, if there was one before it.
    pub owed_from: Option<DateTime<Utc>>,
    /// A hold that was in force.
    pub hold_until: Option<DateTime<Utc>>,
}

impl Past {
    /// Reads it from `log`.
    pub fn read(log: &Log) -> Result<Past, ControlError> {
        let mut past = Past { clean: true, ..Past::default() };
        for entry in log.reader().entries(0..log.size()) {
            past.take(entry?);
        }
        Ok(past)
    }

    fn take(&mut self, entry: Entry) {
        self.clean = matches!(entry.body, Body::Shutdown { .. } | Body::LogOpen { .. });
        match entry.body {
            Body::LogOpen { after, .. } => self.owed_from = after.map(|_| entry.clk.wall()),
            Body::Cue(cue) => {
                self.closed.extend(cue.slot.clone());
                let airing = cue.airing.unwrap_or(entry.seq);
                self.open = Some((airing, *cue, entry.clk.clone()));
            }
            Body::Start(start) => {
                self.to_file |= start.device.starts_with("wav:");
                self.hole_ms = self.hole_ms.max(start.hole_ms.unwrap_or(0));
            }
            Body::End(end) => {
                (self.to_file, self.hole_ms) = (false, 0);
                self.closed.extend(end.slot);
                self.open = self.open.take().filter(|(airing, ..)| *airing != end.airing);
            }
            Body::Missed(missed) => {
                self.closed.insert(missed.slot);
            }
            Body::ScheduleAccept(fact) => {
                self.accepted.push(fact);
            }
            Body::Operator(act) => match act.act.as_str() {
                "hold" => self.hold_until = act.until_ms.and_then(DateTime::from_timestamp_millis),
                "release" => self.hold_until = None,
                _ => {}
            },
            _ => {}
        }
        self.last = Some(entry.clk);
    }

    /// The last accepted of each schedule: a month may have the centre's and the ward's own.
    pub fn in_force(&self) -> Vec<ScheduleFact> {
        let last: BTreeMap<ScheduleName, &ScheduleFact> =
            self.accepted.iter().map(|fact| (fact.name(), fact)).collect();
        last.into_values().cloned().collect()
    }

    /// The last reading of this same boot of the machine.
    pub fn last_reading(&self, boot: &str) -> Option<Reading> {
        let last = self.last.as_ref().filter(|last| last.boot == boot)?;
        Some(Reading { wall: last.wall(), boot_ns: last.boot_ms * 1_000_000 })
    }

    /// The airing that was cut, with the stamp beside the log; `boot` is the machine's boot now.
    pub fn interrupted(&self, stamp: &Path, boot: &str) -> Option<Interrupted> {
        let (airing, cue, clk) = self.open.clone()?;
        let stamp = Position::read(stamp).filter(|stamp| stamp.airing == airing && stamp.heard >= cue.from);
        // The program died under a living machine, or the machine went down with it.
        let crashed = clk.boot == boot && !self.clean;
        Some(Interrupted {
            airing,
            heard: stamp.map_or(cue.from, |stamp| stamp.heard.min(cue.frames)),
            heard_until: stamp.map_or_else(|| clk.wall(), |stamp| stamp.at),
            reason: if crashed { Reason::SoftwareFault } else { Reason::PowerOff },
            proof: if self.to_file { 1 } else { 2 },
            hole: TimeDelta::milliseconds(i64::try_from(self.hole_ms).unwrap_or(i64::MAX)),
            cue,
        })
    }

    /// Entries for the slots that passed, without an outcome, before `now` minus what is still startable:
    /// the station was off. Their slots are closed with it.
    pub fn close_missed(
        &mut self,
        log: &Log,
        startable_from: DateTime<Utc>,
        detail: &str,
    ) -> Result<Vec<Body>, ControlError> {
        let mut bodies = Vec::new();
        for fact in self.in_force() {
            for slot in slots_of(log, &fact)? {
                if slot.at < startable_from && self.closed.insert(slot.id.clone()) {
                    bodies.push(Body::Missed(Missed {
                        slot: slot.id,
                        planned_ms: slot.at.timestamp_millis(),
                        outcome: Outcome::Missed,
                        reason: Reason::PowerOff,
                        detail: detail.into(),
                    }));
                }
            }
        }
        Ok(bodies)
    }
}

/// The slots of an accepted schedule, from the list stored beside the log.
pub(super) fn slots_of(log: &Log, fact: &ScheduleFact) -> Result<Vec<Planned>, ControlError> {
    let bytes = log.reader().blob(fact.slots)?.unwrap_or_default();
    let list = String::from_utf8_lossy(&bytes).parse::<SlotList>().map(|list| list.slots).unwrap_or_default();
    let planned = |(id, at)| Planned { id, at, length: Frames::ZERO, schedule: fact.digest, ward: fact.ward };
    Ok(list.into_iter().map(planned).collect())
}
