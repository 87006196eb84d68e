//! Documents at the edges of what is reported, as their text: periods, mergers, December, nothing, much, long names.

use std::collections::BTreeMap;

use super::{
    golden,
    logged::{account, account_behind, account_of, station},
    naive::count,
    random::json_agrees,
    told::{Fate, Place, Told, day, month, plan_of_2022, unit},
};
use crate::{
    control::{Account, Aired},
    evidence::Reason,
    programme::{Plan, Unit},
    reconcile::Period,
    report::{Cell, Format, ReportError, docx::tests as paper, tables, write, xlsx},
    words::Lang,
};

/// A name of eighty letters.
const LONG: &str = "phường Nguyễn Nghiêm Thượng và các tổ dân phố Đồng Quang, Phổ Trường, Liên Hiệp";

/// Longer tables are told by their first rows and their number.
const MOST_ROWS: usize = 26;

fn plan(units: Vec<Unit>) -> Plan {
    Plan { units, ..plan_of_2022() }
}

fn ward(id: &str, name: &str) -> Unit {
    unit(id, name, day("2020-01-01"), None)
}

/// The account of a year up to its report.
fn year(plan: &Plan, places: &[Place]) -> Account {
    account(plan, places, Period::Year, day("2022-12-10"))
}

/// The document's text: a line a paragraph with its style, a line a row.
fn text(account: &Account) -> String {
    let document = paper::open(account, Lang::Vi).document;
    let read = roxmltree::Document::parse(&document).unwrap();
    let named = |node: roxmltree::Node<'_, '_>, name: &str| node.tag_name().name() == name;
    let words = |node: roxmltree::Node<'_, '_>| {
        let runs = node.descendants().filter(|node| named(*node, "t")).filter_map(|run| run.text());
        runs.collect::<Vec<_>>().join(" ")
    };
    let mut lines = Vec::new();
    let body = read.descendants().find(|node| named(*node, "body")).unwrap();
    for block in body.children().filter(roxmltree::Node::is_element) {
        if named(block, "tbl") {
            let rows: Vec<_> = block.children().filter(|node| named(*node, "tr")).collect();
            let shown = if rows.len() > MOST_ROWS { 3 } else { rows.len() };
            for row in &rows[..shown] {
                let fields = row.children().filter(|node| named(*node, "tc")).map(words);
                lines.push(format!("| {} |", fields.collect::<Vec<_>>().join(" | ")));
            }
            if shown < rows.len() {
                lines.push(format!("| … {} rows |", rows.len()));
            }
        } else {
            let style = block.descendants().find(|node| named(*node, "pStyle"));
            let style = style.and_then(|style| style.attributes().next()).map_or("", |name| name.value());
            let said = words(block);
            // A picture is there only where fonts are.
            if !said.is_empty() && style != "PictureTitle" {
                lines.push(format!("{style}: {said}"));
            }
        }
    }
    lines.join("\n") + "\n"
}

/// Beside the first and the last day of a calendar month and of a month of the administration.
#[test]
fn the_edges_of_periods() {
    let days = ["02-14", "02-15", "02-28", "03-01", "03-14", "03-15", "03-31", "04-01"];
    let told = |on: &str| Told::on("2022-03", &format!("2022-{on}"), Fate::Full);
    let places = [Place::of("a", days.map(told).into())];
    let of = |period| text(&account(&plan(vec![ward("a", "phường A")]), &places, period, day("2022-04-30")));
    golden("reports/month.txt", &of(Period::Month(month("2022-03"))));
    golden("reports/fifteenth.txt", &of(Period::Fifteenth(month("2022-03"))));
    let one = Period::Custom { from: day("2022-03-14"), to: day("2022-03-14") };
    golden("reports/one-day.txt", &of(one));
}

/// `a` goes into `b`, which has a new name from then on; what `a` still airs afterwards is in no cell.
#[test]
fn a_unit_that_merged_in_mid_year() {
    let (last, first) = (day("2022-06-30"), day("2022-07-01"));
    let old = day("2020-01-01");
    let units = vec![
        unit("a", "xã Phổ A", old, Some(last)),
        unit("b", "xã Phổ B", old, Some(last)),
        unit("b", "phường Phổ B", first, None),
    ];
    let twice = |n: u32| {
        [3, 17].map(|day| Told::on(&format!("2022-{n:02}"), &format!("2022-{n:02}-{day:02}"), Fate::Full))
    };
    let places = [
        Place::of("a", (1..=7).flat_map(twice).collect()),
        Place::of("b", (1..=11).flat_map(twice).collect()),
    ];
    golden("reports/merged.txt", &text(&year(&plan(units), &places)));
}

