//! Reading the log: leaves, entries, proofs, blobs. Works beside the writer.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    ops::Range,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OptionalExtension as _, Params, Row, params_from_iter, types::Value};
use tlog_tiles::{Hash, HashReader};

use super::{
    StoreError,
    schema::{self, During as _},
};
use crate::{
    evidence::{Airing, Body, Entry, Frontier, Leaf, canonical::decode},
    units::{Digest, SlotId},
};

/// How many leaves one query takes: no long read holds up the writer's checkpoint.
const PAGE: u64 = 1024;

/// A view of the log that cannot change it.
#[derive(Debug)]
pub struct Reader {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
}

/// Which entries are wanted; every condition that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Kinds, such as `play.end`; empty: all.
    pub kinds: Vec<&'static str>,
    /// The slot that they name.
    pub slot: Option<SlotId>,
}

/// SQLite counts in signed 64 bits; entry numbers stay within 2^53.
pub fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The unsigned number in column `at`.
pub fn unsigned(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    let number = row.get(at)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, number))
}

/// A position and its leaf.
fn stored(row: &Row<'_>) -> rusqlite::Result<(u64, String)> {
    Ok((unsigned(row, 0)?, row.get(1)?))
}

impl Reader {
    /// Opens the log at `path` for reading.
    pub fn open(path: &Path) -> Result<Reader, StoreError> {
        Ok(Reader { db: schema::open_reader(path)?, path: path.into() })
    }

    /// Opens the log at `path`, to which nobody writes any more.
    pub(super) fn open_kept(path: &Path) -> Result<Reader, StoreError> {
        Ok(Reader { db: schema::open_kept(path)?, path: path.into() })
    }

    /// Everything that `read` asks is answered of one state of the log, under one lock: a thousand small questions
    /// cost half. While it runs the writer's checkpoint waits, so it must not wait for anybody itself.
    pub fn at_once<T, E: From<StoreError>>(&self, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let _state = self.db.unchecked_transaction().during("read", &self.path)?;
        read()
    }

    /// The signed head: a C2SP checkpoint note.
    pub fn head(&self) -> Result<String, StoreError> {
        self.head_row().map(|(_, note)| note)
    }

    /// How many entries the signed head covers.
    pub fn size(&self) -> Result<u64, StoreError> {
        self.head_row().map(|(size, _)| size)
    }

    pub(super) fn head_row(&self) -> Result<(u64, String), StoreError> {
        let mut query = self.db.prepare_cached("SELECT size, note FROM head").during("read", &self.path)?;
        query
            .query_row([], stored)
            .optional()
            .during("read the head of", &self.path)?
            .ok_or_else(|| self.damaged("it has no head"))
    }

