//! Is a station's log whole, ordered, unaltered and signed? From its bytes alone.

use std::{fs, path::Path};

use super::{ControlError, Folder};
use crate::{disk::At as _, evidence::VerifyReport, keys::PublicKey, store::Log, words::Message};

/// Verifies the log of the station folder at `root`, against `keys` or, without any, the public key that
/// stands in the folder (which shows only that the log is consistent with itself).
pub fn audit(root: &Path, keys: &[String]) -> Result<VerifyReport, ControlError> {
    let folder = Folder::open(root)?;
    let keys = if keys.is_empty() {
        let path = folder.key_path("station").with_extension("pub");
        vec![fs::read_to_string(&path).at("read the public key", &path)?]
    } else {
        keys.to_vec()
    };
    let keys = keys.iter().map(|key| public_key(key)).collect::<Result<Vec<_>, _>>()?;
    audit_log(&folder.log_path(), &keys)
}

/// The key that a person gave, or what is unclear about it.
pub(super) fn public_key(text: &str) -> Result<PublicKey, ControlError> {
    PublicKey::parse(text).map_err(|_| ControlError::Usage(Message::new("key-unclear").with("key", text)))
}

/// Verifies the log in the file at `path`.
pub fn audit_log(path: &Path, keys: &[PublicKey]) -> Result<VerifyReport, ControlError> {
    if !path.exists() {
        return Err(Message::new("log-missing").into());
    }
    Ok(Log::read_only(path)?.verify(keys)?)
}
