//! The real binary on clocks that are set, wrong, doubted or suspended: what it airs, what it enters.
//!
//! The rules: wall time decides when, and only a trusted clock decides anything; boot time decides how long. A test
//! spares itself the waiting by letting time pass at once while nothing sounds; asking the status wakes the daemon.

use chrono::{DateTime, TimeDelta, Utc};
use loa::control::Role;
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};
use serde_json::Value;

use super::{
    support::{
        clock::Clocks,
        pulse::Server,
        station::{Daemon, Station, leaves},
        visitor::Visitor,
    },
    web_on_air::{PASSWORD, pages, person},
};

/// Noon of a day in the middle of a month, at the station.
const NOON: &str = "2027-03-10T12:00:00+07:00";

fn noon() -> DateTime<Utc> {
    NOON.parse().unwrap()
}

fn s(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

const DECADE: TimeDelta = TimeDelta::days(3652);

/// Steps that time servers, people and dead batteries make.
fn steps() -> [TimeDelta; 8] {
    [s(1), s(-1), s(180), s(-180), s(3600), s(-3600), DECADE, -DECADE]
}

/// A machine whose clocks show noon, and a station on it with one programme of `seconds` at `slots` behind noon.
fn station(seconds: u32, slots: &[TimeDelta]) -> (Clocks, Station, Vec<String>) {
    let clocks = Clocks::new();
    clocks.step_to(noon());
    let mut station = Station::on(&clocks, &[("a.wav", seconds)]);
    let slots: Vec<_> = slots.iter().map(|behind| noon() + *behind).collect();
    let ids = station.schedule(&["a.wav"], &slots);
    station.approve();
    (clocks, station, ids)
}

/// Wakes the daemon, and gives its answer.
fn status(station: &Station) -> Value {
    station.json(&["status"]).pop().unwrap()
}

/// What is lost is made good, twice at most.
fn makes_good(station: &Station) {
    let settings = std::fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("make_goods = 0", "make_goods = 2"));
}

/// Waits until the station knows its next slot.
fn knows(daemon: &Daemon, slot: &str) {
    daemon.until("knows the slot", |status| status["next"]["slot"] == slot);
}

/// Goes to where the slot `at` is made ready, cued, and about to sound.
fn approach(clocks: &Clocks, daemon: &Daemon, at: DateTime<Utc>) {
    clocks.pass_until(at - s(55));
    daemon.until("is ready", |status| status["on_air"]["state"] == "armed");
    clocks.pass_until(at - TimeDelta::milliseconds(3500));
    daemon.until("is cued", |status| status["on_air"]["state"] == "armed");
}

fn ending(row: &Value) -> (&str, &str) {
    (row["outcome"].as_str().unwrap_or("none"), row["reason"].as_str().unwrap_or("none"))
}

/// The sizes of the steps that were entered.
fn entered_steps(station: &Station) -> Vec<i64> {
    let leaves = leaves(station);
    let entries = leaves.iter().map(|leaf| serde_json::from_str::<Value>(leaf).unwrap());
    entries.filter_map(|entry| entry["body"]["step_ms"].as_i64()).collect()
}

fn doubt(station: &Station) -> Option<String> {
    let status = status(station);
    (status["clock"]["state"] == "error")
        .then(|| status["clock"]["said"]["code"].as_str().unwrap().to_owned())
}

