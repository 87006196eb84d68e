//! A named person releases a schedule for air.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::{
    ControlError, Draft, Folder, MonthFile,
    check::examine,
    draft,
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
    /// The working file as the approver saw it: exactly this is approved, or nothing. Absent: what stands in the
    /// schedule's own file.
    pub seen: Option<Digest>,
}

/// Signs the digest of the schedule with all its source files and lays the approval beside the schedule.
/// Refused when the schedule has errors, a file cannot be read, or this station would not trust the key.
pub fn approve(folder: &Folder, order: &Approve, now: DateTime<Utc>) -> Result<Digest, ControlError> {
    let (mut month, edited_by) = subject_of(folder, order)?;
    if super::folder::has_errors(&month.findings) {
        return Err(ControlError::Findings(month.findings));
    }
    // What is approved must be able to air: the same checks that a person sees, all but the approval itself.
    let findings = examine(folder, month.clone(), &mut |_| {})?.findings;
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
        self_approved: editors.contains(&order.by.as_str()) || edited_by.as_ref() == Some(&order.by),
        at: now,
    };
    let note = Approval::sign(&subject, &release, &key).map_err(|error| approval_message(&error))?;
    disk::replace(&folder.root.join(folder.approval_file(order.schedule)), note.as_bytes(), 0o644)?;
    // Read back what a station will read: an approval that does not open is none.
    month.approval = Some(note.into_bytes());
    match month.clearance(folder, files) {
        Clearance::Approved(_) => {
            draft::settle(folder, order.schedule)?;
            Ok(subject.digest())
        }
        Clearance::Withheld(findings) => Err(ControlError::Findings(findings)),
    }
}

/// The file that is approved, and who worked on it last in the pages.
fn subject_of(folder: &Folder, order: &Approve) -> Result<(MonthFile, Option<String>), ControlError> {
    let Some(seen) = order.seen else { return Ok((MonthFile::read(folder, order.schedule)?, None)) };
    let draft = Draft::read(folder, order.schedule)?;
    if draft.file.digest != seen {
        return Err(Message::new("draft-changed").into());
    }
    Ok((draft.file, draft.trail.map(|trail| trail.by)))
}

fn signing_key(folder: &Folder, order: &Approve) -> Result<SigningKey, ControlError> {
    match &order.key {
        Some(path) => read_key(path),
        None => folder.key("approval"),
    }
}
