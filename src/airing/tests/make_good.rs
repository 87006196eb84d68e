//! What did not air whole airs again: when, how often, and when not.

use super::*;

/// The window after [`t0`]'s own: 17:00 of the same day.
fn evening() -> DateTime<Utc> {
    "2022-03-05T17:00:00+07:00".parse().unwrap()
}

fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

/// A station that is switched on at 06:00 after the slots at `missed` passed, with those at `due` to come.
fn after_power_cut(missed: &[DateTime<Utc>], due: &[DateTime<Utc>]) -> Bench {
    let closed: BTreeSet<SlotId> = missed.iter().map(|at| slot(*at).id).collect();
    let mut owed = super::super::Owed::default();
    for id in &closed {
        owed.closed(id, MISSED, Some(Reason::PowerOff));
    }
    let mut bench = Bench::with(rules(), t0() + s(1800), closed);
    bench.controller.restore_owed(owed);
    let slots = missed.iter().chain(due).map(|at| slot(*at)).collect();
    bench.send(Input::Rundown { schedule: centre(), slots, standing: Standing::Known });
    bench
}

/// Instants at which make-goods are planned, with the day of the slot that each repairs.
fn planned(bench: &Bench) -> Vec<(String, String)> {
    let local = |at: DateTime<Utc>| (at + TimeDelta::hours(7)).format("%d %H:%M").to_string();
    bench
        .controller
        .make_goods()
        .map(|slot| (local(slot.at), slot.id.local.format("%d").to_string()))
        .collect()
}

fn plan(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted.iter().map(|(at, of)| ((*at).to_owned(), (*of).to_owned())).collect()
}

#[test]
fn a_missed_slot_airs_in_the_next_window_and_is_done() {
    let mut bench = after_power_cut(&[t0()], &[]);
    assert_eq!(planned(&bench), plan(&[("05 17:00", "05")]));
    bench.until(evening() - s(1));
    assert!(matches!(bench.told[0].1, Command::Probe) && bench.told[0].0 == evening() - s(600));
    bench.until(evening());
    let cue = bench.cues()[0].clone();
    assert_eq!((cue.slot, cue.repairs, cue.trigger), (None, Some(slot(t0()).id), Trigger::MakeGood));
    assert_eq!(cue.planned_ms, evening().timestamp_millis());
    assert_eq!(bench.take().start, Start::At(evening()));
    bench.play();
    assert_eq!(bench.outcomes(), [(Outcome::Full, None)]);
    assert_eq!(bench.end().slot, None);
    bench.until(evening() + days(3));
    assert_eq!((bench.takes(), planned(&bench)), (1, vec![]));
}

/// What a fault kept from air is owed; what a person wanted is not.
#[test]
fn which_outcomes_are_owed() {
    use Outcome::{Cancelled, Full, Partial, Preempted, Test};
    let check = |outcome, reason, wanted: bool| {
        let mut owed = super::super::Owed::default();
        owed.closed(&slot(t0()).id, outcome, reason);
        assert_eq!(owed.waived(&slot(t0()).id), wanted, "{outcome:?} {reason:?}");
    };
    check(MISSED, Some(Reason::PowerOff), true);
    check(MISSED, Some(Reason::NotApproved), true);
    check(MISSED, Some(Reason::ScheduleLate), true);
    check(Partial, Some(Reason::DeviceLost), true);
    check(Preempted, None, true);
    check(Full, None, false);
    check(Test, None, false);
    check(Cancelled, Some(Reason::Cancelled), false);
    check(Cancelled, Some(Reason::Superseded), false);
    check(MISSED, Some(Reason::Held), false);
    check(Partial, Some(Reason::OperatorStop), false);
}

#[test]
fn days_of_power_cut_are_made_good_one_a_window_and_no_more_than_allowed() {
    let missed: Vec<_> = (0..4).map(|n| t0() - days(n)).collect();
    let mut bench = after_power_cut(&missed, &[]);
    let wanted = plan(&[("05 17:00", "02"), ("06 05:30", "03")]);
    assert_eq!(planned(&bench), wanted);
    bench.until(evening());
    bench.play();
    assert_eq!(planned(&bench), wanted[1..]);
    bench.until(evening() + days(20));
    bench.ended(EndCause::Finished, LENGTH);
    assert_eq!((bench.takes(), planned(&bench)), (2, vec![]));
}

