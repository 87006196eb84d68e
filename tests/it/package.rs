//! A month on its way from a centre to a station by the real binary: taken, and cut by the power.

use std::{
    fs,
    process::{Command, Stdio},
};

use loa::evidence::PackageAct;

use super::json::hold;
use super::support::{
    faults::library,
    station::{Station, copy, noise},
    way::{Way, airs, facts, only},
};

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

#[test]
fn a_stick_may_be_pulled_at_every_read_of_an_import() {
    let way = Way::new();
    way.import();
    noise(&way.centre.path("media/2022-03/b.wav"), 1, 9);
    way.issue(2, &["2022-03/a.wav", "2022-03/b.wav"]);
    let (library, stick) = (library(way.tools.path()), way.stick().canonicalize().unwrap());
    let (kept, work) = (way.tools.path().join("kept"), way.tools.path().join("work/station"));
    copy(&way.station.path(""), &kept);
    let import = |reads: Option<u32>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
        command.arg("import").arg(way.stick()).args(["--by", "Trực"]).arg("--dir").arg(&work);
        if let Some(reads) = reads {
            command.env("LD_PRELOAD", &library).env("LOA_PULLED", format!("{reads}:{}", stick.display()));
        }
        command.output().unwrap()
    };
    let mut cuts = 0;
    loop {
        copy(&kept, &work);
        let told = import(Some(cuts));
        let revision = airs(&work, way.month());
        if told.status.success() && revision == 2 {
            break;
        }
        let said = String::from_utf8_lossy(&told.stderr);
        assert!(!told.status.success() && !said.is_empty(), "{cuts}: {told:?}");
        assert_eq!(revision, 1, "{cuts}: the month of before airs");
        assert!(import(None).status.success(), "{cuts}: the next import takes it");
        assert_eq!(airs(&work, way.month()), 2, "{cuts}");
        let taken = facts(&work).into_iter().filter(|fact| fact.act == PackageAct::Taken);
        let seqs: Vec<u64> = taken.map(|fact| fact.what.unwrap().seq).collect();
        assert_eq!(seqs, [1, 2], "{cuts}: entered once");
        cuts += 1;
        assert!(cuts < 1000, "it never comes to an end");
    }
    println!("{cuts} reads of the stick");
    assert!(cuts > 8, "{cuts}");
}

#[test]
fn a_package_goes_as_one_file() {
    let way = Way::new();
    let tar = way.tools.path().join("gói tháng.tar").display().to_string();
    let (month, editor, approver) = (way.month().to_string(), way.key("editor"), way.key("approver"));
    way.centre.ok(&["pack", &month, "--tar", &tar, "--key", &editor, "--key", &approver]);
    let listed = Command::new("tar").args(["-tf", &tar]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.starts_with("2.note\n2.tlog-proof\ntrust/1.note\nblobs/sha256/"), "{listed}");
    assert_eq!(way.import_from(tar.as_ref()), [("2.note".to_owned(), "taken".to_owned())]);
    assert_eq!(airs(&way.station.path(""), way.month()), 1);
    assert_eq!(only(&way.import_from(tar.as_ref())), "already");
    let left = |station: &Station| {
        let entries = fs::read_dir(station.path("data")).unwrap();
        entries.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("import-")).count()
    };
    assert_eq!((left(&way.centre), left(&way.station)), (0, 0));
    // What an import that was killed leaves behind goes with the next start.
    fs::create_dir_all(way.station.path("data/import-x/blobs")).unwrap();
    fs::write(way.station.path("data/import-x/blobs/rest"), "rest").unwrap();
    way.station.daemon_alone().end();
    assert_eq!(left(&way.station), 0);
}

#[test]
fn whose_approvals_count_follows_the_trust_file_and_old_entries_keep_theirs() {
    let way = Way::new();
    let accepted = |digest: &str| ["\"kind\":\"schedule.accept\"", "\"revision\":", digest].map(String::from);
    assert!(
        !fs::read_to_string(way.station.path("config/station.toml"))
            .unwrap()
            .contains(&way.public("approver"))
    );
    assert_eq!(only(&way.import()), "taken");
    let daemon = way.station.daemon_alone();
    let [kind, revision, _] = accepted("");
    daemon.until_entered(&[&kind, &format!("{revision}1")]);
    way.station.ok(&["verify"]);
    // Another approves at the centre from now on.
    let (root, heir) = (way.key("root"), way.key("stranger"));
    let keys = [way.public("editor"), way.public("stranger"), way.public("root")];
    let mut new = vec!["trust", "new", "--editor", &keys[0], "--approver", &keys[1], "--root", &keys[2]];
    new.extend(["--until", "2099-12-31", "--key", &root]);
    way.centre.ok(&new);
    let trust = way.centre.path("data/packages/trust/2.note").display().to_string();
    way.station.ok(&["trust", "accept", &trust, "--by", "Trực"]);
    daemon.until_entered(&["\"kind\":\"schedule.refuse\"", "approval-untrusted"]);
    way.station.ok(&["verify"]);
    way.centre.issue(2, &["2022-03/a.wav"], &way.slots);
    let month = way.month().to_string();
    way.centre.ok(&["approve", &month, "--by", "Phó", "--document", "2/PD", "--key", &heir]);
    assert!(way.pack(&["--key", &way.key("editor"), "--key", &heir]).status.success());
    assert_eq!(only(&way.import()), "taken");
    daemon.until_entered(&[&kind, &format!("{revision}2")]);
    daemon.end();
    // Each approval counts by the keys that were trusted at its entry, for the log and for a part of it alike.
    way.station.ok(&["verify"]);
    let bundle = way.tools.path().join("bundle.zip").display().to_string();
    way.station.ok(&["export", "-o", &bundle]);
    way.station.ok(&["verify", &bundle]);
}
