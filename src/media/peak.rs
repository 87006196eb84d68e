//! True peak by four-fold oversampling (ITU-R BS.1770-4, Annex 2), with the filter of libebur128, so that
//! what the limiter prevents is exactly what a meter would show.

use std::{f64::consts::PI, sync::OnceLock};

/// Taps of the interpolator at the signal's own rate.
pub(super) const TAPS: usize = 12;
/// Samples that are looked at together: one cheap look at the largest sample spares most interpolation.
pub(super) const BLOCK: usize = 64;

/// The interpolator's coefficients.
pub(super) struct Filter {
    /// For each tap (oldest sample first) its weight in the four phases.
    taps: [[f32; 4]; TAPS],
    /// No interpolated value exceeds the largest sample under the taps by more than this factor.
    pub most_gain: f32,
}

/// The one filter: a sinc of 48 points under a Hann window.
pub(super) fn filter() -> &'static Filter {
    static FILTER: OnceLock<Filter> = OnceLock::new();
    FILTER.get_or_init(|| {
        let mut taps = [[0.0; 4]; TAPS];
        for (j, at) in (0..48u8).map(|j| (usize::from(j), f64::from(j))) {
            let (window, x) = (0.5 * (1.0 - (2.0 * PI * at / 48.0).cos()), (at - 24.0) * PI / 4.0);
            let sinc = if j == 24 { 1.0 } else { x.sin() / x };
            #[allow(clippy::cast_possible_truncation, reason = "the filter runs in single precision")]
            let weight = (window * sinc) as f32;
            taps[TAPS - 1 - j / 4][j % 4] = weight;
        }
        let sum = |phase: usize| taps.iter().map(|tap| tap[phase].abs()).sum::<f32>();
        // A thousandth more than the bound: sums round differently in another order.
        let most_gain = (0..4).map(sum).fold(0.0, f32::max) * 1.001;
        Filter { taps, most_gain }
    })
}

impl Filter {
    /// The largest absolute value at the four points between the middle samples of `window`.
    pub fn peak(&self, window: &[f32; TAPS]) -> f32 {
        let mut points = [0.0f32; 4];
        for (tap, &sample) in self.taps.iter().zip(window) {
            for (point, weight) in points.iter_mut().zip(tap) {
                *point += weight * sample;
            }
        }
        points.iter().fold(0.0, |most, point| most.max(point.abs()))
    }
}

/// The largest absolute sample.
pub(super) fn largest(samples: &[f32]) -> f32 {
    // Eight lanes let the compiler use vector registers; the result does not depend on the order.
    let mut lanes = [0.0f32; 8];
    let (eights, rest) = samples.as_chunks::<8>();
    for eight in eights {
        for (lane, sample) in lanes.iter_mut().zip(eight) {
            *lane = lane.max(sample.abs());
        }
    }
    rest.iter().chain(&lanes).fold(0.0, |most, sample| most.max(sample.abs()))
}

/// The samples of one channel with the last [`TAPS`] − 1 before them.
#[derive(Debug, Clone)]
pub(super) struct Lane(Vec<f32>);

impl Lane {
    /// A lane that was silent so far.
    pub fn new() -> Lane {
        Lane(vec![0.0; TAPS - 1])
    }

    /// Takes channel `channel` of interleaved `samples` as the next ones.
    pub fn fill(&mut self, samples: &[f32], channel: usize, channels: usize) {
        let old = self.0.len() - (TAPS - 1);
        self.0.drain(..old);
        self.0.extend(samples.iter().skip(channel).step_by(channels));
    }

    /// How many new samples there are.
    pub fn len(&self) -> usize {
        self.0.len() - (TAPS - 1)
    }

    /// The samples from the `at`-th new one on, `count` of them, with those that the taps reach back to.
    pub fn reach(&self, at: usize, count: usize) -> &[f32] {
        &self.0[at..at + count + TAPS - 1]
    }
}

/// A meter of the true peak over all channels.
#[derive(Debug, Clone)]
pub struct TruePeak {
    lanes: Vec<Lane>,
    peak: f32,
}

impl TruePeak {
    /// A meter of interleaved frames of `channels`, at a rate below 96 kHz.
    #[must_use]
    pub fn new(channels: u16) -> TruePeak {
        TruePeak { lanes: vec![Lane::new(); usize::from(channels)], peak: 0.0 }
    }

    /// Measures the next frames.
    pub fn add(&mut self, samples: &[f32]) {
        let (filter, channels) = (filter(), self.lanes.len());
        // A peak on a sample counts at once; the filter would show it half its length later.
        self.peak = self.peak.max(largest(samples));
        for (channel, lane) in self.lanes.iter_mut().enumerate() {
            lane.fill(samples, channel, channels);
            for at in (0..lane.len()).step_by(BLOCK) {
                let reach = lane.reach(at, BLOCK.min(lane.len() - at));
                // Only what could exceed the peak so far is worth interpolating.
                if largest(reach) * filter.most_gain > self.peak {
                    let points = reach.array_windows::<TAPS>().map(|window| filter.peak(window));
                    self.peak = points.fold(self.peak, f32::max);
                }
            }
        }
    }

    /// The peak so far, as an amplitude.
    #[must_use]
    pub fn amplitude(&self) -> f64 {
        f64::from(self.peak)
    }
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
    use ebur128::{EbuR128, Mode};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_peak_is_that_of_libebur128(
            samples in prop::collection::vec(-1.2f32..1.2, 2..900),
            quiet in 0usize..400,
            channels in 1u16..=2,
            cut in 1usize..100,
        ) {
            let samples: Vec<f32> = samples.iter().enumerate().map(|(i, s)| if i < quiet { s * 0.01 } else { *s }).collect();
            let whole = samples.len() / usize::from(channels) * usize::from(channels);
            let (mut ours, mut theirs) = (TruePeak::new(channels), EbuR128::new(channels.into(), 48_000, Mode::TRUE_PEAK).unwrap());
            for block in samples[..whole].chunks(cut * usize::from(channels)) {
                ours.add(block);
                theirs.add_frames_f32(block).unwrap();
            }
            let most = (0..u32::from(channels)).map(|c| theirs.true_peak(c).unwrap()).fold(0.0, f64::max);
            prop_assert!((ours.amplitude() - most).abs() < 1e-5, "{} {most}", ours.amplitude());
        }
    }
}
