//! What rows are called: as the log had it when they were written, whatever the files say today. Only what
//! the asked rows need is looked up.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
};

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

use super::{
    ControlError,
    row::{NoteRow, Row, SegmentRow},
};
use crate::{
    config,
    evidence::{AsRunRow, Body, Clk, Entry, PackageFact, ScheduleFact, Trigger, tree},
    keys,
    package::Manifest,
    programme::{self, Approval, Schedule},
    store::{Filter, Reader, StoreError},
    units::{Digest, Frames, Month, ScheduleName},
};

/// The bytes that are stored under `digest`. Altered ones are as good as none: verification names them, and what can
/// be shown without them is shown.
pub(super) fn blob(log: &Reader, digest: Digest) -> Result<Option<Vec<u8>>, ControlError> {
    match log.blob(digest) {
        Err(StoreError::Blob(_)) => Ok(None),
        read => Ok(read?),
    }
}

/// The names of rows, looked up in one log.
pub(super) struct Names<'a> {
    log: &'a Reader,
    /// Station and unit.
    stations: Lasting<(String, String)>,
    /// The digest of the settings.
    settings: Lasting<Digest>,
    /// The software's version.
    software: Lasting<String>,
    /// The boot in which the wall clock was stepped, and by how much.
    steps: Lasting<(String, i64)>,
    /// Every acceptance, ascending: a handful a month. Read when first asked for: lists of what aired need none.
    accepted: OnceCell<Vec<(u64, ScheduleFact)>>,
    schedules: HashMap<Digest, Option<Schedule>>,
    /// When each approval was signed, by the digest of its note.
    approved_at: HashMap<Digest, Option<DateTime<Utc>>>,
}

