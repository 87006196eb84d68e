//! What all pages share.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock as _};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::{error::Fault, form::Kept, on_air::Told};
use crate::config::Tls;
use crate::control::{Certificate, Compliance, ControlError, FleetGlance, People, Studio, secret_word};
use crate::words::Message;

/// Guesses of one person's password and of one machine: so many at once, then one more every minute and every ten
/// seconds. A person who mistypes is not kept out, and ten thousand guesses take a week.
const GUESSES_OF_A_PERSON: NonZeroU32 = NonZeroU32::new(5).unwrap();
const GUESSES_OF_A_MACHINE: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// An auditor may begin to look at so many things a minute; nobody reads faster.
const NEW_LOOKS: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Longer names are nobody's.
const LONGEST_ID: usize = 40;
/// So many people at their machines are remembered.
const MOST_KNOWN: usize = 1000;
/// So many passwords are checked at once: each takes 19 MiB.
const CHECKS_AT_ONCE: usize = 2;
/// Files that are decoded at once: each takes a core, and the sound needs one.
const DECODES_AT_ONCE: usize = 2;

/// Looking at the same thing again within this time is one look.
const LOOK: TimeDelta = TimeDelta::hours(1);

/// The shared state of the pages.
#[derive(Clone)]
pub(super) struct Site(Arc<Shared>);

/// Outputs with what they call themselves, and when they were asked.
type Devices = (Option<Instant>, Vec<(String, String)>);

pub(super) struct Shared {
    /// The running station.
    pub studio: Studio,
    /// Host names under which the pages may be asked for, lower case, without port.
    pub hosts: Vec<String>,
    /// Browsers shall never ask for the pages over another line, nor past a certificate that they do not trust. Where
    /// the station made its own, people have to go past it.
    pub strict: bool,
    /// They may be asked for under any address of this machine: an address is no trick with the name service.
    pub any_address: bool,
    /// Who alone may ask, where a proxy stands before the pages.
    pub proxy: Option<IpAddr>,
    /// Changes under way.
    pub changes: TaskTracker,
    /// Held by whoever changes settings: one after the other.
    pub changing: tokio::sync::Mutex<()>,
    /// The outputs that were found, and when.
    pub devices: Mutex<Devices>,
    /// The certificate in use.
    pub certificate: Mutex<Option<Certificate>>,
    /// Forms that came when nobody was signed in any more.
    pub kept: Mutex<Kept>,
    /// Held by the check of a month that is under way.
    pub checking: Arc<tokio::sync::Mutex<()>>,
    /// Held by what decodes audio that nobody decoded before.
    pub decoding: Arc<Semaphore>,
    /// What is told of the day and of the programmes on air.
    pub told: tokio::sync::Mutex<Option<Arc<Told>>>,
    /// The matrices of the years.
    pub compliance: Compliance,
    /// What was seen of the fleet, where this is a centre.
    pub fleet: FleetGlance,
    /// The word of the one-time set-up link, while there is nobody yet.
    set_up: Mutex<Option<String>>,
    /// When each auditor began to look at each thing.
    looks: tokio::sync::Mutex<HashMap<(String, String), DateTime<Utc>>>,
    /// What each auditor may begin to look at.
    new_looks: DefaultKeyedRateLimiter<String>,
    guesses: (DefaultKeyedRateLimiter<Guessed>, DefaultKeyedRateLimiter<IpAddr>),
    /// Who signed in from which machine since the start.
    known: Mutex<HashSet<(String, IpAddr)>>,
    /// Whoever checks a password holds one of these.
    pub password_checks: Semaphore,
}

/// Whose password is guessed; from which machine, where that person signed in there before.
type Guessed = (String, Option<IpAddr>);

impl std::ops::Deref for Site {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Site {
    pub(super) fn new(studio: Studio, hosts: Vec<String>) -> Site {
        let person = Quota::per_minute(NonZeroU32::MIN).allow_burst(GUESSES_OF_A_PERSON);
        let six = NonZeroU32::new(6).unwrap_or(NonZeroU32::MIN);
        let machine = Quota::per_minute(six).allow_burst(GUESSES_OF_A_MACHINE);
        let guesses = (DefaultKeyedRateLimiter::keyed(person), DefaultKeyedRateLimiter::keyed(machine));
        let web = studio.folder.station.web.clone();
        Site(Arc::new(Shared {
            hosts,
            strict: web.secure() && web.tls != Tls::Own,
            any_address: web.listen.is_some_and(|listen| listen.ip().is_unspecified()),
            proxy: web.proxy.as_ref().map(|proxy| proxy.address),
            changes: TaskTracker::new(),
            changing: tokio::sync::Mutex::default(),
            devices: Mutex::default(),
            certificate: Mutex::default(),
            kept: Mutex::default(),
            set_up: Mutex::default(),
            checking: Arc::default(),
            decoding: Arc::new(Semaphore::new(DECODES_AT_ONCE)),
            told: tokio::sync::Mutex::default(),
            compliance: Compliance::default(),
            fleet: FleetGlance::default(),
            looks: tokio::sync::Mutex::default(),
            new_looks: DefaultKeyedRateLimiter::keyed(Quota::per_minute(NEW_LOOKS)),
            guesses,
            known: Mutex::default(),
            password_checks: Semaphore::new(CHECKS_AT_ONCE),
            studio,
        }))
    }

