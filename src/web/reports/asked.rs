//! Which report is asked for, as the fields of a form say it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    control::{ControlError, Sources},
    reconcile::Period,
    report::{Format, TABLES},
    units::Month,
    web::{error::Fault, log::unclear},
    words::Message,
};

/// The kinds of periods (`domain.md`, The obligation): a calendar month, one that ends on the 14th, the plan's year up
/// to its deadline, the whole calendar year, any days.
pub(super) const KINDS: [&str; 5] = ["month", "fifteenth", "year", "whole-year", "days"];

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// One of [`KINDS`].
    pub period: String,
    pub month: String,
    /// Of the plan; December's programme may be aired in January.
    pub year: String,
    pub from: String,
    pub to: String,
    pub as_of: String,
    pub format: String,
    pub table: String,
    /// Of a centre's stations this one alone; empty: all.
    pub station: String,
}

impl Asked {
    /// With what people mostly want where they said nothing.
    pub fn filled(mut self, month: Month, year: i32) -> Asked {
        let fields = [
            (&mut self.period, KINDS[0].to_owned()),
            (&mut self.month, month.to_string()),
            (&mut self.year, year.to_string()),
            (&mut self.format, Format::ALL[0].0.to_owned()),
            (&mut self.table, TABLES[1].to_owned()),
        ];
        for (field, usual) in fields {
            if field.is_empty() {
                *field = usual;
            }
        }
        self
    }

    /// The plan's year and the period.
    pub fn period(&self) -> Result<(i32, Period), Fault> {
        let year = || self.year.parse().ok().filter(|year| (1900..=9999).contains(year));
        let year = || year().ok_or_else(|| unclear("year", &self.year));
        let month = || self.month.parse::<Month>().map_err(|_| unclear("month", &self.month));
        let day = |name, text: &str| text.parse::<NaiveDate>().map_err(|_| unclear(name, text));
        let of_year = |month, day| NaiveDate::from_ymd_opt(year()?, month, day).ok_or_else(Fault::missing);
        Ok(match self.period.as_str() {
            "month" => (month()?.year(), Period::Month(month()?)),
            "fifteenth" => (month()?.year(), Period::Fifteenth(month()?)),
            "year" => (year()?, Period::Year),
            "whole-year" => (year()?, Period::Custom { from: of_year(1, 1)?, to: of_year(12, 31)? }),
            "days" => {
                let (from, to) = (day("from", &self.from)?, day("to", &self.to)?);
                (year()?, Period::Custom { from, to })
            }
            other => return Err(unclear("period", other)),
        })
    }

    /// The last day that counts; none: today.
    pub fn as_of(&self) -> Result<Option<NaiveDate>, Fault> {
        let day = Some(self.as_of.trim()).filter(|day| !day.is_empty());
        day.map(|day| day.parse().map_err(|_| unclear("as_of", day))).transpose()
    }

    pub fn format(&self) -> Result<Format, Fault> {
        self.format.parse().map_err(|_| unclear("format", &self.format))
    }

    /// The table whose lines `format` writes; whatever was chosen, the other forms have all of them.
    pub fn table(&self, format: Format) -> Result<&'static str, Fault> {
        if format != Format::Csv {
            return Ok(TABLES[0]);
        }
        let no = || Message::new("report-table").with("table", &self.table).with("names", TABLES.join(", "));
        TABLES.iter().find(|name| **name == self.table).copied().ok_or_else(|| Fault::no(no()))
    }

    /// The same as a question of an address.
    pub fn query(&self) -> String {
        serde_urlencoded::to_string(self).unwrap_or_default()
    }

    /// The logs that are asked for, of `sources`.
    pub fn of(&self, sources: Sources) -> Result<Sources, ControlError> {
        let station = self.station.trim();
        if station.is_empty() {
            return Ok(sources);
        }
        let no = || Message::new("report-no-station").with("station", station).into();
        sources.of_station(station).ok_or_else(no)
    }

    /// What tells its file apart from those of other periods.
    pub fn name(&self) -> String {
        match self.period.as_str() {
            "month" => self.month.clone(),
            "fifteenth" => format!("{}-15-14", self.month),
            "year" => self.year.clone(),
            "whole-year" => format!("{}-01-12", self.year),
            _ => format!("{}-{}", self.from, self.to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::form;

    #[test]
    fn a_period_is_what_its_kind_says() {
        let of = |query: &str| form::query::<Asked>(Some(query)).period().map_err(|_| ());
        let (month, day) = ("2022-03".parse().unwrap(), |day: &str| day.parse().unwrap());
        let days = |from, to| Ok((2022, Period::Custom { from: day(from), to: day(to) }));
        assert_eq!(of("period=month&month=2022-03"), Ok((2022, Period::Month(month))));
        assert_eq!(of("period=fifteenth&month=2022-03&year=x"), Ok((2022, Period::Fifteenth(month))));
        assert_eq!(of("period=year&year=2022&month=x"), Ok((2022, Period::Year)));
        assert_eq!(of("period=whole-year&year=2022"), days("2022-01-01", "2022-12-31"));
        let into_january = "period=days&year=2022&from=2022-12-05&to=2023-01-10";
        assert_eq!(of(into_january), days("2022-12-05", "2023-01-10"));
        for unclear in
            ["", "period=month&month=3", "period=year&year=1", "period=days&year=2022&from=2022-01-01"]
        {
            assert_eq!(of(unclear), Err(()), "{unclear}");
        }
    }

    #[test]
    fn what_nobody_said_is_what_people_mostly_want() {
        let asked = Asked::default().filled("2022-03".parse().unwrap(), 2022);
        assert!(asked.period().is_ok() && asked.as_of().is_ok(), "{asked:?}");
        assert!(asked.format().is_ok() && asked.table(Format::Csv).is_ok(), "{asked:?}");
        assert_eq!(form::query::<Asked>(Some(&asked.query())), asked);
        assert_eq!(asked.clone().filled("2021-01".parse().unwrap(), 2021), asked);
    }

    #[test]
    fn a_table_matters_to_lines_alone() {
        let asked = form::query::<Asked>(Some("table=x"));
        for (word, format) in Format::ALL {
            assert_eq!(asked.table(*format).is_ok(), *format != Format::Csv, "{word}");
        }
    }
}
