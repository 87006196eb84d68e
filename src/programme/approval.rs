//! A named person releases a schedule's bytes with all its media bytes for air.
//!
//! An approval is a signed note (C2SP signed-note v1) over this text; the lines down to the last `file`
//! are its subject, and `digest` is the SHA-256 of exactly these lines:
//!
//! ```text
//! loa approval v1
//! month 2022-03
//! revision 1
//! schedule <sha256 of the schedule file's bytes>
//! file <sha256> <path below media/, NFC>        one line a distinct file, sorted by path
//! digest <sha256>
//! by Nguyễn Văn A
//! document 12/GP-TTVH                           may be empty
//! editor Tổ biên tập
//! self-approved no
//! at 2022-03-01T01:00:00Z
//! ```

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, SecondsFormat, Utc};

use super::{Finding, Place, Severity, field::deceives};
use crate::{
    keys::{self, KeyError, PublicKey, SigningKey},
    units::{Digest, Month},
    words::Message,
};

const HEADER: &str = "loa approval v1";

/// An approval that cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The note is none, or no trusted key signed it.
    #[error("cannot open the approval")]
    Note(#[source] KeyError),
    /// The signed text is not an approval.
    #[error("line {0} of the approval is not what it should be")]
    Line(usize),
    /// A value that cannot stand in a line.
    #[error("`{0}` of the approval must be one line of text")]
    Value(&'static str),
}

/// What is approved: one revision of a month with all its source files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalSubject {
    /// The month.
    pub month: Month,
    /// The schedule's revision.
    pub revision: u32,
    /// SHA-256 of the schedule file's bytes.
    pub schedule: Digest,
    /// SHA-256 of every distinct media file, by its NFC path below `media/`.
    pub files: BTreeMap<String, Digest>,
}

impl ApprovalSubject {
    /// The subject of an approval.
    #[must_use]
    pub fn new(
        month: Month,
        revision: u32,
        schedule: Digest,
        files: BTreeMap<String, Digest>,
    ) -> ApprovalSubject {
        ApprovalSubject { month, revision, schedule, files }
    }

    /// SHA-256 of the canonical lines: one value that stands for all that was heard and approved.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_string().as_bytes())
    }
}

impl fmt::Display for ApprovalSubject {
    /// The canonical lines, the last with its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nmonth {}\nrevision {}", self.month, self.revision)?;
        writeln!(f, "schedule {}", self.schedule)?;
        self.files.iter().try_for_each(|(path, digest)| writeln!(f, "file {digest} {path}"))
    }
}

/// Who releases, and under what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The approver's name.
    pub by: String,
    /// Number of the document behind it; may be empty.
    pub document: String,
    /// Who made the programme.
    pub editor: String,
    /// The approver approves own work.
    pub self_approved: bool,
    /// When, in whole seconds.
    pub at: DateTime<Utc>,
}

/// An approval whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What was approved.
    pub subject: ApprovalSubject,
    /// By whom, when, and under what.
    pub release: Release,
    /// The trusted keys that signed it.
    pub signed_by: Vec<PublicKey>,
}

impl Approval {
    /// Signs the release of `subject`; gives the whole note.
    pub fn sign(
        subject: &ApprovalSubject,
        release: &Release,
        key: &SigningKey,
    ) -> Result<String, ApprovalError> {
        let text = text(subject, release);
        // What would not read back is not signed: no value may break or feign a line.
        match parse(&text) {
            Ok((again, who)) if again == *subject && who == whole_seconds(release) => {}
            _ => return Err(ApprovalError::Value(faulty(subject, release))),
        }
        key.sign(&text).map_err(ApprovalError::Note)
    }

    /// Opens a note that one of `keys` signed.
    pub fn open(note: &[u8], keys: &[PublicKey]) -> Result<Approval, ApprovalError> {
        let opened = keys::open(note, keys).map_err(ApprovalError::Note)?;
        let (subject, release) = parse(&opened.text)?;
        Ok(Approval { subject, release, signed_by: opened.signed_by })
    }

    /// When the approval in `note` was signed, without looking at the signature: it was checked when the
    /// approval was accepted, and the log holds the note's digest.
    #[must_use]
    pub fn signed_at(note: &[u8]) -> Option<DateTime<Utc>> {
        Approval::unchecked(note).map(|(_, release)| release.at)
    }

    /// What the approval in `note` says, without looking at the signature: only for notes whose digest the log
    /// holds.
    #[must_use]
    pub fn unchecked(note: &[u8]) -> Option<(ApprovalSubject, Release)> {
        let text = std::str::from_utf8(note).ok()?;
        let (text, _) = text.split_once("\n\n")?;
        parse(&format!("{text}\n")).ok()
    }

