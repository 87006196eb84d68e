//! The entries of the as-run log, version 1: integers, texts and truth values only, nothing optional
//! that is not left out when absent. Their bytes are the business of `canonical`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{anchor::AnchorFact, package::PackageFact};
use crate::units::{Digest, Frames, Level, Month, ScheduleName, SlotId};

/// One entry of the log, format version 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Position in the log, from 0.
    pub seq: u64,
    /// The clocks when it was written.
    pub clk: Clk,
    /// What happened.
    pub body: Body,
}

/// The machine's clocks at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clk {
    /// Wall time, milliseconds since 1970 (UTC).
    pub wall_ms: i64,
    /// Milliseconds since boot, suspend included (`CLOCK_BOOTTIME`).
    pub boot_ms: i64,
    /// Which boot of the machine: 32 hex digits.
    pub boot: String,
    /// Whether the kernel believes its clock (`adjtimex`).
    pub sync: bool,
    /// The station's offset from UTC at that moment, in minutes.
    pub offset_min: i32,
}

impl Clk {
    /// Wall time as an instant.
    #[must_use]
    pub fn wall(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.wall_ms).unwrap_or_default()
    }
}

/// An airing, named by the sequence number of its first cue.
pub type Airing = u64;

/// What an entry says: the variant's name is the leaf's `kind`, its fields are the leaf's `body`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each payload type is documented")]
pub enum Body {
    /// First entry of a log epoch.
    #[serde(rename = "log.open")]
    LogOpen {
        /// `<name>/station/<id>/<epoch>`: what checkpoints of this log are about.
        origin: String,
        /// Why a log begins here: `init`, `rehearsal`, or what ended the epoch before: `rollback`, `fork`,
        /// `damaged`, `lost`, `key`.
        reason: String,
        /// SHA-256 of the last checkpoint of the epoch before, when there was one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        previous: Option<Digest>,
        /// What else is known of the epoch before.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        after: Option<After>,
    },
    #[serde(rename = "boot")]
    Boot(BootFacts),
    /// The software that writes from here on.
    #[serde(rename = "sw")]
    Sw { version: String, exe: Digest },
    /// The configuration in force from here on; the plan holds the names of units as of then.
    #[serde(rename = "config")]
    Config {
        digest: Digest,
        plan: Digest,
        station: String,
        unit: String,
        output: String,
        demo: bool,
        /// The trust file whose approvers count beside those of the settings, when there is one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        trust: Option<Digest>,
    },
    #[serde(rename = "schedule.accept")]
    ScheduleAccept(ScheduleFact),
    /// A schedule that will not air, and why.
    #[serde(rename = "schedule.refuse")]
    ScheduleRefuse {
        month: Month,
        /// Whether it is the ward's own schedule of the month.
        #[serde(skip_serializing_if = "std::ops::Not::not", default, deserialize_with = "only_true")]
        ward: bool,
        digest: Digest,
        reason: String,
    },
    /// A person released a schedule digest for air at this station.
    #[serde(rename = "approve")]
    Approve {
        month: Month,
        /// Whether it is the ward's own schedule of the month.
        #[serde(skip_serializing_if = "std::ops::Not::not", default, deserialize_with = "only_true")]
        ward: bool,
        digest: Digest,
        by: String,
        document: String,
        key: String,
    },
    #[serde(rename = "play.cue")]
    Cue(Box<Cue>),
    #[serde(rename = "play.start")]
    Start(Start),
    #[serde(rename = "segment")]
    Segment(SegmentFact),
    #[serde(rename = "play.end")]
    End(Box<End>),
    #[serde(rename = "play.missed")]
    Missed(Missed),
    #[serde(rename = "device")]
    Device(DeviceFact),
    /// Wall time moved by more than time passed.
    #[serde(rename = "clock.step")]
    ClockStep { step_ms: i64 },
    /// Entries may be missing here, and why.
    #[serde(rename = "gap")]
    Gap { reason: String },
    #[serde(rename = "operator")]
    Operator(OperatorAct),
    /// An explanation beside a slot; never instead of its reason.
    #[serde(rename = "note")]
    Note { slot: SlotId, by: String, text: String },
    /// A correction that points to an earlier entry.
    #[serde(rename = "correct")]
    Correct { entry: u64, by: String, text: String },
    #[serde(rename = "manual")]
    Manual(Box<ManualFact>),
    #[serde(rename = "hold")]
    Hold(HoldFact),
    #[serde(rename = "delete")]
    Delete(DeleteFact),
    #[serde(rename = "package")]
    Package(PackageFact),
    #[serde(rename = "anchor")]
    Anchor(Box<AnchorFact>),
    /// A person looked at evidence: an auditor's reads are entries.
    #[serde(rename = "read")]
    Read { by: String, what: String },
    /// Hourly: the station lived.
    #[serde(rename = "heartbeat")]
    Heartbeat {},
    /// The daemon ended in order.
    #[serde(rename = "shutdown")]
    Shutdown { reason: String },
}

