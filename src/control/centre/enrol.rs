//! Who may bring a log home: a station asks, shows a code, and an officer who compared it says yes.

use serde::{Deserialize, Serialize};

use super::Centre;
use crate::{
    control::ControlError,
    evidence::Code,
    fleet::{Asked, Held, Settled, Standing},
    keys::{PublicKey, SigningKey, open},
    units::Digest,
    words::Message,
};

/// The first line of such a note: nothing else that the key signs begins so.
const FORM: &str = "loa/enrol/1\n";

/// Longest wish, bytes: log, key and signature in the longest names that are taken.
pub const MOST_WISH_BYTES: usize = 4 << 10;

/// Longest name of a log that is taken, bytes, and longest part of it.
const LONGEST_ORIGIN: (usize, usize) = (200, 64);

/// So many wishes wait for an officer; a flood of them keeps nobody out who was enrolled, and costs little: a station asks
/// again every few seconds and takes the place of one that does not.
const MOST_ASKED: u64 = 1000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    origin: String,
    key: PublicKey,
    token: Digest,
}

/// Where a wish stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// `asked`, `enrolled` or `revoked`.
    pub standing: String,
    /// What station and officer compare.
    pub code: String,
}

/// A station's wish to bring the log of `origin` home, showing `token` from then on. Gives the signed note and the code
/// that an officer of the centre will ask for.
pub fn wish(origin: &str, key: &SigningKey, token: &str) -> Result<(String, String), ControlError> {
    let public = key.public().clone();
    let code = code(origin, &public);
    let wish = Wish { origin: origin.into(), key: public, token: Digest::of(token.as_bytes()) };
    let line = serde_json::to_string(&wish).unwrap_or_default();
    Ok((key.sign(&format!("{FORM}{line}\n"))?, code))
}

/// What both sides work out of log and key by themselves, so that nothing between them can change it.
fn code(origin: &str, key: &PublicKey) -> String {
    let epoch = origin.rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(0);
    Code::new(epoch, Digest::of(format!("{origin}\n{}\n", key.as_text()).as_bytes())).to_string()
}

/// Whether a log may be called so: `…/station/<id>/<epoch>` in the one spelling that stations give it. Whoever asks is a
/// stranger, and what is asked for is kept and shown.
fn is_origin(origin: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_part = |part: &&str| !part.is_empty() && part.len() <= LONGEST_ORIGIN.1 && part.bytes().all(fits);
    let parts: Vec<&str> = origin.split('/').collect();
    let epoch = parts.last().and_then(|last| last.parse::<u32>().ok().filter(|n| n.to_string() == **last));
    origin.len() <= LONGEST_ORIGIN.0
        && parts.len() >= 4
        && parts.iter().all(is_part)
        && epoch.is_some_and(|epoch| epoch > 0)
}

impl Centre {
    /// Takes a station's wish; asking again tells where it stands.
    pub fn ask(&self, note: &str) -> Result<Enrolment, ControlError> {
        let malformed = || ControlError::from(Message::new("enrol-malformed"));
        if note.len() > MOST_WISH_BYTES {
            return Err(malformed());
        }
        let text = note.split_once("\n\n").map(|(text, _)| text).ok_or_else(malformed)?;
        let line = text.strip_prefix(FORM).ok_or_else(malformed)?;
        let wish: Wish = serde_json::from_str(line).map_err(|_| malformed())?;
        // The key is named like the log: no station asks in another's name and is taken for it on the page.
        if wish.key.name() != wish.origin || !is_origin(&wish.origin) {
            return Err(malformed());
        }
        if open(note.as_bytes(), std::slice::from_ref(&wish.key)).is_err() {
            return Err(malformed());
        }
        let code = code(&wish.origin, &wish.key);
        let at_ms = self.now().timestamp_millis();
        let asked = Asked { origin: wish.origin, key: wish.key, token: wish.token, at_ms };
        let refused = || Message::new("enrol-refused").with("origin", &asked.origin);
        let standing = self.fleet.ask(&asked, MOST_ASKED)?.ok_or_else(refused)?;
        Ok(Enrolment { standing: standing.code().into(), code })
    }

    /// An officer confirms a log by the code that its station shows: of several who asked for its name, that one.
    pub fn enrol(&self, origin: &str, typed: &str, by: &str) -> Result<(), ControlError> {
        let held = self.meant(origin, typed)?;
        self.decide(&held, Standing::Enrolled, by)
    }

