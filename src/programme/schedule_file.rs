//! `schedules/YYYY-MM.toml` read and written; `read` then `write` gives the bytes that `write` gave.

use std::{fmt::Write as _, str::FromStr};

use chrono::NaiveDateTime;

use super::{
    Field, Finding, Programme, Schedule, Segment, SegmentKind, Severity, SlotRule, Source, Table, When,
    document::{self, nearest},
};
use crate::{units::Month, words::Message};

/// The only format so far.
const FORMAT: i64 = 1;

/// Reads the schedule in `bytes`, which a person knows as `file`. Never fails: every fault is a finding,
/// and there is a schedule exactly when none of them is an error.
#[must_use]
pub fn read(file: &str, bytes: &[u8]) -> (Option<Schedule>, Vec<Finding>) {
    document::read(file, bytes, |table| schedule(file, table))
}

fn schedule(file: &str, table: &Table) -> Option<Schedule> {
    table.known(&["format", "month", "revision", "issued_by", "programme", "slot"]);
    format_of(table);
    let month = table.need("month").and_then(|f| month_of(file, &f));
    let revision = table.need("revision").and_then(|f| f.integer(1..=999_999));
    let issued_by = table.need("issued_by").and_then(|f| f.words());
    let programmes: Vec<_> = table.tables("programme").iter().map(programme).collect();
    let programmes: Option<Vec<_>> = programmes.into_iter().collect();
    let ids = ids_once(&table.tables("programme"));
    let slots: Vec<_> = table.tables("slot").iter().map(|slot| slot_rule(slot, &ids)).collect();
    let slots: Option<Vec<_>> = slots.into_iter().collect();
    Some(Schedule {
        month: month?,
        revision: revision?,
        issued_by: issued_by?,
        programmes: programmes?,
        slots: slots?,
    })
}

/// Checks the `format` key of any of the program's files.
pub fn format_of(table: &Table) {
    let Some(field) = table.need("format") else { return };
    if let Some(found) = field.integer(i64::MIN..=i64::MAX)
        && found != FORMAT
    {
        field.report(Severity::Error, Message::new("format-unknown").with("found", found));
    }
}

/// The ids of `tables`, each of which may stand only once.
pub(super) fn ids_once(tables: &[Table]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for field in tables.iter().filter_map(|table| table.get("id")) {
        // Whether the id is well formed was told when its table was read.
        let Some(id) = field.quiet_text() else { continue };
        if ids.contains(&id) {
            field.report(Severity::Error, Message::new("id-twice").with("id", &id));
        } else {
            ids.push(id);
        }
    }
    ids
}

fn month_of(file: &str, field: &Field) -> Option<Month> {
    let month: Month = field.parsed("month-malformed")?;
    // `2022-03.toml` of the centre, `2022-03.ward.toml` of a ward.
    let stem = file.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
    if stem != month.to_string() {
        let message = Message::new("month-file-mismatch").with("month", month).with("file", file);
        return field.refuse(message);
    }
    Some(month)
}

fn programme(table: &Table) -> Option<Programme> {
    table.known(&["id", "title", "column", "source", "topics", "editor", "announcer", "segment"]);
    let id = table.need("id").and_then(|f| f.id());
    let title = table.need("title").and_then(|f| f.words());
    let column = table.need("column").and_then(|f| f.words());
    let source = table.need("source").and_then(|f| f.choice(Source::ALL));
    let topics = match table.get("topics") {
        Some(list) => list.list_of(Field::words),
        None => Some(Vec::new()),
    };
    let editor = table.need("editor").and_then(|f| f.words());
    let announcer = table.text_or_empty("announcer");
    let segments = table.need("segment").and_then(|list| list.some_of(|f| segment(&f.table()?)));
    Some(Programme {
        id: id?,
        title: title?,
        column: column?,
        source: source?,
        topics: topics?,
        editor: editor?,
        announcer: announcer?,
        segments: segments?,
    })
}

fn segment(table: &Table) -> Option<Segment> {
    table.known(&["kind", "title", "file"]);
    let kind = table.need("kind").and_then(|f| f.choice(SegmentKind::ALL));
    let title = table.need("title").and_then(|f| f.words());
    let file = table.need("file").and_then(|f| f.path_below());
    Some(Segment { kind: kind?, title: title?, file: file? })
}

fn slot_rule(table: &Table, programmes: &[String]) -> Option<SlotRule> {
    table.known(&["programme", "cron", "at", "units", "reason"]);
    let programme = table.need("programme").and_then(|f| known_programme(&f, programmes));
    let when = when(table);
    let units = table.need("units").and_then(|list| list.some_of(unit));
    let reason = table.text_or_empty("reason");
    Some(SlotRule { programme: programme?, when: when?, units: units?, reason: reason? })
}

