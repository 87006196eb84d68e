//! The log in the pages: an auditor reads, takes along and verifies; an operator explains; each only what is theirs.

use std::{fs, io::Read as _};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use loa::{
    clock::System,
    control::{self, Compliance, Folder, Look, PAGE, Role, RowFilter, Sheet},
    evidence::{AnchorFact, Body, Outcome},
    store::{Log, Reader},
    units::{Digest, Month},
};
use sha2::{Digest as _, Sha256};
use ureq::Agent;

use crate::{
    support::{
        browser::Browser,
        history::{Historian, march},
        station::{Daemon, Station, forge, in_seconds, leaf, leaves},
    },
    web_on_air::{PASSWORD, look, pages, person},
};

/// Somebody who is signed in, without a browser.
struct Client {
    agent: Agent,
    base: String,
}

impl Client {
    fn sign_in(base: &str, id: &str) -> Client {
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let client = Client { agent, base: base.to_owned() };
        let (status, page) = client.post("/sign-in", &[("id", id), ("password", PASSWORD)]);
        assert!(status == 200 && page.contains("data-token=\""), "{status}: {page}");
        client
    }

    fn get(&self, path: &str) -> (u16, String) {
        let mut response = self.agent.get(format!("{}{path}", self.base)).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// Asks as if a picture were wanted, or a stream.
    fn disguised(&self, path: &str) {
        let request = self.agent.get(format!("{}{path}", self.base)).header("sec-fetch-dest", "image");
        request.header("accept", "text/event-stream").call().unwrap();
    }

    fn bytes(&self, path: &str) -> (u16, String, Vec<u8>) {
        let response = self.agent.get(format!("{}{path}", self.base)).call().unwrap();
        let name =
            response.headers().get("content-disposition").map(|name| name.to_str().unwrap().to_owned());
        let (status, mut bytes) = (response.status().as_u16(), Vec::new());
        response.into_body().into_reader().read_to_end(&mut bytes).unwrap();
        (status, name.unwrap_or_default(), bytes)
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let request = self.agent.post(format!("{}{path}", self.base));
        let mut response = request.send_form(fields.iter().copied()).unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// Sends a form of the page at `from`.
    fn send(&self, from: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let page = self.get(from).1;
        let token = page.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap();
        self.post(path, &[fields, &[("token", token)]].concat())
    }
}

/// A station with one slot that its schedule came too late for and one that it airs into a file, and its people.
fn station() -> (Station, Vec<String>) {
    let mut station = Station::new(&[("a.wav", 2), ("b.wav", 1)]);
    station.settle("");
    person(&station, "giam-sat", "Phạm Thị Giám Sát", &[Role::Auditor]);
    person(&station, "truc", "Trần Văn Trực", &[Role::Operator]);
    let slots = station.schedule(&["a.wav", "b.wav"], &[in_seconds(-3), in_seconds(25)]);
    station.approve();
    (station, slots)
}

/// How many entries of what `by` read there are.
fn reads(station: &Station, what: &str) -> usize {
    let of = |leaf: &&String| leaf.contains("\"kind\":\"read\"") && leaf.contains(what);
    leaves(station).iter().filter(of).count()
}

/// Computes the root from the leaf's bytes and the path, as RFC 9162 section 2.1.3.2 says it.
fn root(leaf: &[u8], index: u64, size: u64, path: &[Vec<u8>]) -> Vec<u8> {
    let mut hash = Sha256::new().chain_update([0]).chain_update(leaf).finalize().to_vec();
    let (mut node, mut last) = (index, size - 1);
    for sibling in path {
        let inner = Sha256::new().chain_update([1]);
        if node % 2 == 1 || node == last {
            hash = inner.chain_update(sibling).chain_update(&hash).finalize().to_vec();
            while node % 2 == 0 && node != 0 {
                (node, last) = (node / 2, last / 2);
            }
        } else {
            hash = inner.chain_update(&hash).chain_update(sibling).finalize().to_vec();
        }
        (node, last) = (node / 2, last / 2);
    }
    assert_eq!(last, 0, "the path is as long as the tree is high");
    hash
}

/// Recomputes the proof of the last entry of the page at `path`, which must show the same head: both are taken anew
/// while the log grows between them.
fn check_proof(client: &Client, station: &Station, path: &str) {
    let grown = (0..10).find(|_| shows_its_proof(client, station, &client.get(path).1));
    assert!(grown.is_some(), "the page shows the root of the same head");
}

fn shows_its_proof(client: &Client, station: &Station, page: &str) -> bool {
    let links = page.match_indices("/log/proof/").map(|(at, found)| &page[at + found.len()..]);
    let entry = links.last().unwrap().split('"').next().unwrap();
    let (status, text) = client.get(&format!("/log/proof/{entry}"));
    assert_eq!(status, 200);
    let (head, note) = text.split_once("\n\n").unwrap();
    let mut rest = head.lines();
    assert_eq!(rest.next(), Some("c2sp.org/tlog-proof@v1"));
    assert_eq!(rest.next(), Some(&*format!("index {entry}")));
    let path: Vec<Vec<u8>> = rest.map(|line| BASE64.decode(line).unwrap()).collect();
    let mut note = note.lines().skip(1);
    let size = note.next().unwrap().parse().unwrap();
    let signed = BASE64.decode(note.next().unwrap()).unwrap();
    let entry = entry.parse().unwrap();
    assert_eq!(root(leaf(station, entry).as_bytes(), entry, size, &path), signed);
    page.contains(&hex::encode(signed))
}

/// Asks for the list in six ways, of which some show `slot`.
fn finds(client: &Client, slot: &str) {
    for (query, found) in [
        ("outcome=missed", true),
        ("outcome=missed&reason=power-off", false),
        ("q=lich+den+sau", true),
        ("q=khong+co+gi", false),
        ("programme=cchc&q=th%E1%BB%AD", true),
        ("to=2000-01-01", false),
    ] {
        let (status, page) = client.get(&format!("/log?{query}"));
        assert_eq!((status, page.contains(slot)), (200, found), "{query}");
    }
}

/// Corrects the first entry about `slot`, which its page then shows.
fn corrects(client: &Client, station: &Station, slot: &str) {
    let entry = station.rows()[0]["entries"][0].to_string();
    let fields = [("slot", slot), ("entry", &*entry), ("text", "mất điện từ 5 giờ")];
    let page = client.send(&format!("/log/slot/{slot}"), "/log/correct", &fields).1;
    let corrected = format!("</strong> (đính chính mục {entry}): mất điện từ 5 giờ");
    assert!(page.contains("flash good") && page.contains(&corrected), "{page}");
}

#[test]
fn an_auditor_reads_verifies_and_takes_along_and_changes_nothing() {
    let (station, slots) = station();
    let daemon = station.daemon_alone();
    daemon.until_closed(2);
    let base = pages(&daemon);
    let (auditor, operator) = (Client::sign_in(&base, "giam-sat"), Client::sign_in(&base, "truc"));
    // The auditor's home is the log, which lists both.
    let (_, home) = auditor.get("/");
    for slot in &slots {
        assert!(home.contains(&format!("/log/slot/{slot}")), "{slot} in {home}");
    }
    assert!(home.contains("lịch đến sau giờ"));
    finds(&auditor, &slots[0]);
    // A look is an entry, once an hour, and tells what was looked for; an operator's is none.
    assert_eq!((reads(&station, "\"/log?outcome=missed\""), reads(&station, "/log?")), (1, 6));
    let path = format!("/log/slot/{}", slots[0]);
    let (status, page) = auditor.get(&path);
    assert!(status == 200 && page.contains("Mức 0 trên 6"), "{page}");
    auditor.get(&path);
    operator.get(&path);
    // Whatever a client calls itself, and however long it makes the address.
    let long = format!("/log?q={}", "a".repeat(1500));
    auditor.disguised(&long);
    assert_eq!(reads(&station, &long[..1000]), 1);
    assert_eq!(reads(&station, &slots[0]), 1);
    assert_eq!(reads(&station, "Trực"), 0);
    check_proof(&auditor, &station, &path);
    let airing = format!("/log/slot/{}", slots[1]);
    let aired = auditor.get(&airing).1;
    assert!(aired.contains("b.wav") && aired.contains("Số văn bản") && aired.contains("1/PD"), "{aired}");
    check_proof(&auditor, &station, &airing);
    // Notes are an operator's.
    let fields = [("slot", &*slots[0]), ("text", "mất điện cả <xã>")];
    assert_eq!(auditor.send(&path, "/log/note", &fields).0, 403);
    assert_eq!(auditor.send(&path, "/log/correct", &[("entry", "1"), ("text", "x")]).0, 403);
    assert_eq!(operator.post("/log/note", &fields).0, 403, "without a token");
    let (status, page) = operator.send(&path, "/log/note", &fields);
    assert!(
        status == 200 && page.contains("mất điện cả &#60;xã&#62;") && page.contains("flash good"),
        "{page}"
    );
    let fields = [("slot", &*slots[0]), ("entry", "999999"), ("text", "x")];
    let page = operator.send(&path, "/log/correct", &fields).1;
    assert!(
        page.contains("flash bad") && page.contains("<dd>x</dd>"),
        "what was typed is still there: {page}"
    );
    corrects(&operator, &station, &slots[0]);
    // The whole log, and a bundle of today.
    let (status, page) = auditor.send("/log", "/log/verify", &[]);
    assert!(status == 200 && page.contains("Nhật ký nguyên vẹn"), "{page}");
    let (status, name, zip) = auditor.bytes("/log/bundle?from=2022-01-01&to=");
    assert!(status == 200 && name.contains("loa-pho-hoa-2022-01-01-cuoi.zip"), "{status} {name}");
    assert_eq!(reads(&station, "/log/bundle?from=2022-01-01"), 1);
    assert_eq!((reads(&station, "\"/log/verify\""), reads(&station, "/log/proof/")), (1, 2));
    assert_eq!(operator.get("/log/bundle").0, 403);
    let left = fs::read_dir(station.path("data")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("bundle-")));
    fs::write(station.path("bundle.zip"), zip).unwrap();
    station.ok(&["verify", station.path("bundle.zip").to_str().unwrap()]);
    for (path, status) in [
        ("/matrix", 200),
        ("/matrix/1999", 200),
        ("/matrix/x", 404),
        ("/log/airing/0", 404),
        ("/log/slot/x", 404),
        ("/log/proof/99999", 404),
        ("/log/bundle?from=x", 422),
    ] {
        assert_eq!(auditor.get(path).0, status, "{path}");
    }
    daemon.end();
    station.ok(&["verify"]);
}

/// Sends the form of the proof, and tells whether the page says that it holds.
fn verified(browser: &Browser) -> bool {
    browser.send("form[action='/log/check'] button");
    browser.has(".flash.good")
}

#[test]
fn the_log_is_seen_in_a_browser_and_a_forged_entry_is_named() {
    let (station, slots) = station();
    let daemon: Daemon<'_> = station.daemon_alone();
    daemon.until_closed(2);
    let browser = Browser::open(&pages(&daemon), 1280, 900);
    browser.sign_in("giam-sat", PASSWORD);
    assert_eq!(browser.path(), "/log");
    look(&browser, "log");
    browser.go("/log?q=khong-co");
    look(&browser, "log-empty");
    browser.go("/matrix");
    look(&browser, "matrix");
    browser.go(&format!("/log/slot/{}", slots[1]));
    look(&browser, "airing");
    assert!(!browser.has("form[action='/log/note']"));
    assert!(verified(&browser));
    look(&browser, "proof");
    // Somebody changes what the log says of the slot that did not air.
    let seq = leaves(&station).iter().position(|leaf| leaf.contains("play.missed")).unwrap() as u64;
    forge(&station, seq, |leaf| leaf.replace("schedule-late", "operator-stop"));
    browser.go(&format!("/log/slot/{}?entry={seq}", slots[0]));
    assert!(!verified(&browser));
    look(&browser, "proof-forged");
    browser.go("/log");
    browser.send("form[action='/log/verify'] button");
    assert!(browser.text(".flash.bad").contains("KHÔNG đạt"));
    look(&browser, "audit-forged");
    browser.go("/sign-in");
    browser.send("form[action='/sign-out'] button");
    browser.sign_in("truc", PASSWORD);
    browser.go(&format!("/log/slot/{}", slots[1]));
    look(&browser, "airing-operator");
    // Who presses twice has said it once.
    browser.fill("form[action='/log/note'] textarea", "loa khu 3 rè");
    let twice = "document.body.dataset.left = 'no';
        const form = document.querySelector(\"form[action='/log/note']\"); form.requestSubmit(); form.requestSubmit()";
    browser.script(twice, Vec::new());
    browser.find("body:not([data-left])");
    browser.go(&format!("/log/slot/{}", slots[1]));
    assert!(browser.has("#notes li") && !browser.has("#notes li + li"), "{}", browser.text("#notes"));
    daemon.kill();
}

/// Every page of what `look` wants, one behind the other.
fn sheets(folder: &Folder, mut look: Look) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    loop {
        let sheet = control::sheet(folder, &look).unwrap();
        let next = sheet.next;
        assert!(next.is_none() || next > look.cursor, "{look:?} goes on");
        sheets.push(sheet);
        look.cursor = next;
        if next.is_none() {
            return sheets;
        }
    }
}

#[test]
fn the_pages_of_the_log_hold_each_row_once() {
    let station = Station::new(&[]);
    let folder = Folder::open(&station.path("")).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let mut month: Month = "2022-02".parse().unwrap();
    let mut historian = Historian::new(&mut log, month, 5);
    historian.boot();
    for _ in 0..4 {
        let schedule = historian.accept(month, 1);
        historian.live(month, schedule);
        month = month.next();
    }
    let march = |day: u32| Some(format!("2022-03-{day:02}").parse().unwrap());
    for (from, to, outcome) in [
        (None, None, None),
        (march(1), march(31), None),
        (None, None, Some(Outcome::Missed)),
        (march(5), None, Some(Outcome::Full)),
    ] {
        let rows = control::rows(&folder, &folder.log_path(), &RowFilter { from, to, outcome }).unwrap();
        let sheets = sheets(&folder, Look { from, to, outcome: outcome.map(Some), ..Look::default() });
        let lines: Vec<_> = sheets.iter().flat_map(|sheet| &sheet.lines).collect();
        assert_eq!(lines.len(), rows.len(), "{from:?} {to:?} {outcome:?}");
        for (line, row) in lines.iter().zip(&rows) {
            assert_eq!((&line.slot, &line.planned, &line.title), (&row.slot, &row.planned, &row.title));
            assert_eq!((line.outcome, line.reason, line.proof), (row.outcome, row.reason, row.proof));
        }
        let full = |sheet: &Sheet| sheet.next.is_none() || sheet.lines.len() >= PAGE;
        assert!(sheets.iter().all(full));
    }
    let of_month = "2022-03".parse().unwrap();
    let (days, sheet) = control::month_of_log(&folder, of_month, &Look::default()).unwrap();
    let look = Look { from: march(1), to: march(31), ..Look::default() };
    assert_eq!(sheet, control::sheet(&folder, &look).unwrap());
    let marked: u32 = days.values().flat_map(|day| day.values()).sum();
    let filter = RowFilter { from: march(1), to: march(31), outcome: None };
    assert_eq!(marked as usize, control::rows(&folder, &folder.log_path(), &filter).unwrap().len());
    // Each has its page, by its slot or by the entry that began it.
    for row in control::rows(&folder, &folder.log_path(), &filter).unwrap() {
        let which = match row.slot.clone() {
            Some(slot) => control::Which::Slot(slot),
            None => control::Which::Airing(row.entries[0]),
        };
        let page = control::airing(&folder, &which).unwrap().unwrap();
        assert_eq!(page.row, row);
        for entry in &page.entries {
            assert!(control::proof(&folder, entry.seq).unwrap().unwrap().holds());
        }
    }
    let compliance = Compliance::default();
    let (sources, last) = (control::Sources::alone(&folder).unwrap(), "2022-12-31".parse().unwrap());
    let of = |known: &Compliance| known.of(&sources, 2022, last).unwrap().unwrap().matrix;
    let before = of(&compliance);
    assert!(before.totals.airings_done > 0 && before.totals.cells_due > 0, "{:?}", before.totals);
    assert_eq!(of(&compliance), before);
    // What is remembered is forgotten when the log says something new.
    let schedule = historian.accept(month, 1);
    historian.live(month, schedule);
    let after = of(&compliance);
    assert!(after.totals.airings_done > before.totals.airings_done, "{:?}", after.totals);
    assert_eq!(after, of(&Compliance::default()));
}

#[test]
fn an_airing_tells_who_outside_saw_its_entries_first_and_how_long_it_sounded() {
    let station = Station::new(&[]);
    station.settle("");
    fs::copy("config/plan-2022.toml", station.path("config/plan-2022.toml")).unwrap();
    let folder = march(&station, 7);
    person(&station, "giam-sat", "Phạm Thị Giám Sát", &[Role::Auditor]);
    let rows = control::rows(&folder, &folder.log_path(), &RowFilter::default()).unwrap();
    let full = rows.iter().find(|row| row.outcome == Some(Outcome::Full)).unwrap();
    let path = format!("/log/slot/{}", full.slot.as_ref().unwrap());
    let heard = full.frames_consumed.unwrap() / 48_000;
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    // One of before it was written, one of another history, and the first that saw it.
    let last = *full.entries.last().unwrap();
    let mut see = |size: u64, root: Digest, by: &str| {
        let (by, time, signature) = (by.into(), 1_650_000_000, String::new());
        let anchor = Body::Anchor(Box::new(AnchorFact { size, root, by, time, signature }));
        let clk = loa::control::clk(&System::new(), chrono_tz::Asia::Ho_Chi_Minh);
        log.append(&[(clk, anchor)]).unwrap();
        log.size() - 1
    };
    let root = |size| Reader::open(&folder.log_path()).unwrap().frontier(size).unwrap().root();
    see(last, root(last), "loa/centre/som");
    see(last + 1, Digest::of(b"another"), "loa/centre/khac");
    let entry = see(last + 1, root(last + 1), "loa/centre/duc-pho");
    see(last + 1, root(last + 1), "loa/centre/muon");
    drop(log);

    let daemon = station.daemon_alone();
    let auditor = Client::sign_in(&pages(&daemon), "giam-sat");
    let page = auditor.get(&path).1;
    let seen = format!(
        "loa/centre/duc-pho đã thấy {} mục đầu của nhật ký lúc 15/04/2022 12:20:00 (+07:00) (mục № {entry})",
        last + 1
    );
    assert!(page.contains(&seen), "{seen} in {page}");
    for other in ["som", "khac", "muon"] {
        assert!(!page.contains(&format!("loa/centre/{other}")), "{other} in {page}");
    }
    let heard = format!("<dd>{}:{:02}</dd>", heard / 60, heard % 60);
    let of = page.split("Thời lượng thiết bị đã phát").nth(1).unwrap();
    assert!(of.split("<dt>").next().unwrap().contains(&heard), "{heard} in {of}");
    // Of what was written since nobody outside knows.
    let late = rows.last().unwrap().slot.as_ref().unwrap();
    let page = auditor.get(&format!("/log/slot/{late}")).1;
    assert!(page.contains("Chưa có ai ngoài đài này xác nhận"), "{page}");
    daemon.end();
}

#[test]
fn what_fails_inside_is_a_page_with_a_reference_and_its_words_are_in_the_trace_alone() {
    let (station, _) = station();
    let daemon = station.daemon_alone();
    let auditor = Client::sign_in(&pages(&daemon), "giam-sat");
    // A look that cannot be had: where the log was is a folder.
    for name in ["log.db", "log.db-wal", "log.db-shm"] {
        let _ = fs::rename(station.path(&format!("data/{name}")), station.path(name));
    }
    fs::create_dir(station.path("data/log.db")).unwrap();
    let (status, page) = auditor.get("/log");
    assert_eq!(status, 500, "{page}");
    assert!(page.contains("Số tham chiếu:") && page.contains("· 500"), "{page}");
    let reference = page.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    let inner = station.path("data").display().to_string();
    assert!(!page.contains(&inner) && !page.contains("log.db"), "{page}");
    let trace = fs::read_to_string(station.path("stderr.txt")).unwrap();
    let line = trace.lines().find(|line| line.contains(reference));
    assert!(line.is_some_and(|line| line.contains("log.db")), "{reference} in {trace}");
    drop(daemon);
}
