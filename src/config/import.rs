//! The `[import]` table: where sticks with packages turn up.

use std::path::{Component, PathBuf};

use super::read::or;
use crate::{
    programme::{Field, Table},
    words::Message,
};

pub(super) fn import(table: &Table) -> Option<Vec<PathBuf>> {
    table.known(&["folders"]);
    or(table, "folders", Vec::new(), |list| list.list_of(folder))
}

/// A folder of the machine in its one spelling: pages offer what lies in it.
fn folder(field: &Field) -> Option<PathBuf> {
    let text = field.words()?;
    let path = PathBuf::from(&text);
    let plain = path.components().skip(1).all(|part| matches!(part, Component::Normal(_)));
    if path.is_absolute() && plain && path.components().count() > 1 {
        Some(path)
    } else {
        field.refuse(Message::new("import-folder-unfit").with("found", text))
    }
}
