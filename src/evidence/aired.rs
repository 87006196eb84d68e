//! What counts as aired in full, and on what no loudspeaker hangs (`domain.md`, "aired in full", proof levels): one
//! rule for the station that judges its airings and for whoever verifies them.

use crate::units::Frames;

/// Share of the frames that must have been consumed, in percent.
const FULL_PERCENT: u128 = 97;
/// The longest hole of wall time in an airing that still counts as full.
const FULL_HOLE_MS: u64 = 30_000;

/// Whether enough of the `expected` frames were consumed.
#[must_use]
pub fn is_enough(consumed: Frames, expected: Frames) -> bool {
    u128::from(consumed.0) * 100 >= u128::from(expected.0) * FULL_PERCENT
}

/// Whether an airing may have broken off for so long.
#[must_use]
pub fn is_tolerable(hole_ms: u64) -> bool {
    hole_ms <= FULL_HOLE_MS
}

/// Whether no loudspeaker hangs on `device`, as entries name it: a file, or a rehearsal.
#[must_use]
pub fn is_virtual(device: &str) -> bool {
    device.starts_with("wav:") || device == "rehearsal"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_seven_percent_and_thirty_seconds() {
        let enough = |consumed, expected| is_enough(Frames(consumed), Frames(expected));
        assert!(enough(97, 100) && enough(0, 0) && enough(u64::MAX, u64::MAX));
        assert!(!enough(96, 100) && !enough(969_999, 1_000_000));
        assert!(is_tolerable(30_000) && !is_tolerable(30_001));
        assert!(is_virtual("wav:/tmp/a.wav") && is_virtual("rehearsal") && !is_virtual("wav"));
    }
}
