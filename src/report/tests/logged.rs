//! The logs of told stations, entry by entry as a station writes them, and the account that is read from them: store,
//! fold and reconciliation are those of the program.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::told::{FOREIGN, Fate, LENGTH_MS, Place, RESUMED_MS, Told, utc};
use crate::{
    config,
    control::{Account, Compliance, Course, Folder, Sources, written},
    evidence::{
        Airing, Body, BootFacts, Clk, Cue, End, ManualFact, Missed, Outcome, Reason, ScheduleFact,
        SegmentFact, Start, Trigger,
    },
    programme::{Plan, Slot, SlotList},
    reconcile::Period,
    units::{Digest, Frames, Level, Month},
};

/// The whole programme at 48 kHz.
const ALL: Frames = Frames(LENGTH_MS * 48);

/// Its first half.
const HALF: Frames = Frames(ALL.0 / 2);

/// Sound begins so late.
const LATE_US: i64 = 500;

fn clk(at: DateTime<Utc>) -> Clk {
    let wall_ms = at.timestamp_millis();
    Clk { wall_ms, boot_ms: 60_000, boot: format!("{:032x}", 1), sync: true, offset_min: 420 }
}

/// A log in the making.
struct Writing<'a> {
    place: &'a Place,
    plan: &'a Plan,
    entries: Vec<(Clk, Body)>,
    blobs: Vec<(&'static str, Vec<u8>)>,
}

