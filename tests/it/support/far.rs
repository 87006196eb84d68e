//! A centre's folder, and stations far away as far as it is concerned: keys, signed words and logs without a folder.

use std::{collections::BTreeMap, fmt::Write as _, fs, sync::Arc};

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};
use loa::{
    clock::System,
    control::{Centre, Folder},
    evidence::{Body, Checkpoint, Clk, End, Entry, Frontier, Missed, Outcome, Reason, canonical::encode},
    fleet::{Asked, Holding, Lit, Push, Standing, Word},
    keys::SigningKey,
    units::{Digest, Frames, Month, SlotId},
};

use super::station::Station;

/// A station's folder that is a centre's too, with these `units` beside its own: id and name.
pub fn centre(units: &[(&str, &str)]) -> Station {
    let station = Station::new(&[]);
    station.settle("");
    fs::write(station.path("config/centre.toml"), "name = \"duc-pho\"\nlisten = \"off\"\n").unwrap();
    let plan = station.path("config/plan-2022.toml");
    let mut text = fs::read_to_string(&plan).unwrap();
    for (id, name) in units {
        let name = toml_edit::Value::from(*name).to_string();
        write!(
            text,
            "\n[[unit]]\nid = \"{id}\"\nname = {name}\nkind = \"ward\"\nparent = \"\"\nvalid_from = \"2000-01-01\"\n"
        )
        .unwrap();
    }
    fs::write(&plan, text).unwrap();
    station.ok(&["init", "--centre"]);
    station
}

/// The centre of `station`, as another process opens it.
pub fn opened(station: &Station) -> Centre {
    let folder = Folder::open(&station.path("")).unwrap();
    Centre::open(Arc::new(folder), Arc::new(System::new())).unwrap().unwrap()
}

/// Today at the stations.
pub fn today() -> NaiveDate {
    Utc::now().with_timezone(&FixedOffset::east_opt(7 * 3600).unwrap()).date_naive()
}

/// A station with a log of its own making.
#[derive(Clone)]
pub struct Far {
    pub origin: String,
    pub key: SigningKey,
    pub leaves: Vec<String>,
    unit: String,
}

impl Far {
    /// Of the unit and with the id `id`, in its first epoch.
    pub fn new(id: &str) -> Far {
        Far::of_epoch(id, 1)
    }

    pub fn of_epoch(id: &str, epoch: u32) -> Far {
        let origin = format!("loa/station/{id}/{epoch}");
        let key = SigningKey::generate(&origin).unwrap();
        Far { origin, key, leaves: Vec::new(), unit: id.into() }
    }

    /// As a station whose folder is here, with what its log has now.
    pub fn of(station: &Station) -> Far {
        let folder = Folder::open(&station.path("")).unwrap();
        let key = folder.key("station").unwrap();
        let leaves = leaves_at(&folder.log_path()).into_values().collect();
        Far { origin: key.public().name().to_owned(), key, leaves, unit: folder.station.unit }
    }

    /// Enters `body`.
    pub fn enter(&mut self, body: Body) {
        let seq = self.leaves.len() as u64;
        let wall_ms = Utc::now().timestamp_millis();
        let clk = Clk { wall_ms, boot_ms: 1, boot: "0".repeat(32), sync: true, offset_min: 420 };
        self.leaves.push(encode(&Entry { seq, clk, body }).unwrap());
    }

    /// Enters how the slot of half past five on `day` ended.
    pub fn ended(&mut self, day: NaiveDate, outcome: Outcome) {
        let slot: SlotId = format!("{}/cchc/{day}T05:30:00", Month::of(day)).parse().unwrap();
        let reason = (outcome != Outcome::Full).then_some(Reason::PowerOff);
        self.enter(if outcome == Outcome::Missed {
            let planned_ms = slot.local.and_utc().timestamp_millis() - 7 * 3_600_000;
            Body::Missed(Missed {
                slot,
                planned_ms,
                outcome,
                reason: Reason::PowerOff,
                detail: String::new(),
            })
        } else {
            let frames = Frames(4_800_000);
            Body::End(Box::new(End {
                airing: 0,
                slot: Some(slot),
                outcome,
                reason,
                last_us: Some(0),
                expected: frames,
                decoded: frames,
                delivered: frames,
                consumed: frames,
                muted: Frames(0),
                underruns: Frames(0),
                hole_ms: 0,
                proof: 3,
            }))
        });
    }

