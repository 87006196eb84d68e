//! `loa status`: on air, next slot, device, clock, disk, log head.

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use super::{Exit, check::minutes, say::Say};
use crate::{
    clock::System,
    control::{self, Ask, ControlError, Folder, Lamp, Reply, Status},
};

pub(super) fn status(folder: &Folder, qr: bool, say: Say) -> anyhow::Result<Exit> {
    let status = match ask(folder)? {
        Ok(status) => *status,
        Err(other) => return Ok(say.reply(&other)),
    };
    say.document(&status);
    show(&status, say);
    if qr {
        say.line(&picture(&status.log.checkpoint)?);
    }
    Ok(Exit::Done)
}

/// The daemon's word, or where none runs what the folder tells; another answer as it came.
pub(super) fn ask(folder: &Folder) -> Result<Result<Box<Status>, Reply>, ControlError> {
    Ok(match control::ask(&folder.socket_path(), &Ask::Status)? {
        Some(Reply::Status(status)) => Ok(status),
        Some(other) => Err(other),
        None => Ok(Box::new(control::status_at_rest(folder, &System::new())?)),
    })
}

/// The signed checkpoint as a QR code of half blocks, dark on light, for a telephone that keeps it.
fn picture(checkpoint: &str) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(checkpoint, EcLevel::L)?;
    Ok(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

fn show(status: &Status, say: Say) {
    say.line(&say.text("status-line", &[("station", &status.station), ("at", &status.at)]));
    if !status.running {
        say.line(&say.text("status-stopped", &[]));
    }
    match &status.on_air {
        Some(air) => {
            let (position, length) = (minutes(air.position_ms), minutes(air.duration_ms));
            let values = [
                ("programme", air.programme.as_str()),
                ("state", &say.text(&format!("status-state-{}", air.state), &[])),
                ("position", &position),
                ("length", &length),
            ];
            say.line(&say.text("status-on-air", &values));
        }
        None => say.line(&say.text("status-idle", &[])),
    }
    match &status.next {
        Some(next) => {
            let (days, time) = until(u64::try_from(next.in_ms).unwrap_or(0));
            let slot = next.slot.to_string();
            say.line(&match days {
                0 => say.text("status-next", &[("slot", &slot), ("time", &time)]),
                _ => say.text(
                    "status-next-days",
                    &[("slot", &slot), ("days", &days.to_string()), ("time", &time)],
                ),
            });
        }
        None if status.running => say.line(&say.text("status-no-next", &[])),
        None => {}
    }
    for make_good in &status.make_goods {
        let values = [("slot", make_good.slot.to_string()), ("at", make_good.at.clone())];
        say.line(
            &say.text("status-make-good", &values.each_ref().map(|(key, value)| (*key, value.as_str()))),
        );
    }
    if let Some(until) = &status.hold_until {
        say.line(&say.text("status-hold", &[("until", until)]));
    }
    for (key, lamp) in
        [("status-device", &status.device), ("status-clock", &status.clock), ("status-disk", &status.disk)]
    {
        say.line(&lit(key, lamp, say));
    }
    if let Some(centre) = &status.centre {
        say.line(&lit("status-centre", centre, say));
        // An officer waits for the code that stands here.
        let hint = &centre.said.hint[say.lang as usize];
        if !hint.is_empty() {
            say.line(&format!("  {}: {hint}", say.text("hint", &[])));
        }
    }
    say.line(&say.text("status-log", &[("size", &status.log.size.to_string()), ("code", &status.log.code)]));
}

/// Whole days, and the rest of them as on the page: `6`, `20:40:48`.
fn until(ms: u64) -> (u64, String) {
    let seconds = ms / 1000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    (days, format!("{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60))
}

/// A lamp in one line.
fn lit(key: &str, lamp: &Lamp, say: Say) -> String {
    say.text(key, &[("state", &word(lamp, say)), ("detail", lamp.said.in_lang(say.lang))])
}

/// A lamp's state in the reader's language.
pub(super) fn word(lamp: &Lamp, say: Say) -> String {
    say.text(&format!("doctor-{}", lamp.state), &[])
}

#[cfg(test)]
mod tests {
    use super::until;

    #[test]
    fn what_is_far_off_is_told_in_days_as_on_the_page() {
        assert_eq!(until(592_950_300), (6, "20:42:30".to_owned()));
        assert_eq!(until(86_399_999), (0, "23:59:59".to_owned()));
        assert_eq!(until(0), (0, "0:00:00".to_owned()));
    }
}
