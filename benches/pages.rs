//! How long every page of a real station takes when its log has a million entries: each asked for a hundred times, in
//! months all over the twelve years. Ends red where one needs longer than a person notices.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

mod million;

use std::{
    fs,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use loa::{
    clock::{Clock as _, System},
    control::{Approve, Folder, Hand, Role, approve, change_people},
};
use million::filled;
use ureq::Agent;

/// Entries of the log: twelve years of fifteen airings a day.
const SIZE: u64 = 1_000_000;

const PASSWORD: &str = "một câu dễ nhớ";
/// Requests for each page: of a hundred, the second slowest is the 99th percentile.
const TIMES: usize = 100;
/// 99 of a hundred requests for a page are answered within this.
const BOUND: Duration = Duration::from_millis(30);
/// A month with an approved revision and a draft beside it.
const APPROVED: &str = "2025-04";
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
        let roles = [Role::Operator, Role::Editor, Role::Approver, Role::Admin];
        people.add("an", "An", &roles, Some(PASSWORD))?;
        people.add("mai", "Mai", &[Role::Auditor], Some(PASSWORD))
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
    // One is approved and worked on again.
    let order = Approve {
        schedule: APPROVED.parse().unwrap(),
        by: Hand::named("Trần Thị B"),
        document: String::new(),
        key: None,
        seen: None,
    };
    approve(folder, &order, System::new().now().wall).unwrap();
    let file = |end: &str| folder.root.join(format!("schedules/{APPROVED}{end}"));
    let draft = fs::read_to_string(file(".toml")).unwrap().replace("revision  = 1", "revision  = 2");
    fs::write(file(".draft.toml"), draft.replace("05:30", "05:45")).unwrap();
}

/// A person before a browser who notes how long each page takes.
struct Looker {
    agent: Agent,
    base: String,
    /// The process that serves the pages.
    pid: u32,
    slow: Vec<String>,
}

