//! Rundown beside as-run rows: how each slot ended, what differs from what was meant, what is to be made good.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::rules::{Rules, virtual_output};
use crate::{
    evidence::{
        Airing, AsRunRow, ManualFact, Outcome, Reason,
        aired::{is_enough, is_tolerable},
    },
    programme::SlotList,
    units::{Digest, Frames, SlotId},
    words::Message,
};

/// A slot as it was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meant {
    /// Its name.
    pub slot: SlotId,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// A newer revision of the month dropped it.
    pub dropped: bool,
    /// Digests of the approved source files, in order of airing; empty where they are not known.
    pub files: Vec<Digest>,
}

impl Meant {
    /// The slots of one month from its accepted `lists`, in the order of their acceptance: the last is in
    /// force. In order of their instants; files are for the caller to add.
    #[must_use]
    pub fn of_lists(lists: &[SlotList]) -> Vec<Meant> {
        let mut all = BTreeMap::new();
        for (n, list) in lists.iter().enumerate() {
            let dropped = n + 1 < lists.len();
            all.extend(list.slots.iter().map(|(slot, at)| (slot.clone(), (*at, dropped))));
        }
        let meant = |(slot, (at, dropped))| Meant { slot, at, dropped, files: Vec::new() };
        let mut meant: Vec<Meant> = all.into_iter().map(meant).collect();
        meant.sort_by(|a, b| (a.at, &a.slot).cmp(&(b.at, &b.slot)));
        meant
    }
}

/// An airing that a person vouches for, with the entry that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vouched {
    /// The entry.
    pub entry: u64,
    /// What that person says.
    #[serde(flatten)]
    pub fact: ManualFact,
}

/// A slot with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// Its name.
    pub slot: SlotId,
    /// Its planned instant.
    pub at: DateTime<Utc>,
    /// A newer revision dropped it.
    pub dropped: bool,
    /// Its airing; absent when nothing was cued.
    pub airing: Option<Airing>,
    /// How it ended; absent while it is open, to come, or when the log does not say.
    pub outcome: Option<Outcome>,
    /// Why it is not full.
    pub reason: Option<Reason>,
    /// Whether it counts as an airing done.
    pub counts: bool,
    /// What differs from what was meant, as far as entries prove it.
    pub discrepancies: Vec<Discrepancy>,
    /// Whether it is to be made good.
    pub make_good: MakeGood,
    /// What people vouch for beside it: never its outcome.
    pub vouched: Vec<Vouched>,
    /// The entries that tell of it.
    pub entries: Vec<u64>,
}

/// Something that was not as it was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Discrepancy {
    /// Its time has passed and the log tells no outcome.
    NoOutcome,
    /// These entries claim a further outcome.
    TwoOutcomes {
        /// Which.
        entries: Vec<u64>,
    },
    /// It began later than tolerated.
    Late {
        /// By so much.
        by_ms: i64,
    },
    /// It began earlier than tolerated.
    Early {
        /// By so much.
        by_ms: i64,
    },
    /// Less than 97 % of it was consumed.
    Short {
        /// Frames that the device consumed.
        consumed: Frames,
        /// Frames of the whole.
        expected: Frames,
    },
    /// Its sound broke off for longer than 30 seconds.
    Hole {
        /// For so long.
        ms: u64,
    },
    /// It sounded outside the windows of its station.
    OutOfWindow,
    /// A segment's file is none that was approved for the programme.
    OtherFile {
        /// The segment's place, from 0.
        n: u32,
    },
    /// A segment aired at another place than was approved.
    WrongOrder {
        /// The segment's place, from 0.
        n: u32,
    },
    /// It went to an output that no loudspeaker hangs on.
    VirtualOutput {
        /// Which.
        device: String,
    },
}

/// Whether a slot that did not air in full is to be made good (`domain.md`, missed slot).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum MakeGood {
    /// It aired, was cancelled or dropped, or is still to come.
    NotDue,
    /// A later airing repaired it.
    Done {
        /// Which.
        airing: Airing,
    },
    /// It is due.
    Due {
        /// The latest instant of its month at which it may begin and still fit a window.
        until: DateTime<Utc>,
    },
    /// It was not made good in its month.
    Lapsed,
}

impl Discrepancy {
    /// What to say of it.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Discrepancy::NoOutcome => Message::new("discrepancy-no-outcome"),
            Discrepancy::TwoOutcomes { entries } => {
                let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
                Message::new("discrepancy-two-outcomes").with("entries", entries.join(", "))
            }
            Discrepancy::Late { by_ms } => Message::new("discrepancy-late").with("ms", by_ms),
            Discrepancy::Early { by_ms } => Message::new("discrepancy-early").with("ms", by_ms),
            Discrepancy::Short { consumed, expected } => {
                let percent = consumed.0.saturating_mul(100).checked_div(expected.0).unwrap_or(0);
                Message::new("discrepancy-short").with("percent", percent)
            }
            Discrepancy::Hole { ms } => Message::new("discrepancy-hole").with("seconds", ms / 1000),
            Discrepancy::OutOfWindow => Message::new("discrepancy-out-of-window"),
            Discrepancy::OtherFile { n } => Message::new("discrepancy-other-file").with("segment", n + 1),
            Discrepancy::WrongOrder { n } => Message::new("discrepancy-wrong-order").with("segment", n + 1),
            Discrepancy::VirtualOutput { device } => {
                Message::new("discrepancy-virtual").with("device", device)
            }
        }
    }
}

