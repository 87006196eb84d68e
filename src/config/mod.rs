//! `station.toml` and the plan's place → validated settings; every fault with file, line and key.

mod import;
mod read;
mod station;
mod web;

pub use station::{Channels, Output, Policy, Retention, Station, read};
pub use web::{Proxy, Tls, Web};
