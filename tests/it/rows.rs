//! The as-run rows of a period are those of the whole log, and they stay what they were.

use std::{fs, path::Path};

use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat};
use loa::{
    control::{self, Folder, RowFilter},
    evidence::{AsRunRow, Body, Entry, Outcome, asrun, tree},
    programme::{self, Approval},
    store::{Log, Reader},
    units::{Digest, Month},
};
use serde_json::{Value, json};

use super::support::{
    history::{Historian, slots},
    station::{Station, noise},
};

/// A station's folder and its log, open to be written.
fn opened(station: &Station) -> (Folder, Log) {
    let folder = Folder::open(&station.path("")).unwrap();
    let log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    (folder, log)
}

/// What a row must say, found the plain way: by looking through the whole log for every row.
fn by_the_whole_log(log: &Reader, filter: &RowFilter) -> Vec<Value> {
    let entries: Vec<Entry> = log.entries(0..u64::MAX).map(Result::unwrap).collect();
    let day = |row: &AsRunRow| {
        let zone = FixedOffset::east_opt(7 * 3600).unwrap();
        DateTime::from_timestamp_millis(row.planned_ms).unwrap().with_timezone(&zone).date_naive()
    };
    let mut rows = asrun::rows(&entries);
    rows.retain(|row| {
        filter.from.is_none_or(|from| day(row) >= from)
            && filter.to.is_none_or(|to| day(row) <= to)
            && filter.outcome.is_none_or(|outcome| row.outcome == Some(outcome))
    });
    rows.sort_by_key(|row| row.planned_ms);
    rows.iter().map(|row| named(log, &entries, row)).collect()
}

/// The last thing up to `seq` that `read` finds.
fn held<T>(entries: &[Entry], seq: u64, read: impl Fn(&Entry) -> Option<T>) -> Option<T> {
    entries.iter().filter(|entry| entry.seq <= seq).rev().find_map(read)
}

fn named(log: &Reader, entries: &[Entry], row: &AsRunRow) -> Value {
    let (first, last) = (row.seqs[0], row.seqs[row.seqs.len() - 1]);
    let station = held(entries, first, |entry| match &entry.body {
        Body::Config { station, unit, .. } => Some((station.clone(), unit.clone())),
        _ => None,
    });
    let software = held(entries, row.closed.unwrap_or(first), |entry| match &entry.body {
        Body::Sw { version, .. } => Some(version.clone()),
        _ => None,
    });
    let step = held(entries, first, |entry| match &entry.body {
        Body::ClockStep { step_ms } => Some((entry.clk.boot.clone(), *step_ms)),
        _ => None,
    });
    let in_force = row.closed.and_then(|closed| {
        held(entries, closed, |entry| match &entry.body {
            Body::ScheduleAccept(fact) if fact.month == row.month => Some(fact.digest),
            _ => None,
        })
    });
    let schedule = row.schedule.or(in_force);
    let accepted = held(entries, first, |entry| match &entry.body {
        Body::ScheduleAccept(fact) if Some(fact.digest) == schedule => Some(fact.clone()),
        _ => None,
    });
    let title = schedule.and_then(|digest| {
        let schedule = programme::read(&format!("{}.toml", row.month), &log.blob(digest).unwrap()?).0?;
        schedule.programme(&row.programme).map(|programme| programme.title.clone())
    });
    let approved_at = accepted.as_ref().map(|fact| {
        let at = Approval::signed_at(&log.blob(fact.approval).unwrap().unwrap()).unwrap();
        at.with_timezone(&FixedOffset::east_opt(7 * 3600).unwrap())
            .to_rfc3339_opts(SecondsFormat::Secs, false)
    });
    let leaf = log.leaf(last).unwrap().unwrap();
    json!({
        "slot": row.slot, "airing": row.airing, "entries": row.seqs, "outcome": row.outcome,
        "reason": row.reason, "detail": row.detail, "proof": row.proof, "starts": row.starts,
        "vouches": row.vouches, "repairs": row.repairs, "by": row.by, "schedule": schedule,
        "station": station.as_ref().map(|(station, _)| station.clone()).unwrap_or_default(),
        "unit": station.map(|(_, unit)| unit).unwrap_or_default(),
        "software": software,
        "clock_last_step_ms": step.filter(|(boot, _)| *boot == row.clk.boot).map(|(_, ms)| ms),
        "approved_by": accepted.as_ref().map(|fact| fact.by.clone()),
        "document": accepted.map(|fact| fact.document),
        "approved_at": approved_at, "title": title,
        "hash": tree::leaf_hash(leaf.as_bytes()),
        "notes": row.notes.iter().map(|note| json!({
            "entry": note.seq, "corrects": note.corrects, "act": note.act, "by": note.by, "text": note.text,
        })).collect::<Vec<_>>(),
    })
}

/// The rows as the program gives them, as far as `named` tells of them.
fn given(folder: &Folder, filter: &RowFilter) -> Vec<Value> {
    let rows = control::rows(folder, &folder.log_path(), filter).unwrap();
    let keep = |row| {
        let Value::Object(mut row) = serde_json::to_value(row).unwrap() else { panic!("a row is an object") };
        row.retain(|key, _| KEYS.contains(&key.as_str()));
        Value::Object(row)
    };
    rows.into_iter().map(keep).collect()
}

