//! What a package claims to be: the signed line of `<seq>.note`.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use unicode_normalization::is_nfc;

use super::{Trust, TrustChain, line};
use crate::{
    disk::join_below,
    evidence::{PackageName, canonical::MOST_INTEGER},
    keys::{self, PublicKey, SigningKey},
    units::{Digest, Month},
    words::Message,
};

const HEADER: &str = "loa package v1";

/// In the list of stations: every station of the channel.
pub const EVERY_STATION: &str = "*";

/// A month names fewer files.
const MOST_FILES: usize = 2000;
/// Longest schedule and longest approval, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;
/// Longest audio file: what a page takes.
pub(super) const LONGEST_FILE: u64 = 500 << 20;
/// Longest name of a person or a document, in characters.
const LONGEST_WORDS: usize = 200;
/// Longest id of a station or a channel.
const LONGEST_ID: usize = 64;

/// Bytes of the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// How many.
    pub bytes: u64,
    /// Their digest.
    pub sha256: Digest,
}

impl Part {
    /// `bytes` as a part.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Part {
        Part { bytes: bytes.len() as u64, sha256: Digest::of(bytes) }
    }
}

/// An audio file of the month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFact {
    /// How long it is.
    pub bytes: u64,
    /// Its name below `media/`, NFC.
    pub file: String,
    /// Its digest.
    pub sha256: Digest,
}

impl FileFact {
    /// Its bytes.
    #[must_use]
    pub fn part(&self) -> Part {
        Part { bytes: self.bytes, sha256: self.sha256 }
    }
}

/// An urgent package lives so long at most.
pub const LONGEST_URGENT: TimeDelta = TimeDelta::hours(24);

/// So many different approvers must sign an urgent package, whatever the trust file says of months.
const URGENT_APPROVERS: u64 = 2;

/// An urgent programme: what a package brings in place of a month. The signatures of the package are its approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Urgent {
    /// Who releases it: the approvers' names.
    pub by: String,
    /// Number of the document behind it; may be empty.
    pub document: String,
    /// From when it may sound, milliseconds since 1970 (UTC).
    pub from_ms: i64,
    /// Id of its one programme.
    pub programme: String,
    /// Until when it must have ended.
    pub until_ms: i64,
}

/// What a package claims to be. Fields in the order of their names: so they stand in the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The month's approval note, which stations check again whenever it airs; absent where it is urgent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approval: Option<Part>,
    /// Who issues it: the id of the centre.
    pub channel: String,
    /// Every audio file of the month, by name.
    pub files: Vec<FileFact>,
    /// When it was issued, milliseconds since 1970 (UTC).
    pub issued_ms: i64,
    /// Its month.
    pub month: Month,
    /// From here on it is no longer taken.
    pub not_after_ms: i64,
    /// Before that it is not yet taken.
    pub not_before_ms: i64,
    /// The schedule's revision.
    pub revision: u32,
    /// The schedule's file.
    pub schedule: Part,
    /// Its number in the channel, from 1.
    pub seq: u64,
    /// For which stations, by id; or [`EVERY_STATION`] alone.
    pub stations: Vec<String>,
    /// Version of the trust file under which it was signed.
    pub trust: u64,
    /// What airs at once, in place of a month.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub urgent: Option<Urgent>,
}

impl Manifest {
    /// The code with which a package is refused whose time has not come.
    pub const NOT_YET: &str = "package-not-yet";

    /// The text that is signed; a no when it would not read back.
    pub fn text(&self) -> Result<String, Message> {
        self.examine()?;
        Ok(line::write(HEADER, self))
    }

    /// Whether both issue the same bytes under the same number to the same stations, at whatever moment.
    #[must_use]
    pub fn is_same_issue(&self, other: &Manifest) -> bool {
        let Manifest { issued_ms, not_before_ms, .. } = *self;
        let mut same = Manifest { issued_ms, not_before_ms, ..other.clone() };
        // What may sound from its first moment on says no more by that than when it was issued.
        if let (Some(this), Some(it)) = (&self.urgent, &mut same.urgent)
            && this.from_ms == not_before_ms
            && it.from_ms == other.not_before_ms
        {
            it.from_ms = this.from_ms;
        }
        *self == same
    }

