//! Audio that people send: taken piece by piece, so that a broken line goes on where it broke; measured whole on arrival;
//! placed below the media folder by a name that cannot leave it, never over other bytes.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use unicode_normalization::UnicodeNormalization as _;

use super::{
    ControlError, Folder, Glance,
    heard::{self, Heard},
};
use crate::{
    disk::{self, At as _},
    media::Format,
    units::{Digest, Hasher, Month},
    words::Message,
};

/// Longest file: two hours of CD sound have 1.3 GB, a programme of fifteen minutes 160 MB.
pub const LONGEST_FILE: u64 = 500 << 20;
/// Longest piece of one.
pub const LONGEST_PIECE: usize = 4 << 20;
/// What has not arrived whole may take so much of the disk.
const MOST_UNFINISHED: u64 = 4 << 30;
/// What nobody has gone on with for so long is dropped.
const FORGOTTEN: Duration = Duration::from_hours(24);
/// So many files can be chosen from.
const MOST_SHOWN: usize = 1000;
/// Longest name of a file, in bytes.
const LONGEST_NAME: usize = 120;

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Incoming {
    /// Its id: the same for the same person, name, length and state, so that it goes on after a break. To anybody else
    /// it means another file.
    pub id: String,
    /// How much of it is here.
    pub offset: u64,
}

/// A file that has arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Its path below the media folder.
    pub file: String,
    /// What it is worth on air.
    pub heard: Heard,
}

/// What each format is usually called at its end.
const ENDINGS: &[(Format, &[&str])] = &[
    (Format::Mp3, &["mp3"]),
    (Format::Wav, &["wav"]),
    (Format::Flac, &["flac"]),
    (Format::Vorbis, &["ogg", "oga"]),
    (Format::Opus, &["opus", "ogg", "oga"]),
    (Format::Aac, &["m4a", "aac", "mp4"]),
];

/// Whether a file of this name passes for audio.
#[must_use]
pub fn is_audio_name(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase());
    ENDINGS.iter().any(|(_, known)| known.contains(&ending.as_str()))
}

/// Begins a file called `name` of `size` bytes from the person `by`, or tells how far it came before. `state` tells one
/// state of the file from another, such as when it was changed last: pieces of two states make no file.
pub fn begin(
    folder: &Folder,
    by: &str,
    name: &str,
    size: u64,
    state: &str,
) -> Result<Incoming, ControlError> {
    if size == 0 {
        return Err(Message::new("intake-empty").with("file", name).into());
    }
    if size > LONGEST_FILE {
        return Err(Message::new("intake-long").with("file", name).with("limit", LONGEST_FILE >> 20).into());
    }
    let place = incoming(folder);
    fs::create_dir_all(&place).at("create the folder", &place)?;
    let unfinished = forget(&place, FORGOTTEN);
    let id = format!("{}-{size}", short(&format!("{name}\n{size}\n{state}")));
    let path = part(folder, by, &id);
    let offset = fs::metadata(&path).map_or(0, |meta| meta.len());
    // What is still to come, and the copy in its place.
    let free = disk::free_bytes(&place)?;
    if unfinished + size > MOST_UNFINISHED || free < disk::STAYS_FREE + (size - offset.min(size)) + size {
        return Err(Message::new("intake-full").with("file", name).with("free", free >> 20).into());
    }
    fs::OpenOptions::new().create(true).append(true).open(&path).at("open", &path)?;
    Ok(Incoming { id, offset })
}

/// Adds `piece` to the file called `id` at `offset`; gives how much is here now. What does not follow on what is here is
/// not added.
pub fn append(folder: &Folder, by: &str, id: &str, offset: u64, piece: &[u8]) -> Result<u64, ControlError> {
    let (path, size) = known(folder, by, id)?;
    let mut file = match fs::OpenOptions::new().append(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown()),
        opened => opened.at("open", &path)?,
    };
    // The same file may come from two windows at once.
    file.lock().at("lock", &path)?;
    let here = file.metadata().at("measure", &path)?.len();
    if offset != here {
        return Ok(here);
    }
    if here + piece.len() as u64 > size {
        return Err(Message::new("intake-more").into());
    }
    if disk::free_bytes(&incoming(folder))? < disk::STAYS_FREE {
        return Err(Message::new("intake-full").with("file", id).with("free", 0).into());
    }
    file.write_all(piece).at("write", &path)?;
    Ok(here + piece.len() as u64)
}

/// Drops what is here of the file called `id`.
pub fn drop_it(folder: &Folder, by: &str, id: &str) {
    if let Ok((path, _)) = known(folder, by, id) {
        let _ = fs::remove_file(path);
    }
}

