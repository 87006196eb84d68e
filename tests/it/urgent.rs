//! An urgent programme by the real binary: what is refused of it, and its way from a centre to a station that is on air.

use std::{fs, path::Path, time::Duration};

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use loa::{
    evidence::{PackageAct, UrgentFact},
    fleet::{Fleet as _, SqliteFleet},
};
use serde_json::Value;

use super::support::{
    centre::{Centre, address, code, enrol, found, home_of, origin, table, until_home},
    far::opened,
    proxy::Proxy,
    pulse::Server,
    station::{Daemon, Station, in_seconds, noise},
    way::{Way, facts, only},
};
use super::{lines::quiet_days, sync};

/// Writes an urgent programme of `revision` with `file` at `station`; gives the path of its schedule.
fn write(station: &Station, revision: u32, file: &str) -> String {
    let month = Utc::now().with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).format("%Y-%m").to_string();
    let text = format!(
        "format = 1\nmonth = \"{month}\"\nrevision = {revision}\nissued_by = \"Ban chỉ huy\"\n\n[[programme]]\n\
         id = \"bao-so-5\"\ntitle = \"Bão số 5\"\ncolumn = \"Khẩn cấp\"\nsource = \"town\"\neditor = \"Biên tập\"\n\n\
         [[programme.segment]]\nkind = \"notice\"\ntitle = \"Tin bão\"\nfile = \"{file}\"\n"
    );
    let path = station.path(&format!("{month}.bao.toml"));
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A way whose trust file names a second approver, with audio for an urgent programme at the centre.
fn way() -> Way {
    let way = Way::new();
    noise(&way.centre.path("media/2022-03/bao.wav"), 1, 77);
    let [editor, approver, second, root] =
        ["editor", "approver", "stranger", "root"].map(|who| way.public(who));
    let mut new = vec!["trust", "new", "--editor", &editor, "--approver", &approver, "--approver", &second];
    let key = way.key("root");
    new.extend(["--root", &root, "--until", "2099-12-31", "--key", &key]);
    way.centre.ok(&new);
    fs::remove_dir_all(way.stick()).unwrap();
    way
}

/// Packs it for `hours` onto the stick, signed by `who`; tells whether it was issued, with what was said.
fn pack(way: &Way, schedule: &str, hours: i64, who: &[&str]) -> (bool, String) {
    let (stick, until) = (way.stick().display().to_string(), until(hours));
    let keys: Vec<String> = who.iter().map(|who| way.key(who)).collect();
    let mut args = vec!["pack", "--urgent", schedule, "--until", &until, "-o", &stick, "--by", "Trực"];
    args.extend(["--approved-by", "Trần Thị B, Lê Văn C", "--document", "12/KC"]);
    args.extend(keys.iter().flat_map(|key| ["--key", key]));
    let packed = way.centre.run(&args);
    let said = [packed.stdout, packed.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    (way.stick().join("2.note").exists(), said)
}

/// So many hours from now, to the second.
fn until(hours: i64) -> String {
    let at = (Utc::now() + TimeDelta::hours(hours)).with_nanosecond(0).unwrap();
    at.with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).to_rfc3339()
}

fn urgents(station: &Station) -> Vec<UrgentFact> {
    facts(&station.path("")).into_iter().filter_map(|fact| fact.urgent).map(|fact| *fact).collect()
}

const ALL: [&str; 3] = ["editor", "approver", "stranger"];

#[test]
fn an_urgent_package_takes_three_people_and_lies_beside_the_months() {
    let way = way();
    let schedule = write(&way.centre, 1, "2022-03/bao.wav");
    let until = until(2);
    let sign = |who: &str| {
        let (stick, key) = (way.stick().display().to_string(), way.key(who));
        let mut args = vec!["pack", "--urgent", &schedule, "--until", &until, "-o", &stick, "--key", &key];
        args.extend(["--approved-by", "Trần Thị B, Lê Văn C", "--document", "12/KC"]);
        way.centre.ok(&args);
        way.stick().join("2.note").exists()
    };
    assert!(!sign("editor") && !sign("approver"), "one approver is none");
    assert!(sign("stranger"));
    let taken = |file: &str| (file.to_owned(), "taken".to_owned());
    assert_eq!(way.import(), [taken("trust/2.note"), taken("2.note")]);
    let fact = urgents(&way.station).remove(0);
    assert_eq!((fact.by.as_str(), fact.document.as_str()), ("Trần Thị B, Lê Văn C", "12/KC"));
    assert_eq!(fact.programme, "bao-so-5");
    assert!(!way.station.path(&format!("schedules/{}.toml", way.month())).exists(), "it replaces no month");
    assert_eq!(only(&way.import()), "already");
    assert_eq!(urgents(&way.station).len(), 1);
    way.station.ok(&["verify"]);
    let bundle = way.tools.path().join("bundle.zip").display().to_string();
    way.station.ok(&["export", "-o", &bundle]);
    way.station.ok(&["verify", &bundle]);
}

