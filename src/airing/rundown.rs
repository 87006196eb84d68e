//! What is due: the slots of a month as they now stand, and the airing that the last run left open.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Action, Controller, Interrupted, Job, Planned, Standing,
    controller::{Attempt, Phase, missed, missed_as},
    judge,
};
use crate::{
    clock::Reading,
    evidence::{Body, Outcome, Reason, Trigger},
    playout::Command,
    units::{Frames, ScheduleName},
};

impl Controller {
    pub(super) fn replace(
        &mut self,
        schedule: ScheduleName,
        slots: Vec<Planned>,
        standing: Standing,
        reading: &Reading,
        out: &mut Vec<Action>,
    ) {
        // By a clock in doubt nothing has surely passed.
        let now = if self.trust.doubt().is_some() { DateTime::<Utc>::MIN_UTC } else { reading.wall };
        self.put_back(schedule, &slots, out);
        self.make_goods.replace(schedule, &slots, standing != Standing::Draft);
        let mut gone: BTreeMap<_, _> = self
            .due
            .extract_if(.., |_, slot| slot.stands_in(schedule))
            .map(|((_, id), slot)| (id, slot))
            .collect();
        let mut closed = Vec::new();
        for slot in slots {
            let key = (slot.at, slot.id.clone());
            let mut known = gone.remove(&slot.id).is_some();
            self.withdrawn.remove(&key);
            // Of two slots of one name, which two schedules should not have, the centre's stands.
            let beside = slot.ward || standing == Standing::Draft;
            let settled = self.closed.contains(&slot.id) || slot.at < self.owed_from;
            if settled || (beside && self.due.contains_key(&key)) {
                continue;
            }
            known |= self.due.remove(&key).is_some();
            let passed = slot.at < now && !known;
            match standing {
                Standing::Draft if passed => {}
                Standing::Fresh if passed => {
                    self.closed.insert(slot.id.clone());
                    self.make_goods.owed().closed(&slot.id, Outcome::Missed, Some(Reason::ScheduleLate));
                    closed.push(missed(&slot, Reason::ScheduleLate, ""));
                }
                _ => {
                    self.unsettle(&slot, standing, known, reading);
                    self.due.insert(key, slot);
                }
            }
        }
        if standing != Standing::Draft {
            // A later revision may bring them back, so they get their outcome only when their time comes.
            self.withdrawn.extend(gone.into_values().map(|slot| ((slot.at, slot.id.clone()), slot)));
            self.give_way(out);
        }
        if !closed.is_empty() {
            out.push(Action::Record(closed));
        }
    }

    /// The ward's own slots leave those of the centre alone. They too may come back, when the centre moves its
    /// own.
    fn give_way(&mut self, out: &mut Vec<Action>) {
        let at_work = self.phase.job().and_then(Job::planned_slot);
        let centre: Vec<Planned> =
            self.due.values().cloned().chain(at_work).filter(|slot| !slot.ward).collect();
        let in_the_way = |slot: &Planned| slot.ward && centre.iter().any(|other| slot.overlaps(other));
        self.withdrawn.extend(self.due.extract_if(.., |_, slot| in_the_way(slot)));
        if let Phase::Preparing { job, .. } | Phase::Ready { job, .. } = &self.phase
            && job.trigger == Trigger::Schedule
            && let Some(slot) = job.planned_slot().filter(|slot| in_the_way(slot))
        {
            // Not cued yet, so nobody has heard or read of it; what goes on after a cut was, and ends as its own.
            out.push(Action::Player(Command::Close));
            self.phase = Phase::Idle;
            self.closed.remove(&slot.id);
            self.withdrawn.insert((slot.at, slot.id.clone()), slot);
        }
    }

    /// Slots that a newer revision dropped get their outcome when their time has come.
    pub(super) fn close_withdrawn(&mut self, now: DateTime<Utc>, out: &mut Vec<Action>) {
        let passed = self.withdrawn.extract_if(.., |(at, _), _| *at <= now);
        let bodies: Vec<Body> = passed
            .map(|((_, id), slot)| {
                self.closed.insert(id);
                missed_as(&slot, Outcome::Cancelled, Reason::Superseded, "")
            })
            .collect();
        if !bodies.is_empty() {
            out.push(Action::Record(bodies));
        }
    }

    /// A slot that is being made ready and not cued yet follows the schedule that replaces its own.
    fn put_back(&mut self, schedule: ScheduleName, slots: &[Planned], out: &mut Vec<Action>) {
        let (Phase::Preparing { job, .. } | Phase::Ready { job, .. }) = &self.phase else { return };
        if job.trigger == Trigger::MakeGood && (job.month, job.ward) == (schedule.month, schedule.ward) {
            // Planned anew from the schedule as it now stands.
            out.push(Action::Player(Command::Close));
            self.phase = Phase::Idle;
            return;
        }
        let Some(slot) = job.planned_slot().filter(|slot| slot.stands_in(schedule)) else { return };
        let replacement = slots.iter().find(|new| new.id == slot.id);
        let stands = replacement.is_some_and(|new| new.schedule == slot.schedule);
        if stands || job.trigger != Trigger::Schedule {
            return;
        }
        if replacement.is_none() {
            out.push(Action::Player(Command::Close));
        }
        self.phase = Phase::Idle;
        self.closed.remove(&slot.id);
        self.due.insert((slot.at, slot.id.clone()), slot);
    }

    pub(super) fn resume(&mut self, cut: &Interrupted, now: DateTime<Utc>, out: &mut Vec<Action>) {
        let job = cut.job();
        let away = now - cut.heard_until;
        let in_time = away <= TimeDelta::seconds(i64::from(self.rules.policy.resume_within_s))
            && away >= TimeDelta::zero();
        let whole_left = job.rest() > Frames::ZERO && cut.reason != Reason::OperatorStop;
        // One goes on at most: what was cut before it has had its chance.
        let may = self.trust.doubt().is_none() || job.urgent.is_some();
        if self.is_idle() && in_time && whole_left && may && self.fits(&job, now) {
            if job.urgent.is_some() {
                self.urgents.begin(job.schedule, now);
            }
            // It goes on the moment it is ready, whatever its planned instant was.
            out.push(Action::Player(Command::Open));
            out.push(Action::Prepare(Box::new(job.clone())));
            self.phase = Phase::Preparing { job, attempt: Attempt::Running { since: now } };
        } else {
            self.ended(&job, judge::abandoned(&job, cut.airing, None, self.rules.rehearsal), out);
        }
    }
}