#[test]
fn a_synchronised_clock_that_is_set_while_a_slot_waits_is_told_and_the_slot_airs_once() {
    let server = Server::start();
    let (clocks, station, ids) = station(2, &[TimeDelta::hours(2), TimeDelta::hours(3)]);
    let daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    for step in steps().into_iter().filter(|step| *step != DECADE) {
        clocks.step(step);
        let there = status(&station);
        let due_ms = (noon() + TimeDelta::hours(2) - clocks.now()).num_milliseconds();
        assert_eq!(there["next"]["slot"], ids[0], "{step}");
        assert!((there["next"]["in_ms"].as_i64().unwrap() - due_ms).abs() < 1000, "{step}: {there}");
        status(&station);
        clocks.step(-step);
        status(&station);
    }
    approach(&clocks, &daemon, noon() + TimeDelta::hours(2));
    daemon.until_closed(1);
    // Set beyond a slot, and believed: its time has passed, and it does not come again.
    clocks.step(DECADE);
    let rows = daemon.until_closed(2);
    clocks.step(-DECADE);
    status(&station);
    clocks.pass_until(noon() + TimeDelta::hours(4));
    status(&station);
    daemon.end();
    assert_eq!((ending(&rows[0]), &rows[0]["proof"]), (("full", "none"), &3.into()), "{}", rows[0]);
    assert_eq!(ending(&rows[1]), ("missed", "clock-untrusted"), "{}", rows[1]);
    assert_eq!(station.rows().len(), 2);
    let told = entered_steps(&station);
    assert_eq!(told.len(), 16, "each step there and back: {told:?}");
    station.ok(&["verify"]);
}

#[test]
fn an_unsynchronised_clock_that_jumps_is_doubted_until_a_person_confirms_it() {
    let server = Server::start();
    let (clocks, station, ids) = station(2, &[TimeDelta::hours(2)]);
    clocks.synchronise(false);
    let daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    for step in steps() {
        clocks.step(step);
        let beyond = step.abs() > s(60);
        assert_eq!(doubt(&station).is_some(), beyond, "{step}");
        // Nothing sounds by such a clock, also not by hand.
        let by_hand = beyond && station.run(&["air", "2027-03", "cchc"]).status.success();
        assert!(!by_hand, "{step}");
        clocks.step(-step);
        assert_eq!(doubt(&station).is_some(), beyond, "{step} back");
        let confirmed = station.run(&["clock", "confirm", "--by", "Trần Thị B"]);
        assert_eq!(confirmed.status.success(), beyond, "{step}");
        assert_eq!(doubt(&station), None);
    }
    assert!(station.rows().is_empty(), "nothing was closed meanwhile");
    approach(&clocks, &daemon, noon() + TimeDelta::hours(2));
    let rows = daemon.until_closed(1);
    daemon.end();
    assert_eq!((ending(&rows[0]), rows.len()), (("full", "none"), 1), "{}", rows[0]);
    station.ok(&["verify"]);
}

#[test]
fn a_clock_that_is_set_on_air_neither_repeats_nor_cuts_what_sounds() {
    let server = Server::start();
    let (clocks, station, ids) = station(6, &[s(600), s(1200)]);
    let daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    for (at, doubted) in [(noon() + s(600), false), (noon() + s(1200), true)] {
        clocks.synchronise(true);
        approach(&clocks, &daemon, at);
        daemon.until("sounds", |status| status["on_air"]["position_ms"].as_u64() > Some(500));
        clocks.synchronise(!doubted);
        for step in [s(180), s(-180), s(-180), s(180)] {
            clocks.step(step);
            assert_eq!(status(&station)["on_air"]["sounding"], true);
        }
        daemon.until("ends", |status| status["on_air"].is_null());
    }
    let rows = daemon.until_closed(2);
    daemon.end();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!((ending(row), &row["frames_consumed"]), (("full", "none"), &(6 * 48_000).into()), "{row}");
        assert_eq!((&row["starts"], &row["hole_ms"]), (&1.into(), &0.into()), "{row}");
    }
    station.ok(&["verify"]);
}

#[test]
fn a_boot_in_1970_or_2000_airs_nothing_until_the_time_server_answers() {
    let server = Server::start();
    let (clocks, station, ids) = station(2, &[s(600), s(1200)]);
    let mut daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    for (n, wrong) in ["1970-01-01T00:00:10Z", "2000-01-01T00:00:10Z"].into_iter().enumerate() {
        let at = noon() + s(600) * i32::try_from(n + 1).unwrap();
        daemon.kill();
        clocks.reboot(TimeDelta::zero());
        clocks.synchronise(false);
        let right = clocks.now();
        clocks.step_to(wrong.parse().unwrap());
        daemon = station.daemon(&server);
        assert_eq!(doubt(&station).as_deref(), Some("clock-behind"));
        clocks.pass(s(40));
        assert!(doubt(&station).is_some());
        clocks.synchronise(true);
        clocks.step_to(right + s(40));
        assert_eq!(doubt(&station), None);
        assert_eq!(status(&station)["next"]["slot"], ids[n]);
        approach(&clocks, &daemon, at);
        let rows = daemon.until_closed(n + 1);
        assert_eq!(ending(&rows[n]), ("full", "none"), "{}", rows[n]);
    }
    daemon.end();
    assert_eq!(station.rows().len(), 2);
    station.ok(&["verify"]);
}

