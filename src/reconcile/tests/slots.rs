//! Slots beside their rows: what differs, what counts, what is to be made good.

use proptest::prelude::*;

use super::*;
use crate::{
    evidence::{AsRunRow, ManualFact, asrun},
    programme::Windows,
    reconcile::{Discrepancy, MakeGood, Meant, Reconciled, Rules, Vouched, reconcile},
    words::Lang,
};

pub fn rules() -> Rules {
    Rules::new(chrono_tz::Asia::Ho_Chi_Minh, Windows::default())
}

pub fn rows(bench: &Bench) -> Vec<AsRunRow> {
    asrun::rows(&bench.entries)
}

fn meant(slot: &SlotId) -> Meant {
    let files = (0..2_u32).map(|n| Digest::of(&n.to_le_bytes())).collect();
    Meant { slot: slot.clone(), at: at(slot), dropped: false, files }
}

/// The slot of the 5th after what `live` did, as of ten in the morning of the 6th.
fn after(live: impl FnOnce(&mut Bench)) -> Reconciled {
    let mut bench = Bench::new();
    live(&mut bench);
    let now = at(&slot(6)) + s(16_200);
    reconcile(&[meant(&slot(5))], &rows(&bench), &[], &rules(), now).remove(0)
}

#[track_caller]
fn check(live: impl FnOnce(&mut Bench), counts: bool, wanted: &[Discrepancy]) {
    let found = after(live);
    assert_eq!((found.counts, found.discrepancies.as_slice()), (counts, wanted));
    for lang in [Lang::Vi, Lang::En] {
        assert!(found.discrepancies.iter().all(|d| d.message().say(lang) != d.message().code));
    }
}

fn ended(change: impl Fn(&mut End)) -> impl FnOnce(&mut Bench) {
    move |bench| {
        bench.air(&slot(5));
        bench.amend_end(change);
    }
}

#[test]
fn what_entries_prove_to_differ_is_told() {
    check(|bench| drop(bench.entries.pop()), false, &[Discrepancy::NoOutcome]);
    check(ended(|_| {}), true, &[]);
    let start = |error_us: i64| {
        move |bench: &mut Bench| {
            bench.air(&slot(5));
            let Body::Start(start) = &mut bench.entries[3].body else { panic!() };
            (start.error_us, start.first_us) = (error_us, start.first_us + error_us);
        }
    };
    check(start(1_000_000), true, &[]);
    check(start(1_001_000), true, &[Discrepancy::Late { by_ms: 1001 }]);
    check(start(-1_000_000), true, &[]);
    check(start(-2_000_000), false, &[Discrepancy::Early { by_ms: 2000 }, Discrepancy::OutOfWindow]);
    let short = Frames(LENGTH.0 * 97 / 100 - 1);
    let partial = ended(move |end| (end.outcome, end.consumed) = (Outcome::Partial, short));
    check(partial, false, &[Discrepancy::Short { consumed: short, expected: LENGTH }]);
    check(ended(|end| end.hole_ms = 30_001), true, &[Discrepancy::Hole { ms: 30_001 }]);
    check(ended(|end| end.proof = 1), false, &[]);
    let late = |end: &mut End| end.last_us = end.last_us.map(|last| last + 49 * 60_000_000);
    check(ended(late), false, &[Discrepancy::OutOfWindow]);
    let twice = |bench: &mut Bench| {
        bench.air(&slot(5));
        bench.missed(&slot(5), Reason::LateStart);
    };
    check(twice, true, &[Discrepancy::TwoOutcomes { entries: vec![7] }]);
    let to_file = |bench: &mut Bench| {
        bench.air(&slot(5));
        let Body::Start(start) = &mut bench.entries[3].body else { panic!() };
        start.device = "wav:/tmp/a.wav".into();
    };
    check(to_file, false, &[Discrepancy::VirtualOutput { device: "wav:/tmp/a.wav".into() }]);
    let segments = |first: u32, second: u32, files: [u32; 2]| {
        move |bench: &mut Bench| {
            bench.air(&slot(5));
            for (at, (n, file)) in [(4, (first, files[0])), (5, (second, files[1]))] {
                let Body::Segment(segment) = &mut bench.entries[at].body else { panic!() };
                (segment.n, segment.file) = (n, Digest::of(&file.to_le_bytes()));
            }
        }
    };
    check(segments(0, 1, [0, 7]), true, &[Discrepancy::OtherFile { n: 1 }]);
    let swapped = [Discrepancy::WrongOrder { n: 0 }, Discrepancy::WrongOrder { n: 1 }];
    check(segments(0, 1, [1, 0]), true, &swapped);
    check(segments(1, 0, [1, 0]), true, &[Discrepancy::WrongOrder { n: 0 }]);
}

