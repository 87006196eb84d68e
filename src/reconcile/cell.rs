//! One cell of the compliance matrix: a unit's programme month.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use crate::{evidence::Reason, units::Month, words::Message};

/// How a unit stands with a programme month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// All that the plan wants was aired.
    Complete,
    /// Something was aired, not all.
    Short,
    /// Nothing that counts was aired.
    None,
    /// The month goes on beyond the period, or beyond the day of the report.
    NotYetDue,
    /// The unit does not exist at the end of the month: it came later or was merged before.
    NoUnit,
    /// A station of the unit has not reported to the month's end or came later, or the unit has none.
    NoReport,
}

impl State {
    /// Each, in the order of a legend.
    pub const ALL: [State; 6] =
        [State::Complete, State::Short, State::None, State::NotYetDue, State::NoUnit, State::NoReport];

    /// The key of the sentence about a cell; behind `web-` that of the state's name.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            State::Complete => "cell-complete",
            State::Short => "cell-short",
            State::None => "cell-none",
            State::NotYetDue => "cell-not-yet-due",
            State::NoUnit => "cell-no-unit",
            State::NoReport => "cell-no-report",
        }
    }

    /// Its sign, told apart in black and white.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            State::Complete => "●",
            State::Short => "◐",
            State::None => "✕",
            State::NotYetDue => "…",
            State::NoUnit => "–",
            State::NoReport => "?",
        }
    }
}

/// A unit's programme month. Figures add up from the month's first airing to the period's end, since what is
/// short is seen only so; `in_period` are those of the period alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The programme month; airings may have been made in another.
    pub month: Month,
    /// How it stands.
    pub state: State,
    /// Whether it is held against the unit: the month is over by the period's end and the unit existed at its end.
    pub due: bool,
    /// Whether it is complete before the month is over by the period's end.
    pub early: bool,
    /// Stations of the unit of which the month is asked.
    pub stations: u32,
    /// Programmes that the plan wants.
    pub programmes_due: u32,
    /// Programmes of which every station aired as often as the plan wants.
    pub programmes_done: u32,
    /// Airings that the plan wants: programmes × airings × stations.
    pub airings_due: u32,
    /// Airings that count, by the period's end: in full, on a device, inside a window, no test.
    pub airings_done: u32,
    /// Those of them that the plan wanted: what a station aired beyond it fills no lack. All that is due exactly where
    /// the month is complete.
    pub airings_within: u32,
    /// Those of them that were made in the period.
    pub in_period: u32,
    /// Those of them that made good what was missed.
    pub made_good: u32,
    /// Airings that people vouch for, by the period's end: beside the others, never among them.
    pub vouched: u32,
    /// Topics of the programmes that were aired.
    pub topics: BTreeSet<String>,
    /// Slots of the month's schedules, whatever became of them.
    pub slots: u32,
    /// Slots of the period of which the log tells nothing.
    pub open: u32,
    /// The day on which the logs of the unit begin, where all begin behind the month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<NaiveDate>,
    /// Slots by the period's end that neither counted nor were made good, by reason.
    pub reasons: BTreeMap<Reason, u32>,
}

#[cfg(test)]
impl Cell {
    /// A programme month of one station, of whose two airings `done` count.
    pub(crate) fn sample(month: &str, state: State, done: u32) -> Cell {
        Cell {
            month: month.parse().unwrap(),
            state,
            due: !matches!(state, State::NotYetDue | State::NoUnit),
            early: false,
            stations: 1,
            programmes_due: 1,
            programmes_done: u32::from(done >= 2),
            airings_due: 2,
            airings_done: done,
            airings_within: done.min(2),
            in_period: done,
            made_good: 0,
            vouched: 0,
            topics: BTreeSet::new(),
            slots: 2,
            open: 0,
            begun: None,
            reasons: BTreeMap::new(),
        }
    }
}

impl Cell {
    /// Whether it is held against the unit: its month is over and the unit existed. What is complete before that is not
    /// yet due; else the share of what is done would rise with whoever is early, and with nobody who is not.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.due
    }

    /// Its state with its reason.
    #[must_use]
    pub fn message(&self) -> Message {
        let message = Message::new(self.state.key());
        // Beyond what the plan asks for nothing is missing.
        let done = if self.state == State::Short { self.airings_within } else { self.airings_done };
        message.with("month", self.month).with("done", done).with("due", self.airings_due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_states_look_alike_without_colours() {
        let signs: BTreeSet<&str> = State::ALL.map(State::sign).into();
        assert_eq!(signs.len(), State::ALL.len());
    }

    #[test]
    fn every_state_is_named_and_said_of_a_cell() {
        for lang in [crate::words::Lang::Vi, crate::words::Lang::En] {
            for state in State::ALL {
                for key in [state.key().to_owned(), format!("web-{}", state.key())] {
                    assert!(crate::words::find(lang, &key).is_some(), "{key}");
                }
            }
        }
    }
}
