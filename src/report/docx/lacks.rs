//! What is missing: the programme months that are due and not complete, unit by unit, and the units of which nothing is
//! known.

use std::collections::BTreeMap;

use super::{
    block::{Block, Grid, Line, UPRIGHT},
    paper::Paper,
    said,
};
use crate::{
    reconcile::{Cell, State, UnitRow},
    words,
};

/// The programme months of `unit` that lack something.
fn lacking(unit: &UnitRow) -> impl Iterator<Item = &Cell> {
    unit.cells.iter().filter(|cell| cell.is_due() && cell.state != State::Complete)
}

/// Whether some programme month that is due is not complete.
pub fn are_there(paper: &Paper<'_>) -> bool {
    paper.account.matrix.units.iter().any(|unit| lacking(unit).next().is_some())
}

/// How many are not complete, and which, with what is known of why: a row for all months of a unit that lack the same.
pub fn lacks(paper: &Paper<'_>, tables: &mut u32, blocks: &mut Vec<Block>) {
    if !are_there(paper) {
        return;
    }
    let units = &paper.account.matrix.units;
    let count = units.iter().map(|unit| lacking(unit).count()).sum::<usize>().to_string();
    let missing = paper.total("airings_due").saturating_sub(paper.total("airings_done")).to_string();
    let text = paper.tell("paper-lacks", &[("count", &count), ("missing", &missing)]);
    blocks.push(Line::new("AfterTable", text).into());
    let heads = ["paper-n", "report-name", "report-month", "paper-done-due", "report-reason-said"];
    let mut grid = Grid::ruled(UPRIGHT, &[7, 27, 18, 13, 35], &heads.map(|key| paper.say(key)));
    let mut n = 0_u32;
    for unit in units {
        let mut alike: Vec<((String, String), Vec<String>)> = Vec::new();
        for cell in lacking(unit) {
            let lack = (format!("{}/{}", cell.airings_within, cell.airings_due), why(paper, cell));
            let month = cell.month.number().to_string();
            match alike.iter_mut().find(|(other, _)| *other == lack) {
                Some((_, months)) => months.push(month),
                None => alike.push((lack, vec![month])),
            }
        }
        for ((share, why), months) in alike {
            n += 1;
            grid.row([n.to_string(), unit.name.clone(), months.join(", "), share, why], &[0, 2, 3]);
        }
    }
    blocks.push(paper.caption(tables, "paper-table-lacks").into());
    blocks.push(grid.into());
}

/// What is known of why a programme month is not complete.
fn why(paper: &Paper<'_>, cell: &Cell) -> String {
    if cell.state == State::NoReport {
        return match cell.begun {
            Some(day) => paper.tell("paper-lack-begun", &[("day", &said::day(day))]),
            None => paper.say("paper-lack-no-report"),
        };
    }
    let wanted = cell.airings_due;
    let mut all: Vec<String> = match cell.slots {
        0 => vec![paper.say("paper-lack-no-slot")],
        few if few < wanted => vec![paper.tell("paper-lack-few", &[("slots", &few.to_string())])],
        _ => Vec::new(),
    };
    let reasons: BTreeMap<String, u32> = cell
        .reasons
        .iter()
        .map(|(reason, n)| (paper.say(&format!("reason-{}", words::code(reason))), *n))
        .chain((cell.open > 0).then(|| (paper.say("paper-no-outcome"), cell.open)))
        .collect();
    all.extend(reasons.iter().map(|(reason, n)| format!("{reason}: {n}")));
    if all.is_empty() { paper.say("paper-lack-uncounted") } else { all.join("; ") }
}

/// The units of which nothing is known.
pub fn silent(paper: &Paper<'_>, blocks: &mut Vec<Block>) {
    let units = paper.account.matrix.units.iter();
    let silent = units.filter(|unit| unit.cells.iter().any(|cell| cell.state == State::NoReport));
    let names: Vec<&str> = silent.map(|unit| unit.name.as_str()).collect();
    if !names.is_empty() {
        let count = names.len().to_string();
        let text = paper.tell("paper-silent", &[("count", &count), ("units", &names.join(", "))]);
        blocks.push(Line::new("AfterTable", text).into());
    }
}
