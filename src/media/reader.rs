//! Reads a master second by second, each checked before it may sound.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
};

use super::{Master, MediaError, master::HEADER_BYTES};
use crate::{
    disk::At as _,
    units::{Digest, RATE},
};

/// An open master.
#[derive(Debug)]
pub struct MasterReader {
    master: Master,
    file: File,
    bytes: Vec<u8>,
}

impl MasterReader {
    /// Opens the file of `master`.
    pub fn open(master: Master) -> Result<MasterReader, MediaError> {
        let file = File::open(&master.path).at("open", &master.path)?;
        Ok(MasterReader { master, file, bytes: Vec::new() })
    }

    /// The master that is read.
    #[must_use]
    pub fn master(&self) -> &Master {
        &self.master
    }

    /// How many chunks of one second there are; the last may be shorter.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.master.manifest.chunks.len()
    }

    /// Replaces `out` by the interleaved samples of the `i`-th second. Bytes that are not those that were
    /// rendered are an error and never handed out; behind the end `out` is empty.
    pub fn read_chunk(&mut self, i: usize, out: &mut Vec<i16>) -> Result<(), MediaError> {
        out.clear();
        let Some(expected) = self.master.manifest.chunks.get(i) else { return Ok(()) };
        let second = RATE as usize * usize::from(self.master.manifest.channels.count()) * 2;
        let offset = HEADER_BYTES as u64 + (i * second) as u64;
        self.bytes.clear();
        self.file.seek(SeekFrom::Start(offset)).at("read", &self.master.path)?;
        (&self.file).take(second as u64).read_to_end(&mut self.bytes).at("read", &self.master.path)?;
        if Digest::of(&self.bytes) != *expected {
            return Err(MediaError::Changed { path: self.master.path.clone() });
        }
        out.extend(self.bytes.as_chunks::<2>().0.iter().map(|two| i16::from_le_bytes(*two)));
        Ok(())
    }
}
