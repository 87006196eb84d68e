//! A centre's report is of all its stations: every airing of each log that came home, and where each was cosigned.

use std::{fs, path::Path, process::Command, sync::Arc};

use loa::{
    clock::System,
    control::{self, Centre, Folder, Home, Role},
    evidence::{Body, Outcome},
    store::Log,
    units::{Digest, Month},
};
use serde_json::Value;

use super::{
    home::bring,
    support::{
        far::{Far, centre, opened},
        history::Historian,
        station::Station,
        visitor::Visitor,
    },
    web_on_air::{PASSWORD, pages, person},
};

/// A station of the unit `id` in the folder `root` with the March of 2022, whose settings name the centre's key.
fn station(root: &Path, id: &str, key: &str, seed: u64) -> Home {
    let config = root.join("config");
    fs::create_dir_all(&config).unwrap();
    fs::copy("config/plan-2022.toml", config.join("plan-2022.toml")).unwrap();
    let settings = format!(
        "id = \"{id}\"\nunit = \"{id}\"\nzone = \"Asia/Ho_Chi_Minh\"\n[output]\ndevice = \"pulse:loud\"\n\
         [windows]\nranges = [\"00:00-24:00\"]\n[centre]\nfolder = \"{}\"\nkeys = [\"{key}\"]\n",
        root.join("stick").display()
    );
    fs::write(config.join("station.toml"), settings).unwrap();
    control::init(root, &System::new()).unwrap();
    let folder = Folder::open(root).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let month: Month = "2022-03".parse().unwrap();
    let mut historian = Historian::of(&mut log, month, seed, id);
    historian.boot();
    let schedule = historian.accept(month, 1);
    historian.live(month, schedule);
    drop(log);
    Home::open(Arc::new(Folder::open(root).unwrap())).unwrap().unwrap()
}

/// The stations of a fleet that brought something.
const IDS: [&str; 2] = ["pho-hoa", "pho-an"];

fn json(place: &Station) -> Value {
    let args = ["report", "month", "2022-03", "--as-of", "2022-04-05", "--format", "json"];
    serde_json::from_str(&place.ok(&args)).unwrap()
}

fn rows<'a>(tables: &'a Value, name: &str) -> &'a Vec<Value> {
    tables[name].as_array().unwrap()
}

fn total(tables: &Value, key: &str) -> u64 {
    rows(tables, "totals").iter().find(|line| line["total"] == key).unwrap()["value"].as_u64().unwrap()
}

/// The centre of `place` with two stations that brought what they have, whose folders are in `folder`, and one more that
/// is enrolled and has brought nothing yet.
fn fleet(place: &Station, folder: &Path) -> (Centre, Vec<Home>) {
    let centre = opened(place);
    let key = fs::read_to_string(place.path("data/keys/centre.pub")).unwrap();
    let homes = [7, 8].iter().zip(IDS);
    let homes: Vec<Home> = homes.map(|(seed, id)| station(&folder.join(id), id, key.trim(), *seed)).collect();
    for home in &homes {
        bring(&centre, home);
    }
    let silent = station(&folder.join("pho-phong"), "pho-phong", key.trim(), 9);
    let (wish, code) = silent.wish().unwrap();
    centre.ask(&wish).unwrap();
    centre.enrol(silent.origin(), &code, "Lê Văn C").unwrap();
    (centre, homes)
}

