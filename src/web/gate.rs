//! Who may come to a page: session, role, and the token of the form.

use std::{panic::resume_unwind, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tower_sessions::Session;

use super::{
    error::{Fault, Typed, done},
    form::{Form, KeptForm, LONGEST},
    page::{FLASH, Flash, Visit},
    sign_in,
    site::{Site, hold, same},
};
use crate::{
    control::{Ask, People, Person, Role, secret_word},
    units::Digest,
    words::{Lang, Message},
};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Everybody, signed in or not.
    Anybody,
    /// Who is signed in, even with a first password.
    SignedIn,
    /// Who has one of these roles.
    Has(&'static [Role]),
}

/// What a session remembers of its person.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct SignedIn {
    id: String,
    edition: u32,
    token: String,
}

const WHO: &str = "who";
/// The field that names whose page a form stood on.
const OF: &str = "of";
/// The field that names the kept form that is sent again.
const KEPT: &str = "kept";
/// The fields that belong to a page, not to what was filled in.
pub(super) const OWN_FIELDS: [&str; 3] = ["token", OF, KEPT];
/// Of a longer address so much is entered, in characters, and its digest.
const LONGEST_LOOK: usize = 1000;
/// Counts what a person does: whatever is changed in a session begins its idle time anew.
const DONE: &str = "done";

/// Signs `person` in: under a new session id, so that one known from before is worth nothing.
pub(super) async fn sign_in(session: &Session, person: &Person) -> Result<(), Fault> {
    session.cycle_id().await.map_err(Fault::failed)?;
    let who = SignedIn { id: person.id.clone(), edition: person.edition, token: secret_word() };
    session.insert(WHO, who).await.map_err(Fault::failed)
}

/// A route's gate and the page behind it.
pub(super) async fn gate(
    State((site, may, looks)): State<(Site, May, bool)>,
    session: Session,
    request: Request,
    next: Next,
) -> Response {
    let changes = changes(request.method());
    match enter(site.clone(), may, looks, session, request).await {
        // A change goes on to its end, entry and all, though its browser leaves: half a change is none.
        Ok(request) if changes => match site.changes.spawn(changed(site.clone(), request, next)).await {
            Ok(answer) => answer,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(ended) => Fault::failed(ended).into_response(),
            },
        },
        Ok(request) => next.run(request).await,
        Err(answer) => answer,
    }
}

/// The page behind the gate does its work. Where that fails, what was typed goes with the fault, and a form that was
/// sent again stays kept.
async fn changed(site: Site, request: Request, next: Next) -> Response {
    let visit = request.extensions().get::<Visit>().cloned();
    let mut answer = next.run(request).await;
    let Some(visit) = visit else { return answer };
    if answer.extensions().get::<Fault>().is_some() {
        answer.extensions_mut().insert(Typed(visit.typed()));
    } else {
        hold(&site.kept).sent(visit.form.get(KEPT));
    }
    answer
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

async fn enter(
    site: Site,
    may: May,
    looks: bool,
    session: Session,
    request: Request,
) -> Result<Request, Response> {
    let (person, token) = who(&site, &session).await.map_err(IntoResponse::into_response)?.unzip();
    let path = request.uri().path().to_owned();
    let here = request.uri().path_and_query().map_or("/", |here| here.as_str()).to_owned();
    let lang = lang(request.headers());
    let token = token.unwrap_or_default();
    let mut visit =
        Visit { site, lang, person, token, session, path, here, form: Form::default(), flash: None };
    let changes = changes(request.method());
    let (mut request, form) = if changes { read(request).await? } else { (request, None) };
    match (&visit.person, may) {
        (_, May::Anybody) => {}
        (None, _) => {
            let part = is_part(request.headers()) || is_stream(request.headers());
            return Err(turned_away(&visit, part, changes, form).await);
        }
        (Some(person), May::Has(_)) if person.must_change => {
            return Err(Redirect::to(sign_in::PASSWORD).into_response());
        }
        (Some(_), May::Has(roles)) if !visit.has(roles) => {
            return Err(Fault::new(StatusCode::FORBIDDEN, Message::new("web-forbidden")).into_response());
        }
        (Some(_), _) => {}
    }
    if visit.person.is_some() {
        if changes && !has_token(&visit, request.headers(), request.uri().query(), form.as_ref()) {
            return Err(Fault::new(StatusCode::FORBIDDEN, Message::new("web-forged")).into_response());
        }
        let stays = !request.headers().contains_key("x-loa-live");
        if request.method() == Method::GET && stays && !is_part(request.headers()) {
            visit.flash = visit.session.remove::<Flash>(FLASH).await.unwrap_or_default();
        }
        if stays && (!is_stream(request.headers()) || is_wall(&visit, &request)) {
            let done = visit.session.get::<u64>(DONE).await.unwrap_or_default().unwrap_or(0);
            let _ = visit.session.insert(DONE, done.wrapping_add(1)).await;
        }
    }
    if looks && matches!(may, May::Has(roles) if roles.contains(&Role::Auditor)) {
        looked(&visit).await.map_err(IntoResponse::into_response)?;
    }
    visit.form = form.clone().unwrap_or_default();
    request.extensions_mut().insert(visit);
    request.extensions_mut().insert(form.unwrap_or_default());
    Ok(request)
}

/// An auditor's look at a page or a file is an entry, durable before anything of it is shown; one an hour.
async fn looked(visit: &Visit) -> Result<(), Fault> {
    let Some(person) = visit.person.as_ref().filter(|person| person.roles.contains(&Role::Auditor)) else {
        return Ok(());
    };
    let what = match visit.here.char_indices().nth(LONGEST_LOOK) {
        None => visit.here.clone(),
        Some((end, _)) => format!("{} {}", &visit.here[..end], Digest::of(visit.here.as_bytes())),
    };
    let ask = Ask::Read { by: visit.by(), what: what.clone() };
    let entered = async { done(visit.site.studio.ask(ask).await).map(drop) };
    visit.site.looks(&person.id, &what, entered).await
}

/// Who this session belongs to, with the token of its forms; nobody when the person was changed since.
async fn who(site: &Site, session: &Session) -> Result<Option<(Person, String)>, Fault> {
    let Some(who) = session.get::<SignedIn>(WHO).await.map_err(Fault::failed)? else { return Ok(None) };
    let people = site.work(|studio| People::read(&studio.folder)).await?;
    let person = people.find(&who.id).filter(|person| !person.closed && person.edition == who.edition);
    Ok(person.map(|person| (person.clone(), who.token)))
}

/// The chosen language: Vietnamese where none was chosen.
pub(super) fn lang(headers: &HeaderMap) -> Lang {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).map(str::trim);
    if pairs.any(|pair| pair == "lang=en") { Lang::En } else { Lang::Vi }
}

