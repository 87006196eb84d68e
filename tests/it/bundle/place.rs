//! A station with a log of any length, its bundles taken apart and put together again, and the independent check.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use chrono::{DateTime, Utc};
use loa::{
    control::{Folder, Standing, survey},
    evidence::{Body, BootFacts, Clk, Missed, Outcome, Reason, ScheduleFact},
    store::{Blob, Log},
    units::Digest,
};
use serde_json::Value;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::support::station::Station;

/// 2022-03-01 00:00 in station time, milliseconds since 1970.
const BEGIN_MS: i64 = 1_646_067_600_000;

/// The sample log's length.
const MONTH_MS: i64 = 31 * 86_400_000;

/// The members of a bundle by their names.
pub type Members = BTreeMap<String, Vec<u8>>;

/// A station whose log covers March 2022.
pub struct Place {
    pub station: Station,
    /// The entries that close the slots.
    pub slots: Vec<u64>,
    log: Log,
    clk: Clk,
}

/// A station whose log has `size` entries, evenly over a month with three slots, none of which aired.
pub fn place(size: u64) -> Place {
    place_with(size, &[])
}

/// Such a station; the `more` entries stand among the others, each behind its instant.
pub fn place_with(size: u64, more: &[(DateTime<Utc>, Body)]) -> Place {
    place_around(size, |_| more.to_vec())
}

/// Such a station, with entries made from that of its own settings.
pub fn place_around(size: u64, more: impl FnOnce(&Body) -> Vec<(DateTime<Utc>, Body)>) -> Place {
    let mut station = Station::new(&[("a.wav", 1)]);
    let times: Vec<DateTime<Utc>> =
        [5, 12, 19].map(|day| format!("2022-03-{day:02}T10:00:00Z").parse().unwrap()).into();
    let ids = station.schedule(&["a.wav"], &times);
    station.approve();
    let folder = Folder::open(&station.path("")).unwrap();
    let clk = Clk { wall_ms: BEGIN_MS, boot_ms: 0, boot: "ab".repeat(16), sync: true, offset_min: 420 };
    // A log that began in March 2022, in place of the one that began today.
    for made in ["data/log.db", "data/log.high"] {
        fs::remove_file(station.path(made)).unwrap();
    }
    let key = folder.key("station").unwrap();
    let log = Log::create(&folder.log_path(), "loa/station/pho-hoa/1", key, clk.clone(), "init").unwrap();
    let mut place = Place { station, slots: Vec::new(), log, clk };
    let (bodies, blobs) = beginning(&folder);
    let mut entries: Vec<(Clk, Body)> = bodies.into_iter().map(|body| (place.clk.clone(), body)).collect();
    let settings = entries.iter().find(|(_, body)| matches!(body, Body::Config { .. })).unwrap();
    let more = more(&settings.1);
    let closed = ids.iter().zip(&times).map(|(id, at)| (*at, missed(id, at.timestamp_millis())));
    let mut due: Vec<(DateTime<Utc>, Body)> = closed.chain(more).collect();
    due.sort_by_key(|(at, _)| *at);
    let mut due = due.into_iter().peekable();
    let first = place.log.size();
    let step = MONTH_MS / i64::try_from(size).unwrap();
    while first + (entries.len() as u64) < size {
        place.clk.wall_ms += step;
        place.clk.boot_ms += step;
        let passed = due.next_if(|(at, _)| at.timestamp_millis() < place.clk.wall_ms);
        let body = passed.map_or(Body::Heartbeat {}, |(_, body)| body);
        if matches!(body, Body::Missed(_)) {
            place.slots.push(first + entries.len() as u64);
        }
        entries.push((place.clk.clone(), body));
    }
    place.log.append_with_blobs(&entries, &blobs).unwrap();
    place
}

/// The entry that closes the slot `id` without an airing.
pub fn missed(id: &str, planned_ms: i64) -> Body {
    Body::Missed(Missed {
        slot: id.parse().unwrap(),
        planned_ms,
        outcome: Outcome::Missed,
        reason: Reason::PowerOff,
        detail: "mất điện <b>khu 3</b> & khu 4".into(),
    })
}

