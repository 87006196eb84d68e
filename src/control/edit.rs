//! One change of a month, as a person makes it: small enough to be saved at once.

use chrono::NaiveDateTime;

use crate::{
    programme::{Programme, Schedule, Segment, SegmentKind, SlotRule, When},
    words::Message,
};

/// A change. Programmes go by their id, segments and rules by their place, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the schedule")]
pub enum Edit {
    /// Changes nothing: a file that was written by hand becomes one of the pages.
    TakeOver,
    /// Who issues the month.
    Issuer(String),
    /// Adds a programme.
    AddProgramme(Programme),
    /// Changes everything of a programme but its segments.
    Programme { id: String, new: Programme },
    /// Takes a programme and its slots away.
    RemoveProgramme { id: String },
    /// Adds segments at the end.
    AddSegments { id: String, segments: Vec<Segment> },
    /// Changes a segment.
    Segment { id: String, n: usize, kind: SegmentKind, title: String },
    /// Puts a segment in another place.
    MoveSegment { id: String, n: usize, to: usize },
    /// Takes a segment away; its file stays.
    RemoveSegment { id: String, n: usize },
    /// Adds a rule for slots.
    AddSlots(SlotRule),
    /// Takes a rule away, or one of its civil times.
    RemoveSlots { rule: usize, at: Option<NaiveDateTime> },
}

impl Edit {
    /// Makes the change in `schedule`; a no where it does not fit.
    pub fn make(self, schedule: &mut Schedule) -> Result<(), Message> {
        match self {
            Edit::TakeOver => {}
            Edit::Issuer(name) => schedule.issued_by = name,
            Edit::AddProgramme(new) => {
                if schedule.programme(&new.id).is_some() {
                    return Err(Message::new("id-twice").with("id", new.id));
                }
                schedule.programmes.push(new);
            }
            Edit::Programme { id, new } => {
                if new.id != id && schedule.programme(&new.id).is_some() {
                    return Err(Message::new("id-twice").with("id", new.id));
                }
                for rule in schedule.slots.iter_mut().filter(|rule| rule.programme == id) {
                    rule.programme.clone_from(&new.id);
                }
                let programme = programme(schedule, &id)?;
                let segments = std::mem::take(&mut programme.segments);
                *programme = Programme { segments, ..new };
            }
            Edit::RemoveProgramme { id } => {
                programme(schedule, &id)?;
                schedule.programmes.retain(|programme| programme.id != id);
                schedule.slots.retain(|rule| rule.programme != id);
            }
            Edit::AddSegments { id, segments } => programme(schedule, &id)?.segments.extend(segments),
            Edit::Segment { id, n, kind, title } => {
                let segment = segments(schedule, &id, n)?;
                let segment = &mut segment[n];
                (segment.kind, segment.title) = (kind, title);
            }
            Edit::MoveSegment { id, n, to } => {
                let segments = segments(schedule, &id, n)?;
                let segment = segments.remove(n);
                segments.insert(to.min(segments.len()), segment);
            }
            Edit::RemoveSegment { id, n } => {
                segments(schedule, &id, n)?.remove(n);
            }
            Edit::AddSlots(rule) => {
                programme(schedule, &rule.programme)?;
                add(schedule, rule);
            }
            Edit::RemoveSlots { rule, at } => remove(schedule, rule, at)?,
        }
        Ok(())
    }
}

fn gone() -> Message {
    Message::new("edit-gone")
}

fn programme<'a>(schedule: &'a mut Schedule, id: &str) -> Result<&'a mut Programme, Message> {
    schedule.programmes.iter_mut().find(|programme| programme.id == id).ok_or_else(gone)
}

fn segments<'a>(schedule: &'a mut Schedule, id: &str, n: usize) -> Result<&'a mut Vec<Segment>, Message> {
    let segments = &mut programme(schedule, id)?.segments;
    if n < segments.len() { Ok(segments) } else { Err(gone()) }
}

/// Times of the same programme, units and reason stand in one rule, in order.
fn add(schedule: &mut Schedule, rule: SlotRule) {
    let alike = |other: &&mut SlotRule| {
        (&other.programme, &other.units, &other.reason) == (&rule.programme, &rule.units, &rule.reason)
    };
    if let When::At(new) = &rule.when
        && let Some(SlotRule { when: When::At(times), .. }) =
            schedule.slots.iter_mut().filter(alike).find(|other| matches!(other.when, When::At(_)))
    {
        times.extend(new);
        times.sort_unstable();
        times.dedup();
        return;
    }
    schedule.slots.push(rule);
}

