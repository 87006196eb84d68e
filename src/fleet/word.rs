//! What a station says of itself when it is heard: signed by its log's key, proved by nothing else.

use serde::{Deserialize, Serialize};

use crate::{
    keys::{KeyError, PublicKey, SigningKey, open},
    units::{Digest, Month},
};

/// A month that a station holds, ready to air.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Which.
    pub month: Month,
    /// Whether it is the ward's own.
    pub ward: bool,
    /// Its revision.
    pub revision: u32,
    /// Digest of the schedule's bytes.
    pub schedule: Digest,
    /// Every file of it is there, approved and read whole.
    pub ready: bool,
}

/// A lamp that is not green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lit {
    /// `device`, `clock` or `disk`.
    pub what: String,
    /// `warning`, `error` or `unknown`.
    pub state: String,
    /// What is the matter, in Vietnamese and in English.
    pub words: [String; 2],
}

/// A station's word of itself. A later station may say more; an older centre reads what it knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// Its log.
    pub origin: String,
    /// Its wall clock, milliseconds since 1970.
    pub wall_ms: i64,
    /// How many entries its log has.
    pub size: u64,
    /// The program's version.
    pub version: String,
    /// The unit in whose name it airs, by its id.
    pub unit: String,
    /// The months that it holds, by month.
    pub holds: Vec<Holding>,
    /// What is on air, in words; empty where nothing is.
    pub on_air: String,
    /// When the next slot is, milliseconds since 1970.
    pub next_ms: Option<i64>,
    /// Its lamps that are not green.
    pub lamps: Vec<Lit>,
    /// Room on its disk, bytes.
    pub free: u64,
}

/// The first line of such a note: nothing else that the key signs begins so.
const FORM: &str = "loa/word/1\n";

/// Longest note that is read.
pub const MOST_BYTES: usize = 64 << 10;

impl Word {
    /// The signed note.
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        let line = serde_json::to_string(self).map_err(|_| KeyError::Text)?;
        key.sign(&format!("{FORM}{line}\n"))
    }

    /// Reads a note that `key` signed.
    #[must_use]
    pub fn read(note: &str, key: &PublicKey) -> Option<Word> {
        let opened = open(note.as_bytes(), std::slice::from_ref(key)).ok()?;
        serde_json::from_str(opened.text.strip_prefix(FORM)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_by_its_key_only_and_by_an_older_centre() {
        let key = SigningKey::generate("loa/station/pho-an/1").unwrap();
        let word = Word {
            origin: "loa/station/pho-an/1".into(),
            wall_ms: 1,
            size: 2,
            version: "0.1.0".into(),
            unit: "pho-an".into(),
            holds: vec![Holding {
                month: "2022-03".parse().unwrap(),
                ward: false,
                revision: 1,
                schedule: Digest::of(b"x"),
                ready: true,
            }],
            on_air: "Chuyên mục Cải cách hành chính".into(),
            next_ms: None,
            lamps: vec![Lit {
                what: "disk".into(),
                state: "error".into(),
                words: ["Đĩa sắp đầy.".into(), "The disk is nearly full.".into()],
            }],
            free: 3,
        };
        let note = word.sign(&key).unwrap();
        assert_eq!(Word::read(&note, key.public()), Some(word));
        assert_eq!(Word::read(&note, SigningKey::generate("a").unwrap().public()), None);
        let later = note.lines().nth(1).unwrap().replacen('{', "{\"later\":7,", 1);
        let later = key.sign(&format!("{FORM}{later}\n")).unwrap();
        assert!(Word::read(&later, key.public()).is_some());
        let head = key.sign("loa/station/pho-an/1\n2\nAAAA\n").unwrap();
        assert_eq!(Word::read(&head, key.public()), None, "a head is no word");
    }
}
