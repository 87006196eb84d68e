//! What was told, counted once more without a rule of the program: plain loops over what happened.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate, Timelike as _};

use super::told::{FOREIGN, Fate, LENGTH_MS, Place, RESUMED_MS, Told};
use crate::{evidence::Reason, programme::Plan, units::Month};

/// A cell: its state's code, and its figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Square {
    pub state: &'static str,
    pub due: u64,
    pub done: u64,
    /// Of them those that the plan asked for.
    pub wanted: u64,
    /// Its month is over, and the unit is there at its end.
    pub owed: bool,
    pub in_period: u64,
    pub made_good: u64,
    pub vouched: u64,
}

/// Everything that a report counts.
#[derive(Debug, Default)]
pub struct Counted {
    /// By the total's key.
    pub totals: BTreeMap<&'static str, u64>,
    /// By unit and month.
    pub squares: BTreeMap<(String, String), Square>,
    /// Rows of the period.
    pub rows: u64,
    /// Slots whose time came in the period and that do not count.
    pub incidents: u64,
    /// Programmes of which an airing counts, each with its month.
    pub programmes: BTreeSet<(String, String)>,
    /// Topics that were aired.
    pub topics: BTreeSet<&'static str>,
}

/// 05:30–06:30 and 17:00–18:00: twelve minutes that begin in the first 48 of these fit.
fn inside(told: &Told) -> bool {
    let minute = told.at.hour() * 60 + told.at.minute();
    (330..=378).contains(&minute) || (1020..=1068).contains(&minute)
}

/// Whether it was heard as the plan wants it, whatever else repairs the same slot.
fn heard(told: &Told) -> bool {
    matches!(told.fate, Fate::Full | Fate::Resumed | Fate::Manual | Fate::MakesGood(_))
        && inside(told)
        && told.programme != FOREIGN
}

fn exists(plan: &Plan, unit: &str, day: NaiveDate) -> bool {
    plan.units.iter().any(|u| u.id == unit && u.valid_from <= day && u.valid_to.is_none_or(|to| day <= to))
}

/// Whether the log of `place` goes on from noon to noon around the time of `told`, and an hour beyond it.
fn lived_through(place: &Place, told: &Told) -> bool {
    let noon = |day: NaiveDate| day.and_hms_opt(12, 0, 0).unwrap();
    noon(place.known.0) <= told.at && told.at + chrono::TimeDelta::hours(1) <= noon(place.known.1)
}

/// Whether something else, heard later, stands in for a slot that was tried and not called off.
fn is_repaired(place: &Place, slot: &Told, until: NaiveDate) -> bool {
    let nothing_to_repair = matches!(slot.fate, Fate::Full | Fate::Resumed) && inside(slot);
    let called_off = slot.fate == Fate::Cancelled || nothing_to_repair;
    let stands_in = |other: &&Told| {
        other.fate == Fate::MakesGood(slot.at)
            && (other.month, &other.programme) == (slot.month, &slot.programme)
            && other.at > slot.at
            && other.at.date() <= until
            && inside(other)
    };
    !called_off && place.airings.iter().any(|other| stands_in(&other))
}

/// The airings of a place that count by the day `until`, by their place in its list.
fn counting(place: &Place, until: NaiveDate) -> BTreeSet<usize> {
    let heard = |n: &usize| heard(&place.airings[*n]) && place.airings[*n].at.date() <= until;
    let all: Vec<usize> = (0..place.airings.len()).filter(heard).collect();
    let mut repaired = BTreeSet::new();
    let kept = all.iter().copied().filter(|n| {
        let told = &place.airings[*n];
        let Fate::MakesGood(of) = told.fate else { return true };
        let same =
            |other: &Told| (other.month, &other.programme, other.at) == (told.month, &told.programme, of);
        let itself = all.iter().any(|m| place.airings[*m].is_slot() && same(&place.airings[*m]));
        !itself && repaired.insert((told.month, told.programme.clone(), of))
    });
    kept.collect()
}

