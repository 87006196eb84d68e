//! The line to the loudspeaker: who owns the stream, and its way through closed, opening, open and lost.
//!
//! A stream is well only after some seconds of steady consumption. Until then nothing that was learned of its
//! predecessors is forgotten: the back-off stays, and the time without a steady stream counts on, at the
//! end of which the second output takes over.

use std::{
    mem::ManuallyDrop,
    sync::{
        Arc,
        mpsc::{self, Receiver, TryRecvError},
    },
    thread,
    time::Duration,
};

use chrono::TimeDelta;

use crate::{clock::Clock, config};

use super::{
    message::Fault,
    output::{self, Choice, OpenError, Opened},
    watch::Watch,
};

/// A stream that cannot be opened in this time is tried anew.
const OPEN_NS: i64 = 5_000_000_000;
/// Attempts that hang in a frozen server at the same time, at most.
const MOST_ATTEMPTS: usize = 4;
/// Streams that hang in their end at the same time, at most: each holds two threads of the sound server's library.
const MOST_BURIED: usize = 12;
/// Wait before the second attempt; doubled up to `BACK_OFF_MOST`.
const BACK_OFF: Duration = Duration::from_millis(200);
/// Longest wait between attempts.
const BACK_OFF_MOST: Duration = Duration::from_secs(1);
/// So long without a steady stream of the first output, and the second takes over.
const SECOND_AFTER_NS: i64 = 3_000_000_000;

/// The line to the outputs of a station.
pub(super) struct Line {
    first: Choice,
    second: Option<Choice>,
    settings: config::Output,
    clock: Arc<dyn Clock>,
    state: State,
    /// The second output is the one that is tried or open.
    on_second: bool,
    /// Boot time of the first failure or loss since a stream was steady.
    down_ns: Option<i64>,
    back_off: Duration,
    /// Held by every attempt to open the first or the second output that has not come back.
    attempts: [Arc<()>; 2],
    /// Held by every stream that is being dropped.
    buried: Arc<()>,
}

enum State {
    Closed,
    /// No attempt before this boot time.
    Lost(i64),
    /// An attempt, begun at this boot time.
    Opening(Receiver<Result<Opened, OpenError>>, i64),
    Open(Box<Open>),
}

/// An open stream and what is known of it.
pub(super) struct Open {
    pub stream: Opened,
    pub watch: Watch,
    /// `Event::Opened` is out.
    pub told: bool,
    /// It consumed for some seconds.
    pub steady: bool,
    /// Why nobody hears it, when the sound server says so.
    pub muted: Option<String>,
    /// That is out, too.
    pub muted_told: bool,
    /// What came of the question who hears it.
    pub question: Question,
    /// Boot time before which it must not be closed.
    pub linger_ns: i64,
}

/// The standing question to the sound server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// It is answered, or nobody can be asked.
    Answered,
    /// It has had no answer since this boot time.
    OpenSince(i64),
    /// That is out.
    Told,
}

/// When the line wants to be looked at.
pub(super) enum Look<'a> {
    /// An attempt is due at this boot time.
    At(i64),
    /// An attempt is under way.
    Soon,
    /// A stream is open.
    Open(&'a Open),
}

impl Line {
    /// A closed line to `first`, and to `second` while the first does not play.
    pub(super) fn new(
        first: Choice,
        second: Option<Choice>,
        settings: config::Output,
        clock: Arc<dyn Clock>,
    ) -> Line {
        Line {
            first,
            second,
            settings,
            clock,
            state: State::Closed,
            on_second: false,
            down_ns: None,
            back_off: BACK_OFF,
            attempts: [Arc::new(()), Arc::new(())],
            buried: Arc::new(()),
        }
    }

    /// Drops a stream. A dead one may hang for ever in its drop, so a device has a thread of its own for it. `false`:
    /// more hang than a process should carry on with.
    pub(super) fn bury(&self, open: Box<Open>) -> bool {
        if open.stream.output.proof() < 3 {
            return true;
        }
        let grave = Arc::clone(&self.buried);
        // Without a thread it stays where it is: here it could hang for ever.
        let open = ManuallyDrop::new(open);
        let dug = thread::Builder::new().name("reaper".into()).spawn(move || {
            drop(ManuallyDrop::into_inner(open));
            drop(grave);
        });
        if let Err(error) = &dug {
            tracing::warn!(%error, "no thread to drop the stream");
        }
        dug.is_ok() && Arc::strong_count(&self.buried) <= MOST_BURIED
    }

    /// The output that is tried or open, as configured.
    pub(super) fn choice(&self) -> &Choice {
        self.second.as_ref().filter(|_| self.on_second).unwrap_or(&self.first)
    }

    /// Whether that is the second one.
    pub(super) fn is_second(&self) -> bool {
        self.on_second
    }

    /// The stream, when one is open.
    pub(super) fn open(&mut self) -> Option<&mut Open> {
        match &mut self.state {
            State::Open(open) => Some(open),
            _ => None,
        }
    }

    /// Whether a stream is open.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// The device as the sound server names it, or as configured when none is open.
    pub(super) fn device(&self) -> String {
        match &self.state {
            State::Open(open) => open.stream.device.clone(),
            _ => self.choice().to_string(),
        }
    }

