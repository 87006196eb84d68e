//! The fleet in PostgreSQL: any number of centre processes in front of one database, and a replica that takes its place.
//!
//! Every change is one transaction of the server, most of them a single statement; a hundred stations that push at the
//! same moment share a sync of its disk by the server's own doing. Where the answer to a commit gets lost, whoever asks
//! again first looks whether it was done, and answers only when it is as durable as any other.

mod change;
mod fault;
mod line;
#[cfg(test)]
mod processes;
mod schema;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Mutex, PoisonError},
};

use ::postgres::Row;
use chrono::NaiveDate;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    Asked, BYTES_WAIT_MS, Ended, Fleet, FleetError, Fork, Held, Settled, Standing, Step, Tally,
    row::{self, signed},
    trusted::trusted,
};
use crate::{evidence::Frontier, keys::PublicKey, units::Digest};
use fault::Fault;
use line::{Line, Pool};

/// Connections of a process for what changes something. A replica that is gone holds them all, while pages go on.
const CHANGING: usize = 12;

/// Connections of a process for what only reads.
const READING: usize = 4;

/// Pieces that are fetched at once; one is a push, of at most 8 MiB.
const PIECES: i32 = 4;

const LOGS: &str = "SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM known ORDER BY origin";

const LOG: &str = "SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM known WHERE origin = $1";

const LOG_OF_TOKEN: &str = "SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM log WHERE token = $1";

const WISH_OF_TOKEN: &str =
    "SELECT origin, key, token, 'asked', '', at_ms, 0::bigint, ''::bytea, '', NULL::bigint, '' FROM wish
  WHERE token = $1 LIMIT 1";

const WISHES: &str =
    "SELECT origin, key, token, 'asked', '', at_ms, 0::bigint, ''::bytea, '', NULL::bigint, '' FROM wish
  WHERE origin = $1 ORDER BY at_ms, key";

/// The tree before the last piece that begins at or before a position.
const TREE: &str = "SELECT first, before FROM piece WHERE log = (SELECT id FROM log WHERE origin = $1)
  AND first <= $2 AND before IS NOT NULL ORDER BY first DESC LIMIT 1";

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
  WHERE NOT EXISTS (SELECT 1 FROM blob WHERE blob.digest = named.digest)
    AND NOT EXISTS (SELECT 1 FROM waiting WHERE waiting.digest = named.digest
      AND waiting.log = (SELECT id FROM log WHERE origin = $2) AND waiting.at_ms > $3) ORDER BY place";

const FORKS: &str = "SELECT origin, what, held, came, at_ms, settled_by, settled_reason, settled_ms FROM fork
  ORDER BY settled_ms IS NOT NULL, row_number() OVER (
    PARTITION BY origin, settled_ms IS NULL ORDER BY at_ms DESC, id DESC) > 1, at_ms DESC, id DESC LIMIT $1";

const FORKS_OF: &str =
    "SELECT origin, what, held, came, at_ms, settled_by, settled_reason, settled_ms FROM fork
  WHERE origin = $1 ORDER BY settled_ms IS NOT NULL, at_ms DESC, id DESC";

/// The fleet's store in a database. Its calls wait: none may be made on a thread that drives a runtime.
pub struct PostgresFleet {
    changes: Pool,
    reads: Pool,
    /// The digest of the head that each log is known to have durably.
    settled: Mutex<HashMap<String, Digest>>,
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
        Ok(PostgresFleet { changes, reads: Pool::new(config, tls, READING), settled: Mutex::default() })
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

    /// Remembers that `head` is what the log `origin` has durably. What is once on the replica stays.
    fn is_settled(&self, origin: &str, head: &str) {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        settled.insert(origin.to_owned(), Digest::of(head.as_bytes()));
    }
}

