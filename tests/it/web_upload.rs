//! Audio that is sent to the pages of the real program: in pieces over lines that break, under names and with bytes
//! that mean no good, and heard again in ranges.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    thread,
    time::{Duration, SystemTime},
};

use loa::{control::Role, units::Digest};
use serde_json::Value;

use super::{
    support::{
        station::{Daemon, Station, noise},
        visitor::{Answer, Visitor},
    },
    web_on_air::{PASSWORD, pages, person},
};

const MONTH: &str = "2030-05";

/// A running station's folder with two editors and an auditor.
fn site() -> Station {
    let station = Station::new(&[]);
    station.settle("");
    person(&station, "lan", "Nguyễn Thị Lan", &[Role::Editor]);
    // Another person of the same name.
    person(&station, "lan2", "Nguyễn Thị Lan", &[Role::Editor]);
    person(&station, "kiem", "Phạm Văn Kiểm", &[Role::Auditor]);
    station
}

fn visitor(daemon: &Daemon<'_>, id: &str) -> Visitor {
    let visitor = Visitor::at(&pages(daemon));
    assert_eq!(visitor.sign_in(id, PASSWORD).status, 303);
    visitor
}

/// The bytes of so many seconds of sound.
fn sound(station: &Station, seconds: u32, seed: u64) -> Vec<u8> {
    let path = station.path("data/sound.wav");
    noise(&path, seconds, seed);
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(path).unwrap();
    bytes
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("{}: {}", answer.status, answer.text))
}

fn begin(visitor: &Visitor, name: &str, size: usize) -> Answer {
    visitor.post("/upload", &[("name", name), ("size", &size.to_string())])
}

/// Begins, and gives id and offset.
fn begun(visitor: &Visitor, name: &str, size: usize) -> (String, usize) {
    let told = json(&begin(visitor, name, size));
    (told["id"].as_str().unwrap().to_owned(), usize::try_from(told["offset"].as_u64().unwrap()).unwrap())
}

fn piece(visitor: &Visitor, id: &str, offset: usize, bytes: &[u8]) -> Answer {
    visitor.piece(&format!("/upload/{id}?offset={offset}"), "application/octet-stream", bytes)
}

fn finish(visitor: &Visitor, id: &str, name: &str, size: usize) -> Answer {
    let size = size.to_string();
    visitor.post(&format!("/upload/{id}/finish"), &[("name", name), ("size", &size), ("month", MONTH)])
}

/// Sends `bytes` as `name`, whole.
fn send(visitor: &Visitor, name: &str, bytes: &[u8]) -> Answer {
    let (id, offset) = begun(visitor, name, bytes.len());
    assert_eq!(offset, 0);
    let answer = piece(visitor, &id, 0, bytes);
    assert_eq!(answer.status, 200, "{}", answer.text);
    finish(visitor, &id, name, bytes.len())
}

/// The names in a folder; none where there is no folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn placed(station: &Station) -> Vec<String> {
    names(&station.path("media").join(MONTH))
}

fn on_the_way(station: &Station) -> Vec<String> {
    names(&station.path("data/incoming"))
}

#[test]
fn what_is_begun_is_done_though_the_browser_leaves() {
    let station = site();
    let daemon = station.daemon_alone();
    let lan = visitor(&daemon, "lan");
    let bytes = sound(&station, 9, 3);
    let (id, _) = begun(&lan, "đi mất.wav", bytes.len());
    assert_eq!(json(&piece(&lan, &id, 0, &bytes))["offset"], bytes.len());
    let base = pages(&daemon);
    let host = base.strip_prefix("http://").unwrap();
    let name = "%C4%91i+m%E1%BA%A5t.wav";
    let body = format!("name={name}&size={}&month={MONTH}", bytes.len());
    let head = format!(
        "POST /upload/{id}/finish HTTP/1.1\r\nhost: {host}\r\ncookie: {}\r\nx-token: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        lan.cookies(),
        lan.token.borrow(),
        body.len(),
    );
    let mut line = TcpStream::connect(host).unwrap();
    let part = station.path("data/incoming").join(&on_the_way(&station)[0]);
    line.write_all(head.as_bytes()).unwrap();
    // It is begun when the file is held, or already gone.
    while fs::File::open(&part).is_ok_and(|part| part.try_lock().is_ok()) {
        thread::yield_now();
    }
    drop(line);
    daemon.until_entered(&["\"audio\"", "đi mất.wav", &Digest::of(&bytes).to_string()]);
    daemon.until("it has its place", |_| station.path(&format!("media/{MONTH}/đi mất.wav")).exists());
}

