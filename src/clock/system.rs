//! The machine's own clocks.

use chrono::{DateTime, Utc};
use rustix::time::{ClockId, clock_gettime};

use super::{Clock, Health, Reading, kernel};

/// The operating system's clocks.
pub struct System {
    boot_id: String,
}

impl System {
    /// Reads the boot id once; a machine without `/proc` gets zeros, which the log shows as such.
    #[must_use]
    pub fn new() -> System {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let hex: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        System { boot_id: if hex.len() == 32 { hex } else { "0".repeat(32) } }
    }
}

impl Default for System {
    fn default() -> System {
        System::new()
    }
}

impl Clock for System {
    fn now(&self) -> Reading {
        let nanos = |id| {
            let time = clock_gettime(id);
            time.tv_sec * 1_000_000_000 + time.tv_nsec
        };
        // The wall clock is read between two readings of the other, so that a preempted thread does not
        // look like a clock step.
        let before = nanos(ClockId::Boottime);
        let wall = DateTime::<Utc>::from_timestamp_nanos(nanos(ClockId::Realtime));
        let after = nanos(ClockId::Boottime);
        Reading { wall, boot_ns: before.midpoint(after) }
    }

    fn health(&self) -> Health {
        kernel::health()
    }

    fn boot_id(&self) -> String {
        self.boot_id.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_time_passes_and_the_boot_has_a_name() {
        let clock = System::new();
        let (first, second) = (clock.now(), clock.now());
        assert!(second.boot_ns >= first.boot_ns);
        assert_eq!(clock.boot_id().len(), 32);
        assert!(clock.health().max_error_us >= 0);
    }
}
