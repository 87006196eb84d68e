//! A station's folder: where everything lies, and who holds it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::ControlError;
use crate::{
    config::{self, Station},
    disk::{At as _, DiskError, join_below},
    keys::SigningKey,
    media::{Library, Limits, MasterSpec, Renderer},
    programme::{self, Finding, Place, Plan, Severity},
    store::{Log, Reader},
    units::ScheduleName,
    words::Message,
};

/// An opened station folder: its settings and plan, read and found valid.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The folder.
    pub root: PathBuf,
    /// Its settings.
    pub station: Station,
    /// The settings' bytes, which the log keeps.
    pub station_bytes: Vec<u8>,
    /// The year's plan.
    pub plan: Plan,
    /// The plan's bytes, which the log keeps.
    pub plan_bytes: Vec<u8>,
    /// What makes it a centre's folder too; none where it is a station's alone.
    pub centre: Option<config::Centre>,
    /// The cache of masters.
    pub masters: PathBuf,
    /// What was remarked on both; no errors.
    pub findings: Vec<Finding>,
}

/// Holds a folder for one process; gone with the process, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: fs::File,
}

impl Folder {
    /// Where the settings stand, below the folder.
    pub const STATION_FILE: &'static str = "config/station.toml";

    /// Where a centre's settings stand, below its folder.
    pub const CENTRE_FILE: &'static str = "config/centre.toml";

    /// Reads settings and plan; all their errors at once.
    pub fn open(root: &Path) -> Result<Folder, ControlError> {
        let bytes = read_config(root, Folder::STATION_FILE)?;
        let (station, mut findings) = config::read(Folder::STATION_FILE, &bytes);
        let Some(station) = station.filter(|_| !has_errors(&findings)) else {
            return Err(ControlError::Config(findings));
        };
        if root.join(&station.data).join("packages/trust").exists() {
            // Whom the centre's trust file names approves here as well.
            findings.retain(|finding| finding.message.code != "approvers-none");
        }
        let plan_file = station.plan.display().to_string();
        let plan_bytes = read_config(root, &plan_file)?;
        let (plan, of_plan) = programme::plan::read(&plan_file, &plan_bytes);
        findings.extend(of_plan);
        findings.extend(super::certificate::findings(root, &station.web));
        let centre = centre(root, &mut findings)?;
        match plan {
            Some(plan) if !has_errors(&findings) => {
                let masters = root.join(&station.data).join("masters");
                let (root, station_bytes) = (root.into(), bytes);
                Ok(Folder { root, station, station_bytes, plan, plan_bytes, centre, masters, findings })
            }
            _ => Err(ControlError::Config(findings)),
        }
    }

    /// The folder of log, keys and cache.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.root.join(&self.station.data)
    }

    /// The log.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.data().join("log.db")
    }

    /// The control socket of a running daemon.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        self.data().join("control.sock")
    }

    /// The audio as received.
    #[must_use]
    pub fn library(&self) -> Library {
        Library::new(self.root.join(&self.station.media))
    }

    /// What makes the masters of this station from the files of `library`.
    #[must_use]
    pub fn renderer<'a>(&'a self, library: &'a Library, limits: &'a Limits) -> Renderer<'a> {
        Renderer { library, masters: &self.masters, spec: MasterSpec::of(&self.station.output), limits }
    }

    /// A schedule, as people name it: below the folder.
    #[must_use]
    pub fn schedule_file(&self, name: ScheduleName) -> String {
        self.station.schedules.join(format!("{name}.toml")).display().to_string()
    }

    /// A revision of it that is worked on while the approved one airs.
    #[must_use]
    pub fn draft_file(&self, name: ScheduleName) -> String {
        self.station.schedules.join(format!("{name}.draft.toml")).display().to_string()
    }

    /// The approval that belongs to it.
    #[must_use]
    pub fn approval_file(&self, name: ScheduleName) -> String {
        self.station.schedules.join(format!("{name}.approval")).display().to_string()
    }

    /// The private key called `name` of this station: `data/keys/<name>.key`.
    pub fn key(&self, name: &str) -> Result<SigningKey, ControlError> {
        read_key(&self.key_path(name))
    }

    /// Where the private key called `name` stands.
    #[must_use]
    pub fn key_path(&self, name: &str) -> PathBuf {
        self.data().join("keys").join(format!("{name}.key"))
    }

    /// Waits until nobody changes a month of this folder, and keeps everybody else from it: whoever compares a file
    /// with what a person saw must still find it so when it is replaced. Not to be taken twice.
    pub(super) fn months(&self) -> Result<Lock, ControlError> {
        self.alone("months.lock")
    }

    /// Waits until nobody packs or imports in this folder, and keeps everybody else from it. Months may be taken within,
    /// never the other way round.
    pub(super) fn packages(&self) -> Result<Lock, ControlError> {
        self.alone("packages.lock")
    }

    /// The same at once or not at all: none while somebody packs or imports.
    pub(super) fn packages_if_free(&self) -> Result<Option<Lock>, ControlError> {
        let path = self.data().join("packages.lock");
        let file = self.lock_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(DiskError { attempt: "lock", path, source }.into()),
        }
    }

    /// Waits for the lock called `name` in the folder of the data.
    pub(super) fn alone(&self, name: &str) -> Result<Lock, ControlError> {
        let path = self.data().join(name);
        let file = self.lock_file(&path)?;
        file.lock().at("lock", &path)?;
        Ok(Lock { _file: file })
    }

    fn lock_file(&self, path: &Path) -> Result<fs::File, ControlError> {
        fs::create_dir_all(self.data()).at("create the folder", &self.data())?;
        Ok(fs::File::create(path).at("open", path)?)
    }

    /// Takes the folder for this process, or says that another holds it.
    pub fn lock(&self) -> Result<Lock, ControlError> {
        let path = self.data().join("lock");
        let file = self.lock_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(fs::TryLockError::WouldBlock) => {
                Err(Message::new("folder-held").with("folder", self.root.display()).into())
            }
            Err(fs::TryLockError::Error(source)) => Err(DiskError { attempt: "lock", path, source }.into()),
        }
    }
}

/// The centre's settings, where there are any.
fn centre(root: &Path, findings: &mut Vec<Finding>) -> Result<Option<config::Centre>, ControlError> {
    if !root.join(Folder::CENTRE_FILE).exists() {
        return Ok(None);
    }
    let (centre, of_centre) =
        config::read_centre(Folder::CENTRE_FILE, &read_config(root, Folder::CENTRE_FILE)?);
    findings.extend(of_centre);
    Ok(centre)
}

/// The log at `path` for looking; a folder without one is a no.
pub(super) fn open_log(path: &Path) -> Result<Reader, ControlError> {
    if !path.exists() {
        return Err(Message::new("log-missing").into());
    }
    Ok(Log::read_only(path)?)
}

/// Reads a private key file.
pub(super) fn read_key(path: &Path) -> Result<SigningKey, ControlError> {
    let text = fs::read_to_string(path).at("read the key", path)?;
    Ok(SigningKey::parse(&text)?)
}

/// Whether one of `findings` forbids going on.
pub(super) fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

fn read_config(root: &Path, name: &str) -> Result<Vec<u8>, ControlError> {
    let missing = |code| {
        let place = Place { file: name.into(), ..Place::default() };
        let message = Message::new(code).with("file", name);
        ControlError::Config(vec![Finding { severity: Severity::Error, place, message }])
    };
    let Some(path) = join_below(root, name) else { return Err(missing("config-outside")) };
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing("config-missing")),
        read => Ok(read.at("read", &path)?),
    }
}
