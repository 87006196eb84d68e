//! `/log`: a month as a calendar, and its lines, or those that are looked for.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::RawQuery, response::Response};
use chrono::{DateTime, Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{OUTCOMES, Shelf, mark, outcome_words};
use crate::{
    control::{self, Day, Line, Look, Sheet},
    evidence::{Outcome, Reason},
    units::Month,
    web::{
        error::Fault,
        form,
        page::{Page, Visit, html},
        reading::{self, decimal},
        route::{EVERYONE, Route, get},
    },
    words::code,
};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/log", EVERYONE, own)]
}

/// What the address asks for; what does not fit is as if it were not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Asked {
    #[serde(skip_serializing_if = "String::is_empty")]
    month: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    to: String,
    /// A code, or `open`.
    #[serde(skip_serializing_if = "String::is_empty")]
    outcome: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    programme: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    q: String,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "String::is_empty")]
    at: String,
}

impl Asked {
    fn address(&self, base: &str) -> String {
        let query = serde_urlencoded::to_string(self).unwrap_or_default();
        if query.is_empty() { base.into() } else { format!("{base}?{query}") }
    }

    /// A period of days rather than a month.
    fn is_period(&self) -> bool {
        self.from.parse::<NaiveDate>().is_ok() || self.to.parse::<NaiveDate>().is_ok()
    }

    fn look(&self, month: Option<Month>) -> Look {
        let of_code = |text: &str| serde_json::Value::from(text);
        Look {
            from: month.map(Month::first).or_else(|| self.from.parse().ok()),
            to: month.map(Month::last).or_else(|| self.to.parse().ok()),
            outcome: match self.outcome.as_str() {
                "open" => Some(None),
                word => serde_json::from_value::<Outcome>(of_code(word)).ok().map(Some),
            },
            reason: serde_json::from_value::<Reason>(of_code(&self.reason)).ok(),
            programme: self.programme.trim().to_owned(),
            words: self.q.chars().take(200).collect(),
            cursor: self.at.parse().ok(),
        }
    }
}

/// A line as the page has it.
struct Shown {
    href: String,
    planned: String,
    programme: String,
    outcome: String,
    symbol: &'static str,
    class: &'static str,
    reason: String,
    start_error: String,
    proof: u8,
    proof_words: String,
    remarks: Vec<String>,
}

