//! The key with which a centre cosigns, and what a station needs to know of it.

use std::{fs, path::Path};

use super::super::{ControlError, Folder, certificate::pin};
use crate::{
    disk::{self, At as _},
    keys::{PublicKey, WitnessKey},
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
    let path = folder.key_path(KEY);
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

/// The cosigning keys of a centre: their public halves, as they stand in the settings of stations.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CentreKeys {
    /// The one in use.
    pub key: String,
    /// The one that is to follow; none where none was made.
    pub next: Option<String>,
    /// Those that were in use before, the oldest first.
    pub earlier: Vec<String>,
}

const KEY: &str = "centre";
const NEXT: &str = "centre.next";
const EARLIER: &str = "centre.earlier";

/// The cosigning keys of `folder`.
pub fn centre_keys(folder: &Folder) -> Result<CentreKeys, ControlError> {
    let text = |key: &PublicKey| key.as_text().to_owned();
    let next = folder.key_path(NEXT);
    let next = next.exists().then(|| read_from(&next)).transpose()?;
    let key = read(folder)?;
    let earlier = earlier(folder)?
        .into_iter()
        .map(|key| text(&key))
        .filter(|earlier| earlier != key.public().as_text());
    Ok(CentreKeys {
        earlier: earlier.collect(),
        key: text(key.public()),
        next: next.map(|next| text(next.public())),
    })
}

/// Makes the key that is to follow, where there is none yet: stations take its public half into their settings beside
/// that of the key in use before it cosigns anything.
pub fn next_key(folder: &Folder) -> Result<CentreKeys, ControlError> {
    let path = folder.key_path(NEXT);
    if !path.exists() {
        let key = WitnessKey::generate(read(folder)?.public().name())?;
        disk::replace(&path, format!("{}\n", key.secret_text()).as_bytes(), 0o600)?;
    }
    centre_keys(folder)
}

/// Lets the key that was made to follow take the place of the one in use, whose private half is gone then and whose
/// public half is kept. A process that runs goes on with the old one until it starts anew. A no where none was made.
pub fn use_next_key(folder: &Folder) -> Result<CentreKeys, ControlError> {
    let next = folder.key_path(NEXT);
    if !next.exists() {
        return Err(Message::new("fleet-key-no-next").into());
    }
    let (old, new) = (read(folder)?, read_from(&next)?);
    let mut kept = earlier(folder)?;
    if !kept.contains(old.public()) {
        kept.push(old.public().clone());
    }
    // Kept first: a cut behind any of these steps is taken up by asking once more.
    let lines: Vec<&str> = kept.iter().map(PublicKey::as_text).chain([""]).collect();
    disk::replace(&folder.key_path(EARLIER).with_extension("pub"), lines.join("\n").as_bytes(), 0o644)?;
    let path = folder.key_path(KEY);
    let public = format!("{}\n", new.public().as_text());
    disk::replace(&path.with_extension("pub"), public.as_bytes(), 0o644)?;
    fs::rename(&next, &path).at("put in place", &path)?;
    disk::sync_folder_of(&path)?;
    centre_keys(folder)
}

/// The public halves of the keys that cosigned before the one in use.
pub(super) fn earlier(folder: &Folder) -> Result<Vec<PublicKey>, ControlError> {
    let path = folder.key_path(EARLIER).with_extension("pub");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).at("read", &path)?;
    Ok(text.lines().filter_map(|line| PublicKey::parse_witness(line).ok()).collect())
}

/// The cosigning key of `folder`.
pub(super) fn read(folder: &Folder) -> Result<WitnessKey, ControlError> {
    let path = folder.key_path(KEY);
    if !path.exists() {
        return Err(Message::new("centre-no-own-key").with("file", path.display()).into());
    }
    read_from(&path)
}

fn read_from(path: &Path) -> Result<WitnessKey, ControlError> {
    let text = fs::read_to_string(path).at("read the key", path)?;
    Ok(WitnessKey::parse(&text)?)
}
