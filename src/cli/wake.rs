//! `loa wake`: until when the PC must be on, for whoever sets the alarm of the hardware clock.

use chrono::DateTime;

use super::{Exit, say::Say, status};
use crate::{
    clock::{Clock as _, System},
    control::Folder,
    words::Message,
};

/// The PC starts up and loa prepares the programme in this time, with the probe of the device ten minutes before.
const AHEAD_S: i64 = 15 * 60;

/// No clock takes an alarm that is past when it gets it.
const LEAST_S: i64 = 60;

/// Prints the instant in seconds since 1970, as `rtcwake --time` takes it.
pub(super) fn wake(folder: &Folder, say: Say) -> anyhow::Result<Exit> {
    let status = match status::ask(folder)? {
        Ok(status) => *status,
        Err(other) => return Ok(say.reply(&other)),
    };
    let due = status.next.iter().chain(&status.make_goods);
    let due = due.filter_map(|next| DateTime::parse_from_rfc3339(&next.at).ok()).min();
    let Some(due) = due else {
        say.no(&Message::new("wake-nothing"));
        return Ok(Exit::No);
    };
    // The alarm of a slot that is near is past; another shutdown before it is woken from at once.
    let now = System::new().now().wall.timestamp();
    let at = (due.timestamp() - AHEAD_S).max(now + LEAST_S);
    say.document(&serde_json::json!({ "wake": at, "due": due.to_rfc3339() }));
    say.line(&at.to_string());
    Ok(Exit::Done)
}
