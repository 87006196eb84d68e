//! An urgent programme at a station: checked like a month, kept beside the months, aired once. The signatures of its
//! package are its approval, and are opened again under the trust file in force before it sounds.
//!
//! Bytes stand in `data/urgent/<seq>/` before the entry names them; the package's note, which is laid last, is the moment
//! from which it airs.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    ControlError, Folder,
    examine::{Good, floor},
    folder::has_errors,
    month::{cached_length, read_if_there},
    prepare::{from_control, master_of},
    survey::source_digests,
    trust::{chain, chain_with_note, kept},
};
use crate::{
    airing::{Job, Refused, Urgent},
    disk,
    evidence::{PackageFact, Reason, UrgentFact},
    media::Master,
    package::Manifest,
    programme::{self, Programme, Schedule},
    store::Blob,
    units::{Digest, Frames},
    words::{Lang, Message},
};

/// What stands beside the schedule.
const NOTE: &str = "package.note";
const TRUST: &str = "trust.note";

/// Where the urgent programmes stand.
fn room(folder: &Folder) -> PathBuf {
    folder.data().join("urgent")
}

fn place(folder: &Folder, seq: u64) -> PathBuf {
    room(folder).join(seq.to_string())
}

fn schedule_path(folder: &Folder, manifest: &Manifest) -> PathBuf {
    place(folder, manifest.seq).join(format!("{}.toml", manifest.month))
}

/// The schedule of an urgent package and its one programme; a no where it is anything else.
pub(super) fn read_urgent(file: &str, bytes: &[u8]) -> Result<(Schedule, Programme), ControlError> {
    let (schedule, mut findings) = programme::read(file, bytes);
    if let Some(schedule) = &schedule {
        findings.extend(programme::sources(file, schedule, false));
    }
    let Some(schedule) = schedule.filter(|_| !has_errors(&findings)) else {
        return Err(ControlError::Findings(findings));
    };
    match (&schedule.programmes[..], schedule.slots.is_empty()) {
        ([programme], true) => Ok((schedule.clone(), programme.clone())),
        (programmes, _) => {
            let no = Message::new("package-urgent-many").with("programmes", programmes.len());
            Err(no.with("slots", schedule.slots.len()).into())
        }
    }
}

/// Refuses an urgent package whose schedule and files do not belong together.
pub(super) fn content(manifest: &Manifest, schedule: &[u8]) -> Result<(), ControlError> {
    let file = format!("{}.toml", manifest.month);
    let (schedule, programme) = read_urgent(&file, schedule).map_err(|error| match error {
        ControlError::Findings(findings) => {
            let first = findings.iter().find(|finding| has_errors(std::slice::from_ref(finding)));
            let code = first.map_or("", |finding| finding.message.code);
            Message::new("package-schedule").with("code", code).into()
        }
        other => other,
    })?;
    let held: BTreeSet<&str> = manifest.files.iter().map(|file| file.file.as_str()).collect();
    let named = manifest.urgent.as_ref().map(|urgent| urgent.programme.as_str());
    if (schedule.month, schedule.revision) != (manifest.month, manifest.revision)
        || schedule.files() != held
        || named != Some(&programme.id)
    {
        return Err(Message::new("package-approval-other").into());
    }
    Ok(())
}

/// Makes everything ready that its entry names, and the master that will sound: what cannot be rendered is refused here.
pub(super) fn stage(folder: &Folder, good: &Good) -> Result<(), ControlError> {
    let Good { manifest, note, schedule, .. } = good;
    let (_, programme) = read_urgent(&format!("{}.toml", manifest.month), schedule)?;
    master_of(folder, &programme)?;
    let (_, trust) = chain_with_note(folder)?.ok_or_else(|| Message::new("trust-none"))?;
    let home = place(folder, manifest.seq);
    disk::make_folder(&home)?;
    disk::replace(&schedule_path(folder, manifest), schedule, 0o644)?;
    disk::replace(&home.join(NOTE), note, 0o644)?;
    Ok(disk::replace(&home.join(TRUST), &trust, 0o644)?)
}

/// What the entry says of it; none of a month.
pub(super) fn fact(folder: &Folder, good: &Good) -> Result<Option<Box<UrgentFact>>, ControlError> {
    let Some(urgent) = &good.manifest.urgent else { return Ok(None) };
    let trust = read_if_there(&place(folder, good.manifest.seq).join(TRUST))?.unwrap_or_default();
    Ok(Some(Box::new(UrgentFact {
        by: urgent.by.clone(),
        document: urgent.document.clone(),
        from_ms: urgent.from_ms,
        note: Digest::of(&good.note),
        programme: urgent.programme.clone(),
        schedule: good.manifest.schedule.sha256,
        trust: Digest::of(&trust),
        until_ms: urgent.until_ms,
    })))
}

