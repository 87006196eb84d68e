//! One sound on its way through the device: what was asked, how far it is, what was counted.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    config::Channels,
    units::{Frames, Level},
};

use super::{
    alignment::Alignment,
    desk::{Facts, Phase, Tail, frames_ns},
    feeder::Feeder,
    message::{EndCause, Event, Fault, Start, Take, Tally},
};

/// Progress is told this often, nanoseconds.
const PROGRESS_NS: i64 = 200_000_000;
/// A probe for which no device opened in this time failed.
const PROBE_NS: i64 = 8_000_000_000;
/// Consumption that does not come to its end so long after the last frame was handed is given up.
const DRAIN_NS: i64 = 5_000_000_000;
/// Boot time that passed without frames for so long, on a stream that was never lost, was a pause of the whole
/// machine: its clock counts a suspension, the stream's own does not.
const PAUSE_NS: i64 = 1_000_000_000;
/// A take whose start passed while the machine was suspended for so long waits no more.
const OVERSLEPT_NS: i64 = 10_000_000_000;

/// What a sound is for.
pub(super) enum Job {
    /// An airing.
    Take(Box<Take>),
    /// A proof that the device consumes: half a second of silence, or a second of tone.
    Probe,
}

/// A sound, from the command to its last word.
pub(super) struct Airing {
    pub job: Job,
    pub feeder: Feeder,
    from: Frames,
    start: Start,
    /// The stretch on the stream that is open now, once armed.
    stretch: Option<Stretch>,
    /// Position that has certainly been heard.
    heard: Frames,
    /// Furthest position handed to a device.
    handed: Frames,
    /// Underruns of earlier stretches.
    underruns: Frames,
    hole: TimeDelta,
    /// Position from which on the sound server throws the sound away, while it does.
    mute: Option<Frames>,
    /// Frames that it threw away before.
    muted: Frames,
    /// Boot time at which something that was not thrown away sounded last; the take's first frame before that.
    audible_ns: Option<i64>,
    /// Boot time and wall time at which `heard` sounded.
    heard_at: Option<(i64, DateTime<Utc>)>,
    next_segment: usize,
    progress_ns: i64,
    /// Boot time at which the wait for a device ends; `None` while it sounds.
    give_up_ns: Option<i64>,
    /// Boot time at which sound must have ended, fixed when it began: from then on the clock that
    /// never steps counts.
    end_by_ns: Option<i64>,
    pub fault: Option<Fault>,
    pub stopping: bool,
    /// The machine was suspended past every patience: what is left shall not sound.
    overslept: bool,
    /// For how long the machine had been suspended when the take was asked for.
    asleep_ns: Option<i64>,
    pub proof: u8,
}

/// A stretch of sound on one stream.
struct Stretch {
    from: Frames,
    told: bool,
    /// Boot time at which the bus was seen to be done.
    done_ns: Option<i64>,
}

impl Airing {
    /// A take.
    pub(super) fn take(take: Box<Take>) -> Airing {
        let until_start = match take.start {
            Start::At(at) => (at - take.asked.wall).max(TimeDelta::zero()),
            Start::Now => TimeDelta::zero(),
        };
        let patience = until_start.checked_add(&take.begin_within).unwrap_or(TimeDelta::MAX);
        let give_up_ns = take.asked.boot_ns.saturating_add(super::alignment::span_ns(patience));
        let feeder = Feeder::master(Arc::clone(&take.master), take.from);
        let (from, start) = (take.from, take.start);
        let asleep_ns = Some(take.asked.asleep_ns);
        Airing { asleep_ns, ..Airing::new(Job::Take(take), feeder, from, start, Some(give_up_ns)) }
    }

    /// A probe of `frames`, of tone or of silence, asked for at boot time `boot_ns`.
    pub(super) fn probe(frames: Frames, tone: bool, boot_ns: i64) -> Airing {
        let give_up_ns = Some(boot_ns.saturating_add(PROBE_NS));
        Airing::new(Job::Probe, Feeder::signal(frames, tone), Frames::ZERO, Start::Now, give_up_ns)
    }

