//! A month on its way from a centre to a station by the real binary: taken, refused, and cut by the power.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use chrono::{DateTime, Utc};
use loa::{
    control::{Folder, Standing, survey},
    evidence::{Body, PackageAct, PackageFact},
    keys::SigningKey,
    store::{Filter, Log},
    units::ScheduleName,
};
use serde_json::Value;

use super::json::hold;
use super::support::{
    faults::library,
    station::{Station, copy, in_seconds, noise},
};

/// A centre with an editor, an approver and a root, a station that trusts it, and a stick.
struct Way {
    centre: Station,
    station: Station,
    tools: tempfile::TempDir,
    slots: Vec<DateTime<Utc>>,
}

impl Way {
    /// Both, and revision 1 of the month with `a.wav` on the stick.
    fn new() -> Way {
        let (centre, station) = (Station::new(&[("2022-03/a.wav", 1)]), Station::new(&[]));
        let tools = tempfile::tempdir().unwrap();
        for who in ["editor", "approver", "root", "stranger"] {
            let file = tools.path().join(format!("{who}.key"));
            centre.ok(&["key", "new", who, "-o", file.to_str().unwrap()]);
        }
        let way = Way { centre, station, tools, slots: vec![in_seconds(3600)] };
        let (editor, approver, root) = (way.public("editor"), way.public("approver"), way.public("root"));
        let mut new = vec!["trust", "new", "--editor", &editor, "--approver", &approver, "--root", &root];
        let key = way.key("root");
        new.extend(["--until", "2099-12-31", "--key", &key, "--by", "Lãnh đạo"]);
        way.centre.ok(&new);
        // The station's own settings trust who approves months at the centre.
        let of_centre = fs::read_to_string(way.centre.path("data/keys/approval.pub")).unwrap();
        let settings = fs::read_to_string(way.station.path("config/station.toml")).unwrap();
        let trusting = settings.replace("approvers = [", &format!("approvers = [\"{}\", ", of_centre.trim()));
        way.station.set(&trusting);
        let trust = way.centre.path("data/packages/trust/1.note").display().to_string();
        way.station.ok(&["trust", "accept", &trust, "--by", "Trực"]);
        way.issue(1, &["2022-03/a.wav"]);
        way
    }

    fn key(&self, who: &str) -> String {
        self.tools.path().join(format!("{who}.key")).display().to_string()
    }

    fn public(&self, who: &str) -> String {
        let key = SigningKey::parse(&fs::read_to_string(self.key(who)).unwrap()).unwrap();
        key.public().as_text().to_owned()
    }

    fn stick(&self) -> PathBuf {
        self.tools.path().join("stick")
    }

    fn month(&self) -> ScheduleName {
        let at = self.slots[0].with_timezone(&chrono_tz::Asia::Ho_Chi_Minh);
        at.format("%Y-%m").to_string().parse().unwrap()
    }

    fn pack(&self, more: &[&str]) -> Output {
        let (month, stick) = (self.month().to_string(), self.stick().display().to_string());
        let mut pack = vec!["pack", &month, "-o", &stick];
        pack.extend(more);
        self.centre.run(&pack)
    }

    /// Approves a revision at the centre and packs it onto the stick.
    fn issue(&self, revision: u32, files: &[&str]) {
        self.centre.issue(revision, files, &self.slots);
        let packed = self.pack(&["--key", &self.key("editor"), "--key", &self.key("approver")]);
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    }

    /// Imports the stick; what became of each of its files.
    fn import(&self) -> Vec<(String, String)> {
        let stick = self.stick().display().to_string();
        let told = self.station.json(&["import", &stick, "--by", "Trực"]).remove(0);
        let became = |package: &Value| {
            let became = package["no"]["code"].as_str().or(package["became"].as_str());
            (package["file"].as_str().unwrap().to_owned(), became.unwrap().to_owned())
        };
        told["packages"].as_array().unwrap_or_else(|| panic!("{told}")).iter().map(became).collect()
    }

