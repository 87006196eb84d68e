//! Every way in which a package is refused by the real binary: by its name, with its entry, and with nothing of it in its
//! place.

use std::{fs, path::PathBuf, process::Command};

use chrono::Utc;
use loa::{
    clock::System,
    evidence::{AnchorFact, Body, PackageAct},
    keys::SigningKey,
    package::Manifest,
    programme::{Approval, ApprovalSubject, Release},
    store::Log,
};
use serde_json::Value;

use super::support::{
    station::{Station, copy, noise},
    way::{Way, airs, facts, only},
};

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
        (spoilt.field("trust"), spoilt.field("trust") + ",\"until\":true", "package-unknown-field"),
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

/// An approval of `subject` by the key of `who`.
fn approval(way: &Way, subject: &ApprovalSubject, who: &str) -> Vec<u8> {
    let release = Release {
        by: "Lãnh đạo".into(),
        document: "1/PD".into(),
        editor: "Biên tập".into(),
        self_approved: false,
        at: Utc::now(),
    };
    Approval::sign(subject, &release, &way.signer(who)).unwrap().into_bytes()
}

#[test]
fn what_a_whole_centre_says_wrongly_is_refused() {
    let spoilt = Spoilt::new();
    let way = &spoilt.way;
    let good = way.manifest(1);
    let schedule = fs::read_to_string(way.stick().join(format!("blobs/sha256/{}", good.schedule.sha256)));
    let schedule = schedule.unwrap();
    spoilt.check(|| way.issue_as(&Manifest { revision: 2, ..good.clone() }), "package-approval-other");
    let issue = |schedule: &str, files: &[_], who| {
        let part = way.lay(schedule.as_bytes());
        let manifest = Manifest { schedule: part, files: files.to_vec(), ..good.clone() };
        let subject = ApprovalSubject::new(good.month, 1, part.sha256, manifest.digests());
        let approval = way.lay(&approval(way, &subject, who));
        way.issue_as(&Manifest { approval: Some(approval), ..manifest });
    };
    let wards = schedule.replace("source = \"town\"", "source = \"ward\"");
    spoilt.check(|| issue(&wards, &good.files, "approver"), "package-schedule");
    spoilt.check(|| issue("format = 1", &good.files, "approver"), "package-schedule");
    spoilt.check(|| issue(&schedule, &good.files, "stranger"), "approval-untrusted");
    spoilt.check(|| issue(&schedule, &good.files, "editor"), "approval-untrusted");
    let mut more = good.files.clone();
    more.push(loa::package::FileFact { file: "2022-03/b.wav".into(), ..more[0].clone() });
    spoilt.check(|| issue(&schedule, &more, "approver"), "package-approval-other");
    spoilt.end();
}

#[test]
fn what_people_approved_at_the_station_is_not_set_back() {
    let way = Way::new();
    noise(&way.station.path("media/2022-03/a.wav"), 1, 1);
    way.station.issue(3, &["2022-03/a.wav"], &way.slots);
    assert_eq!(only(&way.import()), "package-revision");
    assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, "package-revision"));
    assert_eq!(airs(&way.station.path(""), way.month()), 3);
}

#[test]
fn a_centre_that_tells_two_stories_is_shown_with_both() {
    let way = Way::new();
    assert_eq!(only(&way.import()), "taken");
    let (data, kept) = (way.centre.path("data"), way.tools.path().join("kept"));
    copy(&data, &kept);
    way.issue(2, &["2022-03/a.wav"]);
    assert_eq!(only(&way.import()), "taken");
    // The centre goes on from an older copy of its log: of the same length, and of other content.
    copy(&kept, &data);
    way.issue_as(&Manifest { seq: 3, ..way.manifest(2) });
    assert_eq!(only(&way.import()), "package-log-fork");
    assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, "package-log-fork"));
    assert_eq!(fs::read_dir(way.station.path("data/packages/fork")).unwrap().count(), 1);
    assert_eq!(airs(&way.station.path(""), way.month()), 2);
}

#[test]
fn a_centre_whose_log_is_lost_with_its_key_issues_what_its_stations_take() {
    let way = Way::new();
    assert_eq!(only(&way.import()), "taken");
    way.issue(2, &["2022-03/a.wav"]);
    assert_eq!(only(&way.import()), "taken");
    // What was issued came back, and people have their keys.
    for gone in ["programme.db", "programme.high", "keys/programme.key", "keys/programme.pub"] {
        fs::remove_file(way.centre.path("data").join(gone)).unwrap();
    }
    way.new_trust();
    way.issue(3, &["2022-03/a.wav"]);
    assert_eq!(way.manifest(3).trust, 2, "the number goes on");
    let taken = |file: &str| (file.to_owned(), "taken".to_owned());
    assert_eq!(way.import(), [taken("trust/2.note"), taken("3.note")]);
    assert_eq!(airs(&way.station.path(""), way.month()), 3);
    // A log that grew as long as the lost one was contradicts it in nothing.
    way.issue(4, &["2022-03/a.wav"]);
    assert_eq!(only(&way.import()), "taken");
    assert_eq!(airs(&way.station.path(""), way.month()), 4);
}

