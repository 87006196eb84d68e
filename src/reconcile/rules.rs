//! What counts as aired, and until when what did not may be made good.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::period::Span;
use crate::{
    evidence::{AsRunRow, Outcome, Trigger, aired::is_virtual},
    programme::Windows,
    units::Month,
};

/// The rules of one station by which its airings are judged.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Zone in which its windows and dates are read.
    pub zone: Tz,
    /// When its loudspeakers may sound.
    pub windows: Windows,
    /// A first frame so far from its instant is on time; sound may so far overlap the edge of a window.
    pub tolerance: TimeDelta,
}

impl Rules {
    /// With a tolerance of one second: a programme airs at its second.
    #[must_use]
    pub fn new(zone: Tz, windows: Windows) -> Rules {
        Rules { zone, windows, tolerance: TimeDelta::seconds(1) }
    }

    /// Whether `row` counts as one airing of the plan: complete, no test, nothing urgent beside the plan, on a device (proof
    /// level 2 or more), and inside a window of its station. What a person vouches for stands beside these, whatever it
    /// proves.
    #[must_use]
    pub fn counts(&self, row: &AsRunRow) -> bool {
        let planned = |trigger| !matches!(trigger, Trigger::Test | Trigger::ByHand | Trigger::Urgent);
        row.outcome == Some(Outcome::Full)
            && row.trigger.is_some_and(planned)
            && row.proof >= 2
            && virtual_output(row).is_none()
            && !self.out_of_window(row)
    }

    /// Whether it sounded outside the windows, as far as its measured instants tell.
    #[must_use]
    pub fn out_of_window(&self, row: &AsRunRow) -> bool {
        let instant = |us: Option<i64>| us.and_then(DateTime::<Utc>::from_timestamp_micros);
        let Some(first) = instant(row.first_us) else { return row.outcome == Some(Outcome::OutOfWindow) };
        let inner = first + self.tolerance;
        let last = instant(row.last_us).unwrap_or(first) - self.tolerance;
        let span = (last - inner).max(TimeDelta::zero());
        row.outcome == Some(Outcome::OutOfWindow) || !self.windows.covers_at(self.zone, inner, span)
    }

    /// The day of station time on which `row` sounded, or was planned when nothing sounded.
    #[must_use]
    pub fn date(&self, row: &AsRunRow) -> NaiveDate {
        let first = row.first_us.and_then(DateTime::<Utc>::from_timestamp_micros);
        let at = first.or_else(|| DateTime::from_timestamp_millis(row.planned_ms)).unwrap_or_default();
        at.with_timezone(&self.zone).date_naive()
    }

    /// The latest instant of `month` at which something of `length` may begin and still fit a window; none
    /// when no window of the month is long enough.
    #[must_use]
    pub fn latest_start(&self, month: Month, length: TimeDelta) -> Option<DateTime<Utc>> {
        self.latest_start_in(Span { from: month.first(), to: month.last() }, length)
    }

    /// The same of any `span` of days.
    #[must_use]
    pub fn latest_start_in(&self, span: Span, length: TimeDelta) -> Option<DateTime<Utc>> {
        let mut days = span.to.iter_days().rev().take_while(|day| span.contains(*day));
        days.find_map(|day| self.latest_start_on(day, length))
    }

    fn latest_start_on(&self, day: NaiveDate, length: TimeDelta) -> Option<DateTime<Utc>> {
        // A programme may run on into windows that touch or overlap, up to where the last of them ends.
        let end = |from| self.windows.end_at(self.zone, from).unwrap_or(from);
        let starts =
            self.windows.spans(self.zone, day).map(|(from, to)| (from, (end(from) - length).min(to)));
        starts.filter(|(from, latest)| from <= latest).map(|(_, latest)| latest).max()
    }
}

/// The output that no loudspeaker hangs on, when the airing went to one.
pub(super) fn virtual_output(row: &AsRunRow) -> Option<&str> {
    row.devices.iter().map(String::as_str).find(|device| is_virtual(device))
}
