//! What can be known of a package before anything of it has a place, and before its bytes are fetched.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    Ask, ControlError, Folder,
    draft::{approved_revision, settle},
    folder::{has_errors, open_log},
    month::{approval_message, read_if_there},
    refusal::{enter_refusal, refused},
    survey::expand,
    trust::{Approvers, chain, kept},
    urgent,
};
use crate::{
    disk,
    evidence::{Body, Checkpoint, PackageFact},
    media::Limits,
    package::{FileFact, Manifest, Part, Shelf, TlogProof, TrustChain},
    programme::{self, Approval, ApprovalSubject},
    units::{Digest, Month, ScheduleName},
    words::Message,
};

/// What was kept of the packages before.
pub(super) struct Kept {
    notes: BTreeMap<u64, (Manifest, Digest)>,
    heads: Vec<Checkpoint>,
}

impl Kept {
    fn read(shelf: &Shelf) -> Result<Kept, ControlError> {
        let (mut notes, mut heads) = (BTreeMap::new(), Vec::new());
        for seq in shelf.packages()? {
            if let (Some(manifest), digest) = Manifest::unchecked(&shelf.note(seq)?) {
                notes.insert(seq, (manifest, digest));
                heads.extend(head(&shelf.proof(seq)?));
            }
        }
        Ok(Kept { notes, heads })
    }

    /// What `note` says, which was taken before under the number `seq`.
    fn known(&self, seq: u64, note: &[u8]) -> Option<&Manifest> {
        let (known, digest) = self.notes.get(&seq)?;
        (Manifest::unchecked(note).1 == *digest).then_some(known)
    }

    /// The centre signed at these times, and a witness at the last anchor's, so it is later than all of them: a clock that
    /// was set back revives nothing.
    fn floor(&self, folder: &Folder, now: DateTime<Utc>) -> Result<DateTime<Utc>, ControlError> {
        Ok(self.signed_floor(folder)?.map_or(now, |signed| signed.max(now)))
    }

    /// The latest of those times, whatever the clock here says.
    fn signed_floor(&self, folder: &Folder) -> Result<Option<DateTime<Utc>>, ControlError> {
        let issued = self.notes.values().map(|(manifest, _)| manifest.issued_ms).max();
        let issued = issued.and_then(DateTime::from_timestamp_millis);
        let log = open_log(&folder.log_path())?;
        let cosigned = match log.last_of("anchor", log.size()?)?.map(|entry| entry.body) {
            Some(Body::Anchor(fact)) => i64::try_from(fact.time).ok(),
            _ => None,
        };
        let cosigned = cosigned.and_then(|time| DateTime::from_timestamp(time, 0));
        Ok(issued.max(cosigned))
    }

    /// Whether nobody waits for what `manifest` says any more: its time is surely over, or its month has a newer package.
    fn is_past(&self, manifest: &Manifest, signed: Option<DateTime<Utc>>) -> bool {
        let over = signed.is_some_and(|signed| signed.timestamp_millis() >= manifest.not_after_ms);
        over || manifest.urgent.is_none() && self.later(manifest).is_some()
    }

    /// The package of the same month that was taken and came after the one of `manifest`.
    fn later(&self, manifest: &Manifest) -> Option<&Manifest> {
        let of_month = |known: &&Manifest| known.month == manifest.month && known.urgent.is_none();
        let known = self.notes.values().map(|(known, _)| known);
        known.filter(of_month).find(|known| known.seq > manifest.seq)
    }
}

fn head(proof: &[u8]) -> Option<Checkpoint> {
    Checkpoint::unchecked(&TlogProof::read(proof).ok()?.checkpoint).ok()
}

/// A package that may have its place.
pub(super) struct Good {
    pub(super) manifest: Manifest,
    pub(super) digest: Digest,
    pub(super) note: Vec<u8>,
    pub(super) proof: Vec<u8>,
    pub(super) schedule: Vec<u8>,
    /// Of a month; what is urgent is approved by the package's own signatures.
    pub(super) approval: Option<Vec<u8>>,
}

/// The instant that is surely reached at this station, whatever its clock says.
pub(super) fn floor(folder: &Folder, now: DateTime<Utc>) -> Result<DateTime<Utc>, ControlError> {
    Kept::read(&kept(folder))?.floor(folder, now)
}

