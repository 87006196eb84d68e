//! Bad lines, wrong clocks and strangers between a centre and its stations, all of them real processes: every row arrives
//! once, with the times that its station wrote.

use std::{
    collections::BTreeSet,
    fs,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use chrono::{NaiveDate, TimeDelta, Utc};
use loa::{
    control::{Folder, Role, wish},
    evidence::{Body, Clk, Leaf, canonical},
    fleet::{Fleet as _, Push},
    keys::SigningKey,
    store::Log,
    sync::{Answer, Carried, SyncError, Transport as _},
};

use super::support::{
    centre::{Centre, anchors, code, leaves, origin, station},
    clock::Clocks,
    far::{Far, opened},
    history::march,
    proxy::Proxy,
    pulse::Server,
    station::{Daemon, Station, copy, in_seconds},
    visitor::Visitor,
};
use super::web_on_air::{PASSWORD, pages, person};

/// Gives the log of `station` the `count` entries of quiet days until now, one in five minutes.
pub fn quiet_days(station: &Station, count: i64) {
    let folder = Folder::open(&station.path("")).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let now_ms = Utc::now().timestamp_millis();
    let clk = |n| Clk {
        wall_ms: now_ms - 300_000 * (count - n),
        boot_ms: 300_000 * n,
        boot: "5".repeat(32),
        sync: true,
        offset_min: 420,
    };
    let entries: Vec<_> = (0..count).map(|n| (clk(n), Body::Heartbeat {})).collect();
    log.append(&entries).unwrap();
}

/// The status of an answer, and the size that comes with a 409.
fn status(answer: Result<Answer, SyncError>) -> (u16, Option<u64>) {
    match answer {
        Ok(Answer::Cosigned(_)) => (200, None),
        Ok(Answer::Elsewhere(size)) => (409, Some(size)),
        Err(SyncError::Refused { status, .. }) => (status, None),
        other => panic!("{other:?}"),
    }
}

/// The status of a no.
fn no<T: std::fmt::Debug>(answer: Result<T, SyncError>) -> u16 {
    match answer {
        Err(SyncError::Refused { status, .. }) => status,
        other => panic!("{other:?}"),
    }
}

/// Sends all of `pushes` at the same moment, each over a connection of its own by which `word` is shown; the answers.
fn at_once(centre: &Centre, word: &str, pushes: &[Push]) -> Vec<(u16, Option<u64>)> {
    let ready = Barrier::new(pushes.len());
    thread::scope(|scope| {
        let sent = pushes.iter().map(|push| {
            let ready = &ready;
            scope.spawn(move || {
                let mut line = centre.line(word);
                line.head(Duration::from_secs(20)).unwrap();
                ready.wait();
                status(line.push(push))
            })
        });
        let sent: Vec<_> = sent.collect();
        sent.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

/// Waits until `there` gives something.
fn until<T>(what: &str, there: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(Instant::now() < deadline, "not until: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn heard(daemon: &Daemon<'_>) {
    daemon.until("heard", |status| code(status, "centre-heard"));
}

/// Waits until the station says that its clock and the centre's are apart.
fn apart(daemon: &Daemon<'_>) {
    let told = daemon.until("apart", |status| code(status, "centre-clock-apart"));
    let hint = told["centre"]["said"]["hint"][0].as_str().unwrap();
    assert!(told["centre"]["state"] == "error" && hint.contains("timedatectl"), "{told}");
}

/// What the station of `origin` says of its clock to those who look at the centre; nothing where all is well.
fn clock_lamp(centre: &Centre) -> Option<String> {
    let listed = centre.folder.json(&["fleet"]).remove(0)["stations"][0].clone();
    let lamps = listed["word"]["lamps"].as_array().cloned().unwrap_or_default();
    let lamp = lamps.into_iter().find(|lamp| lamp["what"] == "clock" && lamp["state"] == "error")?;
    Some(lamp["words"][0].as_str().unwrap().to_owned())
}

fn size(centre: &Centre, origin: &str) -> u64 {
    centre.held(origin).frontier.size()
}

/// Between a time in milliseconds since 1970 and the real one.
fn off(wall_ms: i64) -> TimeDelta {
    TimeDelta::milliseconds(wall_ms - Utc::now().timestamp_millis())
}

fn faults(station: &Station) -> usize {
    let verified = station.json(&["verify"]).remove(0);
    verified["faults"].as_array().unwrap_or_else(|| panic!("{verified}")).len()
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const YEARS: TimeDelta = TimeDelta::days(9 * 365);

#[test]
fn by_a_slow_line_days_come_home_in_pieces_while_the_station_airs_and_answers() {
    let server = Server::start();
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let proxy = Proxy::start(&centre.address());
    let mut station = Station::new(&[("2022-03/a.wav", 1)]);
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&(settings + &centre.table(&proxy.address())));
    quiet_days(&station, 4000);
    let home = centre.know(&station);
    station.schedule(&["2022-03/a.wav"], &[in_seconds(9)]);
    station.approve();
    proxy.slow(8 << 10);
    let daemon = station.daemon(&server);
    let deadline = Instant::now() + Duration::from_secs(40);
    let mut rows = Vec::new();
    while rows.first().is_none_or(|row: &serde_json::Value| row["outcome"].is_null())
        || size(&centre, home.origin()) == 0
    {
        let asked = Instant::now();
        assert_eq!(station.json(&["status"]).remove(0)["running"], true);
        assert!(asked.elapsed() < Duration::from_secs(5), "the station waits for its centre");
        assert!(Instant::now() < deadline, "{} of days came; {rows:?}", size(&centre, home.origin()));
        rows = station.rows();
    }
    assert_eq!(rows[0]["outcome"], "full", "{rows:?}");
    assert!(size(&centre, home.origin()) < 4000, "the line was slow");
    proxy.heal();
    centre.until_home(&station, home.origin());
    drop(daemon);
    let today = Utc::now().date_naive();
    let ends = centre.fleet().ends(today - chrono::Days::new(1), today + chrono::Days::new(1)).unwrap();
    assert_eq!(ends.len(), 1, "{ends:?}");
}

#[test]
fn by_a_line_that_breaks_again_and_again_everything_comes_home_piece_by_piece() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let proxy = Proxy::start(&centre.address());
    let station = station(&centre, &proxy.address());
    quiet_days(&station, 600);
    let home = centre.know(&station);
    proxy.break_each_after(40 << 10);
    let _daemon = station.daemon_alone();
    centre.until_home(&station, home.origin());
    assert!(proxy.cuts() >= 2, "it broke {} times", proxy.cuts());
    assert_eq!(centre.fleet().forks(10).unwrap(), []);
}

#[test]
fn by_a_line_that_breaks_an_older_copy_is_made_whole_before_it_goes_on() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let proxy = Proxy::start(&centre.address());
    let station = station(&centre, &proxy.address());
    let home = centre.know(&station);
    let old = tempfile::tempdir().unwrap();
    copy(&station.path("data"), old.path());
    quiet_days(&station, 400);
    let own = Far::of(&station);
    assert_eq!(status(centre.line(home.token()).push(&own.push(0, own.leaves.len()))), (200, None));
    fs::remove_dir_all(station.path("data")).unwrap();
    copy(old.path(), &station.path("data"));
    // A third of it passes at once.
    proxy.break_each_after(25 << 10);
    let daemon = station.daemon_alone();
    let there = leaves(&station.path("data/log.db"));
    assert!(there.starts_with(&own.leaves), "{} of {} came back", there.len(), own.leaves.len());
    assert!(proxy.cuts() >= 2, "it broke {} times", proxy.cuts());
    proxy.heal();
    heard(&daemon);
    centre.until_home(&station, home.origin());
    assert_eq!(centre.fleet().forks(10).unwrap(), []);
}

#[test]
fn a_centre_that_is_there_and_never_answers_keeps_no_station_from_its_work() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let proxy = Proxy::start(&centre.address());
    let station = station(&centre, &proxy.address());
    centre.know(&station);
    proxy.deafen();
    let began = Instant::now();
    let daemon = station.daemon_alone();
    assert!(began.elapsed() < Duration::from_secs(25), "it began after {:?}", began.elapsed());
    daemon.until_entered(&["\"kind\":\"boot\""]);
}

#[test]
fn what_is_sent_again_out_of_order_or_twice_at_once_is_kept_once() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let station = station(&centre, &centre.address());
    quiet_days(&station, 400);
    let home = centre.know(&station);
    let own = Far::of(&station);
    let mut line = centre.line(home.token());
    assert_eq!(status(line.push(&own.push(100, 200))), (409, Some(0)), "the later came first");
    assert_eq!(status(line.push(&own.push(0, 100))), (200, None));
    for (old, end) in [(0, 100), (0, 50), (50, 100), (0, 150), (50, 150), (150, 200)] {
        assert_eq!(status(line.push(&own.push(old, end))), (409, Some(100)), "{old}..{end} again");
    }
    // The same piece by eight connections at once, then pieces that share their beginning.
    let told = at_once(&centre, home.token(), &vec![own.push(100, 200); 8]);
    assert_eq!(told.iter().filter(|told| **told == (200, None)).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|told| **told == (409, Some(200))).count(), 7, "{told:?}");
    let ends = [250, 300, 350, 400, 250, 300, 350, 400];
    let told = at_once(&centre, home.token(), &ends.map(|end| own.push(200, end)));
    let size = size(&centre, home.origin());
    assert!(ends.contains(&usize::try_from(size).unwrap()), "{size}");
    assert_eq!(told.iter().filter(|told| **told == (200, None)).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|told| **told == (409, Some(size))).count(), 7, "{told:?}");
    // A word that comes again, or late, is no newer for it.
    let [early, late] = [5, 1].map(|ago| own.word(TimeDelta::minutes(ago), &[], &[]));
    for word in [&early, &late, &early, &late, &early] {
        line.speak(word, "", Duration::ZERO).unwrap();
    }
    assert_eq!(centre.held(home.origin()).word, late);
    let _daemon = station.daemon_alone();
    centre.until_home(&station, home.origin());
    assert_eq!(status(line.push(&own.push(0, 401))).0, 409, "all of it, once more");
    assert_eq!(centre.fleet().leaves(home.origin(), 0, usize::MAX).unwrap()[..401], own.leaves[..401]);
    assert_eq!(centre.fleet().forks(10).unwrap(), []);
}