    /// How `now` differs from what was approved: nothing when it may air. `file` is the approval's name in
    /// the findings, every one of which is an error.
    #[must_use]
    pub fn matches(&self, file: &str, now: &ApprovalSubject) -> Vec<Finding> {
        let was = &self.subject;
        let mut messages = Vec::new();
        if was.month != now.month {
            let message = Message::new("approval-month").with("approved", was.month);
            messages.push(message.with("found", now.month));
        }
        if was.revision != now.revision {
            let message = Message::new("approval-revision").with("approved", was.revision);
            messages.push(message.with("found", now.revision));
        } else if was.schedule != now.schedule {
            let message = Message::new("approval-schedule").with("approved", was.schedule.short());
            messages.push(message.with("found", now.schedule.short()));
        }
        for (path, digest) in &was.files {
            let message = match now.files.get(path) {
                None => Message::new("approval-file-removed").with("path", path),
                Some(found) if found != digest => Message::new("approval-file-changed")
                    .with("path", path)
                    .with("approved", digest.short())
                    .with("found", found.short()),
                Some(_) => continue,
            };
            messages.push(message);
        }
        let added = now.files.keys().filter(|path| !was.files.contains_key(*path));
        messages.extend(added.map(|path| Message::new("approval-file-added").with("path", path)));
        let place = Place { file: file.into(), line: None, key: String::new() };
        let finding = |message| Finding { severity: Severity::Error, place: place.clone(), message };
        messages.into_iter().map(finding).collect()
    }
}

fn text(subject: &ApprovalSubject, release: &Release) -> String {
    let Release { by, document, editor, .. } = release;
    let own = if release.self_approved { "yes" } else { "no" };
    let at = release.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let digest = subject.digest();
    format!(
        "{subject}digest {digest}\nby {by}\ndocument {document}\neditor {editor}\nself-approved {own}\nat {at}\n"
    )
}

fn whole_seconds(release: &Release) -> Release {
    let at = DateTime::from_timestamp(release.at.timestamp(), 0).unwrap_or(release.at);
    Release { at, ..release.clone() }
}

/// Which value made a text unreadable, for the person who typed it.
fn faulty(subject: &ApprovalSubject, release: &Release) -> &'static str {
    let values = [("by", &release.by), ("document", &release.document), ("editor", &release.editor)];
    let faulty = values.into_iter().find(|(name, value)| !stands(name, value)).map(|(name, _)| name);
    let file = || subject.files.keys().any(|path| !stands("file", path)).then_some("file");
    faulty.or_else(file).unwrap_or("at")
}

/// Whether `value` can stand after the word `name`.
fn stands(name: &str, value: &str) -> bool {
    let blank = name == "document" && value.is_empty();
    !value.chars().any(deceives) && value.trim() == value && (blank || !value.is_empty())
}

fn parse(text: &str) -> Result<(ApprovalSubject, Release), ApprovalError> {
    let mut lines = Lines { lines: text.split('\n').collect(), at: 0 };
    lines.exactly(HEADER)?;
    let month = lines.value("month")?;
    let revision = lines.value("revision")?;
    let schedule = lines.value("schedule")?;
    let mut files = BTreeMap::new();
    while let Some(file) = lines.peek().strip_prefix("file ") {
        let (digest, path) = file.split_once(' ').ok_or(ApprovalError::Line(lines.at + 1))?;
        let digest = digest.parse().map_err(|_| ApprovalError::Line(lines.at + 1))?;
        // Order and uniqueness follow from the comparison of the whole text below.
        files.insert(path.to_owned(), digest);
        lines.at += 1;
        if !stands("file", path) {
            return Err(ApprovalError::Line(lines.at));
        }
    }
    let subject = ApprovalSubject { month, revision, schedule, files };
    lines.exactly(&format!("digest {}", subject.digest()))?;
    let by = lines.words("by")?;
    let document = lines.words("document")?;
    let editor = lines.words("editor")?;
    let self_approved = lines.words("self-approved")? == "yes";
    let at: DateTime<Utc> = lines.value("at")?;
    let release = Release { by, document, editor, self_approved, at };
    // One spelling: an approval is read exactly as it would be written.
    let again = self::text(&subject, &release);
    match again.split('\n').zip(&lines.lines).position(|(meant, found)| meant != *found) {
        Some(line) => Err(ApprovalError::Line(line + 1)),
        None if again.len() != text.len() => Err(ApprovalError::Line(lines.at + 1)),
        None => Ok((subject, release)),
    }
}

struct Lines<'t> {
    lines: Vec<&'t str>,
    at: usize,
}

