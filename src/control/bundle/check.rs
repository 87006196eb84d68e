//! `loa verify FILE`: a bundle from its bytes alone. Nothing in it is believed but what leads to the signature.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use chrono::NaiveDate;

use super::{
    CHECKPOINT, MANIFEST, MEDIA, Manifest, Period, README, ROWS, STATION_KEY, SUMMARY, Stretch,
    archive::Archive, blob, day, stretches, tile,
};
use crate::{
    control::{
        Against, ControlError, EpochBefore, Witnessed,
        audit::{public_key, short_code},
        judged::{Judgement, MOST_BYTES, MOST_TOLD},
    },
    evidence::{
        Body, Checkpoint, Kept, Leaf, ReadLeaf, Verifier, VerifyReport,
        tiles::{self, Content, Tile, TileFault, Tree},
    },
    keys::PublicKey,
    programme::Approval,
    reconcile::{Completeness, Patience, Span, Totals},
    units::{Digest, Month},
    words::Message,
};

/// A checkpoint, a key or a manifest is far smaller.
const MOST_TEXT: u64 = 1 << 20;
/// 256 hashes.
const MOST_TILE: u64 = 256 * 32;
/// 256 leaves of the greatest length, each behind its own.
const MOST_ENTRIES: u64 = 256 * (2 + 65_535);
/// A document that an entry names.
const MOST_BLOB: u64 = MOST_BYTES as u64;
/// An audio file of hours.
const MOST_MEDIA: u64 = 8 << 30;

/// A hundred years: clocks in a hostile bundle run further.
const MOST_MONTHS: usize = 1200;

/// What the verification of a bundle found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleReport {
    /// What was found wrong, with the entries and with everything beside them.
    pub log: VerifyReport,
    /// Entries that the signed head covers.
    pub of: u64,
    /// Which of them the bundle holds.
    pub held: Vec<Stretch>,
    /// The days that it claims to be about, which no key signed; `None` when it claims none that there can be.
    pub period: Option<Period>,
    /// No key was given: the bundle was checked with its own.
    pub own_key: bool,
    /// Members that are no part of a bundle: neither read nor judged.
    pub unknown: Vec<String>,
    /// How many files of audio have the digests by which they were approved.
    pub media: usize,
    /// How the slots stand, of the whole log or of the period of a part, by the lists that the bundle holds; absent
    /// when it is not unaltered.
    pub slots: Option<Totals>,
    /// The months of a part's period of which no schedule that was accepted or refused is in it: nobody can say
    /// whether anything was planned then.
    pub unlisted_months: Vec<Month>,
    /// The epoch that the log follows, as its opening tells; absent when the bundle is not unaltered.
    pub before: Option<EpochBefore>,
    /// How far a witness saw the log, by the cosignatures among the entries that are held.
    pub witnessed: Option<Witnessed>,
    /// How many of these the part of the log that is held can neither bear out nor refute.
    pub unchecked_anchors: u64,
}

impl BundleReport {
    /// The report on a bundle of whose files nothing is said but what the `log` is found to be.
    fn unread(log: VerifyReport, own_key: bool, unknown: Vec<String>) -> BundleReport {
        BundleReport {
            log,
            of: 0,
            held: Vec::new(),
            period: None,
            own_key,
            unknown,
            media: 0,
            slots: None,
            unlisted_months: Vec::new(),
            before: None,
            witnessed: None,
            unchecked_anchors: 0,
        }
    }
}

/// The members by what they are.
#[derive(Default)]
struct Members {
    hashes: BTreeSet<Tile>,
    entries: BTreeSet<Tile>,
    blobs: BTreeSet<Digest>,
    media: BTreeMap<String, Digest>,
    approvers: Vec<String>,
    unknown: Vec<String>,
}

impl Members {
    fn of(archive: &Archive) -> Members {
        let mut members = Members::default();
        for name in archive.names() {
            members.take(name);
        }
        members
    }