impl Body {
    /// The leaf's `kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Body::LogOpen { .. } => "log.open",
            Body::Boot(_) => "boot",
            Body::Sw { .. } => "sw",
            Body::Config { .. } => "config",
            Body::ScheduleAccept(_) => "schedule.accept",
            Body::ScheduleRefuse { .. } => "schedule.refuse",
            Body::Approve { .. } => "approve",
            Body::Cue(_) => "play.cue",
            Body::Start(_) => "play.start",
            Body::Segment(_) => "segment",
            Body::End(_) => "play.end",
            Body::Missed(_) => "play.missed",
            Body::Device(_) => "device",
            Body::ClockStep { .. } => "clock.step",
            Body::Gap { .. } => "gap",
            Body::Operator(_) => "operator",
            Body::Note { .. } => "note",
            Body::Correct { .. } => "correct",
            Body::Manual(_) => "manual",
            Body::Hold(_) => "hold",
            Body::Delete(_) => "delete",
            Body::Package(_) => "package",
            Body::Anchor(_) => "anchor",
            Body::Read { .. } => "read",
            Body::Heartbeat {} => "heartbeat",
            Body::Shutdown { .. } => "shutdown",
        }
    }

    /// The bytes that stand beside the log under their digest because this entry names them: what they are
    /// (the `kind` under which they are stored) and their digest.
    #[must_use]
    pub fn blobs(&self) -> Vec<(&'static str, Digest)> {
        match self {
            Body::Config { digest, plan, trust, .. } => {
                let named = [("config", Some(*digest)), ("plan", Some(*plan)), ("trust", *trust)];
                named.into_iter().filter_map(|(kind, digest)| Some((kind, digest?))).collect()
            }
            Body::ScheduleAccept(fact) => {
                vec![("schedule", fact.digest), ("slots", fact.slots), ("approval", fact.approval)]
            }
            Body::Manual(fact) => vec![("statement", fact.statement)],
            Body::Package(PackageFact { urgent: Some(fact), .. }) => {
                vec![("schedule", fact.schedule), ("package", fact.note), ("trust", fact.trust)]
            }
            Body::LogOpen { previous, after, .. } => {
                let endorsement = after.as_ref().and_then(|after| after.endorsement);
                let named = [("checkpoint", *previous), ("endorsement", endorsement)];
                named.into_iter().filter_map(|(kind, digest)| Some((kind, digest?))).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The end of an epoch, as the next one tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// Its origin.
    pub origin: String,
    /// How many entries it is known to have had, by the high-water file; more than its last checkpoint
    /// covers when an older copy was put back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<u64>,
    /// SHA-256 of the note in which its key names the new one; absent when that key was lost.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub endorsement: Option<Digest>,
    /// Who opened the new epoch.
    pub by: String,
    /// In their words.
    pub text: String,
}

/// How the last run ended and how this one began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootFacts {
    /// Whether the run before ended with a `shutdown` entry.
    pub clean: bool,
    /// When the run before was last known to live; absent on the first start.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_alive_ms: Option<i64>,
}

/// A schedule that this station will air.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleFact {
    /// Its month.
    pub month: Month,
    /// Whether it is the ward's own schedule of that month.
    #[serde(skip_serializing_if = "std::ops::Not::not", default, deserialize_with = "only_true")]
    pub ward: bool,
    /// Its revision.
    pub revision: u32,
    /// Digest of the schedule file's bytes.
    pub digest: Digest,
    /// Digest of the canonical expanded slot list, which is stored beside the log.
    pub slots: Digest,
    /// How many slots that list holds.
    pub count: u64,
    /// Digest of the approval note.
    pub approval: Digest,
    /// Who approved.
    pub by: String,
    /// Under which document number; empty when none was given.
    pub document: String,
}

