//! Reports in the pages: a period is chosen and looked at, and its report is taken along as the command line writes it.

mod asked;
mod file;
mod urge;

use askama::{Template, filters::Safe};
use axum::{extract::RawQuery, response::Response};

use self::asked::{Asked, KINDS};
use super::{
    error::Fault,
    form,
    log::TAKERS,
    page::{Page, Visit, html},
    route::{Route, get, has},
};
use crate::{
    control::last_month,
    reconcile::Matrix,
    report::{Format, TABLES, matrix_picture, trend_picture},
};

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![get("/reports", has(TAKERS), show)];
    routes.extend(file::routes());
    routes.extend(urge::routes());
    routes
}

/// From so many stations one is chosen; of more the id is written.
const CHOSEN_FROM: usize = 200;

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    page: Page,
    asked: Asked,
    deadline: String,
    year: i32,
    /// Of the period that is asked for; none where no plan of that year is known.
    matrix: Option<Matrix>,
    /// Those of a centre, of which one alone may be asked for.
    stations: Vec<String>,
}

/// What the address asks for, with what people mostly want where it is silent.
async fn asked(visit: &Visit, query: Option<&str>) -> Result<Asked, Fault> {
    let asked: Asked = form::query(query);
    let month = visit
        .work(|studio| {
            let today = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
            last_month(&studio.folder, today)
        })
        .await?;
    Ok(asked.filled(month, visit.site.studio.folder.plan.year))
}

async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let asked = asked(&visit, query.as_deref()).await?;
    let deadline = visit.site.studio.folder.plan.report.deadline.format("%d/%m/%Y").to_string();
    let ((year, period), as_of) = (asked.period()?, asked.as_of()?);
    let site = visit.site.clone();
    let of = asked.clone();
    let (matrix, stations) = visit
        .work(move |studio| {
            let today = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
            let all = studio.sources()?;
            let stations = all.stations();
            let matrix = site.compliance.of_period(&of.of(all)?, year, period, as_of.unwrap_or(today))?;
            Ok((matrix, stations))
        })
        .await?;
    Ok(html(&ReportsPage { page: visit.page("web-reports"), asked, deadline, year, matrix, stations }))
}

impl ReportsPage {
    /// The kinds of periods, each with its words.
    fn kinds(&self) -> Vec<(&'static str, String)> {
        let said = |kind: &str| self.page.t1(&format!("web-period-{kind}"), "deadline", &self.deadline);
        KINDS.iter().map(|kind| (*kind, said(kind))).collect()
    }

    /// The forms of a report, each with its words.
    fn formats(&self) -> Vec<(&'static str, String)> {
        Format::ALL.iter().map(|(word, _)| (*word, self.page.coded("web-format", word))).collect()
    }

    fn drawn(&self, matrix: &Matrix) -> Safe<String> {
        Safe(matrix_picture(matrix, self.page.visit.lang))
    }

    /// A month alone has no trend.
    fn trend(&self, matrix: &Matrix) -> Option<Safe<String>> {
        (matrix.months.len() > 1).then(|| Safe(trend_picture(matrix, self.page.visit.lang)))
    }

    /// The tables, of which lines are one, each with its title.
    fn tables(&self) -> Vec<(&'static str, String)> {
        TABLES.iter().map(|name| (*name, self.page.coded("report-of", name))).collect()
    }
}
