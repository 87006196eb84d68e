//! What is typed into a month: kept where another saved first; and the calendar that says what is wrong about a time.

use loa::control::Role;

use super::{
    support::{
        browser::Browser,
        station::{Station, noise},
        visitor::{Answer, Visitor},
    },
    web_month::checked,
    web_on_air::{PASSWORD, look, pages, person},
};

const MONTH: &str = "2030-05";

fn seen(visitor: &Visitor) -> String {
    visitor.get(&format!("/month/{MONTH}")).hidden("seen")
}

fn change(visitor: &Visitor, seen: &str, fields: &[(&str, &str)]) -> Answer {
    visitor.post(&format!("/month/{MONTH}"), &[&[("seen", seen)], fields].concat())
}

/// Makes the month with programmes of these ids, of one file of three seconds.
fn begin(station: &Station, visitor: &Visitor, ids: &[&str]) {
    noise(&station.path(&format!("media/{MONTH}/a.wav")), 3, 1);
    assert_eq!(visitor.post("/months", &[("month", MONTH)]).status, 303);
    for id in ids {
        visitor.add_programme(MONTH, id, &format!("{MONTH}/a.wav"));
    }
}

#[test]
fn what_was_typed_is_kept_where_another_saved_first() {
    let station = Station::new(&[]);
    station.settle("");
    person(&station, "lan", "Nguyễn Thị Lan", &[Role::Editor]);
    person(&station, "minh", "Trần Văn Minh", &[Role::Editor]);
    let daemon = station.daemon_alone();
    let [lan, minh] = ["lan", "minh"].map(|id| {
        let visitor = Visitor::at(&pages(&daemon));
        visitor.sign_in(id, PASSWORD);
        visitor
    });
    begin(&station, &lan, &["cchc", "tin"]);
    let segment = |programme: &'static str, title: &'static str| {
        [("op", "segment"), ("programme", programme), ("n", "0"), ("kind", "music"), ("title", title)]
    };
    let old = seen(&minh);
    assert_eq!(change(&lan, &old, &segment("cchc", "Tên của Lan")).status, 303);
    let late = change(&minh, &old, &segment("cchc", "Tên <b>của</b> Minh"));
    assert_eq!(late.status, 409);
    assert!(late.text.contains("Nguyễn Thị Lan đã lưu"), "{}", late.text);
    assert!(
        late.text.contains("<td>Tên &#60;b&#62;của&#60;/b&#62; Minh</td><td>Tên của Lan</td>"),
        "{}",
        late.text
    );
    assert!(late.text.contains("Sửa tiết mục") && late.text.contains("<td>Nhạc</td>"), "{}", late.text);
    assert!(!minh.get(&format!("/month/{MONTH}")).text.contains("Minh&#60;"), "nothing is saved unasked");
    // Sent again as the page has it, it is saved into the newer revision.
    let fields = ["op", "programme", "n", "kind"].map(|name| (name, late.hidden(name)));
    let mut fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("title", "Tên <b>của</b> Minh"));
    assert_eq!(change(&minh, &late.hidden("seen"), &fields).status, 303);
    let page = minh.get(&format!("/month/{MONTH}")).text;
    assert!(page.contains("value=\"Tên &#60;b&#62;của&#60;/b&#62; Minh\""), "{page}");
    // What it is about is gone: what was typed is shown all the same, and cannot be sent.
    let old = seen(&minh);
    assert_eq!(change(&lan, &old, &[("op", "programme-remove"), ("programme", "tin")]).status, 303);
    let late = change(&minh, &old, &segment("tin", "Câu dài đã gõ"));
    assert_eq!(late.status, 409);
    assert!(late.text.contains("<td>Câu dài đã gõ</td>") && late.text.contains("không còn trong bản mới"));
    assert!(!late.text.contains("Lưu thay đổi của tôi"), "{}", late.text);
    // Several values of one name, and words of no programme.
    let slots = [
        ("op", "slots-add"),
        ("programme", "cchc"),
        ("day", "2030-05-06"),
        ("time", "05:30"),
        ("unit", "pho-hoa"),
        ("unit", "*"),
    ];
    let late = change(&minh, &old, &slots);
    assert_eq!(late.status, 409);
    assert!(late.text.contains("<td>pho-hoa, Mọi đơn vị</td>"), "{}", late.text);
    assert_eq!(late.text.matches("name=\"unit\"").count(), 2);
    daemon.end();
}

#[test]
fn a_calendar_shows_the_windows_and_says_which_slots_meet_or_lie_outside() {
    let station = Station::new(&[]);
    station.settle("");
    let file = station.path("config/station.toml");
    let settings = std::fs::read_to_string(&file).unwrap().replace(
        "ranges = [\"00:00-24:00\"]",
        "ranges = [\"05:00-07:00\", \"17:00-19:00\"]\nweekdays = [\"Mon\", \"Tue\", \"Wed\", \"Thu\", \"Fri\", \"Sat\"]",
    );
    station.set(&settings);
    person(&station, "lan", "Nguyễn Thị Lan", &[Role::Editor]);
    let daemon = station.daemon_alone();
    let base = pages(&daemon);
    let lan = Visitor::at(&base);
    lan.sign_in("lan", PASSWORD);
    begin(&station, &lan, &["cchc", "tin"]);
    for (programme, day, time) in [
        ("cchc", "06", "05:30"),
        ("tin", "06", "05:30:02"),
        ("cchc", "07", "12:00"),
        ("cchc", "08", "18:59:59"),
        ("cchc", "12", "05:30"),
        ("cchc", "13", "05:00"),
    ] {
        let day = format!("{MONTH}-{day}");
        let slot = [("op", "slots-add"), ("programme", programme), ("day", &day), ("time", time)];
        assert_eq!(change(&lan, &seen(&lan), &slot).status, 303);
    }
    let browser = Browser::open(&base, 1280, 900);
    browser.sign_in("lan", PASSWORD);
    let path = format!("/month/{MONTH}");
    checked(&browser, &path);
    assert_eq!(browser.text("h1"), "Chương trình tháng 05/2030");
    assert_eq!(browser.text("select[name=programme] [value=tin]"), "Cải cách hành chính (tin)");
    let calendar = browser.text(".month-grid");
    for (said, count) in [
        ("05:00–07:00, 17:00–19:00", 27 + 2),
        ("không có khung giờ", 4 + 2),
        ("Trùng giờ với Cải cách hành chính lúc 05:30:02; lượt trước phát đến 05:30:0", 1),
        ("Trùng giờ với Cải cách hành chính lúc 05:30; lượt trước phát đến 05:30:0", 1),
        ("Ngoài khung giờ được phát (05:00–07:00, 17:00–19:00). Dời vào khung giờ.", 1),
        ("Phát đến 19:00:0", 1),
        ("Ngày này không có khung giờ được phát. Dời sang ngày khác.", 1),
        ("05:00 Cải cách hành chính", 1),
    ] {
        let text = calendar.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text.matches(said).count(), count, "{said}: {text}");
    }
    browser.script("document.querySelector('.month-grid').scrollIntoView()", Vec::new());
    look(&browser, "month-calendar");
    // Who takes a programme away is asked first, and may say no.
    browser.script("window.confirm = (words) => { document.title = words; return false; }", Vec::new());
    browser.click(".programme-card summary");
    browser.click("[value=programme-remove]");
    let asked = browser.script("return document.title", Vec::new());
    assert_eq!(asked, "Bỏ “Cải cách hành chính”?");
    assert_eq!(lan.get(&path).text.matches("value=\"programme-remove\"").count(), 2);
    daemon.end();
}
