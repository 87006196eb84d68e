//! A log that cannot be gone on with: it is never signed on, and a person opens a new epoch that names the old.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path};

use serde_json::Value;

use super::support::station::{Station, forge, leaf};

const LOG: [&str; 4] = ["data/log.db", "data/log.db-wal", "data/log.db-shm", "data/log.high"];

const SLOT: &str = "2022-03/cchc/2022-03-01T17:00:00";

fn station() -> Station {
    let mut station = Station::new(&[("a.wav", 1)]);
    assert_eq!(station.schedule(&["a.wav"], &["2022-03-01T10:00:00Z".parse().unwrap()]), [SLOT]);
    station.approve();
    station
}

/// A station in whose folder an older copy of its log was put back.
fn rolled_back() -> Station {
    let station = station();
    station.ok(&["note", SLOT, "--text", "một"]);
    let hold = ["retain", "--from", "2022-03-01", "--to", "2022-03-31", "--by", "Lê C", "--reason", "có đơn"];
    station.ok(&hold);
    let older = LOG.map(|name| (name, fs::read(station.path(name)).ok()));
    station.ok(&["note", SLOT, "--text", "hai"]);
    let high = fs::read(station.path("data/log.high")).unwrap();
    for (name, bytes) in older {
        match bytes {
            Some(bytes) => fs::write(station.path(name), bytes).unwrap(),
            None => drop(fs::remove_file(station.path(name))),
        }
    }
    fs::write(station.path("data/log.high"), high).unwrap();
    station
}

