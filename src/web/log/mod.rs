//! The log, where an auditor is at home: a month's calendar and lines, each airing with all its facts, its proof, and the
//! bundle to take along.

mod airing;
mod bundle;
mod list;
mod proof;

pub(super) use self::{
    airing::show as show_airing,
    bundle::{TAKERS, give as give_bundle},
    list::show as show_list,
    proof::{check as check_proof, give as give_proof, verify as verify_log},
};
use std::sync::Arc;

use super::{
    error::Fault,
    page::{Page, Visit},
    route::Route,
};
use crate::{
    control::{
        ControlError, Folder,
        Role::{self, Approver, Operator},
    },
    evidence::Outcome,
    units::SlotId,
    words::{Message, code},
};

/// Who explains what happened.
const EXPLAINERS: &[Role] = &[Operator];
/// Who corrects what an entry says.
const CORRECTORS: &[Role] = &[Operator, Approver];

pub(super) fn routes() -> Vec<Route> {
    [list::routes(), airing::routes(), proof::routes(), bundle::routes()].into_iter().flatten().collect()
}

/// How an outcome looks: a symbol that is told apart in black and white, and the class of its colour.
pub(super) fn mark(outcome: Option<Outcome>) -> (&'static str, &'static str) {
    match outcome {
        Some(Outcome::Full) => ("●", "ok"),
        Some(Outcome::Partial) => ("◐", "warning"),
        Some(Outcome::Missed) => ("✕", "error"),
        Some(Outcome::OutOfWindow) => ("◇", "error"),
        Some(Outcome::Preempted) => ("▲", "warning"),
        Some(Outcome::Cancelled) => ("–", ""),
        Some(Outcome::Test) => ("T", ""),
        None => ("…", ""),
    }
}

/// Every outcome, for a legend and a choice; the last is none yet.
pub(super) const OUTCOMES: [Option<Outcome>; 8] = [
    Some(Outcome::Full),
    Some(Outcome::Partial),
    Some(Outcome::Missed),
    Some(Outcome::OutOfWindow),
    Some(Outcome::Preempted),
    Some(Outcome::Cancelled),
    Some(Outcome::Test),
    None,
];

/// An outcome in words.
pub(super) fn outcome_words(page: &Page, outcome: Option<Outcome>) -> String {
    outcome.map_or_else(|| page.t("web-open"), |outcome| page.coded("outcome", &code(outcome)))
}

/// A log that pages show, and where they lie: the station's own, or one that a centre keeps.
#[derive(Clone)]
pub(super) struct Shelf {
    pub folder: Arc<Folder>,
    /// The address of its list; everything else of it lies below.
    pub base: String,
    /// It is the station's own: people explain and correct in it.
    pub own: bool,
}

impl Shelf {
    /// That of the station itself.
    pub fn own(visit: &Visit) -> Shelf {
        Shelf { folder: visit.site.studio.folder.clone(), base: "/log".into(), own: true }
    }

    /// Reads in its folder, where that holds nobody up.
    pub async fn work<T: Send + 'static>(
        &self,
        visit: &Visit,
        work: impl FnOnce(&Folder) -> Result<T, ControlError> + Send + 'static,
    ) -> Result<T, Fault> {
        let folder = Arc::clone(&self.folder);
        visit.work(move |_| work(&folder)).await
    }

    /// Where an airing has its page: under its slot, or under its first entry where it has none.
    pub fn place(&self, slot: Option<&SlotId>, airing: Option<u64>) -> String {
        let base = &self.base;
        match (slot, airing) {
            (Some(slot), _) => format!("{base}/slot/{slot}"),
            (None, Some(airing)) => format!("{base}/airing/{airing}"),
            (None, None) => base.clone(),
        }
    }
}

/// A field `name` that says what it cannot mean.
pub(super) fn unclear(name: &'static str, found: &str) -> Fault {
    Fault::no(Message::new("web-field").with("field", name).with("found", found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_outcomes_look_alike_without_colours() {
        let symbols: std::collections::BTreeSet<&str> = OUTCOMES.iter().map(|o| mark(*o).0).collect();
        assert_eq!(symbols.len(), OUTCOMES.len());
    }
}
