//! Cursors over a TOML document: a table, and a value in it, that report what they do not find as wanted.

use std::{ops::RangeInclusive, str::FromStr};

use chrono::{NaiveDate, NaiveDateTime, Timelike};
use toml::de::{DeTable, DeValue};
use unicode_normalization::UnicodeNormalization;

use super::{
    Severity,
    document::{Notes, listed, nearest},
};
use crate::words::Message;

/// Longest text of a person, in characters.
const MOST_CHARACTERS: usize = 500;
/// Most elements of a list.
const MOST_ELEMENTS: usize = 1000;

/// A table of the document.
#[derive(Clone)]
pub struct Table<'a> {
    notes: &'a Notes<'a>,
    keys: &'a DeTable<'a>,
    at: usize,
    path: String,
}

/// A value of the document, of whatever type stands there.
#[derive(Clone)]
pub struct Field<'a> {
    notes: &'a Notes<'a>,
    value: &'a DeValue<'a>,
    at: usize,
    path: String,
}

impl<'a> Table<'a> {
    pub(super) fn new(notes: &'a Notes<'a>, keys: &'a DeTable<'a>, at: usize, path: String) -> Table<'a> {
        Table { notes, keys, at, path }
    }

    /// Refuses every key that is not among `known`.
    pub fn known(&self, known: &[&str]) {
        for key in self.keys.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let shown = plain(name);
                let message = Message::new("key-unknown")
                    .with("key", &shown)
                    .with("nearest", nearest(name, known.iter().copied()))
                    .with("allowed", listed(known.iter().copied()));
                self.notes.report(Severity::Error, key.span().start, &self.path_to(&shown), message);
            }
        }
    }

    /// The value of `key`, if it is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Field<'a>> {
        let value = self.keys.get(key)?;
        Some(Field {
            notes: self.notes,
            value: value.get_ref(),
            at: value.span().start,
            path: self.path_to(key),
        })
    }

    /// The value of `key`; its absence is an error.
    #[must_use]
    pub fn need(&self, key: &str) -> Option<Field<'a>> {
        let field = self.get(key);
        if field.is_none() {
            self.report(Severity::Error, key, Message::new("key-missing").with("key", key));
        }
        field
    }

    /// The tables of the list `key`; none when it is absent.
    #[must_use]
    pub fn tables(&self, key: &str) -> Vec<Table<'a>> {
        let elements = self.get(key).and_then(|field| field.list()).unwrap_or_default();
        elements.iter().filter_map(Field::table).collect()
    }

    /// A person's text, or an empty one where `key` is absent. `None` where it is wrong.
    #[must_use]
    pub fn text_or_empty(&self, key: &str) -> Option<String> {
        self.get(key).map_or_else(|| Some(String::new()), |field| field.text())
    }

    /// Reports on `key` of this table, which need not be there.
    pub fn report(&self, severity: Severity, key: &str, message: Message) {
        let at = self.keys.get(key).map_or(self.at, |value| value.span().start);
        self.notes.report(severity, at, &self.path_to(key), message);
    }

    fn path_to(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl<'a> Field<'a> {
    /// Reports on this value.
    pub fn report(&self, severity: Severity, message: Message) {
        self.notes.report(severity, self.at, &self.path, message);
    }

    /// Reports an error on this value; for `return field.refuse(…)`.
    pub fn refuse<T>(&self, message: Message) -> Option<T> {
        self.report(Severity::Error, message);
        None
    }

    fn wrong_type<T>(&self, wanted: &str) -> Option<T> {
        let message = Message::new("value-type").with("found", self.value.type_str()).with("wanted", wanted);
        self.refuse(message)
    }

    /// A person's text in NFC, perhaps empty: one line, at most 500 characters, nothing invisible that
    /// could make it read as something else.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let Some(text) = self.value.as_str() else { return self.wrong_type("string") };
        if text.chars().any(deceives) {
            return self.refuse(Message::new("text-control").with("found", plain(text)));
        }
        if text.chars().count() > MOST_CHARACTERS {
            return self.refuse(Message::new("text-too-long").with("limit", MOST_CHARACTERS));
        }
        Some(text.nfc().collect())
    }

    /// The text in NFC whatever it says; for a second look at a value that was judged elsewhere.
    pub(super) fn quiet_text(&self) -> Option<String> {
        self.value.as_str().map(|text| text.nfc().collect())
    }

    /// As [`Field::text`], and not blank.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let text = self.text()?;
        if text.trim().is_empty() { self.refuse(Message::new("text-empty")) } else { Some(text) }
    }

    /// An id: ASCII letters, digits, `-`; at most 64; begins with a letter or digit.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        let text = self.text()?;
        let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if letters && (1..=64).contains(&text.len()) && !text.starts_with('-') {
            return Some(text);
        }
        self.refuse(Message::new("id-malformed").with("found", text))
    }

    /// A path below a folder, in NFC: parts joined by `/`, none empty, `.` or `..`, none that some file
    /// system reads otherwise.
    #[must_use]
    pub fn path_below(&self) -> Option<String> {
        let path = self.words()?;
        let drive = path.as_bytes().get(1) == Some(&b':');
        if path.starts_with(['/', '\\']) || drive || path.split(['/', '\\']).any(|part| part == "..") {
            return self.refuse(Message::new("path-leaves").with("path", path));
        }
        // 255 bytes is the longest name of ext4 and most others.
        let fits = |part: &str| !part.is_empty() && part != "." && part.len() <= 255 && part.trim() == part;
        if path.contains('\\') || !path.split('/').all(fits) {
            return self.refuse(Message::new("path-malformed").with("path", path));
        }
        Some(path)
    }

    /// A whole number in `range`.
    #[must_use]
    pub fn integer<T>(&self, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + std::fmt::Display,
    {
        let Some(integer) = self.value.as_integer() else { return self.wrong_type("integer") };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|n| T::try_from(n).ok()).filter(|n| range.contains(n));
        number.or_else(|| self.outside(&integer.to_string(), range.start(), range.end()))
    }

    /// A decimal or whole number in `range`.
    #[must_use]
    pub fn decimal(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let text = match self.value {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            _ => return self.wrong_type("float"),
        };
        let number = text.parse().ok().filter(|n| range.contains(n));
        number.or_else(|| self.outside(text, range.start(), range.end()))
    }

    fn outside<T>(
        &self,
        found: &str,
        least: &impl std::fmt::Display,
        most: &impl std::fmt::Display,
    ) -> Option<T> {
        let message =
            Message::new("number-range").with("found", found).with("least", least).with("most", most);
        self.refuse(message)
    }

    /// `true` or `false`.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        self.value.as_bool().or_else(|| self.wrong_type("boolean"))
    }

    /// One of a few words.
    #[must_use]
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        chosen.or_else(|| {
            let words = || choices.iter().map(|(word, _)| *word);
            let message = Message::new("choice-unknown")
                .with("found", &text)
                .with("nearest", nearest(&text, words()))
                .with("allowed", listed(words()));
            self.refuse(message)
        })
    }

    /// A text that parses as `T`; else the finding `code` with the value `found`.
    #[must_use]
    pub fn parsed<T: FromStr>(&self, code: &'static str) -> Option<T> {
        let text = self.text()?;
        text.parse().ok().or_else(|| self.refuse(Message::new(code).with("found", text)))
    }

    /// A date: `2022-12-10`, in quotes or not.
    #[must_use]
    pub fn date(&self) -> Option<NaiveDate> {
        let text = self.moment()?;
        let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .ok()
            .filter(|_| text.len() == 10 && plain_year(&text));
        date.or_else(|| self.refuse(Message::new("date-malformed").with("found", text)))
    }

    /// A civil time: `2022-03-05T17:00:00`, seconds optional, in quotes or not, never with an offset.
    #[must_use]
    pub fn civil(&self) -> Option<NaiveDateTime> {
        let text = self.moment()?;
        let read = |form| NaiveDateTime::parse_from_str(&text, form).ok();
        let civil = read("%Y-%m-%dT%H:%M:%S").or_else(|| read("%Y-%m-%dT%H:%M"));
        // Chrono keeps a 60th second as nanoseconds; no loudspeaker waits for it.
        let civil = civil.filter(|t| t.nanosecond() == 0 && text.len() <= 19 && plain_year(&text));
        civil.or_else(|| self.refuse(Message::new("time-malformed").with("found", text)))
    }

    fn moment(&self) -> Option<String> {
        match self.value {
            DeValue::Datetime(moment) => Some(moment.to_string()),
            _ => self.text(),
        }
    }

    /// The values of a list of at most 1000.
    #[must_use]
    pub fn list(&self) -> Option<Vec<Field<'a>>> {
        let Some(array) = self.value.as_array() else { return self.wrong_type("array") };
        if array.len() > MOST_ELEMENTS {
            return self.refuse(Message::new("list-too-long").with("limit", MOST_ELEMENTS));
        }
        let element = |(index, value): (usize, &'a toml::Spanned<DeValue<'a>>)| Field {
            notes: self.notes,
            value: value.get_ref(),
            at: value.span().start,
            path: format!("{}[{index}]", self.path),
        };
        Some(array.iter().enumerate().map(element).collect())
    }

    /// A list of which every value is read by `each`; `None` when one of them is wrong.
    #[must_use]
    pub fn list_of<T>(&self, each: impl FnMut(&Field<'a>) -> Option<T>) -> Option<Vec<T>> {
        // Every element is read before any is missed: all faults show at once.
        let values: Vec<Option<T>> = self.list()?.iter().map(each).collect();
        values.into_iter().collect()
    }

    /// As [`Field::list_of`], and not empty.
    #[must_use]
    pub fn some_of<T>(&self, each: impl FnMut(&Field<'a>) -> Option<T>) -> Option<Vec<T>> {
        let values = self.list_of(each)?;
        if values.is_empty() { self.refuse(Message::new("list-empty")) } else { Some(values) }
    }

    /// A table.
    #[must_use]
    pub fn table(&self) -> Option<Table<'a>> {
        let Some(keys) = self.value.as_table() else { return self.wrong_type("table") };
        Some(Table { notes: self.notes, keys, at: self.at, path: self.path.clone() })
    }
}

/// Whether a date begins with a year of four digits; chrono also takes `+12022` and `-5`.
fn plain_year(text: &str) -> bool {
    text.find('-') == Some(4) && text.bytes().take(4).all(|b| b.is_ascii_digit())
}

/// Control characters, line separators, and marks that turn the reading direction: a title with one of
/// them may show as another title.
pub(super) fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
}

/// A text as it may be shown: what deceives is escaped, what is long is cut.
fn plain(text: &str) -> String {
    let short = text.chars().take(60);
    short.flat_map(|c| if deceives(c) { c.escape_unicode().collect() } else { vec![c] }).collect()
}
