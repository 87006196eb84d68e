//! What a report of a period rests on: the plan, the matrix, every row of the log, and the log's own state.

use chrono::NaiveDate;

use super::{
    ControlError, Folder,
    compliance::{in_order, recorded},
    folder::open_log,
    row::Row,
    rows::{RowFilter, rows},
};
use crate::{
    evidence::{Checkpoint, Outcome},
    programme::Plan,
    reconcile::{Matrix, Period, matrix},
    words::Message,
};

/// A log that grows meanwhile is read again so often. One that is on air gains an entry in some seconds.
const TRIES: usize = 5;

/// A period's account, as one station's log gives it.
#[derive(Debug, Clone)]
pub struct Account {
    /// The plan of the period's year.
    pub plan: Plan,
    /// What it is an account of.
    pub period: Period,
    /// Unit by programme month, with the sums.
    pub matrix: Matrix,
    /// The rows of the period that belong to the plan's year, in order, each with whether it counts as an airing.
    pub airings: Vec<(Row, bool)>,
    /// The head of the log that says so.
    pub head: Checkpoint,
    /// The same as it was signed, with all its signatures.
    pub note: String,
    /// The station's id.
    pub station: String,
    /// The id of the unit that the station belongs to.
    pub unit: String,
}

impl Account {
    /// The account of `period` under the plan of `year`, as of the day `as_of`; nothing later counts. `None` when no
    /// plan of that year is known.
    ///
    /// # Errors
    ///
    /// The period ends before it begins; the log cannot be read, or grows faster than it is read.
    pub fn of(
        folder: &Folder,
        year: i32,
        period: Period,
        as_of: NaiveDate,
    ) -> Result<Option<Account>, ControlError> {
        in_order(period)?;
        let log = open_log(&folder.log_path())?;
        // Sums, lines and head must speak of one state of the log.
        for _ in 0..TRIES {
            let size = log.size()?;
            let Some((plan, records)) = recorded(folder, &log, year, period)? else { return Ok(None) };
            let matrix = matrix(&plan, period, as_of, &records);
            let airings = airings(folder, &matrix, year, as_of)?;
            let note = log.head()?;
            let head =
                Checkpoint::unchecked(&note).map_err(|_| ControlError::from(Message::new("report-head")))?;
            if head.size == size {
                let (station, unit) = (folder.station.id.clone(), folder.station.unit.clone());
                return Ok(Some(Account { plan, period, matrix, airings, head, note, station, unit }));
            }
        }
        Err(Message::new("report-busy").into())
    }
}

/// The rows of the period in the log of `folder`, each with whether `matrix` counts it.
pub(crate) fn airings(
    folder: &Folder,
    matrix: &Matrix,
    year: i32,
    as_of: NaiveDate,
) -> Result<Vec<(Row, bool)>, ControlError> {
    let span = matrix.span;
    // What sounded just beyond midnight belongs to the day on which it sounded.
    let filter = RowFilter { from: span.from.pred_opt(), to: span.to.succ_opt(), outcome: None };
    let rows = rows(folder, &folder.log_path(), &filter)?;
    Ok(of_period(rows, matrix, &folder.station.id, year, as_of))
}

/// Those of a station's `rows` that belong to the period and to the plan's year, each with whether it counts.
fn of_period(
    mut rows: Vec<Row>,
    matrix: &Matrix,
    station: &str,
    year: i32,
    as_of: NaiveDate,
) -> Vec<(Row, bool)> {
    rows.retain(|row| {
        let sounded = row.first_frame.as_ref().unwrap_or(&row.planned).get(..10);
        let day = sounded.and_then(|day| day.parse::<NaiveDate>().ok());
        row.month.starts_with(&format!("{year}-"))
            && day.is_some_and(|day| matrix.span.contains(day) && day <= as_of)
    });
    let counted = rows.into_iter().map(|row| {
        let entry = row.entries.first().copied().unwrap_or_default();
        let counts =
            row.outcome == Some(Outcome::Full) && matrix.counted.contains(&(station.to_owned(), entry));
        (row, counts)
    });
    counted.collect()
}