#[test]
fn what_did_not_air_is_due_until_the_months_last_window() {
    let missed = |reason| {
        move |bench: &mut Bench| {
            bench.missed(&slot(5), reason);
        }
    };
    // Nothing is known of its length: it may begin until the last window closes, 18:00 on the 31st.
    let until = "2022-03-31T18:00:00+07:00".parse().unwrap();
    assert_eq!(after(missed(Reason::PowerOff)).make_good, MakeGood::Due { until });
    assert_eq!(after(missed(Reason::Superseded)).make_good, MakeGood::NotDue);
    assert_eq!(after(|_| {}).make_good, MakeGood::NotDue);
    let partial = ended(|end| end.outcome = Outcome::Partial);
    let until = "2022-03-31T17:48:00+07:00".parse().unwrap();
    assert_eq!(after(partial).make_good, MakeGood::Due { until });
    let mut bench = Bench::new();
    bench.missed(&slot(5), Reason::PowerOff);
    let at_end = |now: &str| {
        let now = now.parse().unwrap();
        let all = reconcile(&[meant(&slot(5))], &rows(&bench), &[], &rules(), now);
        all[0].make_good.clone()
    };
    assert!(matches!(at_end("2022-03-31T18:00:00+07:00"), MakeGood::Due { .. }));
    assert_eq!(at_end("2022-03-31T18:00:01+07:00"), MakeGood::Lapsed);
}

#[test]
fn only_a_later_full_airing_of_the_same_month_repairs() {
    let repaired = |change: &dyn Fn(&mut Bench)| {
        let airing = std::cell::Cell::new(0);
        let found = after(|bench| {
            bench.missed(&slot(5), Reason::PowerOff);
            airing.set(bench.make_good(&slot(5), at(&slot(6))));
            change(bench);
        });
        (found.outcome, found.make_good == MakeGood::Done { airing: airing.get() })
    };
    let missed = Some(Outcome::Missed);
    assert_eq!(repaired(&|_| {}), (missed, true));
    assert_eq!(repaired(&|bench| bench.amend_end(|end| end.outcome = Outcome::Partial)), (missed, false));
    assert_eq!(repaired(&|bench| bench.amend_end(|end| end.proof = 1)), (missed, false));
    let april = "2022-04".parse().unwrap();
    assert_eq!(repaired(&|bench| bench.amend_cue(|cue| cue.month = april)), (missed, false));
    let other = |bench: &mut Bench| bench.amend_cue(|cue| cue.repairs = Some(slot(12)));
    assert_eq!(repaired(&other), (missed, false));
    let early = after(|bench| {
        bench.make_good(&slot(5), at(&slot(4)));
        bench.missed(&slot(5), Reason::PowerOff);
    });
    assert!(matches!(early.make_good, MakeGood::Due { .. }));
}

#[test]
fn what_a_person_vouches_for_stands_beside_the_outcome() {
    let mut bench = Bench::new();
    bench.missed(&slot(5), Reason::PowerOff);
    let said = Vouched {
        entry: 9,
        fact: ManualFact {
            slot: Some(slot(5)),
            month: march(),
            programme: "cchc".into(),
            first_ms: 0,
            last_ms: 1,
            outcome: Outcome::Full,
            by: "B".into(),
            text: "máy FM cũ".into(),
            statement: Digest::of(b"note"),
        },
    };
    let meant = [meant(&slot(5)), meant(&slot(12))];
    let all = reconcile(&meant, &rows(&bench), std::slice::from_ref(&said), &rules(), at(&slot(6)));
    assert_eq!((all[0].outcome, all[0].counts), (Some(Outcome::Missed), false));
    assert_eq!((&all[0].vouched, &all[1].vouched), (&vec![said], &Vec::new()));
    assert!(matches!(all[0].make_good, MakeGood::Due { .. }));
    let json = serde_json::to_value(&all[0]).unwrap();
    assert_eq!(json["make_good"]["state"], "due");
    assert_eq!((&json["vouched"][0]["entry"], &json["vouched"][0]["by"]), (&9.into(), &"B".into()));
}

