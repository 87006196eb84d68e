//! How long a centre's page of stations takes when there are ten thousand: each with a signed word, and what became of its
//! slots in the last two weeks. A process of its own, a hundred requests each.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use chrono::{FixedOffset, NaiveDate, TimeDelta, Utc};
use loa::{
    clock::System,
    control::{self, Centre, Folder, Role, change_people},
    evidence::{Body, Checkpoint, Clk, Entry, Frontier, Missed, Outcome, Reason, canonical::encode},
    fleet::{Asked, Fleet, Holding, Push, Standing, Word, witness},
    keys::{SigningKey, WitnessKey},
    units::{Digest, Month, SlotId},
};
use ureq::Agent;

const STATIONS: usize = 10_600;
const DAYS: i64 = 14;
const A_DAY: u32 = 3;
const TIMES: usize = 100;
const PASSWORD: &str = "một câu dễ nhớ";

fn today() -> NaiveDate {
    Utc::now().with_timezone(&FixedOffset::east_opt(7 * 3600).unwrap()).date_naive()
}

/// A centre's folder with somebody who may look.
fn centre(root: &Path) -> Folder {
    control::init(root, &System::new()).unwrap();
    let settings = root.join(Folder::STATION_FILE);
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("127.0.0.1:8470", "127.0.0.1:0")).unwrap();
    fs::write(root.join(Folder::CENTRE_FILE), "name = \"duc-pho\"\nlisten = \"off\"\n").unwrap();
    control::make_centre(root, Utc::now()).unwrap();
    let folder = Folder::open(root).unwrap();
    change_people(&folder, |people| people.add("an", "An", &[Role::Operator, Role::Admin], Some(PASSWORD)))
        .unwrap();
    folder
}

/// What the station number `n` entered of the last two weeks: most of it aired, as far as a count can tell.
fn leaves() -> Vec<String> {
    let mut leaves = Vec::new();
    for back in (0..DAYS).rev() {
        let day = today() - TimeDelta::days(back);
        for hour in 5..5 + A_DAY {
            let slot: SlotId = format!("{}/cchc/{day}T{hour:02}:30:00", Month::of(day)).parse().unwrap();
            let missed = Missed {
                planned_ms: slot.local.and_utc().timestamp_millis(),
                slot,
                outcome: if hour == 5 { Outcome::Missed } else { Outcome::Cancelled },
                reason: Reason::PowerOff,
                detail: String::new(),
            };
            let clk = Clk { wall_ms: 1, boot_ms: 1, boot: "0".repeat(32), sync: true, offset_min: 420 };
            let seq = leaves.len() as u64;
            leaves.push(encode(&Entry { seq, clk, body: Body::Missed(missed) }).unwrap());
        }
    }
    leaves
}

/// Enrols the station number `n`, takes its log and its word.
fn station(fleet: &dyn Fleet, own: &WitnessKey, n: usize, leaves: &[String]) {
    let origin = format!("loa/station/xa-{n:05}/1");
    let key = SigningKey::generate(&origin).unwrap();
    let token = Digest::of(origin.as_bytes());
    let asked = Asked { origin: origin.clone(), key: key.public().clone(), token, at_ms: 1 };
    fleet.ask(&asked, u64::MAX >> 1).unwrap();
    fleet.stand(&origin, key.public(), Standing::Enrolled, "Lê Văn C", 1).unwrap();
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(leaf.as_bytes());
    }
    let head = Checkpoint { origin: origin.clone(), size: frontier.size(), root: frontier.root() };
    let push = Push { old: 0, head: head.sign(&key).unwrap(), leaves: leaves.to_vec() };
    let known = fleet.log(&origin).unwrap().unwrap();
    assert!(fleet.advance(&witness(Some(&known), &push, own, 1_646_433_000).unwrap()).unwrap());
    let this = Month::of(today());
    let hold = |month| Holding {
        month,
        ward: false,
        revision: 1,
        schedule: Digest::of(b"x"),
        ready: !n.is_multiple_of(9),
    };
    let now = Utc::now().timestamp_millis();
    let word = Word {
        origin: origin.clone(),
        wall_ms: now,
        size: frontier.size(),
        version: "0.1.0".into(),
        unit: format!("xa-{n:05}"),
        holds: vec![hold(this), hold(this.next())],
        on_air: String::new(),
        next_ms: None,
        lamps: Vec::new(),
        free: 1 << 35,
    };
    let heard_ms = if n.is_multiple_of(7) { now - 3_600_000 } else { now };
    fleet.heard(&origin, &word.sign(&key).unwrap(), heard_ms).unwrap();
}

