//! On air: what sounds now, what comes next, whether all is well, and the stop key.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use askama::Template;
use axum::{
    Extension,
    extract::Path,
    http::header,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use qrcode::{QrCode, render::svg};
use tokio_stream::{Stream, StreamExt as _, wrappers::IntervalStream};

use super::{
    error::{Fault, done},
    form::Form,
    page::{Page, Visit, html},
    reading,
    route::{EVERYONE, Route, get, has, post},
    site::hold,
};
use crate::{
    control::{
        self, Ask, Draft, Lamp, NextSlot, Reply,
        Role::{Admin, Approver, Operator},
        Row, RowFilter, Status,
    },
    programme::civil,
    units::{Month, SlotId},
    words::Message,
};

/// Who may end what is on air, and what would follow.
const STOPPERS: &[control::Role] = &[Operator, Approver, Admin];

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/on-air", EVERYONE, show).live(),
        get("/on-air/live", EVERYONE, live).live(),
        get("/on-air/wall", EVERYONE, wall).live(),
        get("/on-air/checkpoint.svg", EVERYONE, checkpoint).live(),
        post("/on-air/stop", has(STOPPERS), stop),
        post("/on-air/release", has(STOPPERS), release),
        post("/on-air/cancel", has(STOPPERS), cancel),
        get("/on-air/cancel/{*slot}", has(STOPPERS), ask_cancel),
        post("/on-air/clock", has(STOPPERS), confirm_clock),
    ]
}

/// What changes by itself.
#[derive(Template)]
#[template(path = "live.html")]
struct Live<'a> {
    page: &'a Page,
    status: &'a Status,
    titles: &'a Titles,
    today: &'a [Today],
}

#[derive(Template)]
#[template(path = "on-air.html")]
struct OnAirPage {
    page: Page,
    status: Status,
    told: Arc<Told>,
    today: Vec<Today>,
    may_stop: bool,
    may_test: bool,
    wall: bool,
}

/// The titles of the programmes, by their month and id.
type Titles = BTreeMap<(Month, String), String>;

/// A row of today.
#[derive(Clone)]
struct Today {
    time: String,
    programme: String,
    outcome: String,
    class: &'static str,
    reason: Option<String>,
}

#[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "as templates call it")]
impl Live<'_> {
    /// The machine's lamps, and that of the way to the centre where the station has one.
    fn lamps(&self) -> impl Iterator<Item = (&'static str, &Lamp)> {
        let Status { device, clock, disk, centre, .. } = self.status;
        let own = [("web-lamp-device", device), ("web-lamp-clock", clock), ("web-lamp-disk", disk)];
        own.into_iter().chain(centre.iter().map(|lamp| ("web-lamp-centre", lamp)))
    }

    /// Whether the visitor may cancel what comes.
    fn may_cancel(&self) -> bool {
        self.page.visit.has(STOPPERS)
    }

    /// What airs in `slot`, as people call it.
    fn title(&self, slot: Option<&SlotId>, id: &str) -> String {
        titled(self.titles, slot).unwrap_or_else(|| id.to_owned())
    }

    fn said(&self, lamp: &Lamp) -> String {
        lamp.said.in_lang(self.page.visit.lang).to_owned()
    }

    fn remedy<'a>(&self, lamp: &'a Lamp) -> Option<&'a str> {
        Some(lamp.said.hint[self.page.visit.lang as usize].as_str()).filter(|hint| !hint.is_empty())
    }

    fn time(&self, at: &str) -> String {
        let format = "%H:%M:%S · %d/%m/%Y";
        DateTime::parse_from_rfc3339(at).map_or_else(|_| at.into(), |at| at.format(format).to_string())
    }

    fn span(&self, ms: u64) -> String {
        reading::length(ms)
    }

    fn until(&self, next: &NextSlot) -> String {
        let seconds = (next.in_ms / 1000).max(0);
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
        if days == 0 { clock } else { self.page.t1("web-days", "days", &days) + " " + &clock }
    }
}

