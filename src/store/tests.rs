//! The log from outside: created, appended to, opened again, injured.

mod full_disk;

use std::{fs, path::PathBuf, sync::mpsc, time::Duration};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{Append, Blob, Filter, Log, StoreError, Writer, reader};
use crate::{
    evidence::{
        Body, BootFacts, Checkpoint, Clk, Cue, Entry, Missed, OperatorAct, Outcome, Reason, SegmentFact,
        Trigger, tree,
    },
    keys::SigningKey,
    units::{Digest, Frames, Level, SlotId},
};

const ORIGIN: &str = "loa/station/pho-minh/1";

pub fn clk(ms: i64) -> Clk {
    Clk { wall_ms: 1_646_431_200_000 + ms, boot_ms: ms, boot: "ab".repeat(16), sync: true, offset_min: 420 }
}

struct Place {
    _folder: TempDir,
    path: PathBuf,
    secret: String,
}

impl Place {
    fn key(&self) -> SigningKey {
        SigningKey::parse(&self.secret).unwrap()
    }

    fn open(&self) -> Result<Log, StoreError> {
        Log::open(&self.path, self.key())
    }

    fn create(&self) -> Result<Log, StoreError> {
        Log::create(&self.path, ORIGIN, self.key(), clk(0), "init")
    }

