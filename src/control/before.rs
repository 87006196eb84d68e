//! The epoch that a log follows, and whether its key vouches for this one.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Serialize;

use super::{names::Times, signed::Stored};
use crate::{
    evidence::{After, Body, Checkpoint, Entry},
    keys::{self, PublicKey},
};

/// The epoch before, as the opening entry tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EpochBefore {
    /// Its log's origin.
    pub origin: String,
    /// What ended it: `rollback`, `fork`, `damaged`, `lost`, `key`.
    pub reason: String,
    /// When this log was opened, by its own clock, RFC 3339 with the station's offset; empty for a time that no
    /// calendar has.
    pub opened: String,
    /// Whether its key vouches for this log's.
    pub endorsed: Endorsed,
}

/// Whether the old epoch's key vouches for the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Endorsed {
    /// Its public key is known and opened the note.
    Opened,
    /// There is a note, which nobody can open without the old public key.
    Unopened,
    /// There is none that can be read, or not by that key.
    No,
}

/// The note in which the key of the log `origin`, which ended for `reason`, names `next`.
pub(super) fn endorsement(origin: &str, next: &PublicKey, reason: &str) -> String {
    format!("loa epoch v1\n{origin}\n{}\n{reason}\n", next.as_text())
}

/// What the opening `entry` tells of the epoch before, and what is wrong with what it rests on: the last checkpoint
/// must be of that log, the note about this one, and both by one key: that of the epoch before, when it is among the
/// `keys`. `None` for a log without an epoch before it.
pub(super) fn before(
    entry: &Entry,
    keys: &[PublicKey],
    stored: Stored<'_>,
) -> Option<(EpochBefore, Option<&'static str>)> {
    let Body::LogOpen { origin, reason, previous, after: Some(after) } = &entry.body else { return None };
    let head = previous.and_then(&mut *stored);
    let note = after.endorsement.and_then(stored);
    let old: Vec<PublicKey> = keys.iter().filter(|key| key.name() == after.origin).cloned().collect();
    let mut endorsed = match (&note, old.is_empty()) {
        (None, _) => Endorsed::No,
        (Some(_), true) => Endorsed::Unopened,
        (Some(_), false) => Endorsed::Opened,
    };
    let head_fault = head.as_deref().and_then(|head| wrong_head(head, after, &old));
    let note_fault = note.as_deref().and_then(|note| {
        let about = |text: &str| names(text, after, reason, origin, keys);
        wrong_note(note, &old, about)
    });
    let apart = match (&head, &note) {
        (Some(head), Some(note)) if signers(head).iter().all(|by| !signers(note).contains(by)) => {
            Some("keys")
        }
        _ => None,
    };
    if note_fault.is_some() {
        endorsed = Endorsed::No;
    }
    let opened = Times::of(&entry.clk).millis(entry.clk.wall_ms);
    let before = EpochBefore { origin: after.origin.clone(), reason: reason.clone(), opened, endorsed };
    Some((before, head_fault.or(note_fault).or(apart)))
}

fn wrong_head(note: &[u8], after: &After, old: &[PublicKey]) -> Option<&'static str> {
    let head = std::str::from_utf8(note).ok().and_then(|note| Checkpoint::unchecked(note).ok());
    if head.is_none_or(|head| head.origin != after.origin) {
        return Some("checkpoint");
    }
    (!old.is_empty() && Checkpoint::open(note, old).is_err()).then_some("checkpoint-key")
}

fn wrong_note(note: &[u8], old: &[PublicKey], about: impl Fn(&str) -> bool) -> Option<&'static str> {
    let text = std::str::from_utf8(note).ok().and_then(|note| note.split_once("\n\n"));
    if !text.is_some_and(|(text, _)| about(&format!("{text}\n"))) {
        return Some("endorsement");
    }
    (!old.is_empty() && keys::open(note, old).is_err()).then_some("endorsement-key")
}

/// Whether `text` vouches for the key of the log `origin`: the one that is known, or else any of that name.
fn names(text: &str, after: &After, reason: &str, origin: &str, keys: &[PublicKey]) -> bool {
    let own: Vec<PublicKey> = keys.iter().filter(|key| key.name() == origin).cloned().collect();
    let said = text.lines().nth(2).and_then(|key| PublicKey::parse(key).ok());
    let named = said.filter(|key| key.name() == origin && (own.is_empty() || own.contains(key)));
    named.is_some_and(|key| text == endorsement(&after.origin, &key, reason))
}

