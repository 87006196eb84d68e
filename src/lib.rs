//! loa airs a ward's monthly public programme at its second and keeps a log that proves what was aired.
//!
//! The map, ground first; `ARCHITECTURE.md` has the walk-throughs and `tests/it/tidy.rs` holds the arrows.

pub mod airing;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod daemon;
pub mod disk;
pub mod evidence;
pub mod fleet;
pub mod keys;
pub mod media;
pub mod package;
pub mod playout;
pub mod programme;
pub mod reconcile;
pub mod report;
pub mod store;
pub mod sync;
pub mod units;
pub mod web;
pub mod words;
