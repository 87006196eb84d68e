//! What a report of a period rests on: the plan, the matrix, every row of the logs, and the logs' own state.

use std::collections::VecDeque;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::{
    ControlError, Sources,
    compliance::{in_order, recorded},
    folder::open_log,
    row::Row,
    rows::{RowFilter, rows},
    sources::{Course, Histories, Source},
};
use crate::{
    evidence::{AnchorFact, Body, Checkpoint, Outcome, Reason},
    keys::PublicKey,
    programme::Plan,
    reconcile::{Matrix, OpenSlot, Period, Repair, Span, StationRecord, Uncounted, matrix, to_come},
    store::Reader,
    units::Digest,
    words::Message,
};

/// A log that grows meanwhile is read again so often. One that is on air gains an entry in some seconds.
const TRIES: usize = 5;

/// A period's account, as one station's log gives it, or those of a centre's stations.
#[derive(Debug, Clone)]
pub struct Account {
    /// The plan of the period's year, with the units that are reported of.
    pub plan: Plan,
    /// What it is an account of.
    pub period: Period,
    /// The last day of which anything counts, where the period goes on beyond it.
    pub as_of: NaiveDate,
    /// Unit by programme month, with the sums.
    pub matrix: Matrix,
    /// The rows of the period that belong to the plan's year, log by log in order.
    pub airings: Vec<Aired>,
    /// The slots of the period whose time had not come yet, in order.
    pub to_come: Vec<OpenSlot>,
    /// The logs that say so, in the same order.
    pub logs: Vec<LogState>,
    /// The id of the station, or the centre, that reports.
    pub station: String,
    /// The id of the unit that it belongs to.
    pub unit: String,
}

/// A row of the log, with what the figures make of it.
#[derive(Debug, Clone)]
pub struct Aired {
    /// It.
    pub row: Row,
    /// The name of the log that tells of it.
    pub log: String,
    /// Whether it counts as an airing.
    pub counts: bool,
    /// Why one in full does not count.
    pub uncounted: Option<Uncounted>,
    /// What made good its slot by the period's end.
    pub repair: Option<Repair>,
}

impl Aired {
    /// Whether the schedule asked for it: no test, nothing by hand, and no slot that a newer revision dropped.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.row.is_due() && self.row.reason != Some(Reason::Superseded)
    }
}

/// A log as it was when the account was taken.
#[derive(Debug, Clone)]
pub struct LogState {
    /// The id of the station that wrote it.
    pub station: String,
    /// The id of that station's unit.
    pub unit: String,
    /// Its head.
    pub head: Checkpoint,
    /// The same as it was signed, with all its signatures.
    pub note: String,
    /// Its last cosignature that is good; none where there is none yet.
    pub cosigned: Option<Cosigned>,
    /// Whether its station goes on with it.
    pub state: Course,
    /// Whether it is one of two histories under one name.
    pub histories: Histories,
}

/// A witness, such as the centre, saw a log's beginning or the whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// How many entries it saw.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// The name of its key.
    pub by: String,
    /// When, by its own clock.
    pub at: DateTime<FixedOffset>,
}

impl Account {
    /// The account of `period` under the plan of `year` by `sources`, as of the day `as_of`; nothing later counts. `None`
    /// when no plan of that year is known.
    ///
    /// # Errors
    ///
    /// The period ends before it begins; a log cannot be read, or grows faster than it is read.
    pub fn of(
        sources: &Sources,
        year: i32,
        period: Period,
        as_of: NaiveDate,
    ) -> Result<Option<Account>, ControlError> {
        in_order(period)?;
        let of_months = matches!(period, Period::Month(_) | Period::Fifteenth(_));
        // In January what was made for December still airs, and the new year's plan may not be there yet.
        let beside = [year - 1, year + 1].into_iter().filter(|_| of_months).map(|year| sources.plan(year));
        let mut others: Vec<Plan> = beside.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let own = sources.plan(year)?;
        let Some(plan) = own.or_else(|| (!others.is_empty()).then(|| others.remove(0))) else {
            return Ok(None);
        };
        let span = period.span(&plan);
        let plans: Vec<Plan> = [plan].into_iter().chain(others).collect();
        let logs = sources.logs();
        let mut told = Vec::new();
        for log in logs {
            told.push(Told::by(log, &plans, period, span)?);
        }
        let mut matrices = plans.into_iter().map(|plan| {
            let records: Vec<StationRecord> =
                told.iter_mut().filter_map(|told| told.records.pop_front()).flatten().collect();
            let plan = sources.narrowed(plan, records.iter().map(|record| &*record.unit));
            let matrix = matrix(&plan, period, as_of, &records);
            let to_come = to_come(&records, matrix.span, as_of);
            (plan, matrix, to_come)
        });
        let Some((plan, mut matrix, mut to_come)) = matrices.next() else { return Ok(None) };
        for (_, other, others) in matrices {
            matrix.admit(&plan, other);
            to_come.extend(others);
        }
        let (mut airings, mut logs) = (Vec::new(), Vec::new());
        let year = (!of_months).then_some(plan.year);
        for Told { rows, state, .. } in told {
            airings.extend(of_period(rows, &matrix, &state.head.origin, year, as_of));
            logs.push(state);
        }
        let (station, unit) = sources.reporter.clone();
        Ok(Some(Account { plan, period, as_of, matrix, airings, to_come, logs, station, unit }))
    }
}

