//! The fleet in one SQLite file: what a small PC needs for one town, and takes for thousands of stations.
//!
//! All writing goes through one thread, which makes one durable transaction of whatever waits: a hundred stations that
//! push at the same moment share one sync of the disk. Nobody learns of a success before it.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use chrono::NaiveDate;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};

use super::{
    Asked, Ended, Fleet, FleetError, Fork, Held, Settled, Standing, Step, Tally,
    row::{self, signed},
};
use crate::units::Digest;

/// Changes that are made in one transaction at most.
const AT_ONCE: usize = 128;

/// Changes that may wait; whoever comes then waits with them.
const WAITING: usize = 1024;

/// `loaF`, in the header of the file: this is a fleet of loa.
const APPLICATION_ID: i64 = 0x6c6f_6146;

/// The version of these tables; a later one comes with its migration.
const VERSION: i64 = 2;

/// What version 2 has more than version 1.
const SETTLED: &str = "
ALTER TABLE fork ADD COLUMN settled_by TEXT;
ALTER TABLE fork ADD COLUMN settled_reason TEXT;
ALTER TABLE fork ADD COLUMN settled_ms INTEGER;
";

/// Leaves lie as they came, in the pieces in which they came: nobody asks for a single one but by its position.
const SCHEMA: &str = "
CREATE TABLE log(
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL,
  token BLOB NOT NULL CHECK(length(token) = 32),
  standing TEXT NOT NULL,
  by TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  size INTEGER NOT NULL,
  peaks BLOB NOT NULL,
  head TEXT NOT NULL,
  heard_ms INTEGER,
  word TEXT NOT NULL
) STRICT;
CREATE INDEX log_token ON log(token);
CREATE TABLE piece(
  log INTEGER NOT NULL REFERENCES log(id),
  first INTEGER NOT NULL,
  count INTEGER NOT NULL CHECK(count > 0),
  leaves TEXT NOT NULL,
  PRIMARY KEY(log, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE ended(
  log INTEGER NOT NULL REFERENCES log(id),
  seq INTEGER NOT NULL,
  day TEXT NOT NULL,
  slot TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  proof INTEGER NOT NULL,
  PRIMARY KEY(log, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_day ON ended(day, log, outcome);
CREATE INDEX ended_log ON ended(log, day, outcome);
CREATE TABLE blob(digest BLOB PRIMARY KEY CHECK(length(digest) = 32), kind TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE TABLE fork(
  origin TEXT NOT NULL, what TEXT NOT NULL, held TEXT NOT NULL, came TEXT NOT NULL, at_ms INTEGER NOT NULL,
  UNIQUE(origin, what, held, came)
) STRICT;
CREATE TRIGGER piece_update BEFORE UPDATE ON piece BEGIN SELECT RAISE(ABORT, 'a log only grows'); END;
CREATE TRIGGER piece_delete BEFORE DELETE ON piece BEGIN SELECT RAISE(ABORT, 'a log only grows'); END;
CREATE TRIGGER log_shrink BEFORE UPDATE ON log WHEN NEW.size < OLD.size
  BEGIN SELECT RAISE(ABORT, 'a log only grows'); END;
";

const LOG: &str =
    "SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM log";

type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;

/// Told when the transaction is durable, with what the commit said.
type Answer = Box<dyn FnOnce(Option<&rusqlite::Error>) + Send>;

/// The fleet's store in a file.
pub struct SqliteFleet {
    reader: Mutex<Connection>,
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteFleet {
    /// Opens the store at `path`, which is made where there is none.
    pub fn open(path: &Path) -> Result<SqliteFleet, FleetError> {
        let failed = |source: rusqlite::Error| FleetError::new("open the file", source);
        let writer = connect(path).map_err(failed)?;
        prepare(&writer).map_err(failed)?;
        let reader = connect(path).map_err(failed)?;
        let (jobs, waiting) = sync_channel(WAITING);
        let thread = thread::Builder::new().name("fleet".into()).spawn(move || write(&writer, &waiting));
        let thread = thread.map_err(|source| FleetError::new("start a thread", source))?;
        Ok(SqliteFleet { reader: Mutex::new(reader), jobs: Some(jobs), writer: Some(thread) })
    }

    fn read<T>(
        &self,
        attempt: &'static str,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, FleetError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&reader).map_err(|source| FleetError::new(attempt, source))
    }

    fn change<T: Send + 'static>(
        &self,
        attempt: &'static str,
        make: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, FleetError> {
        let (told, answer) = sync_channel(1);
        let job: Job = Box::new(move |db| {
            let done = within(db, make);
            Box::new(move |failed| {
                let done = done.map_err(|source| FleetError::new(attempt, source));
                let ended = match failed {
                    None => done,
                    Some(why) => done.and(Err(FleetError::new(attempt, why.to_string()))),
                };
                let _ = told.send(ended);
            })
        });
        let ended = |_| FleetError::new(attempt, "the store was closed");
        let jobs = self.jobs.as_ref().ok_or_else(|| FleetError::new(attempt, "the store was closed"))?;
        jobs.send(job).map_err(|_| FleetError::new(attempt, "the store was closed"))?;
        answer.recv().map_err(ended)?
    }
}

impl Drop for SqliteFleet {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let ours: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    match (ours, version) {
        (APPLICATION_ID, VERSION) => Ok(()),
        (0, 0) => {
            db.execute_batch(&format!(
                "BEGIN IMMEDIATE; {SCHEMA} {SETTLED} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
            ))
        }
        (APPLICATION_ID, 1) => migrate(db),
        _ => Err(rusqlite::Error::InvalidParameterName("this file is no fleet that this program can use".into())),
    }
}

/// Brings the tables of version 1 up to this one; another process may do so at the same moment.
fn migrate(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 1 {
        db.execute_batch(&format!("{SETTLED} PRAGMA user_version = {VERSION};"))?;
    }
    db.execute_batch("COMMIT")
}

/// The loop of the writing thread.
fn write(db: &Connection, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let jobs = std::iter::once(first).chain(waiting.try_iter().take(AT_ONCE - 1)).collect();
        together(db, jobs);
    }
}

/// Makes `jobs` in one transaction and answers each when it is durable.
fn together(db: &Connection, jobs: Vec<Job>) {
    let begun = db.execute_batch("BEGIN IMMEDIATE");
    let answers: Vec<Answer> = jobs.into_iter().map(|job| job(db)).collect();
    let ended = begun.and_then(|()| db.execute_batch("COMMIT"));
    if ended.is_err() {
        let _ = db.execute_batch("ROLLBACK");
    }
    for answer in answers {
        answer(ended.as_ref().err());
    }
}

/// One change of several in a transaction: it fails alone.
fn within<T>(db: &Connection, make: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    db.execute_batch("SAVEPOINT one")?;
    let done = make(db);
    if done.is_err() {
        db.execute_batch("ROLLBACK TO one")?;
    }
    db.execute_batch("RELEASE one")?;
    done
}

fn held(row: &Row<'_>) -> rusqlite::Result<Held> {
    let peaks: Vec<u8> = row.get(7)?;
    let strange = |column: usize| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, "unreadable".into())
    };
    Ok(Held {
        origin: row.get(0)?,
        key: row::key(&row.get::<_, String>(1)?).ok_or_else(|| strange(1))?,
        token: Digest(row.get(2)?),
        standing: Standing::of(&row.get::<_, String>(3)?).ok_or_else(|| strange(3))?,
        by: row.get(4)?,
        at_ms: row.get(5)?,
        frontier: row::frontier(row.get(6)?, &peaks).ok_or_else(|| strange(7))?,
        head: row.get(8)?,
        heard_ms: row.get(9)?,
        word: row.get(10)?,
    })
}

fn advance(db: &Connection, step: &Step) -> rusqlite::Result<bool> {
    let id: Option<i64> = db
        .prepare_cached(
            "UPDATE log SET size = ?3, peaks = ?4, head = ?5
             WHERE origin = ?1 AND size = ?2 AND standing = 'enrolled' RETURNING id",
        )?
        .query_row(
            params![
                step.origin,
                signed(step.from),
                signed(step.frontier.size()),
                row::peaks(&step.frontier),
                step.head
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = id else { return Ok(false) };
    if !step.leaves.is_empty() {
        db.prepare_cached("INSERT INTO piece(log, first, count, leaves) VALUES(?1, ?2, ?3, ?4)")?.execute(
            params![id, signed(step.from), signed(step.leaves.len() as u64), step.leaves.join("\n")],
        )?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO ended(log, seq, day, slot, outcome, reason, proof) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for ended in &step.ends {
        let (day, slot, outcome, reason) = row::ended(ended);
        insert.execute(params![id, signed(ended.seq), day, slot, outcome, reason, ended.proof])?;
    }
    Ok(true)
}

impl Fleet for SqliteFleet {
    fn logs(&self) -> Result<Vec<Held>, FleetError> {
        self.read("list the logs", |db| {
            db.prepare_cached(&format!("{LOG} ORDER BY origin"))?.query_map([], held)?.collect()
        })
    }

    fn log(&self, origin: &str) -> Result<Option<Held>, FleetError> {
        self.read("read a log", |db| {
            db.prepare_cached(&format!("{LOG} WHERE origin = ?1"))?.query_row([origin], held).optional()
        })
    }

    fn log_of_token(&self, token: Digest) -> Result<Option<Held>, FleetError> {
        self.read("find a log", |db| {
            db.prepare_cached(&format!("{LOG} WHERE token = ?1"))?.query_row([token.0], held).optional()
        })
    }

    fn ask(&self, asked: &Asked, most: u64) -> Result<bool, FleetError> {
        let asked = asked.clone();
        self.change("keep a wish to enrol", move |db| {
            let key: Option<String> = db
                .prepare_cached("SELECT key FROM log WHERE origin = ?1")?
                .query_row([&asked.origin], |row| row.get(0))
                .optional()?;
            if let Some(key) = key {
                if key != asked.key.as_text() {
                    return Ok(false);
                }
                db.prepare_cached("UPDATE log SET token = ?2 WHERE origin = ?1")?
                    .execute(params![asked.origin, asked.token.0])?;
                return Ok(true);
            }
            let waiting: i64 =
                db.query_row("SELECT count(*) FROM log WHERE standing = 'asked'", [], |row| row.get(0))?;
            if waiting >= signed(most) {
                return Ok(false);
            }
            db.prepare_cached(
                "INSERT INTO log(origin, key, token, standing, by, at_ms, size, peaks, head, word)
                 VALUES(?1, ?2, ?3, 'asked', '', ?4, 0, x'', '', '')",
            )?
            .execute(params![asked.origin, asked.key.as_text(), asked.token.0, asked.at_ms])?;
            Ok(true)
        })
    }

    fn stand(&self, origin: &str, standing: Standing, by: &str, at_ms: i64) -> Result<bool, FleetError> {
        let (origin, by) = (origin.to_owned(), by.to_owned());
        self.change("decide on a log", move |db| {
            let changed = db
                .prepare_cached("UPDATE log SET standing = ?2, by = ?3, at_ms = ?4 WHERE origin = ?1")?
                .execute(params![origin, standing.code(), by, at_ms])?;
            Ok(changed == 1)
        })
    }

    fn advance(&self, step: &Step) -> Result<bool, FleetError> {
        let step = step.clone();
        self.change("take entries", move |db| advance(db, &step))
    }

    fn leaves(&self, origin: &str, from: u64, most_bytes: usize) -> Result<Vec<String>, FleetError> {
        self.read("read leaves", |db| {
            let mut query = db.prepare_cached(
                "SELECT first, leaves FROM piece WHERE log = (SELECT id FROM log WHERE origin = ?1)
                 AND first + count > ?2 ORDER BY first",
            )?;
            let mut rows = query.query(params![origin, signed(from)])?;
            let mut leaves = row::Leaves::new(from, most_bytes);
            while let Some(row) = rows.next()? {
                if !leaves.take(row.get::<_, i64>(0)?, row.get_ref(1)?.as_str()?) {
                    break;
                }
            }
            Ok(leaves.into_inner())
        })
    }

    fn keep(&self, kind: &str, bytes: &[u8]) -> Result<(), FleetError> {
        let (kind, bytes) = (kind.to_owned(), bytes.to_owned());
        self.change("keep what entries name", move |db| {
            db.prepare_cached("INSERT OR IGNORE INTO blob(digest, kind, bytes) VALUES(?1, ?2, ?3)")?
                .execute(params![Digest::of(&bytes).0, kind, bytes])
                .map(drop)
        })
    }

    fn kept(&self, digest: Digest) -> Result<Option<(String, Vec<u8>)>, FleetError> {
        self.read("read what entries name", |db| {
            db.prepare_cached("SELECT kind, bytes FROM blob WHERE digest = ?1")?
                .query_row([digest.0], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
    }

    fn missing(&self, digests: &[Digest]) -> Result<Vec<Digest>, FleetError> {
        self.read("look for what entries name", |db| {
            let mut query = db.prepare_cached("SELECT 1 FROM blob WHERE digest = ?1")?;
            let absent = |digest: &Digest| query.exists([digest.0]).map(|there| (!there).then_some(*digest));
            digests.iter().map(absent).filter_map(Result::transpose).collect()
        })
    }

    fn split(&self, fork: &Fork) -> Result<(), FleetError> {
        let fork = fork.clone();
        self.change("keep two heads", move |db| {
            db.prepare_cached(
                "INSERT OR IGNORE INTO fork(origin, what, held, came, at_ms) VALUES(?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![fork.origin, fork.what, fork.held, fork.came, fork.at_ms])
            .map(drop)
        })
    }

    fn settle(&self, origin: &str, seen_ms: i64, settled: &Settled) -> Result<u64, FleetError> {
        let (origin, settled) = (origin.to_owned(), settled.clone());
        self.change("settle a contradiction", move |db| {
            let changed = db
                .prepare_cached(
                    "UPDATE fork SET settled_by = ?3, settled_reason = ?4, settled_ms = ?5
                     WHERE origin = ?1 AND at_ms <= ?2 AND settled_ms IS NULL",
                )?
                .execute(params![origin, seen_ms, settled.by, settled.reason, settled.at_ms])?;
            Ok(changed as u64)
        })
    }

    fn forks(&self, most: u64) -> Result<Vec<Fork>, FleetError> {
        self.read("list the forks", |db| {
            let fork = |row: &Row<'_>| {
                let (origin, what, held) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let settled = row::settled(row.get(5)?, row.get(6)?, row.get(7)?);
                Ok(Fork { origin, what, held, came: row.get(3)?, at_ms: row.get(4)?, settled })
            };
            db.prepare_cached(
                "SELECT origin, what, held, came, at_ms, settled_by, settled_reason, settled_ms FROM fork
                 ORDER BY settled_ms IS NOT NULL, at_ms DESC, rowid DESC LIMIT ?1",
            )?
            .query_map([signed(most)], fork)?
            .collect()
        })
    }

    fn heard(&self, origin: &str, word: &str, at_ms: i64) -> Result<(), FleetError> {
        let (origin, word) = (origin.to_owned(), word.to_owned());
        self.change("note that a station was heard", move |db| {
            db.prepare_cached("UPDATE log SET heard_ms = ?2, word = ?3 WHERE origin = ?1")?
                .execute(params![origin, at_ms, word])
                .map(drop)
        })
    }

    fn ends(&self, first: NaiveDate, last: NaiveDate) -> Result<Vec<(String, Ended)>, FleetError> {
        self.read("read outcomes", |db| {
            let ended = |row: &Row<'_>| {
                let found = row::read_ended(
                    row.get(1)?,
                    &row.get::<_, String>(2)?,
                    &row.get::<_, String>(3)?,
                    &row.get::<_, String>(4)?,
                    row.get(5)?,
                );
                Ok(found.map(|ended| Ok((row.get(0)?, ended))))
            };
            let mut query = db.prepare_cached(
                "SELECT origin, seq, slot, outcome, reason, proof FROM ended JOIN log ON log.id = ended.log
                 WHERE day BETWEEN ?1 AND ?2 ORDER BY origin, seq",
            )?;
            let rows = query.query_map(params![first.to_string(), last.to_string()], ended)?;
            rows.filter_map(Result::transpose).map(|row| row.and_then(|found| found)).collect()
        })
    }

    fn tally(
        &self,
        of: Option<&[String]>,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<Tally>, FleetError> {
        let (first, last) = (first.to_string(), last.to_string());
        // One index is by day for all logs, the other by log for some of them.
        let all = "SELECT origin, day, outcome, n FROM
             (SELECT log AS whose, day, outcome, count(*) AS n FROM ended WHERE day BETWEEN ?1 AND ?2
              GROUP BY day, log, outcome) JOIN log ON log.id = whose";
        let one =
            "SELECT ?3, day, outcome, count(*) FROM ended WHERE log = (SELECT id FROM log WHERE origin = ?3)
             AND day BETWEEN ?1 AND ?2 GROUP BY day, outcome";
        let tally = |row: &Row<'_>| {
            let (day, outcome): (String, String) = (row.get(1)?, row.get(2)?);
            let Ok(day) = day.parse() else { return Ok(None) };
            Ok(row::read_tally(row.get(0)?, day, &outcome, row.get(3)?))
        };
        self.read("count outcomes", |db| {
            let mut found = Vec::new();
            let Some(of) = of else {
                let mut query = db.prepare_cached(all)?;
                for row in query.query_map(params![first, last], tally)? {
                    found.extend(row?);
                }
                return Ok(found);
            };
            let mut query = db.prepare_cached(one)?;
            for origin in of {
                for row in query.query_map(params![first, last, origin], tally)? {
                    found.extend(row?);
                }
            }
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_to_the_conduct_of_a_fleet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fleet.db");
        super::super::conduct::holds(&|| Box::new(SqliteFleet::open(&path).unwrap()));
    }

    #[test]
    fn a_file_of_the_first_version_goes_on_with_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fleet.db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch(&format!(
            "{SCHEMA} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;
             INSERT INTO fork VALUES('loa/station/a/1', 'fork', 'mot', 'hai', 5);"
        ))
        .unwrap();
        drop(db);
        for _ in 0..2 {
            let fleet = SqliteFleet::open(&path).unwrap();
            let forks = fleet.forks(9).unwrap();
            assert_eq!((forks.len(), &forks[0].came, &forks[0].settled), (1, &"hai".to_owned(), &None));
        }
        let settled = Settled { by: "An".into(), reason: "x".into(), at_ms: 7 };
        let fleet = SqliteFleet::open(&path).unwrap();
        assert_eq!(fleet.settle("loa/station/a/1", 5, &settled).unwrap(), 1);
        assert_eq!(fleet.forks(9).unwrap()[0].settled, Some(settled));
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().pragma_update(None, "application_id", 7).unwrap();
        assert!(SqliteFleet::open(&path).is_err());
    }

    #[test]
    fn what_fails_fails_alone_in_its_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let fleet = SqliteFleet::open(&folder.path().join("fleet.db")).unwrap();
        let refused = fleet.change("try", |db| db.execute("INSERT INTO blob VALUES(x'00', 'a', x'')", []));
        assert!(refused.is_err());
        fleet.keep("plan", b"a").unwrap();
        assert_eq!(fleet.missing(&[Digest::of(b"a"), Digest::of(b"b")]).unwrap(), [Digest::of(b"b")]);
    }
}
