//! The control socket: one JSON line each way.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::{mpsc, oneshot},
};

use super::engine::Incoming;
use crate::control::{Ask, Reply};

/// Longest question that is read.
const LONGEST_ASK: u64 = 64 << 10;

/// A listening control socket; its file goes with it.
pub(super) struct Socket {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Socket {
    /// Listens at `path` with mode 0600. The caller holds the folder's lock, so a file that is already there
    /// was left by a process that is gone.
    pub fn listen(path: &Path, inbox: mpsc::Sender<Incoming>) -> anyhow::Result<Socket> {
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path).with_context(|| format!("listen at `{}`", path.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .with_context(|| format!("protect `{}`", path.display()))?;
        let task = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => drop(tokio::spawn(converse(stream, inbox.clone()))),
                    // Out of file descriptors, say: it passes, and the stop key must work afterwards.
                    Err(error) => {
                        tracing::warn!("the control socket: {error}");
                        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    }
                }
            }
        });
        Ok(Socket { path: path.into(), task })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
        let _ = fs::remove_file(&self.path);
    }
}

async fn converse(stream: UnixStream, inbox: mpsc::Sender<Incoming>) {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    if BufReader::new(read.take(LONGEST_ASK)).read_line(&mut line).await.is_err() {
        return;
    }
    let reply = match serde_json::from_str::<Ask>(&line) {
        Err(error) => Reply::Failed(format!("not understood: {error}")),
        Ok(ask) => {
            let (reply, answer) = oneshot::channel();
            if inbox.send(Incoming::Asked(ask, reply)).await.is_err() {
                return;
            }
            answer.await.unwrap_or_else(|_| Reply::Failed("the daemon is ending".into()))
        }
    };
    let mut text = serde_json::to_string(&reply).unwrap_or_default();
    text.push('\n');
    // A person who went away before the answer has lost nothing: what was asked is done and logged.
    let _ = write.write_all(text.as_bytes()).await;
}
