//! A station's folder with a log that has some of everything, to be injured in copies.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use loa::{
    evidence::{
        Body, BootFacts, Checkpoint, Clk, Cue, DeviceFact, DeviceState, End, Frontier, ManualFact, Missed,
        OperatorAct, Outcome, Reason, ScheduleFact, SegmentFact, Start, Trigger, statement,
    },
    keys::SigningKey,
    programme::{Approval, ApprovalSubject, Release, SlotList},
    store::{Blob, Log},
    units::{Digest, Frames, Level, SlotId},
};
use rusqlite::{Connection, params};
use serde_json::Value;

use super::station::Station;

/// Which entry is what in the log of a [`Site`].
pub mod entry {
    pub const CONFIG: u64 = 3;
    pub const ACCEPT: u64 = 4;
    pub const SEGMENT: u64 = 7;
    pub const END: u64 = 10;
    pub const DEVICE: u64 = 12;
    pub const MANUAL: u64 = 14;
    pub const LAST: u64 = 17;
}

/// A folder that a verifier gets.
pub struct Site {
    folder: tempfile::TempDir,
}

fn blob(kind: &'static str, bytes: &[u8]) -> Blob {
    Blob { kind, bytes: bytes.to_vec() }
}

impl Site {
    /// The folder that `loa init` makes, and a month in its log.
    pub fn new() -> Site {
        let station = Station::new(&[]);
        let site = Site { folder: tempfile::tempdir().unwrap() };
        copy(&station.path(""), site.folder.path());
        let mut log = Log::open(&site.path("data/log.db"), site.key()).unwrap();
        let opened = log.reader().entries(0..1).next().unwrap().unwrap().clk.wall_ms;
        assert_eq!(log.size(), 1);
        let clk = |ms: i64| Clk {
            wall_ms: opened + ms,
            boot_ms: ms,
            boot: "cd".repeat(16),
            sync: true,
            offset_min: 420,
        };
        let mut ms = 0;
        for (bodies, blobs) in month() {
            let entries = bodies.into_iter().map(|body| {
                ms += 1000;
                (clk(ms), body)
            });
            log.append_with_blobs(&entries.collect::<Vec<_>>(), &blobs).unwrap();
        }
        assert_eq!(log.size(), entry::LAST + 1);
        site
    }

    /// The same folder once more.
    pub fn copy(&self) -> Site {
        let site = Site { folder: tempfile::tempdir().unwrap() };
        copy(self.folder.path(), site.folder.path());
        site
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The station's private key, as a thief has it.
    pub fn key(&self) -> SigningKey {
        SigningKey::parse(&fs::read_to_string(self.path("data/keys/station.key")).unwrap()).unwrap()
    }

    pub fn database(&self) -> Connection {
        Connection::open(self.path("data/log.db")).unwrap()
    }

    /// Runs `sql` without triggers and checks, which are back afterwards.
    pub fn sql(&self, sql: &str) {
        self.edit(|db| db.execute_batch(sql)).unwrap();
    }

    /// Like [`Site::sql`], for what needs values.
    pub fn edit<T>(&self, change: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let db = self.database();
        db.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF")?;
        let triggers: Vec<(String, String)> = db
            .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (name, _) in &triggers {
            db.execute_batch(&format!("DROP TRIGGER {name}"))?;
        }
        let result = change(&db);
        for (_, text) in &triggers {
            db.execute_batch(text)?;
        }
        result
    }

    pub fn leaf(&self, seq: u64) -> String {
        let seq = i64::try_from(seq).unwrap();
        self.database().query_row("SELECT leaf FROM event WHERE seq = ?1", [seq], |row| row.get(0)).unwrap()
    }

    /// Changes one leaf and nothing else.
    pub fn forge(&self, seq: u64, change: impl Fn(&str) -> String) {
        let (before, seq) = (self.leaf(seq), i64::try_from(seq).unwrap());
        let after = change(&before);
        assert_ne!(before, after);
        self.edit(|db| db.execute("UPDATE event SET leaf = ?2 WHERE seq = ?1", params![seq, after])).unwrap();
    }

    /// Makes tree and head anew over what stands there, signed by `key`.
    pub fn sign(&self, key: &SigningKey) {
        let db = self.database();
        let mut tree = Frontier::default();
        let mut nodes = Vec::new();
        let mut leaves = db.prepare("SELECT leaf FROM event ORDER BY seq").unwrap();
        for leaf in leaves.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            nodes.extend(tree.push(leaf.unwrap().as_bytes()));
        }
        drop(leaves);
        drop(db);
        let origin = Log::read_only(&self.path("data/log.db")).unwrap().head().unwrap();
        let origin = origin.lines().next().unwrap().to_owned();
        let (size, root) = (tree.size(), tree.root());
        let note = Checkpoint { origin, size, root }.sign(key).unwrap();
        self.edit(|db| {
            db.execute_batch("DELETE FROM node")?;
            for (index, hash) in &nodes {
                let index = i64::try_from(*index).unwrap();
                db.execute("INSERT INTO node(idx, hash) VALUES(?1, ?2)", params![index, hash.0])?;
            }
            let size = i64::try_from(size).unwrap();
            db.execute("UPDATE head SET size = ?1, note = ?2", params![size, note])
        })
        .unwrap();
    }

