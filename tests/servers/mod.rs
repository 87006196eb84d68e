//! Real servers for tests and benches: each test has its own, which ends with it, however it ends.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "tests and benches share it, and each uses its part"
)]

mod postgres;
mod seaweed;

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

pub use postgres::{Cluster, PASSWORD};
pub use seaweed::Seaweed;

/// How long a server may take to be there.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server. It is told to end when the thread that started it is gone, even by a crash.
pub struct Server(Child);

impl Server {
    /// Starts `program`, as `user` where root would start it, with its words in the file `log`.
    fn start(program: &Path, user: Option<&str>, arguments: &[String], log: &Path) -> Server {
        let words = fs::File::create(log).unwrap();
        let mut command = as_user(user, program);
        command.args(arguments).stdout(words.try_clone().unwrap()).stderr(words);
        Server(command.spawn().unwrap())
    }

    /// Waits for `ready`, and tells what the server said where it never is. `false`: it has ended.
    fn wait(&mut self, log: &Path, ready: impl Fn() -> bool) -> bool {
        let said = || fs::read_to_string(log).unwrap_or_default();
        let begun = Instant::now();
        while !ready() {
            if self.0.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(begun.elapsed() < PATIENCE, "the server is not ready: {}", said());
            thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Itself and its children, the youngest first.
    fn processes(&self) -> Vec<String> {
        let own = self.0.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        children.split_whitespace().rev().map(str::to_owned).chain([own.to_string()]).collect()
    }

    /// Sends a signal to all of its processes. One may have ended by itself meanwhile.
    fn signal(&self, signal: &str) {
        drop(Command::new("kill").arg(signal).args(self.processes()).output().unwrap());
    }

    /// As if the machine's power went.
    pub fn kill(mut self) {
        // First none may make another.
        drop(Command::new("kill").args(["-STOP", &self.0.id().to_string()]).output().unwrap());
        self.signal("-KILL");
        self.0.wait().unwrap();
    }

    /// Nothing of it moves, or all again.
    pub fn freeze(&self, frozen: bool) {
        self.signal(if frozen { "-STOP" } else { "-CONT" });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.signal("-CONT");
            drop(Command::new("kill").args(["-QUIT", &self.0.id().to_string()]).output());
            let _ = self.0.wait();
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// `program`, to be run as `user` where this is root.
fn as_user(user: Option<&str>, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=QUIT");
    if let Some(user) = user.filter(|_| is_root()) {
        command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--init-groups"]);
    }
    command.arg(program);
    command
}
