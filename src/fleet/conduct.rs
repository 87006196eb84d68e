//! What every backend must do, whatever it is made of: the same tests on each of them.

use std::thread;

use super::*;
use crate::{
    evidence::{
        Body, Checkpoint, Entry, Outcome, Reason,
        canonical::encode,
        samples::{bodies, clk, end, slot},
    },
    keys::{SigningKey, WitnessKey},
};

/// A station with its log, as far as the centre is concerned.
pub struct Station {
    /// Its log's origin.
    pub origin: String,
    /// Its log's key.
    pub key: SigningKey,
    /// All leaves of its log.
    pub leaves: Vec<String>,
}

impl Station {
    /// A station called `id` with an empty log.
    pub fn new(id: &str) -> Station {
        let origin = format!("loa/station/{id}/1");
        let key = SigningKey::generate(&origin).unwrap();
        Station { origin, key, leaves: Vec::new() }
    }

    /// Enters `body`.
    pub fn enter(&mut self, body: Body) {
        let seq = self.leaves.len() as u64;
        let clk = clk(i64::try_from(seq).unwrap() * 1000);
        self.leaves.push(encode(&Entry { seq, clk, body }).unwrap());
    }

    /// The wish to be enrolled.
    pub fn asked(&self) -> Asked {
        let token = Digest::of(self.origin.as_bytes());
        Asked { origin: self.origin.clone(), key: self.key.public().clone(), token, at_ms: 1 }
    }

    /// What it would bring where the centre has `old` entries, up to the first `size`.
    pub fn push(&self, old: u64, size: u64) -> Push {
        let (from, to) = (usize::try_from(old).unwrap(), usize::try_from(size).unwrap());
        let mut frontier = Frontier::default();
        for leaf in &self.leaves[..to] {
            frontier.push(leaf.as_bytes());
        }
        let head = Checkpoint { origin: self.origin.clone(), size, root: frontier.root() };
        Push { old, head: head.sign(&self.key).unwrap(), leaves: self.leaves[from..to].to_vec() }
    }
}

/// A store opened once more: another process in front of the same data.
pub type Open<'a> = &'a (dyn Fn() -> Box<dyn Fleet> + Sync);

/// Holds the store that `open` opens, empty at first, to all of it.
pub fn holds(open: Open<'_>) {
    enrolment(open);
    steps(open);
    only_one_of_two_is_first(open);
    what_entries_name(open);
    forks_and_words(open);
}

