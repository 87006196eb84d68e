//! Whatever happens, in whatever order: one outcome a slot, one cue a slot, nothing sounds uncued.

use proptest::prelude::*;

use super::*;

/// Something that may happen.
#[derive(Debug, Clone, Copy)]
enum Chance {
    Pass(i64),
    Step(i64),
    Synchronised(bool),
    Preparing(u8),
    Cueing(u8),
    Answer,
    Start,
    Progress,
    Lost,
    End(u8, u64),
    Stop(Option<i64>),
    Release,
    Air(bool),
    Cancel(usize),
    Confirm,
    /// Revision and which of the slots it holds, one bit each.
    Rundown(u8, u8, bool),
    /// The same of the ward's own schedule.
    Ward(u8, u8, bool),
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![
        12 => (1..400_i64).prop_map(Chance::Pass),
        1 => Just(Chance::Pass(11 * 3600)),
        1 => prop_oneof![Just(180), Just(-180), Just(315_532_800), Just(-315_532_800)].prop_map(Chance::Step),
        1 => any::<bool>().prop_map(Chance::Synchronised),
        2 => (0..3_u8).prop_map(Chance::Preparing),
        2 => (0..3_u8).prop_map(Chance::Cueing),
        3 => Just(Chance::Answer),
        6 => Just(Chance::Start),
        1 => Just(Chance::Progress),
        1 => Just(Chance::Lost),
        6 => (0..5_u8, 0..=100_u64).prop_map(|(cause, percent)| Chance::End(cause, percent)),
        1 => proptest::option::of(1..90_000_i64).prop_map(Chance::Stop),
        1 => Just(Chance::Release),
        1 => any::<bool>().prop_map(Chance::Air),
        1 => (0..SLOTS).prop_map(Chance::Cancel),
        1 => Just(Chance::Confirm),
        1 => (1..4_u8, any::<u8>(), any::<bool>()).prop_map(|(r, kept, fresh)| Chance::Rundown(r, kept, fresh)),
        1 => (1..4_u8, any::<u8>(), any::<bool>()).prop_map(|(r, kept, fresh)| Chance::Ward(r, kept, fresh)),
    ]
}

const SLOTS: usize = 6;

fn planned(n: usize, revision: u8) -> Planned {
    // Two close together, the others through the window.
    let after = [0, 30, 800, 1600, 2400, 2880][n];
    slot_of(t0() + s(after), revision)
}

/// A slot of the ward's own: some overlap the centre's, one bears the name of a slot of the centre.
fn planned_own(n: usize, revision: u8) -> Planned {
    let after = [0, 60, 800, 1500, 2000, 2880][n];
    let id = slot_of(t0() + s(after), 1).id;
    let programme = if n == 2 { id.programme.clone() } else { "ban-tin".into() };
    let id = SlotId { programme, ..id };
    Planned { id, ward: true, ..slot_of(t0() + s(after), 100 + revision) }
}

fn reply(n: u8) -> Reply {
    [Reply::Well, Reply::Waits, Reply::Fails(Reason::FileMissing)][usize::from(n)].clone()
}

fn happen(bench: &mut Bench, chance: Chance) {
    let airing = matches!(bench.controller.phase, super::super::controller::Phase::OnAir(_));
    match chance {
        Chance::Pass(seconds) => {
            // In uneven turns: the daemon does not wake every second.
            bench.clock.advance(s(seconds % 7));
            bench.send(Input::Tick);
            bench.clock.advance(s(seconds - seconds % 7));
            bench.send(Input::Tick);
        }
        Chance::Step(seconds) => bench.set_by(s(seconds)),
        Chance::Synchronised(yes) => bench.health = if yes { SYNCHRONISED } else { UNSYNCHRONISED },
        Chance::Preparing(n) => bench.prepare = reply(n),
        Chance::Cueing(n) => bench.cue = reply(n),
        // Also late answers for jobs that are gone; a cue is answered only when it is asked for.
        Chance::Answer
            if matches!(bench.controller.phase, super::super::controller::Phase::Cueing { .. }) =>
        {
            bench.cued();
        }
        Chance::Answer if !bench.prepares.is_empty() => bench.prepared(),
        Chance::Start if airing => bench.started(),
        Chance::Progress if airing => {
            let (airing, position) = (bench.take().airing, Frames(480));
            bench.send(Input::Player(progress(airing, position)));
        }
        Chance::Lost if airing => {
            let airing = Some(bench.take().airing);
            let (fault, detail, position) = (Fault::Lost, String::new(), Frames(480));
            bench.send(Input::Player(Event::Lost { airing, device: String::new(), fault, detail, position }));
        }
        Chance::End(cause, percent) if airing => {
            let cause =
                [EndCause::Finished, EndCause::Stopped, EndCause::WindowEnd, EndCause::Failed(Fault::Busy)]
                    .get(usize::from(cause))
                    .copied()
                    .unwrap_or(EndCause::Finished);
            bench.ended(cause, Frames(LENGTH.0 * percent / 100));
        }
        Chance::Stop(hold) => bench.stop(hold.map(|seconds| bench.now() + s(seconds))),
        Chance::Release => bench.send(Input::Release { token: 3, by: String::new() }),
        Chance::Air(test) => bench.air(test),
        Chance::Confirm => bench.send(Input::ConfirmClock { token: 5, by: String::new() }),
        Chance::Cancel(n) => {
            let slot = planned(n, 1).id;
            bench.send(Input::Cancel { token: 4, slot, by: String::new(), reason: String::new() });
        }
        Chance::Rundown(revision, kept, fresh) => {
            let slots = (0..SLOTS).filter(|n| kept >> n & 1 == 1).map(|n| planned(n, revision)).collect();
            let standing = if fresh { Standing::Fresh } else { Standing::Known };
            bench.send(Input::Rundown { schedule: centre(), slots, standing });
        }
        Chance::Ward(revision, kept, fresh) => {
            let slots = (0..SLOTS).filter(|n| kept >> n & 1 == 1).map(|n| planned_own(n, revision)).collect();
            let standing = if fresh { Standing::Fresh } else { Standing::Known };
            bench.send(Input::Rundown { schedule: ScheduleName::ward(march()), slots, standing });
        }
        _ => {}
    }
}

