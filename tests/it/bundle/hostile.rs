//! Bundles that somebody made to harm or to deceive: refused by name, in bounded memory, with nothing put on disk.

use std::{fs, path::Path};

use chrono::{DateTime, Utc};
use loa::{
    control::{Against, audit_bundle},
    evidence::Body,
    units::Digest,
};

use super::place::{Members, members, pack, place, place_around, verify};

fn refused(bytes: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.zip");
    fs::write(&file, bytes).unwrap();
    let (holds, codes, _) = verify(&file);
    assert!(!holds);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is unpacked");
    codes
}

fn packed(members: &Members) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.zip");
    pack(members, &file);
    fs::read(file).unwrap()
}

/// Replaces each occurrence of `from` by `to`, which is as long.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn what_is_no_bundle_or_a_trap_is_refused_by_name() {
    let place = place(20);
    let good = members(&place.export(&[]));
    let with = |name: &str, bytes: Vec<u8>| {
        let mut members = good.clone();
        members.insert(name.into(), bytes);
        packed(&members)
    };
    let whole = packed(&good);
    assert_eq!(refused(b""), ["bundle-unreadable"]);
    assert_eq!(refused(b"PK\x05\x06 no"), ["bundle-unreadable"]);
    assert_eq!(refused(&whole[..whole.len() - 1]), ["bundle-unreadable"]);
    assert_eq!(refused(&whole[whole.len() / 2..]), ["bundle-unreadable"]);
    assert_eq!(refused(&[&whole[..], b"behind"].concat()), ["bundle-unreadable"]);
    for name in ["../climb", "/etc/passwd", "a/../../b", "a\\b", "C:x", "log/\u{1}"] {
        assert_eq!(refused(&with(name, vec![1])), ["bundle-name"], "{name}");
    }
    let twice = patched(&with("rows.jsoo", b"[]".to_vec()), b"rows.jsoo", b"rows.json");
    assert_eq!(refused(&twice), ["bundle-duplicate"]);
    // Two megabytes of spaces pack into two kilobytes.
    assert_eq!(refused(&with("log/checkpoint", vec![b' '; 2 << 20])), ["bundle-member-large"]);
    assert_eq!(refused(&with("log/tile/0/000.p/20", vec![0; 1 << 20])), ["bundle-member-large"]);
    let mut keyless = good.clone();
    keyless.insert("keys/station.pub".into(), b"no key".to_vec());
    assert_eq!(refused(&packed(&keyless)), ["bundle-key"]);
    keyless.remove("log/checkpoint");
    assert_eq!(refused(&packed(&keyless)), ["bundle-missing"]);
    assert_eq!(refused(&packed(&Members::new())), ["bundle-missing"]);
}

#[test]
fn what_does_not_belong_is_named_and_not_read() {
    let place = place(20);
    let mut members = members(&place.export(&[]));
    members.insert("notes.txt".into(), b"x".to_vec());
    members.insert(format!("blobs/sha256/{}", "0".repeat(64)), b"x".to_vec());
    let file = place.station.path("more.zip");
    pack(&members, &file);
    let (holds, codes, report) = verify(&file);
    assert!(holds, "{codes:?}");
    assert_eq!(report["unknown"].as_array().unwrap().len(), 2, "{report}");
}

/// Work that grows with the square of such a number would never end.
#[test]
fn a_hundred_thousand_foreign_tiles_are_counted_and_not_kept() {
    let place = place(20);
    let mut members = members(&place.export(&[]));
    for n in 1000..101_000 {
        members.insert(format!("log/tile/0/x{:03}/{:03}", n / 1000, n % 1000), Vec::new());
    }
    let file = place.station.path("many.zip");
    pack(&members, &file);
    let (holds, codes, report) = verify(&file);
    assert!(!holds && codes.iter().all(|code| code == "bundle-foreign"));
    assert_eq!((codes.len(), &report["more_faults"]), (1000, &99_000.into()));
}

#[test]
fn a_random_flip_is_refused_or_without_meaning() {
    let place = place(600);
    let good = place.export(&[]);
    let bytes = fs::read(&good).unwrap();
    let was = audit_bundle(&good, &Against::default()).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut refused = 0;
    for _ in 0..400 {
        let mut bytes = bytes.clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            bytes[at] ^= 1 << random.u8(..8);
        }
        let file = place.station.path("flipped.zip");
        fs::write(&file, &bytes).unwrap();
        match audit_bundle(Path::new(&file), &Against::default()) {
            Ok(report) if report.log.holds() => {
                assert_eq!(
                    (&report.held, report.log.root, report.log.size),
                    (&was.held, was.log.root, was.log.size)
                );
            }
            _ => refused += 1,
        }
    }
    assert!(refused > 200, "{refused}");
}

/// Read and hashed once for each entry that names it, this document would keep a verifier busy for hours.
#[test]
fn a_long_document_that_thousands_of_entries_name_is_named_once() {
    let long = vec![b'#'; 30 << 20];
    let named = Digest::of(&long);
    let at: DateTime<Utc> = "2022-03-02T00:00:00Z".parse().unwrap();
    let place = place_around(3000, |own| {
        let mut other = own.clone();
        if let Body::Config { digest, .. } = &mut other {
            *digest = named;
        }
        vec![(at, other); 2500]
    });
    let mut members = members(&place.export(&[]));
    members.insert(format!("blobs/sha256/{named}"), long);
    let file = place.station.path("long.zip");
    pack(&members, &file);
    let (holds, codes, report) = verify(&file);
    assert_eq!((holds, codes), (false, vec!["bundle-member-large".to_owned()]), "{report}");
}
