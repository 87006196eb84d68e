//! The state machine: one job at a time, from the rundown to its outcome.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{
    Action, Input, Job, Planned, Refused, Rules, State,
    device::Breaks,
    doubt::Unsettled,
    lapse::Lapses,
    make_good::{MakeGoods, Owed},
    message::{CUE_AHEAD, PREPARE_AHEAD, PROBE_AHEAD, RETRY},
    trust::{ClockPast, Trust},
    urgent::Urgents,
};
use crate::{
    clock::{Health, Reading},
    evidence::{Airing, Body, Missed, Outcome, Reason},
    media::Master,
    playout::{Command, Fault},
    units::{Digest, Frames, SlotId},
    words::Message,
};

/// Decides what airs. See the room's text for how it is driven.
pub struct Controller {
    pub(super) rules: Rules,
    pub(super) breaks: Breaks,
    pub(super) trust: Trust,
    /// Slots without an outcome, by instant.
    pub(super) due: BTreeMap<(DateTime<Utc>, SlotId), Planned>,
    pub(super) make_goods: MakeGoods,
    /// Accepted slots that a newer revision dropped, by instant.
    pub(super) withdrawn: BTreeMap<(DateTime<Utc>, SlotId), Planned>,
    /// Those of `due` that came while the clock was doubted.
    pub(super) unsettled: Unsettled,
    /// Slots that have their outcome, or are on their way to it.
    pub(super) closed: BTreeSet<SlotId>,
    /// The slot whose device was probed, by its instant.
    probed: Option<DateTime<Utc>>,
    pub(super) hold_until: Option<DateTime<Utc>>,
    pub(super) urgents: Urgents,
    /// Slots before it were an earlier epoch's to answer for.
    pub(super) owed_from: DateTime<Utc>,
    /// The first reading of this run; by the first clock that was trusted, when that was; and the log's last
    /// instant before it.
    begun: Option<Reading>,
    begun_at: Option<DateTime<Utc>>,
    lapses: Lapses,
    off_since: Option<DateTime<Utc>>,
    /// Who waits for what the device says to a tone.
    pub(super) tone: Option<u64>,
    /// The daemon ends: an airing that is cut now stays open in the log, for the next run to go on.
    pub(super) closing: bool,
    pub(super) phase: Phase,
}

/// What it is at.
#[derive(Debug)]
pub(super) enum Phase {
    Idle,
    Preparing { job: Job, attempt: Attempt },
    Ready { job: Job, master: Arc<Master>, retry_at: Option<DateTime<Utc>> },
    Cueing { job: Job, master: Arc<Master>, stopped: Option<Reason> },
    OnAir(Box<OnAir>),
}

impl Phase {
    /// What is on air or on its way there.
    pub fn job(&self) -> Option<&Job> {
        match self {
            Phase::Idle => None,
            Phase::Preparing { job, .. } | Phase::Ready { job, .. } | Phase::Cueing { job, .. } => Some(job),
            Phase::OnAir(air) => Some(&air.job),
        }
    }
}

/// Where a preparation stands.
#[derive(Debug)]
pub(super) enum Attempt {
    Running { since: DateTime<Utc> },
    Failed { why: Refused, retry_at: DateTime<Utc> },
}

/// A job that was handed to the player.
#[derive(Debug)]
pub(super) struct OnAir {
    pub job: Job,
    pub airing: Airing,
    /// When its first frame of this run sounded.
    pub first: Option<DateTime<Utc>>,
    /// The last fault that interrupted it.
    pub fault: Option<Fault>,
    pub master: Arc<Master>,
    pub position: Frames,
    pub sounding: bool,
    /// For how long the machine was suspended meanwhile.
    pub slept: TimeDelta,
    /// The player was told to end it, since something urgent came.
    pub displaced: bool,
}

impl Controller {
    /// A controller at rest. `closed` are the slots that the log already gave an outcome or a cue; `past` is
    /// what it says of the clock.
    #[must_use]
    pub fn new(rules: Rules, closed: BTreeSet<SlotId>, past: ClockPast) -> Controller {
        let lapses = Lapses::after(past.doubted_ns);
        let trust = Trust::new(past, rules.policy.clock_step_s);
        let due = BTreeMap::new();
        Controller {
            rules,
            breaks: Breaks::default(),
            trust,
            due,
            make_goods: MakeGoods::default(),
            withdrawn: BTreeMap::new(),
            unsettled: Unsettled::new(),
            closed,
            probed: None,
            hold_until: None,
            urgents: Urgents::default(),
            owed_from: DateTime::<Utc>::MIN_UTC,
            begun: None,
            begun_at: None,
            lapses,
            off_since: None,
            tone: None,
            closing: false,
            phase: Phase::Idle,
        }
    }

