//! What a station shall hold comes into a folder in the layout of a stick, and is imported from there as from any stick.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{SyncError, Transport};
use crate::{
    config::{Link, Way},
    control::{self, Arrival, Ask, Became, ControlError, Desired, Folder, Reply, Studio, file_error},
    disk,
    package::{Manifest, Part, Shelf},
    units::Digest,
    words::Message,
};

/// Longest note, proof and trust file: what the signed-note format takes.
const LONGEST_NOTE: u64 = 1_000_000;

/// What came to nothing for a cause that passes is tried again after this.
const TRY_AGAIN: TimeDelta = TimeDelta::hours(1);

/// The clock was set where it went further than this beside the time that passed.
const STEP: TimeDelta = TimeDelta::minutes(1);

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

/// A package as it is desired: its number, and the digest of its note.
type Named = (u64, Digest);

/// Where it comes together.
pub(super) struct Fetch {
    inbox: PathBuf,
    /// Packages of which nothing more is wanted: taken, or refused for what their signed bytes say.
    done: BTreeSet<Named>,
    /// Packages that came to nothing for a cause that passes, and when they are tried again, in milliseconds since 1970.
    later: BTreeMap<Named, i64>,
    /// A moment on both clocks: what they do not agree on since then is a clock that was set.
    seen: Option<(Instant, DateTime<Utc>)>,
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
        Fetch { inbox, done: BTreeSet::new(), later: BTreeMap::new(), seen: None, shared }
    }

    /// Whether something is to be tried again `now`: its time has come, or the clock was set since this was last asked.
    pub(super) fn is_due(&mut self, now: DateTime<Utc>, at: Instant) -> bool {
        let passed = |then: Instant| TimeDelta::from_std(at.duration_since(then)).unwrap_or(TimeDelta::MAX);
        if self.seen.is_some_and(|(then, wall)| ((now - wall) - passed(then)).abs() > STEP) {
            // Of every time that was too early or too late nothing is known any more.
            self.later.values_mut().for_each(|from| *from = i64::MIN);
        }
        self.seen = Some((at, now));
        self.later.values().any(|from| *from <= now.timestamp_millis())
    }

    /// Brings what is `desired` and not here yet, and imports each package as soon as it is whole. What is urgent comes first,
    /// and waits for nothing else; nothing else comes where `urgent_only`.
    pub(super) fn fetch(
        &mut self,
        way: &mut dyn Transport,
        studio: &Studio,
        desired: &Desired,
        urgent_only: bool,
    ) -> Result<Came, SyncError> {
        if let Some(from) = self.shared.clone() {
            let now = studio.now();
            self.later.retain(|_, from| *from > now.timestamp_millis());
            if holds_packages(&from) {
                self.import(studio, &from)?;
            }
            return Ok(Came::All);
        }
        self.prepare()?;
        self.trusts(way, studio, desired)?;
        let (urgent, rest) = self.notes(way, studio, desired)?;
        // Where something urgent came, months come with the next round: the log of what was taken comes home before them.
        let hurry = urgent_only || !urgent.is_empty();
        for package in urgent.into_iter().chain(rest.into_iter().filter(|_| !hurry)) {
            if !self.package(way, studio, package, &desired.tag)? {
                return Ok(Came::Otherwise);
            }
        }
        if hurry {
            return Ok(Came::Urgent);
        }
        self.later.retain(|package, _| package.0 == 0 || desired.packages.contains(package));
        if self.later.is_empty() || fs::remove_dir(self.inbox.join("blobs/sha256")).is_ok() {
            // No bytes wait for another time. What was taken has its place; what was refused is told and needs none.
            let _ = fs::remove_dir_all(&self.inbox);
        }
        Ok(Came::All)
    }

    /// Makes the inbox. Notes that lie there from before go: an import finds what is whole and nothing else.
    fn prepare(&self) -> Result<(), SyncError> {
        for below in ["", "trust", "waiting"] {
            let folder = self.inbox.join(below);
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|kind| !kind.is_dir()) {
                    let path = entry.path();
                    fs::remove_file(&path).map_err(|error| own("remove", &path, error))?;
                }
            }
        }
        for below in ["blobs/sha256", "trust", "waiting"] {
            let folder = self.inbox.join(below);
            fs::create_dir_all(&folder).map_err(|error| own("make the folder", &folder, error))?;
        }
        Ok(())
    }

    /// Brings and takes the trust files that follow on the one in force: packages are judged by the last.
    fn trusts(
        &mut self,
        way: &mut dyn Transport,
        studio: &Studio,
        desired: &Desired,
    ) -> Result<(), SyncError> {
        let in_force = control::trust_in_force(&studio.folder)?;
        let Some(in_force) = in_force else {
            // Nobody can tell good from bad here yet.
            let none = || Err(ControlError::from(Message::new("trust-none")).into());
            return if desired.packages.is_empty() { Ok(()) } else { none() };
        };
        let new: Vec<_> = desired.trusts.iter().filter(|version| **version > in_force.version).collect();
        self.later.retain(|package, _| package.0 != 0);
        for version in &new {
            let name = format!("trust/{version}.note");
            // Without it what is in force goes on to be.
            if let Err(error) = self.whole(way, &name, &name, &desired.tag) {
                self.not_whole(studio, (0, Digest::of(b"trust")), error)?;
                break;
            }
        }
        if !new.is_empty() {
            let arrivals = self.import(studio, &self.inbox.clone())?;
            if arrivals.iter().any(|arrival| matches!(arrival.became, Became::Refused(_))) {
                let again = (studio.now() + TRY_AGAIN).timestamp_millis();
                self.later.insert((0, Digest::of(b"trust")), again);
            }
        }
        Ok(())
    }

    /// Brings the notes and proofs of packages that are not known yet, the newest first: those that are urgent, and the
    /// others.
    fn notes(
        &mut self,
        way: &mut dyn Transport,
        studio: &Studio,
        desired: &Desired,
    ) -> Result<(Vec<Named>, Vec<Named>), SyncError> {
        let now = studio.now();
        let early =
            |package: &Named| self.later.get(package).is_some_and(|from| *from > now.timestamp_millis());
        let is_new = |package: &&Named| !self.done.contains(package) && !early(package);
        let new: Vec<Named> = desired.packages.iter().rev().filter(is_new).copied().collect();
        let held = control::held(&studio.folder, &new)?;
        let (mut urgent, mut rest) = (Vec::new(), Vec::new());
        for package in new {
            if held.contains(&package.1) {
                self.is_done(package);
                continue;
            }
            match self.note(way, package, &desired.tag) {
                Ok(true) => urgent.push(package),
                Ok(false) => rest.push(package),
                Err(error) => self.not_whole(studio, package, error)?,
            }
        }
        Ok((urgent, rest))
    }

    /// Brings note and proof of a package, to where they wait for its bytes; gives whether it says that it is urgent.
    fn note(&self, way: &mut dyn Transport, (seq, digest): Named, wanted: &str) -> Result<bool, SyncError> {
        let name = format!("{seq}.note");
        let path = self.whole(way, &name, &format!("waiting/{name}"), wanted)?;
        let note = fs::read(&path).map_err(|error| own("read", &path, error))?;
        if Digest::of(&note) != digest {
            return Err(SyncError::Other(name));
        }
        let name = format!("{seq}.tlog-proof");
        self.whole(way, &name, &format!("waiting/{name}"), wanted)?;
        Ok(Manifest::unchecked(&note).0.is_some_and(|manifest| manifest.urgent.is_some()))
    }

    /// Brings what a package lacks, and imports it; gives whether that was done, or something else is wanted by now.
    fn package(
        &mut self,
        way: &mut dyn Transport,
        studio: &Studio,
        package: Named,
        wanted: &str,
    ) -> Result<bool, SyncError> {
        let waiting = self.inbox.join("waiting");
        let lacks = control::lacks(&studio.folder, &Shelf::new(&waiting), package.0, studio.now());
        let parts = match lacks {
            Ok(Some(parts)) => parts,
            Ok(None) => {
                self.is_done(package);
                return Ok(true);
            }
            Err(ControlError::No(no)) => return self.turn_away(studio, package, &no).map(|()| true),
            Err(error) => return Err(error.into()),
        };
        match self.bytes(way, &parts, wanted) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(SyncError::Own(ControlError::No(no))) => {
                return self.turn_away(studio, package, &no).map(|()| true);
            }
            Err(error) => return self.not_whole(studio, package, error).map(|()| true),
        }
        for name in [format!("{}.tlog-proof", package.0), format!("{}.note", package.0)] {
            let (from, to) = (waiting.join(&name), self.inbox.join(&name));
            fs::rename(&from, &to).map_err(|error| own("move", &from, error))?;
        }
        self.import(studio, &self.inbox.clone())?;
        if self.done.contains(&package) {
            for part in parts {
                let _ = fs::remove_file(self.inbox.join(blob(part)));
            }
        }
        Ok(true)
    }

    /// Brings `parts`; gives whether they are here, or something else is wanted by now.
    fn bytes(&self, way: &mut dyn Transport, parts: &[Part], wanted: &str) -> Result<bool, SyncError> {
        let here = |part: &Part| fs::metadata(self.inbox.join(blob(*part))).ok().map(|found| found.len());
        // Once for the inbox, and once for its place.
        let to_come = |part: &Part| part.bytes.saturating_sub(here(part).unwrap_or_default());
        let needed: u64 = parts.iter().map(|part| to_come(part) + part.bytes).sum();
        let free = disk::free_bytes(&self.inbox).map_err(ControlError::from)?;
        if needed.saturating_add(disk::STAYS_FREE) > free {
            return Err(no_room(needed, free));
        }
        let inbox = Shelf::new(&self.inbox);
        for part in parts {
            let (name, path) = (blob(*part), self.inbox.join(blob(*part)));
            // What came earlier may be spoilt: then it comes once more from its first byte.
            for is_new in [here(part).is_none(), true] {
                if here(part).is_some_and(|bytes| bytes > part.bytes) {
                    remove(&path)?;
                }
                if here(part) != Some(part.bytes) && !way.fetch(&name, &path, part.bytes, wanted)? {
                    return Ok(false);
                }
                match inbox.pour(*part, &mut io::sink()) {
                    Ok(()) => break,
                    Err(error) => {
                        remove(&path)?;
                        if is_new {
                            return Err(ControlError::from(error).into());
                        }
                    }
                }
            }
        }
        Ok(true)
    }

    /// Fetches a small file anew: half of an old one tells nothing.
    fn whole(
        &self,
        way: &mut dyn Transport,
        name: &str,
        to: &str,
        wanted: &str,
    ) -> Result<PathBuf, SyncError> {
        let path = self.inbox.join(to);
        remove(&path)?;
        if way.fetch(name, &path, LONGEST_NOTE, wanted)? { Ok(path) } else { Err(SyncError::Unclear) }
    }

    fn is_done(&mut self, package: Named) {
        self.later.remove(&package);
        self.done.insert(package);
    }

    /// What was refused is not fetched again where its bytes alone tell why; else later.
    fn is_refused(&mut self, package: Named, note: &[u8], code: &str, now: DateTime<Utc>) {
        tracing::warn!("package {} of the centre is refused: {code}", package.0);
        if control::is_for_good(code) {
            return self.is_done(package);
        }
        let in_its_time = Manifest::unchecked(note).0.filter(|_| code == Manifest::NOT_YET);
        let again = in_its_time.map_or((now + TRY_AGAIN).timestamp_millis(), |it| it.not_before_ms);
        self.later.insert(package, again);
    }

    /// Enters that a package is refused of which not all came.
    fn turn_away(&mut self, studio: &Studio, package: Named, no: &Message) -> Result<(), SyncError> {
        let path = self.inbox.join(format!("waiting/{}.note", package.0));
        let note = fs::read(&path).map_err(|error| own("read", &path, error))?;
        // Once, so that the hour to wait does not begin behind its entry.
        let now = studio.now();
        control::turn_away(&studio.folder, &note, no, now, &mut enter(studio))?;
        self.is_refused(package, &note, no.code, now);
        Ok(())
    }

    /// What the centre does not have, or has otherwise than it says, keeps nothing else from coming; any other `error` does.
    fn not_whole(&mut self, studio: &Studio, package: Named, error: SyncError) -> Result<(), SyncError> {
        match error {
            SyncError::Refused { status: 404, .. } | SyncError::Other(_) => {
                tracing::warn!("package {} is not whole at the centre: {error}", package.0);
                self.later.insert(package, (studio.now() + TRY_AGAIN).timestamp_millis());
                Ok(())
            }
            error => Err(error),
        }
    }

    /// Imports what lies in `from`; what was refused is an entry.
    fn import(&mut self, studio: &Studio, from: &Path) -> Result<Vec<Arrival>, SyncError> {
        let now = studio.now();
        let arrivals = control::import(&studio.folder, from, now, "", &mut enter(studio))?;
        for arrival in &arrivals {
            let number = arrival.file.strip_suffix(".note").and_then(|number| number.parse().ok());
            let Some(seq) = number else { continue };
            let path = from.join(&arrival.file);
            let bytes = fs::read(&path).unwrap_or_default();
            let package = (seq, Digest::of(&bytes));
            match &arrival.became {
                Became::Refused(no) => self.is_refused(package, &bytes, no.code, now),
                _ => self.is_done(package),
            }
            if self.shared.is_none() {
                let _ = fs::remove_file(path);
            }
        }
        if arrivals.iter().any(|arrival| arrival.became == Became::Taken) {
            let _ = studio.ask_waiting(Ask::Look {});
        }
        Ok(arrivals)
    }
}

