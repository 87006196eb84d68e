//! Slots as they were meant, and what made them good.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::rules::Rules;
use crate::{
    evidence::{AsRunRow, ManualFact, Outcome},
    programme::SlotList,
    units::SlotId,
};

/// A slot as it was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meant {
    /// Its name.
    pub slot: SlotId,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// A newer revision of the month dropped it.
    pub dropped: bool,
}

impl Meant {
    /// The slots of one month from its accepted `lists`, in the order of their acceptance: the last is in
    /// force. In order of their instants.
    #[must_use]
    pub fn of_lists(lists: &[SlotList]) -> Vec<Meant> {
        let mut all = BTreeMap::new();
        for (n, list) in lists.iter().enumerate() {
            let dropped = n + 1 < lists.len();
            all.extend(list.slots.iter().map(|(slot, at)| (slot.clone(), (*at, dropped))));
        }
        let meant = |(slot, (at, dropped))| Meant { slot, at, dropped };
        let mut meant: Vec<Meant> = all.into_iter().map(meant).collect();
        meant.sort_by(|a, b| (a.at, &a.slot).cmp(&(b.at, &b.slot)));
        meant
    }
}

/// An airing that a person vouches for, with the entry that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vouched {
    /// The entry.
    pub entry: u64,
    /// What that person says.
    #[serde(flatten)]
    pub fact: ManualFact,
}

/// Airings that count and repair slots of their own month, by slot.
pub(super) struct Repairs<'a>(HashMap<&'a SlotId, Vec<&'a AsRunRow>>);

impl<'a> Repairs<'a> {
    /// Those of `rows`.
    pub fn of(rows: &'a [AsRunRow], rules: &Rules) -> Repairs<'a> {
        let mut repairs: HashMap<&SlotId, Vec<&AsRunRow>> = HashMap::new();
        for row in rows {
            let repaired = row.repairs.as_ref().filter(|slot| slot.month == row.month);
            if let Some(slot) = repaired.filter(|_| rules.counts(row)) {
                repairs.entry(slot).or_default().push(row);
            }
        }
        Repairs(repairs)
    }

    /// The first airing behind `slot` that repaired it; it was planned then (milliseconds since 1970, UTC).
    pub fn behind(&self, slot: &SlotId, planned_ms: i64) -> Option<&'a AsRunRow> {
        let after = |repair: &&&AsRunRow| repair.first_us > Some(planned_ms.saturating_mul(1000));
        self.0.get(slot)?.iter().find(after).copied()
    }
}

/// Whether a slot with this row, which does not count, is to be made good at all.
pub(super) fn is_owed(row: &AsRunRow) -> bool {
    !matches!(row.outcome, None | Some(Outcome::Cancelled))
}
