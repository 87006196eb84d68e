//! Devices of a sound server or of ALSA, through cpal.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cpal::{
    BufferSize, DeviceId, ErrorKind, FromSample, HostId, SampleFormat, SizedSample, Stream, StreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};

use crate::{config, units::RATE};

use super::{
    Choice, Fault, OpenError, Opened, Output,
    server::{Hearing, Inquiry},
};
use crate::playout::{
    bus::{Bus, CHANNELS},
    desk::Desk,
};

/// How long the server may take to create a stream.
const CREATE_TIMEOUT: Duration = Duration::from_secs(3);
/// From so many counted errors on, the error callback is slowed: ALSA on a dead server calls it a
/// million times a second.
const FREQUENT_ERRORS: u64 = 50;

/// One output device, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceDescription {
    /// What stands in the settings to choose it: `pulse:NAME` or `alsa:NAME`.
    pub choice: String,
    /// What the host calls it for people.
    pub description: String,
    /// The host's default.
    pub default: bool,
    /// Nobody can hear it: it would be refused.
    pub dummy: bool,
}

impl std::fmt::Display for DeviceDescription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = if self.dummy {
            " (–)"
        } else if self.default {
            " *"
        } else {
            ""
        };
        write!(f, "{}{mark}  {}", self.choice, self.description)
    }
}

/// Output devices of every host that answers. May take seconds.
#[must_use]
pub fn list() -> Vec<DeviceDescription> {
    let mut found = Vec::new();
    for (prefix, id) in [("pulse", HostId::PulseAudio), ("alsa", HostId::Alsa)] {
        let Ok(host) = cpal::host_from_id(id) else { continue };
        let default = host.default_output_device().and_then(|device| device.id().ok());
        let Ok(devices) = host.output_devices() else { continue };
        for device in devices {
            let Ok(id) = device.id() else { continue };
            found.push(DeviceDescription {
                choice: format!("{prefix}:{}", id.id()),
                description: device.description().map(|d| d.name().to_owned()).unwrap_or_default(),
                default: default.as_ref() == Some(&id),
                dummy: is_dummy(id.id()),
            });
        }
    }
    found
}

/// A device that consumes without sound, by its name.
fn is_dummy(name: &str) -> bool {
    let name = name.to_lowercase();
    name == "null" || name == "auto_null" || name.starts_with("null:") || name.contains("dummy")
}

struct Device {
    /// Only a sound server can be asked. Stands first: dropping a dead stream may hang for ever.
    inquiry: Option<Inquiry>,
    stream: Stream,
}

impl Output for Device {
    fn now_ns(&self) -> i64 {
        i64::try_from(self.stream.now().as_nanos()).unwrap_or(i64::MAX)
    }

    fn proof(&self) -> u8 {
        3
    }

    fn hearing(&self) -> Hearing {
        self.inquiry.as_ref().map(Inquiry::hearing).unwrap_or_default()
    }
}

/// Opens a device; never another one than was named.
pub(super) fn open(choice: &Choice, settings: &config::Output) -> Result<Opened, OpenError> {
    let absent = |detail: String| OpenError { fault: Fault::Absent, detail };
    let (prefix, device) = match choice {
        Choice::Pulse(name) => ("pulse", pulse(name)?),
        Choice::Alsa(name) => ("alsa", alsa(name)?),
        _ => match cpal::host_from_id(HostId::PulseAudio) {
            Ok(host) => ("pulse", host.default_output_device()),
            Err(_) => ("alsa", cpal::host_from_id(HostId::Alsa).map_err(told)?.default_output_device()),
        },
    };
    let device = device.ok_or_else(|| absent(format!("no device `{choice}`")))?;
    let name = device.id().map_err(told)?.id().to_owned();
    let called = format!("{prefix}:{name}");
    if is_dummy(&name) {
        return Err(OpenError { fault: Fault::Dummy, detail: format!("`{called}` is heard by nobody") });
    }
    let (stream, desk, ring) = stream(&device, settings)?;
    stream.play().map_err(told)?;
    let period = stream.buffer_size().unwrap_or(settings.buffer_frames);
    let inquiry = (prefix == "pulse").then(|| Inquiry::begin(name));
    Ok(Opened { output: Box::new(Device { inquiry, stream }), desk, ring, device: called, period })
}

/// The client of the sound server, between two openings. One for each attempt would not do: dropped right behind an
/// answer its thread may wait for the server for ever, with its connection (`pulseaudio` 0.3.2).
static PULSE: Mutex<Option<cpal::Host>> = Mutex::new(None);

