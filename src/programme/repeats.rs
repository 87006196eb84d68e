//! What a cron expression of the common form says: at which times, on which days.

use chrono::{NaiveTime, Weekday};
use cron::TimeUnitSpec as _;

use super::schedule_file::cron_of;

/// A rule that repeats in every month alike: on these weekdays, or on these days of the month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeats {
    /// Times of day, ascending.
    pub times: Vec<NaiveTime>,
    /// From Monday on; all seven where they do not matter.
    pub weekdays: Vec<Weekday>,
    /// Days of the month; all 31 where they do not matter.
    pub days: Vec<u32>,
}

impl Repeats {
    /// What `cron` says; `None` where it is of another form: of one month or year, with more than one minute or second, or
    /// with weekdays and days of the month at once.
    #[must_use]
    pub fn of(cron: &str) -> Option<Repeats> {
        let rule = cron_of(cron).ok()?;
        let one = |mut units: Vec<u32>| units.pop().filter(|_| units.is_empty());
        let second = one(rule.seconds().iter().collect())?;
        let minute = one(rule.minutes().iter().collect())?;
        let hours: Vec<u32> = rule.hours().iter().collect();
        // Sunday is the first.
        let mut weekdays: Vec<Weekday> = rule
            .days_of_week()
            .iter()
            .filter_map(|day| Weekday::try_from(u8::try_from((day + 5) % 7).ok()?).ok())
            .collect();
        weekdays.sort_by_key(Weekday::num_days_from_monday);
        let days: Vec<u32> = rule.days_of_month().iter().collect();
        let fits = rule.months().is_all()
            && rule.years().is_all()
            && hours.len() < 6
            && (weekdays.len() == 7 || days.len() == 31);
        let times = hours.into_iter().map(|hour| NaiveTime::from_hms_opt(hour, minute, second));
        Some(Repeats { times: times.collect::<Option<_>>()?, weekdays, days }).filter(|_| fits)
    }
}
