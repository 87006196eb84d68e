//! A disk that takes nothing for a while: sound goes on, and no word of it is lost.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::support::{
    faults::library,
    pulse::Server,
    station::{Daemon, Station, in_seconds},
};

/// A station with one slot in `seconds`, on a disk that can fail in the way called `fault`.
struct Place {
    server: Server,
    station: Station,
    tools: tempfile::TempDir,
    fault: &'static str,
}

impl Place {
    fn new(fault: &'static str, seconds: i64) -> Place {
        let (server, tools) = (Server::start(), tempfile::tempdir().unwrap());
        let mut station = Station::new(&[("a.wav", 6)]);
        station.schedule(&["a.wav"], &[in_seconds(seconds)]);
        station.approve();
        library(tools.path());
        Place { server, station, tools, fault }
    }

    fn daemon(&self) -> Daemon<'_> {
        let mut command = self.station.command(&["run"]);
        self.server.environment(&mut command);
        command
            .env("LD_PRELOAD", self.tools.path().join("faults.so"))
            .env("LOA_FAULT_ROOT", self.station.path("data"))
            .env("LOA_FAULT", format!("{}:0", self.fault));
        self.station.start(command)
    }

    fn fails(&self) {
        fs::write(self.station.path(self.fault), "").unwrap();
    }

    fn mended(&self) {
        fs::remove_file(self.station.path(self.fault)).unwrap();
    }
}

fn is_on_air(status: &serde_json::Value) -> bool {
    status["on_air"]["position_ms"].as_u64() > Some(500)
}

fn is_red(status: &serde_json::Value) -> bool {
    status["disk"]["state"] == "error" && status["disk"]["said"]["code"] == "lamp-disk-unwritten"
}

#[test]
fn a_disk_that_fills_in_mid_programme_costs_neither_sound_nor_evidence() {
    let place = Place::new("full", 4);
    let daemon = place.daemon();
    daemon.until("is on air", is_on_air);
    place.fails();
    daemon.until("shows it", is_red);
    daemon.until("is at rest", |status| status["on_air"].is_null());
    assert!(place.station.rows()[0]["outcome"].is_null(), "the log claims nothing that is not in it");
    // A hold may be among what waits: nothing is deleted until it stands in the log.
    let pruned = place.station.run(&["prune"]);
    let told = String::from_utf8_lossy(&pruned.stderr).into_owned();
    assert!(pruned.status.code() == Some(1) && told.contains("still wait for the disk"), "{told}");
    place.mended();
    let rows = daemon.until_closed(1);
    daemon.until("is mended", |status| status["disk"]["state"] != "error");
    daemon.end();
    assert_eq!((&rows[0]["outcome"], &rows[0]["frames_consumed"]), (&"full".into(), &(6 * 48_000).into()));
    place.station.ok(&["verify"]);
}

#[test]
fn a_disk_that_is_full_before_the_slot_airs_it_and_a_crash_then_repeats_nothing() {
    let place = Place::new("full", 14);
    let daemon = place.daemon();
    place.fails();
    let air = daemon.until("is on air", is_on_air);
    assert!(is_red(&air), "{air}");
    daemon.kill();
    assert_eq!(place.station.rows().len(), 0, "nothing of it is in the log");
    place.mended();
    let daemon = place.daemon();
    let rows = daemon.until_closed(1);
    daemon.end();
    let row = &rows[0];
    assert_eq!((&row["outcome"], &row["starts"], rows.len()), (&"full".into(), &2.into(), 1), "{row}");
    let error_ms = row["start_error_ms"].as_f64().unwrap();
    assert!(error_ms.abs() < 1000.0, "its first second was kept: {error_ms} ms");
    place.station.ok(&["verify"]);
}

