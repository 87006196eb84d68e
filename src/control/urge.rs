//! Urging (đôn đốc): what is missing for a month, or for the year so far, per unit, and until when it can still be
//! made good.
//!
//! A missed slot is made good in a window of its own month; that happens by itself where the station is set so. After
//! the month's end a person may still air the month's programme by hand: it counts for the plan's report when it is
//! on air by the report's deadline. What is later than that can only be explained.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::{Compliance, ControlError, Sources};
use crate::{
    evidence::Reason,
    programme::Plan,
    reconcile::{Cell, Matrix, Period, Rules, Span, State, Tally, UnitRow, tallied},
    units::Month,
};

/// What is missing, as of an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Urging {
    /// The day as of which it is so.
    pub as_of: NaiveDate,
    /// The title of the plan.
    pub plan: String,
    /// Its number; may be empty.
    pub number: String,
    /// The last day for its report.
    pub deadline: NaiveDate,
    /// The units that lack something, in the plan's order.
    pub units: Vec<Urged>,
}

/// A unit that lacks something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Urged {
    /// Its id.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// The office that answers for it, by the plan's dated data; empty where the plan names none.
    pub office: String,
    /// What it lacks, a programme month each.
    pub lacks: Vec<Lack>,
}

/// A programme month that is not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// The programme month.
    pub month: Month,
    /// How it stands.
    pub state: State,
    /// Airings that the plan wants.
    pub due: u32,
    /// Airings that count.
    pub done: u32,
    /// Airings that people vouch for, which do not count.
    pub vouched: u32,
    /// Slots of the accepted schedules that are still to come.
    pub to_come: u32,
    /// Why slots did not count, with how many.
    pub reasons: BTreeMap<Reason, u32>,
    /// The day on which the logs of the unit begin, where all begin behind the month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<NaiveDate>,
    /// Until when it can be made good.
    pub remedy: Remedy,
}

/// Until when something can still be made good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Remedy {
    /// In its own month: the latest start that still fits a window.
    InMonth {
        /// That instant.
        until: DateTime<FixedOffset>,
    },
    /// By hand, so that it still counts for the report: the latest start by the deadline.
    ForReport {
        /// That instant.
        until: DateTime<FixedOffset>,
    },
    /// No more.
    Lapsed,
}

impl Remedy {
    /// The latest start, where there is one.
    #[must_use]
    pub fn until(self) -> Option<DateTime<FixedOffset>> {
        match self {
            Remedy::InMonth { until } | Remedy::ForReport { until } => Some(until),
            Remedy::Lapsed => None,
        }
    }
}

impl Lack {
    /// Airings that are missing; one at least, since the month is not complete.
    #[must_use]
    pub fn missing(&self) -> u32 {
        self.due.saturating_sub(self.done).max(1)
    }

    /// Whether what is still to come in the schedule would be enough: nobody need be urged yet.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        self.state == State::NotYetDue && self.to_come >= self.missing()
    }
}

impl Urging {
    /// What is missing of `month`, or of the months of `year` up to now, by `sources`, of which much may be
    /// `remembered`, and as of `now`. `None` when no plan of that year is known.
    ///
    /// # Errors
    ///
    /// A log cannot be read.
    pub fn of(
        sources: &Sources,
        remembered: &Compliance,
        year: i32,
        month: Option<Month>,
        now: DateTime<Utc>,
    ) -> Result<Option<Urging>, ControlError> {
        let Some((plan, tallies)) = remembered.tallied(sources, year, Period::Year)? else { return Ok(None) };
        let zone = sources.home.station.zone;
        let as_of = now.with_timezone(&zone).date_naive();
        // The year's report ends before December does, and December is urged all the same.
        let whole = whole_year(&plan).map(|Span { from, to }| Period::Custom { from, to });
        let matrix = tallied(&plan, whole.unwrap_or(Period::Year), as_of, &tallies);
        let wanted = |of: Month| month.is_none_or(|month| month == of);
        Ok(Some(Urging::from(&plan, &matrix, &tallies, wanted, zone, now)))
    }

