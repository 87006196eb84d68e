//! The player's own thread, and what its owner holds of it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self, Receiver, SendError, Sender},
    },
    thread::{self, JoinHandle},
};

use crate::{clock::Clock, config, words};

use super::{
    message::{Command, Event},
    output::Choice,
    player::Player,
};

/// A running player. Dropped, it fades what is on air, closes the device and waits for that.
pub struct PlayerHandle {
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Player {
    /// Starts a player on a thread of its own, named `playout`. A panic in it is caught at its door
    /// and told as [`Event::Crashed`].
    pub fn spawn(
        choice: Choice,
        settings: config::Output,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<(PlayerHandle, Receiver<Event>)> {
        let (commands, inbox) = mpsc::channel();
        // Unbounded on purpose: a full channel would block sound or lose a word about it; about six
        // events a second arise at most.
        let (outbox, events) = mpsc::channel();
        let thread = thread::Builder::new().name("playout".into()).spawn(move || {
            let door = outbox.clone();
            let run = move || {
                let mut player = Player::new(choice, settings, clock, inbox, outbox);
                let mut wake = player.step();
                while !player.finished() {
                    wake = player.wait_and_step(wake);
                }
            };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
                let _ = door.send(Event::Crashed { detail: words::of_panic(&*panic).into() });
            }
        })?;
        Ok((PlayerHandle { commands: Some(commands), thread: Some(thread) }, events))
    }
}

impl PlayerHandle {
    /// Tells the player what to do; the error means that it is gone.
    pub fn send(&self, command: Command) -> Result<(), SendError<Command>> {
        match &self.commands {
            Some(commands) => commands.send(command),
            None => Err(SendError(command)),
        }
    }
}

impl Drop for PlayerHandle {
    fn drop(&mut self) {
        // The player quits when nobody can command it any more.
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // Its panic was caught inside.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Health, Reading};

    /// A clock of a broken machine.
    struct Broken;

    impl Clock for Broken {
        fn now(&self) -> Reading {
            panic!("the clock is broken")
        }

        fn health(&self) -> Health {
            Health { synchronised: false, max_error_us: 0 }
        }

        fn boot_id(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn a_panic_of_the_player_is_caught_and_told() {
        let settings = config::Output::default();
        let (player, events) = Player::spawn(Choice::Rehearsal, settings, Arc::new(Broken)).unwrap();
        let told: Vec<_> = events.iter().collect();
        assert!(
            matches!(&told[..], [Event::Crashed { detail }] if detail == "the clock is broken"),
            "{told:?}"
        );
        assert!(player.send(Command::Ping).is_err(), "it is gone");
    }
}
