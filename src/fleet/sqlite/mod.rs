//! The fleet in one SQLite file: what a small PC needs for one town, and takes for thousands of stations.
//!
//! All writing goes through one thread, which makes one durable transaction of whatever waits: a hundred stations that
//! push at the same moment share one sync of the disk. Nobody learns of a success before it.

mod change;
mod schema;

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
    Asked, BYTES_WAIT_MS, Ended, Fleet, FleetError, Fork, Held, Settled, Standing, Step, Tally,
    row::{self, signed},
};
use crate::{evidence::Frontier, keys::PublicKey, units::Digest};

/// Changes that are made in one transaction at most.
const AT_ONCE: usize = 128;

/// Changes that may wait; whoever comes then waits with them.
const WAITING: usize = 1024;

const LOG: &str =
    "SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM known";

/// An undecided wish as a log.
const WISH: &str = "SELECT origin, key, token, 'asked', '', at_ms, 0, x'', '', NULL, '' FROM wish";

/// Of one log where `?2` is its origin.
const FORKS: &str = "SELECT origin, what, held, came, at_ms, settled_by, settled_reason, settled_ms FROM fork
 WHERE ?2 IS NULL OR origin = ?2
 ORDER BY settled_ms IS NOT NULL, ?2 IS NULL AND row_number() OVER (
   PARTITION BY origin, settled_ms IS NULL ORDER BY at_ms DESC, rowid DESC) > 1, at_ms DESC, rowid DESC LIMIT ?1";

/// A change, made where there is a transaction.
type Job = Box<dyn FnOnce(Option<&Connection>) -> Answer + Send>;

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
        schema::prepare(&writer).map_err(failed)?;
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
            let done = db.map(|db| within(db, make).map_err(|source| FleetError::new(attempt, source)));
            Box::new(move |failed| {
                let failed = failed.map(|why| Err(FleetError::new(attempt, why.to_string())));
                let _ = match (done, failed) {
                    (Some(done), None) => told.send(done),
                    (Some(done), Some(failed)) => told.send(done.and(failed)),
                    (None, failed) => failed.map_or(Ok(()), |failed| told.send(failed)),
                };
            })
        });
        let ended = |_| FleetError::new(attempt, "the store was closed");
        let jobs = self.jobs.as_ref().ok_or_else(|| FleetError::new(attempt, "the store was closed"))?;
        jobs.send(job).map_err(|_| FleetError::new(attempt, "the store was closed"))?;
        answer.recv().map_err(ended)?
    }
}

impl SqliteFleet {
    fn list_forks(&self, most: i64, of: Option<&str>) -> Result<Vec<Fork>, FleetError> {
        let fork = |row: &Row<'_>| {
            let (origin, what, held) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let settled = row::settled(row.get(5)?, row.get(6)?, row.get(7)?);
            Ok(Fork { origin, what, held, came: row.get(3)?, at_ms: row.get(4)?, settled })
        };
        self.read("list the forks", |db| {
            db.prepare_cached(FORKS)?.query_map(params![most, of], fork)?.collect()
        })
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

/// The loop of the writing thread.
fn write(db: &Connection, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let jobs = std::iter::once(first).chain(waiting.try_iter().take(AT_ONCE - 1)).collect();
        together(db, jobs);
    }
}

