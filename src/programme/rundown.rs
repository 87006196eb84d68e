//! A schedule's rules → the slots of one station, each at its instant.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Duration, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use cron::TimeUnitSpec;

use super::{Finding, Place, Schedule, Severity, SlotRule, When, civil, schedule_file::cron_of};
use crate::{
    units::{Month, SlotId},
    words::Message,
};

/// Most slots of a station in a month: more than one every three quarters of an hour, day and night.
pub const MOST_SLOTS: usize = 1000;

/// A planned instant for a programme at a station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name, with the civil time as planned.
    pub id: SlotId,
    /// When the first frame is due.
    pub at: DateTime<Utc>,
    /// Which programme.
    pub programme: String,
    /// Index of its rule in [`Schedule::slots`].
    pub rule: usize,
    /// Why it may lie outside the usual windows; empty when nobody said.
    pub reason: String,
}

impl SlotRule {
    /// Whether the rule holds for the station of `unit`.
    #[must_use]
    pub fn concerns(&self, unit: &str) -> bool {
        self.units.iter().any(|u| u == "*" || u == unit)
    }
}

/// The slots of `unit` in `zone`, by instant, and what is odd about them; `file` is the schedule's name in
/// the findings. Cron expressions are read in civil time, so that 05:30 is 05:30 on every day of the
/// year; a time that clocks skip moves to the end of the gap, one that they show twice airs the first time.
/// More than [`MOST_SLOTS`] slots are an error, and then there are none.
#[must_use]
pub fn expand(file: &str, schedule: &Schedule, zone: Tz, unit: &str) -> (Vec<Slot>, Vec<Finding>) {
    let mut expansion = Expansion { file, month: schedule.month, findings: Vec::new() };
    let mut slots: BTreeMap<(DateTime<Utc>, SlotId), Slot> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut repeats = BTreeSet::new();
    for (rule, slot) in schedule.slots.iter().enumerate().filter(|(_, slot)| slot.concerns(unit)) {
        for (key, local) in expansion.times(rule, &slot.when) {
            let id = SlotId { month: schedule.month, programme: slot.programme.clone(), local };
            if !seen.insert(id.clone()) {
                // Once a rule: one that repeats another whole would fill pages.
                if repeats.insert(key.clone()) {
                    expansion.report(Severity::Warning, &key, Message::new("slot-twice").with("slot", &id));
                }
                continue;
            }
            if slots.len() == MOST_SLOTS {
                let message = Message::new("slots-too-many").with("limit", MOST_SLOTS);
                expansion.report(Severity::Error, &key, message);
                return (Vec::new(), expansion.findings);
            }
            let at = expansion.land(zone, &key, &id);
            let (programme, reason) = (slot.programme.clone(), slot.reason.clone());
            slots.insert((at, id.clone()), Slot { id, at, programme, rule, reason });
        }
    }
    (slots.into_values().collect(), expansion.findings)
}

struct Expansion<'a> {
    file: &'a str,
    month: Month,
    findings: Vec<Finding>,
}

