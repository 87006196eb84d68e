//! A witness's word in the log: borne out by the tree and by the keys that the settings named then, or a finding; the same
//! in the folder and in a bundle, by loa and by the independent program.

use loa::{
    evidence::{AnchorFact, Body, Checkpoint, Clk},
    keys::{PublicKey, WitnessKey},
    store::{Blob, Log},
    units::Digest,
};
use serde_json::{Value, json};

use super::{
    bundle::place::{Place, go, members, place},
    support::site::Site,
};

const CENTRE: &str = "loa/centre/duc-pho";

/// Settings by which these keys are the centre's.
fn settings(keys: &[&PublicKey]) -> (Body, Blob) {
    let keys: Vec<String> = keys.iter().map(|key| format!("\"{}\"", key.as_text())).collect();
    let text = format!(
        "id = \"pho-hoa\"\nunit = \"pho-hoa\"\n[centre]\nfolder = \"/stick\"\nkeys = [{}]\n",
        keys.join(", ")
    );
    let digest = Digest::of(text.as_bytes());
    let word = || "pho-hoa".to_owned();
    let (station, unit, output) = (word(), word(), "pulse:loud".into());
    let body = Body::Config { digest, plan: digest, station, unit, output, demo: false, trust: None };
    (body, Blob { kind: "config", bytes: text.into_bytes() })
}

/// What `witness` says of the first `size` entries of `log`.
fn seen(log: &Log, size: u64, witness: &WitnessKey) -> AnchorFact {
    let reader = log.reader();
    let origin = reader.head().unwrap().lines().next().unwrap().to_owned();
    let head = Checkpoint { origin, size, root: reader.frontier(size).unwrap().root() };
    let line = witness.cosign(&head.text().unwrap(), 1_646_433_000);
    AnchorFact::read(&head, &line, witness.public()).unwrap()
}

fn anchor(fact: AnchorFact) -> Body {
    Body::Anchor(Box::new(fact))
}

fn enter(log: &mut Log, body: Body, blobs: &[Blob]) {
    let last = log.reader().entries(log.size() - 1..log.size()).next().unwrap().unwrap().clk;
    let clk = Clk { wall_ms: last.wall_ms + 1000, boot_ms: last.boot_ms + 1000, ..last };
    log.append_with_blobs(&[(clk, body)], blobs).unwrap();
}

fn open(home: &Site) -> Log {
    Log::open(&home.path("data/log.db"), home.key()).unwrap()
}

/// A station that names `keys` as its centre's from its last entry on.
fn station(keys: &[&PublicKey]) -> (Site, Log) {
    let home = Site::new();
    let mut log = open(&home);
    let (body, blob) = settings(keys);
    enter(&mut log, body, &[blob]);
    (home, log)
}

fn codes(report: &Value) -> Vec<(Option<u64>, String)> {
    let faults = report["faults"].as_array().unwrap_or_else(|| panic!("{report}"));
    faults.iter().map(|fault| (fault["entry"].as_u64(), fault["code"].as_str().unwrap().into())).collect()
}

/// What the folder and a bundle of all of it say, which is the same; whether it holds, Go says as well.
fn verified(home: &Site) -> Value {
    let (_, report) = home.verify(&[]);
    let file = home.export();
    let (_, bundled) = home.verify(&[&file]);
    let (agrees, said) = go(&members(file.as_ref()));
    assert_eq!(report["holds"], agrees, "{report}; Go: {said}");
    // The next look has its own.
    std::fs::remove_file(file).unwrap();
    for key in ["holds", "faults", "witnessed", "unchecked_anchors"] {
        assert_eq!(report[key], bundled[key], "{key}");
    }
    report
}

#[test]
fn how_far_a_witness_saw_the_log_is_told() {
    let witness = WitnessKey::generate(CENTRE).unwrap();
    let (home, mut log) = station(&[witness.public()]);
    assert_eq!(verified(&home)["witnessed"], Value::Null);
    for size in [1, log.size(), 7] {
        let fact = seen(&log, size, &witness);
        enter(&mut log, anchor(fact), &[]);
    }
    let (seen, size) = (log.size() - 3, log.size());
    let report = verified(&home);
    assert_eq!((codes(&report), &report["holds"]), (vec![], &json!(true)));
    let at = "2022-03-05T05:30:00.000+07:00";
    assert_eq!(report["witnessed"], json!({ "entry": size - 2, "size": seen, "at": at, "by": CENTRE }));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_loa"));
    let said = command.args(["verify", "--lang", "vi"]).arg(home.path("")).output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    let wanted = format!("Nhân chứng {CENTRE} đã thấy {seen} mục đầu của nhật ký lúc {at}");
    assert!(said.contains(&wanted) && said.contains("3 mục sau đó chưa"), "{said}");
}

