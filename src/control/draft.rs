//! The month that people work on in the pages: saved step by step, never over another's work, and never in place of a
//! revision that is approved until it is approved itself.
//!
//! The working file is `schedules/NAME.draft.toml` where there is one, else `schedules/NAME.toml`. What would replace an
//! approved revision is a draft; anything else is saved in place, so that the command line sees it. The approval note is
//! the moment of change: once it names the draft's bytes, [`settle`] puts the draft in the schedule's place, at once or
//! after a power cut at the next survey.

use std::{collections::BTreeMap, fs, path::PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Approvers, Clearance, ControlError, Folder, Hand, MonthFile, folder::open_log, month::read_if_there,
    records::short, survey::source_digests,
};
use crate::{
    disk::{self, At as _},
    evidence::Body,
    programme::{self, Approval, Finding, Place, Release, Schedule},
    store::Filter,
    units::{Digest, ScheduleName},
    words::Message,
};

/// What is known of the work on a month: beside the log, for the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// Who saved last.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The file as it was saved.
    pub digest: Digest,
    /// Everybody who saved this revision, in their order.
    #[serde(default)]
    pub hands: Vec<Hand>,
    /// Who returned it, and in which words.
    pub returned: Option<(String, String)>,
}

/// The working file of a month.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The file.
    pub file: MonthFile,
    /// It stands beside an approved revision, which airs until this one is approved.
    pub beside: bool,
    /// A person wrote it by hand: saving here loses its layout and its comments.
    pub by_hand: bool,
    /// Who worked on it in the pages.
    pub trail: Option<Trail>,
}

impl Draft {
    /// The working file of the schedule called `name`; none where nobody has begun one.
    pub fn find(folder: &Folder, name: ScheduleName) -> Result<Option<Draft>, ControlError> {
        let draft = MonthFile::find_at(folder, name, folder.draft_file(name))?;
        let beside = draft.is_some();
        let Some(file) = (if beside { draft } else { MonthFile::find(folder, name)? }) else {
            return Ok(None);
        };
        let own = file.schedule.as_ref().map(programme::write);
        let by_hand = own.is_none_or(|own| own.as_bytes() != file.bytes);
        let trail = trail(folder, name)?.filter(|trail| trail.digest == file.digest);
        Ok(Some(Draft { file, beside, by_hand, trail }))
    }

    /// A no where somebody saved it after it was `seen`.
    pub fn seen_as(&self, seen: Option<Digest>) -> Result<(), ControlError> {
        if seen == Some(self.file.digest) {
            return Ok(());
        }
        let by = self.trail.as_ref().map_or("?", |trail| trail.by.as_str());
        Err(Message::new("draft-conflict").with("by", by).into())
    }

    /// The same; a no where there is none.
    pub fn read(folder: &Folder, name: ScheduleName) -> Result<Draft, ControlError> {
        let missing = || Message::new("month-missing").with("file", folder.schedule_file(name));
        Draft::find(folder, name)?.ok_or_else(|| missing().into())
    }
}

/// What somebody saves.
#[derive(Debug, Clone)]
pub struct Save<'a> {
    /// Which schedule of which month.
    pub name: ScheduleName,
    /// The working file as that person saw it; `None` where there was none.
    pub seen: Option<Digest>,
    /// Who saves.
    pub by: &'a Hand,
    /// A file written by hand may be replaced: its bytes stay beside it.
    pub replace: bool,
}

