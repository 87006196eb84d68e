//! `loa rehearse`: the whole month on a manual clock.

use std::time::Instant;

use anyhow::Context as _;

use super::{Exit, log::show_rows, say::Say};
use crate::{
    control::{self, Folder, RowFilter},
    daemon::{self, Rehearsal},
    evidence::Outcome,
    units::ScheduleName,
};

pub(super) fn rehearse(
    folder: &Folder,
    month: ScheduleName,
    days: Option<u32>,
    faults: Option<u64>,
    say: Say,
) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let scratch = tempfile::tempdir().context("make a folder for the rehearsal")?;
    let bar = say.bar(100, "rehearse-working");
    let what = Rehearsal { schedule: month, days, faults };
    let path = daemon::rehearse(folder, &what, scratch.path(), &mut |percent| bar.set_position(percent))?;
    bar.finish_and_clear();
    let rows = control::rows(folder, &path, &RowFilter::default())?;
    let full = rows.iter().filter(|row| row.outcome == Some(Outcome::Full)).count();
    show_rows(&rows, say);
    let (month, slots, full) = (month.to_string(), rows.len().to_string(), full.to_string());
    let seconds = format!("{:.1}", begun.elapsed().as_secs_f64());
    say.line(&say.text(
        "rehearse-done",
        &[("month", &month), ("slots", &slots), ("full", &full), ("seconds", &seconds)],
    ));
    Ok(Exit::Done)
}
