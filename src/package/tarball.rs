//! A folder of packages as one `.tar`. Nothing of the container is believed: it may hold plain files under the names
//! of the layout, each once and no longer than such a file may be; everything else is refused by name.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
};

use tar::{Archive, Builder, Entry, EntryType, Header};

use super::{
    Manifest, PackageError, Shelf,
    manifest::LONGEST_FILE,
    shelf::{LONGEST_NOTE, blob, number},
};
use crate::{
    disk::{At as _, DiskError},
    words::Message,
};

/// So many members may a container have.
const MOST_MEMBERS: usize = 10_000;
/// So much of an odd name is told.
const MOST_TOLD: usize = 200;

/// Writes package `seq` of `shelf` with its bytes and all trust files.
pub fn wrap(shelf: &Shelf, seq: u64, to: impl Write) -> Result<(), PackageError> {
    let note = shelf.note(seq)?;
    let (Some(manifest), _) = Manifest::unchecked(&note) else {
        return Err(Message::new("package-line").with("detail", seq).into());
    };
    let mut names = vec![format!("{seq}.note"), format!("{seq}.tlog-proof")];
    names.extend(shelf.trusts()?.iter().map(|version| format!("trust/{version}.note")));
    let mut blobs: Vec<String> = manifest.parts().map(|part| blob(part.sha256)).collect();
    blobs.sort_unstable();
    blobs.dedup();
    names.extend(blobs);
    let mut tar = Builder::new(to);
    for name in names {
        let (file, path) = (shelf.open(&name)?, shelf.path(&name));
        let mut header = Header::new_ustar();
        header.set_path(&name).at("name", &path)?;
        header.set_size(file.metadata().at("measure", &path)?.len());
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, file).at("wrap", &path)?;
    }
    tar.into_inner().and_then(|mut to| to.flush()).at("end the container of", &shelf.path(""))?;
    Ok(())
}

/// Lays what `tar` holds into the empty folder `into`, at most `room` bytes. After a no, what lies there is not to be
/// used.
pub fn unwrap(tar: impl Read, into: &Path, room: u64) -> Result<(), PackageError> {
    let mut archive = Archive::new(tar);
    let mut room = room;
    // Raw: what would rename, lengthen or link the member behind it is a member itself, and refused.
    for (n, member) in archive.entries().map_err(|error| fault(error, into))?.raw(true).enumerate() {
        if n >= MOST_MEMBERS {
            return Err(Message::new("package-tar-many").with("most", MOST_MEMBERS).into());
        }
        let member = member.map_err(|error| fault(error, into))?;
        room -= take(member, into, room)?;
    }
    Ok(())
}

/// Lays one member; gives how many bytes it has.
fn take(mut member: Entry<'_, impl Read>, into: &Path, room: u64) -> Result<u64, PackageError> {
    let raw = member.header().path_bytes().into_owned();
    let told: String = String::from_utf8_lossy(&raw).escape_debug().take(MOST_TOLD).collect();
    let no = |code| PackageError::from(Message::new(code).with("file", &told));
    let size = member.size();
    let name = std::str::from_utf8(&raw).map_err(|_| no("package-tar-path"))?;
    let name = name.strip_prefix("./").unwrap_or(name);
    match member.header().entry_type() {
        EntryType::Regular => {}
        EntryType::Directory
            if ["", ".", "trust", "blobs", "blobs/sha256"].contains(&name.trim_end_matches('/')) =>
        {
            return if size == 0 { Ok(0) } else { Err(no("package-tar-kind")) };
        }
        EntryType::Directory => return Err(no("package-tar-path")),
        _ => return Err(no("package-tar-kind")),
    }
    let most = longest(name).ok_or_else(|| no("package-tar-path"))?;
    if size > most {
        return Err(Message::new("package-file-large").with("file", name).with("most", most).into());
    }
    if size > room {
        return Err(Message::new("package-tar-room")
            .with("needed", size >> 20)
            .with("free", room >> 20)
            .into());
    }
    let path = into.join(name);
    let home = path.parent().unwrap_or(into);
    fs::create_dir_all(home).at("create the folder", home)?;
    let mut file = match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(no("package-tar-twice")),
        created => created.at("create", &path)?,
    };
    let mut buffer = vec![0; 64 << 10];
    let mut left = size;
    loop {
        let read = member.read(&mut buffer).map_err(|error| fault(error, into))?;
        if read == 0 {
            break;
        }
        file.write_all(&buffer[..read]).at("write", &path)?;
        left = left.saturating_sub(read as u64);
    }
    // The container ends in the middle of it.
    if left == 0 { Ok(size) } else { Err(Message::new("package-tar-malformed").into()) }
}

