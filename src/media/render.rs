//! From the files of a programme to its master, in two passes over the sound and a bounded memory.
//!
//! The first pass decodes and measures every file and lays its sound down at 48 kHz in a scratch file;
//! the second, with all levels known, turns each segment to its level, limits, dithers and writes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    Conform, Decoder, FrameSource as _, Library, Limiter, Limits, Loudness, Mark, Master, MasterManifest,
    MasterSpec, Measure, Refusal, Spec, Why,
    level::gains_db,
    master::{audio_path, manifest_path},
    measure::decode_whole,
    scratch::Scratch,
    sink::Sink,
    source::Bytes,
};
use crate::{
    disk::{self, At as _, DiskError},
    units::{Digest, Frames, RATE},
};

/// What the machine could not do.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A master's bytes are not those that were rendered.
    #[error("the master `{path}` is not the one that was rendered")]
    Changed {
        /// The master's file.
        path: PathBuf,
    },
    /// A manifest that says nothing usable.
    #[error("cannot read the manifest `{path}`: {detail}")]
    Manifest {
        /// The manifest's file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The work was stopped from outside.
    #[error("rendering was stopped")]
    Stopped,
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Of [`Progress::WHOLE`].
    pub done: u32,
}

impl Progress {
    /// The value of `done` at the end.
    pub const WHOLE: u32 = 1000;
    /// Share of the first pass: decoding costs more than levelling.
    const FIRST_PASS: u64 = 700;

    #[allow(clippy::cast_possible_truncation, reason = "at most the span, which is at most 1000")]
    fn at(from: u64, span: u64, part: u64, of: u64) -> Progress {
        Progress { done: (from + span * part.min(of) / of.max(1)) as u32 }
    }
}

/// What rendering gave.
#[derive(Debug)]
pub struct Rendered {
    /// The measures of each file in order, or why it may not air.
    pub sources: Vec<Result<Measure, Refusal>>,
    /// The master; none when a file was refused.
    pub master: Option<Master>,
}

/// The manifest as it stands on the disk: with the measures, so that a warm check need not decode.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    manifest: MasterManifest,
    sources: Vec<Measure>,
}

/// Renders programmes into a folder of masters.
#[derive(Debug)]
pub struct Renderer<'a> {
    /// Where the files are.
    pub library: &'a Library,
    /// Where the masters go.
    pub masters: &'a Path,
    /// What they shall be.
    pub spec: MasterSpec,
    /// How much a file may cost.
    pub limits: &'a Limits,
}