fn enrolment(open: Open<'_>) {
    let fleet = open();
    let (asked, second) = (Station::new("a-enrol").asked(), Station::new("a-enrol-2").asked());
    let (origin, officer) = (asked.origin.as_str(), "Lê Văn C");
    let keys = |origin: &str| -> Vec<_> {
        open().wishes(origin).unwrap().into_iter().map(|held| held.key).collect()
    };
    assert_eq!(fleet.log(origin).unwrap(), None);
    assert!(!fleet.stand(origin, &asked.key, Standing::Enrolled, officer, 2).unwrap(), "nobody asked yet");
    for _ in 0..2 {
        assert_eq!(fleet.ask(&asked, 9).unwrap(), Some(Standing::Asked));
    }
    assert_eq!(keys(origin), std::slice::from_ref(&asked.key), "asking again is no second wish");
    // Whoever asks first for a name has it not yet.
    let token = Digest::of(b"other");
    let other = Asked { key: Station::new("a-enrol").asked().key, token, at_ms: 2, ..asked.clone() };
    assert_eq!(fleet.ask(&other, 9).unwrap(), Some(Standing::Asked));
    assert_eq!(keys(origin), [asked.key.clone(), other.key.clone()]);
    let held = fleet.log(origin).unwrap().unwrap();
    assert_eq!((held.standing, &held.key, held.frontier.size()), (Standing::Asked, &asked.key, 0));
    assert_eq!(fleet.logs().unwrap().iter().filter(|held| held.origin == origin).count(), 1);
    assert_eq!(fleet.log_of_token(token).unwrap().unwrap().standing, Standing::Asked);
    // A flood takes the place of whoever does not ask again, and no other.
    let late = |asked: &Asked, at_ms| Asked { at_ms, ..asked.clone() };
    fleet.ask(&late(&other, 3), 9).unwrap();
    assert_eq!(fleet.ask(&late(&second, 4), 2).unwrap(), Some(Standing::Asked));
    assert_eq!((keys(origin), keys(&second.origin)), (vec![other.key.clone()], vec![second.key.clone()]));
    assert_eq!(fleet.ask(&late(&asked, 5), 9).unwrap(), Some(Standing::Asked));
    assert!(fleet.stand(origin, &asked.key, Standing::Enrolled, officer, 6).unwrap());
    assert_eq!((keys(origin), fleet.ask(&other, 9).unwrap()), (vec![], None), "the name is given");
    let renewed = Asked { token: Digest::of(b"another word"), ..late(&asked, 7) };
    assert_eq!(fleet.ask(&renewed, 1).unwrap(), Some(Standing::Enrolled), "the same key, another word");
    let again = open();
    let held = again.log_of_token(renewed.token).unwrap().unwrap();
    assert_eq!((held.standing, held.by.as_str(), held.at_ms), (Standing::Enrolled, officer, 6));
    assert_eq!(again.log_of_token(asked.token).unwrap(), None, "the old word is nothing any more");
    // One that was refused and never brought anything keeps its name from nobody.
    assert!(fleet.stand(&second.origin, &second.key, Standing::Revoked, officer, 8).unwrap());
    assert_eq!(fleet.ask(&second, 9).unwrap(), Some(Standing::Revoked));
    let true_one = Asked { key: Station::new("a-enrol-2").asked().key, ..late(&second, 9) };
    assert_eq!(fleet.ask(&true_one, 9).unwrap(), Some(Standing::Asked));
    assert_eq!(open().log(&second.origin).unwrap().unwrap().key, true_one.key);
    assert!(fleet.stand(&second.origin, &true_one.key, Standing::Enrolled, officer, 10).unwrap());
    let held = open().log(&second.origin).unwrap().unwrap();
    assert_eq!((held.standing, held.key), (Standing::Enrolled, true_one.key));
    assert_eq!(fleet.ask(&second, 9).unwrap(), None);
    // Undecided ones are dropped, or end.
    let third = Station::new("a-enrol-3").asked();
    fleet.ask(&third, 9).unwrap();
    assert_eq!(
        [fleet.drop_wishes(&third.origin).unwrap(), fleet.drop_wishes(&third.origin).unwrap()],
        [1, 0]
    );
    fleet.ask(&third, 9).unwrap();
    fleet.ask(&late(&Station::new("a-enrol-4").asked(), 1 + WISH_LASTS_MS), 9).unwrap();
    assert!(fleet.log(&third.origin).unwrap().is_some());
    fleet.ask(&late(&Station::new("a-enrol-4").asked(), 2 + WISH_LASTS_MS), 9).unwrap();
    assert_eq!(fleet.log(&third.origin).unwrap(), None);
    assert_eq!(fleet.drop_wishes("loa/station/a-enrol-4/1").unwrap(), 2);
}

/// Lets `station` in.
pub fn enrolled(fleet: &dyn Fleet, station: &Station) {
    assert!(fleet.ask(&station.asked(), 100).unwrap().is_some());
    let key = station.key.public();
    assert!(fleet.stand(&station.origin, key, Standing::Enrolled, "Lê Văn C", 2).unwrap());
}

/// What the rules make of the station's push up to `size`.
pub fn step(fleet: &dyn Fleet, station: &Station, size: u64) -> Step {
    let key = WitnessKey::generate("loa/centre/duc-pho").unwrap();
    let held = fleet.log(&station.origin).unwrap().unwrap();
    witness(Some(&held), &station.push(held.frontier.size(), size), &key, 1_646_433_000).unwrap()
}