    fn from(
        plan: &Plan,
        matrix: &Matrix,
        tallies: &[Tally],
        wanted: impl Fn(Month) -> bool,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Urging {
        let as_of = now.with_timezone(&zone).date_naive();
        let begun = |cell: &&Cell| wanted(cell.month) && cell.month.first() <= as_of;
        let of_unit = |row: &UnitRow| {
            let of_unit: Vec<_> = tallies.iter().filter(|tally| tally.unit == row.unit).collect();
            let open = row.cells.iter().filter(begun);
            let open = open.filter(|cell| !matches!(cell.state, State::Complete | State::NoUnit));
            let lacks: Vec<Lack> = open.map(|cell| lack(plan, cell, &of_unit, zone, now)).collect();
            let office = plan.unit_near(&row.unit, as_of).map(|unit| unit.office.name.clone());
            let office = office.unwrap_or_default();
            Urged { unit: row.unit.clone(), name: row.name.clone(), office, lacks }
        };
        Urging {
            as_of,
            plan: plan.title.clone(),
            number: plan.number.clone(),
            deadline: plan.report.deadline,
            units: matrix.units.iter().map(of_unit).filter(|urged| !urged.lacks.is_empty()).collect(),
        }
    }
}

fn whole_year(plan: &Plan) -> Option<Span> {
    let day = |month, day| NaiveDate::from_ymd_opt(plan.year, month, day);
    Some(Span { from: day(1, 1)?, to: day(12, 31)? })
}

fn lack(plan: &Plan, cell: &Cell, tallies: &[&Tally], zone: Tz, now: DateTime<Utc>) -> Lack {
    let to_come = tallies.iter().filter(|tally| !tally.ended).flat_map(|tally| &tally.slots);
    let to_come = to_come.filter(|slot| slot.month == cell.month && slot.at > now && slot.concerns);
    let of_plan = Rules::new(zone, plan.windows.clone());
    let rules = tallies.first().map_or(&of_plan, |tally| &tally.rules);
    Lack {
        month: cell.month,
        state: cell.state,
        due: cell.airings_due,
        done: cell.airings_within,
        vouched: cell.vouched,
        to_come: u32::try_from(to_come.count()).unwrap_or(u32::MAX),
        reasons: cell.reasons.clone(),
        begun: cell.begun,
        remedy: remedy(plan, cell.month, rules, now),
    }
}

/// The latest start of a programme of `month`. What may be as long as the plan allows fits surely.
fn remedy(plan: &Plan, month: Month, rules: &Rules, now: DateTime<Utc>) -> Remedy {
    let length = TimeDelta::minutes(plan.minutes_max.into());
    let still = |until: Option<DateTime<Utc>>| {
        let until = until.filter(|until| now <= *until)?;
        Some(until.with_timezone(&rules.zone).fixed_offset())
    };
    if let Some(until) = still(rules.latest_start(month, length)) {
        return Remedy::InMonth { until };
    }
    let rest = Span { from: month.next().first(), to: plan.report.deadline };
    let until = still(rules.latest_start_in(rest, length));
    until.map_or(Remedy::Lapsed, |until| Remedy::ForReport { until })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        programme::plan,
        reconcile::{Beside, MatrixTotals, Meant, ProgrammeFact, StationRecord},
    };

    const ZONE: Tz = chrono_tz::Asia::Ho_Chi_Minh;

    fn plan_2022() -> Plan {
        plan::read("plan", include_bytes!("../../config/plan-2022.toml")).0.unwrap()
    }

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    /// A station of Phổ Hòa with these slots to come or gone.
    fn tally(slots: &[(&str, &str)]) -> Tally {
        let plan = plan_2022();
        let meant = slots.iter().map(|(slot, at)| Meant {
            slot: slot.parse().unwrap(),
            at: at.parse().unwrap(),
            dropped: false,
        });
        let of_month = |(slot, _): &(&str, &str)| ProgrammeFact {
            month: month(&slot[..7]),
            id: "cchc".into(),
            column: plan.columns[0].title.clone(),
            topics: Vec::new(),
        };
        let record = StationRecord {
            log: "loa/station/pho-hoa/1".into(),
            station: "pho-hoa".into(),
            unit: "pho-hoa".into(),
            rules: Rules::new(ZONE, plan.windows.clone()),
            known_from: DateTime::UNIX_EPOCH,
            known_until: DateTime::UNIX_EPOCH,
            ended: false,
            meant: meant.collect(),
            rows: Vec::new(),
            vouched: Vec::new(),
            programmes: slots.iter().map(of_month).collect(),
        };
        Tally::of(&plan, &record)
    }

