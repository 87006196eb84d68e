//! Deletes audio whose time of keeping is over: first the entry that says what it was, durable, then the file.
//! After a crash in between the next time finds the entry and only removes the file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    ControlError, Folder, MonthFile,
    folder::open_log,
    intake::sweep,
    retention::{Verdict, holds_in, kept_from, verdict},
    schedules,
};
use crate::{
    disk::{At as _, sync_folder_of},
    evidence::{Body, DeleteFact},
    programme,
    store::{Filter, Reader, StoreError},
    units::{Digest, Hasher, Month, ScheduleName},
    words::Message,
};

/// Most files that are deleted at once; the next time goes on.
const MOST_FILES: usize = 500;

/// What was deleted, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneReport {
    /// Nothing was touched.
    pub dry_run: bool,
    /// The first month whose audio is kept.
    pub kept_from: Month,
    /// The files that are gone, or would be.
    pub files: Vec<PrunedFile>,
    /// Files whose time is over, but which a hold keeps.
    pub held: Vec<HeldFile>,
    /// How many more are due; the next time goes on with them.
    pub left: u64,
}

/// A file whose time of keeping is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedFile {
    /// Its name below the media folder.
    pub file: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u64,
    /// The last month whose schedule named it.
    pub month: Month,
}

/// A file that a hold keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFile {
    /// Its name below the media folder.
    pub file: String,
    /// The entry of the hold.
    pub hold: u64,
}

/// Makes an entry durable before it returns.
pub type Enter<'a> = &'a dyn Fn(Body) -> Result<(), StoreError>;

/// Deletes the audio whose time is over in the month `this`, entering each file by `enter` first; without
/// it, only says what would go. Nothing goes that no schedule has ever named, nor anything at all while one
/// of the schedules cannot be read: it might name what looks forgotten. What was only sent in part, and measures that
/// nobody looks at, go with it.
pub fn prune(
    folder: &Folder,
    log: &Reader,
    this: Month,
    enter: Option<Enter<'_>>,
) -> Result<PruneReport, ControlError> {
    let kept_from = kept_from(this, folder.station.retention.programme_months);
    let mut report =
        PruneReport { dry_run: enter.is_none(), kept_from, files: Vec::new(), held: Vec::new(), left: 0 };
    let mut deleting = Deleting { log, kept_from, entered: entered(log)? };
    for (file, (path, named)) in named_files(folder, log)? {
        match deleting.verdict(&named)? {
            Verdict::Keep => {}
            Verdict::Held(hold) => report.held.push(HeldFile { file, hold }),
            Verdict::Delete(_) if report.files.len() == MOST_FILES => report.left += 1,
            Verdict::Delete(month) => {
                let Some((digest, bytes)) = contents(&path)? else { continue };
                let fact = DeleteFact { file: file.clone(), digest, bytes, month };
                let gone = enter.map_or(Ok(true), |enter| deleting.delete(&path, &named, fact, enter))?;
                if gone {
                    report.files.push(PrunedFile { file, digest, bytes, month });
                }
            }
        }
    }
    if enter.is_some() {
        sweep(folder);
    }
    Ok(report)
}

/// What [`prune`] would delete in the month `this`, by the station's own log.
pub fn prune_dry(folder: &Folder, this: Month) -> Result<PruneReport, ControlError> {
    prune(folder, &open_log(&folder.log_path())?, this, None)
}

/// What the log says of deletions.
struct Deleting<'a> {
    log: &'a Reader,
    kept_from: Month,
    /// What was entered before: file, digest, last month.
    entered: BTreeSet<(String, Digest, Month)>,
}

