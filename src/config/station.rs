//! The settings of one playing PC (`config/station.toml`).

use std::path::PathBuf;

use chrono_tz::Tz;

use super::{
    centre::{Link, link},
    import::import,
    read::{or, sub},
    web::{Web, web},
};
use crate::{
    keys::PublicKey,
    programme::{
        Field, Finding, Severity, Table, Windows,
        document::{self, nearest},
    },
    units::Level,
    words::Message,
};

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
    /// Keys of the people whose word counts for an airing by hand, beside the approvers.
    pub operators: Vec<PublicKey>,
    /// How long what was aired is kept.
    pub retention: Retention,
    /// The pages.
    pub web: Web,
    /// Folders of the machine in which sticks with packages turn up.
    pub import: Vec<PathBuf>,
    /// The centre that it belongs to; none where it stands alone.
    pub centre: Option<Link>,
}

impl Station {
    /// Every key whose signature makes a person's statement count here.
    #[must_use]
    pub fn witnesses(&self) -> Vec<PublicKey> {
        self.operators.iter().chain(&self.approvers).cloned().collect()
    }
}

/// The `[output]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// `pulse:NAME`, `alsa:NAME`, `wav:FILE` or `default`.
    pub device: String,
    /// The output that stands in while the first does not play: `pulse:NAME` or `alsa:NAME`, another one.
    pub second: Option<String>,
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
    /// Every choice with its word in files.
    pub const ALL: &[(&str, Channels)] = &[("mono", Channels::Mono), ("stereo", Channels::Stereo)];

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
    /// So many make-goods of one programme may begin in its month; 0: none.
    pub make_goods: u32,
}

/// The `[retention]` table. The log itself is never deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Audio of programmes is kept for this many whole months after the last month that named it.
    pub programme_months: u32,
    /// Captured audio (loopback, microphone) is kept for this many days.
    pub captured_days: u32,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention { programme_months: 24, captured_days: 90 }
    }
}

impl Default for Output {
    fn default() -> Output {
        Output {
            device: "default".into(),
            second: None,
            channels: Channels::Mono,
            buffer_frames: 4096,
            target_lufs: Level(-1600),
            ceiling_dbtp: Level(-100),
            volume_db: Level(0),
            correction_us: 0,
        }
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { resume_within_s: 600, late_start_s: 60, clock_step_s: 60, make_goods: 2 }
    }
}

/// Reads the settings in `bytes`, which a person knows as `file`. Never fails: every fault is a finding,
/// and there are settings exactly when none of them is an error.
#[must_use]
pub fn read(file: &str, bytes: &[u8]) -> (Option<Station>, Vec<Finding>) {
    document::read(file, bytes, station)
}

fn station(table: &Table) -> Option<Station> {
    const KEYS: &[&str] = &[
        "id",
        "unit",
        "zone",
        "demo",
        "plan",
        "folders",
        "output",
        "windows",
        "policy",
        "trust",
        "retention",
        "web",
        "import",
        "centre",
    ];
    table.known(KEYS);
    let id = table.need("id").and_then(|f| origin_word(&f));
    let unit = table.need("unit").and_then(|f| f.id());
    let zone = table.get("zone").map_or(Some(chrono_tz::Asia::Ho_Chi_Minh), |f| zone(&f));
    let demo = or(table, "demo", false, Field::boolean);
    let plan = table.get("plan").map_or_else(|| Some("config/plan-2022.toml".into()), |f| f.path_below());
    let folders = sub(table, "folders").and_then(|t| folders(t.as_ref()));
    let output = sub(table, "output").and_then(|t| t.map_or(Some(Output::default()), |t| output(&t)));
    let windows = sub(table, "windows").and_then(|t| t.map_or(Some(Windows::default()), |t| windows(&t)));
    let policy = sub(table, "policy").and_then(|t| t.map_or(Some(Policy::default()), |t| policy(&t)));
    let trust = sub(table, "trust").and_then(|t| t.map_or(Some(Trust::default()), |t| trust(&t, demo)));
    if trust.as_ref().is_some_and(|trust| trust.approvers.is_empty()) {
        table.report(Severity::Warning, "trust", Message::new("approvers-none"));
    }
    let retention =
        sub(table, "retention").and_then(|t| t.map_or(Some(Retention::default()), |t| retention(&t)));
    let web = sub(table, "web").and_then(|t| t.map_or(Some(Web::default()), |t| web(&t)));
    let import = sub(table, "import").and_then(|t| t.map_or(Some(Vec::new()), |t| import(&t)));
    let centre = sub(table, "centre").and_then(|t| t.map_or(Some(None), |t| link(&t).map(Some)));
    let [schedules, media, data] = folders?;
    let Trust { approvers, operators } = trust?;
    Some(Station {
        id: id?,
        unit: unit?,
        zone: zone?,
        demo: demo?,
        schedules,
        media,
        data,
        plan: plan?.into(),
        output: output?,
        windows: windows?,
        policy: policy?,
        approvers,
        operators,
        retention: retention?,
        web: web?,
        import: import?,
        centre: centre?,
    })
}

