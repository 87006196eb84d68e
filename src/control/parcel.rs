//! A bundle that is taken along at once: written beside the log, gone when it is sent.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{ControlError, Folder, Wish, export};
use crate::disk::At as _;

/// Folders of such bundles begin so.
const PREFIX: &str = "bundle-";

/// A bundle in a folder of its own, which goes when this is dropped; whoever has the file open reads it to its end.
#[derive(Debug)]
pub struct Parcel {
    folder: tempfile::TempDir,
}

impl Parcel {
    /// Writes the bundle that `wish` describes, and clears away what a process that was killed left behind: one is
    /// made at a time.
    pub fn make(folder: &Folder, wish: Wish) -> Result<Parcel, ControlError> {
        let data = folder.data();
        sweep(&data);
        let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&data).at("make a folder in", &data)?;
        let parcel = Parcel { folder: made };
        export(folder, &parcel.file(), wish)?;
        Ok(parcel)
    }

    /// The bundle.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("bundle.zip")
    }
}

fn sweep(data: &Path) {
    for entry in fs::read_dir(data).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
