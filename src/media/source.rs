//! The bytes of one audio file: opened so that nothing can hang, hashed, and read within a budget.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use symphonia::core::io::MediaSource;

use super::{Why, library::unreadable, sniff};
use crate::units::{Digest, Hasher};

/// Tells work that it shall end early; clones share the flag. Whoever owns a deadline sets it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends the work soon.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it shall end.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// An open audio file.
#[derive(Debug)]
pub(super) struct Bytes {
    file: File,
    /// Length, in bytes.
    pub len: u64,
    /// Where the sound ends.
    end: u64,
    changed: Option<SystemTime>,
}

impl Bytes {
    /// Opens the regular file at `path`. A pipe or device in its place is refused, never waited for.
    pub fn open(path: &Path) -> Result<Bytes, Why> {
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
        let file =
            OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| unreadable(&e))?;
        let metadata = file.metadata().map_err(|e| unreadable(&e))?;
        if !metadata.is_file() {
            return Err(Why::NotFile);
        }
        Ok(Bytes { file, len: metadata.len(), end: metadata.len(), changed: metadata.modified().ok() })
    }

    /// SHA-256 of the whole file. Read before decoding, so that decoding finds it in the page cache.
    pub fn digest(&mut self, stop: &Stop) -> Result<Digest, Why> {
        let mut hasher = Hasher::default();
        let mut block = vec![0; 1 << 17];
        self.file.rewind().map_err(|e| unreadable(&e))?;
        loop {
            match self.file.read(&mut block) {
                Ok(0) => return Ok(hasher.finish()),
                Ok(n) => hasher.update(&block[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(unreadable(&e)),
            }
            if stop.is_set() {
                return Err(Why::Stopped);
            }
        }
    }

    /// The first bytes of the content, behind any `ID3v2` tags.
    pub fn head(&mut self) -> Result<Vec<u8>, Why> {
        let mut start = 0;
        for _ in 0..4 {
            match id3v2_bytes(&self.read_at(start, 10)?) {
                Some(bytes) => start += bytes,
                None => break,
            }
        }
        self.read_at(start, sniff::HEAD_BYTES)
    }

    /// Up to `most` bytes from `offset`; fewer at the end of the file.
    pub fn read_at(&mut self, offset: u64, most: usize) -> Result<Vec<u8>, Why> {
        let mut bytes = Vec::new();
        let read = self
            .file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| (&self.file).take(most as u64).read_to_end(&mut bytes));
        read.map_err(|e| unreadable(&e))?;
        Ok(bytes)
    }

    /// Whether the file is still as it was when it was opened, as far as length and time tell.
    pub fn settled(&self) -> bool {
        let now = self.file.metadata().ok();
        now.is_some_and(|now| now.len() == self.len && now.modified().ok() == self.changed)
    }

    /// Hides the tags at the end of an MP3 file (`APEv2`, `ID3v1`): their pictures and texts hold bytes that
    /// look like packets and would be aired as damage.
    pub fn hide_trailing_tags(&mut self) -> Result<(), Why> {
        let mut end = self.len;
        if self.read_at(end.saturating_sub(128), 3)? == b"TAG" {
            end = end.saturating_sub(128);
        }
        let footer = self.read_at(end.saturating_sub(32), 32)?;
        if let Some((b"APETAGEX", rest)) = footer.split_first_chunk::<8>()
            && let [_, _, _, _, a, b, c, d, _, _, _, _, _, _, _, flags, ..] = *rest
        {
            // The size counts the footer but not the header, which bit 31 of the flags announces.
            let size = u64::from(u32::from_le_bytes([a, b, c, d])) + if flags & 0x80 == 0 { 0 } else { 32 };
            end = end.saturating_sub(size);
        }
        self.end = end;
        Ok(())
    }

    /// A stream over the file for the demuxer, with `patches` (offset, bytes) laid over it.
    pub fn stream(&self, patches: Vec<(u64, Vec<u8>)>, stop: &Stop) -> Result<Stream, Why> {
        let file = self.file.try_clone().map_err(|e| unreadable(&e))?;
        // Probing and seeking reads parts of a file twice; a demuxer that reads it ten times is lost.
        let budget = self.len.saturating_mul(10).saturating_add(1 << 20);
        Ok(Stream { file, position: 0, len: self.end, patches, budget, stop: stop.clone() })
    }
}

