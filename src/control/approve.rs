//! A named person releases a schedule for air.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::{
    Approvers, ControlError, Draft, Folder, Hand, MonthFile,
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
    pub by: Hand,
    /// Number of the document of approval; may be empty.
    pub document: String,
    /// The private key; the station's own approval key when absent.
    pub key: Option<PathBuf>,
    /// The digest of the month as the approver saw it, its schedule and its audio: exactly this is approved, or
    /// nothing. Absent: what stands in the schedule's own file.
    pub seen: Option<Digest>,
}

/// Signs the digest of the schedule with all its source files and lays the approval beside the schedule.
/// Refused when the schedule has errors, a file cannot be read, or this station would not trust the key.
pub fn approve(folder: &Folder, order: &Approve, now: DateTime<Utc>) -> Result<Digest, ControlError> {
    let mut month = file_of(folder, order)?;
    if super::folder::has_errors(&month.findings) {
        return Err(ControlError::Findings(month.findings));
    }
    // What is approved must be able to air: the same checks that a person sees, all but the approval itself.
    let findings = examine(folder, month.clone(), &mut |_| {})?.findings;
    if super::folder::has_errors(&findings) {
        return Err(ControlError::Findings(findings));
    }
    let Some(schedule) = &month.schedule else { return Err(ControlError::Findings(month.findings)) };
    // From here on nobody else changes the month: what was examined must be what is signed.
    let _alone = folder.months()?;
    let files = source_digests(folder, schedule)?;
    let subject = month.subject(files.clone());
    let changed = file_of(folder, order)?.digest != month.digest;
    if changed || order.seen.is_some_and(|seen| seen != subject.digest()) {
        return Err(Message::new("draft-changed").into());
    }
    let key = signing_key(folder, order)?;
    if !Approvers::of(folder).keys.contains(key.public()) {
        return Err(Message::new("approve-untrusted").with("key", key.public().as_text()).into());
    }
    let mut editors: Vec<&str> = schedule.programmes.iter().map(|p| p.editor.as_str()).collect();
    editors.sort_unstable();
    editors.dedup();
    // The command line approves the schedule's own file; the hands in a draft beside it are not in that.
    let own = order.seen.is_some() || Draft::read(folder, order.schedule)?.file.digest == month.digest;
    let hands = if own { draft::hands(folder, order.schedule)? } else { Vec::new() };
    let approvers = order.by.everybody(folder)?;
    let own_hand = hands.iter().any(|hand| approvers.iter().any(|approver| approver.is(hand)));
    let release = Release {
        by: order.by.name.clone(),
        document: order.document.clone(),
        editor: editors.join(", "),
        self_approved: editors.contains(&order.by.name.as_str()) || own_hand,
        at: now,
    };
    let note = Approval::sign(&subject, &release, &key).map_err(|error| approval_message(&error))?;
    disk::replace(&folder.root.join(folder.approval_file(order.schedule)), note.as_bytes(), 0o644)?;
    // Read back what a station will read: an approval that does not open is none.
    month.approval = Some(note.into_bytes());
    match month.clearance(folder, files) {
        Clearance::Approved(_) => {
            draft::settle_alone(folder, order.schedule)?;
            Ok(subject.digest())
        }
        Clearance::Withheld(findings) => Err(ControlError::Findings(findings)),
    }
}

/// The file that is approved.
fn file_of(folder: &Folder, order: &Approve) -> Result<MonthFile, ControlError> {
    match order.seen {
        None => MonthFile::read(folder, order.schedule),
        Some(_) => Ok(Draft::read(folder, order.schedule)?.file),
    }
}

fn signing_key(folder: &Folder, order: &Approve) -> Result<SigningKey, ControlError> {
    match &order.key {
        Some(path) => read_key(path),
        None => folder.key("approval"),
    }
}
