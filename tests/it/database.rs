//! A centre as a real process in front of a real database and a real bucket: it keeps nothing itself.

use std::fs;

use loa::fleet::PostgresFleet;

use super::{
    servers::{Cluster, Seaweed},
    support::{
        centre::{enrol, found, until_home},
        station::in_seconds,
        way::Way,
    },
    sync::{issue, join},
};

#[test]
fn a_log_comes_home_to_a_database_and_a_month_goes_out_by_a_bucket() {
    let (cluster, bucket) = (Cluster::start(&[]), Seaweed::start());
    let database = cluster.database("fleet");
    let mut way = Way::new();
    let keys = [("AWS_ACCESS_KEY_ID", Seaweed::KEY), ("AWS_SECRET_ACCESS_KEY", Seaweed::SECRET)];
    way.centre.environment.extend(keys.map(|(name, value)| (name, value.into())));
    let lines = found(&way.centre);
    let settings = way.centre.path("config/centre.toml");
    let stores = format!("store = \"{database}\"\nfiles = \"s3://loa/goi?endpoint={}\"\n", bucket.endpoint());
    fs::write(&settings, fs::read_to_string(&settings).unwrap() + &stores).unwrap();
    way.station.settle("");
    let origin = join(&way, &lines);
    let _at_centre = way.centre.daemon_alone();
    let daemon = way.station.daemon_alone();
    enrol(&way.centre, &daemon, &origin);
    let fleet = PostgresFleet::open(&database, None).unwrap();
    until_home(&fleet, &way.station, &origin);
    assert!(!way.centre.path("data/fleet.db").exists(), "nothing of it is in the centre's folder");
    // A month goes out by the bucket.
    way.slots = vec![in_seconds(3600)];
    issue(&way, 2);
    daemon.until_entered(&["\"kind\":\"package\"", "\"act\":\"taken\""]);
    until_home(&fleet, &way.station, &origin);
}
