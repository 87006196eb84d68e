//! The logs that figures are taken from: a station's own; at a centre those of its stations, as far as they came home.

use std::collections::HashSet;

use super::{Centre, ControlError, Folder, compliance::plan_of, folder::open_log};
use crate::{fleet::Standing, keys::PublicKey, programme::Plan};

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
    /// Those of a centre's stations; none where only `home` speaks.
    fleet: Option<Vec<Source>>,
}

/// One log.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// It, laid out like its station's folder.
    pub folder: Folder,
    /// The keys that may have cosigned it.
    pub keys: Vec<PublicKey>,
    /// Its name, where a station far away wrote it.
    origin: Option<String>,
}

impl Source {
    /// It, as people ask for it.
    pub fn teller(&self) -> Teller {
        Teller { station: self.folder.station.id.clone(), origin: self.origin.clone() }
    }

    fn of(folder: Folder) -> Source {
        let keys = folder.station.centre.as_ref().map(|link| link.keys.clone());
        Source { folder, keys: keys.unwrap_or_default(), origin: None }
    }
}

impl Sources {
    /// The log of `folder` alone.
    #[must_use]
    pub fn alone(folder: &Folder) -> Sources {
        Sources { home: folder.clone(), fleet: None }
    }

    /// Those of a centre in `home` with the logs in `folders`.
    #[cfg(test)]
    pub(crate) fn written(home: Folder, folders: Vec<Folder>) -> Sources {
        Sources { home, fleet: Some(folders.into_iter().map(Source::of).collect()) }
    }

    /// The log of `folder`; where it is a `centre` that has enrolled stations, the last log of each that came home, and its
    /// own only where it airs. A station of which nothing came home is in none: its unit has reported nothing.
    ///
    /// # Errors
    ///
    /// The store or a log cannot be read.
    pub fn of(folder: &Folder, centre: Option<&Centre>) -> Result<Sources, ControlError> {
        let mut sources = Sources::alone(folder);
        let Some(centre) = centre else { return Ok(sources) };
        let mut enrolled = centre.fleet.logs()?;
        enrolled.retain(|held| held.standing == Standing::Enrolled);
        if enrolled.is_empty() {
            return Ok(sources);
        }
        let mut fleet = Vec::new();
        if open_log(&folder.log_path())?.next_planned(i64::MIN)?.is_some() {
            fleet.push(Source::of(folder.clone()));
        }
        // As at the station itself, a log that was begun anew stands for the one before.
        enrolled.sort_by(|a, b| (a.station(), a.epoch()).cmp(&(b.station(), b.epoch())));
        let followed =
            |at: usize| enrolled.get(at + 1).is_some_and(|next| next.station() == enrolled[at].station());
        for (at, held) in enrolled.iter().enumerate().filter(|(_, held)| !held.head.is_empty()) {
            if followed(at) {
                continue;
            }
            let mut source = Source::of(centre.mirror(&held.origin)?);
            // Whatever a log says of itself, no two stations are one.
            held.station().clone_into(&mut source.folder.station.id);
            source.keys.push(centre.witness().clone());
            source.origin = Some(held.origin.clone());
            fleet.push(source);
        }
        sources.fleet = Some(fleet);
        Ok(sources)
    }

    /// The plan of `year`; nothing where none is known.
    pub(super) fn plan(&self, year: i32) -> Result<Option<Plan>, ControlError> {
        if self.home.plan.year == year {
            return Ok(Some(self.home.plan.clone()));
        }
        plan_of(&self.home, &open_log(&self.home.log_path())?, year)
    }

    /// Each log.
    pub(super) fn logs(&self) -> Vec<Source> {
        self.fleet.clone().unwrap_or_else(|| vec![Source::of(self.home.clone())])
    }

    /// How many logs there are.
    pub(super) fn count(&self) -> usize {
        self.fleet.as_ref().map_or(1, Vec::len)
    }

    /// Whether they are those of a centre's stations.
    pub(super) fn is_fleet(&self) -> bool {
        self.fleet.is_some()
    }

    /// Whether the log of the folder itself is one of them: a centre that airs nothing is silent about itself.
    pub(super) fn own(&self) -> bool {
        self.fleet.as_ref().is_none_or(|fleet| fleet.iter().any(|source| source.origin.is_none()))
    }

    /// `plan` with the units that are reported of: a station alone speaks for those to which it belonged, which `units`
    /// are, a centre for all.
    pub(super) fn narrowed<'a>(&self, mut plan: Plan, units: impl Iterator<Item = &'a str>) -> Plan {
        if self.fleet.is_none() {
            let units: HashSet<&str> = units.collect();
            plan.units.retain(|unit| units.contains(&*unit.id));
        }
        plan
    }
}
