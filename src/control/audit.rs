//! Is a station's log whole, ordered, unaltered and signed? From its bytes alone.

use std::{fs, io, path::Path};

use super::{ControlError, Folder};
use crate::{
    disk::At as _,
    evidence::{Code, VerifyReport},
    keys::PublicKey,
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

/// Verifies the log of the station folder at `target`.
pub fn audit(target: &Path, against: &Against) -> Result<VerifyReport, ControlError> {
    let codes = against.codes.iter().map(|code| short_code(code)).collect::<Result<Vec<_>, _>>()?;
    let keys = against.keys.iter().map(|key| public_key(key)).collect::<Result<Vec<_>, _>>()?;
    let folder = Folder::open(target)?;
    if !folder.log_path().exists() {
        return Err(Message::new("log-missing").into());
    }
    if !keys.is_empty() {
        return audit_log(&folder.log_path(), &keys, &codes);
    }
    let path = folder.key_path("station").with_extension("pub");
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Message::new("log-missing").into());
        }
        read => read.at("read the public key", &path)?,
    };
    let own = std::str::from_utf8(&text).ok().and_then(|text| PublicKey::parse(text).ok());
    let mut report = audit_log(&folder.log_path(), own.as_slice(), &codes)?;
    if own.is_none() {
        report.add(None, Message::new("verify-key").with("file", path.display()));
    }
    Ok(report)
}

fn public_key(text: &str) -> Result<PublicKey, ControlError> {
    PublicKey::parse(text).map_err(|_| ControlError::Usage(Message::new("key-unclear").with("key", text)))
}

fn short_code(text: &str) -> Result<Code, ControlError> {
    text.parse().map_err(|_| ControlError::Usage(Message::new("code-unclear").with("code", text)))
}

/// Verifies the log in the file at `path`. A file that is damaged, or no log at all, is a fault in the report;
/// an error is a failure of the machine.
fn audit_log(path: &Path, keys: &[PublicKey], codes: &[Code]) -> Result<VerifyReport, ControlError> {
    let report = Log::read_only(path).and_then(|log| log.verify_with(keys, codes, &mut |_| {}));
    report.or_else(|error| match &error {
        StoreError::Foreign { found, .. } => {
            Ok(VerifyReport::unreadable(Message::new("verify-foreign").with("found", found)))
        }
        StoreError::Database { source, .. } => {
            store::damage(source).map(VerifyReport::unreadable).ok_or(error.into())
        }
        _ => Err(error.into()),
    })
}
