//! Settings in the pages: people, the station's file, keys, units, holds, the test tone; each change is an entry.

use std::fs;

use loa::{control::Role, units::Digest};

use super::{
    support::{
        browser::Browser,
        pulse::Server,
        station::{Daemon, Station, in_seconds, leaves},
        visitor::{Answer, Visitor},
    },
    web_on_air::{look, pages, person},
};

const PASSWORD: &str = "một câu dễ nhớ";
const ADMIN: &str = "Nguyễn Thị Thanh Hương";

/// A running station with an admin, and its admin before a browser.
fn site() -> Station {
    let station = Station::new(&[]);
    station.settle("");
    person(&station, "huong", ADMIN, &[Role::Admin]);
    station
}

fn admin(daemon: &Daemon<'_>) -> Visitor {
    let visitor = Visitor::at(&pages(daemon));
    assert_eq!(visitor.sign_in("huong", PASSWORD).header("location"), "/");
    visitor
}

/// What the page says to which `answer` leads.
fn said(visitor: &Visitor, answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let page = visitor.get(answer.header("location"));
    assert_eq!(page.status, 200, "{}", page.text);
    let flash = page.text.split("class=\"flash ").nth(1).expect("something is said");
    let sentence = flash.split_once('>').unwrap().1.split("</p>").next().unwrap();
    sentence.replace("<code>", "`").replace("</code>", "`").replace("&#39;", "'")
}

fn file(station: &Station) -> String {
    fs::read_to_string(station.path("config/station.toml")).unwrap()
}

#[test]
fn people_are_added_changed_and_closed_each_by_an_entry() {
    let station = site();
    let daemon = station.daemon_alone();
    let visitor = admin(&daemon);
    let new = [("id", "binh"), ("name", "Trần Văn Bình"), ("role", "editor"), ("role", "operator")];
    let told = said(&visitor, &visitor.post("/settings/people/add", &new));
    let first = told.rsplit(' ').next().unwrap().to_owned();
    assert!(told.contains("Trần Văn Bình") && first.len() == 20, "{told}");
    assert!(!visitor.get("/settings/people").text.contains(&first), "it is shown once");
    let again = visitor.post("/settings/people/add", &new);
    assert_eq!(again.status, 422);
    assert!(again.text.contains("value=\"Trần Văn Bình\"") && again.text.contains("Đã có người"));
    let binh = Visitor::at(&pages(&daemon));
    assert_eq!(binh.sign_in("binh", &first).header("location"), "/password");
    let change = [("id", "binh"), ("name", "Trần Văn Bình"), ("role", "operator"), ("closed", "yes")];
    assert_eq!(visitor.post("/settings/people/change", &change).header("location"), "/settings/people");
    let seen = |edition| change.into_iter().chain([("edition", edition)]).collect::<Vec<_>>();
    said(&visitor, &visitor.post("/settings/people/change", &seen("1")));
    // A page that was open before shows somebody else; it opens no account again.
    let old = [("id", "binh"), ("name", "Trần Văn Bình"), ("role", "editor"), ("edition", "1")];
    let told = said(&visitor, &visitor.post("/settings/people/change", &old));
    assert!(told.contains("vừa được người khác thay đổi"), "{told}");
    let told = said(&visitor, &visitor.post("/settings/people/reset", &old));
    assert!(told.contains("vừa được người khác thay đổi"), "{told}");
    assert!(!binh.is_in() && binh.sign_in("binh", &first).status == 401);
    let told = said(
        &visitor,
        &visitor.post(
            "/settings/people/change",
            &[("id", "huong"), ("name", ADMIN), ("role", "editor"), ("edition", "1")],
        ),
    );
    assert!(told.contains("quản trị cuối cùng"), "{told}");
    daemon.until_entered(&["add binh (Trần Văn Bình): editor operator", ADMIN, "\"people\""]);
    daemon.until_entered(&["change binh (Trần Văn Bình): operator; closed"]);
    assert!(leaves(&station).iter().all(|leaf| !leaf.contains(&first)), "no password is entered");
}

