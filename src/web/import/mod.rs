//! `/import`: a month that came as a package, on a stick or as a file: looked at first, then taken.

mod sent;

use std::path::PathBuf;

use askama::Template;
use axum::{Extension, extract::RawQuery, response::Response};
use serde::Deserialize;

use super::{
    error::{Fault, done},
    form::{self, Form},
    page::{Page, Visit, both, html},
    route::{Route, get, has, post},
};
use crate::{
    control::{
        self, Arrival, Ask, Became,
        Role::{self, Admin, Operator},
        Studio, TrustInForce,
    },
    words::Message,
};

/// Who brings packages.
const BRINGERS: &[Role] = &[Operator, Admin];

/// In the place of a path: the file that the visitor sent.
const SENT: &str = "sent";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/import", has(BRINGERS), show),
        post("/import/send", has(BRINGERS), sent::send).with_bodies_of(control::LONGEST_TAR + (1 << 20)),
        get("/import/from", has(BRINGERS), look),
        post("/import/take", has(BRINGERS), take),
    ]
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    page: Page,
    /// Where packages lie, by their address and as people know them.
    sources: Vec<(String, String)>,
    /// Whether the settings name any folder.
    folders: bool,
    trust: Option<TrustInForce>,
    most: u64,
}

#[derive(Template)]
#[template(path = "import-from.html")]
struct FromPage {
    page: Page,
    from: String,
    source: String,
    arrivals: Vec<Shown>,
    any_good: bool,
}

/// A file of the package as the page shows it.
struct Shown {
    file: String,
    word: &'static str,
    sentence: String,
    hint: String,
}

async fn show(visit: Visit) -> Result<Response, Fault> {
    let (found, trust) = visit
        .work(|studio| Ok((control::sticks(&studio.folder), control::trust_in_force(&studio.folder)?)))
        .await?;
    let sources = found.into_iter().map(|path| path.display().to_string()).map(|path| (address(&path), path));
    let folders = !visit.site.studio.folder.station.import.is_empty();
    let page = visit.page("web-import");
    Ok(html(&ImportPage {
        page,
        sources: sources.collect(),
        folders,
        trust,
        most: control::LONGEST_TAR >> 20,
    }))
}

fn address(from: &str) -> String {
    serde_urlencoded::to_string([("from", from)]).unwrap_or_default()
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    from: String,
}

/// Where `from` leads for this visitor: to what they sent, or to one of the places that the page offers and to no other.
fn source(studio: &Studio, id: &str, from: &str) -> Result<PathBuf, control::ControlError> {
    if from == SENT {
        let path = control::sent_tar(&studio.folder, id);
        return if path.is_file() { Ok(path) } else { Err(Message::new("import-nothing-sent").into()) };
    }
    let known = control::sticks(&studio.folder).into_iter().find(|path| path.display().to_string() == from);
    known.ok_or_else(|| Message::new("import-gone").with("folder", from).into())
}

async fn look(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let Asked { from } = form::query(query.as_deref());
    match run(&visit, from.clone(), true).await {
        Ok(arrivals) => {
            let any_good = arrivals.iter().any(|arrival| matches!(arrival.became, Became::Good { .. }));
            let arrivals = arrivals.iter().map(|arrival| shown(&visit, arrival)).collect();
            let source =
                if from == SENT { visit.say(&Message::new("web-import-sent")) } else { from.clone() };
            html(&FromPage { page: visit.page("web-import"), from, source, arrivals, any_good })
        }
        Err(fault) => visit.refuse("/import", fault).await,
    }
}

async fn take(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let from = form.get("from").to_owned();
    let back = format!("/import/from?{}", address(&from));
    match run(&visit, from, false).await {
        Ok(arrivals) => {
            let of = |wanted: fn(&Became) -> bool| arrivals.iter().filter(move |a| wanted(&a.became)).count();
            let (taken, refused) = (of(|b| *b == Became::Taken), of(|b| matches!(b, Became::Refused(_))));
            if taken == 0 {
                return visit.refuse(&back, Fault::no(Message::new("web-import-none-taken"))).await;
            }
            let said = Message::new("web-import-done").with("taken", taken).with("refused", refused);
            visit.done("/import", both(&said)).await
        }
        Err(fault) => visit.refuse("/import", fault).await,
    }
}

/// Looks, or takes. One reads gigabytes at a time, as for audio that is decoded.
async fn run(visit: &Visit, from: String, only_look: bool) -> Result<Vec<Arrival>, Fault> {
    let turn = visit.site.decoding.clone().acquire_owned().await.map_err(Fault::failed)?;
    let (by, id) = (visit.by(), sent::sender(visit));
    let arrivals = visit
        .asking(move |studio, enter| {
            let _turn = turn;
            let (path, now) = (source(studio, &id, &from)?, studio.now());
            let arrivals = if only_look {
                control::look_at(&studio.folder, &path, now, &by, enter)?
            } else {
                control::import(&studio.folder, &path, now, &by, enter)?
            };
            if from == SENT && !only_look {
                control::drop_tar(&studio.folder, &id);
            }
            Ok(arrivals)
        })
        .await?;
    if arrivals.iter().any(|arrival| arrival.became == Became::Taken) {
        done(visit.site.studio.ask(Ask::Look {}).await)?;
    }
    Ok(arrivals)
}

fn shown(visit: &Visit, arrival: &Arrival) -> Shown {
    let message = |code| {
        let message = Message::new(code).with("file", &arrival.file);
        let Some((month, revision)) = arrival.month else { return message };
        message.with("month", month).with("revision", revision)
    };
    let (word, no) = match &arrival.became {
        Became::Good { replaces: None } if arrival.month.is_none() => ("ok", message("web-import-trust")),
        Became::Good { replaces: None } => ("ok", message("web-import-new")),
        Became::Good { replaces: Some(old) } => ("ok", message("web-import-replaces").with("old", old)),
        Became::Taken => ("ok", message("import-taken")),
        Became::Already => ("info", message("import-already")),
        Became::Refused(no) => ("error", no.clone()),
    };
    let hint = no.hint(visit.lang).unwrap_or_default();
    Shown { file: arrival.file.clone(), word, sentence: visit.say(&no), hint }
}
