//! The clock rules of a log: time that goes backwards or jumps must be explained by an entry.

use chrono::TimeDelta;

use super::{
    canonical::Leaf,
    entry::{Body, Clk},
    trusted::Trusted,
};
use crate::words::Message;

/// Entries of two threads may cross on their way to the writer by this much.
const CROSSING_MS: i64 = 1000;

/// Wall time may differ from passed time by this much, and by a thousandth of the time passed: the
/// kernel slews by at most 500 ppm, a bad crystal adds its own.
const SLACK_MS: i64 = 2000;

/// A step is explained when a `clock.step` entry of its size follows; others may come between for so long.
const EXPLAIN_WITHIN_MS: i64 = 60_000;

/// The longest jump that a station may be set to trust: what it cues behind one is its own affair.
const MOST_JUMP: TimeDelta = TimeDelta::hours(1);

/// A wall-clock step that no entry has explained yet.
#[derive(Debug)]
struct Step {
    entry: u64,
    by_ms: i64,
    slack_ms: i64,
    boot_ms: i64,
    /// A boot found its clock behind: any step back tells that, for the station may measure from another entry.
    at_boot: bool,
}

/// The rules, fed with one leaf after the other.
#[derive(Debug)]
pub struct ClockRules {
    last: Option<Clk>,
    trusted: Trusted,
    step: Option<Step>,
    /// The wall time that the log had reached when this boot found its clock behind it, while nothing has set
    /// it right.
    behind: Option<i64>,
}

impl Default for ClockRules {
    fn default() -> ClockRules {
        ClockRules { last: None, trusted: Trusted::new(MOST_JUMP), step: None, behind: None }
    }
}

impl ClockRules {
    /// Looks at the entry at `position`; gives what it breaks.
    pub fn next(&mut self, position: u64, leaf: &Leaf) -> Vec<Message> {
        let clk = leaf.clk();
        let mut broken = Vec::new();
        let last = self.last.take();
        match &last {
            Some(last) if last.boot == clk.boot => self.same_boot(position, last, leaf, &mut broken),
            Some(_) => {
                broken.extend(self.step.take().map(|step| unexplained(&step)));
                self.boots(position, clk);
                if leaf.body().is_some_and(|body| !matches!(body, Body::Boot(_))) {
                    broken.push(Message::new("verify-boot-missing").with("entry", position));
                }
            }
            None => {}
        }
        self.trusted.follow(clk, leaf.body());
        let confirmed = matches!(leaf.body(), Some(Body::Operator(act)) if act.act == "clock-confirm");
        if clk.sync || confirmed || self.behind.is_some_and(|reached| clk.wall_ms >= reached) {
            self.behind = None;
        }
        if let (Some(Body::Cue(_)), Some(reached)) = (leaf.body(), self.behind) {
            let ms = reached.saturating_sub(clk.wall_ms);
            broken.push(Message::new("verify-wall-behind").with("entry", position).with("ms", ms));
        }
        self.last = Some(match last {
            // A boot has many entries: its id need not be copied for each.
            Some(last) if last.boot == clk.boot => Clk { boot: last.boot, ..*clk },
            _ => clk.clone(),
        });
        broken
    }

    /// Another boot of the machine: its clock is held against what the log had reached.
    fn boots(&mut self, entry: u64, clk: &Clk) {
        let (reached, _) = self.trusted.next_run(&clk.boot);
        let behind_ms = reached.saturating_sub(clk.wall_ms);
        self.behind = (behind_ms > SLACK_MS).then_some(reached);
        self.step = self.behind.map(|_| Step {
            entry,
            by_ms: behind_ms.saturating_neg(),
            slack_ms: SLACK_MS,
            boot_ms: clk.boot_ms,
            at_boot: true,
        });
    }

