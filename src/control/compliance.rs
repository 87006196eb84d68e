//! The compliance matrix of one station's own log: unit × programme month of a plan's year.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{
    ControlError, Folder,
    ledger::brief,
    names::{Names, blob},
    sources::{Course, Source},
};
use crate::{
    evidence::{AsRunRow, Body, Checkpoint, ScheduleFact},
    programme::{self, Plan, SlotList, civil},
    reconcile::{Meant, Period, ProgrammeFact, Rules, Span, StationRecord, Vouched},
    store::{Filter, Reader},
    units::{Month, ScheduleName},
    words::Message,
};

/// A year of the log, read a stretch of so many days at a time.
const STRETCH: i64 = 32 * 86_400_000;

/// A period that ends before it begins is none.
pub(super) fn in_order(period: Period) -> Result<(), ControlError> {
    match period {
        Period::Custom { from, to } if to < from => {
            Err(Message::new("range-reversed").with("from", from).with("to", to).into())
        }
        _ => Ok(()),
    }
}

/// What a year's records rest on beside what aired.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    plan: Plan,
    meant: Vec<Meant>,
    programmes: Vec<ProgrammeFact>,
    vouched: Vec<Vouched>,
}

impl Frame {
    /// The days of `period` under the plan.
    pub(super) fn span(&self, period: Period) -> Span {
        period.span(&self.plan)
    }
}

/// That of the plan's year by one log.
pub(super) fn frame(log: &Reader, plan: &Plan) -> Result<Frame, ControlError> {
    let (meant, programmes) = meant(log, plan.year)?;
    Ok(Frame { plan: plan.clone(), meant, programmes, vouched: vouched(log, plan.year)? })
}

/// What a station recorded in the year of `plan` and in `period`, which may end later: a record for every unit to which it
/// belonged.
pub(super) fn recorded(
    source: &Source,
    log: &Reader,
    plan: &Plan,
    period: Period,
) -> Result<Vec<StationRecord>, ControlError> {
    let (folder, frame, year) = (&source.folder, frame(log, plan)?, plan.year);
    let Span { from, to } = frame.span(period);
    let behind = to.succ_opt().unwrap_or(to);
    let from = new_year(folder, year).min(midnight(folder, from));
    let rows = rows_between(log, from, new_year(folder, year + 1).max(midnight(folder, behind)))?;
    records(source, log, frame, rows)
}

/// The wall time of the log's last entry.
pub(super) fn last_wall(log: &Reader) -> Result<DateTime<Utc>, ControlError> {
    let last = log.size()?.saturating_sub(1);
    let until = log.entries(last..last + 1).next().transpose()?.map(|entry| entry.clk.wall());
    Ok(until.unwrap_or_default())
}

/// The first instant of `day` at the station, in milliseconds since 1970 (UTC).
fn midnight(folder: &Folder, day: NaiveDate) -> i64 {
    civil::instant(folder.station.zone, day.and_time(NaiveTime::MIN)).0.timestamp_millis()
}

/// The first instant of `year` at the station, in milliseconds since 1970 (UTC).
fn new_year(folder: &Folder, year: i32) -> i64 {
    midnight(folder, NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default())
}

/// The rows of the airing days of `month`, in order.
pub(super) fn month_rows(folder: &Folder, log: &Reader, month: Month) -> Result<Vec<AsRunRow>, ControlError> {
    rows_between(log, midnight(folder, month.first()), midnight(folder, month.next().first()))
}

/// The rows that were planned from `from` on and before `to`.
fn rows_between(log: &Reader, mut from: i64, to: i64) -> Result<Vec<AsRunRow>, ControlError> {
    let mut rows = Vec::new();
    while let Some(begin) = log.next_planned(from)?.filter(|next| *next < to) {
        from = begin.saturating_add(STRETCH).min(to);
        rows.extend(log.at_once(|| brief(log, begin, from))?);
    }
    Ok(rows)
}

/// The plan of `year` that held when it ended.
pub(super) fn plan_of(folder: &Folder, log: &Reader, year: i32) -> Result<Option<Plan>, ControlError> {
    let plan = match log.last_written("config", new_year(folder, year + 1))?.map(|entry| entry.body) {
        Some(Body::Config { plan, .. }) => blob(log, plan)?,
        _ => None,
    };
    Ok(plan.and_then(|bytes| programme::plan::read("plan", &bytes).0).filter(|plan| plan.year == year))
}

/// What the checkpoints of `log` are about.
fn name_of(log: &Reader) -> Result<String, ControlError> {
    let head = Checkpoint::unchecked(&log.head()?).map_err(|_| Message::new("report-head"))?;
    Ok(head.origin)
}

