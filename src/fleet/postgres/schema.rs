//! The tables of a fleet in PostgreSQL: in a schema of their own, made by whichever process comes first.

use super::{Fault, line::Line};

/// The version of these tables; a later one comes with its migration.
const VERSION: i32 = 2;

/// What version 2 has more than version 1.
const SETTLED: &str = "
ALTER TABLE loa_fleet.fork
  ADD COLUMN settled_by text, ADD COLUMN settled_reason text, ADD COLUMN settled_ms bigint;
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
    if version == 1 {
        making.batch_execute(SETTLED)?;
        making.execute("UPDATE loa_fleet.version SET number = $1", &[&VERSION])?;
        version = VERSION;
    }
    if version != VERSION {
        return Err(Fault::Version(version, VERSION));
    }
    Ok(making.commit()?)
}
