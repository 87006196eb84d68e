//! What the entries of a log answer for beside their bytes: its slots, and the signatures of people.
//!
//! Somebody who holds the station's key can enter the same large document a million times over. What entries name
//! is therefore read within bounds that no station comes near, and a log beyond them is called what it is.

use std::collections::BTreeSet;

use super::{
    anchors::{Anchors, Witnessed},
    signed::Signatures,
};
use crate::{
    evidence::{AnchorFact, Body, Entry, VerifyReport},
    keys::PublicKey,
    reconcile::{Completeness, Totals},
    units::{Digest, Month},
    words::Message,
};

/// Longest document that entries name: four times what a person may write as settings, schedule or plan. A slot list
/// of that length has a slot every three minutes.
pub(super) const MOST_BYTES: usize = 1 << 20;
/// What is read of documents in all: five years of stations take a tenth.
const MOST_READ: usize = 256 << 20;
/// Trying a key on a signature is as much work as reading so much.
const KEY_BYTES: usize = 1 << 10;
/// An anchor is an entry of its own, and never a long one: a million of them stay within what is read.
const ANCHOR_BYTES: usize = 1 << 8;
/// So many faults are kept; nobody reads more.
pub(super) const MOST_TOLD: usize = 1000;

/// The judgement in progress; takes the entries in order.
#[derive(Debug)]
pub(super) struct Judgement {
    completeness: Completeness,
    signatures: Signatures,
    anchors: Anchors,
    /// What is wrong with single entries, and how much more.
    faults: Vec<(u64, Message)>,
    more_faults: u64,
    /// What cannot be read is asked for once.
    absent: BTreeSet<Digest>,
    left: usize,
    given_up: bool,
}

impl Judgement {
    /// Begins before the first entry of a whole log, or of a part.
    /// `keys` are those of the station, this epoch's and earlier ones', as far as they are known.
    pub fn new(completeness: Completeness, keys: &[PublicKey]) -> Judgement {
        Judgement {
            completeness,
            signatures: Signatures::new(keys),
            anchors: Anchors::default(),
            faults: Vec::new(),
            more_faults: 0,
            absent: BTreeSet::new(),
            left: MOST_READ,
            given_up: false,
        }
    }

    /// Takes the next entry. `read` gives the bytes that are kept beside the log under a digest; bytes that are
    /// missing or other ones it does not give, and names them elsewhere.
    pub fn take(&mut self, entry: &Entry, read: &mut dyn FnMut(Digest) -> Option<Vec<u8>>) {
        if self.given_up {
            return;
        }
        let tried = self.signatures.trusted() * KEY_BYTES;
        let (mut cost, mut large) = (0, None);
        let mut stored = |digest| {
            let bytes = if self.absent.contains(&digest) { None } else { read(digest) };
            cost += bytes.as_ref().map_or(KEY_BYTES, Vec::len) + tried;
            if bytes.as_ref().is_some_and(|bytes| bytes.len() <= MOST_BYTES) {
                return bytes;
            }
            large = bytes.map(|_| digest).or(large);
            self.absent.insert(digest);
            None
        };
        self.completeness.push(entry, &mut stored);
        let unsigned = self.signatures.take(entry, &mut stored);
        let large = large.map(|digest| {
            Message::new("verify-blob-large")
                .with("entry", entry.seq)
                .with("digest", digest)
                .with("most", MOST_BYTES)
        });
        for message in [large, unsigned].into_iter().flatten() {
            self.fault(entry.seq, message);
        }
        if let (0, Body::LogOpen { origin, .. }) = (entry.seq, &entry.body) {
            self.anchors.origin = Some(origin.clone());
        }
        self.spend(entry.seq, cost);
    }

    /// Takes the anchor `fact` of `entry`, behind the entry itself. The log has `root` at its size, where that can be
    /// told.
    pub fn anchor(&mut self, entry: &Entry, fact: &AnchorFact, root: Option<Digest>) {
        if self.given_up {
            return;
        }
        let keys = self.signatures.cosigners();
        if let Some(message) = self.anchors.take(entry, fact, keys.as_deref(), root) {
            self.fault(entry.seq, message);
        }
        self.spend(entry.seq, ANCHOR_BYTES);
    }

    fn spend(&mut self, entry: u64, cost: usize) {
        self.left = self.left.saturating_sub(cost);
        self.given_up = self.left == 0;
        if self.given_up {
            let message = Message::new("verify-unjudged").with("entry", entry).with("most", MOST_READ);
            self.fault(entry, message);
        }
    }

    fn fault(&mut self, entry: u64, message: Message) {
        if self.faults.len() < MOST_TOLD {
            self.faults.push((entry, message));
        } else {
            self.more_faults += 1;
        }
    }

