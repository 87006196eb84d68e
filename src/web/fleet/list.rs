//! `/fleet`: stations × days, with what every station says of itself, and sums on top.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use axum::{extract::RawQuery, response::Response};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{PAGE, Sign, address, brief, centre, contact, holds, lamps, standing, view};
use crate::{
    control::{FleetView, Outline, QUIET, SILENT, Trouble, words_of},
    evidence::Outcome,
    units::Month,
    web::{
        error::Fault,
        form,
        log::{mark, outcome_words},
        page::{Page, Visit, html},
        reading::{self, grouped},
        route::{EVERYONE, Route, get},
    },
    words::Message,
};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/fleet", EVERYONE, show)]
}

/// So many days are shown where no month is asked for.
const DAYS: i64 = 14;

/// How the slots of a day can have ended.
const OUTCOMES: [Outcome; 7] = [
    Outcome::Full,
    Outcome::Partial,
    Outcome::Missed,
    Outcome::OutOfWindow,
    Outcome::Preempted,
    Outcome::Cancelled,
    Outcome::Test,
];

/// What the address asks for; what does not fit is as if it were not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Asked {
    /// Words in unit, id or log.
    #[serde(skip_serializing_if = "String::is_empty")]
    q: String,
    /// `attention`: only stations with something the matter.
    #[serde(skip_serializing_if = "String::is_empty")]
    only: String,
    /// `month`: the days of this month.
    #[serde(skip_serializing_if = "String::is_empty")]
    days: String,
    /// From this page on, the first is 1.
    #[serde(skip_serializing_if = "String::is_empty")]
    page: String,
}

impl Asked {
    fn address(&self) -> String {
        let query = serde_urlencoded::to_string(self).unwrap_or_default();
        if query.is_empty() { "/fleet".into() } else { format!("/fleet?{query}") }
    }

    /// The first and the last day that are shown.
    fn span(&self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        match self.days.as_str() {
            "month" => (Month::of(today).first(), Month::of(today).last()),
            _ => (today - TimeDelta::days(DAYS - 1), today),
        }
    }
}

/// How the slots of a day ended at a station.
#[derive(Default)]
struct Cell {
    /// Symbol, class and how many.
    marks: Vec<(&'static str, &'static str, u64)>,
    words: String,
    href: String,
}

/// A station as the page has it.
struct Line {
    name: String,
    origin: String,
    href: String,
    /// Where it stands, unless it simply belongs to the fleet.
    standing: Option<Sign>,
    contact: Option<Sign>,
    /// This month and the next, each short and with what it says.
    months: Vec<(String, Sign)>,
    lamps: Vec<Sign>,
    split: bool,
    version: String,
    cells: Vec<Cell>,
}

/// A number with what it counts, and its class.
struct Sum {
    words: String,
    count: String,
    class: &'static str,
}

/// A contradiction, in one line.
struct Split {
    href: String,
    words: String,
    at: String,
}

#[derive(Template)]
#[template(path = "fleet/list.html")]
struct ListPage {
    page: Page,
    asked: Asked,
    at: String,
    splits: Vec<Split>,
    more_splits: usize,
    sums: Vec<Sum>,
    today: Vec<(Sign, String)>,
    months: Vec<(String, String)>,
    days: Vec<(NaiveDate, bool)>,
    lines: Vec<Line>,
    found: String,
    /// Which page of how many.
    turned: String,
    before: Option<String>,
    after: Option<String>,
    switch: String,
    legend: Vec<Sign>,
}

/// So many contradictions are named on top; each station's page has its own.
const MOST_SPLITS: usize = 20;

