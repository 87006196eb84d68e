//! Reports in the pages: a period is chosen and looked at, and its report is taken along as the command line writes it.

mod asked;
mod file;
mod urge;

use askama::Template;
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
    report::{Format, TABLES},
};

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![get("/reports", has(TAKERS), show)];
    routes.extend(file::routes());
    routes.extend(urge::routes());
    routes
}

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    page: Page,
    asked: Asked,
    deadline: String,
}

async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let asked: Asked = form::query(query.as_deref());
    let plan = &visit.site.studio.folder.plan;
    let (year, deadline) = (plan.year, plan.report.deadline.format("%d/%m/%Y").to_string());
    let month = visit
        .work(|studio| {
            let today = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
            last_month(&studio.folder, today)
        })
        .await?;
    let asked = asked.filled(month, year);
    Ok(html(&ReportsPage { page: visit.page("web-reports"), asked, deadline }))
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

    /// The tables, of which lines are one, each with its title.
    fn tables(&self) -> Vec<(&'static str, String)> {
        TABLES.iter().map(|name| (*name, self.page.coded("report-of", name))).collect()
    }
}
