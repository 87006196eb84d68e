//! The whole log examined from its bytes: schema, head, leaves, tree, blobs. Nothing that the database
//! computes or says of itself is believed.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{ErrorCode, Rows};
use tlog_tiles::stored_hash_index;

use super::{
    StoreError, high_water,
    pipeline::{corrupt, read_leaves},
    reader::Reader,
    schema,
};
use crate::{
    evidence::{Code, Entry, Kept, Leaf, Verifier, VerifyReport, tree::Node},
    keys::PublicKey,
    units::Digest,
    words::Message,
};

/// So many nodes of the stored tree that are not as they should be are named.
const MOST_NODES: usize = 1000;

/// Up to this size the indexes are compared with the table as well. They prove nothing (verification reads
/// leaves only), but `loa log` finds its rows by them. The comparison grows with the log; the limit is a choice,
/// not a measurement.
const MOST_INDEXED: u64 = 100_000;

impl Reader {
    /// Verifies head and leaves from their bytes alone; see [`Reader::verify_with`].
    pub fn verify(&self, keys: &[PublicKey]) -> Result<VerifyReport, StoreError> {
        self.verify_with(keys, &[], &mut |_| {})
    }

    /// Verifies the log from its bytes alone: its schema, its head against `keys`, every leaf, the tree, the
    /// bytes beside it that entries name, the high-water file and the `codes` from a duty book. Each entry of
    /// a known kind goes through `each` in the order of the log.
    ///
    /// What is wrong with the file is in the report; an error is a failure of the machine.
    pub fn verify_with(
        &self,
        keys: &[PublicKey],
        codes: &[Code],
        each: &mut dyn FnMut(&Entry),
    ) -> Result<VerifyReport, StoreError> {
        let mut kept: Vec<Kept> = codes.iter().copied().map(Kept::Code).collect();
        let mut first = Vec::new();
        // Before the snapshot: the mark follows the database and may pass it meanwhile.
        let mark = high_water::path_of(&self.path);
        let mut unmarked = false;
        match high_water::read(&mark) {
            Ok(Some(mark)) => kept.push(Kept::Mark { size: mark.size, root: mark.root }),
            Ok(None) => unmarked = true,
            Err(StoreError::HighWater(path)) => {
                first.push(Message::new("verify-high-water").with("file", path.display()));
            }
            Err(error) => return Err(error),
        }
        // One snapshot: a writer may go on meanwhile, and its newer entries belong to a newer head.
        let report = self.db.unchecked_transaction().and_then(|snapshot| {
            let report = Examination::run(self, keys, kept, first, each)?;
            snapshot.finish()?;
            Ok(report)
        });
        let report = report.map(|mut report| {
            let size = report.checkpoint.as_ref().map_or(0, |head| head.size).max(report.size);
            if unmarked && size > high_water::MOST_UNMARKED {
                report.add(None, Message::new("verify-high-water-missing").with("file", mark.display()));
            }
            report
        });
        report.or_else(|error| {
            let fault = damage(&error).ok_or_else(|| self.failed(error))?;
            Ok(VerifyReport::unreadable(fault))
        })
    }

    fn failed(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Database { attempt: "read", path: self.path.clone(), source }
    }
}

/// The fault of the file that `error` tells of; `None` when the machine failed.
pub fn damage(error: &rusqlite::Error) -> Option<Message> {
    if let Some(sqlite) = error.sqlite_error() {
        let machine = match sqlite.code {
            // A file that ends too early reads as a failure of input.
            ErrorCode::SystemIoFailure => sqlite.extended_code != rusqlite::ffi::SQLITE_IOERR_SHORT_READ,
            ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport => true,
            _ => false,
        };
        if machine {
            return None;
        }
    }
    let what = match error.sqlite_error().map(|sqlite| sqlite.code) {
        Some(ErrorCode::NotADatabase) => "other",
        Some(ErrorCode::DatabaseCorrupt) => "corrupt",
        Some(ErrorCode::SystemIoFailure) => "short",
        _ => "content",
    };
    tracing::debug!(%error, "the log's file is damaged");
    Some(Message::new("verify-database").with("what", what))
}

/// An examination in progress.
struct Examination<'a> {
    verifier: Verifier,
    /// Who named which bytes, and as what.
    named: BTreeMap<Digest, Named>,
    each: &'a mut dyn FnMut(&Entry),
}

struct Named {
    entry: u64,
    kinds: BTreeSet<&'static str>,
}

