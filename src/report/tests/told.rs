//! A year as a few words tell it: units with their days, stations, what became of every airing. From the same words
//! come the rows of logs and the account that a report is written from.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::row;
use crate::{
    control::{Account, Row, of_period},
    evidence::{AsRunRow, Checkpoint, Clk, ManualFact, Outcome, Reason, Trigger},
    programme::{Plan, Unit, plan},
    reconcile::{Meant, Period, ProgrammeFact, Rules, StationRecord, Vouched, matrix},
    units::{Digest, Month, SlotId},
};

/// What became of an airing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Full,
    Partial,
    Missed(Reason),
    Preempted,
    /// Cut by the end of its window.
    OutOfWindow,
    Cancelled,
    /// Played to try the loudspeakers.
    Test,
    /// In full, into a file.
    Virtual,
    /// In full, and the device did not confirm it.
    Unproven,
    /// In full, when somebody asked for it.
    Manual,
    /// In full, in place of the slot of that instant.
    MakesGood(NaiveDateTime),
    /// Somebody vouches that it was aired by other means.
    Vouched,
}

/// An airing as it is told.
#[derive(Debug, Clone)]
pub struct Told {
    pub month: Month,
    pub programme: String,
    /// Civil time at the station.
    pub at: NaiveDateTime,
    pub fate: Fate,
}

/// A station, its unit, the days that its log covers, and its airings in order of time.
#[derive(Debug, Clone)]
pub struct Place {
    pub station: String,
    pub unit: String,
    pub known: (NaiveDate, NaiveDate),
    pub airings: Vec<Told>,
}

/// Twelve minutes.
pub const LENGTH_MS: u64 = 720_000;

/// A programme outside the columns of the plan; the others, `p0` and `p1`, are in its first.
pub const FOREIGN: &str = "nhac";

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// The plan of 2022.
pub fn plan_of_2022() -> Plan {
    let (plan, findings) = plan::read("plan", include_bytes!("../../../config/plan-2022.toml"));
    plan.unwrap_or_else(|| panic!("{findings:?}"))
}

/// A unit like the ward of Phổ Hòa in the plan of 2022.
pub fn unit(id: &str, name: &str, from: NaiveDate, to: Option<NaiveDate>) -> Unit {
    let ward = plan_of_2022().units.into_iter().find(|unit| unit.id == "pho-hoa").unwrap();
    Unit { id: id.into(), name: name.into(), valid_from: from, valid_to: to, ..ward }
}

fn utc(at: NaiveDateTime) -> DateTime<Utc> {
    at.and_utc() - TimeDelta::hours(7)
}

impl Told {
    /// An airing of `p0` at 05:30 of a day.
    pub fn on(of: &str, on: &str, fate: Fate) -> Told {
        let at = day(on).and_hms_opt(5, 30, 0).unwrap();
        Told { month: month(of), programme: "p0".into(), at, fate }
    }

    fn slot(&self, at: NaiveDateTime) -> SlotId {
        SlotId { month: self.month, programme: self.programme.clone(), local: at }
    }

    /// Whether the schedule asks for it at this instant.
    pub fn is_slot(&self) -> bool {
        !matches!(self.fate, Fate::Test | Fate::Manual | Fate::MakesGood(_) | Fate::Vouched)
    }

    fn outcome(&self) -> (Outcome, Option<Reason>) {
        match self.fate {
            Fate::Full
            | Fate::Virtual
            | Fate::Unproven
            | Fate::Manual
            | Fate::MakesGood(_)
            | Fate::Vouched => (Outcome::Full, None),
            Fate::Partial => (Outcome::Partial, Some(Reason::DeviceLost)),
            Fate::Missed(reason) => (Outcome::Missed, Some(reason)),
            Fate::Preempted => (Outcome::Preempted, Some(Reason::OperatorStop)),
            Fate::OutOfWindow => (Outcome::OutOfWindow, Some(Reason::QuietHours)),
            Fate::Cancelled => (Outcome::Cancelled, Some(Reason::Cancelled)),
            Fate::Test => (Outcome::Test, None),
        }
    }

    fn trigger(&self) -> Trigger {
        match self.fate {
            Fate::Test => Trigger::Test,
            Fate::Manual => Trigger::Manual,
            Fate::MakesGood(_) => Trigger::MakeGood,
            Fate::Vouched => Trigger::ByHand,
            _ => Trigger::Schedule,
        }
    }

    fn proof(&self) -> u8 {
        match self.fate {
            Fate::Missed(_) | Fate::Cancelled => 0,
            Fate::Unproven | Fate::Vouched => 1,
            _ => 3,
        }
    }

    /// Whether it has a first frame; by somebody's word it has one, too.
    pub fn sounded(&self) -> bool {
        !matches!(self.fate, Fate::Missed(_) | Fate::Cancelled)
    }

