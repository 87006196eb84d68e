//! Whether a log is whole, ordered and unaltered: from its leaf bytes, its signed head and public keys alone.
//!
//! One set of rules: whoever reads leaves on several threads hands over each as a [`ReadLeaf`], in order.

use std::cmp::{Ordering, Reverse};

use super::{
    canonical::{Leaf, LeafFault, decode},
    checkpoint::{Checkpoint, CheckpointError},
    clocks::ClockRules,
    code::Code,
    entry::Body,
    report::VerifyReport,
    tree::{Frontier, Node, leaf_hash},
};
use crate::{
    keys::{KeyError, PublicKey},
    units::Digest,
    words::Message,
};

/// A leaf that was read: all that needs no order among leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadLeaf {
    /// Its hash in the tree.
    pub hash: Digest,
    /// What it says, or why it is none.
    pub leaf: Result<Leaf, LeafFault>,
}

impl ReadLeaf {
    /// Reads a leaf as it is stored.
    #[must_use]
    pub fn of(bytes: &[u8]) -> ReadLeaf {
        ReadLeaf { hash: leaf_hash(bytes), leaf: decode(bytes) }
    }
}

/// A state of the log that is kept outside it, and that it must have gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The short code that stands in a paper duty book.
    Code(Code),
    /// The high-water mark beside the log.
    Mark {
        /// How many entries there were.
        size: u64,
        /// The root of the tree over them.
        root: Digest,
    },
}

impl Kept {
    fn size(&self) -> u64 {
        match self {
            Kept::Code(code) => code.size,
            Kept::Mark { size, .. } => *size,
        }
    }

    /// What it means that the log has another `root` at this size.
    fn differs(&self, root: Digest) -> Option<Message> {
        match self {
            Kept::Code(code) => {
                let found = Code::new(code.size, root);
                let message = Message::new("verify-code-differs").with("code", code).with("found", found);
                (*code != found).then(|| message.with("size", code.size))
            }
            Kept::Mark { size, root: kept } => {
                (*kept != root).then(|| Message::new("verify-forked").with("size", size))
            }
        }
    }

    /// What it means that the log ends before this size, at `found`.
    fn beyond(&self, found: u64) -> Message {
        match self {
            Kept::Code(code) => Message::new("verify-code-beyond").with("code", code),
            Kept::Mark { .. } => Message::new("verify-rolled-back"),
        }
        .with("found", found)
        .with("wanted", self.size())
    }
}

/// A verification in progress; leaves stream through it in memory of log₂ n hashes.
#[derive(Debug)]
pub struct Verifier {
    frontier: Frontier,
    /// Where the next leaf stands.
    next: u64,
    /// How many leaves were left out; if any, the tree is proved by its tiles instead.
    left_out: u64,
    clocks: ClockRules,
    /// What the last leaf said that it was.
    last_seq: Option<u64>,
    /// What is still to be gone through, the smallest size last.
    kept: Vec<Kept>,
    report: VerifyReport,
}

impl Verifier {
    /// Begins with the signed head `note`, which one of `keys` should have signed, and states `kept` outside.
    #[must_use]
    pub fn new(note: &[u8], keys: &[PublicKey], mut kept: Vec<Kept>) -> Verifier {
        kept.sort_by_key(|kept| Reverse(kept.size()));
        let mut report = VerifyReport::empty();
        match Checkpoint::open_signed(note, keys) {
            Ok((head, signed_by)) => {
                report.witnessed_by = signed_by.iter().filter(|key| !head.is_of(key)).cloned().collect();
                report.not_signed_by = keys.iter().filter(|key| !signed_by.contains(key)).cloned().collect();
                report.signed_by = signed_by;
                // The mark of the signed head itself says what the head says.
                let own = Kept::Mark { size: head.size, root: head.root };
                kept.retain(|kept| *kept != own);
                report.checkpoint = Some(head);
            }
            Err(error) => {
                report.not_signed_by = keys.to_vec();
                report.add(None, signature_fault(&error));
            }
        }
        Verifier {
            frontier: Frontier::default(),
            next: 0,
            left_out: 0,
            clocks: ClockRules::default(),
            last_seq: None,
            kept,
            report,
        }
    }

