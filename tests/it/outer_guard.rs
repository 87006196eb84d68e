//! What systemd sees of the daemon: ready when it is, fed while everything in it advances, and no longer.

use std::{
    fs,
    os::unix::net::UnixDatagram,
    process::Stdio,
    time::{Duration, Instant},
};

use super::support::{faults::library, pulse::Server, station::Station};

/// systemd's end of the notification socket.
struct Systemd {
    socket: UnixDatagram,
}

impl Systemd {
    /// The next message within `patience`.
    fn hears(&self, patience: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(patience)).unwrap();
        let mut bytes = [0; 1024];
        let n = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..n]).trim().to_owned())
    }
}

/// A second of the watchdog's period; three beats fall into it.
const PERIOD: Duration = Duration::from_secs(1);

#[test]
fn the_watchdog_is_fed_while_the_log_advances_and_not_when_it_hangs() {
    let server = Server::start();
    let station = Station::new(&[("a.wav", 1)]);
    let tools = tempfile::tempdir().unwrap();
    let address = tools.path().join("notify");
    let systemd = Systemd { socket: UnixDatagram::bind(&address).unwrap() };
    let mut command = station.command(&["run"]);
    server.environment(&mut command);
    command
        .env("NOTIFY_SOCKET", &address)
        .env("WATCHDOG_USEC", PERIOD.as_micros().to_string())
        .env("LD_PRELOAD", library(tools.path()))
        .env("LOA_FAULT_ROOT", station.path("data"))
        .env("LOA_FAULT", "hang:0");
    let daemon = station.start(command);
    assert_eq!(systemd.hears(Duration::from_secs(20)).as_deref(), Some("READY=1"));
    let begun = Instant::now();
    for _ in 0..6 {
        assert_eq!(systemd.hears(PERIOD).as_deref(), Some("WATCHDOG=1"));
    }
    assert!(begun.elapsed() < PERIOD * 4, "it beats often enough for systemd: {:?}", begun.elapsed());
    // The disk hangs; somebody asks for an entry, and the log's writer waits for the disk.
    fs::write(station.path("hang"), "").unwrap();
    let mut asking =
        station.command(&["stop", "--reason", "thử", "--by", "Trực"]).stdout(Stdio::null()).spawn().unwrap();
    let beats = std::iter::from_fn(|| systemd.hears(PERIOD * 2)).take(20).count();
    assert!(beats < 4, "{beats} beats of a daemon whose log hangs");
    // What needs no entry is answered all the same: it is not the loop that stands still.
    daemon.until("answers", |status| status["running"] == true);
    fs::remove_file(station.path("hang")).unwrap();
    assert!(asking.wait().unwrap().success(), "what was asked is entered when the disk is back");
    assert_eq!(systemd.hears(Duration::from_secs(10)).as_deref(), Some("WATCHDOG=1"), "and it beats again");
    daemon.end();
}
