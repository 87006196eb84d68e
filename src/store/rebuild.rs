//! A log made again, or made whole again, from leaves that were retained elsewhere: byte for byte, and only if they lead to
//! a head that the log's own key signed.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::{
    StoreError,
    high_water::{self, HighWater, Mark},
    reader::{Reader, signed},
    schema::{self, During as _},
};
use crate::{
    disk::{self, At as _},
    evidence::{Body, Checkpoint, Frontier, Leaf, canonical},
    keys::PublicKey,
    units::Digest,
};

/// Gives leaves from a position on, some at a time and at least one while there are any.
pub type More<'m> = &'m mut dyn FnMut(u64) -> Result<Vec<String>, StoreError>;

/// Gives bytes that entries name by digest; none where they were not retained. What they are is told by the entry.
pub type Named<'n> = &'n mut dyn FnMut(Digest) -> Result<Option<Vec<u8>>, StoreError>;

/// What was retained of a log.
pub struct Retained<'r> {
    /// The signed note of its head.
    pub head: &'r str,
    /// The key that signed it.
    pub key: &'r PublicKey,
    /// Its leaves.
    pub more: More<'r>,
    /// The bytes that its entries name.
    pub named: Named<'r>,
}

/// Makes the log at `path`, where nothing stands, from what was `retained`. Gives its size.
pub fn rebuild(path: &Path, retained: Retained<'_>) -> Result<u64, StoreError> {
    if path.exists() || high_water::path_of(path).exists() {
        return Err(StoreError::Exists(path.into()));
    }
    let unfinished = path.with_extension("db.new");
    for leftover in [unfinished.clone(), path.with_extension("db.new-journal")] {
        if leftover.exists() {
            std::fs::remove_file(&leftover).at("remove", &leftover)?;
        }
    }
    let mut db = schema::create(&unfinished)?;
    let mark = extend(&mut db, &unfinished, Frontier::default(), retained)?;
    drop(db);
    std::fs::rename(&unfinished, path).at("create", path)?;
    disk::sync_folder_of(path)?;
    HighWater::open(&high_water::path_of(path), mark)?.raise(mark);
    Ok(mark.size)
}

/// Appends to the log at `path`, to which nobody writes, what it lacks of what was `retained`; its own entries must be the
/// beginning of it. Gives its size.
pub fn complete(path: &Path, retained: Retained<'_>) -> Result<u64, StoreError> {
    let reader = Reader { db: schema::open_writer(path)?, path: path.into() };
    let (size, _) = reader.head_row()?;
    let frontier = reader.frontier(size)?;
    let Reader { mut db, .. } = reader;
    let mark = extend(&mut db, path, frontier, retained)?;
    HighWater::open(&high_water::path_of(path), mark)?.raise(mark);
    Ok(mark.size)
}

/// One transaction: the leaves behind `frontier` with the bytes that they name, their nodes, and the head.
fn extend(
    db: &mut Connection,
    path: &Path,
    mut frontier: Frontier,
    retained: Retained<'_>,
) -> Result<Mark, StoreError> {
    let Retained { head: note, key, more, named } = retained;
    let head = Checkpoint::open(note.as_bytes(), std::slice::from_ref(key))
        .map_err(|source| StoreError::OtherKey { path: path.into(), source })?;
    let within = db.transaction_with_behavior(TransactionBehavior::Immediate).during("make again", path)?;
    while frontier.size() < head.size {
        let first = frontier.size();
        let leaves = more(first)?;
        if leaves.is_empty() {
            let found = format!("only {first} of {} entries came back", head.size);
            return Err(StoreError::Damaged { path: path.into(), found });
        }
        for (seq, leaf) in (first..head.size).zip(leaves) {
            let read =
                canonical::decode(leaf.as_bytes()).map_err(|source| StoreError::Leaf { seq, source })?;
            lay_named(&within, path, &read, named)?;
            within
                .prepare_cached("INSERT INTO event(seq, leaf) VALUES(?1, ?2)")
                .and_then(|mut insert| insert.execute(params![signed(seq), leaf]))
                .during("make again", path)?;
            for (index, hash) in frontier.push(leaf.as_bytes()) {
                within
                    .prepare_cached("INSERT INTO node(idx, hash) VALUES(?1, ?2)")
                    .and_then(|mut insert| insert.execute(params![signed(index), hash.0]))
                    .during("make again", path)?;
            }
        }
    }
    if frontier.size() != head.size || frontier.root() != head.root {
        let found = "what came back does not lead to its signed head".into();
        return Err(StoreError::Damaged { path: path.into(), found });
    }
    within
        .execute(
            "INSERT INTO head(id, size, note) VALUES(0, ?1, ?2)
             ON CONFLICT(id) DO UPDATE SET size = excluded.size, note = excluded.note
             WHERE excluded.size > head.size",
            params![signed(head.size), note],
        )
        .during("make again", path)?;
    within.commit().during("make again", path)?;
    Ok(Mark { size: head.size, root: head.root })
}