fn steps(open: Open<'_>) {
    let (fleet, mut station) = (open(), Station::new("b-steps"));
    for body in bodies() {
        station.enter(body);
    }
    let before = station.leaves.len() as u64;
    station.enter(Body::End(Box::new(end(3, Some(slot(5)), Outcome::Full))));
    let mut cut = end(4, Some(slot(12)), Outcome::Partial);
    cut.reason = Some(Reason::PowerOff);
    station.enter(Body::End(Box::new(cut)));
    let size = station.leaves.len() as u64;
    enrolled(fleet.as_ref(), &station);
    assert!(fleet.advance(&step(fleet.as_ref(), &station, 3)).unwrap());
    let all = step(fleet.as_ref(), &station, size);
    assert!(fleet.advance(&all).unwrap());
    assert!(!fleet.advance(&all).unwrap(), "the same step is taken once");
    let again = open();
    let held = again.log(&station.origin).unwrap().unwrap();
    assert_eq!((held.frontier, held.head), (all.frontier.clone(), all.head.clone()));
    assert_eq!(again.log_settled(&station.origin).unwrap().unwrap().head, all.head);
    assert_eq!(again.leaves(&station.origin, 0, usize::MAX).unwrap(), station.leaves, "byte for byte");
    for from in [0, 2, 3, 4, size - 1] {
        let wanted = &station.leaves[usize::try_from(from).unwrap()..];
        assert_eq!(again.leaves(&station.origin, from, usize::MAX).unwrap(), wanted, "from {from}");
        assert_eq!(again.leaves(&station.origin, from, 1).unwrap(), wanted[..1], "one at least, from {from}");
    }
    assert!(again.leaves(&station.origin, size, 1000).unwrap().is_empty());
    let day = |day| NaiveDate::from_ymd_opt(2022, 3, day).unwrap();
    let ends: Vec<_> = again.ends(day(1), day(31)).unwrap();
    let own = |from: u64| -> Vec<_> {
        ends.iter().filter(|(o, e)| *o == station.origin && e.seq >= from).map(|(_, e)| e.clone()).collect()
    };
    let wanted = |seq, day, outcome, reason, proof| Ended { seq, slot: slot(day), outcome, reason, proof };
    let proof = end(3, None, Outcome::Full).proof;
    let last = [
        wanted(before, 5, Outcome::Full, None, proof),
        wanted(before + 1, 12, Outcome::Partial, Some(Reason::PowerOff), proof),
    ];
    assert_eq!(own(before), last);
    let narrow = again.ends(day(12), day(12)).unwrap();
    assert!(narrow.iter().any(|(_, ended)| ended.seq == before + 1), "the day itself");
    assert!(narrow.iter().all(|(_, ended)| ended.slot.local.date() == day(12)), "no other day");
    counts(again.as_ref(), &station.origin, &ends);
    let trees = [2, 3, size].map(|size| again.tree_until(&station.origin, size).unwrap());
    assert_eq!(trees.clone().map(|tree| tree.size()), [0, 3, 3]);
    assert_eq!(trees[2], all.before, "the tree before the last piece");
    assert!(again.stand(&station.origin, station.key.public(), Standing::Revoked, "Lê Văn C", 3).unwrap());
    station.enter(Body::Heartbeat {});
    let key = WitnessKey::generate("loa/centre/duc-pho").unwrap();
    let believed = Held { standing: Standing::Enrolled, ..again.log(&station.origin).unwrap().unwrap() };
    let late = witness(Some(&believed), &station.push(size, size + 1), &key, 1).unwrap();
    assert!(
        !again.advance(&late).unwrap(),
        "a step that was decided before the revocation and comes behind it"
    );
}

/// The counts are those of `ends`, all that ended in March.
fn counts(fleet: &dyn Fleet, origin: &str, ends: &[(String, Ended)]) {
    let day = |day| NaiveDate::from_ymd_opt(2022, 3, day).unwrap();
    let told = |of: Option<&[String]>, first, last| {
        let mut tally = fleet.tally(of, day(first), day(last)).unwrap();
        tally.sort_by(|a, b| (&a.origin, a.day, a.outcome).cmp(&(&b.origin, b.day, b.outcome)));
        tally
    };
    let all = told(None, 1, 31);
    assert_eq!(all.iter().map(|tally| tally.count).sum::<u64>(), ends.len() as u64);
    for tally in &all {
        let same = |(of, ended): &&(String, Ended)| {
            (of, ended.slot.local.date(), ended.outcome) == (&tally.origin, tally.day, tally.outcome)
        };
        assert_eq!(ends.iter().filter(same).count() as u64, tally.count, "{tally:?}");
    }
    let own = [origin.to_owned(), "loa/station/nobody/1".to_owned()];
    let wanted: Vec<Tally> = all.iter().filter(|tally| tally.origin == origin).cloned().collect();
    assert_eq!(told(Some(&own), 1, 31), wanted);
    assert!(told(Some(&own), 12, 12).iter().all(|tally| tally.day == day(12)), "no other day");
    assert_eq!(told(Some(&[]), 1, 31), []);
}