#[test]
fn a_slot_that_passes_while_the_clock_is_wrong_says_so() {
    let server = Server::start();
    let (clocks, station, ids) = station(2, &[s(1200)]);
    let daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    clocks.synchronise(false);
    clocks.step(-DECADE);
    assert_eq!(doubt(&station).as_deref(), Some("clock-stepped"));
    clocks.pass(s(7200));
    status(&station);
    clocks.step(DECADE);
    status(&station);
    assert!(station.rows().is_empty(), "a doubted clock closes nothing");
    station.ok(&["clock", "confirm", "--by", "Trần Thị B"]);
    let rows = daemon.until_closed(1);
    daemon.end();
    assert_eq!(ending(&rows[0]), ("missed", "clock-untrusted"), "{}", rows[0]);
    station.ok(&["verify"]);
}

#[test]
fn a_slot_that_a_doubted_clock_runs_through_airs_when_the_clock_is_right_in_time() {
    let server = Server::start();
    let (clocks, station, ids) = station(2, &[s(3600), s(5400)]);
    let mut daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    clocks.synchronise(false);
    clocks.step(s(7200));
    assert_eq!(doubt(&station).as_deref(), Some("clock-stepped"));
    for _ in 0..2 {
        clocks.pass(s(60));
        assert_eq!(status(&station)["next"]["slot"], ids[0]);
        daemon.kill();
        daemon = station.daemon(&server);
        assert_eq!(doubt(&station).as_deref(), Some("clock-unconfirmed"));
        assert!(station.rows().is_empty(), "nothing that passes is closed");
    }
    clocks.step(s(-7200));
    clocks.synchronise(true);
    assert_eq!(doubt(&station), None);
    approach(&clocks, &daemon, noon() + s(3600));
    let rows = daemon.until_closed(1);
    assert_eq!((ending(&rows[0]), &rows[0]["proof"]), (("full", "none"), &3.into()), "{}", rows[0]);
    assert!(rows[0]["start_error_ms"].as_f64().unwrap().abs() < 1000.0, "{}", rows[0]);
    // And one that truly passes, in a doubt that outlives the program.
    clocks.synchronise(false);
    clocks.step(s(7200));
    assert!(doubt(&station).is_some());
    clocks.pass(s(3600));
    daemon.kill();
    let daemon = station.daemon(&server);
    assert_eq!((doubt(&station).is_some(), station.rows().len()), (true, 1));
    clocks.step(s(-7200));
    clocks.synchronise(true);
    status(&station);
    let rows = daemon.until_closed(2);
    daemon.end();
    assert_eq!((ending(&rows[1]), rows.len()), (("missed", "clock-untrusted"), 2), "{}", rows[1]);
    station.ok(&["verify"]);
}

#[test]
fn a_machine_that_sleeps_over_a_slot_tells_it_and_owes_it() {
    let server = Server::start();
    let (clocks, station, ids) = station(2, &[s(1200), s(7200)]);
    makes_good(&station);
    let daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    clocks.pass_until(noon() + s(900));
    status(&station);
    clocks.sleep(s(1000));
    let rows = daemon.until_closed(1);
    assert_eq!(ending(&rows[0]), ("missed", "power-off"), "{}", rows[0]);
    assert_eq!(status(&station)["make_goods"][0]["slot"], ids[0]);
    // Cued already: what is left of its time is over when the machine wakes. Nine seconds before its slot, so that
    // a test that is out of breath does not come behind it.
    clocks.pass_until(noon() + s(7200 - 55));
    daemon.until("is ready", |status| status["on_air"]["state"] == "armed");
    clocks.pass_until(noon() + s(7200 - 9));
    status(&station);
    daemon.until_entered(&["\"play.cue\"", &ids[1]]);
    clocks.sleep(s(1800));
    let rows = daemon.until_closed(2);
    daemon.end();
    assert_eq!(ending(&rows[1]), ("missed", "power-off"), "{}", rows[1]);
    station.ok(&["verify"]);
}

