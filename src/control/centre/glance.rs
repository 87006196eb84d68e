//! The fleet as a whole, as its page shows it: every station in short, what is the matter with it, and sums.
//!
//! Ten thousand stations' words are signed notes. Each is verified once and remembered as long as it is the same, and the
//! whole is read again after some seconds, not for every look.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::Centre;
use crate::{
    clock::Reading,
    control::{ControlError, ledger::folded},
    evidence::Outcome,
    fleet::{Fork, Held, Holding, Standing, Word},
    units::{Digest, Month},
};

/// A station that was not heard for longer may have lost its network.
pub const QUIET: TimeDelta = TimeDelta::minutes(10);

/// A station that was not heard for longer is to be asked after.
pub const SILENT: TimeDelta = TimeDelta::days(1);

/// So many days before a month begins a station that does not hold it is named.
const READY_BEFORE: TimeDelta = TimeDelta::days(7);

/// What was seen is shown as it is for so long; then it is read again behind the page that is shown.
const FRESH: TimeDelta = TimeDelta::seconds(2);

/// What is older is not shown any more: whoever looks waits.
const STALE: TimeDelta = TimeDelta::seconds(15);

/// Pairs of heads that contradict one another, of which so many are shown.
const MOST_FORKS: u64 = 1000;

/// What is the matter with a station, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// It signed two histories, or its log was rolled back, and nobody settled that.
    Split,
    /// It asks to be enrolled.
    Asks,
    /// It was never heard, or not for a day.
    Silent,
    /// A slot of yesterday or today was missed, cut or out of its window.
    Missed,
    /// It does not hold this month, ready to air.
    NotReady,
    /// A lamp of it is red.
    Error,
    /// It was not heard for ten minutes.
    Quiet,
    /// It does not hold the next month, which begins in a week.
    NextNotReady,
    /// A lamp of it is amber.
    Warning,
}

impl Trouble {
    /// Its stable word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Trouble::Split => "split",
            Trouble::Asks => "asks",
            Trouble::Silent => "silent",
            Trouble::Missed => "missed",
            Trouble::NotReady => "not-ready",
            Trouble::Error => "error",
            Trouble::Quiet => "quiet",
            Trouble::NextNotReady => "next-not-ready",
            Trouble::Warning => "warning",
        }
    }

    /// Whether somebody has to do something now.
    #[must_use]
    pub fn is_grave(self) -> bool {
        self < Trouble::Quiet
    }
}

/// A station in short.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Its log.
    pub origin: String,
    /// Its id.
    pub id: String,
    /// The name of its unit by the centre's plan, else the unit's id, else the station's.
    pub name: String,
    /// `asked`, `enrolled` or `revoked`.
    pub standing: &'static str,
    /// A later log of the same station is enrolled: this one is closed.
    pub closed: bool,
    /// When it was last heard, milliseconds since 1970.
    pub heard_ms: Option<i64>,
    /// How many entries came home.
    pub size: u64,
    /// Its last word of itself.
    pub word: Option<Arc<Word>>,
    /// Whether yesterday or today has an outcome that is none of full, cancelled or test.
    missed: bool,
    split: bool,
    /// What is searched.
    text: String,
}

impl Outline {
    /// Whether it belongs to the fleet now.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.standing == Standing::Enrolled.code() && !self.closed
    }

    /// For how long it was not heard.
    #[must_use]
    pub fn unheard(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let heard = self.heard_ms.and_then(DateTime::from_timestamp_millis)?;
        Some((now - heard).max(TimeDelta::zero()))
    }

    /// What it holds of `month`: the schedule of the centre; none where it holds nothing of it.
    #[must_use]
    pub fn holding(&self, month: Month) -> Option<&Holding> {
        let word = self.word.as_ref()?;
        word.holds.iter().find(|held| held.month == month && !held.ward)
    }

    /// Whether it holds `month`, ready to air.
    #[must_use]
    pub fn is_ready(&self, month: Month) -> bool {
        self.holding(month).is_some_and(|held| held.ready)
    }

    /// What is the matter with it on the day `today` at `now`, the gravest first.
    #[must_use]
    pub fn troubles(&self, now: DateTime<Utc>, today: NaiveDate) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        let mut when = |is: bool, trouble| {
            if is {
                troubles.push(trouble);
            }
        };
        when(self.split, Trouble::Split);
        when(self.standing == Standing::Asked.code(), Trouble::Asks);
        if self.counts() {
            let unheard = self.unheard(now);
            let lit = |red: bool| {
                let lamps = self.word.iter().flat_map(|word| &word.lamps);
                lamps.into_iter().any(|lamp| (lamp.state == "error") == red)
            };
            let this = Month::of(today);
            let soon = is_needed(this.next(), today);
            let silent = unheard.is_none_or(|unheard| unheard >= SILENT);
            when(silent, Trouble::Silent);
            when(self.missed, Trouble::Missed);
            when(!self.is_ready(this), Trouble::NotReady);
            when(lit(true), Trouble::Error);
            when(!silent && unheard.is_some_and(|unheard| unheard >= QUIET), Trouble::Quiet);
            when(soon && !self.is_ready(this.next()), Trouble::NextNotReady);
            when(lit(false), Trouble::Warning);
        }
        troubles
    }

    /// Whether every one of `words` (folded, without marks) stands in its names.
    #[must_use]
    pub fn has(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.text.contains(word))
    }
}

/// Whether a station should hold `month` on the day `today`.
#[must_use]
pub fn is_needed(month: Month, today: NaiveDate) -> bool {
    month.first() - today <= READY_BEFORE
}

/// `words` as [`Outline::has`] wants them.
#[must_use]
pub fn words_of(text: &str) -> Vec<String> {
    folded(text, true).split_whitespace().map(str::to_owned).collect()
}

