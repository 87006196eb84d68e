//! A centre and its stations as real processes: a log comes home and is countersigned, a month goes out and airs, and the
//! line between them is cut, slow, forged and gone for days.

use std::{fs, path::Path, time::Duration};

use chrono::Utc;
use loa::{
    evidence::{Body, Leaf, canonical},
    fleet::{Fleet, SqliteFleet, Standing},
    store::{Filter, Log},
};
use serde_json::Value;

use super::support::{
    proxy::Proxy,
    pulse::Server,
    station::{Daemon, Station, in_seconds},
    way::Way,
};

/// A centre's folder, made by `loa init --centre`, with its door on a free port.
pub(super) struct Centre {
    pub folder: Station,
    lines: Value,
}

/// Makes a centre of a folder; gives what its stations need to know.
pub fn found(folder: &Station) -> Value {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = format!("name = \"duc-pho\"\nlisten = \"{free}\"\n");
    fs::write(folder.path("config/centre.toml"), settings).unwrap();
    folder.json(&["init", "--centre"]).remove(0)
}

/// Where its stations find it.
fn address(folder: &Station) -> String {
    let settings = fs::read_to_string(folder.path("config/centre.toml")).unwrap();
    settings.split('"').nth(3).unwrap().to_owned()
}

/// The `[centre]` table of stations, by way of `address`.
fn table(lines: &Value, address: &str) -> String {
    let (pin, key) = (lines["pin"].as_str().unwrap(), lines["key"].as_str().unwrap());
    format!("\n[centre]\naddress = \"https://{address}\"\npin = \"{pin}\"\nkeys = [\"{key}\"]\n")
}

/// Confirms a station at the centre in `folder` by the code that its status shows.
pub fn enrol(folder: &Station, daemon: &Daemon<'_>, origin: &str) {
    let status = daemon.until("asks to be enrolled", |status| code(status, "centre-asked"));
    let hint = status["centre"]["said"]["hint"][1].as_str().unwrap().to_owned();
    let shown = hint.split_whitespace().find(|word| word.matches('-').count() >= 4).unwrap().to_owned();
    let wrong = shown.replace(char::is_numeric, "Z");
    assert!(!folder.run(&["fleet", "enrol", origin, &wrong]).status.success(), "another code");
    folder.ok(&["fleet", "enrol", origin, &shown, "--by", "Cán bộ"]);
}

impl Centre {
    pub fn new(segments: &[(&str, u32)]) -> Centre {
        let folder = Station::new(segments);
        let lines = found(&folder);
        Centre { folder, lines }
    }

    pub fn address(&self) -> String {
        address(&self.folder)
    }

    pub fn table(&self, address: &str) -> String {
        table(&self.lines, address)
    }

    pub fn enrol(&self, daemon: &Daemon<'_>, origin: &str) {
        enrol(&self.folder, daemon, origin);
    }

    /// A station that was enrolled, brought its log home, and is off.
    pub fn station_at_home(&self) -> (Station, String) {
        let station = station(self, &self.address());
        let origin = origin(&station);
        let daemon = station.daemon_alone();
        self.enrol(&daemon, &origin);
        self.until_home(&station, &origin);
        drop(daemon);
        (station, origin)
    }

    fn fleet(&self) -> SqliteFleet {
        SqliteFleet::open(&self.folder.path("data/fleet.db")).unwrap()
    }

    pub fn until_home(&self, station: &Station, origin: &str) {
        until_home(&self.fleet(), station, origin);
    }
}

