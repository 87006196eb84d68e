//! What stands beside the airings that count: why a full one does not, what made good a slot, which slots the log leaves
//! without an outcome. Rows are known by their log and the first entry that tells of them.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde::Serialize;

use super::{
    matrix::StationRecord,
    period::Span,
    rules::{Rules, virtual_output},
    tally::{Tally, patience},
};
use crate::{
    evidence::{AsRunRow, Outcome, Trigger},
    programme::Plan,
    units::{Month, SlotId},
};

/// Why an airing in full does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uncounted {
    /// It sounded outside the windows of its station.
    OutOfWindow,
    /// It went to an output that no loudspeaker hangs on.
    VirtualOutput,
    /// No device confirmed it: proof below level 2.
    Unproven,
    /// Its programme is in no column of the plan.
    ForeignColumn,
    /// The plan did not have the station's unit on that day.
    NoUnit,
    /// The slot that it makes good counts itself, or was made good before.
    Again,
    /// Its programme was made for another year, of which no plan is known.
    OtherYear,
}

/// What made good a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repair {
    /// The first entry that tells of it.
    pub entry: u64,
    /// When its first frame sounded, with the offset of the station.
    pub at: DateTime<FixedOffset>,
}

/// A slot whose time has passed and of which the log tells nothing at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSlot {
    /// The station's id.
    pub station: String,
    /// The unit's id.
    pub unit: String,
    /// Its name.
    pub slot: SlotId,
    /// Its instant, with the offset of the station.
    pub at: DateTime<FixedOffset>,
}

/// What a period's figures leave out, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// Why an airing in full does not count.
    pub uncounted: BTreeMap<(String, u64), Uncounted>,
    /// What made good a slot by the period's end, by the row of the slot.
    pub repaired: BTreeMap<(String, u64), Repair>,
    /// The slots of the period without an outcome, in order.
    pub open: Vec<OpenSlot>,
}

fn in_order(a: &OpenSlot, b: &OpenSlot) -> Ordering {
    (a.at, &a.station, &a.slot).cmp(&(b.at, &b.station, &b.slot))
}

/// The first entry that tells of `row`.
pub(super) fn first_entry(row: &AsRunRow) -> u64 {
    row.seqs.first().copied().unwrap_or_default()
}

/// Why `row`, of a programme that the plan wants as far as `concerns` says, does not count; nothing where it does, or
/// where its own reason or kind says why.
pub(super) fn uncounted(plan: &Plan, rules: &Rules, row: &AsRunRow, concerns: bool) -> Option<Uncounted> {
    let own = |trigger| matches!(trigger, Trigger::Test | Trigger::ByHand | Trigger::Urgent);
    if row.outcome != Some(Outcome::Full) || row.trigger.is_none_or(own) {
        return None;
    }
    match () {
        () if virtual_output(row).is_some() => Some(Uncounted::VirtualOutput),
        () if row.proof < 2 => Some(Uncounted::Unproven),
        () if rules.out_of_window(row) => Some(Uncounted::OutOfWindow),
        () if row.month.year() != plan.year => Some(Uncounted::OtherYear),
        () if !concerns => Some(Uncounted::ForeignColumn),
        () => None,
    }
}

impl Beside {
    /// Of the `stations` in the days of `span`, as far as known on `cutoff`.
    pub(super) fn of(stations: &[Tally], span: Span, cutoff: NaiveDate) -> Beside {
        let mut beside = Beside::default();
        for tally in stations {
            let key = |entry: &u64| (tally.log.clone(), *entry);
            beside.uncounted.extend(tally.uncounted.iter().map(|(entry, why)| (key(entry), *why)));
            let by_then = tally.repaired.iter().filter(|(_, repair)| repair.at.date_naive() <= cutoff);
            beside.repaired.extend(by_then.map(|(entry, repair)| (key(entry), *repair)));
        }
        // A station that changed its unit has a tally for each, and its slots stand in all of them.
        let closed: BTreeSet<(&str, Month, DateTime<Utc>)> = stations
            .iter()
            .flat_map(|tally| tally.slots.iter().map(move |slot| (tally, slot)))
            .filter(|(_, slot)| slot.is_closed)
            .map(|(tally, slot)| (&*tally.station, slot.month, slot.at))
            .collect();
        let mut seen = BTreeSet::new();
        for tally in stations {
            for (slot, at) in &tally.open {
                let day = at.with_timezone(&tally.rules.zone).date_naive();
                let is_of = span.contains(day) && day <= cutoff;
                let is_open = !closed.contains(&(&*tally.station, slot.month, *at));
                if is_of && is_open && seen.insert((&tally.station, slot)) {
                    beside.open.push(OpenSlot {
                        station: tally.station.clone(),
                        unit: tally.unit.clone(),
                        slot: slot.clone(),
                        at: at.with_timezone(&tally.rules.zone).fixed_offset(),
                    });
                }
            }
        }
        beside.open.sort_by(in_order);
        beside
    }

    /// Takes over what the plan of `another` year knows of the programmes of that year, `counted` ones first.
    pub(super) fn admit(&mut self, another: Beside, counted: &BTreeSet<(String, u64)>) {
        for (row, why) in &mut self.uncounted {
            if let (Uncounted::OtherYear, Some(found)) = (*why, another.uncounted.get(row)) {
                *why = *found;
            }
        }
        self.uncounted.retain(|row, _| !counted.contains(row));
        for (row, repair) in another.repaired {
            self.repaired.entry(row).or_insert(repair);
        }
        self.open.extend(another.open);
        self.open.sort_by(in_order);
    }

    /// Marks what stands in `log` from `entry` on as not counted.
    pub(super) fn leave_out(&mut self, log: &str, entry: u64, why: Uncounted) {
        self.uncounted.insert((log.to_owned(), entry), why);
    }
}

/// The slots of `span` whose time had not come by the end of the day `as_of`, and those behind the end of their station's log,
/// of which nothing is known; in order.
#[must_use]
pub fn to_come(stations: &[StationRecord], span: Span, as_of: NaiveDate) -> Vec<OpenSlot> {
    let mut coming: BTreeMap<(&str, &SlotId), OpenSlot> = BTreeMap::new();
    let rows = stations.iter().flat_map(|record| record.rows.iter().map(move |row| (&*record.station, row)));
    let told: BTreeSet<(&str, &SlotId)> =
        rows.filter_map(|(station, row)| Some((station, row.slot.as_ref()?))).collect();
    for record in stations.iter().filter(|record| !record.ended) {
        for meant in record.meant.iter().filter(|meant| !meant.dropped) {
            let at = meant.at.with_timezone(&record.rules.zone).fixed_offset();
            let is_beyond = meant.at + patience() > record.known_until
                && !told.contains(&(&*record.station, &meant.slot));
            if span.contains(at.date_naive()) && (at.date_naive() > as_of || is_beyond) {
                let (station, unit, slot) = (record.station.clone(), record.unit.clone(), meant.slot.clone());
                coming.insert((&record.station, &meant.slot), OpenSlot { station, unit, slot, at });
            }
        }
    }
    let mut coming: Vec<OpenSlot> = coming.into_values().collect();
    coming.sort_by(in_order);
    coming
}

/// Whether `plan` has the unit `id` on some day of `span`.
pub(super) fn is_of(plan: &Plan, id: &str, span: Span) -> bool {
    let there =
        |from: NaiveDate, to: Option<NaiveDate>| from <= span.to && to.is_none_or(|to| span.from <= to);
    plan.units.iter().any(|unit| unit.id == id && there(unit.valid_from, unit.valid_to))
}
