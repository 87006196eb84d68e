//! `station.toml` and the plan's place → validated settings; every fault with file, line and key.

mod station;

pub use station::{Channels, Output, Policy, Retention, Station, read};
