//! The logs that figures are taken from: a station's own; at a centre those of its stations, as far as they came home. What
//! a station aired before its log was begun anew, or before it was revoked, it aired all the same.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Centre, ControlError, Folder, compliance::plan_of, folder::open_log};
use crate::{evidence::Body, fleet::Standing, keys::PublicKey, programme::Plan};

/// A log that speaks of a unit, for people who follow a number down to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Teller {
    /// The id of the station that wrote it.
    pub station: String,
    /// Its name, where it came home to a centre; none where it is the folder's own.
    pub origin: Option<String>,
}

/// What a report, a matrix or an urging is taken from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Whose plan holds, and who reports.
    pub(super) home: Folder,
    /// They, those of a station one behind the other.
    logs: Vec<Source>,
    /// Whether they are those of a centre's stations, and not `home`'s alone.
    is_fleet: bool,
    /// The ids of the station or the centre that reports, and of its unit.
    pub(super) reporter: (String, String),
    /// Whether only the units to which the stations belonged are reported of.
    is_narrow: bool,
}

/// So many contradictions are looked at, those first that nobody settled.
const MOST_FORKS: u64 = 10_000;

/// Where the log lies that the one at `path` followed, by its first entry, or the one before that where it was damaged; none
/// where there is none.
fn before(folder: &Folder, path: &Path) -> Result<Option<PathBuf>, ControlError> {
    let opening = open_log(path)?.entries(0..1).next().transpose()?.map(|entry| entry.body);
    let Some(Body::LogOpen { reason, after: Some(after), .. }) = opening else { return Ok(None) };
    let epoch = after.origin.rsplit('/').next().and_then(|last| last.parse::<u32>().ok());
    let epoch = epoch.and_then(|epoch| epoch.checked_sub(u32::from(reason == "damaged")));
    Ok(epoch.map(|epoch| folder.data().join("epochs").join(epoch.to_string()).join("log.db")))
}

/// One log.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Its station's folder, or one laid out like it.
    pub folder: Folder,
    /// Where it lies.
    pub path: PathBuf,
    /// Whether its station goes on with it.
    pub state: Course,
    /// What the centre saw of it that contradicts itself.
    pub histories: Histories,
    /// The keys that may have cosigned it.
    pub keys: Vec<PublicKey>,
    /// Its name, where a station far away wrote it.
    origin: Option<String>,
}

/// Whether a station goes on with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Course {
    /// It does.
    Current,
    /// It began another behind it.
    Followed,
    /// The centre revoked its key.
    Revoked,
}

/// Whether a station signed two histories under one name, as far as a centre saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Histories {
    /// Not that anybody knew.
    #[default]
    One,
    /// It did, and a person found out why.
    TwoSettled,
    /// It did, and nobody said why.
    Two,
}

impl Source {
    /// It, as people ask for it.
    pub fn teller(&self) -> Teller {
        Teller { station: self.folder.station.id.clone(), origin: self.origin.clone() }
    }

    fn of(folder: Folder) -> Source {
        let keys = folder.station.centre.as_ref().map(|link| link.keys.clone());
        let path = folder.log_path();
        let (state, histories) = (Course::Current, Histories::One);
        Source { folder, path, state, histories, keys: keys.unwrap_or_default(), origin: None }
    }

    /// That of `folder` behind the logs that it followed, the first one first. One that was damaged is left where it lies:
    /// whoever counted on it would count on what nobody signed.
    fn with_those_before(folder: &Folder) -> Result<Vec<Source>, ControlError> {
        let mut logs = vec![Source::of(folder.clone())];
        let mut path = folder.log_path();
        while let Some(before) = before(folder, &path)? {
            let known = logs.iter().any(|log| log.path == before);
            if known || !before.exists() {
                break;
            }
            // What cannot be read keeps nobody from what goes on.
            if let Err(error) = open_log(&before).and_then(|log| Ok(log.head()?)) {
                tracing::warn!("the log {} is left out: {error}", before.display());
                break;
            }
            path.clone_from(&before);
            logs.push(Source { path: before, state: Course::Followed, ..Source::of(folder.clone()) });
        }
        logs.reverse();
        Ok(logs)
    }
}

