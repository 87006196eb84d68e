//! One entry proved before somebody's eyes: from its bytes up the tree to the signed head.

use std::fs;

use super::{ControlError, Folder, folder::open_log, names::Times};
use crate::{
    disk::At as _,
    evidence::{Body, Checkpoint, canonical, tree},
    keys::PublicKey,
    units::Digest,
    words::Message,
};

pub use crate::evidence::tree::Step;

/// An entry and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Its number.
    pub seq: u64,
    /// What it is, such as `play.end`; empty for a kind that this program does not know.
    pub kind: &'static str,
    /// When it was written, with the station's offset then.
    pub at: String,
    /// Its bytes as stored.
    pub leaf: String,
    /// Their hash (RFC 6962, section 2.1), computed from these bytes.
    pub hash: Digest,
    /// The audit path as the log gives it, from the leaf upwards.
    pub path: Vec<Digest>,
    /// What each hash of the path makes of the one before.
    pub steps: Vec<Step>,
    /// Where the path leads.
    pub computed: Digest,
    /// The signed head as stored.
    pub note: String,
    /// What the head says.
    pub head: Checkpoint,
    /// The key that lies beside the log.
    pub key: String,
    /// Whether that key signed this head.
    pub signed: bool,
}

impl Proof {
    /// Whether the path leads to the root of the head.
    #[must_use]
    pub fn leads_to_root(&self) -> bool {
        // The walk that is shown and the library's own must agree.
        self.computed == self.head.root
            && tree::includes(&self.path, self.head.size, self.head.root, self.seq, self.hash)
    }

    /// Whether the entry is proved to be in the log that the key signed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.signed && self.leads_to_root()
    }
}

/// The entry `seq` of the log of `folder` with its proof, computed anew; nothing where the signed head has no such entry.
pub fn proof(folder: &Folder, seq: u64) -> Result<Option<Proof>, ControlError> {
    let log = open_log(&folder.log_path())?;
    let note = log.head()?;
    let unsigned = || ControlError::from(Message::new("export-unsigned"));
    let head = Checkpoint::unchecked(&note).map_err(|_| unsigned())?;
    if seq >= head.size {
        return Ok(None);
    }
    let Some(leaf) = log.leaf(seq)? else { return Ok(None) };
    let path = log.inclusion_proof(seq, head.size)?;
    let hash = tree::leaf_hash(leaf.as_bytes());
    let steps = tree::walk(&path, head.size, seq, hash);
    let computed = steps.last().map_or(hash, |step| step.hash);
    let public = folder.key_path("station").with_extension("pub");
    let key = fs::read_to_string(&public).at("read the public key", &public)?.trim().to_owned();
    let signed = PublicKey::parse(&key).is_ok_and(|key| Checkpoint::open(note.as_bytes(), &[key]).is_ok());
    let decoded = canonical::decode(leaf.as_bytes()).ok();
    let kind = decoded.as_ref().and_then(canonical::Leaf::body).map_or("", Body::kind);
    let clk = decoded.as_ref().map(canonical::Leaf::clk);
    let at = clk.map_or_else(String::new, |clk| Times::of(clk).millis(clk.wall_ms));
    Ok(Some(Proof { seq, kind, at, leaf, hash, path, steps, computed, note, head, key, signed }))
}
