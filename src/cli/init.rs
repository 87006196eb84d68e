//! `loa init`, `loa copy`: a station's folder, a draft of a month.

use std::path::Path;

use super::{Exit, say::Say};
use crate::{
    clock::{Clock as _, System},
    control::{self, Folder, Opener},
    units::ScheduleName,
};

pub(super) fn init(root: &Path, id: Option<&str>, centre: bool, say: Say) -> anyhow::Result<Exit> {
    if centre {
        return init_centre(root, id, say);
    }
    let made = control::init_as(root, id, &System::new())?;
    say.document(&made);
    for name in &made.made {
        say.line(&say.text("init-made", &[("file", name)]));
    }
    say.line(&say.text("init-keys", &[("station", &made.public_key), ("approval", &made.approval_key)]));
    Ok(Exit::Done)
}

/// A centre's folder is a station's with more in it: what stands already stays.
fn init_centre(root: &Path, id: Option<&str>, say: Say) -> anyhow::Result<Exit> {
    let clock = System::new();
    let mut made = Vec::new();
    if root.join("data/log.db").exists() {
        control::is_called(&Folder::open(root)?, id)?;
    } else {
        made = control::init_as(root, id, &clock)?.made;
    }
    let centre = control::make_centre(root, clock.now().wall)?;
    made.extend(centre.made.iter().cloned());
    say.document(&serde_json::json!({ "made": made, "key": centre.key, "pin": centre.pin }));
    for name in &made {
        say.line(&say.text("init-made", &[("file", name)]));
    }
    let pin = centre.pin.as_deref().unwrap_or_default();
    say.line(&say.text("init-centre", &[("key", &centre.key), ("pin", pin)]));
    Ok(Exit::Done)
}

pub(super) fn new_epoch(
    root: &Path,
    opener: Opener<'_>,
    revoked: bool,
    from: Option<&Path>,
    say: Say,
) -> anyhow::Result<Exit> {
    let clock = System::new();
    let made = match from {
        Some(from) => control::come_back(root, from, &clock, opener)?,
        None => control::new_epoch(root, &clock, opener, revoked)?,
    };
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
