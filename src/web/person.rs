//! A change of those who may sign in, with its entry.

use tokio::{runtime::Handle, task::spawn_blocking};

use super::{
    error::{Fault, done},
    gate,
    page::Visit,
};
use crate::{
    control::{Act, ControlError, People, change_people},
    words::Message,
};

/// Changes the people and enters what was done to `id`, called `verb`; the entry is durable before the change counts,
/// so no change is without one. Where nobody is signed in, the person made is who made it.
pub(super) async fn entered<T: Send + 'static>(
    visit: &Visit,
    verb: &'static str,
    id: String,
    change: impl FnOnce(&mut People) -> Result<T, ControlError> + Send + 'static,
) -> Result<T, Fault> {
    let (studio, by, runtime) = (visit.site.studio.clone(), visit.person.clone(), Handle::current());
    let own = by.as_ref().is_some_and(|person| person.id == id);
    let work = move || {
        let mut refused = None;
        let changed = change_people(&studio.folder, |people| {
            let given = change(people)?;
            let person = people.find(&id).cloned();
            let text = person.as_ref().map_or(String::new(), |person| person.told(verb));
            let by = by.or_else(|| person.clone()).map_or(String::new(), |by| by.name);
            match done(runtime.block_on(studio.enter(Act::People, &by, text))) {
                Ok(_) => Ok((given, person)),
                Err(fault) => {
                    refused = Some(fault);
                    Err(Message::new("user-not-entered").into())
                }
            }
        });
        match refused {
            Some(fault) => Err(fault),
            None => changed.map_err(Fault::from),
        }
    };
    let (given, person) = spawn_blocking(work).await.map_err(Fault::failed)??;
    // Who changed themselves goes on here; their other sessions end.
    if let Some(person) = person.filter(|person| own && !person.closed) {
        gate::sign_in(&visit.session, &person).await?;
    }
    Ok(given)
}
