//! Levels in hundredths of a decibel: exact in the log, comparable without floating-point doubt.

use std::fmt;

/// A level or gain in hundredths of a decibel. Which scale (LUFS, dBTP, dB) stands in the name of
/// the field that holds it: `loudness_lufs`, `true_peak_dbtp`, `gain_db`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Level(pub i32);

impl Level {
    /// The nearest level to `db`; silence (−∞) and NaN become −200 dB, the floor of everything here.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "clamped to ±200 dB first")]
    pub fn from_db(db: f64) -> Level {
        let db = if db.is_nan() { -200.0 } else { db.clamp(-200.0, 200.0) };
        Level((db * 100.0).round() as i32)
    }

    /// The level of a linear amplitude (1.0 = full scale).
    #[must_use]
    pub fn from_amplitude(amplitude: f64) -> Level {
        Level::from_db(20.0 * amplitude.log10())
    }

    /// In decibels.
    #[must_use]
    pub fn db(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// As a linear factor.
    #[must_use]
    pub fn amplitude(self) -> f64 {
        10f64.powf(self.db() / 20.0)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.db())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_the_floor_and_unity_is_zero() {
        assert_eq!(Level::from_amplitude(0.0), Level(-20_000));
        assert_eq!(Level::from_db(f64::NAN), Level(-20_000));
        assert_eq!(Level::from_amplitude(1.0), Level(0));
        assert!((Level(-100).amplitude() - 0.891_25).abs() < 1e-4);
        assert_eq!(Level(-1604).to_string(), "-16.0");
    }
}
