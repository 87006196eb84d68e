//! What a bundle claims beside what is proved: its period, who signed its head, and the codes held against it.

use chrono::{DateTime, Utc};
use loa::{
    evidence::{Body, Code, Reason},
    keys::SigningKey,
    units::Digest,
};
use serde_json::Value;

use super::place::{
    Members, code, go, members, missed, pack, place, place_around, place_with, verify, verify_with,
};
use crate::support::{
    site::{Site, entry},
    station::Station,
};

/// loa's fault codes on a bundle, and whether Go is content with it.
fn judge(members: &Members) -> (Vec<String>, Value, bool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.zip");
    pack(members, &file);
    let (_, codes, report) = verify(&file);
    (codes, report, go(members).0)
}

/// A bundle whose `bundle.json` says something else.
fn claiming(good: &Members, claim: impl Fn(&mut Value)) -> Members {
    let mut members = good.clone();
    let mut manifest: Value = serde_json::from_slice(&members["bundle.json"]).unwrap();
    claim(&mut manifest);
    members.insert("bundle.json".into(), serde_json::to_vec(&manifest).unwrap());
    members
}

#[test]
fn the_claimed_period_is_told_and_must_be_borne_out() {
    let place = place(3000);
    let good = members(&place.export(&["--from", "2022-03-08", "--to", "2022-03-20"]));
    let (codes, report, agrees) = judge(&good);
    assert!(codes.is_empty() && agrees, "{codes:?}");
    assert_eq!((&report["from"], &report["to"]), (&"2022-03-08".into(), &"2022-03-20".into()));
    let check = |what: &str, key: &str, day: Value, wanted: &str| {
        let (codes, _, agrees) = judge(&claiming(&good, |manifest| manifest[key] = day.clone()));
        assert_eq!((codes, agrees), (vec![wanted.to_owned()], false), "{what}");
    };
    check("no day", "from", "someday".into(), "bundle-manifest");
    check("no day", "to", "2022-02-30".into(), "bundle-manifest");
    check("another spelling", "to", "2022-3-20".into(), "bundle-manifest");
    check("reversed", "from", "2022-03-21".into(), "bundle-manifest");
    check("from long before", "from", "2022-03-03".into(), "bundle-gap");
    check("from the beginning", "from", Value::Null, "bundle-gap");
    check("till long after", "to", "2022-03-28".into(), "bundle-gap");
    check("till the end", "to", Value::Null, "bundle-gap");
    check("beyond the end", "to", "2023-03-28".into(), "bundle-gap");
}

#[test]
fn a_hole_in_the_period_is_found_though_the_bundle_declares_it() {
    let place = place(3000);
    let mut cut = members(&place.export(&["--from", "2022-03-08", "--to", "2022-03-20"]));
    // Entries 1024–1279, of 11 to 14 March.
    for name in ["log/tile/entries/004", "log/tile/0/004"] {
        assert!(cut.remove(name).is_some());
    }
    let declared = claiming(&cut, |manifest| {
        let stretches = manifest["entries"].as_array_mut().unwrap();
        let (mut main, context) = (stretches.pop().unwrap(), stretches.clone());
        let mut before = main.clone();
        (before["last"], main["first"]) = (1023.into(), 1280.into());
        manifest["entries"] = context.into_iter().chain([before, main]).collect();
    });
    let (codes, _, agrees) = judge(&declared);
    assert_eq!((codes, agrees), (vec!["bundle-gap".to_owned()], false));
}

/// Entry 256, the first of a tile, is also the first of 14 March: what shows that nothing before it is missing stands
/// in the tile before.
#[test]
fn a_period_is_borne_out_by_its_own_bundle_also_between_two_tiles() {
    let place = place(600);
    let periods: [&[&str]; 8] = [
        &["--from", "2022-03-14"],
        &["--to", "2022-03-13"],
        &["--from", "2022-03-14", "--to", "2022-03-14"],
        &["--from", "2022-03-13", "--to", "2022-03-13"],
        &["--from", "2022-03-31"],
        &["--to", "2022-03-01"],
        &["--from", "2031-01-01", "--to", "2031-01-01"],
        &["--from", "2001-01-01", "--to", "2001-01-01"],
    ];
    for args in periods {
        let held = members(&place.export(args));
        let (codes, _, agrees) = judge(&held);
        assert!(codes.is_empty() && agrees, "{args:?}: {codes:?}");
    }
    let held = members(&place.export(&["--force", "--from", "2022-03-14", "--to", "2022-03-14"]));
    assert!(held.contains_key("log/tile/entries/000") && held.contains_key("log/tile/entries/001"));
}