/// December's programme, once before the report's deadline and once after it.
#[test]
fn december_beside_the_deadline() {
    let told = vec![
        Told::on("2022-11", "2022-11-05", Fate::Full),
        Told::on("2022-11", "2022-12-02", Fate::MakesGood(day("2022-11-20").and_hms_opt(5, 30, 0).unwrap())),
        Told::on("2022-12", "2022-12-10", Fate::Full),
        Told::on("2022-12", "2022-12-11", Fate::Full),
    ];
    let places = [Place::of("a", told)];
    let units = || vec![ward("a", "phường A")];
    golden("reports/december.txt", &text(&year(&plan(units()), &places)));
    let whole = Period::Custom { from: day("2022-01-01"), to: day("2022-12-31") };
    golden("reports/whole-year.txt", &text(&account(&plan(units()), &places, whole, day("2022-12-31"))));
}

/// Programmes of December and of January, aired on the same days: each counts by its own year's plan, or by none.
#[test]
fn january_beside_december() {
    let mut told: Vec<Told> = ["12-19", "12-31", "01-02", "01-16"]
        .map(|on| Told::on("2022-12", &format!("{}-{on}", if on < "02" { 2023 } else { 2022 }), Fate::Full))
        .into();
    told.extend(["01-05", "01-19"].map(|on| Told::on("2023-01", &format!("2023-{on}"), Fate::Full)));
    told.push(Told::on("2022-12", "2023-01-09", Fate::Missed(Reason::DeviceLost)));
    told.push(Told::on("2022-12", "2023-01-10", Fate::Virtual));
    told.push(Told::on("2022-12", "2023-01-11", Fate::Silent));
    let place = || {
        let mut place = Place::of("duc-pho", told.clone());
        place.known = (day("2022-12-01"), day("2023-02-01"));
        [place]
    };
    let text_2022 = include_str!("../../../config/plan-2022.toml");
    let (before, of_2022) = (Some((2022, text_2022)), plan_of_2022());
    let bytes = text_2022.replace("2022", "2023");
    let of_2023 = crate::programme::plan::read("plan-2023.toml", bytes.as_bytes()).0.unwrap();
    let january = Period::Month(month("2023-01"));
    let both = account_behind(&of_2023, before, &place(), january, day("2023-02-05"));
    assert_eq!(both.matrix.totals.in_period, 4, "two airings of December's programme and two of January's");
    golden("reports/january.txt", &text(&both));
    let middle = Period::Fifteenth(month("2023-01"));
    golden(
        "reports/january-15.txt",
        &text(&account_behind(&of_2023, before, &place(), middle, day("2023-02-05"))),
    );
    // The new year's plan is not there yet: what was made for it counts for nothing, and that is told.
    let old = account(&of_2022, &place(), january, day("2023-02-05"));
    assert_eq!((old.plan.year, old.matrix.totals.in_period), (2022, 2));
    golden("reports/january-unplanned.txt", &text(&old));
    // Whoever aired only what was made for another year aired all the same.
    let mut only = place();
    only[0].airings.retain(|told| told.month == month("2022-12"));
    let both = account_behind(&of_2023, before, &only, january, day("2023-02-05"));
    assert_eq!((both.matrix.totals.units_aired, both.matrix.totals.in_period), (1, 2));
    // A unit that the new year's plan does not have any more is none of those that it has and that aired.
    let mut merged = of_2023.clone();
    for unit in &mut merged.units {
        unit.id.push_str("-cu");
    }
    let both = account_behind(&merged, before, &only, january, day("2023-02-05"));
    assert_eq!((both.matrix.totals.units_aired, both.matrix.totals.in_period), (0, 2));
    // Nor does the year's report hear of what was made for another.
    let year = account_behind(&of_2023, before, &place(), Period::Year, day("2023-02-05"));
    assert_eq!((year.airings.len(), year.matrix.totals.in_period), (2, 2));
}

#[test]
fn no_data_at_all() {
    golden("reports/nothing.txt", &text(&year(&plan_of_2022(), &[])));
    let sheet = Period::Month(month("2022-03"));
    golden("reports/nothing-of-a-month.txt", &text(&account(&plan_of_2022(), &[], sheet, day("2022-04-05"))));
}

