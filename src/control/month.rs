//! A month's schedule as it stands in the folder: the file, its approval, and whether the one releases the other.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::{Approvers, ControlError, Folder};
use crate::{
    disk::At as _,
    keys::KeyError,
    media::Limits,
    programme::{
        self, Approval, ApprovalError, ApprovalSubject, Finding, Place, Programme, Schedule, Severity,
    },
    units::{Digest, Frames, ScheduleName},
    words::Message,
};

/// A schedule file and what belongs to it.
#[derive(Debug, Clone)]
pub struct MonthFile {
    /// Which schedule of which month.
    pub name: ScheduleName,
    /// The file as people name it.
    pub file: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
    /// What they say, where they can be read.
    pub schedule: Option<Schedule>,
    /// What was remarked on reading.
    pub findings: Vec<Finding>,
    /// The approval file's bytes, where there is one.
    pub approval: Option<Vec<u8>>,
}

/// Whether a schedule with its files is released for air.
#[derive(Debug, Clone)]
pub enum Clearance {
    /// It is, by this approval.
    Approved(Box<Approval>),
    /// It is not, and why.
    Withheld(Vec<Finding>),
}

impl MonthFile {
    /// Reads the schedule called `name` and its approval; a schedule that is not there is a no.
    pub fn read(folder: &Folder, name: ScheduleName) -> Result<MonthFile, ControlError> {
        MonthFile::find(folder, name)?
            .ok_or_else(|| Message::new("month-missing").with("file", folder.schedule_file(name)).into())
    }

    /// The same, or `None` when there is no such schedule.
    pub fn find(folder: &Folder, name: ScheduleName) -> Result<Option<MonthFile>, ControlError> {
        MonthFile::find_at(folder, name, folder.schedule_file(name))
    }

    /// The same in the file `file`, with the approval of `name`.
    pub(super) fn find_at(
        folder: &Folder,
        name: ScheduleName,
        file: String,
    ) -> Result<Option<MonthFile>, ControlError> {
        let Some(bytes) = read_if_there(&folder.root.join(&file))? else { return Ok(None) };
        let (schedule, findings) = programme::read(&file, &bytes);
        let approval = read_if_there(&folder.root.join(folder.approval_file(name)))?;
        let digest = Digest::of(&bytes);
        Ok(Some(MonthFile { name, file, bytes, digest, schedule, findings, approval }))
    }

    /// What an approval of this schedule is about: the schedule with the files as they are now.
    #[must_use]
    pub fn subject(&self, files: BTreeMap<String, Digest>) -> ApprovalSubject {
        let revision = self.schedule.as_ref().map_or(0, |schedule| schedule.revision);
        ApprovalSubject::new(self.name.month, revision, self.digest, files)
    }

    /// Whether the approval that lies beside the schedule releases it with these files.
    #[must_use]
    pub fn clearance(&self, folder: &Folder, files: BTreeMap<String, Digest>) -> Clearance {
        self.clearance_by(folder, &Approvers::of(folder), files)
    }

    /// The same where `approvers` may release.
    pub(super) fn clearance_by(
        &self,
        folder: &Folder,
        approvers: &Approvers,
        files: BTreeMap<String, Digest>,
    ) -> Clearance {
        let place = Place { file: folder.approval_file(self.name), ..Place::default() };
        let withheld = |message| {
            Clearance::Withheld(vec![Finding { severity: Severity::Error, place: place.clone(), message }])
        };
        let Some(note) = &self.approval else { return withheld(Message::new("approval-missing")) };
        match Approval::open(note, &approvers.keys) {
            Err(error) => withheld(approval_message(&error)),
            Ok(approval) => {
                let differences = approval.matches(&place.file, &self.subject(files));
                if differences.is_empty() {
                    Clearance::Approved(Box::new(approval))
                } else {
                    Clearance::Withheld(differences)
                }
            }
        }
    }
}

/// Why an approval cannot be used, for people.
pub(super) fn approval_message(error: &ApprovalError) -> Message {
    match error {
        ApprovalError::Note(KeyError::Untrusted) => Message::new("approval-untrusted"),
        ApprovalError::Note(_) => Message::new("approval-unreadable").with("line", 1),
        ApprovalError::Line(line) => Message::new("approval-unreadable").with("line", line),
        ApprovalError::Value(value) => Message::new("approval-value").with("value", value),
    }
}

/// The schedules in the folder, by month, the centre's first.
pub fn schedules(folder: &Folder) -> Result<Vec<ScheduleName>, ControlError> {
    let path = folder.root.join(&folder.station.schedules);
    let entries = fs::read_dir(&path).at("list", &path)?;
    let name = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
    let schedule = |name: String| name.strip_suffix(".toml")?.parse().ok();
    let mut schedules: Vec<ScheduleName> = entries.filter_map(name).filter_map(schedule).collect();
    schedules.sort_unstable();
    Ok(schedules)
}

/// The digest of a schedule and the length of its programme that a person wants aired; a no when there is
/// none such.
pub fn airable(
    folder: &Folder,
    name: ScheduleName,
    programme: &str,
) -> Result<(Digest, Frames), ControlError> {
    let file = MonthFile::read(folder, name)?;
    let Some(found) = file.schedule.as_ref().and_then(|schedule| schedule.programme(programme)) else {
        return Err(Message::new("prepare-no-programme").with("programme", programme).into());
    };
    let length = cached_length(folder, found)?;
    Ok((file.digest, length))
}

/// The files of a programme, in order of airing.
pub(super) fn files_of(programme: &Programme) -> Vec<&str> {
    programme.segments.iter().map(|segment| segment.file.as_str()).collect()
}

/// The lengths of the programmes of `schedule` whose masters are rendered, by id.
pub(super) fn cached_lengths(folder: &Folder, schedule: &Schedule) -> BTreeMap<String, Frames> {
    let length = |programme: &Programme| cached_length(folder, programme).ok().filter(|l| *l > Frames::ZERO);
    schedule.programmes.iter().filter_map(|p| Some((p.id.clone(), length(p)?))).collect()
}

/// The length of a programme, by its master; zero while none is rendered.
pub(super) fn cached_length(folder: &Folder, programme: &Programme) -> Result<Frames, ControlError> {
    let (library, limits) = (folder.library(), Limits::default());
    let master = folder.renderer(&library, &limits).find(&files_of(programme))?;
    Ok(master.map_or(Frames::ZERO, |master| master.manifest.frames))
}

/// A file's bytes, or `None` when there is no such file.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, ControlError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => Ok(Some(read.at("read", path)?)),
    }
}
