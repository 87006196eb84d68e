//! The state of the station as people and machines ask for it.

use chrono::{DateTime, SecondsFormat, Utc};

use super::engine::Engine;
use crate::{
    airing::{Job, State},
    control::{Lamp, LogHead, NextSlot, OnAir, Status, disk_lamp},
    disk,
    playout::Event,
    units::Frames,
    words::Lang,
};

/// What is known of the device: nothing is healthy that was not consumed.
#[derive(Debug, Default)]
pub(super) struct DeviceLamp {
    state: &'static str,
    detail: String,
}

impl DeviceLamp {
    /// Takes what the player tells.
    pub fn take(&mut self, event: &Event, now: DateTime<Utc>) {
        let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (state, detail) = match event {
            Event::Probed { fault: None, device, .. } => ("ready", format!("{device}, last probed at {at}")),
            Event::Probed { fault: Some(fault), device, detail } => {
                ("error", format!("{device}: {fault:?} at {at}: {detail}"))
            }
            Event::Opened { device, .. } => ("ready", format!("{device}, open since {at}")),
            Event::OpenFailed { fault, detail } => ("error", format!("{fault:?} at {at}: {detail}")),
            Event::Lost { fault, detail, .. } => ("error", format!("lost at {at}: {fault:?}: {detail}")),
            Event::Started { device, .. } => ("ok", format!("{device}, consuming since {at}")),
            Event::Ended { .. } => ("ready", format!("last consumed at {at}")),
            _ => return,
        };
        // An ending does not heal what is broken.
        if self.state == "error" && matches!(event, Event::Ended { .. }) {
            return;
        }
        *self = DeviceLamp { state, detail };
    }

    fn lamp(&self) -> Lamp {
        if self.state.is_empty() {
            return Lamp { state: "unknown".into(), detail: "not probed yet".into() };
        }
        Lamp { state: self.state.into(), detail: self.detail.clone() }
    }
}

/// The state of a running station.
pub(super) fn status(engine: &Engine, log: LogHead) -> Status {
    let (ports, controller) = (&engine.ports, &engine.controller);
    let station = &ports.folder.station;
    let now = ports.clock.now().wall;
    let local =
        |at: DateTime<Utc>| at.with_timezone(&station.zone).to_rfc3339_opts(SecondsFormat::Millis, false);
    let on_air = match controller.state() {
        State::Idle => None,
        State::Preparing(job) => Some(on_air("preparing", &job, Frames::ZERO, false, &local)),
        State::Armed(job) => Some(on_air("armed", &job, Frames::ZERO, false, &local)),
        State::OnAir { job, position, sounding, .. } => {
            Some(on_air("on-air", &job, position, sounding, &local))
        }
    };
    let next = controller.upcoming().next().map(|slot| NextSlot {
        slot: slot.id.clone(),
        at: local(slot.at),
        in_ms: (slot.at - now).num_milliseconds(),
    });
    let health = ports.clock.health();
    let clock = match controller.clock_doubt() {
        Some(doubt) => Lamp { state: "error".into(), detail: doubt.say(Lang::En) },
        None if health.synchronised => {
            Lamp { state: "ok".into(), detail: format!("synchronised, ±{} ms", health.max_error_us / 1000) }
        }
        None => Lamp { state: "warning".into(), detail: "not synchronised".into() },
    };
    Status {
        station: station.id.clone(),
        at: local(now),
        version: env!("CARGO_PKG_VERSION").into(),
        running: true,
        on_air,
        next,
        hold_until: controller.hold().map(local),
        device: engine.lamp.lamp(),
        clock,
        disk: disk_lamp(disk::free_bytes(&ports.folder.data()).ok()),
        log,
    }
}

fn on_air(
    state: &str,
    job: &Job,
    position: Frames,
    sounding: bool,
    local: &dyn Fn(DateTime<Utc>) -> String,
) -> OnAir {
    OnAir {
        state: state.into(),
        slot: job.slot.clone(),
        programme: job.programme.clone(),
        planned: local(job.planned),
        position_ms: position.ms(),
        duration_ms: job.length.ms(),
        sounding,
    }
}
