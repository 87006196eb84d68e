//! What people ask of a running station, and how they are answered.

use chrono::TimeDelta;
use tokio::sync::oneshot;

use super::{engine::Engine, status::status};
use crate::{
    airing::{Answer, Input},
    control::{self, Ask, ControlError, LogHead, Record, Reply, Said},
    evidence::{Body, OperatorAct},
    store::Log,
    words::Message,
};

/// Nobody restarts a station so close before a slot.
const BEFORE_A_SLOT: TimeDelta = TimeDelta::minutes(2);

impl Engine {
    pub(super) fn asked(&mut self, ask: Ask, reply: oneshot::Sender<Reply>) {
        if let Err(message) = control::fits(&ask) {
            let _ = reply.send(Reply::No(Said::of(&message)));
            return;
        }
        let token = self.tokens;
        self.tokens += 1;
        let input = match ask {
            Ask::Status => {
                // The clock is asked first: what is told is not older than the question.
                self.step(Input::Tick);
                let head = Log::read_only(&self.ports.folder.log_path()).and_then(|log| LogHead::of(&log));
                let _ = reply.send(match head {
                    Ok(head) => Reply::Status(Box::new(status(self, head))),
                    Err(error) => Reply::Failed(error.to_string()),
                });
                return;
            }
            Ask::Note { .. }
            | Ask::Correct { .. }
            | Ask::Enter { .. }
            | Ask::Hold { .. }
            | Ask::Lift { .. }
            | Ask::Act { .. }
            | Ask::Package { .. }
            | Ask::Anchor { .. }
            | Ask::Read { .. } => return self.enter(&ask, reply),
            Ask::Look {} => {
                self.look_again();
                let _ = reply.send(Reply::Done(Said::of(&Message::new("look-done"))));
                return;
            }
            Ask::Restart { by } => return self.restart(by, reply),
            Ask::Tone { by } => Input::Tone { token, by },
            Ask::Prune {} => match self.controller.clock_doubt() {
                Some(doubt) => {
                    let _ = reply.send(Reply::No(Said::of(doubt)));
                    return;
                }
                None => return self.prune(Some(reply)),
            },
            Ask::Air { schedule, programme, test, by } => {
                match control::airable(&self.ports.folder, schedule, &programme) {
                    Ok((digest, length)) => {
                        Input::Air { token, programme: (schedule, programme), digest, length, test, by }
                    }
                    Err(error) => {
                        let _ = reply.send(no(&error));
                        return;
                    }
                }
            }
            Ask::Stop { by, reason, hold_until } => Input::Stop { token, by, reason, hold_until },
            Ask::Release { by } => Input::Release { token, by },
            Ask::ConfirmClock { by } => Input::ConfirmClock { token, by },
            Ask::Cancel { slot, by, reason } => Input::Cancel { token, slot, by, reason },
        };
        self.waiting.insert(token, reply);
        self.step(input);
    }

    /// Ends this process, for systemd to start it again: never over something that airs, nor close before it.
    fn restart(&mut self, by: String, reply: oneshot::Sender<Reply>) {
        let soon = self.ports.clock.now().wall + BEFORE_A_SLOT;
        let next = self.controller.upcoming().next().into_iter().chain(self.controller.make_goods().next());
        let near = next.filter(|slot| slot.at < soon).map(|slot| slot.id.clone()).next();
        let no = match near {
            _ if !self.is_idle() => Some(Message::new("air-busy")),
            Some(slot) => Some(Message::new("air-slot-near").with("slot", slot)),
            None => None,
        };
        if let Some(no) = no {
            let _ = reply.send(Reply::No(Said::of(&no)));
            return;
        }
        let (act, reason) = ("restart".into(), String::new());
        let act = OperatorAct { act, by, reason, slot: None, until_ms: None };
        self.append(vec![Body::Operator(act)], Vec::new(), move |result| {
            let _ = reply.send(match result {
                Ok(_) => Reply::Done(Said::of(&Message::new("restart-done"))),
                Err(error) => Reply::Failed(error.to_string()),
            });
        });
        self.leaving = true;
    }

    /// Examines what a person wants to be entered, and answers when it is durable.
    fn enter(&self, ask: &Ask, reply: oneshot::Sender<Reply>) {
        let record = match self.examine(ask) {
            Ok(Some(record)) => record,
            Ok(None) => return,
            Err(error) => {
                let _ = reply.send(no(&error));
                return;
            }
        };
        self.append(vec![record.body], record.blobs, move |result| {
            let _ = reply.send(match result {
                Ok(seqs) => {
                    let seq = seqs.first().copied().unwrap_or_default();
                    Reply::Done(Said::of(&Message::new(record.done).with("entry", seq)))
                }
                Err(error) => Reply::Failed(error.to_string()),
            });
        });
    }

    fn examine(&self, ask: &Ask) -> Result<Option<Record>, ControlError> {
        // Nothing that was asked a moment ago is still on its way to the disk: two equal requests in a row
        // must not both find that there is none such yet.
        self.ports.writer.append(Vec::new(), Vec::new())?;
        let folder = &self.ports.folder;
        let log = Log::read_only(&folder.log_path())?;
        control::record(folder, &log, ask, self.ports.clock.now().wall)
    }

    pub(super) fn answer(&mut self, token: u64, answer: &Answer) {
        if let Some(reply) = self.waiting.remove(&token) {
            let _ = reply.send(match answer {
                Ok(message) => Reply::Done(Said::of(message)),
                Err(message) => Reply::No(Said::of(message)),
            });
        }
    }
}

pub(super) fn no(error: &ControlError) -> Reply {
    match error {
        ControlError::No(message) => Reply::No(Said::of(message)),
        ControlError::Media(refusal) => Reply::No(Said::of(&refusal.message())),
        other => Reply::Failed(other.to_string()),
    }
}
