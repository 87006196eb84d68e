//! Verification before an auditor's eyes: one entry step by step, or the whole log.

use askama::Template;
use axum::{
    Extension,
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use tokio::sync::Semaphore;

use super::Shelf;
use crate::{
    control::{self, Against, Audit, Endorsed, Proof},
    evidence::Outcome,
    web::{
        error::Fault,
        form::Form,
        page::{Page, Visit, html},
        reading::decimal,
        route::{EVERYONE, Route, get, post},
    },
    words::Message,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/log/check", EVERYONE, check_own),
        get("/log/proof/{entry}", EVERYONE, give_own),
        post("/log/verify", EVERYONE, verify_own),
    ]
}

#[derive(Template)]
#[template(path = "proof.html")]
struct ProofPage {
    page: Page,
    proof: Proof,
    back: String,
}

async fn proof(visit: &Visit, shelf: &Shelf, entry: u64) -> Result<Proof, Fault> {
    shelf.work(visit, move |folder| control::proof(folder, entry)).await?.ok_or_else(Fault::missing)
}

async fn check_own(visit: Visit, Extension(form): Extension<Form>) -> Result<Response, Fault> {
    let shelf = Shelf::own(&visit);
    check(visit, shelf, form).await
}

async fn give_own(visit: Visit, Path(entry): Path<String>) -> Result<Response, Fault> {
    give(&visit, Shelf::own(&visit), &entry).await
}

async fn verify_own(visit: Visit) -> Result<Response, Fault> {
    let shelf = Shelf::own(&visit);
    verify(visit, shelf).await
}

/// One entry of the log on `shelf`, proved step by step.
#[allow(clippy::needless_pass_by_value, reason = "as a handler is given them")]
pub(in crate::web) async fn check(visit: Visit, shelf: Shelf, form: Form) -> Result<Response, Fault> {
    let proof = proof(&visit, &shelf, form.parsed("entry")?).await?;
    let below = format!("{}/", shelf.base);
    let back =
        Some(form.get("back")).filter(|back| back.starts_with(&below)).unwrap_or(&shelf.base).to_owned();
    Ok(html(&ProofPage { page: visit.page("web-proof"), proof, back }))
}

/// The proof as a file that other programs verify: `c2sp.org/tlog-proof`.
pub(in crate::web) async fn give(visit: &Visit, shelf: Shelf, entry: &str) -> Result<Response, Fault> {
    let entry = entry.parse().map_err(|_| Fault::missing())?;
    let proof = proof(visit, &shelf, entry).await?;
    let mut text = format!("c2sp.org/tlog-proof@v1\nindex {entry}\n");
    for hash in &proof.path {
        text += &BASE64.encode(hash.0);
        text.push('\n');
    }
    text.push('\n');
    text += &proof.note;
    let mut response = text.into_response();
    let name = format!("attachment; filename=\"{}-{entry}.tlog-proof\"", shelf.folder.station.id);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(Fault::failed)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    page: Page,
    base: String,
    audit: Audit,
    sentence: String,
    slots: String,
    before: Option<String>,
    seconds: String,
}

/// Two at once would take the processor from what airs.
static ONE: Semaphore = Semaphore::const_new(1);

/// The whole log on `shelf`, verified now.
pub(in crate::web) async fn verify(visit: Visit, shelf: Shelf) -> Result<Response, Fault> {
    let Ok(_one) = ONE.try_acquire() else { return Err(Fault::no(Message::new("web-audit-busy"))) };
    let begun = visit.site.studio.clock().now();
    let audit = shelf.work(&visit, |folder| control::audit(&folder.root, &Against::default())).await?;
    let ms = visit.site.studio.clock().now().since(&begun).num_milliseconds();
    let ms = f64::from(i32::try_from(ms).unwrap_or(i32::MAX));
    let seconds = decimal(ms / 1000.0, 1, false, visit.lang);
    let report = &audit.report;
    let message = if report.holds() {
        Message::new("verify-whole").with("size", report.size).with("root", report.root)
    } else {
        let count = report.faults.len() as u64 + report.more_faults;
        Message::new("verify-broken").with("count", count).with("size", report.size)
    };
    let (sentence, slots) = (visit.say(&message), visit.say(&slots(&audit)));
    let before = before(&audit).map(|message| visit.say(&message));
    let base = shelf.base;
    Ok(html(&AuditPage { page: visit.page("web-audit"), base, audit, sentence, slots, before, seconds }))
}

fn slots(audit: &Audit) -> Message {
    let Some(slots) = &audit.slots else { return Message::new("verify-slots-unjudged") };
    let full = slots.closed.get(&Outcome::Full).copied().unwrap_or(0);
    let closed: u64 = slots.closed.values().sum();
    Message::new("verify-slots")
        .with("listed", slots.listed)
        .with("full", full)
        .with("other", closed - full)
        .with("open", slots.open + slots.to_come)
        .with("without", slots.without)
}

fn before(audit: &Audit) -> Option<Message> {
    let before = audit.before.as_ref()?;
    let endorsed = match before.endorsed {
        Endorsed::Opened => "opened",
        Endorsed::Unopened => "unopened",
        Endorsed::No => "no",
    };
    let message = Message::new("verify-before").with("origin", &before.origin).with("reason", &before.reason);
    Some(message.with("opened", &before.opened).with("endorsed", endorsed))
}
