//! What the log says of sound that was thrown away during an airing that was cut: the next run must not count
//! it as heard.

use crate::units::Frames;

/// The mutings of one open airing.
#[derive(Debug, Clone, Default)]
pub(super) struct Muting {
    /// Frames of those that are over.
    muted: Frames,
    /// The longest of them in wall time.
    hole_ms: u64,
    /// Where the one began that is not over, and when, milliseconds since 1970 (UTC).
    since: Option<(Frames, i64)>,
}

impl Muting {
    /// Nothing is heard from here on.
    pub(super) fn begin(&mut self, at: Frames, wall_ms: i64) {
        self.since.get_or_insert((at, wall_ms));
    }

    /// It is heard again, or its sound broke off.
    pub(super) fn end(&mut self, at: Frames, wall_ms: i64) {
        self.muted = self.until(at);
        if let Some((_, since_ms)) = self.since.take() {
            let hole_ms = u64::try_from(wall_ms.saturating_sub(since_ms)).unwrap_or(0);
            self.hole_ms = self.hole_ms.max(hole_ms);
        }
    }

    /// Frames that were thrown away of those up to `heard`.
    pub(super) fn until(&self, heard: Frames) -> Frames {
        self.muted + self.since.map_or(Frames::ZERO, |(from, _)| heard.saturating_sub(from))
    }

    /// The longest silence of one that is over, in wall time.
    pub(super) fn hole_ms(&self) -> u64 {
        self.hole_ms
    }
}