#[test]
fn nothing_is_made_good_where_the_settings_forbid_it() {
    let mut bench = after_power_cut(&[t0()], &[]);
    bench.controller.rules.policy.make_goods = 0;
    let slots = vec![slot(t0())];
    bench.send(Input::Rundown { schedule: centre(), slots, standing: Standing::Known });
    assert_eq!(planned(&bench), vec![]);
}

#[test]
fn a_make_good_stands_beside_what_is_due() {
    let check = |due: &[DateTime<Utc>], wanted: &str| {
        let bench = after_power_cut(&[t0()], due);
        assert_eq!(planned(&bench), plan(&[(wanted, "05")]), "{due:?}");
    };
    // Where the programme is heard anyway it waits for the next window.
    check(&[evening()], "06 05:30");
    let month: Vec<_> = (0..27).flat_map(|n| [evening() + days(n), t0() + days(n + 1)]).collect();
    // Nowhere else is room: behind the slot, with time to make ready.
    check(&month, "05 17:13");
    // Two slots that leave no room between and behind them.
    let full: Vec<_> = month.iter().flat_map(|at| [*at, *at + s(24 * 60), *at + s(47 * 60)]).collect();
    let bench = after_power_cut(&[t0()], &full);
    assert_eq!(planned(&bench), vec![]);
}

#[test]
fn a_month_ends_with_its_make_goods() {
    let last = t0() + days(26);
    let mut bench = after_power_cut(&[t0()], &[]);
    bench.clock.advance(days(26));
    bench.controller.restore_owed(super::super::Owed::default());
    bench.send(Input::Tick);
    let mut owed = super::super::Owed::default();
    for at in [t0(), t0() + days(1), last] {
        owed.closed(&slot(at).id, MISSED, Some(Reason::PowerOff));
    }
    bench.controller.restore_owed(owed);
    bench.send(Input::Tick);
    assert_eq!(planned(&bench), plan(&[("31 17:00", "05")]), "one window is left");
    bench.until(evening() + days(26) - s(30));
    bench.prepare = Reply::Waits;
    bench.until(evening() + days(27));
    assert_eq!(planned(&bench), vec![], "April owes nothing of March");
}

#[test]
fn a_make_good_that_is_refused_says_so_and_waits_for_the_next_window() {
    let mut bench = after_power_cut(&[t0()], &[]);
    bench.prepare = Reply::Fails(Reason::FileMissing);
    bench.until(evening() + s(5));
    let refused = bench.log.iter().rev().find_map(|(_, body)| match body {
        Body::Operator(act) => Some(act.clone()),
        _ => None,
    });
    let act = refused.unwrap();
    assert_eq!((act.act.as_str(), act.slot, act.by.as_str()), ("make-good-refused", Some(slot(t0()).id), ""));
    assert!(act.reason.starts_with("FileMissing"), "{}", act.reason);
    assert_eq!(planned(&bench), plan(&[("06 05:30", "05")]));
    bench.prepare = Reply::Well;
    bench.until(t0() + days(1));
    bench.play();
    assert_eq!((bench.outcomes(), planned(&bench)), (vec![(Outcome::Full, None)], vec![]));
}

#[test]
fn a_make_good_that_breaks_is_tried_once_more_at_most() {
    let mut bench = after_power_cut(&[t0()], &[]);
    for at in [evening(), t0() + days(1)] {
        bench.until(at);
        bench.started();
        bench.ended(EndCause::Failed(Fault::Lost), Frames(LENGTH.0 / 2));
    }
    bench.until(evening() + days(20));
    assert_eq!((bench.takes(), planned(&bench)), (2, vec![]));
}

