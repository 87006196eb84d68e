//! Bytes that were changed on the way, by chance or on purpose: bounded work, and never a panic outside.

use loa::media::{Limits, measure};

use super::encoders::Bench;

/// A generator of its own, so that a failure names a case that can be run again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// Changes some bytes, more often in the header than elsewhere, and sometimes cuts the end off.
fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(12) {
        let reach = if chance.below(3) == 0 { bytes.len().min(600) } else { bytes.len() };
        let at = chance.below(reach);
        let end = (at + chance.below(64)).min(bytes.len());
        match chance.below(4) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes[at] = chance.below(256) as u8,
            2 => bytes[at..end].fill_with(|| chance.below(256) as u8),
            _ => bytes[at..end].fill(0xFF),
        }
    }
    if chance.below(5) == 0 {
        bytes.truncate(1 + chance.below(bytes.len()));
    }
}

#[test]
fn no_mutation_of_any_format_escapes_or_runs_away() {
    let bench = Bench::new(44_100, 30_000);
    bench.run("lame --quiet -b 64 in.wav out.mp3");
    bench.run("flac --silent in.wav -o out.flac");
    bench.run("oggenc --quiet in.wav -o out.ogg");
    bench.run("opusenc --quiet in.wav out.opus");
    bench.ffmpeg("-i in.wav -c:a aac out.m4a");
    // No file of 60 kB can honestly hold ten minutes: the limit bounds memory and time.
    let limits = Limits { most_s: 600, ..Limits::default() };
    let mut survived = 0;
    for name in ["in.wav", "out.mp3", "out.flac", "out.ogg", "out.opus", "out.m4a"] {
        let whole = bench.bytes(name);
        for seed in 1..=50 {
            let mut bytes = whole.clone();
            mutate(&mut bytes, &mut Chance(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15)));
            let path = bench.write("mutated", &bytes);
            if let Ok(measure) = measure("mutated", &path, &limits) {
                survived += 1;
                assert!(measure.frames > 0, "{name} {seed}");
            }
        }
    }
    assert!(survived > 0, "some changes only touch a few samples");
}

#[test]
fn what_once_broke_a_decoder_is_refused_or_measured() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/probe");
    let limits = Limits { most_s: 60, ..Limits::default() };
    let mut seen = 0;
    for file in std::fs::read_dir(corpus).unwrap() {
        // Whatever it says of them: that it says something is the point.
        if let Ok(measure) = measure("corpus", &file.unwrap().path(), &limits) {
            assert!(measure.frames > 0);
        }
        seen += 1;
    }
    assert!(seen > 0);
}
