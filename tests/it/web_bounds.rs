//! What of the pages is counted and bounded: guesses by the thousand, things beyond every measure, the weight of a first
//! visit, the days of a certificate.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use chrono::{Datelike as _, NaiveDate, NaiveTime, TimeDelta, Utc};
use loa::{keys::SigningKey, store::Log};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};

use super::{
    support::{
        clock::Clocks,
        history::{Historian, slots},
        station::{Daemon, Station},
    },
    web_attacks::{FORM, entered, get, line, post, quoted, raw, socket, station},
    web_on_air::{PASSWORD, pages},
};

/// Signs in over and over on one line.
struct Guesser(BufReader<TcpStream>);

impl Guesser {
    fn at(to: SocketAddr) -> Guesser {
        Guesser(BufReader::new(line(to, 1)))
    }

    /// Guesses for `address`, as the proxy says it. Gives the status, and how long to wait.
    fn guess(&mut self, address: &str, id: &str, password: &str) -> (u16, Option<u64>) {
        let body = format!("id={}&password={}", quoted(id), quoted(password));
        let head = format!(
            "POST /sign-in HTTP/1.1\r\nHost: loa.example\r\nX-Forwarded-For: {address}\r\nContent-Type: {FORM}\r\n"
        );
        let all = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        self.0.get_mut().write_all(all.as_bytes()).unwrap();
        let (mut status, mut wait, mut length) = (0, None, 0);
        loop {
            let mut said = String::new();
            assert!(self.0.read_line(&mut said).unwrap() > 0, "the line was cut");
            let said = said.trim_end().to_ascii_lowercase();
            match said.split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(("retry-after", value)) => wait = value.parse().ok(),
                _ if said.starts_with("http/") => status = said[9..12].parse().unwrap(),
                _ => {}
            }
            if said.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, wait)
    }
}

/// Most memory that the process had, in MiB.
fn memory(daemon: &Daemon<'_>) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn ten_thousand_guesses_cost_little_and_keep_nobody_out() {
    let station = station(&[]);
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("[web]\n", "[web]\nbehind = \"loa.example\"\n"));
    let daemon = station.daemon_alone();
    let base = pages(&daemon);
    let to: SocketAddr = base.rsplit('/').next().unwrap().parse().unwrap();
    let mut guesser = Guesser::at(to);
    // Whether there is such a person is not told by the time: the fastest of a few are compared.
    let mut fastest = |id: &str, net: u8| {
        let took = (1..=4).map(|n| {
            let begun = Instant::now();
            assert_eq!(guesser.guess(&format!("10.1.{net}.{n}"), id, "sai mật khẩu").0, 401);
            begun.elapsed()
        });
        took.min().unwrap()
    };
    let (somebody, nobody) = (fastest("an", 1), fastest("khong-ai", 2));
    let ratio = somebody.as_secs_f64() / nobody.as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "{somebody:?} for somebody, {nobody:?} for nobody");
    // The one guess that is left is the right one, and its machine is known then.
    assert_eq!(guesser.guess("192.168.1.5", "an", PASSWORD).0, 303);
    let before = memory(&daemon);
    let begun = Instant::now();
    let mut seen = BTreeMap::<u16, usize>::new();
    let mut waits = Vec::new();
    for _ in 0..10_000 {
        let (status, wait) = guesser.guess("203.0.113.7", "an", "sai mật khẩu");
        *seen.entry(status).or_default() += 1;
        assert_eq!(wait.is_some(), status == 429);
        waits.extend(wait);
    }
    let one_name = begun.elapsed();
    // From where they signed in before, the right person comes in all the same.
    assert_eq!(guesser.guess("192.168.1.5", "an", PASSWORD).0, 303);
    // Many long names, and many addresses of one network of the new kind.
    let begun = Instant::now();
    let mut names = BTreeMap::<u16, usize>::new();
    for n in 0..10_000 {
        let id = format!("{n}{}", "x".repeat(4000));
        let (status, _) = guesser.guess(&format!("2001:db8:0:1::{n:x}"), &id, "sai");
        *names.entry(status).or_default() += 1;
    }
    println!(
        "{ratio:.2} of the time; one name {seen:?} in {one_name:?}, waits {}–{} s; many names {names:?} in {:?}; {before} then {} MiB",
        waits.iter().min().unwrap(),
        waits.iter().max().unwrap(),
        begun.elapsed(),
        memory(&daemon)
    );
    assert_eq!(seen.keys().chain(names.keys()).filter(|status| ![401, 429].contains(*status)).count(), 0);
    let allowed = |taken: Duration| 20 + usize::try_from(taken.as_secs() / 10).unwrap() + 1;
    assert!(seen.get(&401).copied().unwrap_or(0) <= allowed(one_name), "{seen:?}");
    assert!(names.get(&401).copied().unwrap_or(0) <= allowed(begun.elapsed()), "{names:?}");
    assert!(waits.iter().all(|wait| (1..=60).contains(wait)));
    assert!(memory(&daemon) < before + 32, "{before} then {} MiB", memory(&daemon));
}

