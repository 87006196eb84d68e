//! An airing that was cut goes on, or ends with what it had.

use super::*;

/// The bench after a start at `now` with an airing that was cut.
fn after(now: DateTime<Utc>, cut: Interrupted, health: Health) -> Bench {
    let mut bench = Bench::with(rules(), now, cut.cue.slot.iter().cloned().collect());
    bench.health = health;
    bench.send(Input::Interrupted(Box::new(cut)));
    bench.send(Input::Rundown { schedule: centre(), slots: vec![slot(t0())], standing: Standing::Known });
    bench
}

const HEARD: Frames = Frames(100 * 48_000);

#[test]
fn it_goes_on_where_it_was_heard() {
    for (away, hole_full) in [(20, true), (31, false), (599, false)] {
        let cut_at = t0() + s(100);
        let mut bench = after(cut_at + s(away), cut(HEARD, cut_at, Trigger::Schedule), SYNCHRONISED);
        let take = bench.take();
        assert_eq!((take.airing, take.from, take.start), (7, HEARD, Start::Now));
        let cue = bench.cues()[0];
        assert_eq!((cue.airing, cue.trigger, cue.from), (Some(7), Trigger::Resume, HEARD));
        bench.play();
        let wanted =
            if hole_full { (Outcome::Full, None) } else { (Outcome::Partial, Some(Reason::PowerOff)) };
        assert_eq!(bench.outcomes(), [wanted], "{away} s away");
        let end = bench.end();
        assert_eq!((end.airing, end.consumed, end.hole_ms), (7, LENGTH, away.unsigned_abs() * 1000));
        bench.until(t0() + s(4000));
        assert_eq!((bench.outcomes().len(), bench.takes()), (1, 1));
    }
}

#[test]
fn the_longest_of_several_holes_decides() {
    let cut_at = t0() + s(100);
    for (earlier, wanted) in [(29, (Outcome::Full, None)), (31, (Outcome::Partial, Some(Reason::PowerOff)))] {
        let cut = Interrupted { hole: s(earlier), ..cut(HEARD, cut_at, Trigger::Schedule) };
        let mut bench = after(cut_at + s(5), cut, SYNCHRONISED);
        bench.play();
        assert_eq!(bench.outcomes(), [wanted]);
        assert_eq!(bench.end().hole_ms, earlier.unsigned_abs() * 1000);
        let starts = bench.log.iter().filter_map(|(_, body)| match body {
            Body::Start(start) => start.hole_ms,
            _ => None,
        });
        assert_eq!(starts.collect::<Vec<_>>(), [5000], "the next start of the program reads it there");
    }
}

#[test]
fn it_ends_when_it_is_back_too_late_or_the_window_fits_the_rest_no_more() {
    let cut_at = t0() + s(100);
    let late = t0() + s(3600 - 300);
    for (now, cut_at, health) in [
        (cut_at + s(601), cut_at, SYNCHRONISED),
        (late, late - s(20), SYNCHRONISED),
        (cut_at - s(20), cut_at, SYNCHRONISED),
        (cut_at + TimeDelta::days(3), cut_at, SYNCHRONISED),
    ] {
        let bench = after(now, cut(HEARD, cut_at, Trigger::Schedule), health);
        assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::PowerOff))]);
        assert_eq!((bench.takes(), bench.cues().len(), bench.end().consumed), (0, 0, HEARD));
        assert!(bench.is_idle());
    }
}

#[test]
fn cued_and_never_heard_it_is_missed_or_starts_with_its_true_error() {
    let nothing = || cut(Frames::ZERO, t0() - s(10), Trigger::Schedule);
    let bench = after(t0() + s(700), nothing(), SYNCHRONISED);
    assert_eq!(bench.outcomes(), missed(Reason::PowerOff));
    let mut bench = after(t0() + s(45), nothing(), SYNCHRONISED);
    bench.started();
    let Some((_, Body::Start(start))) = bench.log.last() else { panic!("no start") };
    assert_eq!(start.error_us, 45_000_000, "forty-five seconds late, and the log says so");
}

#[test]
fn what_a_person_stopped_does_not_go_on() {
    let cut_at = t0() + s(100);
    let cut = Interrupted { reason: Reason::OperatorStop, ..cut(HEARD, cut_at, Trigger::Schedule) };
    let bench = after(cut_at + s(2), cut, SYNCHRONISED);
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::OperatorStop))]);
    assert_eq!((bench.takes(), bench.is_idle()), (0, true));
}

#[test]
fn a_continuation_is_not_measured_against_the_plan() {
    let mut bench = after(t0() + s(120), cut(HEARD, t0() + s(100), Trigger::Schedule), SYNCHRONISED);
    bench.started();
    let Some((_, Body::Start(start))) = bench.log.last() else { panic!("no start") };
    assert_eq!(start.error_us, 0);
}

