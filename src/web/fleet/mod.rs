//! The fleet of a centre: its stations day by day, who holds a month, each station with its evidence, and who belongs to
//! it. On a folder that is no centre's there are no such pages.

mod change;
mod list;
mod ready;
mod rows;
mod station;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{
    error::Fault,
    form,
    page::{Page, Visit},
    reading::grouped,
    route::Route,
};
use crate::{
    control::{Centre, FleetView, Outline, QUIET, SILENT, Word, is_needed},
    units::Month,
    words::Message,
};

pub(super) fn routes() -> Vec<Route> {
    let routes = [list::routes(), ready::routes(), station::routes(), rows::routes(), change::routes()];
    routes.into_iter().flatten().collect()
}

/// Lines on a page.
const PAGE: usize = 100;

/// The centre whose pages these are.
fn centre(visit: &Visit) -> Result<Centre, Fault> {
    visit.site.studio.centre.clone().ok_or_else(Fault::missing)
}

/// The fleet as it was seen some seconds ago at most; it is read again behind the page.
async fn view(visit: &Visit) -> Result<Arc<FleetView>, Fault> {
    let (centre, site) = (centre(visit)?, visit.site.clone());
    match site.fleet.last(&centre) {
        Some((view, false)) => Ok(view),
        Some((view, true)) => {
            tokio::task::spawn_blocking(move || site.fleet.read_behind(&centre));
            Ok(view)
        }
        None => visit.work(move |_| site.fleet.read(&centre)).await,
    }
}

/// Where the station of the log called `origin` has its page.
pub(super) fn address(origin: &str) -> String {
    format!("/fleet/station/{}", form::part(origin))
}

/// A sign, its class and what it says: told apart in black and white and by ear.
struct Sign {
    symbol: &'static str,
    class: &'static str,
    words: String,
}

/// What a station says, as far as a line takes it: its key may sign whatever it likes.
fn brief(text: &str) -> String {
    const MOST: usize = 160;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST).chain(['…']).collect()
    }
}

/// The lamps that are not green, of which so many are shown.
fn lamps(page: &Page, word: Option<&Word>) -> Vec<Sign> {
    const MOST: usize = 6;
    let lamps = word.into_iter().flat_map(|word| &word.lamps).take(MOST).map(|lamp| {
        let (symbol, class) = if lamp.state == "error" { ("✕", "error") } else { ("▲", "warning") };
        let name = page.coded("web-fleet-lamp", &brief(&lamp.what));
        let words = format!("{name}: {}", brief(&lamp.words[page.visit.lang as usize]));
        Sign { symbol, class, words }
    });
    lamps.collect()
}

/// When a station was last heard.
fn contact(page: &Page, heard_ms: Option<i64>, now: DateTime<Utc>) -> Sign {
    let heard = heard_ms.and_then(DateTime::from_timestamp_millis);
    let Some(heard) = heard else {
        return Sign { symbol: "✕", class: "error", words: page.t("web-fleet-never") };
    };
    let unheard = (now - heard).max(TimeDelta::zero());
    let (symbol, class) = match unheard {
        _ if unheard >= SILENT => ("✕", "error"),
        _ if unheard >= QUIET => ("◐", "warning"),
        _ => ("●", "ok"),
    };
    Sign { symbol, class, words: ago(page, unheard) }
}

fn ago(page: &Page, unheard: TimeDelta) -> String {
    let (key, count) = match unheard.num_minutes() {
        0 => return page.t("web-fleet-just-now"),
        minutes @ 1..120 => ("web-fleet-minutes", minutes),
        minutes @ 120..2880 => ("web-fleet-hours", minutes / 60),
        minutes => ("web-fleet-days", minutes / 1440),
    };
    page.t1(key, "count", &grouped(count, page.visit.lang))
}

/// Whether a station holds `month`, as of the day `today`.
fn holds(page: &Page, station: &Outline, month: Month, today: NaiveDate) -> Sign {
    let (symbol, class, key) = match station.holding(month) {
        Some(held) if held.ready => ("✓", "ok", "web-fleet-holds-ready"),
        _ if !is_needed(month, today) => ("–", "", "web-fleet-holds-later"),
        Some(_) => ("◐", "warning", "web-fleet-holds-draft"),
        None => ("✕", "error", "web-fleet-holds-none"),
    };
    let message = Message::new(key).with("month", super::reading::month(month));
    Sign { symbol, class, words: page.visit.say(&message) }
}

/// Where a log stands with the centre.
fn standing(page: &Page, code: &str, closed: bool) -> Sign {
    let (symbol, class) = match code {
        "asked" => ("?", "warning"),
        "revoked" => ("–", ""),
        _ if closed => ("–", ""),
        _ => ("✓", "ok"),
    };
    let key = if closed && code == "enrolled" { "closed" } else { code };
    Sign { symbol, class, words: page.coded("web-fleet-standing", key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_log_is_one_part_of_an_address() {
        assert_eq!(address("loa/station/pho-an/1"), "/fleet/station/loa%2Fstation%2Fpho-an%2F1");
        assert_eq!(address("a/b?c/d#e/1"), "/fleet/station/a%2Fb%3Fc%2Fd%23e%2F1");
    }
}
