//! `/reports/urge`: what is missing, per unit, until when it can be made good, and the text that asks for it.

use askama::Template;
use axum::{extract::RawQuery, response::Response};
use serde::Deserialize;

use crate::{
    control::{Lack, Studio, Urged, Urging},
    report,
    units::Month,
    web::{
        error::Fault,
        form,
        log::unclear,
        page::{Page, Visit, html},
        route::{EVERYONE, Route, get},
    },
};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/reports/urge", EVERYONE, show)]
}

/// What the address asks for: a month, or else the year.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    period: String,
    month: String,
    year: String,
}

#[derive(Template)]
#[template(path = "urge.html")]
struct UrgePage {
    page: Page,
    asked: Asked,
    year: i32,
    urging: Option<Urging>,
}

async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let mut asked: Asked = form::query(query.as_deref());
    let plan_year = visit.site.studio.folder.plan.year;
    let month = match asked.period.as_str() {
        "month" => Some(asked.month.parse::<Month>().map_err(|_| unclear("month", &asked.month))?),
        _ => None,
    };
    let year = match (month, asked.year.as_str()) {
        (Some(month), _) => month.year(),
        (None, "") => plan_year,
        (None, year) => {
            let known = year.parse().ok().filter(|year| (1900..=9999).contains(year));
            known.ok_or_else(|| unclear("year", year))?
        }
    };
    let site = visit.site.clone();
    let known =
        move |studio: &Studio| Urging::of(&studio.sources()?, &site.compliance, year, month, studio.now());
    let urging = visit.work(known).await?;
    let studio = &visit.site.studio;
    let today = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
    asked.year = year.to_string();
    if month.is_none() {
        asked.month = Month::of(today).to_string();
    }
    Ok(html(&UrgePage { page: visit.page("web-urge"), asked, year, urging }))
}

impl UrgePage {
    fn lacks(&self, lack: &Lack) -> String {
        report::lacks(lack, self.page.visit.lang)
    }

    fn remedy(&self, lack: &Lack) -> String {
        report::remedy(lack, self.page.visit.lang)
    }

    fn letter(&self, urging: &Urging, unit: &Urged) -> Option<String> {
        report::letter(urging, unit, self.page.visit.lang)
    }
}