#[test]
fn what_is_no_urgent_package_is_refused_by_name_and_entered() {
    let way = way();
    let schedule = write(&way.centre, 1, "2022-03/bao.wav");
    let (issued, said) = pack(&way, &schedule, 25, &ALL);
    assert!(!issued && said.contains("24 hours"), "{said}");
    let two = fs::read_to_string(&schedule).unwrap();
    fs::write(&schedule, two.clone() + &two[two.find("[[programme]]").unwrap()..].replace("so-5", "so-6"))
        .unwrap();
    let (issued, said) = pack(&way, &schedule, 2, &ALL);
    assert!(!issued && said.contains("one programme"), "{said}");
    fs::write(&schedule, two).unwrap();
    assert!(pack(&way, &schedule, 2, &ALL).0);
    let note = fs::read_to_string(way.stick().join("2.note")).unwrap();
    let text = note.split("\n\n").next().unwrap().to_owned() + "\n";
    // As two colluding people may lay it onto a stick: one approver less, a day more.
    let refused = |text: &str, who: &[&str], expected: &str| {
        fs::remove_file(way.stick().join("2.note")).unwrap();
        way.sign(text, who);
        fs::rename(way.stick().join("1.note"), way.stick().join("2.note")).unwrap();
        let became = way.import();
        assert_eq!(became.last().unwrap().1, expected);
        assert_eq!((way.last().act, way.last().reason.as_str()), (PackageAct::Refused, expected));
        assert!(!way.station.path("data/urgent").exists(), "{expected}: nothing has a place");
    };
    refused(&text, &["editor", "approver"], "package-urgent-alone");
    refused(&text, &["approver", "stranger"], "package-editor-missing");
    let manifest: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let field = |ms: i64| format!("\"not_after_ms\":{ms}");
    let after = manifest["not_after_ms"].as_i64().unwrap();
    let long = text.replacen(&field(after), &field(after + 86_400_000), 1);
    refused(&long, &ALL, "package-urgent-long");
    let earlier = manifest["urgent"]["from_ms"].as_i64().unwrap();
    let before = text.replacen(&format!("\"from_ms\":{earlier}"), &format!("\"from_ms\":{}", earlier - 1), 1);
    refused(&before, &ALL, "package-value");
    fs::write(way.stick().join("2.note"), note).unwrap();
    assert_eq!(way.import().last().unwrap().1, "taken");
    // The same once more, under another number.
    fs::remove_file(way.stick().join("2.note")).unwrap();
    pack(&way, &schedule, 3, &ALL);
    assert_eq!(only(&way.import()), "package-urgent-again");
    assert_eq!(way.last().reason, "package-urgent-again");
    way.station.ok(&["verify"]);
}

/// Hours and minutes of the windows between two instants, minute by minute, also across midnight.
fn ranges(spans: [(DateTime<Utc>, DateTime<Utc>); 2]) -> String {
    let minute = |at: DateTime<Utc>| {
        let local = at.with_timezone(&chrono_tz::Asia::Ho_Chi_Minh);
        local.hour() * 60 + local.minute()
    };
    let text = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let mut ranges = Vec::new();
    for (from, to) in spans {
        match (minute(from), minute(to)) {
            (from, to) if from < to => ranges.push((from, to)),
            (from, to) => {
                ranges.push((from, 1440));
                ranges.extend((to > 0).then_some((0, to)));
            }
        }
    }
    ranges.sort_unstable();
    let ranges: Vec<String> =
        ranges.iter().map(|(from, to)| format!("{}-{}", text(*from), text(*to))).collect();
    format!("ranges = {ranges:?}")
}

/// Windows for the slot and, as soon as a make-good may be planned behind it, for that.
fn windows(slot: DateTime<Utc>) -> String {
    let whole = |at: DateTime<Utc>| at.with_second(0).unwrap().with_nanosecond(0).unwrap();
    let next = whole(slot + TimeDelta::seconds(20 + 75 + 59));
    let minutes = TimeDelta::minutes;
    ranges([(slot - minutes(5), next - minutes(1)), (next, next + minutes(5))])
}

/// A trust file with one editor and two approvers, which `station` accepts; gives the files of their keys.
fn trust(centre: &Station, station: &Station, tools: &Path) -> [String; 3] {
    let who = ["editor", "first", "second", "root"];
    let [editor, first, second, root] = who.map(|who| tools.join(format!("{who}.key")).display().to_string());
    let public =
        [("editor", &editor), ("first", &first), ("second", &second), ("root", &root)].map(|(who, file)| {
            let made = centre.json(&["key", "new", who, "-o", file]).remove(0);
            made["public_key"].as_str().unwrap().to_owned()
        });
    let mut new = vec!["trust", "new", "--editor", &public[0], "--approver", &public[1]];
    new.extend(["--approver", &public[2], "--root", &public[3], "--until", "2099-12-31", "--key", &root]);
    centre.ok(&new);
    let note = centre.path("data/packages/trust/1.note").display().to_string();
    station.ok(&["trust", "accept", &note, "--by", "Trực"]);
    [editor, first, second]
}

