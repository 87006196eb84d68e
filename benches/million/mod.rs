//! A log that a station filled: airings of seven segments each, at the same hours of every day.

use std::{ops::Range, path::Path};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use loa::{
    control::{self, Folder},
    evidence::{Body, BootFacts, Clk, Cue, End, Outcome, ScheduleFact, SegmentFact, Start, Trigger},
    programme::SlotList,
    store::{Blob, Log},
    units::{Digest, Frames, Level, Month, SlotId},
};

const ALL: Frames = Frames(34_560_000);

fn clk(at: DateTime<Utc>, boot: u64) -> Clk {
    let ms = at.timestamp_millis();
    Clk { wall_ms: ms, boot_ms: ms % 86_400_000, boot: format!("{boot:032x}"), sync: true, offset_min: 420 }
}

/// The programme of a day at an hour.
fn slot(date: NaiveDate, hour: u32) -> (SlotId, DateTime<Utc>) {
    let local = date.and_hms_opt(hour, 30, 0).unwrap();
    let id = SlotId { month: Month::of(date), programme: "cchc".into(), local };
    (id, (local - TimeDelta::hours(7)).and_utc())
}

/// The days of a month.
fn days(month: Month) -> impl Iterator<Item = NaiveDate> {
    month.first().iter_days().take_while(move |date| month.contains(*date))
}

/// The plan that holds in a month, by its year.
fn plan(month: Month) -> String {
    include_str!("../../config/plan-2022.toml").replace("2022", &month.year().to_string())
}

/// A month's schedule as the log keeps it, and the blobs of which it is the digest.
fn accept(id: &str, month: Month, revision: u32, hours: &Range<u32>) -> (ScheduleFact, Vec<Blob>) {
    let sample = include_str!("../../schedules/2022-03.toml").replace("2022-03", &month.to_string());
    let text = sample.replace("revision  = 1", &format!("revision  = {revision}"));
    let approval = format!("approval of {month} {revision}");
    let slots: Vec<_> =
        days(month).flat_map(|date| hours.clone().map(move |hour| slot(date, hour))).collect();
    let count = slots.len() as u64;
    let schedule = Digest::of(text.as_bytes());
    let slots = SlotList { station: format!("{id}-{id}"), month, schedule, slots }.to_string();
    let fact = ScheduleFact {
        ward: false,
        month,
        revision,
        digest: schedule,
        slots: Digest::of(slots.as_bytes()),
        count,
        approval: Digest::of(approval.as_bytes()),
        by: "Nguyễn Văn A".into(),
        document: "12/PD".into(),
    };
    let blob = |kind, text: String| Blob { kind, bytes: text.into_bytes() };
    (
        fact,
        vec![
            blob("schedule", text),
            blob("approval", approval),
            blob("slots", slots),
            blob("plan", plan(month)),
        ],
    )
}

/// One airing of seven segments; now and then somebody says something about it.
fn airing(seq: u64, slot: &SlotId, planned_ms: i64, schedule: Digest) -> Vec<Body> {
    let cue = Cue {
        ward: false,
        slot: Some(slot.clone()),
        airing: None,
        repairs: None,
        month: slot.month,
        programme: slot.programme.clone(),
        trigger: Trigger::Schedule,
        by: String::new(),
        planned_ms,
        from: Frames::ZERO,
        frames: ALL,
        schedule,
        master: Digest::of(b"master"),
        loudness_lufs: Level(-1600),
        true_peak_dbtp: Level(-100),
    };
    let start = Start {
        hole_ms: None,
        airing: seq,
        first_us: planned_ms * 1000 + 4000,
        error_us: 4000,
        latency_us: 80_000,
        device: "alsa_output.pci-0000_00_1b.0.analog-stereo".into(),
    };
    let segment = |n| {
        let file = Digest::of(&[u8::try_from(n).unwrap()]);
        Body::Segment(SegmentFact { airing: seq, n, file, frames: Frames(4_937_142) })
    };
    let end = End {
        airing: seq,
        slot: Some(slot.clone()),
        outcome: Outcome::Full,
        reason: None,
        last_us: Some(planned_ms * 1000 + 720_000_000),
        expected: ALL,
        decoded: ALL,
        delivered: ALL,
        consumed: ALL,
        muted: Frames(0),
        underruns: Frames(0),
        hole_ms: 0,
        proof: 3,
    };
    let mut bodies = vec![Body::Cue(Box::new(cue)), Body::Start(start)];
    bodies.extend((0..7).map(segment));
    bodies.push(Body::End(Box::new(end)));
    if seq.is_multiple_of(50) {
        bodies.push(Body::Note { slot: slot.clone(), by: "Trực".into(), text: "loa khu 3 rè".into() });
    }
    bodies
}

