//! `/reports/file`: a report to take along, the same bytes that `loa report` writes; `/reports/print`: the page to print,
//! in the browser itself.

use axum::{
    extract::RawQuery,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use tokio::sync::Semaphore;

use super::{asked, asked::Asked};
use crate::{
    control::Account,
    report::{self, Format, ReportError},
    web::{
        error::Fault,
        log::TAKERS,
        page::Visit,
        route::{Route, get, has},
    },
    words::Message,
};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/reports/file", has(TAKERS), take), get("/reports/print", has(TAKERS), print)]
}

/// A report reads its whole period: one is made at a time.
static ONE: Semaphore = Semaphore::const_new(1);

/// The page to print has its own styles and nothing else: no script, picture or address outside itself.
const PRINTED: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; \
                       frame-ancestors 'none'";

async fn take(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let asked = asked(&visit, query.as_deref()).await?;
    let format = asked.format()?;
    sent(&visit, &asked, format, "attachment").await
}

async fn print(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let asked = asked(&visit, query.as_deref()).await?;
    let mut page = sent(&visit, &asked, Format::Html, "inline").await?;
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PRINTED));
    Ok(page)
}

/// The report in `format`, that browsers treat in the `way` that is meant (RFC 6266).
async fn sent(visit: &Visit, asked: &Asked, format: Format, way: &str) -> Result<Response, Fault> {
    let ((year, period), as_of) = (asked.period()?, asked.as_of()?);
    let table = asked.table(format)?;
    let lines = if format == Format::Csv { format!("-{table}") } else { String::new() };
    let name = format!("{}{lines}.{}", asked.name(), format.word());
    let Ok(_one) = ONE.try_acquire() else { return Err(Fault::no(Message::new("web-report-busy"))) };
    let of = asked.clone();
    let made = visit
        .work(move |studio| {
            let today = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
            Account::of(&of.of(studio.sources()?)?, year, period, as_of.unwrap_or(today))
        })
        .await?;
    let account = made.ok_or_else(|| Fault::no(Message::new("report-no-plan").with("year", year)))?;
    let lang = visit.lang;
    let station = account.station.clone();
    let written = visit.work(move |_| Ok(report::write(&account, format, table, lang))).await?;
    let bytes = match written {
        Err(ReportError::TooLarge(no)) => return Err(Fault::no(no)),
        written => written.map_err(Fault::failed)?.ok_or_else(Fault::missing)?,
    };
    let disposition = format!("{way}; filename=\"bao-cao-{station}-{name}\"");
    let disposition = HeaderValue::from_str(&disposition).map_err(Fault::failed)?;
    let heads: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((heads, bytes).into_response())
}
