//! Rows of small logs, entry by entry.

use proptest::prelude::*;

use super::*;
use crate::{
    evidence::{
        entry::{OperatorAct, Outcome, Reason, SegmentFact, Start, Trigger},
        samples::{clk, cue, digest, end, slot, start},
    },
    units::Frames,
};

fn log(bodies: Vec<Body>) -> Vec<Entry> {
    let entry = |(seq, body): (u64, Body)| Entry { seq, clk: clk(0), body };
    (0..).zip(bodies).map(entry).collect()
}

fn cued(day: u32) -> Body {
    Body::Cue(Box::new(cue(Some(slot(day)), Trigger::Schedule)))
}

fn ended(airing: u64, day: u32, outcome: Outcome) -> Body {
    Body::End(Box::new(end(airing, Some(slot(day)), outcome)))
}

fn missed(day: u32, reason: Reason) -> Body {
    let detail = "tắt".into();
    Body::Missed(Missed { slot: slot(day), planned_ms: 5, outcome: Outcome::Missed, reason, detail })
}

fn segment(airing: u64, n: u32) -> Body {
    Body::Segment(SegmentFact { airing, n, file: digest(7), frames: Frames(9) })
}

#[test]
fn a_full_airing_has_its_measured_times() {
    let log =
        log(vec![cued(5), Body::Start(start(0)), segment(0, 0), segment(0, 1), ended(0, 5, Outcome::Full)]);
    let rows = rows(&log);
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!((row.slot.as_ref(), row.airing), (Some(&slot(5)), Some(0)));
    assert_eq!((row.outcome, row.reason, row.proof), (Some(Outcome::Full), None, 3));
    assert_eq!((row.start_error_us, row.starts, row.segments.len()), (Some(4000), 1, 2));
    assert_eq!(row.first_us, Some(row.planned_ms * 1000 + 4000));
    assert_eq!(row.consumed, row.expected);
    assert_eq!(row.seqs, [0, 1, 2, 3, 4]);
    assert!(row.conflicts.is_empty());
}

#[test]
fn a_row_stays_open_until_its_end_and_takes_its_resumption() {
    let again = Cue { airing: Some(0), from: Frames(480), ..cue(Some(slot(5)), Trigger::Resume) };
    let mut log = log(vec![
        cued(5),
        Body::Start(start(0)),
        Body::Cue(Box::new(again)),
        Body::Start(Start { device: "usb".into(), error_us: 99, ..start(0) }),
    ]);
    let row = &rows(&log)[0];
    assert_eq!((row.outcome, row.consumed, row.starts), (None, None, 2));
    assert_eq!(row.devices.len(), 2);
    assert_eq!((row.start_error_us, row.trigger), (Some(4000), Some(Trigger::Schedule)));
    log.push(Entry { seq: 4, clk: clk(0), body: ended(0, 5, Outcome::Partial) });
    let rows = rows(&log);
    assert_eq!((rows.len(), rows[0].outcome), (1, Some(Outcome::Partial)));
    assert_eq!(rows[0].reason, Some(Reason::OperatorStop));
}

#[test]
fn what_did_not_air_says_why_and_what_people_said() {
    let act = OperatorAct {
        act: "cancel".into(),
        by: "B".into(),
        reason: "bão".into(),
        slot: Some(slot(6)),
        until_ms: None,
    };
    let note = |text: &str| Body::Note { slot: slot(6), by: "B".into(), text: text.into() };
    let log = log(vec![
        Body::Operator(act),
        missed(6, Reason::Cancelled),
        note("bão số 4"),
        Body::Correct { entry: 2, by: "B".into(), text: "bão số 5".into() },
        Body::Heartbeat {},
    ]);
    let row = &rows(&log)[0];
    assert_eq!((row.outcome, row.reason), (Some(Outcome::Missed), Some(Reason::Cancelled)));
    assert_eq!((row.detail.as_str(), row.airing, row.planned_ms), ("tắt", None, 5));
    let said: Vec<_> = row.notes.iter().map(|n| (n.seq, n.corrects, n.text.as_str())).collect();
    assert_eq!(said, [(0, None, "bão"), (2, None, "bão số 4"), (3, Some(2), "bão số 5")]);
    assert_eq!(row.seqs, [0, 1, 2, 3]);
}