fn known_programme(field: &Field, programmes: &[String]) -> Option<String> {
    let id = field.words()?;
    if programmes.contains(&id) {
        return Some(id);
    }
    let nearest = nearest(&id, programmes.iter().map(String::as_str));
    field.refuse(Message::new("programme-unknown").with("programme", id).with("nearest", nearest))
}

fn unit(field: &Field) -> Option<String> {
    if field.quiet_text().as_deref() == Some("*") { Some("*".into()) } else { field.id() }
}

fn when(table: &Table) -> Option<When> {
    match (table.get("cron"), table.get("at")) {
        (Some(cron), None) => {
            let text = cron.words()?;
            match cron_of(&text) {
                Ok(_) => Some(When::Cron(text)),
                Err(message) => cron.refuse(message),
            }
        }
        (None, Some(at)) => at.some_of(Field::civil).map(When::At),
        _ => {
            table.report(Severity::Error, "cron", Message::new("slot-when"));
            None
        }
    }
}

/// The cron expression `text`, or the finding that it is none.
pub(super) fn cron_of(text: &str) -> Result<cron::Schedule, Message> {
    cron::Schedule::from_str(text).map_err(|_| Message::new("cron-malformed").with("cron", text))
}

/// The schedule as a file, in the layout in which the centre's editors know it.
#[must_use]
pub fn write(schedule: &Schedule) -> String {
    let mut text = String::new();
    let mut head = Keys { text: &mut text, width: 9 };
    head.put("format", &FORMAT.to_string());
    head.put("month", &quoted(&schedule.month.to_string()));
    head.put("revision", &schedule.revision.to_string());
    head.put("issued_by", &quoted(&schedule.issued_by));
    for programme in &schedule.programmes {
        write_programme(programme, &mut text);
    }
    for slot in &schedule.slots {
        text.push_str("\n[[slot]]\n");
        let mut keys = Keys { text: &mut text, width: 9 };
        keys.put("programme", &quoted(&slot.programme));
        match &slot.when {
            When::Cron(cron) => keys.put("cron", &quoted(cron)),
            When::At(times) => {
                let times: Vec<String> = times.iter().map(civil_text).collect();
                keys.put("at", &list(&times));
            }
        }
        keys.put("units", &list(&slot.units));
        if !slot.reason.is_empty() {
            keys.put("reason", &quoted(&slot.reason));
        }
    }
    text
}

fn write_programme(programme: &Programme, text: &mut String) {
    text.push_str("\n[[programme]]\n");
    let mut keys = Keys { text, width: 9 };
    keys.put("id", &quoted(&programme.id));
    keys.put("title", &quoted(&programme.title));
    keys.put("column", &quoted(&programme.column));
    keys.put("source", &quoted(word_of(Source::ALL, programme.source)));
    keys.put("topics", &list(&programme.topics));
    keys.put("editor", &quoted(&programme.editor));
    if !programme.announcer.is_empty() {
        keys.put("announcer", &quoted(&programme.announcer));
    }
    for segment in &programme.segments {
        text.push_str("\n[[programme.segment]]\n");
        let mut keys = Keys { text, width: 5 };
        keys.put("kind", &quoted(word_of(SegmentKind::ALL, segment.kind)));
        keys.put("title", &quoted(&segment.title));
        keys.put("file", &quoted(&segment.file));
    }
}

/// Lines of `key = value` with the keys of one table in a column.
struct Keys<'t> {
    text: &'t mut String,
    width: usize,
}

impl Keys<'_> {
    fn put(&mut self, key: &str, value: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{key:<width$} = {value}", width = self.width);
    }
}

