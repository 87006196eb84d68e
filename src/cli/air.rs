//! `loa air`, `stop`, `release`, `cancel`: what a person asks of the air, of a running daemon or, where
//! none runs, of this process.

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::{Exit, say::Say};
use crate::{
    clock::{Clock as _, System},
    control::{self, Ask, ControlError, Folder, Reply},
    daemon::{self, Options},
    programme::civil,
    units::{ScheduleName, SlotId},
    words::Message,
};

pub(super) fn air(
    folder: Folder,
    schedule: ScheduleName,
    programme: &str,
    test: bool,
    by: Option<&str>,
    output: Option<String>,
    say: Say,
) -> anyhow::Result<Exit> {
    let ask = Ask::Air { schedule, programme: programme.into(), test, by: person(by) };
    put(folder, ask, output, say)
}

pub(super) fn stop(
    folder: Folder,
    reason: &str,
    hold_until: Option<&str>,
    by: Option<&str>,
    say: Say,
) -> anyhow::Result<Exit> {
    let hold_until = hold_until.map(|text| time(&folder, text, Hour::Next)).transpose()?;
    put(folder, Ask::Stop { by: person(by), reason: reason.into(), hold_until }, None, say)
}

pub(super) fn release(folder: Folder, by: Option<&str>, say: Say) -> anyhow::Result<Exit> {
    put(folder, Ask::Release { by: person(by) }, None, say)
}

pub(super) fn confirm_clock(folder: Folder, by: &str, say: Say) -> anyhow::Result<Exit> {
    put(folder, Ask::ConfirmClock { by: by.into() }, None, say)
}

pub(super) fn cancel(
    folder: Folder,
    slot: &SlotId,
    reason: &str,
    by: Option<&str>,
    say: Say,
) -> anyhow::Result<Exit> {
    put(folder, Ask::Cancel { slot: slot.clone(), by: person(by), reason: reason.into() }, None, say)
}

/// Puts `ask` to the running daemon; where none runs, to an engine of this process. Says the answer.
pub(super) fn put(folder: Folder, ask: Ask, output: Option<String>, say: Say) -> anyhow::Result<Exit> {
    let mut exit = Exit::Machine;
    answered(folder, ask, output, &mut |answer| exit = say.reply(answer))?;
    Ok(exit)
}

/// Like [`put`], but gives the answers to `told`.
pub(super) fn answered(
    folder: Folder,
    ask: Ask,
    output: Option<String>,
    told: &mut dyn FnMut(&Reply),
) -> anyhow::Result<()> {
    if let Some(answer) = control::ask(&folder.socket_path(), &ask)? {
        told(&answer);
        return Ok(());
    }
    daemon::run(folder, Options { output, once: Some(ask) }, told)
}

/// Who asks: `--by`, else the user of this session.
pub(super) fn person(by: Option<&str>) -> String {
    by.map_or_else(|| std::env::var("USER").unwrap_or_default(), str::to_owned)
}

/// Which of two days a bare hour means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hour {
    /// The next one that comes.
    Next,
    /// The last one that was.
    Last,
}

/// A time as people type it: RFC 3339, civil time, or only an hour.
pub(super) fn time(folder: &Folder, text: &str, hour: Hour) -> Result<DateTime<Utc>, ControlError> {
    let zone = folder.station.zone;
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let civil = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
    if let Some(local) = civil.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()) {
        return Ok(civil::instant(zone, local).0);
    }
    let Ok(bare) = NaiveTime::parse_from_str(text, "%H:%M") else {
        return Err(ControlError::Usage(Message::new("time-unclear").with("time", text)));
    };
    let now = System::new().now().wall.with_timezone(&zone).naive_local();
    let today = now.date().and_time(bare);
    let day = match hour {
        Hour::Next if today <= now => today + TimeDelta::days(1),
        Hour::Last if today > now => today - TimeDelta::days(1),
        _ => today,
    };
    Ok(civil::instant(zone, day).0)
}