/// An id that becomes part of the log's origin: lower case, so that it has one spelling.
fn origin_word(field: &Field) -> Option<String> {
    let id = field.id()?;
    if id.bytes().any(|b| b.is_ascii_uppercase()) {
        return field.refuse(Message::new("id-malformed").with("found", id));
    }
    Some(id)
}

fn zone(field: &Field) -> Option<Tz> {
    let name = field.words()?;
    name.parse().ok().or_else(|| {
        let nearest = nearest(&name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        field.refuse(Message::new("zone-unknown").with("found", &name).with("nearest", nearest))
    })
}

fn folders(table: Option<&Table>) -> Option<[PathBuf; 3]> {
    let Some(table) = table else { return Some(["schedules", "media", "data"].map(PathBuf::from)) };
    table.known(&["schedules", "media", "data"]);
    let folder = |key: &str| or(table, key, PathBuf::from(key), |f| f.path_below().map(PathBuf::from));
    let (schedules, media, data) = (folder("schedules"), folder("media"), folder("data"));
    Some([schedules?, media?, data?])
}

fn output(table: &Table) -> Option<Output> {
    table.known(&[
        "device",
        "second",
        "channels",
        "buffer_frames",
        "target_lufs",
        "ceiling_dbtp",
        "volume_db",
        "correction_ms",
    ]);
    let usual = Output::default();
    let device = or(table, "device", usual.device, device);
    let second = or(table, "second", None, |f| second(f, device.as_deref()).map(Some));
    let channels = or(table, "channels", usual.channels, |f| f.choice(Channels::ALL));
    let buffer_frames = or(table, "buffer_frames", usual.buffer_frames, |f| f.integer(64..=48_000));
    let level = |key: &str, usual: Level, range: std::ops::RangeInclusive<f64>| {
        or(table, key, usual, |f| f.decimal(range).map(Level::from_db))
    };
    let target_lufs = level("target_lufs", usual.target_lufs, -40.0..=-9.0);
    let ceiling_dbtp = level("ceiling_dbtp", usual.ceiling_dbtp, -20.0..=0.0);
    let volume_db = level("volume_db", usual.volume_db, -60.0..=0.0);
    let correction_us =
        or(table, "correction_ms", usual.correction_us, |f| f.decimal(-5000.0..=5000.0).map(whole_us));
    Some(Output {
        device: device?,
        second: second?,
        channels: channels?,
        buffer_frames: buffer_frames?,
        target_lufs: target_lufs?,
        ceiling_dbtp: ceiling_dbtp?,
        volume_db: volume_db?,
        correction_us: correction_us?,
    })
}

#[allow(clippy::cast_possible_truncation, reason = "within ±5 s, in microseconds")]
fn whole_us(ms: f64) -> i64 {
    (ms * 1000.0).round() as i64
}

fn device(field: &Field) -> Option<String> {
    let text = field.words()?;
    let named = ["pulse:", "alsa:", "wav:"]
        .iter()
        .any(|host| text.strip_prefix(host).is_some_and(|name| !name.is_empty() && name.trim() == name));
    if named || text == "default" {
        return Some(text);
    }
    field.refuse(Message::new("device-malformed").with("found", text))
}

/// A second output: a device by its name, and another than the first, which must not be a file.
fn second(field: &Field, first: Option<&str>) -> Option<String> {
    let text = device(field)?;
    let named = !text.starts_with("wav:") && text != "default";
    let beside = first.is_none_or(|first| first != text && !first.starts_with("wav:"));
    if named && beside {
        return Some(text);
    }
    field.refuse(Message::new("second-unfit").with("found", text))
}

fn windows(table: &Table) -> Option<Windows> {
    table.known(&["ranges", "weekdays"]);
    Windows::read(table)
}

fn policy(table: &Table) -> Option<Policy> {
    table.known(&["resume_within_s", "late_start_s", "clock_step_s", "make_goods"]);
    let usual = Policy::default();
    let seconds = |key: &str, usual: u32, most: u32| or(table, key, usual, |f| f.integer(0..=most));
    let resume_within_s = seconds("resume_within_s", usual.resume_within_s, 3600);
    let late_start_s = seconds("late_start_s", usual.late_start_s, 3600);
    let clock_step_s = seconds("clock_step_s", usual.clock_step_s, 3600);
    let make_goods = or(table, "make_goods", usual.make_goods, |f| f.integer(0..=31));
    Some(Policy {
        resume_within_s: resume_within_s?,
        late_start_s: late_start_s?,
        clock_step_s: clock_step_s?,
        make_goods: make_goods?,
    })
}

fn retention(table: &Table) -> Option<Retention> {
    table.known(&["programme_months", "captured_days"]);
    let usual = Retention::default();
    let programme_months = or(table, "programme_months", usual.programme_months, |f| f.integer(1..=600));
    let captured_days = or(table, "captured_days", usual.captured_days, |f| f.integer(1..=3650));
    Some(Retention { programme_months: programme_months?, captured_days: captured_days? })
}

/// Whose signatures count here.
#[derive(Default)]
struct Trust {
    approvers: Vec<PublicKey>,
    operators: Vec<PublicKey>,
}

fn trust(table: &Table, demo: Option<bool>) -> Option<Trust> {
    table.known(&["approvers", "operators"]);
    let keys = |key: &str| or(table, key, Vec::new(), |list| list.list_of(|field| trusted(field, demo)));
    let (approvers, operators) = (keys("approvers"), keys("operators"));
    Some(Trust { approvers: approvers?, operators: operators? })
}

/// The demonstration's private key is public: whoever trusts it trusts everybody.
fn trusted(field: &Field, demo: Option<bool>) -> Option<PublicKey> {
    let text = field.words()?;
    let Ok(key) = PublicKey::parse(&text) else {
        return field.refuse(Message::new("key-malformed").with("found", text));
    };
    if key.name().starts_with("demo") && demo == Some(false) {
        return field.refuse(Message::new("key-demo-only").with("key", key.name()));
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::SigningKey;

    const SHIPPED: &str = include_str!("../../config/station.toml");

    #[test]
    fn the_shipped_settings_are_the_defaults_with_the_demonstration_trusted() {
        let (station, findings) = read("config/station.toml", SHIPPED.as_bytes());
        assert_eq!(findings, []);
        let station = station.unwrap();
        assert_eq!((station.id.as_str(), station.unit.as_str()), ("duc-pho", "duc-pho"));
        let least = read("s", b"id = \"a\"\nunit = \"b\"\n").0.unwrap();
        assert_eq!((&station.output, &station.windows), (&least.output, &least.windows));
        assert_eq!((&station.policy, &station.plan), (&least.policy, &least.plan));
        assert_eq!((&station.schedules, &station.media), (&least.schedules, &least.media));
        assert_eq!((station.zone, &station.data), (least.zone, &least.data));
        assert_eq!((station.retention, least.retention.programme_months), (least.retention, 24));
        assert!(station.demo && !least.demo);
        let demo = SigningKey::parse(include_str!("../../config/demo.key")).unwrap();
        assert_eq!(station.approvers, [demo.public().clone()]);
        assert_eq!(station.witnesses(), station.approvers);
        assert_eq!(station.web, least.web);
    }

    #[test]
    fn the_example_names_every_key_at_its_default() {
        let (example, findings) = read("s", include_bytes!("../../config/station.example.toml"));
        assert_eq!(findings.iter().map(|f| f.message.code).collect::<Vec<_>>(), ["approvers-none"]);
        let (example, least) = (example.unwrap(), read("s", b"id = \"a\"\nunit = \"b\"\n").0.unwrap());
        assert_eq!((example.retention, &example.operators), (least.retention, &least.operators));
        assert_eq!((&example.output, &example.policy), (&least.output, &least.policy));
        assert_eq!(example.web, least.web);
    }

    proptest! {
        #[test]
        fn no_damage_panics(at in 0..SHIPPED.len(), cut in 0usize..30, put in "[\\x00-\\x7fđ]{0,4}") {
            let mut bytes = SHIPPED.as_bytes().to_vec();
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, put.bytes());
            let (station, findings) = read("config/station.toml", &bytes);
            prop_assert_eq!(station.is_none(), findings.iter().any(|f| f.severity == Severity::Error));
        }
    }
}
