//! What people ask for: air now, stop, hold, release, cancel, end.

use super::*;

/// A bench at each stage on the way to air, by name.
fn stages() -> Vec<(&'static str, Bench)> {
    let fresh = || Bench::at(t0() - s(120), vec![slot(t0())]);
    let mut preparing = fresh();
    preparing.prepare = Reply::Waits;
    preparing.until(t0() - s(30));
    let mut ready = fresh();
    ready.until(t0() - s(30));
    let mut cueing = fresh();
    cueing.cue = Reply::Waits;
    cueing.until(t0() - s(5));
    let mut armed = fresh();
    armed.until(t0() - s(5));
    let mut on_air = fresh();
    on_air.until(t0());
    on_air.started();
    vec![("preparing", preparing), ("ready", ready), ("cueing", cueing), ("armed", armed), ("on air", on_air)]
}

#[test]
fn the_stop_key_ends_it_at_every_stage_with_one_outcome() {
    for (stage, mut bench) in stages() {
        bench.stop(None);
        assert_eq!(bench.answer(), Ok("stop-done"), "{stage}");
        match stage {
            "cueing" => bench.cued(),
            "armed" => bench.ended(EndCause::Stopped, Frames::ZERO),
            "on air" => bench.ended(EndCause::Stopped, Frames(480_000)),
            _ => {}
        }
        let outcome = if stage == "on air" { Outcome::Partial } else { MISSED };
        assert_eq!(bench.outcomes(), [(outcome, Some(Reason::OperatorStop))], "{stage}");
        bench.until(t0() + s(1000));
        assert_eq!(bench.outcomes().len(), 1, "{stage}");
        let takes = usize::from(["armed", "on air"].contains(&stage));
        assert_eq!((bench.takes(), bench.is_idle()), (takes, true), "{stage}");
        assert!(bench.kinds().contains(&"operator"), "{stage}");
        assert!(bench.told.iter().any(|(_, command)| matches!(command, Command::Close)), "{stage}");
        let stopped = bench.told.iter().any(|(_, command)| matches!(command, Command::Stop));
        assert_eq!(stopped, takes == 1, "{stage}");
    }
}

#[test]
fn a_stop_with_nothing_on_air_is_entered_and_says_so() {
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    bench.stop(None);
    assert_eq!((bench.answer(), bench.kinds()), (Ok("stop-nothing"), vec!["operator"]));
    bench.until(t0());
    assert_eq!(bench.takes(), 1, "the slot is untouched");
}

#[test]
fn what_was_prepared_for_a_stopped_job_never_airs_in_another_place() {
    let second = t0() + s(40);
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0()), slot(second)]);
    bench.prepare = Reply::Waits;
    bench.until(t0() - s(30));
    let first_job = bench.prepares[0].1.clone();
    bench.stop(None);
    bench.until(second - s(50));
    assert_eq!(bench.prepares.len(), 2);
    bench.send(Input::Prepared(Box::new(first_job), Ok(master(Frames(48_000)))));
    bench.until(second - s(5));
    assert_eq!(bench.takes(), 0, "a late answer for another job is no answer");
    bench.prepared();
    assert_eq!((bench.takes(), bench.take().master.manifest.frames), (1, LENGTH));
}

#[test]
fn a_hold_silences_what_follows_until_its_time() {
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0()), slot(t0() + s(1000))]);
    bench.stop(Some(t0() + s(500)));
    assert_eq!((bench.answer(), bench.controller.hold()), (Ok("stop-held"), Some(t0() + s(500))));
    bench.until(t0() + s(1000));
    assert_eq!(bench.outcomes(), missed(Reason::Held));
    assert_eq!((bench.takes(), bench.controller.hold()), (1, None), "over, and the next one airs");
}

#[test]
fn a_hold_set_while_it_is_on_its_way_stops_it() {
    for (stage, mut bench) in stages() {
        bench.stop(Some(t0() + s(500)));
        if stage == "cueing" {
            bench.cued();
        }
        if bench.takes() > 0 {
            bench.ended(EndCause::Stopped, Frames::ZERO);
        }
        bench.until(t0() + s(100));
        assert_eq!(bench.outcomes(), missed(Reason::OperatorStop), "{stage}");
    }
}

#[test]
fn a_hold_is_released_by_hand() {
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    bench.stop(Some(t0() + s(500)));
    bench.air(false);
    assert_eq!(bench.answer(), Err("air-held"));
    let release = || Input::Release { token: 3, by: "Trực".into() };
    bench.send(release());
    assert_eq!((bench.answer(), bench.controller.hold()), (Ok("release-done"), None));
    bench.send(release());
    assert_eq!(bench.answer(), Err("release-nothing"));
    bench.until(t0());
    assert_eq!(bench.takes(), 1);
}

