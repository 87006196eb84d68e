//! A station's log made again at the centre, from what came home of it: byte for byte, so that whatever reads a log –
//! pages, proofs, verification, bundles – reads this one too.
//!
//! It lies in `data/stations/<name>/`, laid out like a station's own folder, and is a copy that may go at any time: what
//! the centre holds is in its store. Nobody signs on it, since the station's private key never leaves the station.

use std::{fs, path::Path};

use super::Centre;
use crate::{
    config,
    control::{
        ControlError, Folder,
        again::{Source, again},
        folder::{Lock, open_log},
        names::blob,
    },
    disk::{self, At as _},
    evidence::Body,
    fleet::{FleetError, Held},
    programme,
    units::Digest,
    words::Message,
};

/// Leaves that are read of the store at once, in bytes.
const PAGE: usize = 4 << 20;

/// Letters of an origin's readable part in the name of its folder.
const READABLE: usize = 60;

/// The settings of the folder of a mirror: where log and public key lie below it.
const DATA: &str = "data";

impl Centre {
    /// The folder of the log called `origin`, made or brought up to what the centre holds now. Its settings and plan are
    /// those that the log itself keeps, as far as they can be read, else the centre's.
    ///
    /// # Errors
    ///
    /// A no where nobody asked for that log or nothing came of it yet; else the store or the disk failed.
    pub fn mirror(&self, origin: &str) -> Result<Folder, ControlError> {
        let held = self.known(origin)?;
        if held.frontier.size() == 0 {
            return Err(Message::new("mirror-none").with("origin", origin).into());
        }
        let root = self.folder.data().join("stations").join(folder_name(origin));
        let mut folder = self.bare(&root, &held);
        let lock = lock(&folder)?;
        self.bring_up(&folder, &held)?;
        drop(lock);
        as_the_log_says(&mut folder)?;
        Ok(folder)
    }

    /// Lays the log called `origin` as it is held into the folder `to`: `log.db` and `station.pub`, as a station keeps an
    /// epoch that ended. With it a station that lost disk and key goes on. Gives how many entries it has.
    ///
    /// # Errors
    ///
    /// A no where nobody asked for that log, nothing came of it yet, or a log stands in `to` already.
    pub fn lay_log(&self, origin: &str, to: &Path) -> Result<u64, ControlError> {
        let held = self.known(origin)?;
        if held.frontier.size() == 0 {
            return Err(Message::new("mirror-none").with("origin", origin).into());
        }
        let path = to.join("log.db");
        if path.exists() {
            return Err(Message::new("copy-exists").with("file", path.display()).into());
        }
        disk::make_folder(to)?;
        let text = format!("{}\n", held.key.as_text());
        disk::replace(&to.join("station.pub"), text.as_bytes(), 0o644)?;
        self.made(&path, &held)
    }

    /// The folder at `root` before anything was read of the log.
    fn bare(&self, root: &Path, held: &Held) -> Folder {
        let mut folder = Folder::clone(&self.folder);
        folder.root = root.into();
        folder.station.data = DATA.into();
        held.station().clone_into(&mut folder.station.id);
        folder.masters = folder.data().join("masters");
        folder.centre = None;
        folder.findings = Vec::new();
        folder
    }

    /// Makes the log of `folder` what is `held`, where it is not.
    fn bring_up(&self, folder: &Folder, held: &Held) -> Result<(), ControlError> {
        let log = folder.log_path();
        disk::make_folder(&folder.data().join("keys"))?;
        self.lay_keys(folder, held)?;
        let size = held.frontier.size();
        let here = if log.exists() { open_log(&log).and_then(|log| Ok(log.size()?)).ok() } else { Some(0) };
        let here = match here {
            Some(here) if here == size => here,
            Some(0) => self.made(&log, held)?,
            Some(_) => self.made(&log, held).unwrap_or(0),
            None => 0,
        };
        if here != size {
            // What stands here is not the beginning of what the centre holds: a copy that somebody changed.
            clear(folder)?;
            self.made(&log, held)?;
        }
        Ok(())
    }

