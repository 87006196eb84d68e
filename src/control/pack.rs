//! The centre issues an approved month as a signed package.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::{
    Clearance, ControlError, Folder, Lock, MonthFile,
    centre::published,
    folder::read_key,
    init::clk,
    prepare::master_of,
    staging::Staged,
    survey::source_digests,
    trust::{chain, kept, log_key},
    urgent::read_urgent,
};
use crate::{
    clock::Clock,
    disk::{self, At as _},
    evidence::{Body, PackageAct, PackageFact},
    keys,
    package::{
        self, EVERY_STATION, FileFact, Manifest, PackageError, Part, Shelf, TlogProof, TrustChain, Urgent,
    },
    programme::civil,
    store::Log,
    units::{Digest, Month, ScheduleName},
    words::Message,
};

/// So far the clock of a station may be behind the centre's for what is urgent.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(10);

/// Where a package goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Into a folder of packages, such as a USB stick.
    Folder(PathBuf),
    /// Into a `.tar` of its own.
    Tar(PathBuf),
    /// Nowhere yet: it is fetched later.
    Kept,
}

/// Which month goes out, to whom, signed by whom.
#[derive(Debug, Clone)]
pub struct Pack {
    /// The month: the centre's schedule.
    pub month: Month,
    /// Where it goes.
    pub output: Target,
    /// Key files of editors and approvers.
    pub keys: Vec<PathBuf>,
    /// The stations; none: every station of the centre.
    pub stations: Vec<String>,
    /// Until when it is taken; absent: to the end of its month.
    pub until: Option<DateTime<Utc>>,
    /// What goes out at once in place of the month.
    pub urgent: Option<PackUrgent>,
    /// Who packs.
    pub by: String,
}

/// An urgent programme: a schedule of one programme and no slot, released by whoever signs its package.
#[derive(Debug, Clone)]
pub struct PackUrgent {
    /// The schedule's file, `YYYY-MM.NAME.toml`.
    pub file: PathBuf,
    /// From when it may sound; absent: at once.
    pub from: Option<DateTime<Utc>>,
    /// Until when it must have ended.
    pub until: DateTime<Utc>,
    /// The names of its approvers.
    pub by: String,
    /// Number of the document behind it; may be empty.
    pub document: String,
}

/// A package that was issued, or waits for more signatures.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Packed {
    /// Its number.
    pub seq: u64,
    /// Its month.
    pub month: Month,
    /// The schedule's revision.
    pub revision: u32,
    /// Digest of what was signed.
    pub digest: Digest,
    /// How many audio files it has.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
    /// Its note; none as long as signatures are missing.
    pub note: Option<String>,
}

/// Signs an approved month. As soon as enough people have signed, with one call or with one each, it is entered in the
/// programme log and laid where it goes, its note last. What the stations would refuse is not issued.
pub fn pack(folder: &Folder, order: &Pack, clock: &dyn Clock) -> Result<Packed, ControlError> {
    let _alone = folder.packages()?;
    pack_alone(folder, order, clock)
}

