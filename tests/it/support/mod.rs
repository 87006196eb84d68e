//! What the integration tests share: masters to air, and a sound server to air them on.

pub mod browser;
pub mod centre;
pub mod clock;
pub mod far;
pub mod faults;
pub mod history;
pub mod master;
pub mod player;
pub mod proxy;
pub mod pulse;
pub mod site;
pub mod station;
pub mod visitor;
pub mod way;

/// SIGSTOP to a process, or SIGCONT.
fn freeze(process: &std::process::Child, frozen: bool) {
    let signal = if frozen { "-STOP" } else { "-CONT" };
    let pid = process.id().to_string();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
}
