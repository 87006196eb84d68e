//! What a station shall hold comes into a folder in the layout of a stick, and is imported from there as from any stick.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{SyncError, Transport};
use crate::{
    config::{Link, Way},
    control::{self, Ask, Became, ControlError, Desired, Folder, Reply, Studio, file_error},
    package::Manifest,
    units::{Digest, Month},
    words::Message,
};

/// So much of the disk stays free for what airs.
const STAYS_FREE: u64 = 500 << 20;

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// All that was wanted.
    All,
    /// What is urgent; the rest comes behind it.
    Urgent,
    /// A part, since by now something else is wanted.
    Otherwise,
}

/// Where it comes together.
pub(super) struct Fetch {
    inbox: PathBuf,
    /// Notes of packages that were taken, or refused: neither is fetched again.
    done: BTreeSet<Digest>,
    /// Notes of packages that were refused because their time had not come, with that time, in milliseconds since 1970.
    later: BTreeMap<Digest, i64>,
    /// The number of the newest package of each month.
    newest: BTreeMap<Month, u64>,
    /// The folder that both see: nothing is fetched out of it before it is believed.
    shared: Option<PathBuf>,
}

impl Fetch {
    pub(super) fn new(folder: &Folder, link: &Link) -> Fetch {
        let shared = match &link.way {
            Way::Folder(path) => Some(path.clone()),
            Way::Https { .. } => None,
        };
        let inbox = folder.data().join("inbox");
        Fetch { inbox, done: BTreeSet::new(), later: BTreeMap::new(), newest: BTreeMap::new(), shared }
    }

    /// Whether the time of something has come that came too early.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.later.values().any(|from| *from <= now.timestamp_millis())
    }

    /// Brings what is `desired` and not here yet into the inbox. What is urgent comes first, and waits for nothing else;
    /// nothing else comes where `urgent_only`.
    pub(super) fn fetch(
        &mut self,
        way: &mut dyn Transport,
        desired: &Desired,
        now: DateTime<Utc>,
        urgent_only: bool,
    ) -> Result<Came, SyncError> {
        if self.shared.is_some() {
            return Ok(Came::All);
        }
        let made = fs::create_dir_all(self.inbox.join("blobs/sha256"))
            .and_then(|()| fs::create_dir_all(self.inbox.join("trust")));
        made.map_err(|error| own("make the folder", &self.inbox, error))?;
        for version in &desired.trusts {
            self.whole(way, &format!("trust/{version}.note"), &desired.tag)?;
        }
        // The newest first: of a month nothing older is wanted.
        let mut manifests = Vec::new();
        let early = |digest| self.later.get(digest).is_some_and(|from| *from > now.timestamp_millis());
        let known = |digest| self.done.contains(digest) || early(digest);
        for (seq, digest) in desired.packages.iter().rev().filter(|(_, digest)| !known(digest)) {
            match self.note(way, *seq, *digest, &desired.tag) {
                Ok(manifest) => manifests.push((*seq, manifest)),
                // What is not at the centre comes in its own time or never; the import says by name what is missing.
                Err(SyncError::Refused { status: 404, .. }) => {
                    tracing::warn!("package {seq} is not whole at the centre");
                }
                Err(error) => return Err(error),
            }
        }
        let is_urgent = |manifest: &Option<Manifest>| manifest.as_ref().is_some_and(|it| it.urgent.is_some());
        let hurry = urgent_only || manifests.iter().any(|(_, manifest)| is_urgent(manifest));
        for (seq, manifest) in manifests {
            let of_month = manifest.as_ref().filter(|it| it.urgent.is_none()).map(|it| it.month);
            // Where something urgent comes, months come with the next round: they are imported together.
            if hurry && !is_urgent(&manifest) || of_month.is_some_and(|month| self.is_older(month, seq)) {
                let _ = fs::remove_file(self.inbox.join(format!("{seq}.note")));
                continue;
            }
            match manifest.map_or(Ok(true), |manifest| self.bytes(way, &manifest, &desired.tag)) {
                Err(SyncError::Refused { status: 404, .. }) => {
                    tracing::warn!("package {seq} is not whole at the centre");
                }
                Ok(false) => return Ok(Came::Otherwise),
                brought => drop(brought?),
            }
        }
        Ok(if hurry { Came::Urgent } else { Came::All })
    }

    /// Whether a newer package of `month` was seen than the one numbered `seq`.
    fn is_older(&mut self, month: Month, seq: u64) -> bool {
        let newest = self.newest.entry(month).or_insert(seq);
        *newest = seq.max(*newest);
        *newest > seq
    }

    /// Brings note and proof of a package; a note that says nothing readable is refused by name when it is imported.
    fn note(
        &self,
        way: &mut dyn Transport,
        seq: u64,
        digest: Digest,
        wanted: &str,
    ) -> Result<Option<Manifest>, SyncError> {
        let path = self.whole(way, &format!("{seq}.note"), wanted)?;
        let note = fs::read(&path).map_err(|error| own("read", &path, error))?;
        if Digest::of(&note) != digest {
            // Half of it, or another: it is asked for anew.
            let _ = fs::remove_file(&path);
            return Err(SyncError::Unclear);
        }
        self.whole(way, &format!("{seq}.tlog-proof"), wanted)?;
        Ok(Manifest::unchecked(&note).0)
    }

    /// Brings everything that a package names; gives whether that is here, or something else is wanted by now.
    fn bytes(&self, way: &mut dyn Transport, manifest: &Manifest, wanted: &str) -> Result<bool, SyncError> {
        let parts: Vec<_> = manifest.parts().collect();
        let needed: u64 = parts.iter().map(|part| part.bytes).sum();
        let free = crate::disk::free_bytes(&self.inbox).map_err(ControlError::from)?;
        if needed.saturating_add(STAYS_FREE) > free {
            let no = Message::new("package-room").with("needed", needed >> 20).with("free", free >> 20);
            return Err(ControlError::from(no).into());
        }
        for part in parts {
            let path = self.inbox.join(format!("blobs/sha256/{}", part.sha256));
            let before = fs::metadata(&path).map_or(0, |found| found.len());
            if before > part.bytes {
                let _ = fs::remove_file(&path);
            }
            let name = format!("blobs/sha256/{}", part.sha256);
            if before != part.bytes && !way.fetch(&name, &path, wanted)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Fetches a small file anew: half of an old one tells nothing.
    fn whole(&self, way: &mut dyn Transport, name: &str, wanted: &str) -> Result<PathBuf, SyncError> {
        let path = self.inbox.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(own("remove", &path, error)),
            _ => {}
        }
        if way.fetch(name, &path, wanted)? { Ok(path) } else { Err(SyncError::Unclear) }
    }

    /// Imports what came; what was refused is an entry and is not fetched again, unless it was too early. What came of others
    /// stays where `all` did not come yet.
    pub(super) fn import(&mut self, studio: &Studio, all: bool) -> Result<(), SyncError> {
        let (from, now) = (self.shared.as_ref().unwrap_or(&self.inbox), studio.now());
        // Only now: had the line broken before, it would have to be fetched again.
        self.later.retain(|_, from| *from > now.timestamp_millis());
        if !holds_packages(from) {
            return Ok(());
        }
        let mut enter = |ask: Ask| match studio.ask_waiting(ask) {
            Reply::Done(_) => Ok(()),
            Reply::No(said) => Err(SyncError::Away(said.code)),
            Reply::Failed(words) => Err(SyncError::Away(words)),
            Reply::Status(_) | Reply::Pruned(_) => Err(SyncError::Unclear),
        };
        let arrivals = control::import(&studio.folder, from, now, "", &mut enter)?;
        for arrival in &arrivals {
            let path = from.join(&arrival.file);
            let bytes = fs::read(&path).unwrap_or_default();
            let digest = Digest::of(&bytes);
            let mut later = None;
            if let Became::Refused(no) = &arrival.became {
                tracing::warn!("`{}` of the centre is refused: {}", arrival.file, no.code);
                later = Manifest::unchecked(&bytes).0.filter(|_| no.code == Manifest::NOT_YET);
            }
            match later {
                Some(manifest) => drop(self.later.insert(digest, manifest.not_before_ms)),
                None => drop(self.done.insert(digest)),
            }
            if self.shared.is_none() {
                let _ = fs::remove_file(path);
            }
        }
        if arrivals.iter().any(|arrival| arrival.became == Became::Taken) {
            let _ = studio.ask_waiting(Ask::Look {});
        }
        if self.shared.is_none() && all {
            // What was taken has its place; what was refused is told and needs none.
            let _ = fs::remove_dir_all(&self.inbox);
        }
        Ok(())
    }
}