impl<'a> Names<'a> {
    /// Names from `log`.
    pub fn of(log: &'a Reader) -> Names<'a> {
        Names {
            accepted: OnceCell::new(),
            log,
            stations: Lasting::of("config", |entry| match entry.body {
                Body::Config { station, unit, .. } => Some((station, unit)),
                _ => None,
            }),
            settings: Lasting::of("config", |entry| match entry.body {
                Body::Config { digest, .. } => Some(digest),
                _ => None,
            }),
            software: Lasting::of("sw", |entry| match entry.body {
                Body::Sw { version, .. } => Some(version),
                _ => None,
            }),
            steps: Lasting::of("clock.step", |entry| match entry.body {
                Body::ClockStep { step_ms } => Some((entry.clk.boot, step_ms)),
                _ => None,
            }),
            schedules: HashMap::new(),
            approved_at: HashMap::new(),
        }
    }

    /// The acceptances up to the entry `seq`, itself included.
    fn accepted(&self, seq: u64) -> Result<&[(u64, ScheduleFact)], ControlError> {
        let accepted = if let Some(accepted) = self.accepted.get() {
            accepted
        } else {
            let filter = Filter { kinds: vec!["schedule.accept"], ..Filter::default() };
            let entries = self.log.entries_of(&filter)?.into_iter();
            let accepted = entries.filter_map(|entry| match entry.body {
                Body::ScheduleAccept(fact) => Some((entry.seq, fact)),
                _ => None,
            });
            let accepted = accepted.collect();
            self.accepted.get_or_init(|| accepted)
        };
        Ok(&accepted[..accepted.partition_point(|(at, _)| *at <= seq)])
    }

    /// The schedule that was in force for the row's programme when it was closed without an airing: the centre's
    /// of its month or the ward's own, whichever has that programme.
    fn in_force(&mut self, row: &AsRunRow) -> Result<Option<Digest>, ControlError> {
        let Some(closed) = row.closed else { return Ok(None) };
        for name in [ScheduleName::centre, ScheduleName::ward].map(|of| of(row.month)) {
            let fact = self.accepted(closed)?.iter().rev().find(|(_, fact)| fact.name() == name);
            let Some(digest) = fact.map(|(_, fact)| fact.digest) else { continue };
            self.read_schedule(digest, row.month)?;
            let schedule = self.schedules.get(&digest).and_then(Option::as_ref);
            if schedule.is_some_and(|schedule| schedule.programme(&row.programme).is_some()) {
                return Ok(Some(digest));
            }
        }
        Ok(None)
    }

    /// The acceptance of the schedule `digest` that held at the entry `seq`.
    fn acceptance(&self, digest: Digest, seq: u64) -> Result<Option<ScheduleFact>, ControlError> {
        let of_digest = self.accepted(seq)?.iter().rev().find(|(_, fact)| fact.digest == digest);
        Ok(of_digest.map(|(_, fact)| fact.clone()))
    }

    /// Who released the schedule `digest` as it held at the entry `seq`.
    fn released(&mut self, digest: Digest, seq: u64) -> Result<Option<Approved>, ControlError> {
        let Some(fact) = self.acceptance(digest, seq)? else { return Ok(None) };
        let at = self.approved_at(fact.approval)?;
        Ok(Some(Approved { by: fact.by, document: fact.document, at }))
    }

    /// Who released the urgent schedule `digest`: its package, by its own signatures, when it was issued.
    fn urgent(&self, digest: Digest, seq: u64) -> Result<Option<Approved>, ControlError> {
        let mut before = seq;
        while let Some(entry) = self.log.last_of("package", before)? {
            before = entry.seq;
            let Body::Package(PackageFact { urgent: Some(fact), .. }) = entry.body else { continue };
            if fact.schedule == digest {
                let note = blob(self.log, fact.note)?.unwrap_or_default();
                let issued = Manifest::unchecked(&note).0.map(|manifest| manifest.issued_ms);
                let at = issued.and_then(DateTime::from_timestamp_millis);
                return Ok(Some(Approved { by: fact.by, document: fact.document, at }));
            }
        }
        Ok(None)
    }

    /// Reads the schedule `digest` of `month`, once.
    fn read_schedule(&mut self, digest: Digest, month: Month) -> Result<(), ControlError> {
        if self.schedules.contains_key(&digest) {
            return Ok(());
        }
        let bytes = blob(self.log, digest)?;
        let schedule = bytes.and_then(|bytes| programme::read(&format!("{month}.toml"), &bytes).0);
        self.schedules.insert(digest, schedule);
        Ok(())
    }

    fn approved_at(&mut self, approval: Digest) -> Result<Option<DateTime<Utc>>, ControlError> {
        if let Some(at) = self.approved_at.get(&approval) {
            return Ok(*at);
        }
        let at = blob(self.log, approval)?.and_then(|note| Approval::signed_at(&note));
        self.approved_at.insert(approval, at);
        Ok(at)
    }

    /// The leaf hash (RFC 6962, section 2.1) of the row's last entry: what an inclusion proof begins with.
    fn hash_of_last(&self, row: &AsRunRow) -> Result<Option<Digest>, ControlError> {
        let Some(seq) = row.seqs.last().copied() else { return Ok(None) };
        Ok(self.log.leaf(seq)?.map(|leaf| tree::leaf_hash(leaf.as_bytes())))
    }

    /// The name of the key that signed the statement of `row`: one that the station trusted then.
    fn signer(&mut self, row: &AsRunRow, written: u64) -> Result<Option<String>, ControlError> {
        let Some(statement) = row.statement else { return Ok(None) };
        let Some(settings) = self.settings.at(self.log, written)?.copied() else { return Ok(None) };
        let (Some(note), Some(settings)) = (blob(self.log, statement)?, blob(self.log, settings)?) else {
            return Ok(None);
        };
        let trusted = config::read("station.toml", &settings).0.map(|station| station.witnesses());
        let opened = keys::open(&note, &trusted.unwrap_or_default()).ok();
        Ok(opened.and_then(|opened| opened.signed_by.first().map(|key| key.name().to_owned())))
    }

    /// The unit to which the station belonged at the entry `seq`.
    pub fn unit(&mut self, seq: u64) -> Result<Option<String>, ControlError> {
        Ok(self.stations.at(self.log, seq)?.map(|(_, unit)| unit.clone()))
    }

    /// The programme's title in the schedule that holds for `row`: all that a list says of it.
    pub fn title(&mut self, row: &AsRunRow) -> Result<Option<String>, ControlError> {
        let Some(digest) = self.schedule(row)? else { return Ok(None) };
        let schedule = self.schedules.get(&digest).and_then(Option::as_ref);
        Ok(schedule.and_then(|schedule| schedule.programme(&row.programme)).map(|p| p.title.clone()))
    }

    /// The schedule that holds for `row`, read.
    fn schedule(&mut self, row: &AsRunRow) -> Result<Option<Digest>, ControlError> {
        // A cue names its schedule; what ended without one was due under the one in force then.
        let schedule = match row.schedule {
            Some(digest) => Some(digest),
            None => self.in_force(row)?,
        };
        if let Some(digest) = schedule {
            self.read_schedule(digest, row.month)?;
        }
        Ok(schedule)
    }

    /// What held when `row` was written.
    fn held(&mut self, row: &AsRunRow) -> Result<Held, ControlError> {
        // As of the row's first entry: a later approval or another unit changes nothing of it.
        let written = row.seqs.first().copied().unwrap_or_default();
        // What closed it, not who wrote a note about it since.
        let closed = row.closed.unwrap_or(written);
        let schedule = self.schedule(row)?;
        let approved = match schedule {
            Some(digest) if row.trigger == Some(Trigger::Urgent) => self.urgent(digest, written)?,
            Some(digest) => self.released(digest, written)?,
            None => None,
        };
        let step = self.steps.at(self.log, written)?.filter(|(boot, _)| *boot == row.clk.boot);
        Ok(Held {
            schedule,
            approved,
            step_ms: step.map(|(_, ms)| *ms),
            station: self.stations.at(self.log, written)?.cloned().unwrap_or_default(),
            software: self.software.at(self.log, closed)?.cloned(),
            signed_with: self.signer(row, written)?,
            hash: self.hash_of_last(row)?,
        })
    }

    /// `row` with the names that held when it was written.
    pub fn row(&mut self, row: AsRunRow) -> Result<Row, ControlError> {
        let held = self.held(&row)?;
        let Held { schedule, approved, station: (station, unit), .. } = held;
        let Held { software, step_ms, signed_with, hash, .. } = held;
        let programme = schedule
            .and_then(|digest| self.schedules.get(&digest))
            .and_then(|schedule| schedule.as_ref()?.programme(&row.programme));
        let title = |n: u32| programme.and_then(|p| p.segments.get(n as usize)).map(|s| s.title.clone());
        let times = Times::of(&row.clk);
        Ok(Row {
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
            approved_at: approved
                .as_ref()
                .and_then(|it| it.at)
                .map(|at| times.local(at, SecondsFormat::Secs)),
            approved_by: approved.as_ref().map(|it| it.by.clone()),
            document: approved.map(|it| it.document),
            schedule,
            master: row.master,
            trigger: row.trigger,
            by: row.by,
            planned: times.millis(row.planned_ms),
            first_frame: row.first_us.and_then(|us| times.micros(us)),
            last_frame: row.last_us.and_then(|us| times.micros(us)),
            start_error_ms: row.start_error_us.map(in_ms),
            latency_ms: row.latency_us.map(in_ms),
            duration_ms: row.expected.map(Frames::ms),
            frames_expected: row.expected.map(|f| f.0),
            frames_decoded: row.decoded.map(|f| f.0),
            frames_delivered: row.delivered.map(|f| f.0),
            frames_consumed: row.consumed.map(|f| f.0),
            frames_muted: row.muted.map(|f| f.0),
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
            clock_last_step_ms: step_ms,
            boot: row.clk.boot,
            software,
            outcome: row.outcome,
            reason: row.reason,
            detail: row.detail,
            proof: row.proof,
            repairs: row.repairs,
            vouches: row.vouches,
            statement: row.statement,
            signed_with,
            notes: row.notes.into_iter().map(NoteRow::from).collect(),
            entries: row.seqs,
            hash,
        })
    }
}

/// Who released what aired, and when.
struct Approved {
    by: String,
    document: String,
    at: Option<DateTime<Utc>>,
}

/// What held when a row was written.
struct Held {
    schedule: Option<Digest>,
    approved: Option<Approved>,
    /// Station and unit.
    station: (String, String),
    software: Option<String>,
    /// The clock's last step before, in the same boot.
    step_ms: Option<i64>,
    /// The name of the key that vouches for it.
    signed_with: Option<String>,
    hash: Option<Digest>,
}

/// Microseconds as milliseconds.
#[allow(clippy::cast_precision_loss, reason = "an error of hours is exact enough in f64 milliseconds")]
pub(super) fn in_ms(us: i64) -> f64 {
    us as f64 / 1000.0
}

/// Instants as the station's people read them: with the offset that held when the row was written.
pub(super) struct Times(FixedOffset);

impl Times {
    /// With the offset of `clk`.
    pub fn of(clk: &Clk) -> Times {
        // Whatever number stands in a leaf: beyond the day there is no such zone.
        let offset = clk.offset_min.checked_mul(60).and_then(FixedOffset::east_opt);
        Times(offset.unwrap_or(chrono::Offset::fix(&Utc)))
    }

