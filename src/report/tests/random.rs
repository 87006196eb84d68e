//! Drawn plans, logs and faults: every total of every form beside a count that knows none of the program's rules.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::Value;

use super::{
    drawn::{Life, lived, period, places, plan, some_day},
    logged::account,
    naive::{Counted, Square, count, fifteenth},
    told::{Fate, Place, Told, day, month, plan_of_2022},
    workbook::workbook_agrees,
};
use crate::{
    control::{Account, Course},
    evidence::{Reason, Trigger},
    programme::Plan,
    reconcile::Period,
    report::{Cell, Format, TABLES, Table, docx::tests as paper, tables, write},
    words::{Lang, say},
};

fn is_of_month(period: Period) -> bool {
    matches!(period, Period::Month(_) | Period::Fifteenth(_))
}

fn days_of(period: Period, plan: &Plan) -> (NaiveDate, NaiveDate) {
    match period {
        Period::Year => (day("2022-01-01"), plan.report.deadline),
        Period::Month(month) => (month.first(), month.last()),
        Period::Fifteenth(month) => fifteenth(month),
        Period::Custom { from, to } => (from, to),
    }
}

/// The table of that name as objects.
fn rows<'a>(all: &'a Value, name: &str) -> &'a Vec<Value> {
    all[name].as_array().unwrap()
}

/// The sums of the slots that do not count, of which each stands in one.
const LOST: [&str; 8] = [
    "full_uncounted",
    "partial",
    "missed",
    "preempted",
    "out_of_window",
    "cancelled",
    "tested",
    "no_outcome",
];

/// Every slot whose time came, as far as its log reaches, stands in one line.
fn slots_agree(counted: &Counted, slots: &[Value]) {
    let ended = ["full", "superseded"].iter().chain(&LOST);
    let past = slots.iter().filter(|slot| slot["slot_state"] != "to-come" && slot["slot_state"] != "unknown");
    let past = past.count();
    assert_eq!(past as u64, ended.map(|key| counted.totals[key]).sum::<u64>(), "slots whose time came");
}

pub fn json_agrees(account: &Account, counted: &Counted) -> Value {
    let bytes = write(account, Format::Json, "", Lang::Vi).unwrap().unwrap();
    let all: Value = serde_json::from_slice(&bytes).unwrap();
    for (key, value) in &counted.totals {
        let line = rows(&all, "totals").iter().find(|line| line["total"] == *key).unwrap();
        assert_eq!(line["value"], *value, "total {key}");
    }
    let stations: BTreeSet<&str> = account.logs.iter().map(|log| &*log.station).collect();
    let goes_on = account.logs.last().is_some_and(|log| log.state == Course::Current);
    let of_log = if stations.len() == 1 && goes_on { 3 } else { 0 };
    assert_eq!(
        rows(&all, "totals").len(),
        counted.totals.len() + 3 + of_log,
        "and the days, and what the log is"
    );
    for (log, line) in account.logs.iter().zip(rows(&all, "logs")) {
        assert_eq!(line["size"], log.head.size);
        let of_log = rows(&all, "airings").iter().filter(|row| row["log"] == *log.head.origin);
        let entries = of_log.flat_map(|row| row["entries"].as_str().unwrap().split(' '));
        assert!(entries.filter_map(|entry| entry.parse().ok()).all(|entry: u64| entry < log.head.size));
    }
    assert_eq!(rows(&all, "logs").len(), account.logs.len());
    slots_agree(counted, rows(&all, "slots"));
    assert_eq!(rows(&all, "matrix").len(), counted.squares.len());
    for line in rows(&all, "matrix") {
        let [unit, month] = ["unit", "month"].map(|key| line[key].as_str().unwrap().to_owned());
        let known = &counted.squares[&(unit, month)];
        assert_eq!(line["state"], known.state, "{line} {known:?}");
        for (key, value) in [
            ("airings_due", known.due),
            ("airings_done", known.done),
            ("airings_within", known.wanted),
            ("in_period", known.in_period),
            ("made_good", known.made_good),
            ("vouched", known.vouched),
        ] {
            assert_eq!(line[key], value, "{key} {line}");
        }
    }
    assert_eq!(rows(&all, "airings").len() as u64, counted.rows);
    assert_eq!(rows(&all, "incidents").len() as u64, counted.incidents);
    let covered = |line: &&Value| line["covered"] == true;
    let topics = rows(&all, "topics").iter().filter(covered).map(|line| line["topic"].as_str().unwrap());
    assert_eq!(topics.collect::<Vec<_>>(), counted.topics.iter().copied().collect::<Vec<_>>());
    for line in rows(&all, "airings").iter().filter(|line| line["counts"] == true) {
        assert!(line["outcome"] == "full" && line["proof"].as_u64() >= Some(2), "{line}");
        assert!(!line["devices"].as_str().unwrap().contains("wav:"), "a file is no loudspeaker: {line}");
        let time = &line["first_frame"].as_str().unwrap()[11..16];
        assert!(["05:30", "06:18", "17:00"].contains(&time), "outside the window: {line}");
    }
    for row in account.airings.iter().filter(|aired| aired.counts).map(|aired| &aired.row) {
        assert!(!matches!(row.trigger, None | Some(Trigger::Test | Trigger::ByHand)), "{row:?}");
    }
    all
}

