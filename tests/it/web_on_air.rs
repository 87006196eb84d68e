//! The pages in a real browser: the first admin, signing in, what is on air, the stop key.

use loa::control::{Folder, Role, change_people};
use serde_json::Value;

use crate::support::{
    browser::Browser,
    pulse::Server,
    station::{Daemon, Station, in_seconds},
};

/// Of everybody whom [`person`] lets in.
pub const PASSWORD: &str = "một câu dễ nhớ";

/// Where the pages of `daemon` are.
pub fn pages(daemon: &Daemon<'_>) -> String {
    let status = daemon.until("pages", |status| status["web"].is_string());
    status["web"].as_str().unwrap().to_owned()
}

/// Lets `id` sign in with [`PASSWORD`].
pub fn person(station: &Station, id: &str, name: &str, roles: &[Role]) {
    let folder = Folder::open(&station.path("")).unwrap();
    change_people(&folder, |people| people.add(id, name, roles, Some(PASSWORD))).unwrap();
}

/// No page may be wider than its window, or have a fault that axe-core knows.
pub fn look(browser: &Browser, name: &str) {
    for (width, height, size) in [(1280, 900, "wide"), (390, 844, "phone")] {
        browser.size(width, height);
        browser.picture(&format!("{name}-{size}"));
        assert!(!browser.overflows(), "{name} is wider than {width}");
        assert_eq!(browser.violations(), Vec::<String>::new(), "{name} at {width}");
    }
    browser.size(1280, 900);
}

#[test]
fn the_first_admin_comes_by_the_link_and_nobody_by_it_again() {
    let station = Station::new(&[]);
    station.settle("");
    let daemon = station.daemon_alone();
    let base = pages(&daemon);
    let trace = std::fs::read_to_string(station.path("stderr.txt")).unwrap();
    let link = trace.split_whitespace().find(|word| word.contains("/set-up/")).unwrap().replace(&base, "");
    let browser = Browser::open(&base, 1280, 900);
    browser.go("/");
    assert_eq!(browser.path(), "/sign-in");
    look(&browser, "sign-in");
    browser.go(&link);
    look(&browser, "set-up");
    browser.fill("[name=name]", "Nguyễn Thị Thanh Hương");
    browser.fill("[name=id]", "huong");
    browser.fill("[name=password]", PASSWORD);
    browser.fill("[name=password2]", "một câu khác hẳn");
    browser.send("form.stack button");
    assert!(browser.text(".flash.bad").contains("không giống nhau"));
    browser.fill("[name=password]", PASSWORD);
    browser.fill("[name=password2]", PASSWORD);
    browser.send("form.stack button");
    browser.sign_in("huong", "không phải mật khẩu");
    assert!(browser.text(".flash.bad").contains("không đúng"));
    browser.sign_in("huong", PASSWORD);
    assert_eq!(browser.text(".who a"), "Nguyễn Thị Thanh Hương");
    browser.go(&link);
    look(&browser, "missing");
    assert!(browser.text(".flash.bad").contains("Không có trang này"));
    browser.go("/on-air");
    look(&browser, "on-air-empty");
    browser.send(".lang button");
    assert_eq!(browser.text("h1"), "On air");
    daemon.end();
    station.ok(&["verify"]);
}

#[test]
fn a_programme_is_seen_live_and_stopped_with_a_reason() {
    let mut station = Station::new(&[("a.wav", 60)]);
    let server = Server::start();
    person(&station, "an", "Trần Văn An", &[Role::Operator]);
    let slots = station.schedule(&["a.wav"], &[in_seconds(40), in_seconds(600)]);
    station.approve();
    let daemon = station.daemon(&server);
    let browser = Browser::open(&pages(&daemon), 1280, 900);
    browser.sign_in("an", PASSWORD);
    browser.go("/on-air");
    browser.until(".now h2", |text| text == "Đang phát");
    // Whatever second it is when a slow machine looks.
    browser.until(".now .position", |text| text.contains(" / 1:00") && text >= "0:02");
    browser.until(".now", |text| text.contains(" dB"));
    browser.until(".lamps", |text| text.contains("đang nhận âm thanh"));
    look(&browser, "on-air");
    browser.fill(".stop [name=reason]", "có tin khẩn của phường");
    browser.send(".stop .danger");
    browser.until(".now h2", |text| text == "Không có chương trình đang phát");
    // The page that stays open tells how it ended.
    browser.until(".today", |text| text.contains("Phát một phần"));
    let rows = daemon.until_closed(1);
    let row = rows.iter().find(|row| row["slot"] == slots[0].as_str()).unwrap();
    assert_eq!((&row["outcome"], &row["reason"]), (&Value::from("partial"), &"operator-stop".into()));
    daemon.until_entered(&["\"act\":\"stop\"", "có tin khẩn của phường", "Trần Văn An"]);
    // What comes next is cancelled by its link.
    browser.go("/on-air");
    browser.click(".next a[href^='/on-air/cancel/']");
    look(&browser, "cancel");
    browser.fill("[name=reason]", "bão số 5");
    browser.send("button.danger");
    browser.until(".next", |text| text.contains("Chưa có lượt phát nào"));
    browser.go("/on-air/wall");
    look(&browser, "wall");
    daemon.end();
    station.ok(&["verify"]);
}