fn held_of(row: &Row) -> Result<Held, Fault> {
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

fn fork(row: &Row) -> Result<Fork, Fault> {
    Ok(Fork {
        origin: row.try_get(0)?,
        what: row.try_get(1)?,
        held: row.try_get(2)?,
        came: row.try_get(3)?,
        at_ms: row.try_get(4)?,
        settled: row::settled(row.try_get(5)?, row.try_get(6)?, row.try_get(7)?),
    })
}

impl Fleet for PostgresFleet {
    fn logs(&self) -> Result<Vec<Held>, FleetError> {
        self.read("list the logs", |line| line.rows(LOGS, &[])?.iter().map(held_of).collect())
    }

    fn log(&self, origin: &str) -> Result<Option<Held>, FleetError> {
        self.read("read a log", |line| line.rows(LOG, &[&origin])?.first().map(held_of).transpose())
    }

    fn log_settled(&self, origin: &str) -> Result<Option<Held>, FleetError> {
        let Some(held) = self.log(origin)? else { return Ok(None) };
        let known = self.settled.lock().unwrap_or_else(PoisonError::into_inner).get(origin).copied();
        if held.head.is_empty() || known == Some(Digest::of(held.head.as_bytes())) {
            return Ok(Some(held));
        }
        // What the server has, its replica may lack: it is read and waited for on one and the same server.
        let held = self.change("settle a log", |line, _| {
            let held = line.rows(LOG, &[&origin])?.first().map(held_of).transpose()?;
            line.settle()?;
            Ok(held)
        })?;
        if let Some(held) = &held {
            self.is_settled(origin, &held.head);
        }
        Ok(held)
    }

    fn log_of_token(&self, token: Digest) -> Result<Option<Held>, FleetError> {
        let token = token.0.as_slice();
        self.read("find a log", |line| {
            let mut found = line.rows(LOG_OF_TOKEN, &[&token])?;
            if found.is_empty() {
                found = line.rows(WISH_OF_TOKEN, &[&token])?;
            }
            found.first().map(held_of).transpose()
        })
    }

    fn ask(&self, asked: &Asked, most: u64) -> Result<Option<Standing>, FleetError> {
        self.change("keep a wish to enrol", |line, _| change::ask(line, asked, most))
    }

    fn wishes(&self, origin: &str) -> Result<Vec<Held>, FleetError> {
        self.read("list wishes", |line| line.rows(WISHES, &[&origin])?.iter().map(held_of).collect())
    }

    fn drop_wishes(&self, origin: &str) -> Result<u64, FleetError> {
        self.change("drop wishes", |line, _| {
            Ok(line.change("DELETE FROM wish WHERE origin = $1", &[&origin])?)
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
        self.change("decide on a log", |line, _| {
            change::stand(line, (origin, key.as_text()), (standing, by, at_ms))
        })
    }

    fn advance(&self, step: &Step) -> Result<bool, FleetError> {
        let taken = self.change("take entries", |line, again| change::advance(line, step, again))?;
        if taken {
            self.is_settled(&step.origin, &step.head);
        }
        Ok(taken)
    }

    fn tree_until(&self, origin: &str, size: u64) -> Result<Frontier, FleetError> {
        self.read("read a tree", |line| {
            let found = line.rows(TREE, &[&origin, &signed(size)])?;
            let Some(found) = found.first() else { return Ok(Frontier::default()) };
            row::frontier(found.try_get(0)?, found.try_get(1)?).ok_or(Fault::Strange("before"))
        })
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

    fn keep(&self, origin: &str, kind: &str, bytes: &[u8], at_ms: i64) -> Result<bool, FleetError> {
        self.change("keep what entries name", |line, _| change::keep(line, origin, (kind, bytes), at_ms))
    }

    fn kept(&self, digest: Digest) -> Result<Option<(String, Vec<u8>)>, FleetError> {
        let digest = digest.0.as_slice();
        self.read("read what entries name", |line| {
            let found = line.rows("SELECT kind, bytes FROM blob WHERE digest = $1", &[&digest])?;
            found.first().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
        })
    }

    fn missing(&self, origin: &str, digests: &[Digest], at_ms: i64) -> Result<Vec<Digest>, FleetError> {
        let digests: Vec<&[u8]> = digests.iter().map(|digest| digest.0.as_slice()).collect();
        let since = at_ms - BYTES_WAIT_MS / 2;
        self.read("look for what entries name", |line| {
            let digest = |row: &Row| {
                let bytes: &[u8] = row.try_get(0)?;
                bytes.try_into().map(Digest).map_err(|_| Fault::Strange("digest"))
            };
            line.rows(MISSING, &[&digests, &origin, &since])?.iter().map(digest).collect()
        })
    }

    fn split(&self, fork: &Fork) -> Result<(), FleetError> {
        self.change("keep two heads", |line, _| change::split(line, fork))
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
        self.read("list the forks", |line| line.rows(FORKS, &[&signed(most)])?.iter().map(fork).collect())
    }

    fn forks_of(&self, origin: &str) -> Result<Vec<Fork>, FleetError> {
        self.read("list the forks", |line| line.rows(FORKS_OF, &[&origin])?.iter().map(fork).collect())
    }

    fn contradicted(&self) -> Result<Vec<String>, FleetError> {
        self.read("list the forks", |line| {
            let origins = "SELECT DISTINCT origin FROM fork WHERE settled_ms IS NULL ORDER BY origin";
            Ok(line.rows(origins, &[])?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
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
