//! What people put into the log beside what the station measured: notes, corrections, airings by hand,
//! holds. Each is examined first; where the answer is no, nothing is entered.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::{
    Ask, ControlError, Folder, MonthFile,
    folder::read_key,
    retention::{Hold, holds_in},
    survey::expand,
    urgent,
};
use crate::{
    evidence::{
        Body, Checkpoint, HoldFact, ManualFact, OperatorAct, Outcome, asrun,
        statement::{self, StatementError},
    },
    keys::KeyError,
    programme::{self, Schedule, SlotList},
    store::{Blob, Filter, Reader},
    units::{Digest, Month, ScheduleName, SlotId},
    words::Message,
};

/// Longest text of a person, in characters: a leaf stays far below its bound.
const MOST_CHARACTERS: usize = 2000;

/// An entry that may be made, and how to say that it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The entry.
    pub body: Body,
    /// Bytes that it names by digest.
    pub blobs: Vec<Blob>,
    /// Code of the answer; its sentence names the `entry`.
    pub done: &'static str,
}

/// The entry that `ask` wants, as far as `log` and `folder` allow it; none where it wants no entry of this
/// sort. A no says why.
pub fn record(
    folder: &Folder,
    log: &Reader,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Result<Option<Record>, ControlError> {
    let plain = |body, done| Ok(Some(Record { body, blobs: Vec::new(), done }));
    match ask {
        Ask::Note { slot, by, text } => {
            written(&[by], text)?;
            know_slot(folder, log, slot)?;
            plain(Body::Note { slot: slot.clone(), by: by.clone(), text: text.clone() }, "note-done")
        }
        Ask::Correct { entry, by, text } => {
            written(&[by], text)?;
            let size = log.size()?;
            if *entry >= size {
                let no = Message::new("entry-unknown").with("entry", entry);
                return Err(no.with("last", size.saturating_sub(1)).into());
            }
            plain(Body::Correct { entry: *entry, by: by.clone(), text: text.clone() }, "correct-done")
        }
        Ask::Enter { fact, note } => {
            written(&[&fact.by], &fact.text)?;
            by_hand(folder, log, fact, note, now)?;
            let blobs = vec![Blob { kind: "statement", bytes: note.clone().into_bytes() }];
            Ok(Some(Record { body: Body::Manual(fact.clone()), blobs, done: "enter-done" }))
        }
        Ask::Hold { from, to, by, reason } => {
            written(&[by], reason)?;
            if to < from {
                return Err(Message::new("range-reversed").with("from", from).with("to", to).into());
            }
            let (from, to) = (from.to_string(), to.to_string());
            let fact = HoldFact { from, to, lifts: None, by: by.clone(), reason: reason.clone() };
            plain(Body::Hold(fact), "retain-done")
        }
        Ask::Lift { hold, by, reason } => {
            written(&[by], reason)?;
            let Hold { from, to, .. } = in_force(log, *hold)?;
            let (from, to) = (from.to_string(), to.to_string());
            let fact = HoldFact { from, to, lifts: Some(*hold), by: by.clone(), reason: reason.clone() };
            plain(Body::Hold(fact), "retain-lifted")
        }
        Ask::Act { act, by, text } => {
            written(&[by], text)?;
            let (act, by, reason) = (act.word().into(), by.clone(), text.clone());
            plain(Body::Operator(OperatorAct { act, by, reason, slot: None, until_ms: None }), "act-done")
        }
        Ask::Read { by, what } => {
            written(&[by], what)?;
            plain(Body::Read { by: by.clone(), what: what.clone() }, "act-done")
        }
        Ask::Package { fact } => {
            short([fact.by.as_str(), &fact.reason].into_iter())?;
            let blobs = urgent::blobs(folder, fact)?;
            Ok(Some(Record { body: Body::Package((**fact).clone()), blobs, done: "act-done" }))
        }
        Ask::Anchor { fact } => {
            let origin = Checkpoint::unchecked(&log.head()?).map(|head| head.origin).unwrap_or_default();
            let keys = folder.station.centre.as_ref().map_or(&[][..], |link| &link.keys);
            if fact.size > log.size()? || !keys.iter().any(|key| fact.is_good(&origin, key)) {
                return Err(Message::new("centre-not-cosigned").into());
            }
            plain(Body::Anchor(fact.clone()), "act-done")
        }
        Ask::ConfirmClock { by } => written(&[], by).map(|()| None),
        _ => Ok(None),
    }
}

/// Signs `fact` with the key in the file `key`, as the person who vouches for it: what [`record`] takes.
pub fn vouch(folder: &Folder, mut fact: ManualFact, key: &Path) -> Result<Ask, ControlError> {
    let key = read_key(key)?;
    let note = statement::sign(&folder.station.id, &fact, &key).map_err(|error| statement_message(&error))?;
    fact.statement = Digest::of(note.as_bytes());
    Ok(Ask::Enter { fact: Box::new(fact), note })
}

/// Words that say something and fit into an entry.
fn written(names: &[&String], text: &str) -> Result<(), ControlError> {
    if text.trim().is_empty() {
        return Err(Message::new("text-empty").into());
    }
    Ok(short(names.iter().map(|name| name.as_str()).chain([text]))?)
}

/// Words that fit into an entry.
pub(super) fn short<'a>(mut texts: impl Iterator<Item = &'a str>) -> Result<(), Message> {
    if texts.any(|text| text.chars().count() > MOST_CHARACTERS) {
        return Err(Message::new("text-too-long").with("limit", MOST_CHARACTERS));
    }
    Ok(())
}

