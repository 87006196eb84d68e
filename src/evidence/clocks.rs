//! The clock rules of a log: time that goes backwards or jumps must be explained by an entry.

use super::{
    canonical::Leaf,
    entry::{Body, Clk},
};
use crate::words::Message;

/// Entries of two threads may cross on their way to the writer by this much.
const CROSSING_MS: i64 = 1000;

/// Wall time may differ from passed time by this much, and by a thousandth of the time passed: the
/// kernel slews by at most 500 ppm, a bad crystal adds its own.
const SLACK_MS: i64 = 2000;

/// A step is explained when a `clock.step` entry of its size follows; others may come between for so long.
const EXPLAIN_WITHIN_MS: i64 = 60_000;

/// A wall-clock step that no entry has explained yet.
#[derive(Debug)]
struct Step {
    entry: u64,
    by_ms: i64,
    slack_ms: i64,
    boot_ms: i64,
}

/// The rules, fed with one leaf after the other.
#[derive(Debug, Default)]
pub struct ClockRules {
    last: Option<Clk>,
    step: Option<Step>,
    /// Since this boot the wall clock is known to be behind the log, and nothing has set it right.
    behind_ms: Option<i64>,
}

impl ClockRules {
    /// Looks at the entry at `position`; gives what it breaks.
    pub fn next(&mut self, position: u64, leaf: &Leaf) -> Vec<Message> {
        let clk = leaf.clk();
        let mut broken = Vec::new();
        let last = self.last.take();
        match &last {
            Some(last) if last.boot == clk.boot => self.same_boot(position, last, leaf, &mut broken),
            Some(last) => {
                broken.extend(self.step.take().map(|step| unexplained(&step)));
                let behind = last.wall_ms.saturating_sub(clk.wall_ms);
                self.behind_ms = (behind > SLACK_MS).then_some(behind);
                if leaf.body().is_some_and(|body| !matches!(body, Body::Boot(_))) {
                    broken.push(Message::new("verify-boot-missing").with("entry", position));
                }
            }
            None => {}
        }
        match (leaf.body(), self.behind_ms) {
            (Some(Body::ClockStep { .. }), _) => self.behind_ms = None,
            (Some(Body::Operator(act)), _) if act.act == "clock-confirm" => self.behind_ms = None,
            (Some(Body::Cue(_)), Some(ms)) => {
                broken.push(Message::new("verify-wall-behind").with("entry", position).with("ms", ms));
            }
            _ => {}
        }
        self.last = Some(match last {
            // A boot has many entries: its id need not be copied for each.
            Some(last) if last.boot == clk.boot => Clk { boot: last.boot, ..*clk },
            _ => clk.clone(),
        });
        broken
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
            let (entry, boot_ms) = before.as_ref().map_or((position, clk.boot_ms), |s| (s.entry, s.boot_ms));
            let sum = before.map_or(0, |s| s.by_ms).saturating_add(step_ms);
            self.step = Some(Step { entry, by_ms: sum, slack_ms, boot_ms });
        }
        let Some(step) = &self.step else { return };
        match leaf.body() {
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

    fn check(entries: &[(char, i64, i64, Body)], wanted: &[&str]) {
        let mut rules = ClockRules::default();
        let mut found = Vec::new();
        for (seq, (boot, wall_ms, boot_ms, body)) in (0..).zip(entries) {
            let clk = Clk {
                wall_ms: *wall_ms,
                boot_ms: *boot_ms,
                boot: boot.to_string().repeat(32),
                sync: true,
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
        // A dead clock battery: nothing airs until the clock is set right or confirmed.
        check(&[(HERE, hour, 0, beat()), (NEXT, 0, 0, boot()), (NEXT, 1, 1, cue())], &["verify-wall-behind"]);
        check(
            &[(HERE, hour, 0, beat()), (NEXT, 0, 0, boot()), (NEXT, 1, 1, confirm()), (NEXT, 2, 2, cue())],
            &[],
        );
        check(
            &[
                (HERE, hour, 0, beat()),
                (NEXT, 0, 0, boot()),
                (NEXT, hour, 1, step(hour)),
                (NEXT, hour, 2, cue()),
            ],
            &[],
        );
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