#[test]
fn settings_change_in_their_file_and_wait_for_a_restart() {
    let station = site();
    let before = file(&station).replace("[policy]", "# Cách xử lý\n[policy]");
    station.set(&before);
    let daemon = station.daemon_alone();
    let visitor = admin(&daemon);
    let page = visitor.get("/settings/station").text;
    let value = |name: &str| {
        let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect(name);
        rest.split('"').next().unwrap().to_owned()
    };
    let days: Vec<_> =
        ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map(|day| ("windows.weekdays", day)).into();
    let names = [
        "seen",
        "output.device",
        "output.second",
        "output.target_lufs",
        "output.ceiling_dbtp",
        "output.volume_db",
        "windows.ranges",
        "policy.resume_within_s",
        "policy.late_start_s",
        "policy.clock_step_s",
        "policy.make_goods",
        "retention.programme_months",
        "retention.captured_days",
        "web.idle_minutes",
        "output.buffer_frames",
        "output.correction_ms",
        "web.listen",
        "web.names",
        "web.certificate",
        "web.proxy",
    ];
    let form: Vec<(&str, String)> = names.map(|name| (name, value(name))).into();
    let send = |changed: &[(&str, &str)]| {
        let of = |(name, value): &(&'static str, String)| {
            let new = changed.iter().find(|(known, _)| known == name).map(|(_, new)| (*new).to_owned());
            (*name, new.unwrap_or_else(|| value.clone()))
        };
        let fields: Vec<_> = form.iter().map(of).collect();
        let fields =
            fields.iter().map(|(n, v)| (*n, v.as_str())).chain(days.iter().copied()).collect::<Vec<_>>();
        visitor.post("/settings/station", &fields)
    };
    // What stays as it is writes nothing.
    assert!(said(&visitor, &send(&[])).contains("Không có gì thay đổi"));
    assert_eq!(file(&station), before);
    // What is wrong is said in its place, all of it, and nothing is written.
    let wrong =
        send(&[("policy.make_goods", "hai"), ("windows.ranges", "25:00-26:00"), ("output.volume_db", "3")]);
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.text.matches("aria-invalid=\"true\"").count(), 3, "{}", wrong.text);
    assert!(wrong.text.contains("value=\"hai\"") && file(&station) == before);
    // An address that this machine does not have would lock everybody out.
    let away = send(&[("web.listen", "127.0.0.1:1"), ("web.certificate", "tls/x.pem")]);
    assert!(away.status == 422 && away.text.contains("aria-invalid"), "{}", away.text);
    let told = said(&visitor, &send(&[("policy.make_goods", "1"), ("output.volume_db", "−3,5")]));
    assert!(told.contains("khởi động lại"), "{told}");
    let after = file(&station);
    assert!(after.contains("# Cách xử lý\n[policy]\nlate_start_s = 600\nmake_goods = 1\n"), "{after}");
    daemon.until_entered(&["\"settings\"", "policy.make_goods: 0 → 1", "output.volume_db: – → -3.5", ADMIN]);
    // A form from before that is too late.
    assert!(said(&visitor, &send(&[("policy.make_goods", "5")])).contains("được sửa ở nơi khác"));
    let waiting = visitor.get("/settings/station").text;
    assert!(waiting.contains("Đang áp dụng:") && waiting.contains("/settings/restart"), "{waiting}");
    assert!(said(&visitor, &visitor.post("/settings/restart", &[])).contains("đánh dấu"));
    assert_eq!(visitor.post("/settings/restart", &[("sure", "yes")]).status, 303);
    daemon.ended();
    let daemon = station.daemon_alone();
    let fresh = admin(&daemon).get("/settings/station").text;
    assert!(!fresh.contains("/settings/restart") && fresh.contains("value=\"-3.5\""), "{fresh}");
    daemon.end();
    station.ok(&["verify"]);
}