    /// The signatures as far as they were followed.
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// Puts what is wrong with single entries into `report`.
    pub fn tell(&mut self, report: &mut VerifyReport) {
        for (entry, message) in std::mem::take(&mut self.faults) {
            report.add(Some(entry), message);
        }
        report.more_faults += std::mem::take(&mut self.more_faults);
        // By a stored tree that is not the log's own nobody is accused.
        if !report.faults.iter().any(|fault| fault.message.code == "verify-node") {
            let (other, more) = self.anchors.of_another();
            for (entry, message) in other {
                report.add(Some(entry), message);
            }
            report.more_faults += more;
        }
    }

    /// How far a witness saw the log, and how many of its anchors could be neither borne out nor refuted.
    pub fn witnessed(&self) -> (Option<Witnessed>, u64) {
        (self.anchors.last().cloned(), self.anchors.unchecked())
    }

    /// How the slots stand behind the last entry, and of which months a schedule was accepted or refused; what is
    /// wrong with them goes into `report`. `None` when the entries could not all be judged.
    pub fn slots(self, report: &mut VerifyReport) -> Option<(Totals, BTreeSet<Month>)> {
        if self.given_up {
            return None;
        }
        let slots = self.completeness.finish();
        for fault in slots.faults {
            report.add(Some(fault.entry), fault.message);
        }
        report.more_faults += slots.more_faults;
        Some((slots.totals, slots.months))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{Body, Clk, ScheduleFact},
        reconcile::Patience,
    };

    fn entry(seq: u64, body: Body) -> Entry {
        let clk = Clk { wall_ms: 0, boot_ms: 0, boot: "0".repeat(32), sync: true, offset_min: 420 };
        Entry { seq, clk, body }
    }

    fn config(digest: Digest) -> Body {
        let (station, unit, output) = ("a".into(), "b".into(), "c".into());
        Body::Config { digest, plan: digest, station, unit, output, demo: false, trust: None }
    }

    fn accept(document: Digest) -> Body {
        Body::ScheduleAccept(ScheduleFact {
            month: "2022-03".parse().unwrap(),
            ward: false,
            revision: 1,
            digest: document,
            slots: document,
            count: 0,
            approval: document,
            by: String::new(),
            document: String::new(),
        })
    }

    /// Takes `bodies`, each of whose documents is `length` spaces; gives the codes of the faults and how often
    /// something was read.
    fn judge(bodies: impl Iterator<Item = Body>, length: usize) -> (Vec<&'static str>, u64, usize) {
        let mut judgement = Judgement::new(Completeness::new(Patience::default()), &[]);
        let mut reads = 0;
        for (seq, body) in (0..).zip(bodies) {
            judgement.take(&entry(seq, body), &mut |_| {
                reads += 1;
                Some(vec![b' '; length])
            });
        }
        let mut report = VerifyReport::unreadable(Message::new("log-missing"));
        report.faults.clear();
        judgement.tell(&mut report);
        (report.faults.iter().map(|fault| fault.message.code).collect(), report.more_faults, reads)
    }

    #[test]
    fn settings_that_every_start_enters_are_read_once() {
        let digest = Digest::of(b"settings");
        assert_eq!(judge((0..20_000).map(|_| config(digest)), 5000), (vec![], 0, 1));
    }

    #[test]
    fn a_document_that_is_too_long_is_named_and_read_once() {
        let digest = Digest::of(b"settings");
        let found = judge((0..20_000).map(|_| config(digest)), MOST_BYTES + 1);
        assert_eq!(found, (vec!["verify-blob-large"], 0, 1));
        let (codes, _, reads) = judge((0..20_000).map(|_| accept(digest)), MOST_BYTES + 1);
        assert_eq!((codes, reads), (vec!["verify-blob-large"], 1));
    }

    #[test]
    fn what_would_never_end_is_given_up_and_named() {
        let digest = Digest::of(b"approval");
        let (codes, more, reads) = judge((0..20_000).map(|_| accept(digest)), MOST_BYTES);
        assert_eq!((codes.last(), more, reads), (Some(&"verify-unjudged"), 0, MOST_READ / MOST_BYTES));
        assert!(codes.iter().all(|code| ["verify-approval", "verify-unjudged"].contains(code)), "{codes:?}");
    }

    #[test]
    fn faults_beyond_what_anybody_reads_are_counted() {
        let digest = Digest::of(b"approval");
        let (codes, more, _) = judge((0..5000).map(|_| accept(digest)), 10);
        assert_eq!((codes.len(), more), (MOST_TOLD, 4000));
    }
}
