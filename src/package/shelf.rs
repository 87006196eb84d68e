//! The folder in which packages lie: read with bounds and without following what its names lead to.

use std::{
    fs,
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
};

use super::{PackageError, Part};
use crate::{
    disk::{self, At as _, DiskError},
    units::{Digest, Hasher},
    words::Message,
};

/// Longest note: what the signed-note format takes.
pub(super) const LONGEST_NOTE: u64 = 1_000_000;
/// So many packages or trust files may lie in one folder.
const MOST_NOTES: usize = 2000;

/// A folder of packages.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
}

impl Shelf {
    /// The folder `root`.
    #[must_use]
    pub fn new(root: &Path) -> Shelf {
        Shelf { root: root.into() }
    }

    /// The numbers of the packages that lie there, ascending; other names are passed over.
    pub fn packages(&self) -> Result<Vec<u64>, PackageError> {
        self.numbers("")
    }

    /// The numbers of the trust files, ascending.
    pub fn trusts(&self) -> Result<Vec<u64>, PackageError> {
        self.numbers("trust")
    }

    /// The note of package `seq`.
    pub fn note(&self, seq: u64) -> Result<Vec<u8>, PackageError> {
        self.read(&format!("{seq}.note"), LONGEST_NOTE)
    }

    /// The proof of package `seq`.
    pub fn proof(&self, seq: u64) -> Result<Vec<u8>, PackageError> {
        match self.read(&format!("{seq}.tlog-proof"), LONGEST_NOTE) {
            Err(PackageError::Refused(no)) if no.code == "package-file-missing" => {
                Err(Message::new("package-proof-missing").with("seq", seq).into())
            }
            read => read,
        }
    }

    /// The trust file `version`.
    pub fn trust(&self, version: u64) -> Result<Vec<u8>, PackageError> {
        self.read(&format!("trust/{version}.note"), LONGEST_NOTE)
    }

    /// Pours `part` into `to`; a no when it is missing or other bytes stand there. What was poured before that is not
    /// to be used.
    pub fn pour(&self, part: Part, to: &mut impl Write) -> Result<(), PackageError> {
        let name = blob(part.sha256);
        let path = self.root.join(&name);
        let changed = || PackageError::from(Message::new("package-changed").with("file", &name));
        let mut file = self.open(&name)?;
        let (mut hasher, mut left) = (Hasher::default(), part.bytes);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = file.read(&mut buffer).at("read", &path)?;
            if read == 0 {
                break;
            }
            left = left.checked_sub(read as u64).ok_or_else(changed)?;
            hasher.update(&buffer[..read]);
            to.write_all(&buffer[..read]).at("write what comes from", &path)?;
        }
        if left == 0 && hasher.finish() == part.sha256 { Ok(()) } else { Err(changed()) }
    }

    /// The bytes of `part`, which is short.
    pub fn bytes(&self, part: Part) -> Result<Vec<u8>, PackageError> {
        let mut bytes = Vec::new();
        self.pour(part, &mut bytes)?;
        Ok(bytes)
    }

    /// Lays the bytes that `fill` writes under their digest; nothing where they stand already.
    pub fn lay(
        &self,
        part: Part,
        fill: impl FnOnce(&mut fs::File) -> Result<(), DiskError>,
    ) -> Result<(), PackageError> {
        let path = self.root.join(blob(part.sha256));
        if self.pour(part, &mut io::sink()).is_ok() {
            return Ok(());
        }
        disk::make_folder(path.parent().unwrap_or(&self.root))?;
        disk::place::<(), DiskError>(&path, true, fill)?;
        self.pour(part, &mut io::sink())
    }

    /// Lays trust file `version`.
    pub fn lay_trust(&self, version: u64, note: &[u8]) -> Result<(), PackageError> {
        self.put(&format!("trust/{version}.note"), note)
    }

    /// Lays the note and the proof of package `seq`, the note last: with it the package is there.
    pub fn lay_package(&self, seq: u64, note: &[u8], proof: &[u8]) -> Result<(), PackageError> {
        self.put(&format!("{seq}.tlog-proof"), proof)?;
        self.put(&format!("{seq}.note"), note)
    }

    /// The note of `what`, a month or an urgent programme, that waits for more signatures; none where none waits.
    pub fn waiting(&self, what: &str) -> Result<Option<Vec<u8>>, PackageError> {
        match self.read(&waiting(what), LONGEST_NOTE) {
            Err(PackageError::Refused(no)) if no.code == "package-file-missing" => Ok(None),
            read => read.map(Some),
        }
    }

    /// Keeps the note of `what` until enough people have signed it.
    pub fn lay_waiting(&self, what: &str, note: &[u8]) -> Result<(), PackageError> {
        self.put(&waiting(what), note)
    }

    /// Keeps the note of another package that has the number of one which was taken: both are signed.
    pub fn lay_fork(&self, seq: u64, note: &[u8]) -> Result<(), PackageError> {
        self.put(&format!("fork/{seq}-{}.note", Digest::of(note).short()), note)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), PackageError> {
        let path = self.root.join(name);
        disk::make_folder(path.parent().unwrap_or(&self.root))?;
        Ok(disk::replace(&path, bytes, 0o644)?)
    }

    fn numbers(&self, below: &str) -> Result<Vec<u64>, PackageError> {
        let path = self.root.join(below);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !below.is_empty() => {
                return Ok(Vec::new());
            }
            entries => entries.at("list", &path)?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry.at("list", &path)?.file_name();
            let Some(number) = name.to_str().and_then(|name| number(name, ".note")) else { continue };
            numbers.push(number);
            if numbers.len() > MOST_NOTES {
                return Err(Message::new("package-many").with("most", MOST_NOTES).into());
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn read(&self, name: &str, most: u64) -> Result<Vec<u8>, PackageError> {
        let mut bytes = Vec::new();
        let read = self.open(name)?.take(most + 1).read_to_end(&mut bytes);
        read.at("read", &self.root.join(name))?;
        if bytes.len() as u64 > most {
            return Err(Message::new("package-file-large").with("file", name).with("most", most).into());
        }
        Ok(bytes)
    }

    /// Where `name` stands.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Opens a plain file: no link that leads elsewhere, no pipe that never ends.
    pub(super) fn open(&self, name: &str) -> Result<fs::File, PackageError> {
        let path = self.path(name);
        let odd = || PackageError::from(Message::new("package-file-odd").with("file", name));
        match disk::open_plain(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Message::new("package-file-missing").with("file", name).into())
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(odd()),
            opened => Ok(opened.at("open", &path)?),
        }
    }
}

