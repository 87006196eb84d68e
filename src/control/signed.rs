//! Whether people signed what the log says that they signed: the approval of each accepted schedule and the
//! statement of each airing by hand, against the settings that the log had in force then.

use std::collections::BTreeSet;

use crate::{
    config::{self, Station},
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
    trust: Trust,
    approvers: BTreeSet<PublicKey>,
}

/// Whose word counts.
#[derive(Debug, Default)]
enum Trust {
    /// No settings that can be read were entered.
    #[default]
    Nobody,
    /// The settings are not stored as they were: named as such elsewhere, and nothing can be judged.
    Unknown,
    /// What these settings say.
    Of(Box<Station>),
}

/// Bytes kept beside the log, by their digest; none where they are missing or altered.
type Stored<'a> = &'a mut dyn FnMut(Digest) -> Option<Vec<u8>>;

impl Signatures {
    /// What is wrong with the signature on which `entry` rests. Bytes that are not `stored` as they were
    /// entered are named elsewhere.
    pub fn take(&mut self, entry: &Entry, stored: Stored<'_>) -> Option<Message> {
        let (code, what) = match &entry.body {
            Body::Config { digest, .. } => {
                self.trust = Trust::read(stored(*digest));
                if let Trust::Of(station) = &self.trust {
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

    /// Whom any of the settings trusted to approve.
    pub fn approvers(&self) -> &BTreeSet<PublicKey> {
        &self.approvers
    }

    fn approval(&self, fact: &ScheduleFact, note: &[u8]) -> Option<&'static str> {
        let keys = match &self.trust {
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
        let (id, keys) = match &self.trust {
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
        let (station, _) = config::read("station.toml", &settings);
        station.map_or(Trust::Nobody, |station| Trust::Of(Box::new(station)))
    }
}
