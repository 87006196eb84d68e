//! A schedule held against the plan, the windows and the measured lengths.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{
    Finding, Place, Plan, Programme, Schedule, SegmentKind, Severity, Slot, Windows,
    beside::sources,
    document::nearest,
    rundown::{civil_text, expand, key_of},
};
use crate::{units::Frames, words::Message};

/// A programme may miss its bounds by this part of them …
const TOLERANCE_PERCENT: u64 = 3;
/// … and by this much at most: 30 seconds.
const TOLERANCE_MS: u64 = 30_000;

/// What a schedule is held against at one station.
#[derive(Debug, Clone, Copy)]
pub struct Premises<'a> {
    /// The year's plan.
    pub plan: &'a Plan,
    /// The station's windows: nothing sounds outside them.
    pub windows: &'a Windows,
    /// The station's zone.
    pub zone: Tz,
    /// The station's unit.
    pub unit: &'a str,
    /// Whether the schedule is the ward's own: it adds to what the plan wants of a month, and so it cannot
    /// have too little of it. All else that the plan says holds for it too.
    pub ward: bool,
}

/// Everything that is wrong or odd with `schedule` at this station; `file` is its name in the findings.
/// `lengths` holds the measured length of every programme that was decoded whole; a programme that lacks
/// one is checked in all that needs no length.
#[must_use]
pub fn check(
    file: &str,
    schedule: &Schedule,
    premises: &Premises,
    lengths: &BTreeMap<String, Frames>,
) -> Vec<Finding> {
    let (slots, findings) = expand(file, schedule, premises.zone, premises.unit);
    let laid_out = findings.iter().all(|f| f.message.code != "slots-too-many");
    let mut checker = Checker { file, schedule, premises, lengths, findings };
    checker.findings.extend(sources(file, schedule, premises.ward));
    checker.units();
    if !premises.ward {
        checker.count_of_programmes();
    }
    for (index, programme) in schedule.programmes.iter().enumerate() {
        checker.programme(index, programme);
        if laid_out && !premises.ward {
            let found = slots.iter().filter(|slot| slot.programme == programme.id).count();
            checker.airings(index, programme, found);
        }
    }
    for slot in &slots {
        checker.window(slot);
    }
    checker.overlaps(&slots);
    checker.findings
}

struct Checker<'a> {
    file: &'a str,
    schedule: &'a Schedule,
    premises: &'a Premises<'a>,
    lengths: &'a BTreeMap<String, Frames>,
    findings: Vec<Finding>,
}