impl Sources {
    /// The log of `folder` alone, behind those that it followed.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn alone(folder: &Folder) -> Result<Sources, ControlError> {
        let reporter = (folder.station.id.clone(), folder.station.unit.clone());
        let logs = Source::with_those_before(folder)?;
        Ok(Sources { home: folder.clone(), logs, is_fleet: false, reporter, is_narrow: true })
    }

    /// Those of a centre in `home` with the logs in `folders`.
    #[cfg(test)]
    pub(crate) fn written(home: &Folder, folders: Vec<(Folder, Course)>) -> Sources {
        let source = |(folder, state)| Source { state, ..Source::of(folder) };
        let logs = folders.into_iter().map(source).collect();
        Sources { logs, is_fleet: true, is_narrow: false, ..Sources::alone(home).unwrap() }
    }

    /// The log of `folder`; where it is a `centre` that ever enrolled stations, all that came home of each, and its own only
    /// where it airs. A station of which nothing came home is in none: its unit has reported nothing.
    ///
    /// # Errors
    ///
    /// The store or a log cannot be read.
    pub fn of(folder: &Folder, centre: Option<&Centre>) -> Result<Sources, ControlError> {
        let sources = Sources::alone(folder)?;
        let Some(centre) = centre else { return Ok(sources) };
        let mut logs = centre.fleet.logs()?;
        logs.retain(|held| held.standing != Standing::Asked);
        if logs.is_empty() {
            return Ok(sources);
        }
        let airs = open_log(&folder.log_path())?.next_planned(i64::MIN)?.is_some();
        let mut fleet = if airs { sources.logs.clone() } else { Vec::new() };
        // A head over nothing is no log either, whoever signs one.
        logs.retain(|held| held.frontier.size() > 0);
        logs.sort_by(|a, b| (a.station(), a.epoch()).cmp(&(b.station(), b.epoch())));
        let contradicted: HashSet<String> = centre.fleet.contradicted()?.into_iter().collect();
        let forks = centre.fleet.forks(MOST_FORKS)?.into_iter();
        let forked: HashSet<String> = forks.map(|fork| fork.origin).collect();
        for (at, held) in logs.iter().enumerate() {
            let is_followed = logs.get(at + 1).is_some_and(|next| next.station() == held.station());
            let state = match held.standing {
                Standing::Revoked => Course::Revoked,
                _ if is_followed => Course::Followed,
                _ => Course::Current,
            };
            let histories = match () {
                () if contradicted.contains(&held.origin) => Histories::Two,
                () if forked.contains(&held.origin) => Histories::TwoSettled,
                () => Histories::One,
            };
            let mut source = Source { state, histories, ..Source::of(centre.mirror(&held.origin)?) };
            // Whatever a log says of itself, no two stations are one.
            held.station().clone_into(&mut source.folder.station.id);
            source.keys.push(centre.witness().clone());
            source.origin = Some(held.origin.clone());
            fleet.push(source);
        }
        Ok(Sources { logs: fleet, is_fleet: true, is_narrow: false, ..sources })
    }

    /// Those of the station `id` alone, which then reports itself; nothing where none of its logs is known.
    #[must_use]
    pub fn of_station(&self, id: &str) -> Option<Sources> {
        let own = self.logs.iter().filter(|source| source.folder.station.id == id);
        let logs: Vec<Source> = own.cloned().collect();
        let reporter = (id.to_owned(), logs.last()?.folder.station.unit.clone());
        Some(Sources { home: self.home.clone(), logs, is_fleet: self.is_fleet, reporter, is_narrow: true })
    }

    /// The ids of a centre's stations of which logs came home, in order; none where only the folder's own speaks.
    #[must_use]
    pub fn stations(&self) -> Vec<String> {
        let of_fleet = self.logs.iter().filter(|_| self.is_fleet);
        let mut ids: Vec<String> = of_fleet.map(|source| source.folder.station.id.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// The plan of `year`; nothing where none is known.
    pub(super) fn plan(&self, year: i32) -> Result<Option<Plan>, ControlError> {
        if self.home.plan.year == year {
            return Ok(Some(self.home.plan.clone()));
        }
        plan_of(&self.home, &open_log(&self.home.log_path())?, year)
    }

    /// Each log, those of a station one behind the other.
    pub(super) fn logs(&self) -> &[Source] {
        &self.logs
    }

    /// Whether they are those of a centre's stations.
    pub(super) fn is_fleet(&self) -> bool {
        self.is_fleet
    }

    /// Whether the log of the folder itself is one of them: a centre that airs nothing is silent about itself.
    pub(super) fn own(&self) -> bool {
        self.logs.iter().any(|source| source.origin.is_none())
    }

    /// `plan` with the units that are reported of: a station alone speaks for those to which it belonged, which `units`
    /// are, a centre for all.
    pub(super) fn narrowed<'a>(&self, mut plan: Plan, units: impl Iterator<Item = &'a str>) -> Plan {
        if self.is_narrow {
            let units: HashSet<&str> = units.collect();
            plan.units.retain(|unit| units.contains(&*unit.id));
        }
        plan
    }
}