    /// One turn: takes the clocks and one input, gives what shall be done.
    pub fn step(&mut self, now: &Reading, health: Health, input: Input) -> Vec<Action> {
        let mut out = Vec::new();
        self.begun.get_or_insert_with(|| now.clone());
        if let Some(step) = self.trust.follow(now, health) {
            out.push(Action::Record(vec![step]));
        }
        let slept = self.lapses.follow(now, self.trust.doubt().is_some());
        if let Phase::OnAir(air) = &mut self.phase {
            air.slept += slept;
        }
        let wall = now.wall;
        match input {
            Input::Tick => {}
            Input::Rundown { schedule, slots, standing } => {
                self.replace(schedule, slots, standing, now, &mut out);
            }
            Input::Urgent(urgents) => self.urgent_came(urgents),
            Input::Interrupted(cut) => self.resume(&cut, wall, &mut out),
            Input::Prepared(job, result) => self.prepared(&job, result, wall),
            Input::Cued(result) => self.cued(result, now, &mut out),
            Input::Player(event) => self.heard(event, &mut out),
            request => self.request(request, wall, &mut out),
        }
        self.advance(now, &mut out);
        out
    }

    /// The station was off before this run, from that instant on as far as the log knows.
    pub fn was_off_since(&mut self, last: Option<DateTime<Utc>>) {
        self.off_since = last;
    }

    /// A hold that was in force when the last run ended.
    pub fn restore_hold(&mut self, until: Option<DateTime<Utc>>) {
        self.hold_until = until;
    }

    /// What the log leaves to make good.
    pub fn restore_owed(&mut self, owed: Owed) {
        self.make_goods.restore(owed);
    }

    /// The schedules of urgent packages to which the log gave an outcome or a cue.
    pub fn restore_urgents(&mut self, closed: BTreeSet<Digest>) {
        self.urgents.close(closed);
    }

    /// The log continues an earlier epoch, whose own slots before `from` are no concern of this one.
    pub fn owe_from(&mut self, from: DateTime<Utc>) {
        self.owed_from = from;
    }

    /// When it wants to be stepped next, at the latest.
    #[must_use]
    pub fn next_wake(&self) -> Option<DateTime<Utc>> {
        // What a doubted clock cannot tell to be over waits for the next turn, which comes soon enough.
        let at_work = self.trust.doubt().is_some()
            || self.is_giving_way()
            || self.phase.job().is_some_and(|job| job.urgent.is_some());
        let urgent = if at_work { None } else { self.urgents.next() };
        self.next_turn().into_iter().chain(urgent).min()
    }

