//! `loa rehearse`: the whole month on a manual clock.

use std::time::Instant;

use anyhow::Context as _;

use super::{Exit, log::show_rows, say::Say};
use crate::{
    control::{self, Folder, Row, RowFilter},
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
    show_rows(&rows, say);
    let (of_slots, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.slot.is_some());
    let full =
        |rows: &[&Row]| rows.iter().filter(|row| row.outcome == Some(Outcome::Full)).count().to_string();
    let (month, slots, made_good) = (month.to_string(), of_slots.len().to_string(), full(&others));
    let full = full(&of_slots);
    let seconds = format!("{:.1}", begun.elapsed().as_secs_f64());
    say.line(&say.text(
        "rehearse-done",
        &[
            ("month", &month),
            ("slots", &slots),
            ("full", &full),
            ("made_good", &made_good),
            ("seconds", &seconds),
        ],
    ));
    Ok(Exit::Done)
}