    pub(super) fn damaged(&self, found: impl Into<String>) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), found: found.into() }
    }

    /// The leaves of `range` as stored, ascending, read in pages as they are asked for. Ends where the
    /// log ends.
    pub fn leaves(&self, range: Range<u64>) -> Leaves<'_> {
        Leaves { reader: self, rest: range, page: VecDeque::new() }
    }

    /// The entries of `range`, ascending; kinds that this program does not know are left out.
    pub fn entries(&self, range: Range<u64>) -> Entries<'_> {
        Entries { leaves: self.leaves(range) }
    }

    /// The entries that `filter` wants, ascending; kinds that this program does not know are left out.
    pub fn entries_of(&self, filter: &Filter) -> Result<Vec<Entry>, StoreError> {
        let (condition, values) = filter.sql();
        let text = format!("SELECT seq, leaf FROM event WHERE {condition} ORDER BY seq");
        self.query(&text, params_from_iter(values))
    }

    /// Every entry about the slots and airings that were planned in `planned_ms` (milliseconds since
    /// 1970, UTC), whenever it was written, and all corrections: what `asrun::rows` needs for a period.
    /// Whatever belongs to the row of one of them is there, so that no row comes out cut; a row that was
    /// planned elsewhere may come along.
    pub fn entries_planned(&self, planned_ms: Range<i64>) -> Result<Vec<Entry>, StoreError> {
        self.planned(planned_ms, Part::default())
    }

    /// The same without what was heard of each segment, more than half of all: for lists of many rows.
    pub fn entries_planned_in_brief(&self, planned_ms: Range<i64>) -> Result<Vec<Entry>, StoreError> {
        self.planned(planned_ms, Part { brief: true, ..Part::default() })
    }

    fn planned(&self, planned_ms: Range<i64>, mut part: Part) -> Result<Vec<Entry>, StoreError> {
        for text in [PLANNED, BY_HAND] {
            self.take(text, (planned_ms.start, planned_ms.end), &mut part)?;
        }
        self.complete(part)
    }

    /// Every entry about `slot`, as [`Reader::entries_planned`] does for a period.
    pub fn entries_about(&self, slot: &SlotId) -> Result<Vec<Entry>, StoreError> {
        let mut part = Part::default();
        part.open.push(Thread::Slot(slot.clone()));
        self.complete(part)
    }

    /// Every entry about the airing whose first cue, or whose airing by hand, is the entry `airing`.
    pub fn entries_of_airing(&self, airing: Airing) -> Result<Vec<Entry>, StoreError> {
        let mut part = Part::default();
        part.open.push(Thread::Airing(airing));
        self.complete(part)
    }

    /// The cues planned in `planned_ms` that make good `slot`.
    pub fn cues_that_repair(&self, slot: &SlotId, planned_ms: Range<i64>) -> Result<Vec<Entry>, StoreError> {
        self.query(REPAIRS, (planned_ms.start, planned_ms.end, slot.to_string()))
    }

    /// Follows the slots and airings of `part` to their ends, and adds the corrections.
    fn complete(&self, mut part: Part) -> Result<Vec<Entry>, StoreError> {
        // All that are open are asked for at once: a question costs more than an answer.
        while !part.open.is_empty() {
            let (mut slots, mut airings) = (Vec::new(), Vec::new());
            for thread in std::mem::take(&mut part.open) {
                if part.followed.insert(thread.clone()) {
                    match thread {
                        Thread::Slot(slot) => slots.push(serde_json::Value::from(slot.to_string())),
                        Thread::Airing(airing) => airings.push(serde_json::Value::from(airing)),
                    }
                }
            }
            self.take(OF_SLOTS, [serde_json::Value::Array(slots).to_string()], &mut part)?;
            let of_airings = if part.brief { OF_AIRINGS_IN_BRIEF } else { OF_AIRINGS };
            self.take(of_airings, [serde_json::Value::Array(airings).to_string()], &mut part)?;
        }
        self.take(OF_KIND, ["correct"], &mut part)?;
        Ok(part.entries.into_values().collect())
    }

    /// Takes the entries that `text` selects, unless they are there already.
    fn take(&self, text: &str, values: impl Params, part: &mut Part) -> Result<(), StoreError> {
        let mut query = self.db.prepare_cached(text).during("read", &self.path)?;
        let mut rows = query.query(values).during("read", &self.path)?;
        while let Some(row) = rows.next().during("read", &self.path)? {
            let seq = unsigned(row, 0).during("read", &self.path)?;
            if !part.entries.contains_key(&seq) {
                let leaf: String = row.get(1).during("read", &self.path)?;
                if let Some(entry) = entry(seq, &leaf)? {
                    part.add(entry);
                }
            }
        }
        Ok(())
    }

    /// The first instant from `from_ms` on (milliseconds since 1970, UTC) at which anything was planned, or
    /// aired by hand.
    pub fn next_planned(&self, from_ms: i64) -> Result<Option<i64>, StoreError> {
        let mut query = self.db.prepare_cached(NEXT_PLANNED).during("read", &self.path)?;
        query.query_row([from_ms], |row| row.get(0)).during("read", &self.path)
    }

    /// The last instant before `before_ms` at which anything was planned.
    pub fn last_planned(&self, before_ms: i64) -> Result<Option<i64>, StoreError> {
        let text = "SELECT max(planned_ms) FROM event WHERE planned_ms < ?1";
        let mut query = self.db.prepare_cached(text).during("read", &self.path)?;
        query.query_row([before_ms], |row| row.get(0)).during("read", &self.path)
    }

    fn query(&self, text: &str, values: impl Params) -> Result<Vec<Entry>, StoreError> {
        let mut query = self.db.prepare_cached(text).during("read", &self.path)?;
        let rows = query.query_map(values, stored).during("read", &self.path)?;
        let rows = rows.map(|row| row.during("read", &self.path));
        rows.filter_map(|row| row.and_then(|(seq, leaf)| entry(seq, &leaf)).transpose()).collect()
    }

    /// The last entry of `kind` before `seq`: what configuration, software or boot was in force there.
    pub fn last_of(&self, kind: &str, before: u64) -> Result<Option<Entry>, StoreError> {
        let text = "SELECT seq, leaf FROM event WHERE kind = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1";
        let mut query = self.db.prepare_cached(text).during("read", &self.path)?;
        let row: Option<(u64, String)> =
            query.query_row((kind, signed(before)), stored).optional().during("read", &self.path)?;
        row.map_or(Ok(None), |(seq, leaf)| entry(seq, &leaf))
    }

    /// The last entry of `kind` that was written before `wall_ms` (milliseconds since 1970, UTC).
    pub fn last_written(&self, kind: &str, wall_ms: i64) -> Result<Option<Entry>, StoreError> {
        // The plus keeps the index of the clock out: behind it stand all kinds, a million of them.
        let text = "SELECT seq, leaf FROM event WHERE kind = ?1 AND +wall_ms < ?2 ORDER BY seq DESC LIMIT 1";
        Ok(self.query(text, (kind, wall_ms))?.pop())
    }

    /// The leaf of entry `seq` as stored.
    pub fn leaf(&self, seq: u64) -> Result<Option<String>, StoreError> {
        let mut query =
            self.db.prepare_cached("SELECT leaf FROM event WHERE seq = ?1").during("read", &self.path)?;
        query.query_row([signed(seq)], |row| row.get(0)).optional().during("read", &self.path)
    }

    /// The position of the first entry of `kind` behind `seq`.
    pub fn next_of(&self, kind: &str, seq: u64) -> Result<Option<u64>, StoreError> {
        let text = "SELECT seq FROM event WHERE kind = ?1 AND seq > ?2 ORDER BY seq LIMIT 1";
        let mut query = self.db.prepare_cached(text).during("read", &self.path)?;
        let next = query.query_row((kind, signed(seq)), |row| unsigned(row, 0));
        next.optional().during("read", &self.path)
    }

    /// Bytes stored beside the log under their digest (schedules, slot lists, approvals, settings);
    /// refused when they no longer have it.
    pub fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut query =
            self.db.prepare_cached("SELECT bytes FROM blob WHERE digest = ?1").during("read", &self.path)?;
        let bytes: Option<Vec<u8>> =
            query.query_row([digest.0], |row| row.get(0)).optional().during("read", &self.path)?;
        if bytes.as_ref().is_some_and(|bytes| Digest::of(bytes) != digest) {
            return Err(StoreError::Blob(digest));
        }
        Ok(bytes)
    }

    /// The proof that entry `seq` is in the log of `size` entries (RFC 6962 section 2.1.1), from the
    /// leaf upwards.
    pub fn inclusion_proof(&self, seq: u64, size: u64) -> Result<Vec<Digest>, StoreError> {
        let have = self.size()?;
        if seq >= size || size > have {
            return Err(StoreError::NoEntry { seq, size: have.min(size) });
        }
        let proof = tlog_tiles::prove_record(size, seq, self);
        let proof = proof.map_err(|error| self.damaged(format!("no proof of entry {seq}: {error:?}")))?;
        Ok(proof.iter().map(|hash| Digest(hash.0)).collect())
    }

    /// The tree over the first `size` entries, as its nodes are stored.
    pub fn frontier(&self, size: u64) -> Result<Frontier, StoreError> {
        Frontier::load(size, |index| self.node(index))
    }

    /// A node of the stored tree.
    pub(super) fn node(&self, index: u64) -> Result<Digest, StoreError> {
        let mut query =
            self.db.prepare_cached("SELECT hash FROM node WHERE idx = ?1").during("read", &self.path)?;
        query
            .query_row([signed(index)], |row| row.get(0).map(Digest))
            .optional()
            .during("read", &self.path)?
            .ok_or_else(|| self.damaged(format!("node {index} of its tree is missing")))
    }
}

