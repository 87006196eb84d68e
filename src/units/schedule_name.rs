//! Which schedule of a month, written as its file's stem: `2022-03` of the centre, `2022-03.ward` of the ward.

use std::{fmt, str::FromStr};

use super::{Malformed, Month, serde_as_text};

/// A schedule of a month: the centre's, or the ward's own beside it. The centre's comes first in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleName {
    /// The month.
    pub month: Month,
    /// Whether it is the ward's own.
    pub ward: bool,
}

/// What stands behind the month in a ward's own.
const WARD: &str = ".ward";

impl ScheduleName {
    /// The centre's schedule of `month`.
    #[must_use]
    pub fn centre(month: Month) -> ScheduleName {
        ScheduleName { month, ward: false }
    }

    /// The ward's own schedule of `month`.
    #[must_use]
    pub fn ward(month: Month) -> ScheduleName {
        ScheduleName { month, ward: true }
    }
}

impl fmt::Display for ScheduleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.month, if self.ward { WARD } else { "" })
    }
}

impl FromStr for ScheduleName {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<ScheduleName, Malformed> {
        let (month, ward) = text.strip_suffix(WARD).map_or((text, false), |month| (month, true));
        let malformed = |_| Malformed {
            found: text.into(),
            wanted: "a month such as `2022-03`, or `2022-03.ward` for the ward's own schedule",
        };
        Ok(ScheduleName { month: month.parse().map_err(malformed)?, ward })
    }
}

serde_as_text!(ScheduleName);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_spelling_a_schedule_and_the_centre_first() {
        let names = ["2022-03", "2022-03.ward", "2022-04", "2022-04.ward"];
        let parsed: Vec<ScheduleName> = names.iter().map(|name| name.parse().unwrap()).collect();
        assert!(parsed.is_sorted());
        assert_eq!(parsed[1], ScheduleName::ward(parsed[0].month));
        assert_eq!(parsed[2], ScheduleName::centre(parsed[3].month));
        for wrong in
            ["2022-03.ward.ward", "2022-03.", "2022-03.Ward", "2022-03.toml", ".ward", "2022-13.ward", ""]
        {
            let error = wrong.parse::<ScheduleName>().unwrap_err();
            assert_eq!(error.found, wrong, "the whole of what was typed");
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_written_so(text in "[0-9]{4}-[01][0-9](\\.[a-z]{0,5}){0,2}|[ -~]{0,14}|[0-9]{4}-0[1-9]\\.ward") {
            if let Ok(name) = text.parse::<ScheduleName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
