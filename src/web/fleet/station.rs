//! `/fleet/station/{station}`: one station with everything that shows whether it is to be believed.

use askama::Template;
use axum::{extract::Path, response::Response};
use chrono::DateTime;

use super::{Sign, address, brief, centre, change::DECIDERS, contact, lamps, standing};
use crate::{
    control::{Settled, Split, StationFile},
    web::{
        error::Fault,
        log::TAKERS,
        page::{Page, Visit, html},
        reading::{self, grouped, size},
        route::{EVERYONE, Route, get},
    },
    words::Message,
};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/fleet/station/{station}", EVERYONE, show)]
}

#[derive(Template)]
#[template(path = "fleet/station.html")]
struct StationPage {
    page: Page,
    file: StationFile,
    base: String,
    name: String,
    code: &'static str,
    standing: Sign,
    decided: String,
    contact: Sign,
    heard: String,
    facts: Vec<(&'static str, String)>,
    months: Vec<(String, u32, Sign)>,
    lamps: Vec<Sign>,
    entries: String,
    cosigned: Option<String>,
    may_decide: bool,
    may_take: bool,
}

async fn show(visit: Visit, Path(origin): Path<String>) -> Result<Response, Fault> {
    let centre = centre(&visit)?;
    let known = centre.clone();
    let file = visit.work(move |_| match known.fleet.log(&origin)? {
        Some(_) => known.station(&origin).map(Some),
        None => Ok(None),
    });
    let file = file.await?.ok_or_else(Fault::missing)?;
    let (now, today, plan) = (centre.now(), centre.today(), &centre.folder.plan);
    let unit = file.word.as_ref().map_or(file.held.station(), |word| &word.unit);
    let name = plan.unit_near(unit, today).map_or_else(|| brief(unit), |unit| unit.name.clone());
    let page = visit.titled(name.clone());
    let local = |ms: i64| DateTime::from_timestamp_millis(ms).map_or_else(String::new, |at| visit.local(at));
    let code = file.held.standing.code();
    let decided =
        Message::new(if file.held.by.is_empty() { "web-fleet-asked-at" } else { "web-fleet-decided" })
            .with("by", &file.held.by)
            .with("at", local(file.held.at_ms));
    Ok(html(&StationPage {
        base: address(&file.held.origin),
        code,
        standing: standing(&page, code, false),
        decided: visit.say(&decided),
        contact: contact(&page, file.held.heard_ms, now),
        heard: file.held.heard_ms.map(local).unwrap_or_default(),
        facts: facts(&page, &file),
        months: months(&page, &file),
        lamps: lamps(&page, file.word.as_ref()),
        entries: grouped(file.held.frontier.size(), visit.lang),
        cosigned: file.cosigned.map(|at| visit.local(at)),
        may_decide: visit.has(DECIDERS),
        may_take: visit.has(TAKERS),
        name,
        file,
        page,
    }))
}

/// What the station says of itself.
fn facts(page: &Page, file: &StationFile) -> Vec<(&'static str, String)> {
    let Some(word) = &file.word else { return Vec::new() };
    let local = |ms| DateTime::from_timestamp_millis(ms).map_or_else(String::new, |at| page.visit.local(at));
    let mut facts = vec![
        ("web-fleet-said-at", local(word.wall_ms)),
        ("web-fleet-version", brief(&word.version)),
        ("web-fleet-unit", brief(&word.unit)),
        ("web-fleet-on-air", brief(&word.on_air)),
        ("web-fleet-next", word.next_ms.map(local).unwrap_or_default()),
        ("web-fleet-own-size", grouped(word.size, page.visit.lang)),
        ("web-fleet-free", size(word.free, page.visit.lang)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn months(page: &Page, file: &StationFile) -> Vec<(String, u32, Sign)> {
    let holds = file.word.iter().flat_map(|word| &word.holds).map(|held| {
        let (symbol, class, key) = if held.ready {
            ("✓", "ok", "web-fleet-held-ready")
        } else {
            ("◐", "warning", "web-fleet-held-draft")
        };
        let ward = if held.ward { format!(" · {}", page.t("web-month-ward")) } else { String::new() };
        let sign = Sign { symbol, class, words: page.t(key) };
        (reading::month(held.month) + &ward, held.revision, sign)
    });
    holds.collect()
}

/// One of two statements that contradict one another: its heading, its bytes, how many entries it speaks of, whether
/// the log's key signed it.
type Half<'s> = (&'static str, &'s str, Option<u64>, bool);

#[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "as templates call them")]
impl StationPage {
    fn split_key(&self, split: &Split) -> &'static str {
        if split.fork.what == "rollback" { "fleet-rollback" } else { "fleet-fork" }
    }

    fn halves<'s>(&self, split: &'s Split) -> [Half<'s>; 2] {
        let Split { fork, sizes, signed } = split;
        [
            ("web-fleet-split-held", &fork.held, sizes[0], signed[0]),
            ("web-fleet-split-came", &fork.came, sizes[1], signed[1]),
        ]
    }

    /// When the last contradiction was seen that nobody settled, milliseconds since 1970; none where all are.
    fn open(&self) -> Option<i64> {
        let forks = self.file.splits.iter().map(|split| &split.fork);
        forks.filter(|fork| fork.settled.is_none()).map(|fork| fork.at_ms).max()
    }

    /// What a person made of a contradiction.
    fn settled(&self, split: &Split) -> Option<String> {
        let Settled { by, reason, at_ms } = split.fork.settled.as_ref()?;
        let said = Message::new("web-fleet-settled").with("by", by).with("at", self.seen(at_ms));
        Some(self.page.visit.say(&said.with("reason", reason)))
    }

    /// When a contradiction was seen.
    fn seen(&self, at_ms: &i64) -> String {
        let at = DateTime::from_timestamp_millis(*at_ms);
        at.map_or_else(String::new, |at| self.page.visit.local(at))
    }
}
