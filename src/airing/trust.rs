//! Whether the wall clock may decide when something airs, and which of its steps the log must tell.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::{
    clock::{Health, Reading},
    evidence::Body,
    words::Message,
};

/// Wall time that gained or lost this much on the time that passed is told; less is a time server's work.
const NOTABLE_STEP: TimeDelta = TimeDelta::milliseconds(500);

/// Follows the clocks from reading to reading.
#[derive(Debug)]
pub(super) struct Trust {
    last: Option<Reading>,
    /// Where the clocks stood when the last step was told: slow slewing adds up from here.
    anchor: Option<Reading>,
    /// What made the clock untrusted; `None` while it is trusted.
    doubt: Option<Message>,
    /// The latest instant that the log already knows; a clock before it is wrong.
    floor: DateTime<Utc>,
    most_step: TimeDelta,
}

impl Trust {
    /// `floor` is the wall time of the log's last entry.
    pub fn new(floor: DateTime<Utc>, most_step_s: u32) -> Trust {
        let most_step = TimeDelta::seconds(i64::from(most_step_s));
        Trust { last: None, anchor: None, doubt: None, floor, most_step }
    }

    /// Goes on from a reading of an earlier run in the same boot.
    pub fn follow_on(&mut self, last: Reading) {
        self.anchor = Some(last.clone());
        self.last = Some(last);
    }

    /// Takes a reading; gives the entry for a step, if there was one.
    pub fn follow(&mut self, now: &Reading, health: Health) -> Option<Body> {
        // The first reading of a new boot is held against the log: behind it, the clock was set back.
        let first = self.last.is_none();
        let behind = (now.wall - self.floor).min(TimeDelta::zero());
        let jump = self.last.as_ref().map_or(TimeDelta::zero(), |last| now.step_since(last));
        let drift =
            self.anchor.as_ref().map_or(if first { behind } else { jump }, |from| now.step_since(from));
        self.last = Some(now.clone());
        if health.synchronised {
            self.doubt = None;
        } else if jump.abs() > self.most_step {
            self.doubt = Some(Message::new("clock-stepped").with("seconds", jump.num_seconds()));
        } else if now.wall < self.floor {
            let entry = self.floor.to_rfc3339_opts(SecondsFormat::Secs, true);
            self.doubt = Some(Message::new("clock-behind").with("entry", entry));
        }
        let notable = drift.abs() > NOTABLE_STEP;
        if notable || self.anchor.is_none() {
            self.anchor = Some(now.clone());
        }
        notable.then(|| Body::ClockStep { step_ms: drift.num_milliseconds() })
    }

    /// Why the clock is not trusted.
    pub fn doubt(&self) -> Option<&Message> {
        self.doubt.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSURE: Health = Health { synchronised: false, max_error_us: 16_000_000 };
    const SURE: Health = Health { synchronised: true, max_error_us: 500 };

    fn at(wall_ms: i64, boot_ms: i64) -> Reading {
        let wall = DateTime::from_timestamp_millis(1_646_000_000_000 + wall_ms).unwrap();
        Reading { wall, boot_ns: boot_ms * 1_000_000 }
    }

    fn code(trust: &Trust) -> Option<&'static str> {
        trust.doubt().map(|doubt| doubt.code)
    }

    #[test]
    fn steps_are_told_and_large_unsynchronised_ones_doubted() {
        let mut trust = Trust::new(at(0, 0).wall, 60);
        assert_eq!(trust.follow(&at(0, 0), UNSURE), None);
        assert_eq!(trust.follow(&at(31_000, 1000), UNSURE), Some(Body::ClockStep { step_ms: 30_000 }));
        assert_eq!(code(&trust), None);
        assert_eq!(trust.follow(&at(132_000, 2000), UNSURE), Some(Body::ClockStep { step_ms: 100_000 }));
        assert_eq!(code(&trust), Some("clock-stepped"));
        assert_eq!(trust.follow(&at(133_000, 3000), SURE), None);
        assert_eq!(code(&trust), None);
    }

    #[test]
    fn slewing_adds_up_until_it_is_told() {
        let mut trust = Trust::new(at(0, 0).wall, 60);
        let told: Vec<_> = (0..100).filter_map(|n| trust.follow(&at(n * 1100, n * 1000), SURE)).collect();
        assert_eq!(told.len(), 16, "100 ms a second is more than half a second every six");
        assert_eq!(told[0], Body::ClockStep { step_ms: 600 });
    }

    #[test]
    fn a_clock_before_the_log_is_told_once_and_doubted_until_synchronised() {
        let mut trust = Trust::new(at(1_000_000, 0).wall, 60);
        assert_eq!(trust.follow(&at(0, 0), UNSURE), Some(Body::ClockStep { step_ms: -1_000_000 }));
        assert_eq!(trust.follow(&at(1000, 1000), UNSURE), None);
        assert_eq!(code(&trust), Some("clock-behind"));
        trust.follow(&at(2000, 2000), SURE);
        assert_eq!(code(&trust), None);
    }

    #[test]
    fn a_step_between_two_runs_of_one_boot_is_told() {
        let mut trust = Trust::new(at(0, 0).wall, 60);
        trust.follow_on(at(0, 0));
        assert_eq!(trust.follow(&at(100_000, 10_000), UNSURE), Some(Body::ClockStep { step_ms: 90_000 }));
        assert_eq!(code(&trust), Some("clock-stepped"));
    }
}