    fn device(&self) -> Option<&'static str> {
        match self.fate {
            Fate::Vouched => None,
            _ if !self.sounded() => None,
            Fate::Virtual => Some("wav:/tmp/thu.wav"),
            _ => Some("alsa:usb"),
        }
    }

    /// The row of a log, whose entry is `n`.
    fn recorded(&self, n: u64) -> AsRunRow {
        let clk = Clk { wall_ms: 0, boot_ms: 0, boot: String::new(), sync: true, offset_min: 420 };
        let at = utc(self.at);
        let (outcome, reason) = self.outcome();
        let sounded = self.sounded();
        AsRunRow {
            slot: self.is_slot().then(|| self.slot(self.at)),
            repairs: if let Fate::MakesGood(of) = self.fate { Some(self.slot(of)) } else { None },
            trigger: Some(self.trigger()),
            first_us: sounded.then(|| at.timestamp_micros()),
            last_us: sounded.then(|| (at + TimeDelta::milliseconds(720_000)).timestamp_micros()),
            devices: self.device().into_iter().map(str::to_owned).collect(),
            outcome: Some(outcome),
            reason,
            proof: self.proof(),
            seqs: vec![n],
            ..AsRunRow::blank(&clk, self.month, &self.programme, at.timestamp_millis())
        }
    }

    /// The same as people read it.
    fn said(&self, n: u64, place: &Place) -> Row {
        let row_of_log = self.recorded(n);
        let local = |at: NaiveDateTime| format!("{}+07:00", at.format("%Y-%m-%dT%H:%M:%S"));
        let sounded = self.sounded();
        Row {
            slot: row_of_log.slot,
            repairs: row_of_log.repairs,
            station: place.station.clone(),
            unit: place.unit.clone(),
            month: self.month.to_string(),
            programme: self.programme.clone(),
            title: Some(format!("Chuyên mục {} tháng {}", self.programme, self.month)),
            trigger: row_of_log.trigger,
            planned: local(self.at),
            first_frame: sounded.then(|| local(self.at)),
            last_frame: sounded.then(|| local(self.at + TimeDelta::minutes(12))),
            start_error_ms: sounded.then_some(0.5),
            duration_ms: sounded.then_some(LENGTH_MS),
            devices: row_of_log.devices,
            outcome: row_of_log.outcome,
            reason: row_of_log.reason,
            proof: row_of_log.proof,
            detail: String::new(),
            notes: Vec::new(),
            entries: vec![n],
            ..row(n, 1, 1, None)
        }
    }
}

impl Place {
    /// A station of `unit` whose log covers the year and the day before it.
    pub fn of(unit: &str, airings: Vec<Told>) -> Place {
        let known = (day("2021-12-31"), day("2022-12-31"));
        Place { station: unit.into(), unit: unit.into(), known, airings }
    }

    fn record(&self, plan: &Plan) -> StationRecord {
        let noon = |day: NaiveDate| utc(day.and_hms_opt(12, 0, 0).unwrap());
        let told = || (0..).zip(&self.airings);
        let meant = |told: &Told| Meant {
            slot: told.slot(told.at),
            at: utc(told.at),
            dropped: told.fate == Fate::Missed(Reason::Superseded),
            files: Vec::new(),
        };
        let vouched = |(entry, told): (u64, &Told)| Vouched {
            entry,
            fact: ManualFact {
                slot: None,
                month: told.month,
                programme: told.programme.clone(),
                first_ms: utc(told.at).timestamp_millis(),
                last_ms: utc(told.at).timestamp_millis() + 720_000,
                outcome: Outcome::Full,
                by: "Nguyễn Văn Trực".into(),
                text: "phát bằng máy khác".into(),
                statement: Digest::of(b"statement"),
            },
        };
        let mut programmes = BTreeMap::new();
        for told in &self.airings {
            let foreign = told.programme == FOREIGN;
            let column = if foreign { "Ca nhạc" } else { &plan.columns[0].title }.to_owned();
            let topics = vec![if told.programme == "p0" { "II.1" } else { "II.2" }.to_owned()];
            let (month, id) = (told.month, told.programme.clone());
            programmes.insert((month, id.clone()), ProgrammeFact { month, id, column, topics });
        }
        StationRecord {
            station: self.station.clone(),
            unit: self.unit.clone(),
            rules: Rules::new(chrono_tz::Asia::Ho_Chi_Minh, plan.windows.clone()),
            known_from: noon(self.known.0),
            known_until: noon(self.known.1),
            meant: self.airings.iter().filter(|told| told.is_slot()).map(meant).collect(),
            rows: told().map(|(n, told)| told.recorded(n)).collect(),
            vouched: told().filter(|(_, told)| told.fate == Fate::Vouched).map(vouched).collect(),
            programmes: programmes.into_values().collect(),
        }
    }
}

/// The account of `period` as of `as_of`, with the rows of all `places`.
pub fn account(plan: Plan, places: &[Place], period: Period, as_of: NaiveDate) -> Account {
    let records: Vec<StationRecord> = places.iter().map(|place| place.record(&plan)).collect();
    let matrix = matrix(&plan, period, as_of, &records);
    let of_place = |place: &Place| {
        let rows = (0..).zip(&place.airings).map(|(n, told)| told.said(n, place)).collect();
        of_period(rows, &matrix, &place.station, plan.year, as_of)
    };
    let airings: Vec<(Row, bool)> = places.iter().flat_map(of_place).collect();
    let [station, unit] =
        places.first().map_or_else(Default::default, |place| [place.station.clone(), place.unit.clone()]);
    let head = Checkpoint { origin: "loa/station/a/1".into(), size: 4711, root: Digest::of(b"root") };
    let note = format!("{}\n{}\nq83vEjRWeJA=\n\n— loa/station/a/1 AAAA\n", head.origin, head.size);
    Account { plan, period, matrix, airings, head, note, station, unit }
}