/// What one log tells, all of it as of one state.
struct Told {
    /// Under each plan, in their order.
    records: VecDeque<Vec<StationRecord>>,
    rows: Vec<Row>,
    state: LogState,
}

impl Told {
    /// In `period` under each of `plans`, with the lines of the days of `span`.
    fn by(source: &Source, plans: &[Plan], period: Period, span: Span) -> Result<Told, ControlError> {
        let folder = &source.folder;
        let log = open_log(&source.path)?;
        // What sounded just beyond midnight belongs to the day on which it sounded.
        let filter = RowFilter { from: span.from.pred_opt(), to: span.to.succ_opt(), outcome: None };
        // Sums, lines and head must speak of one state of the log.
        for _ in 0..TRIES {
            let size = log.size()?;
            let of_plans = plans.iter().map(|plan| recorded(source, &log, plan, period));
            let records = of_plans.collect::<Result<_, _>>()?;
            let rows = rows(folder, &source.path, &filter)?;
            let note = log.head()?;
            let head =
                Checkpoint::unchecked(&note).map_err(|_| ControlError::from(Message::new("report-head")))?;
            if head.size == size {
                let cosigned = anchor(&log, &head, &note, &source.keys)?.map(|fact| {
                    let at = i64::try_from(fact.time).ok().and_then(|s| DateTime::from_timestamp(s, 0));
                    let at = at.unwrap_or_default().with_timezone(&folder.station.zone).fixed_offset();
                    Cosigned { size: fact.size, root: fact.root, by: fact.by, at }
                });
                let (station, unit) = (folder.station.id.clone(), folder.station.unit.clone());
                let (state, histories) = (source.state, source.histories);
                let state = LogState { station, unit, head, note, cosigned, state, histories };
                return Ok(Told { records, rows, state });
            }
        }
        Err(Message::new("report-busy").into())
    }
}

/// The last cosignature by one of `keys`: under the head itself, as a centre keeps it, or in an entry of the log.
fn anchor(
    log: &Reader,
    head: &Checkpoint,
    note: &str,
    keys: &[PublicKey],
) -> Result<Option<AnchorFact>, ControlError> {
    let lines = note.rsplit_once("\n\n").map_or("", |(_, lines)| lines);
    let facts = lines.lines().flat_map(|line| keys.iter().map(move |key| (line, key)));
    let under = facts.filter_map(|(line, key)| AnchorFact::read(head, line, key)).next_back();
    if under.is_some() || keys.is_empty() {
        return Ok(under);
    }
    let mut before = head.size;
    while let Some(entry) = log.last_of("anchor", before)? {
        before = entry.seq;
        if let Body::Anchor(fact) = entry.body
            && fact.size <= entry.seq
            && keys.iter().any(|key| fact.is_good(&head.origin, key))
            && log.frontier(fact.size)?.root() == fact.root
        {
            return Ok(Some(*fact));
        }
    }
    Ok(None)
}

/// Those of the `rows` of `log` that belong to the period and to the plan's `year` where only that is asked for.
fn of_period(
    mut rows: Vec<Row>,
    matrix: &Matrix,
    log: &str,
    year: Option<i32>,
    as_of: NaiveDate,
) -> impl Iterator<Item = Aired> {
    rows.retain(|row| {
        let sounded = row.first_frame.as_ref().unwrap_or(&row.planned).get(..10);
        let day = sounded.and_then(|day| day.parse::<NaiveDate>().ok());
        year.is_none_or(|year| row.month.starts_with(&format!("{year}-")))
            && day.is_some_and(|day| matrix.span.contains(day) && day <= as_of)
    });
    rows.into_iter().map(move |row| {
        let key = (log.to_owned(), row.entries.first().copied().unwrap_or_default());
        let counts = row.outcome == Some(Outcome::Full) && matrix.counted.contains(&key);
        let uncounted = matrix.beside.uncounted.get(&key).copied();
        let repair = matrix.beside.repaired.get(&key).copied();
        Aired { row, log: key.0, counts, uncounted, repair }
    })
}
