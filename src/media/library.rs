//! The media folder: names of schedules become files below it, and nothing else does.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use unicode_normalization::UnicodeNormalization as _;

use super::{Refusal, Why};
use crate::disk;

/// The folder that holds audio exactly as received.
#[derive(Debug, Clone)]
pub struct Library {
    root: PathBuf,
}

impl Library {
    /// The library below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Library {
        Library { root: root.into() }
    }

    /// The regular file that `name` means. NFC and NFD spellings name the same file, whichever of them
    /// stands on the disk; a name or link that leaves the folder is refused.
    pub fn resolve(&self, name: &str) -> Result<PathBuf, Refusal> {
        self.find(name).map_err(|why| why.of(name))
    }

    fn find(&self, name: &str) -> Result<PathBuf, Why> {
        let exact = disk::join_below(&self.root, name).ok_or(Why::Outside)?;
        let path = if exact.symlink_metadata().is_ok() { exact } else { self.spelled_otherwise(name)? };
        // Links may point about inside the folder; where they end is what counts.
        let real = path.canonicalize().map_err(|e| unreadable(&e))?;
        let root = self.root.canonicalize().map_err(|e| unreadable(&e))?;
        if !real.starts_with(&root) {
            return Err(Why::Outside);
        }
        if !real.metadata().map_err(|e| unreadable(&e))?.is_file() {
            return Err(Why::NotFile);
        }
        Ok(real)
    }

    /// The path that equals `name` but for the Unicode normalisation of its parts.
    fn spelled_otherwise(&self, name: &str) -> Result<PathBuf, Why> {
        let mut path = self.root.clone();
        for part in name.split('/').filter(|part| !part.is_empty()) {
            let wanted: String = part.nfc().collect();
            let names = names_in(&path);
            match names.iter().find(|found| found.nfc().eq(wanted.chars())) {
                Some(found) => path.push(found),
                None => return Err(Why::Missing { nearest: self.nearest(&path, &wanted, &names) }),
            }
        }
        Ok(path)
    }

    /// The name below the root most like `wanted` among those in `folder`, when one is really alike.
    fn nearest(&self, folder: &Path, wanted: &str, names: &[String]) -> Option<String> {
        let near =
            |name: &String| (strsim::jaro_winkler(&name.nfc().collect::<String>(), wanted), name.clone());
        let (likeness, name) = names.iter().map(near).max_by(|a, b| a.0.total_cmp(&b.0))?;
        let path = folder.join(name);
        let below = path.strip_prefix(&self.root).unwrap_or(&path);
        (likeness > 0.8).then(|| below.display().to_string())
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// What the system's refusal to open or read a file means.
pub(super) fn unreadable(error: &io::Error) -> Why {
    match error.kind() {
        io::ErrorKind::NotFound => Why::Missing { nearest: None },
        _ => Why::Unreadable { detail: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn names_mean_regular_files_below_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("media");
        fs::create_dir_all(root.join("cchc")).unwrap();
        fs::write(folder.path().join("secret"), b"x").unwrap();
        fs::write(root.join("cchc/nhac-hieu.mp3"), b"x").unwrap();
        symlink("../../secret", root.join("cchc/out.mp3")).unwrap();
        symlink("nhac-hieu.mp3", root.join("cchc/in.mp3")).unwrap();
        symlink("nowhere", root.join("cchc/dangling.mp3")).unwrap();
        let library = Library::new(&root);
        let check = |name: &str, expected: Result<&str, Why>| {
            let expected =
                expected.map(|path| root.canonicalize().unwrap().join(path)).map_err(|w| w.of(name));
            assert_eq!(library.resolve(name), expected, "{name}");
        };
        check("cchc/nhac-hieu.mp3", Ok("cchc/nhac-hieu.mp3"));
        check("cchc/in.mp3", Ok("cchc/nhac-hieu.mp3"));
        check("cchc/out.mp3", Err(Why::Outside));
        check("../secret", Err(Why::Outside));
        check("/etc/passwd", Err(Why::Outside));
        check("cchc", Err(Why::NotFile));
        check("cchc/dangling.mp3", Err(Why::Missing { nearest: None }));
        let nearest = Some("cchc/nhac-hieu.mp3".into());
        check("cchc/nhac-hieu.wav", Err(Why::Missing { nearest: nearest.clone() }));
        check("cchc/nhac_hieu.mp3", Err(Why::Missing { nearest }));
        check("zz/q", Err(Why::Missing { nearest: None }));
    }

    #[test]
    fn both_spellings_of_vietnamese_name_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let (nfc, nfd): (String, String) =
            ("đài/tiếng Việt.wav".nfc().collect(), "đài/tiếng Việt.wav".nfd().collect());
        assert_ne!(nfc, nfd);
        for (on_disk, asked) in [(&nfc, &nfd), (&nfd, &nfc)] {
            let root = folder.path().join(on_disk.len().to_string());
            fs::create_dir_all(root.join(on_disk).parent().unwrap()).unwrap();
            fs::write(root.join(on_disk), b"x").unwrap();
            let library = Library::new(&root);
            assert_eq!(library.resolve(asked).unwrap(), root.canonicalize().unwrap().join(on_disk));
        }
    }
}
