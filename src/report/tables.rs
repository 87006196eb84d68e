//! The tables of a report, each number with the entries that it comes from.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, SecondsFormat};
use serde::Serialize;

use super::slots::{SLOTS, slots};
use crate::{
    control::{Account, Aired, Course, LogState, NoteRow, Row},
    evidence::Outcome,
    reconcile::{MatrixTotals, OpenSlot, Span},
    units::Frames,
    words::{self, Lang, say},
};

/// A field of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing is known of it.
    Blank,
    /// Words, a code, or an instant as ISO 8601 with its offset.
    Text(String),
    /// So many.
    Count(u64),
    /// Milliseconds; the difference of two instants has a sign.
    Ms(f64),
    /// Yes or no.
    Yes(bool),
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What machines know it by, for ever.
    pub key: &'static str,
    /// What people read above it.
    pub heading: String,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What machines know it by.
    pub name: &'static str,
    /// What people read above it.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each as long as the columns.
    pub rows: Vec<Vec<Cell>>,
}

/// What machines know the tables by, in their order.
pub const TABLES: [&str; 7] = ["matrix", "airings", "incidents", "topics", "totals", "logs", "slots"];

const MATRIX: [&str; 16] = [
    "unit",
    "name",
    "month",
    "state",
    "state_said",
    "programmes_due",
    "programmes_done",
    "airings_due",
    "airings_done",
    "in_period",
    "made_good",
    "vouched",
    "topics",
    "due",
    "airings_within",
    "early",
];

const AIRINGS: [&str; 33] = [
    "planned",
    "first_frame",
    "last_frame",
    "station",
    "unit",
    "month",
    "programme",
    "title",
    "slot",
    "outcome",
    "outcome_said",
    "reason",
    "reason_said",
    "counts",
    "proof",
    "start_error_ms",
    "duration_ms",
    "devices",
    "repairs",
    "approved_by",
    "document",
    "notes",
    "entries",
    "hash",
    "uncounted",
    "uncounted_said",
    "repaired_at",
    "sounded_ms",
    "trigger",
    "scheduled",
    "log",
    "by",
    "detail",
];

const INCIDENTS: [&str; 16] = [
    "planned",
    "unit",
    "month",
    "title",
    "outcome_said",
    "reason",
    "reason_said",
    "detail",
    "notes",
    "entries",
    "uncounted",
    "uncounted_said",
    "repaired_at",
    "repaired_by",
    "station",
    "log",
];

const TOPICS: [&str; 4] = ["topic", "text", "covered", "months"];

const TOTALS: [&str; 3] = ["total", "said", "value"];

const LOGS: [&str; 14] = [
    "station",
    "unit",
    "origin",
    "size",
    "root",
    "code",
    "cosigned_size",
    "cosigned_root",
    "cosigned_at",
    "cosigned_by",
    "log_state",
    "histories",
    "log_state_said",
    "histories_said",
];

/// The tables of `account`, for people who read `lang`.
#[must_use]
pub fn tables(account: &Account, lang: Lang) -> Vec<Table> {
    vec![
        table("matrix", &MATRIX, matrix(account, lang), lang),
        table("airings", &AIRINGS, account.airings.iter().map(|aired| airing(aired, lang)), lang),
        table("incidents", &INCIDENTS, incidents(account, lang), lang),
        table("topics", &TOPICS, topics(account), lang),
        table("totals", &TOTALS, totals(account, lang), lang),
        table("logs", &LOGS, account.logs.iter().map(|state| log(state, lang)), lang),
        table("slots", &SLOTS, slots(account, lang), lang),
    ]
}

