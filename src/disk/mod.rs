//! Files that survive a power cut, and paths that cannot leave their root.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Component, Path, PathBuf},
};

/// A file operation that failed, with the file it was about.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempt} `{path}`")]
pub struct DiskError {
    /// What was attempted.
    pub attempt: &'static str,
    /// On which file or folder.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// Turns an `io::Result` into one that names its file.
pub trait At<T> {
    /// Adds what was attempted and on which file.
    fn at(self, attempt: &'static str, path: &Path) -> Result<T, DiskError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, attempt: &'static str, path: &Path) -> Result<T, DiskError> {
        self.map_err(|source| DiskError { attempt, path: path.into(), source })
    }
}

/// Replaces `path` by `bytes` so that after a power cut either the old or the new content is there,
/// whole: temporary file → sync → rename → sync of the folder. A link that lies under either name is replaced and not
/// followed: the folder may be one that strangers write.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    // New or not at all: so no link is followed.
    let create = || fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary);
    let mut file = match create() {
        // What a cut left there, or somebody laid.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&temporary).at("remove", &temporary)?;
            create()
        }
        created => created,
    }
    .at("create", &temporary)?;
    file.write_all(bytes).at("write", &temporary)?;
    file.sync_all().at("sync", &temporary)?;
    fs::rename(&temporary, path).at("replace", path)?;
    sync_folder_of(path)
}

/// Makes a file of any length at `path` so that it is there whole or not at all: `fill` writes a temporary
/// file beside it, which is synced and renamed. `None` when something stands at `path` that must stay.
pub fn place<T, E: From<DiskError>>(
    path: &Path,
    over: bool,
    fill: impl FnOnce(&mut fs::File) -> Result<T, E>,
) -> Result<Option<T>, E> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new()
        .prefix(".loa-")
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .at("create a file in", folder)?;
    let filled = fill(temporary.as_file_mut())?;
    temporary.as_file().sync_all().at("sync", path)?;
    let placed = if over { temporary.persist(path) } else { temporary.persist_noclobber(path) };
    match placed {
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        placed => {
            placed.map_err(|error| error.error).at("create", path)?;
            sync_folder_of(path)?;
            Ok(Some(filled))
        }
    }
}

/// Opens the plain file `path` to read: no link that leads elsewhere, no pipe that never ends; `InvalidInput` for those.
pub fn open_plain(path: &Path) -> io::Result<fs::File> {
    let odd = || io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file");
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = match fs::OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Err(odd()),
        opened => opened?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(odd()) }
}

/// The bytes of the plain file `path`, which has at most `most`; `FileTooLarge` for a longer one, of which no more is read.
pub fn read_plain(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_plain(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Whether something lies at `path` that is no folder of its own: a link that leads elsewhere, a file.
#[must_use]
pub fn is_no_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| !found.is_dir())
}

/// Makes the folder `path` and those above it that are missing; their names are durable.
pub fn make_folder(path: &Path) -> Result<(), DiskError> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        make_folder(above)?;
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => {
            made.at("create the folder", path)?;
            sync_folder_of(path)
        }
    }
}

/// Makes the names in the folder of `path` durable.
pub fn sync_folder_of(path: &Path) -> Result<(), DiskError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|f| f.sync_all()).at("sync the folder", folder)
}

/// `root` with the relative `name` below it, or `None` when the name is absolute, climbs with `..`,
/// is empty, or holds a NUL: such a name can only be a mistake or an attack.
#[must_use]
pub fn join_below(root: &Path, name: &str) -> Option<PathBuf> {
    let relative = Path::new(name);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && !name.is_empty() && !name.contains(['\0', '\\'])).then(|| root.join(relative))
}

/// So many bytes of the disk stay free for what airs and its log, whatever else is brought.
pub const STAYS_FREE: u64 = 500 << 20;

/// Bytes free for this user on the file system of `path`.
pub fn free_bytes(path: &Path) -> Result<u64, DiskError> {
    let stat = rustix::fs::statvfs(path).map_err(io::Error::from).at("measure the disk of", path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Whether the file system of `path` lives in memory (tmpfs, ramfs) and ends with the power; `false` where nobody
/// can tell.
#[must_use]
pub fn in_memory(path: &Path) -> bool {
    // `statfs(2)`: `TMPFS_MAGIC`, `RAMFS_MAGIC`.
    rustix::fs::statfs(path).is_ok_and(|stat| [0x0102_1994, 0x8584_58f6].contains(&stat.f_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_root() {
        let root = Path::new("/r");
        assert_eq!(join_below(root, "cchc/a.mp3"), Some(PathBuf::from("/r/cchc/a.mp3")));
        for escape in ["../a", "a/../../b", "/etc/passwd", "", ".", "a\0b", "..\\a", "./../a"] {
            assert_eq!(join_below(root, escape), None, "{escape:?}");
        }
    }

    #[test]
    fn what_stands_is_replaced_only_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let write = |over, bytes: &[u8]| {
            place(&path, over, |file| file.write_all(bytes).at("write", Path::new("x")))
                .map(|placed| placed.is_some())
        };
        assert!(write(false, b"one").unwrap());
        assert!(!write(false, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert!(write(true, b"three").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"three");
        let failed =
            place(&path, true, |_| Err::<(), _>(io::Error::other("full")).at("write", Path::new("x")));
        assert!(failed.is_err());
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), fs::read_dir(folder.path()).unwrap().count()),
            (&b"three"[..], 1)
        );
    }

    #[test]
    fn replace_writes_through_no_link() {
        use std::os::unix::fs::symlink;
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (path, victim) = (folder.path().join("note"), outside.path().join("victim"));
        fs::write(&victim, "victim").unwrap();
        for lies in ["note.tmp", "note"] {
            symlink(&victim, folder.path().join(lies)).unwrap();
            replace(&path, lies.as_bytes(), 0o644).unwrap();
            assert_eq!(fs::read_to_string(&victim).unwrap(), "victim", "{lies}");
            assert!(fs::symlink_metadata(&path).unwrap().is_file(), "{lies}");
            fs::remove_file(&path).unwrap();
        }
        // What a cut left there is in nobody's way.
        fs::write(folder.path().join("note.tmp"), "half").unwrap();
        replace(&path, b"whole", 0o644).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn replace_leaves_no_temporary_and_keeps_the_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        replace(&path, b"one", 0o600).unwrap();
        replace(&path, b"two", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(free_bytes(folder.path()).unwrap() > 0);
    }
}
