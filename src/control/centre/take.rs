//! What comes home from a station: taken whole or refused by name, and cosigned only when it is durable.

use super::Centre;
use crate::{
    control::ControlError,
    evidence::Checkpoint,
    fleet::{FleetError, Fork, Held, MOST_WORD_BYTES, Push, Refusal, Word, witness},
    store::KINDS,
    units::Digest,
    words::Message,
};

/// Leaves that are read at once where an old head is compared.
const PAGE: usize = 4 << 20;

/// Longest bytes that an entry names: a bundle takes no longer ones either.
pub const LONGEST_BLOB: usize = 8 << 20;

/// Why something was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// By the rules of a witness.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed; nothing was taken.
    #[error(transparent)]
    Fleet(#[from] FleetError),
}

impl Centre {
    /// Takes a push into the log that is `held`; gives the line of the cosignature, which is the acknowledgement.
    pub fn take(&self, held: &Held, text: &str) -> Result<String, TakeError> {
        let push = Push::read(text).map_err(|_| Refusal::Malformed)?;
        let mut held = held.clone();
        loop {
            let time = u64::try_from(self.now().timestamp()).unwrap_or_default();
            let refusal = match witness(Some(&held), &push, &self.key, time) {
                Ok(step) if self.fleet.advance(&step)? => {
                    let line = step.head.lines().last().unwrap_or_default();
                    return Ok(format!("{line}\n"));
                }
                // Another process was first: what is true now decides.
                Ok(_) => {
                    held = self.fleet.log(&held.origin)?.ok_or(Refusal::Unknown)?;
                    continue;
                }
                Err(refusal) => refusal,
            };
            if matches!(refusal, Refusal::Elsewhere(_)) {
                // Whoever hears that more is here takes it as kept: so it must be.
                let now = self.fleet.log_settled(&held.origin)?.ok_or(Refusal::Unknown)?;
                if now.frontier != held.frontier {
                    held = now;
                    continue;
                }
            }
            return Err(self.look_behind(&held, &push, refusal)?.into());
        }
    }

    /// Keeps both heads where a refused push shows two histories, and says so.
    fn look_behind(&self, held: &Held, push: &Push, refusal: Refusal) -> Result<Refusal, FleetError> {
        let refusal = match refusal {
            Refusal::Elsewhere(size) => {
                let came = Checkpoint::open(push.head.as_bytes(), std::slice::from_ref(&held.key));
                match came {
                    Ok(came) if came.size <= size && !self.went_through(held, &came)? => {
                        Refusal::Inconsistent
                    }
                    _ => Refusal::Elsewhere(size),
                }
            }
            other => other,
        };
        if refusal.contradicts() {
            self.split(held, "fork", &push.head)?;
        }
        Ok(refusal)
    }

    /// Whether the log as it is held once had this head.
    fn went_through(&self, held: &Held, came: &Checkpoint) -> Result<bool, FleetError> {
        let mut frontier = self.fleet.tree_until(&held.origin, came.size)?;
        while frontier.size() < came.size {
            let leaves = self.fleet.leaves(&held.origin, frontier.size(), PAGE)?;
            if leaves.is_empty() {
                return Ok(false);
            }
            let left = usize::try_from(came.size - frontier.size()).unwrap_or(usize::MAX);
            for leaf in leaves.iter().take(left) {
                frontier.push(leaf.as_bytes());
            }
        }
        Ok(frontier.root() == came.root)
    }

    /// Whether a pair with this head is kept, settled or not: then how long the other log is is nothing new.
    fn is_split(&self, held: &Held) -> Result<bool, FleetError> {
        Ok(self.fleet.forks_of(&held.origin)?.iter().any(|fork| fork.held == held.head))
    }

    fn split(&self, held: &Held, what: &str, came: &str) -> Result<(), FleetError> {
        self.fleet.split(&Fork {
            origin: held.origin.clone(),
            what: what.into(),
            held: held.head.clone(),
            came: came.into(),
            at_ms: self.now().timestamp_millis(),
            settled: None,
        })
    }

    /// Takes a station's word of itself. A log that is shorter than what came of it, by a later word than the last, was
    /// rolled back: both signed statements are kept.
    ///
    /// Later is what was said by a later clock, or of a longer log: a clock that was years ahead and is set right makes an
    /// entry, and what is said behind it holds at once and not only in years.
    pub fn hear(&self, held: &Held, note: &str) -> Result<(), ControlError> {
        self.hear_by(held, note, true)
    }

    /// The same of a word that was carried: it may lie in its folder for years, so one that comes late does not even say
    /// that the station lives.
    pub fn hear_carried(&self, held: &Held, note: &str) -> Result<(), ControlError> {
        self.hear_by(held, note, false)
    }

    fn hear_by(&self, held: &Held, note: &str, lives: bool) -> Result<(), ControlError> {
        let word = (note.len() <= MOST_WORD_BYTES).then(|| Word::read(note, &held.key)).flatten();
        let word = word.filter(|word| word.origin == held.origin);
        let word = word.ok_or_else(|| ControlError::from(Message::new("word-malformed")))?;
        let last = Word::read(&held.word, &held.key);
        let is_late = |last: &Word| last.wall_ms > word.wall_ms && last.size >= word.size;
        if last.as_ref().is_some_and(is_late) {
            if !lives {
                return Ok(());
            }
            // It came late on its way: that the station lives is true, what it says is old.
            return Ok(self.fleet.heard(&held.origin, &held.word, self.now().timestamp_millis())?);
        }
        let is_shorter = word.size < held.frontier.size();
        if is_shorter && last.is_some_and(|last| last.wall_ms < word.wall_ms) && !self.is_split(held)? {
            self.split(held, "rollback", note)?;
        }
        Ok(self.fleet.heard(&held.origin, note, self.now().timestamp_millis())?)
    }

    /// Takes bytes of a log that its next push names by digest.
    ///
    /// # Errors
    ///
    /// A no where no entry has such bytes beside it, they are too long, or too many wait for a push already; else the store
    /// failed.
    pub fn keep(&self, origin: &str, kind: &str, bytes: &[u8]) -> Result<Digest, ControlError> {
        if bytes.len() > LONGEST_BLOB || !KINDS.contains(&kind) {
            return Err(Message::new("blob-refused").with("kind", kind).into());
        }
        if !self.fleet.keep(origin, kind, bytes, self.now().timestamp_millis())? {
            return Err(Message::new("blob-no-room").with("origin", origin).into());
        }
        Ok(Digest::of(bytes))
    }

    /// Which of `digests`, that the next push of a log names, are to be brought first.
    pub fn missing(&self, origin: &str, digests: &[Digest]) -> Result<Vec<Digest>, ControlError> {
        Ok(self.fleet.missing(origin, digests, self.now().timestamp_millis())?)
    }
}