    /// Lays `text` as package 1 onto the stick, signed by `keys`.
    fn sign(&self, text: &str, keys: &[&str]) {
        let key = |who: &str| SigningKey::parse(&fs::read_to_string(self.key(who)).unwrap()).unwrap();
        let first = key(keys[0]).sign(text).unwrap();
        let all = keys[1..].iter().fold(first, |note, who| loa::keys::cosign(&note, &key(who)).unwrap());
        fs::write(self.stick().join("1.note"), all).unwrap();
    }

    /// The last thing that became of a package, by the station's log.
    fn last(&self) -> PackageFact {
        facts(&self.station.path("")).pop().unwrap()
    }
}

fn facts(root: &Path) -> Vec<PackageFact> {
    let log = Log::read_only(&root.join("data/log.db")).unwrap();
    let filter = Filter { kinds: vec!["package"], ..Filter::default() };
    let fact = |body| match body {
        Body::Package(fact) => fact,
        other => panic!("{other:?}"),
    };
    log.entries_of(&filter).unwrap().into_iter().map(|entry| fact(entry.body)).collect()
}

/// The revision that would air from the folder `root`; it is approved, whole and by a trusted key.
fn airs(root: &Path, month: ScheduleName) -> u32 {
    let survey = survey(&Folder::open(root).unwrap(), month).unwrap();
    let Standing::Accepted(approval) = survey.standing else { panic!("{:?}", survey.standing) };
    approval.subject.revision
}

fn only(became: &[(String, String)]) -> &str {
    assert_eq!(became.len(), 1, "{became:?}");
    &became[0].1
}

#[test]
fn a_month_comes_on_a_stick_and_airs() {
    let way = Way::new();
    assert_eq!(way.import(), [("1.note".to_owned(), "taken".to_owned())]);
    assert_eq!(airs(&way.station.path(""), way.month()), 1);
    let fact = way.last();
    assert_eq!((fact.act, fact.by.as_str(), fact.what.unwrap().seq), (PackageAct::Taken, "Trực", 1));
    assert_eq!(only(&way.import()), "already");
    // A stick that holds history: only the last of a month counts.
    noise(&way.centre.path("media/2022-03/b.wav"), 1, 9);
    way.issue(2, &["2022-03/a.wav", "2022-03/b.wav"]);
    assert_eq!(way.import(), [("2.note".to_owned(), "taken".to_owned())]);
    assert_eq!(airs(&way.station.path(""), way.month()), 2);
    assert_eq!(facts(&way.station.path("")).len(), 2, "what was here already is no entry");
    // The old stick comes late.
    fs::remove_file(way.stick().join("2.note")).unwrap();
    assert_eq!(only(&way.import()), "package-older");
    assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, "package-older"));
    assert_eq!(airs(&way.station.path(""), way.month()), 2);
    way.station.ok(&["verify"]);
}

/// A good package on the stick that is spoilt in many ways.
struct Spoilt {
    way: Way,
    good: PathBuf,
    /// What was signed.
    text: String,
    manifest: Value,
}

impl Spoilt {
    fn new() -> Spoilt {
        let way = Way::new();
        let good = way.tools.path().join("good");
        copy(&way.stick(), &good);
        let note = fs::read_to_string(good.join("1.note")).unwrap();
        let text = note.split("\n\n").next().unwrap().to_owned() + "\n";
        let manifest = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
        Spoilt { way, good, text, manifest }
    }

