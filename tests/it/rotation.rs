//! Keys that change while everything goes on: the centre's, a station's that was revoked, and one that was lost with its
//! disk; each with real processes, and nothing of what came home gets lost.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use loa::{
    control::{self, Against, Folder, Parcel, Wish},
    evidence::{Body, Checkpoint},
    keys::PublicKey,
    store::{Filter, Log},
};
use serde_json::{Value, json};

use super::support::{
    centre::{Centre, code, leaves, origin, station},
    far::opened,
    faults::library,
    station::{Station, copy},
};

const WHO: [&str; 4] = ["--by", "Cán bộ Lê", "--reason", "theo biên bản 3"];

fn refusal(station: &Station, args: &[&str]) -> String {
    let out = station.run(&[args, &["--json"]].concat());
    assert_eq!(out.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    said["no"]["code"].as_str().unwrap().to_owned()
}

/// Puts `keys` as the centre's into the settings of `station`.
fn list(station: &Station, keys: &[&str]) {
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    let quoted: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    let lines = settings.lines().map(|line| {
        let listed = line.starts_with("keys = ");
        if listed { format!("keys = [{}]\n", quoted.join(", ")) } else { format!("{line}\n") }
    });
    station.set(&lines.collect::<String>());
}

fn verified(station: &Station) -> Value {
    let report = station.json(&["verify"]).remove(0);
    assert_eq!((&report["holds"], &report["faults"]), (&json!(true), &json!([])), "{report}");
    report
}

/// The keys by which the anchors of the log are good, in its order.
fn anchored(station: &Station, keys: &[&str]) -> Vec<usize> {
    let origin = origin(station);
    let keys: Vec<PublicKey> = keys.iter().map(|key| PublicKey::parse_witness(key).unwrap()).collect();
    let log = Log::read_only(&station.path("data/log.db")).unwrap();
    let filter = Filter { kinds: vec!["anchor"], ..Filter::default() };
    let entries = log.entries_of(&filter).unwrap();
    let by = entries.into_iter().map(|entry| match entry.body {
        Body::Anchor(fact) => keys.iter().position(|key| fact.is_good(&origin, key)).unwrap(),
        other => panic!("{other:?}"),
    });
    by.collect()
}

#[test]
fn a_centre_changes_its_key_and_stations_that_know_both_go_on() {
    let centre = Centre::new(&[]);
    let at_centre = centre.folder.daemon_alone();
    let (station, origin) = centre.station_at_home();
    let keys = |args: &[&str]| centre.folder.json(&[&["fleet", "key"], args].concat()).remove(0);
    let shown = keys(&[]);
    let old = shown["key"].as_str().unwrap().to_owned();
    assert_eq!((&shown["next"], &shown["earlier"]), (&Value::Null, &json!([])));
    assert_eq!(refusal(&centre.folder, &["fleet", "key", "--change"]), "fleet-key-no-next");
    let new = keys(&["--next"])["next"].as_str().unwrap().to_owned();
    assert_eq!(keys(&["--next"])["next"], new.as_str(), "asked again it is the same");
    let secret = fs::read_to_string(centre.folder.path("data/keys/centre.key")).unwrap();
    let changed = keys(&["--change", "--by", "Cán bộ Lê"]);
    let wanted = (json!(new.clone()), Value::Null, json!([old.clone()]));
    assert_eq!((&changed["key"], &changed["next"], &changed["earlier"]), (&wanted.0, &wanted.1, &wanted.2));
    at_centre.until_entered(&["\"act\":\"fleet\"", &format!("key {new}"), "Cán bộ Lê"]);
    assert_ne!(fs::read_to_string(centre.folder.path("data/keys/centre.key")).unwrap(), secret);
    // What the old key cosigned is known as the centre's own still.
    assert!(opened(&centre.folder).station(&origin).unwrap().cosigned.is_some());
    at_centre.end();
    let _at_centre = centre.folder.daemon_alone();

    // Who knows only the old key says by which other one it is answered, and believes nothing of it.
    let daemon = station.daemon_alone();
    let told = daemon.until("another key", |status| code(status, "centre-not-cosigned"));
    // Name and number of the key; its bytes behind them may have a plus of their own.
    let named = new.splitn(3, '+').take(2).collect::<Vec<_>>().join("+");
    assert!(told["centre"]["said"]["sentence"][0].as_str().unwrap().contains(&named), "{told}");
    drop(daemon);
    let by = anchored(&station, &[&old, &new]);
    assert!(by.iter().all(|by| *by == 0), "nothing by the new key is entered: {by:?}");
    // With both in its settings it goes on, and so does who knows only the new one.
    for listed in [&[&*old, &new][..], &[&new]] {
        list(&station, listed);
        let daemon = station.daemon_alone();
        daemon.until("heard", |status| code(status, "centre-heard"));
        centre.until_home(&station, &origin);
        drop(daemon);
    }
    let by = anchored(&station, &[&old, &new]);
    assert!(by.is_sorted() && by[0] == 0 && by[by.len() - 1] == 1, "{by:?}");
    let size = verified(&station)["witnessed"]["size"].as_u64().unwrap();
    let at_home = opened(&centre.folder).known(&origin).unwrap();
    let new = PublicKey::parse_witness(&new).unwrap();
    let head = Checkpoint::open(at_home.head.as_bytes(), std::slice::from_ref(&new)).unwrap();
    assert!(head.size >= size && size > 0, "{head:?} {size}");
    let mirror = opened(&centre.folder).mirror(&origin).unwrap();
    let audit = control::audit(&mirror.root, &Against::default()).unwrap();
    assert!(audit.holds() && audit.witnessed.is_some(), "{:?}", audit.report.faults);
}

/// The words that open an epoch behind the log in `from`.
fn back(from: &str) -> Vec<&str> {
    [&["init", "--new-epoch", "--from", from][..], &WHO].concat()
}

/// What the centre retained of the log `origin` is whole, and a bundle of it verifies by its key alone.
fn retained_whole(centre: &Centre, origin: &str, key: &str) {
    let mirror = opened(&centre.folder).mirror(origin).unwrap();
    assert!(control::audit(&mirror.root, &Against::default()).unwrap().holds(), "{origin}");
    let parcel = Parcel::make(&mirror, Wish { from: None, to: None, audio: false, force: false }).unwrap();
    let against = Against { keys: vec![key.trim().to_owned()], ..Against::default() };
    let report = control::audit_bundle(&parcel.file(), &against).unwrap();
    assert!(report.log.holds() && report.of == report.log.size, "{:?}", report.log.faults);
}

#[test]
fn a_revoked_station_comes_back_with_a_new_key_and_loses_nothing() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let (station, first) = centre.station_at_home();
    // A word that was lost is made anew; the key vouches for it.
    let token = station.path("data/keys/centre.token");
    let old_word = fs::read_to_string(&token).unwrap();
    fs::remove_file(&token).unwrap();
    let daemon = station.daemon_alone();
    daemon.until("heard", |status| code(status, "centre-heard"));
    assert_ne!(fs::read_to_string(&token).unwrap(), old_word);
    centre.until_home(&station, &first);
    centre.folder.ok(&["fleet", "revoke", &first, "--by", "Cán bộ Lê"]);
    daemon.until("revoked", |status| code(status, "centre-refused"));
    drop(daemon);
    let key = fs::read_to_string(station.path("data/keys/station.pub")).unwrap();
    let held = opened(&centre.folder).known(&first).unwrap();

    let epoch = [&["init", "--new-epoch"][..], &WHO].concat();
    assert_eq!(refusal(&station, &epoch), "epoch-needless", "the log itself is whole");
    let made = station.json(&[&epoch[..], &["--revoked"]].concat()).remove(0);
    assert_eq!((&made["reason"], &made["endorsed"]), (&json!("key"), &json!(false)), "{made}");
    let second = made["origin"].as_str().unwrap().to_owned();
    assert_eq!(second, "loa/station/pho-hoa/2");
    let daemon = station.daemon_alone();
    centre.enrol(&daemon, &second);
    daemon.until("heard", |status| code(status, "centre-heard"));
    centre.until_home(&station, &second);
    drop(daemon);
    let before = &verified(&station)["epoch_before"];
    assert_eq!((&before["origin"], &before["reason"]), (&json!(first), &json!("key")));
    // The first log is at the centre as it was, revoked; the second stands beside it.
    let now = opened(&centre.folder).known(&first).unwrap();
    assert_eq!((now.head, now.standing.code()), (held.head, "revoked"));
    retained_whole(&centre, &first, &key);
    retained_whole(&centre, &second, &fs::read_to_string(station.path("data/keys/station.pub")).unwrap());
}