    /// The high-water file as if the log had always been as it is.
    pub fn raise(&self) {
        let head = Log::read_only(&self.path("data/log.db")).unwrap().head().unwrap();
        let head = Checkpoint::open(head.as_bytes(), &[self.key().public().clone()]).unwrap();
        let mark = format!("{:020} {}", head.size, head.root);
        let mark = format!("{mark} {}\n", Digest::of(mark.as_bytes()));
        fs::write(self.path("data/log.high"), mark).unwrap();
    }

    /// What `loa verify --json` says, and its exit code.
    pub fn verify(&self, args: &[&str]) -> (i32, Value) {
        self.run("verify", args)
    }

    /// The bundle that `loa export` writes.
    pub fn export(&self) -> String {
        let file = self.path("bundle.zip").display().to_string();
        let (code, document) = self.run("export", &["-o", &file]);
        assert_eq!(code, 0, "{document}");
        file
    }

    /// What the verb says with `--json`, and its exit code.
    pub fn run(&self, verb: &str, args: &[&str]) -> (i32, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
        command.args([verb, "--json", "--lang", "en", "--dir"]).arg(self.folder.path()).args(args);
        let output = command.output().unwrap();
        let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), document)
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn slot(day: u32) -> SlotId {
    format!("2022-03/cchc/2022-03-{day:02}T05:30:00").parse().unwrap()
}

/// Settings that trust the key of `person`.
pub fn settings(person: &SigningKey) -> String {
    let key = person.public().as_text();
    format!("id = \"pho-hoa\"\nunit = \"pho-hoa\"\n[trust]\napprovers = [\"{key}\"]\n")
}

