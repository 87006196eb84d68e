//! What a file is worth on air: its true length and levels, by decoding it whole, and the remarks on them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{
    Decoder, Format, FrameSource as _, Limits, Loudness, Refusal, Spec, TruePeak, Why, refusal::span,
    silence::Waveform,
};
use crate::{
    programme::{Finding, Place, Severity},
    units::{Digest, Level},
    words::Message,
};

/// The measures of one audio file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// SHA-256 of the file.
    pub file: Digest,
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// Container and codec.
    pub format: Format,
    /// Frames a second.
    pub rate: u32,
    /// 1 or 2.
    pub channels: u16,
    /// True length without priming and padding, in frames of the file's own rate.
    pub frames: u64,
    /// The same in milliseconds.
    pub duration_ms: u64,
    /// Length that the file states of itself, where it states one.
    pub stated_ms: Option<u64>,
    /// Integrated loudness (EBU R 128), LUFS.
    pub loudness_lufs: Level,
    /// True peak (BS.1770-4, Annex 2), dBTP.
    pub true_peak_dbtp: Level,
    /// Largest sample, dB of full scale.
    pub sample_peak_db: Level,
    /// Runs of three or more samples at full scale.
    pub clipped_runs: u64,
    /// Silence (below −60 dB) before the first sound.
    pub leading_silence_ms: u64,
    /// Silence behind the last sound.
    pub trailing_silence_ms: u64,
    /// Where the longest silence begins.
    pub longest_silence_at_ms: u64,
    /// How long it lasts.
    pub longest_silence_ms: u64,
    /// Packets that could not be decoded, and gaps.
    pub faults: u64,
    /// Silence put in their place.
    pub lost_ms: u64,
}

/// Measures the file at `path`, called `file` in refusals, by decoding it whole.
pub fn measure(file: &str, path: &Path, limits: &Limits) -> Result<Measure, Refusal> {
    let mut decoder = Decoder::open(file, path, limits)?;
    let (measure, _) = decode_whole(file, &mut decoder, |_, _| Ok(()))?;
    Ok(measure)
}

/// Decodes to the end, measures, and hands every block with the loudness meter's view to `each`.
///
/// Returns the measure and the energies of the file's tenths of a second.
pub(super) fn decode_whole(
    file: &str,
    decoder: &mut Decoder,
    mut each: impl FnMut(&[f32], u64) -> Result<(), Refusal>,
) -> Result<(Measure, Vec<f32>), Refusal> {
    let spec = decoder.spec();
    let unmetered = || Why::Undecodable { detail: format!("{spec:?} cannot be metered") }.of(file);
    let mut loudness = Loudness::new(spec).ok_or_else(unmetered)?;
    let (mut peak, mut waveform) = (TruePeak::new(spec.channels), Waveform::new(spec));
    let (mut block, mut frames) = (Vec::new(), 0);
    loop {
        block.clear();
        let read = decoder.read(&mut block)?;
        if read == 0 {
            break;
        }
        frames += read as u64;
        loudness.add(&block);
        peak.add(&block);
        waveform.add(&block);
        each(&block, frames)?;
    }
    let measure = summary(decoder, spec, waveform, peak.amplitude(), loudness.lufs());
    Ok((measure, loudness.energies().to_vec()))
}

fn summary(decoder: &Decoder, spec: Spec, waveform: Waveform, peak: f64, lufs: f64) -> Measure {
    let (shape, damage) = (waveform.finish(), decoder.damage());
    Measure {
        file: decoder.digest(),
        bytes: decoder.size(),
        format: decoder.format(),
        rate: spec.rate,
        channels: spec.channels,
        frames: shape.frames,
        duration_ms: spec.ms(shape.frames),
        stated_ms: decoder.stated().map(|frames| spec.ms(frames)),
        loudness_lufs: Level::from_db(lufs),
        true_peak_dbtp: Level::from_amplitude(peak),
        sample_peak_db: shape.sample_peak_db,
        clipped_runs: shape.clipped_runs,
        leading_silence_ms: shape.leading_silence_ms,
        trailing_silence_ms: shape.trailing_silence_ms,
        longest_silence_at_ms: shape.longest_silence_at_ms,
        longest_silence_ms: shape.longest_silence_ms,
        faults: damage.faults,
        lost_ms: spec.ms(damage.frames),
    }
}

