//! The centre issues an approved month as a signed package.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveTime, Utc};

use super::{
    Clearance, ControlError, Folder, MonthFile,
    folder::read_key,
    init::clk,
    staging::Staged,
    survey::source_digests,
    trust::{chain, kept, log_key},
};
use crate::{
    clock::Clock,
    disk::{self, At as _},
    evidence::{Body, PackageAct, PackageFact},
    keys,
    package::{self, EVERY_STATION, FileFact, Manifest, PackageError, Part, Shelf, TlogProof, TrustChain},
    programme::civil,
    store::Log,
    units::{Digest, Month, ScheduleName},
    words::Message,
};

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
    /// Who packs.
    pub by: String,
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
/// programme log and laid into the folder, its note last. What the stations would refuse is not issued.
pub fn pack(folder: &Folder, order: &Pack, clock: &dyn Clock) -> Result<Packed, ControlError> {
    let _alone = folder.packages()?;
    let _months = folder.months()?;
    let chain = chain(folder)?.ok_or_else(|| Message::new("trust-none"))?;
    chain.is_in_force(clock.now().wall)?;
    let month = Released::read(folder, order.month)?;
    let mut log = programme_log(folder, clock)?;
    let manifest = manifest(folder, order, &month, &chain, last_issued(&log)? + 1, clock.now().wall);
    let (manifest, note) = sign(folder, order, manifest)?;
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
        Err(no) if ["package-editor-alone", "package-editor-missing"].contains(&no.code) => {
            kept(folder).lay_waiting(order.month, note.as_bytes())?;
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
    // From here on the number is used, whatever becomes of the stick.
    let fact = PackageFact {
        act: PackageAct::Issued,
        by: order.by.clone(),
        digest: packed.digest,
        reason: String::new(),
        what: Some(manifest.name()),
    };
    let entry = log.append(&[(clk(clock, folder.station.zone), Body::Package(fact))])?;
    let proof = proved(&log, entry.first().copied().unwrap_or_default())?.text();
    own.lay_package(manifest.seq, note.as_bytes(), proof.as_bytes())?;
    if let Some(shelf) = &shelf {
        shelf.lay_package(manifest.seq, note.as_bytes(), proof.as_bytes())?;
    }
    let written = match &order.output {
        Target::Folder(output) => output.join(format!("{}.note", manifest.seq)),
        Target::Tar(tar) => {
            if let Some(shelf) = &shelf {
                disk::place::<(), PackageError>(tar, true, |to| package::wrap(shelf, manifest.seq, to))?;
            }
            tar.clone()
        }
        Target::Kept => own.path(&format!("{}.note", manifest.seq)),
    };
    packed.note = Some(written.display().to_string());
    Ok(packed)
}

/// An approved month with all its bytes.
struct Released {
    revision: u32,
    schedule: Vec<u8>,
    approval: Vec<u8>,
    files: Vec<FileFact>,
    /// Where each of the files stands.
    sources: Vec<PathBuf>,
}

impl Released {
    fn read(folder: &Folder, month: Month) -> Result<Released, ControlError> {
        let mut month = MonthFile::read(folder, ScheduleName::centre(month))?;
        let Some(schedule) = &month.schedule else { return Err(ControlError::Findings(month.findings)) };
        let revision = schedule.revision;
        let digests = source_digests(folder, schedule)?;
        if let Clearance::Withheld(findings) = month.clearance(folder, digests.clone()) {
            return Err(ControlError::Findings(findings));
        }
        let approval = month.approval.take().unwrap_or_default();
        let (mut files, mut sources) = (Vec::new(), Vec::new());
        for (file, sha256) in digests {
            let path = folder.library().resolve(&file)?;
            let bytes = fs::metadata(&path).at("measure", &path)?.len();
            files.push(FileFact { bytes, file, sha256 });
            sources.push(path);
        }
        Ok(Released { revision, schedule: month.bytes, approval, files, sources })
    }
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
    Manifest {
        approval: Part::of(&month.approval),
        channel: folder.station.id.clone(),
        files: month.files.clone(),
        issued_ms: now.timestamp_millis(),
        month: order.month,
        not_after_ms: order.until.unwrap_or(end).timestamp_millis(),
        not_before_ms: now.timestamp_millis(),
        revision: month.revision,
        schedule: Part::of(&month.schedule),
        seq,
        stations: stations(&order.stations),
        trust: chain.last().version,
    }
}

/// The note with the signatures of this call; where others signed the same before, with theirs.
fn sign(folder: &Folder, order: &Pack, manifest: Manifest) -> Result<(Manifest, String), ControlError> {
    let signers = order.keys.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    let waiting = kept(folder).waiting(order.month)?.and_then(|note| String::from_utf8(note).ok());
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
    shelf.lay(manifest.approval, |to| write(to, &month.approval))?;
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