    fn same_boot(&mut self, position: u64, last: &Clk, leaf: &Leaf, broken: &mut Vec<Message>) {
        let clk = leaf.clk();
        let passed = clk.boot_ms.saturating_sub(last.boot_ms);
        let slack_ms = SLACK_MS + passed.abs() / 1000;
        let step_ms = clk.wall_ms.saturating_sub(last.wall_ms).saturating_sub(passed);
        if passed < -CROSSING_MS {
            let message = Message::new("verify-boottime-back").with("entry", position);
            broken.push(message.with("ms", passed.saturating_neg()));
        }
        if step_ms.saturating_abs() > slack_ms {
            // A second step before the first was explained: one entry may explain their sum.
            let before = self.step.take();
            let at_boot = before.as_ref().is_some_and(|s| s.at_boot);
            let (entry, boot_ms) = before.as_ref().map_or((position, clk.boot_ms), |s| (s.entry, s.boot_ms));
            let sum = before.map_or(0, |s| s.by_ms).saturating_add(step_ms);
            self.step = Some(Step { entry, by_ms: sum, slack_ms, boot_ms, at_boot });
        }
        let Some(step) = &self.step else { return };
        match leaf.body() {
            Some(Body::ClockStep { step_ms }) if step.at_boot && *step_ms < 0 => self.step = None,
            Some(Body::ClockStep { step_ms })
                if step_ms.saturating_sub(step.by_ms).saturating_abs() <= step.slack_ms =>
            {
                self.step = None;
            }
            _ if clk.boot_ms.saturating_sub(step.boot_ms) > EXPLAIN_WITHIN_MS => {
                broken.extend(self.step.take().map(|step| unexplained(&step)));
            }
            _ => {}
        }
    }

    /// What is left unexplained behind the last entry, with the entry at which it showed.
    pub fn finish(self) -> Option<(u64, Message)> {
        self.step.map(|step| (step.entry, unexplained(&step)))
    }
}

