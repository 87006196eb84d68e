//! The real binary from outside, without a daemon: exit codes, what stands on which stream, what is left on
//! disk.

use std::{fs, process::Output};

use chrono::Utc;
use serde_json::Value;

use super::support::station::{Station, forge, in_seconds, leaf};

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A station whose month has slots in the past only, approved.
fn past() -> (Station, String, Vec<String>) {
    let mut station = Station::new(&[("a.wav", 2), ("b.wav", 1)]);
    let slots = station.schedule(
        &["a.wav", "b.wav"],
        &["2022-03-01T10:00:00Z", "2022-03-01T22:30:00Z", "2022-03-05T22:30:00Z"]
            .map(|at| at.parse().unwrap()),
    );
    station.approve();
    (station, "2022-03".into(), slots)
}

/// What a command says of a bare folder.
fn run_in(folder: &std::path::Path, args: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_loa"));
    command.args(args).arg("--dir").arg(folder).args(["--lang", "en"]).output().unwrap()
}

#[test]
fn every_verb_ends_with_the_code_of_its_answer() {
    let (station, month, slots) = past();
    let slot = slots[0].as_str();
    let month = month.as_str();
    for (args, wanted) in [
        // Usage: 2.
        (&["frobnicate"][..], 2),
        (&["check", "2022-13"], 2),
        (&["approve", month], 2),
        (&["cancel", "2022-03/cchc", "--reason", "x"], 2),
        (&["correct", "seven", "--text", "x"], 2),
        (&["check", "--frobnicate"], 2),
        // Answers and help: 0.
        (&["--help"], 0),
        (&["--version"], 0),
        (&["check", "--help"], 0),
        (&["check"], 0),
        (&["check", month], 0),
        (&["log"], 0),
        (&["log", "--from", "2022-03-01", "--to", "2022-03-02", "--outcome", "full"], 0),
        (&["status"], 0),
        (&["verify"], 0),
        // What was typed cannot be meant: 2.
        (&["log", "--from", "yesterday"], 2),
        (&["log", "--outcome", "grand"], 2),
        (&["stop", "--reason", "x", "--hold-until", "teatime"], 2),
        (&["air", month, "cchc", "--output", "loudspeaker"], 2),
        // The answer is no: 1.
        (&["check", "2031-01"], 1),
        (&["approve", "2031-01", "--by", "A"], 1),
        (&["copy", month, month], 1),
        (&["copy", "2031-01", "2031-02"], 1),
        (&["init"], 1),
        (&["rehearse", "2031-01"], 1),
        (&["cancel", slot, "--reason", "x"], 1),
        (&["release"], 1),
    ] {
        let output = station.run(args);
        assert_eq!(code(&output), wanted, "loa {args:?}: {} {}", out(&output), err(&output));
    }
}

#[test]
fn a_folder_that_is_none_is_a_wrong_configuration() {
    let empty = tempfile::tempdir().unwrap();
    for verb in ["check", "status", "log", "verify", "run", "release"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_loa"));
        let output = command.args([verb, "--lang", "en", "--dir"]).arg(empty.path()).output().unwrap();
        assert_eq!(code(&output), 2, "loa {verb:?}: {} {}", out(&output), err(&output));
        assert!(out(&output).contains("config/station.toml"), "{}", out(&output));
    }
}

#[test]
fn settings_with_faults_name_them_all_at_once() {
    let station = Station::new(&[]);
    station.set("id = \"pho-hoa\"\nunit = \"pho-hoa\"\nzone = \"Asia/Hanoi\"\n[output]\ndevise = \"x\"\n");
    let output = station.run(&["check"]);
    assert_eq!(code(&output), 2);
    let text = out(&output);
    assert!(text.contains("Asia/Hanoi") && text.contains("devise") && text.contains("device"), "{text}");
    assert!(text.contains("config/station.toml:3"), "{text}");
}

#[test]
fn init_makes_what_is_missing_once_and_never_a_second_log() {
    let station = Station::new(&[]);
    let log = fs::read(station.path("data/log.db")).unwrap();
    let key = fs::read(station.path("data/keys/station.key")).unwrap();
    let output = station.run(&["init"]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("already stands"), "{}", err(&output));
    assert_eq!(fs::read(station.path("data/log.db")).unwrap(), log);
    assert_eq!(fs::read(station.path("data/keys/station.key")).unwrap(), key);
    // A log that is gone does not make room for a new one while its key stands.
    fs::remove_file(station.path("data/log.db")).unwrap();
    assert_eq!(code(&station.run(&["init"])), 1);
}

