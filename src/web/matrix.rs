//! `/matrix/{year}`: what of the year's plan was aired, unit × programme month, by this station's own log, or at a centre
//! by those of its stations. Every number leads to the log that says so.

use askama::{Template, filters::Safe};
use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};

use super::{
    error::Fault,
    fleet, form,
    page::{Page, Visit, html},
    reading,
    route::{EVERYONE, Route, get},
    site::Site,
};
use crate::{
    control::{Compliance, ControlError, Studio, Teller, YearSeen},
    programme::plan::Topic,
    reconcile::{Cell, State, UnitRow},
    report::trend_picture,
    units::Month,
    words::Message,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/matrix", EVERYONE, this_year),
        get("/matrix/{year}", EVERYONE, show),
        get("/matrix/{month}/{unit}", EVERYONE, of_cell),
    ]
}

#[derive(Template)]
#[template(path = "matrix.html")]
struct MatrixPage {
    page: Page,
    year: i32,
    plan_year: i32,
    seen: Option<YearSeen>,
    percent: u32,
}

/// A cell of which several stations tell, each in its own log.
#[derive(Template)]
#[template(path = "matrix-cell.html")]
struct CellPage {
    page: Page,
    year: i32,
    said: String,
    /// The stations, each with the address of its month.
    logs: Vec<(String, String)>,
}

/// To the year of the plan that holds.
async fn this_year(visit: Visit) -> Redirect {
    let year = visit.site.studio.folder.plan.year;
    Redirect::to(&format!("/matrix/{year}"))
}

async fn show(visit: Visit, Path(year): Path<String>) -> Result<Response, Fault> {
    let year: i32 =
        year.parse().ok().filter(|year| (1900..=9999).contains(year)).ok_or_else(Fault::missing)?;
    let seen = seen(&visit, year).await?;
    let totals = seen.as_ref().map(|seen| seen.matrix.totals.clone()).unwrap_or_default();
    let percent = (totals.cells_complete * 100).checked_div(totals.cells_due).unwrap_or(0);
    let plan_year = visit.site.studio.folder.plan.year;
    let page = visit.titled(visit.page("web-nav-matrix").t1("web-matrix-title", "year", &year));
    Ok(html(&MatrixPage { page, year, plan_year, seen, percent }).into_response())
}

async fn of_cell(visit: Visit, Path((month, unit)): Path<(String, String)>) -> Result<Response, Fault> {
    let month: Month = month.parse().map_err(|_| Fault::missing())?;
    let seen = seen(&visit, month.year()).await?.ok_or_else(Fault::missing)?;
    let row = seen.matrix.units.iter().find(|row| row.unit == unit).ok_or_else(Fault::missing)?;
    let cell = row.cells.iter().find(|cell| cell.month == month).ok_or_else(Fault::missing)?;
    let of_month = |teller: &Teller| (teller.station.clone(), address(teller, month));
    let logs = seen.tellers.get(&unit).into_iter().flatten().map(of_month).collect();
    let title = Message::new("web-matrix-cell").with("unit", &row.name).with("month", reading::month(month));
    let (page, said) = (visit.titled(visit.say(&title)), visit.say(&cell.message()));
    Ok(html(&CellPage { page, year: month.year(), said, logs }))
}

/// The year as of today.
async fn seen(visit: &Visit, year: i32) -> Result<Option<YearSeen>, Fault> {
    let site = visit.site.clone();
    visit.work(move |studio| read(&site, studio, year)).await
}

fn read(site: &Site, studio: &Studio, year: i32) -> Result<Option<YearSeen>, ControlError> {
    let today = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
    site.compliance.of(&studio.sources()?, year, today)
}

/// Reads the years of the logs before anybody asks for them, the latest first; what cannot be read is told when somebody
/// looks at it.
pub(super) async fn remember(site: Site) {
    let years = site.work(|studio| Compliance::years(&studio.sources()?, studio.now())).await;
    for year in years.into_iter().flatten() {
        let of = site.clone();
        if site.work(move |studio| read(&of, studio, year).map(drop)).await.is_err() {
            return;
        }
    }
}

/// Where a log has its lines of `month`: the station's own pages, or those of a station of the fleet.
fn address(teller: &Teller, month: Month) -> String {
    match &teller.origin {
        None => format!("/log?month={month}"),
        Some(origin) => format!("{}/log?month={month}", fleet::address(origin)),
    }
}

/// The class of a cell.
fn class(state: State) -> &'static str {
    match state {
        State::Complete => "ok",
        State::Short => "warning",
        State::None => "error",
        State::NotYetDue | State::NoUnit | State::NoReport => "",
    }
}

#[allow(clippy::unused_self, reason = "templates call methods")]
impl MatrixPage {
    fn trend(&self, seen: &YearSeen) -> Safe<String> {
        Safe(trend_picture(&seen.matrix, self.page.visit.lang))
    }

    fn class(&self, cell: &Cell) -> &'static str {
        class(cell.state)
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as templates call it")]
    fn named(&self, month: &Month) -> String {
        reading::month(*month)
    }

    fn said(&self, cell: &Cell) -> String {
        self.page.visit.say(&cell.message())
    }

    /// Where a cell's airings are; nowhere where no log tells of the unit.
    fn way(&self, seen: &YearSeen, row: &UnitRow, cell: &Cell) -> Option<String> {
        let mut tellers = seen.tellers.get(&row.unit)?.iter();
        Some(match (tellers.next()?, tellers.next()) {
            (alone, None) => address(alone, cell.month),
            _ => format!("/matrix/{}/{}", cell.month, form::part(&row.unit)),
        })
    }

    fn legend(&self) -> Vec<(&'static str, &'static str, String)> {
        let of = |state: State| (state.sign(), class(state), self.page.t(&format!("web-{}", state.key())));
        State::ALL.map(of).into()
    }

    /// The topics of that year's plan with the months in which they were aired.
    fn topics(&self, seen: &YearSeen) -> Vec<(String, String)> {
        // In the plan's order, not in that of their letters.
        let of = |topic: &Topic| {
            let months = seen.matrix.topics.get(&topic.id).into_iter().flatten();
            let months: Vec<String> = months.map(|month| format!("{:02}", month.number())).collect();
            (format!("{}. {}", topic.id, topic.text), months.join(", "))
        };
        seen.plan.topics.iter().map(of).collect()
    }
}