    /// The log's database without its triggers, as somebody with a tool has it.
    fn tampered(&self, sql: &str) {
        let db = Connection::open(&self.path).unwrap();
        let triggers: Vec<String> = db
            .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for name in triggers {
            db.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
        db.execute_batch(sql).unwrap();
    }
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let secret = SigningKey::generate("loa/station/pho-minh").unwrap().secret_text().to_owned();
    Place { path: folder.path().join("log.db"), _folder: folder, secret }
}

fn beats(from: i64, to: i64) -> Vec<(Clk, Body)> {
    (from..to).map(|ms| (clk(ms), Body::Heartbeat {})).collect()
}

#[test]
fn a_log_is_created_once_appended_to_and_verified() {
    let place = place();
    let mut log = place.create().unwrap();
    assert_eq!((log.size(), log.origin()), (1, ORIGIN));
    assert!(matches!(place.create(), Err(StoreError::Exists(_))));
    assert_eq!(log.append(&beats(1, 4)).unwrap(), [1, 2, 3]);
    let bytes = b"[[slot]]".to_vec();
    let blob = Blob { kind: "schedule", bytes: bytes.clone() };
    assert_eq!(log.append_with_blobs(&beats(4, 5), std::slice::from_ref(&blob)).unwrap(), [4]);
    assert_eq!(log.append_with_blobs(&[], &[blob]).unwrap(), [0_u64; 0]);
    assert_eq!(log.append(&[]).unwrap(), [0_u64; 0]);
    drop(log);
    let mut log = place.open().unwrap();
    assert_eq!(log.append(&beats(5, 30)).unwrap().last(), Some(&29));
    let reader = Log::read_only(&place.path).unwrap();
    assert_eq!(reader.blob(Digest::of(&bytes)).unwrap(), Some(bytes));
    assert_eq!(reader.blob(Digest::of(b"other")).unwrap(), None);
    let report = reader.verify(&[place.key().public().clone()]).unwrap();
    assert!(report.holds(), "{:?}", report.faults);
    assert_eq!((report.size, reader.size().unwrap()), (30, 30));
    let head = Checkpoint::open(reader.head().unwrap().as_bytes(), &[place.key().public().clone()]).unwrap();
    for seq in [0, 7, 29] {
        let (_, leaf) = reader.leaves(seq..seq + 1).next().unwrap().unwrap();
        let proof = reader.inclusion_proof(seq, 30).unwrap();
        assert!(tree::includes(&proof, 30, head.root, seq, tree::leaf_hash(leaf.as_bytes())));
    }
    assert!(matches!(reader.inclusion_proof(30, 30), Err(StoreError::NoEntry { .. })));
    assert_eq!(reader.entries(28..99).map(|e| e.unwrap().seq).collect::<Vec<_>>(), [28, 29]);
}

#[test]
fn an_append_that_fails_leaves_the_log_as_it_was() {
    let place = place();
    let mut log = place.create().unwrap();
    let mut bad = beats(1, 3);
    bad[1].0.boot = "no boot".into();
    assert!(matches!(log.append(&bad), Err(StoreError::Leaf { seq: 2, .. })));
    // The database itself refuses in the middle of a transaction.
    let other = Connection::open(&place.path).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER t BEFORE INSERT ON node WHEN NEW.idx > 1 BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        .unwrap();
    assert!(matches!(log.append(&beats(1, 5)), Err(StoreError::Database { .. })));
    assert_eq!((log.size(), log.reader().leaves(0..9).count()), (1, 1));
    other.execute_batch("DROP TRIGGER t").unwrap();
    assert_eq!(log.append(&beats(1, 5)).unwrap(), [1, 2, 3, 4]);
    assert!(log.reader().verify(&[place.key().public().clone()]).unwrap().holds());
}

/// Another hand on the same file has made the very commit that this one is told to have failed.
#[test]
fn an_append_that_was_stored_though_reported_failed_is_no_failure() {
    let place = place();
    let mut log = place.create().unwrap();
    let mut twin = place.open().unwrap();
    assert_eq!(log.append(&beats(1, 3)).unwrap(), [1, 2]);
    assert_eq!(twin.append(&beats(1, 3)).unwrap(), [1, 2], "there it is, once");
    assert_eq!(twin.append(&beats(3, 4)).unwrap(), [3], "and the log goes on behind it");
    // Something else in its place is a failure, and so are bytes alone, of which the tree says nothing.
    assert!(log.append(&beats(7, 8)).is_err());
    assert_eq!(log.size(), 4);
    twin.reader().db.pragma_update(None, "query_only", true).unwrap();
    assert!(twin.append_with_blobs(&[], &[Blob { kind: "slots", bytes: vec![1] }]).is_err());
    drop((log, twin));
    assert!(place.open().unwrap().reader().verify(&[place.key().public().clone()]).unwrap().holds());
}

#[test]
fn a_full_disk_costs_the_append_and_not_the_log() {
    let place = place();
    let mut log = place.create().unwrap();
    let limit = |log: &Log, pages: u32| {
        log.reader().db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    };
    limit(&log, 1);
    let mut failures = 0;
    for _ in 0..20 {
        let before = log.size();
        if log.append(&beats(1, 40)).is_err() {
            failures += 1;
            assert_eq!((log.size(), log.reader().leaves(0..u64::MAX).count() as u64), (before, before));
        }
    }
    assert!(failures > 10, "{failures}");
    limit(&log, 1_000_000);
    let before = log.size();
    assert_eq!(log.append(&beats(50, 52)).unwrap(), [before, before + 1]);
    assert!(log.reader().verify(&[place.key().public().clone()]).unwrap().holds());
}

#[test]
fn a_log_that_contradicts_itself_is_refused() {
    let check = |injury: &dyn Fn(&Place), wanted: &str| {
        let place = place();
        place.create().unwrap().append(&beats(1, 9)).unwrap();
        injury(&place);
        let found = place.open().err().map(|error| format!("{error:?}")).unwrap_or_default();
        assert!(found.starts_with(wanted), "wanted {wanted}, found {found}");
    };
    check(&|_| {}, "");
    check(&|p| p.tampered("DELETE FROM event WHERE seq = 8"), "Damaged");
    check(&|p| p.tampered("DELETE FROM node WHERE idx = (SELECT max(idx) FROM node)"), "Damaged");
    check(
        &|p| p.tampered("UPDATE event SET leaf = replace(leaf, 'sync\":true', 'sync\":false') WHERE seq = 8"),
        "Damaged",
    );
    check(&|p| p.tampered("UPDATE node SET hash = zeroblob(32) WHERE idx = 14"), "Damaged");
    check(&|p| p.tampered("UPDATE head SET size = 8"), "Damaged");
    check(&|p| p.tampered("DELETE FROM head"), "Damaged");
    check(&|p| p.tampered("UPDATE head SET note = replace(note, 'pho-minh', 'pho-hoa')"), "OtherKey");
    check(&|p| p.tampered("PRAGMA user_version = 9"), "Foreign");
    check(&|p| p.tampered("PRAGMA application_id = 9"), "Foreign");
    check(&|p| fs::remove_file(&p.path).unwrap(), "Absent");
    check(&|p| fs::write(&p.path, "").unwrap(), "Foreign");
    check(&|p| fs::write(&p.path, "not a database").unwrap(), "Database");
    check(&|p| fs::write(p.path.with_extension("high"), "x").unwrap(), "HighWater");
    check(&|p| fs::remove_file(p.path.with_extension("high")).unwrap(), "HighWater");
}

#[test]
fn only_a_log_of_its_opening_alone_may_lack_the_high_water_file() {
    let place = place();
    drop(place.create().unwrap());
    let high = place.path.with_extension("high");
    fs::remove_file(&high).unwrap();
    drop(place.open().unwrap());
    assert!(high.exists());
}

#[test]
fn another_stations_key_is_refused() {
    let place = place();
    drop(place.create().unwrap());
    let other = SigningKey::generate("loa/station/pho-minh").unwrap();
    assert!(matches!(Log::open(&place.path, other), Err(StoreError::OtherKey { .. })));
}

#[test]
fn an_older_copy_or_another_history_is_noticed() {
    let place = place();
    drop(place.create().unwrap());
    let older = fs::read(&place.path).unwrap();
    place.open().unwrap().append(&beats(1, 5)).unwrap();
    fs::write(&place.path, older).unwrap();
    assert!(matches!(place.open(), Err(StoreError::RolledBack { size: 1, seen: 5, .. })));
    // Going on from the older copy to a longer log does not help.
    let high = place.path.with_extension("high");
    let seen = fs::read(&high).unwrap();
    fs::remove_file(&high).unwrap();
    // The older copy is the opening alone.
    place.open().unwrap().append(&beats(100, 120)).unwrap();
    fs::write(&high, seen).unwrap();
    assert!(matches!(place.open(), Err(StoreError::Forked { seen: 5, .. })));
}

#[test]
fn what_a_crash_left_of_a_creation_is_no_hindrance_and_other_remains_are() {
    let place = place();
    fs::write(place.path.with_file_name("log.db.new"), "half").unwrap();
    drop(place.create().unwrap());
    for remains in ["log.high", "log.db-wal"] {
        let place = self::place();
        fs::write(place.path.with_file_name(remains), "").unwrap();
        assert!(matches!(place.create(), Err(StoreError::Exists(_))), "{remains}");
    }
}

#[test]
fn the_tables_refuse_what_is_not_an_append() {
    let place = place();
    let mut log = place.create().unwrap();
    log.append_with_blobs(&beats(1, 3), &[Blob { kind: "slots", bytes: vec![1] }]).unwrap();
    let db = Connection::open(&place.path).unwrap();
    for sql in [
        "UPDATE event SET leaf = '{}' WHERE seq = 1",
        "DELETE FROM event WHERE seq = 2",
        "INSERT INTO event(seq, leaf) VALUES(9, '{}')",
        "INSERT INTO event(seq, leaf) VALUES(3, 'x')",
        "UPDATE node SET idx = 99 WHERE idx = 0",
        "DELETE FROM node",
        "UPDATE blob SET bytes = x'00'",
        "DELETE FROM blob",
        "UPDATE head SET size = 1",
        "DELETE FROM head",
    ] {
        assert!(db.execute_batch(sql).is_err(), "{sql}");
    }
}

#[test]
fn entries_are_found_by_kind_and_slot() {
    let place = place();
    let mut log = place.create().unwrap();
    let slot: SlotId = "2022-03/cchc/2022-03-05T05:30:00".parse().unwrap();
    let act = OperatorAct {
        act: "cancel".into(),
        by: "B".into(),
        reason: "bão".into(),
        slot: Some(slot.clone()),
        until_ms: None,
    };
    let boot = || Body::Boot(BootFacts { clean: true, last_alive_ms: None });
    let entries =
        [(clk(1), boot()), (clk(2), Body::Operator(act)), (clk(3), boot()), (clk(4), Body::Heartbeat {})];
    log.append(&entries).unwrap();
    let reader = log.reader();
    let check = |filter: Filter, wanted: &[u64]| {
        let found = reader.entries_of(&filter).unwrap();
        assert_eq!(found.iter().map(|e| e.seq).collect::<Vec<_>>(), wanted, "{filter:?}");
    };
    check(Filter::default(), &[0, 1, 2, 3, 4]);
    check(Filter { kinds: vec!["boot", "heartbeat"], ..Filter::default() }, &[1, 3, 4]);
    check(Filter { slot: Some(slot.clone()), ..Filter::default() }, &[2]);
    check(Filter { slot: Some(slot), kinds: vec!["boot"] }, &[]);
    assert_eq!(reader.last_of("boot", 3).unwrap().map(|e| e.seq), Some(1));
    assert_eq!(reader.last_of("boot", 1).unwrap(), None);
    for (ms, wanted) in [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(3)), (9, Some(3))] {
        let found = reader.last_written("boot", clk(ms).wall_ms).unwrap();
        assert_eq!(found.map(|e| e.seq), wanted, "before {ms}");
    }
}

