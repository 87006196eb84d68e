//! The periods that are reported on.

use chrono::{Days, NaiveDate};
use serde::Serialize;

use crate::{programme::Plan, units::Month};

/// A period as a person chooses it (`domain.md`, The obligation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Period {
    /// A calendar month.
    Month(Month),
    /// The reporting month of the administration: from the 15th of the month before to the 14th of this one.
    Fifteenth(Month),
    /// The plan's year up to its report's deadline.
    Year,
    /// Any days.
    Custom {
        /// The first.
        from: NaiveDate,
        /// The last.
        to: NaiveDate,
    },
}

/// Days of station time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Span {
    /// The first.
    pub from: NaiveDate,
    /// The last; before `from` when there is none.
    pub to: NaiveDate,
}

impl Period {
    /// Its days, under `plan`.
    #[must_use]
    pub fn span(self, plan: &Plan) -> Span {
        match self {
            Period::Month(month) => Span { from: month.first(), to: month.last() },
            Period::Fifteenth(month) => {
                let before = Month::of(month.first().pred_opt().unwrap_or(month.first()));
                Span { from: day_15(before), to: day_15(month) - Days::new(1) }
            }
            Period::Year => {
                let deadline = plan.report.deadline;
                Span { from: NaiveDate::from_ymd_opt(plan.year, 1, 1).unwrap_or(deadline), to: deadline }
            }
            Period::Custom { from, to } => Span { from, to },
        }
    }
}

fn day_15(month: Month) -> NaiveDate {
    month.first() + Days::new(14)
}

impl Span {
    /// Whether `day` lies in it.
    #[must_use]
    pub fn contains(self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }

    /// Whether any of its days lies in `month`.
    #[must_use]
    pub fn touches(self, month: Month) -> bool {
        self.from <= self.to && self.from <= month.last() && month.first() <= self.to
    }
}
