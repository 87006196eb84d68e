//! Who may sign in, and what each may do.

use askama::Template;
use axum::{
    Extension,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use tokio::{runtime::Handle, task::spawn_blocking};

use super::{CHANGERS, READERS};
use crate::{
    control::{Act, ControlError, People, Person, Role, change_people},
    web::{
        error::{Fault, done},
        form::Form,
        gate,
        page::{Page, Visit, both, html},
        route::{Route, get, has, post},
    },
    words::Message,
};

const PATH: &str = "/settings/people";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(PATH, has(READERS), show),
        post("/settings/people/add", has(CHANGERS), add),
        post("/settings/people/change", has(CHANGERS), change),
        post("/settings/people/reset", has(CHANGERS), reset),
    ]
}

#[derive(Template)]
#[template(path = "settings/people.html")]
struct PeoplePage {
    page: Page,
    people: Vec<Person>,
    may_change: bool,
    /// What was typed for somebody new, and why it does not fit.
    typed: Form,
    wrong: Option<String>,
}

impl PeoplePage {
    /// Every role, and whether `has` is among those of somebody.
    fn roles(&self, has: impl Fn(Role) -> bool) -> Vec<(&'static str, String, bool)> {
        let name = |word: &str| self.page.t(&format!("role-{word}"));
        Role::ALL.into_iter().map(|(word, role)| (word, name(word), has(role))).collect()
    }

    fn roles_of(&self, person: &Person) -> Vec<(&'static str, String, bool)> {
        self.roles(|role| person.roles.contains(&role))
    }

    fn roles_typed(&self) -> Vec<(&'static str, String, bool)> {
        self.roles(|role| self.typed.all("role").any(|word| word == role.word()))
    }

    fn names(&self, person: &Person) -> String {
        let names = person.roles.iter().map(|role| self.page.t(&format!("role-{}", role.word())));
        names.collect::<Vec<_>>().join(", ")
    }
}

fn page(visit: &Visit, typed: Form, wrong: Option<String>) -> Result<Response, Fault> {
    let people = People::read(&visit.site.studio.folder)?.iter().cloned().collect();
    let may_change = visit.has(CHANGERS);
    Ok(html(&PeoplePage { page: visit.page("web-people"), people, may_change, typed, wrong }))
}

async fn show(visit: Visit) -> Result<Response, Fault> {
    page(&visit, Form::default(), None)
}

async fn add(visit: Visit, Extension(form): Extension<Form>) -> Result<Response, Fault> {
    let (id, name, roles) = read(&form);
    let (new, called) = (id.clone(), name.clone());
    match entered(&visit, "add", id, move |people| people.add(&new, &called, &roles, None)).await {
        Ok(first) => {
            let message = Message::new("web-people-added").with("name", name);
            let said = both(&message.with("password", first.unwrap_or_default()));
            Ok(visit.done(PATH, said).await)
        }
        Err(fault) if fault.status == StatusCode::UNPROCESSABLE_ENTITY => {
            let wrong = Some(fault.said.in_lang(visit.lang));
            Ok((fault.status, page(&visit, form, wrong)?).into_response())
        }
        Err(fault) => Err(fault),
    }
}

async fn change(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let (id, name, roles) = read(&form);
    let closed = !form.get("closed").is_empty();
    let (whose, called) = (id.clone(), name.clone());
    let work = move |people: &mut People| people.change(&whose, &called, &roles, closed).map(|()| None);
    let changed = entered(&visit, "change", id, work).await;
    let said = changed.map(|_| both(&Message::new("web-people-changed").with("name", name)));
    visit.told(PATH, said).await
}

async fn reset(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let id = form.get("id").to_owned();
    let whose = id.clone();
    let reset = entered(&visit, "reset", id.clone(), move |people| people.reset(&whose).map(Some)).await;
    let said = reset.map(|first| {
        let message = Message::new("web-people-reset").with("id", id);
        both(&message.with("password", first.unwrap_or_default()))
    });
    visit.told(PATH, said).await
}

fn read(form: &Form) -> (String, String, Vec<Role>) {
    let roles = form.all("role").filter_map(Role::of).collect();
    (form.get("id").trim().to_owned(), form.get("name").to_owned(), roles)
}

/// Changes the people and enters it; the entry is durable before the change counts, so no change is without one.
async fn entered(
    visit: &Visit,
    verb: &'static str,
    id: String,
    change: impl FnOnce(&mut People) -> Result<Option<String>, ControlError> + Send + 'static,
) -> Result<Option<String>, Fault> {
    let (studio, by, runtime) = (visit.site.studio.clone(), visit.by(), Handle::current());
    let own = visit.person.as_ref().is_some_and(|person| person.id == id);
    let work = move || {
        let mut refused = None;
        let changed = change_people(&studio.folder, |people| {
            let first = change(people)?;
            let person = people.find(&id).cloned();
            let text = person.as_ref().map_or(String::new(), |person| person.told(verb));
            match done(runtime.block_on(studio.enter(Act::People, &by, text))) {
                Ok(_) => Ok((first, person)),
                Err(fault) => {
                    refused = Some(fault);
                    Err(Message::new("user-not-entered").into())
                }
            }
        });
        match refused {
            Some(fault) => Err(fault),
            None => changed.map_err(Fault::from),
        }
    };
    let (first, person) = spawn_blocking(work).await.map_err(Fault::failed)??;
    // Who changed themselves goes on here; their other sessions end.
    if let Some(person) = person.filter(|person| own && !person.closed) {
        gate::sign_in(&visit.session, &person).await?;
    }
    Ok(first)
}