impl Expansion<'_> {
    fn report(&mut self, severity: Severity, key: &str, message: Message) {
        let place = Place { file: self.file.into(), line: None, key: key.into() };
        self.findings.push(Finding { severity, place, message });
    }

    /// The civil times of rule number `rule` in the month, each with the key that gave it.
    fn times(&mut self, rule: usize, when: &When) -> Vec<(String, NaiveDateTime)> {
        match when {
            When::Cron(text) => {
                let key = format!("slot[{rule}].cron");
                let times = self.cron_times(&key, text);
                times.into_iter().map(|time| (key.clone(), time)).collect()
            }
            When::At(times) => {
                let mut kept = Vec::new();
                for (index, time) in times.iter().enumerate() {
                    let key = format!("slot[{rule}].at[{index}]");
                    if self.month.contains(time.date()) {
                        kept.push((key, *time));
                    } else {
                        let message = Message::new("slot-outside-month")
                            .with("at", civil_text(*time))
                            .with("month", self.month);
                        self.report(Severity::Error, &key, message);
                    }
                }
                kept
            }
        }
    }

    fn cron_times(&mut self, key: &str, text: &str) -> Vec<NaiveDateTime> {
        let schedule = match cron_of(text) {
            Ok(schedule) => schedule,
            Err(message) => {
                self.report(Severity::Error, key, message);
                return Vec::new();
            }
        };
        // Evaluated as if civil time were UTC: no gap or fold reaches the cron crate.
        let first = self.month.first().and_time(NaiveTime::MIN);
        let before = Utc.from_utc_datetime(&(first - Duration::seconds(1)));
        let times = schedule.after(&before).map(|at| at.naive_utc());
        let month = self.month;
        let times: Vec<_> = times.take_while(|at| month.contains(at.date())).take(MOST_SLOTS + 1).collect();
        if times.is_empty() {
            let message = Message::new("slot-never").with("cron", text).with("month", month);
            self.report(Severity::Warning, key, message);
        } else {
            self.missing_days(key, text, &schedule);
        }
        times
    }

    /// Days that the expression names and the month lacks: a slot on the 31st is silently absent in April.
    fn missing_days(&mut self, key: &str, text: &str, schedule: &cron::Schedule) {
        // `*/2` names no day in particular.
        let named = !text.split_whitespace().nth(3).is_some_and(|days| days.contains(['*', '?', '/']));
        let last = self.month.last().day();
        let days = schedule.days_of_month();
        if named && !days.is_all() && days.iter().any(|day| day > last) {
            let days: Vec<String> = days.iter().filter(|d| *d > last).map(|d| d.to_string()).collect();
            let message =
                Message::new("slot-day-missing").with("days", days.join(", ")).with("month", self.month);
            self.report(Severity::Warning, key, message);
        }
    }

    fn land(&mut self, zone: Tz, key: &str, id: &SlotId) -> DateTime<Utc> {
        let (at, landing) = civil::instant(zone, id.local);
        let (severity, code) = match landing {
            civil::Landing::Once => return at,
            civil::Landing::Gap => (Severity::Warning, "slot-in-gap"),
            civil::Landing::Fold => (Severity::Note, "slot-in-fold"),
        };
        let local = at.with_timezone(&zone).to_rfc3339();
        self.report(severity, key, Message::new(code).with("slot", id).with("at", local));
        at
    }
}

/// The key of the slot's own line: the rule's `cron`, or its element of `at`.
pub(super) fn key_of(schedule: &Schedule, slot: &Slot) -> String {
    let at = match &schedule.slots[slot.rule].when {
        When::At(times) => times.iter().position(|time| *time == slot.id.local),
        When::Cron(_) => None,
    };
    at.map_or_else(|| format!("slot[{}].cron", slot.rule), |at| format!("slot[{}].at[{at}]", slot.rule))
}