    /// Asks `centre` to be enrolled.
    pub fn asks(&self, centre: &Centre) {
        let token = Digest::of(self.origin.as_bytes());
        let (key, at_ms) = (self.key.public().clone(), Utc::now().timestamp_millis());
        let asked = Asked { origin: self.origin.clone(), key, token, at_ms };
        assert!(centre.fleet.ask(&asked, 100_000).unwrap().is_some());
    }

    /// Is enrolled at `centre`.
    pub fn enrolled(&self, centre: &Centre) {
        self.asks(centre);
        let at_ms = Utc::now().timestamp_millis();
        let key = self.key.public();
        assert!(centre.fleet.stand(&self.origin, key, Standing::Enrolled, "Lê Văn C", at_ms).unwrap());
    }

    /// Is enrolled at `centre`, and brings what it entered.
    pub fn joins(&self, centre: &Centre) {
        self.enrolled(centre);
        self.brings(centre).unwrap();
    }

    /// Brings what the centre has not. The no, where it is refused.
    pub fn brings(&self, centre: &Centre) -> Result<(), String> {
        let held = centre.known(&self.origin).unwrap();
        let old = usize::try_from(held.frontier.size()).unwrap();
        centre
            .take(&held, &self.push(old, self.leaves.len()).write())
            .map(drop)
            .map_err(|error| error.to_string())
    }

    /// The entries from `old` to `end`, with the head over them.
    pub fn push(&self, old: usize, end: usize) -> Push {
        Push { old: old as u64, head: self.head(end), leaves: self.leaves[old..end].to_vec() }
    }

    /// The signed head over its first `size` entries.
    fn head(&self, size: usize) -> String {
        let mut frontier = Frontier::default();
        self.leaves[..size].iter().for_each(|leaf| drop(frontier.push(leaf.as_bytes())));
        let head = Checkpoint { origin: self.origin.clone(), size: frontier.size(), root: frontier.root() };
        head.sign(&self.key).unwrap()
    }

    /// What it says of itself so long `ago`, holding these `months`, each ready or not, with these lamps lit.
    pub fn word(&self, ago: TimeDelta, months: &[(Month, bool)], lamps: &[(&str, &str)]) -> String {
        let hold = |(month, ready): &(Month, bool)| Holding {
            month: *month,
            ward: false,
            revision: 2,
            schedule: Digest::of(b"x"),
            ready: *ready,
        };
        let lit = |(what, state): &(&str, &str)| Lit {
            what: (*what).into(),
            state: (*state).into(),
            words: ["Đĩa sắp đầy.".into(), "The disk is nearly full.".into()],
        };
        let word = Word {
            origin: self.origin.clone(),
            wall_ms: (Utc::now() - ago).timestamp_millis(),
            size: self.leaves.len() as u64,
            version: "0.1.0".into(),
            unit: self.unit.clone(),
            holds: months.iter().map(hold).collect(),
            on_air: String::new(),
            next_ms: None,
            lamps: lamps.iter().map(lit).collect(),
            free: 43 << 30,
        };
        word.sign(&self.key).unwrap()
    }

    /// Is heard by `centre` so long `ago` with a word of then.
    pub fn heard(&self, centre: &Centre, ago: TimeDelta, months: &[(Month, bool)], lamps: &[(&str, &str)]) {
        let at: DateTime<Utc> = Utc::now() - ago;
        let word = self.word(ago, months, lamps);
        centre.fleet.heard(&self.origin, &word, at.timestamp_millis()).unwrap();
    }
}

/// Every leaf of the log at `path`, by position.
pub fn leaves_at(path: &std::path::Path) -> BTreeMap<u64, String> {
    let log = loa::store::Log::read_only(path).unwrap();
    log.leaves(0..log.size().unwrap()).map(Result::unwrap).collect()
}