#[test]
fn a_period_finds_what_was_written_about_it_later() {
    let place = place();
    let mut log = place.create().unwrap();
    let slot = |day: u32| format!("2022-03/cchc/2022-03-{day:02}T05:30:00").parse::<SlotId>().unwrap();
    let missed = |day| {
        Body::Missed(Missed {
            slot: slot(day),
            planned_ms: i64::from(day),
            outcome: Outcome::Missed,
            reason: Reason::PowerOff,
            detail: String::new(),
        })
    };
    let note = |day| Body::Note { slot: slot(day), by: "B".into(), text: "mất điện".into() };
    let segment = |airing| {
        let file = Digest::of(b"");
        Body::Segment(SegmentFact { airing, n: 0, file, frames: Frames(1) })
    };
    let cue = |day: u32, airing: Option<u64>, planned_ms| {
        Body::Cue(Box::new(Cue {
            ward: false,
            slot: airing.is_none().then(|| slot(day)),
            airing,
            repairs: None,
            month: slot(day).month,
            programme: "cchc".into(),
            trigger: Trigger::Schedule,
            by: String::new(),
            planned_ms,
            from: Frames(0),
            frames: Frames(9),
            schedule: Digest::of(b""),
            master: Digest::of(b""),
            loudness_lufs: Level(0),
            true_peak_dbtp: Level(0),
        }))
    };
    let correct = Body::Correct { entry: 3, by: "B".into(), text: "khu 3".into() };
    let bodies = [
        note(5),            // 1
        missed(5),          // 2
        cue(6, None, 6),    // 3
        note(5),            // 4
        segment(2),         // 5: of no airing
        segment(3),         // 6
        correct,            // 7
        cue(6, Some(3), 7), // 8: the rest of 3
        Body::Heartbeat {}, // 9
        segment(3),         // 10
    ];
    log.append(&bodies.map(|body| (clk(1), body))).unwrap();
    let reader = log.reader();
    let seqs = |found: Vec<Entry>| -> Vec<u64> { found.iter().map(|e| e.seq).collect() };
    let planned = |range| seqs(reader.entries_planned(range).unwrap());
    assert_eq!(planned(5..6), [1, 2, 4, 7]);
    assert_eq!(planned(6..7), [3, 6, 7, 8, 10]);
    assert_eq!(planned(7..8), [3, 6, 7, 8, 10], "a resumption brings its airing along");
    assert_eq!(planned(8..99), [7]);
    assert_eq!(seqs(reader.entries_about(&slot(5)).unwrap()), [1, 2, 4, 7]);
    assert_eq!(seqs(reader.entries_about(&slot(6)).unwrap()), [3, 6, 7, 8, 10]);
    let next: Vec<_> = [0, 6, 7, 8].map(|from| reader.next_planned(from).unwrap()).into();
    assert_eq!(next, [Some(5), Some(6), Some(7), None]);
    assert_eq!((reader.next_of("note", 1).unwrap(), reader.next_of("note", 4).unwrap()), (Some(4), None));
}