    /// The same, whatever is urgent.
    fn next_turn(&self) -> Option<DateTime<Utc>> {
        match &self.phase {
            // Nothing is begun on a clock that is doubted; a turn comes soon enough when it is mended.
            Phase::Idle if self.trust.doubt().is_some() => None,
            Phase::Idle => {
                let due = self.next_slot().map(|slot| {
                    let probe = slot.at - PROBE_AHEAD;
                    if self.probed == Some(slot.at) { slot.at - PREPARE_AHEAD } else { probe }
                });
                let withdrawn = self.withdrawn.keys().next().map(|(at, _)| *at);
                due.into_iter().chain(withdrawn).min()
            }
            Phase::Preparing { attempt: Attempt::Failed { retry_at, .. }, .. } => Some(*retry_at),
            Phase::Ready { job, retry_at, .. } => Some(retry_at.unwrap_or(job.planned - CUE_AHEAD)),
            Phase::Preparing { .. } | Phase::Cueing { .. } | Phase::OnAir(_) => None,
        }
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> State {
        match &self.phase {
            Phase::Idle => State::Idle,
            Phase::Preparing { job, .. } => State::Preparing(job.clone()),
            Phase::Ready { job, .. } | Phase::Cueing { job, .. } => State::Armed(job.clone()),
            Phase::OnAir(air) if air.first.is_none() => State::Armed(air.job.clone()),
            Phase::OnAir(air) => State::OnAir {
                job: air.job.clone(),
                airing: air.airing,
                position: air.position,
                sounding: air.sounding,
            },
        }
    }

    /// The slots still to come, in order.
    pub fn upcoming(&self) -> impl Iterator<Item = &Planned> {
        self.due.values()
    }

    /// The make-goods still to come, in order; the id of each is that of the slot which it repairs.
    pub fn make_goods(&self) -> impl Iterator<Item = &Planned> {
        self.make_goods.planned()
    }

    /// Until when nothing airs, by a person's word.
    #[must_use]
    pub fn hold(&self) -> Option<DateTime<Utc>> {
        self.hold_until
    }

    /// Why the clock is not trusted, when it is not.
    #[must_use]
    pub fn clock_doubt(&self) -> Option<&Message> {
        self.trust.doubt()
    }

    // ---- the way to air ----------------------------------------------------------------------------

    fn advance(&mut self, reading: &Reading, out: &mut Vec<Action>) {
        let now = reading.wall;
        if self.hold_until.is_some_and(|until| until <= now) {
            self.hold_until = None;
        }
        if self.closing {
            return;
        }
        self.hurry(now, out);
        if self.trust.doubt().is_some() {
            // It may be years ahead, or hours: what it closed could never air any more.
            self.put_off(out);
        } else {
            self.settle(reading, out);
            self.close_withdrawn(now, out);
            self.close_overdue(reading, out);
            self.plan_make_goods(now);
        }
        // An answer that is merely late is judged by its lateness; one that never comes must not block for ever.
        let too_late = self.late_start() + PREPARE_AHEAD * 3;
        match &mut self.phase {
            Phase::Idle if self.trust.doubt().is_some() => {}
            Phase::Idle => self.look_ahead(now, out),
            Phase::Preparing { attempt: Attempt::Running { since }, .. } => {
                if now > *since + too_late {
                    let detail = "the preparation does not answer".into();
                    self.give_up(&Refused { reason: Reason::SoftwareFault, detail }, out);
                }
            }
            Phase::Preparing { job, attempt } => {
                if let Attempt::Failed { why, retry_at } = attempt {
                    // A clock that is set back puts no attempt off.
                    *retry_at = (*retry_at).min(now + RETRY);
                    // What is urgent has no second: it is tried as long as its time has room for it.
                    let last =
                        job.urgent.as_ref().map_or(job.planned, |urgent| urgent.until - job.rest_span());
                    if now >= last {
                        let why = why.clone();
                        self.give_up(&why, out);
                    } else if now >= *retry_at {
                        out.push(Action::Prepare(Box::new(job.clone())));
                        *attempt = Attempt::Running { since: now };
                    }
                }
            }
            Phase::Ready { job, retry_at, .. } => {
                if job.is_asked_for() {
                    // What a person asked for has no second to wait for, also when the clock was set back since.
                    job.planned = job.planned.min(now);
                }
                *retry_at = retry_at.map(|at| at.min(now + RETRY));
                if now >= retry_at.unwrap_or(job.planned - CUE_AHEAD) {
                    self.cue(now, out);
                }
            }
            Phase::Cueing { .. } | Phase::OnAir(_) => {}
        }
    }

    /// Slots whose time is over without their turn coming get their outcome now.
    fn close_overdue(&mut self, now: &Reading, out: &mut Vec<Action>) {
        let latest = now.wall - self.late_start();
        // The clock that this run found may have been wrong; the first that is trusted tells when that was.
        let passed = self.begun.as_ref().map_or(TimeDelta::zero(), |begun| now.since(begun));
        let begun = *self.begun_at.get_or_insert(now.wall - passed);
        let overdue: Vec<Planned> =
            self.due.extract_if(.., |(at, _), _| *at < latest).map(|(_, slot)| slot).collect();
        let bodies: Vec<Body> = overdue
            .iter()
            .map(|slot| {
                self.closed.insert(slot.id.clone());
                let latest = slot.at + self.late_start();
                let (outcome, (reason, detail)) = if latest < begun {
                    let lapse = self.lapses.before_this_run(slot.at, latest);
                    let off = || (Reason::PowerOff, self.off_until(begun));
                    let why = lapse.map_or_else(off, |it| (it.reason, self.bounds(it.from, it.to)));
                    (Outcome::Missed, why)
                } else if self.urgents.took(slot.at, latest) {
                    (Outcome::Preempted, (Reason::Urgent, String::new()))
                } else {
                    let why = self.obstacle_at(slot.at).unwrap_or_else(|| self.too_late(slot.at));
                    (Outcome::Missed, why)
                };
                self.make_goods.owed().closed(&slot.id, outcome, Some(reason));
                missed_as(slot, outcome, reason, &detail)
            })
            .collect();
        if !bodies.is_empty() {
            out.push(Action::Record(bodies));
        }
    }

    /// Whether this run began behind `at`, as far as its first trusted clock tells.
    pub(super) fn began_behind(&self, at: DateTime<Utc>) -> bool {
        self.begun_at.is_some_and(|begun| begun > at)
    }

    /// The bounds of the time without this station, for people.
    fn off_until(&self, begun: DateTime<Utc>) -> String {
        self.off_since.map_or(String::new(), |last| self.bounds(last, begun))
    }

    fn bounds(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        format!("{} – {}", self.local(from), self.local(to))
    }

    /// Why a slot whose time is over did not begin within it, where nothing forbids it now.
    pub(super) fn too_late(&self, at: DateTime<Utc>) -> (Reason, String) {
        self.lapses.between(at, at + self.late_start()).map_or((Reason::LateStart, String::new()), |lapse| {
            (lapse.reason, self.bounds(lapse.from, lapse.to))
        })
    }

    fn plan_make_goods(&mut self, now: DateTime<Utc>) {
        let latest = now - self.late_start();
        let at_work = self.phase.job().and_then(|job| job.repairs.as_ref());
        self.make_goods.plan((now, latest), &self.rules, self.due.values(), at_work);
    }

    /// The next slot or make-good.
    pub(super) fn next_slot(&self) -> Option<&Planned> {
        self.due.values().next().into_iter().chain(self.make_goods().next()).min_by_key(|slot| slot.at)
    }

    fn look_ahead(&mut self, now: DateTime<Utc>, out: &mut Vec<Action>) {
        let Some(slot) = self.next_slot() else { return };
        let at = slot.at;
        if now >= at - PREPARE_AHEAD {
            let next = match self.due.first_entry().filter(|first| first.get().at == at) {
                Some(first) => Some(Job::of_slot(first.remove())),
                None => self.make_goods.take().map(Job::to_make_good),
            };
            if let Some(job) = next {
                self.begin(job, now, out);
            }
        } else if now >= at - PROBE_AHEAD && self.probed != Some(at) {
            self.probed = Some(at);
            out.push(Action::Player(Command::Probe));
        }
    }

    pub(super) fn begin(&mut self, job: Job, now: DateTime<Utc>, out: &mut Vec<Action>) {
        if let Some(slot) = &job.slot {
            self.closed.insert(slot.clone());
        }
        out.push(Action::Player(Command::Open));
        out.push(Action::Prepare(Box::new(job.clone())));
        self.phase = Phase::Preparing { job, attempt: Attempt::Running { since: now } };
    }

    // ---- for the requests of people (`request.rs`) -------------------------------------------------------

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    /// Tells the player to stop what it has; `false` when it has nothing.
    pub(super) fn stop_player(&mut self, out: &mut Vec<Action>) -> bool {
        match &mut self.phase {
            Phase::OnAir(_) => out.push(Action::Player(Command::Stop)),
            // The cue is on its way to the disk; its airing ends there without a sound.
            Phase::Cueing { stopped, .. } => *stopped = Some(Reason::OperatorStop),
            Phase::Idle | Phase::Preparing { .. } | Phase::Ready { .. } => return false,
        }
        true
    }

    /// Leaves the stage for the next run: what sounds is faded and stays open in the log, what was only
    /// being prepared was never begun.
    pub(super) fn close(&mut self, out: &mut Vec<Action>) {
        self.closing = true;
        if matches!(self.phase, Phase::OnAir(_)) {
            out.push(Action::Player(Command::Stop));
        } else {
            self.phase = Phase::Idle;
        }
    }

    /// An instant as people read it: with the station's offset.
    pub(super) fn local(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.rules.zone).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// A slot that is being made ready and not cued yet, taken out of the way to air.
    pub(super) fn take_back(&mut self, id: &SlotId, out: &mut Vec<Action>) -> Option<Planned> {
        let (Phase::Preparing { job, .. } | Phase::Ready { job, .. }) = &self.phase else { return None };
        let slot = job.planned_slot()?;
        if slot.id != *id {
            return None;
        }
        self.phase = Phase::Idle;
        out.push(Action::Player(Command::Close));
        Some(slot)
    }

    pub(super) fn take_due(&mut self, id: &SlotId) -> Option<Planned> {
        let key = self.due.keys().find(|(_, slot)| slot == id).cloned()?;
        self.closed.insert(id.clone());
        self.due.remove(&key)
    }
}

/// The entry for a slot that did not air.
pub(super) fn missed(slot: &Planned, reason: Reason, detail: &str) -> Body {
    missed_as(slot, Outcome::Missed, reason, detail)
}

/// The same with another outcome than missed.
pub(super) fn missed_as(slot: &Planned, outcome: Outcome, reason: Reason, detail: &str) -> Body {
    Body::Missed(Missed {
        slot: slot.id.clone(),
        planned_ms: slot.at.timestamp_millis(),
        outcome,
        reason,
        detail: detail.into(),
    })
}
