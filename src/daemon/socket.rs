//! The control socket: one JSON line each way.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::{mpsc, oneshot},
    task::{JoinHandle, JoinSet},
};

use super::engine::Incoming;
use crate::control::{Ask, Reply};

/// Longest wait for those who have not taken their answer when the process ends.
const LEAVING: Duration = Duration::from_secs(1);

/// Longest question that is read.
const LONGEST_ASK: u64 = 64 << 10;

/// A listening control socket; its file goes with it.
pub(super) struct Socket {
    path: PathBuf,
    task: JoinHandle<()>,
    /// Gone when no more conversations shall begin.
    open: Option<oneshot::Sender<()>>,
}

impl Socket {
    /// Listens at `path` with mode 0600. The caller holds the folder's lock, so a file that is already there
    /// was left by a process that is gone.
    pub fn listen(path: &Path, inbox: mpsc::Sender<Incoming>) -> anyhow::Result<Socket> {
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path).with_context(|| format!("listen at `{}`", path.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .with_context(|| format!("protect `{}`", path.display()))?;
        let (open, closing) = oneshot::channel();
        let task = tokio::spawn(serve(listener, inbox, closing));
        Ok(Socket { path: path.into(), task, open: Some(open) })
    }

    /// Ends when those who asked have their answers: what they asked for may be what ends this process. The
    /// caller has answered them, or dropped what would have; who does not take the answer is not waited for.
    pub async fn close(mut self) {
        self.open = None;
        if tokio::time::timeout(LEAVING, &mut self.task).await.is_err() {
            tracing::warn!("somebody at the control socket did not take the answer");
        }
    }
}

async fn serve(listener: UnixListener, inbox: mpsc::Sender<Incoming>, mut closing: oneshot::Receiver<()>) {
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(conversations.spawn(converse(stream, inbox.clone()))),
                // Out of file descriptors, say: it passes, and the stop key must work afterwards.
                Err(error) => {
                    tracing::warn!("the control socket: {error}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            },
            Some(_) = conversations.join_next() => {}
            _ = &mut closing => break,
        }
    }
    while conversations.join_next().await.is_some() {}
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{control::Said, words::Message};

    /// `stop` ends a process that airs one programme only: its answer must not be lost with the process.
    #[tokio::test]
    async fn who_asked_has_the_answer_before_the_socket_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let (inbox, mut incoming) = mpsc::channel(4);
        let socket = Socket::listen(&path, inbox).unwrap();
        let ask = |text: &'static str| {
            let path = path.clone();
            async move {
                let mut stream = UnixStream::connect(path).await.unwrap();
                stream.write_all(text.as_bytes()).await.unwrap();
                stream
            }
        };
        let line = "{\"ask\":\"release\",\"by\":\"An\"}\n";
        let (mut answered, mut left, _silent) = (ask(line).await, ask(line).await, ask("").await);
        let Some(Incoming::Asked(_, reply)) = incoming.recv().await else { panic!("nothing was asked") };
        let unanswered = incoming.recv().await;
        let done = Reply::Done(Said::of(&Message::new("stop-done")));
        reply.send(done).unwrap();
        drop((unanswered, incoming));
        socket.close().await;
        assert!(!path.exists());
        let mut said = [String::new(), String::new()];
        answered.read_to_string(&mut said[0]).await.unwrap();
        left.read_to_string(&mut said[1]).await.unwrap();
        said.sort_by_key(|text| text.contains("ending"));
        assert!(said[0].contains("stop-done") && said[1].contains("ending"), "{said:?}");
    }
}
