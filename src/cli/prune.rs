//! `loa prune`: audio whose time of keeping is over goes, and leaves the proof of what it was.

use super::{Exit, air::answered, say::Say};
use crate::{
    clock::{Clock as _, System},
    control::{self, Ask, Folder, PruneReport, Reply},
    units::Month,
};

pub(super) fn prune(folder: Folder, dry_run: bool, say: Say) -> anyhow::Result<Exit> {
    if dry_run {
        let today = System::new().now().wall.with_timezone(&folder.station.zone).date_naive();
        show(&control::prune_dry(&folder, Month::of(today))?, say);
        return Ok(Exit::Done);
    }
    let mut exit = Exit::Machine;
    answered(folder, Ask::Prune {}, None, &mut |answer| {
        exit = say.reply(answer);
        if let Reply::Pruned(report) = answer {
            show(report, say);
        }
    })?;
    Ok(exit)
}

fn show(report: &PruneReport, say: Say) {
    say.document(report);
    for file in &report.files {
        let (bytes, month) = (file.bytes.to_string(), file.month.to_string());
        let key = if report.dry_run { "prune-would" } else { "prune-gone" };
        let values = [("file", file.file.as_str()), ("bytes", &bytes), ("month", &month)];
        say.line(&say.text(key, &values));
    }
    for held in &report.held {
        say.line(&say.text("prune-held", &[("file", &held.file), ("entry", &held.hold.to_string())]));
    }
    let (count, from) = (report.files.len().to_string(), report.kept_from.to_string());
    let key = if report.dry_run { "prune-dry-done" } else { "prune-done" };
    say.line(&say.text(key, &[("count", &count), ("from", &from)]));
    if report.left > 0 {
        say.line(&say.text("prune-left", &[("count", &report.left.to_string())]));
    }
}
