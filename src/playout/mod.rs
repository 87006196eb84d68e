//! Sound at the second: the player that owns the device, its bus, and the watch over both.
//!
//! The player is told what to do by [`Command`]s and tells what happened by [`Event`]s; it knows neither
//! slots nor the log. Its thread is a loop around `Player::step`.

mod message;

pub use message::{Command, EndCause, Event, Fault, Start, Take, Tally};
