//! Signing in and out, the first admin, one's own password, the language.

use std::net::IpAddr;

use askama::Template;
use axum::{
    Extension,
    extract::{OriginalUri, Path},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    deed::deed,
    error::Fault,
    filled::everything,
    form::{Form, KeptForm, query},
    gate::{self, May},
    guard::Client,
    page::{Page, Visit, both, html},
    person::entered,
    route::{Route, get, post},
    site::{Site, hold},
};
use crate::{
    control::{People, Person, Role, SHORTEST_PASSWORD, Studio},
    words::Message,
};

/// Where one's own password is changed.
pub(super) const PASSWORD: &str = "/password";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/", May::Anybody, home),
        get("/sign-in", May::Anybody, show),
        post("/sign-in", May::Anybody, sign_in),
        get("/set-up/{word}", May::Anybody, show_set_up),
        post("/set-up/{word}", May::Anybody, set_up),
        post("/lang", May::Anybody, lang),
        post("/sign-out", May::SignedIn, sign_out),
        get(PASSWORD, May::SignedIn, show_password),
        post(PASSWORD, May::SignedIn, password),
        get("/again/{word}", May::SignedIn, again),
    ]
}

/// The sign-in page that leads on to `path`, or to the form kept under `again`.
pub(super) fn address(path: &str, again: Option<&str>) -> String {
    let fields = [("to", Some(path).filter(|path| *path != "/")), ("again", again)];
    let fields: Vec<_> = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let query = serde_urlencoded::to_string(fields).unwrap_or_default();
    if query.is_empty() { "/sign-in".into() } else { format!("/sign-in?{query}") }
}

/// Where somebody begins their work.
async fn home(visit: Visit) -> Redirect {
    Redirect::to(match &visit.person {
        None => "/sign-in",
        // Who does something else as well begins with what is on air.
        Some(person) if person.roles == [Role::Auditor] => "/log",
        Some(person) if person.roles == [Role::Editor] => "/months",
        Some(_) => "/on-air",
    })
}

#[derive(Default, Deserialize)]
struct Onward {
    #[serde(default)]
    to: String,
    #[serde(default)]
    again: String,
}

impl Onward {
    /// Where `person` goes from the sign-in page.
    fn leads(&self, site: &Site, person: &Person) -> String {
        match self {
            _ if person.must_change => PASSWORD.into(),
            Onward { again, .. } if hold(&site.kept).find(again, &person.id).is_some() => {
                format!("/again/{again}")
            }
            Onward { to, .. } if is_own_path(to) => to.clone(),
            _ => "/".to_owned(),
        }
    }
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage {
    page: Page,
    onward: Onward,
    id: String,
    wrong: Option<String>,
}

async fn show(visit: Visit, OriginalUri(uri): OriginalUri) -> Response {
    let onward: Onward = query(uri.query());
    if let Some(person) = &visit.person {
        // Signed in meanwhile, in another tab.
        return Redirect::to(&onward.leads(&visit.site, person)).into_response();
    }
    let page = visit.page("web-sign-in");
    html(&SignInPage { page, onward, id: String::new(), wrong: None })
}

async fn sign_in(
    visit: Visit,
    Extension(Client(from)): Extension<Client>,
    Extension(form): Extension<Form>,
) -> Result<Response, Fault> {
    let (id, password) = (form.get("id").trim().to_lowercase(), form.get("password").to_owned());
    let onward = Onward { to: form.get("to").into(), again: form.get("again").into() };
    if let Err(wait) = visit.site.may_guess(&id, from) {
        tracing::warn!(%from, "too many guesses of a password");
        let mut answer = refused(&visit, StatusCode::TOO_MANY_REQUESTS, onward, id, "web-guesses");
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
        return Ok(answer);
    }
    let checking = visit.site.password_checks.acquire().await.map_err(Fault::failed)?;
    let typed = id.clone();
    let verified =
        move |studio: &Studio| Ok(People::read(&studio.folder)?.verify(&typed, &password).cloned());
    let Some(person) = visit.work(verified).await? else {
        tracing::warn!(%from, "a wrong name or password");
        return Ok(refused(&visit, StatusCode::UNAUTHORIZED, onward, id, "web-wrong"));
    };
    drop(checking);
    visit.site.knows(&person.id, from);
    gate::sign_in(&visit.session, &person).await?;
    Ok(Redirect::to(&onward.leads(&visit.site, &person)).into_response())
}

fn refused(visit: &Visit, status: StatusCode, onward: Onward, id: String, why: &'static str) -> Response {
    let wrong = Some(visit.say(&Message::new(why)));
    let page = visit.page("web-sign-in");
    (status, html(&SignInPage { page, onward, id, wrong })).into_response()
}

/// A path of these pages and of no other site.
fn is_own_path(to: &str) -> bool {
    let own = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\');
    own && !to.chars().any(char::is_control)
}

async fn sign_out(visit: Visit) -> Result<Redirect, Fault> {
    visit.session.flush().await.map_err(Fault::failed)?;
    Ok(Redirect::to("/sign-in"))
}

async fn lang(Extension(form): Extension<Form>) -> Response {
    let cookie = match form.get("lang") {
        "en" => "lang=en; Path=/; Max-Age=31536000; SameSite=Lax",
        _ => "lang=vi; Path=/; Max-Age=31536000; SameSite=Lax",
    };
    let to = if is_own_path(form.get("to")) { form.get("to") } else { "/" };
    let mut response = Redirect::to(to).into_response();
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static(cookie));
    response
}

