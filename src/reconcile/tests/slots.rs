//! Slots beside their rows: what counts, what was made good, until when it may be.

use proptest::prelude::*;

use super::{
    matrix::{plan_2022, record},
    *,
};
use crate::{
    evidence::{AsRunRow, asrun},
    programme::Windows,
    reconcile::{Meant, Rules, Tally},
};

pub fn rules() -> Rules {
    Rules::new(chrono_tz::Asia::Ho_Chi_Minh, Windows::default())
}

pub fn rows(bench: &Bench) -> Vec<AsRunRow> {
    asrun::rows(&bench.entries)
}

fn ended(change: impl Fn(&mut End)) -> impl FnOnce(&mut Bench) {
    move |bench| {
        bench.air(&slot(5));
        bench.amend_end(change);
    }
}

#[test]
fn an_airing_counts_that_was_whole_on_a_device_in_a_window() {
    let counts = |live: &dyn Fn(&mut Bench)| {
        let mut bench = Bench::new();
        live(&mut bench);
        rows(&bench).iter().any(|row| rules().counts(row))
    };
    let start = |error_us: i64| {
        counts(&|bench| {
            bench.air(&slot(5));
            let Body::Start(start) = &mut bench.entries[3].body else { panic!() };
            (start.error_us, start.first_us) = (error_us, start.first_us + error_us);
        })
    };
    // Sound may overlap the edge of a window by a second; how late it began is told beside it.
    assert_eq!([0, 1_000_000, 1_001_000, -1_000_000, -2_000_000].map(start), [true, true, true, true, false]);
    let end = |change: &dyn Fn(&mut End)| {
        counts(&|bench| {
            bench.air(&slot(5));
            bench.amend_end(change);
        })
    };
    assert!(end(&|_| {}) && end(&|end| end.hole_ms = 30_001));
    assert!(!end(&|end| end.outcome = Outcome::Partial));
    assert!(!end(&|end| end.proof = 1));
    assert!(!end(&|end| end.last_us = end.last_us.map(|last| last + 49 * 60_000_000)));
    assert!(counts(&|bench| {
        bench.air(&slot(5));
        bench.missed(&slot(5), Reason::LateStart);
    }));
    assert!(!counts(&|bench| {
        bench.air(&slot(5));
        let Body::Start(start) = &mut bench.entries[3].body else { panic!() };
        start.device = "wav:/tmp/a.wav".into();
    }));
    assert!(!counts(&|bench| {
        bench.missed(&slot(5), Reason::PowerOff);
    }));
}

/// Why the slot of the 5th does not count after what `live` did, and how many make-goods its log tells of.
fn after(live: impl FnOnce(&mut Bench)) -> (Option<Reason>, usize) {
    let mut bench = Bench::new();
    live(&mut bench);
    let tally = Tally::of(&plan_2022(), &record(&bench, &[slot(5)], "2022-03-06T10:00:00+07:00"));
    (tally.slots[0].reason, tally.repaired.len())
}

#[test]
fn only_a_later_full_airing_of_the_same_month_repairs() {
    let missed = |reason, change: &dyn Fn(&mut Bench)| {
        after(|bench| {
            bench.missed(&slot(5), reason);
            bench.make_good(&slot(5), at(&slot(6)));
            change(bench);
        })
    };
    let (off, repaired) = (Reason::PowerOff, (None, 1));
    assert_eq!(missed(off, &|_| {}), repaired);
    assert_eq!(missed(off, &|bench| bench.amend_end(|end| end.outcome = Outcome::Partial)), (Some(off), 0));
    assert_eq!(missed(off, &|bench| bench.amend_end(|end| end.proof = 1)), (Some(off), 0));
    let april = "2022-04".parse().unwrap();
    assert_eq!(missed(off, &|bench| bench.amend_cue(|cue| cue.month = april)), (Some(off), 0));
    let other = |bench: &mut Bench| bench.amend_cue(|cue| cue.repairs = Some(slot(12)));
    assert_eq!(missed(off, &other), (Some(off), 0));
    // What a newer list dropped is owed to nobody.
    assert_eq!(missed(Reason::Superseded, &|_| {}), (Some(Reason::Superseded), 0));
    let early = after(|bench| {
        bench.make_good(&slot(5), at(&slot(4)));
        bench.missed(&slot(5), off);
    });
    assert_eq!(early, (Some(off), 0));
    assert_eq!(after(ended(|_| {})), (None, 0));
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
