//! `loa run`: the daemon.

use super::{Exit, say::Say};
use crate::{
    control::Folder,
    daemon::{self, Options},
};

pub(super) fn run(folder: Folder, output: Option<String>, _say: Say) -> anyhow::Result<Exit> {
    daemon::run(folder, Options { output, once: None }, &mut |_| {})?;
    Ok(Exit::Done)
}
