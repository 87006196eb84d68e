//! What is a station's to fetch.

use std::{
    collections::BTreeMap,
    io::Write as _,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Centre;
use crate::{
    config::Place,
    control::ControlError,
    disk::At as _,
    fleet::{Files, FleetError, FolderFiles},
    package::{EVERY_STATION, Manifest},
    units::Digest,
};

/// Longest note of a package that is read.
const LONGEST_NOTE: usize = 1 << 20;

/// What no station takes any more is named to them for so long: one of the two clocks may be wrong.
const LONG_PAST: TimeDelta = TimeDelta::days(92);

/// What could not be laid out is tried again after this: whatever is missing is brought by a person.
const AGAIN: Duration = Duration::from_mins(1);

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
    /// What the `station` of this id shall hold `now`: nothing that is long past.
    #[must_use]
    pub fn desired(&self, station: &str, now: DateTime<Utc>) -> Desired {
        let is_its = |of: &String| of == EVERY_STATION || of == station;
        let past = (now - LONG_PAST).timestamp_millis();
        let its = self.packages.iter().filter(|(_, it)| it.until_ms > past && it.stations.iter().any(is_its));
        let packages: Vec<_> = its.map(|(seq, it)| (*seq, it.note)).collect();
        let text = serde_json::to_string(&(&packages, &self.trusts)).unwrap_or_default();
        Desired { tag: Digest::of(text.as_bytes()).to_string(), packages, trusts: self.trusts.clone() }
    }
}

/// The files of package `seq` in the order in which they may be laid: blobs and proof before the note that names them.
fn names(files: &dyn Files, seq: u64) -> Result<Vec<String>, ControlError> {
    let note = files.read(&format!("{seq}.note"), 0, LONGEST_NOTE)?;
    let manifest = Manifest::unchecked(&note).0;
    let blobs = manifest.iter().flat_map(Manifest::parts).map(|part| format!("blobs/sha256/{}", part.sha256));
    Ok(blobs.chain([format!("{seq}.tlog-proof"), format!("{seq}.note")]).collect())
}

impl Centre {
    /// Lays what was packed in this folder where stations fetch it, if that is elsewhere. A package of which something is
    /// missing or spoilt is told, stays `failed` with the moment of it for a while, and keeps no other from being laid.
    pub fn publish(&self, failed: &mut BTreeMap<u64, Instant>) -> Result<(), ControlError> {
        let packed = self.folder.data().join("packages");
        if self.settings.files == Place::Below(self.folder.station.data.join("packages")) {
            return Ok(());
        }
        failed.retain(|_, at| at.elapsed() < AGAIN);
        let own = issued(&FolderFiles::new(&packed), &Issued::default())?;
        let (there, trusts) = (self.files.names("")?, self.files.names("trust")?);
        let is_new = |seq: &u64| !failed.contains_key(seq) && !there.contains(&format!("{seq}.note"));
        let new = Issued {
            packages: own.packages.into_iter().filter(|(seq, _)| is_new(seq)).collect(),
            trusts: own.trusts.into_iter().filter(|it| !trusts.contains(&format!("{it}.note"))).collect(),
        };
        for seq in self.lay(&FolderFiles::new(&packed), &new, &*self.files)? {
            failed.insert(seq, Instant::now());
        }
        Ok(())
    }

    /// Copies what was `issued` to `to`, trust files first, each note behind all that it names. Gives the numbers of the
    /// packages of which that could not be done, after it told why: they have no note there.
    pub fn lay(&self, from: &dyn Files, issued: &Issued, to: &dyn Files) -> Result<Vec<u64>, ControlError> {
        for version in &issued.trusts {
            self.copy(from, &format!("trust/{version}.note"), to)?;
        }
        let mut failed = Vec::new();
        for seq in issued.packages.keys() {
            let laid = names(from, *seq)
                .and_then(|names| names.iter().try_for_each(|name| self.copy(from, name, to)));
            if let Err(error) = laid {
                tracing::warn!("package {seq} is not laid out for stations: {error}");
                failed.push(*seq);
            }
        }
        Ok(failed)
    }

    /// Copies the file called `name` to `to`, where it is not there yet; an error where it is not there whole.
    fn copy(&self, from: &dyn Files, name: &str, to: &dyn Files) -> Result<(), ControlError> {
        if to.length(name)?.is_some() {
            return Ok(());
        }
        let failed = |why: &str| FleetError::new("copy a file", format!("`{name}` {why}"));
        let length = from.length(name)?.ok_or_else(|| failed("is not there"))?;
        let mut file = tempfile::NamedTempFile::new_in(self.folder.data())
            .at("create a file in", &self.folder.data())?;
        let mut at = 0;
        while at < length {
            let bytes = from.read(name, at, PIECE)?;
            if bytes.is_empty() {
                return Err(failed("ends early").into());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_told_of_what_is_its_own_and_not_long_past() {
        let now: DateTime<Utc> = "2022-07-01T00:00:00Z".parse().unwrap();
        let issue = |station: &str, ended_before: i64| Issue {
            note: Digest::of(station.as_bytes()),
            stations: vec![station.into()],
            until_ms: (now - TimeDelta::days(ended_before)).timestamp_millis(),
        };
        let packages = [
            issue("pho-an", 93),
            issue("pho-an", 92),
            issue("pho-an", 91),
            issue("pho-an", -30),
            issue("pho-hoa", -30),
            issue(EVERY_STATION, -30),
        ];
        let issued = Issued { packages: (1..).zip(packages).collect(), trusts: vec![1, 2] };
        let told = |station, now| {
            let desired = issued.desired(station, now);
            (desired.packages.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), desired.tag)
        };
        let (seqs, tag) = told("pho-an", now);
        assert_eq!((seqs, issued.desired("pho-an", now).trusts), (vec![3, 4, 6], vec![1, 2]));
        assert_eq!(told("pho-hoa", now).0, [5, 6]);
        // What goes out of the list changes what a waiting station hears of, and nothing else does.
        assert_eq!(told("pho-an", now + TimeDelta::hours(23)).1, tag);
        let later = told("pho-an", now + TimeDelta::days(1));
        assert!(later.0 == [4, 6] && later.1 != tag, "{later:?}");
    }
}