    /// The note with the signatures of `keys`.
    pub fn sign(&self, keys: &[SigningKey]) -> Result<String, Message> {
        let text = self.text()?;
        let unsigned = || Message::new("package-unsigned");
        let (first, more) = keys.split_first().ok_or_else(unsigned)?;
        let note = first.sign(&text).map_err(|_| unsigned())?;
        more.iter().try_fold(note, |note, key| keys::cosign(&note, key)).map_err(|_| unsigned())
    }

    /// Opens a note: enough editors and enough approvers of the trust file must have signed it. Gives the digest of
    /// what was signed as well.
    pub fn open(note: &[u8], trust: &TrustChain) -> Result<(Manifest, Digest), Message> {
        let now = trust.last();
        let known: Vec<PublicKey> = now.editors.iter().chain(&now.approvers).cloned().collect();
        let opened = keys::open(note, &known).map_err(|_| unopened(note, &known, trust))?;
        let manifest: Manifest = line::read(HEADER, &opened.text)?;
        manifest.examine()?;
        // One key has one voice under however many names; nobody is editor and approver in one trust file.
        let signed = |keys: &[PublicKey]| keys.iter().filter(|key| opened.signed_by.contains(key)).count();
        if manifest.channel != now.channel {
            let no = Message::new("package-channel").with("found", &manifest.channel);
            return Err(no.with("wanted", &now.channel));
        }
        for (keys, wanted, code) in [
            (&now.approvers, now.thresholds.approvers, "package-editor-alone"),
            (&now.editors, now.thresholds.editors, "package-editor-missing"),
        ] {
            let found = signed(keys);
            if (found as u64) < wanted {
                return Err(Message::new(code).with("found", found).with("wanted", wanted));
            }
        }
        let found = signed(&now.approvers) as u64;
        if manifest.urgent.is_some() && found < URGENT_APPROVERS {
            let no = Message::new("package-urgent-alone").with("found", found);
            return Err(no.with("wanted", URGENT_APPROVERS));
        }
        if manifest.trust > now.version {
            let no = Message::new("package-trust-newer").with("wanted", manifest.trust);
            return Err(no.with("found", now.version));
        }
        Ok((manifest, Digest::of(opened.text.as_bytes())))
    }

    /// What `note` says that it is, whoever signed it, and the digest of its text: for what was checked before, and for
    /// the entry of a refusal, never for belief.
    #[must_use]
    pub fn unchecked(note: &[u8]) -> (Option<Manifest>, Digest) {
        let text = std::str::from_utf8(note).ok().and_then(|note| note.rsplit_once("\n\n"));
        let Some(text) = text.map(|(text, _)| format!("{text}\n")) else { return (None, Digest::of(note)) };
        let manifest = line::read::<Manifest>(HEADER, &text).ok();
        (manifest.filter(|manifest| manifest.examine().is_ok()), Digest::of(text.as_bytes()))
    }

    /// What its entries call it.
    #[must_use]
    pub fn name(&self) -> PackageName {
        let Manifest { channel, month, revision, seq, .. } = self;
        PackageName { channel: channel.clone(), month: *month, revision: *revision, seq: *seq }
    }

    /// Refuses it at a station or a moment for which it is not.
    pub fn is_for(&self, station: &str, now: DateTime<Utc>) -> Result<(), Message> {
        if !self.stations.iter().any(|id| id == station || id == EVERY_STATION) {
            return Err(Message::new("package-other-station").with("station", station));
        }
        let now = now.timestamp_millis();
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339();
        if now < self.not_before_ms {
            return Err(Message::new(Manifest::NOT_YET).with("from", at(self.not_before_ms)));
        }
        if now >= self.not_after_ms {
            return Err(Message::new("package-expired").with("until", at(self.not_after_ms)));
        }
        Ok(())
    }