/// Holds the slots that were `meant` against the as-run `rows` of their station, as of `now`; in the order
/// of `meant`. Rows of make-goods belong to the slots that they repair; other rows without a slot to none.
#[must_use]
pub fn reconcile(
    meant: &[Meant],
    rows: &[AsRunRow],
    vouched: &[Vouched],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Reconciled> {
    let of_slot: HashMap<&SlotId, &AsRunRow> =
        rows.iter().filter_map(|row| Some((row.slot.as_ref()?, row))).collect();
    let repairs = Repairs::of(rows, rules);
    let of = |meant: &Meant| {
        let row = of_slot.get(&meant.slot).copied();
        let vouched = vouched.iter().filter(|said| said.fact.slot.as_ref() == Some(&meant.slot));
        Reconciled {
            slot: meant.slot.clone(),
            at: meant.at,
            dropped: meant.dropped,
            airing: row.and_then(|row| row.airing),
            outcome: row.and_then(|row| row.outcome),
            reason: row.and_then(|row| row.reason),
            counts: row.is_some_and(|row| rules.counts(row)),
            discrepancies: discrepancies(meant, row, rules, now),
            make_good: make_good(meant, row, &repairs, rules, now),
            vouched: vouched.cloned().collect(),
            entries: row.map(|row| row.seqs.clone()).unwrap_or_default(),
        }
    };
    meant.iter().map(of).collect()
}

/// Airings that count and repair slots of their own month, by slot.
pub(super) struct Repairs<'a>(HashMap<&'a SlotId, Vec<&'a AsRunRow>>);

impl<'a> Repairs<'a> {
    /// Those of `rows`.
    pub fn of(rows: &'a [AsRunRow], rules: &Rules) -> Repairs<'a> {
        let mut repairs: HashMap<&SlotId, Vec<&AsRunRow>> = HashMap::new();
        for row in rows {
            let repaired = row.repairs.as_ref().filter(|slot| slot.month == row.month);
            if let Some(slot) = repaired.filter(|_| rules.counts(row)) {
                repairs.entry(slot).or_default().push(row);
            }
        }
        Repairs(repairs)
    }

    /// The airing that repaired what was `meant`: the first behind it.
    pub fn first(&self, meant: &Meant) -> Option<Airing> {
        self.behind(&meant.slot, meant.at.timestamp_millis()).and_then(|repair| repair.airing)
    }

    /// The row of the airing that repaired `slot`, which was planned then (milliseconds since 1970, UTC).
    pub fn behind(&self, slot: &SlotId, planned_ms: i64) -> Option<&'a AsRunRow> {
        let after = |repair: &&&AsRunRow| repair.first_us > Some(planned_ms.saturating_mul(1000));
        self.0.get(slot)?.iter().find(after).copied()
    }
}

/// Whether a slot with this row, which does not count, is to be made good at all.
pub(super) fn is_owed(row: &AsRunRow) -> bool {
    !matches!(row.outcome, None | Some(Outcome::Cancelled))
}

fn make_good(
    meant: &Meant,
    row: Option<&AsRunRow>,
    repairs: &Repairs<'_>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> MakeGood {
    let Some(row) = row.filter(|row| !meant.dropped && !rules.counts(row)) else { return MakeGood::NotDue };
    if !is_owed(row) {
        return MakeGood::NotDue;
    }
    if let Some(airing) = repairs.first(meant) {
        return MakeGood::Done { airing };
    }
    let length = TimeDelta::nanoseconds(row.expected.unwrap_or_default().ns());
    let until = rules.latest_start(meant.slot.month, length).filter(|until| now <= *until);
    until.map_or(MakeGood::Lapsed, |until| MakeGood::Due { until })
}

fn discrepancies(
    meant: &Meant,
    row: Option<&AsRunRow>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Discrepancy> {
    let Some(row) = row else {
        return if meant.at < now { vec![Discrepancy::NoOutcome] } else { Vec::new() };
    };
    let mut found = Vec::new();
    if !row.conflicts.is_empty() {
        found.push(Discrepancy::TwoOutcomes { entries: row.conflicts.clone() });
    }
    if row.first_us.is_none() {
        return found;
    }
    let error_us = row.start_error_us.unwrap_or(0);
    if error_us.saturating_abs() > rules.tolerance.num_milliseconds().saturating_mul(1000) {
        let by_ms = error_us.saturating_abs() / 1000;
        found.push(if error_us > 0 { Discrepancy::Late { by_ms } } else { Discrepancy::Early { by_ms } });
    }
    if let (Some(consumed), Some(expected)) = (row.consumed, row.expected)
        && !is_enough(consumed, expected)
    {
        found.push(Discrepancy::Short { consumed, expected });
    }
    if let Some(ms) = row.hole_ms.filter(|ms| !is_tolerable(*ms)) {
        found.push(Discrepancy::Hole { ms });
    }
    if rules.out_of_window(row) {
        found.push(Discrepancy::OutOfWindow);
    }
    found.extend(files(meant, row));
    let device = virtual_output(row).map(ToOwned::to_owned);
    found.extend(device.map(|device| Discrepancy::VirtualOutput { device }));
    found
}

/// Each segment that went out, against the approved file of its place.
fn files(meant: &Meant, row: &AsRunRow) -> Vec<Discrepancy> {
    if meant.files.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut before = None;
    for segment in &row.segments {
        let n = segment.n;
        let wanted = meant.files.get(n as usize);
        if wanted != Some(&segment.file) {
            let approved = meant.files.contains(&segment.file);
            found.push(if approved { Discrepancy::WrongOrder { n } } else { Discrepancy::OtherFile { n } });
        } else if before.is_some_and(|before| n < before) {
            found.push(Discrepancy::WrongOrder { n });
        }
        before = Some(n);
    }
    found
}