impl Examination<'_> {
    /// An error is one of the machine.
    fn run(
        reader: &Reader,
        keys: &[PublicKey],
        kept: Vec<Kept>,
        first: Vec<Message>,
        each: &mut dyn FnMut(&Entry),
    ) -> rusqlite::Result<VerifyReport> {
        let db = &reader.db;
        let others = match schema::differences(db) {
            Ok(others) => others,
            Err(error) => return Ok(unread(damage(&error).ok_or(error)?, first)),
        };
        let altered = |name: &String| Message::new("verify-schema").with("name", name);
        // Another statement under the name of a table could answer with anything, and for ever.
        if others.iter().any(|name| schema::TABLES.contains(&name.as_str())) {
            return Ok(unread(Message::new("verify-unread"), others.iter().map(altered).chain(first)));
        }
        let mut faults = first;
        let heads = tell(heads(db), |fault| faults.push(fault))?;
        faults.extend(others.iter().map(altered));
        let note = heads.first().map_or(&[][..], |head| &head.1);
        let mut examination =
            Examination { verifier: Verifier::new(note, keys, kept), named: BTreeMap::new(), each };
        let nodes = tell(examination.read_all(db), |fault| faults.push(fault))?;
        let Examination { verifier, named, .. } = examination;
        let mut report = verifier.finish();
        for fault in faults {
            report.add(None, fault);
        }
        if heads.len() != 1 || report.checkpoint.as_ref().is_some_and(|head| heads[0].0 != head.size) {
            report.add(None, Message::new("verify-head"));
        }
        if report.leaves_hold() {
            nodes.tell(&mut report);
        } else {
            let altered = name_altered(reader, &mut report);
            tell(altered, |fault| report.add(None, fault))?;
        }
        let blobs = check_blobs(db, &named, &mut report);
        tell(blobs, |fault| report.add(None, fault))?;
        // Of a foreign table or index it would compute the expressions, which can take any time.
        if others.is_empty() && report.size <= MOST_INDEXED {
            let indexes = check_indexes(db, &mut report);
            tell(indexes, |fault| report.add(None, fault))?;
        }
        Ok(report)
    }

    /// Leaves and tree side by side.
    fn read_all(&mut self, db: &rusqlite::Connection) -> rusqlite::Result<Nodes> {
        let mut leaves = db.prepare("SELECT seq, leaf FROM event ORDER BY seq")?;
        let mut stored = db.prepare("SELECT idx, hash FROM node ORDER BY idx")?;
        let mut nodes = Nodes::default();
        let mut stored = stored.query([])?;
        nodes.turn(&mut stored);
        let read = read_leaves(&mut leaves.query([])?, |row, read| {
            let position = self.verifier.size();
            self.verifier.take(read, |node| nodes.compare(position, node, &mut stored));
            if row != i64::try_from(position).ok() {
                let row = row.map_or_else(String::new, |row| row.to_string());
                let message = Message::new("verify-row").with("entry", position).with("found", row);
                self.verifier.fault(Some(position), message);
            }
            if let Ok(Leaf::Known(entry)) = &read.leaf {
                self.take(position, entry);
            }
        });
        nodes.more |= nodes.next.is_some();
        for error in [read.err(), nodes.error.take()].into_iter().flatten() {
            let message = damage(&error).ok_or(error)?;
            self.verifier.fault(Some(self.verifier.size()), message);
        }
        Ok(nodes)
    }

    fn take(&mut self, position: u64, entry: &Entry) {
        for (kind, digest) in entry.body.blobs() {
            let named = self.named.entry(digest).or_insert(Named { entry: position, kinds: BTreeSet::new() });
            named.kinds.insert(kind);
        }
        (self.each)(entry);
    }
}

/// The report on a log that is not read any further.
fn unread(why: Message, more: impl IntoIterator<Item = Message>) -> VerifyReport {
    let mut report = VerifyReport::unreadable(why);
    more.into_iter().for_each(|fault| report.add(None, fault));
    report
}

/// Goes on without what could not be read, and tells the fault; an error is one of the machine.
fn tell<T: Default>(result: rusqlite::Result<T>, tell: impl FnOnce(Message)) -> rusqlite::Result<T> {
    result.or_else(|error| {
        tell(damage(&error).ok_or(error)?);
        Ok(T::default())
    })
}

/// All rows of the head, of which there is one: size and note.
fn heads(db: &rusqlite::Connection) -> rusqlite::Result<Vec<(u64, Vec<u8>)>> {
    let mut query = db.prepare("SELECT size, note FROM head WHERE id = 0 LIMIT 2")?;
    let rows = query.query_map([], |row| {
        let size = row.get_ref(0)?.as_i64().ok().and_then(|size| u64::try_from(size).ok());
        Ok((size.unwrap_or(u64::MAX), row.get_ref(1)?.as_bytes().map(<[u8]>::to_vec).unwrap_or_default()))
    })?;
    rows.collect()
}

/// The stored tree beside the recomputed one.
#[derive(Default)]
struct Nodes {
    next: Option<(i64, Option<Digest>)>,
    /// The entry at which a node stands that is not as it should be, and the node.
    wrong: Vec<(u64, u64)>,
    /// There are rows that are no nodes of this tree.
    more: bool,
    error: Option<rusqlite::Error>,
}

