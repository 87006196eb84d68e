//! The master: one PCM file a programme, 48 kHz, 16 bit, levelled and limited; a cache that can always
//! be rebuilt and is verified before it is cued.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::MediaError;
use crate::{
    config::{Channels, Output},
    disk::{self, At as _},
    units::{Digest, Frames, Hasher, Level, RATE},
};

/// Counts up when the same sources would give other bytes: old masters are then rendered anew.
const RENDERER: u32 = 1;
/// Bytes of the WAV header before the first sample.
pub(super) const HEADER_BYTES: usize = 44;

/// What a station wants its masters to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MasterSpec {
    /// Mono or stereo.
    pub channels: Channels,
    /// Integrated loudness to reach, LUFS.
    pub target_lufs: Level,
    /// True peak never to exceed, dBTP.
    pub ceiling_dbtp: Level,
}

impl MasterSpec {
    /// The spec of a station's output.
    #[must_use]
    pub fn of(output: &Output) -> MasterSpec {
        let Output { channels, target_lufs, ceiling_dbtp, .. } = *output;
        MasterSpec { channels, target_lufs, ceiling_dbtp }
    }

    /// The key of the master of `files` in this order: equal key, equal bytes (on one machine).
    #[must_use]
    pub fn key(&self, files: &[Digest]) -> Digest {
        let mut text = format!(
            "loa master {RENDERER}\nchannels {}\ntarget {}\nceiling {}\n",
            self.channels.count(),
            self.target_lufs.0,
            self.ceiling_dbtp.0
        );
        for file in files {
            text.push_str(&file.to_string());
            text.push('\n');
        }
        Digest::of(text.as_bytes())
    }
}

/// A rendered programme on disk.
#[derive(Debug, Clone)]
pub struct Master {
    /// The WAV file: a 44-byte header, then interleaved little-endian 16-bit samples.
    pub path: PathBuf,
    /// What is known of it.
    pub manifest: MasterManifest,
}

impl Master {
    /// The master of `key` in `folder`: reads its manifest and sees that the audio has its size. Cheap;
    /// whether every byte is right tells [`Master::verify`].
    pub fn open(folder: &Path, key: Digest) -> Result<Master, MediaError> {
        let (path, manifest) = (audio_path(folder, key), manifest_path(folder, key));
        let broken = |detail: String| MediaError::Manifest { path: manifest.clone(), detail };
        let text = fs::read(&manifest).at("read", &manifest)?;
        let found: MasterManifest = serde_json::from_slice(&text).map_err(|e| broken(e.to_string()))?;
        if found.v != 1 || found.key != key {
            return Err(broken("another version or key".into()));
        }
        let bytes = HEADER_BYTES as u64 + found.frames.0 * u64::from(found.channels.count()) * 2;
        if fs::metadata(&path).at("find", &path)?.len() != bytes {
            return Err(MediaError::Changed { path });
        }
        Ok(Master { path, manifest: found })
    }

    /// Reads the whole file and compares its digest.
    pub fn verify(&self) -> Result<(), MediaError> {
        let mut file = File::open(&self.path).at("open", &self.path)?;
        let (mut hasher, mut block) = (Hasher::default(), vec![0; 1 << 18]);
        loop {
            match file.read(&mut block).at("read", &self.path)? {
                0 => break,
                n => hasher.update(&block[..n]),
            }
        }
        let whole = hasher.finish() == self.manifest.digest;
        whole.then_some(()).ok_or_else(|| MediaError::Changed { path: self.path.clone() })
    }

    /// Removes every master in `folder` whose key is not in `keep`; returns how many. A folder that does
    /// not exist holds none.
    pub fn prune(folder: &Path, keep: &[Digest]) -> Result<usize, MediaError> {
        let mut removed = 0;
        let entries = match fs::read_dir(folder) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            listed => listed.at("list", folder)?,
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // Only what this room wrote is this room's to remove.
            let key = name.split('.').next().unwrap_or_default().parse::<Digest>();
            let ours = key.is_ok_and(|key| !keep.contains(&key));
            if ours {
                fs::remove_file(&path).at("remove", &path)?;
                removed += usize::from(path.extension().is_some_and(|e| e == "wav"));
            }
        }
        disk::sync_folder_of(&folder.join("x"))?;
        Ok(removed)
    }
}

/// Where the audio of `key` lies.
pub(super) fn audio_path(folder: &Path, key: Digest) -> PathBuf {
    folder.join(format!("{key}.wav"))
}

/// Where its manifest lies.
pub(super) fn manifest_path(folder: &Path, key: Digest) -> PathBuf {
    folder.join(format!("{key}.json"))
}

/// The header of a WAV file (RIFF, `fmt ` of 16 bytes, `data`) of 16-bit samples at 48 kHz.
pub(super) fn wav_header(channels: u16, frames: u64) -> [u8; HEADER_BYTES] {
    let frame_bytes = channels * 2;
    let data = u32::try_from(frames * u64::from(frame_bytes)).unwrap_or(u32::MAX);
    let mut header = [0; HEADER_BYTES];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"RIFF");
    put(4, &data.saturating_add(36).to_le_bytes());
    put(8, b"WAVEfmt ");
    put(16, &16u32.to_le_bytes());
    put(20, &1u16.to_le_bytes());
    put(22, &channels.to_le_bytes());
    put(24, &RATE.to_le_bytes());
    put(28, &(RATE * u32::from(frame_bytes)).to_le_bytes());
    put(32, &frame_bytes.to_le_bytes());
    put(34, &16u16.to_le_bytes());
    put(36, b"data");
    put(40, &data.to_le_bytes());
    header
}

/// What stands beside the master's file, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterManifest {
    /// Format of this manifest: 1.
    pub v: u32,
    /// What it was rendered from and how: sources, levels, renderer version. Equal key = same master.
    pub key: Digest,
    /// SHA-256 of the whole file.
    pub digest: Digest,
    /// SHA-256 of each second of sample data (the last may be shorter): checked as it is fed.
    pub chunks: Vec<Digest>,
    /// Mono or stereo.
    pub channels: Channels,
    /// Length.
    pub frames: Frames,
    /// Where each segment begins, in order; the first is 0.
    pub marks: Vec<Mark>,
    /// Integrated loudness, LUFS.
    pub loudness_lufs: Level,
    /// True peak, dBTP.
    pub true_peak_dbtp: Level,
}

/// One segment in a master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// First frame.
    pub start: Frames,
    /// Length.
    pub frames: Frames,
    /// Digest of the source file as received.
    pub file: Digest,
}