#[test]
fn it_can_be_cut_again_and_stopped() {
    let resumed = || after(t0() + s(120), cut(HEARD, t0() + s(100), Trigger::Schedule), SYNCHRONISED);
    let mut bench = resumed();
    bench.started();
    bench.stop(None);
    bench.ended(EndCause::Stopped, Frames(48_000));
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::OperatorStop))]);
    assert_eq!(bench.end().consumed, HEARD + Frames(48_000));
    let mut bench = resumed();
    bench.started();
    bench.send(Input::Shutdown);
    bench.ended(EndCause::Stopped, Frames(48_000));
    assert_eq!(bench.stamps, [(7, HEARD + Frames(48_000))]);
    assert_eq!(bench.outcomes(), []);
}

#[test]
fn a_device_that_is_gone_after_the_cut_takes_nothing_from_what_was_heard() {
    let mut bench = after(t0() + s(120), cut(HEARD, t0() + s(100), Trigger::Schedule), SYNCHRONISED);
    bench.ended_as(Tally { cause: EndCause::Failed(Fault::Absent), proof: 1, ..tally(Frames::ZERO) });
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::DeviceLost))]);
    assert_eq!((bench.end().consumed, bench.end().proof), (HEARD, 2));
}

#[test]
fn what_cannot_be_prepared_again_ends_with_what_it_had() {
    let mut bench = Bench::with(rules(), t0() + s(120), [slot(t0()).id].into());
    bench.prepare = Reply::Fails(Reason::FileChanged);
    bench.send(Input::Interrupted(Box::new(cut(HEARD, t0() + s(100), Trigger::Schedule))));
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::FileChanged))]);
    assert_eq!((bench.takes(), bench.end().airing), (0, 7));
}

#[test]
fn a_test_play_stays_a_test_however_often_it_is_cut() {
    let mut bench = after(t0() + s(120), cut(HEARD, t0() + s(100), Trigger::Test), SYNCHRONISED);
    assert_eq!(bench.cues()[0].trigger, Trigger::Test);
    bench.play();
    assert_eq!(bench.end().outcome, Outcome::Test);
    let bench = after(t0() + s(1200), cut(HEARD, t0() + s(100), Trigger::Test), SYNCHRONISED);
    assert_eq!(bench.end().outcome, Outcome::Test);
}

#[test]
fn a_hold_forbids_to_go_on() {
    let mut bench = Bench::with(rules(), t0() + s(120), [slot(t0()).id].into());
    bench.controller.restore_hold(Some(t0() + s(1000)));
    bench.send(Input::Interrupted(Box::new(cut(HEARD, t0() + s(100), Trigger::Schedule))));
    assert_eq!((bench.outcomes(), bench.takes()), (vec![(Outcome::Partial, Some(Reason::Held))], 0));
}

#[test]
fn of_two_that_were_cut_the_later_one_goes_on() {
    let cut_at = t0() + s(100);
    let earlier = Interrupted { airing: 3, ..cut(HEARD, cut_at - s(60), Trigger::Manual) };
    let mut bench = after(cut_at + s(5), cut(HEARD, cut_at, Trigger::Schedule), SYNCHRONISED);
    bench.send(Input::Interrupted(Box::new(earlier)));
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::PowerOff))]);
    assert_eq!(bench.end().airing, 3);
    assert_eq!(bench.take().airing, 7);
}

#[test]
fn a_stamp_holds_all_that_was_thrown_away_since_the_beginning() {
    let mut bench = Bench::at(t0() + s(120), vec![]);
    let half = Frames(LENGTH.0 / 2);
    let before =
        Interrupted { muted: Frames(48_000), hole: s(20), ..cut(half, t0() + s(110), Trigger::Schedule) };
    bench.send(Input::Interrupted(Box::new(before)));
    bench.started();
    let airing = bench.take().airing;
    let position = half + Frames(480_000);
    for (muted, hole) in [(Frames::ZERO, s(1)), (Frames(96_000), s(31))] {
        bench.send(Input::Player(Event::Progress {
            airing,
            position,
            muted,
            hole,
            peak: crate::units::Level(0),
        }));
    }
    assert_eq!(bench.thrown, [(Frames(48_000), s(20)), (Frames(144_000), s(31))]);
    bench.send(Input::Shutdown);
    let tally = Tally { muted: Frames(120_000), hole: s(2), ..tally(Frames(480_000)) };
    bench.ended_as(tally);
    assert_eq!(bench.thrown.last(), Some(&(Frames(168_000), s(20))));
}
