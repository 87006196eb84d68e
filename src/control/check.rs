//! Is a month ready? Everything is decoded whole, measured and rendered; nothing is taken on trust.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Clearance, ControlError, Draft, Folder, MonthFile,
    folder::has_errors,
    month::files_of,
    render_month,
    survey::{beside_centre, expand},
};
use crate::{
    media::{self, Limits, Measure, Progress},
    programme::{self, Finding, Place, Premises, Programme},
    units::{Digest, Frames, Level, ScheduleName},
};

/// What the check of a schedule found.
#[derive(Debug, Clone)]
pub struct CheckReport {
    /// Which schedule of which month.
    pub schedule: ScheduleName,
    /// Its programmes, in the schedule's order.
    pub programmes: Vec<ProgrammeReport>,
    /// Slots at this station.
    pub slots: usize,
    /// Everything that was remarked.
    pub findings: Vec<Finding>,
    /// Whether it will air as it stands: no errors, and approved.
    pub ready: bool,
}

/// A programme, measured.
#[derive(Debug, Clone, Serialize)]
pub struct ProgrammeReport {
    /// Its id in the schedule.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Length in milliseconds; absent when a part cannot be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The same in frames at 48 kHz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<Frames>,
    /// Integrated loudness of the master, LUFS.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_db")]
    pub loudness_lufs: Option<Level>,
    /// True peak of the master, dBTP.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_db")]
    pub true_peak_dbtp: Option<Level>,
    /// Digest of the master.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master: Option<Digest>,
    /// Its parts.
    pub segments: Vec<SegmentReport>,
}

/// A part, measured as received.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentReport {
    /// Its title.
    pub title: String,
    /// Its file below `media/`.
    pub file: String,
    /// What was measured; absent when it cannot be decoded.
    #[serde(serialize_with = "levels_as_db")]
    pub measure: Option<Measure>,
}

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn as_db<S: serde::Serializer>(level: &Option<Level>, to: S) -> Result<S::Ok, S::Error> {
    level.map(Level::db).serialize(to)
}

/// A measure keeps its levels in hundredths; whoever reads JSON expects LUFS and dB as they are spoken.
#[allow(clippy::ref_option, reason = "the shape that serde asks for")]
fn levels_as_db<S: serde::Serializer>(measure: &Option<Measure>, to: S) -> Result<S::Ok, S::Error> {
    let mut value = serde_json::to_value(measure).map_err(serde::ser::Error::custom)?;
    if let (Some(measure), Some(fields)) = (measure, value.as_object_mut()) {
        for (key, level) in [
            ("loudness_lufs", measure.loudness_lufs),
            ("true_peak_dbtp", measure.true_peak_dbtp),
            ("sample_peak_db", measure.sample_peak_db),
        ] {
            fields.insert(key.into(), level.db().into());
        }
    }
    value.serialize(to)
}

/// Checks the schedule called `name` whole; `progress` is called as the audio is worked through.
pub fn check(
    folder: &Folder,
    name: ScheduleName,
    progress: &mut dyn FnMut(Progress),
) -> Result<CheckReport, ControlError> {
    cleared(folder, MonthFile::read(folder, name)?, progress)
}

/// The same for the working file of `name`.
pub fn check_draft(
    folder: &Folder,
    name: ScheduleName,
    progress: &mut dyn FnMut(Progress),
) -> Result<CheckReport, ControlError> {
    cleared(folder, Draft::read(folder, name)?.file, progress)
}

fn cleared(
    folder: &Folder,
    file: MonthFile,
    progress: &mut dyn FnMut(Progress),
) -> Result<CheckReport, ControlError> {
    let Examined { mut report, file, digests } = examine_all(folder, file, progress)?;
    if !has_errors(&report.findings)
        && let Clearance::Withheld(why) = file.clearance(folder, digests)
    {
        report.findings.extend(why);
    }
    report.ready = !report.programmes.is_empty() && !has_errors(&report.findings);
    Ok(report)
}

