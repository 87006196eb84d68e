//! A centre as a real process in front of a real database and a real bucket: it keeps nothing itself, so it may be killed,
//! and the database may change its place under it.

use std::fs;

use loa::fleet::PostgresFleet;

use super::{
    servers::{Cluster, Seaweed},
    support::{station::in_seconds, way::Way},
    sync::{enrol, found, issue, join, until_home},
};

#[test]
fn a_centre_and_its_database_are_killed_and_no_entry_is_missing() {
    let (mut primary, bucket) = (Cluster::start(&["synchronous_standby_names=*"]), Seaweed::start());
    let replica = primary.replica();
    primary.database("fleet");
    let database = primary.url_of_both(&replica, "fleet");
    let mut way = Way::new();
    let keys = [("AWS_ACCESS_KEY_ID", Seaweed::KEY), ("AWS_SECRET_ACCESS_KEY", Seaweed::SECRET)];
    way.centre.environment.extend(keys.map(|(name, value)| (name, value.into())));
    let lines = found(&way.centre);
    let settings = way.centre.path("config/centre.toml");
    let stores = format!("store = \"{database}\"\nfiles = \"s3://loa/goi?endpoint={}\"\n", bucket.endpoint());
    fs::write(&settings, fs::read_to_string(&settings).unwrap() + &stores).unwrap();
    way.station.settle("");
    let origin = join(&way, &lines);
    let at_centre = way.centre.daemon_alone();
    let daemon = way.station.daemon_alone();
    enrol(&way.centre, &daemon, &origin);
    let fleet = PostgresFleet::open(&database, None).unwrap();
    until_home(&fleet, &way.station, &origin);
    assert!(!way.centre.path("data/fleet.db").exists(), "nothing of it is in the centre's folder");
    // A month goes out by the bucket.
    way.slots = vec![in_seconds(3600)];
    issue(&way, 2);
    daemon.until_entered(&["\"kind\":\"package\"", "\"act\":\"taken\""]);
    let note = |text: &str| {
        way.station.ok(&["note", "2022-03/cchc/2022-03-05T05:30:00", "--text", text]);
    };
    // The process goes in the middle of whatever it does; another takes its place.
    note("mất tiến trình");
    at_centre.kill();
    note("chưa có tiến trình");
    let _at_centre = way.centre.daemon_alone();
    until_home(&fleet, &way.station, &origin);
    // The database goes, and its replica takes its place, under a centre that runs on.
    note("mất máy chủ");
    primary.kill();
    note("chưa có máy chủ");
    replica.promote();
    until_home(&fleet, &way.station, &origin);
}
