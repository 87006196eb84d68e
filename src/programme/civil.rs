//! Civil time at a station → instant, by rules that are written down and not left to a library's taste.

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

/// How a civil time lies in its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// It comes once.
    Once,
    /// Clocks skip it: the instant is the first one after the gap.
    Gap,
    /// Clocks show it twice: the instant is the first of the two.
    Fold,
}

/// The instant of the civil time `local` in `zone`.
#[must_use]
pub fn instant(zone: Tz, local: NaiveDateTime) -> (DateTime<Utc>, Landing) {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => (at.to_utc(), Landing::Once),
        LocalResult::Ambiguous(first, _) => (first.to_utc(), Landing::Fold),
        LocalResult::None => (after_gap(zone, local), Landing::Gap),
    }
}

fn after_gap(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    let end = GapInfo::new(&local, &zone).and_then(|gap| gap.end);
    // A gap that begins where another ends has no single end; no zone has one, and a day later is safe.
    let later = || zone.from_local_datetime(&(local + Duration::days(1))).earliest();
    end.or_else(later).map_or_else(|| local.and_utc(), |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_times_land_by_the_rules() {
        let check = |zone: Tz, local: &str, utc: &str, landing: Landing| {
            let (at, found) = instant(zone, local.parse().unwrap());
            assert_eq!((at.to_rfc3339(), found), (format!("{utc}+00:00"), landing), "{zone} {local}");
        };
        let hcm = chrono_tz::Asia::Ho_Chi_Minh;
        check(hcm, "2022-03-27T02:30:00", "2022-03-26T19:30:00", Landing::Once);
        let berlin = chrono_tz::Europe::Berlin;
        check(berlin, "2022-03-27T01:59:59", "2022-03-27T00:59:59", Landing::Once);
        check(berlin, "2022-03-27T02:00:00", "2022-03-27T01:00:00", Landing::Gap);
        check(berlin, "2022-03-27T02:59:59", "2022-03-27T01:00:00", Landing::Gap);
        check(berlin, "2022-03-27T03:00:00", "2022-03-27T01:00:00", Landing::Once);
        check(berlin, "2022-10-30T02:30:00", "2022-10-30T00:30:00", Landing::Fold);
        check(berlin, "2022-10-30T03:00:00", "2022-10-30T02:00:00", Landing::Once);
        let york = chrono_tz::America::New_York;
        check(york, "2022-03-13T02:15:00", "2022-03-13T07:00:00", Landing::Gap);
        check(york, "2022-11-06T01:30:00", "2022-11-06T05:30:00", Landing::Fold);
        // Half an hour of daylight saving.
        let lord_howe = chrono_tz::Australia::Lord_Howe;
        check(lord_howe, "2022-10-02T02:10:00", "2022-10-01T15:30:00", Landing::Gap);
        check(lord_howe, "2022-10-02T02:30:00", "2022-10-01T15:30:00", Landing::Once);
        check(lord_howe, "2022-04-03T01:45:00", "2022-04-02T14:45:00", Landing::Fold);
        // A whole day that never was.
        let apia = chrono_tz::Pacific::Apia;
        check(apia, "2011-12-30T12:00:00", "2011-12-30T10:00:00", Landing::Gap);
    }
}
