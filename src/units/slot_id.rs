//! The name of a planned slot, stable across revisions: `MONTH/PROGRAMME/YYYY-MM-DDTHH:MM:SS`.

use std::{fmt, str::FromStr};

use chrono::NaiveDateTime;

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
        let local = NaiveDateTime::parse_from_str(local, CIVIL).map_err(|_| malformed())?;
        let id = SlotId { month: month.parse()?, programme: programme.into(), local };
        // Only the one canonical spelling names a slot.
        if programme.is_empty() || id.to_string() != text { Err(malformed()) } else { Ok(id) }
    }
}

serde_as_text!(SlotId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_a_slot() {
        let text = "2022-03/cchc/2022-03-05T05:30:00";
        assert_eq!(text.parse::<SlotId>().unwrap().to_string(), text);
        for wrong in ["2022-03/cchc/2022-03-05T5:30:00", "2022-03//2022-03-05T05:30:00", "2022-03/cchc", ""] {
            assert!(wrong.parse::<SlotId>().is_err(), "{wrong}");
        }
    }
}
