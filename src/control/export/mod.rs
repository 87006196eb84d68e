//! `loa export`: the evidence of a period as one file that anybody can check.

mod pack;
mod period;
mod summary;

use std::{
    collections::BTreeSet,
    io::{BufWriter, Write as _},
    path::Path,
};

use chrono::NaiveDate;
use serde::Serialize;

use self::{pack::Pack, summary::Summary};
use super::{
    ControlError, Folder, Row, RowFilter,
    bundle::{
        self, CHECKPOINT, MANIFEST, MEDIA, Manifest, MediaFile, MediaManifest, MediaState, Period, README,
        ROWS, STATION_KEY, SUMMARY, Stretch, approver_key, stretches,
    },
    names::blob,
    rows,
    signed::{Trusted, centre_approvers},
};
use crate::{
    disk::{self, At as _},
    evidence::{
        Body, Checkpoint, canonical,
        tiles::{self, Content, Tile},
    },
    keys::PublicKey,
    media::Limits,
    programme::Approval,
    store::{Log, Reader},
    units::Digest,
    words::Message,
};

/// How to check a bundle without loa, for the bundle itself.
const README_TEXT: &str = include_str!("README.md");

/// What a bundle shall hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// The first day of station time; absent: from the beginning of the log.
    pub from: Option<NaiveDate>,
    /// The last day; absent: to the end of the log.
    pub to: Option<NaiveDate>,
    /// The approved audio too.
    pub audio: bool,
    /// Write over a file that stands there.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The file.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Entries of the log.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Digest,
    /// The stretches of entries that it holds.
    pub entries: Vec<Stretch>,
    /// As-run rows of the period.
    pub rows: usize,
    /// What it does not hold because the station no longer has the right bytes: what entries name, by the name
    /// that it would have in the bundle, and approved audio files, where they were asked for.
    pub without: Vec<String>,
}

/// Writes the bundle that `wish` describes into the file at `path`.
pub fn export(folder: &Folder, path: &Path, wish: Wish) -> Result<Exported, ControlError> {
    let period = Period { from: wish.from, to: wish.to };
    if let (true, Some(from), Some(to)) = (period.is_reversed(), wish.from, wish.to) {
        return Err(Message::new("range-reversed").with("from", from).with("to", to).into());
    }
    if !wish.force && path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    // Rows before the head: none of them speaks of an entry that the head does not cover.
    let filter = RowFilter { from: wish.from, to: wish.to, outcome: None };
    let rows = rows(folder, &folder.log_path(), &filter)?;
    let log = Log::read_only(&folder.log_path())?;
    let export = Export::plan(folder, &log, wish, rows)?;
    let written = disk::place(path, wish.force, |file| {
        let mut pack = Pack::new(BufWriter::new(file), path);
        let without = export.write(&mut pack)?;
        Ok::<_, ControlError>((without, pack.finish()?))
    })?;
    let (without, bytes) = written.ok_or_else(|| exists(path))?;
    Ok(Exported {
        file: path.display().to_string(),
        bytes,
        size: export.head.size,
        root: export.head.root,
        entries: stretches(export.bundles.iter().copied()),
        rows: export.rows.len(),
        without,
    })
}

/// Writes `bytes` into the file at `path`, whole or not at all; over what stands there only with `force`.
pub fn deliver(path: &Path, force: bool, bytes: &[u8]) -> Result<(), ControlError> {
    let written =
        disk::place(path, force, |file| file.write_all(bytes).at("write", path).map_err(ControlError::from))?;
    written.ok_or_else(|| exists(path))
}

fn exists(path: &Path) -> ControlError {
    Message::new("export-exists").with("file", path.display()).into()
}

/// Everything that is settled before the first byte is written.
struct Export<'a> {
    folder: &'a Folder,
    log: &'a Reader,
    wish: Wish,
    rows: Vec<Row>,
    note: String,
    head: Checkpoint,
    key: PublicKey,
    bundles: Vec<Tile>,
}

/// What the written entries name.
#[derive(Default)]
struct Named {
    blobs: BTreeSet<Digest>,
    approvals: BTreeSet<Digest>,
    settings: BTreeSet<Digest>,
    trust: BTreeSet<Digest>,
}

