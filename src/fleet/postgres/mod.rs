//! The fleet in PostgreSQL: any number of centre processes in front of one database, and a replica that takes its place.
//!
//! Every change is one transaction of the server, most of them a single statement; a hundred stations that push at the
//! same moment share a sync of its disk by the server's own doing. Where the answer to a commit gets lost, whoever asks
//! again first looks whether it was done, and answers only when it is as durable as any other.

mod fault;
mod line;
#[cfg(test)]
mod processes;
mod schema;
#[cfg(test)]
mod tests;

use std::path::Path;

use ::postgres::Row;
use chrono::NaiveDate;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    Asked, Ended, Fleet, FleetError, Fork, Held, Settled, Standing, Step, Tally,
    row::{self, signed},
    trusted::trusted,
};
use crate::units::Digest;
use fault::Fault;
use line::{Line, Pool};

/// Connections of a process for what changes something. A replica that is gone holds them all, while pages go on.
const CHANGING: usize = 12;

/// Connections of a process for what only reads.
const READING: usize = 4;

/// Pieces that are fetched at once; one is a push, of at most 8 MiB.
const PIECES: i32 = 4;

const LOGS: &str = "SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM log ORDER BY origin";

const LOG: &str = "SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM log WHERE origin = $1";

const LOG_OF_TOKEN: &str = "SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM log WHERE token = $1";

/// Compares and swaps, and adds what came, in one statement: one way to the server, and nothing of it without the rest.
const ADVANCE: &str = "WITH moved AS (
  UPDATE log SET size = $3, peaks = $4, head = $5
  WHERE origin = $1 AND size = $2 AND standing = 'enrolled' RETURNING id
), came AS (
  INSERT INTO piece(log, first, count, leaves) SELECT id, $2, $6::bigint, $7::text FROM moved WHERE $6::bigint > 0
), ends AS (
  INSERT INTO ended(log, seq, day, slot, outcome, reason, proof) SELECT id, one.* FROM moved,
    unnest($8::bigint[], $9::date[], $10::text[], $11::text[], $12::text[], $13::smallint[]) AS one
)
SELECT id FROM moved";

/// Whether that was done before: its head is there, or, where another push followed already, its leaves.
const ADVANCED: &str = "SELECT 1 FROM log WHERE origin = $1 AND (size = $3 AND head = $4
  OR EXISTS (SELECT 1 FROM piece WHERE log = id AND first = $2 AND leaves = $5))";

const LEAVES: &str = "WITH known AS (SELECT id FROM log WHERE origin = $1)
SELECT first, leaves FROM piece WHERE log = (SELECT id FROM known) AND first + count > $2
  AND first >= (SELECT coalesce(max(first), 0) FROM piece WHERE log = (SELECT id FROM known) AND first <= $2)
ORDER BY first";

const ENDS: &str =
    "SELECT origin, seq, slot, outcome, reason, proof FROM ended JOIN log ON log.id = ended.log
  WHERE day BETWEEN $1 AND $2 ORDER BY origin, seq";

const TALLY: &str = "SELECT origin, day, outcome, n FROM
  (SELECT log, day, outcome, count(*) AS n FROM ended WHERE day BETWEEN $1 AND $2 GROUP BY log, day, outcome) AS counted
  JOIN log ON log.id = counted.log";

const TALLY_OF: &str = "SELECT origin, day, outcome, count(*) FROM log JOIN ended ON ended.log = log.id
  WHERE origin = ANY($3) AND day BETWEEN $1 AND $2 GROUP BY origin, day, outcome";

const MISSING: &str = "SELECT digest FROM unnest($1::bytea[]) WITH ORDINALITY AS named(digest, place)
  WHERE NOT EXISTS (SELECT 1 FROM blob WHERE blob.digest = named.digest) ORDER BY place";

/// The fleet's store in a database. Its calls wait: none may be made on a thread that drives a runtime.
pub struct PostgresFleet {
    changes: Pool,
    reads: Pool,
}

