//! `loa user`: the people who sign in to the pages, with their roles and their first passwords.

use std::io;

use clap::Subcommand;
use serde_json::json;

use super::{
    Exit,
    air::{answered, person},
    say::Say,
};
use crate::{
    control::{Act, Ask, ControlError, Folder, People, Person, Reply, Role, change_people},
    words::Message,
};

/// The verbs of `loa user`.
#[derive(Debug, Subcommand)]
pub(super) enum UserVerb {
    Add {
        id: String,
        #[arg(long)]
        name: String,
        #[arg(long = "role", value_name = "ROLE", required = true, value_parser = role)]
        roles: Vec<Role>,
        #[arg(long)]
        password_stdin: bool,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    List {},
    Reset {
        id: String,
        #[arg(long)]
        password_stdin: bool,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Change {
        id: String,
        #[arg(long)]
        name: Option<String>,
        #[arg(long = "role", value_name = "ROLE", value_parser = role)]
        roles: Vec<Role>,
        #[arg(long, conflicts_with = "open")]
        close: bool,
        #[arg(long)]
        open: bool,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

fn role(word: &str) -> Result<Role, String> {
    Role::of(word).ok_or_else(|| Role::ALL.map(|(known, _)| known).join(", "))
}

pub(super) fn user(folder: &Folder, verb: &UserVerb, say: Say) -> anyhow::Result<Exit> {
    match verb {
        UserVerb::List {} => list(folder, say),
        UserVerb::Add { id, name, roles, password_stdin, by } => {
            let own = own_password(*password_stdin)?;
            change(folder, ("add", id), by.as_deref(), say, |people| {
                people.add(id, name, roles, own.as_deref())
            })
        }
        UserVerb::Reset { id, password_stdin, by } => {
            let own = own_password(*password_stdin)?;
            change(folder, ("reset", id), by.as_deref(), say, |people| match &own {
                Some(own) => people.choose(id, own).map(|()| None),
                None => people.reset(id).map(Some),
            })
        }
        UserVerb::Change { id, name, roles, close, open, by } => {
            change(folder, ("change", id), by.as_deref(), say, |people| {
                let unknown = || Message::new("person-unknown").with("id", id);
                let Person { name: old, roles: had, closed, .. } =
                    people.find(id).cloned().ok_or_else(unknown)?;
                let name = name.clone().unwrap_or(old);
                let roles = if roles.is_empty() { had } else { roles.clone() };
                people.change(id, &name, &roles, (closed || *close) && !open)?;
                Ok(None)
            })
        }
    }
}

/// The password that a script gives, which its person need not change.
fn own_password(wanted: bool) -> anyhow::Result<Option<String>> {
    if !wanted {
        return Ok(None);
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Changes the people and enters it; says who somebody is now, with a first password where one was given. The entry
/// is durable before the change counts: no change is without its entry.
fn change(
    folder: &Folder,
    (verb, id): (&str, &str),
    by: Option<&str>,
    say: Say,
    change: impl FnOnce(&mut People) -> Result<Option<String>, ControlError>,
) -> anyhow::Result<Exit> {
    let (mut refused, mut failed) = (None, None);
    let changed = change_people(folder, |people| {
        let first = change(people)?;
        let changed = people.find(id).cloned();
        let text = changed.as_ref().map_or(String::new(), |person| person.told(verb));
        let ask = Ask::Act { act: Act::People, by: self::person(by), text };
        let mut done = false;
        let asked = answered(folder.clone(), ask, None, &mut |reply| match reply {
            Reply::Done(_) => done = true,
            other => refused = Some(other.clone()),
        });
        failed = asked.err();
        // Whatever kept it from being entered is told below.
        if done { Ok((changed, first)) } else { Err(Message::new("user-not-entered").into()) }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if let Some(reply) = refused {
        return Ok(say.reply(&reply));
    }
    let (Some(person), first) = changed? else { return Ok(Exit::Machine) };
    say.document(&json!({ "person": view(&person), "password": first }));
    let about =
        [("id", person.id.as_str()), ("name", &person.name), ("password", first.as_deref().unwrap_or(""))];
    say.line(&say.text(if first.is_some() { "user-first-password" } else { "user-done" }, &about));
    Ok(Exit::Done)
}

fn view(person: &Person) -> serde_json::Value {
    let Person { id, name, roles, must_change, closed, .. } = person;
    json!({ "id": id, "name": name, "roles": roles, "must_change": must_change, "closed": closed })
}

fn list(folder: &Folder, say: Say) -> anyhow::Result<Exit> {
    let people = People::read(folder)?;
    people.iter().for_each(|person| say.document(&view(person)));
    if people.is_empty() {
        say.line(&say.text("user-none", &[]));
        return Ok(Exit::Done);
    }
    let line = |person: &Person| {
        let roles = person.roles.iter().map(|role| say.text(&format!("role-{}", role.word()), &[]));
        let state = match person {
            Person { closed: true, .. } => "user-closed",
            Person { must_change: true, .. } => "user-must-change",
            _ => "user-open",
        };
        let roles = roles.collect::<Vec<_>>().join(", ");
        vec![person.id.clone(), person.name.clone(), roles, say.text(state, &[])]
    };
    say.table(&["head-id", "head-name", "head-roles", "head-state"], people.iter().map(line).collect());
    Ok(Exit::Done)
}
