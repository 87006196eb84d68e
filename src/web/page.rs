//! What every page has: its visitor, its language, its frame.

use askama::{Template, filters::Safe};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tower_sessions::Session;

use super::{
    assets,
    error::{Fault, done},
    filled::everything,
    form::Form,
    reading,
    site::Site,
};
use crate::{
    control::{Act, Ask, ControlError, Hand, Person, Role, Studio},
    units::ScheduleName,
    words::{self, Lang, Message},
};

/// Who asks, as the gate found them.
#[derive(Clone)]
pub(super) struct Visit {
    pub site: Site,
    pub lang: Lang,
    /// Who is signed in.
    pub person: Option<Person>,
    /// The token of this session's forms; empty where nobody is signed in.
    pub token: String,
    pub session: Session,
    /// The path of the request.
    pub path: String,
    /// The same with its query.
    pub here: String,
    /// The form that was sent.
    pub form: Form,
    /// What the last request has to say.
    pub flash: Option<Flash>,
}

/// Enters what somebody, by their name, did.
pub(super) type Enter<'a> = &'a mut dyn FnMut(&str, String) -> Result<(), ControlError>;

/// A sentence from one request to the page that follows it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Flash {
    pub good: bool,
    pub sentence: [String; 2],
    /// What somebody filled in that could not be done: label and value. It stays to be copied.
    pub typed: Vec<(String, String)>,
}

pub(super) const FLASH: &str = "flash";

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visit, Fault> {
        parts.extensions.get::<Visit>().cloned().ok_or_else(|| Fault::failed("a route without a gate"))
    }
}

impl Visit {
    /// The name that entries get.
    pub fn by(&self) -> String {
        self.person.as_ref().map_or(String::new(), |person| person.name.clone())
    }

    /// The visitor, as months know those who work on them.
    pub fn hand(&self) -> Hand {
        self.person.as_ref().map_or_else(|| Hand::named(""), Hand::from)
    }

    /// Whether the visitor has one of `roles`.
    pub fn has(&self, roles: &[Role]) -> bool {
        self.person.as_ref().is_some_and(|person| person.roles.iter().any(|role| roles.contains(role)))
    }

    /// A sentence of the catalogue in the visitor's language.
    pub fn say(&self, message: &Message) -> String {
        message.say(self.lang)
    }

    /// The frame of a page called by the catalogue's `title`.
    pub fn page(&self, title: &str) -> Page {
        self.titled(words::say(self.lang, title, &[]))
    }

    /// The frame of a page with a title of its own.
    pub fn titled(&self, title: String) -> Page {
        Page { visit: self.clone(), title }
    }

    /// `at` as the station's people write it.
    pub fn local(&self, at: DateTime<Utc>) -> String {
        let zone = self.site.studio.folder.station.zone;
        at.with_timezone(&zone).format("%d/%m/%Y %H:%M:%S").to_string()
    }

    /// Back to `path`, which then says `sentence`, a thing done.
    pub async fn done(&self, path: &str, sentence: [String; 2]) -> Response {
        self.flash(Flash { good: true, sentence, typed: Vec::new() }).await;
        Redirect::to(path).into_response()
    }

    /// Back to `path`, which then says why not. What the machine failed at stays an error page.
    pub async fn refuse(&self, path: &str, fault: Fault) -> Response {
        if fault.status != StatusCode::UNPROCESSABLE_ENTITY || !fault.findings.is_empty() {
            return fault.into_response();
        }
        let with_hint = |lang| {
            let hint = match &fault.said {
                super::error::Sentence::Message(message) => message.hint(lang),
                super::error::Sentence::Said(_) => None,
            };
            [Some(fault.said.in_lang(lang)), hint].into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        let sentence = [with_hint(Lang::Vi), with_hint(Lang::En)];
        self.flash(Flash { good: false, sentence, typed: self.typed() }).await;
        Redirect::to(path).into_response()
    }

    /// Like [`Visit::done`] or [`Visit::refuse`], as it came out.
    pub async fn told(&self, path: &str, result: Result<[String; 2], Fault>) -> Response {
        match result {
            Ok(sentence) => self.done(path, sentence).await,
            Err(fault) => self.refuse(path, fault).await,
        }
    }

    /// As [`Site::work`].
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Studio) -> Result<T, ControlError> + Send + 'static,
    ) -> Result<T, Fault> {
        self.site.work(work).await
    }

    /// The same for a change of kind `act`, with the means to enter by whom and what was changed: where that cannot be
    /// made durable, the work gets a no.
    pub async fn entering<T: Send + 'static>(
        &self,
        act: Act,
        work: impl FnOnce(&Studio, Enter<'_>) -> Result<T, ControlError> + Send + 'static,
    ) -> Result<T, Fault> {
        self.asking(move |studio, ask| {
            work(studio, &mut |by, text| ask(Ask::Act { act, by: by.into(), text }))
        })
        .await
    }

    /// The same with the means to ask the station for entries on the way: where one cannot be made durable, the work
    /// gets a no.
    pub async fn asking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Studio, &mut dyn FnMut(Ask) -> Result<(), ControlError>) -> Result<T, ControlError>
        + Send
        + 'static,
    ) -> Result<T, Fault> {
        let (studio, runtime) = (self.site.studio.clone(), Handle::current());
        let work = move || {
            let mut refused = None;
            let mut enter = |ask: Ask| match done(runtime.block_on(studio.ask(ask))) {
                Ok(_) => Ok(()),
                Err(fault) => {
                    refused = Some(fault);
                    Err(Message::new("user-not-entered").into())
                }
            };
            let worked = work(&studio, &mut enter);
            match refused {
                Some(fault) => Err(fault),
                None => worked.map_err(Fault::from),
            }
        };
        tokio::task::spawn_blocking(work).await.map_err(Fault::failed)?
    }

    /// The same for what may decode audio: few at once. The turn belongs to the work, not to the visitor, who may leave.
    pub async fn decode<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Studio) -> Result<T, ControlError> + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = self.site.decoding.clone().acquire_owned().await.map_err(Fault::failed)?;
        self.work(move |studio| {
            let _turn = turn;
            work(studio)
        })
        .await
    }

    /// What was filled in, to be copied where it could not be done; nothing of a form with a password.
    pub fn typed(&self) -> Vec<(String, String)> {
        if self.form.is_secret() { Vec::new() } else { everything(&self.page(""), &self.path, &self.form) }
    }

    async fn flash(&self, flash: Flash) {
        // A sentence that is lost with its session is no loss.
        let _ = self.session.insert(FLASH, flash).await;
    }
}

