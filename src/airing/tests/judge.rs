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
        // What was thrown away was not heard; a loss beside it is told where the muting alone is not to blame.
        (false, None, Tally { muted: full, ..case(Finished, full, 0, 2) }, (MISSED, Some(Reason::Muted))),
        (false, None, Tally { muted: share(3, 0), ..case(Finished, full, 0, 3) }, (Full, None)),
        (
            false,
            None,
            Tally { muted: share(3, 1), ..case(Finished, full, 0, 3) },
            (Partial, Some(Reason::Muted)),
        ),
        (
            false,
            lost,
            Tally { muted: share(3, 1), ..case(Finished, full, 0, 3) },
            (Partial, Some(Reason::Muted)),
        ),
        (
            false,
            lost,
            Tally { muted: share(3, 1), ..case(Finished, share(50, 0), 0, 3) },
            (Partial, Some(Reason::DeviceLost)),
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
fn events_of_another_airing_are_not_believed() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.until(t0());
    let before = bench.log.len();
    let strange = 99;
    for event in [
        Event::Progress { airing: strange, position: LENGTH },
        Event::Segment { airing: strange, n: 0, frames: Frames(1) },
        Event::Segment { airing: 0, n: 9, frames: Frames(1) },
        Event::Ended { airing: strange, tally: tally(LENGTH) },
    ] {
        bench.send(Input::Player(event));
    }
    assert_eq!((bench.log.len(), bench.stamps.len()), (before, 0));
    assert!(matches!(bench.controller.state(), State::Armed(_)));
}