fn remove(schedule: &mut Schedule, rule: usize, at: Option<NaiveDateTime>) -> Result<(), Message> {
    let when = &mut schedule.slots.get_mut(rule).ok_or_else(gone)?.when;
    match (when, at) {
        (When::At(times), Some(at)) => {
            times.retain(|time| *time != at);
            if !times.is_empty() {
                return Ok(());
            }
        }
        (When::Cron(_), Some(_)) => return Err(Message::new("edit-cron")),
        (_, None) => {}
    }
    schedule.slots.remove(rule);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{self, Source};

    fn schedule() -> Schedule {
        let (schedule, findings) =
            programme::read("schedules/2022-03.toml", include_bytes!("../../schedules/2022-03.toml"));
        assert_eq!(findings, []);
        schedule.unwrap()
    }

    fn at(day: u32) -> NaiveDateTime {
        format!("2022-03-{day:02}T17:00:00").parse().unwrap()
    }

    /// After every change the month is written and read back the same.
    fn make(schedule: &mut Schedule, edit: Edit) -> Result<(), &'static str> {
        edit.make(schedule).map_err(|message| message.code)?;
        let text = programme::write(schedule);
        let (again, findings) = programme::read("schedules/2022-03.toml", text.as_bytes());
        assert_eq!(again.as_ref(), Some(&*schedule), "{findings:?}\n{text}");
        Ok(())
    }

    #[test]
    fn segments_are_added_moved_named_and_removed() {
        let mut month = schedule();
        let id = month.programmes[0].id.clone();
        let first = month.programmes[0].segments[0].clone();
        let count = month.programmes[0].segments.len();
        let segments = vec![Segment { title: "Tin mới".into(), ..first.clone() }];
        make(&mut month, Edit::AddSegments { id: id.clone(), segments }).unwrap();
        make(&mut month, Edit::MoveSegment { id: id.clone(), n: count, to: 0 }).unwrap();
        assert_eq!(month.programmes[0].segments[0].title, "Tin mới");
        let kind = SegmentKind::Notice;
        make(&mut month, Edit::Segment { id: id.clone(), n: 0, kind, title: "Thông báo".into() }).unwrap();
        assert_eq!(month.programmes[0].segments[0].kind, kind);
        make(&mut month, Edit::RemoveSegment { id: id.clone(), n: 0 }).unwrap();
        assert_eq!(month, schedule());
        assert_eq!(make(&mut month, Edit::RemoveSegment { id, n: 99 }), Err("edit-gone"));
        let id = "none".into();
        assert_eq!(make(&mut month, Edit::RemoveProgramme { id }), Err("edit-gone"));
    }

    #[test]
    fn times_of_a_kind_stand_in_one_rule() {
        let mut month = schedule();
        let rules = month.slots.len();
        let programme = month.programmes[0].id.clone();
        let rule = |days: &[u32]| SlotRule {
            programme: programme.clone(),
            when: When::At(days.iter().map(|day| at(*day)).collect()),
            units: vec!["duc-pho".into()],
            reason: String::new(),
        };
        make(&mut month, Edit::AddSlots(rule(&[20]))).unwrap();
        make(&mut month, Edit::AddSlots(rule(&[8, 20]))).unwrap();
        assert_eq!(month.slots[rules].when, When::At(vec![at(8), at(20)]));
        make(&mut month, Edit::RemoveSlots { rule: rules, at: Some(at(8)) }).unwrap();
        make(&mut month, Edit::RemoveSlots { rule: rules, at: Some(at(20)) }).unwrap();
        assert_eq!(month, schedule());
    }

    #[test]
    fn a_programme_takes_its_slots_along() {
        let mut month = schedule();
        let old = month.programmes[0].clone();
        let new = Programme { id: "moi".into(), source: Source::Town, segments: Vec::new(), ..old.clone() };
        make(&mut month, Edit::Programme { id: old.id.clone(), new: new.clone() }).unwrap();
        assert_eq!(month.programmes[0].segments, old.segments);
        assert!(month.slots.iter().any(|rule| rule.programme == "moi"));
        assert_eq!(make(&mut month, Edit::AddProgramme(new)), Err("id-twice"));
        Edit::RemoveProgramme { id: "moi".into() }.make(&mut month).unwrap();
        assert!(month.slots.iter().all(|rule| rule.programme != "moi"));
    }
}
