//! The one source on the bus, as long as a stream is open: silence, then at its instant the ring, then silence.

use std::{
    num::NonZeroU16,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use rtrb::Consumer;

use super::{
    bus::CHANNELS,
    desk::{AT_ONCE, Desk, NEVER, Phase, Tail, frames_ns, ns_frames},
};

/// Frames that are prepared at once.
const CHUNK: usize = 256;
/// A take from the middle rises over 10 ms.
const FADE_IN: usize = 480;
/// A cut falls over 20 ms.
const FADE_OUT: usize = 960;
/// `FADE_OUT` in nanoseconds.
const FADE_OUT_NS: i64 = 20_000_000;

/// The permanent source. Lives in the device callback: it must not allocate, lock, wait or panic.
pub(super) struct Feed {
    ring: Consumer<f32>,
    pub(super) channels: NonZeroU16,
    desk: Arc<Desk>,
    gain: f32,
    chunk: [f32; CHUNK * CHANNELS],
    at: usize,
    len: usize,
    /// Frames of the device's block that are not prepared yet.
    block_left: usize,
    /// Device frames before the chunk that is prepared next.
    index: u64,
    phase: Phase,
    delivered: u64,
    underruns: u64,
    fade_in_left: usize,
    fade_out_left: Option<usize>,
}

impl Feed {
    pub(super) fn new(ring: Consumer<f32>, channels: NonZeroU16, desk: Arc<Desk>, gain: f32) -> Feed {
        Feed {
            ring,
            channels,
            desk,
            gain,
            chunk: [0.0; CHUNK * CHANNELS],
            at: 0,
            len: 0,
            block_left: 0,
            index: 0,
            phase: Phase::Idle,
            delivered: 0,
            underruns: 0,
            fade_in_left: 0,
            fade_out_left: None,
        }
    }

    /// Samples of `frames` frames.
    fn samples(&self, frames: usize) -> usize {
        frames * usize::from(self.channels.get())
    }

    /// Prepares the next chunk; chunks never straddle two blocks, so that a block's timing holds for
    /// all of its frames.
    fn prepare(&mut self) {
        if self.block_left == 0 {
            self.block_left = self.desk.block_frames.load(Relaxed);
        }
        let frames = self.block_left.clamp(1, CHUNK);
        self.block_left = self.block_left.saturating_sub(frames);
        self.chunk.fill(0.0);
        self.at = 0;
        self.len = self.samples(frames);
        match (self.phase, self.desk.armed()) {
            (Phase::Idle, true) => self.begin(),
            (Phase::Waiting | Phase::Sounding | Phase::Done, false) => {
                // The player may have fed on until it saw the end.
                self.drain();
                self.phase = Phase::Idle;
            }
            _ => {}
        }
        if self.phase == Phase::Waiting {
            if self.cut_before(self.index + frames as u64, 0) {
                self.finish(self.index);
            } else if let Some(lead) = self.lead(frames) {
                self.phase = Phase::Sounding;
                self.desk.first_index.store(self.index + lead as u64, Relaxed);
                self.sound(lead, frames);
            }
        } else if self.phase == Phase::Sounding {
            self.sound(0, frames);
        }
        self.index += frames as u64;
        self.desk.delivered.store(self.delivered, Relaxed);
        self.desk.underruns.store(self.underruns, Relaxed);
        self.desk.set_phase(self.phase);
    }

    fn begin(&mut self) {
        self.phase = Phase::Waiting;
        self.delivered = 0;
        self.underruns = 0;
        self.fade_in_left = if self.desk.fade_in() { FADE_IN } else { 0 };
        self.fade_out_left = None;
    }

    /// Frames of silence before the first frame, if that lies in the next `frames`.
    fn lead(&self, frames: usize) -> Option<usize> {
        let start_ns = self.desk.start_ns();
        if start_ns == AT_ONCE {
            return Some(0);
        }
        if start_ns == NEVER {
            return None;
        }
        if !self.desk.settled.load(Relaxed) {
            // Where frames come to sound is not known yet; only what is past already is certain.
            return (start_ns <= self.desk.callback_ns.load(Relaxed)).then_some(0);
        }
        let chunk_ns = self.desk.offset_ns.load(Relaxed).saturating_add(frames_ns(self.index));
        let lead = ns_frames(start_ns.saturating_sub(chunk_ns)).max(0);
        usize::try_from(lead).ok().filter(|lead| *lead < frames)
    }

    /// Whether the end falls so that a fade of `fade_ns` must begin before device frame `index`.
    fn cut_before(&self, index: u64, fade_ns: i64) -> bool {
        let cut_ns = self.desk.cut_ns();
        if cut_ns == AT_ONCE || cut_ns == NEVER {
            return cut_ns == AT_ONCE;
        }
        let ends_ns = self.desk.offset_ns.load(Relaxed).saturating_add(frames_ns(index));
        ends_ns > cut_ns.saturating_sub(fade_ns)
    }

    /// Frames `from..frames` of the chunk come from the ring.
    fn sound(&mut self, from: usize, frames: usize) {
        // Before the ring is looked at: what it says of the end then holds for all that is in the ring.
        let tail = self.desk.tail();
        let waiting = self.ring.slots() / self.samples(1);
        if self.fade_out_left.is_none() {
            if self.cut_before(self.index + frames as u64, FADE_OUT_NS) {
                self.fade_out_left = Some(FADE_OUT);
            } else if tail == Tail::Broken && waiting <= FADE_OUT {
                self.fade_out_left = Some(waiting);
            }
        }
        let wanted = frames - from;
        let take = wanted.min(waiting).min(self.fade_out_left.unwrap_or(usize::MAX));
        self.copy(from, take);
        self.delivered += take as u64;
        let end = self.index + (from + take) as u64;
        let faded = self.fade_out_left == Some(0);
        if faded || (take < wanted && tail != Tail::More && self.ring.is_empty()) {
            self.finish(end);
        } else if take < wanted {
            self.underruns += (wanted - take) as u64;
        }
    }

    fn copy(&mut self, from: usize, frames: usize) {
        let place = self.samples(from)..self.samples(from + frames);
        let channels = self.samples(1);
        let Some(out) = self.chunk.get_mut(place) else { return };
        if self.ring.pop_entire_slice(out).is_err() {
            return;
        }
        for sample in &mut *out {
            *sample *= self.gain;
        }
        if self.fade_in_left > 0 || self.fade_out_left.is_some() {
            for (n, frame) in out.chunks_exact_mut(channels).enumerate() {
                let rise = 1.0 - ratio(self.fade_in_left.saturating_sub(n), FADE_IN);
                let fall = self.fade_out_left.map_or(1.0, |left| ratio(left.saturating_sub(n), FADE_OUT));
                for sample in frame {
                    *sample *= rise * fall;
                }
            }
            self.fade_in_left = self.fade_in_left.saturating_sub(frames);
            self.fade_out_left = self.fade_out_left.map(|left| left.saturating_sub(frames));
        }
    }

    /// The last frame has been handed; what still stands in the ring is thrown away.
    fn finish(&mut self, end_index: u64) {
        self.drain();
        self.phase = Phase::Done;
        self.desk.end_index.store(end_index, Relaxed);
    }

    fn drain(&mut self) {
        if let Ok(rest) = self.ring.read_chunk(self.ring.slots()) {
            rest.commit_all();
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "both are below a thousand")]
fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole as f32
}

impl Iterator for Feed {
    type Item = f32;

    #[inline]
    fn next(&mut self) -> Option<f32> {
        if self.at == self.len {
            self.prepare();
        }
        let sample = self.chunk.get(self.at).copied().unwrap_or(0.0);
        self.at += 1;
        Some(sample)
    }
}
