//! Make-goods: what is owed for slots that did not air whole, and the windows in which it airs again.
//!
//! The one rule, `next-window`: a slot that a fault kept from airing in full is aired in the next allowed window
//! that begins after it, in the same month: at most one in a window, at most `make_goods` a programme and month,
//! and not where the programme is due anyway while another window is free. What a person stopped, held or cancelled stays silent.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Planned, Rules, message::PREPARE_AHEAD};
use crate::{
    evidence::{Outcome, Reason},
    units::{Month, ScheduleName, SlotId},
};

/// Time kept free on both sides, for the preparation of what follows.
const GAP: TimeDelta = PREPARE_AHEAD;
/// A programme whose length is not known yet takes this long: the longest that a schedule may hold.
const LONGEST: TimeDelta = TimeDelta::minutes(15);

/// A programme of a month.
type Programme = (Month, String);

/// What the log says of slots that may be owed; follows it entry by entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owed {
    slots: BTreeSet<SlotId>,
    /// How many make-goods of a programme have begun.
    begun: BTreeMap<Programme, u32>,
}

impl Owed {
    /// A slot has its outcome.
    pub fn closed(&mut self, slot: &SlotId, outcome: Outcome, reason: Option<Reason>) {
        if matches!(outcome, Outcome::Missed | Outcome::Partial | Outcome::Preempted) && !by_people(reason) {
            self.slots.insert(slot.clone());
        }
    }

    /// A make-good of `slot` was cued for the first time.
    pub fn begun(&mut self, slot: &SlotId) {
        *self.begun.entry((slot.month, slot.programme.clone())).or_default() += 1;
    }

    /// A make-good of `slot` has its outcome: done, or ended by a person, nothing is owed any more.
    pub fn repaired(&mut self, slot: &SlotId, outcome: Outcome, reason: Option<Reason>) {
        if outcome == Outcome::Full || by_people(reason) {
            self.slots.remove(slot);
        }
    }

    /// A person wants no make-good of `slot`; tells whether there was any to come.
    pub fn waived(&mut self, slot: &SlotId) -> bool {
        self.slots.remove(slot)
    }
}

/// What a person wanted is no fault to repair, and neither is a slot that its own schedule gave up.
fn by_people(reason: Option<Reason>) -> bool {
    use Reason::{Cancelled, Held, OperatorStop, Superseded};
    matches!(reason, Some(OperatorStop | Held | Cancelled | Superseded))
}

/// The make-goods to come.
#[derive(Debug, Default)]
pub(super) struct MakeGoods {
    owed: Owed,
    /// What a programme of a schedule in force last looked like.
    released: BTreeMap<Programme, Planned>,
    /// By their instants; the id is that of the slot which each repairs.
    planned: BTreeMap<DateTime<Utc>, Planned>,
    /// The one that is being aired, as of the last plan.
    at_work: Option<SlotId>,
    /// What stands in `planned` was planned from other facts.
    stale: bool,
}

impl MakeGoods {
    /// Takes up what the log leaves to make good.
    pub fn restore(&mut self, owed: Owed) {
        (self.owed, self.stale) = (owed, true);
    }

    /// What is owed, to be changed.
    pub fn owed(&mut self) -> &mut Owed {
        self.stale = true;
        &mut self.owed
    }

    /// A schedule now has these slots, which are `released` for air or only drafted.
    pub fn replace(&mut self, schedule: ScheduleName, slots: &[Planned], released: bool) {
        self.stale = true;
        if !released {
            return;
        }
        self.released.retain(|(month, _), slot| *month != schedule.month || slot.ward != schedule.ward);
        for slot in slots {
            let programme = (slot.id.month, slot.id.programme.clone());
            // Of two programmes of one name the centre's stands.
            if self.released.get(&programme).is_none_or(|known| known.ward >= slot.ward) {
                self.released.insert(programme, slot.clone());
            }
        }
    }

    /// The make-goods as they are planned, in order; the id of each is that of the slot which it repairs.
    pub fn planned(&self) -> impl Iterator<Item = &Planned> {
        self.planned.values()
    }

