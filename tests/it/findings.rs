//! Every finding, as a person reads it: `tests/golden/findings/NAME.toml` → `NAME.vi.txt` and `NAME.en.txt`.
//!
//! A case's name begins with what reads it: `schedule-`, `check-`, `plan-` or `station-`. Comments
//! `#: name = value` at its top set the file's name, zone, unit, windows, lengths (seconds) and the
//! centre's schedule beside a ward's own. With
//! `GOLDEN=write` in the environment the expectations are written anew, to be read by a person in the diff.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's panic is its report")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use loa::{
    config::{self, Station},
    keys::PublicKey,
    programme::{
        self, Approval, ApprovalSubject, Finding, Measured, Premises, Release, Windows, document, plan,
    },
    units::{Digest, Frames},
    words::Lang,
};

const FOLDER: &str = "tests/golden/findings";

/// The lines of findings in `lang`: severity, code, place, sentence, hint.
fn lines(findings: &[Finding], lang: Lang) -> String {
    let mut text = String::new();
    for finding in findings {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        let hint = finding.message.hint(lang).expect("every finding has a hint");
        let (code, place, said) = (finding.message.code, &finding.place, finding.message.say(lang));
        writeln!(text, "{severity} {code} {place} | {said} | {hint}").unwrap();
    }
    text
}

/// Compares with the expectations called `name`; gives the difference, if there is one.
pub(super) fn compare(name: &str, findings: &[Finding]) -> Option<String> {
    let mut faults = String::new();
    for (lang, tag) in [(Lang::Vi, "vi"), (Lang::En, "en")] {
        let path = Path::new(FOLDER).join(format!("{name}.{tag}.txt"));
        let found = lines(findings, lang);
        if std::env::var("GOLDEN").is_ok_and(|v| v == "write") {
            fs::write(&path, &found).unwrap();
        }
        let wanted = fs::read_to_string(&path).unwrap_or_default();
        if found != wanted {
            write!(faults, "{}:\n--- wanted\n{wanted}--- found\n{found}", path.display()).unwrap();
        }
    }
    Some(faults).filter(|f| !f.is_empty())
}

