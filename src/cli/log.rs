//! `loa log`, `note`, `correct`: the airings on record, and what people have to say about them.

use chrono::NaiveDate;

use super::{
    Exit,
    air::{person, put},
    check::minutes,
    say::Say,
};
use crate::{
    control::{self, Ask, ControlError, Folder, Row, RowFilter},
    evidence::{Outcome, Trigger},
    units::{Frames, SlotId},
    words::{Message, code},
};

pub(super) fn log(
    folder: &Folder,
    from: Option<&str>,
    to: Option<&str>,
    outcome: Option<&str>,
    say: Say,
) -> anyhow::Result<Exit> {
    let filter = RowFilter {
        from: from.map(day).transpose()?,
        to: to.map(day).transpose()?,
        outcome: outcome.map(outcome_called).transpose()?,
    };
    if say.json {
        // A log of years goes out as it is read.
        say.documents(|take| control::each_row(folder, &folder.log_path(), &filter, take))?;
    } else {
        show_rows(&control::rows(folder, &folder.log_path(), &filter)?, say);
    }
    Ok(Exit::Done)
}

/// JSON lines for machines, a table for people.
pub(super) fn show_rows(rows: &[Row], say: Say) {
    say.documents(|take| rows.iter().for_each(take));
    if rows.is_empty() {
        return say.line(&say.text("log-empty", &[]));
    }
    let word = |prefix: &str, code: Option<String>| {
        code.map_or(String::new(), |code| say.text(&format!("{prefix}-{code}"), &[]))
    };
    let lines = rows.iter().map(|row| {
        let how = match row.trigger {
            Some(Trigger::ByHand) => "by-hand",
            Some(Trigger::Urgent) => "log-urgent",
            _ if row.repairs.is_some() => "make-good",
            _ => "manual",
        };
        let what = row
            .repairs
            .as_ref()
            .map_or_else(|| format!("{}/{}", row.month, row.programme), ToString::to_string);
        let without_slot = format!("{what} ({})", say.text(how, &[]));
        let start = row.first_frame.clone().unwrap_or_default();
        vec![
            row.slot.as_ref().map_or(without_slot, ToString::to_string),
            start.get(..23).unwrap_or_default().replace('T', " "),
            row.start_error_ms.map_or(String::new(), |ms| format!("{ms:+.1} ms")),
            row.frames_consumed.map_or(String::new(), |frames| minutes(Frames(frames).ms())),
            row.outcome
                .map_or_else(|| say.text("log-open", &[]), |outcome| word("outcome", Some(code(outcome)))),
            word("reason", row.reason.as_ref().map(code)),
            row.proof.to_string(),
        ]
    });
    say.table(
        &[
            "head-slot",
            "head-start",
            "head-error",
            "head-consumed",
            "head-outcome",
            "head-reason",
            "head-proof",
        ],
        lines.collect(),
    );
}

pub(super) fn note(
    folder: Folder,
    slot: &SlotId,
    text: &str,
    by: Option<&str>,
    say: Say,
) -> anyhow::Result<Exit> {
    put(folder, Ask::Note { slot: slot.clone(), by: person(by), text: text.into() }, None, say)
}

pub(super) fn correct(
    folder: Folder,
    entry: u64,
    text: &str,
    by: Option<&str>,
    say: Say,
) -> anyhow::Result<Exit> {
    put(folder, Ask::Correct { entry, by: person(by), text: text.into() }, None, say)
}

fn outcome_called(text: &str) -> Result<Outcome, ControlError> {
    serde_json::from_value(text.into())
        .map_err(|_| ControlError::Usage(Message::new("outcome-unknown").with("outcome", text)))
}

/// A day as people type it.
pub(super) fn day(text: &str) -> Result<NaiveDate, ControlError> {
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    parsed.map_err(|_| ControlError::Usage(Message::new("day-unclear").with("day", text)))
}