#[test]
fn a_station_is_called_by_its_own_name_from_the_first_entry() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run_in(folder.path(), args);
    // What cannot be an id leaves nothing behind.
    assert_eq!(code(&run(&["init", "--id", "Phường Trà Câu"])), 2);
    assert!(!folder.path().join("config").exists());
    assert_eq!(code(&run(&["init", "--id", "phuong-tra-cau"])), 0);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("data/keys/station.pub").starts_with("loa/station/phuong-tra-cau/1+"));
    assert!(read("data/keys/approval.pub").starts_with("phuong-tra-cau/duyet+"));
    assert!(!read("config/station.toml").contains("phuong-duc-pho"));
    // The unit starts loa where the station lies.
    let here = folder.path().canonicalize().unwrap();
    let command = format!("ExecStart=/usr/local/bin/loa run --dir {}\n", here.display());
    assert!(read("config/loa.service").contains(&command));
    assert!(out(&run(&["doctor"])).contains("Log and keys: good"), "{}", out(&run(&["doctor"])));
    // Settings that say another id than the log are named, with the way back.
    let other = read("config/station.toml").replace("id   = \"phuong-tra-cau\"", "id   = \"pho-an\"");
    fs::write(folder.path().join("config/station.toml"), other).unwrap();
    let said = out(&run(&["doctor"]));
    assert!(said.contains("loa/station/phuong-tra-cau/1") && said.contains("loa init --id pho-an"), "{said}");
}

#[test]
fn a_centre_is_called_by_its_own_name_and_settings_of_another_stand() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run_in(folder.path(), args);
    let made = run(&["init", "--centre", "--id", "quang-ngai"]);
    assert!(out(&made).contains("loa/centre/quang-ngai+"), "{}", out(&made));
    assert_eq!(code(&run(&["init", "--centre", "--id", "quang-ngai"])), 0);
    assert_eq!(code(&run(&["init", "--centre", "--id", "pho-an"])), 1);
    fs::remove_dir_all(folder.path().join("data")).unwrap();
    let refused = run(&["init", "--id", "pho-an"]);
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("`quang-ngai`"), "{}", err(&refused));
    assert!(!folder.path().join("data/log.db").exists());
}

#[test]
fn a_fresh_folder_holds_everything_and_checks_clean() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run_in(folder.path(), args);
    assert_eq!(code(&run(&["init"])), 0);
    for name in ["config/station.toml", "config/plan-2022.toml", "data/log.db", "schedules", "media"] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
    for name in ["data/keys/station.key", "data/keys/approval.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(code(&run(&["verify"])), 0);
    assert_eq!(code(&run(&["status"])), 0);
    assert_eq!(code(&run(&["check"])), 1, "no month, nothing ready");
}

#[test]
fn a_copy_is_an_unapproved_draft() {
    let (station, ..) = past();
    assert!(station.ok(&["copy", "2022-03", "2022-02"]).contains("schedules/2022-02.toml"));
    let text = fs::read_to_string(station.path("schedules/2022-02.toml")).unwrap();
    assert!(text.contains("2022-02-02T05:30:00") && !text.contains("2022-03"), "{text}");
    let output = station.run(&["check", "2022-02"]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains("NOT READY") && out(&output).contains("approval"), "{}", out(&output));
    assert_eq!(code(&station.run(&["copy", "2022-03", "2022-02"])), 1, "a draft is never overwritten");
}

#[test]
fn only_a_trusted_key_approves() {
    let (station, month, _) = past();
    let approval = station.path("schedules/2022-03.approval");
    fs::remove_file(&approval).unwrap();
    let other = Station::new(&[]);
    let key = other.path("data/keys/approval.key").display().to_string();
    let output = station.run(&["approve", &month, "--by", "A", "--key", &key]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("does not trust"), "{}", err(&output));
    assert!(!approval.exists(), "nothing is left behind");
    let output = station.run(&["approve", &month, "--by", "A", "--key", "/nowhere/a.key"]);
    assert_eq!(code(&output), 3, "{}", err(&output));
    assert!(err(&output).contains("/nowhere/a.key"), "{}", err(&output));
    station.approve();
    station.ok(&["check", &month]);
}