/// The entries that accept a month's schedule lie long before its days: whoever takes them away leaves no gap.
#[test]
fn a_part_tells_its_slots_and_the_months_of_which_it_holds_no_list() {
    let place = place(3000);
    let part = place.export(&["--from", "2022-03-12", "--to", "2022-03-14"]);
    let (holds, codes, report) = verify(&part);
    assert!(holds, "{codes:?}");
    let slots = serde_json::json!({ "missed": 1 });
    assert_eq!((&report["slots"]["listed"], &report["slots"]["closed"]), (&1.into(), &slots), "{report}");
    assert_eq!(report["unlisted_months"], serde_json::json!([]));

    // Days without a slot, whose month's list is gone with the first tile.
    let mut cut = members(&place.export(&["--from", "2022-03-14", "--to", "2022-03-16"]));
    for name in ["log/tile/entries/000", "log/tile/0/000", "keys/approver-1.pub"] {
        assert!(cut.remove(name).is_some());
    }
    let cut = claiming(&cut, |manifest| drop(manifest["entries"].as_array_mut().unwrap().remove(0)));
    let (codes, report, agrees) = judge(&cut);
    assert_eq!((codes, agrees), (vec![], true));
    assert_eq!(report["unlisted_months"], serde_json::json!(["2022-03"]), "{report}");
    let file = place.station.path("cut.zip");
    pack(&cut, &file);
    let said = place.station.ok(&["verify", file.to_str().unwrap()]);
    assert!(said.contains("No schedule of 2022-03"), "{said}");
}

/// Whoever opens the approvals by hand does so with these keys.
#[test]
fn a_key_that_nobody_trusted_is_no_approver_s() {
    let good = members(&place(10).export(&[]));
    let stranger = SigningKey::generate("duyet").unwrap().public().as_text().to_owned();
    for (name, key, wanted) in [
        ("keys/approver-1.pub", stranger.as_str(), "bundle-approver"),
        ("keys/approver-2.pub", &stranger, "bundle-approver"),
        ("keys/approver-1.pub", "no key", "bundle-key"),
    ] {
        let mut members = good.clone();
        members.insert(name.into(), key.as_bytes().to_vec());
        let (codes, _, agrees) = judge(&members);
        assert_eq!((codes, agrees), (vec![wanted.to_owned()], false), "{name}: {key}");
    }
}

/// Whose signature counted for an entry of the period is said by settings entered long before it.
#[test]
fn a_part_holds_every_change_of_the_settings() {
    let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let place = place_around(3000, |own| {
        // The plan's bytes, which the log holds, in the place of settings: they trust nobody.
        let mut nobody = own.clone();
        if let Body::Config { digest, plan, .. } = &mut nobody {
            *digest = *plan;
        }
        vec![
            (time("2022-03-05T00:00:00Z"), nobody),
            (time("2022-03-08T00:00:00Z"), own.clone()),
            (time("2022-03-11T23:00:00Z"), own.clone()),
        ]
    });
    let part = place.export(&["--from", "2022-03-20", "--to", "2022-03-21"]);
    let (holds, codes, report) = verify(&part);
    assert!(holds && judge(&members(&part)).2, "{codes:?}");
    // From the opening to the last change; not the start that entered the same settings once more.
    assert_eq!(
        (&report["held"][0]["first"], &report["held"][0]["last"]),
        (&0.into(), &767.into()),
        "{report}"
    );
    assert_eq!(report["held"].as_array().unwrap().len(), 2, "{report}");
}

