//! For the tests of what lies above: a log as a station would have written it, and what is read out of it.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::Folder;
use crate::{
    evidence::{Body, Clk},
    keys::SigningKey,
    store::{Blob, Log},
    units::Digest,
};

/// The demonstration's key under the name `origin`, so that the same log has the same signature each time.
fn key_of(origin: &str) -> SigningKey {
    let demo = SigningKey::parse(include_str!("../../config/demo.key")).unwrap();
    let public = BASE64.decode(demo.public().as_text().rsplit('+').next().unwrap()).unwrap();
    let hash = Digest::of(&[origin.as_bytes(), b"\n", &public].concat()).to_string();
    let secret = demo.secret_text().trim_end().rsplit('+').next().unwrap();
    SigningKey::parse(&format!("PRIVATE+KEY+{origin}+{}+{secret}", &hash[..8])).unwrap()
}

/// Writes a log of `entries` with `blobs`, each with what it is, as the log called `origin` into `folder`.
pub(crate) fn write(
    folder: &Folder,
    origin: &str,
    entries: &[(Clk, Body)],
    blobs: Vec<(&'static str, Vec<u8>)>,
) {
    let key = key_of(origin);
    std::fs::create_dir_all(folder.data()).unwrap();
    let mut log = Log::create(&folder.log_path(), origin, key, entries[0].0.clone(), "init").unwrap();
    let blobs: Vec<Blob> = blobs.into_iter().map(|(kind, bytes)| Blob { kind, bytes }).collect();
    log.append_with_blobs(entries, &blobs).unwrap();
}