    /// The next one is on its way to air.
    pub fn take(&mut self) -> Option<Planned> {
        self.planned.pop_first().map(|(_, slot)| slot)
    }

    /// Plans them anew from `now` on, around what is `due` and without what is `at_work`, when anything changed
    /// or the time of one is past `latest`.
    pub fn plan<'a>(
        &mut self,
        (now, latest): (DateTime<Utc>, DateTime<Utc>),
        rules: &Rules,
        due: impl Iterator<Item = &'a Planned>,
        at_work: Option<&SlotId>,
    ) {
        let passed = self.planned.keys().next().is_some_and(|at| *at < latest);
        if !(passed || self.stale || self.at_work.as_ref() != at_work) {
            return;
        }
        self.stale = false;
        self.at_work = at_work.cloned();
        self.planned.clear();
        let today = now.with_timezone(&rules.zone).date_naive();
        let month = Month::of(today);
        self.owed.slots.retain(|slot| slot.month >= month);
        let mut owed: Vec<&SlotId> = self.owed.slots.iter().filter(|slot| slot.month == month).collect();
        if owed.is_empty() {
            return;
        }
        owed.sort_by_key(|slot| slot.local);
        let mut free = windows_from(today, month, rules);
        free.retain(|(from, _)| *from > now + GAP);
        let due: Vec<&Planned> = due.collect();
        let mut begun = self.owed.begun.clone();
        for slot in owed.into_iter().filter(|slot| Some(*slot) != at_work) {
            let programme = (month, slot.programme.clone());
            let Some(released) = self.released.get(&programme) else { continue };
            let begun = begun.entry(programme).or_default();
            if *begun >= rules.policy.make_goods {
                continue;
            }
            let Some((window, at)) = place(&free, released, &due) else { continue };
            *begun += 1;
            free.remove(window);
            self.planned.insert(at, Planned { id: slot.clone(), at, ..released.clone() });
        }
    }
}

/// A window, from its first instant to the first behind it.
type Window = (DateTime<Utc>, DateTime<Utc>);

/// The windows of the rest of `month`, in order.
fn windows_from(today: NaiveDate, month: Month, rules: &Rules) -> Vec<Window> {
    let days = today.iter_days().take_while(|day| month.contains(*day));
    let mut windows: Vec<_> = days.flat_map(|day| rules.windows.spans(rules.zone, day)).collect();
    windows.sort_unstable();
    windows
}

/// The first of the `free` windows with room for `programme` beside what is `due`, and the instant: one in which
/// people do not hear it anyway, while there is such a one.
fn place(free: &[Window], programme: &Planned, due: &[&Planned]) -> Option<(usize, DateTime<Utc>)> {
    let heard = |(from, to): &Window| {
        due.iter()
            .any(|slot| slot.id.programme == programme.id.programme && slot.at >= *from && slot.at < *to)
    };
    let first = |anyway: bool| {
        let fit = |(n, window): (usize, &Window)| {
            let at = room(*window, span(programme), due)?;
            (anyway || !heard(window)).then_some((n, at))
        };
        free.iter().enumerate().find_map(fit)
    };
    first(false).or_else(|| first(true))
}

/// The first instant of the window at which something of `length` fits beside what is `due`.
fn room((from, to): Window, length: TimeDelta, due: &[&Planned]) -> Option<DateTime<Utc>> {
    let taken = || due.iter().map(|slot| (slot.at - GAP, slot.at + span(slot) + GAP));
    let behind = taken().map(|(_, end)| end).filter(|end| *end > from);
    let mut begins: Vec<_> = behind.chain([from]).collect();
    begins.sort_unstable();
    begins.into_iter().find(|begin| {
        let end = *begin + length;
        end <= to && taken().all(|(first, last)| end <= first || last <= *begin)
    })
}

fn span(slot: &Planned) -> TimeDelta {
    let length = TimeDelta::nanoseconds(slot.length.ns());
    if length > TimeDelta::zero() { length } else { LONGEST }
}