/// The directives at the top of a case.
fn directives(bytes: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter_map(|line| line.trim_start_matches('\u{feff}').strip_prefix("#: "));
    lines.filter_map(|l| l.split_once(" = ")).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

fn checked(file: &str, bytes: &[u8], given: &BTreeMap<String, String>) -> Vec<Finding> {
    let plan = plan::read("plan", &fs::read(Path::new(FOLDER).join("plan.fixture")).unwrap());
    let plan = plan.0.expect("the plan of the cases is sound");
    let get = |key: &str, usual: &str| given.get(key).map_or(usual, String::as_str).to_owned();
    let ranges = get("windows", "05:30-06:30, 17:00-18:00");
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let windows = Windows::parse(&ranges.split(", ").collect::<Vec<_>>(), &days).unwrap();
    let length = |text: &str| {
        let (programme, seconds) = text.split_once('=').unwrap();
        (programme.to_owned(), Frames::from_ms(seconds.parse::<u64>().unwrap() * 1000))
    };
    let lengths = given.get("lengths").into_iter().flat_map(|t| t.split(", ")).map(length).collect();
    let unit = get("unit", "duc-pho");
    let zone = get("zone", "Asia/Ho_Chi_Minh").parse().unwrap();
    let ward = file.ends_with(".ward.toml");
    let premises = Premises { plan: &plan, windows: &windows, zone, unit: &unit, ward };
    let (schedule, mut findings) = programme::read(file, bytes);
    let schedule = schedule.unwrap_or_else(|| panic!("{file} does not read: {findings:?}"));
    findings.extend(programme::check(file, &schedule, &premises, &lengths));
    if let Some(centre) = given.get("centre") {
        let bytes = fs::read(Path::new(FOLDER).join(centre)).unwrap();
        let centre = programme::read("2022-03.toml", &bytes).0.expect("the centre's schedule is sound");
        let [own, centre] = [&schedule, &centre].map(|schedule| Measured { schedule, lengths: &lengths });
        findings.extend(programme::beside(file, own, centre, zone, &unit));
    }
    document::locate(file, bytes, &mut findings);
    findings
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    cases.sort();
    cases
}

#[test]
fn every_case_says_what_it_should() {
    let mut faults = String::new();
    for path in cases() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let given = directives(&bytes);
        let file = given.get("file").cloned();
        let schedule = file.clone().unwrap_or_else(|| "schedules/2022-03.toml".into());
        let findings = match name.split('-').next().unwrap() {
            "schedule" => programme::read(&schedule, &bytes).1,
            "check" => checked(&schedule, &bytes, &given),
            "plan" => plan::read("config/plan-2022.toml", &bytes).1,
            "station" => config::read("config/station.toml", &bytes).1,
            other => panic!("nobody reads a case `{other}-…`"),
        };
        faults.extend(compare(name, &findings));
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn a_file_too_large_is_refused_unread() {
    let findings = programme::read("schedules/2022-03.toml", &vec![b'#'; (1 << 20) + 1]).1;
    assert_eq!(compare("file-too-large", &findings), None);
}

fn subject(month: &str, revision: u32, schedule: &str, files: &[(&str, &str)]) -> ApprovalSubject {
    let file = |(path, text): &(&str, &str)| ((*path).to_owned(), Digest::of(text.as_bytes()));
    let files = files.iter().map(file).collect();
    ApprovalSubject::new(month.parse().unwrap(), revision, Digest::of(schedule.as_bytes()), files)
}

#[test]
fn an_approval_names_exactly_what_differs() {
    let approval = Approval {
        subject: subject("2022-03", 1, "lịch", &[("a.mp3", "a"), ("b.mp3", "b"), ("c.mp3", "c")]),
        release: Release {
            by: "Nguyễn Văn A".into(),
            document: String::new(),
            editor: "Tổ biên tập".into(),
            self_approved: false,
            at: chrono::DateTime::UNIX_EPOCH,
        },
        signed_by: Vec::<PublicKey>::new(),
    };
    let now = subject("2022-03", 1, "lịch khác", &[("a.mp3", "a"), ("b.mp3", "B"), ("d.mp3", "d")]);
    let file = "schedules/2022-03.approval";
    let mut findings = approval.matches(file, &now);
    let files = [("a.mp3", "a"), ("b.mp3", "b"), ("c.mp3", "c")];
    findings.extend(approval.matches(file, &subject("2022-04", 2, "khác", &files)));
    assert_eq!(compare("approval", &findings), None);
}

/// Every message of the catalogue has a case. Rooms that find something in other files than these keep
/// their expectations in this folder too, as `NAME.en.txt`.
#[test]
fn every_finding_is_exercised() {
    let catalogue = fs::read_to_string("src/words/en/findings.ftl").unwrap();
    let starts = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let codes: BTreeSet<&str> =
        catalogue.lines().filter(starts).filter_map(|line| line.split(" =").next()).collect();
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().ends_with(".en.txt") {
            let text = fs::read_to_string(path).unwrap();
            seen.extend(text.lines().filter_map(|line| line.split(' ').nth(1)).map(str::to_owned));
        }
    }
    let missing: Vec<_> = codes.iter().filter(|code| !seen.contains(**code)).collect();
    assert!(missing.is_empty(), "no golden case for {missing:?}");
    let unsaid: Vec<_> = seen.iter().filter(|code| !codes.contains(code.as_str())).collect();
    assert!(unsaid.is_empty(), "the catalogue lacks {unsaid:?}");
}

#[test]
fn shipped_schedules_read_clean_and_stand_as_they_would_be_written() {
    for entry in fs::read_dir("schedules").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let bytes = fs::read(&path).unwrap();
            let (schedule, findings) = programme::read(path.to_str().unwrap(), &bytes);
            assert_eq!(findings, []);
            assert_eq!(programme::write(&schedule.unwrap()).as_bytes(), bytes);
        }
    }
}

#[test]
fn the_sample_month_is_sound_at_the_sample_station() {
    let read = |file: &str| fs::read(file).unwrap();
    let station = config::read("config/station.toml", &read("config/station.toml")).0.unwrap();
    let plan = plan::read("plan", &fs::read(&station.plan).unwrap()).0.unwrap();
    let file = "schedules/2022-03.toml";
    let schedule = programme::read(file, &read(file)).0.unwrap();
    let Station { windows, zone, unit, .. } = &station;
    let premises = Premises { plan: &plan, windows, zone: *zone, unit, ward: false };
    let lengths = [("cchc".to_owned(), Frames::from_ms(12 * 60_000))].into();
    assert_eq!(programme::check(file, &schedule, &premises, &lengths), []);
    assert_eq!(programme::expand(file, &schedule, *zone, unit).0.len(), 8);
}