    /// Whether `typed` is the code of a log that may be enrolled; a no says why not.
    pub fn may_enrol(&self, origin: &str, typed: &str) -> Result<(), ControlError> {
        self.meant(origin, typed).map(drop)
    }

    /// The log `origin`, or the wish for it, whose code is `typed`.
    fn meant(&self, origin: &str, typed: &str) -> Result<Held, ControlError> {
        let known = self.known(origin)?;
        let typed: Option<Code> = typed.parse().ok();
        let mut all = self.fleet.wishes(origin)?.into_iter().chain([known]);
        let meant = all.find(|held| typed.is_some() && code(origin, &held.key).parse().ok() == typed);
        let held = meant.ok_or_else(|| Message::new("enrol-code").with("origin", origin))?;
        if held.standing == Standing::Revoked {
            return Err(Message::new("enrol-revoked").with("origin", origin).into());
        }
        Ok(held)
    }

    /// An officer revokes a log: nothing more of it is taken, what came stays.
    pub fn revoke(&self, origin: &str, by: &str) -> Result<(), ControlError> {
        let held = self.may_revoke(origin)?;
        self.decide(&held, Standing::Revoked, by)
    }

    /// The log that would be revoked; a no where it is but asked for, and perhaps by several.
    pub fn may_revoke(&self, origin: &str) -> Result<Held, ControlError> {
        let held = self.known(origin)?;
        if held.standing == Standing::Asked {
            return Err(Message::new("revoke-asked").with("origin", origin).into());
        }
        Ok(held)
    }

    /// An officer drops the undecided wishes for a log. Whoever still asks is there again a little later. Gives how many.
    pub fn drop_wishes(&self, origin: &str) -> Result<u64, ControlError> {
        Ok(self.fleet.drop_wishes(origin)?)
    }

    /// A no where nobody waits for an officer's word on `origin`.
    pub fn may_drop(&self, origin: &str) -> Result<(), ControlError> {
        let none = || ControlError::from(Message::new("enrol-unknown").with("origin", origin));
        if self.fleet.wishes(origin)?.is_empty() { Err(none()) } else { Ok(()) }
    }

    /// An officer settles what contradicts itself in a log and came until `seen_ms` (milliseconds since 1970): the cause
    /// is known, for this `reason`. Both heads stay. Gives how many pairs.
    pub fn settle(&self, origin: &str, seen_ms: i64, by: &str, reason: &str) -> Result<u64, ControlError> {
        let at_ms = self.now().timestamp_millis();
        Ok(self.fleet.settle(origin, seen_ms, &Settled { by: by.into(), reason: reason.into(), at_ms })?)
    }

    /// When the last contradiction of a log came that nobody settled, of those that came until `seen_ms`; a no where
    /// there is none.
    pub fn may_settle(&self, origin: &str, seen_ms: i64) -> Result<i64, ControlError> {
        self.known(origin)?;
        let forks = self.fleet.forks_of(origin)?;
        let open = forks.into_iter().filter(|fork| fork.settled.is_none() && fork.at_ms <= seen_ms);
        let none = || Message::new("fleet-settle-none").with("origin", origin);
        Ok(open.map(|fork| fork.at_ms).max().ok_or_else(none)?)
    }

    /// What officer and station compare for a log that asked.
    #[must_use]
    pub fn code_of(&self, held: &Held) -> String {
        code(&held.origin, &held.key)
    }

    /// The log of `origin`; a no where nobody asked for it.
    pub fn known(&self, origin: &str) -> Result<Held, ControlError> {
        let unknown = || Message::new("enrol-unknown").with("origin", origin);
        Ok(self.fleet.log(origin)?.ok_or_else(unknown)?)
    }

    /// The same, as durable as what its station was answered last.
    pub fn known_settled(&self, origin: &str) -> Result<Held, ControlError> {
        let unknown = || Message::new("enrol-unknown").with("origin", origin);
        Ok(self.fleet.log_settled(origin)?.ok_or_else(unknown)?)
    }

    fn decide(&self, held: &Held, standing: Standing, by: &str) -> Result<(), ControlError> {
        let at_ms = self.now().timestamp_millis();
        if self.fleet.stand(&held.origin, &held.key, standing, by, at_ms)? {
            return Ok(());
        }
        // It was there a moment ago.
        Err(Message::new("enrol-unknown").with("origin", &held.origin).into())
    }
}
