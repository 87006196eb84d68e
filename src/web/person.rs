//! A change of those who may sign in, with its entry; and a person who says once more that it is they.

use std::net::IpAddr;

use super::{
    error::Fault,
    gate,
    page::{Enter, Visit},
};
use crate::{
    control::{Act, ControlError, People, Studio, change_people},
    words::Message,
};

/// Whether `password` is that of whoever is signed in; tried from the machine `from`.
pub(super) async fn once_more(visit: &Visit, from: IpAddr, password: &str) -> Result<(), Fault> {
    let Some(person) = visit.person.clone() else { return Err(Fault::missing()) };
    visit.site.may_guess(&person.id, from).map_err(|_| Fault::no(Message::new("web-guesses")))?;
    let password = password.to_owned();
    let check = move |studio: &Studio| match People::read(&studio.folder)?.verify(&person.id, &password) {
        Some(_) => Ok(()),
        None => Err(Message::new("password-old-wrong").into()),
    };
    visit.work(check).await
}

/// Changes the people and enters what was done to `id`, called `verb`; the entry is durable before the change counts,
/// so no change is without one. Where nobody is signed in, the person made is who made it.
pub(super) async fn entered<T: Send + 'static>(
    visit: &Visit,
    verb: &'static str,
    id: String,
    change: impl FnOnce(&mut People) -> Result<T, ControlError> + Send + 'static,
) -> Result<T, Fault> {
    let by = visit.person.clone();
    let own = by.as_ref().is_some_and(|person| person.id == id);
    let work = move |studio: &Studio, enter: Enter<'_>| {
        change_people(&studio.folder, |people| {
            let given = change(people)?;
            let person = people.find(&id).cloned();
            let text = person.as_ref().map_or(String::new(), |person| person.told(verb));
            let by = by.or_else(|| person.clone()).map_or(String::new(), |by| by.name);
            enter(&by, text)?;
            Ok((given, person))
        })
    };
    let (given, person) = visit.entering(Act::People, work).await?;
    // Who changed themselves goes on here; their other sessions end.
    if let Some(person) = person.filter(|person| own && !person.closed) {
        gate::sign_in(&visit.session, &person).await?;
    }
    Ok(given)
}