impl Renderer<'_> {
    /// The verified master of `files`, from the cache where it stands there whole, else rendered anew.
    pub fn open_or_render(
        &self,
        files: &[&str],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Rendered, MediaError> {
        let digests: Result<Vec<Digest>, Refusal> = files.iter().map(|file| self.digest(file)).collect();
        if let Some(rendered) = digests.ok().and_then(|digests| self.cached(&digests)) {
            progress(Progress { done: Progress::WHOLE });
            return Ok(rendered);
        }
        self.render(files, progress)
    }

    /// The master of `files` as it stands in the cache, unverified; `None` when it must be rendered.
    pub fn find(&self, files: &[&str]) -> Result<Option<Master>, Refusal> {
        let digests: Vec<Digest> = files.iter().map(|file| self.digest(file)).collect::<Result<_, _>>()?;
        Ok(Master::open(self.masters, self.spec.key(&digests)).ok())
    }

    /// SHA-256 of a file of the library.
    pub fn digest(&self, file: &str) -> Result<Digest, Refusal> {
        let path = self.library.resolve(file)?;
        Bytes::open(&path).and_then(|mut bytes| bytes.digest(&self.limits.stop)).map_err(|why| why.of(file))
    }

    /// The master of these sources, if it stands in the cache and every byte is right.
    fn cached(&self, digests: &[Digest]) -> Option<Rendered> {
        let master = Master::open(self.masters, self.spec.key(digests)).ok()?;
        master.verify().ok()?;
        let text = fs::read(manifest_path(self.masters, master.manifest.key)).ok()?;
        let sources = serde_json::from_slice::<Stored>(&text).ok()?.sources;
        let same = sources.iter().map(|source| source.file).eq(digests.iter().copied());
        same.then(|| Rendered { sources: sources.into_iter().map(Ok).collect(), master: Some(master) })
    }

    /// Renders the master of `files`, whatever stands in the cache.
    pub fn render(&self, files: &[&str], progress: &mut dyn FnMut(Progress)) -> Result<Rendered, MediaError> {
        fs::create_dir_all(self.masters).at("create", self.masters)?;
        let mut scratch = Scratch::create(self.masters)?;
        let (mut sources, mut parts) = (Vec::new(), Vec::new());
        for (i, file) in files.iter().enumerate() {
            let count = files.len() as u64;
            let mut within = |part: u64, of: u64| {
                let done = i as u64 * 1000 + 1000 * part.min(of) / of.max(1);
                progress(Progress::at(0, Progress::FIRST_PASS, done, count * 1000));
            };
            match self.lay_down(file, &mut scratch, &mut within)? {
                Ok((measure, part)) => {
                    parts.push(part);
                    sources.push(Ok(measure));
                }
                Err(Refusal { why: Why::Stopped, .. }) => return Err(MediaError::Stopped),
                Err(refusal) => sources.push(Err(refusal)),
            }
        }
        let measures: Vec<Measure> =
            sources.iter().filter_map(|source| source.as_ref().ok().cloned()).collect();
        if measures.len() < files.len() || files.is_empty() {
            return Ok(Rendered { sources, master: None });
        }
        let master = self.write(scratch, &parts, measures, progress)?;
        Ok(Rendered { sources, master: Some(master) })
    }

    /// First pass over one file. Once a file is refused the scratch is no longer whole, and no master is made.
    fn lay_down(
        &self,
        file: &str,
        scratch: &mut Scratch,
        within: &mut dyn FnMut(u64, u64),
    ) -> Result<Result<(Measure, Part), Refusal>, MediaError> {
        let opened = self.library.resolve(file).and_then(|path| Decoder::open(file, &path, self.limits));
        let mut decoder = match opened {
            Ok(decoder) => decoder,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (from, channels) = (decoder.spec(), self.spec.channels.count());
        let unknown = || Why::Format { found: format!("at {} Hz", from.rate) }.of(file);
        let bus = Spec { rate: RATE, channels };
        let (Some(mut conform), Some(mut meter)) = (Conform::new(from, channels), Loudness::new(bus)) else {
            return Ok(Err(unknown()));
        };
        let (mut converted, mut failed, stated) = (Vec::new(), None, decoder.stated().unwrap_or(u64::MAX));
        let before = scratch.frames(channels);
        let outcome = decode_whole(file, &mut decoder, |block, frames| {
            converted.clear();
            conform.push(block, &mut converted);
            if from.channels != channels {
                meter.add(&converted);
            }
            within(frames, stated);
            scratch.push(&converted).map_err(|e| {
                failed = Some(e);
                Why::Stopped.of(file)
            })
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        let (measure, energies) = match outcome {
            Ok(measured) => measured,
            Err(refusal) => return Ok(Err(refusal)),
        };
        converted.clear();
        conform.finish(&mut converted);
        scratch.push(&converted)?;
        // Loudness of the sound as it goes on: folded channels are not as loud as they were apart.
        let energies = if from.channels == channels { energies } else { meter.energies().to_vec() };
        let frames = Frames(scratch.frames(channels) - before);
        Ok(Ok((measure, Part { frames, energies })))
    }

    /// Second pass: scratch → levels → limiter → 16 bit → disk.
    fn write(
        &self,
        scratch: Scratch,
        parts: &[Part],
        sources: Vec<Measure>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Master, MediaError> {
        let digests: Vec<Digest> = sources.iter().map(|source| source.file).collect();
        let (key, channels) = (self.spec.key(&digests), self.spec.channels.count());
        let total = Frames(parts.iter().map(|part| part.frames.0).sum());
        let path = audio_path(self.masters, key);
        let mut sink = Sink::create(&path, channels, total, key)?;
        let mut limiter = Limiter::new(channels, self.spec.ceiling_dbtp);
        let energies: Vec<Vec<f32>> = parts.iter().map(|part| part.energies.clone()).collect();
        let gains = gains_db(&energies, self.spec.target_lufs.db());
        let mut sound = scratch.rewind()?;
        let (mut block, mut levelled, mut done) = (Vec::new(), Vec::new(), 0);
        for (part, gain_db) in parts.iter().zip(gains) {
            #[allow(clippy::cast_possible_truncation, reason = "a gain of at most 42 dB")]
            let gain = 10f64.powf(gain_db / 20.0) as f32;
            let mut left = part.frames.0;
            while left > 0 {
                if self.limits.stop.is_set() {
                    return Err(MediaError::Stopped);
                }
                let frames = left.min(u64::from(RATE));
                sound.read(frames, channels, &mut block)?;
                for sample in &mut block {
                    *sample *= gain;
                }
                levelled.clear();
                limiter.process(&block, &mut levelled);
                sink.push(&levelled)?;
                left -= frames;
                done += frames;
                progress(Progress::at(Progress::FIRST_PASS, 300, done, total.0));
            }
        }
        levelled.clear();
        limiter.finish(&mut levelled);
        sink.push(&levelled)?;
        let facts = sink.finish()?;
        let manifest = MasterManifest {
            v: 1,
            key,
            digest: facts.digest,
            chunks: facts.chunks,
            channels: self.spec.channels,
            frames: total,
            marks: marks(parts, &digests),
            loudness_lufs: facts.loudness_lufs,
            true_peak_dbtp: facts.true_peak_dbtp,
        };
        self.store(manifest, sources)
    }

    /// The manifest goes last: a master without one does not exist.
    fn store(&self, manifest: MasterManifest, sources: Vec<Measure>) -> Result<Master, MediaError> {
        let path = manifest_path(self.masters, manifest.key);
        let stored = Stored { manifest, sources };
        let text = serde_json::to_vec_pretty(&stored)
            .map_err(|e| MediaError::Manifest { path: path.clone(), detail: e.to_string() })?;
        disk::replace(&path, &text, 0o644)?;
        Ok(Master { path: audio_path(self.masters, stored.manifest.key), manifest: stored.manifest })
    }
}

/// What is known of one segment after the first pass.
struct Part {
    frames: Frames,
    energies: Vec<f32>,
}

fn marks(parts: &[Part], digests: &[Digest]) -> Vec<Mark> {
    let mut start = Frames::ZERO;
    let mark = |(part, file): (&Part, &Digest)| {
        let mark = Mark { start, frames: part.frames, file: *file };
        start = start + part.frames;
        mark
    };
    parts.iter().zip(digests).map(mark).collect()
}
