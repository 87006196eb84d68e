//! How the values of a fleet stand in the columns of both databases.

use chrono::NaiveDate;

use crate::{
    evidence::Frontier,
    keys::PublicKey,
    units::{Digest, SlotId},
};

use super::{Ended, Settled, Tally};

/// A number as both databases have them.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A key by its text.
pub fn key(text: &str) -> Option<PublicKey> {
    PublicKey::parse(text).ok()
}

/// The peaks of a tree, one behind the other.
pub fn peaks(frontier: &Frontier) -> Vec<u8> {
    frontier.peaks().iter().flat_map(|peak| peak.0).collect()
}

/// The tree of `size` leaves with these peaks.
pub fn frontier(size: i64, peaks: &[u8]) -> Option<Frontier> {
    let (peaks, rest) = peaks.as_chunks::<32>();
    let peaks: Vec<Digest> = peaks.iter().map(|peak| Digest(*peak)).collect();
    Frontier::of(u64::try_from(size).ok()?, &peaks).filter(|_| rest.is_empty())
}

/// A person's word on a contradiction, where all of it is there.
pub fn settled(by: Option<String>, reason: Option<String>, at_ms: Option<i64>) -> Option<Settled> {
    Some(Settled { by: by?, reason: reason?, at_ms: at_ms? })
}

/// Day, slot, outcome and reason as words.
pub fn ended(ended: &Ended) -> (String, String, String, String) {
    let reason = ended.reason.as_ref().map_or_else(String::new, word);
    (ended.slot.local.date().to_string(), ended.slot.to_string(), word(&ended.outcome), reason)
}

/// The same, read back; none where a later program wrote what this one does not know.
pub fn read_ended(seq: i64, slot: &str, outcome: &str, reason: &str, proof: i64) -> Option<Ended> {
    Some(Ended {
        seq: u64::try_from(seq).ok()?,
        slot: slot.parse::<SlotId>().ok()?,
        outcome: of_word(outcome)?,
        reason: if reason.is_empty() { None } else { Some(of_word(reason)?) },
        proof: u8::try_from(proof).ok()?,
    })
}

/// A count of a log's day, read back; none where a later program wrote what this one does not know.
pub fn read_tally(origin: String, day: NaiveDate, outcome: &str, count: i64) -> Option<Tally> {
    let outcome = of_word(outcome)?;
    Some(Tally { origin, day, outcome, count: u64::try_from(count).ok()? })
}

fn word(code: &impl serde::Serialize) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn of_word<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.into())).ok()
}

/// Leaves gathered out of the pieces in which they came.
pub struct Leaves {
    from: u64,
    left: usize,
    taken: Vec<String>,
}

impl Leaves {
    /// Those from position `from` on, of about so many bytes.
    pub fn new(from: u64, most_bytes: usize) -> Leaves {
        Leaves { from, left: most_bytes, taken: Vec::new() }
    }

    /// Takes the piece that begins at `first`; `false`: no more are wanted.
    pub fn take(&mut self, first: i64, piece: &str) -> bool {
        let next = self.from + self.taken.len() as u64;
        let first = u64::try_from(first).unwrap_or(u64::MAX);
        let skip = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX);
        for leaf in piece.split('\n').skip(skip) {
            if !self.taken.is_empty() && self.left < leaf.len() {
                return false;
            }
            self.left = self.left.saturating_sub(leaf.len() + 1);
            self.taken.push(leaf.to_owned());
        }
        self.left > 0
    }

    /// What was gathered.
    pub fn into_inner(self) -> Vec<String> {
        self.taken
    }
}
