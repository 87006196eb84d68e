//! From disk to ring: the master second by second, each verified before a frame of it can sound.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    iter::repeat_n,
    sync::Arc,
};

use rtrb::Producer;

use crate::{
    config::Channels,
    media::Master,
    units::{Digest, Frames, RATE},
};

use super::desk::Tail;

/// Bytes before the sample data of a master.
const HEADER_BYTES: u64 = 44;
/// Bytes of a sample.
const SAMPLE_BYTES: usize = 2;

/// Why no more frames can be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    /// The disk did not give the bytes.
    #[error("cannot read second {second} of the master `{path}`")]
    Read {
        /// Which second, from 0.
        second: usize,
        /// The master's file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not those that were verified.
    #[error("second {second} of the master `{path}` is not the one that was verified")]
    Changed {
        /// Which second, from 0.
        second: usize,
        /// The master's file.
        path: String,
    },
}

/// What is fed.
enum Sound {
    /// A programme.
    Master(Arc<Master>, Option<File>),
    /// Silence or a tone of this many frames.
    Signal { frames: u64, tone: bool },
}

/// Feeds one sound into the ring of whatever stream is open.
pub(super) struct Feeder {
    sound: Sound,
    /// Bytes of the second that is being fed, verified.
    bytes: Vec<u8>,
    /// Its samples for the ring, interleaved as the bus has them.
    second: Vec<f32>,
    /// Samples of `second` that are in the ring already.
    fed: usize,
    /// First frame that is not read yet.
    next: Frames,
    /// Furthest frame that was ever read and verified.
    furthest: Frames,
    failed: Option<FeedError>,
}

impl Feeder {
    /// Feeds `master` from frame `from` on.
    pub(super) fn master(master: Arc<Master>, from: Frames) -> Feeder {
        Feeder::new(Sound::Master(master, None), from)
    }

    /// Feeds silence, or 1 kHz at −20 dBFS.
    pub(super) fn signal(frames: Frames, tone: bool) -> Feeder {
        Feeder::new(Sound::Signal { frames: frames.0, tone }, Frames::ZERO)
    }

    fn new(sound: Sound, from: Frames) -> Feeder {
        Feeder {
            sound,
            bytes: Vec::new(),
            second: Vec::new(),
            fed: 0,
            next: from,
            furthest: from,
            failed: None,
        }
    }

    /// Length of the whole sound.
    pub(super) fn frames(&self) -> Frames {
        match &self.sound {
            Sound::Master(master, _) => master.manifest.frames,
            Sound::Signal { frames, .. } => Frames(*frames),
        }
    }

    /// Furthest frame that was read and verified.
    pub(super) fn furthest(&self) -> Frames {
        self.furthest
    }

    /// Why feeding broke off, if it did.
    pub(super) fn failed(&self) -> Option<&FeedError> {
        self.failed.as_ref()
    }

    /// Goes on at frame `from`, in an empty ring.
    pub(super) fn seek(&mut self, from: Frames) {
        self.second.clear();
        self.fed = 0;
        self.next = from;
        self.failed = None;
    }

    /// Fills the ring of a bus of `channels` as far as it goes and says what will still come. A disk that
    /// fails is asked again at the next call, as long as the ring holds more than `patience` frames.
    pub(super) fn fill(&mut self, ring: &mut Producer<f32>, channels: Channels, patience: Frames) -> Tail {
        let (to, second) = (usize::from(channels.count()), RATE as usize * usize::from(channels.count()));
        loop {
            let room = ring.slots();
            let left = self.second.get(self.fed..).unwrap_or_default();
            let some = left.len().min(room) / to * to;
            if left.get(..some).is_some_and(|samples| ring.push_entire_slice(samples).is_ok()) {
                self.fed += some;
            }
            if self.fed < self.second.len() {
                return Tail::More;
            }
            if self.failed.is_some() {
                return Tail::Broken;
            }
            if self.next >= self.frames() {
                return Tail::End;
            }
            // A ring that is nearly full waits: seconds are read whole.
            if room < second && ring.buffer().capacity() > 2 * second {
                return Tail::More;
            }
            match self.read(to) {
                Ok(()) => {}
                Err(error @ FeedError::Read { .. }) => {
                    let held = (ring.buffer().capacity() - ring.slots()) / to;
                    if held as u64 > patience.0 {
                        return Tail::More;
                    }
                    self.failed = Some(error);
                }
                Err(error) => self.failed = Some(error),
            }
        }
    }

