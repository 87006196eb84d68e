//! Random logs against a naive count, and what one dropped or doubled outcome does to a whole log.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{completeness::report, *};

/// Something that a station lives through on one day.
#[derive(Debug, Clone, Copy)]
enum Day {
    Airs,
    Partial,
    Misses,
    PowerOff,
    /// Cut in mid-programme, continued after the next boot.
    Resumes,
    /// A revision drops the slot.
    Dropped,
    /// A test play and a manual airing beside the slot.
    Busy,
    /// The log lost what became of it.
    Lost,
    /// Two outcomes.
    Doubled,
}

fn day(faulty: bool) -> impl Strategy<Value = Day> {
    use Day::{Airs, Busy, Doubled, Dropped, Lost, Misses, Partial, PowerOff, Resumes};
    let whole = [Airs, Partial, Misses, PowerOff, Resumes, Dropped, Busy].as_slice();
    let all = [Airs, Partial, Misses, PowerOff, Resumes, Dropped, Busy, Lost, Doubled].as_slice();
    proptest::sample::select(if faulty { all } else { whole })
}

fn lived(days: &[Day]) -> Bench {
    let mut bench = Bench::new();
    let month = march();
    let mut slots: Vec<SlotId> = (1..=u32::try_from(days.len()).unwrap()).map(slot).collect();
    bench.accept(month, 1, &slots);
    let mut revision = 1;
    for (n, day) in days.iter().enumerate() {
        let slot = slot(u32::try_from(n).unwrap() + 1);
        live(&mut bench, &slot, *day, || {
            slots.retain(|listed| *listed != slot);
            revision += 1;
            (revision, slots.clone())
        });
    }
    let end = bench.now + TimeDelta::days(2);
    bench.beat(end);
    bench
}

fn live(bench: &mut Bench, slot: &SlotId, day: Day, dropped: impl FnOnce() -> (u32, Vec<SlotId>)) {
    bench.beat(at(slot) - s(1800));
    match day {
        Day::Airs => {
            bench.air(slot);
        }
        Day::Partial => {
            bench.air(slot);
            let Some(Body::End(end)) = bench.entries.last_mut().map(|e| &mut e.body) else { panic!() };
            (end.outcome, end.reason) = (Outcome::Partial, Some(Reason::DeviceLost));
        }
        Day::Misses => {
            bench.now = at(slot);
            bench.missed(slot, Reason::FileMissing);
        }
        Day::PowerOff => {
            bench.reboot(at(slot) + s(7200));
            bench.missed(slot, Reason::PowerOff);
        }
        Day::Resumes => {
            bench.now = at(slot) - s(10);
            let airing = bench.cue(Some(slot), Trigger::Schedule);
            bench.start(airing, "usb");
            bench.reboot(at(slot) + s(300));
            bench.cue(Some(slot), Trigger::Resume);
            let Some(Body::Cue(cue)) = bench.entries.last_mut().map(|e| &mut e.body) else { panic!() };
            cue.airing = Some(airing);
            bench.now += s(600);
            let end = bench.full(airing, Some(slot));
            bench.end(end);
        }
        Day::Dropped => {
            let (revision, slots) = dropped();
            bench.accept(slot.month, revision, &slots);
            bench.now = at(slot);
            bench.missed(slot, Reason::Superseded);
        }
        Day::Busy => {
            bench.air(slot);
            for (trigger, outcome) in [(Trigger::Test, Outcome::Test), (Trigger::Manual, Outcome::Full)] {
                let airing = bench.cue(None, trigger);
                bench.start(airing, "usb");
                bench.now += s(720);
                let end = End { outcome, ..bench.full(airing, None) };
                bench.end(end);
            }
        }
        Day::Lost => {}
        Day::Doubled => {
            bench.air(slot);
            bench.missed(slot, Reason::LateStart);
        }
    }
}

/// Outcomes by slot, counted without any rule.
fn outcomes(bench: &Bench) -> BTreeMap<SlotId, usize> {
    let mut found = BTreeMap::new();
    for slot in bench.entries.iter().filter_map(|entry| outcome(entry).1) {
        *found.entry(slot).or_insert(0) += 1;
    }
    found
}

/// The log without its entry `gone`, or with it twice; numbered anew throughout, as a forger would.
fn renumbered(bench: &Bench, at: usize, copies: usize) -> Bench {
    let mut forged = bench.clone();
    let twin = forged.entries.remove(at);
    forged.entries.splice(at..at, std::iter::repeat_n(twin, copies));
    let moved = |seq: u64| {
        let beyond = usize::try_from(seq).unwrap() > at;
        if beyond { seq + copies as u64 - 1 } else { seq }
    };
    for (seq, entry) in (0..).zip(&mut forged.entries) {
        entry.seq = seq;
        match &mut entry.body {
            Body::Cue(cue) => cue.airing = cue.airing.map(moved),
            Body::Start(start) => start.airing = moved(start.airing),
            Body::Segment(segment) => segment.airing = moved(segment.airing),
            Body::End(end) => end.airing = moved(end.airing),
            _ => {}
        }
    }
    forged
}

/// Whether it ends a slot or an airing, and which slot.
fn outcome(entry: &Entry) -> (bool, Option<SlotId>) {
    match &entry.body {
        Body::End(end) => (true, end.slot.clone()),
        Body::Missed(missed) => (true, Some(missed.slot.clone())),
        _ => (false, None),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_slots_with_none_or_two_outcomes_are_named(days in prop::collection::vec(day(true), 1..=31)) {
        let bench = lived(&days);
        let report = report(&bench);
        let count = outcomes(&bench);
        let wrong: BTreeSet<SlotId> = (1..=u32::try_from(days.len()).unwrap())
            .map(slot)
            .filter(|slot| count.get(slot).copied().unwrap_or(0) != 1)
            .collect();
        let named: BTreeSet<SlotId> = report.faults.iter().filter_map(|f| f.slot.clone()).collect();
        prop_assert_eq!(named, wrong);
        prop_assert_eq!(report.faults.len(), days.iter().filter(|d| matches!(d, Day::Lost | Day::Doubled)).count());
        prop_assert_eq!(report.totals.listed, days.len() as u64);
        let closed: u64 = report.totals.closed.values().sum();
        prop_assert_eq!(closed, count.len() as u64);
    }

    #[test]
    fn a_whole_log_is_complete_and_any_outcome_dropped_or_doubled_is_named(
        days in prop::collection::vec(day(false), 1..=31),
        which in any::<prop::sample::Index>(),
    ) {
        let bench = lived(&days);
        prop_assert!(report(&bench).holds(), "{:?}", report(&bench).faults);
        let ends: Vec<usize> =
            (0..bench.entries.len()).filter(|n| outcome(&bench.entries[*n]).0).collect();
        let at = ends[which.index(ends.len())];
        let slot = outcome(&bench.entries[at]).1;
        for copies in [0, 2] {
            let found = report(&renumbered(&bench, at, copies)).faults;
            let named: Vec<_> = found.iter().map(|fault| fault.slot.clone()).collect();
            prop_assert_eq!(&named, std::slice::from_ref(&slot), "{} copies: {:?}", copies, found);
        }
    }
}
