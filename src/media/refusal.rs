//! Why a file may not air: each reason with a stable code, so that a person learns what to do about it.

use crate::{
    programme::{Finding, Place, Severity},
    words::Message,
};

/// A file that may not air, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` {why}")]
pub struct Refusal {
    /// The file as the schedule names it.
    pub file: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The name is absolute, climbs out, or a link leads out.
    #[error("leaves the media folder")]
    Outside,
    /// No such file; the nearest name that exists beside it, if one is near.
    #[error("does not exist")]
    Missing {
        /// The nearest existing name below the media folder.
        nearest: Option<String>,
    },
    /// A folder, pipe, socket or device.
    #[error("is not a regular file")]
    NotFile,
    /// The system would not give its bytes.
    #[error("cannot be read: {detail}")]
    Unreadable {
        /// What the system said.
        detail: String,
    },
    /// Its bytes are something else than sound.
    #[error("is not audio but {found}")]
    NotAudio {
        /// What it is.
        found: &'static str,
    },
    /// Sound of a format that is not taken.
    #[error("is {found}, which is not taken")]
    Format {
        /// What it is.
        found: String,
    },
    /// No bytes, or no frame of sound in them.
    #[error("holds no sound")]
    Empty,
    /// It ends before the end that it states.
    #[error("ends early, after {decoded_ms} ms")]
    Truncated {
        /// What is there, in milliseconds.
        decoded_ms: u64,
        /// What its container states, in milliseconds, where it states a length.
        stated_ms: Option<u64>,
    },
    /// Rate or channels change in the middle.
    #[error("changes its rate or channels after {at_ms} ms")]
    Changes {
        /// Where, in milliseconds.
        at_ms: u64,
    },
    /// It goes on beyond the limit.
    #[error("is longer than {limit_min} minutes")]
    TooLong {
        /// The limit, in minutes.
        limit_min: u64,
    },
    /// So much of it is damaged that it would air holes.
    #[error("is damaged: {lost_ms} ms of {of_ms} ms cannot be decoded")]
    Ruined {
        /// Lost sound, in milliseconds.
        lost_ms: u64,
        /// Whole length, in milliseconds.
        of_ms: u64,
    },
    /// The decoder gave up.
    #[error("cannot be decoded: {detail}")]
    Undecodable {
        /// What the decoder said.
        detail: String,
    },
    /// Another program wrote to it while it was read.
    #[error("changed while it was read")]
    Unsettled,
    /// The reading was stopped from outside before its end.
    #[error("was not read to its end: the check was stopped")]
    Stopped,
}

impl Why {
    /// With the file it is about.
    #[must_use]
    pub fn of(self, file: &str) -> Refusal {
        Refusal { file: file.into(), why: self }
    }
}

impl Refusal {
    /// What to say of it.
    #[must_use]
    pub fn message(&self) -> Message {
        self.why.name_values(Message::new(self.why.code()).with("file", &self.file))
    }

    /// As a finding of severity error at `place`.
    #[must_use]
    pub fn finding(&self, place: Place) -> Finding {
        Finding { severity: Severity::Error, place, message: self.message() }
    }
}

impl Why {
    /// The code in the catalogues.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Why::Outside => "audio-outside-media",
            Why::Missing { nearest: None } => "audio-missing",
            Why::Missing { nearest: Some(_) } => "audio-missing-near",
            Why::NotFile => "audio-not-file",
            Why::Unreadable { .. } => "audio-unreadable",
            Why::NotAudio { .. } => "audio-not-audio",
            Why::Format { .. } => "audio-format",
            Why::Empty => "audio-empty",
            Why::Truncated { stated_ms: Some(_), .. } => "audio-truncated",
            Why::Truncated { stated_ms: None, .. } => "audio-no-end",
            Why::Changes { .. } => "audio-changes",
            Why::TooLong { .. } => "audio-too-long",
            Why::Ruined { .. } => "audio-ruined",
            Why::Undecodable { .. } => "audio-undecodable",
            Why::Unsettled => "audio-unsettled",
            Why::Stopped => "audio-stopped",
        }
    }

    fn name_values(&self, message: Message) -> Message {
        match self {
            Why::Missing { nearest: Some(nearest) } => message.with("nearest", nearest),
            Why::NotAudio { found } => message.with("found", found),
            Why::Format { found } => message.with("found", found),
            Why::Unreadable { detail } | Why::Undecodable { detail } => message.with("detail", detail),
            Why::Truncated { decoded_ms, stated_ms } => {
                let message = message.with("decoded", span(*decoded_ms));
                stated_ms.map_or(message.clone(), |stated| message.with("stated", span(stated)))
            }
            Why::Changes { at_ms } => message.with("at", span(*at_ms)),
            Why::TooLong { limit_min } => message.with("limit", limit_min),
            Why::Ruined { lost_ms, of_ms } => message.with("lost", span(*lost_ms)).with("of", span(*of_ms)),
            _ => message,
        }
    }
}

/// A span for people: `12:03.4`, minutes, seconds and tenths.
#[must_use]
pub(super) fn span(ms: u64) -> String {
    let tenths = (ms + 50) / 100;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_a_clock_does() {
        assert_eq!(span(0), "0:00.0");
        assert_eq!(span(59_960), "1:00.0");
        assert_eq!(span(723_449), "12:03.4");
    }
}
