//! Crashes of the real binary: at every single change that it makes on the disk, and at two hundred moments of
//! a station that airs without a pause. What was acknowledged is there afterwards, and nothing is there twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    thread,
    time::Duration,
};

use loa::{
    control::{Against, audit},
    evidence::{Body, Clk, Frontier, Leaf, canonical::decode},
    keys::{PublicKey, SigningKey},
    store::Log,
};

use super::support::{
    faults::library,
    pulse::Server,
    station::{Station, copy, in_seconds},
};

fn key(data: &Path) -> SigningKey {
    SigningKey::parse(&fs::read_to_string(data.join("keys/station.key")).unwrap()).unwrap()
}

fn clk() -> Clk {
    Clk { wall_ms: 0, boot_ms: 0, boot: "0".repeat(32), sync: false, offset_min: 420 }
}

const SLOT: &str = "2022-03/cchc/2022-03-01T17:00:00";

/// A station on whose folder `loa note` starts, enters and ends, with the fault `fault`; gives its success.
fn note(station: &Station, library: &Path, data: &Path, fault: &str) -> bool {
    let mut command = station.command(&["note", SLOT, "--text", "khi mất điện", "--by", "Trực"]);
    command.env("LD_PRELOAD", library).env("LOA_FAULT_ROOT", data).env("LOA_FAULT", fault);
    command.output().unwrap().status.success()
}

/// What stands in the log after a crash; the log must be whole and go on.
fn after(data: &Path, what: &str) -> Vec<String> {
    let path = data.join("log.db");
    let mut log = Log::open(&path, key(data)).unwrap_or_else(|error| panic!("{what}: {error}"));
    let keys: [PublicKey; 1] = [key(data).public().clone()];
    let faults = log.reader().verify(&keys).unwrap().faults;
    // The next start has not entered its boot yet, which is no concern of the disk.
    assert_eq!(faults, [], "{what}");
    let leaves = log.reader().leaves(0..u64::MAX).map(|leaf| leaf.unwrap().1).collect();
    log.append(&[(clk(), Body::Heartbeat {})]).unwrap_or_else(|error| panic!("{what}: {error}"));
    leaves
}

#[test]
fn at_every_change_on_the_disk_the_power_may_go_or_the_disk_may_fail() {
    let mut station = Station::new(&[("a.wav", 1)]);
    station.schedule(&["a.wav"], &["2022-03-01T10:00:00Z".parse().unwrap()]);
    station.approve();
    station.ok(&["note", SLOT, "--text", "trước đó", "--by", "Trực"]);
    let tools = tempfile::tempdir().unwrap();
    let library = library(tools.path());
    let (data, kept) = (station.path("data"), tools.path().join("kept"));
    copy(&data, &kept);
    let before = after(&kept, "before").len();
    copy(&data, &kept);
    assert!(note(&station, &library, &data, "count:0"));
    let changes: u32 = fs::read_to_string(station.path("changes")).unwrap().trim().parse().unwrap();
    assert!(changes > 40, "{changes} changes: the library is not in between");
    let (mut lost, mut stored) = (0, 0);
    for n in 0..changes {
        for mode in ["kill", "torn", "fail", "fail-stored", "power"] {
            let fault = format!("{mode}:{n}:{}", n * 7 + lost + stored);
            copy(&kept, &data);
            let acknowledged = note(&station, &library, &data, &fault);
            let leaves = after(&data, &fault);
            let there = leaves.iter().filter(|leaf| leaf.contains("khi mất điện")).count();
            assert!(leaves.len() >= before, "{fault}: what was there before is there");
            assert!(there == 1 || (there == 0 && !acknowledged), "{fault}: {there}, told {acknowledged}");
            *(if there == 1 { &mut stored } else { &mut lost }) += 1;
        }
    }
    println!("{changes} changes, {lost} times without and {stored} times with the entry");
    assert!(lost > 100 && stored > 100, "{lost} {stored}: both sides of the commit were cut");
}

