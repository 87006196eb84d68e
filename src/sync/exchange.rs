//! The centre's end of a folder that is shared or carried: takes what stations laid there, and lays there what is theirs.
//!
//! Anybody may write the folder. So nothing is followed that leads out of it, nothing is read but plain files within
//! bounds, and what one of its folders does ends nobody else's turn.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::carried::{place, text};
use crate::{
    control::{Centre, ControlError, Issued, MOST_WISH_BYTES, TakeError},
    disk::{self, At as _},
    fleet::{FolderFiles, Held, MOST_WORD_BYTES, Push, Refusal, Standing},
    units::Digest,
};

/// Stations of one folder, and pieces of one station, that are looked at in one round; the next goes on behind them.
const MOST: usize = 2000;

/// So many bad folders are named in one round.
const MOST_TOLD: usize = 5;

/// A folder between a centre and its stations.
pub struct Exchange {
    centre: Centre,
    root: PathBuf,
    issued: Issued,
    /// The station's folder that had the last turn; empty where the next round begins with the first.
    last: String,
}

impl Exchange {
    /// The folder `root` of `centre`.
    #[must_use]
    pub fn new(centre: Centre, root: &Path) -> Exchange {
        Exchange { centre, root: root.into(), issued: Issued::default(), last: String::new() }
    }

    /// Goes through the folder once, in turns of some thousand stations; gives how many of them were heard. A folder that
    /// is not there is none of its stations' fault: a stick that was pulled. An error is one of the centre's own store:
    /// what is wrong with one station's folder is told and passed over.
    pub fn step(&mut self) -> Result<usize, ControlError> {
        let (mut heard, mut passed, mut failed) = (0, 0, false);
        let stations = self.root.join("stations");
        if disk::is_no_folder(&stations) {
            tracing::warn!("`{}` is no folder", stations.display());
            return Ok(0);
        }
        let turn = turn(&stations, &self.last);
        let is_all = turn.len() < MOST;
        for own in turn {
            let went = self.station(&stations.join(&own));
            self.last = own;
            let was_failed = std::mem::replace(&mut failed, matches!(went, Err(ControlError::Fleet(_))));
            match went {
                Ok(was_heard) => heard += usize::from(was_heard),
                // Twice in a row it is the store and not what was laid.
                Err(error) if failed && was_failed => return Err(error),
                Err(error) => {
                    passed += 1;
                    if passed <= MOST_TOLD {
                        tell(&self.last, &error);
                    }
                }
            }
        }
        if passed > MOST_TOLD {
            tracing::warn!("{} more folders of `{}` are passed over", passed - MOST_TOLD, stations.display());
        }
        if is_all {
            self.last.clear();
        }
        if heard > 0 {
            self.lay()?;
        }
        Ok(heard)
    }

    fn station(&self, own: &Path) -> Result<bool, ControlError> {
        if disk::is_no_folder(own) {
            return Ok(false);
        }
        let wish = read(own, "enrol.note", MOST_WISH_BYTES)?;
        if wish.is_empty() {
            return Ok(false);
        }
        let enrolment = self.centre.ask(&wish)?;
        put(&own.join("standing"), format!("{}\n", enrolment.standing).as_bytes())?;
        let origin = origin_of(&wish);
        // What lies in another's folder is nobody's.
        let Some(held) =
            self.centre.fleet.log(&origin)?.filter(|_| place(&self.root, &origin).as_deref() == Some(own))
        else {
            return Ok(false);
        };
        if held.standing != Standing::Enrolled {
            return Ok(false);
        }
        self.bytes(&own.join("bytes"), &origin)?;
        self.pushes(own, held)?;
        let held = self.centre.known_settled(&origin)?;
        if !held.head.is_empty() {
            put(&own.join("held.note"), held.head.as_bytes())?;
        }
        let word = read(own, "word.note", MOST_WORD_BYTES)?;
        if !word.is_empty() && word != held.word {
            self.centre.hear_carried(&held, &word)?;
        }
        Ok(true)
    }

