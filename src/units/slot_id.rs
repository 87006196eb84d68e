//! The name of a planned slot, stable across revisions: `MONTH/PROGRAMME/YYYY-MM-DDTHH:MM:SS`.

use std::{fmt, str::FromStr};

use chrono::{NaiveDate, NaiveDateTime};

use super::{Malformed, Month, serde_as_text};

/// A planned slot, named by the month of its schedule, its programme and its station time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId {
    /// The schedule's month.
    pub month: Month,
    /// The programme's id.
    pub programme: String,
    /// Civil time at the station.
    pub local: NaiveDateTime,
}

const CIVIL: &str = "%Y-%m-%dT%H:%M:%S";

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.month, self.programme, self.local.format(CIVIL))
    }
}

impl FromStr for SlotId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<SlotId, Malformed> {
        let malformed =
            || Malformed { found: text.into(), wanted: "a slot such as `2022-03/cchc/2022-03-05T05:30:00`" };
        let mut parts = text.split('/');
        let (Some(month), Some(programme), Some(local), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed());
        };
        let local = civil(local).ok_or_else(malformed)?;
        let id = SlotId { month: month.parse()?, programme: programme.into(), local };
        if programme.is_empty() { Err(malformed()) } else { Ok(id) }
    }
}

/// Reads [`CIVIL`] in its one spelling; by hand, since a log of a million entries has as many of them.
fn civil(text: &str) -> Option<NaiveDateTime> {
    let shape = |(digit, byte): (u8, u8)| if digit == b'0' { byte.is_ascii_digit() } else { byte == digit };
    if text.len() != 19 || !b"0000-00-00T00:00:00".iter().copied().zip(text.bytes()).all(shape) {
        return None;
    }
    let part = |at: std::ops::Range<usize>| text[at].parse::<u32>().ok();
    let date = NaiveDate::from_ymd_opt(text[..4].parse().ok()?, part(5..7)?, part(8..10)?)?;
    date.and_hms_opt(part(11..13)?, part(14..16)?, part(17..19)?)
}

serde_as_text!(SlotId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_a_slot() {
        let text = "2022-03/cchc/2022-03-05T05:30:00";
        assert_eq!(text.parse::<SlotId>().unwrap().to_string(), text);
        for wrong in [
            "2022-03/cchc/2022-03-05T5:30:00",
            "2022-03/cchc/2022-02-30T05:30:00",
            "2022-03/cchc/2022-03-05T24:00:00",
            "2022-03/cchc/2022-03-05 05:30:00",
            "2022-03/cchc/2022-03-05T05:30:0đ",
            "2022-03//2022-03-05T05:30:00",
            "2022-03/cchc",
            "",
        ] {
            assert!(wrong.parse::<SlotId>().is_err(), "{wrong}");
        }
    }
}
