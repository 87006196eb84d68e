//! The files that stations fetch: packages, their blobs and trust files, under the names that they have on a stick
//! (`<seq>.note`, `<seq>.tlog-proof`, `trust/<n>.note`, `blobs/sha256/<hex>`).

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::FleetError;
use crate::{
    disk,
    units::{Digest, Hasher},
};

/// Bytes that are copied at once.
const PIECE: usize = 64 << 10;

/// Where they lie. A file that was put is never changed: its name stands for its bytes.
pub trait Files: Send + Sync {
    /// The names in a folder – `""`, `"trust"` or `"blobs/sha256"` –, without it, in order.
    fn names(&self, folder: &str) -> Result<Vec<String>, FleetError>;

    /// How long the file called `name` is; none where there is none.
    fn length(&self, name: &str) -> Result<Option<u64>, FleetError>;

    /// At most `most` bytes of it from `from` on.
    fn read(&self, name: &str, from: u64, most: usize) -> Result<Vec<u8>, FleetError>;

    /// Puts the file at `from` under `name`, whole or not at all; one that lies there already stays. A blob of other bytes
    /// than its name says is not put.
    fn put(&self, name: &str, from: &Path) -> Result<(), FleetError>;
}

/// Whether `name` is one that may be fetched: the layout's own and nothing else.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let number =
        |text: &str| !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    let hex = |text: &str| {
        text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    match name.split_once('/') {
        Some(("trust", file)) => file.strip_suffix(".note").is_some_and(number),
        Some(("blobs", blob)) => blob.strip_prefix("sha256/").is_some_and(hex),
        Some(_) => false,
        None => name.strip_suffix(".note").or_else(|| name.strip_suffix(".tlog-proof")).is_some_and(number),
    }
}

/// Refuses bytes with this `digest` under a name that says another.
pub(super) fn is_named(name: &str, digest: Digest) -> Result<(), FleetError> {
    match name.strip_prefix("blobs/sha256/") {
        Some(named) if named != digest.to_string() => {
            Err(FleetError::new("put a file", format!("its bytes are not those of `{named}`")))
        }
        _ => Ok(()),
    }
}

/// Files in a folder.
#[derive(Debug, Clone)]
pub struct FolderFiles {
    root: PathBuf,
}

impl FolderFiles {
    /// Those below `root`.
    #[must_use]
    pub fn new(root: &Path) -> FolderFiles {
        FolderFiles { root: root.into() }
    }

    fn path(&self, name: &str) -> Result<PathBuf, FleetError> {
        let named = is_name(name).then(|| self.root.join(name));
        named.ok_or_else(|| FleetError::new("name a file", format!("`{name}` is no file of a package")))
    }
}

/// `None` where there is no such file.
fn there<T>(attempt: &'static str, made: io::Result<T>) -> Result<Option<T>, FleetError> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FleetError::new(attempt, error)),
    }
}

impl Files for FolderFiles {
    fn names(&self, folder: &str) -> Result<Vec<String>, FleetError> {
        let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let entries = there("list the files", fs::read_dir(self.root.join(folder)))?;
        let mut names = Vec::new();
        for entry in entries.into_iter().flatten() {
            let entry = entry.map_err(|source| FleetError::new("list the files", source))?;
            if let Ok(name) = entry.file_name().into_string()
                && is_name(&format!("{below}{name}"))
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn length(&self, name: &str) -> Result<Option<u64>, FleetError> {
        Ok(there("look at a file", fs::metadata(self.path(name)?))?.map(|found| found.len()))
    }

    fn read(&self, name: &str, from: u64, most: usize) -> Result<Vec<u8>, FleetError> {
        let failed = |source| FleetError::new("read a file", source);
        let file = fs::File::open(self.path(name)?).map_err(failed)?;
        let mut bytes = vec![0; most];
        let mut end = 0;
        while end < most {
            match file.read_at(&mut bytes[end..], from + end as u64).map_err(failed)? {
                0 => break,
                more => end += more,
            }
        }
        bytes.truncate(end);
        Ok(bytes)
    }

    fn put(&self, name: &str, from: &Path) -> Result<(), FleetError> {
        let path = self.path(name)?;
        if path.exists() {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            disk::make_folder(folder).map_err(|source| FleetError::new("make a folder", source))?;
        }
        let copied = disk::place(&path, false, |file| {
            let (mut hasher, mut piece) = (Hasher::default(), vec![0; PIECE]);
            let mut copy = || {
                let mut source = fs::File::open(from)?;
                loop {
                    match source.read(&mut piece)? {
                        0 => return Ok(()),
                        n => {
                            hasher.update(&piece[..n]);
                            file.write_all(&piece[..n])?;
                        }
                    }
                }
            };
            copy().map_err(|source: io::Error| FleetError::new("copy a file", source))?;
            is_named(name, hasher.finish())
        });
        copied.map(drop)
    }
}

/// What all files must do, wherever they lie; `open` opens the same ones once more.
#[cfg(test)]
pub(super) fn hold(open: &dyn Fn() -> Box<dyn Files>) {
    let files = open();
    let folder = tempfile::tempdir().unwrap();
    let source = |bytes: &[u8]| {
        let path = folder.path().join("source");
        fs::write(&path, bytes).unwrap();
        path
    };
    let large: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let digest = Digest::of(&large).to_string();
    let blob = format!("blobs/sha256/{digest}");
    assert_eq!(files.length("7.note").unwrap(), None);
    assert!(files.names("").unwrap().is_empty());
    for (name, bytes) in [("7.note", b"bay".as_slice()), ("10.tlog-proof", b""), ("trust/1.note", b"tin")] {
        files.put(name, &source(bytes)).unwrap();
    }
    let broken_off = &large[..large.len() - 1];
    assert!(files.put(&blob, &source(broken_off)).is_err(), "other bytes than the name says");
    assert_eq!(files.length(&blob).unwrap(), None, "and nothing of them is there");
    files.put(&blob, &source(&large)).unwrap();
    files.put("7.note", &source(b"khac")).unwrap();
    let again = open();
    assert_eq!(again.names("").unwrap(), ["10.tlog-proof", "7.note"]);
    assert_eq!(again.names("trust").unwrap(), ["1.note"]);
    assert_eq!(again.names("blobs/sha256").unwrap(), [digest]);
    assert_eq!(again.read("7.note", 0, 99).unwrap(), b"bay", "what was put stays");
    assert_eq!(again.length("10.tlog-proof").unwrap(), Some(0));
    assert_eq!(again.length(&blob).unwrap(), Some(1_200_000));
    for (from, most) in [(0, 10), (5, 1_199_990), (1_199_999, 10), (1_200_000, 10), (0, 1_200_000)] {
        let end = large.len().min(from + most);
        let from_there = again.read(&blob, from as u64, most).unwrap();
        assert_eq!(from_there, large[from..end], "{most} bytes from {from}");
    }
    for name in ["", "../7.note", "7.txt", "trust/../7.note", "blobs/sha256/00", "/7.note", "waiting/7.note"]
    {
        assert!(!is_name(name), "{name}");
        assert!(again.length(name).is_err() && again.put(name, &source(b"x")).is_err(), "{name}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_to_the_conduct_of_files() {
        let folder = tempfile::tempdir().unwrap();
        hold(&|| Box::new(FolderFiles::new(folder.path())));
    }
}
