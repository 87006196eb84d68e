//! The pages as an enemy tries them from outside: script in every text, forged and replayed forms, tricks with the host,
//! clients that hold on. What is counted and measured stands in `web_bounds`.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use loa::control::Role;
use socket2::{Domain, Socket, Type};

use super::{
    support::{
        browser::Browser,
        station::{Daemon, Station, in_seconds, leaves},
        visitor::Visitor,
    },
    web_on_air::{PASSWORD, pages, person},
};

/// What a browser sends a form as.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// Whoever may do everything.
pub const ALL: [Role; 5] = [Role::Editor, Role::Approver, Role::Operator, Role::Auditor, Role::Admin];

/// A station where `an` may do everything.
pub fn station(segments: &[(&str, u32)]) -> Station {
    let station = Station::new(segments);
    station.settle("");
    person(&station, "an", "Trần Văn An", &ALL);
    station
}

pub fn entered(daemon: &Daemon<'_>) -> Visitor {
    let visitor = Visitor::at(&pages(daemon));
    assert_eq!(visitor.sign_in("an", PASSWORD).header("location"), "/");
    visitor
}

/// Where a socket has to go for the pages of `daemon`.
pub fn socket(daemon: &Daemon<'_>) -> SocketAddr {
    pages(daemon).trim_start_matches("http://").parse().unwrap()
}

/// An open line from `127.0.0.{last}`, as from another machine.
pub fn line(to: SocketAddr, last: u8) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, last], 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Sends these bytes, whatever they are. Gives what came back, and its status; 0 where the line was cut.
pub fn raw(to: SocketAddr, bytes: &[u8]) -> (u16, String) {
    let mut stream = line(to, 1);
    // Who is refused midway need not take the rest.
    let _ = stream.write_all(bytes);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said).into_owned();
    (said.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), said)
}

fn entries(station: &Station, part: &str) -> usize {
    leaves(station).iter().filter(|leaf| leaf.contains(part)).count()
}

const EVIL: &str = "\"><img src=x onerror=alert(1)><script>alert(1)</script>' javascript:alert(1)";

/// A station all of whose texts are script, with the slot before and the slot to come.
fn hostile() -> (Station, Vec<String>) {
    let mut station = station(&[("a.wav", 2)]);
    let edit = |file: &str, texts: &[&str]| {
        let mut text = fs::read_to_string(station.path(file)).unwrap();
        for old in texts {
            assert!(text.contains(&format!("\"{old}\"")), "{old}");
            text = text.replace(&format!("\"{old}\""), &format!("\"{}\"", EVIL.replace('"', "\\\"")));
        }
        fs::write(station.path(file), text).unwrap();
    };
    edit(
        "config/plan-2022.toml",
        &["phường Phổ Hòa", "Kế hoạch thử", "Chủ trương", "Trung tâm", "Cải cách hành chính"],
    );
    let ids = station.schedule(&["a.wav"], &[in_seconds(-3), in_seconds(600)]);
    let month = ids[0][..7].to_owned();
    let edit = |texts: &[&str]| {
        let file = station.path(&format!("schedules/{month}.toml"));
        let mut text = fs::read_to_string(&file).unwrap();
        text = text.replace("title = \"a.wav\"", "title = \"TITLE\"");
        for old in texts {
            text = text.replace(&format!("\"{old}\""), &format!("\"{}\"", EVIL.replace('"', "\\\"")));
        }
        fs::write(&file, text).unwrap();
    };
    edit(&["Thử", "TITLE", "Cải cách hành chính", "Biên tập", "Phát thanh viên", "Trung tâm"]);
    station.ok(&["approve", &month, "--by", EVIL, "--document", EVIL]);
    person(&station, "evil", EVIL, &ALL);
    (station, ids)
}

