//! `loa approve`: a named person releases a month for air.

use std::path::PathBuf;

use super::{Exit, say::Say};
use crate::{
    clock::{Clock as _, System},
    control::{self, Approve, Folder, Hand},
    units::ScheduleName,
};

pub(super) fn approve(
    folder: &Folder,
    month: ScheduleName,
    by: &str,
    document: Option<&str>,
    key: Option<PathBuf>,
    say: Say,
) -> anyhow::Result<Exit> {
    let order = Approve {
        schedule: month,
        by: Hand::named(by),
        document: document.unwrap_or_default().into(),
        key,
        seen: None,
    };
    let digest = control::approve(folder, &order, System::new().now().wall)?;
    let file = folder.approval_file(month);
    say.document(&serde_json::json!({
        "month": month.month, "ward": month.ward, "digest": digest, "by": by, "file": file,
    }));
    let (month, digest) = (month.to_string(), digest.to_string());
    say.line(
        &say.text("approve-done", &[("month", &month), ("by", by), ("digest", &digest), ("file", &file)]),
    );
    Ok(Exit::Done)
}
