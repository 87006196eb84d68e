//! When the loudspeakers may sound at all.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

use super::{Table, civil};
use crate::{units::Malformed, words::Message};

/// Allowed windows in station time. A span must lie in one window of an allowed weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Pairs of start and end; an end of 00:00 means midnight at the day's end.
    pub ranges: Vec<(NaiveTime, NaiveTime)>,
    /// Weekdays on which they hold.
    pub weekdays: Vec<Weekday>,
}

/// The days as files name them.
pub const WEEKDAYS: &[(&str, Weekday)] = &[
    ("Mon", Weekday::Mon),
    ("Tue", Weekday::Tue),
    ("Wed", Weekday::Wed),
    ("Thu", Weekday::Thu),
    ("Fri", Weekday::Fri),
    ("Sat", Weekday::Sat),
    ("Sun", Weekday::Sun),
];

impl Default for Windows {
    /// 05:30–06:30 and 17:00–18:00 on every day: the practice under Decree 49/2024/NĐ-CP.
    fn default() -> Windows {
        let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        Windows {
            ranges: vec![(time(5, 30), time(6, 30)), (time(17, 0), time(18, 0))],
            weekdays: WEEKDAYS.iter().map(|(_, day)| *day).collect(),
        }
    }
}

/// So many windows that touch are followed: those of a station that may always sound have no end.
const MOST_TOUCHING: usize = 48;

impl Windows {
    /// Windows from texts such as `05:30-06:30` and `Mon`.
    pub fn parse(ranges: &[&str], weekdays: &[&str]) -> Result<Windows, Malformed> {
        let day = |text: &&str| {
            let known = WEEKDAYS.iter().find(|(word, _)| word == text).map(|(_, day)| *day);
            known.ok_or_else(|| Malformed { found: (*text).into(), wanted: "a weekday such as `Mon`" })
        };
        Ok(Windows {
            ranges: ranges.iter().map(|text| range(text)).collect::<Result<_, _>>()?,
            weekdays: weekdays.iter().map(day).collect::<Result<_, _>>()?,
        })
    }

    /// From the keys `ranges` and `weekdays` of `table`; weekdays default to all.
    #[must_use]
    pub fn read(table: &Table) -> Option<Windows> {
        let ranges = table.need("ranges").and_then(|list| {
            list.some_of(|field| {
                let text = field.text()?;
                range(&text)
                    .ok()
                    .or_else(|| field.refuse(Message::new("window-malformed").with("found", &text)))
            })
        });
        let weekdays = match table.get("weekdays") {
            Some(list) => list.some_of(|field| field.choice(WEEKDAYS)),
            None => Some(Windows::default().weekdays),
        };
        Some(Windows { ranges: ranges?, weekdays: weekdays? })
    }

    /// The ranges as files have them, such as `05:30-06:30`. One that ends with the day ends at 24:00, which no clock
    /// shows.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let end = |at: &NaiveTime| {
            if *at == NaiveTime::MIN { "24:00".to_owned() } else { at.format("%H:%M").to_string() }
        };
        self.ranges.iter().map(|(from, to)| format!("{}-{}", from.format("%H:%M"), end(to))).collect()
    }

    /// Whether a span of `length` from the civil time `start` lies in one window. A span without length
    /// asks whether it may sound at `start` itself.
    #[must_use]
    pub fn covers(&self, start: NaiveDateTime, length: TimeDelta) -> bool {
        self.end_of_window(start).is_some_and(|end| start + length <= end)
    }

    /// The end of the window in which the civil time `start` lies: of the latest-ending one, should some
    /// overlap. Windows that touch are one, so that a programme may cross midnight where both days allow it.
    #[must_use]
    pub fn end_of_window(&self, start: NaiveDateTime) -> Option<NaiveDateTime> {
        let end_at = |at: NaiveDateTime| {
            self.on(at.date()).filter(|(from, to)| *from <= at && at < *to).map(|(_, to)| to).max()
        };
        let first = end_at(start)?;
        std::iter::successors(Some(first), |end| end_at(*end)).take(MOST_TOUCHING).last()
    }

    /// As [`Windows::covers`] for an instant. Where clocks change inside a window, it runs from the first
    /// time they show its start to the first time they show its end.
    #[must_use]
    pub fn covers_at(&self, zone: Tz, start: DateTime<Utc>, length: TimeDelta) -> bool {
        self.end_at(zone, start).is_some_and(|end| start + length <= end)
    }

    /// The instant at which the window ends in which `start` lies.
    #[must_use]
    pub fn end_at(&self, zone: Tz, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let end_at = |at: DateTime<Utc>| {
            let spans = self.spans(zone, at.with_timezone(&zone).date_naive());
            spans.filter(|(from, to)| *from <= at && at < *to).map(|(_, to)| to).max()
        };
        let first = end_at(start)?;
        std::iter::successors(Some(first), |end| end_at(*end)).take(MOST_TOUCHING).last()
    }

    /// The windows of `date` as instants: the first of each, and the first behind it.
    pub fn spans(&self, zone: Tz, date: NaiveDate) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        self.on(date).map(move |(from, to)| (civil::instant(zone, from).0, civil::instant(zone, to).0))
    }

    /// The windows of `date` as civil times.
    fn on(&self, date: NaiveDate) -> impl Iterator<Item = (NaiveDateTime, NaiveDateTime)> {
        let allowed = self.weekdays.contains(&date.weekday());
        let midnight = date.checked_add_days(Days::new(1)).unwrap_or(date).and_time(NaiveTime::MIN);
        let end = move |to: NaiveTime| if to == NaiveTime::MIN { midnight } else { date.and_time(to) };
        self.ranges.iter().filter(move |_| allowed).map(move |(from, to)| (date.and_time(*from), end(*to)))
    }
}

