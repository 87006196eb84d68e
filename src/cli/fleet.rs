//! `loa fleet`: the stations of a centre, and who of them belongs to it.

use std::{path::PathBuf, sync::Arc};

use clap::Subcommand;

use super::{Exit, air::person, package::entered, say::Say};
use crate::{
    clock::{Clock as _, System},
    control::{self, Act, Ask, Centre, CentreKeys, ControlError, Folder},
    fleet::{Held, Standing},
    words::Message,
};

/// The verbs of `loa fleet`.
#[derive(Debug, Subcommand)]
pub(super) enum FleetVerb {
    Enrol {
        origin: String,
        code: String,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Revoke {
        origin: String,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Drop {
        origin: String,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Settle {
        origin: String,
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Copy {
        origin: String,
        #[arg(short, long, value_name = "FOLDER")]
        output: PathBuf,
    },
    Key {
        #[arg(long)]
        next: bool,
        #[arg(long, conflicts_with = "next")]
        change: bool,
        #[arg(long, value_name = "NAME", requires = "change")]
        by: Option<String>,
    },
}

pub(super) fn fleet(folder: &Folder, what: Option<&FleetVerb>, say: Say) -> anyhow::Result<Exit> {
    let clock = Arc::new(System::new());
    let none = || ControlError::from(Message::new("centre-none"));
    let centre = Centre::open(Arc::new(folder.clone()), clock.clone())?.ok_or_else(none)?;
    let act = |by: String, text: String| entered(folder, Ask::Act { act: Act::Fleet, by, text });
    match what {
        None => list(&centre, clock.now().wall, say),
        Some(FleetVerb::Enrol { origin, code, by }) => {
            let by = person(by.as_deref());
            centre.may_enrol(origin, code)?;
            act(by.clone(), format!("enrol {origin}"))?;
            centre.enrol(origin, code, &by)?;
            say.document(&serde_json::json!({ "origin": origin, "standing": "enrolled" }));
            say.line(&say.text("fleet-enrolled", &[("origin", origin)]));
            Ok(Exit::Done)
        }
        Some(FleetVerb::Revoke { origin, by }) => {
            let by = person(by.as_deref());
            centre.may_revoke(origin)?;
            act(by.clone(), format!("revoke {origin}"))?;
            centre.revoke(origin, &by)?;
            say.document(&serde_json::json!({ "origin": origin, "standing": "revoked" }));
            say.line(&say.text("fleet-revoked", &[("origin", origin)]));
            Ok(Exit::Done)
        }
        Some(FleetVerb::Drop { origin, by }) => {
            centre.may_drop(origin)?;
            act(person(by.as_deref()), format!("drop {origin}"))?;
            let count = centre.drop_wishes(origin)?;
            say.document(&serde_json::json!({ "origin": origin, "dropped": count }));
            say.line(&say.text("fleet-dropped", &[("origin", origin), ("count", &count.to_string())]));
            Ok(Exit::Done)
        }
        Some(FleetVerb::Settle { origin, reason, by }) => {
            let by = person(by.as_deref());
            let seen_ms = centre.may_settle(origin, i64::MAX)?;
            act(by.clone(), format!("settle {origin}: {reason}"))?;
            let count = centre.settle(origin, seen_ms, &by, reason)?;
            say.document(&serde_json::json!({ "origin": origin, "settled": count }));
            say.line(&say.text("fleet-settled", &[("origin", origin)]));
            Ok(Exit::Done)
        }
        Some(FleetVerb::Copy { origin, output }) => {
            let size = centre.lay_log(origin, output)?;
            let to = output.display().to_string();
            say.document(&serde_json::json!({ "origin": origin, "size": size, "folder": to }));
            let values = [("origin", origin.as_str()), ("size", &size.to_string()), ("folder", &to)];
            say.line(&say.text("fleet-copied", &values));
            Ok(Exit::Done)
        }
        Some(FleetVerb::Key { next, change, by }) => {
            let keys = match (next, change) {
                (true, _) => control::next_key(folder)?,
                (_, true) => {
                    let to = control::centre_keys(folder)?.next;
                    let to = to.ok_or_else(|| ControlError::from(Message::new("fleet-key-no-next")))?;
                    act(person(by.as_deref()), format!("key {to}"))?;
                    control::use_next_key(folder)?
                }
                _ => control::centre_keys(folder)?,
            };
            show_keys(&keys, *change, say);
            Ok(Exit::Done)
        }
    }
}

/// The keys as they stand in the settings of stations.
fn show_keys(keys: &CentreKeys, changed: bool, say: Say) {
    say.document(keys);
    let listed: Vec<String> =
        [Some(&keys.key), keys.next.as_ref()].into_iter().flatten().map(|key| format!("\"{key}\"")).collect();
    say.line(&say.text("fleet-keys", &[("keys", &listed.join(", "))]));
    if changed {
        say.line(&say.text("fleet-key-changed", &[]));
    } else if keys.next.is_some() {
        say.line(&say.text("fleet-key-next", &[]));
    }
}

/// The code of a log that was decided on. Of one that asks it comes from the station's people, or it would be compared with
/// itself.
fn code(centre: &Centre, held: &Held) -> Option<String> {
    (held.standing != Standing::Asked).then(|| centre.code_of(held))
}

fn list(centre: &Centre, now: chrono::DateTime<chrono::Utc>, say: Say) -> anyhow::Result<Exit> {
    let stations = centre.stations()?;
    let documents: Vec<_> = stations
        .iter()
        .map(|(held, word)| {
            serde_json::json!({
                "origin": held.origin, "standing": held.standing, "size": held.frontier.size(),
                "heard_ms": held.heard_ms, "code": code(centre, held), "word": word, "head": held.head,
            })
        })
        .collect();
    let forks = centre.fleet.forks(100).map_err(ControlError::from)?;
    say.document(&serde_json::json!({ "stations": documents, "forks": forks }));
    let mut rows = Vec::new();
    for (held, word) in &stations {
        let heard = held.heard_ms.and_then(chrono::DateTime::from_timestamp_millis);
        let heard = heard.map_or_else(String::new, |heard| {
            let (key, count) = match (now - heard).num_minutes() {
                minutes @ ..120 => ("fleet-minutes", minutes),
                minutes @ 120..2880 => ("fleet-hours", minutes / 60),
                minutes => ("fleet-days", minutes / 1440),
            };
            say.text(key, &[("count", &count.to_string())])
        });
        let holds = word.iter().flat_map(|word| &word.holds).filter(|held| held.ready);
        let holds: Vec<String> = holds.map(|held| format!("{} r{}", held.month, held.revision)).collect();
        let standing = say.text(&format!("fleet-{}-short", held.standing.code()), &[]);
        rows.push(vec![
            held.origin.clone(),
            standing,
            held.frontier.size().to_string(),
            heard,
            holds.join(", "),
        ]);
    }
    say.table(&["fleet-station", "fleet-standing", "fleet-size", "fleet-heard", "fleet-holds"], rows);
    for fork in &forks {
        say.line(&say.text(&format!("fleet-{}", fork.what), &[("origin", &fork.origin)]));
        if let Some(settled) = &fork.settled {
            let at = chrono::DateTime::from_timestamp_millis(settled.at_ms).unwrap_or_default();
            let at = at.with_timezone(&centre.folder.station.zone).format("%H:%M %d/%m/%Y").to_string();
            let values = [("by", settled.by.as_str()), ("at", &at), ("reason", &settled.reason)];
            say.line(&say.text("web-fleet-settled", &values));
        }
    }
    Ok(Exit::Done)
}
