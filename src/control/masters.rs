//! The cache of masters: rendered when a month is accepted and not on air, dropped when no month needs it.

use std::path::PathBuf;

use super::{ControlError, Draft, Folder, MonthFile, month::files_of, schedules};
use crate::{
    media::{Limits, Master},
    units::{Digest, Month, ScheduleName},
    words::Message,
};

/// Renders what is missing of the programmes of the schedule `name`. A file that is refused is no error here: the check
/// says so, and the slot will.
pub fn render_month(folder: &Folder, name: ScheduleName) -> Result<(), ControlError> {
    let Some(schedule) = MonthFile::read(folder, name)?.schedule else { return Ok(()) };
    let (library, limits) = (folder.library(), Limits::default());
    for programme in &schedule.programmes {
        folder.renderer(&library, &limits).open_or_render(&files_of(programme), &mut |_| {})?;
    }
    Ok(())
}

/// The file of what would air of the programme called `id` of the working month `name`: a WAV file.
pub fn master_file(folder: &Folder, name: ScheduleName, id: &str) -> Result<PathBuf, ControlError> {
    let schedule = Draft::read(folder, name)?.file.schedule;
    let programme = schedule.as_ref().and_then(|schedule| schedule.programme(id));
    let none = || Message::new("prepare-no-programme").with("programme", id);
    let (library, limits) = (folder.library(), Limits::default());
    let rendered = folder.renderer(&library, &limits);
    let rendered = rendered.open_or_render(&files_of(programme.ok_or_else(none)?), &mut |_| {})?;
    match rendered.master {
        Some(master) => Ok(master.path),
        // Why stands with the findings of the month.
        None => Err(Message::new("master-none").with("programme", id).into()),
    }
}

/// Removes every master that no programme of `from` or a later month needs; gives how many.
pub fn prune_masters(folder: &Folder, from: Month) -> Result<usize, ControlError> {
    let (library, limits) = (folder.library(), Limits::default());
    let renderer = folder.renderer(&library, &limits);
    let mut keep: Vec<Digest> = Vec::new();
    for name in schedules(folder)?.into_iter().filter(|name| name.month >= from) {
        // A schedule that cannot be read now may be mended in a minute: nothing is dropped meanwhile.
        let Some(schedule) = MonthFile::read(folder, name)?.schedule else { return Ok(0) };
        let draft = Draft::read(folder, name)?.file.schedule;
        for programme in schedule.programmes.iter().chain(draft.iter().flat_map(|draft| &draft.programmes)) {
            if let Ok(Some(master)) = renderer.find(&files_of(programme)) {
                keep.push(master.manifest.key);
            }
        }
    }
    Ok(Master::prune(&folder.masters, &keep)?)
}
