//! A slot's way to air and every way in which it does not get there.

use super::*;

#[test]
fn a_slot_is_probed_prepared_cued_taken_and_ends_full() {
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    assert_eq!(bench.controller.next_wake(), Some(t0() - s(600)));
    bench.until(t0() - s(601));
    assert!(bench.told.is_empty());
    bench.until(t0());
    let begin: Vec<_> =
        bench.told.iter().map(|(at, command)| ((*at - t0()).num_seconds(), command)).collect();
    assert!(
        matches!(begin[..], [(-600, Command::Probe), (-60, Command::Open), (-10, Command::Take(_))]),
        "{begin:?}"
    );
    assert_eq!(bench.prepares[0].0, t0() - s(60));
    let cue = bench.cues()[0].clone();
    assert_eq!((cue.slot, cue.trigger, cue.from), (Some(slot(t0()).id), Trigger::Schedule, Frames::ZERO));
    assert_eq!((cue.planned_ms, cue.frames), (t0().timestamp_millis(), LENGTH));
    let take = bench.take();
    assert_eq!((take.airing, take.start, take.from), (0, Start::At(t0()), Frames::ZERO));
    assert_eq!(take.end_by, t0() + s(3600), "sound ends with its window");
    assert!(matches!(bench.controller.state(), State::Armed(_)));

    bench.started();
    bench.send(Input::Player(progress(0, Frames(48_000))));
    let State::OnAir { airing: 0, position: Frames(48_000), sounding: true, .. } = bench.controller.state()
    else {
        panic!("{:?}", bench.controller.state());
    };
    assert_eq!(bench.stamps, [(0, Frames(48_000))]);
    for n in 0..3 {
        bench.send(Input::Player(Event::Segment { airing: 0, n, frames: Frames(LENGTH.0 / 3) }));
    }
    bench.until(t0() + s(720));
    bench.ended(EndCause::Finished, LENGTH);
    assert_eq!(bench.kinds(), ["play.cue", "play.start", "segment", "segment", "segment", "play.end"]);
    assert!(matches!(bench.told.last(), Some((_, Command::Close))));
    assert_eq!(bench.outcomes(), [(Outcome::Full, None)]);
    let end = bench.end();
    assert_eq!((end.expected, end.consumed, end.proof, end.hole_ms), (LENGTH, LENGTH, 3, 0));
    assert_eq!(end.last_us, Some((t0() + s(720)).timestamp_micros()));
    assert!(bench.is_idle());
}

#[test]
fn the_start_entry_holds_the_measured_error() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.until(t0());
    bench.clock.advance(TimeDelta::milliseconds(7));
    bench.started();
    let error = bench.log.iter().find_map(|(_, body)| match body {
        Body::Start(start) => Some(start.error_us),
        _ => None,
    });
    assert_eq!(error, Some(7000));
}

#[test]
fn nothing_is_taken_before_its_cue_is_on_disk() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.cue = Reply::Waits;
    bench.until(t0() + s(20));
    assert_eq!((bench.cues().len(), bench.takes()), (1, 0));
    bench.cued();
    assert_eq!((bench.cues().len(), bench.takes()), (1, 1));
    assert_eq!(bench.take().start, Start::Now);
}

#[test]
fn a_cue_that_is_durable_too_late_sounds_no_more() {
    // The disk hung: until after the late start, until after the window.
    for (after, reason) in [(s(61), Reason::LateStart), (s(7200), Reason::LateStart)] {
        let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
        bench.cue = Reply::Waits;
        bench.until(t0() + after);
        bench.cued();
        assert_eq!(bench.takes(), 0);
        assert_eq!(bench.outcomes(), missed(reason));
        assert!(matches!(bench.told.last(), Some((_, Command::Close))));
    }
}

#[test]
fn a_cue_that_fails_is_tried_again_until_it_is_too_late() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.cue = Reply::Fails(Reason::DiskFull);
    bench.until(t0() + s(30));
    assert_eq!(bench.outcomes(), []);
    bench.cue = Reply::Well;
    bench.until(t0() + s(36));
    assert_eq!((bench.takes(), bench.take().start), (1, Start::Now));

    // A write-protected disk: the last attempt before the instant may do with memory, and airs on its second.
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.cue = Reply::OnlyAtAll;
    bench.until(t0() - s(2));
    assert_eq!(bench.takes(), 0);
    bench.until(t0());
    assert_eq!((bench.takes(), bench.take().start), (1, Start::At(t0())));

    for late_start_s in [0, 2, 58, 60] {
        let policy = Policy { late_start_s, ..Policy::default() };
        let mut bench = Bench::with(Rules { policy, ..rules() }, t0() - s(120), BTreeSet::new());
        bench.cue = Reply::Fails(Reason::DiskFull);
        bench.send(Input::Rundown { schedule: centre(), slots: vec![slot(t0())], standing: Standing::Fresh });
        bench.until(t0() + s(120));
        assert_eq!(bench.outcomes(), missed(Reason::DiskFull), "late start {late_start_s} s");
        assert_eq!(bench.takes(), 0);
    }
}

