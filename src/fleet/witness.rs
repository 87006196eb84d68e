//! Whether what a station brings continues what the centre holds: the rules of a C2SP witness (`tlog-witness`,
//! "add-checkpoint"), with the leaves in the proof's place.

use std::collections::BTreeSet;

use super::{Ended, Held, Push, Standing, Step};
use crate::{
    evidence::{Body, Checkpoint, Leaf, canonical, tree::leaf_hash},
    keys::WitnessKey,
    units::Digest,
};

/// Why a push is not taken. Nothing of it is kept but what [`Refusal::contradicts`] says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no push, or its head is none.
    #[error("this is no push of a log")]
    Malformed,
    /// Nobody enrolled this log (404).
    #[error("the log is not enrolled")]
    Unknown,
    /// The log was revoked, or its key did not sign the head (403).
    #[error("the head is not signed by the enrolled key")]
    Untrusted,
    /// The centre has another number of entries than the station thought (409): this many.
    #[error("the centre has {0} entries")]
    Elsewhere(u64),
    /// The head covers fewer entries than the centre has, or fewer than were pushed (400).
    #[error("the head covers {head} entries, the push ends at {end}")]
    Short {
        /// What the head says.
        head: u64,
        /// What the centre has with the pushed entries.
        end: u64,
    },
    /// The leaves do not lead from what the centre holds to the signed head (422).
    #[error("the entries do not continue the log that the centre holds")]
    Inconsistent,
    /// The entry at this position is no canonical leaf of that place (422).
    #[error("entry {0} is no leaf of this log")]
    Leaf(u64),
}

impl Refusal {
    /// Whether it shows that the station signed two logs.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        matches!(self, Refusal::Inconsistent)
    }
}

/// What follows from `push` for the log that is `held`, at `time` (seconds since 1970): the step to be stored, with the
/// head cosigned by `key`. The cosignature may leave only when the step is durable.
pub fn witness(held: Option<&Held>, push: &Push, key: &WitnessKey, time: u64) -> Result<Step, Refusal> {
    let held = held.filter(|held| held.standing != Standing::Asked).ok_or(Refusal::Unknown)?;
    if held.standing == Standing::Revoked {
        return Err(Refusal::Untrusted);
    }
    let signer = std::slice::from_ref(&held.key);
    let came = Checkpoint::open(push.head.as_bytes(), signer).map_err(|_| Refusal::Untrusted)?;
    if came.origin != held.origin {
        return Err(Refusal::Untrusted);
    }
    let from = held.frontier.size();
    if push.old != from {
        return Err(Refusal::Elsewhere(from));
    }
    let end = from + push.leaves.len() as u64;
    if came.size != end {
        return Err(Refusal::Short { head: came.size, end });
    }
    let mut frontier = held.frontier.clone();
    let (mut ends, mut named) = (Vec::new(), BTreeSet::new());
    for (seq, leaf) in (from..).zip(&push.leaves) {
        frontier.grow(leaf_hash(leaf.as_bytes()), |_| {});
        let read = canonical::decode(leaf.as_bytes()).ok().filter(|leaf| leaf.seq() == seq);
        let read = read.ok_or(Refusal::Leaf(seq))?;
        named.extend(read.body().map_or_else(Vec::new, Body::blobs).into_iter().map(|(_, digest)| digest));
        ends.extend(ended(&read));
    }
    if frontier.root() != came.root {
        return Err(Refusal::Inconsistent);
    }
    let text = came.text().map_err(|_| Refusal::Malformed)?;
    let cosigned = format!("{}{}\n", push.head, key.cosign(&text, time));
    let at_ms = i64::try_from(time).unwrap_or(i64::MAX / 1000) * 1000;
    Ok(Step {
        origin: held.origin.clone(),
        from,
        before: held.frontier.clone(),
        frontier,
        head: cosigned,
        leaves: push.leaves.clone(),
        ends,
        named: named.into_iter().collect(),
        at_ms,
    })
}

/// What a leaf says of the end of a planned slot.
fn ended(leaf: &Leaf) -> Option<Ended> {
    let Leaf::Known(entry) = leaf else { return None };
    let (slot, outcome, reason, proof) = match &entry.body {
        Body::End(end) => (end.slot.clone()?, end.outcome, end.reason, end.proof),
        Body::Missed(missed) => (missed.slot.clone(), missed.outcome, Some(missed.reason), 0),
        _ => return None,
    };
    Some(Ended { seq: entry.seq, slot, outcome, reason, proof })
}