/// The same without the approval: what a person approves must hold already.
pub(super) fn examine(
    folder: &Folder,
    file: MonthFile,
    progress: &mut dyn FnMut(Progress),
) -> Result<CheckReport, ControlError> {
    Ok(examine_all(folder, file, progress)?.report)
}

/// A report with what it rests on.
struct Examined {
    report: CheckReport,
    file: MonthFile,
    digests: BTreeMap<String, Digest>,
}

fn examine_all(
    folder: &Folder,
    file: MonthFile,
    progress: &mut dyn FnMut(Progress),
) -> Result<Examined, ControlError> {
    let name = file.name;
    let mut findings: Vec<Finding> = folder.findings.iter().chain(&file.findings).cloned().collect();
    let Some(schedule) = file.schedule.clone() else {
        let report = CheckReport { schedule: name, programmes: Vec::new(), slots: 0, findings, ready: false };
        return Ok(Examined { report, file, digests: BTreeMap::new() });
    };
    let mut digests = BTreeMap::new();
    let mut lengths: BTreeMap<String, Frames> = BTreeMap::new();
    let mut programmes = Vec::new();
    for programme in &schedule.programmes {
        let report = measure(folder, &file.file, programme, &mut digests, &mut findings, progress)?;
        if let Some(ms) = report.frames {
            lengths.insert(programme.id.clone(), ms);
        }
        programmes.push(report);
    }
    let (slots, _) = expand(folder, &file.file, &schedule);
    let station = &folder.station;
    let premises = Premises {
        plan: &folder.plan,
        windows: &station.windows,
        zone: station.zone,
        unit: &station.unit,
        ward: name.ward,
    };
    findings.extend(programme::check(&file.file, &schedule, &premises, &lengths));
    let centre = ScheduleName::centre(name.month);
    if name.ward && MonthFile::find(folder, centre)?.is_some() {
        // Only with all lengths known is it known what overlaps.
        render_month(folder, centre)?;
    }
    findings.extend(beside_centre(folder, &file, &schedule, &lengths)?);
    findings.sort();
    findings.dedup();
    let report = CheckReport { schedule: name, programmes, slots: slots.len(), findings, ready: false };
    Ok(Examined { report, file, digests })
}

fn measure(
    folder: &Folder,
    file: &str,
    programme: &Programme,
    digests: &mut BTreeMap<String, Digest>,
    findings: &mut Vec<Finding>,
    progress: &mut dyn FnMut(Progress),
) -> Result<ProgrammeReport, ControlError> {
    let (library, limits) = (folder.library(), Limits::default());
    let rendered = folder.renderer(&library, &limits).open_or_render(&files_of(programme), progress)?;
    let mut segments = Vec::new();
    for (segment, result) in programme.segments.iter().zip(rendered.sources) {
        let place = Place { file: file.into(), key: segment.file.clone(), ..Place::default() };
        let measure = match result {
            Ok(measure) => {
                findings.append(&mut media::findings(&segment.file, &measure, &place));
                digests.insert(segment.file.clone(), measure.file);
                Some(measure)
            }
            Err(refusal) => {
                findings.push(refusal.finding(place));
                None
            }
        };
        segments.push(SegmentReport { title: segment.title.clone(), file: segment.file.clone(), measure });
    }
    let manifest = rendered.master.map(|master| master.manifest);
    Ok(ProgrammeReport {
        id: programme.id.clone(),
        title: programme.title.clone(),
        duration_ms: manifest.as_ref().map(|m| m.frames.ms()),
        frames: manifest.as_ref().map(|m| m.frames),
        loudness_lufs: manifest.as_ref().map(|m| m.loudness_lufs),
        true_peak_dbtp: manifest.as_ref().map(|m| m.true_peak_dbtp),
        master: manifest.map(|m| m.digest),
        segments,
    })
}