    /// Does `work`, which reads files or takes its time, where it holds nobody up.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Studio) -> Result<T, ControlError> + Send + 'static,
    ) -> Result<T, Fault> {
        let studio = self.studio.clone();
        let done = tokio::task::spawn_blocking(move || work(&studio)).await;
        Ok(done.map_err(Fault::failed)??)
    }

    /// The word of the set-up link: made anew where nobody may sign in yet, none where somebody may.
    pub(super) fn begin_set_up(&self) -> Result<Option<String>, ControlError> {
        let nobody = People::read(&self.studio.folder)?.is_empty();
        let word = nobody.then(secret_word);
        hold(&self.set_up).clone_from(&word);
        Ok(word)
    }

    /// Whether `word` is that of the set-up link.
    pub(super) fn is_set_up(&self, word: &str) -> bool {
        hold(&self.set_up).as_deref().is_some_and(|right| same(right, word))
    }

    /// The link has done its work.
    pub(super) fn end_set_up(&self) {
        *hold(&self.set_up) = None;
    }

    /// `id` looks at `what`: the first time in this hour it is `entered`, and whoever comes meanwhile waits for that.
    pub(super) async fn looks(
        &self,
        id: &str,
        what: &str,
        entered: impl Future<Output = Result<(), Fault>>,
    ) -> Result<(), Fault> {
        let look = (id.to_owned(), what.to_owned());
        let mut looks = self.looks.lock().await;
        let now = self.studio.now();
        // A clock that was set back must not keep an old look for long.
        looks.retain(|_, at| (now - *at).abs() < LOOK);
        if let Entry::Vacant(place) = looks.entry(look) {
            // Each stands in the log for ever.
            if self.new_looks.check_key(&id.to_owned()).is_err() {
                return Err(Fault::new(StatusCode::TOO_MANY_REQUESTS, Message::new("web-looks")));
            }
            entered.await?;
            place.insert(now);
        }
        Ok(())
    }

    /// Whether one more guess of the password of `id` may be made from `from`; if not, how long to wait. Who signed
    /// in there before is counted on their own: guesses from elsewhere do not keep them out.
    pub(super) fn may_guess(&self, id: &str, from: IpAddr) -> Result<(), Duration> {
        let (persons, machines) = &self.guesses;
        // What is forgotten costs nothing, and the lists stay as short as those who guess now.
        if persons.len() + machines.len() > 1000 {
            persons.retain_recent();
            machines.retain_recent();
        }
        let from = machine(from);
        // A machine that guesses too much uses up nobody's guesses.
        machines.check_key(&from).map_err(|until| until.wait_time_from(machines.clock().now()))?;
        let person = (if id.len() > LONGEST_ID { "" } else { id }.to_owned(), from);
        let known = hold(&self.known).contains(&person);
        let guessed = (person.0, known.then_some(from));
        persons.check_key(&guessed).map_err(|until| until.wait_time_from(persons.clock().now()))
    }

    /// `id` has signed in from `from`.
    pub(super) fn knows(&self, id: &str, from: IpAddr) {
        let mut known = hold(&self.known);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert((id.to_owned(), machine(from)));
    }
}

/// What counts as one machine: whoever has an IPv6 address has the 2⁶⁴ beside it.
pub(super) fn machine(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// A lock whose holder panicked is as good as ever: what it guards is replaced as a whole.
pub(super) fn hold<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether two secret words are the same, in a time that tells nothing of where they differ.
pub(super) fn same(right: &str, word: &str) -> bool {
    let differ = right.bytes().zip(word.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    right.len() == word.len() && std::hint::black_box(differ) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_a_network_of_the_new_kind_are_one_machine() {
        let of = |text: &str| machine(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:aaaa::1"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!((of("192.0.2.7"), of("::ffff:192.0.2.7")), ("192.0.2.7".into(), "192.0.2.7".into()));
    }
}
