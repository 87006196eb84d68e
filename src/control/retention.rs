//! How long audio is kept: what a legal hold keeps, what its time is over for. Plain decisions; `prune` acts.

use std::collections::BTreeSet;

use chrono::{Months, NaiveDate};
use serde::Serialize;

use super::{ControlError, Folder, folder::open_log, names::Times};
use crate::{
    evidence::{Body, Entry},
    store::{Filter, Reader},
    units::Month,
};

/// A legal hold: nothing that belongs to its days is deleted while it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// The entry that set it.
    pub entry: u64,
    /// First day, of station time.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Who set it.
    pub by: String,
    /// In their words.
    pub reason: String,
    /// When, with the station's offset.
    pub at: String,
    /// What lifted it; none while it is in force.
    pub lifted: Option<Lift>,
}

/// The end of a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lift {
    /// The entry that lifted it.
    pub entry: u64,
    /// Who.
    pub by: String,
    /// In their words.
    pub reason: String,
    /// When, with the station's offset.
    pub at: String,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is still needed, or nothing is known of it.
    Keep,
    /// Its time is over, but the hold of this entry keeps it.
    Held(u64),
    /// Its time is over; this month was the last that named it.
    Delete(Month),
}

impl Hold {
    fn covers(&self, month: Month) -> bool {
        self.lifted.is_none() && self.from <= month.last() && month.first() <= self.to
    }
}

/// Every hold that the station's log has ever had, in order.
pub fn holds(folder: &Folder) -> Result<Vec<Hold>, ControlError> {
    holds_in(&open_log(&folder.log_path())?)
}

/// The same of an open log.
pub(super) fn holds_in(log: &Reader) -> Result<Vec<Hold>, ControlError> {
    let filter = Filter { kinds: vec!["hold"], ..Filter::default() };
    Ok(holds_of(&log.entries_of(&filter)?))
}

fn holds_of(entries: &[Entry]) -> Vec<Hold> {
    let mut holds: Vec<Hold> = Vec::new();
    for entry in entries {
        let Body::Hold(fact) = &entry.body else { continue };
        let (by, reason) = (fact.by.clone(), fact.reason.clone());
        let at = Times::of(&entry.clk).millis(entry.clk.wall_ms);
        let Some(lifts) = fact.lifts else {
            // A day that cannot be read holds everything rather than nothing.
            let (from, to) = (fact.from.parse(), fact.to.parse());
            let (from, to) = (from.unwrap_or(NaiveDate::MIN), to.unwrap_or(NaiveDate::MAX));
            holds.push(Hold { entry: entry.seq, from, to, by, reason, at, lifted: None });
            continue;
        };
        if let Some(hold) = holds.iter_mut().find(|hold| hold.entry == lifts && hold.lifted.is_none()) {
            hold.lifted = Some(Lift { entry: entry.seq, by, reason, at });
        }
    }
    holds
}

/// The first month whose audio is kept in `this` month, for `months` whole months.
pub(super) fn kept_from(this: Month, months: u32) -> Month {
    this.first().checked_sub_months(Months::new(months)).map_or(this, Month::of)
}

/// What becomes of a file that the schedules of the months in `named` have named.
pub(super) fn verdict(named: &BTreeSet<Month>, kept_from: Month, holds: &[Hold]) -> Verdict {
    let Some(last) = named.last().filter(|last| **last < kept_from) else { return Verdict::Keep };
    let held = holds.iter().find(|hold| named.iter().any(|month| hold.covers(*month)));
    held.map_or(Verdict::Delete(*last), |hold| Verdict::Held(hold.entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Clk, HoldFact};

    fn hold(seq: u64, from: &str, to: &str, lifts: Option<u64>) -> Entry {
        let clk = Clk { wall_ms: 0, boot_ms: 0, boot: "ab".repeat(16), sync: true, offset_min: 420 };
        let (from, to) = (from.into(), to.into());
        Entry {
            seq,
            clk,
            body: Body::Hold(HoldFact { from, to, lifts, by: "C".into(), reason: "đơn".into() }),
        }
    }

    #[test]
    fn a_file_goes_when_every_month_that_named_it_is_over_and_no_hold_covers_one() {
        let holds = holds_of(&[
            hold(7, "2020-02-29", "2020-03-01", None),
            hold(8, "2019-05-05", "2019-05-05", None),
            hold(9, "2019-05-05", "2019-05-05", Some(8)),
            hold(10, "2018-01-01", "2018-12-31", Some(99)),
        ]);
        let check = |named: &[&str], wanted: Verdict| {
            let named: BTreeSet<Month> = named.iter().map(|month| month.parse().unwrap()).collect();
            assert_eq!(verdict(&named, "2022-03".parse().unwrap(), &holds), wanted, "{named:?}");
        };
        let delete = |month: &str| Verdict::Delete(month.parse().unwrap());
        check(&[], Verdict::Keep);
        check(&["2022-03"], Verdict::Keep);
        check(&["2030-01"], Verdict::Keep);
        check(&["2019-01", "2022-03"], Verdict::Keep);
        check(&["2022-02"], delete("2022-02"));
        check(&["2019-01", "2021-07"], delete("2021-07"));
        // A hold on one day holds the month, and every file that the month names.
        check(&["2020-02"], Verdict::Held(7));
        check(&["2020-03", "2021-07"], Verdict::Held(7));
        check(&["2020-01"], delete("2020-01"));
        check(&["2020-04"], delete("2020-04"));
        // Lifted; and what lifts nothing sets nothing.
        check(&["2019-05"], delete("2019-05"));
        check(&["2018-06"], delete("2018-06"));
    }

    #[test]
    fn months_are_kept_whole() {
        let check = |this: &str, months, wanted: &str| {
            assert_eq!(kept_from(this.parse().unwrap(), months).to_string(), wanted);
        };
        check("2026-11", 24, "2024-11");
        check("2026-01", 1, "2025-12");
        check("1900-01", 600, "1850-01");
    }

    #[test]
    fn a_hold_is_lifted_once_and_one_that_cannot_be_read_holds_everything() {
        let holds = holds_of(&[
            hold(3, "2020-01-01", "2020-01-31", None),
            hold(4, "2020-01-01", "2020-01-31", Some(3)),
            hold(5, "2020-01-01", "2020-01-31", Some(3)),
            hold(6, "some day", "", None),
        ]);
        assert_eq!(holds.iter().map(|hold| hold.entry).collect::<Vec<_>>(), [3, 6]);
        assert_eq!(holds[0].lifted.as_ref().map(|lift| lift.entry), Some(4));
        let named = BTreeSet::from(["1999-01".parse().unwrap()]);
        assert_eq!(verdict(&named, "2022-03".parse().unwrap(), &holds), Verdict::Held(6));
    }
}
