//! Whether people signed what the log says that they signed: the approval of each accepted schedule and the
//! statement of each airing by hand, against the settings and the trust file that the log had in force then.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::before::{EpochBefore, before};
use crate::{
    evidence::{
        Body, Entry, ManualFact, PackageFact, ScheduleFact, Trigger, UrgentFact,
        statement::{self, StatementError},
    },
    keys::PublicKey,
    package::{Manifest, TrustChain},
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
    /// The approvers of the centre's trust file in force.
    centre: Rc<Centre>,
    centres: BTreeMap<Digest, Rc<Centre>>,
    approvers: BTreeSet<PublicKey>,
    /// The schedules of the urgent packages that were taken.
    urgents: BTreeSet<Digest>,
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

/// Whose approvals a trust file lets count.
#[derive(Debug)]
enum Centre {
    /// The file is not stored as it was: named as such elsewhere.
    Unknown,
    /// Its approvers; nobody where there is no file, or it cannot be read as one.
    Of(Vec<PublicKey>),
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
    /// Keys of the centre's cosignatures.
    centre: Vec<PublicKey>,
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
            Body::Config { digest, trust, .. } => {
                self.follow(*digest, *trust, stored);
                return None;
            }
            Body::ScheduleAccept(fact) => ("verify-approval", self.approval(fact, &stored(fact.approval)?)?),
            Body::Package(PackageFact { urgent: Some(urgent), digest, .. }) => {
                self.urgents.insert(urgent.schedule);
                let (note, trust) = (stored(urgent.note)?, stored(urgent.trust)?);
                ("verify-urgent", urgent_signed(*digest, urgent, &note, &trust)?)
            }
            Body::Cue(cue) if cue.trigger == Trigger::Urgent && !self.urgents.contains(&cue.schedule) => {
                ("verify-urgent", "missing")
            }
            Body::Manual(fact) => ("verify-statement", self.statement(fact, &stored(fact.statement)?)?),
            _ => return None,
        };
        Some(Message::new(code).with("entry", entry.seq).with("what", what))
    }

    /// From here on these settings are in force, and the trust file `centre`.
    fn follow(&mut self, settings: Digest, centre: Option<Digest>, stored: Stored<'_>) {
        let trust = self.settings.entry(settings).or_insert_with(|| Rc::new(Trust::read(stored(settings))));
        self.trust = trust.clone();
        if let Trust::Of(station) = &*self.trust {
            self.approvers.extend(station.approvers.iter().cloned());
        }
        self.centre = match centre {
            None => Rc::default(),
            Some(digest) => {
                let centre =
                    self.centres.entry(digest).or_insert_with(|| Rc::new(Centre::read(stored(digest))));
                centre.clone()
            }
        };
        if let Centre::Of(keys) = &*self.centre {
            self.approvers.extend(keys.iter().cloned());
        }
    }

    /// The epoch that the log follows, as its opening tells.
    pub fn before(&self) -> Option<&EpochBefore> {
        self.before.as_ref()
    }

    /// Whom any of the settings trusted to approve.
    pub fn approvers(&self) -> &BTreeSet<PublicKey> {
        &self.approvers
    }

    /// Whose cosignatures count, by the settings in force and by whoever verifies; none where those cannot be read.
    pub fn cosigners(&self) -> Option<Vec<PublicKey>> {
        let named = match &*self.trust {
            Trust::Unknown => return None,
            Trust::Nobody => &[][..],
            Trust::Of(station) => &station.centre,
        };
        let keys: BTreeSet<&PublicKey> = named.iter().chain(&self.keys).collect();
        Some(keys.into_iter().cloned().collect())
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
        let mut keys: BTreeSet<&PublicKey> = match &*self.trust {
            Trust::Unknown => return None,
            Trust::Nobody => BTreeSet::new(),
            Trust::Of(station) => station.approvers.iter().collect(),
        };
        if let Centre::Of(of_centre) = &*self.centre {
            keys.extend(of_centre);
        }
        // Each once: a note opened with the same key twice would be ambiguous.
        let keys: Vec<PublicKey> = keys.into_iter().cloned().collect();
        match Approval::open(note, &keys) {
            Err(ApprovalError::Note(_)) if matches!(*self.centre, Centre::Unknown) => None,
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

/// Whether editor and two approvers of the trust file signed what the entry says of an urgent package.
fn urgent_signed(digest: Digest, fact: &UrgentFact, note: &[u8], trust: &[u8]) -> Option<&'static str> {
    let opened = TrustChain::begin(trust).and_then(|chain| Manifest::open(note, &chain));
    let Ok((manifest, signed)) = opened else { return Some("untrusted") };
    let said = manifest.urgent.is_some_and(|urgent| {
        (urgent.from_ms, urgent.until_ms) == (fact.from_ms, fact.until_ms)
            && (urgent.by, urgent.document, urgent.programme)
                == (fact.by.clone(), fact.document.clone(), fact.programme.clone())
    });
    (!said || signed != digest || manifest.schedule.sha256 != fact.schedule).then_some("other")
}

impl Trust {
    fn read(settings: Option<Vec<u8>>) -> Trust {
        let Some(settings) = settings else { return Trust::Unknown };
        Trusted::read(&settings).map_or(Trust::Nobody, Trust::Of)
    }
}

impl Default for Centre {
    fn default() -> Centre {
        Centre::Of(Vec::new())
    }
}

impl Centre {
    fn read(note: Option<Vec<u8>>) -> Centre {
        note.map_or(Centre::Unknown, |note| Centre::Of(centre_approvers(&note)))
    }
}

/// The approvers of the trust file `note`, which its own roots signed; nobody where it is none.
pub(super) fn centre_approvers(note: &[u8]) -> Vec<PublicKey> {
    TrustChain::begin(note).map_or_else(|_| Vec::new(), |chain| chain.last().approvers.clone())
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
        let centre = table.get("centre").and_then(|centre| centre.get("keys")?.as_array());
        let centre = centre.map_or(&[][..], Vec::as_slice);
        let cosigners = centre.iter().filter_map(|key| PublicKey::parse_witness(key.as_str()?).ok());
        let centre = (centre.len() <= MOST_KEYS).then(|| cosigners.collect())?;
        Some(Trusted { id, approvers: keys("approvers")?, operators: keys("operators")?, centre })
    }

    /// Every key whose signature makes a person's statement count.
    fn witnesses(&self) -> Vec<PublicKey> {
        self.operators.iter().chain(&self.approvers).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config,
        keys::SigningKey,
        programme::{ApprovalSubject, Release},
    };

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

    #[test]
    fn the_approvers_of_the_centre_count_while_their_trust_file_is_in_force() {
        let person = |name| SigningKey::generate(name).unwrap();
        let (root, editor, approver) = (person("root"), person("editor"), person("approver"));
        let public = |key: &SigningKey| vec![key.public().clone()];
        let trust = crate::package::Trust {
            approvers: public(&approver),
            channel: "quang-ngai".into(),
            editors: public(&editor),
            expires_ms: 1_700_000_000_000,
            log: root.public().clone(),
            origin: "x".into(),
            roots: public(&root),
            thresholds: crate::package::Threshold { approvers: 1, editors: 1, roots: 1 },
            version: 1,
        };
        let note = trust.sign(std::slice::from_ref(&root)).unwrap().into_bytes();
        let month = "2022-03".parse().unwrap();
        let subject = ApprovalSubject::new(month, 1, Digest::of(b"schedule"), BTreeMap::new());
        let release = Release {
            by: "A".into(),
            document: "1".into(),
            editor: "B".into(),
            self_approved: false,
            at: chrono::DateTime::UNIX_EPOCH,
        };
        let check = |signer: &SigningKey, trust: Option<&[u8]>, stored: bool| {
            let approval = Approval::sign(&subject, &release, signer).unwrap().into_bytes();
            let settings = b"id = \"x\"".to_vec();
            let mut kept: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
            for bytes in [&settings, &approval] {
                kept.insert(Digest::of(bytes), bytes.clone());
            }
            if let (Some(note), true) = (trust, stored) {
                kept.insert(Digest::of(note), note.to_vec());
            }
            let config = Body::Config {
                digest: Digest::of(&settings),
                plan: Digest::of(b""),
                station: "x".into(),
                unit: "y".into(),
                output: "z".into(),
                demo: false,
                trust: trust.map(Digest::of),
            };
            let accept = Body::ScheduleAccept(ScheduleFact {
                month,
                ward: false,
                revision: 1,
                digest: subject.schedule,
                slots: Digest::of(b""),
                count: 0,
                approval: Digest::of(&approval),
                by: "A".into(),
                document: "1".into(),
            });
            let mut signatures = Signatures::new(&[]);
            let mut told = Vec::new();
            for (seq, body) in (0..).zip([config, accept]) {
                let entry = Entry { seq, clk: crate::evidence::samples::clk(0), body };
                told.extend(signatures.take(&entry, &mut |digest| kept.get(&digest).cloned()));
            }
            told.iter().map(|message| message.code).collect::<Vec<_>>()
        };
        assert!(check(&approver, Some(&note), true).is_empty());
        assert_eq!(check(&approver, None, true), ["verify-approval"]);
        assert_eq!(check(&editor, Some(&note), true), ["verify-approval"], "an editor releases nothing");
        assert_eq!(check(&root, Some(&note), true), ["verify-approval"]);
        assert_eq!(check(&approver, Some(b"rubbish"), true), ["verify-approval"]);
        let forged = trust.sign(std::slice::from_ref(&editor)).unwrap().into_bytes();
        assert_eq!(check(&approver, Some(&forged), true), ["verify-approval"], "its roots did not sign it");
        assert!(check(&approver, Some(&note), false).is_empty(), "named elsewhere as missing");
    }
}
