//! What is urgent begins at once, displaces what is on air or on its way there, and what was displaced is owed.

use super::*;
use crate::{
    airing::Urgent,
    evidence::{PackageAct, PackageName},
};

/// Half a minute.
const SHORT: Frames = Frames(30 * RATE as u64);

/// An urgent programme of package `seq`, from `from` on for an hour.
fn urgent(seq: u64, from: DateTime<Utc>) -> Urgent {
    Urgent {
        what: PackageName { channel: "quang-ngai".into(), month: march(), revision: 1, seq },
        package: Digest::of(&seq.to_le_bytes()),
        schedule: Digest::of(&seq.to_be_bytes()),
        programme: "bao-so-5".into(),
        from,
        until: from + s(3600),
        length: SHORT,
    }
}

impl Bench {
    fn comes(&mut self, seq: u64, from: DateTime<Utc>) {
        self.send(Input::Urgent(vec![urgent(seq, from)]));
    }

    /// Plays an urgent programme to its end.
    fn play_urgent(&mut self) {
        self.started();
        self.until(self.now() + s(30));
        self.ended(EndCause::Finished, LENGTH);
    }

    fn unaired(&self) -> Vec<String> {
        let unaired = |(_, body): &(_, Body)| match body {
            Body::Package(fact) if fact.act == PackageAct::Unaired => Some(fact.reason.clone()),
            _ => None,
        };
        self.log.iter().filter_map(unaired).collect()
    }
}

fn triggers(bench: &Bench) -> Vec<Trigger> {
    bench.cues().iter().map(|cue| cue.trigger).collect()
}

const PREEMPTED: (Outcome, Option<Reason>) = (Outcome::Preempted, Some(Reason::Urgent));

#[test]
fn at_rest_it_begins_at_once_outside_every_window() {
    let mut bench = Bench::at(t0() - s(4 * 3600), vec![]);
    bench.comes(1, bench.now());
    assert_eq!(bench.takes(), 1, "in the turn in which it came");
    let take = bench.take();
    assert_eq!((take.start, take.end_by), (Start::Now, bench.now() + s(3600)));
    bench.play_urgent();
    assert_eq!(bench.outcomes(), [(Outcome::Full, None)]);
    let cue = bench.cues()[0];
    assert_eq!((cue.trigger, &cue.slot, cue.programme.as_str()), (Trigger::Urgent, &None, "bao-so-5"));
    // The folder tells of it again and again.
    bench.comes(1, bench.now());
    assert_eq!((bench.takes(), bench.is_idle()), (1, true));
}

#[test]
fn what_is_on_air_gives_way_and_is_owed() {
    let mut bench = Bench::at(t0() - s(60), vec![slot(t0())]);
    bench.until(t0());
    bench.started();
    bench.until(t0() + s(100));
    bench.comes(1, bench.now());
    assert!(matches!(bench.told.last(), Some((_, Command::Stop))));
    assert_eq!(bench.takes(), 1, "not before the other has ended");
    bench.comes(1, bench.now());
    let stops = bench.told.iter().filter(|(_, command)| matches!(command, Command::Stop)).count();
    assert_eq!(stops, 1);
    bench.ended(EndCause::Stopped, Frames(100 * u64::from(RATE)));
    assert_eq!(bench.takes(), 2, "in the same turn");
    bench.play_urgent();
    assert_eq!(bench.outcomes(), [PREEMPTED, (Outcome::Full, None)]);
    let owed: Vec<_> = bench.controller.make_goods().map(|slot| slot.id.clone()).collect();
    assert_eq!(owed, [slot(t0()).id]);
}

#[test]
fn what_ended_by_itself_meanwhile_aired_in_full() {
    let mut bench = Bench::at(t0() - s(60), vec![slot(t0())]);
    bench.until(t0());
    bench.started();
    bench.until(t0() + s(12 * 60));
    bench.comes(1, bench.now());
    bench.ended(EndCause::Finished, LENGTH);
    assert_eq!(bench.outcomes(), [(Outcome::Full, None)]);
    assert_eq!(triggers(&bench), [Trigger::Schedule, Trigger::Urgent]);
}

#[test]
fn what_is_cued_ends_without_a_sound() {
    let mut bench = Bench::at(t0() - s(60), vec![slot(t0())]);
    bench.cue = Reply::Waits;
    bench.until(t0() - s(10));
    bench.cue = Reply::Well;
    bench.comes(1, bench.now());
    assert_eq!(bench.takes(), 0);
    bench.cued();
    assert_eq!(bench.outcomes(), [PREEMPTED]);
    assert_eq!(triggers(&bench), [Trigger::Schedule, Trigger::Urgent]);
    assert_eq!(bench.takes(), 1, "the urgent one alone");
}

#[test]
fn a_slot_that_is_only_made_ready_airs_behind_it_where_its_time_allows() {
    let mut bench = Bench::at(t0() - s(60), vec![slot(t0())]);
    bench.until(t0() - s(40));
    bench.comes(1, bench.now());
    bench.play_urgent();
    bench.until(t0());
    assert_eq!(triggers(&bench), [Trigger::Urgent, Trigger::Schedule]);
    assert_eq!(bench.take().start, Start::At(t0()));
}

