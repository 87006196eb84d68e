//! `loa init`, `loa copy`: a station's folder, a draft of a month.

use std::path::Path;

use super::{Exit, say::Say};
use crate::{
    clock::System,
    control::{self, Folder},
    units::ScheduleName,
};

pub(super) fn init(root: &Path, say: Say) -> anyhow::Result<Exit> {
    let made = control::init(root, &System::new())?;
    say.document(&made);
    for name in &made.made {
        say.line(&say.text("init-made", &[("file", name)]));
    }
    say.line(&say.text("init-keys", &[("station", &made.public_key), ("approval", &made.approval_key)]));
    Ok(Exit::Done)
}

pub(super) fn new_epoch(root: &Path, by: &str, reason: &str, say: Say) -> anyhow::Result<Exit> {
    let made = control::new_epoch(root, &System::new(), by, reason)?;
    say.document(&made);
    let values = [("origin", made.origin.as_str()), ("kept", &made.kept), ("key", &made.public_key)];
    say.line(&say.text("epoch-made", &values));
    say.line(&say.text(if made.endorsed { "epoch-endorsed" } else { "epoch-not-endorsed" }, &[]));
    Ok(Exit::Done)
}

pub(super) fn copy(folder: &Folder, from: ScheduleName, to: ScheduleName, say: Say) -> anyhow::Result<Exit> {
    let (file, left_out) = control::copy_month(folder, from, to, None, || Ok(()))?;
    say.document(&serde_json::json!({ "file": file, "left_out": left_out }));
    say.line(&say.text("copy-done", &[("file", &file)]));
    if !left_out.is_empty() {
        say.line(&say.text(
            "copy-left-out",
            &[("times", &left_out.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))],
        ));
    }
    Ok(Exit::Done)
}
