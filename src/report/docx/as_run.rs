//! The rows of the log as a table across the paper: what was planned, what sounded, how it ended.

use chrono::NaiveDateTime;

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
            ended(paper, airings, row),
            airings.text(row, "counts"),
            airings.text(row, "proof"),
            beside(airings, row, own),
            said::entries(&airings.text(row, "entries")),
        ];
        grid.row(cells, centred);
    }
    grid
}

/// The field `own` of a row; among the notes what who vouches for it says, too.
fn beside(table: Look<'_>, row: &[Cell], own: &str) -> String {
    let text = table.text(row, own);
    let said = if own == "notes" && table.text(row, "trigger") == "by-hand" {
        table.text(row, "detail")
    } else {
        String::new()
    };
    [said, text].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
}

/// How a row ended, with its reason, what it makes good and what made it good.
fn ended(paper: &Paper<'_>, table: Look<'_>, row: &[Cell]) -> String {
    let text = |key: &str| Some(table.text(row, key)).filter(|text| !text.is_empty());
    let slot = text("repairs").map(|slot| {
        let local = slot.rsplit('/').next().and_then(|local| local.parse::<NaiveDateTime>().ok());
        let slot = local.map_or(slot, |local| local.format("%H:%M:%S %d/%m/%Y").to_string());
        paper.tell("paper-makes-good", &[("slot", &slot)])
    });
    let uncounted = text("uncounted_said").map(|why| paper.tell("paper-uncounted-row", &[("why", &why)]));
    let own = match &*table.text(row, "trigger") {
        "by-hand" => Some(paper.tell("paper-by-hand", &[("by", &table.text(row, "by"))])),
        "urgent" => Some(paper.say("paper-urgent")),
        _ => None,
    };
    let beside = [text("reason_said"), uncounted, own, slot, made_good(paper, table, row)];
    let beside: Vec<String> = beside.into_iter().flatten().collect();
    let outcome = text("outcome_said").unwrap_or_else(|| paper.say("slot-state-open"));
    if beside.is_empty() { outcome } else { format!("{outcome}: {}", beside.join("; ")) }
}

/// When the slot of a row was made good, where it was.
pub fn made_good(paper: &Paper<'_>, table: Look<'_>, row: &[Cell]) -> Option<String> {
    let at = Some(table.text(row, "repaired_at")).filter(|at| !at.is_empty())?;
    Some(paper.tell("paper-made-good", &[("at", &said::instant(&at))]))
}
