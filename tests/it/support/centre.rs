//! A centre as a real process with its door open, and what tests ask of it and of the stations that know it.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use loa::{
    control::{Folder, Home},
    evidence::{AnchorFact, Body},
    fleet::{Fleet, Held, SqliteFleet, Word},
    store::{Filter, Log},
    sync::Https,
};
use serde_json::Value;

use super::{
    far,
    station::{Daemon, Station, copy},
};

/// A centre's folder, made by `loa init --centre`, with its door on a free port.
pub struct Centre {
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
pub fn address(folder: &Station) -> String {
    let settings = fs::read_to_string(folder.path("config/centre.toml")).unwrap();
    settings.split('"').nth(3).unwrap().to_owned()
}

/// The `[centre]` table of stations, by way of `address`.
pub fn table(lines: &Value, address: &str) -> String {
    let (pin, key) = (lines["pin"].as_str().unwrap(), lines["key"].as_str().unwrap());
    format!("\n[centre]\naddress = \"https://{address}\"\npin = \"{pin}\"\nkeys = [\"{key}\"]\n")
}

/// Confirms a station at the centre in `folder` by the code that its status shows.
pub fn enrol(folder: &Station, daemon: &Daemon<'_>, origin: &str) {
    let shown = shown_code(daemon);
    let wrong = shown.replace(char::is_numeric, "Z");
    assert!(!folder.run(&["fleet", "enrol", origin, &wrong]).status.success(), "another code");
    folder.ok(&["fleet", "enrol", origin, &shown, "--by", "Cán bộ"]);
}

/// The code of a station that asks to be enrolled, by its status.
pub fn shown_code(daemon: &Daemon<'_>) -> String {
    let status = daemon.until("asks to be enrolled", |status| code(status, "centre-asked"));
    let hint = status["centre"]["said"]["hint"][1].as_str().unwrap().to_owned();
    hint.split_whitespace().find(|word| word.matches('-').count() >= 4).unwrap().to_owned()
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

    /// What it holds.
    pub fn fleet(&self) -> SqliteFleet {
        SqliteFleet::open(&self.folder.path("data/fleet.db")).unwrap()
    }

    /// The log of `origin` as it is held.
    pub fn held(&self, origin: &str) -> Held {
        self.fleet().log(origin).unwrap().unwrap()
    }

    /// What the station of `origin` last said of itself.
    pub fn word(&self, origin: &str) -> Option<Word> {
        let held = self.held(origin);
        Word::read(&held.word, &held.key)
    }

    /// Enrols `station` before it ever spoke, as where its people brought the code on paper.
    pub fn know(&self, station: &Station) -> Home {
        let home = self.hear_of(station);
        let code = home.wish().unwrap().1;
        self.folder.ok(&["fleet", "enrol", home.origin(), &code, "--by", "Cán bộ"]);
        home
    }

    /// Takes the wish of `station`; nobody decides.
    pub fn hear_of(&self, station: &Station) -> Home {
        let home = home_of(station);
        far::opened(&self.folder).ask(&home.wish().unwrap().0).unwrap();
        home
    }

    /// A line to its door by which `word` is shown.
    pub fn line(&self, word: &str) -> Https {
        let pin = self.lines["pin"].as_str().unwrap().parse().unwrap();
        Https::new(&format!("https://{}", self.address()), Some(pin), word).unwrap()
    }

    pub fn until_home(&self, station: &Station, origin: &str) {
        until_home(&self.fleet(), station, origin);
    }
}

/// Waits until the log of `origin` that `fleet` holds is, byte for byte, the one of `station`.
pub fn until_home(fleet: &dyn Fleet, station: &Station, origin: &str) {
    let deadline = Instant::now() + Duration::from_secs(150);
    loop {
        let home = fleet.leaves(origin, 0, usize::MAX).unwrap();
        let own = leaves(station.path("data/log.db").as_path());
        // The acknowledgement of the last is entered behind it, and is no reason for another.
        let rest = own.get(home.len()..).unwrap_or_else(|| panic!("{} at home, {}", home.len(), own.len()));
        assert_eq!(home[..], own[..home.len()]);
        if !home.is_empty() && rest.iter().all(|leaf| leaf.contains("\"kind\":\"anchor\"")) {
            return;
        }
        assert!(Instant::now() < deadline, "{} of {} are home", home.len(), own.len());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether a station says `wanted` of its centre.
pub fn code(status: &Value, wanted: &str) -> bool {
    status["centre"]["said"]["code"] == wanted
}

/// The bytes of all entries of a log.
pub fn leaves(log: &Path) -> Vec<String> {
    let log = Log::read_only(log).unwrap();
    log.leaves(0..log.size().unwrap()).map(|leaf| leaf.unwrap().1).collect()
}

/// The log of a station.
pub fn origin(station: &Station) -> String {
    let key = fs::read_to_string(station.path("data/keys/station.pub")).unwrap();
    key.split('+').next().unwrap().to_owned()
}

/// A station with the centre's table in its settings.
pub fn station(centre: &Centre, address: &str) -> Station {
    let station = Station::new(&[("2022-03/a.wav", 1)]);
    station.settle(&centre.table(address));
    station
}

/// What `station` needs to bring its log home by another hand than its daemon's.
pub fn home_of(station: &Station) -> Home {
    Home::open(Arc::new(Folder::open(&station.path("")).unwrap())).unwrap().unwrap()
}

/// The acknowledgements in a station's log, each with the wall time of its entry in milliseconds.
pub fn anchors(station: &Station) -> Vec<(AnchorFact, i64)> {
    let log = Log::read_only(&station.path("data/log.db")).unwrap();
    let filter = Filter { kinds: vec!["anchor"], ..Filter::default() };
    let entries = log.entries_of(&filter).unwrap().into_iter();
    let fact = |body| match body {
        Body::Anchor(fact) => *fact,
        other => panic!("{other:?}"),
    };
    entries.map(|entry| (fact(entry.body), entry.clk.wall_ms)).collect()
}

/// A snapshot of a station at home is put back, high-water mark and all, and `spoilt` besides: it goes on where the centre's
/// copy ends and signs nothing twice.
pub fn an_older_copy_is_made_whole(spoilt: impl FnOnce(&Station)) {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let (station, origin) = centre.station_at_home();
    let old = tempfile::tempdir().unwrap();
    copy(&station.path("data"), old.path());
    let comes_home = || {
        let daemon = station.daemon_alone();
        daemon.until("heard", |status| code(status, "centre-heard"));
        centre.until_home(&station, &origin);
        drop(daemon);
        leaves(&station.path("data/log.db"))
    };
    let whole = comes_home();
    fs::remove_dir_all(station.path("data")).unwrap();
    copy(old.path(), &station.path("data"));
    spoilt(&station);
    assert!(leaves(&station.path("data/log.db")).len() < whole.len());
    let again = comes_home();
    assert_eq!(centre.fleet().forks(10).unwrap(), [], "it never signed twice");
    let common = whole.iter().zip(&again).take_while(|(a, b)| a == b).count();
    assert!(common + 1 >= whole.len(), "{common} of {} came back", whole.len());
}