#[test]
fn a_machine_that_sleeps_on_air_leaves_a_hole_and_no_full_airing() {
    let server = Server::start();
    let (clocks, station, ids) = station(5, &[s(600), s(3600)]);
    let daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    // For five minutes it goes on, for twenty it is over.
    for (at, asleep) in [(noon() + s(600), s(300)), (noon() + s(3600), s(1200))] {
        approach(&clocks, &daemon, at);
        daemon.until("sounds", |status| status["on_air"]["position_ms"].as_u64() > Some(500));
        clocks.sleep(asleep);
        daemon.until("ends", |status| status["on_air"].is_null());
    }
    let rows = daemon.until_closed(2);
    daemon.end();
    let hole_s = |row: &Value| row["hole_ms"].as_u64().unwrap().div_ceil(1000);
    assert_eq!(ending(&rows[0]), ("partial", "power-off"), "{}", rows[0]);
    assert_eq!(rows[0]["frames_consumed"], 5 * 48_000);
    assert!((300..302).contains(&hole_s(&rows[0])), "{}", rows[0]);
    assert_eq!(ending(&rows[1]), ("partial", "power-off"), "{}", rows[1]);
    assert!(rows[1]["frames_consumed"].as_u64().unwrap() < 4 * 48_000, "{}", rows[1]);
    station.ok(&["verify"]);
}

#[test]
fn a_station_that_is_asked_all_the_time_keeps_house_all_the_same() {
    let clocks = Clocks::new();
    clocks.step_to(noon());
    let station = Station::on(&clocks, &[("a.wav", 1)]);
    let server = Server::start();
    let daemon = station.daemon(&server);
    let begun = std::time::Instant::now();
    let ids = station.issue(1, &["a.wav"], &[noon() + s(3600)]);
    clocks.pass(s(31));
    knows(&daemon, &ids[0]);
    daemon.end();
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(9),
        "it waits for no pause between two questions"
    );
}

#[test]
fn a_sink_that_stays_away_costs_neither_threads_nor_files() {
    let server = Server::start();
    let (clocks, station, ids) = station(1, &[s(600)]);
    let daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    daemon.until("knows its device", |status| status["device"]["state"] == "ready");
    server.sink(false);
    clocks.pass_until(noon() + s(555));
    daemon.until("misses its device", |status| status["device"]["state"] == "error");
    let held = || {
        let of = |what: &str| std::fs::read_dir(format!("/proc/{}/{what}", daemon.pid())).unwrap().count();
        (of("task"), of("fd"))
    };
    let mut most = Vec::new();
    // It is looked for about once a second.
    for _ in 0..3 {
        let some = (0..40).map(|_| {
            clocks.pass(s(1));
            status(&station);
            held()
        });
        most.push(some.min().unwrap());
    }
    daemon.kill();
    assert!(most.iter().all(|held| *held <= most[0]), "threads and files {most:?}");
}

