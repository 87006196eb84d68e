//! What the controller is told and what it wants done.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Interrupted, Job, Urgent};
use crate::{
    config::Policy,
    evidence::{Body, Cue, Reason},
    media::Master,
    playout::{Command, Event},
    programme::Windows,
    units::{Digest, Frames, ScheduleName, SlotId},
    words::Message,
};

/// A slot that is due at this station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub id: SlotId,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// Length of its programme as last measured; the window must fit it.
    pub length: Frames,
    /// Digest of the schedule that it stands in.
    pub schedule: Digest,
    /// Whether that is the ward's own; it gives way to the centre's.
    pub ward: bool,
}

impl Planned {
    /// Whether it stands in the schedule called `name`.
    pub(super) fn stands_in(&self, name: ScheduleName) -> bool {
        (self.id.month, self.ward) == (name.month, name.ward)
    }

    /// Whether both would sound at one time, as far as their lengths are known.
    pub(super) fn overlaps(&self, other: &Planned) -> bool {
        let end = |slot: &Planned| slot.at + TimeDelta::nanoseconds(slot.length.ns());
        self.at == other.at || (self.at < end(other) && other.at < end(self))
    }
}

/// The rules of this station that bear on airing.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Zone in which the windows are read.
    pub zone: chrono_tz::Tz,
    /// When the loudspeakers may sound.
    pub windows: Windows,
    /// What to do when things go wrong.
    pub policy: Policy,
    /// Whether the windows bind the output: a file disturbs nobody at night, a device does.
    pub enforce_windows: bool,
    /// Whether a virtual output may end a slot as aired: only in a rehearsal, whose log proves nothing.
    pub rehearsal: bool,
}

/// Why a preparation or a request was refused: the coded reason and what exactly was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The code for the log.
    pub reason: Reason,
    /// What was found, for people.
    pub detail: String,
}

/// What the controller is told.
#[derive(Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// The slots of a schedule as they now stand; replaces what was known of that schedule. A month's other
    /// schedule keeps its slots, but for those of the ward's that would sound while one of the centre's does.
    Rundown {
        /// Which schedule.
        schedule: ScheduleName,
        /// All its slots, those that passed included.
        slots: Vec<Planned>,
        /// How the schedule stands.
        standing: Standing,
    },
    /// An airing was cut when the last run ended.
    Interrupted(Box<Interrupted>),
    /// The urgent programmes that lie at the station; those that it knows may be told again.
    Urgent(Vec<Urgent>),
    /// The answer to [`Action::Prepare`], with the job that it was for.
    Prepared(Box<Job>, Result<Arc<Master>, Refused>),
    /// The answer to [`Action::RecordCue`]: the entry's sequence number, or why it is not durable.
    Cued(Result<u64, String>),
    /// The player told something.
    Player(Event),
    /// A person wants a programme aired now.
    Air {
        /// Comes back in the answer.
        token: u64,
        /// The programme, by schedule and id.
        programme: (ScheduleName, String),
        /// Digest of its schedule.
        digest: Digest,
        /// Its length, for the window and the next slot.
        length: Frames,
        /// A test play: marked, never counted.
        test: bool,
        /// Who asks.
        by: String,
    },
    /// A person wants silence.
    Stop {
        /// Comes back in the answer.
        token: u64,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
        /// Nothing airs before this instant.
        hold_until: Option<DateTime<Utc>>,
    },
    /// A person lifts a hold.
    Release {
        /// Comes back in the answer.
        token: u64,
        /// Who asks.
        by: String,
    },
    /// A person says that the clock is right.
    ConfirmClock {
        /// Comes back in the answer.
        token: u64,
        /// Who.
        by: String,
    },
    /// A person cancels a slot that has not begun.
    Cancel {
        /// Comes back in the answer.
        token: u64,
        /// Which.
        slot: SlotId,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
    },
    /// A person wants to hear a second of tone.
    Tone {
        /// Comes back in the answer.
        token: u64,
        /// Who asks.
        by: String,
    },
    /// The daemon ends: what is on air is cut and closed.
    Shutdown,
}

/// How a schedule stands towards this station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has released it: its slots come and go with its edits, and each says so when its time comes.
    Draft,
    /// Accepted in an earlier run or survey: what has passed may still start late.
    Known,
    /// Accepted only now: what has passed came too late.
    Fresh,
}

/// What the controller wants done, in this order.
#[derive(Debug)]
pub enum Action {
    /// Write these entries.
    Record(Vec<Body>),
    /// Write this entry durably and answer with [`Input::Cued`].
    RecordCue {
        /// What to write.
        cue: Box<Cue>,
        /// The last moment: where the disk takes it nowhere, memory must do.
        at_all: bool,
    },
    /// Check approval and files of this job, verify its master, and answer with [`Input::Prepared`].
    Prepare(Box<Job>),
    /// Tell the player.
    Player(Command),
    /// Remember outside the log how far this airing was heard.
    Stamp {
        /// Which airing.
        airing: u64,
        /// Frames of its master that were certainly heard.
        position: Frames,
        /// Frames of those that the sound server threw away: not every muting is entered.
        muted: Frames,
        /// The longest hole in wall time.
        hole: TimeDelta,
    },
    /// Answer a person's request.
    Answer {
        /// Whose.
        token: u64,
        /// What to say.
        answer: Answer,
    },
}

/// The answer to a person's request: done, or no and why.
pub type Answer = Result<Message, Message>;

/// What the controller is doing, for the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Waiting for the next slot.
    Idle,
    /// A job is being made ready.
    Preparing(Job),
    /// A job's first frame is due at its instant.
    Armed(Job),
    /// A job sounds.
    OnAir {
        /// Which.
        job: Job,
        /// Its airing.
        airing: u64,
        /// Frames that have certainly been heard.
        position: Frames,
        /// Whether the device consumes right now.
        sounding: bool,
    },
}

/// How long before a slot its device is probed.
pub(super) const PROBE_AHEAD: TimeDelta = TimeDelta::minutes(10);
/// How long before a slot its device is opened and its programme verified.
pub(super) const PREPARE_AHEAD: TimeDelta = TimeDelta::seconds(60);
/// How long before a slot its cue is written: late enough that a stop or a hold still finds it uncued,
/// early enough for a slow disk.
pub(super) const CUE_AHEAD: TimeDelta = TimeDelta::seconds(10);
/// How long before a slot a cue that no disk takes is kept in memory: a write-protected disk silences nobody.
pub(super) const CUE_AT_ALL: TimeDelta = TimeDelta::seconds(1);
/// Pause between attempts to prepare or to write a cue.
pub(super) const RETRY: TimeDelta = TimeDelta::seconds(5);
