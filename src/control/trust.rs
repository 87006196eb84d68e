//! Whose packages count: the trust files of a centre and of its stations, in `data/packages/trust/`.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{
    Act, Ask, ControlError, Folder,
    folder::read_key,
    init::{origin, write_key},
    refusal::{enter_refusal, refused},
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

/// What people are shown of the trust file in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustInForce {
    /// Of which centre.
    pub channel: String,
    /// Its number.
    pub version: u64,
    /// Until when packages are taken under it.
    pub until: DateTime<Utc>,
}

/// The trust file in force; none where none was taken yet.
pub fn trust_in_force(folder: &Folder) -> Result<Option<TrustInForce>, ControlError> {
    Ok(chain(folder)?.map(|chain| {
        let Trust { channel, version, expires_ms, .. } = chain.last().clone();
        let until = DateTime::from_timestamp_millis(expires_ms).unwrap_or_default();
        TrustInForce { channel, version, until }
    }))
}

/// Whose approvals count at this station: whom its settings trust, and the approvers of the trust file in force.
#[derive(Debug, Clone, Default)]
pub struct Approvers {
    /// Their keys.
    pub keys: Vec<PublicKey>,
    /// The note of the trust file in force.
    pub trust: Option<Vec<u8>>,
}

impl Approvers {
    /// As of now. Trust files that cannot be read give nobody a voice, and take none from whom the settings trust.
    #[must_use]
    pub fn of(folder: &Folder) -> Approvers {
        match chain_with_note(folder) {
            Ok(Some((chain, note))) => Approvers { trust: Some(note), ..Approvers::under(folder, &chain) },
            Ok(None) => Approvers { keys: folder.station.approvers.clone(), trust: None },
            Err(error) => {
                tracing::error!("the trust files in {}: {error}", kept(folder).path("trust").display());
                Approvers { keys: folder.station.approvers.clone(), trust: None }
            }
        }
    }

    /// The same where the last file of `chain` is in force.
    pub(super) fn under(folder: &Folder, chain: &TrustChain) -> Approvers {
        // Each once: a note opened with the same key twice would be ambiguous.
        let keys: BTreeSet<_> = folder.station.approvers.iter().chain(&chain.last().approvers).collect();
        Approvers { keys: keys.into_iter().cloned().collect(), trust: None }
    }
}

/// The trust files that were taken here; none where there is none yet.
pub(super) fn chain(folder: &Folder) -> Result<Option<TrustChain>, ControlError> {
    Ok(chain_with_note(folder)?.map(|(chain, _)| chain))
}

/// The same with the note of its last file.
pub(super) fn chain_with_note(folder: &Folder) -> Result<Option<(TrustChain, Vec<u8>)>, ControlError> {
    let shelf = kept(folder);
    if !shelf.path("trust").exists() {
        return Ok(None);
    }
    let mut chain: Option<(TrustChain, Vec<u8>)> = None;
    for version in shelf.trusts()? {
        let note = shelf.trust(version)?;
        chain = Some(match chain {
            None => (TrustChain::begin(&note)?, note),
            Some((mut chain, _)) => {
                chain.follow(&note)?;
                (chain, note)
            }
        });
    }
    Ok(chain)
}

/// The key of the centre's programme log, which is made with the first trust file. Where it was lost the next one is of
/// another log, named as the epoch behind the last that a trust file here names: no station compares the two.
pub(super) fn log_key(folder: &Folder) -> Result<SigningKey, ControlError> {
    if folder.key_path("programme").exists() {
        return folder.key("programme");
    }
    let last = chain(folder)?.and_then(|chain| chain.last().origin.rsplit('/').next()?.parse::<u32>().ok());
    let key = SigningKey::generate(&origin(folder, "centre", last.map_or(1, |last| last + 1)))?;
    write_key(&folder.key_path("programme"), &key)?;
    Ok(key)
}

/// Signs the next trust file of this centre and puts it in force here; stations take it along with packages. `enter`
/// makes its entry durable.
pub fn new_trust<E: From<ControlError>>(
    folder: &Folder,
    order: &NewTrust,
    by: &str,
    enter: &mut dyn FnMut(Ask) -> Result<(), E>,
) -> Result<Trusted, E> {
    let _alone = folder.packages()?;
    let before = chain(folder)?;
    let note = signed(folder, order, before.as_ref())?;
    settle(folder, &followed(before, note.as_bytes())?, note.as_bytes(), by, enter)
}

fn signed(folder: &Folder, order: &NewTrust, before: Option<&TrustChain>) -> Result<String, ControlError> {
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
        version: before.map_or(1, |chain| chain.last().version + 1),
    };
    let keys = order.keys.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(trust.sign(&keys)?)
}

/// Takes the trust file at `file`: the first because a person says so, a later one because it follows. `enter` makes
/// entries durable: that it was taken, or refused.
pub fn accept_trust<E: From<ControlError>>(
    folder: &Folder,
    file: &Path,
    now: DateTime<Utc>,
    by: &str,
    enter: &mut dyn FnMut(Ask) -> Result<(), E>,
) -> Result<Trusted, E> {
    let _alone = folder.packages()?;
    let mut note = Vec::new();
    let read = fs::File::open(file).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut note));
    read.at("read", file).map_err(ControlError::from)?;
    let fits = if note.len() as u64 > LONGEST {
        let no = Message::new("package-file-large").with("file", file.display());
        Err(ControlError::from(no.with("most", LONGEST)))
    } else {
        Ok(())
    };
    let followed = fits.and_then(|()| followed(chain(folder)?, &note));
    if let Err(ControlError::No(no)) = &followed {
        enter_refusal(folder, refused(by, Digest::of(&note), no), now, enter)?;
    }
    settle(folder, &followed?, &note, by, enter)
}

/// The chain with `note` behind `before`.
fn followed(before: Option<TrustChain>, note: &[u8]) -> Result<TrustChain, ControlError> {
    let Some(mut chain) = before else { return Ok(TrustChain::begin(note)?) };
    chain.follow(note)?;
    Ok(chain)
}

/// Puts `note` in force, which is the last of `chain`: the entry first, so that nothing changes without it.
fn settle<E: From<ControlError>>(
    folder: &Folder,
    chain: &TrustChain,
    note: &[u8],
    by: &str,
    enter: &mut dyn FnMut(Ask) -> Result<(), E>,
) -> Result<Trusted, E> {
    let Trust { version, channel, .. } = chain.last();
    let digest = Digest::of(note);
    enter(Ask::Act { act: Act::Trust, by: by.into(), text: format!("{version} {digest}") })?;
    kept(folder).lay_trust(*version, note).map_err(ControlError::from)?;
    let file = folder.station.data.join(format!("packages/trust/{version}.note")).display().to_string();
    Ok(Trusted { channel: channel.clone(), version: *version, digest, file })
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