/// The file called `id` is here whole: it is measured and, once its arrival is `entered`, placed in the folder of `month`
/// under its name. What is no audio is refused by name, and gone.
pub fn finish(
    folder: &Folder,
    by: &str,
    id: &str,
    size: u64,
    name: &str,
    month: Month,
    entered: impl FnMut(&Arrived) -> Result<(), ControlError>,
) -> Result<Arrived, ControlError> {
    let (path, _) = known(folder, by, id)?;
    let begun = fs::File::open(&path).map_err(|_| unknown())?;
    // Who asks twice waits for the first answer; what is placed by then is no longer on its way.
    begun.lock().at("lock", &path)?;
    let Ok(here) = fs::metadata(&path).map(|meta| meta.len()) else { return Err(unknown()) };
    if here == 0 {
        let _ = fs::remove_file(&path);
        return Err(Message::new("intake-empty").with("file", name).into());
    }
    if here != size {
        return Err(Message::new("intake-offset").with("here", here).into());
    }
    let placed = take_in(folder, &path, name, month, entered);
    // Where only room is wanting, or the log's word, it can be finished later.
    let later = ["intake-full", "user-not-entered"];
    if !matches!(&placed, Err(ControlError::No(no)) if later.contains(&no.code)) {
        let _ = fs::remove_file(&path);
    }
    placed
}

/// Measures the file at `path` and places it in the folder of `month` as `name`.
fn take_in(
    folder: &Folder,
    path: &Path,
    name: &str,
    month: Month,
    mut entered: impl FnMut(&Arrived) -> Result<(), ControlError>,
) -> Result<Arrived, ControlError> {
    let name = safe_name(name);
    let heard = Heard::of(folder, &name, path)?;
    let name = ended(&name, heard.measure.format);
    let library = folder.root.join(&folder.station.media);
    let home = library.join(month.to_string());
    fs::create_dir_all(&home).at("create the folder", &home)?;
    for name in [name.clone(), marked(&name, &heard.measure.file.short())] {
        let target = home.join(&name);
        let file = format!("{month}/{name}");
        let arrived = Arrived { file, heard: heard.clone() };
        if is_same(&target, heard.measure.file) {
            entered(&arrived)?;
            return Ok(arrived);
        }
        if target.exists() {
            continue;
        }
        let free = disk::free_bytes(&home)?;
        if free < disk::STAYS_FREE + heard.measure.bytes {
            return Err(Message::new("intake-full").with("file", name).with("free", free >> 20).into());
        }
        let copy = |to: &mut fs::File| {
            let mut from = fs::File::open(path).at("open", path)?;
            io::copy(&mut from, to).at("write", &target)?;
            Ok::<_, ControlError>(())
        };
        entered(&arrived)?;
        if disk::place(&target, false, copy)?.is_some() {
            return Ok(arrived);
        }
    }
    Err(Message::new("intake-name").with("file", name).into())
}

