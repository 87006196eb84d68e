//! Lamps: whether something is well, and what it says of itself.

use serde::{Deserialize, Serialize};

use super::Said;
use crate::{
    clock::Health,
    playout::Fault,
    words::{Lang, Message},
};

/// Free space under which the disk lamp is red, then yellow: a year of log and two months of masters.
const DISK_ERROR: u64 = 200 << 20;
const DISK_WARNING: u64 = 1 << 30;

/// Whether something is well, and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lamp {
    /// `ok`, `ready`, `warning`, `error` or `unknown`.
    pub state: String,
    /// The sentence in English, for machines and scripts.
    pub detail: String,
    /// The same for people, in both languages.
    pub said: Said,
}

impl Lamp {
    /// A lamp in `state` that says `message`.
    #[must_use]
    pub fn new(state: &str, message: &Message) -> Lamp {
        let mut said = Said::of(message);
        if matches!(state, "ok" | "ready") {
            said.hint = Default::default();
        }
        Lamp { state: state.into(), detail: message.say(Lang::En), said }
    }

    /// The lamp of the wall clock by the kernel's word; who doubts it for other reasons says so instead.
    #[must_use]
    pub fn clock(health: Health) -> Lamp {
        if health.synchronised {
            let message = Message::new("lamp-clock-synchronised");
            Lamp::new("ok", &message.with("ms", health.max_error_us / 1000))
        } else {
            Lamp::new("warning", &Message::new("lamp-clock-unsynchronised"))
        }
    }

    /// The lamp of an output that failed; `at` is a time of the station, `detail` the sound server's word.
    #[must_use]
    pub fn device_fault(device: &str, fault: Fault, detail: &str, at: &str) -> Lamp {
        let fault = format!("{fault:?}").to_ascii_lowercase();
        let message = Message::new("lamp-device-fault").with("device", device).with("fault", fault);
        Lamp::new("error", &message.with("detail", detail).with("at", at))
    }

    /// The lamp for `free` bytes of disk.
    #[must_use]
    pub fn disk(free: Option<u64>) -> Lamp {
        let Some(free) = free else { return Lamp::new("error", &Message::new("lamp-disk-unmeasured")) };
        let state = match free {
            free if free < DISK_ERROR => "error",
            free if free < DISK_WARNING => "warning",
            _ => "ok",
        };
        Lamp::new(
            state,
            &Message::new("lamp-disk-free")
                .with("gb", free >> 30)
                .with("tenth", ((free % (1 << 30)) * 10) >> 30),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_well_says_what_to_do() {
        use Fault::{Absent, Busy, Dummy, FileChanged, Lost, Moved, Muted, Software, Stalled, Unpaced};
        let faults = [Absent, Busy, Dummy, FileChanged, Lost, Moved, Muted, Software, Stalled, Unpaced];
        let mut lamps: Vec<Lamp> =
            faults.map(|fault| Lamp::device_fault("pulse:loud", fault, "", "05:30")).into();
        lamps.extend([Lamp::disk(None), Lamp::disk(Some(0))]);
        lamps.push(Lamp::clock(Health { synchronised: false, max_error_us: 0 }));
        for code in
            ["returned", "second", "stopped", "unanswered", "unknown"].map(|of| format!("lamp-device-{of}"))
        {
            let code: &'static str = code.leak();
            lamps.push(Lamp::new("warning", &Message::new(code)));
        }
        for lamp in lamps {
            assert!(lamp.said.hint.iter().all(|words| words.len() > 20), "{lamp:?}");
        }
        assert_eq!(Lamp::disk(Some(u64::MAX)).said.hint, ["", ""]);
    }
}