impl<'a> Export<'a> {
    fn plan(
        folder: &'a Folder,
        log: &'a Reader,
        wish: Wish,
        rows: Vec<Row>,
    ) -> Result<Export<'a>, ControlError> {
        let path = folder.key_path("station").with_extension("pub");
        let key = PublicKey::parse(&std::fs::read_to_string(&path).at("read the public key", &path)?)?;
        let note = log.head()?;
        let unsigned = || ControlError::from(Message::new("export-unsigned"));
        let head = Checkpoint::open(note.as_bytes(), std::slice::from_ref(&key)).map_err(|_| unsigned())?;
        let period = Period { from: wish.from, to: wish.to };
        let bundles = period::bundles(log, head.size, period, folder.station.zone)?;
        Ok(Export { folder, log, wish, rows, note, head, key, bundles })
    }

    /// Writes all members; gives what is left out though it belongs there.
    fn write(&self, pack: &mut Pack<'_>) -> Result<Vec<String>, ControlError> {
        pack.text(README, README_TEXT)?;
        pack.text(SUMMARY, &Summary::of(self).page())?;
        pack.json(MANIFEST, &self.manifest())?;
        pack.json(ROWS, &self.rows)?;
        pack.text(CHECKPOINT, &self.note)?;
        for tile in tiles::needed(self.head.size, self.bundles.iter().map(|bundle| bundle.index())) {
            pack.hashes(&bundle::tile(tile, Content::Hashes), &self.hashes(tile)?)?;
        }
        let mut named = Named::default();
        for tile in &self.bundles {
            pack.bytes(&bundle::tile(*tile, Content::Entries), &self.entries(*tile, &mut named)?)?;
        }
        let mut without = Vec::new();
        for digest in &named.blobs {
            let name = bundle::blob(*digest);
            // What the log lost is missing in the bundle too, and whoever verifies it is told.
            match blob(self.log, *digest)? {
                Some(bytes) => pack.bytes(&name, &bytes)?,
                None => without.push(name),
            }
        }
        pack.text(STATION_KEY, &format!("{}\n", self.key.as_text()))?;
        for (n, key) in (1..).zip(self.approvers(&named)?) {
            pack.text(&approver_key(n), &format!("{}\n", key.as_text()))?;
        }
        without.extend(self.media(&named, pack)?);
        Ok(without)
    }

    fn manifest(&self) -> Manifest {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
        Manifest {
            format: 1,
            origin: self.head.origin.clone(),
            size: self.head.size,
            root: self.head.root,
            from: day(self.wish.from),
            to: day(self.wish.to),
            entries: stretches(self.bundles.iter().copied()),
            software: format!("loa {}", env!("CARGO_PKG_VERSION")),
        }
    }

    fn hashes(&self, tile: Tile) -> Result<Vec<u8>, ControlError> {
        let mut bytes = Vec::with_capacity(usize::from(tile.width()) * 32);
        for hash in self.log.hashes(&tile.stored_indexes())? {
            bytes.extend(hash.0);
        }
        Ok(bytes)
    }

    fn entries(&self, tile: Tile, named: &mut Named) -> Result<Vec<u8>, ControlError> {
        let range = tile.first()..tile.first() + u64::from(tile.width());
        let leaves =
            self.log.leaves(range).map(|leaf| leaf.map(|(_, leaf)| leaf)).collect::<Result<Vec<_>, _>>()?;
        for leaf in &leaves {
            if let Some(body) =
                canonical::decode(leaf.as_bytes()).ok().as_ref().and_then(canonical::Leaf::body)
            {
                named.take(body);
            }
        }
        Ok(tiles::bundle(leaves.iter().map(String::as_bytes)))
    }

    /// Whom the station trusted to approve, by the settings and trust files that the entries name.
    fn approvers(&self, named: &Named) -> Result<BTreeSet<PublicKey>, ControlError> {
        let mut keys = BTreeSet::new();
        for digest in &named.settings {
            let Some(bytes) = blob(self.log, *digest)? else { continue };
            keys.extend(Trusted::read(&bytes).unwrap_or_default().approvers);
        }
        for digest in &named.trust {
            keys.extend(blob(self.log, *digest)?.iter().flat_map(|note| centre_approvers(note)));
        }
        Ok(keys)
    }

    fn media(&self, named: &Named, pack: &mut Pack<'_>) -> Result<Vec<String>, ControlError> {
        let mut approved = BTreeSet::new();
        for digest in &named.approvals {
            let note = blob(self.log, *digest)?;
            let subject = note.and_then(|note| Approval::unchecked(&note)).map(|(subject, _)| subject);
            approved.extend(subject.into_iter().flat_map(|subject| subject.files));
        }
        let mut manifest = MediaManifest { format: 1, files: Vec::new() };
        let mut without = Vec::new();
        for (file, digest) in approved {
            let found = self.media_file(&file, digest, pack)?;
            if self.wish.audio && found.held.is_none() {
                without.push(found.file.clone());
            }
            manifest.files.push(found);
        }
        pack.json(MEDIA, &manifest)?;
        Ok(without)
    }

    fn media_file(&self, file: &str, sha256: Digest, pack: &mut Pack<'_>) -> Result<MediaFile, ControlError> {
        let (library, limits) = (self.folder.library(), Limits::default());
        let absent = |state| MediaFile { file: file.to_owned(), sha256, bytes: None, state, held: None };
        let Ok(path) = library.resolve(file) else { return Ok(absent(MediaState::Missing)) };
        match self.folder.renderer(&library, &limits).digest(file) {
            Ok(digest) if digest == sha256 => {}
            Ok(_) => return Ok(absent(MediaState::Other)),
            Err(_) => return Ok(absent(MediaState::Missing)),
        }
        let held = if self.wish.audio { pack.media(sha256, &path)? } else { None };
        let bytes = path.metadata().at("measure", &path)?.len();
        Ok(MediaFile { bytes: Some(bytes), held, ..absent(MediaState::Present) })
    }
}

impl Named {
    fn take(&mut self, body: &Body) {
        self.blobs.extend(body.blobs().into_iter().map(|(_, digest)| digest));
        match body {
            Body::ScheduleAccept(fact) => drop(self.approvals.insert(fact.approval)),
            Body::Config { digest, trust, .. } => {
                self.settings.insert(*digest);
                self.trust.extend(trust);
            }
            _ => {}
        }
    }
}
