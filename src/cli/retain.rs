//! `loa retain`: legal holds, under which nothing of their days is deleted.

use super::{Exit, air::put, log::day, say::Say};
use crate::control::{self, Ask, Folder, Hold};

/// What was typed: a hold, the end of one, or neither, to see them all.
#[derive(Debug, clap::Args)]
pub(super) struct Retain {
    #[arg(long, value_name = "DATE", requires_all = ["to", "by", "reason"])]
    from: Option<String>,
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<String>,
    #[arg(long, value_name = "SEQ", conflicts_with = "from", requires_all = ["by", "reason"])]
    lift: Option<u64>,
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(super) fn retain(folder: Folder, order: &Retain, say: Say) -> anyhow::Result<Exit> {
    let by = order.by.clone().unwrap_or_default();
    let reason = order.reason.clone().unwrap_or_default();
    let ask = match order {
        Retain { lift: Some(hold), .. } => Ask::Lift { hold: *hold, by, reason },
        Retain { from: Some(from), to: Some(to), .. } => {
            Ask::Hold { from: day(from)?, to: day(to)?, by, reason }
        }
        _ => return list(&folder, say),
    };
    put(folder, ask, None, say)
}

fn list(folder: &Folder, say: Say) -> anyhow::Result<Exit> {
    let holds = control::holds(folder)?;
    for hold in &holds {
        say.document(hold);
    }
    if holds.is_empty() {
        say.line(&say.text("retain-none", &[]));
    } else {
        let line = |hold: &Hold| {
            let state = match &hold.lifted {
                None => say.text("retain-in-force", &[]),
                Some(lift) => say.text("retain-lifted-by", &[("by", &lift.by), ("reason", &lift.reason)]),
            };
            let (entry, days) = (hold.entry.to_string(), format!("{} – {}", hold.from, hold.to));
            vec![entry, days, hold.by.clone(), hold.reason.clone(), state]
        };
        let head = ["head-entry", "head-days", "head-by", "head-why", "head-state"];
        say.table(&head, holds.iter().map(line).collect());
    }
    Ok(Exit::Done)
}
