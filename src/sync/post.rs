//! A log that is shorter here than at the centre is made whole before anything is signed on it.

use std::sync::Arc;

use super::{Carried, Https, SyncError, Transport};
use crate::{
    config::Way,
    control::{Folder, Home},
};

/// The way to the centre of the settings; none where they name none.
pub(super) fn way(folder: &Folder, home: &Home) -> Result<Option<Box<dyn Transport>>, SyncError> {
    Ok(match folder.station.centre.as_ref().map(|link| &link.way) {
        None => None,
        Some(Way::Https { address, pin }) => Some(Box::new(Https::new(address, *pin, home.token())?)),
        Some(Way::Folder(path)) => Some(Box::new(Carried::new(path, home)?)),
    })
}

/// Asks the centre of `folder`, where there is one and it is reached, whether it holds more of this log than stands here,
/// and fetches that back, byte for byte. Gives how many entries the log has then; none where nothing was to be done.
pub fn recover(folder: &Arc<Folder>) -> Result<Option<u64>, SyncError> {
    let Some(home) = Home::open(Arc::clone(folder))? else { return Ok(None) };
    let Some(mut way) = way(folder, &home)? else { return Ok(None) };
    let head = match way.head() {
        // Whoever is not enrolled has nothing there.
        Err(SyncError::Refused { status: 401 | 404, .. }) => return Ok(None),
        head => head?,
    };
    let way = std::cell::RefCell::new(way);
    let mut leaves = |from| way.borrow_mut().leaves(from);
    let mut bytes = |digest| way.borrow_mut().retained(digest);
    home.complete(&head, &mut leaves, &mut bytes)
}