impl Deleting<'_> {
    /// Asked anew for every file: reading takes its time, and a hold may come meanwhile.
    fn verdict(&self, named: &BTreeSet<Month>) -> Result<Verdict, ControlError> {
        Ok(verdict(named, self.kept_from, &holds_in(self.log)?))
    }

    /// Enters what the file was, then removes it; false when a hold came while it was read.
    fn delete(
        &mut self,
        path: &Path,
        named: &BTreeSet<Month>,
        fact: DeleteFact,
        enter: Enter<'_>,
    ) -> Result<bool, ControlError> {
        if !matches!(self.verdict(named)?, Verdict::Delete(_)) {
            return Ok(false);
        }
        if self.entered.insert((fact.file.clone(), fact.digest, fact.month)) {
            enter(Body::Delete(fact))?;
        }
        // A hold that became durable while this was entered stands before it in the log.
        if !matches!(self.verdict(named)?, Verdict::Delete(_)) {
            return Ok(false);
        }
        fs::remove_file(path).at("delete", path)?;
        sync_folder_of(path)?;
        Ok(true)
    }
}

fn entered(log: &Reader) -> Result<BTreeSet<(String, Digest, Month)>, ControlError> {
    let filter = Filter { kinds: vec!["delete"], ..Filter::default() };
    let facts = log.entries_of(&filter)?.into_iter().filter_map(|entry| match entry.body {
        Body::Delete(fact) => Some((fact.file, fact.digest, fact.month)),
        _ => None,
    });
    Ok(facts.collect())
}

/// The audio files that schedules have named and that are there: by name below the media folder, where they
/// really are and the months that named them. Two names of one file count as one.
type Named = BTreeMap<String, (PathBuf, BTreeSet<Month>)>;

fn named_files(folder: &Folder, log: &Reader) -> Result<Named, ControlError> {
    let library = folder.library();
    let root = folder.root.join(&folder.station.media);
    let Ok(root) = root.canonicalize() else { return Ok(Named::new()) };
    let mut found = Named::new();
    for (name, months) in names(folder, log)? {
        let Ok(path) = library.resolve(&name) else { continue };
        let Ok(below) = path.strip_prefix(&root) else { continue };
        let Some(file) = below.to_str() else { continue };
        found.entry(file.to_owned()).or_insert_with(|| (path.clone(), BTreeSet::new())).1.extend(months);
    }
    Ok(found)
}

/// Every name that a schedule has ever given to a file, with the months: of the schedules that the log has
/// accepted, in all revisions, and of those that lie in the folder.
fn names(folder: &Folder, log: &Reader) -> Result<BTreeMap<String, BTreeSet<Month>>, ControlError> {
    let mut names: BTreeMap<String, BTreeSet<Month>> = BTreeMap::new();
    let mut take = |name: ScheduleName, schedule: Option<programme::Schedule>| {
        let unreadable = || Message::new("prune-unreadable").with("file", folder.schedule_file(name));
        for file in schedule.ok_or_else(unreadable)?.files() {
            names.entry(file.to_owned()).or_default().insert(name.month);
        }
        Ok::<_, ControlError>(())
    };
    let filter = Filter { kinds: vec!["schedule.accept"], ..Filter::default() };
    let mut read = BTreeSet::new();
    for entry in log.entries_of(&filter)? {
        if let Body::ScheduleAccept(fact) = entry.body
            && read.insert(fact.digest)
        {
            let bytes = log.blob(fact.digest)?.unwrap_or_default();
            let name = fact.name();
            take(name, programme::read(&folder.schedule_file(name), &bytes).0)?;
        }
    }
    for name in schedules(folder)? {
        take(name, MonthFile::read(folder, name)?.schedule)?;
    }
    Ok(names)
}

/// Digest and length of a file; none when it is gone.
fn contents(path: &Path) -> Result<Option<(Digest, u64)>, ControlError> {
    let mut file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.at("read", path)?,
    };
    let (mut hasher, mut length, mut piece) = (Hasher::default(), 0, vec![0; 64 << 10]);
    loop {
        let n = file.read(&mut piece).at("read", path)?;
        if n == 0 {
            return Ok(Some((hasher.finish(), length)));
        }
        hasher.update(&piece[..n]);
        length += n as u64;
    }
}
