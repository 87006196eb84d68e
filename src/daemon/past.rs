//! What the log says of the time before this start: slots with an outcome, the airing that was cut, the
//! schedules in force.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::muting::Muting;
use crate::{
    airing::{ClockPast, Interrupted, Owed, Planned, Urgent},
    clock::Reading,
    config::Policy,
    control::{ControlError, Position},
    evidence::{
        Airing, Body, Clk, Cue, DeviceFact, DeviceState, Entry, Missed, Outcome, PackageAct, PackageFact,
        Reason, ScheduleFact, Trigger, Trusted, UrgentFact, aired::is_virtual,
    },
    programme::SlotList,
    store::Log,
    units::{Digest, Frames, ScheduleName, SlotId},
};

/// What the log says of the time before.
#[derive(Debug)]
pub(super) struct Past {
    /// Slots that have an outcome or were cued.
    pub closed: BTreeSet<SlotId>,
    /// What is left to make good.
    pub owed: Owed,
    /// The schedules that were accepted, in order: the last of each name is in force.
    pub accepted: Vec<ScheduleFact>,
    /// The airings that are open. One that was cut waits for the daemon, even while somebody airs something
    /// by hand without one.
    open: BTreeMap<Airing, Open>,
    /// The airing that was cued last, while it is open.
    on_air: Option<Airing>,
    /// The sound server throws the sound away.
    muted: bool,
    /// Which of its clocks were trusted.
    trusted: Trusted,
    /// The last entry's clocks.
    pub last: Option<Clk>,
    /// Whether the last run ended in order; a new log counts as such.
    pub clean: bool,
    /// When this log's epoch began, if there was one before it.
    pub owed_from: Option<DateTime<Utc>>,
    /// A hold that was in force.
    pub hold_until: Option<DateTime<Utc>>,
    /// The urgent programmes that were taken, by schedule.
    urgents: BTreeMap<Digest, Urgent>,
    /// Those of them that were cued, or did not air in their time.
    pub urgent_closed: BTreeSet<Digest>,
}

/// What a run that nothing broke says at its end.
pub(super) const ASKED_TO_END: &str = "asked to end";

/// An airing without an end.
#[derive(Debug, Clone)]
struct Open {
    /// Its latest cue, and the clocks then.
    cue: Cue,
    clk: Clk,
    /// Whether a file took its sound.
    to_file: bool,
    /// The longest hole before a continuation.
    hole_ms: u64,
    /// What of its sound was thrown away.
    muting: Muting,
    /// A person stopped it, and its end came before its entry.
    stopped: bool,
}

impl Past {
    /// Reads it from `log` of a station with this `policy`.
    pub fn read(log: &Log, policy: &Policy) -> Result<Past, ControlError> {
        let mut past = Past {
            closed: BTreeSet::new(),
            owed: Owed::default(),
            accepted: Vec::new(),
            open: BTreeMap::new(),
            on_air: None,
            muted: false,
            trusted: Trusted::new(TimeDelta::seconds(i64::from(policy.clock_step_s))),
            last: None,
            clean: true,
            owed_from: None,
            hold_until: None,
            urgents: BTreeMap::new(),
            urgent_closed: BTreeSet::new(),
        };
        for entry in log.entries() {
            past.take(entry?);
        }
        Ok(past)
    }

