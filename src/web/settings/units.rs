//! The units of the plan, each with the names that it had at its time, and the plan's file.

use askama::Template;
use axum::{
    Extension,
    extract::{FromRequest as _, Multipart, Request},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chrono::NaiveDate;
use serde::Deserialize;

use super::{CHANGERS, READERS, holds::day};
use crate::{
    control::{Act, FindingView, UnitChange, check_plan, finding_view, place_plan, plan_file, unit_ended},
    programme::{Plan, Unit, UnitKind, plan},
    units::Digest,
    web::{
        error::{Fault, done},
        form::{Form, query},
        page::{Page, Visit, both, html},
        route::{Route, get, has, post},
    },
    words::Message,
};

const PATH: &str = "/settings/units";
/// Longest plan, in bytes.
const LONGEST: usize = 1 << 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(PATH, has(READERS), show),
        post("/settings/units/plan", has(CHANGERS), replace),
        post("/settings/units/change", has(CHANGERS), change),
        post("/settings/units/end", has(CHANGERS), end),
    ]
}

#[derive(Template)]
#[template(path = "settings/units.html")]
struct UnitsPage {
    page: Page,
    title: String,
    file: String,
    units: Vec<Unit>,
    today: NaiveDate,
    own: String,
    waits: bool,
    /// The file as it is shown.
    seen: Digest,
    may_change: bool,
    /// What somebody filled in that could not be done, and why.
    typed: Form,
    why: String,
    wrong: Vec<FindingView>,
}

impl UnitsPage {
    /// What the field `name` holds.
    fn typed(&self, name: &str) -> &str {
        self.typed.get(name)
    }

    /// Whether `word` is chosen in the list `name`, where at first `usual` is.
    fn chosen(&self, name: &str, word: &str, usual: &str) -> bool {
        let typed = self.typed(name);
        word == if typed.is_empty() { usual } else { typed }
    }

    /// Each id once, with the latest of its names.
    fn ids(&self) -> Vec<(&str, &str)> {
        let mut ids: Vec<(&str, &str)> = Vec::new();
        for unit in &self.units {
            match ids.last_mut() {
                Some(last) if last.0 == unit.id => last.1 = &unit.name,
                _ => ids.push((&unit.id, &unit.name)),
            }
        }
        ids
    }
}

async fn show(visit: Visit) -> Result<Response, Fault> {
    page(&visit, Form::default(), None).await
}

/// The units as the file has them; where it cannot be read, as they are in force.
async fn page(visit: &Visit, typed: Form, fault: Option<&Fault>) -> Result<Response, Fault> {
    let (file, bytes) = visit.work(|studio| plan_file(&studio.folder)).await?;
    let folder = &visit.site.studio.folder;
    let Plan { mut units, title, .. } = plan::read(&file, &bytes).0.unwrap_or_else(|| folder.plan.clone());
    let findings = fault.iter().flat_map(|fault| &fault.findings);
    units.sort_by(|a, b| (&a.id, a.valid_from).cmp(&(&b.id, b.valid_from)));
    Ok(html(&UnitsPage {
        own: folder.station.unit.clone(),
        today: visit.site.studio.now().with_timezone(&folder.station.zone).date_naive(),
        waits: bytes != folder.plan_bytes,
        seen: Digest::of(&bytes),
        may_change: visit.has(CHANGERS),
        page: visit.page("web-plan-units"),
        title,
        file,
        units,
        typed,
        why: fault.map(|fault| fault.said.in_lang(visit.lang)).unwrap_or_default(),
        wrong: findings.map(|finding| finding_view(finding, visit.lang)).collect(),
    }))
}

async fn change(visit: Visit, Extension(form): Extension<Form>) -> Result<Response, Fault> {
    let made = |file: &str, old: &[u8]| {
        let kind = form.get("kind");
        let unclear = || Fault::no(Message::new("web-field").with("field", "kind").with("found", kind));
        let text = |name: &str| form.get(name).trim().to_owned();
        let change = UnitChange {
            id: text("id"),
            name: text("name"),
            kind: UnitKind::ALL.iter().find(|(word, _)| *word == kind).ok_or_else(unclear)?.1,
            parent: text("parent"),
            from: form.parsed("from")?,
        };
        Ok(change.made_in(file, old)?)
    };
    let result = remade(&visit, made).await;
    answer(&visit, form, result).await
}

async fn end(visit: Visit, Extension(form): Extension<Form>) -> Result<Response, Fault> {
    let ended = |file: &str, old: &[u8]| Ok(unit_ended(file, old, form.get("unit"), form.parsed("last")?)?);
    let result = remade(&visit, ended).await;
    answer(&visit, form, result).await
}

/// What was filled in stays where it could not be done.
async fn answer(visit: &Visit, form: Form, result: Result<[String; 2], Fault>) -> Result<Response, Fault> {
    match result {
        Ok(sentence) => Ok(visit.done(PATH, sentence).await),
        Err(fault) if fault.status == StatusCode::UNPROCESSABLE_ENTITY => {
            Ok((fault.status, page(visit, form, Some(&fault)).await?).into_response())
        }
        Err(fault) => Err(fault),
    }
}

/// Replaces the plan by what `make` makes of the file's name and bytes.
async fn remade(
    visit: &Visit,
    make: impl FnOnce(&str, &[u8]) -> Result<Vec<u8>, Fault>,
) -> Result<[String; 2], Fault> {
    let _alone = visit.site.changing.lock().await;
    let (file, old) = visit.work(|studio| plan_file(&studio.folder)).await?;
    let bytes = make(&file, &old)?;
    if bytes == old {
        return Err(Fault::no(Message::new("web-unit-same")));
    }
    let text = format!("{file}: {} → {}", Digest::of(&old), Digest::of(&bytes));
    let new = bytes.clone();
    visit.work(move |studio| check_plan(&studio.folder, &new)).await?;
    done(visit.site.studio.enter(Act::Settings, &visit.by(), text).await)?;
    visit.work(move |studio| place_plan(&studio.folder, &bytes)).await?;
    Ok(both(&Message::new("web-units-saved")))
}

#[derive(Default, Deserialize)]
struct Seen {
    seen: Option<Digest>,
}

async fn replace(visit: Visit, request: Request) -> Response {
    let Seen { seen } = query(request.uri().query());
    let result = async {
        let bytes = uploaded(request).await?;
        // The whole file is replaced: what another person changed in it meanwhile would be lost.
        let made = |_: &str, old: &[u8]| match seen {
            Some(seen) if seen == Digest::of(old) => Ok(bytes),
            _ => Err(Fault::no(Message::new("web-units-changed"))),
        };
        remade(&visit, made).await
    };
    let result = result.await;
    visit.told(PATH, result).await
}

/// The bytes of the only file of the form.
async fn uploaded(request: Request) -> Result<Vec<u8>, Fault> {
    let unclear = || Fault::no(Message::new("web-units-no-file"));
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unclear())?;
    while let Some(field) = form.next_field().await.map_err(|_| unclear())? {
        if field.name() == Some("plan") {
            let bytes = field.bytes().await.map_err(|_| Fault::no(Message::new("web-too-long")))?;
            return match bytes.len() {
                0 => Err(unclear()),
                1..=LONGEST => Ok(bytes.to_vec()),
                _ => Err(Fault::no(Message::new("web-too-long"))),
            };
        }
    }
    Err(unclear())
}
