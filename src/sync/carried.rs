//! The way to the centre by a folder: a share that both see, or a stick that is carried between them.
//!
//! ```text
//! <folder>/                     packages, in the layout of every stick
//!   stations/<id>-<epoch>/
//!     enrol.note                the station's wish
//!     word.note                 its last word of itself
//!     <old>.push                what it brings
//!     bytes/<kind>-<sha256>     what its entries name
//!     held.note                 the centre's: the head that it has, cosigned
//!     standing                  the centre's: `asked`, `enrolled` or `revoked`
//! ```

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Answer, SyncError, Transport};
use crate::{
    control::{Desired, Enrolment, Home, file_error},
    disk,
    fleet::{Files as _, FolderFiles, Push},
    units::Digest,
};

/// Pushes that lie in the folder and were not taken yet: a station that is never visited does not fill the stick.
const MOST_LAID: usize = 50;

/// Longest of what the centre lays for a station, bytes.
const LONGEST_ANSWER: usize = 64 << 10;

/// A way by a folder.
pub struct Carried {
    root: PathBuf,
    own: PathBuf,
    code: String,
}

/// Where the station of the log `origin` lays what it brings.
pub(super) fn place(root: &Path, origin: &str) -> Option<PathBuf> {
    let mut parts = origin.rsplit('/');
    let (epoch, id) = (parts.next()?, parts.next()?);
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    (plain(epoch) && plain(id)).then(|| root.join("stations").join(format!("{id}-{epoch}")))
}

fn failed(attempt: &'static str, path: &Path, error: io::Error) -> SyncError {
    // A stick that is not there is a centre that is away.
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            SyncError::Away(format!("`{}`: {error}", path.display()))
        }
        _ => SyncError::Own(file_error(attempt, path, error)),
    }
}

/// The text of a plain file that is not longer than `most` bytes; empty where there is none.
pub(super) fn text(path: &Path, most: usize) -> io::Result<String> {
    match disk::read_plain(path, most) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => String::from_utf8(read?).map_err(|_| io::ErrorKind::InvalidData.into()),
    }
}

impl Carried {
    /// The way of the station `home` by the folder `root`.
    pub fn new(root: &Path, home: &Home) -> Result<Carried, SyncError> {
        let unclear = || SyncError::Unclear;
        let own = place(root, home.origin()).ok_or_else(unclear)?;
        Ok(Carried { root: root.into(), own, code: home.wish()?.1 })
    }

    fn lay(&self, name: &str, bytes: &[u8]) -> Result<(), SyncError> {
        if !self.root.is_dir() {
            return Err(SyncError::Away(format!("`{}` is not there", self.root.display())));
        }
        let path = self.own.join(name);
        let folder = path.parent().unwrap_or(&self.own);
        // What is laid here stays here, whoever else writes this folder.
        let stations = self.root.join("stations");
        if let Some(odd) = [&stations, &self.own, folder].into_iter().find(|path| disk::is_no_folder(path)) {
            return Err(SyncError::Away(format!("`{}` is no folder", odd.display())));
        }
        disk::make_folder(folder)
            .and_then(|()| disk::replace(&path, bytes, 0o644))
            .map_err(|error| SyncError::Away(error.to_string()))
    }

    /// What the centre laid under `name`.
    fn laid(&self, name: &str) -> Result<String, SyncError> {
        let path = self.own.join(name);
        text(&path, LONGEST_ANSWER).map_err(|error| failed("read", &path, error))
    }
}

impl Transport for Carried {
    fn enrol(&mut self, wish: &str) -> Result<Enrolment, SyncError> {
        // What cannot be read is not this wish.
        if !self.laid("enrol.note").is_ok_and(|laid| laid == wish) {
            self.lay("enrol.note", wish.as_bytes())?;
        }
        let standing = self.laid("standing")?;
        let standing = if standing.trim().is_empty() { "asked" } else { standing.trim() };
        match standing {
            "revoked" => Err(SyncError::Refused { status: 403, words: "the log was revoked".into() }),
            _ => Ok(Enrolment { standing: standing.into(), code: self.code.clone() }),
        }
    }

    fn head(&mut self, _: Duration) -> Result<String, SyncError> {
        self.laid("held.note")
    }

    fn push(&mut self, push: &Push) -> Result<Answer, SyncError> {
        let laid = fs::read_dir(&self.own).map(Iterator::count).unwrap_or_default();
        if laid < MOST_LAID {
            self.lay(&format!("{}.push", push.old), push.write().as_bytes())?;
        }
        Ok(Answer::Laid)
    }

    fn missing(&mut self, digests: &[Digest]) -> Result<Vec<Digest>, SyncError> {
        // The centre takes what it keeps away; what lies there is not laid again.
        let lies: Vec<String> = fs::read_dir(self.own.join("bytes"))
            .map(|entries| {
                entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
            })
            .unwrap_or_default();
        let is_there = |digest: &Digest| lies.iter().any(|name| name.ends_with(&digest.to_string()));
        Ok(digests.iter().filter(|digest| !is_there(digest)).copied().collect())
    }

    fn bring(&mut self, kind: &str, bytes: &[u8]) -> Result<(), SyncError> {
        self.lay(&format!("bytes/{kind}-{}", Digest::of(bytes)), bytes)
    }

    fn speak(&mut self, word: &str, have: &str, wait: Duration) -> Result<Desired, SyncError> {
        self.lay("word.note", word.as_bytes())?;
        let files = FolderFiles::new(&self.root);
        let unclear = |_| SyncError::Unclear;
        let number = |name: &String| name.strip_suffix(".note").and_then(|n| n.parse::<u64>().ok());
        let seqs = files.names("").map_err(unclear)?.iter().filter_map(number).collect::<Vec<_>>();
        let trusts = files.names("trust").map_err(unclear)?.iter().filter_map(number).collect::<Vec<_>>();
        let tag = Digest::of(format!("{seqs:?}{trusts:?}").as_bytes()).to_string();
        if tag == have {
            // Nobody tells of a folder that it changed.
            std::thread::sleep(wait);
        }
        Ok(Desired { tag, packages: Vec::new(), trusts })
    }

    fn fetch(&mut self, name: &str, path: &Path, most: u64, _: &str) -> Result<bool, SyncError> {
        let from = self.root.join(name);
        let file = disk::open_plain(&from).map_err(|error| failed("open", &from, error))?;
        // What grows meanwhile is another file than the one that was found.
        let length = file.metadata().map_err(|error| failed("measure", &from, error))?.len();
        if length > most {
            return Err(SyncError::Other(name.into()));
        }
        let copied = fs::File::create(path).and_then(|mut to| io::copy(&mut file.take(length), &mut to));
        copied.map(|_| true).map_err(|error| failed("copy", &from, error))
    }

    fn leaves(&mut self, _: u64) -> Result<Vec<String>, SyncError> {
        Err(SyncError::Away("a folder gives no log back".into()))
    }

    fn retained(&mut self, _: Digest) -> Result<Option<Vec<u8>>, SyncError> {
        Ok(None)
    }
}