fn word_of<T: PartialEq + Copy>(all: &[(&'static str, T)], value: T) -> &'static str {
    all.iter().find(|(_, v)| *v == value).map_or("", |(word, _)| word)
}

fn civil_text(time: &NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}

fn list(values: &[String]) -> String {
    format!("[{}]", values.iter().map(|v| quoted(v)).collect::<Vec<_>>().join(", "))
}

/// A TOML basic string (TOML 1.0, String): quotes, backslashes and control characters escaped.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLE: &str = r#"format    = 1
month     = "2022-03"
revision  = 1
issued_by = "Trung tâm Truyền thông - Văn hóa - Thể thao thị xã Đức Phổ"

[[programme]]
id        = "cchc"
title     = "Chuyên mục \"Cải cách hành chính\" tháng 3/2022"
column    = "Cải cách hành chính"
source    = "town"
topics    = ["II.1", "II.5.2"]
editor    = "Tổ biên tập"
announcer = "Phát thanh viên 1"

[[programme.segment]]
kind  = "signature"
title = "Nhạc hiệu"
file  = "cchc/nhạc-hiệu.mp3"

[[slot]]
programme = "cchc"
cron      = "0 30 5 * * Sat"
units     = ["*"]

[[slot]]
programme = "cchc"
at        = ["2022-03-05T17:00:00", "2022-03-12T17:00:00"]
units     = ["duc-pho", "pho-hoa"]
reason    = "Họp dân"
"#;

    #[test]
    fn what_was_written_is_written_again() {
        let (schedule, findings) = read("schedules/2022-03.toml", SAMPLE.as_bytes());
        assert_eq!(findings, []);
        assert_eq!(write(&schedule.unwrap()), SAMPLE);
    }

    #[test]
    fn other_editors_spellings_mean_the_same() {
        use unicode_normalization::UnicodeNormalization as _;
        let meant = read("2022-03.toml", SAMPLE.as_bytes()).0;
        let unquoted = SAMPLE.replace("\"2022-03-05T17:00:00\"", "2022-03-05T17:00:00");
        let check = |text: &str| assert_eq!(read("2022-03.ward.toml", text.as_bytes()).0, meant);
        check(&SAMPLE.replace('\n', "\r\n"));
        check(&format!("\u{feff}{SAMPLE}"));
        check(&SAMPLE.nfd().collect::<String>());
        check(&unquoted);
        check(&SAMPLE.replace("17:00:00", "17:00"));
    }

    fn text() -> impl Strategy<Value = String> {
        use unicode_normalization::UnicodeNormalization as _;
        "[A-Za-zĐđàáảãạăâêôơưỳ \"'\\\\#=.,-]{0,20}x".prop_map(|t| t.nfc().collect())
    }

    fn id() -> impl Strategy<Value = String> {
        "[a-z0-9][a-z0-9-]{0,8}"
    }

    prop_compose! {
        fn any_segment()(
            kind in prop::sample::select(SegmentKind::ALL),
            title in text(),
            file in "[a-zđ]{1,5}(/y[a-z.ứ -]{0,4}x){0,2}",
        ) -> Segment {
            Segment { kind: kind.1, title, file }
        }
    }

    prop_compose! {
        fn any_programme()(
            id in id(),
            texts in [text(), text(), text(), text()],
            source in prop::sample::select(Source::ALL),
            topics in prop::collection::vec(text(), 0..3),
            segments in prop::collection::vec(any_segment(), 1..3),
        ) -> Programme {
            let [title, column, editor, announcer] = texts;
            Programme { id, title, column, source: source.1, topics, editor, announcer, segments }
        }
    }

    fn any_when() -> impl Strategy<Value = When> {
        let civil = (1u32..=28, 0u32..86_400).prop_map(|(day, second)| {
            let date = chrono::NaiveDate::from_ymd_opt(2022, 3, day).unwrap();
            date.and_time(chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap())
        });
        prop_oneof![
            prop::collection::vec(civil, 1..4).prop_map(When::At),
            (0u32..60, 0u32..24).prop_map(|(m, h)| When::Cron(format!("0 {m} {h} * * Sat"))),
        ]
    }

    prop_compose! {
        fn any_schedule()(
            revision in 1u32..1000,
            issued_by in text(),
            programmes in prop::collection::vec(any_programme(), 1..3),
            whens in prop::collection::vec((any_when(), id(), "|x.*"), 0..4),
        ) -> Schedule {
            let mut ids = std::collections::BTreeSet::new();
            let programmes: Vec<_> = programmes.into_iter().filter(|p| ids.insert(p.id.clone())).collect();
            let rule = |(when, unit, reason): (When, String, String)| SlotRule {
                programme: programmes[0].id.clone(),
                when,
                units: vec![unit, "*".into()],
                reason: reason.chars().filter(char::is_ascii_graphic).collect(),
            };
            let slots = whens.into_iter().map(rule).collect();
            Schedule { month: "2022-03".parse().unwrap(), revision, issued_by, programmes, slots }
        }
    }

    proptest! {
        #[test]
        fn read_gives_what_was_written(schedule in any_schedule()) {
            let text = write(&schedule);
            let (again, findings) = read("2022-03.toml", text.as_bytes());
            prop_assert_eq!(findings, vec![]);
            prop_assert_eq!(again, Some(schedule));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read("2022-03.toml", &bytes);
        }

        #[test]
        fn no_damage_panics_and_what_reads_writes(
            at in 0..SAMPLE.len(),
            cut in 0usize..30,
            put in "[\\x00-\\x7fđ\u{202e}]{0,4}",
        ) {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, put.bytes());
            let (schedule, findings) = read("2022-03.toml", &bytes);
            prop_assert_eq!(schedule.is_none(), findings.iter().any(|f| f.severity == Severity::Error));
            if let Some(schedule) = schedule {
                let text = write(&schedule);
                prop_assert_eq!(read("2022-03.toml", text.as_bytes()).0, Some(schedule));
            }
        }
    }
}
