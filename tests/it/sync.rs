//! A centre and its stations as real processes: a log comes home and is countersigned, a month goes out and airs, and the
//! line between them is cut, slow, forged and gone for days.

use std::{fs, path::Path, time::Duration};

use chrono::Utc;
use loa::{
    control::Role,
    evidence::{Leaf, canonical},
    fleet::{Fleet as _, SqliteFleet, Standing, Word},
};
use serde_json::Value;

use super::{
    fetching::until,
    support::{
        centre::{
            Centre, address, an_older_copy_is_made_whole, anchors, code, enrol, found, leaves, origin,
            shown_code, station, table, until_home,
        },
        proxy::Proxy,
        pulse::Server,
        station::{Daemon, Station, copy, in_seconds},
        visitor::Visitor,
        way::{Way, facts},
    },
    web_on_air::{PASSWORD, pages, person},
};

#[test]
fn a_log_comes_home_and_is_countersigned() {
    let centre = Centre::new(&[]);
    let at_centre = centre.folder.daemon_alone();
    let station = station(&centre, &centre.address());
    let daemon = station.daemon_alone();
    let origin = origin(&station);
    centre.enrol(&daemon, &origin);
    daemon.until("heard", |status| code(status, "centre-heard"));
    centre.until_home(&station, &origin);
    let anchors = anchors(&station);
    let (fact, _) = anchors.first().expect("the acknowledgement is entered");
    assert!(fact.time.abs_diff(u64::try_from(Utc::now().timestamp()).unwrap()) < 120);
    // What entries name came too: the centre can make the whole log again.
    let fleet = centre.fleet();
    for leaf in leaves(&station.path("data/log.db")) {
        if let Ok(Leaf::Known(entry)) = canonical::decode(leaf.as_bytes()) {
            for (_, digest) in entry.body.blobs() {
                assert!(fleet.kept(digest).unwrap().is_some(), "{leaf}");
            }
        }
    }
    // The officer's act is an entry of the centre's own log.
    at_centre.until_entered(&["\"act\":\"fleet\"", &format!("enrol {origin}"), "Cán bộ"]);
    let listed = centre.folder.json(&["fleet"]).remove(0);
    assert_eq!(listed["stations"][0]["standing"], "enrolled");
    assert!(listed["stations"][0]["word"]["size"].as_u64().unwrap() > 0, "{listed}");
    // Revoked, nothing more of it is taken, and it says so.
    centre.folder.ok(&["fleet", "revoke", &origin, "--by", "Cán bộ"]);
    daemon.until("revoked", |status| code(status, "centre-refused"));
    let held = fleet.log(&origin).unwrap().unwrap();
    assert_eq!(held.standing, Standing::Revoked);
    assert_eq!(
        fleet.leaves(&origin, 0, usize::MAX).unwrap().len() as u64,
        held.frontier.size(),
        "what came stays"
    );
}

#[test]
fn a_station_that_asks_says_its_code_to_its_people() {
    let centre = Centre::new(&[]);
    let at_centre = centre.folder.daemon_alone();
    let station = station(&centre, &centre.address());
    person(&station, "truc", "Trần Văn Trực", &[Role::Operator]);
    let daemon = station.daemon_alone();
    let code = shown_code(&daemon);
    assert!(station.ok(&["status"]).contains(&code), "{code}: {}", station.ok(&["status"]));
    let operator = Visitor::at(&pages(&daemon));
    assert_eq!(operator.sign_in("truc", PASSWORD).status, 303);
    let page = operator.get("/on-air").text;
    assert!(page.contains(&code) && page.contains("Trung tâm chưa ghi danh"), "{code}: {page}");
    daemon.end();
    // A folder without a centre has no lamp of it.
    drop(at_centre);
    assert!(!centre.folder.ok(&["status"]).contains("Centre:"));
}

