//! A new epoch of a station's log, where the old one cannot be gone on with.
//!
//! A log that was rolled back, damaged or lost is never signed on: it is put aside as it is, and a new one
//! begins that names the old one's last checkpoint and why it ended. Only a person does this, knowingly.
//!
//! Every step can be cut by a power failure and is taken up again by asking once more:
//! 1. the reason is written down, and the new key is made beside the old one;
//! 2. the old log's files move to `data/epochs/<n>/`;
//! 3. the new log is created, all at once, then takes over the legal holds that were in force;
//! 4. the new key takes the old one's place.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    ControlError, Folder,
    before::endorsement,
    clk,
    folder::read_key,
    init::{origin, write_key},
    retention::holds_in,
};
use crate::{
    clock::Clock,
    disk::{self, At as _},
    evidence::{After, Body, Checkpoint, Clk, HoldFact},
    keys::{PublicKey, SigningKey},
    store::{self, Blob, Log, Reader, StoreError},
    units::Digest,
    words::{Lang, Message},
};

/// What [`new_epoch`] made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewEpoch {
    /// The new log's origin.
    pub origin: String,
    /// What ended the epoch before: `rollback`, `fork`, `damaged`, `lost`, `key`.
    pub reason: String,
    /// Where the old log lies now, below the station's folder.
    pub kept: String,
    /// The station's new public key.
    pub public_key: String,
    /// Whether the old key vouches for the new one.
    pub endorsed: bool,
}

/// Files of a log beside one another in a folder.
pub(super) const LOG_FILES: [&str; 6] =
    ["log.db", "log.db-wal", "log.db-shm", "log.db-journal", "log.high", "log.reserve"];

/// Who opens an epoch, and why in their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opener<'w> {
    /// The person.
    pub by: &'w str,
    /// Why.
    pub text: &'w str,
}

/// Ends the epoch of the station at `root` whose log cannot be gone on with, and opens the next one. Refused while all
/// of the log is as it was written, unless its key is `revoked`, and where there has never been one.
pub fn new_epoch(
    root: &Path,
    clock: &dyn Clock,
    opener: Opener<'_>,
    revoked: bool,
) -> Result<NewEpoch, ControlError> {
    let folder = Folder::open(root)?;
    let _lock = folder.lock()?;
    let next_path = folder.key_path("station.next");
    let begun = next_path.exists().then(|| read_key(&next_path)).transpose()?;
    let before = Before::of(&folder, begun.as_ref())?;
    // A key that is not to be believed any more has no word in what follows.
    let Some(fault) = before.fault(&folder.log_path())?.or(revoked.then_some("key")) else {
        // Also when an earlier attempt was cut and the log was put right since.
        clear_next(&next_path)?;
        return Err(Message::new("epoch-needless").with("file", folder.log_path().display()).into());
    };
    let next = Next::of(&folder, begun, before.epoch + 1, fault)?;
    open_next(&folder, &before, next, opener, &clk(clock, folder.station.zone), || {
        put_aside(&folder.data(), &before.kept, &folder.key_path("station").with_extension("pub"))
    })
}

/// Removes what an attempt left of the next key at `path`: the key's two halves and the reason.
pub(super) fn clear_next(path: &Path) -> Result<(), ControlError> {
    for left in ["reason", "pub", "key"].map(|end| path.with_extension(end)) {
        if left.exists() {
            fs::remove_file(&left).at("remove", &left)?;
        }
    }
    Ok(())
}

/// The key of the epoch that begins, and why the one before ended.
pub(super) struct Next {
    key: SigningKey,
    reason: String,
}

impl Next {
    /// The key of an attempt that was cut and had `begun`, else a new one for `epoch`, behind one that ended for `fault`.
    pub fn of(
        folder: &Folder,
        begun: Option<SigningKey>,
        epoch: u32,
        fault: &str,
    ) -> Result<Next, ControlError> {
        let path = folder.key_path("station.next");
        let reason = path.with_extension("reason");
        let key = if let Some(key) = begun {
            key
        } else {
            // Before anything is moved, so that it is still known when a cut is taken up.
            disk::replace(&reason, fault.as_bytes(), 0o644)?;
            let key = SigningKey::generate(&origin(folder, "station", epoch))?;
            write_key(&path, &key)?;
            key
        };
        Ok(Next { key, reason: fs::read_to_string(&reason).at("read", &reason)? })
    }
}

