//! Signing in, from outside: guesses, first passwords, sessions that end, forged forms, strange hosts, the first admin.

use chrono::TimeDelta;

use super::support::{
    clock::Clocks,
    station::{Daemon, Station},
    visitor::{Answer, Visitor},
};

const PASSWORD: &str = "mật khẩu để thử";

/// A station whose admin is `an`, with `more` settings of the pages.
fn station(more: &str) -> Station {
    let station = Station::new(&[]);
    settled(&station, more);
    station
}

fn settled(station: &Station, more: &str) {
    station.settle("");
    let settings = std::fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("[web]\n", &format!("[web]\n{more}")));
    station.user("an", "admin", PASSWORD);
}

fn address(daemon: &Daemon<'_>) -> String {
    let status = daemon.until("the pages are open", |status| status["web"].is_string());
    status["web"].as_str().unwrap().to_owned()
}

fn leads_to(answer: &Answer, path: &str) {
    assert_eq!((answer.status, answer.header("location")), (303, path), "{}", answer.text);
}

#[test]
fn guesses_are_counted_by_name_and_by_machine() {
    let station = station("");
    station.user("binh", "editor", PASSWORD);
    let daemon = station.daemon_alone();
    let browser = Visitor::at(&address(&daemon));
    for n in 1..=5 {
        assert_eq!(browser.sign_in("an", "sai mật khẩu").status, 401, "guess {n}");
    }
    // Not even the right one any more, for this minute; other names go on.
    assert_eq!(browser.sign_in("an", PASSWORD).status, 429);
    assert_eq!(browser.sign_in("AN ", PASSWORD).status, 429);
    leads_to(&browser.sign_in("binh", PASSWORD), "/");
    let other = Visitor::at(&address(&daemon));
    // Twenty at once and one more every ten seconds, however many names are guessed.
    let guess = |n: usize| {
        other.ask("POST", "/sign-in", Some(&[("id", &format!("ai-{n}")), ("password", "sai")]), &[])
    };
    let refused = (0..60).map(|n| guess(n).status).position(|status| status == 429);
    assert!(refused.is_some_and(|n| n >= 12), "{refused:?}");
}

#[test]
fn a_first_password_is_changed_before_anything_else() {
    let station = station("");
    let add = ["user", "add", "binh", "--name", "Trần Văn Bình", "--role", "operator"];
    let first = station.json(&add)[0]["password"].as_str().unwrap().to_owned();
    let daemon = station.daemon_alone();
    let browser = Visitor::at(&address(&daemon));
    leads_to(&browser.sign_in("binh", &first), "/password");
    leads_to(&browser.get("/on-air"), "/password");
    leads_to(&browser.post("/on-air/stop", &[("reason", "x")]), "/password");
    let change = |old: &str, new: &str, again: &str| {
        browser.post("/password", &[("old", old), ("password", new), ("password2", again)])
    };
    for (old, new, again) in [
        (first.as_str(), "ngắn", "ngắn"),
        (&first, "một câu dễ nhớ", "một câu khác"),
        ("sai mật khẩu", "một câu dễ nhớ", "một câu dễ nhớ"),
        (&first, &first, &first),
    ] {
        leads_to(&change(old, new, again), "/password");
        leads_to(&browser.get("/on-air"), "/password");
    }
    leads_to(&change(&first, "một câu dễ nhớ", "một câu dễ nhớ"), "/");
    daemon.until_entered(&["\"people\"", "password binh (Trần Văn Bình): operator"]);
    assert_eq!(browser.get("/on-air").status, 200);
}

