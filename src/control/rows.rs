//! The as-run rows for people and machines: what the log says, with the names that hold for it.

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use super::{ControlError, Folder};
use crate::{
    evidence::{
        AsRunRow, Body, Entry, Outcome, Reason, ScheduleFact, Trigger,
        asrun::{self, Remark},
        tree,
    },
    programme::{self, Approval, Programme, Schedule, Source, civil},
    store::{Log, Reader},
    units::{Digest, Level, ScheduleName, SlotId},
    words::Message,
};

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct RowFilter {
    /// From this day of station time on.
    pub from: Option<NaiveDate>,
    /// Up to the end of this day.
    pub to: Option<NaiveDate>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
}

/// One row with everything an auditor opens (`domain.md`, The as-run row). Times are RFC 3339 with the
/// station's offset at that moment; levels are LUFS and dBTP; lengths milliseconds or frames at 48 kHz.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs, reason = "documented field by field in docs/json.md")]
pub struct Row {
    pub slot: Option<SlotId>,
    pub airing: Option<u64>,
    pub station: String,
    pub unit: String,
    pub month: String,
    pub programme: String,
    pub title: Option<String>,
    pub column: Option<String>,
    pub source: Option<Source>,
    pub topics: Vec<String>,
    pub editor: Option<String>,
    pub announcer: Option<String>,
    pub approved_by: Option<String>,
    pub document: Option<String>,
    pub approved_at: Option<String>,
    pub schedule: Option<Digest>,
    pub master: Option<Digest>,
    pub trigger: Option<Trigger>,
    pub by: String,
    pub planned: String,
    pub first_frame: Option<String>,
    pub last_frame: Option<String>,
    pub start_error_ms: Option<f64>,
    pub latency_ms: Option<f64>,
    pub duration_ms: Option<u64>,
    pub frames_expected: Option<u64>,
    pub frames_decoded: Option<u64>,
    pub frames_delivered: Option<u64>,
    pub frames_consumed: Option<u64>,
    pub underruns: Option<u64>,
    pub hole_ms: Option<u64>,
    #[serde(serialize_with = "level")]
    pub loudness_lufs: Option<Level>,
    #[serde(serialize_with = "level")]
    pub true_peak_dbtp: Option<Level>,
    pub devices: Vec<String>,
    pub starts: u32,
    pub segments: Vec<SegmentRow>,
    pub clock_synchronised: bool,
    pub boot: String,
    pub software: Option<String>,
    pub outcome: Option<Outcome>,
    pub reason: Option<Reason>,
    pub detail: String,
    pub proof: u8,
    pub repairs: Option<SlotId>,
    pub notes: Vec<NoteRow>,
    pub entries: Vec<u64>,
    pub hash: Option<Digest>,
}

/// A segment of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs, reason = "documented field by field in docs/json.md")]
pub struct SegmentRow {
    pub n: u32,
    pub title: Option<String>,
    pub file: Digest,
    pub frames: u64,
}

/// What a person said about a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs, reason = "documented field by field in docs/json.md")]
pub struct NoteRow {
    pub entry: u64,
    pub corrects: Option<u64>,
    pub act: String,
    pub by: String,
    pub text: String,
}

impl From<Remark> for NoteRow {
    fn from(remark: Remark) -> NoteRow {
        let Remark { seq, corrects, act, by, text } = remark;
        NoteRow { entry: seq, corrects, act, by, text }
    }
}

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn level<S: serde::Serializer>(level: &Option<Level>, to: S) -> Result<S::Ok, S::Error> {
    level.map(Level::db).serialize(to)
}

