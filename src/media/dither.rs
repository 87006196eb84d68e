//! From floating point to 16 bit with triangular dither, the same bytes at every run.

/// A quantiser with its own generator (`SplitMix64`), so that a master can be rendered again bit for bit.
#[derive(Debug, Clone)]
pub(super) struct Dither(u64);

impl Dither {
    /// A quantiser whose noise follows from `seed`.
    pub fn new(seed: u64) -> Dither {
        Dither(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The 16-bit sample of `sample`; the difference of two uniform numbers makes the error of the
    /// quantisation independent of the sound.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "within the 16-bit range"
    )]
    pub fn quantise(&mut self, sample: f32) -> i16 {
        let bits = self.next();
        let noise = ((bits >> 40) as f32 - (bits & 0xFF_FFFF) as f32) / 16_777_216.0;
        // A saturating cast: beyond the range stands the range's end.
        sample.mul_add(32_768.0, noise).round() as i16
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

    #[test]
    fn the_noise_is_small_unbiased_and_repeats() {
        let run = || {
            let mut dither = Dither::new(7);
            (0..100_000).map(|_| dither.quantise(0.25 / 32_768.0)).collect::<Vec<_>>()
        };
        let samples = run();
        assert!(samples.iter().all(|s| (-1..=2).contains(s)));
        let mean = samples.iter().map(|s| f64::from(*s)).sum::<f64>() / 100_000.0;
        assert!((mean - 0.25).abs() < 0.01, "a quarter of a step survives as the mean: {mean}");
        assert_eq!(samples, run());
        assert_eq!(Dither::new(1).quantise(2.0), i16::MAX);
    }
}