    fn local(&self, at: DateTime<Utc>, precision: SecondsFormat) -> String {
        at.with_timezone(&self.0).to_rfc3339_opts(precision, false)
    }

    /// Milliseconds since 1970; empty beyond the calendar.
    pub fn millis(&self, ms: i64) -> String {
        let at = DateTime::from_timestamp_millis(ms);
        at.map_or_else(String::new, |at| self.local(at, SecondsFormat::Millis))
    }

    fn micros(&self, us: i64) -> Option<String> {
        DateTime::from_timestamp_micros(us).map(|at| self.local(at, SecondsFormat::Micros))
    }
}

/// What held at an entry, by the last entry of one kind before it.
struct Lasting<T> {
    kind: &'static str,
    read: fn(Entry) -> Option<T>,
    /// From which entry on it holds, up to which it does; none where nothing was said yet.
    known: BTreeMap<u64, (u64, Option<T>)>,
}

impl<T> Lasting<T> {
    fn of(kind: &'static str, read: fn(Entry) -> Option<T>) -> Lasting<T> {
        Lasting { kind, read, known: BTreeMap::new() }
    }

    /// What held at the entry `seq`, itself included.
    fn at(&mut self, log: &Reader, seq: u64) -> Result<Option<&T>, ControlError> {
        let known = self.known.range(..=seq).next_back().filter(|(_, (until, _))| seq < *until);
        let from = if let Some((from, _)) = known {
            *from
        } else {
            let holder = log.last_of(self.kind, seq + 1)?;
            let until = log.next_of(self.kind, seq)?.unwrap_or(u64::MAX);
            let from = holder.as_ref().map_or(0, |entry| entry.seq);
            self.known.insert(from, (until, holder.and_then(self.read)));
            from
        };
        Ok(self.known.get(&from).and_then(|(_, value)| value.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_that_is_none_is_read_as_utc() {
        let check = |offset_min, wanted: &str| {
            let clk = Clk { wall_ms: 0, boot_ms: 0, boot: String::new(), sync: true, offset_min };
            assert_eq!(Times::of(&clk).millis(1_646_433_000_000), wanted, "{offset_min}");
        };
        check(420, "2022-03-05T05:30:00.000+07:00");
        for none in [1440, -1440, 35_791_395, i32::MAX, i32::MIN] {
            check(none, "2022-03-04T22:30:00.000+00:00");
        }
    }
}
