//! Clocks that are set, and clocks that nobody can trust.

use super::*;
use crate::clock::Reading;

const DECADE: TimeDelta = TimeDelta::days(3652);

/// Steps the clock by each of `steps` and back again at a moment, then lets time pass to the end of the
/// window; what is taken is played at once.
fn with_steps(at_s: i64, steps: &[TimeDelta]) -> Bench {
    let mut bench = Bench::at(t0() - s(7200), vec![slot(t0())]);
    let mut played = 0;
    let mut twenty_seconds = |bench: &mut Bench| {
        for _ in 0..20 {
            bench.clock.advance(s(1));
            bench.send(Input::Tick);
            if bench.takes() > played {
                played += 1;
                bench.started();
                bench.ended(EndCause::Finished, LENGTH);
            }
        }
    };
    bench.until(t0() + s(at_s));
    for span in steps {
        bench.set_by(*span);
        twenty_seconds(&mut bench);
        bench.set_by(-*span);
        twenty_seconds(&mut bench);
    }
    while bench.now() < t0() + s(3600) {
        twenty_seconds(&mut bench);
    }
    bench
}

#[test]
fn however_the_clock_is_set_a_slot_airs_at_most_once_and_gets_one_outcome() {
    let minutes = [TimeDelta::minutes(3), TimeDelta::minutes(-3)];
    let years = [DECADE, -DECADE];
    let moments = [-3600, -300, -61, -30, -11, -5];
    for at_s in moments {
        for steps in [&minutes[..], &years[..], &minutes[..1], &minutes[1..], &years[..1], &years[1..]] {
            let bench = with_steps(at_s, steps);
            assert_eq!(bench.outcomes().len(), 1, "{at_s} s, {steps:?}: {:?}", bench.log);
            assert!(bench.takes() <= 1, "{at_s} s, {steps:?}");
            assert!(bench.cues().len() <= 1, "{at_s} s, {steps:?}");
        }
    }
}

#[test]
fn a_step_while_waiting_skips_nothing() {
    // Three minutes forward over the start: within a late start that allows it, it airs at once.
    let policy = Policy { late_start_s: 600, ..Policy::default() };
    let mut bench = Bench::with(Rules { policy, ..rules() }, t0() - s(3600), BTreeSet::new());
    bench.send(Input::Rundown { schedule: centre(), slots: vec![slot(t0())], standing: Standing::Fresh });
    bench.until(t0() - s(90));
    bench.set_by(s(180));
    assert_eq!(bench.take().start, Start::Now);
    // Three minutes back: it waits for its instant.
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    bench.until(t0() - s(90));
    bench.set_by(s(-180));
    bench.until(t0());
    assert_eq!((bench.take().start, bench.takes()), (Start::At(t0()), 1));
}

#[test]
fn a_step_while_on_air_neither_ends_nor_repeats_it() {
    for step in [s(180), s(-180), DECADE, -DECADE] {
        let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
        bench.until(t0());
        bench.started();
        bench.until(t0() + s(60));
        bench.set_by(step);
        bench.until(t0() + step + s(720));
        assert!(matches!(bench.controller.state(), State::OnAir { .. }));
        bench.ended(EndCause::Finished, LENGTH);
        bench.set_by(-step);
        bench.until(t0() + s(1000));
        assert_eq!((bench.outcomes(), bench.takes()), (vec![(Outcome::Full, None)], 1));
        let steps = bench.kinds().into_iter().filter(|kind| *kind == "clock.step").count();
        assert_eq!(steps, 2, "both steps are told");
    }
}

#[test]
fn a_clock_that_nobody_can_trust_airs_nothing_and_says_so() {
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0()), slot(t0() + TimeDelta::hours(12))]);
    bench.health = UNSYNCHRONISED;
    bench.set_by(s(100));
    assert!(bench.controller.clock_doubt().is_some());
    bench.air(false);
    assert_eq!(bench.answer(), Err("clock-stepped"));
    bench.until(t0() + s(220));
    assert_eq!((bench.outcomes(), bench.takes(), bench.is_idle()), (vec![], 0, true));
    // Synchronised again, it is said why nothing aired, and the next slot airs.
    bench.health = SYNCHRONISED;
    bench.until(t0() + s(221));
    assert_eq!((bench.outcomes(), bench.takes()), (missed(Reason::ClockUntrusted), 0));
    bench.until(t0() + TimeDelta::hours(12));
    assert_eq!(bench.takes(), 1);
}

