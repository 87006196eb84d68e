//! The watch over an open stream: is it still called, and does it consume at the rate of sound?
//!
//! A callback comes late on a machine that is out of breath, never early; so of each half second only the moment counts at
//! which the stream was furthest ahead, its *mark*. A short pause moves all later marks by its length: marks on one
//! side of it tell the rate, those on two sides do not. That is why the rate is believed over any stretch of a few
//! seconds, and found wrong only over a long one.

use std::collections::VecDeque;

use crate::units::RATE;

use super::{
    desk::{Facts, frames_ns},
    message::Fault,
};

/// A stream may rest this long at least before it counts as stalled.
const STALL_NS: i64 = 1_000_000_000;
/// A stream may rest this many periods at least.
const STALL_PERIODS: u64 = 8;
/// After so long a stretch the rate is believed when it is right…
const BELIEVED_NS: i64 = 3_000_000_000;
/// …and after so long a stretch it is a fault when it is wrong by more than callbacks come late on a
/// machine that is out of breath, which is four periods.
const JUDGED_NS: i64 = 10_000_000_000;
/// Marks are kept for so long, so that an old error does not hide a new one.
const FRESH_NS: i64 = 60_000_000_000;
/// One mark is kept of so long a time.
const MARK_NS: i64 = 500_000_000;
/// Frames ahead of time that no buffer explains.
const GROSS_FRAMES: u64 = RATE as u64;

/// Facts of a moment: stream time and frames handed over until then.
#[derive(Debug, Clone, Copy)]
struct Mark {
    ns: i64,
    frames: u64,
}

impl Mark {
    /// How much further ahead of time the stream is than it was at `earlier`, at the rate of sound.
    fn ahead_ns(self, earlier: Mark) -> i64 {
        frames_ns(self.frames - earlier.frames) - (self.ns - earlier.ns)
    }
}

/// Watches one stream.
#[derive(Debug)]
pub(super) struct Watch {
    period: u64,
    /// Stream time at which it was opened.
    opened_ns: i64,
    callbacks: u64,
    /// Boot time at which a new callback was last seen.
    changed_ns: i64,
    /// The marks behind the last pause, oldest first; the last one is of the half second that runs.
    marks: VecDeque<Mark>,
    /// Stream time at which the running half second began.
    half_ns: i64,
    last: Option<Mark>,
    paced: bool,
    /// Time without frames that nobody took notice of yet.
    pause_ns: i64,
}

impl Watch {
    /// A watch over a stream of blocks of `period` frames, opened at boot time `boot_ns`, which was
    /// `opened_ns` by its own clock.
    pub(super) fn new(period: u32, boot_ns: i64, opened_ns: i64) -> Watch {
        let period = u64::from(period);
        Watch {
            period,
            opened_ns,
            callbacks: 0,
            changed_ns: boot_ns,
            marks: VecDeque::new(),
            half_ns: 0,
            last: None,
            paced: false,
            pause_ns: 0,
        }
    }

    /// Whether consumption was measured to keep the rate of sound within 1 %.
    pub(super) fn paced(&self) -> bool {
        self.paced
    }

    /// How long the device was not served since this was asked last: a machine out of breath, or suspended.
    /// What is shorter than four periods is hidden by the buffer.
    pub(super) fn take_pause_ns(&mut self) -> i64 {
        std::mem::take(&mut self.pause_ns)
    }

    /// Looks at new facts at boot time `boot_ns`; says what is wrong.
    pub(super) fn look(&mut self, facts: &Facts, boot_ns: i64) -> Option<(Fault, String)> {
        if facts.callbacks == self.callbacks {
            let rest_ns = boot_ns - self.changed_ns;
            let most_ns = STALL_NS.max(frames_ns(STALL_PERIODS * self.period));
            return (rest_ns > most_ns)
                .then(|| (Fault::Stalled, format!("no callback for {} ms", rest_ns / 1_000_000)));
        }
        self.callbacks = facts.callbacks;
        self.changed_ns = boot_ns;
        self.pace(facts)
    }

    fn pace(&mut self, facts: &Facts) -> Option<(Fault, String)> {
        let now = Mark { ns: facts.callback_ns, frames: facts.handed };
        // From the opening on, so that a device that swallows everything at once is known at the first look.
        let open_ns = (now.ns - self.opened_ns).max(0);
        if frames_ns(now.frames.saturating_sub(GROSS_FRAMES + 4 * self.period)) > open_ns {
            return Some(self.unpaced(now.frames, open_ns));
        }
        let behind_ns = -now.ahead_ns(self.last.replace(now).unwrap_or(now));
        // A pause (a stall that ended, a suspended machine) is no rate: measure from behind it.
        if behind_ns > frames_ns(4 * self.period) {
            self.marks.clear();
            self.pause_ns += behind_ns;
        }
        let mark = self.mark(now);
        let over = |ns| self.marks.iter().rev().find(move |earlier| mark.ns - earlier.ns >= ns);
        let percent_ns = |earlier: &Mark| (mark.ns - earlier.ns) / 100;
        let right =
            over(BELIEVED_NS).is_some_and(|earlier| mark.ahead_ns(*earlier).abs() <= percent_ns(earlier));
        let most_ns = |earlier: &Mark| percent_ns(earlier) + frames_ns(4 * self.period);
        let wrong = self
            .marks
            .front()
            .filter(|earlier| {
                mark.ns - earlier.ns >= JUDGED_NS && mark.ahead_ns(**earlier).abs() > most_ns(earlier)
            })
            .map(|earlier| (mark.frames - earlier.frames, mark.ns - earlier.ns));
        self.paced |= right;
        wrong.map(|(frames, elapsed_ns)| self.unpaced(frames, elapsed_ns))
    }

