//! The loop body: one incoming thing, one turn of the controller, everything it asks for.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, oneshot};

use super::{
    months::{Seen, caught},
    past::{ASKED_TO_END, Past},
    prune::Pruning,
    pulse::{Answered, Pulse},
    status::DeviceLamp,
};
use crate::{
    airing::{Action, Controller, Input, Job, Refused, Rules, State, Urgent},
    clock::{Clock, Reading},
    control::{self, Alive, Approvers, Ask, ControlError, Folder, Position, Reply, Said, Stamper, Survey},
    evidence::{Body, BootFacts, Clk, Reason},
    media::Master,
    playout::{Command, Event},
    store::{self, Append, Blob, StoreError, WriterHandle},
    sync::Told,
    units::{Digest, Hasher, Month, ScheduleName},
    words::{self, Message},
};

/// Everything that can come in. The player, the writer and the workers send it from their threads.
pub(super) enum Incoming {
    Tick,
    Player(Event),
    Prepared(Box<Job>, Result<Arc<Master>, Refused>),
    Cued(Result<u64, String>),
    Surveyed(ScheduleName, Result<Box<Survey>, ControlError>),
    Urgents(Vec<Urgent>),
    Asked(Ask, oneshot::Sender<Reply>),
    Shutdown,
}

/// How slow work (hashing, rendering) is done: on a thread of its own, or at once in a rehearsal.
pub(super) type Work = Box<dyn Fn(Box<dyn FnOnce() + Send>) + Send>;

/// Hands a command to the player; `false` when it is gone.
pub(super) type Player = Box<dyn Fn(Command) -> bool + Send>;

/// Which schedules an engine follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    /// None: it does one thing that a person asked.
    Nothing,
    /// This month's and the next one's.
    Calendar,
    /// One, in its rehearsal; with the centre's, the ward's own beside it.
    Only(ScheduleName),
}

/// Where the engine sends what it wants done.
pub(super) struct Ports {
    pub clock: Arc<dyn Clock>,
    pub folder: Arc<Folder>,
    pub writer: WriterHandle,
    pub player: Player,
    pub inbox: mpsc::Sender<Incoming>,
    pub work: Work,
    /// The output as it was chosen.
    pub output: String,
    /// Which schedules it follows.
    pub follow: Follow,
    /// The side file of the position.
    pub stamper: Option<Stamper>,
}

/// The composition's state between two turns.
pub(super) struct Engine {
    pub(super) ports: Ports,
    pub(super) controller: Controller,
    pub(super) lamp: DeviceLamp,
    pub(super) schedules: BTreeMap<ScheduleName, Seen>,
    pub(super) waiting: BTreeMap<u64, oneshot::Sender<Reply>>,
    pub(super) tokens: u64,
    pub(super) pruning: Pruning,
    surveyed_at: Option<Reading>,
    alive_at: Option<Reading>,
    heartbeat_at: Reading,
    /// What crashed: the process must end, to be started anew and go on where it was heard.
    pub(super) broken: Option<String>,
    /// A person wants this process to end, to be started again.
    pub(super) leaving: bool,
    /// The log's writer is gone: without evidence nothing goes on.
    mute: Cell<bool>,
    /// Why what a person asked for in this process did not sound.
    pub(super) refused: Option<Said>,
    /// The trust file that the log knows to be in force.
    pub(super) trust: Option<Digest>,
    pulse: Pulse,
    /// Where the player's next answer counts.
    pinged: Option<Answered>,
    /// Where the pages are, once they are open.
    pub(super) web: Arc<OnceLock<String>>,
    /// How the way to the centre is.
    pub(super) centre: Told,
}

/// How often files are looked at for changes.
const SURVEY_EVERY: TimeDelta = TimeDelta::seconds(30);
/// How often the alive stamp is renewed.
const ALIVE_EVERY: TimeDelta = TimeDelta::seconds(60);
/// How often an idle station enters that it lives.
const HEARTBEAT_EVERY: TimeDelta = TimeDelta::hours(1);
/// The longest sleep: a wall clock that is set forward is noticed within it.
pub(super) const LONGEST_SLEEP: TimeDelta = TimeDelta::seconds(10);