#[test]
fn corrections_reach_what_was_said_before_the_slot_and_each_other() {
    let note = Body::Note { slot: slot(6), by: "B".into(), text: "sẽ mất điện".into() };
    let correct = |entry| Body::Correct { entry, by: "B".into(), text: format!("sửa {entry}") };
    let log = log(vec![note, correct(0), correct(1), missed(6, Reason::PowerOff), correct(2), correct(99)]);
    let rows = rows(&log);
    assert_eq!(rows.len(), 1);
    let said: Vec<_> = rows[0].notes.iter().map(|n| (n.seq, n.corrects)).collect();
    assert_eq!(said, [(0, None), (1, Some(0)), (2, Some(1)), (4, Some(2))]);
    assert_eq!(rows[0].notes[0].text, "sẽ mất điện", "what was said stays");
    assert_eq!(rows[0].seqs, [0, 1, 2, 3, 4]);
}

#[test]
fn an_airing_by_hand_stands_beside_its_slot() {
    let fact = ManualFact {
        slot: Some(slot(5)),
        month: slot(5).month,
        programme: "cchc".into(),
        first_ms: 7_000,
        last_ms: 9_000,
        outcome: Outcome::Full,
        by: "B".into(),
        text: "máy FM".into(),
        statement: digest(9),
    };
    let correct = Body::Correct { entry: 1, by: "B".into(), text: "máy AM".into() };
    let log = log(vec![missed(5, Reason::PowerOff), Body::Manual(Box::new(fact)), correct]);
    let rows = rows(&log);
    assert_eq!((rows[0].outcome, rows[0].proof, &rows[0].seqs[..]), (Some(Outcome::Missed), 0, &[0][..]));
    let row = &rows[1];
    assert_eq!((&row.slot, &row.vouches, row.airing), (&None, &Some(slot(5)), None));
    assert_eq!((row.trigger, row.outcome, row.proof), (Some(Trigger::ByHand), Some(Outcome::Full), 6));
    assert_eq!((row.first_us, row.last_us, row.planned_ms), (Some(7_000_000), Some(9_000_000), 7_000));
    assert_eq!((row.start_error_us, row.statement, &row.seqs[..]), (None, Some(digest(9)), &[1, 2][..]));
}

#[test]
fn manual_airings_and_make_goods_have_rows_of_their_own() {
    let good = Cue { repairs: Some(slot(5)), ..cue(None, Trigger::MakeGood) };
    let manual = || Body::Cue(Box::new(cue(None, Trigger::Manual)));
    let log = log(vec![missed(5, Reason::PowerOff), Body::Cue(Box::new(good)), manual(), manual()]);
    let rows = rows(&log);
    assert_eq!(rows.iter().map(|r| r.airing).collect::<Vec<_>>(), [None, Some(1), Some(2), Some(3)]);
    assert_eq!((rows[1].repairs.as_ref(), rows[1].slot.as_ref()), (Some(&slot(5)), None));
}

#[test]
fn a_second_outcome_is_shown_and_changes_nothing() {
    let log = log(vec![
        cued(5),
        ended(0, 5, Outcome::Full),
        missed(5, Reason::PowerOff),
        ended(9, 5, Outcome::Full),
    ]);
    let row = &rows(&log)[0];
    assert_eq!((row.outcome, row.reason, row.detail.as_str()), (Some(Outcome::Full), None, ""));
    assert_eq!(row.conflicts, [2]);
}

proptest! {
    #[test]
    fn every_entry_of_an_airing_lands_in_exactly_one_row(picks in prop::collection::vec((0..6u8, 1..9u32, 0..40u64), 0..40)) {
        let bodies = picks.iter().map(|&(what, day, airing)| match what {
            0 => cued(day),
            1 => Body::Start(start(airing)),
            2 => segment(airing, day),
            3 => ended(airing, day, Outcome::Full),
            4 => missed(day, Reason::PowerOff),
            _ => Body::Heartbeat {},
        });
        let log = log(bodies.collect());
        let rows = rows(&log);
        let mut seqs: Vec<u64> = rows.iter().flat_map(|r| r.seqs.clone()).collect();
        seqs.sort_unstable();
        prop_assert!(seqs.windows(2).all(|w| w[0] < w[1]));
        let mut slots: Vec<_> = rows.iter().filter_map(|r| r.slot.clone()).collect();
        let count = slots.len();
        slots.sort();
        slots.dedup();
        prop_assert_eq!(slots.len(), count);
        for row in rows {
            prop_assert!(row.seqs.is_sorted());
            prop_assert!(row.conflicts.iter().all(|c| row.seqs.contains(c)));
        }
    }
}
