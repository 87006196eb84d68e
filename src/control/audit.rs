//! Is a station's log whole, ordered, unaltered and signed? From its bytes alone.

use std::{fs, io, path::Path};

use chrono::TimeDelta;

use super::{ControlError, Folder};
use crate::{
    disk::At as _,
    evidence::{Code, VerifyReport},
    keys::PublicKey,
    reconcile::{Completeness, Patience, Totals},
    store::{self, Log, StoreError},
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
}

impl Audit {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.report.holds()
    }

    /// An audit of entries and of the slots that they answer for.
    fn new(mut report: VerifyReport, completeness: Completeness) -> Audit {
        if !report.leaves_hold() {
            return Audit { report, slots: None };
        }
        let slots = completeness.finish();
        for fault in slots.faults {
            report.add(Some(fault.entry), fault.message);
        }
        report.more_faults += slots.more_faults;
        Audit { report, slots: Some(slots.totals) }
    }
}

/// Verifies the log of the station folder at `target`, and that every slot is accounted for in it.
pub fn audit(target: &Path, against: &Against) -> Result<Audit, ControlError> {
    let codes = against.codes.iter().map(|code| short_code(code)).collect::<Result<Vec<_>, _>>()?;
    let keys = against.keys.iter().map(|key| public_key(key)).collect::<Result<Vec<_>, _>>()?;
    let folder = Folder::open(target)?;
    if !folder.log_path().exists() {
        return Err(Message::new("log-missing").into());
    }
    if !keys.is_empty() {
        return audit_log(&folder, &keys, &codes);
    }
    let path = folder.key_path("station").with_extension("pub");
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Message::new("log-missing").into());
        }
        read => read.at("read the public key", &path)?,
    };
    let own = std::str::from_utf8(&text).ok().and_then(|text| PublicKey::parse(text).ok());
    let mut audit = audit_log(&folder, own.as_slice(), &codes)?;
    if own.is_none() {
        audit.report.add(None, Message::new("verify-key").with("file", path.display()));
    }
    Ok(audit)
}

/// The key that a person gave, or what is unclear about it.
pub(super) fn public_key(text: &str) -> Result<PublicKey, ControlError> {
    PublicKey::parse(text).map_err(|_| ControlError::Usage(Message::new("key-unclear").with("key", text)))
}

/// The code that a person copied, or that it was copied wrongly.
pub(super) fn short_code(text: &str) -> Result<Code, ControlError> {
    text.parse().map_err(|_| ControlError::Usage(Message::new("code-unclear").with("code", text)))
}

/// Verifies the log of `folder`. A file that is damaged, or no log at all, is a fault in the report; an error
/// is a failure of the machine.
fn audit_log(folder: &Folder, keys: &[PublicKey], codes: &[Code]) -> Result<Audit, ControlError> {
    let policy = &folder.station.policy;
    let span = |seconds: u32| TimeDelta::seconds(i64::from(seconds));
    let patience = Patience { late_start: span(policy.late_start_s), clock_step: span(policy.clock_step_s) };
    let mut completeness = Completeness::new(patience);
    let report = Log::read_only(&folder.log_path()).and_then(|log| {
        // Bytes that are missing or other ones are named by the examination of the log itself.
        let mut stored = |digest| log.blob(digest).ok().flatten();
        log.verify_with(keys, codes, &mut |entry| completeness.push(entry, &mut stored))
    });
    let report = report.or_else(|error| match &error {
        StoreError::Foreign { found, .. } => {
            Ok(VerifyReport::unreadable(Message::new("verify-foreign").with("found", found)))
        }
        StoreError::Database { source, .. } => {
            store::damage(source).map(VerifyReport::unreadable).ok_or(error)
        }
        _ => Err(error),
    })?;
    Ok(Audit::new(report, completeness))
}