    /// The package as `change` leaves it is refused as `expected`, with its entry, and nothing of it has a place.
    fn check(&self, change: impl Fn(), expected: &str) {
        let way = &self.way;
        copy(&self.good, &way.stick());
        change();
        assert_eq!(only(&way.import()), expected);
        assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, expected));
        assert!(!way.station.path(&format!("schedules/{}.toml", way.month())).exists());
        assert!(!way.station.path("media/2022-03").exists(), "{expected}: nothing has a place");
    }

    /// The good one is taken after all.
    fn end(&self) {
        copy(&self.good, &self.way.stick());
        assert_eq!(only(&self.way.import()), "taken");
        assert_eq!(airs(&self.way.station.path(""), self.way.month()), 1);
    }

    /// A field as it stands in the line.
    fn field(&self, name: &str) -> String {
        format!("\"{name}\":{}", self.manifest[name])
    }

    fn window(&self, from: i64, to: i64) -> String {
        let changed =
            self.text.replacen(&self.field("not_before_ms"), &format!("\"not_before_ms\":{from}"), 1);
        changed.replacen(&self.field("not_after_ms"), &format!("\"not_after_ms\":{to}"), 1)
    }
}

#[test]
fn what_was_changed_on_the_way_is_refused_by_name_and_entered() {
    let spoilt = Spoilt::new();
    let (way, stick) = (&spoilt.way, spoilt.way.stick());
    let edit = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(stick.join(name)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(stick.join(name), text.replacen(from, to, 1)).unwrap();
    };
    let audio = stick.join("blobs/sha256").join(spoilt.manifest["files"][0]["sha256"].as_str().unwrap());
    spoilt.check(|| edit("1.note", "\"revision\":1", "\"revision\":2"), "package-signature");
    spoilt.check(|| fs::remove_file(stick.join("1.tlog-proof")).unwrap(), "package-proof-missing");
    spoilt.check(|| edit("1.tlog-proof", "index 1", "index 01"), "package-proof-malformed");
    spoilt.check(|| fs::remove_file(&audio).unwrap(), "package-file-missing");
    spoilt.check(
        || {
            let mut bytes = fs::read(&audio).unwrap();
            bytes[5000] ^= 1;
            fs::write(&audio, bytes).unwrap();
        },
        "package-changed",
    );
    // The stick was pulled while it was written.
    spoilt.check(
        || fs::OpenOptions::new().write(true).open(&audio).unwrap().set_len(1000).unwrap(),
        "package-changed",
    );
    spoilt.check(
        || {
            fs::remove_file(&audio).unwrap();
            std::os::unix::fs::symlink("/dev/zero", &audio).unwrap();
        },
        "package-file-odd",
    );
    spoilt.check(|| fs::rename(stick.join("1.note"), stick.join("7.note")).unwrap(), "package-number");
    spoilt.check(|| edit("1.tlog-proof", "loa/centre/", "loa/centrx/"), "package-proof-foreign");
    spoilt.check(|| way.sign(&spoilt.text, &["editor"]), "package-editor-alone");
    spoilt.check(|| way.sign(&spoilt.text, &["approver", "stranger"]), "package-editor-missing");
    spoilt.check(|| way.sign(&spoilt.text, &["stranger"]), "package-key-unknown");
    spoilt.end();
}

