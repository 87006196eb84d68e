//! The tables of `log.db`.

use std::{collections::BTreeSet, ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, limits::Limit};

use super::StoreError;

/// `loaL`, in the header of the file: this is a log of loa.
const APPLICATION_ID: i64 = 0x6c6f_614c;

/// The version of these tables; a later one comes with its migration.
const VERSION: i64 = 1;

/// The tables that are read: what stands under these names must be exactly what [`create`] makes.
pub const TABLES: [&str; 4] = ["event", "node", "head", "blob"];

/// No value is longer, whatever a file claims: the largest bytes that a bundle takes, with their row.
const MOST_BYTES: i32 = (64 << 20) + (1 << 16);

/// A leaf is the only truth; every column beside it is computed from its bytes. Nodes are stored so that
/// proofs need no recomputation. The triggers stop mistakes, not attackers: those meet the signature.
const SCHEMA: &str = "
CREATE TABLE event(
  seq INTEGER PRIMARY KEY CHECK(seq >= 0),
  leaf TEXT NOT NULL CHECK(json_valid(leaf)),
  kind TEXT GENERATED ALWAYS AS (leaf ->> '$.kind') VIRTUAL,
  wall_ms INTEGER GENERATED ALWAYS AS (leaf ->> '$.clk.wall_ms') VIRTUAL,
  slot TEXT GENERATED ALWAYS AS (leaf ->> '$.body.slot') VIRTUAL,
  airing INTEGER GENERATED ALWAYS AS (leaf ->> '$.body.airing') VIRTUAL,
  planned_ms INTEGER GENERATED ALWAYS AS (leaf ->> '$.body.planned_ms') VIRTUAL,
  outcome TEXT GENERATED ALWAYS AS (leaf ->> '$.body.outcome') VIRTUAL
) STRICT;
CREATE INDEX event_kind ON event(kind);
CREATE INDEX event_wall ON event(wall_ms);
CREATE INDEX event_slot ON event(slot) WHERE slot IS NOT NULL;
CREATE INDEX event_airing ON event(airing) WHERE airing IS NOT NULL;
CREATE INDEX event_planned ON event(planned_ms) WHERE planned_ms IS NOT NULL;
CREATE TABLE node(idx INTEGER PRIMARY KEY CHECK(idx >= 0), hash BLOB NOT NULL CHECK(length(hash) = 32)) STRICT;
CREATE TABLE head(id INTEGER PRIMARY KEY CHECK(id = 0), size INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
CREATE TABLE blob(
  digest BLOB PRIMARY KEY CHECK(length(digest) = 32),
  kind TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE TRIGGER event_append BEFORE INSERT ON event
  WHEN NEW.seq <> (SELECT coalesce(max(seq) + 1, 0) FROM event)
  BEGIN SELECT RAISE(ABORT, 'entries follow one another'); END;
CREATE TRIGGER event_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER event_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER node_update BEFORE UPDATE ON node BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER node_delete BEFORE DELETE ON node BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER blob_update BEFORE UPDATE ON blob BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER blob_delete BEFORE DELETE ON blob BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER head_update BEFORE UPDATE ON head WHEN NEW.size <= OLD.size
  BEGIN SELECT RAISE(ABORT, 'a head only grows'); END;
CREATE TRIGGER head_delete BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
";

/// Names the file and the attempt in SQLite's errors.
pub trait During<T> {
    /// Adds what was attempted on which file.
    fn during(self, attempt: &'static str, path: &Path) -> Result<T, StoreError>;
}

impl<T> During<T> for rusqlite::Result<T> {
    fn during(self, attempt: &'static str, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Database { attempt, path: path.into(), source })
    }
}

/// Makes the tables in a new database at `path`.
pub fn create(path: &Path) -> Result<Connection, StoreError> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // EXTRA also syncs the folder when the journal goes: the file is about to be renamed.
    db.pragma_update(None, "synchronous", "EXTRA").during("create", path)?;
    db.execute_batch(SCHEMA).during("create", path)?;
    db.pragma_update(None, "application_id", APPLICATION_ID).during("create", path)?;
    db.pragma_update(None, "user_version", VERSION).during("create", path)?;
    Ok(db)
}

/// The tables, indexes and triggers of `db` that are not exactly those that [`create`] makes, by name: other,
/// missing or more. Their text decides: it is what SQLite acts on.
pub fn differences(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let ours = Connection::open_in_memory()?;
    ours.execute_batch(SCHEMA)?;
    let (ours, theirs) = (objects(&ours)?, objects(db)?);
    let names: BTreeSet<&String> = ours.symmetric_difference(&theirs).map(|object| &object.0).collect();
    Ok(names.into_iter().cloned().collect())
}

type Object = (String, String, String, Option<String>);

fn objects(db: &Connection) -> rusqlite::Result<BTreeSet<Object>> {
    let mut query = db.prepare("SELECT name, type, tbl_name, sql FROM sqlite_schema")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    rows.collect()
}

/// Opens the one connection that writes: every commit is on the disk before it returns.
pub fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.pragma_update(None, "journal_mode", "WAL").during("open", path)?;
    db.pragma_update(None, "synchronous", "FULL").during("open", path)?;
    Ok(db)
}

/// Opens a connection that only reads, beside a writer or alone. Where its side files cannot be made – on a
/// write-protected stick, or in another's folder – nobody writes, and what stands alone is read as it is.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let alone = stands_alone(path);
    // The one for a file that cannot be made, the other for a folder that is somebody else's.
    let no_side_files = |error: &rusqlite::Error| {
        matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
    };
    let db = match open(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(StoreError::Database { source, .. }) if alone && no_side_files(&source) => open_immutable(path)?,
        opened => opened?,
    };
    // A month's entries with the pages of their indexes stay in memory (KiB, negative as SQLite has it).
    db.pragma_update(None, "cache_size", -8192).during("open", path)?;
    Ok(db)
}

