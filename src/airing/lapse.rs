//! Times in which nothing could begin although this program lived: the machine was suspended, or its clock was in
//! doubt, or was set over them. A slot that fell into one says so, also when its turn comes only behind it.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{clock::Reading, evidence::Reason};

/// A shorter suspension or step is two clocks read one behind the other.
const NOTABLE: TimeDelta = TimeDelta::seconds(1);

/// So many are remembered; a slot is closed at the first turn behind its time, so that one nearly always does.
const MOST: usize = 16;

/// A stretch of boot time, nanoseconds, and what it was.
#[derive(Debug)]
struct Lapse {
    from_ns: i64,
    to_ns: i64,
    reason: Reason,
}

/// What a slot fell into: why it could not begin, and from when to when.
pub(super) struct Fallen {
    pub reason: Reason,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// The lapses of this run.
#[derive(Debug, Default)]
pub(super) struct Lapses {
    last: Option<Reading>,
    past: VecDeque<Lapse>,
    /// Boot time at which the present doubt began.
    doubted_ns: Option<i64>,
    /// That of a doubt which an earlier run left.
    left_ns: Option<i64>,
}

impl Lapses {
    /// Those of a run that finds its clock in doubt since the boot time `doubted_ns`, by an earlier run's word.
    pub fn after(doubted_ns: Option<i64>) -> Lapses {
        Lapses { doubted_ns, left_ns: doubted_ns, ..Lapses::default() }
    }

    /// Takes a reading and whether the clock is now doubted; tells for how long the machine was suspended
    /// since the last one.
    pub fn follow(&mut self, now: &Reading, doubted: bool) -> TimeDelta {
        let slept = self.last.as_ref().map_or(TimeDelta::zero(), |last| now.asleep_since(last));
        let slept = if slept >= NOTABLE { slept } else { TimeDelta::zero() };
        let from_ns = self.last.as_ref().map_or(now.boot_ns, |last| last.boot_ns);
        if slept > TimeDelta::zero() {
            self.keep(Lapse { from_ns, to_ns: now.boot_ns, reason: Reason::PowerOff });
        }
        if let Some(last) = &self.last
            && now.step_since(last) >= NOTABLE
        {
            // What the clock was set over passed while it was wrong.
            let over_ns = (now.wall - last.wall).num_nanoseconds().unwrap_or(i64::MAX);
            let from_ns = now.boot_ns.saturating_sub(over_ns);
            self.keep(Lapse { from_ns, to_ns: now.boot_ns, reason: Reason::ClockUntrusted });
        }
        match self.doubted_ns {
            // The step that raised the doubt came since the last reading.
            None if doubted => self.doubted_ns = Some(from_ns),
            Some(from_ns) if !doubted => {
                self.doubted_ns = None;
                self.keep(Lapse { from_ns, to_ns: now.boot_ns, reason: Reason::ClockUntrusted });
            }
            _ => {}
        }
        self.last = Some(now.clone());
        slept
    }

    fn keep(&mut self, lapse: Lapse) {
        if self.past.len() == MOST {
            self.past.pop_front();
        }
        self.past.push_back(lapse);
    }

    /// The latest one that reached into the time from `first` to `latest`, by the wall clock as it now stands. A doubt
    /// that lasts is one: whoever asks knows why it does not count any more.
    pub fn between(&self, first: DateTime<Utc>, latest: DateTime<Utc>) -> Option<Fallen> {
        self.find(first, latest, |_| true)
    }

    /// The same of a doubt that an earlier run left, and only of that.
    pub fn before_this_run(&self, first: DateTime<Utc>, latest: DateTime<Utc>) -> Option<Fallen> {
        let left_ns = self.left_ns?;
        self.find(first, latest, |lapse| lapse.from_ns == left_ns)
    }

    fn find(
        &self,
        first: DateTime<Utc>,
        latest: DateTime<Utc>,
        wanted: impl Fn(&Lapse) -> bool,
    ) -> Option<Fallen> {
        let now = self.last.as_ref()?;
        let wall = |boot_ns: i64| now.wall - TimeDelta::nanoseconds(now.boot_ns - boot_ns);
        let fallen =
            |lapse: &Lapse| Fallen { reason: lapse.reason, from: wall(lapse.from_ns), to: wall(lapse.to_ns) };
        let lasting = self.doubted_ns.map(|from_ns| Lapse {
            from_ns,
            to_ns: now.boot_ns,
            reason: Reason::ClockUntrusted,
        });
        let all = lasting.iter().chain(self.past.iter().rev()).filter(|lapse| wanted(lapse));
        all.map(fallen).find(|lapse| lapse.from <= latest && lapse.to >= first)
    }
}
