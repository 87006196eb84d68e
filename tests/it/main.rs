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
mod compliance;
mod crash;
mod database;
mod device;
mod disk;
mod doctor;
mod epoch;
mod fetching;
mod findings;
mod glance;
#[path = "../home/mod.rs"]
mod home;
mod json;
mod lines;
mod media;
mod mirror;
mod months;
mod outer_guard;
mod package;
mod package_refusals;
mod playout;
mod pulse;
mod reconcile;
mod records;
mod report;
mod report_fleet;
mod rotation;
mod rows;
#[path = "../servers/mod.rs"]
mod servers;
mod soak;
mod strangers;
mod support;
mod sync;
mod tamper;
mod tidy;
mod urgent;
mod ward;
mod web_attacks;
mod web_bounds;
mod web_edit;
mod web_fleet;
mod web_log;
mod web_month;
mod web_on_air;
mod web_package;
mod web_reports;
mod web_roles;
mod web_settings;
mod web_sign_in;
mod web_tls;
mod web_upload;
mod web_whole;
mod witness;
