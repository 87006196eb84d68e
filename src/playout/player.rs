//! The player: commands in, events out, one device between them. Sound itself runs in the device's callback;
//! the player feeds it, watches it, and mends what breaks.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError},
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
    line::{Line, Look, Open, Question},
    message::{Command, EndCause, Event, Fault, Start, Take, Tally},
    output::{Choice, Hearing, OpenError},
};

/// In this time the first output is tried, given up, and the second opened and settled.
const SPARE: TimeDelta = TimeDelta::seconds(7);
/// After the last frame a stream stays open for its latency, a period, and this.
const LINGER_NS: i64 = 200_000_000;
/// A stream that has consumed for so long without a break is well.
const STEADY_NS: i64 = 5_000_000_000;
/// So long the sound server may leave a question open before that is told: the one about a stream that begins or ends
/// is answered in no time, or the stream goes with it.
const PATIENT_NS: i64 = 3_000_000_000;
/// How often the player looks at a stream with something on air: commands wake it at once.
const LOOK: Duration = Duration::from_millis(200);
/// How often it looks when it waits for a stream to open, settle or drain.
const LOOK_CLOSELY: Duration = Duration::from_millis(20);

/// The player. Its thread is a loop around [`Player::step`].
pub struct Player {
    settings: config::Output,
    clock: Arc<dyn Clock>,
    commands: Receiver<Command>,
    events: Sender<Event>,
    line: Line,
    airing: Option<Airing>,
    /// A take that waits for the end of what is on air.
    pending: Option<Box<Take>>,
    /// Stay open without anything to air.
    keep: bool,
    quitting: bool,
    /// The failure that was told last, with its output; the same is not told twice in a row.
    told: Option<(String, Fault)>,
}

