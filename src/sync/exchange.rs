//! The centre's end of a folder that is shared or carried: takes what stations laid there, and lays there what is theirs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::carried::{place, text};
use crate::{
    control::{Centre, ControlError, Issued, TakeError},
    disk,
    fleet::{FolderFiles, Held, Push, Refusal, Standing},
};

/// Stations of one folder, and pieces of one station, that are looked at in one round.
const MOST: usize = 2000;

/// A folder between a centre and its stations.
pub struct Exchange {
    centre: Centre,
    root: PathBuf,
    issued: Issued,
}

impl Exchange {
    /// The folder `root` of `centre`.
    #[must_use]
    pub fn new(centre: Centre, root: &Path) -> Exchange {
        Exchange { centre, root: root.into(), issued: Issued::default() }
    }

    /// Goes through the folder once; gives how many stations were heard. A folder that is not there is none of its
    /// stations' fault: a stick that was pulled.
    pub fn step(&mut self) -> Result<usize, ControlError> {
        let mut heard = 0;
        let stations = self.root.join("stations");
        for own in names(&stations) {
            match self.station(&stations.join(&own)) {
                Ok(true) => heard += 1,
                Ok(false) => {}
                Err(ControlError::No(no)) => tracing::warn!("`{own}` laid what is refused: {}", no.code),
                Err(error) => return Err(error),
            }
        }
        if heard > 0 {
            self.lay()?;
        }
        Ok(heard)
    }

    fn station(&self, own: &Path) -> Result<bool, ControlError> {
        let wish = text(&own.join("enrol.note")).unwrap_or_default();
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
        self.bytes(&own.join("bytes"))?;
        let held = self.pushes(own, held)?;
        if !held.head.is_empty() {
            put(&own.join("held.note"), held.head.as_bytes())?;
        }
        let word = text(&own.join("word.note")).unwrap_or_default();
        if !word.is_empty() && word != held.word {
            self.centre.hear(&held, &word)?;
        }
        Ok(true)
    }

    fn bytes(&self, folder: &Path) -> Result<(), ControlError> {
        for name in names(folder) {
            let path = folder.join(&name);
            let Some((kind, digest)) = name.split_once('-') else { continue };
            if let Some(bytes) = read_short(&path)
                && crate::units::Digest::of(&bytes).to_string() == digest
            {
                self.centre.keep(kind, &bytes)?;
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }

    /// Takes the pushes in order, as far as they go on; those that are covered go.
    fn pushes(&self, own: &Path, mut held: Held) -> Result<Held, ControlError> {
        let number = |name: &String| name.strip_suffix(".push").and_then(|old| old.parse::<u64>().ok());
        let mut olds: Vec<u64> = names(own).iter().filter_map(number).collect();
        olds.sort_unstable();
        for old in olds {
            let path = own.join(format!("{old}.push"));
            let bytes = read_short(&path).unwrap_or_default();
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
        Ok(held)
    }

    /// Lays the packages there, trust files and blobs first, each note last.
    fn lay(&mut self) -> Result<(), ControlError> {
        self.issued = self.centre.issued(&self.issued)?;
        let to = FolderFiles::new(&self.root);
        for name in self.issued.names(&*self.centre.files)? {
            self.centre.copy(&*self.centre.files, &name, &to)?;
        }
        Ok(())
    }
}

/// The log of a wish that was found good.
fn origin_of(wish: &str) -> String {
    let line = wish.lines().nth(1).and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    line.and_then(|line| line["origin"].as_str().map(str::to_owned)).unwrap_or_default()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.take(MOST).filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

/// The bytes of a plain file that is no longer than a push.
fn read_short(path: &Path) -> Option<Vec<u8>> {
    let found = fs::symlink_metadata(path).ok()?;
    let short = found.is_file() && found.len() <= Push::MOST_BYTES as u64;
    if short { fs::read(path).ok() } else { None }
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), ControlError> {
    if read_short(path).as_deref() == Some(bytes) {
        return Ok(());
    }
    Ok(disk::replace(path, bytes, 0o644)?)
}