#[test]
fn no_question_about_a_period_reads_the_whole_log() {
    let place = place();
    let log = place.create().unwrap();
    for text in reader::QUESTIONS {
        let mut query = log.reader().db.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
        let values = query.parameter_count();
        let steps: Vec<String> = query
            .query_map(rusqlite::params_from_iter(vec![0; values]), |row| row.get(3))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let reads = steps.iter().filter(|step| step.contains("event"));
        for step in reads {
            assert!(step.starts_with("SEARCH"), "{text}: {step}");
        }
    }
}

#[test]
fn a_log_at_rest_is_read_without_its_writer() {
    let place = place();
    place.create().unwrap().append(&beats(1, 5)).unwrap();
    let reader = Log::read_only(&place.path).unwrap();
    assert!(reader.verify(&[place.key().public().clone()]).unwrap().holds());
    assert!(reader.db.execute_batch("DELETE FROM event").is_err());
}

/// As on a write-protected stick, or in a folder that belongs to somebody else.
#[test]
fn a_log_at_rest_is_read_where_no_side_files_can_be_made() {
    let place = place();
    place.create().unwrap().append(&beats(1, 5)).unwrap();
    let side = place.path.with_file_name("log.db-wal");
    assert!(!side.exists(), "the last writer tidies up");
    std::os::unix::fs::symlink("/nowhere/at/all", &side).unwrap();
    let reader = Log::read_only(&place.path).unwrap();
    let report = reader.verify(&[place.key().public().clone()]).unwrap();
    assert!(report.holds() && report.size == 5, "{:?}", report.faults);
    // With entries that are not in the one file yet it would show less than there is.
    fs::remove_file(&side).unwrap();
    fs::create_dir(&side).unwrap();
    assert!(matches!(Log::read_only(&place.path), Err(StoreError::Database { .. })));
}

