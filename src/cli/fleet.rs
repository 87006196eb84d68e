//! `loa fleet`: the stations of a centre, and who of them belongs to it.

use std::sync::Arc;

use clap::Subcommand;

use super::{Exit, air::person, package::entered, say::Say};
use crate::{
    clock::{Clock as _, System},
    control::{Act, Ask, Centre, ControlError, Folder},
    fleet::Standing,
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
            centre.known(origin)?;
            act(by.clone(), format!("revoke {origin}"))?;
            centre.revoke(origin, &by)?;
            say.document(&serde_json::json!({ "origin": origin, "standing": "revoked" }));
            say.line(&say.text("fleet-revoked", &[("origin", origin)]));
            Ok(Exit::Done)
        }
    }
}

fn list(centre: &Centre, now: chrono::DateTime<chrono::Utc>, say: Say) -> anyhow::Result<Exit> {
    let stations = centre.stations()?;
    let documents: Vec<_> = stations
        .iter()
        .map(|(held, word)| {
            serde_json::json!({
                "origin": held.origin, "standing": held.standing, "size": held.frontier.size(),
                "heard_ms": held.heard_ms, "code": centre.code_of(held), "word": word, "head": held.head,
            })
        })
        .collect();
    let forks = centre.fleet.forks(100).map_err(ControlError::from)?;
    say.document(&serde_json::json!({ "stations": documents, "forks": forks }));
    let mut rows = Vec::new();
    for (held, word) in &stations {
        let heard = held.heard_ms.and_then(chrono::DateTime::from_timestamp_millis);
        let heard = heard.map_or_else(String::new, |heard| {
            let minutes = (now - heard).num_minutes().to_string();
            say.text("fleet-minutes", &[("minutes", &minutes)])
        });
        let holds = word.iter().flat_map(|word| &word.holds).filter(|held| held.ready);
        let holds: Vec<String> = holds.map(|held| format!("{} r{}", held.month, held.revision)).collect();
        let standing = match held.standing {
            Standing::Asked => say.text("fleet-asked", &[("code", &centre.code_of(held))]),
            standing => say.text(&format!("fleet-{}-short", standing.code()), &[]),
        };
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
    }
    Ok(Exit::Done)
}
