//! The one integration binary; this list is its table of contents.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_cmp,
    reason = "tests fail by panicking and compare exactly"
)]

mod airing;
mod audio_findings;
mod bundle;
mod cli;
mod clock;
mod crash;
mod device;
mod disk;
mod doctor;
mod epoch;
mod findings;
mod json;
mod media;
mod outer_guard;
mod playout;
mod pulse;
mod reconcile;
mod records;
mod rows;
mod soak;
mod support;
mod tamper;
mod tidy;
mod ward;