/// Of which spots of a unit a month is asked, each with the numbers of the `logs` that tell of it: of every station that was
/// there on all its days, or else on some, or else of one that has whatever came later; one that came when another had gone is asked in its place.
fn asked(logs: &[&Place], month: Month) -> Vec<Vec<usize>> {
    let mut names: Vec<&str> = logs.iter().map(|place| &*place.station).collect();
    names.sort_unstable();
    names.dedup();
    let mut spots: Vec<Vec<usize>> = names
        .iter()
        .map(|name| (0..logs.len()).filter(|n| logs[*n].station == **name).collect::<Vec<usize>>())
        .collect();
    let from = |spot: &[usize]| spot.iter().map(|n| logs[*n].known.0).min().unwrap();
    // The day from which on nobody is there; none where somebody still is.
    let gone = |spot: &[usize]| {
        let latest = spot.iter().copied().max_by_key(|n| logs[*n].known.1).unwrap();
        logs[latest].ended.then_some(logs[latest].known.1)
    };
    let on_some =
        |spot: &Vec<usize>| from(spot) <= month.last() && gone(spot).is_none_or(|gone| gone >= month.first());
    if !spots.iter().any(on_some) {
        return if logs.is_empty() { Vec::new() } else { vec![spots.concat()] };
    }
    spots.retain(on_some);
    spots.sort_by_key(|spot| from(spot));
    let mut at = 0;
    while at < spots.len() {
        let earlier = (0..at).find(|n| gone(&spots[*n]).is_some_and(|gone| gone <= from(&spots[at])));
        if let Some(earlier) = earlier {
            let next = spots.remove(at);
            spots[earlier].extend(next);
        } else {
            at += 1;
        }
    }
    let on_all =
        |spot: &Vec<usize>| from(spot) <= month.first() && gone(spot).is_none_or(|gone| gone >= month.last());
    if spots.iter().any(on_all) {
        spots.retain(on_all);
    }
    spots
}

