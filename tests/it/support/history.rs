//! A log of months as a station writes it, drawn from a seed: schedules and their revisions, airings whole,
//! cut and missed, notes before and after, corrections, clock steps, restarts.

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone as _, Utc};
use fastrand::Rng;
use loa::{
    control::Folder,
    evidence::{
        Body, BootFacts, Clk, Cue, End, ManualFact, Missed, OperatorAct, Outcome, Reason, ScheduleFact,
        SegmentFact, Start, Trigger,
    },
    keys::SigningKey,
    programme::{Approval, ApprovalSubject, Release, Slot, SlotList},
    store::{Blob, Log},
    units::{Digest, Frames, Level, Month, SlotId},
};

use super::station::Station;

/// Writes the history of a station into its log.
pub struct Historian<'a> {
    log: &'a mut Log,
    random: Rng,
    approver: SigningKey,
    boot: String,
    now: DateTime<Utc>,
    slots: Vec<SlotId>,
    /// Nobody corrects anything or vouches for anything.
    quiet: bool,
    /// The station's id; some days "pho-hoa" belongs to another unit.
    id: String,
}

impl Historian<'_> {
    /// Goes on with `log` from the first of `month`.
    pub fn new(log: &mut Log, month: Month, seed: u64) -> Historian<'_> {
        let mut random = Rng::with_seed(seed);
        let boot = format!("{:032x}", random.u128(..));
        let approver = SigningKey::generate("duyet").unwrap();
        let now = Utc.from_utc_datetime(&month.first().and_hms_opt(0, 0, 0).unwrap());
        Historian { log, random, approver, boot, now, slots: Vec::new(), quiet: false, id: "pho-hoa".into() }
    }

    /// The same, where people only speak of days since then.
    pub fn quiet(log: &mut Log, month: Month, seed: u64) -> Historian<'_> {
        Historian { quiet: true, ..Historian::new(log, month, seed) }
    }

    /// The same of the station `id` of a unit of that name.
    pub fn of<'a>(log: &'a mut Log, month: Month, seed: u64, id: &str) -> Historian<'a> {
        Historian { id: id.into(), ..Historian::quiet(log, month, seed) }
    }

    fn say(&mut self, bodies: Vec<Body>, blobs: &[Blob]) -> u64 {
        self.now += TimeDelta::milliseconds(self.random.i64(1..900));
        let clk = Clk {
            wall_ms: self.now.timestamp_millis(),
            boot_ms: self.now.timestamp_millis() % 1_000_000_000,
            boot: self.boot.clone(),
            sync: self.random.u8(..) > 20,
            offset_min: 420,
        };
        let entries: Vec<_> = bodies.into_iter().map(|body| (clk.clone(), body)).collect();
        self.log.append_with_blobs(&entries, blobs).unwrap()[0]
    }

    /// Issues, approves and accepts a revision of `month` whose title names it.
    pub fn accept(&mut self, month: Month, revision: u32) -> Digest {
        let text = format!(
            "format = 1\nmonth = \"{month}\"\nrevision = {revision}\nissued_by = \"Trung tâm\"\n\
             [[programme]]\nid = \"cchc\"\ntitle = \"Tháng {month} bản {revision}\"\ncolumn = \"Cải cách hành chính\"\n\
             source = \"town\"\ntopics = [\"II.1\"]\neditor = \"Biên tập {revision}\"\nannouncer = \"A\"\n\
             [[programme.segment]]\nkind = \"news\"\ntitle = \"Tin {month}\"\nfile = \"{month}/tin.wav\"\n\
             [[slot]]\nprogramme = \"cchc\"\ncron = \"0 30 5 * * *\"\nunits = [\"*\"]\n"
        );
        let digest = Digest::of(text.as_bytes());
        let slot = |id: SlotId| Slot {
            at: planned(&id),
            programme: id.programme.clone(),
            rule: 0,
            reason: String::new(),
            id,
        };
        let slots: Vec<Slot> = slots(month).into_iter().map(slot).collect();
        let list = SlotList::new(&self.id, &self.id, month, digest, &slots).to_string();
        let subject = ApprovalSubject::new(month, revision, digest, std::collections::BTreeMap::new());
        let release = Release {
            by: format!("Lãnh đạo {revision}"),
            document: format!("{revision}/PD"),
            editor: "Biên tập".into(),
            self_approved: false,
            at: self.now,
        };
        let note = Approval::sign(&subject, &release, &self.approver).unwrap();
        let fact = ScheduleFact {
            ward: false,
            month,
            revision,
            digest,
            slots: Digest::of(list.as_bytes()),
            count: slots.len() as u64,
            approval: Digest::of(note.as_bytes()),
            by: release.by,
            document: release.document,
        };
        let blob = |kind, text: String| Blob { kind, bytes: text.into_bytes() };
        let blobs = [blob("schedule", text), blob("slots", list), blob("approval", note)];
        self.say(vec![Body::ScheduleAccept(fact)], &blobs);
        digest
    }

    /// The machine starts anew.
    pub fn boot(&mut self) {
        self.boot = format!("{:032x}", self.random.u128(..));
        let moved = !self.random.bool() && self.id == "pho-hoa";
        let word = if moved { "pho-hoa-2".to_owned() } else { self.id.clone() };
        let config = Body::Config {
            digest: Digest::of(word.as_bytes()),
            plan: Digest::of(b"plan"),
            station: self.id.clone(),
            unit: word,
            output: "default".into(),
            demo: false,
            trust: None,
        };
        let version = format!("0.{}.0", self.random.u8(..9));
        let sw = Body::Sw { version, exe: Digest::of(b"exe") };
        self.say(vec![Body::Boot(BootFacts { clean: true, last_alive_ms: None }), sw, config], &[]);
    }

    /// What happened in `month`, day by day, with whatever people said about any day so far.
    pub fn live(&mut self, month: Month, mut schedule: Digest) {
        let mut revision = 1;
        for id in slots(month) {
            self.now = self.now.max(planned(&id) - TimeDelta::seconds(10));
            if self.random.u8(..) < 60 {
                self.boot();
            }
            if self.random.u8(..) < 12 {
                revision += 1;
                schedule = self.accept(month, revision);
            }
            if self.random.u8(..) < 12 {
                let step_ms = self.random.i64(-90_000..90_000);
                self.say(vec![Body::ClockStep { step_ms }], &[]);
            }
            self.slots.push(id.clone());
            match self.random.u8(..) {
                0..150 => self.air(Some(&id), schedule),
                150..180 => {
                    self.air(None, schedule);
                    self.miss(&id);
                }
                _ => self.miss(&id),
            }
            self.talk(month);
        }
    }

    fn miss(&mut self, slot: &SlotId) {
        let missed = Missed {
            slot: slot.clone(),
            planned_ms: planned(slot).timestamp_millis(),
            outcome: Outcome::Missed,
            reason: Reason::PowerOff,
            detail: "mất điện".into(),
        };
        self.say(vec![Body::Missed(missed)], &[]);
    }

    fn air(&mut self, slot: Option<&SlotId>, schedule: Digest) {
        let month = self.slots.last().unwrap().month;
        let frames = Frames(34_560_000);
        let planned_ms = slot.map_or(self.now, planned).timestamp_millis();
        let mut cue = Cue {
            ward: false,
            slot: slot.cloned(),
            airing: None,
            repairs: if slot.is_none() { self.slots.first().cloned() } else { None },
            month,
            programme: "cchc".into(),
            trigger: if slot.is_some() { Trigger::Schedule } else { Trigger::MakeGood },
            by: String::new(),
            planned_ms,
            from: Frames::ZERO,
            frames,
            schedule,
            master: Digest::of(b"master"),
            loudness_lufs: Level(-1600),
            true_peak_dbtp: Level(-100),
        };
        let airing = self.say(vec![Body::Cue(Box::new(cue.clone()))], &[]);
        self.sound(airing, planned_ms);
        let outcome = match self.random.u8(..) {
            0..20 => return, // still open
            20..60 => {
                self.boot();
                (cue.airing, cue.trigger) = (Some(airing), Trigger::Resume);
                cue.planned_ms += self.random.i64(0..40 * 86_400_000);
                self.say(vec![Body::Cue(Box::new(cue))], &[]);
                self.sound(airing, planned_ms);
                Outcome::Partial
            }
            _ => Outcome::Full,
        };
        let end = End {
            airing,
            slot: slot.cloned(),
            outcome,
            reason: (outcome != Outcome::Full).then_some(Reason::PowerOff),
            last_us: Some(planned_ms * 1000 + 720_000_000),
            expected: frames,
            decoded: frames,
            delivered: frames,
            consumed: frames,
            muted: Frames(0),
            underruns: Frames(0),
            hole_ms: 0,
            proof: 3,
        };
        self.say(vec![Body::End(Box::new(end))], &[]);
    }

    fn sound(&mut self, airing: u64, planned_ms: i64) {
        let error_us = self.random.i64(-3000..9000);
        let start = Start {
            hole_ms: None,
            airing,
            first_us: planned_ms * 1000 + error_us,
            error_us,
            latency_us: 80_000,
            device: "loa".into(),
        };
        let segment = SegmentFact { airing, n: 0, file: Digest::of(b"tin"), frames: Frames(17_280_000) };
        self.say(vec![Body::Start(start), Body::Segment(segment)], &[]);
    }

    fn talk(&mut self, month: Month) {
        let by: String = "Trần Thị B".into();
        // Of a day gone by, long ago or today, or of one to come.
        let coming = slots(month.next());
        let past = self.random.usize(..self.slots.len());
        let slot = if self.random.u8(..) < 40 {
            coming[self.random.usize(..coming.len())].clone()
        } else {
            self.slots[past].clone()
        };
        let text = format!("lời {}", self.random.u16(..));
        let body = match self.random.u8(..) {
            0..40 => Body::Note { slot, by, text },
            40..60 if !self.quiet => Body::Correct { entry: self.random.u64(..self.log.size()), by, text },
            60..70 => Body::Operator(OperatorAct {
                act: "cancel".into(),
                by,
                reason: text,
                slot: Some(slot),
                until_ms: None,
            }),
            70..80 if !self.quiet => Body::Manual(Box::new(ManualFact {
                month: slot.month,
                first_ms: planned(&slot).timestamp_millis() + self.random.i64(0..9_000_000),
                last_ms: planned(&slot).timestamp_millis() + 9_720_000,
                slot: Some(slot).filter(|_| self.random.bool()),
                programme: "cchc".into(),
                outcome: Outcome::Full,
                by,
                text,
                statement: Digest::of(b"statement"),
            })),
            _ => Body::Heartbeat {},
        };
        self.say(vec![body], &[]);
    }
}

/// The slots of `month`: every day at 05:30.
pub fn slots(month: Month) -> Vec<SlotId> {
    let days = month.first().iter_days().take_while(|day| month.contains(*day));
    days.map(|day: NaiveDate| SlotId {
        month,
        programme: "cchc".into(),
        local: day.and_hms_opt(5, 30, 0).unwrap(),
    })
    .collect()
}

/// When a slot is due.
pub fn planned(slot: &SlotId) -> DateTime<Utc> {
    (slot.local - TimeDelta::hours(7)).and_utc()
}

/// Gives the log of `station` the history of March 2022.
pub fn march(station: &Station, seed: u64) -> Folder {
    let folder = Folder::open(&station.path("")).unwrap();
    let mut log = Log::open(&folder.log_path(), folder.key("station").unwrap()).unwrap();
    let month = "2022-03".parse().unwrap();
    let mut historian = Historian::quiet(&mut log, month, seed);
    historian.boot();
    let schedule = historian.accept(month, 1);
    historian.live(month, schedule);
    folder
}
