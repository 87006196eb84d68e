//! What a matrix asks of a station's record, whatever the period: a year's slots and airings in some bytes each, so that
//! matrices of all its periods cost next to nothing.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{
    beside::{Repair, Uncounted, first_entry, uncounted},
    matrix::{ProgrammeFact, StationRecord},
    rules::Rules,
    slots::{Repairs, is_owed},
    time::Patience,
};
use crate::{
    evidence::{AsRunRow, Reason},
    programme::Plan,
    units::{Month, SlotId},
};

/// A station's record under a plan.
#[derive(Debug, Clone)]
pub struct Tally {
    /// The name of the log that says so.
    pub log: String,
    /// The station's id.
    pub station: String,
    /// The unit's id as of then.
    pub unit: String,
    /// Its rules.
    pub rules: Rules,
    /// The day of the first entry of its log.
    pub known_from: NaiveDate,
    /// The day of its last entry.
    pub known_until: NaiveDate,
    /// Whether nothing more will come of it.
    pub ended: bool,
    /// Its slots that no newer revision dropped.
    pub slots: Vec<TalliedSlot>,
    pub(super) programmes: Vec<ProgrammeFact>,
    /// Months and days of airings of the plan that people vouch for.
    pub(super) vouched: Vec<(Month, NaiveDate)>,
    airings: Vec<Airing>,
    /// Airings in full that do not count, by their first entries.
    pub(super) uncounted: Vec<(u64, Uncounted)>,
    /// Slots that did not count and were made good, by the first entries of their rows.
    pub(super) repaired: Vec<(u64, Repair)>,
    /// Slots whose time has surely passed and of which this record tells nothing.
    pub(super) open: Vec<(SlotId, DateTime<Utc>)>,
}

/// So long after its instant a slot has an outcome, whatever held it up.
pub(super) fn patience() -> TimeDelta {
    Patience::of_a_stranger().late_start
}

/// A slot.
#[derive(Debug, Clone, Copy)]
pub struct TalliedSlot {
    /// Its programme month.
    pub month: Month,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// Whether the plan asks for its programme.
    pub concerns: bool,
    /// Whether a row of the log tells of it.
    pub(super) is_closed: bool,
    /// The day of its instant.
    pub(super) date: NaiveDate,
    /// Why it does not count, where nothing repaired it either.
    pub(super) reason: Option<Reason>,
}

/// An airing that may count.
#[derive(Debug, Clone, Copy)]
struct Airing {
    month: Month,
    /// Which of the programmes.
    programme: usize,
    date: NaiveDate,
    made_good: bool,
    /// The first entry that tells of it.
    entry: u64,
    /// The slot that it fills or repairs, as a number.
    slot: Option<usize>,
}

/// An airing that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done<'a> {
    pub month: Month,
    pub programme: &'a str,
    pub date: NaiveDate,
    pub made_good: bool,
    /// The first entry that tells of it.
    pub entry: u64,
}

impl Tally {
    /// That of `record` under `plan`.
    #[must_use]
    pub fn of(plan: &Plan, record: &StationRecord) -> Tally {
        let day = |at: DateTime<Utc>| at.with_timezone(&record.rules.zone).date_naive();
        // Many slots ask for few programmes.
        let known: HashMap<(Month, &str), usize> =
            record.programmes.iter().enumerate().rev().map(|(n, of)| ((of.month, &*of.id), n)).collect();
        let concerned = |month: Month, id: &str| {
            let programme = known.get(&(month, id)).copied()?;
            let column = &record.programmes[programme].column;
            plan.column(column).is_some().then_some(programme)
        };
        let vouched = record.vouched.iter().filter_map(|said| {
            concerned(said.fact.month, &said.fact.programme)?;
            let began = DateTime::from_timestamp_millis(said.fact.first_ms).unwrap_or_default();
            Some((said.fact.month, day(began)))
        });
        let repairs = Repairs::of(&record.rows, &record.rules);
        let slots = slots(record, &repairs, concerned);
        let in_force = record.meant.iter().filter(|meant| !meant.dropped);
        let past = |at: DateTime<Utc>| record.known_from <= at && at + patience() <= record.known_until;
        let open = in_force.zip(&slots).filter(|(meant, slot)| !slot.is_closed && past(meant.at));
        let open = open.map(|(meant, _)| (meant.slot.clone(), meant.at)).collect();
        let left_out = record.rows.iter().filter_map(|row| {
            let why = uncounted(plan, &record.rules, row, concerned(row.month, &row.programme).is_some())?;
            Some((first_entry(row), why))
        });
        Tally {
            log: record.log.clone(),
            station: record.station.clone(),
            unit: record.unit.clone(),
            rules: record.rules.clone(),
            known_from: day(record.known_from),
            known_until: day(record.known_until),
            ended: record.ended,
            slots,
            programmes: record.programmes.clone(),
            vouched: vouched.collect(),
            airings: airings(record, concerned),
            uncounted: left_out.collect(),
            repaired: repaired(record, &repairs),
            open,
        }
    }

