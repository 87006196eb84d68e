//! The bus: rodio's mixer with one permanent source, pulled by the device block by block.

use std::{
    num::{NonZeroU16, NonZeroU32},
    sync::{Arc, atomic::Ordering::Relaxed},
};

use cpal::{FromSample, SizedSample};
use rodio::mixer::{MixerSource, mixer};
use rtrb::{Producer, RingBuffer};

use crate::units::{Level, RATE};

use super::{
    desk::{Desk, frames_ns},
    feed::Feed,
};

/// Channels of the bus and of every device.
pub(super) const CHANNELS: usize = 2;
const CHANNELS_NZ: NonZeroU16 = NonZeroU16::new(2).unwrap();
const RATE_NZ: NonZeroU32 = NonZeroU32::new(RATE).unwrap();

/// Sound that is read ahead, in seconds: how long a disk may sleep unheard.
const RING_SECONDS: usize = 8;

/// What a device pulls. Pulling neither allocates, frees, locks, waits, logs nor asks a clock.
pub(super) struct Bus {
    mixer: MixerSource,
    desk: Arc<Desk>,
    timing: Timing,
    handed: u64,
}

impl Bus {
    /// A bus, its desk, and the end of the ring to be fed with interleaved samples. `exact`: the
    /// stream clock is computed, not measured, so its first reading is as good as many.
    pub(super) fn new(volume_db: Level, exact: bool) -> (Bus, Arc<Desk>, Producer<f32>) {
        let (producer, consumer) = RingBuffer::new(RING_SECONDS * RATE as usize * CHANNELS);
        let desk = Arc::new(Desk::new());
        #[allow(clippy::cast_possible_truncation, reason = "a gain needs no more than 24 bits")]
        let gain = volume_db.min(Level(0)).amplitude() as f32;
        let (input, mixer) = mixer(CHANNELS_NZ, RATE_NZ);
        input.add(Feed::new(consumer, Arc::clone(&desk), gain));
        (Bus { mixer, desk: Arc::clone(&desk), timing: Timing::new(exact), handed: 0 }, desk, producer)
    }

    /// Fills one block. `callback_ns` is when it is asked for, `playback_ns` when its first frame will
    /// sound, both by the stream's clock.
    pub(super) fn pull<T>(&mut self, out: &mut [T], callback_ns: i64, playback_ns: i64)
    where
        T: SizedSample + FromSample<f32>,
    {
        let frames = out.len() / CHANNELS;
        let desk = &self.desk;
        desk.enter();
        let (offset_ns, settled) = self.timing.note(playback_ns - frames_ns(self.handed));
        desk.block_frames.store(frames, Relaxed);
        desk.callback_ns.store(callback_ns, Relaxed);
        desk.offset_ns.store(offset_ns, Relaxed);
        desk.settled.store(settled, Relaxed);
        for sample in out.iter_mut() {
            *sample = T::from_sample(self.mixer.next().unwrap_or(0.0));
        }
        self.handed += frames as u64;
        desk.handed.store(self.handed, Relaxed);
        desk.leave();
    }
}

impl rodio::Source for Feed {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> rodio::ChannelCount {
        CHANNELS_NZ
    }

    fn sample_rate(&self) -> rodio::SampleRate {
        RATE_NZ
    }

    fn total_duration(&self) -> Option<std::time::Duration> {
        None
    }
}

/// When device frame 0 sounded, by the median of recent readings: one reading alone was 8.7 ms wrong once.
struct Timing {
    readings: [i64; Timing::DEPTH],
    count: usize,
    exact: bool,
}

impl Timing {
    const DEPTH: usize = 15;
    /// So many readings must agree…
    const QUORUM: usize = 5;
    /// …within this much of their median, nanoseconds.
    const AGREE_NS: i64 = 1_000_000;

    fn new(exact: bool) -> Timing {
        Timing { readings: [0; Timing::DEPTH], count: 0, exact }
    }

    /// Takes a reading; gives the median and whether enough readings agree on it.
    fn note(&mut self, reading_ns: i64) -> (i64, bool) {
        if self.exact {
            return (reading_ns, true);
        }
        if let Some(place) = self.readings.get_mut(self.count % Timing::DEPTH) {
            *place = reading_ns;
        }
        self.count += 1;
        let mut sorted = self.readings;
        let recent = self.count.min(Timing::DEPTH);
        // The places not yet filled sort behind everything.
        for place in sorted.iter_mut().skip(recent) {
            *place = i64::MAX;
        }
        sorted.sort_unstable();
        let median = sorted.get(recent / 2).copied().unwrap_or(reading_ns);
        let agreeing = sorted.iter().filter(|r| r.abs_diff(median) <= Timing::AGREE_NS.unsigned_abs()).count();
        (median, agreeing >= Timing::QUORUM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_reading_moves_nothing() {
        let mut timing = Timing::new(false);
        assert!(!timing.note(0).1, "one reading is no agreement");
        timing.note(-85_000_000);
        for n in 0..4 {
            assert!(!timing.note(5_000_000 + n * 10_000).1);
        }
        assert_eq!(timing.note(5_050_000), (5_010_000, true));
        assert!((timing.note(13_700_000).0 - 5_000_000).abs() < 100_000);
    }
}