#[test]
fn a_station_airs_alone_for_days_and_its_evidence_comes_home_later() {
    let server = Server::start();
    let centre = Centre::new(&[]);
    let proxy = Proxy::start(&centre.address());
    let mut station = Station::new(&[("2022-03/a.wav", 1)]);
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&(settings + &centre.table(&proxy.address())));
    let origin = origin(&station);
    station.schedule(&["2022-03/a.wav"], &[in_seconds(14)]);
    station.approve();
    // Nobody is at the other end yet.
    let daemon = station.daemon(&server);
    daemon.until("away", |status| code(status, "centre-away"));
    let rows = daemon.until_closed(1);
    assert_eq!(rows[0]["outcome"], "full", "{rows:?}");
    let at_centre = centre.folder.daemon_alone();
    centre.enrol(&daemon, &origin);
    centre.until_home(&station, &origin);
    let ends = centre
        .fleet()
        .ends(Utc::now().date_naive() - chrono::Days::new(1), Utc::now().date_naive() + chrono::Days::new(1));
    let ends = ends.unwrap();
    assert_eq!((ends.len(), &ends[0].0), (1, &origin), "{ends:?}");
    // The line is cut in the middle of whatever is said, then comes back: every entry once.
    for cut in 0..3 {
        proxy.cut_after(300 + 700 * cut);
        station.ok(&["note", rows[0]["slot"].as_str().unwrap(), "--text", &format!("lần {cut}")]);
        proxy.until_cut();
    }
    proxy.heal();
    centre.until_home(&station, &origin);
    // The centre is killed and comes again: nothing acknowledged is missing.
    drop(at_centre);
    station.ok(&["note", rows[0]["slot"].as_str().unwrap(), "--text", "trung tâm vắng"]);
    let _at_centre = centre.folder.daemon_alone();
    centre.until_home(&station, &origin);
    drop(daemon);
    let verified = station.json(&["verify"]).remove(0);
    assert_eq!(verified["faults"].as_array().map(Vec::len), Some(0), "{verified}");
}

#[test]
fn an_older_copy_of_a_log_is_made_whole_before_it_goes_on() {
    an_older_copy_is_made_whole(|_| ());
}

#[test]
fn two_histories_of_one_key_are_kept_with_both_signatures() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let (station, origin) = centre.station_at_home();
    let twin = tempfile::tempdir().unwrap();
    copy(&station.path(""), twin.path());
    let daemon = station.daemon_alone();
    daemon.until("heard", |status| code(status, "centre-heard"));
    centre.until_home(&station, &origin);
    drop(daemon);
    put_back(&station, twin.path(), &centre.address());
    let daemon = station.daemon_alone();
    let told = daemon.until("another history", |status| {
        code(status, "centre-holds-other")
            || code(status, "centre-holds-more")
            || code(status, "centre-refused")
    });
    let forks = || centre.fleet().forks(10).unwrap();
    until(&format!("a fork: {told}"), || !forks().is_empty());
    let fork = forks().remove(0);
    assert_eq!((&*fork.origin, &*fork.what), (&*origin, "fork"));
    assert!(fork.held.contains(&origin) && fork.came.contains(&origin) && fork.held != fork.came);
    // What it says of itself comes there all the same.
    let known = Utc::now().timestamp_millis();
    until("its word", || {
        let held = centre.held(&origin);
        Word::read(&held.word, &held.key).is_some_and(|word| word.wall_ms > known)
    });
    assert_eq!(forks(), [fork], "it is said once");
}

#[test]
fn a_station_of_another_history_fetches_its_months_and_airs_them() {
    let (server, mut way) = (Server::start(), Way::new());
    join(&way, &found(&way.centre));
    let (_at_centre, daemon) = of_another_history(&way.centre, &way.station, &server);
    way.slots = vec![in_seconds(45)];
    issue(&way, 2);
    let rows = daemon.until_closed(1);
    assert_eq!(rows[0]["outcome"], "full", "{rows:?}");
}