/// The same for whoever holds the packages.
pub(super) fn pack_alone(folder: &Folder, order: &Pack, clock: &dyn Clock) -> Result<Packed, ControlError> {
    let _months = folder.months()?;
    let chain = chain(folder)?.ok_or_else(|| Message::new("trust-none"))?;
    chain.is_in_force(clock.now().wall)?;
    let month = match &order.urgent {
        None => Released::read(folder, order.month)?,
        Some(urgent) => Released::read_urgent(folder, order.month, urgent)?,
    };
    let mut log = programme_log(folder, clock)?;
    let manifest = manifest(folder, order, &month, &chain, next_number(folder, &log)?, clock.now().wall);
    let waits = match &order.urgent {
        None => order.month.to_string(),
        Some(_) => format!("urgent-{}", manifest.schedule.sha256.short()),
    };
    let (manifest, note) = sign(folder, order, &waits, manifest)?;
    let mut packed = Packed {
        seq: manifest.seq,
        month: order.month,
        revision: manifest.revision,
        digest: Digest::of(manifest.text()?.as_bytes()),
        files: manifest.files.len(),
        bytes: manifest.files.iter().map(|file| file.bytes).sum(),
        note: None,
    };
    match Manifest::open(note.as_bytes(), &chain) {
        Err(no)
            if ["package-editor-alone", "package-editor-missing", "package-urgent-alone"]
                .contains(&no.code) =>
        {
            kept(folder).lay_waiting(&waits, note.as_bytes())?;
            return Ok(packed);
        }
        opened => drop(opened?),
    }
    let own = kept(folder);
    let staged = if let Target::Tar(_) = &order.output { Some(Staged::new(folder)?) } else { None };
    let shelf = match (&order.output, &staged) {
        (Target::Folder(output), _) => Some(Shelf::new(output)),
        (_, staged) => staged.as_ref().map(Staged::shelf),
    };
    if let Some(shelf) = &shelf {
        lay(&own, shelf, &manifest, &month)?;
    }
    if folder.centre.is_some() {
        // Its stations fetch it from here, or from where it is published.
        lay(&own, &own, &manifest, &month)?;
    }
    // From here on the number is used, whatever becomes of the stick.
    let fact = PackageFact {
        act: PackageAct::Issued,
        by: order.by.clone(),
        digest: packed.digest,
        reason: String::new(),
        urgent: None,
        what: Some(manifest.name()),
    };
    let entry = log.append(&[(clk(clock, folder.station.zone), Body::Package(fact))])?;
    let proof = proved(&log, entry.first().copied().unwrap_or_default())?.text();
    for shelf in [Some(&own), shelf.as_ref()].into_iter().flatten() {
        shelf.lay_package(manifest.seq, note.as_bytes(), proof.as_bytes())?;
    }
    let written = written(&own, shelf.as_ref(), &order.output, manifest.seq)?;
    packed.note = Some(written.display().to_string());
    Ok(packed)
}

/// Where package `seq` lies now; wraps it where it goes as one file.
fn written(own: &Shelf, shelf: Option<&Shelf>, output: &Target, seq: u64) -> Result<PathBuf, ControlError> {
    let note = format!("{seq}.note");
    Ok(match (output, shelf) {
        (Target::Folder(output), _) => output.join(note),
        (Target::Tar(tar), Some(shelf)) => {
            wrapped(shelf, seq, tar)?;
            tar.clone()
        }
        _ => own.path(&note),
    })
}

fn wrapped(shelf: &Shelf, seq: u64, tar: &Path) -> Result<(), ControlError> {
    disk::place::<(), PackageError>(tar, true, |to| package::wrap(shelf, seq, to))?;
    Ok(())
}

/// A package that was issued, as one file to take along; gone when this is dropped. Until then nobody packs or imports,
/// so it is opened and dropped.
#[derive(Debug)]
pub struct Bundled {
    staged: Staged,
    _alone: Lock,
}

impl Bundled {
    /// Lays package `seq` of `month` once more and wraps it: a no where the month has become another since.
    pub fn make(folder: &Folder, month: Month, seq: u64) -> Result<Bundled, ControlError> {
        let alone = folder.packages()?;
        let gone = || ControlError::from(Message::new("pack-gone").with("seq", seq));
        let own = kept(folder);
        let note = own.note(seq).map_err(|_| gone())?;
        let manifest =
            Manifest::unchecked(&note).0.filter(|manifest| manifest.month == month).ok_or_else(gone)?;
        let released = Released::read(folder, month)?;
        let same = manifest.schedule == Part::of(&released.schedule)
            && manifest.approval == released.approval.as_deref().map(Part::of)
            && manifest.files == released.files;
        if !same {
            return Err(gone());
        }
        let staged = Staged::new(folder)?;
        let shelf = staged.shelf();
        lay(&own, &shelf, &manifest, &released)?;
        shelf.lay_package(seq, &note, &own.proof(seq)?)?;
        let bundled = Bundled { staged, _alone: alone };
        wrapped(&shelf, seq, &bundled.file())?;
        Ok(bundled)
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.staged.shelf().path("package.tar")
    }
}

/// An approved month with all its bytes.
pub(super) struct Released {
    pub(super) revision: u32,
    schedule: Vec<u8>,
    /// None of what is urgent: its package's signatures are its approval.
    approval: Option<Vec<u8>>,
    /// Id of the one programme of what is urgent.
    programme: Option<String>,
    files: Vec<FileFact>,
    /// Where each of the files stands.
    sources: Vec<PathBuf>,
}

