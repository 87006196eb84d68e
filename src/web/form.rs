//! Forms that people send: read with a bound, and kept when their sender is signed in no more.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;

use super::error::Fault;
use crate::{control::secret_word, words::Message};

/// Longest form that is read, in bytes. Uploads are no forms.
pub(super) const LONGEST: usize = 256 << 10;

/// Most fields of a form: one has a few for each unit of a town.
const MOST_FIELDS: usize = 4000;

/// So many forms are kept at once, the oldest goes first: whoever sends them was signed in a moment ago.
const MOST_KEPT: usize = 64;
/// So many of one person: nobody pushes out what others sent.
const MOST_OF_ONE: usize = 8;

/// The fields of a form, in order; a name may come several times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form(pub Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`; nothing where it has more fields than any page sends.
    pub fn parse(bytes: &[u8]) -> Option<Form> {
        if bytes.split(|byte| *byte == b'&').count() > MOST_FIELDS {
            return None;
        }
        serde_urlencoded::from_bytes(bytes).ok().map(Form)
    }

    /// The first field called `name`; nothing where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Every field called `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether it holds a password, which is nowhere kept and never shown.
    pub fn is_secret(&self) -> bool {
        self.0.iter().any(|(name, _)| name.starts_with("password") || name == "old")
    }

    /// The field `name` as a `T`, or a fault that names it.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, Fault> {
        let value = self.get(name).trim();
        value
            .parse()
            .map_err(|_| Fault::no(Message::new("web-field").with("field", name).with("found", value)))
    }
}

/// `text` as one part of an address' path; it has neither blanks nor plus signs.
pub(super) fn part(text: &str) -> String {
    let encoded = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
    encoded.trim_start_matches('=').to_owned()
}

/// Query of an address as a `T`; what does not fit is as if it were not there.
pub(super) fn query<T: DeserializeOwned + Default>(query: Option<&str>) -> T {
    query.and_then(|query| serde_urlencoded::from_str(query).ok()).unwrap_or_default()
}

/// A form whose sender's session had ended, until it is sent again.
#[derive(Debug, Clone)]
pub(super) struct KeptForm {
    /// Who had been signed in: nobody else gets it.
    pub by: String,
    /// Where it was sent to.
    pub path: String,
    /// Its fields.
    pub form: Form,
}

/// The forms that are kept, each under a word that only its sender was told.
#[derive(Debug, Default)]
pub(super) struct Kept(VecDeque<(String, KeptForm)>);

impl Kept {
    /// Keeps `form` and gives its word.
    pub fn keep(&mut self, form: KeptForm) -> String {
        let word = secret_word();
        let own = |(_, kept): &(String, KeptForm)| kept.by == form.by;
        if self.0.iter().filter(|kept| own(kept)).count() >= MOST_OF_ONE
            && let Some(oldest) = self.0.iter().position(own)
        {
            self.0.remove(oldest);
        }
        self.0.push_back((word.clone(), form));
        if self.0.len() > MOST_KEPT {
            self.0.pop_front();
        }
        word
    }

    /// The form under `word`, where `id` sent it.
    pub fn find(&self, word: &str, id: &str) -> Option<KeptForm> {
        let known = self.0.iter().find(|(known, _)| super::site::same(known, word));
        known.filter(|(_, form)| form.by == id).map(|(_, form)| form.clone())
    }

    /// The form under `word` was sent again.
    pub fn sent(&mut self, word: &str) {
        self.0.retain(|(known, _)| !super::site::same(known, word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order() {
        let form = Form::parse("role=editor&role=admin&name=Nguy%E1%BB%85n+Th%E1%BB%8B".as_bytes()).unwrap();
        assert_eq!((form.get("name"), form.get("none")), ("Nguyễn Thị", ""));
        assert_eq!(form.all("role").collect::<Vec<_>>(), ["editor", "admin"]);
        assert!(form.parsed::<u32>("name").is_err());
        assert_eq!(Form::parse("a&".repeat(MOST_FIELDS - 1).as_bytes()).unwrap().0.len(), MOST_FIELDS - 1);
        assert_eq!(Form::parse("a&".repeat(MOST_FIELDS).as_bytes()), None);
    }

    #[test]
    fn a_kept_form_is_found_by_its_word_and_old_ones_go() {
        let mut kept = Kept::default();
        let form =
            |by: &str, n: usize| KeptForm { by: by.into(), path: format!("/{n}"), form: Form::default() };
        let own = kept.keep(form("chi", 0));
        let words: Vec<String> = (0..=MOST_OF_ONE).map(|n| kept.keep(form("an", n))).collect();
        assert!(kept.find(&words[0], "an").is_none() && kept.find("", "an").is_none());
        assert_eq!(kept.find(&words[1], "an").unwrap().path, "/1");
        assert!(kept.find(&own, "chi").is_some(), "nobody pushes out another's");
        assert!(kept.find(&words[1], "binh").is_none(), "another person's");
        kept.sent(&words[1]);
        assert!(kept.find(&words[1], "an").is_none());
    }
}
