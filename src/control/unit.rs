//! Changes to single units of the plan, made in its file, so that comments and order survive. A unit keeps what it was
//! in every period before: past months are reported under the names that held then.

use chrono::{Days, NaiveDate};
use toml_edit::{DocumentMut, Item, Table, Value};

use super::ControlError;
use crate::{
    programme::{self, UnitKind},
    words::Message,
};

/// What a unit is from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitChange {
    /// Its id: a known one, or a new unit's.
    pub id: String,
    /// Its official name.
    pub name: String,
    /// What it is.
    pub kind: UnitKind,
    /// Id of the unit above it; empty for the topmost.
    pub parent: String,
    /// The first day.
    pub from: NaiveDate,
}

impl UnitChange {
    /// The plan in `bytes`, which a person knows as `file`, with this change. A period that goes on over the day ends on the day
    /// before it; one that begins on the day is put right.
    pub fn made_in(&self, file: &str, bytes: &[u8]) -> Result<Vec<u8>, ControlError> {
        let (mut document, periods) = opened(file, bytes)?;
        let units = units_of(&mut document)?;
        let before = periods.iter().position(|(id, from, to)| {
            *id == self.id && *from <= self.from && to.is_none_or(|to| self.from <= to)
        });
        let at = match before {
            Some(at) if periods[at].1 == self.from => at,
            Some(at) => {
                let mut new = units.get(at).cloned().unwrap_or_default();
                if let Some(old) = units.get_mut(at) {
                    set(old, "valid_to", &yesterday(self.from));
                }
                bare(&mut new);
                units.push(new);
                units.len() - 1
            }
            None => {
                let mut new = units.iter().last().cloned().unwrap_or_default();
                bare(&mut new);
                let next = periods.iter().filter(|(id, from, _)| *id == self.id && *from > self.from);
                match next.map(|(_, from, _)| *from).min() {
                    Some(next) => set(&mut new, "valid_to", &yesterday(next)),
                    None => drop(new.remove("valid_to")),
                }
                units.push(new);
                units.len() - 1
            }
        };
        let kind = UnitKind::ALL.iter().find(|(_, kind)| *kind == self.kind).map_or("", |(word, _)| *word);
        if let Some(unit) = units.get_mut(at) {
            set(unit, "id", &self.id);
            set(unit, "name", &self.name);
            set(unit, "kind", kind);
            set(unit, "parent", &self.parent);
            set(unit, "valid_from", &self.from.to_string());
        }
        Ok(document.to_string().into_bytes())
    }
}

/// The plan in `bytes` with the unit `id` ending on the day `last`: the period that goes on over it ends there.
pub fn unit_ended(file: &str, bytes: &[u8], id: &str, last: NaiveDate) -> Result<Vec<u8>, ControlError> {
    let (mut document, periods) = opened(file, bytes)?;
    let over = |(of, from, to): &(String, NaiveDate, Option<NaiveDate>)| {
        of == id && *from <= last && to.is_none_or(|to| last <= to)
    };
    let Some(at) = periods.iter().position(over) else {
        return Err(Message::new("unit-not-then")
            .with("unit", id)
            .with("day", last.format("%d/%m/%Y"))
            .into());
    };
    if let Some(unit) = units_of(&mut document)?.get_mut(at) {
        set(unit, "valid_to", &last.to_string());
    }
    Ok(document.to_string().into_bytes())
}

type Period = (String, NaiveDate, Option<NaiveDate>);

/// The file as it is written, and the periods of its units in the same order.
fn opened(file: &str, bytes: &[u8]) -> Result<(DocumentMut, Vec<Period>), ControlError> {
    let (plan, findings) = programme::plan::read(file, bytes);
    let plan = plan.ok_or(ControlError::Config(findings))?;
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let document = text.parse().map_err(|_| Message::new("unit-form"))?;
    let periods = plan.units.into_iter().map(|unit| (unit.id, unit.valid_from, unit.valid_to));
    Ok((document, periods.collect()))
}

/// The units where each is a table of its own, as `loa init` writes them.
fn units_of(document: &mut DocumentMut) -> Result<&mut toml_edit::ArrayOfTables, ControlError> {
    let units = document.get_mut("unit").and_then(Item::as_array_of_tables_mut);
    units.ok_or_else(|| Message::new("unit-form").into())
}

fn yesterday(day: NaiveDate) -> String {
    day.checked_sub_days(Days::new(1)).unwrap_or(day).to_string()
}

