//! `station.toml` and the plan's place → validated settings; every fault with file, line and key.

mod centre;
mod import;
mod read;
mod station;
mod web;

pub use centre::{Centre, Link, Place, Way, read_centre};
pub use station::{Channels, Output, Policy, Retention, Station, read};
pub use web::{Proxy, Tls, Web};