#[test]
fn another_stations_word_key_and_entries_change_nothing() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let station = station(&centre, &centre.address());
    quiet_days(&station, 60);
    let home = centre.know(&station);
    let own = Far::of(&station);
    let mut line = centre.line(home.token());
    assert_eq!(status(line.push(&own.push(0, 40))), (200, None));
    // The other station's word is the name of its log.
    let mut other = Far::new("pho-an");
    (0..60).for_each(|_| other.enter(Body::Heartbeat {}));
    other.joins(&opened(&centre.folder));
    let mut other_line = centre.line(&other.origin);
    let before = [centre.held(&own.origin), centre.held(&other.origin)];
    let good = own.push(40, 50);
    // The other's entries in this name; this log's by the other's key; by a key that somebody named like this log's.
    let (mut theirs, mut signed, mut named) = (other.clone(), own.clone(), own.clone());
    theirs.origin.clone_from(&own.origin);
    signed.key = other.key.clone();
    named.key = SigningKey::generate(&own.origin).unwrap();
    let strange = [theirs.push(40, 50), signed.push(40, 50), named.push(40, 50), other.push(40, 50)];
    for (n, push) in strange.iter().enumerate() {
        assert_eq!(status(line.push(push)).0, 403, "{n} by this word");
    }
    for (n, push) in [&good].into_iter().chain(&strange[..3]).enumerate() {
        assert_eq!(status(other_line.push(push)).0, 403, "{n} by the other's word");
    }
    let mixed = Push { leaves: other.leaves[..10].to_vec(), ..good.clone() };
    assert_eq!(status(line.push(&mixed)).0, 422, "the other's entries under this head");
    // Who is not known, and who is not enrolled.
    let asked = Far::new("pho-cao");
    asked.asks(&opened(&centre.folder));
    assert_eq!(status(centre.line("không ai biết").push(&good)).0, 401);
    assert_eq!(status(centre.line(&asked.origin).push(&good)).0, 404);
    // Wishes in this name, and words of the other's.
    for key in [&other.key, &named.key] {
        let (wish, _) = wish(&own.origin, key, "lời khác").unwrap();
        assert_eq!(no(other_line.enrol(&wish)), 400, "{}", key.public().as_text());
    }
    let words = [&own, &other].map(|far| far.word(TimeDelta::zero(), &[], &[]));
    assert_eq!(no(line.speak(&words[1], "", Duration::ZERO)), 400);
    assert_eq!(no(other_line.speak(&words[0], "", Duration::ZERO)), 400);
    // Nor is anything given out to the other.
    assert_eq!(other_line.head(Duration::from_secs(20)).unwrap(), before[1].head);
    assert_eq!(other_line.leaves(0).unwrap(), other.leaves);
    assert_eq!([centre.held(&own.origin), centre.held(&other.origin)], before);
    assert_eq!(centre.fleet().forks(10).unwrap(), []);
    let daemon = station.daemon_alone();
    heard(&daemon);
    centre.until_home(&station, home.origin());
}

