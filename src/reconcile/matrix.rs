//! The compliance matrix: unit × programme month, for a period, from the plan and what stations recorded.
//!
//! A programme month is what was made for that month; when it was aired is another thing. The period is one
//! of airing days: December's programme, aired after the plan's deadline, is not yet due in the year's report.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::{
    beside::{Beside, Uncounted, is_of},
    cell::{Cell, State},
    period::{Period, Span},
    rules::Rules,
    slots::{Meant, Vouched},
    tally::{Done, Tally},
};
use crate::{evidence::AsRunRow, programme::Plan, units::Month};

/// What one station recorded while it belonged to one unit; a station that changed its unit gives two.
#[derive(Debug, Clone)]
pub struct StationRecord {
    /// The name of the log that says so: one that was begun anew is another.
    pub log: String,
    /// The station's id.
    pub station: String,
    /// The unit's id as of then.
    pub unit: String,
    /// Its rules.
    pub rules: Rules,
    /// Wall time of the first entry of its log.
    pub known_from: DateTime<Utc>,
    /// Wall time of its last entry.
    pub known_until: DateTime<Utc>,
    /// Whether nothing more will come of it: from then on the station belonged to another unit, wrote another log, or was
    /// revoked.
    pub ended: bool,
    /// Its slots.
    pub meant: Vec<Meant>,
    /// Its as-run rows.
    pub rows: Vec<AsRunRow>,
    /// What people vouch for at it.
    pub vouched: Vec<Vouched>,
    /// The programmes of its accepted schedules.
    pub programmes: Vec<ProgrammeFact>,
}

/// A programme, as far as the plan asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgrammeFact {
    /// Its month.
    pub month: Month,
    /// Its id in the month's schedule.
    pub id: String,
    /// Its column: one that the plan does not have owes nothing to the plan and counts for nothing.
    pub column: String,
    /// Topics of the plan that it covers.
    pub topics: Vec<String>,
}

/// The matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// The days that it is about.
    pub span: Span,
    /// The programme months of the plan's year that the period touches, or that were aired in it.
    pub months: Vec<Month>,
    /// Units that existed in one of these months, in the plan's order.
    pub units: Vec<UnitRow>,
    /// The plan's topics, each with the programme months in which some unit aired it.
    pub topics: BTreeMap<String, BTreeSet<Month>>,
    /// Sums.
    pub totals: MatrixTotals,
    /// The airings of the period that count, each by its log and the first entry that tells of it; as many as
    /// `totals.in_period`.
    #[serde(skip)]
    pub counted: BTreeSet<(String, u64)>,
    /// What the figures leave out, and why.
    #[serde(skip)]
    pub beside: Beside,
}

/// A unit's cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitRow {
    /// The unit's id.
    pub unit: String,
    /// Its name on the period's last day, or its last name before.
    pub name: String,
    /// A cell a month, in the order of [`Matrix::months`].
    pub cells: Vec<Cell>,
}

impl UnitRow {
    /// Whether anything that counts aired in the period.
    fn has_aired(&self) -> bool {
        self.cells.iter().any(|cell| cell.in_period > 0)
    }
}

/// Sums over a matrix.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MatrixTotals {
    /// Units that the plan has in the period.
    pub units: u32,
    /// Those of them of which an airing of the period counts, of any month.
    pub units_aired: u32,
    /// Cells that are due.
    pub cells_due: u32,
    /// Those of them that are complete.
    pub cells_complete: u32,
    /// Cells that are complete before they are due.
    pub cells_early: u32,
    /// Airings due in the cells that are due.
    pub airings_due: u32,
    /// Airings done in them that the plan wanted: `airings_due` exactly where all cells are complete.
    pub airings_done: u32,
    /// Airings done in them beyond that.
    pub airings_over: u32,
    /// Airings of the period, of whatever programme month.
    pub in_period: u32,
    /// Airings that people vouch for.
    pub vouched: u32,
    /// Airings at stations whose unit the plan did not have on that day: in no cell.
    pub strays: u32,
}

/// A station's tally, with what of it counts.
struct Counted<'a> {
    tally: &'a Tally,
    done: Vec<Done<'a>>,
    again: Vec<u64>,
}

