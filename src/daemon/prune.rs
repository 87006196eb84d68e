//! Audio whose time of keeping is over goes once a day, on a worker, while nothing is on air.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::TimeDelta;
use tokio::sync::oneshot;

use super::{
    engine::{Engine, Follow},
    months::caught,
    people::no,
};
use crate::{
    clock::Reading,
    control::{self, PruneReport, Reply, Said},
    evidence::Body,
    store::{Log, StoreError},
    words::Message,
};

/// How often a running station looks for audio whose time is over.
const PRUNE_EVERY: TimeDelta = TimeDelta::days(1);

/// When audio was pruned last, and whether it is being pruned now.
#[derive(Default)]
pub(super) struct Pruning {
    at: Option<Reading>,
    /// Gone with the engine: the worker ends with it.
    running: Arc<AtomicBool>,
}

impl Engine {
    /// Prunes when a day has passed. Never by a clock that may be years ahead.
    pub(super) fn prune_if_due(&mut self, now: &Reading) {
        let due = self.pruning.at.as_ref().is_none_or(|at| now.since(at) >= PRUNE_EVERY);
        let certain = self.controller.clock_doubt().is_none() && self.ports.clock.health().synchronised;
        if due && certain && self.ports.follow == Follow::Calendar && self.is_idle() {
            self.pruning.at = Some(now.clone());
            self.prune(None);
        }
    }

    /// Prunes on a worker and tells `reply`, or the trace log, what came of it.
    pub(super) fn prune(&mut self, reply: Option<oneshot::Sender<Reply>>) {
        let refuse = |code| Reply::No(Said::of(&Message::new(code)));
        // A hold may stand among what the log could not take yet.
        if self.ports.writer.unwritten() > 0 {
            reply.map(|reply| reply.send(refuse("prune-unwritten")));
            return;
        }
        if self.pruning.running.swap(true, Ordering::AcqRel) {
            reply.map(|reply| reply.send(refuse("prune-running")));
            return;
        }
        let running = Arc::downgrade(&self.pruning.running);
        let ports = &self.ports;
        let (folder, writer, clock) = (ports.folder.clone(), ports.writer.clone(), ports.clock.clone());
        let month = self.this_month();
        (self.ports.work)(Box::new(move || {
            let enter = |body: Body| {
                if running.strong_count() == 0 || writer.unwritten() > 0 {
                    return Err(StoreError::Ended);
                }
                let clk = control::clk(clock.as_ref(), folder.station.zone);
                writer.append(vec![(clk, body)], Vec::new()).map(drop)
            };
            let pruned = caught(|| {
                let log = Log::read_only(&folder.log_path())?;
                control::prune(&folder, &log, month, Some(&enter))
            });
            if let Some(running) = running.upgrade() {
                running.store(false, Ordering::Release);
            }
            match (reply, pruned) {
                (Some(reply), Ok(report)) => drop(reply.send(Reply::Pruned(Box::new(report)))),
                (Some(reply), Err(error)) => drop(reply.send(no(&error))),
                (None, Ok(report)) => trace(&report),
                (None, Err(error)) => tracing::warn!("nothing was pruned: {error}"),
            }
        }));
    }
}

fn trace(report: &PruneReport) {
    if !report.files.is_empty() {
        tracing::info!(files = report.files.len(), left = report.left, "audio was deleted in its time");
    }
}