#[test]
fn a_new_epoch_comes_home_beside_the_old_one() {
    let centre = Centre::new(&[]);
    let _at_centre = centre.folder.daemon_alone();
    let station = station(&centre, &centre.address());
    let old = centre.know(&station);
    let daemon = station.daemon_alone();
    heard(&daemon);
    centre.until_home(&station, old.origin());
    drop(daemon);
    let before = size(&centre, old.origin());
    for name in ["log.db", "log.db-wal", "log.db-shm", "log.high"] {
        let _ = fs::remove_file(station.path("data").join(name));
    }
    station.ok(&["init", "--new-epoch", "--by", "Trần Thị B", "--reason", "mất nhật ký"]);
    let new = centre.know(&station);
    assert_ne!(new.origin(), old.origin());
    let daemon = station.daemon_alone();
    heard(&daemon);
    centre.until_home(&station, new.origin());
    assert_eq!(size(&centre, old.origin()), before, "the old log stays as it came");
    assert_eq!(centre.fleet().forks(10).unwrap(), []);
}

#[test]
fn a_station_whose_clock_is_years_off_comes_home_with_the_times_that_it_wrote() {
    let centre = Centre::new(&[]);
    person(&centre.folder, "truc", "Trần Văn Trực", &[Role::Auditor]);
    let at_centre = centre.folder.daemon_alone();
    let clocks = Clocks::new();
    clocks.step(YEARS);
    let station = Station::on(&clocks, &[]);
    station.settle(&centre.table(&centre.address()));
    let home = centre.know(&station);
    let daemon = station.daemon_alone();
    apart(&daemon);
    centre.until_home(&station, home.origin());
    daemon.until_entered(&["\"kind\":\"anchor\""]);
    let (fact, wall_ms) = anchors(&station).remove(0);
    assert!(off(i64::try_from(fact.time).unwrap() * 1000).abs() < MINUTE, "the centre's time: {fact:?}");
    assert!((off(wall_ms) - YEARS).abs() < MINUTE, "the station's own: {wall_ms}");
    let said = || centre.word(home.origin()).map(|word| off(word.wall_ms));
    until("it speaks", || said().filter(|off| *off > YEARS - MINUTE));
    // Officers see both times, when it was heard and what it said the time was.
    let listed = centre.folder.json(&["fleet"]).remove(0)["stations"][0].clone();
    let [heard_at, said_at] =
        [&listed["heard_ms"], &listed["word"]["wall_ms"]].map(|ms| ms.as_i64().unwrap());
    assert!(off(heard_at).abs() < MINUTE && off(said_at) > YEARS - MINUTE, "{listed}");
    // And that one of them is wrong, though the kernel there vouches for its own.
    let said_so = until("the fleet says so", || clock_lamp(&centre));
    let year = (Utc::now() + YEARS).format("/%Y").to_string();
    assert!(said_so.contains(&year) && said_so.contains("timedatectl"), "{said_so}");
    let viewer = Visitor::at(&pages(&at_centre));
    assert_eq!(viewer.sign_in("truc", PASSWORD).status, 303);
    let shown = || {
        let page = viewer.get("/fleet").text;
        (page.contains(&year) && page.contains("timedatectl")).then_some(())
    };
    until("the page says so", shown);
    // Somebody sets it right: from now on it speaks of today, and what it wrote stays as it was written.
    clocks.step(-YEARS);
    station.json(&["status"]);
    until("it speaks of today", || said().filter(|off| off.abs() < MINUTE));
    heard(&daemon);
    until("nothing is the matter", || clock_lamp(&centre).is_none().then_some(()));
    centre.until_home(&station, home.origin());
    drop(daemon);
    // Before every certificate was made.
    clocks.step(-YEARS * 2);
    let daemon = station.daemon_alone();
    apart(&daemon);
    centre.until_home(&station, home.origin());
    drop(daemon);
    let walls = leaves(&station.path("data/log.db")).into_iter().map(|leaf| {
        let Leaf::Known(entry) = canonical::decode(leaf.as_bytes()).unwrap() else { panic!("{leaf}") };
        (off(entry.clk.wall_ms).num_hours() + 12).div_euclid(365 * 24)
    });
    let walls: BTreeSet<i64> = walls.collect();
    assert_eq!(walls, BTreeSet::from([-18, 0, 9]), "entries of every time");
    assert_eq!(faults(&station), 0);
}