/// A script or a stream asks, not a person that looks at a page.
fn is_part(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-dest").is_some_and(|dest| dest != "document" && dest != "iframe")
}

/// The live state on a wall, put there to stay by somebody whose session can do little harm there.
fn is_wall(visit: &Visit, request: &Request) -> bool {
    let harmless = !visit.has(&[Role::Admin, Role::Approver, Role::Editor]);
    harmless && request.uri().query() == Some("wall")
}

/// The live state comes by itself and shows nobody's presence.
fn is_stream(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept == "text/event-stream")
}

fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Reads a form; the body of anything else stays where it is.
async fn read(request: Request) -> Result<(Request, Option<Form>), Response> {
    if content_type(request.headers()) != "application/x-www-form-urlencoded" {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    let bytes = whole(body, FORM_WITHIN).await.map_err(IntoResponse::into_response)?;
    let unclear = || Fault::new(StatusCode::BAD_REQUEST, Message::new("web-unclear")).into_response();
    let form = Form::parse(&bytes).ok_or_else(unclear)?;
    Ok((Request::from_parts(parts, Body::empty()), Some(form)))
}

/// A form that is not there after this is not waited for: a byte now and then keeps nobody's place.
const FORM_WITHIN: Duration = Duration::from_secs(30);

async fn whole(body: Body, within: Duration) -> Result<Bytes, Fault> {
    match timeout(within, to_bytes(body, LONGEST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, Message::new("web-too-long"))),
        Err(_) => Err(Fault::new(StatusCode::REQUEST_TIMEOUT, Message::new("web-unclear"))),
    }
}

/// The token of the session's forms, which another site cannot know: in the form, or for a script in a header, or in
/// the address of a form that carries files.
fn has_token(visit: &Visit, headers: &HeaderMap, query: Option<&str>, form: Option<&Form>) -> bool {
    #[derive(Default, Deserialize)]
    struct Token {
        token: Option<String>,
    }
    let of_header = headers.get("x-token").and_then(|value| value.to_str().ok().map(str::to_owned));
    let of_files = (content_type(headers) == "multipart/form-data")
        .then(|| super::form::query::<Token>(query).token)
        .flatten();
    let of_form = form.map(|form| form.get("token").to_owned()).filter(|token| !token.is_empty());
    of_form.or(of_header).or(of_files).is_some_and(|token| same(&visit.token, &token))
}

/// Nobody is signed in: to the sign-in page, but for a `part` of a page. What was sent is kept until it can be sent again.
async fn turned_away(visit: &Visit, part: bool, changes: bool, form: Option<Form>) -> Response {
    if part {
        return Fault::new(StatusCode::UNAUTHORIZED, Message::new("web-signed-out")).into_response();
    }
    let path = visit.here.clone();
    if !changes {
        return Redirect::to(&sign_in::address(&path, None)).into_response();
    }
    let lost = || Redirect::to(&sign_in::address("/", None)).into_response();
    // A password is not kept, and not shown: its form is filled in anew.
    let Some(form) = form.filter(|form| !form.is_secret()) else { return lost() };
    // Nobody lays a form before another: its page named whose it is, in a word that others do not know.
    let (id, word) = form.get(OF).split_once(':').unwrap_or_default();
    let people = visit.work(|studio| People::read(&studio.folder)).await.unwrap_or_default();
    if !people.find(id).is_some_and(|person| same(&person.word(), word)) {
        return lost();
    }
    let word = hold(&visit.site.kept).keep(KeptForm { by: id.to_owned(), path, form });
    Redirect::to(&sign_in::address("/", Some(&word))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_form_that_never_ends_is_not_waited_for() {
        let endless = Body::from_stream(tokio_stream::pending::<Result<Bytes, std::io::Error>>());
        let fault = whole(endless, Duration::from_millis(1)).await.unwrap_err();
        assert_eq!(fault.status, StatusCode::REQUEST_TIMEOUT);
        let long = whole(Body::from(vec![b'a'; LONGEST + 1]), FORM_WITHIN).await.unwrap_err();
        assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(whole(Body::from("a=b"), FORM_WITHIN).await.unwrap(), "a=b");
    }
}