/// Length of the `ID3v2` tag that `head` opens with (its standard 2.4.0, 3.1): ten bytes and a synchsafe size.
fn id3v2_bytes(head: &[u8]) -> Option<u64> {
    let &[b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] = head else { return None };
    let size = [a, b, c, d].iter().fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7F));
    Some(10 + size + if flags & 0x10 == 0 { 0 } else { 10 })
}

/// A file as the demuxer sees it: it ends by an error when it was read too often or the work is stopped,
/// so that no loop in a demuxer outlives its input.
pub(super) struct Stream {
    /// Shares its system position with the file it was cloned from, hence a position of its own.
    file: File,
    position: u64,
    len: u64,
    patches: Vec<(u64, Vec<u8>)>,
    budget: u64,
    stop: Stop,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_set() || self.budget == 0 {
            return Err(io::Error::other("reading was stopped"));
        }
        let rest = usize::try_from(self.len.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let most = buffer.len().min(rest);
        let n = self.file.read_at(&mut buffer[..most], self.position)?;
        for (offset, bytes) in &self.patches {
            for (&byte, at) in bytes.iter().zip(*offset..) {
                let within = at.checked_sub(self.position).and_then(|at| usize::try_from(at).ok());
                if let Some(within) = within.filter(|&within| within < n) {
                    buffer[within] = byte;
                }
            }
        }
        self.position += n as u64;
        self.budget = self.budget.saturating_sub(n as u64);
        Ok(n)
    }
}

impl Seek for Stream {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // A seek costs a little of the budget too: a loop of seeks alone must end as well.
        self.budget = self.budget.saturating_sub(16);
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl MediaSource for Stream {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}

/// Patches that give a WAV file whose header states no usable length (a stream that was captured, a
/// recorder that lost power) the length that it has. Without them the demuxer would drop the last packet.
pub(super) fn wav_patches(bytes: &mut Bytes) -> Result<Vec<(u64, Vec<u8>)>, Why> {
    const UNSTATED: u32 = 0x7FFF_0000;
    let head = bytes.read_at(0, 4096)?;
    let word = |at: usize| {
        head.get(at..at + 4).map_or(0, |four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
    };
    let mut at = 12;
    while let Some(id) = head.get(at..at + 4) {
        let size = word(at + 4);
        if id == b"data" {
            let rest = bytes.len.saturating_sub(at as u64 + 8);
            if size < UNSTATED || u64::from(size) <= rest {
                break;
            }
            let little = |n: u64| u32::try_from(n).unwrap_or(u32::MAX - 1).to_le_bytes().to_vec();
            return Ok(vec![(4, little(bytes.len - 8)), (at as u64 + 4, little(rest))]);
        }
        at = at.saturating_add(8).saturating_add(size as usize).saturating_add(size as usize & 1);
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_are_refused_and_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert_eq!(Bytes::open(&pipe).unwrap_err(), Why::NotFile);
        assert_eq!(Bytes::open(folder.path()).unwrap_err(), Why::NotFile);
        assert_eq!(Bytes::open(&folder.path().join("none")).unwrap_err(), Why::Missing { nearest: None });
    }

    #[test]
    fn a_stream_ends_when_it_was_read_too_often() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; 1 << 16]).unwrap();
        let stop = Stop::default();
        let bytes = Bytes::open(&path).unwrap();
        let mut stream = bytes.stream(vec![(1, vec![8, 9])], &stop).unwrap();
        let mut block = vec![0; 1 << 16];
        stream.read_exact(&mut block).unwrap();
        assert_eq!(block[..4], [7, 8, 9, 7]);
        let reads = (0..1000).take_while(|_| stream.rewind().and_then(|()| stream.read(&mut block)).is_ok());
        assert!(reads.count() < 40);
        let mut stopped = bytes.stream(Vec::new(), &stop).unwrap();
        stop.set();
        assert!(stopped.read(&mut block).is_err());
    }

    #[test]
    fn tags_before_the_content_are_measured() {
        assert_eq!(id3v2_bytes(b"ID3\x04\0\0\0\0\x01\x02"), Some(10 + 130));
        assert_eq!(id3v2_bytes(b"ID3\x04\0\x10\0\0\0\0"), Some(20));
        assert_eq!(id3v2_bytes(b"fLaC\0\0\0\0\0\0"), None);
    }
}
