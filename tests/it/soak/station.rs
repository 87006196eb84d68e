//! The machine under test while the year goes by: its process, its clocks, its sound server, its disk, and what its
//! log says.

use std::{
    collections::BTreeMap,
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::LEAD;
use crate::support::{
    clock::Clocks,
    pulse::Server,
    station::{Daemon, Station},
};

/// What the process holds, at rest.
#[derive(Debug, Clone, Copy)]
pub struct Footprint {
    pub rss_kib: u64,
    pub threads: u64,
    pub files: usize,
    /// How often the sink was taken away from this machine until then.
    pub sinks_lost: u64,
}

/// Everything that the driver moves.
pub struct Machine<'a> {
    pub station: &'a Station,
    pub clocks: &'a Clocks,
    pub server: Server,
    daemon: Option<Daemon<'a>>,
    log: Connection,
    read: i64,
    pub sinks_lost: u64,
    /// Kinds that the log holds of each slot, in order.
    said: BTreeMap<String, Vec<String>>,
    /// How often this process was at rest behind a slot, with what it then held.
    pub lives: Vec<Vec<Footprint>>,
    /// Lines of its trace that were looked at.
    told: usize,
}

impl<'a> Machine<'a> {
    pub fn start(station: &'a Station, clocks: &'a Clocks) -> Machine<'a> {
        let log = Connection::open_with_flags(station.path("data/log.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
        let (log, server, said) = (log.unwrap(), Server::start(), BTreeMap::new());
        let mut machine = Machine {
            station,
            clocks,
            server,
            daemon: None,
            log,
            read: -1,
            sinks_lost: 0,
            said,
            lives: Vec::new(),
            told: 0,
        };
        machine.boot();
        machine
    }

    /// Starts the program.
    pub fn boot(&mut self) {
        let mut command = self.station.command(&["run"]);
        self.server.environment(&mut command);
        command.env("LOA_FAULT_ROOT", self.station.path("data")).env("LOA_FAULT", "full:0");
        self.daemon = Some(self.station.start(command));
        self.lives.push(Vec::new());
        self.told = 0;
        // The device is probed at a start, or goes on with what was cut; a leap of the clocks would look like a stall.
        self.until("knows its device", |status| status["device"]["state"] != "unknown");
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.daemon.take().unwrap().kill();
    }

    /// The power goes for `off`; the program does not run yet.
    pub fn power_off(&mut self, off: TimeDelta) {
        self.kill();
        self.clocks.reboot(off);
    }

    /// SIGTERM.
    pub fn end(&mut self) {
        self.daemon.take().unwrap().end();
    }

    pub fn status(&self) -> Value {
        self.station.json(&["status"]).pop().unwrap_or_default()
    }

    pub fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.daemon.as_ref().unwrap().until(what, wanted)
    }

    /// The disk has no room for the log, or hangs, while the file of that name is there.
    pub fn disk(&self, fault: &str, there: bool) {
        let mark = self.station.path(fault);
        if there {
            fs::write(mark, "").unwrap();
        } else {
            fs::remove_file(mark).unwrap();
        }
    }

    /// Lets the time pass until `at` and wakes the station.
    pub fn pass_until(&self, at: DateTime<Utc>) {
        self.clocks.pass_until(at);
        self.status();
    }

    /// To a minute before the slot: it is made ready, whatever becomes of the device.
    pub fn make_ready(&self, at: DateTime<Utc>) {
        self.pass_until(at - TimeDelta::seconds(55));
        self.until("is ready", |status| status["on_air"]["state"] == "armed");
    }

    /// Until the device is open and was called often enough to be believed; before, a leap of the clocks looks like
    /// a device that is not called. One that is open from a probe tells nothing new.
    pub fn open(&self) {
        let deadline = Instant::now() + Duration::from_millis(1500);
        while Instant::now() < deadline && self.status()["device"]["said"]["code"] != "lamp-device-open" {
            sleep(Duration::from_millis(50));
        }
    }

    /// To ten seconds before it: it is cued.
    pub fn cue(&mut self, slot: &str, at: DateTime<Utc>) {
        self.make_ready(at);
        self.pass_until(at - TimeDelta::milliseconds(9500));
        self.until_said(slot, "play.cue");
    }

    /// To where it sounds by itself.
    pub fn arm(&mut self, slot: &str, at: DateTime<Utc>) {
        self.make_ready(at);
        self.open();
        self.cue(slot, at);
        self.clocks.pass_until(at - LEAD);
    }

