//! The real binary on a real sound server: what the monitor heard, and what the log says of it.

use std::fs;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::support::{
    pulse::{Recording, Server},
    station::{Station, in_seconds, leaves},
};

/// The samples of the station's only master, as a stereo device gets them.
fn master(station: &Station) -> Vec<[f32; 2]> {
    let masters = fs::read_dir(station.path("data/masters")).unwrap();
    let wav =
        masters.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|e| e == "wav"));
    let bytes = fs::read(wav.expect("a master is in the cache")).unwrap();
    bytes[44..].chunks_exact(2).map(|b| [f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0; 2]).collect()
}

/// Where `meant` stands in the recording: its first thousand frames are unique noise.
fn place_of(recording: &Recording, meant: &[[f32; 2]]) -> usize {
    recording.frames.windows(1000).position(|window| window == &meant[..1000]).expect("the head was heard")
}

fn outcome(row: &Value) -> &str {
    row["outcome"].as_str().unwrap_or("none")
}

#[test]
fn the_programme_of_a_slot_airs_at_its_second_and_the_log_says_so() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 2), ("b.wav", 1)]);
    let planned = in_seconds(8);
    let slots = station.schedule(&["a.wav", "b.wav"], &[planned]);
    station.approve();
    let recorder = server.record();
    let daemon = station.daemon(&server);
    let rows = daemon.until_closed(1);
    daemon.end();
    let recording = recorder.stop();

    let meant = master(&station);
    assert_eq!(meant.len(), 3 * 48_000);
    let place = place_of(&recording, &meant);
    let heard = &recording.frames[place..place + meant.len()];
    assert_eq!(heard.iter().zip(&meant).position(|(heard, meant)| heard != meant), None, "frame for frame");
    assert_eq!(recording.onset(place + meant.len()), None, "silence behind the last frame");
    let error_us = (recording.time_of(place) - planned).num_microseconds().unwrap();
    println!("start error at the monitor {error_us} us");
    assert!(error_us.abs() < 20_000, "start error {error_us} us");

    let row = &rows[0];
    assert_eq!(row["slot"], slots[0]);
    assert_eq!((outcome(row), &row["reason"]), ("full", &Value::Null), "{row}");
    assert_eq!(row["proof"], 3);
    assert_eq!(row["frames_consumed"], 144_000);
    assert_eq!(row["segments"].as_array().unwrap().len(), 2);
    assert_eq!(row["segments"][1]["title"], "b.wav");
    assert_eq!(row["approved_by"], "Lãnh đạo");
    let first: DateTime<Utc> = row["first_frame"].as_str().unwrap().parse().unwrap();
    let told_us = (first - planned).num_microseconds().unwrap();
    assert!((told_us - error_us).abs() < 20_000, "told {told_us} us, measured {error_us} us");
    let in_row = row["start_error_ms"].as_f64().unwrap() * 1000.0;
    assert_eq!(in_row.round().to_string(), told_us.to_string());
    station.ok(&["verify"]);
}

#[test]
fn what_is_not_approved_or_changed_does_not_air_and_says_why() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 1), ("b.wav", 1)]);
    station.schedule(&["a.wav"], &[in_seconds(5)]);
    let recorder = server.record();
    let daemon = station.daemon(&server);
    let rows = daemon.until_closed(1);
    assert_eq!((outcome(&rows[0]), &rows[0]["reason"]), ("missed", &"not-approved".into()));
    daemon.end();

    station.schedule(&["a.wav"], &[in_seconds(6)]);
    station.approve();
    fs::copy(station.path("media/b.wav"), station.path("media/a.wav")).unwrap();
    let daemon = station.daemon(&server);
    let rows = daemon.until_closed(2);
    assert_eq!((outcome(&rows[1]), &rows[1]["reason"]), ("missed", &"file-changed".into()));
    daemon.end();
    assert_eq!(recorder.stop().onset(0), None, "nothing sounded");
    station.ok(&["verify"]);
}

#[test]
fn a_server_that_dies_in_mid_programme_costs_no_frame_and_the_log_tells() {
    let mut server = Server::start();
    let mut station = Station::new(&[("a.wav", 8)]);
    station.schedule(&["a.wav"], &[in_seconds(5)]);
    station.approve();
    let daemon = station.daemon(&server);
    daemon.until("two seconds are heard", |status| status["on_air"]["position_ms"].as_u64() >= Some(2000));
    server.kill();
    let lost = daemon.until("the loss is seen", |status| status["device"]["state"] == "error");
    assert_eq!(lost["on_air"]["sounding"], false);
    server.up();
    let recorder = server.record();
    let rows = daemon.until_closed(1);
    daemon.end();
    let recording = recorder.stop();
    let meant = master(&station);
    let tail = &meant[meant.len() - 96_000..];
    let place = place_of(&recording, tail);
    assert_eq!(&recording.frames[place..place + tail.len()], tail, "the tail is whole");
    let row = &rows[0];
    assert_eq!(outcome(row), "full", "{row}");
    assert_eq!(row["starts"], 2);
    assert!(row["hole_ms"].as_u64().unwrap() > 0);
    station.ok(&["verify"]);
}

