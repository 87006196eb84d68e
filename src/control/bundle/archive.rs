//! Reading a ZIP file that somebody else made: bounded in number, size and work, nothing of it ever put on disk.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use zip::{ZipArchive, result::ZipError};

use crate::{
    control::ControlError,
    disk::At as _,
    units::{Digest, Hasher},
    words::Message,
};

/// Members of a bundle: twenty million entries have fewer.
const MOST_MEMBERS: usize = 200_000;

/// What all members together may unpack to: the audio of years.
const MOST_BYTES: u64 = 16 << 30;

/// The directory of so many members: what reading it takes is a small multiple of its length.
const MOST_DIRECTORY: u64 = MOST_MEMBERS as u64 * 256;

/// A member name may be so long: a tile's has at most 50 bytes, a blob's 77.
const MOST_NAME: usize = 200;

/// An opened bundle.
pub struct Archive {
    zip: ZipArchive<BufReader<File>>,
    names: BTreeSet<String>,
}

fn unreadable(error: &ZipError) -> Message {
    Message::new("bundle-unreadable").with("detail", error)
}

/// Whether `name` stays within a folder on every system on which somebody may unpack the bundle.
fn harmless(name: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"._-/".contains(&b);
    name.len() <= MOST_NAME && name.bytes().all(safe) && name.split('/').all(plain)
}

/// The length of the directory that the file ends with, without any comment behind it (APPNOTE 6.3.10, sections
/// 4.3.14 and 4.3.16); `None` for another file.
fn directory_bytes<F: Read + Seek>(file: &mut F) -> io::Result<Option<u64>> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut end = [0; 22];
    let Some(at) = length.checked_sub(22) else { return Ok(None) };
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut end)?;
    if !end.starts_with(b"PK\x05\x06") || !end.ends_with(&[0, 0]) {
        return Ok(None);
    }
    let small = u32::from_le_bytes([end[12], end[13], end[14], end[15]]);
    let (Some(at), true) = (at.checked_sub(20 + 56), end[10..12] == [0xff; 2] || small == u32::MAX) else {
        return Ok(Some(u64::from(small)));
    };
    let mut large = [0; 56];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut large)?;
    let bytes = large[40..48].try_into().map(u64::from_le_bytes).ok();
    Ok(bytes.filter(|_| large.starts_with(b"PK\x06\x06")))
}

impl Archive {
    /// Opens the bundle at `path`. What is no bundle, or would mean another thing to another program (names that
    /// stand twice or climb, entries that overlap or contradict their directory), is refused.
    pub fn open(path: &Path) -> Result<Archive, ControlError> {
        let mut file = BufReader::new(File::open(path).at("open", path)?);
        // Asked before memory is spent on it.
        let directory = directory_bytes(&mut file).at("read", path)?;
        let Some(directory) = directory else {
            return Err(Message::new("bundle-unreadable")
                .with("detail", "it does not end as a ZIP file")
                .into());
        };
        let crowded = |found| Message::new("bundle-members").with("found", found).with("most", MOST_MEMBERS);
        if directory > MOST_DIRECTORY {
            return Err(crowded(directory / 46).into());
        }
        let mut zip = ZipArchive::new(file).map_err(|e| unreadable(&e))?;
        if zip.len() > MOST_MEMBERS {
            return Err(crowded(zip.len() as u64).into());
        }
        if zip.has_duplicate_names() {
            return Err(Message::new("bundle-duplicate").into());
        }
        zip.validate_header_consistency().map_err(|e| unreadable(&e))?;
        let bytes = zip.decompressed_size().unwrap_or(u128::MAX);
        if bytes > u128::from(MOST_BYTES) {
            return Err(Message::new("bundle-large").with("found", bytes).with("most", MOST_BYTES).into());
        }
        let mut names = BTreeSet::new();
        for name in zip.file_names_raw() {
            match std::str::from_utf8(name).ok().filter(|name| harmless(name)) {
                Some(name) => names.insert(name.to_owned()),
                None => return Err(Message::new("bundle-name").with("file", name.escape_ascii()).into()),
            };
        }
        Ok(Archive { zip, names })
    }

    /// What the members are called.
    pub fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// The bytes of a member, at most `most`; or what is wrong with it.
    pub fn read(&mut self, name: &str, most: u64) -> Result<Vec<u8>, Message> {
        let mut bytes = Vec::new();
        self.pour(name, most, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// The digest of a member of at most `most` bytes; or what is wrong with it.
    pub fn digest(&mut self, name: &str, most: u64) -> Result<Digest, Message> {
        let mut hasher = Hasher::default();
        self.pour(name, most, |piece| hasher.update(piece))?;
        Ok(hasher.finish())
    }

    fn pour(&mut self, name: &str, most: u64, mut to: impl FnMut(&[u8])) -> Result<(), Message> {
        let damaged =
            |detail: String| Message::new("bundle-damaged").with("file", name).with("detail", detail);
        if !self.names.contains(name) {
            return Err(Message::new("bundle-missing").with("file", name));
        }
        let mut member = self.zip.by_name(name).map_err(|e| damaged(e.to_string()))?;
        let stated = member.size();
        if stated > most {
            return Err(Message::new("bundle-member-large").with("file", name).with("most", most));
        }
        let mut buffer = vec![0; 64 << 10];
        let mut poured = 0;
        loop {
            // The check of its CRC comes as an error at the end.
            let read = member.read(&mut buffer).map_err(|e| damaged(e.to_string()))?;
            poured += read as u64;
            if poured > stated {
                return Err(damaged("longer than it says".into()));
            }
            if read == 0 {
                break;
            }
            to(&buffer[..read]);
        }
        if poured == stated { Ok(()) } else { Err(damaged("shorter than it says".into())) }
    }
}

#[cfg(test)]
mod tests {
    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

    use super::*;

    /// A file of `count` empty members.
    fn crowd(count: usize) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut zip = ZipWriter::new(io::BufWriter::new(file.reopen().unwrap()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for n in 0..count {
            zip.start_file(n.to_string(), options).unwrap();
        }
        zip.finish().unwrap();
        file
    }

    #[test]
    fn many_members_are_read_and_too_many_refused() {
        let many = Archive::open(crowd(70_000).path()).ok().unwrap();
        assert_eq!(many.names().len(), 70_000);
        let refused = Archive::open(crowd(MOST_MEMBERS + 1).path()).err();
        assert!(matches!(refused, Some(ControlError::No(message)) if message.code == "bundle-members"));
    }

    #[test]
    fn names_that_climb_or_deceive_are_refused() {
        for good in ["README.md", "log/tile/0/x001/234.p/5", "log/checkpoint"] {
            assert!(harmless(good), "{good}");
        }
        for bad in
            ["../a", "a/../b", "/a", "a\\b", "a//b", "a/", "", "C:a", "a\0", "ă", "a b", &"a".repeat(300)]
        {
            assert!(!harmless(bad), "{bad:?}");
        }
    }
}