    fn take(&mut self, entry: Entry) {
        self.trusted.follow(&entry.clk, Some(&entry.body));
        self.clean = match &entry.body {
            // What ended by a crash ended in order, and not because somebody wanted it.
            Body::Shutdown { reason } => reason == ASKED_TO_END,
            body => matches!(body, Body::LogOpen { .. }),
        };
        match entry.body {
            Body::LogOpen { after, .. } => self.owed_from = after.map(|_| entry.clk.wall()),
            Body::Cue(cue) => {
                self.closed.extend(cue.slot.clone());
                self.urgent_closed.extend((cue.trigger == Trigger::Urgent).then_some(cue.schedule));
                if let (Some(slot), None) = (&cue.repairs, cue.airing) {
                    self.owed.begun(slot);
                }
                let airing = cue.airing.unwrap_or(entry.seq);
                let before = self.open.remove(&airing);
                let (to_file, hole_ms, mut muting) =
                    before.map_or_else(Default::default, |open| (open.to_file, open.hole_ms, open.muting));
                muting.end(cue.from, entry.clk.wall_ms);
                if self.muted {
                    muting.begin(cue.from, entry.clk.wall_ms);
                }
                self.open.insert(
                    airing,
                    Open { cue: *cue, clk: entry.clk.clone(), to_file, hole_ms, muting, stopped: false },
                );
                self.on_air = Some(airing);
            }
            Body::Start(start) => {
                if let Some(open) = self.open.get_mut(&start.airing) {
                    open.to_file |= is_virtual(&start.device);
                    open.hole_ms = open.hole_ms.max(start.hole_ms.unwrap_or(0));
                }
            }
            Body::End(end) => {
                let cue = self.open.remove(&end.airing).map(|open| open.cue);
                if let Some(slot) = cue.and_then(|cue| cue.repairs) {
                    self.owed.repaired(&slot, end.outcome, end.reason);
                }
                if let Some(slot) = end.slot {
                    self.owed.closed(&slot, end.outcome, end.reason);
                    self.closed.insert(slot);
                }
            }
            Body::Package(fact) => self.follow_package(fact),
            Body::Boot(_) => (self.muted, self.on_air) = (false, None),
            Body::Device(fact) => self.follow_device(&fact, entry.clk.wall_ms),
            Body::Missed(missed) => {
                self.owed.closed(&missed.slot, missed.outcome, Some(missed.reason));
                self.closed.insert(missed.slot);
            }
            Body::ScheduleAccept(fact) => self.accepted.push(fact),
            Body::Operator(act) => match act.act.as_str() {
                "stop" => self.stop(),
                "hold" => {
                    self.stop();
                    self.hold_until = act.until_ms.and_then(DateTime::from_timestamp_millis);
                }
                "release" => self.hold_until = None,
                "cancel" => {
                    if let Some(slot) = &act.slot {
                        self.owed.waived(slot);
                    }
                }
                _ => {}
            },
            _ => {}
        }
        self.last = Some(entry.clk);
    }

    /// Urgent programmes that come, and that did not air.
    fn follow_package(&mut self, fact: PackageFact) {
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
        match (fact.act, fact.urgent, fact.what) {
            (PackageAct::Taken, Some(urgent), Some(what)) => {
                let (from, until) = (at(urgent.from_ms), at(urgent.until_ms));
                let UrgentFact { schedule, programme, .. } = *urgent;
                let (package, length) = (fact.digest, Frames::ZERO);
                let urgent = Urgent { what, package, schedule, programme, from, until, length };
                self.urgents.insert(schedule, urgent);
            }
            (PackageAct::Unaired, ..) => {
                let told = self.urgents.values().find(|urgent| urgent.package == fact.digest);
                self.urgent_closed.extend(told.map(|urgent| urgent.schedule));
            }
            _ => {}
        }
    }

    /// What is on air shall not go on.
    fn stop(&mut self) {
        if let Some(open) = self.on_air.and_then(|airing| self.open.get_mut(&airing)) {
            open.stopped = true;
        }
    }

    fn follow_device(&mut self, fact: &DeviceFact, wall_ms: i64) {
        match fact.state {
            DeviceState::Muted => self.muted = true,
            // Of a device that comes and goes too often to be entered, muting is entered anew as well.
            DeviceState::Audible | DeviceState::Lost | DeviceState::Closed | DeviceState::Unsteady => {
                self.muted = false;
            }
            _ => return,
        }
        let open = self.on_air.and_then(|airing| self.open.get_mut(&airing));
        if let (Some(open), Some(position)) = (open, fact.position) {
            if self.muted {
                open.muting.begin(position, wall_ms);
            } else {
                open.muting.end(position, wall_ms);
            }
        }
    }

    /// The last accepted of each schedule: a month may have the centre's and the ward's own.
    pub fn in_force(&self) -> Vec<ScheduleFact> {
        let last: BTreeMap<ScheduleName, &ScheduleFact> =
            self.accepted.iter().map(|fact| (fact.name(), fact)).collect();
        last.into_values().cloned().collect()
    }

    /// What a run in the boot `boot` of the machine has to know of the clock.
    pub fn clock(&self, boot: &str) -> ClockPast {
        let (floor_ms, doubted_ms) = self.trusted.next_run(boot);
        let last = self.last.as_ref().filter(|last| last.boot == boot);
        ClockPast {
            floor: DateTime::from_timestamp_millis(floor_ms).unwrap_or(DateTime::UNIX_EPOCH),
            doubted_ns: doubted_ms.map(|ms| ms * 1_000_000),
            // No entry tells how long the machine was suspended; only steps are measured from here.
            last: last.map(|last| Reading {
                wall: last.wall(),
                boot_ns: last.boot_ms * 1_000_000,
                asleep_ns: 0,
            }),
        }
    }

