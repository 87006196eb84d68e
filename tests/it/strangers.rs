//! What strangers can do to a centre, by a folder that anybody writes and by its door: little, and nothing to others.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use loa::{
    control::{Against, Centre as Opened, ControlError, audit, wish},
    fleet::witness::named,
    keys::SigningKey,
    package::Shelf,
    store::Log,
    sync::{Answer, Carried, Exchange, Transport as _},
};
use reqwest::blocking::{Body, Client};

use super::support::{
    centre::{Centre, an_older_copy_is_made_whole, code, home_of, station},
    far::{self, Far, opened},
    station::Station,
};

/// The wish of `far`, as its station lays it.
fn wish_of(far: &Far) -> String {
    wish(&far.origin, &far.key, &far.origin).unwrap().0
}

/// Lays the wish of `far` below `root` in the folder `own`.
fn lays(root: &Path, own: &str, far: &Far) {
    let own = root.join("stations").join(own);
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("enrol.note"), wish_of(far)).unwrap();
}

/// An enrolled station whose folder `own-1` lies below `root`.
fn joined(centre: &Station, root: &Path) -> Far {
    let own = Far::new("own");
    own.joins(&opened(centre));
    lays(root, "own-1", &own);
    own
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// One round of `exchange`, which comes to its end; gives it back.
fn round(mut exchange: Exchange) -> Exchange {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let went = exchange.step().map(drop).map_err(|error| error.to_string());
        let _ = tell.send((exchange, went));
    });
    let (exchange, went) = told.recv_timeout(Duration::from_mins(1)).expect("the round comes to its end");
    assert_eq!(went, Ok(()));
    exchange
}

/// A station that comes to `centre` by the folder `root`.
fn carrying(centre: &Station, root: &Path) -> Station {
    let key = centre.json(&["fleet", "key"]).remove(0)["key"].as_str().unwrap().to_owned();
    let station = Station::new(&[]);
    station.settle(&format!("\n[centre]\nfolder = \"{}\"\nkeys = [\"{key}\"]\n", root.display()));
    station
}

fn standing(root: &Path, own: &str) -> String {
    fs::read_to_string(root.join("stations").join(own).join("standing")).unwrap_or_default()
}

