//! The player: commands in, events out, one device between them. Sound itself runs in the device's callback;
//! the player feeds it, watches it, and mends what breaks.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError},
    },
    thread,
    time::Duration,
};

use chrono::TimeDelta;

use crate::{clock::Clock, config, units::Frames};

use super::{
    airing::{self, Airing, Job},
    alignment::Alignment,
    desk::{Facts, Phase, frames_ns},
    message::{Command, EndCause, Event, Fault, Take, Tally},
    output::{self, Choice, OpenError, Opened},
    watch::Watch,
};

/// A stream that cannot be opened in this time is tried anew.
const OPEN_NS: i64 = 5_000_000_000;
/// Attempts that hang in a frozen server at the same time, at most.
const MOST_ATTEMPTS: usize = 4;
/// Wait before the second attempt; doubled up to `BACK_OFF_MOST`.
const BACK_OFF: Duration = Duration::from_millis(200);
/// Longest wait between attempts.
const BACK_OFF_MOST: Duration = Duration::from_secs(1);
/// After the last frame a stream stays open for its latency, a period, and this.
const LINGER_NS: i64 = 200_000_000;
/// How often the player looks at a stream with something on air: commands wake it at once.
const LOOK: Duration = Duration::from_millis(200);
/// How often it looks when it waits for a stream to open, settle or drain.
const LOOK_CLOSELY: Duration = Duration::from_millis(20);

/// The player. Its thread is a loop around [`Player::step`].
pub struct Player {
    choice: Choice,
    settings: config::Output,
    clock: Arc<dyn Clock>,
    commands: Receiver<Command>,
    events: Sender<Event>,
    device: Device,
    airing: Option<Airing>,
    /// A take that waits for the end of what is on air.
    pending: Option<Box<Take>>,
    /// Stay open without anything to air.
    keep: bool,
    quitting: bool,
    back_off: Duration,
    /// The fault that was told last; the same is not told twice in a row.
    told: Option<Fault>,
    /// Held by every attempt to open that has not come back.
    attempts: Arc<()>,
}

enum Device {
    Closed,
    /// No attempt before this boot time.
    Retry(i64),
    /// An attempt, begun at this boot time.
    Opening(Receiver<Result<Opened, OpenError>>, i64),
    Open(Box<Open>),
}

struct Open {
    stream: Opened,
    watch: Watch,
    /// `Event::Opened` is out.
    told: bool,
    /// Boot time before which it must not be closed.
    linger_ns: i64,
}

impl Player {
    /// A player for one output. Events go out in order and never block.
    #[must_use]
    pub fn new(
        choice: Choice,
        settings: config::Output,
        clock: Arc<dyn Clock>,
        commands: Receiver<Command>,
        events: Sender<Event>,
    ) -> Player {
        Player {
            choice,
            settings,
            clock,
            commands,
            events,
            device: Device::Closed,
            airing: None,
            pending: None,
            keep: false,
            quitting: false,
            back_off: BACK_OFF,
            told: None,
            attempts: Arc::new(()),
        }
    }

