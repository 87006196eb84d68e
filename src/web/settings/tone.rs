//! A second of tone, for whoever stands at the loudspeaker.

use askama::Template;
use axum::response::Response;

use super::TESTERS;
use crate::{
    control::{
        Ask,
        Role::{self, Admin, Auditor, Operator},
    },
    web::{
        error::{Fault, done},
        page::{Page, Visit, html},
        route::{Route, get, has, post},
    },
};

const PATH: &str = "/settings/tone";
/// Who may look at the page of it.
const LOOKERS: &[Role] = &[Operator, Auditor, Admin];

pub(super) fn routes() -> Vec<Route> {
    vec![get(PATH, has(LOOKERS), show), post(PATH, has(TESTERS), sound)]
}

#[derive(Template)]
#[template(path = "settings/tone.html")]
struct TonePage {
    page: Page,
    device: String,
    windows: String,
    may_test: bool,
}

async fn show(visit: Visit) -> Result<Response, Fault> {
    let station = &visit.site.studio.folder.station;
    let windows = station.windows.texts().join(", ").replace('-', "–");
    let (device, may_test) = (station.output.device.clone(), visit.has(TESTERS));
    Ok(html(&TonePage { page: visit.page("web-tone"), device, windows, may_test }))
}

async fn sound(visit: Visit) -> Response {
    let result = done(visit.site.studio.ask(Ask::Tone { by: visit.by() }).await);
    visit.told(PATH, result).await
}