#[test]
fn an_urgent_programme_displaces_what_is_on_air_within_five_seconds_and_that_is_made_good() {
    let server = Server::start();
    let centre = Centre::new(&[("2022-03/bao.wav", 3)]);
    let at_centre = centre.folder.daemon_alone();
    let mut station = Station::new(&[("2022-03/a.wav", 25)]);
    let tools = tempfile::tempdir().unwrap();
    let keys = trust(&centre.folder, &station, tools.path());
    let urgent = write(&centre.folder, 1, "2022-03/bao.wav");

    let slot = in_seconds(20);
    let settings = fs::read_to_string(station.path("config/station.toml")).unwrap();
    let settings = settings.replace("ranges = [\"00:00-24:00\"]", &windows(slot));
    let settings = settings.replace("make_goods = 0", "make_goods = 2");
    station.set(&(settings + &centre.table(&centre.address())));
    let origin = origin(&station);
    let slots = station.schedule(&["2022-03/a.wav"], &[slot]);
    station.approve();
    let daemon = station.daemon(&server);
    centre.enrol(&daemon, &origin);
    daemon.until("heard", |status| code(status, "centre-heard"));
    daemon.until("on air", |status| status["on_air"]["position_ms"].as_u64() > Some(1000));

    let packages = centre.folder.path("data/packages").display().to_string();
    let until = until(1);
    let mut pack = vec!["pack", "--urgent", &urgent, "--until", &until, "-o", &packages];
    pack.extend(["--approved-by", "Trần Thị B, Lê Văn C", "--document", "12/KC"]);
    pack.extend(keys.iter().flat_map(|key| ["--key", key]));
    centre.folder.ok(&pack);
    let packed = Utc::now();
    let rows = daemon.until_closed(2);
    let row = |trigger: &str, rows: &[Value]| {
        rows.iter().find(|row| row["trigger"] == trigger).unwrap_or_else(|| panic!("{rows:#?}")).clone()
    };
    let aired = row("urgent", &rows);
    let began: DateTime<Utc> = aired["first_frame"].as_str().unwrap().parse().unwrap();
    let took = began - packed;
    println!("first frame {} ms after the package was issued", took.num_milliseconds());
    assert!(took < TimeDelta::seconds(5), "{took}");
    assert_eq!((&aired["outcome"], &aired["programme"]), (&"full".into(), &"bao-so-5".into()), "{aired:#}");
    assert_eq!(aired["approved_by"], "Trần Thị B, Lê Văn C");
    assert_eq!((&aired["document"], &aired["title"]), (&"12/KC".into(), &"Bão số 5".into()));
    let displaced = row("schedule", &rows);
    assert_eq!((&displaced["outcome"], &displaced["reason"]), (&"preempted".into(), &"urgent".into()));
    assert_eq!(displaced["slot"], slots[0].as_str());
    let planned = daemon.until("is owed", |status| status["make_goods"][0]["slot"] == slots[0].as_str());
    println!("make-good at {}", planned["make_goods"][0]["at"]);
    let rows = daemon.until_closed_within(3, Duration::from_mins(4));
    let repaired = row("make-good", &rows);
    assert_eq!((&repaired["outcome"], &repaired["repairs"]), (&"full".into(), &slots[0].as_str().into()));
    centre.until_home(&station, &origin);
    drop(daemon);

    // Another start finds the package again, and that it was aired.
    let daemon = station.daemon(&server);
    daemon.until("heard", |status| code(status, "centre-heard"));
    centre.until_home(&station, &origin);
    drop(daemon);
    drop(at_centre);
    let rows = station.rows();
    assert_eq!(rows.iter().filter(|row| row["trigger"] == "urgent").count(), 1);
    let verified = station.json(&["verify"]).remove(0);
    assert_eq!(verified["faults"].as_array().map(Vec::len), Some(0), "{verified}");
    let bundle = tools.path().join("bundle.zip").display().to_string();
    station.ok(&["export", "-o", &bundle]);
    station.ok(&["verify", &bundle]);
}

/// A way whose centre has its door open at the end of a line, which the station has in its settings.
fn by_line() -> (Way, Proxy) {
    let way = way();
    let lines = found(&way.centre);
    let proxy = Proxy::start(&address(&way.centre));
    let settings = fs::read_to_string(way.station.path("config/station.toml")).unwrap();
    way.station.set(&(settings + &table(&lines, &proxy.address())));
    (way, proxy)
}

