//! Who had a hand in a month: a person by the id with which they sign in, which stays when they are called otherwise.

use serde::{Deserialize, Serialize};

use super::{ControlError, Folder, People, Person};

/// Somebody who works on a month, or approves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Hand {
    /// The id with which they sign in; empty where only a name is known: on the command line, and in files that were
    /// written before ids were kept.
    pub id: String,
    /// What they were called then.
    pub name: String,
}

/// As it stands in a file: the older ones have the name alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Name(String),
    Whole { id: String, name: String },
}

impl From<Written> for Hand {
    fn from(written: Written) -> Hand {
        match written {
            Written::Name(name) => Hand::named(name),
            Written::Whole { id, name } => Hand { id, name },
        }
    }
}

impl From<&Person> for Hand {
    fn from(person: &Person) -> Hand {
        Hand { id: person.id.clone(), name: person.name.clone() }
    }
}

impl Hand {
    /// Somebody of whom only the name is known.
    pub fn named(name: impl Into<String>) -> Hand {
        Hand { id: String::new(), name: name.into() }
    }

    /// Whether both are one person: by their ids, and where one is not known by their names.
    #[must_use]
    pub fn is(&self, other: &Hand) -> bool {
        if self.id.is_empty() || other.id.is_empty() { self.name == other.name } else { self.id == other.id }
    }

    /// Everybody whom this may be: where only a name is known, whoever is called so now, too.
    pub(super) fn everybody(&self, folder: &Folder) -> Result<Vec<Hand>, ControlError> {
        let mut all = vec![self.clone()];
        if self.id.is_empty() {
            let people = People::read(folder)?;
            all.extend(people.iter().filter(|person| person.name == self.name).map(Hand::from));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_by_their_id_and_else_by_their_name() {
        let of = |id: &str, name: &str| Hand { id: id.into(), name: name.into() };
        for (one, other, same) in [
            (of("an", "An"), of("an", "Nguyễn Thị An"), true),
            (of("an", "An"), of("an2", "An"), false),
            (of("", "An"), of("an", "An"), true),
            (of("", "An"), of("", "Bình"), false),
        ] {
            assert_eq!((one.is(&other), other.is(&one)), (same, same), "{one:?} {other:?}");
        }
    }

    #[test]
    fn files_that_have_names_alone_are_still_read() {
        let read = |text: &str| serde_json::from_str::<Vec<Hand>>(text).unwrap();
        let now = Hand { id: "an".into(), name: "An".into() };
        assert_eq!(read(r#"["An"]"#), [Hand::named("An")]);
        assert_eq!(read(&serde_json::to_string(&[&now, &Hand::named("Bình")]).unwrap())[0], now);
    }
}
