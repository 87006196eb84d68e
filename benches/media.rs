//! What checking a programme costs: decoding with all measures, and rendering the master.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

use std::{fs, path::Path, process::Command};

use criterion::{Criterion, criterion_group, criterion_main};
use loa::{
    config::Channels,
    media::{Library, Limits, MasterSpec, Renderer, measure},
    units::Level,
};

const SPEC: MasterSpec =
    MasterSpec { channels: Channels::Mono, target_lufs: Level(-1600), ceiling_dbtp: Level(-100) };
/// Length of the programme, in seconds: the usual twelve minutes.
const SECONDS: u32 = 720;

/// A stereo WAV file of gliding tones under an envelope, and the MP3 that lame makes of it.
fn programme(folder: &Path) {
    let frames = SECONDS * 44_100;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\x01\0\x02\0");
    bytes.extend_from_slice(&44_100u32.to_le_bytes());
    bytes.extend_from_slice(&(44_100u32 * 4).to_le_bytes());
    bytes.extend_from_slice(b"\x04\0\x10\0data\xFF\xFF\xFF\xFF");
    let (mut phase, mut noise) = (0f32, 1u32);
    for i in 0..frames {
        let t = i as f32 / 44_100.0;
        phase = (phase + (300.0 + 1500.0 * (t * 0.7).sin().abs()) / 44_100.0).fract();
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = (noise >> 16) as f32 / 32_768.0 - 1.0;
        let envelope = 0.1 + 0.9 * (t * 4.0).sin().abs();
        let left = envelope * (0.35 * (phase * std::f32::consts::TAU).sin() + 0.1 * hiss);
        for sample in [left, left * 0.8] {
            bytes.extend_from_slice(&((sample * 32_768.0) as i16).to_le_bytes());
        }
    }
    fs::write(folder.join("in.wav"), bytes).unwrap();
    let mut lame = Command::new("lame");
    lame.args(["--quiet", "-b", "192", "in.wav", "out.mp3"]).current_dir(folder);
    assert!(lame.status().unwrap().success());
}

fn check(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    programme(folder.path());
    let limits = Limits::default();
    let mut group = c.benchmark_group("12-minute MP3");
    group.sample_size(10);
    let path = folder.path().join("out.mp3");
    group.bench_function("measure", |b| b.iter(|| measure("out.mp3", &path, &limits).unwrap()));
    let (library, masters) = (Library::new(folder.path()), folder.path().join("masters"));
    for (name, channels) in [("render mono", Channels::Mono), ("render stereo", Channels::Stereo)] {
        let spec = MasterSpec { channels, ..SPEC };
        let renderer = Renderer { library: &library, masters: &masters, spec, limits: &limits };
        group.bench_function(name, |b| b.iter(|| renderer.render(&["out.mp3"], &mut |_| ()).unwrap()));
        group.bench_function(format!("{name}, from the cache"), |b| {
            b.iter(|| renderer.open_or_render(&["out.mp3"], &mut |_| ()).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