impl Released {
    pub(super) fn read(folder: &Folder, month: Month) -> Result<Released, ControlError> {
        let mut month = MonthFile::read(folder, ScheduleName::centre(month))?;
        let Some(schedule) = &month.schedule else { return Err(ControlError::Findings(month.findings)) };
        let revision = schedule.revision;
        let digests = source_digests(folder, schedule)?;
        if let Clearance::Withheld(findings) = month.clearance(folder, digests.clone()) {
            return Err(ControlError::Findings(findings));
        }
        let approval = Some(month.approval.take().unwrap_or_default());
        let (files, sources) = facts(folder, digests)?;
        Ok(Released { revision, schedule: month.bytes, approval, programme: None, files, sources })
    }

    /// The same of an urgent programme of `month`.
    fn read_urgent(folder: &Folder, month: Month, urgent: &PackUrgent) -> Result<Released, ControlError> {
        let bytes = fs::read(&urgent.file).at("read", &urgent.file)?;
        let (schedule, programme) = read_urgent(&urgent.file.display().to_string(), &bytes)?;
        if schedule.month != month {
            let no = Message::new("month-file-mismatch").with("month", month);
            return Err(no.with("file", urgent.file.display()).into());
        }
        // What stations could not render is not issued.
        master_of(folder, &programme)?;
        let (files, sources) = facts(folder, source_digests(folder, &schedule)?)?;
        let (revision, programme) = (schedule.revision, Some(programme.id));
        Ok(Released { revision, schedule: bytes, approval: None, programme, files, sources })
    }

    /// What tells it from every other.
    pub(super) fn digest(&self) -> Digest {
        let files = self.files.iter().map(|file| format!("{} {}\n", file.sha256, file.file));
        let parts = [Some(&self.schedule), self.approval.as_ref()].into_iter().flatten();
        let parts = parts.map(|bytes| format!("{}\n", Digest::of(bytes)));
        Digest::of(parts.chain(files).collect::<String>().as_bytes())
    }
}

/// Every file with its name, and where it stands.
fn facts(
    folder: &Folder,
    digests: BTreeMap<String, Digest>,
) -> Result<(Vec<FileFact>, Vec<PathBuf>), ControlError> {
    let (mut files, mut sources) = (Vec::new(), Vec::new());
    for (file, sha256) in digests {
        let path = folder.library().resolve(&file)?;
        let bytes = fs::metadata(&path).at("measure", &path)?.len();
        files.push(FileFact { bytes, file, sha256 });
        sources.push(path);
    }
    Ok((files, sources))
}

fn manifest(
    folder: &Folder,
    order: &Pack,
    month: &Released,
    chain: &TrustChain,
    seq: u64,
    now: DateTime<Utc>,
) -> Manifest {
    let midnight = order.month.next().first().and_time(NaiveTime::MIN);
    let end = civil::instant(folder.station.zone, midnight).0;
    let urgent = order.urgent.as_ref();
    // A station whose clock is a little behind takes what is urgent all the same.
    let begins = if urgent.is_some() { now - CLOCKS_DIFFER } else { now };
    let ends = urgent.map(|urgent| urgent.until).or(order.until).unwrap_or(end);
    Manifest {
        approval: month.approval.as_deref().map(Part::of),
        channel: folder.station.id.clone(),
        files: month.files.clone(),
        issued_ms: now.timestamp_millis(),
        month: order.month,
        not_after_ms: ends.timestamp_millis(),
        not_before_ms: begins.timestamp_millis(),
        revision: month.revision,
        schedule: Part::of(&month.schedule),
        seq,
        stations: stations(&order.stations),
        trust: chain.last().version,
        urgent: urgent.zip(month.programme.as_ref()).map(|(urgent, programme)| Urgent {
            by: urgent.by.clone(),
            document: urgent.document.clone(),
            from_ms: urgent.from.unwrap_or(begins).timestamp_millis(),
            programme: programme.clone(),
            until_ms: urgent.until.timestamp_millis(),
        }),
    }
}

