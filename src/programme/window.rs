//! When the loudspeakers may sound at all.

use chrono::{NaiveTime, Weekday};

/// Allowed windows in station time. A span must lie in one window of an allowed weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Pairs of start and end; an end of 00:00 means midnight at the day's end.
    pub ranges: Vec<(NaiveTime, NaiveTime)>,
    /// Weekdays on which they hold.
    pub weekdays: Vec<Weekday>,
}
