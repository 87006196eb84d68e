//! A whole station folder in a fresh place, and the real binary on it.

use std::{
    ffi::OsString,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use serde_json::Value;

use super::{clock::Clocks, pulse::Server};

/// A station with its own approval key, a plan without a least length, and windows all day.
pub struct Station {
    folder: tempfile::TempDir,
    month: String,
    /// What its program finds in its environment beside what is there anyway.
    pub environment: Vec<(&'static str, OsString)>,
}

const PLAN: &str = r#"format = 1
year = 2022
title = "Kế hoạch thử"
number = ""
date = ""
issued_by = "Trung tâm"

[programmes]
a_month = 1
minutes_min = 0
minutes_max = 15
airings_due = 1

[report]
deadline = "2022-12-10"
hub = "Phòng"
to = "UBND"
recipients = ["UBND"]

[windows]
ranges = ["00:00-24:00"]
weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
basis = "thử"

[[topic]]
id = "II.1"
text = "Chủ trương"

[[column]]
id = "cchc"
title = "Cải cách hành chính"

[[unit]]
id = "pho-hoa"
name = "phường Phổ Hòa"
kind = "ward"
parent = ""
valid_from = "2000-01-01"
"#;

/// What stands in a station's settings beside its id and unit.
const SETTINGS: &str = r#"id = "pho-hoa"
unit = "pho-hoa"
zone = "Asia/Ho_Chi_Minh"

[output]
device = "pulse:loud"

[windows]
ranges = ["00:00-24:00"]

[policy]
late_start_s = 600
make_goods = 0

[web]
listen = "127.0.0.1:0"
"#;

impl Station {
    /// Makes the folder by `loa init`, trusts its own approval key, and puts the station's `segments` (file
    /// name, seconds of noise) into the media folder as WAV.
    pub fn new(segments: &[(&str, u32)]) -> Station {
        Station::with(segments, Utc::now(), Vec::new())
    }

    /// The same on a machine with these clocks.
    pub fn on(clocks: &Clocks, segments: &[(&str, u32)]) -> Station {
        Station::with(segments, clocks.now(), clocks.environment())
    }

    fn with(
        segments: &[(&str, u32)],
        now: DateTime<Utc>,
        environment: Vec<(&'static str, OsString)>,
    ) -> Station {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("config/plan-2022.toml", PLAN);
        write("config/station.toml", SETTINGS);
        let station = Station { folder, month: local(now).format("%Y-%m").to_string(), environment };
        station.ok(&["init"]);
        let key = fs::read_to_string(station.path("data/keys/approval.pub")).unwrap();
        station.set(&format!("{SETTINGS}\n[trust]\napprovers = [\"{}\"]\n", key.trim()));
        for (n, (file, seconds)) in segments.iter().enumerate() {
            noise(&station.path("media").join(file), *seconds, n as u64 + 1);
        }
        station
    }

    /// Replaces the settings.
    pub fn set(&self, settings: &str) {
        fs::write(self.path("config/station.toml"), settings).unwrap();
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a schedule with one programme of `files` at the civil times of `slots`, and gives their ids.
    pub fn schedule(&mut self, files: &[&str], slots: &[DateTime<Utc>]) -> Vec<String> {
        let first = slots.first().copied().unwrap_or_else(Utc::now);
        self.month = local(first).format("%Y-%m").to_string();
        self.write_schedule(&self.month, ("cchc", "town", "Thử"), files, slots)
    }

    /// Writes the ward's own schedule beside it, with its own programme, and gives the ids of its slots.
    pub fn ward_schedule(&self, files: &[&str], slots: &[DateTime<Utc>]) -> Vec<String> {
        let programme = ("ban-tin", "ward", "Bản tin của phường");
        self.write_schedule(&format!("{}.ward", self.month), programme, files, slots)
    }

    /// Issues and approves `revision` of the month of `slots`, the same programme throughout.
    pub fn issue(&self, revision: u32, files: &[&str], slots: &[DateTime<Utc>]) -> Vec<String> {
        let month = local(slots[0]).format("%Y-%m").to_string();
        let ids = self.write_revision(&month, revision, ("cchc", "town", "Thử"), files, slots);
        self.ok(&["approve", &month, "--by", "Lãnh đạo", "--document", &format!("{revision}/PD")]);
        ids
    }

    fn write_schedule(
        &self,
        name: &str,
        programme: (&str, &str, &str),
        files: &[&str],
        slots: &[DateTime<Utc>],
    ) -> Vec<String> {
        self.write_revision(name, 1, programme, files, slots)
    }

    fn write_revision(
        &self,
        name: &str,
        revision: u32,
        (id, source, title): (&str, &str, &str),
        files: &[&str],
        slots: &[DateTime<Utc>],
    ) -> Vec<String> {
        let month = name.trim_end_matches(".ward");
        let mut text = format!(
            "format    = 1\nmonth     = \"{month}\"\nrevision  = {revision}\nissued_by = \"Trung tâm\"\n"
        );
        let _ = write!(
            text,
            "\n[[programme]]\nid = \"{id}\"\ntitle = \"{title}\"\ncolumn = \"Cải cách hành chính\"\nsource = \"{source}\"\n"
        );
        text += "topics = [\"II.1\"]\neditor = \"Biên tập\"\nannouncer = \"Phát thanh viên\"\n";
        for file in files {
            let _ = write!(
                text,
                "\n[[programme.segment]]\nkind = \"news\"\ntitle = \"{file}\"\nfile = \"{file}\"\n"
            );
        }
        let times: Vec<String> =
            slots.iter().map(|at| local(*at).format("%Y-%m-%dT%H:%M:%S").to_string()).collect();
        if !times.is_empty() {
            let _ = write!(text, "\n[[slot]]\nprogramme = \"{id}\"\nat = {times:?}\nunits = [\"*\"]\n");
        }
        fs::write(self.path(&format!("schedules/{name}.toml")), text).unwrap();
        times.into_iter().map(|time| format!("{month}/{id}/{time}")).collect()
    }

    /// Approves the month with the station's own key.
    pub fn approve(&self) {
        self.ok(&["approve", &self.month, "--by", "Lãnh đạo", "--document", "1/PD"]);
    }

    /// Approves the ward's own schedule with the same key, by another person.
    pub fn approve_ward(&self) {
        let name = format!("{}.ward", self.month);
        self.ok(&["approve", &name, "--by", "Chủ tịch phường", "--document", "3/UBND"]);
    }

    /// The binary with `args`, in English.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
        command.args(args).arg("--dir").arg(self.folder.path()).args(["--lang", "en"]).stdin(Stdio::null());
        command.env_remove("LOA_OUTPUT").env_remove("PULSE_SERVER").envs(self.environment.iter().cloned());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs it; it must succeed. Gives its output.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "loa {args:?}: {} {out} {err}", output.status);
        out.into_owned()
    }

    /// Its `--json` lines.
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        let mut args = args.to_vec();
        args.push("--json");
        let out = String::from_utf8(self.run(&args).stdout).unwrap();
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Adds a person with one role and a password of their own.
    pub fn user(&self, id: &str, role: &str, password: &str) {
        let args = ["user", "add", id, "--name", id, "--role", role, "--password-stdin"];
        let mut adding = self.command(&args).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        adding.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        assert!(adding.wait().unwrap().success(), "{id} is added");
    }

    /// The as-run rows.
    pub fn rows(&self) -> Vec<Value> {
        self.json(&["log"])
    }

    /// Adds `lines` at the end of the settings, and lets what would sound go into a file.
    pub fn settle(&self, lines: &str) {
        let settings = fs::read_to_string(self.path("config/station.toml")).unwrap();
        let output = format!("wav:{}", self.path("out.wav").display());
        self.set(&(settings.replace("pulse:loud", &output) + lines));
    }

    /// Makes a person's key in `data/NAME.key`, and gives its public half.
    pub fn person(&self, name: &str) -> String {
        let file = self.path(&format!("data/{name}.key")).display().to_string();
        let made = self.json(&["key", "new", name, "-o", &file]).remove(0);
        made["public_key"].as_str().unwrap().to_owned()
    }

    /// Starts the daemon on `server`; waits until it answers.
    pub fn daemon(&self, server: &Server) -> Daemon<'_> {
        let mut command = self.command(&["run"]);
        server.environment(&mut command);
        self.start(command)
    }

    /// Starts the daemon on the output of its settings, without a sound server.
    pub fn daemon_alone(&self) -> Daemon<'_> {
        self.start(self.command(&["run"]))
    }

    /// Starts the daemon as `command` says.
    pub fn start(&self, mut command: Command) -> Daemon<'_> {
        command.stderr(fs::File::create(self.path("stderr.txt")).unwrap());
        let daemon = Daemon { station: self, process: command.spawn().unwrap() };
        daemon.until("answers", |status| status["running"] == true);
        daemon
    }
}