    fn urged(cells: Vec<Cell>, tallies: &[Tally], wanted: Option<&str>, now: &str) -> Vec<Lack> {
        let plan = plan_2022();
        let row = UnitRow { unit: "pho-hoa".into(), name: "phường Phổ Hòa".into(), cells };
        let matrix = Matrix {
            span: whole_year(&plan).unwrap(),
            months: row.cells.iter().map(|cell| cell.month).collect(),
            units: vec![row],
            topics: BTreeMap::new(),
            totals: MatrixTotals::default(),
            counted: BTreeSet::new(),
            beside: Beside::default(),
        };
        let wanted = |of| wanted.is_none_or(|wanted| month(wanted) == of);
        let urging = Urging::from(&plan, &matrix, tallies, wanted, ZONE, now.parse().unwrap());
        urging.units.into_iter().flat_map(|unit| unit.lacks).collect()
    }

    #[test]
    fn what_is_complete_or_still_far_or_has_no_unit_is_not_urged() {
        let cells = || {
            vec![
                Cell::sample("2022-01", State::Complete, 2),
                Cell::sample("2022-02", State::NoUnit, 0),
                Cell::sample("2022-03", State::Short, 1),
                Cell::sample("2022-04", State::NotYetDue, 0),
                Cell::sample("2022-05", State::NotYetDue, 0),
            ]
        };
        let months = |wanted| {
            let lacks = urged(cells(), &[], wanted, "2022-04-10T00:00:00Z");
            lacks.iter().map(|lack| (lack.month.to_string(), lack.missing())).collect::<Vec<_>>()
        };
        assert_eq!(months(None), [("2022-03".into(), 1), ("2022-04".into(), 2)]);
        assert_eq!(months(Some("2022-04")), [("2022-04".into(), 2)]);
        assert_eq!((months(Some("2022-01")), months(Some("2022-05"))), (vec![], vec![]));
    }

    #[test]
    fn it_can_be_made_good_in_its_month_then_by_hand_up_to_the_deadline() {
        // Windows end at 18:00, programmes last 15 minutes at most: the last start is at 17:45.
        for (of, now, expected) in [
            ("2022-03", "2022-03-10T00:00:00Z", ("in-month", "2022-03-31T17:45:00+07:00")),
            ("2022-03", "2022-03-31T10:45:00Z", ("in-month", "2022-03-31T17:45:00+07:00")),
            ("2022-03", "2022-03-31T10:45:01Z", ("for-report", "2022-12-10T17:45:00+07:00")),
            ("2022-11", "2022-12-10T10:45:00Z", ("for-report", "2022-12-10T17:45:00+07:00")),
            ("2022-11", "2022-12-10T10:45:01Z", ("lapsed", "")),
            // December's programme has its own month, after the deadline, too.
            ("2022-12", "2022-12-20T00:00:00Z", ("in-month", "2022-12-31T17:45:00+07:00")),
            ("2022-12", "2023-01-01T00:00:00Z", ("lapsed", "")),
        ] {
            let lacks = urged(vec![Cell::sample(of, State::None, 0)], &[tally(&[])], None, now);
            let remedy = serde_json::to_value(lacks[0].remedy).unwrap();
            let until = remedy["until"].as_str().unwrap_or("");
            assert_eq!((remedy["state"].as_str().unwrap(), until), expected, "{of} at {now}");
        }
    }

    #[test]
    fn what_the_schedule_still_brings_need_not_be_urged() {
        let slots = [
            ("2022-03/cchc/2022-03-05T17:00:00", "2022-03-05T10:00:00Z"),
            ("2022-03/cchc/2022-03-20T17:00:00", "2022-03-20T10:00:00Z"),
            ("2022-03/cchc/2022-03-27T17:00:00", "2022-03-27T10:00:00Z"),
        ];
        for (state, done, now, to_come, scheduled) in [
            (State::NotYetDue, 0, "2022-03-01T00:00:00Z", 3, true),
            (State::NotYetDue, 0, "2022-03-10T00:00:00Z", 2, true),
            (State::NotYetDue, 0, "2022-03-21T00:00:00Z", 1, false),
            (State::NotYetDue, 1, "2022-03-21T00:00:00Z", 1, true),
            (State::Short, 1, "2022-04-01T00:00:00Z", 0, false),
        ] {
            let lacks = urged(vec![Cell::sample("2022-03", state, done)], &[tally(&slots)], None, now);
            assert_eq!((lacks[0].to_come, lacks[0].is_scheduled()), (to_come, scheduled), "{now}");
        }
    }
}
