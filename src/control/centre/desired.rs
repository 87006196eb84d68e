//! What is a station's to fetch.

use std::{collections::BTreeMap, io::Write as _};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Centre;
use crate::{
    config::Place,
    control::ControlError,
    disk::At as _,
    fleet::{Files, FolderFiles, Held},
    package::{EVERY_STATION, Manifest},
    units::Digest,
};

/// Longest note of a package that is read.
const LONGEST_NOTE: usize = 1 << 20;

/// What no station takes any more is named to them for so long: one of the two clocks may be wrong.
const LONG_PAST: TimeDelta = TimeDelta::days(92);

/// Bytes of a file that are copied at once.
const PIECE: usize = 1 << 20;

/// What a station shall hold, as files in the layout of a stick.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Desired {
    /// Changes whenever the rest does.
    pub tag: String,
    /// Packages for the station, by number, each with the SHA-256 of its note.
    pub packages: Vec<(u64, Digest)>,
    /// Versions of the trust file.
    pub trusts: Vec<u64>,
}

/// All that was issued, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Issued {
    packages: BTreeMap<u64, Issue>,
    trusts: Vec<u64>,
}

/// A package, as its note says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Issue {
    note: Digest,
    stations: Vec<String>,
    /// Until when stations take it, in milliseconds since 1970.
    until_ms: i64,
}

impl Issued {
    /// What the station of the log that is `held` shall hold `now`: nothing that is long past.
    #[must_use]
    pub fn desired(&self, held: &Held, now: DateTime<Utc>) -> Desired {
        let id = held.origin.rsplit('/').nth(1).unwrap_or_default();
        let is_its = |station: &String| station == EVERY_STATION || station == id;
        let past = (now - LONG_PAST).timestamp_millis();
        let its = self.packages.iter().filter(|(_, it)| it.until_ms > past && it.stations.iter().any(is_its));
        let packages: Vec<_> = its.map(|(seq, it)| (*seq, it.note)).collect();
        let text = serde_json::to_string(&(&packages, &self.trusts)).unwrap_or_default();
        Desired { tag: Digest::of(text.as_bytes()).to_string(), packages, trusts: self.trusts.clone() }
    }
}

impl Issued {
    /// Every file of it that `files` has, in the order in which they may be laid elsewhere: trust files, blobs and proofs
    /// before the notes that name them.
    pub fn names(&self, files: &dyn Files) -> Result<Vec<String>, ControlError> {
        let trusts = self.trusts.iter().map(|version| format!("trust/{version}.note"));
        let mut names: Vec<String> = trusts.collect();
        for seq in self.packages.keys() {
            let note = files.read(&format!("{seq}.note"), 0, LONGEST_NOTE)?;
            if let Some(manifest) = Manifest::unchecked(&note).0 {
                names.extend(manifest.parts().map(|part| format!("blobs/sha256/{}", part.sha256)));
            }
            names.push(format!("{seq}.tlog-proof"));
            names.push(format!("{seq}.note"));
        }
        Ok(names)
    }
}

impl Centre {
    /// Lays what was packed in this folder where stations fetch it, if that is elsewhere.
    pub fn publish(&self) -> Result<(), ControlError> {
        let packed = self.folder.data().join("packages");
        if self.settings.files == Place::Below(self.folder.station.data.join("packages")) {
            return Ok(());
        }
        let (own, there) = (FolderFiles::new(&packed), self.files.names("")?);
        let new: Vec<String> = own.names("")?.into_iter().filter(|name| !there.contains(name)).collect();
        let trusts = own.names("trust")?.len() != self.files.names("trust")?.len();
        if new.is_empty() && !trusts {
            return Ok(());
        }
        for name in issued(&own, &Issued::default())?.names(&own)? {
            self.copy(&own, &name, &*self.files)?;
        }
        Ok(())
    }

    /// Copies the file called `name` to `to`, where it is not there yet.
    pub fn copy(&self, from: &dyn Files, name: &str, to: &dyn Files) -> Result<(), ControlError> {
        let (Some(length), None) = (from.length(name)?, to.length(name)?) else { return Ok(()) };
        let mut file = tempfile::NamedTempFile::new_in(self.folder.data())
            .at("create a file in", &self.folder.data())?;
        let mut at = 0;
        while at < length {
            let bytes = from.read(name, at, PIECE)?;
            if bytes.is_empty() {
                break;
            }
            file.write_all(&bytes).at("write", file.path())?;
            at += bytes.len() as u64;
        }
        Ok(to.put(name, file.path())?)
    }

    /// All that was issued; of what is `known` only the names are looked at, since a file that was put is never changed.
    pub fn issued(&self, known: &Issued) -> Result<Issued, ControlError> {
        issued(&*self.files, known)
    }
}

fn issued(files: &dyn Files, known: &Issued) -> Result<Issued, ControlError> {
    let number = |name: &str| name.strip_suffix(".note").and_then(|number| number.parse::<u64>().ok());
    let mut packages = BTreeMap::new();
    for name in files.names("")? {
        let Some(seq) = number(&name) else { continue };
        if let Some(known) = known.packages.get(&seq) {
            packages.insert(seq, known.clone());
            continue;
        }
        // What says nothing readable is nobody's.
        let note = files.read(&name, 0, LONGEST_NOTE)?;
        let said = Manifest::unchecked(&note).0;
        let (stations, until_ms) = said.map_or_else(Default::default, |it| (it.stations, it.not_after_ms));
        packages.insert(seq, Issue { note: Digest::of(&note), stations, until_ms });
    }
    let mut trusts: Vec<u64> = files.names("trust")?.iter().filter_map(|name| number(name)).collect();
    trusts.sort_unstable();
    Ok(Issued { packages, trusts })
}
