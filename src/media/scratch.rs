//! Where sound waits between the two passes of rendering.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::disk::{At as _, DiskError};

/// A name that no other file of this or another process has now: the daemon and a check may both render.
pub(super) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Sound between the passes: 32-bit floats in a file without a name, gone with the process. Twelve minutes
/// in memory would be 140 MB, too much for the PCs this runs on.
pub(super) struct Scratch {
    file: BufWriter<File>,
    folder: PathBuf,
    samples: u64,
    bytes: Vec<u8>,
}

impl Scratch {
    /// An empty one on the disk of `folder`.
    pub fn create(folder: &Path) -> Result<Scratch, DiskError> {
        let path = folder.join(format!("scratch.{}", unique()));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(&path).at("create", &path)?;
        fs::remove_file(&path).at("remove", &path)?;
        let file = BufWriter::with_capacity(1 << 18, file);
        Ok(Scratch { file, folder: folder.into(), samples: 0, bytes: Vec::new() })
    }

    /// Appends samples.
    pub fn push(&mut self, samples: &[f32]) -> Result<(), DiskError> {
        self.bytes.clear();
        for sample in samples {
            self.bytes.extend_from_slice(&sample.to_le_bytes());
        }
        self.samples += samples.len() as u64;
        self.file.write_all(&self.bytes).at("write below", &self.folder)
    }

    /// How many frames of `channels` it holds.
    pub fn frames(&self, channels: u16) -> u64 {
        self.samples / u64::from(channels)
    }

    /// Ends writing, begins reading.
    pub fn rewind(self) -> Result<Laid, DiskError> {
        let mut file =
            self.file.into_inner().map_err(io::IntoInnerError::into_error).at("write below", &self.folder)?;
        file.rewind().at("read below", &self.folder)?;
        Ok(Laid { file, folder: self.folder, bytes: Vec::new() })
    }
}

/// The scratch file, read back.
pub(super) struct Laid {
    file: File,
    folder: PathBuf,
    bytes: Vec<u8>,
}

impl Laid {
    /// Replaces `out` by the next `frames`; there must be so many.
    pub fn read(&mut self, frames: u64, channels: u16, out: &mut Vec<f32>) -> Result<(), DiskError> {
        let samples = usize::try_from(frames).unwrap_or(0) * usize::from(channels);
        self.bytes.resize(samples * 4, 0);
        self.file.read_exact(&mut self.bytes).at("read below", &self.folder)?;
        out.clear();
        out.extend(self.bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)));
        Ok(())
    }
}
