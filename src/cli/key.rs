//! `loa key new`: a person's own signing key.

use std::path::Path;

use super::{Exit, say::Say};
use crate::control;

pub(super) fn new(name: &str, file: &Path, say: Say) -> anyhow::Result<Exit> {
    let public = control::new_key(name, file)?;
    let file = file.display().to_string();
    say.document(&serde_json::json!({ "file": file, "public_key": public }));
    say.line(&say.text("key-new-done", &[("file", &file), ("key", public.as_text())]));
    Ok(Exit::Done)
}
