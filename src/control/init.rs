//! Making a station's folder, and a draft of a month from another month.

use std::{fs, io::Write as _, path::Path};

use chrono::{DateTime, Datelike as _, NaiveDateTime, Offset as _, Utc};
use chrono_tz::Tz;

use super::{
    ControlError, Folder, Hand, MonthFile,
    draft::{Trail, put_trail},
};
use crate::{
    clock::Clock,
    config,
    disk::{self, At as _},
    evidence::Clk,
    keys::SigningKey,
    programme::{self, When},
    store::Log,
    units::{Digest, ScheduleName},
    words::Message,
};

/// What [`init`] made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Made {
    /// Files and folders that were not there before, below the station's folder.
    pub made: Vec<String>,
    /// The log's origin.
    pub origin: String,
    /// The station's public key: what a verifier needs.
    pub public_key: String,
    /// The public half of the approval key, to be trusted in `config/station.toml`.
    pub approval_key: String,
}

const EXAMPLE_STATION: &str = include_str!("../../config/station.example.toml");
const EXAMPLES: [(&str, &str); 5] = [
    ("config/plan-2022.toml", include_str!("../../config/plan-2022.toml")),
    ("config/plan-2026.toml", include_str!("../../config/plan-2026.toml")),
    ("config/loa.service", include_str!("../../config/loa.service")),
    ("config/loa-wake.service", include_str!("../../config/loa-wake.service")),
    ("config/loa-wake.timer", include_str!("../../config/loa-wake.timer")),
];
/// The folder and the station that the examples name.
const EXAMPLE_FOLDER: &str = "/srv/loa";
const EXAMPLE_ID: &str = "\"phuong-duc-pho\"";

/// Makes what is missing of a station's folder: example configuration, folders, keys and an empty log.
/// Refused where a log or its key already stands: a second log of one station would be a fork.
pub fn init(root: &Path, clock: &dyn Clock) -> Result<Made, ControlError> {
    init_as(root, None, clock)
}

/// [`init`] with `id` and unit of the station, which the names of its log and keys keep for good. Refused where
/// settings of another station already stand.
pub fn init_as(root: &Path, id: Option<&str>, clock: &dyn Clock) -> Result<Made, ControlError> {
    let example = match id {
        Some(id) => EXAMPLE_STATION.replace(EXAMPLE_ID, &format!("{id:?}")),
        None => EXAMPLE_STATION.to_owned(),
    };
    if let (None, findings) = config::read(Folder::STATION_FILE, example.as_bytes()) {
        return Err(ControlError::Config(findings));
    }
    let mut made = Vec::new();
    for folder in ["config", "schedules", "media", "data/keys"] {
        let path = root.join(folder);
        if !path.is_dir() {
            fs::create_dir_all(&path).at("create the folder", &path)?;
            made.push(format!("{folder}/"));
        }
    }
    let here = fs::canonicalize(root).at("open the folder", root)?.display().to_string();
    for (name, text) in [(Folder::STATION_FILE, example.as_str())].into_iter().chain(EXAMPLES) {
        let path = root.join(name);
        if !path.exists() {
            disk::replace(&path, text.replace(EXAMPLE_FOLDER, &here).as_bytes(), 0o644)?;
            made.push(name.to_owned());
        }
    }
    let mut folder = Folder::open(root)?;
    is_called(&folder, id)?;
    for path in [folder.log_path(), folder.key_path("station")] {
        if path.exists() {
            return Err(Message::new("init-exists").with("file", path.display()).into());
        }
    }
    let origin = origin(&folder, "station", 1);
    let station_key = new_key(&folder, "station", &origin, &mut made)?;
    let approval_key = match folder.key("approval") {
        Ok(key) => key,
        Err(_) => new_key(&folder, "approval", &format!("{}/duyet", folder.station.id), &mut made)?,
    };
    if made.iter().any(|name| name == Folder::STATION_FILE) {
        // A fresh station trusts its own approval key; settings that a person wrote are theirs to change.
        let trusting = format!("approvers = [\"{}\"]", approval_key.public().as_text());
        let text = example.replace("approvers = []", &trusting);
        disk::replace(&root.join(Folder::STATION_FILE), text.as_bytes(), 0o644)?;
        folder = Folder::open(root)?;
    }
    let clk = clk(clock, folder.station.zone);
    let public_key = station_key.public().as_text().to_owned();
    Log::create(&folder.log_path(), &origin, station_key, clk, "init")?;
    made.push("data/log.db".to_owned());
    Ok(Made { made, origin, public_key, approval_key: approval_key.public().as_text().into() })
}

