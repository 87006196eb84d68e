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
        narrowest(|| {
            let before = nanos(ClockId::Boottime);
            let wall = nanos(ClockId::Realtime);
            // Exact to a tick of the kernel, which is enough to tell a suspension.
            let awake = nanos(ClockId::MonotonicCoarse);
            let after = nanos(ClockId::Boottime);
            let boot_ns = before.midpoint(after);
            let wall = DateTime::<Utc>::from_timestamp_nanos(wall);
            (after - before, Reading { wall, boot_ns, asleep_ns: boot_ns - awake })
        })
    }

    fn health(&self) -> Health {
        kernel::health()
    }

    fn boot_id(&self) -> String {
        self.boot_id.clone()
    }
}

/// A bracket no wider than this holds readings of one moment.
const NARROW_NS: i64 = 1_000_000;
/// On a machine that is out of breath the narrowest of so many brackets must do.
const MOST_TRIES: usize = 8;

/// The readings of the first narrow bracket, or of the narrowest: a thread that was preempted in between, or a
/// machine that was suspended there, must not look like a clock that was set.
fn narrowest(mut read: impl FnMut() -> (i64, Reading)) -> Reading {
    let mut best = read();
    for _ in 1..MOST_TRIES {
        if best.0 <= NARROW_NS {
            break;
        }
        let next = read();
        if next.0 < best.0 {
            best = next;
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_that_was_torn_apart_is_read_again() {
        let check = |spreads: &[i64], wanted: i64| {
            let mut tries = spreads.iter().copied();
            let read = || {
                let spread = tries.next().unwrap();
                (spread, Reading { wall: DateTime::UNIX_EPOCH, boot_ns: spread, asleep_ns: 0 })
            };
            assert_eq!(narrowest(read).boot_ns, wanted, "{spreads:?}");
        };
        check(&[900], 900);
        check(&[3_600_000_000_000, 900], 900);
        check(&[9, 8, 7, 6, 5, 4, 3, 2].map(|ms| ms * 1_000_000), 2_000_000);
        check(&[5, 3, 4, 6, 7, 8, 9, 9].map(|ms| ms * 1_000_000), 3_000_000);
    }

    #[test]
    fn boot_time_passes_and_the_boot_has_a_name() {
        let clock = System::new();
        let (first, second) = (clock.now(), clock.now());
        assert!(second.boot_ns >= first.boot_ns);
        assert_eq!(clock.boot_id().len(), 32);
        assert!(clock.health().max_error_us >= 0);
    }
}
