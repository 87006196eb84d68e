//! The centre issues an approved month as a signed package.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{
    Clearance, ControlError, Folder, MonthFile,
    folder::read_key,
    init::clk,
    survey::source_digests,
    trust::{chain, kept, log_key},
};
use crate::{
    clock::Clock,
    disk::At as _,
    evidence::{Body, PackageAct, PackageFact},
    package::{EVERY_STATION, FileFact, Manifest, Part, Shelf, TlogProof},
    programme::civil,
    store::Log,
    units::{Digest, Month, ScheduleName},
    words::Message,
};

/// Which month goes out, to whom, signed by whom.
#[derive(Debug, Clone)]
pub struct Pack {
    /// The month: the centre's schedule.
    pub month: Month,
    /// The folder of packages, such as a USB stick.
    pub output: PathBuf,
    /// Key files of editors and approvers.
    pub keys: Vec<PathBuf>,
    /// The stations; none: every station of the centre.
    pub stations: Vec<String>,
    /// Until when it is taken; absent: to the end of its month.
    pub until: Option<DateTime<Utc>>,
    /// Who packs.
    pub by: String,
}

/// A package that was issued.
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
    /// Its note.
    pub note: String,
}

/// Signs an approved month, enters it in the programme log and lays it into the folder, its note last. What the stations
/// would refuse is not issued.
pub fn pack(folder: &Folder, order: &Pack, clock: &dyn Clock) -> Result<Packed, ControlError> {
    let _alone = folder.packages()?;
    let _months = folder.months()?;
    let now = clock.now().wall;
    let chain = chain(folder)?.ok_or_else(|| Message::new("trust-none"))?;
    chain.is_in_force(now)?;
    let month = MonthFile::read(folder, ScheduleName::centre(order.month))?;
    let Some(schedule) = &month.schedule else { return Err(ControlError::Findings(month.findings)) };
    let digests = source_digests(folder, schedule)?;
    if let Clearance::Withheld(findings) = month.clearance(folder, digests.clone()) {
        return Err(ControlError::Findings(findings));
    }
    let approval = month.approval.clone().unwrap_or_default();
    let library = folder.library();
    let mut files = Vec::new();
    let mut sources = Vec::new();
    for (file, sha256) in digests {
        let path = library.resolve(&file)?;
        let bytes = fs::metadata(&path).at("measure", &path)?.len();
        files.push(FileFact { bytes, file, sha256 });
        sources.push(path);
    }
    let mut log = programme_log(folder, clock)?;
    let seq = last_issued(&log)? + 1;
    let end =
        civil::instant(folder.station.zone, order.month.next().first().and_time(chrono::NaiveTime::MIN)).0;
    let manifest = Manifest {
        approval: Part::of(&approval),
        channel: folder.station.id.clone(),
        files,
        issued_ms: now.timestamp_millis(),
        month: order.month,
        not_after_ms: order.until.unwrap_or(end).timestamp_millis(),
        not_before_ms: now.timestamp_millis(),
        revision: schedule.revision,
        schedule: Part::of(&month.bytes),
        seq,
        stations: stations(&order.stations),
        trust: chain.last().version,
    };
    let keys = order.keys.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    let note = manifest.sign(&keys)?;
    let (_, digest) = Manifest::open(note.as_bytes(), &chain)?;
    let shelf = Shelf::new(&order.output);
    for (bytes, part) in [(&month.bytes, manifest.schedule), (&approval, manifest.approval)] {
        shelf.lay(part, |to| io::Write::write_all(to, bytes).at("write", &order.output))?;
    }
    for (file, source) in manifest.files.iter().zip(&sources) {
        shelf.lay(file.part(), |to| copy(source, to))?;
    }
    let own = kept(folder);
    for version in own.trusts()? {
        shelf.lay_trust(version, &own.trust(version)?)?;
    }
    // From here on the number is used, whatever becomes of the stick.
    let fact = PackageFact {
        act: PackageAct::Issued,
        by: order.by.clone(),
        digest,
        reason: String::new(),
        what: Some(manifest.name()),
    };
    let entry = log.append(&[(clk(clock, folder.station.zone), Body::Package(fact))])?;
    let proof = proved(&log, entry.first().copied().unwrap_or_default())?.text();
    own.lay_package(seq, note.as_bytes(), proof.as_bytes())?;
    shelf.lay_package(seq, note.as_bytes(), proof.as_bytes())?;
    Ok(Packed {
        seq,
        month: order.month,
        revision: manifest.revision,
        digest,
        files: manifest.files.len(),
        bytes: manifest.files.iter().map(|file| file.bytes).sum(),
        note: order.output.join(format!("{seq}.note")).display().to_string(),
    })
}

fn stations(ids: &[String]) -> Vec<String> {
    let mut stations = ids.to_vec();
    stations.sort_unstable();
    stations.dedup();
    if stations.is_empty() { vec![EVERY_STATION.into()] } else { stations }
}

fn copy(from: &Path, to: &mut fs::File) -> Result<(), crate::disk::DiskError> {
    let mut file = fs::File::open(from).at("open", from)?;
    io::copy(&mut file, to).at("copy", from).map(drop)
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