#[test]
fn what_editor_and_approver_sign_by_mistake_is_refused_as_well() {
    let spoilt = Spoilt::new();
    let way = &spoilt.way;
    for (from, to, expected) in [
        (spoilt.field("not_after_ms"), "\"not_after_ms\":1700000000000".to_owned(), "package-value"),
        (spoilt.field("not_before_ms"), "\"not_before_ms\":4000000000000".to_owned(), "package-value"),
        (spoilt.field("issued_ms"), "\"issued_ms\":1700000000000".to_owned(), "package-proof-other"),
        (spoilt.field("channel"), "\"channel\":\"binh-dinh\"".to_owned(), "package-channel"),
        (spoilt.field("trust"), "\"trust\":9".to_owned(), "package-trust-newer"),
        (spoilt.field("trust"), spoilt.field("trust") + ",\"urgent\":true", "package-unknown-field"),
        (spoilt.field("trust"), spoilt.field("trust") + ",\"trust\":1", "package-duplicate-field"),
        ("\"file\":\"2022-03/".to_owned(), "\"file\":\"../".to_owned(), "package-path"),
        ("\"file\":\"2022-03/".to_owned(), "\"file\":\"/etc/".to_owned(), "package-path"),
        ("loa package v1".to_owned(), "loa package v2".to_owned(), "package-header"),
    ] {
        assert!(spoilt.text.contains(&from), "{from}");
        let changed = spoilt.text.replacen(&from, &to, 1);
        spoilt.check(|| way.sign(&changed, &["editor", "approver"]), expected);
    }
    let (past, future) = (
        spoilt.window(1_600_000_000_000, 1_700_000_000_000),
        spoilt.window(4_000_000_000_000, 4_100_000_000_000),
    );
    spoilt.check(|| way.sign(&past, &["editor", "approver"]), "package-expired");
    spoilt.check(|| way.sign(&future, &["editor", "approver"]), "package-not-yet");
    spoilt.end();
    // The centre signs another package of the same number: both are kept.
    way.sign(&spoilt.window(1_600_000_000_000, 4_100_000_000_000), &["editor", "approver"]);
    assert_eq!(only(&way.import()), "package-fork");
    assert_eq!(fs::read_dir(way.station.path("data/packages/fork")).unwrap().count(), 1);
    assert_eq!(airs(&way.station.path(""), way.month()), 1);
    way.station.ok(&["verify"]);
}

#[test]
fn a_package_is_for_others_or_lies_over_other_audio() {
    let way = Way::new();
    let sign = ["--key", &way.key("editor"), "--key", &way.key("approver")];
    let to_others = [&sign[..], &["--station", "pho-minh", "--station", "pho-thanh"]].concat();
    assert!(way.pack(&to_others).status.success());
    assert_eq!(only(&way.import()), "package-other-station");
    assert!(way.pack(&sign).status.success());
    noise(&way.station.path("media/2022-03/a.wav"), 1, 77);
    let own = fs::read(way.station.path("media/2022-03/a.wav")).unwrap();
    assert_eq!(only(&way.import()), "package-other-audio");
    assert_eq!(fs::read(way.station.path("media/2022-03/a.wav")).unwrap(), own);
}

#[test]
fn answers_keep_their_shapes() {
    let way = Way::new();
    let stick = way.stick().display().to_string();
    let trust = way.centre.path("data/packages/trust/1.note").display().to_string();
    let other = Station::new(&[]);
    hold("trust", &other.json(&["trust", "accept", &trust, "--by", "Trực"])[0]);
    let (month, editor, approver) = (way.month().to_string(), way.key("editor"), way.key("approver"));
    let pack = ["pack", &month, "-o", &stick, "--key", &editor];
    hold("pack-waiting", &way.centre.json(&pack)[0]);
    hold("pack", &way.centre.json(&[&pack[..], &["--key", &approver]].concat())[0]);
    hold("import", &way.station.json(&["import", &stick])[0]);
    fs::remove_file(way.stick().join("2.note")).unwrap();
    hold("import-refused", &way.station.json(&["import", &stick])[0]);
}

#[test]
fn editor_and_approver_sign_each_at_their_time() {
    let way = Way::new();
    let editor = way.pack(&["--key", &way.key("editor")]);
    assert!(editor.status.success());
    assert!(String::from_utf8_lossy(&editor.stdout).contains("Signatures are missing"));
    assert!(!way.stick().join("2.note").exists(), "nothing is issued yet");
    // What is approved meanwhile is another month: the signature of before does not stand for it.
    way.centre.issue(2, &["2022-03/a.wav"], &way.slots);
    assert!(way.pack(&["--key", &way.key("approver")]).status.success());
    assert!(!way.stick().join("2.note").exists());
    assert!(way.pack(&["--key", &way.key("editor")]).status.success());
    assert!(way.stick().join("2.note").exists());
    assert_eq!(only(&way.import()), "taken");
    assert_eq!(airs(&way.station.path(""), way.month()), 2);
    let alone = way.pack(&["--key", &way.key("stranger")]);
    assert_eq!(alone.status.code(), Some(1), "{}", String::from_utf8_lossy(&alone.stderr));
}