fn only_one_of_two_is_first(open: Open<'_>) {
    let mut station = Station::new("c-race");
    (0..40).for_each(|_| station.enter(Body::Heartbeat {}));
    enrolled(open().as_ref(), &station);
    for size in [10, 20, 30, 40] {
        let step = step(open().as_ref(), &station, size);
        let won: usize = thread::scope(|scope| {
            let tries: Vec<_> = (0..4).map(|_| scope.spawn(|| open().advance(&step).unwrap())).collect();
            tries.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
        });
        assert_eq!(won, 1, "of four processes at {size}");
    }
    assert_eq!(open().leaves(&station.origin, 0, usize::MAX).unwrap(), station.leaves);
}

fn what_entries_name(open: Open<'_>) {
    let (fleet, mut station, other) = (open(), Station::new("c-named"), Station::new("c-other"));
    let (origin, half) = (station.origin.clone(), BYTES_WAIT_MS / 2);
    let (one, two, absent) = (b"mot".as_slice(), [0xff, 0, 7].as_slice(), Digest::of(b"absent"));
    let (digest, plan) = (Digest::of(one), Digest::of(two));
    assert!(!fleet.keep(&origin, "config", one, 0).unwrap(), "nobody enrolled it");
    enrolled(fleet.as_ref(), &station);
    enrolled(fleet.as_ref(), &other);
    for _ in 0..2 {
        assert!(fleet.keep(&origin, "config", one, 0).unwrap());
    }
    let missing = |of: &str, at_ms| open().missing(of, &[digest, absent, plan], at_ms).unwrap();
    assert_eq!(missing(&origin, half - 1), [absent, plan]);
    assert_eq!(missing(&origin, half), [digest, absent, plan], "before it goes it is asked for again");
    assert_eq!(missing(&other.origin, 0), [digest, absent, plan], "another's is nobody's");
    assert_eq!(fleet.kept(digest).unwrap(), None, "no entry names it yet");
    assert!(fleet.keep(&origin, "config", one, half).unwrap());
    assert!(fleet.keep(&origin, "plan", two, half).unwrap());
    assert!(fleet.keep(&origin, "plan", b"ba", half).unwrap());
    let (id, unit, output) = ("c".into(), "c".into(), "default".into());
    station.enter(Body::Config { digest, plan, station: id, unit, output, demo: false, trust: None });
    assert!(fleet.advance(&step(fleet.as_ref(), &station, 1)).unwrap());
    assert_eq!(open().kept(plan).unwrap(), Some(("plan".into(), two.to_vec())));
    assert_eq!(missing(&other.origin, 9 * half), [absent], "what entries name stays, for all");
    assert_eq!(fleet.kept(absent).unwrap(), None);
    assert_eq!(fleet.missing(&origin, &[], 0).unwrap(), []);
    // What no push named goes, and there is never more of it than so much of one log.
    let left = || open().missing(&origin, &[Digest::of(b"ba")], half).unwrap().is_empty();
    assert!(fleet.keep(&other.origin, "plan", b"x", half + BYTES_WAIT_MS).unwrap() && left());
    assert!(fleet.keep(&other.origin, "plan", b"x", half + BYTES_WAIT_MS + 1).unwrap() && !left());
    let mut long = vec![1; usize::try_from(MOST_WAITING / 2).unwrap() - 2048];
    assert!(fleet.keep(&origin, "plan", &long, 0).unwrap());
    long[0] = 2;
    assert!(fleet.keep(&origin, "plan", &long, 0).unwrap());
    long[0] = 3;
    assert!(!fleet.keep(&origin, "plan", &long, 0).unwrap());
    assert!(fleet.keep(&other.origin, "plan", b"y", 0).unwrap());
}

