//! What verification of a log says in the end.

use super::{checkpoint::Checkpoint, code::Code};
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
    /// Which of the given keys signed the head.
    pub signed_by: Vec<PublicKey>,
    /// Which of the given keys did not.
    pub not_signed_by: Vec<PublicKey>,
    /// Those that signed and are no key of this station: somebody else saw the log at this head.
    pub witnessed_by: Vec<PublicKey>,
    /// Codes of sizes at which the part of the log that is at hand shows no root: neither borne out nor refuted.
    pub unchecked_codes: Vec<Code>,
    /// Entries of kinds that this program does not know: proved to be unaltered, not understood.
    pub unknown: u64,
    /// What is wrong, in the order of the log; at most 1000.
    pub faults: Vec<Fault>,
    /// How many more faults there were.
    pub more_faults: u64,
}

impl VerifyReport {
    /// The report before anything was read.
    pub(super) fn empty() -> VerifyReport {
        VerifyReport {
            size: 0,
            root: Digest::of(b""),
            checkpoint: None,
            signed_by: Vec::new(),
            not_signed_by: Vec::new(),
            witnessed_by: Vec::new(),
            unchecked_codes: Vec::new(),
            unknown: 0,
            faults: Vec::new(),
            more_faults: 0,
        }
    }

    /// The report on a log of which not one entry can be read, because of `fault`.
    #[must_use]
    pub fn unreadable(fault: Message) -> VerifyReport {
        let mut report = VerifyReport::empty();
        report.add(None, fault);
        report
    }

    /// Nobody gave a key, only the one that lies beside the record was used: whatever its name, it is no witness.
    pub fn by_own_key(&mut self) {
        self.witnessed_by.clear();
        self.not_signed_by.clear();
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether the leaves are those that the signed head covers, all of them and no others.
    #[must_use]
    pub fn leaves_hold(&self) -> bool {
        self.checkpoint.as_ref().is_some_and(|head| head.size == self.size && head.root == self.root)
    }

    /// Adds what another check found, at `entry` where it can be placed.
    pub fn add(&mut self, entry: Option<u64>, message: Message) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault { entry, message });
        } else {
            self.more_faults += 1;
        }
    }
}
