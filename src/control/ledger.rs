//! The log as a person pages through it: short lines of a period, filtered, searched, a page at a time.
//!
//! A page costs the same in a log of twelve years as in one of a month: it reads from a cursor on, and never more than
//! [`MOST_READ`] rows. A search that has not found enough by then says how far it came, and goes on from there.

use std::{collections::BTreeMap, fmt::Write as _};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::{
    ControlError, Folder,
    folder::open_log,
    names::{Names, Times},
};
use crate::{
    evidence::{AsRunRow, Outcome, Reason, asrun},
    programme::civil,
    store::Reader,
    units::{Month, SlotId},
    words::{Lang, say},
};

/// Lines on a page; more where they were planned for the same instant.
pub const PAGE: usize = 50;
/// So many rows are read for a page at most.
const MOST_READ: usize = 500;
/// A page begins with a stretch of so many days; the next one is as long as the rows found so far suggest.
const FIRST_DAYS: i64 = 3;
const DAY_MS: i64 = 86_400_000;

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// From this day of station time on.
    pub from: Option<NaiveDate>,
    /// Up to the end of this day.
    pub to: Option<NaiveDate>,
    /// Only this outcome, or only what has none yet.
    pub outcome: Option<Option<Outcome>>,
    /// Only this reason.
    pub reason: Option<Reason>,
    /// Only this programme, by its id; empty: all.
    pub programme: String,
    /// Words in title, slot, reason or what people said; without marks they match letters with any.
    pub words: String,
    /// Where the page before ended.
    pub cursor: Option<i64>,
}

/// A row in short.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "named as in the as-run row of docs/json.md")]
pub struct Line {
    pub slot: Option<SlotId>,
    /// The entry that names it where it has no slot: its first cue, or the airing by hand.
    pub airing: Option<u64>,
    pub planned: String,
    pub programme: String,
    pub title: Option<String>,
    pub outcome: Option<Outcome>,
    pub reason: Option<Reason>,
    pub start_error_ms: Option<f64>,
    pub proof: u8,
    pub repairs: Option<SlotId>,
    pub by_hand: bool,
    /// What people said about it: so many entries.
    pub notes: usize,
}

/// A page of lines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet {
    /// In the order of their planned instants.
    pub lines: Vec<Line>,
    /// Where the next page begins; none at the end of the period.
    pub next: Option<i64>,
    /// The day that was reached, where there is a next page.
    pub reached: Option<NaiveDate>,
}

/// How the slots of a day ended: each outcome, or none yet, with how often.
pub type Day = BTreeMap<Option<Outcome>, u32>;

/// A page of the log of `folder`.
pub fn sheet(folder: &Folder, look: &Look) -> Result<Sheet, ControlError> {
    let log = open_log(&folder.log_path())?;
    let begin = look.from.map_or(i64::MIN, |day| midnight(folder, day));
    let after = look.to.and_then(|day| day.checked_add_signed(TimeDelta::days(1)));
    let to = after.map_or(i64::MAX, |day| midnight(folder, day));
    let mut from = look.cursor.map_or(begin, |cursor| cursor.max(begin));
    let mut gathering = Gathering::new(folder, &log, look);
    let mut days = FIRST_DAYS;
    while let Some(begin) = log.next_planned(from)?.filter(|next| *next < to) {
        if gathering.is_full() {
            gathering.stop(begin);
            break;
        }
        from = begin.saturating_add(days * DAY_MS).min(to);
        let rows = log.at_once(|| brief(&log, begin, from))?;
        days = match rows.len() {
            0..20 => (days * 2).min(64),
            80.. => (days / 2).max(1),
            _ => days,
        };
        if gathering.take(rows)? {
            break;
        }
    }
    Ok(gathering.sheet)
}

/// The days of `month` on which anything was planned, with how that ended, and the page of that month that `look`
/// wants: a month is read once for both.
pub fn month(
    folder: &Folder,
    month: Month,
    look: &Look,
) -> Result<(BTreeMap<NaiveDate, Day>, Sheet), ControlError> {
    let log = open_log(&folder.log_path())?;
    let (from, to) = (midnight(folder, month.first()), midnight(folder, month.next().first()));
    let mut days: BTreeMap<NaiveDate, Day> = BTreeMap::new();
    let mut rows = log.at_once(|| brief(&log, from, to))?;
    for row in &rows {
        let at = DateTime::from_timestamp_millis(row.planned_ms).unwrap_or_default();
        let day = days.entry(at.with_timezone(&folder.station.zone).date_naive()).or_default();
        *day.entry(row.outcome).or_default() += 1;
    }
    let cursor = look.cursor.unwrap_or(from);
    rows.retain(|row| row.planned_ms >= cursor);
    let mut gathering = Gathering::new(folder, &log, look);
    gathering.take(rows)?;
    Ok((days, gathering.sheet))
}

/// The first instant of `day` at the station, in milliseconds since 1970 (UTC).
fn midnight(folder: &Folder, day: NaiveDate) -> i64 {
    civil::instant(folder.station.zone, day.and_time(NaiveTime::MIN)).0.timestamp_millis()
}

/// The month of the last thing that the log says was planned before the end of the month of `today`.
pub fn last_month(folder: &Folder, today: NaiveDate) -> Result<Month, ControlError> {
    let log = open_log(&folder.log_path())?;
    let zone = folder.station.zone;
    let end = civil::instant(zone, Month::of(today).next().first().and_time(NaiveTime::MIN)).0;
    let last = log.last_planned(end.timestamp_millis())?.and_then(DateTime::from_timestamp_millis);
    Ok(Month::of(last.map_or(today, |at| at.with_timezone(&zone).date_naive())))
}

