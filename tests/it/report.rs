//! Reports by the real binary: the same numbers in every form, and each of them counted once more from the log.

use std::{fs, io::Read as _};

use serde_json::Value;

use super::support::{history::march, station::Station};

const TABLES: [&str; 7] = ["matrix", "airings", "incidents", "topics", "totals", "logs", "slots"];

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
        ms += airing["sounded_ms"].as_u64().unwrap();
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

/// The text of a document.
pub fn text_of(file: &std::path::Path) -> String {
    let mut zip = zip::ZipArchive::new(fs::File::open(file).unwrap()).unwrap();
    let mut text = String::new();
    zip.by_name("word/document.xml").unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn documents_say_the_same_as_json_and_point_at_the_log() {
    let station = with_march();
    let tables: Value = serde_json::from_slice(&report(&station, &["--format", "json"])).unwrap();
    let sheet = station.path("nhat-ky.docx");
    report(&station, &["--format", "docx", "-o", sheet.to_str().unwrap()]);
    let sheet = text_of(&sheet);
    let year = station.path("bao-cao.docx");
    let args =
        ["report", "year", "2022", "--from", "2022-03-01", "--to", "2022-03-31", "--as-of", "2022-04-05"];
    let written = station.run(&[&args[..], &["--format", "docx", "-o", year.to_str().unwrap()]].concat());
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let year = text_of(&year);
    let rows = |text: &str| text.matches("<w:tr>").count();
    // The head's two rows, the row that repeats, the signatures, and the seven of the log below theirs.
    assert_eq!(rows(&sheet), 2 + 1 + tables["airings"].as_array().unwrap().len() + 1 + 8);
    for text in [&sheet, &year] {
        for key in ["log_root", "log_code"] {
            assert!(text.contains(total(&tables, key).as_str().unwrap()), "{key}");
        }
        assert!(text.contains("Phổ Hòa"), "the unit of the station");
    }
    for line in tables["totals"].as_array().unwrap() {
        let (said, value) = (line["said"].as_str().unwrap(), &line["value"]);
        if value.is_u64() && !line["total"].as_str().unwrap().ends_with("_ms") {
            let said = said.replace('\'', "&#39;");
            let after = year.split_once(&format!(">{said}<")).unwrap_or_else(|| panic!("{said}")).1;
            let next = after.split_once("preserve\">").unwrap().1.split_once('<').unwrap().0;
            assert_eq!(next, value.to_string(), "{said}");
        }
    }
    let missed = tables["incidents"].as_array().unwrap();
    assert!(missed.len() > 5, "{}", missed.len());
    for reason in missed.iter().filter_map(|row| row["reason_said"].as_str()) {
        let said = missed.iter().filter(|row| row["reason_said"] == reason).count();
        assert!(year.matches(&format!(">{reason}<")).count() >= said, "{reason}");
    }
    let no = station.run(&["report", "month", "2022-03", "--format", "docx"]);
    assert!(no.status.code() == Some(2) && String::from_utf8_lossy(&no.stderr).contains("needs a file"));
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
