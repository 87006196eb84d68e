//! What a station fetches of its centre, both of them real processes: everything once, each package as soon as it is whole, and
//! again what came to nothing for a cause that passes.

use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use loa::{package::Manifest, units::Digest};
use serde_json::Value;

use super::{
    support::{
        centre::{address, code, enrol, found, origin, table},
        clock::Clocks,
        proxy::Proxy,
        station::{Daemon, Station, copy, in_seconds, noise},
        way::{Way, airs, facts},
    },
    sync::{issue, join},
};

const TAKEN: [&str; 2] = ["\"kind\":\"package\"", "\"act\":\"taken\""];

pub fn until(what: &str, there: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while !there() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What was refused or taken at the station of `way`, by number and reason; no reason where it was taken.
fn became(way: &Way) -> Vec<(u64, String)> {
    let facts = facts(&way.station.path("")).into_iter();
    facts.map(|fact| (fact.what.map_or(0, |what| what.seq), fact.reason)).collect()
}

fn taken(way: &Way, seq: u64) -> bool {
    became(way).contains(&(seq, String::new()))
}

/// Waits until the centre hears that its station holds what it shall hold.
fn holds(way: &Way, revision: u32) {
    until("the centre hears that it is held", || {
        let listed = way.centre.json(&["fleet"]).remove(0);
        let holds = &listed["stations"][0]["word"]["holds"][0];
        holds["ready"] == true && holds["revision"] == revision
    });
}

/// A station that reaches its centre by a line, enrolled.
fn enrolled<'a>(way: &'a Way, lines: &Value, at: &str) -> (String, Daemon<'a>, Daemon<'a>) {
    let settings = fs::read_to_string(way.station.path("config/station.toml")).unwrap();
    way.station.set(&(settings + &table(lines, at)));
    let (origin, at_centre) = (origin(&way.station), way.centre.daemon_alone());
    let daemon = way.station.daemon_alone();
    enrol(&way.centre, &daemon, &origin);
    daemon.until("heard", |status| code(status, "centre-heard"));
    (origin, at_centre, daemon)
}

/// What lies at the centre for its stations.
fn packages(way: &Way) -> PathBuf {
    way.centre.path("data/packages")
}

/// A station on clocks that are set, which trusts its centre.
fn on_clocks() -> (Way, Clocks) {
    let (mut way, clocks) = (Way::new(), Clocks::new());
    way.station = Station::on(&clocks, &[]);
    let trust = packages(&way).join("trust/1.note").display().to_string();
    way.station.ok(&["trust", "accept", &trust, "--by", "Trực"]);
    (way, clocks)
}

/// The blob of the audio that `manifest` names first.
fn audio(way: &Way, manifest: &Manifest) -> PathBuf {
    packages(way).join(format!("blobs/sha256/{}", manifest.files[0].sha256))
}

/// Issues at the centre what is on the stick.
fn publish(way: &Way) {
    copy(&way.stick(), &packages(way));
}

#[test]
fn a_station_that_starts_again_fetches_nothing_that_it_holds() {
    let way = Way::new();
    let lines = found(&way.centre);
    let proxy = Proxy::start(&address(&way.centre));
    let (_, _at_centre, daemon) = enrolled(&way, &lines, &proxy.address());
    issue(&way, 2);
    daemon.until_entered(&TAKEN);
    holds(&way, 2);
    drop(daemon);
    let audio = fs::metadata(way.station.path("media/2022-03/a.wav")).unwrap().len();
    assert!(audio > 90_000, "it is worth to be measured: {audio}");
    // Another revision of the month with the same audio, and one that starts again: neither brings the audio again.
    let before = proxy.came();
    let daemon = way.station.daemon_alone();
    daemon.until("heard", |status| code(status, "centre-heard"));
    issue(&way, 3);
    holds(&way, 3);
    drop(daemon);
    let again = proxy.came() - before;
    assert!(again < audio, "{again} bytes passed, the audio has {audio}");
    assert_eq!(fs::read_dir(way.station.path("data/inbox")).map_or(0, Iterator::count), 0);
}

