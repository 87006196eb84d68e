//! The audio of a month: sent by its editors in pieces, measured on arrival, heard in the page.

use askama::Template;
use axum::{
    Extension, Json,
    body::Bytes,
    extract::{
        Multipart, OriginalUri, Path, Request,
        multipart::{Field, MultipartError, MultipartRejection},
        rejection::BytesRejection,
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::{
    error::{Fault, Sentence},
    form::{Form, query},
    page::{Enter, Page, Visit, both, html},
    reading,
    route::{EVERYONE, Route, get, has, post},
};
use crate::{
    control::{
        self, Act, Arrived, FindingView, Heard, LONGEST_FILE, LONGEST_PIECE, Role, Studio, finding_view,
    },
    units::{Month, ScheduleName},
    words::Message,
};

const EDITORS: &[Role] = &[Role::Editor];

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/month/{name}/audio", EVERYONE, show),
        post("/month/{name}/audio", has(EDITORS), send).with_bodies_of(4 * LONGEST_FILE),
        post("/upload", has(EDITORS), begin),
        post("/upload/{id}", has(EDITORS), piece).with_bodies_of(LONGEST_PIECE as u64),
        post("/upload/{id}/finish", has(EDITORS), finish),
        get("/waveform.svg", EVERYONE, waveform).live(),
        get("/media", EVERYONE, source),
        get("/month/{name}/programme/{id}/master.wav", EVERYONE, master),
    ]
}

/// A file of the page.
struct Sound {
    file: String,
    size: String,
    length: String,
    loudness: String,
    peak: String,
    silence: String,
    address: String,
    findings: Vec<FindingView>,
    refused: Option<String>,
}

#[derive(Template)]
#[template(path = "audio.html")]
struct AudioPage {
    page: Page,
    name: ScheduleName,
    sounds: Vec<Sound>,
    may_edit: bool,
    most: u64,
}

async fn show(visit: Visit, Path(name): Path<ScheduleName>) -> Result<Response, Fault> {
    let month = name.month;
    let heard =
        visit.decode(move |studio| Ok(control::audio_of(&studio.folder, &studio.glance, month))).await?;
    let sounds = heard.into_iter().map(|(file, heard)| sound(&visit, file, heard)).collect();
    let may_edit = visit.has(EDITORS);
    let page = visit.titled(
        visit.say(&Message::new("web-audio-title").with("month", reading::schedule(name, visit.lang))),
    );
    Ok(html(&AudioPage { page, name, sounds, may_edit, most: LONGEST_FILE >> 20 }))
}

fn sound(visit: &Visit, file: String, heard: Result<Heard, control::ControlError>) -> Sound {
    let address = serde_urlencoded::to_string([("file", &file)]).unwrap_or_default();
    let mut sound = Sound {
        file,
        size: "–".into(),
        length: "–".into(),
        loudness: "–".into(),
        peak: "–".into(),
        silence: "–".into(),
        address,
        findings: Vec::new(),
        refused: None,
    };
    match heard {
        Ok(heard) => {
            let Heard { measure, .. } = &heard;
            let decimal = |n: f64| reading::decimal(n, 1, false, visit.lang);
            sound.size = reading::size(measure.bytes, visit.lang);
            sound.length = reading::length(measure.duration_ms);
            sound.loudness = decimal(measure.loudness_lufs.db()) + " LUFS";
            sound.peak = decimal(measure.true_peak_dbtp.db()) + " dBTP";
            sound.silence = reading::seconds(measure.longest_silence_ms, visit.lang) + " s";
            let found = heard.findings(&sound.file);
            sound.findings = found.iter().map(|finding| finding_view(finding, visit.lang)).collect();
        }
        Err(error) => sound.refused = Some(Fault::from(error).said.in_lang(visit.lang)),
    }
    sound
}

// ---- in pieces, by script ----------------------------------------------------------------------------

async fn begin(visit: Visit, Extension(form): Extension<Form>) -> Response {
    let begun = async {
        let (name, size) = (form.get("name").to_owned(), form.parsed::<u64>("size")?);
        let (by, state) = (sender(&visit), form.get("changed").to_owned());
        visit.work(move |studio| control::begin_intake(&studio.folder, &by, &name, size, &state)).await
    };
    answer(&visit, begun.await.map(|incoming| json!(incoming)))
}

