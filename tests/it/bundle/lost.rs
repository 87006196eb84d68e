//! Bytes that entries name and that are gone or altered, at the station or on the way.

use std::fs;

use loa::{
    control::Folder,
    evidence::{Body, ManualFact, Outcome, statement},
    store::{Blob, Log},
    units::Digest,
};

use super::{
    judged,
    place::{Place, members, place, verify},
};
use crate::support::station::Station;

/// Appends a byte to the stored bytes of `kind`, behind the program's back.
fn alter(place: &Place, kind: &str) {
    let db = rusqlite::Connection::open(place.station.path("data/log.db")).unwrap();
    let mut names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for name in names {
        db.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    let altered =
        db.execute("UPDATE blob SET bytes = CAST(bytes || ' ' AS BLOB) WHERE kind = ?1", [kind]).unwrap();
    assert_eq!(altered, 1);
}

/// Enters an airing by hand, for which a person signed.
fn vouch(place: &Place) {
    let folder = Folder::open(&place.station.path("")).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let clk = log.reader().entries(log.size() - 1..log.size()).next().unwrap().unwrap().clk;
    let month = "2022-03".parse().unwrap();
    let mut fact = ManualFact {
        slot: None,
        month,
        programme: "cchc".into(),
        first_ms: clk.wall_ms - 7_200_000,
        last_ms: clk.wall_ms - 7_100_000,
        outcome: Outcome::Full,
        by: "An".into(),
        text: "máy FM cũ".into(),
        statement: Digest::of(b""),
    };
    let note = statement::sign("pho-hoa", &fact, &folder.key("approval").unwrap()).unwrap().into_bytes();
    fact.statement = Digest::of(&note);
    let blob = Blob { kind: "statement", bytes: note };
    log.append_with_blobs(&[(clk, Body::Manual(Box::new(fact)))], &[blob]).unwrap();
}

#[test]
fn what_was_altered_at_the_station_is_left_out_and_named() {
    for kind in ["config", "plan", "schedule", "slots", "approval", "statement"] {
        let place = place(10);
        vouch(&place);
        alter(&place, kind);
        place.station.ok(&["log"]);
        let file = place.station.path("b.zip");
        let made = place.station.json(&["export", "-o", file.to_str().unwrap()]).remove(0);
        let without = made["without"].as_array().unwrap_or_else(|| panic!("{kind}: {made}"));
        assert_eq!(without.len(), 1, "{kind}: {made}");
        let lost = without[0].as_str().unwrap();
        assert!(lost.starts_with("blobs/sha256/") && !members(&file).contains_key(lost), "{kind}: {lost}");
        let (_, codes, report) = verify(&file);
        assert!(codes.contains(&"bundle-missing".to_owned()), "{kind}: {codes:?}");
        assert!(report["faults"].to_string().contains(lost), "{kind}: {report}");
    }
}

/// The first entry of an epoch names the last checkpoint of the one before, and its key's word for the new one.
#[test]
fn what_the_opening_names_must_be_there() {
    let station = Station::new(&[]);
    fs::write(station.path("data/log.high"), "x").unwrap();
    let made = station.json(&["init", "--new-epoch", "--by", "Trần Thị B", "--reason", "hỏng đĩa"]).remove(0);
    assert_eq!(made["endorsed"], true, "{made}");
    let file = station.path("b.zip");
    station.ok(&["export", "-o", file.to_str().unwrap()]);
    let good = members(&file);
    assert!(judged(&good).0);
    let named: Vec<_> = good.keys().filter(|name| name.starts_with("blobs/")).collect();
    assert_eq!(named.len(), 2, "{named:?}");
    for name in named {
        let mut members = good.clone();
        members.remove(name);
        assert_eq!(judged(&members), (false, vec!["bundle-missing".to_owned()]));
        let mut members = good.clone();
        members.get_mut(name).unwrap().push(b' ');
        assert_eq!(judged(&members), (false, vec!["bundle-blob".to_owned()]));
    }
}
