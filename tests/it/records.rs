//! What people enter beside what the station measured, and what is deleted in its time: the real binary, with
//! a daemon and without.

use std::{cell::RefCell, fs, os::unix::fs::PermissionsExt as _, process::Output};

use chrono::{TimeDelta, Utc};
use loa::{
    control::{self, ControlError, Folder},
    evidence::Body,
    store::{Filter, Log, StoreError},
    units::{Digest, Month},
};
use serde_json::Value;

use super::support::{
    history::{Historian, march},
    station::{Station, in_seconds, noise},
};

/// Its exit code, and what it complained.
fn refused(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// The number at the end of "Entered as number N."
fn number(said: &str) -> String {
    said.trim().trim_end_matches('.').rsplit(' ').next().unwrap().to_owned()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// Notes and corrects through whatever answers; `slot` has an outcome.
fn talk(station: &Station, slot: &str) {
    let row = || {
        let mut rows = station.rows();
        rows.retain(|row| row["slot"] == slot);
        rows.remove(0)
    };
    let before = row();
    let unknown = station.run(&["note", "2022-03/cchc/2022-03-01T17:00:01", "--text", "x"]);
    let (code, said) = refused(&unknown);
    assert!(code == 1 && said.contains("no slot called `2022-03/cchc/2022-03-01T17:00:01`"), "{said}");
    let (code, said) = refused(&station.run(&["correct", "99999", "--text", "x"]));
    assert!(code == 1 && said.contains("no entry 99999 yet; its last is "), "{said}");
    assert_eq!(refused(&station.run(&["note", slot, "--text", " "])).0, 1);

    let note = number(&station.ok(&["note", slot, "--text", "mất điện cả xã", "--by", "An"]));
    let first = number(&station.ok(&["correct", &note, "--text", "chỉ khu 3", "--by", "Bình"]));
    let second = number(&station.ok(&["correct", &first, "--text", "chỉ khu 4", "--by", "An"]));
    let row = row();
    let notes = row["notes"].as_array().unwrap();
    let said: Vec<_> = notes.iter().rev().take(3).rev().map(|n| (&n["corrects"], &n["text"])).collect();
    let entry = |text: &str| Value::from(text.parse::<u64>().unwrap());
    let (note, first) = (entry(&note), entry(&first));
    assert_eq!(
        said,
        [
            (&Value::Null, &"mất điện cả xã".into()),
            (&note, &"chỉ khu 3".into()),
            (&first, &"chỉ khu 4".into())
        ]
    );
    assert!(row["entries"].as_array().unwrap().contains(&entry(&second)));
    for key in ["outcome", "reason", "detail", "proof", "planned", "first_frame"] {
        assert_eq!(row[key], before[key], "nothing that was said changes what was");
    }
}

#[test]
fn notes_and_corrections_stand_beside_what_was() {
    let mut station = Station::new(&[("a.wav", 1)]);
    station.settle("");
    let slots = station.schedule(&["a.wav"], &[in_seconds(-600), in_seconds(3600)]);
    station.approve();
    let daemon = station.daemon_alone();
    daemon.until_closed(1);
    talk(&station, &slots[0]);
    // Of a slot to come there is no row yet, but it may be spoken of.
    station.ok(&["note", &slots[1], "--text", "sắp bảo trì"]);
    daemon.end();
    talk(&station, &slots[0]);
    station.ok(&["verify"]);
}

/// A station that trusts the operator `an`, with a month of history, and what `enter` needs of it.
struct Vouching {
    station: Station,
    /// An's key, and one that nobody trusts.
    keys: [String; 2],
    /// A slot that the station aired itself, and one that it missed.
    full: String,
    missed: String,
    /// About the time of the missed slot.
    at: String,
    until: String,
}

impl Vouching {
    fn new() -> Vouching {
        let station = Station::new(&[]);
        let operator = station.person("an");
        station.person("stranger");
        station.settle(&format!("operators = [\"{operator}\"]\n"));
        march(&station, 3);
        let rows = station.rows();
        let with = |outcome: &str| {
            let row = rows.iter().find(|row| row["outcome"] == outcome && row["slot"].is_string()).unwrap();
            row["slot"].as_str().unwrap().to_owned()
        };
        let (full, missed) = (with("full"), with("missed"));
        let day = &missed["2022-03/cchc/".len()..][..10];
        let (at, until) = (format!("{day} 05:31"), format!("{day}T05:43:00+07:00"));
        let keys =
            ["an", "stranger"].map(|name| station.path("data").join(name).display().to_string() + ".key");
        Vouching { station, keys, full, missed, at, until }
    }

    fn enter(&self, month: &str, programme: &str, at: &str, until: &str, more: &[&str]) -> Output {
        let said = ["--outcome", "full", "--by", "Nguyễn Văn An", "--text", "phát bằng máy FM cũ"];
        let when = ["enter", month, programme, "--at", at, "--until", until];
        self.station.run(&[&when[..], &said, more].concat())
    }
}

#[test]
fn a_persons_key_is_theirs_alone() {
    let station = Station::new(&[]);
    assert!(station.person("an").starts_with("an+"));
    let path = station.path("data/an.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let file = path.display().to_string();
    let before = fs::read(&path).unwrap();
    assert_eq!(refused(&station.run(&["key", "new", "an", "-o", &file])).0, 1);
    assert_eq!(fs::read(&path).unwrap(), before, "a key is never overwritten");
    assert_eq!(refused(&station.run(&["key", "new", "an binh", "-o", &(file + "2")])).0, 2);
}

#[test]
fn nobody_vouches_for_what_cannot_have_been() {
    let v = Vouching::new();
    let (at, until, key) = (v.at.as_str(), v.until.as_str(), ["--key", &v.keys[0]]);
    let slot = |slot| ["--key", v.keys[0].as_str(), "--slot", slot];
    let tomorrow = (Utc::now() + TimeDelta::days(1)).to_rfc3339();
    let size = || v.station.json(&["status"]).remove(0)["log"]["size"].clone();
    let before = size();
    for (output, wanted) in [
        (v.enter("2022-03", "cchc", at, &tomorrow, &key), "has not ended yet"),
        (v.enter("2022-03", "cchc", until, at, &key), "must end after"),
        (v.enter("2022-03", "cchc", at, at, &key), "must end after"),
        (v.enter("2022-03", "khac", at, until, &key), "no programme `khac`"),
        (v.enter("2021-03", "cchc", at, until, &key), "no programme `cchc`"),
        (v.enter("2022-03", "cchc", at, until, &slot(&v.full)), "in full"),
        (v.enter("2022-03", "cchc", at, until, &slot("2022-04/cchc/2022-04-01T05:30:00")), "another month"),
        (v.enter("2022-03", "cchc", at, until, &slot("2022-03/cchc/2022-03-01T05:31:00")), "no slot called"),
        (v.enter("2022-03", "cchc", at, until, &["--key", &v.keys[1]]), "key that this station trusts"),
    ] {
        let (code, said) = refused(&output);
        assert!(code == 1 && said.contains(wanted), "{wanted}: {code} {said}");
    }
    assert_eq!(size(), before, "what is refused leaves no trace");
    assert_eq!(refused(&v.enter("2022-03", "cchc", "teatime", until, &key)).0, 2);
}

#[test]
fn a_person_vouches_for_an_airing_by_hand() {
    let v = Vouching::new();
    let before = v.station.rows();
    let key = ["--key", v.keys[0].as_str()];
    let daemon = v.station.daemon_alone();
    let output = v.enter("2022-03", "cchc", &v.at, &v.until, &[&key[..], &["--slot", &v.missed]].concat());
    assert!(output.status.success(), "{:?}", refused(&output));
    let again = refused(&v.enter("2022-03", "cchc", &v.at, &v.until, &key));
    assert!(again.0 == 1 && again.1.contains("already has an airing"), "{again:?}");
    daemon.end();
    // It ends where this begins: no overlap, and no daemon either.
    let later = v.at.replace("05:31", "08:00:30");
    assert!(v.enter("2022-03", "cchc", &v.until, &later, &key).status.success());

    let rows = v.station.rows();
    let by_hand: Vec<_> = rows.iter().filter(|row| row["trigger"] == "by-hand").collect();
    let row = by_hand[0];
    let vouched: Vec<_> = by_hand.iter().map(|row| row["vouches"].clone()).collect();
    assert_eq!(vouched, [v.missed.as_str().into(), Value::Null]);
    assert_eq!((&row["slot"], &row["outcome"], &row["proof"]), (&Value::Null, &"full".into(), &6.into()));
    assert_eq!((&row["by"], &row["detail"]), (&"Nguyễn Văn An".into(), &"phát bằng máy FM cũ".into()));
    assert!(row["title"].as_str().unwrap().contains("2022-03"), "{row}");
    // The signed words are kept, and say the same.
    let log = Log::read_only(&v.station.path("data/log.db")).unwrap();
    let statement = log.blob(row["statement"].as_str().unwrap().parse::<Digest>().unwrap()).unwrap().unwrap();
    let statement = String::from_utf8(statement).unwrap();
    assert!(statement.contains(&format!("\nslot {}\n", v.missed)), "{statement}");
    assert!(statement.contains("\n— an "), "{statement}");
    // The slot's own row is what it was.
    let of = |rows: &[Value]| rows.iter().find(|row| row["slot"] == v.missed.as_str()).cloned();
    assert_eq!(of(&rows), of(&before));
    assert!(v.station.ok(&["log"]).contains("vouched for"));
}

/// A station that once aired `2022-03/tin.wav` and `2022-04/tin.wav`, and has two files that stay: one of this
/// month, and one that no schedule ever named.
fn with_old_audio() -> (Station, Folder) {
    let mut station = Station::new(&[("new.wav", 1), ("stranger.wav", 1)]);
    station.settle("");
    station.schedule(&["new.wav"], &[in_seconds(3600)]);
    for (n, name) in ["2022-03/tin.wav", "2022-04/tin.wav"].into_iter().enumerate() {
        noise(&station.path("media").join(name), 1, 50 + n as u64);
    }
    let folder = Folder::open(&station.path("")).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let mut historian = Historian::quiet(&mut log, month("2022-03"), 1);
    historian.boot();
    for text in ["2022-03", "2022-04"] {
        historian.accept(month(text), 1);
    }
    (station, folder)
}

fn names(report: &Value, key: &str) -> Vec<String> {
    report[key].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap().to_owned()).collect()
}

fn deletions(folder: &Folder) -> usize {
    let filter = Filter { kinds: vec!["delete"], ..Filter::default() };
    Log::read_only(&folder.log_path()).unwrap().entries_of(&filter).unwrap().len()
}

#[test]
fn audio_goes_in_its_time_unless_it_is_held() {
    let (station, folder) = with_old_audio();
    let there = |name: &str| station.path("media").join(name).exists();
    let bytes = fs::read(station.path("media/2022-03/tin.wav")).unwrap();
    let prune = |args: &[&str]| station.json(&[&["prune"], args].concat()).remove(0);

    let dry = prune(&["--dry-run"]);
    assert_eq!(names(&dry, "files"), ["2022-03/tin.wav", "2022-04/tin.wav"]);
    assert!(there("2022-03/tin.wav") && deletions(&folder) == 0);

    let by = ["--by", "Lê Văn C", "--reason", "có đơn phản ánh"];
    let days = ["retain", "--from", "2022-04-10", "--to", "2022-04-10"];
    let hold = number(&station.ok(&[&days[..], &by].concat()));
    let reversed = ["retain", "--from", "2022-04-10", "--to", "2022-04-09"];
    assert_eq!(refused(&station.run(&[&reversed[..], &by].concat())).0, 1);
    assert_eq!(refused(&station.run(&["retain", "--from", "2022-04-10", "--to", "2022-04-11"])).0, 2);
    assert_eq!(refused(&station.run(&[&["retain", "--lift", "0"][..], &by].concat())).0, 1);

    let gone = prune(&[]);
    assert_eq!(
        (names(&gone, "files"), names(&gone, "held")),
        (vec!["2022-03/tin.wav".into()], vec!["2022-04/tin.wav".into()])
    );
    assert_eq!(gone["files"][0]["digest"], Digest::of(&bytes).to_string());
    assert!(
        !there("2022-03/tin.wav") && there("2022-04/tin.wav") && there("new.wav") && there("stranger.wav")
    );
    assert_eq!(deletions(&folder), 1);

    // A crash between entry and removal: the file is there, its entry too.
    fs::write(station.path("media/2022-03/tin.wav"), &bytes).unwrap();
    assert_eq!(names(&prune(&[]), "files"), ["2022-03/tin.wav"]);
    assert_eq!((there("2022-03/tin.wav"), deletions(&folder)), (false, 1));

    let daemon = station.daemon_alone();
    assert_eq!(names(&prune(&[]), "files"), Vec::<String>::new());
    assert!(there("2022-04/tin.wav"), "a running station keeps what is held, too");
    station.ok(&[&["retain", "--lift", &hold][..], &by].concat());
    assert_eq!(refused(&station.run(&[&["retain", "--lift", &hold][..], &by].concat())).0, 1);
    assert_eq!(station.json(&["retain"]).remove(0)["lifted"]["by"], "Lê Văn C");
    assert_eq!(names(&prune(&[]), "files"), ["2022-04/tin.wav"]);
    daemon.end();
    assert!(!there("2022-04/tin.wav") && there("new.wav") && there("stranger.wav"));
    assert_eq!(deletions(&folder), 2);
}

#[test]
fn the_entry_is_there_before_the_file_is_gone() {
    let (station, folder) = with_old_audio();
    let log = RefCell::new(Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap());
    let reader = Log::read_only(&folder.log_path()).unwrap();
    let file = station.path("media/2022-03/tin.wav");
    let prune = |enter: &dyn Fn(Body) -> Result<(), StoreError>| {
        control::prune(&folder, &reader, month("2026-11"), Some(enter))
    };
    let append = |body| {
        assert!(file.exists() || station.path("media/2022-04/tin.wav").exists(), "entered first");
        let clk = reader.entries(0..1).next().unwrap().unwrap().clk;
        log.borrow_mut().append(&[(clk, body)]).map(drop)
    };
    // No entry, no deletion.
    assert!(matches!(prune(&|_| Err(StoreError::Ended)), Err(ControlError::Store(StoreError::Ended))));
    assert!(file.exists() && deletions(&folder) == 0);
    // Entered, and then the power goes.
    let cut = |body| append(body).and(Err(StoreError::Ended));
    assert!(prune(&cut).is_err());
    assert!(file.exists() && deletions(&folder) == 1);
    let report = prune(&append).unwrap();
    assert_eq!((report.files.len(), deletions(&folder)), (2, 2));
    assert!(!file.exists());
    // A schedule that cannot be read might name what looks forgotten.
    noise(&file, 1, 50);
    fs::write(station.path("schedules/2026-10.toml"), "not a schedule").unwrap();
    let unreadable = prune(&append);
    assert!(
        matches!(&unreadable, Err(ControlError::No(no)) if no.code == "prune-unreadable"),
        "{unreadable:?}"
    );
    assert!(file.exists());
}

#[test]
fn an_approved_month_is_not_given_back_since_it_airs() {
    let mut station = Station::new(&[("a.wav", 3)]);
    station.schedule(&["a.wav"], &[in_seconds(3600)]);
    let folder = Folder::open(&station.path("")).unwrap();
    let name = control::schedules(&folder).unwrap()[0];
    let give_back = |words: &str| {
        let seen = control::Draft::read(&folder, name).unwrap().file.digest;
        control::give_back(&folder, name, seen, "Hoa", words, || Ok(())).map_err(|error| match error {
            ControlError::No(message) => message.code,
            error => panic!("{error}"),
        })
    };
    assert_eq!(give_back(" "), Err("text-empty"));
    assert_eq!(give_back(&"x".repeat(5000)), Err("text-too-long"));
    assert_eq!(give_back("Ghi rõ tên"), Ok(()));
    station.approve();
    assert_eq!(give_back("Ghi rõ tên"), Err("draft-approved"));
}