/// The packages of a month after which the same folder holds a later one: history, no refusal. What was taken once is
/// history also where its keys are revoked by now.
pub(super) fn superseded(
    folder: &Folder,
    shelf: &Shelf,
    packages: &[u64],
    chain: &TrustChain,
) -> Result<BTreeSet<u64>, ControlError> {
    let kept = Kept::read(&kept(folder))?;
    let mut last: BTreeMap<Month, u64> = BTreeMap::new();
    let mut passed = BTreeSet::new();
    for seq in packages {
        let Ok(note) = shelf.note(*seq) else { continue };
        let opened = || Manifest::open(&note, chain).ok().map(|(manifest, _)| manifest);
        let good = kept.known(*seq, &note).cloned().or_else(opened).filter(|manifest| manifest.seq == *seq);
        // What is urgent replaces nothing, and no month replaces it.
        let month = good.filter(|manifest| manifest.urgent.is_none());
        passed.extend(month.and_then(|manifest| last.insert(manifest.month, *seq)));
    }
    Ok(passed)
}

/// A package against which nothing was found before its bytes were looked at.
struct Admitted {
    manifest: Manifest,
    digest: Digest,
    note: Vec<u8>,
    proof: Vec<u8>,
}

/// Everything that note and proof tell of package `seq`. None: it has its place already.
fn admit(
    folder: &Folder,
    shelf: &Shelf,
    chain: &TrustChain,
    seq: u64,
    now: DateTime<Utc>,
) -> Result<Option<Admitted>, ControlError> {
    let own = kept(folder);
    let kept = Kept::read(&own)?;
    let note = shelf.note(seq)?;
    if let Some(known) = kept.known(seq, &note) {
        if known.urgent.is_some() {
            // Its note is laid last.
            return Ok(None);
        }
        // An import whose power went behind the approval is finished before anything is compared.
        settle(folder, ScheduleName::centre(known.month))?;
        if is_in_place(folder, known)? {
            return Ok(None);
        }
    }
    let (manifest, digest) = Manifest::open(&note, chain)?;
    if manifest.seq != seq {
        return Err(Message::new("package-number").with("found", manifest.seq).with("wanted", seq).into());
    }
    if kept.notes.get(&seq).is_some_and(|(_, known)| *known != digest) {
        own.lay_fork(seq, &note)?;
        return Err(Message::new("package-fork").with("seq", seq).into());
    }
    let now = kept.floor(folder, now)?;
    chain.is_in_force(now)?;
    manifest.is_for(&folder.station.id, now)?;
    let proof = shelf.proof(seq)?;
    let head = TlogProof::read(&proof)?.check(chain.last(), &manifest.name(), digest)?;
    // An older head on a late stick is no fault; two heads of one size are.
    let same = |known: &&Checkpoint| known.origin == head.origin && known.size == head.size;
    if kept.heads.iter().filter(same).any(|known| known.root != head.root) {
        own.lay_fork(seq, &proof)?;
        return Err(Message::new("package-log-fork").with("size", head.size).into());
    }
    if manifest.urgent.is_some() {
        is_new(&kept, &manifest)?;
    } else {
        is_newer(folder, &kept, &manifest)?;
    }
    Ok(Some(Admitted { manifest, digest, note, proof }))
}

/// Everything that can be known before anything has a place. None: it has its place already.
pub(super) fn examine(
    folder: &Folder,
    shelf: &Shelf,
    chain: &TrustChain,
    seq: u64,
    now: DateTime<Utc>,
) -> Result<Option<Good>, ControlError> {
    let Some(admitted) = admit(folder, shelf, chain, seq, now)? else { return Ok(None) };
    let Admitted { manifest, digest, note, proof } = admitted;
    for part in lacking(folder, &manifest)? {
        shelf.pour(part, &mut std::io::sink())?;
    }
    let schedule = shelf.bytes(manifest.schedule)?;
    let approval = manifest.approval.map(|part| shelf.bytes(part)).transpose()?;
    match &approval {
        Some(approval) => {
            content(folder, &Approvers::under(folder, chain), &manifest, &schedule, approval)?;
        }
        None => urgent::content(&manifest, &schedule)?,
    }
    room(folder, &manifest)?;
    Ok(Some(Good { manifest, digest, note, proof, schedule, approval }))
}

