//! A centre: what it does for its stations, and what it shows of them.
//!
//! It lives in a station's folder with a `config/centre.toml` beside `station.toml`, so that its people, months, pages and
//! its own log are those of any other. What it holds of the fleet lies in a store that other processes may share; nothing
//! of it is remembered here.

mod desired;
mod enrol;
mod glance;
mod key;
mod mirror;
mod ready;
mod station;
mod take;

pub use desired::{Desired, Issued};
pub use enrol::{Enrolment, MOST_WISH_BYTES, wish};
pub use glance::{FleetGlance, FleetView, Outline, QUIET, SILENT, Trouble, is_needed, words_of};
pub use key::{CentreKeys, CentreLines, centre_keys, make as make_centre, next_key, use_next_key};
pub use ready::{Readiness, Unready};
pub use station::{Split, StationFile};
pub use take::{LONGEST_BLOB, TakeError};

use std::{env, fmt, path::PathBuf, sync::Arc};

use chrono::{DateTime, Utc};

use super::{ControlError, Folder};
use crate::{
    clock::Clock,
    config::{self, Place},
    fleet::{Bucket, BucketFiles, Files, Fleet, FolderFiles, Held, PostgresFleet, SqliteFleet, Word},
    keys::{PublicKey, WitnessKey},
    units::Digest,
    words::Message,
};

/// A running centre.
#[derive(Clone)]
pub struct Centre {
    /// Its folder.
    pub folder: Arc<Folder>,
    /// Its settings.
    pub settings: config::Centre,
    /// Where it keeps what came.
    pub fleet: Arc<dyn Fleet>,
    /// What its stations fetch.
    pub files: Arc<dyn Files>,
    key: Arc<WitnessKey>,
    /// Those that cosigned before it.
    earlier: Arc<[PublicKey]>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Centre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Centre").field("name", &self.settings.name).finish_non_exhaustive()
    }
}

impl Centre {
    /// Opens the centre of `folder`; none where the folder is a station's alone. It waits for its stores, so not on a thread
    /// that drives a runtime.
    pub fn open(folder: Arc<Folder>, clock: Arc<dyn Clock>) -> Result<Option<Centre>, ControlError> {
        let Some(settings) = folder.centre.clone() else { return Ok(None) };
        let (key, earlier) = (key::read(&folder)?, key::earlier(&folder)?.into());
        let authorities = settings.authorities.as_ref().map(|file| folder.root.join(file));
        let fleet: Arc<dyn Fleet> = match &settings.store {
            Place::Below(path) => Arc::new(SqliteFleet::open(&folder.root.join(path))?),
            Place::Address(address) => Arc::new(PostgresFleet::open(address, authorities.as_deref())?),
        };
        let files = published(&folder, &settings)?;
        Ok(Some(Centre { folder, settings, fleet, files, key: Arc::new(key), earlier, clock }))
    }

    /// Whether `folder` ever was made a centre's: nobody can have been enrolled where neither its key nor its store is, such
    /// as in the folder of the example.
    #[must_use]
    pub fn is_set_up(folder: &Folder) -> bool {
        let store = |settings: &config::Centre| match &settings.store {
            Place::Below(path) => folder.root.join(path).exists(),
            Place::Address(_) => true,
        };
        folder.key_path("centre").exists() || folder.centre.as_ref().is_some_and(store)
    }

    /// The time, by the centre's clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().wall
    }

    /// The key by which it cosigns.
    pub(super) fn witness(&self) -> &PublicKey {
        self.key.public()
    }

    /// The log whose station shows `token` with its requests.
    pub fn of_token(&self, token: &str) -> Result<Option<Held>, ControlError> {
        Ok(self.fleet.log_of_token(Digest::of(token.as_bytes()))?)
    }

    /// Every log with the last word of its station, by origin.
    pub fn stations(&self) -> Result<Vec<(Held, Option<Word>)>, ControlError> {
        let said = |held: Held| {
            let word = Word::read(&held.word, &held.key);
            (held, word)
        };
        Ok(self.fleet.logs()?.into_iter().map(said).collect())
    }
}

/// What stations of the centre of `folder` fetch. It waits where that is a bucket.
pub(super) fn published(folder: &Folder, settings: &config::Centre) -> Result<Arc<dyn Files>, ControlError> {
    Ok(match &settings.files {
        Place::Below(path) => Arc::new(FolderFiles::new(&folder.root.join(path))),
        Place::Address(address) => {
            let authorities = settings.authorities.as_ref().map(|file| folder.root.join(file));
            Arc::new(BucketFiles::open(&bucket(address, authorities)?)?)
        }
    })
}

/// The bucket at `address`; its key stands in the environment, by the names that every S3 client takes, and in no file of
/// settings.
fn bucket(address: &str, authorities: Option<PathBuf>) -> Result<Bucket, ControlError> {
    let of = |name: &str| {
        env::var(name)
            .map_err(|_| Message::new("centre-store-key").with("address", address).with("name", name))
    };
    let (key, secret) = (of("AWS_ACCESS_KEY_ID")?, of("AWS_SECRET_ACCESS_KEY")?);
    let unknown = || Message::new("centre-store-unknown").with("address", address).into();
    Bucket::at(address, &key, &secret, authorities).ok_or_else(unknown)
}