/// The matrix of `plan` for `period`, as of the day `as_of`, from what the `stations` recorded.
#[must_use]
pub fn matrix(plan: &Plan, period: Period, as_of: NaiveDate, stations: &[StationRecord]) -> Matrix {
    let tallies: Vec<Tally> = stations.iter().map(|record| Tally::of(plan, record)).collect();
    tallied(plan, period, as_of, &tallies)
}

/// The same from what was tallied under that plan before.
#[must_use]
pub fn tallied(plan: &Plan, period: Period, as_of: NaiveDate, stations: &[Tally]) -> Matrix {
    let span = period.span(plan);
    let cutoff = span.to.min(as_of);
    let counted = stations.iter().map(|tally| {
        let (done, again) = tally.done(cutoff);
        Counted { tally, done, again }
    });
    let counted: Vec<Counted> = counted.collect();
    let aired = counted.iter().flat_map(|d| &d.done).filter(|done| span.contains(done.date));
    let mut months: BTreeSet<Month> = aired.map(|done| done.month).collect();
    let january = NaiveDate::from_ymd_opt(plan.year, 1, 1).map_or_else(|| Month::of(span.from), Month::of);
    let year = std::iter::successors(Some(january), |month| Some(month.next())).take(12);
    months.extend(year.filter(|month| span.touches(*month)));
    months.retain(|month| month.year() == plan.year);
    let months: Vec<Month> = months.into_iter().collect();
    let mut matrix = Matrix {
        span,
        months,
        units: Vec::new(),
        topics: BTreeMap::new(),
        totals: MatrixTotals::default(),
        counted: BTreeSet::new(),
        beside: Beside::of(stations, span, cutoff),
    };
    matrix.topics.extend(plan.topics.iter().map(|topic| (topic.id.clone(), BTreeSet::new())));
    for (unit, name) in units(plan, &matrix.months, span.to) {
        let of_unit: Vec<&Counted> = counted.iter().filter(|d| d.tally.unit == unit).collect();
        let cell = |month: &Month| cell(plan, &unit, *month, span, cutoff, &of_unit);
        let mut cells: Vec<Cell> = matrix.months.iter().map(cell).collect();
        for slot in matrix.beside.open.iter().filter(|open| open.unit == unit) {
            let of_month = cells.iter_mut().filter(|cell| cell.month == slot.slot.month);
            of_month.for_each(|cell| cell.open += 1);
        }
        matrix.totals.units += u32::from(is_of(plan, &unit, span));
        matrix.add(UnitRow { unit, name, cells });
    }
    for d in &counted {
        matrix.tell(plan, d);
    }
    matrix
}

impl Matrix {
    /// Takes over what the plan of `another` year says of the airings of the same days that were made for that year; `plan` is
    /// that of this one, of whose units as many aired as its totals say.
    pub fn admit(&mut self, plan: &Plan, another: Matrix) {
        let aired = |matrix: &Matrix| -> BTreeSet<String> {
            let aired = matrix.units.iter().filter(|row| row.has_aired());
            aired.map(|row| row.unit.clone()).collect()
        };
        let here = aired(self);
        let is_more = |unit: &&String| !here.contains(*unit) && is_of(plan, unit, self.span);
        let more = aired(&another).iter().filter(is_more).count();
        self.totals.units_aired += u32::try_from(more).unwrap_or(u32::MAX);
        self.totals.in_period += another.totals.in_period;
        self.totals.strays += another.totals.strays;
        self.beside.admit(another.beside, &another.counted);
        self.counted.extend(another.counted);
    }

    /// Which airings of a log count in the period, and why the others that are full do not.
    fn tell(&mut self, plan: &Plan, d: &Counted) {
        let log = &d.tally.log;
        for done in d.done.iter().filter(|done| self.span.contains(done.date)) {
            if !self.months.contains(&done.month) {
                // What was made for another year is in no sum of this one.
                self.beside.leave_out(log, done.entry, Uncounted::OtherYear);
            } else if plan.unit_at(&d.tally.unit, done.date).is_none() {
                self.totals.strays += 1;
                self.beside.leave_out(log, done.entry, Uncounted::NoUnit);
            } else {
                self.counted.insert((log.clone(), done.entry));
            }
        }
        for entry in &d.again {
            self.beside.leave_out(log, *entry, Uncounted::Again);
        }
    }

