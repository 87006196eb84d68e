//! What the player tells of the device, turned into entries: each once, and not without bound when the device
//! comes and goes.

use super::{Action, Controller, controller::Phase};
use crate::{
    evidence::{Body, DeviceFact, DeviceState},
    playout::{Event, Fault},
    units::Frames,
};

/// So many breaks without steady sound between them are entered one by one, as are so many mutings.
const ENTERED: u32 = 5;

/// Breaks of the device since it was steady last, and mutings since it was opened.
#[derive(Debug, Default)]
pub(super) struct Breaks {
    count: u32,
    mutings: u32,
    /// The sound server lets nobody hear it.
    pub(super) muted: bool,
}

impl Breaks {
    /// Whether the device comes and goes so often that single breaks are entered no more.
    pub(super) fn are_many(&self) -> bool {
        self.count > ENTERED
    }
}

impl Controller {
    /// An event about the device; gives back what is about an airing.
    pub(super) fn heard_of_device(&mut self, event: Event, out: &mut Vec<Action>) -> Option<Event> {
        match event {
            Event::Opened { device, second, .. } if !self.breaks.are_many() => {
                let detail = if second { "second output" } else { "" };
                out.push(entry(DeviceState::Opened, device, detail.into(), None));
            }
            Event::Opened { .. } => {}
            Event::Steady { device } => {
                if self.breaks.are_many() {
                    let detail = format!("after {} breaks", self.breaks.count);
                    out.push(entry(DeviceState::Steady, device, detail, None));
                }
                self.breaks.count = 0;
            }
            Event::OpenFailed { device, fault, detail } => {
                if let Phase::OnAir(air) = &mut self.phase {
                    air.fault = Some(fault);
                }
                self.broke(DeviceState::Failed, device, said(fault, &detail), None, out);
            }
            Event::Lost { device, fault, detail, position, .. } => {
                let position = self.silenced(position);
                self.breaks.muted = false;
                if let Phase::OnAir(air) = &mut self.phase {
                    air.fault = Some(fault);
                }
                self.broke(DeviceState::Lost, device, said(fault, &detail), position, out);
            }
            Event::Probed { device, fault, detail } => {
                let state = if fault.is_none() { DeviceState::ProbeOk } else { DeviceState::ProbeFailed };
                let told = fault.map_or(detail.clone(), |fault| said(fault, &detail));
                out.push(entry(state, device.clone(), told, None));
                self.toned(&device, fault, &detail, out);
            }
            Event::Muted { device, detail, position, .. } => {
                let position = self.silenced(position);
                self.breaks.muted = true;
                self.breaks.mutings = self.breaks.mutings.saturating_add(1);
                if self.breaks.mutings <= ENTERED {
                    out.push(entry(DeviceState::Muted, device, detail, position));
                }
            }
            Event::Audible { device, position, .. } => {
                self.breaks.muted = false;
                let mut at = None;
                if let Phase::OnAir(air) = &mut self.phase {
                    air.sounding = air.first.is_some();
                    at = Some(position);
                }
                if self.breaks.mutings <= ENTERED {
                    out.push(entry(DeviceState::Audible, device, String::new(), at));
                }
            }
            Event::Closed { device } => {
                let breaks = std::mem::take(&mut self.breaks);
                let many = breaks.are_many().then(|| format!("{} breaks", breaks.count));
                out.push(entry(DeviceState::Closed, device, many.unwrap_or_default(), None));
            }
            of_an_airing => return Some(of_an_airing),
        }
        None
    }

    /// Nothing is heard of what is on air; where it stands then.
    fn silenced(&mut self, position: Frames) -> Option<Frames> {
        let Phase::OnAir(air) = &mut self.phase else { return None };
        air.sounding = false;
        air.position = position;
        Some(position)
    }

    fn broke(
        &mut self,
        state: DeviceState,
        device: String,
        detail: String,
        position: Option<Frames>,
        out: &mut Vec<Action>,
    ) {
        self.breaks.count = self.breaks.count.saturating_add(1);
        if !self.breaks.are_many() {
            out.push(entry(state, device, detail, position));
        } else if self.breaks.count == ENTERED + 1 {
            out.push(entry(DeviceState::Unsteady, device, detail, position));
        }
    }
}

fn entry(state: DeviceState, device: String, detail: String, position: Option<Frames>) -> Action {
    Action::Record(vec![Body::Device(DeviceFact { state, device, detail, position })])
}

fn said(fault: Fault, detail: &str) -> String {
    format!("{fault:?}: {detail}")
}