/// The bytes that `fact` names, as they were staged; none of a month.
pub(super) fn blobs(folder: &Folder, fact: &PackageFact) -> Result<Vec<Blob>, ControlError> {
    let (Some(urgent), Some(what)) = (&fact.urgent, &fact.what) else { return Ok(Vec::new()) };
    let home = place(folder, what.seq);
    let named = [
        ("schedule", format!("{}.toml", what.month), urgent.schedule),
        ("package", NOTE.to_owned(), urgent.note),
        ("trust", TRUST.to_owned(), urgent.trust),
    ];
    let read = |(kind, name, digest): (&'static str, String, Digest)| {
        let bytes = read_if_there(&home.join(&name))?.filter(|bytes| Digest::of(bytes) == digest);
        let bytes = bytes.ok_or_else(|| Message::new("package-file-missing").with("file", name))?;
        Ok(Blob { kind, bytes })
    };
    named.into_iter().map(read).collect()
}

/// The urgent programmes that were taken, whatever became of them since.
pub fn urgents(folder: &Folder, now: DateTime<Utc>) -> Result<Vec<Urgent>, ControlError> {
    let Ok(entries) = fs::read_dir(room(folder)) else { return Ok(Vec::new()) };
    let shelf = kept(folder);
    let floor = floor(folder, now)?;
    let mut urgents = Vec::new();
    for seq in entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok()) {
        // Without its note it was staged, and not taken.
        let Ok(note) = shelf.note(seq) else { continue };
        let (Some(manifest), package) = Manifest::unchecked(&note) else { continue };
        let Some(urgent) = &manifest.urgent else { continue };
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
        let from = at(urgent.from_ms);
        urgents.push(Urgent {
            what: manifest.name(),
            package,
            schedule: manifest.schedule.sha256,
            programme: urgent.programme.clone(),
            // A clock that was set back does not keep what the centre says is due.
            from: if floor >= from { from.min(now) } else { from },
            until: at(urgent.until_ms),
            length: length(folder, &manifest),
        });
    }
    Ok(urgents)
}

fn length(folder: &Folder, manifest: &Manifest) -> Frames {
    let bytes = fs::read(schedule_path(folder, manifest)).unwrap_or_default();
    let found = read_urgent(&format!("{}.toml", manifest.month), &bytes);
    found.and_then(|(_, programme)| cached_length(folder, &programme)).unwrap_or_default()
}

/// Makes `job`, which is `urgent`, ready to air, or says why it may not: editor and approvers of the trust file in force
/// signed its package, and schedule and files are those that they signed.
pub(super) fn prepare_urgent(folder: &Folder, job: &Job, urgent: &Urgent) -> Result<Arc<Master>, Refused> {
    let no = |message: &Message| Refused { reason: Reason::NotApproved, detail: message.say(Lang::Vi) };
    let failed = |error: &ControlError| from_control(error);
    let chain =
        chain(folder).map_err(|error| failed(&error))?.ok_or_else(|| no(&Message::new("trust-none")))?;
    let note = kept(folder).note(urgent.what.seq).map_err(|error| failed(&error.into()))?;
    let (manifest, digest) = Manifest::open(&note, &chain).map_err(|message| no(&message))?;
    let path = schedule_path(folder, &manifest);
    let bytes = read_if_there(&path).map_err(|error| failed(&error))?.unwrap_or_default();
    if digest != urgent.package
        || Digest::of(&bytes) != manifest.schedule.sha256
        || job.schedule != urgent.schedule
    {
        return Err(no(&Message::new("package-approval-other")));
    }
    content(&manifest, &bytes).map_err(|error| failed(&error))?;
    let file = path.display().to_string();
    let (schedule, programme) = read_urgent(&file, &bytes).map_err(|error| failed(&error))?;
    if source_digests(folder, &schedule).map_err(|error| failed(&error))? != manifest.digests() {
        let detail = Message::new("package-approval-other").say(Lang::Vi);
        return Err(Refused { reason: Reason::FileChanged, detail });
    }
    Ok(Arc::new(master_of(folder, &programme).map_err(|error| failed(&error))?))
}