/// The rows that were planned from `from` on and before `to`, in order, without their segments.
pub(super) fn brief(log: &Reader, from: i64, to: i64) -> Result<Vec<AsRunRow>, ControlError> {
    let mut rows = asrun::rows(&log.entries_planned_in_brief(from..to)?);
    rows.retain(|row| (from..to).contains(&row.planned_ms));
    rows.sort_by_key(|row| row.planned_ms);
    Ok(rows)
}

/// A page in the making.
struct Gathering<'a> {
    folder: &'a Folder,
    names: Names<'a>,
    wanted: Wanted<'a>,
    sheet: Sheet,
    read: usize,
}

impl<'a> Gathering<'a> {
    fn new(folder: &'a Folder, log: &'a Reader, look: &'a Look) -> Gathering<'a> {
        let (names, wanted) = (Names::of(log), Wanted::of(look));
        Gathering { folder, names, wanted, sheet: Sheet::default(), read: 0 }
    }

    fn is_full(&self) -> bool {
        self.sheet.lines.len() >= PAGE || self.read >= MOST_READ
    }

    /// Takes `rows` in order; tells whether the page is full before their end. What was planned for one instant stays
    /// together: the cursor is an instant.
    fn take(&mut self, rows: Vec<AsRunRow>) -> Result<bool, ControlError> {
        let mut last = None;
        for row in rows {
            if self.is_full() && last.is_some_and(|last| last < row.planned_ms) {
                self.stop(row.planned_ms);
                return Ok(true);
            }
            (self.read, last) = (self.read + 1, Some(row.planned_ms));
            self.sheet.lines.extend(self.wanted.line(row, &mut self.names)?);
        }
        Ok(false)
    }

    fn stop(&mut self, next: i64) {
        self.sheet.next = Some(next);
        let at = DateTime::from_timestamp_millis(next);
        self.sheet.reached = at.map(|at| at.with_timezone(&self.folder.station.zone).date_naive());
    }
}

/// A look with its words made ready.
struct Wanted<'a> {
    look: &'a Look,
    words: Vec<String>,
    /// The words have no marks: letters with any are as good.
    plain: bool,
}

impl Wanted<'_> {
    fn of(look: &Look) -> Wanted<'_> {
        let folded = folded(&look.words, false);
        let plain = folded == self::folded(&look.words, true);
        Wanted { look, words: folded.split_whitespace().map(str::to_owned).collect(), plain }
    }

    fn line(&self, row: AsRunRow, names: &mut Names<'_>) -> Result<Option<Line>, ControlError> {
        let Look { outcome, reason, programme, .. } = self.look;
        let fits = outcome.is_none_or(|outcome| row.outcome == outcome)
            && reason.is_none_or(|reason| row.reason == Some(reason))
            && (programme.is_empty() || row.programme == *programme);
        if !fits {
            return Ok(None);
        }
        let title = names.title(&row)?;
        if !self.words.is_empty() && !self.found_in(&row, title.as_deref()) {
            return Ok(None);
        }
        let by_hand = row.statement.is_some();
        let airing = row.airing.or_else(|| row.seqs.first().copied().filter(|_| by_hand));
        Ok(Some(Line {
            planned: Times::of(&row.clk).millis(row.planned_ms),
            start_error_ms: row.start_error_us.map(super::names::in_ms),
            slot: row.slot,
            airing,
            programme: row.programme,
            title,
            outcome: row.outcome,
            reason: row.reason,
            proof: row.proof,
            repairs: row.repairs,
            by_hand,
            notes: row.notes.len(),
        }))
    }

    /// Whether every word stands somewhere in what is said of `row`.
    fn found_in(&self, row: &AsRunRow, title: Option<&str>) -> bool {
        let mut text = format!("{} {} {}", title.unwrap_or_default(), row.programme, row.detail);
        for slot in [&row.slot, &row.repairs, &row.vouches].into_iter().flatten() {
            let _ = write!(text, " {slot}");
        }
        if let Some(serde_json::Value::String(code)) = row.reason.and_then(|r| serde_json::to_value(r).ok()) {
            let key = format!("reason-{code}");
            let [vi, en] = [Lang::Vi, Lang::En].map(|lang| say(lang, &key, &[]));
            let _ = write!(text, " {code} {vi} {en}");
        }
        for note in &row.notes {
            let _ = write!(text, " {} {}", note.by, note.text);
        }
        let text = folded(&text, self.plain);
        self.words.iter().all(|word| text.contains(word))
    }
}

/// `text` in small letters of one spelling; without their marks where it is `plain`.
pub(super) fn folded(text: &str, plain: bool) -> String {
    if !plain {
        return text.nfc().flat_map(char::to_lowercase).collect();
    }
    let bare = text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    bare.map(|c| if c == 'đ' { 'd' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_with_their_marks_or_without_any() {
        let check = |text: &str, plain, wanted: &str| assert_eq!(folded(text, plain), wanted);
        check("Cải cách HÀNH CHÍNH", false, "cải cách hành chính");
        check("Mất điện ở Đức Phổ", true, "mat dien o duc pho");
        let look = |words: &str| Look { words: words.into(), ..Look::default() };
        for (words, plain) in [("mat dien", true), ("mất điện", false), ("", true)] {
            assert_eq!(Wanted::of(&look(words)).plain, plain, "{words}");
        }
    }
}