    /// Appends what is missing to the log at `path`, or makes it from nothing. Gives its size.
    fn made(&self, path: &Path, held: &Held) -> Result<u64, ControlError> {
        let mut leaves = |from| self.fleet.leaves(&held.origin, from, PAGE);
        let mut bytes = |digest| Ok::<_, FleetError>(self.fleet.kept(digest)?.map(|(_, bytes)| bytes));
        let source = Source { leaves: &mut leaves, bytes: &mut bytes };
        Ok(again(path, (&held.head, &held.key), source)??)
    }

    /// The public key of the log, and that of the epoch before where the centre knows it.
    fn lay_keys(&self, folder: &Folder, held: &Held) -> Result<(), ControlError> {
        let lay = |path: &Path, text: &str| match fs::read_to_string(path) {
            Ok(there) if there.trim() == text => Ok(()),
            _ => disk::replace(path, format!("{text}\n").as_bytes(), 0o644),
        };
        lay(&folder.key_path("station").with_extension("pub"), held.key.as_text())?;
        let Some((name, before)) = held.origin.rsplit_once('/').zip(held.epoch().checked_sub(1)) else {
            return Ok(());
        };
        if let Some(earlier) = self.fleet.log(&format!("{}/{before}", name.0))? {
            let epoch = folder.data().join("epochs").join(before.to_string());
            disk::make_folder(&epoch)?;
            lay(&epoch.join("station.pub"), earlier.key.as_text())?;
        }
        Ok(())
    }
}

/// Removes a copy that is none.
fn clear(folder: &Folder) -> Result<(), ControlError> {
    tracing::warn!("the copy in `{}` is not what came home, and is made anew", folder.root.display());
    let data = folder.data();
    for entry in fs::read_dir(&data).at("read", &data)? {
        let path = entry.at("read", &data)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("log.") {
            fs::remove_file(&path).at("remove", &path)?;
        }
    }
    Ok(())
}

/// What the log in `folder` says of its own settings and plan, where they can be read.
fn as_the_log_says(folder: &mut Folder) -> Result<(), ControlError> {
    let log = open_log(&folder.log_path())?;
    let said = log.last_of("config", log.size()?)?.map(|entry| entry.body);
    let Some(Body::Config { digest, plan, station, unit, .. }) = said else { return Ok(()) };
    (folder.station.id, folder.station.unit) = (station, unit);
    if let Some(bytes) = blob(&log, digest)?
        && let Some(station) = config::read(Folder::STATION_FILE, &bytes).0
    {
        folder.station = config::Station { data: DATA.into(), ..station };
        folder.station_bytes = bytes;
    }
    if let Some(bytes) = blob(&log, plan)?
        && let Some(plan) = programme::plan::read("plan", &bytes).0
    {
        (folder.plan, folder.plan_bytes) = (plan, bytes);
    }
    Ok(())
}

/// Waits until nobody makes this mirror, and keeps everybody else from it.
fn lock(folder: &Folder) -> Result<Lock, ControlError> {
    disk::make_folder(&folder.root)?;
    folder.alone("mirror.lock")
}

/// The folder of the log called `origin`: what people can read of it, and what tells it from every other.
fn folder_name(origin: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let mut parts: Vec<&str> = origin.rsplit('/').take(2).collect();
    parts.reverse();
    let readable: String = parts.join("-").chars().map(plain).take(READABLE).collect();
    format!("{readable}-{}", &Digest::of(origin.as_bytes()).to_string()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_log_has_a_folder_of_its_own_within_the_folder_of_mirrors() {
        let names = ["loa/station/pho-an/1", "x/station/pho-an/1", "loa/station/../..", "loa/station/a-1/2"];
        let names = names.map(folder_name);
        assert!(names[0].starts_with("pho-an-1-") && names[3].starts_with("a-1-2-"), "{names:?}");
        let plain = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        assert!(names.iter().all(plain), "{names:?}");
        assert_ne!(names[0], names[1]);
        assert_ne!(folder_name("loa/station/a-1/2"), folder_name("loa/station/a/1-2"));
        assert!(folder_name(&format!("loa/station/{}/1", "đ".repeat(400))).len() < 80);
    }
}