#[test]
fn a_station_whose_disk_died_with_its_key_goes_on_behind_what_the_centre_retained() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let (dead, first) = centre.station_at_home();
    let key = fs::read_to_string(dead.path("data/keys/station.pub")).unwrap();
    drop(dead);
    let held = opened(&centre.folder).known(&first).unwrap();

    // A new disk: the same station, begun by itself, with a key that nobody knows.
    let new = station(&centre, &centre.address());
    let daemon = new.daemon_alone();
    daemon.until("refused", |status| code(status, "centre-refused"));
    drop(daemon);
    let begun = leaves(&new.path("data/log.db"));
    let stick = tempfile::tempdir().unwrap();
    let laid_to = stick.path().join("nhat-ky").display().to_string();
    let laid = centre.folder.json(&["fleet", "copy", &first, "-o", &laid_to]).remove(0);
    assert_eq!(laid["size"], held.frontier.size());
    assert_eq!(refusal(&centre.folder, &["fleet", "copy", &first, "-o", &laid_to]), "copy-exists");
    new.ok(&["verify", &laid_to]);

    // Nothing is taken up but this station's own log, whole.
    let bad = stick.path().join("hong");
    copy(Path::new(&laid_to), &bad);
    let bad_log = bad.join("log.db");
    let mut bytes = fs::read(&bad_log).unwrap();
    let at = bytes.windows(12).position(|bytes| bytes == b"\"kind\":\"boot").unwrap() + 8;
    bytes[at] ^= 1;
    fs::write(&bad_log, bytes).unwrap();
    assert_eq!(refusal(&new, &back(bad.to_str().unwrap())), "comeback-damaged");
    fs::write(
        bad.join("station.pub"),
        loa::keys::SigningKey::generate("loa/station/x/1").unwrap().public().as_text(),
    )
    .unwrap();
    assert_eq!(refusal(&new, &back(bad.to_str().unwrap())), "comeback-other");
    assert_eq!(refusal(&new, &back(stick.path().to_str().unwrap())), "comeback-none");
    assert_eq!(leaves(&new.path("data/log.db")), begun, "a no changes nothing");

    let made = new.json(&back(&laid_to)).remove(0);
    assert_eq!(
        (&made["origin"], &made["reason"]),
        (&json!("loa/station/pho-hoa/2"), &json!("lost")),
        "{made}"
    );
    assert_eq!((&made["kept"], &made["endorsed"]), (&json!("data/epochs/1"), &json!(false)));
    assert_eq!(refusal(&new, &back(&laid_to)), "comeback-done");
    // The old log is back byte for byte, and what was begun meanwhile is kept as well.
    let fleet = opened(&centre.folder).fleet;
    assert_eq!(leaves(&new.path("data/epochs/1/log.db")), fleet.leaves(&first, 0, usize::MAX).unwrap());
    let kept = fs::read_dir(new.path("data/epochs")).unwrap().map(|entry| entry.unwrap().path());
    let beside: Vec<_> = kept.filter(|path| !path.ends_with("1")).collect();
    assert_eq!((beside.len(), leaves(&beside[0].join("log.db"))), (1, begun));
    // The opening names the head that the centre cosigned.
    let opening = Log::read_only(&new.path("data/log.db")).unwrap();
    let Body::LogOpen { previous, after, .. } = opening.entries(0..1).next().unwrap().unwrap().body else {
        panic!("no opening")
    };
    assert_eq!(opening.blob(previous.unwrap()).unwrap().unwrap(), held.head.as_bytes());
    let after = after.unwrap();
    assert_eq!((&after.origin, after.seen), (&first, Some(held.frontier.size())));
    drop(opening);

    let daemon = new.daemon_alone();
    centre.enrol(&daemon, "loa/station/pho-hoa/2");
    daemon.until("heard", |status| code(status, "centre-heard"));
    centre.until_home(&new, "loa/station/pho-hoa/2");
    drop(daemon);
    let before = &verified(&new)["epoch_before"];
    assert_eq!((&before["origin"], &before["reason"]), (&json!(first), &json!("lost")));
    retained_whole(&centre, &first, &key);
    assert_eq!(opened(&centre.folder).known(&first).unwrap().head, held.head);
    assert!(Folder::open(&new.path("")).is_ok());
}

