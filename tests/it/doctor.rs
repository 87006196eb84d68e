//! What can be tested beforehand: `loa doctor` and `loa wake` on a real folder.

use std::fs;

use serde_json::Value;

use super::support::{
    pulse::Server,
    station::{Station, in_seconds},
};

/// State and code of the examination called `what`.
fn examined(station: &Station, server: &Server, what: &str) -> (String, String) {
    let mut command = station.command(&["doctor", "--json"]);
    server.environment(&mut command);
    let out = command.output().unwrap();
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    let found = report["examinations"].as_array().unwrap().iter().find(|of| of["what"] == what).unwrap();
    let errors = report["examinations"].as_array().unwrap().iter().any(|of| of["state"] == "error");
    assert_eq!(out.status.code(), Some(i32::from(errors)), "{report}");
    (found["state"].as_str().unwrap().into(), found["said"]["code"].as_str().unwrap().into())
}

fn is(state: &str, code: &str) -> (String, String) {
    (state.into(), code.into())
}

#[test]
fn a_station_is_examined_before_its_slot() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 3)]);
    let check = |station: &Station, what, state, code| {
        assert_eq!(examined(station, &server, what), is(state, code));
    };
    check(&station, "next", "warning", "doctor-next-none");
    station.schedule(&["a.wav"], &[in_seconds(3600)]);
    check(&station, "next", "error", "doctor-next-not");
    station.approve();
    check(&station, "next", "ok", "doctor-next-ready");
    check(&station, "device", "ok", "doctor-device-good");
    assert_ne!(examined(&station, &server, "flush").0, "error");
    check(&station, "autostart", "warning", "doctor-autostart-off");
    check(&station, "permissions", "ok", "doctor-key-private");
    let data = station.path("data");
    let open = |mode| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&data, fs::Permissions::from_mode(mode)).unwrap();
    };
    open(0o777);
    check(&station, "permissions", "error", "doctor-data-open");
    open(0o700);
    let file = fs::read_dir(station.path("schedules")).unwrap().flatten();
    let file = file.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|of| of == "toml"));
    fs::write(file.unwrap(), "month = ").unwrap();
    check(&station, "next", "error", "doctor-next-unread");
}

#[test]
fn the_output_that_shall_stand_in_is_examined_as_well() {
    let server = Server::start();
    let station = Station::new(&[]);
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    let first = "device = \"pulse:loud\"\n";
    station.set(&settings.replace(first, &format!("{first}second = \"pulse:spare\"\n")));
    assert_eq!(examined(&station, &server, "second"), is("error", "lamp-device-fault"));
    assert_eq!(examined(&station, &server, "device"), is("ok", "doctor-device-good"));
    server.another_sink("spare");
    assert_eq!(examined(&station, &server, "second"), is("ok", "doctor-device-good"));
    server.sink(false);
    assert_eq!(examined(&station, &server, "device"), is("error", "lamp-device-fault"));
    assert_eq!(examined(&station, &server, "second"), is("ok", "doctor-device-good"));
}

#[test]
fn the_alarm_is_set_before_the_next_slot() {
    let mut station = Station::new(&[("a.wav", 3)]);
    assert_eq!(station.run(&["wake"]).status.code(), Some(1), "nothing is to come");
    let at = in_seconds(7200);
    let slots = station.schedule(&["a.wav"], &[at, in_seconds(9000)]);
    station.approve();
    let server = Server::start();
    let daemon = station.daemon(&server);
    daemon.until("knows its slots", |status| status["next"].is_object());
    let wake = || station.ok(&["wake"]).trim().parse::<i64>().unwrap();
    assert_eq!(wake(), at.timestamp() - 900);
    station.ok(&["cancel", &slots[0], "--reason", "bão", "--by", "A"]);
    daemon.until("has the later one", |status| status["next"]["slot"] == slots[1].as_str());
    assert_eq!(wake(), at.timestamp() + 1800 - 900);
    daemon.end();
    assert_eq!(wake(), at.timestamp() + 1800 - 900, "as the folder alone tells it");
}