/// The audio files below the media folder, by name; so many at most, so deep at most.
#[must_use]
pub fn audio_files(folder: &Folder) -> Vec<String> {
    fn walk(root: &Path, below: &str, depth: u32, found: &mut Vec<String>) {
        let entries = fs::read_dir(root.join(below)).into_iter().flatten().flatten();
        for entry in entries {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth > 0 => walk(root, &path, depth - 1, found),
                Ok(kind) if kind.is_file() && found.len() < MOST_SHOWN && is_audio_name(&path) => {
                    found.push(path);
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(&folder.root.join(&folder.station.media), "", 3, &mut found);
    found.sort();
    found
}

/// The audio that lies in the folder of `month`, by name, each with its measures or why it has none.
#[must_use]
pub fn audio_of(
    folder: &Folder,
    glance: &Glance,
    month: Month,
) -> Vec<(String, Result<Heard, ControlError>)> {
    let home = folder.root.join(&folder.station.media).join(month.to_string());
    let names = fs::read_dir(&home).into_iter().flatten().flatten();
    let mut names: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    // What is being placed has a name with a dot.
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    let files = names.into_iter().map(|name| format!("{month}/{name}"));
    files.map(|file| (file.clone(), Heard::at_a_glance(folder, glance, &file))).collect()
}

fn is_same(path: &Path, digest: Digest) -> bool {
    let mut hasher = Hasher::default();
    let read = fs::File::open(path).and_then(|mut file| io::copy(&mut file, &mut hasher));
    read.is_ok() && hasher.finish() == digest
}

/// `name` with `mark` before its ending.
fn marked(name: &str, mark: &str) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}-{mark}.{ending}")
}

/// `name` with an ending that says what `format` it is: what is sound is never taken for a page or a program.
fn ended(name: &str, format: Format) -> String {
    let known = ENDINGS.iter().find(|(of, _)| *of == format).map_or(&[][..], |(_, known)| known);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if known.contains(&ending.to_ascii_lowercase().as_str()) {
        return name.to_owned();
    }
    format!("{stem}.{}", known.first().unwrap_or(&"audio"))
}

/// The last part of what a browser calls a file, as one that any system can keep: NFC, no separators, no control
/// characters, no leading dots, not too long; its ending stays.
fn safe_name(name: &str) -> String {
    let name: String = name.nfc().collect();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let fits = |c: &char| !c.is_control() && !"<>:\"|?*\u{feff}\u{202e}\u{200f}".contains(*c);
    let clean: String = last.chars().filter(fits).collect();
    let blank = |c: char| c.is_whitespace() || c == '.';
    let clean = clean.trim_start_matches(|c| blank(c) || c == '-').trim_end_matches(blank);
    let (stem, ending) = clean.rsplit_once('.').unwrap_or((clean, "audio"));
    let ending: String = ending.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let mut short = String::new();
    for c in stem.chars() {
        if short.len() + c.len_utf8() + ending.len() + 1 > LONGEST_NAME {
            break;
        }
        short.push(c);
    }
    let stem = if short.trim().is_empty() { "am-thanh" } else { short.trim() };
    format!("{stem}.{ending}")
}

fn incoming(folder: &Folder) -> PathBuf {
    folder.data().join("incoming")
}

/// Where the file called `id` grows that `by` sends: what another sends under the same id is another file.
fn part(folder: &Folder, by: &str, id: &str) -> PathBuf {
    incoming(folder).join(format!("{}.part", short(&format!("{by}\n{id}"))))
}

fn short(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()[..32].to_owned()
}

/// The place and the length of the file called `id`.
fn known(folder: &Folder, by: &str, id: &str) -> Result<(PathBuf, u64), ControlError> {
    let size = id.rsplit_once('-').and_then(|(_, size)| size.parse().ok());
    let size = size.filter(|size| (1..=LONGEST_FILE).contains(size)).ok_or_else(unknown)?;
    Ok((part(folder, by, id), size))
}

fn unknown() -> ControlError {
    Message::new("intake-unknown").into()
}

/// Drops what nobody has gone on with, and measures that nobody has looked at for a season.
pub(super) fn sweep(folder: &Folder) {
    forget(&incoming(folder), FORGOTTEN);
    forget(&heard::measures(folder), heard::KEPT);
}

/// Drops the files of `place` that nobody touched for `long`; gives how much of the rest there is.
fn forget(place: &Path, long: Duration) -> u64 {
    let mut left = 0;
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        // The system's own clock on both sides: what it wrote on the file, and what it says now.
        let age = meta.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
        if age.is_some_and(|age| age > long) {
            let _ = fs::remove_file(entry.path());
        } else {
            left += meta.len();
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_what_any_system_can_keep() {
        for (name, expected) in [
            ("tin tức.mp3", "tin tức.mp3"),
            ("../../etc/passwd", "passwd.audio"),
            ("C:\\loa\\..\\nhạc.WAV", "nhạc.WAV"),
            ("...", "am-thanh.audio"),
            ("", "am-thanh.audio"),
            ("a\0b\n.mp3", "ab.mp3"),
            (".htaccess", "htaccess.audio"),
            ("\u{2000}..A", "A.audio"),
            ("a.mp3/", "am-thanh.audio"),
            ("tin tu\u{031b}\u{301}c.mp3", "tin tứ\u{63}.mp3"),
            ("a\u{202e}3pm.exe", "a3pm.exe"),
        ] {
            assert_eq!(safe_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn an_ending_says_what_it_is() {
        for (name, format, expected) in [
            ("a.MP3", Format::Mp3, "a.MP3"),
            ("a.html", Format::Mp3, "a.mp3"),
            ("a.audio", Format::Wav, "a.wav"),
            ("a.mp3", Format::Wav, "a.wav"),
            ("a.ogg", Format::Opus, "a.ogg"),
        ] {
            assert_eq!(ended(name, format), expected);
            assert!(is_audio_name(expected) && !is_audio_name("a.html") && !is_audio_name("mp3"));
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_folder(name in any::<String>()) {
            let safe = safe_name(&name);
            prop_assert!(safe.len() <= LONGEST_NAME + 8 && !safe.starts_with('.'));
            prop_assert!(!safe.contains(['/', '\\', '\0']));
            let path = disk::join_below(Path::new("/m"), &safe).unwrap();
            prop_assert_eq!(path.parent().unwrap(), Path::new("/m"));
        }
    }
}
