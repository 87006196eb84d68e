//! What a centre shows of its stations: states, days, contradictions, readiness, enrolment – read by people in a browser.

use std::fs;

use chrono::TimeDelta;
use loa::{
    control::{Centre, Folder, Home, Role},
    evidence::{Body, Outcome},
    units::Month,
};

use crate::{
    home::bring,
    support::{
        browser::Browser,
        far::{Far, centre, opened, today},
        history::march,
        station::{Station, leaves},
        visitor::{Answer, Visitor},
    },
    web_on_air::{PASSWORD, look, pages, person},
};

/// As long as the name of a unit may be.
const LONG: &str = "phường có tên rất dài được ghép từ nhiều xã và thị trấn cũ sau khi sắp xếp lại 2025";
/// The name of a unit from a plan that somebody wrote to harm.
const SCRIPT: &str = "<script>alert('x')</script> & \"xã\"";

/// A centre with its people.
fn place() -> Station {
    let place = centre(&[("pho-an", LONG), ("pho-bien", SCRIPT), ("pho-cao", "xã Phổ Cao")]);
    person(&place, "quan-tri", "Đỗ Văn Quản Trị", &[Role::Admin]);
    person(&place, "giam-sat", "Phạm Thị Giám Sát", &[Role::Auditor]);
    place
}

/// This month and the next, both ready.
fn ready() -> [(Month, bool); 2] {
    let this = Month::of(today());
    [(this, true), (this.next(), true)]
}

/// Stations in every state there is: well, quiet, silent, never heard, asking, revoked, of an earlier epoch, and two whose
/// logs contradict themselves.
fn fill(centre: &Centre) {
    let this = Month::of(today());
    let minutes = TimeDelta::minutes;
    let mut well = Far::new("pho-an");
    for back in 0..20 {
        let day = today() - TimeDelta::days(back);
        let outcomes = [Outcome::Full, Outcome::Partial, Outcome::Missed];
        well.ended(day, if back < 2 { Outcome::Full } else { outcomes[usize::try_from(back % 3).unwrap()] });
        well.ended(day, Outcome::Full);
    }
    well.joins(centre);
    well.heard(centre, minutes(1), &ready(), &[]);
    let mut quiet = Far::new("pho-bien");
    quiet.ended(today(), Outcome::Missed);
    quiet.joins(centre);
    quiet.heard(centre, minutes(20), &[(this, false)], &[("disk", "error"), ("clock", "warning")]);
    let mut silent = Far::new("pho-cao");
    silent.enter(Body::Heartbeat {});
    silent.joins(centre);
    silent.heard(centre, TimeDelta::days(2), &[(this, true)], &[]);
    Far::new("chua-tin").joins(centre);
    Far::new("xin-vao").asks(centre);
    let gone = Far::new("da-thoi");
    gone.asks(centre);
    assert!(
        centre
            .fleet
            .stand(&gone.origin, gone.key.public(), loa::fleet::Standing::Revoked, "Lê Văn C", 1)
            .unwrap()
    );
    for epoch in [1, 2] {
        let far = Far::of_epoch("hai-ky", epoch);
        far.joins(centre);
        far.heard(centre, minutes(2), &ready(), &[]);
    }
    contradict(centre);
}

/// One station signs two histories, another's log is rolled back.
fn contradict(centre: &Centre) {
    let mut fork = Far::new("hai-lich-su");
    fork.enter(Body::Heartbeat {});
    let mut other = fork.clone();
    fork.ended(today(), Outcome::Full);
    fork.joins(centre);
    other.ended(today(), Outcome::Missed);
    other.enter(Body::Heartbeat {});
    assert!(other.brings(centre).unwrap_err().contains("do not continue"));
    // What it says of itself from then on is no further contradiction, however short that history is.
    let held = || centre.known(&fork.origin).unwrap();
    centre.hear(&held(), &fork.word(TimeDelta::minutes(5), &ready(), &[])).unwrap();
    other.leaves.truncate(2);
    centre.hear(&held(), &other.word(TimeDelta::minutes(1), &ready(), &[])).unwrap();
    assert_eq!(centre.fleet.forks_of(&fork.origin).unwrap().len(), 1);
    let mut back = Far::new("bi-lui");
    (0..5).for_each(|_| back.enter(Body::Heartbeat {}));
    back.joins(centre);
    let held = || centre.known(&back.origin).unwrap();
    centre.hear(&held(), &back.word(TimeDelta::minutes(5), &ready(), &[])).unwrap();
    let mut shorter = back.clone();
    shorter.leaves.truncate(2);
    centre.hear(&held(), &shorter.word(TimeDelta::minutes(2), &ready(), &[])).unwrap();
    centre.hear(&held(), &shorter.word(TimeDelta::minutes(1), &ready(), &[])).unwrap();
    assert_eq!(centre.fleet.forks_of(&back.origin).unwrap().len(), 1, "it is said once");
}

