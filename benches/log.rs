//! A month's rows out of a log of a million entries: the question inside a process, and the whole command.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

use std::{hint::black_box, path::Path, process::Command, time::Duration};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use loa::{
    control::{self, Folder, RowFilter},
    evidence::{Body, BootFacts, Clk, Cue, End, Outcome, ScheduleFact, SegmentFact, Start, Trigger},
    store::{Blob, Log},
    units::{Digest, Frames, Level, Month, SlotId},
};

const SIZE: u64 = 1_000_000;
/// Fifteen airings a day, hourly signs of life and a boot each morning fill it in twelve years.
const HOURS: std::ops::Range<u32> = 5..20;
const ALL: Frames = Frames(34_560_000);

fn clk(at: DateTime<Utc>, boot: u64) -> Clk {
    let ms = at.timestamp_millis();
    Clk { wall_ms: ms, boot_ms: ms % 86_400_000, boot: format!("{boot:032x}"), sync: true, offset_min: 420 }
}

/// A month's schedule as the log keeps it, and the blobs of which it is the digest.
fn accept(month: Month, revision: u32) -> (ScheduleFact, Vec<Blob>) {
    let sample = include_str!("../schedules/2022-03.toml").replace("2022-03", &month.to_string());
    let text = sample.replace("revision  = 1", &format!("revision  = {revision}"));
    let approval = format!("approval of {month} {revision}");
    let fact = ScheduleFact {
        ward: false,
        month,
        revision,
        digest: Digest::of(text.as_bytes()),
        slots: Digest::of(b"slots"),
        count: 450,
        approval: Digest::of(approval.as_bytes()),
        by: "Nguyễn Văn A".into(),
        document: "12/PD".into(),
    };
    let blob = |kind, text: String| Blob { kind, bytes: text.into_bytes() };
    (fact, vec![blob("schedule", text), blob("approval", approval)])
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
fn day(log: &Log, day: NaiveDate, schedule: Digest) -> Vec<(Clk, Body)> {
    let boot = u64::try_from(day.to_epoch_days()).unwrap();
    let at = |hour: u32| (day.and_hms_opt(hour, 30, 0).unwrap() - TimeDelta::hours(7)).and_utc();
    let config = Body::Config {
        digest: Digest::of(b"config"),
        plan: Digest::of(b"plan"),
        station: "duc-pho".into(),
        unit: "duc-pho".into(),
        output: "default".into(),
        demo: false,
    };
    let opening = [
        Body::Boot(BootFacts { clean: true, last_alive_ms: None }),
        Body::Sw { version: "0.1.0".into(), exe: Digest::of(b"exe") },
        config,
        Body::ClockStep { step_ms: 1200 },
    ];
    let mut entries: Vec<_> = opening.into_iter().map(|body| (clk(at(4), boot), body)).collect();
    for hour in HOURS {
        entries.push((clk(at(hour), boot), Body::Heartbeat {}));
        let local = day.and_hms_opt(hour, 30, 0).unwrap();
        let slot = SlotId { month: Month::of(day), programme: "cchc".into(), local };
        let seq = log.size() + entries.len() as u64;
        let bodies = airing(seq, &slot, at(hour).timestamp_millis(), schedule);
        entries.extend(bodies.into_iter().map(|body| (clk(at(hour), boot), body)));
    }
    entries
}

/// A log of [`SIZE`] entries in the folder `root`; gives its last whole month.
fn filled(root: &Path) -> (Folder, Month) {
    control::init(root, &loa::clock::System::new()).unwrap();
    let folder = Folder::open(root).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let mut month: Month = "2014-01".parse().unwrap();
    while log.size() < SIZE {
        let mut schedule = Digest::of(b"");
        for revision in 1..=2 {
            let (fact, blobs) = accept(month, revision);
            schedule = fact.digest;
            let at = month.first().and_hms_opt(0, 0, 0).unwrap().and_utc();
            log.append_with_blobs(&[(clk(at, 0), Body::ScheduleAccept(fact))], &blobs).unwrap();
        }
        for date in month.first().iter_days().take_while(|date| month.contains(*date)) {
            let entries = day(&log, date, schedule);
            log.append(&entries).unwrap();
        }
        month = month.next();
    }
    println!("{} entries, {} MiB", log.size(), std::fs::metadata(folder.log_path()).unwrap().len() >> 20);
    (folder, Month::of(month.first() - TimeDelta::days(40)))
}

/// Processor time of one run of `work` out of twenty, in milliseconds.
fn processor_ms(work: impl Fn()) -> f64 {
    let now = || rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let begun = now();
    (0..20).for_each(|_| work());
    let ended = now();
    let seconds = ended.tv_sec - begun.tv_sec;
    (Duration::from_secs(u64::try_from(seconds).unwrap()).as_secs_f64() * 1e3
        + f64::from(i32::try_from(ended.tv_nsec - begun.tv_nsec).unwrap()) / 1e6)
        / 20.0
}

fn month_of_a_million(c: &mut Criterion) {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (folder, month) = filled(root.path());
    let filter = RowFilter { from: Some(month.first()), to: Some(month.last()), outcome: None };
    let rows = control::rows(&folder, &folder.log_path(), &filter).unwrap();
    println!(
        "{} rows of {month}, {} entries",
        rows.len(),
        rows.iter().map(|r| r.entries.len()).sum::<usize>()
    );
    // Of a machine that others use as well only the processor's time is telling.
    let spent = processor_ms(|| drop(control::rows(&folder, &folder.log_path(), &filter).unwrap()));
    let reader = Log::read_only(&folder.log_path()).unwrap();
    let from = month.first().and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis();
    let read = processor_ms(|| drop(reader.entries_planned(from..from + 31 * 86_400_000).unwrap()));
    println!("processor time: a month's rows {spent:.1} ms, of which reading their entries {read:.1} ms");
    let mut group = c.benchmark_group("log of a million");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    group.bench_function("a month's rows in one process", |b| {
        b.iter(|| black_box(control::rows(&folder, &folder.log_path(), &filter).unwrap()));
    });
    let missed = RowFilter { outcome: Some(Outcome::Missed), ..filter.clone() };
    group.bench_function("a month's misses in one process", |b| {
        b.iter(|| black_box(control::rows(&folder, &folder.log_path(), &missed).unwrap()));
    });
    let days = [month.first().to_string(), month.last().to_string()];
    for form in [&["--json"][..], &[]] {
        group.bench_function(format!("loa log of a month {form:?}"), |b| {
            b.iter(|| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
                command.args(["log", "--from", &days[0], "--to", &days[1], "--dir"]).arg(root.path());
                black_box(command.args(form).output().unwrap().stdout.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, month_of_a_million);
criterion_main!(benches);
