//! The watch over an open stream: is it still called, and does it consume at the rate of sound?

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
/// A stretch is measured anew after so long, so that an old error does not hide a new one.
const FRESH_NS: i64 = 60_000_000_000;
/// For so long a stretch may begin anew where the stream is earliest: first facts out of a buffer that was still being
/// filled, or of a callback that came late, would shift all of it.
const SEATED_NS: i64 = 1_000_000_000;
/// Frames ahead of time that no buffer explains.
const GROSS_FRAMES: u64 = RATE as u64;

/// Watches one stream.
pub(super) struct Watch {
    period: u64,
    /// Stream time at which it was opened.
    opened_ns: i64,
    callbacks: u64,
    /// Boot time at which a new callback was last seen.
    changed_ns: i64,
    /// Where the measured stretch begins: stream time and frames.
    since: Option<(i64, u64)>,
    /// Stream time from which on it stays there.
    seated_ns: i64,
    last: Option<(i64, u64)>,
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
            since: None,
            seated_ns: 0,
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
        let now = (facts.callback_ns, facts.handed);
        // From the opening on, so that a device that swallows everything at once is known at the first look.
        let open_ns = (now.0 - self.opened_ns).max(0);
        if frames_ns(now.1.saturating_sub(GROSS_FRAMES + 4 * self.period)) > open_ns {
            return Some(self.unpaced(now.1, open_ns));
        }
        let last = self.last.replace(now).unwrap_or(now);
        let since = self.since.unwrap_or_else(|| self.begin(now));
        // A pause (a stall that ended, a suspended machine) is no rate: measure from behind it.
        let behind_ns = (now.0 - last.0) - frames_ns(now.1 - last.1);
        if behind_ns > frames_ns(4 * self.period) {
            self.begin(now);
            self.pause_ns += behind_ns;
            return None;
        }
        let (elapsed_ns, frames) = (now.0 - since.0, now.1 - since.1);
        if now.0 < self.seated_ns && frames_ns(frames) > elapsed_ns {
            self.since = Some(now);
            return None;
        }
        let off_ns = (frames_ns(frames) - elapsed_ns).abs();
        let percent_ns = elapsed_ns / 100;
        if elapsed_ns >= FRESH_NS {
            self.begin(now);
        }
        if elapsed_ns >= BELIEVED_NS && off_ns <= percent_ns {
            self.paced = true;
        }
        let wrong = elapsed_ns >= JUDGED_NS && off_ns > percent_ns + frames_ns(4 * self.period);
        wrong.then(|| self.unpaced(frames, elapsed_ns))
    }

    /// A stretch begins at `now`.
    fn begin(&mut self, now: (i64, u64)) -> (i64, u64) {
        self.seated_ns = now.0 + SEATED_NS;
        *self.since.insert(now)
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

    /// A device at the right rate whose first facts are early or late by so many frames is believed within four
    /// seconds; one at a wrong rate never is.
    #[test]
    fn a_first_callback_in_a_filling_buffer_or_out_of_breath_costs_no_belief() {
        let believed = |percent: u64, first: i64| {
            let mut watch = Watch::new(4096, 0, 0);
            for n in 1..=20 {
                let ns = i64::try_from(n).unwrap() * 200_000_000;
                let handed = 20_000 + n * 9600 * percent / 100;
                let handed = if n == 1 { handed.strict_add_signed(first) } else { handed };
                assert_eq!(watch.look(&facts(n, ns, handed), ns), None);
            }
            watch.paced()
        };
        for first in [-12_288, -4096, -3000, 0] {
            assert!(believed(100, first), "{first}");
            assert!(!believed(97, first) && !believed(103, first), "{first}");
        }
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