    fn add(&mut self, row: UnitRow) {
        let totals = &mut self.totals;
        totals.units_aired += u32::from(row.has_aired());
        for cell in &row.cells {
            totals.cells_early += u32::from(cell.early);
            totals.in_period += cell.in_period;
            totals.vouched += cell.vouched;
            for topic in &cell.topics {
                // A topic that the plan does not have is no topic of the plan.
                if let Some(months) = self.topics.get_mut(topic) {
                    months.insert(cell.month);
                }
            }
        }
        for cell in row.cells.iter().filter(|cell| cell.is_due()) {
            totals.cells_due += 1;
            totals.cells_complete += u32::from(cell.state == State::Complete);
            totals.airings_due += cell.airings_due;
            totals.airings_done += cell.airings_within;
            totals.airings_over += cell.airings_done - cell.airings_within;
        }
        self.units.push(row);
    }
}

/// Units that exist on some day of `months`, with the name that they have on `day` or had last before it.
fn units(plan: &Plan, months: &[Month], day: NaiveDate) -> Vec<(String, String)> {
    let mut found: Vec<(String, String, NaiveDate)> = Vec::new();
    let (Some(first), Some(last)) = (months.first(), months.last()) else { return Vec::new() };
    for unit in &plan.units {
        let ended = unit.valid_to.is_some_and(|to| to < first.first());
        if ended || unit.valid_from > last.last() {
            continue;
        }
        match found.iter_mut().find(|(id, ..)| *id == unit.id) {
            None => found.push((unit.id.clone(), unit.name.clone(), unit.valid_from)),
            Some((_, name, from)) if unit.valid_from <= day && (*from > day || unit.valid_from > *from) => {
                name.clone_from(&unit.name);
                *from = unit.valid_from;
            }
            Some(_) => {}
        }
    }
    found.into_iter().map(|(id, name, _)| (id, name)).collect()
}

fn cell(plan: &Plan, unit: &str, month: Month, span: Span, cutoff: NaiveDate, logs: &[&Counted]) -> Cell {
    let each = plan.a_month.saturating_mul(plan.airings_due);
    let asked = asked(month, logs);
    let many = count(asked.iter());
    let mut cell = Cell {
        month,
        state: State::None,
        due: month.last() <= cutoff && plan.unit_at(unit, month.last()).is_some(),
        early: false,
        stations: many,
        programmes_due: plan.a_month,
        programmes_done: 0,
        airings_due: each.saturating_mul(many.max(1)),
        airings_done: 0,
        airings_within: 0,
        in_period: 0,
        made_good: 0,
        vouched: 0,
        topics: BTreeSet::new(),
        slots: 0,
        open: 0,
        begun: None,
        reasons: BTreeMap::new(),
    };
    let counts = |done: &&Done| done.month == month && plan.unit_at(unit, done.date).is_some();
    for log in logs {
        let done: Vec<&Done> = log.done.iter().filter(counts).collect();
        cell.airings_done += count(done.iter());
        cell.in_period += count(done.iter().filter(|done| span.contains(done.date)));
        cell.made_good += count(done.iter().filter(|done| done.made_good));
        let topics = log.tally.programmes.iter().filter(|fact| fact.month == month);
        let aired = topics.filter(|fact| done.iter().any(|done| done.programme == fact.id));
        cell.topics.extend(aired.flat_map(|fact| fact.topics.iter().cloned()));
        let vouched = log.tally.vouched.iter();
        cell.vouched += count(vouched.filter(|(of, began)| *of == month && *began <= cutoff));
    }
    let mut programmes_done: Option<u32> = None;
    for place in &asked {
        let mut of_programme: BTreeMap<&str, u32> = BTreeMap::new();
        for done in place.logs.iter().flat_map(|log| &log.done).filter(counts) {
            *of_programme.entry(done.programme).or_default() += 1;
        }
        let enough = count(of_programme.values().filter(|airings| **airings >= plan.airings_due));
        cell.airings_within += within(plan, of_programme.into_values().collect());
        programmes_done = Some(programmes_done.map_or(enough, |least| least.min(enough)));
        // A log that was begun anew has the month's schedules, too.
        place.logs.iter().for_each(|log| reasons(&mut cell, log.tally, cutoff));
        let slots = place.logs.iter().flat_map(|log| &log.tally.slots);
        let slots = slots.filter(|slot| slot.month == month && slot.concerns);
        cell.slots += count(slots.map(|slot| slot.at).collect::<BTreeSet<_>>().iter());
    }
    let begun = asked.iter().map(|place| place.from).min();
    cell.begun = begun.filter(|from| *from > month.last());
    cell.programmes_done = programmes_done.unwrap_or(0);
    cell.state = state(plan, unit, &cell, cutoff, &asked);
    cell.early = cell.state == State::Complete && month.last() > cutoff;
    cell
}