impl OnAirPage {
    fn live(&self) -> Live<'_> {
        Live { page: &self.page, status: &self.status, titles: &self.told.titles, today: &self.today }
    }
}

async fn status(visit: &Visit) -> Result<Status, Fault> {
    match visit.site.studio.ask(Ask::Status).await {
        Reply::Status(status) => Ok(*status),
        other => Err(done(other).err().unwrap_or_else(|| Fault::failed("no status"))),
    }
}

async fn show(visit: Visit) -> Result<Response, Fault> {
    page(visit, false).await
}

/// The same in large type, for a screen on the wall.
async fn wall(visit: Visit) -> Result<Response, Fault> {
    page(visit, true).await
}

async fn page(visit: Visit, wall: bool) -> Result<Response, Fault> {
    let status = status(&visit).await?;
    let told = told(&visit, status.log.size).await?;
    let today = told.today(&visit);
    let (may_stop, may_test) = (visit.has(STOPPERS), visit.has(&[Operator, Admin]));
    Ok(html(&OnAirPage { page: visit.page("web-nav-on-air"), status, told, today, may_stop, may_test, wall }))
}

fn titled(titles: &Titles, slot: Option<&SlotId>) -> Option<String> {
    titles.get(&(slot?.month, slot?.programme.clone())).cloned()
}

/// The titles in the last months as they were approved; what was not yet is called as its draft has it.
async fn titles(visit: &Visit) -> Result<Titles, Fault> {
    visit
        .work(|studio| {
            let mut titles = Titles::new();
            for name in control::schedules(&studio.folder)?.into_iter().rev().take(6) {
                let draft = Draft::read(&studio.folder, name)?;
                let approved = control::last_approved(&studio.folder, &draft)?;
                let programmes = approved
                    .map(|(month, _)| month)
                    .or(draft.file.schedule)
                    .into_iter()
                    .flat_map(|month| month.programmes);
                titles.extend(programmes.map(|programme| ((name.month, programme.id), programme.title)));
            }
            Ok(titles)
        })
        .await
}

/// What an entry of the log can change of what is told here; for all who look.
#[derive(Debug)]
pub(super) struct Told {
    size: u64,
    day: NaiveDate,
    titles: Titles,
    rows: Vec<Row>,
}

impl Told {
    fn today(&self, visit: &Visit) -> Vec<Today> {
        self.rows.iter().map(|row| of_today(visit, row)).collect()
    }
}

/// What is told while the log has `size` entries.
async fn told(visit: &Visit, size: u64) -> Result<Arc<Told>, Fault> {
    let studio = &visit.site.studio;
    let day = studio.now().with_timezone(&studio.folder.station.zone).date_naive();
    // Whoever comes while it is read waits for it.
    let mut kept = visit.site.told.lock().await;
    if let Some(told) = kept.as_ref().filter(|told| (told.size, told.day) == (size, day)) {
        return Ok(Arc::clone(told));
    }
    let titles = titles(visit).await?;
    let filter = RowFilter { from: Some(day), to: Some(day), outcome: None };
    let rows =
        visit.work(move |studio| control::rows(&studio.folder, &studio.folder.log_path(), &filter)).await?;
    let told = Arc::new(Told { size, day, titles, rows });
    *kept = Some(Arc::clone(&told));
    Ok(told)
}

fn of_today(visit: &Visit, row: &Row) -> Today {
    let page = visit.page("web-nav-on-air");
    let word = |prefix: &str, value: serde_json::Value| {
        value.as_str().map(|code| (page.coded(prefix, code), code.to_owned()))
    };
    let outcome = word("outcome", serde_json::to_value(row.outcome).unwrap_or_default());
    let (outcome, code) = outcome.unwrap_or_else(|| (page.t("web-open"), String::new()));
    let reason = word("reason", serde_json::to_value(row.reason).unwrap_or_default());
    let time = DateTime::parse_from_rfc3339(&row.planned);
    Today {
        time: time.map_or_else(|_| row.planned.clone(), |at| at.format("%H:%M:%S").to_string()),
        programme: row.title.clone().unwrap_or_else(|| row.programme.clone()),
        outcome,
        class: match code.as_str() {
            "full" => "ok",
            "missed" | "partial" | "out-of-window" => "error",
            _ => "",
        },
        reason: reason.map(|(reason, _)| reason),
    }
}