/// The rows of the log in the file at `path` that `filter` wants, in order of their planned instants.
pub fn rows(folder: &Folder, path: &Path, filter: &RowFilter) -> Result<Vec<Row>, ControlError> {
    if !path.exists() {
        return Err(Message::new("log-missing").into());
    }
    let log = Log::read_only(path)?;
    let zone = folder.station.zone;
    let midnight = |day: NaiveDate| civil::instant(zone, day.and_time(chrono::NaiveTime::MIN)).0;
    let from = filter.from.map(midnight);
    let to = filter.to.map(|day| midnight(day + TimeDelta::days(1)));
    let mut fold = asrun::AsRun::default();
    let mut names = Names::default();
    for entry in log.entries(0..log.size()?) {
        let entry = entry?;
        names.take(&entry);
        fold.push(&entry);
    }
    let mut found: Vec<AsRunRow> = fold.finish();
    found.retain(|row| {
        let at = DateTime::<Utc>::from_timestamp_millis(row.planned_ms).unwrap_or_default();
        from.is_none_or(|from| at >= from)
            && to.is_none_or(|to| at < to)
            && filter.outcome.is_none_or(|wanted| row.outcome == Some(wanted))
    });
    found.sort_by_key(|row| row.planned_ms);
    names.read_schedules(&log)?;
    found.into_iter().map(|row| Ok(Row { hash: hash_of_last(&log, &row)?, ..names.row(row) })).collect()
}

/// The leaf hash (RFC 6962, section 2.1) of the row's last entry: what an inclusion proof begins with.
fn hash_of_last(log: &Reader, row: &AsRunRow) -> Result<Option<Digest>, ControlError> {
    let Some(seq) = row.seqs.last().copied() else { return Ok(None) };
    let leaf = log.leaves(seq..seq + 1).next().transpose()?;
    Ok(leaf.map(|(_, leaf)| tree::leaf_hash(leaf.as_bytes())))
}

/// Microseconds as milliseconds.
#[allow(clippy::cast_precision_loss, reason = "an error of hours is exact enough in f64 milliseconds")]
fn in_ms(us: i64) -> f64 {
    us as f64 / 1000.0
}

/// What held at the entry `seq`.
fn as_of<T>(held: &BTreeMap<u64, T>, seq: u64) -> Option<&T> {
    held.range(..=seq).next_back().map(|(_, value)| value)
}

/// What rows are called: as the log had it when they were written, whatever the files say today.
#[derive(Debug, Default)]
struct Names {
    /// Station and unit, by the entry from which on they hold.
    stations: BTreeMap<u64, (String, String)>,
    /// Acceptances of each schedule, by the entry from which on they hold.
    accepted: BTreeMap<Digest, BTreeMap<u64, ScheduleFact>>,
    /// When each approval was signed, by the digest of its note.
    approved_at: BTreeMap<Digest, DateTime<Utc>>,
    /// The software's version, by the entry from which on it holds.
    software: BTreeMap<u64, String>,
    in_force: BTreeMap<ScheduleName, Digest>,
    /// The month's schedules that were in force when a slot was closed without an airing, whose cue would name
    /// its own.
    closed_under: BTreeMap<SlotId, Vec<Digest>>,
    schedules: BTreeMap<Digest, Schedule>,
}

