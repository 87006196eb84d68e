//! Sound at the second: the player that owns the device, its bus, and the watch over both.
//!
//! The player is told what to do by [`Command`]s and tells what happened by [`Event`]s; it knows neither
//! slots nor the log. Its thread is a loop around [`Player::step`]. Sound flows `Feeder` → ring → `Feed` (the
//! one source on rodio's mixer) → `Bus` → the device's callback; the `Desk` of atomics lies between the
//! callback and the player, so that neither ever waits for the other.

mod airing;
mod alignment;
mod bus;
mod desk;
mod feed;
mod feeder;
mod line;
mod message;
mod output;
mod player;
#[cfg(test)]
mod realtime;
mod thread;
mod watch;

pub use message::{Command, EndCause, Event, Fault, Start, Take, Tally};
pub use output::{Choice, DeviceDescription, list};
pub use player::Player;
pub use thread::PlayerHandle;