async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let asked: Asked = form::query(query.as_deref());
    let (centre, view) = (centre(&visit)?, view(&visit).await?);
    let (now, today) = (centre.now(), centre.today());
    let words = words_of(&asked.q);
    let wanted = |station: &&Outline| {
        station.has(&words) && (asked.only != "attention" || !station.troubles(now, today).is_empty())
    };
    let found: Vec<&Outline> = view.stations.iter().filter(wanted).collect();
    let pages = found.len().div_ceil(PAGE).max(1);
    let page = asked.page.parse::<usize>().unwrap_or(1).clamp(1, pages);
    let shown: Vec<Outline> = found.iter().skip((page - 1) * PAGE).take(PAGE).map(|s| (*s).clone()).collect();
    let count = found.len();
    let (first, last) = asked.span(today);
    let origins: Vec<String> = shown.iter().map(|station| station.origin.clone()).collect();
    let tallies = visit.work(move |_| Ok(centre.fleet.tally(Some(&origins), first, last)?)).await?;
    let mut days: Days = HashMap::new();
    for tally in tallies {
        *days.entry((tally.origin, tally.day)).or_default().entry(tally.outcome).or_default() += tally.count;
    }
    let drawing = Drawing { now, today, first, last, days };
    Ok(html(&drawing.page(&visit, &asked, &view, &shown, (page, pages, count))))
}

/// By log and day, how often its slots ended in which way.
type Days = HashMap<(String, NaiveDate), BTreeMap<Outcome, u64>>;

/// What a page is made of beside its stations.
struct Drawing {
    now: DateTime<Utc>,
    today: NaiveDate,
    first: NaiveDate,
    last: NaiveDate,
    days: Days,
}

impl Drawing {
    fn page(
        &self,
        visit: &Visit,
        asked: &Asked,
        view: &FleetView,
        shown: &[Outline],
        (at, pages, found): (usize, usize, usize),
    ) -> ListPage {
        let page = visit.page("web-nav-fleet");
        let lang = visit.lang;
        // The same words stand in hundreds of cells.
        let words: HashMap<Outcome, String> =
            OUTCOMES.into_iter().map(|outcome| (outcome, outcome_words(&page, Some(outcome)))).collect();
        let this = Month::of(self.today);
        let turn = |to: usize| Asked { page: to.to_string(), ..asked.clone() }.address();
        let open = || view.forks.iter().filter(|fork| fork.settled.is_none());
        let splits = open().take(MOST_SPLITS).map(|fork| Split {
            href: format!("{}#splits", address(&fork.origin)),
            words: page.t1(&format!("fleet-{}", fork.what), "origin", &fork.origin),
            at: DateTime::from_timestamp_millis(fork.at_ms).map_or_else(String::new, |at| visit.local(at)),
        });
        let sign = |outcome: Outcome| {
            let (symbol, class) = mark(Some(outcome));
            Sign { symbol, class, words: words[&outcome].clone() }
        };
        let switch = if asked.days == "month" { "" } else { "month" };
        ListPage {
            at: visit.local(view.at),
            splits: splits.collect(),
            more_splits: open().count().saturating_sub(MOST_SPLITS),
            sums: self.sums(&page, view),
            today: view.today.iter().map(|(o, count)| (sign(*o), grouped(*count, lang))).collect(),
            months: [this, this.next()].map(|m| (m.to_string(), reading::month(m))).to_vec(),
            days: self.span().map(|day| (day, day == self.today)).collect(),
            lines: shown.iter().map(|station| self.line(&page, station, &words)).collect(),
            found: grouped(found as u64, lang),
            turned: format!("{at}/{pages}"),
            before: (at > 1).then(|| turn(at - 1)),
            after: (at < pages).then(|| turn(at + 1)),
            switch: Asked { days: switch.into(), ..asked.clone() }.address(),
            legend: OUTCOMES.into_iter().map(sign).collect(),
            asked: asked.clone(),
            page,
        }
    }

    fn span(&self) -> impl Iterator<Item = NaiveDate> {
        let last = self.last;
        self.first.iter_days().take_while(move |day| *day <= last)
    }

    fn line(&self, page: &Page, station: &Outline, words: &HashMap<Outcome, String>) -> Line {
        let counts = station.counts();
        let this = Month::of(self.today);
        let word = station.word.as_deref();
        Line {
            name: brief(&station.name),
            origin: station.origin.clone(),
            href: address(&station.origin),
            standing: (!counts).then(|| standing(page, station.standing, station.closed)),
            contact: counts.then(|| contact(page, station.heard_ms, self.now)),
            months: if counts {
                [this, this.next()]
                    .map(|month| (reading::month(month), holds(page, station, month, self.today)))
                    .into()
            } else {
                Vec::new()
            },
            lamps: if counts { lamps(page, word) } else { Vec::new() },
            split: station.troubles(self.now, self.today).contains(&Trouble::Split),
            version: word.map_or_else(String::new, |word| brief(&word.version)),
            cells: self.span().map(|day| self.cell(station, day, words)).collect(),
        }
    }