/// The longest pause that a listener takes for intended, in milliseconds.
const LONG_SILENCE_MS: u64 = 5000;
/// Below this a file is silent for a listener, dB.
const SILENT: Level = Level(-6000);
/// Files outside this range were recorded wrongly; the master levels them, noise and all. LUFS.
const USUAL_LUFS: std::ops::RangeInclusive<Level> = Level(-3000)..=Level(-900);
/// A stated length further off than this is a lie worth a note, in milliseconds.
const LENGTH_SLACK_MS: u64 = 200;

/// The remarks on `measure`, each at `place`; `file` is its name in their sentences.
#[must_use]
pub fn findings(file: &str, measure: &Measure, place: &Place) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut remark = |severity, message: Message| {
        found.push(Finding { severity, place: place.clone(), message: message.with("file", file) });
    };
    if measure.sample_peak_db < SILENT {
        remark(Severity::Error, Message::new("audio-silent"));
        return found;
    }
    if measure.faults > 0 {
        let message = Message::new("audio-damaged").with("faults", measure.faults);
        remark(Severity::Warning, message.with("lost", span(measure.lost_ms)));
    }
    if measure.clipped_runs > 0 {
        remark(Severity::Warning, Message::new("audio-clipped").with("runs", measure.clipped_runs));
    }
    if measure.longest_silence_ms > LONG_SILENCE_MS {
        let message = Message::new("audio-long-silence").with("at", span(measure.longest_silence_at_ms));
        remark(Severity::Warning, message.with("length", span(measure.longest_silence_ms)));
    }
    if !USUAL_LUFS.contains(&measure.loudness_lufs) {
        let quiet = measure.loudness_lufs < *USUAL_LUFS.start();
        let message = Message::new(if quiet { "audio-quiet" } else { "audio-loud" });
        remark(Severity::Note, message.with("loudness", measure.loudness_lufs));
    }
    if let Some(stated) = measure.stated_ms.filter(|ms| ms.abs_diff(measure.duration_ms) > LENGTH_SLACK_MS) {
        let message = Message::new("audio-length-lies").with("stated", span(stated));
        remark(Severity::Note, message.with("true", span(measure.duration_ms)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Measure {
        Measure {
            file: Digest::of(b""),
            bytes: 0,
            format: Format::Mp3,
            rate: 44_100,
            channels: 1,
            frames: 44_100,
            duration_ms: 60_000,
            stated_ms: Some(60_020),
            loudness_lufs: Level(-1900),
            true_peak_dbtp: Level(-300),
            sample_peak_db: Level(-320),
            clipped_runs: 0,
            leading_silence_ms: 100,
            trailing_silence_ms: 100,
            longest_silence_at_ms: 0,
            longest_silence_ms: 800,
            faults: 0,
            lost_ms: 0,
        }
    }

    #[test]
    fn remarks_name_what_is_unusual() {
        let check = |measure: Measure, expected: &[(Severity, &str)]| {
            let found = findings("a.mp3", &measure, &Place::default());
            assert_eq!(found.iter().map(|f| (f.severity, f.message.code)).collect::<Vec<_>>(), expected);
        };
        check(plain(), &[]);
        check(Measure { sample_peak_db: Level(-6001), ..plain() }, &[(Severity::Error, "audio-silent")]);
        check(Measure { faults: 2, lost_ms: 52, ..plain() }, &[(Severity::Warning, "audio-damaged")]);
        check(Measure { clipped_runs: 9, ..plain() }, &[(Severity::Warning, "audio-clipped")]);
        check(Measure { longest_silence_ms: 5001, ..plain() }, &[(Severity::Warning, "audio-long-silence")]);
        check(Measure { loudness_lufs: Level(-3100), ..plain() }, &[(Severity::Note, "audio-quiet")]);
        check(Measure { loudness_lufs: Level(-800), ..plain() }, &[(Severity::Note, "audio-loud")]);
        check(Measure { stated_ms: Some(126_000), ..plain() }, &[(Severity::Note, "audio-length-lies")]);
        check(Measure { stated_ms: None, ..plain() }, &[]);
    }
}