#[test]
fn a_killed_daemon_goes_on_where_it_was_heard() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 8)]);
    station.schedule(&["a.wav"], &[in_seconds(5)]);
    station.approve();
    let daemon = station.daemon(&server);
    let before = daemon
        .until("two seconds are heard", |status| status["on_air"]["position_ms"].as_u64() >= Some(2000));
    daemon.kill();
    let daemon = station.daemon(&server);
    let rows = daemon.until_closed(1);
    daemon.end();
    let row = &rows[0];
    assert_eq!(rows.len(), 1, "one slot, one row: {rows:?}");
    assert_eq!(outcome(row), "full", "{row}; was at {}", before["on_air"]["position_ms"]);
    assert_eq!(row["starts"], 2);
    assert_eq!(row["frames_consumed"], 8 * 48_000);
    station.ok(&["verify"]);
}

#[test]
fn what_comes_back_too_late_is_closed_with_the_part_that_was_heard() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 30)]);
    let settings = std::fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("[policy]", "[policy]\nresume_within_s = 0"));
    station.schedule(&["a.wav"], &[in_seconds(3)]);
    station.approve();
    let daemon = station.daemon(&server);
    let at = |status: &Value| status["on_air"]["position_ms"].as_u64();
    let heard = daemon.until("has been heard", |status| at(status) > Some(2000));
    daemon.kill();
    let daemon = station.daemon(&server);
    daemon.until("is at rest", |status| status["on_air"].is_null());
    daemon.end();
    station.ok(&["verify"]);
    let rows = station.rows();
    assert_eq!((rows.len(), outcome(&rows[0])), (1, "partial"), "{rows:?}");
    assert_eq!((&rows[0]["reason"], &rows[0]["starts"]), (&"software-fault".into(), &1.into()));
    // What the status told was stamped before; between two stamps lies a fifth of a second.
    let consumed_ms = loa::units::Frames(rows[0]["frames_consumed"].as_u64().unwrap()).ms();
    let told_ms = at(&heard).unwrap();
    assert!((told_ms..told_ms + 1000).contains(&consumed_ms), "{consumed_ms} ms, {told_ms} were told");
}

#[test]
fn a_wrong_device_fails_aloud_and_is_never_healthy() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 1)]);
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(
        &settings
            .replace("pulse:loud", "pulse:elsewhere")
            .replace("late_start_s = 600", "late_start_s = 3\nresume_within_s = 3"),
    );
    station.schedule(&["a.wav"], &[in_seconds(5)]);
    station.approve();
    let recorder = server.record();
    let daemon = station.daemon(&server);
    daemon.until("the device is known to be wrong", |status| status["device"]["state"] == "error");
    let rows = daemon.until_closed(1);
    assert_eq!((outcome(&rows[0]), &rows[0]["reason"]), ("missed", &"device-lost".into()));
    assert_eq!(station.json(&["status"])[0]["device"]["state"], "error");
    daemon.end();
    assert_eq!(recorder.stop().onset(0), None, "no other device sounded");
}