#[test]
fn a_centre_whose_clock_is_years_off_is_known_all_the_same_and_changes_no_time() {
    let clocks = Clocks::new();
    let mut centre = Centre::new(&[]);
    centre.folder.environment = clocks.environment();
    let station = station(&centre, &centre.address());
    let home = centre.know(&station);
    let certificate = || fs::read(centre.folder.path("data/keys/centre-tls.crt")).unwrap();
    let first = certificate();
    // Years ahead, its certificate has ended and is made anew; then before it was made; then right.
    for by in [YEARS, -YEARS, TimeDelta::zero()] {
        clocks.step_to(Utc::now() + by);
        let at_centre = centre.folder.daemon_alone();
        let known = anchors(&station).len();
        let daemon = station.daemon_alone();
        if by.is_zero() {
            heard(&daemon);
        } else {
            apart(&daemon);
        }
        centre.until_home(&station, home.origin());
        let (fact, wall_ms) =
            until("it is acknowledged", || anchors(&station).split_off(known).into_iter().next_back());
        let time = off(i64::try_from(fact.time).unwrap() * 1000);
        assert!((time - by).abs() < MINUTE, "the centre's time: {fact:?}");
        assert!(off(wall_ms).abs() < MINUTE, "the station's own: {wall_ms}");
        let heard = centre.held(home.origin()).heard_ms.unwrap();
        assert!((off(heard) - by).abs() < MINUTE, "{heard}");
        drop((daemon, at_centre));
    }
    assert_ne!(certificate(), first, "it was made anew");
    assert_eq!(faults(&station), 0);
}

