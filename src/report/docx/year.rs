//! BÁO CÁO: the report on the plan's year, with its appendices.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    as_run::{as_run, made_good},
    block::{ACROSS, Block, Grid, Line, Part, Picture, UPRIGHT},
    lacks::{are_there, lacks, silent},
    paper::Paper,
    said::{self, Look},
};
use crate::{
    reconcile::Period,
    report::{Cell, matrix_picture, raster::raster, trend_picture},
};

/// The most that a picture takes of the height of a page across, in twentieths of a point: 145 mm, so that its title
/// stands above it.
const HIGH: u32 = 8_220;

/// The sections of the report.
pub fn parts(paper: &Paper<'_>) -> Vec<Part> {
    let mut parts = vec![Part { wide: false, blocks: report(paper) }];
    let across = [
        ("paper-grid", grid(paper)),
        ("paper-airings", airings(paper)),
        ("paper-incidents", incidents(paper)),
    ];
    for (numeral, (title, blocks)) in ["I", "II", "III"].into_iter().zip(across) {
        parts.push(Part { wide: true, blocks: appendix(paper, numeral, title, "RuleAcross", blocks) });
    }
    parts.push(Part {
        wide: false,
        blocks: appendix(paper, "IV", "paper-source", "RuleTitle", paper.evidence(UPRIGHT)),
    });
    parts
}

fn appendix(
    paper: &Paper<'_>,
    numeral: &str,
    title: &str,
    rule: &'static str,
    blocks: Vec<Block>,
) -> Vec<Block> {
    let mut all: Vec<Block> = vec![
        Line::new("Appendix", paper.tell("paper-appendix", &[("numeral", numeral)])).into(),
        Line::new("AppendixTitle", paper.say(title).to_uppercase()).into(),
        Line::new("AppendixNote", paper.reference()).into(),
        Line::new(rule, "").into(),
    ];
    all.extend(blocks);
    all
}

fn report(paper: &Paper<'_>) -> Vec<Block> {
    let plan = &paper.account.plan;
    let columns: Vec<String> = plan.columns.iter().map(|column| format!("“{}”", column.title)).collect();
    let year = plan.year.to_string();
    let span = paper.account.matrix.span;
    let [from, to] = [span.from, span.to].map(said::day);
    let of_days = matches!(paper.account.period, Period::Custom { .. });
    let values = [("columns", &*columns.join(", ")), ("year", &year), ("from", &from), ("to", &to)];
    let about = paper.tell(if of_days { "paper-about-days" } else { "paper-about" }, &values);
    let mut blocks = vec![
        paper.head(UPRIGHT, Some(paper.number())),
        Line::new("Title", paper.say("paper-report").to_uppercase()).into(),
        Line::new("Subtitle", about.clone()).into(),
        Line::new("RuleTitle", "").into(),
        Line::new("Period", format!("({})", paper.days())).into(),
    ];
    blocks.extend(paper.address().into_iter().map(Block::from));
    direction(paper, &mut blocks);
    let mut tables = 0;
    results(paper, &mut tables, &mut blocks);
    topics(paper, &mut tables, &mut blocks);
    misses(paper, &mut tables, &mut blocks);
    blocks.push(heading("Heading1", paper.say("paper-iv")));
    blocks.extend((0..3).map(|_| Line::dots().into()));
    blocks.push(body(paper.say("paper-basis-of-figures")));
    let receiver = said::known(&plan.report.to);
    let close = [
        ("office", said::known(&paper.office().name)),
        ("receiver", receiver),
        ("about", &in_sentence(&about)),
    ];
    let close = paper.tell("paper-close", &close);
    // It stays beside the signature.
    blocks.push(Line::new("Closing", close).into());
    blocks.push(paper.foot(UPRIGHT));
    blocks
}