/// Sixteen stations through the year, of which three airings a programme are wanted. Every third of four goes wrong; what
/// lacked power is made good at every other station. One station is silent from July on, one airs nothing in April.
fn sixteen() -> (Plan, Vec<Place>) {
    let plan = Plan { airings_due: 3, ..plan_of_2022() };
    let fates = [
        Fate::Missed(Reason::PowerOff),
        Fate::Partial,
        Fate::Virtual,
        Fate::Test,
        Fate::Cancelled,
        Fate::OutOfWindow,
    ];
    let mut ids: Vec<&str> = plan.units.iter().map(|unit| &*unit.id).collect();
    ids.dedup();
    let place = |(n, id): (usize, &&str)| {
        let slots = (1..=12_usize).flat_map(|month| [5, 12, 19, 26].map(|day| (month, day)));
        let told = slots.enumerate().flat_map(|(slot, (month, day))| {
            let bad = (slot + n) % 3 == 0;
            let fate = match (n, month) {
                (5, 4) => Fate::Missed(Reason::DeviceLost),
                _ if bad => fates[(slot / 3 + n) % fates.len()].clone(),
                _ => Fate::Full,
            };
            let on =
                |day, fate| Told::on(&format!("2022-{month:02}"), &format!("2022-{month:02}-{day:02}"), fate);
            let slot = on(day, fate);
            let repaired = n % 2 == 1 && slot.fate == Fate::Missed(Reason::PowerOff);
            let repair = repaired.then(|| on(day + 1, Fate::MakesGood(slot.at)));
            [Some(slot), repair].into_iter().flatten()
        });
        let told = told.filter(|told| n != 3 || told.at.date() < day("2022-07-01")).collect();
        let mut place = Place::of(id, told);
        if n == 3 {
            place.known.1 = day("2022-06-30");
        }
        place
    };
    let places = ids.iter().enumerate().map(place).collect();
    (plan.clone(), places)
}

#[test]
fn sixteen_stations_and_twelve_months() {
    let (plan, places) = sixteen();
    let days = (day("2022-01-01"), plan.report.deadline);
    let counted = count(&plan, &places, days, plan.report.deadline, false);
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for square in counted.squares.values() {
        *states.entry(square.state).or_default() += 1;
    }
    assert_eq!(
        states.keys().copied().collect::<Vec<_>>(),
        ["complete", "no-report", "none", "not-yet-due", "short"]
    );
    let account = year(&plan, &places);
    json_agrees(&account, &counted);
    golden("reports/sixteen.txt", &text(&account));
}

#[test]
fn a_station_that_is_called_otherwise_since_has_the_same_reasons() {
    let (plan, root) = (plan(vec![ward("a", "phường A")]), tempfile::tempdir().unwrap());
    let place = Place::of("a", vec![Told::on("2022-03", "2022-03-05", Fate::Unproven)]);
    let mut folder = station(&root.path().join("a"), &plan, &place);
    folder.station.id = "moi".into();
    let march = Period::Month("2022-03".parse().unwrap());
    let account = account_of(&plan, &[place], vec![folder], march, day("2022-04-30"));
    let airings = &tables(&account, Lang::Vi)[1];
    let field = |name: &str| {
        let at = airings.columns.iter().position(|column| column.key == name).unwrap();
        let Cell::Text(text) = &airings.rows[0][at] else { panic!("{name}: {:?}", airings.rows[0][at]) };
        text.clone()
    };
    assert_eq!([field("station"), field("uncounted")], ["a", "unproven"]);
}

#[test]
fn a_much_explained_airing_fits_a_field_of_the_workbook() {
    let place = Place::of("a", vec![Told::on("2022-03", "2022-03-05", Fate::Full)]);
    let mut account = year(&plan(vec![ward("a", "phường A")]), &[place]);
    account.airings[0].row.detail = "ồ".repeat(40_000);
    account.airings[0].row.title = Some("𝄞".repeat(20_000));
    assert!(write(&account, Format::Xlsx, "", Lang::Vi).unwrap().is_some());
}

#[test]
fn what_no_sheet_holds_is_said_before_it_is_written() {
    let account = year(&plan(vec![ward("a", "phường A")]), &[]);
    let mut all = tables(&account, Lang::Vi);
    assert!(xlsx(&account, &all, Lang::Vi).is_ok());
    all[1].rows = vec![Vec::new(); 1_048_576];
    let Err(ReportError::TooLarge(no)) = xlsx(&account, &all, Lang::Vi) else { panic!("it was written") };
    assert!(no.say(Lang::Vi).contains("“Lượt phát” có 1048576 dòng"), "{}", no.say(Lang::Vi));
}

#[test]
fn names_of_eighty_letters() {
    let mut plan = plan(vec![ward("a", LONG)]);
    LONG.clone_into(&mut plan.units[0].office.name);
    let told = vec![
        Told::on("2022-03", "2022-03-05", Fate::Full),
        Told::on("2022-03", "2022-03-19", Fate::Missed(Reason::DeviceLost)),
    ];
    let mut account = year(&plan, &[Place::of("a", told)]);
    for Aired { row, .. } in &mut account.airings {
        row.title = Some(LONG.to_uppercase());
    }
    golden("reports/long-names.txt", &text(&account));
}