    /// The digests of its audio by name, as an approval has them.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<String, Digest> {
        self.files.iter().map(|file| (file.file.clone(), file.sha256)).collect()
    }

    /// Everything that must be there: schedule, approval, audio.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        [self.schedule].into_iter().chain(self.approval).chain(self.files.iter().map(FileFact::part))
    }

    /// The rules beyond the form of its fields.
    fn examine(&self) -> Result<(), Message> {
        let value = |name| Message::new("package-value").with("name", name);
        for (name, number) in [("seq", self.seq), ("trust", self.trust)] {
            if number == 0 || number > MOST_INTEGER.unsigned_abs() {
                return Err(value(name));
            }
        }
        let times = [self.issued_ms, self.not_before_ms, self.not_after_ms];
        if times.iter().any(|ms| *ms < 0 || DateTime::from_timestamp_millis(*ms).is_none()) {
            return Err(value("issued_ms, not_before_ms, not_after_ms"));
        }
        if self.not_after_ms <= self.not_before_ms {
            return Err(value("not_after_ms"));
        }
        if self.approval.is_some() == self.urgent.is_some() {
            return Err(value("approval, urgent"));
        }
        for (name, part) in [("schedule", Some(self.schedule)), ("approval", self.approval)] {
            if part.is_some_and(|part| part.bytes > LONGEST_TEXT) {
                return Err(value(name));
            }
        }
        if let Some(urgent) = &self.urgent {
            self.examine_urgent(urgent)?;
        }
        if !is_id(&self.channel) {
            return Err(value("channel"));
        }
        let every = self.stations == [EVERY_STATION];
        if self.stations.is_empty() || !every && !self.stations.iter().all(|id| is_id(id)) {
            return Err(value("stations"));
        }
        if self.files.len() > MOST_FILES || self.files.iter().any(|file| file.bytes > LONGEST_FILE) {
            return Err(value("files"));
        }
        if let Some(file) = self.files.iter().find(|file| !is_harmless(&file.file)) {
            return Err(Message::new("package-path").with("file", file.file.escape_debug()));
        }
        let ordered = self.files.is_sorted_by(|a, b| a.file < b.file);
        if !ordered || !self.stations.is_sorted_by(|a, b| a < b) {
            return Err(Message::new("package-order"));
        }
        Ok(())
    }
}

impl Manifest {
    /// The rules of an urgent one: it lives for a day at most, and sounds while it lives.
    fn examine_urgent(&self, urgent: &Urgent) -> Result<(), Message> {
        let value = |name| Message::new("package-value").with("name", name);
        if self.not_after_ms - self.not_before_ms > LONGEST_URGENT.num_milliseconds() {
            let hours = (self.not_after_ms - self.not_before_ms) / 3_600_000;
            return Err(Message::new("package-urgent-long").with("found", hours));
        }
        if urgent.from_ms < self.not_before_ms || urgent.until_ms > self.not_after_ms {
            return Err(value("from_ms, until_ms"));
        }
        if urgent.until_ms <= urgent.from_ms {
            return Err(value("until_ms"));
        }
        if !is_id(&urgent.programme) {
            return Err(value("programme"));
        }
        if urgent.by.trim().is_empty() || urgent.by.chars().count() > LONGEST_WORDS {
            return Err(value("by"));
        }
        if urgent.document.chars().count() > LONGEST_WORDS {
            return Err(value("document"));
        }
        Ok(())
    }
}

/// Why nobody of `known` signed `note`.
fn unopened(note: &[u8], known: &[PublicKey], trust: &TrustChain) -> Message {
    if !keys::named(note, known).is_empty() {
        return Message::new("package-signature");
    }
    let of_old = |trust: &Trust| -> Vec<PublicKey> {
        let keys = trust.editors.iter().chain(&trust.approvers).cloned();
        keys.collect()
    };
    let gone = trust
        .before()
        .iter()
        .flat_map(of_old)
        .find(|key| !keys::named(note, std::slice::from_ref(key)).is_empty());
    match gone {
        Some(key) => Message::new("package-key-revoked").with("key", key.name()),
        None => Message::new("package-key-unknown"),
    }
}

/// An id as a station's: lower-case letters, digits, `-`.
pub(super) fn is_id(id: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(fits)
}