/// Refuses an order whose words no entry can hold: it would be followed, and never be told. A cancelled slot says why;
/// a stop is followed whatever it says, since silence comes first.
pub fn fits(ask: &Ask) -> Result<(), Message> {
    match ask {
        Ask::Cancel { reason, .. } if reason.trim().is_empty() => Err(Message::new("text-empty")),
        Ask::Stop { by, reason, .. } | Ask::Cancel { by, reason, .. } => {
            short([by.as_str(), reason].into_iter())
        }
        Ask::Air { by, .. }
        | Ask::Release { by }
        | Ask::ConfirmClock { by }
        | Ask::Restart { by }
        | Ask::Tone { by } => short([by.as_str()].into_iter()),
        _ => Ok(()),
    }
}

fn in_force(log: &Reader, entry: u64) -> Result<Hold, ControlError> {
    let unknown = || ControlError::from(Message::new("retain-unknown").with("entry", entry));
    let hold = holds_in(log)?.into_iter().find(|hold| hold.entry == entry).ok_or_else(unknown)?;
    match &hold.lifted {
        None => Ok(hold),
        Some(lift) => Err(Message::new("retain-lifted-already").with("entry", lift.entry).into()),
    }
}

/// Refuses a slot of which neither the log nor an accepted slot list nor the month's schedule speaks.
fn know_slot(folder: &Folder, log: &Reader, slot: &SlotId) -> Result<(), ControlError> {
    let speaks = |body: &Body| matches!(body, Body::Cue(_) | Body::Missed(_) | Body::End(_));
    if log.entries_about(slot)?.iter().any(|entry| speaks(&entry.body)) {
        return Ok(());
    }
    for (_, slots) in accepted(log, slot.month)? {
        let bytes = log.blob(slots)?.unwrap_or_default();
        let list = String::from_utf8_lossy(&bytes).parse::<SlotList>();
        if list.is_ok_and(|list| list.slots.iter().any(|(id, _)| id == slot)) {
            return Ok(());
        }
    }
    let named = |(file, schedule): &(String, Schedule)| {
        expand(folder, file, schedule).0.iter().any(|found| found.id == *slot)
    };
    if in_folder(folder, slot.month).iter().any(named) {
        return Ok(());
    }
    Err(Message::new("slot-unknown").with("slot", slot).into())
}