#[test]
fn the_zone_of_the_process_changes_nothing() {
    let server = Server::start();
    let (clocks, station, ids) = station(1, &[TimeDelta::hours(2)]);
    let mut answers = Vec::new();
    for zone in [None, Some("America/New_York"), Some("Asia/Ho_Chi_Minh"), Some(":/nowhere"), Some("rác")] {
        let mut command = station.command(&["run"]);
        server.environment(&mut command);
        match zone {
            Some(zone) => command.env("TZ", zone),
            None => command.env_remove("TZ"),
        };
        let daemon = station.start(command);
        knows(&daemon, &ids[0]);
        let status = status(&station);
        assert!(status["at"].as_str().unwrap().ends_with("+07:00"), "{zone:?}: {status}");
        answers.push(status["next"]["at"].clone());
        daemon.end();
    }
    assert!(answers.iter().all(|at| *at == "2027-03-10T14:00:00.000+07:00"), "{answers:?}");
    let offsets = leaves(&station).into_iter().filter(|leaf| !leaf.contains("\"offset_min\":420"));
    assert_eq!(offsets.count(), 0, "every entry names the station's offset");
    // The machine's own zone is no matter either: the slot is closed by the station's.
    clocks.pass_until(noon() + TimeDelta::hours(3));
    let daemon = station.daemon(&server);
    let rows = daemon.until_closed(1);
    daemon.end();
    assert_eq!(rows[0]["planned"], "2027-03-10T14:00:00.000+07:00");
    station.ok(&["verify"]);
}

/// Seconds until the next slot, as the page counts them down.
fn left(page: &str) -> i64 {
    let shown = page.split("class=\"countdown\"").nth(1).unwrap();
    let shown = shown.split('>').nth(1).unwrap().split('<').next().unwrap();
    let parts = shown.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<i64>().ok());
    parts.fold(0, |sum, part| sum * 60 + part)
}

/// What a telephone reads from `svg`.
fn read_by_telephone(svg: &str) -> String {
    let tree = Tree::from_str(svg, &Options::default()).unwrap();
    let size = tree.size().to_int_size();
    let mut points = Pixmap::new(size.width(), size.height()).unwrap();
    resvg::render(&tree, Transform::identity(), &mut points.as_mut());
    let width = size.width() as usize;
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, size.height() as usize, |x, y| {
        points.pixels()[y * width + x].red()
    });
    image.detect_grids()[0].decode().unwrap().1
}

#[test]
fn an_operator_sees_what_is_owed_and_how_long_it_is_until_then_and_holds_and_releases_and_confirms() {
    let server = Server::start();
    let (clocks, station, ids) = station(2, &[s(1200), s(7200)]);
    makes_good(&station);
    person(&station, "an", "Trần Văn An", &[Role::Operator]);
    let daemon = station.daemon(&server);
    knows(&daemon, &ids[0]);
    let an = Visitor::at(&pages(&daemon));
    assert_eq!(an.sign_in("an", PASSWORD).status, 303);
    let before = left(&an.get("/on-air").text);
    clocks.pass_until(noon() + s(900));
    let after = left(&an.get("/on-air").text);
    assert!((1150..=1200).contains(&before) && (250..=300).contains(&after), "{before}, then {after}");
    clocks.sleep(s(1000));
    daemon.until_closed(1);
    let page = an.get("/on-air").text;
    let owed = page.split("Phát bù sắp tới").nth(1).unwrap_or_else(|| panic!("{page}"));
    assert!(owed.contains(&format!("/on-air/cancel/{}", ids[0])), "{owed}");

    let head = status(&station)["log"]["checkpoint"].as_str().unwrap().to_owned();
    assert_eq!(read_by_telephone(&an.get("/on-air/checkpoint.svg").text), head);

    let hold = [("reason", "bão số 5"), ("hold_until", "2027-03-10T20:00")];
    assert_eq!(an.post("/on-air/stop", &hold).status, 303);
    assert!(an.get("/on-air").text.contains("action=\"/on-air/release\""));
    assert_eq!(status(&station)["hold_until"], "2027-03-10T20:00:00.000+07:00");
    assert_eq!(an.post("/on-air/release", &[]).status, 303);
    assert!(status(&station)["hold_until"].is_null());
    clocks.synchronise(false);
    clocks.step(s(600));
    assert!(doubt(&station).is_some());
    assert!(an.get("/on-air").text.contains("action=\"/on-air/clock\""));
    assert_eq!(an.post("/on-air/clock", &[]).status, 303);
    assert_eq!(doubt(&station), None);
    daemon.end();
    station.ok(&["verify"]);
}
