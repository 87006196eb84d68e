//! A station's errand: to be enrolled, to bring what is new, to say how it is, and to fetch what it shall hold. One step
//! after the other, again and again; whoever calls waits in between.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    Answer, SyncError, Transport,
    fetch::{Came, Fetch},
    https::ANSWER_WITHIN,
    pace::Pace,
    way,
};
use crate::{
    config::Link,
    control::{Ask, ControlError, Home, Lamp, Reply, Studio},
    evidence::Checkpoint,
    fleet::Push,
    words::Message,
};

/// How long a word waits at the centre for something new to hold: so long does what is entered meanwhile stay here.
const WAIT: Duration = Duration::from_secs(15);

/// How often a centre is asked that has not enrolled this station yet, or that said no.
const ASK_AGAIN: Duration = Duration::from_secs(20);

/// A centre that is away is tried again after this, and later and later, up to the second.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// What is known of the way to the centre, for those who ask.
pub type Told = Arc<Mutex<Option<Lamp>>>;

/// A station on its way, again and again.
pub struct Errand {
    home: Home,
    studio: Studio,
    link: Link,
    /// Found on the thread that goes it: it waits by itself, and not where others must not.
    way: Option<Box<dyn Transport>>,
    fetch: Fetch,
    /// How many entries the centre has.
    held: u64,
    pace: Pace,
    enrolled: bool,
    /// The tag of what it holds.
    have: String,
    failures: u32,
    told: Told,
}

impl Errand {
    /// The errand of a station to the centre of `link`.
    #[must_use]
    pub fn new(home: Home, studio: Studio, link: Link, told: Told) -> Errand {
        let (held, fetch) = (home.acknowledged_size(), Fetch::new(&studio.folder, &link));
        let (enrolled, have, pace) = (false, String::new(), Pace::default());
        Errand { home, studio, link, way: None, fetch, held, pace, enrolled, have, failures: 0, told }
    }

    /// Goes once: brings everything that is new, then waits for something to hold. Gives how long to wait before the next
    /// time.
    pub fn step(&mut self) -> Duration {
        let found = match self.way.take() {
            Some(found) => Ok(found),
            None => way(&self.link, &self.home),
        };
        let went = found.and_then(|mut found| {
            let went = self.go(found.as_mut());
            self.way = Some(found);
            went
        });
        let at = self
            .studio
            .now()
            .with_timezone(&self.studio.folder.station.zone)
            .format("%H:%M %d/%m")
            .to_string();
        let lamp = |state, message: Message| Lamp::new(state, &message.with("at", &at));
        let (lamp, pause) = match went {
            Ok(None) => {
                self.failures = 0;
                (lamp("ok", Message::new("centre-heard")), Duration::ZERO)
            }
            Ok(Some(code)) => (lamp("warning", Message::new("centre-asked").with("code", code)), ASK_AGAIN),
            Err(SyncError::Own(ControlError::No(no))) => (Lamp::new("error", &no), ASK_AGAIN),
            Err(SyncError::Refused { status, words }) => {
                self.enrolled = false;
                let no = Message::new("centre-refused").with("status", status).with("detail", words);
                (lamp("error", no), ASK_AGAIN)
            }
            Err(error) => {
                let pause = TRY_AGAIN.0.saturating_mul(1 << self.failures.min(6)).min(TRY_AGAIN.1);
                self.failures += 1;
                (lamp("warning", Message::new("centre-away").with("detail", error)), jittered(pause))
            }
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref().is_none_or(|told| told.said.code != lamp.said.code) {
            tracing::info!("centre: {}", lamp.detail);
        }
        *told = Some(lamp);
        pause
    }

    /// Gives the code that an officer asks for, where this station is not enrolled yet.
    fn go(&mut self, way: &mut dyn Transport) -> Result<Option<String>, SyncError> {
        if !self.enrolled {
            let (wish, code) = self.home.wish()?;
            if way.enrol(&wish)?.standing == "asked" {
                return Ok(Some(code));
            }
            self.enrolled = true;
        }
        self.bring(way)?;
        let Reply::Status(status) = self.studio.ask_waiting(Ask::Status) else {
            return Err(SyncError::Away("this station is busy".into()));
        };
        let word = self.home.word(&self.studio.glance, &status, self.studio.now().timestamp_millis())?;
        let desired = way.speak(&word, &self.have, WAIT)?;
        if desired.tag != self.have || self.fetch.is_due(self.studio.now()) {
            let came = self.fetch.fetch(way, &desired, self.studio.now())?;
            if came != Came::Otherwise {
                self.fetch.import(&self.studio, came == Came::All)?;
            }
            if came == Came::All {
                self.have = desired.tag;
            }
        }
        Ok(None)
    }

    /// Brings entries until the centre has what the log had when it began.
    fn bring(&mut self, way: &mut dyn Transport) -> Result<(), SyncError> {
        let until = self.home.size()?;
        // What was laid earlier may have been taken meanwhile.
        let head = way.head(ANSWER_WITHIN)?;
        if !head.is_empty()
            && let Err(error) = self.take(&head)
        {
            self.own_up(way, &head, until);
            return Err(error);
        }
        let mut lost = false;
        while self.held < until {
            let push = self.home.push_of(self.held, self.pace.leaves())?;
            let began = Instant::now();
            let brought = self.bring_bytes(way, &push).and_then(|()| way.push(&push));
            match &brought {
                Ok(_) => self.pace.went(began.elapsed()),
                Err(_) => self.pace.broke(),
            }
            match brought? {
                Answer::Cosigned(line) => {
                    self.take(&format!("{}{}\n", push.head, line.trim_end()))?;
                    // A line that breaks and brings something in between is no line that is away.
                    self.failures = 0;
                }
                // It may go on by another way at the same time; it never goes back twice.
                Answer::Elsewhere(size) if size > self.held => self.held = size,
                Answer::Elsewhere(size) if !lost => (self.held, lost) = (size, true),
                Answer::Elsewhere(_) => return Err(SyncError::Unclear),
                Answer::Laid => return Ok(()),
            }
        }
        Ok(())
    }

    /// Where the centre holds another history: shows it the head of this one, so that it has both with their signatures.
    fn own_up(&self, way: &mut dyn Transport, head: &str, size: u64) {
        let at_centre = Checkpoint::unchecked(head).map_or(0, |head| head.size);
        if let Ok(push) = self.home.push(at_centre.min(size)) {
            // What it says is a no; what it keeps is what matters.
            let _ = way.push(&push);
        }
    }

    fn bring_bytes(&self, way: &mut dyn Transport, push: &Push) -> Result<(), SyncError> {
        let named = self.home.named(push);
        if named.is_empty() {
            return Ok(());
        }
        for digest in way.missing(&named)? {
            if let Some((kind, bytes)) = self.home.bytes(push, digest)? {
                way.bring(kind, &bytes)?;
            }
        }
        Ok(())
    }

    /// Takes an acknowledgement, and enters it.
    fn take(&mut self, note: &str) -> Result<(), SyncError> {
        let (size, fact) = self.home.acknowledged(note, self.held)?;
        self.held = size;
        if let Some(fact) = fact
            && let Reply::Failed(why) = self.studio.ask_waiting(Ask::Anchor { fact: Box::new(fact) })
        {
            // It stands beside the log; the next one bounds the time as well.
            tracing::warn!("the acknowledgement is not entered: {why}");
        }
        Ok(())
    }
}

/// Stations that lost their centre at the same moment do not all come back at the same moment.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64())
}
