//! What an editor changes in a month: a form each, saved at once.

use axum::{Extension, extract::Path, response::Response};
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};

use super::{
    super::{
        error::Fault,
        form::Form,
        page::{Visit, both},
    },
    stale,
};
use crate::{
    control::{self, Act, Ask, Draft, Edit, Save},
    programme::{Programme, Segment, SegmentKind, SlotRule, Source, When},
    units::{Digest, Month, ScheduleName},
    words::Message,
};

pub(super) async fn change(
    visit: Visit,
    Path(name): Path<ScheduleName>,
    Extension(form): Extension<Form>,
) -> Response {
    let result = changed(&visit, name, &form).await;
    if let Err(fault) = &result
        && stale::is_stale(fault)
    {
        let fault = fault.clone();
        return stale::show(visit, name, form, fault).await;
    }
    visit.told(&format!("/month/{name}"), result).await
}

async fn changed(visit: &Visit, name: ScheduleName, form: &Form) -> Result<[String; 2], Fault> {
    let seen: Digest = form.parsed("seen")?;
    let edit = edit(name.month, form)?;
    let (by, replace, op) = (visit.hand(), form.get("replace") == "yes", form.get("op").to_owned());
    visit
        .entering(Act::Schedule, move |studio, enter| {
            let draft = Draft::read(&studio.folder, name)?;
            // Before it is made: what it is about may be gone, and that is not what happened.
            draft.seen_as(Some(seen))?;
            let Some(mut schedule) = draft.file.schedule.clone() else {
                return Err(control::ControlError::Findings(draft.file.findings));
            };
            edit.make(&mut schedule)?;
            let save = Save { name, seen: Some(seen), by: &by, replace };
            let entered = || enter(&by.name, format!("{name} {op}"));
            control::save(&studio.folder, &save, schedule, studio.now(), entered).map(|_| ())
        })
        .await?;
    visit.site.studio.ask(Ask::Look {}).await;
    Ok(both(&Message::new("web-saved")))
}

/// The change that `form` asks for.
fn edit(month: Month, form: &Form) -> Result<Edit, Fault> {
    let id = form.get("programme").to_owned();
    let n = || form.parsed::<usize>("n");
    Ok(match form.get("op") {
        "take-over" => Edit::TakeOver,
        "issuer" => Edit::Issuer(line(form, "issued_by")),
        "programme-add" => Edit::AddProgramme(Programme {
            segments: form.all("file").map(segment).collect(),
            ..programme(form)?
        }),
        "programme" => Edit::Programme { id, new: programme(form)? },
        "programme-remove" => Edit::RemoveProgramme { id },
        "segments-add" => Edit::AddSegments { id, segments: form.all("file").map(segment).collect() },
        "segment" => Edit::Segment { id, n: n()?, kind: kind(form)?, title: line(form, "title") },
        "segment-up" => Edit::MoveSegment { id, n: n()?, to: n()?.saturating_sub(1) },
        "segment-down" => Edit::MoveSegment { id, n: n()?, to: n()? + 1 },
        "segment-move" => Edit::MoveSegment { id, n: n()?, to: form.parsed("to")? },
        "segment-remove" => Edit::RemoveSegment { id, n: n()? },
        "slots-add" => Edit::AddSlots(slots(month, form)?),
        "slots-remove" => Edit::RemoveSlots { rule: form.parsed("rule")?, at: civil(form.get("at")) },
        _ => return Err(Fault::no(Message::new("web-unclear"))),
    })
}

/// One line of text: what a browser's field gives, without what cannot stand in the file.
fn line(form: &Form, name: &str) -> String {
    form.get(name).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn programme(form: &Form) -> Result<Programme, Fault> {
    let source = Source::ALL.iter().find(|(word, _)| *word == form.get("source"));
    let unclear =
        || Fault::no(Message::new("web-field").with("field", "source").with("found", form.get("source")));
    Ok(Programme {
        id: line(form, "id"),
        title: line(form, "title"),
        column: line(form, "column"),
        source: source.ok_or_else(unclear)?.1,
        topics: form.all("topic").map(str::to_owned).collect(),
        editor: line(form, "editor"),
        announcer: line(form, "announcer"),
        segments: Vec::new(),
    })
}

/// A segment of `file`, titled by its name until somebody titles it.
fn segment(file: &str) -> Segment {
    let name = file.rsplit('/').next().unwrap_or(file);
    let title = name.rsplit_once('.').map_or(name, |(stem, _)| stem).replace(['-', '_'], " ");
    Segment { kind: SegmentKind::News, title, file: file.into() }
}

fn kind(form: &Form) -> Result<SegmentKind, Fault> {
    let kind = SegmentKind::ALL.iter().find(|(word, _)| *word == form.get("kind"));
    let unclear =
        || Fault::no(Message::new("web-field").with("field", "kind").with("found", form.get("kind")));
    Ok(kind.ok_or_else(unclear)?.1)
}

fn slots(month: Month, form: &Form) -> Result<SlotRule, Fault> {
    let day: NaiveDate = form.parsed("day")?;
    let time = form.get("time");
    let clock = ["%H:%M:%S", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(time, form).ok());
    let unclear = || Fault::no(Message::new("time-unclear").with("time", time));
    let clock = clock.ok_or_else(unclear)?;
    let wanted = |date: &NaiveDate| match form.get("repeat") {
        "weekly" => date.weekday() == day.weekday() && *date >= day,
        "daily" => *date >= day,
        _ => *date == day,
    };
    let days = month.first().iter_days().take_while(|date| Month::of(*date) == month);
    let times: Vec<NaiveDateTime> = days.filter(wanted).map(|date| date.and_time(clock)).collect();
    if times.is_empty() {
        return Err(Fault::no(Message::new("web-other-month").with("day", day)));
    }
    let units: Vec<String> = form.all("unit").map(str::to_owned).collect();
    let units = if units.is_empty() { vec!["*".into()] } else { units };
    Ok(SlotRule {
        programme: form.get("programme").into(),
        when: When::At(times),
        units,
        reason: line(form, "reason"),
    })
}

fn civil(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(fields: &str) -> Result<SlotRule, ()> {
        let form = Form::parse(format!("programme=cchc&{fields}").as_bytes()).unwrap();
        slots("2022-03".parse().unwrap(), &form).map_err(|_| ())
    }

    #[test]
    fn a_day_is_repeated_within_its_month() {
        for (fields, count, first) in [
            ("day=2022-03-05&time=05:30", 1, "2022-03-05T05:30:00"),
            ("day=2022-03-05&time=05:30:15&repeat=weekly", 4, "2022-03-05T05:30:15"),
            ("day=2022-03-29&time=17:00&repeat=daily", 3, "2022-03-29T17:00:00"),
        ] {
            let When::At(times) = rule(fields).unwrap().when else { panic!("{fields}") };
            assert_eq!((times.len(), times[0]), (count, civil(first).unwrap()), "{fields}");
        }
        for fields in ["day=2022-04-05&time=05:30", "day=2022-03-05&time=25:00", "day=x&time=05:30"] {
            assert!(rule(fields).is_err(), "{fields}");
        }
        assert_eq!(rule("day=2022-03-05&time=05:30").unwrap().units, ["*"]);
    }

    #[test]
    fn a_file_gives_its_segment_a_title() {
        assert_eq!(segment("2022-03/tin-tuc_1.mp3").title, "tin tuc 1");
        assert_eq!(segment("x").title, "x");
    }
}