#[test]
fn a_doubted_clock_that_runs_through_a_slot_and_is_set_right_before_it_costs_nothing() {
    // Set ahead over the slot, or to where the slot's turn comes soon, or far beyond it and everything else.
    for ahead in [s(3700), s(3000), DECADE] {
        let mut bench = Bench::at(t0() - s(3600), vec![slot(t0()), slot(t0() + TimeDelta::hours(12))]);
        bench.health = UNSYNCHRONISED;
        bench.set_by(ahead);
        bench.until(t0() + ahead - s(600));
        assert_eq!((bench.outcomes(), bench.is_idle()), (vec![], true), "{ahead}");
        assert_eq!(bench.controller.upcoming().count(), 2, "{ahead}: both are still to come");
        bench.health = SYNCHRONISED;
        bench.set_by(-ahead);
        bench.until(t0());
        assert_eq!((bench.take().start, bench.takes()), (Start::At(t0()), 1), "{ahead}");
        bench.play();
        assert_eq!(bench.outcomes(), [(Outcome::Full, None)], "{ahead}");
    }
}

#[test]
fn what_was_made_ready_when_the_clock_became_doubted_goes_back_and_airs_when_it_is_right() {
    for (back, prepare) in [(s(-100), Reply::Well), (s(-100), Reply::Waits), (s(100), Reply::Well)] {
        let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
        bench.prepare = prepare;
        bench.until(t0() - s(50));
        assert!(!bench.is_idle());
        bench.health = UNSYNCHRONISED;
        bench.set_by(back);
        assert!(bench.is_idle() && matches!(bench.told.last(), Some((_, Command::Close))));
        bench.until(bench.now() + s(20));
        assert_eq!((bench.outcomes(), bench.controller.upcoming().count()), (vec![], 1));
        (bench.health, bench.prepare) = (SYNCHRONISED, Reply::Well);
        bench.set_by(-back);
        bench.until(t0());
        assert_eq!((bench.take().start, bench.takes(), bench.cues().len()), (Start::At(t0()), 1, 1));
    }
}

#[test]
fn a_schedule_that_comes_while_the_clock_is_doubted_is_late_only_by_the_right_one() {
    for standing in [Standing::Fresh, Standing::Draft] {
        let mut bench = Bench::at(t0() + s(3600), vec![]);
        bench.health = UNSYNCHRONISED;
        bench.set_by(DECADE);
        let slots = vec![slot(t0()), slot(t0() + TimeDelta::hours(12))];
        bench.send(Input::Rundown { schedule: centre(), slots, standing });
        assert_eq!(bench.outcomes(), []);
        bench.health = SYNCHRONISED;
        bench.set_by(-DECADE);
        let late = missed(Reason::ScheduleLate);
        assert_eq!(bench.outcomes(), if standing == Standing::Fresh { late } else { vec![] });
        bench.until(t0() + TimeDelta::hours(12));
        assert_eq!(bench.takes(), 1);
    }
}

#[test]
fn a_clock_before_the_log_waits_for_the_truth() {
    // Boot in 1970; the time server answers 40 s later.
    let mut bench = Bench::at(t0() - s(300), vec![slot(t0())]);
    bench.health = UNSYNCHRONISED;
    bench.set_by(DateTime::UNIX_EPOCH - bench.now());
    bench.until(DateTime::UNIX_EPOCH + s(40));
    assert_eq!((bench.outcomes(), bench.takes()), (vec![], 0));
    bench.health = SYNCHRONISED;
    bench.set_by(t0() - s(200) - bench.now());
    bench.until(t0());
    assert_eq!(bench.take().start, Start::At(t0()));
}

#[test]
fn doubt_between_cue_and_take_still_counts() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.cue = Reply::Waits;
    bench.until(t0() - s(5));
    bench.health = UNSYNCHRONISED;
    bench.set_by(s(-70));
    bench.cued();
    assert_eq!((bench.outcomes(), bench.takes()), (missed(Reason::ClockUntrusted), 0));
}