#[test]
fn script_in_any_text_is_text() {
    let (station, ids) = hostile();
    let month = &ids[0][..7];
    let daemon = station.daemon_alone();
    daemon.until_closed(1);
    let visitor = Visitor::at(&pages(&daemon));
    visitor.sign_in("evil", PASSWORD);
    send_evil(&visitor, &ids);
    daemon.until_entered(&["\"kind\":\"note\"", "onerror"]);
    let query = serde_urlencoded::to_string([("month", EVIL), ("outcome", EVIL), ("to", EVIL)]).unwrap();
    let evil = serde_urlencoded::to_string([("a", EVIL)]).unwrap().replace("a=", "").replace('+', "%20");
    let shown: Vec<String> = [
        "/on-air",
        "/on-air/wall",
        "/months",
        "/month/M",
        "/month/M/compare",
        "/month/M/approve",
        "/log",
        "/log/slot/S",
        "/settings",
        "/settings/people",
        "/settings/units",
        "/settings/station",
        "/settings/keys",
        "/settings/holds",
        "/matrix/2022",
        "/month/M/audio",
        "/password",
    ]
    .map(|path| path.replace('M', month).replace('S', &ids[0]))
    .into();
    for path in &shown {
        let page = visitor.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.contains("onerror=alert(1)&#62;&#60;script"), "{path} shows it as text");
        clean(path, &page.text);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    }
    for path in [
        format!("/log?{query}"),
        format!("/sign-in?{query}"),
        format!("/no/{evil}"),
        format!("/month/{evil}"),
    ] {
        clean(&path, &visitor.get(&path).text);
        clean(&path, &Visitor::at(&pages(&daemon)).get(&path).text);
    }
    // A real browser runs none of it: an open dialog would fail every step after it.
    let browser = Browser::open(&pages(&daemon), 1280, 900);
    browser.sign_in("evil", PASSWORD);
    let live =
        "return document.querySelectorAll('script:not([src]), [onerror], a[href^=\"javascript:\"]').length";
    for path in &shown {
        browser.go(path);
        assert_eq!(browser.script(live, vec![]), 0, "{path}");
    }
    println!("{} pages, no dialog", shown.len());
}

/// Sends it in every form that takes words.
fn send_evil(visitor: &Visitor, ids: &[String]) {
    for (path, fields) in [
        ("/log/note", &[("slot", ids[0].as_str()), ("text", EVIL)][..]),
        ("/on-air/cancel", &[("slot", &ids[1]), ("reason", EVIL)]),
        ("/on-air/stop", &[("reason", EVIL)]),
        ("/on-air/cancel", &[("slot", EVIL), ("reason", EVIL)]),
        ("/months", &[("month", EVIL)]),
        ("/settings/people/add", &[("id", EVIL), ("name", EVIL), ("role", EVIL)]),
        ("/settings/holds/set", &[("month", EVIL), ("reason", EVIL)]),
    ] {
        let answer = visitor.post(path, fields);
        clean(path, &answer.text);
        if answer.status == 303 {
            clean(path, &visitor.get(answer.header("location")).text);
        }
    }
}

/// No text has become markup.
fn clean(path: &str, page: &str) {
    for evil in ["<script>", "<img src=x", "href=\"javascript:"] {
        assert!(!page.contains(evil), "{evil} in {path}: {page}");
    }
}

