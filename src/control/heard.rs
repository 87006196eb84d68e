//! What a file is worth on air, with a picture of it; kept by its digest, so that it is decoded once.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::{ControlError, Folder, Glance};
use crate::{
    disk,
    media::{self, Decoder, FrameSource as _, Limits, Measure},
    programme::{Finding, Place},
    units::Digest,
};

/// Measures that nobody has looked at for so long are dropped.
pub(super) const KEPT: Duration = Duration::from_hours(90 * 24);
/// Columns of a picture.
const COLUMNS: usize = 480;
/// Frames that are looked at together while the length is not known yet.
const BLOCK: usize = 512;

/// A measured file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Its measures.
    pub measure: Measure,
    /// The largest amplitude of each column, of 255.
    pub peaks: Vec<u8>,
}

impl Heard {
    /// Decodes the file at `path` whole, or finds what was measured of the same bytes before. `name` is what people
    /// know it by.
    pub fn of(folder: &Folder, name: &str, path: &Path) -> Result<Heard, ControlError> {
        Heard::with(folder, name, path, Decoder::open(name, path, &Limits::default())?.digest())
    }

    /// The same for a file of the library, which is not read again while it stands as it was.
    pub fn at_a_glance(folder: &Folder, glance: &Glance, file: &str) -> Result<Heard, ControlError> {
        let path = folder.library().resolve(file)?;
        Heard::with(folder, file, &path, glance.digest(file, &path)?)
    }

    fn with(folder: &Folder, name: &str, path: &Path, digest: Digest) -> Result<Heard, ControlError> {
        let place = |digest: Digest| measures(folder).join(format!("{digest}.json"));
        let kept = place(digest);
        if let Some(heard) = fs::read(&kept).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            // Whoever looks at it keeps it.
            let _ = fs::File::options()
                .append(true)
                .open(&kept)
                .and_then(|file| file.set_modified(SystemTime::now()));
            return Ok(heard);
        }
        let limits = Limits::default();
        let measure = media::measure(name, path, &limits)?;
        let heard = Heard { measure, peaks: peaks(Decoder::open(name, path, &limits)?)? };
        // A cache: what cannot be kept is measured again. It stands under the bytes that were measured, which may be
        // others than those that were asked for.
        let kept = place(heard.measure.file);
        if let Some(parent) = kept.parent()
            && fs::create_dir_all(parent).is_ok()
        {
            let _ = disk::replace(&kept, &serde_json::to_vec(&heard).unwrap_or_default(), 0o644);
        }
        Ok(heard)
    }

    /// What is to be remarked on it.
    #[must_use]
    pub fn findings(&self, file: &str) -> Vec<Finding> {
        media::findings(file, &self.measure, &Place { file: file.into(), ..Place::default() })
    }
}

/// Where measures are kept.
pub(super) fn measures(folder: &Folder) -> PathBuf {
    folder.data().join("measures")
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=255")]
fn peaks(mut decoder: Decoder) -> Result<Vec<u8>, ControlError> {
    let channels = usize::from(decoder.spec().channels.max(1));
    let (mut block, mut largest) = (Vec::new(), Vec::new());
    loop {
        block.clear();
        if decoder.read(&mut block)? == 0 {
            break;
        }
        let parts = block.chunks(BLOCK * channels);
        largest.extend(parts.map(|part| part.iter().fold(0.0_f32, |most, sample| most.max(sample.abs()))));
    }
    let column = |n: usize| {
        let from = n * largest.len() / COLUMNS;
        let to = ((n + 1) * largest.len() / COLUMNS).max(from + 1).min(largest.len());
        largest.get(from..to).map_or(0.0, |part| part.iter().copied().fold(0.0, f32::max))
    };
    Ok((0..COLUMNS).map(|n| (column(n).min(1.0) * 255.0) as u8).collect())
}