/// The sound server's device of that name. The client stays with an attempt that the server does not answer.
fn pulse(name: &str) -> Result<Option<cpal::Device>, OpenError> {
    let place = || PULSE.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = place().take();
    // A server that was restarted does not know the client any more.
    let known = kept.filter(|host| host.output_devices().is_ok());
    let host = known.map_or_else(|| cpal::host_from_id(HostId::PulseAudio).map_err(told), Ok)?;
    let device = host.device_by_id(&DeviceId::new(host.id(), name));
    *place() = Some(host);
    Ok(device)
}

fn alsa(name: &str) -> Result<Option<cpal::Device>, OpenError> {
    let host = cpal::host_from_id(HostId::Alsa).map_err(told)?;
    let id = DeviceId::new(host.id(), name);
    if let Some(device) = host.device_by_id(&id) {
        return Ok(Some(device));
    }
    // ALSA's own default is a name that its enumeration does not always have.
    let default = host.default_output_device();
    Ok(default.filter(|device| device.id().is_ok_and(|found| found == id)))
}

type Built = (Stream, Arc<Desk>, rtrb::Producer<f32>);

/// A stream in floating point, or in what bare hardware takes.
fn stream(device: &cpal::Device, settings: &config::Output) -> Result<Built, OpenError> {
    let mut last = None;
    for format in [SampleFormat::F32, SampleFormat::I16, SampleFormat::I32] {
        let built = match format {
            SampleFormat::F32 => build::<f32>(device, settings),
            SampleFormat::I16 => build::<i16>(device, settings),
            _ => build::<i32>(device, settings),
        };
        match built {
            Ok(built) => return Ok(built),
            Err(error) if error.kind() == ErrorKind::UnsupportedConfig => last = Some(error),
            Err(error) => return Err(told(error)),
        }
    }
    let detail = last.map(|error| error.to_string()).unwrap_or_default();
    Err(OpenError { fault: Fault::Absent, detail })
}

fn build<T>(device: &cpal::Device, settings: &config::Output) -> Result<Built, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let (mut bus, desk, ring) = Bus::mixed(settings, false);
    let config = StreamConfig {
        channels: u16::try_from(CHANNELS).unwrap_or(2),
        sample_rate: RATE,
        // `Default` would mean two seconds in PulseAudio's server.
        buffer_size: BufferSize::Fixed(settings.buffer_frames),
    };
    let errors = Arc::clone(&desk);
    let stream = device.build_output_stream::<T, _, _>(
        config,
        move |block: &mut [T], info: &cpal::OutputCallbackInfo| {
            let time = info.timestamp();
            bus.pull(block, nanos(time.callback), nanos(time.playback));
        },
        move |error: cpal::Error| note(&errors, &error),
        Some(CREATE_TIMEOUT),
    )?;
    Ok((stream, desk, ring))
}

fn nanos(instant: cpal::StreamInstant) -> i64 {
    // A plain cast: no panic path in the callback, and 292 years of uptime are enough.
    #[allow(clippy::cast_possible_truncation, reason = "292 years")]
    {
        instant.as_nanos() as i64
    }
}

/// The error callback: fatal kinds end the stream, others are counted.
fn note(desk: &Desk, error: &cpal::Error) {
    match error.kind() {
        ErrorKind::DeviceNotAvailable | ErrorKind::StreamInvalidated | ErrorKind::HostUnavailable => {
            desk.fail(Fault::Lost, error.to_string());
        }
        // Heard as counted frames where it matters; no reason to slow anything.
        ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {
            desk.count_error();
        }
        _ => {
            if desk.count_error() > FREQUENT_ERRORS {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: cpal::Error) -> OpenError {
    let fault = match error.kind() {
        ErrorKind::DeviceBusy => Fault::Busy,
        _ => Fault::Absent,
    };
    OpenError { fault, detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_another_program_holds_is_busy_and_no_other_fault() {
        let fault = |kind| told(cpal::Error::with_message(kind, "as the host says")).fault;
        assert_eq!(fault(ErrorKind::DeviceBusy), Fault::Busy);
        assert_eq!(fault(ErrorKind::DeviceNotAvailable), Fault::Absent);
        assert_eq!(fault(ErrorKind::HostUnavailable), Fault::Absent);
    }

    #[test]
    fn a_dummy_is_known_by_its_name() {
        for (name, expected) in [
            ("auto_null", true),
            ("null", true),
            ("Dummy Output", true),
            ("loud", false),
            ("alsa_output.pci-0000_00_1f.3.analog-stereo", false),
            ("annulled", false),
        ] {
            assert_eq!(is_dummy(name), expected, "{name}");
        }
    }
}