#[test]
fn the_last_list_of_a_month_is_in_force() {
    let mut bench = Bench::new();
    bench.accept(march(), 1, &[slot(5), slot(12)]);
    bench.accept(march(), 2, &[slot(12), slot(19)]);
    let lists: Vec<crate::programme::SlotList> = bench
        .entries
        .iter()
        .filter_map(|entry| match &entry.body {
            Body::ScheduleAccept(fact) => Some(&bench.lists[&fact.slots]),
            _ => None,
        })
        .map(|bytes| String::from_utf8(bytes.clone()).unwrap().parse().unwrap())
        .collect();
    let dropped = |lists: &[_]| -> Vec<(SlotId, bool)> {
        Meant::of_lists(lists).into_iter().map(|m| (m.slot, m.dropped)).collect()
    };
    let all = |five, nineteen| vec![(slot(5), five), (slot(12), false), (slot(19), nineteen)];
    assert_eq!(dropped(&lists), all(true, false));
    assert_eq!(dropped(&[lists[0].clone(), lists[1].clone(), lists[0].clone()]), all(false, true));
}

#[test]
fn the_latest_start_may_run_on_into_a_window_that_overlaps_or_touches() {
    // March 2022 ends on a Thursday.
    for (ranges, days, minutes, latest) in [
        (&["20:30-23:00", "22:30-24:00"][..], &["Sat"][..], 91, "2022-03-26T22:29:00+07:00"),
        (&["20:30-23:00", "23:00-24:00"], &["Sat"], 91, "2022-03-26T22:29:00+07:00"),
        (&["00:00-01:00", "23:00-24:00"], &["Sat", "Sun"], 91, "2022-03-26T23:29:00+07:00"),
        (&["00:00-24:00"], &["Thu", "Fri"], 91, "2022-04-01T00:00:00+07:00"),
        (&["20:30-23:00", "23:30-24:00"], &["Sat"], 91, "2022-03-26T21:29:00+07:00"),
    ] {
        let rules = Rules { windows: Windows::parse(ranges, days).unwrap(), ..rules() };
        let found = rules.latest_start(march(), TimeDelta::minutes(minutes));
        assert_eq!(found, Some(latest.parse().unwrap()), "{ranges:?} {days:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_latest_start_is_the_last_minute_that_a_window_covers(
        ranges in prop::collection::vec((0..23_u32, 1..12_u32), 1..4),
        days in prop::sample::subsequence(vec!["Mon", "Tue", "Wed", "Sat", "Sun"], 0..=5),
        minutes in 0..200_i64,
    ) {
        let texts: Vec<String> = ranges
            .iter()
            .map(|(from, hours)| format!("{from:02}:30-{:02}:00", if from + hours > 23 { 0 } else { from + hours }))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let rules = Rules { windows: Windows::parse(&texts, &days).unwrap(), ..rules() };
        let length = TimeDelta::minutes(minutes);
        let first: DateTime<Utc> = "2022-03-01T00:00:00+07:00".parse().unwrap();
        let instants = (0..31 * 1440).map(|n| first + TimeDelta::minutes(n));
        // A programme without length may begin at the very end of a window, which `covers` leaves out.
        let naive = instants.rev().find(|at| rules.windows.covers_at(rules.zone, *at, length));
        let found = rules.latest_start(march(), length);
        prop_assert_eq!(if minutes == 0 { found.map(|at| at - TimeDelta::minutes(1)) } else { found }, naive);
    }
}
