//! From counted frames to an outcome.

use super::*;

/// Airs the slot; the player then ends it as `tally` says. Gives outcome and reason.
fn judged(rehearsal: bool, fault: Option<Fault>, tally: Tally) -> (Outcome, Option<Reason>) {
    let mut bench = Bench::with(Rules { rehearsal, ..rules() }, t0() - s(120), BTreeSet::new());
    bench.send(Input::Rundown { schedule: centre(), slots: vec![slot(t0())], standing: Standing::Fresh });
    bench.until(t0());
    bench.started();
    if let Some(fault) = fault {
        let (device, detail) = (String::new(), String::new());
        let lost = Event::Lost { airing: Some(0), device, fault, detail, position: Frames::ZERO };
        bench.send(Input::Player(lost));
    }
    bench.ended_as(tally);
    bench.outcomes()[0]
}

#[test]
fn frames_and_holes_decide() {
    use EndCause::{Failed, Finished, Stopped, WindowEnd};
    use Outcome::{Full, Partial, Test};
    let share = |percent: u64, more: u64| Frames(LENGTH.0 * percent / 100 + more);
    let full = share(100, 0);
    let lost = Some(Fault::Lost);
    let case = |cause, consumed, hole_ms, proof| Tally {
        cause,
        hole: TimeDelta::milliseconds(hole_ms),
        proof,
        ..tally(consumed)
    };
    for (rehearsal, fault, tally, wanted) in [
        (false, None, case(Finished, full, 0, 3), (Full, None)),
        (false, None, case(Finished, full, 0, 2), (Full, None)),
        (false, lost, case(Finished, share(97, 0), 0, 3), (Full, None)),
        (false, lost, case(Finished, Frames(share(97, 0).0 - 1), 0, 3), (Partial, Some(Reason::DeviceLost))),
        (false, lost, case(Finished, full, 30_000, 3), (Full, None)),
        (false, lost, case(Finished, full, 30_001, 3), (Partial, Some(Reason::DeviceLost))),
        (
            false,
            Some(Fault::Stalled),
            case(WindowEnd, share(50, 0), 0, 3),
            (Partial, Some(Reason::OutputStalled)),
        ),
        (false, None, case(WindowEnd, share(50, 0), 0, 3), (Partial, Some(Reason::LateStart))),
        (false, None, case(Stopped, share(99, 0), 0, 3), (Partial, Some(Reason::OperatorStop))),
        (false, None, case(Stopped, Frames::ZERO, 0, 1), (MISSED, Some(Reason::OperatorStop))),
        (false, None, case(Failed(Fault::Absent), Frames::ZERO, 0, 1), (MISSED, Some(Reason::DeviceLost))),
        (false, None, case(Failed(Fault::Busy), Frames::ZERO, 0, 1), (MISSED, Some(Reason::DeviceBusy))),
        (false, None, case(Failed(Fault::Dummy), Frames::ZERO, 0, 1), (MISSED, Some(Reason::DeviceLost))),
        (
            false,
            None,
            case(Failed(Fault::Unpaced), share(10, 0), 0, 2),
            (Partial, Some(Reason::OutputStalled)),
        ),
        (
            false,
            None,
            case(Failed(Fault::FileChanged), share(10, 0), 0, 3),
            (Partial, Some(Reason::FileChanged)),
        ),
        (
            false,
            None,
            case(Failed(Fault::Software), share(10, 0), 0, 3),
            (Partial, Some(Reason::SoftwareFault)),
        ),
        // A virtual output airs nothing, whatever it consumed; a rehearsal's log proves nothing anyway.
        (false, None, case(Finished, full, 0, 1), (Test, None)),
        (false, None, case(Stopped, share(10, 0), 0, 1), (Test, Some(Reason::OperatorStop))),
        (true, None, case(Finished, full, 0, 1), (Full, None)),
        (true, None, case(Stopped, share(10, 0), 0, 1), (Partial, Some(Reason::OperatorStop))),
    ] {
        let told = format!("{rehearsal} {fault:?} {tally:?}");
        assert_eq!(judged(rehearsal, fault, tally), wanted, "{told}");
    }
}

#[test]
fn what_was_thrown_away_was_not_heard() {
    let share = |percent: u64, more: u64| Frames(LENGTH.0 * percent / 100 + more);
    let case = |muted, consumed| Tally { muted, ..tally(consumed) };
    let lost = Some(Fault::Lost);
    let partial = |reason| (Outcome::Partial, Some(reason));
    for (fault, tally, wanted) in [
        (None, case(LENGTH, LENGTH), (MISSED, Some(Reason::Muted))),
        (None, case(share(3, 0), LENGTH), (Outcome::Full, None)),
        (None, case(share(3, 1), LENGTH), partial(Reason::Muted)),
        (lost, case(share(3, 1), LENGTH), partial(Reason::Muted)),
        // The muting alone is not to blame.
        (lost, case(share(3, 1), share(50, 0)), partial(Reason::DeviceLost)),
    ] {
        let told = format!("{fault:?} {tally:?}");
        assert_eq!(judged(false, fault, tally), wanted, "{told}");
    }
}

#[test]
fn a_device_that_comes_and_goes_does_not_flood_the_log() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.until(t0());
    bench.started();
    let flap = |bench: &mut Bench| {
        let (device, detail) = (String::from("pulse:loud"), String::from("gone"));
        let position = Frames(48_000);
        let device = || device.clone();
        bench.send(Input::Player(Event::Lost {
            airing: Some(0),
            device: device(),
            fault: Fault::Lost,
            detail,
            position,
        }));
        bench.send(Input::Player(Event::Opened { device: device(), latency_us: 0, second: false }));
        bench.started();
    };
    for _ in 0..500 {
        flap(&mut bench);
    }
    let states = |bench: &Bench| -> Vec<DeviceState> {
        let state = |body: &Body| if let Body::Device(fact) = body { Some(fact.state) } else { None };
        bench.log.iter().filter_map(|(_, body)| state(body)).collect()
    };
    let before = states(&bench);
    assert!(before.len() < 15 && bench.log.len() < 25, "{} entries", bench.log.len());
    assert_eq!(before.last(), Some(&DeviceState::Unsteady));
    // Steady again, and what happens then is worth an entry again.
    bench.send(Input::Player(Event::Steady { device: "loud".into() }));
    flap(&mut bench);
    let after = states(&bench);
    assert_eq!(after[before.len()..], [DeviceState::Steady, DeviceState::Lost, DeviceState::Opened]);
}

#[test]
fn events_of_another_airing_are_not_believed() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.until(t0());
    let before = bench.log.len();
    let strange = 99;
    for event in [
        progress(strange, LENGTH),
        Event::Segment { airing: strange, n: 0, frames: Frames(1) },
        Event::Segment { airing: 0, n: 9, frames: Frames(1) },
        Event::Ended { airing: strange, tally: tally(LENGTH) },
    ] {
        bench.send(Input::Player(event));
    }
    assert_eq!((bench.log.len(), bench.stamps.len()), (before, 0));
    assert!(matches!(bench.controller.state(), State::Armed(_)));
}
