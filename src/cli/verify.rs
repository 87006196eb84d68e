//! `loa verify`: is the log whole, ordered, unaltered, signed?

use std::path::Path;

use super::{Exit, say::Say};
use crate::{
    control::{self, Against, Audit, Endorsed, EpochBefore, Witnessed},
    evidence::{Fault, Outcome, VerifyReport},
    reconcile::Totals,
};

pub(super) fn verify(target: &Path, against: &Against, say: Say) -> anyhow::Result<Exit> {
    let Audit { report, slots, before, witnessed, unchecked_anchors } = control::audit(target, against)?;
    let holds = report.holds();
    let (size, root) = (report.size.to_string(), report.root.to_string());
    say.document(&serde_json::json!({
        "holds": holds, "size": report.size, "root": root, "signed_by": report.signed_by,
        "not_signed_by": report.not_signed_by, "witnessed_by": report.witnessed_by, "unknown": report.unknown, "faults": faults(&report, say),
        "more_faults": report.more_faults, "slots": slots, "epoch_before": before, "own_key": against.keys.is_empty(),
        "witnessed": witnessed, "unchecked_anchors": unchecked_anchors,
    }));
    show_faults(&report, say);
    show_signers(&report, say);
    show_witnessed(witnessed.as_ref(), report.size, unchecked_anchors, say);
    if report.unknown > 0 {
        say.line(&say.text("verify-unknown", &[("count", &report.unknown.to_string())]));
    }
    match &slots {
        Some(slots) => say.line(&counts(slots, say)),
        None => say.line(&say.text("verify-slots-unjudged", &[])),
    }
    if let Some(before) = &before {
        show_before(before, slots.as_ref(), say);
    }
    if against.keys.is_empty() {
        say.line(&say.text("verify-own-key", &[]));
    }
    if holds {
        say.line(&say.text("verify-whole", &[("size", &size), ("root", &root)]));
        return Ok(Exit::Done);
    }
    let count = (report.faults.len() as u64 + report.more_faults).to_string();
    say.line(&say.text("verify-broken", &[("count", &count), ("size", &size)]));
    Ok(Exit::No)
}

/// How the slots stand, for a sentence.
pub(super) fn counts(slots: &Totals, say: Say) -> String {
    let of = |outcome: Outcome| slots.closed.get(&outcome).copied().unwrap_or(0);
    let full = of(Outcome::Full);
    let closed: u64 = slots.closed.values().sum();
    let values = [
        ("listed", slots.listed),
        ("full", full),
        ("other", closed - full),
        ("open", slots.open + slots.to_come),
        ("without", slots.without),
    ]
    .map(|(name, count)| (name, count.to_string()));
    say.text("verify-slots", &values.each_ref().map(|(name, count)| (*name, count.as_str())))
}

/// The epoch that the log follows, whether its key vouches for this one, and how many slots it is to answer for.
pub(super) fn show_before(before: &EpochBefore, slots: Option<&Totals>, say: Say) {
    let EpochBefore { origin, reason, opened, endorsed } = before;
    let endorsed = match endorsed {
        Endorsed::Opened => "opened",
        Endorsed::Unopened => "unopened",
        Endorsed::No => "no",
    };
    let values =
        [("origin", origin.as_str()), ("reason", reason), ("opened", opened), ("endorsed", endorsed)];
    say.line(&say.text("verify-before", &values));
    if let Some(count) = slots.map(|slots| slots.before_epoch).filter(|count| *count > 0) {
        let values = [("count", &*count.to_string()), ("origin", origin), ("opened", opened)];
        say.line(&say.text("verify-before-slots", &values));
    }
}

/// Who countersigned the head, and which of the given keys did not sign it.
pub(super) fn show_signers(report: &VerifyReport, say: Say) {
    // Two keys may have one name: those that did not sign are told whole.
    let witnesses: Vec<_> = report.witnessed_by.iter().map(|key| key.name().to_owned()).collect();
    let absent: Vec<_> = report.not_signed_by.iter().map(|key| key.as_text().to_owned()).collect();
    for (code, keys) in [("verify-witnessed", witnesses), ("verify-not-signed", absent)] {
        if !keys.is_empty() {
            say.line(&say.text(code, &[("keys", &keys.join(", "))]));
        }
    }
}

/// How far a witness saw the log of `size` entries, by its own anchors.
pub(super) fn show_witnessed(witnessed: Option<&Witnessed>, size: u64, unchecked: u64, say: Say) {
    if let Some(Witnessed { entry, size: seen, at, by }) = witnessed {
        let (entry, behind) = (entry.to_string(), size.saturating_sub(*seen).to_string());
        let values = [("by", by.as_str()), ("at", at), ("entry", &entry), ("behind", &behind)];
        let seen = seen.to_string();
        say.line(&say.text("verify-witnessed-to", &[&values[..], &[("size", &seen)]].concat()));
    }
    if unchecked > 0 {
        say.line(&say.text("verify-anchors-unchecked", &[("count", &unchecked.to_string())]));
    }
}

/// The faults for machines.
pub(super) fn faults(report: &VerifyReport, say: Say) -> Vec<serde_json::Value> {
    let view = |fault: &Fault| {
        let (code, message) = (fault.message.code, fault.message.say(say.lang));
        serde_json::json!({ "entry": fault.entry, "code": code, "message": message })
    };
    report.faults.iter().map(view).collect()
}

/// The faults for people, each at its entry.
pub(super) fn show_faults(report: &VerifyReport, say: Say) {
    for fault in &report.faults {
        let place = fault
            .entry
            .map_or(String::new(), |entry| say.text("verify-entry", &[("entry", &entry.to_string())]) + ": ");
        say.line(&format!("{place}{}", fault.message.say(say.lang)));
    }
}
