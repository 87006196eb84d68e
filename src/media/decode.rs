//! Sound from a file, frame for frame: what the encoder added is trimmed, what was lost is put back as
//! silence and counted, and no fault of a decoder leaves this room as a panic.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use super::{
    Format, Refusal, Stop, Why,
    packets::Packets,
    sniff::{mp3_states_length, sniff},
    source::{Bytes, wav_patches},
};
use crate::units::Digest;

/// Rate and channels of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Frames a second.
    pub rate: u32,
    /// Samples a frame: 1 or 2.
    pub channels: u16,
}

impl Spec {
    /// `frames` in milliseconds, rounded to the nearest.
    #[must_use]
    pub fn ms(self, frames: u64) -> u64 {
        let rate = u64::from(self.rate.max(1));
        (frames.saturating_mul(1000) + rate / 2) / rate
    }
}

/// A source of interleaved frames.
pub trait FrameSource {
    /// Rate and channels; they never change.
    fn spec(&self) -> Spec;

    /// Appends the next block to `out`, interleaved, full scale ±1.0. Returns how many frames; 0 = the end.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<usize, Refusal>;
}

/// How much a file may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest sound, in seconds.
    pub most_s: u64,
    /// Ends the work early.
    pub stop: Stop,
}

impl Default for Limits {
    /// Two hours: the longest programme of the plan is 15 minutes, a recorded session may be long.
    fn default() -> Limits {
        Limits { most_s: 2 * 3600, stop: Stop::default() }
    }
}

/// What was lost in a file and replaced by silence of the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Damage {
    /// Packets that could not be decoded, and gaps in the time line.
    pub faults: u64,
    /// Frames of silence in their place.
    pub frames: u64,
}

/// An audio file that is being decoded.
pub struct Decoder {
    file: String,
    bytes: Bytes,
    format: Format,
    digest: Digest,
    packets: Packets,
}

impl Decoder {
    /// Opens the file at `path`, called `file` in refusals: reads it once for its digest, knows it by its
    /// content and refuses by name what is not taken.
    pub fn open(file: &str, path: &Path, limits: &Limits) -> Result<Decoder, Refusal> {
        guarded(|| Self::open_bytes(file, path, limits)).map_err(|why| why.of(file))
    }

    fn open_bytes(file: &str, path: &Path, limits: &Limits) -> Result<Decoder, Why> {
        let mut bytes = Bytes::open(path)?;
        let head = bytes.head()?;
        let format = sniff(&head)?;
        let digest = bytes.digest(&limits.stop)?;
        let patches = if format == Format::Wav { wav_patches(&mut bytes)? } else { Vec::new() };
        if format == Format::Mp3 {
            bytes.hide_trailing_tags()?;
        }
        let stream = bytes.stream(patches, &limits.stop)?;
        let mut packets = Packets::open(format, stream, limits)?;
        match format {
            Format::Mp3 if !mp3_states_length(&head) => packets.forget_estimate(),
            Format::Aac => packets.trim_to(super::mp4::span(&mut bytes)?),
            _ => {}
        }
        Ok(Decoder { file: file.into(), bytes, format, digest, packets })
    }

    /// What it is.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// SHA-256 of the file.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Size of the file, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.bytes.len
    }

    /// The length that the container states, in frames, where it states one.
    #[must_use]
    pub fn stated(&self) -> Option<u64> {
        self.packets.stated
    }

    /// What was lost so far.
    #[must_use]
    pub fn damage(&self) -> Damage {
        self.packets.damage
    }
}

impl FrameSource for Decoder {
    fn spec(&self) -> Spec {
        self.packets.spec
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<usize, Refusal> {
        let frames = guarded(|| self.packets.read(out)).map_err(|why| why.of(&self.file))?;
        if frames == 0 && !self.bytes.settled() {
            return Err(Why::Unsettled.of(&self.file));
        }
        Ok(frames)
    }
}

/// Runs `work`; a panic in it (decoders index by what the file says) becomes a refusal.
fn guarded<T>(work: impl FnOnce() -> Result<T, Why>) -> Result<T, Why> {
    // The state behind a panic is never used again: the refusal ends the decoding of this file.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Why::Undecodable {
            detail: format!("the decoder failed: {}", crate::words::of_panic(panic.as_ref())),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_refusal() {
        let refused = guarded::<()>(|| panic!("index out of bounds"));
        let detail = "the decoder failed: index out of bounds".into();
        assert_eq!(refused, Err(Why::Undecodable { detail }));
    }
}
