//! The changes of a fleet in PostgreSQL, each one transaction of the server.

use chrono::NaiveDate;

use super::{fault::Fault, line::Line, schema};
use crate::{
    fleet::{
        Asked, BYTES_WAIT_MS, Fork, MOST_PAIRS, MOST_WAITING, Standing, Step, WISH_LASTS_MS,
        row::{self, signed},
    },
    units::Digest,
};

/// Compares and swaps, and adds what came, in one statement: one way to the server, and nothing of it without the rest.
const ADVANCE: &str = "WITH moved AS (
  UPDATE log SET size = $3, peaks = $4, head = $5
  WHERE origin = $1 AND size = $2 AND standing = 'enrolled' RETURNING id
), came AS (
  INSERT INTO piece(log, first, count, leaves, before)
  SELECT id, $2, $6::bigint, $7::text, $14::bytea FROM moved WHERE $6::bigint > 0
), ends AS (
  INSERT INTO ended(log, seq, day, slot, outcome, reason, proof) SELECT id, one.* FROM moved,
    unnest($8::bigint[], $9::date[], $10::text[], $11::text[], $12::text[], $13::smallint[]) AS one
), brought AS (
  DELETE FROM waiting USING moved WHERE waiting.log = moved.id AND waiting.digest = ANY($15::bytea[])
  RETURNING waiting.digest, waiting.kind, waiting.bytes
), kept AS (
  INSERT INTO blob(digest, kind, bytes) SELECT digest, kind, bytes FROM brought ORDER BY digest ON CONFLICT DO NOTHING
)
SELECT id FROM moved";

/// Whether that was done before: its head is there, or, where another push followed already, its leaves.
const ADVANCED: &str = "SELECT 1 FROM log WHERE origin = $1 AND (size = $3 AND head = $4
  OR EXISTS (SELECT 1 FROM piece WHERE log = id AND first = $2 AND leaves = $5))";

/// Drops of the pairs of a log that nobody settled those that tell nothing more.
const TRIM: &str = "DELETE FROM fork WHERE id IN (SELECT id FROM (SELECT id,
    row_number() OVER (PARTITION BY held ORDER BY id) AS of_head,
    row_number() OVER (PARTITION BY held ORDER BY id DESC) AS of_head_back,
    row_number() OVER (ORDER BY id) AS of_all,
    row_number() OVER (ORDER BY id DESC) AS of_all_back
  FROM fork WHERE origin = $1 AND what = $2 AND settled_ms IS NULL) AS pairs
  WHERE (of_head > 1 AND of_head_back > 1) OR (of_all > 1 AND of_all_back > $3))";

/// Takes `step`, where the log is where it begins, or where it was taken `again` before.
pub(super) fn advance(line: &mut Line, step: &Step, again: bool) -> Result<bool, Fault> {
    let (from, size, count) =
        (signed(step.from), signed(step.frontier.size()), signed(step.leaves.len() as u64));
    let (peaks, leaves) = (row::peaks(&step.frontier), step.leaves.join("\n"));
    if again {
        let done = line.rows(ADVANCED, &[&step.origin, &from, &size, &step.head, &leaves])?;
        if !done.is_empty() {
            return Ok(true);
        }
    }
    let before = row::peaks(&step.before);
    let named: Vec<&[u8]> = step.named.iter().map(|digest| digest.0.as_slice()).collect();
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
            &before,
            &named,
        ],
    )?;
    Ok(!moved.is_empty())
}

/// Keeps the wish `asked`, within `most`.
pub(super) fn ask(line: &mut Line, asked: &Asked, most: u64) -> Result<Option<Standing>, Fault> {
    let Asked { origin, key, token, at_ms } = asked;
    let (key, token) = (key.as_text(), token.0.as_slice());
    let mut wish = line.client.transaction()?;
    // One after the other, so that there are never more of them than `most`.
    wish.execute("SELECT pg_advisory_xact_lock($1)", &[&schema::LOCK])?;
    wish.execute("DELETE FROM wish WHERE last_ms < $1", &[&(at_ms - WISH_LASTS_MS)])?;
    let known = wish.query_opt(
        "SELECT key, standing, standing = 'revoked' AND size = 0 FROM log WHERE origin = $1",
        &[origin],
    )?;
    if let Some(known) = known {
        if known.try_get::<_, &str>(0)? == key {
            let standing = Standing::of(known.try_get(1)?).ok_or(Fault::Strange("standing"))?;
            wish.execute("UPDATE log SET token = $2 WHERE origin = $1", &[origin, &token])?;
            wish.commit()?;
            return Ok(Some(standing));
        }
        // A name that was kept from somebody who never brought anything is free for others.
        if !known.try_get::<_, bool>(2)? {
            return Ok(None);
        }
    }
    wish.execute(
        "INSERT INTO wish(origin, key, token, at_ms, last_ms) VALUES($1, $2, $3, $4, $4)
         ON CONFLICT(origin, key) DO UPDATE SET token = excluded.token, last_ms = excluded.last_ms",
        &[origin, &key, &token, at_ms],
    )?;
    let waiting: i64 = wish.query_one("SELECT count(*) FROM wish", &[])?.try_get(0)?;
    if waiting > signed(most) {
        wish.execute(
            "DELETE FROM wish WHERE (origin, key) IN (SELECT origin, key FROM wish
             WHERE NOT (origin = $1 AND key = $2) ORDER BY last_ms, at_ms DESC LIMIT $3)",
            &[origin, &key, &(waiting - signed(most))],
        )?;
    }
    wish.commit()?;
    Ok(Some(Standing::Asked))
}

