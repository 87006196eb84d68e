//! A named person vouches for an airing that was made by other means while automation was down.
//!
//! The statement is a signed note (C2SP signed-note v1) over this text, made with that person's key and kept
//! beside the log. Every line but the first follows from the `manual` entry and the station's id, so whoever
//! has the log can write the text again and compare:
//!
//! ```text
//! loa statement v1
//! station pho-hoa
//! slot 2022-03/cchc/2022-03-05T05:30:00      `none` where it stands for no slot
//! month 2022-03
//! programme cchc
//! from 2022-03-04T22:31:00.000Z
//! until 2022-03-04T22:43:00.000Z
//! outcome full
//! by Nguyễn Văn A
//! text phát bằng máy FM cũ
//! ```

use chrono::{DateTime, SecondsFormat};

use super::entry::{ManualFact, Outcome};
use crate::keys::{self, KeyError, PublicKey, SigningKey};

/// A statement that cannot be made, or that does not say what its entry does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// A value that cannot stand in a line.
    #[error("`{0}` of the statement must be one line of text")]
    Value(&'static str),
    /// The note is none, or no trusted key signed it.
    #[error("cannot open the statement")]
    Note(#[source] KeyError),
    /// It was signed, but about something else.
    #[error("the signed statement says something else")]
    Other,
}

/// The text that a person signs for `fact` at `station`; the digest in `fact` has no part in it.
pub fn text(station: &str, fact: &ManualFact) -> Result<String, StatementError> {
    for (name, value) in [("by", &fact.by), ("text", &fact.text)] {
        if value.trim() != value || value.is_empty() || value.chars().any(char::is_control) {
            return Err(StatementError::Value(name));
        }
    }
    let at = |ms, name| {
        let at = DateTime::from_timestamp_millis(ms).ok_or(StatementError::Value(name))?;
        Ok::<_, StatementError>(at.to_rfc3339_opts(SecondsFormat::Millis, true))
    };
    let slot = fact.slot.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    let outcome = match fact.outcome {
        Outcome::Full => "full",
        Outcome::Partial => "partial",
        _ => return Err(StatementError::Value("outcome")),
    };
    let (from, until) = (at(fact.first_ms, "from")?, at(fact.last_ms, "until")?);
    let ManualFact { month, programme, by, text, .. } = fact;
    Ok(format!(
        "loa statement v1\nstation {station}\nslot {slot}\nmonth {month}\nprogramme {programme}\nfrom {from}\n\
         until {until}\noutcome {outcome}\nby {by}\ntext {text}\n"
    ))
}

/// The note by which the holder of `key` vouches for `fact` at `station`.
pub fn sign(station: &str, fact: &ManualFact, key: &SigningKey) -> Result<String, StatementError> {
    key.sign(&text(station, fact)?).map_err(StatementError::Note)
}

/// Whether one of `keys` signed, in `note`, exactly what `fact` says of `station`.
pub fn check(
    note: &[u8],
    station: &str,
    fact: &ManualFact,
    keys: &[PublicKey],
) -> Result<Vec<PublicKey>, StatementError> {
    let opened = keys::open(note, keys).map_err(StatementError::Note)?;
    if opened.text == text(station, fact)? { Ok(opened.signed_by) } else { Err(StatementError::Other) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::samples::{digest, slot};

    fn fact() -> ManualFact {
        ManualFact {
            slot: Some(slot(5)),
            month: slot(5).month,
            programme: "cchc".into(),
            first_ms: 1_646_433_060_000,
            last_ms: 1_646_433_780_000,
            outcome: Outcome::Full,
            by: "Nguyễn Văn A".into(),
            text: "phát bằng máy FM cũ".into(),
            statement: digest(0),
        }
    }

    #[test]
    fn the_text_says_every_fact_in_one_spelling() {
        assert_eq!(
            text("pho-hoa", &fact()).unwrap(),
            "loa statement v1\nstation pho-hoa\nslot 2022-03/cchc/2022-03-05T05:30:00\nmonth 2022-03\n\
             programme cchc\nfrom 2022-03-04T22:31:00.000Z\nuntil 2022-03-04T22:43:00.000Z\noutcome full\n\
             by Nguyễn Văn A\ntext phát bằng máy FM cũ\n"
        );
        let check = |change: fn(&mut ManualFact), wanted: &'static str| {
            let mut fact = fact();
            change(&mut fact);
            assert_eq!(text("pho-hoa", &fact), Err(StatementError::Value(wanted)));
        };
        check(|fact| fact.by.clear(), "by");
        check(|fact| fact.by = " A".into(), "by");
        check(|fact| fact.text = "a\noutcome full".into(), "text");
        check(|fact| fact.outcome = Outcome::Missed, "outcome");
        check(|fact| fact.last_ms = i64::MAX, "until");
    }

    #[test]
    fn a_note_vouches_for_what_was_signed_and_for_nothing_else() {
        let (key, other) = (SigningKey::generate("an").unwrap(), SigningKey::generate("an").unwrap());
        let note = sign("pho-hoa", &fact(), &key).unwrap();
        let keys = [other.public().clone(), key.public().clone()];
        assert_eq!(check(note.as_bytes(), "pho-hoa", &fact(), &keys), Ok(vec![key.public().clone()]));
        let untrusted = check(note.as_bytes(), "pho-hoa", &fact(), &keys[..1]);
        assert_eq!(untrusted, Err(StatementError::Note(KeyError::Untrusted)));
        assert_eq!(check(note.as_bytes(), "pho-vinh", &fact(), &keys), Err(StatementError::Other));
        let changes: [fn(&mut ManualFact); 7] = [
            |fact| fact.slot = None,
            |fact| fact.programme = "khac".into(),
            |fact| fact.first_ms += 1,
            |fact| fact.last_ms += 1,
            |fact| fact.outcome = Outcome::Partial,
            |fact| fact.by = "B".into(),
            |fact| fact.text = "khác".into(),
        ];
        for change in changes {
            let mut fact = fact();
            change(&mut fact);
            assert_eq!(check(note.as_bytes(), "pho-hoa", &fact, &keys), Err(StatementError::Other));
        }
        // Where the log keeps it has no part in what was signed.
        let kept = ManualFact { statement: digest(7), ..fact() };
        assert!(check(note.as_bytes(), "pho-hoa", &kept, &keys).is_ok());
    }
}