/// One day from its boot on.
fn day(log: &Log, id: &str, day: NaiveDate, hours: Range<u32>, schedule: Digest) -> Vec<(Clk, Body)> {
    let boot = u64::try_from(day.to_epoch_days()).unwrap();
    let at = |hour: u32| slot(day, hour).1;
    let config = Body::Config {
        digest: Digest::of(b"config"),
        plan: Digest::of(plan(Month::of(day)).as_bytes()),
        station: id.into(),
        unit: id.into(),
        output: "default".into(),
        demo: false,
        trust: None,
    };
    let opening = [
        Body::Boot(BootFacts { clean: true, last_alive_ms: None }),
        Body::Sw { version: "0.1.0".into(), exe: Digest::of(b"exe") },
        config,
        Body::ClockStep { step_ms: 1200 },
    ];
    let mut entries: Vec<_> = opening.into_iter().map(|body| (clk(at(4), boot), body)).collect();
    for hour in hours {
        entries.push((clk(at(hour), boot), Body::Heartbeat {}));
        let (slot, _) = slot(day, hour);
        let seq = log.size() + entries.len() as u64;
        let bodies = airing(seq, &slot, at(hour).timestamp_millis(), schedule);
        entries.extend(bodies.into_iter().map(|body| (clk(at(hour), boot), body)));
    }
    entries
}

/// A log of whole months from `month` on, with at least `size` entries, in the folder `root`; gives its last whole
/// month.
#[allow(dead_code, reason = "one bench has several stations")]
pub fn filled(root: &Path, month: Month, hours: Range<u32>, size: u64) -> (Folder, Month) {
    filled_of("duc-pho", root, month, hours, size)
}

/// The same of the station `id` of a unit of that name.
pub fn filled_of(id: &str, root: &Path, mut month: Month, hours: Range<u32>, size: u64) -> (Folder, Month) {
    let settings = include_str!("../../config/station.toml").replace("\"duc-pho\"", &format!("\"{id}\""));
    std::fs::create_dir_all(root.join("config")).unwrap();
    std::fs::write(root.join("config/station.toml"), &settings).unwrap();
    let made = control::init(root, &loa::clock::System::new()).unwrap();
    // Settings that stood before trust whom they named; the bench approves with the key of its own.
    let (before, trusted) = settings.split_once("approvers = [\"").unwrap();
    let (_, after) = trusted.split_once('"').unwrap();
    let settings = format!("{before}approvers = [\"{}\"{after}", made.approval_key);
    std::fs::write(root.join("config/station.toml"), settings).unwrap();
    let folder = Folder::open(root).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    while log.size() < size {
        let mut schedule = Digest::of(b"");
        for revision in 1..=2 {
            let (fact, blobs) = accept(id, month, revision, &hours);
            schedule = fact.digest;
            let at = month.first().and_hms_opt(0, 0, 0).unwrap().and_utc();
            log.append_with_blobs(&[(clk(at, 0), Body::ScheduleAccept(fact))], &blobs).unwrap();
        }
        for date in days(month) {
            let entries = day(&log, id, date, hours.clone(), schedule);
            log.append(&entries).unwrap();
        }
        month = month.next();
    }
    println!("{} entries, {} MiB", log.size(), std::fs::metadata(folder.log_path()).unwrap().len() >> 20);
    (folder, Month::of(month.first() - TimeDelta::days(40)))
}
