//! The way to the pages: encrypted where the settings want it, and never taken up whole by those who only hold on to it.

use std::{
    collections::HashMap,
    future::{Ready, ready},
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use axum_server::{accept::Accept, tls_rustls::RustlsConfig};
use chrono::TimeDelta;
use socket2::SockRef;
use tokio::net::TcpStream;
use tower::Service;

use super::site::{Site, hold, machine};
use crate::control;

/// So many connections at once, and so many from one machine: a page needs half a dozen.
const MOST: usize = 256;
const MOST_OF_ONE: usize = 64;
/// A client takes up something of what it is sent in this time.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// How often it is asked whether there is a newer certificate: by the wall clock, which is set and goes on while the
/// machine sleeps, as the end of a certificate does.
const LOOK_AGAIN: TimeDelta = TimeDelta::hours(12);
/// How often that clock is read.
const TICK: Duration = Duration::from_secs(5);

/// Counts connections, and closes those beyond the bounds before a word is said.
#[derive(Debug, Clone, Default)]
pub(super) struct Doorkeeper {
    inside: Arc<Mutex<HashMap<IpAddr, usize>>>,
    /// Who stands for many people.
    proxy: Option<IpAddr>,
}

impl Doorkeeper {
    pub(super) fn new(proxy: Option<IpAddr>) -> Doorkeeper {
        Doorkeeper { inside: Arc::default(), proxy: proxy.map(machine) }
    }

    fn enter(&self, from: IpAddr) -> Option<Place> {
        let mut inside = hold(&self.inside);
        let (all, own) = (inside.values().sum::<usize>(), inside.get(&from).copied().unwrap_or(0));
        let most = if self.proxy == Some(from) { MOST } else { MOST_OF_ONE };
        if all >= MOST || own >= most {
            return None;
        }
        inside.insert(from, own + 1);
        Some(Place { from, inside: Arc::clone(&self.inside) })
    }
}

/// A connection's place; free again when the connection is gone.
#[derive(Debug)]
struct Place {
    from: IpAddr,
    inside: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = hold(&self.inside);
        match inside.get_mut(&self.from) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(inside.remove(&self.from)),
        }
    }
}

/// The pages as one connection sees them: it keeps its place as long as it lives.
#[derive(Debug, Clone)]
pub(super) struct Placed<S> {
    pages: S,
    _place: Arc<Place>,
}

impl<S> Accept<TcpStream, S> for Doorkeeper {
    type Stream = TcpStream;
    type Service = Placed<S>;
    type Future = Ready<io::Result<(TcpStream, Placed<S>)>>;

    fn accept(&self, stream: TcpStream, pages: S) -> Self::Future {
        let placed = stream.peer_addr().and_then(|from| {
            // Who takes up nothing of what is sent, or is gone without a word, is cut off by the kernel.
            SockRef::from(&stream).set_tcp_user_timeout(Some(TAKEN_WITHIN))?;
            let place = self.enter(machine(from.ip()));
            let full = || io::Error::new(io::ErrorKind::ConnectionRefused, "too many connections");
            Ok(Placed { pages, _place: Arc::new(place.ok_or_else(full)?) })
        });
        ready(placed.map(|placed| (stream, placed)))
    }
}

impl<S: Service<R>, R> Service<R> for Placed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.pages.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.pages.call(request)
    }
}

/// Takes up a newer certificate whenever there is one; ends with the runtime.
pub(super) async fn renew(site: Site, serving: RustlsConfig) {
    let mut looked = site.studio.now();
    loop {
        tokio::time::sleep(TICK).await;
        let now = site.studio.now();
        if (now - looked).abs() < LOOK_AGAIN {
            continue;
        }
        looked = now;
        match site.work(move |studio| Ok(control::certificate(&studio.folder, now))).await {
            Ok(Ok(Some(newer))) => {
                let old = hold(&site.certificate).replace(newer.clone());
                if old.is_none_or(|old| old.fingerprint != newer.fingerprint) {
                    tracing::info!("the pages have a new certificate, SHA-256 {}", newer.fingerprint);
                    serving.reload_from_config(newer.config);
                }
            }
            Ok(Ok(None)) => return,
            Ok(Err(error)) => tracing::error!("the certificate of the pages: {error}"),
            Err(_) => tracing::error!("the certificate of the pages was not looked at"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_each_and_for_all_and_come_back() {
        let keeper = Doorkeeper::new(Some([10, 0, 0, 1].into()));
        let enter = |last: u8| keeper.enter([10, 0, 0, last].into());
        let mut inside: Vec<_> = (0..MOST_OF_ONE).map(|_| enter(2).unwrap()).collect();
        assert!(enter(2).is_none() && enter(3).is_some());
        inside.pop();
        inside.push(enter(2).unwrap());
        inside.extend((MOST_OF_ONE..MOST).map(|_| enter(1).unwrap()));
        assert!(enter(1).is_none() && enter(3).is_none());
        drop(inside);
        assert!(hold(&keeper.inside).is_empty());
    }

    #[tokio::test]
    async fn who_takes_up_nothing_is_cut_off_by_the_kernel() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (stream, _placed) = Doorkeeper::default().accept(stream, ()).await.unwrap();
        assert_eq!(SockRef::from(&stream).tcp_user_timeout().unwrap(), Some(TAKEN_WITHIN));
    }
}