#[test]
fn a_file_goes_on_where_its_line_broke_and_arrives_whole() {
    let station = site();
    let daemon = station.daemon_alone();
    let lan = visitor(&daemon, "lan");
    let bytes = sound(&station, 12, 7);
    let (id, offset) = begun(&lan, "tin tức.wav", bytes.len());
    assert_eq!(offset, 0);
    let third = bytes.len() / 3;
    assert_eq!(json(&piece(&lan, &id, 0, &bytes[..third]))["offset"], third);
    // The line breaks in the middle of a piece.
    let base = pages(&daemon);
    let mut line = TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap();
    let head = format!(
        "POST /upload/{id}?offset={third} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nx-token: {}\r\n\
         content-type: application/octet-stream\r\ncontent-length: {third}\r\n\r\n",
        base.strip_prefix("http://").unwrap(),
        lan.cookies(),
        lan.token.borrow(),
    );
    line.write_all(head.as_bytes()).unwrap();
    line.write_all(&bytes[third..third + third / 2]).unwrap();
    line.shutdown(std::net::Shutdown::Write).unwrap();
    // The other side is done with it when it closes.
    let _ = line.read_to_end(&mut Vec::new());
    let (again, offset) = begun(&lan, "tin tức.wav", bytes.len());
    assert_eq!((&again, offset), (&id, third), "a piece counts whole or not at all");
    // Another state of the file is another file, though name and length are the same.
    let changed = [("name", "tin tức.wav"), ("size", &bytes.len().to_string()), ("changed", "1646100000000")];
    let other = json(&lan.post("/upload", &changed));
    assert_eq!((&other["offset"], other["id"] == id.as_str()), (&0.into(), false));
    assert_eq!(
        finish(&lan, other["id"].as_str().unwrap(), "tin tức.wav", bytes.len()).status,
        422,
        "it is empty"
    );
    // What does not follow is answered with what is here, and changes nothing.
    for wrong in [0, third - 1, third + 1] {
        let answer = piece(&lan, &id, wrong, &bytes[..9]);
        assert_eq!((answer.status, &json(&answer)["offset"]), (409, &third.into()));
        assert!(answer.text.contains("không nối tiếp"), "{}", answer.text);
    }
    assert_eq!(finish(&lan, &id, "tin tức.wav", bytes.len()).status, 422, "it is not whole");
    assert_eq!(json(&piece(&lan, &id, third, &bytes[third..]))["offset"], bytes.len());
    let arrived = json(&finish(&lan, &id, "tin tức.wav", bytes.len()));
    assert_eq!(arrived["file"], format!("{MONTH}/tin tức.wav"));
    let there = fs::read(station.path(&format!("media/{MONTH}/tin tức.wav"))).unwrap();
    assert_eq!(Digest::of(&there), Digest::of(&bytes));
    daemon.until_entered(&["\"audio\"", "tin tức.wav", &Digest::of(&bytes).to_string(), "Nguyễn Thị Lan"]);
    assert!(on_the_way(&station).is_empty());
    // It is here: there is nothing to go on with, and the same again is the same file.
    assert_eq!(finish(&lan, &id, "tin tức.wav", bytes.len()).status, 404);
    assert_eq!(send(&lan, "tin tức.wav", &bytes).status, 200);
    assert_eq!(placed(&station), ["tin tức.wav"]);
    // Others under the same name do not touch it.
    let other = json(&send(&lan, "tin tức.wav", &sound(&station, 1, 8)));
    assert_ne!(other["file"], arrived["file"]);
    assert_eq!(
        Digest::of(&fs::read(station.path(&format!("media/{MONTH}/tin tức.wav"))).unwrap()),
        Digest::of(&there)
    );
    daemon.end();
}