const KEYS: &[&str] = &[
    "slot",
    "airing",
    "entries",
    "outcome",
    "reason",
    "detail",
    "proof",
    "starts",
    "vouches",
    "repairs",
    "by",
    "schedule",
    "station",
    "unit",
    "software",
    "clock_last_step_ms",
    "approved_by",
    "document",
    "approved_at",
    "title",
    "hash",
    "notes",
];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn a_period_has_the_rows_of_the_whole_log() {
    let outcome = |outcome| RowFilter { outcome: Some(outcome), ..RowFilter::default() };
    let between = |from, to| RowFilter { from: Some(day(from)), to: Some(day(to)), outcome: None };
    for seed in 1..=3 {
        let station = Station::new(&[]);
        let (folder, mut log) = opened(&station);
        let mut month: Month = "2022-02".parse().unwrap();
        let mut historian = Historian::new(&mut log, month, seed);
        historian.boot();
        for _ in 0..3 {
            let schedule = historian.accept(month, 1);
            historian.live(month, schedule);
            month = month.next();
        }
        assert!(log.size() > 400, "{}", log.size());
        let mut seen = 0;
        for filter in [
            RowFilter::default(),
            between("2022-03-01", "2022-03-31"),
            between("2022-02-27", "2022-03-02"),
            between("2021-01-01", "2023-01-01"),
            between("2030-01-01", "2030-01-31"),
            RowFilter { from: Some(day("2022-04-10")), ..RowFilter::default() },
            RowFilter { to: Some(day("2022-02-03")), ..RowFilter::default() },
            outcome(Outcome::Missed),
            outcome(Outcome::Partial),
            RowFilter { outcome: Some(Outcome::Full), ..between("2022-04-01", "2022-04-30") },
        ] {
            let wanted = by_the_whole_log(log.reader(), &filter);
            let found = given(&folder, &filter);
            assert_eq!(found.len(), wanted.len(), "{seed} {filter:?}");
            for (found, wanted) in found.iter().zip(&wanted) {
                assert_eq!(found, wanted, "{seed} {filter:?}");
            }
            seen += found.len();
        }
        assert!(seen > 300, "the history is worth looking at: {seen}");
    }
}

#[test]
fn a_row_stays_the_same_for_thirteen_months() {
    let station = Station::new(&[]);
    let (folder, mut log) = opened(&station);
    let mut month: Month = "2022-03".parse().unwrap();
    let first = RowFilter { from: Some(month.first()), to: Some(month.last()), outcome: None };
    let text = || {
        let rows = control::rows(&folder, &folder.log_path(), &first).unwrap();
        rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect::<Vec<_>>()
    };
    let mut historian = Historian::new(&mut log, month, 7);
    historian.boot();
    let schedule = historian.accept(month, 1);
    fs::write(station.path("schedules/2022-03.toml"), "as it was accepted").unwrap();
    noise(&station.path("media/2022-03/tin.wav"), 1, 1);
    historian.live(month, schedule);
    let then = text();
    assert!(then.len() >= slots(month).len() && then[0].contains("Tháng 2022-03"), "{then:#?}");
    // A later revision of the same month, which nobody heard.
    historian.accept(month, 99);
    assert_eq!(text(), then);
    for seed in 0..12 {
        month = month.next();
        let mut historian = Historian::quiet(&mut log, month, seed);
        historian.boot();
        let schedule = historian.accept(month, 1);
        historian.live(month, schedule);
        historian.accept(month, 50);
    }
    // Thirteen months on, its files are gone and others stand in their places.
    fs::remove_dir_all(station.path("media")).unwrap();
    fs::remove_file(station.path("schedules/2022-03.toml")).unwrap();
    assert_eq!(month.to_string(), "2023-03");
    assert_eq!(text(), then);
    forget(&folder.root.join("config/plan-2022.toml"));
    assert_eq!(text(), then);
    assert!(log.reader().verify(&[]).unwrap().size > 1000);
}

/// Whoever speaks about a row later, with another program, tells nothing of the one that wrote it.
#[test]
fn a_note_by_a_later_version_leaves_the_row_its_own() {
    let station = Station::new(&[]);
    let (folder, mut log) = opened(&station);
    let month: Month = "2022-03".parse().unwrap();
    let mut historian = Historian::quiet(&mut log, month, 5);
    historian.boot();
    let schedule = historian.accept(month, 1);
    historian.live(month, schedule);
    let rows = || {
        let rows = control::rows(&folder, &folder.log_path(), &RowFilter::default()).unwrap();
        let of = |row: control::Row| (row.slot.clone(), row.airing, row.software);
        rows.into_iter().map(of).collect::<Vec<_>>()
    };
    let then = rows();
    let clk = log.reader().entries(log.size() - 1..log.size()).next().unwrap().unwrap().clk;
    let sw = Body::Sw { version: "9.9.9".into(), exe: Digest::of(b"exe") };
    let note = |slot| Body::Note { slot, by: "B".into(), text: "đã xem".into() };
    let notes = slots(month).into_iter().map(note);
    let entries: Vec<_> = [sw].into_iter().chain(notes).map(|body| (clk.clone(), body)).collect();
    log.append(&entries).unwrap();
    assert_eq!(rows(), then);
    assert!(then.iter().any(|(.., software)| software.is_some()));
}

/// Replaces what a person wrote by other bytes.
fn forget(path: &Path) {
    fs::write(path, "another year").unwrap();
}
