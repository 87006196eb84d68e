//! Named Ed25519 keys and the signed notes they make (C2SP signed-note v1), with the cosignatures of witnesses.
//!
//! Keys have the text forms of Go's `sumdb/note`: `PRIVATE+KEY+name+id+base64` and `name+id+base64`.
//! The name is bound into the id and so into every signature.

mod cosignature;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use signed_note::{Note, Signer, StandardSigner, StandardVerifier, Verifier, VerifierList};

use cosignature::Cosigner;
pub use cosignature::{WitnessKey, cosigned_at};

/// A key or a note that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text of a key is damaged or of another kind.
    #[error("this is no Ed25519 key in signed-note form")]
    Malformed,
    /// A key name that is empty or has spaces or `+`.
    #[error("`{0}` cannot name a key: no spaces, no `+`")]
    Name(String),
    /// A text that cannot be a note: control characters, or no final newline.
    #[error("the text cannot be signed as a note")]
    Text,
    /// Not a signed note at all.
    #[error("this is not a signed note")]
    NotANote,
    /// No valid signature by any of the given keys.
    #[error("no valid signature by a trusted key")]
    Untrusted,
}

/// A private key that signs notes.
#[derive(Clone)]
pub struct SigningKey {
    text: String,
    signer: StandardSigner,
    public: PublicKey,
}

impl SigningKey {
    /// Makes a new key called `name` from the operating system's randomness.
    pub fn generate(name: &str) -> Result<SigningKey, KeyError> {
        if !signed_note::is_key_name_valid(name) {
            return Err(KeyError::Name(name.into()));
        }
        SigningKey::parse(&signed_note::generate_key(&mut rand_core::OsRng, name).0)
    }

    /// Reads the private text form; white space around it is ignored.
    pub fn parse(text: &str) -> Result<SigningKey, KeyError> {
        let text = text.trim();
        let signer = StandardSigner::new(text).map_err(|_| KeyError::Malformed)?;
        // Base64 may hold a `+` of its own: the fifth part is all that is left.
        let secret = text.splitn(5, '+').nth(4).and_then(|tail| BASE64.decode(tail).ok());
        let seed: [u8; 32] = secret
            .as_deref()
            .and_then(|bytes| bytes.get(1..))
            .and_then(|seed| seed.try_into().ok())
            .ok_or(KeyError::Malformed)?;
        let verifying = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
        let public = PublicKey(signed_note::new_ed25519_verifier_key(signer.name(), &verifying));
        Ok(SigningKey { text: text.into(), signer, public })
    }

    /// The private text form, for a file of mode 0600.
    #[must_use]
    pub fn secret_text(&self) -> &str {
        &self.text
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `text` (UTF-8, final newline, no control characters); gives the whole note.
    pub fn sign(&self, text: &str) -> Result<String, KeyError> {
        let mut note = Note::new(text.as_bytes(), &[]).map_err(|_| KeyError::Text)?;
        note.add_sigs(&[&self.signer]).map_err(|_| KeyError::Text)?;
        String::from_utf8(note.to_bytes()).map_err(|_| KeyError::Text)
    }
}

/// A public key that checks notes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct PublicKey(String);

impl PublicKey {
    /// Reads the `name+id+base64` form.
    pub fn parse(text: &str) -> Result<PublicKey, KeyError> {
        StandardVerifier::new(text.trim()).map_err(|_| KeyError::Malformed)?;
        Ok(PublicKey(text.trim().into()))
    }

    /// Reads the same form of a witness's key, which makes cosignatures over signed heads and signs nothing else.
    pub fn parse_witness(text: &str) -> Result<PublicKey, KeyError> {
        let text = text.trim();
        Cosigner::parse(text).map(|_| PublicKey(text.into())).ok_or(KeyError::Malformed)
    }

    fn verifier(&self) -> Option<Box<dyn Verifier>> {
        let signer = StandardVerifier::new(&self.0).ok().map(|key| Box::new(key) as Box<dyn Verifier>);
        signer.or_else(|| Cosigner::parse(&self.0).map(|key| Box::new(key) as Box<dyn Verifier>))
    }

    /// The `name+id+base64` form.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.0
    }

    /// Whether both are the same key, whatever they are called: two names make no two people.
    #[must_use]
    pub fn is_same_key(&self, other: &PublicKey) -> bool {
        let bytes = |key: &PublicKey| key.0.splitn(3, '+').nth(2).map(str::to_owned);
        bytes(self) == bytes(other)
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split('+').next().unwrap_or_default()
    }
}