#[test]
fn links_that_lie_in_a_shared_folder_lead_nowhere() {
    let (centre, root, outside) =
        (far::centre(&[]), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (root, victim) = (root.path(), outside.path().join("centre.key"));
    fs::write(&victim, "of the centre").unwrap();
    let unharmed = || fs::read_to_string(&victim).unwrap() == "of the centre";
    // A wish that anybody may make, and the name under which its answer is written first.
    lays(root, "evil-1", &Far::new("evil"));
    symlink(&victim, root.join("stations/evil-1/standing.tmp")).unwrap();
    // A station's folder that is another's, or lies elsewhere.
    lays(outside.path(), "linked-1", &Far::new("linked"));
    symlink(outside.path().join("stations/linked-1"), root.join("stations/linked-1")).unwrap();
    // An enrolled station whose disk somebody else writes as well.
    let own = joined(&centre, root);
    fs::write(root.join("stations/own-1/enrol.note"), wish_of(&own)).unwrap();
    symlink(&victim, root.join("stations/own-1/held.note.tmp")).unwrap();
    let named = outside.path().join(format!("plan-{}", loa::units::Digest::of(b"plan")));
    fs::write(&named, "plan").unwrap();
    symlink(outside.path(), root.join("stations/own-1/bytes")).unwrap();
    round(Exchange::new(opened(&centre), root));
    assert!(unharmed());
    assert_eq!([standing(root, "evil-1"), standing(root, "own-1")], ["asked\n", "enrolled\n"]);
    assert_eq!(standing(outside.path(), "linked-1"), "", "nothing is laid outside");
    assert!(named.exists(), "nothing is taken away outside");

    // The station's end, and whoever packs to a stick.
    let station = carrying(&centre, root);
    let home = home_of(&station);
    let mut carried = Carried::new(root, &home).unwrap();
    fs::create_dir_all(root.join("stations/pho-hoa-1")).unwrap();
    symlink(&victim, root.join("stations/pho-hoa-1/enrol.note.tmp")).unwrap();
    carried.enrol(&home.wish().unwrap().0).unwrap();
    assert!(unharmed() && root.join("stations/pho-hoa-1/enrol.note").is_file());
    fs::remove_dir_all(root.join("stations/pho-hoa-1")).unwrap();
    symlink(outside.path(), root.join("stations/pho-hoa-1")).unwrap();
    assert!(carried.enrol(&home.wish().unwrap().0).is_err());
    assert!(!outside.path().join("enrol.note").exists());
    fs::create_dir_all(root.join("trust")).unwrap();
    symlink(&victim, root.join("trust/1.note.tmp")).unwrap();
    Shelf::new(root).lay_trust(1, b"trust").unwrap();
    assert!(unharmed() && fs::read(root.join("trust/1.note")).unwrap() == b"trust");
}

#[test]
fn packages_are_laid_into_no_folder_that_a_link_names() {
    let (centre, root, outside) =
        (far::centre(&[]), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    joined(&centre, root.path());
    fs::create_dir_all(centre.path("data/packages/trust")).unwrap();
    fs::write(centre.path("data/packages/trust/7.note"), "trust").unwrap();
    symlink(outside.path(), root.path().join("trust")).unwrap();
    round(Exchange::new(opened(&centre), root.path()));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    fs::remove_file(root.path().join("trust")).unwrap();
    round(Exchange::new(opened(&centre), root.path()));
    assert!(root.path().join("trust/7.note").is_file());
}

#[test]
fn one_bad_folder_of_a_share_keeps_nobody_behind_it_waiting() {
    let (centre, root) = (far::centre(&[]), tempfile::tempdir().unwrap());
    let root = root.path();
    let at = |name: &str| root.join("stations").join(name);
    // A wish that never ends, one that is far too long, and an answer whose place is taken.
    fs::create_dir_all(at("aaa-1")).unwrap();
    pipe(&at("aaa-1/enrol.note"));
    fs::create_dir_all(at("aab-1")).unwrap();
    fs::File::create(at("aab-1/enrol.note")).unwrap().set_len(32 << 20).unwrap();
    lays(root, "bbb-1", &Far::new("bbb"));
    fs::create_dir_all(at("bbb-1/standing/x")).unwrap();
    // The same of one that is enrolled.
    let enrolled = Far::new("ccc");
    enrolled.joins(&opened(&centre));
    lays(root, "ccc-1", &enrolled);
    pipe(&at("ccc-1/word.note"));
    fs::create_dir_all(at("ccc-1/bytes")).unwrap();
    pipe(&at(&format!("ccc-1/bytes/plan-{}", "0a".repeat(32))));
    pipe(&at("ccc-1/0.push"));
    lays(root, "zzz-1", &Far::new("zzz"));
    let exchange = round(Exchange::new(opened(&centre), root));
    assert_eq!([standing(root, "ccc-1"), standing(root, "zzz-1")], ["enrolled\n", "asked\n"]);
    // A station waits for nothing either.
    let station = carrying(&centre, root);
    let home = home_of(&station);
    let mut carried = Carried::new(root, &home).unwrap();
    fs::create_dir_all(at("pho-hoa-1")).unwrap();
    for name in ["standing", "held.note"] {
        pipe(&at(&format!("pho-hoa-1/{name}")));
    }
    pipe(&root.join("7.note"));
    let to = tempfile::tempdir().unwrap().path().join("7.note");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let wish = home.wish().unwrap().0;
        let answers = [
            carried.enrol(&wish).is_err(),
            carried.head(Duration::ZERO).is_err(),
            carried.fetch("7.note", &to, 1000, "").is_err(),
        ];
        let _ = tell.send(answers);
    });
    assert_eq!(told.recv_timeout(Duration::from_mins(1)), Ok([true; 3]));
    drop(exchange);
}

#[test]
fn among_thousands_of_folders_everybody_has_a_turn() {
    let (centre, root) = (far::centre(&[]), tempfile::tempdir().unwrap());
    let stations = root.path().join("stations");
    for n in 0..12_000 {
        fs::create_dir_all(stations.join(format!("m{n}-1"))).unwrap();
    }
    let ours = ["a-1", "m5-2", "zzz-1"];
    for own in ours {
        let (id, epoch) = own.split_once('-').unwrap();
        lays(root.path(), own, &Far::of_epoch(id, epoch.parse().unwrap()));
    }
    let mut exchange = Exchange::new(opened(&centre), root.path());
    for _ in 0..8 {
        exchange = round(exchange);
    }
    for own in ours {
        assert_eq!(standing(root.path(), own), "asked\n", "{own}");
    }
}

#[test]
fn bytes_behind_thousands_of_others_are_taken() {
    let (centre, root) = (far::centre(&[]), tempfile::tempdir().unwrap());
    let own = joined(&centre, root.path());
    let bytes = root.path().join("stations/own-1/bytes");
    fs::create_dir_all(&bytes).unwrap();
    for n in 0..5000 {
        fs::write(bytes.join(format!("rubbish{n}")), "").unwrap();
    }
    let digests: Vec<_> = (0..5).map(|n: u8| loa::units::Digest::of(&[n])).collect();
    for (n, digest) in (0..5_u8).zip(&digests) {
        fs::write(bytes.join(format!("plan-{digest}")), [n]).unwrap();
    }
    let damaged = bytes.join(format!("plan-{}", "0a".repeat(32)));
    fs::write(&damaged, "other bytes").unwrap();
    round(Exchange::new(opened(&centre), root.path()));
    assert_eq!(opened(&centre).missing(&own.origin, &digests).unwrap(), []);
    // What is not what its name says goes, so that its station lays it again.
    assert!(!damaged.exists());
}

