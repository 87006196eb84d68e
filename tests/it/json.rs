//! The shapes of `docs/json.md`: keys and types of every document that `--json` prints, held by
//! `tests/golden/json/NAME.json`. With `GOLDEN=write` in the environment they are written anew, to be read by
//! a person in the diff. What a shape says must also stand in `docs/json.md`, key by key.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Map, Value, json};

use super::support::station::{Station, forge, in_seconds};

/// Values become the names of their types; of a list, the first element stands for all.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!(null),
        Value::Bool(_) => json!("truth"),
        Value::Number(n) if n.is_f64() => json!("number"),
        Value::Number(_) => json!("integer"),
        Value::String(_) => json!("text"),
        Value::Array(list) => Value::Array(list.first().map(shape).into_iter().collect()),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), shape(value))).collect::<Map<_, _>>())
        }
    }
}

fn keys(shape: &Value, found: &mut BTreeSet<String>) {
    match shape {
        Value::Array(list) => list.iter().for_each(|item| keys(item, found)),
        Value::Object(map) => {
            for (key, value) in map {
                found.insert(key.clone());
                keys(value, found);
            }
        }
        _ => {}
    }
}

/// Compares the shape of `document` with the golden one, and its keys with the documentation.
pub(super) fn hold(name: &str, document: &Value) {
    let found = serde_json::to_string_pretty(&shape(document)).unwrap() + "\n";
    let path = Path::new("tests/golden/json").join(format!("{name}.json"));
    if std::env::var("GOLDEN").is_ok_and(|v| v == "write") {
        fs::write(&path, &found).unwrap();
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, wanted, "the shape of `{name}` changed; then docs/json.md must change with it");
    let told = fs::read_to_string("docs/json.md").unwrap();
    let mut names = BTreeSet::new();
    keys(document, &mut names);
    let untold: Vec<_> = names.iter().filter(|key| !told.contains(&format!("`{key}`"))).collect();
    assert!(untold.is_empty(), "docs/json.md does not explain {untold:?}");
}

/// The only document that the verb prints.
fn one(station: &Station, args: &[&str]) -> Value {
    let mut documents = station.json(args);
    assert_eq!(documents.len(), 1, "{args:?} prints one document");
    documents.remove(0)
}

/// A station with an approved month, whose slots have passed.
fn station() -> (Station, Vec<String>) {
    let mut station = Station::new(&[("a.wav", 1)]);
    let slots = station.schedule(&["a.wav"], &["2022-03-01T10:00:00Z".parse().unwrap()]);
    station.approve();
    (station, slots)
}

#[test]
fn init_copy_approve_and_check_keep_their_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_loa"));
    let made = command.args(["init", "--json", "--dir"]).arg(folder.path()).output().unwrap().stdout;
    hold("init", &serde_json::from_slice(&made).unwrap());

    let (station, _) = station();
    let mut months = station.json(&["check"]);
    hold("check", &months.remove(0));
    hold("copy", &one(&station, &["copy", "2022-03", "2022-02"]));
    hold("approve", &one(&station, &["approve", "2022-03", "--by", "A"]));
    fs::remove_file(station.path("media/a.wav")).unwrap();
    let unready = one(&station, &["check", "2022-03"]);
    hold("check-unready", &unready);
    station.set("frobnicate = 1\n");
    hold("findings", &one(&station, &["check"]));
}

#[test]
fn people_keep_their_shapes() {
    let (station, _) = station();
    let add = ["user", "add", "an", "--name", "Nguyễn Thị An", "--role", "admin", "--role", "editor"];
    let added = one(&station, &add);
    hold("user-add", &added);
    assert_eq!(added["person"]["roles"], json!(["editor", "admin"]));
    let reset = one(&station, &["user", "reset", "an", "--by", "Bình"]);
    assert_ne!(reset["password"], added["password"]);
    let changed = one(&station, &["user", "change", "an", "--name", "An"]);
    hold("user-change", &changed);
    hold("user", &one(&station, &["user", "list"]));
    assert_eq!(changed["person"], one(&station, &["user", "list"]));
    assert!(station.json(&["user", "change", "an", "--close"])[0]["no"]["code"] == "person-last-admin");
    // Nothing was entered that was not done, and nothing done that was not entered.
    let log = loa::store::Log::read_only(&station.path("data/log.db")).unwrap();
    let acts = log.entries(0..log.size().unwrap()).filter_map(|entry| match entry.unwrap().body {
        loa::evidence::Body::Operator(act) => Some(act.reason),
        _ => None,
    });
    let told = ["add an (Nguyễn Thị An): editor admin", "reset an (Nguyễn Thị An): editor admin"];
    let acts: Vec<_> = acts.collect();
    assert_eq!(acts, [told[0], told[1], "change an (An): editor admin"]);
}

