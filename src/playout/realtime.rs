//! The rules of the callback, held by a machine: a long pull of the bus neither allocates nor frees, and an
//! empty ring gives counted silence.

#![allow(clippy::float_cmp, reason = "frames come out as they went in, or not at all")]

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use rodio::mixer::MixerSource;
use rtrb::Producer;

use super::{
    bus::{Bus, CHANNELS},
    desk::{AT_ONCE, Desk, NEVER, Phase, Tail, frames_ns},
};
use crate::{
    config::{Channels, Output},
    units::Level,
};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const BLOCK: u64 = 4096;

/// A bus whose device is the test: 80 ms latency, asked for block after block.
struct Rig {
    bus: Bus<MixerSource>,
    desk: std::sync::Arc<Desk>,
    ring: Producer<f32>,
    channels: usize,
    block: Vec<f32>,
    handed: u64,
}

impl Rig {
    fn new(channels: Channels, volume_db: Level) -> Rig {
        let settings = Output {
            second: None,
            device: String::new(),
            channels,
            buffer_frames: 4096,
            target_lufs: Level(-1600),
            ceiling_dbtp: Level(-100),
            volume_db,
            correction_us: 0,
        };
        let (bus, desk, ring) = Bus::mixed(&settings, false);
        let block = vec![0.0; usize::try_from(BLOCK).unwrap() * CHANNELS];
        Rig { bus, desk, ring, channels: channels.count().into(), block, handed: 0 }
    }

    /// One callback, as the device's thread makes it; gives the left channel.
    fn pull(&mut self) -> Vec<f32> {
        let callback_ns = frames_ns(self.handed);
        let (bus, block) = (&mut self.bus, &mut self.block);
        assert_no_alloc(|| bus.pull(block, callback_ns, callback_ns + 80_000_000));
        self.handed += BLOCK;
        let same = |frame: &[f32; CHANNELS]| frame[0] == frame[1];
        let frames = self.block.as_chunks().0;
        assert!(frames.iter().all(same), "what is the same on both channels stays so");
        frames.iter().map(|frame| frame[0]).collect()
    }

    fn settle(&mut self) {
        while !self.desk.facts().settled {
            assert!(self.pull().iter().all(|&sample| sample == 0.0));
        }
    }

    fn feed(&mut self, frames: usize, value: f32) {
        let chunk = self.ring.write_chunk_uninit(frames * self.channels).unwrap();
        chunk.fill_from_iter(std::iter::repeat(value));
    }
}

#[test]
fn minutes_of_pulling_allocate_nothing_and_lose_nothing() {
    for channels in [Channels::Mono, Channels::Stereo] {
        let mut rig = Rig::new(channels, Level(0));
        rig.settle();
        rig.desk.arm(AT_ONCE, NEVER, false);
        let mut heard = 0;
        for _ in 0..3600 * 48_000 / BLOCK / 20 {
            rig.feed(4096, 0.5);
            heard += rig.pull().iter().filter(|&&sample| sample == 0.5).count();
        }
        let facts = rig.desk.facts();
        assert_eq!((facts.delivered, facts.underruns), (heard as u64, 0));
    }
}

#[test]
fn an_empty_ring_is_counted_silence_and_sound_goes_on_behind_it() {
    let mut rig = Rig::new(Channels::Mono, Level(0));
    rig.settle();
    rig.feed(5000, 0.25);
    rig.desk.arm(AT_ONCE, NEVER, false);
    rig.pull();
    let block = rig.pull();
    assert!(block[..904].iter().all(|&sample| sample == 0.25));
    assert!(block[904..].iter().all(|&sample| sample == 0.0));
    rig.pull();
    let facts = rig.desk.facts();
    assert_eq!((facts.phase, facts.delivered, facts.underruns), (Phase::Sounding, 5000, 4096 - 904 + 4096));
    rig.feed(100, 0.25);
    rig.desk.set_tail(Tail::End);
    assert_eq!(rig.pull().iter().filter(|&&sample| sample == 0.25).count(), 100);
    let facts = rig.desk.facts();
    assert_eq!(
        (facts.phase, facts.delivered, facts.end_index),
        (Phase::Done, 5100, rig.handed - BLOCK + 100)
    );
}

#[test]
fn the_first_frame_falls_on_its_sample_and_a_cut_fades_within_50_ms() {
    let mut rig = Rig::new(Channels::Stereo, Level(-600));
    rig.settle();
    rig.feed(48_000, 1.0);
    // Frame 1,234 of the next block but one sounds then.
    let start_ns = frames_ns(rig.handed + BLOCK + 1234) + 80_000_000;
    rig.desk.arm(start_ns, NEVER, false);
    assert!(rig.pull().iter().all(|&sample| sample == 0.0));
    let block = rig.pull();
    assert_eq!(block.iter().position(|&sample| sample != 0.0), Some(1234));
    assert!((block[1234] - 0.501_187).abs() < 1e-5, "-6 dB");
    assert_eq!(rig.desk.facts().first_index, rig.handed - BLOCK + 1234);
    rig.desk.aim(start_ns, AT_ONCE);
    let block = rig.pull();
    let last = block.iter().rposition(|&sample| sample != 0.0).unwrap();
    assert!(last < 2400, "50 ms, {last} frames");
    assert!(block[..=last].is_sorted_by(|a, b| a >= b), "falls only");
    assert_eq!(rig.desk.facts().phase, Phase::Done);
    // What stood in the ring is gone, and the bus is ready for the next.
    rig.desk.disarm();
    rig.pull();
    assert_eq!(rig.desk.facts().phase, Phase::Idle);
    assert_eq!(rig.ring.slots(), rig.ring.buffer().capacity());
}
