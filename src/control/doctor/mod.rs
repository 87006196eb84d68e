//! What can be tested beforehand, each with its remedy.

mod coming;
mod machine;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde::Serialize;

use super::{Audit, ControlError, Folder, Lamp};
use machine::Machine;

use crate::{
    clock::Clock,
    disk,
    words::{Lang, Message},
};

/// One thing that was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// `config`, `log`, `permissions`, `disk`, `flush`, `clock`, `rtc`, `autostart`, `power`, `next`, `device`, `second`.
    pub what: &'static str,
    /// How it stands.
    #[serde(flatten)]
    pub lamp: Lamp,
}

impl Examination {
    /// `what` stands as `state`, which `message` explains.
    #[must_use]
    pub fn new(what: &'static str, state: &str, message: &Message) -> Examination {
        Examination { what, lamp: Lamp::new(state, message) }
    }
}

/// Examines everything but the device, which the caller's player tests. The first fault of the configuration
/// is quoted in `lang`.
pub fn doctor(root: &Path, clock: &dyn Clock, lang: Lang) -> (Option<Folder>, Vec<Examination>) {
    let folder = match Folder::open(root) {
        Ok(folder) => folder,
        Err(ControlError::Config(findings)) => {
            let first = findings
                .first()
                .map_or(String::new(), |finding| format!("{}: {}", finding.place, finding.message.say(lang)));
            let message = Message::new("doctor-config-faults").with("first", first);
            return (
                None,
                vec![Examination::new("config", "error", &message.with("faults", findings.len()))],
            );
        }
        Err(error) => return (None, vec![Examination::new("config", "error", &failed(&error))]),
    };
    let station = Message::new("doctor-config-read").with("station", &folder.station.id);
    let now = clock.now().wall;
    let machine = Machine::default();
    let (at, next) = coming::next(&folder, now, lang);
    let clock = match clock.health() {
        health if health.synchronised => Lamp::clock(health),
        _ => Lamp::new("warning", &Message::new("doctor-clock-unsynchronised")),
    };
    let examinations = vec![
        Examination::new("config", "ok", &station.with("unit", &folder.station.unit)),
        log(&folder),
        permissions(&folder),
        Examination { what: "disk", lamp: Lamp::disk(disk::free_bytes(&folder.root).ok()) },
        machine.flush(&folder),
        Examination { what: "clock", lamp: clock },
        machine.hardware_clock(now),
        machine.autostart(&folder),
        machine.wake(at),
        next,
    ];
    (Some(folder), examinations)
}

/// What the machine failed at, in its own words.
fn failed(error: &dyn std::error::Error) -> Message {
    Message::new("doctor-failed").with("detail", error)
}

fn log(folder: &Folder) -> Examination {
    match super::audit(&folder.root, &super::Against::default()) {
        Ok(Audit { report, .. }) if report.holds() => {
            // `loa/station/<id>/<epoch>`: settings that say another id came after the log.
            let origin = report.checkpoint.as_ref().map_or("", |head| head.origin.as_str());
            if origin.rsplit('/').nth(1).is_some_and(|id| id != folder.station.id) {
                let message = Message::new("doctor-log-other").with("origin", origin);
                return Examination::new("log", "warning", &message.with("id", &folder.station.id));
            }
            let message = Message::new("doctor-log-whole").with("entries", report.size);
            Examination::new("log", "ok", &message.with("file", folder.log_path().display()))
        }
        Ok(Audit { report, .. }) => {
            let message = Message::new("doctor-log-faults").with("faults", report.faults.len());
            Examination::new("log", "error", &message)
        }
        Err(ControlError::No(message)) => Examination::new("log", "error", &message),
        Err(error) => Examination::new("log", "error", &failed(&error)),
    }
}

/// A key that others may read is no key, and a log in a folder in which others may write is theirs to take away.
fn permissions(folder: &Folder) -> Examination {
    let (key, data) = (folder.key_path("station"), folder.data());
    let mode = |path: &Path| fs::metadata(path).map(|meta| meta.permissions().mode() & 0o777);
    let said = |code: &'static str, path: &Path, mode: u32| {
        Message::new(code).with("file", path.display()).with("mode", format!("{mode:o}"))
    };
    let (state, message) = match (mode(&key), mode(&data)) {
        (Err(error), _) | (_, Err(error)) => {
            let message = Message::new("doctor-key-missing").with("file", key.display());
            ("error", message.with("detail", error))
        }
        (Ok(of_key), _) if of_key & 0o077 != 0 => ("error", said("doctor-key-open", &key, of_key)),
        (_, Ok(of_data)) if of_data & 0o022 != 0 => ("error", said("doctor-data-open", &data, of_data)),
        (Ok(of_key), Ok(_)) => ("ok", said("doctor-key-private", &key, of_key)),
    };
    Examination::new("permissions", state, &message)
}
