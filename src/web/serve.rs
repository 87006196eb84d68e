//! Opens the pages: a thread with a runtime of its own, a listener that bounds slow clients, an end in order.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, OnceLock},
    thread::{self, JoinHandle},
    time::Duration,
};

use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use tokio::sync::Notify;

use super::{
    guard, matrix, route,
    session::sessions,
    site::{Site, hold},
    tls::{self, Doorkeeper},
};
use crate::{
    config,
    control::{self, Certificate, ControlError, Studio},
    words::Lang,
};

/// An address that another program holds is tried again after this.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// A client that has not told its request in this time, or not come to terms on its line, is sent away.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Threads for what takes its time: files, the log, decoding. The unit allows the whole process 64.
const WORKERS: usize = 24;
/// Longest wait for answers under way when the process ends.
const LEAVING: Duration = Duration::from_secs(1);

/// Open pages.
pub struct Place {
    handle: Handle<SocketAddr>,
    closing: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
    address: Arc<OnceLock<String>>,
}

impl Place {
    /// Where they are, once they are open.
    #[must_use]
    pub fn address(&self) -> Arc<OnceLock<String>> {
        Arc::clone(&self.address)
    }

    /// Closes them; answers under way have a second.
    pub fn close(mut self) {
        self.closing.notify_one();
        self.handle.graceful_shutdown(Some(LEAVING));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Opens the pages of `studio` where its settings want them; nothing where they want none. An address that is taken,
/// or a certificate that cannot be read, is tried again and again: what airs does not depend on the pages.
pub fn open(studio: Studio) -> io::Result<Option<Place>> {
    let Some(listen) = studio.folder.station.web.listen else { return Ok(None) };
    let (handle, address) = (Handle::new(), Arc::new(OnceLock::new()));
    let closing = Arc::new(Notify::new());
    let (serving, told, ended) = (handle.clone(), Arc::clone(&address), Arc::clone(&closing));
    let thread = thread::Builder::new().name("web".into()).spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().max_blocking_threads(WORKERS).enable_all().build();
        let served = runtime.and_then(|runtime| {
            let served = runtime.block_on(serve(studio, listen, serving, &ended, &told));
            // Slow work that nobody waits for any more must not hold up the station's end, nor its next start.
            runtime.shutdown_timeout(LEAVING);
            served
        });
        if let Err(error) = served {
            tracing::error!("the pages are closed: {error}");
        }
    })?;
    Ok(Some(Place { handle, closing, thread: Some(thread), address }))
}

async fn serve(
    studio: Studio,
    listen: SocketAddr,
    handle: Handle<SocketAddr>,
    ended: &Notify,
    told: &OnceLock<String>,
) -> io::Result<()> {
    let Some((listener, certificate)) = place(&studio, listen, ended).await else { return Ok(()) };
    let listen = listener.local_addr()?;
    let web = studio.folder.station.web.clone();
    let site = Site::new(studio, hosts(&web, listen));
    let scheme = if certificate.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{listen}");
    if let Some(Certificate { fingerprint, .. }) = &certificate {
        tracing::info!("the certificate of the pages has the SHA-256 {fingerprint}");
    }
    match site.begin_set_up() {
        Ok(Some(word)) => {
            tracing::info!("nobody may sign in yet; make the first admin at {address}/set-up/{word}");
        }
        Ok(None) => tracing::info!("the pages are at {address}"),
        Err(error) => tracing::error!("nobody can sign in: {error}"),
    }
    let _ = told.set(address);
    tokio::spawn(matrix::remember(site.clone()));
    let pages = guard::guarded(route::router(&site).layer(sessions(&web)), &site);
    let keeper = Doorkeeper::new(web.proxy.as_ref().map(|proxy| proxy.address));
    let pages = pages.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)?.handle(handle).http1_only();
    server.http_builder().http1().header_read_timeout(HEADERS_WITHIN);
    let server = server.first_request_timeout(HEADERS_WITHIN);
    let changes = site.changes.clone();
    let end = match certificate {
        None => server.acceptor(keeper).serve(pages).await,
        Some(certificate) => {
            let config = RustlsConfig::from_config(Arc::clone(&certificate.config));
            *hold(&site.certificate) = Some(certificate);
            tokio::spawn(tls::renew(site, config.clone()));
            let encrypted = RustlsAcceptor::new(config).handshake_timeout(HEADERS_WITHIN).acceptor(keeper);
            server.acceptor(encrypted).serve(pages).await
        }
    };
    // What is being changed is changed whole.
    changes.close();
    let _ = tokio::time::timeout(LEAVING, changes.wait()).await;
    end
}

/// The listener, and the certificate where the settings want one; none when the process ends before there are both.
async fn place(
    studio: &Studio,
    listen: SocketAddr,
    ended: &Notify,
) -> Option<(TcpListener, Option<Certificate>)> {
    loop {
        match (control::certificate(&studio.folder, studio.now()), TcpListener::bind(listen)) {
            (Ok(certificate), Ok(listener)) => return Some((listener, certificate)),
            (Err(ControlError::No(why)), _) => {
                let hint = why.hint(Lang::En).unwrap_or_default();
                tracing::error!("the pages cannot be opened: {} {hint}", why.say(Lang::En));
            }
            (Err(error), _) => tracing::error!("the pages cannot be opened: {error}"),
            (_, Err(error)) => tracing::warn!("the pages cannot be opened at `{listen}` yet: {error}"),
        }
        tokio::select! {
            () = tokio::time::sleep(TRY_AGAIN) => {}
            () = ended.notified() => return None,
        }
    }
}

/// The names under which browsers may ask for the pages; any other is a trick with the name service.
fn hosts(web: &config::Web, listen: SocketAddr) -> Vec<String> {
    let own = match listen {
        SocketAddr::V4(at) => at.ip().to_string(),
        SocketAddr::V6(at) => format!("[{}]", at.ip()),
    };
    let usual = ["localhost", "127.0.0.1", "[::1]"].map(String::from);
    let proxy = web.proxy.iter().map(|proxy| proxy.name.clone());
    [own].into_iter().chain(usual).chain(web.names.iter().cloned()).chain(proxy).collect()
}
