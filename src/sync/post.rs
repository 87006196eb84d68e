//! A log that is shorter here than at the centre is made whole before anything is signed on it.

use std::{sync::Arc, time::Duration};

use super::{Carried, Https, SyncError, Transport};
use crate::{
    config::{Link, Way},
    control::{Folder, Home},
};

/// Whoever is there and does not answer in this time counts as away: the station begins its day without it.
const ASK_WITHIN: Duration = Duration::from_secs(10);

/// Once it said that it holds more, it is asked so often: a log that goes on before it is whole has two histories.
const TRIES: u32 = 4;

/// The way of the station `home` to the centre of its settings.
pub fn way(link: &Link, home: &Home) -> Result<Box<dyn Transport>, SyncError> {
    Ok(match &link.way {
        Way::Https { address, pin } => Box::new(Https::new(address, *pin, home.token())?),
        Way::Folder(path) => Box::new(Carried::new(path, home)?),
    })
}

/// Asks the centre of `folder`, where there is one and it is reached, whether it holds more of this log than stands here,
/// and fetches that back, byte for byte. Gives how many entries the log has then; none where nothing was to be done.
pub fn recover(folder: &Arc<Folder>) -> Result<Option<u64>, SyncError> {
    let (Some(home), Some(link)) = (Home::open(Arc::clone(folder))?, &folder.station.centre) else {
        return Ok(None);
    };
    let mut way = way(link, &home)?;
    let mut head = way.head(ASK_WITHIN);
    if let Err(SyncError::Refused { status: 401, .. }) = head {
        // Nobody knows the word: this station is new, or has lost it and not what it brought. The log's key vouches for
        // another one, which stands from then on.
        if way.enrol(&home.wish()?.0)?.standing == "asked" {
            return Ok(None);
        }
        head = way.head(ASK_WITHIN);
    }
    let head = match head {
        // Whoever is not enrolled has nothing there.
        Err(SyncError::Refused { status: 401 | 404, .. }) => return Ok(None),
        head => head?,
    };
    let way = std::cell::RefCell::new(way);
    let mut leaves = |from| patiently(|| way.borrow_mut().leaves(from));
    let mut bytes = |digest| patiently(|| way.borrow_mut().retained(digest));
    home.complete(&head, &mut leaves, &mut bytes)
}

/// Asks again where the line broke.
fn patiently<T>(mut ask: impl FnMut() -> Result<T, SyncError>) -> Result<T, SyncError> {
    for tried in 1..TRIES {
        match ask() {
            Err(SyncError::Away(why)) => tracing::warn!("the centre is asked again for the log: {why}"),
            told => return told,
        }
        std::thread::sleep(Duration::from_secs(tried.into()));
    }
    ask()
}
