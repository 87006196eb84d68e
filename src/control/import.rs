//! A station takes a month from a folder of packages: everything is checked before anything has a place, and a power cut
//! at any moment leaves the month before or the new one.
//!
//! The order is audio, entry, note, schedule as a draft, approval. The approval is the moment of change, as when a person
//! approves here; what stands before it is seen by nobody, and the next import goes on from there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
    path::Path,
};

use chrono::{DateTime, Utc};

use super::{
    Act, Ask, ControlError, Folder,
    draft::{approved_revision, settle, settle_alone},
    folder::{has_errors, open_log},
    month::{approval_message, read_if_there},
    refusal::{enter_refusal, refused},
    staging::Staged,
    survey::expand,
    trust::{Approvers, chain, kept},
    urgent,
};
use crate::{
    disk::{self, At as _},
    evidence::{Body, Checkpoint, PackageAct, PackageFact},
    media::Limits,
    package::{FileFact, Manifest, PackageError, Shelf, TlogProof, TrustChain},
    programme::{self, Approval, ApprovalSubject},
    store::Filter,
    units::{Digest, Month, ScheduleName},
    words::Message,
};

/// So much of the disk stays free for what airs.
pub(super) const STAYS_FREE: u64 = 500 << 20;

/// So many refusals of one import are entered and told; a stick full of rubbish does not fill the log.
const MOST_REFUSED: usize = 20;

/// What became of a file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its name in the folder.
    pub file: String,
    /// What it says of its month and revision, whether or not that was believed.
    pub month: Option<(Month, u32)>,
    /// What became of it.
    pub became: Became,
}

/// What became of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// Its month is the one that airs now; of a trust file: it is in force.
    Taken,
    /// It was that already.
    Already,
    /// It was not taken, and why.
    Refused(Message),
    /// It was only looked at: nothing is in its way.
    Good {
        /// The approved revision that it would replace.
        replaces: Option<u32>,
    },
}

/// What is imported, and who brings it.
struct Order<'a> {
    from: &'a Path,
    by: &'a str,
    /// Nothing is taken: what would be, and what is refused.
    only_look: bool,
}

/// What was kept of the packages before.
struct Kept {
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
        let issued = self.notes.values().map(|(manifest, _)| manifest.issued_ms).max();
        let issued = issued.and_then(DateTime::from_timestamp_millis);
        let log = open_log(&folder.log_path())?;
        let cosigned = match log.last_of("anchor", log.size()?)?.map(|entry| entry.body) {
            Some(Body::Anchor(fact)) => i64::try_from(fact.time).ok(),
            _ => None,
        };
        let cosigned = cosigned.and_then(|time| DateTime::from_timestamp(time, 0));
        Ok([issued, cosigned].into_iter().flatten().fold(now, DateTime::max))
    }
}

fn head(proof: &[u8]) -> Option<Checkpoint> {
    Checkpoint::unchecked(&TlogProof::read(proof).ok()?.checkpoint).ok()
}

/// A package that may have its place.
pub(super) struct Good {
    pub(super) manifest: Manifest,
    digest: Digest,
    pub(super) note: Vec<u8>,
    proof: Vec<u8>,
    pub(super) schedule: Vec<u8>,
    /// Of a month; what is urgent is approved by the package's own signatures.
    approval: Option<Vec<u8>>,
}

/// The instant that is surely reached at this station, whatever its clock says.
pub(super) fn floor(folder: &Folder, now: DateTime<Utc>) -> Result<DateTime<Utc>, ControlError> {
    Kept::read(&kept(folder))?.floor(folder, now)
}

/// Of a container that is refused as a whole, so many bytes tell which it was.
const HEAD_OF_CONTAINER: u64 = 64 << 10;

/// Takes what is new in `from`, a folder or a `.tar` of one, trust files first. `enter` makes entries durable: of
/// everything that is taken and of everything that is refused.
pub fn import<E: From<ControlError>>(
    folder: &Folder,
    from: &Path,
    now: DateTime<Utc>,
    by: &str,
    enter: &mut dyn FnMut(Ask) -> Result<(), E>,
) -> Result<Vec<Arrival>, E> {
    go_through(folder, &Order { from, by, only_look: false }, now, enter)
}

/// The same without taking anything: what would be taken, and what is refused; that is entered all the same.
pub fn look_at<E: From<ControlError>>(
    folder: &Folder,
    from: &Path,
    now: DateTime<Utc>,
    by: &str,
    enter: &mut dyn FnMut(Ask) -> Result<(), E>,
) -> Result<Vec<Arrival>, E> {
    go_through(folder, &Order { from, by, only_look: true }, now, enter)
}

