//! The month: the editor's home, and the approver's.

mod approve;
mod calendar;
mod change;
mod compare;
mod pack;
mod stale;
mod view;

use askama::Template;
use axum::{Extension, response::Response};

use super::{
    error::Fault,
    form::Form,
    page::{Page, Visit, both, html},
    route::{EVERYONE, Route, get, has, post},
};
use crate::{
    control::{
        self, Act, Draft, Role,
        Role::{Approver, Editor},
        Save, Stage,
    },
    programme::Schedule,
    units::{Month, ScheduleName},
    words::Message,
};

/// Who changes a month.
const EDITORS: &[Role] = &[Editor];
/// Who signs what goes out to the stations.
const SIGNERS: &[Role] = &[Editor, Approver];

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/months", EVERYONE, months),
        post("/months", has(EDITORS), begin),
        get("/month/{name}", EVERYONE, view::show),
        post("/month/{name}", has(EDITORS), change::change),
        get("/month/{name}/compare", EVERYONE, compare::show),
        get("/month/{name}/approve", has(&[Approver]), approve::show),
        post("/month/{name}/approve", has(&[Approver]), approve::approve),
        get("/month/{name}/pack", has(SIGNERS), pack::show),
        post("/month/{name}/pack", has(SIGNERS), pack::sign),
        get("/month/{name}/pack/{seq}", has(SIGNERS), pack::take),
        post("/month/{name}/return", has(&[Approver]), approve::give_back),
    ]
}

/// A month of the list.
struct Entry {
    name: ScheduleName,
    revision: u32,
    stage: &'static str,
    said: String,
    beside: bool,
}

#[derive(Template)]
#[template(path = "months.html")]
struct MonthsPage {
    page: Page,
    entries: Vec<Entry>,
    next: Month,
    may_edit: bool,
    may_approve: bool,
}

/// So many months are listed, the latest first.
const MOST: usize = 24;

async fn months(visit: Visit) -> Result<Response, Fault> {
    let (found, next) = visit
        .work(|studio| {
            let folder = &studio.folder;
            let mut names = control::schedules(folder)?;
            names.reverse();
            let mut found = Vec::new();
            for name in names.into_iter().take(MOST) {
                let draft = Draft::read(folder, name)?;
                found.push((studio.glance.stage(folder, &draft)?, draft));
            }
            let this = Month::of(studio.now().with_timezone(&folder.station.zone).date_naive());
            let begun =
                found.iter().filter(|(_, draft)| !draft.file.name.ward).map(|(_, d)| d.file.name.month);
            let next = begun.max().map_or(this, |last| last.next().max(this));
            Ok((found, next))
        })
        .await?;
    let entries = found.into_iter().map(|(stage, draft)| entry(&visit, &stage, &draft)).collect();
    let (may_edit, may_approve) = (visit.has(EDITORS), visit.has(&[Approver]));
    Ok(html(&MonthsPage { page: visit.page("web-nav-months"), entries, next, may_edit, may_approve }))
}

fn entry(visit: &Visit, stage: &Stage, draft: &Draft) -> Entry {
    let (word, said) = staged(visit, stage);
    let revision = draft.file.schedule.as_ref().map_or(0, |schedule| schedule.revision);
    Entry { name: draft.file.name, revision, stage: word, said, beside: draft.beside }
}

/// The word of a stage and its sentence.
fn staged(visit: &Visit, stage: &Stage) -> (&'static str, String) {
    match stage {
        Stage::Approved(release) => {
            let message = Message::new("web-month-approved").with("by", &release.by);
            let message =
                message.with("document", if release.document.is_empty() { "–" } else { &release.document });
            let said = visit.say(&message.with("at", visit.local(release.at)));
            let own = Message::new("web-month-self-approved");
            let own = if release.self_approved { format!(" {}", visit.say(&own)) } else { String::new() };
            ("approved", said + &own)
        }
        Stage::Working => ("working", visit.say(&Message::new("web-month-working"))),
        Stage::Returned { by, words } => {
            ("returned", visit.say(&Message::new("web-month-returned").with("by", by).with("words", words)))
        }
        Stage::Void(_) => ("void", visit.say(&Message::new("web-month-void"))),
    }
}

/// Begins a month: empty, or as a copy of another.
async fn begin(visit: Visit, Extension(form): Extension<Form>) -> Response {
    match begun(&visit, &form).await {
        Ok((name, said)) => visit.done(&format!("/month/{name}"), said).await,
        Err(fault) => visit.refuse("/months", fault).await,
    }
}

async fn begun(visit: &Visit, form: &Form) -> Result<(ScheduleName, [String; 2]), Fault> {
    let month: Month = form.parsed("month")?;
    let name = ScheduleName { month, ward: form.get("ward") == "yes" };
    let from = form.get("from").trim();
    let text = format!("{name}{}", if from.is_empty() { String::new() } else { format!(" ← {from}") });
    let by = visit.hand();
    let from = if from.is_empty() { None } else { Some(form.parsed::<ScheduleName>("from")?) };
    let left_out = visit
        .entering(Act::Schedule, move |studio, enter| {
            let (now, entered) = (studio.now(), || enter(&by.name, text));
            if let Some(from) = from {
                Ok(control::copy_month(&studio.folder, from, name, Some((&by, now)), entered)?.1)
            } else {
                let schedule = Schedule {
                    month,
                    revision: 1,
                    issued_by: studio.folder.plan.issued_by.clone(),
                    programmes: Vec::new(),
                    slots: Vec::new(),
                };
                let save = Save { name, seen: None, by: &by, replace: false };
                control::save(&studio.folder, &save, schedule, now, entered)?;
                Ok(Vec::new())
            }
        })
        .await?;
    let begun = if left_out.is_empty() {
        Message::new("web-month-begun").with("month", name)
    } else {
        let slots: Vec<_> = left_out.iter().map(|at| at.format("%d/%m/%Y %H:%M:%S").to_string()).collect();
        Message::new("web-month-begun-without").with("month", name).with("slots", slots.join("; "))
    };
    Ok((name, both(&begun)))
}