/// The digests of the bytes that the entries of `leaves` name.
#[must_use]
pub fn named(leaves: &[String]) -> Vec<Digest> {
    let mut named: Vec<Digest> = Vec::new();
    for leaf in leaves {
        if let Ok(Leaf::Known(entry)) = canonical::decode(leaf.as_bytes()) {
            named.extend(entry.body.blobs().into_iter().map(|(_, digest)| digest));
        }
    }
    named.sort_unstable();
    named.dedup();
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::Frontier,
        fleet::conduct::Station,
        keys::{PublicKey, open},
        units::Digest,
    };

    fn held(station: &Station, size: usize) -> Held {
        let mut frontier = Frontier::default();
        station.leaves[..size].iter().for_each(|leaf| drop(frontier.push(leaf.as_bytes())));
        Held {
            origin: station.origin.clone(),
            key: station.key.public().clone(),
            token: Digest::of(b"token"),
            standing: Standing::Enrolled,
            by: String::new(),
            at_ms: 0,
            frontier,
            head: String::new(),
            heard_ms: None,
            word: String::new(),
        }
    }

    fn station() -> Station {
        let mut station = Station::new("pho-an");
        (0..20).for_each(|_| station.enter(Body::Heartbeat {}));
        station
    }

    fn key() -> WitnessKey {
        WitnessKey::generate("loa/centre/duc-pho").unwrap()
    }

    #[test]
    fn a_push_that_continues_is_cosigned() {
        let (station, key) = (station(), key());
        for (from, to) in [(0, 1), (0, 20), (7, 12), (12, 12)] {
            let push = station.push(from, to);
            let step =
                witness(Some(&held(&station, usize::try_from(from).unwrap())), &push, &key, 7).unwrap();
            assert_eq!((step.from, step.frontier.size(), step.at_ms), (from, to, 7000));
            let keys: [PublicKey; 2] = [station.key.public().clone(), key.public().clone()];
            assert_eq!(open(step.head.as_bytes(), &keys).unwrap().signed_by, keys);
        }
    }

    #[test]
    fn what_a_witness_refuses_has_its_name() {
        let (station, key) = (station(), key());
        let held = held(&station, 5);
        let good = station.push(5, 9);
        let refused = |held: Option<&Held>, push: &Push| witness(held, push, &key, 7).unwrap_err();
        assert_eq!(refused(None, &good), Refusal::Unknown);
        let asked = Held { standing: Standing::Asked, ..held.clone() };
        assert_eq!(refused(Some(&asked), &good), Refusal::Unknown);
        let revoked = Held { standing: Standing::Revoked, ..held.clone() };
        assert_eq!(refused(Some(&revoked), &good), Refusal::Untrusted);
        let mut other = Station::new("pho-an");
        other.leaves.clone_from(&station.leaves);
        assert_eq!(refused(Some(&held), &other.push(5, 9)), Refusal::Untrusted, "another key of that name");
        let elsewhere = Held { origin: "loa/station/pho-an/2".into(), ..held.clone() };
        assert_eq!(refused(Some(&elsewhere), &good), Refusal::Untrusted, "another log of that key");
        for old in [0, 4, 6, 9] {
            assert_eq!(refused(Some(&held), &station.push(old, 9)), Refusal::Elsewhere(5), "from {old}");
        }
        let cut = Push { leaves: good.leaves[..3].to_vec(), ..good.clone() };
        assert_eq!(refused(Some(&held), &cut), Refusal::Short { head: 9, end: 8 });
        let mut swapped = good.clone();
        swapped.leaves.swap(1, 2);
        assert_eq!(refused(Some(&held), &swapped), Refusal::Leaf(6));
        let mut spaced = good.clone();
        spaced.leaves[0].insert(1, ' ');
        assert_eq!(refused(Some(&held), &spaced), Refusal::Leaf(5));
    }

    #[test]
    fn a_second_history_is_seen_and_proved_by_its_own_signature() {
        let (station, key) = (station(), key());
        let mut second =
            Station { origin: station.origin.clone(), key: station.key.clone(), leaves: Vec::new() };
        second.leaves.extend_from_slice(&station.leaves[..4]);
        (4..9).for_each(|_| second.enter(Body::Gap { reason: "khác".into() }));
        let refused = witness(Some(&held(&station, 5)), &second.push(5, 9), &key, 7).unwrap_err();
        assert_eq!(refused, Refusal::Inconsistent);
        assert!(refused.contradicts());
    }

    #[test]
    fn what_entries_name_is_named_once() {
        let mut station = Station::new("pho-an");
        let (digest, plan) = (Digest::of(b"a"), Digest::of(b"b"));
        for _ in 0..2 {
            let (station_id, unit, output) = ("pho-an".into(), "pho-an".into(), "default".into());
            station.enter(Body::Config {
                digest,
                plan,
                station: station_id,
                unit,
                output,
                demo: false,
                trust: None,
            });
        }
        let mut wanted = [digest, plan];
        wanted.sort_unstable();
        assert_eq!(named(&station.leaves), wanted);
    }
}