/// The daemon, which ends with the bench.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(root: &Path) -> (Daemon, String) {
    let loa = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
        command.env("LOA_OUTPUT", format!("wav:{}", root.join("out.wav").display()));
        command
    };
    let daemon = Daemon(loa().args(["run", "--dir"]).arg(root).stderr(Stdio::null()).spawn().unwrap());
    let deadline = Instant::now() + Duration::from_mins(3);
    loop {
        let status = loa().args(["status", "--json", "--dir"]).arg(root).output().unwrap().stdout;
        let status: serde_json::Value = serde_json::from_slice(&status).unwrap_or_default();
        if let Some(web) = status["web"].as_str() {
            return (daemon, web.to_owned());
        }
        assert!(Instant::now() < deadline, "no pages: {status}");
        thread::sleep(Duration::from_millis(200));
    }
}

fn ask(agent: &Agent, address: &str) -> (Duration, usize) {
    let begun = Instant::now();
    let mut response = agent.get(address).call().unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    assert!(response.status() == 200 && text.contains("</html>"), "{address}: {text}");
    (begun.elapsed(), text.len())
}

fn measure(agent: &Agent, name: &str, address: impl Fn(usize) -> String) {
    let asked = (0..TIMES).map(|n| ask(agent, &address(n)));
    let (mut took, bytes): (Vec<Duration>, Vec<usize>) = asked.unzip();
    took.sort_unstable();
    let ms = |at: usize| took[at].as_secs_f64() * 1e3;
    println!(
        "{name:34} p50 {:7.1} ms   p99 {:7.1} ms   most {:7.1} ms   {:5} KB",
        ms(TIMES / 2),
        ms(TIMES - 2),
        ms(TIMES - 1),
        bytes[0] >> 10
    );
}

fn main() {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = Arc::new(centre(root.path()));
    let begun = Instant::now();
    {
        let centre = Centre::open(folder, Arc::new(System::new())).unwrap().unwrap();
        let own = WitnessKey::generate("loa/centre/duc-pho").unwrap();
        let leaves = leaves();
        thread::scope(|scope| {
            for part in 0..32 {
                let (fleet, own, leaves) = (&centre.fleet, &own, &leaves);
                scope.spawn(move || {
                    (part..STATIONS).step_by(32).for_each(|n| station(fleet.as_ref(), own, n, leaves));
                });
            }
        });
    }
    println!("{STATIONS} stations enrolled in {:.0} s", begun.elapsed().as_secs_f64());
    let (daemon, base) = start(root.path());
    let agent = Agent::new_with_defaults();
    agent.post(format!("{base}/sign-in")).send_form([("id", "an"), ("password", PASSWORD)]).unwrap();
    let (first, _) = ask(&agent, &format!("{base}/fleet"));
    println!("{:34} {:.0} ms", "the first look", first.as_secs_f64() * 1e3);
    measure(&agent, "/fleet", |n| format!("{base}/fleet?page={}", n % 106 + 1));
    measure(&agent, "the month", |n| format!("{base}/fleet?days=month&page={}", n % 106 + 1));
    measure(&agent, "what needs attention", |n| format!("{base}/fleet?only=attention&page={}", n % 10 + 1));
    measure(&agent, "a search", |n| format!("{base}/fleet?q=xa-{n:05}"));
    measure(&agent, "who is not ready", |_| format!("{base}/fleet/ready/{}", Month::of(today())));
    measure(&agent, "a station", |n| format!("{base}/fleet/station/loa%2Fstation%2Fxa-{:05}%2F1", n * 97));
    measure(&agent, "its log", |n| format!("{base}/fleet/station/loa%2Fstation%2Fxa-{:05}%2F1/log", n % 5));
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.0.id())).unwrap();
    let resident = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{resident}");
}
