//! What comes with a request: read whole before anything is done with it, within bounds of length, time and room, so that
//! nobody takes the memory or the turn of others by speaking slowly or long.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};
use tokio_stream::StreamExt as _;

use super::server::No;

/// What does not arrive in this time is given up, but for what comes with at least [`SLOWEST`].
pub(super) const ARRIVES_WITHIN: Duration = Duration::from_mins(1);

/// Bytes a second on the slowest line that is of use.
const SLOWEST: u64 = 1 << 10;

/// Long bodies of one log that are under way at the same time: those of a line that broke and the ones behind it. Others
/// of the same log wait.
const OF_ONE_LOG: usize = 4;

/// Long bodies of all logs that are under way, in KiB.
const ROOM: u32 = 256 << 10;

/// Reads a body of at most `most` bytes. It has `within`, and a second more for each [`SLOWEST`] bytes that came.
pub(super) async fn read(body: Body, most: usize, within: Duration) -> Result<Bytes, No> {
    let long = || No(StatusCode::PAYLOAD_TOO_LARGE, "it is too long".into());
    let begun = Instant::now();
    let (mut pieces, mut bytes) = (body.into_data_stream(), Vec::new());
    loop {
        let more = Duration::from_secs(bytes.len() as u64 / SLOWEST);
        let slow = |_| No(StatusCode::REQUEST_TIMEOUT, "it came too slowly".into());
        let Some(piece) = timeout_at(begun + within + more, pieces.next()).await.map_err(slow)? else {
            return Ok(bytes.into());
        };
        let piece = piece.map_err(|_| No(StatusCode::BAD_REQUEST, "it broke off".into()))?;
        if bytes.len() + piece.len() > most {
            return Err(long());
        }
        bytes.extend_from_slice(&piece);
    }
}

/// The room in which long bodies wait for their turn.
#[derive(Clone)]
pub(super) struct Rooms {
    of_all: Arc<Semaphore>,
    /// By log; there are no more than were enrolled.
    of_one: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

/// Room that is taken, and given back with it.
pub(super) struct Taken(#[expect(dead_code, reason = "held until it is dropped")] [OwnedSemaphorePermit; 2]);

impl Rooms {
    /// With nobody in it.
    pub(super) fn new() -> Rooms {
        Rooms { of_all: Arc::new(Semaphore::new(ROOM as usize)), of_one: Arc::default() }
    }

    /// Waits for room for a body of at most `most` bytes of the log `origin`.
    pub(super) async fn take(&self, origin: &str, most: usize) -> Result<Taken, No> {
        let ending = |_| No(StatusCode::SERVICE_UNAVAILABLE, "try again".into());
        let own = {
            let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
            let own = of_one.entry(origin.to_owned());
            Arc::clone(own.or_insert_with(|| Arc::new(Semaphore::new(OF_ONE_LOG))))
        };
        // Its own first: whoever waits for that takes no room from others.
        let own = own.acquire_owned().await.map_err(ending)?;
        let needed = u32::try_from(most.div_ceil(1 << 10)).unwrap_or(ROOM).min(ROOM);
        let of_all = Arc::clone(&self.of_all).acquire_many_owned(needed).await.map_err(ending)?;
        Ok(Taken([own, of_all]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body whose pieces come so long after one another.
    fn pieces(count: usize, length: usize, apart: Duration) -> Body {
        let pieces = tokio_stream::iter((0..count).map(move |_| Ok::<_, std::io::Error>(vec![b'x'; length])));
        Body::from_stream(pieces.then(move |piece| async move {
            tokio::time::sleep(apart).await;
            piece
        }))
    }

    fn run<T>(job: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(job)
    }

    #[test]
    fn a_body_has_a_length_and_a_time() {
        let read = |body, most, within| {
            let read = run(read(body, most, Duration::from_millis(within)));
            read.map(|bytes| bytes.len()).map_err(|No(status, _)| status.as_u16())
        };
        assert_eq!(read(Body::from("tin"), 3, 1000), Ok(3));
        assert_eq!(read(Body::from("tins"), 3, 1000), Err(413));
        assert_eq!(read(pieces(9, 100, Duration::ZERO), 899, 1000), Err(413));
        let never = Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
        assert_eq!(read(never, 10, 50), Err(408));
        // A drop now and then holds nothing open; what comes steadily is waited for.
        let apart = Duration::from_millis(20);
        assert_eq!(read(pieces(100, 1, apart), 1000, 200), Err(408));
        assert_eq!(read(pieces(20, 2 << 10, apart), 1 << 20, 200), Ok(40 << 10));
    }

    #[test]
    fn one_log_takes_no_room_from_the_others() {
        run(async {
            let rooms = Rooms::new();
            let most = 8 << 20;
            let mut slow = Vec::new();
            for _ in 0..OF_ONE_LOG {
                slow.push(rooms.take("slow", most).await.map_err(|No(_, words)| words).unwrap());
            }
            let soon = |origin: &'static str| {
                let taken = rooms.take(origin, most);
                async { tokio::time::timeout(Duration::from_millis(50), taken).await.is_ok() }
            };
            assert!(!soon("slow").await, "it waits for its own");
            assert!(soon("own").await);
            slow.pop();
            assert!(soon("slow").await);
        });
    }
}
