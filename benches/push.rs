//! How much a centre takes: real processes, real keys, a line of its own for every station.
//!
//! `LOA_STORES=sqlite,postgresql LOA_STATIONS=1000,10600 LOA_ENTRIES=100 cargo bench --bench push` – a day of a station is about
//! 30 entries, a month about 900. PostgreSQL is a cluster of its own that is flushed as it must be. Pushes are signed
//! beforehand; client, centre and database share the machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a bench that fails has nothing to report"
)]

#[path = "../tests/servers/mod.rs"]
mod servers;

use std::{
    env, fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use loa::{
    evidence::{Body, Checkpoint, Clk, Entry, Frontier, canonical::encode},
    fleet::{Asked, Fleet, PostgresFleet, Push, SqliteFleet, Standing},
    keys::SigningKey,
    units::Digest,
};
use servers::Cluster;
use tokio::sync::Semaphore;

/// Stations that push at the same moment.
const AT_ONCE: usize = 96;

struct Ready {
    origin: String,
    token: String,
    body: String,
}

fn main() {
    let words = |name: &str, usual: &str| -> Vec<String> {
        env::var(name).unwrap_or_else(|_| usual.into()).split(',').map(str::to_owned).collect()
    };
    let list = |name: &str, usual: &str| -> Vec<usize> {
        words(name, usual).iter().map(|one| one.parse().expect(name)).collect()
    };
    let stores = words("LOA_STORES", "sqlite,postgresql");
    let cluster = stores.iter().any(|store| store == "postgresql").then(|| Cluster::start(&[]));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for stations in list("LOA_STATIONS", "1000,10600") {
        for entries in list("LOA_ENTRIES", "30,100") {
            for store in &stores {
                let database = cluster.as_ref().filter(|_| store == "postgresql");
                let database =
                    database.map(|cluster| cluster.database(&format!("fleet_{stations}_{entries}")));
                println!("{store}:");
                measure(&runtime, database.as_deref(), stations, entries);
            }
        }
    }
}

fn ready(n: usize, entries: usize) -> (Asked, Ready) {
    let origin = format!("loa/station/s{n:05}/1");
    let key = SigningKey::generate(&origin).unwrap();
    let (mut frontier, mut leaves) = (Frontier::default(), Vec::with_capacity(entries));
    for seq in 0..entries as u64 {
        let ms = i64::try_from(seq).unwrap() * 60_000;
        let clk = Clk {
            wall_ms: 1_646_431_200_000 + ms,
            boot_ms: ms,
            boot: "0123456789abcdef0123456789abcdef".into(),
            sync: true,
            offset_min: 420,
        };
        let leaf = encode(&Entry { seq, clk, body: body(seq) }).unwrap();
        frontier.push(leaf.as_bytes());
        leaves.push(leaf);
    }
    let head = Checkpoint { origin: origin.clone(), size: entries as u64, root: frontier.root() };
    let body = Push { old: 0, head: head.sign(&key).unwrap(), leaves }.write();
    let token = format!("token-{n}");
    let asked = Asked {
        origin: origin.clone(),
        key: key.public().clone(),
        token: Digest::of(token.as_bytes()),
        at_ms: 1,
    };
    (asked, Ready { origin, token, body })
}

/// About as long as what a station enters on average.
fn body(seq: u64) -> Body {
    Body::Note {
        slot: "2022-03/cchc/2022-03-05T05:30:00".parse().unwrap(),
        by: "Trực máy".into(),
        text: format!(
            "Mục thứ {seq}: loa ở cụm 3 kêu rè, đã báo Trung tâm; trời mưa to, bà con nghe không rõ đoạn cuối."
        ),
    }
}

struct Centre {
    process: Child,
    address: String,
    root: tempfile::TempDir,
}

impl Drop for Centre {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Centre {
    /// One that keeps its stations in `database`, or in a file.
    fn start(database: Option<&str>, asked: &[Asked]) -> Centre {
        let root =
            tempfile::tempdir_in(env::var("LOA_BENCH_DIR").unwrap_or_else(|_| "target".into())).unwrap();
        let loa = |args: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
            command.args(args).arg("--dir").arg(root.path()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        assert!(loa(&["init", "--centre"]).status().unwrap().success());
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let store = database.unwrap_or("data/fleet.db");
        let settings = format!("name = \"c\"\nlisten = \"{address}\"\nstore = \"{store}\"\n");
        fs::write(root.path().join("config/centre.toml"), settings).unwrap();
        let station = root.path().join("config/station.toml");
        let text = fs::read_to_string(&station).unwrap().replace("127.0.0.1:8470", "off");
        fs::write(station, text).unwrap();
        let fleet: Box<dyn Fleet> = match database {
            Some(database) => Box::new(PostgresFleet::open(database, None).unwrap()),
            None => Box::new(SqliteFleet::open(&root.path().join(store)).unwrap()),
        };
        std::thread::scope(|scope| {
            for some in asked.chunks(asked.len().div_ceil(32)) {
                let fleet = &fleet;
                scope.spawn(move || {
                    for one in some {
                        fleet.ask(one, u64::MAX >> 1).unwrap();
                        fleet.stand(&one.origin, &one.key, Standing::Enrolled, "bench", 2).unwrap();
                    }
                });
            }
        });
        drop(fleet);
        let process = loa(&["run"]).spawn().unwrap();
        while std::net::TcpStream::connect(&address).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Centre { process, address, root }
    }

    /// The most memory that its process ever held, MB.
    fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Every push opens a line of its own, as every station does.
    reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_mins(3))
        .build()
        .unwrap()
}

fn measure(runtime: &tokio::runtime::Runtime, database: Option<&str>, stations: usize, entries: usize) {
    let (asked, ready): (Vec<_>, Vec<_>) = (0..stations).map(|n| ready(n, entries)).unzip();
    let centre = Centre::start(database, &asked);
    let (bytes, count) = (ready[0].body.len(), stations * entries);
    let begun = Instant::now();
    let ready = Arc::new(ready);
    let mut took = runtime.block_on(push_all(&centre, Arc::clone(&ready)));
    let all = begun.elapsed();
    took.sort_unstable();
    let at = |part: usize| took[(took.len() - 1) * part / 100].as_millis();
    println!(
        "{stations} stations x {entries} entries ({} KB a push): {:.1} s, {:.0} entries/s; a push p50 {} ms, p99 {} ms; centre at most {} MB",
        bytes / 1024,
        all.as_secs_f64(),
        count as f64 / all.as_secs_f64(),
        at(50),
        at(99),
        centre.peak(),
    );
    let told = runtime.block_on(tell_all(&centre, &ready, centre.root.path()));
    println!(
        "{stations} stations are told of a new package in {:.2} s; centre at most {} MB",
        told.as_secs_f64(),
        centre.peak()
    );
}

async fn push_all(centre: &Centre, ready: Arc<Vec<Ready>>) -> Vec<Duration> {
    let (client, places) = (client(), Arc::new(Semaphore::new(AT_ONCE)));
    let url = format!("https://{}/v1/push", centre.address);
    let mut tasks = Vec::with_capacity(ready.len());
    for n in 0..ready.len() {
        let (client, places, url, ready) = (client.clone(), places.clone(), url.clone(), Arc::clone(&ready));
        tasks.push(tokio::spawn(async move {
            let _place = places.acquire().await.unwrap();
            let begun = Instant::now();
            let one = &ready[n];
            let answer =
                client.post(url).bearer_auth(&one.token).body(one.body.clone()).send().await.unwrap();
            let status = answer.status();
            let line = answer.text().await.unwrap();
            assert!(status.is_success() && line.starts_with('\u{2014}'), "{}: {status} {line}", one.origin);
            begun.elapsed()
        }));
    }
    let mut took = Vec::with_capacity(tasks.len());
    for task in tasks {
        took.push(task.await.unwrap());
    }
    took
}

/// All wait for something new to hold; it is laid; all have heard of it.
async fn tell_all(centre: &Centre, ready: &[Ready], root: &Path) -> Duration {
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum }
    });
    let client = client();
    let have = {
        let url = format!("https://{}/v1/desired", centre.address);
        let answer = client.get(url).bearer_auth(&ready[0].token).send().await.unwrap();
        let desired: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        desired["tag"].as_str().unwrap().to_owned()
    };
    let mut waiting = Vec::with_capacity(ready.len());
    for (n, one) in ready.iter().enumerate() {
        let (client, token) = (client.clone(), one.token.clone());
        let url = format!("https://{}/v1/desired?have={have}&wait=55", centre.address);
        waiting.push(tokio::spawn(async move {
            let answer = client.get(url).bearer_auth(token).send().await.unwrap();
            assert!(answer.status().is_success());
            answer.text().await.unwrap()
        }));
        if n % 100 == 99 {
            tokio::time::sleep(Duration::from_millis(90)).await;
        }
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let trust = root.join("data/packages/trust");
    fs::create_dir_all(&trust).unwrap();
    fs::write(trust.join("1.note"), "x").unwrap();
    let begun = Instant::now();
    for one in waiting {
        assert!(!one.await.unwrap().contains(&have));
    }
    begun.elapsed()
}
