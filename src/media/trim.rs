//! Drops what encoders put before and behind the sound.

use super::Spec;

/// A cut at head and tail of a stream whose length shows only at its end.
#[derive(Debug)]
pub(super) struct Trim {
    /// Frames that came out.
    pub produced: u64,
    channels: usize,
    head: u64,
    /// Frames that may still come out.
    room: u64,
    /// Frames to hold back, and the length at which they are padding.
    tail: u64,
    tail_of: u64,
    held: Vec<f32>,
}

impl Trim {
    /// Drops `head` frames, keeps the rest.
    pub fn new(spec: Spec, head: u64) -> Trim {
        let channels = usize::from(spec.channels.max(1));
        Trim { produced: 0, channels, head, room: u64::MAX, tail: 0, tail_of: 0, held: Vec::new() }
    }

    /// Ends after `valid` frames.
    pub fn end_after(&mut self, valid: u64) {
        self.room = valid;
    }

    /// Drops the last `padding` frames if exactly `valid` frames remain before them. With any other
    /// length the header speaks of another stream (a glued file, a cut one) and all sound is kept.
    pub fn drop_tail_if_exactly(&mut self, padding: u64, valid: u64) {
        (self.tail, self.tail_of) = (padding, valid);
    }

    /// Drops the next `frames` as well: a glued file has a head of its own.
    pub fn drop_next(&mut self, frames: u64) {
        self.head += frames;
    }

    /// Appends to `out` what of `block` is sound for certain.
    pub fn pass(&mut self, block: &[f32], out: &mut Vec<f32>) {
        let frames = (block.len() / self.channels) as u64;
        let dropped = frames.min(self.head);
        self.head -= dropped;
        let block = &block[samples(dropped, self.channels)..];
        if self.tail == 0 {
            return self.emit(block.len(), block, out);
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(block);
        let certain = held.len().saturating_sub(samples(self.tail, self.channels));
        self.emit(certain, &held, out);
        held.drain(..certain);
        self.held = held;
    }

    /// The stream is over: appends what was held back, unless it is padding.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let held = std::mem::take(&mut self.held);
        if self.produced != self.tail_of {
            self.emit(held.len(), &held, out);
        }
    }

    fn emit(&mut self, most: usize, block: &[f32], out: &mut Vec<f32>) {
        let frames = ((most / self.channels) as u64).min(self.room);
        out.extend_from_slice(&block[..samples(frames, self.channels)]);
        self.room -= frames;
        self.produced += frames;
    }
}

fn samples(frames: u64, channels: usize) -> usize {
    usize::try_from(frames).unwrap_or(usize::MAX).saturating_mul(channels)
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

    fn run(mut trim: Trim, total: u16) -> Vec<f32> {
        let stream: Vec<f32> = (0..total).map(f32::from).collect();
        let mut out = Vec::new();
        stream.chunks(7).for_each(|block| trim.pass(block, &mut out));
        trim.finish(&mut out);
        assert_eq!(trim.produced, out.len() as u64);
        out
    }

    #[test]
    fn head_and_tail_go_only_when_the_length_is_the_stated_one() {
        let spec = Spec { rate: 48_000, channels: 1 };
        let check = |total: u16, head: u64, padding: u64, valid: u64, expected: std::ops::Range<u16>| {
            let mut trim = Trim::new(spec, head);
            trim.drop_tail_if_exactly(padding, valid);
            assert_eq!(run(trim, total), expected.map(f32::from).collect::<Vec<_>>());
        };
        check(100, 10, 20, 70, 10..80);
        check(100, 10, 0, 90, 10..100);
        check(150, 10, 20, 70, 10..150);
        check(60, 10, 20, 70, 10..60);
        check(5, 10, 20, 70, 0..0);
        let mut capped = Trim::new(spec, 3);
        capped.end_after(50);
        assert_eq!(run(capped, 100), (3u8..53).map(f32::from).collect::<Vec<_>>());
    }
}
