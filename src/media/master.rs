//! The master: one PCM file a programme, 48 kHz, 16 bit, levelled and limited; a cache that can always
//! be rebuilt and is verified before it is cued.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    config::Channels,
    units::{Digest, Frames, Level},
};

/// A rendered programme on disk.
#[derive(Debug, Clone)]
pub struct Master {
    /// The WAV file: a 44-byte header, then interleaved little-endian 16-bit samples.
    pub path: PathBuf,
    /// What is known of it.
    pub manifest: MasterManifest,
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