type Request = (String, Vec<u8>);

/// Requests that are too long, too many, or none.
fn without_measure(cookie: &str, token: &str) -> Vec<Request> {
    let big = |n: usize| "a".repeat(n);
    let deep = "/a".repeat(20_000);
    vec![
        ("a header of 1 MB".into(), get("/on-air", &format!("X-Big: {}\r\n", big(1 << 20)))),
        ("1000 headers".into(), get("/on-air", &"X-More: 1\r\n".repeat(1000))),
        (
            "a form of 10 MB".into(),
            post("/on-air/stop", FORM, cookie, &format!("token={token}&reason={}", big(10 << 20))),
        ),
        ("a form of 10 MB of nobody".into(), post("/sign-in", FORM, "", &format!("id={}", big(10 << 20)))),
        (
            "80,000 fields".into(),
            post("/on-air/stop", FORM, cookie, &format!("token={token}{}", "&a=".repeat(80_000))),
        ),
        ("100,000 fields".into(), post("/sign-in", FORM, "", &"a=&".repeat(100_000))),
        ("an address of 100 KB".into(), get(&format!("/log?month={}", big(100_000)), cookie)),
        ("an address of 60 KB".into(), get(&format!("/log?month={}", big(60_000)), cookie)),
        ("a deep path".into(), get(&deep, cookie)),
        (
            "a long reason".into(),
            post("/on-air/stop", FORM, cookie, &format!("token={token}&reason={}", big(200_000))),
        ),
        (
            "a reason of no letters".into(),
            post("/on-air/stop", FORM, cookie, &format!("token={token}&reason=%ff%fe%00")),
        ),
        ("a length that is none".into(), post("/sign-in", FORM, "Content-Length: -1\r\n", "id=an")),
        ("two lengths".into(), post("/sign-in", FORM, "Content-Length: 1\r\n", "id=an")),
        (
            "a strange method".into(),
            b"BREW /on-air HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".to_vec(),
        ),
        ("raw bytes".into(), b"GET /\xff\xfe\0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec()),
    ]
}

/// Ways out of what is served, and parts of addresses that are none.
const CROOKED: [&str; 55] = [
    "/assets/..%2f..%2fconfig/station.toml",
    "/assets/x/..%2f..%2fconfig%2fstation.toml",
    "/assets/../../config/station.toml",
    "/assets/x/%2e%2e",
    "/assets/%00/%00",
    "/assets/x/%ff",
    "/media?file=..%2fconfig%2fstation.toml",
    "/media?file=../config/station.toml",
    "/media?file=%2fetc%2fpasswd",
    "/media?file=a%00.wav",
    "/media?file=%ff%fe.wav",
    "/media?file=",
    "/media?file=..%5c..%5cdata",
    "/media",
    "/media/..%2fconfig%2fstation.toml",
    "/media/../config/station.toml",
    "/media/%2e%2e/data/people.json",
    "/media/%2fetc%2fpasswd",
    "/media//etc/passwd",
    "/media/a%00.wav",
    "/media/%ff%fe.wav",
    "/media/",
    "/media/..%5c..%5cdata",
    "/month/..%2f..%2fdata",
    "/month/2022-03%00",
    "/month/%ff",
    "/month/2022-03/programme/..%2f..%2f..%2fdata%2fpeople.json/master.wav",
    "/month/2022-03/programme/%ff/master.wav",
    "/month/2022-13",
    "/month/99999999999-01",
    "/waveform.svg?file=..%2fdata%2fpeople.json",
    "/waveform.svg?file=%00",
    "/waveform.svg",
    "/log/bundle?month=..%2f..",
    "/log/bundle?from=%00&to=%ff",
    "/log/proof/..%2f..",
    "/log/proof/-1",
    "/log/proof/99999999999999999999",
    "/log/proof/18446744073709551615",
    "/log/airing/%ff",
    "/log/airing/9223372036854775808",
    "/log/slot/..%2f..",
    "/log/slot/%00",
    "/log?page=99999999999999999999",
    "/log?page=4294967295",
    "/log?from=99999-01-01",
    "/matrix/%ff",
    "/matrix/99999999999",
    "/matrix/-1",
    "/again/%ff",
    "/again/..%2f",
    "/set-up/%ff",
    "/set-up/",
    "/on-air/cancel/%ff",
    "/on-air/cancel/..%2f..",
];

/// Every form of the pages with nothing in it that fits.
fn misfits(cookie: &str, token: &str) -> Vec<Request> {
    let mut asked = Vec::new();
    for (_, path, _) in loa::web::table().iter().filter(|(method, ..)| *method == "POST") {
        if !["/sign-out", "/settings/restart", "/password", "/sign-in"].contains(path) {
            for part in ["%ff", "..%2f..", "%00"] {
                let path = path.replace("{name}", part).replace("{id}", part).replace("{word}", part);
                let body = format!("token={token}&seen=%ff&op=%00&n=99999999999999999999&entry=-1");
                asked.push((path.clone(), post(&path, FORM, cookie, &body)));
                asked.push((
                    path.clone(),
                    post(&path, "application/json", &format!("{cookie}X-Token: {token}\r\n"), "["),
                ));
                let files =
                    post(&format!("{path}?token={token}"), "multipart/form-data; boundary=x", cookie, "--y");
                asked.push((path, files));
            }
        }
    }
    asked
}

#[test]
fn what_is_beyond_every_measure_is_refused_and_tells_nothing() {
    let station = station(&[]);
    let daemon = station.daemon_alone();
    let to = socket(&daemon);
    let sign_in = format!("id=an&password={}", quoted(PASSWORD));
    let login = raw(to, &post("/sign-in", FORM, "", &sign_in)).1;
    let cookie =
        format!("Cookie: loa={}\r\n", login.split("loa=").nth(1).unwrap().split(';').next().unwrap());
    let page = raw(to, &get("/password", &cookie)).1;
    let token = page.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mut asked = without_measure(&cookie, &token);
    asked.extend(CROOKED.map(|path| (path.to_owned(), get(path, &cookie))));
    asked.extend(misfits(&cookie, &token));
    let folder = station.path("").display().to_string();
    let mut seen = BTreeMap::<u16, usize>::new();
    let mut faults = Vec::new();
    for (what, bytes) in &asked {
        let (status, said) = raw(to, bytes);
        *seen.entry(status).or_default() += 1;
        let inner =
            [folder.as_str(), "$argon2", "src/", "panicked", "Error {", "os error", "BEGIN ", "root:"];
        let leak = inner.iter().find(|word| said.contains(**word));
        // A page of our own says it, wherever the request could be understood as one.
        let body = said.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let own =
            body.is_empty() || body.starts_with("<!DOCTYPE html>") || body.starts_with('{') || status == 200;
        if status >= 500 || leak.is_some() || !own {
            faults.push(format!("{what}: {status} {leak:?} {}", said.chars().take(600).collect::<String>()));
        }
    }
    println!("{} requests: {seen:?}", asked.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(raw(to, &get("/on-air", &cookie)).0, 200);
    daemon.end();
    let trace = fs::read_to_string(station.path("stderr.txt")).unwrap();
    assert!(!trace.contains("panicked"), "{trace}");
}

/// Bytes of the files below `folder`.
fn filled(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap());
    files.map(|file| file.metadata().map_or(0, |meta| meta.len())).sum()
}

#[test]
fn two_gigabytes_in_one_form_fill_neither_disk_nor_memory() {
    let station = station(&[]);
    let daemon = station.daemon_alone();
    let to = socket(&daemon);
    let sign_in = format!("id=an&password={}", quoted(PASSWORD));
    let login = raw(to, &post("/sign-in", FORM, "", &sign_in)).1;
    let cookie =
        format!("Cookie: loa={}\r\n", login.split("loa=").nth(1).unwrap().split(';').next().unwrap());
    let page = raw(to, &get("/month/2022-03/audio", &cookie)).1;
    let token = page.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap();
    let before = memory(&daemon);
    // Nobody says beforehand how much will come.
    let mut stream = line(to, 1);
    let mut head_line = stream.try_clone().unwrap();
    let mut part = |bytes: &[u8]| {
        let sent = write!(stream, "{:x}\r\n", bytes.len()).and_then(|()| stream.write_all(bytes));
        sent.and_then(|()| stream.write_all(b"\r\n"))
    };
    let head = format!(
        "POST /month/2022-03/audio?token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}Connection: close\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    head_line.write_all(head.as_bytes()).unwrap();
    part(b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"d.wav\"\r\n\r\n").unwrap();
    let (mebibyte, mut sent, mut most) = (vec![0; 1 << 20], 0_u64, 0);
    let incoming = station.path("data/incoming");
    while sent < 2 << 10 && part(&mebibyte).is_ok() {
        sent += 1;
        most = most.max(filled(&incoming) >> 20);
    }
    let _ = part(b"\r\n--x--\r\n").and_then(|()| head_line.write_all(b"0\r\n\r\n"));
    let mut said = Vec::new();
    let _ = head_line.read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said);
    println!("{sent} MiB sent, at most {most} MiB kept, {} MiB of memory, then: {said:.40}", memory(&daemon));
    // It was taken in as far as one file may be long, and no further; whoever still listened heard why.
    assert!(sent > 500 && (400..=500).contains(&most), "{sent} MiB sent, {most} MiB kept");
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 413"), "{said}");
    assert_eq!((filled(&incoming), station.path("media/2022-03").exists()), (0, false));
    assert!(memory(&daemon) < before + 32, "{before} then {} MiB", memory(&daemon));
    assert_eq!(raw(to, &get("/on-air", &cookie)).0, 200);
    daemon.end();
}

/// What a browser with an empty cache takes for the page at `path`: its bytes with those of all that it links.
fn weight(to: SocketAddr, path: &str, cookie: &str) -> (usize, usize) {
    let (status, page) = raw(to, &get(path, cookie));
    assert_eq!(status, 200, "{path}: {page}");
    // Sound is asked for when somebody wants to hear it.
    let at_once = page.replace("preload=\"none\" src=", "");
    let mut links: Vec<&str> = ["src=\"/", "<link rel=\"stylesheet\" href=\"/"]
        .iter()
        .flat_map(|before| at_once.split(before).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    links.sort_unstable();
    links.dedup();
    let linked = links.iter().map(|link| {
        let (status, all) =
            raw(to, &get(&format!("/{}", link.replace("&#38;", "&").replace("&amp;", "&")), cookie));
        assert_eq!(status, 200, "{link}");
        all.len()
    });
    (page.len(), page.len() + linked.sum::<usize>())
}

#[test]
fn a_first_visit_weighs_little() {
    let station = station(&[]);
    let month = "2022-03".parse().unwrap();
    for file in ["schedules/2022-03.toml", "config/plan-2022.toml"] {
        fs::copy(format!("{}/{file}", env!("CARGO_MANIFEST_DIR")), station.path(file)).unwrap();
    }
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/media/cchc")).unwrap() {
        let entry = entry.unwrap();
        fs::create_dir_all(station.path("media/cchc")).unwrap();
        fs::copy(entry.path(), station.path("media/cchc").join(entry.file_name())).unwrap();
    }
    let key = SigningKey::parse(&fs::read_to_string(station.path("data/keys/station.key")).unwrap()).unwrap();
    let mut log = Log::open(&station.path("data/log.db"), key).unwrap();
    let mut historian = Historian::new(&mut log, month, 5);
    historian.boot();
    let schedule = historian.accept(month, 1);
    historian.live(month, schedule);
    drop(log);
    let daemon = station.daemon_alone();
    entered(&daemon);
    let to = socket(&daemon);
    let login = raw(to, &post("/sign-in", FORM, "", &format!("id=an&password={}", quoted(PASSWORD)))).1;
    let cookie =
        format!("Cookie: loa={}\r\n", login.split("loa=").nth(1).unwrap().split(';').next().unwrap());
    let airing = format!("/log/slot/{}", slots(month)[4]);
    for (path, cookie) in [
        ("/sign-in", ""),
        ("/on-air", &cookie),
        ("/on-air/wall", &cookie),
        ("/months", &cookie),
        ("/month/2022-03", &cookie),
        ("/month/2022-03/audio", &cookie),
        ("/month/2022-03/approve", &cookie),
        ("/month/2022-03/compare", &cookie),
        ("/log", &cookie),
        ("/matrix/2022", &cookie),
        ("/reports", &cookie),
        ("/reports?period=year&year=2022", &cookie),
        ("/reports/urge", &cookie),
        ("/settings", &cookie),
        ("/settings/people", &cookie),
        ("/settings/station", &cookie),
        ("/settings/keys", &cookie),
        ("/settings/units", &cookie),
        ("/settings/holds", &cookie),
        ("/settings/tone", &cookie),
        ("/log?from=2022-03-01&to=2022-03-31", &cookie),
        (&airing, &cookie),
    ] {
        let (page, all) = weight(to, path, cookie);
        println!("{path}: {page} bytes, {all} with all that it links");
        assert!(all <= 150 * 1024, "{path}: {all}");
    }
}

#[test]
fn the_stations_own_certificate_is_renewed_while_it_serves() {
    // For the machine the certificate ends in thirty days and six hours. Its clock is ten days behind, so that a client
    // with the right time trusts what it makes.
    let clocks = Clocks::new();
    let ends = Utc::now().date_naive() + TimeDelta::days(20);
    clocks.step_to(ends.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(30 * 24 + 6));
    let station = Station::on(&clocks, &[]);
    station.settle("");
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("[web]\n", "[web]\ntls = \"own\"\n"));
    let day = |at: NaiveDate| {
        date_time_ymd(at.year(), u8::try_from(at.month()).unwrap(), u8::try_from(at.day()).unwrap())
    };
    let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".into()]).unwrap();
    params.not_before = day(ends - TimeDelta::days(700));
    params.not_after = day(ends);
    let pair = KeyPair::generate().unwrap();
    let old = params.self_signed(&pair).unwrap().pem();
    fs::write(station.path("data/keys/web.crt"), &old).unwrap();
    fs::write(station.path("data/keys/web.key"), pair.serialize_pem()).unwrap();
    let daemon = station.daemon_alone();
    let base = pages(&daemon);
    let trusts = |pem: &str| {
        let roots = RootCerts::new_with_certs(&[Certificate::from_pem(pem.as_bytes()).unwrap()]);
        let tls = TlsConfig::builder().root_certs(roots).build();
        let agent: Agent = Agent::config_builder().tls_config(tls).max_idle_connections(0).build().into();
        agent.get(format!("{base}/sign-in")).call().is_ok_and(|answer| answer.status() == 200)
    };
    assert!(trusts(&old), "it serves what it found");
    assert_eq!(fs::read_to_string(station.path("data/keys/web.crt")).unwrap(), old);
    let pid = daemon.pid();
    // Only the wall clock goes on: what sounds into a file would make up for hours that passed.
    clocks.step(TimeDelta::hours(13));
    let deadline = Instant::now() + Duration::from_secs(20);
    let new = loop {
        // Whoever asks wakes the pages; which certificate they get shows whether the old one still serves.
        let still = trusts(&old);
        let now = fs::read_to_string(station.path("data/keys/web.crt")).unwrap();
        if !still && now != old {
            break now;
        }
        assert!(Instant::now() < deadline, "the old certificate stays: {still}");
    };
    assert!(trusts(&new) && !trusts(&old) && daemon.pid() == pid);
    let trace = fs::read_to_string(station.path("stderr.txt")).unwrap();
    assert!(trace.contains("the pages have a new certificate"), "{trace}");
    daemon.end();
}
