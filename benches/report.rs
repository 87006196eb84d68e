//! The year's report of sixteen stations, from their logs to the bytes of every document.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

mod million;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use loa::{
    control::{Account, Folder},
    programme::plan,
    reconcile::Period,
    report::{Format, write},
    words::Lang,
};

/// Stations of the town.
const STATIONS: usize = 16;

/// The year up to its report, by the log of one station.
fn of(folder: &Folder) -> Account {
    Account::of(folder, 2022, Period::Year, "2022-12-10".parse().unwrap()).unwrap().unwrap()
}

/// What all of them say, as one account. All have the same log: it takes as long to read as sixteen.
fn town(folder: &Folder) -> Account {
    let mut town = of(folder);
    for _ in 1..STATIONS {
        let station = of(folder);
        town.matrix.units.extend(station.matrix.units);
        town.airings.extend(station.airings);
    }
    town
}

fn year_of_sixteen(c: &mut Criterion) {
    // Every morning of the year, four times what the sample of a month airs; and twice a day, the second outside its
    // window, so that as many lines are incidents.
    for (name, hours, least) in [("of mornings", 5..6, 5_300), ("half in vain", 5..7, 9_400)] {
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (mut folder, _) = million::filled(root.path(), "2022-01".parse().unwrap(), hours, least);
        // A new folder has the plan of the year in which it is made.
        folder.plan = plan::read("plan", include_bytes!("../config/plan-2022.toml")).0.unwrap();
        let account = town(&folder);
        println!("{} units, {} airings", account.matrix.units.len(), account.airings.len());
        let mut group = c.benchmark_group(format!("year of sixteen stations, {name}"));
        group.sample_size(10).measurement_time(Duration::from_secs(10));
        group.bench_function("their logs read", |b| b.iter(|| black_box(town(&folder))));
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
