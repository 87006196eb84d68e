//! Approval: exactly what is seen is released, by the person signed in, with their password once more; or it goes back
//! with words.

use std::net::IpAddr;

use askama::Template;
use axum::{Extension, extract::Path, response::Response};

use super::{
    super::{
        error::{Fault, done},
        form::Form,
        guard::Client,
        page::{Page, Visit, both, html},
        person::once_more,
    },
    compare::{self, Row},
    view::{Month, month},
};
use crate::{
    control::{self, Act, Approve, Ask},
    units::{Digest, ScheduleName},
    words::Message,
};

#[derive(Template)]
#[template(path = "approve.html")]
struct ApprovePage {
    page: Page,
    month: Month,
    rows: Option<Vec<Row>>,
    /// The digest of what an approval would sign; none where a file cannot be read.
    subject: Option<Digest>,
}

pub(super) async fn show(visit: Visit, Path(name): Path<ScheduleName>) -> Result<Response, Fault> {
    let month = month(&visit, name).await?;
    let (rows, subject) = compare::rows(&visit, month.draft.clone()).await?;
    Ok(html(&ApprovePage { page: visit.page("web-approve"), month, rows, subject }))
}

pub(super) async fn approve(
    visit: Visit,
    Path(name): Path<ScheduleName>,
    Extension(Client(from)): Extension<Client>,
    Extension(form): Extension<Form>,
) -> Response {
    match approved(&visit, name, from, &form).await {
        Ok(said) => visit.done(&format!("/month/{name}"), said).await,
        Err(fault) => visit.refuse(&format!("/month/{name}/approve"), fault).await,
    }
}

async fn approved(
    visit: &Visit,
    name: ScheduleName,
    from: IpAddr,
    form: &Form,
) -> Result<[String; 2], Fault> {
    let seen: Digest = form.parsed("seen")?;
    once_more(visit, from, form.get("password")).await?;
    let (document, by) = (form.get("document").trim().to_owned(), visit.hand());
    visit
        .work(move |studio| {
            let order = Approve { schedule: name, by, document, key: None, seen: Some(seen) };
            control::approve(&studio.folder, &order, studio.now())
        })
        .await?;
    // The daemon takes it now, and enters by whom it was released.
    done(visit.site.studio.ask(Ask::Look {}).await)?;
    Ok(both(&Message::new("web-approve-done").with("month", name)))
}

pub(super) async fn give_back(
    visit: Visit,
    Path(name): Path<ScheduleName>,
    Extension(form): Extension<Form>,
) -> Response {
    let returned = async {
        let seen: Digest = form.parsed("seen")?;
        let (by, words) = (visit.by(), form.get("words").to_owned());
        visit
            .entering(Act::Schedule, move |studio, enter| {
                let entered = || enter(&by, control::given_back(name, &words));
                control::give_back(&studio.folder, name, seen, &by, &words, entered)
            })
            .await?;
        Ok(both(&Message::new("web-return-done")))
    };
    match returned.await {
        Ok(said) => visit.done(&format!("/month/{name}"), said).await,
        Err(fault) => visit.refuse(&format!("/month/{name}/approve"), fault).await,
    }
}
