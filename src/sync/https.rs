//! The way to the centre by the network.

use std::{
    fs, io,
    path::Path,
    time::{Duration, Instant},
};

use reqwest::{
    StatusCode,
    blocking::{Client, RequestBuilder, Response},
    header::RANGE,
};
use serde::de::DeserializeOwned;

use super::{Answer, SyncError, Transport, fetch::leave_room, pinned::pinned};
use crate::{
    control::{Desired, Enrolment},
    fleet::Push,
    units::Digest,
};

/// A line that does not come about in this time is none.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// An answer, and each piece of a file, comes within this time on the slowest line that is of use.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// Bytes a second of that line: what is long and goes in one piece has more time.
const SLOWEST: u64 = 1 << 10;

/// While a file comes, so often the centre is asked whether something else is wanted by now.
const ASK_MEANWHILE: Duration = Duration::from_secs(1);

/// After so many bytes of a file it is seen whether the disk has room for more.
const LOOK_EACH: u64 = 8 << 20;

/// Longest answer that is read but for files.
const LONGEST_ANSWER: u64 = 16 << 20;

/// A way to the centre by the network.
pub struct Https {
    client: Client,
    address: String,
    token: String,
}

impl Https {
    /// The way to `address` (`https://HOST[:PORT]`), which is known by `pin`, or by the authorities of the web where there
    /// is none; `token` is shown with every request.
    pub fn new(address: &str, pin: Option<Digest>, token: &str) -> Result<Https, SyncError> {
        let away = |error: &dyn std::fmt::Display| SyncError::Away(error.to_string());
        // The names that `reqwest` takes settings by need a provider of the process; the first one set stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder =
            Client::builder().connect_timeout(CONNECT_WITHIN).timeout(ANSWER_WITHIN).https_only(true);
        if let Some(pin) = pin {
            builder = builder.tls_backend_preconfigured(pinned(pin).map_err(|error| away(&error))?);
        }
        let client = builder.build().map_err(|error| away(&error))?;
        Ok(Https { client, address: address.into(), token: token.into() })
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}/v1/{path}", self.address)).bearer_auth(&self.token)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}/v1/{path}", self.address)).bearer_auth(&self.token)
    }
}

/// Sends it; an answer that is a no, with its status and words.
fn send(request: RequestBuilder) -> Result<Response, SyncError> {
    let answer = request.send().map_err(|error| away(&error))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let words = text(answer).unwrap_or_default();
    match status {
        // Whoever is overloaded or ending is asked again.
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            Err(SyncError::Away(words))
        }
        _ => Err(SyncError::Refused { status: status.as_u16(), words }),
    }
}

/// What went wrong, with its causes: the outermost says only that something did.
fn away(error: &dyn std::error::Error) -> SyncError {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        words = format!("{words}: {why}");
        cause = why.source();
    }
    SyncError::Away(words)
}

fn text(answer: Response) -> Result<String, SyncError> {
    let mut text = String::new();
    let read = io::Read::take(answer, LONGEST_ANSWER + 1);
    io::Read::read_to_string(&mut { read }, &mut text).map_err(|error| away(&error))?;
    if text.len() as u64 > LONGEST_ANSWER { Err(SyncError::Unclear) } else { Ok(text) }
}

fn json<T: DeserializeOwned>(answer: Response) -> Result<T, SyncError> {
    serde_json::from_str(&text(answer)?).map_err(|_| SyncError::Unclear)
}

impl Https {
    /// What the station shall hold now.
    fn desired(&self) -> Result<Desired, SyncError> {
        json(send(self.get("desired?have=&wait=0"))?)
    }
}

impl Transport for Https {
    fn enrol(&mut self, wish: &str) -> Result<Enrolment, SyncError> {
        json(send(self.post("enrol").body(wish.to_owned()))?)
    }

    fn head(&mut self, within: Duration) -> Result<String, SyncError> {
        text(send(self.get("head").timeout(within))?)
    }

    fn push(&mut self, push: &Push) -> Result<Answer, SyncError> {
        match send(self.post("push").body(push.write())) {
            Ok(answer) => text(answer).map(Answer::Cosigned),
            Err(SyncError::Refused { status: 409, words }) => {
                words.trim_end().parse().map(Answer::Elsewhere).map_err(|_| SyncError::Unclear)
            }
            Err(error) => Err(error),
        }
    }

