//! The log of one station as it came home, read by the station's own pages: rows, airings, proofs, verification, bundle.

use axum::{
    Extension,
    extract::{Path, RawQuery},
    response::Response,
};

use super::{address, centre};
use crate::{
    control::Which,
    web::{
        error::Fault,
        form::Form,
        log::{Shelf, TAKERS, check_proof, give_bundle, give_proof, show_airing, show_list, verify_log},
        page::Visit,
        route::{EVERYONE, Route, get, has, post},
    },
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/fleet/station/{station}/log", EVERYONE, list),
        get("/fleet/station/{station}/log/slot/{*slot}", EVERYONE, of_slot),
        get("/fleet/station/{station}/log/airing/{airing}", EVERYONE, of_airing),
        get("/fleet/station/{station}/log/proof/{entry}", EVERYONE, proof),
        get("/fleet/station/{station}/log/bundle", has(TAKERS), bundle),
        post("/fleet/station/{station}/log/check", EVERYONE, check),
        post("/fleet/station/{station}/log/verify", EVERYONE, verify),
    ]
}

/// The log called `origin`, as far as it came home until now.
async fn shelf(visit: &Visit, origin: String) -> Result<Shelf, Fault> {
    let centre = centre(visit)?;
    let base = format!("{}/log", address(&origin));
    let folder = visit.work(move |_| match centre.fleet.log(&origin)? {
        Some(_) => centre.mirror(&origin).map(Some),
        None => Ok(None),
    });
    let folder = folder.await?.ok_or_else(Fault::missing)?;
    Ok(Shelf { folder: folder.into(), base, own: false })
}

async fn list(
    visit: Visit,
    Path(origin): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let shelf = shelf(&visit, origin).await?;
    show_list(visit, shelf, query).await
}

async fn of_slot(
    visit: Visit,
    Path((origin, slot)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let slot = slot.parse().map_err(|_| Fault::missing())?;
    let shelf = shelf(&visit, origin).await?;
    show_airing(visit, shelf, Which::Slot(slot), query).await
}

async fn of_airing(
    visit: Visit,
    Path((origin, airing)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let airing = airing.parse().map_err(|_| Fault::missing())?;
    let shelf = shelf(&visit, origin).await?;
    show_airing(visit, shelf, Which::Airing(airing), query).await
}

async fn proof(visit: Visit, Path((origin, entry)): Path<(String, String)>) -> Result<Response, Fault> {
    let shelf = shelf(&visit, origin).await?;
    give_proof(&visit, shelf, &entry).await
}

async fn bundle(
    visit: Visit,
    Path(origin): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let shelf = shelf(&visit, origin).await?;
    give_bundle(&visit, shelf, query).await
}

async fn check(
    visit: Visit,
    Path(origin): Path<String>,
    Extension(form): Extension<Form>,
) -> Result<Response, Fault> {
    let shelf = shelf(&visit, origin).await?;
    check_proof(visit, shelf, form).await
}

async fn verify(visit: Visit, Path(origin): Path<String>) -> Result<Response, Fault> {
    let shelf = shelf(&visit, origin).await?;
    verify_log(visit, shelf).await
}
