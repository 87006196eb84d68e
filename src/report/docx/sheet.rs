//! Nhật ký phát: a station's sheet of a month, which its operator and its leader sign.

use super::{
    as_run::as_run,
    block::{ACROSS, Block, Grid, Line, Part},
    paper::{NOBODY, Paper},
    said::{self, Look},
};
use crate::{reconcile::Period, report::Cell, units::Month};

/// The sections of the sheet.
pub fn parts(paper: &Paper<'_>, month: Month) -> Vec<Part> {
    let [number, year] = [month.number().to_string(), month.year().to_string()];
    let span = paper.account.matrix.span;
    let [from, to] = [span.from, span.to].map(said::day);
    let about = [
        ("month", &*number),
        ("year", &year),
        ("from", &from),
        ("to", &to),
        ("station", &paper.account.station),
        ("unit", paper.unit()),
    ];
    let is_whole = matches!(paper.account.period, Period::Month(_));
    let key = match (paper.of_several_stations(), is_whole) {
        (false, true) => "paper-sheet-about",
        (false, false) => "paper-sheet-about-days",
        (true, true) => "paper-sheet-about-all",
        (true, false) => "paper-sheet-about-all-days",
    };
    let mut blocks = vec![
        paper.head(ACROSS, None),
        Line::new("Title", paper.say("paper-sheet").to_uppercase()).into(),
        Line::new("Subtitle", paper.tell(key, &about)).into(),
        Line::new("RuleAcross", "").into(),
        Line::new("Period", format!("({})", paper.days())).into(),
    ];
    rows(paper, &mut blocks);
    sums(paper, &mut blocks);
    let hint = paper.say("paper-sign-here");
    let leader = paper.signature(Some(hint.clone()));
    let mut operator = vec![Line::new("Authority", paper.say("paper-operator").to_uppercase())];
    // Both sign at the same height.
    let above = leader.iter().filter(|line| line.style == "Authority").count();
    operator.extend((1..above).map(|_| Line::new("Authority", "")));
    operator.extend([Line::new("Signature", hint), Line::new("Signer", NOBODY)]);
    blocks.push(Grid::beside(ACROSS, [ACROSS / 2; 2], vec![[operator, leader]]).into());
    let mut source: Vec<Block> = vec![
        Line::new("AppendixTitle", paper.say("paper-source").to_uppercase()).into(),
        Line::new("RuleAcross", "").into(),
    ];
    source.extend(paper.evidence(ACROSS));
    vec![Part { wide: true, blocks }, Part { wide: true, blocks: source }]
}

fn rows(paper: &Paper<'_>, blocks: &mut Vec<Block>) {
    let Some(airings) = Look::of(paper.tables, "airings") else { return };
    if airings.0.rows.is_empty() {
        blocks.push(Line::new("BodyText", paper.say("paper-no-rows")).into());
        return;
    }
    let shares = [5, 11, 9, 9, 20, 18, 7, 7, 16, 8];
    let grid = as_run(paper, airings, "notes", &shares, &[0, 1, 2, 3, 6, 7, 9]);
    blocks.push(grid.into());
}

/// What the month adds up to.
fn sums(paper: &Paper<'_>, blocks: &mut Vec<Block>) {
    let incidents = Look::of(paper.tables, "incidents");
    let missed = incidents.map_or(0, |incidents| incidents.0.rows.len());
    let values = [
        ("in_period", paper.figure("in_period")),
        ("aired", said::length(paper.total("aired_ms"), paper.lang)),
        ("missed", missed.to_string()),
    ];
    let values = values.each_ref().map(|(key, value)| (*key, &**value));
    blocks.push(Line::new("AfterTable", paper.tell("paper-sheet-sums", &values)).into());
    // What has no entry is no line above.
    let silent: Vec<String> = incidents.map_or(Vec::new(), |incidents| {
        let rows = incidents.0.rows.iter().filter(|row| incidents.text(row, "outcome_said").is_empty());
        let slot = |row: &Vec<Cell>| {
            let at = said::instant(&incidents.text(row, "planned"));
            format!("{at} ({})", incidents.text(row, "title"))
        };
        rows.map(slot).collect()
    });
    if !silent.is_empty() {
        let values = [("count", &*silent.len().to_string()), ("slots", &*silent.join("; "))];
        blocks.push(Line::new("BodyText", paper.tell("paper-sheet-silent", &values)).into());
    }
    blocks.extend(paper.forked().map(|forked| Line::new("BodyText", forked).into()));
    blocks.push(Line::new("Closing", paper.say("paper-means")).into());
}
