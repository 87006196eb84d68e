//! The tables of a fleet in SQLite, and how those of earlier versions become these.

use rusqlite::Connection;

/// `loaF`, in the header of the file: this is a fleet of loa.
pub(super) const APPLICATION_ID: i64 = 0x6c6f_6146;

/// The version of these tables; a later one comes with its migration.
pub(super) const VERSION: i64 = 3;

/// What version 2 has more than version 1.
pub(super) const SETTLED: &str = "
ALTER TABLE fork ADD COLUMN settled_by TEXT;
ALTER TABLE fork ADD COLUMN settled_reason TEXT;
ALTER TABLE fork ADD COLUMN settled_ms INTEGER;
";

/// What version 3 has more than version 2: wishes beside the logs, bytes that wait for their push, and with every piece the
/// tree before it.
const STRANGERS: &str = "
CREATE TABLE wish(
  origin TEXT NOT NULL,
  key TEXT NOT NULL,
  token BLOB NOT NULL CHECK(length(token) = 32),
  at_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  PRIMARY KEY(origin, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX wish_token ON wish(token);
CREATE INDEX wish_last ON wish(last_ms);
INSERT INTO wish SELECT origin, key, token, at_ms, unixepoch() * 1000 FROM log WHERE standing = 'asked';
DELETE FROM log WHERE standing = 'asked';
CREATE VIEW known AS
  SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM log
  WHERE NOT (standing = 'revoked' AND size = 0 AND EXISTS (SELECT 1 FROM wish WHERE wish.origin = log.origin))
  UNION ALL
  SELECT origin, key, token, 'asked', '', at_ms, 0, x'', '', NULL, '' FROM wish
  WHERE NOT EXISTS (SELECT 1 FROM wish AS other
    WHERE other.origin = wish.origin AND (other.at_ms, other.key) < (wish.at_ms, wish.key));
CREATE TABLE waiting(
  log INTEGER NOT NULL REFERENCES log(id),
  digest BLOB NOT NULL CHECK(length(digest) = 32),
  kind TEXT NOT NULL,
  bytes BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY(log, digest)
) STRICT;
CREATE INDEX waiting_at ON waiting(at_ms);
ALTER TABLE piece ADD COLUMN before BLOB;
";

/// Leaves lie as they came, in the pieces in which they came: nobody asks for a single one but by its position.
pub(super) const SCHEMA: &str = "
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

/// Makes the tables where there are none, and brings earlier ones up to these.
pub(super) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let ours: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    match (ours, version) {
        (APPLICATION_ID, VERSION) => Ok(()),
        (0, 0) | (APPLICATION_ID, 1..VERSION) => {
            db.execute_batch("BEGIN IMMEDIATE")?;
            let made = migrate(db).and_then(|()| db.execute_batch("COMMIT"));
            if made.is_err() {
                let _ = db.execute_batch("ROLLBACK");
            }
            made
        }
        _ => Err(rusqlite::Error::InvalidParameterName(
            "this file is no fleet that this program can use".into(),
        )),
    }
}

/// One version after the other; another process may have done so a moment ago.
fn migrate(db: &Connection) -> rusqlite::Result<()> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        db.execute_batch(SCHEMA)?;
    }
    for (number, more) in [(2, SETTLED), (3, STRANGERS)] {
        if version < number {
            db.execute_batch(more)?;
        }
    }
    db.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"))
}
