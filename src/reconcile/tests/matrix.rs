//! The matrix: tables of the rules, and random records against a count without any machinery.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::{
    slots::{rows, rules},
    *,
};
use crate::{
    evidence::ManualFact,
    programme::{Plan, plan},
    reconcile::{Cell, Matrix, Meant, Period, ProgrammeFact, State, StationRecord, Vouched, matrix},
    units::Month,
    words::Lang,
};

const UNIT: &str = "pho-minh";
const COLUMN: &str = "Cải cách hành chính";

pub fn plan_2022() -> Plan {
    let bytes = include_bytes!("../../../config/plan-2022.toml");
    let mut plan = plan::read("config/plan-2022.toml", bytes).0.unwrap();
    // One unit is enough for most of what follows.
    plan.units.retain(|unit| ["duc-pho", UNIT].contains(&unit.id.as_str()));
    for unit in &mut plan.units {
        (unit.valid_from, unit.valid_to) = (day("2020-02-01"), Some(day("2025-06-30")));
    }
    plan
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

pub fn record(bench: &Bench, meant: &[SlotId], known_until: &str) -> StationRecord {
    let meant_of = |slot: &SlotId| Meant { slot: slot.clone(), at: at(slot), dropped: false };
    let months: std::collections::BTreeSet<Month> = meant.iter().map(|slot| slot.month).collect();
    let programme = |month: Month| ProgrammeFact {
        month,
        id: "cchc".into(),
        column: COLUMN.into(),
        topics: vec!["II.1".into(), format!("II.{}", month.number().min(4))],
    };
    StationRecord {
        log: "loa/station/pho-minh/1".into(),
        station: "pho-minh".into(),
        unit: UNIT.into(),
        rules: rules(),
        known_from: bench.entries[0].clk.wall(),
        known_until: known_until.parse().unwrap(),
        ended: false,
        meant: meant.iter().map(meant_of).collect(),
        rows: rows(bench),
        vouched: Vec::new(),
        programmes: months.into_iter().map(programme).collect(),
    }
}

/// A record of March whose slots of these days aired, known to its end.
fn aired(days: &[u32]) -> StationRecord {
    let mut bench = Bench::new();
    let slots: Vec<SlotId> = days.iter().map(|day| slot(*day)).collect();
    for slot in &slots {
        bench.air(slot);
    }
    record(&bench, &slots, "2022-04-01T00:00:00Z")
}

/// A station whose log covers these days, for good or not, and whose slots of these days of March aired.
fn told((station, (from, until, ended), days): (&str, (&str, &str, bool), &[u32])) -> StationRecord {
    let wall = |day: &str| format!("{day}T05:00:00Z").parse().unwrap();
    StationRecord {
        station: station.into(),
        known_from: wall(from),
        known_until: wall(until),
        ended,
        ..aired(days)
    }
}

/// How March stands, of how many stations it is asked, how many airings of them, and how many of these they made.
fn asked(records: &[StationRecord]) -> (State, (u32, u32, u32)) {
    let cell = march_cell(records);
    (cell.state, (cell.stations, cell.airings_due, cell.airings_within))
}

#[test]
fn a_month_is_asked_of_the_stations_that_were_there() {
    let whole = ("2022-02-01", "2022-04-02", false);
    for (why, stations, state, (many, due, within)) in [
        (
            "one that came in the month",
            [("b", ("2022-03-10", "2022-04-02", false), &[20][..])],
            State::Complete,
            (1, 2, 2),
        ),
        (
            "one that came later",
            [("b", ("2022-04-01", "2022-04-02", false), &[][..])],
            State::Complete,
            (1, 2, 2),
        ),
        (
            "one that went in the month",
            [("b", ("2022-02-01", "2022-03-10", true), &[5][..])],
            State::Complete,
            (1, 2, 2),
        ),
        (
            "one that went before",
            [("b", ("2022-02-01", "2022-02-20", true), &[][..])],
            State::Complete,
            (1, 2, 2),
        ),
        (
            "one of which nothing is heard any more",
            [("b", ("2022-02-01", "2022-03-10", false), &[5][..])],
            State::NoReport,
            (2, 4, 3),
        ),
        ("one that was there", [("b", whole, &[5][..])], State::Short, (2, 4, 3)),
    ] {
        let records = [("a", whole, &[5, 12][..])].into_iter().chain(stations);
        let records: Vec<_> = records.map(told).collect();
        assert_eq!(asked(&records), (state, (many, due, within)), "{why}");
    }
}

#[test]
fn a_station_that_came_when_another_had_gone_stands_in_its_place() {
    let (before, behind) = (("2022-02-01", "2022-03-10", true), ("2022-03-10", "2022-04-02", false));
    for (why, [first, second], state, (many, due, within)) in [
        (
            "another PC in its place",
            [("a", before, &[5][..]), ("b", behind, &[12][..])],
            State::Complete,
            (1, 2, 2),
        ),
        ("a log begun anew", [("a", before, &[5][..]), ("a", behind, &[12][..])], State::Complete, (1, 2, 2)),
        (
            "two that came together",
            [("a", behind, &[12, 20][..]), ("b", behind, &[12][..])],
            State::Short,
            (2, 4, 3),
        ),
        (
            "a gap between two",
            [
                ("a", ("2022-02-01", "2022-03-10", true), &[][..]),
                ("b", ("2022-04-01", "2022-04-02", false), &[][..]),
            ],
            State::NoReport,
            (1, 2, 0),
        ),
        (
            "one gone before, one come behind",
            [
                ("a", ("2022-01-01", "2022-02-10", true), &[][..]),
                ("b", ("2022-04-01", "2022-04-02", false), &[][..]),
            ],
            State::NoReport,
            (1, 2, 0),
        ),
        (
            "both gone before",
            [
                ("a", ("2022-01-01", "2022-01-20", true), &[][..]),
                ("b", ("2022-01-01", "2022-01-20", true), &[][..]),
            ],
            State::NoReport,
            (1, 2, 0),
        ),
    ] {
        let records = [first, second].map(told);
        assert_eq!(asked(&records), (state, (many, due, within)), "{why}");
    }
}

fn cell_of(matrix: &Matrix, unit: &str, month: &str) -> Cell {
    let row = matrix.units.iter().find(|row| row.unit == unit).unwrap();
    let cell = row.cells.iter().find(|cell| cell.month.to_string() == month).unwrap();
    for lang in [Lang::Vi, Lang::En] {
        assert_ne!(cell.message().say(lang), cell.message().code);
    }
    cell.clone()
}

/// March's cell of the unit, in a report of March made in April.
fn march_cell(stations: &[StationRecord]) -> Cell {
    let matrix = matrix(&plan_2022(), Period::Month(march()), day("2022-04-02"), stations);
    cell_of(&matrix, UNIT, "2022-03")
}

#[test]
fn periods_are_days() {
    let plan = plan_2022();
    let check = |period: Period, from: &str, to: &str| {
        let span = period.span(&plan);
        assert_eq!((span.from, span.to), (day(from), day(to)), "{period:?}");
    };
    check(Period::Month(month("2022-02")), "2022-02-01", "2022-02-28");
    check(Period::Fifteenth(month("2022-03")), "2022-02-15", "2022-03-14");
    check(Period::Fifteenth(month("2022-01")), "2021-12-15", "2022-01-14");
    check(Period::Year, "2022-01-01", "2022-12-10");
    let (from, to) = (day("2022-03-05"), day("2022-03-05"));
    check(Period::Custom { from, to }, "2022-03-05", "2022-03-05");
}

#[test]
fn a_cell_tells_what_the_plan_wants_and_what_was_aired() {
    let cell = march_cell(&[aired(&[5, 12])]);
    assert_eq!((cell.state, cell.airings_due, cell.airings_done, cell.in_period), (State::Complete, 2, 2, 2));
    assert_eq!((cell.programmes_due, cell.programmes_done, cell.stations), (1, 1, 1));
    assert_eq!(cell.topics.into_iter().collect::<Vec<_>>(), ["II.1", "II.3"]);
    let cell = march_cell(&[aired(&[5])]);
    assert_eq!((cell.state, cell.airings_done), (State::Short, 1));
    let mut none = aired(&[]);
    none.meant.push(Meant { slot: slot(5), at: at(&slot(5)), dropped: false });
    assert_eq!(march_cell(&[none]).state, State::None);
    // Half of a commune's stations are not the commune.
    let second = StationRecord { station: "pho-minh-2".into(), ..aired(&[5]) };
    let cell = march_cell(&[aired(&[5, 12]), second]);
    assert_eq!((cell.state, cell.airings_due, cell.airings_done), (State::Short, 4, 3));
    // A programme outside the plan's columns, and one that no schedule knows, count for nothing.
    let mut other = aired(&[5, 12]);
    other.programmes[0].column = "Thời sự".into();
    assert_eq!((march_cell(&[other.clone()]).airings_done, march_cell(&[other]).state), (0, State::None));
    // The checks let a programme name its column by the id, too.
    let mut by_id = aired(&[5, 12]);
    by_id.programmes[0].column.clone_from(&plan_2022().columns[0].id);
    assert_eq!((march_cell(&[by_id.clone()]).airings_done, march_cell(&[by_id]).state), (2, State::Complete));
    let mut unknown = aired(&[5, 12]);
    unknown.programmes.clear();
    assert_eq!(march_cell(&[unknown]).airings_done, 0);
}

#[test]
fn a_station_that_has_not_reported_is_no_station_that_did_not_air() {
    assert_eq!(march_cell(&[]).state, State::NoReport);
    let mut early = aired(&[5]);
    early.known_until = "2022-03-30T16:59:59Z".parse().unwrap();
    assert_eq!(march_cell(std::slice::from_ref(&early)).state, State::NoReport);
    early.known_until = "2022-03-30T17:00:00Z".parse().unwrap();
    assert_eq!(march_cell(&[early]).state, State::Short);
}

#[test]
fn make_goods_count_for_what_they_repair_and_vouched_airings_apart() {
    let with = |live: &dyn Fn(&mut Bench)| {
        let mut bench = Bench::new();
        bench.air(&slot(5));
        live(&mut bench);
        record(&bench, &[slot(5), slot(12)], "2022-04-01T00:00:00Z")
    };
    let repaired = with(&|bench| {
        bench.missed(&slot(12), Reason::PowerOff);
        bench.make_good(&slot(12), at(&slot(13)));
        bench.make_good(&slot(12), at(&slot(14)));
    });
    let cell = march_cell(&[repaired]);
    assert_eq!((cell.state, cell.airings_done, cell.made_good), (State::Complete, 2, 1));
    assert!(cell.reasons.is_empty());
    let needless = with(&|bench| {
        bench.make_good(&slot(5), at(&slot(13)));
    });
    assert_eq!(march_cell(&[needless]).airings_done, 1);
    let fact = ManualFact {
        slot: Some(slot(12)),
        month: march(),
        programme: "cchc".into(),
        first_ms: at(&slot(12)).timestamp_millis(),
        last_ms: at(&slot(12)).timestamp_millis() + 720_000,
        outcome: Outcome::Full,
        by: "B".into(),
        text: String::new(),
        statement: Digest::of(b"note"),
    };
    // The log has a row of its own for it, in full and confirmed by a person.
    let mut vouched = with(&|bench| {
        bench.missed(&slot(12), Reason::DeviceLost);
        bench.add(Body::Manual(Box::new(fact.clone())));
    });
    vouched.vouched.push(Vouched { entry: 20, fact });
    let cell = march_cell(&[vouched]);
    assert_eq!((cell.state, cell.airings_done, cell.vouched), (State::Short, 1, 1));
    assert_eq!(cell.reasons.into_iter().collect::<Vec<_>>(), [(Reason::DeviceLost, 1)]);
}

#[test]
fn the_programme_month_is_not_the_month_of_airing() {
    let december = |days: &[u32]| {
        let mut bench = Bench::new();
        let slots: Vec<SlotId> = days.iter().map(|day| slot_of("2022-12", *day)).collect();
        for slot in &slots {
            bench.air(slot);
        }
        record(&bench, &slots, "2023-01-01T00:00:00Z")
    };
    let year = |record: StationRecord, as_of: &str| {
        let matrix = matrix(&plan_2022(), Period::Year, day(as_of), &[record]);
        assert_eq!(matrix.months.len(), 12);
        (cell_of(&matrix, UNIT, "2022-12"), matrix.totals)
    };
    // By the deadline December is not yet due, whatever came after it.
    let (cell, totals) = year(december(&[5, 20]), "2023-01-05");
    assert_eq!((cell.state, cell.airings_done, cell.in_period), (State::NotYetDue, 1, 1));
    assert_eq!((totals.cells_due, totals.in_period), (22, 1));
    let (cell, totals) = year(december(&[3, 5]), "2022-12-10");
    // Complete before it is due: in no share of what is due.
    assert_eq!(
        (cell.state, cell.due, totals.cells_complete, totals.cells_early),
        (State::Complete, false, 0, 1)
    );
    // A reporting month holds the rest of one programme month and the beginning of the next.
    let matrix =
        matrix(&plan_2022(), Period::Fifteenth(month("2022-04")), day("2022-04-20"), &[aired(&[5, 19])]);
    assert_eq!(matrix.months, [march(), month("2022-04")]);
    let cell = cell_of(&matrix, UNIT, "2022-03");
    assert_eq!((cell.state, cell.airings_done, cell.in_period), (State::Complete, 2, 1));
    assert_eq!(cell_of(&matrix, UNIT, "2022-04").state, State::NotYetDue);
    assert_eq!(matrix.topics["II.3"].iter().copied().collect::<Vec<_>>(), [march()]);
    assert_eq!(matrix.topics["III.2"].len(), 0);
    let json = serde_json::to_value(&matrix).unwrap();
    assert_eq!(json["units"][1]["cells"][0]["state"], "complete");
}

#[test]
fn march_aired_by_hand_in_april_stays_march() {
    let mut bench = Bench::new();
    bench.now = at(&slot_of("2022-04", 2));
    let airing = bench.cue(None, Trigger::Manual);
    bench.start(airing, "alsa_output.usb");
    bench.now += s(720);
    let end = bench.full(airing, None);
    bench.end(end);
    let record = record(&bench, &[slot(5)], "2022-05-01T00:00:00Z");
    let matrix = matrix(&plan_2022(), Period::Month(month("2022-04")), day("2022-05-02"), &[record]);
    assert_eq!(matrix.months, [march(), month("2022-04")]);
    let cell = cell_of(&matrix, UNIT, "2022-03");
    assert_eq!((cell.state, cell.in_period), (State::Short, 1));
}

#[test]
fn units_are_those_of_their_day() {
    let mut plan = plan_2022();
    let unit = plan.units.iter().position(|unit| unit.id == UNIT).unwrap();
    // Renamed in March, merged into another in April.
    let mut renamed = plan.units[unit].clone();
    plan.units[unit].valid_to = Some(day("2022-03-14"));
    (renamed.name, renamed.valid_from) = ("phường Mới".into(), day("2022-03-15"));
    renamed.valid_to = Some(day("2022-04-10"));
    plan.units.push(renamed);
    let year = matrix(&plan, Period::Year, day("2022-12-31"), &[aired(&[5, 12])]);
    assert_eq!(year.units.len(), 2);
    let row = year.units.iter().find(|row| row.unit == UNIT).unwrap();
    assert_eq!(row.name, "phường Mới");
    let states: Vec<State> = row.cells.iter().map(|cell| cell.state).collect();
    assert_eq!(states[..4], [State::NoReport, State::NoReport, State::Complete, State::NoUnit]);
    assert!(states[4..].iter().all(|state| *state == State::NoUnit));
    let march = matrix(
        &plan,
        Period::Custom { from: day("2022-03-01"), to: day("2022-03-10") },
        day("2022-05-01"),
        &[],
    );
    assert_eq!(march.units.iter().find(|row| row.unit == UNIT).unwrap().name, "phường Phổ Minh");
    // An airing at a station whose unit is no more stands in no cell, and is told.
    let mut bench = Bench::new();
    bench.air(&slot_of("2022-05", 7));
    let late = record(&bench, &[slot_of("2022-05", 7)], "2022-06-01T00:00:00Z");
    let year = matrix(&plan, Period::Year, day("2022-12-31"), &[late]);
    assert_eq!((year.totals.strays, year.totals.in_period), (1, 0));
}

/// A station of no unit of the plan airs a programme of this year and one of the year before.
#[test]
fn what_was_made_for_another_year_is_no_stray_of_this_one() {
    let mut bench = Bench::new();
    for made_for in ["2021-12", "2022-01"] {
        bench.now = at(&slot_of("2022-01", 5));
        let airing = bench.cue(None, Trigger::Manual);
        bench.amend_cue(|cue| cue.month = month(made_for));
        bench.start(airing, "alsa_output.usb");
        bench.now += s(720);
        let end = bench.full(airing, None);
        bench.end(end);
    }
    let slots = [slot_of("2021-12", 5), slot_of("2022-01", 5)];
    let elsewhere =
        StationRecord { unit: "elsewhere".into(), ..record(&bench, &slots, "2022-05-01T00:00:00Z") };
    let year = matrix(&plan_2022(), Period::Year, day("2022-12-31"), &[elsewhere]);
    assert_eq!((year.totals.strays, year.totals.in_period), (1, 0));
}

/// An airing of the random record.
#[derive(Debug, Clone)]
struct Play {
    day: u32,
    month: u32,
    kind: u8,
}

fn play(bench: &mut Bench, play: &Play) -> SlotId {
    let slot = slot_of(&format!("2022-{:02}", play.month), play.day);
    match play.kind {
        0 => {
            bench.air(&slot);
        }
        1 => {
            bench.missed(&slot, Reason::PowerOff);
        }
        2 => {
            bench.missed(&slot, Reason::PowerOff);
            // In the evening window of the same day.
            bench.make_good(&slot, at(&slot) + s(11 * 3600 + 1800));
        }
        3 => {
            bench.air(&slot);
            bench.amend_end(|end| end.outcome = Outcome::Partial);
        }
        4 => {
            bench.air(&slot);
            bench.amend_end(|end| (end.outcome, end.proof) = (Outcome::Test, 1));
        }
        _ => {
            // Late at night.
            bench.missed(&slot, Reason::PowerOff);
            bench.make_good(&slot, at(&slot) + s(15 * 3600));
        }
    }
    slot
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn cells_add_up_as_a_plain_count_does(
        plays in prop::collection::btree_map((1..=12_u32, 1..=28_u32), 0..6_u8, 0..40),
        (a_month, airings_due) in (0..3_u32, 0..4_u32),
        (from, days, as_of) in (0..365_u64, 0..200_u64, 0..400_u64),
    ) {
        let mut plan = plan_2022();
        (plan.a_month, plan.airings_due) = (a_month, airings_due);
        let first = day("2022-01-01");
        let from = first + chrono::Days::new(from);
        let (to, as_of) = (from + chrono::Days::new(days), first + chrono::Days::new(as_of));
        let mut bench = Bench::new();
        let plays: Vec<Play> =
            plays.into_iter().map(|((month, day), kind)| Play { day, month, kind }).collect();
        let slots: Vec<SlotId> = plays.iter().map(|one| play(&mut bench, one)).collect();
        let station = record(&bench, &slots, "2023-06-01T00:00:00Z");
        let station = StationRecord { known_from: "2022-01-01T00:00:00Z".parse().unwrap(), ..station };
        let matrix = matrix(&plan, Period::Custom { from, to }, as_of, &[station]);
        prop_assert_eq!(matrix.counted.len(), matrix.totals.in_period as usize);
        for month in 1..=12 {
            let id = format!("2022-{month:02}");
            let last = self::month(&id).last();
            let touched = from <= last && self::month(&id).first() <= to;
            prop_assert_eq!(matrix.months.contains(&self::month(&id)), touched);
            if !touched {
                continue;
            }
            let cell = cell_of(&matrix, UNIT, &id);
            let date = |play: &&&Play| day(&format!("2022-{:02}-{:02}", play.month, play.day));
            let good: Vec<&Play> = plays.iter().filter(|p| p.month == month && [0, 2].contains(&p.kind)).collect();
            let done = good.iter().filter(|p| date(p) <= to.min(as_of)).count();
            let within = good.iter().filter(|p| date(p) <= to.min(as_of) && date(p) >= from).count();
            let found = (cell.airings_done as usize, cell.in_period as usize, cell.airings_due);
            prop_assert_eq!(found, (done, within, a_month * airings_due));
            let programmes = u32::from(done > 0 && done >= airings_due as usize);
            let state = if programmes >= a_month {
                State::Complete
            } else if last > to.min(as_of) {
                State::NotYetDue
            } else if done > 0 {
                State::Short
            } else {
                State::None
            };
            prop_assert_eq!(cell.state, state, "{}", id);
        }
    }
}
