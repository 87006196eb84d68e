//! Masters of noise: no two stretches of it are alike, so that a lost or added frame is seen at once.

use std::{fs, path::Path, sync::Arc};

use loa::{
    config::Channels,
    media::{Mark, Master, MasterManifest},
    units::{Digest, Frames, Level, RATE},
};

/// A master of `frames` frames in segments that begin at `starts`, written into `folder`.
pub fn write(folder: &Path, channels: Channels, frames: u64, starts: &[u64]) -> Arc<Master> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut data = Vec::new();
    for _ in 0..frames * u64::from(channels.count()) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Never zero, so that the first and the last frame can be found in silence.
        let sample = i16::try_from(state % 20_000).unwrap() - 10_000;
        data.extend_from_slice(&(if sample == 0 { 1 } else { sample }).to_le_bytes());
    }
    let mut file = vec![0; 44];
    file[..4].copy_from_slice(b"RIFF");
    file.extend_from_slice(&data);
    let path = folder.join("master.wav");
    fs::write(&path, &file).unwrap();
    let second = RATE as usize * 2 * usize::from(channels.count());
    let ends = starts[1..].iter().copied().chain([frames]);
    let marks = starts.iter().zip(ends).map(|(&start, end)| Mark {
        start: Frames(start),
        frames: Frames(end - start),
        file: Digest::of(&start.to_le_bytes()),
    });
    let manifest = MasterManifest {
        v: 1,
        key: Digest::of(b"key"),
        digest: Digest::of(&file),
        chunks: data.chunks(second).map(Digest::of).collect(),
        channels,
        frames: Frames(frames),
        marks: marks.collect(),
        loudness_lufs: Level(-1600),
        true_peak_dbtp: Level(-100),
    };
    Arc::new(Master { path, manifest })
}

/// The frames of a master as a stereo device gets them.
pub fn frames(master: &Master) -> Vec<[f32; 2]> {
    let bytes = fs::read(&master.path).unwrap();
    let samples: Vec<f32> =
        bytes[44..].chunks_exact(2).map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0).collect();
    match master.manifest.channels {
        Channels::Mono => samples.iter().map(|&s| [s, s]).collect(),
        Channels::Stereo => samples.chunks_exact(2).map(|s| [s[0], s[1]]).collect(),
    }
}