    fn new(job: Job, feeder: Feeder, from: Frames, start: Start, give_up_ns: Option<i64>) -> Airing {
        Airing {
            job,
            feeder,
            from,
            start,
            stretch: None,
            heard: from,
            handed: from,
            underruns: Frames::ZERO,
            hole: TimeDelta::zero(),
            mute: None,
            muted: Frames::ZERO,
            audible_ns: None,
            heard_at: None,
            next_segment: 0,
            progress_ns: i64::MIN,
            give_up_ns,
            end_by_ns: None,
            fault: None,
            stopping: false,
            overslept: false,
            asleep_ns: None,
            proof: 0,
        }
    }

    /// The number that comes back in events; `None` for a probe.
    pub(super) fn number(&self) -> Option<u64> {
        match &self.job {
            Job::Take(take) => Some(take.airing),
            Job::Probe => None,
        }
    }

    pub(super) fn is_armed(&self) -> bool {
        self.stretch.is_some()
    }

    /// The stretch that the open stream is about to carry: whether its beginning is faded in.
    pub(super) fn arm(&mut self) -> bool {
        self.stretch = Some(Stretch { from: self.heard, told: false, done_ns: None });
        self.heard > Frames::ZERO
    }

    /// Stream instants of start and cut, as the clocks lie now.
    pub(super) fn aim(&mut self, clocks: &Alignment, asleep_ns: i64, correction_ns: i64) -> (i64, i64) {
        let boot_ns = clocks.boot(clocks.now_ns);
        let too_late = self.give_up_ns.is_some_and(|at_ns| boot_ns >= at_ns);
        self.overslept |=
            too_late && self.asleep_ns.is_some_and(|asked_ns| asleep_ns - asked_ns > OVERSLEPT_NS);
        let start_ns = match self.start {
            Start::At(at) => clocks.stream(at).saturating_sub(correction_ns),
            Start::Now => super::desk::AT_ONCE,
        };
        let cut_ns = match (&self.job, self.end_by_ns) {
            _ if self.stopping || self.overslept => super::desk::AT_ONCE,
            (_, Some(boot_ns)) => clocks.stream_of_boot(boot_ns).saturating_sub(correction_ns),
            (Job::Take(take), None) => clocks.stream(take.end_by).saturating_sub(correction_ns),
            (Job::Probe, None) => super::desk::NEVER,
        };
        (start_ns, cut_ns)
    }

    /// Looks at what the stream did; tells what is new. `Some`: the sound is over, for this cause.
    pub(super) fn observe(
        &mut self,
        facts: &Facts,
        clocks: &Alignment,
        correction_ns: i64,
        tell: &mut dyn FnMut(Told),
    ) -> Option<EndCause> {
        let stretch = self.stretch.as_mut()?;
        if facts.phase < Phase::Sounding {
            // Nothing sounds yet, and nothing ever will: no reason to wait for the start.
            return (self.feeder.failed().is_some() && facts.phase == Phase::Waiting)
                .then_some(EndCause::Failed(Fault::FileChanged));
        }
        let boot_ns = clocks.boot(clocks.now_ns);
        if !stretch.told && facts.delivered > 0 {
            let first_ns = facts.sounds_at(facts.first_index).saturating_add(correction_ns);
            let patient = clocks.now_ns < first_ns.saturating_add(2_000_000_000);
            if clocks.now_ns < first_ns || (patient && !facts.settled) {
                return None;
            }
            stretch.told = true;
            let from = stretch.from;
            let first_boot_ns = clocks.boot(first_ns);
            let hole = TimeDelta::nanoseconds(first_boot_ns - *self.audible_ns.get_or_insert(first_boot_ns));
            self.hole = self.hole.max(hole);
            if let (Job::Take(take), None) = (&self.job, self.end_by_ns) {
                self.end_by_ns = Some(clocks.boot(clocks.stream(take.end_by)));
            }
            self.give_up_ns = None;
            self.start = Start::Now;
            tell(Told::Started { first: clocks.wall(first_ns), from, hole });
        }
        self.count(facts, clocks, correction_ns);
        self.tell_progress(boot_ns, facts, tell);
        self.end(facts, boot_ns)
    }

