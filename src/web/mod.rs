//! Pages for people: server-rendered, Vietnamese first, everything embedded, no address outside.
//!
//! `serve` opens them on a thread with a runtime of its own, so that no page can hold up what airs. A request goes
//! through `guard` (host, origin, headers, errors), then through the `gate` of its route (session, role, token of the
//! form), then to a page. `route` holds every route with those who may use it, one list a page.

mod assets;
mod audio;
mod deed;
mod error;
mod filled;
mod fleet;
mod form;
mod gate;
mod guard;
mod import;
mod log;
mod matrix;
mod month;
mod on_air;
mod page;
mod person;
mod reading;
mod reports;
mod route;
mod serve;
mod session;
mod settings;
mod sign_in;
mod site;
mod tls;

pub use gate::May;
pub use route::table;
pub use serve::{Place, open};
