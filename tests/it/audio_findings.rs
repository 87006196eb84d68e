//! Every remark on an audio file, as a person reads it: refusals and measures of real files where a file can
//! bring them about, the rest from their values. Goldens: `tests/golden/findings/audio.{vi,en}.txt`.

use std::{fs, path::Path};

use loa::{
    media::{self, Format, Library, Limits, Measure, Why},
    programme::{Finding, Place},
    units::{Digest, Level},
};

use super::{findings::compare, support::station::noise};

fn place(file: &str) -> Place {
    Place { file: "schedules/2022-03.toml".into(), key: file.into(), ..Place::default() }
}

/// What the library and the whole decoding say of `file` below `root`.
fn of_file(root: &Path, file: &str) -> Vec<Finding> {
    let library = Library::new(root);
    let measured = library.resolve(file).and_then(|path| media::measure(file, &path, &Limits::default()));
    match measured {
        Ok(measure) => media::findings(file, &measure, &place(file)),
        Err(refusal) => vec![refusal.finding(place(file))],
    }
}

/// A minute of speech as it should be.
fn plain() -> Measure {
    Measure {
        file: Digest::of(b""),
        bytes: 960_000,
        format: Format::Mp3,
        rate: 44_100,
        channels: 1,
        frames: 2_646_000,
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

fn of_files() -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    fs::create_dir(folder.path().join("cchc")).unwrap();
    noise(&folder.path().join("tin-mot-cua.wav"), 1, 1);
    let whole = fs::read(folder.path().join("tin-mot-cua.wav")).unwrap();
    write("cut.wav", &whole[..whole.len() / 2]);
    write("silent.wav", &[&whole[..44], &vec![0; whole.len() - 44]].concat());
    write("empty.mp3", b"");
    write("page.mp3", b"<!DOCTYPE html><html><body>404</body></html>");
    write("memo.mp3", b"#!AMR\n0123456789");
    [
        "../config/station.toml",
        "tin-mot-cau.wav",
        "khong-co.ogg",
        "cchc",
        "page.mp3",
        "memo.mp3",
        "empty.mp3",
        "cut.wav",
        "silent.wav",
    ]
    .into_iter()
    .flat_map(|file| of_file(folder.path(), file))
    .collect()
}

#[test]
fn every_remark_on_audio_says_what_it_should() {
    let file = "cchc/tin-một-cửa.mp3";
    let mut findings = of_files();
    let refusals = [
        Why::Unreadable { detail: "Permission denied (os error 13)".into() },
        Why::Truncated { decoded_ms: 171_040, stated_ms: None },
        Why::Changes { at_ms: 61_500 },
        Why::TooLong { limit_min: 120 },
        Why::Ruined { lost_ms: 41_000, of_ms: 240_000 },
        Why::Undecodable { detail: "malformed stream: riff: missing format chunk".into() },
        Why::Unsettled,
        Why::Stopped,
    ];
    findings.extend(refusals.map(|why| why.of(file).finding(place(file))));
    for measure in [
        Measure { faults: 2, lost_ms: 52, ..plain() },
        Measure { clipped_runs: 9, ..plain() },
        Measure { longest_silence_at_ms: 31_200, longest_silence_ms: 6400, ..plain() },
        Measure { loudness_lufs: Level(-3120), ..plain() },
        Measure { loudness_lufs: Level(-810), ..plain() },
        Measure { stated_ms: Some(1_824_000), ..plain() },
    ] {
        findings.extend(media::findings(file, &measure, &place(file)));
    }
    assert_eq!(compare("audio", &findings), None);
}