// ---- the first admin ---------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "set-up.html")]
struct SetUpPage {
    page: Page,
    id: String,
    name: String,
    least: usize,
    wrong: Option<String>,
}

async fn show_set_up(visit: Visit, Path(word): Path<String>) -> Result<Response, Fault> {
    if !visit.site.is_set_up(&word) {
        return Err(Fault::missing());
    }
    let page = visit.page("web-set-up");
    Ok(html(&SetUpPage {
        page,
        id: String::new(),
        name: String::new(),
        least: SHORTEST_PASSWORD,
        wrong: None,
    }))
}

async fn set_up(
    visit: Visit,
    Path(word): Path<String>,
    Extension(form): Extension<Form>,
) -> Result<Response, Fault> {
    if !visit.site.is_set_up(&word) {
        return Err(Fault::missing());
    }
    let (id, name) = (form.get("id").trim().to_owned(), form.get("name").to_owned());
    match first_admin(&visit, &form, id.clone(), name.clone()).await {
        Ok(()) => {
            visit.site.end_set_up();
            Ok(Redirect::to("/sign-in").into_response())
        }
        Err(fault) if fault.status == StatusCode::UNPROCESSABLE_ENTITY => {
            let wrong = Some(fault.said.with_hint(visit.lang));
            let page = visit.page("web-set-up");
            let answer = html(&SetUpPage { page, id, name, least: SHORTEST_PASSWORD, wrong });
            Ok((fault.status, answer).into_response())
        }
        Err(fault) => Err(fault),
    }
}

async fn first_admin(visit: &Visit, form: &Form, id: String, name: String) -> Result<(), Fault> {
    let password = repeated(form).map_err(Fault::no)?;
    let roles = Role::ALL.map(|(_, role)| role);
    let new = id.clone();
    let add = move |people: &mut People| {
        // The link may have been opened twice.
        if !people.is_empty() {
            return Err(Message::new("web-set-up-done").into());
        }
        people.add(&new, &name, &roles, Some(&password)).map(drop)
    };
    entered(visit, "add", id, add).await
}

/// A new password, typed twice.
fn repeated(form: &Form) -> Result<String, Message> {
    let password = form.get("password");
    if password == form.get("password2") {
        Ok(password.to_owned())
    } else {
        Err(Message::new("password-differs"))
    }
}

// ---- one's own password ------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    page: Page,
    first: bool,
    least: usize,
}

async fn show_password(visit: Visit) -> Response {
    let first = visit.person.as_ref().is_some_and(|person| person.must_change);
    html(&PasswordPage { page: visit.page("web-password"), first, least: SHORTEST_PASSWORD })
}

async fn password(
    visit: Visit,
    Extension(Client(from)): Extension<Client>,
    Extension(form): Extension<Form>,
) -> Response {
    match change_password(&visit, from, &form).await {
        Ok(()) => visit.done("/", both(&Message::new("web-password-done"))).await,
        Err(fault) => visit.refuse(PASSWORD, fault).await,
    }
}

async fn change_password(visit: &Visit, from: IpAddr, form: &Form) -> Result<(), Fault> {
    let Some(person) = visit.person.clone() else { return Err(Fault::missing()) };
    let chosen = repeated(form).map_err(Fault::no)?;
    // Whoever found a session open guesses no better than before the door.
    visit.site.may_guess(&person.id, from).map_err(|_| Fault::no(Message::new("web-guesses")))?;
    let (old, id) = (form.get("old").to_owned(), person.id.clone());
    let choose = move |people: &mut People| {
        if people.verify(&id, &old).is_none() {
            return Err(Message::new("password-old-wrong").into());
        }
        people.choose(&id, &chosen)
    };
    entered(visit, "password", person.id, choose).await
}

// ---- a form that came too late -----------------------------------------------------------------------

#[derive(Template)]
#[template(path = "again.html")]
struct AgainPage {
    page: Page,
    word: String,
    path: String,
    /// What it does; none where no page of this version sends such a form.
    deed: Option<String>,
    /// What was filled in, for people.
    filled: Vec<(String, String)>,
    fields: Vec<(String, String)>,
}

async fn again(visit: Visit, Path(word): Path<String>) -> Result<Response, Fault> {
    let id = visit.person.as_ref().map_or("", |person| person.id.as_str());
    let KeptForm { path, form, .. } = hold(&visit.site.kept).find(&word, id).ok_or_else(Fault::missing)?;
    let page = visit.page("web-again");
    let (deed, filled) = (deed(&page, &path, &form), everything(&page, &path, &form));
    let own = |name: &str| gate::OWN_FIELDS.contains(&name);
    let fields = form.0.into_iter().filter(|(name, _)| !own(name)).collect();
    Ok(html(&AgainPage { page, word, path, deed, filled, fields }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site() {
        for (to, own) in [
            ("/log?month=2022-03", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("/a\r\nSet-Cookie: x", false),
            ("", false),
        ] {
            assert_eq!(is_own_path(to), own, "{to}");
        }
        assert_eq!(address("/", None), "/sign-in");
        assert_eq!(address("/log?a=b", None), "/sign-in?to=%2Flog%3Fa%3Db");
        assert_eq!(address("/", Some("ab")), "/sign-in?again=ab");
    }
}
