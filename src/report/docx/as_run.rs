//! The rows of the log as a table across the paper: what was planned, what sounded, how it ended.

use super::{
    block::{ACROSS, Grid},
    paper::Paper,
    said::{self, Look},
};
use crate::report::Cell;

/// The table of `airings`, whose last column but one holds their field `own`; widths in `shares`, `centred` columns.
pub fn as_run(
    paper: &Paper<'_>,
    airings: Look<'_>,
    own: &str,
    shares: &[u32; 10],
    centred: &[usize],
) -> Grid {
    let own_head = format!("report-{}", own.replace('_', "-"));
    let keys = [
        "paper-n",
        "report-planned",
        "report-first-frame",
        "report-last-frame",
        "report-title",
        "report-outcome-said",
        "report-counts",
        "report-proof",
        &own_head,
        "report-entries",
    ];
    let mut grid = Grid::ruled(ACROSS, shares, &keys.map(|key| paper.say(key)));
    let several = paper.is_of_several();
    for (n, row) in (1..).zip(&airings.0.rows) {
        let [planned, first, last] =
            ["planned", "first_frame", "last_frame"].map(|key| airings.text(row, key));
        let cells = [
            n.to_string(),
            said::instant(&planned),
            said::clock(&first),
            said::clock(&last),
            paper.titled(airings, row, several),
            ended(airings, row),
            airings.text(row, "counts"),
            airings.text(row, "proof"),
            airings.text(row, own),
            said::entries(&airings.text(row, "entries")),
        ];
        grid.row(cells, centred);
    }
    grid
}

/// How a row ended, with its reason.
fn ended(table: Look<'_>, row: &[Cell]) -> String {
    let [outcome, reason] = ["outcome_said", "reason_said"].map(|key| table.text(row, key));
    if reason.is_empty() { outcome } else { format!("{outcome}: {reason}") }
}
