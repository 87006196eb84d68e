//! The loudspeaker, tested beforehand by the player that will air through it.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::System,
    control::{ControlError, Examination, Folder},
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
    if !choice.is_device() {
        return Ok(Examination::new(
            "device",
            "warning",
            format!("{output} is no loudspeaker: it airs nothing"),
        ));
    }
    let (player, events) = Player::spawn(choice, folder.station.output.clone(), clock)?;
    let command = if tone { Command::Tone } else { Command::Probe };
    let asked = player.send(command).is_ok();
    let answer =
        std::iter::from_fn(|| events.recv_timeout(PATIENCE).ok().filter(|_| asked)).find_map(|event| {
            match event {
                Event::Probed { device, fault: None, detail } => {
                    Some(Examination::new("device", "ok", format!("{device} {detail}")))
                }
                Event::Probed { device, fault: Some(fault), detail } => {
                    Some(Examination::new("device", "error", format!("{device}: {fault:?}: {detail}")))
                }
                _ => None,
            }
        });
    Ok(answer.unwrap_or_else(|| Examination::new("device", "error", format!("{output} does not answer"))))
}