#[test]
fn a_running_station_takes_a_month_at_once() {
    let way = Way::new();
    let daemon = way.station.daemon_alone();
    assert_eq!(only(&way.import()), "taken");
    daemon.until("knows the slot", |status| status["next"].is_object());
    fs::remove_file(way.stick().join("1.tlog-proof")).unwrap();
    assert_eq!(only(&way.import()), "already");
    daemon.end();
    way.station.ok(&["verify"]);
}

#[test]
fn keys_change_by_the_word_of_the_old_roots() {
    let way = Way::new();
    way.import();
    way.centre.ok(&["key", "new", "editor-2", "-o", &way.key("editor-2")]);
    let (editor, approver) = (way.public("editor-2"), way.public("approver"));
    let root = way.public("root");
    let mut new = vec!["trust", "new", "--editor", &editor, "--approver", &approver, "--root", &root];
    let key = way.key("root");
    new.extend(["--until", "2099-12-31", "--key", &key]);
    way.centre.ok(&new);
    way.centre.issue(2, &["2022-03/a.wav"], &way.slots);
    assert!(way.pack(&["--key", &way.key("editor"), "--key", &way.key("approver")]).status.success());
    assert!(!way.stick().join("2.note").exists(), "the editor of before counts no more");
    assert!(way.pack(&["--key", &way.key("editor-2"), "--key", &way.key("approver")]).status.success());
    let taken = |file: &str| (file.to_owned(), "taken".to_owned());
    assert_eq!(way.import(), [taken("trust/2.note"), taken("2.note")]);
    assert_eq!(airs(&way.station.path(""), way.month()), 2);
}

#[test]
fn the_power_may_go_at_every_change_of_an_import() {
    let way = Way::new();
    way.import();
    noise(&way.centre.path("media/2022-03/b.wav"), 1, 9);
    way.issue(2, &["2022-03/a.wav", "2022-03/b.wav"]);
    let library = library(way.tools.path());
    let (kept, work) = (way.tools.path().join("kept"), way.tools.path().join("work/station"));
    copy(&way.station.path(""), &kept);
    copy(&kept, &work);
    let import = |fault: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
        command.arg("import").arg(way.stick()).args(["--by", "Trực"]).arg("--dir").arg(&work);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(fault) = fault {
            command.env("LD_PRELOAD", &library).env("LOA_FAULT_ROOT", &work).env("LOA_FAULT", fault);
        }
        command.status().unwrap().success()
    };
    assert!(import(Some("count:0")));
    let changes: u32 = fs::read_to_string(work.join("../changes")).unwrap().trim().parse().unwrap();
    let (mut old, mut new) = (0, 0);
    for n in 0..changes {
        for mode in ["kill", "power"] {
            let fault = format!("{mode}:{n}:{}", n * 7 + old);
            copy(&kept, &work);
            let told = import(Some(&fault));
            let revision = airs(&work, way.month());
            assert!(revision == 2 || (revision == 1 && !told), "{fault}: {revision}, told {told}");
            *(if revision == 2 { &mut new } else { &mut old }) += 1;
            assert!(import(None), "{fault}: the next import goes on from there");
            assert_eq!(airs(&work, way.month()), 2, "{fault}");
            let taken = facts(&work).into_iter().filter(|fact| fact.act == PackageAct::Taken);
            let seqs: Vec<u64> = taken.map(|fact| fact.what.unwrap().seq).collect();
            assert_eq!(seqs, [1, 2], "{fault}: entered once");
        }
    }
    println!("{changes} changes, {old} times the month before and {new} times the new one");
    assert!(old > 20 && new > 0, "{old} {new}: both sides of the change were cut");
}