#[test]
fn days_alone_come_home_by_three_ways_at_once_and_every_row_once() {
    let centre = Centre::new(&[]);
    let stick = tempfile::tempdir().unwrap();
    let settings = fs::read_to_string(centre.folder.path("config/centre.toml")).unwrap();
    let folders = format!("folders = [\"{}\"]\n", stick.path().display());
    fs::write(centre.folder.path("config/centre.toml"), settings + &folders).unwrap();
    let station = station(&centre, &centre.address());
    march(&station, 7);
    quiet_days(&station, 2000);
    let home = centre.know(&station);
    let own = Far::of(&station);
    let all = own.leaves.len();
    let mut carried = Carried::new(stick.path(), &home).unwrap();
    carried.enrol(&home.wish().unwrap().0).unwrap();
    for old in (0..all).step_by(100) {
        assert_eq!(carried.push(&own.push(old, (old + 100).min(all))).unwrap(), Answer::Laid);
    }
    let _at_centre = centre.folder.daemon_alone();
    // The stick, a hand that sends what it has by the network, and the station's own daemon, which is killed meanwhile.
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut line, mut old) = (centre.line(home.token()), 0);
            while old < all {
                let end = (old + 70).min(all);
                old = match status(line.push(&own.push(old, end))) {
                    (200, _) => end,
                    (409, Some(size)) => usize::try_from(size).unwrap(),
                    other => panic!("{other:?}"),
                };
            }
        });
        (0..2).for_each(|_| station.daemon_alone().kill());
    });
    let daemon = station.daemon_alone();
    heard(&daemon);
    centre.until_home(&station, home.origin());
    let (first, last) = (NaiveDate::from_ymd_opt(2022, 3, 1).unwrap(), NaiveDate::from_ymd_opt(2022, 3, 31));
    let came = centre.fleet().ends(first, last.unwrap()).unwrap();
    let slots: BTreeSet<String> = came.iter().map(|(_, ended)| ended.slot.to_string()).collect();
    assert_eq!((came.len(), slots.len()), (31, 31), "every slot once");
    let is_row = |leaf: &String| match canonical::decode(leaf.as_bytes()) {
        Ok(Leaf::Known(entry)) => match &entry.body {
            Body::End(end) => end.slot.is_some().then_some(entry.seq),
            Body::Missed(_) => Some(entry.seq),
            _ => None,
        },
        _ => None,
    };
    let rows: Vec<u64> = leaves(&station.path("data/log.db")).iter().filter_map(is_row).collect();
    let came: Vec<u64> = came.into_iter().map(|(_, ended)| ended.seq).collect();
    assert_eq!(came, rows);
    let last = until("it is acknowledged", || anchors(&station).pop());
    assert!(last.0.size >= all as u64, "{last:?}");
    assert!(origin(&station) == home.origin() && centre.held(home.origin()).head.contains(&last.0.by));
    assert_eq!(centre.fleet().forks(10).unwrap(), []);
}