#[test]
fn the_slots_of_a_draft_are_no_fault_of_a_part() {
    let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let refused = Body::ScheduleRefuse {
        month: "2022-03".parse().unwrap(),
        ward: true,
        digest: Digest::of(b"draft"),
        reason: "approval-missing".into(),
    };
    let at = time("2022-03-12T02:00:00Z");
    let mut slot = missed("2022-03/ban-tin/2022-03-12T09:00:00", at.timestamp_millis());
    if let Body::Missed(missed) = &mut slot {
        missed.reason = Reason::NotApproved;
    }
    let place = place_with(3000, &[(time("2022-03-06T00:00:00Z"), refused), (at, slot)]);
    for args in [&[][..], &["--from", "2022-03-12", "--to", "2022-03-13"]] {
        let (holds, codes, _) = verify(&place.export(args));
        assert!(holds, "{args:?}: {codes:?}");
    }
}

#[test]
fn codes_are_held_against_a_part_as_far_as_it_reaches() {
    let mut place = place(200);
    let beats = |count| vec![Body::Heartbeat {}; count];
    let within = code(&place.station);
    place.append(beats(1000));
    let between = code(&place.station);
    place.append(beats(1000));
    let head = code(&place.station);
    let part = place.export(&["--from", "2022-03-05", "--to", "2022-03-06"]);
    let whole = place.export(&[]);
    let forged = |of: &str| {
        let size = of.split('-').next().unwrap().parse().unwrap();
        Code::new(size, Digest::of(b"other")).to_string()
    };
    let beyond = Code::new(2201, Digest::of(b"other")).to_string();
    let check = |file, code: &str, wanted: &[&str], unchecked: bool| {
        let (holds, codes, report) = verify_with(file, &["--code", code]);
        assert_eq!(
            (holds, codes),
            (wanted.is_empty(), wanted.iter().map(|w| (*w).to_owned()).collect()),
            "{code}"
        );
        let told: Vec<&str> = if unchecked { vec![code] } else { Vec::new() };
        assert_eq!(report["unchecked_codes"], serde_json::json!(told), "{code}");
    };
    for (file, part) in [(&part, true), (&whole, false)] {
        check(file, &within, &[], false);
        check(file, &forged(&within), &["verify-code-differs"], false);
        check(file, &between, &[], part);
        check(file, &forged(&between), if part { &[] } else { &["verify-code-differs"] }, part);
        check(file, &head, &[], false);
        check(file, &forged(&head), &["verify-code-differs"], false);
        check(file, &beyond, &["verify-code-beyond"], false);
    }
    let said = place.station.ok(&["verify", part.to_str().unwrap(), "--code", &between]);
    assert!(said.contains(&between), "{said}");
}

#[test]
fn who_signed_and_who_did_not_is_told() {
    let place = place(10);
    let bundle = place.export(&[]);
    let own = std::fs::read_to_string(place.station.path("data/keys/station.pub")).unwrap();
    let own = own.trim();
    let strange =
        loa::keys::SigningKey::generate("loa/station/pho-hoa/1").unwrap().public().as_text().to_owned();
    let (holds, _, report) = verify_with(&bundle, &["--key", own, "--key", &strange]);
    assert!(holds);
    assert_eq!(report["signed_by"], serde_json::json!([own]));
    assert_eq!(report["witnessed_by"], serde_json::json!([]));
    assert_eq!(report["not_signed_by"], serde_json::json!([strange]));
    let said = place.station.ok(&["verify", bundle.to_str().unwrap(), "--key", own, "--key", &strange]);
    assert!(said.contains(&strange), "{said}");
    let (holds, _, report) = verify_with(&bundle, &["--key", &strange]);
    assert_eq!((holds, &report["not_signed_by"]), (false, &serde_json::json!([strange])));
    let (_, _, report) = verify(&bundle);
    assert_eq!(
        (&report["signed_by"], &report["not_signed_by"]),
        (&serde_json::json!([own]), &serde_json::json!([]))
    );
}