/// Name and id of each key that a note says signed it (C2SP signed-note v1): what anybody sees without the keys.
fn signers(note: &[u8]) -> Vec<(&str, Vec<u8>)> {
    let lines = std::str::from_utf8(note).ok().and_then(|note| note.split_once("\n\n"));
    let signer = |line| -> Option<(&str, Vec<u8>)> {
        let (name, signature) = str::strip_prefix(line, "\u{2014} ")?.split_once(' ')?;
        Some((name, BASE64.decode(signature).ok()?.get(..4)?.to_vec()))
    };
    lines.map_or("", |(_, lines)| lines).lines().filter_map(signer).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{
        Endorsed::{No, Opened, Unopened},
        *,
    };
    use crate::{evidence::Clk, keys::SigningKey, units::Digest};

    const OLD: &str = "loa/station/pho-hoa/1";
    const NEW: &str = "loa/station/pho-hoa/2";

    /// What is found wrong with an opening whose notes are `head` and `note`, by somebody who knows `keys`.
    fn check(head: &str, note: &str, keys: &[&SigningKey], wanted: (Endorsed, Option<&str>)) {
        let mut kept = BTreeMap::new();
        let mut keep = |text: &str| {
            let digest = Digest::of(text.as_bytes());
            kept.insert(digest, text.as_bytes().to_vec());
            Some(digest)
        };
        let (previous, endorsement) = (keep(head), keep(note));
        let (by, text) = ("A".into(), "x".into());
        let after = After { origin: OLD.into(), seen: None, endorsement, by, text };
        let (origin, reason) = (NEW.into(), "damaged".into());
        let clk = Clk { wall_ms: 0, boot_ms: 0, boot: "0".repeat(32), sync: true, offset_min: 420 };
        let body = Body::LogOpen { origin, reason, previous, after: Some(after) };
        let keys: Vec<PublicKey> = keys.iter().map(|key| key.public().clone()).collect();
        let mut read = |digest| kept.get(&digest).cloned();
        let (before, fault) = before(&Entry { seq: 0, clk, body }, &keys, &mut read).unwrap();
        assert_eq!((before.endorsed, fault), wanted, "{head}{note}");
        assert_eq!(before.opened, "1970-01-01T07:00:00.000+07:00");
    }

    #[test]
    fn the_old_key_is_asked_whether_it_vouches_for_the_new() {
        let key = |name| SigningKey::generate(name).unwrap();
        let (old, new, other) = (key(OLD), key(NEW), key(OLD));
        let head = |origin: &str, by: &SigningKey| {
            Checkpoint { origin: origin.into(), size: 5, root: Digest::of(b"") }.sign(by).unwrap()
        };
        let note = |origin, next: &SigningKey, reason, by: &SigningKey| {
            by.sign(&endorsement(origin, next.public(), reason)).unwrap()
        };
        let (good_head, good) = (head(OLD, &old), note(OLD, &new, "damaged", &old));
        check(&good_head, &good, &[&new, &old], (Opened, None));
        check(&good_head, &good, &[&new], (Unopened, None));
        check(&good_head, &good, &[], (Unopened, None));
        let forged = note(OLD, &new, "damaged", &other);
        check(&head(OLD, &other), &forged, &[&new, &old], (No, Some("checkpoint-key")));
        check(&good_head, &forged, &[&new, &old], (No, Some("endorsement-key")));
        check(&good_head, &forged, &[&new], (Unopened, Some("keys")));
        check("no checkpoint at all\n", &good, &[&new], (Unopened, Some("checkpoint")));
        check(&head(NEW, &old), &good, &[&new, &old], (Opened, Some("checkpoint")));
        for wrong in [
            "I vouch for nobody\n".to_owned(),
            old.sign("I vouch for nobody\n").unwrap(),
            note(OLD, &key(NEW), "damaged", &old),
            note(OLD, &new, "lost", &old),
            note(NEW, &new, "damaged", &old),
        ] {
            check(&good_head, &wrong, &[&new, &old], (No, Some("endorsement")));
        }
        // Who does not have the new key knows at least its name.
        check(&good_head, &note(OLD, &old, "damaged", &old), &[], (No, Some("endorsement")));
    }
}
