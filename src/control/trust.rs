//! Whose packages count: the trust files of a centre and of its stations, in `data/packages/trust/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{
    ControlError, Folder,
    folder::read_key,
    init::{origin, write_key},
};
use crate::{
    disk::At as _,
    keys::{PublicKey, SigningKey},
    package::{Shelf, Threshold, Trust, TrustChain},
    units::Digest,
    words::Message,
};

/// Longest trust file that a person hands over, in bytes.
const LONGEST: u64 = 1 << 20;

/// A new trust file.
#[derive(Debug, Clone)]
pub struct NewTrust {
    /// Who releases packages, as `name+id+key`.
    pub approvers: Vec<String>,
    /// Who makes them.
    pub editors: Vec<String>,
    /// Who signs trust files.
    pub roots: Vec<String>,
    /// How many approvers, editors and roots must sign.
    pub need: [u64; 3],
    /// Until when packages are taken under it.
    pub until: DateTime<Utc>,
    /// Key files of roots: enough of the file before and of this one.
    pub keys: Vec<PathBuf>,
}

/// A trust file that is in force from now on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Trusted {
    /// Of which centre.
    pub channel: String,
    /// Its number.
    pub version: u64,
    /// Digest of its note: what two people compare.
    pub digest: Digest,
    /// Where it stands, below the folder.
    pub file: String,
}

/// Where packages are kept: notes, proofs and trust files, without their blobs.
pub(super) fn kept(folder: &Folder) -> Shelf {
    Shelf::new(&folder.data().join("packages"))
}

/// The trust files that were taken here; none where there is none yet.
pub(super) fn chain(folder: &Folder) -> Result<Option<TrustChain>, ControlError> {
    let shelf = kept(folder);
    let mut chain: Option<TrustChain> = None;
    for version in shelf.trusts()? {
        let note = shelf.trust(version)?;
        match &mut chain {
            None => chain = Some(TrustChain::begin(&note)?),
            Some(chain) => chain.follow(&note)?,
        }
    }
    Ok(chain)
}

/// The key of the centre's programme log, which is made with the first trust file.
pub(super) fn log_key(folder: &Folder) -> Result<SigningKey, ControlError> {
    if folder.key_path("programme").exists() {
        return folder.key("programme");
    }
    let key = SigningKey::generate(&origin(folder, "centre", 1))?;
    write_key(&folder.key_path("programme"), &key)?;
    Ok(key)
}

/// Signs the next trust file of this centre and puts it in force here; stations take it along with packages.
pub fn new_trust(folder: &Folder, order: &NewTrust) -> Result<Trusted, ControlError> {
    let _alone = folder.packages()?;
    let before = chain(folder)?;
    let log = log_key(folder)?;
    let [approvers, editors, roots] = order.need;
    let trust = Trust {
        approvers: public(&order.approvers)?,
        channel: folder.station.id.clone(),
        editors: public(&order.editors)?,
        expires_ms: order.until.timestamp_millis(),
        log: log.public().clone(),
        origin: log.public().name().to_owned(),
        roots: public(&order.roots)?,
        thresholds: Threshold { approvers, editors, roots },
        version: before.as_ref().map_or(1, |chain| chain.last().version + 1),
    };
    let keys = order.keys.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    let note = trust.sign(&keys)?;
    settle(folder, before, note.as_bytes())
}

/// Takes the trust file at `file`: the first because a person says so, a later one because it follows.
pub fn accept_trust(folder: &Folder, file: &Path) -> Result<Trusted, ControlError> {
    let _alone = folder.packages()?;
    let length = fs::metadata(file).at("open", file)?.len();
    if length > LONGEST {
        let no = Message::new("package-file-large").with("file", file.display());
        return Err(no.with("most", LONGEST).into());
    }
    let note = fs::read(file).at("read", file)?;
    settle(folder, chain(folder)?, &note)
}

/// Puts `note` in force behind `before`.
fn settle(folder: &Folder, before: Option<TrustChain>, note: &[u8]) -> Result<Trusted, ControlError> {
    let chain = match before {
        None => TrustChain::begin(note)?,
        Some(mut chain) => {
            chain.follow(note)?;
            chain
        }
    };
    let Trust { version, channel, .. } = chain.last();
    kept(folder).lay_trust(*version, note)?;
    let file = folder.station.data.join(format!("packages/trust/{version}.note")).display().to_string();
    Ok(Trusted { channel: channel.clone(), version: *version, digest: Digest::of(note), file })
}

/// Keys as they stand in a trust file: in order, each once.
fn public(texts: &[String]) -> Result<Vec<PublicKey>, ControlError> {
    let read = |text: &String| {
        PublicKey::parse(text)
            .map_err(|_| ControlError::Usage(Message::new("key-malformed").with("found", text)))
    };
    let mut keys = texts.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}
