//! The station's own settings: what is in force since the last start, what waits for the next, and how to change it.

use std::time::{Duration, Instant};

use askama::Template;
use axum::{
    Extension,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use super::{
    CHANGERS, READERS,
    field::{FIELDS, Field, Kind, taken, text_of},
};
use crate::{
    control::{Act, Ask, ControlError, FindingView, SettingsFile, devices, finding_view},
    programme::{Finding, Severity},
    units::Digest,
    web::{
        error::{Fault, done},
        form::Form,
        page::{Page, Visit, both, html},
        route::{Route, get, has, post},
        site::hold,
    },
    words::Message,
};

const PATH: &str = "/settings/station";
/// How long a list of devices is good.
const FRESH: Duration = Duration::from_mins(1);

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(PATH, has(READERS), show),
        post(PATH, has(CHANGERS), change),
        post("/settings/restart", has(CHANGERS), restart),
    ]
}

/// A setting as the page shows it.
struct Shown {
    /// Name of its field in the form.
    name: String,
    label: String,
    /// Stands before it, where another part of the file begins.
    head: Option<String>,
    kind: Kind,
    /// What the form holds.
    value: String,
    /// What is in force, where that differs from what the file says.
    in_force: Option<String>,
    wrong: Vec<FindingView>,
}

impl Shown {
    fn has(&self, day: &str) -> bool {
        self.value.split(", ").any(|held| held == day)
    }
}

#[derive(Template)]
#[template(path = "settings/station.html")]
struct StationPage {
    page: Page,
    id: String,
    unit: String,
    zone: String,
    fields: Vec<Shown>,
    /// Outputs that can be chosen here, with what they call themselves.
    devices: Vec<(String, String)>,
    /// What is wrong with the file beside the fields of the page.
    findings: Vec<FindingView>,
    /// Digest of the file that the form was made from.
    seen: String,
    waits: bool,
    may_change: bool,
    supervised: bool,
}

/// The days of a week, as files name them.
pub(super) const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The page of `file`; with `typed`, as somebody filled it in.
fn page(visit: &Visit, file: &SettingsFile, typed: Option<&Form>, findings: &[Finding]) -> Response {
    let page = visit.page("web-station");
    let folder = &visit.site.studio.folder;
    let (station, own) = file.station();
    let found: Vec<_> = if typed.is_some() { findings.to_vec() } else { own };
    let in_file = station.as_ref().unwrap_or(&folder.station);
    let mut elsewhere = Vec::new();
    for finding in found.iter().filter(|finding| finding.severity != Severity::Note) {
        if !FIELDS.iter().any(|field| field.is(&finding.place.key)) {
            elsewhere.push(finding_view(finding, visit.lang));
        }
    }
    let shown = FIELDS.iter().enumerate().map(|(n, field)| {
        let begins = n == 0 || FIELDS[n - 1].table != field.table;
        let (value, force) = (text_of(in_file, field), text_of(&folder.station, field));
        let wrong = found.iter().filter(|finding| field.is(&finding.place.key));
        Shown {
            name: field.name(),
            label: page.t(&field.label()),
            head: begins.then(|| page.coded("web-part", field.table)),
            kind: field.kind,
            in_force: Some(force).filter(|force| *force != value),
            value: typed.and_then(|form| taken(form, field)).unwrap_or(value),
            wrong: wrong.map(|finding| finding_view(finding, visit.lang)).collect(),
        }
    });
    let fields: Vec<_> = shown.collect();
    html(&StationPage {
        id: folder.station.id.clone(),
        unit: page.station(),
        zone: folder.station.zone.to_string(),
        fields,
        devices: known_devices(visit),
        findings: elsewhere,
        seen: file.digest().to_string(),
        waits: file.digest() != Digest::of(&folder.station_bytes),
        may_change: visit.has(CHANGERS),
        // What systemd tells the processes that it starts.
        supervised: std::env::var_os("INVOCATION_ID").is_some(),
        page,
    })
}

/// Asking every sound server takes seconds: what was found stays for a minute.
fn known_devices(visit: &Visit) -> Vec<(String, String)> {
    let mut known = hold(&visit.site.devices);
    if known.0.is_none_or(|at| at.elapsed() > FRESH) {
        let choice = |line: String| {
            let (name, about) = line.split_once(' ')?;
            Some((name.to_owned(), about.trim_matches([' ', '*']).to_owned()))
        };
        // What only swallows sound is no loudspeaker.
        let devices = devices().into_iter().filter(|line| !line.contains(" (–)"));
        *known = (Some(Instant::now()), devices.filter_map(choice).collect());
    }
    known.1.clone()
}

async fn show(visit: Visit) -> Result<Response, Fault> {
    let again = visit.clone();
    // Devices are asked of the sound server, which may take its time.
    visit.work(move |studio| Ok(page(&again, &SettingsFile::read(&studio.folder)?, None, &[]))).await
}

async fn change(visit: Visit, Extension(form): Extension<Form>) -> Result<Response, Fault> {
    let _alone = visit.site.changing.lock().await;
    let before = visit.work(|studio| SettingsFile::read(&studio.folder)).await?;
    let mut file = before.clone();
    if form.get("seen") != before.digest().to_string() {
        let changed = Fault::no(Message::new("settings-changed"));
        return Ok(visit.refuse(PATH, changed).await);
    }
    let (station, _) = before.station();
    let station = station.unwrap_or_else(|| visit.site.studio.folder.station.clone());
    // What stays as it is stays as it is written; the two halves of the windows go together.
    let typed = |field: &Field| taken(&form, field).unwrap_or_else(|| text_of(&station, field));
    let changed = |field: &Field| typed(field) != text_of(&station, field);
    let windows = FIELDS.iter().any(|field| field.table == "windows" && changed(field));
    for field in FIELDS {
        if changed(field) || (windows && field.table == "windows") {
            file.set(field.table, field.key, &field.setting(&typed(field)));
        }
    }
    if file.changes.is_empty() {
        return Ok(visit.done(PATH, both(&Message::new("web-station-same"))).await);
    }
    match checked(&visit, &file).await? {
        Ok(()) => {}
        Err(ControlError::Config(findings)) => {
            let again = visit.clone();
            let answer = visit.work(move |_| Ok(page(&again, &before, Some(&form), &findings))).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, answer).into_response());
        }
        Err(error) => return Err(error.into()),
    }
    let result = placed(&visit, &file).await;
    Ok(visit.told(PATH, result).await)
}

/// What the changed `file` would be as a whole.
pub(super) async fn checked(visit: &Visit, file: &SettingsFile) -> Result<Result<(), ControlError>, Fault> {
    let file = file.clone();
    visit.work(move |studio| Ok(file.check(&studio.folder))).await
}

/// Enters the changes of `file`, then places it: no change is without its entry.
pub(super) async fn placed(visit: &Visit, file: &SettingsFile) -> Result<[String; 2], Fault> {
    let text = file.changes.join("; ");
    done(visit.site.studio.enter(Act::Settings, &visit.by(), text).await)?;
    let file = file.clone();
    visit.work(move |studio| file.place(&studio.folder)).await?;
    Ok(both(&Message::new("web-station-saved")))
}

async fn restart(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let result = if form.get("sure") == "yes" {
        done(visit.site.studio.ask(Ask::Restart { by: visit.by() }).await)
    } else {
        Err(Fault::no(Message::new("web-restart-unsure")))
    };
    visit.told(PATH, result).await
}
