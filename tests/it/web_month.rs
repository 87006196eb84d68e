//! A month in a real browser: made, returned, approved by another person, changed beside the approved revision, aired.

use crate::{
    support::{
        browser::Browser,
        station::{Station, noise},
    },
    web_on_air::{PASSWORD, look, pages, person},
};
use loa::control::Role;

/// The month in which the next minutes lie, at the station.
pub fn this_month() -> String {
    let zone = chrono::FixedOffset::east_opt(7 * 3600).unwrap();
    chrono::Utc::now().with_timezone(&zone).format("%Y-%m").to_string()
}

/// Signs in as `id` in a browser of their own.
pub fn sign_in(base: &str, id: &str) -> Browser {
    let browser = Browser::open(base, 1280, 900);
    browser.sign_in(id, PASSWORD);
    browser
}

/// Chooses `file` in the list of the form with the button `op`.
pub fn choose(browser: &Browser, op: &str, file: &str) {
    let choose = "const select = document.querySelector(`button[value=${arguments[0]}]`).form.elements.file;
        for (const option of select.options) option.selected = option.text === arguments[1]";
    browser.script(choose, vec![op.into(), file.into()]);
}

/// Adds a programme of two files, and a daily slot.
pub fn fill(browser: &Browser, [first, second]: [&str; 2], time: &str) {
    browser.fill("[name=title]", "Chuyên mục Cải cách hành chính");
    browser.click("input[name=topic]");
    choose(browser, "programme-add", first);
    browser.send("button[value=programme-add]");
    choose(browser, "segments-add", second);
    browser.send("button[value=segments-add]");
    let set = "document.querySelector('input[name=time]').value = arguments[0];
        document.querySelector('select[name=repeat]').value = 'daily'";
    browser.script(set, vec![time.into()]);
    browser.send("button[value=slots-add]");
}

/// Sends five files, waits until they are measured, and looks at the page.
pub fn send_audio(browser: &Browser, station: &Station, month: &str) {
    let names =
        ["nhac-hieu.wav", "tin-tuc.wav", "hoi-dap.wav", "Gương điển hình cải cách.wav", "loi-ket.wav"];
    let paths: Vec<_> = names.iter().map(|name| station.path("data").join(name)).collect();
    for (n, path) in paths.iter().enumerate() {
        noise(path, 2, n as u64);
    }
    browser.go(&format!("/month/{month}/audio"));
    look(browser, "audio-empty");
    browser.give("input[type=file]", &paths.iter().map(std::path::PathBuf::as_path).collect::<Vec<_>>());
    browser.click("form.drop button");
    browser.find("article.sound:nth-of-type(5)");
    assert!(browser.text("main").contains("LUFS"));
    look(browser, "audio");
    for (name, path) in names.iter().zip(&paths) {
        let arrived = std::fs::read(station.path(&format!("media/{month}/{name}"))).unwrap();
        assert!(arrived == std::fs::read(path).unwrap(), "{name}");
    }
}

/// Gives the first segment another title.
pub fn retitle(browser: &Browser, title: &str) {
    browser.fill(".segments li:first-child input[name=title]", title);
    browser.send(".segments li:first-child button[value=segment]");
}

/// Waits until the check of the month has come to its end.
pub fn checked(browser: &Browser, path: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    browser.go(path);
    while browser.text("main").contains("Đang giải mã") {
        assert!(std::time::Instant::now() < deadline);
        browser.go(path);
    }
}

/// Releases the month with the password once more.
pub fn approve(browser: &Browser, path: &str, password: &str) {
    browser.go(&format!("{path}/approve"));
    browser.fill("[name=document]", "12/PD-TTVH");
    browser.fill("[name=password]", password);
    browser.send("#approve button");
}

#[test]
fn a_month_is_made_returned_approved_and_changed_beside_the_approved_one() {
    let station = Station::new(&[]);
    station.settle("");
    for (id, name, role) in [
        ("lan", "Nguyễn Thị Lan", Role::Editor),
        ("minh", "Trần Văn Minh", Role::Editor),
        ("hoa", "Lê Thị Hoa", Role::Approver),
    ] {
        person(&station, id, name, &[role]);
    }
    let daemon = station.daemon_alone();
    let base = pages(&daemon);
    let month = this_month();
    let path = format!("/month/{month}");
    let (lan, hoa) = (sign_in(&base, "lan"), sign_in(&base, "hoa"));
    lan.go("/months");
    look(&lan, "months-empty");
    lan.fill("[name=month]", &month);
    lan.send("form.row button");
    assert_eq!(lan.path(), path);
    look(&lan, "month-empty");
    send_audio(&lan, &station, &month);
    lan.go(&path);
    fill(&lan, [&format!("{month}/tin-tuc.wav"), &format!("{month}/nhac-hieu.wav")], "17:00:00");
    lan.send(".segments li:nth-child(2) button[value=segment-up]");
    assert_eq!(lan.value(".segments li:first-child input[name=title]"), "nhac hieu");
    // The same by dragging, there and back.
    for first in ["tin tuc", "nhac hieu"] {
        lan.drag(".segments li:nth-child(2) .grip", ".segments li:first-child");
        assert_eq!(lan.value(".segments li:first-child input[name=title]"), first);
    }
    checked(&lan, &path);
    look(&lan, "month");

    // Two people at once: the second is told, nothing is lost, and what was typed is saved when asked.
    let minh = sign_in(&base, "minh");
    minh.go(&path);
    retitle(&lan, "Nhạc hiệu chương trình");
    retitle(&minh, "Tên của Minh");
    assert!(minh.text(".flash.bad").contains("Nguyễn Thị Lan đã lưu"));
    assert!(minh.text("tbody").contains("Tên của Minh Nhạc hiệu chương trình"), "{}", minh.text("tbody"));
    look(&minh, "month-stale");
    minh.send("form[action^='/month/'] button");
    assert_eq!(minh.value(".segments li:first-child input[name=title]"), "Tên của Minh");

    // The approver gives it back, then releases it.
    hoa.go(&format!("{path}/approve"));
    look(&hoa, "approve");
    hoa.fill("[name=words]", "Ghi rõ tên tiết mục đầu");
    hoa.send("form[action$='/return'] button");
    lan.go(&path);
    assert!(lan.text("main").contains("Ghi rõ tên tiết mục đầu"));
    retitle(&lan, "Nhạc hiệu chuyên mục");
    approve(&hoa, &path, "không phải mật khẩu");
    assert!(hoa.text(".flash.bad").contains("không đúng"));
    approve(&hoa, &path, PASSWORD);
    assert!(hoa.text("main").contains("Lê Thị Hoa duyệt"));
    look(&hoa, "month-approved");
    assert_eq!(station.json(&["check", &month]).remove(0)["ready"], true);
    daemon.until_entered(&["\"kind\":\"schedule.accept\"", "Lê Thị Hoa", "12/PD-TTVH", "\"revision\":1"]);
    beside(&lan, &hoa, &station, &month);
    daemon.until_entered(&["\"kind\":\"schedule.accept\"", "\"revision\":2"]);
    daemon.end();
    station.ok(&["verify"]);
}

