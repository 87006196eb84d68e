//! What a month means for this station now: its slots, whether they are released, how long they last.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::PathBuf,
};

use super::{Clearance, ControlError, Folder, MonthFile, folder::has_errors, month::cached_length};
use crate::{
    airing::Planned,
    media::Limits,
    programme::{self, Approval, Place, Schedule, Slot, SlotList},
    units::{Digest, Frames, Month},
};

/// A month as this station would air it.
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
}

/// Whether a month may air.
#[derive(Debug, Clone)]
pub enum Standing {
    /// It is valid and approved.
    Accepted(Box<Approval>),
    /// It is valid and not approved: each of its slots will say so.
    NotApproved(Vec<programme::Finding>),
    /// It cannot be read as a schedule; what was known of the month before stays in force.
    Invalid(Vec<programme::Finding>),
}

/// Reads a month and expands it for this station. Missing or damaged audio is no error here: the slot
/// will name it when its time comes.
pub fn survey(folder: &Folder, month: Month) -> Result<Survey, ControlError> {
    let file = MonthFile::read(folder, month)?;
    let invalid = |file: MonthFile, findings| Survey {
        file,
        slots: Vec::new(),
        slot_list: String::new(),
        media: Vec::new(),
        standing: Standing::Invalid(findings),
    };
    let Some(schedule) = file.schedule.clone() else {
        let findings = file.findings.clone();
        return Ok(invalid(file, findings));
    };
    let (slots, of_slots) = expand(folder, &file.file, &schedule);
    let findings: Vec<_> = file.findings.iter().chain(&of_slots).cloned().collect();
    if has_errors(&findings) {
        return Ok(invalid(file, findings));
    }
    let slot_list =
        SlotList::new(&folder.station.id, &folder.station.unit, month, file.digest, &slots).to_string();
    let digests = source_digests(folder, &schedule);
    let standing = match digests.as_ref().map(|files| file.clearance(folder, files.clone())) {
        Ok(Clearance::Approved(approval)) => Standing::Accepted(approval),
        Ok(Clearance::Withheld(findings)) => Standing::NotApproved(findings),
        Err(ControlError::Media(refusal)) => Standing::NotApproved(vec![
            refusal.finding(Place { file: file.file.clone(), ..Place::default() }),
        ]),
        Err(_) => return digests.map(|_| invalid(file, findings)),
    };
    let slots = planned(folder, &schedule, file.digest, &slots);
    let library = folder.library();
    let names = schedule.programmes.iter().flat_map(|p| &p.segments).map(|segment| &segment.file);
    let media = names.filter_map(|name| library.resolve(name).ok()).collect();
    Ok(Survey { file, slots, slot_list, media, standing })
}

/// The slots of `schedule` at this station.
pub(super) fn expand(
    folder: &Folder,
    file: &str,
    schedule: &Schedule,
) -> (Vec<Slot>, Vec<programme::Finding>) {
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

fn planned(folder: &Folder, schedule: &Schedule, digest: Digest, slots: &[Slot]) -> Vec<Planned> {
    // A master that is not rendered yet has no length; the slot is measured when it is prepared.
    let length = |id: &str| {
        schedule.programme(id).and_then(|programme| cached_length(folder, programme).ok()).unwrap_or_default()
    };
    let lengths: BTreeMap<&str, Frames> =
        schedule.programmes.iter().map(|programme| (programme.id.as_str(), length(&programme.id))).collect();
    let of = |id: &str| lengths.get(id).copied().unwrap_or_default();
    slots
        .iter()
        .map(|slot| Planned {
            id: slot.id.clone(),
            at: slot.at,
            length: of(&slot.id.programme),
            schedule: digest,
        })
        .collect()
}
