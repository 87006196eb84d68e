//! The matrix of one station's own log.

use std::fs;

use chrono::{DateTime, NaiveDate, Utc};
use loa::{
    control::{Compliance, Folder, Sources},
    evidence::{Body, BootFacts, Clk, ManualFact, Outcome},
    reconcile::Period,
    store::{Blob, Log},
    units::{Digest, Month},
};

use super::support::{history::Historian, station::Station};

fn at(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().unwrap().timestamp_millis()
}

fn clk(wall_ms: i64) -> Clk {
    Clk { wall_ms, boot_ms: wall_ms, boot: "0".repeat(32), sync: true, offset_min: 420 }
}

/// The station belongs to `unit` from now on.
fn config(unit: &str) -> Body {
    let digest = Digest::of(unit.as_bytes());
    let (station, output) = ("pho-hoa".into(), "pulse:loud".into());
    Body::Config { digest, plan: digest, station, unit: unit.into(), output, demo: false, trust: None }
}

/// Somebody's word for an airing of March's programme.
fn manual(first_ms: i64) -> Body {
    Body::Manual(Box::new(ManualFact {
        slot: None,
        month: "2022-03".parse().unwrap(),
        programme: "cchc".into(),
        first_ms,
        last_ms: first_ms + 600_000,
        outcome: Outcome::Full,
        by: "An".into(),
        text: "máy FM cũ".into(),
        statement: Digest::of(b""),
    }))
}

#[test]
fn what_people_vouch_for_counts_for_the_unit_of_that_day() {
    let station = Station::new(&[]);
    fs::copy("config/plan-2022.toml", station.path("config/plan-2022.toml")).unwrap();
    let folder = Folder::open(&station.path("")).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let (early, late) = (at("2022-03-04T10:00:00Z"), at("2022-03-25T10:00:00Z"));
    let month = "2022-03".parse().unwrap();
    Historian::quiet(&mut log, month, 1).accept(month, 1);
    let boot = Body::Boot(BootFacts { clean: true, last_alive_ms: None });
    let mut say = |wall_ms, body| log.append(&[(clk(wall_ms), body)]).unwrap();
    say(at("2022-03-02T00:00:00Z"), boot);
    say(at("2022-03-02T00:00:00Z"), config("pho-hoa"));
    say(at("2022-03-15T00:00:00Z"), config("pho-minh"));
    // Both are entered when the station has long changed its unit.
    for first in [early, early + 86_400_000, late] {
        say(at("2022-04-02T00:00:00Z"), manual(first));
    }
    let today = NaiveDate::from_ymd_opt(2022, 4, 3).unwrap();
    let matrix =
        Compliance::default().of(&Sources::alone(&folder).unwrap(), 2022, today).unwrap().unwrap().matrix;
    let vouched = |unit: &str| {
        let row = matrix.units.iter().find(|row| row.unit == unit);
        row.map_or(0, |row| row.cells.iter().map(|cell| cell.vouched).sum())
    };
    assert_eq!((vouched("pho-hoa"), vouched("pho-minh"), matrix.totals.vouched), (2, 1, 3));
}

/// A log of the turn of a year and its first months, with somebody's word for an airing; `quiet` without what else happens.
fn history(station: &Station, quiet: bool, seed: u64) -> Log {
    let folder = Folder::open(&station.path("")).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let mut month: Month = "2021-12".parse().unwrap();
    let begin = if quiet { Historian::quiet } else { Historian::new };
    let mut historian = begin(&mut log, month, seed);
    historian.boot();
    for _ in 0..4 {
        let schedule = historian.accept(month, 1);
        historian.live(month, schedule);
        month = month.next();
    }
    log.append(&[(clk(at("2022-04-02T00:00:00Z")), manual(at("2022-03-04T10:00:00Z")))]).unwrap();
    log
}

#[test]
fn what_is_remembered_of_years_is_what_a_fresh_look_reads() {
    for (quiet, seed) in [(true, 1), (true, 2), (false, 3)] {
        let (told, station) = (Station::new(&[]), Station::new(&[]));
        let past = history(&told, quiet, seed);
        let folder = Folder::open(&station.path("")).unwrap();
        let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
        let remembered = Compliance::default();
        let as_of: NaiveDate = "2022-12-31".parse().unwrap();
        let periods = [Period::Year, Period::Month("2022-01".parse().unwrap())];
        let of = |known: &Compliance| {
            periods.map(|of| known.of_period(&Sources::alone(&folder).unwrap(), 2022, of, as_of).unwrap())
        };
        let (mut random, mut seen) = (fastrand::Rng::with_seed(seed), std::collections::BTreeSet::new());
        // The same log comes into being piece by piece, and is looked at after each.
        while log.size() < past.size() {
            let piece = log.size()..past.size().min(log.size() + random.u64(1..30));
            let entries = past.reader().entries(piece).map(|entry| entry.unwrap());
            let entries: Vec<_> = entries.map(|entry| (entry.clk, entry.body)).collect();
            let named = entries.iter().flat_map(|(_, body)| body.blobs());
            let blobs = named.filter_map(|(kind, digest)| {
                past.reader().blob(digest).unwrap().map(|bytes| Blob { kind, bytes })
            });
            let blobs: Vec<_> = blobs.collect();
            log.append_with_blobs(&entries, &blobs).unwrap();
            let looked = of(&remembered);
            assert_eq!(looked, of(&Compliance::default()), "seed {seed}, {} entries", log.size());
            seen.insert(looked[0].as_ref().unwrap().totals.in_period);
        }
        assert!(seen.len() > 10, "seed {seed}: {seen:?}");
    }
}