fn table(
    name: &'static str,
    keys: &[&'static str],
    rows: impl IntoIterator<Item = Vec<Cell>>,
    lang: Lang,
) -> Table {
    let heading = |key: &str| say(lang, &format!("report-{}", key.replace('_', "-")), &[]);
    let columns = keys.iter().map(|key| Column { key, heading: heading(key) }).collect();
    Table { name, title: heading(&format!("of-{name}")), columns, rows: rows.into_iter().collect() }
}

fn matrix(account: &Account, lang: Lang) -> Vec<Vec<Cell>> {
    let units = account.matrix.units.iter();
    let cells = units.flat_map(|unit| unit.cells.iter().map(move |cell| (unit, cell)));
    let row = cells.map(|(unit, cell)| {
        let topics: Vec<&str> = cell.topics.iter().map(String::as_str).collect();
        vec![
            text(&unit.unit),
            text(&unit.name),
            text(cell.month),
            code(&cell.state),
            text(cell.message().say(lang)),
            count(cell.programmes_due),
            count(cell.programmes_done),
            count(cell.airings_due),
            count(cell.airings_done),
            count(cell.in_period),
            count(cell.made_good),
            count(cell.vouched),
            text(topics.join(", ")),
            Cell::Yes(cell.is_due()),
            count(cell.airings_within),
            Cell::Yes(cell.early),
        ]
    });
    row.collect()
}

fn airing(aired: &Aired, lang: Lang) -> Vec<Cell> {
    let (row, counts) = (&aired.row, aired.counts);
    let why = aired.uncounted.filter(|_| !counts);
    vec![
        text(&row.planned),
        maybe(row.first_frame.as_ref()),
        maybe(row.last_frame.as_ref()),
        text(&row.station),
        text(&row.unit),
        text(&row.month),
        text(&row.programme),
        maybe(row.title.as_ref()),
        maybe(row.slot.as_ref()),
        row.outcome.as_ref().map_or(Cell::Blank, code),
        coded("outcome", row.outcome.as_ref(), lang),
        row.reason.as_ref().map_or(Cell::Blank, code),
        coded("reason", row.reason.as_ref(), lang),
        Cell::Yes(counts),
        count(row.proof),
        row.start_error_ms.map_or(Cell::Blank, Cell::Ms),
        row.duration_ms.map_or(Cell::Blank, Cell::Count),
        text(row.devices.join(", ")),
        maybe(row.repairs.as_ref()),
        maybe(row.approved_by.as_ref()),
        maybe(row.document.as_ref()),
        notes(row),
        entries(row),
        maybe(row.hash.as_ref()),
        why.as_ref().map_or(Cell::Blank, code),
        coded("uncounted", why.as_ref(), lang),
        maybe(aired.repair.map(|repair| instant(repair.at))),
        sounded_ms(row).map_or(Cell::Blank, Cell::Count),
        row.trigger.as_ref().map_or(Cell::Blank, code),
        Cell::Yes(aired.is_due()),
        text(&aired.log),
        text(&row.by),
        text(&row.detail),
    ]
}

/// What was due and does not count, with its reason, in order of time: no test, and no slot that a newer revision dropped.
fn incidents(account: &Account, lang: Lang) -> Vec<Vec<Cell>> {
    let missed = account.airings.iter().filter(|aired| !aired.counts && aired.is_due());
    let mut lines: Vec<(String, Vec<Cell>)> =
        missed.map(|aired| (aired.row.planned.clone(), incident(aired, lang))).collect();
    let titles = titles(account);
    lines.extend(account.matrix.beside.open.iter().map(|slot| (instant(slot.at), open(&titles, slot))));
    // The stations' rows stand one behind the other.
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines.into_iter().map(|(_, line)| line).collect()
}

fn incident(aired: &Aired, lang: Lang) -> Vec<Cell> {
    let Aired { row, uncounted: why, repair, .. } = aired;
    vec![
        text(&row.planned),
        text(&row.unit),
        text(&row.month),
        maybe(row.title.as_ref()),
        coded("outcome", row.outcome.as_ref(), lang),
        row.reason.as_ref().map_or(Cell::Blank, code),
        coded("reason", row.reason.as_ref(), lang),
        text(&row.detail),
        notes(row),
        entries(row),
        why.as_ref().map_or(Cell::Blank, code),
        coded("uncounted", why.as_ref(), lang),
        maybe(repair.map(|repair| instant(repair.at))),
        repair.map_or(Cell::Blank, |repair| Cell::Count(repair.entry)),
        text(&row.station),
        text(&aired.log),
    ]
}

/// A slot of which the log tells nothing.
fn open(titles: &Titles<'_>, open: &OpenSlot) -> Vec<Cell> {
    let mut line =
        vec![text(instant(open.at)), text(&open.unit), text(open.slot.month), text(title_of(titles, open))];
    line.resize(INCIDENTS.len() - 2, Cell::Blank);
    line.extend([text(&open.station), Cell::Blank]);
    line
}

/// What the programmes of a period are called, by month and id.
pub(super) type Titles<'a> = HashMap<(&'a str, &'a str), &'a str>;

pub(super) fn titles(account: &Account) -> Titles<'_> {
    let rows = account.airings.iter().rev().map(|aired| &aired.row);
    rows.filter_map(|row| Some(((&*row.month, &*row.programme), row.title.as_deref()?))).collect()
}

