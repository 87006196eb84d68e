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
    control::{self, Draft},
    programme::{Schedule, When},
    units::ScheduleName,
    words::{Lang, say},
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
    let rows = visit
        .work(move |studio| {
            let draft = Draft::read(&studio.folder, name)?;
            let old = control::last_approved(&studio.folder, &draft)?;
            Ok(old.zip(draft.file.schedule))
        })
        .await?;
    let rows = rows.map(|(old, new)| compare(visit.lang, &old, &new));
    Ok(html(&ComparePage { page: visit.page("web-compare"), name, rows }))
}

/// The rows of `old` beside `new`.
pub(super) fn compare(lang: Lang, old: &Schedule, new: &Schedule) -> Vec<Row> {
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

/// A month in lines that a person reads.
fn lines(lang: Lang, schedule: &Schedule) -> Vec<String> {
    let named = |key: &str, value: &str| format!("{}: {}", say(lang, key, &[]), or_dash(value));
    let mut lines = vec![named("web-issued-by", &schedule.issued_by)];
    for programme in &schedule.programmes {
        lines.push(format!("{} ({})", programme.title, programme.id));
        lines.push(named("web-column", &programme.column));
        lines.push(named("web-topics", &programme.topics.join(", ")));
        lines.push(named("web-editor", &programme.editor));
        lines.push(named("web-announcer", &programme.announcer));
        let segments = programme.segments.iter().enumerate();
        lines.extend(segments.map(|(n, segment)| format!("{}. {} ({})", n + 1, segment.title, segment.file)));
    }
    for rule in &schedule.slots {
        let all = say(lang, "web-units-all", &[]);
        let units: Vec<_> =
            rule.units.iter().map(|unit| if unit == "*" { &all } else { unit }.as_str()).collect();
        let of = format!("{} · {}", title(schedule, &rule.programme), units.join(", "));
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
    use crate::programme;

    #[test]
    fn what_changed_stands_beside_what_it_was() {
        let old =
            programme::read("schedules/2022-03.toml", include_bytes!("../../../schedules/2022-03.toml"))
                .0
                .unwrap();
        assert!(compare(Lang::Vi, &old, &old).iter().all(|row| !row.changed && row.old == row.new));
        let mut new = old.clone();
        new.programmes[0].segments[1].title = "Tên khác".into();
        new.slots.pop();
        let rows = compare(Lang::Vi, &old, &new);
        let changed: Vec<_> = rows.iter().filter(|row| row.changed).collect();
        assert!(changed[0].new.contains("Tên khác") && !changed[0].old.is_empty());
        assert!(changed[1..].iter().all(|row| row.new.is_empty()));
    }
}
