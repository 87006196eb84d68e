//! A calendar month, written `2022-03`: the span of one schedule.

use std::{fmt, str::FromStr};

use chrono::{Datelike, Months, NaiveDate};

use super::{Malformed, serde_as_text};

/// A calendar month of the years 1900–9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first: NaiveDate,
}

impl Month {
    /// The month in which `date` lies.
    #[must_use]
    pub fn of(date: NaiveDate) -> Month {
        Month { first: date.with_day(1).unwrap_or(date) }
    }

    /// Its first day.
    #[must_use]
    pub fn first(self) -> NaiveDate {
        self.first
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Month {
        Month { first: self.first.checked_add_months(Months::new(1)).unwrap_or(self.first) }
    }

    /// Its last day.
    #[must_use]
    pub fn last(self) -> NaiveDate {
        self.next().first.pred_opt().unwrap_or(self.first)
    }

    /// Whether `date` lies in it.
    #[must_use]
    pub fn contains(self, date: NaiveDate) -> bool {
        self.first <= date && date <= self.last()
    }

    /// The calendar year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.first.year()
    }

    /// The number of the month in its year, 1–12.
    #[must_use]
    pub fn number(self) -> u32 {
        self.first.month()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.number())
    }
}

impl FromStr for Month {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Month, Malformed> {
        let malformed = || Malformed { found: text.into(), wanted: "a month such as `2022-03`" };
        let (year, month) = text.split_once('-').ok_or_else(malformed)?;
        let digits = |t: &str, n| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(malformed());
        }
        let (year, month): (i32, u32) =
            (year.parse().map_err(|_| malformed())?, month.parse().map_err(|_| malformed())?);
        let first = NaiveDate::from_ymd_opt(year, month, 1).filter(|_| year >= 1900);
        first.map(|first| Month { first }).ok_or_else(malformed)
    }
}

serde_as_text!(Month);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_know_their_days() {
        let month: Month = "2024-02".parse().unwrap();
        assert_eq!(month.last().day(), 29);
        assert_eq!(month.next().to_string(), "2024-03");
        assert_eq!("2022-12".parse::<Month>().unwrap().next().to_string(), "2023-01");
        for wrong in ["2022-13", "2022-3", "22-03", "2022-03-01", "", "2022-00", "+022-03"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