#[test]
fn what_a_person_asked_for_airs_though_the_clock_is_set_back_meanwhile() {
    let mut bench = Bench::at(t0() + s(300), vec![]);
    bench.prepare = Reply::Waits;
    bench.air(false);
    bench.set_by(s(-200));
    bench.prepared();
    assert_eq!((bench.takes(), bench.cues()[0].planned_ms), (1, (t0() + s(100)).timestamp_millis()));

    for fails in [true, false] {
        let mut bench = Bench::at(t0() + s(300), vec![]);
        let reply = Reply::Fails(Reason::DiskFull);
        (bench.prepare, bench.cue) = if fails { (reply, Reply::Well) } else { (Reply::Well, reply) };
        bench.air(false);
        (bench.prepare, bench.cue) = (Reply::Well, Reply::Well);
        bench.set_by(s(-200));
        bench.until(t0() + s(106));
        assert!(bench.takes() == 1 || bench.is_idle(), "a next attempt is not put off");
    }
}

/// The station was off while `passed` slots went by, and finds a clock that stands `wrong` from the right one.
fn found(wrong: TimeDelta, doubted: bool) -> Bench {
    let right = t0() + s(3600);
    let mut bench = Bench::with(rules(), right + wrong, BTreeSet::new());
    // A doubt outlives the program, not the machine's boot.
    let last = doubted.then(|| bench.clock.now());
    let doubted_ns = last.as_ref().map(|last: &Reading| last.boot_ns);
    let past = ClockPast { floor: t0() - s(7200), doubted_ns, last };
    bench.controller = Controller::new(rules(), BTreeSet::new(), past);
    bench.controller.was_off_since(Some(t0() - s(7200)));
    bench.health = UNSYNCHRONISED;
    let slots = vec![slot(t0()), slot(t0() + TimeDelta::hours(12))];
    bench.send(Input::Rundown { schedule: centre(), slots, standing: Standing::Known });
    bench
}

#[test]
fn what_passed_while_the_pc_was_off_is_told_so_when_the_clock_is_right() {
    let mut bench = found(-DECADE, false);
    bench.clock.advance(s(40));
    bench.send(Input::Tick);
    assert_eq!(bench.outcomes(), []);
    bench.health = SYNCHRONISED;
    bench.set_by(DECADE);
    assert_eq!(bench.outcomes(), missed(Reason::PowerOff));
    let Some((_, Body::Missed(missed))) = bench.log.last() else { panic!("{:?}", bench.log) };
    assert_eq!(missed.detail, "2022-03-05T03:30:00+07:00 – 2022-03-05T06:30:00+07:00");
    bench.until(t0() + TimeDelta::hours(12));
    assert_eq!(bench.takes(), 1);
}

#[test]
fn what_passed_in_a_doubt_that_outlived_the_program_is_told_so() {
    // Doubted for two hours, of which the last one in this run; the slot passed in the first.
    let mut bench = found(TimeDelta::zero(), true);
    let now = bench.clock.now();
    let doubted_ns = Some(now.boot_ns - 7200 * 1_000_000_000);
    let past = ClockPast { floor: t0() - s(7200), doubted_ns, last: Some(now) };
    bench.controller = Controller::new(rules(), BTreeSet::new(), past);
    bench.controller.was_off_since(Some(bench.now()));
    let slots = vec![slot(t0() - TimeDelta::hours(4)), slot(t0()), slot(t0() + s(5400))];
    bench.send(Input::Rundown { schedule: centre(), slots, standing: Standing::Known });
    bench.until(t0() + s(7200));
    assert_eq!(bench.outcomes(), []);
    bench.health = SYNCHRONISED;
    bench.until(t0() + s(7201));
    let reasons: Vec<_> = bench.outcomes().into_iter().map(|(_, reason)| reason.unwrap()).collect();
    assert_eq!(reasons, [Reason::PowerOff, Reason::ClockUntrusted, Reason::ClockUntrusted]);
}

