//! What people ask of the controller: air now, stop, hold, release, cancel, end.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Action, Answer, Controller, Input, Job, Refused,
    controller::{Phase, missed_as},
    job::Before,
    message::PREPARE_AHEAD,
};
use crate::{
    evidence::{Body, OperatorAct, Outcome, Reason, Trigger},
    playout::Command,
    units::SlotId,
    words::{Lang, Message},
};

/// The longest hold that a person may set.
const LONGEST_HOLD: TimeDelta = TimeDelta::hours(24);

impl Controller {
    pub(super) fn request(&mut self, input: Input, now: DateTime<Utc>, out: &mut Vec<Action>) {
        let (token, answer) = match input {
            Input::Air { token, programme: (name, programme), digest, length, test, by } => {
                let job = Job {
                    slot: None,
                    repairs: None,
                    month: name.month,
                    ward: name.ward,
                    programme,
                    planned: now,
                    length,
                    schedule: digest,
                    trigger: if test { Trigger::Test } else { Trigger::Manual },
                    by,
                    urgent: None,
                    before: Before::default(),
                };
                (token, self.air(job, now, out))
            }
            Input::Stop { token, by, reason, hold_until } => {
                (token, self.stop(&by, &reason, hold_until, now, out))
            }
            Input::Release { token, by } => (token, self.release(&by, out)),
            Input::ConfirmClock { token, by } => (token, self.confirm_clock(&by, now, out)),
            Input::Cancel { token, slot, by, reason } => (token, self.cancel(&slot, &by, &reason, out)),
            Input::Tone { token, by } => return self.tone(token, &by, now, out),
            Input::Shutdown => return self.close(out),
            _ => return,
        };
        out.push(Action::Answer { token, answer });
    }

    fn air(&mut self, job: Job, now: DateTime<Utc>, out: &mut Vec<Action>) -> Answer {
        if !self.is_idle() {
            return Err(Message::new("air-busy"));
        }
        if let Some(until) = self.hold() {
            return Err(Message::new("air-held").with("until", self.local(until)));
        }
        if let Some(doubt) = self.clock_doubt() {
            return Err(doubt.clone());
        }
        if !self.fits(&job, now) {
            return Err(Message::new("air-quiet-hours"));
        }
        let end = now + job.rest_span() + PREPARE_AHEAD;
        if let Some(slot) = self.next_slot().filter(|slot| slot.at < end) {
            return Err(Message::new("air-slot-near").with("slot", &slot.id));
        }
        let said = Message::new("air-begun").with("programme", &job.programme).with("month", job.month);
        out.push(operator("air", &job.by, "", None, None));
        self.begin(job, now, out);
        Ok(said)
    }

    fn stop(
        &mut self,
        by: &str,
        reason: &str,
        hold_until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        out: &mut Vec<Action>,
    ) -> Answer {
        if let Some(until) = hold_until {
            if until <= now || until > now + LONGEST_HOLD {
                return Err(Message::new("hold-too-long").with("until", self.local(until)));
            }
            self.hold_until = Some(until);
        }
        let act = if hold_until.is_some() { "hold" } else { "stop" };
        // Silence first; the entry follows.
        let sounding = self.silence(reason, out);
        out.push(operator(act, by, reason, None, hold_until));
        Ok(match hold_until {
            Some(until) => Message::new("stop-held").with("until", self.local(until)),
            None if sounding => Message::new("stop-done"),
            None => Message::new("stop-nothing"),
        })
    }

    /// Ends what is on air or on its way there; tells whether there was anything.
    fn silence(&mut self, detail: &str, out: &mut Vec<Action>) -> bool {
        if self.stop_player(out) {
            return true;
        }
        let preparing = !self.is_idle();
        self.give_up(&Refused { reason: Reason::OperatorStop, detail: detail.into() }, out);
        preparing
    }

    fn release(&mut self, by: &str, out: &mut Vec<Action>) -> Answer {
        if self.hold_until.take().is_none() {
            return Err(Message::new("release-nothing"));
        }
        out.push(operator("release", by, "", None, None));
        Ok(Message::new("release-done"))
    }

    fn confirm_clock(&mut self, by: &str, now: DateTime<Utc>, out: &mut Vec<Action>) -> Answer {
        let Some(doubt) = self.trust.doubt() else {
            return Err(Message::new("clock-not-doubted").with("now", self.local(now)));
        };
        out.push(operator("clock-confirm", by, &doubt.say(Lang::Vi), None, None));
        self.trust.believe(now);
        Ok(Message::new("clock-confirmed").with("now", self.local(now)))
    }

    fn cancel(&mut self, id: &SlotId, by: &str, reason: &str, out: &mut Vec<Action>) -> Answer {
        let act = operator_body("cancel", by, reason, Some(id.clone()), None);
        if let Some(slot) = self.take_due(id).or_else(|| self.take_back(id, out)) {
            let cancelled = missed_as(&slot, Outcome::Cancelled, Reason::Cancelled, reason);
            out.push(Action::Record(vec![act, cancelled]));
            return Ok(Message::new("cancel-done").with("slot", id));
        }
        if !self.waive(id, out) {
            return Err(Message::new("cancel-unknown").with("slot", id));
        }
        out.push(Action::Record(vec![act]));
        Ok(Message::new("cancel-make-good").with("slot", id))
    }

    /// Nobody wants the slot `id` made good any more; tells whether it was to be, and had not begun.
    fn waive(&mut self, id: &SlotId, out: &mut Vec<Action>) -> bool {
        match &self.phase {
            Phase::Cueing { job, .. } if job.repairs.as_ref() == Some(id) => return false,
            Phase::OnAir(air) if air.job.repairs.as_ref() == Some(id) => return false,
            Phase::Preparing { job, .. } | Phase::Ready { job, .. } if job.repairs.as_ref() == Some(id) => {
                out.push(Action::Player(Command::Close));
                self.phase = Phase::Idle;
            }
            _ => {}
        }
        self.make_goods.owed().waived(id)
    }
}

fn operator(act: &str, by: &str, reason: &str, slot: Option<SlotId>, until: Option<DateTime<Utc>>) -> Action {
    Action::Record(vec![operator_body(act, by, reason, slot, until)])
}

fn operator_body(
    act: &str,
    by: &str,
    reason: &str,
    slot: Option<SlotId>,
    until: Option<DateTime<Utc>>,
) -> Body {
    Body::Operator(OperatorAct {
        act: act.into(),
        by: by.into(),
        reason: reason.into(),
        slot,
        until_ms: until.map(|until| until.timestamp_millis()),
    })
}