impl Looker {
    /// Processor time that the pages' process has used, in milliseconds: what a busy machine does not lengthen. The kernel
    /// counts it in hundredths of a second.
    fn worked_ms(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() * 10.0).sum()
    }

    fn sign_in(&self, id: &str) {
        let form = [("id", id), ("password", PASSWORD)];
        self.agent.post(format!("{}/sign-in", self.base)).send_form(form).unwrap();
    }

    /// The page at `path`, whole.
    fn page(&self, path: &str) -> String {
        let mut response = self.agent.get(format!("{}{path}", self.base)).call().unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let whole = text.contains("</html>") || text.contains("</svg>");
        assert!(response.status() == 200 && whole, "{path}: {text}");
        text
    }

    /// Sends a form and gives the page that follows.
    fn send(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let page = self.page("/settings/tone");
        let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap();
        let token = rest.split_once('"').unwrap().0;
        let fields = fields.iter().copied().chain([("token", token)]);
        let mut response = self.agent.post(format!("{}{path}", self.base)).send_form(fields).unwrap();
        response.body_mut().read_to_string().unwrap()
    }

    /// Asks for the pages that `path` names, and prints how long they took.
    fn measure(&mut self, name: &str, path: impl Fn(usize) -> String) {
        self.measure_behind(name, |_, _| {}, path);
    }

    /// The same with something done before each.
    fn measure_behind(
        &mut self,
        name: &str,
        before: impl Fn(&Looker, usize),
        path: impl Fn(usize) -> String,
    ) {
        let timed = |n| {
            before(self, n);
            let begun = Instant::now();
            self.page(&path(n));
            begun.elapsed()
        };
        let worked = self.worked_ms();
        let mut took: Vec<Duration> = (0..TIMES).map(timed).collect();
        let each = (self.worked_ms() - worked) / 100.0;
        took.sort_unstable();
        let ms = |at: usize| took[at].as_secs_f64() * 1e3;
        let (half, most, p99) = (ms(TIMES / 2), ms(TIMES - 1), ms(TIMES - 2));
        println!("{name:34} p50 {half:6.1}   p99 {p99:6.1}   most {most:6.1}   processor {each:5.1} ms");
        if took[TIMES - 2] > BOUND {
            self.slow.push(format!("{name} ({p99:.1} ms)"));
        }
    }

    /// Says how long a page takes that is asked for once.
    fn once(&self, name: &str, path: &str) {
        let begun = Instant::now();
        self.page(path);
        println!("{name:34} {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    }
}

/// A month all over the years of the log.
fn month(n: usize) -> String {
    let n = n * 37 % 140;
    format!("{}-{:02}", 2014 + n / 12, n % 12 + 1)
}

/// A slot of such a month.
fn slot(n: usize) -> String {
    format!("{m}/cchc/{m}-{:02}T{:02}:30:00", n % 28 + 1, n % 15 + 5, m = month(n))
}

fn the_log(looker: &mut Looker) {
    looker.measure("a month of the log, its calendar", |n| format!("/log?month={}", month(n)));
    looker.measure("its misses", |n| format!("/log?month={}&outcome=missed", month(n)));
    looker.measure("its reason", |n| format!("/log?month={}&outcome=missed&reason=power-off", month(n)));
    looker.measure("words in a month", |n| format!("/log?month={}&q=khu+3", month(n)));
    looker.measure("from a day on", |n| format!("/log?from={}-05", month(n)));
    looker.measure("misses from a day on", |n| format!("/log?from={}-05&outcome=missed", month(n)));
    looker.measure("a programme from a day on", |n| format!("/log?from={}-05&programme=khong-co", month(n)));
    looker.measure("words from a day on", |n| format!("/log?from={}-05&q=khong-co", month(n)));
    looker.measure("an airing", |n| format!("/log/slot/{}", slot(n)));
}

fn the_months(looker: &mut Looker) {
    // The first look at a month measures its audio, which a page waits for no longer than two seconds.
    let begun = Instant::now();
    for month in ["2025-03", APPROVED] {
        while looker.page(&format!("/month/{month}")).contains(MEASURING) {
            thread::sleep(Duration::from_millis(50));
        }
    }
    println!("{:34} {:.1} s", "two months are measured", begun.elapsed().as_secs_f64());
    looker.measure("two years of months", |_| "/months".into());
    looker.measure("a month", |_| "/month/2025-03".into());
    looker.measure("its approval", |_| "/month/2025-03/approve".into());
    looker.measure("its audio", |_| "/month/2025-03/audio".into());
    looker.measure("its comparison", |_| "/month/2025-03/compare".into());
    looker.measure("a draft", |_| format!("/month/{APPROVED}"));
    looker.measure("a draft's approval", |_| format!("/month/{APPROVED}/approve"));
    looker.measure("a draft's comparison", |_| format!("/month/{APPROVED}/compare"));
}

fn the_years(looker: &mut Looker) {
    let of = |n: usize| 2014 + n % 12;
    looker.measure("the matrix of a year", |_| "/matrix/2024".into());
    let note = |looker: &Looker, n: usize| {
        looker.send("/log/note", &[("slot", &slot(n)), ("text", "loa khu 3 rè")]);
    };
    looker.measure_behind("the same as the log grows", note, |_| "/matrix/2024".into());
    looker.measure("the matrices of twelve years", |n| format!("/matrix/{}", of(n)));
    looker.measure("reports", |_| "/reports".into());
    looker.measure("reports of months", |n| format!("/reports?period=month&month={}", month(n)));
    looker.measure("reports of a year", |n| format!("/reports?period=year&year={}", of(n)));
    looker.measure("urging", |_| "/reports/urge".into());
    looker.measure("urging for a month", |n| format!("/reports/urge?period=month&month={}", month(n)));
    looker.measure_behind("urging as the log grows", note, |_| "/reports/urge?year=2024".into());
}

fn main() -> ExitCode {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (folder, _) = filled(root.path(), "2014-01".parse().unwrap(), 5..20, SIZE);
    schedule(&folder);
    let (daemon, base) = start(&folder);
    let mut looker = Looker { agent: Agent::new_with_defaults(), base, pid: daemon.0.id(), slow: Vec::new() };
    println!("{SIZE} entries, a process of its own, {TIMES} requests each");
    looker.measure("sign-in", |_| "/sign-in".into());
    looker.sign_in("an");
    looker.measure("on air", |_| "/on-air".into());
    looker.measure("the wall", |_| "/on-air/wall".into());
    looker.measure("the checkpoint's picture", |_| "/on-air/checkpoint.svg".into());
    // The first look at a year reads all of it, later ones remember it; some seconds long a start looks at all of them by
    // itself, and what is asked for meanwhile shares the processors with that.
    (2014..2026).for_each(|year| looker.once(&format!("first look at {year}"), &format!("/matrix/{year}")));
    the_log(&mut looker);
    the_months(&mut looker);
    the_years(&mut looker);
    for name in ["", "/people", "/station", "/keys", "/units", "/holds", "/tone"] {
        looker.measure(&format!("/settings{name}"), |_| format!("/settings{name}"));
    }
    looker.measure("one's own password", |_| "/password".into());
    looker.measure("what to import from", |_| "/import".into());
    // What an auditor looks at for the first time is an entry, durable before the page goes out; sixty a minute are let in.
    looker.agent = Agent::new_with_defaults();
    looker.sign_in("mai");
    looker.measure("an auditor's month of the log", |n| format!("/log?month={}", month(n % 55)));
    looker.measure("an auditor's airing", |_| format!("/log/slot/{}", slot(3)));
    looker.measure("an auditor's matrix", |_| "/matrix/2024".into());
    if looker.slow.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("longer than {} ms: {}", BOUND.as_millis(), looker.slow.join(", "));
    ExitCode::FAILURE
}