    /// The mark of the half second that runs, now that `now` was seen.
    fn mark(&mut self, now: Mark) -> Mark {
        if self.marks.is_empty() || now.ns - self.half_ns >= MARK_NS {
            self.half_ns = now.ns;
            self.marks.push_back(now);
        }
        let running = self.marks.len() - 1;
        let mark = &mut self.marks[running];
        if now.ahead_ns(*mark) >= 0 {
            *mark = now;
        }
        let mark = *mark;
        while self.marks.front().is_some_and(|oldest| mark.ns - oldest.ns > FRESH_NS) {
            self.marks.pop_front();
        }
        mark
    }

    fn unpaced(&mut self, frames: u64, elapsed_ns: i64) -> (Fault, String) {
        self.paced = false;
        (Fault::Unpaced, format!("{frames} frames in {} ms", elapsed_ns / 1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{playout::desk::Phase, units::Level};

    fn facts(callbacks: u64, callback_ns: i64, handed: u64) -> Facts {
        Facts {
            callbacks,
            handed,
            callback_ns,
            offset_ns: 0,
            settled: true,
            phase: Phase::Idle,
            first_index: 0,
            end_index: 0,
            delivered: 0,
            underruns: 0,
            peak: Level(0),
        }
    }

    /// A device that takes `percent` of the right rate, looked at five times a second for a minute.
    fn judge(percent: u64) -> (Option<Fault>, bool) {
        let mut watch = Watch::new(4096, 0, 0);
        for n in 1..300 {
            let ns = i64::try_from(n).unwrap() * 200_000_000;
            if let Some((fault, _)) = watch.look(&facts(n, ns, n * 9600 * percent / 100), ns) {
                return (Some(fault), watch.paced());
            }
        }
        (None, watch.paced())
    }

    #[test]
    fn only_the_rate_of_sound_is_believed() {
        assert_eq!(judge(100), (None, true));
        assert_eq!(judge(102), (Some(Fault::Unpaced), false));
        assert_eq!(judge(97), (Some(Fault::Unpaced), false));
        assert_eq!(judge(90_000), (Some(Fault::Unpaced), false));
    }

    /// Looks at a device that takes `percent` of the right rate for `seconds`, five times a second, each time
    /// `moved` frames from where it should be; whether it was believed.
    fn believed(percent: u64, seconds: u64, moved: impl Fn(u64) -> i64) -> bool {
        let mut watch = Watch::new(4096, 0, 0);
        for n in 1..=seconds * 5 {
            let ns = i64::try_from(n).unwrap() * 200_000_000;
            let handed = (20_000 + n * 9600 * percent / 100).strict_add_signed(moved(n));
            assert_eq!(watch.look(&facts(n, ns, handed), ns), None);
        }
        watch.paced()
    }

    #[test]
    fn a_first_callback_in_a_filling_buffer_or_out_of_breath_costs_no_belief() {
        for first in [-12_288, -4096, -3000, 0] {
            let moved = |n| if n == 1 { first } else { 0 };
            assert!(believed(100, 4, moved), "{first}");
            assert!(!believed(97, 4, moved) && !believed(103, 4, moved), "{first}");
        }
    }

    /// A machine that was out of breath for 190 ms within its first three seconds has lost them for good: what came
    /// before and what comes after are each at the right rate, and either is long enough.
    #[test]
    fn a_short_pause_costs_no_belief_behind_it() {
        for at in [6, 10, 14] {
            let moved = |n| if n < at { 0 } else { -9000 };
            assert!(believed(100, 7, moved), "{at}");
            assert!(!believed(97, 7, moved) && !believed(103, 7, moved), "{at}");
        }
    }

    /// Late callbacks, however many, neither cost belief nor lend it.
    #[test]
    fn late_callbacks_neither_cost_nor_lend_belief() {
        let moved = |n| if n % 2 == 0 { 0 } else { -1500 };
        assert!(believed(100, 5, moved));
        assert!(!believed(97, 5, moved) && !believed(103, 5, moved));
    }

    #[test]
    fn a_rest_longer_than_eight_periods_is_a_stall() {
        let mut watch = Watch::new(4096, 0, 0);
        assert_eq!(watch.look(&facts(1, 0, 4096), 0), None);
        assert_eq!(watch.look(&facts(1, 0, 4096), 900_000_000), None);
        assert_eq!(watch.look(&facts(1, 0, 4096), 1_100_000_000).map(|f| f.0), Some(Fault::Stalled));
        // Called again after a pause that was just short enough: no fault, and no wrong rate later.
        assert_eq!(watch.look(&facts(2, 1_100_000_000, 8192), 1_100_000_000), None);
        assert_eq!((watch.take_pause_ns(), watch.take_pause_ns()), (1_100_000_000 - frames_ns(4096), 0));
    }
}
