//! Whether the wall clock may decide when something airs, and which of its steps the log must tell.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::{
    clock::{Health, Reading},
    config::Policy,
    evidence::Body,
    words::Message,
};

/// Wall time that gained or lost this much on the time that passed is told; less is a time server's work.
const NOTABLE_STEP: TimeDelta = TimeDelta::milliseconds(500);

/// A PC without a time source that was off for longer than this, by its own clock, has its clock confirmed: a
/// year mistyped in its settings must not close the slots of years.
const LONGEST_OFF: TimeDelta = TimeDelta::days(400);

/// This version was not released before 2026: an earlier clock is wrong, also where the log is still empty.
const RELEASED_S: i64 = 1_767_225_600;

/// What the log says of the clock before this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockPast {
    /// The last trusted wall time before this boot of the machine.
    pub floor: DateTime<Utc>,
    /// The boot time, nanoseconds, since which the clock is in doubt, when the last run of this same boot left it so.
    pub doubted_ns: Option<i64>,
    /// The log's last reading, when it was taken in this same boot: a step since then is told.
    pub last: Option<Reading>,
}

impl ClockPast {
    /// Whether the clock, as a run finds it, is trusted.
    #[must_use]
    pub fn trusts(&self, policy: &Policy, now: &Reading, health: Health) -> bool {
        let mut trust = Trust::new(self.clone(), policy.clock_step_s);
        trust.follow(now, health);
        trust.doubt().is_none()
    }
}

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
    /// Goes on from `past`; a step beyond `most_step_s` is doubted.
    pub fn new(past: ClockPast, most_step_s: u32) -> Trust {
        let most_step = TimeDelta::seconds(i64::from(most_step_s));
        let doubt = past.doubted_ns.map(|_| Message::new("clock-unconfirmed"));
        Trust { anchor: past.last.clone(), last: past.last, doubt, floor: past.floor, most_step }
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
            self.believe(now.wall);
        } else {
            self.examine(now.wall, jump, first);
        }
        let notable = drift.abs() > NOTABLE_STEP;
        if notable || self.anchor.is_none() {
            self.anchor = Some(now.clone());
        }
        notable.then(|| Body::ClockStep { step_ms: drift.num_milliseconds() })
    }

    /// Asks what speaks against an unsynchronised clock that jumped by `jump`, or is the `first` of a boot.
    fn examine(&mut self, wall: DateTime<Utc>, jump: TimeDelta, first: bool) {
        let local = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let off = wall - self.floor;
        let doubt = match () {
            () if jump.abs() > self.most_step => {
                Message::new("clock-stepped").with("seconds", jump.num_seconds())
            }
            () if off < TimeDelta::zero() => Message::new("clock-behind").with("entry", local(self.floor)),
            () if first && wall.timestamp() < RELEASED_S => Message::new("clock-before-release"),
            () if first && off > LONGEST_OFF && self.floor.timestamp() >= RELEASED_S => {
                Message::new("clock-ahead").with("entry", local(self.floor))
            }
            () => return,
        };
        self.doubt = Some(doubt);
    }

    /// A time source or a person says that `wall` is right.
    pub fn believe(&mut self, wall: DateTime<Utc>) {
        self.doubt = None;
        // What the log holds beyond it was written on a clock that ran ahead.
        self.floor = self.floor.min(wall);
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
        let wall = DateTime::from_timestamp_millis(RELEASED_S * 1000 + wall_ms).unwrap();
        Reading { wall, boot_ns: boot_ms * 1_000_000, asleep_ns: 0 }
    }

    fn past(wall_ms: i64) -> ClockPast {
        ClockPast { floor: at(wall_ms, 0).wall, doubted_ns: None, last: None }
    }

    fn code(trust: &Trust) -> Option<&'static str> {
        trust.doubt().map(|doubt| doubt.code)
    }

    #[test]
    fn steps_are_told_and_large_unsynchronised_ones_doubted() {
        let mut trust = Trust::new(past(0), 60);
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
        let mut trust = Trust::new(past(0), 60);
        let told: Vec<_> = (0..100).filter_map(|n| trust.follow(&at(n * 1100, n * 1000), SURE)).collect();
        assert_eq!(told.len(), 16, "100 ms a second is more than half a second every six");
        assert_eq!(told[0], Body::ClockStep { step_ms: 600 });
    }

    #[test]
    fn a_clock_before_the_log_is_told_once_and_doubted_until_synchronised() {
        let mut trust = Trust::new(past(1_000_000), 60);
        assert_eq!(trust.follow(&at(0, 0), UNSURE), Some(Body::ClockStep { step_ms: -1_000_000 }));
        assert_eq!(trust.follow(&at(1000, 1000), UNSURE), None);
        assert_eq!(code(&trust), Some("clock-behind"));
        trust.follow(&at(2000, 2000), SURE);
        assert_eq!(code(&trust), None);
    }

    #[test]
    fn a_step_between_two_runs_of_one_boot_is_told() {
        let mut trust = Trust::new(ClockPast { last: Some(at(0, 0)), ..past(0) }, 60);
        assert_eq!(trust.follow(&at(100_000, 10_000), UNSURE), Some(Body::ClockStep { step_ms: 90_000 }));
        assert_eq!(code(&trust), Some("clock-stepped"));
    }
    #[test]
    fn what_a_boot_finds_is_held_against_the_log_and_the_release() {
        const DAY: i64 = 86_400_000;
        let check = |past: &ClockPast, wall_ms: i64, wanted: Option<&str>| {
            let mut trust = Trust::new(past.clone(), 60);
            trust.follow(&at(wall_ms, 1000), UNSURE);
            assert_eq!(code(&trust), wanted, "{past:?} at {wall_ms}");
            trust.follow(&at(wall_ms + 5, 1005), SURE);
            assert_eq!(code(&trust), None, "synchronised");
            trust.follow(&at(wall_ms + 10, 1010), UNSURE);
            assert_eq!(code(&trust), None, "a time source that goes silent leaves no doubt behind");
        };
        check(&past(0), 30 * DAY, None);
        check(&past(0), 399 * DAY, None);
        check(&past(0), 401 * DAY, Some("clock-ahead"));
        check(&past(0), -1, Some("clock-behind"));
        check(&past(-9 * DAY), -1, Some("clock-before-release"));
        // A log of old, on a PC that is new: nothing to go by.
        check(&past(-900 * DAY), DAY, None);
        check(&ClockPast { doubted_ns: Some(0), ..past(0) }, DAY, Some("clock-unconfirmed"));
        // A restart within one boot that lasted for years.
        check(&ClockPast { last: Some(at(0, 0)), ..past(0) }, 1000, None);
    }

    #[test]
    fn what_a_person_confirmed_is_believed_until_the_next_step() {
        let mut trust = Trust::new(past(1_000_000), 60);
        trust.follow(&at(0, 0), UNSURE);
        trust.believe(at(0, 0).wall);
        trust.follow(&at(1000, 1000), UNSURE);
        assert_eq!(code(&trust), None);
        trust.follow(&at(100_000, 2000), UNSURE);
        assert_eq!(code(&trust), Some("clock-stepped"));
    }
}
