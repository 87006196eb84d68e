//! What the player is told and what it tells.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Reading,
    media::Master,
    units::{Frames, Level},
};

/// What the player is told.
#[derive(Debug, Clone)]
pub enum Command {
    /// Open the device, let it consume half a second of silence, close it, tell the result.
    Probe,
    /// As `Probe`, but audible: one second of 1 kHz at −20 dBFS.
    Tone,
    /// Open the device and keep it open with silence, so that a take can be exact.
    Open,
    /// Air a master. Opens the device if it is not open.
    Take(Box<Take>),
    /// End what is on air (or about to be) with a short fade.
    Stop,
    /// Close the device once nothing is on air.
    Close,
    /// Answer with [`Event::Pong`]: a player that does not is stuck.
    Ping,
    /// End the player; what is on air is faded and told as stopped first.
    Quit,
}

/// One airing to be made.
#[derive(Debug, Clone)]
pub struct Take {
    /// Comes back in every event about it.
    pub airing: u64,
    /// What to air; already verified.
    pub master: Arc<Master>,
    /// First frame to air.
    pub from: Frames,
    /// The clocks when it was asked for: from there on patience counts, and what the machine sleeps, also
    /// while this waits to be read.
    pub asked: Reading,
    /// When the first frame shall sound.
    pub start: Start,
    /// How long the first frame may be late, for want of a device, before the take is given up.
    pub begin_within: TimeDelta,
    /// How long a lost device may stay away before the take is given up.
    pub give_up_after: TimeDelta,
    /// The wall time at which sound must have ended, whatever happened: the window's end.
    pub end_by: DateTime<Utc>,
}

/// When the first frame shall sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At this instant of wall time.
    At(DateTime<Utc>),
    /// As soon as the device can.
    Now,
}

/// What the player tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The answer to [`Command::Ping`].
    Pong,
    /// The device is open and consumes.
    Opened {
        /// The device as the sound server names it.
        device: String,
        /// Latency that it reports, microseconds.
        latency_us: i64,
        /// The second output took over from the first.
        second: bool,
    },
    /// The device has consumed for some seconds without a break: only now is it well.
    Steady {
        /// The device as the sound server names it.
        device: String,
    },
    /// An attempt to open failed; it is repeated while something is due, and told again only when
    /// its cause changes.
    OpenFailed {
        /// The device as configured.
        device: String,
        /// What sort of failure.
        fault: Fault,
        /// What the sound server said.
        detail: String,
    },
    /// The answer to `Probe` and `Tone`.
    Probed {
        /// The device as the sound server names it, or as configured when it did not answer.
        device: String,
        /// `None`: it consumed at its rate.
        fault: Option<Fault>,
        /// What the sound server said.
        detail: String,
    },
    /// The first frame of a take (or of its continuation after a loss) sounded.
    Started {
        /// Which take.
        airing: u64,
        /// When that frame left the device's output, by the device's own clock.
        first: DateTime<Utc>,
        /// The device latency that this instant rests on, microseconds.
        latency_us: i64,
        /// Which frame it was.
        from: Frames,
        /// Wall time without sound since the take was last heard; zero at its first frame.
        hole: TimeDelta,
        /// The device as the sound server names it.
        device: String,
    },
    /// How far a take has been heard; about five times a second.
    Progress {
        /// Which take.
        airing: u64,
        /// Frames of the master that have certainly been heard.
        position: Frames,
        /// Frames of those that the sound server threw away, from the take's own first.
        muted: Frames,
        /// The longest hole in wall time so far, also one that lasts while the sound is thrown away.
        hole: TimeDelta,
        /// Highest sample that was handed to the device in its last period, dB of full scale.
        peak: Level,
    },
    /// The last frame of a segment was consumed, or the sound broke off within it.
    Segment {
        /// Which take.
        airing: u64,
        /// Its place in the programme, from 0.
        n: u32,
        /// Frames of it that were consumed.
        frames: Frames,
    },
    /// The device went away; it is reopened and the take goes on where it was heard last.
    Lost {
        /// Which take was on air, if any.
        airing: Option<u64>,
        /// The device as configured.
        device: String,
        /// What sort of failure.
        fault: Fault,
        /// What the sound server or the watch said.
        detail: String,
        /// Frames of the master that have certainly been heard.
        position: Frames,
    },
    /// The sound server throws the sound away: the device takes frames that nobody hears.
    Muted {
        /// Which take is on air, if any.
        airing: Option<u64>,
        /// The device as the sound server names it.
        device: String,
        /// What is muted or at zero.
        detail: String,
        /// Frames of the master that went out before.
        position: Frames,
    },
    /// It is muted no more.
    Audible {
        /// Which take is on air, if any.
        airing: Option<u64>,
        /// The device as the sound server names it.
        device: String,
        /// Frames of the master that went out by then.
        position: Frames,
    },
    /// Nobody says who hears it: the sound server does not answer that question.
    Unanswered {
        /// The device as the sound server names it.
        device: String,
        /// Why there is no answer.
        detail: String,
    },
    /// It is answered again.
    Answered {
        /// The device as the sound server names it.
        device: String,
    },
    /// A take is over; the last word about it.
    Ended {
        /// Which take.
        airing: u64,
        /// What was counted.
        tally: Tally,
    },
    /// The device was closed.
    Closed {
        /// The device as configured.
        device: String,
    },
    /// The player is gone by a panic, or holds more lost streams than it should carry on with: the process has to end,
    /// and to go on where it was heard.
    Crashed {
        /// What the panic said, or what there is too much of.
        detail: String,
    },
}

/// What was counted over one take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Why it ended.
    pub cause: EndCause,
    /// When the last frame left the device's output; `None` when nothing sounded.
    pub last: Option<DateTime<Utc>>,
    /// Frames read from the master and verified, from the take's own `from`.
    pub decoded: Frames,
    /// Frames handed to the device; a frame that was handed again after a loss counts once.
    pub delivered: Frames,
    /// Frames that the device consumed, each counted once.
    pub consumed: Frames,
    /// Frames of `consumed` that the sound server threw away: its sink or our stream was muted or at zero.
    pub muted: Frames,
    /// Frames of silence put in because the ring was empty, or by the device that was not served in time.
    pub underruns: Frames,
    /// The longest hole in wall time between two stretches of sound that was not thrown away.
    pub hole: TimeDelta,
    /// Highest proof level reached: 1 for a virtual output or when nothing was delivered, 2 for a device
    /// whose rate could not be measured for three seconds, 3 for one that consumed at the rate of sound.
    pub proof: u8,
}

/// Why a take ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// The last frame was consumed.
    Finished,
    /// It was told to stop.
    Stopped,
    /// The window's end came first.
    WindowEnd,
    /// It could not go on.
    Failed(Fault),
}

/// What can be wrong with an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No device of that name.
    Absent,
    /// Another program holds it.
    Busy,
    /// It was there and is gone: server killed, sink removed, card pulled.
    Lost,
    /// It takes frames no more, or callbacks stopped: server frozen.
    Stalled,
    /// It consumes at another rate than sound does, as null devices do.
    Unpaced,
    /// The sound server moved the stream to another device than was opened.
    Moved,
    /// The sound server throws the sound away; only the answer to a probe.
    Muted,
    /// It is a device that nobody can hear: `auto_null`, ALSA `null`, a sink called dummy.
    Dummy,
    /// The master on disk is not the one that was verified.
    FileChanged,
    /// A fault of the software.
    Software,
}
