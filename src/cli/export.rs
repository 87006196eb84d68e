//! `loa export`, and `loa verify` of what it wrote.

use std::path::Path;

use chrono::NaiveDate;

use super::{
    Exit,
    log::day,
    say::Say,
    verify::{counts, faults, show_before, show_faults, show_signers, show_witnessed},
};
use crate::control::{self, Against, BundleReport, ControlError, Folder, Stretch, Wish};

/// What the arguments ask for.
pub(super) fn wish(
    from: Option<&str>,
    to: Option<&str>,
    audio: bool,
    force: bool,
) -> Result<Wish, ControlError> {
    Ok(Wish { from: from.map(day).transpose()?, to: to.map(day).transpose()?, audio, force })
}

pub(super) fn export(folder: &Folder, file: &Path, wish: Wish, say: Say) -> anyhow::Result<Exit> {
    let made = control::export(folder, file, wish)?;
    say.document(&made);
    let (bytes, rows, size) = (made.bytes.to_string(), made.rows.to_string(), made.size.to_string());
    let held = count(&made.entries).to_string();
    let values =
        [("file", &*made.file), ("bytes", &bytes), ("held", &held), ("size", &size), ("rows", &rows)];
    say.line(&say.text("export-done", &values));
    say.line(&say.text("export-root", &[("root", &made.root.to_string())]));
    for file in &made.without {
        say.line(&say.text("export-without", &[("file", file)]));
    }
    Ok(Exit::Done)
}

/// Is the bundle in `file` unaltered, and what does it hold?
pub(super) fn verify(file: &Path, against: &Against, say: Say) -> anyhow::Result<Exit> {
    let report = control::audit_bundle(file, against)?;
    let holds = report.log.holds();
    let period = report.period.unwrap_or_default();
    let months: Vec<String> = report.unlisted_months.iter().map(ToString::to_string).collect();
    let codes: Vec<String> = report.log.unchecked_codes.iter().map(ToString::to_string).collect();
    say.document(&serde_json::json!({
        "holds": holds, "size": report.log.size, "root": report.log.root, "faults": faults(&report.log, say),
        "more_faults": report.log.more_faults, "of": report.of, "held": report.held,
        "from": period.from.map(|day| day.to_string()), "to": period.to.map(|day| day.to_string()),
        "signed_by": report.log.signed_by, "witnessed_by": report.log.witnessed_by,
        "not_signed_by": report.log.not_signed_by,
        "unchecked_codes": codes,
        "own_key": report.own_key, "media": report.media, "unknown": report.unknown, "slots": report.slots,
        "unlisted_months": months, "epoch_before": report.before,
        "witnessed": report.witnessed, "unchecked_anchors": report.unchecked_anchors,
    }));
    show_faults(&report.log, say);
    show_signers(&report.log, say);
    show_witnessed(report.witnessed.as_ref(), report.of, report.unchecked_anchors, say);
    for code in &codes {
        say.line(&say.text("bundle-code-unchecked", &[("code", code)]));
    }
    for file in &report.unknown {
        say.line(&say.text("bundle-unknown", &[("file", file)]));
    }
    verdict(&report, holds, say);
    if report.own_key {
        say.line(&say.text("verify-own-key", &[]));
    }
    Ok(if holds { Exit::Done } else { Exit::No })
}

fn verdict(report: &BundleReport, holds: bool, say: Say) {
    let log = &report.log;
    let (held, size, root) = (log.size.to_string(), report.of.to_string(), log.root.to_string());
    let faults = (log.faults.len() as u64 + log.more_faults).to_string();
    let stretches = ranges(&report.held);
    let values =
        [("held", &*held), ("size", &size), ("root", &root), ("stretches", &stretches), ("count", &faults)];
    let key = match (holds, log.size == report.of) {
        (true, true) => "bundle-whole",
        (true, false) => "bundle-part",
        (false, _) => "bundle-broken",
    };
    say.line(&say.text(key, &values));
    if let Some(claimed) = report.period {
        let bound =
            |day: Option<NaiveDate>, none| day.map_or_else(|| say.text(none, &[]), |day| day.to_string());
        let from = bound(claimed.from, "bundle-period-begin");
        let to = bound(claimed.to, "bundle-period-end");
        say.line(&say.text("bundle-period", &[("from", &from), ("to", &to)]));
    }
    if let Some(slots) = &report.slots {
        say.line(&counts(slots, say));
        if log.size < report.of {
            say.line(&say.text("bundle-slots-part", &[]));
        }
    }
    if let Some(before) = &report.before {
        show_before(before, report.slots.as_ref(), say);
    }
    if !report.unlisted_months.is_empty() {
        let months: Vec<_> = report.unlisted_months.iter().map(ToString::to_string).collect();
        say.line(&say.text("bundle-unlisted", &[("months", &months.join(", "))]));
    }
    if report.media > 0 {
        say.line(&say.text("bundle-media-good", &[("count", &report.media.to_string())]));
    }
    say.line(&say.text("bundle-reading", &[]));
}

fn count(held: &[Stretch]) -> u64 {
    held.iter().map(|stretch| stretch.last - stretch.first + 1).sum()
}

fn ranges(held: &[Stretch]) -> String {
    let range = |stretch: &Stretch| format!("{}–{}", stretch.first, stretch.last);
    held.iter().map(range).collect::<Vec<_>>().join(", ")
}
