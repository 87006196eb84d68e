//! `loa check`: is a month ready?

use serde::Serialize;

use super::{Exit, say::Say};
use crate::{
    control::{
        self, CheckReport, ControlError, FindingView, Folder, Measure, ProgrammeReport, Progress,
        finding_view,
    },
    units::{Level, Month, ScheduleName},
    words::Message,
};

#[derive(Serialize)]
struct View<'a> {
    month: Month,
    ward: bool,
    programmes: &'a [ProgrammeReport],
    slots: usize,
    findings: Vec<FindingView>,
    ready: bool,
}

pub(super) fn check(folder: &Folder, months: &[ScheduleName], say: Say) -> anyhow::Result<Exit> {
    let schedules = named(folder, months)?;
    if schedules.is_empty() {
        return Err(ControlError::from(Message::new("check-nothing")).into());
    }
    let mut ready = true;
    for name in schedules {
        let bar = say.bar(Progress::WHOLE.into(), "check-working");
        let report = control::check(folder, name, &mut |progress| {
            bar.set_position(progress.done.into());
        })?;
        bar.finish_and_clear();
        ready &= report.ready;
        show(&report, say);
    }
    Ok(if ready { Exit::Done } else { Exit::No })
}

/// The schedules that `months` name: a plain month is the centre's with the ward's own beside it, where
/// there is one; no month is every schedule in the folder.
fn named(folder: &Folder, months: &[ScheduleName]) -> Result<Vec<ScheduleName>, ControlError> {
    let there = control::schedules(folder)?;
    if months.is_empty() {
        return Ok(there);
    }
    let mut names = Vec::new();
    for name in months {
        let beside = ScheduleName::ward(name.month);
        names.push(*name);
        if !name.ward && there.contains(&beside) && !months.contains(&beside) {
            names.push(beside);
        }
    }
    Ok(names)
}

fn show(report: &CheckReport, say: Say) {
    let findings = report.findings.iter().map(|finding| finding_view(finding, say.lang)).collect();
    say.document(&View {
        month: report.schedule.month,
        ward: report.schedule.ward,
        programmes: &report.programmes,
        slots: report.slots,
        findings,
        ready: report.ready,
    });
    if say.json {
        return;
    }
    let month = report.schedule.to_string();
    for programme in &report.programmes {
        say.line(&say.text("check-programme", &[("id", &programme.id), ("title", &programme.title)]));
        let rows = programme.segments.iter().map(|segment| {
            let measure = segment.measure.as_ref();
            let level = |pick: fn(&Measure) -> Level| measure.map_or("–".into(), |m| pick(m).to_string());
            vec![
                segment.title.clone(),
                segment.file.clone(),
                measure.map_or("–".into(), |m| m.format.name().to_owned()),
                measure.map_or("–".into(), |m| minutes(m.duration_ms)),
                level(|m| m.loudness_lufs),
                level(|m| m.true_peak_dbtp),
            ]
        });
        say.table(
            &["head-segment", "head-file", "head-format", "head-length", "head-lufs", "head-dbtp"],
            rows.collect(),
        );
        if let (Some(ms), Some(lufs), Some(peak)) =
            (programme.duration_ms, programme.loudness_lufs, programme.true_peak_dbtp)
        {
            let (length, lufs, peak) = (minutes(ms), lufs.to_string(), peak.to_string());
            say.line(&say.text("check-whole", &[("length", &length), ("lufs", &lufs), ("peak", &peak)]));
        }
    }
    say.findings(&report.findings);
    let slots = report.slots.to_string();
    let verdict = if report.ready { "check-ready" } else { "check-not-ready" };
    say.line(&say.text(verdict, &[("month", &month), ("slots", &slots)]));
}

/// `12:10.4`
pub(super) fn minutes(ms: u64) -> String {
    format!("{}:{:02}.{}", ms / 60_000, ms / 1000 % 60, ms / 100 % 10)
}
