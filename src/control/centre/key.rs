//! The key with which a centre cosigns, and what a station needs to know of it.

use std::{fs, path::Path};

use super::super::{ControlError, Folder, certificate::pin};
use crate::{
    disk::{self, At as _},
    keys::WitnessKey,
    words::Message,
};

const EXAMPLE: &str = include_str!("../../../config/centre.toml");

/// What stands in the `[centre]` table of its stations.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CentreLines {
    /// Files that were not there before, below the folder.
    pub made: Vec<String>,
    /// The public half of the cosigning key.
    pub key: String,
    /// SHA-256 of the public key of its own certificate; none where files or nobody encrypt.
    pub pin: Option<String>,
}

/// Makes what a folder lacks to be a centre's: settings and cosigning key. Gives what its stations need to know.
pub fn make(root: &Path, now: chrono::DateTime<chrono::Utc>) -> Result<CentreLines, ControlError> {
    let mut made = Vec::new();
    let settings = root.join(Folder::CENTRE_FILE);
    if !settings.exists() {
        let id = Folder::open(root)?.station.id;
        let text = EXAMPLE.replace("\"duc-pho\" ", &format!("\"{id}\" "));
        disk::replace(&settings, text.as_bytes(), 0o644)?;
        made.push(Folder::CENTRE_FILE.to_owned());
    }
    let folder = Folder::open(root)?;
    let Some(centre) = &folder.centre else { return Err(Message::new("centre-none").into()) };
    let path = folder.key_path("centre");
    if !path.exists() {
        let key = WitnessKey::generate(&format!("loa/centre/{}", centre.name))?;
        let public = path.with_extension("pub");
        disk::replace(&public, format!("{}\n", key.public().as_text()).as_bytes(), 0o644)?;
        disk::replace(&path, format!("{}\n", key.secret_text()).as_bytes(), 0o600)?;
        made.push("data/keys/centre.key".to_owned());
    }
    let key = read(&folder)?.public().as_text().to_owned();
    Ok(CentreLines { made, key, pin: pin(&folder, now)?.map(|pin| pin.to_string()) })
}

/// The cosigning key of `folder`.
pub(super) fn read(folder: &Folder) -> Result<WitnessKey, ControlError> {
    let path = folder.key_path("centre");
    if !path.exists() {
        return Err(Message::new("centre-no-own-key").with("file", path.display()).into());
    }
    let text = fs::read_to_string(&path).at("read the key", &path)?;
    Ok(WitnessKey::parse(&text)?)
}