#[test]
fn forms_of_other_kinds_and_other_pages_change_nothing() {
    let station = station(&[]);
    let daemon = station.daemon_alone();
    let visitor = entered(&daemon);
    let to = socket(&daemon);
    let token = visitor.token.borrow().clone();
    let login = raw(to, &post("/sign-in", FORM, "", &format!("id=an&password={}", quoted(PASSWORD)))).1;
    let cookie = cookie_of(&login);
    let own = raw(to, &get("/password", &cookie)).1;
    let own = own.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let before = entries(&station, "\"kind\":\"operator\"");
    let form = |token: &str| format!("reason=x&token={token}");
    let json = format!("{{\"reason\":\"x\",\"token\":\"{own}\"}}");
    for (kind, more, body, expected) in [
        ("text/plain", "", form(&own), 403),
        ("application/json", "", json, 403),
        ("multipart/form-data; boundary=x", "", form(&own), 403),
        ("", "", form(&own), 403),
        (FORM, "", form(&token), 403),
        (FORM, "Referer: http://evil.example/x\r\n", form(&own), 403),
        (FORM, "Referer: http://evil.example/127.0.0.1\r\n", form(&own), 403),
        (FORM, "Origin: http://127.0.0.1:1\r\n", form(&own), 403),
        (FORM, "Origin: http://127.0.0.1\r\nSec-Fetch-Site: cross-site\r\n", form(&own), 403),
    ] {
        let answer = raw(to, &post("/on-air/stop", kind, &format!("{cookie}{more}"), &body));
        assert_eq!(answer.0, expected, "{kind} {more}: {}", answer.1);
    }
    // Nobody is signed in by another site's form, and none of what changes is done by looking at it.
    let sign_in = format!("id=an&password={}", quoted(PASSWORD));
    let foreign = "Referer: https://evil.example/\r\n";
    assert_eq!(raw(to, &post("/sign-in", FORM, foreign, &sign_in)).0, 403);
    for (method, path, _) in loa::web::table() {
        let shown = loa::web::table().iter().any(|(method, other, _)| *method == "GET" && *other == path);
        if method == "POST" && !shown {
            let path = path.replace("{name}", "2022-03").replace("{id}", "x");
            let (status, text) = raw(to, &get(&format!("{path}?token={own}&reason=x"), &cookie));
            assert!(status == 405 && text.to_ascii_lowercase().contains("allow: post"), "{path}: {text}");
        }
    }
    assert_eq!(entries(&station, "\"kind\":\"operator\""), before, "nothing is entered");
}

pub fn quoted(text: &str) -> String {
    serde_urlencoded::to_string([("", text)]).unwrap()[1..].to_owned()
}

pub fn get(path: &str, more: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}Connection: close\r\n\r\n").into_bytes()
}

pub fn post(path: &str, kind: &str, more: &str, body: &str) -> Vec<u8> {
    let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
    let head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}{more}Connection: close\r\n");
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The session that an answer gives, as a header.
fn cookie_of(answer: &str) -> String {
    let rest = answer.split("loa=").nth(1).unwrap_or_else(|| panic!("no cookie: {answer}"));
    format!("Cookie: loa={}\r\n", rest.split(';').next().unwrap())
}

