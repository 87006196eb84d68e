//! What stations recorded in whole years, remembered: a year is read from thousands of entries, and looked at again and
//! again. What the log says anew forgets no more than it touches: an airing its month, a schedule its year, an
//! auditor's look nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{
    ControlError, Folder, Sources, Teller,
    compliance::{Frame, frame, in_order, last_wall, month_rows, records},
    folder::open_log,
    sources::{Course, Source},
};
use crate::{
    evidence::{AsRunRow, Body},
    programme::Plan,
    reconcile::{Matrix, Period, Span, Tally, tallied},
    store::Reader,
    units::Month,
};

/// So many years of all logs together are remembered, at most a megabyte each; of each log two at least.
const MOST_YEARS: usize = 32;
/// So many rows of all logs together, half a kilobyte each: what twelve years of fifteen airings a day have.
const MOST_ROWS: usize = 80_000;
/// After so many entries that nobody looked at, reading anew costs less than looking what they touch.
const FAR: u64 = 20_000;

/// So many logs are remembered.
const MOST_LOGS: usize = 1024;

/// So many years are worth reading beforehand.
const MOST_READ: usize = 20;

/// A year as people look at it: whose number it is can be followed down to the log.
#[derive(Debug, Clone, PartialEq)]
pub struct YearSeen {
    /// The plan of that year, with the units that are reported of.
    pub plan: Plan,
    /// Unit by programme month.
    pub matrix: Matrix,
    /// The logs that speak of each unit, by its id.
    pub tellers: BTreeMap<String, BTreeSet<Teller>>,
    /// Whether the folder's own log is among them.
    pub own: bool,
    /// Whether they are those that came home to a centre.
    pub fleet: bool,
}

/// A plan, and what counts under it, each with the log that says so.
type Told = (Plan, Vec<(Teller, Tally)>);

/// What counts of the years of one or several logs, each by where it lies.
#[derive(Debug, Default)]
pub struct Compliance(Mutex<HashMap<PathBuf, Arc<OfLog>>>);

/// What counts of a station's years, and the records that it is tallied from.
#[derive(Debug, Default)]
struct OfLog(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// How many logs share the room.
    logs: usize,
    touched: Touched,
    /// What aired in each month, as of the size of the log.
    rows: HashMap<Month, (u64, Arc<Vec<AsRunRow>>)>,
    /// What was meant and vouched for in each year, as of the size of the log.
    frames: HashMap<i32, (u64, Arc<Frame>)>,
    /// The plan of each year, as of the size of the log.
    plans: HashMap<i32, (u64, Arc<Option<Plan>>)>,
    /// What of a year counts; with days beyond it, too.
    tallies: HashMap<Days, (Known, Arc<Vec<Tally>>)>,
}

/// The size of the log when something last came that changes …
#[derive(Debug, Default)]
struct Touched {
    /// So much of the log was looked through.
    size: u64,
    /// … everything.
    all: u64,
    /// … what aired in a month.
    months: HashMap<Month, u64>,
    /// … what was meant or vouched for in a year.
    years: HashMap<i32, u64>,
}

/// A year, and the days of a period that reaches beyond it.
type Days = (i32, Option<Span>);

/// What a year was tallied from: the size of the log that last touched it, when the log ended then, and whether for good.
type Known = (u64, DateTime<Utc>, bool);

impl Compliance {
    /// The year `year` by `sources`, as of the day `today`: a station alone speaks for the units to which it belonged, a
    /// centre for all. Nothing where no plan of that year is known.
    ///
    /// # Errors
    ///
    /// A log cannot be read.
    pub fn of(
        &self,
        sources: &Sources,
        year: i32,
        today: NaiveDate,
    ) -> Result<Option<YearSeen>, ControlError> {
        let Some((plan, told)) = self.told(sources, year, Period::Year)? else { return Ok(None) };
        let mut tellers: BTreeMap<String, BTreeSet<Teller>> = BTreeMap::new();
        for (teller, tally) in &told {
            tellers.entry(tally.unit.clone()).or_default().insert(teller.clone());
        }
        let tallies: Vec<Tally> = told.into_iter().map(|(_, tally)| tally).collect();
        let matrix = Matrix { counted: BTreeSet::new(), ..tallied(&plan, Period::Year, today, &tallies) };
        Ok(Some(YearSeen { plan, matrix, tellers, own: sources.own(), fleet: sources.is_fleet() }))
    }

