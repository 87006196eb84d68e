//! From a file's rate and channels to the bus: 48 kHz, mono or stereo, with an exact count of frames.

use rubato::{
    Fft, FixedSync, Indexing, Resampler as _, WindowFunction, audioadapter_buffers::direct::InterleavedSlice,
};

use super::Spec;
use crate::units::RATE;

/// Frames of the input that are transformed together, about; long enough for a cutoff near the band's
/// edge, short enough that a click does not ring audibly before itself.
const CHUNK: usize = 1024;

/// Converts a stream to the bus.
pub struct Conform {
    from: Spec,
    to: u16,
    resampler: Option<Fft<f32>>,
    /// Channels that are resampled: the fewer of both sides.
    core: usize,
    pending: Vec<f32>,
    scratch: Vec<f32>,
    /// Frames of the resampler's delay that are still to be dropped.
    delay: usize,
    taken: u64,
    given: u64,
}

impl Conform {
    /// A converter; `None` where the resampler knows no way between the rates.
    #[must_use]
    pub fn new(from: Spec, to: u16) -> Option<Conform> {
        let core = usize::from(from.channels.min(to));
        let resampler = if from.rate == RATE {
            None
        } else {
            let (rate, window) = (from.rate as usize, WindowFunction::BlackmanHarris2);
            Some(
                Fft::new_custom(rate, RATE as usize, chunk(from.rate), 1, core, window, FixedSync::Both)
                    .ok()?,
            )
        };
        let delay = resampler.as_ref().map_or(0, rubato::Resampler::output_delay);
        Some(Conform {
            from,
            to,
            resampler,
            core,
            pending: Vec::new(),
            scratch: Vec::new(),
            delay,
            taken: 0,
            given: 0,
        })
    }

    /// Converts the next frames and appends what is ready to `out`.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.taken += (samples.len() / usize::from(self.from.channels)) as u64;
        if self.from.channels == 2 && self.core == 1 {
            // Half of each: what stands in the middle keeps its level, nothing can clip.
            self.pending.extend(samples.as_chunks::<2>().0.iter().map(|[left, right]| (left + right) * 0.5));
        } else {
            self.pending.extend_from_slice(samples);
        }
        self.resample(u64::MAX, out);
    }

    /// The input is over: appends the rest, so that `frames × 48000 / rate` frames (rounded) came out.
    pub fn finish(mut self, out: &mut Vec<f32>) {
        let rate = u64::from(self.from.rate);
        let total = (self.taken * u64::from(RATE) + rate / 2) / rate;
        while self.given < total {
            let silence = self.resampler.as_ref().map_or(0, rubato::Resampler::input_frames_next) * self.core;
            if silence == 0 {
                return;
            }
            self.pending.resize(self.pending.len() + silence, 0.0);
            self.resample(total, out);
        }
    }

    fn resample(&mut self, most: u64, out: &mut Vec<f32>) {
        let Some(resampler) = self.resampler.as_mut() else {
            let frames = (self.pending.len() / self.core) as u64;
            self.given += frames;
            emit(&self.pending, self.core, self.to, out);
            return self.pending.clear();
        };
        let mut used = 0;
        loop {
            let (wanted, ready) = (resampler.input_frames_next(), resampler.output_frames_next());
            let left = self.pending.len() / self.core - used;
            if left < wanted {
                break;
            }
            self.scratch.resize(ready * self.core, 0.0);
            let input = &self.pending[used * self.core..];
            let buffers = InterleavedSlice::new(input, self.core, left).and_then(|input| {
                Ok((input, InterleavedSlice::new_mut(&mut self.scratch, self.core, ready)?))
            });
            // Both lengths were just asked for, so neither call can fail; silence would be the fallback.
            if let Ok((input, mut output)) = buffers {
                let _ = resampler.process_into_buffer(&input, &mut output, Some(&Indexing::new()));
            }
            used += wanted;
            let dropped = self.delay.min(ready);
            self.delay -= dropped;
            let room = usize::try_from(most - self.given).unwrap_or(usize::MAX);
            let frames = (ready - dropped).min(room);
            self.given += frames as u64;
            emit(&self.scratch[dropped * self.core..(dropped + frames) * self.core], self.core, self.to, out);
        }
        self.pending.drain(..used * self.core);
    }
}

/// About [`CHUNK`] frames at `rate` that are whole blocks of the resampler and an even number: half an odd
/// one is the resampler's delay, and half a frame off is off.
fn chunk(rate: u32) -> usize {
    let (mut a, mut b) = (rate, RATE);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    (rate / a) as usize * 2 * CHUNK.div_ceil((rate / a) as usize * 2)
}

/// Appends frames of `core` channels as frames of `to`.
fn emit(samples: &[f32], core: usize, to: u16, out: &mut Vec<f32>) {
    if core == 1 && to == 2 {
        out.extend(samples.iter().flat_map(|sample| [*sample, *sample]));
    } else {
        out.extend_from_slice(samples);
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
    use super::*;

    fn sine(rate: u32, frames: u32) -> Vec<f32> {
        (0..frames)
            .map(|i| (f64::from(i) / f64::from(rate) * 440.0 * std::f64::consts::TAU).sin() as f32)
            .collect()
    }

    #[test]
    fn every_rate_gives_the_exact_count_of_frames_in_place() {
        for rate in [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000] {
            for frames in [1, 999, rate + 7] {
                let (mut conform, mut out) =
                    (Conform::new(Spec { rate, channels: 1 }, 1).unwrap(), Vec::new());
                sine(rate, frames).chunks(1152).for_each(|block| conform.push(block, &mut out));
                conform.finish(&mut out);
                let total = (f64::from(frames) * 48_000.0 / f64::from(rate)).round() as usize;
                assert_eq!(out.len(), total, "{rate} {frames}");
                if frames > 2000 {
                    // The same tone, sample for sample: a lag of one frame would err by 0.057.
                    let ideal = sine(48_000, total as u32);
                    let range = 2000..total - 2000;
                    let worst = out[range.clone()]
                        .iter()
                        .zip(&ideal[range])
                        .map(|(a, b)| (a - b).abs())
                        .fold(0.0, f32::max);
                    assert!(worst < 1e-3, "{rate}: {worst}");
                }
            }
        }
    }

    #[test]
    fn channels_fold_and_spread() {
        let run = |from: u16, to: u16, samples: &[f32]| {
            let (mut conform, mut out) =
                (Conform::new(Spec { rate: 48_000, channels: from }, to).unwrap(), Vec::new());
            conform.push(samples, &mut out);
            conform.finish(&mut out);
            out
        };
        assert_eq!(run(2, 1, &[0.5, 0.5, 1.0, -1.0]), [0.5, 0.0]);
        assert_eq!(run(1, 2, &[0.5, -0.25]), [0.5, 0.5, -0.25, -0.25]);
        assert_eq!(run(2, 2, &[0.5, -0.25]), [0.5, -0.25]);
    }
}