fn go_through<E: From<ControlError>>(
    folder: &Folder,
    order: &Order<'_>,
    now: DateTime<Utc>,
    enter: &mut dyn FnMut(Ask) -> Result<(), E>,
) -> Result<Vec<Arrival>, E> {
    let Order { from, by, only_look } = *order;
    let _alone = folder.packages()?;
    let opened = open(folder, from);
    if let Err(ControlError::No(no)) = &opened {
        let digest = head_of(from)?;
        enter_refusal(folder, refused(by, digest, no), now, enter)?;
    }
    let (_staged, shelf, packages) = opened?;
    if packages.is_empty() {
        return Err(ControlError::from(Message::new("import-none").with("folder", from.display())).into());
    }
    let mut chain = chain(folder)?.ok_or_else(|| ControlError::from(Message::new("trust-none")))?;
    let mut arrivals = Vec::new();
    renew(folder, &shelf, &mut chain, order, now, enter, &mut arrivals)?;
    let passed = superseded(folder, &shelf, &packages, &chain)?;
    let is_refused = |arrival: &&Arrival| matches!(arrival.became, Became::Refused(_));
    // The newest first: each month has one left, so their order means nothing else.
    for seq in packages.into_iter().rev().filter(|seq| !passed.contains(seq)) {
        let file = format!("{seq}.note");
        let note = shelf.note(seq).unwrap_or_default();
        let (said, digest) = Manifest::unchecked(&note);
        let month = said.as_ref().map(|manifest| (manifest.month, manifest.revision));
        let fact = |act, reason: &str| {
            let what = said.as_ref().map(Manifest::name);
            PackageFact { act, by: by.into(), digest, reason: reason.into(), urgent: None, what }
        };
        let good = examine(folder, &shelf, &chain, seq, now).and_then(|good| {
            if let (Some(good), false) = (&good, only_look) {
                audio(folder, &shelf, &good.manifest)?;
                if good.manifest.urgent.is_some() {
                    urgent::stage(folder, good)?;
                }
            }
            Ok(good)
        });
        // From here on nothing is read from the stick: it may be pulled.
        let became = match good {
            Ok(None) => Became::Already,
            Ok(Some(good)) if only_look => {
                let name = ScheduleName::centre(good.manifest.month);
                let is_month = good.manifest.urgent.is_none();
                let replaces = if is_month { approved_revision(folder, name)? } else { None };
                Became::Good { replaces }
            }
            Ok(Some(good)) => {
                if !is_entered(folder, good.digest)? {
                    let urgent = urgent::fact(folder, &good)?;
                    let fact = PackageFact { urgent, ..fact(PackageAct::Taken, "") };
                    enter(Ask::Package { fact: Box::new(fact) })?;
                }
                place(folder, &good)?;
                Became::Taken
            }
            // Behind a flood of what is refused something good may lie.
            Err(ControlError::No(_)) if arrivals.iter().filter(is_refused).count() >= MOST_REFUSED => {
                continue;
            }
            Err(ControlError::No(no)) => {
                enter_refusal(folder, fact(PackageAct::Refused, no.code), now, enter)?;
                Became::Refused(no)
            }
            Err(error) => return Err(error.into()),
        };
        arrivals.push(Arrival { file, month, became });
    }
    Ok(arrivals)
}

/// What lies in `from`; the folder into which a container was unwrapped lives as long as what holds it.
fn open(folder: &Folder, from: &Path) -> Result<(Option<Staged>, Shelf, Vec<u64>), ControlError> {
    let staged = if from.is_file() { Some(Staged::unwrap(folder, from)?) } else { None };
    let shelf = staged.as_ref().map_or_else(|| Shelf::new(from), Staged::shelf);
    let packages = shelf.packages()?;
    shelf.trusts()?;
    Ok((staged, shelf, packages))
}

/// The digest of the first bytes of a container; of a folder, of nothing.
fn head_of(from: &Path) -> Result<Digest, ControlError> {
    let mut head = Vec::new();
    if from.is_file() {
        let read = fs::File::open(from).and_then(|file| file.take(HEAD_OF_CONTAINER).read_to_end(&mut head));
        read.at("read", from)?;
    }
    Ok(Digest::of(&head))
}

/// Takes the trust files that follow on the one in force.
fn renew<E: From<ControlError>>(
    folder: &Folder,
    shelf: &Shelf,
    chain: &mut TrustChain,
    order: &Order<'_>,
    now: DateTime<Utc>,
    enter: &mut dyn FnMut(Ask) -> Result<(), E>,
    arrivals: &mut Vec<Arrival>,
) -> Result<(), E> {
    let versions = shelf.trusts().map_err(ControlError::from)?;
    let last = chain.last().version;
    for version in versions.into_iter().filter(|version| *version > last) {
        let mut note = Vec::new();
        let followed = shelf.trust(version).and_then(|read| {
            note = read;
            Ok(chain.follow(&note)?)
        });
        let digest = Digest::of(&note);
        let became = match followed {
            Ok(()) if order.only_look => Became::Good { replaces: None },
            Ok(()) => {
                let text = format!("{version} {digest}");
                enter(Ask::Act { act: Act::Trust, by: order.by.into(), text })?;
                kept(folder).lay_trust(version, &note).map_err(ControlError::from)?;
                Became::Taken
            }
            Err(PackageError::Refused(no)) => {
                enter_refusal(folder, refused(order.by, digest, &no), now, enter)?;
                Became::Refused(no)
            }
            Err(error) => return Err(ControlError::from(error).into()),
        };
        let stop = matches!(became, Became::Refused(_));
        arrivals.push(Arrival { file: format!("trust/{version}.note"), month: None, became });
        if stop {
            break;
        }
    }
    Ok(())
}