#[test]
fn rehearsal_log_and_notes_keep_their_shapes() {
    let (station, slots) = station();
    hold("row-full", &one(&station, &["rehearse", "2022-03"]));
    hold("done", &one(&station, &["note", &slots[0], "--text", "x", "--by", "A"]));
    fs::remove_file(station.path("media/a.wav")).unwrap();
    hold("row-missed", &one(&station, &["rehearse", "2022-03"]));
}

#[test]
fn what_people_enter_keeps_its_shapes() {
    let (station, slots) = station();
    let file = station.path("an.key").display().to_string();
    let key = one(&station, &["key", "new", "an", "-o", &file]);
    hold("key-new", &key);
    station.settle(&format!("operators = [{}]\n", key["public_key"]));
    let (from, until) = ("2022-03-01 17:01", "2022-03-01 17:13");
    let said = ["--outcome", "full", "--by", "A", "--text", "máy FM", "--key", &file];
    let when = ["enter", "2022-03", "cchc", "--at", from, "--until", until, "--slot", &slots[0]];
    hold("done", &one(&station, &[&when[..], &said].concat()));
    hold("no", &one(&station, &["correct", "999", "--text", "x"]));
    hold("row-by-hand", &one(&station, &["log", "--outcome", "full"]));
    let days = ["--from", "2022-03-01", "--to", "2022-03-31"];
    hold("done", &one(&station, &[&["retain", "--by", "C", "--reason", "đơn"][..], &days].concat()));
    let entry = one(&station, &["retain"]);
    hold("retain", &entry);
    hold("prune-held", &one(&station, &["prune", "--dry-run"]));
    let entry = entry["entry"].to_string();
    hold("done", &one(&station, &["retain", "--lift", &entry, "--by", "C", "--reason", "xong"]));
    hold("retain-lifted", &one(&station, &["retain"]));
    hold("prune", &one(&station, &["prune"]));
}

#[test]
fn answers_keep_their_shapes() {
    let (station, slots) = station();
    hold("no", &one(&station, &["init"]));
    hold("no", &one(&station, &["release"]));
    hold("no", &one(&station, &["cancel", &slots[0], "--reason", "x"]));
    hold("failed", &one(&station, &["approve", "2022-03", "--by", "A", "--key", "/nowhere/a.key"]));
}

#[test]
fn status_verify_and_doctor_keep_their_shapes() {
    let (station, _) = station();
    hold("status-at-rest", &one(&station, &["status"]));
    hold("verify", &one(&station, &["verify"]));
    let bundle = station.path("bundle.zip");
    let bundle = bundle.to_str().unwrap();
    hold("export", &one(&station, &["export", "-o", bundle]));
    hold("verify-bundle", &one(&station, &["verify", bundle]));
    let output = format!("wav:{}", station.path("out.wav").display());
    hold("doctor", &one(&station, &["doctor", "--output", &output]));
    forge(&station, 0, |leaf| leaf.replacen("init", "inert", 1));
    hold("verify-broken", &one(&station, &["verify"]));
}

#[test]
fn a_running_station_keeps_its_shapes() {
    let mut station = Station::new(&[("a.wav", 3)]);
    let slots = station.schedule(&["a.wav"], &[in_seconds(5), in_seconds(300)]);
    station.approve();
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    let output = format!("wav:{}", station.path("out.wav").display());
    station.set(&settings.replace("pulse:loud", &output));
    let daemon = station.daemon_alone();
    let status = daemon.until("it is on its way", |status| {
        status["on_air"].is_object() && status["next"].is_object() && status["web"].is_string()
    });
    hold("status", &status);
    hold("wake", &one(&station, &["wake"]));
    hold("done", &one(&station, &["stop", "--reason", "x", "--by", "A"]));
    station.ok(&["cancel", &slots[1], "--reason", "quốc tang", "--by", "A"]);
    let rows = daemon.until_closed(2);
    daemon.end();
    let cancelled = rows.iter().find(|row| row["slot"] == slots[1].as_str()).unwrap();
    hold("row-cancelled", cancelled);
    assert_eq!((&cancelled["title"], &cancelled["approved_by"]), (&"Thử".into(), &"Lãnh đạo".into()));
}
