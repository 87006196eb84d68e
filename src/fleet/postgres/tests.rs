//! PostgreSQL held to the conduct of a fleet, and what only a server suffers: connections cut in mid-push, answers that
//! get lost, a primary whose power goes.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use ::postgres::Client;

use super::*;
use crate::{
    evidence::{
        Body, Outcome,
        samples::{end, slot},
    },
    fleet::{
        Settled,
        conduct::{Station, enrolled, holds, step},
        servers::{Cluster, PASSWORD},
        witness,
    },
    keys::WitnessKey,
};

/// The store where `url` leads.
pub fn open(url: &str) -> PostgresFleet {
    PostgresFleet::open(url, None).unwrap()
}

/// A log of `size` entries, of which every fifth says how a slot ended.
pub fn station(id: &str, size: u64) -> Station {
    let mut station = Station::new(id);
    for seq in 0..size {
        let said = Body::End(Box::new(end(0, Some(slot(5)), Outcome::Full)));
        station.enter(if seq % 5 == 4 { said } else { Body::Heartbeat {} });
    }
    station
}

/// Everything that `fleet` has of `station`, held against what was pushed.
pub fn whole(fleet: &dyn Fleet, station: &Station) {
    let (origin, all) = (&station.origin, &station.leaves);
    assert_eq!(&fleet.leaves(origin, 0, usize::MAX).unwrap(), all, "byte for byte, none twice");
    let held = fleet.log(origin).unwrap().unwrap();
    assert_eq!(held.frontier.size(), all.len() as u64);
    let day = slot(5).local.date();
    let ends = fleet.ends(day, day).unwrap();
    let ended: Vec<u64> = ends.iter().filter(|(of, _)| of == origin).map(|(_, ended)| ended.seq).collect();
    assert_eq!(ended, (4..all.len() as u64).step_by(5).collect::<Vec<_>>());
}

#[test]
fn it_keeps_to_the_conduct_of_a_fleet() {
    let cluster = Cluster::start(&[]);
    let url = cluster.database("conduct");
    holds(&|| Box::new(open(&url)));
    let url = cluster.database("begun");
    whoever_comes_first_makes_the_tables(&cluster, &url);
    tables_of_the_first_version_are_taken_over(&cluster, &url);
    a_log_only_grows(&cluster, &url);
    a_process_that_goes_in_mid_push_leaves_nothing(&cluster, &url);
    cut_connections_are_made_anew(&cluster, &url);
    tables_of_a_later_program_are_refused(&cluster, &url);
}

fn whoever_comes_first_makes_the_tables(cluster: &Cluster, url: &str) {
    thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(|| open(url)))));
    let count = cluster.client("begun").query_one("SELECT count(*) FROM loa_fleet.version", &[]).unwrap();
    assert_eq!(count.get::<_, i64>(0), 1);
}

fn tables_of_the_first_version_are_taken_over(cluster: &Cluster, url: &str) {
    let first = "ALTER TABLE loa_fleet.fork
           DROP COLUMN settled_by, DROP COLUMN settled_reason, DROP COLUMN settled_ms;
         DROP VIEW loa_fleet.known;
         DROP TABLE loa_fleet.wish, loa_fleet.waiting;
         DROP INDEX loa_fleet.fork_origin;
         ALTER TABLE loa_fleet.piece DROP COLUMN before;
         UPDATE loa_fleet.version SET number = 1;
         INSERT INTO loa_fleet.fork(digest, origin, what, held, came, at_ms)
           VALUES(decode(repeat('00', 32), 'hex'), 'loa/station/v1/1', 'fork', 'mot', 'hai', 5);";
    cluster.client("begun").batch_execute(first).unwrap();
    let key = station("v1", 0).key.public().clone();
    let asked = "INSERT INTO loa_fleet.log(origin, key, token, standing, by, at_ms, size, peaks, head, word)
      VALUES($1, $2, decode(repeat('07', 32), 'hex'), 'asked', '', 1, 0, '', '', '')";
    cluster.client("begun").execute(asked, &[&key.name(), &key.as_text()]).unwrap();
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| open(url)))));
    let (fleet, said) = (open(url), Settled { by: "An".into(), reason: "x".into(), at_ms: 7 });
    assert_eq!(fleet.forks(9).unwrap()[0].settled, None);
    let held = fleet.log(key.name()).unwrap().unwrap();
    assert_eq!((held.standing, &held.key), (Standing::Asked, &key));
    assert!(fleet.stand(key.name(), &key, Standing::Enrolled, "An", 2).unwrap());
    assert_eq!(fleet.settle("loa/station/v1/1", 5, &said).unwrap(), 1);
    assert_eq!(open(url).forks(9).unwrap()[0].settled, Some(said));
    cluster.client("begun").batch_execute("DELETE FROM loa_fleet.fork").unwrap();
}

