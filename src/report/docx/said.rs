//! Fields of tables as an official document writes them.

use chrono::{DateTime, Datelike as _, DurationRound as _, FixedOffset, NaiveDate, TimeDelta};

use super::super::{Cell, Table};
use crate::{
    units::Month,
    words::{Lang, say},
};

/// What stands where nothing is known.
pub const UNKNOWN: &str = "……";

/// A table whose fields are asked for by key.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a>(pub &'a Table);

impl<'a> Look<'a> {
    /// The table called `name`.
    pub fn of(tables: &'a [Table], name: &str) -> Option<Look<'a>> {
        tables.iter().find(|table| table.name == name).map(Look)
    }

    /// The field `key` of `row`.
    pub fn cell(self, row: &'a [Cell], key: &str) -> &'a Cell {
        let at = self.0.columns.iter().position(|column| column.key == key);
        at.and_then(|at| row.get(at)).unwrap_or(&Cell::Blank)
    }

    /// The same as text.
    pub fn text(self, row: &'a [Cell], key: &str) -> String {
        text(self.cell(row, key))
    }

    /// The same as a number; none is zero.
    pub fn count(self, row: &'a [Cell], key: &str) -> u64 {
        if let Cell::Count(count) = self.cell(row, key) { *count } else { 0 }
    }

    /// Whether it says yes.
    pub fn yes(self, row: &'a [Cell], key: &str) -> bool {
        *self.cell(row, key) == Cell::Yes(true)
    }
}

/// A field as text; yes is a cross.
pub fn text(cell: &Cell) -> String {
    match cell {
        Cell::Blank | Cell::Yes(false) => String::new(),
        Cell::Yes(true) => "x".to_owned(),
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        // No "-0".
        Cell::Ms(ms) => format!("{:.0}", ms.round() + 0.0),
    }
}

/// An instant such as `2022-03-05T05:30:00+07:00`, as `05:30:00 05/03/2022` in the offset that it names.
pub fn instant(text: &str) -> String {
    seconds(text).map_or_else(|| text.to_owned(), |at| at.format("%H:%M:%S %d/%m/%Y").to_string())
}

/// `text` with the instants among its words as [`instant`] says them.
pub fn sentence(text: &str) -> String {
    text.split(' ').map(instant).collect::<Vec<_>>().join(" ")
}

/// `text` as the beginning of a sentence.
pub fn beginning(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The same without its day.
pub fn clock(text: &str) -> String {
    seconds(text).map_or_else(|| text.to_owned(), |at| at.format("%H:%M:%S").to_string())
}

/// The nearest second: what began a hundredth of a millisecond early did not begin a second early.
fn seconds(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()?.duration_round(TimeDelta::seconds(1)).ok()
}

/// A day in numbers.
pub fn day(date: NaiveDate) -> String {
    date.format("%d/%m/%Y").to_string()
}

/// A day in words, or its blanks, with `year` where that is known: days below ten and the first two months have a nought before them.
pub fn date(date: Option<NaiveDate>, year: Option<i32>, lang: Lang) -> String {
    let [day, month, year] = match date {
        None => {
            [UNKNOWN.to_owned(), UNKNOWN.to_owned(), year.map_or(UNKNOWN.to_owned(), |year| year.to_string())]
        }
        Some(date) => {
            let month =
                if date.month() < 3 { format!("{:02}", date.month()) } else { date.month().to_string() };
            [format!("{:02}", date.day()), month, date.year().to_string()]
        }
    };
    say(lang, "paper-date", &[("day", &day), ("month", &month), ("year", &year)])
}

/// Months such as `2022-03, 2022-11`, as `3/2022, 11/2022`.
pub fn months(text: &str) -> String {
    let month = |text: &str| {
        let month = text.parse::<Month>();
        month.map_or_else(|_| text.to_owned(), |month| format!("{}/{}", month.number(), month.year()))
    };
    text.split(", ").map(month).collect::<Vec<_>>().join(", ")
}

/// Numbers of entries such as `7 8 9 12`, as `7–9, 12`: a page has not room for each of a row that follow one another.
pub fn entries(text: &str) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for entry in text.split(' ').filter_map(|entry| entry.parse().ok()) {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(entry) => *last = entry,
            _ => runs.push((entry, entry)),
        }
    }
    let run = |(first, last): (u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}–{last}") }
    };
    runs.into_iter().map(run).collect::<Vec<_>>().join(", ")
}

/// A length of time.
pub fn length(ms: u64, lang: Lang) -> String {
    let seconds = ms / 1000;
    let [hours, minutes, seconds] = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(|n| n.to_string());
    say(lang, "paper-length", &[("hours", &hours), ("minutes", &minutes), ("seconds", &seconds)])
}

/// `part` of `whole` in percent with a tenth, rounded down so that nothing but all is 100; of nothing, a blank.
pub fn percent(part: u64, whole: u64, lang: Lang) -> String {
    if whole == 0 {
        return UNKNOWN.to_owned();
    }
    let tenths = part * 1000 / whole;
    let point = match lang {
        Lang::Vi => ',',
        Lang::En => '.',
    };
    format!("{}{point}{}%", tenths / 10, tenths % 10)
}

/// `text`, or the blank where there is none.
pub fn known(text: &str) -> &str {
    if text.is_empty() { UNKNOWN } else { text }
}