#[test]
fn what_cannot_be_meant_is_told_as_such() {
    let place = place(10);
    let said = |args: &[&str]| {
        let output = place.station.run(&[args, &["--json"]].concat());
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), said["no"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let reversed = ["export", "--from", "2022-03-02", "--to", "2022-03-01", "-o", "b.zip"];
    assert_eq!(said(&reversed), (Some(1), "range-reversed".into()));
    assert!(!place.station.path("b.zip").exists());
    assert_eq!(said(&["verify", "/nowhere/b.zip"]), (Some(2), "target-missing".into()));
}

/// Settings of a later version, with a table that this one does not know.
#[test]
fn settings_that_a_later_version_wrote_still_say_whom_they_trust() {
    let site = Site::new();
    let key = site.key();
    let (old, text): (Vec<u8>, String) = site
        .database()
        .query_row("SELECT digest, CAST(bytes AS TEXT) FROM blob WHERE kind = 'config'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let old = Digest(old.try_into().unwrap());
    let later = text + "[listen]\nloopback = true\n";
    let digest = Digest::of(later.as_bytes());
    let values = rusqlite::params![digest.0, later];
    let change = "UPDATE blob SET digest = ?1, bytes = CAST(?2 AS BLOB) WHERE kind = 'config'";
    site.edit(|db| db.execute(change, values)).unwrap();
    site.forge(entry::CONFIG, |leaf| leaf.replace(&old.to_string(), &digest.to_string()));
    site.sign(&key);
    site.raise();
    let (_, report) = site.verify(&[]);
    assert_eq!(report["faults"], serde_json::json!([]));
    let bundle = site.export();
    assert!(judge(&members(bundle.as_ref())).2, "the keys of those who approve are there");
    let (holds, codes, _) = verify(bundle.as_ref());
    assert!(holds, "{codes:?}");
}

/// Whether the old key vouches for the new one can be told by whoever has the old public key.
#[test]
fn the_epoch_before_is_named_and_its_key_asked() {
    let station = Station::new(&[]);
    std::fs::write(station.path("data/log.high"), "x").unwrap();
    station.ok(&["init", "--new-epoch", "--by", "Trần Thị B", "--reason", "hỏng đĩa"]);
    let key = |name: &str| std::fs::read_to_string(station.path(name)).unwrap().trim().to_owned();
    let (old, new) = (key("data/epochs/1/station.pub"), key("data/keys/station.pub"));
    let of_folder = station.json(&["verify"]).remove(0);
    let before = &of_folder["epoch_before"];
    assert_eq!(
        (&before["reason"], &before["endorsed"]),
        (&"damaged".into(), &"opened".into()),
        "{of_folder}"
    );
    assert_eq!(before["origin"], "loa/station/pho-hoa/1");
    assert!(station.ok(&["verify"]).contains("Its key vouches for this log's"));
    let file = station.path("b.zip");
    station.ok(&["export", "-o", file.to_str().unwrap()]);
    let endorsed = |args: &[&str]| {
        let (holds, codes, report) = verify_with(&file, args);
        assert!(holds, "{codes:?}");
        report["epoch_before"]["endorsed"].as_str().unwrap().to_owned()
    };
    assert_eq!(endorsed(&[]), "unopened");
    assert_eq!(endorsed(&["--key", &new]), "unopened");
    assert_eq!(endorsed(&["--key", &new, "--key", &old]), "opened");
    // Another key of that name is not the one that signed.
    let stranger = SigningKey::generate("loa/station/pho-hoa/1").unwrap();
    let keys = ["--key", &new, "--key", stranger.public().as_text()];
    assert_eq!(verify_with(&file, &keys).1, ["verify-epoch"]);
}

/// What the station tells of its audio is no evidence, and the bundle says so.
#[test]
fn what_is_only_for_reading_is_called_no_evidence() {
    let place = place(10);
    let mut members = members(&place.export(&[]));
    members.insert("media.json".into(), b"{}".to_vec());
    members.insert("rows.json".into(), b"[]".to_vec());
    let file = place.station.path("told.zip");
    pack(&members, &file);
    let said = place.station.ok(&["verify", file.to_str().unwrap()]);
    let readme = String::from_utf8(members["README.md"].clone()).unwrap();
    for name in ["summary.html", "rows.json", "media.json"] {
        assert!(
            said.lines().any(|line| line.contains(name) && line.contains("no evidence")),
            "{name}: {said}"
        );
        assert!(readme.matches(name).count() >= 4, "{name}: in both languages, in words and in the table");
    }
}