/// Schedule and slot list of every acceptance of `month`, by digest.
fn accepted(log: &Reader, month: Month) -> Result<Vec<(Digest, Digest)>, ControlError> {
    let filter = Filter { kinds: vec!["schedule.accept"], ..Filter::default() };
    let facts = log.entries_of(&filter)?.into_iter().filter_map(|entry| match entry.body {
        Body::ScheduleAccept(fact) if fact.month == month => Some((fact.digest, fact.slots)),
        _ => None,
    });
    Ok(facts.collect())
}

/// The centre's schedule of `month` and the ward's own, as far as they can be read, with their files.
fn in_folder(folder: &Folder, month: Month) -> Vec<(String, Schedule)> {
    let read = |name| {
        let file = MonthFile::read(folder, name).ok()?;
        Some((file.file, file.schedule?))
    };
    [ScheduleName::centre(month), ScheduleName::ward(month)].into_iter().filter_map(read).collect()
}

/// Refuses an airing by hand that cannot have been, that the log knows better, or that nobody whose word
/// counts here has signed.
fn by_hand(
    folder: &Folder,
    log: &Reader,
    fact: &ManualFact,
    note: &str,
    now: DateTime<Utc>,
) -> Result<(), ControlError> {
    if fact.last_ms <= fact.first_ms {
        return Err(Message::new("enter-reversed").into());
    }
    if fact.last_ms > now.timestamp_millis() {
        return Err(Message::new("enter-future").into());
    }
    know_programme(folder, log, fact.month, &fact.programme)?;
    if let Some(slot) = &fact.slot {
        if (slot.month, &slot.programme) != (fact.month, &fact.programme) {
            return Err(Message::new("enter-other-slot").with("slot", slot).into());
        }
        know_slot(folder, log, slot)?;
        let rows = asrun::rows(&log.entries_about(slot)?);
        let full = |row: &asrun::AsRunRow| row.outcome == Some(Outcome::Full);
        if rows.iter().any(|row| row.slot.as_ref() == Some(slot) && full(row)) {
            return Err(Message::new("enter-full").with("slot", slot).into());
        }
    }
    let filter = Filter { kinds: vec!["manual"], ..Filter::default() };
    for entry in log.entries_of(&filter)? {
        if let Body::Manual(earlier) = &entry.body
            && (earlier.month, &earlier.programme) == (fact.month, &fact.programme)
            && earlier.first_ms < fact.last_ms
            && fact.first_ms < earlier.last_ms
        {
            return Err(Message::new("enter-overlap").with("entry", entry.seq).into());
        }
    }
    if fact.statement != Digest::of(note.as_bytes()) {
        return Err(statement_message(&StatementError::Other).into());
    }
    statement::check(note.as_bytes(), &folder.station.id, fact, &folder.station.witnesses())
        .map_err(|error| statement_message(&error))?;
    Ok(())
}

fn know_programme(folder: &Folder, log: &Reader, month: Month, programme: &str) -> Result<(), ControlError> {
    let file = folder.schedule_file(ScheduleName::centre(month));
    for (schedule, _) in accepted(log, month)? {
        let bytes = log.blob(schedule)?.unwrap_or_default();
        if programme::read(&file, &bytes).0.is_some_and(|schedule| schedule.programme(programme).is_some()) {
            return Ok(());
        }
    }
    if in_folder(folder, month).iter().any(|(_, schedule)| schedule.programme(programme).is_some()) {
        return Ok(());
    }
    Err(Message::new("prepare-no-programme").with("programme", programme).into())
}

fn statement_message(error: &StatementError) -> Message {
    match error {
        StatementError::Value(value) => Message::new("enter-value").with("value", value),
        StatementError::Note(KeyError::Untrusted) => Message::new("enter-untrusted"),
        StatementError::Note(_) | StatementError::Other => Message::new("enter-statement"),
    }
}
