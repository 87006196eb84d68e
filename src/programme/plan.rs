//! The year's plan (`config/plan-YYYY.toml`): topics, columns, units with their dates, programmes due, report.

use chrono::NaiveDate;

use super::{
    Field, Finding, Office, Severity, Table, Windows, document,
    schedule_file::{format_of, ids_once},
};
use crate::words::Message;

/// A plan as issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The calendar year.
    pub year: i32,
    /// Its title.
    pub title: String,
    /// Its number (số), such as `15/KH-UBND`; may be empty.
    pub number: String,
    /// Its date of issue, where known.
    pub date: Option<NaiveDate>,
    /// Who issued it.
    pub issued_by: String,
    /// Programmes due in a month.
    pub a_month: u32,
    /// Shortest programme, minutes.
    pub minutes_min: u32,
    /// Longest programme, minutes.
    pub minutes_max: u32,
    /// Airings due of every programme at every station.
    pub airings_due: u32,
    /// The report on it.
    pub report: ReportDue,
    /// When loudspeakers usually sound.
    pub windows: Windows,
    /// Where these windows come from.
    pub windows_basis: String,
    /// What must be told.
    pub topics: Vec<Topic>,
    /// Columns (chuyên mục).
    pub columns: Vec<Column>,
    /// Units; one id may stand several times, with periods that do not overlap.
    pub units: Vec<Unit>,
}

/// When and to whom the plan's report is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportDue {
    /// Last day for it.
    pub deadline: NaiveDate,
    /// The office that gathers the units' reports.
    pub hub: String,
    /// Whom it is addressed to.
    pub to: String,
    /// Nơi nhận.
    pub recipients: Vec<String>,
    /// The number that the registry gave the report, such as `15/BC-UBND`; empty before.
    pub number: String,
    /// The day that it bears, where known.
    pub date: Option<NaiveDate>,
}

/// A topic of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its heading number, such as `II.5.2`.
    pub id: String,
    /// What it says.
    pub text: String,
}

/// A column (chuyên mục).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Short name.
    pub id: String,
    /// Title as schedules name it.
    pub title: String,
}

/// An administrative unit in one period of its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Short name, stable through its history.
    pub id: String,
    /// Official name in this period.
    pub name: String,
    /// What it is.
    pub kind: UnitKind,
    /// Id of the unit above it; empty for the topmost.
    pub parent: String,
    /// First day of the period.
    pub valid_from: NaiveDate,
    /// Last day of it; none while it goes on.
    pub valid_to: Option<NaiveDate>,
    /// Who signs its papers in this period.
    pub office: Office,
}

/// The kinds of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "levels of the administration")]
pub enum UnitKind {
    Town,
    Ward,
    Commune,
    Province,
}

impl UnitKind {
    /// Every kind with its word in files.
    pub const ALL: &[(&str, UnitKind)] = &[
        ("town", UnitKind::Town),
        ("ward", UnitKind::Ward),
        ("commune", UnitKind::Commune),
        ("province", UnitKind::Province),
    ];
}

impl Unit {
    /// Whether the unit so exists on `date`.
    #[must_use]
    pub fn valid_on(&self, date: NaiveDate) -> bool {
        self.valid_from <= date && self.valid_to.is_none_or(|to| date <= to)
    }
}

impl Plan {
    /// The column that a programme names, by its title or by its id.
    #[must_use]
    pub fn column(&self, called: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.title == called || column.id == called)
    }

    /// The unit `id` as it is on `date`.
    #[must_use]
    pub fn unit_at(&self, id: &str, date: NaiveDate) -> Option<&Unit> {
        self.units_at(date).find(|unit| unit.id == id)
    }

    /// The unit `id` as it is on `date`, else as it was last before, else as it will be first.
    #[must_use]
    pub fn unit_near(&self, id: &str, date: NaiveDate) -> Option<&Unit> {
        let of_id = || self.units.iter().filter(|unit| unit.id == id);
        let before = of_id().filter(|unit| unit.valid_from <= date).max_by_key(|unit| unit.valid_from);
        before.or_else(|| of_id().min_by_key(|unit| unit.valid_from))
    }

    /// The units that exist on `date`, in the plan's order.
    pub fn units_at(&self, date: NaiveDate) -> impl Iterator<Item = &Unit> {
        self.units.iter().filter(move |unit| unit.valid_on(date))
    }
}

/// Reads the plan in `bytes`, which a person knows as `file`. Never fails: every fault is a finding, and
/// there is a plan exactly when none of them is an error.
#[must_use]
pub fn read(file: &str, bytes: &[u8]) -> (Option<Plan>, Vec<Finding>) {
    document::read(file, bytes, plan)
}

