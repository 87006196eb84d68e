//! Which bytes beside the log an entry names by their digest: without them it cannot be understood in full.

use super::entry::Body;
use crate::units::Digest;

/// The digests of the stored bytes that `body` names: schedule, slot list, approval, settings, plan, statement.
#[must_use]
pub fn named(body: &Body) -> Vec<Digest> {
    match body {
        Body::Config { digest, plan, .. } => vec![*digest, *plan],
        Body::ScheduleAccept(fact) => vec![fact.digest, fact.slots, fact.approval],
        Body::Manual(fact) => vec![fact.statement],
        _ => Vec::new(),
    }
}