    fn missing(&mut self, digests: &[Digest]) -> Result<Vec<Digest>, SyncError> {
        let body = serde_json::to_string(digests).unwrap_or_default();
        let request = self.post("missing").header("content-type", "application/json").body(body);
        json(send(request)?)
    }

    fn bring(&mut self, kind: &str, bytes: &[u8]) -> Result<(), SyncError> {
        let within = ANSWER_WITHIN + Duration::from_secs(bytes.len() as u64 / SLOWEST);
        send(self.post(&format!("bytes/{kind}")).timeout(within).body(bytes.to_vec())).map(drop)
    }

    fn speak(&mut self, word: &str, have: &str, wait: Duration) -> Result<Desired, SyncError> {
        let request = self.post(&format!("word?have={have}&wait={}", wait.as_secs()));
        json(send(request.timeout(ANSWER_WITHIN + wait).body(word.to_owned()))?)
    }

    fn fetch(&mut self, name: &str, path: &Path, most: u64, wanted: &str) -> Result<bool, SyncError> {
        let own = |error: io::Error| SyncError::Own(crate::control::file_error("write", path, error));
        let have = fs::metadata(path).map_or(0, |found| found.len());
        let request = self.get(&format!("files/{name}"));
        let request = if have > 0 { request.header(RANGE, format!("bytes={have}-")) } else { request };
        let mut answer = match send(request) {
            // All of it came before; whether it is right, its digest tells.
            Err(SyncError::Refused { status: 416, .. }) => return Ok(true),
            answer => answer?,
        };
        let goes_on = answer.status() == StatusCode::PARTIAL_CONTENT;
        let mut options = fs::OpenOptions::new();
        options.create(true).write(true).append(goes_on).truncate(!goes_on);
        let mut file = options.open(path).map_err(own)?;
        let (mut piece, mut asked) = (vec![0; 256 << 10], Instant::now());
        let (mut left, mut unlooked) = (most.saturating_sub(if goes_on { have } else { 0 }), 0);
        loop {
            let n = io::Read::read(&mut answer, &mut piece).map_err(|error| away(&error))?;
            if n == 0 {
                break;
            }
            // Whatever the other end says that it has, no more is written than may be.
            left = left.checked_sub(n as u64).ok_or_else(|| SyncError::Other(name.into()))?;
            io::Write::write_all(&mut file, &piece[..n]).map_err(own)?;
            unlooked += n as u64;
            if unlooked >= LOOK_EACH {
                unlooked = 0;
                leave_room(path)?;
            }
            // A month takes long over a slow line, and what is urgent does not wait for it.
            if asked.elapsed() >= ASK_MEANWHILE {
                asked = Instant::now();
                if self.desired()?.tag != wanted {
                    return Ok(false);
                }
            }
        }
        file.sync_all().map_err(own)?;
        Ok(true)
    }

    fn leaves(&mut self, from: u64) -> Result<Vec<String>, SyncError> {
        let answer = send(self.get(&format!("leaves?from={from}")))?;
        let mut bytes = Vec::new();
        let read = io::Read::read_to_end(&mut io::Read::take(answer, LONGEST_ANSWER), &mut bytes);
        // Where the line broke, what came whole came for good: it is not asked for again.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        match read {
            Err(error) if whole == 0 => return Err(away(&error)),
            _ => bytes.truncate(whole),
        }
        let text = String::from_utf8(bytes).map_err(|_| SyncError::Unclear)?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    fn retained(&mut self, digest: Digest) -> Result<Option<Vec<u8>>, SyncError> {
        let answer = match send(self.get(&format!("bytes/{digest}"))) {
            Err(SyncError::Refused { status: 404, .. }) => return Ok(None),
            answer => answer?,
        };
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(answer, LONGEST_ANSWER), &mut bytes)
            .map_err(|error| away(&error))?;
        if Digest::of(&bytes) == digest { Ok(Some(bytes)) } else { Err(SyncError::Unclear) }
    }
}