fn refusal(station: &Station, args: &[&str]) -> String {
    let out = station.run(&[args, &["--json"]].concat());
    assert_eq!(out.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    said["no"]["code"].as_str().unwrap().to_owned()
}

fn opening(station: &Station) -> Value {
    let leaf = leaf(station, 0);
    serde_json::from_str(&leaf).unwrap()
}

const NEW: [&str; 6] = ["init", "--new-epoch", "--by", "Trần Thị B", "--reason", "khôi phục nhầm"];

#[test]
fn an_older_copy_put_back_is_not_signed_on() {
    let station = rolled_back();
    let before = fs::read(station.path("data/log.db")).unwrap();
    let note = ["note", SLOT, "--text", "ba"];
    assert_eq!(refusal(&station, &note), "log-rolled-back");
    assert_eq!(refusal(&station, &["run"]), "log-rolled-back");
    assert_eq!(refusal(&station, &["init"]), "init-exists");
    assert_eq!(fs::read(station.path("data/log.db")).unwrap(), before, "nothing was written");

    let old_key = fs::read_to_string(station.path("data/keys/station.pub")).unwrap();
    let made = station.json(&NEW).remove(0);
    assert_eq!(made["reason"], "rollback");
    assert_eq!(made["endorsed"], true);
    assert_eq!(made["kept"], "data/epochs/1");
    let opening = opening(&station);
    assert_eq!(opening["body"]["origin"], "loa/station/pho-hoa/2");
    assert_eq!(opening["body"]["after"]["origin"], "loa/station/pho-hoa/1");
    assert_eq!(opening["body"]["after"]["by"], "Trần Thị B");
    let seen = opening["body"]["after"]["seen"].as_u64().unwrap();
    let kept = station.path("data/epochs/1");
    let by_old_key = station.run(&["verify", "--key", old_key.trim()]);
    assert_eq!(by_old_key.status.code(), Some(1), "the old key is not the new log's");
    assert!(seen > 1 && kept.join("log.db").exists());
    assert_eq!(fs::read_to_string(kept.join("station.pub")).unwrap(), old_key);
    station.ok(&["verify"]);
    station.ok(&note);
    station.ok(&["verify"]);
    assert_eq!(held(&station), [("2022-03-01".to_owned(), "2022-03-31".to_owned())]);
    // What an attempt left that was cut before the log was put right does not retire the sound log.
    fs::copy(station.path("data/keys/station.key"), station.path("data/keys/station.next.key")).unwrap();
    assert_eq!(refusal(&station, &NEW), "epoch-needless");
    assert!(!station.path("data/keys/station.next.key").exists());
    station.ok(&note);
}

/// The days of the holds that are in force.
fn held(station: &Station) -> Vec<(String, String)> {
    let holds = station.json(&["retain"]);
    let day = |hold: &Value, key: &str| hold[key].as_str().unwrap().to_owned();
    holds.iter().filter(|hold| hold["lifted"].is_null()).map(|h| (day(h, "from"), day(h, "to"))).collect()
}

/// What happens to a station's folder.
type Harm = fn(&Station);

#[test]
fn what_ended_the_epoch_is_told() {
    let unmarked: Harm = |s| {
        s.ok(&["note", SLOT, "--text", "một"]);
        fs::remove_file(s.path("data/log.high")).unwrap();
    };
    let foreign: Harm = |s| {
        let db = rusqlite::Connection::open(s.path("data/log.db")).unwrap();
        db.pragma_update(None, "application_id", 7).unwrap();
    };
    let ends: [(&str, Harm, &str); 7] = [
        ("lost", |s| LOG.iter().for_each(|name| drop(fs::remove_file(s.path(name)))), "log-lost"),
        ("damaged", |s| fs::write(s.path("data/log.db"), "SQLite format 3\0").unwrap(), ""),
        ("damaged", |s| fs::write(s.path("data/log.db"), "").unwrap(), "log-foreign"),
        ("damaged", foreign, "log-foreign"),
        ("damaged", |s| fs::write(s.path("data/log.high"), "x").unwrap(), "log-high-water"),
        ("damaged", unmarked, "log-high-water"),
        ("key", |s| fs::remove_file(s.path("data/keys/station.key")).unwrap(), "log-missing"),
    ];
    for (reason, end, code) in ends {
        let station = station();
        end(&station);
        if !code.is_empty() {
            assert_eq!(refusal(&station, &["run"]), code, "{reason}");
        }
        let made = station.json(&NEW).remove(0);
        assert_eq!(made["reason"], reason);
        assert_eq!(made["endorsed"], reason != "key");
        let told = opening(&station);
        assert_eq!(told["body"]["previous"].is_string(), code == "log-high-water" || reason == "key");
        station.ok(&["verify"]);
        // What a key that was lost signed still counts; what is damaged nobody counts on.
        let report = station.ok(&["report", "month", "2022-03", "--format", "json"]);
        let report: Value = serde_json::from_str(&report).unwrap();
        let states: Vec<_> = report["logs"].as_array().unwrap().iter().map(|log| &log["log_state"]).collect();
        let both: &[&str] = if reason == "key" { &["followed", "current"] } else { &["current"] };
        assert_eq!(states, both, "{reason}");
        let unknown = [("0001-01-01".to_owned(), "9999-12-31".to_owned())];
        // Of a log that cannot be read nobody knows what was held.
        let readable = code == "log-high-water" || reason == "key";
        assert_eq!(held(&station).as_slice(), if readable { &[] } else { unknown.as_slice() }, "{reason}");
    }
}

/// Away from the edge a writer does not see it; whoever asks for a new epoch has all of it verified.
#[test]
fn damage_further_back_ends_an_epoch_as_well() {
    for (of, harm) in [("an entry", ALTERED), ("bytes beside it", UNLISTED)] {
        let station = rolled_back();
        fs::remove_file(station.path("data/log.high")).unwrap();
        drop(station.json(&NEW));
        for text in ["một", "hai", "ba"] {
            station.ok(&["note", SLOT, "--text", text]);
        }
        assert_eq!(refusal(&station, &NEW), "epoch-needless", "{of}");
        harm(&station);
        station.ok(&["note", SLOT, "--text", "bốn"]);
        assert!(!verified(&station, &station.path("")).1.is_empty(), "{of}");
        let made = station.json(&NEW).remove(0);
        assert_eq!((&made["reason"], &made["endorsed"]), (&"damaged".into(), &true.into()), "{of}: {made}");
        assert_eq!(made["kept"], "data/epochs/2", "{of}");
        station.ok(&["verify"]);
        // Entries that are not those that were signed do not say what was held.
        let day = if of == "an entry" { "0001-01-01" } else { "2022-03-01" };
        assert_eq!(held(&station)[0].0, day, "{of}");
    }
}

const ALTERED: Harm = |s| {
    let at = (1..9).find(|seq| leaf(s, *seq).contains("một")).unwrap();
    forge(s, at, |leaf| leaf.replace("một", "mốt"));
};

const UNLISTED: Harm = |s| {
    let db = rusqlite::Connection::open(s.path("data/log.db")).unwrap();
    let trigger: String = db
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'blob_delete'", [], |row| row.get(0))
        .unwrap();
    db.execute_batch(&format!("DROP TRIGGER blob_delete; DELETE FROM blob; {trigger}")).unwrap();
};

/// A key of an epoch that ended signs nothing more, and the way on from there is not that epoch's.
#[test]
fn an_older_key_put_back_signs_nothing() {
    let station = rolled_back();
    let keys = ["station.key", "station.pub"].map(|name| station.path("data/keys").join(name));
    let older = keys.clone().map(|key| fs::read(key).unwrap());
    drop(station.json(&NEW));
    for (key, bytes) in keys.iter().zip(older) {
        fs::write(key, bytes).unwrap();
    }
    assert_eq!(refusal(&station, &["note", SLOT, "--text", "ba"]), "log-other-key");
    assert_eq!(verified(&station, &station.path("")).1, ["verify-signature"]);
    let made = station.json(&NEW).remove(0);
    assert_eq!((&made["reason"], &made["endorsed"]), (&"key".into(), &false.into()), "{made}");
    assert_eq!((&made["origin"], &made["kept"]), (&"loa/station/pho-hoa/3".into(), &"data/epochs/2".into()));
    assert_eq!(opening(&station)["body"]["after"]["origin"], "loa/station/pho-hoa/2");
    station.ok(&["verify"]);
    station.ok(&["note", SLOT, "--text", "ba"]);
}

/// Every state in which a power cut can leave the folder is gone on with by asking again.
#[test]
fn a_power_cut_between_any_two_steps_is_taken_up() {
    let whole = rolled_back();
    drop(whole.json(&NEW));
    let moved = |station: &Station, names: &[&str]| {
        fs::create_dir_all(station.path("data/epochs/1")).unwrap();
        for name in names.iter().filter(|name| station.path(&format!("data/{name}")).exists()) {
            fs::rename(station.path(&format!("data/{name}")), station.path(&format!("data/epochs/1/{name}")))
                .unwrap();
        }
    };
    let copy = |from: &Path, to: &Path| assert!(fs::copy(from, to).unwrap() > 0);
    for cut in 0..5 {
        let station = rolled_back();
        let keys = |name: &str| station.path("data/keys").join(name);
        if cut > 0 {
            // The new key stands beside the old one.
            let made = whole.path("data/keys");
            copy(&made.join("station.key"), &keys("station.next.key"));
            copy(&made.join("station.pub"), &keys("station.next.pub"));
            fs::write(keys("station.next.reason"), "rollback").unwrap();
        }
        match cut {
            2 => moved(&station, &["log.db"]),
            3 => moved(&station, &["log.db", "log.db-wal", "log.db-shm", "log.high"]),
            4 => {
                moved(&station, &["log.db", "log.db-wal", "log.db-shm", "log.high"]);
                for name in ["log.db", "log.high"] {
                    copy(&whole.path(&format!("data/{name}")), &station.path(&format!("data/{name}")));
                }
                fs::rename(keys("station.next.pub"), keys("station.pub")).unwrap();
            }
            _ => {}
        }
        let made = station.json(&NEW).remove(0);
        assert_eq!(made["reason"], "rollback", "cut {cut}");
        assert_eq!(made["origin"], "loa/station/pho-hoa/2");
        assert!(!["key", "pub", "reason"].iter().any(|end| keys(&format!("station.next.{end}")).exists()));
        assert_eq!(held(&station).len(), 1);
        station.ok(&["verify"]);
        station.ok(&["note", SLOT, "--text", "ba"]);
    }
}

/// The files of a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name(), fs::read(entry.path()).unwrap())
    };
    fs::read_dir(folder).unwrap().map(file).collect()
}

