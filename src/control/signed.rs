//! Whether people signed what the log says that they signed: the approval of each accepted schedule and the
//! statement of each airing by hand, against the settings that the log had in force then.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::before::{EpochBefore, before};
use crate::{
    evidence::{
        Body, Entry, ManualFact, ScheduleFact,
        statement::{self, StatementError},
    },
    keys::PublicKey,
    programme::{Approval, ApprovalError},
    units::Digest,
    words::Message,
};

/// Follows the settings through the log; takes its entries in order.
#[derive(Debug, Default)]
pub(super) struct Signatures {
    trust: Rc<Trust>,
    /// Every start enters the settings once more; each are read once.
    settings: BTreeMap<Digest, Rc<Trust>>,
    approvers: BTreeSet<PublicKey>,
    /// The keys that a person gave, or that lie with the log.
    keys: Vec<PublicKey>,
    before: Option<EpochBefore>,
}

/// A station trusts a handful of people; settings that name more keys are none.
const MOST_KEYS: usize = 256;

/// Whose word counts.
#[derive(Debug, Default)]
enum Trust {
    /// No settings that can be read were entered.
    #[default]
    Nobody,
    /// The settings are not stored as they were: named as such elsewhere, and nothing can be judged.
    Unknown,
    /// What these settings say.
    Of(Trusted),
}

/// What settings say of whose word counts. Read on its own and forgivingly: an older program that does not know
/// every key of later settings must not call what they trust untrusted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Trusted {
    /// The station's id.
    id: String,
    /// Keys whose approvals count.
    pub approvers: Vec<PublicKey>,
    /// Keys of the people whose word counts for an airing by hand, beside the approvers.
    operators: Vec<PublicKey>,
}

/// Bytes kept beside the log, by their digest; none where they are missing or altered.
pub(super) type Stored<'a> = &'a mut dyn FnMut(Digest) -> Option<Vec<u8>>;

impl Signatures {
    /// Begins before the first entry; among `keys` are those of the station in this epoch and, where they are known,
    /// in the one before.
    pub fn new(keys: &[PublicKey]) -> Signatures {
        Signatures { keys: keys.to_vec(), ..Signatures::default() }
    }

    /// What is wrong with the signature on which `entry` rests. Bytes that are not `stored` as they were
    /// entered are named elsewhere.
    pub fn take(&mut self, entry: &Entry, stored: Stored<'_>) -> Option<Message> {
        let (code, what) = match &entry.body {
            Body::LogOpen { .. } if entry.seq == 0 => {
                let (before, fault) = before(entry, &self.keys, stored)?;
                self.before = Some(before);
                ("verify-epoch", fault?)
            }
            Body::Config { digest, .. } => {
                let trust =
                    self.settings.entry(*digest).or_insert_with(|| Rc::new(Trust::read(stored(*digest))));
                self.trust = trust.clone();
                if let Trust::Of(station) = &*self.trust {
                    self.approvers.extend(station.approvers.iter().cloned());
                }
                return None;
            }
            Body::ScheduleAccept(fact) => ("verify-approval", self.approval(fact, &stored(fact.approval)?)?),
            Body::Manual(fact) => ("verify-statement", self.statement(fact, &stored(fact.statement)?)?),
            _ => return None,
        };
        Some(Message::new(code).with("entry", entry.seq).with("what", what))
    }

    /// The epoch that the log follows, as its opening tells.
    pub fn before(&self) -> Option<&EpochBefore> {
        self.before.as_ref()
    }

    /// Whom any of the settings trusted to approve.
    pub fn approvers(&self) -> &BTreeSet<PublicKey> {
        &self.approvers
    }

    /// How many keys the settings in force trust.
    pub fn trusted(&self) -> usize {
        if let Trust::Of(station) = &*self.trust {
            station.approvers.len() + station.operators.len()
        } else {
            0
        }
    }