fn plan(table: &Table) -> Option<Plan> {
    const KEYS: &[&str] = &[
        "format",
        "year",
        "title",
        "number",
        "date",
        "issued_by",
        "programmes",
        "report",
        "windows",
        "topic",
        "column",
        "unit",
    ];
    table.known(KEYS);
    format_of(table);
    let year = table.need("year").and_then(|f| f.integer(2000..=2199));
    let title = table.need("title").and_then(|f| f.words());
    let number = table.text_or_empty("number");
    let date = optional_date(table, "date");
    let issued_by = table.need("issued_by").and_then(|f| f.words());
    let due = table.need("programmes").and_then(|f| due(&f.table()?));
    let report = table.need("report").and_then(|f| report(&f.table()?));
    let windows = table.need("windows").and_then(|f| windows(&f.table()?));
    let topics = table.need("topic").and_then(|list| list.some_of(|f| topic(&f.table()?)));
    ids_once(&table.tables("topic"));
    let columns = table.need("column").and_then(|list| list.some_of(|f| column(&f.table()?)));
    ids_once(&table.tables("column"));
    let units = table.need("unit").and_then(|list| list.some_of(|f| unit(&f.table()?)));
    if let Some(units) = &units {
        judge_units(units, &table.tables("unit"));
    }
    let ([a_month, minutes_min, minutes_max, airings_due], (windows, windows_basis)) = (due?, windows?);
    Some(Plan {
        year: year?,
        title: title?,
        number: number?,
        date: date?,
        issued_by: issued_by?,
        a_month,
        minutes_min,
        minutes_max,
        airings_due,
        report: report?,
        windows,
        windows_basis,
        topics: topics?,
        columns: columns?,
        units: units?,
    })
}

/// A date, or none where the key is absent or its text empty; `None` outside when it is wrong.
#[allow(clippy::option_option, reason = "wrong, absent and present are three things")]
fn optional_date(table: &Table, key: &str) -> Option<Option<NaiveDate>> {
    match table.get(key) {
        Some(field) if field.quiet_text().as_deref() != Some("") => field.date().map(Some),
        _ => Some(None),
    }
}

fn due(table: &Table) -> Option<[u32; 4]> {
    table.known(&["a_month", "minutes_min", "minutes_max", "airings_due"]);
    let a_month = table.need("a_month").and_then(|f| f.integer(0..=100));
    let least = table.need("minutes_min").and_then(|f| f.integer(0..=600));
    let most = table.need("minutes_max").and_then(|f| f.integer(1..=600));
    let airings = table.need("airings_due").and_then(|f| f.integer(0..=1000));
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        reversed(table, "minutes_max", least, most);
    }
    Some([a_month?, least?, most?, airings?])
}

fn reversed(table: &Table, key: &str, from: impl std::fmt::Display, to: impl std::fmt::Display) {
    table.report(Severity::Error, key, Message::new("range-reversed").with("from", from).with("to", to));
}

fn report(table: &Table) -> Option<ReportDue> {
    table.known(&["deadline", "hub", "to", "recipients", "number", "date"]);
    let deadline = table.need("deadline").and_then(|f| f.date());
    let hub = table.need("hub").and_then(|f| f.words());
    let to = table.need("to").and_then(|f| f.words());
    let recipients = table.need("recipients").and_then(|list| list.some_of(Field::words));
    let (number, date) = (table.text_or_empty("number"), optional_date(table, "date"));
    Some(ReportDue {
        deadline: deadline?,
        hub: hub?,
        to: to?,
        recipients: recipients?,
        number: number?,
        date: date?,
    })
}

fn windows(table: &Table) -> Option<(Windows, String)> {
    table.known(&["ranges", "weekdays", "basis"]);
    let windows = Windows::read(table);
    let basis = table.text_or_empty("basis");
    Some((windows?, basis?))
}

fn topic(table: &Table) -> Option<Topic> {
    table.known(&["id", "text"]);
    let id = table.need("id").and_then(|f| f.words());
    let text = table.need("text").and_then(|f| f.words());
    Some(Topic { id: id?, text: text? })
}

fn column(table: &Table) -> Option<Column> {
    table.known(&["id", "title"]);
    let id = table.need("id").and_then(|f| f.id());
    let title = table.need("title").and_then(|f| f.words());
    Some(Column { id: id?, title: title? })
}

