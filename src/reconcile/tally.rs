//! What a matrix asks of a station's record, whatever the period: a year's slots and airings in some bytes each, so that
//! matrices of all its periods cost next to nothing.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    matrix::{ProgrammeFact, StationRecord},
    rules::Rules,
    slots::{Repairs, is_owed},
};
use crate::{
    evidence::{AsRunRow, Reason},
    programme::Plan,
    units::{Month, SlotId},
};

/// A station's record under a plan.
#[derive(Debug, Clone)]
pub struct Tally {
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
    /// Its slots that no newer revision dropped.
    pub slots: Vec<TalliedSlot>,
    pub(super) programmes: Vec<ProgrammeFact>,
    /// Months and days of airings of the plan that people vouch for.
    pub(super) vouched: Vec<(Month, NaiveDate)>,
    airings: Vec<Airing>,
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
            plan.columns.iter().any(|of| of.title == *column).then_some(programme)
        };
        let vouched = record.vouched.iter().filter_map(|said| {
            concerned(said.fact.month, &said.fact.programme)?;
            let began = DateTime::from_timestamp_millis(said.fact.first_ms).unwrap_or_default();
            Some((said.fact.month, day(began)))
        });
        Tally {
            station: record.station.clone(),
            unit: record.unit.clone(),
            rules: record.rules.clone(),
            known_from: day(record.known_from),
            known_until: day(record.known_until),
            slots: slots(record, concerned),
            programmes: record.programmes.clone(),
            vouched: vouched.collect(),
            airings: airings(record, concerned),
        }
    }

    /// What counts by the day `cutoff`. A make-good counts for the slot that it repairs, once, and for none when that slot
    /// counts itself.
    pub(super) fn done(&self, cutoff: NaiveDate) -> Vec<Done<'_>> {
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        let mut done = Vec::new();
        for airing in self.airings.iter().filter(|airing| airing.date <= cutoff) {
            if airing.slot.is_none_or(|slot| taken.insert(slot)) {
                let &Airing { month, programme, date, made_good, entry, .. } = airing;
                let programme = &self.programmes[programme].id;
                done.push(Done { month, programme, date, made_good, entry });
            }
        }
        done
    }
}

/// The slots that are in force, in order.
fn slots(record: &StationRecord, concerned: impl Fn(Month, &str) -> Option<usize>) -> Vec<TalliedSlot> {
    let rows: HashMap<&SlotId, &AsRunRow> =
        record.rows.iter().filter_map(|row| Some((row.slot.as_ref()?, row))).collect();
    let repairs = Repairs::of(&record.rows, &record.rules);
    let in_force = record.meant.iter().filter(|meant| !meant.dropped);
    let slot = in_force.map(|meant| {
        let row = rows.get(&meant.slot).filter(|row| !record.rules.counts(row));
        let unrepaired = row.filter(|row| !is_owed(row) || repairs.first(meant).is_none());
        TalliedSlot {
            month: meant.slot.month,
            at: meant.at,
            concerns: concerned(meant.slot.month, &meant.slot.programme).is_some(),
            date: meant.at.with_timezone(&record.rules.zone).date_naive(),
            reason: unrepaired.and_then(|row| row.reason),
        }
    });
    slot.collect()
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
            entry: row.seqs.first().copied().unwrap_or_default(),
            slot: row.slot.as_ref().or(repaired).map(|slot| *numbers.entry(slot).or_insert(next)),
        })
    });
    airing.collect()
}
