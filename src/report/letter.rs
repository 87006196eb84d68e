//! A letter that urges a unit, as text ready to send, and the sentences that it is made of.

use chrono::NaiveDateTime;

use crate::{
    control::{Lack, Remedy, Urged, Urging},
    reconcile::State,
    units::Month,
    words::{self, Lang, say},
};

/// The letter to `unit`; none when the schedule still brings all that it lacks.
#[must_use]
pub fn letter(urging: &Urging, unit: &Urged, lang: Lang) -> Option<String> {
    let open = unit.lacks.iter().filter(|lack| !lack.is_scheduled());
    let line = |(n, lack)| format!("{}. {}; {}.", n + 1, lacks(lack, lang), remedy(lack, lang));
    let lines: Vec<String> = open.enumerate().map(line).collect();
    if lines.is_empty() {
        return None;
    }
    let number = match urging.number.as_str() {
        "" => String::new(),
        number => say(lang, "urge-number", &[("number", number)]),
    };
    let day = |day: chrono::NaiveDate| day.format("%d/%m/%Y").to_string();
    let office = match unit.office.as_str() {
        "" => say(lang, "urge-those", &[("unit", &unit.name)]),
        office => office.to_owned(),
    };
    let values = [
        ("unit", unit.name.as_str()),
        ("office", &office),
        ("plan", &urging.plan),
        ("number", &number),
        ("day", &day(urging.as_of)),
        ("deadline", &day(urging.deadline)),
    ];
    let said = |key| say(lang, key, &values);
    // What nobody can make good any more, nobody is asked to.
    let asks =
        if unit.lacks.iter().filter(|lack| !lack.is_scheduled()).all(|lack| lack.remedy == Remedy::Lapsed) {
            "urge-asks-lapsed"
        } else {
            "urge-asks"
        };
    let parts = [said("urge-to"), said("urge-opening"), lines.join("\n"), said(asks), said("urge-ends")];
    Some(parts.join("\n\n"))
}

/// The letter to those who do not hold `month` yet, as of `at` in the centre's time: each by its unit's name, with why.
/// None when everybody does.
#[must_use]
pub fn ready_letter(
    month: Month,
    at: NaiveDateTime,
    unready: &[(String, String)],
    lang: Lang,
) -> Option<String> {
    if unready.is_empty() {
        return None;
    }
    let line = |(n, (name, why)): (usize, &(String, String))| format!("{}. {name}: {why}.", n + 1);
    let lines: Vec<String> = unready.iter().enumerate().map(line).collect();
    let values = [
        ("month", format!("{:02}/{}", month.number(), month.year())),
        ("time", at.format("%H:%M").to_string()),
        ("day", at.format("%d/%m/%Y").to_string()),
        ("first", month.first().format("%d/%m/%Y").to_string()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let said = |key| say(lang, key, &values);
    // Of a month that began there is no day any more by which to be ready.
    let (opening, asks) = if at.date() < month.first() {
        ("ready-opening", "ready-asks")
    } else {
        ("ready-opening-late", "ready-asks-late")
    };
    let parts = [said("ready-to"), said(opening), lines.join("\n"), said(asks), said("urge-ends")];
    Some(parts.join("\n\n"))
}

/// What is missing of a programme month, with its reasons.
#[must_use]
pub fn lacks(lack: &Lack, lang: Lang) -> String {
    let key = match lack.state {
        State::NoReport if lack.begun.is_some() => "urge-begun",
        State::NoReport => "urge-no-report",
        State::NotYetDue => "urge-so-far",
        _ => "urge-lacks",
    };
    let month = format!("{:02}/{}", lack.month.number(), lack.month.year());
    let [done, due, missing] = [lack.done, lack.due, lack.missing()].map(|n| n.to_string());
    let begun = lack.begun.map_or_else(String::new, |day| day.format("%d/%m/%Y").to_string());
    let values =
        [("month", &*month), ("done", &done), ("due", &due), ("missing", &missing), ("begun", &begun)];
    let mut text = say(lang, key, &values);
    let mut beside = |key, name, value: &str| text += &say(lang, key, &[(name, value)]);
    let reason =
        |(reason, many)| format!("{} ({many})", say(lang, &format!("reason-{}", words::code(reason)), &[]));
    let reasons: Vec<String> = lack.reasons.iter().map(reason).collect();
    if !reasons.is_empty() {
        beside("urge-reasons", "reasons", &reasons.join(", "));
    }
    if lack.vouched > 0 {
        beside("urge-vouched", "many", &lack.vouched.to_string());
    }
    if lack.to_come > 0 {
        beside("urge-to-come", "many", &lack.to_come.to_string());
    }
    text
}

/// Until when it can be made good.
#[must_use]
pub fn remedy(lack: &Lack, lang: Lang) -> String {
    let until = lack.remedy.until();
    let [time, day] = ["%H:%M", "%d/%m/%Y"].map(|form| until.map(|at| at.format(form).to_string()));
    let (time, day) = (time.unwrap_or_default(), day.unwrap_or_default());
    let key = match lack.remedy {
        Remedy::InMonth { .. } => "urge-in-month",
        Remedy::ForReport { .. } => "urge-for-report",
        Remedy::Lapsed => "urge-lapsed",
    };
    say(lang, key, &[("time", &time), ("day", &day)])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::evidence::Reason;

    fn lack(month: &str, state: State, done: u32, to_come: u32, remedy: Remedy) -> Lack {
        let (month, reasons) = (month.parse().unwrap(), BTreeMap::from([(Reason::PowerOff, 3)]));
        Lack { month, state, due: 2, done, vouched: 0, to_come, reasons, begun: None, remedy }
    }

    fn at(text: &str) -> chrono::DateTime<chrono::FixedOffset> {
        text.parse().unwrap()
    }

    #[test]
    fn a_letter_names_each_lack_and_until_when() {
        let by_hand = Remedy::ForReport { until: at("2022-12-10T17:45:00+07:00") };
        let in_month = Remedy::InMonth { until: at("2022-04-30T17:45:00+07:00") };
        let mut unit = Urged {
            unit: "pho-hoa".into(),
            name: "phường Phổ Hòa".into(),
            office: "Ủy ban nhân dân phường Phổ Hòa".into(),
            lacks: vec![
                lack("2022-02", State::None, 0, 0, Remedy::Lapsed),
                lack("2022-03", State::Short, 1, 0, by_hand),
                lack("2022-04", State::NotYetDue, 0, 1, in_month),
                lack("2022-05", State::NotYetDue, 0, 2, in_month),
            ],
        };
        let urging = Urging {
            as_of: "2022-04-10".parse().unwrap(),
            plan: "Kế hoạch tuyên truyền năm 2022".into(),
            number: "15/KH-UBND".into(),
            deadline: "2022-12-10".parse().unwrap(),
            units: Vec::new(),
        };
        let text = letter(&urging, &unit, Lang::Vi).unwrap();
        assert_eq!(text, include_str!("../../tests/golden/letter.txt").trim_end());
        unit.lacks.drain(..3);
        assert_eq!(letter(&urging, &unit, Lang::Vi), None, "the schedule brings all of May");
    }
}