impl Checker<'_> {
    fn report(&mut self, severity: Severity, key: impl Into<String>, message: Message) {
        let place = Place { file: self.file.into(), line: None, key: key.into() };
        self.findings.push(Finding { severity, place, message });
    }

    fn units(&mut self) {
        let plan = self.premises.plan;
        self.unit("config/station.toml", "unit", self.premises.unit);
        for (rule, slot) in self.schedule.slots.iter().enumerate() {
            for (index, unit) in slot.units.iter().enumerate().filter(|(_, unit)| *unit != "*") {
                self.unit(self.file, &format!("slot[{rule}].units[{index}]"), unit);
            }
        }
        if plan.year != self.schedule.month.year() {
            let message =
                Message::new("plan-other-year").with("year", plan.year).with("month", self.schedule.month);
            self.report(Severity::Warning, "month", message);
        }
    }

    /// A unit must be in the plan, and should exist in the month.
    fn unit(&mut self, file: &str, key: &str, unit: &str) {
        let (plan, month) = (self.premises.plan, self.schedule.month);
        let mut periods = plan.units.iter().filter(|u| u.id == unit).peekable();
        let finding = if periods.peek().is_none() {
            let nearest = nearest(unit, plan.units.iter().map(|u| u.id.as_str()));
            let message = Message::new("unit-unknown").with("unit", unit).with("nearest", nearest);
            (Severity::Error, message)
        } else if !periods.any(|u| u.valid_on(month.first()) || u.valid_on(month.last())) {
            (Severity::Warning, Message::new("unit-not-valid").with("unit", unit).with("month", month))
        } else {
            return;
        };
        let place = Place { file: file.into(), line: None, key: key.into() };
        self.findings.push(Finding { severity: finding.0, place, message: finding.1 });
    }

    fn count_of_programmes(&mut self) {
        let (found, due) = (self.schedule.programmes.len(), self.premises.plan.a_month);
        if found < due as usize {
            let message = Message::new("programmes-few").with("found", found).with("due", due);
            self.report(Severity::Warning, "programme", message);
        }
    }

    fn programme(&mut self, index: usize, programme: &Programme) {
        let key = |name: &str| format!("programme[{index}].{name}");
        let plan = self.premises.plan;
        if plan.column(&programme.column).is_none() {
            let nearest = nearest(&programme.column, plan.columns.iter().map(|c| c.title.as_str()));
            let message =
                Message::new("column-unknown").with("column", &programme.column).with("nearest", nearest);
            self.report(Severity::Error, key("column"), message);
        }
        if programme.topics.is_empty() {
            let message = Message::new("topics-none").with("programme", &programme.id);
            self.report(Severity::Warning, key("topics"), message);
        }
        for (at, topic) in programme.topics.iter().enumerate() {
            if !plan.topics.iter().any(|t| t.id == *topic) {
                let nearest = nearest(topic, plan.topics.iter().map(|t| t.id.as_str()));
                let message = Message::new("topic-unknown").with("topic", topic).with("nearest", nearest);
                self.report(Severity::Error, key(&format!("topics[{at}]")), message);
            }
        }
        self.length(&key("id"), programme);
        self.repeated_files(index, programme);
    }

    fn length(&mut self, key: &str, programme: &Programme) {
        let Some(length) = self.lengths.get(&programme.id) else { return };
        let plan = self.premises.plan;
        let (least, most) = (u64::from(plan.minutes_min) * 60_000, u64::from(plan.minutes_max) * 60_000);
        let tolerance = |bound: u64| (bound * TOLERANCE_PERCENT / 100).min(TOLERANCE_MS);
        let ms = length.ms();
        let (severity, code) = if (least..=most).contains(&ms) {
            return;
        } else if (least - tolerance(least)..=most + tolerance(most)).contains(&ms) {
            (Severity::Warning, "programme-length-near")
        } else {
            (Severity::Error, "programme-length")
        };
        let message = Message::new(code)
            .with("programme", &programme.id)
            .with("length", minutes(ms))
            .with("least", minutes(least))
            .with("most", minutes(most));
        self.report(severity, key, message);
    }

    /// Signatures and bridges come back by nature; any other part that does is worth a look.
    fn repeated_files(&mut self, index: usize, programme: &Programme) {
        let mut seen = BTreeSet::new();
        for (at, segment) in programme.segments.iter().enumerate() {
            let returns = matches!(segment.kind, SegmentKind::Signature | SegmentKind::Bridge);
            if !seen.insert(&segment.file) && !returns {
                let message = Message::new("file-repeated").with("path", &segment.file);
                self.report(Severity::Note, format!("programme[{index}].segment[{at}].file"), message);
            }
        }
    }

    fn airings(&mut self, index: usize, programme: &Programme, found: usize) {
        let due = self.premises.plan.airings_due;
        if found < due as usize {
            let message = Message::new("airings-few")
                .with("programme", &programme.id)
                .with("found", found)
                .with("due", due);
            self.report(Severity::Warning, format!("programme[{index}].id"), message);
        }
    }

    fn length_of(&self, slot: &Slot) -> TimeDelta {
        let ns = self.lengths.get(&slot.programme).map_or(0, |length| length.ns());
        TimeDelta::nanoseconds(ns)
    }

    fn window(&mut self, slot: &Slot) {
        let premises = self.premises;
        let length = self.length_of(slot);
        let key = key_of(self.schedule, slot);
        let said = match self.lengths.get(&slot.programme) {
            Some(length) => minutes(length.ms()),
            None => "unknown".into(),
        };
        if !premises.windows.covers_at(premises.zone, slot.at, length) {
            let message = Message::new("slot-outside-window")
                .with("slot", &slot.id)
                .with("length", said)
                .with("windows", windows_text(premises.windows));
            return self.report(Severity::Error, key, message);
        }
        // The station's own windows may be wider or later than the usual ones of the plan.
        let usual = &premises.plan.windows;
        if usual.covers_at(premises.zone, slot.at, length) {
            return;
        }
        let first = usual.ranges.iter().map(|(from, _)| *from).min();
        let early = first.is_some_and(|from| slot.id.local.time() < from);
        let message = Message::new(if slot.reason.is_empty() { "slot-unusual" } else { "slot-reasoned" })
            .with("slot", &slot.id)
            .with("windows", windows_text(usual))
            .with("reason", &slot.reason);
        let severity = match (slot.reason.is_empty(), early) {
            (true, true) => Severity::Error,
            (true, false) => Severity::Warning,
            (false, _) => Severity::Note,
        };
        self.report(severity, key, message);
    }

    /// `slots` lie in order of their instants, so a slot need only be held against what still sounds.
    fn overlaps(&mut self, slots: &[Slot]) {
        let mut last: Option<(DateTime<Utc>, &Slot)> = None;
        for slot in slots {
            if let Some((end, before)) = last
                && (slot.at < end || slot.at == before.at)
            {
                let message = Message::new("slot-overlap")
                    .with("slot", &slot.id)
                    .with("other", &before.id)
                    .with("end", civil_text(end.with_timezone(&self.premises.zone).naive_local()));
                let key = key_of(self.schedule, slot);
                self.report(Severity::Error, key, message);
            }
            let end = slot.at + self.length_of(slot);
            if last.is_none_or(|(until, _)| end >= until) {
                last = Some((end, slot));
            }
        }
    }
}

/// `12:34` from milliseconds; what is less than a second shows only where it decides.
fn minutes(ms: u64) -> String {
    let (s, rest) = (ms / 1000, ms % 1000);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    format!("{}:{:02}{fraction}", s / 60, s % 60)
}

fn windows_text(windows: &Windows) -> String {
    let time = |t: &NaiveTime| t.format("%H:%M").to_string();
    let ranges = windows.ranges.iter().map(|(from, to)| format!("{}–{}", time(from), time(to)));
    let mut text = ranges.collect::<Vec<_>>().join(", ");
    if windows.weekdays.len() < 7 {
        let days = super::WEEKDAYS.iter().filter(|(_, day)| windows.weekdays.contains(day));
        text = format!("{text} ({})", days.map(|(word, _)| *word).collect::<Vec<_>>().join(", "));
    }
    text
}