    /// Takes over what the stream counted.
    fn count(&mut self, facts: &Facts, clocks: &Alignment, correction_ns: i64) {
        let Some(stretch) = &self.stretch else { return };
        self.handed = self.handed.max(stretch.from + Frames(facts.delivered));
        let heard = stretch.from + Frames(facts.consumed());
        if heard > self.heard || self.heard_at.is_none() {
            let before = self.heard;
            self.heard = self.heard.max(heard);
            let index =
                if facts.phase == Phase::Done { facts.played().min(facts.end_index) } else { facts.played() };
            let at_ns = facts.sounds_at(index).saturating_add(correction_ns);
            let heard_ns = clocks.boot(at_ns);
            if let Some((before_ns, _)) = self.heard_at {
                let pause_ns = (heard_ns - before_ns) - frames_ns(self.heard.saturating_sub(before).0);
                if pause_ns > PAUSE_NS {
                    let pause = TimeDelta::nanoseconds(pause_ns);
                    self.hole = self.hole.max(pause);
                    self.overslept |= matches!(&self.job, Job::Take(take) if pause > take.give_up_after);
                }
            }
            self.heard_at = Some((heard_ns, clocks.wall(at_ns)));
            if self.mute.is_none() {
                self.audible_ns = Some(heard_ns);
            }
        }
    }

    /// Takes whether the sound server throws the sound away. A change lies somewhere between this look and
    /// the one before: what lies between them counts as thrown away both times.
    pub(super) fn hear(&mut self, muted: bool) {
        match (self.mute, muted) {
            (None, true) => self.mute = Some(self.heard),
            (Some(_), false) => self.unmute(),
            _ => {}
        }
    }

    /// The device was not served for so long in mid-sound: it put in silence of its own.
    pub(super) fn pause(&mut self, pause_ns: i64) {
        self.hole = self.hole.max(TimeDelta::nanoseconds(pause_ns));
        let frames = u64::try_from(super::desk::ns_frames(pause_ns)).unwrap_or(0);
        self.underruns = self.underruns + Frames(frames);
    }

    /// What was thrown away so far is closed.
    fn unmute(&mut self) {
        self.muted = self.thrown_away();
        self.hole = self.hole.max(self.quiet());
        self.mute = None;
    }

    /// Frames that the sound server threw away.
    fn thrown_away(&self) -> Frames {
        self.muted + self.mute.map_or(Frames::ZERO, |from| self.heard.saturating_sub(from))
    }

    /// How long nothing was heard while frames were thrown away.
    fn quiet(&self) -> TimeDelta {
        match (self.mute, self.heard_at, self.audible_ns) {
            (Some(_), Some((heard_ns, _)), Some(audible_ns)) => TimeDelta::nanoseconds(heard_ns - audible_ns),
            _ => TimeDelta::zero(),
        }
    }

    fn tell_progress(&mut self, boot_ns: i64, facts: &Facts, tell: &mut dyn FnMut(Told)) {
        if let Job::Take(take) = &self.job {
            while let Some(mark) = take.master.manifest.marks.get(self.next_segment) {
                let end = mark.start + mark.frames;
                if end > self.heard {
                    break;
                }
                // Segments that lie before the take's own beginning are not its own.
                if end > self.from {
                    let frames = end - mark.start.max(self.from);
                    tell(Told::Segment { n: u32::try_from(self.next_segment).unwrap_or(u32::MAX), frames });
                }
                self.next_segment += 1;
            }
        }
        if facts.phase == Phase::Done || boot_ns.saturating_sub(self.progress_ns) >= PROGRESS_NS {
            self.progress_ns = boot_ns;
            let (position, muted) = (self.heard, self.thrown_away());
            let hole = self.hole.max(self.quiet());
            tell(Told::Progress { position, muted, hole, peak: facts.peak });
        }
    }

    /// The part that was heard of the segment in which the sound broke off; `None` between two segments.
    pub(super) fn cut_segment(&self) -> Option<Told> {
        let Job::Take(take) = &self.job else { return None };
        let mark = take.master.manifest.marks.get(self.next_segment)?;
        let frames = self.heard.saturating_sub(mark.start.max(self.from));
        let n = u32::try_from(self.next_segment).unwrap_or(u32::MAX);
        (frames > Frames::ZERO).then_some(Told::Segment { n, frames })
    }

    fn end(&mut self, facts: &Facts, boot_ns: i64) -> Option<EndCause> {
        let all = self.feeder.frames();
        let stretch = self.stretch.as_mut().filter(|_| facts.phase == Phase::Done)?;
        let done_ns = *stretch.done_ns.get_or_insert(boot_ns);
        if facts.consumed() < facts.delivered && boot_ns - done_ns < DRAIN_NS {
            return None;
        }
        Some(if self.feeder.failed().is_some() {
            EndCause::Failed(Fault::FileChanged)
        } else if self.handed >= all {
            EndCause::Finished
        } else if self.overslept {
            EndCause::Failed(Fault::Stalled)
        } else if self.stopping {
            EndCause::Stopped
        } else {
            EndCause::WindowEnd
        })
    }