/// Where a unit's programmes sound: a station, or several of which one came when the other had gone.
struct Place<'a> {
    from: NaiveDate,
    until: NaiveDate,
    ended: bool,
    logs: Vec<&'a Counted<'a>>,
}

impl<'a> Place<'a> {
    fn take(&mut self, another: Place<'a>) {
        if another.until >= self.until {
            (self.until, self.ended) = (another.until, another.ended);
        }
        self.from = self.from.min(another.from);
        self.logs.extend(another.logs);
    }
}

/// Of which places of a unit, to which `logs` belong, a month is asked: of those that were there from its first day to its
/// last, so that whoever gets another station loses no month that was complete; where none was, of those that were there
/// on some of its days; where none was either, of one, to which belongs whatever was aired later.
fn asked<'a>(month: Month, logs: &[&'a Counted<'a>]) -> Vec<Place<'a>> {
    let (first, last) = (month.first(), month.last());
    let mut stations: BTreeMap<&str, Place<'a>> = BTreeMap::new();
    for &log in logs {
        let tally = log.tally;
        let (from, until, ended) = (tally.known_from, tally.known_until, tally.ended);
        let own = Place { from, until, ended, logs: vec![log] };
        match stations.entry(&tally.station) {
            Entry::Occupied(mut station) => station.get_mut().take(own),
            Entry::Vacant(place) => drop(place.insert(own)),
        }
    }
    let is_there = |place: &Place| place.from <= last && !(place.ended && place.until < first);
    let (mut there, others): (Vec<_>, Vec<_>) = stations.into_values().partition(is_there);
    there.sort_by_key(|place| place.from);
    let mut places: Vec<Place<'a>> = Vec::new();
    for station in there {
        match places.iter_mut().find(|place| place.ended && place.until <= station.from) {
            Some(place) => place.take(station),
            None => places.push(station),
        }
    }
    let is_whole = |place: &Place| place.from <= first && !(place.ended && place.until < last);
    if places.iter().any(is_whole) {
        places.retain(is_whole);
    }
    if places.is_empty() {
        places.extend(others.into_iter().reduce(|mut place, other| {
            place.take(other);
            place
        }));
    }
    places
}

/// How many of a station's airings, so many of each programme, the plan wanted.
fn within(plan: &Plan, mut airings: Vec<u32>) -> u32 {
    airings.sort_unstable_by(|a, b| b.cmp(a));
    let wanted = airings.iter().take(plan.a_month as usize);
    wanted.map(|airings| (*airings).min(plan.airings_due)).sum()
}

/// Why slots did not count.
fn reasons(cell: &mut Cell, tally: &Tally, cutoff: NaiveDate) {
    for slot in tally.slots.iter().filter(|slot| slot.month == cell.month && slot.date <= cutoff) {
        if let Some(reason) = slot.reason {
            *cell.reasons.entry(reason).or_default() += 1;
        }
    }
}

fn state(plan: &Plan, unit: &str, cell: &Cell, cutoff: NaiveDate, places: &[Place]) -> State {
    let last = cell.month.last();
    // Between two logs of a place nothing is known either.
    let covers = |log: &&Counted| log.tally.known_from <= last && last <= log.tally.known_until;
    let unknown = |place: &Place| !place.logs.iter().any(covers);
    match () {
        () if cell.stations > 0 && cell.programmes_done >= cell.programmes_due => State::Complete,
        () if plan.unit_at(unit, cell.month.last()).is_none() => State::NoUnit,
        () if cell.month.last() > cutoff => State::NotYetDue,
        () if places.is_empty() || places.iter().any(unknown) => State::NoReport,
        () if cell.airings_done > 0 => State::Short,
        () => State::None,
    }
}

fn count<T>(of: impl Iterator<Item = T>) -> u32 {
    u32::try_from(of.count()).unwrap_or(u32::MAX)
}
