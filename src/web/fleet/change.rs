//! Who belongs to the fleet: an officer enrols a station by the code that its people read out, revokes one, and settles what
//! contradicts itself, each with their password once more and an entry before it counts.

use std::net::IpAddr;

use axum::{Extension, response::Response};

use super::{address, centre};
use crate::{
    control::{Act, Role},
    web::{
        error::Fault,
        form::Form,
        guard::Client,
        page::{Visit, both},
        person::once_more,
        route::{Route, has, post},
    },
    words::Message,
};

/// Who decides.
pub(super) const DECIDERS: &[Role] = &[Role::Admin];

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/fleet/enrol", has(DECIDERS), enrol),
        post("/fleet/revoke", has(DECIDERS), revoke),
        post("/fleet/settle", has(DECIDERS), settle),
    ]
}

async fn enrol(
    visit: Visit,
    Extension(Client(from)): Extension<Client>,
    Extension(form): Extension<Form>,
) -> Result<Response, Fault> {
    centre(&visit)?;
    let result = enrolled(&visit, from, &form).await;
    Ok(visit.told(&address(form.get("origin")), result).await)
}

async fn enrolled(visit: &Visit, from: IpAddr, form: &Form) -> Result<[String; 2], Fault> {
    let centre = centre(visit)?;
    once_more(visit, from, form.get("password")).await?;
    let (origin, code, by) = (form.get("origin").to_owned(), form.get("code").trim().to_owned(), visit.by());
    let said = Message::new("fleet-enrolled").with("origin", &origin);
    visit
        .entering(Act::Fleet, move |_, enter| {
            centre.may_enrol(&origin, &code)?;
            enter(&by, format!("enrol {origin}"))?;
            centre.enrol(&origin, &code, &by)
        })
        .await?;
    visit.site.fleet.forget();
    Ok(both(&said))
}

async fn revoke(
    visit: Visit,
    Extension(Client(from)): Extension<Client>,
    Extension(form): Extension<Form>,
) -> Result<Response, Fault> {
    centre(&visit)?;
    let result = revoked(&visit, from, &form).await;
    Ok(visit.told(&address(form.get("origin")), result).await)
}

async fn revoked(visit: &Visit, from: IpAddr, form: &Form) -> Result<[String; 2], Fault> {
    let (centre, reason) = (centre(visit)?, reason(form)?);
    once_more(visit, from, form.get("password")).await?;
    let (origin, by) = (form.get("origin").to_owned(), visit.by());
    let said = Message::new("fleet-revoked").with("origin", &origin);
    visit
        .entering(Act::Fleet, move |_, enter| {
            centre.may_revoke(&origin)?;
            enter(&by, format!("revoke {origin}: {reason}"))?;
            centre.revoke(&origin, &by)
        })
        .await?;
    visit.site.fleet.forget();
    Ok(both(&said))
}

async fn settle(
    visit: Visit,
    Extension(Client(from)): Extension<Client>,
    Extension(form): Extension<Form>,
) -> Result<Response, Fault> {
    centre(&visit)?;
    let result = settled(&visit, from, &form).await;
    Ok(visit.told(&address(form.get("origin")), result).await)
}

async fn settled(visit: &Visit, from: IpAddr, form: &Form) -> Result<[String; 2], Fault> {
    let (centre, reason) = (centre(visit)?, reason(form)?);
    once_more(visit, from, form.get("password")).await?;
    // What came behind the page that the officer saw is not settled by it.
    let seen_ms: i64 = form.get("seen").parse().unwrap_or_default();
    let (origin, by) = (form.get("origin").to_owned(), visit.by());
    let said = Message::new("fleet-settled").with("origin", &origin);
    visit
        .entering(Act::Fleet, move |_, enter| {
            centre.may_settle(&origin, seen_ms)?;
            enter(&by, format!("settle {origin}: {reason}"))?;
            centre.settle(&origin, seen_ms, &by, &reason).map(drop)
        })
        .await?;
    visit.site.fleet.forget();
    Ok(both(&said))
}

/// The reason that stands in `form`; a no where there is none.
fn reason(form: &Form) -> Result<String, Fault> {
    let reason = form.get("reason").split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() { Err(Fault::no(Message::new("web-fleet-no-reason"))) } else { Ok(reason) }
}