    /// The stream is gone. Goes back to what was certainly heard.
    pub(super) fn lose(&mut self, facts: &Facts, fault: Fault, boot_ns: i64) {
        self.fault = Some(fault);
        let Some(stretch) = self.stretch.take() else { return };
        if facts.phase >= Phase::Sounding && facts.delivered > 0 {
            self.underruns = self.underruns + Frames(facts.underruns);
            // What was taken since the last look may have gone to the other device already.
            if fault != Fault::Moved {
                self.heard = self.heard.max(stretch.from + Frames(facts.consumed()));
            }
            self.start = Start::Now;
            if let Job::Take(take) = &self.job {
                let patience = super::alignment::span_ns(take.give_up_after);
                self.give_up_ns.get_or_insert(boot_ns.saturating_add(patience));
            }
        }
        // What the next stream says of itself begins anew; the silence goes on.
        self.muted = self.thrown_away();
        self.mute = None;
        self.feeder.seek(self.heard);
    }

    /// Without a stream: whether waiting for one is over.
    pub(super) fn deadline(&self, boot_ns: i64, wall: DateTime<Utc>) -> Option<EndCause> {
        if let Job::Take(take) = &self.job {
            if self.stopping {
                return Some(EndCause::Stopped);
            }
            if self.end_by_ns.map_or(wall >= take.end_by, |end_ns| boot_ns >= end_ns) {
                return Some(EndCause::WindowEnd);
            }
        }
        let over = self.give_up_ns.is_some_and(|give_up_ns| boot_ns >= give_up_ns);
        over.then(|| EndCause::Failed(self.fault.unwrap_or(Fault::Stalled)))
    }

    /// Position that has certainly been heard.
    pub(super) fn heard(&self) -> Frames {
        self.heard
    }

    /// The last word about a take. `facts` of the stream that is open, if one is.
    pub(super) fn tally(&self, cause: EndCause, facts: Option<&Facts>) -> Tally {
        let sounded = facts.filter(|facts| self.stretch.is_some() && facts.phase >= Phase::Sounding);
        let decoded = self.feeder.furthest().saturating_sub(self.from);
        let delivered = self.handed.saturating_sub(self.from);
        let consumed = self.heard.saturating_sub(self.from);
        let muted = self.thrown_away().min(consumed);
        Tally {
            cause,
            last: self.heard_at.map(|(_, wall)| wall).filter(|_| consumed > Frames::ZERO),
            decoded,
            delivered,
            consumed,
            muted,
            underruns: self.underruns + Frames(sounded.map_or(0, |facts| facts.underruns)),
            hole: self.hole.max(self.quiet()),
            proof: match (delivered, decoded) {
                (Frames::ZERO, Frames::ZERO) => 0,
                (Frames::ZERO, _) => 1,
                // What was thrown away was accepted, and no more.
                _ if muted == consumed => self.proof.min(2),
                _ => self.proof,
            },
        }
    }
}

/// News of a sound, not yet addressed.
pub(super) enum Told {
    Started { first: DateTime<Utc>, from: Frames, hole: TimeDelta },
    Progress { position: Frames, muted: Frames, hole: TimeDelta, peak: Level },
    Segment { n: u32, frames: Frames },
}

impl Told {
    /// The event of take `airing` on `device`.
    pub(super) fn event(self, airing: u64, device: &str, latency_us: i64) -> Event {
        match self {
            Told::Started { first, from, hole } => {
                Event::Started { airing, first, latency_us, from, hole, device: device.to_owned() }
            }
            Told::Progress { position, muted, hole, peak } => {
                Event::Progress { airing, position, muted, hole, peak }
            }
            Told::Segment { n, frames } => Event::Segment { airing, n, frames },
        }
    }
}

/// What the ring is told of its end.
pub(super) fn feed(airing: &mut Airing, ring: &mut rtrb::Producer<f32>, channels: Channels) -> Tail {
    airing.feeder.fill(ring, channels, Frames::from_ms(1000))
}