#[test]
fn a_changed_schedule_or_file_is_ready_no_more() {
    let (station, month, _) = past();
    fs::copy(station.path("media/b.wav"), station.path("media/a.wav")).unwrap();
    let changed = station.json(&["check", &month]).remove(0);
    assert_eq!(
        (&changed["ready"], codes(&changed)),
        (&false.into(), vec!["approval-file-changed".to_owned()])
    );
    station.approve();
    let path = station.path("schedules/2022-03.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("Thử", "Thử nữa")).unwrap();
    let changed = station.json(&["check", &month]).remove(0);
    assert_eq!(codes(&changed), ["approval-schedule"]);
}

/// The codes of a report's errors.
fn codes(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let errors = findings.filter(|finding| finding["severity"] == "error");
    errors.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_unknown_key_is_refused_by_name_with_the_nearest() {
    let (station, month, _) = past();
    let path = station.path("schedules/2022-03.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("announcer", "anouncer")).unwrap();
    let output = station.run(&["check", &month]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains("`anouncer`") && out(&output).contains("`announcer`"), "{}", out(&output));
    assert!(out(&output).contains("schedules/2022-03.toml:"), "{}", out(&output));
    assert_eq!(
        code(&station.run(&["approve", &month, "--by", "A"])),
        1,
        "what cannot be read is not approved"
    );
}

#[test]
fn json_is_all_that_stands_on_standard_output() {
    let (station, month, _) = past();
    fs::remove_file(station.path("media/b.wav")).unwrap();
    for (args, wanted) in [
        (&["check", month.as_str()][..], 1),
        (&["log"], 0),
        (&["status"], 0),
        (&["verify"], 0),
        (&["init"], 1),
        (&["release"], 1),
        (&["copy", &month, "2022-02"], 0),
        (&["note", "2022-03/cchc/2022-03-01T17:00:00", "--text", "x"], 0),
        (&["rehearse", &month, "--days", "1"], 0),
        (&["approve", &month, "--by", "A"], 1),
    ] {
        let output = station.run(&[args, &["--json"]].concat());
        assert_eq!(code(&output), wanted, "loa {args:?}: {} {}", out(&output), err(&output));
        for line in out(&output).lines() {
            let parsed = serde_json::from_str::<Value>(line);
            assert!(parsed.is_ok_and(|value| value.is_object()), "loa {args:?} said {line}");
        }
    }
    station.set("frobnicate = 1\n");
    let faults = station.json(&["check"]).remove(0);
    assert!(faults["findings"].as_array().unwrap().len() >= 2, "{faults}");
}

#[test]
fn the_language_is_chosen_by_flag_then_environment_then_vietnamese() {
    let station = Station::new(&[]);
    let say = |lang: Option<&str>, environment: &[(&str, &str)]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_loa"));
        command.args(["status", "--dir"]).arg(station.path(""));
        command.args(lang.map(|lang| format!("--lang={lang}")));
        for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied());
        out(&command.output().unwrap())
    };
    let (vi, en) = (say(Some("vi"), &[]), say(Some("en"), &[]));
    assert!(en.contains("Nothing is on air"), "{en}");
    let language = |text: &str| if text.contains("Nothing is on air") { "en" } else { "vi" };
    assert_eq!(language(&vi), "vi");
    for (lang, environment, wanted) in [
        (None, &[][..], "vi"),
        (None, &[("LANG", "en_GB.UTF-8")], "en"),
        (None, &[("LANG", "vi_VN.UTF-8")], "vi"),
        (None, &[("LANG", "en_GB.UTF-8"), ("LC_ALL", "vi_VN.UTF-8")], "vi"),
        (Some("en"), &[("LC_ALL", "vi_VN.UTF-8")], "en"),
    ] {
        assert_eq!(language(&say(lang, environment)), wanted, "{lang:?} {environment:?}");
    }
}

/// What a rehearsal says of every slot: everything but the boot, which is drawn anew.
fn rehearsed(station: &Station, args: &[&str]) -> Vec<Value> {
    let mut rows = station.json(args);
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("boot");
    }
    rows
}