#[test]
fn what_passed_in_a_doubt_that_a_person_lifts_is_told_so() {
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    bench.health = UNSYNCHRONISED;
    bench.set_by(s(100));
    bench.until(t0() + s(3600));
    assert_eq!(bench.outcomes(), []);
    bench.send(Input::ConfirmClock { token: 5, by: String::new() });
    assert_eq!(bench.outcomes(), missed(Reason::ClockUntrusted));
}

#[test]
fn a_person_lifts_the_doubt_and_says_so_in_the_log() {
    let confirm =
        |bench: &mut Bench| bench.send(Input::ConfirmClock { token: 5, by: "Trần Thị B".into() });
    let mut bench = found(TimeDelta::zero(), true);
    bench.air(true);
    assert_eq!((bench.answer(), bench.outcomes()), (Err("clock-unconfirmed"), vec![]));
    confirm(&mut bench);
    assert_eq!((bench.answer(), bench.outcomes()), (Ok("clock-confirmed"), missed(Reason::PowerOff)));
    let acts: Vec<_> = bench
        .log
        .iter()
        .filter_map(|(_, body)| if let Body::Operator(act) = body { Some(act.clone()) } else { None })
        .collect();
    assert_eq!((acts[0].act.as_str(), acts[0].by.as_str(), acts.len()), ("clock-confirm", "Trần Thị B", 1));
    assert!(acts[0].reason.contains("nghi sai"), "{:?}", acts[0]);
    confirm(&mut bench);
    assert_eq!(bench.answer(), Err("clock-not-doubted"));
    bench.until(t0() + TimeDelta::hours(12));
    assert_eq!(bench.takes(), 1);
    // A later step is doubted anew.
    bench.set_by(s(90));
    assert!(bench.controller.clock_doubt().is_some());
}

/// The machine is suspended for `span`, and then turns again.
fn sleep(bench: &mut Bench, span: TimeDelta) {
    bench.clock.sleep(span);
    bench.send(Input::Tick);
}

#[test]
fn a_slot_that_passed_while_the_machine_was_suspended_says_so_and_is_made_good() {
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    bench.until(t0() - s(600));
    sleep(&mut bench, s(900));
    assert_eq!((bench.outcomes(), bench.takes()), (missed(Reason::PowerOff), 0));
    let Some((_, Body::Missed(missed))) = bench.log.last() else { panic!("{:?}", bench.log) };
    assert_eq!(missed.detail, "2022-03-05T05:20:00+07:00 – 2022-03-05T05:35:00+07:00");
    assert!(bench.controller.make_goods().any(|slot| slot.at > t0()), "it is owed");
    // Made ready, and not cued yet.
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    bench.until(t0() - s(30));
    sleep(&mut bench, s(900));
    assert_eq!((bench.outcomes(), bench.takes()), (self::missed(Reason::PowerOff), 0));
    // Awake in time, it airs; a slot that is late for another reason says that one.
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    bench.until(t0() - s(1200));
    sleep(&mut bench, s(900));
    bench.until(t0() - s(30));
    bench.set_by(s(100));
    assert_eq!(bench.outcomes(), self::missed(Reason::ClockUntrusted), "it was set over the slot's time");
}

#[test]
fn a_machine_suspended_on_air_leaves_a_hole_that_its_own_clock_tells() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.until(t0());
    bench.started();
    bench.until(t0() + s(60));
    sleep(&mut bench, s(300));
    bench.until(t0() + s(1020));
    bench.ended_as(Tally { hole: s(300), ..tally(LENGTH) });
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::PowerOff))]);
}

#[test]
fn a_slot_that_passed_in_doubt_says_so_when_the_clock_is_right_again() {
    // An hour on a clock of 1970, then the time server: the slot was ten minutes ago.
    let mut bench = Bench::at(t0() - s(3000), vec![slot(t0())]);
    bench.health = UNSYNCHRONISED;
    bench.set_by(DateTime::UNIX_EPOCH - bench.now());
    bench.until(DateTime::UNIX_EPOCH + s(3600));
    assert_eq!(bench.outcomes(), []);
    bench.health = SYNCHRONISED;
    bench.set_by(t0() + s(600) - bench.now());
    assert_eq!((bench.outcomes(), bench.takes()), (missed(Reason::ClockUntrusted), 0));
}