pub(super) fn civil_text(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule(month: &str, slots: &[When]) -> Schedule {
        let rule = |when: &When| SlotRule {
            programme: "cchc".into(),
            when: when.clone(),
            units: vec!["*".into()],
            reason: String::new(),
        };
        Schedule {
            month: month.parse().unwrap(),
            revision: 1,
            issued_by: "x".into(),
            programmes: Vec::new(),
            slots: slots.iter().map(rule).collect(),
        }
    }

    fn cron(text: &str) -> When {
        When::Cron(text.into())
    }

    fn check(month: &str, zone: Tz, rules: &[When], instants: &[&str], codes: &[&str]) {
        let (slots, findings) = expand("f", &schedule(month, rules), zone, "duc-pho");
        let found: Vec<String> = slots.iter().map(|s| s.at.format("%m-%dT%H:%M").to_string()).collect();
        assert_eq!(found, instants, "{month} {zone}");
        let found: Vec<&str> = findings.iter().map(|f| f.message.code).collect();
        assert_eq!(found, codes, "{month} {zone}");
    }

    #[test]
    fn rules_become_slots_in_every_sort_of_zone() {
        let hcm = chrono_tz::Asia::Ho_Chi_Minh;
        let saturdays = ["03-04T22:30", "03-11T22:30", "03-18T22:30", "03-25T22:30"];
        check("2022-03", hcm, &[cron("0 30 5 * * Sat")], &saturdays, &[]);
        // The first and the last second of the month both belong to it.
        check("2022-03", hcm, &[cron("0 0 0 1 * *")], &["02-28T17:00"], &[]);
        check("2022-03", hcm, &[cron("59 59 23 31 3 *")], &["03-31T16:59"], &[]);
        check("2022-04", hcm, &[cron("0 0 17 31 * *")], &[], &["slot-never"]);
        check("2022-04", hcm, &[cron("0 0 17 1,31 * *")], &["04-01T10:00"], &["slot-day-missing"]);
        check("2023-02", hcm, &[cron("0 0 17 29 2 *")], &[], &["slot-never"]);
        check("2024-02", hcm, &[cron("0 0 17 29 2 *")], &["02-29T10:00"], &[]);
        check("2022-04", hcm, &[cron("0 0 17 */30 * *")], &["04-01T10:00"], &[]);
        let berlin = chrono_tz::Europe::Berlin;
        let around = ["03-26T01:30", "03-27T01:00", "03-28T00:30"];
        check("2022-03", berlin, &[cron("0 30 2 26-28 * *")], &around, &["slot-in-gap"]);
        let around = ["10-29T00:30", "10-30T00:30", "10-31T01:30"];
        check("2022-10", berlin, &[cron("0 30 2 29-31 * *")], &around, &["slot-in-fold"]);
        let york = chrono_tz::America::New_York;
        check("2022-03", york, &[cron("0 30 2 13 * *")], &["03-13T07:00"], &["slot-in-gap"]);
        check("2022-11", york, &[cron("0 30 1 6 * *")], &["11-06T05:30"], &["slot-in-fold"]);
        let lord_howe = chrono_tz::Australia::Lord_Howe;
        check("2022-10", lord_howe, &[cron("0 15 2 2 * *")], &["10-01T15:30"], &["slot-in-gap"]);
        check("2022-04", lord_howe, &[cron("0 45 1 3 * *")], &["04-02T14:45"], &["slot-in-fold"]);
    }

    #[test]
    fn times_outside_the_month_and_repeats_are_told() {
        let hcm = chrono_tz::Asia::Ho_Chi_Minh;
        let at = |times: &[&str]| When::At(times.iter().map(|t| t.parse().unwrap()).collect());
        let rules = [at(&["2022-03-05T17:00:00", "2022-04-01T00:00:00"]), cron("0 0 17 5 * *")];
        check("2022-03", hcm, &rules, &["03-05T10:00"], &["slot-outside-month", "slot-twice"]);
        check("2022-03", hcm, &[cron("nonsense")], &[], &["cron-malformed"]);
    }

    #[test]
    fn every_second_is_refused_at_the_bound() {
        let (slots, findings) =
            expand("f", &schedule("2022-03", &[cron("* * * * * *")]), chrono_tz::UTC, "x");
        assert_eq!(slots, []);
        assert_eq!(findings[0].message.code, "slots-too-many");
    }

    proptest! {
        #[test]
        fn any_expression_ends_in_order_and_inside_the_month(
            text in "[0-9*/,?-]{1,5} [0-9*/,]{1,5} [0-9*/,]{1,5} [0-9*/,?-]{1,5} [0-9*/,]{1,5} [0-9*/,A-Za-z]{1,5}",
            month in 1u32..=12,
        ) {
            let month = format!("2024-{month:02}");
            let (slots, _) =
                expand("f", &schedule(&month, &[cron(&text)]), chrono_tz::Europe::Berlin, "x");
            prop_assert!(slots.windows(2).all(|pair| pair[0].at <= pair[1].at));
            prop_assert!(slots.iter().all(|s| s.id.month.contains(s.id.local.date())));
        }
    }
}