#[test]
fn a_centre_reports_what_all_its_stations_brought_home() {
    let place = centre(&[]);
    fs::copy("config/plan-2022.toml", place.path("config/plan-2022.toml")).unwrap();
    let before = json(&place);
    assert_eq!((rows(&before, "logs").len(), rows(&before, "airings").len()), (1, 0), "its own log alone");
    let folder = tempfile::tempdir().unwrap();
    let (_centre, homes) = fleet(&place, folder.path());

    let all = json(&place);
    let units = control::Folder::open(&place.path("")).unwrap().plan.units.len();
    assert!(rows(&all, "matrix").len() >= units.min(16), "every unit of the plan");
    let airings = rows(&all, "airings");
    for (home, id) in homes.iter().zip(IDS) {
        let own = Folder::open(&folder.path().join(id)).unwrap();
        let told = control::rows(&own, &own.log_path(), &control::RowFilter::default()).unwrap();
        let here: Vec<_> = airings.iter().filter(|line| line["station"] == id).collect();
        assert!(told.len() > 10 && here.len() == told.len(), "{id}: {} of {}", here.len(), told.len());
        let planned = |row: &control::Row| Value::from(row.planned.clone());
        assert!(told.iter().zip(&here).all(|(row, line)| planned(row) == line["planned"]), "{id}");
        let of_unit = rows(&all, "matrix").iter().find(|cell| cell["unit"] == id).unwrap();
        let counted = here.iter().filter(|line| line["counts"] == true).count();
        assert!(counted > 0, "{id}");
        assert_eq!(of_unit["in_period"], Value::from(counted), "{id}");
        let log = rows(&all, "logs").iter().find(|log| log["station"] == id).unwrap();
        let size = home.size().unwrap();
        assert_eq!((&log["origin"], &log["size"]), (&home.origin().into(), &size.into()));
        assert_eq!(
            (&log["cosigned_size"], &log["cosigned_by"]),
            (&size.into(), &"loa/centre/duc-pho".into())
        );
    }
    assert_eq!(
        rows(&all, "logs").len(),
        2,
        "what airs nothing itself and what brought nothing are no source"
    );
    let of_silent = rows(&all, "matrix").iter().find(|cell| cell["unit"] == "pho-phong").unwrap();
    assert_eq!(of_silent["state"], "no-report");
    let counted = airings.iter().filter(|line| line["counts"] == true).count() as u64;
    assert_eq!(total(&all, "in_period"), counted);
    assert_eq!(total(&all, "units_aired"), 2);

    let urged = place.json(&["report", "urge", "2022-03"]).remove(0);
    let lacking = |id: &str| urged["units"].as_array().unwrap().iter().any(|unit| unit["unit"] == id);
    assert!(lacking("pho-phong"), "{urged}");

    let paper = place.path("bao-cao.docx");
    let args = ["report", "year", "2022", "--as-of", "2022-12-10", "--format", "docx", "-o"];
    place.ok(&[&args[..], &[paper.to_str().unwrap()]].concat());
    let text = super::report::text_of(&paper);
    for log in rows(&all, "logs") {
        for key in ["origin", "root", "code"] {
            assert!(text.contains(log[key].as_str().unwrap()), "{key}");
        }
    }
    assert_eq!(text.matches("key loa/centre/duc-pho").count(), 2);
    papers(&place);
}

