//! A month goes out to the stations: editor and approver sign it, each in their own name and with their password once
//! more; then it is taken along as one file.

use std::net::IpAddr;

use askama::Template;
use axum::{
    Extension,
    body::Body,
    extract::{Path, Request},
    http::{HeaderValue, header},
    response::Response,
};
use tower_http::services::ServeFile;

use super::super::{
    error::Fault,
    form::Form,
    guard::Client,
    page::{Page, Visit, both, html},
};
use crate::{
    control::{self, Bundled, People, Role, Signer, Signing, Voice},
    units::ScheduleName,
    words::Message,
};

/// Who may sign as what.
const VOICES: [(Voice, Role); 2] = [(Voice::Editor, Role::Editor), (Voice::Approver, Role::Approver)];

#[derive(Template)]
#[template(path = "pack.html")]
struct PackPage {
    page: Page,
    name: ScheduleName,
    signing: Signing,
    obstacles: Vec<(String, String)>,
    /// As what this visitor may sign what nobody signed yet.
    voices: Vec<&'static str>,
}

pub(super) async fn show(visit: Visit, Path(name): Path<ScheduleName>) -> Result<Response, Fault> {
    if name.ward {
        return Err(Fault::missing());
    }
    let signing =
        visit.decode(move |studio| control::signing(&studio.folder, name.month, studio.now())).await?;
    let said = |message: &Message| (visit.say(message), message.hint(visit.lang).unwrap_or_default());
    let obstacles = signing.obstacles.iter().map(said).collect();
    let open = |(voice, role): &&(Voice, Role)| visit.has(&[*role]) && !signing.has(*voice);
    let may = signing.obstacles.is_empty() && !signing.is_issued();
    let voices = VOICES.iter().filter(open).map(|(voice, _)| voice.word()).filter(|_| may).collect();
    Ok(html(&PackPage { page: visit.page("web-pack"), name, signing, obstacles, voices }))
}

impl PackPage {
    /// Who signed as the voice `word`.
    fn signed(&self, word: &str) -> Option<&str> {
        let signer = self.signing.signers.iter().find(|signer| signer.voice.word() == word);
        signer.map(|signer| signer.name.as_str())
    }
}

pub(super) async fn sign(
    visit: Visit,
    Path(name): Path<ScheduleName>,
    Extension(Client(from)): Extension<Client>,
    Extension(form): Extension<Form>,
) -> Response {
    let signed = signed(&visit, name, from, &form).await;
    visit.told(&format!("/month/{name}/pack"), signed).await
}

async fn signed(visit: &Visit, name: ScheduleName, from: IpAddr, form: &Form) -> Result<[String; 2], Fault> {
    let asked = VOICES.iter().find(|(voice, _)| voice.word() == form.get("voice"));
    let Some((voice, role)) = asked else {
        return Err(Fault::no(
            Message::new("web-field").with("field", "voice").with("found", form.get("voice")),
        ));
    };
    let Some(person) = visit.person.clone().filter(|_| !name.ward) else { return Err(Fault::missing()) };
    if !visit.has(&[*role]) {
        return Err(Fault::no(Message::new("web-forbidden")));
    }
    let password = form.get("password").to_owned();
    visit.site.may_guess(&person.id, from).map_err(|_| Fault::no(Message::new("web-guesses")))?;
    let signer = Signer { voice: *voice, id: person.id.clone(), name: person.name.clone() };
    let packed = visit
        .asking(move |studio, enter| {
            let people = People::read(&studio.folder)?;
            if people.verify(&person.id, &password).is_none() {
                return Err(Message::new("password-old-wrong").into());
            }
            control::sign_month(&studio.folder, name.month, &signer, studio.clock(), enter)
        })
        .await?;
    let code = if packed.note.is_some() { "web-pack-done" } else { "web-pack-waiting" };
    Ok(both(&Message::new(code).with("seq", packed.seq)))
}

pub(super) async fn take(
    visit: Visit,
    Path((name, seq)): Path<(ScheduleName, u64)>,
) -> Result<Response, Fault> {
    let turn = visit.site.decoding.clone().acquire_owned().await.map_err(Fault::failed)?;
    let made = visit.work(move |studio| Bundled::make(&studio.folder, name.month, seq)).await?;
    drop(turn);
    // The answer holds the file open: it is sent to its end though its name goes now.
    let request = Request::new(Body::empty());
    let mut file = ServeFile::new(made.file()).try_call(request).await.map_err(Fault::failed)?.map(Body::new);
    let station = &visit.site.studio.folder.station.id;
    let disposition = format!("attachment; filename=\"{station}-{name}-{seq}.tar\"");
    let headers = file.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(Fault::failed)?);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(header::LAST_MODIFIED);
    headers.remove(header::ACCEPT_RANGES);
    Ok(file)
}