#[test]
fn a_preparation_that_fails_is_tried_until_the_instant_and_its_reason_stands() {
    for reason in [Reason::FileMissing, Reason::FileChanged, Reason::NotApproved, Reason::FileUndecodable] {
        let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
        bench.prepare = Reply::Fails(reason);
        bench.until(t0() - s(1));
        assert_eq!(bench.prepares.len(), 12, "every five seconds");
        assert_eq!(bench.outcomes(), []);
        bench.until(t0());
        assert_eq!(bench.outcomes(), missed(reason));
        bench.until(t0() + s(600));
        assert_eq!((bench.outcomes().len(), bench.takes(), bench.is_idle()), (1, 0, true));
    }
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    bench.prepare = Reply::Fails(Reason::FileMissing);
    bench.until(t0() - s(20));
    bench.prepare = Reply::Well;
    bench.until(t0());
    assert_eq!(bench.take().start, Start::At(t0()), "the file came in time");
}

#[test]
fn a_preparation_that_takes_long_starts_late_or_not_at_all() {
    for (ready_after, wanted) in [(0, None), (60, None), (61, Some(Reason::LateStart))] {
        let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
        bench.prepare = Reply::Waits;
        bench.until(t0() + s(ready_after));
        bench.prepared();
        match wanted {
            None => assert_eq!((bench.take().start, bench.outcomes()), (Start::Now, vec![])),
            Some(reason) => assert_eq!((bench.takes(), bench.outcomes()), (0, missed(reason))),
        }
    }
}

#[test]
fn a_start_within_the_late_start_airs_and_one_beyond_is_missed() {
    for (late, airs) in [(0, true), (59, true), (61, false), (600, false)] {
        let bench = Bench::at(t0() + s(late), vec![slot(t0())]);
        if airs {
            assert_eq!((bench.take().start, bench.outcomes()), (Start::Now, vec![]), "{late} s late");
        } else {
            // Nobody was there at the slot, nor as long as it could still begin.
            assert_eq!(bench.outcomes(), missed(Reason::PowerOff), "{late} s late");
        }
    }
}

#[test]
fn what_has_passed_when_a_schedule_is_accepted_came_too_late() {
    let mut bench = Bench::with(rules(), t0() + s(30), BTreeSet::new());
    let slots = vec![slot(t0()), slot(t0() + TimeDelta::hours(12))];
    bench.send(Input::Rundown { schedule: centre(), slots: slots.clone(), standing: Standing::Fresh });
    assert_eq!(bench.outcomes(), missed(Reason::ScheduleLate));
    // The same again changes nothing.
    bench.send(Input::Rundown { schedule: centre(), slots, standing: Standing::Fresh });
    assert_eq!((bench.outcomes().len(), bench.controller.upcoming().count()), (1, 1));
}

#[test]
fn a_slot_that_a_revision_drops_is_superseded_even_while_it_is_made_ready() {
    let superseded = [(Outcome::Cancelled, Some(Reason::Superseded))];
    for before in [3600, 59, 11] {
        let mut bench = Bench::at(t0() - s(7200), vec![slot(t0())]);
        bench.until(t0() - s(before));
        bench.send(Input::Rundown { schedule: centre(), slots: vec![], standing: Standing::Fresh });
        assert_eq!(bench.outcomes(), [], "{before} s before: a later revision may bring it back");
        bench.until(t0());
        assert_eq!(bench.outcomes(), superseded, "{before} s before");
        bench.until(t0() + s(120));
        assert_eq!((bench.outcomes().len(), bench.takes(), bench.is_idle()), (1, 0, true));
        // Brought back too late, it keeps the outcome that it has.
        bench.send(Input::Rundown {
            schedule: centre(),
            slots: vec![slot_of(t0(), 3)],
            standing: Standing::Fresh,
        });
        assert_eq!(bench.outcomes().len(), 1);
    }
}