/// The sentence of `message` in both languages.
pub(super) fn both(message: &Message) -> [String; 2] {
    [message.say(Lang::Vi), message.say(Lang::En)]
}

/// The frame around a page.
pub(super) struct Page {
    pub visit: Visit,
    pub title: String,
}

/// A place that the navigation leads to.
pub(super) struct Link {
    pub path: &'static str,
    pub key: &'static str,
    pub here: bool,
}

use Role::{Admin, Approver, Auditor, Editor, Operator};

/// Where the navigation leads, what lies below each place, and whom it leads there.
const PLACES: &[(&str, &str, &str, &[Role])] = &[
    ("/on-air", "/on-air", "web-nav-on-air", &[Editor, Approver, Operator, Auditor, Admin]),
    ("/months", "/month", "web-nav-months", &[Editor, Approver, Operator, Auditor, Admin]),
    ("/log", "/log", "web-nav-log", &[Editor, Approver, Operator, Auditor, Admin]),
    ("/matrix", "/matrix", "web-nav-matrix", &[Editor, Approver, Operator, Auditor, Admin]),
    ("/fleet", "/fleet", "web-nav-fleet", &[Editor, Approver, Operator, Auditor, Admin]),
    ("/reports", "/reports", "web-reports", &[Auditor, Approver, Admin]),
    ("/import", "/import", "web-import", &[Operator, Admin]),
    ("/settings", "/settings", "web-nav-settings", &[Admin, Auditor]),
];

impl Page {
    /// A sentence of the catalogue.
    pub fn t(&self, key: &str) -> String {
        words::say(self.visit.lang, key, &[])
    }

    /// The same with one value.
    pub fn t1(&self, key: &str, name: &str, value: &dyn std::fmt::Display) -> String {
        words::say(self.visit.lang, key, &[(name, &value.to_string())])
    }

    /// The sentence for `code` among those that begin with `prefix`.
    pub fn coded(&self, prefix: &str, code: &str) -> String {
        self.t(&format!("{prefix}-{code}"))
    }

    /// The language tag.
    pub fn lang(&self) -> &'static str {
        tag(self.visit.lang)
    }

    /// Whose page it is, for its forms: the person's id and word.
    pub fn whose(&self) -> String {
        self.visit.person.as_ref().map_or(String::new(), |person| format!("{}:{}", person.id, person.word()))
    }

    /// The other language.
    pub fn other_lang(&self) -> &'static str {
        if self.visit.lang == Lang::Vi { "en" } else { "vi" }
    }

    /// The name of the assets' folder.
    #[allow(clippy::unused_self, reason = "as templates call it")]
    pub fn edition(&self) -> &'static str {
        &assets::EDITION
    }

    /// Where the navigation leads this visitor.
    pub fn links(&self) -> Vec<Link> {
        let is_centre = self.visit.site.studio.centre.is_some();
        let places = PLACES.iter().filter(|(_, _, _, roles)| self.visit.has(roles));
        let places = places.filter(|(path, ..)| is_centre || *path != "/fleet");
        places
            .map(|&(path, below, key, _)| Link { path, key, here: self.visit.path.starts_with(below) })
            .collect()
    }

    /// The station's name for the head of the page.
    pub fn station(&self) -> String {
        let folder = &self.visit.site.studio.folder;
        let today = self.visit.site.studio.now().with_timezone(&folder.station.zone).date_naive();
        let unit =
            folder.plan.units.iter().find(|unit| unit.id == folder.station.unit && unit.valid_on(today));
        unit.map_or_else(|| folder.station.id.clone(), |unit| unit.name.clone())
    }

    /// What the last request said.
    pub fn flash(&self) -> Option<(bool, Safe<String>)> {
        let flash = self.visit.flash.as_ref()?;
        Some((flash.good, self.ticked(&flash.sentence[self.visit.lang as usize])))
    }

    /// What was filled in and could not be done.
    pub fn typed(&self) -> &[(String, String)] {
        self.visit.flash.as_ref().map_or(&[], |flash| &flash.typed)
    }

    /// A sentence with its words in ticks set as code.
    #[allow(clippy::unused_self, reason = "as templates call it")]
    pub fn ticked(&self, sentence: impl std::fmt::Display) -> Safe<String> {
        reading::ticked(sentence)
    }

    /// The name of a schedule.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "templates pass what they have by reference")]
    pub fn named(&self, name: &ScheduleName) -> String {
        reading::schedule(*name, self.visit.lang)
    }
}

/// The tag of `lang`.
pub(super) fn tag(lang: Lang) -> &'static str {
    if lang == Lang::Vi { "vi" } else { "en" }
}

/// A page, rendered; never kept by browsers or on the way.
pub(super) fn html(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => ([(header::CACHE_CONTROL, "no-store")], Html(text)).into_response(),
        Err(error) => Fault::failed(error).into_response(),
    }
}
