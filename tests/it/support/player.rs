//! A player in a process of its own, so that each has its own `PULSE_SERVER`: the test binary, run again with
//! only the test `player_process`, takes commands as lines and tells events as lines.

use std::{
    io::{BufRead, BufReader, Write, stdin},
    path::Path,
    process::{Child, ChildStdin, Command as Process, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use loa::{
    clock::{Clock as _, System},
    config::Output,
    media::Master,
    playout::{Choice, Command, Event, Player, Start, Take},
    units::Frames,
};

use super::pulse::Server;

/// Settings of an output as the tests use it.
pub fn settings() -> Output {
    Output { second: std::env::var("LOA_TEST_SECOND").ok(), ..Output::default() }
}

/// A take of a whole master with patience to spare.
pub fn take(airing: u64, master: &Arc<Master>, start: Start) -> Take {
    Take {
        airing,
        master: Arc::clone(master),
        from: Frames::ZERO,
        asked: System::new().now(),
        start,
        begin_within: TimeDelta::seconds(30),
        give_up_after: TimeDelta::seconds(30),
        end_by: Utc::now() + TimeDelta::hours(1),
    }
}

/// Does nothing in an ordinary run; the player of [`Remote`] in its own.
#[test]
fn player_process() {
    let Ok(device) = std::env::var("LOA_TEST_PLAYER") else { return };
    let mut settings = settings();
    if let Ok(frames) = std::env::var("LOA_TEST_BUFFER") {
        settings.buffer_frames = frames.parse().unwrap();
    }
    let choice: Choice = device.parse().unwrap();
    let (player, events) = Player::spawn(choice, settings, Arc::new(System::new())).unwrap();
    let teller = std::thread::spawn(move || {
        for event in events {
            println!("\nevent {}", line(&event));
        }
    });
    for command in stdin().lines() {
        player.send(read(&command.unwrap())).unwrap();
    }
    drop(player);
    teller.join().unwrap();
}

/// An event as a line; its first word is the event's name.
fn line(event: &Event) -> String {
    match event {
        Event::Started { first, from, latency_us, .. } => {
            format!("Started {} {} {latency_us}", first.timestamp_nanos_opt().unwrap(), from.0)
        }
        Event::Progress { position, .. } => format!("Progress {}", position.0),
        Event::Lost { fault, position, .. } => format!("Lost {fault:?} {}", position.0),
        Event::OpenFailed { fault, device, .. } => format!("OpenFailed {fault:?} {device}"),
        Event::Opened { device, second, .. } => format!("Opened {device} {second}"),
        Event::Muted { position, detail, .. } => format!("Muted {} {detail}", position.0),
        Event::Audible { position, .. } => format!("Audible {}", position.0),
        Event::Probed { fault, .. } => format!("Probed {fault:?}"),
        Event::Ended { tally, .. } => format!(
            "Ended {:?} {} {} {} {} {} {} {}",
            tally.cause,
            tally.decoded.0,
            tally.delivered.0,
            tally.consumed.0,
            tally.underruns.0,
            tally.hole.num_milliseconds(),
            tally.proof,
            tally.muted.0
        ),
        other => format!("{other:?}"),
    }
}

fn read(line: &str) -> Command {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["open"] => Command::Open,
        ["close"] => Command::Close,
        ["stop"] => Command::Stop,
        ["probe"] => Command::Probe,
        ["tone"] => Command::Tone,
        ["take", airing, folder, from, start] => {
            let folder = Path::new(folder);
            let manifest =
                serde_json::from_slice(&std::fs::read(folder.join("master.json")).unwrap()).unwrap();
            let master = Arc::new(Master { path: folder.join("master.wav"), manifest });
            let start = match start.parse() {
                Ok(nanos) => Start::At(DateTime::from_timestamp_nanos(nanos)),
                Err(_) => Start::Now,
            };
            let take = take(airing.parse().unwrap(), &master, start);
            Command::Take(Box::new(Take { from: Frames(from.parse().unwrap()), ..take }))
        }
        _ => panic!("no such command: {line}"),
    }
}

/// A player in another process.
pub struct Remote {
    process: Child,
    commands: Option<ChildStdin>,
    events: Receiver<String>,
}

impl Remote {
    /// Starts a player on `device` of `server`.
    pub fn start(server: &Server, device: &str) -> Remote {
        Remote::launch(server, device, Process::new(std::env::current_exe().unwrap()))
    }

    /// The same, with a second output that stands in.
    pub fn start_with_second(server: &Server, device: &str, second: &str) -> Remote {
        let mut process = Process::new(std::env::current_exe().unwrap());
        process.env("LOA_TEST_SECOND", second);
        Remote::launch(server, device, process)
    }

    fn launch(server: &Server, device: &str, mut process: Process) -> Remote {
        server
            .environment(&mut process)
            .args(["--exact", "support::player::player_process", "--nocapture"])
            .env("LOA_TEST_PLAYER", device)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = process.spawn().unwrap();
        let commands = process.stdin.take();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (to, events) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(event) = line.strip_prefix("event ") {
                    let _ = to.send(event.to_owned());
                }
            }
        });
        Remote { process, commands, events }
    }

    /// Sends a command.
    pub fn send(&mut self, command: &str) {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
    }

    /// Airs a master from `from` on; at once without a start.
    pub fn take(&mut self, master: &Master, from: u64, start: Option<DateTime<Utc>>) {
        let folder = master.path.parent().unwrap();
        let manifest = serde_json::to_vec(&master.manifest).unwrap();
        std::fs::write(folder.join("master.json"), manifest).unwrap();
        let start = start.map_or("now".into(), |at| at.timestamp_nanos_opt().unwrap().to_string());
        self.send(&format!("take 1 {} {from} {start}", folder.display()));
    }

    /// Processor time that it took so far, milliseconds.
    pub fn processor_ms(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // Behind the name in brackets: user and system time are fields 14 and 15 of proc(5), in hundredths.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
    }

    /// SIGSTOP, or SIGCONT.
    pub fn freeze(&self, frozen: bool) {
        super::freeze(&self.process, frozen);
    }

    /// Waits until a take has been heard as far as frame `position`.
    pub fn until_position(&self, position: u64) {
        let mut heard = 0;
        while heard < position {
            heard = self.wait(&["Progress"])[1].parse().unwrap();
        }
    }

    /// The next event of one of these names, as words, within 20 s; others are passed over.
    pub fn wait(&self, names: &[&str]) -> Vec<String> {
        self.wait_without(names, &[])
    }

    /// The same; an event of one of the names in `never` must not come before.
    pub fn wait_without(&self, names: &[&str], never: &[&str]) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut passed = Vec::new();
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    let words: Vec<String> = event.split(' ').map(str::to_owned).collect();
                    if names.contains(&words[0].as_str()) {
                        return words;
                    }
                    assert!(!never.contains(&words[0].as_str()), "{event}");
                    passed.push(event);
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {names:?} in 20 s; passed over: {passed:#?}"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("gone before {names:?}; passed over: {passed:#?}")
                }
            }
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
