//! A station's errand: to be enrolled, to bring what is new, to say how it is, and to fetch what it shall hold. One step
//! after the other, again and again; whoever calls waits in between.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};

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

/// For so long entries are brought at a time: then the station asks what it shall hold, since what is urgent does not wait
/// until weeks have come home over a slow line.
const BRING_FOR: Duration = Duration::from_secs(1);

/// How often a centre is asked that has not enrolled this station yet, or that said no and nothing else.
const ASK_AGAIN: Duration = Duration::from_secs(20);

/// A centre that is away is tried again after this, and later and later, up to the second.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// Further apart than this the clocks here and at the centre are not both right.
const MOST_APART: TimeDelta = TimeDelta::minutes(1);

/// What is known of the way to the centre, for those who ask.
pub type Told = Arc<Mutex<Option<Lamp>>>;

/// How an errand went.
enum Went {
    /// The centre has the whole log.
    Home,
    /// The centre has more of the log than before, and not all.
    Partly,
    /// An officer asks for this code first.
    Asked(String),
    /// The centre takes the log no further, for this reason; what the station shall hold it heard.
    Stays(SyncError),
}

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
    /// The tag of what was last looked through for something urgent.
    looked: String,
    failures: u32,
    /// The head of another history at the centre to which one of this was shown.
    owned_up: String,
    /// What the clocks here and at the centre said at the same moment, where they were too far apart.
    apart: Option<Message>,
    told: Told,
}

