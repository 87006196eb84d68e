//! Outputs without a device: they take frames at the pace of the clock they are given.

use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use crate::{clock::Clock, config, units::RATE};

use super::{Fault, OpenError, Opened, Output};
use crate::playout::{
    bus::{Bus, CHANNELS, Laid},
    desk::{frames_ns, ns_frames},
};

/// Most frames that are pulled at once.
const BLOCK: usize = RATE as usize;

struct Paced<S> {
    clock: Arc<dyn Clock>,
    opened_ns: i64,
    handed: u64,
    bus: Bus<S>,
    block: Vec<i16>,
    file: Option<Wav>,
}

/// Opens a rehearsal: frames are pulled and dropped.
pub(super) fn open_rehearsal(settings: &config::Output, clock: Arc<dyn Clock>) -> Opened {
    open(Bus::bare(settings), clock, None, "rehearsal".into())
}

/// Opens a WAV file of 48 kHz, 16 bit, stereo; an existing one is replaced.
pub(super) fn open_wav(
    path: &Path,
    settings: &config::Output,
    clock: Arc<dyn Clock>,
) -> Result<Opened, OpenError> {
    let device = format!("wav:{}", path.display());
    match Wav::create(path) {
        Ok(wav) => Ok(open(Bus::mixed(settings, true), clock, Some(wav), device)),
        Err(error) => Err(OpenError { fault: Fault::Absent, detail: format!("{device}: {error}") }),
    }
}

fn open<S: rodio::Source + Send + 'static>(
    (bus, desk, ring): Laid<S>,
    clock: Arc<dyn Clock>,
    file: Option<Wav>,
    device: String,
) -> Opened {
    let opened_ns = clock.now().boot_ns;
    let block = vec![0; BLOCK * CHANNELS];
    let output = Box::new(Paced { clock, opened_ns, handed: 0, bus, block, file });
    Opened { output, desk, ring, device, period: 0 }
}

impl<S: rodio::Source + Send> Output for Paced<S> {
    fn now_ns(&self) -> i64 {
        self.clock.now().boot_ns - self.opened_ns
    }

    fn pull_due(&mut self) -> Result<bool, String> {
        let due = u64::try_from(ns_frames(self.now_ns())).unwrap_or(0).saturating_sub(self.handed);
        let frames = usize::try_from(due).unwrap_or(usize::MAX).min(BLOCK);
        let Some(block) = self.block.get_mut(..frames * CHANNELS) else { return Ok(false) };
        if frames == 0 {
            return Ok(false);
        }
        let playback_ns = frames_ns(self.handed);
        self.handed += frames as u64;
        // Here a frame is consumed when it is taken: the block is asked for at the end of its own time.
        self.bus.pull(block, frames_ns(self.handed), playback_ns);
        if let Some(file) = &mut self.file {
            file.write(block).map_err(|error| error.to_string())?;
        }
        Ok(due > frames as u64)
    }

    fn proof(&self) -> u8 {
        1
    }
}

/// A WAV file whose header is true whenever it is dropped.
struct Wav {
    to: BufWriter<File>,
    bytes: u32,
}

impl Wav {
    fn create(path: &Path) -> std::io::Result<Wav> {
        let mut wav = Wav { to: BufWriter::new(File::create(path)?), bytes: 0 };
        wav.header()?;
        Ok(wav)
    }

    fn write(&mut self, samples: &[i16]) -> std::io::Result<()> {
        for sample in samples {
            self.to.write_all(&sample.to_le_bytes())?;
        }
        let bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
        self.bytes =
            self.bytes.checked_add(bytes).ok_or_else(|| std::io::Error::other("a WAV file ends at 4 GiB"))?;
        Ok(())
    }

    /// The canonical 44-byte header (Multimedia Programming Interface 1.0, `WAVE` form, PCM).
    fn header(&mut self) -> std::io::Result<()> {
        let rate = RATE.to_le_bytes();
        let frame_bytes = 2 * 2u16;
        self.to.write_all(b"RIFF")?;
        self.to.write_all(&self.bytes.saturating_add(36).to_le_bytes())?;
        self.to.write_all(b"WAVEfmt ")?;
        self.to.write_all(&16u32.to_le_bytes())?;
        self.to.write_all(&1u16.to_le_bytes())?;
        self.to.write_all(&2u16.to_le_bytes())?;
        self.to.write_all(&rate)?;
        self.to.write_all(&(RATE * u32::from(frame_bytes)).to_le_bytes())?;
        self.to.write_all(&frame_bytes.to_le_bytes())?;
        self.to.write_all(&16u16.to_le_bytes())?;
        self.to.write_all(b"data")?;
        self.to.write_all(&self.bytes.to_le_bytes())
    }
}

impl Drop for Wav {
    fn drop(&mut self) {
        // Nothing can be told from here; a file whose header stayed behind still holds its samples.
        let _ = self.to.seek(SeekFrom::Start(0)).and_then(|_| self.header()).and_then(|()| self.to.flush());
    }
}