/// Every entry of the log of `station`, and the root of the tree at every size.
fn history(station: &Station) -> (Vec<Body>, BTreeMap<u64, String>) {
    let log = Log::read_only(&station.path("data/log.db")).unwrap();
    let mut tree = Frontier::default();
    let (mut bodies, mut roots) = (Vec::new(), BTreeMap::new());
    for leaf in log.leaves(0..u64::MAX) {
        let leaf = leaf.unwrap().1;
        tree.push(leaf.as_bytes());
        roots.insert(tree.size(), base64(&tree.root().0));
        if let Leaf::Known(entry) = decode(leaf.as_bytes()).unwrap() {
            bodies.push(entry.body);
        }
    }
    (bodies, roots)
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Kills the daemon of a station that airs a second of sound every two, `kills` times.
fn killed(server: &Server, seed: u64, kills: u32) {
    let mut station = Station::new(&[("a.wav", 1)]);
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("late_start_s = 600", "late_start_s = 1"));
    let first = in_seconds(4);
    let slots: Vec<_> = (0..300).map(|n| first + chrono::TimeDelta::seconds(2 * n)).collect();
    let ids = station.schedule(&["a.wav"], &slots);
    station.approve();
    station.ok(&["check"]);
    let mut random = seed;
    let mut acknowledged = BTreeMap::new();
    for _ in 0..kills {
        let daemon = station.daemon(server);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The moment of the kill is the experiment, not a wait for something.
        thread::sleep(Duration::from_millis((random >> 33) % 900));
        let head = station.json(&["status"]).remove(0)["log"]["checkpoint"].as_str().unwrap().to_owned();
        daemon.kill();
        let mut lines = head.lines().skip(1);
        let size: u64 = lines.next().unwrap().parse().unwrap();
        acknowledged.insert(size, lines.next().unwrap().to_owned());
        let audit = audit(&station.path(""), &Against::default()).unwrap();
        assert!(audit.holds(), "{:?}", audit.report.faults);
    }
    let daemon = station.daemon(server);
    daemon.until("is at rest or on air", |status| status["device"]["state"] != "unknown");
    daemon.end();
    station.ok(&["verify"]);
    let (bodies, roots) = history(&station);
    for (size, root) in &acknowledged {
        assert_eq!(roots.get(size), Some(root), "what was told is still there");
    }
    let mut closed = BTreeSet::new();
    let mut cued = BTreeSet::new();
    for body in &bodies {
        let (slot, set) = match body {
            Body::End(end) => (end.slot.clone(), &mut closed),
            Body::Missed(missed) => (Some(missed.slot.clone()), &mut closed),
            Body::Cue(cue) if cue.airing.is_none() => (cue.slot.clone(), &mut cued),
            _ => continue,
        };
        assert!(set.insert(slot.clone()), "{slot:?} twice");
    }
    let rows = station.rows();
    let outcome = |wanted: &str| rows.iter().filter(|row| row["outcome"] == wanted).count();
    for row in &rows {
        let consumed = row["frames_consumed"].as_u64().unwrap_or(0);
        assert!(consumed <= 48_000, "{row}");
        assert!(row["outcome"] == "full" || row["outcome"].is_null() || row["reason"].is_string(), "{row}");
        let parts = row["segments"].as_array().into_iter().flatten();
        assert!(parts.map(|part| part["frames"].as_u64().unwrap()).sum::<u64>() <= 48_000, "{row}");
    }
    // None was passed over: of the slots before the last outcome only one that was on air at the end is open.
    let last = ids.iter().rposition(|id| closed.contains(&Some(id.parse().unwrap()))).unwrap();
    let open: Vec<_> = ids[..last].iter().filter(|id| !closed.contains(&Some(id.parse().unwrap()))).collect();
    assert!(open.len() <= 1, "{open:?}");
    let resumed = rows.iter().filter(|row| row["starts"].as_u64() > Some(1)).count();
    println!(
        "{} entries, {} full, {} partial, {} missed, {resumed} resumed",
        bodies.len(),
        outcome("full"),
        outcome("partial"),
        outcome("missed")
    );
    assert!(resumed > 0 && outcome("full") > 0, "kills fell into airings");
}

#[test]
fn two_hundred_kills_of_a_station_that_airs_without_a_pause() {
    let server = Server::start();
    thread::scope(|scope| {
        for seed in 1..=4 {
            let server = &server;
            scope.spawn(move || killed(server, seed, 50));
        }
    });
}