impl Engine {
    /// Takes up where the log ends: boot entries, missed slots, the airing that was cut.
    pub fn start(ports: Ports, rules: Rules, mut past: Past, missed: Vec<Body>) -> Engine {
        let now = ports.clock.now();
        let closed = std::mem::take(&mut past.closed);
        let mut controller = Controller::new(rules, closed, past.clock(&ports.clock.boot_id()));
        controller.was_off_since(past.last.as_ref().map(Clk::wall));
        controller.restore_hold(past.hold_until.filter(|until| *until > now.wall));
        controller.restore_owed(std::mem::take(&mut past.owed));
        controller.restore_urgents(std::mem::take(&mut past.urgent_closed));
        controller.owe_from(past.owed_from.unwrap_or(DateTime::<Utc>::MIN_UTC));
        let schedules = past.in_force().iter().map(|fact| (fact.name(), Seen::accepted(fact))).collect();
        let mut engine = Engine {
            ports,
            controller,
            lamp: DeviceLamp::default(),
            schedules,
            waiting: BTreeMap::new(),
            tokens: 0,
            pruning: Pruning::default(),
            surveyed_at: None,
            alive_at: None,
            heartbeat_at: now,
            broken: None,
            leaving: false,
            mute: Cell::new(false),
            refused: None,
            trust: None,
            pulse: Pulse::default(),
            pinged: None,
            web: Arc::default(),
            centre: Told::default(),
        };
        let data = engine.ports.folder.data();
        let last_alive = Alive::read(&data.join("alive")).or(past.last.as_ref().map(Clk::wall));
        let mut bodies = vec![
            Body::Boot(BootFacts {
                clean: past.clean,
                last_alive_ms: last_alive.map(|at| at.timestamp_millis()),
            }),
            Body::Sw { version: env!("CARGO_PKG_VERSION").into(), exe: own_digest() },
        ];
        let (config, blobs) = engine.in_force(Approvers::of(&engine.ports.folder).trust);
        bodies.push(config);
        bodies.extend(missed);
        engine.record_with(bodies, blobs);
        // A clock that is behind the log is told before anything else is.
        engine.step(Input::Tick);
        let stamp = data.join("position");
        // What was cut is the daemon's to go on with, not of a process that only does one thing.
        let cut = if engine.ports.follow == Follow::Nothing {
            Vec::new()
        } else {
            past.interrupted(&stamp, &engine.ports.clock.boot_id())
        };
        for cut in cut {
            engine.step(Input::Interrupted(Box::new(cut)));
        }
        engine
    }

