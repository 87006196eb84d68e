//! The people of a station: who may sign in, what each may do, and the hash of each one's password.
//!
//! They stand in `data/people.json` (mode 0600), which the pages and the command line change under one lock.

use std::{fs, path::PathBuf};

use rand_core::{OsRng, RngCore as _};
use serde::{Deserialize, Serialize};

use super::{ControlError, Folder, month::read_if_there};
use crate::{
    disk::{self, At as _},
    units::Digest,
    words::Message,
};

/// What a person may do (`domain.md`, Who works with it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Biên tập: audio, programmes, slots.
    Editor,
    /// Lãnh đạo duyệt: listens and releases.
    Approver,
    /// Trực máy: sees what is next, stops in need, explains.
    Operator,
    /// Giám sát: sees everything, changes nothing.
    Auditor,
    /// Quản trị: people and settings.
    Admin,
}

impl Role {
    /// Every role with its word.
    pub const ALL: [(&'static str, Role); 5] = [
        ("editor", Role::Editor),
        ("approver", Role::Approver),
        ("operator", Role::Operator),
        ("auditor", Role::Auditor),
        ("admin", Role::Admin),
    ];

    /// The role called `word`.
    #[must_use]
    pub fn of(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|(known, _)| *known == word).map(|(_, role)| role)
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Role::ALL[self as usize].0
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// What is typed to sign in: lower-case ASCII letters, digits, `-` and `.`.
    pub id: String,
    /// As it stands in entries, approvals and reports.
    pub name: String,
    /// What the person may do, in the order of [`Role::ALL`].
    pub roles: Vec<Role>,
    /// Of the password: PHC string, argon2id.
    hash: String,
    /// The password was given by somebody else and must be changed first.
    pub must_change: bool,
    /// May not sign in any more; stays on the list, since entries name it.
    pub closed: bool,
    /// Counts up when password, roles or standing change: sessions from before end.
    pub edition: u32,
}

impl Person {
    /// A word that nobody but this person and this station knows: it tells their own forms from those that others made
    /// up, also when the session has ended. Another password makes another word. It is a digest of the salted hash, out
    /// of which nobody finds either.
    #[must_use]
    pub fn word(&self) -> String {
        Digest::of(format!("form\n{}\n{}", self.id, self.hash).as_bytes()).to_string()
    }

    /// What an entry says of a change: what was done, to whom, and how they stand now.
    #[must_use]
    pub fn told(&self, done: &str) -> String {
        let roles: Vec<_> = self.roles.iter().map(|role| role.word()).collect();
        let closed = if self.closed { "; closed" } else { "" };
        format!("{done} {} ({}): {}{closed}", self.id, self.name, roles.join(" "))
    }
}

/// All people of a station.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Format of the file: 1.
    format: u32,
    /// In the order in which they came.
    people: Vec<Person>,
}

/// Shortest password, in characters; there are no other rules (NIST SP 800-63B, section 5.1.1.2).
pub const SHORTEST_PASSWORD: usize = 10;
/// Longest password and name, in characters: hashing must stay bounded.
const LONGEST: usize = 200;