    /// Whether it is the same for a log that ends at `until` as for one that ends at `seen`, on the same day and with nothing
    /// more of its slots: no slot's time has surely passed in between.
    #[must_use]
    pub fn stands(&self, seen: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        let (from, to) = (seen.min(until), seen.max(until));
        let passes = |at: DateTime<Utc>| from < at + patience() && at + patience() <= to;
        !self.slots.iter().any(|slot| !slot.is_closed && passes(slot.at))
    }

    /// What counts by the day `cutoff`. A make-good counts for the slot that it repairs, once, and for none when that slot
    /// counts itself. Beside it the first entries of make-goods of what counts without them.
    pub(super) fn done(&self, cutoff: NaiveDate) -> (Vec<Done<'_>>, Vec<u64>) {
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        let (mut done, mut again) = (Vec::new(), Vec::new());
        for airing in self.airings.iter().filter(|airing| airing.date <= cutoff) {
            if airing.slot.is_none_or(|slot| taken.insert(slot)) {
                let &Airing { month, programme, date, made_good, entry, .. } = airing;
                let programme = &self.programmes[programme].id;
                done.push(Done { month, programme, date, made_good, entry });
            } else {
                again.push(airing.entry);
            }
        }
        (done, again)
    }
}

/// The slots that are in force, in order.
fn slots(
    record: &StationRecord,
    repairs: &Repairs<'_>,
    concerned: impl Fn(Month, &str) -> Option<usize>,
) -> Vec<TalliedSlot> {
    let rows: HashMap<&SlotId, &AsRunRow> =
        record.rows.iter().filter_map(|row| Some((row.slot.as_ref()?, row))).collect();
    let in_force = record.meant.iter().filter(|meant| !meant.dropped);
    let slot = in_force.map(|meant| {
        let row = rows.get(&meant.slot);
        let uncounted = row.filter(|row| !record.rules.counts(row));
        let repaired = || repairs.behind(&meant.slot, meant.at.timestamp_millis()).is_some();
        let unrepaired = uncounted.filter(|row| !is_owed(row) || !repaired());
        TalliedSlot {
            month: meant.slot.month,
            at: meant.at,
            concerns: concerned(meant.slot.month, &meant.slot.programme).is_some(),
            is_closed: row.is_some(),
            date: meant.at.with_timezone(&record.rules.zone).date_naive(),
            reason: unrepaired.and_then(|row| row.reason),
        }
    });
    slot.collect()
}

/// What was made good, with the airing that did it.
fn repaired(record: &StationRecord, repairs: &Repairs<'_>) -> Vec<(u64, Repair)> {
    let owed = record.rows.iter().filter(|row| !record.rules.counts(row) && is_owed(row));
    let repaired = owed.filter_map(|row| {
        let repair = repairs.behind(row.slot.as_ref()?, row.planned_ms)?;
        let at = DateTime::from_timestamp_micros(repair.first_us?)?.with_timezone(&record.rules.zone);
        Some((first_entry(row), Repair { entry: first_entry(repair), at: at.fixed_offset() }))
    });
    repaired.collect()
}

/// The airings that count for some slot, or for none: slots themselves first, then what repairs them, in order of time.
fn airings(record: &StationRecord, concerned: impl Fn(Month, &str) -> Option<usize>) -> Vec<Airing> {
    let rules = &record.rules;
    let mut rows: Vec<&AsRunRow> = record.rows.iter().filter(|row| rules.counts(row)).collect();
    rows.sort_by_key(|row| (row.repairs.is_some(), row.first_us));
    let mut numbers: HashMap<&SlotId, usize> = HashMap::new();
    let airing = rows.into_iter().filter_map(|row| {
        let repaired = row.repairs.as_ref();
        let foreign = repaired.is_some_and(|slot| slot.month != row.month || slot.programme != row.programme);
        let programme = concerned(row.month, &row.programme).filter(|_| !foreign)?;
        let next = numbers.len();
        Some(Airing {
            month: row.month,
            programme,
            date: rules.date(row),
            made_good: repaired.is_some(),
            entry: first_entry(row),
            slot: row.slot.as_ref().or(repaired).map(|slot| *numbers.entry(slot).or_insert(next)),
        })
    });
    airing.collect()
}
