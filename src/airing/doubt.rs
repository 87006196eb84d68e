//! A clock in doubt: nothing is begun by it, and nothing that passes is closed. What is on its way to air goes back,
//! and what comes meanwhile is held against the instant at which it came, when the clock is right again.

use std::{collections::BTreeMap, mem};

use chrono::{DateTime, Utc};

use super::{
    Action, Controller, Job, Planned, Standing,
    controller::{Phase, missed},
};
use crate::{
    clock::Reading,
    evidence::{Outcome, Reason},
    playout::Command,
    units::SlotId,
};

/// Slots of which nobody knows yet whether they came behind their time: how their schedule stands, and when they came.
pub(super) type Unsettled = BTreeMap<(DateTime<Utc>, SlotId), (Standing, Reading)>;

impl Controller {
    /// What is made ready for its second and not cued waits like any other slot again; a make-good is planned anew. Its
    /// second may come a second time. What goes on after a cut, or was asked for by a person, has none, and ends.
    pub(super) fn put_off(&mut self, out: &mut Vec<Action>) {
        let (Phase::Preparing { job, .. } | Phase::Ready { job, .. }) = &self.phase else { return };
        if job.has_second() {
            self.put_aside(out);
        }
    }

    /// What is made ready and not cued goes back: a slot waits like any other again, a make-good is planned anew.
    pub(super) fn put_aside(&mut self, out: &mut Vec<Action>) {
        let slot = self.phase.job().and_then(Job::planned_slot);
        self.phase = Phase::Idle;
        out.push(Action::Player(Command::Close));
        if let Some(slot) = slot {
            self.closed.remove(&slot.id);
            self.due.insert((slot.at, slot.id.clone()), slot);
        }
    }

    /// A slot came in doubt; `known`: not for the first time.
    pub(super) fn unsettle(&mut self, slot: &Planned, standing: Standing, known: bool, now: &Reading) {
        let key = (slot.at, slot.id.clone());
        match self.unsettled.get_mut(&key) {
            // A draft that was accepted since owes its outcome.
            Some((stands, _)) => *stands = standing,
            None if known || standing == Standing::Known || self.trust.doubt().is_none() => {}
            None => drop(self.unsettled.insert(key, (standing, now.clone()))),
        }
    }

    /// The clock is right: what came in doubt, and behind its time, came too late.
    pub(super) fn settle(&mut self, now: &Reading, out: &mut Vec<Action>) {
        let mut closed = Vec::new();
        for (key, (standing, came)) in mem::take(&mut self.unsettled) {
            if key.0 >= now.wall - now.since(&came) {
                continue;
            }
            let Some(slot) = self.due.remove(&key).filter(|_| standing != Standing::Draft) else { continue };
            self.closed.insert(slot.id.clone());
            self.make_goods.owed().closed(&slot.id, Outcome::Missed, Some(Reason::ScheduleLate));
            closed.push(missed(&slot, Reason::ScheduleLate, ""));
        }
        if !closed.is_empty() {
            out.push(Action::Record(closed));
        }
    }
}