/// Whether a name stays below the media folder on every system, has one spelling and hides nothing.
fn is_harmless(name: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.len() <= 255 && part.trim() == part && !part.starts_with('.');
    let deceives = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
    };
    name.len() <= 1024
        && is_nfc(name)
        && !name.contains(deceives)
        && !name.contains([':', '\\'])
        && name.split('/').all(part)
        && join_below(std::path::Path::new("media"), name).is_some()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::package::trust::tests::{Keys, chain};

    /// A package of March for the station `pho-minh`.
    pub fn manifest() -> Manifest {
        let file = |name: &str| FileFact { bytes: 3, file: name.into(), sha256: Digest::of(b"abc") };
        Manifest {
            approval: Some(Part::of(b"approval")),
            channel: "quang-ngai".into(),
            files: vec![file("2022-03/nhạc hiệu.mp3"), file("2022-03/tin.mp3")],
            issued_ms: 1_646_000_000_000,
            month: "2022-03".parse().unwrap(),
            not_after_ms: 1_648_000_000_000,
            not_before_ms: 1_646_000_000_000,
            revision: 1,
            schedule: Part::of(b"schedule"),
            seq: 7,
            stations: vec!["pho-minh".into()],
            trust: 1,
            urgent: None,
        }
    }

    /// The same as an urgent one, for an hour from its issue on.
    pub fn urgent() -> Manifest {
        let manifest = manifest();
        let from_ms = manifest.not_before_ms;
        let urgent = Urgent {
            by: "Trần Thị B, Lê Văn C".into(),
            document: "12/KC".into(),
            from_ms,
            programme: "bao-so-5".into(),
            until_ms: from_ms + 3_600_000,
        };
        let not_after_ms = from_ms + LONGEST_URGENT.num_milliseconds();
        Manifest { approval: None, not_after_ms, urgent: Some(urgent), ..manifest }
    }

    fn refused(note: &str) -> &'static str {
        let (keys, trust) = chain();
        drop(keys);
        Manifest::open(note.as_bytes(), &trust).map_or_else(|no| no.code, |_| "taken")
    }

    #[test]
    fn editor_and_approver_sign_and_nobody_alone() {
        let Keys { editor, approver, stranger, .. } = chain().0;
        let sign = |keys: &[&SigningKey]| {
            let keys: Vec<SigningKey> = keys.iter().map(|key| (*key).clone()).collect();
            manifest().sign(&keys).unwrap()
        };
        assert_eq!(refused(&sign(&[&editor, &approver])), "taken");
        assert_eq!(refused(&sign(&[&editor, &stranger, &approver])), "taken");
        assert_eq!(refused(&sign(&[&editor])), "package-editor-alone");
        assert_eq!(refused(&sign(&[&approver])), "package-editor-missing");
        assert_eq!(refused(&sign(&[&stranger])), "package-key-unknown");
        let note = sign(&[&editor, &approver]);
        assert_eq!(refused(&note.replace("\"seq\":7", "\"seq\":8")), "package-signature");
        assert_eq!(refused("no note"), "package-key-unknown");
    }

    #[test]
    fn an_urgent_one_needs_two_approvers_whatever_the_trust_file_says() {
        let Keys { editor, approver, second, stranger, .. } = chain().0;
        let sign = |keys: &[&SigningKey]| {
            let keys: Vec<SigningKey> = keys.iter().map(|key| (*key).clone()).collect();
            urgent().sign(&keys).unwrap()
        };
        assert_eq!(refused(&sign(&[&editor, &approver, &second])), "taken");
        assert_eq!(refused(&sign(&[&editor, &approver])), "package-urgent-alone");
        assert_eq!(refused(&sign(&[&editor, &approver, &stranger])), "package-urgent-alone");
        assert_eq!(refused(&sign(&[&approver, &second])), "package-editor-missing");
    }

    #[test]
    fn an_urgent_one_lives_for_a_day_and_sounds_while_it_lives() {
        let check = |change: fn(&mut Manifest, &mut Urgent), code| {
            let mut manifest = urgent();
            let mut urgent = manifest.urgent.clone().unwrap();
            change(&mut manifest, &mut urgent);
            manifest.urgent = Some(urgent);
            assert_eq!(manifest.text().map_err(|no| no.code), Err(code));
        };
        assert!(urgent().text().is_ok());
        check(|m, _| m.not_after_ms += 1, "package-urgent-long");
        check(|_, u| u.from_ms -= 1, "package-value");
        check(|m, u| u.until_ms = m.not_after_ms + 1, "package-value");
        check(|_, u| u.until_ms = u.from_ms, "package-value");
        check(|_, u| u.programme = "Bão".into(), "package-value");
        check(|_, u| u.by = " ".into(), "package-value");
        check(|_, u| u.document = "x".repeat(LONGEST_WORDS + 1), "package-value");
        check(|m, _| m.approval = Some(Part::of(b"approval")), "package-value");
        let neither = Manifest { approval: None, ..manifest() };
        assert_eq!(neither.text().map_err(|no| no.code), Err("package-value"));
    }

    #[test]
    fn a_package_is_for_its_stations_and_its_time() {
        let manifest = manifest();
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap();
        let check = |station, ms| manifest.is_for(station, at(ms)).map_err(|no| no.code);
        assert_eq!(check("pho-minh", manifest.not_before_ms), Ok(()));
        assert_eq!(check("pho-hoa", manifest.not_before_ms), Err("package-other-station"));
        assert_eq!(check("pho-minh", manifest.not_before_ms - 1), Err("package-not-yet"));
        assert_eq!(check("pho-minh", manifest.not_after_ms), Err("package-expired"));
        let every = Manifest { stations: vec![EVERY_STATION.into()], ..manifest };
        assert!(every.is_for("pho-hoa", at(every.not_before_ms)).is_ok());
    }

    #[test]
    fn what_breaks_a_rule_is_neither_signed_nor_read() {
        let check = |change: fn(&mut Manifest), code| {
            let mut manifest = manifest();
            change(&mut manifest);
            assert_eq!(manifest.text().map_err(|no| no.code), Err(code));
            // A key that is trusted may have signed it all the same.
            let Keys { editor, .. } = chain().0;
            let note = editor.sign(&line::write(HEADER, &manifest)).unwrap();
            assert_eq!(refused(&note), code);
        };
        check(|m| m.seq = 0, "package-value");
        check(|m| m.seq = 1 << 53, "package-value");
        check(|m| m.not_after_ms = m.not_before_ms, "package-value");
        check(|m| m.not_after_ms = i64::MAX, "package-value");
        check(|m| m.stations.clear(), "package-value");
        check(|m| m.stations.push("*".into()), "package-value");
        check(|m| m.stations.push("a".into()), "package-order");
        check(|m| m.channel = "Quảng Ngãi".into(), "package-value");
        check(|m| m.schedule.bytes = LONGEST_TEXT + 1, "package-value");
        check(|m| m.files.swap(0, 1), "package-order");
        check(|m| m.files[1] = m.files[0].clone(), "package-order");
        check(|m| m.files[0].bytes = u64::MAX, "package-value");
        check(|m| m.files[0].file = "../etc/passwd".into(), "package-path");
    }

    #[test]
    fn names_that_leave_or_deceive_are_refused() {
        for good in ["a.mp3", "2022-03/nhạc hiệu.mp3", "a/b/c.wav"] {
            assert!(is_harmless(good), "{good}");
        }
        for bad in [
            "",
            "/a",
            "../a",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            ".a",
            "a/.b",
            "a\\b",
            "C:a",
            "a\0",
            "a\nb",
            "a\u{202e}3pm",
            "a\u{200b}",
            " a",
            "a /b",
            "nha\u{323}c.mp3",
            &"a".repeat(256),
        ] {
            assert!(!is_harmless(bad), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_note_panics_and_no_change_is_taken(
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            how in 0..3u8,
        ) {
            let (Keys { editor, approver, .. }, trust) = chain();
            let note = manifest().sign(&[editor, approver]).unwrap();
            let mut bytes = note.clone().into_bytes();
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
            let _ = Manifest::unchecked(&bytes);
            // A signature has spellings of its own; the text that is read has one.
            if let Ok((read, digest)) = Manifest::open(&bytes, &trust) {
                prop_assert_eq!(&read, &manifest());
                prop_assert_eq!(digest, Digest::of(manifest().text().unwrap().as_bytes()));
            }
        }

        #[test]
        fn bytes_from_outside_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
            let (Keys { editor, .. }, trust) = chain();
            let _ = (Manifest::open(&bytes, &trust), Manifest::unchecked(&bytes), is_harmless(&text));
            if let Ok(note) = editor.sign(&format!("{HEADER}\n{}\n", text.replace(char::is_control, ""))) {
                prop_assert!(Manifest::open(note.as_bytes(), &trust).is_err());
            }
        }
    }
}
