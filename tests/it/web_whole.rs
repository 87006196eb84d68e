//! A month from the dropped files to the auditor's proof, each step by the person whose step it is.

use chrono::{DateTime, TimeDelta, Utc};
use loa::control::Role;
use serde_json::Value;

use crate::{
    support::{
        browser::Browser,
        pulse::Server,
        station::{Daemon, Station},
    },
    web_month::{approve, checked, choose, fill, retitle, send_audio, sign_in, this_month},
    web_on_air::{PASSWORD, look, pages, person},
};

/// So long before its instant a slot is put into the month: time for the approver, less than a browser waits.
const AHEAD: TimeDelta = TimeDelta::seconds(55);

/// `at` as the station's people write times of day.
fn time(at: DateTime<Utc>) -> String {
    at.with_timezone(&chrono::FixedOffset::east_opt(7 * 3600).unwrap()).format("%H:%M:%S").to_string()
}

fn people(station: &Station) {
    for (id, name, role) in [
        ("lan", "Nguyễn Thị Lan", Role::Editor),
        ("hoa", "Lê Thị Hoa", Role::Approver),
        ("an", "Trần Văn An", Role::Operator),
        ("sat", "Phạm Thị Giám Sát", Role::Auditor),
    ] {
        person(station, id, name, &[role]);
    }
}

/// The editor makes a programme of the five files; the slot comes last. Gives its instant.
fn made(lan: &Browser, station: &Station, month: &str) -> DateTime<Utc> {
    let path = format!("/month/{month}");
    lan.go("/months");
    lan.fill("[name=month]", month);
    lan.send("form.row button");
    send_audio(lan, station, month);
    lan.go(&path);
    let file = |name: &str| format!("{month}/{name}.wav");
    fill(lan, [&file("nhac-hieu"), &file("tin-tuc")], "17:00:00");
    for name in ["hoi-dap", "Gương điển hình cải cách", "loi-ket"] {
        choose(lan, "segments-add", &file(name));
        lan.send("button[value=segments-add]");
    }
    assert!(lan.has(".segments li:nth-child(5)"));
    checked(lan, &path);
    let at = Utc::now() + AHEAD;
    let set = "document.querySelector('input[name=time]').value = arguments[0];
        document.querySelector('select[name=repeat]').value = 'daily'";
    lan.script(set, vec![time(at).into()]);
    lan.send("button[value=slots-add]");
    assert!(lan.text("main").contains(&time(at)), "{}", lan.text("main"));
    // Releasing is not the editor's, neither by the page nor by its address.
    assert!(!lan.has("#approve"));
    lan.go(&format!("{path}/approve"));
    assert!(!lan.has("#approve"), "{}", lan.text("main"));
    at
}

/// The operator sees it sound.
fn seen(an: &Browser, daemon: &Daemon<'_>) {
    an.go("/on-air");
    an.until(".now h2", |text| text == "Đang phát");
    an.until(".now .position", |text| text.contains(" / ") && text >= "0:02");
    an.until(".now", |text| text.contains(" dB"));
    an.until(".lamps", |text| text.contains("đang nhận âm thanh"));
    an.until(".now h2", |text| text == "Không có chương trình đang phát");
    daemon.until_entered(&["\"kind\":\"play.end\""]);
    an.go("/on-air");
    assert!(an.text("main").contains("Phát đủ"), "{}", an.text("main"));
    look(an, "on-air-full");
}

/// The auditor, on a telephone, finds it, reads it and has it proved.
fn audited(sat: &Browser, row: &Value, month: &str) {
    sat.size(390, 844);
    sat.go(&format!("/log?month={month}"));
    assert!(sat.text("main").contains("Phát đủ"));
    sat.go(&format!("/log/slot/{}", row["slot"].as_str().unwrap()));
    let page = sat.text("main");
    for part in ["Nguyễn Thị Lan", "Lê Thị Hoa", "12/PD-TTVH", "nhac hieu"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for segment in row["segments"].as_array().unwrap() {
        assert!(page.contains(segment["file"].as_str().unwrap()), "{segment}: {page}");
    }
    assert_eq!(row["segments"].as_array().unwrap().len(), 5);
    look(sat, "airing-full");
    sat.click("#proof form button");
    assert!(sat.text(".flash.good").contains('✓'));
}

#[test]
fn a_month_goes_from_dropped_files_to_the_auditors_proof() {
    let station = Station::new(&[]);
    let server = Server::start();
    people(&station);
    let daemon = station.daemon(&server);
    let base = pages(&daemon);
    let month = this_month();
    let [lan, hoa, an, sat] = ["lan", "hoa", "an", "sat"].map(|id| sign_in(&base, id));
    let at = made(&lan, &station, &month);
    approve(&hoa, &format!("/month/{month}"), PASSWORD);
    assert!(hoa.text("main").contains("Lê Thị Hoa duyệt"));
    assert!(Utc::now() < at, "the machine is too slow for this test");
    daemon.until("the slot is known", |status| status["next"].is_object() || status["on_air"].is_object());
    seen(&an, &daemon);
    let rows = station.rows();
    let row = rows.iter().find(|row| row["outcome"] == "full").unwrap_or_else(|| panic!("{rows:?}"));
    assert_eq!((&row["proof"], &row["approved_by"]), (&Value::from(3), &"Lê Thị Hoa".into()), "{row}");
    assert!(row["planned"].as_str().unwrap().contains(&time(at)), "{row}");
    audited(&sat, row, &month);
    daemon.until_entered(&["\"kind\":\"read\"", "Phạm Thị Giám Sát"]);
    daemon.end();
    station.ok(&["verify"]);
    let bundle = station.path("thang.zip").display().to_string();
    station.ok(&["export", "-o", &bundle]);
    station.ok(&["verify", &bundle]);
}

#[test]
fn a_session_that_ends_in_mid_edit_loses_nothing() {
    let station = Station::new(&[]);
    station.settle("");
    people(&station);
    let daemon = station.daemon_alone();
    let month = this_month();
    let path = format!("/month/{month}");
    let lan = sign_in(&pages(&daemon), "lan");
    lan.go("/months");
    lan.fill("[name=month]", &month);
    lan.send("form.row button");
    send_audio(&lan, &station, &month);
    lan.go(&path);
    fill(&lan, [&format!("{month}/tin-tuc.wav"), &format!("{month}/nhac-hieu.wav")], "17:00:00");
    lan.forget();
    retitle(&lan, "Tin tức cải cách hành chính ở cơ sở");
    assert!(lan.path().starts_with("/sign-in"), "{}", lan.path());
    look(&lan, "sign-in-again");
    lan.fill("[name=id]", "lan");
    lan.fill("[name=password]", PASSWORD);
    lan.send("form.stack button");
    assert!(lan.text("main").contains("Tin tức cải cách hành chính ở cơ sở"), "{}", lan.text("main"));
    look(&lan, "again");
    lan.send("form.row button");
    lan.go(&path);
    assert_eq!(
        lan.value(".segments li:first-child input[name=title]"),
        "Tin tức cải cách hành chính ở cơ sở"
    );
    daemon.end();
}
