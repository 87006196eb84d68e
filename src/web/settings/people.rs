//! Who may sign in, and what each may do.

use askama::Template;
use axum::{
    Extension,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use super::{CHANGERS, READERS};
use crate::{
    control::{People, Person, Role},
    web::{
        error::Fault,
        form::Form,
        page::{Page, Visit, both, html},
        person::entered,
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

async fn page(visit: &Visit, typed: Form, wrong: Option<String>) -> Result<Response, Fault> {
    let people = visit.work(|studio| Ok(People::read(&studio.folder)?.iter().cloned().collect())).await?;
    let may_change = visit.has(CHANGERS);
    Ok(html(&PeoplePage { page: visit.page("web-people"), people, may_change, typed, wrong }))
}

async fn show(visit: Visit) -> Result<Response, Fault> {
    page(&visit, Form::default(), None).await
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
            Ok((fault.status, page(&visit, form, wrong).await?).into_response())
        }
        Err(fault) => Err(fault),
    }
}

async fn change(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let changed = async {
        let (id, name, roles) = read(&form);
        let closed = !form.get("closed").is_empty();
        let (seen, whose, called) = (form.parsed("edition")?, id.clone(), name.clone());
        let work = move |people: &mut People| {
            people.seen(&whose, seen)?;
            people.change(&whose, &called, &roles, closed)
        };
        entered(&visit, "change", id, work).await?;
        Ok(both(&Message::new("web-people-changed").with("name", name)))
    };
    let said = changed.await;
    visit.told(PATH, said).await
}

async fn reset(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let reset = async {
        let id = form.get("id").to_owned();
        let (seen, whose) = (form.parsed("edition")?, id.clone());
        let work = move |people: &mut People| {
            people.seen(&whose, seen)?;
            people.reset(&whose)
        };
        let password = entered(&visit, "reset", id.clone(), work).await?;
        Ok(both(&Message::new("web-people-reset").with("id", id).with("password", password)))
    };
    let said = reset.await;
    visit.told(PATH, said).await
}

fn read(form: &Form) -> (String, String, Vec<Role>) {
    let roles = form.all("role").filter_map(Role::of).collect();
    (form.get("id").trim().to_owned(), form.get("name").to_owned(), roles)
}
