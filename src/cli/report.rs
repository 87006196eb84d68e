//! `loa report`: a month or a year, as a workbook, as a document, as lines, or as JSON.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::{Exit, say::Say};
use crate::{
    clock::{Clock as _, System},
    control::{self, Account, Centre, Compliance, ControlError, Folder, Sources, Urging},
    reconcile::Period,
    report::{self, Format, ReportError},
    units::Month,
    words::Message,
};

/// What a report is about.
#[derive(Debug, Subcommand)]
pub(super) enum ReportPeriod {
    Month {
        #[arg(value_name = "YYYY-MM")]
        month: Month,
        #[arg(long)]
        fifteenth: bool,
        #[command(flatten)]
        form: ReportForm,
    },
    Year {
        #[arg(value_name = "YYYY")]
        year: i32,
        #[arg(long, value_name = "DATE", requires = "to")]
        from: Option<NaiveDate>,
        #[arg(long, value_name = "DATE", requires = "from")]
        to: Option<NaiveDate>,
        #[command(flatten)]
        form: ReportForm,
    },
    Urge {
        #[arg(value_name = "YYYY-MM|YYYY", value_parser = urged)]
        period: (i32, Option<Month>),
    },
}

/// A month or a year.
fn urged(text: &str) -> Result<(i32, Option<Month>), String> {
    let year = text.parse().ok().filter(|year| (1900..=9999).contains(year));
    let month = || text.parse::<Month>().map(|month| (month.year(), Some(month)));
    year.map_or_else(|| month().map_err(|_| "2022-03, 2022".to_owned()), |year| Ok((year, None)))
}

/// How a report is written.
#[derive(Debug, Args)]
pub(super) struct ReportForm {
    #[arg(long, default_value = "xlsx")]
    pub format: Format,
    #[arg(long, value_name = "TABLE", default_value = "airings")]
    pub table: String,
    /// As it stood at the end of this day; absent: today.
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<NaiveDate>,
    /// At a centre: of this station alone.
    #[arg(long, value_name = "ID")]
    pub station: Option<String>,
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[arg(long)]
    pub force: bool,
}

pub(super) fn report(folder: &Folder, wanted: &ReportPeriod, say: Say) -> anyhow::Result<Exit> {
    let (year, period, form) = match *wanted {
        ReportPeriod::Month { month, fifteenth: false, ref form } => {
            (month.year(), Period::Month(month), form)
        }
        ReportPeriod::Month { month, fifteenth: true, ref form } => {
            (month.year(), Period::Fifteenth(month), form)
        }
        ReportPeriod::Year { year, from: Some(from), to: Some(to), ref form } => {
            (year, Period::Custom { from, to }, form)
        }
        ReportPeriod::Year { year, ref form, .. } => (year, Period::Year, form),
        ReportPeriod::Urge { period: (year, month) } => return urge(folder, year, month, say),
    };
    let today = || System::new().now().wall.with_timezone(&folder.station.zone).date_naive();
    let mut sources = sources(folder)?;
    if let Some(id) = &form.station {
        let Some(own) = sources.of_station(id) else {
            say.no(&Message::new("report-no-station").with("station", id));
            return Ok(Exit::No);
        };
        sources = own;
    }
    let Some(account) = Account::of(&sources, year, period, form.as_of.unwrap_or_else(today))? else {
        say.no(&Message::new("report-no-plan").with("year", year));
        return Ok(Exit::No);
    };
    let written = match report::write(&account, form.format, &form.table, say.lang) {
        Err(ReportError::TooLarge(no)) => {
            say.no(&no);
            return Ok(Exit::No);
        }
        written => written?,
    };
    let Some(bytes) = written else {
        let names = report::TABLES.join(", ");
        say.no(&Message::new("report-table").with("table", &form.table).with("names", names));
        return Ok(Exit::Usage);
    };
    put(form, &bytes, say)
}

/// The log of `folder`, or those of its stations where it is a centre's.
fn sources(folder: &Folder) -> Result<Sources, ControlError> {
    if !Centre::is_set_up(folder) {
        return Sources::alone(folder);
    }
    let centre = Centre::open(Arc::new(folder.clone()), Arc::new(System::new()))?;
    Sources::of(folder, centre.as_ref())
}

/// What is missing, a letter a unit.
fn urge(folder: &Folder, year: i32, month: Option<Month>, say: Say) -> anyhow::Result<Exit> {
    let now = System::new().now().wall;
    let Some(urging) = Urging::of(&sources(folder)?, &Compliance::default(), year, month, now)? else {
        say.no(&Message::new("report-no-plan").with("year", year));
        return Ok(Exit::No);
    };
    say.document(&urging);
    let letters = urging.units.iter().filter_map(|unit| report::letter(&urging, unit, say.lang));
    let letters: Vec<String> = letters.collect();
    say.line(&if letters.is_empty() { say.text("urge-nothing", &[]) } else { letters.join("\n\n") });
    Ok(Exit::Done)
}

/// To its file, or to where the lines of a program go.
fn put(form: &ReportForm, bytes: &[u8], say: Say) -> anyhow::Result<Exit> {
    let Some(path) = &form.output else {
        if !form.format.is_text() {
            say.no(&Message::new("report-output"));
            return Ok(Exit::Usage);
        }
        io::stdout().write_all(bytes).context("write the report")?;
        return Ok(Exit::Done);
    };
    control::deliver(path, form.force, bytes)?;
    say.line(&say.text("report-done", &[("file", &path.display().to_string())]));
    Ok(Exit::Done)
}