/// How long the file `name` of the layout may be; none where the layout has no such name.
fn longest(name: &str) -> Option<u64> {
    if let Some(hex) = name.strip_prefix("blobs/sha256/") {
        let is_hex = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        return is_hex.then_some(LONGEST_FILE);
    }
    let numbered = match name.strip_prefix("trust/") {
        Some(note) => number(note, ".note"),
        None => number(name, ".note").or_else(|| number(name, ".tlog-proof")),
    };
    numbered.map(|_| LONGEST_NOTE)
}

/// What the container does wrong is a no; what the machine does wrong is none.
fn fault(error: io::Error, path: &Path) -> PackageError {
    if error.raw_os_error().is_some() {
        return DiskError { attempt: "unwrap into", path: path.into(), source: error }.into();
    }
    Message::new("package-tar-malformed").into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const BLOB: &str = "blobs/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const ROOM: u64 = 1 << 20;

    /// A member as an enemy writes it: any name, any kind, any length.
    fn member(tar: &mut Vec<u8>, name: &[u8], kind: u8, said: u64, bytes: &[u8]) {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(EntryType::new(kind));
        header.set_size(said);
        header.set_mode(0o644);
        header.as_old_mut().linkname[..11].copy_from_slice(b"/etc/passwd");
        header.set_cksum();
        tar.extend(header.as_bytes());
        tar.extend(bytes);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }

    fn plain(name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut tar = Vec::new();
        member(&mut tar, name.as_bytes(), b'0', bytes.len() as u64, bytes);
        tar
    }

    /// Unwraps it into a folder of its own: the code of the refusal, and every file that lies anywhere near.
    fn unwrapped(tar: &[u8]) -> (&'static str, BTreeMap<String, Vec<u8>>) {
        let near = tempfile::tempdir().unwrap();
        let into = near.path().join("data/import");
        fs::create_dir_all(&into).unwrap();
        let code = match unwrap(tar, &into, ROOM) {
            Ok(()) => "taken",
            Err(PackageError::Refused(no)) => no.code,
            Err(PackageError::Disk(error)) => panic!("{error}"),
        };
        let mut files = BTreeMap::new();
        let mut folders = vec![near.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let kind = fs::symlink_metadata(&path).unwrap().file_type();
                assert!(kind.is_dir() || kind.is_file(), "{path:?} is a link or a device");
                if kind.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&into).expect("nothing lies beside the folder");
                    files.insert(name.to_str().unwrap().to_owned(), fs::read(&path).unwrap());
                }
            }
        }
        (code, files)
    }

    #[test]
    fn the_layout_comes_out_and_nothing_else() {
        let good = [plain("./1.note", b"note"), plain("trust/2.note", b"t"), plain(BLOB, b"abc")].concat();
        let (code, files) = unwrapped(&good);
        assert_eq!((code, files.len()), ("taken", 3));
        assert_eq!((&files["1.note"][..], &files[BLOB][..]), (&b"note"[..], &b"abc"[..]));
        for (name, code) in [
            ("../1.note", "package-tar-path"),
            ("/1.note", "package-tar-path"),
            ("./../1.note", "package-tar-path"),
            ("trust/../../1.note", "package-tar-path"),
            ("01.note", "package-tar-path"),
            ("1.note/", "package-tar-path"),
            (".", "package-tar-path"),
            ("stick/1.note", "package-tar-path"),
            ("fork/1.note", "package-tar-path"),
            ("blobs/sha256/ab", "package-tar-path"),
            (&BLOB.to_uppercase(), "package-tar-path"),
            (&format!("{BLOB}/x"), "package-tar-path"),
            ("", "package-tar-path"),
        ] {
            let (refused, files) = unwrapped(&plain(name, b"x"));
            assert_eq!((refused, files.len()), (code, 0), "{name}");
        }
    }

    #[test]
    fn links_devices_extensions_and_sparse_files_are_refused() {
        for kind in *b"12346LKxgSVMX7" {
            let mut tar = Vec::new();
            member(&mut tar, b"1.note", kind, 0, b"");
            assert_eq!(unwrapped(&tar).0, "package-tar-kind", "{}", char::from(kind));
        }
        // A long name for the member behind it.
        let mut tar = Vec::new();
        member(&mut tar, b"././@LongLink", b'L', 10, b"../1.note\0");
        tar.extend(plain("1.note", b"x"));
        assert_eq!(unwrapped(&tar), ("package-tar-kind", BTreeMap::new()));
        let mut folder = Vec::new();
        member(&mut folder, b"trust/", b'5', 0, b"");
        assert_eq!(unwrapped(&folder).0, "taken");
        let mut folder = Vec::new();
        member(&mut folder, b"elsewhere/", b'5', 0, b"");
        assert_eq!(unwrapped(&folder).0, "package-tar-path");
    }

    #[test]
    fn names_come_once_and_lengths_are_bounded() {
        let twice = [plain("1.note", b"a"), plain("./1.note", b"b")].concat();
        assert_eq!(unwrapped(&twice).0, "package-tar-twice");
        let long = |name: &str, said| {
            let mut tar = Vec::new();
            member(&mut tar, name.as_bytes(), b'0', said, b"x");
            unwrapped(&tar).0
        };
        assert_eq!(long("1.note", LONGEST_NOTE + 1), "package-file-large");
        assert_eq!(long(BLOB, LONGEST_FILE + 1), "package-file-large");
        assert_eq!(long(BLOB, u64::MAX), "package-tar-malformed");
        assert_eq!(long(BLOB, ROOM + 1), "package-tar-room");
        assert_eq!(long("1.note", 600), "package-tar-malformed", "it ends before its member");
        let halves = [plain("1.note", &vec![0; 600_000]), plain("2.note", &vec![0; 600_000])].concat();
        assert_eq!(unwrapped(&halves).0, "package-tar-room", "all of it counts");
        let many: Vec<u8> = (0..=MOST_MEMBERS).flat_map(|n| plain(&format!("{n}.note"), b"")).collect();
        assert_eq!(unwrapped(&many).0, "package-tar-many");
        assert_eq!(unwrapped(b"").0, "taken", "an empty one has no package");
        assert_eq!(unwrapped(&[b'x'; 512]).0, "package-tar-malformed");
    }

    proptest! {
        /// Whatever an enemy changes in a container: no panic, and every file lies below the folder under a name of the
        /// layout, no longer than it may be.
        #[test]
        fn bytes_from_outside_lie_where_they_may(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
            cut in any::<prop::sample::Index>(),
            mend in any::<bool>(),
        ) {
            let mut tar = [plain("1.note", b"note"), plain("trust/2.note", b"t"), plain(BLOB, b"abc")].concat();
            for (at, byte) in &changes {
                let at = at.index(tar.len());
                tar[at] = *byte;
            }
            if mend {
                // With right checksums the fields behind them are read.
                for block in tar.chunks_exact_mut(1024) {
                    let mut header = Header::new_old();
                    header.as_mut_bytes().copy_from_slice(&block[..512]);
                    header.set_cksum();
                    block[..512].copy_from_slice(header.as_bytes());
                }
            } else {
                tar.truncate(cut.index(tar.len() + 1));
            }
            let (_, files) = unwrapped(&tar);
            for (name, bytes) in files {
                prop_assert!(longest(&name).is_some_and(|most| bytes.len() as u64 <= most), "{}", name);
            }
        }

        #[test]
        fn noise_is_no_container(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let (code, files) = unwrapped(&bytes);
            prop_assert!(files.is_empty());
            prop_assert!(bytes.is_empty() || code != "taken" || bytes.iter().take(512).all(|b| *b == 0));
        }
    }
}
