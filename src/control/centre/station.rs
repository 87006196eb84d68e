//! One station as the centre holds it, with everything that shows whether it is to be believed.

use chrono::{DateTime, Utc};

use super::Centre;
use crate::{
    control::{ControlError, KeyView},
    evidence::{AnchorFact, Checkpoint},
    fleet::{Fork, Held, Word},
};

/// A station.
#[derive(Debug, Clone)]
pub struct StationFile {
    /// Its log, as it is held.
    pub held: Held,
    /// Its last word of itself, where its key signed it.
    pub word: Option<Word>,
    /// What officer and station compare.
    pub code: String,
    /// Its key.
    pub key: KeyView,
    /// Whether that key signed the head that is held.
    pub signed: bool,
    /// When this centre cosigned it; none where no such cosignature stands under it.
    pub cosigned: Option<DateTime<Utc>>,
    /// Heads of it that contradict one another, the latest first.
    pub splits: Vec<Split>,
}

/// Two signed statements of one log that cannot both be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// As they are kept.
    pub fork: Fork,
    /// How many entries each says that the log has: the one that was held, the one that came.
    pub sizes: [Option<u64>; 2],
    /// Whether the log's key signed each.
    pub signed: [bool; 2],
}

impl Centre {
    /// The station whose log is called `origin`.
    ///
    /// # Errors
    ///
    /// A no where nobody asked for that log; else the store cannot be read.
    pub fn station(&self, origin: &str) -> Result<StationFile, ControlError> {
        let held = self.known(origin)?;
        let splits = self.fleet.forks_of(origin)?.into_iter();
        let signed = Checkpoint::open(held.head.as_bytes(), std::slice::from_ref(&held.key)).ok();
        Ok(StationFile {
            splits: splits.map(|fork| split(&held, fork)).collect(),
            word: Word::read(&held.word, &held.key),
            code: self.code_of(&held),
            key: KeyView::of(held.key.as_text()),
            cosigned: signed.as_ref().and_then(|head| self.cosigned(head, &held.head)),
            signed: signed.is_some(),
            held,
        })
    }

    /// When this centre cosigned `head` with the key in use or an earlier one, by the lines of its `note`.
    fn cosigned(&self, head: &Checkpoint, note: &str) -> Option<DateTime<Utc>> {
        let lines = note.rsplit_once("\n\n").map_or("", |(_, lines)| lines);
        let own = || self.earlier.iter().chain([self.key.public()]);
        let mut facts =
            lines.lines().filter_map(|line| own().find_map(|key| AnchorFact::read(head, line, key)));
        facts.next_back().and_then(|fact| DateTime::from_timestamp(i64::try_from(fact.time).ok()?, 0))
    }
}

fn split(held: &Held, fork: Fork) -> Split {
    let own = std::slice::from_ref(&held.key);
    let said = [&fork.held, &fork.came].map(|note| {
        let size = Checkpoint::unchecked(note).ok().map(|head| head.size);
        let signed = Checkpoint::open(note.as_bytes(), own).is_ok();
        // The other half of a rollback is a word.
        let word = Word::read(note, &held.key);
        (size.or(word.as_ref().map(|word| word.size)), signed || word.is_some())
    });
    Split { sizes: said.map(|(size, _)| size), signed: said.map(|(_, signed)| signed), fork }
}