#[test]
fn an_old_word_that_lies_about_keeps_no_dead_station_alive() {
    let (centre, root) = (far::centre(&[]), tempfile::tempdir().unwrap());
    let own = joined(&centre, root.path());
    own.heard(&opened(&centre), TimeDelta::days(3), &[], &[]);
    let before = opened(&centre).known(&own.origin).unwrap();
    let word = root.path().join("stations/own-1/word.note");
    fs::write(&word, own.word(TimeDelta::days(9), &[], &[])).unwrap();
    round(Exchange::new(opened(&centre), root.path()));
    let after = opened(&centre).known(&own.origin).unwrap();
    assert_eq!((after.heard_ms, after.word), (before.heard_ms, before.word));
    // One that is newer is heard, also days late.
    let newer = own.word(TimeDelta::days(2), &[], &[]);
    fs::write(&word, &newer).unwrap();
    round(Exchange::new(opened(&centre), root.path()));
    let after = opened(&centre).known(&own.origin).unwrap();
    assert!(after.word == newer && after.heard_ms > before.heard_ms);
}

fn refused(centre: &Opened, origin: &str) -> bool {
    let key = SigningKey::generate(origin).unwrap();
    let (note, _) = wish(origin, &key, "lời").unwrap();
    match centre.ask(&note) {
        Ok(_) => false,
        Err(ControlError::No(no)) if no.code == "enrol-malformed" => true,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_wish_is_as_short_as_a_name_and_its_name_is_one() {
    let folder = far::centre(&[]);
    let centre = opened(&folder);
    let long = format!("loa/station/{}/1", "a".repeat(300_000));
    let nearly = format!("loa/station/{}/1", "a".repeat(65));
    let deep = format!("{}loa/station/a/1", "a/".repeat(100));
    for origin in
        [&*long, &nearly, &deep, "loa/station//1", "loa/station/A/1", "loa/station/đ/1", "loa/station/../1"]
    {
        assert!(refused(&centre, origin), "{origin:.80}");
    }
    for origin in ["loa/station/a/0", "loa/station/a/01", "loa/station/a/x", "station/a/1"] {
        assert!(refused(&centre, origin), "{origin}");
    }
    assert_eq!(centre.fleet.logs().unwrap(), []);
    for origin in ["loa/station/pho-hoa/1", "loa/station/p/17"] {
        assert!(!refused(&centre, origin), "{origin}");
    }
    assert_eq!(centre.fleet.logs().unwrap().len(), 2);
}

/// Whoever asks the door without believing anything.
fn anybody() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().timeout(Duration::from_mins(3)).tls_danger_accept_invalid_certs(true);
    builder.build().unwrap()
}

#[test]
fn the_door_reads_no_more_than_its_matter_takes() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let own = Far::new("own");
    own.joins(&opened(&centre.folder));
    let asked = |path: &str, bytes: usize| {
        let request = anybody().post(format!("https://{}/v1/{path}", centre.address()));
        let request = request.bearer_auth(&own.origin).header("content-type", "application/json");
        // Who is refused while it still speaks may find the line closed.
        request.body(vec![b' '; bytes]).send().map_or(413, |answer| answer.status().as_u16())
    };
    for (path, most, within) in [("enrol", 4 << 10, 400), ("word", 64 << 10, 400), ("missing", 1 << 20, 400)]
    {
        assert_eq!(asked(path, most), within, "{path}");
        assert_eq!(asked(path, most + 1), 413, "{path}");
    }
    assert_eq!(asked("bytes/plan", 8 << 20), 200);
    assert_eq!(asked("bytes/plan", (8 << 20) + 1), 413);
    assert_eq!(asked("push", (8 << 20) + 1), 413);
}

/// Bytes of which the first come at once and the rest when everything is over.
struct Slow {
    begun: Arc<AtomicUsize>,
    over: mpsc::Receiver<()>,
    first: bool,
}

