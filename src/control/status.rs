//! The state of a station whose daemon does not run, read from its folder.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use super::{ControlError, Folder, Lamp, LogHead, NextSlot, Status};
use crate::{
    clock::Clock,
    disk,
    evidence::Body,
    programme::SlotList,
    store::{Filter, Log, Reader},
    units::SlotId,
    words::Message,
};

/// What the folder alone can tell; the device is not known to anybody.
pub fn status_at_rest(folder: &Folder, clock: &dyn Clock) -> Result<Status, ControlError> {
    if !folder.log_path().exists() {
        return Err(Message::new("log-missing").into());
    }
    let log = Log::read_only(&folder.log_path())?;
    let now = clock.now().wall;
    let local = |at: DateTime<Utc>| {
        at.with_timezone(&folder.station.zone).to_rfc3339_opts(SecondsFormat::Millis, false)
    };
    let next = next_slot(&log, now)?.map(|(slot, at)| NextSlot {
        slot,
        at: local(at),
        in_ms: (at - now).num_milliseconds(),
    });
    Ok(Status {
        station: folder.station.id.clone(),
        at: local(now),
        version: env!("CARGO_PKG_VERSION").into(),
        running: false,
        on_air: None,
        next,
        then: Vec::new(),
        make_goods: Vec::new(),
        hold_until: hold(&log)?.filter(|until| *until > now).map(local),
        device: Lamp::new("unknown", &Message::new("lamp-device-stopped")),
        clock: Lamp::clock(clock.health()),
        disk: Lamp::disk(disk::free_bytes(&folder.root).ok()),
        log: LogHead::of(&log)?,
        centre: None,
        web: None,
    })
}

/// Until when a person silenced the station, by the log's last word on it.
fn hold(log: &Reader) -> Result<Option<DateTime<Utc>>, ControlError> {
    let acts = log.entries_of(&Filter { kinds: vec!["operator"], ..Filter::default() })?;
    let last = acts.iter().rev().find_map(|entry| match &entry.body {
        Body::Operator(act) if act.act == "hold" || act.act == "release" => Some(act.until_ms),
        _ => None,
    });
    Ok(last.flatten().and_then(DateTime::from_timestamp_millis))
}

/// The first slot after `now` of the schedules in force that has no outcome yet.
fn next_slot(log: &Reader, now: DateTime<Utc>) -> Result<Option<(SlotId, DateTime<Utc>)>, ControlError> {
    let accepted = log.entries_of(&Filter { kinds: vec!["schedule.accept"], ..Filter::default() })?;
    let in_force: BTreeMap<_, _> = accepted
        .into_iter()
        .filter_map(|entry| match entry.body {
            Body::ScheduleAccept(fact) => Some((fact.name(), fact.slots)),
            _ => None,
        })
        .collect();
    let mut coming = Vec::new();
    // The centre's and the ward's of a few months: what is older has nothing to come.
    for digest in in_force.values().rev().take(6) {
        let list = log.blob(*digest)?.unwrap_or_default();
        let list = String::from_utf8_lossy(&list).parse::<SlotList>();
        coming.extend(list.into_iter().flat_map(|list| list.slots).filter(|(_, at)| *at > now));
    }
    coming.sort_by_key(|(_, at)| *at);
    for (slot, at) in coming {
        let closed = |body: &Body| matches!(body, Body::End(_) | Body::Missed(_));
        let said = log.entries_of(&Filter { slot: Some(slot.clone()), ..Filter::default() })?;
        if !said.iter().any(|entry| closed(&entry.body)) {
            return Ok(Some((slot, at)));
        }
    }
    Ok(None)
}