#[test]
fn a_slot_whose_time_it_takes_is_preempted() {
    let mut bench = Bench::at(t0() - s(60), vec![slot(t0())]);
    bench.until(t0() - s(20));
    bench.comes(1, bench.now());
    bench.started();
    let late = s(i64::from(rules().policy.late_start_s));
    bench.until(t0() + late + s(2));
    assert_eq!(bench.outcomes(), [PREEMPTED]);
    bench.ended(EndCause::Finished, LENGTH);
    assert_eq!(bench.controller.make_goods().count(), 1);
}

#[test]
fn neither_a_hold_nor_a_doubt_keeps_it_and_a_person_ends_it() {
    let mut bench = Bench::at(t0(), vec![]);
    bench.stop(Some(t0() + s(7200)));
    bench.comes(1, bench.now());
    assert_eq!(bench.takes(), 1);
    bench.started();
    bench.stop(None);
    bench.ended(EndCause::Stopped, Frames(RATE.into()));
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::OperatorStop))]);
    bench.comes(1, bench.now());
    assert_eq!(bench.takes(), 1, "it is over");
    bench.health = UNSYNCHRONISED;
    bench.set_by(s(4000));
    assert!(bench.controller.clock_doubt().is_some());
    // By this clock its time is over, and it is not called so.
    bench.comes(3, t0());
    assert_eq!((bench.is_idle(), bench.unaired().len(), bench.controller.next_wake()), (true, 0, None));
    bench.comes(2, bench.now());
    assert_eq!(bench.takes(), 2);
}

#[test]
fn its_own_time_is_kept() {
    let mut bench = Bench::at(t0(), vec![]);
    bench.comes(1, t0() + s(600));
    assert_eq!(bench.controller.next_wake(), Some(t0() + s(600)));
    bench.until(t0() + s(599));
    assert!(bench.is_idle());
    bench.until(t0() + s(600));
    assert_eq!(bench.takes(), 1);
    bench.play_urgent();
    // Its time is over, or too short for what was measured.
    bench.comes(2, bench.now() - s(3601));
    assert_eq!((bench.unaired(), bench.takes()), (vec!["late-start".to_owned()], 1));
    bench.comes(3, bench.now() - s(3600) + s(60));
    assert_eq!((bench.unaired().len(), bench.takes()), (2, 1), "twelve minutes in one");
}

#[test]
fn one_that_cannot_be_made_ready_is_tried_while_its_time_has_room() {
    let mut bench = Bench::at(t0(), vec![]);
    bench.prepare = Reply::Fails(Reason::FileMissing);
    bench.comes(1, t0());
    bench.until(t0() + s(60));
    assert!(bench.prepares.len() > 5);
    assert_eq!(bench.unaired(), [] as [&str; 0]);
    bench.until(t0() + s(3600));
    assert_eq!(bench.unaired(), ["file-missing"]);
    assert!(bench.is_idle());
}

#[test]
fn of_several_each_airs_in_its_turn() {
    let mut bench = Bench::at(t0(), vec![]);
    bench.send(Input::Urgent(vec![urgent(2, t0()), urgent(1, t0())]));
    bench.play_urgent();
    bench.play_urgent();
    let schedules: Vec<_> = bench.cues().iter().map(|cue| cue.schedule).collect();
    assert_eq!(schedules, [urgent(1, t0()).schedule, urgent(2, t0()).schedule]);
}

#[test]
fn what_a_person_airs_gives_way() {
    let mut bench = Bench::at(t0(), vec![]);
    bench.air(false);
    bench.started();
    bench.comes(1, bench.now());
    bench.ended(EndCause::Stopped, Frames(RATE.into()));
    assert_eq!(bench.outcomes(), [PREEMPTED]);
    assert_eq!(triggers(&bench), [Trigger::Manual, Trigger::Urgent]);
}

#[test]
fn a_restart_knows_what_was_aired_and_goes_on_with_what_was_cut() {
    let mut bench = Bench::at(t0() + s(20), vec![]);
    bench.controller.restore_urgents(BTreeSet::from([urgent(1, t0()).schedule]));
    bench.comes(1, t0());
    assert!(bench.is_idle());
    let heard = Frames(15 * u64::from(RATE));
    let mut cut = cut(heard, t0() + s(15), Trigger::Urgent);
    cut.urgent = Some(Box::new(urgent(1, t0())));
    bench.controller.step(&bench.clock.now(), SYNCHRONISED, Input::Tick);
    bench.send(Input::Interrupted(Box::new(cut)));
    let cue = bench.cues()[0];
    assert_eq!((cue.trigger, cue.airing, cue.from), (Trigger::Urgent, Some(7), heard));
    assert_eq!(bench.take().end_by, t0() + s(3600));
}
