//! A station takes a month from a folder of packages: everything is checked before anything has a place, and a power cut
//! at any moment leaves the month before or the new one.
//!
//! The order is audio, entry, note, schedule as a draft, approval. The approval is the moment of change, as when a person
//! approves here; what stands before it is seen by nobody, and the next import goes on from there.

use std::{fs, io::Read as _, path::Path};

use chrono::{DateTime, Utc};

use super::{
    Act, Ask, ControlError, Folder,
    draft::{approved_revision, settle_alone},
    examine::{Good, examine, stands, superseded},
    folder::open_log,
    month::read_if_there,
    refusal::{enter_refusal, refused},
    staging::Staged,
    trust::{chain, kept},
    urgent,
};
use crate::{
    disk::{self, At as _},
    evidence::{Body, PackageAct, PackageFact},
    package::{Manifest, PackageError, Shelf, TrustChain},
    store::Filter,
    units::{Digest, Month, ScheduleName},
    words::Message,
};

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
    let chain = chain(folder)?;
    let last = chain.as_ref().map_or(u64::MAX, |chain| chain.last().version);
    let renews = shelf.trusts().map_err(ControlError::from)?.iter().any(|version| *version > last);
    if packages.is_empty() && !renews {
        return Err(ControlError::from(Message::new("import-none").with("folder", from.display())).into());
    }
    let mut chain = chain.ok_or_else(|| ControlError::from(Message::new("trust-none")))?;
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

/// Whether the log says already that the package `digest` was taken: the power went in between.
fn is_entered(folder: &Folder, digest: Digest) -> Result<bool, ControlError> {
    let filter = Filter { kinds: vec!["package"], ..Filter::default() };
    let taken = |body: &Body| match body {
        Body::Package(fact) => fact.act == PackageAct::Taken && fact.digest == digest,
        _ => false,
    };
    Ok(open_log(&folder.log_path())?.entries_of(&filter)?.iter().any(|entry| taken(&entry.body)))
}
