//! Whether the wall clock may decide when something airs.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::{Health, Reading},
    evidence::Body,
};

/// A step below this is the ordinary work of a time server.
const NOTABLE_STEP: TimeDelta = TimeDelta::milliseconds(500);

/// Follows the clocks from reading to reading.
#[derive(Debug)]
pub(super) struct Trust {
    last: Option<Reading>,
    /// What made the clock untrusted, for people; `None` while it is trusted.
    doubt: Option<String>,
    /// The latest instant that the log already knows; a clock before it is wrong.
    floor: DateTime<Utc>,
    most_step: TimeDelta,
}

impl Trust {
    /// `floor` is the wall time of the log's last entry.
    pub fn new(floor: DateTime<Utc>, most_step_s: u32) -> Trust {
        Trust { last: None, doubt: None, floor, most_step: TimeDelta::seconds(i64::from(most_step_s)) }
    }

    /// Takes a reading; gives the entry for a step, if there was one.
    pub fn follow(&mut self, now: &Reading, health: Health) -> Option<Body> {
        let step = self.last.as_ref().map_or(TimeDelta::zero(), |last| now.step_since(last));
        self.last = Some(now.clone());
        if health.synchronised {
            self.doubt = None;
        } else if step.abs() > self.most_step {
            self.doubt = Some(format!("the clock stepped by {} s unsynchronised", step.num_seconds()));
        } else if now.wall < self.floor {
            self.doubt = Some(format!("the clock is before the last entry ({})", self.floor.to_rfc3339()));
        }
        (step.abs() > NOTABLE_STEP).then(|| Body::ClockStep { step_ms: step.num_milliseconds() })
    }

    /// Why the clock is not trusted.
    pub fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall_s: i64, boot_s: i64) -> Reading {
        Reading {
            wall: DateTime::from_timestamp(1_646_000_000 + wall_s, 0).unwrap(),
            boot_ns: boot_s * 1_000_000_000,
        }
    }

    #[test]
    fn steps_are_told_and_large_unsynchronised_ones_doubted() {
        let unsure = Health { synchronised: false, max_error_us: 16_000_000 };
        let sure = Health { synchronised: true, max_error_us: 500 };
        let mut trust = Trust::new(at(0, 0).wall, 60);
        assert_eq!(trust.follow(&at(0, 0), unsure), None);
        assert_eq!(trust.follow(&at(31, 1), unsure), Some(Body::ClockStep { step_ms: 30_000 }));
        assert_eq!(trust.doubt(), None);
        assert_eq!(trust.follow(&at(132, 2), unsure), Some(Body::ClockStep { step_ms: 100_000 }));
        assert!(trust.doubt().is_some());
        assert_eq!(trust.follow(&at(133, 3), sure), None);
        assert_eq!(trust.doubt(), None);
    }

    #[test]
    fn a_clock_before_the_log_is_doubted_until_synchronised() {
        let unsure = Health { synchronised: false, max_error_us: 16_000_000 };
        let mut trust = Trust::new(at(1000, 0).wall, 60);
        trust.follow(&at(0, 0), unsure);
        assert!(trust.doubt().is_some());
    }
}
