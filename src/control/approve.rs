//! A named person releases a schedule for air.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::{
    ControlError, Folder, MonthFile,
    check::examine,
    folder::read_key,
    month::{Clearance, approval_message},
    survey::source_digests,
};
use crate::{
    disk,
    keys::SigningKey,
    programme::{Approval, Release},
    units::{Digest, ScheduleName},
    words::Message,
};

/// Who approves what, with which key.
#[derive(Debug, Clone)]
pub struct Approve {
    /// Which schedule of which month.
    pub schedule: ScheduleName,
    /// Who approves.
    pub by: String,
    /// Number of the document of approval; may be empty.
    pub document: String,
    /// The private key; the station's own approval key when absent.
    pub key: Option<PathBuf>,
}

/// Signs the digest of the schedule with all its source files and lays the approval beside the schedule.
/// Refused when the schedule has errors, a file cannot be read, or this station would not trust the key.
pub fn approve(folder: &Folder, order: &Approve, now: DateTime<Utc>) -> Result<Digest, ControlError> {
    let mut month = MonthFile::read(folder, order.schedule)?;
    if super::folder::has_errors(&month.findings) {
        return Err(ControlError::Findings(month.findings));
    }
    // What is approved must be able to air: the same checks that a person sees, all but the approval itself.
    let findings = examine(folder, order.schedule, &mut |_| {})?.findings;
    if super::folder::has_errors(&findings) {
        return Err(ControlError::Findings(findings));
    }
    let Some(schedule) = &month.schedule else { return Err(ControlError::Findings(month.findings)) };
    let files = source_digests(folder, schedule)?;
    let key = signing_key(folder, order)?;
    if !folder.station.approvers.contains(key.public()) {
        return Err(Message::new("approve-untrusted").with("key", key.public().as_text()).into());
    }
    let subject = month.subject(files.clone());
    let mut editors: Vec<&str> = schedule.programmes.iter().map(|p| p.editor.as_str()).collect();
    editors.sort_unstable();
    editors.dedup();
    let release = Release {
        by: order.by.clone(),
        document: order.document.clone(),
        editor: editors.join(", "),
        self_approved: editors.contains(&order.by.as_str()),
        at: now,
    };
    let note = Approval::sign(&subject, &release, &key).map_err(|error| approval_message(&error))?;
    disk::replace(&folder.root.join(folder.approval_file(order.schedule)), note.as_bytes(), 0o644)?;
    // Read back what a station will read: an approval that does not open is none.
    month.approval = Some(note.into_bytes());
    match month.clearance(folder, files) {
        Clearance::Approved(_) => Ok(subject.digest()),
        Clearance::Withheld(findings) => Err(ControlError::Findings(findings)),
    }
}

fn signing_key(folder: &Folder, order: &Approve) -> Result<SigningKey, ControlError> {
    match &order.key {
        Some(path) => read_key(path),
        None => folder.key("approval"),
    }
}
