//! The centre's door for its stations: HTTPS, one small resource a matter.
//!
//! | | |
//! |---|---|
//! | `POST /v1/enrol` | a signed wish → where it stands |
//! | `POST /v1/push` | entries → the cosignature; 403, 404, 409 with the size, 422 as in C2SP `tlog-witness` |
//! | `POST /v1/missing`, `POST /v1/bytes/{kind}` | bytes that entries name |
//! | `POST /v1/word?have=TAG&wait=SECONDS` | a signed word → what the station shall hold, at once or when it changes |
//! | `GET /v1/desired?have=TAG&wait=SECONDS` | the same without a word |
//! | `GET /v1/files/…` | packages, with ranges |
//! | `GET /v1/head`, `GET /v1/leaves?from=N`, `GET /v1/bytes/{digest}` | a station's own log back |
//!
//! Everything but the wish shows the station's word (`Authorization: Bearer …`): it keeps strangers away and proves nothing.
//! What is sent is bounded by its matter, in length and in time (`body`).

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use serde::Deserialize;
use tokio::sync::{Semaphore, watch};

use super::body::{ARRIVES_WITHIN, Rooms, Taken, read};
use crate::{
    control::{self, Centre, ControlError, Desired, Issued, LONGEST_BLOB, MOST_WISH_BYTES, TakeError},
    fleet::{Files, Held, MOST_WORD_BYTES, Push, Refusal, Standing, is_name},
    units::Digest,
    words::Message,
};

/// Pushes that are examined at the same time: each may take twice its length.
const PUSHES_AT_ONCE: usize = 24;

/// Longest list of digests that is asked for, bytes.
const MOST_ASKED_BYTES: usize = 1 << 20;

/// A client that has not told its request in this time is sent away.
const HEADERS_WITHIN: Duration = Duration::from_secs(20);

/// Longest wait for something new to hold.
const LONGEST_WAIT: u64 = 55;

/// How often it is looked for what was issued: the bound of how soon stations learn of it.
const LOOK: Duration = Duration::from_millis(500);

/// Bytes of a file in one piece of an answer.
const PIECE: usize = 256 << 10;

/// Bytes of leaves in one answer.
const LEAVES: usize = 4 << 20;

/// Longest wait for answers under way when the process ends.
const LEAVING: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Desk {
    centre: Centre,
    issued: watch::Receiver<Arc<Issued>>,
    pushes: Arc<Semaphore>,
    rooms: Rooms,
}

/// An open door.
pub struct Door {
    handle: Handle<SocketAddr>,
    thread: Option<std::thread::JoinHandle<()>>,
    /// Where it is.
    pub address: SocketAddr,
}

impl Door {
    /// Closes it; answers under way have two seconds.
    pub fn close(mut self) {
        self.handle.graceful_shutdown(Some(LEAVING));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Opens the door of `centre` on a thread with a runtime of its own, where its settings want one.
pub fn serve(centre: Centre) -> Result<Option<Door>, ControlError> {
    let Some(listen) = centre.settings.listen else { return Ok(None) };
    let Some(certificate) = control::centre_certificate(&centre.folder, centre.now())? else {
        return Ok(None);
    };
    let listener = TcpListener::bind(listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    let taken = |error: std::io::Error| {
        let message = Message::new("centre-listen").with("address", listen);
        ControlError::from(message.with("detail", error))
    };
    let listener = listener.map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    allow_many_lines();
    let handle = Handle::new();
    let serving = handle.clone();
    let thread = std::thread::Builder::new().name("sync".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(PUSHES_AT_ONCE + 16)
            .thread_name("sync")
            .enable_all()
            .build();
        let served = runtime.and_then(|runtime| {
            let served = runtime.block_on(answer(centre, listener, certificate, serving));
            runtime.shutdown_timeout(LEAVING);
            served
        });
        if let Err(error) = served {
            tracing::error!("the door for stations is closed: {error}");
        }
    });
    let thread = thread.map_err(taken)?;
    tracing::info!("stations reach the centre at https://{address}");
    Ok(Some(Door { handle, thread: Some(thread), address }))
}

/// Every station that waits holds a line, and every line a number of the process: as many as the system allows.
fn allow_many_lines() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }) {
        tracing::warn!("the number of open lines stays as it is: {error}");
    }
}

