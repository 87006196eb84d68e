//! A station whose disk went with its key goes on behind the copy of its log that the centre retained.
//!
//! Nobody can sign on that log any more: its key is gone. The copy becomes the kept log of the epoch before, byte for byte,
//! and a new epoch names its last head, which the centre cosigned. Nothing of it is believed but what its own public key
//! signed; that this is the station's key, the officer knows who enrols the new one.
//!
//! A log that was begun on the new disk meanwhile is put aside whole. Every step can be cut by a power failure and is
//! taken up by asking once more.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    ControlError, Folder, clk,
    epoch::{Before, LOG_FILES, NewEpoch, Next, Opener, clear_next, open_next, put_aside, whole},
    folder::read_key,
    init::origin,
};
use crate::{
    clock::Clock,
    disk::{self, At as _},
    evidence::{Body, Checkpoint},
    keys::PublicKey,
    store::Log,
    units::Digest,
    words::Message,
};

/// The public key beside the copy of a log.
const PUBLIC: &str = "station.pub";

/// Opens the next epoch of the station at `root` behind the log in the folder `from`: `log.db` and `station.pub`, as
/// `loa fleet copy` lays them. Refused where that is no whole log of this station, or where its key is still here.
pub fn come_back(
    root: &Path,
    from: &Path,
    clock: &dyn Clock,
    opener: Opener<'_>,
) -> Result<NewEpoch, ControlError> {
    let folder = Folder::open(root)?;
    let _lock = folder.lock()?;
    let (copied, epoch) = copy_of(&folder, from)?;
    let own_path = folder.key_path("station");
    let own = own_path.exists().then(|| read_key(&own_path)).transpose()?;
    let own = own.map(|key| key.public().clone());
    if own.as_ref() == Some(&copied) {
        return Err(Message::new("comeback-needless").with("origin", copied.name()).into());
    }
    let next_path = folder.key_path("station.next");
    if !next_path.exists() && follows(&folder.log_path(), copied.name()) {
        // A cut behind the last step but one leaves the reason.
        clear_next(&next_path)?;
        return Err(Message::new("comeback-done").with("origin", copied.name()).into());
    }
    let begun = next_path.exists().then(|| read_key(&next_path)).transpose()?;
    let epochs = folder.data().join("epochs");
    let before = Before {
        epoch,
        origin: copied.name().to_owned(),
        key: None,
        kept: epochs.join(epoch.to_string()),
        public: Some(copied),
    };
    // The number of an epoch is never used twice, not even of one that was begun here meanwhile.
    let kept = fs::read_dir(&epochs).into_iter().flatten().flatten();
    let kept = kept.filter_map(|folder| folder.file_name().to_str()?.parse::<u32>().ok());
    let last = kept.chain(own.as_ref().and_then(number)).chain([epoch]).max().unwrap_or(epoch);
    let next = Next::of(&folder, begun, last.saturating_add(1), "lost")?;
    let aside = || {
        if LOG_FILES.iter().any(|name| folder.data().join(name).exists()) {
            put_aside(&folder.data(), &begun_here(&epochs, own.as_ref()), &own_path.with_extension("pub"))?;
        }
        lay(from, &before.kept)
    };
    open_next(&folder, &before, next, opener, &clk(clock, folder.station.zone), aside)
}

/// Whether the log at `path` was opened behind the one called `origin`.
fn follows(path: &Path, origin: &str) -> bool {
    let opening = Log::read_only(path).ok().and_then(|log| log.entries(0..1).next()?.ok());
    matches!(opening.map(|entry| entry.body),
        Some(Body::LogOpen { after: Some(after), .. }) if after.origin == origin)
}

/// The epoch that a key's name tells.
fn number(key: &PublicKey) -> Option<u32> {
    key.name().rsplit('/').next()?.parse().ok()
}

/// Where the log goes that was begun on the new disk: it bears the number of an epoch that another key's log has.
fn begun_here(epochs: &Path, own: Option<&PublicKey>) -> PathBuf {
    let text = own.map_or("", PublicKey::as_text);
    let digest = Digest::of(text.as_bytes()).to_string();
    epochs.join(format!("{}-{}", own.and_then(number).unwrap_or(1), &digest[..8]))
}

/// The key of the whole log in `from`, and its epoch.
fn copy_of(folder: &Folder, from: &Path) -> Result<(PublicKey, u32), ControlError> {
    let no = |code| ControlError::from(Message::new(code).with("folder", from.display()));
    let text = fs::read_to_string(from.join(PUBLIC)).map_err(|_| no("comeback-none"))?;
    let key = PublicKey::parse(&text).map_err(|_| no("comeback-none"))?;
    let epoch = number(&key).filter(|epoch| origin(folder, "station", *epoch) == key.name());
    let epoch = epoch.ok_or_else(|| {
        ControlError::from(
            Message::new("comeback-other").with("origin", key.name()).with("station", &folder.station.id),
        )
    })?;
    let path = from.join("log.db");
    if !path.exists() {
        return Err(no("comeback-none"));
    }
    let log = Log::read_kept(&path).map_err(|_| no("comeback-damaged"))?;
    let head = log.head().map_err(|_| no("comeback-damaged"))?;
    let head = Checkpoint::open(head.as_bytes(), std::slice::from_ref(&key));
    if head.is_ok_and(|head| head.origin == key.name()) && whole(&log, &key)? {
        Ok((key, epoch))
    } else {
        Err(no("comeback-damaged"))
    }
}

/// Copies the log in `from` to where the epoch before is kept; the database goes last, so that it stands there whole or
/// not at all.
fn lay(from: &Path, kept: &Path) -> Result<(), ControlError> {
    disk::make_folder(kept)?;
    for name in ["log.high", PUBLIC, "log.db"] {
        let (source, target) = (from.join(name), kept.join(name));
        if !source.exists() {
            continue;
        }
        if target.exists()
            && fs::read(&target).at("read", &target)? != fs::read(&source).at("read", &source)?
        {
            return Err(Message::new("comeback-taken").with("file", target.display()).into());
        }
        let unfinished = target.with_extension("new");
        fs::copy(&source, &unfinished).at("copy to", &unfinished)?;
        fs::File::open(&unfinished).and_then(|file| file.sync_all()).at("sync", &unfinished)?;
        fs::rename(&unfinished, &target).at("put in place", &target)?;
        disk::sync_folder_of(&target)?;
    }
    Ok(())
}