/// Waits until the log of `origin` that `fleet` holds is, byte for byte, the one of `station`.
pub fn until_home(fleet: &dyn Fleet, station: &Station, origin: &str) {
    let deadline = std::time::Instant::now() + Duration::from_secs(150);
    loop {
        let home = fleet.leaves(origin, 0, usize::MAX).unwrap();
        let own = leaves(station.path("data/log.db").as_path());
        // The acknowledgement of the last is entered behind it, and is no reason for another.
        let rest = own.get(home.len()..).unwrap_or_else(|| panic!("{} at home, {}", home.len(), own.len()));
        assert_eq!(home[..], own[..home.len()]);
        if !home.is_empty() && rest.iter().all(|leaf| leaf.contains("\"kind\":\"anchor\"")) {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{} of {} are home", home.len(), own.len());
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub(super) fn code(status: &Value, wanted: &str) -> bool {
    status["centre"]["said"]["code"] == wanted
}

pub(super) fn leaves(log: &Path) -> Vec<String> {
    let log = Log::read_only(log).unwrap();
    log.leaves(0..log.size().unwrap()).map(|leaf| leaf.unwrap().1).collect()
}

pub(super) fn origin(station: &Station) -> String {
    let key = fs::read_to_string(station.path("data/keys/station.pub")).unwrap();
    key.split('+').next().unwrap().to_owned()
}

/// A station with the centre's table in its settings.
pub(super) fn station(centre: &Centre, address: &str) -> Station {
    let station = Station::new(&[("2022-03/a.wav", 1)]);
    station.settle(&centre.table(address));
    station
}

fn anchors(station: &Station) -> Vec<Body> {
    let log = Log::read_only(&station.path("data/log.db")).unwrap();
    let filter = Filter { kinds: vec!["anchor"], ..Filter::default() };
    log.entries_of(&filter).unwrap().into_iter().map(|entry| entry.body).collect()
}

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
    let Some(Body::Anchor(fact)) = anchors.first() else { panic!("{anchors:?}") };
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
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let (station, origin) = centre.station_at_home();
    let old = tempfile::tempdir().unwrap();
    super::support::station::copy(&station.path("data"), old.path());
    let daemon = station.daemon_alone();
    daemon.until("heard", |status| code(status, "centre-heard"));
    centre.until_home(&station, &origin);
    drop(daemon);
    let whole = leaves(&station.path("data/log.db"));
    // A snapshot is put back, high-water mark and all.
    fs::remove_dir_all(station.path("data")).unwrap();
    super::support::station::copy(old.path(), &station.path("data"));
    assert!(leaves(&station.path("data/log.db")).len() < whole.len());
    let daemon = station.daemon_alone();
    daemon.until("heard", |status| code(status, "centre-heard"));
    centre.until_home(&station, &origin);
    drop(daemon);
    let again = leaves(&station.path("data/log.db"));
    let home = centre.fleet().forks(10).unwrap();
    assert_eq!(home, [], "it never signed twice");
    let common = whole.iter().zip(&again).take_while(|(a, b)| a == b).count();
    assert!(common + 1 >= whole.len(), "{common} of {} came back", whole.len());
}

#[test]
fn two_histories_of_one_key_are_kept_with_both_signatures() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let (station, origin) = centre.station_at_home();
    let twin = tempfile::tempdir().unwrap();
    super::support::station::copy(&station.path(""), twin.path());
    let daemon = station.daemon_alone();
    daemon.until("heard", |status| code(status, "centre-heard"));
    centre.until_home(&station, &origin);
    drop(daemon);
    // Another PC has the same key and the older log, and does not reach the centre when it starts.
    fs::remove_dir_all(station.path("")).unwrap();
    super::support::station::copy(twin.path(), &station.path(""));
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace(&centre.address(), "127.0.0.1:9"));
    drop(station.daemon_alone());
    station.set(&settings);
    let daemon = station.daemon_alone();
    let told = daemon.until("another history", |status| {
        code(status, "centre-holds-other")
            || code(status, "centre-holds-more")
            || code(status, "centre-refused")
    });
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    while centre.fleet().forks(10).unwrap().is_empty() {
        assert!(std::time::Instant::now() < deadline, "no fork is told: {told}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let forks = centre.fleet().forks(10).unwrap();
    assert_eq!(forks[0].origin, origin);
    assert!(
        forks[0].held.contains(&origin) && forks[0].came.contains(&origin) && forks[0].held != forks[0].came
    );
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
    let origin = join(&way, &lines);
    let _at_centre = way.centre.daemon_alone();
    let daemon = way.station.daemon(&server);
    enrol(&way.centre, &daemon, &origin);
    daemon.until("heard", |status| code(status, "centre-heard"));
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