async fn answer(
    centre: Centre,
    listener: TcpListener,
    certificate: control::Certificate,
    handle: Handle<SocketAddr>,
) -> std::io::Result<()> {
    let (tell, issued) = watch::channel(Arc::default());
    let looking = tokio::spawn(look(centre.clone(), tell));
    let (pushes, rooms) = (Arc::new(Semaphore::new(PUSHES_AT_ONCE)), Rooms::new());
    let desk = Desk { centre, issued, pushes, rooms };
    let config = RustlsConfig::from_config(certificate.config);
    let mut server = axum_server::from_tcp_rustls(listener, config)?.handle(handle);
    server.http_builder().http1().header_read_timeout(HEADERS_WITHIN);
    let ended = server.serve(router(desk).into_make_service()).await;
    looking.abort();
    ended
}

/// Looks what was issued, by this process or another, and tells those who wait.
async fn look(centre: Centre, tell: watch::Sender<Arc<Issued>>) {
    let failed = Arc::new(Mutex::new(BTreeMap::new()));
    loop {
        let (looking, known, failed) = (centre.clone(), tell.borrow().clone(), failed.clone());
        let job = move || {
            // What cannot be laid out keeps nobody from what was laid out before.
            if let Err(error) = looking.publish(&mut failed.lock().unwrap_or_else(PoisonError::into_inner)) {
                tracing::warn!("cannot lay out what was packed: {error}");
            }
            looking.issued(&known)
        };
        match tokio::task::spawn_blocking(job).await {
            Ok(Ok(issued)) => {
                tell.send_if_modified(|known| {
                    let changed = **known != issued;
                    if changed {
                        *known = Arc::new(issued);
                    }
                    changed
                });
            }
            Ok(Err(error)) => tracing::warn!("cannot look what was issued: {error}"),
            Err(_) => return,
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn router(desk: Desk) -> Router {
    // What is long takes its room by itself.
    let known = Router::new()
        .route("/v1/push", post(push))
        .route("/v1/missing", post(missing))
        .route("/v1/bytes/{name}", post(keep).get(kept))
        .route("/v1/word", post(word).layer(from_fn(whole::<MOST_WORD_BYTES>)))
        .route("/v1/desired", get(desired))
        .route("/v1/files/{*name}", get(file))
        .route("/v1/head", get(head))
        .route("/v1/leaves", get(leaves))
        .layer(from_fn_with_state(desk.clone(), station));
    Router::new()
        .route("/v1/enrol", post(enrol).layer(from_fn(whole::<MOST_WISH_BYTES>)))
        .merge(known)
        .layer(DefaultBodyLimit::disable())
        .with_state(desk)
}

/// Reads a short body, of at most `MOST` bytes, before anything else is done with the request.
async fn whole<const MOST: usize>(request: Request, next: Next) -> Result<Response, No> {
    let (parts, body) = request.into_parts();
    let bytes = read(body, MOST, ARRIVES_WITHIN).await?;
    Ok(next.run(Request::from_parts(parts, Body::from(bytes))).await)
}

/// A no on its way: status and words.
pub(super) struct No(pub(super) StatusCode, pub(super) String);

impl IntoResponse for No {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

impl From<ControlError> for No {
    fn from(error: ControlError) -> No {
        match error {
            ControlError::No(message) | ControlError::Usage(message) => {
                No(StatusCode::BAD_REQUEST, message.code.into())
            }
            other => {
                tracing::error!("a station was not served: {other}");
                No(StatusCode::SERVICE_UNAVAILABLE, "try again".into())
            }
        }
    }
}

impl From<TakeError> for No {
    fn from(error: TakeError) -> No {
        let refusal = match error {
            TakeError::Refused(refusal) => refusal,
            TakeError::Fleet(error) => return ControlError::from(error).into(),
        };
        let status = match &refusal {
            Refusal::Unknown => StatusCode::NOT_FOUND,
            Refusal::Untrusted => StatusCode::FORBIDDEN,
            Refusal::Elsewhere(size) => return No(StatusCode::CONFLICT, format!("{size}\n")),
            Refusal::Inconsistent | Refusal::Leaf(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::Malformed | Refusal::Short { .. } => StatusCode::BAD_REQUEST,
        };
        No(status, refusal.to_string())
    }
}

/// What takes its time – the store, hashing – is done where it holds up nobody.
async fn work<T: Send + 'static, E: Into<No> + Send + 'static>(
    job: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, No> {
    match tokio::task::spawn_blocking(job).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(No(StatusCode::INTERNAL_SERVER_ERROR, "it failed".into())),
    }
}

/// Lets in who shows the word of an enrolled station.
async fn station(State(desk): State<Desk>, mut request: Request, next: Next) -> Result<Response, No> {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = shown.and_then(|shown| shown.strip_prefix("Bearer ")).map(str::to_owned);
    let stranger = || No(StatusCode::UNAUTHORIZED, "no station shows this word".into());
    let token = token.ok_or_else(stranger)?;
    let held = work(move || desk.centre.of_token(&token)).await?.ok_or_else(stranger)?;
    match held.standing {
        Standing::Asked => return Err(No(StatusCode::NOT_FOUND, "the log is not enrolled".into())),
        Standing::Revoked => return Err(No(StatusCode::FORBIDDEN, "the log was revoked".into())),
        Standing::Enrolled => {}
    }
    request.extensions_mut().insert(Arc::new(held));
    Ok(next.run(request).await)
}

type Of = axum::Extension<Arc<Held>>;

async fn enrol(State(desk): State<Desk>, note: String) -> Result<impl IntoResponse, No> {
    work(move || desk.centre.ask(&note)).await.map(Json)
}

/// Reads a long body of at most `most` bytes of the log that is held; the room that it takes is to be kept as long.
async fn long(desk: &Desk, of: &Held, request: Request, most: usize) -> Result<(Bytes, Taken), No> {
    let said = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    // Who says nothing may bring as much as is taken.
    let length = said.and_then(|said| said.parse::<usize>().ok()).unwrap_or(most);
    if length > most {
        return Err(No(StatusCode::PAYLOAD_TOO_LARGE, "it is too long".into()));
    }
    let room = desk.rooms.take(&of.origin, length).await?;
    Ok((read(request.into_body(), length, ARRIVES_WITHIN).await?, room))
}

async fn push(State(desk): State<Desk>, of: Of, request: Request) -> Result<String, No> {
    // It is there whole before it takes a place: who speaks slowly keeps nobody from being heard.
    let (bytes, _room) = long(&desk, &of, request, Push::MOST_BYTES).await?;
    let _place = desk.pushes.clone().acquire_owned().await;
    work(move || {
        let text = std::str::from_utf8(&bytes).map_err(|_| TakeError::from(Refusal::Malformed))?;
        desk.centre.take(&of, text)
    })
    .await
}

async fn missing(State(desk): State<Desk>, of: Of, request: Request) -> Result<impl IntoResponse, No> {
    let (bytes, _room) = long(&desk, &of, request, MOST_ASKED_BYTES).await?;
    let unclear = |_| No(StatusCode::BAD_REQUEST, "these are no digests".into());
    let digests: Vec<Digest> = serde_json::from_slice(&bytes).map_err(unclear)?;
    work(move || desk.centre.missing(&of.origin, &digests)).await.map(Json)
}

async fn keep(
    State(desk): State<Desk>,
    of: Of,
    Path(kind): Path<String>,
    request: Request,
) -> Result<String, No> {
    let (bytes, _room) = long(&desk, &of, request, LONGEST_BLOB).await?;
    let _place = desk.pushes.clone().acquire_owned().await;
    work(move || desk.centre.keep(&of.origin, &kind, &bytes)).await.map(|digest| digest.to_string())
}

async fn kept(State(desk): State<Desk>, Path(digest): Path<String>) -> Result<Response, No> {
    let missing = || No(StatusCode::NOT_FOUND, "there is nothing under this digest".into());
    let digest: Digest = digest.parse().map_err(|_| missing())?;
    let found = work(move || desk.centre.fleet.kept(digest).map_err(ControlError::from)).await?;
    let (kind, bytes) = found.ok_or_else(missing)?;
    Ok(([("x-kind", kind)], bytes).into_response())
}

#[derive(Deserialize)]
struct Have {
    #[serde(default)]
    have: String,
    #[serde(default)]
    wait: u64,
}

async fn word(
    State(desk): State<Desk>,
    axum::Extension(held): Of,
    Query(have): Query<Have>,
    note: String,
) -> Result<Json<Desired>, No> {
    let (centre, of) = (desk.centre.clone(), held.clone());
    work(move || centre.hear(&of, &note)).await?;
    Ok(wait(desk, &held, have).await)
}

async fn desired(
    State(desk): State<Desk>,
    axum::Extension(held): Of,
    Query(have): Query<Have>,
) -> Json<Desired> {
    wait(desk, &held, have).await
}

/// What the station shall hold, as soon as it is other than what it has, or when it has waited long enough.
async fn wait(mut desk: Desk, held: &Held, Have { have, wait }: Have) -> Json<Desired> {
    let changed = async {
        loop {
            let desired = desk.issued.borrow_and_update().desired(held.station(), desk.centre.now());
            if desired.tag != have || desk.issued.changed().await.is_err() {
                return desired;
            }
        }
    };
    let desired = tokio::time::timeout(Duration::from_secs(wait.min(LONGEST_WAIT)), changed).await;
    Json(desired.unwrap_or_else(|_| desk.issued.borrow().desired(held.station(), desk.centre.now())))
}

async fn head(State(desk): State<Desk>, of: Of) -> Result<String, No> {
    // It is an acknowledgement, and no less durable than the one that it was first.
    let held = work(move || desk.centre.fleet.log_settled(&of.origin).map_err(ControlError::from)).await?;
    Ok(held.map_or_else(String::new, |held| held.head))
}

#[derive(Deserialize)]
struct Behind {
    from: u64,
}

async fn leaves(
    State(desk): State<Desk>,
    of: Of,
    Query(Behind { from }): Query<Behind>,
) -> Result<String, No> {
    let leaves =
        work(move || desk.centre.fleet.leaves(&of.origin, from, LEAVES).map_err(ControlError::from)).await?;
    Ok(leaves.into_iter().map(|leaf| leaf + "\n").collect())
}

/// A file, or what of it stands behind `Range: bytes=N-`.
async fn file(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let missing = || No(StatusCode::NOT_FOUND, "there is no such file".into());
    if !is_name(&name) {
        return Err(missing());
    }
    let files = desk.centre.files.clone();
    let (asked, of) = (name.clone(), files.clone());
    let length = work(move || of.length(&asked).map_err(ControlError::from)).await?.ok_or_else(missing)?;
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<u64>().ok());
    let begin = from.unwrap_or(0);
    if begin > length || (begin == length && from.is_some() && length > 0) {
        let content = format!("bytes */{length}");
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, content)]).into_response());
    }
    let pieces = pieces_of(files, name, begin, length);
    let mut answer = Response::new(Body::from_stream(pieces));
    let value =
        |text: String| header::HeaderValue::from_str(&text).unwrap_or(header::HeaderValue::from_static(""));
    answer.headers_mut().insert(header::CONTENT_LENGTH, value((length - begin).to_string()));
    answer.headers_mut().insert(header::CONTENT_TYPE, value("application/octet-stream".into()));
    if from.is_some() {
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {begin}-{}/{length}", length.saturating_sub(1));
        answer.headers_mut().insert(header::CONTENT_RANGE, value(range));
    }
    Ok(answer)
}

/// The bytes of a file from `begin` to `length`, read as they are taken.
fn pieces_of(
    files: Arc<dyn Files>,
    name: String,
    begin: u64,
    length: u64,
) -> tokio_stream::wrappers::ReceiverStream<Result<Bytes, std::io::Error>> {
    let (put, pieces) = tokio::sync::mpsc::channel(2);
    tokio::spawn(async move {
        let mut at = begin;
        while at < length {
            let (files, name) = (files.clone(), name.clone());
            let most = usize::try_from(length - at).unwrap_or(PIECE).min(PIECE);
            let read = tokio::task::spawn_blocking(move || files.read(&name, at, most)).await;
            let piece = match read {
                Ok(Ok(bytes)) if !bytes.is_empty() => Ok(Bytes::from(bytes)),
                Ok(Ok(_)) => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
                Ok(Err(error)) => Err(std::io::Error::other(error)),
                Err(error) => Err(std::io::Error::other(error)),
            };
            let broken = piece.is_err();
            at += piece.as_ref().map_or(0, |bytes| bytes.len() as u64);
            if put.send(piece).await.is_err() || broken {
                return;
            }
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(pieces)
}
