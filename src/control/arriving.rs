//! What people bring for an import: sticks that are plugged in, and a `.tar` that they send.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{ControlError, Folder};
use crate::{
    disk::{self, At as _},
    package::{PackageError, Shelf},
    units::Digest,
    words::Message,
};

/// Longest `.tar` that is taken.
pub const LONGEST_TAR: u64 = 2 << 30;
/// So many folders and files are looked at for packages.
const MOST_LOOKED_AT: usize = 400;
/// A stick stands in a folder of its user, its packages perhaps in a folder of the stick.
const DEEPEST: usize = 3;

/// The folders that hold packages, and the `.tar` files, in and below those that the settings name.
#[must_use]
pub fn sticks(folder: &Folder) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), MOST_LOOKED_AT);
    for root in &folder.station.import {
        look(root, DEEPEST, &mut left, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn look(path: &Path, deeper: usize, left: &mut usize, found: &mut Vec<PathBuf>) {
    match Shelf::new(path).packages() {
        Ok(packages) if packages.is_empty() => {}
        // What lies below is the package's own, such as its trust files.
        Ok(_) | Err(PackageError::Refused(_)) => return found.push(path.to_owned()),
        Err(PackageError::Disk(_)) => return,
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        // A link leads elsewhere: no stick's business.
        let Ok(kind) = entry.file_type() else { continue };
        let is_tar = entry.path().extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tar"));
        if kind.is_file() && is_tar {
            found.push(entry.path());
        } else if kind.is_dir() && deeper > 0 {
            look(&entry.path(), deeper - 1, left, found);
        }
    }
}

/// The folder in which sent files stand until they are imported.
fn place(folder: &Folder) -> PathBuf {
    folder.data().join("arriving")
}

/// The `.tar` that the person with the id `by` sent last.
#[must_use]
pub fn sent_tar(folder: &Folder, by: &str) -> PathBuf {
    place(folder).join(format!("{}.tar", Digest::of(by.as_bytes()).short()))
}

/// Begins a new one, in the place of the one before.
pub fn begin_tar(folder: &Folder, by: &str) -> Result<(), ControlError> {
    disk::make_folder(&place(folder))?;
    let path = sent_tar(folder, by);
    fs::File::create(&path).at("create", &path)?;
    Ok(())
}

/// Adds `piece` at `offset`, which is its end; gives the new one.
pub fn append_tar(folder: &Folder, by: &str, offset: u64, piece: &[u8]) -> Result<u64, ControlError> {
    let path = sent_tar(folder, by);
    let mut file = fs::OpenOptions::new().append(true).open(&path).at("open", &path)?;
    file.lock().at("lock", &path)?;
    let end = offset + piece.len() as u64;
    if file.metadata().at("measure", &path)?.len() != offset {
        return Err(Message::new("intake-more").into());
    }
    if end > LONGEST_TAR {
        return Err(Message::new("import-tar-long").with("most", LONGEST_TAR >> 20).into());
    }
    let free = disk::free_bytes(&path)?;
    if free < disk::STAYS_FREE {
        return Err(Message::new("package-room").with("needed", end >> 20).with("free", free >> 20).into());
    }
    file.write_all(piece).at("write", &path)?;
    Ok(end)
}

/// Drops it.
pub fn drop_tar(folder: &Folder, by: &str) {
    let _ = fs::remove_file(sent_tar(folder, by));
}

/// Drops all of them.
pub(super) fn drop_all(folder: &Folder) {
    let _ = fs::remove_dir_all(place(folder));
}