#[test]
fn trust_files_that_do_not_follow_are_refused_and_entered() {
    let way = Way::new();
    assert_eq!(only(&way.import()), "taken");
    let path = way.stick().join("trust/2.note");
    let refused = |expected: &str| {
        let before = facts(&way.station.path("")).len();
        let pair = |file: &str, became: &str| (file.to_owned(), became.to_owned());
        assert_eq!(way.import(), [pair("trust/2.note", expected), pair("1.note", "already")]);
        assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, expected));
        assert_eq!(facts(&way.station.path("")).len(), before + 1);
        // The same by a person's word; the same refusal of the same bytes is one entry.
        let accept = ["trust", "accept", path.to_str().unwrap(), "--by", "Trực"];
        assert_eq!(way.station.run(&accept).status.code(), Some(1), "{expected}");
        assert_eq!(facts(&way.station.path("")).len(), before + 1);
        assert!(!way.station.path("data/packages/trust/2.note").exists());
    };
    way.next_trust(|_| (), &["stranger"]);
    refused("trust-threshold");
    way.next_trust(|trust| trust.roots = vec![way.signer("stranger").public().clone()], &["stranger"]);
    refused("trust-threshold");
    way.next_trust(|trust| trust.version = 3, &["root"]);
    refused("trust-version");
    way.next_trust(|trust| trust.channel = "binh-dinh".into(), &["root"]);
    refused("package-channel");
    fs::write(&path, "rác\n\nrác").unwrap();
    refused("package-header");
    // By a person's word alone.
    way.next_trust(|trust| trust.version = 4, &["root"]);
    let accept = ["trust", "accept", path.to_str().unwrap(), "--by", "Lãnh đạo"];
    let said = way.station.run(&accept);
    assert!(String::from_utf8_lossy(&said.stderr).contains("does not follow"));
    assert_eq!((way.last().by.as_str(), way.last().reason.as_str()), ("Lãnh đạo", "trust-version"));
    way.station.ok(&["verify"]);
}

#[test]
fn a_trust_file_runs_out_and_revokes() {
    let way = Way::new();
    let pair = |file: &str, became: &str| (file.to_owned(), became.to_owned());
    way.next_trust(
        |trust| {
            trust.expires_ms = 1_600_000_000_000;
            trust.editors = vec![way.signer("stranger").public().clone()];
        },
        &["root"],
    );
    let text = way.manifest(1).text().unwrap();
    way.sign(&text, &["editor"]);
    assert_eq!(way.import(), [pair("trust/2.note", "taken"), pair("1.note", "package-key-revoked")]);
    assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, "package-key-revoked"));
    way.sign(&text, &["stranger", "approver"]);
    assert_eq!(only(&way.import()), "trust-expired");
    assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, "trust-expired"));
    assert!(!way.station.path(&format!("schedules/{}.toml", way.month())).exists());
}

#[test]
fn a_clock_that_was_set_back_revives_nothing() {
    let way = Way::new();
    let good = way.manifest(1);
    // Within its month, and before a witness's word.
    let at = good.not_after_ms / 1000 + 1;
    let key = SigningKey::parse(&fs::read_to_string(way.station.path("data/keys/station.key")).unwrap());
    let mut log = Log::open(&way.station.path("data/log.db"), key.unwrap()).unwrap();
    let anchor = |time: i64| {
        let (by, signature) = ("trung-tam".into(), String::new());
        Body::Anchor(Box::new(AnchorFact {
            size: 1,
            root: good.schedule.sha256,
            by,
            time: u64::try_from(time).unwrap(),
            signature,
        }))
    };
    let clk = || loa::control::clk(&System::new(), chrono_tz::Asia::Ho_Chi_Minh);
    log.append(&[(clk(), anchor(at))]).unwrap();
    drop(log);
    assert_eq!(only(&way.import()), "package-expired");
    assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, "package-expired"));
    // A package that was issued later is the later word as well.
    let late = Manifest { seq: 2, issued_ms: good.issued_ms + 1000, ..good.clone() };
    let until = |ms| Manifest { not_after_ms: ms, ..late.clone() };
    way.issue_as(&until(4_000_000_000_000));
    assert_eq!(way.import(), [("2.note".to_owned(), "taken".to_owned())]);
}

