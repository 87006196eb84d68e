//! What witnesses saw of a log, by the cosignatures that it entered: an anchor is believed when the log had that root
//! at that size, and a key that the settings in force at the entry name as the centre's made the signature.

use chrono::DateTime;
use serde::Serialize;

use super::names::Times;
use crate::{
    evidence::{AnchorFact, Entry},
    keys::PublicKey,
    units::Digest,
    words::Message,
};

/// So many anchors of another history are named; nobody reads more.
const MOST_OTHER: usize = 1000;

/// How far somebody else saw the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    /// The entry that says so.
    pub entry: u64,
    /// How many entries the witness had seen.
    pub size: u64,
    /// When, by the witness's clock: RFC 3339 with the station's offset.
    pub at: String,
    /// The name of the witness's key.
    pub by: String,
}

impl Witnessed {
    /// As the anchor `fact` of `entry` says.
    pub(super) fn of(entry: &Entry, fact: &AnchorFact) -> Witnessed {
        let ms = i64::try_from(fact.time).ok().and_then(|seconds| seconds.checked_mul(1000));
        let at = ms.filter(|ms| DateTime::from_timestamp_millis(*ms).is_some());
        let at = at.map_or_else(String::new, |ms| Times::of(&entry.clk).millis(ms));
        Witnessed { entry: entry.seq, size: fact.size, at, by: fact.by.clone() }
    }
}

/// Follows the anchors of a log, in its order.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    /// The log's origin, by its opening.
    pub origin: Option<String>,
    /// The one of the greatest size.
    last: Option<Witnessed>,
    /// Those of which the part of the log that is at hand shows no root, or whose keys are not at hand.
    unchecked: u64,
    /// The entries that name another root than the log had at that size, and how much more such entries there are.
    other: Vec<(u64, u64)>,
    more_other: u64,
}

impl Anchors {
    /// Takes the anchor `fact` of `entry`. The log has `root` at its size, where that can be told; `keys` are the
    /// witnesses', none where the settings in force cannot be read. Gives what is wrong with it, but for the root.
    pub fn take(
        &mut self,
        entry: &Entry,
        fact: &AnchorFact,
        keys: Option<&[PublicKey]>,
        root: Option<Digest>,
    ) -> Option<Message> {
        let wrong = |what| {
            let message = Message::new("verify-anchor").with("entry", entry.seq).with("what", what);
            Some(message.with("size", fact.size).with("by", &fact.by))
        };
        if fact.size > entry.seq {
            return wrong("beyond");
        }
        let (Some(origin), Some(keys)) = (&self.origin, keys) else {
            self.unchecked += 1;
            return None;
        };
        if !keys.iter().any(|key| key.name() == fact.by) {
            return wrong("unknown");
        }
        if !keys.iter().any(|key| fact.is_good(origin, key)) {
            return wrong("signature");
        }
        match root {
            None => self.unchecked += 1,
            Some(root) if root == fact.root => self.saw(entry, fact),
            Some(_) if self.other.len() < MOST_OTHER => self.other.push((entry.seq, fact.size)),
            Some(_) => self.more_other += 1,
        }
        None
    }

    fn saw(&mut self, entry: &Entry, fact: &AnchorFact) {
        if self.last.as_ref().is_some_and(|last| last.size > fact.size) {
            return;
        }
        self.last = Some(Witnessed::of(entry, fact));
    }

    /// The furthest that a witness saw.
    pub fn last(&self) -> Option<&Witnessed> {
        self.last.as_ref()
    }

    /// How many anchors could be neither borne out nor refuted.
    pub fn unchecked(&self) -> u64 {
        self.unchecked
    }

    /// The anchors that a witness made of another history than this log, each at its entry; and how many more.
    pub fn of_another(&mut self) -> (Vec<(u64, Message)>, u64) {
        let told = |(entry, size): (u64, u64)| {
            let message = Message::new("verify-anchor").with("entry", entry).with("what", "root");
            (entry, message.with("size", size).with("by", ""))
        };
        let other = std::mem::take(&mut self.other).into_iter().map(told).collect();
        (other, std::mem::take(&mut self.more_other))
    }
}