    /// The position of the next leaf.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.next
    }

    /// The signed head, when its signature is good.
    #[must_use]
    pub fn head(&self) -> Option<&Checkpoint> {
        self.report.checkpoint.as_ref()
    }

    /// The leaves before `position` are not at hand. What they would explain of the clocks is not asked for,
    /// and whoever leaves out leaves must prove those that he has by their hashes.
    pub fn leave_out(&mut self, position: u64) {
        let left_out = position.saturating_sub(self.next);
        if left_out > 0 {
            self.left_out += left_out;
            self.next = position;
            self.clocks = ClockRules::default();
            self.last_seq = None;
        }
    }

    /// Adds what the reader of the leaves found.
    pub fn fault(&mut self, entry: Option<u64>, message: Message) {
        self.report.add(entry, message);
    }

    /// Takes the next leaf, as it is stored.
    pub fn push(&mut self, leaf: &[u8]) {
        self.take(&ReadLeaf::of(leaf), |_| {});
    }

    /// Takes the next leaf, already read; tells `made` each node of the tree that becomes whole by it.
    pub fn take(&mut self, read: &ReadLeaf, made: impl FnMut(Node)) {
        let position = self.next;
        if self.left_out == 0 {
            self.pass_kept();
            self.frontier.grow(read.hash, made);
        }
        self.next += 1;
        match &read.leaf {
            Ok(leaf) => self.check(position, leaf),
            Err(fault) => {
                self.fault(Some(position), leaf_fault(position, fault));
            }
        }
    }

    /// Compares the log with the states kept outside that it has reached.
    fn pass_kept(&mut self) {
        while let Some(kept) = self.kept.pop_if(|kept| kept.size() == self.frontier.size()) {
            if let Some(message) = kept.differs(self.frontier.root()) {
                self.fault(None, message);
            }
        }
    }

    fn check(&mut self, position: u64, leaf: &Leaf) {
        // Behind a dropped or doubled entry all others are in order among themselves: it alone is named.
        let follows = self.last_seq.replace(leaf.seq()).and_then(|last| last.checked_add(1));
        if leaf.seq() != position && follows != Some(leaf.seq()) {
            let message = Message::new("verify-seq").with("entry", position).with("found", leaf.seq());
            self.fault(Some(position), message);
        }
        if leaf.body().is_none() {
            self.report.unknown += 1;
        }
        self.check_opening(position, leaf.body());
        for message in self.clocks.next(position, leaf) {
            self.fault(Some(position), message);
        }
    }

    fn check_opening(&mut self, position: u64, body: Option<&Body>) {
        match (position, body) {
            (0, Some(Body::LogOpen { origin, .. })) => {
                let signed = self.report.checkpoint.as_ref().map(|head| head.origin.clone());
                if let Some(signed) = signed.filter(|signed| signed != origin) {
                    let message = Message::new("verify-origin").with("found", origin).with("wanted", signed);
                    self.fault(Some(0), message);
                }
            }
            (0, _) => self.fault(Some(0), Message::new("verify-opening")),
            (_, Some(Body::LogOpen { .. })) => {
                self.fault(Some(position), Message::new("verify-opened-twice").with("entry", position));
            }
            _ => {}
        }
    }

    /// Ends behind the last leaf.
    #[must_use]
    pub fn finish(mut self) -> VerifyReport {
        self.pass_kept();
        let size = self.next;
        let root = match &self.report.checkpoint {
            Some(head) if self.left_out > 0 => head.root,
            _ => self.frontier.root(),
        };
        (self.report.size, self.report.root) = (size - self.left_out, root);
        if let Some((entry, message)) = std::mem::take(&mut self.clocks).finish() {
            self.fault(Some(entry), message);
        }
        if let Some(head) = &self.report.checkpoint {
            let message = |code| Message::new(code).with("found", size).with("wanted", head.size);
            let message = match size.cmp(&head.size) {
                Ordering::Less => Some(message("verify-short")),
                Ordering::Greater => Some(message("verify-unsigned")),
                Ordering::Equal => (root != head.root).then(|| message("verify-root")),
            };
            if let Some(message) = message {
                self.fault(None, message);
            }
        }
        while let Some(kept) = self.kept.pop() {
            self.not_reached(kept);
        }
        self.report
    }

    /// A state that no leaf at hand leads to. Where leaves were left out, the log may have gone through it all
    /// the same: only the signed size has a root without them.
    fn not_reached(&mut self, kept: Kept) {
        let head = self.report.checkpoint.as_ref();
        let message = match (kept, head.filter(|head| self.left_out > 0 && kept.size() <= head.size)) {
            (kept, None) => Some(kept.beyond(self.next)),
            (kept, Some(head)) if kept.size() == head.size => kept.differs(head.root),
            (Kept::Code(code), Some(_)) => {
                self.report.unchecked_codes.push(code);
                None
            }
            // A mark lies beside a log of which nothing is left out.
            (Kept::Mark { .. }, Some(_)) => None,
        };
        if let Some(message) = message {
            self.fault(None, message);
        }
    }
}

