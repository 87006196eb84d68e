//! What shall happen to every slot of the year, and what must then stand in the log: drawn from a seed before
//! anything runs, so that the log is held against a model and never against itself.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use fastrand::Rng;

/// What befalls a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nothing.
    Peace,
    /// Killed and started anew hours before it.
    KilledIdle,
    /// Killed and started anew between its cue and its first frame.
    KilledArmed,
    /// Killed and started anew on air.
    KilledOnAir,
    /// No power from before it until behind it.
    PowerOver,
    /// No power for days: the next two pass as well.
    PowerDays,
    /// Passed in the days without power that began with another.
    PowerStillOff,
    /// No power for a quarter of a minute on air.
    PowerBlinks,
    /// No power on air for longer than a hole may be, and shorter than patience.
    PowerHole,
    /// No power on air for longer than patience.
    PowerGone,
    /// Suspended over it.
    SleepOver,
    /// Suspended on air for longer than a hole may be.
    SleepOnAir,
    /// The sink is gone for its whole time.
    SinkGone,
    /// The sink comes back a moment behind its instant.
    SinkLate,
    /// The sound server dies on air and comes back.
    ServerKilled,
    /// The sound server freezes on air and thaws.
    ServerFrozen,
    /// The synchronised clock is set by minutes and back while it waits.
    ClockSteps,
    /// The same to an unsynchronised clock, and a person confirms it.
    ClockConfirmed,
    /// The unsynchronised clock is set, and right again only behind it.
    ClockDoubted,
    /// A boot in 1970; the time server answers in time.
    BootWrong,
    /// A boot in 2000; the time server answers behind it.
    BootWrongOver,
    /// The clock is set by minutes on air.
    ClockOnAir,
    /// The disk takes nothing from before its cue until behind its time.
    DiskFullOver,
    /// The disk takes nothing while it is on air.
    DiskFullOnAir,
    /// The disk hangs for a second while it is cued.
    DiskHangs,
    /// Its file is another than the approved one.
    FileChanged,
    /// Cancelled by a person: mourning.
    Cancelled,
    /// Stopped by a person on air.
    Stopped,
    /// A hold lies over it.
    Held,
    /// A new revision, a minute and a half before it, keeps it.
    Revised,
    /// A new revision, a day before it, drops it.
    Dropped,
    /// The month's schedule comes when it has passed.
    Late,
}

use Fate::*;

impl Fate {
    /// Whether the process ends with it.
    pub fn ends_process(self) -> bool {
        matches!(
            self,
            KilledIdle
                | KilledArmed
                | KilledOnAir
                | PowerOver
                | PowerDays
                | PowerBlinks
                | PowerHole
                | PowerGone
                | BootWrong
                | BootWrongOver
        )
    }

    /// Outcome and reason that the log must then hold.
    pub fn outcome(self) -> (&'static str, &'static str) {
        match self {
            Peace | KilledIdle | KilledArmed | KilledOnAir | PowerBlinks | SinkLate | ServerKilled
            | ServerFrozen | ClockSteps | ClockConfirmed | BootWrong | ClockOnAir | DiskFullOver
            | DiskFullOnAir | DiskHangs | Revised => ("full", "none"),
            PowerOver | PowerDays | PowerStillOff | SleepOver => ("missed", "power-off"),
            PowerHole | PowerGone | SleepOnAir => ("partial", "power-off"),
            SinkGone => ("missed", "device-lost"),
            ClockDoubted | BootWrongOver => ("missed", "clock-untrusted"),
            FileChanged => ("missed", "file-changed"),
            Cancelled => ("cancelled", "cancelled"),
            Stopped => ("partial", "operator-stop"),
            Held => ("missed", "held"),
            Dropped => ("cancelled", "superseded"),
            Late => ("missed", "schedule-late"),
        }
    }

    /// Whether one stream carried it from its first frame to its last, so that consumption was measured.
    pub fn is_unbroken(self) -> bool {
        matches!(
            self,
            Peace
                | KilledIdle
                | ClockSteps
                | ClockConfirmed
                | BootWrong
                | ClockOnAir
                | DiskFullOver
                | DiskFullOnAir
                | DiskHangs
                | Revised
        )
    }
}

