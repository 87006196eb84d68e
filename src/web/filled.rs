//! What somebody filled in, as people read it: shown again where it could not be done.

use super::{form::Form, page::Page};
use crate::programme::{SegmentKind, Source};

/// The labels of the fields that people fill.
const LABELS: &[(&str, &str)] = &[
    ("issued_by", "web-issued-by"),
    ("id", "web-programme-id"),
    ("kind", "web-kind"),
    ("title", "web-title"),
    ("column", "web-column"),
    ("source", "web-source"),
    ("editor", "web-editor"),
    ("announcer", "web-announcer"),
    ("topic", "web-topics"),
    ("file", "web-file"),
    ("day", "web-date"),
    ("time", "web-time"),
    ("repeat", "web-repeat"),
    ("unit", "web-units"),
    ("reason", "web-reason"),
    ("name", "web-name"),
    ("role", "web-roles"),
    ("text", "web-note-text"),
    ("words", "web-return-words"),
    ("hold_until", "web-hold-until"),
];

/// A field that was filled.
pub(super) struct Filled {
    /// Its name in the form.
    pub name: &'static str,
    /// Its name on the page.
    pub label: String,
    /// What was filled in.
    pub value: String,
}

/// The fields of `form` that people fill and that are not empty.
pub(super) fn filled(page: &Page, form: &Form) -> Vec<Filled> {
    let typed = LABELS.iter().filter(|(name, _)| form.all(name).any(|value| !value.is_empty()));
    let shown = typed.map(|&(name, label)| {
        let values: Vec<_> = form.all(name).map(|value| worded(page, name, value)).collect();
        Filled { name, label: page.t(label), value: values.join(", ") }
    });
    shown.collect()
}

/// A value as people read it.
pub(super) fn worded(page: &Page, field: &str, value: &str) -> String {
    match field {
        "kind" if SegmentKind::ALL.iter().any(|(word, _)| *word == value) => {
            page.coded("segment-kind", value)
        }
        "source" if Source::ALL.iter().any(|(word, _)| *word == value) => page.coded("web-made-by", value),
        "repeat" if ["once", "weekly", "daily"].contains(&value) => page.coded("web-repeat", value),
        "unit" if value == "*" => page.t("web-units-all"),
        "role" => page.coded("role", value),
        _ => value.to_owned(),
    }
}
