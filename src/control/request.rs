//! The control socket: what a person may ask a running daemon, and its answers.
//!
//! One JSON line each way over `data/control.sock` (mode 0600: whoever may open it may ask).

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{ControlError, Lamp, PruneReport};
use crate::{
    disk::At as _,
    evidence::{AnchorFact, Checkpoint, ManualFact, PackageFact},
    store::{Reader, StoreError},
    units::{ScheduleName, SlotId},
    words::{Lang, Message},
};

/// What a person asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the verbs of formats.md")]
pub enum Ask {
    Status,
    Air {
        schedule: ScheduleName,
        programme: String,
        test: bool,
        by: String,
    },
    Stop {
        by: String,
        reason: String,
        hold_until: Option<DateTime<Utc>>,
    },
    Release {
        by: String,
    },
    ConfirmClock {
        by: String,
    },
    Cancel {
        slot: SlotId,
        by: String,
        reason: String,
    },
    Note {
        slot: SlotId,
        by: String,
        text: String,
    },
    Correct {
        entry: u64,
        by: String,
        text: String,
    },
    Enter {
        fact: Box<ManualFact>,
        note: String,
    },
    Hold {
        from: NaiveDate,
        to: NaiveDate,
        by: String,
        reason: String,
    },
    Lift {
        hold: u64,
        by: String,
        reason: String,
    },
    Prune {},
    /// A second of tone on the device that airs.
    Tone {
        by: String,
    },
    /// End in order, to be started again with the settings as they now are.
    Restart {
        by: String,
    },
    Act {
        act: Act,
        by: String,
        text: String,
    },
    Read {
        by: String,
        what: String,
    },
    /// What became of a package.
    Package {
        fact: Box<PackageFact>,
    },
    /// The centre acknowledged what it was brought.
    Anchor {
        fact: Box<AnchorFact>,
    },
    /// Look at the files now and not only with the next round.
    Look {},
}

/// What people change of a station beside what airs: each change is an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// A month's programmes and slots.
    Schedule,
    /// Audio came in.
    Audio,
    /// Who may do what.
    People,
    /// The station's settings.
    Settings,
    /// Whose packages are taken.
    Trust,
    /// Which stations belong to the centre.
    Fleet,
}

impl Act {
    /// As the entry has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Act::Schedule => "schedule",
            Act::Audio => "audio",
            Act::People => "people",
            Act::Settings => "settings",
            Act::Trust => "trust",
            Act::Fleet => "fleet",
        }
    }
}

/// What the daemon answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// Done: the code and values of what to say.
    Done(Said),
    /// No, and why.
    No(Said),
    /// The machine failed at it.
    Failed(String),
    /// The answer to `status`.
    Status(Box<Status>),
    /// The answer to `prune`.
    Pruned(Box<PruneReport>),
}

/// A message on its way through the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its code.
    pub code: String,
    /// Its sentence in Vietnamese and in English: the asker chooses.
    pub sentence: [String; 2],
    /// What to do about it, in the same languages; empty where there is nothing to do.
    #[serde(default)]
    pub hint: [String; 2],
}

impl Said {
    /// `message`, ready to travel.
    #[must_use]
    pub fn of(message: &Message) -> Said {
        let both = [Lang::Vi, Lang::En];
        Said {
            code: message.code.into(),
            sentence: both.map(|lang| message.say(lang)),
            hint: both.map(|lang| message.hint(lang).unwrap_or_default()),
        }
    }

    /// The sentence for a reader of `lang`.
    #[must_use]
    pub fn in_lang(&self, lang: Lang) -> &str {
        &self.sentence[lang as usize]
    }
}

/// The state of a station at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Station id.
    pub station: String,
    /// The moment, with the station's offset.
    pub at: String,
    /// Software version.
    pub version: String,
    /// Whether a daemon answered; `false` when the folder was read instead.
    pub running: bool,
    /// What is on air or armed.
    pub on_air: Option<OnAir>,
    /// The next slot.
    pub next: Option<NextSlot>,
    /// The two that follow it.
    #[serde(default)]
    pub then: Vec<NextSlot>,
    /// The make-goods to come, each under the slot that it repairs.
    #[serde(default)]
    pub make_goods: Vec<NextSlot>,
    /// Until when nothing airs, by a person's word.
    pub hold_until: Option<String>,
    /// The loudspeaker: never `ok` for what was not consumed.
    pub device: Lamp,
    /// The wall clock.
    pub clock: Lamp,
    /// Free space.
    pub disk: Lamp,
    /// The log: its size and signed head.
    pub log: LogHead,
    /// The way to the centre, where the settings name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre: Option<Lamp>,
    /// Where the pages are, when they are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
}

/// What is on air.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnAir {
    /// `preparing`, `armed` or `on-air`.
    pub state: String,
    /// Its slot; absent for a manual airing.
    pub slot: Option<SlotId>,
    /// Programme id.
    pub programme: String,
    /// Planned instant, with the station's offset.
    pub planned: String,
    /// Frames heard, in milliseconds.
    pub position_ms: u64,
    /// Its length.
    pub duration_ms: u64,
    /// Whether the device consumes right now.
    pub sounding: bool,
    /// Highest sample of the last period, dB of full scale; absent while nothing sounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_db: Option<f64>,
}

/// The next slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextSlot {
    /// Its name.
    pub slot: SlotId,
    /// Its instant, with the station's offset.
    pub at: String,
    /// Time until then.
    pub in_ms: i64,
}

/// The log's head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// Entries.
    pub size: u64,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The short code of its size and root, for the paper duty book.
    pub code: String,
}

impl LogHead {
    /// The head of `log` as it is now.
    pub fn of(log: &Reader) -> Result<LogHead, StoreError> {
        let checkpoint = log.head()?;
        let code = Checkpoint::unchecked(&checkpoint).map_or(String::new(), |head| head.code().to_string());
        Ok(LogHead { size: log.size()?, checkpoint, code })
    }
}

/// Longest answer that is read.
const LONGEST_ANSWER: u64 = 1 << 20;
/// How long an answer may take: a cue waits for a disk, nothing here waits for a programme.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the answer to `prune` may take: every file is read whole before it goes.
const PATIENCE_FOR_PRUNING: Duration = Duration::from_mins(15);

/// Asks the daemon behind `socket`; `None` when none runs there.
pub fn ask(socket: &Path, what: &Ask) -> Result<Option<Reply>, ControlError> {
    let Ok(mut stream) = UnixStream::connect(socket) else { return Ok(None) };
    let patience = if matches!(what, Ask::Prune {}) { PATIENCE_FOR_PRUNING } else { PATIENCE };
    stream.set_read_timeout(Some(patience)).at("ask", socket)?;
    let mut line = serde_json::to_string(what).unwrap_or_default();
    line.push('\n');
    stream.write_all(line.as_bytes()).at("ask", socket)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LONGEST_ANSWER)).read_line(&mut answer).at("hear the answer of", socket)?;
    match serde_json::from_str(&answer) {
        Ok(reply) => Ok(Some(reply)),
        Err(_) => Err(Message::new("daemon-unclear").with("socket", socket.display()).into()),
    }
}
