//! One thing to be aired, from its preparation to its end.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Planned, Urgent};
use crate::{
    evidence::{Airing, Cue, Reason, Trigger},
    units::{Digest, Frames, Month, SlotId},
};

/// One thing to be aired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its slot; `None` for a manual airing and a make-good.
    pub slot: Option<SlotId>,
    /// The slot that it makes good, in place of one of its own.
    pub repairs: Option<SlotId>,
    /// Month of the schedule.
    pub month: Month,
    /// Whether it is the ward's own schedule.
    pub ward: bool,
    /// Programme id in that schedule.
    pub programme: String,
    /// The planned instant.
    pub planned: DateTime<Utc>,
    /// Length of the whole programme.
    pub length: Frames,
    /// Digest of the schedule.
    pub schedule: Digest,
    /// What makes it happen.
    pub trigger: Trigger,
    /// Who asked; empty for a schedule.
    pub by: String,
    /// What an urgent package brought: its own time stands in place of windows, holds and clock.
    pub urgent: Option<Box<Urgent>>,
    /// What was aired of it before a cut.
    pub before: Before,
}

/// What an airing had achieved before it was cut; zero for a fresh one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before {
    /// The airing that goes on.
    pub airing: Option<Airing>,
    /// Frames that the device took.
    pub heard: Frames,
    /// Frames of those that the sound server threw away.
    pub muted: Frames,
    /// When the last of them was heard.
    pub heard_until: Option<DateTime<Utc>>,
    /// Why it was cut.
    pub reason: Option<Reason>,
    /// The proof level that was reached.
    pub proof: u8,
    /// The longest hole in wall time that the log knows of.
    pub hole: TimeDelta,
}

impl Job {
    /// What airs at a slot's instant.
    pub(super) fn of_slot(slot: Planned) -> Job {
        Job {
            month: slot.id.month,
            programme: slot.id.programme.clone(),
            slot: Some(slot.id),
            repairs: None,
            ward: slot.ward,
            planned: slot.at,
            length: slot.length,
            schedule: slot.schedule,
            trigger: Trigger::Schedule,
            by: String::new(),
            urgent: None,
            before: Before::default(),
        }
    }

    /// What airs at the instant of `slot` to make good the slot of its name.
    pub(super) fn to_make_good(slot: Planned) -> Job {
        let job = Job::of_slot(slot);
        Job { repairs: job.slot, slot: None, trigger: Trigger::MakeGood, ..job }
    }

    /// Whether its first frame belongs to one second and not to any other.
    pub(super) fn has_second(&self) -> bool {
        matches!(self.trigger, Trigger::Schedule | Trigger::MakeGood)
    }

    /// Whether a person wants it now.
    pub(super) fn is_asked_for(&self) -> bool {
        self.slot.is_none() && self.repairs.is_none()
    }

    /// Sound that is left to air.
    #[must_use]
    pub fn rest(&self) -> Frames {
        self.length.saturating_sub(self.before.heard)
    }

    /// The slot that it was made from; `None` for a manual airing and a make-good.
    #[must_use]
    pub fn planned_slot(&self) -> Option<Planned> {
        let (at, length, schedule, ward) = (self.planned, self.length, self.schedule, self.ward);
        Some(Planned { id: self.slot.clone()?, at, length, schedule, ward })
    }

    /// Time that the rest takes.
    #[must_use]
    pub fn rest_span(&self) -> TimeDelta {
        TimeDelta::nanoseconds(self.rest().ns())
    }
}

/// An airing that the last run left open: its cue and how far it was stamped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// Its airing.
    pub airing: Airing,
    /// Its latest cue.
    pub cue: Cue,
    /// Frames that the device took, by the stamp.
    pub heard: Frames,
    /// Frames of those that the sound server threw away.
    pub muted: Frames,
    /// When the stamp was written; the cue's instant when there is none.
    pub heard_until: DateTime<Utc>,
    /// Why it was cut: the machine went down, or only the program.
    pub reason: Reason,
    /// The proof level that was reached: 1 for a file, 2 for a device.
    pub proof: u8,
    /// The longest hole in wall time before earlier continuations.
    pub hole: TimeDelta,
    /// What it was part of, where that was urgent.
    pub urgent: Option<Box<Urgent>>,
}

impl Interrupted {
    /// The rest of it, as a job.
    #[must_use]
    pub fn job(&self) -> Job {
        Job {
            slot: self.cue.slot.clone(),
            repairs: self.cue.repairs.clone(),
            month: self.cue.month,
            ward: self.cue.ward,
            programme: self.cue.programme.clone(),
            planned: DateTime::from_timestamp_millis(self.cue.planned_ms).unwrap_or_default(),
            length: self.cue.frames,
            schedule: self.cue.schedule,
            // A test play stays one, however often it is cut, and so does what is urgent.
            trigger: match self.cue.trigger {
                trigger @ (Trigger::Test | Trigger::Urgent) => trigger,
                _ => Trigger::Resume,
            },
            by: self.cue.by.clone(),
            urgent: self.urgent.clone(),
            before: Before {
                airing: Some(self.airing),
                heard: self.heard,
                muted: self.muted,
                heard_until: (self.heard > Frames::ZERO).then_some(self.heard_until),
                reason: Some(self.reason),
                proof: self.proof,
                hole: self.hole,
            },
        }
    }
}
