//! What the sound server does with our stream. Consumption looks perfect on a sink that is muted, and on another
//! one than was opened (`module-rescue-streams`): only the server can say, so it is asked.
//!
//! The server tells when something changed and is asked only then, on a thread that waits and costs nothing
//! meanwhile. A server that is frozen answers nothing; that is the watch's business, not ours.

use std::{
    ffi::CString,
    io::{self, BufReader, Read},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pulseaudio::protocol::{
    self, AuthParams, AuthReply, ChannelVolume, Command, CommandReply, GetSinkInfo, Prop, Props,
    ProtocolError, SetClientNameReply, SinkInfo, SinkInputInfo, SinkInputInfoList, SubscriptionMask,
    TagStructRead, TagStructReader, Volume,
};

/// Who hears our stream, by the server's word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::playout) enum Hearing {
    /// Nobody said anything: an output without a server, or one that was only just asked.
    #[default]
    Unknown,
    /// The server was asked and does not say, and why.
    Unanswered(String),
    /// It sounds on the sink that was opened.
    Audible,
    /// The server throws the sound away, and why.
    Muted(String),
    /// It plays on another sink than was opened.
    Elsewhere(String),
}

/// Wait before a question that failed is asked again; doubled up to `BACK_OFF_MOST` while none is answered.
const BACK_OFF: Duration = Duration::from_secs(1);
/// Longest wait between questions that fail: the lamp says meanwhile that nobody knows.
const BACK_OFF_MOST: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Asked {
    hearing: Hearing,
    socket: Option<UnixStream>,
    over: bool,
}

#[derive(Default)]
struct Shared {
    asked: Mutex<Asked>,
    /// Told when it is over.
    ended: Condvar,
}

/// A standing question about one stream; ends when dropped.
pub(super) struct Inquiry {
    shared: Arc<Shared>,
}

impl Inquiry {
    /// Asks from now on about the stream that this process opened last, on `sink`: where the client library goes too,
    /// which knows no servers but those behind a local socket.
    pub(super) fn begin(sink: String) -> Inquiry {
        let connect = || {
            let path = pulseaudio::socket_path_from_env().ok_or(io::Error::from(io::ErrorKind::NotFound))?;
            UnixStream::connect(path)
        };
        Inquiry::through(connect, BACK_OFF, sink)
    }