impl ScheduleFact {
    /// Which schedule of the month it is.
    #[must_use]
    pub fn name(&self) -> ScheduleName {
        ScheduleName { month: self.month, ward: self.ward }
    }
}

/// What made an airing happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "named by the words of the field")]
pub enum Trigger {
    Schedule,
    Manual,
    MakeGood,
    /// The rest of an airing that was cut.
    Resume,
    Test,
    /// An urgent package: now, in place of what is on air.
    Urgent,
    /// Aired by other means, by a person's word; of rows only, never of a cue.
    ByHand,
}

/// Durable before the first frame: from here on this slot is never begun again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// The slot; absent for a manual airing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slot: Option<SlotId>,
    /// The airing that this cue continues, for `resume`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub airing: Option<Airing>,
    /// The slot that this airing makes good.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repairs: Option<SlotId>,
    /// Month and id of the programme.
    pub month: Month,
    /// Whether it stands in the ward's own schedule of that month.
    #[serde(skip_serializing_if = "std::ops::Not::not", default, deserialize_with = "only_true")]
    pub ward: bool,
    /// Id of the programme in its schedule.
    pub programme: String,
    /// What made it happen.
    pub trigger: Trigger,
    /// Who asked, for a manual airing; empty otherwise.
    pub by: String,
    /// The planned instant.
    pub planned_ms: i64,
    /// First frame to be aired.
    pub from: Frames,
    /// Frames of the whole programme.
    pub frames: Frames,
    /// Digest of the schedule.
    pub schedule: Digest,
    /// Digest of the master.
    pub master: Digest,
    /// Loudness of the master, LUFS.
    pub loudness_lufs: Level,
    /// True peak of the master, dBTP.
    pub true_peak_dbtp: Level,
}

/// The first frame sounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Which airing.
    pub airing: Airing,
    /// Wall time of the first frame at the device's output, microseconds since 1970 (UTC).
    pub first_us: i64,
    /// `first_us` minus the planned instant.
    pub error_us: i64,
    /// The device latency that this instant rests on.
    pub latency_us: i64,
    /// Wall time without sound before it, for a continuation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hole_ms: Option<u64>,
    /// The device as the sound server names it.
    pub device: String,
}

/// One segment went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentFact {
    /// Which airing.
    pub airing: Airing,
    /// Its place in the programme, from 0.
    pub n: u32,
    /// Digest of its source file.
    pub file: Digest,
    /// Frames of it that the device consumed.
    pub frames: Frames,
}

/// How a slot ended (`domain.md`, Outcomes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "named by the words of the field")]
pub enum Outcome {
    Full,
    Partial,
    Missed,
    Preempted,
    OutOfWindow,
    Cancelled,
    Test,
}

/// Why an outcome is not full (`domain.md`, Reasons).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "named by the words of the field")]
pub enum Reason {
    PowerOff,
    LateStart,
    FileMissing,
    FileChanged,
    FileUndecodable,
    NotApproved,
    DeviceLost,
    DeviceBusy,
    OutputStalled,
    ClockUntrusted,
    OperatorStop,
    QuietHours,
    DiskFull,
    ScheduleLate,
    Superseded,
    Cancelled,
    Held,
    Muted,
    SoftwareFault,
    /// An urgent programme took its time.
    Urgent,
}

impl Reason {
    /// Its stable code, as entries have it.
    #[must_use]
    pub fn code(self) -> String {
        let json = serde_json::to_string(&self).unwrap_or_default();
        json.trim_matches('"').to_owned()
    }
}