#[test]
fn a_name_stays_in_the_folder_of_its_month() {
    let station = site();
    let daemon = station.daemon_alone();
    let lan = visitor(&daemon, "lan");
    let before = names(&station.path(""));
    for (n, (name, expected)) in [
        ("../../x.mp3", "x.wav"),
        ("..\\..\\y.wav", "y.wav"),
        ("/etc/cron.d/z.wav", "z.wav"),
        ("C:\\Windows\\v.wav", "v.wav"),
        ("a\0b.wav", "ab.wav"),
        ("..", "am-thanh.wav"),
        ("page.html", "page.wav"),
        ("tin #1 50%?.wav", "tin #1 50%.wav"),
        ("<script>alert(1)</script>.wav", "script.wav"),
        ("\"><img src=x onerror=alert(2)>.wav", "img src=x onerror=alert(2).wav"),
        ("&lt;b onclick='alert(3)'.wav", "&lt;b onclick='alert(3)'.wav"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = send(&lan, name, &sound(&station, 1, n as u64));
        assert_eq!(json(&answer)["file"], format!("{MONTH}/{expected}"), "{name:?}");
    }
    assert_eq!(placed(&station).len(), 11);
    assert_eq!(names(&station.path("")), before);
    assert_eq!(names(&station.path("media")), [MONTH]);
    // On the page a name is text, and its file can be heard whatever the name.
    let page = lan.get(&format!("/month/{MONTH}/audio")).text;
    assert!(page.contains("&#38;lt;b onclick=&#39;alert(3)&#39;.wav"), "{page}");
    assert!(!page.contains("onclick='alert") && !page.contains("<img src=x"), "{page}");
    for audio in page.split("<audio ").skip(1) {
        let address = audio.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
        let heard = lan.get(&address.replace("&#38;", "&"));
        assert_eq!((heard.status, &heard.bytes[..4]), (200, &b"RIFF"[..]), "{address}");
    }
    // What somebody laid there by hand is no page and no script of this site.
    fs::write(station.path(&format!("media/{MONTH}/page.html")), "<script>alert(4)</script>").unwrap();
    for (file, status) in [(format!("{MONTH}/page.html"), 200), ("../config/station.toml".into(), 422)] {
        let answer = lan.get(&format!("/media?{}", serde_urlencoded::to_string([("file", &file)]).unwrap()));
        assert_eq!(answer.status, status, "{file}: {}", answer.text);
        if status == 200 {
            assert_eq!(answer.header("content-type"), "application/octet-stream");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
    }
    daemon.end();
}

#[test]
fn what_is_no_audio_too_long_or_not_as_told_is_refused_and_leaves_nothing() {
    let station = site();
    let daemon = station.daemon_alone();
    let lan = visitor(&daemon, "lan");
    for (bytes, said) in [
        (&b"PK\x03\x04\x14\0\0\0\x08\0 a zip archive in disguise"[..], "ZIP"),
        (b"<!doctype html><html><script>alert(1)</script></html>", "không phải"),
        (b"\xFF", "không phải"),
    ] {
        let answer = send(&lan, "tin.mp3", bytes);
        assert_eq!(answer.status, 422);
        let no = json(&answer)["no"].as_str().unwrap().to_owned();
        assert!(no.contains("tin.mp3") && no.contains(said), "{no}");
        assert!(on_the_way(&station).is_empty() && placed(&station).is_empty());
    }
    // Lengths that cannot be are refused before a byte is sent.
    for (size, said) in [(2 << 30, "lớn hơn 500 MB"), (usize::MAX, "lớn hơn"), (0, "trống")] {
        let answer = begin(&lan, "dài.wav", size);
        assert_eq!(answer.status, 422, "{size}");
        assert!(json(&answer)["no"].as_str().unwrap().contains(said), "{}", answer.text);
    }
    assert_eq!(begin(&lan, "dài.wav", 3).status, 200);
    assert_eq!(lan.post("/upload", &[("name", "x.wav"), ("size", "-1")]).status, 422);
    // Nor can an id be made up.
    for id in [
        "x",
        "../../../x-9",
        &format!("{}-{}", "0".repeat(32), 2_u64 << 30),
        &format!("{}-99", "0".repeat(32)),
    ] {
        let id: String = serde_urlencoded::to_string([("i", id)]).unwrap()[2..].to_owned();
        let answer = piece(&lan, &id, 0, b"abc");
        assert_eq!(answer.status, 404, "{id}: {}", answer.text);
    }
    // More than was told.
    let bytes = sound(&station, 1, 1);
    let (id, _) = begun(&lan, "tin.wav", 100);
    let answer = piece(&lan, &id, 0, &bytes[..101]);
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("nhiều hơn độ dài"), "{}", answer.text);
    assert_eq!(begun(&lan, "tin.wav", 100).1, 0);
    // Pieces that are too long, or no bytes.
    let (id, _) = begun(&lan, "lớn.wav", 9 << 20);
    let answer = piece(&lan, &id, 0, &vec![0; (4 << 20) + 1]);
    assert_eq!(answer.status, 413);
    assert!(json(&answer)["no"].as_str().unwrap().contains("4 MB"), "{}", answer.text);
    for kind in ["application/json", "text/html", "application/x-www-form-urlencoded"] {
        let answer = lan.piece(&format!("/upload/{id}?offset=0"), kind, b"abc");
        assert_eq!(answer.status, 415, "{kind}: {}", answer.text);
        assert!(json(&answer)["no"].is_string());
    }
    assert_eq!(begun(&lan, "lớn.wav", 9 << 20).1, 0);
    // A form that is no form with files.
    let answer = lan.piece(&format!("/month/{MONTH}/audio"), "text/plain", b"abc");
    assert_eq!(answer.status, 415);
    assert!(answer.text.contains("Không hiểu được nội dung"), "{}", answer.text);
    assert!(placed(&station).is_empty());
    daemon.end();
}

#[test]
fn nobody_goes_on_with_the_file_of_another_and_an_auditor_sends_none() {
    let station = site();
    let daemon = station.daemon_alone();
    let (lan, other, auditor) = (visitor(&daemon, "lan"), visitor(&daemon, "lan2"), visitor(&daemon, "kiem"));
    let bytes = sound(&station, 1, 1);
    let (id, _) = begun(&lan, "tin.wav", bytes.len());
    assert_eq!(piece(&lan, &id, 0, &bytes[..1000]).status, 200);
    // Even under the same name of person, file and length, and with the id known.
    assert_eq!(piece(&other, &id, 1000, b"xxxx").status, 404);
    assert_eq!(finish(&other, &id, "tin.wav", bytes.len()).status, 404);
    assert_eq!(begun(&other, "tin.wav", bytes.len()).1, 0);
    assert_eq!(piece(&other, &id, 0, b"xxxx").status, 200);
    assert_eq!(begun(&lan, "tin.wav", bytes.len()).1, 1000);
    assert_eq!(piece(&lan, &id, 1000, &bytes[1000..]).status, 200);
    assert_eq!(finish(&lan, &id, "tin.wav", bytes.len()).status, 200);
    assert_eq!(fs::read(station.path(&format!("media/{MONTH}/tin.wav"))).unwrap(), bytes);
    for answer in [
        begin(&auditor, "tin.wav", 9),
        piece(&auditor, &id, 0, b"abc"),
        finish(&auditor, &id, "tin.wav", 9),
        auditor.upload(&format!("/month/{MONTH}/audio"), "file", "a.wav", &bytes),
    ] {
        assert_eq!(answer.status, 403, "{}", answer.text);
    }
    // The form of a page that is not theirs: no token, no file.
    let before = placed(&station);
    *lan.token.borrow_mut() = "x".into();
    assert_eq!(piece(&lan, &id, 0, b"abc").status, 403);
    assert_eq!(placed(&station), before);
    daemon.end();
}

#[test]
fn a_form_without_script_takes_several_files_and_names_the_one_it_refuses() {
    let station = site();
    let daemon = station.daemon_alone();
    let lan = visitor(&daemon, "lan");
    let path = format!("/month/{MONTH}/audio");
    let (one, two) = (sound(&station, 1, 1), sound(&station, 2, 2));
    let answer = lan.uploads(&path, &[("file", "a.wav", &one), ("file", "b.wav", &two)]);
    assert_eq!((answer.status, answer.header("location")), (303, path.as_str()));
    assert!(lan.get(&path).text.contains("Đã nhận 2 tệp"));
    assert_eq!(placed(&station), ["a.wav", "b.wav"]);
    // One that is refused is named, and keeps no other out.
    let zip = b"PK\x03\x04 a zip archive".repeat(200_000);
    let files = [
        ("file", "c.wav", &one[..]),
        ("file", "xấu.mp3", &zip),
        ("file", "trống.mp3", b""),
        ("file", "d.wav", &two),
    ];
    assert_eq!(lan.uploads(&path, &files).status, 303);
    let page = lan.get(&path).text;
    assert!(page.contains("flash bad") && page.contains("xấu.mp3"), "{page}");
    assert_eq!(placed(&station), ["a.wav", "b.wav", "c.wav", "d.wav"]);
    assert!(on_the_way(&station).is_empty());
    assert_eq!(lan.uploads(&path, &[]).status, 303);
    assert!(lan.get(&path).text.contains("Chưa chọn tệp nào"));
    daemon.until_entered(&["\"audio\"", "d.wav"]);
    daemon.end();
}

#[test]
fn what_was_sent_in_part_and_measures_that_nobody_looks_at_go_in_their_time() {
    let station = site();
    let daemon = station.daemon_alone();
    let lan = visitor(&daemon, "lan");
    let (seen, forgotten) = (sound(&station, 1, 1), sound(&station, 1, 2));
    assert_eq!(send(&lan, "seen.wav", &seen).status, 200);
    assert_eq!(send(&lan, "forgotten.wav", &forgotten).status, 200);
    begun(&lan, "half.wav", 99);
    let measures = station.path("data/measures");
    let kept = |bytes: &[u8]| format!("{}.json", Digest::of(bytes));
    assert_eq!(names(&measures).len(), 2);
    let age = |path: &Path, days: u64| {
        let then = SystemTime::now() - Duration::from_hours(24 * days);
        fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
    };
    for name in names(&measures) {
        age(&measures.join(name), 89);
    }
    age(&station.path("data/incoming").join(&on_the_way(&station)[0]), 2);
    // Nothing is touched where it is only asked what would go; a measure of 89 days stays.
    station.ok(&["prune", "--dry-run"]);
    assert_eq!((names(&measures).len(), on_the_way(&station).len()), (2, 1));
    station.ok(&["prune"]);
    assert_eq!((names(&measures).len(), on_the_way(&station).len()), (2, 0));
    // Who looks at it keeps it for another season; the others go.
    for name in names(&measures) {
        age(&measures.join(name), 91);
    }
    assert_eq!(lan.get(&format!("/waveform.svg?file={MONTH}%2Fseen.wav")).status, 200);
    station.ok(&["prune"]);
    assert_eq!(names(&measures), [kept(&seen)]);
    // It is a cache: what is gone is measured again, and no audio goes with it.
    assert!(lan.get(&format!("/month/{MONTH}/audio")).text.matches("LUFS").count() == 2);
    assert_eq!(names(&measures).len(), 2);
    daemon.end();
}

#[test]
fn a_file_and_a_master_are_heard_in_ranges() {
    let station = site();
    let daemon = station.daemon_alone();
    let lan = visitor(&daemon, "lan");
    let bytes = sound(&station, 3, 5);
    assert_eq!(send(&lan, "tin.wav", &bytes).status, 200);
    assert_eq!(lan.post("/months", &[("month", MONTH)]).status, 303);
    lan.add_programme(MONTH, "cchc", &format!("{MONTH}/tin.wav"));
    let master = format!("/month/{MONTH}/programme/cchc/master.wav");
    let whole = lan.get(&master);
    assert_eq!((whole.status, &whole.bytes[..4]), (200, &b"RIFF"[..]));
    for (path, bytes) in [(format!("/media?file={MONTH}%2Ftin.wav"), bytes), (master, whole.bytes)] {
        let length = bytes.len();
        let range = |range: &str| lan.ask("GET", &path, None, &[("range", range)]);
        assert_eq!(lan.get(&path).header("accept-ranges"), "bytes");
        for (asked, from, to) in [
            ("bytes=0-99".to_owned(), 0, 100),
            (format!("bytes=1000-{}", length * 2), 1000, length),
            ("bytes=5000-".to_owned(), 5000, length),
            ("bytes=-10".to_owned(), length - 10, length),
        ] {
            let answer = range(&asked);
            assert_eq!(answer.status, 206, "{path} {asked}");
            assert_eq!(answer.header("content-range"), format!("bytes {from}-{}/{length}", to - 1));
            assert!(answer.bytes == bytes[from..to], "{path} {asked}");
        }
        let beyond = range(&format!("bytes={length}-"));
        assert_eq!(beyond.status, 416, "{path}");
        assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    }
    daemon.end();
}
