//! How long the pages of a real station take when its log has a million entries: each asked for a hundred times, in
//! months all over the twelve years.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

mod million;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use loa::control::{Folder, Role, change_people};
use million::filled;
use ureq::Agent;

/// Entries of the log: twelve years of fifteen airings a day.
const SIZE: u64 = 1_000_000;

const PASSWORD: &str = "một câu dễ nhớ";
const TIMES: usize = 100;
/// What a page says while it waits no longer for the measures.
const MEASURING: &str = "Đang giải mã và đo";

/// The daemon, which ends with the bench.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Folder) -> (Daemon, String) {
    let settings = folder.root.join(Folder::STATION_FILE);
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("127.0.0.1:8470", "127.0.0.1:0")).unwrap();
    change_people(folder, |people| {
        people.add("an", "An", &[Role::Operator, Role::Approver, Role::Admin], Some(PASSWORD))
    })
    .unwrap();
    let loa = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
        command.env("LOA_OUTPUT", format!("wav:{}", folder.root.join("out.wav").display()));
        command
    };
    let run = loa().args(["run", "--dir"]).arg(&folder.root).stderr(Stdio::null()).spawn().unwrap();
    let daemon = Daemon(run);
    let deadline = Instant::now() + Duration::from_mins(3);
    loop {
        let status = loa().args(["status", "--json", "--dir"]).arg(&folder.root).output().unwrap().stdout;
        let status: serde_json::Value = serde_json::from_slice(&status).unwrap_or_default();
        if let Some(web) = status["web"].as_str() {
            return (daemon, web.to_owned());
        }
        assert!(Instant::now() < deadline, "no pages: {status}");
        thread::sleep(Duration::from_millis(200));
    }
}

/// Gives the station the sample programme in each of two years' months.
fn schedule(folder: &Folder) {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(repository.join("schedules/2022-03.toml")).unwrap();
    for n in 0..24 {
        let month = format!("{}-{:02}", 2024 + n / 12, n % 12 + 1);
        let file = folder.root.join(format!("schedules/{month}.toml"));
        fs::write(file, text.replace("2022-03", &month)).unwrap();
    }
    let copied = Command::new("cp").arg("-r").arg(repository.join("media")).arg(&folder.root).status();
    assert!(copied.unwrap().success());
}

/// Asks for the pages that `path` names, and prints how long they took.
fn measure(agent: &Agent, base: &str, name: &str, path: impl Fn(usize) -> String) {
    let mut took: Vec<Duration> = (0..TIMES)
        .map(|n| {
            let begun = Instant::now();
            let mut response = agent.get(format!("{base}{}", path(n))).call().unwrap();
            let text = response.body_mut().read_to_string().unwrap();
            assert!(response.status() == 200 && text.contains("</html>"), "{}: {text}", path(n));
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    let ms = |at: usize| took[at].as_secs_f64() * 1e3;
    println!(
        "{name:34} p50 {:7.1} ms   p99 {:7.1} ms   most {:7.1} ms",
        ms(TIMES / 2),
        ms(TIMES - 2),
        ms(TIMES - 1)
    );
}

/// A month all over the years of the log.
fn month(n: usize) -> String {
    let n = n * 37 % 140;
    format!("{}-{:02}", 2014 + n / 12, n % 12 + 1)
}

fn main() {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (folder, _) = filled(root.path(), "2014-01".parse().unwrap(), 5..20, SIZE);
    schedule(&folder);
    let (_daemon, base) = start(&folder);
    let agent = Agent::new_with_defaults();
    let form = [("id", "an"), ("password", PASSWORD)];
    agent.post(format!("{base}/sign-in")).send_form(form).unwrap();
    println!("{SIZE} entries, a process of its own, {TIMES} requests each");
    let slot = |n: usize| format!("{m}/cchc/{m}-{:02}T{:02}:30:00", n % 28 + 1, n % 15 + 5, m = month(n));
    measure(&agent, &base, "on air", |_| "/on-air".into());
    measure(&agent, &base, "a month of the log", |n| format!("/log?month={}", month(n)));
    measure(&agent, &base, "its misses", |n| format!("/log?month={}&outcome=missed", month(n)));
    measure(&agent, &base, "words in a month", |n| format!("/log?month={}&q=khu+3", month(n)));
    measure(&agent, &base, "from a day on", |n| format!("/log?from={}-05", month(n)));
    measure(&agent, &base, "words from a day on", |n| format!("/log?from={}-05&q=khong-co", month(n)));
    measure(&agent, &base, "an airing", |n| format!("/log/slot/{}", slot(n)));
    // The first look at a month measures its audio, which a page waits for no longer than two seconds.
    let begun = Instant::now();
    while agent
        .get(format!("{base}/month/2025-03"))
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap()
        .contains(MEASURING)
    {
        thread::sleep(Duration::from_millis(50));
    }
    println!("{:34} {:.1} s", "a month is measured", begun.elapsed().as_secs_f64());
    measure(&agent, &base, "two years of months", |_| "/months".into());
    measure(&agent, &base, "a month", |_| "/month/2025-03".into());
    measure(&agent, &base, "its approval", |_| "/month/2025-03/approve".into());
    measure(&agent, &base, "its audio", |_| "/month/2025-03/audio".into());
    measure(&agent, &base, "the settings", |_| "/settings".into());
    // The first look at a year reads all of it; later ones remember it while the log says nothing new.
    measure(&agent, &base, "the matrix of a year", |_| "/matrix/2024".into());
    measure(&agent, &base, "the matrices of twelve years", |n| format!("/matrix/{}", 2014 + n % 12));
}