#[test]
fn a_station_that_starts_while_its_disk_is_still_full_airs_and_repeats_nothing() {
    let place = Place::new("full", 12);
    let daemon = place.daemon();
    place.fails();
    daemon.until("is on air", is_on_air);
    daemon.until("is at rest", |status| status["on_air"].is_null());
    daemon.kill();
    // The next slot comes in a schedule that the log has no room for either.
    place.station.issue(2, &["a.wav"], &[in_seconds(20)]);
    for _ in 0..2 {
        let daemon = place.daemon();
        daemon.until("knows its next slot", |status| status["next"].is_object() || is_on_air(status));
        daemon.kill();
    }
    let daemon = place.daemon();
    assert!(is_red(&daemon.until("is on air", is_on_air)));
    daemon.until("is at rest", |status| status["on_air"].is_null());
    assert!(place.station.rows().is_empty(), "nothing of it is in the log");
    place.mended();
    let rows = daemon.until_closed(2);
    daemon.end();
    for row in &rows {
        assert_eq!(
            (&row["outcome"], &row["frames_consumed"]),
            (&"full".into(), &(6 * 48_000).into()),
            "{row}"
        );
    }
    assert_eq!(rows.len(), 2, "{rows:?}");
    place.station.ok(&["verify"]);
}

#[test]
fn a_disk_without_an_inode_to_spare_silences_nobody() {
    let place = Place::new("full", 30);
    let names = || fs::read_dir(place.station.path("data")).unwrap().count();
    let daemon = place.daemon();
    daemon.until("has made its master", |status| status["on_air"]["state"] == "armed");
    daemon.end();
    // Others took every inode that was free, and take each that becomes free.
    let there = names();
    fs::write(place.station.path("names"), there.to_string()).unwrap();
    for _ in 0..2 {
        place.daemon().end();
        assert_eq!(names(), there, "kept again for the next start");
    }
    let daemon = place.daemon();
    daemon.until("is on air", is_on_air);
    let rows = daemon.until_closed(1);
    daemon.end();
    assert_eq!((&rows[0]["outcome"], rows.len()), (&"full".into(), 1), "{}", rows[0]);
    place.station.ok(&["verify"]);
}

#[test]
fn a_write_protected_disk_silences_nobody() {
    let place = Place::new("closed", 14);
    let daemon = place.daemon();
    place.fails();
    let air = daemon.until("is on air", is_on_air);
    assert!(is_red(&air), "{air}");
    daemon.until("is at rest", |status| status["on_air"].is_null());
    place.mended();
    let rows = daemon.until_closed(1);
    daemon.end();
    assert_eq!((&rows[0]["outcome"], &rows[0]["frames_consumed"]), (&"full".into(), &(6 * 48_000).into()));
    place.station.ok(&["verify"]);
}

/// Every file below `folder`, but for the log, its high-water file and the keys.
fn side_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let own = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        !name.starts_with("log.db") && !["log.high", "control.sock"].contains(&name.as_str())
    };
    let below = folders.iter().filter(|path| !path.ends_with("keys")).flat_map(|path| side_files(path));
    files.into_iter().filter(own).chain(below).collect()
}

type Damage = fn(&[u8]) -> Vec<u8>;

#[test]
fn state_and_cache_that_are_corrupt_are_made_anew() {
    let garbage: [(&str, Damage); 3] = [
        ("empty", |_| Vec::new()),
        ("cut", |old| old[..old.len() / 2].to_vec()),
        ("noise", |old| (0..=u8::MAX).map(|n| n.wrapping_mul(37)).cycle().take(old.len().max(64)).collect()),
    ];
    std::thread::scope(|scope| {
        for (what, damage) in garbage {
            scope.spawn(move || survives(what, damage));
        }
    });
}

fn survives(what: &str, damage: Damage) {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 2)]);
    station.schedule(&["a.wav"], &[in_seconds(8)]);
    station.approve();
    let daemon = station.daemon(&server);
    daemon.until("has made its master ready", |status| status["on_air"].is_object());
    daemon.kill();
    let files = side_files(&station.path("data"));
    let names: Vec<_> = files.iter().map(|path| path.file_name().unwrap().to_string_lossy()).collect();
    assert!(["alive", "log.reserve"].iter().all(|name| names.iter().any(|n| n == name)), "{names:?}");
    assert!(names.iter().any(|name| name.ends_with(".wav")), "{names:?}");
    for file in &files {
        fs::write(file, damage(&fs::read(file).unwrap())).unwrap();
    }
    let daemon = station.daemon(&server);
    let rows = daemon.until_closed(1);
    daemon.end();
    assert_eq!((&rows[0]["outcome"], rows.len()), (&"full".into(), 1), "{what}: {}", rows[0]);
    station.ok(&["verify"]);
}