/// Lays the bytes that `leaf` names beside the log, as what it calls them; those that are there stay.
fn lay_named(within: &Connection, path: &Path, leaf: &Leaf, named: Named<'_>) -> Result<(), StoreError> {
    for (kind, digest) in leaf.body().map_or_else(Vec::new, Body::blobs) {
        let there = within
            .prepare_cached("SELECT 1 FROM blob WHERE digest = ?1")
            .and_then(|mut query| query.exists([digest.0]))
            .during("make again", path)?;
        if there {
            continue;
        }
        if let Some(bytes) = named(digest)?.filter(|bytes| Digest::of(bytes) == digest) {
            within
                .prepare_cached("INSERT INTO blob(digest, kind, bytes) VALUES(?1, ?2, ?3)")
                .and_then(|mut insert| insert.execute(params![digest.0, kind, bytes]))
                .during("make again", path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{Body, samples::clk},
        keys::SigningKey,
        store::Log,
    };

    const ORIGIN: &str = "loa/station/pho-an/1";

    #[allow(clippy::unnecessary_wraps, reason = "the shape is that of whoever may fail")]
    fn nobody(_: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    fn leaves(log: &Log) -> Vec<String> {
        log.reader().leaves(0..log.size()).map(|leaf| leaf.unwrap().1).collect()
    }

    fn station(folder: &Path) -> (SigningKey, Log) {
        let key = SigningKey::generate(ORIGIN).unwrap();
        let mut log = Log::create(&folder.join("log.db"), ORIGIN, key.clone(), clk(0), "init").unwrap();
        let (digest, plan) = (Digest::of(b"b"), Digest::of(b"a"));
        let (station, unit, output) = ("pho-an".into(), "pho-an".into(), "default".into());
        let config = Body::Config { digest, plan, station, unit, output, demo: false, trust: None };
        log.append(&[(clk(0), config)]).unwrap();
        for ms in 1..40 {
            log.append(&[(clk(ms), Body::Heartbeat {})]).unwrap();
        }
        (key, log)
    }

    #[test]
    fn it_is_the_same_log_and_goes_on() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (key, log) = station(here.path());
        let (kept, note) = (leaves(&log), log.reader().head().unwrap());
        let mut some =
            |from: u64| Ok(kept.iter().skip(usize::try_from(from).unwrap()).take(7).cloned().collect());
        let path = there.path().join("log.db");
        let mut named = |digest| Ok((digest == Digest::of(b"a")).then(|| b"a".to_vec()));
        let retained = Retained { head: &note, key: key.public(), more: &mut some, named: &mut named };
        assert_eq!(rebuild(&path, retained).unwrap(), 41);
        let mut again = Log::open(&path, key.clone()).unwrap();
        assert_eq!((leaves(&again), again.reader().head().unwrap()), (kept.clone(), note.clone()));
        assert_eq!(again.blob(Digest::of(b"a")).unwrap(), Some(b"a".to_vec()));
        assert_eq!(again.blob(Digest::of(b"b")).unwrap(), None, "what nobody retained");
        again.append(&[(clk(99), Body::Heartbeat {})]).unwrap();
        let retained = Retained { head: &note, key: key.public(), more: &mut some, named: &mut nobody };
        assert!(matches!(rebuild(&path, retained), Err(StoreError::Exists(_))), "over nothing that stands");
    }

    #[test]
    fn an_older_copy_is_made_whole_and_another_history_is_refused() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (key, mut log) = station(here.path());
        let path = there.path().join("log.db");
        let old = leaves(&log);
        let note = log.reader().head().unwrap();
        let mut of_old = |from: u64| Ok(old[usize::try_from(from).unwrap()..].to_vec());
        rebuild(&path, Retained { head: &note, key: key.public(), more: &mut of_old, named: &mut nobody })
            .unwrap();
        log.append(&[(clk(50), Body::Heartbeat {}), (clk(51), Body::Heartbeat {})]).unwrap();
        let (all, note) = (leaves(&log), log.reader().head().unwrap());
        let mut altered = |from: u64| {
            let from = usize::try_from(from).unwrap();
            Ok(all[from..].iter().map(|leaf| leaf.replace("60051", "60052")).collect())
        };
        let retained = Retained { head: &note, key: key.public(), more: &mut altered, named: &mut nobody };
        assert!(matches!(complete(&path, retained), Err(StoreError::Damaged { .. })));
        let mut nothing = |_| Ok(Vec::new());
        let retained = Retained { head: &note, key: key.public(), more: &mut nothing, named: &mut nobody };
        assert!(matches!(complete(&path, retained), Err(StoreError::Damaged { .. })));
        let other = SigningKey::generate(ORIGIN).unwrap();
        let mut good = |from: u64| Ok(all[usize::try_from(from).unwrap()..].to_vec());
        let retained = Retained { head: &note, key: other.public(), more: &mut good, named: &mut nobody };
        assert!(matches!(complete(&path, retained), Err(StoreError::OtherKey { .. })));
        assert_eq!(leaves(&Log::open(&path, key.clone()).unwrap()), old, "a refusal changes nothing");
        let retained = Retained { head: &note, key: key.public(), more: &mut good, named: &mut nobody };
        assert_eq!(complete(&path, retained).unwrap(), 43);
        assert_eq!(leaves(&Log::open(&path, key).unwrap()), all);
    }
}