impl People {
    /// Reads the people of `folder`; nobody where there is no such file.
    pub fn read(folder: &Folder) -> Result<People, ControlError> {
        let path = path(folder);
        let Some(bytes) = read_if_there(&path)? else {
            return Ok(People { format: 1, people: Vec::new() });
        };
        let unreadable = |detail: String| {
            Message::new("people-unreadable").with("file", path.display()).with("detail", detail)
        };
        let people: People = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if people.format == 1 {
            Ok(people)
        } else {
            Err(unreadable(format!("format {}", people.format)).into())
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.people.iter()
    }

    /// The person who signs in as `id`.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// Whether nobody was ever entered: the first one comes by the set-up link.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// The person who signs in as `id` with `password`; closed ones are nobody. Takes the same time whether there
    /// is such a person or not.
    #[must_use]
    pub fn verify(&self, id: &str, password: &str) -> Option<&Person> {
        // Of no password that anybody has.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$YWJjZGVmZ2hpamtsbW5vcA$\
            1xF2/oQjgbK0ZB0ew0iUQBmtYhTqsJ2a1gXGHj2gxyo";
        let person = self.find(id).filter(|person| !person.closed);
        let hash = person.map_or(NOBODY, |person| &person.hash);
        let right = password.len() <= 4 * LONGEST && password_auth::verify_password(password, hash).is_ok();
        person.filter(|_| right)
    }

    /// Adds a person with a password of their own or, where it is `None`, with a first one that is given back and
    /// must be changed. A no says what does not fit.
    pub fn add(
        &mut self,
        id: &str,
        name: &str,
        roles: &[Role],
        password: Option<&str>,
    ) -> Result<Option<String>, ControlError> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        if id.is_empty() || id.len() > 40 || !id.bytes().all(fits) {
            return Err(Message::new("person-id").with("found", id).into());
        }
        if self.find(id).is_some() {
            return Err(Message::new("person-twice").with("id", id).into());
        }
        let name = named(name)?;
        let first = if password.is_none() { Some(first_password()) } else { None };
        let hash = hashed(password.or(first.as_deref()).unwrap_or_default())?;
        let (id, roles) = (id.to_owned(), ordered(roles)?);
        let must_change = first.is_some();
        self.people.push(Person { id, name, roles, hash, must_change, closed: false, edition: 1 });
        Ok(first)
    }

    /// Changes name, roles and standing of a person. The last admin stays one.
    pub fn change(&mut self, id: &str, name: &str, roles: &[Role], closed: bool) -> Result<(), ControlError> {
        let (name, roles) = (named(name)?, ordered(roles)?);
        let admin = |person: &Person| !person.closed && person.roles.contains(&Role::Admin);
        let others = self.people.iter().any(|person| person.id != id && admin(person));
        if !others && (closed || !roles.contains(&Role::Admin)) && self.find(id).is_some_and(admin) {
            return Err(Message::new("person-last-admin").into());
        }
        let person = self.known(id)?;
        (person.name, person.roles, person.closed) = (name, roles, closed);
        person.edition += 1;
        Ok(())
    }

    /// Gives a person a new first password, which must be changed.
    pub fn reset(&mut self, id: &str) -> Result<String, ControlError> {
        let password = first_password();
        let hash = hashed(&password)?;
        let person = self.known(id)?;
        (person.hash, person.must_change) = (hash, true);
        person.edition += 1;
        Ok(password)
    }

    /// Gives a person the password that they chose.
    pub fn choose(&mut self, id: &str, password: &str) -> Result<(), ControlError> {
        let person = self.known(id)?;
        if password_auth::verify_password(password, &person.hash).is_ok() {
            return Err(Message::new("password-same").into());
        }
        (person.hash, person.must_change) = (hashed(password)?, false);
        person.edition += 1;
        Ok(())
    }

    /// A no where the person called `id` was changed since somebody saw them in their `edition`.
    pub fn seen(&self, id: &str, edition: u32) -> Result<(), ControlError> {
        match self.find(id) {
            Some(person) if person.edition != edition => {
                Err(Message::new("person-changed").with("id", id).into())
            }
            _ => Ok(()),
        }
    }

    fn known(&mut self, id: &str) -> Result<&mut Person, ControlError> {
        let person = self.people.iter_mut().find(|person| person.id == id);
        person.ok_or_else(|| Message::new("person-unknown").with("id", id).into())
    }
}

/// Reads the people, lets `change` work on them, and writes them, while nobody else does; what fails is not written.
pub fn change_people<T>(
    folder: &Folder,
    change: impl FnOnce(&mut People) -> Result<T, ControlError>,
) -> Result<T, ControlError> {
    let path = path(folder);
    let lock = path.with_extension("lock");
    let held = fs::File::create(&lock).at("open", &lock)?;
    held.lock().at("lock", &lock)?;
    let mut people = People::read(folder)?;
    let done = change(&mut people)?;
    let text = serde_json::to_vec_pretty(&people).unwrap_or_default();
    disk::replace(&path, &text, 0o600)?;
    Ok(done)
}

fn path(folder: &Folder) -> PathBuf {
    folder.data().join("people.json")
}

fn named(name: &str) -> Result<String, ControlError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST || name.chars().any(char::is_control) {
        return Err(Message::new("person-name").into());
    }
    Ok(name.to_owned())
}