    fn take(&mut self, name: &str) {
        if [README, SUMMARY, MANIFEST, ROWS, MEDIA, CHECKPOINT, STATION_KEY].contains(&name) {
            return;
        }
        let digest = |text: &str| text.parse::<Digest>().ok();
        if let Some((tile, content)) = name.strip_prefix("log/").and_then(Tile::read) {
            match content {
                Content::Hashes => self.hashes.insert(tile),
                Content::Entries => self.entries.insert(tile),
            };
        } else if let Some(blob) = name.strip_prefix("blobs/sha256/").and_then(digest) {
            self.blobs.insert(blob);
        } else if let Some(file) =
            name.strip_prefix("media/").and_then(|file| digest(file.split('.').next()?))
        {
            self.media.insert(name.to_owned(), file);
        } else if name.starts_with("keys/approver-") {
            self.approvers.push(name.to_owned());
        } else {
            self.unknown.push(name.to_owned());
        }
    }
}

/// Verifies the bundle in the file at `path`, against `keys` or, without any, the public key that stands in it
/// (which shows only that the bundle is consistent with itself).
pub fn audit_bundle(path: &Path, against: &Against) -> Result<BundleReport, ControlError> {
    let codes = against.codes.iter().map(|code| short_code(code)).collect::<Result<Vec<_>, _>>()?;
    let keys = &against.keys;
    let mut archive = Archive::open(path)?;
    let members = Members::of(&archive);
    let note = archive.read(CHECKPOINT, MOST_TEXT)?;
    let own_key = keys.is_empty();
    let keys = if own_key {
        vec![key_in(&mut archive, STATION_KEY)?]
    } else {
        keys.iter().map(|key| public_key(key)).collect::<Result<_, _>>()?
    };
    let verifier = Verifier::new(&note, &keys, codes.into_iter().map(Kept::Code).collect());
    let finished = |mut log: VerifyReport| {
        if own_key {
            log.by_own_key();
        }
        log
    };
    let Some(signed) = verifier.head().cloned() else {
        // Without a signature nothing tells what the files should be.
        return Ok(BundleReport::unread(finished(verifier.finish()), own_key, members.unknown));
    };
    let stretches = stretches(members.entries.iter().copied());
    let whole = stretches == [Stretch { first: 0, last: signed.size.saturating_sub(1) }];
    let claimed = if whole { None } else { Some(days_of(&mut archive)) };
    let patience = Patience::of_a_stranger();
    let completeness =
        claimed.map_or_else(|| Completeness::new(patience), |days| Completeness::of_part(patience, days));
    let mut check = Check {
        archive,
        head: signed,
        verifier,
        told: BTreeSet::new(),
        days: BTreeMap::new(),
        named: BTreeSet::new(),
        approvals: BTreeSet::new(),
        judgement: Judgement::new(completeness, &keys),
    };
    check.entries(&members);
    let period = check.manifest(&stretches);
    check.blobs();
    check.approvers(&members);
    let approved = check.approved();
    let media = check.media(&members, &approved);
    let mut log = finished(check.verifier.finish());
    let unaltered = log.holds();
    let before = check.judgement.signatures().before().filter(|_| unaltered).cloned();
    check.judgement.tell(&mut log);
    let (witnessed, unchecked_anchors) = if unaltered { check.judgement.witnessed() } else { (None, 0) };
    let judged = if unaltered { check.judgement.slots(&mut log) } else { None };
    let mut unlisted_months = claimed.map_or_else(Vec::new, |claimed| months(claimed, &check.days));
    match &judged {
        Some((_, listed)) => unlisted_months.retain(|month| !listed.contains(month)),
        None => unlisted_months.clear(),
    }
    let slots = judged.map(|(totals, _)| totals);
    let mut unknown = members.unknown;
    unknown.extend(members.blobs.difference(&check.named).map(|digest| blob(*digest)));
    let (of, held) = (check.head.size, stretches);
    let unread = BundleReport::unread(log, own_key, unknown);
    let of_slots = BundleReport { media, slots, unlisted_months, before, ..unread };
    Ok(BundleReport { of, held, period, witnessed, unchecked_anchors, ..of_slots })
}