#[test]
fn a_package_is_taken_as_soon_as_it_is_whole_and_one_that_is_not_hides_none() {
    let way = Way::new();
    // Two of one month: of the newer one the audio is missing at the centre, and of the older one nothing.
    way.issue(2, &["2022-03/a.wav"]);
    noise(&way.centre.path("media/2022-03/b.wav"), 2, 77);
    way.issue(3, &["2022-03/b.wav"]);
    let newest = way.manifest(3);
    publish(&way);
    let blob = audio(&way, &newest);
    let bytes = fs::read(&blob).unwrap();
    fs::remove_file(&blob).unwrap();
    let lines = found(&way.centre);
    let (_, _at_centre, daemon) = enrolled(&way, &lines, &address(&way.centre));
    until("the older one is taken", || taken(&way, 2));
    assert_eq!(airs(&way.station.path(""), way.month()), 2);
    // It comes to the centre: a station that starts anew asks for it.
    fs::write(&blob, bytes).unwrap();
    drop(daemon);
    let _daemon = way.station.daemon_alone();
    until("the newest is taken", || taken(&way, 3));
    assert!(!taken(&way, 1), "what was passed on is no news");
}

#[test]
fn the_newest_of_a_month_that_is_refused_hides_no_older_one() {
    let way = Way::new();
    let newest = way.manifest(1);
    let past = (Utc::now() - TimeDelta::days(1)).timestamp_millis();
    way.issue_as(&Manifest { seq: 2, not_before_ms: past - 1000, not_after_ms: past, ..newest });
    publish(&way);
    let lines = found(&way.centre);
    let (_, _at_centre, _daemon) = enrolled(&way, &lines, &address(&way.centre));
    until("the older one is taken", || taken(&way, 1));
}

#[test]
fn a_month_behind_a_flood_of_what_is_refused_is_taken() {
    let way = Way::new();
    let month = way.manifest(1);
    publish(&way);
    for seq in 2..=32 {
        let note = way.signer("stranger").sign(&Manifest { seq, ..month.clone() }.text().unwrap()).unwrap();
        fs::write(packages(&way).join(format!("{seq}.note")), note).unwrap();
        fs::write(packages(&way).join(format!("{seq}.tlog-proof")), "không").unwrap();
    }
    let lines = found(&way.centre);
    let (_, _at_centre, _daemon) = enrolled(&way, &lines, &address(&way.centre));
    until("the month is taken", || taken(&way, 1));
    let refused = became(&way).iter().filter(|(_, reason)| reason == "package-key-unknown").count();
    assert!(refused <= 31, "{refused} entries");
}

#[test]
fn what_a_clock_that_was_ahead_made_too_late_is_taken_when_it_is_set_right() {
    let (way, clocks) = on_clocks();
    publish(&way);
    let lines = found(&way.centre);
    clocks.step(TimeDelta::days(150));
    join(&way, &lines);
    let origin = origin(&way.station);
    let _at_centre = way.centre.daemon_alone();
    let daemon = way.station.daemon_alone();
    enrol(&way.centre, &daemon, &origin);
    until("it is too late", || became(&way).iter().any(|(_, reason)| reason == "package-expired"));
    assert!(!taken(&way, 1));
    clocks.step(-TimeDelta::days(150));
    way.station.json(&["status"]);
    until("it is taken", || taken(&way, 1));
}

#[test]
fn what_a_file_of_the_station_kept_out_is_taken_within_the_hour() {
    let (way, clocks) = on_clocks();
    noise(&way.station.path("media/2022-03/a.wav"), 1, 99);
    publish(&way);
    let lines = found(&way.centre);
    let (_, _at_centre, _daemon) = enrolled(&way, &lines, &address(&way.centre));
    until("other audio stands there", || became(&way).contains(&(1, "package-other-audio".into())));
    fs::remove_file(way.station.path("media/2022-03/a.wav")).unwrap();
    clocks.pass(TimeDelta::minutes(61));
    until("it is taken", || taken(&way, 1));
}

#[test]
fn what_finds_no_room_waits_and_one_that_came_half_goes_on_when_there_is_some() {
    // Two minutes: 11 MB, by a line that needs as many seconds for them. Behind every 8 MiB the station looks for room.
    const LINE: u64 = 1_000_000;
    let (mut way, clocks) = on_clocks();
    let room = way.station.path("room");
    way.station.environment.push(("LOA_ROOM", room.clone().into()));
    let lines = found(&way.centre);
    noise(&way.centre.path("media/2022-03/a.wav"), 120, 5);
    issue(&way, 2);
    let note = fs::read(packages(&way).join("2.note")).unwrap();
    let part = Manifest::unchecked(&note).0.unwrap().files[0].clone();
    let proxy = Proxy::start(&address(&way.centre));
    // What stays free for what airs, and half of what is needed.
    fs::write(&room, ((500 << 20) + part.bytes).to_string()).unwrap();
    let (_, _at_centre, _daemon) = enrolled(&way, &lines, &proxy.address());
    let refused = || became(&way).iter().filter(|(_, reason)| reason == "package-room").count();
    until("there is no room for it", || refused() == 1);
    let blob = way.station.path(&format!("data/inbox/blobs/sha256/{}", part.sha256));
    let came = || fs::metadata(&blob).map_or(0, |found| found.len());
    assert_eq!(came(), 0);

    proxy.slow(LINE);
    fs::remove_file(&room).unwrap();
    clocks.pass(TimeDelta::minutes(61));
    until("it comes", || came() > 1 << 20);
    fs::write(&room, (499 << 20).to_string()).unwrap();
    until("there is none for the rest", || refused() == 2);
    let half = came();
    assert!((1 << 20..part.bytes).contains(&half), "{half} of {} bytes", part.bytes);

    let before = proxy.came();
    proxy.heal();
    fs::remove_file(&room).unwrap();
    clocks.pass(TimeDelta::minutes(61));
    until("it is taken", || taken(&way, 2));
    let more = proxy.came() - before;
    assert!(more < part.bytes, "{more} bytes came for the rest of {}", part.bytes);
}

