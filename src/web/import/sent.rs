//! A `.tar` that somebody sends: it stands below `data/` until it is imported, and is looked at before.

use axum::{
    extract::{
        Multipart,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use super::SENT;
use crate::{
    control,
    web::{error::Fault, page::Visit},
    words::Message,
};

/// Who sends: by the id, for a name may be that of two.
pub(super) fn sender(visit: &Visit) -> String {
    visit.person.as_ref().map_or(String::new(), |person| person.id.clone())
}

pub(super) async fn send(visit: Visit, parts: Result<Multipart, MultipartRejection>) -> Response {
    let Ok(parts) = parts else {
        return Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Message::new("web-unclear")).into_response();
    };
    match sent(&visit, parts).await {
        Ok(()) => Redirect::to(&format!("/import/from?{}", super::address(SENT))).into_response(),
        Err(fault) => {
            let id = sender(&visit);
            let drop_it = move |studio: &control::Studio| {
                control::drop_tar(&studio.folder, &id);
                Ok(())
            };
            match visit.work(drop_it).await {
                Ok(()) => visit.refuse("/import", fault).await,
                Err(fault) => fault.into_response(),
            }
        }
    }
}

async fn sent(visit: &Visit, mut parts: Multipart) -> Result<(), Fault> {
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
        if part.file_name().is_some_and(|name| !name.is_empty()) {
            return grow(visit, part).await;
        }
    }
    Err(Fault::no(Message::new("web-audio-no-file")))
}

async fn grow(visit: &Visit, mut part: Field<'_>) -> Result<(), Fault> {
    let id = sender(visit);
    let begin = id.clone();
    visit.work(move |studio| control::begin_tar(&studio.folder, &begin)).await?;
    let mut offset = 0;
    while let Some(bytes) = part.chunk().await.map_err(|error| broken(&error))? {
        let id = id.clone();
        offset = visit.work(move |studio| control::append_tar(&studio.folder, &id, offset, &bytes)).await?;
    }
    Ok(())
}

fn broken(error: &MultipartError) -> Fault {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::new(error.status(), Message::new("web-too-long")),
        _ => Fault::new(StatusCode::BAD_REQUEST, Message::new("web-unclear")),
    }
}
