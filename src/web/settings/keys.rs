//! Keys: the station's own, and whose signatures count here.

use askama::Template;
use axum::{Extension, response::Response};

use super::{
    CHANGERS, READERS,
    station::{checked, placed},
};
use crate::{
    config::Station,
    control::{ControlError, KeyView, SettingsFile, Studio},
    units::Digest,
    web::{
        error::Fault,
        form::Form,
        page::{Page, Visit, html},
        route::{Route, get, has, post},
    },
    words::Message,
};

const PATH: &str = "/settings/keys";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(PATH, has(READERS), show),
        post("/settings/keys/add", has(CHANGERS), add),
        post("/settings/keys/remove", has(CHANGERS), remove),
    ]
}

/// The lists of trusted keys, as the settings call them.
const LISTS: [&str; 2] = ["approvers", "operators"];

/// A trusted key as the file has it.
struct Trusted {
    key: KeyView,
    /// It counts since the last start; else from the next.
    counts: bool,
}

#[derive(Template)]
#[template(path = "settings/keys.html")]
struct KeysPage {
    page: Page,
    station: Option<KeyView>,
    approval: Option<KeyView>,
    /// By list.
    trusted: Vec<(&'static str, Vec<Trusted>)>,
    may_change: bool,
    waits: bool,
}

fn texts(station: &Station, list: &str) -> Vec<String> {
    let keys = if list == "approvers" { &station.approvers } else { &station.operators };
    keys.iter().map(|key| key.as_text().to_owned()).collect()
}

async fn show(visit: Visit) -> Result<Response, Fault> {
    let read = |studio: &Studio| {
        let own = ["station", "approval"].map(|name| KeyView::beside(&studio.folder, name));
        Ok((SettingsFile::read(&studio.folder)?, own))
    };
    let (file, [station, approval]) = visit.work(read).await?;
    let folder = &visit.site.studio.folder;
    let in_file = file.station().0.unwrap_or_else(|| folder.station.clone());
    let trusted = |list| {
        let force = texts(&folder.station, list);
        let each = |text: String| Trusted { counts: force.contains(&text), key: KeyView::of(&text) };
        (list, texts(&in_file, list).into_iter().map(each).collect())
    };
    Ok(html(&KeysPage {
        page: visit.page("web-keys"),
        station,
        approval,
        trusted: LISTS.into_iter().map(trusted).collect(),
        may_change: visit.has(CHANGERS),
        waits: file.digest() != Digest::of(&folder.station_bytes),
    }))
}

async fn add(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let result = change(&visit, &form, true).await;
    visit.told(PATH, result).await
}

async fn remove(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let result = change(&visit, &form, false).await;
    visit.told(PATH, result).await
}

async fn change(visit: &Visit, form: &Form, add: bool) -> Result<[String; 2], Fault> {
    let _alone = visit.site.changing.lock().await;
    let list = LISTS.into_iter().find(|list| *list == form.get("list")).ok_or_else(Fault::missing)?;
    let mut file = visit.work(|studio| SettingsFile::read(&studio.folder)).await?;
    file.list("trust", list, form.get("key").trim(), add);
    if file.changes.is_empty() {
        return Err(Fault::no(Message::new("web-station-same")));
    }
    if let Err(error) = checked(visit, &file).await? {
        // The key is the only thing that was typed: what is wrong is said at once.
        if let ControlError::Config(findings) = &error
            && let Some(finding) = findings.iter().find(|finding| finding.place.key.starts_with("trust"))
        {
            return Err(Fault::no(finding.message.clone()));
        }
        return Err(error.into());
    }
    placed(visit, &file).await
}