/// What the programme of a slot that no row tells of is called elsewhere in the period, or its id.
pub(super) fn title_of<'a>(titles: &Titles<'a>, open: &'a OpenSlot) -> &'a str {
    let (month, programme) = (open.slot.month.to_string(), &*open.slot.programme);
    titles.get(&(&*month, programme)).copied().unwrap_or(programme)
}

/// As rows write their instants.
pub(super) fn instant(at: DateTime<FixedOffset>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// What of a row the device played, in milliseconds.
fn sounded_ms(row: &Row) -> Option<u64> {
    row.frames_consumed.map(|frames| Frames(frames).ms())
}

fn topics(account: &Account) -> Vec<Vec<Cell>> {
    let covered = |id: &str| account.matrix.topics.get(id).into_iter().flatten();
    let line = account.plan.topics.iter().map(|topic| {
        let months: Vec<String> = covered(&topic.id).map(ToString::to_string).collect();
        vec![text(&topic.id), text(&topic.text), Cell::Yes(!months.is_empty()), text(months.join(", "))]
    });
    line.collect()
}

fn totals(account: &Account, lang: Lang) -> Vec<Vec<Cell>> {
    let MatrixTotals {
        units,
        units_aired,
        cells_due,
        cells_complete,
        cells_early,
        airings_due,
        airings_done,
        airings_over,
        in_period,
        vouched,
        strays,
    } = account.matrix.totals;
    let sounded = account.airings.iter().filter(|aired| aired.counts).map(|aired| &aired.row);
    let (aired_ms, declared_ms) = sounded.fold((0, 0), |(aired, declared), row| {
        (aired + sounded_ms(row).unwrap_or(0), declared + row.duration_ms.unwrap_or(0))
    });
    let mut lines = vec![
        ("units", u64::from(units)),
        ("units_aired", units_aired.into()),
        ("cells_due", cells_due.into()),
        ("cells_complete", cells_complete.into()),
        ("cells_early", cells_early.into()),
        ("airings_due", airings_due.into()),
        ("airings_done", airings_done.into()),
        ("airings_over", airings_over.into()),
        ("in_period", in_period.into()),
        ("aired_ms", aired_ms),
        ("declared_ms", declared_ms),
    ];
    lines.extend(of_slots(account));
    lines.extend([("vouched", vouched.into()), ("strays", strays.into())]);
    let said = |key: &str| say(lang, &format!("report-total-{}", key.replace('_', "-")), &[]);
    let mut lines: Vec<Vec<Cell>> =
        lines.iter().map(|(key, value)| vec![text(key), text(said(key)), Cell::Count(*value)]).collect();
    let Span { from, to } = account.matrix.span;
    for (key, day) in [("period_from", from), ("period_to", to), ("period_as_of", account.as_of.min(to))] {
        lines.push(vec![text(key), text(said(key)), text(day)]);
    }
    // Those of several stations have no common state: each has its own line among the logs.
    if let Some(log) = account.logs.last().filter(|log| log.state == Course::Current)
        && account.logs.iter().all(|other| other.station == log.station)
    {
        for (key, value) in [
            ("log_entries", Cell::Count(log.head.size)),
            ("log_root", text(log.head.root)),
            ("log_code", text(log.head.code())),
        ] {
            lines.push(vec![text(key), text(said(key)), value]);
        }
    }
    lines
}

/// The state of a log on which the numbers rest.
fn log(log: &LogState, lang: Lang) -> Vec<Cell> {
    let cosigned = log.cosigned.as_ref();
    vec![
        text(&log.station),
        text(&log.unit),
        text(&log.head.origin),
        Cell::Count(log.head.size),
        text(log.head.root),
        text(log.head.code()),
        cosigned.map_or(Cell::Blank, |seen| Cell::Count(seen.size)),
        maybe(cosigned.map(|seen| seen.root)),
        maybe(cosigned.map(|seen| seen.at.to_rfc3339())),
        maybe(cosigned.map(|seen| &seen.by)),
        code(&log.state),
        code(&log.histories),
        coded("log-state", Some(&log.state), lang),
        coded("histories", Some(&log.histories), lang),
    ]
}

/// What became of the slots: each in one of the lines, and beside them how many that do not count were made good.
fn of_slots(account: &Account) -> [(&'static str, u64); 11] {
    // A slot has one outcome; one that was full where nobody could hear it counts for none of the first.
    let due = || account.airings.iter().filter(|aired| aired.is_due());
    let of = |wanted: Option<Outcome>, counted: bool| {
        due().filter(|aired| aired.row.outcome == wanted && aired.counts == counted).count() as u64
    };
    let repaired = due().filter(|aired| !aired.counts && aired.repair.is_some()).count() as u64;
    let dropped = account.airings.iter().filter(|aired| aired.row.is_due() && !aired.is_due()).count() as u64;
    [
        ("full", of(Some(Outcome::Full), true)),
        ("full_uncounted", of(Some(Outcome::Full), false)),
        ("partial", of(Some(Outcome::Partial), false)),
        ("missed", of(Some(Outcome::Missed), false)),
        ("preempted", of(Some(Outcome::Preempted), false)),
        ("out_of_window", of(Some(Outcome::OutOfWindow), false)),
        ("cancelled", of(Some(Outcome::Cancelled), false)),
        ("tested", of(Some(Outcome::Test), false)),
        ("no_outcome", of(None, false) + account.matrix.beside.open.len() as u64),
        ("repaired", repaired),
        ("superseded", dropped),
    ]
}

#[allow(clippy::needless_pass_by_value, reason = "a reference is a value, too")]
pub(super) fn text(value: impl ToString) -> Cell {
    Cell::Text(value.to_string())
}

pub(super) fn maybe(value: Option<impl ToString>) -> Cell {
    value.map_or(Cell::Blank, text)
}

fn count(count: impl Into<u64>) -> Cell {
    Cell::Count(count.into())
}

fn code(code: &impl Serialize) -> Cell {
    Cell::Text(words::code(code))
}

/// The same for people.
pub(super) fn coded(prefix: &str, code: Option<&impl Serialize>, lang: Lang) -> Cell {
    maybe(code.map(|code| say(lang, &format!("{prefix}-{}", words::code(code)), &[])))
}

fn notes(row: &Row) -> Cell {
    let notes: Vec<String> = row.notes.iter().map(NoteRow::said).collect();
    text(notes.join("; "))
}

pub(super) fn entries(row: &Row) -> Cell {
    let entries: Vec<String> = row.entries.iter().map(u64::to_string).collect();
    text(entries.join(" "))
}