/// Makes `jobs` in one transaction and answers each when it is durable. None is made where that does not begin: outside of it
/// each would be kept for itself, and told as failed all the same.
fn together(db: &Connection, jobs: Vec<Job>) {
    let begun = db.execute_batch("BEGIN IMMEDIATE");
    let within = begun.is_ok().then_some(db);
    let answers: Vec<Answer> = jobs.into_iter().map(|job| job(within)).collect();
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

    fn log_settled(&self, origin: &str) -> Result<Option<Held>, FleetError> {
        // What can be read is on the disk.
        self.log(origin)
    }

    fn log_of_token(&self, token: Digest) -> Result<Option<Held>, FleetError> {
        self.read("find a log", |db| {
            let known: Option<String> = db
                .prepare_cached("SELECT origin FROM log WHERE token = ?1")?
                .query_row([token.0], |row| row.get(0))
                .optional()?;
            if let Some(origin) = known {
                return db
                    .prepare_cached(&format!("{LOG} WHERE origin = ?1"))?
                    .query_row([origin], held)
                    .optional();
            }
            db.prepare_cached(&format!("{WISH} WHERE token = ?1 LIMIT 1"))?
                .query_row([token.0], held)
                .optional()
        })
    }

    fn ask(&self, asked: &Asked, most: u64) -> Result<Option<Standing>, FleetError> {
        let asked = asked.clone();
        self.change("keep a wish to enrol", move |db| change::ask(db, &asked, most))
    }

    fn wishes(&self, origin: &str) -> Result<Vec<Held>, FleetError> {
        self.read("list wishes", |db| {
            db.prepare_cached(&format!("{WISH} WHERE origin = ?1 ORDER BY at_ms, key"))?
                .query_map([origin], held)?
                .collect()
        })
    }

    fn drop_wishes(&self, origin: &str) -> Result<u64, FleetError> {
        let origin = origin.to_owned();
        self.change("drop wishes", move |db| {
            let dropped = db.prepare_cached("DELETE FROM wish WHERE origin = ?1")?.execute([origin])?;
            Ok(dropped as u64)
        })
    }

    fn stand(
        &self,
        origin: &str,
        key: &PublicKey,
        standing: Standing,
        by: &str,
        at_ms: i64,
    ) -> Result<bool, FleetError> {
        let (origin, key, by) = (origin.to_owned(), key.as_text().to_owned(), by.to_owned());
        self.change("decide on a log", move |db| change::stand(db, (&origin, &key), (standing, &by, at_ms)))
    }

    fn advance(&self, step: &Step) -> Result<bool, FleetError> {
        let step = step.clone();
        self.change("take entries", move |db| change::advance(db, &step))
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

    fn tree_until(&self, origin: &str, size: u64) -> Result<Frontier, FleetError> {
        self.read("read a tree", |db| {
            let found: Option<(i64, Vec<u8>)> = db
                .prepare_cached(
                    "SELECT first, before FROM piece WHERE log = (SELECT id FROM log WHERE origin = ?1)
                     AND first <= ?2 AND before IS NOT NULL ORDER BY first DESC LIMIT 1",
                )?
                .query_row(params![origin, signed(size)], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            Ok(found.and_then(|(first, peaks)| row::frontier(first, &peaks)).unwrap_or_default())
        })
    }

    fn keep(&self, origin: &str, kind: &str, bytes: &[u8], at_ms: i64) -> Result<bool, FleetError> {
        let (origin, kind, bytes) = (origin.to_owned(), kind.to_owned(), bytes.to_owned());
        self.change("keep what entries name", move |db| change::keep(db, &origin, (&kind, &bytes), at_ms))
    }

    fn kept(&self, digest: Digest) -> Result<Option<(String, Vec<u8>)>, FleetError> {
        self.read("read what entries name", |db| {
            db.prepare_cached("SELECT kind, bytes FROM blob WHERE digest = ?1")?
                .query_row([digest.0], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
    }

    fn missing(&self, origin: &str, digests: &[Digest], at_ms: i64) -> Result<Vec<Digest>, FleetError> {
        self.read("look for what entries name", |db| {
            let mut query = db.prepare_cached(
                "SELECT 1 FROM blob WHERE digest = ?1 UNION ALL SELECT 1 FROM waiting
                 WHERE log = (SELECT id FROM log WHERE origin = ?2) AND digest = ?1 AND at_ms > ?3",
            )?;
            let absent = |digest: &Digest| {
                let there = query.exists(params![digest.0, origin, at_ms - BYTES_WAIT_MS / 2]);
                there.map(|there| (!there).then_some(*digest))
            };
            digests.iter().map(absent).filter_map(Result::transpose).collect()
        })
    }

    fn split(&self, fork: &Fork) -> Result<(), FleetError> {
        let fork = fork.clone();
        self.change("keep two heads", move |db| change::split(db, &fork))
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
        self.list_forks(signed(most), None)
    }

    fn forks_of(&self, origin: &str) -> Result<Vec<Fork>, FleetError> {
        self.list_forks(-1, Some(origin))
    }

    fn contradicted(&self) -> Result<Vec<String>, FleetError> {
        self.read("list the forks", |db| {
            db.prepare_cached("SELECT DISTINCT origin FROM fork WHERE settled_ms IS NULL ORDER BY origin")?
                .query_map([], |row| row.get(0))?
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
    use super::{
        schema::{APPLICATION_ID, SCHEMA},
        *,
    };

    #[test]
    fn what_cannot_begin_is_not_done_and_told_as_failed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fleet.db");
        let open = || {
            let db = connect(&path).unwrap();
            db.busy_timeout(Duration::ZERO).unwrap();
            db
        };
        let (db, other) = (open(), open());
        db.execute_batch("CREATE TABLE seen (n)").unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (told, answer) = sync_channel(1);
        let job: Job = Box::new(move |db| {
            // The other ends just now: whatever is made, would be kept.
            other.execute_batch("COMMIT").unwrap();
            let made = db.map(|db| db.execute_batch("INSERT INTO seen VALUES (1)"));
            Box::new(move |failed| told.send((made.is_some(), failed.is_some())).unwrap())
        });
        together(&db, vec![job]);
        assert_eq!(answer.recv().unwrap(), (false, true));
        assert_eq!(db.query_row("SELECT count(*) FROM seen", [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }

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
             INSERT INTO fork VALUES('loa/station/a/1', 'fork', 'mot', 'hai', 5);
             INSERT INTO blob VALUES(zeroblob(32), 'plan', x'00');"
        ))
        .unwrap();
        let key = |id: &str| crate::fleet::conduct::Station::new(id).key.public().clone();
        let (asks, enrolled) = (key("asks"), key("enrolled"));
        for (key, standing) in [(&asks, "asked"), (&enrolled, "enrolled")] {
            let values = params![key.name(), key.as_text(), [7_u8; 32], standing];
            db.execute("INSERT INTO log VALUES(NULL, ?1, ?2, ?3, ?4, '', 1, 0, x'', '', NULL, '')", values)
                .unwrap();
        }
        drop(db);
        for _ in 0..2 {
            let fleet = SqliteFleet::open(&path).unwrap();
            let forks = fleet.forks(9).unwrap();
            assert_eq!((forks.len(), &forks[0].came, &forks[0].settled), (1, &"hai".to_owned(), &None));
            let logs: Vec<_> =
                fleet.logs().unwrap().into_iter().map(|held| (held.standing, held.key)).collect();
            assert_eq!(logs, [(Standing::Asked, asks.clone()), (Standing::Enrolled, enrolled.clone())]);
            assert!(fleet.kept(Digest([0; 32])).unwrap().is_some());
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
        fleet
            .split(&Fork {
                origin: "a".into(),
                what: "fork".into(),
                held: "1".into(),
                came: "2".into(),
                at_ms: 1,
                settled: None,
            })
            .unwrap();
        assert_eq!(fleet.contradicted().unwrap(), ["a"]);
    }
}