    /// The airings that were cut, the latest first, with the stamp beside the log; `boot` is the machine's boot
    /// now.
    pub fn interrupted(&self, stamp: &Path, boot: &str) -> Vec<Interrupted> {
        let stamp = Position::read(stamp);
        let cut = |(airing, open): (&Airing, &Open)| {
            let Open { cue, clk, to_file, hole_ms, muting, stopped } = open.clone();
            let stamp = stamp.filter(|stamp| stamp.airing == *airing && stamp.heard >= cue.from);
            // The program died under a living machine, or the machine went down with it.
            let crashed = clk.boot == boot && !self.clean;
            let heard = stamp.map_or(cue.from, |stamp| stamp.heard.min(cue.frames));
            // The log tells of the first mutings and breaks of an opening, the stamp of all.
            let (stamped, stamped_ms) = stamp.map_or_else(Default::default, |it| (it.muted, it.hole_ms));
            let hole_ms = hole_ms.max(muting.hole_ms()).max(stamped_ms);
            Interrupted {
                airing: *airing,
                heard,
                muted: muting.until(heard).max(stamped.min(heard)),
                heard_until: stamp.map_or_else(|| clk.wall(), |stamp| stamp.at),
                reason: match (stopped, crashed) {
                    (true, _) => Reason::OperatorStop,
                    (false, true) => Reason::SoftwareFault,
                    (false, false) => Reason::PowerOff,
                },
                proof: if to_file { 1 } else { 2 },
                hole: TimeDelta::milliseconds(i64::try_from(hole_ms).unwrap_or(i64::MAX)),
                urgent: self
                    .urgents
                    .get(&cue.schedule)
                    .filter(|_| cue.trigger == Trigger::Urgent)
                    .map(|urgent| Box::new(Urgent { length: cue.frames, ..urgent.clone() })),
                cue,
            }
        };
        self.open.iter().rev().map(cut).collect()
    }

    /// Entries for the slots that passed, without an outcome, before `startable_from`: the station was off, or
    /// a later revision had dropped them. Their slots are closed with it.
    pub fn close_missed(
        &mut self,
        log: &Log,
        startable_from: DateTime<Utc>,
        detail: &str,
    ) -> Result<Vec<Body>, ControlError> {
        let owed_from = self.owed_from.unwrap_or(DateTime::<Utc>::MIN_UTC);
        let mut bodies = Vec::new();
        let off = (Outcome::Missed, Reason::PowerOff, detail);
        let dropped = (Outcome::Cancelled, Reason::Superseded, "");
        // What is in force is closed first; what is left of older revisions was dropped.
        let earlier = self.accepted.clone();
        for (fact, (outcome, reason, detail)) in self
            .in_force()
            .into_iter()
            .map(|fact| (fact, off))
            .chain(earlier.into_iter().map(|fact| (fact, dropped)))
        {
            for slot in slots_of(log, &fact)? {
                let passed = (owed_from..startable_from).contains(&slot.at);
                if passed && self.closed.insert(slot.id.clone()) {
                    self.owed.closed(&slot.id, outcome, Some(reason));
                    bodies.push(Body::Missed(Missed {
                        slot: slot.id,
                        planned_ms: slot.at.timestamp_millis(),
                        outcome,
                        reason,
                        detail: detail.into(),
                    }));
                }
            }
        }
        Ok(bodies)
    }
}

