//! Tables: what is right stays silent, what is wrong is named with its entry and its slot.

use super::*;
use crate::{
    evidence::{After, OperatorAct},
    reconcile::{Completeness, CompletenessReport, Patience, Span},
    words::Lang,
};

pub fn report(bench: &Bench) -> CompletenessReport {
    let mut completeness = Completeness::new(Patience::default());
    for entry in &bench.entries {
        completeness.push(entry, &mut |digest| bench.lists.get(&digest).cloned());
    }
    let report = completeness.finish();
    for fault in &report.faults {
        for lang in [Lang::Vi, Lang::En] {
            let said = fault.message.say(lang);
            assert!(said != fault.message.code && !said.contains("{$"), "{said}");
        }
    }
    let totals = &report.totals;
    let closed: u64 = totals.closed.values().sum();
    assert_eq!(closed + totals.open + totals.to_come + totals.without, totals.listed, "{totals:?}");
    report
}

type Wanted<'a> = &'a [(u64, Option<SlotId>, &'static str)];

#[track_caller]
fn check(bench: &Bench, wanted: Wanted) {
    let report = report(bench);
    let found: Vec<_> = report.faults.iter().map(|f| (f.entry, f.slot.clone(), f.message.code)).collect();
    assert_eq!(found, wanted);
}

/// Accepted: the slots of these days of March.
fn accepted(days: &[u32]) -> Bench {
    let mut bench = Bench::new();
    let slots: Vec<_> = days.iter().map(|day| slot(*day)).collect();
    bench.accept(march(), 1, &slots);
    bench
}

/// Long after the slot of that day: whatever it owes, it owes now.
fn long_after(bench: &mut Bench, day: u32) {
    let far = at(&slot(day)) + s(12 * 3600);
    bench.beat(far);
}

#[test]
fn a_month_in_which_all_was_told_is_complete() {
    let mut bench = accepted(&[5, 12, 19, 26]);
    bench.air(&slot(5));
    bench.reboot(at(&slot(12)) + s(3600));
    bench.missed(&slot(12), Reason::PowerOff);
    bench.air(&slot(19));
    let report = report(&bench);
    assert!(report.holds(), "{:?}", report.faults);
    let closed: Vec<_> = report.totals.closed.clone().into_iter().collect();
    assert_eq!(closed, [(Outcome::Full, 2), (Outcome::Missed, 1)]);
    assert_eq!((report.totals.listed, report.totals.to_come), (4, 1));
}

#[test]
fn an_outcome_is_owed_when_its_time_has_surely_passed() {
    let mut bench = accepted(&[5]);
    bench.beat(at(&slot(5)) + s(60 + 300));
    check(&bench, &[]);
    assert_eq!(report(&bench).totals.to_come, 1);
    bench.beat(at(&slot(5)) + s(60 + 300 + 1));
    check(&bench, &[(2, Some(slot(5)), "complete-no-outcome")]);
    // Where a long programme was aired, a process that airs only that closes nothing meanwhile.
    let mut bench = accepted(&[5, 6]);
    bench.air(&slot(5));
    bench.beat(at(&slot(6)) + s(60 + 300 + 720));
    check(&bench, &[]);
    bench.beat(at(&slot(6)) + s(60 + 300 + 720 + 1));
    check(&bench, &[(2, Some(slot(6)), "complete-no-outcome")]);
}

#[test]
fn what_had_passed_at_acceptance_is_owed_from_then_on() {
    let mut bench = Bench::new();
    bench.beat(at(&slot(12)));
    bench.accept(march(), 1, &[slot(5)]);
    check(&bench, &[]);
    bench.beat(at(&slot(12)) + s(360));
    check(&bench, &[]);
    bench.beat(at(&slot(12)) + s(361));
    check(&bench, &[(3, Some(slot(5)), "complete-no-outcome")]);
    bench.missed(&slot(5), Reason::ScheduleLate);
    check(&bench, &[]);
}

#[test]
fn nothing_is_owed_on_a_clock_in_doubt() {
    let year = TimeDelta::days(365);
    let mut bench = accepted(&[5]);
    bench.sync = false;
    bench.now += s(3600);
    bench.step(year);
    bench.beat(bench.now + s(60));
    check(&bench, &[]);
    // Back to the right time, never confirmed: still in doubt.
    bench.step(-year);
    long_after(&mut bench, 5);
    check(&bench, &[]);
    let doubted = bench.clone();
    // Synchronised, confirmed, or begun anew: what has passed has passed.
    bench.sync = true;
    bench.beat(bench.now + s(1));
    check(&bench, &[(2, Some(slot(5)), "complete-no-outcome")]);
    let mut bench = doubted.clone();
    bench.add(Body::Operator(OperatorAct {
        act: "clock-confirm".into(),
        by: "B".into(),
        reason: String::new(),
        slot: None,
        until_ms: None,
    }));
    check(&bench, &[(2, Some(slot(5)), "complete-no-outcome")]);
    let mut bench = doubted.clone();
    bench.reboot(bench.now + s(60));
    check(&bench, &[(2, Some(slot(5)), "complete-no-outcome")]);
    // A clock behind the log that this boot found is doubted as long.
    let mut bench = doubted;
    bench.ahead = s(-7200);
    bench.reboot(bench.now + s(60));
    bench.beat(bench.now + s(3600));
    check(&bench, &[]);
    // A jump that no entry tells is doubted as well, until its cause is told elsewhere.
    let mut bench = accepted(&[5]);
    bench.sync = false;
    bench.ahead = year;
    bench.beat(bench.now + s(60));
    check(&bench, &[]);
}

#[test]
fn what_a_revision_drops_owes_its_outcome_and_what_it_brings_back_only_one() {
    let mut bench = accepted(&[5, 12]);
    bench.accept(march(), 2, &[slot(12)]);
    bench.now = at(&slot(5));
    bench.missed(&slot(5), Reason::Superseded);
    let mut later = bench.clone();
    long_after(&mut bench, 7);
    check(&bench, &[]);
    later.accept(march(), 3, &[slot(5), slot(12)]);
    later.air(&slot(12));
    check(&later, &[]);
    let mut unsaid = accepted(&[5, 12]);
    unsaid.accept(march(), 2, &[slot(12)]);
    long_after(&mut unsaid, 5);
    check(&unsaid, &[(2, Some(slot(5)), "complete-no-outcome")]);
}

#[test]
fn a_drafts_slots_may_be_closed_but_not_aired() {
    let mut bench = Bench::new();
    bench.refuse(march());
    bench.now = at(&slot(5));
    bench.missed(&slot(5), Reason::NotApproved);
    check(&bench, &[]);
    assert_eq!(report(&bench).totals.unlisted, 1);
    // Approved later: it is closed already. A draft's slot that the accepted month lacks is closed as dropped.
    let mut later = bench.clone();
    later.accept(march(), 1, &[slot(5), slot(12)]);
    later.now = at(&slot(6));
    later.missed(&slot(6), Reason::Superseded);
    long_after(&mut later, 7);
    check(&later, &[]);
    let totals = report(&later).totals;
    assert_eq!((totals.listed, totals.unlisted, totals.to_come), (2, 1, 1));
    let twice = bench.missed(&slot(5), Reason::NotApproved);
    check(&bench, &[(twice, Some(slot(5)), "complete-twice")]);
    let mut aired = Bench::new();
    aired.refuse(march());
    let cue = aired.air(&slot(5));
    check(&aired, &[(cue + 4, Some(slot(5)), "complete-unlisted")]);
    // A month that was accepted is no draft any more, whatever is refused later.
    let mut accepted = accepted(&[5]);
    accepted.refuse(march());
    let seq = accepted.missed(&slot(7), Reason::NotApproved);
    check(&accepted, &[(seq, Some(slot(7)), "complete-unlisted")]);
}

#[test]
fn outcomes_that_nobody_can_believe_are_named() {
    let with_end = |change: &dyn Fn(&mut End)| {
        let mut bench = accepted(&[5]);
        bench.air(&slot(5));
        let Body::End(end) = &mut bench.entries[7].body else { panic!() };
        change(end);
        long_after(&mut bench, 5);
        bench
    };
    let named = |change: &dyn Fn(&mut End), code| check(&with_end(change), &[(7, Some(slot(5)), code)]);
    named(&|end| end.reason = Some(Reason::DeviceLost), "complete-full-reason");
    named(&|end| end.outcome = Outcome::Partial, "complete-no-reason");
    named(&|end| end.outcome = Outcome::Missed, "complete-no-reason");
    named(&|end| end.consumed = Frames(LENGTH.0 * 97 / 100 - 1), "complete-full-short");
    named(&|end| end.hole_ms = 30_001, "complete-full-hole");
    named(&|end| end.consumed = Frames(LENGTH.0 + 1), "complete-consumed");
    named(&|end| end.proof = 1, "complete-unproved");
    let right = |change: &dyn Fn(&mut End)| check(&with_end(change), &[]);
    right(&|end| end.consumed = Frames(LENGTH.0 * 97 / 100));
    right(&|end| end.hole_ms = 30_000);
    right(&|end| (end.outcome, end.proof) = (Outcome::Test, 1));
    right(&|end| (end.outcome, end.reason) = (Outcome::Partial, Some(Reason::OperatorStop)));
}

#[test]
fn files_and_tests_never_count() {
    let airing = |trigger, device: &str, change: &dyn Fn(&mut End)| {
        let mut bench = accepted(&[5]);
        bench.now = at(&slot(5));
        let cue = bench.cue(Some(&slot(5)), trigger);
        bench.start(cue, device);
        bench.now += s(720);
        let mut end = bench.full(cue, Some(&slot(5)));
        change(&mut end);
        bench.end(end);
        bench
    };
    let file = airing(Trigger::Schedule, "wav:/tmp/a.wav", &|_| {});
    check(&file, &[(5, Some(slot(5)), "complete-file-proof")]);
    let honest = |end: &mut End| (end.outcome, end.proof) = (Outcome::Test, 1);
    check(&airing(Trigger::Schedule, "wav:/tmp/a.wav", &honest), &[]);
    let test = airing(Trigger::Test, "usb", &honest);
    check(&test, &[(3, Some(slot(5)), "complete-test-slot")]);
    let counted = airing(Trigger::Test, "usb", &|_| {});
    let wanted = [(3, Some(slot(5)), "complete-test-slot"), (5, Some(slot(5)), "complete-test-counted")];
    check(&counted, &wanted);
    // A rehearsal proves nothing and says so itself.
    let mut rehearsal = Bench::of("loa/rehearsal/pho-minh/1", "rehearsal");
    rehearsal.accept(march(), 1, &[slot(5)]);
    rehearsal.air(&slot(5));
    let Body::End(end) = &mut rehearsal.entries[7].body else { panic!() };
    end.proof = 1;
    check(&rehearsal, &[]);
}

#[test]
fn what_never_began_was_not_aired() {
    let ended = |change: &dyn Fn(&mut End)| {
        let mut bench = accepted(&[5]);
        bench.now = at(&slot(5));
        let cue = bench.cue(Some(&slot(5)), Trigger::Schedule);
        bench.now += s(720);
        let mut end = bench.full(cue, Some(&slot(5)));
        change(&mut end);
        bench.end(end);
        bench
    };
    let partial = |end: &mut End| (end.outcome, end.reason) = (Outcome::Partial, Some(Reason::PowerOff));
    let full = |_: &mut End| ();
    let changes: [&dyn Fn(&mut End); 2] = [&full, &partial];
    for change in changes {
        check(&ended(change), &[(4, Some(slot(5)), "complete-unstarted")]);
    }
    check(&ended(&|end| (end.outcome, end.reason) = (Outcome::Missed, Some(Reason::DeviceLost))), &[]);
    check(&ended(&|end| (end.outcome, end.proof) = (Outcome::Test, 1)), &[]);
}

#[test]
fn airings_begin_once_and_end_once() {
    let mut bench = accepted(&[5, 12]);
    bench.now = at(&slot(5));
    let cue = bench.cue(Some(&slot(5)), Trigger::Schedule);
    // Open where the log ends: no fault, whatever time has passed for other slots.
    check(&bench, &[]);
    assert_eq!(report(&bench).open, [slot(5)]);
    bench.start(cue, "usb");
    bench.beat(at(&slot(5)) + s(720 + 3600));
    check(&bench, &[]);
    // A cut airing is taken up by the next start, however late that is.
    bench.reboot(at(&slot(6)));
    check(&bench, &[]);
    let open = bench.clone();
    bench.beat(at(&slot(6)) + s(720 + 3600 + 1));
    check(&bench, &[(cue, Some(slot(5)), "complete-unended")]);
    let mut bench = open.clone();
    bench.air(&slot(12));
    check(&bench, &[(cue, Some(slot(5)), "complete-unended")]);
    assert_eq!(report(&bench).totals.without, 1);
    // Continued and ended.
    let mut bench = open;
    bench.cue(Some(&slot(5)), Trigger::Resume);
    let Some(Body::Cue(again)) = bench.entries.last_mut().map(|e| &mut e.body) else { panic!() };
    again.airing = Some(cue);
    bench.segment(cue, 0);
    let end = bench.full(cue, Some(&slot(5)));
    bench.end(end);
    check(&bench, &[]);
    let late = bench.segment(cue, 1);
    let start = bench.start(99, "usb");
    let code = "complete-unknown-airing";
    check(&bench, &[(late, None, code), (start, None, code)]);
}

#[test]
fn ends_without_a_beginning_and_of_another_slot_are_named() {
    let mut bench = accepted(&[5, 12]);
    bench.now = at(&slot(5));
    let seq = bench.end(bench.full(2, Some(&slot(5))));
    check(&bench, &[(seq, Some(slot(5)), "complete-uncued")]);
    let mut bench = accepted(&[5]);
    let cue = bench.cue(None, Trigger::Manual);
    bench.start(cue, "usb");
    let end = bench.full(cue, None);
    bench.end(end.clone());
    let seq = bench.end(end);
    check(&bench, &[(seq, None, "complete-uncued")]);
    let mut bench = accepted(&[5, 12]);
    bench.now = at(&slot(5));
    let cue = bench.cue(Some(&slot(5)), Trigger::Schedule);
    bench.start(cue, "usb");
    let end = bench.full(cue, Some(&slot(12)));
    let seq = bench.end(end);
    long_after(&mut bench, 6);
    let wanted = [(seq, Some(slot(12)), "complete-other-slot"), (2, Some(slot(5)), "complete-no-outcome")];
    check(&bench, &wanted);
    let mut bench = accepted(&[5]);
    let seq = bench.missed(&slot(5), Reason::PowerOff);
    let Body::Missed(missed) = &mut bench.entries[3].body else { panic!() };
    missed.outcome = Outcome::Full;
    check(&bench, &[(seq, Some(slot(5)), "complete-missed-aired")]);
}

#[test]
fn lists_that_are_not_the_accepted_ones_are_named_once() {
    let tampered = |change: &dyn Fn(&mut Bench)| {
        let mut bench = accepted(&[5, 12]);
        change(&mut bench);
        bench.air(&slot(5));
        long_after(&mut bench, 12);
        bench
    };
    let gone = tampered(&|bench| bench.lists.clear());
    check(&gone, &[(2, None, "complete-list-missing")]);
    let cut = tampered(&|bench| bench.lists.values_mut().for_each(|list| list.truncate(list.len() - 60)));
    check(&cut, &[(2, None, "complete-list-differs")]);
    let foreign = |bytes: &[u8]| {
        let list = bytes.to_vec();
        tampered(&|bench| {
            let Body::ScheduleAccept(fact) = &mut bench.entries[2].body else { panic!() };
            fact.slots = Digest::of(&list);
            bench.lists.insert(fact.slots, list.clone());
        })
    };
    check(&foreign(b"loa slots"), &[(2, None, "complete-list-unreadable")]);
    let mut april = Bench::new();
    april.accept("2022-04".parse().unwrap(), 1, &[]);
    let list = april.lists.values().next().unwrap();
    check(&foreign(list), &[(2, None, "complete-list-unreadable")]);
    let miscounted = tampered(&|bench| {
        let Body::ScheduleAccept(fact) = &mut bench.entries[2].body else { panic!() };
        fact.count = 3;
        bench.lists.clone_from(&accepted(&[5, 12]).lists);
    });
    let wanted = [(2, None, "complete-list-count"), (2, Some(slot(12)), "complete-no-outcome")];
    check(&miscounted, &wanted);
}

/// What is held apart is bounded; the months beyond are said to be unknown.
#[test]
fn more_slots_than_any_station_has_are_named() {
    let mut bench = Bench::new();
    let first = slot(1).local;
    let second = |n: i64| SlotId { local: first + s(n), ..slot(1) };
    for n in 0..4 {
        let slots: Vec<_> = (0..26_000).map(|k| second(n * 26_000 + k)).collect();
        bench.accept(march(), u32::try_from(n).unwrap(), &slots);
    }
    bench.missed(&second(103_999), Reason::PowerOff);
    let report = report(&bench);
    let named: Vec<_> = report.faults.iter().map(|fault| (fault.entry, fault.message.code)).collect();
    assert_eq!(named, [(5, "complete-list-many")]);
    assert_eq!((report.totals.listed, report.totals.unlisted), (78_000, 1));
}

/// Faults of what nobody asked for must not crowd out those of what somebody did.
#[test]
fn of_a_part_only_the_slots_of_its_days_are_counted() {
    let mut bench = accepted(&[5, 12, 19, 26]);
    for n in 0..2000 {
        bench.missed(&SlotId { programme: format!("p{n}"), ..slot(6) }, Reason::PowerOff);
    }
    bench.missed(&slot(5), Reason::PowerOff);
    bench.air(&slot(12));
    long_after(&mut bench, 26);
    let day = |day| slot(day).local.date();
    let mut part = Completeness::of_part(Patience::default(), Span { from: day(10), to: day(20) });
    for entry in &bench.entries {
        part.push(entry, &mut |digest| bench.lists.get(&digest).cloned());
    }
    let report = part.finish();
    let named: Vec<_> = report.faults.iter().map(|fault| (fault.slot.clone(), fault.message.code)).collect();
    assert_eq!((named, report.more_faults), (vec![(Some(slot(19)), "complete-no-outcome")], 0));
    let totals = &report.totals;
    assert_eq!((totals.listed, &totals.closed[&Outcome::Full], totals.without), (2, &1, 1));
    assert_eq!(report.months.into_iter().collect::<Vec<_>>(), [march()]);
}

#[test]
fn slots_before_a_new_epoch_are_the_old_ones_to_answer_for() {
    let after = After {
        origin: "loa/station/pho-minh/1".into(),
        seen: None,
        endorsement: None,
        by: "A".into(),
        text: String::new(),
    };
    for (after, owed, before) in [(Some(after), 1, 1), (None, 2, 0)] {
        let mut bench = Bench::new();
        bench.entries.clear();
        bench.now = at(&slot(5)) + s(3600);
        let origin = "loa/station/pho-minh/2".into();
        bench.add(Body::LogOpen { origin, reason: "lost".into(), previous: None, after });
        bench.accept(march(), 1, &[slot(5), slot(12)]);
        // Named once, however often it is accepted.
        bench.accept(march(), 2, &[slot(5), slot(12)]);
        bench.air(&slot(12));
        long_after(&mut bench, 12);
        let report = report(&bench);
        let totals = &report.totals;
        assert_eq!((totals.listed, totals.without, totals.before_epoch), (owed, owed - 1, before));
    }
}
