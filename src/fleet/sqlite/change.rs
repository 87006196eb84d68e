//! The changes of a fleet in SQLite, each within a transaction.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    fleet::{
        Asked, BYTES_WAIT_MS, Fork, MOST_PAIRS, MOST_WAITING, Standing, Step, WISH_LASTS_MS,
        row::{self, signed},
    },
    units::Digest,
};

/// Keeps the wish `asked`, within `most`.
pub(super) fn ask(db: &Connection, asked: &Asked, most: u64) -> rusqlite::Result<Option<Standing>> {
    let Asked { origin, key, token, at_ms } = asked;
    db.prepare_cached("DELETE FROM wish WHERE last_ms < ?1")?.execute([at_ms - WISH_LASTS_MS])?;
    let known: Option<(String, String, bool)> = db
        .prepare_cached("SELECT key, standing, standing = 'revoked' AND size = 0 FROM log WHERE origin = ?1")?
        .query_row([origin], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    if let Some((known, standing, is_free)) = known {
        if known == key.as_text() {
            db.prepare_cached("UPDATE log SET token = ?2 WHERE origin = ?1")?
                .execute(params![origin, token.0])?;
            return Ok(Standing::of(&standing));
        }
        // A name that was kept from somebody who never brought anything is free for others.
        if !is_free {
            return Ok(None);
        }
    }
    db.prepare_cached(
        "INSERT INTO wish(origin, key, token, at_ms, last_ms) VALUES(?1, ?2, ?3, ?4, ?4)
         ON CONFLICT(origin, key) DO UPDATE SET token = excluded.token, last_ms = excluded.last_ms",
    )?
    .execute(params![origin, key.as_text(), token.0, at_ms])?;
    let waiting: i64 = db.query_row("SELECT count(*) FROM wish", [], |row| row.get(0))?;
    if waiting > signed(most) {
        db.execute(
            "DELETE FROM wish WHERE (origin, key) IN (SELECT origin, key FROM wish
             WHERE NOT (origin = ?1 AND key = ?2) ORDER BY last_ms, at_ms DESC LIMIT ?3)",
            params![origin, key.as_text(), waiting - signed(most)],
        )?;
    }
    Ok(Some(Standing::Asked))
}

/// Decides on the log `origin` with the key of this text, or on the wish for it.
pub(super) fn stand(
    db: &Connection,
    (origin, key): (&str, &str),
    (standing, by, at_ms): (Standing, &str, i64),
) -> rusqlite::Result<bool> {
    let values = params![origin, key, standing.code(), by, at_ms];
    let changed = db
        .prepare_cached("UPDATE log SET standing = ?3, by = ?4, at_ms = ?5 WHERE origin = ?1 AND key = ?2")?
        .execute(values)?;
    let made = if changed == 0 {
        db.prepare_cached(
            "INSERT INTO log(origin, key, token, standing, by, at_ms, size, peaks, head, word)
             SELECT origin, key, token, ?3, ?4, ?5, 0, x'', '', '' FROM wish WHERE origin = ?1 AND key = ?2
             ON CONFLICT(origin) DO UPDATE SET key = excluded.key, token = excluded.token,
               standing = excluded.standing, by = excluded.by, at_ms = excluded.at_ms
             WHERE log.standing = 'revoked' AND log.size = 0",
        )?
        .execute(values)?
    } else {
        changed
    };
    if made == 1 {
        db.prepare_cached("DELETE FROM wish WHERE origin = ?1")?.execute([origin])?;
    }
    Ok(made == 1)
}

/// Takes `step`, where the log is where it begins.
pub(super) fn advance(db: &Connection, step: &Step) -> rusqlite::Result<bool> {
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
        db.prepare_cached("INSERT INTO piece(log, first, count, leaves, before) VALUES(?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                id,
                signed(step.from),
                signed(step.leaves.len() as u64),
                step.leaves.join("\n"),
                row::peaks(&step.before)
            ])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO ended(log, seq, day, slot, outcome, reason, proof) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for ended in &step.ends {
        let (day, slot, outcome, reason) = row::ended(ended);
        insert.execute(params![id, signed(ended.seq), day, slot, outcome, reason, ended.proof])?;
    }
    for digest in &step.named {
        db.prepare_cached(
            "INSERT OR IGNORE INTO blob SELECT digest, kind, bytes FROM waiting WHERE log = ?1 AND digest = ?2",
        )?
        .execute(params![id, digest.0])?;
        db.prepare_cached("DELETE FROM waiting WHERE log = ?1 AND digest = ?2")?
            .execute(params![id, digest.0])?;
    }
    Ok(true)
}

/// Lets `bytes` wait for the push of the log `origin` that names them.
pub(super) fn keep(
    db: &Connection,
    origin: &str,
    (kind, bytes): (&str, &[u8]),
    at_ms: i64,
) -> rusqlite::Result<bool> {
    let digest = Digest::of(bytes).0;
    db.prepare_cached("DELETE FROM waiting WHERE at_ms < ?1")?.execute([at_ms - BYTES_WAIT_MS])?;
    if db.prepare_cached("SELECT 1 FROM blob WHERE digest = ?1")?.exists([digest])? {
        return Ok(true);
    }
    let id: Option<i64> = db
        .prepare_cached("SELECT id FROM log WHERE origin = ?1 AND standing = 'enrolled'")?
        .query_row([origin], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(false) };
    let again = db
        .prepare_cached("UPDATE waiting SET at_ms = ?3 WHERE log = ?1 AND digest = ?2")?
        .execute(params![id, digest, at_ms])?;
    if again == 1 {
        return Ok(true);
    }
    let waiting: i64 = db
        .prepare_cached("SELECT coalesce(sum(length(bytes) + 1024), 0) FROM waiting WHERE log = ?1")?
        .query_row([id], |row| row.get(0))?;
    if waiting + signed(bytes.len() as u64) > signed(MOST_WAITING) {
        return Ok(false);
    }
    db.prepare_cached("INSERT INTO waiting(log, digest, kind, bytes, at_ms) VALUES(?1, ?2, ?3, ?4, ?5)")?
        .execute(params![id, digest, kind, bytes, at_ms])?;
    Ok(true)
}

/// Keeps a pair of heads, and of those that nobody settled no more than tell something.
pub(super) fn split(db: &Connection, fork: &Fork) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO fork(origin, what, held, came, at_ms) VALUES(?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![fork.origin, fork.what, fork.held, fork.came, fork.at_ms])?;
    db.prepare_cached(
        "DELETE FROM fork WHERE rowid IN (SELECT pair FROM (SELECT rowid AS pair,
           row_number() OVER (PARTITION BY held ORDER BY rowid) AS of_head,
           row_number() OVER (PARTITION BY held ORDER BY rowid DESC) AS of_head_back,
           row_number() OVER (ORDER BY rowid) AS of_all,
           row_number() OVER (ORDER BY rowid DESC) AS of_all_back
         FROM fork WHERE origin = ?1 AND what = ?2 AND settled_ms IS NULL)
         WHERE (of_head > 1 AND of_head_back > 1) OR (of_all > 1 AND of_all_back > ?3))",
    )?
    .execute(params![fork.origin, fork.what, signed(MOST_PAIRS)])
    .map(drop)
}
