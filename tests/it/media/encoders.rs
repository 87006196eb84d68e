//! Fixtures made by the encoders that offices use, and the sound that went into them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use loa::media::{Decoder, FrameSource as _, Limits, Refusal, Why};

/// A folder of fixtures that begins with one recording, as WAV and as samples.
pub struct Bench {
    folder: tempfile::TempDir,
    /// The recording, one channel.
    pub samples: Vec<f32>,
}

/// A sound without repetition: gliding tones and noise under a syllable-like envelope, so that a shift by
/// one frame shows.
pub fn recording(rate: u32, frames: u32, seed: u32) -> Vec<f32> {
    let (mut noise, mut phase) = (seed | 1, 0f64);
    let at = |i: u32| {
        let t = f64::from(i) / f64::from(rate);
        phase += (300.0 + 1500.0 * (t * 0.7 + f64::from(seed)).sin().abs()) / f64::from(rate);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = f64::from(noise >> 16) / 32_768.0 - 1.0;
        let envelope = 0.25 + 0.75 * (t * 4.0).sin().abs();
        (envelope * (0.3 * (phase * std::f64::consts::TAU).sin() + 0.05 * hiss)) as f32
    };
    (0..frames).map(at).collect()
}

/// A 16-bit WAV file of interleaved samples.
pub fn wav(rate: u32, channels: u16, samples: &[f32]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|s| ((s * 32_768.0).round() as i16).to_le_bytes()).collect();
    let size = u32::try_from(data.len()).unwrap();
    let block = channels * 2;
    [
        b"RIFF".as_slice(),
        &(size + 36).to_le_bytes(),
        b"WAVEfmt \x10\0\0\0\x01\0",
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(block)).to_le_bytes(),
        &block.to_le_bytes(),
        b"\x10\0data",
        &size.to_le_bytes(),
        &data,
    ]
    .concat()
}

impl Bench {
    pub fn new(rate: u32, frames: u32) -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap(), samples: recording(rate, frames, 1) };
        bench.write("in.wav", &wav(rate, 1, &bench.samples));
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Runs an encoder in the folder; its arguments are split at blanks.
    pub fn run(&self, command: &str) {
        let mut words = command.split(' ');
        let program = words.next().unwrap();
        let output = Command::new(program)
            .args(words)
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|e| panic!("`{program}` is needed (`make test` installs it): {e}"));
        assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs ffmpeg with `in.wav` (or other inputs that `arguments` give first).
    pub fn ffmpeg(&self, arguments: &str) {
        self.run(&format!("ffmpeg -nostdin -loglevel error -y {arguments}"));
    }

    pub fn decode(&self, name: &str) -> Result<Decoded, Refusal> {
        decode(name, &self.path(name), &Limits::default())
    }

    pub fn refusal(&self, name: &str) -> Why {
        match self.decode(name) {
            Ok(decoded) => panic!("{name}: {} frames instead of a refusal", decoded.samples.len()),
            Err(refusal) => refusal.why,
        }
    }
}

/// A file, decoded whole.
pub struct Decoded {
    pub decoder: Decoder,
    pub samples: Vec<f32>,
}

pub fn decode(name: &str, path: &Path, limits: &Limits) -> Result<Decoded, Refusal> {
    let mut decoder = Decoder::open(name, path, limits)?;
    let mut samples = Vec::new();
    while decoder.read(&mut samples)? > 0 {}
    Ok(Decoded { decoder, samples })
}

/// The shift in frames (within ±`reach`) at which `found` is most like `wanted`, and how like, 0 to 1.
pub fn lag(wanted: &[f32], found: &[f32], reach: usize) -> (isize, f64) {
    let length = wanted.len().min(found.len()) - 2 * reach;
    let window = &wanted[reach..reach + length.min(30_000)];
    let power = |x: &[f32]| x.iter().map(|a| f64::from(*a) * f64::from(*a)).sum::<f64>();
    let likeness = |at: usize| {
        let other = &found[at..at + window.len()];
        let product: f64 = window.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        product / (power(window) * power(other)).sqrt()
    };
    let best = (0..=2 * reach).map(|at| (at, likeness(at))).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    (best.0 as isize - reach as isize, best.1)
}
