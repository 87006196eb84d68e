//! The controller, turned step by step on a manual clock: what is told to it stands in the test, what it
//! wants done is answered as the daemon would.

mod clock;
mod judge;
mod make_good;
mod people;
mod random;
mod resume;
mod slots;
mod urgent;
mod ward;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Action, Answer, ClockPast, Controller, Input, Interrupted, Job, Planned, Refused, Rules, Standing, State,
};
use crate::{
    clock::{Clock as _, Health, Manual},
    config::{Channels, Policy},
    evidence::{Body, Cue, DeviceState, End, Missed, Outcome, Reason, Trigger},
    media::{Mark, Master, MasterManifest},
    playout::{Command, EndCause, Event, Fault, Start, Take, Tally},
    programme::Windows,
    units::{Digest, Frames, Level, Month, RATE, ScheduleName, SlotId},
};

const SYNCHRONISED: Health = Health { synchronised: true, max_error_us: 500 };
const UNSYNCHRONISED: Health = Health { synchronised: false, max_error_us: 16_000_000 };

/// Twelve minutes, in three segments of four.
const LENGTH: Frames = Frames(12 * 60 * RATE as u64);

/// 5 March 2022, 05:30 at the station: a window opens.
fn t0() -> DateTime<Utc> {
    "2022-03-05T05:30:00+07:00".parse().unwrap()
}