impl Writing<'_> {
    /// Adds an entry; gives its number, behind the one that opens the log.
    fn add(&mut self, at: DateTime<Utc>, body: Body) -> u64 {
        self.entries.push((clk(at), body));
        self.entries.len() as u64
    }

    fn keep(&mut self, kind: &'static str, text: String) -> Digest {
        let digest = Digest::of(text.as_bytes());
        self.blobs.push((kind, text.into_bytes()));
        digest
    }

    /// The schedule of a month, in one revision or in two: the second drops what was superseded.
    fn accept(&mut self, at: DateTime<Utc>, month: Month) -> Digest {
        let of_month: Vec<&Told> = self.place.airings.iter().filter(|told| told.month == month).collect();
        let programmes: BTreeSet<&str> = of_month.iter().map(|told| &*told.programme).collect();
        let dropped = |told: &Told| told.fate == Fate::Missed(Reason::Superseded);
        let twice = of_month.iter().any(|told| dropped(told));
        let mut latest = Digest::of(b"");
        for revision in 1..=u32::from(twice) + 1 {
            let kept = of_month.iter().filter(|told| told.is_slot() && !(revision == 2 && dropped(told)));
            let slot = |told: &&Told| Slot {
                id: told.slot(told.at),
                at: told.instant(),
                programme: told.programme.clone(),
                rule: 0,
                reason: String::new(),
            };
            let slots: Vec<Slot> = kept.copied().map(|told| slot(&told)).collect();
            let digest = self.keep("schedule", schedule(self.plan, month, revision, &programmes));
            let list = SlotList::new(&self.place.station, &self.place.unit, month, digest, &slots);
            let fact = ScheduleFact {
                ward: false,
                month,
                revision,
                digest,
                slots: self.keep("slots", list.to_string()),
                count: slots.len() as u64,
                approval: self.keep("approval", format!("{month} {revision}")),
                by: "Nguyễn Văn Duyệt".into(),
                document: "12/PD".into(),
            };
            self.add(at, Body::ScheduleAccept(fact));
            latest = digest;
        }
        latest
    }

    fn air(&mut self, told: &Told, schedule: Digest) {
        let at = told.instant();
        let cue = Cue {
            ward: false,
            slot: told.is_slot().then(|| told.slot(told.at)),
            airing: None,
            repairs: if let Fate::MakesGood(of) = told.fate { Some(told.slot(of)) } else { None },
            month: told.month,
            programme: told.programme.clone(),
            trigger: told.trigger(),
            by: if told.fate == Fate::Manual { "Nguyễn Văn Trực".into() } else { String::new() },
            planned_ms: at.timestamp_millis(),
            from: Frames::ZERO,
            frames: ALL,
            schedule,
            master: Digest::of(b"master"),
            loudness_lufs: Level(-1600),
            true_peak_dbtp: Level(-100),
        };
        let airing = self.entries.len() as u64 + 1;
        self.add(at - TimeDelta::seconds(10), Body::Cue(Box::new(cue.clone())));
        self.start(told, airing, at, None);
        if told.fate == Fate::Resumed {
            let on = at + TimeDelta::minutes(6);
            self.add(on, Body::Boot(BootFacts { clean: false, last_alive_ms: None }));
            let rest = Cue { airing: Some(airing), trigger: Trigger::Resume, from: HALF, ..cue.clone() };
            self.add(on, Body::Cue(Box::new(rest)));
            self.start(told, airing, on, Some(20_000));
        }
        let (outcome, reason) = told.outcome();
        let heard = match outcome {
            Outcome::Full if told.fate == Fate::Resumed => Frames(RESUMED_MS * 48),
            Outcome::Full | Outcome::Test => ALL,
            _ => HALF,
        };
        let segment = SegmentFact { airing, n: 0, file: Digest::of(b"tin.mp3"), frames: heard };
        let last = at + TimeDelta::milliseconds(i64::try_from(heard.ms()).unwrap());
        self.add(last, Body::Segment(segment));
        let end = End {
            airing,
            slot: cue.slot,
            outcome,
            reason,
            last_us: Some(last.timestamp_micros()),
            expected: ALL,
            decoded: heard,
            delivered: heard,
            consumed: heard,
            muted: Frames::ZERO,
            underruns: Frames::ZERO,
            hole_ms: if told.fate == Fate::Resumed { 20_000 } else { 0 },
            proof: if told.fate == Fate::Unproven { 1 } else { 3 },
        };
        self.add(last, Body::End(Box::new(end)));
    }

    fn start(&mut self, told: &Told, airing: Airing, at: DateTime<Utc>, hole_ms: Option<u64>) {
        let start = Start {
            airing,
            first_us: at.timestamp_micros() + LATE_US,
            error_us: LATE_US,
            latency_us: 80_000,
            hole_ms,
            device: told.device().into(),
        };
        self.add(at, Body::Start(start));
    }

    /// What became of `told`; of some slots a person says something.
    fn tell(&mut self, n: usize, told: &Told, schedule: Digest) {
        let at = told.instant();
        let slot = told.slot(told.at);
        match (&told.fate, told.outcome()) {
            (Fate::Silent, _) => return,
            (Fate::Missed(_) | Fate::Cancelled, (outcome, reason)) => {
                let (slot, planned_ms) = (slot.clone(), at.timestamp_millis());
                let detail = String::new();
                let missed = Missed { slot, planned_ms, outcome, reason: reason.unwrap(), detail };
                self.add(at, Body::Missed(missed));
            }
            (Fate::Vouched, (outcome, _)) => {
                let statement = self.keep("statement", format!("{slot}"));
                let fact = ManualFact {
                    slot: None,
                    month: told.month,
                    programme: told.programme.clone(),
                    first_ms: at.timestamp_millis(),
                    last_ms: at.timestamp_millis() + i64::try_from(LENGTH_MS).unwrap(),
                    outcome,
                    by: "Nguyễn Văn Trực".into(),
                    text: "phát bằng máy khác".into(),
                    statement,
                };
                self.add(at, Body::Manual(Box::new(fact)));
            }
            _ => self.air(told, schedule),
        }
        if n % 7 == 6 && told.is_slot() {
            let by = "Nguyễn Văn Trực".into();
            let entry = self.add(at, Body::Note { slot, by, text: "loa khu 3 rè".into() });
            let by = "Nguyễn Văn Trực".into();
            self.add(at, Body::Correct { entry, by, text: "loa khu 2 rè".into() });
        }
    }
}

/// A month's schedule, as it stands beside the log: foreign programmes are in a column that the plan does not have.
fn schedule(plan: &Plan, month: Month, revision: u32, programmes: &BTreeSet<&str>) -> String {
    let mut text = format!("format = 1\nmonth = \"{month}\"\nrevision = {revision}\nissued_by = \"TT\"\n");
    for id in programmes {
        let column = if *id == FOREIGN { "Ca nhạc" } else { &plan.columns[0].title };
        let topic = if *id == "p0" { "II.1" } else { "II.2" };
        writeln!(
            text,
            "\n[[programme]]\nid = \"{id}\"\ntitle = \"Chuyên mục {id} tháng {month}\"\ncolumn = \"{column}\"\n\
             source = \"town\"\ntopics = [\"{topic}\"]\neditor = \"Tổ biên tập\"\nannouncer = \"PTV 1\"\n\n\
             [[programme.segment]]\nkind = \"news\"\ntitle = \"Tin\"\nfile = \"tin.mp3\"\n\n\
             [[slot]]\nprogramme = \"{id}\"\nat = [\"{month}-01T05:30:00\"]\nunits = [\"*\"]"
        )
        .unwrap();
    }
    text
}

