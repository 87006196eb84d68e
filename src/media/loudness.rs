//! Integrated loudness (EBU R 128, ITU-R BS.1770-4), kept as the energy of each tenth of a second, so that
//! the loudness of a programme follows from its parts and their gains without measuring again.

use ebur128::{EbuR128, Mode};

use super::Spec;

/// Below this loudness nothing counts, LUFS (BS.1770-4, Annex 1: absolute threshold).
pub(super) const ABSOLUTE_GATE_LUFS: f64 = -70.0;
/// What lies this far below the mean of the rest does not count, LU (relative threshold).
const RELATIVE_GATE_LU: f64 = -10.0;
/// Tenths of a second in a gating block of 400 ms; blocks overlap by three quarters.
const BLOCK: usize = 4;

/// A meter of loudness.
pub struct Loudness {
    meter: EbuR128,
    channels: usize,
    tenth: usize,
    filled: usize,
    energies: Vec<f32>,
}

impl Loudness {
    /// A meter of interleaved frames; `None` for a spec that cannot be metered.
    #[must_use]
    pub fn new(spec: Spec) -> Option<Loudness> {
        let meter = EbuR128::new(spec.channels.into(), spec.rate, Mode::M).ok()?;
        let (channels, tenth) = (usize::from(spec.channels), spec.rate as usize / 10);
        Some(Loudness { meter, channels, tenth, filled: 0, energies: Vec::new() })
    }

    /// Measures the next frames.
    pub fn add(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let take = ((self.tenth - self.filled) * self.channels).min(samples.len());
            let (now, later) = samples.split_at(take);
            // The only error is a count of samples that does not divide by the channels; it measures less.
            let _ = self.meter.add_frames_f32(now);
            self.filled += now.len() / self.channels;
            samples = later;
            if self.filled == self.tenth {
                self.energies.push(energy(self.meter.loudness_window(100).unwrap_or(f64::NEG_INFINITY)));
                self.filled = 0;
            }
        }
    }

    /// Mean-square energy after K-weighting of each whole tenth of a second.
    #[must_use]
    pub fn energies(&self) -> &[f32] {
        &self.energies
    }

    /// Integrated loudness so far, LUFS; −∞ for silence.
    #[must_use]
    pub fn lufs(&self) -> f64 {
        integrated(&[(&self.energies, 0.0)])
    }
}

/// Integrated loudness, LUFS, of parts that follow one another, each given by the energies of its tenths
/// of a second and the gain in dB that it gets. −∞ when nothing is above the absolute threshold.
#[must_use]
pub(super) fn integrated(parts: &[(&[f32], f64)]) -> f64 {
    let tenths: Vec<f64> = parts
        .iter()
        .flat_map(|(energies, gain_db)| {
            let factor = 10f64.powf(gain_db / 10.0);
            energies.iter().map(move |energy| f64::from(*energy) * factor)
        })
        .collect();
    // A sound shorter than one block is one short block.
    let blocks: Vec<f64> = if tenths.len() < BLOCK {
        tenths
    } else {
        tenths.windows(BLOCK).map(|block| mean(block.iter().copied())).collect()
    };
    let above = |threshold: f64| mean(blocks.iter().copied().filter(|block| *block > threshold));
    let relative = above(f64::from(energy(ABSOLUTE_GATE_LUFS))) * 10f64.powf(RELATIVE_GATE_LU / 10.0);
    lufs(above(relative.max(f64::from(energy(ABSOLUTE_GATE_LUFS)))))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// BS.1770-4, Annex 1, equation 2.
fn lufs(energy: f64) -> f64 {
    10.0 * energy.log10() - 0.691
}

#[allow(clippy::cast_possible_truncation, reason = "seven digits of an energy are a millionth of a dB")]
fn energy(lufs: f64) -> f32 {
    10f64.powf((lufs + 0.691) / 10.0) as f32
}

#[cfg(test)]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "small test signals, compared exactly where they must be equal"
)]
mod tests {
    use super::*;

    fn tone(seconds: f64, rate: u32, amplitude: f64) -> Vec<f32> {
        let frames = (seconds * f64::from(rate)) as u32;
        let at = |i: u32| (f64::from(i) * 997.0 * std::f64::consts::TAU / f64::from(rate)).sin() * amplitude;
        (0..frames).map(|i| at(i) as f32).collect()
    }

    #[test]
    fn a_tone_of_1_khz_reads_as_the_standard_says() {
        // BS.1770-4: a full-scale 997 Hz tone in one channel is −3.01 LKFS.
        for rate in [8000, 11_025, 44_100, 48_000, 96_000] {
            let mut meter = Loudness::new(Spec { rate, channels: 1 }).unwrap();
            tone(3.0, rate, 1.0).chunks(1000).for_each(|block| meter.add(block));
            assert!((meter.lufs() + 3.01).abs() < 0.05, "{rate} {}", meter.lufs());
        }
    }

    #[test]
    fn gating_agrees_with_libebur128() {
        let parts = [
            tone(4.0, 48_000, 0.5),
            tone(5.0, 48_000, 0.01),
            tone(0.25, 48_000, 0.9),
            vec![0.0; 200_000],
            tone(6.0, 48_000, 0.2),
        ];
        let (mut ours, mut theirs) = (
            Loudness::new(Spec { rate: 48_000, channels: 1 }).unwrap(),
            EbuR128::new(1, 48_000, Mode::I).unwrap(),
        );
        for block in parts.concat().chunks(777) {
            ours.add(block);
            theirs.add_frames_f32(block).unwrap();
        }
        assert!((ours.lufs() - theirs.loudness_global().unwrap()).abs() < 0.02, "{}", ours.lufs());
    }

    #[test]
    fn silence_has_no_loudness_and_gain_moves_it_by_itself() {
        assert_eq!(integrated(&[(&[0.0; 40], 0.0)]), f64::NEG_INFINITY);
        assert_eq!(integrated(&[]), f64::NEG_INFINITY);
        let loud = integrated(&[(&[0.01; 40], -6.0)]) - integrated(&[(&[0.01; 40], 0.0)]);
        assert!((loud + 6.0).abs() < 1e-6);
    }
}
