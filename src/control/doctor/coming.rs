//! What the schedules in the folder have to come next, and whether it may air.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{Examination, failed};
use crate::{
    control::{ControlError, Folder, Standing, schedules, survey},
    programme::Finding,
    units::{Month, SlotId},
    words::{Lang, Message},
};

/// The next slot, with the faults for which it will not air.
struct Next {
    at: DateTime<Utc>,
    slot: SlotId,
    faults: Vec<Finding>,
}

/// Looks at this month's and the next one's schedules; gives the next slot's instant as well.
pub fn next(folder: &Folder, now: DateTime<Utc>, lang: Lang) -> (Option<DateTime<Utc>>, Examination) {
    let (next, unread) = match look_ahead(folder, now) {
        Ok(found) => found,
        Err(error) => return (None, Examination::new("next", "error", &failed(&error))),
    };
    let unread = unread.map(|finding| {
        let message = Message::new("doctor-next-unread").with("file", &finding.place);
        Examination::new("next", "error", &message.with("why", finding.message.say(lang)))
    });
    let Some(Next { at, slot, faults }) = next else {
        let none = || Examination::new("next", "warning", &Message::new("doctor-next-none"));
        return (None, unread.unwrap_or_else(none));
    };
    let local = at.with_timezone(&folder.station.zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    let until = at - now;
    let said = |code| {
        let message = Message::new(code).with("slot", &slot).with("at", &local);
        message.with("days", until.num_days()).with("time", clock_time(until))
    };
    let examination = match (faults.first(), unread) {
        (Some(fault), _) => {
            Examination::new("next", "error", &said("doctor-next-not").with("why", fault.message.say(lang)))
        }
        (None, Some(unread)) => unread,
        (None, None) => Examination::new("next", "ok", &said("doctor-next-ready")),
    };
    (Some(at), examination)
}

fn clock_time(span: TimeDelta) -> String {
    format!("{:02}:{:02}", span.num_hours() % 24, span.num_minutes() % 60)
}

/// The next slot after `now`, and a fault of a schedule that cannot be read as one.
fn look_ahead(folder: &Folder, now: DateTime<Utc>) -> Result<(Option<Next>, Option<Finding>), ControlError> {
    let this = Month::of(now.with_timezone(&folder.station.zone).date_naive());
    let (mut next, mut unread): (Option<Next>, _) = (None, None);
    for name in schedules(folder)?.into_iter().filter(|name| [this, this.next()].contains(&name.month)) {
        let survey = survey(folder, name)?;
        let faults = match survey.standing {
            Standing::Accepted(_) => Vec::new(),
            Standing::Invalid(faults) => {
                unread = unread.or(faults.into_iter().next());
                continue;
            }
            Standing::NotApproved(faults) | Standing::InTheWay(faults) => faults,
        };
        let coming = survey.slots.into_iter().filter(|slot| slot.at > now).min_by_key(|slot| slot.at);
        if let Some(slot) = coming.filter(|slot| next.as_ref().is_none_or(|next| slot.at < next.at)) {
            next = Some(Next { at: slot.at, slot: slot.id, faults });
        }
    }
    Ok((next, unread))
}