/// Opens the epoch of `next` behind the one `before`, whose log `aside` puts where it is kept, and puts its key in place.
pub(super) fn open_next(
    folder: &Folder,
    before: &Before,
    Next { key: next, reason }: Next,
    Opener { by, text }: Opener<'_>,
    clk: &Clk,
    aside: impl FnOnce() -> Result<(), ControlError>,
) -> Result<NewEpoch, ControlError> {
    let (next_path, name) = (folder.key_path("station.next"), next.public().name().to_owned());
    let public_key = next.public().as_text().to_owned();
    // A key that did not sign the old log has no word in this.
    let endorsement = (reason != "key").then(|| before.endorse(next.public(), &reason)).flatten();
    let endorsed = endorsement.is_some();
    // A cut behind step 3: the new log stands and only its key is not in place yet.
    let standing = Log::open(&folder.log_path(), SigningKey::parse(next.secret_text())?);
    let mut log = if let Ok(log) = standing {
        log
    } else {
        aside()?;
        let (after, previous, blobs) = before.told(by, text, endorsement);
        let opening =
            Body::LogOpen { origin: name.clone(), reason: reason.clone(), previous, after: Some(after) };
        Log::create_epoch(&folder.log_path(), &name, next, (clk.clone(), opening), &blobs)?
    };
    if log.size() == 1 {
        let carried = before.holds(by).into_iter().map(|hold| (clk.clone(), Body::Hold(hold)));
        log.append(&carried.collect::<Vec<_>>())?;
    }
    drop(log);
    // The centre knows a log by the word of its station: the next one has its own.
    let token = folder.key_path("centre").with_extension("token");
    if token.exists() {
        fs::remove_file(&token).at("remove", &token)?;
    }
    for end in ["pub", "key"] {
        let (from, to) = (next_path.with_extension(end), folder.key_path("station").with_extension(end));
        if from.exists() {
            fs::rename(&from, &to).at("put in place", &to)?;
            disk::sync_folder_of(&to)?;
        }
    }
    let reason_path = next_path.with_extension("reason");
    fs::remove_file(&reason_path).at("remove", &reason_path)?;
    let kept = before.kept.strip_prefix(&folder.root).unwrap_or(&before.kept).display().to_string();
    Ok(NewEpoch { origin: name, reason, kept, public_key, endorsed })
}

/// The epoch that ends.
pub(super) struct Before {
    pub epoch: u32,
    pub origin: String,
    pub key: Option<SigningKey>,
    pub public: Option<PublicKey>,
    pub kept: PathBuf,
}

impl Before {
    /// `begun` is the new key of an attempt that was cut.
    fn of(folder: &Folder, begun: Option<&SigningKey>) -> Result<Before, ControlError> {
        let path = folder.key_path("station");
        // A key that cannot be read just now is not a lost one.
        let key = path.exists().then(|| folder.key("station")).transpose()?;
        // The private key goes last into its place, so it tells where a cut left things.
        let beside = || PublicKey::parse(&fs::read_to_string(path.with_extension("pub")).ok()?).ok();
        let public = key.as_ref().map(|key| key.public().clone()).or_else(beside);
        let traces = LOG_FILES.iter().any(|name| folder.data().join(name).exists());
        let epochs = folder.data().join("epochs");
        if public.is_none() && !traces && !epochs.exists() {
            return Err(Message::new("log-missing").into());
        }
        // Keys are named for the origins of their logs; without any the folders of older epochs count.
        let number = |key: &PublicKey| key.name().rsplit('/').next()?.parse::<u32>().ok();
        let followed = begun.and_then(|key| number(key.public())).map(|next| next.saturating_sub(1));
        let kept = fs::read_dir(&epochs).into_iter().flatten().flatten();
        let kept = kept.filter_map(|folder| folder.file_name().to_str()?.parse::<u32>().ok()).max();
        let named = public.as_ref().and_then(number).unwrap_or(1);
        // An older key that was put back names an epoch that ended already.
        let epoch = followed.unwrap_or(named.max(kept.map_or(1, |last| last.saturating_add(1))));
        let origin = origin(folder, "station", epoch);
        Ok(Before { epoch, origin, key, public, kept: epochs.join(epoch.to_string()) })
    }