#[test]
fn what_forbids_sound_forbids_a_make_good() {
    let mut bench = after_power_cut(&[t0()], &[]);
    bench.stop(Some(evening() + s(1)));
    bench.until(evening() + s(100));
    // A person silenced that hour, and with it what was to air then.
    assert_eq!((bench.takes(), planned(&bench)), (0, vec![]));

    let mut bench = after_power_cut(&[t0()], &[]);
    bench.until(evening() - s(20));
    bench.health = UNSYNCHRONISED;
    bench.set_by(s(-100));
    bench.until(evening() + s(100));
    assert_eq!((bench.takes(), planned(&bench)), (0, vec![]), "nothing is planned on a doubted clock");
    bench.health = SYNCHRONISED;
    bench.until(evening() + s(101));
    assert_eq!(planned(&bench), plan(&[("06 05:30", "05")]));
}

#[test]
fn a_person_may_do_without() {
    let cancel = |bench: &mut Bench| {
        let (by, reason) = ("Trực".to_owned(), "quốc tang".to_owned());
        bench.send(Input::Cancel { token: 1, slot: slot(t0()).id, by, reason });
    };
    let mut waiting = after_power_cut(&[t0()], &[]);
    cancel(&mut waiting);
    let mut ready = after_power_cut(&[t0()], &[]);
    ready.until(evening() - s(30));
    cancel(&mut ready);
    for mut bench in [waiting, ready] {
        assert_eq!(bench.answer(), Ok("cancel-make-good"));
        assert_eq!(bench.kinds(), ["operator"]);
        cancel(&mut bench);
        assert_eq!(bench.answer(), Err("cancel-unknown"));
        bench.until(evening() + days(2));
        assert_eq!((bench.takes(), bench.outcomes()), (0, vec![]));
    }
    let mut on_air = after_power_cut(&[t0()], &[]);
    on_air.until(evening());
    on_air.started();
    cancel(&mut on_air);
    assert_eq!(on_air.answer(), Err("cancel-unknown"), "what sounds is stopped, not cancelled");
    on_air.stop(None);
    on_air.ended(EndCause::Stopped, Frames(480_000));
    assert_eq!(on_air.outcomes(), [(Outcome::Partial, Some(Reason::OperatorStop))]);
    assert_eq!(planned(&on_air), vec![]);
}

#[test]
fn a_make_good_follows_the_schedule_that_is_in_force() {
    let mut bench = after_power_cut(&[t0()], &[]);
    bench.until(evening() - s(30));
    assert_eq!(bench.prepares.len(), 1);
    let slots = vec![slot_of(t0(), 2)];
    bench.send(Input::Rundown { schedule: centre(), slots, standing: Standing::Fresh });
    assert_eq!(planned(&bench), plan(&[("06 05:30", "05")]), "this window has begun");
    bench.until(t0() + days(1));
    assert_eq!(bench.cues()[0].schedule, Digest::of(&[2]));

    let mut gone = after_power_cut(&[t0()], &[]);
    gone.send(Input::Rundown { schedule: centre(), slots: Vec::new(), standing: Standing::Fresh });
    assert_eq!(planned(&gone), vec![], "no schedule has it any more");
}

#[test]
fn a_make_good_that_was_cut_goes_on_as_one() {
    let mut interrupted = cut(Frames(LENGTH.0 / 3), t0() + s(1790), Trigger::MakeGood);
    interrupted.cue.repairs = Some(slot(t0() - days(1)).id);
    let mut owed = super::super::Owed::default();
    owed.closed(&slot(t0() - days(1)).id, MISSED, Some(Reason::PowerOff));
    owed.begun(&slot(t0() - days(1)).id);
    let mut bench = after_power_cut(&[], &[]);
    bench.controller.restore_owed(owed);
    let slots = vec![slot(t0() - days(1))];
    bench.controller.closed.extend([slot(t0() - days(1)).id]);
    bench.send(Input::Rundown { schedule: centre(), slots, standing: Standing::Known });
    bench.send(Input::Interrupted(Box::new(interrupted)));
    assert_eq!(planned(&bench), vec![], "it is at work");
    bench.until(t0() + s(1802));
    let cue = bench.cues()[0].clone();
    assert_eq!(
        (cue.airing, cue.trigger, cue.repairs),
        (Some(7), Trigger::Resume, Some(slot(t0() - days(1)).id))
    );
    bench.play();
    assert_eq!((bench.outcomes(), planned(&bench)), (vec![(Outcome::Full, None)], vec![]));
}
