//! Two schedules of one month at one station: the centre's, and the ward's own beside it.
//!
//! The centre's stands as it was issued, so whatever does not go together is a finding on the ward's file.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{
    Finding, Place, Schedule, Severity, Slot, Source,
    rundown::{civil_text, expand, key_of},
};
use crate::{units::Frames, words::Message};

/// A schedule with the measured lengths of its programmes, by their ids; a length may be missing.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// What airs, and when.
    pub schedule: &'a Schedule,
    /// How long each programme lasts.
    pub lengths: &'a BTreeMap<String, Frames>,
}

/// Programmes of `schedule` that stand in the wrong file: the ward's own make up the `ward` file, and no
/// other. So the bytes themselves tell whose schedule they are, and an approval of the one cannot release
/// them as the other. `file` is its name in the findings, every one of which is an error.
#[must_use]
pub fn sources(file: &str, schedule: &Schedule, ward: bool) -> Vec<Finding> {
    let code = if ward { "source-not-ward" } else { "source-ward" };
    let wrong = schedule.programmes.iter().enumerate().filter(|(_, p)| (p.source == Source::Ward) != ward);
    let finding = |(index, programme): (usize, &super::Programme)| {
        let message = Message::new(code).with("programme", &programme.id).with("month", schedule.month);
        error(file, format!("programme[{index}].source"), message)
    };
    wrong.map(finding).collect()
}

/// Where the ward's own schedule is in the way of the `centre`'s at the station of `unit` in `zone`:
/// programmes of the same id, whose slots would share their names, and slots that sound at the same time.
/// `file` is the ward's in the findings, every one of which is an error.
#[must_use]
pub fn beside(file: &str, ward: Measured, centre: Measured, zone: Tz, unit: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, programme) in ward.schedule.programmes.iter().enumerate() {
        if centre.schedule.programme(&programme.id).is_some() {
            let message = Message::new("programme-of-centre").with("programme", &programme.id);
            findings.push(error(file, format!("programme[{index}].id"), message));
        }
    }
    let (own, _) = expand(file, ward.schedule, zone, unit);
    let (theirs, _) = expand("", centre.schedule, zone, unit);
    let local = |at: DateTime<Utc>| civil_text(at.with_timezone(&zone).naive_local());
    for slot in &own {
        let (begin, end) = span(slot, ward.lengths);
        let other = theirs.iter().map(|other| (other, span(other, centre.lengths)));
        let mut clash = other.filter(|(_, (from, to))| begin == *from || (begin < *to && *from < end));
        if let Some((other, (from, to))) = clash.next() {
            let message = Message::new("slot-overlaps-centre")
                .with("slot", &slot.id)
                .with("other", &other.id)
                .with("begin", local(from))
                .with("end", local(to));
            findings.push(error(file, key_of(ward.schedule, slot), message));
        }
    }
    findings
}

/// From when to when a slot sounds; without a known length, only its first instant is known.
fn span(slot: &Slot, lengths: &BTreeMap<String, Frames>) -> (DateTime<Utc>, DateTime<Utc>) {
    let length = lengths.get(&slot.programme).map_or(0, |length| length.ns());
    (slot.at, slot.at + TimeDelta::nanoseconds(length))
}

fn error(file: &str, key: String, message: Message) -> Finding {
    Finding { severity: Severity::Error, place: Place { file: file.into(), line: None, key }, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Programme, SlotRule, When};

    const ZONE: Tz = chrono_tz::Asia::Ho_Chi_Minh;

    fn schedule(id: &str, source: Source, at: &[&str]) -> Schedule {
        let programme = Programme {
            id: id.into(),
            title: "x".into(),
            column: "x".into(),
            source,
            topics: Vec::new(),
            editor: "x".into(),
            announcer: String::new(),
            segments: Vec::new(),
        };
        let times = at.iter().map(|time| format!("2022-03-05T{time}:00").parse().unwrap()).collect();
        let rule = SlotRule {
            programme: id.into(),
            when: When::At(times),
            units: vec!["pho-hoa".into()],
            reason: String::new(),
        };
        Schedule {
            month: "2022-03".parse().unwrap(),
            revision: 1,
            issued_by: "x".into(),
            programmes: vec![programme],
            slots: vec![rule],
        }
    }

    fn lengths(id: &str, minutes: u64) -> BTreeMap<String, Frames> {
        if minutes == 0 { BTreeMap::new() } else { [(id.into(), Frames::from_ms(minutes * 60_000))].into() }
    }

    #[test]
    fn what_sounds_at_the_same_time_is_in_the_way() {
        // A ward's programme of some minutes against the centre's twelve minutes from 05:30 on.
        let check = |at: &str, own: u64, theirs: u64, clashes: bool| {
            let (ward, centre) =
                (schedule("own", Source::Ward, &[at]), schedule("cchc", Source::Town, &["05:30"]));
            let (own, theirs) = (lengths("own", own), lengths("cchc", theirs));
            let ward = Measured { schedule: &ward, lengths: &own };
            let centre = Measured { schedule: &centre, lengths: &theirs };
            let found = beside("f", ward, centre, ZONE, "pho-hoa");
            let codes: Vec<_> = found.iter().map(|f| (f.message.code, f.place.key.as_str())).collect();
            let wanted = [("slot-overlaps-centre", "slot[0].at[0]")];
            assert_eq!(codes, if clashes { &wanted[..] } else { &[] }, "{at}");
            assert_eq!(beside("f", ward, centre, ZONE, "elsewhere"), [], "another station airs neither");
        };
        check("05:20", 10, 12, false);
        check("05:21", 10, 12, true);
        check("05:30", 10, 12, true);
        check("05:41", 10, 12, true);
        check("05:42", 10, 12, false);
        check("05:25", 30, 12, true);
        // What is not measured yet is known by its first instant only.
        check("05:30", 0, 0, true);
        check("05:31", 0, 12, true);
        check("05:31", 10, 0, false);
        check("05:29", 0, 12, false);
    }

    #[test]
    fn an_id_stands_in_one_file_only() {
        let (ward, centre) =
            (schedule("cchc", Source::Ward, &["17:00"]), schedule("cchc", Source::Town, &["05:30"]));
        let none = BTreeMap::new();
        let [ward, centre] = [&ward, &centre].map(|schedule| Measured { schedule, lengths: &none });
        let found = beside("f", ward, centre, ZONE, "pho-hoa");
        assert_eq!((found.len(), found[0].message.code), (1, "programme-of-centre"));
    }

    #[test]
    fn every_programme_stands_in_the_file_of_its_source() {
        for (source, ward, code) in [
            (Source::Town, false, None),
            (Source::Province, false, None),
            (Source::Ward, true, None),
            (Source::Ward, false, Some("source-ward")),
            (Source::Town, true, Some("source-not-ward")),
            (Source::Province, true, Some("source-not-ward")),
        ] {
            let found = sources("f", &schedule("x", source, &[]), ward);
            assert_eq!(found.first().map(|f| f.message.code), code, "{source:?} {ward}");
        }
    }
}
