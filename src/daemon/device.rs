//! The loudspeaker, tested beforehand by the player that will air through it.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::{Clock as _, System},
    control::{ControlError, Examination, Folder, Lamp},
    playout::{Choice, Command, Event, Player},
    words::Message,
};

/// Longest wait for the device's answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Tests `output`, or the outputs of the settings: one that shall stand in is of no use when nobody knows that it is
/// gone as well.
pub fn test_devices(
    folder: &Folder,
    output: Option<&str>,
    tone: bool,
    clock: &Arc<System>,
) -> anyhow::Result<Vec<Examination>> {
    let settings = &folder.station.output;
    let mut examinations = vec![test(folder, ("device", output.unwrap_or(&settings.device)), tone, clock)?];
    if let (None, Some(second)) = (output, &settings.second) {
        examinations.push(test(folder, ("second", second), tone, clock)?);
    }
    Ok(examinations)
}

/// Opens the output, lets it consume silence or, with `tone`, an audible second, and says what it did.
fn test(
    folder: &Folder,
    (what, output): (&'static str, &str),
    tone: bool,
    clock: &Arc<System>,
) -> anyhow::Result<Examination> {
    let unclear = |_| ControlError::Usage(Message::new("output-unclear").with("output", output));
    let choice: Choice = output.parse().map_err(unclear)?;
    let said = |state, code: &'static str, device: &str| {
        Examination::new(what, state, &Message::new(code).with("device", device))
    };
    if !choice.is_device() {
        return Ok(said("warning", "doctor-device-file", output));
    }
    let at = clock.now().wall.with_timezone(&folder.station.zone).format("%H:%M:%S %d/%m/%Y").to_string();
    let (player, events) = Player::spawn(choice, folder.station.output.clone(), clock.clone())?;
    let command = if tone { Command::Tone } else { Command::Probe };
    let asked = player.send(command).is_ok();
    let answer =
        std::iter::from_fn(|| events.recv_timeout(PATIENCE).ok().filter(|_| asked)).find_map(|event| {
            match event {
                Event::Probed { device, fault: None, .. } => Some(said("ok", "doctor-device-good", &device)),
                Event::Probed { device, fault: Some(fault), detail } => {
                    let lamp = Lamp::device_fault(&device, fault, &detail, &at);
                    Some(Examination { what, lamp })
                }
                _ => None,
            }
        });
    Ok(answer.unwrap_or_else(|| said("error", "doctor-device-silent", output)))
}
