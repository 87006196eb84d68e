//! The last check before a programme airs: approved, unchanged, rendered, verified.

use std::sync::Arc;

use super::{
    Clearance, ControlError, Folder, MonthFile, month::files_of, survey::source_digests,
    urgent::prepare_urgent,
};
use crate::{
    airing::{Job, Refused},
    evidence::{Reason, Trigger},
    media::{Limits, Master, Why},
    programme::Programme,
    units::ScheduleName,
    words::{Lang, Message},
};

/// Makes `job` ready to air, or says why it may not: the schedule and every file are those that were
/// approved, and the master is the one that was rendered from them. Takes as long as hashing takes, or as
/// rendering takes when the cache is gone.
pub fn prepare(folder: &Folder, job: &Job) -> Result<Arc<Master>, Refused> {
    if let Some(urgent) = &job.urgent {
        return prepare_urgent(folder, job, urgent);
    }
    let refused = |reason, message: &Message| Refused { reason, detail: message.say(Lang::Vi) };
    let name = ScheduleName { month: job.month, ward: job.ward };
    let file = MonthFile::read(folder, name).map_err(|error| from_control(&error))?;
    if file.digest != job.schedule {
        // It was replaced a moment ago; the survey that is under way decides what airs.
        return Err(refused(Reason::NotApproved, &Message::new("prepare-replaced").with("file", &file.file)));
    }
    let Some(schedule) = &file.schedule else {
        return Err(refused(
            Reason::NotApproved,
            &Message::new("prepare-unreadable").with("file", &file.file),
        ));
    };
    let files = source_digests(folder, schedule).map_err(|error| from_control(&error))?;
    // A test play proves nothing and counts for nothing; it may sound what nobody approved yet.
    if job.trigger != Trigger::Test
        && let Clearance::Withheld(findings) = file.clearance(folder, files.clone())
    {
        let message = findings.first().map_or(Message::new("approval-missing"), |f| f.message.clone());
        let changed = message.code.starts_with("approval-file");
        let reason = if changed { Reason::FileChanged } else { Reason::NotApproved };
        return Err(refused(reason, &message));
    }
    let Some(programme) = schedule.programmes.iter().find(|p| p.id == job.programme) else {
        let message = Message::new("prepare-no-programme").with("programme", &job.programme);
        return Err(refused(Reason::NotApproved, &message));
    };
    let master = master_of(folder, programme).map_err(|error| from_control(&error))?;
    Ok(Arc::new(master))
}

/// The verified master of `programme`, rendered when the cache does not hold it.
pub(super) fn master_of(folder: &Folder, programme: &Programme) -> Result<Master, ControlError> {
    let (library, limits) = (folder.library(), Limits::default());
    let rendered = folder.renderer(&library, &limits).open_or_render(&files_of(programme), &mut |_| {})?;
    match rendered.master {
        Some(master) => Ok(master),
        None => Err(rendered.sources.into_iter().find_map(Result::err).map_or_else(
            || Message::new("prepare-no-programme").with("programme", &programme.id).into(),
            ControlError::Media,
        )),
    }
}

pub(super) fn from_control(error: &ControlError) -> Refused {
    match error {
        ControlError::Media(refusal) => {
            let reason = match refusal.why {
                Why::Missing { .. } | Why::Outside | Why::NotFile => Reason::FileMissing,
                _ => Reason::FileUndecodable,
            };
            Refused { reason, detail: refusal.message().say(Lang::Vi) }
        }
        ControlError::No(message) => Refused { reason: Reason::NotApproved, detail: message.say(Lang::Vi) },
        other => Refused { reason: Reason::FileMissing, detail: other.to_string() },
    }
}