/// A centre, and a station that joined it and whose log it takes no further, since what it holds of it goes on with what
/// another PC with its key wrote: both run.
pub fn of_another_history<'a>(
    centre: &'a Station,
    station: &'a Station,
    server: &Server,
) -> (Daemon<'a>, Daemon<'a>) {
    let (at_centre, daemon) = met(centre, station, server);
    drop(daemon);
    let twin = tempfile::tempdir().unwrap();
    copy(&station.path(""), twin.path());
    let daemon = station.daemon(server);
    daemon.until("heard", |status| code(status, "centre-heard"));
    drop(daemon);
    put_back(station, twin.path(), &address(centre));
    let daemon = station.daemon(server);
    daemon.until("another history", |status| {
        code(status, "centre-holds-other") || code(status, "centre-holds-more")
    });
    (at_centre, daemon)
}

/// Another PC has the key of `station` and the older log of `twin`, and does not reach the `centre` when it starts.
fn put_back(station: &Station, twin: &Path, centre: &str) {
    fs::remove_dir_all(station.path("")).unwrap();
    copy(twin, &station.path(""));
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace(centre, "127.0.0.1:9"));
    drop(station.daemon_alone());
    station.set(&settings);
}

/// A centre and a station that joined it: both run, and the log is enrolled.
fn met<'a>(centre: &'a Station, station: &'a Station, server: &Server) -> (Daemon<'a>, Daemon<'a>) {
    let (at_centre, daemon) = (centre.daemon_alone(), station.daemon(server));
    enrol(centre, &daemon, &origin(station));
    daemon.until("heard", |status| code(status, "centre-heard"));
    (at_centre, daemon)
}

/// Adds the centre's table to the settings of the station of `way`.
pub fn join(way: &Way, lines: &Value) -> String {
    let settings = fs::read_to_string(way.station.path("config/station.toml")).unwrap();
    way.station.set(&(settings + &table(lines, &address(&way.centre))));
    origin(&way.station)
}

/// Approves a revision at the centre and packs it for whoever fetches it.
pub fn issue(way: &Way, revision: u32) {
    way.centre.issue(revision, &["2022-03/a.wav"], &way.slots);
    let (month, editor, approver) = (way.month().to_string(), way.key("editor"), way.key("approver"));
    way.centre.ok(&["pack", &month, "--key", &editor, "--key", &approver]);
}

