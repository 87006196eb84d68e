//! Bytes that entries name and that are gone or altered, at the station or on the way.

use std::fs;

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

#[test]
fn what_was_altered_at_the_station_is_left_out_and_named() {
    for kind in ["config", "plan", "schedule", "slots", "approval"] {
        let place = place(10);
        alter(&place, kind);
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