/// Who sends: by the id, for a name may be that of two.
fn sender(visit: &Visit) -> String {
    visit.person.as_ref().map_or(String::new(), |person| person.id.clone())
}

#[derive(Default, Deserialize)]
struct At {
    #[serde(default)]
    offset: u64,
}

async fn piece(
    visit: Visit,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Response {
    let At { offset } = query(uri.query());
    let added = async {
        let raw = |kind: &HeaderValue| kind == "application/octet-stream";
        if !headers.get(header::CONTENT_TYPE).is_none_or(raw) {
            return Err(not_bytes());
        }
        let bytes = bytes.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let most = LONGEST_PIECE >> 20;
                Fault::new(StatusCode::PAYLOAD_TOO_LARGE, Message::new("intake-piece").with("most", most))
            }
            _ => Fault::new(StatusCode::BAD_REQUEST, Message::new("web-unclear")),
        })?;
        let (by, length) = (sender(&visit), bytes.len() as u64);
        let append = move |studio: &Studio| control::append_intake(&studio.folder, &by, &id, offset, &bytes);
        Ok((visit.work(append).await?, length))
    };
    match added.await {
        Ok((here, length)) if here != offset + length => {
            let no = visit.say(&Message::new("intake-offset").with("here", here));
            (StatusCode::CONFLICT, Json(json!({ "offset": here, "no": no }))).into_response()
        }
        added => answer(&visit, added.map(|(here, _)| json!({ "offset": here }))),
    }
}

fn not_bytes() -> Fault {
    Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Message::new("web-unclear"))
}

async fn finish(visit: Visit, Path(id): Path<String>, Extension(form): Extension<Form>) -> Response {
    let finished = async {
        let (name, size) = (form.get("name").to_owned(), form.parsed::<u64>("size")?);
        let month: ScheduleName = form.parsed("month")?;
        arrive(&visit, sender(&visit), id, size, name, month.month).await
    };
    answer(&visit, finished.await.map(|file| json!({ "file": file })))
}

/// What a script is told: the answer, or the sentence why not.
fn answer(visit: &Visit, result: Result<serde_json::Value, Fault>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(fault) if fault.status.is_client_error() => {
            let unknown = matches!(&fault.said, Sentence::Message(said) if said.code == "intake-unknown");
            let status = if unknown { StatusCode::NOT_FOUND } else { fault.status };
            (status, Json(json!({ "no": fault.said.in_lang(visit.lang) }))).into_response()
        }
        Err(fault) => fault.into_response(),
    }
}

/// Measures and places what is here whole, and enters it.
async fn arrive(
    visit: &Visit,
    by: String,
    id: String,
    size: u64,
    name: String,
    month: Month,
) -> Result<String, Fault> {
    let turn = visit.site.decoding.clone().acquire_owned().await.map_err(Fault::failed)?;
    let person = visit.by();
    let finish = move |studio: &Studio, enter: Enter<'_>| {
        let _turn = turn;
        let entered = |Arrived { file, heard }: &Arrived| {
            enter(&person, format!("{file} {} {}", heard.measure.bytes, heard.measure.file))
        };
        control::finish_intake(&studio.folder, &by, &id, size, &name, month, entered)
    };
    Ok(visit.entering(Act::Audio, finish).await?.file)
}

// ---- as a form, without script -----------------------------------------------------------------------

async fn send(
    visit: Visit,
    Path(name): Path<ScheduleName>,
    parts: Result<Multipart, MultipartRejection>,
) -> Response {
    let Ok(parts) = parts else { return not_bytes().into_response() };
    let result = sent(&visit, name.month, parts).await;
    visit.told(&format!("/month/{name}/audio"), result).await
}

/// Takes every file of the form. What is refused does not keep the others out, and is read to its end: a browser that is
/// cut off shows no answer.
async fn sent(visit: &Visit, month: Month, mut parts: Multipart) -> Result<[String; 2], Fault> {
    let (mut count, mut refused) = (0, None);
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
        let Some(name) = part.file_name().map(str::to_owned).filter(|name| !name.is_empty()) else {
            continue;
        };
        match one(visit, month, name, part).await {
            Ok(_) => count += 1,
            Err(fault) if fault.status == StatusCode::UNPROCESSABLE_ENTITY => {
                refused = refused.or(Some(fault));
            }
            Err(fault) => return Err(fault),
        }
    }
    match refused {
        None if count == 0 => Err(Fault::no(Message::new("web-audio-no-file"))),
        None => Ok(both(&Message::new("web-audio-arrived").with("count", count))),
        Some(fault) => Err(fault),
    }
}

