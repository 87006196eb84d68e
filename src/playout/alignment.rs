//! How the stream's own clock lies against wall time and boot time, at one moment.

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Clock;

use super::output::Output;

/// What to add to a stream instant, nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alignment {
    to_wall: i64,
    to_boot: i64,
    /// Stream instant of the reading.
    pub now_ns: i64,
}

impl Alignment {
    /// Reads the stream's clock between two readings of the others, and believes the tightest of
    /// three tries: a thread that is preempted in between must not move a start.
    pub(super) fn read(clock: &dyn Clock, output: &dyn Output) -> Alignment {
        let attempt = || {
            let before = clock.now();
            let now_ns = output.now_ns();
            let after = clock.now();
            let spread_ns = after.boot_ns - before.boot_ns;
            let boot_ns = before.boot_ns + spread_ns / 2;
            // The wall reading nearer to the middle is as good as the other; a step between the two
            // is seen at the next reading.
            let wall_ns = nanos(after.wall) - (after.boot_ns - boot_ns);
            (spread_ns, Alignment { to_wall: wall_ns - now_ns, to_boot: boot_ns - now_ns, now_ns })
        };
        let mut best = attempt();
        for _ in 0..2 {
            let next = attempt();
            if next.0 < best.0 {
                best = next;
            }
        }
        best.1
    }

    /// The wall time of a stream instant.
    pub(super) fn wall(&self, stream_ns: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(stream_ns.saturating_add(self.to_wall))
    }

    /// The stream instant of a wall time.
    pub(super) fn stream(&self, wall: DateTime<Utc>) -> i64 {
        nanos(wall).saturating_sub(self.to_wall)
    }

    /// The boot time of a stream instant, nanoseconds.
    pub(super) fn boot(&self, stream_ns: i64) -> i64 {
        stream_ns.saturating_add(self.to_boot)
    }

    /// The stream instant of a boot time.
    pub(super) fn stream_of_boot(&self, boot_ns: i64) -> i64 {
        boot_ns.saturating_sub(self.to_boot)
    }
}

/// Nanoseconds since 1970; saturates in the year 2262.
pub(super) fn nanos(wall: DateTime<Utc>) -> i64 {
    wall.timestamp_nanos_opt().unwrap_or(i64::MAX)
}

/// Nanoseconds of a span; saturates at 292 years.
pub(super) fn span_ns(span: TimeDelta) -> i64 {
    span.num_nanoseconds().unwrap_or(i64::MAX)
}