impl<'t> Lines<'t> {
    fn peek(&self) -> &'t str {
        self.lines.get(self.at).copied().unwrap_or_default()
    }

    fn exactly(&mut self, wanted: &str) -> Result<(), ApprovalError> {
        let found = self.peek();
        self.at += 1;
        if found == wanted { Ok(()) } else { Err(ApprovalError::Line(self.at)) }
    }

    /// The rest of a line that begins with the word `name`.
    fn words(&mut self, name: &str) -> Result<String, ApprovalError> {
        let rest = self.peek().strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
        self.at += 1;
        rest.filter(|rest| stands(name, rest)).map(str::to_owned).ok_or(ApprovalError::Line(self.at))
    }

    fn value<T: std::str::FromStr>(&mut self, name: &str) -> Result<T, ApprovalError> {
        self.words(name)?.parse().map_err(|_| ApprovalError::Line(self.at))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "PRIVATE+KEY+trung-tam+09fca9df+ARBch9hdKSIj7tU69GLMzT04DlO/c1d5dA6N3vcd6krq";
    const STRANGER: &str = "nguoi-la+6bfabd5c+Abc7PlHiBL72RBmbDvlnZgEdWmGQMVtuFzaNVNrbYjW+";

    fn subject() -> ApprovalSubject {
        let file = |path: &str| (path.to_owned(), Digest::of(path.as_bytes()));
        let files = [file("cchc/nhạc hiệu.mp3"), file("cchc/tin 1.opus")].into();
        ApprovalSubject::new("2022-03".parse().unwrap(), 2, Digest::of(b"schedule"), files)
    }

    fn release() -> Release {
        Release {
            by: "Nguyễn Văn A".into(),
            document: String::new(),
            editor: "Tổ biên tập".into(),
            self_approved: false,
            at: "2022-03-01T01:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn an_approval_opens_with_its_key_and_says_what_was_signed() {
        let key = SigningKey::parse(KEY).unwrap();
        let note = Approval::sign(&subject(), &release(), &key).unwrap();
        let keys = [key.public().clone()];
        let approval = Approval::open(note.as_bytes(), &keys).unwrap();
        assert_eq!((&approval.subject, &approval.release), (&subject(), &release()));
        assert_eq!(approval.signed_by, keys);
        assert_eq!(approval.matches("a", &subject()), []);
        let refused = Approval::open(note.as_bytes(), &[PublicKey::parse(STRANGER).unwrap()]);
        assert_eq!(refused, Err(ApprovalError::Note(KeyError::Untrusted)));
        let other = key.sign("another text\n").unwrap();
        assert_eq!(Approval::open(other.as_bytes(), &keys), Err(ApprovalError::Line(1)));
    }

    #[test]
    fn the_signed_text_has_one_spelling() {
        let lines = "loa approval v1\n\
            month 2022-03\n\
            revision 2\n\
            schedule 5f72005e81c4ecbd5aa3588e80e3daf0df068ce0cf5638944508a0165fea609a\n\
            file X cchc/nhạc hiệu.mp3\n\
            file Y cchc/tin 1.opus\n";
        let files = subject().files;
        let lines = lines
            .replace('X', &files["cchc/nhạc hiệu.mp3"].to_string())
            .replace('Y', &files["cchc/tin 1.opus"].to_string());
        let digest = Digest::of(lines.as_bytes());
        let tail =
            "by Nguyễn Văn A\ndocument \neditor Tổ biên tập\nself-approved no\nat 2022-03-01T01:00:00Z\n";
        assert_eq!(text(&subject(), &release()), format!("{lines}digest {digest}\n{tail}"));
    }

    #[test]
    fn no_value_can_feign_a_line() {
        let key = SigningKey::parse(KEY).unwrap();
        let check = |change: fn(&mut ApprovalSubject, &mut Release), name: &'static str| {
            let (mut subject, mut release) = (subject(), release());
            change(&mut subject, &mut release);
            assert_eq!(Approval::sign(&subject, &release, &key), Err(ApprovalError::Value(name)));
        };
        check(|_, r| r.by = "A\nself-approved no".into(), "by");
        check(|_, r| r.by = String::new(), "by");
        check(|_, r| r.editor = " A".into(), "editor");
        check(|_, r| r.document = "1\u{202e}2".into(), "document");
        check(|s, _| s.files = [("a\nb".to_owned(), Digest::of(b""))].into(), "file");
    }

    proptest! {
        #[test]
        fn what_was_written_reads_back(
            by in "[^\\p{C}\\s]{1,9}",
            document in "[0-9/A-ZĐ-]{0,9}",
            paths in prop::collection::btree_set("[a-zđ]{1,9}(/[a-zđ ]{0,5}x)?", 0..4),
            seconds in 0i64..4_000_000_000,
        ) {
            let files = paths.into_iter().map(|p| (p.clone(), Digest::of(p.as_bytes()))).collect();
            let subject = ApprovalSubject { files, ..subject() };
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let release = Release { by, document, at, ..release() };
            prop_assert_eq!(parse(&text(&subject, &release)), Ok((subject, release)));
        }

        #[test]
        fn what_reads_was_written_so(at in 0usize..400, cut in 0usize..3, put in "[ -~đ\n]{0,2}") {
            let text = text(&subject(), &release());
            let at = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap();
            let end = (at + cut..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
            let damaged = format!("{}{put}{}", &text[..at], &text[end..]);
            if let Ok((subject, release)) = parse(&damaged) {
                prop_assert_eq!(self::text(&subject, &release), damaged);
            }
        }
    }
}
