//! A clock that moves only when it is told to: rehearsals and tests.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Clock, Health, Reading};

/// A clock moved by hand.
pub struct Manual {
    now: Mutex<Reading>,
    boots: AtomicU64,
}

impl Manual {
    /// A clock that shows `wall` and stands still.
    #[must_use]
    pub fn at(wall: DateTime<Utc>) -> Manual {
        Manual {
            now: Mutex::new(Reading { wall, boot_ns: 1_000_000_000, asleep_ns: 0 }),
            boots: AtomicU64::new(0),
        }
    }

    /// Lets `span` pass on all clocks; a negative span does nothing.
    pub fn advance(&self, span: TimeDelta) {
        let span = span.max(TimeDelta::zero());
        let mut now = self.lock();
        now.wall += span;
        now.boot_ns += span.num_nanoseconds().unwrap_or(0);
    }

    /// Suspends the machine for `span`: it passes on all clocks, and nothing runs meanwhile.
    pub fn sleep(&self, span: TimeDelta) {
        self.advance(span);
        self.lock().asleep_ns += span.max(TimeDelta::zero()).num_nanoseconds().unwrap_or(0);
    }

    /// Sets the wall clock by `span` without time passing, as a person or a time server does.
    pub fn step(&self, span: TimeDelta) {
        self.lock().wall += span;
    }

    /// Switches the machine off for `off` and on again: boot time starts anew, under a new boot id.
    pub fn reboot(&self, off: TimeDelta) {
        let mut now = self.lock();
        now.wall += off.max(TimeDelta::zero());
        (now.boot_ns, now.asleep_ns) = (1_000_000_000, 0);
        self.boots.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for Manual {
    fn now(&self) -> Reading {
        self.lock().clone()
    }

    fn health(&self) -> Health {
        Health { synchronised: true, max_error_us: 0 }
    }

    fn boot_id(&self) -> String {
        format!("{:032x}", self.boots.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_told_from_time_passing() {
        let clock = Manual::at(DateTime::UNIX_EPOCH);
        let start = clock.now();
        clock.advance(TimeDelta::seconds(90));
        clock.step(TimeDelta::seconds(-30));
        let now = clock.now();
        assert_eq!(now.since(&start), TimeDelta::seconds(90));
        assert_eq!(now.step_since(&start), TimeDelta::seconds(-30));
        clock.sleep(TimeDelta::hours(1));
        let awake = clock.now();
        assert_eq!(awake.asleep_since(&now), TimeDelta::hours(1));
        assert_eq!((awake.since(&now), awake.step_since(&now)), (TimeDelta::hours(1), TimeDelta::zero()));
    }
}
