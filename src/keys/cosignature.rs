//! Cosignatures of witnesses over a signed head (C2SP tlog-cosignature, `cosignature/v1`): not over the head alone,
//! but over the time at which the witness saw it as well.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::{Signature, VerifyingKey};
use signed_note::Verifier;

/// Type of a timestamped Ed25519 cosignature in keys and their ids (C2SP signed-note, "Signature types").
const TYPE: u8 = 0x04;

/// A witness's key.
pub(super) struct Cosigner {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl Cosigner {
    /// Reads `name+id+base64` of a key of that type; none when it is damaged or of another.
    pub fn parse(text: &str) -> Option<Cosigner> {
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = BASE64.decode(key).ok()?;
        let (kind, key) = bytes.split_first()?;
        let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        let wanted = signed_note::key_id(name, &bytes);
        let fits = *kind == TYPE && signed_note::is_key_name_valid(name) && id == format!("{wanted:08x}");
        fits.then(|| Cosigner { name: name.to_owned(), id: wanted, key })
    }
}

impl Verifier for Cosigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    /// `sig` is the witness's time, seconds since 1970 as eight bytes, and the signature itself.
    fn verify(&self, head: &[u8], sig: &[u8]) -> bool {
        let Some((time, signature)) = sig.split_first_chunk::<8>() else { return false };
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        let mut message = format!("cosignature/v1\ntime {}\n", u64::from_be_bytes(*time)).into_bytes();
        message.extend_from_slice(head);
        self.key.verify_strict(&message, &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::Signer as _;

    use super::*;
    use crate::keys::{KeyError, PublicKey, SigningKey, open};

    const NAME: &str = "giam-sat.example/1";

    fn key_of(seed: &ed25519_dalek::SigningKey, kind: u8) -> (String, u32) {
        let bytes = [&[kind][..], seed.verifying_key().as_bytes()].concat();
        let id = signed_note::key_id(NAME, &bytes);
        (format!("{NAME}+{id:08x}+{}", BASE64.encode(bytes)), id)
    }

    #[test]
    fn a_cosignature_is_over_the_head_and_the_time() {
        let station = SigningKey::generate("loa/station/a/1").unwrap();
        let head = "loa/station/a/1\n7\nAAAA\n";
        let note = station.sign(head).unwrap();
        let seed = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let (text, id) = key_of(&seed, TYPE);
        let witness = PublicKey::parse_witness(&text).unwrap();
        let time = 1_646_433_000_u64;
        let signed = |message: String, told: u64| {
            let signature = seed.sign(message.as_bytes());
            let bytes = [&id.to_be_bytes()[..], &told.to_be_bytes(), &signature.to_bytes()].concat();
            format!("{note}— {NAME} {}\n", BASE64.encode(bytes))
        };
        let good = signed(format!("cosignature/v1\ntime {time}\n{head}"), time);
        let keys = [station.public().clone(), witness.clone()];
        assert_eq!(open(good.as_bytes(), &keys).unwrap().signed_by, keys);
        // Who does not know the witness reads the head all the same.
        assert_eq!(open(good.as_bytes(), &keys[..1]).unwrap().signed_by, keys[..1]);
        for (what, bad) in [
            ("another time", signed(format!("cosignature/v1\ntime {time}\n{head}"), time + 1)),
            (
                "another head",
                signed(format!("cosignature/v1\ntime {time}\n{}", head.replace('7', "8")), time),
            ),
            ("the head alone", signed(head.to_owned(), time)),
        ] {
            assert_eq!(open(bad.as_bytes(), &keys), Err(KeyError::Untrusted), "{what}");
        }
    }

    #[test]
    fn a_witness_is_no_signer() {
        let seed = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let (witness, _) = key_of(&seed, TYPE);
        assert!(PublicKey::parse(&witness).is_err(), "neither a station's nor a person's key");
        let (signer, _) = key_of(&seed, 0x01);
        assert!(PublicKey::parse(&signer).is_ok() && PublicKey::parse_witness(&signer).is_err());
        for damaged in [witness.replace(NAME, "other"), witness[..60].to_owned(), format!("{NAME}+")] {
            assert!(PublicKey::parse_witness(&damaged).is_err(), "{damaged}");
        }
    }
}
