//! `station.toml` and the plan's place → validated settings; every fault with file, line and key.

pub mod station;

pub use station::{Channels, Output, Policy, Station};
