//! The slots of a period, each with what became of it: every one that the schedules ask for has a line.

use super::tables::{Cell, Titles, coded, entries, instant, maybe, text, title_of, titles};
use crate::{
    control::{Account, Aired},
    reconcile::OpenSlot,
    words::{self, Lang, say},
};

pub(super) const SLOTS: [&str; 13] = [
    "planned",
    "station",
    "unit",
    "month",
    "programme",
    "title",
    "slot",
    "slot_state",
    "slot_state_said",
    "counts",
    "reason_said",
    "entries",
    "log",
];

/// Their lines, in order of time: with an outcome, without one though their time is past (`open`), behind the end of the
/// station's log (`unknown`), and `to-come`.
pub(super) fn slots(account: &Account, lang: Lang) -> Vec<Vec<Cell>> {
    let closed = account.airings.iter().filter(|aired| aired.row.is_due());
    let closed = closed.map(|aired| (aired.row.planned.clone(), of_row(aired, lang)));
    let titles = titles(account);
    let without = |slots: &[OpenSlot], state: &str| -> Vec<(String, Vec<Cell>)> {
        slots.iter().map(|slot| (instant(slot.at), of_slot(&titles, slot, state, lang))).collect()
    };
    let open = without(&account.matrix.beside.open, "open");
    let (to_come, unknown): (Vec<_>, Vec<_>) =
        account.to_come.iter().cloned().partition(|slot| slot.at.date_naive() > account.as_of);
    let beyond = without(&to_come, "to-come").into_iter().chain(without(&unknown, "unknown"));
    let mut lines: Vec<(String, Vec<Cell>)> = closed.chain(open).chain(beyond).collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines.into_iter().map(|(_, line)| line).collect()
}

fn of_row(aired: &Aired, lang: Lang) -> Vec<Cell> {
    let row = &aired.row;
    // A cue that nothing ended yet is an open slot.
    let state = row.outcome.as_ref().map_or_else(|| "open".to_owned(), words::code);
    let said = match row.outcome {
        Some(outcome) => coded("outcome", Some(&outcome), lang),
        None => text(say(lang, "slot-state-open", &[])),
    };
    vec![
        text(&row.planned),
        text(&row.station),
        text(&row.unit),
        text(&row.month),
        text(&row.programme),
        maybe(row.title.as_ref()),
        maybe(row.slot.as_ref()),
        text(state),
        said,
        Cell::Yes(aired.counts),
        coded("reason", row.reason.as_ref(), lang),
        entries(row),
        text(&aired.log),
    ]
}

fn of_slot(titles: &Titles<'_>, open: &OpenSlot, state: &str, lang: Lang) -> Vec<Cell> {
    vec![
        text(instant(open.at)),
        text(&open.station),
        text(&open.unit),
        text(open.slot.month),
        text(&open.slot.programme),
        text(title_of(titles, open)),
        text(&open.slot),
        text(state),
        text(say(lang, &format!("slot-state-{state}"), &[])),
        Cell::Yes(false),
        Cell::Blank,
        Cell::Blank,
        Cell::Blank,
    ]
}