/// What must come with the package: its texts, and the audio that does not stand here yet.
fn lacking(folder: &Folder, manifest: &Manifest) -> Result<Vec<Part>, ControlError> {
    let mut parts: Vec<Part> = [manifest.schedule].into_iter().chain(manifest.approval).collect();
    for file in &manifest.files {
        if !stands(folder, file)? {
            parts.push(file.part());
        }
    }
    Ok(parts)
}

/// What must be fetched of package `seq`, whose note and proof lie on `shelf`, before it can be imported; a no that needs no
/// bytes to be known comes before any. None: nothing is wanted of it, since its month or its time has passed on or it has its
/// place.
pub fn lacks(
    folder: &Folder,
    shelf: &Shelf,
    seq: u64,
    now: DateTime<Utc>,
) -> Result<Option<Vec<Part>>, ControlError> {
    let _alone = folder.packages()?;
    let kept = Kept::read(&kept(folder))?;
    let said = Manifest::unchecked(&shelf.note(seq)?).0.filter(|manifest| manifest.seq == seq);
    let signed = kept.signed_floor(folder)?;
    if said.is_some_and(|manifest| kept.is_past(&manifest, signed)) {
        return Ok(None);
    }
    let chain = chain(folder)?.ok_or_else(|| ControlError::from(Message::new("trust-none")))?;
    let admitted = admit(folder, shelf, &chain, seq, now)?;
    admitted.map(|admitted| lacking(folder, &admitted.manifest)).transpose()
}

/// Of the packages `desired`, by number and digest of the note, those of which nothing is wanted any more: they were taken, and
/// have their place, or their month or their time has passed on.
pub fn held(folder: &Folder, desired: &[(u64, Digest)]) -> Result<BTreeSet<Digest>, ControlError> {
    if desired.is_empty() {
        // Where nothing was ever kept there is no folder to ask.
        return Ok(BTreeSet::new());
    }
    let _alone = folder.packages()?;
    let own = kept(folder);
    let kept = Kept::read(&own)?;
    let (signed, mut held) = (kept.signed_floor(folder)?, BTreeSet::new());
    for (seq, digest) in desired {
        let Some((manifest, _)) = kept.notes.get(seq) else { continue };
        let is_over = manifest.urgent.is_some() || kept.is_past(manifest, signed);
        if Digest::of(&own.note(*seq)?) == *digest && (is_over || is_in_place(folder, manifest)?) {
            held.insert(*digest);
        }
    }
    Ok(held)
}

/// Enters that the package of `note` is refused before its bytes had a place, as its import would.
pub fn turn_away<E: From<ControlError>>(
    folder: &Folder,
    note: &[u8],
    no: &Message,
    now: DateTime<Utc>,
    enter: &mut dyn FnMut(Ask) -> Result<(), E>,
) -> Result<(), E> {
    let (said, digest) = Manifest::unchecked(note);
    let fact = PackageFact { what: said.as_ref().map(Manifest::name), ..refused("", digest, no) };
    enter_refusal(folder, fact, now, enter)
}

/// Whether what was refused for the reason `code` stays refused: its signed bytes alone tell, and neither a clock, nor room,
/// nor another file here, nor a later trust file makes it good.
#[must_use]
pub fn is_for_good(code: &str) -> bool {
    matches!(
        code,
        "package-approval-other"
            | "package-channel"
            | "package-duplicate-field"
            | "package-fork"
            | "package-header"
            | "package-line"
            | "package-number"
            | "package-older"
            | "package-order"
            | "package-other-station"
            | "package-schedule"
            | "package-signature"
            | "package-spelling"
            | "package-unknown-field"
            | "package-urgent-again"
            | "package-urgent-long"
            | "package-value"
    )
}

/// Refuses an urgent programme that another package brought before: the log tells by its schedule what was aired.
fn is_new(kept: &Kept, manifest: &Manifest) -> Result<(), ControlError> {
    let same = |known: &&Manifest| known.urgent.is_some() && known.schedule == manifest.schedule;
    match kept.notes.values().map(|(known, _)| known).find(same) {
        Some(known) => {
            let no = Message::new("package-urgent-again").with("seq", manifest.seq);
            Err(no.with("known", known.seq).into())
        }
        None => Ok(()),
    }
}