/// The note with the signatures of this call; where others signed the same before, with theirs.
fn sign(
    folder: &Folder,
    order: &Pack,
    waits: &str,
    manifest: Manifest,
) -> Result<(Manifest, String), ControlError> {
    let signers = order.keys.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    let waiting = kept(folder).waiting(waits)?.and_then(|note| String::from_utf8(note).ok());
    if let Some(note) = waiting
        && let (Some(before), _) = Manifest::unchecked(note.as_bytes())
        && before.is_same_issue(&manifest)
    {
        let note = signers.iter().try_fold(note, |note, key| keys::cosign(&note, key))?;
        return Ok((before, note));
    }
    let note = manifest.sign(&signers)?;
    Ok((manifest, note))
}

/// Lays the bytes of the month and the trust files of `own`; what stands there already stays.
fn lay(own: &Shelf, shelf: &Shelf, manifest: &Manifest, month: &Released) -> Result<(), ControlError> {
    let write =
        |to: &mut fs::File, bytes: &[u8]| io::Write::write_all(to, bytes).at("write", Path::new("blobs"));
    shelf.lay(manifest.schedule, |to| write(to, &month.schedule))?;
    if let (Some(part), Some(approval)) = (manifest.approval, &month.approval) {
        shelf.lay(part, |to| write(to, approval))?;
    }
    for (file, source) in month.files.iter().zip(&month.sources) {
        shelf.lay(file.part(), |to| {
            let mut from = fs::File::open(source).at("open", source)?;
            io::copy(&mut from, to).at("copy", source).map(drop)
        })?;
    }
    for version in own.trusts()? {
        shelf.lay_trust(version, &own.trust(version)?)?;
    }
    Ok(())
}

fn stations(ids: &[String]) -> Vec<String> {
    let mut stations = ids.to_vec();
    stations.sort_unstable();
    stations.dedup();
    if stations.is_empty() { vec![EVERY_STATION.into()] } else { stations }
}

/// The centre's programme log: the same code as a station's log, with an origin and a key of its own.
fn programme_log(folder: &Folder, clock: &dyn Clock) -> Result<Log, ControlError> {
    let path = folder.data().join("programme.db");
    let key = log_key(folder)?;
    if path.exists() {
        return Ok(Log::open(&path, key)?);
    }
    let origin = key.public().name().to_owned();
    Ok(Log::create(&path, &origin, key, clk(clock, folder.station.zone), "init")?)
}

/// The number behind every one that was given, also where the programme log began anew: packages that were issued lie here,
/// or where a centre publishes them.
fn next_number(folder: &Folder, log: &Log) -> Result<u64, ControlError> {
    let issued = last_issued(log)?;
    let own = kept(folder).packages()?.into_iter().max().unwrap_or_default();
    let published = match last_published(folder) {
        // Who has a log knows its own numbers: what is urgent does not wait for a bucket that is away.
        Err(error) if issued > 0 => {
            tracing::warn!("which packages are published is not known, the log's own numbers count: {error}");
            0
        }
        last => last?,
    };
    Ok(issued.max(own).max(published) + 1)
}

/// The highest number that is published where stations fetch; zero where there is none.
fn last_published(folder: &Folder) -> Result<u64, ControlError> {
    let Some(settings) = &folder.centre else { return Ok(0) };
    let names = published(folder, settings)?.names("")?;
    let number = |name: &String| name.strip_suffix(".note").and_then(|number| number.parse::<u64>().ok());
    Ok(names.iter().filter_map(number).max().unwrap_or_default())
}

fn last_issued(log: &Log) -> Result<u64, ControlError> {
    let last = log.reader().last_of("package", log.size())?;
    Ok(match last.map(|entry| entry.body) {
        Some(Body::Package(PackageFact { what: Some(what), .. })) => what.seq,
        _ => 0,
    })
}

/// The entry `seq` with its proof for the head as it is now.
fn proved(log: &Log, seq: u64) -> Result<TlogProof, ControlError> {
    let reader = log.reader();
    let leaf = reader.leaf(seq)?.unwrap_or_default();
    let path = reader.inclusion_proof(seq, log.size())?;
    Ok(TlogProof { leaf, index: seq, path, checkpoint: reader.head()? })
}
