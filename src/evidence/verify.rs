//! Whether a log is whole, ordered and unaltered: from its leaf bytes, its signed head and public keys alone.

use std::cmp::Ordering;

use super::{
    canonical::{Leaf, decode},
    checkpoint::{Checkpoint, CheckpointError},
    clocks::ClockRules,
    entry::Body,
    tree::Frontier,
};
use crate::{keys::PublicKey, units::Digest, words::Message};

/// At most this many faults are kept: a wholly foreign file has a fault a line.
const MOST_FAULTS: usize = 1000;

/// Something wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// At which entry; absent when it concerns the log as a whole.
    pub entry: Option<u64>,
    /// Its stable code and values; the catalogue has the sentence.
    pub message: Message,
}

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many leaves were read.
    pub size: u64,
    /// The root of the tree: recomputed from the leaves, or the signed one where leaves were left out.
    pub root: Digest,
    /// The signed head, when its signature is good.
    pub checkpoint: Option<Checkpoint>,
    /// Entries of kinds that this program does not know: proved to be unaltered, not understood.
    pub unknown: u64,
    /// What is wrong, in the order of the log; at most 1000.
    pub faults: Vec<Fault>,
    /// How many more faults there were.
    pub more_faults: u64,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether leaves were altered: they have another root than the signed head.
    #[must_use]
    pub fn root_differs(&self) -> bool {
        self.faults.iter().any(|fault| fault.message.code == "verify-root")
    }

    /// Names an entry that is not the one whose hash the stored tree keeps.
    pub fn name_altered(&mut self, entry: u64) {
        self.add(Some(entry), Message::new("verify-altered").with("entry", entry));
    }

    /// Adds what was found wrong beside the entries.
    pub fn add(&mut self, entry: Option<u64>, message: Message) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault { entry, message });
        } else {
            self.more_faults += 1;
        }
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
    checkpoint: Result<Checkpoint, CheckpointError>,
    clocks: ClockRules,
    unknown: u64,
    faults: Vec<Fault>,
    more_faults: u64,
}

impl Verifier {
    /// Begins with the signed head `note`, which one of `keys` should have signed.
    #[must_use]
    pub fn new(note: &[u8], keys: &[PublicKey]) -> Verifier {
        let mut verifier = Verifier {
            frontier: Frontier::default(),
            next: 0,
            left_out: 0,
            checkpoint: Checkpoint::open(note, keys),
            clocks: ClockRules::default(),
            unknown: 0,
            faults: Vec::new(),
            more_faults: 0,
        };
        if let Err(error) = &verifier.checkpoint {
            let message = Message::new("verify-signature").with("detail", error);
            verifier.fault(None, message);
        }
        verifier
    }

    fn fault(&mut self, entry: Option<u64>, message: Message) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault { entry, message });
        } else {
            self.more_faults += 1;
        }
    }

    /// The leaves before `position` are not at hand. What they would explain of the clocks is not asked for,
    /// and whoever leaves out leaves must prove those that he has by their hashes.
    pub fn leave_out(&mut self, position: u64) {
        let left_out = position.saturating_sub(self.next);
        if left_out > 0 {
            self.left_out += left_out;
            self.next = position;
            self.clocks = ClockRules::default();
        }
    }

    /// The signed head, when its signature is good.
    #[must_use]
    pub fn head(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref().ok()
    }

    /// Takes the next leaf, as it is stored.
    pub fn push(&mut self, leaf: &[u8]) {
        let position = self.next;
        self.next += 1;
        if self.left_out == 0 {
            self.frontier.push(leaf);
        }
        match decode(leaf) {
            Ok(leaf) => self.check(position, &leaf),
            Err(fault) => {
                let message = Message::new("verify-leaf").with("entry", position).with("detail", fault);
                self.fault(Some(position), message);
            }
        }
    }

    fn check(&mut self, position: u64, leaf: &Leaf) {
        if leaf.seq() != position {
            let message = Message::new("verify-seq").with("entry", position).with("found", leaf.seq());
            self.fault(Some(position), message);
        }
        if leaf.body().is_none() {
            self.unknown += 1;
        }
        self.check_opening(position, leaf.body());
        for message in self.clocks.next(position, leaf) {
            self.fault(Some(position), message);
        }
    }

    fn check_opening(&mut self, position: u64, body: Option<&Body>) {
        match (position, body) {
            (0, Some(Body::LogOpen { origin, .. })) => {
                let signed = self.checkpoint.as_ref().ok().map(|head| head.origin.clone());
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
        let root = match (&self.checkpoint, self.left_out) {
            (Ok(head), 1..) => head.root,
            _ => self.frontier.root(),
        };
        if let Some((entry, message)) = std::mem::take(&mut self.clocks).finish() {
            self.fault(Some(entry), message);
        }
        if let Ok(head) = &self.checkpoint {
            let message = |code| Message::new(code).with("found", self.next).with("wanted", head.size);
            let message = match self.next.cmp(&head.size) {
                Ordering::Less => Some(message("verify-short")),
                Ordering::Greater => Some(message("verify-unsigned")),
                Ordering::Equal => (root != head.root).then(|| message("verify-root")),
            };
            if let Some(message) = message {
                self.fault(None, message);
            }
        }
        VerifyReport {
            size: self.next - self.left_out,
            root,
            checkpoint: self.checkpoint.ok(),
            unknown: self.unknown,
            faults: self.faults,
            more_faults: self.more_faults,
        }
    }
}

/// Verifies a whole log that is at hand in memory.
#[must_use]
pub fn verify<L: AsRef<[u8]>>(
    leaves: impl IntoIterator<Item = L>,
    note: &[u8],
    keys: &[PublicKey],
) -> VerifyReport {
    let mut verifier = Verifier::new(note, keys);
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
    fn faults_are_counted_beyond_their_limit() {
        let (_, note, key) = log();
        let report = verify(vec!["x"; 1500], note.as_bytes(), &[key.public().clone()]);
        assert_eq!(report.faults.len(), 1000);
        assert_eq!(report.more_faults, 501);
    }
}
