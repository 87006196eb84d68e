//! The running station as the surfaces in its own process reach it: its folder, its time, and its answers.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{Act, Ask, Centre, ControlError, Folder, Glance, Reply, Sources};
use crate::clock::Clock;

/// Hands a question to the station's loop; what is not taken is dropped with its channel.
pub type Asking = Box<dyn Fn(Ask, oneshot::Sender<Reply>) + Send + Sync>;

/// A running station.
#[derive(Clone)]
pub struct Studio {
    /// Its folder.
    pub folder: Arc<Folder>,
    /// What was seen of its months.
    pub glance: Arc<Glance>,
    /// What makes it a centre too; none where it is a station alone.
    pub centre: Option<Centre>,
    clock: Arc<dyn Clock>,
    asking: Arc<Asking>,
}

impl Studio {
    /// The station that `asking` asks.
    #[must_use]
    pub fn new(folder: Arc<Folder>, clock: Arc<dyn Clock>, asking: Asking, centre: Option<Centre>) -> Studio {
        Studio { folder, glance: Arc::default(), centre, clock, asking: Arc::new(asking) }
    }

    /// The logs that its figures are taken from: its own, or those of its stations where it is a centre.
    pub fn sources(&self) -> Result<Sources, ControlError> {
        Sources::of(&self.folder, self.centre.as_ref())
    }

    /// The time, by the station's clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().wall
    }

    /// The station's clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&self, ask: Ask) -> Reply {
        let (reply, answer) = oneshot::channel();
        (self.asking)(ask, reply);
        answer.await.unwrap_or_else(|_| Reply::Failed("the station is busy or ending".into()))
    }

    /// Asks from a thread that may wait, and waits for the answer.
    #[must_use]
    pub fn ask_waiting(&self, ask: Ask) -> Reply {
        let (reply, answer) = oneshot::channel();
        (self.asking)(ask, reply);
        answer.blocking_recv().unwrap_or_else(|_| Reply::Failed("the station is busy or ending".into()))
    }

    /// Enters what `by` did, in `text`; answers when that is durable.
    pub async fn enter(&self, act: Act, by: &str, text: String) -> Reply {
        self.ask(Ask::Act { act, by: by.into(), text }).await
    }
}

impl fmt::Debug for Studio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Studio").field("folder", &self.folder.root).finish_non_exhaustive()
    }
}
