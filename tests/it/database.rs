//! A centre as a real process in front of a real database and a real bucket: it keeps nothing itself.

use std::fs;

use loa::{
    control::Folder,
    evidence::Body,
    fleet::{Fleet as _, PostgresFleet},
    store::Log,
};

use super::{
    servers::{Cluster, Seaweed},
    support::{
        centre::{address, enrol, found, origin, table, until_home},
        proxy::Proxy,
        station::{Daemon, Station, in_seconds},
        way::Way,
    },
    sync::issue,
};

#[test]
fn a_log_comes_home_to_a_database_and_a_month_goes_out_by_a_bucket() {
    let (cluster, bucket) = (Cluster::start(&[]), Seaweed::start());
    let database = cluster.database("fleet");
    let mut way = Way::new();
    let keys = [("AWS_ACCESS_KEY_ID", Seaweed::KEY), ("AWS_SECRET_ACCESS_KEY", Seaweed::SECRET)];
    way.centre.environment.extend(keys.map(|(name, value)| (name, value.into())));
    let lines = found(&way.centre);
    // Officers are at one process, stations at another.
    let mut door = beside(&way.centre, &lines);
    door.environment.clone_from(&way.centre.environment);
    let stores = format!("store = \"{database}\"\nfiles = \"s3://loa/goi?endpoint={}\"\n", bucket.endpoint());
    for centre in [&way.centre, &door] {
        let settings = centre.path("config/centre.toml");
        fs::write(&settings, fs::read_to_string(&settings).unwrap() + &stores).unwrap();
    }
    way.station.settle(&table(&lines, &address(&door)));
    let origin = origin(&way.station);
    let (_at_centre, _at_door) = (way.centre.daemon_alone(), door.daemon_alone());
    let daemon = way.station.daemon_alone();
    enrol(&way.centre, &daemon, &origin);
    let fleet = PostgresFleet::open(&database, None).unwrap();
    until_home(&fleet, &way.station, &origin);
    assert!(!way.centre.path("data/fleet.db").exists(), "nothing of it is in the centre's folder");
    // A month that is issued at one goes out by the bucket and the other.
    way.slots = vec![in_seconds(3600)];
    issue(&way, 2);
    daemon.until_entered(&["\"kind\":\"package\"", "\"act\":\"taken\""]);
    until_home(&fleet, &way.station, &origin);
}

/// Entries that a station has collected before it reaches its centre: several pushes of them.
const MANY: usize = 20_000;
/// So much of them passes before the line breaks: some of the pushes, in the midst of one.
const A_PART: i64 = 2_200_000;

/// Enters so many entries in the log of a station that does not run.
fn collect(station: &Station) {
    let folder = Folder::open(&station.path("")).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let clk = log.entries().last().unwrap().unwrap().clk;
    let beats: Vec<_> = (0..1000).map(|_| (clk.clone(), Body::Heartbeat {})).collect();
    for _ in 0..MANY / 1000 {
        log.append(&beats).unwrap();
    }
}

/// A centre's process beside that of `one`, with its key and its certificate.
fn beside(one: &Station, lines: &serde_json::Value) -> Station {
    let two = Station::new(&[]);
    for file in ["centre.key", "centre.pub", "centre-tls.key", "centre-tls.crt"] {
        fs::copy(one.path("data/keys").join(file), two.path("data/keys").join(file)).unwrap();
    }
    let own = found(&two);
    assert_eq!((&own["key"], &own["pin"]), (&lines["key"], &lines["pin"]), "for stations they are one");
    two
}

/// Lets `station` collect entries and start; gives it when a part of them is kept by `size`, and the database waits for its
/// replica to keep the next push.
fn pushing<'s>(
    station: &'s Station,
    line: &Proxy,
    (primary, replica): (&Cluster, &Cluster),
    size: impl Fn() -> u64,
) -> Daemon<'s> {
    let before = size();
    collect(station);
    line.cut_after(A_PART);
    let daemon = station.daemon_alone();
    line.until_cut();
    let part = size() - before;
    assert!((1..MANY as u64).contains(&part), "{part} entries came before the line broke");
    replica.server().freeze(true);
    line.heal();
    primary.held_up("SyncRep", 1);
    daemon
}

#[test]
fn a_centre_process_that_dies_in_mid_push_loses_nothing_and_neither_does_its_database() {
    let mut primary = Cluster::start(&["synchronous_standby_names=*"]);
    let replica = primary.replica();
    primary.database("fleet");
    let database = primary.url_of_both(&replica, "fleet");
    let one = Station::new(&[]);
    let lines = found(&one);
    let two = beside(&one, &lines);
    for centre in [&one, &two] {
        let file = centre.path("config/centre.toml");
        fs::write(&file, fs::read_to_string(&file).unwrap() + &format!("store = \"{database}\"\n")).unwrap();
    }
    let (first, second) = (one.daemon_alone(), two.daemon_alone());
    let line = Proxy::start(&address(&one));
    let station = Station::new(&[]);
    station.settle(&table(&lines, &line.address()));
    let origin = origin(&station);
    let daemon = station.daemon_alone();
    enrol(&one, &daemon, &origin);
    let fleet = PostgresFleet::open(&database, None).unwrap();
    until_home(&fleet, &station, &origin);
    let size = || fleet.log(&origin).unwrap().unwrap().frontier.size();

    // A process dies while the database keeps a push that nobody has acknowledged.
    drop(daemon);
    let daemon = pushing(&station, &line, (&primary, &replica), size);
    first.kill();
    line.lead_to(&address(&two));
    replica.server().freeze(false);
    until_home(&fleet, &station, &origin);

    // The database dies while it keeps one.
    drop(daemon);
    let _daemon = pushing(&station, &line, (&primary, &replica), size);
    primary.kill();
    replica.server().freeze(false);
    replica.promote();
    until_home(&fleet, &station, &origin);
    assert_eq!(fleet.forks(9).unwrap(), []);
    assert!(size() > 2 * MANY as u64);
    drop(second);
    station.ok(&["verify"]);
}
