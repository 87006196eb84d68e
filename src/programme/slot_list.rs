//! The canonical expanded slot list: which instants a schedule meant, readable without cron or zone data.
//!
//! ```text
//! loa slots v1 duc-pho-duc-pho 2022-03 <sha256 of the schedule's bytes>
//! 2022-03/cchc/2022-03-05T05:30:00 2022-03-04T22:30:00.000Z
//! ```
//! Its digest stands in the entry that accepts the schedule, so neither a new cron crate nor new zone data
//! can change what an old log must answer for.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};

use super::Slot;
use crate::units::{Digest, Malformed, Month, SlotId};

/// The slots that a station accepted with a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotList {
    /// Station and unit, as in `STATION-UNIT`; one word.
    pub station: String,
    /// The schedule's month.
    pub month: Month,
    /// SHA-256 of the schedule's bytes.
    pub schedule: Digest,
    /// Slots by instant, then by id.
    pub slots: Vec<(SlotId, DateTime<Utc>)>,
}

impl SlotList {
    /// The list of `slots` for the station `station` of `unit`, in canonical order.
    #[must_use]
    pub fn new(station: &str, unit: &str, month: Month, schedule: Digest, slots: &[Slot]) -> SlotList {
        let mut slots: Vec<_> = slots.iter().map(|slot| (slot.id.clone(), slot.at)).collect();
        slots.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        SlotList { station: format!("{station}-{unit}"), month, schedule, slots }
    }

    /// SHA-256 of the canonical text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_string().as_bytes())
    }
}

impl fmt::Display for SlotList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "loa slots v1 {} {} {}", self.station, self.month, self.schedule)?;
        for (id, at) in &self.slots {
            writeln!(f, "{id} {}", at.to_rfc3339_opts(SecondsFormat::Millis, true))?;
        }
        Ok(())
    }
}

impl FromStr for SlotList {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<SlotList, Malformed> {
        let malformed = |line: &str| Malformed {
            found: line.chars().take(100).collect(),
            wanted: "a line of a slot list, `loa slots v1`",
        };
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let [station, month, schedule] =
            head.strip_prefix("loa slots v1 ").map(words).unwrap_or_default()[..]
        else {
            return Err(malformed(head));
        };
        let (month, schedule) = (month.parse()?, schedule.parse()?);
        let mut slots = Vec::new();
        for line in lines {
            let (id, at) = line.split_once(' ').ok_or_else(|| malformed(line))?;
            let at = DateTime::parse_from_rfc3339(at).map_err(|_| malformed(line))?.to_utc();
            slots.push((id.parse()?, at));
        }
        let list = SlotList { station: station.into(), month, schedule, slots };
        // One spelling, one order: otherwise two texts of different digests would mean the same.
        let ordered = list.slots.windows(2).all(|pair| (pair[0].1, &pair[0].0) < (pair[1].1, &pair[1].0));
        if ordered && list.to_string() == text { Ok(list) } else { Err(malformed(head)) }
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "loa slots v1 duc-pho-duc-pho 2022-03 \
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
        2022-03/cchc/2022-03-05T05:30:00 2022-03-04T22:30:00.000Z\n\
        2022-03/cchc/2022-03-05T17:00:00 2022-03-05T10:00:00.000Z\n";

    #[test]
    fn one_text_one_list() {
        let list: SlotList = TEXT.parse().unwrap();
        assert_eq!(list.to_string(), TEXT);
        assert_eq!(list.digest(), Digest::of(TEXT.as_bytes()));
        let mut lines: Vec<&str> = TEXT.lines().collect();
        lines.swap(1, 2);
        let swapped = lines.join("\n") + "\n";
        for wrong in [&TEXT[..TEXT.len() - 1], &TEXT.replace(".000Z", "Z"), &swapped, "", "loa slots v1\n"] {
            assert!(wrong.parse::<SlotList>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_was_canonical(at in 0..TEXT.len(), byte in 0u8..128) {
            let mut bytes = TEXT.as_bytes().to_vec();
            bytes[at] = byte;
            let text = String::from_utf8(bytes).unwrap();
            if let Ok(list) = text.parse::<SlotList>() {
                prop_assert_eq!(list.to_string(), text);
            }
        }
    }
}
