//! The end of rendering: 16 bit, digests and measures of what will be heard, durable on the disk.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{
    Loudness, Spec, TruePeak,
    dither::Dither,
    master::{HEADER_BYTES, wav_header},
    scratch::unique,
};
use crate::{
    disk::{self, At as _, DiskError},
    units::{Digest, Frames, Hasher, Level, RATE},
};

/// The master's file while it is written, with everything that is computed on its way.
pub(super) struct Sink {
    file: File,
    path: PathBuf,
    temporary: PathBuf,
    dither: Dither,
    whole: Hasher,
    chunk: Hasher,
    chunk_left: usize,
    second: usize,
    chunks: Vec<Digest>,
    loudness: Option<Loudness>,
    peak: TruePeak,
    bytes: Vec<u8>,
    heard: Vec<f32>,
}

/// What a finished master is.
pub(super) struct Facts {
    pub digest: Digest,
    pub chunks: Vec<Digest>,
    pub loudness_lufs: Level,
    pub true_peak_dbtp: Level,
}

impl Sink {
    /// Begins the file that shall be `path`, of `frames` in all.
    pub fn create(path: &Path, channels: u16, frames: Frames, key: Digest) -> Result<Sink, DiskError> {
        let temporary = path.with_extension(unique());
        let mut file = File::create(&temporary).at("create", &temporary)?;
        let header: [u8; HEADER_BYTES] = wav_header(channels, frames.0);
        file.write_all(&header).at("write", &temporary)?;
        let mut whole = Hasher::default();
        whole.update(&header);
        let second = RATE as usize * usize::from(channels) * 2;
        Ok(Sink {
            file,
            path: path.into(),
            temporary,
            dither: Dither::new(key.0.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))),
            whole,
            chunk: Hasher::default(),
            chunk_left: second,
            second,
            chunks: Vec::new(),
            loudness: Loudness::new(Spec { rate: RATE, channels }),
            peak: TruePeak::new(channels),
            bytes: Vec::new(),
            heard: Vec::new(),
        })
    }

    /// Quantises, measures, hashes and writes the next samples.
    pub fn push(&mut self, samples: &[f32]) -> Result<(), DiskError> {
        self.bytes.clear();
        self.heard.clear();
        for sample in samples {
            let quantised = self.dither.quantise(*sample);
            self.bytes.extend_from_slice(&quantised.to_le_bytes());
            self.heard.push(f32::from(quantised) / 32_768.0);
        }
        // Measured is what will be heard, not what went in.
        self.peak.add(&self.heard);
        self.loudness.iter_mut().for_each(|meter| meter.add(&self.heard));
        self.whole.update(&self.bytes);
        let mut bytes = &self.bytes[..];
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(self.chunk_left));
            self.chunk.update(now);
            self.chunk_left -= now.len();
            bytes = later;
            if self.chunk_left == 0 {
                self.chunks.push(std::mem::take(&mut self.chunk).finish());
                self.chunk_left = self.second;
            }
        }
        self.file.write_all(&self.bytes).at("write", &self.temporary)
    }

    /// Puts the file in its place, durably.
    pub fn finish(mut self) -> Result<Facts, DiskError> {
        if self.chunk_left < self.second {
            self.chunks.push(std::mem::take(&mut self.chunk).finish());
        }
        self.file.sync_all().at("sync", &self.temporary)?;
        fs::rename(&self.temporary, &self.path).at("replace", &self.path)?;
        disk::sync_folder_of(&self.path)?;
        Ok(Facts {
            digest: std::mem::take(&mut self.whole).finish(),
            chunks: std::mem::take(&mut self.chunks),
            loudness_lufs: Level::from_db(self.loudness.as_ref().map_or(f64::NEG_INFINITY, Loudness::lufs)),
            true_peak_dbtp: Level::from_amplitude(self.peak.amplitude()),
        })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // After `finish` nothing is left there; after a failure nothing shall be.
        let _ = fs::remove_file(&self.temporary);
    }
}