fn a_log_only_grows(cluster: &Cluster, url: &str) {
    let (fleet, station) = (open(url), station("grows", 10));
    enrolled(&fleet, &station);
    assert!(fleet.advance(&step(&fleet, &station, 10)).unwrap());
    let mut client = cluster.client("begun");
    for forbidden in [
        "UPDATE loa_fleet.piece SET leaves = ''",
        "DELETE FROM loa_fleet.piece",
        "TRUNCATE loa_fleet.piece",
        "DELETE FROM loa_fleet.log",
        "UPDATE loa_fleet.log SET size = 9",
    ] {
        let refused = client.batch_execute(forbidden).unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().message(), "a log only grows", "{forbidden}");
    }
    whole(&fleet, &station);
}

/// The connection of a push is cut while its transaction waits for another: what a killed process leaves behind.
fn a_process_that_goes_in_mid_push_leaves_nothing(cluster: &Cluster, url: &str) {
    let (fleet, station) = (open(url), station("killed", 20));
    enrolled(&fleet, &station);
    let (mut other, mut client) = (cluster.client("begun"), cluster.client("begun"));
    for size in [10, 20] {
        let step = step(&fleet, &station, size);
        let mut holding = other.transaction().unwrap();
        holding
            .execute("SELECT 1 FROM loa_fleet.log WHERE origin = $1 FOR UPDATE", &[&station.origin])
            .unwrap();
        thread::scope(|scope| {
            let push = scope.spawn(|| fleet.advance(&step).unwrap());
            for _ in 0..3 {
                let [pushing] = cluster.held_up("Lock", 1)[..] else { unreachable!() };
                client.execute("SELECT pg_terminate_backend($1, 5000)", &[&pushing]).unwrap();
            }
            cluster.held_up("Lock", 1);
            let before =
                client.query_one("SELECT size FROM loa_fleet.log WHERE origin = $1", &[&station.origin]);
            assert_eq!(before.unwrap().get::<_, i64>(0), i64::try_from(size).unwrap() - 10);
            holding.commit().unwrap();
            assert!(push.join().unwrap(), "and is taken, once");
        });
    }
    whole(&fleet, &station);
}

fn cut_connections_are_made_anew(cluster: &Cluster, url: &str) {
    let (fleet, station) = (open(url), station("cut", 40));
    enrolled(&fleet, &station);
    let mut client = cluster.client("begun");
    for size in [10, 20, 30, 40] {
        let step = step(&fleet, &station, size);
        let all = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = 'loa'";
        assert!(client.query_one(all, &[]).unwrap().get::<_, i64>(0) >= 2);
        assert!(fleet.advance(&step).unwrap());
    }
    whole(&fleet, &station);
}

fn tables_of_a_later_program_are_refused(cluster: &Cluster, url: &str) {
    cluster.client("begun").batch_execute("UPDATE loa_fleet.version SET number = 4").unwrap();
    let begun = Instant::now();
    assert!(PostgresFleet::open(url, None).is_err());
    assert!(begun.elapsed() < Duration::from_secs(10), "and nobody waits for them to change");
}

#[test]
fn beyond_the_socket_it_is_encrypted_and_the_server_is_the_right_one() {
    let (cluster, address, certificate) = Cluster::encrypted();
    let url = format!("postgresql://loa:{PASSWORD}@{address}/postgres");
    let fleet = PostgresFleet::open(&url, Some(&certificate)).unwrap();
    fleet.logs().unwrap();
    let sql = "SELECT bool_and(ssl), count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING(pid) WHERE application_name = 'loa'";
    let found = cluster.client("postgres").query_one(sql, &[]).unwrap();
    assert_eq!((found.get(0), found.get(1)), (true, 2_i64), "one that changes, one that reads");
    let begun = Instant::now();
    assert!(PostgresFleet::open(&url, None).is_err(), "a certificate that nobody here trusts");
    let wrong = url.replace(PASSWORD, "sai");
    assert!(PostgresFleet::open(&wrong, Some(&certificate)).is_err(), "another's password");
    assert!(begun.elapsed() < Duration::from_secs(10), "neither becomes right by waiting");
}

#[test]
fn a_server_that_does_not_keep_what_it_took_is_refused() {
    let cluster = Cluster::start(&["fsync=off"]);
    let refused = PostgresFleet::open(&cluster.url("postgres"), None).err().unwrap();
    assert_eq!(refused.source.to_string(), "the server runs with `fsync = off`");
}

/// The server commits, and the one that waits for it is cut off before it learns so: while the replica has not got the
/// entries, nobody may be told that they are kept, also not by asking again.
fn an_answer_that_got_lost_is_looked_for(primary: &Cluster, replica: &Cluster) -> Station {
    let (fleet, station) = (open(&primary.url("fleet")), station("lost", 30));
    enrolled(&fleet, &station);
    let mut client = primary.client("fleet");
    for (size, cut) in [(10, "pg_terminate_backend"), (20, "pg_cancel_backend"), (30, "pg_terminate_backend")]
    {
        let step = step(&fleet, &station, size);
        replica.server().freeze(true);
        thread::scope(|scope| {
            let push = scope.spawn(|| fleet.advance(&step).unwrap());
            let mut last = 0;
            for _ in 0..3 {
                let [waiting] = primary.held_up("SyncRep", 1)[..] else { unreachable!() };
                assert_ne!(waiting, last, "it is asked again over another connection");
                last = waiting;
                client.execute(&format!("SELECT {cut}($1)"), &[&waiting]).unwrap();
                gone(&mut client, waiting);
            }
            primary.held_up("SyncRep", 1);
            let there =
                client.query_one("SELECT size FROM loa_fleet.log WHERE origin = $1", &[&station.origin]);
            assert_eq!(there.unwrap().get::<_, i64>(0), i64::try_from(size).unwrap(), "the server has it");
            assert!(!push.is_finished(), "its replica has not, and nothing is said");
            replica.server().freeze(false);
            assert!(push.join().unwrap(), "done once, and told");
        });
    }
    whole(&fleet, &station);
    station
}

