//! The bus: rodio's mixer with one permanent source, pulled by the device block by block; where nobody
//! listens, that source alone.

use std::{
    num::{NonZeroU16, NonZeroU32},
    sync::{Arc, atomic::Ordering::Relaxed},
};

use cpal::{FromSample, SizedSample};
use rodio::mixer::{MixerSource, mixer};
use rtrb::{Producer, RingBuffer};

use crate::{
    config,
    units::{Level, RATE},
};

use super::{
    desk::{Desk, frames_ns},
    feed::Feed,
};

/// Channels of every device, and most of the bus.
pub(super) const CHANNELS: usize = 2;
const RATE_NZ: NonZeroU32 = NonZeroU32::new(RATE).unwrap();

/// Sound that is read ahead, in seconds: how long a disk may sleep unheard.
const RING_SECONDS: usize = 8;

/// What a device pulls. Pulling neither allocates, frees, locks, waits, logs nor asks a clock.
pub(super) struct Bus<S> {
    source: S,
    /// The source has one channel, heard on both of the device.
    mono: bool,
    desk: Arc<Desk>,
    timing: Timing,
    handed: u64,
}

/// A bus, its desk, and the end of the ring to be fed with interleaved samples of the station's channels.
pub(super) type Laid<S> = (Bus<S>, Arc<Desk>, Producer<f32>);

impl Bus<MixerSource> {
    /// The bus of whatever can be heard. `exact`: the stream clock is computed, not measured, so its first
    /// reading is as good as many.
    pub(super) fn mixed(settings: &config::Output, exact: bool) -> Laid<MixerSource> {
        Bus::lay(settings, exact, |feed| {
            let (input, mixer) = mixer(feed.channels, RATE_NZ);
            input.add(feed);
            mixer
        })
    }
}

impl Bus<Feed> {
    /// The bus of a rehearsal, with an exact clock. The mixer costs nine tenths of a sample's way, and a
    /// month of them is waited for by a person.
    pub(super) fn bare(settings: &config::Output) -> Laid<Feed> {
        Bus::lay(settings, true, |feed| feed)
    }
}

impl<S: rodio::Source> Bus<S> {
    fn lay(settings: &config::Output, exact: bool, source: impl FnOnce(Feed) -> S) -> Laid<S> {
        let channels = NonZeroU16::new(settings.channels.count()).unwrap_or(NonZeroU16::MIN);
        let samples = RING_SECONDS * RATE as usize * usize::from(channels.get());
        let (producer, consumer) = RingBuffer::new(samples);
        let desk = Arc::new(Desk::new());
        #[allow(clippy::cast_possible_truncation, reason = "a gain needs no more than 24 bits")]
        let gain = settings.volume_db.min(Level(0)).amplitude() as f32;
        let source = source(Feed::new(consumer, channels, Arc::clone(&desk), gain));
        let (mono, timing) = (channels.get() == 1, Timing::new(exact));
        (Bus { source, mono, desk: Arc::clone(&desk), timing, handed: 0 }, desk, producer)
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
        let (offset_ns, settled) =
            self.timing.note(playback_ns - frames_ns(self.handed), playback_ns - callback_ns);
        desk.block_frames.store(frames, Relaxed);
        desk.callback_ns.store(callback_ns, Relaxed);
        desk.offset_ns.store(offset_ns, Relaxed);
        desk.settled.store(settled, Relaxed);
        let mut peak = 0.0_f32;
        let mut next = || {
            let sample: f32 = self.source.next().unwrap_or(0.0);
            peak = peak.max(sample.abs());
            T::from_sample(sample)
        };
        if self.mono {
            for frame in out.as_chunks_mut::<CHANNELS>().0 {
                *frame = [next(); CHANNELS];
            }
        } else {
            out.fill_with(next);
        }
        desk.peak.store(peak.to_bits(), Relaxed);
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
        self.channels
    }

    fn sample_rate(&self) -> rodio::SampleRate {
        RATE_NZ
    }

    fn total_duration(&self) -> Option<std::time::Duration> {
        None
    }
}

/// When device frame 0 sounded, from many readings: one alone was 8.7 ms wrong once.
///
/// A reading is made by asking the server and waiting for its answer, so a busy machine only makes it
/// later, never earlier: the truth is at the lower edge of the readings. The lowest two are left out, in
/// case one of them is wrong for another reason.
struct Timing {
    readings: [i64; Timing::DEPTH],
    count: usize,
    exact: bool,
}

impl Timing {
    /// Readings that are looked at: at 4,096 frames a period 2.7 s, in which two clocks that differ by
    /// 50 ppm part by 0.13 ms.
    const DEPTH: usize = 31;
    /// The lower edge, counted from the lowest.
    const EDGE: usize = 2;
    /// So many readings must be there before they are believed.
    const QUORUM: usize = 6;
    /// A callback so late without any latency has a device that does not tell it.
    const MUTE: usize = 20;

    fn new(exact: bool) -> Timing {
        Timing { readings: [i64::MAX; Timing::DEPTH], count: 0, exact }
    }

    /// Takes a reading of device frame 0 from a block with this latency; gives the best estimate and
    /// whether it may be believed.
    fn note(&mut self, reading_ns: i64, latency_ns: i64) -> (i64, bool) {
        if self.exact {
            return (reading_ns, true);
        }
        // Before the first answer of the server there is no latency: that is no reading.
        self.count += 1;
        let place = self.readings.get_mut(self.count % Timing::DEPTH);
        if let Some(place) = place.filter(|_| latency_ns > 0 || self.count > Timing::MUTE) {
            *place = reading_ns;
        }
        let mut sorted = self.readings;
        sorted.sort_unstable();
        let known = sorted.iter().take_while(|reading| **reading != i64::MAX).count();
        let edge = sorted.get(Timing::EDGE.min(known.saturating_sub(1)));
        (edge.copied().filter(|_| known > 0).unwrap_or(reading_ns), known >= Timing::QUORUM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_answers_and_a_lonely_error_move_nothing() {
        let mut timing = Timing::new(false);
        assert!(!timing.note(-22_000_000, 0).1, "no latency, no reading");
        for n in 0..5 {
            assert!(!timing.note(5_000_000 + n * 10_000, 80_000_000).1);
        }
        assert_eq!(timing.note(5_050_000, 80_000_000), (5_020_000, true));
        assert_eq!(timing.note(13_700_000, 80_000_000).0, 5_020_000, "8.7 ms late");
        assert_eq!(timing.note(-80_000_000, 80_000_000).0, 5_010_000, "once far too early");
    }
}
