//! The state of the station as people and machines ask for it.

use chrono::{DateTime, SecondsFormat, Utc};

use super::engine::Engine;
use crate::{
    airing::{Job, Planned, State},
    control::{Lamp, LogHead, NextSlot, OnAir, Status},
    disk,
    playout::{Event, Fault},
    units::{Frames, Level},
    words::Message,
};

/// What is known of the device: nothing is healthy that was not consumed, steadily and by the first output.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact that the player tells by itself")]
pub(super) struct DeviceLamp {
    lamp: Option<Lamp>,
    /// It has consumed for some seconds without a break.
    steady: bool,
    /// The second output stands in.
    second: bool,
    /// The sound server lets nobody hear it.
    muted: bool,
    /// The sound server does not say who hears it.
    unanswered: bool,
    /// Something is on air on it.
    sounding: bool,
    /// Highest sample of the last period.
    peak: Option<Level>,
}

impl DeviceLamp {
    /// Takes what the player tells, `at` a time of the station.
    pub fn take(&mut self, event: &Event, at: &str) {
        let said = |state, code: &'static str, device: &str| {
            Lamp::new(state, &Message::new(code).with("at", at).with("device", device))
        };
        self.follow(event);
        self.lamp = Some(match event {
            Event::Probed { fault: None, device, .. } => said("ready", "lamp-device-probed", device),
            Event::Probed { fault: Some(fault), device, detail }
            | Event::OpenFailed { fault, device, detail }
            | Event::Lost { fault, device, detail, .. } => Lamp::device_fault(device, *fault, detail, at),
            Event::Muted { device, detail, .. } => Lamp::device_fault(device, Fault::Muted, detail, at),
            // What was known of its health is worth less now; a fault that was told weighs more.
            Event::Unanswered { .. } if self.is_broken() => return,
            Event::Unanswered { device, detail } => {
                let message = Message::new("lamp-device-unanswered").with("at", at).with("device", device);
                Lamp::new("warning", &message.with("detail", detail))
            }
            Event::Opened { device, .. } if self.second => said("warning", "lamp-device-second", device),
            // A moment of life is no health yet.
            Event::Opened { device, .. } if self.is_bad() => said("warning", "lamp-device-returned", device),
            Event::Opened { device, .. } => said("ready", "lamp-device-open", device),
            // Consumption is no health while nobody hears it.
            Event::Steady { .. } | Event::Started { .. } | Event::Answered { .. } if self.muted => return,
            Event::Steady { .. } | Event::Started { .. } if self.unanswered => return,
            Event::Steady { device }
            | Event::Started { device, .. }
            | Event::Answered { device }
            | Event::Audible { device, .. } => match (self.steady, self.second, self.sounding) {
                (_, true, _) => said("warning", "lamp-device-second", device),
                (true, false, true) => said("ok", "lamp-device-consuming", device),
                (false, false, _) if self.is_bad() => said("warning", "lamp-device-returned", device),
                (_, false, _) => said("ready", "lamp-device-open", device),
            },
            // An ending does not heal what is broken.
            Event::Ended { .. } if self.is_bad() => return,
            Event::Ended { .. } => said("ready", "lamp-device-consumed", ""),
            _ => return,
        });
    }

    fn follow(&mut self, event: &Event) {
        match event {
            Event::Opened { second, .. } => {
                (self.second, self.steady, self.muted, self.unanswered) = (*second, false, false, false);
            }
            Event::Muted { .. } => self.muted = true,
            Event::Audible { .. } => self.muted = false,
            Event::Unanswered { .. } => self.unanswered = true,
            Event::Answered { .. } => self.unanswered = false,
            Event::Steady { .. } => self.steady = true,
            Event::Started { .. } => self.sounding = true,
            Event::Progress { peak, .. } => self.peak = Some(*peak),
            Event::Ended { .. } => (self.sounding, self.peak) = (false, None),
            Event::Lost { .. } | Event::OpenFailed { .. } => {
                (self.steady, self.sounding, self.peak) = (false, false, None);
            }
            Event::Closed { .. } => self.steady = false,
            _ => {}
        }
    }

    fn is_broken(&self) -> bool {
        self.lamp.as_ref().is_some_and(|lamp| lamp.state == "error")
    }

    fn is_bad(&self) -> bool {
        self.lamp.as_ref().is_some_and(|lamp| lamp.state == "error" || lamp.state == "warning")
    }

    fn lamp(&self) -> Lamp {
        self.lamp.clone().unwrap_or_else(|| Lamp::new("unknown", &Message::new("lamp-device-unknown")))
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
        State::Preparing(job) => Some(on_air("preparing", &job, Frames::ZERO, (false, None), &local)),
        State::Armed(job) => Some(on_air("armed", &job, Frames::ZERO, (false, None), &local)),
        State::OnAir { job, position, sounding, .. } => {
            Some(on_air("on-air", &job, position, (sounding, engine.lamp.peak), &local))
        }
    };
    let coming = |slot: &Planned| NextSlot {
        slot: slot.id.clone(),
        at: local(slot.at),
        in_ms: (slot.at - now).num_milliseconds(),
    };
    let clock = match controller.clock_doubt() {
        Some(doubt) => Lamp::new("error", doubt),
        None => Lamp::clock(ports.clock.health()),
    };
    Status {
        station: station.id.clone(),
        at: local(now),
        version: env!("CARGO_PKG_VERSION").into(),
        running: true,
        on_air,
        next: controller.upcoming().next().map(coming),
        then: controller.upcoming().skip(1).take(2).map(coming).collect(),
        make_goods: controller.make_goods().map(coming).collect(),
        hold_until: controller.hold().map(local),
        device: engine.lamp.lamp(),
        clock,
        disk: disk_lamp(engine),
        log,
        centre: engine.centre.lock().ok().and_then(|told| told.clone()),
        web: engine.web.get().cloned(),
    }
}

