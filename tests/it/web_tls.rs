//! The way to the pages beyond this machine: encrypted or not at all, and never taken up by those who only hold on.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};

use loa::control::Folder;

use super::findings::compare;
use super::support::{
    station::{Daemon, Station},
    visitor::Visitor,
};

const PASSWORD: &str = "mật khẩu để thử";

/// A station with `lines` under `[web]`.
fn station(lines: &str) -> Station {
    let station = Station::new(&[]);
    station.settle("");
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("listen = \"127.0.0.1:0\"\n", lines));
    station
}

fn address(daemon: &Daemon<'_>) -> String {
    let status = daemon.until("the pages are open", |status| status["web"].is_string());
    status["web"].as_str().unwrap().to_owned()
}

/// Who trusts the station's certificate and no other.
fn trusting(station: &Station, base: &str) -> Visitor {
    let pem = fs::read(station.path("data/keys/web.crt")).unwrap();
    let roots = RootCerts::new_with_certs(&[Certificate::from_pem(&pem).unwrap()]);
    let tls = TlsConfig::builder().root_certs(roots).build();
    Visitor::with(base, Agent::config_builder().tls_config(tls))
}

#[test]
fn beyond_this_machine_nothing_is_said_in_the_open() {
    let station = station("listen = \"0.0.0.0:0\"\n");
    let refused = station.run(&["run"]);
    let told = String::from_utf8(refused.stdout).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("web.listen") && told.contains("tls = \"own\""), "{told}");
}

#[test]
fn the_stations_own_certificate_is_made_kept_and_trusted_by_its_fingerprint() {
    let station = station("listen = \"0.0.0.0:0\"\ntls = \"own\"\nnames = [\"loa.duc-pho.vn\"]\n");
    station.user("an", "admin", PASSWORD);
    let daemon = station.daemon_alone();
    let base = address(&daemon).replace("0.0.0.0", "127.0.0.1");
    assert!(base.starts_with("https://"), "{base}");
    let key = station.path("data/keys/web.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let visitor = trusting(&station, &base);
    let answer = visitor.sign_in("an", PASSWORD);
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    let cookie = answer.header("set-cookie");
    for part in ["__Host-loa=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Domain"));
    let page = visitor.get("/on-air");
    assert_eq!(
        (page.status, page.header("strict-transport-security")),
        (200, ""),
        "its makers must get past it"
    );
    for (host, expected) in [("loa.duc-pho.vn", 200), ("192.168.1.20:8470", 200), ("evil.example", 421)] {
        assert_eq!(visitor.ask("GET", "/on-air", None, &[("host", host)]).status, expected, "{host}");
    }
    let trace = fs::read_to_string(station.path("stderr.txt")).unwrap();
    let print = trace.split("SHA-256 ").nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(print.len(), 95, "{print}");
    // Who speaks no TLS learns nothing.
    let mut plain = TcpStream::connect(base.trim_start_matches("https://")).unwrap();
    plain.write_all(b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!String::from_utf8_lossy(&said).contains("HTTP"), "{said:?}");
    daemon.end();
    let made = fs::read(station.path("data/keys/web.crt")).unwrap();
    let daemon = station.daemon_alone();
    let base = address(&daemon).replace("0.0.0.0", "127.0.0.1");
    assert_eq!(trusting(&station, &base).get("/sign-in").status, 200);
    assert_eq!(fs::read(station.path("data/keys/web.crt")).unwrap(), made, "it is kept");
}

#[test]
fn a_certificate_that_is_not_there_closes_the_pages_and_nothing_else() {
    let files = "certificate = \"config/web.crt\"\nkey = \"config/web.key\"\n";
    let station = station(&format!("listen = \"127.0.0.1:0\"\n{files}"));
    let daemon = station.daemon_alone();
    daemon.until("it runs without pages", |status| status["running"] == true && status["web"].is_null());
    let found = || {
        let findings = Folder::open(&station.path("")).unwrap().findings;
        findings.into_iter().filter(|f| f.message.code.starts_with("certificate")).collect::<Vec<_>>()
    };
    let mut findings = found();
    fs::write(station.path("config/web.crt"), "").unwrap();
    fs::write(station.path("config/web.key"), "").unwrap();
    findings.extend(found());
    // A key that belongs to another certificate.
    let made = |n: &str| rcgen::generate_simple_self_signed([n.to_owned()]).unwrap();
    fs::write(station.path("config/web.crt"), made("a").cert.pem()).unwrap();
    fs::write(station.path("config/web.key"), made("b").signing_key.serialize_pem()).unwrap();
    findings.extend(found());
    assert_eq!(compare("certificate", &findings), None);
    daemon.end();
    let trace = fs::read_to_string(station.path("stderr.txt")).unwrap();
    assert!(trace.contains("config/web.crt") && trace.contains("stay closed"), "{trace}");
}

#[test]
fn a_proxy_asks_for_others_and_nobody_asks_past_it() {
    let station = station("listen = \"127.0.0.1:0\"\nbehind = \"loa.duc-pho.vn\"\n");
    station.user("an", "admin", PASSWORD);
    let daemon = station.daemon_alone();
    let visitor = Visitor::at(&address(&daemon));
    let host = ("host", "loa.duc-pho.vn");
    let guess = |whose: &str, last: u8| {
        let forwarded = format!("6.6.6.6, 203.0.113.{last}");
        let fields = [("id", whose), ("password", "sai mật khẩu")];
        let headers = [host, ("x-forwarded-for", forwarded.as_str())];
        visitor.ask("POST", "/sign-in", Some(&fields), &headers)
    };
    // Twenty guesses a machine: those who sit before others are not kept out by one of them.
    let refused = (0..60).map(|n| guess(&format!("ai-{n}"), 1).status).position(|status| status == 429);
    assert!(refused.is_some_and(|n| n >= 20), "{refused:?}");
    let other = guess("ai", 2);
    assert_eq!((other.status, other.header("strict-transport-security")), (401, "max-age=31536000"));
    daemon.end();
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("behind", "proxy = \"10.0.0.1\"\nbehind"));
    let daemon = station.daemon_alone();
    assert_eq!(Visitor::at(&address(&daemon)).get("/sign-in").status, 403);
}

#[test]
fn slow_clients_are_sent_away_and_do_not_keep_others_out() {
    let station = station("listen = \"127.0.0.1:0\"\n");
    let daemon = station.daemon_alone();
    let base = address(&daemon);
    let begun = Instant::now();
    let at = base.trim_start_matches("http://");
    let mut silent: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(at).unwrap()).collect();
    for (n, stream) in silent.iter_mut().enumerate().filter(|(n, _)| n % 2 == 0) {
        stream.write_all(format!("GET /sign-in HTTP/1.1\r\nX-{n}: ").as_bytes()).unwrap();
    }
    assert_eq!(Visitor::at(&base).get("/sign-in").status, 200);
    for stream in &mut silent {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut said = Vec::new();
        let closed = stream.read_to_end(&mut said);
        assert!(closed.is_ok() || begun.elapsed() < Duration::from_secs(30), "{closed:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}
