//! Legal holds: while one is in force nothing of its days is deleted.

use askama::Template;
use axum::{Extension, response::Response};
use chrono::{DateTime, NaiveDate};

use super::{CHANGERS, READERS};
use crate::{
    control::{Ask, Hold, holds},
    web::{
        error::{Fault, done},
        form::Form,
        page::{Page, Visit, html},
        route::{Route, get, has, post},
    },
};

const PATH: &str = "/settings/holds";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(PATH, has(READERS), show),
        post("/settings/holds/set", has(CHANGERS), set),
        post("/settings/holds/lift", has(CHANGERS), lift),
    ]
}

#[derive(Template)]
#[template(path = "settings/holds.html")]
struct HoldsPage {
    page: Page,
    holds: Vec<Hold>,
    months: u32,
    may_change: bool,
}

/// A day as people here write it.
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

fn time(at: &str) -> String {
    let format = "%H:%M %d/%m/%Y";
    DateTime::parse_from_rfc3339(at).map_or_else(|_| at.into(), |at| at.format(format).to_string())
}

async fn show(visit: Visit) -> Result<Response, Fault> {
    let mut holds = visit.work(|studio| holds(&studio.folder)).await?;
    // Those in force first, the newest first.
    holds.sort_by_key(|hold| (hold.lifted.is_some(), std::cmp::Reverse(hold.entry)));
    let (months, may_change) =
        (visit.site.studio.folder.station.retention.programme_months, visit.has(CHANGERS));
    Ok(html(&HoldsPage { page: visit.page("web-holds"), holds, months, may_change }))
}

async fn set(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let asked = async {
        let (from, to) = (form.parsed("from")?, form.parsed("to")?);
        let reason = form.get("reason").trim().to_owned();
        done(visit.site.studio.ask(Ask::Hold { from, to, by: visit.by(), reason }).await)
    };
    let result = asked.await;
    visit.told(PATH, result).await
}

async fn lift(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let asked = async {
        let (hold, reason) = (form.parsed("hold")?, form.get("reason").trim().to_owned());
        done(visit.site.studio.ask(Ask::Lift { hold, by: visit.by(), reason }).await)
    };
    let result = asked.await;
    visit.told(PATH, result).await
}
