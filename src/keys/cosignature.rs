//! Cosignatures of witnesses over a signed head (C2SP tlog-cosignature, `cosignature/v1`): not over the head alone,
//! but over the time at which the witness saw it as well.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::{Signature, Signer as _, SigningKey as Secret, VerifyingKey};
use rand_core::{OsRng, RngCore as _};
use signed_note::Verifier;

use super::{KeyError, PublicKey};

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
        self.key.verify_strict(&message(head, u64::from_be_bytes(*time)), &signature).is_ok()
    }
}

/// What a witness signs: `head` as it stands in its note, and the time in seconds since 1970.
fn message(head: &[u8], time: u64) -> Vec<u8> {
    let mut message = format!("cosignature/v1\ntime {time}\n").into_bytes();
    message.extend_from_slice(head);
    message
}

/// A private key that cosigns heads and signs nothing else.
#[derive(Clone)]
pub struct WitnessKey {
    secret: Secret,
    public: PublicKey,
    id: u32,
}

impl WitnessKey {
    const FORM: &'static str = "WITNESS+KEY+";

    /// Makes a new key called `name` from the operating system's randomness.
    pub fn generate(name: &str) -> Result<WitnessKey, KeyError> {
        if !signed_note::is_key_name_valid(name) {
            return Err(KeyError::Name(name.into()));
        }
        let mut seed = [0; 32];
        OsRng.fill_bytes(&mut seed);
        Ok(WitnessKey::of(name, &seed))
    }

    fn of(name: &str, seed: &[u8; 32]) -> WitnessKey {
        let secret = Secret::from_bytes(seed);
        let bytes = [&[TYPE][..], secret.verifying_key().as_bytes()].concat();
        let id = signed_note::key_id(name, &bytes);
        let public = PublicKey(format!("{name}+{id:08x}+{}", BASE64.encode(bytes)));
        WitnessKey { secret, public, id }
    }

    /// Reads the private text form, `WITNESS+KEY+name+base64`; white space around it is ignored.
    pub fn parse(text: &str) -> Result<WitnessKey, KeyError> {
        let parts = text.trim().strip_prefix(WitnessKey::FORM).and_then(|rest| rest.split_once('+'));
        let (name, seed) = parts.ok_or(KeyError::Malformed)?;
        let seed = BASE64.decode(seed).ok().and_then(|seed| seed.try_into().ok());
        match seed {
            Some(seed) if signed_note::is_key_name_valid(name) => Ok(WitnessKey::of(name, &seed)),
            _ => Err(KeyError::Malformed),
        }
    }

    /// The private text form, for a file of mode 0600.
    #[must_use]
    pub fn secret_text(&self) -> String {
        format!("{}{}+{}", WitnessKey::FORM, self.public.name(), BASE64.encode(self.secret.to_bytes()))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature line, without its line end, for the signed text `head` of a checkpoint that was seen at `time`,
    /// seconds since 1970.
    #[must_use]
    pub fn cosign(&self, head: &str, time: u64) -> String {
        let signature = self.secret.sign(&message(head.as_bytes(), time)).to_bytes();
        let bytes = [&self.id.to_be_bytes()[..], &time.to_be_bytes(), &signature].concat();
        format!("\u{2014} {} {}", self.public.name(), BASE64.encode(bytes))
    }
}

/// When the witness `key` says that it saw the signed text `head`, by its signature line; none where it is not that
/// key's, or not good.
#[must_use]
pub fn cosigned_at(head: &str, line: &str, key: &PublicKey) -> Option<u64> {
    let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = BASE64.decode(signature.trim_end()).ok()?;
    let (id, sig) = bytes.split_first_chunk::<4>()?;
    let cosigner = Cosigner::parse(key.as_text())?;
    let own = name == cosigner.name && u32::from_be_bytes(*id) == cosigner.id;
    let time = u64::from_be_bytes(*sig.first_chunk::<8>()?);
    (own && cosigner.verify(head.as_bytes(), sig)).then_some(time)
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
    fn a_witness_signs_what_others_check() {
        let station = SigningKey::generate("loa/station/a/1").unwrap();
        let head = "loa/station/a/1\n7\nAAAA\n";
        let witness = WitnessKey::generate(NAME).unwrap();
        let kept = WitnessKey::parse(&witness.secret_text()).unwrap();
        assert_eq!(kept.public(), witness.public());
        assert_eq!(PublicKey::parse_witness(witness.public().as_text()).as_ref(), Ok(witness.public()));
        let line = kept.cosign(head, 1_646_433_000);
        let note = format!("{}{line}\n", station.sign(head).unwrap());
        let keys = [station.public().clone(), witness.public().clone()];
        assert_eq!(open(note.as_bytes(), &keys).unwrap().signed_by, keys);
        assert_eq!(cosigned_at(head, &line, witness.public()), Some(1_646_433_000));
        assert_eq!(cosigned_at("loa/station/a/1\n8\nAAAA\n", &line, witness.public()), None, "another head");
        let other = WitnessKey::generate(NAME).unwrap();
        assert_eq!(cosigned_at(head, &line, other.public()), None, "another key of that name");
        for damaged in ["", "WITNESS+KEY+", "WITNESS+KEY+a+AAAA", witness.public().as_text()] {
            assert!(WitnessKey::parse(damaged).is_err(), "{damaged}");
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
