//! What systemd's watchdog is fed by: that everything that must advance does, and not only that a loop turns.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Questions to the player and to the log's writer, asked in each period and answered before the next. The loop
/// itself is shown by asking.
#[derive(Debug)]
pub(super) struct Pulse {
    player: Answered,
    writer: Answered,
}

/// Set by whoever was asked.
#[derive(Debug, Clone)]
pub(super) struct Answered(Arc<AtomicBool>);

impl Answered {
    /// The answer.
    pub fn yes(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn ask(&self) -> Answered {
        self.0.store(false, Ordering::Relaxed);
        self.clone()
    }
}

impl Default for Pulse {
    /// Nobody was asked yet, so nobody owes an answer.
    fn default() -> Pulse {
        let answered = || Answered(Arc::new(AtomicBool::new(true)));
        Pulse { player: answered(), writer: answered() }
    }
}

impl Pulse {
    /// Where the player and the writer answer, when both have answered what they were asked before: then they are to
    /// be asked anew. A question that is still open stays so.
    pub fn beat(&self) -> Option<(Answered, Answered)> {
        let alive = self.player.is_there() && self.writer.is_there();
        alive.then(|| (self.player.ask(), self.writer.ask()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_beats_while_both_answer() {
        let pulse = Pulse::default();
        let (player, writer) = pulse.beat().unwrap();
        assert!(pulse.beat().is_none(), "nobody has answered");
        player.yes();
        assert!(pulse.beat().is_none(), "the writer has not");
        writer.yes();
        let (player, writer) = pulse.beat().unwrap();
        writer.yes();
        assert!(pulse.beat().is_none(), "the player has not");
        player.yes();
        assert!(pulse.beat().is_some());
    }
}
