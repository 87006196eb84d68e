//! What somebody filled in, as people read it: shown again where it could not be done.

use super::{form::Form, gate::OWN_FIELDS, page::Page};
use crate::{
    control::Role,
    programme::{SegmentKind, Source},
};

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

/// Labels that are others on the pages below a path.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("/settings/people", "id", "web-id"),
    ("/settings/units", "id", "web-unit-id"),
    ("/settings/units", "name", "web-unit-name"),
    ("/settings/units", "kind", "web-unit-kind"),
    ("/log/correct", "text", "web-correct-text"),
    ("/month", "reason", "web-outside-reason"),
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

/// Every field of `form`, sent to `path`: by its label where it has one, else by its own name. What a page adds to each
/// form is left out.
pub(super) fn everything(page: &Page, path: &str, form: &Form) -> Vec<(String, String)> {
    let own = |name: &str| name == "seen" || name == "edition" || OWN_FIELDS.contains(&name);
    let label = |name: &str| {
        let here = ELSEWHERE.iter().find(|(below, field, _)| path.starts_with(below) && *field == name);
        let usual = || LABELS.iter().find(|(field, _)| *field == name).map(|(_, label)| *label);
        here.map(|(_, _, label)| *label).or_else(usual).map_or_else(|| name.to_owned(), |label| page.t(label))
    };
    let fields = form.0.iter().filter(|(name, value)| !own(name) && !value.is_empty());
    fields.map(|(name, value)| (label(name), worded(page, name, value))).collect()
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
        "role" if Role::of(value).is_some() => page.coded("role", value),
        _ => value.to_owned(),
    }
}
