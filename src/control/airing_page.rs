//! One airing with everything that the log has about it: its row, its entries as stored, what is linked to it.

use chrono::TimeDelta;

use super::{
    ControlError, Folder, Row, Witnessed,
    folder::open_log,
    names::{Names, Times},
};
use crate::{
    evidence::{AsRunRow, Body, Entry, asrun, canonical, tree},
    store::Reader,
    units::{Digest, SlotId},
};

/// Which airing is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// What became of a slot.
    Slot(SlotId),
    /// The airing whose first cue, or whose airing by hand, is this entry.
    Airing(u64),
}

/// An airing and what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct AiringPage {
    /// Its row.
    pub row: Row,
    /// Its name of the station's unit as of then, by the plan that the log keeps; the unit's id where it does not.
    pub unit: String,
    /// Its entries, ascending.
    pub entries: Vec<StoredEntry>,
    /// Airings that make it good.
    pub made_good_by: Vec<u64>,
    /// Airings by hand with which somebody vouches for it.
    pub vouched_by: Vec<u64>,
    /// By whom all its entries were first seen outside, as the log tells.
    pub witnessed: Option<Witnessed>,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its number.
    pub seq: u64,
    /// What it is, such as `play.end`.
    pub kind: &'static str,
    /// When it was written, with the station's offset then.
    pub at: String,
    /// Its bytes.
    pub leaf: String,
    /// Their hash in the tree.
    pub hash: Digest,
}

/// The airing `which` in the log of `folder`; nothing where the log does not speak of it.
pub fn airing(folder: &Folder, which: &Which) -> Result<Option<AiringPage>, ControlError> {
    let log = open_log(&folder.log_path())?;
    let entries = match which {
        Which::Slot(slot) => log.entries_about(slot)?,
        Which::Airing(airing) => log.entries_of_airing(*airing)?,
    };
    let rows = asrun::rows(&entries);
    let is = |row: &AsRunRow| match which {
        Which::Slot(slot) => row.slot.as_ref() == Some(slot),
        Which::Airing(seq) => {
            row.airing == Some(*seq) || (row.statement.is_some() && row.seqs.first() == Some(seq))
        }
    };
    let Some(found) = rows.iter().find(|row| is(row)).cloned() else { return Ok(None) };
    let vouched_by = match &found.slot {
        // A make-good's entries do not lead to those who vouch for a slot; the slot's own do.
        Some(slot) => {
            let vouches = |row: &&AsRunRow| row.vouches.as_ref() == Some(slot);
            rows.iter().filter(vouches).filter_map(|row| row.seqs.first().copied()).collect()
        }
        None => Vec::new(),
    };
    let made_good_by = match &found.slot {
        Some(slot) => repairing(&log, slot, found.planned_ms)?,
        None => Vec::new(),
    };
    let row = Names::of(&log).row(found)?;
    let unit = unit_name(&log, &row)?;
    let entries = stored(&log, &row.entries)?;
    let witnessed = witnessed(&log, row.entries.last().copied().unwrap_or_default())?;
    Ok(Some(AiringPage { row, unit, entries, made_good_by, vouched_by, witnessed }))
}

/// The first acknowledgement over the entries up to `last`, of the history that this log is. Whose key signed it is for a
/// verification to say.
fn witnessed(log: &Reader, last: u64) -> Result<Option<Witnessed>, ControlError> {
    let mut behind = last;
    while let Some(seq) = log.next_of("anchor", behind)? {
        let leaf = log.leaf(seq)?.unwrap_or_default();
        if let Ok(canonical::Leaf::Known(entry)) = canonical::decode(leaf.as_bytes())
            && let Body::Anchor(fact) = &entry.body
            && (last + 1..=seq).contains(&fact.size)
            && log.frontier(fact.size)?.root() == fact.root
        {
            return Ok(Some(Witnessed::of(&entry, fact)));
        }
        // What was seen before these entries were written says nothing of them.
        behind = seq;
    }
    Ok(None)
}

/// The airings that make good `slot`, planned at `planned_ms`: a make-good airs in the same month.
fn repairing(log: &Reader, slot: &SlotId, planned_ms: i64) -> Result<Vec<u64>, ControlError> {
    let until = planned_ms.saturating_add(TimeDelta::days(32).num_milliseconds());
    let cues = log.cues_that_repair(slot, planned_ms..until)?;
    let first = |entry: &Entry| match &entry.body {
        Body::Cue(cue) => Some(cue.airing.unwrap_or(entry.seq)),
        _ => None,
    };
    let mut airings: Vec<u64> = cues.iter().filter_map(first).collect();
    airings.dedup();
    Ok(airings)
}

fn stored(log: &Reader, seqs: &[u64]) -> Result<Vec<StoredEntry>, ControlError> {
    let mut entries = Vec::with_capacity(seqs.len());
    for seq in seqs {
        let Some(leaf) = log.leaf(*seq)? else { continue };
        let hash = tree::leaf_hash(leaf.as_bytes());
        let decoded = canonical::decode(leaf.as_bytes()).ok();
        let kind = decoded.as_ref().and_then(canonical::Leaf::body).map_or("", Body::kind);
        let at = decoded.as_ref().map(canonical::Leaf::clk);
        let at = at.map_or_else(String::new, |clk| Times::of(clk).millis(clk.wall_ms));
        entries.push(StoredEntry { seq: *seq, kind, at, leaf, hash });
    }
    Ok(entries)
}

/// The unit's name on the airing's day in the plan that held when the row was written.
fn unit_name(log: &Reader, row: &Row) -> Result<String, ControlError> {
    let written = row.entries.first().copied().unwrap_or_default();
    let plan = match log.last_of("config", written + 1)?.map(|entry| entry.body) {
        Some(Body::Config { plan, .. }) => super::names::blob(log, plan)?,
        _ => None,
    };
    let plan = plan.and_then(|bytes| crate::programme::plan::read("plan", &bytes).0);
    let day = row.planned.get(..10).and_then(|day| day.parse().ok());
    let unit = plan.as_ref().zip(day).and_then(|(plan, day)| plan.unit_at(&row.unit, day));
    Ok(unit.map_or_else(|| row.unit.clone(), |unit| unit.name.clone()))
}