/// The live part, once a second, for five minutes: then the browser asks again, and its session is looked at anew.
async fn live(visit: Visit) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let page = Arc::new(visit.page("web-nav-on-air"));
    let seconds = IntervalStream::new(tokio::time::interval(Duration::from_secs(1))).take(300);
    let kept = Arc::new(Mutex::new(None));
    let events = seconds.then(move |_| {
        let (kept, page) = (Arc::clone(&kept), Arc::clone(&page));
        async move {
            let Ok(status) = status(&page.visit).await else {
                return Ok(Event::default().event("gone").data(""));
            };
            // What cannot be read stays as it was: just then the lamps matter.
            if let Ok(told) = told(&page.visit, status.log.size).await {
                *hold(&kept) = Some(told);
            }
            let told = hold(&kept).clone();
            let none = Titles::new();
            let titles = told.as_ref().map_or(&none, |told| &told.titles);
            let today = told.as_ref().map(|told| told.today(&page.visit)).unwrap_or_default();
            let live = Live { page: &page, status: &status, titles, today: &today };
            let text = live.render().unwrap_or_default();
            Ok(Event::default().event("status").data(text))
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// The signed head of the log as a QR code, for a telephone.
async fn checkpoint(visit: Visit) -> Result<Response, Fault> {
    let checkpoint = status(&visit).await?.log.checkpoint;
    let code = QrCode::new(checkpoint.as_bytes()).map_err(Fault::failed)?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-store")], picture)
        .into_response())
}

async fn stop(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let asked = async {
        let hold_until = match form.get("hold_until").trim() {
            "" => None,
            text => Some(civil_time(&visit, text)?),
        };
        let reason = form.get("reason").trim().to_owned();
        done(visit.site.studio.ask(Ask::Stop { by: visit.by(), reason, hold_until }).await)
    };
    let result = asked.await;
    visit.told("/on-air", result).await
}

/// A civil time of the station as browsers send it.
fn civil_time(visit: &Visit, text: &str) -> Result<DateTime<chrono::Utc>, Fault> {
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"];
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let unclear = || Fault::no(Message::new("time-unclear").with("time", text));
    Ok(civil::instant(visit.site.studio.folder.station.zone, local.ok_or_else(unclear)?).0)
}

async fn release(visit: Visit) -> Response {
    let result = done(visit.site.studio.ask(Ask::Release { by: visit.by() }).await);
    visit.told("/on-air", result).await
}

async fn confirm_clock(visit: Visit) -> Response {
    let result = done(visit.site.studio.ask(Ask::ConfirmClock { by: visit.by() }).await);
    visit.told("/on-air", result).await
}

#[derive(Template)]
#[template(path = "cancel.html")]
struct CancelPage {
    page: Page,
    title: String,
    slot: SlotId,
}

async fn ask_cancel(visit: Visit, Path(slot): Path<String>) -> Result<Response, Fault> {
    let slot: SlotId = slot.parse().map_err(|_| Fault::missing())?;
    let told = told(&visit, status(&visit).await?.log.size).await?;
    let title = titled(&told.titles, Some(&slot)).unwrap_or_else(|| slot.programme.clone());
    Ok(html(&CancelPage { page: visit.page("web-cancel"), title, slot }))
}

async fn cancel(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let asked = async {
        let slot = form.parsed::<SlotId>("slot")?;
        let reason = form.get("reason").trim().to_owned();
        done(visit.site.studio.ask(Ask::Cancel { slot, by: visit.by(), reason }).await)
    };
    let result = asked.await;
    visit.told("/on-air", result).await
}
