//! `loa enter`: an airing by other means while automation was down, signed by the person who vouches for it.

use std::path::PathBuf;

use super::{
    Exit,
    air::{Hour, put, time},
    say::Say,
};
use crate::{
    control::{self, Folder},
    evidence::{ManualFact, Outcome},
    units::{Digest, Month, SlotId},
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Airing {
    month: Month,
    programme: String,
    #[arg(long, value_name = "TIME")]
    at: String,
    #[arg(long, value_name = "TIME")]
    until: String,
    #[arg(long)]
    slot: Option<SlotId>,
    #[arg(long, value_name = "full|partial", value_parser = ["full", "partial"])]
    outcome: String,
    #[arg(long, value_name = "NAME")]
    by: String,
    #[arg(long, value_name = "TEXT")]
    text: String,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

pub(super) fn enter(folder: Folder, airing: &Airing, say: Say) -> anyhow::Result<Exit> {
    let instant = |text: &str| time(&folder, text, Hour::Last).map(|at| at.timestamp_millis());
    let fact = ManualFact {
        slot: airing.slot.clone(),
        month: airing.month,
        programme: airing.programme.clone(),
        first_ms: instant(&airing.at)?,
        last_ms: instant(&airing.until)?,
        outcome: if airing.outcome == "full" { Outcome::Full } else { Outcome::Partial },
        by: airing.by.clone(),
        text: airing.text.clone(),
        // Of the note, as soon as it is signed.
        statement: Digest::of(b""),
    };
    // The private key stays here; only what it signed goes to the station.
    let ask = control::vouch(&folder, fact, &airing.key)?;
    put(folder, ask, None, say)
}
