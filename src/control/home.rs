//! What a station needs to bring its log home: its wish, its pushes, its word of itself, and what it does with the
//! acknowledgement.

use std::{fs, io, path::PathBuf, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::NaiveDate;

use super::{
    ControlError, Draft, Folder, Glance, Stage, Status,
    again::{Beside, Source, again},
    centre,
    folder::{open_log, read_key},
    month::schedules,
    secret_word,
};
use crate::{
    disk::{self, At as _},
    evidence::{AnchorFact, Body, Checkpoint, Entry, Leaf, canonical},
    fleet::{Holding, Lit, Push, Word, witness::named},
    keys::SigningKey,
    store::StoreError,
    units::{Digest, Month},
    words::Message,
};

/// So many leaves, and about so many bytes, go in one push at most.
const MOST_LEAVES: u64 = 4000;
const MOST_BYTES: usize = 2 << 20;

fn holds_more(size: u64, held: u64) -> ControlError {
    Message::new("centre-holds-more").with("size", size).with("held", held).into()
}

/// Name and id of those who signed `note` beside the log `origin` itself, as the first half of a public key has them.
fn cosigners(note: &str, origin: &str) -> String {
    let of = |line: &str| {
        let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let id = BASE64.decode(signature).ok()?;
        (name != origin).then_some(format!("{name}+{}", hex::encode(id.get(..4)?)))
    };
    let lines = note.rsplit_once("\n\n").map_or("", |(_, lines)| lines);
    lines.lines().filter_map(of).collect::<Vec<_>>().join(", ")
}

/// A station that has a centre.
#[derive(Clone)]
pub struct Home {
    folder: Arc<Folder>,
    key: SigningKey,
    token: String,
    origin: String,
}

impl Home {
    /// The station of `folder`; none where its settings name no centre. The secret behind the word that it shows with its
    /// requests is made where there is none.
    pub fn open(folder: Arc<Folder>) -> Result<Option<Home>, ControlError> {
        if folder.station.centre.is_none() {
            return Ok(None);
        }
        let key = read_key(&folder.key_path("station"))?;
        let path = folder.data().join("keys/centre.token");
        let secret = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let word = secret_word();
                disk::replace(&path, format!("{word}\n").as_bytes(), 0o600)?;
                word
            }
            read => read.at("read", &path)?.trim().to_owned(),
        };
        // The word is of this log's key alone: the centre finds the log by it, also where a new epoch, or another PC that was
        // made from a copy of this folder, has the same secret.
        let token =
            Digest::of(format!("loa/word\n{secret}\n{}\n", key.public().as_text()).as_bytes()).to_string();
        let origin = key.public().name().to_owned();
        Ok(Some(Home { folder, key, token, origin }))
    }

    /// The log that is brought home.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The word that is shown with every request.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The signed wish to be enrolled, and the code that an officer will ask for.
    pub fn wish(&self) -> Result<(String, String), ControlError> {
        centre::wish(&self.origin, &self.key, &self.token)
    }

    /// How many entries the log has.
    pub fn size(&self) -> Result<u64, ControlError> {
        Ok(open_log(&self.folder.log_path())?.size()?)
    }

    /// What comes behind the first `old` entries, as much as goes at once and at most `most` of them. A log that is shorter is
    /// a no: it was rolled back, and goes on only when it is whole again.
    pub fn push(&self, old: u64, most: u64) -> Result<Push, ControlError> {
        let log = open_log(&self.folder.log_path())?;
        let size = log.size()?;
        if size < old {
            return Err(holds_more(size, old));
        }
        let (mut leaves, mut bytes) = (Vec::new(), 0);
        for leaf in log.leaves(old..size.min(old + most.min(MOST_LEAVES))) {
            let (_, leaf) = leaf?;
            bytes += leaf.len();
            leaves.push(leaf);
            if bytes >= MOST_BYTES {
                break;
            }
        }
        let size = old + leaves.len() as u64;
        let head = Checkpoint { origin: self.origin.clone(), size, root: log.frontier(size)?.root() };
        let head = head.sign(&self.key).map_err(|_| Message::new("log-other-key"))?;
        Ok(Push { old, head, leaves })
    }

    /// The digests of the bytes that the entries of `push` name.
    #[must_use]
    pub fn named(&self, push: &Push) -> Vec<Digest> {
        named(&push.leaves)
    }

    /// The bytes that an entry of `push` names as `digest`, with what they are; none where they are gone.
    pub fn bytes(
        &self,
        push: &Push,
        digest: Digest,
    ) -> Result<Option<(&'static str, Vec<u8>)>, ControlError> {
        let kinds = push.leaves.iter().filter_map(|leaf| match canonical::decode(leaf.as_bytes()) {
            Ok(Leaf::Known(entry)) => {
                entry.body.blobs().into_iter().find(|(_, of)| *of == digest).map(|(kind, _)| kind)
            }
            _ => None,
        });
        let Some(kind) = kinds.into_iter().next() else { return Ok(None) };
        let bytes = open_log(&self.folder.log_path())?.blob(digest)?;
        Ok(bytes.map(|bytes| (kind, bytes)))
    }

    /// How many entries the centre is known to have, by the last acknowledgement that was kept.
    #[must_use]
    pub fn acknowledged_size(&self) -> u64 {
        let note = fs::read_to_string(self.acknowledgement()).unwrap_or_default();
        // What stands there before the first one of an epoch is the last one of the epoch before.
        let head = Checkpoint::unchecked(&note).ok().filter(|head| head.origin == self.origin);
        head.map_or(0, |head| head.size)
    }

    fn acknowledgement(&self) -> PathBuf {
        self.folder.data().join("cosigned.note")
    }

    /// Takes `note`, a head of this log with the centre's cosignature: the centre has so many entries, durably. The
    /// greatest is kept beside the log. Gives the size, and the fact to be entered where anything but such facts came
    /// between `before` and it, or they would follow one another for ever. A no where the centre's key did not sign, or
    /// where this log never had that head.
    pub fn acknowledged(&self, note: &str, before: u64) -> Result<(u64, Option<AnchorFact>), ControlError> {
        let keys = self.folder.station.centre.as_ref().map_or(&[][..], |link| &link.keys);
        let unsigned = || {
            let message = Message::new("centre-not-cosigned");
            ControlError::from(message.with("by", cosigners(note, &self.origin)))
        };
        let own = std::slice::from_ref(self.key.public());
        let head = Checkpoint::open(note.as_bytes(), own).map_err(|_| unsigned())?;
        let lines = note.rsplit_once("\n\n").map_or("", |(_, lines)| lines);
        let facts = lines.lines().flat_map(|line| keys.iter().map(move |key| (line, key)));
        let fact = facts
            .filter_map(|(line, key)| AnchorFact::read(&head, line, key))
            .next_back()
            .ok_or_else(unsigned)?;
        let log = open_log(&self.folder.log_path())?;
        let size = log.size()?;
        if head.size > size {
            return Err(holds_more(size, head.size));
        }
        if head.origin != self.origin || log.frontier(head.size)?.root() != head.root {
            return Err(Message::new("centre-holds-other").with("held", head.size).into());
        }
        // Of two that came on sticks the older tells nothing new.
        if head.size >= self.acknowledged_size() {
            disk::replace(&self.acknowledgement(), note.as_bytes(), 0o644)?;
        }
        for leaf in log.leaves(before.min(head.size)..head.size) {
            let (_, leaf) = leaf?;
            let read = canonical::decode(leaf.as_bytes());
            if !matches!(read, Ok(Leaf::Known(Entry { body: Body::Anchor(_), .. }))) {
                return Ok((head.size, Some(fact)));
            }
        }
        Ok((head.size, None))
    }

    /// Makes the log whole where the centre holds more of it, by the signed head `note`: before anybody writes to it.
    /// `leaves` gives those from a position on, `bytes` what entries name by digest. Gives how many entries it has then;
    /// none where nothing was to be done. A no where what stands here is no beginning of what the centre holds.
    pub fn complete<E: From<ControlError>>(
        &self,
        note: &str,
        leaves: &mut dyn FnMut(u64) -> Result<Vec<String>, E>,
        bytes: Beside<'_, E>,
    ) -> Result<Option<u64>, E> {
        if note.is_empty() {
            return Ok(None);
        }
        let key = self.key.public();
        let other = |held: u64| ControlError::from(Message::new("centre-holds-other").with("held", held));
        let head = Checkpoint::open(note.as_bytes(), std::slice::from_ref(key)).map_err(|_| other(0))?;
        let path = self.folder.log_path();
        let here = if path.exists() { self.size()? } else { 0 };
        if here >= head.size || head.origin != self.origin {
            return Ok(None);
        }
        match again(&path, (note, key), Source { leaves, bytes })? {
            Err(StoreError::Damaged { .. }) => Err(other(head.size).into()),
            made => Ok(Some(made.map_err(ControlError::from)?)),
        }
    }

    /// The station's word of itself, by its own `status`.
    pub fn word(&self, glance: &Glance, status: &Status, wall_ms: i64) -> Result<String, ControlError> {
        let lamps = [("device", &status.device), ("clock", &status.clock), ("disk", &status.disk)];
        let lamps = lamps.into_iter().filter(|(_, lamp)| !matches!(lamp.state.as_str(), "ok" | "ready"));
        let lamps = lamps
            .map(|(what, lamp)| Lit {
                what: what.into(),
                state: lamp.state.clone(),
                words: lamp.said.sentence.clone(),
            })
            .collect();
        let today = chrono::DateTime::from_timestamp_millis(wall_ms).unwrap_or_default();
        let today = today.with_timezone(&self.folder.station.zone).date_naive();
        let word = Word {
            origin: self.origin.clone(),
            wall_ms,
            size: self.size()?,
            version: status.version.clone(),
            unit: self.folder.station.unit.clone(),
            holds: self.holds(glance, today)?,
            on_air: status.on_air.as_ref().map_or_else(String::new, |on_air| on_air.programme.clone()),
            next_ms: status.next.as_ref().and_then(|next| {
                chrono::DateTime::parse_from_rfc3339(&next.at).ok().map(|at| at.timestamp_millis())
            }),
            lamps,
            free: disk::free_bytes(&self.folder.root).unwrap_or_default(),
        };
        Ok(word.sign(&self.key)?)
    }

    /// The months from this one on, as they stand in the folder.
    fn holds(&self, glance: &Glance, today: NaiveDate) -> Result<Vec<Holding>, ControlError> {
        let this = Month::of(today);
        let mut holds = Vec::new();
        for name in schedules(&self.folder)?.into_iter().filter(|name| name.month >= this) {
            let Some(draft) = Draft::find(&self.folder, name)? else { continue };
            let ready = matches!(glance.stage(&self.folder, &draft)?, Stage::Approved(_));
            let revision = draft.file.schedule.as_ref().map_or(0, |schedule| schedule.revision);
            let schedule = draft.file.digest;
            holds.push(Holding { month: name.month, ward: name.ward, revision, schedule, ready });
        }
        Ok(holds)
    }
}
