//! What `loa verify` of a log of one million entries costs: wall time and the peak of resident memory.
//!
//! The log stays in the build folder and is made once, by a process of its own, so that the peak is that of
//! the verification alone. Not criterion: one run takes seconds, and memory has no average.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use loa::{
    clock::System,
    control,
    evidence::{
        Body, BootFacts, Checkpoint, Clk, Cue, DeviceFact, DeviceState, End, Entry, Frontier, Missed,
        Outcome, Reason, ScheduleFact, SegmentFact, Start, Trigger, canonical,
    },
    keys::SigningKey,
    programme::{Approval, ApprovalSubject, Release, SlotList},
    units::{Digest, Frames, Level, Month, SlotId},
};
use rusqlite::{Connection, params};

const SIZE: u64 = 1_000_000;
const RUNS: usize = 5;
/// Airings a day, and every how many of them is missed.
const AIRINGS: u32 = 20;
const MISS: u32 = 17;

fn main() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify-1m-signed");
    if std::env::args().any(|argument| argument == "make") {
        return make(&root);
    }
    if !root.join("made").exists() {
        let _ = fs::remove_dir_all(&root);
        let made = Command::new(std::env::current_exe().unwrap()).arg("make").status().unwrap();
        assert!(made.success());
    }
    for _ in 0..RUNS {
        let start = Instant::now();
        let report = control::audit(&root, &control::Against::default()).unwrap();
        let took = start.elapsed();
        assert!(report.holds(), "{:?}", report.report.faults);
        println!("{} entries verified in {took:.2?}; peak so far {}", report.report.size, peak());
    }
}

/// The peak of this process's resident memory, as the kernel words it.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

fn make(root: &Path) {
    control::init(root, &System::new()).unwrap();
    let data = root.join("data");
    let key = SigningKey::parse(&fs::read_to_string(data.join("keys/station.key")).unwrap()).unwrap();
    let mut station = Maker::open(&data);
    let mut day = NaiveDate::from_ymd_opt(2022, 1, 1).unwrap();
    // Whole months: each slot of a list has its outcome.
    while station.tree.size() < SIZE || day.day() != 1 {
        if day.day() == 1 {
            station.month(Month::of(day));
        }
        station.day(day);
        day = day + Days::new(1);
    }
    station.close(&key, &data);
    fs::write(root.join("made"), "").unwrap();
}

/// A station that lives at full speed.
struct Maker {
    db: Connection,
    tree: Frontier,
    origin: String,
    boot: (DateTime<Utc>, String),
    schedule: Digest,
    approver: SigningKey,
}

/// Station time as an instant.
fn instant(local: NaiveDateTime) -> DateTime<Utc> {
    (local - TimeDelta::hours(7)).and_utc()
}

fn slots_of(day: NaiveDate) -> impl Iterator<Item = (SlotId, DateTime<Utc>)> {
    (0..AIRINGS).map(move |hour| {
        let local = day.and_hms_opt(hour, 30, 0).unwrap();
        (SlotId { month: Month::of(day), programme: "cchc".into(), local }, instant(local))
    })
}

impl Maker {
    fn open(data: &Path) -> Maker {
        let db = Connection::open(data.join("log.db")).unwrap();
        db.execute_batch("PRAGMA synchronous = OFF; BEGIN").unwrap();
        let leaf: String =
            db.query_row("SELECT leaf FROM event WHERE seq = 0", [], |row| row.get(0)).unwrap();
        let canonical::Leaf::Known(Entry { body: Body::LogOpen { origin, reason, previous, after }, .. }) =
            canonical::decode(leaf.as_bytes()).unwrap()
        else {
            panic!("no opening");
        };
        db.execute_batch(
            "DROP TRIGGER event_delete; DROP TRIGGER node_delete; DELETE FROM event; DELETE FROM node;
             CREATE TRIGGER event_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
             CREATE TRIGGER node_delete BEFORE DELETE ON node BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;",
        )
        .unwrap();
        let start = instant(NaiveDate::from_ymd_opt(2022, 1, 1).unwrap().into());
        let mut maker = Maker {
            db,
            tree: Frontier::default(),
            origin: origin.clone(),
            boot: (start, "00".repeat(16)),
            schedule: Digest::of(b""),
            approver: SigningKey::generate("duyet").unwrap(),
        };
        maker.add(start, Body::LogOpen { origin, reason, previous, after });
        maker
    }

    fn add(&mut self, at: DateTime<Utc>, body: Body) -> u64 {
        let seq = self.tree.size();
        let clk = Clk {
            wall_ms: at.timestamp_millis(),
            boot_ms: (at - self.boot.0).num_milliseconds(),
            boot: self.boot.1.clone(),
            sync: true,
            offset_min: 420,
        };
        let leaf = canonical::encode(&Entry { seq, clk, body }).unwrap();
        let event = "INSERT INTO event(seq, leaf) VALUES(?1, ?2)";
        self.db.prepare_cached(event).unwrap().execute(params![seq.cast_signed(), leaf]).unwrap();
        for (index, hash) in self.tree.push(leaf.as_bytes()) {
            let node = "INSERT INTO node(idx, hash) VALUES(?1, ?2)";
            self.db.prepare_cached(node).unwrap().execute(params![index.cast_signed(), hash.0]).unwrap();
        }
        seq
    }

    fn blob(&self, kind: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let text = "INSERT OR IGNORE INTO blob(digest, kind, bytes) VALUES(?1, ?2, ?3)";
        self.db.execute(text, params![digest.0, kind, bytes]).unwrap();
        digest
    }