/// The days that `bundle.json` claims, as far as they can be read: what it says is held against the entries later.
fn days_of(archive: &mut Archive) -> Span {
    let manifest = archive.read(MANIFEST, MOST_TEXT).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let period = manifest.and_then(|manifest| manifest.period()).unwrap_or_default();
    Span { from: period.from.unwrap_or(NaiveDate::MIN), to: period.to.unwrap_or(NaiveDate::MAX) }
}

/// The months of the days that are `claimed` and of which something is held.
fn months(claimed: Span, held: &BTreeMap<u64, NaiveDate>) -> Vec<Month> {
    let (Some(first), Some(last)) = (held.values().min(), held.values().max()) else { return Vec::new() };
    let span = Span { from: claimed.from.max(*first), to: claimed.to.min(*last) };
    let all = std::iter::successors(Some(Month::of(span.from)), |month| Some(month.next()));
    all.take_while(|month| span.touches(*month)).take(MOST_MONTHS).collect()
}

fn key_in(archive: &mut Archive, name: &str) -> Result<PublicKey, Message> {
    let text = archive.read(name, MOST_TEXT)?;
    let key = std::str::from_utf8(&text).ok().and_then(|text| PublicKey::parse(text).ok());
    key.ok_or_else(|| Message::new("bundle-key").with("file", name))
}

/// A verification in progress.
struct Check {
    archive: Archive,
    head: Checkpoint,
    verifier: Verifier,
    /// Faults that were named, but for those of single entries.
    told: BTreeSet<Message>,
    /// The days on which the first and the last entry of each bundle of entries were written.
    days: BTreeMap<u64, NaiveDate>,
    /// Digests that the held entries name.
    named: BTreeSet<Digest>,
    /// Those of them that are approvals of accepted schedules.
    approvals: BTreeSet<Digest>,
    /// Follows the settings from stretch to stretch: a bundle holds each entry that changed them.
    judgement: Judgement,
}

impl Check {
    /// One missing file may be asked for more than once; it is named once.
    fn wrong(&mut self, message: Message) {
        if self.told.contains(&message) {
            return;
        }
        if self.told.len() < MOST_TOLD {
            self.told.insert(message.clone());
        }
        self.verifier.fault(None, message);
    }

    /// Tiles from the root down, then each bundle of entries against its tile and through the rules of a log.
    fn entries(&mut self, members: &Members) {
        let size = self.head.size;
        let belongs = |tile: &Tile| Tile::of(tile.level(), tile.index(), size) == Some(*tile);
        for (tiles, content) in [(&members.hashes, Content::Hashes), (&members.entries, Content::Entries)] {
            for foreign in tiles.iter().filter(|tile| !belongs(tile)) {
                self.wrong(Message::new("bundle-foreign").with("file", tile(*foreign, content)));
            }
        }
        let mut tree = self.edge();
        for above in members.hashes.iter().rev().filter(|tile| belongs(tile) && tile.level() > 0) {
            self.prove(tree.as_mut(), *above);
        }
        let lowest = members.hashes.iter().filter(|tile| tile.level() == 0);
        let places: BTreeSet<Tile> =
            lowest.chain(&members.entries).copied().filter(|tile| belongs(tile)).collect();
        for place in places {
            let hashes = self.prove(tree.as_mut(), place);
            if members.entries.contains(&place) {
                self.bundle(place, hashes.as_deref(), tree.as_mut());
            }
        }
        self.verifier.leave_out(size);
    }