/// Saves `schedule` as the working file, once it is `entered`. A no where somebody else saved meanwhile, where a file
/// written by hand would lose its comments unasked, and where the month is another.
pub fn save(
    folder: &Folder,
    save: &Save<'_>,
    mut schedule: Schedule,
    now: DateTime<Utc>,
    entered: impl FnOnce() -> Result<(), ControlError>,
) -> Result<Digest, ControlError> {
    let name = save.name;
    let _alone = folder.months()?;
    let working = Draft::find(folder, name)?;
    match &working {
        Some(draft) => draft.seen_as(save.seen)?,
        None if save.seen.is_some() => return Err(Message::new("draft-conflict").with("by", "?").into()),
        None => {}
    }
    if let Some(draft) = working.as_ref().filter(|draft| draft.by_hand) {
        if !save.replace {
            return Err(Message::new("draft-by-hand").with("file", &draft.file.file).into());
        }
        let kept = format!("{}.{}.bak", draft.file.file, draft.file.digest.short());
        disk::replace(&folder.root.join(kept), &draft.file.bytes, 0o644)?;
    }
    schedule.month = name.month;
    let aired = approved_revision(folder, name)?;
    schedule.revision = schedule.revision.max(aired.map_or(1, |revision| revision.saturating_add(1)));
    let (file, mut hands) = match &working {
        // A new revision begins, with the work of one person.
        Some(draft) if !draft.beside && is_approved(folder, &draft.file) => {
            (folder.draft_file(name), Vec::new())
        }
        Some(draft) if draft.beside => (folder.draft_file(name), hands(folder, name)?),
        _ => (folder.schedule_file(name), hands(folder, name)?),
    };
    // One that an older file knows by name stays beside: it may have been another who was called so.
    if !hands.iter().any(|hand| hand.id == save.by.id && hand.is(save.by)) {
        hands.push(save.by.clone());
    }
    let text = programme::write(&schedule);
    // What could not be read again is never written.
    let (again, findings) = programme::read(&file, text.as_bytes());
    if again.is_none() {
        return Err(ControlError::Findings(findings));
    }
    entered()?;
    // First who, then what: no revision is without those who made it.
    let digest = Digest::of(text.as_bytes());
    put_trail(folder, name, &Trail { by: save.by.name.clone(), at: now, digest, hands, returned: None })?;
    disk::replace(&folder.root.join(file), text.as_bytes(), 0o644)?;
    Ok(digest)
}

/// What the log says of a month that is given back.
#[must_use]
pub fn given_back(name: ScheduleName, words: &str) -> String {
    format!("{name} ← {}", words.trim())
}

/// Gives the working file called `name`, seen as `seen`, back to those who made it, with words, once it is `entered`.
/// What is approved is not given back: it airs.
pub fn give_back(
    folder: &Folder,
    name: ScheduleName,
    seen: Digest,
    by: &str,
    words: &str,
    entered: impl FnOnce() -> Result<(), ControlError>,
) -> Result<(), ControlError> {
    let _alone = folder.months()?;
    let draft = Draft::read(folder, name)?;
    if draft.file.digest != seen {
        return Err(Message::new("draft-changed").into());
    }
    if words.trim().is_empty() {
        return Err(Message::new("text-empty").into());
    }
    // It must find room in its entry.
    short([given_back(name, words).as_str()].into_iter())?;
    if matches!(stage(folder, &draft)?, Stage::Approved(_)) {
        return Err(Message::new("draft-approved").with("month", name).into());
    }
    let hands = hands(folder, name)?;
    let unknown =
        || Trail { by: String::new(), at: DateTime::UNIX_EPOCH, digest: seen, hands, returned: None };
    let mut trail = draft.trail.unwrap_or_else(unknown);
    trail.returned = Some((by.into(), words.trim().into()));
    entered()?;
    put_trail(folder, name, &trail)
}

/// Puts a draft whose approval is durable in the place of the schedule that it replaces.
pub(super) fn settle(folder: &Folder, name: ScheduleName) -> Result<(), ControlError> {
    if !folder.root.join(folder.draft_file(name)).exists() {
        return Ok(());
    }
    let _alone = folder.months()?;
    settle_alone(folder, name)
}

/// The same for whoever holds the months.
pub(super) fn settle_alone(folder: &Folder, name: ScheduleName) -> Result<(), ControlError> {
    let draft = folder.root.join(folder.draft_file(name));
    let Some(bytes) = read_if_there(&draft)? else { return Ok(()) };
    let Some(note) = read_if_there(&folder.root.join(folder.approval_file(name)))? else { return Ok(()) };
    let approved = Approval::open(&note, &Approvers::of(folder).keys);
    if approved.is_ok_and(|approval| approval.subject.schedule == Digest::of(&bytes)) {
        let schedule = folder.root.join(folder.schedule_file(name));
        fs::rename(&draft, &schedule).at("put in place", &schedule)?;
        disk::sync_folder_of(&schedule)?;
    }
    Ok(())
}

/// The revision of `name` that is approved, whatever became of its files since.
pub(super) fn approved_revision(folder: &Folder, name: ScheduleName) -> Result<Option<u32>, ControlError> {
    let note = read_if_there(&folder.root.join(folder.approval_file(name)))?;
    let approval = note.and_then(|note| Approval::open(&note, &Approvers::of(folder).keys).ok());
    Ok(approval.map(|approval| approval.subject.revision))
}

fn is_approved(folder: &Folder, file: &MonthFile) -> bool {
    let digests = file.schedule.as_ref().and_then(|schedule| source_digests(folder, schedule).ok());
    digests.is_some_and(|digests| matches!(file.clearance(folder, digests), Clearance::Approved(_)))
}