fn unexplained(step: &Step) -> Message {
    Message::new("verify-clock-step").with("entry", step.entry).with("ms", step.by_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{
        entry::{BootFacts, Entry, OperatorAct, Trigger},
        samples,
    };

    const HERE: char = 'a';
    const NEXT: char = 'b';
    const THIRD: char = 'c';

    fn check(entries: &[(char, i64, i64, Body)], wanted: &[&str]) {
        let mut rules = ClockRules::default();
        let mut found = Vec::new();
        for (seq, (boot, wall_ms, boot_ms, body)) in (0..).zip(entries) {
            let clk = Clk {
                wall_ms: *wall_ms,
                boot_ms: *boot_ms,
                boot: boot.to_string().repeat(32),
                sync: false,
                offset_min: 420,
            };
            let leaf = Leaf::Known(Entry { seq, clk, body: body.clone() });
            found.extend(rules.next(seq, &leaf).iter().map(|m| m.code));
        }
        found.extend(rules.finish().map(|(_, m)| m.code));
        assert_eq!(found, wanted, "{entries:?}");
    }

    #[test]
    fn time_is_whole_or_explained() {
        let beat = || Body::Heartbeat {};
        let step = |step_ms| Body::ClockStep { step_ms };
        let boot = || Body::Boot(BootFacts { clean: true, last_alive_ms: None });
        let cue = || Body::Cue(Box::new(samples::cue(None, Trigger::Manual)));
        let confirm = || {
            Body::Operator(OperatorAct {
                act: "clock-confirm".into(),
                by: "B".into(),
                reason: String::new(),
                slot: None,
                until_ms: None,
            })
        };
        let hour = 3_600_000;
        check(&[(HERE, 0, 0, beat()), (HERE, 1000, 1000, beat())], &[]);
        // A slewed clock over an hour, and two threads that crossed.
        check(&[(HERE, 0, 0, beat()), (HERE, hour + 3600, hour, beat())], &[]);
        check(&[(HERE, 500, 500, beat()), (HERE, 0, 0, beat())], &[]);
        check(
            &[(HERE, 0, 5000, beat()), (HERE, 0, 0, beat())],
            &["verify-boottime-back", "verify-clock-step"],
        );
        // Steps: alone, explained at once, explained later, explained by another size.
        check(&[(HERE, 0, 0, beat()), (HERE, hour, 1000, beat())], &["verify-clock-step"]);
        check(&[(HERE, 0, 0, beat()), (HERE, hour, 1000, step(hour - 1000))], &[]);
        check(&[(HERE, 0, 0, beat()), (HERE, hour, 1000, beat()), (HERE, hour + 200, 1200, step(hour))], &[]);
        check(&[(HERE, 0, 0, beat()), (HERE, hour, 1000, step(5000))], &["verify-clock-step"]);
        check(
            &[(HERE, 0, 0, beat()), (HERE, hour, 0, beat()), (HERE, hour + 70_000, 70_000, beat())],
            &["verify-clock-step"],
        );
        check(
            &[(HERE, 0, 0, beat()), (HERE, hour, 0, beat()), (HERE, 0, 10, beat()), (HERE, 0, 20, step(0))],
            &[],
        );
        // Another boot.
        check(&[(HERE, 0, hour, beat()), (NEXT, 1000, 5, boot())], &[]);
        check(&[(HERE, 0, 0, beat()), (NEXT, 1000, 5, beat())], &["verify-boot-missing"]);
        // A dead clock battery: it is told, and nothing airs until the clock is set right or confirmed.
        let back = || step(-hour);
        check(&[(HERE, hour, 0, beat()), (NEXT, 0, 0, boot()), (NEXT, 9, 9, back())], &[]);
        check(&[(HERE, hour, 0, beat()), (NEXT, 0, 0, boot()), (NEXT, 9, 9, beat())], &["verify-clock-step"]);
        let dead = [(HERE, hour, 0, beat()), (NEXT, 0, 0, boot()), (NEXT, 1, 1, back())];
        let then = |more: &[(char, i64, i64, Body)]| [&dead[..], more].concat();
        check(&then(&[(NEXT, 2, 2, cue())]), &["verify-wall-behind"]);
        check(&then(&[(NEXT, 2, 2, confirm()), (NEXT, 3, 3, cue())]), &[]);
        check(&then(&[(NEXT, hour, 3, step(hour)), (NEXT, hour, 4, cue())]), &[]);
        // A smaller step, or another boot on the same clock, sets nothing right.
        let half = hour / 2;
        check(&then(&[(NEXT, half, 3, step(half)), (NEXT, half, 4, cue())]), &["verify-wall-behind"]);
        let third = [(THIRD, 60_000, 0, boot()), (THIRD, 60_001, 1, back()), (THIRD, 60_002, 2, cue())];
        check(&then(&third), &["verify-wall-behind"]);
        // What went on where it was, a little behind a log that was set back a little before.
        check(
            &[
                (HERE, 30_000, 0, beat()),
                (HERE, 0, 5, step(-30_000)),
                (NEXT, 5000, 0, boot()),
                (NEXT, 5001, 1, cue()),
            ],
            &[],
        );
    }

    /// A time source knows better than a log that ran ahead.
    #[test]
    fn a_synchronised_clock_behind_the_log_airs() {
        let hour = 3_600_000;
        let mut rules = ClockRules::default();
        let clk = |boot: char, wall_ms, sync| Clk {
            wall_ms,
            boot_ms: 0,
            boot: boot.to_string().repeat(32),
            sync,
            offset_min: 420,
        };
        let boot = Body::Boot(BootFacts { clean: true, last_alive_ms: None });
        let cue = Body::Cue(Box::new(samples::cue(None, Trigger::Manual)));
        let behind = [boot, Body::ClockStep { step_ms: -hour }, cue].map(|body| (clk(NEXT, 0, true), body));
        let entries = [(clk(HERE, hour, false), Body::Heartbeat {})].into_iter().chain(behind);
        for (seq, (clk, body)) in (0..).zip(entries) {
            let found = rules.next(seq, &Leaf::Known(Entry { seq, clk, body }));
            assert_eq!(found, []);
        }
        assert_eq!(rules.finish(), None);
    }

    #[test]
    fn wild_numbers_do_not_overflow() {
        let beat = || Body::Heartbeat {};
        let most = super::super::canonical::MOST_INTEGER;
        check(
            &[(HERE, -most, most, beat()), (HERE, most, -most, beat())],
            &["verify-boottime-back", "verify-clock-step"],
        );
    }
}
