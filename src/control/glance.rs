//! What pages show of months and files, remembered until a file changes: to look at a month must not mean to read
//! hours of audio. What airs and what is signed never rests on it, see [`check()`](fn@super::check).

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    CheckReport, ControlError, Draft, Folder, Stage, check_draft,
    draft::{Trail, stage},
    month::files_of,
    survey::source_digests,
};
use crate::{
    media::{Decoder, Limits},
    programme::ApprovalSubject,
    units::{Digest, ScheduleName},
};

/// As a file is told apart from what stood there before: device, number, length, and when its bytes and its entry
/// changed. The last cannot be set by hand.
type Print = Option<(u64, u64, u64, (i64, i64), (i64, i64))>;

/// What a month's looks rest on.
#[derive(Debug, PartialEq, Eq)]
struct Basis {
    /// Its working file, and who did what to it.
    draft: (Digest, Option<Trail>),
    /// The files beside it, as they were.
    beside: BTreeMap<PathBuf, Print>,
}

/// More is forgotten at once; a station has two years of months and some thousand files.
const MOST: usize = 4096;

/// What was seen.
#[derive(Debug, Default)]
pub struct Glance {
    months: Mutex<BTreeMap<ScheduleName, (Basis, Seen)>>,
    digests: Mutex<BTreeMap<PathBuf, (Print, Digest)>>,
}

#[derive(Debug, Default, Clone)]
struct Seen {
    stage: Option<Stage>,
    files: Option<BTreeMap<String, Digest>>,
    report: Option<CheckReport>,
}

impl Glance {
    /// Where the working file of a month stands.
    ///
    /// # Errors
    ///
    /// Its files cannot be read.
    pub fn stage(&self, folder: &Folder, draft: &Draft) -> Result<Stage, ControlError> {
        let name = draft.file.name;
        let basis = basis(folder, draft);
        if let Some(stage) = self.seen(name, &basis).stage {
            return Ok(stage);
        }
        let stage = stage(folder, draft)?;
        self.keep(name, basis, |seen| seen.stage = Some(stage.clone()));
        Ok(stage)
    }

    /// The digest of every file of the working file of a month, and with them what an approval of it would sign; none
    /// where a file cannot be read.
    pub fn subject(&self, folder: &Folder, draft: &Draft) -> Option<ApprovalSubject> {
        let name = draft.file.name;
        let basis = basis(folder, draft);
        let files = if let Some(files) = self.seen(name, &basis).files {
            files
        } else {
            let files = source_digests(folder, draft.file.schedule.as_ref()?).ok()?;
            self.keep(name, basis, |seen| seen.files = Some(files.clone()));
            files
        };
        Some(draft.file.subject(files))
    }

    /// The check of the working file of a month, when it was done since its files changed.
    ///
    /// # Errors
    ///
    /// Its files cannot be read.
    pub fn checked(&self, folder: &Folder, name: ScheduleName) -> Result<Option<CheckReport>, ControlError> {
        let basis = basis(folder, &Draft::read(folder, name)?);
        Ok(self.seen(name, &basis).report)
    }

    /// The check of the working file of a month.
    ///
    /// # Errors
    ///
    /// As [`check_draft`].
    pub fn check(&self, folder: &Folder, name: ScheduleName) -> Result<CheckReport, ControlError> {
        // As they were before they are read: what changes meanwhile is checked again.
        let basis = basis(folder, &Draft::read(folder, name)?);
        if let Some(report) = self.seen(name, &basis).report {
            return Ok(report);
        }
        let report = check_draft(folder, name, &mut |_| {})?;
        self.keep(name, basis, |seen| seen.report = Some(report.clone()));
        Ok(report)
    }

    /// The digest of the audio file at `path`, which people know as `name`.
    pub(super) fn digest(&self, name: &str, path: &Path) -> Result<Digest, ControlError> {
        let print = print(path);
        if let Some((known, digest)) = lock(&self.digests).get(path)
            && *known == print
        {
            return Ok(*digest);
        }
        let digest = Decoder::open(name, path, &Limits::default())?.digest();
        let mut digests = lock(&self.digests);
        if digests.len() >= MOST {
            digests.clear();
        }
        digests.insert(path.to_owned(), (print, digest));
        Ok(digest)
    }

    fn seen(&self, name: ScheduleName, basis: &Basis) -> Seen {
        let months = lock(&self.months);
        months
            .get(&name)
            .filter(|(known, _)| known == basis)
            .map(|(_, seen)| seen.clone())
            .unwrap_or_default()
    }

    fn keep(&self, name: ScheduleName, basis: Basis, put: impl FnOnce(&mut Seen)) {
        let mut months = lock(&self.months);
        if months.len() >= MOST {
            months.clear();
        }
        let known = months.remove(&name).filter(|(known, _)| *known == basis);
        let (_, seen) =
            &mut *months.entry(name).or_insert((basis, known.map_or_else(Seen::default, |(_, seen)| seen)));
        put(seen);
    }
}

/// All schedules count, since months meet at their edges, with their drafts and approvals; the settings; the trust files;
/// and the audio.
fn basis(folder: &Folder, draft: &Draft) -> Basis {
    let mut beside = BTreeMap::new();
    let trust = folder.station.data.join("packages/trust");
    for part in [Path::new(&folder.station.schedules), Path::new("config"), &trust] {
        let entries = fs::read_dir(folder.root.join(part)).into_iter().flatten().flatten();
        beside.extend(entries.map(|entry| (entry.path(), print(&entry.path()))));
    }
    let library = folder.library();
    let programmes = draft.file.schedule.iter().flat_map(|schedule| &schedule.programmes);
    for file in programmes.flat_map(files_of) {
        let path = library.resolve(file).unwrap_or_else(|_| folder.root.join(file));
        let print = print(&path);
        beside.insert(path, print);
    }
    Basis { draft: (draft.file.digest, draft.trail.clone()), beside }
}

fn print(path: &Path) -> Print {
    let meta = fs::metadata(path).ok()?;
    Some((
        meta.dev(),
        meta.ino(),
        meta.len(),
        (meta.mtime(), meta.mtime_nsec()),
        (meta.ctime(), meta.ctime_nsec()),
    ))
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
