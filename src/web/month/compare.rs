//! Two revisions of a month side by side, in words.

use askama::Template;
use axum::{extract::Path, response::Response};
use similar::{DiffOp, TextDiff};

use super::super::{
    error::Fault,
    page::{Page, Visit, html},
    reading,
};
use super::calendar::title;
use crate::{
    control::{self, Draft, Released},
    programme::When,
    units::{Digest, ScheduleName},
    words::{Lang, code, say},
};

/// A row of the comparison: what it was and what it is.
pub(super) struct Row {
    pub old: String,
    pub new: String,
    pub changed: bool,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    page: Page,
    name: ScheduleName,
    rows: Option<Vec<Row>>,
}

pub(super) async fn show(visit: Visit, Path(name): Path<ScheduleName>) -> Result<Response, Fault> {
    let draft = visit.work(move |studio| Draft::read(&studio.folder, name)).await?;
    let (rows, _) = rows(&visit, draft).await?;
    Ok(html(&ComparePage { page: visit.page("web-compare"), name, rows }))
}

/// The rows of what was approved last beside `draft`, none where nothing was; and the digest of what an approval of
/// `draft` would sign.
pub(super) async fn rows(visit: &Visit, draft: Draft) -> Result<(Option<Vec<Row>>, Option<Digest>), Fault> {
    let new = draft.file.schedule.clone();
    let (old, subject) = visit
        .work(move |studio| {
            let old = control::last_approved(&studio.folder, &draft)?;
            Ok((old, studio.glance.subject(&studio.folder, &draft)))
        })
        .await?;
    let files = subject.as_ref().map(|subject| subject.files.clone()).unwrap_or_default();
    let rows = old.zip(new).map(|(old, new)| compare(visit.lang, &old, &(new, files)));
    Ok((rows, subject.map(|subject| subject.digest())))
}

/// The rows of `old` beside `new`.
fn compare(lang: Lang, old: &Released, new: &Released) -> Vec<Row> {
    let (old, new) = (lines(lang, old), lines(lang, new));
    let (before, after): (Vec<&str>, Vec<&str>) =
        (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&before, &after);
    let at = |lines: &[String], n: usize| lines.get(n).cloned().unwrap_or_default();
    let mut rows = Vec::new();
    for op in diff.ops() {
        let changed = !matches!(op, DiffOp::Equal { .. });
        let (was, is) = (op.old_range(), op.new_range());
        for n in 0..was.len().max(is.len()) {
            let old = if n < was.len() { at(&old, was.start + n) } else { String::new() };
            let new = if n < is.len() { at(&new, is.start + n) } else { String::new() };
            rows.push(Row { old, new, changed });
        }
    }
    rows
}

/// A month in lines that a person reads: everything of it that airs, or that the log will say of it.
fn lines(lang: Lang, (schedule, files): &Released) -> Vec<String> {
    let named = |key: &str, value: &str| format!("{}: {}", say(lang, key, &[]), or_dash(value));
    let coded = |prefix: &str, code: &str| say(lang, &format!("{prefix}-{code}"), &[]);
    let mut lines = vec![named("web-issued-by", &schedule.issued_by)];
    for programme in &schedule.programmes {
        lines.push(format!("{} ({})", programme.title, programme.id));
        lines.push(named("web-source", &coded("web-made-by", &code(programme.source))));
        lines.push(named("web-column", &programme.column));
        lines.push(named("web-topics", &programme.topics.join(", ")));
        lines.push(named("web-editor", &programme.editor));
        lines.push(named("web-announcer", &programme.announcer));
        for (n, segment) in (1..).zip(&programme.segments) {
            let kind = coded("segment-kind", &code(segment.kind));
            lines.push(format!("{n}. {kind}: {} ({})", segment.title, segment.file));
            // Other sound under the same name is another programme.
            if let Some(digest) = files.get(&segment.file) {
                lines.push(format!("{n}. {}: {}", say(lang, "web-compare-sound", &[]), digest.short()));
            }
        }
    }
    for rule in &schedule.slots {
        let all = say(lang, "web-units-all", &[]);
        let units: Vec<_> =
            rule.units.iter().map(|unit| if unit == "*" { &all } else { unit }.as_str()).collect();
        let of = format!("{} · {}", title(schedule, &rule.programme), units.join(", "));
        let of = if rule.reason.is_empty() { of } else { format!("{of} · {}", rule.reason) };
        match &rule.when {
            When::Cron(cron) => {
                lines.push(format!("{} · {of}", reading::rule(cron, lang).unwrap_or_else(|| cron.clone())));
            }
            When::At(times) => {
                lines.extend(times.iter().map(|time| format!("{} · {of}", time.format("%d/%m/%Y %H:%M:%S"))));
            }
        }
    }
    lines
}

fn or_dash(value: &str) -> &str {
    if value.is_empty() { "–" } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{self, SegmentKind, Source};

    #[test]
    fn what_changed_stands_beside_what_it_was() {
        let old =
            programme::read("schedules/2022-03.toml", include_bytes!("../../../schedules/2022-03.toml"))
                .0
                .unwrap();
        let of = |bytes: &[u8]| {
            old.programmes[0].segments.iter().map(|s| (s.file.clone(), Digest::of(bytes))).collect()
        };
        let was: Released = (old.clone(), of(b"a"));
        assert!(compare(Lang::Vi, &was, &was).iter().all(|row| !row.changed && row.old == row.new));
        let changed = |new: &Released| compare(Lang::Vi, &was, new).iter().filter(|row| row.changed).count();
        // Other sound under the same names; who made it; what sort of part; why out of the windows.
        assert_eq!(changed(&(old.clone(), of(b"b"))), old.programmes[0].segments.len());
        let mut new = old.clone();
        new.programmes[0].source = Source::Province;
        new.programmes[0].segments[0].kind = SegmentKind::Story;
        new.slots[0].reason = "Lễ hội".into();
        assert!(changed(&(new, of(b"a"))) >= 3);
        let mut new = old.clone();
        new.programmes[0].segments[1].title = "Tên khác".into();
        new.slots.pop();
        let rows = compare(Lang::Vi, &was, &(new, of(b"a")));
        let changed: Vec<_> = rows.iter().filter(|row| row.changed).collect();
        assert!(changed[0].new.contains("Tên khác") && !changed[0].old.is_empty());
        assert!(changed[1..].iter().all(|row| row.new.is_empty()));
    }
}