/// Counts `places` under `plan` from `from` to `to`, as of `as_of`. The lines `of_month` are all of its days; what was made
/// for another year, of which no plan is known, counts for nothing.
#[allow(
    clippy::too_many_lines,
    reason = "one count, told from the first to the last without a rule to share"
)]
pub fn count(
    plan: &Plan,
    places: &[Place],
    (from, to): (NaiveDate, NaiveDate),
    as_of: NaiveDate,
    of_month: bool,
) -> Counted {
    let until = to.min(as_of);
    let within = |day: NaiveDate| from <= day && day <= to;
    let counting: Vec<BTreeSet<usize>> = places.iter().map(|place| counting(place, until)).collect();
    let mut found = Counted::default();
    let mut months: BTreeSet<Month> = (1..=12)
        .map(|n| Month::of(NaiveDate::from_ymd_opt(plan.year, n, 1).unwrap()))
        .filter(|month| from <= month.last() && month.first() <= to && from <= to)
        .collect();
    let mut sum = |key: &'static str, more: u64| *found.totals.entry(key).or_default() += more;
    for key in [
        "units",
        "units_aired",
        "cells_due",
        "cells_complete",
        "cells_early",
        "airings_due",
        "airings_done",
        "airings_over",
        "in_period",
        "vouched",
        "strays",
        "full",
        "full_uncounted",
        "partial",
        "missed",
        "preempted",
        "out_of_window",
        "cancelled",
        "superseded",
        "no_outcome",
        "tested",
        "repaired",
        "aired_ms",
        "declared_ms",
    ] {
        sum(key, 0);
    }
    for (place, counting) in places.iter().zip(&counting) {
        for (n, told) in place.airings.iter().enumerate() {
            let (day, counts) = (told.at.date(), counting.contains(&n));
            if counts && within(day) && told.month.year() == plan.year {
                months.insert(told.month);
                sum("strays", u64::from(!exists(plan, &place.unit, day)));
            }
            let of_year = told.month.year() == plan.year;
            if !within(day) || day > as_of || !(of_year || of_month) {
                continue;
            }
            if told.fate == Fate::Silent {
                // A log tells only of what it lived through.
                if of_year && lived_through(place, told) {
                    found.incidents += 1;
                    sum("no_outcome", 1);
                }
                continue;
            }
            found.rows += 1;
            let counts = counts && of_year && exists(plan, &place.unit, day);
            if counts {
                sum("aired_ms", if told.fate == Fate::Resumed { RESUMED_MS } else { LENGTH_MS });
                sum("declared_ms", LENGTH_MS);
                found.programmes.insert((told.month.to_string(), told.programme.clone()));
            }
            if !told.is_slot() {
                continue;
            }
            if told.fate == Fate::Missed(Reason::Superseded) {
                sum("superseded", 1);
                continue;
            }
            found.incidents += u64::from(!counts);
            sum("repaired", u64::from(!counts && is_repaired(place, told, until)));
            sum(
                match told.fate {
                    Fate::Full | Fate::Resumed if counts => "full",
                    Fate::Partial => "partial",
                    Fate::Missed(_) => "missed",
                    Fate::Preempted => "preempted",
                    Fate::OutOfWindow => "out_of_window",
                    Fate::Cancelled => "cancelled",
                    Fate::Tested => "tested",
                    _ => "full_uncounted",
                },
                1,
            );
        }
    }
    let (Some(first), Some(last)) = (months.first().copied(), months.last().copied()) else { return found };
    let there = |u: &&crate::programme::Unit| {
        u.valid_from <= last.last() && u.valid_to.is_none_or(|to| to >= first.first())
    };
    let units: BTreeSet<&str> = plan.units.iter().filter(there).map(|unit| &*unit.id).collect();
    for unit in units {
        let mut aired = false;
        for month in &months {
            let logs: Vec<_> = places.iter().zip(&counting).filter(|(place, _)| place.unit == unit).collect();
            let asked = asked(&logs.iter().map(|(place, _)| *place).collect::<Vec<_>>(), *month);
            let many = asked.len().max(1) as u64;
            let mut square =
                Square { due: u64::from(plan.a_month * plan.airings_due) * many, ..Square::default() };
            let mut fewest = None;
            let mut of_logs: Vec<BTreeMap<&str, u64>> = Vec::new();
            for (place, counting) in &logs {
                let mut programmes: BTreeMap<&str, u64> = BTreeMap::new();
                for (n, told) in place.airings.iter().enumerate().filter(|(_, told)| told.month == *month) {
                    let day = told.at.date();
                    if told.fate == Fate::Vouched && day <= until && told.programme != FOREIGN {
                        square.vouched += 1;
                    }
                    if !counting.contains(&n) || !exists(plan, unit, day) {
                        continue;
                    }
                    *programmes.entry(&told.programme).or_default() += 1;
                    square.done += 1;
                    square.in_period += u64::from(within(day));
                    square.made_good += u64::from(matches!(told.fate, Fate::MakesGood(_)));
                    found.topics.insert(if told.programme == "p0" { "II.1" } else { "II.2" });
                }
                of_logs.push(programmes);
            }
            for spot in &asked {
                let mut programmes: BTreeMap<&str, u64> = BTreeMap::new();
                for (programme, n) in spot.iter().flat_map(|log| &of_logs[*log]) {
                    *programmes.entry(programme).or_default() += n;
                }
                let (asked, mut most) = (u64::from(plan.airings_due), 0);
                // Of the programmes of the month the plan asks for so many: whichever fill it best.
                let each: Vec<u64> = programmes.values().map(|n| asked.min(*n)).collect();
                for chosen in 0..1_u32 << each.len() {
                    if chosen.count_ones() <= plan.a_month {
                        let taken = each.iter().enumerate().filter(|(n, _)| chosen >> n & 1 == 1);
                        most = most.max(taken.map(|(_, n)| n).sum());
                    }
                }
                square.wanted += most;
                let enough = programmes.values().filter(|n| **n >= asked).count();
                fewest = Some(fewest.map_or(enough, |fewest: usize| fewest.min(enough)));
            }
            let silent = |spot: &Vec<usize>| {
                let last = month.last();
                !spot.iter().any(|log| logs[*log].0.known.0 <= last && logs[*log].0.known.1 >= last)
            };
            square.state = if fewest.is_some_and(|fewest| fewest >= plan.a_month as usize) {
                "complete"
            } else if !exists(plan, unit, month.last()) {
                "no-unit"
            } else if month.last() > until {
                "not-yet-due"
            } else if asked.is_empty() || asked.iter().any(silent) {
                "no-report"
            } else if square.done > 0 {
                "short"
            } else {
                "none"
            };
            aired |= square.in_period > 0;
            square.owed = month.last() <= until && exists(plan, unit, month.last());
            sum("in_period", square.in_period);
            sum("vouched", square.vouched);
            sum("cells_early", u64::from(square.state == "complete" && month.last() > until));
            if square.owed {
                sum("cells_due", 1);
                sum("cells_complete", u64::from(square.state == "complete"));
                sum("airings_due", square.due);
                sum("airings_done", square.wanted);
                sum("airings_over", square.done - square.wanted);
            }
            found.squares.insert((unit.to_owned(), month.to_string()), square);
        }
        let in_period = from.iter_days().take_while(|day| *day <= to).any(|day| exists(plan, unit, day));
        sum("units", u64::from(in_period));
        sum("units_aired", u64::from(aired));
    }
    found
}

/// The first and the last day of a month of the administration, which ends on the 14th of `month`.
pub fn fifteenth(month: Month) -> (NaiveDate, NaiveDate) {
    let last = month.first().with_day(14).unwrap();
    let before = month.first().pred_opt().unwrap().with_day(15).unwrap();
    (before, last)
}