impl Errand {
    /// The errand of a station to the centre of `link`.
    #[must_use]
    pub fn new(home: Home, studio: Studio, link: Link, told: Told) -> Errand {
        let (held, fetch) = (home.acknowledged_size(), Fetch::new(&studio.folder, &link));
        let (enrolled, pace, way) = (false, Pace::default(), None);
        let (have, looked, owned_up) = (String::new(), String::new(), String::new());
        let (failures, apart) = (0, None);
        Errand {
            home,
            studio,
            link,
            way,
            fetch,
            held,
            pace,
            enrolled,
            have,
            looked,
            failures,
            owned_up,
            apart,
            told,
        }
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
            Ok(Went::Partly) => return Duration::ZERO,
            Ok(Went::Home) => {
                self.failures = 0;
                let heard = || lamp("ok", Message::new("centre-heard"));
                (self.apart.as_ref().map_or_else(heard, |apart| Lamp::new("error", apart)), Duration::ZERO)
            }
            Ok(Went::Asked(code)) => {
                (lamp("warning", Message::new("centre-asked").with("code", code)), ASK_AGAIN)
            }
            // It has waited at the centre already: what is urgent comes as soon as elsewhere.
            Ok(Went::Stays(no)) => (self.refused(no, &at), Duration::ZERO),
            Err(no @ (SyncError::Own(ControlError::No(_)) | SyncError::Refused { .. })) => {
                (self.refused(no, &at), ASK_AGAIN)
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

    /// What is said `at` a time of a no.
    fn refused(&mut self, no: SyncError, at: &str) -> Lamp {
        let message = match no {
            SyncError::Own(ControlError::No(own)) => {
                self.failures = 0;
                return Lamp::new("error", &own);
            }
            SyncError::Refused { status, words } => {
                self.enrolled = false;
                Message::new("centre-refused").with("status", status).with("detail", words)
            }
            other => Message::new("centre-away").with("detail", other),
        };
        Lamp::new("error", &message.with("at", at))
    }

    fn go(&mut self, way: &mut dyn Transport) -> Result<Went, SyncError> {
        if !self.enrolled {
            let (wish, code) = self.home.wish()?;
            if way.enrol(&wish)?.standing == "asked" {
                return Ok(Went::Asked(code));
            }
            self.enrolled = true;
        }
        match self.bring(way) {
            Ok(whole) => {
                self.confer(way, whole)?;
                Ok(if whole { Went::Home } else { Went::Partly })
            }
            // A log that the centre takes no further stays here; the station airs on: it says how it is, and fetches its
            // months. What else goes wrong is not what is the matter.
            Err(no) if is_no(&no) => match self.confer(way, true) {
                Ok(()) => Ok(Went::Stays(no)),
                Err(error) => {
                    tracing::info!("centre: {error}");
                    Err(no)
                }
            },
            Err(error) => Err(error),
        }
    }

    /// Says how the station is and fetches what it shall hold. Where nothing more of the log is to be brought it is `at_rest`:
    /// it waits until there is something new, and fetches not only what is urgent.
    fn confer(&mut self, way: &mut dyn Transport, at_rest: bool) -> Result<(), SyncError> {
        let Reply::Status(mut status) = self.studio.ask_waiting(Ask::Status) else {
            return Err(SyncError::Away("this station is busy".into()));
        };
        if let Some(apart) = self.apart.as_ref().filter(|_| status.clock.state != "error") {
            status.clock = with_remedy(Lamp::new("error", apart));
        }
        let word = self.home.word(&self.studio.glance, &status, self.studio.now().timestamp_millis())?;
        let desired = way.speak(&word, &self.have, if at_rest { WAIT } else { Duration::ZERO })?;
        let is_due = self.fetch.is_due(self.studio.now(), Instant::now());
        // The log comes home before months go out; what is urgent waits for neither, and is looked for once.
        if (desired.tag != self.have || is_due) && (at_rest || self.looked != desired.tag) {
            let came = self.fetch.fetch(way, &self.studio, &desired, !at_rest)?;
            if came != Came::Otherwise {
                self.looked.clone_from(&desired.tag);
            }
            if came == Came::All {
                self.have = desired.tag;
            }
        }
        Ok(())
    }

    /// Brings entries until the centre has what the log had when it began, or for a while; gives whether that is all.
    fn bring(&mut self, way: &mut dyn Transport) -> Result<bool, SyncError> {
        let (until, set_out) = (self.home.size()?, Instant::now());
        // What was laid earlier may have been taken meanwhile.
        let head = way.head(ANSWER_WITHIN)?;
        if !head.is_empty()
            && let Err(error) = self.take(&head)
        {
            self.own_up(way, &head, until);
            return Err(error);
        }
        let (mut lost, held_before) = (false, self.held);
        while self.held < until {
            if set_out.elapsed() > BRING_FOR && self.held > held_before {
                return Ok(false);
            }
            let push = self.home.push(self.held, self.pace.leaves())?;
            let (began, from) = (Instant::now(), self.studio.now());
            let brought = self.bring_bytes(way, &push).and_then(|()| way.push(&push));
            match &brought {
                Ok(_) => self.pace.went(began.elapsed()),
                Err(_) => self.pace.broke(),
            }
            match brought? {
                Answer::Cosigned(line) => {
                    let time = self.take(&format!("{}{}\n", push.head, line.trim_end()))?;
                    // Of an acknowledgement that tells no time nothing new is known.
                    if let Some(time) = time {
                        self.apart = apart(time, from, self.studio.now())
                            .map(|[own, centre]| self.told_apart(own, centre));
                    }
                    // A line that breaks and brings something in between is no line that is away.
                    self.failures = 0;
                }
                // It may go on by another way at the same time; it never goes back twice.
                Answer::Elsewhere(size) if size > self.held => self.held = size,
                Answer::Elsewhere(size) if !lost => (self.held, lost) = (size, true),
                Answer::Elsewhere(_) => return Err(SyncError::Unclear),
                Answer::Laid => return Ok(true),
            }
        }
        Ok(true)
    }

    /// Where the centre holds another history under `head`: shows it a head of this one, so that it has both with their
    /// signatures. Once is enough: what an officer settled is not red again as this log grows.
    fn own_up(&mut self, way: &mut dyn Transport, head: &str, size: u64) {
        let at_centre = Checkpoint::unchecked(head).map_or(0, |head| head.size);
        if self.owned_up == head {
            return;
        }
        let Ok(push) = self.home.push(at_centre.min(size), 1) else { return };
        // A no is what it says to another history; a shorter log may yet become one.
        if matches!(way.push(&push), Err(SyncError::Refused { .. })) {
            head.clone_into(&mut self.owned_up);
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

    fn told_apart(&self, own: DateTime<Utc>, centre: DateTime<Utc>) -> Message {
        let zone = self.studio.folder.station.zone;
        let [own, centre] =
            [own, centre].map(|at| at.with_timezone(&zone).format("%H:%M %d/%m/%Y").to_string());
        Message::new("centre-clock-apart").with("own", own).with("centre", centre)
    }

    /// Takes an acknowledgement, and enters it. Gives when the centre made it, in seconds since 1970 by its clock, where it
    /// is worth an entry.
    fn take(&mut self, note: &str) -> Result<Option<u64>, SyncError> {
        let (size, fact) = self.home.acknowledged(note, self.held)?;
        self.held = size;
        let time = fact.as_ref().map(|fact| fact.time);
        if let Some(fact) = fact
            && let Reply::Failed(why) = self.studio.ask_waiting(Ask::Anchor { fact: Box::new(fact) })
        {
            // It stands beside the log; the next one bounds the time as well.
            tracing::warn!("the acknowledgement is not entered: {why}");
        }
        Ok(time)
    }
}

/// Whether a step ended since this log is not to be taken as it is, and not since the line broke or nobody knows the station.
fn is_no(error: &SyncError) -> bool {
    matches!(error, SyncError::Own(ControlError::No(_)) | SyncError::Refused { status: 400 | 413 | 422, .. })
}

/// The time here and at the centre, where the centre's clock said `time` (seconds since 1970) to what was asked at `from` and
/// answered at `until`, and that was too far from both: one of the two is wrong, however sure its kernel is.
fn apart(time: u64, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<[DateTime<Utc>; 2]> {
    let centre = DateTime::from_timestamp(i64::try_from(time).ok()?, 0)?;
    // It says whole seconds: it may have been up to one later.
    let is_apart = from - centre > MOST_APART + TimeDelta::seconds(1) || centre - until > MOST_APART;
    is_apart.then_some([until, centre])
}

/// The lamp as it goes into a word, where a hint has no place of its own: whoever reads it at the centre is to know what to
/// do about it.
fn with_remedy(mut lamp: Lamp) -> Lamp {
    for (sentence, hint) in lamp.said.sentence.iter_mut().zip(&lamp.said.hint) {
        sentence.push(' ');
        sentence.push_str(hint);
    }
    lamp
}

/// Stations that lost their centre at the same moment do not all come back at the same moment.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_apart_from_a_minute_on_whatever_the_answer_took() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        for (time, from, until, is_apart) in [
            (1000, 1000, 1000, false),
            (1000, 1061, 1061, false),
            (1000, 1062, 1062, true),
            (1060, 1000, 1000, false),
            (1061, 1000, 1000, true),
            // The line took ten minutes, at any moment of which the centre may have signed.
            (1000, 1000, 1600, false),
            (1660, 1000, 1600, false),
            (1661, 1000, 1600, true),
            (1000, 1062, 1600, true),
            (0, 1000, 1001, true),
        ] {
            let found = apart(time, at(from), at(until));
            let told = is_apart.then(|| [at(until), at(i64::try_from(time).unwrap())]);
            assert_eq!(found, told, "{time} within {from} to {until}");
        }
    }

    #[test]
    fn the_remedy_fits_on_the_line_that_a_list_of_stations_has() {
        let at = "23:59 31/12/2035";
        let message = Message::new("centre-clock-apart").with("own", at).with("centre", at);
        for words in with_remedy(Lamp::new("error", &message)).said.sentence {
            assert!(words.matches(at).count() == 2 && words.contains("timedatectl"), "{words}");
            assert!(words.chars().count() <= 160, "{} of {words}", words.chars().count());
        }
    }
}
