//! The desk between the player and the device callback: atomics only, so that neither waits for the other.

use std::sync::{
    Mutex, PoisonError,
    atomic::{
        AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
        fence,
    },
};

use crate::units::{Level, RATE};

use super::message::Fault;

/// A stream instant that never comes.
pub(super) const NEVER: i64 = i64::MAX;
/// A stream instant that has always been.
pub(super) const AT_ONCE: i64 = i64::MIN;

/// What the bus does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Silence; nothing is armed.
    Idle,
    /// Armed; silence until the start.
    Waiting,
    /// Frames of the ring sound.
    Sounding,
    /// The last frame was handed; silence until disarmed.
    Done,
}

/// What will still come into the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// More frames: an empty ring is an underrun.
    More,
    /// Nothing: an empty ring is the natural end.
    End,
    /// Nothing, because the master broke off: the last frames in the ring are faded.
    Broken,
}

/// Orders of the player, facts of the callback. Instants are nanoseconds of the stream's own clock.
pub(super) struct Desk {
    // Orders.
    armed: AtomicBool,
    start_ns: AtomicI64,
    cut_ns: AtomicI64,
    tail: AtomicU8,
    fade_in: AtomicBool,
    // Facts, written between `entered` and `callbacks` so that a reader can tell a torn reading.
    entered: AtomicU64,
    callbacks: AtomicU64,
    pub(super) block_frames: AtomicUsize,
    pub(super) handed: AtomicU64,
    pub(super) callback_ns: AtomicI64,
    pub(super) offset_ns: AtomicI64,
    pub(super) settled: AtomicBool,
    phase: AtomicU8,
    pub(super) first_index: AtomicU64,
    pub(super) end_index: AtomicU64,
    pub(super) delivered: AtomicU64,
    pub(super) underruns: AtomicU64,
    /// Highest amplitude of the last block: the bits of a float.
    pub(super) peak: AtomicU32,
    // Told by the error callback, which is not the sound's own path.
    errors: AtomicU64,
    fatal: Mutex<Option<(Fault, String)>>,
}

/// What the callback knew at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// Callbacks so far.
    pub callbacks: u64,
    /// Device frames handed so far, silence included.
    pub handed: u64,
    /// When the last callback ran.
    pub callback_ns: i64,
    /// When device frame 0 sounded, as several readings agree: frame `i` sounds at `offset_ns + i / RATE`.
    pub offset_ns: i64,
    /// Enough readings agree on `offset_ns`.
    pub settled: bool,
    /// What the bus does.
    pub phase: Phase,
    /// Device frame at which the armed sound began; valid from `Sounding` on.
    pub first_index: u64,
    /// Device frame after its last; valid in `Done`.
    pub end_index: u64,
    /// Frames of the ring handed since it was armed.
    pub delivered: u64,
    /// Frames of silence put in because the ring was empty.
    pub underruns: u64,
    /// Highest sample of the last block.
    pub peak: Level,
}

impl Facts {
    /// When device frame `index` sounds.
    pub(super) fn sounds_at(&self, index: u64) -> i64 {
        self.offset_ns.saturating_add(frames_ns(index))
    }

    /// Device frames that had certainly sounded at the last callback.
    pub(super) fn played(&self) -> u64 {
        u64::try_from(ns_frames(self.callback_ns - self.offset_ns)).unwrap_or(0).min(self.handed)
    }

    /// Frames of the armed sound that had certainly sounded at the last callback.
    pub(super) fn consumed(&self) -> u64 {
        let end = if self.phase == Phase::Done { self.end_index } else { self.handed };
        self.delivered.saturating_sub(end.saturating_sub(self.played()))
    }

    /// From a callback to the sounding of the first frame handed in it, nanoseconds.
    pub(super) fn latency_ns(&self, block: u64) -> i64 {
        (self.sounds_at(self.handed.saturating_sub(block)) - self.callback_ns).max(0)
    }
}

/// Nanoseconds of `frames`, rounded down.
pub(super) fn frames_ns(frames: u64) -> i64 {
    let (seconds, rest) = (frames / u64::from(RATE), frames % u64::from(RATE));
    i64::try_from(seconds * 1_000_000_000 + rest * 1_000_000_000 / u64::from(RATE)).unwrap_or(i64::MAX)
}

/// Frames of `ns`, rounded to the nearest.
pub(super) fn ns_frames(ns: i64) -> i64 {
    let (seconds, rest) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
    seconds * i64::from(RATE) + (rest * i64::from(RATE) + 500_000_000) / 1_000_000_000
}

