//! What forbids sound, asked when a slot is cued and once more when its cue is durable.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Controller, Job};
use crate::{evidence::Reason, words::Lang};

impl Controller {
    pub(super) fn obstacle(&self, job: &Job, begin: DateTime<Utc>) -> Option<(Reason, String)> {
        if job.urgent.is_some() {
            // Two approvers said that it shall sound now: neither a hold nor a doubt of the clock is asked.
            let detail = || "the rest of the programme does not fit the time of its package".into();
            return (!self.fits(job, begin)).then(|| (Reason::LateStart, detail()));
        }
        if let Some(obstacle) = self.obstacle_at(begin) {
            return Some(obstacle);
        }
        if job.has_second() && begin > job.planned + self.late_start() {
            return Some(self.too_late(job.planned));
        }
        if !self.fits(job, begin) {
            let reason = if begin > job.planned { Reason::LateStart } else { Reason::QuietHours };
            return Some((reason, "the rest of the programme does not fit an allowed window".into()));
        }
        None
    }

    pub(super) fn late_start(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.rules.policy.late_start_s))
    }

    pub(super) fn obstacle_at(&self, at: DateTime<Utc>) -> Option<(Reason, String)> {
        if let Some(doubt) = self.trust.doubt() {
            return Some((Reason::ClockUntrusted, doubt.say(Lang::Vi)));
        }
        self.hold_until.filter(|until| *until > at).map(|until| (Reason::Held, self.local(until)))
    }

    pub(super) fn fits(&self, job: &Job, begin: DateTime<Utc>) -> bool {
        if let Some(urgent) = &job.urgent {
            return begin + job.rest_span() <= urgent.until;
        }
        !self.rules.enforce_windows || self.rules.windows.covers_at(self.rules.zone, begin, job.rest_span())
    }

    /// Sound ends with its window; a programme that fits gets a little room for a late resume.
    pub(super) fn end_by(&self, job: &Job, now: DateTime<Utc>) -> DateTime<Utc> {
        if let Some(urgent) = &job.urgent {
            return urgent.until;
        }
        let begin = now.max(job.planned);
        let window = self.rules.windows.end_at(self.rules.zone, begin).filter(|_| self.rules.enforce_windows);
        window.unwrap_or(begin + TimeDelta::hours(12))
    }
}
