//! Logs that the real controller, player and store write, held against their slot lists.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use loa::{
    control::Folder,
    daemon::{Rehearsal, rehearse},
    evidence::{Body, Entry, Outcome},
    reconcile::{Completeness, CompletenessReport, Patience},
    store::{Log, Reader},
    units::SlotId,
};

use crate::support::station::Station;

/// As the station of these tests is set.
const PATIENCE: Patience =
    Patience { late_start: TimeDelta::seconds(600), clock_step: TimeDelta::seconds(60) };

fn complete<'a>(log: &Reader, entries: impl Iterator<Item = &'a Entry>) -> CompletenessReport {
    let mut completeness = Completeness::new(PATIENCE);
    for entry in entries {
        completeness.push(entry, &mut |digest| log.blob(digest).unwrap());
    }
    completeness.finish()
}

fn outcome_of(entry: &Entry) -> Option<SlotId> {
    match &entry.body {
        Body::End(end) => end.slot.clone(),
        Body::Missed(missed) => Some(missed.slot.clone()),
        _ => None,
    }
}

/// What power cuts took is made good, one a window; a window is a day here, and two days follow.
fn check_make_goods(entries: &[Entry], lost: u64) {
    let mut repairs = BTreeMap::new();
    let mut full = BTreeSet::new();
    let mut outcomes = BTreeMap::new();
    for entry in entries {
        match &entry.body {
            Body::Cue(cue) => {
                repairs.extend(cue.repairs.clone().map(|slot| (cue.airing.unwrap_or(entry.seq), slot)));
            }
            Body::End(end) if end.slot.is_none() && end.outcome == Outcome::Full => {
                full.insert(end.airing);
            }
            Body::End(end) => drop(end.slot.clone().map(|slot| outcomes.insert(slot, end.outcome))),
            Body::Missed(missed) => drop(outcomes.insert(missed.slot.clone(), missed.outcome)),
            _ => {}
        }
    }
    assert_eq!(repairs.len() as u64, lost.min(2), "{repairs:?}");
    for (airing, slot) in repairs {
        assert!(outcomes[&slot] != Outcome::Full && full.contains(&airing), "{airing} for {slot}");
    }
}

#[test]
fn a_month_with_power_cuts_is_complete_and_each_outcome_that_goes_is_missed() {
    let mut station = Station::new(&[("a.wav", 60)]);
    let settings = std::fs::read_to_string(station.path("config/station.toml")).unwrap();
    station.set(&settings.replace("make_goods = 0", "make_goods = 2"));
    let first: DateTime<Utc> = "2022-03-01T08:00:00+07:00".parse().unwrap();
    // So close together that a long cut takes several with it.
    let slots: Vec<_> = (0..16).map(|n| first + TimeDelta::minutes(15 * n)).collect();
    let ids = station.schedule(&["a.wav"], &slots);
    station.approve();
    let folder = Folder::open(&station.path("")).unwrap();
    let month = "2022-03".parse().unwrap();
    let mut not_full = 0;
    for seed in [1, 2] {
        let scratch = tempfile::tempdir().unwrap();
        let what = Rehearsal { schedule: month, days: Some(3), faults: Some(seed) };
        let path = rehearse(&folder, &what, scratch.path(), &mut |_| {}).unwrap();
        let log = Log::read_only(&path).unwrap();
        let entries: Vec<Entry> = log.entries(0..log.size().unwrap()).map(Result::unwrap).collect();
        let report = complete(&log, entries.iter());
        assert!(report.holds(), "seed {seed}: {:?}", report.faults);
        let closed = &report.totals.closed;
        assert_eq!(closed.values().sum::<u64>(), ids.len() as u64, "{:?}", report.totals);
        let lost = ids.len() as u64 - closed.get(&Outcome::Full).copied().unwrap_or(0);
        not_full += lost;
        check_make_goods(&entries, lost);
        for gone in &entries {
            let Some(slot) = outcome_of(gone) else { continue };
            let report = complete(&log, entries.iter().filter(|entry| entry.seq != gone.seq));
            let named: Vec<_> = report.faults.iter().map(|fault| fault.slot.clone()).collect();
            assert_eq!(named, [Some(slot)], "seed {seed}, entry {}: {:?}", gone.seq, report.faults);
        }
    }
    assert!(not_full > 0, "no slot was hit: the seeds prove less than they should");
}