/// An airing is over: what was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Which airing.
    pub airing: Airing,
    /// Its slot; absent for a manual airing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slot: Option<SlotId>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it is not full.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// Wall time of the last frame, microseconds since 1970 (UTC); absent when nothing sounded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_us: Option<i64>,
    /// Frames of the whole programme.
    pub expected: Frames,
    /// Frames read and verified from the master.
    pub decoded: Frames,
    /// Frames handed to the device.
    pub delivered: Frames,
    /// Frames that the device consumed.
    pub consumed: Frames,
    /// Frames that the device took beside these and the sound server threw away: muted or at volume zero.
    #[serde(skip_serializing_if = "Frames::is_zero", default, deserialize_with = "some_at_least")]
    pub muted: Frames,
    /// Frames of silence put in because the feeder was late, or by the device that was not served in time.
    pub underruns: Frames,
    /// The longest hole in wall time between two stretches of sound.
    pub hole_ms: u64,
    /// What exactly is proven, 0–6 (`domain.md`, Proof levels).
    pub proof: u8,
}

/// A slot that did not air.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missed {
    /// Which slot.
    pub slot: SlotId,
    /// When it was planned.
    pub planned_ms: i64,
    /// `missed`, `cancelled` or `preempted`.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// What exactly was found, for people; may be empty.
    pub detail: String,
}

/// What became of the sound device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "named by the words of the field")]
pub enum DeviceState {
    Opened,
    Closed,
    Lost,
    Failed,
    ProbeOk,
    ProbeFailed,
    /// The sound server throws the sound away, until `audible`, `lost` or `closed`.
    Muted,
    Audible,
    /// It comes and goes: single breaks are entered no more, until `steady` or `closed`.
    Unsteady,
    Steady,
}

/// The sound device changed its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceFact {
    /// To which state.
    pub state: DeviceState,
    /// The device as configured.
    pub device: String,
    /// What the sound server or loa's watch said; may be empty.
    pub detail: String,
    /// Position in the programme that was on air, when one was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub position: Option<Frames>,
}

/// Something that a person did at the station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorAct {
    /// `stop`, `hold`, `release`, `cancel`, `air`, `clock-confirm`; in the pages `schedule`, `audio`, `people`,
    /// `settings`; for packages `trust`; by nobody `air-refused`, `make-good-refused`.
    pub act: String,
    /// Who.
    pub by: String,
    /// In their words.
    pub reason: String,
    /// The slot that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slot: Option<SlotId>,
    /// Until when, for a hold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until_ms: Option<i64>,
}

/// An airing that a person vouches for, made by other means while automation was down. It stands beside
/// what the station itself measured and never replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManualFact {
    /// The slot that it stands for; absent when it had none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slot: Option<SlotId>,
    /// Month and id of the programme.
    pub month: Month,
    /// Id of the programme in its schedule.
    pub programme: String,
    /// When it began, milliseconds since 1970 (UTC).
    pub first_ms: i64,
    /// When it ended.
    pub last_ms: i64,
    /// `full` or `partial`, by that person's word.
    pub outcome: Outcome,
    /// Who vouches.
    pub by: String,
    /// How it was aired, in their words.
    pub text: String,
    /// Digest of the note that this person signed, which is stored beside the log.
    pub statement: Digest,
}

/// Nothing that belongs to a period may be deleted: an audit or a complaint is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldFact {
    /// First day, `YYYY-MM-DD` of station time.
    pub from: String,
    /// Last day.
    pub to: String,
    /// The entry of the hold that this one lifts; absent when it sets one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lifts: Option<u64>,
    /// Who.
    pub by: String,
    /// In their words.
    pub reason: String,
}

/// A file was deleted because its time of keeping was over; what stays is what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteFact {
    /// Its name below `media/`.
    pub file: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u64,
    /// The last month whose schedule named it.
    pub month: Month,
}

/// A truth that stands in a leaf only where it is so: otherwise an entry would have two spellings.
fn only_true<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    if bool::deserialize(from)? { Ok(true) } else { Err(D::Error::custom("what is false is left out")) }
}

/// A count stands in a leaf only where it counts something, for the same reason.
fn some_at_least<'de, D: Deserializer<'de>>(from: D) -> Result<Frames, D::Error> {
    let frames = Frames::deserialize(from)?;
    if frames > Frames::ZERO { Ok(frames) } else { Err(D::Error::custom("none is left out")) }
}

#[cfg(test)]
mod tests;