impl Desk {
    pub(super) fn new() -> Desk {
        Desk {
            armed: AtomicBool::new(false),
            start_ns: AtomicI64::new(NEVER),
            cut_ns: AtomicI64::new(NEVER),
            tail: AtomicU8::new(Tail::More as u8),
            fade_in: AtomicBool::new(false),
            entered: AtomicU64::new(0),
            callbacks: AtomicU64::new(0),
            block_frames: AtomicUsize::new(0),
            handed: AtomicU64::new(0),
            callback_ns: AtomicI64::new(0),
            offset_ns: AtomicI64::new(0),
            settled: AtomicBool::new(false),
            phase: AtomicU8::new(Phase::Idle as u8),
            first_index: AtomicU64::new(0),
            end_index: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            underruns: AtomicU64::new(0),
            peak: AtomicU32::new(0),
            errors: AtomicU64::new(0),
            fatal: Mutex::new(None),
        }
    }

    // --- orders -------------------------------------------------------------------------------

    /// Lets the bus take the ring's frames from `start_ns` on. Only in `Phase::Idle`.
    pub(super) fn arm(&self, start_ns: i64, cut_ns: i64, fade_in: bool) {
        self.start_ns.store(start_ns, Relaxed);
        self.cut_ns.store(cut_ns, Relaxed);
        self.fade_in.store(fade_in, Relaxed);
        self.armed.store(true, Release);
    }

    /// Moves start and end of what is armed: the wall clock moved against the stream's.
    pub(super) fn aim(&self, start_ns: i64, cut_ns: i64) {
        self.start_ns.store(start_ns, Relaxed);
        self.cut_ns.store(cut_ns, Relaxed);
    }

    /// After `Phase::Done`: back to `Phase::Idle` at the next callback.
    pub(super) fn disarm(&self) {
        self.tail.store(Tail::More as u8, Relaxed);
        self.armed.store(false, Release);
    }

    /// What will still come; stored after the frames themselves.
    pub(super) fn set_tail(&self, tail: Tail) {
        self.tail.store(tail as u8, Release);
    }

    // --- the callback's side ------------------------------------------------------------------

    pub(super) fn armed(&self) -> bool {
        self.armed.load(Acquire)
    }

    pub(super) fn start_ns(&self) -> i64 {
        self.start_ns.load(Relaxed)
    }

    pub(super) fn cut_ns(&self) -> i64 {
        self.cut_ns.load(Relaxed)
    }

    pub(super) fn fade_in(&self) -> bool {
        self.fade_in.load(Relaxed)
    }

    pub(super) fn tail(&self) -> Tail {
        match self.tail.load(Acquire) {
            0 => Tail::More,
            1 => Tail::End,
            _ => Tail::Broken,
        }
    }

    pub(super) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }

    /// Facts are about to change.
    pub(super) fn enter(&self) {
        self.entered.store(self.callbacks.load(Relaxed) + 1, Relaxed);
        fence(Release);
    }

    /// Facts belong together again.
    pub(super) fn leave(&self) {
        self.callbacks.store(self.entered.load(Relaxed), Release);
    }

    // --- the player's side --------------------------------------------------------------------

    /// The facts of one callback. A callback that is interrupted half-way for very long leaves the
    /// reader with a mixture of two neighbouring blocks: an error of one period at most.
    pub(super) fn facts(&self) -> Facts {
        for _ in 0..1000 {
            let (facts, whole) = self.read();
            if whole {
                return facts;
            }
            std::thread::yield_now();
        }
        self.read().0
    }

    fn read(&self) -> (Facts, bool) {
        let callbacks = self.callbacks.load(Acquire);
        let facts = Facts {
            callbacks,
            handed: self.handed.load(Relaxed),
            callback_ns: self.callback_ns.load(Relaxed),
            offset_ns: self.offset_ns.load(Relaxed),
            settled: self.settled.load(Relaxed),
            phase: match self.phase.load(Relaxed) {
                0 => Phase::Idle,
                1 => Phase::Waiting,
                2 => Phase::Sounding,
                _ => Phase::Done,
            },
            first_index: self.first_index.load(Relaxed),
            end_index: self.end_index.load(Relaxed),
            delivered: self.delivered.load(Relaxed),
            underruns: self.underruns.load(Relaxed),
            peak: Level::from_amplitude(f64::from(f32::from_bits(self.peak.load(Relaxed)))),
        };
        fence(Acquire);
        (facts, self.entered.load(Relaxed) == callbacks)
    }

    // --- errors -------------------------------------------------------------------------------

    /// Counts an error that is not the end of the stream; returns how many there were.
    pub(super) fn count_error(&self) -> u64 {
        self.errors.fetch_add(1, Relaxed) + 1
    }

    /// The stream is at its end; the first cause stands.
    pub(super) fn fail(&self, fault: Fault, detail: String) {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((fault, detail));
    }

    /// Why the stream is at its end, if it is.
    pub(super) fn fatal(&self) -> Option<(Fault, String)> {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Errors that were only counted.
    pub(super) fn errors(&self) -> u64 {
        self.errors.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_nanoseconds_agree_far_out() {
        for frames in [0, 1, 47_999, 48_000, 48_001, 7 * 86_400 * 48_000 + 13] {
            assert_eq!(ns_frames(frames_ns(frames)), i64::try_from(frames).unwrap());
        }
        assert_eq!(ns_frames(-1_000_000_000), -48_000);
    }
}
