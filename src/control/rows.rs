//! The as-run rows of a period, for people and machines: what the log says, with the names that hold for it.

use std::path::Path;

use chrono::{NaiveDate, TimeDelta};

use super::{ControlError, Folder, folder::open_log, names::Names, row::Row};
use crate::{
    evidence::{AsRunRow, Outcome, asrun},
    programme::civil,
    store::Reader,
};

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct RowFilter {
    /// From this day of station time on.
    pub from: Option<NaiveDate>,
    /// Up to the end of this day.
    pub to: Option<NaiveDate>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
}

/// A log of years is read in periods of this length, so that its rows never stand in memory all at once.
const PERIOD_MS: i64 = 32 * 86_400_000;

/// The rows of the log in the file at `path` that `filter` wants, in order of their planned instants.
pub fn rows(folder: &Folder, path: &Path, filter: &RowFilter) -> Result<Vec<Row>, ControlError> {
    let mut rows = Vec::new();
    each_row(folder, path, filter, &mut |row| rows.push(row))?;
    Ok(rows)
}

/// Like [`rows`], but gives each row as soon as it is known. Reads the entries of the wanted period and what
/// was said about them later; the length of the log beside it does not matter.
pub fn each_row(
    folder: &Folder,
    path: &Path,
    filter: &RowFilter,
    take: &mut dyn FnMut(Row),
) -> Result<(), ControlError> {
    let log = open_log(path)?;
    let zone = folder.station.zone;
    let midnight = |day: NaiveDate| civil::instant(zone, day.and_time(chrono::NaiveTime::MIN)).0;
    let mut from = filter.from.map_or(i64::MIN, |day| midnight(day).timestamp_millis());
    let to = filter.to.map_or(i64::MAX, |day| midnight(day + TimeDelta::days(1)).timestamp_millis());
    let mut names = Names::of(&log);
    while let Some(next) = log.next_planned(from)?.filter(|next| *next < to) {
        let end = next.saturating_add(PERIOD_MS).min(to);
        let rows: Vec<Row> = log.at_once(|| {
            let rows = period(&log, next, end)?.into_iter();
            let wanted = rows.filter(|row| filter.outcome.is_none_or(|wanted| row.outcome == Some(wanted)));
            wanted.map(|row| names.row(row)).collect::<Result<_, ControlError>>()
        })?;
        // Whoever takes them may be slow.
        rows.into_iter().for_each(&mut *take);
        from = end;
    }
    Ok(())
}

/// The rows that were planned from `from` on and before `to` (milliseconds since 1970, UTC), in order.
fn period(log: &Reader, from: i64, to: i64) -> Result<Vec<AsRunRow>, ControlError> {
    let mut rows = asrun::rows(&log.entries_planned(from..to)?);
    rows.retain(|row| (from..to).contains(&row.planned_ms));
    rows.sort_by_key(|row| row.planned_ms);
    Ok(rows)
}