fn unit(table: &Table) -> Option<Unit> {
    table.known(&["id", "name", "kind", "parent", "valid_from", "valid_to", "office"]);
    let id = table.need("id").and_then(|f| f.id());
    let name = table.need("name").and_then(|f| f.words());
    let kind = table.need("kind").and_then(|f| f.choice(UnitKind::ALL));
    let parent = table.text_or_empty("parent");
    let valid_from = table.need("valid_from").and_then(|f| f.date());
    let valid_to = optional_date(table, "valid_to");
    let office = match table.get("office") {
        Some(office) => office.table().and_then(|table| Office::read(&table)),
        None => Some(Office::default()),
    };
    if let (Some(from), Some(Some(to))) = (valid_from, valid_to)
        && from > to
    {
        reversed(table, "valid_to", from, to);
    }
    Some(Unit {
        id: id?,
        name: name?,
        kind: kind?,
        parent: parent?,
        valid_from: valid_from?,
        valid_to: valid_to?,
        office: office?,
    })
}

/// Parents must be units of the plan, and no unit may exist twice on one day.
fn judge_units(units: &[Unit], tables: &[Table]) {
    for (index, (unit, table)) in units.iter().zip(tables).enumerate() {
        if !unit.parent.is_empty() && !units.iter().any(|u| u.id == unit.parent) {
            let nearest = document::nearest(&unit.parent, units.iter().map(|u| u.id.as_str()));
            let message = Message::new("unit-unknown").with("unit", &unit.parent).with("nearest", nearest);
            table.report(Severity::Error, "parent", message);
        }
        let meets = |other: &Unit| {
            other.id == unit.id && (other.valid_on(unit.valid_from) || unit.valid_on(other.valid_from))
        };
        if units[..index].iter().any(meets) {
            table.report(Severity::Error, "valid_from", Message::new("unit-twice").with("unit", &unit.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(year: i32) -> Plan {
        let file = format!("config/plan-{year}.toml");
        let (plan, findings) = read(&file, &std::fs::read(&file).unwrap());
        assert_eq!(findings, []);
        plan.unwrap()
    }

    #[test]
    fn the_plan_of_2022_has_its_topics_and_sixteen_units() {
        let plan = shipped(2022);
        assert_eq!((plan.a_month, plan.minutes_min, plan.minutes_max, plan.airings_due), (1, 10, 15, 2));
        assert_eq!(plan.report.deadline.to_string(), "2022-12-10");
        assert_eq!(plan.topics.len(), 15);
        let march = "2022-03-01".parse().unwrap();
        assert_eq!(plan.units_at(march).count(), 16);
        assert_eq!(plan.unit_at("duc-pho", march).unwrap().name, "thị xã Đức Phổ");
        assert!(plan.unit_at("duc-pho", "2025-07-01".parse().unwrap()).is_none());
    }

    #[test]
    fn the_plan_of_two_levels_parses() {
        let plan = shipped(2026);
        assert_eq!(plan.units.iter().filter(|u| u.kind == UnitKind::Province).count(), 1);
        // Each has its office from the day on which it came to be.
        assert_eq!(plan.units_at("2025-06-30".parse().unwrap()).count(), 0);
        let units: Vec<&Unit> = plan.units_at("2025-07-01".parse().unwrap()).collect();
        assert_eq!(units.len(), 6);
        for unit in units {
            let Office { above, name, symbol, place, authority, title, .. } = &unit.office;
            assert!(
                name.contains(if above.is_empty() { unit.name.as_str() } else { "tỉnh Quảng Ngãi" }),
                "{name}"
            );
            assert!(unit.name.ends_with(place.as_str()) && !place.is_empty(), "{place}");
            let signed = if above.is_empty() {
                ("BC-UBND", "TM. Ủy ban nhân dân", "Chủ tịch")
            } else {
                ("BC-SVHTTDL", "", "Giám đốc")
            };
            assert_eq!((symbol.as_str(), authority.as_str(), title.as_str()), signed);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_damage_panics(at in 0usize..12_000, cut in 0usize..40, put in "[\\x00-\\x7fđ]{0,4}") {
            let mut bytes = include_bytes!("../../config/plan-2022.toml").to_vec();
            let (from, to) = (at.min(bytes.len()), (at + cut).min(bytes.len()));
            bytes.splice(from..to, put.bytes());
            let (plan, findings) = read("config/plan-2022.toml", &bytes);
            let error = findings.iter().any(|f| f.severity == Severity::Error);
            proptest::prop_assert_eq!(plan.is_none(), error);
        }
    }
}