    /// The right edge, when it leads to the signed root.
    fn edge(&mut self) -> Option<Tree> {
        let mut unread = Vec::new();
        let Checkpoint { size, root, .. } = self.head;
        let edge = Tree::open(size, root, |edge| {
            let read = self.archive.read(&tile(edge, Content::Hashes), MOST_TILE);
            read.map_err(|message| unread.push(message)).ok()
        });
        let fault = match edge {
            Ok(tree) => return Some(tree),
            Err(TileFault::Missing(_)) => unread,
            Err(fault) => vec![told(&fault)],
        };
        for message in fault {
            self.wrong(message);
        }
        None
    }

    /// The hashes of a tile that is present and the tree's own.
    fn prove(&mut self, tree: Option<&mut Tree>, place: Tile) -> Option<Vec<Digest>> {
        let read = self.archive.read(&tile(place, Content::Hashes), MOST_TILE);
        let bytes = read.map_err(|message| self.wrong(message)).ok()?;
        match tree?.prove(place, &bytes) {
            Ok(hashes) => return Some(hashes),
            // What lies below an altered tile cannot be judged; the tile itself was named.
            Err(TileFault::Missing(above))
                if self.archive.names().contains(&tile(above, Content::Hashes)) => {}
            Err(fault) => self.wrong(told(&fault)),
        }
        None
    }

    fn bundle(&mut self, place: Tile, hashes: Option<&[Digest]>, mut tree: Option<&mut Tree>) {
        let name = tile(place, Content::Entries);
        let bytes = match self.archive.read(&name, MOST_ENTRIES) {
            Ok(bytes) => bytes,
            Err(message) => return self.wrong(message),
        };
        let Some(leaves) = tiles::entries(&bytes, place.width()) else {
            return self.wrong(Message::new("bundle-entries").with("file", name));
        };
        self.verifier.leave_out(place.first());
        for (at, (entry, leaf)) in (place.first()..).zip(leaves).enumerate() {
            let read = ReadLeaf::of(leaf);
            self.verifier.take(&read, |_| {});
            if hashes.is_some_and(|hashes| hashes.get(at) != Some(&read.hash)) {
                self.verifier.fault(Some(entry), Message::new("verify-altered").with("entry", entry));
            }
            if let (true, Ok(leaf)) = (at == 0 || at + 1 == usize::from(place.width()), &read.leaf) {
                self.days.extend(day(leaf.clk()).map(|day| (entry, day)));
            }
            let Ok(Leaf::Known(leaf)) = read.leaf else { continue };
            self.named.extend(leaf.body.blobs().into_iter().map(|(_, digest)| digest));
            // Bytes that are missing or other ones are named with the blobs.
            let mut stored = |digest| {
                let read = self.archive.read(&blob(digest), MOST_BLOB).ok();
                read.filter(|bytes| Digest::of(bytes) == digest)
            };
            self.judgement.take(&leaf, &mut stored);
            if let Body::Anchor(fact) = &leaf.body {
                let root = tree.as_deref_mut().and_then(|tree| self.root(tree, fact.size.min(entry)));
                self.judgement.anchor(&leaf, fact, root);
            }
            if let Body::ScheduleAccept(fact) = leaf.body {
                self.approvals.insert(fact.approval);
            }
        }
    }

    /// The root that the log had at `size`, where the tiles that are here show it.
    fn root(&mut self, tree: &mut Tree, size: u64) -> Option<Digest> {
        let lowest = Tile::of(0, size / tiles::WIDTH, self.head.size);
        let hashes = match lowest.filter(|_| !size.is_multiple_of(tiles::WIDTH)) {
            Some(lowest) => {
                let bytes = self.archive.read(&tile(lowest, Content::Hashes), MOST_TILE).ok()?;
                tree.prove(lowest, &bytes).ok()?
            }
            None => Vec::new(),
        };
        tree.root_at(size, &hashes)
    }

