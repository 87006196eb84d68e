//! A centre's report is of all its stations: every airing of each log that came home, and where each was cosigned.

use std::{fs, path::Path, sync::Arc};

use loa::{
    clock::System,
    control::{self, Folder, Home},
    store::Log,
    units::Month,
};
use serde_json::Value;

use super::{
    home::bring,
    support::{
        far::{centre, opened},
        history::Historian,
        station::Station,
    },
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

#[test]
fn a_centre_reports_what_all_its_stations_brought_home() {
    let place = centre(&[]);
    fs::copy("config/plan-2022.toml", place.path("config/plan-2022.toml")).unwrap();
    let before = json(&place);
    assert_eq!((rows(&before, "logs").len(), rows(&before, "airings").len()), (1, 0), "its own log alone");
    let centre = opened(&place);
    let key = fs::read_to_string(place.path("data/keys/centre.pub")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ids = ["pho-hoa", "pho-an"];
    let homes = [7, 8].iter().zip(ids);
    let homes: Vec<Home> =
        homes.map(|(seed, id)| station(&folder.path().join(id), id, key.trim(), *seed)).collect();
    for home in &homes {
        bring(&centre, home);
    }
    // One more belongs to the centre and has brought nothing yet.
    let silent = station(&folder.path().join("pho-phong"), "pho-phong", key.trim(), 9);
    let (wish, code) = silent.wish().unwrap();
    centre.ask(&wish).unwrap();
    centre.enrol(silent.origin(), &code, "Lê Văn C").unwrap();

    let all = json(&place);
    let units = control::Folder::open(&place.path("")).unwrap().plan.units.len();
    assert!(rows(&all, "matrix").len() >= units.min(16), "every unit of the plan");
    let airings = rows(&all, "airings");
    for (home, id) in homes.iter().zip(ids) {
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
    log.append(&[(last.clk, loa::evidence::Body::Anchor(Box::new(fact)))]).unwrap();
    drop(log);
    let text = paper("after.docx");
    assert!(text.contains(&format!("Cosigned up to entry {seen}, at ")) && !text.contains("nobody yet"));
}
