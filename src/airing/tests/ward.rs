//! Two schedules of one month: the centre's and the ward's own, which gives way.

use super::*;

fn own() -> ScheduleName {
    ScheduleName::ward(march())
}

/// A slot of the ward's own, in revision `revision` of its schedule.
fn own_slot(at: DateTime<Utc>, revision: u8) -> Planned {
    let local = (at + TimeDelta::hours(7)).format("%Y-%m-%dT%H:%M:%S");
    let id = format!("2022-03/ban-tin/{local}").parse().unwrap();
    Planned { id, schedule: Digest::of(&[100 + revision]), ward: true, ..slot(at) }
}

fn put(bench: &mut Bench, schedule: ScheduleName, slots: Vec<Planned>) {
    bench.send(Input::Rundown { schedule, slots, standing: Standing::Fresh });
}

fn upcoming(bench: &Bench) -> Vec<(String, Digest)> {
    bench.controller.upcoming().map(|slot| (slot.id.programme.clone(), slot.schedule)).collect()
}

const SUPERSEDED: (Outcome, Option<Reason>) = (Outcome::Cancelled, Some(Reason::Superseded));

#[test]
fn both_of_a_month_stand_and_a_revision_of_one_leaves_the_other() {
    let (morning, noon) = (t0(), t0() + s(1800));
    let mut bench = Bench::at(t0() - s(7200), vec![slot(morning)]);
    put(&mut bench, own(), vec![own_slot(noon, 1)]);
    let revision = |n: u8| Digest::of(&[n]);
    let both = |a, b| [("cchc".to_owned(), revision(a)), ("ban-tin".to_owned(), revision(b))];
    assert_eq!(upcoming(&bench), both(1, 101));
    put(&mut bench, own(), vec![own_slot(noon, 2)]);
    assert_eq!(upcoming(&bench), both(1, 102));
    put(&mut bench, centre(), vec![slot_of(morning, 2)]);
    assert_eq!(upcoming(&bench), both(2, 102));
    bench.until(morning);
    bench.play();
    bench.until(noon);
    bench.play();
    assert_eq!(bench.outcomes(), [(Outcome::Full, None); 2]);
    let of: Vec<_> = bench.cues().iter().map(|cue| (cue.ward, cue.schedule)).collect();
    assert_eq!(of, [(false, revision(2)), (true, revision(102))]);
    assert_eq!(bench.prepares.iter().map(|(_, job)| job.ward).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn either_dropped_is_superseded_alone() {
    for (dropped, left) in [(centre(), "ban-tin"), (own(), "cchc")] {
        let mut bench = Bench::at(t0() - s(7200), vec![slot(t0())]);
        put(&mut bench, own(), vec![own_slot(t0() + s(1800), 1)]);
        put(&mut bench, dropped, vec![]);
        assert_eq!(upcoming(&bench).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), [left]);
        bench.until(t0() + s(1800));
        let superseded = bench.outcomes().iter().filter(|outcome| **outcome == SUPERSEDED).count();
        assert_eq!(superseded, 1, "{dropped}");
    }
}

#[test]
fn a_slot_that_is_made_ready_follows_its_own_schedule_only() {
    for before in [59, 11] {
        let mut bench = Bench::at(t0() - s(7200), vec![slot(t0())]);
        bench.until(t0() - s(before));
        put(&mut bench, own(), vec![own_slot(t0() + s(1800), 1)]);
        put(&mut bench, own(), vec![]);
        assert!(!bench.is_idle(), "{before} s before");
        bench.until(t0());
        assert_eq!((bench.takes(), bench.prepares.len()), (1, 1), "{before} s before");
    }
}

#[test]
fn what_the_centre_issues_later_stands_and_the_wards_gives_way() {
    // Twelve minutes each: the ward's begins while the centre's sounds, or sounds when the centre's begins.
    for after in [0, -600, 600] {
        let mut bench = Bench::at(t0() - s(7200), vec![]);
        put(&mut bench, own(), vec![own_slot(t0() + s(after), 1), own_slot(t0() + s(1800), 1)]);
        put(&mut bench, centre(), vec![slot(t0())]);
        assert_eq!(upcoming(&bench).len(), 2, "{after}");
        bench.until(t0());
        assert_eq!(bench.take().start, Start::At(t0()), "{after}: the centre's is at its second");
        bench.play();
        bench.until(t0() + s(1800));
        bench.play();
        assert_eq!(bench.cues().iter().map(|cue| cue.ward).collect::<Vec<_>>(), [false, true], "{after}");
        let outcomes = bench.outcomes();
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == SUPERSEDED).count(), 1, "{after}");
        assert_eq!(outcomes.len(), 3, "{after}: {outcomes:?}");
    }
}