impl<'de> serde::Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<PublicKey, D::Error> {
        let text = String::deserialize(from)?;
        PublicKey::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A note whose signatures were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The signed text, with its final newline.
    pub text: String,
    /// Which of the given keys signed it.
    pub signed_by: Vec<PublicKey>,
}

/// Checks `note` against `keys`; at least one of them must have signed it, and a wrong signature under
/// the name and id of one of them spoils the whole note.
pub fn open(note: &[u8], keys: &[PublicKey]) -> Result<Opened, KeyError> {
    let note = Note::from_bytes(note).map_err(|_| KeyError::NotANote)?;
    let verifiers = keys.iter().filter_map(PublicKey::verifier).collect();
    let (good, _) = note.verify(&VerifierList::new(verifiers)).map_err(|_| KeyError::Untrusted)?;
    let signed = |key: &&PublicKey| {
        let id = key.0.split('+').nth(1);
        good.iter().any(|s| s.name() == key.name() && Some(format!("{:08x}", s.id()).as_str()) == id)
    };
    let signed_by = keys.iter().filter(signed).cloned().collect();
    let text = String::from_utf8(note.text().to_vec()).map_err(|_| KeyError::NotANote)?;
    Ok(Opened { text, signed_by })
}

/// Which of `keys` the lines under `note` name, whether or not their signatures are good: for telling why a note
/// is refused.
#[must_use]
pub fn named<'k>(note: &[u8], keys: &'k [PublicKey]) -> Vec<&'k PublicKey> {
    let text = String::from_utf8_lossy(note);
    let lines = text.rsplit_once("\n\n").map_or("", |(_, lines)| lines);
    let lines = lines.lines().filter_map(|line| line.strip_prefix("\u{2014} ")?.split_once(' '));
    let signers: Vec<(&str, String)> = lines
        .filter_map(|(name, signature)| {
            let bytes = BASE64.decode(signature).ok()?;
            Some((name, hex::encode(bytes.get(..4)?)))
        })
        .collect();
    let is_named = |key: &&PublicKey| {
        let id = key.0.split('+').nth(1);
        signers.iter().any(|(name, hint)| *name == key.name() && Some(hint.as_str()) == id)
    };
    keys.iter().filter(is_named).collect()
}

/// Adds the signature of `key` to `note`, whose text stays as it is.
pub fn cosign(note: &str, key: &SigningKey) -> Result<String, KeyError> {
    let mut note = Note::from_bytes(note.as_bytes()).map_err(|_| KeyError::NotANote)?;
    note.add_sigs(&[&key.signer]).map_err(|_| KeyError::Text)?;
    String::from_utf8(note.to_bytes()).map_err(|_| KeyError::NotANote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_opens_with_its_key_and_with_no_other() {
        let key = SigningKey::generate("duc-pho/duyet").unwrap();
        let other = SigningKey::generate("duc-pho/duyet").unwrap();
        let note = key.sign("lịch phát\n").unwrap();
        let opened = open(note.as_bytes(), &[other.public().clone(), key.public().clone()]).unwrap();
        assert_eq!(opened.text, "lịch phát\n");
        assert_eq!(opened.signed_by, [key.public().clone()]);
        assert_eq!(open(note.as_bytes(), &[other.public().clone()]), Err(KeyError::Untrusted));
        let forged = note.replace("lịch", "lich");
        assert_eq!(open(forged.as_bytes(), &[key.public().clone()]), Err(KeyError::Untrusted));
        assert_eq!(open(b"no note", &[]), Err(KeyError::NotANote));
    }

    #[test]
    fn keys_survive_their_text_form() {
        // Many, since Base64 uses `+` as a digit and as such it must not part the text.
        for _ in 0..32 {
            let key = SigningKey::generate("a").unwrap();
            assert_eq!(SigningKey::parse(key.secret_text()).unwrap().public(), key.public());
        }
        let key = SigningKey::generate("a").unwrap();
        assert_eq!(PublicKey::parse(key.public().as_text()).unwrap().name(), "a");
        assert_eq!(SigningKey::generate("a b").err(), Some(KeyError::Name("a b".into())));
        assert!(PublicKey::parse("a+00000000+AAAA").is_err());
    }
}