/// A day of the calendar; without a number it belongs to another month.
struct CalendarDay {
    number: u32,
    href: String,
    marks: Vec<(String, &'static str, String)>,
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    page: Page,
    shelf: Shelf,
    asked: Asked,
    month: Option<Month>,
    before: String,
    after: String,
    weeks: Vec<Vec<CalendarDay>>,
    lines: Vec<Shown>,
    next: Option<(String, String)>,
    begin: Option<String>,
    programmes: BTreeMap<String, String>,
    choices: Vec<(String, String)>,
    reasons: Vec<(String, String)>,
    legend: Vec<(&'static str, &'static str, String)>,
    may_take: bool,
    /// Something beside a month is looked for.
    filtered: bool,
}

const REASONS: [Reason; 20] = [
    Reason::PowerOff,
    Reason::LateStart,
    Reason::FileMissing,
    Reason::FileChanged,
    Reason::FileUndecodable,
    Reason::NotApproved,
    Reason::DeviceLost,
    Reason::DeviceBusy,
    Reason::OutputStalled,
    Reason::ClockUntrusted,
    Reason::OperatorStop,
    Reason::QuietHours,
    Reason::DiskFull,
    Reason::ScheduleLate,
    Reason::Superseded,
    Reason::Cancelled,
    Reason::Held,
    Reason::Muted,
    Reason::SoftwareFault,
    Reason::Urgent,
];

async fn own(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let shelf = Shelf::own(&visit);
    show(visit, shelf, query).await
}

/// The log on `shelf`, as `query` asks for it.
pub(in crate::web) async fn show(
    visit: Visit,
    shelf: Shelf,
    query: Option<String>,
) -> Result<Response, Fault> {
    let asked: Asked = form::query(query.as_deref());
    let (wanted, now) = (asked.clone(), visit.site.studio.now());
    let reading = shelf.work(&visit, move |folder| {
        let today = now.with_timezone(&folder.station.zone).date_naive();
        let month = match (wanted.is_period(), wanted.month.parse().ok()) {
            (true, _) => None,
            (false, Some(month)) => Some(month),
            (false, None) => Some(control::last_month(folder, today)?),
        };
        let look = wanted.look(month);
        let (days, sheet) = match month {
            Some(month) => control::month_of_log(folder, month, &look)?,
            None => (BTreeMap::new(), control::sheet(folder, &look)?),
        };
        Ok((month, days, sheet))
    });
    let (month, days, sheet) = reading.await?;
    Ok(html(&page(&visit, shelf, asked, month, &days, &sheet)))
}

fn page(
    visit: &Visit,
    shelf: Shelf,
    mut asked: Asked,
    month: Option<Month>,
    days: &BTreeMap<NaiveDate, Day>,
    sheet: &Sheet,
) -> LogPage {
    let page = visit.page("web-nav-log");
    if let Some(month) = month {
        asked.month = month.to_string();
    }
    let of_month = |month: Month| {
        let month = month.to_string();
        Asked { month, from: String::new(), to: String::new(), at: String::new(), ..asked.clone() }
            .address(&shelf.base)
    };
    let before = month.and_then(|month| month.first().pred_opt()).map(|day| of_month(Month::of(day)));
    let next = sheet.next.map(|at| {
        let reached = sheet.reached.map(|day| day.format("%d/%m/%Y").to_string()).unwrap_or_default();
        (Asked { at: at.to_string(), ..asked.clone() }.address(&shelf.base), reached)
    });
    let words = |outcome| outcome_words(&page, outcome);
    LogPage {
        before: before.unwrap_or_default(),
        after: month.map(|month| of_month(month.next())).unwrap_or_default(),
        weeks: month.map(|month| weeks(&page, &shelf, month, days)).unwrap_or_default(),
        lines: sheet.lines.iter().map(|line| shown(&page, &shelf, line)).collect(),
        begin: (!asked.at.is_empty())
            .then(|| Asked { at: String::new(), ..asked.clone() }.address(&shelf.base)),
        next,
        programmes: sheet
            .lines
            .iter()
            .map(|line| (line.programme.clone(), line.title.clone().unwrap_or_default()))
            .collect(),
        choices: OUTCOMES
            .iter()
            .map(|outcome| (outcome.map_or_else(|| "open".into(), code), words(*outcome)))
            .collect(),
        reasons: REASONS.iter().map(|r| (code(r), page.coded("reason", &code(r)))).collect(),
        legend: OUTCOMES.iter().map(|o| (mark(*o).0, mark(*o).1, words(*o))).collect(),
        filtered: Asked { month: String::new(), at: String::new(), ..asked.clone() } != Asked::default(),
        may_take: visit.has(super::bundle::TAKERS),
        asked,
        month,
        shelf,
        page,
    }
}

/// The weeks of `month`, from Monday on.
fn weeks(page: &Page, shelf: &Shelf, month: Month, days: &BTreeMap<NaiveDate, Day>) -> Vec<Vec<CalendarDay>> {
    let lead = month.first().weekday().num_days_from_monday() as usize;
    let none = || CalendarDay { number: 0, href: String::new(), marks: Vec::new() };
    let mut all: Vec<CalendarDay> = std::iter::repeat_with(none).take(lead).collect();
    for date in month.first().iter_days().take_while(|date| month.contains(*date)) {
        let of_day = days.get(&date).into_iter().flatten();
        let marks = of_day.map(|(outcome, count)| {
            let (symbol, class) = mark(*outcome);
            let symbol = if *count > 1 { format!("{symbol}{count}") } else { symbol.to_owned() };
            (symbol, class, format!("{count} {}", outcome_words(page, *outcome)))
        });
        let href = format!("{}?from={date}&to={date}", shelf.base);
        all.push(CalendarDay { number: date.day(), href, marks: marks.collect() });
    }
    let mut weeks = Vec::new();
    while !all.is_empty() {
        let rest = all.split_off(all.len().min(7));
        all.extend(std::iter::repeat_with(none).take(7 - all.len()));
        weeks.push(std::mem::replace(&mut all, rest));
    }
    weeks
}

fn shown(page: &Page, shelf: &Shelf, line: &Line) -> Shown {
    let lang = page.visit.lang;
    let (symbol, class) = mark(line.outcome);
    let mut remarks = Vec::new();
    if let Some(slot) = &line.repairs {
        remarks.push(page.t1("web-log-repairs", "slot", &reading::slot(slot)));
    }
    if line.by_hand {
        remarks.push(page.t("web-log-by-hand"));
    }
    if line.notes > 0 {
        remarks.push(page.t1("web-log-notes", "count", &line.notes));
    }
    let time = DateTime::parse_from_rfc3339(&line.planned);
    Shown {
        href: shelf.place(line.slot.as_ref(), line.airing),
        planned: time.map_or_else(|_| line.planned.clone(), |at| at.format("%d/%m/%Y %H:%M:%S").to_string()),
        programme: line.title.clone().unwrap_or_else(|| line.programme.clone()),
        outcome: outcome_words(page, line.outcome),
        symbol,
        class,
        reason: line.reason.map(|reason| page.coded("reason", &code(reason))).unwrap_or_default(),
        start_error: line.start_error_ms.map_or_else(String::new, |ms| decimal(ms, 1, true, lang) + " ms"),
        proof: line.proof,
        proof_words: page.coded("proof", &line.proof.to_string()),
        remarks,
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "templates pass what they have by reference")]
impl LogPage {
    fn weekday(&self, n: &usize) -> String {
        self.page.t(&format!("web-weekday-{n}"))
    }

    /// The page of the station whose log a centre keeps.
    fn above(&self) -> &str {
        self.shelf.base.strip_suffix("/log").unwrap_or_default()
    }

    fn month_words(&self) -> String {
        self.month.map_or_else(String::new, reading::month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_alike() {
        let check = |query: &str, address: &str| {
            assert_eq!(form::query::<Asked>(Some(query)).address("/log"), address);
        };
        check("", "/log");
        check("month=2022-03&outcome=&q=m%E1%BA%A5t", "/log?month=2022-03&q=m%E1%BA%A5t");
        check("from=2022-03-01&to=&at=12&what=else", "/log?from=2022-03-01&at=12");
    }

    #[test]
    fn what_does_not_fit_is_not_looked_for() {
        let look = |query: &str| form::query::<Asked>(Some(query)).look(None);
        assert_eq!(look("outcome=open").outcome, Some(None));
        assert_eq!(look("outcome=missed").outcome, Some(Some(Outcome::Missed)));
        assert_eq!(look("outcome=x&reason=y&from=z&at=q"), Look::default());
        assert_eq!(look("reason=power-off").reason, Some(Reason::PowerOff));
    }
}