#[test]
fn what_a_station_aired_stays_in_the_report_whatever_becomes_of_its_key() {
    let place = centre(&[]);
    fs::copy("config/plan-2022.toml", place.path("config/plan-2022.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (_centre, homes) = fleet(&place, folder.path());
    let before = json(&place);
    place.ok(&["fleet", "revoke", homes[0].origin(), "--by", "Cán bộ Lê"]);
    let behind = json(&place);
    for table in ["airings", "matrix", "totals"] {
        assert_eq!(rows(&before, table), rows(&behind, table), "{table}");
    }
    let states: Vec<_> = IDS
        .map(|id| {
            let log = rows(&behind, "logs").iter().find(|log| log["station"] == id).unwrap();
            (log["log_state"].clone(), log["histories"].clone())
        })
        .into();
    assert_eq!(states, [("revoked".into(), "one".into()), ("current".into(), "one".into())]);

    let alone = ["report", "month", "2022-03", "--as-of", "2022-04-05", "--format", "json", "--station"];
    let alone = |id: &str| place.run(&[&alone[..], &[id]].concat());
    let own: Value = serde_json::from_slice(&alone("pho-an").stdout).unwrap();
    let units: Vec<_> = rows(&own, "matrix").iter().map(|cell| &cell["unit"]).collect();
    assert_eq!((units, rows(&own, "logs").len()), (vec![&Value::from("pho-an")], 1));
    let here: Vec<_> = rows(&behind, "airings").iter().filter(|line| line["station"] == "pho-an").collect();
    assert!(here.len() > 10 && rows(&own, "airings").iter().eq(here));
    let none = alone("pho-phong");
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("pho-phong"));
}

/// Keeps the papers of `place` where `LOA_PAPERS` names a folder, as `tools/papers.sh` does to have them looked at.
fn papers(place: &Station) {
    let Some(folder) = std::env::var_os("LOA_PAPERS") else { return };
    for (name, period) in [
        ("year.docx", ["year", "2022", "--as-of", "2022-12-10"]),
        ("year.xlsx", ["year", "2022", "--as-of", "2022-12-10"]),
        ("month.docx", ["month", "2022-03", "--as-of", "2022-04-05"]),
        ("month.html", ["month", "2022-03", "--as-of", "2022-04-05"]),
    ] {
        let file = Path::new(&folder).join(name);
        let form = name.split('.').next_back().unwrap();
        // Not as the tests ask, who speak English.
        let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
        command.arg("report").args(period).args(["--lang", "vi", "--format", form, "-o"]).arg(&file);
        let made = command.arg("--dir").arg(place.path("")).output().unwrap();
        assert!(made.status.success(), "{name}: {}", String::from_utf8_lossy(&made.stderr));
    }
}

/// The line of the page's matrix about the unit called `name`.
fn line(page: &str, name: &str) -> String {
    let lines = page.split("<tr>").find(|line| line.starts_with(&format!("<th scope=\"row\">{name}</th>")));
    lines.unwrap_or_else(|| panic!("{name}: {page}")).to_owned()
}

/// A station of Phố An, whose log so far says only that.
fn of_pho_an(id: &str) -> Far {
    let mut far = Far::new(id);
    let digest = Digest::of(id.as_bytes());
    let (station, unit, output) = (id.into(), "pho-an".into(), "pulse:loud".into());
    far.enter(Body::Config { digest, plan: digest, station, unit, output, demo: false, trust: None });
    far
}

/// Where the cell of March leads, and the figures that it shows.
fn march_of(line: &str) -> (Option<String>, String) {
    let cell = line.split("<td>").nth(3).unwrap();
    let href = cell.split("href=\"").nth(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    let shown = cell.split("<span class=\"small\" aria-hidden=\"true\">").nth(1).unwrap();
    (href, shown.split('<').next().unwrap().to_owned())
}

#[test]
fn the_matrix_of_a_centre_is_of_all_its_stations_and_leads_to_the_log_of_each() {
    let place = centre(&[]);
    fs::copy("config/plan-2022.toml", place.path("config/plan-2022.toml")).unwrap();
    person(&place, "truc", "Trần Văn Trực", &[Role::Operator]);
    let folder = tempfile::tempdir().unwrap();
    let (centre, homes) = fleet(&place, folder.path());
    // A unit with a second station.
    let mut second = of_pho_an("loa-hai");
    second.ended("2022-03-07".parse().unwrap(), Outcome::Missed);
    second.joins(&centre);
    // One that signed a head over nothing is none of them, and spoils nothing.
    Far::new("rong").joins(&centre);

    let daemon = place.daemon_alone();
    let visitor = Visitor::at(&pages(&daemon));
    assert_eq!(visitor.sign_in("truc", PASSWORD).status, 303);
    let page = visitor.get("/matrix/2022").text;
    let plan = Folder::open(&place.path("")).unwrap().plan;
    let name = |id: &str| plan.units.iter().find(|unit| unit.id == id).unwrap().name.clone();
    assert!(page.contains("theo nhật ký của các đài") && !page.contains("riêng đài này"), "{page}");
    assert!(!page.contains("href=\"/log?"), "a centre that airs nothing has no lines to show");
    let report = json(&place);
    let due = rows(&report, "matrix").iter().find(|cell| cell["unit"] == "pho-hoa").unwrap();
    let (way, shown) = march_of(&line(&page, &name("pho-hoa")));
    assert_eq!(shown, format!("{}/{}", due["airings_done"], due["airings_due"]));
    let way = way.unwrap();
    assert_eq!(way, "/fleet/station/loa%2Fstation%2Fpho-hoa%2F1/log?month=2022-03");
    let log = visitor.get(&way);
    let told = Folder::open(&folder.path().join("pho-hoa")).unwrap();
    let told = control::rows(&told, &told.log_path(), &control::RowFilter::default()).unwrap();
    let slot = told.iter().find_map(|row| row.slot.clone()).unwrap();
    assert_eq!(log.status, 200);
    assert!(log.text.contains(&slot.to_string()), "{slot}: {}", log.text);
    let airing = visitor.get(&format!("/fleet/station/loa%2Fstation%2Fpho-hoa%2F1/log/slot/{slot}"));
    assert_eq!(airing.status, 200);
    assert_eq!(march_of(&line(&page, &name("pho-phong"))).0, None, "no log tells of it");

    let (way, _) = march_of(&line(&page, &name("pho-an")));
    assert_eq!(way.as_deref(), Some("/matrix/2022-03/pho-an"));
    let both = visitor.get("/matrix/2022-03/pho-an");
    for id in ["pho-an", "loa-hai"] {
        let href = format!("href=\"/fleet/station/loa%2Fstation%2F{id}%2F1/log?month=2022-03\"");
        assert!(both.text.contains(&href), "{}", both.text);
    }
    for nowhere in ["/matrix/2022-03/x", "/matrix/2019-03/pho-an", "/matrix/2022-13/pho-an"] {
        assert_eq!(visitor.get(nowhere).status, 404, "{nowhere}");
    }
    drop(homes);
    daemon.end();
}

/// A station that was cosigned says so itself, from the entry of its own log.
#[test]
fn a_station_says_up_to_where_its_log_was_cosigned() {
    let place = centre(&[]);
    let centre = opened(&place);
    let key = fs::read_to_string(place.path("data/keys/centre.pub")).unwrap();
    let root = tempfile::tempdir().unwrap();
    let home = station(root.path(), "pho-hoa", key.trim(), 7);
    let paper = |name: &str| {
        let file = root.path().join(name);
        let mut command = place.command(&[]);
        command.args(["report", "month", "2022-03", "--as-of", "2022-04-05", "--format", "docx", "-o"]);
        let out = command.arg(&file).args(["--dir".as_ref(), root.path().as_os_str()]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        super::report::text_of(&file)
    };
    assert!(paper("before.docx").contains("nobody yet"));
    bring(&centre, &home);
    let seen = home.size().unwrap();
    let note = centre.known(home.origin()).unwrap().head;
    let fact = home.acknowledged(&note, 0).unwrap().1.unwrap();
    let folder = Folder::open(root.path()).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let last = log.entries().last().unwrap().unwrap();
    log.append(&[(last.clk, Body::Anchor(Box::new(fact)))]).unwrap();
    drop(log);
    let text = paper("after.docx");
    assert!(text.contains(&format!("Cosigned up to entry {seen}, at ")) && !text.contains("nobody yet"));
    bring(&centre, &home);
    let later = centre.known(home.origin()).unwrap().head;
    for head in [&later, &note] {
        home.acknowledged(head, seen).unwrap();
        assert_eq!(home.acknowledged_size(), seen + 1, "an older word tells nothing new");
    }
}

#[test]
fn of_two_hundred_stations_one_is_chosen_and_of_more_its_id_is_written() {
    const YEAR: &str = "period=year&year=2022&as_of=2022-04-05";
    let place = centre(&[]);
    fs::copy("config/plan-2022.toml", place.path("config/plan-2022.toml")).unwrap();
    person(&place, "lanh-dao", "Lê Thị Lãnh Đạo", &[Role::Approver]);
    let centre = opened(&place);
    let join = |n: usize| of_pho_an(&format!("loa-{n}")).joins(&centre);
    (0..200).for_each(join);
    let daemon = place.daemon_alone();
    let visitor = Visitor::at(&pages(&daemon));
    assert_eq!(visitor.sign_in("lanh-dao", PASSWORD).status, 303);
    let page = visitor.get(&format!("/reports?{YEAR}&station=loa-199")).text;
    assert_eq!(page.matches("<option>loa-").count(), 199, "{page}");
    assert!(page.contains("<option selected>loa-199</option>"), "{page}");
    join(200);
    let page = visitor.get(&format!("/reports?{YEAR}&station=loa-200")).text;
    assert!(page.contains("<input name=\"station\" value=\"loa-200\""), "{page}");
    assert!(!page.contains("<option>loa-"), "{page}");
    for (id, status) in [("loa-200", 200), ("loa-201", 422)] {
        let file = visitor.get(&format!("/reports/file?{YEAR}&format=json&station={id}"));
        assert_eq!(file.status, status, "{id}: {}", file.text);
    }
    daemon.end();
}