/// The slots of an accepted schedule, from the list stored beside the log.
pub(super) fn slots_of(log: &Log, fact: &ScheduleFact) -> Result<Vec<Planned>, ControlError> {
    let bytes = log.blob(fact.slots)?.unwrap_or_default();
    let list = String::from_utf8_lossy(&bytes).parse::<SlotList>().map(|list| list.slots).unwrap_or_default();
    let planned = |(id, at)| Planned { id, at, length: Frames::ZERO, schedule: fact.digest, ward: fact.ward };
    Ok(list.into_iter().map(planned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evidence::End, keys::SigningKey, store::Blob, units::Level};

    fn clk() -> Clk {
        Clk { wall_ms: 0, boot_ms: 0, boot: "0".repeat(32), sync: true, offset_min: 420 }
    }

    fn slot(day: u32) -> SlotId {
        format!("2022-03/cchc/2022-03-{day:02}T05:30:00").parse().unwrap()
    }

    fn at(day: u32) -> DateTime<Utc> {
        format!("2022-03-{day:02}T05:30:00+07:00").parse().unwrap()
    }

    fn accept(log: &mut Log, revision: u32, days: &[u32]) {
        let month = "2022-03".parse().unwrap();
        let schedule = Digest::of(&revision.to_le_bytes());
        let slots = days.iter().map(|day| (slot(*day), at(*day))).collect();
        let list = SlotList { station: "a-b".into(), month, schedule, slots };
        let fact = ScheduleFact {
            month,
            ward: false,
            revision,
            digest: schedule,
            slots: list.digest(),
            count: days.len() as u64,
            approval: schedule,
            by: String::new(),
            document: String::new(),
        };
        let blob = Blob { kind: "slots", bytes: list.to_string().into_bytes() };
        log.append_with_blobs(&[(clk(), Body::ScheduleAccept(fact))], &[blob]).unwrap();
    }

    fn cue(slot: Option<SlotId>) -> Body {
        Body::Cue(Box::new(Cue {
            slot,
            airing: None,
            repairs: None,
            month: "2022-03".parse().unwrap(),
            ward: false,
            programme: "cchc".into(),
            trigger: Trigger::Schedule,
            by: String::new(),
            planned_ms: 0,
            from: Frames::ZERO,
            frames: Frames(48_000),
            schedule: Digest::of(b""),
            master: Digest::of(b""),
            loudness_lufs: Level(-1600),
            true_peak_dbtp: Level(-100),
        }))
    }

    fn end(airing: Airing) -> Body {
        Body::End(Box::new(End {
            airing,
            slot: None,
            outcome: Outcome::Full,
            reason: None,
            last_us: None,
            expected: Frames(48_000),
            decoded: Frames(48_000),
            delivered: Frames(48_000),
            consumed: Frames(48_000),
            muted: Frames::ZERO,
            underruns: Frames::ZERO,
            hole_ms: 0,
            proof: 3,
        }))
    }

    fn log(folder: &Path) -> Log {
        let key = SigningKey::generate("loa/station/a/1").unwrap();
        Log::create(&folder.join("log.db"), "loa/station/a/1", key, clk(), "init").unwrap()
    }

    #[test]
    fn what_passed_meanwhile_was_missed_or_had_been_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path());
        accept(&mut log, 1, &[5, 12, 19]);
        accept(&mut log, 2, &[5, 26]);
        let mut past = Past::read(&log, &Policy::default()).unwrap();
        let bodies = past.close_missed(&log, at(15), "").unwrap();
        let found: Vec<_> = bodies
            .iter()
            .map(|body| match body {
                Body::Missed(missed) => (missed.slot.clone(), missed.outcome, missed.reason),
                other => panic!("{other:?}"),
            })
            .collect();
        let wanted = [
            (slot(5), Outcome::Missed, Reason::PowerOff),
            (slot(12), Outcome::Cancelled, Reason::Superseded),
        ];
        assert_eq!(found, wanted);
        assert!(past.close_missed(&log, at(15), "").unwrap().is_empty(), "each is closed once");
    }

    #[test]
    fn what_was_thrown_away_before_a_cut_is_not_heard_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path());
        let at = |seconds: i64| Clk { wall_ms: seconds * 1000, ..clk() };
        let device = |state, position: Option<u64>| {
            let (device, detail) = ("pulse:loud".into(), String::new());
            Body::Device(DeviceFact { state, device, detail, position: position.map(Frames) })
        };
        let airing = log.append(&[(at(0), cue(Some(slot(5))))]).unwrap()[0];
        let muted = |log: &Log, heard: u64| {
            let stamp =
                Position { airing, heard: Frames(heard), muted: Frames::ZERO, hole_ms: 0, at: clk().wall() };
            let mut stamper = crate::control::Stamper::open(&folder.path().join("position")).unwrap();
            stamper.stamp(stamp, 0).unwrap();
            let past = Past::read(log, &Policy::default()).unwrap();
            let cut = past.interrupted(&folder.path().join("position"), "x").remove(0);
            (cut.muted.0, cut.hole.num_seconds())
        };
        assert_eq!(muted(&log, 40_000), (0, 0));
        log.append(&[(at(1), device(DeviceState::Muted, Some(10_000)))]).unwrap();
        assert_eq!(muted(&log, 40_000), (30_000, 0));
        log.append(&[(at(3), device(DeviceState::Audible, Some(15_000)))]).unwrap();
        assert_eq!(muted(&log, 40_000), (5_000, 2));
        // Muted once more, cut, and gone on: what was stamped then stays.
        log.append(&[(at(4), device(DeviceState::Muted, Some(20_000)))]).unwrap();
        log.append(&[(at(9), Body::Boot(crate::evidence::BootFacts { clean: false, last_alive_ms: None }))])
            .unwrap();
        let Body::Cue(first) = cue(Some(slot(5))) else { unreachable!() };
        let resumed = Cue { airing: Some(airing), from: Frames(22_000), ..*first };
        log.append(&[(at(10), Body::Cue(Box::new(resumed)))]).unwrap();
        assert_eq!(muted(&log, 40_000), (7_000, 6));
    }

    #[test]
    fn a_stamp_tells_of_what_was_thrown_away_and_entered_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path());
        let airing = log.append(&[(clk(), cue(Some(slot(5))))]).unwrap()[0];
        let path = folder.path().join("position");
        let check = |muted: u64, hole_ms: u64, expected: (u64, i64)| {
            let at = clk().wall();
            let stamp = Position { airing, heard: Frames(40_000), muted: Frames(muted), hole_ms, at };
            crate::control::Stamper::open(&path).unwrap().stamp(stamp, 0).unwrap();
            let cut = Past::read(&log, &Policy::default()).unwrap().interrupted(&path, "x").remove(0);
            assert_eq!((cut.muted.0, cut.hole.num_milliseconds()), expected);
        };
        check(0, 0, (0, 0));
        check(30_000, 31_000, (30_000, 31_000));
        check(50_000, 0, (40_000, 0));
    }

    #[test]
    fn what_was_cut_says_who_ended_it() {
        let stop = |act: &str| {
            let (act, by, reason) = (act.into(), "Trực".into(), "nhầm".into());
            Body::Operator(crate::evidence::OperatorAct { act, by, reason, slot: None, until_ms: None })
        };
        let shutdown = |reason: &str| Body::Shutdown { reason: reason.into() };
        let check = |bodies: Vec<Body>, boot: &str, clean, expected| {
            let folder = tempfile::tempdir().unwrap();
            let mut log = log(folder.path());
            let bodies = std::iter::once(cue(Some(slot(5)))).chain(bodies);
            log.append(&bodies.map(|body| (clk(), body)).collect::<Vec<_>>()).unwrap();
            let past = Past::read(&log, &Policy::default()).unwrap();
            let cut = past.interrupted(&folder.path().join("position"), boot).remove(0);
            assert_eq!((past.clean, cut.reason), (clean, expected));
        };
        let (same, other) = (clk().boot, "1".repeat(32));
        check(vec![], &same, false, Reason::SoftwareFault);
        check(vec![], &other, false, Reason::PowerOff);
        check(vec![shutdown(ASKED_TO_END)], &same, true, Reason::PowerOff);
        check(vec![shutdown("the player crashed: index out of bounds")], &same, false, Reason::SoftwareFault);
        // Stopped, and killed before the end was entered: it does not go on.
        check(vec![stop("stop")], &same, false, Reason::OperatorStop);
        check(vec![stop("hold")], &other, false, Reason::OperatorStop);
        check(vec![stop("release")], &other, false, Reason::PowerOff);
    }

    #[test]
    fn what_was_cut_waits_while_another_airs_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path());
        let cut = log.append(&[(clk(), cue(Some(slot(5))))]).unwrap()[0];
        let by_hand = log.append(&[(clk(), cue(None))]).unwrap()[0];
        let open = |log: &Log| {
            let cut = Past::read(log, &Policy::default())
                .unwrap()
                .interrupted(&folder.path().join("position"), "x");
            cut.iter().map(|cut| cut.airing).collect::<Vec<_>>()
        };
        assert_eq!(open(&log), [by_hand, cut]);
        log.append(&[(clk(), end(by_hand))]).unwrap();
        assert_eq!(open(&log), [cut]);
        log.append(&[(clk(), end(cut))]).unwrap();
        assert_eq!(open(&log), [] as [Airing; 0]);
    }
}