/// A running daemon; killed when dropped.
pub struct Daemon<'a> {
    station: &'a Station,
    process: Child,
}

impl Daemon<'_> {
    /// Waits until the status is as `wanted`.
    pub fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            let status = self.station.json(&["status"]).pop().unwrap_or_default();
            if wanted(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "not until: {what}; status {status}; {}", self.trace());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the log holds `count` rows with an outcome, and gives them.
    pub fn until_closed(&self, count: usize) -> Vec<Value> {
        self.until_closed_within(count, Duration::from_mins(1))
    }

    /// The same, for what takes longer.
    pub fn until_closed_within(&self, count: usize, patience: Duration) -> Vec<Value> {
        let deadline = Instant::now() + patience;
        loop {
            let rows = self.station.rows();
            if rows.iter().filter(|row| !row["outcome"].is_null()).count() >= count {
                return rows;
            }
            assert!(Instant::now() < deadline, "not {count} closed: {rows:?}; {}", self.trace());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the log holds an entry with all of `parts` in its bytes.
    pub fn until_entered(&self, parts: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(40);
        let found = || leaves(self.station).iter().any(|leaf| parts.iter().all(|part| leaf.contains(part)));
        while !found() {
            assert!(Instant::now() < deadline, "no entry {parts:?}; {}", self.trace());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits for the orderly end that somebody asked for.
    pub fn ended(mut self) {
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.trace());
    }

    /// SIGTERM, and waits for the orderly end.
    pub fn end(mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.trace());
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn trace(&self) -> String {
        fs::read_to_string(self.station.path("stderr.txt")).unwrap_or_default()
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Station time.
fn local(at: DateTime<Utc>) -> DateTime<chrono::FixedOffset> {
    at.with_timezone(&chrono::FixedOffset::east_opt(7 * 3600).unwrap())
}

/// The whole second at least `seconds` from now.
pub fn in_seconds(seconds: i64) -> DateTime<Utc> {
    (Utc::now() + TimeDelta::seconds(seconds + 1)).with_nanosecond(0).unwrap()
}

/// Makes `to` a copy of the folder `from`, files and folders alone.
pub fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if path.is_file() {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// A WAV file of noise, 48 kHz mono, at about −20 dB.
pub fn noise(path: &Path, seconds: u32, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let samples = seconds * 48_000;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + samples * 2).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend_from_slice(&48_000u32.to_le_bytes());
    bytes.extend_from_slice(&96_000u32.to_le_bytes());
    bytes.extend_from_slice(b"\x02\0\x10\0data");
    bytes.extend_from_slice(&(samples * 2).to_le_bytes());
    for _ in 0..samples {
        bytes.extend_from_slice(&random.i16(-5000..5000).to_le_bytes());
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The bytes of all entries.
pub fn leaves(station: &Station) -> Vec<String> {
    let db = rusqlite::Connection::open(station.path("data/log.db")).unwrap();
    let mut all = db.prepare("SELECT leaf FROM event ORDER BY seq").unwrap();
    let leaves = all.query_map([], |row| row.get(0)).unwrap();
    leaves.map(Result::unwrap).collect()
}

/// The bytes of entry `seq` as they stand in the log.
pub fn leaf(station: &Station, seq: u64) -> String {
    let db = rusqlite::Connection::open(station.path("data/log.db")).unwrap();
    let seq = i64::try_from(seq).unwrap();
    db.query_row("SELECT leaf FROM event WHERE seq = ?1", [seq], |row| row.get(0)).unwrap()
}

/// Changes a stored entry behind the program's back, as an attacker with the file would.
pub fn forge(station: &Station, seq: u64, change: impl Fn(&str) -> String) {
    let db = rusqlite::Connection::open(station.path("data/log.db")).unwrap();
    let triggers: Vec<(String, String)> = db
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        db.execute_batch(&format!("DROP TRIGGER \"{name}\"")).unwrap();
    }
    let forged = change(&leaf(station, seq));
    db.execute(
        "UPDATE event SET leaf = ?2 WHERE seq = ?1",
        rusqlite::params![i64::try_from(seq).unwrap(), forged],
    )
    .unwrap(); // Put back, since their absence would be a fault of its own.
    for (_, sql) in &triggers {
        db.execute_batch(sql).unwrap();
    }
}