/// Opens a log to which nobody writes any more. Where all of it stands in the one file, SQLite is told so
/// (its URI parameter `immutable`), since it would make its side files even for looking.
pub fn open_kept(path: &Path) -> Result<Connection, StoreError> {
    if stands_alone(path) { open_immutable(path) } else { open_reader(path) }
}

/// Whether all of the database stands in its one file.
fn stands_alone(path: &Path) -> bool {
    ["-wal", "-journal"].iter().all(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        !Path::new(&name).exists()
    })
}

fn open_immutable(path: &Path) -> Result<Connection, StoreError> {
    let mut uri = b"file:".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'?' | b'#' | b'%' => uri.extend(format!("%{byte:02X}").bytes()),
            _ => uri.push(*byte),
        }
    }
    uri.extend(b"?immutable=1");
    let uri = Path::new(OsStr::from_bytes(&uri)).to_owned();
    present(path)?;
    known(connect(&uri, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)?, path)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    present(path)?;
    known(connect(path, flags)?, path)
}

fn present(path: &Path) -> Result<(), StoreError> {
    if path.exists() { Ok(()) } else { Err(StoreError::Absent(path.into())) }
}

/// `db`, if it is a log with tables that this program knows.
fn known(db: Connection, path: &Path) -> Result<Connection, StoreError> {
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let foreign = |version| Err(StoreError::Foreign { path: path.into(), version });
    if number("application_id").during("open", path)? != APPLICATION_ID {
        return foreign(None);
    }
    match number("user_version").during("open", path)? {
        VERSION => Ok(db),
        other => foreign(Some(other)),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let db =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).during("open", path)?;
    // Readers wait for a checkpoint of the write-ahead log, the writer for a reader's recovery.
    db.busy_timeout(Duration::from_secs(5)).during("open", path)?;
    // Views and triggers of a doctored file must not run anything unexpected (SQLite, "Defense Against
    // The Dark Arts").
    db.pragma_update(None, "trusted_schema", false).during("open", path)?;
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, MOST_BYTES).during("open", path)?;
    db.set_prepared_statement_cache_capacity(32);
    Ok(db)
}