const PLANNED: &str = "SELECT seq, leaf FROM event WHERE planned_ms >= ?1 AND planned_ms < ?2";
const BY_HAND: &str = "SELECT seq, leaf FROM event
    WHERE kind = 'manual' AND leaf ->> '$.body.first_ms' >= ?1 AND leaf ->> '$.body.first_ms' < ?2";
const OF_SLOTS: &str = "SELECT seq, leaf FROM event WHERE slot IN (SELECT value FROM json_each(?1))";
/// An airing is named by the sequence number of its first cue.
const OF_AIRINGS: &str = "SELECT seq, leaf FROM event WHERE airing IN (SELECT value FROM json_each(?1))
    UNION ALL SELECT seq, leaf FROM event WHERE seq IN (SELECT value FROM json_each(?1))";
/// By a leaf's end, as it is written canonically (no string can hold it): to read the kind of thousands as JSON takes
/// longer than all else.
const OF_AIRINGS_IN_BRIEF: &str = "SELECT seq, leaf FROM event
    WHERE airing IN (SELECT value FROM json_each(?1)) AND instr(leaf, ',\"kind\":\"segment\",\"seq\":') = 0
    UNION ALL SELECT seq, leaf FROM event WHERE seq IN (SELECT value FROM json_each(?1))";