fn signed_in(base: &str, id: &str) -> Visitor {
    let visitor = Visitor::at(base);
    assert_eq!(visitor.sign_in(id, PASSWORD).status, 303);
    visitor
}

/// The line of the list about the log called `origin`.
fn line(answer: &Answer, origin: &str) -> String {
    let rows = answer.text.split("<tr>");
    let of = rows.into_iter().find(|row| row.contains(&format!("<span class=\"small\">{origin}</span>")));
    of.unwrap_or_else(|| panic!("{origin}: {}", answer.text)).to_owned()
}

#[test]
fn the_list_says_of_every_station_how_it_stands() {
    let place = place();
    fill(&opened(&place));
    let daemon = place.daemon_alone();
    let auditor = signed_in(&pages(&daemon), "giam-sat");
    let page = auditor.get("/fleet");
    assert_eq!(page.status, 200, "{}", page.text);
    for (origin, parts) in [
        ("loa/station/pho-an/1", &[LONG, "class=\"tag ok\">● ", "sẵn sàng", "1 Phát đủ, 1 Không phát"][..]),
        ("loa/station/pho-bien/1", &["◐ có tin 2", "chưa đủ", "Đĩa sắp đầy", "1 Không phát"]),
        ("loa/station/pho-cao/1", &["có tin 2 ngày trước", "chưa có"]),
        ("loa/station/chua-tin/1", &["chưa có tin lần nào"]),
        ("loa/station/xin-vao/1", &["chờ ghi danh"]),
        ("loa/station/da-thoi/1", &["đã thu hồi"]),
        ("loa/station/hai-ky/1", &["kỳ nhật ký cũ"]),
        ("loa/station/hai-ky/2", &["class=\"tag ok\">● "]),
        ("loa/station/hai-lich-su/1", &["Nhật ký mâu thuẫn"]),
        ("loa/station/bi-lui/1", &["Nhật ký mâu thuẫn"]),
    ] {
        let line = line(&page, origin);
        for part in parts {
            assert!(line.contains(part), "{origin} lacks {part}: {line}");
        }
    }
    assert!(!page.text.contains("<script>alert"), "names are no markup");
    assert!(page.text.contains("&#60;script&#62;alert"), "{}", page.text);
    let alarm = page.text.split("class=\"alarm\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(alarm.contains("hai-lich-su") && alarm.contains("bi-lui"), "{alarm}");
    // Fourteen days, or the month.
    assert_eq!(page.text.matches("<th scope=\"col\"").count(), 2 + 14);
    let month = auditor.get("/fleet?days=month");
    let this = Month::of(today());
    let days = this.first().iter_days().take_while(|day| this.contains(*day)).count();
    assert_eq!(month.text.matches("<th scope=\"col\"").count(), 2 + days);
    // What needs attention, and what is looked for, with marks or without.
    let attention = auditor.get("/fleet?only=attention").text;
    for (origin, wanted) in
        [("pho-an/1", false), ("pho-bien/1", true), ("hai-ky/1", false), ("xin-vao/1", true)]
    {
        assert_eq!(attention.contains(&format!("loa/station/{origin}</span>")), wanted, "{origin}");
    }
    for words in ["pho+cao", "X%C3%83+PH%E1%BB%94+CAO", "station/pho-cao"] {
        let found = auditor.get(&format!("/fleet?q={words}")).text;
        assert!(found.contains("pho-cao/1</span>") && !found.contains("pho-an/1</span>"), "{words}");
    }
    let looked = leaves(&place).iter().filter(|leaf| leaf.contains("/fleet?only=attention")).count();
    assert_eq!(looked, 1, "an auditor's look is an entry");
    daemon.end();
}

#[test]
fn a_folder_that_is_no_centre_has_none_of_these_pages() {
    let station = Station::new(&[]);
    station.settle("");
    person(&station, "quan-tri", "Đỗ Văn Quản Trị", &[Role::Admin]);
    let daemon = station.daemon_alone();
    let admin = signed_in(&pages(&daemon), "quan-tri");
    for path in [
        "/fleet",
        "/fleet/ready/2022-03",
        "/fleet/station/loa%2Fstation%2Fx%2F1",
        "/fleet/station/loa%2Fstation%2Fx%2F1/log",
    ] {
        assert_eq!(admin.get(path).status, 404, "{path}");
    }
    let form = [("origin", "loa/station/x/1"), ("password", PASSWORD), ("reason", "x")];
    for path in ["/fleet/enrol", "/fleet/revoke"] {
        assert_eq!(admin.post(path, &form).status, 404, "{path}");
    }
    assert!(!admin.get("/on-air").text.contains("href=\"/fleet\""), "nothing leads there");
    daemon.end();
}

#[test]
fn a_station_is_enrolled_by_its_code_and_revoked_with_a_reason() {
    let place = place();
    let centre = opened(&place);
    let far = Far::new("xin-vao");
    far.asks(&centre);
    let code = centre.code_of(&centre.known(&far.origin).unwrap());
    let daemon = place.daemon_alone();
    let admin = signed_in(&pages(&daemon), "quan-tri");
    let path = "/fleet/station/loa%2Fstation%2Fxin-vao%2F1";
    let asks = admin.get(path);
    assert!(
        asks.text.contains("id=\"enrol\"") && !asks.text.contains(&code),
        "the code comes from the station"
    );
    let standing = || centre.known(&far.origin).unwrap().standing.code();
    let enrol = |code: &str, password: &str| {
        let form = [("origin", far.origin.as_str()), ("code", code), ("password", password)];
        let answer = admin.post("/fleet/enrol", &form);
        assert_eq!((answer.status, answer.header("location")), (303, path));
        admin.get(path).text
    };
    let entered = |text: &str| leaves(&place).iter().filter(|leaf| leaf.contains(text)).count();
    assert!(enrol("0000-0000-0000", PASSWORD).contains("Mã không khớp"), "a wrong code");
    assert!(enrol(&code, "sai mật khẩu").contains("role=\"alert\""), "a wrong password");
    assert_eq!((standing(), entered("enrol loa/station/xin-vao/1")), ("asked", 0), "no change, no entry");
    assert!(enrol(&code, PASSWORD).contains("Đã ghi danh"));
    assert_eq!((standing(), entered("enrol loa/station/xin-vao/1")), ("enrolled", 1));
    assert!(admin.get("/fleet").text.contains("chưa có tin lần nào"), "at once on the list");
    let revoke = |reason: &str, password: &str| {
        let form = [("origin", far.origin.as_str()), ("reason", reason), ("password", password)];
        assert_eq!(admin.post("/fleet/revoke", &form).status, 303);
        admin.get(path).text
    };
    assert!(revoke(" ", PASSWORD).contains("phải ghi lý do"));
    assert!(revoke("máy bị trộm", "sai").contains("role=\"alert\""));
    assert_eq!((standing(), entered("revoke loa/station")), ("enrolled", 0));
    assert!(revoke("máy bị trộm", PASSWORD).contains("Đã thu hồi"));
    assert_eq!((standing(), entered("revoke loa/station/xin-vao/1: máy bị trộm")), ("revoked", 1));
    assert!(centre.may_enrol(&far.origin, &code).is_err(), "nobody enrols it once more");
    // An auditor looks, and changes nothing.
    let auditor = signed_in(&pages(&daemon), "giam-sat");
    let page = auditor.get(path).text;
    assert!(page.contains(&code) && !page.contains("id=\"revoke\"") && !page.contains("id=\"enrol\""));
    daemon.end();
}

#[test]
fn both_signed_heads_of_a_contradiction_are_shown_in_full() {
    let place = place();
    let centre = opened(&place);
    contradict(&centre);
    let daemon = place.daemon_alone();
    let auditor = signed_in(&pages(&daemon), "giam-sat");
    for fork in centre.fleet.forks(10).unwrap() {
        let page = auditor.get(&format!("/fleet/station/{}", fork.origin.replace('/', "%2F"))).text;
        let halves: Vec<&str> = page.split("<code class=\"half\">").skip(1).collect();
        let shown = |half: &str| {
            let text = half.split("</code>").next().unwrap();
            text.replace("&#34;", "\"").replace("&#38;", "&").replace("&#43;", "+")
        };
        assert_eq!([shown(halves[0]), shown(halves[1])], [fork.held.clone(), fork.came.clone()], "{page}");
        assert_eq!(page.matches("✓ do khóa của đài ký").count(), 2, "{page}");
    }
    daemon.end();
}

#[test]
fn a_contradiction_that_an_officer_settled_is_kept_and_red_no_more() {
    let place = place();
    let centre = opened(&place);
    contradict(&centre);
    let daemon = place.daemon_alone();
    let base = pages(&daemon);
    let (admin, auditor) = (signed_in(&base, "quan-tri"), signed_in(&base, "giam-sat"));
    let path = "/fleet/station/loa%2Fstation%2Fhai-lich-su%2F1";
    assert!(!auditor.get(path).text.contains("id=\"settle\""), "an auditor settles nothing");
    let seen = centre.fleet.forks(9).unwrap().into_iter().find(|fork| fork.origin.contains("hai-lich-su"));
    let (seen, halves) = seen.map(|fork| (fork.at_ms, [fork.held, fork.came])).unwrap();
    let settle = |reason: &str, seen: i64, password: &str| {
        let (origin, seen) = ("loa/station/hai-lich-su/1", seen.to_string());
        let form = [("origin", origin), ("seen", &*seen), ("reason", reason), ("password", password)];
        assert_eq!(admin.post("/fleet/settle", &form).status, 303);
        admin.get(path).text
    };
    let entered = || leaves(&place).iter().filter(|leaf| leaf.contains("settle loa/station/hai-l")).count();
    let open = || centre.fleet.forks(9).unwrap().iter().filter(|fork| fork.settled.is_none()).count();
    assert!(settle(" ", seen, PASSWORD).contains("phải ghi lý do"));
    assert!(settle("máy cũ", seen, "sai").contains("role=\"alert\""));
    // What came behind the page that was seen is not settled by it.
    assert!(settle("máy cũ", seen - 1, PASSWORD).contains("không có mâu thuẫn nào chưa giải quyết"));
    assert_eq!((open(), entered()), (2, 0), "no change, no entry");
    let page = settle("máy cũ đã cất, theo <b>biên bản 3</b>", seen, PASSWORD);
    assert_eq!((open(), entered()), (1, 1));
    assert!(
        page.contains("Đỗ Văn Quản Trị xác định đã giải quyết") && page.contains("&#60;b&#62;biên bản 3"),
        "{page}"
    );
    assert!(!page.contains("class=\"alarm\"") && !page.contains("id=\"settle\""), "{page}");
    assert_eq!(page.matches("<code class=\"half\">").count(), 2, "both statements stay");
    let list = admin.get("/fleet").text;
    let alarm = list.split("class=\"alarm\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(!alarm.contains("hai-lich-su") && alarm.contains("bi-lui"), "{alarm}");
    // The other one by the command line, and there is nothing left to settle.
    let words = ["fleet", "settle", "loa/station/bi-lui/1", "--reason", "bản sao cũ", "--by", "Lê C"];
    place.ok(&words);
    assert_eq!(place.json(&words)[0]["no"]["code"], "fleet-settle-none");
    assert!(place.ok(&["fleet"]).contains("Settled by Lê C"));
    admin.get("/fleet");
    let forks = place.json(&["fleet"]).remove(0)["forks"].clone();
    assert!(forks.as_array().unwrap().iter().all(|fork| !fork["settled"].is_null()), "{forks}");
    // A new contradiction of the same log is red again.
    let mut held = loa::fleet::Fork {
        origin: "loa/station/hai-lich-su/1".into(),
        what: "fork".into(),
        held: halves[0].clone(),
        came: halves[1].clone(),
        at_ms: seen,
        settled: None,
    };
    centre.fleet.split(&held).unwrap();
    assert_eq!(open(), 0, "the same once more is known already");
    held.came.push('x');
    centre.fleet.split(&held).unwrap();
    assert!(admin.get(path).text.contains("class=\"alarm\""));
    daemon.end();
}

/// A centre with the March of 2022 of a station of Phổ Hòa, and that station.
fn with_march() -> (Station, Station, String) {
    let station = Station::new(&[]);
    station.settle("");
    fs::copy("config/plan-2022.toml", station.path("config/plan-2022.toml")).unwrap();
    march(&station, 7);
    station.settle(&format!("\n[centre]\nfolder = \"{}\"\n", station.path("stick").display()));
    let home = Home::open(Folder::open(&station.path("")).unwrap().into()).unwrap().unwrap();
    let place = place();
    bring(&opened(&place), &home);
    let origin = home.origin().replace('/', "%2F");
    (place, station, format!("/fleet/station/{origin}"))
}

#[test]
fn an_airing_is_followed_from_the_list_down_to_its_proof() {
    let (place, station, path) = with_march();
    let daemon = place.daemon_alone();
    let auditor = signed_in(&pages(&daemon), "giam-sat");
    let rows = auditor.get(&format!("{path}/log?month=2022-03"));
    assert_eq!(rows.status, 200, "{}", rows.text);
    assert!(!rows.text.contains("href=\"/log/") && !rows.text.contains("action=\"/log"), "{}", rows.text);
    let own = station.rows();
    let slot =
        own.iter().find(|row| row["outcome"] == "full" && row["slot"].is_string()).unwrap()["slot"].clone();
    let airing = format!("{path}/log/slot/{}", slot.as_str().unwrap());
    assert!(rows.text.contains(&format!("href=\"{airing}\"")), "{airing}: {}", rows.text);
    let page = auditor.get(&airing);
    let leaf = page.text.split("data-entry=\"").nth(1).unwrap();
    let entry = leaf.split('"').next().unwrap();
    assert!(!page.text.contains("/log/note"), "nobody writes in another's log");
    let proof = auditor.get(&format!("{path}/log/proof/{entry}"));
    assert!(proof.text.starts_with("c2sp.org/tlog-proof@v1\nindex "), "{}", proof.text);
    let step = auditor.post(&format!("{path}/log/check"), &[("entry", entry), ("back", &airing)]);
    assert!(
        step.text.contains("class=\"flash good\"") && step.text.contains(&format!("{airing}?entry={entry}"))
    );
    let elsewhere = auditor.post(&format!("{path}/log/check"), &[("entry", entry), ("back", "/log/x")]);
    assert!(elsewhere.text.contains(&format!("href=\"{path}/log?entry=")), "{}", elsewhere.text);
    let verified = auditor.post(&format!("{path}/log/verify"), &[]);
    assert!(verified.text.contains(&format!("href=\"{path}/log\"")), "{}", verified.text);
    let bundle = auditor.get(&format!("{path}/log/bundle?month=2022-03"));
    assert_eq!((bundle.status, &bundle.bytes[..4]), (200, &b"PK\x03\x04"[..]));
    let file = place.path("of-station.zip");
    fs::write(&file, &bundle.bytes).unwrap();
    let report = place.json(&["verify", &file.display().to_string()]).remove(0);
    let came = opened(&place).known(&auditor_origin(&path)).unwrap().frontier;
    assert_eq!((&report["size"], &report["root"]), (&came.size().into(), &came.root().to_string().into()));
    for wrong in ["/fleet/station/loa%2Fstation%2Fnobody%2F1", "/fleet/station/x/log", "/fleet/station/x"] {
        assert_eq!(auditor.get(wrong).status, 404, "{wrong}");
    }
    daemon.end();
}

fn auditor_origin(path: &str) -> String {
    path.trim_start_matches("/fleet/station/").replace("%2F", "/")
}

#[test]
fn who_does_not_hold_a_month_is_named_with_a_letter() {
    let place = place();
    fill(&opened(&place));
    let daemon = place.daemon_alone();
    let auditor = signed_in(&pages(&daemon), "giam-sat");
    let this = Month::of(today());
    let page = auditor.get(&format!("/fleet/ready/{this}")).text;
    let letter = page.split("<textarea").nth(1).unwrap().split("</textarea>").next().unwrap();
    assert!(letter.contains("Kính gửi") && letter.contains("đài chưa báo gì về trung tâm"), "{letter}");
    assert!(letter.contains("đài đã có lịch lần 2 nhưng chưa được duyệt"), "{letter}");
    assert!(letter.contains("đã bắt đầu") && !letter.contains("trước ngày"), "no day that is past: {letter}");
    assert!(!letter.contains(LONG) && !letter.contains("xã Phổ Cao"), "who is ready is not urged: {letter}");
    let next = auditor.get(&format!("/fleet/ready/{}", this.next())).text;
    assert!(next.contains("xã Phổ Cao: đài chưa có lịch phát của tháng"), "{next}");
    assert!(!next.contains("xin-vao") && !next.contains("da-thoi"), "who does not belong is not urged");
    assert_eq!(auditor.get("/fleet/ready/x").status, 404);
    daemon.end();
}

#[test]
fn the_pages_of_the_fleet_are_looked_at_in_a_browser() {
    let (place, _station, path) = with_march();
    fill(&opened(&place));
    let daemon = place.daemon_alone();
    let browser = Browser::open(&pages(&daemon), 1280, 900);
    browser.sign_in("quan-tri", PASSWORD);
    browser.go("/fleet");
    look(&browser, "fleet");
    browser.script("document.querySelector('table.fleet').scrollIntoView()", Vec::new());
    look(&browser, "fleet-lines");
    browser.size(390, 844);
    browser.script("document.querySelector('table.fleet').scrollIntoView()", Vec::new());
    browser.picture("fleet-table-phone");
    browser.size(1280, 900);
    browser.go("/fleet?days=month&only=attention");
    look(&browser, "fleet-attention");
    browser.go("/fleet?q=khong-co");
    look(&browser, "fleet-nothing");
    browser.go(&format!("/fleet/ready/{}", Month::of(today())));
    look(&browser, "fleet-ready");
    for (id, name) in [
        ("hai-lich-su", "fleet-fork"),
        ("bi-lui", "fleet-rollback"),
        ("xin-vao", "fleet-asks"),
        ("pho-bien", "fleet-script"),
    ] {
        browser.go(&format!("/fleet/station/loa%2Fstation%2F{id}%2F1"));
        look(&browser, name);
    }
    browser.go(&path);
    look(&browser, "fleet-station");
    browser.go(&format!("{path}/log?month=2022-03"));
    look(&browser, "fleet-log");
    browser.click(".cards td a");
    browser.find(".checkpoint");
    look(&browser, "fleet-airing");
    browser.go(&path);
    browser.send(&format!("form[action='{path}/log/verify'] button"));
    look(&browser, "fleet-verified");
    browser.go("/matrix/2022-03/pho-hoa");
    assert!(browser.text("h1").contains("03/2022"));
    look(&browser, "matrix-cell");
    daemon.end();
}

#[test]
fn a_centre_without_stations_says_what_to_do() {
    let place = place();
    let daemon = place.daemon_alone();
    let browser = Browser::open(&pages(&daemon), 1280, 900);
    browser.sign_in("giam-sat", PASSWORD);
    browser.go("/fleet");
    assert!(browser.text("main").contains("loa init --centre"), "{}", browser.text("main"));
    look(&browser, "fleet-empty");
    browser.go("/fleet/ready/2026-07");
    look(&browser, "fleet-ready-empty");
    daemon.end();
}