/// Decides on the log `origin` with the key of this text, or on the wish for it.
pub(super) fn stand(
    line: &mut Line,
    (origin, key): (&str, &str),
    (standing, by, at_ms): (Standing, &str, i64),
) -> Result<bool, Fault> {
    let mut deciding = line.client.transaction()?;
    deciding.execute("SELECT pg_advisory_xact_lock($1)", &[&schema::LOCK])?;
    let changed = deciding.execute(
        "UPDATE log SET standing = $3, by = $4, at_ms = $5 WHERE origin = $1 AND key = $2",
        &[&origin, &key, &standing.code(), &by, &at_ms],
    )?;
    let made = if changed == 0 {
        deciding.execute(
            "INSERT INTO log(origin, key, token, standing, by, at_ms, size, peaks, head, word)
             SELECT origin, key, token, $3::text, $4::text, $5::bigint, 0, ''::bytea, '', '' FROM wish WHERE origin = $1 AND key = $2
             ON CONFLICT(origin) DO UPDATE SET key = excluded.key, token = excluded.token,
               standing = excluded.standing, by = excluded.by, at_ms = excluded.at_ms
             WHERE log.standing = 'revoked' AND log.size = 0",
            &[&origin, &key, &standing.code(), &by, &at_ms],
        )?
    } else {
        changed
    };
    if made == 1 {
        deciding.execute("DELETE FROM wish WHERE origin = $1", &[&origin])?;
    }
    deciding.commit()?;
    Ok(made == 1)
}

/// Lets `bytes` wait for the push of the log `origin` that names them.
pub(super) fn keep(
    line: &mut Line,
    origin: &str,
    (kind, bytes): (&str, &[u8]),
    at_ms: i64,
) -> Result<bool, Fault> {
    let digest = Digest::of(bytes);
    let digest = digest.0.as_slice();
    let mut keeping = line.client.transaction()?;
    keeping.execute("DELETE FROM waiting WHERE at_ms < $1", &[&(at_ms - BYTES_WAIT_MS)])?;
    // One after the other of a log, so that there are never more than are allowed.
    let log = keeping.query_opt(
        "SELECT id FROM log WHERE origin = $1 AND standing = 'enrolled' FOR NO KEY UPDATE",
        &[&origin],
    )?;
    let Some(log) = log else { return Ok(false) };
    let log: i64 = log.try_get(0)?;
    let kept = keeping.query_opt("SELECT 1 FROM blob WHERE digest = $1", &[&digest])?.is_some();
    let mut written = 0;
    if !kept {
        written = keeping.execute(
            "INSERT INTO waiting(log, digest, kind, bytes, at_ms) SELECT $1::bigint, $2::bytea, $3::text, $4::bytea, $5::bigint
             WHERE (SELECT coalesce(sum(length(bytes) + 1024), 0) FROM waiting WHERE log = $1 AND digest <> $2)
               + length($4::bytea) <= $6::bigint
             ON CONFLICT(log, digest) DO UPDATE SET at_ms = excluded.at_ms",
            &[&log, &digest, &kind, &bytes, &at_ms, &signed(MOST_WAITING)],
        )?;
    }
    keeping.commit()?;
    settled(line, written)?;
    Ok(kept || written == 1)
}

/// Keeps a pair of heads, and of those that nobody settled no more than tell something.
pub(super) fn split(line: &mut Line, fork: &Fork) -> Result<(), Fault> {
    let Fork { origin, what, held, came, .. } = fork;
    let digest = Digest::of(format!("{origin}\0{what}\0{held}\0{came}").as_bytes());
    let mut splitting = line.client.transaction()?;
    let kept = splitting.execute(
        "INSERT INTO fork(digest, origin, what, held, came, at_ms) VALUES($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
        &[&digest.0.as_slice(), origin, what, held, came, &fork.at_ms],
    )?;
    splitting.execute(TRIM, &[origin, what, &signed(MOST_PAIRS)])?;
    splitting.commit()?;
    settled(line, kept)
}

/// What is there already came from another, perhaps a moment ago: it must be as durable as what is new.
fn settled(line: &mut Line, kept: u64) -> Result<(), Fault> {
    if kept == 0 {
        line.settle()?;
    }
    Ok(())
}
