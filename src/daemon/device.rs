//! The loudspeaker, tested beforehand by the player that will air through it.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::{Clock as _, System},
    control::{ControlError, Examination, Folder, Lamp},
    playout::{self, Choice, Command, Event, Player},
    words::Message,
};

/// Longest wait for the device's answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The outputs that can be chosen here, one line each.
#[must_use]
pub fn devices() -> Vec<String> {
    playout::list().iter().map(ToString::to_string).collect()
}

/// Opens the output, lets it consume silence or, with `tone`, an audible second, and says what it did.
pub fn test_device(
    folder: &Folder,
    output: Option<&str>,
    tone: bool,
    clock: Arc<System>,
) -> anyhow::Result<Examination> {
    let output = output.unwrap_or(&folder.station.output.device);
    let unclear = |_| ControlError::Usage(Message::new("output-unclear").with("output", output));
    let choice: Choice = output.parse().map_err(unclear)?;
    let said = |state, code: &'static str, device: &str| {
        Examination::new("device", state, &Message::new(code).with("device", device))
    };
    if !choice.is_device() {
        return Ok(said("warning", "doctor-device-file", output));
    }
    let at = clock.now().wall.with_timezone(&folder.station.zone).format("%H:%M:%S %d/%m/%Y").to_string();
    let (player, events) = Player::spawn(choice, folder.station.output.clone(), clock)?;
    let command = if tone { Command::Tone } else { Command::Probe };
    let asked = player.send(command).is_ok();
    let answer =
        std::iter::from_fn(|| events.recv_timeout(PATIENCE).ok().filter(|_| asked)).find_map(|event| {
            match event {
                Event::Probed { device, fault: None, .. } => Some(said("ok", "doctor-device-good", &device)),
                Event::Probed { device, fault: Some(fault), detail } => {
                    let lamp = Lamp::device_fault(&device, fault, &detail, &at);
                    Some(Examination { what: "device", lamp })
                }
                _ => None,
            }
        });
    Ok(answer.unwrap_or_else(|| said("error", "doctor-device-silent", output)))
}