#[test]
fn a_session_that_was_known_before_or_stolen_ends_when_it_should() {
    let station = station(&[]);
    let daemon = station.daemon_alone();
    let to = socket(&daemon);
    let inside = |cookie: &str| raw(to, &get("/password", cookie)).0 == 200;
    let sign_in = |cookie: &str| {
        raw(to, &post("/sign-in", FORM, cookie, &format!("id=an&password={}", quoted(PASSWORD))))
    };
    let token = |cookie: &str| {
        let page = raw(to, &get("/password", cookie)).1;
        page.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    // Whatever was set before, the session has another name after.
    let chosen = "Cookie: loa=AAAAAAAAAAAAAAAAAAAAAA\r\n";
    let first = cookie_of(&sign_in(chosen).1);
    assert!(first != chosen && inside(&first) && !inside(chosen));
    // So has one in which somebody signs in again; what was stolen of it is worth nothing.
    let body = format!("id=an&password={}&token={}", quoted(PASSWORD), token(&first));
    let second = cookie_of(&raw(to, &post("/sign-in", FORM, &first, &body)).1);
    assert!(second != first && inside(&second) && !inside(&first));
    let new = quoted("một câu rất khác");
    let old = quoted(PASSWORD);
    let own = token(&second);
    let body = format!("old={old}&password={new}&password2={new}&token={own}");
    let third = cookie_of(&raw(to, &post("/password", FORM, &second, &body)).1);
    assert!(inside(&third) && !inside(&second), "the cookie from before the new password");
    let own = token(&third);
    let out = post("/sign-out", FORM, &third, &format!("token={own}"));
    assert_eq!(raw(to, &out).0, 303);
    assert!(!inside(&third));
    // Replayed after: to the sign-in page, nothing is stopped.
    let replayed = raw(to, &post("/on-air/stop", FORM, &third, &format!("reason=replay&token={own}")));
    assert!(replayed.0 == 303 && replayed.1.contains("location: /sign-in\r\n"), "{}", replayed.1);
    assert_eq!(entries(&station, "replay"), 0);
}

#[test]
fn a_form_that_is_sent_twice_does_its_thing_once() {
    let mut station = station(&[("a.wav", 2)]);
    let ids = station.schedule(&["a.wav"], &[in_seconds(-3), in_seconds(900)]);
    let month = ids[0][..7].to_owned();
    let daemon = station.daemon_alone();
    let visitor = entered(&daemon);
    let seen = || visitor.get(&format!("/month/{month}/approve")).hidden("seen");
    let digest = seen();
    let approve = [("seen", digest.as_str()), ("document", "7/PD"), ("password", PASSWORD)];
    let next = chrono::NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d").unwrap();
    let next = (next + TimeDelta::days(40)).format("%Y-%m").to_string();
    let cases = [
        (format!("/month/{month}/approve"), approve.to_vec(), "schedule.accept"),
        ("/on-air/cancel".into(), vec![("slot", ids[1].as_str()), ("reason", "bão")], "\"act\":\"cancel\""),
        ("/on-air/stop".into(), vec![("reason", "mưa")], "\"act\":\"stop\""),
        ("/months".into(), vec![("month", &next)], "\"act\":\"schedule\""),
        ("/settings/people/add".into(), vec![("id", "c"), ("name", "C"), ("role", "editor")], "add c (C)"),
        ("/log/note".into(), vec![("slot", &ids[0]), ("text", "mất loa")], "\"kind\":\"note\""),
    ];
    let mut faults = Vec::new();
    for (path, fields, entry) in &cases {
        let before = entries(&station, entry);
        let first = visitor.post(path, fields);
        let told = visitor.get(first.header("location")).text.contains("flash good");
        if told && entries(&station, entry) == before {
            daemon.until("it is entered", |_| entries(&station, entry) > before);
        }
        let once = entries(&station, entry) - before;
        let second = visitor.post(path, fields);
        assert!(second.status < 500, "{path}: {}", second.text);
        let twice = entries(&station, entry) - before;
        println!("{path}: {} then {}, entered {once} then {twice}", first.status, second.status);
        // The same words of the same person a second time take nothing away and add nothing; and whoever says stop
        // twice is entered twice, though there is nothing left to stop.
        let harmless = ["/log/note", "/on-air/stop"].contains(&path.as_str());
        if twice > once.max(1) && !harmless {
            faults.push(format!("{path}: {once} then {twice}"));
        }
    }
    assert!(faults.is_empty(), "{faults:?}");
    let add = [("op", "segments-add"), ("programme", "cchc"), ("file", "a.wav"), ("replace", "yes")];
    let now = visitor.get(&format!("/month/{month}")).hidden("seen");
    let add: Vec<_> = add.into_iter().chain([("seen", now.as_str())]).collect();
    // The second finds another file than it was made from, and says so.
    for status in [303, 409] {
        assert_eq!(visitor.post(&format!("/month/{month}"), &add).status, status);
    }
    let draft = fs::read_dir(station.path("schedules")).unwrap().map(|entry| entry.unwrap().path());
    let most = draft.filter_map(|path| fs::read_to_string(path).ok());
    let most = most.map(|text| text.matches("file").count()).max().unwrap();
    assert_eq!(most, 2, "one segment more");
}

#[test]
fn tricks_with_the_host_are_misdirected_and_never_reflected() {
    let station = station(&[]);
    let daemon = station.daemon_alone();
    let to = socket(&daemon);
    for (target, hosts, expected) in [
        ("/sign-in", "Host: evil.example\r\n", 421),
        ("/sign-in", "Host: 127.0.0.1\r\nHost: evil.example\r\n", 421),
        ("/sign-in", "Host: evil.example\r\nHost: 127.0.0.1\r\n", 421),
        ("/sign-in", "Host: evil.example@127.0.0.1\r\n", 421),
        ("/sign-in", "Host: 127.0.0.1@evil.example\r\n", 421),
        ("/sign-in", "Host: 127.0.0.1:80@evil.example:80\r\n", 421),
        ("/sign-in", "Host: 127.0.0.1/evil.example\r\n", 421),
        ("/sign-in", "", 421),
        ("http://evil.example/sign-in", "Host: 127.0.0.1\r\n", 421),
        ("http://127.0.0.1/sign-in", "Host: evil.example\r\n", 421),
        ("http://127.0.0.1@evil.example/sign-in", "Host: 127.0.0.1\r\n", 421),
        ("http://127.0.0.1/sign-in", "Host: 127.0.0.1\r\n", 200),
        (
            "/sign-in",
            "Host: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n",
            200,
        ),
        ("/on-air", "Host: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\n", 303),
        ("//evil.example/%2f..", "Host: 127.0.0.1:1\r\n", 404),
    ] {
        let (status, said) =
            raw(to, format!("GET {target} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n").as_bytes());
        assert_eq!(status, expected, "{target} {hosts}: {said}");
        assert!(!said.contains("evil.example"), "{target} {hosts}: {said}");
    }
}

#[test]
fn who_only_holds_on_keeps_nobody_out() {
    let station = station(&[]);
    let daemon = station.daemon_alone();
    let visitor = entered(&daemon);
    let to = socket(&daemon);
    let begun = Instant::now();
    let mut idle: Vec<TcpStream> = (0..500).map(|_| line(to, 2)).collect();
    let login = raw(to, &post("/sign-in", FORM, "", &format!("id=an&password={}", quoted(PASSWORD)))).1;
    let stream = format!("GET /on-air/live HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n", cookie_of(&login));
    let mut live: Vec<TcpStream> = (0..20).map(|_| line(to, 3)).collect();
    let mut slow: Vec<TcpStream> = (0..20).map(|_| line(to, 4)).collect();
    let mut kept: Vec<TcpStream> = (0..20).map(|_| line(to, 5)).collect();
    for stream_of in &mut live {
        stream_of.write_all(stream.as_bytes()).unwrap();
    }
    for (n, stream) in kept.iter_mut().chain(&mut slow).enumerate() {
        let end = if n < 20 { "\r\n" } else { "X-Slow: " };
        stream.write_all(format!("GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n{end}").as_bytes()).unwrap();
    }
    let asked = Instant::now();
    assert_eq!(visitor.get("/on-air").status, 200);
    let answered = asked.elapsed();
    daemon.until("it airs on", |status| status["running"] == true);
    let mut refused = 0;
    for stream in &mut idle {
        stream.set_nonblocking(true).unwrap();
        refused += usize::from(
            !matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock),
        );
    }
    // A byte now and then does not save those with slow headers.
    let mut gone = Vec::new();
    while !slow.is_empty() {
        slow.retain_mut(|stream| {
            stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            let cut = match stream.write_all(b"x").and_then(|()| stream.read(&mut [0; 512])) {
                Ok(read) => read == 0,
                Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
            };
            if cut {
                gone.push(begun.elapsed());
            }
            !cut
        });
        assert!(begun.elapsed() < Duration::from_secs(25), "{} slow ones stay", slow.len());
    }
    for stream in idle.iter_mut().chain(&mut kept) {
        stream.set_nonblocking(false).unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        assert!(begun.elapsed() < Duration::from_secs(25));
    }
    println!(
        "answered in {answered:?}, {refused} of 500 refused, slow ones gone by {:?}, all by {:?}",
        gone.last().unwrap(),
        begun.elapsed()
    );
    assert!(answered < Duration::from_secs(2) && refused >= 436, "{answered:?}, {refused}");
    assert_eq!(visitor.get("/on-air").status, 200);
}
