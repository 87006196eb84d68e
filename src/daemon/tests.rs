//! The loop body where something in it breaks.

use std::{fs, sync::Arc};

use chrono::DateTime;
use tokio::sync::mpsc;

use super::{
    engine::{Engine, Follow, Incoming, Ports, Work},
    past::Past,
    run::{INBOX, rules},
};
use crate::{
    clock::Manual,
    control::{self, Folder},
    evidence::Body,
    playout::Event,
    store::{Log, Writer},
};

/// Lets an engine with such workers take `incoming` and gives why it has to end, and the reason that the log has for it.
fn breaks_on(incoming: Incoming, work: Work) -> (Option<String>, Option<String>) {
    let place = tempfile::tempdir().unwrap();
    let clock = Arc::new(Manual::at(DateTime::from_timestamp(1_646_431_200, 0).unwrap()));
    control::init(place.path(), clock.as_ref()).unwrap();
    // Something to survey, for which a worker is asked.
    fs::write(place.path().join("schedules/2022-03.toml"), "").unwrap();
    let folder = Arc::new(Folder::open(place.path()).unwrap());
    let log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let rules = rules(&folder, false, false);
    let past = Past::read(&log, &rules.policy).unwrap();
    let (mut writer, handle) = Writer::new(log);
    let (inbox, _incoming) = mpsc::channel(INBOX);
    let ports = Ports {
        stamper: None,
        clock,
        folder,
        writer: handle,
        player: Box::new(|_| true),
        inbox,
        work,
        output: "rehearsal".into(),
        follow: Follow::Calendar,
    };
    let mut engine = Engine::start(ports, rules, past, Vec::new());
    engine.turn(incoming);
    let why = engine.broken.clone();
    engine.end();
    writer.drain();
    let last = writer.log().reader().last_of("shutdown", u64::MAX >> 1).unwrap();
    let reason = last.and_then(|entry| match entry.body {
        Body::Shutdown { reason } => Some(reason),
        _ => None,
    });
    (why, reason)
}

#[test]
fn what_crashes_is_caught_entered_and_ends_the_process_in_order() {
    let check = |incoming, work, expected: &str| {
        let expected = Some(expected.to_owned());
        assert_eq!(breaks_on(incoming, work), (expected.clone(), expected));
    };
    check(Incoming::Tick, Box::new(|_| panic!("no thread")), "the loop crashed: no thread");
    let crashed = Event::Crashed { detail: "index out of bounds".into() };
    check(Incoming::Player(crashed), Box::new(|_| ()), "the player crashed: index out of bounds");
}