#[test]
fn a_forged_word_of_a_witness_is_named_at_its_entry() {
    let witness = WitnessKey::generate(CENTRE).unwrap();
    let twin = WitnessKey::generate(CENTRE).unwrap();
    let (_, log) = station(&[witness.public()]);
    let (size, good) = (log.size(), seen(&log, log.size(), &witness));
    let resigned = |size: u64, root: Digest, key: &WitnessKey| {
        let origin = "loa/station/pho-hoa/1".to_owned();
        let head = Checkpoint { origin, size, root };
        let line = key.cosign(&head.text().unwrap(), 1_646_433_000);
        AnchorFact::read(&head, &line, key.public()).unwrap()
    };
    let (root, other) = (good.root, Digest::of(b"another history"));
    for (what, fact, word) in [
        ("the entries of another history", resigned(size, other, &witness), "another history"),
        ("more entries than there were", resigned(size + 1, root, &witness), "more than stand before it"),
        ("another key of that name", resigned(size, root, &twin), "not signed by"),
        ("a key of another name", resigned(size, root, &WitnessKey::generate("x").unwrap()), "no key of the"),
        ("another time", AnchorFact { time: good.time + 1, ..good.clone() }, "not signed by"),
        ("a root that was not signed", AnchorFact { root: other, ..good.clone() }, "not signed by"),
    ] {
        let (home, mut log) = station(&[witness.public()]);
        enter(&mut log, anchor(fact), &[]);
        enter(&mut log, Body::Heartbeat {}, &[]);
        let report = verified(&home);
        let message = report["faults"][0]["message"].as_str().unwrap_or_default();
        assert_eq!(codes(&report), [(Some(size), "verify-anchor".to_owned())], "{what}: {report}");
        assert!(message.contains(word) && message.contains("loa fleet"), "{what}: {message}");
        assert_eq!((&report["holds"], &report["witnessed"]), (&json!(false), &Value::Null), "{what}");
    }
}

#[test]
fn the_keys_are_those_of_the_settings_in_force_at_the_entry() {
    let [old, new] = [(); 2].map(|()| WitnessKey::generate(CENTRE).unwrap());
    let (home, mut log) = station(&[old.public()]);
    let put = |log: &mut Log, key| {
        let fact = seen(log, log.size(), key);
        enter(log, anchor(fact), &[]);
        log.size() - 1
    };
    put(&mut log, &old);
    let both = settings(&[old.public(), new.public()]);
    enter(&mut log, both.0, &[both.1]);
    put(&mut log, &old);
    let last = put(&mut log, &new);
    let report = verified(&home);
    assert_eq!((codes(&report), &report["witnessed"]["entry"]), (vec![], &json!(last)));
    let later = settings(&[new.public()]);
    enter(&mut log, later.0, &[later.1]);
    let late = put(&mut log, &old);
    put(&mut log, &new);
    let report = verified(&home);
    assert_eq!(codes(&report), [(Some(late), "verify-anchor".to_owned())]);
    // Whoever verifies and gives the key knows it.
    let own = std::fs::read_to_string(home.path("data/keys/station.pub")).unwrap();
    let (_, report) = home.verify(&["--key", own.trim(), "--key", old.public().as_text()]);
    assert_eq!((codes(&report), &report["holds"]), (vec![], &json!(true)));
}

#[test]
fn nobody_is_accused_by_a_stored_tree_that_somebody_changed() {
    let witness = WitnessKey::generate(CENTRE).unwrap();
    let (home, mut log) = station(&[witness.public()]);
    let fact = seen(&log, log.size(), &witness);
    enter(&mut log, anchor(fact), &[]);
    drop(log);
    home.sql("UPDATE node SET hash = zeroblob(32) WHERE idx = 0");
    home.sql("UPDATE node SET hash = zeroblob(32) WHERE idx = 30");
    let (_, report) = home.verify(&[]);
    assert!(codes(&report).iter().all(|(_, code)| code == "verify-node"), "{report}");
    assert_eq!(report["holds"], json!(false));
}

#[test]
fn of_a_part_the_words_are_checked_that_its_tiles_bear_out() {
    let witness = WitnessKey::generate(CENTRE).unwrap();
    let Place { station, .. } = place(2000);
    let key = std::fs::read_to_string(station.path("data/keys/station.key")).unwrap();
    let mut log =
        Log::open(&station.path("data/log.db"), loa::keys::SigningKey::parse(&key).unwrap()).unwrap();
    let (body, blob) = settings(&[witness.public()]);
    enter(&mut log, body, &[blob]);
    let sizes = [100, 768, 1900, log.size()];
    for size in sizes {
        let fact = seen(&log, size, &witness);
        enter(&mut log, anchor(fact), &[]);
    }
    drop(log);
    let export = |args: &[&str]| {
        let file = station.path("part.zip").display().to_string();
        station.ok(&[&["export", "-o", &file, "--force"], args].concat());
        let report = station.json(&["verify", &file]).remove(0);
        let (agrees, said) = go(&members(file.as_ref()));
        assert_eq!(report["holds"], agrees, "{report}; Go: {said}");
        report
    };
    let whole = export(&[]);
    assert_eq!((&whole["holds"], &whole["unchecked_anchors"]), (&json!(true), &json!(0)), "{whole}");
    let part = export(&["--from", "2022-03-29"]);
    assert!(part["size"].as_u64() < part["of"].as_u64(), "{part}");
    assert_eq!((&part["holds"], &part["witnessed"]), (&json!(true), &whole["witnessed"]), "{part}");
    assert_eq!(part["witnessed"]["size"], json!(sizes[3]));
    // The tile in which the first 100 end is not in the part or is, with the opening: what is not there refutes nothing.
    assert!(part["unchecked_anchors"].as_u64().unwrap() <= 1, "{part}");
}
