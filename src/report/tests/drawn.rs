//! What is drawn: plans whose units come and go, stations with logs that end or are begun anew, airings with their fates,
//! periods.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate, NaiveTime};
use proptest::{prelude::*, sample::select};

use super::told::{FOREIGN, Fate, Place, Told, day, month, plan_of_2022, unit};
use crate::{
    evidence::Reason,
    programme::{Plan, Unit},
    reconcile::Period,
    units::Month,
};

/// What a unit lives through in the year.
#[derive(Debug, Clone, Copy)]
pub enum Life {
    Whole,
    /// Merged into another on this day.
    Merged(NaiveDate),
    Founded(NaiveDate),
    Renamed(NaiveDate),
}

pub fn some_day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..420).prop_map(|n| day("2021-12-10") + Days::new(n))
}

fn some_month() -> impl Strategy<Value = Month> {
    (0..13_usize)
        .prop_map(|n| std::iter::successors(Some(month("2021-12")), |m| Some(m.next())).nth(n).unwrap())
}

pub fn plan() -> impl Strategy<Value = Plan> {
    let life = prop_oneof![
        2 => Just(Life::Whole),
        1 => some_day().prop_map(Life::Merged),
        1 => some_day().prop_map(Life::Founded),
        1 => some_day().prop_map(Life::Renamed),
    ];
    let lives = proptest::collection::vec(life, 1..4);
    (lives, 1..3_u32, 1..4_u32, select(vec!["2022-11-30", "2022-12-10", "2022-12-31"])).prop_map(
        |(lives, a_month, airings_due, deadline)| {
            let mut plan = Plan { a_month, airings_due, ..plan_of_2022() };
            plan.report.deadline = day(deadline);
            plan.units = (0..).zip(lives).flat_map(|(n, life)| lived(n, life)).collect();
            plan
        },
    )
}

pub fn lived(n: usize, life: Life) -> Vec<Unit> {
    let (id, name, new) = (format!("u{n}"), format!("phường Số {n}"), day("2020-01-01"));
    match life {
        Life::Whole => vec![unit(&id, &name, new, None)],
        Life::Merged(on) => vec![unit(&id, &name, new, Some(on))],
        Life::Founded(on) => vec![unit(&id, &name, on, None)],
        Life::Renamed(on) => {
            let later = on + Days::new(1);
            vec![unit(&id, &name, new, Some(on)), unit(&id, "phường Tên Mới", later, None)]
        }
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Full),
        3 => select(vec![Reason::PowerOff, Reason::DeviceLost, Reason::Superseded]).prop_map(Fate::Missed),
        // Whom it repairs is seen when all airings are drawn.
        3 => Just(Fate::MakesGood(day("2022-01-01").and_time(NaiveTime::MIN))),
        9 => select(vec![
            Fate::Resumed, Fate::Partial, Fate::Preempted, Fate::OutOfWindow, Fate::Cancelled, Fate::Test, Fate::Tested,
            Fate::Virtual,
            Fate::Unproven, Fate::Manual, Fate::Vouched, Fate::Silent,
        ]),
    ]
}

fn told() -> impl Strategy<Value = Told> {
    let programme = prop_oneof![4 => Just("p0"), 2 => Just("p1"), 1 => Just(FOREIGN)];
    // The last that fits its window, one that does not, and two at which the loudspeakers rest.
    let time = select(vec![(5, 30), (5, 30), (6, 18), (17, 0), (17, 0), (6, 25), (12, 0), (22, 0)]);
    (some_month(), programme, 0..50_u64, time, fate()).prop_map(|(month, programme, days, (h, m), fate)| {
        Told {
            month,
            programme: programme.into(),
            at: (month.first() + Days::new(days)).and_hms_opt(h, m, 0).unwrap(),
            fate,
        }
    })
}

/// A station; what makes good something takes up one of its slots, by the number beside it.
fn place() -> impl Strategy<Value = Place> {
    let airings = proptest::collection::vec((told(), any::<prop::sample::Index>()), 0..40);
    (0..4, some_day(), some_day(), any::<bool>(), airings).prop_map(|(n, a, b, ended, drawn)| {
        let slots: Vec<Told> = drawn.iter().map(|(told, _)| told.clone()).filter(Told::is_slot).collect();
        let repairs = |(mut told, which): (Told, prop::sample::Index)| {
            if let Fate::MakesGood(lost) = told.fate {
                // What makes something good comes behind it, or is no make-good.
                let earlier: Vec<&Told> = slots.iter().filter(|slot| slot.at < told.at).collect();
                if !earlier.is_empty() {
                    let slot = which.get(&earlier);
                    (told.month, told.fate) = (slot.month, Fate::MakesGood(slot.at));
                    told.programme.clone_from(&slot.programme);
                } else if told.at <= lost {
                    told.fate = Fate::Full;
                }
            }
            told
        };
        let mut airings: Vec<Told> = drawn.into_iter().map(repairs).collect();
        airings.sort_by_key(|told| told.at);
        let mut seen = BTreeSet::new();
        airings.retain(|told| !told.is_slot() || seen.insert((told.month, told.programme.clone(), told.at)));
        let (station, unit, known) = (String::new(), format!("u{n}"), (a.min(b), a.max(b)));
        Place { station, unit, epoch: 1, known, ended, airings }
    })
}

pub fn places() -> impl Strategy<Value = Vec<Place>> {
    let place =
        prop_oneof![3 => place().prop_map(|place| vec![place]), 1 => (place(), 0..400_u64).prop_map(twice)];
    proptest::collection::vec(place, 0..4).prop_map(|mut stations| {
        for (n, place) in
            (0..).zip(&mut stations).flat_map(|(n, logs)| logs.iter_mut().map(move |log| (n, log)))
        {
            place.station = format!("dai-{n}");
        }
        stations.concat()
    })
}

/// A station that began its log anew within the days that `place` knows.
fn twice((place, days): (Place, u64)) -> Vec<Place> {
    let (from, to) = place.known;
    let on = (from + Days::new(days)).min(to);
    let (airings, later) = place.airings.iter().cloned().partition(|told| told.at.date() < on);
    let before = Place { known: (from, on), ended: true, airings, ..place.clone() };
    vec![before, Place { epoch: 2, known: (on, to), airings: later, ..place }]
}

pub fn period() -> impl Strategy<Value = Period> {
    prop_oneof![
        3 => Just(Period::Year),
        1 => some_month().prop_map(Period::Month),
        1 => some_month().prop_map(Period::Fifteenth),
        1 => (some_day(), some_day()).prop_map(|(a, b)| Period::Custom { from: a.min(b), to: a.max(b) }),
    ]
}
