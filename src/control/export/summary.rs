//! `summary.html`: the bundle as a page for people, on screen and on paper. Every value is escaped by the template.

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, NaiveDate};
use serde::Serialize;

use super::{Export, stretches};
use crate::{
    control::{NoteRow, Row, bundle::Stretch},
    evidence::Outcome,
    units::Frames,
    words::{self, Lang},
};

/// The page's values, all of them texts.
#[derive(Template)]
#[template(path = "summary.html")]
pub struct Summary {
    station: String,
    unit: String,
    period: String,
    counted: usize,
    totals: Vec<Total>,
    aired: String,
    lines: Vec<Line>,
    origin: String,
    size: String,
    root: String,
    held: String,
    whole: bool,
    key: String,
    software: String,
}

/// How many slots ended in one way.
struct Total {
    outcome: String,
    count: usize,
}

/// One airing or slot.
struct Line {
    planned: String,
    programme: String,
    outcome: String,
    good: bool,
    reason: String,
    first: String,
    error: String,
    aired: String,
    device: String,
    proof: String,
    entries: String,
}

impl Summary {
    /// What `export` will hold.
    pub fn of(export: &Export<'_>) -> Summary {
        let station = &export.folder.station;
        let day = export
            .wish
            .from
            .or_else(|| export.rows.first().and_then(|row| instant(&row.planned)).map(|at| at.date_naive()));
        let unit = day.and_then(|day| export.folder.plan.unit_at(&station.unit, day));
        // Test plays are shown and never counted; what went into a file was not aired.
        let counted = || export.rows.iter().filter(|row| row.outcome != Some(Outcome::Test));
        let consumed = counted().filter(|row| row.proof > 1).filter_map(|row| row.frames_consumed).sum();
        let held = stretches(export.bundles.iter().copied());
        Summary {
            station: station.id.clone(),
            unit: unit.map_or_else(|| station.unit.clone(), |unit| unit.name.clone()),
            period: period(export.wish.from, export.wish.to),
            counted: counted().count(),
            totals: totals(&export.rows),
            aired: clock_length(Frames(consumed)),
            lines: export.rows.iter().map(line).collect(),
            origin: export.head.origin.clone(),
            size: export.head.size.to_string(),
            root: export.head.root.to_string(),
            whole: held.iter().map(|s| s.last - s.first + 1).sum::<u64>() == export.head.size,
            held: held
                .iter()
                .map(|Stretch { first, last }| format!("{first}–{last}"))
                .collect::<Vec<_>>()
                .join(", "),
            key: export.key.as_text().to_owned(),
            software: format!("loa {}", env!("CARGO_PKG_VERSION")),
        }
    }

    /// The page. A template that writes into memory cannot fail.
    pub fn page(&self) -> String {
        self.render().unwrap_or_default()
    }
}

/// A word of the catalogue for a coded value; the page is Vietnamese.
fn word<T: Serialize>(prefix: &str, value: &T) -> String {
    let code = serde_json::to_value(value).ok().and_then(|code| code.as_str().map(str::to_owned));
    words::say(Lang::Vi, &format!("{prefix}-{}", code.unwrap_or_default()), &[])
}

fn instant(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

fn period(from: Option<NaiveDate>, to: Option<NaiveDate>) -> String {
    let day = |day: NaiveDate| day.format("%d/%m/%Y").to_string();
    match (from, to) {
        (Some(from), Some(to)) => format!("từ {} đến {}", day(from), day(to)),
        (Some(from), None) => format!("từ {}", day(from)),
        (None, Some(to)) => format!("đến {}", day(to)),
        (None, None) => "toàn bộ nhật ký".to_owned(),
    }
}

fn totals(rows: &[Row]) -> Vec<Total> {
    let mut counts: BTreeMap<Option<Outcome>, usize> = BTreeMap::new();
    for row in rows {
        *counts.entry(row.outcome).or_default() += 1;
    }
    let name = |outcome: Option<Outcome>| outcome_word(outcome.as_ref());
    counts.into_iter().map(|(outcome, count)| Total { outcome: name(outcome), count }).collect()
}

fn outcome_word(outcome: Option<&Outcome>) -> String {
    outcome.map_or_else(|| words::say(Lang::Vi, "log-open", &[]), |outcome| word("outcome", outcome))
}

fn clock_length(frames: Frames) -> String {
    let seconds = (frames.ms() + 500) / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The programme by its title; a make-good with the slot that it repairs.
fn programme(row: &Row) -> String {
    let title = row.title.clone().unwrap_or_else(|| format!("{}/{}", row.month, row.programme));
    match &row.repairs {
        Some(slot) => format!("{title} ({} {slot})", words::say(Lang::Vi, "make-good", &[])),
        None => title,
    }
}

fn line(row: &Row) -> Line {
    let moment = |text: &str, format: &str| instant(text).map(|at| at.format(format).to_string());
    // What people said stands beside the coded cause, never instead of it.
    let mut reason: Vec<String> = row.reason.iter().map(|reason| word("reason", reason)).collect();
    reason.extend(Some(row.detail.clone()).filter(|detail| !detail.is_empty()));
    reason.extend(row.notes.iter().map(NoteRow::said));
    let entry = |seq: &u64| seq.to_string();
    Line {
        planned: moment(&row.planned, "%d/%m/%Y %H:%M:%S").unwrap_or_default(),
        programme: programme(row),
        outcome: outcome_word(row.outcome.as_ref()),
        good: row.outcome == Some(Outcome::Full),
        reason: reason.join("; "),
        first: row.first_frame.as_deref().and_then(|at| moment(at, "%H:%M:%S%.3f")).unwrap_or_default(),
        error: row.start_error_ms.map_or(String::new(), |ms| format!("{ms:+.1} ms").replace('.', ",")),
        aired: row.frames_consumed.map_or(String::new(), |frames| clock_length(Frames(frames))),
        device: row.devices.join(", "),
        proof: format!("{} – {}", row.proof, words::say(Lang::Vi, &format!("proof-{}", row.proof), &[])),
        entries: row.entries.iter().map(entry).collect::<Vec<_>>().join(", "),
    }
}