/// The folder `root` of `place` without a log.
fn folder(root: &std::path::Path, plan: &Plan, place: &Place) -> Folder {
    let station_bytes = include_bytes!("../../../config/station.toml").to_vec();
    let mut station = config::read("station.toml", &station_bytes).0.unwrap();
    (station.id, station.unit) = (place.station.clone(), place.unit.clone());
    station.windows = plan.windows.clone();
    Folder {
        root: root.into(),
        masters: root.join("masters"),
        station,
        station_bytes,
        plan: plan.clone(),
        plan_bytes: Vec::new(),
        centre: None,
        findings: Vec::new(),
    }
}

/// Writes the log of `place` into the folder `root`.
pub fn station(root: &std::path::Path, plan: &Plan, place: &Place) -> Folder {
    let folder = folder(root, plan, place);
    let noon = |day: NaiveDate| utc(day.and_hms_opt(12, 0, 0).unwrap());
    let (from, until) = (noon(place.known.0), noon(place.known.1));
    let mut writing = Writing { place, plan, entries: Vec::new(), blobs: Vec::new() };
    let config = config_of(place, Digest::of(b"plan"));
    writing.add(from, config);
    let months: BTreeSet<Month> = place.airings.iter().map(|told| told.month).collect();
    let schedules: BTreeMap<Month, Digest> =
        months.into_iter().map(|month| (month, writing.accept(from, month))).collect();
    for (n, told) in place.airings.iter().enumerate() {
        writing.tell(n, told, schedules[&told.month]);
    }
    writing.add(until, Body::Heartbeat {});
    let origin = format!("loa/station/{}/{}", place.station, place.epoch);
    written::write(&folder, &origin, &writing.entries, writing.blobs);
    folder
}

/// The account of `period` as of `as_of` that a centre takes from the logs of all `places`.
pub fn account(plan: &Plan, places: &[Place], period: Period, as_of: NaiveDate) -> Account {
    account_behind(plan, None, places, period, as_of)
}

/// The same where the plan of the year `before` held until that of `plan` came.
pub fn account_behind(
    plan: &Plan,
    before: Option<(i32, &str)>,
    places: &[Place],
    period: Period,
    as_of: NaiveDate,
) -> Account {
    let root = tempfile::tempdir().unwrap();
    let at = |place: &Place| root.path().join(format!("{}-{}", place.station, place.epoch));
    let folders = places.iter().map(|place| station(&at(place), plan, place));
    told(plan, before, places, folders.collect(), period, as_of)
}

/// The same from `folders`, in which the logs of `places` lie.
pub fn account_of(
    plan: &Plan,
    places: &[Place],
    folders: Vec<Folder>,
    period: Period,
    as_of: NaiveDate,
) -> Account {
    told(plan, None, places, folders, period, as_of)
}

fn told(
    plan: &Plan,
    before: Option<(i32, &str)>,
    places: &[Place],
    folders: Vec<Folder>,
    period: Period,
    as_of: NaiveDate,
) -> Account {
    let root = tempfile::tempdir().unwrap();
    let place = places.first().cloned().unwrap_or_else(|| Place::of("duc-pho", Vec::new()));
    let home = folder(&root.path().join("centre"), plan, &place);
    let mut writing = Writing { place: &place, plan, entries: Vec::new(), blobs: Vec::new() };
    let (year, text) = before.unwrap_or((plan.year, ""));
    let kept = writing.keep("plan", text.to_owned());
    let noon = NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_hms_opt(12, 0, 0).unwrap();
    writing.add(utc(noon), config_of(&place, kept));
    written::write(&home, "loa/station/trung-tam/1", &writing.entries, writing.blobs);
    // A month's sheet is asked for by the month, a year's report by its plan.
    let year = match period {
        Period::Month(month) | Period::Fifteenth(month) => month.year(),
        _ => plan.year,
    };
    let state = |place: &Place| if place.ended { Course::Revoked } else { Course::Current };
    let folders = folders.into_iter().zip(places).map(|(folder, place)| (folder, state(place))).collect();
    let sources = Sources::written(&home, folders);
    let account = Account::of(&sources, year, period, as_of).unwrap().unwrap();
    // What the pages show of the same days.
    let seen = Compliance::default().of_period(&sources, year, period, as_of).unwrap().unwrap();
    assert_eq!((&seen.totals, &seen.units), (&account.matrix.totals, &account.matrix.units));
    account
}

fn config_of(place: &Place, plan: Digest) -> Body {
    Body::Config {
        digest: Digest::of(b"config"),
        plan,
        station: place.station.clone(),
        unit: place.unit.clone(),
        output: "alsa:usb".into(),
        demo: false,
        trust: None,
    }
}