/// `table` without what belongs to the one that it was copied from: its comments, and its office, whose name and
/// signatory are others'. It stands behind all of that one.
fn bare(table: &mut Table) {
    let parts = table.iter().filter_map(|(_, item)| item.as_table()?.position());
    table.set_position(parts.chain(table.position()).max());
    table.remove("office");
    table.decor_mut().set_prefix("\n");
    for (mut key, item) in table.iter_mut() {
        key.leaf_decor_mut().set_prefix("");
        if let Some(value) = item.as_value_mut() {
            value.decor_mut().set_suffix("");
        }
    }
}

/// Sets `key`; what stands around an old value stays.
fn set(table: &mut Table, key: &str, text: &str) {
    let mut new = Value::from(text);
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(place) => {
            *new.decor_mut() = place.decor().clone();
            *place = new;
        }
        None => drop(table.insert(key, Item::Value(new))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = include_str!("../../config/plan-2022.toml");

    fn change(id: &str, name: &str, from: &str) -> UnitChange {
        UnitChange {
            id: id.into(),
            name: name.into(),
            kind: UnitKind::Ward,
            parent: "duc-pho".into(),
            from: from.parse().unwrap(),
        }
    }

    fn periods(bytes: &[u8], id: &str) -> Vec<(String, String, String)> {
        let (plan, findings) = programme::plan::read("plan", bytes);
        let units = plan.unwrap_or_else(|| panic!("{findings:?}")).units.into_iter();
        let of = units.filter(|unit| unit.id == id);
        let to = |to: Option<NaiveDate>| to.map_or_else(String::new, |to| to.to_string());
        of.map(|unit| (unit.name, unit.valid_from.to_string(), to(unit.valid_to))).collect()
    }

    #[test]
    fn a_new_name_begins_a_period_behind_the_old_one() {
        let marked = PLAN.replacen("id         = \"pho-hoa\"", "# cũ\nid         = \"pho-hoa\" # mã", 1);
        let made = change("pho-hoa", "phường Đông Phổ Hòa", "2022-07-01").made_in("plan", marked.as_bytes());
        let made = made.unwrap();
        let expected = [
            ("phường Phổ Hòa", "2020-02-01", "2022-06-30"),
            ("phường Đông Phổ Hòa", "2022-07-01", "2025-06-30"),
        ];
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(periods(&made, "pho-hoa"), expected);
        let text = String::from_utf8(made).unwrap();
        assert_eq!(text.matches("# cũ").count(), 1, "{text}");
        assert_eq!(text.matches("# mã").count(), 1, "{text}");
        assert!(text.contains("name       = \"phường Đông Phổ Hòa\"\n"), "{text}");
        // The new period stands behind the old one, nothing else moves.
        let rest: String = text.lines().filter(|line| marked.lines().any(|l| l == *line)).collect();
        assert!(rest.len() > marked.len() / 2);
        let at = |name: &str| text.find(name).unwrap();
        assert!(at("\"phường Phổ Hòa\"") < at("phường Đông Phổ Hòa"), "{text}");
        assert!(at("phường Đông Phổ Hòa") < at("phường Phổ Minh"), "{text}");
        // The office stays that of the old name: who signs for the new one, nobody has said.
        let (plan, _) = programme::plan::read("plan", text.as_bytes());
        let offices = plan.unwrap().units.into_iter().filter(|unit| unit.id == "pho-hoa");
        let offices: Vec<_> = offices.map(|unit| unit.office.name).collect();
        assert_eq!(offices, ["Ủy ban nhân dân phường Phổ Hòa", ""]);
    }

    #[test]
    fn the_same_day_is_put_right_a_new_unit_is_added_an_end_is_an_end() {
        let right =
            change("pho-hoa", "phường Phổ Hoà", "2020-02-01").made_in("plan", PLAN.as_bytes()).unwrap();
        assert_eq!(periods(&right, "pho-hoa").len(), 1);
        assert_eq!(periods(&right, "pho-hoa")[0].0, "phường Phổ Hoà");
        let new = change("pho-moi", "phường Phổ Mới", "2022-05-01").made_in("plan", PLAN.as_bytes()).unwrap();
        assert_eq!(periods(&new, "pho-moi"), [("phường Phổ Mới".into(), "2022-05-01".into(), String::new())]);
        let last = "2022-09-30".parse().unwrap();
        let ended = unit_ended("plan", &new, "pho-moi", last).unwrap();
        assert_eq!(periods(&ended, "pho-moi")[0].2, "2022-09-30");
        // Before what is known of it, a period ends where that begins.
        let early = change("pho-moi", "xã Phổ Mới", "2022-01-01").made_in("plan", &ended).unwrap();
        assert_eq!(periods(&early, "pho-moi")[1].2, "2022-04-30");
        assert!(unit_ended("plan", &new, "pho-moi", "2022-04-30".parse().unwrap()).is_err());
        assert!(unit_ended("plan", b"year = 2022", "pho-moi", last).is_err());
    }
}
