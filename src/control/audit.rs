//! Is a station's log whole, ordered, unaltered and signed? From its bytes alone.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;

use super::{ControlError, EpochBefore, Folder, Witnessed, judged::Judgement};
use crate::{
    config::{self, Station},
    disk::At as _,
    evidence::{Body, Code, VerifyReport},
    keys::PublicKey,
    reconcile::{Completeness, Patience, Totals},
    store::{self, Log, Reader, StoreError},
    words::Message,
};

/// Against what a log is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Against {
    /// Public keys, of the station and of witnesses. Without any, the public key that stands in the folder,
    /// which shows only that the log is consistent with itself.
    pub keys: Vec<String>,
    /// Short codes from a paper duty book.
    pub codes: Vec<String>,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Whether the record is whole, with everything that is wrong, slots included.
    pub report: VerifyReport,
    /// How the slots stand; absent when the entries are not those that were signed, and say nothing.
    pub slots: Option<Totals>,
    /// The epoch that this log follows, as its opening tells.
    pub before: Option<EpochBefore>,
    /// How far a witness saw it, by the cosignatures that it entered.
    pub witnessed: Option<Witnessed>,
    /// How many of these could be neither borne out nor refuted.
    pub unchecked_anchors: u64,
}

impl Audit {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.report.holds()
    }

    /// An audit of entries, of what people should have signed in them, and of the slots that they answer for.
    fn new(mut report: VerifyReport, mut judgement: Judgement) -> Audit {
        if !report.leaves_hold() {
            return Audit { report, slots: None, before: None, witnessed: None, unchecked_anchors: 0 };
        }
        let before = judgement.signatures().before().cloned();
        judgement.tell(&mut report);
        let (witnessed, unchecked_anchors) = judgement.witnessed();
        let slots = judgement.slots(&mut report).map(|(totals, _)| totals);
        Audit { report, slots, before, witnessed, unchecked_anchors }
    }
}

/// Verifies the log of the station folder, or of the kept epoch, at `target`, and that every slot is accounted
/// for in it.
pub fn audit(target: &Path, against: &Against) -> Result<Audit, ControlError> {
    let codes = against.codes.iter().map(|code| short_code(code)).collect::<Result<Vec<_>, _>>()?;
    let keys = against.keys.iter().map(|key| public_key(key)).collect::<Result<Vec<_>, _>>()?;
    let place = Place::of(target);
    if !place.log.exists() {
        // Where nothing can be verified, settings that cannot be used are the first thing to say.
        Folder::open(target)?;
        return Err(Message::new("log-missing").into());
    }
    if !keys.is_empty() {
        return audit_log(&place, &keys, &[], &codes);
    }
    let text = match fs::read(&place.public) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Message::new("log-missing").into());
        }
        read => read.at("read the public key", &place.public)?,
    };
    let own = std::str::from_utf8(&text).ok().and_then(|text| PublicKey::parse(text).ok());
    let mut audit = audit_log(&place, own.as_slice(), &place.earlier(own.as_ref()), &codes)?;
    audit.report.by_own_key();
    if own.is_none() {
        audit.report.add(None, Message::new("verify-key").with("file", place.public.display()));
    }
    Ok(audit)
}

/// What is verified, and how long its station might take.
struct Place {
    log: PathBuf,
    /// The station's own public key.
    public: PathBuf,
    /// Where the epochs before it are kept.
    epochs: PathBuf,
    patience: Patience,
    /// Nobody writes this log any more.
    kept: bool,
}

impl Place {
    /// A station's folder, or one of the epochs that it keeps: a log and its public key alone. Settings that are
    /// broken or gone say nothing about the log, whose bytes are verified all the same.
    fn of(target: &Path) -> Place {
        let settings = fs::read(target.join(Folder::STATION_FILE)).ok();
        let kept = target.join("log.db");
        if settings.is_none() && kept.exists() {
            return Place {
                log: kept,
                public: target.join("station.pub"),
                epochs: target.join(".."),
                patience: Patience::of_a_stranger(),
                kept: true,
            };
        }
        let station = settings.and_then(|bytes| config::read(Folder::STATION_FILE, &bytes).0);
        let data = station.as_ref().map_or_else(|| target.join("data"), |station| target.join(&station.data));
        let span = |seconds: u32| TimeDelta::seconds(i64::from(seconds));
        let patience = station.map_or_else(Patience::of_a_stranger, |Station { policy, .. }| Patience {
            late_start: span(policy.late_start_s),
            clock_step: span(policy.clock_step_s),
        });
        let (log, public, epochs) = (data.join("log.db"), data.join("keys/station.pub"), data.join("epochs"));
        Place { log, public, epochs, patience, kept: false }
    }

    /// The key of the epoch before, which is kept with its log; whoever asks for it trusts what lies here.
    fn earlier(&self, own: Option<&PublicKey>) -> Vec<PublicKey> {
        let epoch = own.and_then(|own| own.name().rsplit('/').next()?.parse::<u32>().ok()?.checked_sub(1));
        let key = |epoch: u32| {
            let text = fs::read_to_string(self.epochs.join(epoch.to_string()).join("station.pub")).ok()?;
            PublicKey::parse(&text).ok()
        };
        epoch.and_then(key).into_iter().collect()
    }

    fn open(&self) -> Result<Reader, StoreError> {
        if self.kept { Log::read_kept(&self.log) } else { Log::read_only(&self.log) }
    }
}

/// The key that a person gave, or what is unclear about it.
pub(super) fn public_key(text: &str) -> Result<PublicKey, ControlError> {
    let unclear = |_| ControlError::Usage(Message::new("key-unclear").with("key", text));
    PublicKey::parse(text).or_else(|_| PublicKey::parse_witness(text)).map_err(unclear)
}

/// The code that a person copied, or that it was copied wrongly.
pub(super) fn short_code(text: &str) -> Result<Code, ControlError> {
    text.parse().map_err(|_| ControlError::Usage(Message::new("code-unclear").with("code", text)))
}

/// Verifies the log at `place`; keys of `earlier` epochs open what these left to it. A file that is damaged, or no log at all, is a fault in the report; an error
/// is a failure of the machine.
fn audit_log(
    place: &Place,
    keys: &[PublicKey],
    earlier: &[PublicKey],
    codes: &[Code],
) -> Result<Audit, ControlError> {
    let mut judgement = Judgement::new(Completeness::new(place.patience), &[keys, earlier].concat());
    let report = place.open().and_then(|log| {
        // Bytes that are missing or other ones are named by the examination of the log itself.
        let mut stored = |digest| log.blob(digest).ok().flatten();
        log.verify_with(keys, codes, &mut |entry| {
            judgement.take(entry, &mut stored);
            if let Body::Anchor(fact) = &entry.body {
                // The stored tree is compared with the leaves while they are read.
                let root = log.frontier(fact.size.min(entry.seq)).ok().map(|tree| tree.root());
                judgement.anchor(entry, fact, root);
            }
        })
    });
    let report = report.or_else(|error| match &error {
        StoreError::Foreign { version, .. } => {
            let version = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            Ok(VerifyReport::unreadable(Message::new("verify-foreign").with("version", version)))
        }
        StoreError::Database { source, .. } => {
            store::damage(source).map(VerifyReport::unreadable).ok_or(error)
        }
        _ => Err(error),
    })?;
    Ok(Audit::new(report, judgement))
}