impl Read for Slow {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.first {
            self.first = false;
            self.begun.fetch_add(1, SeqCst);
            to[0] = b'x';
            return Ok(1);
        }
        let _ = self.over.recv();
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn slow_pushes_of_one_word_stop_nobody_elses() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let mut far = ["slow", "own"].map(Far::new);
    for far in &far {
        far.joins(&opened(&centre.folder));
    }
    far[1].enter(loa::evidence::Body::Heartbeat {});
    let begun = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        let mut ends = Vec::new();
        for path in ["push", "bytes/plan"] {
            for _ in 0..40 {
                let (end, over) = mpsc::channel();
                ends.push(end);
                let slow = Slow { begun: Arc::clone(&begun), over, first: true };
                let request = anybody().post(format!("https://{}/v1/{path}", centre.address()));
                let request = request.bearer_auth(&far[0].origin).body(Body::sized(slow, 8 << 20));
                scope.spawn(move || drop(request.send()));
            }
        }
        let deadline = Instant::now() + Duration::from_mins(1);
        while begun.load(SeqCst) < 80 {
            assert!(Instant::now() < deadline, "{} began", begun.load(SeqCst));
            thread::sleep(Duration::from_millis(20));
        }
        let (mut line, asked) = (centre.line(&far[1].origin), Instant::now());
        line.bring("plan", b"plan").unwrap();
        let answer = line.push(&far[1].push(0, 1));
        ends.clear();
        assert!(matches!(answer, Ok(Answer::Cosigned(_))), "{answer:?}");
        assert!(asked.elapsed() < Duration::from_secs(20), "after {:?}", asked.elapsed());
    });
}

#[test]
fn a_station_without_its_word_and_with_an_older_copy_signs_no_second_history() {
    an_older_copy_is_made_whole(|station| fs::remove_file(station.path("data/keys/centre.token")).unwrap());
}

#[test]
fn a_new_station_whose_word_nobody_knows_begins_its_day() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let station = station(&centre, &centre.address());
    let daemon = station.daemon_alone();
    daemon.until_entered(&["\"kind\":\"boot\""]);
    daemon.until("asks to be enrolled", |status| code(status, "centre-asked"));
}

/// The bytes beside the log at `path`: digest and what they are.
fn beside(path: &Path) -> Vec<(Vec<u8>, String)> {
    let db = rusqlite::Connection::open(path).unwrap();
    let mut query = db.prepare("SELECT digest, kind FROM blob ORDER BY digest").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn what_another_station_calls_the_bytes_spoils_no_copy() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let (place, evil, station) = (opened(&centre.folder), Far::new("evil"), Station::new(&[]));
    evil.enrolled(&place);
    station.settle("");
    station.daemon_alone().end();
    let (own, path) = (Far::of(&station), station.path("data/log.db"));
    let log = Log::read_only(&path).unwrap();
    let named = named(&own.leaves);
    assert!(named.len() > 1);
    let mut line = centre.line(&evil.origin);
    for (digest, kind) in named.iter().zip(["zzz", "slots"].into_iter().cycle()) {
        let refused = line.bring(kind, &log.blob(*digest).unwrap().unwrap()).is_err();
        assert_eq!(refused, kind == "zzz", "what no log has beside it");
    }
    own.enrolled(&place);
    let (kinds, mut line) = (beside(&path), centre.line(&own.origin));
    for digest in line.missing(&named).unwrap() {
        let (_, kind) = kinds.iter().find(|(of, _)| *of == digest.0).unwrap();
        line.bring(kind, &log.blob(digest).unwrap().unwrap()).unwrap();
    }
    own.brings(&place).unwrap();
    let mirror = place.mirror(&own.origin).unwrap();
    assert_eq!(beside(&mirror.log_path()), kinds);
    let audit = audit(&mirror.root, &Against::default()).unwrap();
    assert!(audit.holds(), "{:?}", audit.report.faults);
}

#[test]
fn a_word_alone_fills_no_disk() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let far = ["evil", "own"].map(Far::new);
    for far in &far {
        far.enrolled(&opened(&centre.folder));
    }
    let mut line = centre.line(&far[0].origin);
    let kept = (0..12).filter(|n| line.bring("plan", &vec![*n; 8 << 20]).is_ok()).count();
    assert!((1..=8).contains(&kept), "{kept} times 8 MiB");
    centre.line(&far[1].origin).bring("plan", b"plan").unwrap();
}

#[test]
fn whoever_asks_first_for_a_name_keeps_it_from_nobody() {
    let place = far::centre(&[]);
    let centre = opened(&place);
    let [squatter, mut own] = [2, 2].map(|epoch| Far::of_epoch("st", epoch));
    centre.ask(&wish_of(&squatter)).unwrap();
    let asked = centre.ask(&wish_of(&own)).unwrap();
    assert_eq!(asked.standing, "asked");
    place.ok(&["fleet", "enrol", &own.origin, &asked.code, "--by", "Lê Văn C"]);
    assert_eq!(centre.ask(&wish_of(&own)).unwrap().standing, "enrolled");
    own.enter(loa::evidence::Body::Heartbeat {});
    own.brings(&centre).unwrap();
    assert_eq!(centre.known(&own.origin).unwrap().key, *own.key.public());
    assert!(centre.ask(&wish_of(&squatter)).is_err());
    assert_eq!(centre.stations().unwrap().len(), 1);
}
