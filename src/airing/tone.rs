//! A second of tone on the device that airs, when a person wants to hear it: never over a programme, never close
//! before one, never outside the windows.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Action, Answer, Controller};
use crate::{
    evidence::{Body, OperatorAct},
    playout::{Command, Fault},
    words::Message,
};

/// No tone so close before a slot: its device must be free and probed.
const BEFORE_A_SLOT: TimeDelta = TimeDelta::minutes(2);

impl Controller {
    /// Lets the player sound it, or says at once why not. What the device did is the answer.
    pub(super) fn tone(&mut self, token: u64, by: &str, now: DateTime<Utc>, out: &mut Vec<Action>) {
        if let Err(answer) = self.may_sound(now) {
            out.push(Action::Answer { token, answer: Err(answer) });
            return;
        }
        self.tone = Some(token);
        let (act, by) = ("tone".into(), by.into());
        let act = OperatorAct { act, by, reason: String::new(), slot: None, until_ms: None };
        out.push(Action::Record(vec![Body::Operator(act)]));
        out.push(Action::Player(Command::Tone));
    }

    /// The device has answered.
    pub(super) fn toned(&mut self, device: &str, fault: Option<Fault>, detail: &str, out: &mut Vec<Action>) {
        let Some(token) = self.tone.take() else { return };
        let answer = match fault {
            None => Ok(Message::new("tone-heard").with("device", device)),
            Some(fault) => {
                let fault = format!("{fault:?}").to_ascii_lowercase();
                Err(Message::new("tone-failed")
                    .with("device", device)
                    .with("fault", fault)
                    .with("detail", detail))
            }
        };
        out.push(Action::Answer { token, answer });
    }

    fn may_sound(&self, now: DateTime<Utc>) -> Answer {
        if !self.is_idle() || self.tone.is_some() {
            return Err(Message::new("air-busy"));
        }
        if let Some(until) = self.hold() {
            return Err(Message::new("air-held").with("until", self.local(until)));
        }
        if let Some(doubt) = self.clock_doubt() {
            return Err(doubt.clone());
        }
        let second = TimeDelta::seconds(1);
        if self.rules.enforce_windows && !self.rules.windows.covers_at(self.rules.zone, now, second) {
            return Err(Message::new("tone-quiet-hours"));
        }
        match self.next_slot().filter(|slot| slot.at < now + BEFORE_A_SLOT) {
            Some(slot) => Err(Message::new("air-slot-near").with("slot", &slot.id)),
            None => Ok(Message::new("tone-heard")),
        }
    }
}
