//! A true-peak limiter that looks ahead: it turns down smoothly before a peak and back up after it, and
//! moves no frame.

use std::collections::VecDeque;

use super::peak::{BLOCK, Filter, Lane, TAPS, filter, largest};
use crate::units::{Level, RATE};

/// Frames over which gain moves before a peak: 5 ms.
const LOOK: usize = RATE as usize / 200;
/// Frames of half the interpolator: a peak between samples belongs to all that it is made of.
const HALF: usize = TAPS / 2;
/// Frames from a sample's arrival to its departure.
const DELAY: usize = LOOK + TAPS;
/// Release time constant, in seconds.
const RELEASE_S: f64 = 0.2;
/// Margin below the ceiling, dB: the moving gain itself bends peaks between samples a little, and
/// quantisation adds its step.
const MARGIN_DB: f64 = 0.1;

/// A limiter of interleaved frames at 48 kHz.
pub struct Limiter {
    filter: &'static Filter,
    ceiling: f32,
    keep: f32,
    lanes: Vec<Lane>,
    /// Frames that arrived and did not leave yet.
    line: Vec<f32>,
    /// Detector steps whose sample lies before the first one.
    warming: usize,
    /// Gains below 1 that the last `LOOK + TAPS` detector steps need, rising; absent means 1.
    needs: VecDeque<(u64, f32)>,
    step: u64,
    envelope: f32,
    /// The last `LOOK` envelope values, their place and sum, and how many of the last were 1.
    window: Vec<f32>,
    place: usize,
    sum: f64,
    ones: usize,
    least: f32,
}

impl Limiter {
    /// A limiter that keeps the true peak at or below `ceiling_dbtp`.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "gains run in single precision")]
    pub fn new(channels: u16, ceiling_dbtp: Level) -> Limiter {
        Limiter {
            filter: filter(),
            ceiling: 10f64.powf((ceiling_dbtp.db() - MARGIN_DB) / 20.0) as f32,
            keep: (-1.0 / (f64::from(RATE) * RELEASE_S)).exp() as f32,
            lanes: vec![Lane::new(); usize::from(channels)],
            line: Vec::new(),
            warming: DELAY,
            needs: VecDeque::new(),
            step: 0,
            envelope: 1.0,
            window: vec![1.0; LOOK],
            place: 0,
            sum: f64::from(u32::try_from(LOOK).unwrap_or(0)),
            ones: LOOK,
            least: 1.0,
        }
    }

    /// Takes the next frames and appends those that are due to `out`.
    pub fn process(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let channels = self.lanes.len();
        self.line.extend_from_slice(samples);
        for (channel, lane) in self.lanes.iter_mut().enumerate() {
            lane.fill(samples, channel, channels);
        }
        let frames = samples.len() / channels;
        let mut left = 0;
        for at in (0..frames).step_by(BLOCK) {
            let count = BLOCK.min(frames - at);
            let most = self.lanes.iter().map(|lane| largest(lane.reach(at, count))).fold(0.0, f32::max);
            let may_exceed = most * self.filter.most_gain > self.ceiling;
            if !may_exceed && self.at_rest() && self.warming == 0 {
                // Nothing to do for the whole block: most of a programme passes here.
                self.step += count as u64;
                out.extend_from_slice(&self.line[left..left + count * channels]);
                left += count * channels;
                continue;
            }
            for frame in at..at + count {
                let peak = if may_exceed { self.peak(frame) } else { 0.0 };
                let gain = self.gain(peak);
                if self.warming > 0 {
                    self.warming -= 1;
                    continue;
                }
                out.extend(self.line[left..left + channels].iter().map(|sample| sample * gain));
                left += channels;
            }
        }
        self.line.drain(..left);
    }

    /// The input is over: appends the frames that are still inside.
    pub fn finish(mut self, out: &mut Vec<f32>) {
        let silence = vec![0.0; DELAY * self.lanes.len()];
        self.process(&silence, out);
    }

    /// The lowest gain so far, in dB.
    #[must_use]
    pub fn most_reduction_db(&self) -> Level {
        Level::from_amplitude(self.least.into())
    }

    fn peak(&self, frame: usize) -> f32 {
        let peaks = self.lanes.iter().map(|lane| {
            lane.reach(frame, 1).first_chunk::<TAPS>().map_or(0.0, |window| self.filter.peak(window))
        });
        peaks.fold(0.0, f32::max)
    }

    fn at_rest(&self) -> bool {
        self.ones >= LOOK && self.needs.is_empty()
    }

