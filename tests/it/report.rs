//! Reports by the real binary: the same numbers in every form, and each of them counted once more from the log.

use std::fs;

use serde_json::Value;

use super::support::{history::march, station::Station};

const TABLES: [&str; 5] = ["matrix", "airings", "incidents", "topics", "totals"];

/// A station of Phổ Hòa with the March of 2022 in its log.
fn with_march() -> Station {
    let station = Station::new(&[]);
    fs::copy("config/plan-2022.toml", station.path("config/plan-2022.toml")).unwrap();
    march(&station, 7);
    station
}

fn report(station: &Station, more: &[&str]) -> Vec<u8> {
    let mut args = vec!["report", "month", "2022-03", "--as-of", "2022-04-05"];
    args.extend(more);
    let output = station.run(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn total<'a>(tables: &'a Value, key: &str) -> &'a Value {
    &tables["totals"].as_array().unwrap().iter().find(|line| line["total"] == key).unwrap()["value"]
}

#[test]
fn a_month_says_the_same_as_lines_and_as_json_and_as_the_log() {
    let station = with_march();
    let tables: Value = serde_json::from_slice(&report(&station, &["--format", "json"])).unwrap();
    let rows = station.rows();
    let airings = tables["airings"].as_array().unwrap();
    assert!(rows.len() > 30 && airings.len() == rows.len(), "{} {}", rows.len(), airings.len());
    for (row, airing) in rows.iter().zip(airings) {
        for key in ["planned", "outcome", "reason", "proof", "title", "start_error_ms"] {
            assert_eq!(airing[key], row[key], "{key}");
        }
    }
    let counted = airings.iter().filter(|airing| airing["counts"] == true);
    let (mut many, mut ms) = (0_u64, 0);
    for airing in counted {
        assert!(airing["outcome"] == "full" && airing["proof"].as_u64() >= Some(2), "{airing}");
        many += 1;
        ms += airing["duration_ms"].as_u64().unwrap();
    }
    let cells = tables["matrix"].as_array().unwrap();
    let sum = |key: &str| cells.iter().map(|cell| cell[key].as_u64().unwrap()).sum::<u64>();
    assert!(many > 0);
    assert_eq!((total(&tables, "in_period"), sum("in_period")), (&many.into(), many));
    assert_eq!(*total(&tables, "aired_ms"), Value::from(ms));
    let due = |outcome: &str| {
        let of = |row: &&Value| row["outcome"] == outcome && !row["slot"].is_null();
        rows.iter()
            .filter(of)
            .filter(|row| !["test", "by-hand"].contains(&row["trigger"].as_str().unwrap_or("")))
            .count() as u64
    };
    let outcomes = ["full", "full_uncounted", "partial", "missed", "preempted", "out_of_window", "cancelled"];
    let ended = outcomes.iter().map(|key| total(&tables, key).as_u64().unwrap()).sum::<u64>();
    let all = ["full", "partial", "missed", "preempted", "out-of-window", "cancelled"];
    assert_eq!(
        ended,
        all.iter().map(|outcome| due(outcome)).sum::<u64>(),
        "every slot that ended stands in one sum"
    );
    let full = total(&tables, "full").as_u64().unwrap() + total(&tables, "full_uncounted").as_u64().unwrap();
    assert_eq!((full, total(&tables, "missed").as_u64().unwrap()), (due("full"), due("missed")));

    for name in TABLES {
        let lines = report(&station, &["--format", "csv", "--table", name]);
        let text = String::from_utf8(lines).unwrap();
        let text = text.strip_prefix('\u{feff}').expect("Excel needs the mark");
        let mut lines = csv::Reader::from_reader(text.as_bytes());
        let head: Vec<String> = lines.headers().unwrap().iter().map(str::to_owned).collect();
        let objects = tables[name].as_array().unwrap();
        let records: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), objects.len(), "{name}");
        for (record, object) in records.iter().zip(objects) {
            for (key, field) in head.iter().zip(record) {
                let said = match &object[key] {
                    Value::Null => String::new(),
                    Value::Bool(yes) => u8::from(*yes).to_string(),
                    Value::String(text) => text.clone(),
                    number => number.as_f64().unwrap().to_string(),
                };
                assert_eq!(field.trim_start_matches('\''), said.trim_start_matches('\''), "{name} {key}");
            }
        }
    }
}

#[test]
fn a_workbook_is_written_once_and_what_cannot_be_written_is_told() {
    let station = with_march();
    let file = station.path("so.xlsx");
    let file = file.to_str().unwrap();
    let year = ["report", "year", "2022", "--as-of", "2022-12-10", "-o", file];
    let written = station.run(&year);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    assert_eq!(&fs::read(file).unwrap()[..4], b"PK\x03\x04");
    let refused = |args: &[&str], code: i32, words: &str| {
        let output = station.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && said.contains(words), "{args:?}: {said}");
    };
    refused(&year, 1, "already exists");
    assert!(station.run(&[&year[..], &["--force"]].concat()).status.success());
    refused(&["report", "year", "2019"], 1, "no plan of 2019");
    refused(&["report", "year", "2022"], 2, "needs a file");
    refused(&["report", "year", "2022", "--format", "csv", "--table", "x"], 2, "no table `x`");
    refused(&["report", "year", "2022", "--from", "2022-01-01"], 2, "--to");
    let reversed =
        ["report", "year", "2022", "--from", "2022-03-02", "--to", "2022-03-01", "--format", "json"];
    refused(&reversed, 1, "2022-03-02");
}