    /// What it waits for, while somebody wants a stream.
    pub(super) fn look(&self) -> Look<'_> {
        match &self.state {
            State::Closed => Look::At(i64::MIN),
            State::Lost(at_ns) => Look::At(*at_ns),
            State::Opening(..) => Look::Soon,
            State::Open(open) => Look::Open(open),
        }
    }

    /// The next thing to air goes to the first output again: a stream on the second one is given back, unless
    /// the last frames of what aired before are still on their way through it.
    pub(super) fn prefer_first(&mut self, now_ns: i64) -> Option<Box<Open>> {
        let draining = matches!(&self.state, State::Open(open) if now_ns < open.linger_ns);
        if draining || !std::mem::take(&mut self.on_second) {
            return None;
        }
        self.down_ns = None;
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(open) => Some(open),
            _ => None,
        }
    }

    /// Looks after an attempt under way; begins one when it is due and `wanted`. `takes_over`: a second
    /// output may stand in. Says what failed.
    pub(super) fn advance(&mut self, now_ns: i64, wanted: bool, takes_over: bool) -> Option<OpenError> {
        let begun_ns = if let State::Opening(_, since_ns) = self.state { since_ns } else { now_ns };
        let result = match &self.state {
            State::Closed if wanted => self.attempt(now_ns, takes_over),
            State::Lost(at_ns) if wanted && now_ns >= *at_ns => self.attempt(now_ns, takes_over),
            State::Opening(answer, since_ns) => match answer.try_recv() {
                Ok(result) => Some(result),
                Err(TryRecvError::Empty) if now_ns - since_ns < OPEN_NS => None,
                Err(TryRecvError::Empty) => Some(Err(OpenError {
                    fault: Fault::Stalled,
                    detail: format!("`{}` did not open in {} s", self.choice(), OPEN_NS / 1_000_000_000),
                })),
                Err(TryRecvError::Disconnected) => Some(Err(OpenError {
                    fault: Fault::Software,
                    detail: format!("opening `{}` broke off", self.choice()),
                })),
            },
            _ => None,
        };
        match result? {
            Ok(stream) => {
                let watch = Watch::new(stream.period, now_ns, stream.output.now_ns());
                let steady = !self.choice().is_device();
                let open = Open {
                    stream,
                    watch,
                    told: false,
                    steady,
                    muted: None,
                    muted_told: false,
                    question: Question::Answered,
                    linger_ns: now_ns,
                };
                self.state = State::Open(Box::new(open));
                None
            }
            Err(error) => {
                self.down_ns.get_or_insert(begun_ns);
                self.wait(now_ns);
                Some(error)
            }
        }
    }

    /// Begins to open: a device on a throw-away thread, since a frozen server never answers.
    fn attempt(&mut self, now_ns: i64, takes_over: bool) -> Option<Result<Opened, OpenError>> {
        let long_down = self.down_ns.is_some_and(|since_ns| now_ns - since_ns >= SECOND_AFTER_NS);
        if self.second.is_some() && takes_over && long_down {
            // While neither plays, each is tried in its turn.
            self.on_second = !self.on_second;
        }
        if !self.choice().is_device() {
            return Some(output::open(self.choice(), &self.settings, &self.clock));
        }
        let attempts = &self.attempts[usize::from(self.on_second)];
        if Arc::strong_count(attempts) > MOST_ATTEMPTS {
            let detail = format!("{MOST_ATTEMPTS} attempts to open `{}` hang", self.choice());
            return Some(Err(OpenError { fault: Fault::Stalled, detail }));
        }
        let (to, answer) = mpsc::channel();
        let choice = self.choice().clone();
        let (settings, clock) = (self.settings.clone(), Arc::clone(&self.clock));
        let attempt = Arc::clone(attempts);
        let spawned = thread::Builder::new().name("open".into()).spawn(move || {
            // Nobody may wait for the answer any more; then the stream is dropped here.
            let _ = to.send(output::open(&choice, &settings, &clock));
            drop(attempt);
        });
        match spawned {
            Ok(_) => {
                self.state = State::Opening(answer, now_ns);
                None
            }
            Err(error) => Some(Err(OpenError { fault: Fault::Software, detail: error.to_string() })),
        }
    }

    fn wait(&mut self, now_ns: i64) {
        self.state = State::Lost(now_ns.saturating_add(nanos(self.back_off)));
        self.back_off = (self.back_off * 2).min(BACK_OFF_MOST);
    }

    /// The stream consumed for some seconds: what was before is forgotten.
    pub(super) fn settle(&mut self) {
        self.back_off = BACK_OFF;
        self.down_ns = None;
    }

    /// The stream is gone; the next attempt comes at once after one that was steady, else behind the back-off.
    pub(super) fn lose(&mut self, now_ns: i64) -> Option<Box<Open>> {
        let State::Open(open) = std::mem::replace(&mut self.state, State::Lost(now_ns)) else { return None };
        self.down_ns.get_or_insert(now_ns);
        if !open.steady {
            self.wait(now_ns);
        }
        Some(open)
    }

    /// No attempt for the longest back-off.
    pub(super) fn rest(&mut self, now_ns: i64) {
        self.state = State::Lost(now_ns.saturating_add(nanos(BACK_OFF_MOST)));
    }

    /// Nobody wants a stream: gives the open one when it needs to be open no more.
    pub(super) fn close(&mut self, now_ns: i64) -> Option<Box<Open>> {
        self.settle();
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(open) if now_ns < open.linger_ns => self.state = State::Open(open),
            State::Open(open) => {
                self.on_second = false;
                return Some(open);
            }
            // An attempt under way is dropped where it comes back.
            State::Opening(..) | State::Lost(_) | State::Closed => self.on_second = false,
        }
        None
    }
}

fn nanos(span: Duration) -> i64 {
    TimeDelta::from_std(span).map_or(i64::MAX, super::alignment::span_ns)
}
