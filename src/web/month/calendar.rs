//! The slots of a month in a calendar: each day with its windows, each slot with what is wrong about its time.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _, Utc};

use super::super::reading;
use crate::{
    config::Station,
    programme::{self, Schedule, Slot, When},
    words::{Lang, Message},
};

/// Minutes of a day, the length of its bar.
const DAY: u32 = 24 * 60;
/// A slot is so long on the bar at least, in minutes: shorter ones could not be seen.
const SEEN: u32 = 20;

/// A day of the calendar.
pub(super) struct Day {
    pub number: u32,
    pub date: NaiveDate,
    /// When the station may sound, in words.
    pub windows: Vec<String>,
    /// The same on the bar of the day: from which minute, for how many.
    pub open: Vec<(u32, u32)>,
    pub slots: Vec<DaySlot>,
}

/// A slot in it.
pub(super) struct DaySlot {
    pub time: String,
    pub programme: String,
    pub rule: usize,
    /// Its civil time, where it stands by itself and can be taken away.
    pub at: Option<String>,
    /// Its place on the bar of the day.
    pub bar: (u32, u32),
    /// What is wrong about its time, and what to do.
    pub wrong: Vec<String>,
}

/// A rule of slots that repeats by an expression.
pub(super) struct Rule {
    pub n: usize,
    pub cron: String,
    /// The same in words, where there are any for it.
    pub said: Option<String>,
    pub programme: String,
}

/// The month in weeks from Monday on, each day with its windows and slots at this station. `lengths` of programmes are
/// in milliseconds; one that is not known yet counts as none.
pub(super) fn weeks(
    station: &Station,
    schedule: &Schedule,
    lengths: &BTreeMap<String, u64>,
    lang: Lang,
) -> Vec<Vec<Option<Day>>> {
    let (slots, _) = programme::expand("", schedule, station.zone, &station.unit);
    let calendar = Calendar { station, schedule, lang, ends: ends(&slots, lengths), slots };
    let met = calendar.met();
    let first = schedule.month.first();
    let mut days: Vec<Option<Day>> = Vec::new();
    days.extend((0..first.weekday().num_days_from_monday()).map(|_| None));
    for date in first.iter_days().take_while(|date| schedule.month.contains(*date)) {
        days.push(Some(calendar.day(date, &met)));
    }
    while !days.len().is_multiple_of(7) {
        days.push(None);
    }
    let mut weeks = Vec::new();
    while !days.is_empty() {
        weeks.push(days.drain(..7).collect());
    }
    weeks
}

fn ends(slots: &[Slot], lengths: &BTreeMap<String, u64>) -> Vec<DateTime<Utc>> {
    let length = |slot: &Slot| lengths.get(&slot.programme).and_then(|ms| i64::try_from(*ms).ok());
    slots.iter().map(|slot| slot.at + TimeDelta::milliseconds(length(slot).unwrap_or(0))).collect()
}

struct Calendar<'a> {
    station: &'a Station,
    schedule: &'a Schedule,
    lang: Lang,
    /// In order of their instants.
    slots: Vec<Slot>,
    ends: Vec<DateTime<Utc>>,
}