impl PostgresFleet {
    /// Opens the store where `url` leads (`postgresql://user:password@a,b/name?target_session_attrs=read-write`: of
    /// several hosts that one which takes changes; sockets are named one by one, `?host=/a&host=/b`). The tables are made where there are none. Beyond this machine the
    /// server must have a certificate of `authorities` (a PEM file; without one, those that this machine trusts).
    pub fn open(url: &str, authorities: Option<&Path>) -> Result<PostgresFleet, FleetError> {
        let config =
            line::config(url).map_err(|source| FleetError::new("read the database's address", source))?;
        let tls = MakeRustlsConnect::new(trusted(authorities)?);
        let changes = Pool::new(config.clone(), tls.clone(), CHANGING);
        changes
            .change(|line, _| schema::prepare(line))
            .map_err(|source| FleetError::new("open the database", source))?;
        Ok(PostgresFleet { changes, reads: Pool::new(config, tls, READING) })
    }

    fn read<T>(
        &self,
        attempt: &'static str,
        ask: impl Fn(&mut Line) -> Result<T, Fault>,
    ) -> Result<T, FleetError> {
        self.reads.ask(|line, _| ask(line)).map_err(|source| FleetError::new(attempt, source))
    }

    fn change<T>(
        &self,
        attempt: &'static str,
        change: impl Fn(&mut Line, bool) -> Result<T, Fault>,
    ) -> Result<T, FleetError> {
        self.changes.change(change).map_err(|source| FleetError::new(attempt, source))
    }
}

fn held(row: &Row) -> Result<Held, Fault> {
    let peaks: &[u8] = row.try_get(7)?;
    let token: &[u8] = row.try_get(2)?;
    Ok(Held {
        origin: row.try_get(0)?,
        key: row::key(row.try_get(1)?).ok_or(Fault::Strange("key"))?,
        token: Digest(token.try_into().map_err(|_| Fault::Strange("token"))?),
        standing: Standing::of(row.try_get(3)?).ok_or(Fault::Strange("standing"))?,
        by: row.try_get(4)?,
        at_ms: row.try_get(5)?,
        frontier: row::frontier(row.try_get(6)?, peaks).ok_or(Fault::Strange("peaks"))?,
        head: row.try_get(8)?,
        heard_ms: row.try_get(9)?,
        word: row.try_get(10)?,
    })
}