/// Refused where the settings of `folder` are of another station than `id`, if one was given.
pub fn is_called(folder: &Folder, id: Option<&str>) -> Result<(), ControlError> {
    let found = &folder.station.id;
    match id.filter(|id| id != found) {
        None => Ok(()),
        Some(id) => {
            let other = Message::new("init-other").with("id", id).with("found", found);
            Err(other.with("file", Folder::STATION_FILE).into())
        }
    }
}

/// All clocks as an entry holds them.
#[must_use]
pub fn clk(clock: &dyn Clock, zone: Tz) -> Clk {
    let now = clock.now();
    Clk {
        wall_ms: now.wall.timestamp_millis(),
        boot_ms: now.boot_ns / 1_000_000,
        boot: clock.boot_id(),
        sync: clock.health().synchronised,
        offset_min: now.wall.with_timezone(&zone).offset().fix().local_minus_utc() / 60,
    }
}

/// What checkpoints of a log are about: `loa/station/<id>/<epoch>`.
pub(super) fn origin(folder: &Folder, what: &str, epoch: u32) -> String {
    format!("loa/{what}/{}/{epoch}", folder.station.id)
}

fn new_key(
    folder: &Folder,
    file: &str,
    name: &str,
    made: &mut Vec<String>,
) -> Result<SigningKey, ControlError> {
    let key = SigningKey::generate(name)?;
    write_key(&folder.key_path(file), &key)?;
    made.push(format!("data/keys/{file}.key"));
    Ok(key)
}

/// Writes `key` to `path`, for its owner only; the public half lies beside it, for the centre and for
/// whoever verifies.
pub(super) fn write_key(path: &Path, key: &SigningKey) -> Result<(), ControlError> {
    let public = path.with_extension("pub");
    disk::replace(&public, format!("{}\n", key.public().as_text()).as_bytes(), 0o644)?;
    Ok(disk::replace(path, format!("{}\n", key.secret_text()).as_bytes(), 0o600)?)
}

/// The schedule of `from` as a draft for `to`: cron rules as they stand, civil times on the same days,
/// revision 1, no approval. Refused where `to` already has a schedule. Gives the new file and the civil
/// times that `to` does not have, which were left out.
pub fn copy_month(
    folder: &Folder,
    from: ScheduleName,
    to: ScheduleName,
    by: Option<(&Hand, DateTime<Utc>)>,
    entered: impl FnOnce() -> Result<(), ControlError>,
) -> Result<(String, Vec<NaiveDateTime>), ControlError> {
    let source = MonthFile::read(folder, from)?;
    let Some(mut schedule) = source.schedule else { return Err(ControlError::Findings(source.findings)) };
    let file = folder.schedule_file(to);
    let path = folder.root.join(&file);
    let _alone = folder.months()?;
    let exists = || ControlError::from(Message::new("copy-exists").with("file", &file));
    if path.exists() || folder.root.join(folder.draft_file(to)).exists() {
        return Err(exists());
    }
    let mut left_out = Vec::new();
    for rule in &mut schedule.slots {
        if let When::At(times) = &mut rule.when {
            *times = times
                .iter()
                .filter_map(|time| {
                    let day = to.month.first().with_day(time.day());
                    if day.is_none() {
                        left_out.push(*time);
                    }
                    day.map(|day| day.and_time(time.time()))
                })
                .collect();
        }
    }
    schedule.slots.retain(|rule| !matches!(&rule.when, When::At(times) if times.is_empty()));
    schedule.month = to.month;
    schedule.revision = 1;
    let text = programme::write(&schedule);
    entered()?;
    if let Some((by, at)) = by {
        let digest = Digest::of(text.as_bytes());
        let hands = vec![by.clone()];
        put_trail(folder, to, &Trail { by: by.name.clone(), at, digest, hands, returned: None })?;
    }
    let placed = disk::place(&path, false, |file| file.write_all(text.as_bytes()).at("write", &path))?;
    placed.ok_or_else(exists)?;
    Ok((file, left_out))
}
