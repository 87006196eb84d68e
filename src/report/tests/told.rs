//! A year as a few words tell it: units with their days, stations, what became of every airing. From the same words
//! come the logs from which a report is written, and the count that it is held against.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::{
    evidence::{Outcome, Reason, Trigger},
    programme::{Plan, Unit, plan},
    units::{Month, SlotId},
};

/// What became of an airing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Full,
    /// In full, with a short break between two stretches of sound.
    Resumed,
    Partial,
    Missed(Reason),
    /// Nothing in the log tells of it.
    Silent,
    Preempted,
    /// Cut by the end of its window.
    OutOfWindow,
    Cancelled,
    /// Played to try the loudspeakers.
    Test,
    /// A slot at which the station had no device and was but tested.
    Tested,
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

/// A station in a unit with one of its logs, the days that this covers, and its airings in order of time.
#[derive(Debug, Clone)]
pub struct Place {
    pub station: String,
    pub unit: String,
    /// The number of the log: one that was begun anew has the next.
    pub epoch: u32,
    pub known: (NaiveDate, NaiveDate),
    /// Whether the station was revoked, or began its next log, behind these days.
    pub ended: bool,
    pub airings: Vec<Told>,
}

/// Twelve minutes.
pub const LENGTH_MS: u64 = 720_000;

/// What sounds of one that was interrupted and counts all the same: 98 % of it.
pub const RESUMED_MS: u64 = 705_600;

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

/// The instant of civil time at the stations.
pub fn utc(at: NaiveDateTime) -> DateTime<Utc> {
    at.and_utc() - TimeDelta::hours(7)
}

impl Told {
    /// An airing of `p0` at 05:30 of a day.
    pub fn on(of: &str, on: &str, fate: Fate) -> Told {
        let at = day(on).and_hms_opt(5, 30, 0).unwrap();
        Told { month: month(of), programme: "p0".into(), at, fate }
    }

    /// The slot of its programme at the instant `at`.
    pub fn slot(&self, at: NaiveDateTime) -> SlotId {
        SlotId { month: self.month, programme: self.programme.clone(), local: at }
    }

    /// Its instant.
    pub fn instant(&self) -> DateTime<Utc> {
        utc(self.at)
    }

    /// Whether the schedule asks for it at this instant.
    pub fn is_slot(&self) -> bool {
        !matches!(self.fate, Fate::Test | Fate::Manual | Fate::MakesGood(_) | Fate::Vouched)
    }

    /// How the log says that it ended.
    pub fn outcome(&self) -> (Outcome, Option<Reason>) {
        match self.fate {
            Fate::Silent
            | Fate::Full
            | Fate::Resumed
            | Fate::Virtual
            | Fate::Unproven
            | Fate::Manual
            | Fate::MakesGood(_)
            | Fate::Vouched => (Outcome::Full, None),
            Fate::Partial => (Outcome::Partial, Some(Reason::DeviceLost)),
            // As the rundown closes it.
            Fate::Missed(reason @ Reason::Superseded) => (Outcome::Cancelled, Some(reason)),
            Fate::Missed(reason) => (Outcome::Missed, Some(reason)),
            Fate::Preempted => (Outcome::Preempted, Some(Reason::OperatorStop)),
            Fate::OutOfWindow => (Outcome::OutOfWindow, Some(Reason::QuietHours)),
            Fate::Cancelled => (Outcome::Cancelled, Some(Reason::Cancelled)),
            Fate::Test | Fate::Tested => (Outcome::Test, None),
        }
    }

    /// What made it happen.
    pub fn trigger(&self) -> Trigger {
        match self.fate {
            Fate::Test => Trigger::Test,
            Fate::Manual => Trigger::Manual,
            Fate::MakesGood(_) => Trigger::MakeGood,
            _ => Trigger::Schedule,
        }
    }

    /// Where it sounded. That a file has the proof of a device is more than a station would say, and counts no more.
    pub fn device(&self) -> &'static str {
        if self.fate == Fate::Virtual { "wav:/tmp/thu.wav" } else { "alsa:usb" }
    }
}

impl Place {
    /// A station of `unit` whose log covers the year and the day before it.
    pub fn of(unit: &str, airings: Vec<Told>) -> Place {
        let known = (day("2021-12-31"), day("2022-12-31"));
        Place { station: unit.into(), unit: unit.into(), epoch: 1, known, ended: false, airings }
    }
}
