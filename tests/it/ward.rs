//! The ward's own schedule beside the centre's, through the real binary.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::support::{
    pulse::Server,
    station::{Station, in_seconds, leaves},
};

/// A past month of both: the centre's programme of two seconds, the ward's of three, `after` seconds later.
fn past(after: i64) -> (Station, Vec<String>) {
    let mut station = Station::new(&[("a.wav", 2), ("b.wav", 3)]);
    let at: DateTime<Utc> = "2022-03-05T10:00:00Z".parse().unwrap();
    let mut slots = station.schedule(&["a.wav"], &[at]);
    slots.extend(station.ward_schedule(&["b.wav"], &[at + TimeDelta::seconds(after)]));
    (station, slots)
}

fn codes(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// Slot, outcome, source and approver of every row.
fn told(rows: &[Value]) -> Vec<[&str; 4]> {
    rows.iter()
        .map(|row| {
            ["slot", "outcome", "source", "approved_by"].map(|key| row[key].as_str().unwrap_or("none"))
        })
        .collect()
}

#[test]
fn a_station_airs_the_centres_and_the_wards_each_by_its_own_approval() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 1), ("b.wav", 2)]);
    let first = in_seconds(6);
    let centre = station.schedule(&["a.wav"], &[first]);
    let ward = station.ward_schedule(&["b.wav"], &[first + TimeDelta::seconds(4)]);
    station.approve();
    station.approve_ward();
    let recorder = server.record();
    let daemon = station.daemon(&server);
    let rows = daemon.until_closed(2);
    daemon.end();
    assert_eq!(
        told(&rows),
        [
            [centre[0].as_str(), "full", "town", "Lãnh đạo"],
            [ward[0].as_str(), "full", "ward", "Chủ tịch phường"]
        ]
    );
    assert_eq!((&rows[0]["document"], &rows[1]["document"]), (&"1/PD".into(), &"3/UBND".into()));
    assert_eq!((&rows[0]["frames_consumed"], &rows[1]["frames_consumed"]), (&48_000.into(), &96_000.into()));
    assert_ne!(rows[0]["schedule"], rows[1]["schedule"]);
    assert!(rows.iter().all(|row| row["start_error_ms"].as_f64().unwrap().abs() < 20.0), "{rows:?}");
    let recording = recorder.stop();
    let sounding = recording.frames.iter().filter(|frame| frame[0] != 0.0).count();
    assert!(sounding > 140_000 && sounding <= 144_000, "both were heard: {sounding} frames");
    for kind in ["schedule.accept", "play.cue"] {
        let of_kind: Vec<String> = leaves(&station)
            .into_iter()
            .filter(|leaf| leaf.contains(&format!("\"kind\":\"{kind}\"")))
            .collect();
        let of_ward: Vec<bool> = of_kind.iter().map(|leaf| leaf.contains("\"ward\":true")).collect();
        assert_eq!(of_ward, [false, true], "{kind}");
    }
    station.ok(&["verify"]);
}

