//! Every route, with those who may use it.

use axum::{Router, extract::DefaultBodyLimit, handler::Handler, middleware::from_fn_with_state, routing};

use super::{
    assets, audio,
    error::Fault,
    fleet,
    gate::{May, gate},
    import, log, matrix, month, on_air, reports, settings, sign_in,
    site::Site,
};
use crate::control::Role::{self, Admin, Approver, Auditor, Editor, Operator};

/// Whoever has any role.
pub(super) const EVERYONE: May = May::Has(&[Editor, Approver, Operator, Auditor, Admin]);

/// A route.
pub(super) struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub may: May,
    /// An auditor's look at it is an entry.
    looks: bool,
    serve: routing::MethodRouter<Site>,
}

impl Route {
    /// The same, with bodies of so many bytes at most; others have two million.
    pub fn with_bodies_of(self, most: u64) -> Route {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Route { serve: self.serve.layer(DefaultBodyLimit::max(most)), ..self }
    }

    /// The same as part of the live state: it says nothing that stays, and must be there when nothing can be entered.
    pub fn live(self) -> Route {
        Route { looks: false, ..self }
    }
}

/// A page.
pub(super) fn get<T: 'static>(path: &'static str, may: May, handler: impl Handler<T, Site>) -> Route {
    Route { method: "GET", path, may, looks: true, serve: routing::get(handler) }
}

/// A form.
pub(super) fn post<T: 'static>(path: &'static str, may: May, handler: impl Handler<T, Site>) -> Route {
    Route { method: "POST", path, may, looks: true, serve: routing::post(handler) }
}

/// Who has one of `roles`.
pub(super) const fn has(roles: &'static [Role]) -> May {
    May::Has(roles)
}

/// All of them.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![get("/assets/{edition}/{name}", May::Anybody, assets::asset)];
    routes.extend(sign_in::routes());
    routes.extend(on_air::routes());
    routes.extend(month::routes());
    routes.extend(audio::routes());
    routes.extend(log::routes());
    routes.extend(matrix::routes());
    routes.extend(reports::routes());
    routes.extend(fleet::routes());
    routes.extend(import::routes());
    routes.extend(settings::routes());
    routes
}

/// Method, path and who may, of every route.
#[must_use]
pub fn table() -> Vec<(&'static str, &'static str, May)> {
    routes().iter().map(|route| (route.method, route.path, route.may)).collect()
}

/// The pages behind their gates.
pub(super) fn router(site: &Site) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let gate = from_fn_with_state((site.clone(), route.may, route.looks), gate);
        router = router.route(route.path, route.serve.layer(gate));
    }
    router.fallback(async || Fault::missing()).with_state(site.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_signing_in_is_open_to_anybody() {
        let open: Vec<_> =
            routes().iter().filter(|route| route.may == May::Anybody).map(|r| (r.method, r.path)).collect();
        assert_eq!(
            open,
            [
                ("GET", "/assets/{edition}/{name}"),
                ("GET", "/"),
                ("GET", "/sign-in"),
                ("POST", "/sign-in"),
                ("GET", "/set-up/{word}"),
                ("POST", "/set-up/{word}"),
                ("POST", "/lang"),
            ]
        );
    }
}