fn lines_agree(account: &Account, all: &Value) {
    for name in TABLES {
        let bytes = write(account, Format::Csv, name, Lang::En).unwrap().unwrap();
        let mut lines = csv::Reader::from_reader(&bytes["\u{feff}".len()..]);
        let head: Vec<String> = lines.headers().unwrap().iter().map(str::to_owned).collect();
        let records: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), rows(all, name).len(), "{name}");
        for (record, object) in records.iter().zip(rows(all, name)) {
            for (key, field) in head.iter().zip(record) {
                match &object[key] {
                    Value::Number(known) => {
                        assert_eq!(field, known.as_f64().unwrap().to_string(), "{name} {key}");
                    }
                    Value::Bool(yes) => assert_eq!(field, u8::from(*yes).to_string(), "{name} {key}"),
                    _ => {}
                }
            }
        }
    }
}

fn pictures_agree(account: &Account, counted: &Counted) {
    let bytes = write(account, Format::Svg, "", Lang::Vi).unwrap().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let read = roxmltree::Document::parse(&text).unwrap();
    let named = |name: &'static str| read.descendants().filter(move |node| node.tag_name().name() == name);
    let many = |text: &&str| text.split_once('/').is_some_and(|(a, _)| a.parse::<u32>().is_ok());
    let drawn: Vec<&str> = named("text").filter_map(|node| node.text()).map(str::trim).filter(many).collect();
    let squares = account.matrix.units.iter().flat_map(|unit| {
        account.matrix.months.iter().map(|month| &counted.squares[&(unit.unit.clone(), month.to_string())])
    });
    let told = squares.filter(|square| square.state != "no-unit");
    assert_eq!(drawn, told.map(|square| format!("{}/{}", square.done, square.due)).collect::<Vec<_>>());
    let about: Vec<&str> = named("desc").map(|node| node.text().unwrap_or_default().trim()).collect();
    let [complete, due] = ["cells_complete", "cells_due"].map(|key| counted.totals[key].to_string());
    assert_eq!(about[0], say(Lang::Vi, "picture-matrix-about", &[("complete", &complete), ("due", &due)]));
    let shares = account.matrix.months.iter().filter_map(|month| {
        let of_month = counted.squares.iter().filter(|((_, of), _)| *of == month.to_string());
        let squares: Vec<&Square> = of_month.map(|(_, s)| s).filter(|s| s.owed).collect();
        let done: u64 = squares.iter().map(|square| square.wanted).sum();
        let due: u64 = squares.iter().map(|square| square.due).sum();
        let known = done > 0 || squares.iter().any(|square| square.state != "no-report");
        let percent = (done * 100).checked_div(due).filter(|_| known)?.to_string();
        let number = format!("{:02}", month.number());
        Some(say(Lang::Vi, "picture-trend-month", &[("month", &number), ("percent", &percent)]))
    });
    assert_eq!(about[1], shares.collect::<Vec<_>>().join("; "));
}