    /// The manifest is not signed; it shows what somebody took away who forgot it.
    /// Gives the days that it claims to be about.
    fn manifest(&mut self, held: &[Stretch]) -> Option<Period> {
        let manifest = match self.archive.read(MANIFEST, MOST_TEXT) {
            Ok(bytes) => serde_json::from_slice::<Manifest>(&bytes).ok(),
            Err(message) => {
                self.wrong(message);
                return None;
            }
        };
        let Checkpoint { origin, size, root } = &self.head;
        let of_this_log = |manifest: &Manifest| {
            (&manifest.origin, &manifest.size, &manifest.root) == (origin, size, root) && manifest.format == 1
        };
        let period = manifest.as_ref().and_then(Manifest::period);
        let fault = match (manifest.filter(of_this_log), period) {
            (None, _) | (_, None) => "bundle-manifest",
            (Some(manifest), _) if manifest.entries != held => "bundle-stretches",
            (_, Some(period)) if !self.reaches(period, held) => "bundle-gap",
            _ => return period,
        };
        self.wrong(Message::new(fault).with("file", MANIFEST));
        period
    }

    /// Whether one stretch begins before `period` and ends behind it, or with the log itself: then it lacks
    /// nothing that was entered meanwhile.
    fn reaches(&self, period: Period, held: &[Stretch]) -> bool {
        let day = |entry| self.days.get(&entry).copied();
        held.iter().any(|Stretch { first, last }| {
            let begins = *first == 0 || day(*first).is_some_and(|day| period.is_after(day));
            let ends = last + 1 == self.head.size || day(*last).is_some_and(|day| period.is_before(day));
            begins && ends
        })
    }

    fn blobs(&mut self) {
        for digest in self.named.clone() {
            let name = blob(digest);
            match self.archive.digest(&name, MOST_BLOB) {
                Ok(found) if found == digest => {}
                Ok(_) => self.wrong(Message::new("bundle-blob").with("file", name)),
                Err(message) => self.wrong(message),
            }
        }
    }

    /// The approvers' keys are there for whoever checks by hand: each is one that the settings trusted.
    fn approvers(&mut self, members: &Members) {
        for name in &members.approvers {
            match key_in(&mut self.archive, name) {
                Ok(key) if self.judgement.signatures().approvers().contains(&key) => {}
                Ok(_) => self.wrong(Message::new("bundle-approver").with("file", name)),
                Err(message) => self.wrong(message),
            }
        }
    }

    /// The digests of the audio files in the approvals that are as they were entered.
    fn approved(&mut self) -> BTreeSet<Digest> {
        let mut approved = BTreeSet::new();
        for digest in &self.approvals {
            let note = self.archive.read(&blob(*digest), MOST_BLOB).ok();
            let note = note.filter(|note| Digest::of(note) == *digest);
            let subject = note.and_then(|note| Approval::unchecked(&note)).map(|(subject, _)| subject);
            approved.extend(subject.into_iter().flat_map(|subject| subject.files.into_values()));
        }
        approved
    }

    fn media(&mut self, members: &Members, approved: &BTreeSet<Digest>) -> usize {
        let mut good = 0;
        for (name, digest) in &members.media {
            match self.archive.digest(name, MOST_MEDIA) {
                Ok(found) if found == *digest && approved.contains(digest) => good += 1,
                Ok(_) => self.wrong(Message::new("bundle-media").with("file", name)),
                Err(message) => self.wrong(message),
            }
        }
        good
    }
}

/// What is wrong with a tile, for people.
fn told(fault: &TileFault) -> Message {
    let of = |code, place: &Tile| Message::new(code).with("file", tile(*place, Content::Hashes));
    match fault {
        TileFault::Missing(place) => of("bundle-missing", place),
        TileFault::Length(place) => of("bundle-tile-length", place),
        TileFault::Altered(place) => of("bundle-tile", place),
        TileFault::Root => Message::new("bundle-root"),
    }
}
