//! What went wrong, as a page: what happened, what to do, a reference number. Nothing inner leaks.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

use super::reading;
use crate::{
    control::{ControlError, FindingView, Reply, finding_view, secret_word},
    programme::Finding,
    words::{self, Lang, Message},
};

/// Why a request has no other answer. `guard` makes the page of it, in the visitor's language.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub status: StatusCode,
    pub said: Sentence,
    pub findings: Vec<Finding>,
    /// For the trace log only.
    inner: Option<String>,
}

/// What was filled in and could not be done: label and value. It goes with the answer to where its page is made.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed(pub Vec<(String, String)>);

/// A sentence that can be said in both languages.
#[derive(Debug, Clone)]
pub(super) enum Sentence {
    Message(Message),
    Said([String; 2]),
}

impl Sentence {
    pub fn in_lang(&self, lang: Lang) -> String {
        match self {
            Sentence::Message(message) => message.say(lang),
            Sentence::Said(said) => said[lang as usize].clone(),
        }
    }

    /// The sentence, and what to do about it where there is something to do.
    pub fn with_hint(&self, lang: Lang) -> String {
        let hint = match self {
            Sentence::Message(message) => message.hint(lang),
            Sentence::Said(_) => None,
        };
        [Some(self.in_lang(lang)), hint].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

impl Fault {
    pub fn new(status: StatusCode, message: Message) -> Fault {
        Fault { status, said: Sentence::Message(message), findings: Vec::new(), inner: None }
    }

    /// The answer is no, and why.
    pub fn no(message: Message) -> Fault {
        Fault::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// There is no such page.
    pub fn missing() -> Fault {
        Fault::new(StatusCode::NOT_FOUND, Message::new("web-missing"))
    }

    /// The machine failed; `inner` goes to the trace log.
    #[allow(clippy::needless_pass_by_value, reason = "errors are handed over where they are mapped")]
    pub fn failed(inner: impl ToString) -> Fault {
        let fault = Fault::new(StatusCode::INTERNAL_SERVER_ERROR, Message::new("web-failed"));
        Fault { inner: Some(inner.to_string()), ..fault }
    }

    /// Its page, with what was `typed`.
    pub fn page(&self, lang: Lang, typed: Typed) -> Response {
        let reference = secret_word()[..8].to_owned();
        if let Some(inner) = &self.inner {
            tracing::error!(reference, "{inner}");
        }
        let hint = match &self.said {
            Sentence::Message(message) => message.hint(lang),
            Sentence::Said(_) => None,
        };
        let page = ErrorPage {
            lang,
            status: self.status.as_u16(),
            sentence: self.said.in_lang(lang),
            hint: hint.unwrap_or_else(|| words::say(lang, "web-error-hint", &[])),
            findings: self.findings.iter().map(|finding| finding_view(finding, lang)).collect(),
            typed: typed.0,
            reference,
        };
        (self.status, Html(page.render().unwrap_or_default())).into_response()
    }
}

impl From<ControlError> for Fault {
    fn from(error: ControlError) -> Fault {
        match error {
            ControlError::No(message) | ControlError::Usage(message) => Fault::no(message),
            ControlError::Media(refusal) => Fault::no(refusal.message()),
            ControlError::Findings(findings) | ControlError::Config(findings) => {
                Fault { findings, ..Fault::no(Message::new("web-findings")) }
            }
            other => Fault::failed(other),
        }
    }
}

/// What a station answered that did not do what was asked; what it did is its sentence in both languages.
pub(super) fn done(reply: Reply) -> Result<[String; 2], Fault> {
    match reply {
        Reply::Done(said) => Ok(said.sentence),
        Reply::No(said) => {
            let said = Sentence::Said(said.sentence);
            Err(Fault { said, ..Fault::no(Message::new("web-failed")) })
        }
        Reply::Failed(why) => Err(Fault::failed(why)),
        Reply::Status(_) | Reply::Pruned(_) => Err(Fault::failed("an answer to something else")),
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    lang: Lang,
    status: u16,
    sentence: String,
    hint: String,
    findings: Vec<FindingView>,
    typed: Vec<(String, String)>,
    reference: String,
}

impl ErrorPage {
    fn t(&self, key: &str) -> String {
        words::say(self.lang, key, &[])
    }
}
