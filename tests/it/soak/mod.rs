//! A year in minutes: the real daemon on a real sound server, its waiting times skipped by its clocks, and faults
//! drawn from a seed. What must come of each slot is known beforehand; the log has to say the same.
//!
//! `LOA_SOAK_AIRINGS` (18; `make soak` takes 500) and `LOA_SOAK_SEED` (1) set its length and its faults.

mod fates;
mod plan;
mod station;

use std::{collections::BTreeMap, time::Instant};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use serde_json::Value;

use self::{
    fates::suffer,
    plan::{Fate, Meant},
    station::{Footprint, Machine},
};
use crate::support::{clock::Clocks, station::Station};

/// Programmes of two seconds.
const SECONDS: u32 = 2;

/// So late a slot may begin, and so long a cut may last.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// So long before its instant time is left to itself: the pace of a stream is believed behind three seconds.
const LEAD: TimeDelta = TimeDelta::milliseconds(4500);

/// What the driver knows of a slot.
struct Slot {
    id: String,
    at: DateTime<Utc>,
    fate: Fate,
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn a_year_of_faults_leaves_one_true_outcome_a_slot() {
    let airings = usize::try_from(setting("LOA_SOAK_AIRINGS", 18)).unwrap();
    let seed = setting("LOA_SOAK_SEED", 1);
    println!("{airings} slots, seed {seed}");
    let clocks = Clocks::new();
    clocks.step_to("2026-12-30T00:00:00Z".parse().unwrap());
    let station = Station::on(&clocks, &[("a.wav", SECONDS)]);
    let settings = std::fs::read_to_string(station.path("config/station.toml")).unwrap();
    let patience = "late_start_s = 60\nresume_within_s = 60";
    station.set(&settings.replace("late_start_s = 600", patience));
    let year = plan::year(airings, &mut Rng::with_seed(seed));
    let begun = Instant::now();
    let mut machine = Machine::start(&station, &clocks);
    let mut slots = Vec::new();
    for month in &year {
        slots.extend(live_through(&mut machine, month));
        let minutes = begun.elapsed().as_secs() / 60;
        let last = machine.lives.iter().rev().find_map(|life| life.last());
        println!("{} {} slots, {minutes} min, {last:?}", month[0].at.format("%Y-%m"), slots.len());
    }
    machine.pass_until(clocks.now() + TimeDelta::minutes(5));
    machine.end();
    station.ok(&["verify"]);
    let wrong = hold(&slots, &station.rows());
    let heavy = weigh(&machine.lives);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(heavy.is_empty(), "{}", heavy.join("\n"));
}

/// A month, from the issue of its schedule to its last slot.
fn live_through(machine: &mut Machine, month: &[Meant]) -> Vec<Slot> {
    machine.pass_until(plan::issued(month));
    let instants: Vec<_> = month.iter().map(|slot| slot.at).collect();
    let ids = machine.station.issue(1, &["a.wav"], &instants);
    let mut slots: Vec<Slot> =
        month.iter().zip(ids).map(|(slot, id)| Slot { id, at: slot.at, fate: slot.fate }).collect();
    // The files are looked at twice a minute.
    machine.pass_until(machine.clocks.now() + TimeDelta::seconds(31));
    let first = slots.iter().find(|slot| slot.fate != Fate::Late).unwrap().id.clone();
    machine.until("knows the month", |status| status["next"]["slot"] == *first);
    let mut revision = 1;
    for n in 0..slots.len() {
        let (before, rest) = slots.split_at_mut(n);
        suffer(machine, &rest[0], &rest[1..], before, &mut revision);
        if !matches!(rest[0].fate, Fate::PowerStillOff | Fate::Late) {
            machine.until_closed(&rest[0].id.clone());
            machine.weigh();
        }
    }
    slots
}

/// Every slot has one row, and it says what happened.
fn hold(slots: &[Slot], rows: &[Value]) -> Vec<String> {
    let mut by_slot: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for row in rows {
        by_slot.entry(row["slot"].as_str().unwrap_or("none")).or_default().push(row);
    }
    let mut table: BTreeMap<Fate, (usize, &str, &str)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for Slot { id, at: _, fate } in slots {
        let rows = by_slot.remove(id.as_str()).unwrap_or_default();
        let (outcome, reason) = fate.outcome();
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("none").to_owned();
        let right = |row: &&Value| {
            let said = (text(row, "outcome"), text(row, "reason")) == (outcome.to_owned(), reason.to_owned());
            let frames = row["frames_consumed"].as_u64().unwrap_or(0);
            let whole = u64::from(SECONDS) * 48_000;
            let counted =
                if outcome == "full" { frames >= whole * 97 / 100 } else { true } && frames <= whole;
            let proof = row["proof"].as_u64().unwrap();
            let proven = match (outcome, fate.is_unbroken()) {
                ("full", true) => {
                    proof == 3 && row["starts"] == 1 && row["start_error_ms"].as_f64().unwrap().abs() < 100.0
                }
                ("full", false) => proof >= 2,
                _ => true,
            };
            said && counted && proven
        };
        if rows.len() != 1 || !rows.iter().all(right) {
            let keys =
                ["outcome", "reason", "detail", "proof", "starts", "start_error_ms", "frames_consumed"];
            let told: Vec<_> = rows.iter().map(|row| keys.map(|key| format!("{key} {}", row[key]))).collect();
            wrong.push(format!("{id} {fate:?}, wanted {outcome} {reason}: {told:?}"));
        }
        table.entry(*fate).or_insert((0, outcome, reason)).0 += 1;
    }
    for (fate, (count, outcome, reason)) in &table {
        println!("{count:5} {fate:?}: {outcome} {reason}");
    }
    wrong.extend(by_slot.keys().map(|slot| format!("rows of no slot: {slot}")));
    wrong
}

/// What the library of the sound server (`pulseaudio` 0.3.2) leaves behind of a stream whose sink was taken from under
/// it, until the server goes: its driver, and our thread that waits for that one's end.
const THREADS_LEFT: u64 = 2;

/// A question that is being answered, a job that is being done: at rest there is a moment of them.
const IN_FLIGHT: u64 = 2;

/// Files that stand open behind one airing and not behind another: of a stream that is not closed yet two (the
/// question to the sound server and the handle that ends it), and descriptors of closed connections to the log, which
/// SQLite keeps for its next reader, since to close one would drop the writer's lock: one for each that ever read
/// beside another, and that are two (a question's and a job's).
const FILES_OF_A_MOMENT: u64 = 4;

/// In every long life of the process its memory, threads and files stay flat.
fn weigh(lives: &[Vec<Footprint>]) -> Vec<String> {
    let mut heavy = Vec::new();
    for life in lives.iter().filter(|life| life.len() >= 4) {
        // The first airings fill caches; the least of some is what the process holds at rest.
        let some = (life.len() / 3).clamp(2, 10);
        let least = |part: &[Footprint]| {
            let of = |value: fn(&Footprint) -> u64| part.iter().map(value).min().unwrap();
            (of(|at| at.rss_kib), of(|at| at.threads), of(|at| at.files as u64))
        };
        let (early, late) = (least(&life[1..=some]), least(&life[life.len() - some..]));
        println!("life of {} airings: (RSS KiB, threads, files) {early:?} -> {late:?}", life.len());
        let lost = life[life.len() - 1].sinks_lost - life[0].sinks_lost;
        let threads = early.1 + IN_FLIGHT + THREADS_LEFT * lost;
        if late.0 > early.0 + 8 * 1024 || late.1 > threads || late.2 > early.2 + FILES_OF_A_MOMENT {
            heavy.push(format!("it grows: {life:?}"));
        }
    }
    heavy
}