    /// Takes the bytes that lie there; what is not what its name says goes, so that its station lays it again.
    fn bytes(&self, folder: &Path, origin: &str) -> Result<(), ControlError> {
        if disk::is_no_folder(folder) {
            return Ok(());
        }
        let named = |name: &String| {
            let (_, digest) = name.split_once('-')?;
            digest.parse::<Digest>().ok()
        };
        for name in names(folder).filter(|name| named(name).is_some()).take(MOST) {
            let path = folder.join(&name);
            let kind = name.split('-').next().unwrap_or_default();
            match disk::read_plain(&path, Push::MOST_BYTES) {
                Ok(bytes) if Some(Digest::of(&bytes)) == named(&name) => {
                    match self.centre.keep(origin, kind, &bytes) {
                        // There is room again behind the next push.
                        Err(ControlError::No(no)) if no.code == "blob-no-room" => continue,
                        Err(ControlError::No(no)) => tracing::warn!("`{name}` is refused: {}", no.code),
                        kept => drop(kept?),
                    }
                }
                Err(error) if !is_odd(&error) => {
                    tracing::warn!("`{}` is not read: {error}", path.display());
                    continue;
                }
                _ => {}
            }
            let _ = fs::remove_file(&path);
        }
        Ok(())
    }

    /// Takes the pushes in order, as far as they go on; those that are covered go.
    fn pushes(&self, own: &Path, mut held: Held) -> Result<(), ControlError> {
        let number = |name: String| name.strip_suffix(".push").and_then(|old| old.parse::<u64>().ok());
        for old in first(names(own).filter_map(number)) {
            let path = own.join(format!("{old}.push"));
            let bytes = disk::read_plain(&path, Push::MOST_BYTES).unwrap_or_default();
            let size = held.frontier.size();
            match self.centre.take(&held, &String::from_utf8_lossy(&bytes)) {
                Ok(_) => {
                    held = self.centre.fleet.log(&held.origin)?.unwrap_or(held);
                    let _ = fs::remove_file(&path);
                }
                // What came before, by this way or another, is done.
                Err(TakeError::Refused(Refusal::Elsewhere(_))) if old < size => {
                    let _ = fs::remove_file(&path);
                }
                Err(TakeError::Refused(why)) => {
                    tracing::warn!("`{}` is refused: {why}", path.display());
                    break;
                }
                Err(TakeError::Fleet(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Lays the packages there, trust files and blobs first, each note last.
    fn lay(&mut self) -> Result<(), ControlError> {
        for folder in ["trust", "blobs", "blobs/sha256"] {
            let folder = self.root.join(folder);
            if disk::is_no_folder(&folder) {
                tracing::warn!("no package is laid there: `{}` is no folder", folder.display());
                return Ok(());
            }
        }
        self.issued = self.centre.issued(&self.issued)?;
        let to = FolderFiles::new(&self.root);
        self.centre.lay(&*self.centre.files, &self.issued, &to).map(drop)
    }
}

fn tell(own: &str, error: &ControlError) {
    match error {
        ControlError::No(no) => tracing::warn!("`{own}` laid what is refused: {}", no.code),
        error => tracing::warn!("`{own}` is passed over: {error}"),
    }
}

/// The log of a wish that was found good.
fn origin_of(wish: &str) -> String {
    let line = wish.lines().nth(1).and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    line.and_then(|line| line["origin"].as_str().map(str::to_owned)).unwrap_or_default()
}

fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

/// The first [`MOST`] of `all` in their order, however many there are.
fn first<T: Ord>(all: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut first = BTreeSet::new();
    for one in all {
        first.insert(one);
        if first.len() > MOST {
            first.pop_last();
        }
    }
    first
}

/// The names behind `last` whose turn it is, and from the first again where they are fewer than a turn takes.
fn turn(stations: &Path, last: &str) -> Vec<String> {
    let is_behind = |name: &String| name.as_str() > last;
    let mut turn: Vec<String> = first(names(stations).filter(is_behind)).into_iter().collect();
    if turn.len() < MOST && !last.is_empty() {
        let left = MOST - turn.len();
        turn.extend(first(names(stations).filter(|name| !is_behind(name))).into_iter().take(left));
    }
    turn
}

/// Whether nothing that is to be read can lie there.
fn is_odd(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge)
}

/// The text that lies under `name` in a station's folder.
fn read(own: &Path, name: &str, most: usize) -> Result<String, ControlError> {
    let path = own.join(name);
    Ok(text(&path, most).at("read", &path)?)
}

/// Lays `bytes` there where they do not lie yet.
fn put(path: &Path, bytes: &[u8]) -> Result<(), ControlError> {
    if disk::read_plain(path, bytes.len()).is_ok_and(|lies| lies == bytes) {
        return Ok(());
    }
    Ok(disk::replace(path, bytes, 0o644)?)
}
