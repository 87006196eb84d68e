//! Evidence bundles: what `loa export` writes, `loa verify` and an independent program (Go's sumdb packages, written
//! from the bundle's README alone) judge alike, whole and in part, untouched and tampered with.

mod claims;
mod hostile;
mod lost;
pub mod place;

use std::fs;

use loa::evidence::Body;

use self::place::{Members, go, members, pack, place, verify};

/// What `loa verify` and Go say of a bundle, which must be the same: whether it holds. Gives loa's fault codes.
fn judged(members: &Members) -> (bool, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.zip");
    pack(members, &file);
    let (holds, codes, _) = verify(&file);
    let (agrees, said) = go(members);
    assert_eq!(holds, agrees, "loa: {codes:?}; Go: {said}");
    (holds, codes)
}

#[test]
fn the_whole_log_and_a_part_are_proved_by_two_programs() {
    let place = place(3000);
    let whole = place.export(&[]);
    let (holds, codes, report) = verify(&whole);
    assert!(holds, "{codes:?}");
    assert_eq!(
        (&report["size"], &report["of"], &report["own_key"]),
        (&3000.into(), &3000.into(), &true.into())
    );
    assert!(judged(&members(&whole)).0);

    let part = place.export(&["--from", "2022-03-12", "--to", "2022-03-13"]);
    let held = members(&part);
    let (holds, codes, report) = verify(&part);
    assert!(holds, "{codes:?}");
    assert!(judged(&held).0);
    let stretches = report["held"].as_array().unwrap();
    assert_eq!((stretches.len(), &stretches[0]["first"]), (2, &0.into()), "{report}");
    let (first, last) = (stretches[1]["first"].as_u64().unwrap(), stretches[1]["last"].as_u64().unwrap());
    assert!(first <= place.slots[1] && place.slots[1] <= last && last < 2999, "{report}");
    let rows: serde_json::Value = serde_json::from_slice(&held["rows.json"]).unwrap();
    let slots: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["slot"].as_str().unwrap()).collect();
    assert_eq!(slots, ["2022-03/cchc/2022-03-12T17:00:00"]);
    // The schedule was accepted long before the period; its entry, and all that it names, is there.
    assert_eq!(held.keys().filter(|name| name.starts_with("blobs/")).count(), 5);
    let page = String::from_utf8(held["summary.html"].clone()).unwrap();
    assert!(page.contains("mất điện &#60;b&#62;khu 3&#60;/b&#62; &#38; khu 4"), "escaped: {page}");
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("src="));
}

#[test]
fn whatever_is_altered_is_refused_by_both() {
    let place = place(700);
    let good = members(&place.export(&[]));
    let entries = "log/tile/entries/001";
    let check = |what: &str, change: &dyn Fn(&mut Members), wanted: &[&str]| {
        let mut members = good.clone();
        change(&mut members);
        let (holds, codes) = judged(&members);
        assert!(!holds, "{what}");
        assert_eq!(codes, wanted, "{what}");
    };
    let flip =
        |name: &'static str, at: usize| move |members: &mut Members| members.get_mut(name).unwrap()[at] ^= 1;
    let lack = |name: &'static str| move |members: &mut Members| assert!(members.remove(name).is_some());
    let digit = good[entries].windows(10).position(|part| part == b"\"wall_ms\":").unwrap() + 22;
    check("a leaf", &flip(entries, digit), &["verify-altered", "verify-root"]);
    check("a length", &flip(entries, 1), &["bundle-entries"]);
    check("a tile", &flip("log/tile/0/001", 70), &["bundle-tile"]);
    check("the upper tile", &flip("log/tile/1/000.p/2", 3), &["bundle-root"]);
    check("the edge", &flip("log/tile/0/002.p/188", 3), &["bundle-root"]);
    check("a head", &flip("log/checkpoint", 30), &["verify-signature"]);
    check("no tile", &lack("log/tile/0/001"), &["bundle-missing"]);
    check("no edge", &lack("log/tile/0/002.p/188"), &["bundle-missing"]);
    check("no entries", &lack(entries), &["bundle-stretches"]);
    let cut = |members: &mut Members| {
        let edge = members.get_mut("log/tile/0/002.p/188").unwrap();
        edge.truncate(edge.len() - 32);
    };
    check("a short tile", &cut, &["bundle-tile-length"]);
    // The plan, on which no signature rests.
    let plan = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("hub = ");
    let blob = good.iter().find(|(name, bytes)| name.starts_with("blobs/") && plan(bytes)).unwrap().0;
    check("a blob", &|members: &mut Members| members.get_mut(blob).unwrap().push(b' '), &["bundle-blob"]);
    check("no blob", &|members: &mut Members| assert!(members.remove(blob).is_some()), &["bundle-missing"]);
    let claim = |members: &mut Members| {
        let text = String::from_utf8(members["bundle.json"].clone())
            .unwrap()
            .replace("\"last\": 699", "\"last\": 700");
        members.insert("bundle.json".into(), text.into_bytes());
    };
    check("a false claim", &claim, &["bundle-stretches"]);
    let foreign = |members: &mut Members| {
        let tile = members["log/tile/0/001"].clone();
        members.insert("log/tile/0/007".into(), tile);
    };
    check("a foreign tile", &foreign, &["bundle-foreign"]);
    let swapped = |members: &mut Members| {
        let (one, two) = (members["log/tile/entries/000"].clone(), members[entries].clone());
        members.insert("log/tile/entries/000".into(), two);
        members.insert(entries.into(), one);
    };
    let mut members = good.clone();
    swapped(&mut members);
    let (holds, codes) = judged(&members);
    assert!(!holds && codes.iter().any(|code| code == "verify-seq"), "{codes:?}");
}