    /// Until it is well on air.
    pub fn sound(&mut self, slot: &str, at: DateTime<Utc>) {
        self.arm(slot, at);
        self.until("sounds", |status| status["on_air"]["position_ms"].as_u64() > Some(400));
    }

    fn read_on(&mut self) {
        let mut rows =
            self.log.prepare_cached("SELECT seq, leaf FROM event WHERE seq > ?1 ORDER BY seq").unwrap();
        let mut rows = rows.query([self.read]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            self.read = row.get(0).unwrap();
            let leaf: Value = serde_json::from_str(&row.get::<_, String>(1).unwrap()).unwrap();
            let kind = leaf["kind"].as_str().unwrap();
            if let Some(slot) = leaf["body"]["slot"].as_str() {
                self.said.entry(slot.to_owned()).or_default().push(kind.to_owned());
            }
            if kind == "schedule.accept" {
                let month = leaf["body"]["month"].as_str().unwrap().to_owned();
                self.said.entry(month).or_default().push(format!("revision {}", leaf["body"]["revision"]));
            }
        }
    }

    /// Waits until the log accepts `revision` of the month of `at`.
    pub fn until_accepted(&mut self, at: DateTime<Utc>, revision: u32) {
        let zone = FixedOffset::east_opt(7 * 3600).unwrap();
        let month = at.with_timezone(&zone).format("%Y-%m").to_string();
        self.until_said(&month, &format!("revision {revision}"));
    }

    /// How often the log says `kind` of a slot.
    pub fn count(&mut self, slot: &str, kind: &str) -> usize {
        self.read_on();
        self.said.get(slot).map_or(0, |said| said.iter().filter(|said| *said == kind).count())
    }

    /// Waits until the log says `kind` of a slot.
    pub fn until_said(&mut self, slot: &str, kind: &str) {
        self.until_entered(&format!("{slot}: {kind}"), |machine| machine.count(slot, kind) > 0);
    }

    /// Waits until a slot has its outcome.
    pub fn until_closed(&mut self, slot: &str) {
        self.until_entered(&format!("{slot}: outcome"), |machine| {
            machine.count(slot, "play.end") + machine.count(slot, "play.missed") > 0
        });
    }

    fn until_entered(&mut self, what: &str, found: impl Fn(&mut Machine) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !found(self) {
            assert!(Instant::now() < deadline, "not entered: {what}; {}; {}", self.status(), self.trace());
            sleep(Duration::from_millis(20));
        }
    }

    fn trace(&self) -> String {
        fs::read_to_string(self.station.path("stderr.txt")).unwrap_or_default()
    }

    /// Remembers what the process holds at rest: with the stream closed and dropped, and nothing under way.
    pub fn weigh(&mut self) {
        let trace = self.trace();
        for line in trace.lines().skip(self.told).filter(|line| line.contains("the pace of the stream")) {
            println!("{line}");
        }
        self.told = trace.lines().count();
        let pid = self.daemon.as_ref().unwrap().pid();
        let deadline = Instant::now() + Duration::from_secs(15);
        while self.server.has_streams() || threads(pid).iter().any(|name| UNDER_WAY.contains(&name.as_str()))
        {
            assert!(
                Instant::now() < deadline,
                "no rest: {:?}; {}; {}",
                threads(pid),
                self.status(),
                self.trace()
            );
            sleep(Duration::from_millis(20));
        }
        // Threads that drop a stream end a moment behind it; those that do not are what is looked for.
        let life = self.lives.last_mut().unwrap();
        let before = life.last().map_or(0, |before| before.threads);
        let mut now = footprint(pid, self.sinks_lost);
        let patience = Instant::now() + Duration::from_secs(1);
        while now.threads > before && Instant::now() < patience {
            sleep(Duration::from_millis(20));
            now = footprint(pid, self.sinks_lost);
        }
        life.push(now);
    }
}

/// Threads that a process has for a stream or a job only. (A `reaper` may hang for ever, see `THREADS_LEFT`.)
const UNDER_WAY: [&str; 2] = ["server", "work"];

/// Names of the threads of a process.
fn threads(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let name = |task: std::io::Result<fs::DirEntry>| fs::read_to_string(task.ok()?.path().join("comm")).ok();
    tasks.filter_map(name).map(|name| name.trim().to_owned()).collect()
}

/// Of a process, from `/proc`: `VmRSS`, `Threads` and its open files.
fn footprint(pid: u32, sinks_lost: u64) -> Footprint {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    Footprint { rss_kib: field("VmRSS:"), threads: field("Threads:"), files, sinks_lost }
}