fn broken(error: &MultipartError) -> Fault {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::new(error.status(), Message::new("web-too-long")),
        _ => Fault::new(StatusCode::BAD_REQUEST, Message::new("web-unclear")),
    }
}

/// Takes one file of the form; nothing of it stays where it is refused.
async fn one(visit: &Visit, month: Month, name: String, part: Field<'_>) -> Result<String, Fault> {
    // Its length is not told beforehand; who sends it is this sending alone.
    let (by, title) = (control::secret_word(), name.clone());
    let of = by.clone();
    let begin = move |studio: &Studio| control::begin_intake(&studio.folder, &of, &title, LONGEST_FILE, "");
    let id = visit.work(begin).await?.id;
    let taken = match grow(visit, &by, &id, part).await {
        Ok(size) => arrive(visit, by.clone(), id.clone(), size, name, month).await,
        Err(fault) => Err(fault),
    };
    if taken.is_err() {
        let drop_it = move |studio: &Studio| {
            control::drop_intake(&studio.folder, &by, &id);
            Ok(())
        };
        visit.work(drop_it).await?;
    }
    taken
}

async fn grow(visit: &Visit, by: &str, id: &str, mut part: Field<'_>) -> Result<u64, Fault> {
    let mut offset = 0;
    while let Some(bytes) = part.chunk().await.map_err(|error| broken(&error))? {
        let (by, id) = (by.to_owned(), id.to_owned());
        let append = move |studio: &Studio| control::append_intake(&studio.folder, &by, &id, offset, &bytes);
        offset = visit.work(append).await?;
    }
    Ok(offset)
}

// ---- to be seen and heard ----------------------------------------------------------------------------

#[derive(Default, Deserialize)]
struct Which {
    #[serde(default)]
    file: String,
}

async fn waveform(visit: Visit, OriginalUri(uri): OriginalUri) -> Result<Response, Fault> {
    let Which { file } = query(uri.query());
    let heard = visit.decode(move |studio| Heard::at_a_glance(&studio.folder, &studio.glance, &file)).await?;
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "private, max-age=3600")];
    Ok((headers, picture(&heard.peaks)).into_response())
}

/// The peaks as one path, mirrored about its middle.
fn picture(peaks: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut path = String::new();
    for (x, peak) in peaks.iter().enumerate() {
        let half = u32::from(*peak) * 30 / 255;
        let _ = write!(path, "M{x} {}V{}", 32 - half, 33 + half);
    }
    let width = peaks.len();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 65\" preserveAspectRatio=\"none\">\
         <path d=\"{path}\" stroke=\"#456\" stroke-width=\"1\" fill=\"none\"/></svg>"
    )
}

async fn source(visit: Visit, request: Request) -> Result<Response, Fault> {
    let Which { file } = query(request.uri().query());
    let path = visit.work(move |studio| Ok(studio.folder.library().resolve(&file)?)).await?;
    serve(path, request).await
}

async fn master(
    visit: Visit,
    Path((name, id)): Path<(ScheduleName, String)>,
    request: Request,
) -> Result<Response, Fault> {
    let path = visit.decode(move |studio| control::master_file(&studio.folder, name, &id)).await?;
    serve(path, request).await
}

/// A file with its ranges.
async fn serve(path: std::path::PathBuf, request: Request) -> Result<Response, Fault> {
    let served = ServeFile::new(path).oneshot(request).await.map_err(Fault::failed)?;
    let mut response = served.map(axum::body::Body::new);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    // Somebody may have laid a page or a script among the audio.
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| !kind.as_bytes().starts_with(b"audio/")) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_one_path_within_its_frame() {
        let drawn = picture(&[0, 255, 128]);
        assert!(drawn.contains("M0 32V33M1 2V63M2 17V48"), "{drawn}");
    }
}
