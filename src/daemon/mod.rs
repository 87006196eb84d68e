//! Composition: who starts whom, who watches whom, in what order all stop.
//!
//! `Engine` is the loop body that both a real run and a rehearsal turn: it feeds the controller and
//! does what the controller says. `run` turns it with tokio's timers, signals and socket on the
//! machine's clock; `rehearse` turns it as fast as it goes on a manual clock.
//!
//! Stop order: controller closes → player fades and quits → writer drains and writes `shutdown` → socket.

mod device;
mod engine;
mod in_force;
mod memory;
mod months;
mod muting;
mod past;
mod people;
mod prune;
mod pulse;
mod rehearse;
mod run;
mod socket;
mod status;
#[cfg(test)]
mod tests;
mod ways;

pub use device::test_devices;
pub use rehearse::{Rehearsal, rehearse};
pub use run::{Options, run};