    /// Reads the second in which `next` lies, verifies it, and keeps what lies behind `next` as
    /// samples of `to` channels.
    fn read(&mut self, to: usize) -> Result<(), FeedError> {
        self.second.clear();
        self.fed = 0;
        let second = self.next.0 / u64::from(RATE);
        let first = second * u64::from(RATE);
        let frames = (self.frames().0 - first).min(u64::from(RATE));
        #[allow(clippy::cast_possible_truncation, reason = "within one second")]
        let (skip, frames) = ((self.next.0 - first) as usize, frames as usize);
        match &mut self.sound {
            Sound::Master(master, file) => {
                read_second(master, file, second, frames, &mut self.bytes)?;
                let from = usize::from(master.manifest.channels.count());
                let bytes = self.bytes.get(skip * from * SAMPLE_BYTES..).unwrap_or_default();
                lay_out(bytes, from, to, &mut self.second);
            }
            Sound::Signal { tone, .. } => {
                let tone = *tone;
                let samples = (first..).take(frames).skip(skip).map(|n| if tone { sine(n) } else { 0.0 });
                self.second.extend(samples.flat_map(|sample| repeat_n(sample, to)));
            }
        }
        self.next = Frames(first + frames as u64);
        self.furthest = self.furthest.max(self.next);
        Ok(())
    }
}

fn read_second(
    master: &Master,
    file: &mut Option<File>,
    second: u64,
    frames: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), FeedError> {
    let place = usize::try_from(second).unwrap_or(usize::MAX);
    let path = || master.path.display().to_string();
    let frame_bytes = SAMPLE_BYTES * usize::from(master.manifest.channels.count());
    bytes.resize(frames * frame_bytes, 0);
    let read = (|| {
        let open = match file {
            Some(open) => open,
            None => file.insert(File::open(&master.path)?),
        };
        open.seek(SeekFrom::Start(HEADER_BYTES + second * u64::from(RATE) * frame_bytes as u64))?;
        open.read_exact(bytes)
    })();
    match read {
        Ok(()) if master.manifest.chunks.get(place) == Some(&Digest::of(bytes)) => Ok(()),
        Ok(()) => Err(FeedError::Changed { second: place, path: path() }),
        // Shorter than it was: that is no disk that may come back.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(FeedError::Changed { second: place, path: path() })
        }
        Err(source) => {
            // The next attempt opens the file anew.
            *file = None;
            Err(FeedError::Read { second: place, path: path(), source })
        }
    }
}

/// Appends 16-bit samples of `from` channels as samples of `to`: mono goes to both sides, and of a stereo
/// master that was rendered under other settings half of each.
fn lay_out(bytes: &[u8], from: usize, to: usize, out: &mut Vec<f32>) {
    let whole = |bytes: &[u8; SAMPLE_BYTES]| f32::from(i16::from_le_bytes(*bytes)) / 32_768.0;
    let samples = bytes.as_chunks().0.iter().map(whole);
    match (from, to) {
        (2, 1) => {
            let pairs = bytes.as_chunks::<SAMPLE_BYTES>().0.as_chunks::<2>().0;
            out.extend(pairs.iter().map(|[left, right]| (whole(left) + whole(right)) * 0.5));
        }
        (1, 2) => out.extend(samples.flat_map(|sample| [sample; 2])),
        _ => out.extend(samples),
    }
}

/// 1 kHz at −20 dBFS: 48 frames a period.
#[allow(clippy::cast_precision_loss, reason = "below 48")]
fn sine(frame: u64) -> f32 {
    0.1 * (std::f32::consts::TAU * (frame % 48) as f32 / 48.0).sin()
}
