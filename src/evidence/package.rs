//! What the logs of centre and station say of packages.

use serde::{Deserialize, Serialize};

use crate::units::{Digest, Month};

/// What became of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageAct {
    /// The centre issued it: an entry of its programme log.
    Issued,
    /// A station took it: its month is the one that airs.
    Taken,
    /// A station refused it.
    Refused,
    /// A station had taken it, and its urgent programme did not air.
    Unaired,
}

/// A month came, or went out, as a signed package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageFact {
    /// What became of it.
    pub act: PackageAct,
    /// Who packed or imported it; empty where no person did.
    pub by: String,
    /// Digest of its signed text; of a note that says nothing readable, of its bytes.
    pub digest: Digest,
    /// Code of the refusal, or why it did not air; empty otherwise.
    pub reason: String,
    /// Of a package that was taken: the urgent programme that it brought in place of a month.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub urgent: Option<Box<UrgentFact>>,
    /// What it says that it is, whether or not that was believed; absent where it says nothing readable.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub what: Option<PackageName>,
}

/// An urgent programme as it came: it airs once, in a time of its own, by the signatures of its package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrgentFact {
    /// Who released it, by the package's word.
    pub by: String,
    /// Under which document number.
    pub document: String,
    /// From when it may sound, milliseconds since 1970 (UTC).
    pub from_ms: i64,
    /// Digest of the package's note with its signatures.
    pub note: Digest,
    /// Id of the programme in its schedule.
    pub programme: String,
    /// Digest of the schedule: what its cue names.
    pub schedule: Digest,
    /// Digest of the trust file under which it was taken.
    pub trust: Digest,
    /// Until when it must have ended.
    pub until_ms: i64,
}

/// What a package says that it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageName {
    /// Who issues: the channel of the centre.
    pub channel: String,
    /// Its month.
    pub month: Month,
    /// The schedule's revision.
    pub revision: u32,
    /// Its number in the channel.
    pub seq: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{
        Body, Entry, Leaf,
        canonical::{decode, encode},
        samples::{clk, digest},
    };

    #[test]
    fn what_becomes_of_packages_has_its_golden_bytes() {
        let month = "2022-03".parse().unwrap();
        let what = PackageName { channel: "quang-ngai".into(), month, revision: 2, seq: 7 };
        let fact = |act, reason: &str, what| {
            let by = "Lê Văn C".into();
            let (digest, reason) = (digest(0xab), reason.into());
            Body::Package(PackageFact { act, by, digest, reason, urgent: None, what })
        };
        let urgent = UrgentFact {
            by: "Trần Thị B, Lê Văn C".into(),
            document: "12/KC".into(),
            from_ms: 1_646_000_000_000,
            note: digest(0x0a),
            programme: "bao-so-5".into(),
            schedule: digest(0x0b),
            trust: digest(0x0c),
            until_ms: 1_646_003_600_000,
        };
        let with_urgent = match fact(PackageAct::Taken, "", Some(what.clone())) {
            Body::Package(fact) => Body::Package(PackageFact { urgent: Some(Box::new(urgent)), ..fact }),
            other => other,
        };
        let bodies = [
            fact(PackageAct::Issued, "", Some(what.clone())),
            fact(PackageAct::Taken, "", Some(what.clone())),
            fact(PackageAct::Refused, "package-header", None),
            with_urgent,
            fact(PackageAct::Unaired, "power-off", Some(what)),
        ];
        let entries: Vec<Entry> =
            (0..).zip(bodies).map(|(seq, body)| Entry { seq, clk: clk(0), body }).collect();
        let leaves: Vec<String> = entries.iter().map(|entry| encode(entry).unwrap()).collect();
        assert_eq!(leaves.join("\n") + "\n", include_str!("../../tests/golden/leaves-package.jsonl"));
        for (leaf, entry) in leaves.iter().zip(entries) {
            assert_eq!(decode(leaf.as_bytes()).unwrap(), Leaf::Known(entry));
        }
    }
}