    /// One turn. A panic in it is caught here: the player and the log's writer still end in order.
    pub fn turn(&mut self, incoming: Incoming) {
        if self.mute.get() {
            self.break_down("the log's writer is gone");
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.take(incoming))) {
            self.break_down(&format!("the loop crashed: {}", words::of_panic(&*panic)));
        }
    }

    /// The process has to end; what broke first stands.
    fn break_down(&mut self, why: &str) {
        tracing::error!("{why}");
        self.broken.get_or_insert_with(|| why.to_owned());
    }

    fn take(&mut self, incoming: Incoming) {
        if !matches!(incoming, Incoming::Shutdown) {
            // At every turn: somebody who asks all the time must not keep the next tick away.
            self.keep_house();
        }
        match incoming {
            Incoming::Tick => self.step(Input::Tick),
            Incoming::Player(Event::Pong) => {
                if let Some(asked) = self.pinged.take() {
                    asked.yes();
                }
            }
            Incoming::Player(event) => {
                let zone = self.ports.folder.station.zone;
                let at = self.ports.clock.now().wall.with_timezone(&zone);
                self.lamp.take(&event, &at.format("%H:%M:%S %d/%m/%Y").to_string());
                if let Event::Crashed { detail } = &event {
                    self.break_down(&format!("the player crashed: {detail}"));
                }
                self.step(Input::Player(event));
            }
            Incoming::Prepared(job, result) => self.step(Input::Prepared(job, result)),
            Incoming::Cued(result) => self.step(Input::Cued(result)),
            Incoming::Surveyed(name, result) => self.surveyed(name, result),
            Incoming::Urgents(urgents) => self.step(Input::Urgent(urgents)),
            Incoming::Asked(ask, reply) => self.asked(ask, reply),
            Incoming::Shutdown => self.step(Input::Shutdown),
        }
    }

    /// Gives the controller an input of the composition's own.
    pub fn turn_input(&mut self, input: Input) {
        self.step(input);
    }

    /// Tells the player something that no slot asked for.
    pub fn command(&mut self, command: Command) {
        self.act(Action::Player(command), &self.ports.clock.now());
    }

    /// A person at the terminal ends what they began.
    pub fn stop_at_terminal(&mut self) {
        let token = self.tokens;
        self.tokens += 1;
        let reason = "ended at the terminal".to_owned();
        self.step(Input::Stop { token, by: String::new(), reason, hold_until: None });
    }

    /// Whether everything that must advance has done so since the last beat; asks anew.
    pub fn beat(&mut self) -> bool {
        let Some((player, writer)) = self.pulse.beat() else { return false };
        self.pinged = Some(player);
        let answered = move |_| writer.yes();
        let barrier =
            Append { entries: Vec::new(), blobs: Vec::new(), at_all: false, reply: Some(Box::new(answered)) };
        let written = self.ports.writer.send(barrier).is_ok();
        if !written {
            self.break_down("the log's writer is gone");
        }
        (self.ports.player)(Command::Ping) && written
    }

    /// The last entry of this run: what broke, or that it was asked to end.
    pub fn end(&self) {
        let reason = self.broken.clone().unwrap_or_else(|| ASKED_TO_END.into());
        self.record(vec![Body::Shutdown { reason }]);
    }

    /// The calendar month at the station.
    pub(super) fn this_month(&self) -> Month {
        let now = self.ports.clock.now().wall;
        Month::of(now.with_timezone(&self.ports.folder.station.zone).date_naive())
    }

    /// When it wants its next [`Incoming::Tick`].
    pub fn next_wake(&self, now: DateTime<Utc>) -> TimeDelta {
        let wake = self.controller.next_wake().map_or(LONGEST_SLEEP, |at| at - now);
        wake.clamp(TimeDelta::zero(), LONGEST_SLEEP)
    }

    /// The same on a clock that nobody sets: the next thing that is due, however far, but never beyond the
    /// next look at the files.
    pub fn next_wake_unset(&self, now: DateTime<Utc>) -> TimeDelta {
        let wake = self.controller.next_wake().map_or(HEARTBEAT_EVERY, |at| at - now);
        wake.clamp(TimeDelta::zero(), HEARTBEAT_EVERY)
    }

    /// Whether nothing is on air or on its way there.
    pub fn is_idle(&self) -> bool {
        self.controller.state() == State::Idle
    }

    pub(super) fn step(&mut self, input: Input) {
        let now = self.ports.clock.now();
        let health = self.ports.clock.health();
        let mut actions = self.controller.step(&now, health, input);
        let done = actions.iter().position(|a| matches!(a, Action::Answer { answer: Ok(_), .. }));
        let entered = actions.iter().rposition(|action| matches!(action, Action::Record(_)));
        let mut answer = None;
        // What a person did is answered when it is durable: the answer goes with the last entry of this turn.
        if let (Some(done), Some(entered)) = (done, entered)
            && entered < done
            && let Action::Answer { token, answer: Ok(said) } = actions.remove(done)
        {
            answer = self.waiting.remove(&token).map(|reply| (entered, reply, said));
        }
        for (at, action) in actions.into_iter().enumerate() {
            match (action, answer.take_if(|(entered, ..)| *entered == at)) {
                (Action::Record(bodies), Some((_, reply, said))) => {
                    // Done is done, wherever its entry has to wait: the slot or the sound it was about is gone.
                    let answered: store::Reply = Box::new(move |result| {
                        let _ = reply.send(match result {
                            Ok(_) => Reply::Done(Said::of(&said)),
                            Err(error) => Reply::Failed(error.to_string()),
                        });
                    });
                    self.send(bodies, Vec::new(), true, Some(answered));
                }
                (action, _) => self.act(action, &now),
            }
        }
    }

    fn act(&mut self, action: Action, now: &Reading) {
        match action {
            Action::Record(bodies) => {
                self.remember_refusal(&bodies);
                self.record(bodies);
            }
            Action::RecordCue { cue, at_all } => {
                let inbox = self.ports.inbox.clone();
                let answer = move |result: Result<Vec<u64>, StoreError>| {
                    let result = result.map_err(|error| error.to_string());
                    let first = result.map(|seqs| seqs.first().copied().unwrap_or_default());
                    let _ = inbox.blocking_send(Incoming::Cued(first));
                };
                self.send(vec![Body::Cue(cue)], Vec::new(), at_all, Some(Box::new(answer)));
            }
            Action::Prepare(job) => self.prepare(*job),
            Action::Player(command) => {
                if !(self.ports.player)(command) {
                    self.break_down("the player is gone");
                }
            }
            Action::Stamp { airing, position, muted, hole } => {
                let hole_ms = u64::try_from(hole.num_milliseconds()).unwrap_or(0);
                let stamp = Position { airing, heard: position, muted, hole_ms, at: now.wall };
                if let Some(Err(error)) = self.ports.stamper.as_mut().map(|s| s.stamp(stamp, now.boot_ns)) {
                    tracing::warn!("{error}");
                }
            }
            Action::Answer { token, answer } => self.answer(token, &answer),
        }
    }

    fn remember_refusal(&mut self, bodies: &[Body]) {
        for body in bodies {
            if let Body::Operator(act) = body
                && act.act == "air-refused"
            {
                self.refused = Some(Said::of(&Message::new("air-refused").with("reason", &act.reason)));
            }
        }
    }

    fn prepare(&mut self, job: Job) {
        let (folder, inbox) = (self.ports.folder.clone(), self.ports.inbox.clone());
        (self.ports.work)(Box::new(move || {
            let prepared = catch_unwind(AssertUnwindSafe(|| control::prepare(&folder, &job)));
            let result = prepared.unwrap_or_else(|_| {
                Err(Refused { reason: Reason::SoftwareFault, detail: "the preparation panicked".into() })
            });
            let _ = inbox.blocking_send(Incoming::Prepared(Box::new(job), result));
        }));
    }

    // ---- the log -----------------------------------------------------------------------------------

    pub(super) fn clk(&self) -> Clk {
        control::clk(self.ports.clock.as_ref(), self.ports.folder.station.zone)
    }

    /// Writes entries for which nobody waits; the writer keeps them until the disk takes them.
    pub(super) fn record(&self, bodies: Vec<Body>) {
        self.record_with(bodies, Vec::new());
    }

    pub(super) fn record_with(&self, bodies: Vec<Body>, blobs: Vec<Blob>) {
        self.send(bodies, blobs, true, None);
    }

    /// Writes entries and tells `then` whether they are durable.
    pub(super) fn append(
        &self,
        bodies: Vec<Body>,
        blobs: Vec<Blob>,
        then: impl FnOnce(Result<Vec<u64>, StoreError>) + Send + 'static,
    ) {
        self.send(bodies, blobs, false, Some(Box::new(then)));
    }

    fn send(&self, bodies: Vec<Body>, blobs: Vec<Blob>, at_all: bool, reply: Option<store::Reply>) {
        let clk = self.clk();
        let entries = bodies.into_iter().map(|body| (clk.clone(), body)).collect();
        if self.ports.writer.send(Append { entries, blobs, at_all, reply }).is_err() {
            tracing::error!("the log's writer is gone");
            self.mute.set(true);
        }
    }

    // ---- housekeeping --------------------------------------------------------------------------------

    fn keep_house(&mut self) {
        let now = self.ports.clock.now();
        let due = |last: &Option<Reading>, every| last.as_ref().is_none_or(|last| now.since(last) >= every);
        if due(&self.alive_at, ALIVE_EVERY) {
            self.alive_at = Some(now.clone());
            if let Err(error) = Alive::write(&self.ports.folder.data().join("alive"), now.wall) {
                tracing::warn!("{error}");
            }
        }
        if now.since(&self.heartbeat_at) >= HEARTBEAT_EVERY {
            self.heartbeat_at = now.clone();
            self.record(vec![Body::Heartbeat {}]);
        }
        if due(&self.surveyed_at, SURVEY_EVERY) {
            self.survey_now(&now);
        }
        self.prune_if_due(&now);
    }

    /// A person has changed a file and waits for what comes of it.
    pub(super) fn look_again(&mut self) {
        let now = self.ports.clock.now();
        self.survey_now(&now);
    }

    fn survey_now(&mut self, now: &Reading) {
        self.surveyed_at = Some(now.clone());
        if self.ports.follow == Follow::Calendar {
            // What is urgent waits for no month.
            self.look_for_urgents(now);
        }
        let month = self.this_month();
        let centres = match self.ports.follow {
            Follow::Nothing => Vec::new(),
            Follow::Calendar => vec![month, month.next()].into_iter().map(ScheduleName::centre).collect(),
            Follow::Only(name) => vec![name],
        };
        for name in centres {
            self.survey_if_changed(name);
            self.survey_if_changed(ScheduleName::ward(name.month));
        }
    }
}

impl Engine {
    /// Looks, on a worker, for what urgent packages brought.
    fn look_for_urgents(&self, now: &Reading) {
        let (folder, inbox, now) = (self.ports.folder.clone(), self.ports.inbox.clone(), now.wall);
        (self.ports.work)(Box::new(move || match caught(|| control::urgents(&folder, now)) {
            Ok(urgents) if urgents.is_empty() => {}
            Ok(urgents) => drop(inbox.blocking_send(Incoming::Urgents(urgents))),
            Err(error) => tracing::warn!("urgent packages: {error}"),
        }));
    }
}

/// Digest of the running executable; of nothing where it cannot be read.
fn own_digest() -> Digest {
    let mut hasher = Hasher::default();
    if let Ok(mut file) = std::env::current_exe().and_then(File::open) {
        let mut piece = vec![0; 64 << 10];
        while let Ok(n @ 1..) = file.read(&mut piece) {
            hasher.update(&piece[..n]);
        }
    }
    hasher.finish()
}