    /// The matrix by `sources` for a `period` under the plan of `year`, as of the day `as_of`, without the airings one by
    /// one.
    ///
    /// # Errors
    ///
    /// The period ends before it begins; a log cannot be read.
    pub fn of_period(
        &self,
        sources: &Sources,
        year: i32,
        period: Period,
        as_of: NaiveDate,
    ) -> Result<Option<Matrix>, ControlError> {
        in_order(period)?;
        let mut found: Option<(Plan, Matrix)> = None;
        // In January what was made for December still airs, as the report of the same days has it.
        let beside =
            matches!(period, Period::Month(_) | Period::Fifteenth(_)).then_some([year - 1, year + 1]);
        for of in [year].into_iter().chain(beside.into_iter().flatten()) {
            if let Some((_, known)) = &found
                && !self.airs(sources, of, known.span)?
            {
                continue;
            }
            let Some((plan, tallies)) = self.tallied(sources, of, period)? else { continue };
            let matrix = tallied(&plan, period, as_of, &tallies);
            match &mut found {
                Some((plan, found)) => found.admit(plan, matrix),
                None => found = Some((plan, matrix)),
            }
        }
        Ok(found.map(|(_, matrix)| Matrix { counted: BTreeSet::new(), ..matrix }))
    }

    /// Whether anything was to air in the months of `span` that was made for a month of `year`.
    fn airs(&self, sources: &Sources, year: i32, span: Span) -> Result<bool, ControlError> {
        for source in sources.logs() {
            let log = open_log(&source.path)?;
            let of_log = self.of_log(&source.path);
            of_log.look_through(&source.folder, &log)?;
            let size = of_log.memory().touched.size;
            let last = Month::of(span.to);
            let months = std::iter::successors(Some(Month::of(span.from)), |month| Some(month.next()));
            for month in months.take_while(|month| *month <= last) {
                let rows = of_log.rows(&source.folder, &log, month, size)?;
                if rows.iter().any(|row| row.month.year() == year) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The plan of `year` with the units that `sources` speak for, and what counts of `year` and of `period`.
    pub(super) fn tallied(
        &self,
        sources: &Sources,
        year: i32,
        period: Period,
    ) -> Result<Option<(Plan, Vec<Tally>)>, ControlError> {
        let told = self.told(sources, year, period)?;
        Ok(told.map(|(plan, told)| (plan, told.into_iter().map(|(_, tally)| tally).collect())))
    }

    /// The same, each with the log that says so.
    fn told(&self, sources: &Sources, year: i32, period: Period) -> Result<Option<Told>, ControlError> {
        let Some(plan) = self.plan(sources, year)? else { return Ok(None) };
        let mut told: Vec<(Teller, Tally)> = Vec::new();
        for source in sources.logs() {
            let log = open_log(&source.path)?;
            let tallies = self.of_log(&source.path).of_period(source, &log, &plan, period)?;
            told.extend(tallies.iter().map(|tally| (source.teller(), tally.clone())));
        }
        let plan = sources.narrowed(plan, told.iter().map(|(_, tally)| &*tally.unit));
        Ok(Some((plan, told)))
    }

    /// The plan of `year`, remembered: to find the last settings of a year takes a look at those of every start behind it.
    fn plan(&self, sources: &Sources, year: i32) -> Result<Option<Plan>, ControlError> {
        let path = sources.home.log_path();
        let (of_log, log) = (self.of_log(&path), open_log(&path)?);
        of_log.look_through(&sources.home, &log)?;
        let size = {
            let memory = of_log.memory();
            if let Some(plan) = fresh(memory.plans.get(&year), memory.touched.all) {
                return Ok(Option::clone(&plan));
            }
            memory.touched.size
        };
        let plan = sources.plan(year)?;
        let mut memory = of_log.memory();
        if memory.plans.len() >= memory.most_years() {
            memory.plans.clear();
        }
        memory.plans.insert(year, (size, Arc::new(plan.clone())));
        Ok(plan)
    }

    fn of_log(&self, path: &Path) -> Arc<OfLog> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if logs.len() >= MOST_LOGS && !logs.contains_key(path) {
            logs.clear();
        }
        let of_log = Arc::clone(logs.entry(path.to_owned()).or_default());
        of_log.memory().logs = logs.len();
        of_log
    }

    /// The years in which anything was planned by now, the latest first, as far as they are worth reading before anybody
    /// asks for them: no more than are remembered of so many logs.
    ///
    /// # Errors
    ///
    /// A log cannot be read.
    pub fn years(sources: &Sources, now: DateTime<Utc>) -> Result<Vec<i32>, ControlError> {
        let mut span: Option<(i32, i32)> = None;
        for source in sources.logs() {
            let log = open_log(&source.path)?;
            let year = |ms: i64| {
                let at = DateTime::from_timestamp_millis(ms).unwrap_or_default();
                at.with_timezone(&source.folder.station.zone).year()
            };
            let (first, last) = (log.next_planned(i64::MIN)?, log.last_planned(now.timestamp_millis())?);
            let Some((first, last)) = first.zip(last).map(|(first, last)| (year(first), year(last))) else {
                continue;
            };
            span = Some(span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
        }
        let most = most_years(sources.logs().len()).min(MOST_READ);
        Ok(span.into_iter().flat_map(|(first, last)| (first..=last).rev()).take(most).collect())
    }
}

/// So many years of each of `logs` logs are remembered.
fn most_years(logs: usize) -> usize {
    (MOST_YEARS / logs.max(1)).max(2)
}

impl Memory {
    fn most_years(&self) -> usize {
        most_years(self.logs)
    }
}

impl OfLog {
    /// What counts of the year of `plan`, and of `period`, which may reach beyond it.
    fn of_period(
        &self,
        source: &Source,
        log: &Reader,
        plan: &Plan,
        period: Period,
    ) -> Result<Arc<Vec<Tally>>, ControlError> {
        self.look_through(&source.folder, log)?;
        let (year, span) = (plan.year, period.span(plan));
        let beyond = (span.from.year() < year || span.to.year() > year).then_some(span);
        let of = (year, beyond);
        let until = last_wall(log)?;
        let touched = self.memory().touched.of_year(year, beyond);
        let day = |at: DateTime<Utc>| at.with_timezone(&source.folder.station.zone).date_naive();
        let ended = source.state != Course::Current;
        if let Some(((was, seen, was_ended), tallied)) = self.memory().tallies.get(&of)
            && *was == touched
            && day(*seen) == day(until)
            && *was_ended == ended
            && tallied.iter().all(|tally| tally.stands(*seen, until))
        {
            return Ok(Arc::clone(tallied));
        }
        // Of all periods within the year one tally is remembered.
        let read = if beyond.is_some() { period } else { Period::Year };
        let tallied = Arc::new(self.tally(source, log, plan, read)?);
        let mut memory = self.memory();
        if memory.tallies.len() >= memory.most_years() {
            memory.tallies.clear();
        }
        memory.tallies.insert(of, ((touched, until, ended), Arc::clone(&tallied)));
        Ok(tallied)
    }

    /// Looks what the entries touch that came since the last look.
    fn look_through(&self, folder: &Folder, log: &Reader) -> Result<(), ControlError> {
        let size = log.size()?;
        self.memory().touched.look_through(log, size, folder.station.zone)
    }

    fn tally(
        &self,
        source: &Source,
        log: &Reader,
        plan: &Plan,
        period: Period,
    ) -> Result<Vec<Tally>, ControlError> {
        let folder = &source.folder;
        let size = self.memory().touched.size;
        let frame = Frame::clone(&*self.frame(log, plan, size)?);
        let mut rows = Vec::new();
        for month in months(plan.year, frame.span(period), planned(log, folder.station.zone)?) {
            rows.extend(self.rows(folder, log, month, size)?.iter().cloned());
        }
        let records = records(source, log, frame, rows)?;
        Ok(records.iter().map(|record| Tally::of(plan, record)).collect())
    }

    fn frame(&self, log: &Reader, plan: &Plan, size: u64) -> Result<Arc<Frame>, ControlError> {
        let year = plan.year;
        {
            let memory = self.memory();
            let since = memory.touched.years.get(&year).copied().unwrap_or(0).max(memory.touched.all);
            if let Some(frame) = fresh(memory.frames.get(&year), since) {
                return Ok(frame);
            }
        }
        let read = Arc::new(frame(log, plan)?);
        let mut memory = self.memory();
        if memory.frames.len() >= memory.most_years() {
            memory.frames.clear();
        }
        memory.frames.insert(year, (size, Arc::clone(&read)));
        Ok(read)
    }

    fn rows(
        &self,
        folder: &Folder,
        log: &Reader,
        month: Month,
        size: u64,
    ) -> Result<Arc<Vec<AsRunRow>>, ControlError> {
        {
            let memory = self.memory();
            let since = memory.touched.months.get(&month).copied().unwrap_or(0).max(memory.touched.all);
            if let Some(rows) = fresh(memory.rows.get(&month), since) {
                return Ok(rows);
            }
        }
        let read = Arc::new(month_rows(folder, log, month)?);
        let mut memory = self.memory();
        let held: usize = memory.rows.values().map(|(_, rows)| rows.len()).sum();
        if held + read.len() > MOST_ROWS / memory.logs.max(1) {
            memory.rows.clear();
        }
        memory.rows.insert(month, (size, Arc::clone(&read)));
        Ok(read)
    }

    /// Whoever panicked here left whole things behind.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is held, where it was read since the log last touched it.
fn fresh<T>(held: Option<&(u64, Arc<T>)>, since: u64) -> Option<Arc<T>> {
    held.filter(|(read, _)| *read >= since).map(|(_, held)| Arc::clone(held))
}

/// The first and the last day on which anything was planned; none where nothing was.
fn planned(log: &Reader, zone: Tz) -> Result<Option<(NaiveDate, NaiveDate)>, ControlError> {
    let day =
        |ms: i64| DateTime::from_timestamp_millis(ms).unwrap_or_default().with_timezone(&zone).date_naive();
    let (first, last) = (log.next_planned(i64::MIN)?, log.last_planned(i64::MAX)?);
    Ok(first.zip(last).map(|(first, last)| (day(first), day(last))))
}

/// The months of `year` and of `span`, as far as anything was `planned`.
fn months(year: i32, span: Span, planned: Option<(NaiveDate, NaiveDate)>) -> impl Iterator<Item = Month> {
    let day = move |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    planned.into_iter().flat_map(move |(first, last)| {
        let from = Month::of(day(1, 1).min(span.from).max(first));
        let to = Month::of(day(12, 31).max(span.to).min(last));
        std::iter::successors((from <= to).then_some(from), move |month| (*month < to).then(|| month.next()))
    })
}

impl Touched {
    /// Looks what the entries up to `size` touch.
    fn look_through(&mut self, log: &Reader, size: u64, zone: Tz) -> Result<(), ControlError> {
        // Another may have looked further meanwhile.
        if size.saturating_sub(self.size) > FAR {
            *self = Touched { size, all: size, ..Touched::default() };
        }
        for entry in log.entries(self.size..size) {
            self.entry(log, &entry?.body, size, zone)?;
        }
        self.size = self.size.max(size);
        Ok(())
    }

    fn entry(&mut self, log: &Reader, body: &Body, size: u64, zone: Tz) -> Result<(), ControlError> {
        let civil = |ms: i64| {
            let at = DateTime::from_timestamp_millis(ms).unwrap_or_default();
            at.with_timezone(&zone).date_naive()
        };
        match body {
            Body::Cue(cue) => self.day(civil(cue.planned_ms), size),
            Body::Missed(missed) => self.day(missed.slot.local.date(), size),
            Body::Start(start) => self.airing(log, start.airing, size, civil)?,
            Body::Segment(segment) => self.airing(log, segment.airing, size, civil)?,
            Body::End(end) => self.airing(log, end.airing, size, civil)?,
            Body::Manual(fact) => {
                let day = civil(fact.first_ms);
                self.day(day, size);
                // Near the turn of a year it stands in both.
                for days in [-1, 1] {
                    self.years.insert((day + TimeDelta::days(days)).year(), size);
                }
            }
            Body::ScheduleAccept(fact) => {
                self.years.insert(fact.month.year(), size);
            }
            // Units, plans, and which entry was the last before an instant.
            Body::Config { .. } | Body::ClockStep { .. } | Body::LogOpen { .. } => self.all = size,
            Body::Boot(_)
            | Body::Sw { .. }
            | Body::ScheduleRefuse { .. }
            | Body::Approve { .. }
            | Body::Device(_)
            | Body::Gap { .. }
            | Body::Operator(_)
            | Body::Note { .. }
            | Body::Correct { .. }
            | Body::Hold(_)
            | Body::Delete(_)
            | Body::Package(_)
            | Body::Anchor(_)
            | Body::Read { .. }
            | Body::Heartbeat {}
            | Body::Shutdown { .. } => {}
        }
        Ok(())
    }

    fn day(&mut self, day: NaiveDate, size: u64) {
        self.months.insert(Month::of(day), size);
    }

    /// What was heard of the airing whose first cue is the entry `airing` belongs to where that was planned.
    fn airing(
        &mut self,
        log: &Reader,
        airing: u64,
        size: u64,
        civil: impl Fn(i64) -> NaiveDate,
    ) -> Result<(), ControlError> {
        match log.entries(airing..airing.saturating_add(1)).next().transpose()?.map(|entry| entry.body) {
            Some(Body::Cue(cue)) => self.day(civil(cue.planned_ms), size),
            _ => self.all = size,
        }
        Ok(())
    }

    /// The size of the log when something last came that changes the matrix of `year`, with days `beyond` it.
    fn of_year(&self, year: i32, beyond: Option<Span>) -> u64 {
        let touches = |month: Month| month.year() == year || beyond.is_some_and(|span| span.touches(month));
        let its = self.months.iter().filter(|(month, _)| touches(**month));
        let of_months = its.map(|(_, size)| *size).max();
        let of_year = self.years.get(&year).copied();
        self.all.max(of_months.unwrap_or(0)).max(of_year.unwrap_or(0))
    }
}