#[test]
fn another_station_s_key_does_not_open_it() {
    let place = place(10);
    let bundle = place.export(&[]);
    let own = fs::read_to_string(place.station.path("data/keys/station.pub")).unwrap();
    let strange =
        loa::keys::SigningKey::generate("loa/station/pho-hoa/1").unwrap().public().as_text().to_owned();
    let code = |key: &str| {
        let file = bundle.to_str().unwrap();
        place.station.run(&["verify", file, "--key", key]).status.code().unwrap()
    };
    assert_eq!((code(own.trim()), code(&strange), code("nonsense")), (0, 1, 2));
    let said = place.station.ok(&["verify", bundle.to_str().unwrap()]);
    assert!(said.contains("No key was given"), "{said}");
}

#[test]
fn levels_of_tiles_beyond_65536_entries_are_proved_too() {
    let place = place(65_536 + 300);
    let whole = members(&place.export(&[]));
    assert!(whole.contains_key("log/tile/2/000.p/1") && whole.contains_key("log/tile/1/001.p/1"));
    assert!(judged(&whole).0);
    let mut altered = whole;
    altered.get_mut("log/tile/1/000").unwrap()[40] ^= 1;
    let (holds, codes) = judged(&altered);
    assert_eq!((holds, codes), (false, vec!["bundle-tile".to_owned()]));

    let part = members(&place.export(&["--from", "2022-03-05", "--to", "2022-03-05"]));
    assert!(part.len() < 60, "{:?}", part.keys());
    assert!(judged(&part).0);
}

#[test]
fn a_file_that_stands_is_kept_and_the_same_evidence_makes_the_same_bytes() {
    let mut place = place(300);
    let first = place.export(&[]);
    let again = place.station.path("again.zip");
    let again = again.to_str().unwrap();
    place.station.ok(&["export", "-o", again]);
    assert_eq!(fs::read(&first).unwrap(), fs::read(again).unwrap());
    assert_eq!(place.station.run(&["export", "-o", again]).status.code(), Some(1));
    place.append(vec![Body::Heartbeat {}]);
    place.station.ok(&["export", "-o", again, "--force"]);
    assert_ne!(fs::read(&first).unwrap(), fs::read(again).unwrap());
    assert!(verify(again.as_ref()).0);
    assert_eq!(place.station.run(&["export", "-o", "/nowhere/b.zip"]).status.code(), Some(3));
}

#[test]
fn approved_audio_comes_along_when_it_is_still_the_approved_one() {
    let place = place(10);
    let with = members(&place.export(&["--audio"]));
    let audio = with.keys().find(|name| name.starts_with("media/")).unwrap().clone();
    assert_eq!(audio.rsplit('.').next(), Some("wav"));
    assert_eq!(with[&audio], fs::read(place.station.path("media/a.wav")).unwrap());
    assert!(judged(&with).0);
    let mut altered = with.clone();
    altered.get_mut(&audio).unwrap()[100] ^= 1;
    assert_eq!(judged(&altered).1, ["bundle-media"]);

    fs::write(place.station.path("media/a.wav"), b"other").unwrap();
    let without = place.station.path("without.zip");
    let report = place.station.json(&["export", "--audio", "-o", without.to_str().unwrap()]).remove(0);
    assert_eq!(report["without"], serde_json::json!(["a.wav"]));
    let media: serde_json::Value = serde_json::from_slice(&members(&without)["media.json"]).unwrap();
    assert_eq!(
        (&media["files"][0]["state"], &media["files"][0]["held"]),
        (&"other".into(), &serde_json::Value::Null)
    );
    assert!(verify(&without).0);
}
