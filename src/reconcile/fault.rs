//! What the comparison of slot lists and entries found.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::period::Span;
use crate::{
    evidence::Outcome,
    units::{Month, SlotId},
    words::Message,
};

/// At most this many faults are kept: a log without its lists has one an outcome.
const MOST_FAULTS: usize = 1000;

/// Something wrong with how slots were accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotFault {
    /// At which entry: the one that is wrong, or for a slot without an outcome the one that accepted it.
    pub entry: u64,
    /// Which slot; absent when it concerns none or a whole month.
    pub slot: Option<SlotId>,
    /// Its stable code and values; the catalogue has the sentence.
    pub message: Message,
}

/// How the slots of a log stand, each counted once. All but `unlisted` and `before_epoch` add up to `listed`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Totals {
    /// Slots of all accepted lists.
    pub listed: u64,
    /// Those that have their outcome, by outcome.
    pub closed: BTreeMap<Outcome, u64>,
    /// Those whose airing is open where the log ends.
    pub open: u64,
    /// Those that owe none yet: their time had not surely passed where the log ends.
    pub to_come: u64,
    /// Those that owe an outcome and have none.
    pub without: u64,
    /// Slots that no accepted list holds and that were closed all the same: those of drafts, and of months
    /// whose list is missing.
    pub unlisted: u64,
    /// Slots of its lists whose time lay before its opening, when another epoch had ended: that one's log may
    /// tell of them, and this one does not.
    pub before_epoch: u64,
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompletenessReport {
    /// What is wrong: first what single entries say, in the order of the log, then what is missing, by slot;
    /// at most 1000.
    pub faults: Vec<SlotFault>,
    /// How many more faults there were.
    pub more_faults: u64,
    /// How the slots stand.
    pub totals: Totals,
    /// The slots whose airings are open where the log ends.
    pub open: Vec<SlotId>,
    /// The months of which a schedule was accepted or refused.
    pub months: BTreeSet<Month>,
    /// The days whose slots are asked for; none: all.
    pub(super) days: Option<Span>,
}

impl CompletenessReport {
    /// Whether every slot that owed an outcome has exactly one, and every outcome what it needs.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether `slot` is asked for.
    pub(super) fn asks(&self, slot: &SlotId) -> bool {
        self.days.is_none_or(|days| days.contains(slot.local.date()))
    }

    /// Adds a fault of a slot that is asked for, or of an airing without one: of a part of a log nobody can say
    /// whether that began where nothing is held.
    pub(super) fn fault(&mut self, entry: u64, slot: Option<&SlotId>, message: Message) {
        if slot.map_or(self.days.is_none(), |slot| self.asks(slot)) {
            self.keep(entry, slot, message);
        }
    }

    /// Adds a fault of the list that `entry` accepts.
    pub(super) fn list_fault(&mut self, entry: u64, message: Message) {
        self.keep(entry, None, message);
    }

    /// Every message names its entry and its slot (`none` where there is none).
    fn keep(&mut self, entry: u64, slot: Option<&SlotId>, message: Message) {
        if self.faults.len() == MOST_FAULTS {
            self.more_faults += 1;
            return;
        }
        let named = slot.map_or_else(|| "none".to_owned(), ToString::to_string);
        let message = message.with("entry", entry).with("slot", named);
        self.faults.push(SlotFault { entry, slot: slot.cloned(), message });
    }
}
