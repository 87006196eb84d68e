//! Reports in the pages: the same bytes as by the command line, for those who may; what is missing is urged.

use std::fs;

use chrono::{DateTime, Utc};
use loa::{
    control::{Folder, Role},
    evidence::{Body, Clk},
    report::Format,
    store::{Blob, Log},
    units::Digest,
};
use serde_json::Value;

use crate::{
    support::{
        browser::Browser,
        history::march,
        station::{Station, leaves},
        visitor::Visitor,
    },
    web_on_air::{PASSWORD, look, pages, person},
};

/// A station of Phổ Hòa with the March of 2022 in its log, and its people.
fn station() -> Station {
    let station = Station::new(&[]);
    station.settle("");
    fs::copy("config/plan-2022.toml", station.path("config/plan-2022.toml")).unwrap();
    march(&station, 7);
    person(&station, "giam-sat", "Phạm Thị Giám Sát", &[Role::Auditor]);
    person(&station, "truc", "Trần Văn Trực", &[Role::Operator]);
    station
}

/// What the command line writes of the same.
fn written(station: &Station, args: &[&str]) -> Vec<u8> {
    let output = station.run(&[&["report"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn a_report_of_the_pages_is_that_of_the_command_line() {
    let station = station();
    let daemon = station.daemon_alone();
    let auditor = Visitor::at(&pages(&daemon));
    assert_eq!(auditor.sign_in("giam-sat", PASSWORD).status, 303);
    // The command line of the tests speaks English.
    auditor.post("/lang", &[("lang", "en"), ("to", "/reports")]);
    let as_of = ["--as-of", "2022-04-05"];
    for (period, table, name, args) in [
        ("month&month=2022-03", "airings", "2022-03", "month 2022-03"),
        ("fifteenth&month=2022-04", "matrix", "2022-04-15-14", "month 2022-04 --fifteenth"),
        ("year&year=2022", "incidents", "2022", "year 2022"),
        ("whole-year&year=2022", "topics", "2022-01-12", "year 2022 --from 2022-01-01 --to 2022-12-31"),
    ] {
        let query = format!("period={period}&format=csv&table={table}&as_of=2022-04-05");
        let answer = auditor.get(&format!("/reports/file?{query}"));
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "text/csv; charset=utf-8"),
            "{query}"
        );
        let disposition = format!("attachment; filename=\"bao-cao-pho-hoa-{name}-{table}.csv\"");
        assert_eq!(answer.header("content-disposition"), disposition);
        let args: Vec<&str> =
            args.split(' ').chain(["--format", "csv", "--table", table]).chain(as_of).collect();
        assert!(answer.bytes == written(&station, &args), "{query}");
    }
    // The state of the log goes on while both look; everything else is the same.
    let as_json = |bytes: &[u8]| {
        let mut tables: Value = serde_json::from_slice(bytes).unwrap();
        let of_log = |line: &Value| line["total"].as_str().unwrap().starts_with("log_");
        tables["totals"].as_array_mut().unwrap().retain(|line| !of_log(line));
        assert_eq!(tables.as_object_mut().unwrap().remove("logs").unwrap().as_array().unwrap().len(), 1);
        tables
    };
    let json =
        auditor.get("/reports/file?period=month&month=2022-03&format=json&table=airings&as_of=2022-04-05");
    let by_hand = written(&station, &[&["month", "2022-03", "--format", "json"], &as_of[..]].concat());
    assert_eq!(as_json(&json.bytes), as_json(&by_hand));
    let book = auditor.get("/reports/file?period=year&year=2022&format=xlsx");
    let drawn = auditor.get("/reports/file?period=year&year=2022&format=svg&table=matrix");
    assert!(
        drawn.header("content-type") == "image/svg+xml" && drawn.text.starts_with("<svg"),
        "{}",
        drawn.text
    );
    assert_eq!((book.status, &book.bytes[..4]), (200, &b"PK\x03\x04"[..]));
    let looked = leaves(&station)
        .iter()
        .filter(|leaf| leaf.contains("/reports/file?period=year&year=2022&format=xlsx"))
        .count();
    assert_eq!(looked, 1, "an auditor's look is an entry");
    for (query, status) in [
        ("period=month&month=x&format=json&table=airings", 422),
        ("period=month&month=2022-03&format=doc&table=airings", 422),
        ("period=month&month=2022-03&format=csv&table=x", 422),
        ("period=year&year=2019&format=json&table=airings", 422),
        ("period=days&year=2022&from=2022-03-02&to=2022-03-01&format=json&table=airings", 422),
    ] {
        assert_eq!(auditor.get(&format!("/reports/file?{query}")).status, status, "{query}");
    }
    // A table matters to lines alone, and who says nothing of it gets the airings.
    let paper = auditor.get("/reports/file?period=year&year=2022&format=docx&table=x");
    assert_eq!((paper.status, &paper.bytes[..4]), (200, &b"PK\x03\x04"[..]));
    let lines = auditor.get("/reports/file?period=month&month=2022-03&format=csv");
    assert!(lines.header("content-disposition").ends_with("2022-03-airings.csv\""), "{}", lines.text);
    assert_eq!(auditor.get("/reports/file").status, 200, "the sheet of the last month");
    assert_eq!(auditor.get("/reports?period=x").status, 422);
    let operator = Visitor::at(&pages(&daemon));
    operator.sign_in("truc", PASSWORD);
    assert_eq!((operator.get("/reports").status, operator.get("/reports/urge").status), (403, 200));
    daemon.end();
}

/// How the bytes of a form begin.
const BEGINS: [(&str, &[u8]); 6] = [
    ("docx", b"PK\x03\x04"),
    ("xlsx", b"PK\x03\x04"),
    ("html", b"<!DOCTYPE html>"),
    ("csv", "\u{feff}".as_bytes()),
    ("json", b"{"),
    ("svg", b"<svg"),
];

#[test]
fn every_form_is_offered_and_given_to_those_who_may_and_to_nobody_else() {
    let station = station();
    let ids = Role::ALL.map(|(word, role)| {
        person(&station, word, word, &[role]);
        (word, role)
    });
    let daemon = station.daemon_alone();
    assert_eq!(
        BEGINS.map(|(word, _)| word).as_slice(),
        Format::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>()
    );
    for who in ids.into_iter().map(Some).chain([None]) {
        let visitor = Visitor::at(&pages(&daemon));
        if let Some((word, _)) = who {
            assert_eq!(visitor.sign_in(word, PASSWORD).status, 303, "{word}");
        }
        // Who has no name is asked for it.
        let status = match who {
            None => 303,
            Some((_, Role::Auditor | Role::Approver | Role::Admin)) => 200,
            Some(_) => 403,
        };
        let offered = visitor.get("/reports");
        assert_eq!(offered.status, status, "{who:?}");
        for (form, begin) in BEGINS {
            let option = format!("<option value=\"{form}\"");
            assert_eq!(offered.text.contains(&option), status == 200, "{form} to {who:?}");
            for period in ["year&year=2022", "month&month=2022-03"] {
                let file =
                    format!("/reports/file?period={period}&format={form}&table=matrix&as_of=2022-04-05");
                let answer = visitor.get(&file);
                assert_eq!(answer.status, status, "{file} to {who:?}");
                let named = answer.header("content-disposition").starts_with("attachment");
                assert_eq!(named, status == 200, "{file} to {who:?}");
                assert!(!named || answer.bytes.starts_with(begin), "{file} to {who:?}");
            }
        }
    }
    daemon.end();
}

/// The page to print opens in the browser, for those to whom the files are given.
#[test]
fn the_page_to_print_opens_in_the_browser_and_brings_nothing_but_its_styles() {
    let station = station();
    let daemon = station.daemon_alone();
    let auditor = Visitor::at(&pages(&daemon));
    auditor.sign_in("giam-sat", PASSWORD);
    auditor.post("/lang", &[("lang", "en"), ("to", "/reports")]);
    let seen = auditor.get("/reports?period=month&month=2022-03&as_of=2022-04-05").text;
    let link = seen.split("href=\"").find(|rest| rest.starts_with("/reports/print?")).expect("a link");
    let link = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let page = auditor.get(&link);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{link}");
    let named = "inline; filename=\"bao-cao-pho-hoa-2022-03.html\"";
    assert_eq!(page.header("content-disposition"), named);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"), "{policy}");
    assert!(!policy.contains("script-src") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(page.text.contains("<title>") && !page.text.contains("<script"), "{}", page.text);
    // What it says is what the file says, but for the state of the log, which goes on.
    let file = auditor.get("/reports/file?period=month&month=2022-03&as_of=2022-04-05&format=html");
    let rows = |text: &str| text.matches("<tr>").count();
    assert!(rows(&page.text) > 30 && rows(&page.text) == rows(&file.text));
    assert_eq!(auditor.get("/reports/print?period=x").status, 422);
    let operator = Visitor::at(&pages(&daemon));
    operator.sign_in("truc", PASSWORD);
    assert_eq!(operator.get("/reports/print").status, 403);
    daemon.end();
}

/// What a plan asked for in its year is asked by that plan, not by the one that holds now.
#[test]
fn the_topics_of_a_past_year_are_those_of_its_plan() {
    let station = Station::new(&[]);
    station.settle("");
    let now = fs::read_to_string("config/plan-2022.toml").unwrap();
    fs::write(station.path("config/plan-2022.toml"), &now).unwrap();
    let then = now
        .replace("2022-", "2021-")
        .replace("= 2022", "= 2021")
        .replace("Quan điểm, chủ trương của Đảng", "Chính phủ điện tử");
    let folder = Folder::open(&station.path("")).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let plan = Digest::of(then.as_bytes());
    let settings = Body::Config {
        digest: plan,
        plan,
        station: "pho-hoa".into(),
        unit: "pho-hoa".into(),
        output: "pulse:loud".into(),
        demo: false,
        trust: None,
    };
    let wall_ms = "2021-06-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp_millis();
    let clk = Clk { wall_ms, boot_ms: 1, boot: "0".repeat(32), sync: true, offset_min: 420 };
    let blob = Blob { kind: "plan", bytes: then.into_bytes() };
    log.append_with_blobs(&[(clk, settings)], &[blob]).unwrap();
    drop(log);
    person(&station, "truc", "Trần Văn Trực", &[Role::Operator]);
    let daemon = station.daemon_alone();
    let visitor = Visitor::at(&pages(&daemon));
    visitor.sign_in("truc", PASSWORD);
    for (year, own, other) in [
        (2021, "II.1. Chính phủ điện tử", "II.1. Quan điểm"),
        (2022, "II.1. Quan điểm", "II.1. Chính phủ điện tử"),
    ] {
        let page = visitor.get(&format!("/matrix/{year}")).text;
        assert!(page.contains(own) && !page.contains(other), "{year}: {page}");
    }
    daemon.end();
}

#[test]
fn what_is_missing_is_urged_by_the_command_line_too() {
    let station = station();
    let said = String::from_utf8(written(&station, &["urge", "2022"])).unwrap();
    assert!(said.starts_with("To Ủy ban nhân dân phường Phổ Hòa\n"), "{said}");
    let urging = &station.json(&["report", "urge", "2022-02"])[0];
    let lack = &urging["units"][0]["lacks"][0];
    assert_eq!((&lack["month"], &lack["remedy"]["state"]), (&"2022-02".into(), &"lapsed".into()), "{urging}");
    assert!(!station.run(&["report", "urge", "2019"]).status.success());
    assert_eq!(station.run(&["report", "urge", "x"]).status.code(), Some(2));
}

#[test]
fn reports_and_urging_are_looked_at_in_a_browser() {
    let station = station();
    let daemon = station.daemon_alone();
    let browser = Browser::open(&pages(&daemon), 1280, 900);
    browser.sign_in("giam-sat", PASSWORD);
    browser.go("/reports");
    assert_eq!(browser.value("[name=year]"), "2022");
    browser.click("[name=period][value=year]");
    browser.send("button[formaction='/reports']");
    assert!(browser.has("svg[role=img] > title"));
    look(&browser, "reports");
    browser.go("/reports/print?period=month&month=2022-03&as_of=2022-04-05");
    look(&browser, "print");
    browser.go("/reports");
    browser.go("/reports/urge");
    assert!(browser.value("textarea").starts_with("Kính gửi"));
    look(&browser, "urge");
    browser.go("/matrix");
    look(&browser, "matrix-trend");
    daemon.end();
}