fn document_agrees(account: &Account, counted: &Counted, all: &[Table]) {
    let document = paper::open(account, Lang::Vi).document;
    let ruled: Vec<Vec<Vec<String>>> = paper::elements(&document, "w:tbl")
        .into_iter()
        .filter(|table| table.contains("\"Ruled\""))
        .map(paper::fields)
        .collect();
    let said: Vec<String> = paper::paragraphs(&document);
    if is_of_month(account.period) {
        // The last ruled table says what the logs are.
        let tables = usize::from(!account.logs.is_empty()) + usize::from(counted.rows > 0);
        assert_eq!(ruled.len(), tables, "{ruled:?}");
        if counted.rows > 0 {
            assert_eq!(ruled[0].len() as u64, counted.rows + 1);
        }
        let values = [
            ("in_period", counted.totals["in_period"].to_string()),
            ("aired", hours(counted.totals["aired_ms"])),
            ("missed", counted.incidents.to_string()),
        ];
        assert!(said.contains(&tell("paper-sheet-sums", &values)), "{values:?} {said:?}");
        let silent = counted.totals["no_outcome"];
        let told =
            said.iter().filter(|line| line.starts_with(&format!("Trong đó có {silent} lượt theo lịch mà")));
        assert_eq!(told.count(), usize::from(silent > 0), "{silent} {said:?}");
        return;
    }
    for row in &all[4].rows {
        let [Cell::Text(key), Cell::Text(words)] = &row[..2] else { panic!("{row:?}") };
        let Some(known) = counted.totals.get(&**key) else { continue };
        let (words, known) = match key.strip_suffix("_ms") {
            Some(key) => (say(Lang::Vi, &format!("paper-{key}"), &[]), hours(*known)),
            None => (words.clone(), known.to_string()),
        };
        let line = ruled[0].iter().find(|line| line[1] == words).unwrap();
        assert_eq!(line[2], known, "{key}");
    }
    prose_agrees(counted, &said);
    let sums = say(Lang::Vi, "paper-sum", &[]);
    let grid = ruled.iter().find(|table| table[0].last() == Some(&sums)).unwrap();
    assert_eq!(
        [grid.len(), grid[0].len()],
        [account.matrix.units.len() + 1, account.matrix.months.len() + 3]
    );
    for (unit, line) in account.matrix.units.iter().zip(&grid[1..]) {
        for (month, field) in account.matrix.months.iter().zip(&line[2..]) {
            let square = &counted.squares[&(unit.unit.clone(), month.to_string())];
            assert!(field.starts_with(&format!("{}/{} ", square.done, square.due)), "{field} {square:?}");
        }
        let of_unit = || counted.squares.iter().filter(|((of, _), square)| *of == unit.unit && square.owed);
        let sum = |of: fn(&Square) -> u64| of_unit().map(|(_, square)| of(square)).sum::<u64>();
        let mut told = format!("{}/{}", sum(|square| square.wanted), sum(|square| square.due));
        let over = sum(|square| square.done - square.wanted);
        if over > 0 {
            told = format!("{told} {}", tell("paper-over", &[("over", over.to_string())]));
        }
        assert_eq!(*line.last().unwrap(), told);
    }
    let lacking = |square: &&Square| square.owed && square.state != "complete";
    let lacks = counted.squares.values().filter(lacking).count();
    let heading = say(Lang::Vi, "paper-done-due", &[]);
    let listed = ruled.iter().find(|table| table[0].get(3) == Some(&heading));
    let months = listed.iter().flat_map(|table| &table[1..]).map(|line| line[2].split(", ").count());
    assert_eq!(months.sum::<usize>(), lacks, "every month that lacks something stands in part III");
    let covered = tell(
        "paper-topics",
        &[("covered", counted.topics.len().to_string()), ("all", account.plan.topics.len().to_string())],
    );
    assert!(said.contains(&covered), "{covered}");
}

fn tell(key: &str, values: &[(&str, String)]) -> String {
    let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, &**value)).collect();
    say(Lang::Vi, key, &values)
}

/// A length of time, as the papers write it.
fn hours(ms: u64) -> String {
    let [hours, minutes, seconds] = [ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60];
    format!("{hours} giờ {minutes} phút {seconds} giây")
}

/// The sentences of parts II and III.
fn prose_agrees(counted: &Counted, said: &[String]) {
    let of = |key: &str| counted.totals[key];
    let mut values: Vec<(&str, String)> =
        counted.totals.iter().map(|(key, value)| (*key, value.to_string())).collect();
    let (complete, due) = (of("cells_complete"), of("cells_due"));
    let rate = match (complete * 1000).checked_div(due) {
        Some(tenths) => format!("{},{}%", tenths / 10, tenths % 10),
        None => "……".to_owned(),
    };
    values.extend([
        ("programmes", counted.programmes.len().to_string()),
        ("aired", hours(of("aired_ms"))),
        ("declared", hours(of("declared_ms"))),
        ("rate", rate),
    ]);
    let of_units = if due == 0 { "paper-result-units-none" } else { "paper-result-units" };
    for key in ["paper-result-airings", "paper-result-slots", of_units] {
        assert!(said.contains(&tell(key, &values)), "{key} {values:?} {said:?}");
    }
    assert_eq!(LOST.map(of).iter().sum::<u64>(), counted.incidents, "parts II and III meet");
    let none = "?".to_owned();
    let misses = [("count", counted.incidents.to_string()), ("repaired", none.clone()), ("reasons", none)];
    let opening = tell("paper-misses", &misses);
    let opening = opening.split(" không được").next().unwrap();
    assert_eq!(said.iter().any(|line| line.starts_with(opening)), counted.incidents > 0, "{opening}");
    let lacking = counted.squares.values().filter(|square| square.owed && square.state != "complete");
    let missing = of("airings_due") - of("airings_done");
    let lacks = [("count", lacking.count().to_string()), ("missing", missing.to_string())];
    let is_told = said.contains(&tell("paper-lacks", &lacks));
    assert_eq!(is_told, complete < due, "{lacks:?}");
    let nothing_lacks = counted.incidents == 0 && complete == due;
    assert_eq!(said.contains(&tell("paper-no-misses", &[])), nothing_lacks && due > 0);
    assert_eq!(said.contains(&tell("paper-no-misses-due", &[])), nothing_lacks && due == 0);
}

