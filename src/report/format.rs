//! The forms in which a report leaves the program, by the command line and by the pages alike.

use std::str::FromStr;

use super::{ReportError, csv, docx, json, page, pictures, tables, xlsx};
use crate::{control::Account, words::Lang};

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A workbook with every table.
    Xlsx,
    /// A document to be signed: the year's report, or the station's sheet of a month.
    Docx,
    /// The same as a page for browsers, ready to print.
    Html,
    /// The lines of one table.
    Csv,
    /// Every table as one object.
    Json,
    /// The matrix and its trend as a picture.
    Svg,
}

impl Format {
    /// Every form by its word, which also ends the names of its files.
    pub const ALL: &[(&str, Format)] = &[
        ("docx", Format::Docx),
        ("xlsx", Format::Xlsx),
        ("html", Format::Html),
        ("csv", Format::Csv),
        ("json", Format::Json),
        ("svg", Format::Svg),
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Format::ALL.iter().find(|(_, format)| *format == self).map_or("", |(word, _)| word)
    }

    /// Its media type (IANA).
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Format::Html => "text/html; charset=utf-8",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Json => "application/json",
            Format::Svg => "image/svg+xml",
        }
    }

    /// Whether it is lines that a screen shows.
    #[must_use]
    pub fn is_text(self) -> bool {
        !matches!(self, Format::Xlsx | Format::Docx)
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        let words = || Format::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        Format::ALL.iter().find(|(word, _)| *word == text).map(|(_, format)| *format).ok_or_else(words)
    }
}

/// The bytes of the report of `account` in `format`, for people who read `lang`; lines are those of `table`. `None`
/// when there is no such table.
///
/// # Errors
///
/// The workbook or the lines cannot be written.
pub fn write(
    account: &Account,
    format: Format,
    table: &str,
    lang: Lang,
) -> Result<Option<Vec<u8>>, ReportError> {
    let tables = tables(account, lang);
    Ok(Some(match format {
        Format::Xlsx => xlsx(account, &tables, lang)?,
        Format::Docx => docx(account, &tables, lang)?,
        Format::Html => page(account, &tables, lang)?.into_bytes(),
        Format::Json => format!("{:#}\n", json(&tables)).into_bytes(),
        Format::Svg => pictures(&account.matrix, lang).into_bytes(),
        Format::Csv => match tables.iter().find(|found| found.name == table) {
            Some(table) => csv(table)?,
            None => return Ok(None),
        },
    }))
}