fn s(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

fn march() -> Month {
    "2022-03".parse().unwrap()
}

/// The centre's schedule of the month.
fn centre() -> ScheduleName {
    ScheduleName::centre(march())
}

/// The slot of that instant, in the schedule of revision `revision`.
fn slot_of(at: DateTime<Utc>, revision: u8) -> Planned {
    let local = (at + TimeDelta::hours(7)).format("%Y-%m-%dT%H:%M:%S");
    let id = format!("2022-03/cchc/{local}").parse().unwrap();
    Planned { id, at, length: LENGTH, schedule: Digest::of(&[revision]), ward: false }
}

fn slot(at: DateTime<Utc>) -> Planned {
    slot_of(at, 1)
}

fn master(frames: Frames) -> Arc<Master> {
    let mark = |n: u64| Mark {
        start: Frames(n * frames.0 / 3),
        frames: Frames(frames.0 / 3),
        file: Digest::of(&n.to_le_bytes()),
    };
    Arc::new(Master {
        path: "/nowhere/master.wav".into(),
        manifest: MasterManifest {
            v: 1,
            key: Digest::of(b"key"),
            digest: Digest::of(b"master"),
            chunks: Vec::new(),
            channels: Channels::Mono,
            frames,
            marks: (0..3).map(mark).collect(),
            loudness_lufs: Level(-1600),
            true_peak_dbtp: Level(-100),
        },
    })
}

/// How the bench answers what the controller wants done.
#[derive(Debug, Clone)]
enum Reply {
    /// At once, well.
    Well,
    /// At once, with a failure.
    Fails(Reason),
    /// Not until the test says so.
    Waits,
    /// A cue only where memory will do.
    OnlyAtAll,
}

/// A controller with everything around it.
struct Bench {
    clock: Manual,
    health: Health,
    controller: Controller,
    /// The log as it would stand.
    log: Vec<(DateTime<Utc>, Body)>,
    /// What the player was told, and when.
    told: Vec<(DateTime<Utc>, Command)>,
    stamps: Vec<(u64, Frames)>,
    /// What each stamp says of sound that nobody heard.
    thrown: Vec<(Frames, TimeDelta)>,
    answers: Vec<Answer>,
    prepares: Vec<(DateTime<Utc>, Job)>,
    prepare: Reply,
    cue: Reply,
}

fn rules() -> Rules {
    Rules {
        zone: chrono_tz::Asia::Ho_Chi_Minh,
        windows: Windows::default(),
        policy: Policy::default(),
        enforce_windows: true,
        rehearsal: false,
    }
}

impl Bench {
    /// A bench whose clock shows `wall`, with `slots` accepted before.
    fn at(wall: DateTime<Utc>, slots: Vec<Planned>) -> Bench {
        let mut bench = Bench::with(rules(), wall, BTreeSet::new());
        bench.send(Input::Rundown { schedule: centre(), slots, standing: Standing::Known });
        bench
    }

    fn with(rules: Rules, wall: DateTime<Utc>, closed: BTreeSet<SlotId>) -> Bench {
        Bench {
            clock: Manual::at(wall),
            health: SYNCHRONISED,
            controller: Controller::new(
                rules,
                closed,
                ClockPast { floor: wall, doubted_ns: None, last: None },
            ),
            log: Vec::new(),
            told: Vec::new(),
            stamps: Vec::new(),
            thrown: Vec::new(),
            answers: Vec::new(),
            prepares: Vec::new(),
            prepare: Reply::Well,
            cue: Reply::Well,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now().wall
    }

    /// One turn, and the turns that its answers need.
    fn send(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.clock.now();
            for action in self.controller.step(&now, self.health, input) {
                inputs.extend(self.act(action));
            }
        }
    }

    fn act(&mut self, action: Action) -> Option<Input> {
        let now = self.now();
        match action {
            Action::Record(bodies) => self.log.extend(bodies.into_iter().map(|body| (now, body))),
            Action::RecordCue { cue, at_all } => match self.cue {
                Reply::OnlyAtAll if !at_all => return Some(Input::Cued(Err("write-protected".into()))),
                Reply::Well | Reply::OnlyAtAll => {
                    self.log.push((now, Body::Cue(cue)));
                    return Some(Input::Cued(Ok(self.log.len() as u64 - 1)));
                }
                Reply::Fails(_) => return Some(Input::Cued(Err("no space left".into()))),
                Reply::Waits => self.log.push((now, Body::Cue(cue))),
            },
            Action::Prepare(job) => {
                self.prepares.push((now, (*job).clone()));
                return match self.prepare {
                    Reply::Well => Some(Input::Prepared(job, Ok(master(LENGTH)))),
                    Reply::Fails(reason) => {
                        Some(Input::Prepared(job, Err(Refused { reason, detail: "because".into() })))
                    }
                    Reply::Waits | Reply::OnlyAtAll => None,
                };
            }
            Action::Player(command) => self.told.push((now, command)),
            Action::Stamp { airing, position, muted, hole } => {
                self.stamps.push((airing, position));
                self.thrown.push((muted, hole));
            }
            Action::Answer { answer, .. } => self.answers.push(answer),
        }
        None
    }

    /// Lets time pass, second by second, until the wall clock shows `until`.
    fn until(&mut self, until: DateTime<Utc>) {
        while self.now() < until {
            self.clock.advance(s(1).min(until - self.now()));
            self.send(Input::Tick);
        }
    }

    /// The clock is set by `span`.
    fn set_by(&mut self, span: TimeDelta) {
        self.clock.step(span);
        self.send(Input::Tick);
    }

    /// The answer that `Reply::Waits` held back.
    fn prepared(&mut self) {
        let job = self.prepares.last().unwrap().1.clone();
        self.send(Input::Prepared(Box::new(job), Ok(master(LENGTH))));
    }

    fn cued(&mut self) {
        let seq = self.log.iter().rposition(|(_, body)| matches!(body, Body::Cue(_))).unwrap();
        self.send(Input::Cued(Ok(seq as u64)));
    }

    /// The take that the player has.
    fn take(&self) -> Take {
        let takes = self.told.iter().rev().find_map(|(_, command)| match command {
            Command::Take(take) => Some((**take).clone()),
            _ => None,
        });
        takes.expect("something was taken")
    }

    fn takes(&self) -> usize {
        self.told.iter().filter(|(_, command)| matches!(command, Command::Take(_))).count()
    }

    /// The player tells that the first frame sounds now.
    fn started(&mut self) {
        let Take { airing, from, .. } = self.take();
        let first = self.now();
        let device = "loud".into();
        self.send(Input::Player(Event::Started {
            airing,
            first,
            latency_us: 40_000,
            from,
            hole: TimeDelta::zero(),
            device,
        }));
    }

    /// The player tells that it is over: `consumed` frames since the take's own first.
    fn ended(&mut self, cause: EndCause, consumed: Frames) {
        let last = (consumed > Frames::ZERO).then(|| self.now());
        self.ended_as(Tally { cause, last, ..tally(consumed) });
    }

    fn ended_as(&mut self, tally: Tally) {
        let airing = self.take().airing;
        self.send(Input::Player(Event::Ended { airing, tally }));
    }

    /// Plays what was taken from now to its end.
    fn play(&mut self) {
        self.started();
        let rest = LENGTH.saturating_sub(self.take().from);
        let end = self.now() + TimeDelta::nanoseconds(rest.ns());
        self.until(end);
        self.ended(EndCause::Finished, rest);
    }

    fn stop(&mut self, hold_until: Option<DateTime<Utc>>) {
        self.send(Input::Stop { token: 1, by: "Trực".into(), reason: "mưa bão".into(), hold_until });
    }

    fn air(&mut self, test: bool) {
        self.send(Input::Air {
            token: 2,
            programme: (centre(), "cchc".into()),
            digest: Digest::of(&[1]),
            length: LENGTH,
            test,
            by: "Trực".into(),
        });
    }

    /// Code of the last answer: `Ok` is yes.
    fn answer(&self) -> Result<&'static str, &'static str> {
        match self.answers.last().unwrap() {
            Ok(message) => Ok(message.code),
            Err(message) => Err(message.code),
        }
    }

    /// What every slot came to, in the order of the log: outcome and reason of its End or Missed.
    fn outcomes(&self) -> Vec<(Outcome, Option<Reason>)> {
        let outcome = |(_, body): &(_, Body)| match body {
            Body::End(end) => Some((end.outcome, end.reason)),
            Body::Missed(Missed { outcome, reason, .. }) => Some((*outcome, Some(*reason))),
            _ => None,
        };
        self.log.iter().filter_map(outcome).collect()
    }

    fn end(&self) -> End {
        let end = self.log.iter().rev().find_map(|(_, body)| match body {
            Body::End(end) => Some((**end).clone()),
            _ => None,
        });
        end.expect("something ended")
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.log.iter().map(|(_, body)| body.kind()).collect()
    }

    fn cues(&self) -> Vec<&Cue> {
        let bodies = self.log.iter().map(|(_, body)| body);
        bodies.filter_map(|body| if let Body::Cue(cue) = body { Some(cue.as_ref()) } else { None }).collect()
    }

    fn is_idle(&self) -> bool {
        self.controller.state() == State::Idle
    }
}

/// The player tells how far an airing is, all of it heard.
fn progress(airing: u64, position: Frames) -> Event {
    Event::Progress {
        airing,
        position,
        muted: Frames::ZERO,
        hole: TimeDelta::zero(),
        peak: crate::units::Level(0),
    }
}

/// A device that consumed `consumed` frames without a hole.
fn tally(consumed: Frames) -> Tally {
    Tally {
        cause: EndCause::Finished,
        last: None,
        decoded: consumed,
        delivered: consumed,
        consumed,
        muted: Frames::ZERO,
        underruns: Frames::ZERO,
        hole: TimeDelta::zero(),
        proof: 3,
    }
}

/// Twelve minutes that were cued for `t0` and heard for `heard` until `until`.
fn cut(heard: Frames, until: DateTime<Utc>, trigger: Trigger) -> Interrupted {
    let of_slot = trigger == Trigger::Schedule;
    Interrupted {
        airing: 7,
        cue: Cue {
            slot: of_slot.then(|| slot(t0()).id),
            airing: None,
            repairs: None,
            month: march(),
            ward: false,
            programme: "cchc".into(),
            trigger,
            by: String::new(),
            planned_ms: t0().timestamp_millis(),
            from: Frames::ZERO,
            frames: LENGTH,
            schedule: Digest::of(&[1]),
            master: Digest::of(b"master"),
            loudness_lufs: Level(-1600),
            true_peak_dbtp: Level(-100),
        },
        heard,
        muted: Frames::ZERO,
        heard_until: until,
        proof: 2,
        reason: Reason::PowerOff,
        hole: TimeDelta::zero(),
        urgent: None,
    }
}

const MISSED: Outcome = Outcome::Missed;

fn missed(reason: Reason) -> Vec<(Outcome, Option<Reason>)> {
    vec![(MISSED, Some(reason))]
}