#[test]
fn a_month_is_checked_and_rehearsed_with_the_wards_own() {
    let (station, slots) = past(2);
    station.approve();
    station.approve_ward();
    let reports = station.json(&["check", "2022-03"]);
    let wards: Vec<_> = reports.iter().map(|r| (&r["month"], &r["ward"], &r["ready"])).collect();
    let month = Value::from("2022-03");
    assert_eq!(wards, [(&month, &false.into(), &true.into()), (&month, &true.into(), &true.into())]);
    assert_eq!(codes(&reports[1]), [""; 0], "a ward's own programme need not fill the plan");
    assert_eq!(station.json(&["check"]), reports);
    assert_eq!(station.json(&["check", "2022-03.ward"]), reports[1..]);

    let centre = [slots[0].as_str(), "full", "town", "Lãnh đạo"];
    let ward = [slots[1].as_str(), "full", "ward", "Chủ tịch phường"];
    assert_eq!(told(&station.json(&["rehearse", "2022-03"])), [centre, ward]);
    assert_eq!(told(&station.json(&["rehearse", "2022-03.ward"])), [ward]);
    // Each stands by its own approval.
    fs::remove_file(station.path("schedules/2022-03.approval")).unwrap();
    let rows = station.json(&["rehearse", "2022-03"]);
    assert_eq!((&rows[0]["reason"], &rows[1]["outcome"]), (&"not-approved".into(), &"full".into()));
    assert_eq!(rows[0]["approved_by"], Value::Null);
    station.approve();
    fs::remove_file(station.path("schedules/2022-03.ward.approval")).unwrap();
    let rows = station.json(&["rehearse", "2022-03"]);
    assert_eq!((&rows[0]["outcome"], &rows[1]["reason"]), (&"full".into(), &"not-approved".into()));
    assert_eq!((&rows[1]["approved_by"], &rows[1]["schedule"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_overlaps_is_refused_on_the_wards_file_and_the_centres_airs_on() {
    let (station, slots) = past(1);
    station.approve();
    let [centre, ward] = station.json(&["check", "2022-03"]).try_into().unwrap();
    assert_eq!((&centre["ready"], &ward["ready"]), (&true.into(), &false.into()));
    assert_eq!(codes(&ward), ["slot-overlaps-centre"]);
    let place = ward["findings"][0]["place"].as_str().unwrap();
    assert!(place.starts_with("schedules/2022-03.ward.toml"), "{place}");
    let refused = station.run(&["approve", "2022-03.ward", "--by", "Chủ tịch phường"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!station.path("schedules/2022-03.ward.approval").exists());
    assert_eq!(told(&station.json(&["rehearse", "2022-03"])), [[&slots[0], "full", "town", "Lãnh đạo"]]);
    assert_eq!(station.run(&["rehearse", "2022-03.ward"]).status.code(), Some(1));
}

#[test]
fn an_approval_of_the_one_does_not_release_it_as_the_other() {
    let (station, _) = past(2);
    station.approve();
    for end in ["toml", "approval"] {
        let (from, to) = (format!("schedules/2022-03.{end}"), format!("schedules/2022-03.ward.{end}"));
        fs::copy(station.path(&from), station.path(&to)).unwrap();
    }
    let report = station.json(&["check", "2022-03.ward"]).remove(0);
    assert_eq!(report["ready"], false);
    assert!(codes(&report).contains(&"source-not-ward"), "{report}");
}

#[test]
fn a_later_revision_of_the_centre_stands_and_the_wards_slot_gives_way() {
    let mut station = Station::new(&[("a.wav", 1), ("b.wav", 3)]);
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("pulse:loud", &format!("wav:{}", station.path("out.wav").display())));
    let at = in_seconds(300);
    station.schedule(&["a.wav"], &[at + TimeDelta::seconds(60)]);
    station.ward_schedule(&["b.wav"], &[at - TimeDelta::seconds(2)]);
    station.approve();
    station.approve_ward();
    let daemon = station.daemon_alone();
    daemon.until_entered(&["\"kind\":\"schedule.accept\"", "\"ward\":true"]);
    daemon.end();
    // After a restart the log's list of slots tells no lengths; only with them is it known what overlaps.
    let centre = station.schedule(&["a.wav"], &[at]);
    station.approve();
    let daemon = station.daemon_alone();
    daemon.until_entered(&["\"kind\":\"schedule.refuse\"", "\"slot-overlaps-centre\"", "\"ward\":true"]);
    let status = daemon.until("the centre's is next", |status| status["next"]["slot"] == centre[0]);
    assert_eq!(status["running"], true);
    let silent = station.run(&["cancel", &centre[0], "--reason", " ", "--by", "A"]);
    assert!(silent.status.code() == Some(1), "a slot is cancelled with a reason only");
    assert_eq!(station.json(&["status"])[0]["next"]["slot"], centre[0]);
    station.ok(&["cancel", &centre[0], "--reason", "x", "--by", "A"]);
    assert_eq!(station.json(&["status"])[0]["next"], Value::Null, "the ward's has given way");
    daemon.end();
    station.ok(&["verify"]);
}