/// A title as a part of a sentence: its first letter is small.
fn in_sentence(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn heading(style: &'static str, text: String) -> Block {
    Line::new(style, text).into()
}

fn body(text: String) -> Block {
    Line::new("BodyText", text).into()
}

/// I: the plan and what it asks for.
fn direction(paper: &Paper<'_>, blocks: &mut Vec<Block>) {
    let plan = &paper.account.plan;
    let date = plan.date.map_or_else(|| said::UNKNOWN.to_owned(), said::day);
    let basis = [
        ("plan", &*plan.title),
        ("subject", plan.title.strip_prefix("Kế hoạch ").unwrap_or(&plan.title)),
        ("number", said::known(&plan.number)),
        ("date", &date),
        ("issuer", &plan.issued_by),
        ("office", said::known(&paper.office().name)),
    ];
    let [a_month, least, most, airings] =
        [plan.a_month, plan.minutes_min, plan.minutes_max, plan.airings_due].map(|n| n.to_string());
    let task = [("a_month", &*a_month), ("least", &least), ("most", &most), ("airings", &airings)];
    blocks.push(heading("Heading1", paper.say("paper-i")));
    blocks.push(body(paper.tell("paper-basis", &basis)));
    blocks.push(body(paper.tell("paper-task", &task)));
    blocks.extend((0..2).map(|_| Line::dots().into()));
}

/// II.1: programmes, airings, units.
fn results(paper: &Paper<'_>, tables: &mut u32, blocks: &mut Vec<Block>) {
    let mut programmes = BTreeSet::new();
    if let Some(airings) = Look::of(paper.tables, "airings") {
        let counted = airings.0.rows.iter().filter(|row| airings.yes(row, "counts"));
        programmes.extend(counted.map(|row| (airings.text(row, "month"), airings.text(row, "programme"))));
    }
    let figures: Vec<(&str, String)> = [
        "units",
        "units_aired",
        "cells_due",
        "cells_complete",
        "cells_early",
        "airings_due",
        "airings_done",
        "in_period",
        "full",
        "full_uncounted",
        "partial",
        "missed",
        "preempted",
        "out_of_window",
        "cancelled",
        "superseded",
        "tested",
        "no_outcome",
        "vouched",
    ]
    .map(|key| (key, paper.figure(key)))
    .into();
    let more = [
        ("programmes", programmes.len().to_string()),
        ("aired", said::length(paper.total("aired_ms"), paper.lang)),
        ("declared", said::length(paper.total("declared_ms"), paper.lang)),
        ("rate", said::percent(paper.total("cells_complete"), paper.total("cells_due"), paper.lang)),
    ];
    let values: Vec<(&str, &str)> =
        figures.iter().chain(&more).map(|(key, value)| (*key, &**value)).collect();
    blocks.push(heading("Heading1", paper.say("paper-ii")));
    blocks.push(heading("Heading2", paper.say("paper-ii-1")));
    let of_units =
        if paper.total("cells_due") == 0 { "paper-result-units-none" } else { "paper-result-units" };
    for key in ["paper-means", "paper-result-airings", "paper-result-slots", of_units] {
        blocks.push(body(paper.tell(key, &values)));
    }
    if paper.total("cells_early") > 0 {
        blocks.push(body(paper.tell("paper-result-early", &values)));
    }
    blocks.push(paper.caption(tables, "paper-table-totals").into());
    blocks.push(totals(paper).into());
}

/// The sums, without what appendix IV says of the log.
fn totals(paper: &Paper<'_>) -> Grid {
    let heads = ["paper-n", "report-said", "report-value"].map(|key| paper.say(key));
    let mut grid = Grid::ruled(UPRIGHT, &[8, 64, 28], &heads);
    let Some(totals) = Look::of(paper.tables, "totals") else { return grid };
    let is_sum = |row: &&Vec<Cell>| {
        let total = totals.text(row, "total");
        !["log_", "period_"].iter().any(|other| total.starts_with(other))
    };
    let rows = totals.0.rows.iter().filter(is_sum);
    for (n, row) in (1..).zip(rows) {
        let [mut said, mut value] = ["said", "value"].map(|key| totals.text(row, key));
        let total = totals.text(row, "total");
        if let Some(total) = total.strip_suffix("_ms") {
            said = paper.say(&format!("paper-{total}"));
            value = said::length(totals.count(row, "value"), paper.lang);
        }
        grid.row([n.to_string(), said, value], &[0, 2]);
    }
    grid
}

/// II.2: the plan's topics.
fn topics(paper: &Paper<'_>, tables: &mut u32, blocks: &mut Vec<Block>) {
    blocks.push(heading("Heading2", paper.say("paper-ii-2")));
    let Some(topics) = Look::of(paper.tables, "topics") else { return };
    let covered = topics.0.rows.iter().filter(|row| topics.yes(row, "covered")).count().to_string();
    let all = topics.0.rows.len().to_string();
    blocks.push(body(paper.tell("paper-topics", &[("covered", &covered), ("all", &all)])));
    let heads = ["paper-heading", "report-text", "report-months"].map(|key| paper.say(key));
    let mut grid = Grid::ruled(UPRIGHT, &[12, 63, 25], &heads);
    for row in &topics.0.rows {
        let months = said::months(&topics.text(row, "months"));
        let months = if months.is_empty() { paper.say("paper-not-yet") } else { months };
        grid.row([topics.text(row, "topic"), topics.text(row, "text"), months], &[0, 2]);
    }
    blocks.push(paper.caption(tables, "paper-table-topics").into());
    blocks.push(grid.into());
}

/// III: every miss with its reason, what is missing month by month, and the units of which nothing is known.
fn misses(paper: &Paper<'_>, tables: &mut u32, blocks: &mut Vec<Block>) {
    blocks.push(heading("Heading1", paper.say("paper-iii")));
    let Some(incidents) = Look::of(paper.tables, "incidents") else { return };
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for row in &incidents.0.rows {
        *reasons.entry(why(paper, incidents, row)).or_default() += 1;
    }
    let count = incidents.0.rows.len().to_string();
    let list: Vec<String> = reasons.iter().map(|(reason, n)| format!("{reason}: {n}")).collect();
    if reasons.is_empty() {
        let key = match () {
            () if paper.total("cells_due") == 0 => "paper-no-misses-due",
            () if are_there(paper) => "paper-no-incidents",
            () => "paper-no-misses",
        };
        blocks.push(body(paper.say(key)));
    } else {
        let values =
            [("count", &*count), ("reasons", &list.join("; ")), ("repaired", &paper.figure("repaired"))];
        blocks.push(body(paper.tell("paper-misses", &values)));
        let heads = [
            "paper-n",
            "report-planned",
            "report-name",
            "report-title",
            "report-outcome-said",
            "report-reason-said",
        ];
        let mut grid = Grid::ruled(UPRIGHT, &[7, 15, 17, 24, 14, 23], &heads.map(|key| paper.say(key)));
        for (n, row) in (1..).zip(&incidents.0.rows) {
            let cells = [
                n.to_string(),
                said::instant(&incidents.text(row, "planned")),
                paper.unit_called(&incidents.text(row, "unit")),
                incidents.text(row, "title"),
                incidents.text(row, "outcome_said"),
                [why(paper, incidents, row)]
                    .into_iter()
                    .chain(made_good(paper, incidents, row))
                    .collect::<Vec<_>>()
                    .join("; "),
            ];
            grid.row(cells, &[0, 1]);
        }
        blocks.push(paper.caption(tables, "paper-table-misses").into());
        blocks.push(grid.into());
    }
    lacks(paper, tables, blocks);
    silent(paper, blocks);
    blocks.extend(paper.forked().map(body));
}

/// The reason of a miss; where the log has none, what is known instead.
fn why(paper: &Paper<'_>, table: Look<'_>, row: &[Cell]) -> String {
    let [outcome, reason, uncounted] =
        ["outcome_said", "reason_said", "uncounted_said"].map(|key| table.text(row, key));
    match &*reason {
        "" if outcome.is_empty() => paper.say("paper-no-outcome"),
        "" if outcome == paper.say("outcome-test") => paper.say("paper-tested"),
        "" if !uncounted.is_empty() => paper.tell("paper-uncounted", &[("why", &uncounted)]),
        "" => paper.say("paper-no-reason"),
        _ => reason,
    }
}

/// How an incident ended, with its reason where it says more.
fn ended(paper: &Paper<'_>, table: Look<'_>, row: &[Cell]) -> String {
    let [outcome, reason, uncounted] =
        ["outcome_said", "reason_said", "uncounted_said"].map(|key| table.text(row, key));
    let why = why(paper, table, row);
    let is_test = outcome == paper.say("outcome-test");
    // The reason alone tells these outcomes.
    let tells = outcome.is_empty() || (reason.is_empty() && (is_test || !uncounted.is_empty()));
    if tells { said::beginning(&why) } else { format!("{outcome}: {why}") }
}

/// Appendix I: unit by month.
fn grid(paper: &Paper<'_>) -> Vec<Block> {
    let matrix = &paper.account.matrix;
    let mut heads = vec![paper.say("paper-n"), paper.say("report-name")];
    heads.extend(
        matrix
            .months
            .iter()
            .map(|month| paper.tell("paper-month", &[("month", &month.number().to_string())])),
    );
    heads.push(paper.say("paper-sum"));
    let mut shares = vec![55, 200];
    shares.extend(matrix.months.iter().map(|_| 74));
    shares.push(75);
    let middle: Vec<usize> = (0..heads.len()).filter(|at| *at != 1).collect();
    let mut grid = Grid::ruled(ACROSS, &shares, &heads);
    for (n, unit) in (1..).zip(&matrix.units) {
        let mut cells = vec![n.to_string(), unit.name.clone()];
        let cell = |(done, due, sign): (u32, u32, &str)| format!("{done}/{due} {sign}").trim_end().to_owned();
        cells.extend(unit.cells.iter().map(|of| cell((of.airings_done, of.airings_due, of.state.sign()))));
        let due = || unit.cells.iter().filter(|cell| cell.is_due());
        let over: u32 = due().map(|of| of.airings_done - of.airings_within).sum();
        let over = match over {
            0 => String::new(),
            _ => paper.tell("paper-over", &[("over", &over.to_string())]),
        };
        cells.push(cell((
            due().map(|of| of.airings_within).sum(),
            due().map(|of| of.airings_due).sum(),
            &over,
        )));
        grid.row(cells, &middle);
    }
    let mut blocks = vec![body(paper.say("paper-signs")), grid.into()];
    let drawings = [
        ("paper-picture-matrix", matrix_picture(matrix, paper.lang)),
        ("paper-picture-trend", trend_picture(matrix, paper.lang)),
    ];
    for (n, (title, drawing)) in (1..).zip(drawings) {
        let title = paper.say(title);
        if let Some(drawn) = raster(&drawing) {
            blocks.push(heading("PictureTitle", title.clone()));
            blocks.push(Block::Picture(Box::new(Picture::fitted(n, title, drawn, [ACROSS, HIGH]))));
        }
    }
    blocks
}

/// Appendix II: the log's rows.
fn airings(paper: &Paper<'_>) -> Vec<Block> {
    let Some(airings) = Look::of(paper.tables, "airings") else { return Vec::new() };
    let count = airings.0.rows.len().to_string();
    let shares = [5, 10, 9, 9, 22, 17, 7, 7, 8, 8];
    let grid = as_run(paper, airings, "start_error_ms", &shares, &[0, 1, 2, 3, 6, 7, 8, 9]);
    vec![body(paper.tell("paper-rows", &[("count", &count)])), grid.into()]
}

/// Appendix III: the incidents with what people said about them.
fn incidents(paper: &Paper<'_>) -> Vec<Block> {
    let Some(incidents) = Look::of(paper.tables, "incidents") else { return Vec::new() };
    if incidents.0.rows.is_empty() {
        return vec![body(paper.say("paper-no-incidents"))];
    }
    let keys = [
        "paper-n",
        "report-planned",
        "report-title",
        "report-outcome-said",
        "report-detail",
        "report-notes",
        "report-entries",
    ];
    let mut grid = Grid::ruled(ACROSS, &[5, 10, 20, 20, 18, 19, 8], &keys.map(|key| paper.say(key)));
    let several = paper.is_of_several();
    for (n, row) in (1..).zip(&incidents.0.rows) {
        let cells = [
            n.to_string(),
            said::instant(&incidents.text(row, "planned")),
            paper.titled(incidents, row, several),
            ended(paper, incidents, row),
            [said::sentence(&incidents.text(row, "detail"))]
                .into_iter()
                .filter(|detail| !detail.is_empty())
                .chain(made_good(paper, incidents, row))
                .collect::<Vec<_>>()
                .join("; "),
            incidents.text(row, "notes"),
            said::entries(&incidents.text(row, "entries")),
        ];
        grid.row(cells, &[0, 1, 6]);
    }
    vec![grid.into()]
}