    /// One turn: takes the commands that wait, does what is due by the clock, and says when it wants
    /// the next turn at the latest. `None`: only a command brings work.
    pub fn step(&mut self) -> Option<Duration> {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.obey(command),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.quit();
                    break;
                }
            }
        }
        self.turn();
        self.wake()
    }

    /// Waits for a command until the next turn is due, then takes that turn. Only for a thread.
    pub(super) fn wait_and_step(&mut self, until: Option<Duration>) -> Option<Duration> {
        let command = match until {
            Some(most) => self.commands.recv_timeout(most),
            None => self.commands.recv().map_err(RecvTimeoutError::from),
        };
        match (command, until) {
            (Ok(command), _) => self.obey(command),
            // Nobody can wake it any more, so the fade and the closing are waited for here.
            (Err(RecvTimeoutError::Disconnected), Some(most)) => thread::sleep(most),
            (Err(_), _) => {}
        }
        self.step()
    }

    /// After `Command::Quit`: nothing is on air and the device is closed.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.quitting && self.airing.is_none() && !matches!(self.device, Device::Open(_))
    }

    fn tell(&self, event: Event) {
        // Without a listener there is nobody to tell; sound goes on.
        let _ = self.events.send(event);
    }

    fn boot_ns(&self) -> i64 {
        self.clock.now().boot_ns
    }

    // --- commands -----------------------------------------------------------------------------

    fn obey(&mut self, command: Command) {
        match command {
            Command::Open => self.keep = true,
            Command::Close => self.keep = false,
            Command::Probe => self.probe(Frames::from_ms(500), false),
            Command::Tone => self.probe(Frames::from_ms(1000), true),
            Command::Take(take) => {
                self.drop_pending();
                if let Some(airing) = &mut self.airing {
                    airing.stopping |= airing.number().is_some();
                }
                self.pending = Some(take);
                self.take_pending();
            }
            Command::Stop => self.stop(),
            Command::Ping => self.tell(Event::Pong),
            Command::Quit => self.quit(),
        }
    }

    fn stop(&mut self) {
        self.drop_pending();
        if let Some(airing) = &mut self.airing {
            airing.stopping = true;
        }
    }

    fn quit(&mut self) {
        self.stop();
        self.keep = false;
        self.quitting = true;
    }

    fn drop_pending(&mut self) {
        if let Some(take) = self.pending.take() {
            let now = self.clock.now();
            let airing = take.airing;
            let tally = Airing::take(take, now.boot_ns, now.wall).tally(EndCause::Stopped, None);
            self.tell(Event::Ended { airing, tally });
        }
    }

    fn take_pending(&mut self) {
        if self.airing.is_none()
            && let Some(take) = self.pending.take()
        {
            let now = self.clock.now();
            let mut airing = Airing::take(take, now.boot_ns, now.wall);
            airing.asleep_ns = Some(now.asleep_ns);
            self.airing = Some(airing);
        }
    }

    fn probe(&mut self, frames: Frames, tone: bool) {
        if self.airing.is_none() && !self.quitting {
            self.airing = Some(Airing::probe(frames, tone));
            return;
        }
        // Something is on air: the device answers by what it does; a tone would be heard.
        let (device, fault, detail) = match &self.device {
            Device::Open(open) if !tone => (open.stream.device.clone(), None, String::new()),
            _ => (self.choice.to_string(), Some(Fault::Busy), "something is on air".into()),
        };
        self.tell(Event::Probed { device, fault, detail });
    }

    // --- one turn -----------------------------------------------------------------------------

    fn turn(&mut self) {
        self.open_if_due();
        while self.sound() {}
        self.give_up_if_due();
        self.close_if_due();
    }

    fn wanted(&self) -> bool {
        self.keep || self.airing.is_some() || self.pending.is_some()
    }

    fn wake(&self) -> Option<Duration> {
        let now_ns = self.boot_ns();
        let until = |ns: i64| Duration::from_nanos(u64::try_from(ns - now_ns).unwrap_or(0));
        match &self.device {
            Device::Closed => self.wanted().then_some(Duration::ZERO),
            Device::Retry(at_ns) => self.wanted().then(|| until(*at_ns)),
            Device::Opening(..) => Some(LOOK_CLOSELY),
            Device::Open(open) => {
                let facts = open.stream.desk.facts();
                Some(match &self.airing {
                    _ if !open.told || facts.phase == Phase::Done => LOOK_CLOSELY,
                    Some(airing) if airing.is_armed() => LOOK,
                    Some(_) => LOOK_CLOSELY,
                    None if self.wanted() => LOOK,
                    None => until(open.linger_ns).clamp(Duration::from_millis(1), LOOK),
                })
            }
        }
    }

    /// One look at the stream. `true`: an output without a device has more to take.
    fn sound(&mut self) -> bool {
        let Device::Open(open) = &mut self.device else { return false };
        let clocks = Alignment::read(&*self.clock, &*open.stream.output);
        let correction_ns = self.settings.correction_us.saturating_mul(1000);
        let asleep_ns = self.clock.now().asleep_ns;
        let desk = &open.stream.desk;
        if let Some(airing) = &mut self.airing {
            let idle = desk.facts().phase == Phase::Idle;
            let (start_ns, cut_ns) = airing.aim(&clocks, asleep_ns, correction_ns);
            if airing.is_armed() || idle {
                desk.set_tail(airing::feed(airing, &mut open.stream.ring, self.settings.channels));
            }
            if airing.is_armed() {
                desk.aim(start_ns, cut_ns);
            } else if idle {
                let fade_in = airing.arm();
                desk.arm(start_ns, cut_ns, fade_in);
            }
        }
        let more = match open.stream.output.pull_due() {
            Ok(more) => more,
            Err(detail) => {
                self.lose(Fault::Lost, detail);
                return false;
            }
        };
        let facts = open.stream.desk.facts();
        let fault = open.stream.desk.fatal().or_else(|| {
            let watched = self.choice.is_device();
            let boot_ns = clocks.boot(clocks.now_ns);
            if watched { open.watch.look(&facts, boot_ns) } else { None }
        });
        if let Some((fault, detail)) = fault {
            self.lose(fault, detail);
            return false;
        }
        self.observe(&facts, &clocks, correction_ns);
        more
    }

    fn observe(&mut self, facts: &Facts, clocks: &Alignment, correction_ns: i64) {
        let Device::Open(open) = &mut self.device else { return };
        let latency = facts.latency_ns(u64::from(open.stream.period));
        let latency_us = latency / 1000;
        let mut events = Vec::new();
        let mut ended = None;
        if let Some(airing) = &mut self.airing {
            let device = &open.stream.device;
            let number = airing.number();
            airing.proof = match open.stream.output.proof() {
                3 if !open.watch.paced() => 2,
                proof => proof,
            };
            ended = airing.observe(facts, clocks, correction_ns, &mut |told| {
                events.extend(number.map(|number| told.event(number, device, latency_us)));
            });
        }
        // Told once consumption is steady; at the latest before anything else of this stream.
        if !open.told && (facts.settled || !self.choice.is_device() || !events.is_empty() || ended.is_some())
        {
            open.told = true;
            self.back_off = BACK_OFF;
            self.told = None;
            events.insert(0, Event::Opened { device: open.stream.device.clone(), latency_us });
        }
        for event in events {
            self.tell(event);
        }
        if let Some(cause) = ended {
            if let Device::Open(open) = &mut self.device {
                let period_ns = frames_ns(u64::from(open.stream.period));
                open.linger_ns = clocks.boot(clocks.now_ns) + latency + period_ns + LINGER_NS;
                open.stream.desk.disarm();
            }
            self.end(cause, Some(facts));
        }
    }

    fn end(&mut self, cause: EndCause, facts: Option<&Facts>) {
        let Some(airing) = self.airing.take() else { return };
        let tally = airing.tally(cause, facts);
        match &airing.job {
            Job::Take(take) => {
                if let Some(error) = airing.feeder.failed() {
                    tracing::error!(%error, "the programme broke off");
                }
                if let Some(part) = airing.cut_segment() {
                    self.tell(part.event(take.airing, "", 0));
                }
                self.tell(Event::Ended { airing: take.airing, tally });
            }
            Job::Probe => self.answer_probe(&tally),
        }
        self.take_pending();
    }

    fn answer_probe(&self, tally: &Tally) {
        let device = match &self.device {
            Device::Open(open) => open.stream.device.clone(),
            _ => self.choice.to_string(),
        };
        let fault = match tally.cause {
            EndCause::Failed(fault) => Some(fault),
            _ if tally.consumed < tally.delivered => Some(Fault::Stalled),
            _ => None,
        };
        self.tell(Event::Probed { device, fault, detail: String::new() });
    }

    // --- loss and return ----------------------------------------------------------------------

    fn lose(&mut self, fault: Fault, detail: String) {
        let Device::Open(open) = std::mem::replace(&mut self.device, Device::Closed) else { return };
        let facts = open.stream.desk.facts();
        let boot_ns = self.boot_ns();
        let mut position = Frames::ZERO;
        let mut airing = None;
        if let Some(lost) = &mut self.airing {
            lost.lose(&facts, fault, boot_ns);
            (position, airing) = (lost.heard(), lost.number());
        }
        tracing::warn!(?fault, detail, errors = open.stream.desk.errors(), "the output is gone");
        bury(open);
        if self.airing.as_ref().is_some_and(|airing| airing.number().is_none()) {
            self.airing = None;
            self.tell(Event::Probed { device: self.choice.to_string(), fault: Some(fault), detail });
            self.take_pending();
            return;
        }
        self.tell(Event::Lost { airing, fault, detail, position });
        // A device that takes frames at another rate than sound is no loudspeaker, and a file that
        // cannot be written on would begin anew: neither is tried again for the same take.
        if fault == Fault::Unpaced || !self.choice.is_device() {
            self.end(EndCause::Failed(fault), None);
            self.device = Device::Retry(boot_ns.saturating_add(nanos(BACK_OFF_MOST)));
        }
    }

    fn open_if_due(&mut self) {
        let now_ns = self.boot_ns();
        match &self.device {
            Device::Closed if self.wanted() => self.attempt(now_ns),
            Device::Retry(at_ns) if self.wanted() && now_ns >= *at_ns => self.attempt(now_ns),
            Device::Opening(answer, since_ns) => match answer.try_recv() {
                Ok(Ok(stream)) => self.opened(stream),
                Ok(Err(error)) => self.not_opened(error),
                Err(TryRecvError::Empty) if now_ns - since_ns < OPEN_NS => {}
                Err(TryRecvError::Empty) => self.not_opened(OpenError {
                    fault: Fault::Stalled,
                    detail: format!("`{}` did not open in {} s", self.choice, OPEN_NS / 1_000_000_000),
                }),
                Err(TryRecvError::Disconnected) => self.not_opened(OpenError {
                    fault: Fault::Software,
                    detail: format!("opening `{}` broke off", self.choice),
                }),
            },
            _ => {}
        }
    }

    /// Begins to open: a device on a throw-away thread, since a frozen server never answers.
    fn attempt(&mut self, now_ns: i64) {
        if !self.choice.is_device() {
            match output::open(&self.choice, &self.settings, &self.clock) {
                Ok(stream) => self.opened(stream),
                Err(error) => self.not_opened(error),
            }
            return;
        }
        if Arc::strong_count(&self.attempts) > MOST_ATTEMPTS {
            self.device = Device::Retry(now_ns.saturating_add(nanos(BACK_OFF_MOST)));
            return;
        }
        let (to, answer) = mpsc::channel();
        let (choice, settings, clock) = (self.choice.clone(), self.settings.clone(), Arc::clone(&self.clock));
        let attempt = Arc::clone(&self.attempts);
        let spawned = thread::Builder::new().name("open".into()).spawn(move || {
            // Nobody may wait for the answer any more; then the stream is dropped here.
            let _ = to.send(output::open(&choice, &settings, &clock));
            drop(attempt);
        });
        match spawned {
            Ok(_) => self.device = Device::Opening(answer, now_ns),
            Err(error) => {
                self.not_opened(OpenError { fault: Fault::Software, detail: error.to_string() });
            }
        }
    }

    fn opened(&mut self, stream: Opened) {
        let now_ns = self.boot_ns();
        let watch = Watch::new(stream.period, now_ns, stream.output.now_ns());
        self.device = Device::Open(Box::new(Open { stream, watch, told: false, linger_ns: now_ns }));
    }

    fn not_opened(&mut self, error: OpenError) {
        let OpenError { fault, detail } = error;
        self.device = Device::Retry(self.boot_ns().saturating_add(nanos(self.back_off)));
        self.back_off = (self.back_off * 2).min(BACK_OFF_MOST);
        if self.airing.as_ref().is_some_and(|airing| airing.number().is_none()) {
            self.airing = None;
            self.tell(Event::Probed { device: self.choice.to_string(), fault: Some(fault), detail });
            self.take_pending();
            return;
        }
        if let Some(airing) = &mut self.airing {
            airing.fault = Some(fault);
        }
        if self.told.replace(fault) != Some(fault) {
            self.tell(Event::OpenFailed { fault, detail });
        }
    }

    fn give_up_if_due(&mut self) {
        if matches!(self.device, Device::Open(_)) {
            return;
        }
        let now = self.clock.now();
        if let Some(cause) = self.airing.as_ref().and_then(|airing| airing.deadline(now.boot_ns, now.wall)) {
            self.end(cause, None);
        }
    }

    fn close_if_due(&mut self) {
        if self.wanted() {
            return;
        }
        self.told = None;
        self.back_off = BACK_OFF;
        match std::mem::replace(&mut self.device, Device::Closed) {
            Device::Open(open) if self.boot_ns() < open.linger_ns => self.device = Device::Open(open),
            Device::Open(open) => {
                bury(open);
                self.tell(Event::Closed);
            }
            // An attempt under way is dropped where it comes back.
            Device::Opening(..) | Device::Retry(_) | Device::Closed => {}
        }
    }
}

/// Drops a stream. A dead one may hang for ever in its drop, so a device has a thread of its own for it.
fn bury(open: Box<Open>) {
    if open.stream.output.proof() < 3 {
        return;
    }
    if let Err(error) = thread::Builder::new().name("reaper".into()).spawn(move || drop(open)) {
        tracing::warn!(%error, "no thread to drop the stream");
    }
}

fn nanos(span: Duration) -> i64 {
    TimeDelta::from_std(span).map_or(i64::MAX, super::alignment::span_ns)
}
