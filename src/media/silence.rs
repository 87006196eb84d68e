//! The waveform's plain facts: sample peak, silence, clipping.

use super::{Spec, peak::largest};
use crate::units::Level;

/// Below this amplitude a frame is silent: −60 dB.
const SILENT: f32 = 0.001;
/// From this amplitude on a sample is at full scale.
const FULL_SCALE: f32 = 0.9999;
/// So many samples at full scale in a row are clipping, not a peak.
const CLIPPED_RUN: u32 = 3;
/// Samples that are looked at together.
const BLOCK: usize = 64;

/// A meter of the waveform.
#[derive(Debug, Clone)]
pub(super) struct Waveform {
    spec: Spec,
    frames: u64,
    peak: f32,
    /// Begin and length of the silence that lasts now and of the longest one, in frames.
    silence: u64,
    longest: (u64, u64),
    leading: u64,
    clipped: u64,
    full_scale: Vec<u32>,
}

impl Waveform {
    pub fn new(spec: Spec) -> Waveform {
        let full_scale = vec![0; usize::from(spec.channels)];
        Waveform {
            spec,
            frames: 0,
            peak: 0.0,
            silence: 0,
            longest: (0, 0),
            leading: 0,
            clipped: 0,
            full_scale,
        }
    }

    /// Measures the next interleaved frames.
    pub fn add(&mut self, samples: &[f32]) {
        let channels = usize::from(self.spec.channels);
        for block in samples.chunks(BLOCK * channels) {
            let most = largest(block);
            self.peak = self.peak.max(most);
            if most < SILENT {
                self.silence += (block.len() / channels) as u64;
                self.frames += (block.len() / channels) as u64;
            } else if most >= FULL_SCALE || self.silence > 0 || block.iter().any(|s| s.abs() < SILENT) {
                block.chunks(channels).for_each(|frame| self.frame(frame));
            } else {
                self.frames += (block.len() / channels) as u64;
            }
            if most < FULL_SCALE {
                self.full_scale.fill(0);
            }
        }
    }

    fn frame(&mut self, frame: &[f32]) {
        if frame.iter().all(|sample| sample.abs() < SILENT) {
            self.silence += 1;
        } else if self.silence > 0 {
            self.end_silence();
        }
        self.frames += 1;
        for (run, sample) in self.full_scale.iter_mut().zip(frame) {
            *run = if sample.abs() >= FULL_SCALE { *run + 1 } else { 0 };
            self.clipped += u64::from(*run == CLIPPED_RUN);
        }
    }

    fn end_silence(&mut self) {
        let begin = self.frames - self.silence;
        if begin == 0 {
            self.leading = self.silence;
        }
        if self.silence > self.longest.1 {
            self.longest = (begin, self.silence);
        }
        self.silence = 0;
    }

    /// The facts, now that all frames were seen.
    pub fn finish(mut self) -> Shape {
        let (trailing, ms) = (self.silence, |frames| self.spec.ms(frames));
        let (trailing_silence_ms, frames) = (ms(trailing), self.frames);
        if self.silence > 0 {
            self.end_silence();
        }
        Shape {
            frames,
            sample_peak_db: Level::from_amplitude(self.peak.into()),
            clipped_runs: self.clipped,
            leading_silence_ms: self.spec.ms(self.leading),
            trailing_silence_ms,
            longest_silence_at_ms: self.spec.ms(self.longest.0),
            longest_silence_ms: self.spec.ms(self.longest.1),
        }
    }
}

/// What [`Waveform`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    pub frames: u64,
    pub sample_peak_db: Level,
    pub clipped_runs: u64,
    pub leading_silence_ms: u64,
    pub trailing_silence_ms: u64,
    pub longest_silence_at_ms: u64,
    pub longest_silence_ms: u64,
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

    #[test]
    fn silences_and_clipping_are_found_where_they_are() {
        let sound = |ms: usize| (0..ms).map(|i| if i % 2 == 0 { 0.5 } else { -0.5 }).collect::<Vec<f32>>();
        let samples =
            [vec![0.0; 70], sound(500), vec![0.0005; 130], sound(3), vec![1.0; 5], sound(200), vec![0.0; 40]];
        for cut in [1, 7, 64, 5000] {
            let mut waveform = Waveform::new(Spec { rate: 1000, channels: 1 });
            samples.concat().chunks(cut).for_each(|block| waveform.add(block));
            let shape = waveform.finish();
            let found = (shape.leading_silence_ms, shape.longest_silence_at_ms, shape.longest_silence_ms);
            assert_eq!(found, (70, 570, 130), "{cut}");
            assert_eq!((shape.trailing_silence_ms, shape.clipped_runs, shape.frames), (40, 1, 948));
            assert_eq!(shape.sample_peak_db, Level(0));
        }
    }

    #[test]
    fn a_silent_file_is_one_silence() {
        let mut waveform = Waveform::new(Spec { rate: 1000, channels: 2 });
        waveform.add(&[0.0; 400]);
        let shape = waveform.finish();
        assert_eq!(
            (shape.leading_silence_ms, shape.longest_silence_ms, shape.trailing_silence_ms),
            (200, 200, 200)
        );
    }
}