#[test]
fn the_writer_answers_goes_on_after_failures_and_ends_with_its_last_handle() {
    let place = place();
    let (mut writer, handle) = Writer::new(place.create().unwrap());
    let (sender, answers) = mpsc::channel();
    let ask = |entries: Vec<(Clk, Body)>| {
        let sender = sender.clone();
        let reply = Box::new(move |result: Result<Vec<u64>, StoreError>| sender.send(result.ok()).unwrap());
        handle.send(Append { entries, blobs: Vec::new(), at_all: false, reply: Some(reply) }).unwrap();
    };
    let mut bad = beats(1, 2);
    bad[0].0.boot.clear();
    ask(beats(1, 3));
    ask(bad);
    handle
        .send(Append {
            entries: beats(3, 4),
            blobs: Vec::new(),
            at_all: false,
            reply: Some(Box::new(|_| panic!("a reply panics"))),
        })
        .unwrap();
    ask(beats(4, 5));
    assert!(writer.step(Duration::ZERO));
    assert_eq!(answers.try_recv().unwrap(), Some(vec![1, 2]));
    writer.drain();
    assert_eq!(answers.try_recv().unwrap(), None);
    assert_eq!(answers.try_recv().unwrap(), Some(vec![4]));
    assert!(writer.step(Duration::ZERO), "a handle is left");
    drop(handle);
    assert!(!writer.step(Duration::ZERO));
    let log = writer.into_log();
    assert!(log.reader().verify(&[place.key().public().clone()]).unwrap().holds());
    let (handle, thread) = Writer::spawn(log).unwrap();
    assert_eq!(handle.append(beats(5, 7), Vec::new()).unwrap(), [5, 6]);
    drop(handle);
    assert_eq!(thread.join().unwrap().size(), 7);
}
