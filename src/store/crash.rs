//! The writer is killed at seeded moments: what was acknowledged stays, what is there verifies.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use proptest::{
    prelude::Rng as _,
    test_runner::{RngAlgorithm, TestRng},
};

use super::{Blob, Log, tests::clk};
use crate::{evidence::Body, keys::SigningKey};

/// Set for the child: the folder of the log that it appends to until it is killed.
const CHILD: &str = "LOA_TEST_CRASH_FOLDER";

const KILLS: u32 = 24;

fn paths(folder: &Path) -> (PathBuf, SigningKey) {
    let key = std::fs::read_to_string(folder.join("key")).unwrap();
    (folder.join("log.db"), SigningKey::parse(&key).unwrap())
}

/// Not a test of its own: appends in batches of different sizes and tells each size once it is durable.
/// Without the variable there is nothing to do.
#[test]
fn child_appends_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let (path, key) = paths(Path::new(&folder));
    let mut log = Log::open(&path, key).unwrap();
    let mut out = std::io::stderr();
    loop {
        let ms = i64::try_from(log.size()).unwrap();
        let entries = vec![(clk(ms), Body::Heartbeat {}); usize::try_from(log.size() % 7).unwrap() + 1];
        let blobs = [Blob { kind: "schedule", bytes: log.size().to_le_bytes().repeat(500) }];
        log.append_with_blobs(&entries, &blobs).unwrap();
        writeln!(out, "acknowledged {}", log.size()).unwrap();
    }
}

fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "store::crash::child_appends_until_it_is_killed"])
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn sigkill_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate("loa/station/pho-minh").unwrap();
    std::fs::write(folder.path().join("key"), key.secret_text()).unwrap();
    let (path, key) = paths(folder.path());
    let public = key.public().clone();
    drop(Log::create(&path, "loa/station/pho-minh/1", key, clk(0), "init").unwrap());
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut most = 1;
    for round in 0..KILLS {
        // The child is killed after so many acknowledgements and a moment more, so that the kill falls
        // into every part of an append, and now and then into the opening.
        let acknowledgements = usize::try_from(random.next_u32() % 12).unwrap();
        let moment = Duration::from_micros(u64::from(random.next_u32() % 1500));
        let mut child = spawn(folder.path());
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let number = |line: String| line.strip_prefix("acknowledged ").and_then(|n| n.parse::<u64>().ok());
        let mut last = lines.by_ref().filter_map(number).take(acknowledgements).last();
        std::thread::sleep(moment);
        child.kill().unwrap();
        last = lines.filter_map(number).last().or(last);
        child.wait().unwrap();
        most = most.max(last.unwrap_or(0));
        let (_, key) = paths(folder.path());
        let log = Log::open(&path, key).unwrap();
        assert!(log.size() >= most, "round {round}: {} of {most}", log.size());
        most = log.size();
        let report = log.reader().verify(std::slice::from_ref(&public)).unwrap();
        assert!(report.holds(), "round {round}: {:?}", report.faults);
        assert_eq!(report.size, log.size());
    }
    assert!(most > u64::from(KILLS), "the children hardly appended: {most}");
}