fn range(text: &str) -> Result<(NaiveTime, NaiveTime), Malformed> {
    let malformed = || Malformed { found: text.into(), wanted: "a window such as `05:30-06:30`" };
    let (from, to) = text.split_once(['-', '–']).ok_or_else(malformed)?;
    let time = |text: &str| {
        // `24:00` is how many people write the midnight at a day's end.
        let text = text.trim();
        let text = if text == "24:00" { "00:00" } else { text };
        let time = NaiveTime::parse_from_str(text, "%H:%M").ok().filter(|_| text.len() == 5);
        time.ok_or_else(malformed)
    };
    let (from, to) = (time(from)?, time(to)?);
    if from < to || to == NaiveTime::MIN { Ok((from, to)) } else { Err(malformed()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil_time(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn a_span_lies_in_one_window_of_an_allowed_day() {
        let windows =
            Windows::parse(&["05:30-06:30", "17:00-18:00", "22:00-00:00"], &["Mon", "Sat"]).unwrap();
        let check = |start: &str, minutes: i64, covered: bool| {
            let length = TimeDelta::minutes(minutes);
            assert_eq!(windows.covers(civil_time(start), length), covered, "{start} {minutes}");
        };
        check("2022-03-05T05:30:00", 60, true);
        check("2022-03-05T05:30:00", 61, false);
        check("2022-03-05T05:29:59", 1, false);
        check("2022-03-05T06:29:59", 0, true);
        check("2022-03-05T06:30:00", 0, false);
        check("2022-03-05T23:50:00", 10, true);
        check("2022-03-05T23:50:00", 11, false);
        check("2022-03-06T05:30:00", 10, false); // a Sunday
        check("2022-03-07T00:00:00", 0, false);
    }

    #[test]
    fn windows_that_touch_are_one_also_across_midnight_and_a_months_end() {
        let ranges = ["05:30-06:30", "06:30-07:00", "22:00-24:00", "00:00-01:00"];
        let windows = Windows::parse(&ranges, &["Thu", "Fri"]).unwrap();
        let check = |start: &str, minutes: i64, covered: bool| {
            let length = TimeDelta::minutes(minutes);
            assert_eq!(windows.covers(civil_time(start), length), covered, "{start} {minutes}");
            let at = civil::instant(chrono_tz::Asia::Ho_Chi_Minh, civil_time(start)).0;
            assert_eq!(
                windows.covers_at(chrono_tz::Asia::Ho_Chi_Minh, at, length),
                covered,
                "{start} {minutes}"
            );
        };
        check("2022-03-31T05:30:00", 90, true);
        check("2022-03-31T05:30:00", 91, false);
        // A Thursday and the last of a month.
        check("2022-03-31T23:50:00", 70, true);
        check("2022-03-31T23:50:00", 71, false);
        // Nothing on a Saturday.
        check("2022-04-01T23:50:00", 10, true);
        check("2022-04-01T23:50:00", 11, false);
        let always =
            Windows::parse(&["00:00-24:00"], &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]).unwrap();
        assert!(always.covers(civil_time("2022-03-31T23:50:00"), TimeDelta::hours(12)));
    }

    #[test]
    fn windows_in_instants_follow_the_clocks() {
        let berlin = chrono_tz::Europe::Berlin;
        let windows = Windows::parse(&["01:00-02:30"], &["Sat", "Sun"]).unwrap();
        let check = |start: &str, minutes: i64, covered: bool| {
            let start: DateTime<Utc> = start.parse().unwrap();
            assert_eq!(windows.covers_at(berlin, start, TimeDelta::minutes(minutes)), covered, "{start}");
        };
        check("2022-03-26T00:00:00Z", 90, true);
        // Spring: the window loses the half hour that clocks skip.
        check("2022-03-27T00:00:00Z", 60, true);
        check("2022-03-27T00:00:00Z", 61, false);
        // Autumn: it ends the first time that clocks show 02:30.
        check("2022-10-29T23:00:00Z", 90, true);
        check("2022-10-29T23:00:00Z", 91, false);
        check("2022-10-30T01:10:00Z", 1, false);
    }

    #[test]
    fn only_sensible_windows_parse() {
        assert!(Windows::parse(&["22:00-24:00"], &[]).is_ok());
        for wrong in ["", "5:30-6:30", "06:30-05:30", "05:30-05:30", "05:30", "25:00-26:00"] {
            assert!(Windows::parse(&[wrong], &[]).is_err(), "{wrong}");
        }
        assert!(Windows::parse(&[], &["Thứ Hai"]).is_err());
    }
}