const REPAIRS: &str = "SELECT seq, leaf FROM event
    WHERE planned_ms >= ?1 AND planned_ms < ?2 AND leaf ->> '$.body.repairs' = ?3 ORDER BY seq";
const OF_KIND: &str = "SELECT seq, leaf FROM event WHERE kind = ?1";
const NEXT_PLANNED: &str = "SELECT min(at) FROM (
    SELECT min(planned_ms) AS at FROM event WHERE planned_ms >= ?1
    UNION ALL SELECT min(leaf ->> '$.body.first_ms') FROM event
      WHERE kind = 'manual' AND leaf ->> '$.body.first_ms' >= ?1)";

/// What a period asks of the log; a test holds each of them to an index.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 8] =
    [PLANNED, BY_HAND, OF_SLOTS, OF_AIRINGS, OF_AIRINGS_IN_BRIEF, REPAIRS, OF_KIND, NEXT_PLANNED];

/// What holds the entries of an as-run row together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Thread {
    Slot(SlotId),
    Airing(Airing),
}

/// Entries found so far, and the threads that lead on from them.
#[derive(Debug, Default)]
struct Part {
    entries: BTreeMap<u64, Entry>,
    open: Vec<Thread>,
    followed: HashSet<Thread>,
    /// Without segments.
    brief: bool,
}

impl Part {
    fn add(&mut self, entry: Entry) {
        match &entry.body {
            Body::Cue(cue) => {
                self.open.push(Thread::Airing(cue.airing.unwrap_or(entry.seq)));
                self.open.extend(cue.slot.clone().map(Thread::Slot));
            }
            Body::Missed(missed) => self.open.push(Thread::Slot(missed.slot.clone())),
            _ => {}
        }
        self.entries.insert(entry.seq, entry);
    }
}

impl HashReader for Reader {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let hash = |index: &u64| self.node(*index).map(|digest| Hash(digest.0));
        let hashes: Result<_, StoreError> = indexes.iter().map(hash).collect();
        hashes.map_err(|error| tlog_tiles::Error::InvalidInput(error.to_string()))
    }
}

impl Filter {
    fn sql(&self) -> (String, Vec<Value>) {
        let mut conditions = vec!["TRUE".to_owned()];
        let mut values: Vec<Value> = Vec::new();
        if !self.kinds.is_empty() {
            conditions.push(format!("kind IN ({})", vec!["?"; self.kinds.len()].join(",")));
            values.extend(self.kinds.iter().map(|kind| Value::from((*kind).to_owned())));
        }
        if let Some(slot) = &self.slot {
            conditions.push("slot = ?".into());
            values.push(slot.to_string().into());
        }
        (conditions.join(" AND "), values)
    }
}

fn entry(seq: u64, leaf: &str) -> Result<Option<Entry>, StoreError> {
    match decode(leaf.as_bytes()).map_err(|source| StoreError::Leaf { seq, source })? {
        Leaf::Known(entry) => Ok(Some(entry)),
        Leaf::Unknown { .. } => Ok(None),
    }
}

/// Leaves as stored, with their positions.
#[derive(Debug)]
pub struct Leaves<'a> {
    reader: &'a Reader,
    rest: Range<u64>,
    page: VecDeque<(u64, String)>,
}

impl Leaves<'_> {
    fn turn(&mut self) -> Result<(), StoreError> {
        let path = &self.reader.path;
        let text = "SELECT seq, leaf FROM event WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3";
        let mut query = self.reader.db.prepare_cached(text).during("read", path)?;
        let range = (signed(self.rest.start), signed(self.rest.end), signed(PAGE));
        let rows = query.query_map(range, stored).during("read", path)?;
        for row in rows {
            self.page.push_back(row.during("read", path)?);
        }
        Ok(())
    }
}

impl Iterator for Leaves<'_> {
    type Item = Result<(u64, String), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() && !self.rest.is_empty() {
            if let Err(error) = self.turn() {
                self.rest = 0..0;
                return Some(Err(error));
            }
            self.rest.start = self.page.back().map_or(self.rest.end, |(seq, _)| seq + 1);
        }
        self.page.pop_front().map(Ok)
    }
}

/// Entries of known kinds.
#[derive(Debug)]
pub struct Entries<'a> {
    leaves: Leaves<'a>,
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.leaves.find_map(|leaf| leaf.and_then(|(seq, leaf)| entry(seq, &leaf)).transpose())
    }
}