#[test]
fn a_rehearsal_airs_the_month_on_its_own_clock_and_leaves_no_trace() {
    let (station, month, slots) = past();
    let before = station.json(&["status"]).remove(0)["log"].clone();
    let rows = rehearsed(&station, &["rehearse", &month]);
    let ids: Vec<_> = rows.iter().map(|row| row["slot"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, slots);
    for row in &rows {
        assert_eq!((&row["outcome"], &row["reason"]), (&"full".into(), &Value::Null), "{row}");
        assert_eq!(row["frames_consumed"], 3 * 48_000);
        assert_eq!(row["first_frame"].as_str().unwrap()[..19], row["planned"].as_str().unwrap()[..19]);
    }
    let two_days = rehearsed(&station, &["rehearse", &month, "--days", "2"]);
    assert_eq!(
        two_days.iter().map(|row| row["slot"].clone()).collect::<Vec<_>>(),
        [ids[0].as_str(), &ids[1]]
    );
    assert_eq!(station.json(&["status"]).remove(0)["log"], before, "the station's log is untouched");
    assert!(station.rows().is_empty());
}

#[test]
fn the_same_seed_brings_the_same_faults() {
    let (station, month, slots) = past();
    let first = rehearsed(&station, &["rehearse", &month, "--faults", "3"]);
    assert_eq!(first, rehearsed(&station, &["rehearse", &month, "--faults", "3"]));
    let of_slots = first.iter().filter(|row| row["slot"].is_string()).count();
    assert_eq!(of_slots, slots.len());
    assert!(first.iter().all(|row| row["outcome"].is_string()), "every slot has its outcome: {first:#?}");
}

#[test]
fn notes_and_corrections_are_entered_without_a_daemon() {
    let (station, _, slots) = past();
    let size = || station.json(&["status"]).remove(0)["log"]["size"].as_u64().unwrap();
    let before = size();
    let said = station.ok(&["note", &slots[0], "--text", "Mất điện cả xã", "--by", "Trực"]);
    assert!(said.starts_with("Entered as number "), "{said}");
    let entry = said.trim().trim_end_matches('.').rsplit(' ').next().unwrap().to_owned();
    station.ok(&["correct", &entry, "--text", "Chỉ mất điện ở trạm", "--by", "Trực"]);
    assert!(size() >= before + 2);
    station.ok(&["verify"]);
}

#[test]
fn one_changed_byte_in_the_log_is_found_and_named() {
    let (station, _, slots) = past();
    station.ok(&["note", &slots[0], "--text", "Mất điện", "--by", "An"]);
    station.ok(&["verify"]);
    let size = station.json(&["status"]).remove(0)["log"]["size"].as_u64().unwrap();
    let note = (0..size).find(|seq| leaf(&station, *seq).contains("Mất điện")).unwrap();
    forge(&station, note, |leaf| leaf.replacen("\"An\"", "\"Ao\"", 1));
    let output = station.run(&["verify"]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains(&format!("entry {note}")), "{}", out(&output));
    assert!(out(&output).contains("FAILS"), "{}", out(&output));
    let report = station.json(&["verify"]).remove(0);
    let named: Vec<_> =
        report["faults"].as_array().unwrap().iter().map(|fault| fault["entry"].clone()).collect();
    assert_eq!((&report["holds"], named), (&false.into(), vec![Value::Null, note.into()]));
}

#[test]
fn a_log_is_verified_against_the_key_that_is_named() {
    let (station, ..) = past();
    let own = fs::read_to_string(station.path("data/keys/station.pub")).unwrap();
    station.ok(&["verify", "--key", own.trim()]);
    let other = Station::new(&[]);
    let strange = fs::read_to_string(other.path("data/keys/approval.pub")).unwrap();
    assert_eq!(code(&station.run(&["verify", "--key", strange.trim()])), 1);
    assert_ne!(code(&station.run(&["verify", "--key", "not a key"])), 0);
}

#[test]
fn a_station_at_rest_tells_what_its_folder_knows() {
    let mut station = Station::new(&[("a.wav", 1)]);
    station.schedule(&["a.wav"], &[in_seconds(3600)]);
    let status = station.json(&["status"]).remove(0);
    assert_eq!((&status["running"], &status["device"]["state"]), (&false.into(), &"unknown".into()));
    assert!(status["log"]["size"].as_u64() >= Some(1));
    let at: chrono::DateTime<Utc> = status["at"].as_str().unwrap().parse().unwrap();
    assert!((Utc::now() - at).num_seconds().abs() < 60);
    assert!(status["at"].as_str().unwrap().ends_with("+07:00"));
    assert!(station.ok(&["status"]).contains("not running"));
    // Airing by hand where no daemon runs and nothing is approved: refused, entered, no outcome.
    fs::remove_file(station.path("data/log.db")).unwrap();
    assert_eq!(code(&station.run(&["status"])), 1, "no log, no status");
    assert_eq!(code(&station.run(&["verify"])), 1);
}

#[test]
fn the_log_is_filtered_by_outcome_and_day() {
    let mut station = Station::new(&[("a.wav", 1)]);
    station.schedule(&["a.wav"], &[in_seconds(3600)]);
    station.approve();
    let air = |test: &[&str]| {
        let month = fs::read_dir(station.path("schedules")).unwrap().next().unwrap().unwrap().file_name();
        let month = month.to_str().unwrap()[..7].to_owned();
        let wav = format!("wav:{}", station.path("out.wav").display());
        station.run(&[&["air", &month, "cchc", "--output", &wav, "--by", "Trực"], test].concat())
    };
    let aired = air(&["--test"]);
    assert_eq!(code(&aired), 0, "{} {}", out(&aired), err(&aired));
    let rows = |args: &[&str]| station.json(&[&["log"], args].concat()).len();
    assert_eq!((rows(&[]), rows(&["--outcome", "test"]), rows(&["--outcome", "full"])), (1, 1, 0));
    assert_eq!((rows(&["--from", "2022-01-01"]), rows(&["--to", "2022-01-01"])), (1, 0));
    let row = station.rows().remove(0);
    assert_eq!((&row["trigger"], &row["by"], &row["slot"]), (&"test".into(), &"Trực".into(), &Value::Null));
    assert_eq!(row["proof"], 1, "a file proves no more than that it was decoded");
    assert!(station.ok(&["log"]).contains("test play"));
    station.ok(&["verify"]);
}

/// The picture on the terminal, read as a telephone reads it: each character is two rows of modules, and what is
/// filled is light.
#[test]
fn a_telephone_reads_the_signed_head_from_the_screen() {
    let (station, ..) = past();
    let shown = station.ok(&["status", "--qr"]);
    let picture: Vec<Vec<char>> = shown
        .lines()
        .filter(|line| line.chars().count() > 20 && line.chars().all(|c| " ▀▄█".contains(c)))
        .map(|line| line.chars().collect())
        .collect();
    // Four light modules stand around the code.
    let (width, edge) = (picture[0].len(), 4);
    let dark = |x: usize, y: usize| {
        let row = y + edge;
        match picture[row >> 1][x + edge] {
            ' ' => true,
            '▀' => !row.is_multiple_of(2),
            '▄' => row.is_multiple_of(2),
            _ => false,
        }
    };
    let code = rqrr::Grid::new(rqrr::SimpleGrid::from_func(width - 2 * edge, dark));
    let (_, read) = code.decode().unwrap();
    let head = station.json(&["status"]).remove(0)["log"]["checkpoint"].as_str().unwrap().to_owned();
    assert_eq!(read, head);
}

#[test]
fn what_is_typed_wrongly_is_said_in_vietnamese_and_as_json_with_what_to_type() {
    let loa =
        |args: &[&str]| std::process::Command::new(env!("CARGO_BIN_EXE_loa")).args(args).output().unwrap();
    let typed = loa(&["cancel", "--reason", "bão", "--lang", "vi"]);
    assert_eq!((code(&typed), out(&typed).as_str()), (2, ""));
    let said = err(&typed);
    assert!(
        said.contains("Còn thiếu <SLOT>.") && said.contains("cách xử lý: Gõ `loa cancel --reason <TEXT>"),
        "{said}"
    );
    let typed = loa(&["satus", "--json", "--lang", "en"]);
    let document: Value = serde_json::from_str(&out(&typed)).unwrap();
    assert_eq!((code(&typed), &document["no"]["code"]), (2, &"typed-no-verb-near".into()));
    let help = loa(&["status", "--help", "--lang", "vi"]);
    assert_eq!(code(&help), 0);
    assert!(
        out(&help).contains("Cách dùng: loa status") && !out(&help).contains("Options"),
        "{}",
        out(&help)
    );
}
