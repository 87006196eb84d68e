//! A witness saw the log at some size: what bounds the time of entries from both sides, even where the clock lies.
//!
//! The entry holds all that a stranger needs: the head is made again from origin, size and root, and the signature is
//! a C2SP cosignature over it and over the witness's time.

use serde::{Deserialize, Serialize};

use super::Checkpoint;
use crate::{
    keys::{PublicKey, cosigned_at},
    units::Digest,
};

/// A cosignature that came back to the station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorFact {
    /// How many entries the witness had seen.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// The name of the witness's key.
    pub by: String,
    /// When, by the witness's clock, in seconds since 1970.
    pub time: u64,
    /// The cosignature as it stands on its line of the note, in Base64.
    pub signature: String,
}

impl AnchorFact {
    /// The fact that the signature `line` under `head` stands for; none where it is not a good one of `key`.
    #[must_use]
    pub fn read(head: &Checkpoint, line: &str, key: &PublicKey) -> Option<AnchorFact> {
        let time = cosigned_at(&head.text().ok()?, line, key)?;
        let (by, signature) = line.trim_end().strip_prefix("\u{2014} ")?.split_once(' ')?;
        let (by, signature) = (by.to_owned(), signature.to_owned());
        Some(AnchorFact { size: head.size, root: head.root, by, time, signature })
    }

    /// Whether it is a good cosignature by `key` over the log of `origin`. Whether that log had this root at this size,
    /// only its leaves tell.
    #[must_use]
    pub fn is_good(&self, origin: &str, key: &PublicKey) -> bool {
        let head = Checkpoint { origin: origin.into(), size: self.size, root: self.root };
        let line = format!("\u{2014} {} {}", self.by, self.signature);
        head.text().is_ok_and(|text| cosigned_at(&text, &line, key) == Some(self.time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{
            Body, Entry, Leaf,
            canonical::{MOST_BYTES, decode, encode},
            samples::{ORIGIN, bodies_of_witnesses, clk, digest},
        },
        keys::WitnessKey,
    };

    fn anchor(witness: &WitnessKey) -> AnchorFact {
        let head = Checkpoint { origin: ORIGIN.into(), size: 7, root: digest(0xab) };
        let line = witness.cosign(&head.text().unwrap(), 1_646_433_000);
        AnchorFact::read(&head, &line, witness.public()).unwrap()
    }

    #[test]
    fn it_holds_for_its_log_size_root_and_time_only() {
        let witness = WitnessKey::generate("loa/centre/duc-pho").unwrap();
        let fact = anchor(&witness);
        assert!(fact.is_good(ORIGIN, witness.public()));
        let other = WitnessKey::generate("loa/centre/duc-pho").unwrap();
        for (what, fact, origin, key) in [
            ("another log", fact.clone(), "loa/station/pho-an/1", witness.public()),
            ("another key", fact.clone(), ORIGIN, other.public()),
            ("another size", AnchorFact { size: 8, ..fact.clone() }, ORIGIN, witness.public()),
            ("another root", AnchorFact { root: digest(0xac), ..fact.clone() }, ORIGIN, witness.public()),
            ("another time", AnchorFact { time: 1_646_433_001, ..fact.clone() }, ORIGIN, witness.public()),
            ("another name", AnchorFact { by: "loa/centre/x".into(), ..fact }, ORIGIN, witness.public()),
        ] {
            assert!(!fact.is_good(origin, key), "{what}");
        }
    }

    #[test]
    fn it_has_its_golden_bytes() {
        let body = bodies_of_witnesses().remove(0);
        let entry = Entry { seq: 26, clk: clk(0), body };
        let root = digest(0xac);
        let golden = format!(
            "{{\"body\":{{\"by\":\"loa/centre/duc-pho\",\"root\":\"{root}\",\"signature\":\"3q2+7wAAAABiIS+o\",\
             \"size\":25,\"time\":1646433000}},\"clk\":{{\"boot\":\"0123456789abcdef0123456789abcdef\",\
             \"boot_ms\":60000,\"offset_min\":420,\"sync\":true,\"wall_ms\":1646431200000}},\
             \"kind\":\"anchor\",\"seq\":26,\"v\":1}}"
        );
        assert_eq!(encode(&entry).unwrap(), golden);
        assert_eq!(decode(golden.as_bytes()).unwrap(), Leaf::Known(entry));
    }

    #[test]
    fn it_is_a_leaf_of_moderate_length() {
        let witness = WitnessKey::generate("loa/centre/thi-xa-duc-pho-tinh-quang-ngai").unwrap();
        let entry = Entry { seq: 7, clk: clk(0), body: Body::Anchor(Box::new(anchor(&witness))) };
        let leaf = encode(&entry).unwrap();
        assert!(leaf.len() < 600 && leaf.len() < MOST_BYTES, "{} bytes", leaf.len());
        assert_eq!(decode(leaf.as_bytes()).unwrap(), Leaf::Known(entry));
    }
}
