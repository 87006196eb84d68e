//! The only room that asks the operating system for the time.
//!
//! Wall time decides *when*, monotonic time *how long*. Everybody else receives a [`Reading`].

mod kernel;
mod manual;
mod system;

pub use manual::Manual;
pub use system::System;

use chrono::{DateTime, TimeDelta, Utc};

/// What all clocks of the machine said at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Wall time; may step.
    pub wall: DateTime<Utc>,
    /// Nanoseconds since boot (`CLOCK_BOOTTIME`): counts suspend, never steps.
    pub boot_ns: i64,
    /// For how many of them the machine was suspended (`CLOCK_BOOTTIME` less `CLOCK_MONOTONIC_COARSE`).
    pub asleep_ns: i64,
}

impl Reading {
    /// Time passed since `earlier`, by the clock that never steps.
    #[must_use]
    pub fn since(&self, earlier: &Reading) -> TimeDelta {
        TimeDelta::nanoseconds(self.boot_ns - earlier.boot_ns)
    }

    /// For how long the machine was suspended since `earlier`.
    #[must_use]
    pub fn asleep_since(&self, earlier: &Reading) -> TimeDelta {
        TimeDelta::nanoseconds(self.asleep_ns - earlier.asleep_ns)
    }

    /// By how much wall time moved more than time passed since `earlier`: a step of the clock.
    #[must_use]
    pub fn step_since(&self, earlier: &Reading) -> TimeDelta {
        (self.wall - earlier.wall) - self.since(earlier)
    }
}

/// Whether the kernel believes its clock (`adjtimex(2)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Set from a time source that still answers.
    pub synchronised: bool,
    /// The kernel's bound on the error, in microseconds.
    pub max_error_us: i64,
}

/// A source of time. The daemon runs on [`System`]; rehearsals and tests on [`Manual`].
pub trait Clock: Send + Sync {
    /// All clocks, read together.
    fn now(&self) -> Reading;
    /// The kernel's opinion of the wall clock.
    fn health(&self) -> Health;
    /// Names this boot of the machine, 32 hex digits.
    fn boot_id(&self) -> String;
}