/// A folder on which a command is cut at every single change that it makes on the disk.
struct Cuts {
    tools: tempfile::TempDir,
    library: PathBuf,
}

impl Cuts {
    /// Of the folder `root`, as it is now.
    fn of(root: &Path) -> Cuts {
        let tools = tempfile::tempdir().unwrap();
        copy(root, &tools.path().join("kept"));
        Cuts { library: library(tools.path()), tools }
    }

    /// Runs the command in the folder `work`, with this fault; whether it succeeded, and the code of its no.
    fn run(&self, work: &Path, args: &[&str], fault: Option<&str>) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
        command.args(args).arg("--json").arg("--dir").arg(work).stdin(Stdio::null());
        if let Some(fault) = fault {
            command.env("LD_PRELOAD", &self.library).env("LOA_FAULT_ROOT", work).env("LOA_FAULT", fault);
        }
        let out = command.output().unwrap();
        let said: Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
        (out.status.success(), said["no"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Cuts the command at each of its changes, by a kill and by the power, and repeats it: that must succeed, or say
    /// by `done` that all was done. What is there then, `end` looks at. Gives the changes, and how often it had been done.
    fn everywhere(&self, args: &[&str], done: &str, end: &(dyn Fn(&str, &Path) + Sync)) -> (u32, u32) {
        let (kept, uncut) = (self.tools.path().join("kept"), self.tools.path().join("uncut/station"));
        copy(&kept, &uncut);
        assert!(self.run(&uncut, args, Some("count:0")).0);
        end("uncut", &uncut);
        let changes = fs::read_to_string(uncut.join("../changes")).unwrap().trim().parse::<u32>().unwrap();
        let cut = |mode: &str, n: u32| {
            let (work, fault) =
                (self.tools.path().join(mode).join("station"), format!("{mode}:{n}:{}", n * 7));
            copy(&kept, &work);
            let told = self.run(&work, args, Some(&fault)).0;
            let (again, no) = self.run(&work, args, None);
            assert!(again || no == done, "{fault}: {no}");
            assert!(!again || !told, "{fault}: what succeeded is done");
            end(&fault, &work);
            u32::from(!again)
        };
        let cut = &cut;
        let was_done = thread::scope(|scope| {
            let both = ["kill", "power"]
                .map(|mode| scope.spawn(move || (0..changes).map(|n| cut(mode, n)).sum::<u32>()));
            both.into_iter().map(|one| one.join().unwrap()).sum()
        });
        println!("{changes} changes, {was_done} times it was done when the cut came");
        (changes, was_done)
    }
}

#[test]
fn the_power_may_go_at_every_change_while_a_station_comes_back() {
    let centre = Centre::new(&[]);
    let at_centre = centre.folder.daemon_alone();
    let (dead, first) = centre.station_at_home();
    drop(dead);
    let stick = tempfile::tempdir().unwrap();
    let laid_to = stick.path().join("nhat-ky").display().to_string();
    centre.folder.ok(&["fleet", "copy", &first, "-o", &laid_to]);
    let new = station(&centre, &centre.address());
    let daemon = new.daemon_alone();
    daemon.until("refused", |status| code(status, "centre-refused"));
    drop((daemon, at_centre));
    let (old, begun) = (leaves(&Path::new(&laid_to).join("log.db")), leaves(&new.path("data/log.db")));
    let key = fs::read_to_string(new.path("data/keys/station.pub")).unwrap();
    let end = |fault: &str, root: &Path| {
        let data = root.join("data");
        let audit = control::audit(root, &Against::default()).unwrap();
        assert!(audit.holds(), "{fault}: {:?}", audit.report.faults);
        let public = fs::read_to_string(data.join("keys/station.pub")).unwrap();
        assert!(public.starts_with("loa/station/pho-hoa/2+"), "{fault}: {public}");
        assert_eq!(leaves(&data.join("epochs/1/log.db")), old, "{fault}");
        let mut kept: Vec<_> =
            fs::read_dir(data.join("epochs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        kept.retain(|path| !path.ends_with("1"));
        assert_eq!((kept.len(), leaves(&kept[0].join("log.db"))), (1, begun.clone()), "{fault}");
        assert_eq!(fs::read_to_string(kept[0].join("station.pub")).unwrap(), key, "{fault}");
        let of_next = |name: &str| data.join("keys").join(format!("station.next.{name}")).exists();
        assert!(!["key", "pub", "reason"].into_iter().any(of_next), "{fault}: nothing is left of the way");
        assert!(!data.join("keys/centre.token").exists(), "{fault}: the next log has a word of its own");
        Log::open(&data.join("log.db"), Folder::open(root).unwrap().key("station").unwrap()).unwrap();
    };
    let (changes, done) = Cuts::of(&new.path("")).everywhere(&back(&laid_to), "comeback-done", &end);
    assert!(changes > 40 && done > 0, "{changes} {done}");
}

#[test]
fn the_power_may_go_at_every_change_while_a_centre_changes_its_key() {
    let centre = Centre::new(&[]);
    let keys = |args: &[&str]| centre.folder.json(&[&["fleet", "key"], args].concat()).remove(0);
    let old = keys(&[])["key"].as_str().unwrap().to_owned();
    let new = keys(&["--next"])["next"].as_str().unwrap().to_owned();
    let secret = |name: &str| fs::read_to_string(centre.folder.path("data/keys").join(name)).unwrap();
    let (before, after) = (secret("centre.key"), secret("centre.next.key"));
    let end = |fault: &str, root: &Path| {
        let found = control::centre_keys(&Folder::open(root).unwrap()).unwrap();
        assert_eq!((&found.key, &found.next, &found.earlier), (&new, &None, &vec![old.clone()]), "{fault}");
        let own = root.join("data/keys");
        let read = |name: &str| fs::read_to_string(own.join(name)).unwrap();
        assert_eq!((read("centre.key"), read("centre.pub").trim()), (after.clone(), &*new), "{fault}");
        let files = fs::read_dir(&own).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        assert!(
            !files.into_iter().any(|bytes| bytes == before.as_bytes()),
            "{fault}: the old one signs no more"
        );
        let entered = leaves(&root.join("data/log.db"));
        assert!(entered.iter().any(|leaf| leaf.contains(&format!("key {new}"))), "{fault}: it is entered");
        let audit = control::audit(root, &Against::default()).unwrap();
        assert!(audit.holds(), "{fault}: {:?}", audit.report.faults);
    };
    let args = ["fleet", "key", "--change", "--by", "Cán bộ Lê"];
    let (changes, done) = Cuts::of(&centre.folder.path("")).everywhere(&args, "fleet-key-no-next", &end);
    assert!(changes > 20 && done > 0, "{changes} {done}");
}
