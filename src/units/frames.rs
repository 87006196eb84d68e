//! Frames of the bus: one sample for every channel at 48 kHz.

use std::ops::{Add, Sub};

/// The one rate of masters and bus, in frames a second.
pub const RATE: u32 = 48_000;

/// A count of frames at [`RATE`]; spans of sound are counted, never measured in floating seconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Frames(pub u64);

impl Frames {
    /// No sound at all.
    pub const ZERO: Frames = Frames(0);

    /// Whether it is none at all.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde asks it")]
    pub fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// As many whole frames as fit into `ms` milliseconds.
    #[must_use]
    pub fn from_ms(ms: u64) -> Frames {
        Frames(ms * u64::from(RATE) / 1000)
    }

    /// Length in milliseconds, rounded to the nearest.
    #[must_use]
    pub fn ms(self) -> u64 {
        (self.0 * 1000 + u64::from(RATE) / 2) / u64::from(RATE)
    }

    /// Length in nanoseconds, rounded down.
    #[must_use]
    pub fn ns(self) -> i64 {
        i64::try_from(u128::from(self.0) * 1_000_000_000 / u128::from(RATE)).unwrap_or(i64::MAX)
    }

    /// `self - other`, or zero.
    #[must_use]
    pub fn saturating_sub(self, other: Frames) -> Frames {
        Frames(self.0.saturating_sub(other.0))
    }
}

impl Add for Frames {
    type Output = Frames;
    fn add(self, other: Frames) -> Frames {
        Frames(self.0 + other.0)
    }
}

impl Sub for Frames {
    type Output = Frames;
    fn sub(self, other: Frames) -> Frames {
        Frames(self.0 - other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_round_trip_at_whole_milliseconds() {
        for ms in [0, 1, 999, 1000, 753_217] {
            assert_eq!(Frames::from_ms(ms).ms(), ms);
        }
        assert_eq!(Frames(u64::from(RATE)).ns(), 1_000_000_000);
    }
}