#[test]
fn a_slot_that_is_dropped_and_brought_back_in_time_airs() {
    let mut bench = Bench::at(t0() - s(7200), vec![slot(t0())]);
    bench.send(Input::Rundown { schedule: centre(), slots: vec![], standing: Standing::Fresh });
    bench.send(Input::Rundown {
        schedule: centre(),
        slots: vec![slot_of(t0(), 3)],
        standing: Standing::Fresh,
    });
    bench.until(t0());
    assert_eq!(bench.takes(), 1);
    bench.play();
    assert_eq!(bench.outcomes(), [(Outcome::Full, None)]);
}

#[test]
fn a_draft_comes_and_goes_without_a_trace() {
    let mut bench = Bench::at(t0() - s(7200), vec![]);
    let draft = |slots| Input::Rundown { schedule: centre(), slots, standing: Standing::Draft };
    bench.send(draft(vec![slot(t0() - s(9000)), slot(t0())]));
    bench.send(draft(vec![]));
    bench.send(draft(vec![slot(t0())]));
    assert_eq!((bench.outcomes().len(), bench.controller.upcoming().count()), (0, 1));
    bench.send(draft(vec![]));
    bench.until(t0() + s(600));
    assert_eq!((bench.outcomes().len(), bench.takes()), (0, 0));
}

#[test]
fn a_slot_that_a_revision_keeps_airs_by_the_new_one_until_its_cue_is_written() {
    for (before, revision) in [(3600, 2), (59, 2), (11, 2), (5, 1)] {
        let mut bench = Bench::at(t0() - s(7200), vec![slot(t0())]);
        bench.until(t0() - s(before));
        bench.send(Input::Rundown {
            schedule: centre(),
            slots: vec![slot_of(t0(), 2)],
            standing: Standing::Fresh,
        });
        bench.until(t0());
        assert_eq!((bench.takes(), bench.cues().len()), (1, 1), "{before} s before");
        assert_eq!(bench.cues()[0].schedule, Digest::of(&[revision]), "{before} s before");
        bench.play();
        assert_eq!(bench.outcomes(), [(Outcome::Full, None)]);
    }
}

#[test]
fn a_month_is_replaced_without_touching_another() {
    let april = Planned {
        id: "2022-04/cchc/2022-04-02T05:30:00".parse().unwrap(),
        ..slot(t0() + TimeDelta::days(28))
    };
    let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
    bench.send(Input::Rundown {
        schedule: ScheduleName::centre(april.id.month),
        slots: vec![april],
        standing: Standing::Fresh,
    });
    bench.send(Input::Rundown { schedule: centre(), slots: vec![], standing: Standing::Fresh });
    assert_eq!(bench.controller.upcoming().count(), 1);
    bench.until(t0());
    assert_eq!(bench.outcomes().len(), 1);
}

#[test]
fn slots_with_an_outcome_in_the_log_are_not_begun() {
    let mut bench = Bench::with(rules(), t0() - s(30), [slot(t0()).id].into());
    bench.send(Input::Rundown { schedule: centre(), slots: vec![slot(t0())], standing: Standing::Fresh });
    bench.until(t0() + s(120));
    assert_eq!((bench.log.len(), bench.takes()), (0, 0));
}

#[test]
fn quiet_hours_are_asked_again_with_the_true_length() {
    // Begins in the window and would end outside: the plan's length was unknown until now.
    let at = t0() + s(3600 - 719);
    let mut bench = Bench::at(at - s(120), vec![Planned { length: Frames::ZERO, ..slot(at) }]);
    bench.until(at);
    assert_eq!(bench.outcomes(), missed(Reason::QuietHours));
    let fits = t0() + s(3600 - 720);
    let mut bench = Bench::at(fits - s(120), vec![slot(fits)]);
    bench.until(fits);
    assert_eq!(bench.takes(), 1);
    // Late by a second, it fits no more.
    let mut bench = Bench::at(fits - s(120), vec![slot(fits)]);
    bench.prepare = Reply::Waits;
    bench.until(fits + s(1));
    bench.prepared();
    assert_eq!(bench.outcomes(), missed(Reason::LateStart));
}

