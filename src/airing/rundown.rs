//! What is due: the slots of a month as they now stand, and the airing that the last run left open.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Action, Controller, Interrupted, Planned, Standing,
    controller::{Attempt, Phase, missed, missed_as},
    judge,
};
use crate::{
    evidence::{Body, Outcome, Reason, Trigger},
    playout::Command,
    units::{Frames, Month},
};

impl Controller {
    pub(super) fn replace_month(
        &mut self,
        month: Month,
        slots: Vec<Planned>,
        standing: Standing,
        now: DateTime<Utc>,
        out: &mut Vec<Action>,
    ) {
        self.put_back(month, &slots, out);
        let mut gone: BTreeMap<_, _> = self
            .due
            .extract_if(.., |(_, id), _| id.month == month)
            .map(|((_, id), slot)| (id, slot))
            .collect();
        let mut closed = Vec::new();
        for slot in slots {
            let known = gone.remove(&slot.id).is_some();
            self.withdrawn.remove(&(slot.at, slot.id.clone()));
            if self.closed.contains(&slot.id) || slot.at < self.owed_from {
                continue;
            }
            let passed = slot.at < now && !known;
            match standing {
                Standing::Draft if passed => {}
                Standing::Fresh if passed => {
                    self.closed.insert(slot.id.clone());
                    closed.push(missed(&slot, Reason::ScheduleLate, ""));
                }
                _ => drop(self.due.insert((slot.at, slot.id.clone()), slot)),
            }
        }
        if standing != Standing::Draft {
            // A later revision may bring them back, so they get their outcome only when their time comes.
            self.withdrawn.extend(gone.into_values().map(|slot| ((slot.at, slot.id.clone()), slot)));
        }
        if !closed.is_empty() {
            out.push(Action::Record(closed));
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
    fn put_back(&mut self, month: Month, slots: &[Planned], out: &mut Vec<Action>) {
        let (Phase::Preparing { job, .. } | Phase::Ready { job, .. }) = &self.phase else { return };
        let Some(id) = job.slot.clone().filter(|id| id.month == month) else { return };
        let replacement = slots.iter().find(|slot| slot.id == id);
        let stands = replacement.is_some_and(|slot| slot.schedule == job.schedule);
        if stands || job.trigger != Trigger::Schedule {
            return;
        }
        if replacement.is_none() {
            out.push(Action::Player(Command::Close));
        }
        let slot = Planned { id: id.clone(), at: job.planned, length: job.length, schedule: job.schedule };
        self.phase = Phase::Idle;
        self.closed.remove(&id);
        self.due.insert((slot.at, id), slot);
    }

    pub(super) fn resume(&mut self, cut: &Interrupted, now: DateTime<Utc>, out: &mut Vec<Action>) {
        let job = cut.job();
        let away = now - cut.heard_until;
        let in_time = away <= TimeDelta::seconds(i64::from(self.rules.policy.resume_within_s))
            && away >= TimeDelta::zero();
        let whole_left = job.rest() > Frames::ZERO;
        if in_time && whole_left && self.trust.doubt().is_none() && self.fits(&job, now) {
            // It goes on the moment it is ready, whatever its planned instant was.
            out.push(Action::Player(Command::Open));
            out.push(Action::Prepare(Box::new(job.clone())));
            self.phase = Phase::Preparing { job, attempt: Attempt::Running { since: now } };
        } else {
            out.push(Action::Record(vec![Body::End(Box::new(judge::abandoned(&job, cut.airing, None)))]));
        }
    }
}
