//! The year's report of sixteen stations, from their logs to the bytes of every document.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

#[path = "../tests/home/mod.rs"]
mod home;
mod million;

use std::{fs, hint::black_box, ops::Range, path::Path, sync::Arc, time::Duration};

use chrono::Utc;
use criterion::{Criterion, criterion_group, criterion_main};
use home::bring;
use loa::{
    clock::System,
    control::{self, Account, Centre, Folder, Home, Sources},
    programme::plan,
    reconcile::Period,
    report::{Format, write},
    words::Lang,
};

/// Stations of the town.
const STATIONS: usize = 16;

/// The year up to its report, by the logs that came home to the town's centre.
fn of(centre: &Centre) -> Account {
    let sources = Sources::of(&centre.folder, Some(centre)).unwrap();
    Account::of(&sources, 2022, Period::Year, "2022-12-10".parse().unwrap()).unwrap().unwrap()
}

/// A centre in `root` with a station in each unit of its plan.
fn town(root: &Path, hours: &Range<u32>, least: u64) -> Centre {
    let place = root.join("centre");
    control::init(&place, &System::new()).unwrap();
    let lines = control::make_centre(&place, Utc::now()).unwrap();
    let mut folder = Folder::open(&place).unwrap();
    // A new folder has the plan of the year in which it is made.
    folder.plan = plan::read("plan", include_bytes!("../config/plan-2022.toml")).0.unwrap();
    let mut ids: Vec<String> = folder.plan.units.iter().map(|unit| unit.id.clone()).collect();
    ids.dedup();
    let centre = Centre::open(Arc::new(folder), Arc::new(System::new())).unwrap().unwrap();
    for id in ids.iter().take(STATIONS) {
        let root = root.join(id);
        million::filled_of(id, &root, "2022-01".parse().unwrap(), hours.clone(), least);
        let file = root.join("config/station.toml");
        let way = format!("\n[centre]\nfolder = \"{}\"\nkeys = [\"{}\"]\n", root.display(), lines.key);
        fs::write(&file, fs::read_to_string(&file).unwrap() + &way).unwrap();
        bring(&centre, &Home::open(Arc::new(Folder::open(&root).unwrap())).unwrap().unwrap());
    }
    centre
}

fn year_of_sixteen(c: &mut Criterion) {
    // Every morning of the year, four times what the sample of a month airs; and twice a day, the second outside its
    // window, so that as many lines are incidents.
    for (name, hours, least) in [("of mornings", 5..6, 5_300), ("half in vain", 5..7, 9_400)] {
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let town = town(root.path(), &hours, least);
        let account = of(&town);
        assert_eq!((account.logs.len(), account.matrix.units.len()), (STATIONS, STATIONS));
        println!("{} units, {} airings", account.matrix.units.len(), account.airings.len());
        let mut group = c.benchmark_group(format!("year of sixteen stations, {name}"));
        group.sample_size(10).measurement_time(Duration::from_secs(10));
        group.bench_function("their logs read", |b| b.iter(|| black_box(of(&town))));
        for (word, format) in Format::ALL {
            group.bench_function(format!("{word} written"), |b| {
                b.iter(|| black_box(write(&account, *format, "airings", Lang::Vi).unwrap()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, year_of_sixteen);
criterion_main!(benches);