#[test]
fn a_session_ends_with_its_password_its_person_and_its_time() {
    let clocks = Clocks::new();
    let station = Station::on(&clocks, &[]);
    settled(&station, "idle_minutes = 1\n");
    let daemon = station.daemon_alone();
    let address = address(&daemon);
    let (one, two) = (Visitor::at(&address), Visitor::at(&address));
    leads_to(&one.sign_in("an", PASSWORD), "/");
    leads_to(&two.sign_in("an", PASSWORD), "/");
    let new = "một câu dễ nhớ";
    leads_to(&one.post("/password", &[("old", PASSWORD), ("password", new), ("password2", new)]), "/");
    assert!(one.is_in() && !two.is_in(), "who changed it stays, the other place does not");
    // Whoever does something stays for another minute; who does nothing is out after it.
    for _ in 0..3 {
        clocks.pass(TimeDelta::seconds(40));
        assert!(one.is_in());
    }
    let of = one.get("/on-air").hidden("of");
    clocks.pass(TimeDelta::seconds(61));
    leads_to(&one.get("/on-air"), "/sign-in?to=%2Fon-air");
    // Nobody lays a form before another by naming them.
    for made_up in ["an", "an:", "an:0123", "binh:0123", ""] {
        let fields = [("reason", "của người lạ"), ("of", made_up)];
        leads_to(&two.ask("POST", "/on-air/stop", Some(&fields), &[]), "/sign-in");
    }
    // What was sent too late waits for its sender, and for nobody else.
    let late = one.post("/on-air/stop", &[("reason", "mưa to"), ("of", &of)]);
    let again = late.header("location").to_owned();
    assert!(again.starts_with("/sign-in?again="), "{again}");
    let word = again.split_once('=').unwrap().1.to_owned();
    let moved =
        [("op", "segment-up"), ("programme", "cchc"), ("n", "1"), ("seen", "0123"), ("of", of.as_str())];
    let month = one.post("/month/2022-03", &moved).header("location").replace("/sign-in?again=", "/again/");
    let fields = [("id", "an"), ("password", new), ("again", &word)];
    leads_to(&one.ask("POST", "/sign-in", Some(&fields), &[]), &format!("/again/{word}"));
    let kept = one.get(&format!("/again/{word}"));
    assert!(kept.text.contains("mưa to") && kept.text.contains("action=\"/on-air/stop\""), "{}", kept.text);
    assert!(kept.text.contains("<dt>Lý do</dt>") && !kept.text.contains("<dt>of</dt>"), "{}", kept.text);
    assert!(kept.text.contains("Việc sẽ làm: <strong>Dừng phát ngay</strong>"), "{}", kept.text);
    // What the page had filled in is told in words, not by the names that the program has for it.
    let text = one.get(&month).text;
    assert!(text.contains("Việc sẽ làm: <strong>Đưa tiết mục lên</strong>"), "{text}");
    let told = [
        "<dt>Tháng</dt><dd>03/2022</dd>",
        "<dt>Chương trình</dt><dd>cchc</dd>",
        "<dt>Tiết mục thứ</dt><dd>2</dd>",
    ];
    assert!(told.iter().all(|told| text.contains(told)), "{text}");
    for own in ["op", "n", "seen", "programme"] {
        assert!(!text.contains(&format!("<dt>{own}</dt>")), "{own}: {text}");
        assert!(text.contains(&format!("name=\"{own}\"")), "it is sent as it was: {own}: {text}");
    }
    leads_to(&two.get(&format!("/again/{word}")), &format!("/sign-in?to=%2Fagain%2F{word}"));
    // Another tab that still shows the sign-in page goes on to it as well; another person does not get it.
    leads_to(&one.get(&again), &format!("/again/{word}"));
    station.user("binh", "admin", PASSWORD);
    let fields = [("id", "binh"), ("password", PASSWORD), ("again", &word)];
    leads_to(&two.ask("POST", "/sign-in", Some(&fields), &[]), "/");
    assert_eq!(two.get(&format!("/again/{word}")).status, 404);
    // Once it was sent it is kept no longer.
    leads_to(&one.post("/on-air/stop", &[("reason", "mưa to"), ("of", &of), ("kept", &word)]), "/on-air");
    assert_eq!(one.get(&format!("/again/{word}")).status, 404);
    // The other language is that of the same page.
    let page = one.get("/log?month=2022-03&q=a");
    assert!(page.text.contains("name=\"to\" value=\"/log?month=2022-03&#38;q=a\""), "{}", page.text);
    // Closed by an admin: out at the next page.
    station.ok(&["user", "change", "an", "--close"]);
    assert!(!one.is_in());
    assert_eq!(one.sign_in("an", new).status, 401);
}

#[test]
fn forged_forms_are_refused() {
    let station = station("");
    station.user("binh", "operator", PASSWORD);
    let daemon = station.daemon_alone();
    let address = address(&daemon);
    let (an, binh) = (Visitor::at(&address), Visitor::at(&address));
    leads_to(&an.sign_in("an", PASSWORD), "/");
    leads_to(&binh.sign_in("binh", PASSWORD), "/");
    let others = binh.token.borrow().clone();
    let own = an.token.borrow().clone();
    assert_ne!(own, others);
    let stop = |token: Option<&str>, headers: &[(&str, &str)]| {
        let fields: Vec<_> = [("reason", "thử")].into_iter().chain(token.map(|t| ("token", t))).collect();
        an.ask("POST", "/on-air/stop", Some(&fields), headers).status
    };
    for (token, headers, expected) in [
        (None, &[][..], 403),
        (Some(""), &[], 403),
        (Some(others.as_str()), &[], 403),
        (Some(&own[..own.len() - 1]), &[], 403),
        (Some(&own), &[("sec-fetch-site", "cross-site")], 403),
        (Some(&own), &[("sec-fetch-site", "same-site")], 403),
        (Some(&own), &[("origin", "http://evil.example")], 403),
        (Some(&own), &[("origin", "null")], 403),
        (Some(&own), &[("origin", address.as_str())], 303),
        (Some(&own), &[("sec-fetch-site", "same-origin")], 303),
        (None, &[("x-token", &own)], 303),
        (Some(&own), &[], 303),
    ] {
        assert_eq!(stop(token, headers), expected, "{token:?} {headers:?}");
    }
    // A form of another kind carries its token in no body that is read here.
    let plain = an.ask("POST", "/on-air/stop", None, &[("content-type", "text/plain")]);
    assert_eq!(plain.status, 403);
    leads_to(&an.post("/sign-out", &[]), "/sign-in");
    leads_to(&an.get("/on-air"), "/sign-in?to=%2Fon-air");
    leads_to(&an.sign_in("an", PASSWORD), "/");
    assert_eq!(stop(Some(&own), &[]), 403, "the token of the session that is gone");
}

