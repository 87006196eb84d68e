//! What somebody filled in, as people read it: shown again where it could not be done.

use chrono::{NaiveDate, NaiveDateTime};

use super::{deed, form::Form, gate::OWN_FIELDS, page::Page, reading, settings};
use crate::{
    control::Role,
    programme::{SegmentKind, Source, UnitKind},
    units::{ScheduleName, SlotId},
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

/// The labels of what a page fills in itself, or what is chosen by a button: what the form is about.
const ABOUT: &[(&str, &str)] = &[
    ("month", "web-month"),
    ("programme", "web-programme"),
    ("n", "web-segment-number"),
    ("to", "web-segment-to"),
    ("rule", "web-rule-number"),
    ("at", "web-slot-at"),
    ("slot", "web-airing"),
    ("airing", "web-entry-number"),
    ("entry", "web-entry-number"),
    ("hold", "web-entry-number"),
    ("from", "web-from-day"),
    ("ward", "web-month-ward"),
    ("closed", "web-people-closed"),
    ("sure", "web-restart-sure"),
    ("list", "web-keys"),
    ("key", "web-keys-new"),
    ("parent", "web-unit-parent"),
    ("last", "web-unit-last"),
    ("document", "web-document"),
];

/// What only the program reads: which state of a thing the page showed, where it goes back to, what the deed says.
const SILENT: [&str; 5] = ["seen", "edition", "back", "op", "replace"];

/// Labels that are others on the pages below a path.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("/settings/holds", "to", "web-to-day"),
    ("/settings/units", "from", "web-unit-from"),
    ("/settings/units", "unit", "web-units-one"),
    ("/months", "from", "web-month-from"),
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

/// Every field of `form`, sent to `path`, by its label, with the month that the path names. What only the program reads
/// is left out; what no page of this version sends keeps its own name.
pub(super) fn everything(page: &Page, path: &str, form: &Form) -> Vec<(String, String)> {
    let month = deed::month(page, path).map(|month| (page.t("web-month"), month));
    let shown =
        |name: &str, value: &str| !(SILENT.contains(&name) || OWN_FIELDS.contains(&name) || value.is_empty());
    let label = |name: &str| label(path, name).map_or_else(|| name.to_owned(), |key| page.t(&key));
    let fields = form.0.iter().filter(|(name, value)| shown(name, value));
    let fields = fields.map(|(name, value)| (label(name), worded(page, name, value)));
    month.into_iter().chain(fields).collect()
}

/// The key of the label of the field `name` on the pages at `path`.
fn label(path: &str, name: &str) -> Option<String> {
    let here = ELSEWHERE.iter().find(|(below, field, _)| path.starts_with(below) && *field == name);
    let usual = || LABELS.iter().chain(ABOUT).find(|(field, _)| *field == name).map(|(_, label)| *label);
    let known = here.map(|(_, _, label)| *label).or_else(usual).map(str::to_owned);
    known.or_else(|| settings::label(name))
}

/// A value as people read it.
pub(super) fn worded(page: &Page, field: &str, value: &str) -> String {
    let read = match field {
        "kind" if SegmentKind::ALL.iter().any(|(word, _)| *word == value) => {
            Some(page.coded("segment-kind", value))
        }
        "kind" if UnitKind::ALL.iter().any(|(word, _)| *word == value) => {
            Some(page.coded("web-unit-kind", value))
        }
        "source" if Source::ALL.iter().any(|(word, _)| *word == value) => {
            Some(page.coded("web-made-by", value))
        }
        "repeat" if ["once", "weekly", "daily"].contains(&value) => Some(page.coded("web-repeat", value)),
        "unit" if value == "*" => Some(page.t("web-units-all")),
        "role" if Role::of(value).is_some() => Some(page.coded("role", value)),
        "list" if ["approvers", "operators"].contains(&value) => Some(page.coded("web-keys", value)),
        "ward" | "closed" | "sure" if value == "yes" => Some(page.t("web-yes")),
        // People count from one.
        "n" | "to" | "rule" if value.parse::<u32>().is_ok() => {
            value.parse::<u32>().ok().and_then(|n| n.checked_add(1)).map(|n| n.to_string())
        }
        "airing" | "entry" | "hold" => Some(format!("№ {value}")),
        "slot" => {
            value.parse::<SlotId>().ok().map(|slot| format!("{} · {}", reading::slot(&slot), slot.programme))
        }
        "at" | "hold_until" => {
            value.parse::<NaiveDateTime>().ok().map(|at| at.format("%d/%m/%Y %H:%M:%S").to_string())
        }
        "day" | "from" | "to" | "last" | "month" => on_paper(page, value),
        "windows.weekdays" => settings::weekday(value).map(|key| page.t(&key)),
        _ => None,
    };
    read.unwrap_or_else(|| value.to_owned())
}

/// A day or a month as people write it.
fn on_paper(page: &Page, value: &str) -> Option<String> {
    let day = value.parse::<NaiveDate>().ok().map(|day| day.format("%d/%m/%Y").to_string());
    let month = || value.parse::<ScheduleName>().ok().map(|name| reading::schedule(name, page.visit.lang));
    day.or_else(month)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::words;

    /// The names of the fields in the forms of `text` that are sent and not asked for.
    fn fields(text: &str) -> Vec<&str> {
        let forms = text.split("<form ").skip(1).filter_map(|rest| rest.split("</form>").next());
        let sent = forms.filter(|form| {
            let head = form.split('>').next().unwrap_or_default();
            head.contains("method=\"post\"") && !head.contains("multipart")
        });
        let sent = sent.filter(|form| !form.contains("type=\"password\"") && !form.contains("/lang"));
        sent.flat_map(|form| form.split("name=\"").skip(1).filter_map(|rest| rest.split('"').next()))
            .collect()
    }

    /// Every template below `folder`, with its text.
    fn templates(folder: &Path) -> Vec<(String, String)> {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let of = |path: std::path::PathBuf| {
            if path.is_dir() {
                return templates(&path);
            }
            vec![(path.display().to_string(), fs::read_to_string(&path).unwrap_or_default())]
        };
        files.flat_map(of).collect()
    }

    #[test]
    fn every_field_that_a_page_sends_has_a_label_or_is_the_programs_own() {
        let mut seen = 0;
        for (template, text) in templates(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")) {
            // Templates of names come out of tables that have labels of their own.
            for name in fields(&text).into_iter().filter(|name| !name.contains('{')) {
                seen += 1;
                let own = SILENT.contains(&name) || OWN_FIELDS.contains(&name) || name == "again";
                let key = label("/", name);
                assert!(own || key.is_some(), "{template}: {name}");
                if let Some(key) = key {
                    assert_ne!(words::say(words::Lang::Vi, &key, &[]), key, "{template}: {name}");
                }
            }
        }
        assert!(seen > 60, "{seen} fields");
    }
}