impl Nodes {
    fn turn(&mut self, stored: &mut Rows<'_>) {
        let last = self.next.map(|(index, _)| index);
        let row = stored.next().and_then(|row| {
            row.map(|row| {
                let hash = row.get_ref(1)?.as_bytes().ok().and_then(|bytes| bytes.try_into().ok());
                let index = row.get_ref(0)?.as_i64().unwrap_or(i64::MIN);
                if Some(index) <= last { Err(corrupt()) } else { Ok((index, hash.map(Digest))) }
            })
            .transpose()
        });
        self.next = row.unwrap_or_else(|error| {
            self.error = Some(error);
            None
        });
    }

    /// Compares the recomputed node with the next stored one.
    fn compare(&mut self, entry: u64, (index, hash): Node, stored: &mut Rows<'_>) {
        let index_row = i64::try_from(index).unwrap_or(i64::MAX);
        while self.next.is_some_and(|(at, _)| at < index_row) {
            self.more = true;
            self.turn(stored);
        }
        let there = self.next.filter(|(at, _)| *at == index_row);
        if there.and_then(|(_, kept)| kept) != Some(hash) && self.wrong.len() < MOST_NODES {
            self.wrong.push((entry, index));
        }
        if there.is_some() {
            self.turn(stored);
        }
    }

    fn tell(self, report: &mut VerifyReport) {
        for (entry, node) in self.wrong {
            let message = Message::new("verify-node").with("entry", entry).with("node", node);
            report.add(Some(entry), message);
        }
        if self.more {
            report.add(None, Message::new("verify-nodes-more"));
        }
    }
}

/// The leaves that are not those whose hashes the stored tree keeps. Who altered the tree as well leaves
/// nothing to name; the signed root tells on him all the same.
fn name_altered(reader: &Reader, report: &mut VerifyReport) -> rusqlite::Result<()> {
    let mut leaves = reader.db.prepare("SELECT seq, leaf FROM event ORDER BY seq")?;
    let mut altered = Vec::new();
    let mut position = 0;
    let read = read_leaves(&mut leaves.query([])?, |_, read| {
        // By the number that the leaf gives itself: rows that were moved are named as such already.
        let entry = read.leaf.as_ref().map_or(position, Leaf::seq);
        let kept = reader.node(stored_hash_index(0, entry)).ok();
        if altered.len() < MOST_NODES && kept.is_some_and(|kept| kept != read.hash) {
            altered.push(entry);
        }
        position += 1;
    });
    for entry in altered {
        report.add(Some(entry), Message::new("verify-altered").with("entry", entry));
    }
    // What was read before it broke is named above; that it broke, with the leaves.
    match read {
        Err(error) if damage(&error).is_none() => Err(error),
        _ => Ok(()),
    }
}

/// Every blob has its digest, every digest that an entry names its blob.
fn check_blobs(
    db: &rusqlite::Connection,
    named: &BTreeMap<Digest, Named>,
    report: &mut VerifyReport,
) -> rusqlite::Result<()> {
    let mut query = db.prepare("SELECT digest, kind, bytes, rowid FROM blob ORDER BY rowid")?;
    let mut rows = query.query([])?;
    let mut there = BTreeSet::new();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let number: Option<i64> = row.get(3)?;
        if last.is_some() && number <= last {
            return Err(corrupt());
        }
        last = number;
        let column = |at| row.get_ref(at).map(|value| value.as_bytes().unwrap_or_default());
        let digest = Digest::of(column(2)?);
        let stored = column(0)?;
        let known = <[u8; 32]>::try_from(stored).ok().and_then(|stored| named.get_key_value(&Digest(stored)));
        there.extend(known.map(|(digest, _)| *digest));
        let entry = known.map(|(_, named)| named.entry);
        let fault = if stored != digest.0 {
            "verify-blob-altered"
        } else if known.is_some_and(|(_, named)| {
            !named.kinds.iter().any(|kind| column(1).is_ok_and(|k| k == kind.as_bytes()))
        }) {
            "verify-blob-kind"
        } else {
            continue;
        };
        report.add(entry, Message::new(fault).with("digest", hex::encode(stored)));
    }
    for (digest, named) in named.iter().filter(|(digest, _)| !there.contains(digest)) {
        let message = Message::new("verify-blob-missing").with("entry", named.entry).with("digest", digest);
        let kind = named.kinds.first().copied().unwrap_or_default();
        report.add(Some(named.entry), message.with("kind", kind));
    }
    Ok(())
}

/// What SQLite's own examination of the file remarks, its indexes against its tables included.
fn check_indexes(db: &rusqlite::Connection, report: &mut VerifyReport) -> rusqlite::Result<()> {
    let mut query = db.prepare("PRAGMA integrity_check(10)")?;
    let remarks = query.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    for remark in remarks.iter().filter(|remark| *remark != "ok") {
        tracing::debug!(remark, "SQLite's own examination of the log's file");
        report.add(None, Message::new("verify-database").with("what", "index"));
    }
    Ok(())
}