    fn approval(&self, fact: &ScheduleFact, note: &[u8]) -> Option<&'static str> {
        let keys = match &*self.trust {
            Trust::Unknown => return None,
            Trust::Nobody => &[][..],
            Trust::Of(station) => &station.approvers,
        };
        match Approval::open(note, keys) {
            Err(ApprovalError::Note(_)) => Some("untrusted"),
            Ok(Approval { subject, release, .. })
                if (subject.schedule, subject.month, subject.revision)
                    == (fact.digest, fact.month, fact.revision)
                    && (&release.by, &release.document) == (&fact.by, &fact.document) =>
            {
                None
            }
            _ => Some("other"),
        }
    }

    fn statement(&self, fact: &ManualFact, note: &[u8]) -> Option<&'static str> {
        let (id, keys) = match &*self.trust {
            Trust::Unknown => return None,
            Trust::Nobody => ("", Vec::new()),
            Trust::Of(station) => (station.id.as_str(), station.witnesses()),
        };
        match statement::check(note, id, fact, &keys) {
            Ok(_) => None,
            Err(StatementError::Note(_)) => Some("untrusted"),
            Err(_) => Some("other"),
        }
    }
}

impl Trust {
    fn read(settings: Option<Vec<u8>>) -> Trust {
        let Some(settings) = settings else { return Trust::Unknown };
        Trusted::read(&settings).map_or(Trust::Nobody, Trust::Of)
    }
}

impl Trusted {
    /// Reads settings as they were entered; `None` for bytes that are no TOML, or name more keys than a station has.
    pub fn read(settings: &[u8]) -> Option<Trusted> {
        let table: toml::Table =
            std::str::from_utf8(settings).ok()?.trim_start_matches('\u{feff}').parse().ok()?;
        let demo = table.get("demo").and_then(toml::Value::as_bool).unwrap_or(false);
        let trust = table.get("trust");
        let keys = |name: &str| {
            let list = trust.and_then(|trust| trust.get(name)?.as_array()).map_or(&[][..], Vec::as_slice);
            let keys = list.iter().filter_map(|key| PublicKey::parse(key.as_str()?).ok());
            // The demonstration's private key is public: whoever trusts it trusts everybody.
            let keys = keys.filter(|key| demo || !key.name().starts_with("demo"));
            (list.len() <= MOST_KEYS).then(|| keys.collect())
        };
        let id = table.get("id").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        Some(Trusted { id, approvers: keys("approvers")?, operators: keys("operators")? })
    }

    /// Every key whose signature makes a person's statement count.
    fn witnesses(&self) -> Vec<PublicKey> {
        self.operators.iter().chain(&self.approvers).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, keys::SigningKey};

    fn key(name: &str) -> String {
        SigningKey::generate(name).unwrap().public().as_text().to_owned()
    }

    #[test]
    fn settings_say_the_same_as_to_the_station_and_to_an_older_program_still_whom_they_trust() {
        let (a, b, demo) = (key("a"), key("b"), key("demo/a"));
        let text =
            format!("id = \"x\"\nunit = \"y\"\n[trust]\napprovers = [\"{a}\"]\noperators = [\"{b}\"]\n");
        let station = config::read("s", text.as_bytes()).0.unwrap();
        let trusted = Trusted::read(text.as_bytes()).unwrap();
        assert_eq!((&trusted.id, &trusted.approvers), (&station.id, &station.approvers));
        assert_eq!(trusted.witnesses(), station.witnesses());
        let later = text.replace("[trust]", "[trust]\nquorum = 2") + "[listen]\nloopback = true\n";
        assert!(config::read("s", later.as_bytes()).0.is_none());
        assert_eq!(Trusted::read(later.as_bytes()), Some(trusted));

        let check = |text: &str, wanted: Option<&[&str]>| {
            let found = Trusted::read(text.as_bytes());
            let found = found.map(|t| t.approvers.iter().map(|k| k.as_text().to_owned()).collect::<Vec<_>>());
            assert_eq!(
                found,
                wanted.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()),
                "{text}"
            );
        };
        check("id = \"x\"", Some(&[]));
        check("trust = 1", Some(&[]));
        check(&format!("[trust]\napprovers = [1, \"a key of another kind\", \"{a}\"]"), Some(&[&a]));
        check(&format!("[trust]\napprovers = [\"{demo}\"]"), Some(&[]));
        check(&format!("demo = true\n[trust]\napprovers = [\"{demo}\"]"), Some(&[&demo]));
        check(&format!("\u{feff}[trust]\r\napprovers = [\"{a}\"]\r\n"), Some(&[&a]));
        check("[trust", None);
        check(&format!("[trust]\napprovers = [{}]", format!("\"{a}\", ").repeat(MOST_KEYS + 1)), None);
        assert_eq!(Trusted::read(b"\xff"), None);
    }
}