    fn cell(&self, station: &Outline, day: NaiveDate, words: &HashMap<Outcome, String>) -> Cell {
        let Some(counts) = self.days.get(&(station.origin.clone(), day)) else { return Cell::default() };
        let marks = counts.iter().map(|(outcome, count)| {
            let (symbol, class) = mark(Some(*outcome));
            (symbol, class, *count)
        });
        let said = counts.iter().map(|(outcome, count)| format!("{count} {}", words[outcome]));
        Cell {
            marks: marks.collect(),
            words: said.collect::<Vec<_>>().join(", "),
            href: format!("{}/log?from={day}&to={day}", address(&station.origin)),
        }
    }

    fn sums(&self, page: &Page, view: &FleetView) -> Vec<Sum> {
        let this = Month::of(self.today);
        let ours = || view.stations.iter().filter(|station| station.counts());
        let heard = |station: &&Outline, from, to| {
            station.unheard(self.now).is_some_and(|unheard| unheard >= from && unheard < to)
        };
        let silent = |station: &&Outline| station.unheard(self.now).is_none_or(|unheard| unheard >= SILENT);
        let of = |wanted: &str| view.stations.iter().filter(|station| station.standing == wanted).count();
        let attention = view.stations.iter().filter(|s| !s.troubles(self.now, self.today).is_empty()).count();
        let all = ours().count();
        let ready = |month| ours().filter(|station| station.is_ready(month)).count();
        let entries: u64 = view.stations.iter().map(|station| station.size).sum();
        let sum = |key: &str, count: usize, class| Sum {
            words: page.t(key),
            count: grouped(count as u64, page.visit.lang),
            class: if count == 0 { "" } else { class },
        };
        let of_month = |month: Month| Sum {
            words: page.t1("web-fleet-sum-ready", "month", &reading::month(month)),
            count: format!(
                "{}/{}",
                grouped(ready(month) as u64, page.visit.lang),
                grouped(all as u64, page.visit.lang)
            ),
            class: if ready(month) == all { "ok" } else { "warning" },
        };
        vec![
            sum("web-fleet-sum-enrolled", all, ""),
            sum("web-fleet-sum-asked", of("asked"), "warning"),
            sum("web-fleet-sum-heard", ours().filter(|s| heard(s, TimeDelta::MIN, QUIET)).count(), "ok"),
            sum("web-fleet-sum-quiet", ours().filter(|s| heard(s, QUIET, SILENT)).count(), "warning"),
            sum("web-fleet-sum-silent", ours().filter(silent).count(), "error"),
            of_month(this),
            of_month(this.next()),
            sum("web-fleet-sum-attention", attention, "warning"),
            sum("web-fleet-sum-revoked", of("revoked"), ""),
            Sum {
                words: page.t("web-fleet-sum-entries"),
                count: grouped(entries, page.visit.lang),
                class: "",
            },
        ]
    }
}

impl ListPage {
    /// What makes the first station come.
    fn empty_hint(&self) -> String {
        Message::new("web-fleet-empty").hint(self.page.visit.lang).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_weeks_are_shown_or_the_whole_month() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let span = |query: &str| form::query::<Asked>(Some(query)).span(day("2022-03-05"));
        assert_eq!(span(""), (day("2022-02-20"), day("2022-03-05")));
        assert_eq!(span("days=month"), (day("2022-03-01"), day("2022-03-31")));
        let asked: Asked = form::query(Some("q=ph%E1%BB%95&only=attention&x=y"));
        assert_eq!(asked.address(), "/fleet?q=ph%E1%BB%95&only=attention");
        assert_eq!(Asked::default().address(), "/fleet");
    }
}
