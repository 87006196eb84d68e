//! A private PulseAudio with a null sink called `loud`, and a recorder on its monitor.

use std::{
    fs,
    io::Read,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};

/// A sound server; killed when dropped.
pub struct Server {
    folder: tempfile::TempDir,
    process: Option<Child>,
}

const SINK: &str = "module-null-sink sink_name=loud rate=48000 format=float32le channels=2 norewinds=1";

impl Server {
    /// Starts a server in a fresh folder and waits until it answers.
    pub fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        fs::DirBuilder::new().mode(0o700).create(folder.path().join("pulse")).unwrap();
        let mut server = Server { folder, process: None };
        server.up();
        server
    }

    /// What stands in `PULSE_SERVER`.
    pub fn address(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("pulse/native")
    }

    /// Starts the server after `kill`.
    pub fn up(&mut self) {
        let socket = self.socket();
        let process = Command::new("pulseaudio")
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit"])
            .args(["--realtime=no", "--high-priority=no"])
            .arg("-L")
            .arg(format!("module-native-protocol-unix socket={} auth-anonymous=1", socket.display()))
            .args(["-L", SINK])
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env_remove("PULSE_SERVER")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`pulseaudio` is installed");
        self.process = Some(process);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.pactl(&["info"]) {
            assert!(Instant::now() < deadline, "the sound server does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Runs `pactl`; whether it succeeded.
    pub fn pactl(&self, args: &[&str]) -> bool {
        let mut pactl = Command::new("pactl");
        self.environment(&mut pactl).args(args).stdout(Stdio::null()).stderr(Stdio::null());
        pactl.status().expect("`pactl` is installed").success()
    }

    /// Lets `command` talk to this server.
    pub fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("PULSE_SERVER", self.address())
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("HOME", self.folder.path())
    }

    fn list(&self, of: &str) -> String {
        let mut list = Command::new("pactl");
        let list = self.environment(&mut list).args(["list", "short", of]).output().unwrap();
        String::from_utf8(list.stdout).unwrap()
    }

    /// Whether anything plays.
    pub fn has_streams(&self) -> bool {
        !self.list("sink-inputs").is_empty()
    }

    /// Takes the sink away, or brings it back.
    pub fn sink(&self, there: bool) {
        if there {
            let mut words = vec!["load-module"];
            words.extend(SINK.split(' '));
            assert!(self.pactl(&words));
            return;
        }
        let list = self.list("modules");
        let loud = list.lines().find(|line| line.contains("sink_name=loud ")).expect("the sink is there");
        assert!(self.pactl(&["unload-module", loud.split('\t').next().unwrap()]));
    }

    /// One more sink, of this name.
    pub fn another_sink(&self, name: &str) {
        let name = format!("sink_name={name}");
        assert!(self.pactl(&["load-module", "module-null-sink", &name, "rate=48000", "norewinds=1"]));
    }

    /// Devices of ALSA for processes in this server's environment.
    pub fn asound(&self, configuration: &str) {
        fs::write(self.folder.path().join(".asoundrc"), configuration).unwrap();
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
            // A killed server leaves its socket behind; the next one wants the place.
            let _ = fs::remove_file(self.socket());
        }
    }

    /// SIGSTOP, or SIGCONT.
    pub fn freeze(&self, frozen: bool) {
        super::freeze(self.process.as_ref().unwrap(), frozen);
    }

    /// Records the monitor of `loud` from now on.
    pub fn record(&self) -> Recorder {
        Recorder::start(self)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the monitor gave.
#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    /// For each piece read: wall time at its end, and frames read by then.
    pieces: Vec<(DateTime<Utc>, usize)>,
}

/// A `parec` on the monitor and the thread that reads it.
pub struct Recorder {
    process: Child,
    heard: Arc<Mutex<Heard>>,
    reader: Option<JoinHandle<()>>,
}

impl Recorder {
    fn start(server: &Server) -> Recorder {
        let mut parec = Command::new("parec");
        server
            .environment(&mut parec)
            .args(["-d", "loud.monitor", "--format=float32le", "--rate=48000", "--channels=2"])
            .args(["--latency-msec=10", "--raw"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = parec.spawn().expect("`parec` is installed");
        let mut from = process.stdout.take().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let to = Arc::clone(&heard);
        let reader = std::thread::spawn(move || {
            let mut piece = vec![0; 65_536];
            while let Ok(n @ 1..) = from.read(&mut piece) {
                let now = Utc::now();
                let mut heard = to.lock().unwrap();
                heard.bytes.extend_from_slice(&piece[..n]);
                let frames = heard.bytes.len() / 8;
                heard.pieces.push((now, frames));
            }
        });
        let recorder = Recorder { process, heard, reader: Some(reader) };
        let deadline = Instant::now() + Duration::from_secs(10);
        while recorder.heard.lock().unwrap().pieces.is_empty() {
            assert!(Instant::now() < deadline, "the monitor gives nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        recorder
    }

    /// Ends the recording and gives its frames.
    pub fn stop(mut self) -> Recording {
        self.end();
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        let sample = |b: &[u8]| f32::from_le_bytes(b.try_into().unwrap());
        let frames = heard.bytes.chunks_exact(8).map(|b| [sample(&b[..4]), sample(&b[4..])]).collect();
        Recording { frames, pieces: heard.pieces }
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end();
    }
}

/// A recording of the monitor.
pub struct Recording {
    /// Its frames.
    pub frames: Vec<[f32; 2]>,
    pieces: Vec<(DateTime<Utc>, usize)>,
}

impl Recording {
    /// The first frame at or behind `from` that is not silence.
    pub fn onset(&self, from: usize) -> Option<usize> {
        let found = self.frames[from..].iter().position(|frame| *frame != [0.0; 2]);
        found.map(|place| from + place)
    }

    /// When a frame was due at the sink. A null sink renders a block when the clock reaches its first
    /// frame, and the piece can only be read late, never early: of all pieces near the frame, each carried
    /// over to it by its count of frames, the 5th percentile is taken, as in the bench.
    pub fn time_of(&self, frame: usize) -> DateTime<Utc> {
        let mut near: Vec<_> = self
            .pieces
            .windows(2)
            .filter(|pair| pair[0].1.abs_diff(frame) < 4 * 48_000)
            .map(|pair| {
                let frames = i64::try_from(frame).unwrap() - i64::try_from(pair[0].1).unwrap();
                pair[1].0 + TimeDelta::nanoseconds(frames * 1_000_000_000 / 48_000)
            })
            .collect();
        near.sort_unstable();
        near[near.len() / 20]
    }
}