/// What must hold of the log and the player, whatever happened.
fn check(bench: &Bench, over: bool) {
    for id in (0..SLOTS).flat_map(|n| [planned(n, 1).id, planned_own(n, 1).id]) {
        let outcomes = bench.log.iter().filter(|(_, body)| match body {
            Body::End(end) => end.slot.as_ref() == Some(&id),
            Body::Missed(missed) => missed.slot == id,
            _ => false,
        });
        let outcomes = outcomes.count();
        let cues = bench.cues().iter().filter(|cue| cue.slot.as_ref() == Some(&id)).count();
        assert!(outcomes <= 1, "{id} has {outcomes} outcomes: {:#?}", bench.log);
        assert!(cues <= 1, "{id} was cued {cues} times: {:#?}", bench.log);
        let waiting = bench.controller.upcoming().any(|slot| slot.id == id);
        assert!(
            !over || outcomes == 1 || waiting || !seen(bench, &id),
            "{id} has no outcome: {:#?}",
            bench.log
        );
    }
    check_make_goods(bench);
    assert!(bench.takes() <= bench.cues().len());
    let ends = bench.kinds().iter().filter(|kind| **kind == "play.end").count();
    assert!(ends <= bench.cues().len());
}

/// Each begins in a window, for a slot that a fault kept from air before it, and there are not too many of them.
fn check_make_goods(bench: &Bench) {
    let mut begun: BTreeMap<(Month, String), u32> = BTreeMap::new();
    let mut repairable = BTreeSet::new();
    for (_, body) in &bench.log {
        match body {
            Body::Missed(missed) if missed.outcome == MISSED => drop(repairable.insert(missed.slot.clone())),
            Body::End(end) if end.outcome != Outcome::Full => repairable.extend(end.slot.clone()),
            Body::Cue(cue) if cue.airing.is_none() => {
                let Some(slot) = &cue.repairs else { continue };
                assert!(repairable.contains(slot), "{slot} needed none: {:#?}", bench.log);
                let at = DateTime::from_timestamp_millis(cue.planned_ms).unwrap();
                let span = TimeDelta::nanoseconds(LENGTH.ns());
                assert!(rules().windows.covers_at(rules().zone, at, span), "{at} for {slot}");
                let many = begun.entry((slot.month, slot.programme.clone())).or_default();
                *many += 1;
                assert!(*many <= rules().policy.make_goods, "a burst: {:#?}", bench.log);
            }
            _ => {}
        }
    }
}

/// Whether that slot was ever made known: it is closed, or it stands in the log.
fn seen(bench: &Bench, id: &SlotId) -> bool {
    bench.controller.closed.contains(id)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_slot_gets_one_outcome_and_one_cue(chances in proptest::collection::vec(chance(), 1..120)) {
        let slots = (0..SLOTS).map(|n| planned(n, 1)).collect();
        let mut bench = Bench::at(t0() - s(700), slots);
        for chance in chances {
            happen(&mut bench, chance);
            check(&bench, false);
        }
        // In the end everything answers and the clock is right: nothing is left without an outcome.
        (bench.prepare, bench.cue, bench.health) = (Reply::Well, Reply::Well, SYNCHRONISED);
        bench.set_by((t0() - bench.now()).max(TimeDelta::zero()));
        for turn in 0..300 {
            // A make-good that was made ready when the clock was set back waits half a day for its window.
            if turn >= 40 && bench.is_idle() {
                break;
            }
            happen(&mut bench, Chance::Answer);
            happen(&mut bench, Chance::End(0, 100));
            happen(&mut bench, Chance::Pass(300));
        }
        happen(&mut bench, Chance::End(0, 100));
        check(&bench, true);
        prop_assert!(bench.is_idle(), "{:?}", bench.controller.state());
    }
}