/// The entries behind the opening, with what they name.
#[allow(clippy::too_many_lines, reason = "one entry behind the other")]
fn month() -> Vec<(Vec<Body>, Vec<Blob>)> {
    let month = "2022-03".parse().unwrap();
    let at = |day: u32| format!("2022-03-{:02}T22:30:00Z", day - 1).parse().unwrap();
    let person = SigningKey::generate("duyet").unwrap();
    let config = blob("config", settings(&person).as_bytes());
    let (plan, schedule) = (blob("plan", b"year = 2022"), blob("schedule", b"month = 3"));
    let digest = |blob: &Blob| Digest::of(&blob.bytes);
    let slots = [5, 12].map(|day| (slot(day), at(day))).to_vec();
    let station = "pho-hoa-pho-hoa".into();
    let list = SlotList { station, month, schedule: digest(&schedule), slots }.to_string();
    let slots = blob("slots", list.as_bytes());
    let all = Frames(4_800_000);
    let subject = ApprovalSubject::new(month, 1, digest(&schedule), BTreeMap::new());
    let release = Release {
        by: "Lãnh đạo".into(),
        document: "1/PD".into(),
        editor: "Biên tập".into(),
        self_approved: false,
        at: at(2),
    };
    let approval = blob("approval", Approval::sign(&subject, &release, &person).unwrap().as_bytes());
    let facts = ScheduleFact {
        ward: false,
        month,
        revision: 1,
        digest: digest(&schedule),
        slots: digest(&slots),
        count: 2,
        approval: digest(&approval),
        by: "Lãnh đạo".into(),
        document: "1/PD".into(),
    };
    let cue = Cue {
        ward: false,
        slot: Some(slot(5)),
        airing: None,
        repairs: None,
        month,
        programme: "cchc".into(),
        trigger: Trigger::Schedule,
        by: String::new(),
        planned_ms: 1_646_433_000_000,
        from: Frames(0),
        frames: all,
        schedule: digest(&schedule),
        master: Digest::of(b"master"),
        loudness_lufs: Level(-1600),
        true_peak_dbtp: Level(-120),
    };
    let start = Start {
        airing: 5,
        first_us: 1_646_433_000_004_000,
        error_us: 4000,
        latency_us: 21_333,
        hole_ms: None,
        device: "loud".into(),
    };
    let segment = |n: u32| {
        Body::Segment(SegmentFact { airing: 5, n, file: Digest::of(&[1]), frames: Frames(1_600_000) })
    };
    let end = End {
        airing: 5,
        slot: Some(slot(5)),
        outcome: Outcome::Full,
        reason: None,
        last_us: Some(1_646_433_100_000_000),
        expected: all,
        decoded: all,
        delivered: all,
        consumed: all,
        muted: Frames(0),
        underruns: Frames(0),
        hole_ms: 0,
        proof: 3,
    };
    let missed = Missed {
        slot: slot(12),
        planned_ms: 1_647_037_800_000,
        outcome: Outcome::Missed,
        reason: Reason::PowerOff,
        detail: "mất điện".into(),
    };
    let device = DeviceFact {
        state: DeviceState::Closed,
        device: "loud".into(),
        detail: String::new(),
        position: None,
    };
    let act = OperatorAct {
        act: "stop".into(),
        by: "An".into(),
        reason: "mưa".into(),
        slot: Some(slot(5)),
        until_ms: None,
    };
    let mut manual = ManualFact {
        slot: Some(slot(12)),
        month,
        programme: "cchc".into(),
        first_ms: 1_647_041_200_000,
        last_ms: 1_647_041_300_000,
        outcome: Outcome::Full,
        by: "An".into(),
        text: "máy FM cũ".into(),
        statement: Digest::of(b""),
    };
    let statement = blob("statement", statement::sign("pho-hoa", &manual, &person).unwrap().as_bytes());
    manual.statement = digest(&statement);
    let settings = Body::Config {
        digest: digest(&config),
        plan: digest(&plan),
        station: "pho-hoa".into(),
        unit: "pho-hoa".into(),
        output: "pulse:loud".into(),
        demo: false,
        trust: None,
    };
    vec![
        (vec![Body::Boot(BootFacts { clean: true, last_alive_ms: None })], vec![]),
        (vec![Body::Sw { version: "0.1.0".into(), exe: Digest::of(b"loa") }, settings], vec![config, plan]),
        (vec![Body::ScheduleAccept(facts)], vec![schedule, slots, approval]),
        (vec![Body::Cue(Box::new(cue))], vec![]),
        (vec![Body::Start(start), segment(0), segment(1), segment(2)], vec![]),
        (vec![Body::End(Box::new(end)), Body::Missed(missed), Body::Device(device)], vec![]),
        (vec![Body::Operator(act)], vec![]),
        (vec![Body::Manual(Box::new(manual))], vec![statement]),
        (vec![Body::Note { slot: slot(12), by: "An".into(), text: "cả xã".into() }], vec![]),
        (vec![Body::Heartbeat {}], vec![]),
        (vec![Body::Heartbeat {}], vec![]),
    ]
}
