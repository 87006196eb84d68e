//! A person's own signing key.

use std::{fs, io, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use super::ControlError;
use crate::{
    disk::{At as _, sync_folder_of},
    keys::{KeyError, PublicKey, SigningKey},
    words::Message,
};

/// Makes a key called `name` in the new file `path`, which only its owner may read, and gives its public
/// half. An existing file is left as it is: the key in it may be somebody's only one.
pub fn new_key(name: &str, path: &Path) -> Result<PublicKey, ControlError> {
    let key = SigningKey::generate(name).map_err(|error| match error {
        KeyError::Name(name) => ControlError::Usage(Message::new("key-name").with("name", name)),
        error => error.into(),
    })?;
    let mut file = match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Message::new("key-exists").with("file", path.display()).into());
        }
        opened => opened.at("create", path)?,
    };
    file.write_all(format!("{}\n", key.secret_text()).as_bytes()).at("write", path)?;
    file.sync_all().at("sync", path)?;
    sync_folder_of(path)?;
    Ok(key.public().clone())
}