impl Calendar<'_> {
    /// For each slot the first other that sounds at the same time.
    fn met(&self) -> Vec<Option<usize>> {
        let mut met = vec![None; self.slots.len()];
        for (n, (slot, end)) in self.slots.iter().zip(&self.ends).enumerate() {
            let rest = self.slots.iter().enumerate().skip(n + 1);
            for (m, _) in rest.take_while(|(_, other)| other.at < *end || other.at == slot.at) {
                met[n] = met[n].or(Some(m));
                met[m] = met[m].or(Some(n));
            }
        }
        met
    }

    fn day(&self, date: NaiveDate, met: &[Option<usize>]) -> Day {
        let (station, schedule) = (self.station, self.schedule);
        let spans: Vec<_> = station.windows.spans(station.zone, date).collect();
        let windows: Vec<_> =
            spans.iter().map(|(from, to)| format!("{}–{}", self.clock(*from), self.end(*to))).collect();
        let of_day = self.slots.iter().enumerate().filter(|(_, slot)| slot.id.local.date() == date);
        let slots = of_day.map(|(n, slot)| DaySlot {
            time: clock(slot.id.local),
            programme: title(schedule, &slot.programme),
            rule: slot.rule,
            at: match schedule.slots.get(slot.rule).map(|rule| &rule.when) {
                Some(When::At(_)) => Some(slot.id.local.format("%Y-%m-%dT%H:%M:%S").to_string()),
                _ => None,
            },
            bar: self.bar(date, slot.at, self.ends[n], SEEN),
            wrong: self.wrong(n, met[n], &windows.join(", ")),
        });
        Day {
            number: date.day(),
            date,
            open: spans.iter().map(|(from, to)| self.bar(date, *from, *to, 0)).collect(),
            slots: slots.collect(),
            windows,
        }
    }

    /// What is wrong about the time of slot `n`, which meets another where one is `met`.
    fn wrong(&self, n: usize, met: Option<usize>, windows: &str) -> Vec<String> {
        let (slot, end) = (&self.slots[n], self.ends[n]);
        let (windows_of, zone) = (&self.station.windows, self.station.zone);
        let mut wrong = Vec::new();
        if !windows_of.covers_at(zone, slot.at, TimeDelta::zero()) {
            let code = if windows.is_empty() { "web-slot-closed" } else { "web-slot-outside" };
            wrong.push(Message::new(code).with("windows", windows));
        } else if !windows_of.covers_at(zone, slot.at, end - slot.at) {
            let message = Message::new("web-slot-beyond").with("end", self.clock(end));
            wrong.push(message.with("windows", windows));
        }
        if let Some(m) = met {
            let other = &self.slots[m];
            let same_day = other.id.local.date() == slot.id.local.date();
            let day = if same_day { String::new() } else { other.id.local.format("%d/%m ").to_string() };
            let time = day + &clock(other.id.local);
            let first = n.min(m);
            let until = self.ends[first];
            let until = if until > self.slots[first].at { self.clock(until) } else { "unknown".into() };
            let message = Message::new("web-slot-met")
                .with("programme", title(self.schedule, &other.programme))
                .with("time", time);
            wrong.push(message.with("end", until));
        }
        wrong.iter().map(|message| message.say(self.lang)).collect()
    }

    fn clock(&self, at: DateTime<Utc>) -> String {
        clock(at.with_timezone(&self.station.zone).naive_local())
    }

    /// The end of a window: the day ends at 24:00.
    fn end(&self, at: DateTime<Utc>) -> String {
        let end = self.clock(at);
        if end == "00:00" { "24:00".into() } else { end }
    }

    /// Where a span stands on the bar of `date`, `least` minutes long at least.
    fn bar(&self, date: NaiveDate, from: DateTime<Utc>, to: DateTime<Utc>, least: u32) -> (u32, u32) {
        let minute = |at: DateTime<Utc>| {
            let local = at.with_timezone(&self.station.zone);
            if local.date_naive() > date { DAY } else { local.hour() * 60 + local.minute() }
        };
        let (from, to) = (minute(from), minute(to));
        (from, to.saturating_sub(from).max(least).min(DAY - from.min(DAY)))
    }
}

/// A time of day; seconds where there are any.
fn clock(at: NaiveDateTime) -> String {
    at.format(if at.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string()
}

/// The title of the programme called `id`.
pub(super) fn title(schedule: &Schedule, id: &str) -> String {
    schedule.programme(id).map_or_else(|| id.to_owned(), |programme| programme.title.clone())
}

/// The rules of `schedule` that repeat by an expression.
pub(super) fn rules(schedule: &Schedule, lang: Lang) -> Vec<Rule> {
    let rules = schedule.slots.iter().enumerate();
    let cron = rules.filter_map(|(n, rule)| match &rule.when {
        When::Cron(cron) => Some(Rule {
            n,
            cron: cron.clone(),
            said: reading::rule(cron, lang),
            programme: title(schedule, &rule.programme),
        }),
        When::At(_) => None,
    });
    cron.collect()
}
