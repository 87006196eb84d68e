//! The state of a station whose daemon does not run, read from its folder.

use chrono::SecondsFormat;

use super::{ControlError, Folder, Lamp, LogHead, Status};
use crate::{clock::Clock, disk, store::Log, words::Message};

/// Free space under which the disk lamp is red, then yellow: a year of log and two months of masters.
const DISK_ERROR: u64 = 200 << 20;
const DISK_WARNING: u64 = 1 << 30;

/// The lamp for `free` bytes of disk.
#[must_use]
pub fn disk_lamp(free: Option<u64>) -> Lamp {
    let Some(free) = free else { return Lamp { state: "error".into(), detail: "cannot be measured".into() } };
    let state = match free {
        free if free < DISK_ERROR => "error",
        free if free < DISK_WARNING => "warning",
        _ => "ok",
    };
    Lamp { state: state.into(), detail: format!("{} MiB free", free >> 20) }
}

/// What the folder alone can tell; the device is not known to anybody.
pub fn status_at_rest(folder: &Folder, clock: &dyn Clock) -> Result<Status, ControlError> {
    if !folder.log_path().exists() {
        return Err(Message::new("log-missing").into());
    }
    let log = Log::read_only(&folder.log_path())?;
    let (now, health) = (clock.now().wall, clock.health());
    let state = if health.synchronised { "ok" } else { "warning" };
    Ok(Status {
        station: folder.station.id.clone(),
        at: now.with_timezone(&folder.station.zone).to_rfc3339_opts(SecondsFormat::Millis, false),
        version: env!("CARGO_PKG_VERSION").into(),
        running: false,
        on_air: None,
        next: None,
        hold_until: None,
        device: Lamp { state: "unknown".into(), detail: "loa is not running".into() },
        clock: Lamp { state: state.into(), detail: format!("±{} ms", health.max_error_us / 1000) },
        disk: disk_lamp(disk::free_bytes(&folder.root).ok()),
        log: LogHead { size: log.size(), checkpoint: log.checkpoint()? },
    })
}