fn holds_packages(from: &Path) -> bool {
    fs::read_dir(from).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.path().extension().is_some_and(|end| end == "note"))
    })
}

fn own(attempt: &'static str, path: &Path, error: io::Error) -> SyncError {
    SyncError::Own(file_error(attempt, path, error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{control::Enrolment, fleet::Push, sync::Answer};

    /// A line that breaks whatever is asked.
    struct Broken;

    fn away<T>() -> Result<T, SyncError> {
        Err(SyncError::Away("the line broke".into()))
    }

    impl Transport for Broken {
        fn enrol(&mut self, _: &str) -> Result<Enrolment, SyncError> {
            away()
        }

        fn head(&mut self, _: Duration) -> Result<String, SyncError> {
            away()
        }

        fn push(&mut self, _: &Push) -> Result<Answer, SyncError> {
            away()
        }

        fn missing(&mut self, _: &[Digest]) -> Result<Vec<Digest>, SyncError> {
            away()
        }

        fn bring(&mut self, _: &str, _: &[u8]) -> Result<(), SyncError> {
            away()
        }

        fn speak(&mut self, _: &str, _: &str, _: Duration) -> Result<Desired, SyncError> {
            away()
        }

        fn fetch(&mut self, _: &str, _: &Path, _: &str) -> Result<bool, SyncError> {
            away()
        }

        fn leaves(&mut self, _: u64) -> Result<Vec<String>, SyncError> {
            away()
        }

        fn retained(&mut self, _: Digest) -> Result<Option<Vec<u8>>, SyncError> {
            away()
        }
    }

    #[test]
    fn what_came_too_early_stays_due_though_the_line_breaks_in_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let (early, inbox) = (Digest::of(b"early"), folder.path().join("inbox"));
        let later = BTreeMap::from([(early, 1000)]);
        let mut fetch = Fetch { inbox, done: BTreeSet::new(), later, newest: BTreeMap::new(), shared: None };
        let desired = Desired { packages: vec![(2, early)], ..Desired::default() };
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap();
        assert!(!fetch.is_due(at(999)) && fetch.is_due(at(1000)));
        assert_eq!(
            fetch.fetch(&mut Broken, &desired, at(999), false).unwrap(),
            Came::All,
            "it is not asked for"
        );
        fetch.fetch(&mut Broken, &desired, at(1000), false).unwrap_err();
        assert!(fetch.is_due(at(1001)), "and is tried again");
    }
}