    /// A month is accepted, after a restart of the machine.
    fn month(&mut self, month: Month) {
        let at = instant(month.first().into());
        self.boot = (at, Digest::of(month.to_string().as_bytes()).short() + &"0".repeat(20));
        self.add(at, Body::Boot(BootFacts { clean: true, last_alive_ms: Some(at.timestamp_millis() - 9) }));
        self.add(at, Body::Sw { version: "0.1.0".into(), exe: Digest::of(b"loa") });
        let settings = format!(
            "id = \"pho-hoa\"\nunit = \"pho-hoa\"\n[trust]\napprovers = [\"{}\"]\n",
            self.approver.public().as_text()
        );
        let (digest, plan) = (self.blob("config", settings.as_bytes()), self.blob("plan", b"plan"));
        self.add(
            at,
            Body::Config {
                digest,
                plan,
                station: "pho-hoa".into(),
                unit: "pho-hoa".into(),
                output: "pulse:alsa_output.pci-0000_00_1f.3.analog-stereo".into(),
                demo: false,
                trust: None,
            },
        );
        let schedule = self.blob("schedule", format!("schedule of {month}").as_bytes());
        let days = month.first().iter_days().take_while(|day| month.contains(*day));
        let list = SlotList {
            station: "pho-hoa-pho-hoa".into(),
            month,
            schedule,
            slots: days.flat_map(slots_of).collect(),
        };
        let slots = self.blob("slots", list.to_string().as_bytes());
        let release = Release {
            by: "Nguyễn Văn A".into(),
            document: "12/QĐ-TTVH".into(),
            editor: "Tổ biên tập".into(),
            self_approved: false,
            at,
        };
        let subject = ApprovalSubject::new(month, 1, schedule, BTreeMap::new());
        let approval = Approval::sign(&subject, &release, &self.approver).unwrap();
        let approval = self.blob("approval", approval.as_bytes());
        self.schedule = schedule;
        self.add(
            at,
            Body::ScheduleAccept(ScheduleFact {
                ward: false,
                month,
                revision: 1,
                digest: schedule,
                slots,
                count: list.slots.len() as u64,
                approval,
                by: release.by,
                document: release.document,
            }),
        );
    }

    fn day(&mut self, day: NaiveDate) {
        let mut slots = slots_of(day);
        for hour in 0..24 {
            self.add(instant(day.and_hms_opt(hour, 1, 0).unwrap()), Body::Heartbeat {});
            match slots.next() {
                Some((slot, at)) if (day.day() + hour).is_multiple_of(MISS) => {
                    let detail = "tắt từ 04:10 đến 06:02".into();
                    let (outcome, reason) = (Outcome::Missed, Reason::PowerOff);
                    let planned_ms = at.timestamp_millis();
                    self.add(at, Body::Missed(Missed { slot, planned_ms, outcome, reason, detail }));
                }
                Some((slot, at)) => self.airing(slot, at),
                None => {}
            }
        }
    }

    fn airing(&mut self, slot: SlotId, at: DateTime<Utc>) {
        let all = Frames(34_560_000);
        let device = |state| {
            let device = "pulse:alsa_output.pci-0000_00_1f.3.analog-stereo".into();
            Body::Device(DeviceFact { state, device, detail: String::new(), position: None })
        };
        let later = |seconds| at + TimeDelta::seconds(seconds);
        self.add(later(-600), device(DeviceState::ProbeOk));
        self.add(later(-60), device(DeviceState::Opened));
        let cue = Cue {
            ward: false,
            slot: Some(slot.clone()),
            airing: None,
            repairs: None,
            month: slot.month,
            programme: "cchc".into(),
            trigger: Trigger::Schedule,
            by: String::new(),
            planned_ms: at.timestamp_millis(),
            from: Frames(0),
            frames: all,
            schedule: self.schedule,
            master: Digest::of(b"master"),
            loudness_lufs: Level(-1600),
            true_peak_dbtp: Level(-120),
        };
        let airing = self.add(later(-10), Body::Cue(Box::new(cue)));
        let start = Start {
            hole_ms: None,
            airing,
            first_us: at.timestamp_micros() + 4000,
            error_us: 4000,
            latency_us: 21_333,
            device: "alsa_output.pci-0000_00_1f.3.analog-stereo".into(),
        };
        self.add(later(1), Body::Start(start));
        for n in 0..7_u32 {
            let file = Digest::of(&n.to_le_bytes());
            let fact = SegmentFact { airing, n, file, frames: Frames(4_937_142) };
            self.add(later(100 * (i64::from(n) + 1)), Body::Segment(fact));
        }
        let end = End {
            airing,
            slot: Some(slot),
            outcome: Outcome::Full,
            reason: None,
            last_us: Some(later(720).timestamp_micros()),
            expected: all,
            decoded: all,
            delivered: all,
            consumed: all,
            muted: Frames::ZERO,
            underruns: Frames(0),
            hole_ms: 0,
            proof: 3,
        };
        self.add(later(721), Body::End(Box::new(end)));
        self.add(later(725), device(DeviceState::Closed));
    }

    /// Signs the head and writes the high-water file.
    fn close(self, key: &SigningKey, data: &Path) {
        let (size, root) = (self.tree.size(), self.tree.root());
        let note = Checkpoint { origin: self.origin, size, root }.sign(key).unwrap();
        self.db.execute("UPDATE head SET size = ?1, note = ?2", params![size.cast_signed(), note]).unwrap();
        self.db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(self.db);
        let high: PathBuf = data.join("log.high");
        let mark = format!("{size:020} {root}");
        fs::write(high, format!("{mark} {}\n", Digest::of(mark.as_bytes()))).unwrap();
    }
}
