//! Style and script, embedded; their addresses name their content, so that browsers keep them for good.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};

use super::error::Fault;
use crate::units::Digest;

const FILES: [(&str, &str, &str); 2] = [
    ("loa.css", "text/css; charset=utf-8", include_str!("../../assets/loa.css")),
    ("loa.js", "text/javascript; charset=utf-8", include_str!("../../assets/loa.js")),
];

/// The short name of what all of them hold now.
pub(super) static EDITION: LazyLock<String> = LazyLock::new(|| {
    let all: Vec<&str> = FILES.iter().map(|(_, _, text)| *text).collect();
    Digest::of(all.concat().as_bytes()).to_string()[..12].to_owned()
});

pub(super) async fn asset(Path((_edition, name)): Path<(String, String)>) -> Result<Response, Fault> {
    let (_, kind, text) = FILES.iter().find(|(known, ..)| *known == name).ok_or_else(Fault::missing)?;
    let headers =
        [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, *text).into_response())
}
