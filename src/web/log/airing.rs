//! One airing's page: every fact of its as-run row, its entries as stored, and the proof of one of them.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, RawQuery},
    response::Response,
};
use chrono::DateTime;
use serde::Deserialize;

use super::{CORRECTORS, EXPLAINERS, Shelf, mark, outcome_words};
use crate::{
    control::{self, AiringPage, Ask, Proof, Row, Which, Witnessed},
    units::{Frames, SlotId},
    web::{
        error::{Fault, done},
        form::{self, Form},
        page::{Page, Visit, html},
        reading::{self, decimal, grouped},
        route::{EVERYONE, Route, get, has, post},
    },
    words::{Lang, Message, code},
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/log/airing/{airing}", EVERYONE, of_airing),
        get("/log/slot/{*slot}", EVERYONE, of_slot),
        post("/log/note", has(EXPLAINERS), note),
        post("/log/correct", has(CORRECTORS), correct),
    ]
}

/// What a page says of something, under a heading of the catalogue.
struct Section {
    title: &'static str,
    facts: Vec<(&'static str, String)>,
    /// What only who counts them wants to see.
    frames: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "airing.html")]
struct AiringTemplate {
    page: Page,
    shelf: Shelf,
    here: String,
    /// The calendar month in which it was planned.
    month: String,
    /// Its first entry.
    first: u64,
    row: Row,
    outcome: String,
    symbol: &'static str,
    class: &'static str,
    reason: Option<String>,
    proof_words: String,
    /// What that level shows, and what it does not.
    proves: String,
    sections: Vec<Section>,
    segments: Vec<(u32, String, String, String)>,
    links: Vec<(&'static str, String, String)>,
    airing: AiringPage,
    path_count: usize,
    proof: Option<Proof>,
    may_note: bool,
    may_correct: bool,
}

async fn of_airing(
    visit: Visit,
    Path(airing): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let airing = airing.parse().map_err(|_| Fault::missing())?;
    let shelf = Shelf::own(&visit);
    show(visit, shelf, Which::Airing(airing), query).await
}

async fn of_slot(
    visit: Visit,
    Path(slot): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let slot = slot.parse().map_err(|_| Fault::missing())?;
    let shelf = Shelf::own(&visit);
    show(visit, shelf, Which::Slot(slot), query).await
}

#[derive(Default, Deserialize)]
struct Chosen {
    entry: Option<u64>,
}

/// The airing `which` in the log on `shelf`.
pub(in crate::web) async fn show(
    visit: Visit,
    shelf: Shelf,
    which: Which,
    query: Option<String>,
) -> Result<Response, Fault> {
    let chosen = form::query::<Chosen>(query.as_deref()).entry;
    let airing = shelf.work(&visit, move |folder| control::airing(folder, &which)).await?;
    let airing = airing.ok_or_else(Fault::missing)?;
    let here = shelf.place(airing.row.slot.as_ref(), airing.entries.first().map(|entry| entry.seq));
    // The entry that was asked for, or the last of the row.
    let of_row = |seq: &u64| airing.row.entries.contains(seq);
    let seq = chosen.filter(of_row).or_else(|| airing.row.entries.last().copied());
    let proof = match seq {
        Some(seq) => shelf.work(&visit, move |folder| control::proof(folder, seq)).await?,
        None => None,
    };
    Ok(html(&page(&visit, shelf, here, airing, proof)))
}

fn page(
    visit: &Visit,
    shelf: Shelf,
    here: String,
    airing: AiringPage,
    proof: Option<Proof>,
) -> AiringTemplate {
    let page = visit.page("web-airing");
    let row = airing.row.clone();
    let (symbol, class) = mark(row.outcome);
    let mut links = Vec::new();
    if let Some(slot) = &row.repairs {
        links.push(("web-airing-repairs", shelf.place(Some(slot), None), reading::slot(slot)));
    }
    if let Some(slot) = &row.vouches {
        links.push(("web-airing-vouches", shelf.place(Some(slot), None), reading::slot(slot)));
    }
    for entry in &airing.made_good_by {
        links.push(("web-airing-made-good", shelf.place(None, Some(*entry)), format!("№ {entry}")));
    }
    for entry in &airing.vouched_by {
        links.push(("web-airing-vouched", shelf.place(None, Some(*entry)), format!("№ {entry}")));
    }
    let segments = row.segments.iter().map(|segment| {
        let frames = grouped(segment.frames, visit.lang);
        (segment.n + 1, segment.title.clone().unwrap_or_default(), frames, segment.file.to_string())
    });
    AiringTemplate {
        here,
        month: row.planned.get(..7).unwrap_or_default().to_owned(),
        first: row.entries.first().copied().unwrap_or_default(),
        path_count: proof.as_ref().map_or(0, |proof| proof.path.len()),
        outcome: outcome_words(&page, row.outcome),
        symbol,
        class,
        reason: row.reason.map(|reason| page.coded("reason", &code(reason))),
        proves: page.coded("web-proves", &row.proof.to_string()),
        proof_words: page.coded("proof", &row.proof.to_string()),
        sections: sections(&page, &airing),
        segments: segments.collect(),
        links,
        proof,
        may_note: shelf.own && visit.has(EXPLAINERS),
        may_correct: shelf.own && visit.has(CORRECTORS),
        row,
        airing,
        shelf,
        page,
    }
}

/// A time as people read it, with its offset.
fn when(text: &str) -> String {
    let time = DateTime::parse_from_rfc3339(text);
    time.map_or_else(|_| text.to_owned(), |at| at.format("%d/%m/%Y %H:%M:%S%.f (%:z)").to_string())
}

fn sections(page: &Page, airing: &AiringPage) -> Vec<Section> {
    let row = &airing.row;
    let mut sections = vec![
        Section { title: "web-airing-what", facts: what(page, airing), frames: Vec::new() },
        Section { title: "web-airing-sound", facts: sound(page, row), frames: frames(row, page.visit.lang) },
        Section { title: "web-airing-approval", facts: approval(page, airing), frames: Vec::new() },
        Section { title: "web-airing-machine", facts: machine(page, row), frames: Vec::new() },
    ];
    for section in &mut sections {
        section.facts.retain(|(_, value)| !value.is_empty());
        section.frames.retain(|(_, value)| !value.is_empty());
    }
    sections.retain(|section| !section.facts.is_empty());
    sections
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}

fn what(page: &Page, airing: &AiringPage) -> Vec<(&'static str, String)> {
    let row = &airing.row;
    let topics = row.topics.iter().map(|id| {
        let plan = &page.visit.site.studio.folder.plan;
        let topic = plan.topics.iter().find(|topic| topic.id == *id);
        topic.map_or_else(|| id.clone(), |topic| format!("{id}. {}", topic.text))
    });
    vec![
        ("web-fact-station", row.station.clone()),
        ("web-fact-unit", airing.unit.clone()),
        ("web-fact-month", row.month.parse().map_or_else(|_| row.month.clone(), reading::month)),
        ("web-fact-programme", row.programme.clone()),
        ("web-fact-column", text(row.column.as_ref())),
        ("web-fact-source", row.source.map(|s| page.coded("web-source", &code(s))).unwrap_or_default()),
        ("web-fact-topics", topics.collect::<Vec<_>>().join("; ")),
        ("web-fact-editor", text(row.editor.as_ref())),
        ("web-fact-announcer", text(row.announcer.as_ref())),
        ("web-fact-slot", row.slot.as_ref().map(SlotId::to_string).unwrap_or_default()),
        ("web-fact-trigger", row.trigger.map(|t| page.coded("web-trigger", &code(t))).unwrap_or_default()),
        ("web-fact-by", row.by.clone()),
        ("web-fact-detail", row.detail.clone()),
    ]
}

fn sound(page: &Page, row: &Row) -> Vec<(&'static str, String)> {
    let lang = page.visit.lang;
    let measured = |n: Option<f64>, places, signed, unit: &str| {
        n.map(|n| format!("{} {unit}", decimal(n, places, signed, lang))).unwrap_or_default()
    };
    let heard = row.frames_consumed.map(|frames| reading::length(Frames(frames).ms()));
    let starts = if row.starts > 0 { row.starts.to_string() } else { String::new() };
    vec![
        ("web-fact-planned", when(&row.planned)),
        ("web-fact-first", row.first_frame.as_deref().map(when).unwrap_or_default()),
        ("web-fact-last", row.last_frame.as_deref().map(when).unwrap_or_default()),
        ("web-fact-start-error", measured(row.start_error_ms, 3, true, "ms")),
        ("web-fact-latency", measured(row.latency_ms, 3, false, "ms")),
        ("web-fact-length", row.duration_ms.map(reading::length).unwrap_or_default()),
        ("web-fact-heard", heard.unwrap_or_default()),
        ("web-fact-hole", row.hole_ms.map(|ms| grouped(ms, lang) + " ms").unwrap_or_default()),
        ("web-fact-starts", starts),
        ("web-fact-loudness", measured(row.loudness_lufs.map(crate::units::Level::db), 1, false, "LUFS")),
        ("web-fact-peak", measured(row.true_peak_dbtp.map(crate::units::Level::db), 1, false, "dBTP")),
    ]
}

fn frames(row: &Row, lang: Lang) -> Vec<(&'static str, String)> {
    let frames = |n: Option<u64>| n.map(|n| grouped(n, lang)).unwrap_or_default();
    vec![
        ("web-fact-expected", frames(row.frames_expected)),
        ("web-fact-decoded", frames(row.frames_decoded)),
        ("web-fact-delivered", frames(row.frames_delivered)),
        ("web-fact-consumed", frames(row.frames_consumed)),
        ("web-fact-muted", frames(row.frames_muted)),
        ("web-fact-underruns", frames(row.underruns)),
    ]
}

fn approval(page: &Page, airing: &AiringPage) -> Vec<(&'static str, String)> {
    let row = &airing.row;
    let digest = |digest: Option<crate::units::Digest>| digest.map(|d| d.to_string()).unwrap_or_default();
    vec![
        ("web-fact-approver", text(row.approved_by.as_ref())),
        ("web-fact-document", text(row.document.as_ref())),
        ("web-fact-approved-at", row.approved_at.as_deref().map(when).unwrap_or_default()),
        ("web-fact-schedule", digest(row.schedule)),
        ("web-fact-master", digest(row.master)),
        ("web-fact-statement", digest(row.statement)),
        ("web-fact-signed-with", text(row.signed_with.as_ref())),
        ("web-fact-witness", witness(page, airing.witnessed.as_ref())),
    ]
}

/// Who outside saw the entries first.
fn witness(page: &Page, witnessed: Option<&Witnessed>) -> String {
    let Some(Witnessed { entry, size, at, by }) = witnessed else { return page.t("web-witness-none") };
    let seen = Message::new("web-witness-seen").with("by", by).with("at", when(at));
    seen.with("entry", entry).with("size", size).say(page.visit.lang)
}

fn machine(page: &Page, row: &Row) -> Vec<(&'static str, String)> {
    let clock = if row.clock_synchronised { "web-clock-synchronised" } else { "web-clock-free" };
    let step = row.clock_last_step_ms.map(|ms| grouped(ms, page.visit.lang) + " ms");
    vec![
        ("web-fact-device", row.devices.join(", ")),
        ("web-fact-clock", page.t(clock)),
        ("web-fact-step", step.unwrap_or_else(|| page.t("web-clock-no-step"))),
        ("web-fact-boot", row.boot.clone()),
        ("web-fact-software", text(row.software.as_ref())),
    ]
}

/// The page that a form was sent from, by its hidden fields.
fn back(visit: &Visit, form: &Form) -> String {
    let slot = form.get("slot").parse::<SlotId>().ok();
    Shelf::own(visit).place(slot.as_ref(), form.get("airing").parse().ok())
}

async fn note(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let asked = async {
        let (slot, text) = (form.parsed::<SlotId>("slot")?, form.get("text").trim().to_owned());
        done(visit.site.studio.ask(Ask::Note { slot, by: visit.by(), text }).await)
    };
    let result = asked.await;
    visit.told(&back(&visit, &form), result).await
}

async fn correct(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let asked = async {
        let (entry, text) = (form.parsed::<u64>("entry")?, form.get("text").trim().to_owned());
        done(visit.site.studio.ask(Ask::Correct { entry, by: visit.by(), text }).await)
    };
    let result = asked.await;
    visit.told(&back(&visit, &form), result).await
}