    /// The gain of the frame that leaves when the detector sees `peak`.
    ///
    /// The detector's point lies [`HALF`] frames back. A need holds for `LOOK + TAPS` steps, the envelope
    /// never exceeds it, and the mean of `LOOK` envelope values is what a frame gets that lies in the
    /// middle of that hold: so it never gets more than any peak near it needs.
    fn gain(&mut self, peak: f32) -> f32 {
        self.step += 1;
        if peak > self.ceiling {
            let need = self.ceiling / peak;
            while self.needs.back().is_some_and(|(_, other)| *other >= need) {
                self.needs.pop_back();
            }
            self.needs.push_back((self.step, need));
        }
        while self.needs.front().is_some_and(|(step, _)| step + ((LOOK + 2 * HALF) as u64) < self.step) {
            self.needs.pop_front();
        }
        if self.at_rest() {
            return 1.0;
        }
        let need = self.needs.front().map_or(1.0, |(_, need)| *need);
        self.envelope = need.min(need + (self.envelope - need) * self.keep);
        if self.envelope > 0.9999 && self.needs.is_empty() {
            self.envelope = 1.0;
        }
        self.ones = if self.envelope < 1.0 { 0 } else { self.ones + 1 };
        self.sum += f64::from(self.envelope) - f64::from(self.window[self.place]);
        self.window[self.place] = self.envelope;
        self.place = (self.place + 1) % LOOK;
        if self.ones >= LOOK {
            // All ones again: the sum forgets its rounding.
            self.sum = f64::from(u32::try_from(LOOK).unwrap_or(0));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a gain of about 1")]
        let gain = (self.sum / LOOK as f64) as f32;
        self.least = self.least.min(gain);
        gain.min(1.0)
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
    use std::f32::consts::{FRAC_PI_2, FRAC_PI_4};

    use ebur128::{EbuR128, Mode};
    use proptest::prelude::*;

    use super::*;

    type Signal = Box<dyn Fn(f32) -> f32>;

    fn limited(samples: &[f32], channels: u16, ceiling: Level, cut: usize) -> Vec<f32> {
        let (mut limiter, mut out) = (Limiter::new(channels, ceiling), Vec::new());
        samples.chunks(cut * usize::from(channels)).for_each(|block| limiter.process(block, &mut out));
        limiter.finish(&mut out);
        out
    }

    fn true_peak_db(samples: &[f32], channels: u16) -> f64 {
        let mut meter = EbuR128::new(channels.into(), RATE, Mode::TRUE_PEAK).unwrap();
        meter.add_frames_f32(samples).unwrap();
        20.0 * (0..channels.into()).map(|c| meter.true_peak(c).unwrap()).fold(0.0, f64::max).log10()
    }

    #[test]
    fn what_lies_below_the_ceiling_passes_bit_for_bit() {
        let samples: Vec<f32> = (0..20_000).map(|i| (i as f32 * 0.7).sin() * 0.4).collect();
        for (channels, cut) in [(1, 1), (1, 4096), (2, 999)] {
            assert_eq!(limited(&samples, channels, Level(-100), cut), samples);
        }
        assert_eq!(limited(&[0.25; 10], 1, Level(-100), 3), [0.25; 10]);
    }

    #[test]
    fn hard_signals_stay_below_the_ceiling_and_in_place() {
        let sign = |x: f32| if x < 0.0 { -1.0 } else { 1.0 };
        let signals: [(&str, Signal); 5] = [
            ("quarter of the rate, between samples", Box::new(|i| (i * FRAC_PI_2 + FRAC_PI_4).sin() * 1.4)),
            ("square", Box::new(move |i| sign((i * 0.13).sin()) * 2.0)),
            ("clicks", Box::new(|i| if i as u32 % 1000 == 999 { 4.0 } else { 0.1 * (i * 0.05).sin() })),
            (
                "bursts",
                Box::new(|i| (i * 0.9).sin() * if (i as u32 / 5000).is_multiple_of(2) { 0.2 } else { 3.0 }),
            ),
            ("steps", Box::new(move |i| sign((i * 0.003).sin()) * (i % 977.0) / 300.0)),
        ];
        for (name, signal) in signals {
            let samples: Vec<f32> = (0..96_000).map(|i| signal(i as f32)).collect();
            for channels in [1, 2] {
                let out = limited(&samples, channels, Level(-100), 4800);
                assert_eq!(out.len(), samples.len());
                let peak = true_peak_db(&out, channels);
                assert!(peak <= -1.0, "{name}: {peak}");
                // A gain never turns a sample round or moves it.
                assert!(samples.iter().zip(&out).all(|(a, b)| a.abs() >= b.abs() && a * b >= 0.0), "{name}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn noise_of_any_level_stays_below_any_ceiling(
            samples in prop::collection::vec(-1f32..1.0, 2000..6000), gain in 0.1f32..8.0, ceiling in -900..0i32, cut in 1usize..5000,
        ) {
            let samples: Vec<f32> = samples.iter().map(|s| s * gain).collect();
            let out = limited(&samples, 1, Level(ceiling), cut);
            prop_assert_eq!(out.len(), samples.len());
            prop_assert!(true_peak_db(&out, 1) <= Level(ceiling).db());
        }
    }
}