/// The disk: evidence that waits for it weighs more than any free space.
fn disk_lamp(engine: &Engine) -> Lamp {
    match engine.ports.writer.unwritten() {
        0 => Lamp::disk(disk::free_bytes(&engine.ports.folder.data()).ok()),
        kept => Lamp::new("error", &Message::new("lamp-disk-unwritten").with("kept", kept)),
    }
}

fn on_air(
    state: &str,
    job: &Job,
    position: Frames,
    (sounding, peak): (bool, Option<Level>),
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
        peak_db: peak.filter(|_| sounding).map(Level::db),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::playout::{EndCause, Tally};

    /// The lamp after `events`: `O`pened, `2` the second opened, `S`teady, `B`egun, `E`nded, `L`ost, `F`ailed to
    /// open, `C`losed, `M`uted, `A`udible, `P`robed well, `Q` probed ill, `U`nanswered, `R` answered again.
    fn check(events: &str, expected: &str) {
        let mut lamp = DeviceLamp::default();
        for event in events.chars() {
            lamp.take(&told(event), "05:30");
        }
        assert_eq!(lamp.lamp().state, expected, "{events}");
    }

    fn told(event: char) -> Event {
        let (device, detail, airing) = (String::from("pulse:loud"), String::new(), 7);
        let (position, fault, from) = (Frames::ZERO, Fault::Lost, Frames::ZERO);
        let (first, hole, latency_us) = (DateTime::UNIX_EPOCH, TimeDelta::zero(), 0);
        match event {
            'O' | '2' => Event::Opened { device, latency_us, second: event == '2' },
            'S' => Event::Steady { device },
            'B' => Event::Started { airing, first, latency_us, from, hole, device },
            'L' => Event::Lost { airing: Some(airing), device, fault, detail, position },
            'F' => Event::OpenFailed { device, fault, detail },
            'C' => Event::Closed { device },
            'M' => Event::Muted { airing: Some(airing), device, detail, position },
            'A' => Event::Audible { airing: Some(airing), device, position },
            'U' => Event::Unanswered { device, detail },
            'R' => Event::Answered { device },
            'P' | 'Q' => Event::Probed { device, fault: (event == 'Q').then_some(fault), detail },
            _ => Event::Ended {
                airing,
                tally: Tally {
                    cause: EndCause::Finished,
                    last: None,
                    decoded: position,
                    delivered: position,
                    consumed: position,
                    muted: position,
                    underruns: position,
                    hole,
                    proof: 3,
                },
            },
        }
    }

    #[test]
    fn nothing_is_healthy_that_is_not_consumed_steadily() {
        for (events, expected) in [
            ("", "unknown"),
            ("P", "ready"),
            ("Q", "error"),
            ("O", "ready"),
            ("OS", "ready"),
            ("OSB", "ok"),
            // Begun on a fresh stream: well only when it is steady.
            ("OB", "ready"),
            ("OBS", "ok"),
            ("OSBE", "ready"),
            ("OSBEC", "ready"),
            ("OSBL", "error"),
            ("OSBLF", "error"),
            ("OSBLO", "warning"),
            ("OSBLOB", "warning"),
            ("OSBLOBLOBLOB", "warning"),
            ("OSBLOBS", "ok"),
            // An ending heals nothing.
            ("OSBLE", "error"),
            ("OSBLOBE", "warning"),
            ("OSBLOBECP", "ready"),
            // Consumption is no health while nobody hears it.
            ("OM", "error"),
            ("OMSB", "error"),
            ("OSBM", "error"),
            ("OSBMA", "ok"),
            ("OMABE", "warning"),
            ("OMECOS", "ready"),
            // Nobody says who hears it.
            ("OSBU", "warning"),
            ("OUSB", "warning"),
            ("OSBUE", "warning"),
            ("OSBUR", "ok"),
            ("OUSBR", "ok"),
            ("OSBMU", "error"),
            ("OSBMUR", "error"),
            ("OSBUMRA", "ok"),
            ("OSBULOSB", "ok"),
            // The second one airs, and that is no reason for a green light.
            ("FF2", "warning"),
            ("FF2SB", "warning"),
            ("FF2SBECOSB", "ok"),
        ] {
            check(events, expected);
        }
    }
}
