//! What strangers can do to a centre, by a folder that anybody writes and by its door: little, and nothing to others.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use loa::{
    control::{Centre as Opened, ControlError, wish},
    fleet::Fleet as _,
    keys::SigningKey,
    package::Shelf,
    sync::{Answer, Carried, Exchange, Transport as _},
};
use reqwest::blocking::{Body, Client};

use super::support::{
    centre::{Centre, code, home_of, leaves, station},
    far::{self, Far, opened},
    station::{Station, copy},
};

/// The wish of `far`, as its station lays it.
fn wish_of(far: &Far) -> String {
    wish(&far.origin, &far.key, &far.origin).unwrap().0
}

/// Lays the wish of `far` below `root` in the folder `own`.
fn lays(root: &Path, own: &str, far: &Far) {
    let own = root.join("stations").join(own);
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("enrol.note"), wish_of(far)).unwrap();
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// One round of `exchange`, which comes to its end; gives it back.
fn round(mut exchange: Exchange) -> Exchange {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let went = exchange.step().map(drop).map_err(|error| error.to_string());
        let _ = tell.send((exchange, went));
    });
    let (exchange, went) = told.recv_timeout(Duration::from_mins(1)).expect("the round comes to its end");
    assert_eq!(went, Ok(()));
    exchange
}

/// A station that comes to `centre` by the folder `root`.
fn carrying(centre: &Station, root: &Path) -> Station {
    let key = centre.json(&["fleet", "key"]).remove(0)["key"].as_str().unwrap().to_owned();
    let station = Station::new(&[]);
    station.settle(&format!("\n[centre]\nfolder = \"{}\"\nkeys = [\"{key}\"]\n", root.display()));
    station
}

fn standing(root: &Path, own: &str) -> String {
    fs::read_to_string(root.join("stations").join(own).join("standing")).unwrap_or_default()
}

fn refused(centre: &Opened, origin: &str) -> bool {
    let key = SigningKey::generate(origin).unwrap();
    let (note, _) = wish(origin, &key, "lời").unwrap();
    match centre.ask(&note) {
        Ok(_) => false,
        Err(ControlError::No(no)) if no.code == "enrol-malformed" => true,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_wish_is_as_short_as_a_name_and_its_name_is_one() {
    let folder = far::centre(&[]);
    let centre = opened(&folder);
    let long = format!("loa/station/{}/1", "a".repeat(300_000));
    let nearly = format!("loa/station/{}/1", "a".repeat(65));
    let deep = format!("{}loa/station/a/1", "a/".repeat(100));
    for origin in
        [&*long, &nearly, &deep, "loa/station//1", "loa/station/A/1", "loa/station/đ/1", "loa/station/../1"]
    {
        assert!(refused(&centre, origin), "{origin:.80}");
    }
    for origin in ["loa/station/a/0", "loa/station/a/01", "loa/station/a/x", "station/a/1"] {
        assert!(refused(&centre, origin), "{origin}");
    }
    assert_eq!(centre.fleet.logs().unwrap(), []);
    for origin in ["loa/station/pho-hoa/1", "loa/station/p/17"] {
        assert!(!refused(&centre, origin), "{origin}");
    }
    assert_eq!(centre.fleet.logs().unwrap().len(), 2);
}
