//! Who holds a month, ready to air, and who does not yet.

use super::{FleetView, Outline};
use crate::units::Month;

/// Why a station is not ready for a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unready {
    /// It never said anything of itself.
    Unheard,
    /// It holds nothing of that month.
    Nothing,
    /// It holds this revision, but not approved, or a file is not there.
    Unapproved(u32),
}

/// The stations of the fleet by whether they hold a month.
#[derive(Debug)]
pub struct Readiness<'v> {
    /// How many hold it, ready to air.
    pub ready: usize,
    /// Those that do not, by origin, with why.
    pub unready: Vec<(&'v Outline, Unready)>,
}

impl FleetView {
    /// Who holds `month`, by what every station last said of itself.
    #[must_use]
    pub fn readiness(&self, month: Month) -> Readiness<'_> {
        let mut found = Readiness { ready: 0, unready: Vec::new() };
        for station in self.stations.iter().filter(|station| station.counts()) {
            let why = match station.holding(month) {
                Some(held) if held.ready => {
                    found.ready += 1;
                    continue;
                }
                Some(held) => Unready::Unapproved(held.revision),
                None if station.word.is_none() => Unready::Unheard,
                None => Unready::Nothing,
            };
            found.unready.push((station, why));
        }
        found
    }
}