impl Player {
    /// A player for one output, and for the second one that `settings` may name. Events go out in order and
    /// never block.
    #[must_use]
    pub fn new(
        choice: Choice,
        settings: config::Output,
        clock: Arc<dyn Clock>,
        commands: Receiver<Command>,
        events: Sender<Event>,
    ) -> Player {
        let second = settings.second.as_deref().and_then(|text| text.parse().ok());
        let second = second.filter(|second: &Choice| second.is_device() && choice.is_device());
        let line = Line::new(choice, second, settings.clone(), Arc::clone(&clock));
        Player {
            settings,
            clock,
            commands,
            events,
            line,
            airing: None,
            pending: None,
            keep: false,
            quitting: false,
            told: None,
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
        self.quitting && self.airing.is_none() && !self.line.is_open()
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
            Command::Open => {
                self.prefer_first();
                self.keep = true;
            }
            Command::Close => self.keep = false,
            Command::Probe => self.probe(Frames::from_ms(500), false),
            Command::Tone => self.probe(Frames::from_ms(1000), true),
            Command::Take(take) => {
                self.drop_pending();
                // With time to spare the first output is tried once more before the second takes it all.
                let now = self.clock.now().wall;
                let spare = matches!(take.start, Start::At(at) if at - now > SPARE);
                if spare || !self.keep {
                    self.prefer_first();
                }
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

    /// What airs next begins on the first output, whatever had to stand in before.
    fn prefer_first(&mut self) {
        if self.airing.is_some() || self.pending.is_some() {
            return;
        }
        let device = self.line.choice().to_string();
        if let Some(open) = self.line.prefer_first(self.clock.now().boot_ns) {
            self.bury(open);
            self.tell(Event::Closed { device });
        }
    }

    fn bury(&self, open: Box<Open>) {
        if !self.line.bury(open) {
            let detail = "too many lost streams hang in the sound server's library".into();
            self.tell(Event::Crashed { detail });
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
            let airing = take.airing;
            let tally = Airing::take(take).tally(EndCause::Stopped, None);
            self.tell(Event::Ended { airing, tally });
        }
    }

    fn take_pending(&mut self) {
        if self.airing.is_none()
            && let Some(take) = self.pending.take()
        {
            self.airing = Some(Airing::take(take));
        }
    }

    fn probe(&mut self, frames: Frames, tone: bool) {
        if self.airing.is_none() && !self.quitting {
            self.prefer_first();
            self.airing = Some(Airing::probe(frames, tone, self.boot_ns()));
            return;
        }
        // Something is on air: the device answers by what it does; a tone would be heard.
        let (fault, detail) = match self.line.open() {
            Some(open) if !tone => muted(open),
            _ => (Some(Fault::Busy), "something is on air".into()),
        };
        self.tell(Event::Probed { device: self.line.device(), fault, detail });
    }

    // --- one turn -----------------------------------------------------------------------------

    fn turn(&mut self) {
        let (now_ns, wanted) = (self.boot_ns(), self.wanted());
        // A probe is about the first output only.
        let takes_over = self.airing.as_ref().is_none_or(|airing| airing.number().is_some());
        if let Some(error) = self.line.advance(now_ns, wanted, takes_over) {
            self.not_opened(error);
        }
        while self.sound() {}
        self.give_up_if_due();
        self.close_if_due();
    }

    fn wanted(&self) -> bool {
        self.keep || self.airing.is_some() || self.pending.is_some()
    }

    fn wake(&self) -> Option<Duration> {
        let now_ns = self.boot_ns();
        let until = |ns: i64| Duration::from_nanos(u64::try_from(ns.saturating_sub(now_ns)).unwrap_or(0));
        match self.line.look() {
            Look::At(at_ns) => self.wanted().then(|| until(at_ns)),
            Look::Soon => Some(LOOK_CLOSELY),
            Look::Open(open) => {
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
        let watched = self.line.choice().is_device();
        let Some(open) = self.line.open() else { return false };
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
        let hearing = open.stream.output.hearing();
        let elsewhere = match &hearing {
            Hearing::Elsewhere(sink) => Some((Fault::Moved, format!("the stream was moved to `{sink}`"))),
            _ => None,
        };
        let fault = open.stream.desk.fatal().or(elsewhere).or_else(|| {
            let boot_ns = clocks.boot(clocks.now_ns);
            if watched { open.watch.look(&facts, boot_ns) } else { None }
        });
        if let Some((fault, detail)) = fault {
            self.lose(fault, detail);
            return false;
        }
        if let Some(airing) = &mut self.airing
            && let pause_ns @ 1.. = open.watch.take_pause_ns()
            && facts.phase == Phase::Sounding
        {
            airing.pause(pause_ns);
        }
        self.doubt(&hearing);
        self.hear(hearing);
        self.observe(&facts, &clocks, correction_ns);
        more
    }

    /// Takes what the sound server says of our stream; tells when it throws the sound away, and when no more.
    fn hear(&mut self, hearing: Hearing) {
        let (airing, position) = self.position();
        let probing = self.airing.is_some() && airing.is_none();
        let Some(open) = self.line.open() else { return };
        match hearing {
            Hearing::Muted(why) => open.muted = Some(why),
            Hearing::Audible => open.muted = None,
            // Nobody says anything: what was known holds.
            Hearing::Unknown | Hearing::Unanswered(_) | Hearing::Elsewhere(_) => {}
        }
        // Nothing is told of a stream before its opening, and a probe tells it in its answer.
        if !open.told || probing || open.muted.is_some() == open.muted_told {
            return;
        }
        open.muted_told = open.muted.is_some();
        let device = open.stream.device.clone();
        let event = match open.muted.clone() {
            Some(detail) => Event::Muted { airing, device, detail, position },
            None => Event::Audible { airing, device, position },
        };
        self.tell(event);
    }

    /// Tells when nobody says who hears our stream, and when somebody does again.
    fn doubt(&mut self, hearing: &Hearing) {
        let now_ns = self.boot_ns();
        let Some(open) = self.line.open() else { return };
        let device = open.stream.device.clone();
        let event = match (hearing, open.question) {
            (Hearing::Unanswered(_), Question::Answered) => {
                open.question = Question::OpenSince(now_ns);
                return;
            }
            (Hearing::Unanswered(detail), Question::OpenSince(ns))
                if open.told && now_ns - ns >= PATIENT_NS =>
            {
                open.question = Question::Told;
                Event::Unanswered { device, detail: detail.clone() }
            }
            (Hearing::Unanswered(_), _) => return,
            (_, before) => {
                open.question = Question::Answered;
                if before != Question::Told {
                    return;
                }
                Event::Answered { device }
            }
        };
        self.tell(event);
    }

    /// What is on air, and how far it was consumed.
    fn position(&self) -> (Option<u64>, Frames) {
        let airing = self.airing.as_ref();
        (airing.and_then(Airing::number), airing.map_or(Frames::ZERO, Airing::heard))
    }

    fn observe(&mut self, facts: &Facts, clocks: &Alignment, correction_ns: i64) {
        let (watched, second) = (self.line.choice().is_device(), self.line.is_second());
        let Some(open) = self.line.open() else { return };
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
            let muted = open.muted.is_some();
            if muted {
                airing.hear(true);
            }
            ended = airing.observe(facts, clocks, correction_ns, &mut |told| {
                events.extend(number.map(|number| told.event(number, device, latency_us)));
            });
            airing.hear(muted);
        }
        let device = open.stream.device.clone();
        // Told once consumption is steady; at the latest before anything else of this stream.
        if !open.told && (facts.settled || !watched || !events.is_empty() || ended.is_some()) {
            open.told = true;
            if open.steady {
                events.insert(0, Event::Steady { device: device.clone() });
            }
            events.insert(0, Event::Opened { device: device.clone(), latency_us, second });
        }
        let steady = open.told && !open.steady && frames_ns(facts.played()) >= STEADY_NS;
        if steady {
            open.steady = true;
            events.push(Event::Steady { device });
        }
        if ended.is_some() {
            if open.stream.output.proof() == 3 && !open.watch.paced() {
                tracing::warn!(watch = ?open.watch, "aired, but the pace of the stream could not be proved");
            }
            let period_ns = frames_ns(u64::from(open.stream.period));
            open.linger_ns = clocks.boot(clocks.now_ns) + latency + period_ns + LINGER_NS;
            open.stream.desk.disarm();
        }
        if steady {
            self.line.settle();
            self.told = None;
        }
        for event in events {
            self.tell(event);
        }
        if let Some(cause) = ended {
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

    fn answer_probe(&mut self, tally: &Tally) {
        let device = self.line.device();
        let (fault, detail) = match tally.cause {
            EndCause::Failed(fault) => (Some(fault), String::new()),
            _ if tally.consumed < tally.delivered => (Some(Fault::Stalled), String::new()),
            _ => self.line.open().map(muted).unwrap_or_default(),
        };
        self.tell(Event::Probed { device, fault, detail });
    }

    // --- loss and return ----------------------------------------------------------------------

    fn lose(&mut self, fault: Fault, detail: String) {
        let (now_ns, device) = (self.boot_ns(), self.line.choice().to_string());
        let Some(open) = self.line.lose(now_ns) else { return };
        let facts = open.stream.desk.facts();
        if let Some(lost) = &mut self.airing {
            lost.lose(&facts, fault, now_ns);
        }
        tracing::warn!(?fault, detail, errors = open.stream.desk.errors(), "the output is gone");
        let lived = open.told;
        self.bury(open);
        // But what swallowed a take did take it.
        if !lived && (fault != Fault::Unpaced || self.position().0.is_none()) {
            // It never came so far as to be told: the same as one that did not open.
            return self.not_opened(OpenError { fault, detail });
        }
        if self.fail_probe(fault, &detail) {
            return;
        }
        let (airing, position) = self.position();
        self.tell(Event::Lost { airing, device, fault, detail, position });
        self.end_if_hopeless(fault, now_ns);
    }

    /// A device that takes frames at another rate than sound is no loudspeaker, and a file that cannot be
    /// written on would begin anew: neither is tried again for the same take.
    fn end_if_hopeless(&mut self, fault: Fault, now_ns: i64) {
        if fault == Fault::Unpaced || !self.line.choice().is_device() {
            self.end(EndCause::Failed(fault), None);
            self.line.rest(now_ns);
        }
    }

    /// What failed was a probe: that is its answer.
    fn fail_probe(&mut self, fault: Fault, detail: &str) -> bool {
        if self.airing.as_ref().is_none_or(|airing| airing.number().is_some()) {
            return false;
        }
        self.airing = None;
        let device = self.line.choice().to_string();
        self.tell(Event::Probed { device, fault: Some(fault), detail: detail.to_owned() });
        self.take_pending();
        true
    }

    fn not_opened(&mut self, error: OpenError) {
        let OpenError { fault, detail } = error;
        if self.fail_probe(fault, &detail) {
            return;
        }
        if let Some(airing) = &mut self.airing {
            airing.fault = Some(fault);
        }
        let device = self.line.choice().to_string();
        let failed = (device.clone(), fault);
        if self.told.replace(failed.clone()) != Some(failed) {
            self.tell(Event::OpenFailed { device, fault, detail });
        }
    }

    fn give_up_if_due(&mut self) {
        if self.line.is_open() {
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
        let device = self.line.choice().to_string();
        if let Some(open) = self.line.close(self.boot_ns()) {
            self.bury(open);
            self.tell(Event::Closed { device });
        }
    }
}

/// What a probe answers of a stream that nobody hears.
fn muted(open: &mut Open) -> (Option<Fault>, String) {
    open.muted.as_ref().map_or_else(Default::default, |why| (Some(Fault::Muted), why.clone()))
}