#[test]
fn a_file_disturbs_nobody_at_night() {
    let night = t0() - TimeDelta::hours(4);
    let rules = Rules { enforce_windows: false, ..rules() };
    let mut bench = Bench::with(rules, night - s(120), BTreeSet::new());
    bench.send(Input::Rundown { schedule: centre(), slots: vec![slot(night)], standing: Standing::Fresh });
    bench.until(night);
    assert_eq!(bench.takes(), 1);
}

#[test]
fn the_next_slot_follows_on_the_heels_of_the_one_before() {
    let second = t0() + s(725);
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0()), slot(second)]);
    bench.until(t0());
    bench.play();
    bench.until(second);
    assert_eq!(bench.take().start, Start::At(second));
    bench.play();
    assert_eq!(bench.outcomes(), [(Outcome::Full, None); 2]);
    // One that overran makes the next late, and too late.
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0()), slot(second)]);
    bench.until(t0());
    bench.started();
    bench.until(second + s(61));
    assert_eq!(bench.outcomes(), missed(Reason::LateStart));
}

#[test]
fn what_the_device_does_is_entered() {
    let mut bench = Bench::at(t0() - s(120), vec![slot(t0())]);
    let opened = Event::Opened { device: "loud".into(), latency_us: 40_000, second: false };
    bench.send(Input::Player(opened));
    bench.until(t0());
    bench.started();
    let (fault, detail) = (Fault::Lost, "server gone".to_owned());
    let device = String::from("pulse:loud");
    let position = Frames(96_000);
    bench.send(Input::Player(Event::Lost {
        airing: Some(0),
        device: device.clone(),
        fault,
        detail,
        position,
    }));
    let State::OnAir { sounding: false, position: Frames(96_000), .. } = bench.controller.state() else {
        panic!("never sounding while the device is gone");
    };
    let failed =
        Event::OpenFailed { device: device.clone(), fault: Fault::Absent, detail: "no such sink".into() };
    bench.send(Input::Player(failed));
    bench.started();
    bench.send(Input::Player(Event::Closed { device }));
    assert_eq!(
        bench.kinds(),
        ["device", "play.cue", "play.start", "device", "device", "play.start", "device"]
    );
}

/// Windows that meet at midnight.
fn night() -> Rules {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    Rules { windows: Windows::parse(&["22:00-24:00", "00:00-01:00"], &days).unwrap(), ..rules() }
}

#[test]
fn a_programme_across_midnight_and_the_months_end_airs_whole_while_the_next_months_schedule_comes() {
    let at: DateTime<Utc> = "2022-03-31T23:54:00+07:00".parse().unwrap();
    let mut bench = Bench::with(night(), at - s(3600), BTreeSet::new());
    bench.send(Input::Rundown { schedule: centre(), slots: vec![slot(at)], standing: Standing::Known });
    bench.until(at);
    assert_eq!(bench.take().end_by, at + s(66 * 60), "the window ends an hour behind midnight");
    bench.started();
    bench.until(at + s(400));
    let april = ScheduleName::centre(march().next());
    let first = Planned { id: "2022-04/cchc/2022-04-01T00:20:00".parse().unwrap(), ..slot(at + s(1560)) };
    bench.send(Input::Rundown { schedule: april, slots: vec![first], standing: Standing::Fresh });
    bench.until(at + s(720));
    bench.ended(EndCause::Finished, LENGTH);
    assert_eq!(bench.outcomes(), [(Outcome::Full, None)]);
    bench.until(at + s(1560));
    assert_eq!((bench.cues()[1].month, bench.takes()), (march().next(), 2), "and the next month's follows");
}

#[test]
fn a_schedule_replaced_a_moment_before_a_slot_decides_what_airs_until_its_cue_is_written() {
    for before_s in [120, 59, 11] {
        // The same slot, another programme file; and the slot moved by ten minutes.
        for (moved_s, cues) in [(0, 1), (600, 1)] {
            let mut bench = Bench::at(t0() - s(3600), vec![slot(t0())]);
            bench.until(t0() - s(before_s));
            let new = slot_of(t0() + s(moved_s), 2);
            bench.send(Input::Rundown { schedule: centre(), slots: vec![new], standing: Standing::Fresh });
            bench.until(t0() + s(moved_s));
            assert_eq!(bench.cues().len(), cues, "{before_s} s before, moved by {moved_s}");
            assert_eq!(bench.cues()[0].schedule, Digest::of(&[2]));
            let dropped = usize::from(moved_s > 0);
            assert_eq!(bench.outcomes().len(), dropped, "what was dropped is superseded, and only that");
        }
    }
}