/// The packages of a month after which the same folder holds a later one: history, no refusal. What was taken once is
/// history also where its keys are revoked by now.
fn superseded(
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

/// Everything that can be known before anything has a place. None: it has its place already.
fn examine(
    folder: &Folder,
    shelf: &Shelf,
    chain: &TrustChain,
    seq: u64,
    now: DateTime<Utc>,
) -> Result<Option<Good>, ControlError> {
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
    for part in manifest.parts() {
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
    let of_month = |known: &&Manifest| known.month == manifest.month && known.urgent.is_none();
    let later =
        kept.notes.values().map(|(known, _)| known).filter(of_month).find(|known| known.seq > manifest.seq);
    if let Some(later) = later {
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
    if free < bytes + STAYS_FREE {
        return Err(Message::new("package-room").with("needed", bytes >> 20).with("free", free >> 20).into());
    }
    Ok(())
}

/// Whether `file` stands below the media folder. Audio is never laid over other audio: what airs until the change, and
/// what aired, keeps its bytes.
fn stands(folder: &Folder, file: &FileFact) -> Result<bool, ControlError> {
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

fn audio(folder: &Folder, shelf: &Shelf, manifest: &Manifest) -> Result<(), ControlError> {
    let media = folder.root.join(&folder.station.media);
    for file in &manifest.files {
        if stands(folder, file)? {
            continue;
        }
        let refused = |code| ControlError::from(Message::new(code).with("file", &file.file));
        let target = disk::join_below(&media, &file.file).ok_or_else(|| refused("package-path"))?;
        let home = target.parent().unwrap_or(&media);
        disk::make_folder(home)?;
        let real = |path: &Path| path.canonicalize().at("follow", path);
        if !real(home)?.starts_with(real(&media)?) {
            return Err(refused("package-path"));
        }
        // Poured from the stick and hashed once more on the way: it may be another by now.
        let placed = disk::place::<(), PackageError>(&target, false, |to| shelf.pour(file.part(), to))?;
        if placed.is_none() && !stands(folder, file)? {
            return Err(refused("package-other-audio"));
        }
    }
    Ok(())
}

/// Keeps the note, then puts the month in the place of the one before.
fn place(folder: &Folder, good: &Good) -> Result<(), ControlError> {
    let Good { manifest, note, proof, schedule, approval, .. } = good;
    kept(folder).lay_package(manifest.seq, note, proof)?;
    let Some(approval) = approval else { return Ok(()) };
    let name = ScheduleName::centre(manifest.month);
    let _months = folder.months()?;
    let draft = folder.draft_file(name);
    for file in [&draft, &folder.schedule_file(name)] {
        keep_work(folder, file, manifest.schedule.sha256)?;
    }
    disk::replace(&folder.root.join(&draft), schedule, 0o644)?;
    disk::replace(&folder.root.join(folder.approval_file(name)), approval, 0o644)?;
    settle_alone(folder, name)
}

/// What people wrote stays beside what replaces it.
fn keep_work(folder: &Folder, file: &str, new: Digest) -> Result<(), ControlError> {
    let path = folder.root.join(file);
    let Some(bytes) = read_if_there(&path)? else { return Ok(()) };
    let digest = Digest::of(&bytes);
    if digest != new {
        let beside = folder.root.join(format!("{file}.{}.bak", digest.short()));
        disk::place(&beside, true, |to| std::io::Write::write_all(to, &bytes).at("write", &beside))?;
    }
    Ok(())
}

/// Whether schedule and approval of the package are those that stand here.
fn is_in_place(folder: &Folder, manifest: &Manifest) -> Result<bool, ControlError> {
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

/// Whether the log says already that the package `digest` was taken: the power went in between.
fn is_entered(folder: &Folder, digest: Digest) -> Result<bool, ControlError> {
    let filter = Filter { kinds: vec!["package"], ..Filter::default() };
    let taken = |body: &Body| match body {
        Body::Package(fact) => fact.act == PackageAct::Taken && fact.digest == digest,
        _ => false,
    };
    Ok(open_log(&folder.log_path())?.entries_of(&filter)?.iter().any(|entry| taken(&entry.body)))
}
