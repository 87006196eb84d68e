//! Which time has surely passed, by the clocks of the entries.
//!
//! The controller closes nothing while it doubts the clock, since it may be years ahead. A slot owes its
//! outcome only once an entry on a *trusted* clock lies behind it ([`Trusted`]).

use chrono::TimeDelta;

use crate::evidence::{Body, Entry, Trusted};

/// How long a station may take before an outcome is missing, and which jump of its clock it doubts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A slot may begin so much late (the station's policy `late_start_s`).
    pub late_start: TimeDelta,
    /// A jump beyond this on an unsynchronised clock is doubted (the policy `clock_step_s`).
    pub clock_step: TimeDelta,
}

impl Default for Patience {
    /// A minute each, as a station that sets neither.
    fn default() -> Patience {
        Patience { late_start: TimeDelta::seconds(60), clock_step: TimeDelta::seconds(60) }
    }
}

impl Patience {
    /// That of somebody who does not know the station's settings: as long as a station may take.
    #[must_use]
    pub fn of_a_stranger() -> Patience {
        Patience { late_start: TimeDelta::hours(1), ..Patience::default() }
    }
}

/// Follows the clocks of the entries.
#[derive(Debug)]
pub(super) struct Time {
    trusted: Trusted,
    /// The latest wall time that a trusted clock showed.
    pub seen_ms: i64,
}

impl Time {
    pub fn new(patience: Patience) -> Time {
        Time { trusted: Trusted::new(patience.clock_step), seen_ms: i64::MIN }
    }

    /// Takes the clocks of the next entry; whether they are trusted.
    pub fn follow(&mut self, entry: &Entry) -> bool {
        let trusted = self.trusted.follow(&entry.clk, Some(&entry.body));
        // What a step made due is closed by the entries that follow it, not before it.
        if trusted && !matches!(entry.body, Body::ClockStep { .. }) {
            self.seen_ms = self.seen_ms.max(entry.clk.wall_ms);
        }
        trusted
    }
}
