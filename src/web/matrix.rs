//! `/matrix/{year}`: what of the year's plan was aired, unit × programme month, by this station's own log.

use askama::{Template, filters::Safe};
use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};

use super::{
    error::Fault,
    page::{Page, Visit, html},
    reading,
    route::{EVERYONE, Route, get},
    site::Site,
};
use crate::{
    control::{Compliance, Studio},
    programme::plan::Topic,
    reconcile::{Cell, Matrix, State},
    report::trend_picture,
    units::Month,
};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/matrix", EVERYONE, this_year), get("/matrix/{year}", EVERYONE, show)]
}

/// So many years are read beforehand; whoever asks for older ones waits a moment.
const MOST_YEARS: usize = 20;

#[derive(Template)]
#[template(path = "matrix.html")]
struct MatrixPage {
    page: Page,
    year: i32,
    plan_year: i32,
    matrix: Option<Matrix>,
    percent: u32,
}

/// To the year of the plan that holds.
async fn this_year(visit: Visit) -> Redirect {
    let year = visit.site.studio.folder.plan.year;
    Redirect::to(&format!("/matrix/{year}"))
}

async fn show(visit: Visit, Path(year): Path<String>) -> Result<Response, Fault> {
    let year: i32 =
        year.parse().ok().filter(|year| (1900..=9999).contains(year)).ok_or_else(Fault::missing)?;
    let studio = visit.site.studio.clone();
    let today = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
    let site = visit.site.clone();
    let matrix = visit.work(move |studio| site.compliance.of(&studio.folder, year, today)).await?;
    let totals = matrix.as_ref().map(|matrix| matrix.totals.clone()).unwrap_or_default();
    let percent = (totals.cells_complete * 100).checked_div(totals.cells_due).unwrap_or(0);
    let plan_year = studio.folder.plan.year;
    let page = visit.titled(visit.page("web-nav-matrix").t1("web-matrix-title", "year", &year));
    Ok(html(&MatrixPage { page, year, plan_year, matrix, percent }).into_response())
}

/// Reads the years of the log before anybody asks for them, the latest first; what cannot be read is told when somebody
/// looks at it.
pub(super) async fn remember(site: Site) {
    let years = site.work(|studio| Compliance::years(&studio.folder, studio.now())).await;
    let Ok(Some((first, last))) = years else { return };
    for year in (first..=last).rev().take(MOST_YEARS) {
        let of = site.clone();
        let read = move |studio: &Studio| {
            let today = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
            of.compliance.of(&studio.folder, year, today).map(drop)
        };
        if site.work(read).await.is_err() {
            return;
        }
    }
}

/// How a cell looks: its sign and its class.
fn mark(state: State) -> (&'static str, &'static str) {
    let class = match state {
        State::Complete => "ok",
        State::Short => "warning",
        State::None => "error",
        State::NotYetDue | State::NoUnit | State::NoReport => "",
    };
    (state.sign(), class)
}

const STATES: [(State, &str); 6] = [
    (State::Complete, "web-cell-complete"),
    (State::Short, "web-cell-short"),
    (State::None, "web-cell-none"),
    (State::NotYetDue, "web-cell-not-yet-due"),
    (State::NoUnit, "web-cell-no-unit"),
    (State::NoReport, "web-cell-no-report"),
];

#[allow(clippy::unused_self, reason = "templates call methods")]
impl MatrixPage {
    fn trend(&self, matrix: &Matrix) -> Safe<String> {
        Safe(trend_picture(matrix, self.page.visit.lang))
    }

    fn symbol(&self, cell: &Cell) -> &'static str {
        mark(cell.state).0
    }

    fn class(&self, cell: &Cell) -> &'static str {
        mark(cell.state).1
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as templates call it")]
    fn named(&self, month: &Month) -> String {
        reading::month(*month)
    }

    fn said(&self, cell: &Cell) -> String {
        self.page.visit.say(&cell.message())
    }

    fn legend(&self) -> Vec<(&'static str, &'static str, String)> {
        STATES.iter().map(|(state, key)| (mark(*state).0, mark(*state).1, self.page.t(key))).collect()
    }

    /// The topics of the plan with the months in which they were aired.
    fn topics(&self) -> Vec<(String, String)> {
        let plan = &self.page.visit.site.studio.folder.plan;
        let matrix = self.matrix.as_ref();
        // In the plan's order, not in that of their letters.
        let of = |topic: &Topic| {
            let months = matrix.and_then(|matrix| matrix.topics.get(&topic.id)).into_iter().flatten();
            let months: Vec<String> = months.map(|month| format!("{:02}", month.number())).collect();
            (format!("{}. {}", topic.id, topic.text), months.join(", "))
        };
        plan.topics.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_states_look_alike_without_colours() {
        let symbols: std::collections::BTreeSet<&str> = STATES.iter().map(|(s, _)| mark(*s).0).collect();
        assert_eq!(symbols.len(), STATES.len());
    }
}
