//! Several processes in front of one database, of which one is killed in mid-push: this test in copies of itself.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{
    PostgresFleet,
    tests::{open, station, whole},
};
use crate::fleet::{
    Fleet as _, Push,
    conduct::{Station, enrolled},
    servers::Cluster,
    witness,
};
use crate::keys::WitnessKey;

const TEST: &str = "fleet::postgres::processes::a_process_that_is_killed_loses_nothing_and_doubles_nothing";

/// Where a copy finds what it pushes, and where to.
const FOLDER: &str = "LOA_TEST_PUSHES";
const URL: &str = "LOA_TEST_DATABASE";

/// Entries of every log, and of a push.
const ALL: u64 = 600;
const EACH: u64 = 3;

/// A centre process: brings every push of `folder` home that is not yet, and says what was acknowledged.
fn copy(folder: &Path, url: &str) {
    let fleet = PostgresFleet::open(url, None).unwrap();
    let key = WitnessKey::generate("loa/centre/duc-pho").unwrap();
    loop {
        let mut left = false;
        for held in fleet.logs().unwrap() {
            let size = held.frontier.size();
            if size == ALL {
                continue;
            }
            left = true;
            let text = fs::read_to_string(folder.join(held.origin.replace('/', "-")).join(size.to_string()));
            let push = Push::read(&text.unwrap()).unwrap();
            let step = witness(Some(&held), &push, &key, 1_646_433_000).unwrap();
            if fleet.advance(&step).unwrap() {
                println!("\nkept {} {}", held.origin, size + EACH);
            }
        }
        if !left {
            return;
        }
    }
}

fn begin(folder: &Path, url: &str) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([TEST, "--exact", "--nocapture"]).env(FOLDER, folder).env(URL, url);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// What `said` says was kept, held against what is there.
fn believed(fleet: &PostgresFleet, said: &str) -> usize {
    let mut count = 0;
    // A process that was killed may have been in the middle of a line.
    for line in said.lines().filter(|line| said.contains(&format!("{line}\n"))) {
        let Some((origin, size)) = line.strip_prefix("kept ").and_then(|kept| kept.split_once(' ')) else {
            continue;
        };
        let there = fleet.log(origin).unwrap().unwrap().frontier.size();
        assert!(there >= size.parse().unwrap(), "{line}, {there} are there");
        count += 1;
    }
    count
}

#[test]
fn a_process_that_is_killed_loses_nothing_and_doubles_nothing() {
    if let (Ok(folder), Ok(url)) = (env::var(FOLDER), env::var(URL)) {
        return copy(Path::new(&folder), &url);
    }
    let cluster = Cluster::start(&[]);
    let url = cluster.database("fleet");
    let fleet = open(&url);
    let folder = tempfile::tempdir().unwrap();
    let stations: Vec<Station> = (0..3).map(|n| station(&format!("nhom-{n}"), ALL)).collect();
    for station in &stations {
        enrolled(&fleet, station);
        let own = folder.path().join(station.origin.replace('/', "-"));
        fs::create_dir(&own).unwrap();
        for size in (0..ALL).step_by(usize::try_from(EACH).unwrap()) {
            fs::write(own.join(size.to_string()), station.push(size, size + EACH).write()).unwrap();
        }
    }
    let killed: Vec<Child> = (0..3).map(|_| begin(folder.path(), &url)).collect();
    let mut others = [begin(folder.path(), &url), begin(folder.path(), &url)];
    for (mut killed, after) in killed.into_iter().zip([5, 10, 15]) {
        let mut heard = BufReader::new(killed.stdout.take().unwrap());
        let mut said = String::new();
        let begun = Instant::now();
        while said.matches("kept").count() < after && heard.read_line(&mut said).unwrap() > 0 {
            assert!(begun.elapsed() < Duration::from_mins(1));
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        heard.read_to_string(&mut said).unwrap();
        assert!(believed(&fleet, &said) >= after, "it was acknowledged something before it went: {said}");
    }
    let before: u64 = fleet.logs().unwrap().iter().map(|held| held.frontier.size()).sum();
    assert!(before < 3 * ALL, "in the middle of the work");
    for other in &mut others {
        let mut said = String::new();
        other.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(other.wait().unwrap().success(), "{said}");
        assert!(believed(&fleet, &said) > 0, "each took a part");
    }
    for station in &stations {
        whole(&fleet, station);
    }
}
