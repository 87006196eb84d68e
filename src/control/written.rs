//! For the tests of what lies above: a log as a station would have written it, and what is read out of it.

use super::Folder;
use crate::{
    evidence::{Body, Clk},
    keys::SigningKey,
    store::{Blob, Log},
};

/// Writes a log of `entries` with `blobs`, each with what it is, into `folder`, signed by the demonstration's key.
pub(crate) fn write(folder: &Folder, entries: &[(Clk, Body)], blobs: Vec<(&'static str, Vec<u8>)>) {
    let key = SigningKey::parse(include_str!("../../config/demo.key")).unwrap();
    std::fs::create_dir_all(folder.data()).unwrap();
    let (path, origin) = (folder.log_path(), key.public().name().to_owned());
    let mut log = Log::create(&path, &origin, key, entries[0].0.clone(), "init").unwrap();
    let blobs: Vec<Blob> = blobs.into_iter().map(|(kind, bytes)| Blob { kind, bytes }).collect();
    log.append_with_blobs(entries, &blobs).unwrap();
}
