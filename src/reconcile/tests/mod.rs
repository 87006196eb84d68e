//! Logs as a station would write them, and what the comparison says of them when they were tampered with.

mod completeness;
mod matrix;
mod random;
mod slots;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    evidence::{
        Body, BootFacts, Clk, Cue, End, Entry, Missed, Outcome, Reason, ScheduleFact, SegmentFact, Start,
        Trigger,
    },
    programme::{Slot, SlotList},
    units::{Digest, Frames, Level, Month, SlotId},
};

/// Twelve minutes.
pub const LENGTH: Frames = Frames(12 * 60 * 48_000);

pub fn march() -> Month {
    "2022-03".parse().unwrap()
}

/// A slot of `month` at 05:30 of `day` at the station.
pub fn slot_of(month: &str, day: u32) -> SlotId {
    format!("{month}/cchc/{month}-{day:02}T05:30:00").parse().unwrap()
}

/// A slot of March.
pub fn slot(day: u32) -> SlotId {
    slot_of("2022-03", day)
}

/// Its instant: the station is seven hours ahead.
pub fn at(slot: &SlotId) -> DateTime<Utc> {
    slot.local.and_utc() - TimeDelta::hours(7)
}

pub fn s(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

/// A log that is being written, with the lists beside it.
#[derive(Clone)]
pub struct Bench {
    pub entries: Vec<Entry>,
    pub lists: BTreeMap<Digest, Vec<u8>>,
    pub now: DateTime<Utc>,
    pub sync: bool,
    boot: u32,
    /// When this boot of the machine began, by the true time.
    booted: DateTime<Utc>,
    /// How far the wall clock is ahead of the true time.
    ahead: TimeDelta,
}

impl Bench {
    /// A station that came up on 1 March 2022.
    pub fn new() -> Bench {
        Bench::of("loa/station/pho-minh/1", "init")
    }

    pub fn of(origin: &str, reason: &str) -> Bench {
        let now = "2022-03-01T00:00:00+07:00".parse().unwrap();
        let mut bench = Bench {
            entries: Vec::new(),
            lists: BTreeMap::new(),
            now,
            sync: true,
            boot: 1,
            booted: now,
            ahead: TimeDelta::zero(),
        };
        bench.add(Body::LogOpen {
            origin: origin.into(),
            reason: reason.into(),
            previous: None,
            after: None,
        });
        bench.add(Body::Boot(BootFacts { clean: true, last_alive_ms: None }));
        bench
    }

    pub fn add(&mut self, body: Body) -> u64 {
        let seq = self.entries.len() as u64;
        let clk = Clk {
            wall_ms: (self.now + self.ahead).timestamp_millis(),
            boot_ms: (self.now - self.booted).num_milliseconds(),
            boot: format!("{:032x}", self.boot),
            sync: self.sync,
            offset_min: 420,
        };
        self.entries.push(Entry { seq, clk, body });
        seq
    }

    pub fn beat(&mut self, at: DateTime<Utc>) -> u64 {
        self.now = at;
        self.add(Body::Heartbeat {})
    }

    /// The wall clock jumps and the station says so.
    pub fn step(&mut self, by: TimeDelta) {
        self.ahead += by;
        self.add(Body::ClockStep { step_ms: by.num_milliseconds() });
    }

    /// The power comes back at `at`.
    pub fn reboot(&mut self, at: DateTime<Utc>) {
        (self.now, self.booted, self.boot) = (at, at, self.boot + 1);
        self.add(Body::Boot(BootFacts { clean: false, last_alive_ms: None }));
    }

    pub fn refuse(&mut self, month: Month) {
        self.add(Body::ScheduleRefuse {
            month,
            digest: Digest::of(b"draft"),
            reason: "no-approval".into(),
            ward: false,
        });
    }

    /// Accepts a revision of `month` with these slots.
    pub fn accept(&mut self, month: Month, revision: u32, slots: &[SlotId]) -> u64 {
        let schedule = Digest::of(format!("{month} {revision}").as_bytes());
        let planned = |id: &SlotId| Slot {
            id: id.clone(),
            at: at(id),
            programme: id.programme.clone(),
            rule: 0,
            reason: String::new(),
        };
        let slots: Vec<Slot> = slots.iter().map(planned).collect();
        let list = SlotList::new("pho-minh", "phuong-pho-minh", month, schedule, &slots);
        self.lists.insert(list.digest(), list.to_string().into_bytes());
        self.add(Body::ScheduleAccept(ScheduleFact {
            ward: false,
            month,
            revision,
            digest: schedule,
            slots: list.digest(),
            count: slots.len() as u64,
            approval: Digest::of(b"approval"),
            by: "Nguyễn Văn A".into(),
            document: String::new(),
        }))
    }

    pub fn cue(&mut self, slot: Option<&SlotId>, trigger: Trigger) -> u64 {
        let planned = slot.map_or(self.now, at);
        self.add(Body::Cue(Box::new(Cue {
            ward: false,
            slot: slot.cloned(),
            airing: None,
            repairs: None,
            month: slot.map_or(march(), |slot| slot.month),
            programme: "cchc".into(),
            trigger,
            by: String::new(),
            planned_ms: planned.timestamp_millis(),
            from: Frames::ZERO,
            frames: LENGTH,
            schedule: Digest::of(b"schedule"),
            master: Digest::of(b"master"),
            loudness_lufs: Level(-1600),
            true_peak_dbtp: Level(-100),
        })))
    }

    pub fn start(&mut self, airing: u64, device: &str) -> u64 {
        let first_us = self.now.timestamp_micros();
        let device = device.into();
        self.add(Body::Start(Start {
            airing,
            first_us,
            error_us: 0,
            latency_us: 20_000,
            hole_ms: None,
            device,
        }))
    }

    pub fn segment(&mut self, airing: u64, n: u32) -> u64 {
        let file = Digest::of(&n.to_le_bytes());
        self.add(Body::Segment(SegmentFact { airing, n, file, frames: Frames(LENGTH.0 / 2) }))
    }

    /// What a full airing ends with, now.
    pub fn full(&self, airing: u64, slot: Option<&SlotId>) -> End {
        End {
            airing,
            slot: slot.cloned(),
            outcome: Outcome::Full,
            reason: None,
            last_us: Some(self.now.timestamp_micros()),
            expected: LENGTH,
            decoded: LENGTH,
            delivered: LENGTH,
            consumed: LENGTH,
            muted: Frames::ZERO,
            underruns: Frames::ZERO,
            hole_ms: 0,
            proof: 3,
        }
    }

    pub fn end(&mut self, end: End) -> u64 {
        self.add(Body::End(Box::new(end)))
    }

    pub fn missed(&mut self, slot: &SlotId, reason: Reason) -> u64 {
        let outcome = if reason == Reason::Superseded { Outcome::Cancelled } else { Outcome::Missed };
        let planned_ms = at(slot).timestamp_millis();
        self.add(Body::Missed(Missed {
            slot: slot.clone(),
            planned_ms,
            outcome,
            reason,
            detail: String::new(),
        }))
    }

    /// Changes the cue that was written last.
    pub fn amend_cue(&mut self, change: impl FnOnce(&mut Cue)) {
        let mut cues = self.entries.iter_mut().rev().filter_map(|entry| match &mut entry.body {
            Body::Cue(cue) => Some(cue),
            _ => None,
        });
        if let Some(cue) = cues.next() {
            change(cue);
        }
    }

    /// Changes the end that was written last.
    pub fn amend_end(&mut self, change: impl FnOnce(&mut End)) {
        let mut ends = self.entries.iter_mut().rev().filter_map(|entry| match &mut entry.body {
            Body::End(end) => Some(end),
            _ => None,
        });
        if let Some(end) = ends.next() {
            change(end);
        }
    }

    /// A whole airing that repairs `slot`, from `at` on.
    pub fn make_good(&mut self, slot: &SlotId, at: DateTime<Utc>) -> u64 {
        self.now = at;
        let airing = self.cue(None, Trigger::MakeGood);
        self.amend_cue(|cue| {
            (cue.repairs, cue.month, cue.programme) =
                (Some(slot.clone()), slot.month, slot.programme.clone());
        });
        self.start(airing, "alsa_output.usb");
        self.now += s(720);
        let end = self.full(airing, None);
        self.end(end);
        airing
    }

    /// A whole airing of `slot` at its instant, with all its entries.
    pub fn air(&mut self, slot: &SlotId) -> u64 {
        self.now = at(slot) - s(10);
        let airing = self.cue(Some(slot), Trigger::Schedule);
        self.now = at(slot);
        self.start(airing, "alsa_output.usb");
        for n in 0..2 {
            self.now += s(360);
            self.segment(airing, n);
        }
        let end = self.full(airing, Some(slot));
        self.end(end);
        airing
    }
}