#[test]
fn what_a_muted_device_takes_is_not_aired() {
    let server = Server::start();
    assert!(server.pactl(&["set-sink-mute", "loud", "1"]));
    let mut station = Station::new(&[("a.wav", 2)]);
    station.schedule(&["a.wav"], &[in_seconds(4)]);
    station.approve();
    let daemon = station.daemon(&server);
    let red = daemon.until("it is on air", |status| status["on_air"]["position_ms"].as_u64() > Some(500));
    assert_eq!((&red["device"]["state"], &red["on_air"]["sounding"]), (&"error".into(), &false.into()));
    assert!(red["device"]["detail"].as_str().unwrap().contains("lets nobody hear it"), "{red}");
    let rows = daemon.until_closed(1);
    daemon.end();
    let row = &rows[0];
    assert_eq!((outcome(row), &row["reason"]), ("missed", &"muted".into()), "{row}");
    assert_eq!((&row["frames_consumed"], &row["frames_muted"]), (&0.into(), &96_000.into()));
    assert!(row["proof"].as_u64().unwrap() <= 2, "accepted, and no more: {row}");
    let muted = leaves(&station).into_iter().find(|leaf| leaf.contains(r#""state":"muted""#));
    assert!(muted.is_some_and(|leaf| leaf.contains("`loud` is muted")));
    station.ok(&["verify"]);
}

#[test]
fn the_second_output_airs_what_the_first_cannot_and_is_named() {
    let server = Server::start();
    server.sink(false);
    server.another_sink("spare");
    let mut station = Station::new(&[("a.wav", 1)]);
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("\"pulse:loud\"", "\"pulse:loud\"\nsecond = \"pulse:spare\""));
    station.schedule(&["a.wav"], &[in_seconds(8)]);
    station.approve();
    let daemon = station.daemon(&server);
    let stands_in = |status: &Value| status["device"]["said"]["code"] == "lamp-device-second";
    let status = daemon.until("the second stands in", stands_in);
    assert_eq!(status["device"]["state"], "warning");
    let rows = daemon.until_closed(1);
    daemon.end();
    assert_eq!((outcome(&rows[0]), &rows[0]["devices"][0]), ("full", &"pulse:spare".into()), "{}", rows[0]);
    let opened = leaves(&station).into_iter().find(|leaf| leaf.contains("second output"));
    assert!(opened.is_some_and(|leaf| leaf.contains(r#""state":"opened""#)));
    station.ok(&["verify"]);
}

#[test]
fn the_stop_key_ends_it_and_a_hold_silences_what_follows() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 5)]);
    let (first, second) = (in_seconds(5), in_seconds(14));
    station.schedule(&["a.wav"], &[first, second]);
    station.approve();
    let daemon = station.daemon(&server);
    daemon.until("it sounds", |status| status["on_air"]["position_ms"].as_u64() >= Some(500));
    let until = (Utc::now() + chrono::TimeDelta::hours(1)).to_rfc3339();
    station.ok(&["stop", "--reason", "mưa bão", "--hold-until", &until, "--by", "Trực"]);
    daemon.until_closed(1);
    // A hold is the person's word, not the process's.
    daemon.kill();
    let daemon = station.daemon(&server);
    let status = daemon.until("is up again", |status| status["running"] == true);
    assert!(status["hold_until"].is_string(), "{status}");
    let rows = daemon.until_closed(2);
    assert_eq!((outcome(&rows[0]), &rows[0]["reason"]), ("partial", &"operator-stop".into()), "{}", rows[0]);
    assert_eq!((outcome(&rows[1]), &rows[1]["reason"]), ("missed", &"held".into()), "{}", rows[1]);
    assert_eq!(station.run(&["release", "--by", "Trực"]).status.code(), Some(0));
    assert_eq!(
        station.run(&["release", "--by", "Trực"]).status.code(),
        Some(1),
        "nothing is left to release"
    );
    daemon.end();
    station.ok(&["verify"]);
}

#[test]
fn a_crash_loop_before_a_slot_still_airs_it() {
    let server = Server::start();
    // Long enough that the pace is proved behind a machine's short breath, too.
    let mut station = Station::new(&[("a.wav", 10)]);
    let at = in_seconds(12);
    station.schedule(&["a.wav"], &[at]);
    station.approve();
    let mut crashes = 0;
    while Utc::now() < at - chrono::TimeDelta::seconds(2) {
        station.daemon(&server).kill();
        crashes += 1;
    }
    let daemon = station.daemon(&server);
    let rows = daemon.until_closed(1);
    daemon.end();
    println!("{crashes} crashes, start error {} ms", rows[0]["start_error_ms"]);
    assert!(crashes >= 3, "{crashes}");
    assert_eq!((outcome(&rows[0]), &rows[0]["proof"]), ("full", &3.into()), "{}", rows[0]);
    assert_eq!(rows.len(), 1);
    station.ok(&["verify"]);
}

#[test]
fn a_second_daemon_on_the_folder_is_refused() {
    let server = Server::start();
    let station = Station::new(&[]);
    let daemon = station.daemon(&server);
    let second = station.run(&["run"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("holds the folder"));
    daemon.end();
}

#[test]
fn a_crash_counts_nothing_as_heard_that_was_muted_however_often() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 30)]);
    station.schedule(&["a.wav"], &[in_seconds(12)]);
    station.approve();
    let daemon = station.daemon(&server);
    let position = |status: &Value| status["on_air"]["position_ms"].as_u64().unwrap_or(0);
    daemon.until("is on air", |status| position(status) > 500);
    let mute = |yes: bool| {
        assert!(server.pactl(&["set-sink-mute", "loud", if yes { "1" } else { "0" }]));
        daemon.until("hears of it", |status| status["on_air"]["sounding"] == !yes)
    };
    for _ in 0..6 {
        mute(true);
        mute(false);
    }
    // The seventh, of which no entry tells.
    let from_ms = position(&mute(true));
    daemon.until("threw six seconds away", |status| position(status) > from_ms + 6_000);
    daemon.kill();
    assert!(server.pactl(&["set-sink-mute", "loud", "0"]));
    let daemon = station.daemon(&server);
    let rows = daemon.until_closed(1);
    daemon.end();
    let muted_ms = rows[0]["frames_muted"].as_u64().unwrap() / 48;
    assert!(muted_ms > 5_500, "{muted_ms} ms: {}", rows[0]);
    assert_eq!((outcome(&rows[0]), &rows[0]["reason"]), ("partial", &"muted".into()), "{}", rows[0]);
}