    /// What keeps the log at `path` from being gone on with; `None` when nothing does. A disk that fails or a
    /// log of a later program is no reason to leave it.
    fn fault(&self, path: &Path) -> Result<Option<&'static str>, ControlError> {
        let Some(key) = &self.key else { return Ok(Some("key")) };
        Ok(Some(match Log::open(path, SigningKey::parse(key.secret_text())?) {
            Ok(log) => return Ok((!whole(log.reader(), key.public())?).then_some("damaged")),
            Err(StoreError::RolledBack { .. }) => "rollback",
            Err(StoreError::Forked { .. }) => "fork",
            Err(StoreError::Absent(_)) => "lost",
            Err(StoreError::OtherKey { .. }) => "key",
            Err(
                StoreError::Damaged { .. }
                | StoreError::HighWater(_)
                | StoreError::Leaf { .. }
                | StoreError::Foreign { version: None, .. },
            ) => "damaged",
            Err(StoreError::Database { source, .. }) if store::damage(&source).is_some() => "damaged",
            Err(error) => return Err(error.into()),
        }))
    }

    /// The legal holds that were in force, to be carried over. Of a log that cannot be read, or whose entries are
    /// not those that were signed, nobody knows them: then everything is held until a person lifts it.
    fn holds(&self, by: &str) -> Vec<HoldFact> {
        let fact =
            |from: String, to: String, by: String, reason| HoldFact { from, to, lifts: None, by, reason };
        let keys: Vec<PublicKey> = self.public.iter().cloned().collect();
        let signed = |log: Reader| log.verify(&keys).ok()?.leaves_hold().then(|| holds_in(&log).ok())?;
        let Some(holds) = Log::read_kept(&self.kept.join("log.db")).ok().and_then(signed) else {
            let reason = Message::new("epoch-hold").say(Lang::Vi);
            return vec![fact("0001-01-01".into(), "9999-12-31".into(), by.into(), reason)];
        };
        let in_force = holds.into_iter().filter(|hold| hold.lifted.is_none());
        in_force.map(|hold| fact(hold.from.to_string(), hold.to.to_string(), hold.by, hold.reason)).collect()
    }

    /// The old key's word for the new one.
    fn endorse(&self, next: &PublicKey, reason: &str) -> Option<String> {
        let text = endorsement(&self.origin, next, reason);
        self.key.as_ref().and_then(|key| key.sign(&text).ok())
    }

    /// What the new log's first entry tells of it, with the bytes that it names.
    fn told(&self, by: &str, text: &str, endorsement: Option<String>) -> (After, Option<Digest>, Vec<Blob>) {
        let log = self.kept.join("log.db");
        let keys: Vec<PublicKey> = self.public.iter().cloned().collect();
        let signed = |note: &String| Checkpoint::open(note.as_bytes(), &keys).is_ok();
        let note = Log::read_kept(&log).and_then(|log| log.head()).ok().filter(signed);
        let blob = |kind, text: String| Blob { kind, bytes: text.into_bytes() };
        let note = note.map(|note| blob("checkpoint", note));
        let endorsement = endorsement.map(|note| blob("endorsement", note));
        let digest = |blob: &Option<Blob>| blob.as_ref().map(|blob| Digest::of(&blob.bytes));
        let after = After {
            origin: self.origin.clone(),
            seen: Log::seen(&log),
            endorsement: digest(&endorsement),
            by: by.into(),
            text: text.into(),
        };
        (after, digest(&note), note.into_iter().chain(endorsement).collect())
    }
}

/// What a clock did is no damage: the entries still say what they always said.
const OF_CLOCKS: [&str; 4] =
    ["verify-boottime-back", "verify-clock-step", "verify-boot-missing", "verify-wall-behind"];

/// Whether all of the log is as it was written, not only the edge that an append builds on.
pub(super) fn whole(log: &Reader, key: &PublicKey) -> Result<bool, ControlError> {
    let report = log.verify(std::slice::from_ref(key))?;
    let damaged = report.faults.iter().any(|fault| !OF_CLOCKS.contains(&fault.message.code));
    Ok(report.leaves_hold() && !damaged)
}

/// Moves the log's files and a copy of its public key out of `data` to `kept`; nothing is overwritten.
pub(super) fn put_aside(data: &Path, kept: &Path, public: &Path) -> Result<(), ControlError> {
    fs::create_dir_all(kept).at("create the folder", kept)?;
    if let Ok(text) = fs::read(public) {
        disk::replace(&kept.join("station.pub"), &text, 0o644)?;
    }
    for name in LOG_FILES {
        let (from, to) = (data.join(name), kept.join(name));
        if !from.exists() {
            continue;
        }
        if to.exists() {
            let taken: io::Result<()> = Err(io::ErrorKind::AlreadyExists.into());
            taken.at("put aside to", &to)?;
        }
        fs::rename(&from, &to).at("put aside", &from)?;
    }
    disk::sync_folder_of(&kept.join("log.db"))?;
    Ok(disk::sync_folder_of(&data.join("log.db"))?)
}
