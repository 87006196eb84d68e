//! `loa verify`: is the log whole, ordered, unaltered, signed?

use std::path::Path;

use super::{Exit, say::Say};
use crate::{
    control,
    evidence::{Fault, VerifyReport},
};

pub(super) fn verify(target: &Path, keys: &[String], say: Say) -> anyhow::Result<Exit> {
    let report = control::audit(target, keys)?;
    let holds = report.holds();
    let (size, root) = (report.size.to_string(), report.root.to_string());
    let faults = faults(&report, say);
    say.document(&serde_json::json!({ "holds": holds, "size": report.size, "root": root, "faults": faults }));
    show_faults(&report, say);
    if holds {
        say.line(&say.text("verify-whole", &[("size", &size), ("root", &root)]));
        return Ok(Exit::Done);
    }
    let count = (report.faults.len() as u64 + report.more_faults).to_string();
    say.line(&say.text("verify-broken", &[("count", &count), ("size", &size)]));
    Ok(Exit::No)
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