/// A record for every unit to which the station belonged in the year.
pub(super) fn records(
    source: &Source,
    log: &Reader,
    frame: Frame,
    rows: Vec<AsRunRow>,
) -> Result<Vec<StationRecord>, ControlError> {
    let until = last_wall(log)?;
    let first = log.entries(0..1).next().transpose()?.map_or(until, |entry| entry.clk.wall());
    let Frame { meant, programmes, vouched, .. } = frame;
    let (folder, name, ended) = (&source.folder, name_of(log)?, source.state != Course::Current);
    let rules = Rules::new(folder.station.zone, folder.station.windows.clone());
    let blank = |unit: String, known_from| StationRecord {
        log: name.clone(),
        station: folder.station.id.clone(),
        unit,
        rules: rules.clone(),
        known_from,
        known_until: until,
        ended,
        meant: meant.clone(),
        rows: Vec::new(),
        vouched: Vec::new(),
        programmes: programmes.clone(),
    };
    let mut names = Names::of(log);
    // The unit that the row before belonged to.
    let mut latest = 0;
    let mut records: Vec<StationRecord> = Vec::new();
    for row in rows {
        let unit = names.unit(row.seqs.first().copied().unwrap_or_default())?;
        let unit = unit.unwrap_or_else(|| folder.station.unit.clone());
        // A station that came back to a unit is one station of it.
        let at = records.iter().position(|record| record.unit == unit).unwrap_or(records.len());
        if at == records.len() {
            let since = if at == 0 { first } else { row.clk.wall() };
            records.push(blank(unit, since));
        }
        if at != latest {
            (records[latest].known_until, records[latest].ended) = (row.clk.wall(), true);
            (records[at].known_until, records[at].ended) = (until, ended);
            latest = at;
        }
        records[at].rows.push(row);
    }
    if records.is_empty() {
        records.push(blank(folder.station.unit.clone(), first));
    }
    // What people vouch for counts for the unit of that day, which may have no row: the program was down.
    for vouched in vouched {
        let entry = log.last_written("config", vouched.fact.first_ms)?;
        let unit = entry.map(|entry| names.unit(entry.seq)).transpose()?.flatten();
        let unit = unit.unwrap_or_else(|| folder.station.unit.clone());
        let at = DateTime::from_timestamp_millis(vouched.fact.first_ms).unwrap_or_default();
        let of_unit = records.iter().position(|record| record.unit == unit).unwrap_or_else(|| {
            records.push(StationRecord { known_until: at, ended: true, ..blank(unit, at) });
            records.len() - 1
        });
        records[of_unit].vouched.push(vouched);
    }
    Ok(records)
}

/// The slots and programmes of the accepted schedules of `year`.
fn meant(log: &Reader, year: i32) -> Result<(Vec<Meant>, Vec<ProgrammeFact>), ControlError> {
    let filter = Filter { kinds: vec!["schedule.accept"], ..Filter::default() };
    let facts = log.entries_of(&filter)?.into_iter().filter_map(|entry| match entry.body {
        Body::ScheduleAccept(fact) if fact.month.year() == year => Some(fact),
        _ => None,
    });
    let mut of_schedule: BTreeMap<ScheduleName, Vec<ScheduleFact>> = BTreeMap::new();
    for fact in facts {
        of_schedule.entry(fact.name()).or_default().push(fact);
    }
    let (mut meant, mut programmes) = (Vec::new(), BTreeMap::new());
    for facts in of_schedule.into_values() {
        let mut lists = Vec::new();
        for fact in facts {
            let list =
                blob(log, fact.slots)?.map(|bytes| String::from_utf8_lossy(&bytes).parse::<SlotList>());
            lists.extend(list.and_then(Result::ok));
            let schedule = blob(log, fact.digest)?
                .and_then(|bytes| programme::read(&format!("{}.toml", fact.name()), &bytes).0);
            // A later revision says what an earlier one said of the same programme.
            for found in schedule.into_iter().flat_map(|schedule| schedule.programmes) {
                let (month, id) = (fact.month, found.id);
                let fact =
                    ProgrammeFact { month, id: id.clone(), column: found.column, topics: found.topics };
                programmes.insert((month, id), fact);
            }
        }
        meant.extend(Meant::of_lists(&lists));
    }
    Ok((meant, programmes.into_values().collect()))
}

/// What people vouch for of the programmes of `year`.
fn vouched(log: &Reader, year: i32) -> Result<Vec<Vouched>, ControlError> {
    let filter = Filter { kinds: vec!["manual"], ..Filter::default() };
    let facts = log.entries_of(&filter)?.into_iter().filter_map(|entry| match entry.body {
        Body::Manual(fact) if fact.month.year() == year => Some(Vouched { entry: entry.seq, fact: *fact }),
        _ => None,
    });
    Ok(facts.collect())
}
