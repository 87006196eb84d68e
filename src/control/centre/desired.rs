//! What is a station's to fetch.

use serde::{Deserialize, Serialize};

use super::Centre;
use crate::{
    control::ControlError,
    fleet::Held,
    package::{EVERY_STATION, Manifest},
    units::Digest,
};

/// Longest note of a package that is read.
const LONGEST_NOTE: usize = 1 << 20;

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

impl Desired {
    fn tagged(mut self) -> Desired {
        let text = serde_json::to_string(&(&self.packages, &self.trusts)).unwrap_or_default();
        self.tag = Digest::of(text.as_bytes()).to_string();
        self
    }
}

impl Centre {
    /// What the station of the log that is `held` shall hold now.
    pub fn desired(&self, held: &Held) -> Result<Desired, ControlError> {
        let id = held.origin.rsplit('/').nth(1).unwrap_or_default();
        let number = |name: &str| name.strip_suffix(".note").and_then(|number| number.parse::<u64>().ok());
        let mut packages = Vec::new();
        for name in self.files.names("")? {
            let Some(seq) = number(&name) else { continue };
            let note = self.files.read(&name, 0, LONGEST_NOTE)?;
            let (manifest, _) = Manifest::unchecked(&note);
            let is_its = |station: &String| station == EVERY_STATION || station == id;
            if manifest.is_some_and(|manifest| manifest.stations.iter().any(is_its)) {
                packages.push((seq, Digest::of(&note)));
            }
        }
        packages.sort_unstable();
        let mut trusts: Vec<u64> =
            self.files.names("trust")?.iter().filter_map(|name| number(name)).collect();
        trusts.sort_unstable();
        Ok(Desired { tag: String::new(), packages, trusts }.tagged())
    }
}
