//! Which time has surely passed, by the clocks of the entries.
//!
//! The controller closes nothing while it doubts the clock, since it may be years ahead. A slot owes its
//! outcome only once an entry on a *trusted* clock lies behind it. The doubt is read from the entries by
//! the controller's own rule: an unsynchronised clock that jumped, or that is behind the log that the run
//! found, is doubted until it is synchronised, a person confirms it or the station starts anew on a clock
//! that is not behind.

use chrono::TimeDelta;

use crate::evidence::{Body, Clk, Entry};

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
    most_jump_ms: i64,
    last: Option<Clk>,
    /// Wall time of the last entry before this run.
    floor_ms: i64,
    doubted: bool,
    /// The latest wall time that a trusted clock showed.
    pub seen_ms: i64,
}

impl Time {
    pub fn new(patience: Patience) -> Time {
        let most_jump_ms = patience.clock_step.num_milliseconds();
        Time { most_jump_ms, last: None, floor_ms: i64::MIN, doubted: false, seen_ms: i64::MIN }
    }

    /// Takes the clocks of the next entry; whether they are trusted.
    pub fn follow(&mut self, entry: &Entry) -> bool {
        let clk = &entry.clk;
        let jump_ms = self.last.as_ref().filter(|last| last.boot == clk.boot).map_or(0, |last| {
            let passed_ms = clk.boot_ms.saturating_sub(last.boot_ms);
            clk.wall_ms.saturating_sub(last.wall_ms).saturating_sub(passed_ms)
        });
        let step_ms = match &entry.body {
            Body::ClockStep { step_ms } => *step_ms,
            Body::Boot(_) => {
                self.floor_ms = self.last.as_ref().map_or(i64::MIN, |last| last.wall_ms);
                self.doubted = false;
                0
            }
            _ => 0,
        };
        let jumped = [jump_ms, step_ms].iter().any(|ms| ms.saturating_abs() > self.most_jump_ms);
        let confirmed = matches!(&entry.body, Body::Operator(act) if act.act == "clock-confirm");
        if clk.sync || confirmed {
            self.doubted = false;
        } else if jumped || clk.wall_ms < self.floor_ms {
            self.doubted = true;
        }
        // What a step made due is closed by the entries that follow it, not before it.
        if !self.doubted && !matches!(entry.body, Body::ClockStep { .. }) {
            self.seen_ms = self.seen_ms.max(clk.wall_ms);
        }
        self.last = Some(clk.clone());
        !self.doubted
    }
}
