//! Settings: people, the station itself, keys, units, legal holds, the test tone. Whoever may look changes nothing
//! unless an admin; each change is an entry.

mod field;
mod holds;
mod keys;
mod people;
mod station;
mod tone;
mod units;

use askama::Template;
use axum::response::Response;

use super::{
    error::Fault,
    page::{Page, Visit, html},
    route::{Route, get, has},
    site::hold,
};
use crate::control::{
    People,
    Role::{self, Admin, Auditor, Operator},
    Studio, holds as all_holds,
};

/// Who may look at settings.
const READERS: &[Role] = &[Admin, Auditor];
/// Who changes them.
const CHANGERS: &[Role] = &[Admin];
/// Who may let the loudspeaker sound for a second.
const TESTERS: &[Role] = &[Operator, Admin];

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![get("/settings", has(READERS), overview)];
    routes.extend(people::routes());
    routes.extend(station::routes());
    routes.extend(keys::routes());
    routes.extend(units::routes());
    routes.extend(holds::routes());
    routes.extend(tone::routes());
    routes
}

/// The key of the label of the setting `name`, as forms call it.
pub(super) fn label(name: &str) -> Option<String> {
    field::FIELDS.iter().find(|field| field.name() == name).map(field::Field::label)
}

/// The key of the name of the day that files call `word`.
pub(super) fn weekday(word: &str) -> Option<String> {
    station::DAYS.contains(&word).then(|| format!("web-day-{word}"))
}

/// One place of the settings, with what stands there in a few words.
struct Card {
    path: &'static str,
    key: &'static str,
    about: String,
}

#[derive(Template)]
#[template(path = "settings/overview.html")]
struct OverviewPage {
    page: Page,
    cards: Vec<Card>,
    fingerprint: Option<(String, String)>,
}

async fn overview(visit: Visit) -> Result<Response, Fault> {
    let page = visit.page("web-nav-settings");
    let counted = |studio: &Studio| {
        let open = People::read(&studio.folder)?.iter().filter(|person| !person.closed).count();
        let held = all_holds(&studio.folder)?.iter().filter(|hold| hold.lifted.is_none()).count();
        Ok((open, held))
    };
    let (open, held) = visit.work(counted).await?;
    let folder = &visit.site.studio.folder;
    let station = &folder.station;
    let today = visit.site.studio.now().with_timezone(&station.zone).date_naive();
    let trusted = station.approvers.len() + station.operators.len();
    let card = |path, key, about| Card { path, key, about };
    let cards = vec![
        card("/settings/people", "web-people", page.t1("web-people-about", "count", &open)),
        card("/settings/station", "web-station", station.output.device.clone()),
        card("/settings/keys", "web-keys", page.t1("web-keys-about", "count", &trusted)),
        card(
            "/settings/units",
            "web-plan-units",
            page.t1("web-units-about", "count", &folder.plan.units_at(today).count()),
        ),
        card("/settings/holds", "web-holds", page.t1("web-holds-about", "count", &held)),
        card("/settings/tone", "web-tone", page.t("web-tone-about")),
    ];
    let certificate = hold(&visit.site.certificate);
    let fingerprint = certificate.as_ref().map(|held| (held.fingerprint.clone(), visit.local(held.until)));
    drop(certificate);
    Ok(html(&OverviewPage { page, cards, fingerprint }))
}
