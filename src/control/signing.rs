//! The people of the centre sign an approved month for its stations, each at their time and under their own name.
//!
//! As with approvals the keys belong to the office (`data/keys/editor.key`, `data/keys/approval.key`) and the names to
//! the people: who signed stands in the log, and beside the package that waits, so that nobody signs as both.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Act, Ask, ControlError, Folder, Pack, Packed, Target,
    month::read_if_there,
    pack::{Released, pack_alone},
    trust::{chain, kept},
};
use crate::{
    clock::Clock,
    disk,
    package::{Manifest, Trust},
    units::{Digest, Month},
    words::Message,
};

/// As what somebody signs a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the roles of a trust file")]
pub enum Voice {
    Editor,
    Approver,
}

impl Voice {
    /// Both with their word.
    pub const ALL: [(&'static str, Voice); 2] = [("editor", Voice::Editor), ("approver", Voice::Approver)];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        if self == Voice::Editor { "editor" } else { "approver" }
    }

    /// The name of the key with which it is signed.
    fn key(self) -> &'static str {
        if self == Voice::Editor { "editor" } else { "approval" }
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// As what.
    pub voice: Voice,
    /// The person's id.
    pub id: String,
    /// The person's name.
    pub name: String,
}

/// Who signed a month that waits.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Waiting {
    /// What they signed.
    released: Option<Digest>,
    signers: Vec<Signer>,
}

/// How far a month is on its way to the stations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// Its approved revision; none where it cannot go out as it is.
    pub revision: Option<u32>,
    /// Why nobody can sign; nothing where somebody can.
    pub obstacles: Vec<Message>,
    /// Who signed this revision so far.
    pub signers: Vec<Signer>,
    /// The packages of the month that were issued, by number and revision, the last first.
    pub issued: Vec<(u64, u32)>,
}

impl Signing {
    /// Whether a package of the revision was issued.
    #[must_use]
    pub fn is_issued(&self) -> bool {
        self.issued.iter().any(|(_, revision)| Some(*revision) == self.revision)
    }

    /// Whether somebody signed as `voice`.
    #[must_use]
    pub fn has(&self, voice: Voice) -> bool {
        self.signers.iter().any(|signer| signer.voice == voice)
    }
}

/// How far `month` is.
pub fn signing(folder: &Folder, month: Month, now: DateTime<Utc>) -> Result<Signing, ControlError> {
    let mut obstacles = Vec::new();
    match chain(folder)? {
        None => obstacles.push(Message::new("trust-none")),
        Some(chain) => {
            obstacles.extend(chain.is_in_force(now).err());
            for (_, voice) in Voice::ALL {
                obstacles.extend(key_obstacle(folder, chain.last(), voice));
            }
        }
    }
    let released = match Released::read(folder, month) {
        Ok(released) => Some(released),
        Err(ControlError::Findings(_)) => None,
        Err(error) => return Err(error),
    };
    if released.is_none() {
        obstacles.push(Message::new("pack-not-approved").with("month", month));
    }
    let signers =
        released.as_ref().map_or_else(|| Ok(Vec::new()), |released| signers(folder, month, released))?;
    let own = kept(folder);
    let mut issued = Vec::new();
    for seq in if own.path("").exists() { own.packages()? } else { Vec::new() } {
        let said = Manifest::unchecked(&own.note(seq)?).0.filter(|manifest| manifest.month == month);
        issued.extend(said.map(|manifest| (seq, manifest.revision)));
    }
    issued.reverse();
    Ok(Signing { revision: released.map(|released| released.revision), obstacles, signers, issued })
}

/// Why the key of `voice` signs nothing: it is not here, or the trust file does not name it.
fn key_obstacle(folder: &Folder, trust: &Trust, voice: Voice) -> Option<Message> {
    let file = folder.station.data.join("keys").join(format!("{}.key", voice.key()));
    let no = |code| Some(Message::new(code).with("file", file.display()).with("voice", voice.word()));
    let Ok(key) = folder.key(voice.key()) else { return no("pack-key-missing") };
    let (known, wanted) = match voice {
        Voice::Editor => (&trust.editors, trust.thresholds.editors),
        Voice::Approver => (&trust.approvers, trust.thresholds.approvers),
    };
    if !known.contains(key.public()) {
        return no("pack-key-untrusted");
    }
    // One office, one key: what more it takes is signed by hand.
    if wanted > 1 { no("pack-more-hands") } else { None }
}

/// Signs `month` as `voice` in the name of a person. `enter` makes that durable first. The package is kept here until it
/// is fetched.
pub fn sign_month(
    folder: &Folder,
    month: Month,
    signer: &Signer,
    clock: &dyn Clock,
    enter: &mut dyn FnMut(Ask) -> Result<(), ControlError>,
) -> Result<Packed, ControlError> {
    let _alone = folder.packages()?;
    let chain = chain(folder)?.ok_or_else(|| Message::new("trust-none"))?;
    if let Some(no) = key_obstacle(folder, chain.last(), signer.voice) {
        return Err(no.into());
    }
    let released = Released::read(folder, month)?;
    let mut signers = signers(folder, month, &released)?;
    if signers.iter().any(|known| known.id == signer.id && known.voice != signer.voice) {
        return Err(Message::new("pack-same-person").with("name", &signer.name).into());
    }
    let text = format!("pack {month} {} {}", released.revision, signer.voice.word());
    enter(Ask::Act { act: Act::Schedule, by: signer.name.clone(), text })?;
    signers.retain(|known| known.voice != signer.voice);
    signers.push(signer.clone());
    // Before the signature: whoever signed is known, wherever the power goes.
    let waiting = Waiting { released: Some(released.digest()), signers };
    let path = people(folder, month);
    disk::make_folder(path.parent().unwrap_or(&folder.root))?;
    disk::replace(&path, &serde_json::to_vec(&waiting).unwrap_or_default(), 0o644)?;
    let order = Pack {
        month,
        output: Target::Kept,
        keys: vec![folder.key_path(signer.voice.key())],
        stations: Vec::new(),
        until: None,
        urgent: None,
        by: signer.name.clone(),
    };
    pack_alone(folder, &order, clock)
}

fn people(folder: &Folder, month: Month) -> std::path::PathBuf {
    kept(folder).path(&format!("waiting/{month}.people"))
}

/// Who signed `released` so far; nobody where what waits is another.
fn signers(folder: &Folder, month: Month, released: &Released) -> Result<Vec<Signer>, ControlError> {
    let Some(bytes) = read_if_there(&people(folder, month))? else { return Ok(Vec::new()) };
    let waiting: Waiting = serde_json::from_slice(&bytes).unwrap_or_default();
    Ok(if waiting.released == Some(released.digest()) { waiting.signers } else { Vec::new() })
}
