//! The tables of a fleet in PostgreSQL: in a schema of their own, made by whichever process comes first.

use super::{Fault, line::Line};

/// The version of these tables; a later one comes with its migration.
const VERSION: i32 = 3;

/// What version 2 has more than version 1.
const SETTLED: &str = "
ALTER TABLE loa_fleet.fork
  ADD COLUMN settled_by text, ADD COLUMN settled_reason text, ADD COLUMN settled_ms bigint;
";

/// What version 3 has more than version 2: wishes beside the logs, bytes that wait for their push, and with every piece the
/// tree before it.
const STRANGERS: &str = "
CREATE TABLE loa_fleet.wish(
  origin text COLLATE \"C\" NOT NULL,
  key text COLLATE \"C\" NOT NULL,
  token bytea NOT NULL CHECK(length(token) = 32),
  at_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY(origin, key)
);
CREATE INDEX wish_token ON loa_fleet.wish(token);
CREATE INDEX wish_last ON loa_fleet.wish(last_ms);
INSERT INTO loa_fleet.wish SELECT origin, key, token, at_ms, (extract(epoch FROM now()) * 1000)::bigint
  FROM loa_fleet.log WHERE standing = 'asked';
ALTER TABLE loa_fleet.log DISABLE TRIGGER log_kept;
DELETE FROM loa_fleet.log WHERE standing = 'asked';
ALTER TABLE loa_fleet.log ENABLE TRIGGER log_kept;
CREATE VIEW loa_fleet.known AS
  SELECT origin, key, token, standing, by, at_ms, size, peaks, head, heard_ms, word FROM loa_fleet.log
  WHERE NOT (standing = 'revoked' AND size = 0
    AND EXISTS (SELECT 1 FROM loa_fleet.wish WHERE wish.origin = log.origin))
  UNION ALL
  SELECT origin, key, token, 'asked', '', at_ms, 0, ''::bytea, '', NULL, '' FROM loa_fleet.wish
  WHERE NOT EXISTS (SELECT 1 FROM loa_fleet.wish AS other
    WHERE other.origin = wish.origin AND (other.at_ms, other.key) < (wish.at_ms, wish.key));
CREATE TABLE loa_fleet.waiting(
  log bigint NOT NULL REFERENCES loa_fleet.log(id),
  digest bytea NOT NULL CHECK(length(digest) = 32),
  kind text NOT NULL,
  bytes bytea NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY(log, digest)
);
CREATE INDEX waiting_at ON loa_fleet.waiting(at_ms);
CREATE INDEX fork_origin ON loa_fleet.fork(origin, what);
ALTER TABLE loa_fleet.piece ADD COLUMN before bytea;
";

/// `loaF`: whoever makes the tables, or counts wishes, holds this lock of the database.
pub const LOCK: i64 = 0x6c6f_6146;

/// Leaves lie as they came, in the pieces in which they came: nobody asks for a single one but by its position. Names are
/// in the order of their bytes. A log's row leaves room on its page, since every push changes it.
const SCHEMA: &str = "
CREATE TABLE loa_fleet.version(number integer NOT NULL);
CREATE TABLE loa_fleet.log(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  origin text COLLATE \"C\" NOT NULL UNIQUE,
  key text NOT NULL,
  token bytea NOT NULL CHECK(length(token) = 32),
  standing text NOT NULL,
  by text NOT NULL,
  at_ms bigint NOT NULL,
  size bigint NOT NULL,
  peaks bytea NOT NULL,
  head text NOT NULL,
  heard_ms bigint,
  word text NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX log_token ON loa_fleet.log(token);
CREATE TABLE loa_fleet.piece(
  log bigint NOT NULL REFERENCES loa_fleet.log(id),
  first bigint NOT NULL,
  count bigint NOT NULL CHECK(count > 0),
  leaves text NOT NULL,
  PRIMARY KEY(log, first)
);
CREATE TABLE loa_fleet.ended(
  log bigint NOT NULL REFERENCES loa_fleet.log(id),
  seq bigint NOT NULL,
  day date NOT NULL,
  slot text NOT NULL,
  outcome text NOT NULL,
  reason text NOT NULL,
  proof smallint NOT NULL,
  PRIMARY KEY(log, seq)
);
CREATE INDEX ended_day ON loa_fleet.ended(day, log, outcome);
CREATE INDEX ended_log ON loa_fleet.ended(log, day, outcome);
CREATE TABLE loa_fleet.blob(
  digest bytea PRIMARY KEY CHECK(length(digest) = 32), kind text NOT NULL, bytes bytea NOT NULL
);
CREATE TABLE loa_fleet.fork(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest bytea NOT NULL UNIQUE CHECK(length(digest) = 32),
  origin text NOT NULL, what text NOT NULL, held text NOT NULL, came text NOT NULL, at_ms bigint NOT NULL
);
CREATE FUNCTION loa_fleet.only_grows() RETURNS trigger LANGUAGE plpgsql
  AS 'BEGIN RAISE EXCEPTION ''a log only grows''; END';
CREATE TRIGGER piece_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON loa_fleet.piece
  FOR EACH STATEMENT EXECUTE FUNCTION loa_fleet.only_grows();
CREATE TRIGGER log_kept BEFORE DELETE OR TRUNCATE ON loa_fleet.log
  FOR EACH STATEMENT EXECUTE FUNCTION loa_fleet.only_grows();
CREATE TRIGGER log_shrink BEFORE UPDATE ON loa_fleet.log
  FOR EACH ROW WHEN (NEW.size < OLD.size) EXECUTE FUNCTION loa_fleet.only_grows();
";

/// Makes the tables where there are none, and refuses those of another version.
pub fn prepare(line: &mut Line) -> Result<(), Fault> {
    let mut making = line.client.transaction()?;
    making.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
    let there = making.query_one(
        "SELECT to_regclass('loa_fleet.version') IS NOT NULL, to_regnamespace('loa_fleet') IS NOT NULL",
        &[],
    )?;
    // The schema may have been made by an administrator who keeps the right to make one.
    if !there.try_get::<_, bool>(1)? {
        making.batch_execute("CREATE SCHEMA loa_fleet")?;
    }
    if !there.try_get::<_, bool>(0)? {
        making.batch_execute(SCHEMA)?;
        making.execute("INSERT INTO loa_fleet.version VALUES($1)", &[&1_i32])?;
    }
    let row = making.query_opt("SELECT max(number) FROM loa_fleet.version", &[])?;
    let mut version = row.map(|row| row.try_get::<_, Option<i32>>(0)).transpose()?.flatten().unwrap_or(0);
    for (number, more) in [(2, SETTLED), (3, STRANGERS)] {
        if version == number - 1 {
            making.batch_execute(more)?;
            making.execute("UPDATE loa_fleet.version SET number = $1", &[&number])?;
            version = number;
        }
    }
    if version != VERSION {
        return Err(Fault::Version(version, VERSION));
    }
    Ok(making.commit()?)
}