#[test]
fn a_month_goes_out_by_the_network_and_airs() {
    let (server, mut way) = (Server::start(), Way::new());
    let lines = found(&way.centre);
    join(&way, &lines);
    let (_at_centre, daemon) = met(&way.centre, &way.station, &server);
    way.slots = vec![in_seconds(25)];
    issue(&way, 2);
    // Nobody touches the station: it fetches, checks, enters and airs.
    daemon.until_entered(&["\"kind\":\"package\"", "\"act\":\"taken\""]);
    let rows = daemon.until_closed(1);
    assert_eq!((rows[0]["outcome"].as_str(), rows[0]["proof"].as_u64()), (Some("full"), Some(3)), "{rows:?}");
    assert!(!way.station.path("data/inbox").exists(), "what was taken has its place");
    // The centre knows who holds the month.
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    loop {
        let listed = way.centre.json(&["fleet"]).remove(0);
        let holds = &listed["stations"][0]["word"]["holds"][0];
        if holds["ready"] == true && holds["revision"] == 2 {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{listed}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_comes_before_its_time_is_taken_in_its_time() {
    let way = Way::new();
    let lines = found(&way.centre);
    way.station.settle("");
    let origin = join(&way, &lines);
    let mut manifest = way.manifest(1);
    let opens = Utc::now() + chrono::TimeDelta::seconds(25);
    (manifest.seq, manifest.not_before_ms) = (2, opens.timestamp_millis());
    way.issue_as(&manifest);
    fs::remove_file(way.stick().join("1.note")).unwrap();
    copy(&way.stick(), &way.centre.path("data/packages"));
    let _at_centre = way.centre.daemon_alone();
    let daemon = way.station.daemon_alone();
    enrol(&way.centre, &daemon, &origin);
    daemon.until_entered(&["\"act\":\"refused\"", "package-not-yet"]);
    assert!(Utc::now() < opens, "too late for the test to show anything");
    daemon.until_entered(&["\"kind\":\"package\"", "\"act\":\"taken\""]);
    assert!(Utc::now() >= opens);
    let refused = facts(&way.station.path("")).iter().filter(|fact| fact.reason == "package-not-yet").count();
    assert_eq!(refused, 1, "it is said once");
}

#[test]
fn what_is_damaged_at_the_source_is_refused_once_and_is_no_endless_loop() {
    let way = Way::new();
    let lines = found(&way.centre);
    way.station.settle("");
    let origin = join(&way, &lines);
    issue(&way, 2);
    let blobs = way.centre.path("data/packages/blobs/sha256");
    let longest = fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path());
    let audio = longest.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let mut bytes = fs::read(&audio).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&audio, bytes).unwrap();
    let _at_centre = way.centre.daemon_alone();
    let daemon = way.station.daemon_alone();
    enrol(&way.centre, &daemon, &origin);
    daemon.until_entered(&["\"kind\":\"package\"", "\"act\":\"refused\""]);
    daemon.until("heard", |status| code(status, "centre-heard"));
    let refused = || {
        let log = leaves(&way.station.path("data/log.db"));
        log.iter().filter(|leaf| leaf.contains("\"act\":\"refused\"")).count()
    };
    let before = refused();
    // Two rounds later it is told no more often.
    let heard = || way.centre.json(&["fleet"]).remove(0)["stations"][0]["heard_ms"].as_i64().unwrap();
    for _ in 0..2 {
        let (last, deadline) = (heard(), std::time::Instant::now() + Duration::from_mins(1));
        while heard() == last {
            assert!(std::time::Instant::now() < deadline, "the station is heard again");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    assert_eq!(refused(), before);
}

#[test]
fn a_log_comes_home_by_a_folder_that_is_carried() {
    let stick = tempfile::tempdir().unwrap();
    let way = Way::new();
    let lines = found(&way.centre);
    let settings = fs::read_to_string(way.centre.path("config/centre.toml")).unwrap();
    let folders = format!("folders = [\"{}\"]\n", stick.path().display());
    fs::write(way.centre.path("config/centre.toml"), settings + &folders).unwrap();
    way.station.settle(&format!(
        "\n[centre]\nfolder = \"{}\"\nkeys = [\"{}\"]\n",
        stick.path().display(),
        lines["key"].as_str().unwrap()
    ));
    issue(&way, 2);
    let origin = origin(&way.station);
    let _at_centre = way.centre.daemon_alone();
    let daemon = way.station.daemon_alone();
    // The wish is carried to the centre, its answer and everything else back and forth.
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    while way.centre.json(&["fleet"]).remove(0)["stations"].as_array().is_none_or(Vec::is_empty) {
        assert!(std::time::Instant::now() < deadline, "no wish came");
        std::thread::sleep(Duration::from_millis(200));
    }
    enrol(&way.centre, &daemon, &origin);
    daemon.until_entered(&["\"kind\":\"package\"", "\"act\":\"taken\""]);
    daemon.until_entered(&["\"kind\":\"anchor\"", "loa/centre/duc-pho"]);
    let fleet = SqliteFleet::open(&way.centre.path("data/fleet.db")).unwrap();
    until_home(&fleet, &way.station, &origin);
    for leaf in leaves(&way.station.path("data/log.db")) {
        if let Ok(Leaf::Known(entry)) = canonical::decode(leaf.as_bytes()) {
            for (_, digest) in entry.body.blobs() {
                assert!(fleet.kept(digest).unwrap().is_some(), "{leaf}");
            }
        }
    }
}
