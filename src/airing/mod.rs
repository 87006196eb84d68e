//! From rundown to outcome: the state machine that cues, takes and closes every slot.
//!
//! [`Controller::step`] takes the clock's reading and one [`Input`] and gives [`Action`]s. It asks no
//! clock, opens no file and waits for nothing: the daemon does what it says and feeds back what came of
//! it, on the machine's clock or, for a rehearsal, on a manual one.

mod controller;
mod cue;
mod device;
mod doubt;
mod job;
mod judge;
mod lapse;
mod make_good;
mod message;
mod obstacle;
mod on_air;
mod request;
mod rundown;
#[cfg(test)]
mod tests;
mod tone;
mod trust;
mod urgent;

pub use controller::Controller;
pub use job::{Interrupted, Job};
pub use make_good::Owed;
pub use message::{Action, Answer, Input, Planned, Refused, Rules, Standing, State};
pub use trust::ClockPast;
pub use urgent::Urgent;