/// What was drawn: its account, and the count of it.
fn drawn() -> impl Strategy<Value = (Account, Counted)> {
    (plan(), places(), period(), some_day()).prop_map(|(plan, places, period, as_of)| {
        let counted = count(&plan, &places, days_of(period, &plan), as_of, is_of_month(period));
        (account(&plan, &places, period, as_of), counted)
    })
}

/// Whatever is no airing on a device in its window, day by day, with a note beside it or not.
#[test]
fn what_nobody_was_to_hear_never_counts_in_any_form() {
    let fates = [
        Fate::Test,
        Fate::Tested,
        Fate::Virtual,
        Fate::Unproven,
        Fate::Vouched,
        Fate::Partial,
        Fate::Missed(Reason::PowerOff),
        Fate::Preempted,
        Fate::OutOfWindow,
        Fate::Cancelled,
    ];
    let on = |day: u64, (hour, minute), fate| Told {
        at: (month("2022-03").first() + Days::new(day)).and_hms_opt(hour, minute, 0).unwrap(),
        ..Told::on("2022-03", "2022-03-01", fate)
    };
    let in_window = (0..).zip(fates).map(|(day, fate)| on(day, (5, 30), fate));
    // In full, and by whoever's order, while the loudspeakers were to rest.
    let resting = [(6, 25), (12, 0), (22, 0)].map(|time| on(20, time, Fate::Full)).into_iter();
    let ordered = [(12, 30), (23, 0)].map(|time| on(21, time, Fate::Manual));
    let repair = Fate::MakesGood(on(5, (5, 30), Fate::Full).at);
    let told = in_window.chain(resting).chain(ordered).chain([on(22, (12, 0), repair)]).collect();
    let place = Place::of("u0", told);
    let plan = Plan { units: lived(0, Life::Whole), ..plan_of_2022() };
    for period in [Period::Year, Period::Month(month("2022-03"))] {
        let counted = count(
            &plan,
            std::slice::from_ref(&place),
            days_of(period, &plan),
            day("2022-12-31"),
            is_of_month(period),
        );
        for key in ["airings_done", "in_period", "full", "units_aired", "cells_complete", "aired_ms"] {
            assert_eq!(counted.totals[key], 0, "{key}");
        }
        assert_eq!(counted.rows, 16);
        let account = account(&plan, std::slice::from_ref(&place), period, day("2022-12-31"));
        let all = json_agrees(&account, &counted);
        lines_agree(&account, &all);
        let tables = tables(&account, Lang::Vi);
        workbook_agrees(&account, &counted, &tables);
        document_agrees(&account, &counted, &tables);
        pictures_agree(&account, &counted);
    }
}

/// December's programme is aired once more in January, by order, and somebody vouches for another airing of it.
#[test]
fn what_was_made_for_december_counts_in_january_too() {
    let told = |on: &str, fate| Told::on("2022-12", on, fate);
    let mut place = Place::of(
        "u0",
        vec![
            told("2022-12-05", Fate::Full),
            told("2023-01-04", Fate::Manual),
            told("2023-01-10", Fate::Vouched),
        ],
    );
    place.known.1 = day("2023-01-31");
    let plan = Plan { units: lived(0, Life::Whole), ..plan_of_2022() };
    let period = Period::Custom { from: day("2022-12-01"), to: day("2023-01-15") };
    let counted =
        count(&plan, std::slice::from_ref(&place), days_of(period, &plan), day("2023-01-31"), false);
    assert_eq!((counted.rows, counted.totals["in_period"], counted.totals["vouched"]), (3, 2, 1));
    json_agrees(&account(&plan, std::slice::from_ref(&place), period, day("2023-01-31")), &counted);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_and_objects_agree_with_a_naive_count((account, counted) in drawn()) {
        let all = json_agrees(&account, &counted);
        lines_agree(&account, &all);
    }

    #[test]
    fn pictures_agree_with_a_naive_count((account, counted) in drawn()) {
        pictures_agree(&account, &counted);
    }
}

proptest! {
    // Their pictures take long to draw without optimisation.
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn workbooks_agree_with_a_naive_count((account, counted) in drawn()) {
        workbook_agrees(&account, &counted, &tables(&account, Lang::Vi));
    }

    #[test]
    fn documents_agree_with_a_naive_count((account, counted) in drawn()) {
        document_agrees(&account, &counted, &tables(&account, Lang::Vi));
    }
}
