//! What somebody typed into a month that another has saved meanwhile: shown beside what is there now, to be sent again.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::super::{
    deed,
    error::{Fault, Sentence},
    filled::{Filled, filled, worded},
    form::Form,
    gate,
    page::{Page, Visit, html},
};
use crate::{
    control::{Draft, Trail},
    programme::{Programme, Schedule, Segment, SegmentKind, Source},
    units::ScheduleName,
};

/// A field: what was typed, and what is there now.
struct Typed {
    label: String,
    value: String,
    now: String,
}

#[derive(Template)]
#[template(path = "stale.html")]
struct StalePage {
    page: Page,
    name: ScheduleName,
    why: String,
    trail: Option<Trail>,
    op: String,
    typed: Vec<Typed>,
    /// What the change is about now: a segment or a programme, where it is about one.
    about: Option<String>,
    /// What it is about is no longer there.
    gone: bool,
    seen: String,
    fields: Vec<(String, String)>,
}

/// Whether `fault` says that another person saved first.
pub(super) fn is_stale(fault: &Fault) -> bool {
    matches!(&fault.said, Sentence::Message(said) if said.code == "draft-conflict")
}

/// The page of a change that came too late.
pub(super) async fn show(visit: Visit, name: ScheduleName, form: Form, fault: Fault) -> Response {
    let draft = match visit.work(move |studio| Draft::read(&studio.folder, name)).await {
        Ok(draft) => draft,
        Err(fault) => return fault.into_response(),
    };
    let page = visit.page("web-stale");
    let there = draft.file.schedule.as_ref().map(|schedule| There::find(schedule, &form));
    let there = there.unwrap_or(There { segment: None, programme: None, issuer: "", gone: true });
    let typed = filled(&page, &form).into_iter();
    let typed = typed.map(|Filled { name, label, value }| Typed {
        label,
        value,
        now: worded(&page, name, &there.field(name)),
    });
    let typed = typed.collect();
    let mut fields = form.0.clone();
    fields.retain(|(name, _)| name != "seen" && !gate::OWN_FIELDS.contains(&name.as_str()));
    let stale = StalePage {
        why: fault.said.in_lang(visit.lang),
        op: deed::change(&page, &form),
        about: there.about(),
        gone: there.gone,
        seen: draft.file.digest.to_string(),
        trail: draft.trail.filter(|trail| !trail.by.is_empty()),
        page,
        name,
        typed,
        fields,
    };
    (StatusCode::CONFLICT, html(&stale)).into_response()
}

/// What a change would meet now.
struct There<'a> {
    segment: Option<&'a Segment>,
    programme: Option<&'a Programme>,
    issuer: &'a str,
    gone: bool,
}

impl<'a> There<'a> {
    fn find(schedule: &'a Schedule, form: &Form) -> There<'a> {
        let op = form.get("op");
        let programme = schedule.programme(form.get("programme"));
        let of_segment = op == "segment" || op.starts_with("segment-");
        let n = form.get("n").parse::<usize>().ok().filter(|_| of_segment);
        let segment = n.and_then(|n| programme?.segments.get(n));
        let issuer = if op == "issuer" { schedule.issued_by.as_str() } else { "" };
        let gone =
            (!form.get("programme").is_empty() && programme.is_none()) || (of_segment && segment.is_none());
        // Only a change of the programme itself is compared with it.
        There { segment, programme: programme.filter(|_| op.starts_with("programme")), issuer, gone }
    }

    /// The present value of the field called `name`.
    fn field(&self, name: &str) -> String {
        let word =
            |kind: SegmentKind| SegmentKind::ALL.iter().find(|(_, of)| *of == kind).map(|(word, _)| *word);
        let source = |source: Source| Source::ALL.iter().find(|(_, of)| *of == source).map(|(word, _)| *word);
        match (self.segment, self.programme, name) {
            (Some(segment), _, "title") => segment.title.clone(),
            (Some(segment), _, "kind") => word(segment.kind).unwrap_or_default().into(),
            (_, Some(programme), "id") => programme.id.clone(),
            (_, Some(programme), "title") => programme.title.clone(),
            (_, Some(programme), "column") => programme.column.clone(),
            (_, Some(programme), "source") => source(programme.source).unwrap_or_default().into(),
            (_, Some(programme), "editor") => programme.editor.clone(),
            (_, Some(programme), "announcer") => programme.announcer.clone(),
            (_, Some(programme), "topic") => programme.topics.join(", "),
            (_, _, "issued_by") => self.issuer.to_owned(),
            _ => String::new(),
        }
    }

    fn about(&self) -> Option<String> {
        let segment = self.segment.map(|segment| format!("{} ({})", segment.title, segment.file));
        segment.or_else(|| self.programme.map(|programme| format!("{} ({})", programme.title, programme.id)))
    }
}