#[test]
fn strange_hosts_are_misdirected_and_every_answer_has_its_headers() {
    let station = station("names = [\"loa.duc-pho.vn\"]\n");
    let daemon = station.daemon_alone();
    let address = address(&daemon);
    let browser = Visitor::at(&address);
    for (host, expected) in [
        ("127.0.0.1", 200),
        ("localhost:8470", 200),
        ("LOA.duc-pho.vn", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("loa.duc-pho.vn.evil.example:80", 421),
        ("", 421),
    ] {
        assert_eq!(browser.ask("GET", "/sign-in", None, &[("host", host)]).status, expected, "{host}");
    }
    browser.sign_in("an", PASSWORD);
    let asset = browser.get("/on-air").text;
    let asset = asset.split("href=\"/assets/").nth(1).unwrap().split('"').next().unwrap();
    let strange = [("host", "evil.example")];
    for answer in [
        browser.get("/on-air"),
        browser.get("/on-air/checkpoint.svg"),
        browser.get("/no/such/page"),
        browser.get(&format!("/assets/{asset}")),
        browser.post("/on-air/stop", &[("reason", "")]),
        browser.ask("POST", "/on-air/stop", Some(&[]), &[]),
        browser.ask("GET", "/", None, &strange),
        browser.ask("PUT", "/on-air", None, &[]),
    ] {
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{}", answer.status);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {}", answer.status);
        }
        let kept = answer.header("cache-control").starts_with("public");
        assert_eq!(kept, answer.header("content-type").starts_with("text/css"), "{}", answer.status);
    }
}

/// The address by which the first admin is made, as the first start tells it.
fn set_up(station: &Station) -> String {
    let trace = std::fs::read_to_string(station.path("stderr.txt")).unwrap();
    let word = trace.split("/set-up/").nth(1).expect("the link is told").split_whitespace().next().unwrap();
    format!("/set-up/{word}")
}

#[test]
fn a_link_that_a_command_forestalled_says_how_there_will_be_an_admin() {
    let station = Station::new(&[]);
    station.settle("");
    let daemon = station.daemon_alone();
    let browser = Visitor::at(&address(&daemon));
    let link = set_up(&station);
    station.user("binh", "editor", PASSWORD);
    let fields = [("id", "an"), ("name", "An"), ("password", PASSWORD), ("password2", PASSWORD)];
    let answer = browser.ask("POST", &link, Some(&fields), &[]);
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("--role admin"), "{}", answer.text);
    daemon.end();
}

#[test]
fn the_first_admin_comes_by_a_link_that_works_once() {
    let station = Station::new(&[]);
    station.settle("");
    let daemon = station.daemon_alone();
    let browser = Visitor::at(&address(&daemon));
    let link = set_up(&station);
    assert_eq!(browser.get("/set-up/0123456789abcdef").status, 404);
    assert_eq!(browser.get(&link).status, 200);
    let form = |id: &str, password: &str, again: &str| {
        let fields = [("id", id), ("name", "Nguyễn Văn An"), ("password", password), ("password2", again)];
        browser.ask("POST", &link, Some(&fields), &[])
    };
    assert_eq!(form("an", "ngắn", "ngắn").status, 422);
    assert_eq!(form("an", PASSWORD, "một câu khác").status, 422);
    assert_eq!(form("AN!", PASSWORD, PASSWORD).status, 422);
    leads_to(&form("an", PASSWORD, PASSWORD), "/sign-in");
    assert_eq!((browser.get(&link).status, form("binh", PASSWORD, PASSWORD).status), (404, 404));
    daemon.until_entered(&[
        "\"people\"",
        "Nguyễn Văn An",
        "add an (Nguyễn Văn An): editor approver operator auditor admin",
    ]);
    leads_to(&browser.sign_in("an", PASSWORD), "/");
    assert_eq!(station.json(&["user", "list"]).len(), 1);
    // The navigation leads to pages, and says which one is here.
    let page = browser.get("/months").text;
    let navigation = page.split("<nav").nth(1).unwrap().split("</nav>").next().unwrap();
    assert!(navigation.contains("href=\"/months\" aria-current=\"page\""), "{navigation}");
    for link in navigation.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let answer = browser.get(link);
        let page = if answer.status == 303 { browser.get(answer.header("location")) } else { answer };
        assert_eq!(page.status, 200, "{link}");
    }
    // A password that comes when its session has ended is neither kept nor shown.
    let stranger = Visitor::at(&address(&daemon));
    let late = stranger.post("/password", &[("old", PASSWORD), ("password", "một câu mới hẳn")]);
    assert!(late.status == 303 && !late.header("location").contains("again="), "{}", late.header("location"));
    daemon.end();
    // No other start opens that door again.
    let daemon = station.daemon_alone();
    address(&daemon);
    assert!(!std::fs::read_to_string(station.path("stderr.txt")).unwrap().contains("/set-up/"));
}
