//! Where sound goes: a device of a sound server, a WAV file, or nowhere at all (rehearsal).

mod device;
mod paced;
mod server;

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc};

use rtrb::Producer;

use crate::{clock::Clock, config, units::Malformed};

use super::{desk::Desk, message::Fault};

pub use device::{DeviceDescription, list};
pub(super) use server::Hearing;

/// Which output is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A sink of PulseAudio (or pipewire-pulse) by its name; `PULSE_SERVER` is honoured.
    Pulse(String),
    /// An ALSA device by its name.
    Alsa(String),
    /// The sound server's default sink if one answers, else ALSA's default device.
    Default,
    /// A WAV file in real time; never counts as aired.
    Wav(PathBuf),
    /// Nowhere, at the pace of the clock; never counts as aired.
    Rehearsal,
}

impl Choice {
    /// Whether a loudspeaker may be behind it.
    #[must_use]
    pub fn is_device(&self) -> bool {
        !matches!(self, Choice::Wav(_) | Choice::Rehearsal)
    }
}

impl FromStr for Choice {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Choice, Malformed> {
        match text.split_once(':') {
            Some(("pulse", name)) if !name.is_empty() => Ok(Choice::Pulse(name.into())),
            Some(("alsa", name)) if !name.is_empty() => Ok(Choice::Alsa(name.into())),
            Some(("wav", file)) if !file.is_empty() => Ok(Choice::Wav(file.into())),
            None if text == "default" => Ok(Choice::Default),
            None if text == "rehearsal" => Ok(Choice::Rehearsal),
            _ => Err(Malformed {
                found: text.into(),
                wanted: "`pulse:NAME`, `alsa:NAME`, `wav:FILE` or `default`",
            }),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Choice::Pulse(name) => write!(f, "pulse:{name}"),
            Choice::Alsa(name) => write!(f, "alsa:{name}"),
            Choice::Default => f.write_str("default"),
            Choice::Wav(file) => write!(f, "wav:{}", file.display()),
            Choice::Rehearsal => f.write_str("rehearsal"),
        }
    }
}

/// A stream that consumes: it pulls its bus by itself, or in [`Output::pull_due`].
pub(super) trait Output: Send {
    /// The stream's own clock, nanoseconds; the same that its callbacks carry.
    fn now_ns(&self) -> i64;

    /// An output without a device takes what is due by now, one second at most. `true`: more is due.
    fn pull_due(&mut self) -> Result<bool, String> {
        Ok(false)
    }

    /// Highest proof level that consumption here can give.
    fn proof(&self) -> u8;

    /// Who hears it, where somebody can be asked. Never waits.
    fn hearing(&self) -> Hearing {
        Hearing::Unknown
    }
}

/// What opening gives.
pub(super) struct Opened {
    pub output: Box<dyn Output>,
    pub desk: Arc<Desk>,
    pub ring: Producer<f32>,
    /// The device as the sound server names it, with its host.
    pub device: String,
    /// Frames of one block.
    pub period: u32,
}

/// Why opening failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenError {
    pub fault: Fault,
    pub detail: String,
}

/// Opens an output. For a device this may take seconds, or for ever when the server is frozen.
pub(super) fn open(
    choice: &Choice,
    settings: &config::Output,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, OpenError> {
    match choice {
        Choice::Pulse(_) | Choice::Alsa(_) | Choice::Default => device::open(choice, settings),
        Choice::Wav(file) => paced::open_wav(file, settings, Arc::clone(clock)),
        Choice::Rehearsal => Ok(paced::open_rehearsal(settings, Arc::clone(clock))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_read_as_they_are_written() {
        for text in ["pulse:loud", "alsa:plughw:CARD=PCH,DEV=0", "wav:/tmp/a.wav", "default", "rehearsal"] {
            assert_eq!(text.parse::<Choice>().unwrap().to_string(), text);
        }
        for text in ["", "pulse:", "loud", "jack:x", "wav:"] {
            assert!(text.parse::<Choice>().is_err(), "{text}");
        }
    }
}