/// What is changed of an approved month stands beside it until it is approved itself; other audio voids it.
fn beside(lan: &Browser, hoa: &Browser, station: &Station, month: &str) {
    let path = format!("/month/{month}");
    lan.go(&path);
    retitle(lan, "Nhạc hiệu mới");
    assert!(lan.text("main").contains("Bản đã duyệt trước vẫn phát"));
    assert_eq!(station.json(&["check", month]).remove(0)["ready"], true);
    lan.go(&format!("{path}/compare"));
    look(lan, "compare");
    assert!(lan.text(".changed ins").contains("Nhạc hiệu mới"));
    // What was returned and is released all the same counts as released.
    hoa.go(&format!("{path}/approve"));
    hoa.fill("[name=words]", "Xem lại tên");
    hoa.send("form[action$='/return'] button");
    assert!(hoa.text("main").contains("Xem lại tên"));
    approve(hoa, &path, PASSWORD);
    assert!(hoa.text("main").contains("Lê Thị Hoa duyệt"));
    assert!(!station.path(&format!("schedules/{month}.draft.toml")).exists());
    assert_eq!(station.json(&["check", month]).remove(0)["ready"], true);
    noise(&station.path(&format!("media/{month}/nhac-hieu.wav")), 3, 99);
    checked(lan, &path);
    assert!(lan.text("main").contains("không còn hiệu lực"));
    look(lan, "month-void");
    lan.go("/months");
    look(lan, "months");
}

#[test]
fn a_month_written_by_hand_is_taken_over_only_when_asked() {
    let mut station = Station::new(&[("a.wav", 2)]);
    station.settle("");
    station.schedule(&["a.wav"], &[chrono::Utc::now() + chrono::TimeDelta::minutes(10)]);
    let file = station.path(&format!("schedules/{}.toml", this_month()));
    let text = format!("# Ghi chú của biên tập\n{}", std::fs::read_to_string(&file).unwrap());
    std::fs::write(&file, &text).unwrap();
    person(&station, "lan", "Nguyễn Thị Lan", &[Role::Editor]);
    let daemon = station.daemon_alone();
    let lan = sign_in(&pages(&daemon), "lan");
    lan.go(&format!("/month/{}", this_month()));
    assert!(!lan.has("button[value=segment]"));
    look(&lan, "month-by-hand");
    lan.send("button[value=take-over]");
    assert!(lan.has("button[value=segment]"));
    let names = std::fs::read_dir(station.path("schedules")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = names.filter(|path| path.extension().is_some_and(|end| end == "bak")).collect();
    assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), text);
    daemon.end();
}

#[test]
fn a_month_is_made_ordered_and_approved_without_script() {
    let station = Station::new(&[]);
    station.settle("");
    person(&station, "lan", "Nguyễn Thị Lan", &[Role::Editor]);
    person(&station, "hoa", "Lê Thị Hoa", &[Role::Approver]);
    let daemon = station.daemon_alone();
    let base = pages(&daemon);
    let month = this_month();
    let path = format!("/month/{month}");
    let lan = Browser::without_script(&base, 1280, 900);
    lan.sign_in("lan", PASSWORD);
    lan.go("/months");
    lan.fill("[name=month]", &month);
    lan.send("main form.row button");
    assert_eq!(lan.path(), path);
    lan.go(&format!("{path}/audio"));
    for (n, name) in ["mot.wav", "hai.wav"].into_iter().enumerate() {
        let file = station.path("data").join(name);
        noise(&file, 2, n as u64);
        lan.give("input[type=file]", &[&file]);
        lan.send("form.drop button");
    }
    lan.go(&path);
    fill(&lan, [&format!("{month}/mot.wav"), &format!("{month}/hai.wav")], "17:00:00");
    lan.send(".segments li:nth-child(2) button[value=segment-up]");
    assert_eq!(lan.value(".segments li:first-child input[name=title]"), "hai");
    checked(&lan, &path);
    let hoa = Browser::without_script(&base, 360, 800);
    hoa.sign_in("hoa", PASSWORD);
    approve(&hoa, &path, PASSWORD);
    assert!(hoa.text("main").contains("Lê Thị Hoa duyệt"));
    daemon.end();
}