fn advance(line: &mut Line, step: &Step, again: bool) -> Result<bool, Fault> {
    let (from, size, count) =
        (signed(step.from), signed(step.frontier.size()), signed(step.leaves.len() as u64));
    let (peaks, leaves) = (row::peaks(&step.frontier), step.leaves.join("\n"));
    if again {
        let done = line.rows(ADVANCED, &[&step.origin, &from, &size, &step.head, &leaves])?;
        if !done.is_empty() {
            return Ok(true);
        }
    }
    let seqs: Vec<i64> = step.ends.iter().map(|ended| signed(ended.seq)).collect();
    let days: Vec<NaiveDate> = step.ends.iter().map(|ended| ended.slot.local.date()).collect();
    let proofs: Vec<i16> = step.ends.iter().map(|ended| i16::from(ended.proof)).collect();
    let (mut slots, mut outcomes, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for ended in &step.ends {
        let (_, slot, outcome, reason) = row::ended(ended);
        slots.push(slot);
        outcomes.push(outcome);
        reasons.push(reason);
    }
    let moved = line.rows(
        ADVANCE,
        &[
            &step.origin,
            &from,
            &size,
            &peaks,
            &step.head,
            &count,
            &leaves,
            &seqs,
            &days,
            &slots,
            &outcomes,
            &reasons,
            &proofs,
        ],
    )?;
    Ok(!moved.is_empty())
}

fn ask(line: &mut Line, asked: &Asked, most: u64) -> Result<bool, Fault> {
    let mut wish = line.client.transaction()?;
    // One after the other, so that there are never more of them than `most`.
    wish.execute("SELECT pg_advisory_xact_lock($1)", &[&schema::LOCK])?;
    let token = asked.token.0.as_slice();
    let known = wish.query_opt("SELECT key FROM log WHERE origin = $1", &[&asked.origin])?;
    if let Some(known) = known {
        if known.try_get::<_, &str>(0)? != asked.key.as_text() {
            return Ok(false);
        }
        wish.execute("UPDATE log SET token = $2 WHERE origin = $1", &[&asked.origin, &token])?;
    } else {
        let waiting = wish.query_one("SELECT count(*) FROM log WHERE standing = 'asked'", &[])?;
        if waiting.try_get::<_, i64>(0)? >= signed(most) {
            return Ok(false);
        }
        wish.execute(
            "INSERT INTO log(origin, key, token, standing, by, at_ms, size, peaks, head, word)
             VALUES($1, $2, $3, 'asked', '', $4, 0, '', '', '')",
            &[&asked.origin, &asked.key.as_text(), &token, &asked.at_ms],
        )?;
    }
    wish.commit()?;
    Ok(true)
}

/// What is there already came from another, perhaps a moment ago: it must be as durable as what is new.
fn settled(line: &mut Line, kept: u64) -> Result<(), Fault> {
    if kept == 0 {
        line.settle()?;
    }
    Ok(())
}

impl Fleet for PostgresFleet {
    fn logs(&self) -> Result<Vec<Held>, FleetError> {
        self.read("list the logs", |line| line.rows(LOGS, &[])?.iter().map(held).collect())
    }

    fn log(&self, origin: &str) -> Result<Option<Held>, FleetError> {
        self.read("read a log", |line| line.rows(LOG, &[&origin])?.first().map(held).transpose())
    }

    fn log_of_token(&self, token: Digest) -> Result<Option<Held>, FleetError> {
        let token = token.0.as_slice();
        self.read("find a log", |line| line.rows(LOG_OF_TOKEN, &[&token])?.first().map(held).transpose())
    }

    fn ask(&self, asked: &Asked, most: u64) -> Result<bool, FleetError> {
        self.change("keep a wish to enrol", |line, _| ask(line, asked, most))
    }

    fn stand(&self, origin: &str, standing: Standing, by: &str, at_ms: i64) -> Result<bool, FleetError> {
        self.change("decide on a log", |line, _| {
            let changed = line.change(
                "UPDATE log SET standing = $2, by = $3, at_ms = $4 WHERE origin = $1",
                &[&origin, &standing.code(), &by, &at_ms],
            )?;
            Ok(changed == 1)
        })
    }

    fn advance(&self, step: &Step) -> Result<bool, FleetError> {
        self.change("take entries", |line, again| advance(line, step, again))
    }

    fn leaves(&self, origin: &str, from: u64, most_bytes: usize) -> Result<Vec<String>, FleetError> {
        self.read("read leaves", |line| {
            let pieces = line.statement(LEAVES)?;
            let mut reading = line.client.transaction()?;
            let portal = reading.bind(&pieces, &[&origin, &signed(from)])?;
            let mut leaves = row::Leaves::new(from, most_bytes);
            loop {
                let pieces = reading.query_portal(&portal, PIECES)?;
                let last = pieces.is_empty();
                for piece in pieces {
                    if !leaves.take(piece.try_get(0)?, piece.try_get(1)?) {
                        return Ok(leaves.into_inner());
                    }
                }
                if last {
                    return Ok(leaves.into_inner());
                }
            }
        })
    }

    fn keep(&self, kind: &str, bytes: &[u8]) -> Result<(), FleetError> {
        let digest = Digest::of(bytes);
        self.change("keep what entries name", |line, _| {
            let kept = line.change(
                "INSERT INTO blob(digest, kind, bytes) VALUES($1, $2, $3) ON CONFLICT DO NOTHING",
                &[&digest.0.as_slice(), &kind, &bytes],
            )?;
            settled(line, kept)
        })
    }

    fn kept(&self, digest: Digest) -> Result<Option<(String, Vec<u8>)>, FleetError> {
        let digest = digest.0.as_slice();
        self.read("read what entries name", |line| {
            let found = line.rows("SELECT kind, bytes FROM blob WHERE digest = $1", &[&digest])?;
            found.first().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
        })
    }

    fn missing(&self, digests: &[Digest]) -> Result<Vec<Digest>, FleetError> {
        let digests: Vec<&[u8]> = digests.iter().map(|digest| digest.0.as_slice()).collect();
        self.read("look for what entries name", |line| {
            let digest = |row: &Row| {
                let bytes: &[u8] = row.try_get(0)?;
                bytes.try_into().map(Digest).map_err(|_| Fault::Strange("digest"))
            };
            line.rows(MISSING, &[&digests])?.iter().map(digest).collect()
        })
    }

    fn split(&self, fork: &Fork) -> Result<(), FleetError> {
        let Fork { origin, what, held, came, .. } = fork;
        let digest = Digest::of(format!("{origin}\0{what}\0{held}\0{came}").as_bytes());
        self.change("keep two heads", |line, _| {
            let kept = line.change(
                "INSERT INTO fork(digest, origin, what, held, came, at_ms) VALUES($1, $2, $3, $4, $5, $6)
                 ON CONFLICT DO NOTHING",
                &[&digest.0.as_slice(), &fork.origin, &fork.what, &fork.held, &fork.came, &fork.at_ms],
            )?;
            settled(line, kept)
        })
    }

    fn settle(&self, origin: &str, seen_ms: i64, said: &Settled) -> Result<u64, FleetError> {
        self.change("settle a contradiction", |line, _| {
            Ok(line.change(
                "UPDATE fork SET settled_by = $3, settled_reason = $4, settled_ms = $5
                 WHERE origin = $1 AND at_ms <= $2 AND settled_ms IS NULL",
                &[&origin, &seen_ms, &said.by, &said.reason, &said.at_ms],
            )?)
        })
    }

    fn forks(&self, most: u64) -> Result<Vec<Fork>, FleetError> {
        self.read("list the forks", |line| {
            let fork = |row: &Row| {
                Ok(Fork {
                    origin: row.try_get(0)?,
                    what: row.try_get(1)?,
                    held: row.try_get(2)?,
                    came: row.try_get(3)?,
                    at_ms: row.try_get(4)?,
                    settled: row::settled(row.try_get(5)?, row.try_get(6)?, row.try_get(7)?),
                })
            };
            let all =
                "SELECT origin, what, held, came, at_ms, settled_by, settled_reason, settled_ms FROM fork
                 ORDER BY settled_ms IS NOT NULL, at_ms DESC, id DESC LIMIT $1";
            line.rows(all, &[&signed(most)])?.iter().map(fork).collect()
        })
    }

    fn heard(&self, origin: &str, word: &str, at_ms: i64) -> Result<(), FleetError> {
        self.change("note that a station was heard", |line, _| {
            line.change(
                "UPDATE log SET heard_ms = $2, word = $3 WHERE origin = $1",
                &[&origin, &at_ms, &word],
            )?;
            Ok(())
        })
    }

    fn ends(&self, first: NaiveDate, last: NaiveDate) -> Result<Vec<(String, Ended)>, FleetError> {
        self.read("read outcomes", |line| {
            let rows = line.rows(ENDS, &[&first, &last])?;
            let ended = |row: &Row| -> Result<Option<(String, Ended)>, Fault> {
                let proof: i16 = row.try_get(5)?;
                let found = row::read_ended(
                    row.try_get(1)?,
                    row.try_get(2)?,
                    row.try_get(3)?,
                    row.try_get(4)?,
                    i64::from(proof),
                );
                found.map(|ended| Ok::<_, Fault>((row.try_get(0)?, ended))).transpose()
            };
            rows.iter().map(ended).filter_map(Result::transpose).collect()
        })
    }

    fn tally(
        &self,
        of: Option<&[String]>,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<Tally>, FleetError> {
        self.read("count outcomes", |line| {
            let rows = match of {
                None => line.rows(TALLY, &[&first, &last])?,
                Some(of) => line.rows(TALLY_OF, &[&first, &last, &of])?,
            };
            let tally = |row: &Row| -> Result<Option<Tally>, Fault> {
                Ok(row::read_tally(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
            };
            rows.iter().map(tally).filter_map(Result::transpose).collect()
        })
    }
}