#[test]
fn keys_units_and_holds_change_by_entries() {
    let station = site();
    let key = station.person("nguyen-van-a");
    let daemon = station.daemon_alone();
    let visitor = admin(&daemon);
    let add = |list: &str, key: &str| {
        said(&visitor, &visitor.post("/settings/keys/add", &[("list", list), ("key", key)]))
    };
    assert!(add("operators", &key).contains("Đã lưu"));
    assert!(add("operators", "xin chào").contains("không phải khóa công khai"));
    assert!(visitor.get("/settings/keys").text.contains("từ lần khởi động sau"));
    assert!(file(&station).contains(&key));
    let gone = visitor.post("/settings/keys/remove", &[("list", "operators"), ("key", &key)]);
    assert!(said(&visitor, &gone).contains("Đã lưu") && !file(&station).contains(&key));
    let hold = [("from", "2022-03-01"), ("to", "2022-03-31"), ("reason", "đơn của ông A")];
    assert!(said(&visitor, &visitor.post("/settings/holds/set", &hold)).contains("mục"));
    let page = visitor.get("/settings/holds").text;
    assert!(page.contains("01/03/2022 – 31/03/2022") && page.contains("đơn của ông A"), "{page}");
    let entry = page.split("name=\"hold\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    said(&visitor, &visitor.post("/settings/holds/lift", &[("hold", &entry), ("reason", "xong")]));
    assert!(visitor.get("/settings/holds").text.contains("Đã bỏ giữ"));
    let plan = fs::read_to_string(station.path("config/plan-2022.toml")).unwrap();
    let seen = format!("seen={}", Digest::of(plan.as_bytes()));
    let path = format!("/settings/units/plan?{seen}");
    let upload = |text: &str| visitor.upload(&path, "plan", "plan.toml", text.as_bytes());
    assert!(visitor.get("/settings/units").text.contains(&seen), "the page names what it shows");
    assert_eq!(upload("year = 2022\n").status, 422);
    assert_eq!(upload(&plan.replace("id = \"pho-hoa\"", "id = \"pho-minh\"")).status, 422);
    assert!(
        said(&visitor, &upload(&plan.replace("Kế hoạch thử", "Kế hoạch mới"))).contains("Đã thay kế hoạch")
    );
    assert!(fs::read_to_string(station.path("config/plan-2022.toml")).unwrap().contains("Kế hoạch mới"));
    daemon.until_entered(&["config/plan-2022.toml: ", " → ", "\"settings\""]);
    // Somebody else's page still shows the plan before: their file does not undo this.
    let late = said(&visitor, &upload(&plan.replace("Kế hoạch thử", "Kế hoạch khác")));
    assert!(late.contains("vừa được thay đổi"), "{late}");
    // A single unit: another name from a day on; what cannot be done is told beside what was typed.
    let unit = |id: &str, name: &str, from: &str| {
        let form = [("id", id), ("name", name), ("kind", "ward"), ("parent", ""), ("from", from)];
        visitor.post("/settings/units/change", &form)
    };
    assert!(
        said(&visitor, &unit("pho-hoa", "phường Đông Phổ Hòa", "2022-07-01")).contains("Đã thay kế hoạch")
    );
    let page = visitor.get("/settings/units").text;
    assert!(page.contains("30/06/2022") && page.contains("phường Đông Phổ Hòa"), "{page}");
    let refused = unit("Phổ Mới", "phường <Phổ Mới>", "2022-07-01");
    assert!(
        refused.status == 422 && refused.text.contains("value=\"phường &#60;Phổ Mới&#62;\""),
        "{}",
        refused.text
    );
    let end = |id: &str, last: &str| visitor.post("/settings/units/end", &[("unit", id), ("last", last)]);
    let early = end("pho-hoa", "1999-12-31");
    assert!(early.status == 422 && early.text.contains("không có đơn vị"), "{}", early.text);
    assert!(said(&visitor, &end("pho-hoa", "2022-09-30")).contains("Đã thay kế hoạch"));
    assert!(visitor.get("/settings/units").text.contains("30/09/2022"));
    daemon.end();
    station.ok(&["verify"]);
}

#[test]
fn a_tone_sounds_when_it_may_and_says_what_the_device_did() {
    let station = Station::new(&[("a.wav", 1)]);
    let server = Server::start();
    person(&station, "huong", ADMIN, &[Role::Admin]);
    let daemon = station.daemon(&server);
    let visitor = admin(&daemon);
    let tone = || said(&visitor, &visitor.post("/settings/tone", &[]));
    // At its start the station probes the device by itself.
    daemon
        .until("the device has answered", |status| status["device"]["said"]["code"] == "lamp-device-probed");
    let told = tone();
    assert!(told.contains("đã phát hết âm thử"), "{told}");
    daemon.until_entered(&["\"tone\"", ADMIN]);
    // Close before a slot the device belongs to it.
    station.issue(1, &["a.wav"], &[in_seconds(100)]);
    daemon.until("the slot is known", |status| status["next"].is_object());
    let told = tone();
    assert!(told.contains("sắp đến"), "{told}");
    daemon.end();
    // Outside the windows it is quiet, tests included.
    let settings = file(&station).replace("00:00-24:00", "03:00-03:01");
    station.set(&settings);
    let daemon = station.daemon(&server);
    let visitor = admin(&daemon);
    let told = said(&visitor, &visitor.post("/settings/tone", &[]));
    assert!(told.contains("Ngoài khung giờ"), "{told}");
}

#[test]
fn every_page_of_settings_fits_a_desk_and_a_telephone() {
    let station = site();
    let long = "Nguyễn Thị Phương Thảo Quỳnh Anh – Phó Giám đốc Trung tâm Truyền thông - Văn hóa - Thể thao";
    person(
        &station,
        "phuong.thao.quynh.anh",
        long,
        &[Role::Editor, Role::Approver, Role::Operator, Role::Auditor],
    );
    station.ok(&[
        "retain",
        "--from",
        "2022-03-01",
        "--to",
        "2022-03-31",
        "--by",
        long,
        "--reason",
        "đơn khiếu nại của ông A về việc phát sai giờ",
    ]);
    let daemon = station.daemon_alone();
    let settings = file(&station);
    station.set(&settings.replace("make_goods = 0", "make_goods = 1"));
    let browser = Browser::open(&pages(&daemon), 1280, 900);
    browser.go("/");
    browser.sign_in("huong", PASSWORD);
    for name in ["", "/people", "/station", "/keys", "/units", "/holds", "/tone"] {
        browser.go(&format!("/settings{name}"));
        look(&browser, &format!("settings{}", name.replace('/', "-")));
    }
    browser.go("/password");
    look(&browser, "password");
    browser.go("/settings/people");
    let add = |field: &str| format!("form[action='/settings/people/add'] {field}");
    browser.fill(&add("[name=name]"), long);
    browser.fill(&add("[name=id]"), "moi");
    browser.click(&add("[name=role][value=operator]"));
    browser.send(&add("button"));
    look(&browser, "people-first-password");
    // Whose first password somebody else gave changes it before anything else.
    let told = browser.text(".flash.good");
    let first = told.rsplit(' ').next().unwrap();
    browser.forget();
    browser.sign_in("moi", first);
    assert_eq!(browser.path(), "/password");
    look(&browser, "password-first");
}
