//! Whatever is refused is an entry, and no flood of refusals fills the log.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ask, ControlError, Folder, folder::open_log};
use crate::{
    evidence::{Body, PackageAct, PackageFact},
    units::Digest,
    words::Message,
};

/// So many refusals of a day are entered by name; the next one says that there were more.
pub(super) const MOST_A_DAY: usize = 100;

/// The reason of the last refusal that a day still enters.
const FLOOD: &str = "package-flood";

/// The fact that what has this `digest` was refused, by whom it was brought and why.
pub(super) fn refused(by: &str, digest: Digest, no: &Message) -> PackageFact {
    PackageFact {
        act: PackageAct::Refused,
        by: by.into(),
        digest,
        reason: no.code.into(),
        urgent: None,
        what: None,
    }
}

/// Enters `fact`: the same refusal of the same bytes once a day, and of all refusals so many a day. A clock that was set
/// does not silence it: only what lies within a day before or behind `now` counts.
pub(super) fn enter_refusal<E: From<ControlError>>(
    folder: &Folder,
    mut fact: PackageFact,
    now: DateTime<Utc>,
    enter: &mut dyn FnMut(Ask) -> Result<(), E>,
) -> Result<(), E> {
    let today = of_a_day(folder, now)?;
    if today.iter().any(|known| (known.digest, &known.reason) == (fact.digest, &fact.reason)) {
        return Ok(());
    }
    if today.len() > MOST_A_DAY {
        return Ok(());
    }
    if today.len() == MOST_A_DAY {
        fact.reason = FLOOD.into();
    }
    enter(Ask::Package { fact: Box::new(fact) })
}

/// The refusals within a day of `now`, the last first.
fn of_a_day(folder: &Folder, now: DateTime<Utc>) -> Result<Vec<PackageFact>, ControlError> {
    let log = open_log(&folder.log_path())?;
    let (mut before, mut found) = (log.size()?, Vec::new());
    // Twice as many are looked at, for those that were taken in between: what is asked stays bounded.
    for _ in 0..2 * (MOST_A_DAY + 1) {
        let Some(entry) = log.last_of("package", before)? else { break };
        before = entry.seq;
        let near = (now - entry.clk.wall()).abs() < TimeDelta::days(1);
        if let (true, Body::Package(fact)) = (near, entry.body)
            && fact.act == PackageAct::Refused
        {
            found.push(fact);
        }
    }
    Ok(found)
}
