//! What the player tells of an airing: first frame, segments, end – turned into entries.

use chrono::TimeDelta;

use super::{Action, Controller, Job, controller::Phase, judge};
use crate::{
    evidence::{Airing, Body, SegmentFact, Start},
    playout::{Command, Event},
    units::Frames,
};

impl Controller {
    pub(super) fn heard(&mut self, event: Event, out: &mut Vec<Action>) {
        if let Some(on_air) = self.heard_of_device(event, out) {
            self.heard_on_air(on_air, out);
        }
    }

    fn heard_on_air(&mut self, event: Event, out: &mut Vec<Action>) {
        let Phase::OnAir(air) = &mut self.phase else { return };
        match event {
            Event::Started { airing, first, latency_us, from, hole, device } if airing == air.airing => {
                // A continuation is measured against the instant at which sound broke off, not the plan.
                let fresh = air.first.is_none() && air.job.before.heard == Frames::ZERO;
                // From the same rounded instants that stand in the log, so that a reader gets the same number.
                let error_us =
                    if fresh { first.timestamp_micros() - air.job.planned.timestamp_micros() } else { 0 };
                let cut = air.job.before.heard_until.filter(|_| air.first.is_none());
                let hole = cut.map_or(hole, |until| first - until);
                // Of a device that comes and goes the breaks are counted, not entered one by one.
                let entered = air.first.is_none() || !self.breaks.are_many();
                air.first = air.first.or(Some(first));
                air.sounding = !self.breaks.muted;
                air.position = from;
                let start = Body::Start(Start {
                    airing,
                    first_us: first.timestamp_micros(),
                    error_us,
                    latency_us,
                    hole_ms: judge::hole_ms(hole).filter(|_| !fresh),
                    device,
                });
                out.extend(entered.then(|| Action::Record(vec![start])));
            }
            Event::Progress { airing, position, muted, hole, .. } if airing == air.airing => {
                air.position = position;
                out.push(stamp(&air.job, airing, (position, muted, hole)));
            }
            Event::Segment { airing, n, frames } if airing == air.airing => {
                let file = air.master.manifest.marks.get(n as usize).map(|mark| mark.file);
                if let Some(file) = file {
                    out.push(Action::Record(vec![Body::Segment(SegmentFact { airing, n, file, frames })]));
                }
            }
            Event::Ended { airing, tally } if airing == air.airing && self.closing => {
                let position = air.job.before.heard + tally.consumed;
                out.push(stamp(&air.job, airing, (position, tally.muted, tally.hole)));
                self.phase = Phase::Idle;
            }
            Event::Ended { airing, tally } if airing == air.airing => {
                let end = judge::end(&air.job, air, &tally, self.rules.rehearsal);
                let job = air.job.clone();
                self.phase = Phase::Idle;
                self.ended(&job, end, out);
                out.push(Action::Player(Command::Close));
            }
            _ => {}
        }
    }
}

/// How far an airing was heard, with what was thrown away and the longest hole since its very beginning.
fn stamp(job: &Job, airing: Airing, (position, muted, hole): (Frames, Frames, TimeDelta)) -> Action {
    let before = &job.before;
    Action::Stamp { airing, position, muted: before.muted + muted, hole: before.hole.max(hole) }
}
