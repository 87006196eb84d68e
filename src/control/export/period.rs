//! Which entries a bundle must hold for a period: those of its days, and those without which they cannot be read.

use std::{collections::BTreeSet, ops::RangeInclusive};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use crate::{
    control::{
        ControlError,
        bundle::{self, Period},
    },
    evidence::{
        Body, Entry, PackageFact, canonical,
        tiles::{Tile, WIDTH},
    },
    programme::civil,
    store::{Filter, Reader},
    units::Month,
};

impl Period {
    /// Its first instant and the first behind it.
    fn bounds(self, zone: Tz) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        let midnight = |day: NaiveDate| civil::instant(zone, day.and_time(NaiveTime::MIN)).0;
        let behind = self.to.and_then(|day| day.checked_add_days(Days::new(1)));
        (self.from.map(midnight), behind.map(midnight))
    }

    fn has(self, month: Month) -> bool {
        self.from.is_none_or(|from| from <= month.last()) && self.to.is_none_or(|to| month.first() <= to)
    }
}

/// The bundles of entries for `period` of the log's first `size` entries, ascending.
pub fn bundles(log: &Reader, size: u64, period: Period, zone: Tz) -> Result<Vec<Tile>, ControlError> {
    let mut wanted: BTreeSet<u64> = BTreeSet::new();
    if size > 0 {
        let (first, last) = span(log, size, period, zone)?;
        wanted.extend(reach(log, size, first / WIDTH, last / WIDTH, period)?);
        wanted.extend(context(log, first, last, period)?.into_iter().map(|entry| entry / WIDTH));
    }
    Ok(wanted.into_iter().filter_map(|index| Tile::of(0, index, size)).collect())
}

/// The bundles from `first` to `last`, and before and behind them those by which anybody sees that no entry of the
/// period is missing: one that begins before it, one that ends behind it.
fn reach(
    log: &Reader,
    size: u64,
    mut first: u64,
    mut last: u64,
    period: Period,
) -> Result<RangeInclusive<u64>, ControlError> {
    let written = |seq| -> Result<Option<NaiveDate>, ControlError> {
        let leaf = log.leaf(seq)?.and_then(|leaf| canonical::decode(leaf.as_bytes()).ok());
        Ok(leaf.and_then(|leaf| bundle::day(leaf.clk())))
    };
    while first > 0 && !written(first * WIDTH)?.is_some_and(|day| period.is_after(day)) {
        first -= 1;
    }
    while (last + 1) * WIDTH < size
        && !written((last + 1) * WIDTH - 1)?.is_some_and(|day| period.is_before(day))
    {
        last += 1;
    }
    Ok(first..=last)
}

/// The first and the last entry of the period: written in it, or about a slot planned in it.
fn span(log: &Reader, size: u64, period: Period, zone: Tz) -> Result<(u64, u64), ControlError> {
    let newest = size - 1;
    if period == Period::default() {
        return Ok((0, newest));
    }
    let ms = |at: DateTime<Utc>| at.timestamp_millis();
    let (from, behind) = period.bounds(zone);
    let (from, behind) = (from.map(ms), behind.map(ms));
    let planned = log.entries_planned(from.unwrap_or(i64::MIN)..behind.unwrap_or(i64::MAX))?;
    let about: Vec<u64> = about_slots(&planned).into_iter().filter(|seq| *seq < size).collect();
    let first = match from {
        // A period without any entry is shown by the last entry: what was there when the log ended.
        Some(ms) => log.first_since(ms)?.unwrap_or(newest).min(about.first().copied().unwrap_or(newest)),
        None => 0,
    };
    let last = match behind {
        Some(ms) => log.last_before(ms)?.unwrap_or(0).max(about.last().copied().unwrap_or(0)),
        None => newest,
    };
    let first = first.min(newest);
    Ok((first, last.clamp(first, newest)))
}

/// The entries about slots, with those corrections that point to one of them.
fn about_slots(planned: &[Entry]) -> BTreeSet<u64> {
    let mut about = BTreeSet::new();
    for entry in planned {
        match &entry.body {
            Body::Correct { entry: corrected, .. } if !about.contains(corrected) => {}
            _ => drop(about.insert(entry.seq)),
        }
    }
    about
}

/// What was in force: the opening, the last start and software, the months' schedules, and every change of the
/// settings, which say whose signature counted. What was refused too: without it the slots of a draft would look as
/// if they belonged to nothing.
fn context(log: &Reader, first: u64, last: u64, period: Period) -> Result<BTreeSet<u64>, ControlError> {
    let mut context = BTreeSet::from([0]);
    let judged = Filter {
        kinds: vec!["schedule.accept", "schedule.refuse", "config", "package"],
        ..Filter::default()
    };
    let mut settings = None;
    let mut places = vec![first];
    for entry in log.entries_of(&judged)?.into_iter().take_while(|entry| entry.seq <= last) {
        match &entry.body {
            Body::ScheduleAccept(fact) if period.has(fact.month) => {
                places.push(entry.seq);
            }
            Body::ScheduleRefuse { month, .. } if period.has(*month) => {
                context.insert(entry.seq);
            }
            // What released an urgent programme that may have aired.
            Body::Package(PackageFact { urgent: Some(_), .. }) => {
                context.insert(entry.seq);
            }
            // Each start enters the settings once more.
            Body::Config { digest, trust, .. } if settings != Some((*digest, *trust)) => {
                settings = Some((*digest, *trust));
                context.insert(entry.seq);
            }
            _ => {}
        }
    }
    for place in places {
        context.insert(place);
        for kind in ["boot", "sw"] {
            context.extend(log.last_of(kind, place)?.map(|entry| entry.seq));
        }
    }
    Ok(context)
}