/// Issues an urgent programme at the centre, for whoever fetches it; it must begin at the station within five seconds, and
/// sound in full.
fn begins_at_once(way: &Way, daemon: &Daemon<'_>) {
    let urgent = write(&way.centre, 1, "2022-03/bao.wav");
    let packages = way.centre.path("data/packages").display().to_string();
    let (until, keys) = (until(1), ALL.map(|who| way.key(who)));
    let mut pack = vec!["pack", "--urgent", &urgent, "--until", &until, "-o", &packages];
    pack.extend(["--approved-by", "Trần Thị B, Lê Văn C", "--document", "12/KC"]);
    pack.extend(keys.iter().flat_map(|key| ["--key", key]));
    way.centre.ok(&pack);
    let packed = Utc::now();
    let rows = daemon.until_closed(1);
    let began: DateTime<Utc> = rows[0]["first_frame"].as_str().unwrap().parse().unwrap();
    let took = began - packed;
    println!("first frame {} ms after the package was issued", took.num_milliseconds());
    assert!(took < TimeDelta::seconds(5), "{took}");
    assert_eq!((&rows[0]["trigger"], &rows[0]["outcome"]), (&"urgent".into(), &"full".into()), "{rows:#?}");
    assert_eq!((rows.len(), &rows[0]["document"]), (1, &"12/KC".into()));
}

/// Bytes a second: what is urgent lasts a second and needs half a second.
const SLOW: u64 = 192_000;

#[test]
fn an_urgent_programme_passes_the_month_that_comes_by_a_slow_line() {
    // Two and a half minutes on the line.
    const SECONDS: u32 = 300;
    let (server, (mut way, proxy)) = (Server::start(), by_line());
    way.slots = vec![in_seconds(3600)];
    noise(&way.centre.path("media/2022-03/dai.wav"), SECONDS, 5);
    way.centre.issue(2, &["2022-03/dai.wav"], &way.slots);
    let _at_centre = way.centre.daemon_alone();
    let daemon = way.station.daemon(&server);
    enrol(&way.centre, &daemon, &origin(&way.station));
    daemon.until("heard", |status| code(status, "centre-heard"));
    proxy.slow(SLOW);
    let (month, editor, approver) = (way.month().to_string(), way.key("editor"), way.key("approver"));
    way.centre.ok(&["pack", &month, "--key", &editor, "--key", &approver]);
    let came = || {
        let blobs = fs::read_dir(way.station.path("data/inbox/blobs/sha256")).into_iter().flatten().flatten();
        blobs.map(|blob| blob.metadata().map_or(0, |found| found.len())).max().unwrap_or(0)
    };
    daemon.until("is fetching the month", |_| came() > SLOW);
    let before = came();
    begins_at_once(&way, &daemon);
    let taken = || {
        let all = facts(&way.station.path("")).into_iter();
        all.filter(|fact| fact.act == PackageAct::Taken).map(|fact| fact.urgent.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(taken(), [true], "the month is still on its way");
    // It goes on where it was.
    let (whole, now) = (u64::from(SECONDS) * 96_000, came());
    assert!((before..whole).contains(&now), "{now} of {whole} bytes came, {before} of them before");
    proxy.heal();
    daemon.until("the month", |_| taken() == [true, false]);
    drop(daemon);
    way.station.ok(&["verify"]);
}

#[test]
fn an_urgent_programme_passes_weeks_that_come_home_by_a_slow_line() {
    let (server, (way, proxy)) = (Server::start(), by_line());
    quiet_days(&way.station, 20_000);
    let _at_centre = way.centre.daemon_alone();
    let (home, origin) = (home_of(&way.station), origin(&way.station));
    let (wish, told) = home.wish().unwrap();
    opened(&way.centre).ask(&wish).unwrap();
    way.centre.ok(&["fleet", "enrol", &origin, &told, "--by", "Cán bộ"]);
    let fleet = SqliteFleet::open(&way.centre.path("data/fleet.db")).unwrap();
    let home = || fleet.log(&origin).unwrap().unwrap().frontier.size();
    proxy.slow(SLOW);
    let daemon = way.station.daemon(&server);
    daemon.until("is bringing them", |_| home() > 500);
    begins_at_once(&way, &daemon);
    assert!(home() < 20_000, "{} entries came home: the line was no slow one", home());
    proxy.heal();
    until_home(&fleet, &way.station, &origin);
}

#[test]
fn an_urgent_programme_reaches_a_station_whose_log_the_centre_takes_no_further() {
    let (server, way) = (Server::start(), way());
    sync::join(&way, &found(&way.centre));
    let (_at_centre, daemon) = sync::of_another_history(&way.centre, &way.station, &server);
    begins_at_once(&way, &daemon);
}
