//! A disk that takes nothing for a while: sound goes on, and no word of it is lost.

use std::fs;

use super::support::{
    faults::library,
    pulse::Server,
    station::{Station, in_seconds},
};

#[test]
fn a_disk_that_fills_in_mid_programme_costs_neither_sound_nor_evidence() {
    let server = Server::start();
    let mut station = Station::new(&[("a.wav", 6)]);
    station.schedule(&["a.wav"], &[in_seconds(4)]);
    station.approve();
    let tools = tempfile::tempdir().unwrap();
    let mut command = station.command(&["run"]);
    server.environment(&mut command);
    command
        .env("LD_PRELOAD", library(tools.path()))
        .env("LOA_FAULT_ROOT", station.path("data"))
        .env("LOA_FAULT", "full:0");
    let daemon = station.start(command);
    daemon.until("is on air", |status| status["on_air"]["position_ms"].as_u64() > Some(500));
    fs::write(station.path("full"), "").unwrap();
    let red = daemon.until("shows it", |status| status["disk"]["state"] == "error");
    assert_eq!(red["disk"]["said"]["code"], "lamp-disk-unwritten", "{red}");
    daemon.until("is at rest", |status| status["on_air"].is_null());
    assert!(station.rows()[0]["outcome"].is_null(), "nothing is claimed that is not durable");
    fs::remove_file(station.path("full")).unwrap();
    let rows = daemon.until_closed(1);
    daemon.until("is mended", |status| status["disk"]["state"] != "error");
    daemon.end();
    assert_eq!((&rows[0]["outcome"], &rows[0]["frames_consumed"]), (&"full".into(), &(6 * 48_000).into()));
    station.ok(&["verify"]);
}