impl Names {
    fn take(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Config { station, unit, .. } => {
                self.stations.insert(entry.seq, (station.clone(), unit.clone()));
            }
            Body::Sw { version, .. } => {
                self.software.insert(entry.seq, version.clone());
            }
            Body::ScheduleAccept(fact) => {
                self.in_force.insert(fact.name(), fact.digest);
                self.accepted.entry(fact.digest).or_default().insert(entry.seq, fact.clone());
            }
            Body::Missed(missed) => {
                let names = [ScheduleName::centre, ScheduleName::ward].map(|of| of(missed.slot.month));
                let in_force = names.iter().filter_map(|name| self.in_force.get(name).copied()).collect();
                self.closed_under.insert(missed.slot.clone(), in_force);
            }
            _ => {}
        }
    }

    fn read_schedules(&mut self, log: &Reader) -> Result<(), ControlError> {
        for (digest, facts) in &self.accepted {
            for fact in facts.values() {
                let at = log.blob(fact.approval)?.and_then(|note| Approval::signed_at(&note));
                self.approved_at.extend(at.map(|at| (fact.approval, at)));
            }
            let Some((_, fact)) = facts.first_key_value() else { continue };
            if let Some(bytes) = log.blob(*digest)? {
                let (schedule, _) = programme::read(&format!("{}.toml", fact.name()), &bytes);
                self.schedules.extend(schedule.map(|schedule| (*digest, schedule)));
            }
        }
        Ok(())
    }

    fn programme(&self, schedule: Digest, id: &str) -> Option<&Programme> {
        self.schedules.get(&schedule)?.programme(id)
    }

    /// Of the month's schedules that were in force when the row's slot was closed, the one with its programme.
    fn closed_under(&self, row: &AsRunRow) -> Option<Digest> {
        let mut in_force = self.closed_under.get(row.slot.as_ref()?)?.iter().copied();
        in_force.find(|schedule| self.programme(*schedule, &row.programme).is_some())
    }

    fn row(&self, row: AsRunRow) -> Row {
        let offset = FixedOffset::east_opt(row.clk.offset_min * 60).unwrap_or(chrono::Offset::fix(&Utc));
        let local = |at: Option<DateTime<Utc>>, precision| {
            at.map(|at| at.with_timezone(&offset).to_rfc3339_opts(precision, false))
        };
        let micros =
            |us: Option<i64>| local(us.and_then(DateTime::from_timestamp_micros), SecondsFormat::Micros);
        let schedule = row.schedule.or_else(|| self.closed_under(&row));
        let programme = schedule.and_then(|digest| self.programme(digest, &row.programme));
        // As of the row's first entry: a later approval or another unit changes nothing of it.
        let written = row.seqs.first().copied().unwrap_or_default();
        let (station, unit) = as_of(&self.stations, written).cloned().unwrap_or_default();
        let accepted =
            schedule.and_then(|digest| self.accepted.get(&digest)).and_then(|facts| as_of(facts, written));
        let title = |n: u32| programme.and_then(|p| p.segments.get(n as usize)).map(|s| s.title.clone());
        Row {
            slot: row.slot,
            airing: row.airing,
            station,
            unit,
            month: row.month.to_string(),
            title: programme.map(|p| p.title.clone()),
            column: programme.map(|p| p.column.clone()),
            source: programme.map(|p| p.source),
            topics: programme.map(|p| p.topics.clone()).unwrap_or_default(),
            editor: programme.map(|p| p.editor.clone()),
            announcer: programme.map(|p| p.announcer.clone()),
            programme: row.programme,
            approved_by: accepted.map(|fact| fact.by.clone()),
            document: accepted.map(|fact| fact.document.clone()),
            approved_at: accepted
                .and_then(|fact| local(self.approved_at.get(&fact.approval).copied(), SecondsFormat::Secs)),
            schedule,
            master: row.master,
            trigger: row.trigger,
            by: row.by,
            planned: local(DateTime::from_timestamp_millis(row.planned_ms), SecondsFormat::Millis)
                .unwrap_or_default(),
            first_frame: micros(row.first_us),
            last_frame: micros(row.last_us),
            start_error_ms: row.start_error_us.map(in_ms),
            latency_ms: row.latency_us.map(in_ms),
            duration_ms: row.expected.map(crate::units::Frames::ms),
            frames_expected: row.expected.map(|f| f.0),
            frames_decoded: row.decoded.map(|f| f.0),
            frames_delivered: row.delivered.map(|f| f.0),
            frames_consumed: row.consumed.map(|f| f.0),
            underruns: row.underruns.map(|f| f.0),
            hole_ms: row.hole_ms,
            loudness_lufs: row.loudness_lufs,
            true_peak_dbtp: row.true_peak_dbtp,
            devices: row.devices,
            starts: row.starts,
            segments: row
                .segments
                .iter()
                .map(|s| SegmentRow { n: s.n, title: title(s.n), file: s.file, frames: s.frames.0 })
                .collect(),
            clock_synchronised: row.clk.sync,
            boot: row.clk.boot,
            software: row.seqs.last().and_then(|last| as_of(&self.software, *last).cloned()),
            outcome: row.outcome,
            reason: row.reason,
            detail: row.detail,
            proof: row.proof,
            repairs: row.repairs,
            notes: row.notes.into_iter().map(NoteRow::from).collect(),
            entries: row.seqs,
            hash: None,
        }
    }
}