#[test]
fn a_flood_of_refusals_does_not_fill_the_log() {
    let way = Way::new();
    let daemon = way.station.daemon_alone();
    let rubbish = way.tools.path().join("rubbish");
    let refusals = || facts(&way.station.path("")).len();
    for round in 0..7 {
        let _ = fs::remove_dir_all(&rubbish);
        fs::create_dir_all(&rubbish).unwrap();
        for n in 1..=30 {
            fs::write(rubbish.join(format!("{n}.note")), format!("rác {round} {n}")).unwrap();
        }
        let told = way.import_from(&rubbish);
        assert!(told.len() == 20 && told.iter().all(|(_, code)| code == "package-key-unknown"), "{told:?}");
        let entered = refusals();
        way.import_from(&rubbish);
        assert_eq!(refusals(), entered, "the same again is no entry");
    }
    let facts = facts(&way.station.path(""));
    assert_eq!(facts.len(), 101, "a hundred by their names, and that there were more");
    assert!(facts[..100].iter().all(|fact| fact.reason == "package-key-unknown"));
    assert_eq!(facts[100].reason, "package-flood");
    // The newest are looked at first.
    let good = way.stick();
    for n in 101..=130 {
        fs::write(good.join(format!("{n}.note")), format!("rác {n}")).unwrap();
    }
    let told = way.import();
    assert_eq!(
        (told.len(), told[20].1.as_str()),
        (21, "taken"),
        "what is good comes in all the same: {told:?}"
    );
    assert_eq!(way.last().act, PackageAct::Taken);
    let many = way.tools.path().join("many");
    fs::create_dir_all(&many).unwrap();
    for n in 1..=2001 {
        fs::write(many.join(format!("{n}.note")), "").unwrap();
    }
    let said = way.station.run(&["import", many.to_str().unwrap()]);
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("more than 2000 packages"));
    daemon.end();
    way.station.ok(&["verify"]);
}

/// Everything that lies below `data/` for an import.
fn staged(station: &Station) -> usize {
    let entries = fs::read_dir(station.path("data")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("import-")).count()
}

#[test]
fn a_container_lies_and_nothing_of_it_comes_out() {
    let way = Way::new();
    let tar = way.tools.path().join("gói.tar");
    let wrap = |args: &[&str]| {
        let mut tars = Command::new("tar");
        tars.arg("-cf").arg(&tar).arg("-C").arg(way.stick()).args(args);
        assert!(tars.status().unwrap().success());
    };
    let refused = |expected: &str, sentence: &str| {
        let said = way.station.run(&["import", tar.to_str().unwrap(), "--by", "Trực"]);
        let words = String::from_utf8_lossy(&said.stderr).into_owned();
        assert_eq!(said.status.code(), Some(1), "{expected}: {words}");
        assert!(words.contains(sentence), "{expected}: {words}");
        assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, expected));
        assert_eq!((way.last().by.as_str(), way.last().what), ("Trực", None));
        assert_eq!(staged(&way.station), 0, "{expected}");
        assert!(!way.station.path("media/2022-03").exists(), "{expected}");
    };
    wrap(&["--transform", "s,^1.note,../../../etc/1.note,", "-P", "1.note"]);
    refused("package-tar-path", "belongs to no package");
    wrap(&["--transform", "s,^,stick/,", "1.note"]);
    refused("package-tar-path", "stick/1.note");
    std::os::unix::fs::symlink("/etc/passwd", way.stick().join("9.note")).unwrap();
    wrap(&["9.note"]);
    refused("package-tar-kind", "no plain file");
    fs::remove_file(way.stick().join("9.note")).unwrap();
    wrap(&["--hard-dereference", "1.note", "./1.note"]);
    refused("package-tar-twice", "twice");
    wrap(&["--format=pax", "--pax-option=path=../x", "1.note"]);
    refused("package-tar-kind", "no plain file");
    wrap(&["."]);
    let whole = fs::read(&tar).unwrap();
    fs::write(&tar, &whole[..whole.len() / 2]).unwrap();
    refused("package-tar-malformed", "damaged");
    fs::write(&tar, "rác".repeat(1000)).unwrap();
    refused("package-tar-malformed", "damaged");
    fs::write(&tar, &whole).unwrap();
    assert_eq!(only(&way.import_from(&tar)), "taken", "as any tar program wraps it");
    assert_eq!(airs(&way.station.path(""), way.month()), 1);
    assert_eq!(staged(&way.station), 0);
}