/// Makes entries durable at the station of `studio`.
fn enter(studio: &Studio) -> impl FnMut(Ask) -> Result<(), SyncError> {
    |ask| match studio.ask_waiting(ask) {
        Reply::Done(_) => Ok(()),
        Reply::No(said) => Err(SyncError::Away(said.code)),
        Reply::Failed(words) => Err(SyncError::Away(words)),
        Reply::Status(_) | Reply::Pruned(_) => Err(SyncError::Unclear),
    }
}

fn blob(part: Part) -> String {
    format!("blobs/sha256/{}", part.sha256)
}

fn remove(path: &Path) -> Result<(), SyncError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(own("remove", path, error)),
        _ => Ok(()),
    }
}

/// That the disk has not room for so many bytes, and what stays free beside them.
fn no_room(needed: u64, free: u64) -> SyncError {
    let no = Message::new("package-room").with("needed", needed >> 20).with("free", free >> 20);
    ControlError::from(no).into()
}

/// Refuses to write on where the disk below `path` has no more than what stays free for what airs.
pub(super) fn leave_room(path: &Path) -> Result<(), SyncError> {
    let free = disk::free_bytes(path.parent().unwrap_or(path)).map_err(ControlError::from)?;
    if free < disk::STAYS_FREE { Err(no_room(0, free)) } else { Ok(()) }
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

    #[test]
    fn what_came_too_early_is_due_in_its_time_and_when_the_clock_was_set() {
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap();
        let early = (2, Digest::of(b"early"));
        let (inbox, later) = (PathBuf::new(), BTreeMap::from([(early, 1_000_000)]));
        let mut fetch = Fetch { inbox, done: BTreeSet::new(), later, seen: None, shared: None };
        let (start, passes) = (Instant::now(), Duration::from_millis);
        assert!(!fetch.is_due(at(0), start));
        assert!(!fetch.is_due(at(999_999), start + passes(999_999)), "time only passed");
        assert!(fetch.is_due(at(1_000_000), start + passes(1_000_000)));
        fetch.later.insert(early, 9_000_000);
        assert!(!fetch.is_due(at(1_059_000), start + passes(1_000_000)), "a clock is put right softly");
        for set in [1_121_000, 900_000] {
            fetch.later.insert(early, 9_000_000);
            assert!(fetch.is_due(at(set), start + passes(1_001_000)), "set to {set}");
        }
    }

    #[test]
    fn only_what_signed_bytes_tell_is_refused_for_good() {
        let package = (2, Digest::of(b"note"));
        let now = DateTime::from_timestamp_millis(5_000).unwrap();
        let passing = ["package-expired", "trust-expired", "package-other-audio", "package-room"];
        let passing = passing.into_iter().chain(["package-changed", "package-trust-newer"]);
        for (code, good) in passing.map(|code| (code, false)).chain([("package-signature", true)]) {
            let (inbox, later) = (PathBuf::new(), BTreeMap::new());
            let mut fetch = Fetch { inbox, done: BTreeSet::new(), later, seen: None, shared: None };
            fetch.is_refused(package, b"", code, now);
            assert_eq!(fetch.done.contains(&package), good, "{code}");
            let again = (!good).then_some(3_605_000);
            assert_eq!(fetch.later.get(&package).copied(), again, "{code}");
        }
    }
}