    /// The same through the sockets that `connect` gives, asked anew behind `back_off` when one fails.
    fn through(
        connect: impl Fn() -> io::Result<UnixStream> + Send + 'static,
        back_off: Duration,
        sink: String,
    ) -> Inquiry {
        let shared = Arc::new(Shared::default());
        let inquiry = Inquiry { shared: Arc::clone(&shared) };
        let spawned = std::thread::Builder::new().name("server".into()).spawn(move || {
            let mut wait = back_off;
            loop {
                let result =
                    connect().map_err(ProtocolError::from).and_then(|socket| follow(socket, &sink, &shared));
                let Err(error) = result else { return };
                let mut asked = lock(&shared);
                let answered = !matches!(asked.hearing, Hearing::Unknown | Hearing::Unanswered(_));
                wait = if answered { back_off } else { wait };
                tracing::debug!(%error, ?wait, "the sound server is asked again");
                asked.hearing = Hearing::Unanswered(error.to_string());
                asked.socket = None;
                let ended = shared.ended.wait_timeout_while(asked, wait, |asked| !asked.over);
                if ended.unwrap_or_else(PoisonError::into_inner).0.over {
                    return;
                }
                wait = (wait * 2).min(BACK_OFF_MOST);
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread to ask the sound server");
            lock(&inquiry.shared).hearing = Hearing::Unanswered(error.to_string());
        }
        inquiry
    }

    /// The latest answer.
    pub(super) fn hearing(&self) -> Hearing {
        lock(&self.shared).hearing.clone()
    }
}

impl Drop for Inquiry {
    fn drop(&mut self) {
        let mut asked = lock(&self.shared);
        asked.over = true;
        self.shared.ended.notify_all();
        if let Some(socket) = asked.socket.take() {
            // Wakes the thread out of its read, also when the server is frozen; a socket that is dead
            // already has woken it itself.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Asked> {
    shared.asked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks, and asks again whenever something changed, until the connection ends.
fn follow(socket: UnixStream, sink: &str, shared: &Shared) -> Result<(), ProtocolError> {
    {
        let mut asked = lock(shared);
        if asked.over {
            return Ok(());
        }
        asked.socket = Some(socket.try_clone()?);
    }
    let mut server = Server::greet(socket)?;
    server.tell(&Command::Subscribe(SubscriptionMask::SINK | SubscriptionMask::SINK_INPUT))?;
    loop {
        server.changed = false;
        let hearing = server.hearing(sink)?;
        lock(shared).hearing = hearing;
        while !server.changed {
            server.take(None, |_, _| Ok(()))?;
        }
    }
}

/// A connection to the server.
struct Server {
    stream: BufReader<UnixStream>,
    version: u16,
    asked: u32,
    /// The server said that something changed since this was last cleared.
    changed: bool,
}

impl Server {
    fn greet(socket: UnixStream) -> Result<Server, ProtocolError> {
        let stream = BufReader::new(socket);
        let mut server = Server { stream, version: protocol::MAX_VERSION, asked: 0, changed: false };
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
        let (version, cookie) = (protocol::MAX_VERSION, cookie.unwrap_or_default());
        let auth = AuthParams { version, supports_shm: false, supports_memfd: false, cookie };
        let reply: AuthReply = server.ask(&Command::Auth(auth))?;
        server.version = reply.version.min(protocol::MAX_VERSION);
        let mut props = Props::new();
        props.set(Prop::ApplicationName, CString::from(c"loa"));
        let _: SetClientNameReply = server.ask(&Command::SetClientName(props))?;
        Ok(server)
    }

    /// Asks and waits for the answer.
    fn ask<R: CommandReply + TagStructRead>(&mut self, command: &Command) -> Result<R, ProtocolError> {
        self.asked += 1;
        protocol::write_command_message(self.stream.get_mut(), self.asked, command, self.version)?;
        loop {
            let read = |answer: &mut TagStructReader<'_>, _| answer.read();
            if let Some(answer) = self.take(Some(self.asked), read)? {
                return Ok(answer);
            }
        }
    }

    /// Tells something to which the answer is empty.
    fn tell(&mut self, command: &Command) -> Result<(), ProtocolError> {
        self.asked += 1;
        protocol::write_command_message(self.stream.get_mut(), self.asked, command, self.version)?;
        while self.take(Some(self.asked), |_, _| Ok(()))?.is_none() {}
        Ok(())
    }

    /// Takes one message. The answer to the question numbered `wanted` is read by `read`; of anything else
    /// only that something changed is kept.
    fn take<R>(
        &mut self,
        wanted: Option<u32>,
        read: impl FnOnce(&mut TagStructReader<'_>, u16) -> Result<R, ProtocolError>,
    ) -> Result<Option<R>, ProtocolError> {
        let descriptor = protocol::read_descriptor(&mut self.stream)?;
        let mut message = (&mut self.stream).take(u64::from(descriptor.length));
        let answer = match Command::read_tag_prefixed(&mut message, self.version) {
            Ok((asked, Command::Reply)) if Some(asked) == wanted => {
                Some(read(&mut TagStructReader::new(&mut message, self.version), self.version)?)
            }
            Ok((asked, Command::Error(error))) if Some(asked) == wanted => {
                return Err(ProtocolError::ServerError(error));
            }
            Ok((_, Command::SubscribeEvent(_))) => {
                self.changed = true;
                None
            }
            // What this library cannot read was not asked for.
            Ok(_) | Err(ProtocolError::Unimplemented(..)) => None,
            Err(error) => return Err(error),
        };
        io::copy(&mut message, &mut io::sink())?;
        Ok(answer)
    }

    fn hearing(&mut self, meant: &str) -> Result<Hearing, ProtocolError> {
        let inputs: SinkInputInfoList = self.ask(&Command::GetSinkInputInfoList)?;
        let own = std::process::id().to_string();
        // A stream that died in a frozen server may still stand there; the one that was opened last counts.
        let ours = inputs.iter().filter(|input| owner(input) == Some(own.as_bytes()));
        let Some(ours) = ours.max_by_key(|input| input.index) else {
            return Ok(Hearing::Unanswered("the sound server does not list loa's stream".into()));
        };
        let index = Some(ours.sink_index);
        match self.ask::<SinkInfo>(&Command::GetSinkInfo(GetSinkInfo { index, name: None })) {
            Ok(sink) => Ok(judge(meant, ours, &sink)),
            // It went away between the two questions; the server will say that something changed.
            Err(ProtocolError::ServerError(error)) => Ok(Hearing::Unanswered(format!("{error:?}"))),
            Err(error) => Err(error),
        }
    }
}

/// Process id of the program that plays, without the zero byte that ends it.
fn owner(input: &SinkInputInfo) -> Option<&[u8]> {
    input.props.get(Prop::ApplicationProcessId)?.split(|byte| *byte == 0).next()
}

/// What becomes of a stream meant for the sink called `meant`.
fn judge(meant: &str, ours: &SinkInputInfo, sink: &SinkInfo) -> Hearing {
    let name = sink.name.to_string_lossy();
    if name != meant {
        return Hearing::Elsewhere(name.into_owned());
    }
    let why = match () {
        () if sink.muted => format!("`{name}` is muted"),
        () if is_zero(&sink.cvolume) => format!("`{name}` is at volume zero"),
        () if ours.muted => format!("loa's stream on `{name}` is muted"),
        () if ours.has_volume && is_zero(&ours.cvolume) => {
            format!("loa's stream on `{name}` is at volume zero")
        }
        () => return Hearing::Audible,
    };
    Hearing::Muted(why)
}

fn is_zero(volume: &ChannelVolume) -> bool {
    volume.channels().iter().all(|channel| *channel == Volume::MUTED)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn check(change: impl FnOnce(&mut SinkInputInfo, &mut SinkInfo), expected: &Hearing) {
        let volume = ChannelVolume::norm(2);
        let mut ours = SinkInputInfo { cvolume: volume, has_volume: true, ..SinkInputInfo::default() };
        let mut sink = SinkInfo::new_dummy(1);
        sink.name = c"loud".into();
        sink.cvolume = volume;
        change(&mut ours, &mut sink);
        assert_eq!(judge("loud", &ours, &sink), *expected);
    }

    #[test]
    fn a_question_that_fails_is_asked_again_until_nobody_wants_to_know() {
        let (asked, questions) = mpsc::channel();
        let connect = move || {
            // Now there is no server, now one that hangs up.
            let n = asked.send(()).is_ok_and(|()| fastrand::bool());
            if n { UnixStream::pair().map(|(ours, _)| ours) } else { Err(io::ErrorKind::NotFound.into()) }
        };
        let inquiry = Inquiry::through(connect, Duration::from_millis(1), "loud".into());
        let patience = Duration::from_secs(20);
        for n in 0..5 {
            assert_eq!(questions.recv_timeout(patience), Ok(()), "question {n}");
        }
        assert!(matches!(inquiry.hearing(), Hearing::Unanswered(_)), "it says that nobody knows");
        drop(inquiry);
        while questions.recv_timeout(patience).is_ok() {}
        assert_eq!(questions.try_recv(), Err(mpsc::TryRecvError::Disconnected), "the thread has ended");
    }

    #[test]
    fn only_a_stream_at_some_volume_on_its_own_sink_is_audible() {
        let muted = |why: &str| Hearing::Muted(why.into());
        check(|_, _| {}, &Hearing::Audible);
        check(|_, sink| sink.name = c"hdmi".into(), &Hearing::Elsewhere("hdmi".into()));
        check(|_, sink| sink.muted = true, &muted("`loud` is muted"));
        check(|_, sink| sink.cvolume = ChannelVolume::muted(2), &muted("`loud` is at volume zero"));
        check(|ours, _| ours.muted = true, &muted("loa's stream on `loud` is muted"));
        check(
            |ours, _| ours.cvolume = ChannelVolume::muted(2),
            &muted("loa's stream on `loud` is at volume zero"),
        );
        // A stream without a volume of its own has none that could be zero.
        check(
            |ours, _| (ours.has_volume, ours.cvolume) = (false, ChannelVolume::muted(2)),
            &Hearing::Audible,
        );
        // One channel of two is heard.
        let mut half = ChannelVolume::empty();
        half.push(Volume::MUTED);
        half.push(Volume::NORM);
        check(|_, sink| sink.cvolume = half, &Hearing::Audible);
    }
}
