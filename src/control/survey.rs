//! What a schedule means for this station now: its slots, whether they are released, how long they last.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::PathBuf,
};

use super::{
    Approvers, Clearance, ControlError, Folder, MonthFile, draft, folder::has_errors, month::cached_lengths,
};
use crate::{
    airing::Planned,
    config::Station,
    media::Limits,
    programme::{self, Approval, Finding, Measured, Place, Schedule, Slot, SlotList},
    units::{Digest, Frames, ScheduleName},
};

/// A schedule as this station would air it.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Its files.
    pub file: MonthFile,
    /// Its slots at this station, in order.
    pub slots: Vec<Planned>,
    /// The canonical list of these slots, whose digest stands in the log.
    pub slot_list: String,
    /// The audio files that it names, where they are there.
    pub media: Vec<PathBuf>,
    /// Whether it may air.
    pub standing: Standing,
    /// The note of the trust file under which that was judged; none where none is in force.
    pub trust: Option<Vec<u8>>,
}

/// Whether a schedule may air.
#[derive(Debug, Clone)]
pub enum Standing {
    /// It is valid and approved.
    Accepted(Box<Approval>),
    /// It is valid and not approved: each of its slots will say so.
    NotApproved(Vec<Finding>),
    /// It cannot be read as a schedule; what was known of the month before stays in force.
    Invalid(Vec<Finding>),
    /// It is the ward's own, and in the way of the centre's. Of what the log had accepted before, only
    /// that stands which leaves the centre's slots alone.
    InTheWay(Vec<Finding>),
}

/// Reads a schedule and expands it for this station. Missing or damaged audio is no error here: the slot
/// will name it when its time comes.
pub fn survey(folder: &Folder, name: ScheduleName) -> Result<Survey, ControlError> {
    draft::settle(folder, name)?;
    let file = MonthFile::read(folder, name)?;
    let invalid = |file: MonthFile, findings| Survey {
        file,
        slots: Vec::new(),
        slot_list: String::new(),
        media: Vec::new(),
        standing: Standing::Invalid(findings),
        trust: None,
    };
    let Some(schedule) = file.schedule.clone() else {
        let findings = file.findings.clone();
        return Ok(invalid(file, findings));
    };
    let (slots, of_slots) = expand(folder, &file.file, &schedule);
    let of_sources = programme::sources(&file.file, &schedule, name.ward);
    let findings: Vec<_> = file.findings.iter().cloned().chain(of_slots).chain(of_sources).collect();
    if has_errors(&findings) {
        return Ok(invalid(file, findings));
    }
    let Station { id, unit, .. } = &folder.station;
    let slot_list = SlotList::new(id, unit, name.month, file.digest, &slots).to_string();
    let lengths = cached_lengths(folder, &schedule);
    let in_the_way = beside_centre(folder, &file, &schedule, &lengths)?;
    let digests = source_digests(folder, &schedule);
    let approvers = Approvers::of(folder);
    let clearance = |files: &BTreeMap<_, _>| file.clearance_by(folder, &approvers, files.clone());
    let standing = match digests.as_ref().map(clearance) {
        _ if !in_the_way.is_empty() => Standing::InTheWay(in_the_way),
        Ok(Clearance::Approved(approval)) => Standing::Accepted(approval),
        Ok(Clearance::Withheld(findings)) => Standing::NotApproved(findings),
        Err(ControlError::Media(refusal)) => Standing::NotApproved(vec![
            refusal.finding(Place { file: file.file.clone(), ..Place::default() }),
        ]),
        Err(_) => return digests.map(|_| invalid(file, findings)),
    };
    let slots = planned(&file, &lengths, &slots);
    let library = folder.library();
    let names = schedule.programmes.iter().flat_map(|p| &p.segments).map(|segment| &segment.file);
    let media = names.filter_map(|name| library.resolve(name).ok()).collect();
    Ok(Survey { file, slots, slot_list, media, standing, trust: approvers.trust })
}

/// What in the ward's own `schedule` is in the way of the centre's, as far as lengths are known; nothing
/// when `file` is the centre's, or when the centre's is not there or cannot be read.
pub(super) fn beside_centre(
    folder: &Folder,
    file: &MonthFile,
    schedule: &Schedule,
    lengths: &BTreeMap<String, Frames>,
) -> Result<Vec<Finding>, ControlError> {
    if !file.name.ward {
        return Ok(Vec::new());
    }
    let centre = MonthFile::find(folder, ScheduleName::centre(file.name.month))?;
    let Some(centre) = centre.and_then(|centre| centre.schedule) else { return Ok(Vec::new()) };
    let ward = Measured { schedule, lengths };
    let centre = Measured { schedule: &centre, lengths: &cached_lengths(folder, &centre) };
    let Station { zone, unit, .. } = &folder.station;
    Ok(programme::beside(&file.file, ward, centre, *zone, unit))
}

/// The slots of `schedule` at this station.
pub(super) fn expand(folder: &Folder, file: &str, schedule: &Schedule) -> (Vec<Slot>, Vec<Finding>) {
    programme::expand(file, schedule, folder.station.zone, &folder.station.unit)
}

/// The digest of every source file that `schedule` names.
pub(super) fn source_digests(
    folder: &Folder,
    schedule: &Schedule,
) -> Result<BTreeMap<String, Digest>, ControlError> {
    let (library, limits) = (folder.library(), Limits::default());
    let names = schedule.programmes.iter().flat_map(|p| &p.segments).map(|s| s.file.clone());
    let mut digests = BTreeMap::new();
    for name in names {
        if let Entry::Vacant(place) = digests.entry(name) {
            let digest = folder.renderer(&library, &limits).digest(place.key())?;
            place.insert(digest);
        }
    }
    Ok(digests)
}

fn planned(file: &MonthFile, lengths: &BTreeMap<String, Frames>, slots: &[Slot]) -> Vec<Planned> {
    // A master that is not rendered yet has no length; the slot is measured when it is prepared.
    let of = |id: &str| lengths.get(id).copied().unwrap_or_default();
    slots
        .iter()
        .map(|slot| Planned {
            id: slot.id.clone(),
            at: slot.at,
            length: of(&slot.id.programme),
            schedule: file.digest,
            ward: file.name.ward,
        })
        .collect()
}
