//! What can be tested beforehand, each with its remedy.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde::Serialize;

use super::{ControlError, Folder, Lamp};
use crate::{clock::Clock, disk, words::Lang};

/// One thing that was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// `config`, `log`, `permissions`, `disk`, `clock`, `device`.
    pub what: &'static str,
    /// How it stands.
    #[serde(flatten)]
    pub lamp: Lamp,
}

impl Examination {
    /// `what` stands as `state`, because of `detail`.
    #[must_use]
    pub fn new(what: &'static str, state: &str, detail: impl Into<String>) -> Examination {
        Examination { what, lamp: Lamp { state: state.into(), detail: detail.into() } }
    }
}

/// Examines everything but the device, which the caller's player tests.
pub fn doctor(root: &Path, clock: &dyn Clock, lang: Lang) -> (Option<Folder>, Vec<Examination>) {
    let folder = match Folder::open(root) {
        Ok(folder) => folder,
        Err(ControlError::Config(findings)) => {
            let first = findings
                .first()
                .map_or(String::new(), |finding| format!("{}: {}", finding.place, finding.message.say(lang)));
            let detail = format!("{first} (1/{})", findings.len());
            return (None, vec![Examination::new("config", "error", detail)]);
        }
        Err(error) => return (None, vec![Examination::new("config", "error", error.to_string())]),
    };
    let health = clock.health();
    let clock = if health.synchronised {
        Examination::new("clock", "ok", format!("±{} ms", health.max_error_us / 1000))
    } else {
        Examination::new("clock", "warning", "not synchronised: timedatectl set-ntp true")
    };
    let examinations = vec![
        Examination::new("config", "ok", format!("{} / {}", folder.station.id, folder.station.unit)),
        log(&folder),
        permissions(&folder),
        Examination { what: "disk", lamp: super::disk_lamp(disk::free_bytes(&folder.root).ok()) },
        clock,
    ];
    (Some(folder), examinations)
}

fn log(folder: &Folder) -> Examination {
    let path = folder.log_path();
    match super::audit(&folder.root, &super::Against::default()) {
        Ok(report) if report.holds() => {
            Examination::new("log", "ok", format!("{} entries, {}", report.size, path.display()))
        }
        Ok(report) => Examination::new("log", "error", format!("{} faults: loa verify", report.faults.len())),
        Err(ControlError::No(message)) => Examination::new("log", "error", message.say(Lang::En)),
        Err(error) => Examination::new("log", "error", error.to_string()),
    }
}

/// A key that others may read is no key.
fn permissions(folder: &Folder) -> Examination {
    let path = folder.key_path("station");
    match fs::metadata(&path).map(|meta| meta.permissions().mode() & 0o777) {
        Ok(mode) if [0o600, 0o400].contains(&mode) => {
            Examination::new("permissions", "ok", format!("{mode:o} {}", path.display()))
        }
        Ok(mode) => {
            let path = path.display();
            Examination::new("permissions", "error", format!("{mode:o} {path}: chmod 600 {path}"))
        }
        Err(error) => Examination::new("permissions", "error", format!("{}: {error}", path.display())),
    }
}
