//! From a master that is ready to the take, or to an end without a sound: the cue is written, and everything that
//! forbids sound is asked again, before it and behind it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Action, Controller, Job, Refused,
    controller::{Attempt, OnAir, Phase, missed},
    judge,
    message::{CUE_AT_ALL, RETRY},
    urgent::unaired,
};
use crate::{
    clock::Reading,
    evidence::{Body, Cue, End, OperatorAct, Outcome, Reason},
    media::Master,
    playout::{self, Command, Take},
};

impl Controller {
    pub(super) fn prepared(&mut self, of: &Job, result: Result<Arc<Master>, Refused>, now: DateTime<Utc>) {
        let Phase::Preparing { job, attempt } = &mut self.phase else { return };
        // The answer for a job that was stopped meanwhile must not air in another's place.
        if job != of {
            return;
        }
        match result {
            Ok(master) => {
                job.length = master.manifest.frames;
                self.phase = Phase::Ready { job: job.clone(), master, retry_at: None };
            }
            Err(why) => *attempt = Attempt::Failed { why, retry_at: now + RETRY },
        }
    }

    /// The last moment: everything that forbids sound is asked again, then the cue is written.
    pub(super) fn cue(&mut self, now: DateTime<Utc>, out: &mut Vec<Action>) {
        let Phase::Ready { job, .. } = &self.phase else { return };
        let begin = now.max(job.planned);
        if let Some((reason, detail)) = self.obstacle(job, begin) {
            return self.give_up(&Refused { reason, detail }, out);
        }
        let Phase::Ready { job, master, .. } = std::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        let cue = Cue {
            slot: job.slot.clone(),
            airing: job.before.airing,
            repairs: job.repairs.clone(),
            month: job.month,
            ward: job.ward,
            programme: job.programme.clone(),
            trigger: job.trigger,
            by: job.by.clone(),
            planned_ms: job.planned.timestamp_millis(),
            from: job.before.heard,
            frames: job.length,
            schedule: job.schedule,
            master: master.manifest.digest,
            loudness_lufs: master.manifest.loudness_lufs,
            true_peak_dbtp: master.manifest.true_peak_dbtp,
        };
        let at_all = now >= job.planned - CUE_AT_ALL;
        out.push(Action::RecordCue { cue: Box::new(cue), at_all });
        self.phase = Phase::Cueing { job, master, stopped: None };
    }

    pub(super) fn cued(&mut self, result: Result<u64, String>, asked: &Reading, out: &mut Vec<Action>) {
        let now = asked.wall;
        let Phase::Cueing { job, master, stopped } = std::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        let seq = match result {
            Ok(seq) => seq,
            Err(_) if now + RETRY <= job.planned + self.late_start() => {
                // Without its cue on disk a crash could air it twice: try again while there is time, for the last
                // time so that it still airs on its second.
                let last = job.planned - CUE_AT_ALL;
                let retry_at = if now < last { last.min(now + RETRY) } else { now + RETRY };
                self.phase = Phase::Ready { job, master, retry_at: Some(retry_at) };
                return;
            }
            Err(detail) => {
                self.phase = Phase::Ready { job, master, retry_at: None };
                return self.give_up(&Refused { reason: Reason::DiskFull, detail }, out);
            }
        };
        let airing = job.before.airing.unwrap_or(seq);
        if let (Some(slot), None) = (&job.repairs, job.before.airing) {
            self.make_goods.owed().begun(slot);
        }
        // The disk may have taken its time: what forbids sound is asked once more.
        let late = || self.obstacle(&job, now.max(job.planned)).map(|(reason, _)| reason);
        if let Some(reason) = stopped.or_else(late) {
            self.ended(&job, judge::abandoned(&job, airing, Some(reason), self.rules.rehearsal), out);
            return out.push(Action::Player(Command::Close));
        }
        let give_up_after = TimeDelta::seconds(i64::from(self.rules.policy.resume_within_s));
        // What has a second and was never heard may be as late as any start.
        let begin_within = if job.has_second() && job.before.airing.is_none() {
            (job.planned + self.late_start() - now.max(job.planned)).max(TimeDelta::zero())
        } else {
            give_up_after
        };
        let take = Take {
            airing,
            master: master.clone(),
            from: job.before.heard,
            asked: asked.clone(),
            start: if job.planned > now { playout::Start::At(job.planned) } else { playout::Start::Now },
            begin_within,
            give_up_after,
            end_by: self.end_by(&job, now),
        };
        out.push(Action::Player(Command::Take(Box::new(take))));
        let position = job.before.heard;
        let air = OnAir {
            job,
            airing,
            first: None,
            fault: None,
            master,
            position,
            sounding: false,
            slept: TimeDelta::zero(),
            displaced: false,
        };
        self.phase = Phase::OnAir(Box::new(air));
    }

    /// The job ends without a sound.
    pub(super) fn give_up(&mut self, why: &Refused, out: &mut Vec<Action>) {
        let (Phase::Preparing { job, .. } | Phase::Ready { job, .. }) =
            std::mem::replace(&mut self.phase, Phase::Idle)
        else {
            return;
        };
        out.push(Action::Player(Command::Close));
        if let Some(airing) = job.before.airing {
            let end = judge::abandoned(&job, airing, Some(why.reason), self.rules.rehearsal);
            return self.ended(&job, end, out);
        }
        if let Some(urgent) = &job.urgent {
            return out.push(Action::Record(vec![unaired(urgent, why.reason)]));
        }
        let Some(slot) = job.planned_slot() else {
            if let Some(slot) = &job.repairs {
                self.make_goods.owed().repaired(slot, Outcome::Missed, Some(why.reason));
            }
            let act = if job.repairs.is_some() { "make-good-refused" } else { "air-refused" };
            return out.push(Action::Record(vec![Body::Operator(OperatorAct {
                act: act.into(),
                by: job.by,
                reason: format!("{:?}: {}", why.reason, why.detail),
                slot: job.repairs,
                until_ms: None,
            })]));
        };
        self.make_goods.owed().closed(&slot.id, Outcome::Missed, Some(why.reason));
        out.push(Action::Record(vec![missed(&slot, why.reason, &why.detail)]));
    }

    /// An airing has its outcome.
    pub(super) fn ended(&mut self, job: &Job, end: End, out: &mut Vec<Action>) {
        if let Some(slot) = &job.slot {
            self.make_goods.owed().closed(slot, end.outcome, end.reason);
        }
        if let Some(slot) = &job.repairs {
            self.make_goods.owed().repaired(slot, end.outcome, end.reason);
        }
        out.push(Action::Record(vec![Body::End(Box::new(end))]));
    }
}