/// A slot and what befalls it.
#[derive(Debug, Clone)]
pub struct Meant {
    pub at: DateTime<Utc>,
    pub fate: Fate,
}

/// The year: months of slots.
pub fn year(airings: usize, random: &mut Rng) -> Vec<Vec<Meant>> {
    let few = airings <= 100;
    let a_month = if few { 10 } else { airings.div_ceil(12) };
    let months = airings.div_ceil(a_month);
    let mut fates = deck(few, random);
    let mut year = Vec::new();
    let mut left = airings;
    for month in 0..months {
        let count = a_month.min(left);
        left -= count;
        let mut slots: Vec<Meant> = instants(month, count).map(|at| Meant { at, fate: Peace }).collect();
        // Every third month or so comes late: its first two slots have passed by then.
        let late = if month % 3 == 1 { 2.min(count - 1) } else { 0 };
        // In the middle of the year nothing ends the process: its memory is watched over months.
        let quiet = (months / 3..months * 2 / 3).contains(&month) && months > 3;
        for n in 0..count {
            if n < late {
                slots[n].fate = Late;
            }
            // The first slot behind a new month and every other one are left in peace, so that no two faults
            // meet in one slot.
            if slots[n].fate != Peace || n % 2 == 0 || (!few && random.u8(0..4) == 0) {
                continue;
            }
            let next = fates.iter().rposition(|fate| !(quiet && fate.ends_process()));
            let Some(fate) = next.map(|at| fates.remove(at)) else { continue };
            if fates.is_empty() {
                fates = deck(few, random);
            }
            let fits = fate != PowerDays || n + 3 < count;
            slots[n].fate = if fits { fate } else { PowerOver };
            if slots[n].fate == PowerDays {
                slots[n + 1].fate = PowerStillOff;
                slots[n + 2].fate = PowerStillOff;
            }
        }
        year.push(slots);
    }
    year
}

/// What is drawn, by kind: a short year sees one of each kind, a long one all of them, and days without power besides.
const KINDS: [&[Fate]; 8] = [
    &[PowerOver, PowerBlinks, PowerHole, PowerGone],
    &[KilledIdle, KilledArmed, KilledOnAir],
    &[SinkGone, SinkLate, ServerKilled, ServerFrozen],
    &[ClockSteps, ClockConfirmed, ClockDoubted, ClockOnAir],
    &[BootWrong, BootWrongOver, SleepOver, SleepOnAir],
    &[DiskFullOver, DiskFullOnAir, DiskHangs],
    &[Cancelled, Stopped, Held],
    &[FileChanged, Revised, Dropped],
];

fn deck(few: bool, random: &mut Rng) -> Vec<Fate> {
    let mut fates = if few {
        KINDS.iter().map(|kind| kind[random.usize(..kind.len())]).collect()
    } else {
        [&KINDS.concat()[..], &[PowerDays]].concat()
    };
    random.shuffle(&mut fates);
    fates
}

/// Two instants a day, morning and evening at the station, from the second of a month of 2027 on.
fn instants(month: usize, count: usize) -> impl Iterator<Item = DateTime<Utc>> {
    let month = u32::try_from(month % 12 + 1).unwrap();
    (0..count).map(move |n| {
        let day = NaiveDate::from_ymd_opt(2027, month, 2 + u32::try_from(n / 2).unwrap()).unwrap();
        assert_eq!(day.month(), month);
        // 05:30 and 17:00 in Vietnam.
        let (day, hour, minute) = if n % 2 == 0 { (day.pred_opt().unwrap(), 22, 30) } else { (day, 10, 0) };
        day.and_hms_opt(hour, minute, 0).unwrap().and_utc()
    })
}

/// The instant at which the schedule of a month is issued: a day before its first slot, or behind those that it
/// comes too late for.
pub fn issued(month: &[Meant]) -> DateTime<Utc> {
    let late = month.iter().rfind(|slot| slot.fate == Late);
    late.map_or(month[0].at - TimeDelta::days(1), |last| last.at + TimeDelta::minutes(30))
}