/// What the daemon enters when it starts and finds the month.
fn beginning(folder: &Folder) -> (Vec<Body>, Vec<Blob>) {
    let month = survey(folder, "2022-03".parse().unwrap()).unwrap();
    let Standing::Accepted(approval) = month.standing else { panic!("{:?}", month.standing) };
    let note = month.file.approval.clone().unwrap();
    let digest = Digest::of;
    let fact = ScheduleFact {
        ward: false,
        month: approval.subject.month,
        revision: 1,
        digest: month.file.digest,
        slots: digest(month.slot_list.as_bytes()),
        count: month.slots.len() as u64,
        approval: digest(&note),
        by: approval.release.by.clone(),
        document: approval.release.document.clone(),
    };
    let config = Body::Config {
        digest: digest(&folder.station_bytes),
        plan: digest(&folder.plan_bytes),
        station: "pho-hoa".into(),
        unit: "pho-hoa".into(),
        output: "pulse:loud".into(),
        demo: false,
        trust: None,
    };
    let boot = Body::Boot(BootFacts { clean: true, last_alive_ms: None });
    let sw = Body::Sw { version: "0.1.0".into(), exe: digest(b"loa") };
    let blobs = [
        ("config", folder.station_bytes.clone()),
        ("plan", folder.plan_bytes.clone()),
        ("schedule", month.file.bytes.clone()),
        ("slots", month.slot_list.into_bytes()),
        ("approval", note),
    ];
    let blobs = blobs.map(|(kind, bytes)| Blob { kind, bytes }).into();
    (vec![boot, sw, config, Body::ScheduleAccept(fact)], blobs)
}

impl Place {
    /// Appends entries at the log's last instant.
    pub fn append(&mut self, bodies: Vec<Body>) {
        let entries: Vec<_> = bodies.into_iter().map(|body| (self.clk.clone(), body)).collect();
        self.log.append(&entries).unwrap();
    }

    /// The real binary's bundle.
    pub fn export(&self, args: &[&str]) -> PathBuf {
        let path = self.station.path(&format!("bundle{}.zip", args.concat()));
        let mut all = vec!["export", "-o", path.to_str().unwrap()];
        all.extend(args);
        self.station.ok(&all);
        path
    }
}

/// The short code that the station shows now.
pub fn code(station: &Station) -> String {
    station.json(&["status"]).remove(0)["log"]["code"].as_str().unwrap().to_owned()
}

/// What stands in a bundle.
pub fn members(file: &Path) -> Members {
    let mut zip = ZipArchive::new(fs::File::open(file).unwrap()).unwrap();
    let mut members = Members::new();
    for n in 0..zip.len() {
        let mut member = zip.by_index(n).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        members.insert(member.name().unwrap().into_owned(), bytes);
    }
    members
}

/// Makes a ZIP file of `members`.
pub fn pack(members: &Members, file: &Path) {
    let mut zip = ZipWriter::new(fs::File::create(file).unwrap());
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_level(Some(1));
        zip.start_file(name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// What the real binary says of a bundle: whether it holds, the codes of its faults in alphabetical order, all of it.
pub fn verify(file: &Path) -> (bool, Vec<String>, Value) {
    verify_with(file, &[])
}

/// Such a judgement with further arguments.
pub fn verify_with(file: &Path, args: &[&str]) -> (bool, Vec<String>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
    let output = command.args(["verify", "--json"]).arg(file).args(args).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let holds = report["holds"] == true;
    assert_eq!(output.status.code(), Some(i32::from(!holds)), "{report}");
    let mut codes: Vec<String> = match report["faults"].as_array() {
        Some(faults) => faults.iter().map(|fault| fault["code"].as_str().unwrap().to_owned()).collect(),
        None => vec![report["no"]["code"].as_str().unwrap().to_owned()],
    };
    codes.sort_unstable();
    (holds, codes, report)
}

/// Go's program, built once.
fn checker() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let built = folder.join("check-bundle");
        let output = Command::new("go")
            .args(["build", "-o"])
            .arg(&built)
            .arg("tests/independent/check.go")
            .env("GO111MODULE", "off")
            .env("GOPATH", "/usr/share/gocode")
            .env("GOCACHE", folder.join("go-cache"))
            .output()
            .expect("Debian's golang-go, which `make packages-test` installs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        built
    })
}

/// What Go says of an unpacked bundle.
pub fn go(members: &Members) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in members {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let output = Command::new(checker()).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with(if output.status.success() { "ok: " } else { "FAIL: " }), "{output:?}");
    (output.status.success(), said)
}
