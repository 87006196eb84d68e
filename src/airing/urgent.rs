//! What is urgent comes first: what is on air gives way, whatever a hold or a doubted clock says, and what was displaced
//! is owed.
//!
//! Of several urgent programmes the one whose time came first airs first; none displaces another. Each airs once at a
//! station, or is told as unaired when its own time is over.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Action, Controller, Job, Refused, controller::Phase, job::Before};
use crate::{
    evidence::{Body, PackageAct, PackageFact, PackageName, Reason, Trigger},
    playout::Command,
    units::{Digest, Frames},
};

/// A programme that an urgent package brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urgent {
    /// What its package is called.
    pub what: PackageName,
    /// Digest of what the package signs.
    pub package: Digest,
    /// Digest of its schedule: by it the log knows whether it was aired.
    pub schedule: Digest,
    /// Its programme.
    pub programme: String,
    /// From when it may sound.
    pub from: DateTime<Utc>,
    /// Until when it must have ended.
    pub until: DateTime<Utc>,
    /// Its length; zero where it was not measured.
    pub length: Frames,
}

/// The urgent programmes of a station.
#[derive(Debug, Default)]
pub(super) struct Urgents {
    /// Those to come, by their time and number.
    pending: BTreeMap<(DateTime<Utc>, u64), Urgent>,
    /// Schedules of those that were aired, or will not be.
    closed: BTreeSet<Digest>,
    /// When one was on air or on its way there in this run; the last may still be.
    spans: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)>,
}

impl Urgents {
    /// The log gave these an outcome.
    pub fn close(&mut self, schedules: BTreeSet<Digest>) {
        self.closed.extend(schedules);
    }

    /// One is on its way to air.
    pub fn begin(&mut self, schedule: Digest, now: DateTime<Utc>) {
        self.closed.insert(schedule);
        self.spans.push((now, None));
    }

    /// None is on its way to air any more.
    fn end(&mut self, now: DateTime<Utc>) {
        if let Some((_, to)) = self.spans.last_mut() {
            to.get_or_insert(now);
        }
    }

    /// Whether one took a part of the time between both instants.
    pub fn took(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        self.spans.iter().any(|(begun, over)| *begun <= to && over.is_none_or(|over| over >= from))
    }

    /// The first whose time it is.
    fn due(&self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, u64)> {
        let its_time = |(_, urgent): &(&_, &Urgent)| urgent.from <= now && now < urgent.until;
        self.pending.iter().find(its_time).map(|(key, _)| *key)
    }

    /// When the next one may sound.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        self.pending.keys().next().map(|(from, _)| *from)
    }
}

impl Controller {
    /// Urgent programmes that lie at the station; of those that it knows nothing changes.
    pub(super) fn urgent_came(&mut self, urgents: Vec<Urgent>) {
        for urgent in urgents {
            if !self.urgents.closed.contains(&urgent.schedule) {
                self.urgents.pending.retain(|_, known| known.schedule != urgent.schedule);
                self.urgents.pending.insert((urgent.from, urgent.what.seq), urgent);
            }
        }
    }

    /// Begins what is urgent as soon as nothing else is at work; tells of what did not air in its time.
    pub(super) fn hurry(&mut self, now: DateTime<Utc>, out: &mut Vec<Action>) {
        if self.phase.job().is_some_and(|job| job.urgent.is_some()) {
            return;
        }
        self.urgents.end(now);
        // By a clock in doubt no time is surely over.
        if self.trust.doubt().is_none() {
            self.tell_lapsed(now, out);
        }
        let due = self.urgents.due(now).filter(|_| self.clear_the_air(out));
        if let Some(urgent) = due.and_then(|key| self.urgents.pending.remove(&key)) {
            self.urgents.begin(urgent.schedule, now);
            self.begin(Job::of_urgent(urgent, now), now, out);
        }
    }

    fn tell_lapsed(&mut self, now: DateTime<Utc>, out: &mut Vec<Action>) {
        let lapsed: Vec<Urgent> =
            self.urgents.pending.extract_if(.., |_, urgent| urgent.until <= now).map(|(_, it)| it).collect();
        for urgent in lapsed {
            self.urgents.closed.insert(urgent.schedule);
            let reason = if self.began_behind(urgent.until) { Reason::PowerOff } else { Reason::LateStart };
            out.push(Action::Record(vec![unaired(&urgent, reason)]));
        }
    }

    /// Takes what is on air, or on its way there, out of the way of something urgent; tells whether that is done, or
    /// waits for player or disk.
    fn clear_the_air(&mut self, out: &mut Vec<Action>) -> bool {
        match &mut self.phase {
            Phase::Idle => return true,
            Phase::OnAir(air) => {
                if !air.displaced {
                    air.displaced = true;
                    out.push(Action::Player(Command::Stop));
                }
                return false;
            }
            // The cue is on its way to the disk; its airing ends there without a sound.
            Phase::Cueing { stopped, .. } => {
                stopped.get_or_insert(Reason::Urgent);
                return false;
            }
            Phase::Preparing { job, .. } | Phase::Ready { job, .. } => {
                if job.before.airing.is_some() || job.is_asked_for() {
                    let detail = String::new();
                    self.give_up(&Refused { reason: Reason::Urgent, detail }, out);
                    return true;
                }
            }
        }
        // Its second may still come: a slot waits like any other again, a make-good is planned anew.
        self.put_aside(out);
        true
    }

    /// Whether it only waits for the player or the disk to begin something urgent.
    pub(super) fn is_giving_way(&self) -> bool {
        match &self.phase {
            Phase::OnAir(air) => air.displaced,
            Phase::Cueing { stopped, .. } => stopped.is_some(),
            _ => false,
        }
    }
}

impl Job {
    /// What is urgent, now.
    fn of_urgent(urgent: Urgent, now: DateTime<Utc>) -> Job {
        Job {
            slot: None,
            repairs: None,
            month: urgent.what.month,
            ward: false,
            programme: urgent.programme.clone(),
            planned: now,
            length: urgent.length,
            schedule: urgent.schedule,
            trigger: Trigger::Urgent,
            by: String::new(),
            urgent: Some(Box::new(urgent)),
            before: Before::default(),
        }
    }
}

/// The entry of an urgent programme that will not air.
pub(super) fn unaired(urgent: &Urgent, reason: Reason) -> Body {
    Body::Package(PackageFact {
        act: PackageAct::Unaired,
        by: String::new(),
        digest: urgent.package,
        reason: reason.code(),
        urgent: None,
        what: Some(urgent.what.clone()),
    })
}