fn verified(station: &Station, target: &Path) -> (bool, Vec<String>) {
    let out = station.run(&["verify", target.to_str().unwrap(), "--json"]);
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    let codes =
        said["faults"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap().to_owned());
    (said["size"].as_u64() > Some(1), codes.collect())
}

#[test]
fn a_kept_epoch_is_verified_and_left_as_it_is() {
    let station = station();
    station.ok(&["note", SLOT, "--text", "một"]);
    fs::remove_file(station.path("data/keys/station.key")).unwrap();
    drop(station.json(&NEW));
    let kept = station.path("data/epochs/1");
    let before = files(&kept);
    assert_eq!(before.keys().collect::<Vec<_>>(), ["log.db", "log.high", "log.reserve", "station.pub"]);
    assert_eq!(verified(&station, &kept), (true, vec![]));
    assert_eq!(files(&kept), before, "nothing was written");
    fs::remove_file(kept.join("log.high")).unwrap();
    assert_eq!(verified(&station, &kept), (true, vec!["verify-high-water-missing".to_owned()]));
    let station = rolled_back();
    drop(station.json(&NEW));
    let kept = verified(&station, &station.path("data/epochs/1"));
    assert_eq!(kept, (true, vec!["verify-rolled-back".to_owned()]));
}

#[test]
fn a_log_is_verified_whatever_became_of_the_settings() {
    let station = station();
    station.ok(&["note", SLOT, "--text", "một"]);
    for settings in ["id = = 1", "", "id = 1"] {
        fs::write(station.path("config/station.toml"), settings).unwrap();
        assert_eq!(verified(&station, &station.path("")), (true, vec![]), "{settings}");
    }
    fs::remove_dir_all(station.path("config")).unwrap();
    assert_eq!(verified(&station, &station.path("")), (true, vec![]));
}
