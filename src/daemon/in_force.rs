//! What the log says of the settings in force: with every start, and whenever another trust file is.

use super::engine::Engine;
use crate::{evidence::Body, store::Blob, units::Digest};

impl Engine {
    /// The entry of the settings of this run beside the trust file `trust`, with the bytes that it names.
    pub(super) fn in_force(&mut self, trust: Option<Vec<u8>>) -> (Body, Vec<Blob>) {
        let folder = &self.ports.folder;
        self.trust = trust.as_deref().map(Digest::of);
        let body = Body::Config {
            digest: Digest::of(&folder.station_bytes),
            plan: Digest::of(&folder.plan_bytes),
            station: folder.station.id.clone(),
            unit: folder.station.unit.clone(),
            output: self.ports.output.clone(),
            demo: folder.station.demo,
            trust: self.trust,
        };
        let mut blobs = vec![
            Blob { kind: "config", bytes: folder.station_bytes.clone() },
            Blob { kind: "plan", bytes: folder.plan_bytes.clone() },
        ];
        blobs.extend(trust.map(|bytes| Blob { kind: "trust", bytes }));
        (body, blobs)
    }

    /// Enters them once more where an approval was judged under another trust file than the log knows of: whoever
    /// verifies judges it by the same.
    pub(super) fn enter_trust(&mut self, trust: Option<&Vec<u8>>) {
        if trust.map(|note| Digest::of(note)) != self.trust {
            let (body, blobs) = self.in_force(trust.cloned());
            self.record_with(vec![body], blobs);
        }
    }
}