#[test]
fn a_hold_lasts_a_day_at_most_and_ends_in_the_future() {
    let now = t0() - s(3600);
    for (until, answer) in [
        (now + TimeDelta::hours(24), Ok("stop-held")),
        (now + TimeDelta::hours(24) + s(1), Err("hold-too-long")),
        (now, Err("hold-too-long")),
        (now - s(1), Err("hold-too-long")),
    ] {
        let mut bench = Bench::at(now, vec![]);
        bench.stop(Some(until));
        assert_eq!(bench.answer(), answer, "{until}");
        assert_eq!(bench.controller.hold().is_some(), answer.is_ok());
    }
}

#[test]
fn a_hold_of_the_last_run_is_still_in_force() {
    let mut bench = Bench::with(rules(), t0() - s(120), BTreeSet::new());
    bench.controller.restore_hold(Some(t0() + s(1)));
    bench.send(Input::Rundown { schedule: centre(), slots: vec![slot(t0())], standing: Standing::Known });
    bench.until(t0());
    assert_eq!(bench.outcomes(), missed(Reason::Held));
}

#[test]
fn a_slot_to_come_is_cancelled_once() {
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    let cancel =
        || Input::Cancel { token: 4, slot: slot(t0()).id, by: "Trực".into(), reason: "quốc tang".into() };
    bench.send(cancel());
    assert_eq!((bench.answer(), bench.kinds()), (Ok("cancel-done"), vec!["operator", "play.missed"]));
    bench.send(cancel());
    assert_eq!(bench.answer(), Err("cancel-unknown"));
    bench.send(Input::Rundown {
        schedule: centre(),
        slots: vec![slot_of(t0(), 2)],
        standing: Standing::Fresh,
    });
    bench.until(t0() + s(120));
    assert_eq!(bench.outcomes(), [(Outcome::Cancelled, Some(Reason::Cancelled))]);
    assert_eq!(bench.takes(), 0);
}

#[test]
fn a_manual_airing_begins_at_once_and_ends_full() {
    for (test, outcome, trigger) in
        [(false, Outcome::Full, Trigger::Manual), (true, Outcome::Test, Trigger::Test)]
    {
        let mut bench = Bench::at(t0(), vec![]);
        bench.air(test);
        assert_eq!((bench.answer(), bench.take().start), (Ok("air-begun"), Start::Now));
        assert_eq!((bench.cues()[0].trigger, &bench.cues()[0].slot), (trigger, &None));
        bench.play();
        assert_eq!(bench.end().outcome, outcome);
        assert!(bench.is_idle());
    }
}

#[test]
fn a_manual_airing_is_refused_where_it_would_be_in_the_way() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.until(t0() - s(30));
    bench.air(false);
    assert_eq!(bench.answer(), Err("air-busy"));

    for (at, answer) in [(779, Err("air-slot-near")), (780, Ok("air-begun"))] {
        let mut bench = Bench::at(t0(), vec![slot(t0() + s(at))]);
        bench.air(false);
        assert_eq!(bench.answer(), answer, "slot in {at} s");
    }
    for (at, answer) in
        [(-1, Err("air-quiet-hours")), (2880, Ok("air-begun")), (2881, Err("air-quiet-hours"))]
    {
        let mut bench = Bench::at(t0() + s(at), vec![]);
        bench.air(true);
        assert_eq!(bench.answer(), answer, "{at} s after the window opened");
        assert_eq!(bench.log.is_empty(), answer.is_err(), "nothing began, nothing is entered");
    }
}

#[test]
fn a_manual_airing_that_cannot_be_prepared_is_entered_as_refused() {
    let mut bench = Bench::at(t0(), vec![]);
    bench.prepare = Reply::Fails(Reason::NotApproved);
    bench.air(false);
    assert_eq!((bench.kinds(), bench.is_idle(), bench.takes()), (vec!["operator", "operator"], true, 0));
}

#[test]
fn an_end_of_the_daemon_leaves_the_airing_open_and_stamps_it() {
    for (stage, mut bench) in stages() {
        bench.send(Input::Shutdown);
        if bench.takes() > 0 {
            assert!(matches!(bench.told.last(), Some((_, Command::Stop))), "{stage}");
            let heard = Frames(if stage == "on air" { 480_000 } else { 0 });
            bench.ended(EndCause::Stopped, heard);
            assert_eq!(bench.stamps.last(), Some(&(0, heard)));
        }
        bench.until(t0() + s(100));
        assert_eq!(bench.outcomes(), [], "{stage}: the next run closes it");
        assert!(bench.is_idle(), "{stage}");
        assert!(bench.takes() <= 1, "{stage}");
    }
}
