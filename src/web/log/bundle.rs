//! `/log/bundle`: the evidence of a period as one file to take along.

use axum::{
    body::Body,
    extract::{RawQuery, Request},
    http::{HeaderValue, header},
    response::Response,
};
use chrono::NaiveDate;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tower_http::services::ServeFile;

use super::{Shelf, unclear};
use crate::{
    control::{
        Parcel,
        Role::{self, Admin, Approver, Auditor},
        Wish,
    },
    units::Month,
    web::{
        error::Fault,
        form,
        page::Visit,
        route::{Route, get, has},
    },
    words::Message,
};

/// Who takes evidence along.
pub(in crate::web) const TAKERS: &[Role] = &[Auditor, Approver, Admin];

pub(super) fn routes() -> Vec<Route> {
    vec![get("/log/bundle", has(TAKERS), take)]
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Period {
    month: String,
    from: String,
    to: String,
}

impl Period {
    /// Its days; an empty field is open.
    fn days(&self) -> Result<(Option<NaiveDate>, Option<NaiveDate>), Fault> {
        if self.from.is_empty() && self.to.is_empty() && !self.month.is_empty() {
            let month: Month = self.month.parse().map_err(|_| unclear("month", &self.month))?;
            return Ok((Some(month.first()), Some(month.last())));
        }
        let day = |name, text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| unclear(name, text)),
        };
        Ok((day("from", &self.from)?, day("to", &self.to)?))
    }
}

/// A bundle is as large as its period: one is made at a time.
static ONE: Semaphore = Semaphore::const_new(1);

async fn take(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    give(&visit, Shelf::own(&visit), query).await
}

/// The bundle of the log on `shelf` that `query` asks for.
pub(in crate::web) async fn give(
    visit: &Visit,
    shelf: Shelf,
    query: Option<String>,
) -> Result<Response, Fault> {
    let (from, to) = form::query::<Period>(query.as_deref()).days()?;
    let Ok(_one) = ONE.try_acquire() else { return Err(Fault::no(Message::new("web-bundle-busy"))) };
    let wish = Wish { from, to, audio: false, force: false };
    let made = shelf.work(visit, move |folder| Parcel::make(folder, wish)).await?;
    // The answer holds the file open: it is sent to its end though its name goes now.
    let request = Request::new(Body::empty());
    let mut file = ServeFile::new(made.file()).try_call(request).await.map_err(Fault::failed)?.map(Body::new);
    let word = |day: Option<NaiveDate>, open: &str| day.map_or_else(|| open.into(), |day| day.to_string());
    let station = &shelf.folder.station.id;
    let name = format!("loa-{station}-{}-{}.zip", word(from, "dau"), word(to, "cuoi"));
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = file.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(Fault::failed)?);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(header::LAST_MODIFIED);
    headers.remove(header::ACCEPT_RANGES);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_month_or_days() {
        let days = |query: &str| {
            let (from, to) = form::query::<Period>(Some(query)).days().map_err(|_| ())?;
            Ok::<_, ()>([from, to].map(|day| day.map_or_else(String::new, |day| day.to_string())).join(" "))
        };
        assert_eq!(days("month=2022-03"), Ok("2022-03-01 2022-03-31".into()));
        assert_eq!(days("month=2022-03&from=2022-03-05"), Ok("2022-03-05 ".into()));
        assert_eq!(days(""), Ok(" ".into()));
        assert_eq!((days("month=x"), days("to=31.3.2022")), (Err(()), Err(())));
    }
}
