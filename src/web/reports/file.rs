//! `/reports/file`: a report to take along, the same bytes that `loa report` writes.

use axum::{
    extract::RawQuery,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use tokio::sync::Semaphore;

use super::asked::Asked;
use crate::{
    control::Account,
    report,
    web::{
        error::Fault,
        form,
        log::TAKERS,
        page::Visit,
        route::{Route, get, has},
    },
    words::Message,
};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/reports/file", has(TAKERS), take)]
}

/// A report reads its whole period: one is made at a time.
static ONE: Semaphore = Semaphore::const_new(1);

async fn take(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let asked: Asked = form::query(query.as_deref());
    let ((year, period), as_of) = (asked.period()?, asked.as_of()?);
    let (format, table) = (asked.format()?, asked.table()?);
    let lines = if format == report::Format::Csv { format!("-{table}") } else { String::new() };
    let name = format!("{}{lines}.{}", asked.name(), format.word());
    let Ok(_one) = ONE.try_acquire() else { return Err(Fault::no(Message::new("web-report-busy"))) };
    let made = visit
        .work(move |studio| {
            let today = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
            Account::of(&studio.sources()?, year, period, as_of.unwrap_or(today))
        })
        .await?;
    let account = made.ok_or_else(|| Fault::no(Message::new("report-no-plan").with("year", year)))?;
    let lang = visit.lang;
    let written = visit.work(move |_| Ok(report::write(&account, format, table, lang))).await?;
    let bytes = written.map_err(Fault::failed)?.ok_or_else(Fault::missing)?;
    let station = &visit.site.studio.folder.station.id;
    let disposition = format!("attachment; filename=\"bao-cao-{station}-{name}\"");
    let disposition = HeaderValue::from_str(&disposition).map_err(Fault::failed)?;
    let heads: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((heads, bytes).into_response())
}