/// What a server has and its replica has not can be read, and is no acknowledgement until the replica has it.
fn what_is_read_is_not_told_before_the_replica_has_it(primary: &Cluster, replica: &Cluster) {
    let (fleet, station) = (open(&primary.url("fleet")), station("read", 5));
    let (origin, mut client) = (station.origin.as_str(), primary.client("fleet"));
    enrolled(&fleet, &station);
    assert!(fleet.advance(&step(&fleet, &station, 5)).unwrap());
    replica.server().freeze(true);
    assert_eq!(fleet.log_settled(origin).unwrap().unwrap().frontier.size(), 5, "that was told before");
    // A commit of another process, whose wait was broken off.
    client.batch_execute("SET synchronous_commit = local").unwrap();
    client.execute("UPDATE loa_fleet.log SET head = 'later' WHERE origin = $1", &[&origin]).unwrap();
    assert_eq!(fleet.log(origin).unwrap().unwrap().head, "later");
    thread::scope(|scope| {
        let asked = scope.spawn(|| fleet.log_settled(origin).unwrap().unwrap().head);
        primary.held_up("SyncRep", 1);
        assert!(!asked.is_finished(), "its replica has not, and nothing is said");
        replica.server().freeze(false);
        assert_eq!(asked.join().unwrap(), "later");
    });
}

/// Waits until the connection does not wait for the replica any more.
fn gone(client: &mut Client, waiting: i32) {
    let begun = Instant::now();
    let sql = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'";
    while !client.query(sql, &[&waiting]).unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(1));
    }
}

/// Pushes what is missing of `station`, five entries at a time, as one of several that do the same. What was said to be
/// kept (`kept` entries) must be there at every look.
fn push(fleet: &dyn Fleet, station: &Station, key: &WitnessKey, time: u64, kept: &AtomicU64) {
    loop {
        let before = kept.load(Ordering::SeqCst);
        let held = fleet.log(&station.origin).unwrap().unwrap();
        let size = held.frontier.size();
        assert!(size >= before, "{before} entries were acknowledged, {size} are there");
        if size == station.leaves.len() as u64 {
            return;
        }
        let next = witness(Some(&held), &station.push(size, size + 5), key, time).unwrap();
        if fleet.advance(&next).unwrap() {
            kept.fetch_max(size + 5, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_primary_that_goes_in_mid_push_loses_nothing_and_doubles_nothing() {
    // An administrator who wants to be told little must not keep the broken-off wait from whoever relies on it.
    let mut primary = Cluster::start(&["synchronous_standby_names=*", "client_min_messages=error"]);
    let replica = primary.replica();
    primary.database("fleet");
    let lost = an_answer_that_got_lost_is_looked_for(&primary, &replica);
    what_is_read_is_not_told_before_the_replica_has_it(&primary, &replica);

    let url = primary.url_of_both(&replica, "fleet");
    let stations: Vec<Station> = (0..4).map(|n| station(&format!("doi-{n}"), 400)).collect();
    let kept: Vec<AtomicU64> = stations.iter().map(|_| AtomicU64::new(0)).collect();
    for station in &stations {
        enrolled(&open(&url), station);
    }
    let key = WitnessKey::generate("loa/centre/duc-pho").unwrap();
    let sum = || kept.iter().map(|kept| kept.load(Ordering::SeqCst)).sum::<u64>();
    thread::scope(|scope| {
        // Two processes, as it were, each with its own connections, and every log pushed through both.
        for time in [1_646_433_000, 1_646_433_001] {
            let fleet = open(&url);
            let (stations, kept, key) = (&stations, &kept, &key);
            scope.spawn(move || {
                thread::scope(|scope| {
                    for (station, kept) in stations.iter().zip(kept) {
                        let fleet = &fleet;
                        scope.spawn(move || push(fleet, station, key, time, kept));
                    }
                });
            });
        }
        let begun = Instant::now();
        while sum() < 300 {
            assert!(begun.elapsed() < Duration::from_mins(1), "{} entries only", sum());
            thread::sleep(Duration::from_millis(1));
        }
        primary.kill();
        let before = sum();
        assert!(before < 1600, "in the middle of it");
        replica.promote();
    });
    let fleet = open(&url);
    stations.iter().chain([&lost]).for_each(|station| whole(&fleet, station));
    assert_eq!(fleet.forks(9).unwrap(), []);
}
