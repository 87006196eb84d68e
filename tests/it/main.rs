//! The one integration binary; this list is its table of contents.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_cmp,
    reason = "tests fail by panicking and compare exactly"
)]

mod playout;
mod airing;
mod pulse;
mod support;
mod media;
mod findings;
mod tidy;
