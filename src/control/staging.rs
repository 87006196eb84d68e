//! A folder of packages that is on its way between a container and its place: below `data/`, bounded, and gone when it
//! was read.

use std::{fs, path::Path};

use super::{ControlError, Folder, arriving};
use crate::{
    disk::{self, At as _},
    package::{self, Shelf},
};

/// Folders of this sort begin so.
const PREFIX: &str = "import-";

/// Such a folder, which goes when this is dropped.
#[derive(Debug)]
pub(super) struct Staged {
    folder: tempfile::TempDir,
}

impl Staged {
    /// An empty one, for whoever holds the packages: what a process that was killed left behind goes first.
    pub fn new(folder: &Folder) -> Result<Staged, ControlError> {
        sweep(folder);
        let data = folder.data();
        let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&data).at("make a folder in", &data)?;
        Ok(Staged { folder: made })
    }

    /// What the container `tar` holds, as far as the disk has room beside what airs.
    pub fn unwrap(folder: &Folder, tar: &Path) -> Result<Staged, ControlError> {
        let staged = Staged::new(folder)?;
        let room = disk::free_bytes(&folder.data())?.saturating_sub(disk::STAYS_FREE);
        package::unwrap(fs::File::open(tar).at("open", tar)?, staged.folder.path(), room)?;
        Ok(staged)
    }

    pub fn shelf(&self) -> Shelf {
        Shelf::new(self.folder.path())
    }
}

/// Clears away what imports left that were killed; nothing while somebody packs or imports.
pub fn sweep_imports(folder: &Folder) -> Result<(), ControlError> {
    if let Some(_alone) = folder.packages_if_free()? {
        sweep(folder);
        arriving::drop_all(folder);
    }
    Ok(())
}

fn sweep(folder: &Folder) {
    for entry in fs::read_dir(folder.data()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