fn forks_and_words(open: Open<'_>) {
    let (fleet, station) = (open(), Station::new("d-fork"));
    enrolled(fleet.as_ref(), &station);
    let (origin, what) = (station.origin.clone(), "fork".to_owned());
    let fork = Fork { origin, what, held: "mot".into(), came: "hai".into(), at_ms: 5, settled: None };
    let later = Fork { came: "ba".into(), at_ms: 6, ..fork.clone() };
    fleet.split(&fork).unwrap();
    fleet.split(&fork).unwrap();
    fleet.split(&later).unwrap();
    assert_eq!(open().forks(10).unwrap(), [later.clone(), fork.clone()], "each once, the latest first");
    assert_eq!(open().forks(1).unwrap(), std::slice::from_ref(&later));
    let settled = Settled { by: "Lê Văn C".into(), reason: "máy cũ đã cất".into(), at_ms: 9 };
    assert_eq!(fleet.settle("loa/station/nobody/1", 99, &settled).unwrap(), 0);
    assert_eq!(fleet.settle(&station.origin, 5, &settled).unwrap(), 1, "only what was seen");
    let fork = Fork { settled: Some(settled.clone()), ..fork };
    assert_eq!(open().forks(10).unwrap(), [later.clone(), fork.clone()]);
    let other = Settled { reason: "khác".into(), ..settled.clone() };
    assert_eq!(fleet.settle(&station.origin, 99, &other).unwrap(), 1, "the first word stays");
    let later = Fork { settled: Some(other), ..later };
    fleet.split(&fork).unwrap();
    assert_eq!(open().forks(10).unwrap(), [later.clone(), fork.clone()], "what was settled stays so");
    let newest = Fork { came: "bon".into(), at_ms: 3, settled: None, ..fork.clone() };
    fleet.split(&newest).unwrap();
    assert_eq!(open().forks(10).unwrap(), [newest, later, fork], "what nobody settled is first");
    many_forks(open);
    fleet.heard(&station.origin, "tôi còn đây", 7).unwrap();
    let held = open().log(&station.origin).unwrap().unwrap();
    assert_eq!((held.heard_ms, held.word.as_str()), (Some(7), "tôi còn đây"));
    let origins: Vec<_> = open().logs().unwrap().into_iter().map(|held| held.origin).collect();
    assert!(origins.is_sorted() && origins.contains(&station.origin), "{origins:?}");
}

/// Whoever shows a thousand heads keeps neither the disk nor the page from others.
fn many_forks(open: Open<'_>) {
    let fleet = open();
    let fork = |held: u32, came: u32| Fork {
        origin: "loa/station/e-many/1".into(),
        what: "fork".into(),
        held: held.to_string(),
        came: came.to_string(),
        at_ms: i64::from(100 + came),
        settled: None,
    };
    let quiet = Fork { origin: "loa/station/e-quiet/1".into(), at_ms: 1, ..fork(0, 0) };
    fleet.split(&quiet).unwrap();
    let many = |origin: &str| -> Vec<_> {
        open().forks_of(origin).unwrap().into_iter().map(|fork| (fork.held, fork.came)).collect()
    };
    let pair = |held: u32, came: u32| (held.to_string(), came.to_string());
    (0..60).for_each(|came| fleet.split(&fork(7, came)).unwrap());
    assert_eq!(many("loa/station/e-many/1"), [pair(7, 59), pair(7, 0)], "the first and the last of a head");
    (60..160).for_each(|came| fleet.split(&fork(came, came)).unwrap());
    let kept = many("loa/station/e-many/1");
    assert_eq!(kept.len() as u64, 1 + MOST_PAIRS);
    assert_eq!(
        (&kept[0], kept.last()),
        (&pair(159, 159), Some(&pair(7, 0))),
        "the first and the last of all"
    );
    let shown: Vec<_> = open().forks(3).unwrap().into_iter().map(|fork| fork.origin).collect();
    assert!(shown.contains(&quiet.origin), "{shown:?}");
    let contradicted = open().contradicted().unwrap();
    assert!(contradicted.is_sorted() && contradicted.contains(&quiet.origin), "{contradicted:?}");
    assert_eq!(contradicted.iter().filter(|origin| origin.contains("e-many")).count(), 1);
}
