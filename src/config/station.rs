//! The settings of one playing PC (`config/station.toml`).

use std::path::PathBuf;

use chrono_tz::Tz;

use crate::{keys::PublicKey, programme::Windows, units::Level};

/// Validated settings of a station.
#[derive(Debug, Clone)]
pub struct Station {
    /// Id in lower-case ASCII letters, digits and `-`; part of the log's origin.
    pub id: String,
    /// Unit id of the plan.
    pub unit: String,
    /// IANA zone in which schedules are read.
    pub zone: Tz,
    /// A demonstration: only then may keys named `demo…` be trusted.
    pub demo: bool,
    /// Folder of schedules, below the station's folder.
    pub schedules: PathBuf,
    /// Folder of audio, below the station's folder.
    pub media: PathBuf,
    /// Folder of log, keys and cache, below the station's folder.
    pub data: PathBuf,
    /// The plan's file, below the station's folder.
    pub plan: PathBuf,
    /// The loudspeaker.
    pub output: Output,
    /// When it may sound.
    pub windows: Windows,
    /// What to do when things go wrong.
    pub policy: Policy,
    /// Keys whose approvals count here.
    pub approvers: Vec<PublicKey>,
}

/// The `[output]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// `pulse:NAME`, `alsa:NAME`, `wav:FILE` or `default`.
    pub device: String,
    /// Channels of the master.
    pub channels: Channels,
    /// Device period, in frames at 48 kHz.
    pub buffer_frames: u32,
    /// Integrated loudness of the master, LUFS.
    pub target_lufs: Level,
    /// Highest true peak of the master, dBTP.
    pub ceiling_dbtp: Level,
    /// Gain applied on the bus, dB; never above 0.
    pub volume_db: Level,
    /// Calibrated path error: added to the reported playback time, microseconds.
    pub correction_us: i64,
}

/// Channels of a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "as in broadcasting")]
pub enum Channels {
    Mono,
    Stereo,
}

impl Channels {
    /// How many.
    #[must_use]
    pub fn count(self) -> u16 {
        match self {
            Channels::Mono => 1,
            Channels::Stereo => 2,
        }
    }
}

/// The `[policy]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// A cut airing goes on when it is back within this many seconds.
    pub resume_within_s: u32,
    /// A slot may still begin this many seconds late (busy device, late start).
    pub late_start_s: u32,
    /// Wall-clock steps beyond this many seconds without synchronisation make the clock untrusted.
    pub clock_step_s: u32,
}