/// The fleet at one moment.
#[derive(Debug)]
pub struct FleetView {
    /// When, by the centre's clock.
    pub at: DateTime<Utc>,
    /// Its stations, by origin.
    pub stations: Vec<Outline>,
    /// Heads that contradict one another, the latest first.
    pub forks: Vec<Fork>,
    /// How the slots of today ended, over all logs.
    pub today: BTreeMap<Outcome, u64>,
    read: Reading,
}

/// A word that was verified: the digest of its note, and what it says.
type Verified = (Digest, Option<Arc<Word>>);

/// What was seen of the fleet.
#[derive(Debug, Default)]
pub struct FleetGlance {
    view: Mutex<Option<Arc<FleetView>>>,
    /// Held by whoever reads the store; by origin.
    words: Mutex<HashMap<String, Verified>>,
}

impl FleetGlance {
    /// The fleet as it was seen last, and whether it should be read again behind that; none where it has to be read
    /// first.
    #[must_use]
    pub fn last(&self, centre: &Centre) -> Option<(Arc<FleetView>, bool)> {
        let view = self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let age = centre.clock.now().since(&view.read);
        (age < STALE).then(|| (view, age >= FRESH))
    }

    /// Forgets what was seen: something was just changed here.
    pub fn forget(&self) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Reads the fleet behind a page that was shown; whoever comes while that is under way has nothing to do.
    pub fn read_behind(&self, centre: &Centre) {
        let Ok(mut words) = self.words.try_lock() else { return };
        if let Some((_, false)) = self.last(centre) {
            return;
        }
        match centre.look(&mut words) {
            Ok(view) => drop(self.keep(view)),
            Err(error) => tracing::error!("the fleet is not read again: {error}"),
        }
    }

    fn keep(&self, view: FleetView) -> Arc<FleetView> {
        let view = Arc::new(view);
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&view));
        view
    }

    /// Reads the fleet. Whoever comes meanwhile waits, and gets what the one before read if that is fresh.
    ///
    /// # Errors
    ///
    /// The fleet's store cannot be read.
    pub fn read(&self, centre: &Centre) -> Result<Arc<FleetView>, ControlError> {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((view, false)) = self.last(centre) {
            return Ok(view);
        }
        Ok(self.keep(centre.look(&mut words)?))
    }
}

impl Centre {
    /// Today at the centre.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.now().with_timezone(&self.folder.station.zone).date_naive()
    }

    fn look(&self, words: &mut HashMap<String, Verified>) -> Result<FleetView, ControlError> {
        let read = self.clock.now();
        let today = self.today();
        let yesterday = today.pred_opt().unwrap_or(today);
        let (logs, forks) = (self.fleet.logs()?, self.fleet.forks(MOST_FORKS)?);
        let mut sums: BTreeMap<Outcome, u64> = BTreeMap::new();
        let mut missed = HashSet::new();
        for tally in self.fleet.tally(None, yesterday, today)? {
            if tally.day == today {
                *sums.entry(tally.outcome).or_default() += tally.count;
            }
            if !matches!(tally.outcome, Outcome::Full | Outcome::Cancelled | Outcome::Test) {
                missed.insert(tally.origin);
            }
        }
        let split: HashSet<String> = self.fleet.contradicted()?.into_iter().collect();
        let latest = latest(&logs);
        words.retain(|origin, _| logs.binary_search_by(|held| held.origin.as_str().cmp(origin)).is_ok());
        let mut stations = Vec::with_capacity(logs.len());
        for held in &logs {
            let word = verified(words, held);
            let unit = word.as_ref().map_or("", |word| word.unit.as_str());
            let id = held.station();
            let of_plan = |unit| self.folder.plan.unit_near(unit, today).map(|unit| unit.name.clone());
            let named = of_plan(unit).or_else(|| of_plan(id));
            let name = named.unwrap_or_else(|| if unit.is_empty() { id } else { unit }.to_owned());
            stations.push(Outline {
                text: folded(&format!("{name} {unit} {}", held.origin), true),
                closed: latest.get(series(held)).is_some_and(|last| *last > held.epoch()),
                missed: missed.contains(&held.origin),
                split: split.contains(&held.origin),
                standing: held.standing.code(),
                heard_ms: held.heard_ms,
                size: held.frontier.size(),
                origin: held.origin.clone(),
                id: id.to_owned(),
                name,
                word,
            });
        }
        Ok(FleetView { at: read.wall, stations, forks, today: sums, read })
    }
}

/// A log's name without its epoch.
fn series(held: &Held) -> &str {
    held.origin.rsplit_once('/').map_or("", |(series, _)| series)
}

/// The last enrolled epoch of every station.
fn latest(logs: &[Held]) -> HashMap<&str, u32> {
    let mut latest: HashMap<&str, u32> = HashMap::new();
    for held in logs.iter().filter(|held| held.standing == Standing::Enrolled) {
        let last = latest.entry(series(held)).or_default();
        *last = (*last).max(held.epoch());
    }
    latest
}

/// The word of the log that is `held`, verified anew only where it is another than before.
fn verified(words: &mut HashMap<String, Verified>, held: &Held) -> Option<Arc<Word>> {
    let digest = Digest::of(held.word.as_bytes());
    if let Some((known, word)) = words.get(&held.origin)
        && *known == digest
    {
        return word.clone();
    }
    let word = Word::read(&held.word, &held.key).map(Arc::new);
    words.insert(held.origin.clone(), (digest, word.clone()));
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_month_is_needed_a_week_before() {
        for (today, needed) in [("2022-02-21", false), ("2022-02-22", true), ("2022-03-31", true)] {
            assert_eq!(is_needed("2022-03".parse().unwrap(), today.parse().unwrap()), needed, "{today}");
        }
    }
}