/// What is wrong with the leaf at `position`.
fn leaf_fault(position: u64, fault: &LeafFault) -> Message {
    let message = |what| Message::new("verify-leaf").with("entry", position).with("what", what);
    match fault {
        LeafFault::TooLong => message("long"),
        LeafFault::NotCanonical { at } => message("spelling").with("at", at),
        LeafFault::Version(version) => message("version").with("found", version),
        LeafFault::Boot(_) => message("boot"),
        LeafFault::Body { kind, .. } => message("body").with("kind", kind),
        LeafFault::Value(_) => message("value"),
    }
}

/// Why the signed head counts for nothing.
fn signature_fault(error: &CheckpointError) -> Message {
    let what = match error {
        CheckpointError::Malformed => "head",
        CheckpointError::Note(KeyError::Untrusted) => "untrusted",
        CheckpointError::Note(_) => "note",
    };
    Message::new("verify-signature").with("what", what)
}

/// Verifies a whole log that is at hand in memory.
#[must_use]
pub fn verify<L: AsRef<[u8]>>(
    leaves: impl IntoIterator<Item = L>,
    note: &[u8],
    keys: &[PublicKey],
) -> VerifyReport {
    let mut verifier = Verifier::new(note, keys, Vec::new());
    for leaf in leaves {
        verifier.push(leaf.as_ref());
    }
    verifier.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{canonical::encode, samples},
        keys::SigningKey,
        words::Lang,
    };

    fn head_of(leaves: &[String], key: &SigningKey) -> String {
        let mut tree = Frontier::default();
        for leaf in leaves {
            tree.push(leaf.as_bytes());
        }
        let head = Checkpoint { origin: samples::ORIGIN.into(), size: tree.size(), root: tree.root() };
        head.sign(key).unwrap()
    }

    fn codes(leaves: &[String], note: &str, key: &SigningKey) -> Vec<(Option<u64>, &'static str)> {
        let report = verify(leaves, note.as_bytes(), &[key.public().clone()]);
        for fault in &report.faults {
            for lang in [Lang::Vi, Lang::En] {
                assert_ne!(fault.message.say(lang), fault.message.code, "no sentence");
                assert!(!fault.message.say(lang).contains("{$"), "{}", fault.message.say(lang));
            }
        }
        report.faults.iter().map(|f| (f.entry, f.message.code)).collect()
    }

    fn log() -> (Vec<String>, String, SigningKey) {
        let key = SigningKey::generate("loa/station/pho-minh").unwrap();
        let entries = samples::every_kind().into_iter().filter(|e| e.body.kind() != "clock.step");
        let leaves: Vec<String> = entries
            .zip(0..)
            .map(|(mut entry, seq)| {
                entry.seq = seq;
                encode(&entry).unwrap()
            })
            .collect();
        let note = head_of(&leaves, &key);
        (leaves, note, key)
    }

    #[test]
    fn an_untouched_log_holds() {
        let (leaves, note, key) = log();
        let report = verify(&leaves, note.as_bytes(), &[key.public().clone()]);
        assert!(report.holds(), "{:?}", report.faults);
        assert_eq!((report.size, report.unknown), (leaves.len() as u64, 0));
        assert_eq!(report.checkpoint.unwrap().root, report.root);
    }

    #[test]
    fn what_was_changed_after_signing_is_named() {
        let (leaves, note, key) = log();
        let check = |change: &dyn Fn(&mut Vec<String>), wanted: &[(Option<u64>, &'static str)]| {
            let mut leaves = leaves.clone();
            change(&mut leaves);
            assert_eq!(codes(&leaves, &note, &key), wanted);
        };
        let last = leaves.len() - 1;
        check(&|l| l[9] = l[9].replace("480000", "480001"), &[(None, "verify-root")]);
        check(&|l| drop(l.pop()), &[(None, "verify-short")]);
        check(&|l| l.push(l[last].clone()), &[(Some(22), "verify-seq"), (None, "verify-unsigned")]);
        check(&|l| l[9].insert(0, ' '), &[(Some(9), "verify-leaf"), (None, "verify-root")]);
        check(&|l| l.clear(), &[(None, "verify-short")]);
        let swapped = [(Some(9), "verify-seq"), (Some(10), "verify-seq"), (None, "verify-root")];
        check(&|l| l.swap(9, 10), &swapped);
    }

    #[test]
    fn a_foreign_key_or_origin_is_named() {
        let (mut leaves, note, key) = log();
        let other = SigningKey::generate("loa/station/pho-minh").unwrap();
        assert_eq!(codes(&leaves, &note, &other), [(None, "verify-signature")]);
        leaves[0] = leaves[0].replace("pho-minh", "pho-hoa");
        let note = head_of(&leaves, &key);
        assert_eq!(codes(&leaves, &note, &key), [(Some(0), "verify-origin")]);
        leaves.remove(0);
        let note = head_of(&leaves, &key);
        assert_eq!(codes(&leaves, &note, &key)[0], (Some(0), "verify-seq"));
        assert_eq!(codes(&leaves, &note, &key)[1], (Some(0), "verify-opening"));
    }

    #[test]
    fn what_is_wrong_is_told_in_the_readers_language() {
        let (text, found) = (String::from, "missing field");
        let mut told: Vec<Message> = [
            LeafFault::TooLong,
            LeafFault::NotCanonical { at: 192 },
            LeafFault::Version(2),
            LeafFault::Boot(text("x")),
            LeafFault::Body { kind: text("note"), detail: text(found) },
            LeafFault::Value(text("null")),
        ]
        .map(|fault| leaf_fault(7, &fault))
        .into();
        let note = CheckpointError::Note;
        let heads = [CheckpointError::Malformed, note(KeyError::Untrusted), note(KeyError::NotANote)];
        told.extend(heads.iter().map(signature_fault));
        for lang in [Lang::Vi, Lang::En] {
            let mut said: Vec<String> = told.iter().map(|message| message.say(lang)).collect();
            said.sort();
            said.dedup();
            assert_eq!(said.len(), told.len(), "each has its own sentence");
            assert!(said.iter().all(|text| !text.contains("{ $") && !text.contains("{$")), "{said:?}");
            let english = ["canonical", found, "signed", "trusted"];
            let mixed = |text: &String| english.iter().any(|word| text.contains(word));
            assert!(lang == Lang::En || !said.iter().any(mixed), "{said:?}");
        }
    }

    #[test]
    fn faults_are_counted_beyond_their_limit() {
        let (_, note, key) = log();
        let report = verify(vec!["x"; 1500], note.as_bytes(), &[key.public().clone()]);
        assert_eq!(report.faults.len(), 1000);
        assert_eq!(report.more_faults, 501);
    }
}
