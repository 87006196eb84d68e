//! Which of a log's entries stand on a clock that can be trusted, by the station's own rule: an unsynchronised
//! clock that jumped, or that is behind the log that a boot found, is doubted until it is synchronised, a person
//! confirms it, or the machine boots anew on a clock that is not behind.

use chrono::TimeDelta;

use super::entry::{Body, Clk};

/// Follows the clocks of the entries, in their order.
#[derive(Debug, Clone)]
pub struct Trusted {
    most_jump_ms: i64,
    last: Option<Clk>,
    /// A clock before it is behind the log that this boot found.
    floor_ms: i64,
    /// The last wall time that was trusted.
    known_ms: i64,
    /// The time since boot, milliseconds, since which it is doubted.
    doubted_ms: Option<i64>,
}

impl Trusted {
    /// A jump beyond `most_jump` is doubted (the station's policy `clock_step_s`).
    #[must_use]
    pub fn new(most_jump: TimeDelta) -> Trusted {
        let most_jump_ms = most_jump.num_milliseconds();
        Trusted { most_jump_ms, last: None, floor_ms: i64::MIN, known_ms: i64::MIN, doubted_ms: None }
    }

    /// Takes the clocks of the next entry with its body, where that is understood; tells whether they are trusted.
    pub fn follow(&mut self, clk: &Clk, body: Option<&Body>) -> bool {
        let before = self.last.as_ref().filter(|last| last.boot == clk.boot);
        let jump_ms = before.map_or(0, |last| {
            let passed_ms = clk.boot_ms.saturating_sub(last.boot_ms);
            clk.wall_ms.saturating_sub(last.wall_ms).saturating_sub(passed_ms)
        });
        if before.is_none() {
            (self.floor_ms, self.doubted_ms) = (self.latest_ms(), None);
        }
        let step_ms = if let Some(Body::ClockStep { step_ms }) = body { *step_ms } else { 0 };
        let jumped = [jump_ms, step_ms].iter().any(|ms| ms.saturating_abs() > self.most_jump_ms);
        let confirmed = matches!(body, Some(Body::Operator(act)) if act.act == "clock-confirm");
        if clk.sync || confirmed {
            // What the log holds beyond it was written on a clock that ran ahead.
            self.floor_ms = self.floor_ms.min(clk.wall_ms);
            self.doubted_ms = None;
        } else if jumped || clk.wall_ms < self.floor_ms {
            self.doubted_ms.get_or_insert(clk.boot_ms);
        }
        if self.doubted_ms.is_none() {
            self.known_ms = clk.wall_ms;
        }
        match &mut self.last {
            // A boot has many entries: its id need not be copied for each.
            Some(last) if last.boot == clk.boot => (last.wall_ms, last.boot_ms) = (clk.wall_ms, clk.boot_ms),
            last => *last = Some(clk.clone()),
        }
        self.doubted_ms.is_none()
    }

    /// With what a run in the boot `boot` of the machine begins: the wall time (milliseconds since 1970) before
    /// which its clock is behind, and the milliseconds since boot since when its clock is doubted already.
    #[must_use]
    pub fn next_run(&self, boot: &str) -> (i64, Option<i64>) {
        match &self.last {
            Some(last) if last.boot == boot => (self.floor_ms, self.doubted_ms),
            _ => (self.latest_ms(), None),
        }
    }

    /// The last trusted wall time, or the last entry's when that is later: a clock before either is doubted.
    fn latest_ms(&self) -> i64 {
        self.last.as_ref().map_or(i64::MIN, |last| last.wall_ms.max(self.known_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::entry::OperatorAct;

    const HOUR: i64 = 3_600_000;

    /// Follows entries of (boot, wall, time since boot, synchronised); gives what the next run of boot `b` begins with.
    fn check(entries: &[(char, i64, i64, bool)], confirmed: bool, wanted: (i64, Option<i64>)) {
        let mut trusted = Trusted::new(TimeDelta::seconds(60));
        let last = entries.len() - 1;
        for (n, (boot, wall_ms, boot_ms, sync)) in entries.iter().enumerate() {
            let boot = boot.to_string().repeat(32);
            let clk = Clk { wall_ms: *wall_ms, boot_ms: *boot_ms, boot, sync: *sync, offset_min: 420 };
            let act = OperatorAct {
                act: "clock-confirm".into(),
                by: "An".into(),
                reason: String::new(),
                slot: None,
                until_ms: None,
            };
            let body = if confirmed && n == last { Body::Operator(act) } else { Body::Heartbeat {} };
            trusted.follow(&clk, Some(&body));
        }
        assert_eq!(trusted.next_run(&"b".repeat(32)), wanted, "{entries:?}");
    }

    #[test]
    fn a_restart_neither_forgets_a_doubt_nor_believes_what_was_written_in_doubt() {
        // Another boot begins from the last trusted time.
        check(&[('a', HOUR, 0, false)], false, (HOUR, None));
        // A clock set back, and the program started anew on it: still doubted, still behind.
        let back = [('a', 2 * HOUR, 0, false), ('b', HOUR, 0, false), ('b', HOUR + 5, 5, false)];
        check(&back, false, (2 * HOUR, Some(0)));
        check(&back, true, (HOUR + 5, None));
        // A third boot on that clock finds it behind as well.
        let third = [('a', 2 * HOUR, 0, false), ('c', HOUR, 0, false)];
        check(&third, false, (2 * HOUR, None));
        // What was written in doubt may be right: another boot is not to be behind that either.
        let ahead = [('a', 0, 0, false), ('a', 9 * HOUR, 5, false)];
        check(&ahead, false, (9 * HOUR, None));
        // A jump within one boot is doubted until somebody confirms it.
        let jump = [('b', 0, 0, false), ('b', HOUR, 5, false)];
        check(&jump, false, (i64::MIN, Some(5)));
        check(&jump, true, (i64::MIN, None));
        // Synchronised, the clock is right although the log ran ahead of it.
        let ahead = [('a', 9 * HOUR, 0, false), ('b', HOUR, 0, true), ('b', HOUR + 5, 5, false)];
        check(&ahead, false, (HOUR, None));
    }
}
