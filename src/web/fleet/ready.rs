//! `/fleet/ready/{month}`: who does not hold a month yet, and the text that asks for it.

use askama::Template;
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use serde::Deserialize;

use super::{PAGE, Sign, address, brief, centre, contact, view};
use crate::{
    control::Unready,
    report,
    units::Month,
    web::{
        error::Fault,
        form,
        page::{Page, Visit, html},
        reading::{self, grouped},
        route::{EVERYONE, Route, get},
    },
    words::Message,
};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/fleet/ready/{month}", EVERYONE, show)]
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    page: String,
}

/// A station that is not ready.
struct Line {
    name: String,
    origin: String,
    href: String,
    why: String,
    contact: Sign,
}

#[derive(Template)]
#[template(path = "fleet/ready.html")]
struct ReadyPage {
    page: Page,
    month: Month,
    at: String,
    said: String,
    /// Nobody is enrolled.
    nobody: bool,
    lines: Vec<Line>,
    letter: Option<String>,
    /// Lines of the letter.
    rows: usize,
    /// Which page of how many.
    turned: String,
    before: Option<String>,
    after: Option<String>,
}

async fn show(visit: Visit, Path(month): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let (centre, month) = (centre(&visit)?, month.parse::<Month>().map_err(|_| Fault::missing())?);
    let view = view(&visit).await?;
    let asked: Asked = form::query(query.as_deref());
    let readiness = view.readiness(month);
    let pages = readiness.unready.len().div_ceil(PAGE).max(1);
    let at = asked.page.parse::<usize>().unwrap_or(1).clamp(1, pages);
    let page = visit.titled(visit.page("").t1("web-fleet-ready-title", "month", &reading::month(month)));
    let shown: Vec<_> = readiness.unready.iter().skip((at - 1) * PAGE).take(PAGE).collect();
    let lines: Vec<Line> = shown
        .iter()
        .map(|(station, why)| Line {
            name: brief(&station.name),
            origin: station.origin.clone(),
            href: address(&station.origin),
            why: visit.say(&said(*why)),
            contact: contact(&page, station.heard_ms, centre.now()),
        })
        .collect();
    let named: Vec<_> = lines.iter().map(|line| (line.name.clone(), line.why.clone())).collect();
    let message = Message::new("web-fleet-ready-said")
        .with("ready", grouped(readiness.ready as u64, visit.lang))
        .with("all", grouped((readiness.ready + readiness.unready.len()) as u64, visit.lang));
    let turn = |to: usize| format!("/fleet/ready/{month}?page={to}");
    let zone = centre.folder.station.zone;
    Ok(html(&ReadyPage {
        month,
        at: visit.local(view.at),
        said: visit.say(&message),
        nobody: readiness.ready + readiness.unready.len() == 0,
        rows: named.len() + 12,
        letter: report::ready_letter(month, view.at.with_timezone(&zone).naive_local(), &named, visit.lang),
        lines,
        turned: format!("{at}/{pages}"),
        before: (at > 1).then(|| turn(at - 1)),
        after: (at < pages).then(|| turn(at + 1)),
        page,
    }))
}

fn said(why: Unready) -> Message {
    match why {
        Unready::Unheard => Message::new("ready-unheard"),
        Unready::Nothing => Message::new("ready-nothing"),
        Unready::Unapproved(revision) => Message::new("ready-unapproved").with("revision", revision),
    }
}

impl ReadyPage {
    fn month_before(&self) -> String {
        self.month.first().pred_opt().map_or_else(String::new, |day| Month::of(day).to_string())
    }

    /// What is said where nobody is missing.
    fn nothing(&self) -> &'static str {
        if self.nobody { "web-fleet-ready-nobody" } else { "web-fleet-ready-all" }
    }

    fn month_after(&self) -> String {
        self.month.next().to_string()
    }
}