/// Everybody who saved the revision of `name` that is in work.
pub(super) fn hands(folder: &Folder, name: ScheduleName) -> Result<Vec<Hand>, ControlError> {
    let path = trail_file(folder, name);
    let Some(bytes) = read_if_there(&path)? else { return Ok(Vec::new()) };
    let trail: Trail = serde_json::from_slice(&bytes).map_err(|error| {
        Message::new("trail-unreadable").with("file", path.display()).with("detail", error)
    })?;
    Ok(trail.hands)
}

fn trail(folder: &Folder, name: ScheduleName) -> Result<Option<Trail>, ControlError> {
    let bytes = read_if_there(&trail_file(folder, name))?;
    // What pages show of it is a comfort: one that cannot be read is as if there were none.
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn trail_file(folder: &Folder, name: ScheduleName) -> PathBuf {
    folder.data().join("work").join(format!("{name}.json"))
}

pub(super) fn put_trail(folder: &Folder, name: ScheduleName, trail: &Trail) -> Result<(), ControlError> {
    let work = folder.data().join("work");
    fs::create_dir_all(&work).at("create the folder", &work)?;
    let text = serde_json::to_vec(trail).unwrap_or_default();
    Ok(disk::replace(&trail_file(folder, name), &text, 0o644)?)
}

/// Where a month stands on its way to air.
#[derive(Debug, Clone)]
pub enum Stage {
    /// It will air, by this release.
    Approved(Box<Release>),
    /// Somebody works on it, or it waits for approval.
    Working,
    /// The approver gave it back, with words.
    Returned {
        /// Who.
        by: String,
        /// Why.
        words: String,
    },
    /// It was approved, and then changed: it does not air so, and why.
    Void(Vec<Finding>),
}

/// Where `draft` stands.
pub fn stage(folder: &Folder, draft: &Draft) -> Result<Stage, ControlError> {
    let returned = draft.trail.as_ref().and_then(|trail| trail.returned.clone());
    let in_work = || returned.map_or(Stage::Working, |(by, words)| Stage::Returned { by, words });
    let (false, Some(schedule)) = (draft.beside, &draft.file.schedule) else { return Ok(in_work()) };
    let digests = match source_digests(folder, schedule) {
        Ok(digests) => digests,
        // The findings of the check name the file.
        Err(ControlError::Media(_)) if draft.file.approval.is_none() => return Ok(in_work()),
        Err(ControlError::Media(refusal)) => {
            let place = Place { file: draft.file.file.clone(), ..Place::default() };
            return Ok(Stage::Void(vec![refusal.finding(place)]));
        }
        Err(error) => return Err(error),
    };
    Ok(match draft.file.clearance(folder, digests) {
        Clearance::Approved(approval) => Stage::Approved(Box::new(approval.release)),
        Clearance::Withheld(_) if draft.file.approval.is_none() => in_work(),
        Clearance::Withheld(findings) => Stage::Void(findings),
    })
}

/// A month as it was released: its schedule and the digest of each of its files.
pub type Released = (Schedule, BTreeMap<String, Digest>);

/// The schedule called `name` as it was last approved: what stands beside its draft, else what the log accepted last.
pub fn last_approved(folder: &Folder, draft: &Draft) -> Result<Option<Released>, ControlError> {
    let name = draft.file.name;
    let files =
        |note: &[u8]| Approval::unchecked(note).map_or_else(BTreeMap::new, |(subject, _)| subject.files);
    if draft.beside {
        let Some(file) = MonthFile::find(folder, name)? else { return Ok(None) };
        let files = file.approval.as_deref().map(files).unwrap_or_default();
        return Ok(file.schedule.map(|schedule| (schedule, files)));
    }
    let log = open_log(&folder.log_path())?;
    let filter = Filter { kinds: vec!["schedule.accept"], ..Filter::default() };
    let accepted = log.entries_of(&filter)?.into_iter().rev().find_map(|entry| match entry.body {
        Body::ScheduleAccept(fact) if fact.name() == name => Some(fact),
        _ => None,
    });
    let Some(fact) = accepted else { return Ok(None) };
    let bytes = log.blob(fact.digest)?.unwrap_or_default();
    let files = log.blob(fact.approval)?.map(|note| files(&note)).unwrap_or_default();
    Ok(programme::read(&draft.file.file, &bytes).0.map(|schedule| (schedule, files)))
}
