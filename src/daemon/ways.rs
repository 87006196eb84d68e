//! The ways between a station and its centre, each on a thread of its own: what airs waits for none of them.

use std::{
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use anyhow::Context as _;

use crate::{
    control::{Folder, Home, Studio},
    sync::{self, Door, Errand, Exchange, Told},
};

/// How often a centre looks into the folders that it shares with stations.
const LOOK: Duration = Duration::from_secs(5);

/// What is under way; ends with it.
pub(super) struct Ways {
    door: Option<Door>,
    /// Dropped, they end what sleeps. What is in the middle of a question to the other end is not waited for: it changes
    /// nothing here any more.
    _awake: Vec<Sender<()>>,
}

/// Opens the ways that the settings of `studio` name; `told` learns how the way to the centre is.
pub(super) fn open(studio: &Studio, told: Told) -> anyhow::Result<Ways> {
    let mut awake = Vec::new();
    let mut door = None;
    if let Some(centre) = &studio.centre {
        door = sync::serve(centre.clone()).context("open the door for stations")?;
        for root in &centre.settings.folders {
            let mut exchange = Exchange::new(centre.clone(), root);
            awake.push(repeat("exchange", move || {
                if let Err(error) = exchange.step() {
                    tracing::warn!("a folder of stations: {error}");
                }
                LOOK
            })?);
        }
    }
    if let Some(link) = &studio.folder.station.centre
        && let Some(home) = Home::open(Arc::clone(&studio.folder))?
    {
        let mut errand = Errand::new(home, studio.clone(), link.clone(), told);
        awake.push(repeat("errand", move || errand.step())?);
    }
    Ok(Ways { door, _awake: awake })
}

impl Ways {
    /// Ends them.
    pub(super) fn close(self) {
        if let Some(door) = self.door {
            door.close();
        }
    }
}

/// Fetches back what the centre holds and this folder's log lacks, before anything is signed on it.
pub(super) fn recover(folder: &Folder) {
    let folder = Arc::new(folder.clone());
    match sync::recover(&folder) {
        Ok(None) => {}
        Ok(Some(size)) => tracing::warn!("the centre gave the log back: it has {size} entries again"),
        // It may be away for a month; what airs does not depend on it, and another history is told by the errand.
        Err(error) => tracing::warn!("the centre was not asked for the log: {error}"),
    }
}

/// Takes one step after the other on a thread called `name`, and rests in between for as long as each says.
fn repeat(name: &str, mut step: impl FnMut() -> Duration + Send + 'static) -> anyhow::Result<Sender<()>> {
    let (awake, ended) = channel::<()>();
    let turn = move || {
        while ended.recv_timeout(step()) == Err(RecvTimeoutError::Timeout) {}
    };
    thread::Builder::new().name(name.into()).spawn(turn).context("start a thread")?;
    Ok(awake)
}