fn ordered(roles: &[Role]) -> Result<Vec<Role>, ControlError> {
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { Err(Message::new("person-no-role").into()) } else { Ok(roles) }
}

fn hashed(password: &str) -> Result<String, ControlError> {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD {
        return Err(Message::new("password-short").with("least", SHORTEST_PASSWORD).into());
    }
    if length > LONGEST {
        return Err(Message::new("text-too-long").with("limit", LONGEST).into());
    }
    Ok(password_auth::generate_hash(password))
}

/// Twenty letters and digits that are not mistaken for each other when read from paper: 98 bits.
fn first_password() -> String {
    const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut random = [0; 20];
    OsRng.fill_bytes(&mut random);
    random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 31)])).collect()
}

/// A word that nobody guesses: 256 bits in hex.
#[must_use]
pub fn secret_word() -> String {
    let mut random = [0; 32];
    OsRng.fill_bytes(&mut random);
    hex::encode(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: Result<T, ControlError>) -> &'static str {
        match result {
            Err(ControlError::No(message)) => message.code,
            Err(_) => "another error",
            Ok(_) => "done",
        }
    }

    #[test]
    fn who_comes_is_examined() {
        let mut people = People::default();
        let long = "a".repeat(41);
        for (id, name, roles, password, expected) in [
            ("", "An", &[Role::Editor][..], "mật khẩu dài", "person-id"),
            ("An", "An", &[Role::Editor], "mật khẩu dài", "person-id"),
            ("an/../b", "An", &[Role::Editor], "mật khẩu dài", "person-id"),
            (&long, "An", &[Role::Editor], "mật khẩu dài", "person-id"),
            ("an", " ", &[Role::Editor], "mật khẩu dài", "person-name"),
            ("an", "A\nn", &[Role::Editor], "mật khẩu dài", "person-name"),
            ("an", "An", &[], "mật khẩu dài", "person-no-role"),
            ("an", "An", &[Role::Editor], "mật khẩu", "password-short"),
            ("an", "An", &[Role::Editor], "mật khẩu dài", "done"),
            ("an", "An", &[Role::Editor], "mật khẩu dài", "person-twice"),
        ] {
            assert_eq!(code(people.add(id, name, roles, Some(password))), expected, "{id} {name}");
        }
        assert_eq!(people.iter().count(), 1);
    }

    #[test]
    fn a_password_is_checked_and_never_stored() {
        let mut people = People::default();
        let first = people.add("an", "An", &[Role::Admin], None).unwrap().unwrap();
        assert!(people.verify("an", &first).unwrap().must_change);
        assert!(people.verify("an", "another one").is_none() && people.verify("binh", &first).is_none());
        assert_eq!(code(people.choose("an", &first)), "password-same");
        people.choose("an", "một câu dễ nhớ").unwrap();
        assert!(people.verify("an", &first).is_none());
        let an = people.verify("an", "một câu dễ nhớ").unwrap();
        assert_eq!((an.must_change, an.edition), (false, 2));
        let text = serde_json::to_string(&people).unwrap();
        assert!(text.contains("$argon2id$") && !text.contains("dễ nhớ"));
    }

    #[test]
    fn the_last_admin_stays_one() {
        let mut people = People::default();
        people.add("an", "An", &[Role::Admin], None).unwrap();
        people.add("binh", "Bình", &[Role::Editor], None).unwrap();
        assert_eq!(code(people.change("an", "An", &[Role::Editor], false)), "person-last-admin");
        assert_eq!(code(people.change("an", "An", &[Role::Admin], true)), "person-last-admin");
        people.change("binh", "Bình", &[Role::Admin], false).unwrap();
        people.change("an", "An", &[Role::Editor], true).unwrap();
        assert_eq!(code(people.change("binh", "Bình", &[Role::Editor], false)), "person-last-admin");
        assert_eq!(code(people.change("nobody", "X", &[Role::Editor], false)), "person-unknown");
    }

    #[test]
    fn roles_have_their_words() {
        for (word, role) in Role::ALL {
            assert_eq!((Role::of(word), role.word()), (Some(role), word));
        }
        assert_eq!(Role::of("king"), None);
    }
}
