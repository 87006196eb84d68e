//! How many pushes a second a centre takes, verifies, stores durably and cosigns: SQLite beside PostgreSQL.
//!
//! `cargo bench --bench fleet`. A push is 100 entries, signed beforehand; so many stations push at the same moment.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

#[path = "../tests/servers/mod.rs"]
mod servers;
mod typical;

use std::{
    thread,
    time::{Duration, Instant},
};

use loa::{
    evidence::{Body, Checkpoint, Entry, Frontier, canonical},
    fleet::{Asked, Fleet, PostgresFleet, Push, SqliteFleet, Standing, witness},
    keys::{SigningKey, WitnessKey},
    units::Digest,
};
use servers::Cluster;
use typical::{clk, end};

const STATIONS: usize = 64;
const PUSHES: u64 = 12;
const ENTRIES: u64 = 100;

/// What a station brings, and how it asked to.
struct Station {
    asked: Asked,
    pushes: Vec<Push>,
}

/// An entry: one of ten says how a slot ended.
fn entry(seq: u64) -> Entry {
    let clk = clk(i64::try_from(seq).unwrap() * 1000);
    let body = if seq % 10 == 9 { end(seq) } else { Body::Heartbeat {} };
    Entry { seq, clk, body }
}

fn station(number: usize) -> Station {
    let origin = format!("loa/station/tram-{number}/1");
    let key = SigningKey::generate(&origin).unwrap();
    let asked = Asked {
        origin: origin.clone(),
        key: key.public().clone(),
        token: Digest::of(origin.as_bytes()),
        at_ms: 0,
    };
    let mut frontier = Frontier::default();
    let pushes = (0..PUSHES).map(|push| {
        let old = push * ENTRIES;
        let leaves: Vec<String> =
            (old..old + ENTRIES).map(|seq| canonical::encode(&entry(seq)).unwrap()).collect();
        for leaf in &leaves {
            frontier.push(leaf.as_bytes());
        }
        let head = Checkpoint { origin: origin.clone(), size: old + ENTRIES, root: frontier.root() };
        Push { old, head: head.sign(&key).unwrap(), leaves }
    });
    let pushes = pushes.collect();
    Station { asked, pushes }
}

/// Takes every push of `stations` over so many threads; how long that lasts.
fn taken(fleet: &dyn Fleet, stations: &[Station], threads: usize) -> Duration {
    let key = WitnessKey::generate("loa/centre/duc-pho").unwrap();
    for station in stations {
        assert!(fleet.ask(&station.asked, 1000).unwrap().is_some());
        assert!(
            fleet
                .stand(&station.asked.origin, &station.asked.key, Standing::Enrolled, "Lê Văn C", 0)
                .unwrap()
        );
    }
    let begun = Instant::now();
    thread::scope(|scope| {
        for part in stations.chunks(stations.len().div_ceil(threads)) {
            let key = &key;
            scope.spawn(move || {
                for push in 0..usize::try_from(PUSHES).unwrap() {
                    for station in part {
                        let held = fleet.log(&station.asked.origin).unwrap();
                        let step = witness(held.as_ref(), &station.pushes[push], key, 1_646_433_000).unwrap();
                        assert!(fleet.advance(&step).unwrap());
                    }
                }
            });
        }
    });
    begun.elapsed()
}

fn told(store: &str, threads: usize, pushes: usize, took: Duration) {
    let a_second = f64::from(u32::try_from(pushes).unwrap()) / took.as_secs_f64();
    let entries = f64::from(u32::try_from(ENTRIES).unwrap());
    println!(
        "{store:<34} {threads:>2} at once: {a_second:>6.0} pushes/s, {:>7.0} entries/s",
        a_second * entries
    );
}

fn main() {
    let stations: Vec<Station> = (0..STATIONS).map(station).collect();
    let bytes: usize = stations[0].pushes[0].leaves.iter().map(String::len).sum();
    println!("{} pushes of {ENTRIES} entries, {bytes} bytes each", STATIONS * stations[0].pushes.len());
    let cluster = Cluster::start(&[]);
    let waiting = Cluster::start(&["synchronous_standby_names=*"]);
    let _replica = waiting.replica();
    for (threads, stations) in [(1, &stations[..16]), (8, &stations[..]), (64, &stations[..])] {
        let pushes = stations.len() * stations[0].pushes.len();
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let fleet = SqliteFleet::open(&folder.path().join("fleet.db")).unwrap();
        told("SQLite", threads, pushes, taken(&fleet, stations, threads));
        for (name, cluster) in [("PostgreSQL", &cluster), ("PostgreSQL, synchronous replica", &waiting)] {
            let fleet = PostgresFleet::open(&cluster.database(&format!("at_once_{threads}")), None).unwrap();
            told(name, threads, pushes, taken(&fleet, stations, threads));
        }
    }
}