/// Refuses what was replaced before, and what is older than what people approved here.
fn is_newer(folder: &Folder, kept: &Kept, manifest: &Manifest) -> Result<(), ControlError> {
    if let Some(later) = kept.later(manifest) {
        return Err(Message::new("package-older").with("seq", manifest.seq).with("known", later.seq).into());
    }
    let name = ScheduleName::centre(manifest.month);
    let approved = approved_revision(folder, name)?.unwrap_or_default();
    let standing = read_if_there(&folder.root.join(folder.schedule_file(name)))?;
    let other = standing.is_some_and(|bytes| Digest::of(&bytes) != manifest.schedule.sha256);
    if approved > manifest.revision || (approved == manifest.revision && other) {
        let no = Message::new("package-revision").with("month", name).with("found", manifest.revision);
        return Err(no.with("known", approved).into());
    }
    Ok(())
}

/// Refuses a month that could not air here: its approval, its schedule and its files must belong together.
fn content(
    folder: &Folder,
    approvers: &Approvers,
    manifest: &Manifest,
    schedule: &[u8],
    approval: &[u8],
) -> Result<(), ControlError> {
    let name = ScheduleName::centre(manifest.month);
    let approval = Approval::open(approval, &approvers.keys);
    let approval = approval.map_err(|error| approval_message(&error))?;
    let subject =
        ApprovalSubject::new(manifest.month, manifest.revision, manifest.schedule.sha256, manifest.digests());
    if approval.subject != subject {
        return Err(Message::new("package-approval-other").into());
    }
    let file = folder.schedule_file(name);
    let (schedule, mut findings) = programme::read(&file, schedule);
    if let Some(schedule) = &schedule {
        findings.extend(expand(folder, &file, schedule).1);
        findings.extend(programme::sources(&file, schedule, false));
    }
    let Some(schedule) = schedule.filter(|_| !has_errors(&findings)) else {
        let first = findings.iter().find(|finding| has_errors(std::slice::from_ref(finding)));
        let code = first.map_or("", |finding| finding.message.code);
        return Err(Message::new("package-schedule").with("code", code).into());
    };
    let named = schedule.programmes.iter().flat_map(|p| &p.segments).map(|segment| segment.file.as_str());
    let named: BTreeSet<&str> = named.collect();
    let held: BTreeSet<&str> = manifest.files.iter().map(|file| file.file.as_str()).collect();
    if (schedule.month, schedule.revision) != (manifest.month, manifest.revision) || named != held {
        return Err(Message::new("package-approval-other").into());
    }
    Ok(())
}

/// Refuses files whose names have other bytes here, and what the disk has no room for.
fn room(folder: &Folder, manifest: &Manifest) -> Result<(), ControlError> {
    let mut bytes = 0;
    for file in &manifest.files {
        if !stands(folder, file)? {
            bytes += file.bytes;
        }
    }
    let free = disk::free_bytes(&folder.root)?;
    if free < bytes + disk::STAYS_FREE {
        return Err(Message::new("package-room").with("needed", bytes >> 20).with("free", free >> 20).into());
    }
    Ok(())
}

/// Whether `file` stands below the media folder. Audio is never laid over other audio: what airs until the change, and
/// what aired, keeps its bytes.
pub(super) fn stands(folder: &Folder, file: &FileFact) -> Result<bool, ControlError> {
    let library = folder.library();
    if library.resolve(&file.file).is_err() {
        return Ok(false);
    }
    let found = folder.renderer(&library, &Limits::default()).digest(&file.file)?;
    if found == file.sha256 {
        Ok(true)
    } else {
        Err(Message::new("package-other-audio").with("file", &file.file).into())
    }
}

/// Whether schedule and approval of the package are those that stand here.
pub(super) fn is_in_place(folder: &Folder, manifest: &Manifest) -> Result<bool, ControlError> {
    let name = ScheduleName::centre(manifest.month);
    let is = |file: String, digest| {
        let bytes = read_if_there(&folder.root.join(file))?;
        Ok::<_, ControlError>(bytes.is_some_and(|bytes| Digest::of(&bytes) == digest))
    };
    let audio = manifest.files.iter().all(|file| stands(folder, file).unwrap_or(false));
    Ok(audio
        && is(folder.schedule_file(name), manifest.schedule.sha256)?
        && manifest.approval.is_some_and(|part| is(folder.approval_file(name), part.sha256).unwrap_or(false)))
}