/// The number before `end` in a name, in its one spelling.
pub(super) fn number(name: &str, end: &str) -> Option<u64> {
    let text = name.strip_suffix(end)?;
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

fn waiting(what: &str) -> String {
    format!("waiting/{what}.note")
}

pub(super) fn blob(digest: Digest) -> String {
    format!("blobs/sha256/{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(read: Result<T, PackageError>) -> &'static str {
        match read {
            Err(PackageError::Refused(no)) => no.code,
            Err(PackageError::Disk(_)) => "disk",
            Ok(_) => "read",
        }
    }

    #[test]
    fn only_the_signed_bytes_come_out() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path());
        let part = Part::of(b"tin");
        assert_eq!(code(shelf.bytes(part)), "package-file-missing");
        shelf.lay(part, |file| file.write_all(b"tin").at("write", Path::new("x"))).unwrap();
        assert_eq!(shelf.bytes(part).unwrap(), b"tin");
        let path = folder.path().join(blob(part.sha256));
        for other in [b"tim".to_vec(), b"ti".to_vec(), b"tin!".to_vec(), vec![0; 100_000]] {
            fs::write(&path, other).unwrap();
            assert_eq!(code(shelf.bytes(part)), "package-changed");
        }
        // What was spoilt is laid anew.
        shelf.lay(part, |file| file.write_all(b"tin").at("write", Path::new("x"))).unwrap();
        assert_eq!(shelf.bytes(part).unwrap(), b"tin");
        let wrong = shelf.lay(Part::of(b"a"), |file| file.write_all(b"b").at("write", Path::new("x")));
        assert_eq!(code(wrong), "package-changed");
    }

    #[test]
    fn links_pipes_and_folders_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path());
        fs::write(folder.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink("secret", folder.path().join("1.note")).unwrap();
        fs::create_dir(folder.path().join("2.note")).unwrap();
        let pipe = folder.path().join("3.note");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        fs::write(folder.path().join("4.note"), vec![b'x'; 1_000_001]).unwrap();
        for other in ["05.note", "+6.note", "-1.note", "x.note", "7.note.tmp", "99999999999999999999.note"] {
            fs::write(folder.path().join(other), "").unwrap();
        }
        assert_eq!(shelf.packages().unwrap(), [1, 2, 3, 4]);
        assert_eq!([1, 2, 3].map(|seq| code(shelf.note(seq))), ["package-file-odd"; 3]);
        assert_eq!(code(shelf.note(4)), "package-file-large");
        assert_eq!(code(shelf.proof(1)), "package-proof-missing");
        assert_eq!(shelf.trusts().unwrap(), [0u64; 0]);
        assert_eq!(code(Shelf::new(&folder.path().join("none")).packages()), "disk");
    }
}