#[test]
fn what_was_spoilt_in_the_inbox_comes_once_more() {
    let way = Way::new();
    publish(&way);
    let part = way.manifest(1).files[0].clone();
    let spoilt = way.station.path(&format!("data/inbox/blobs/sha256/{}", part.sha256));
    fs::create_dir_all(spoilt.parent().unwrap()).unwrap();
    let file = fs::File::create(&spoilt).unwrap();
    file.write_all_at(b"x", part.bytes - 1).unwrap();
    let lines = found(&way.centre);
    let (_, _at_centre, _daemon) = enrolled(&way, &lines, &address(&way.centre));
    until("it is taken", || taken(&way, 1));
    let stands = fs::read(way.station.path("media/2022-03/a.wav")).unwrap();
    assert_eq!(Digest::of(&stands), part.sha256);
    assert_eq!(became(&way).len(), 1, "nothing was refused");
}

#[test]
fn a_file_that_is_longer_than_it_says_fills_no_disk() {
    let mut way = Way::new();
    way.slots = vec![in_seconds(3600)];
    publish(&way);
    let blob = audio(&way, &way.manifest(1));
    // Two gigabytes that the file system needs no room for.
    fs::OpenOptions::new().write(true).open(&blob).unwrap().set_len(2 << 30).unwrap();
    let note = packages(&way).join("7.note");
    fs::write(&note, vec![b'x'; 100 << 20]).unwrap();
    fs::write(packages(&way).join("7.tlog-proof"), "không").unwrap();
    let lines = found(&way.centre);
    let (_, _at_centre, daemon) = enrolled(&way, &lines, &address(&way.centre));
    let inbox = way.station.path("data/inbox/blobs/sha256");
    let most = || {
        let entries = fs::read_dir(&inbox).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).max().unwrap_or_default()
    };
    let part = way.manifest(1).files[0].bytes;
    until("as much came as it says", || most() > 0);
    daemon.until("heard", |status| code(status, "centre-heard"));
    assert!(most() <= part, "{} of {part}", most());
    assert!(became(&way).is_empty(), "{:?}", became(&way));
}

#[test]
fn of_what_is_packed_only_what_is_whole_is_laid_out_for_stations() {
    let way = Way::new();
    way.issue(2, &["2022-03/a.wav"]);
    noise(&way.centre.path("media/2022-03/b.wav"), 2, 77);
    way.issue(3, &["2022-03/b.wav"]);
    publish(&way);
    // Of the newest the audio ended early on this disk.
    let blob = audio(&way, &way.manifest(3));
    let bytes = fs::read(&blob).unwrap();
    fs::write(&blob, &bytes[..bytes.len() - 1]).unwrap();
    let lines = found(&way.centre);
    let settings = fs::read_to_string(way.centre.path("config/centre.toml")).unwrap();
    fs::write(way.centre.path("config/centre.toml"), settings + "files = \"data/laid\"\n").unwrap();
    let (_, _at_centre, daemon) = enrolled(&way, &lines, &address(&way.centre));
    until("what is whole is taken", || taken(&way, 2));
    let laid = way.centre.path("data/laid");
    assert!(laid.join("2.note").exists() && !laid.join("3.note").exists());
    assert!(!laid.join(format!("blobs/sha256/{}", way.manifest(3).files[0].sha256)).exists());
    assert_eq!(became(&way).len(), 1, "nobody hears of what is not there");
    // Somebody brings it, and it goes out by itself.
    fs::write(&blob, bytes).unwrap();
    daemon.until_entered(&["\"seq\":3", "\"act\":\"taken\""]);
}