#[test]
fn what_is_made_ready_gives_way_until_its_cue_is_written() {
    for (before, airs) in [(59, "cchc"), (11, "cchc"), (5, "ban-tin")] {
        let mut bench = Bench::at(t0() - s(7200), vec![]);
        put(&mut bench, own(), vec![own_slot(t0(), 1)]);
        bench.until(t0() - s(before));
        put(&mut bench, centre(), vec![slot(t0() + s(60))]);
        bench.until(t0() + s(60));
        assert_eq!(bench.cues()[0].programme, airs, "{before} s before");
        assert_eq!(bench.outcomes().contains(&SUPERSEDED), airs == "cchc", "{before} s before");
        assert_eq!(bench.takes(), 1, "{before} s before");
    }
}

#[test]
fn what_goes_on_after_a_cut_is_never_withdrawn() {
    let mut bench = Bench::with(rules(), t0() + s(300), [slot(t0()).id].into());
    bench.prepare = Reply::Waits;
    let mut open = cut(Frames::from_ms(280_000), t0() + s(280), Trigger::Schedule);
    open.cue.ward = true;
    bench.send(Input::Interrupted(Box::new(open)));
    put(&mut bench, centre(), vec![slot_of(t0() + s(600), 2)]);
    bench.prepared();
    bench.play();
    bench.until(t0() + s(2000));
    assert_eq!((bench.end().slot, bench.end().outcome), (Some(slot(t0()).id), Outcome::Full));
    assert!(!bench.outcomes().contains(&SUPERSEDED), "its one outcome is that of its airing");
    assert!(bench.cues()[0].ward && bench.prepares[0].1.ward);
}

#[test]
fn what_gave_way_comes_back_when_the_centre_moves_its_own() {
    let mut bench = Bench::at(t0() - s(7200), vec![]);
    put(&mut bench, own(), vec![own_slot(t0(), 1)]);
    put(&mut bench, centre(), vec![slot(t0() + s(600))]);
    assert_eq!(upcoming(&bench).len(), 1);
    put(&mut bench, centre(), vec![slot(t0() + s(1800))]);
    // The daemon surveys the ward's again, since the centre's file changed.
    put(&mut bench, own(), vec![own_slot(t0(), 1)]);
    assert_eq!(upcoming(&bench).len(), 2);
    bench.until(t0());
    bench.play();
    assert_eq!(
        bench.outcomes(),
        [SUPERSEDED, (Outcome::Full, None)],
        "it airs; the centre's left its old time"
    );
}

#[test]
fn a_ward_that_comes_while_the_centres_is_at_work_gives_way_too() {
    for before in [59, 11, -60] {
        let mut bench = Bench::at(t0() - s(7200), vec![slot(t0())]);
        bench.until(t0() - s(before).max(TimeDelta::zero()));
        if before < 0 {
            bench.started();
            bench.until(t0() - s(before));
        }
        put(&mut bench, own(), vec![own_slot(t0() + s(300), 1)]);
        assert_eq!(upcoming(&bench), [], "{before} s before");
    }
}

#[test]
fn an_unapproved_draft_of_the_centre_takes_nothing_from_the_ward() {
    let mut bench = Bench::at(t0() - s(7200), vec![]);
    put(&mut bench, own(), vec![own_slot(t0(), 1)]);
    let standing = Standing::Draft;
    bench.send(Input::Rundown { schedule: centre(), slots: vec![slot(t0() + s(60))], standing });
    assert_eq!(upcoming(&bench).len(), 2);
    bench.send(Input::Rundown { schedule: centre(), slots: vec![], standing });
    bench.until(t0());
    bench.play();
    assert_eq!(bench.outcomes(), [(Outcome::Full, None)]);
}

#[test]
fn of_two_slots_of_one_name_the_centres_stands() {
    let twin = Planned { id: slot(t0()).id, ..own_slot(t0(), 1) };
    let mut bench = Bench::at(t0() - s(7200), vec![slot(t0())]);
    put(&mut bench, own(), vec![twin.clone()]);
    assert_eq!(upcoming(&bench), [("cchc".to_owned(), Digest::of(&[1]))]);
    let mut bench = Bench::at(t0() - s(7200), vec![]);
    put(&mut bench, own(), vec![twin]);
    put(&mut bench, centre(), vec![slot(t0())]);
    assert_eq!(upcoming(&bench), [("cchc".to_owned(), Digest::of(&[1]))]);
    bench.until(t0());
    bench.play();
    assert_eq!(bench.outcomes(), [(Outcome::Full, None)], "one slot, one outcome");

    // Though its time has passed when the centre's comes.
    let mut bench = Bench::with(rules(), t0() + s(30), BTreeSet::new());
    (bench.prepare, bench.health) = (Reply::Waits, UNSYNCHRONISED);
    bench.set_by(s(3600));
    let twin = Planned { id: slot(t0()).id, ..own_slot(t0(), 1) };
    bench.send(Input::Rundown { schedule: own(), slots: vec![twin], standing: Standing::Known });
    put(&mut bench, centre(), vec![slot(t0())]);
    bench.health = SYNCHRONISED;
    bench.until(t0() + s(3900));
    assert_eq!(bench.outcomes().len(), 1, "one slot, one outcome");
}
