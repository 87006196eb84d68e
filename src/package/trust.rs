//! Whose signatures count: `trust/<n>.note`, and how a new one follows.
//!
//! A station believes its first trust file because a person said so; every later one because enough root keys of the
//! file before and of its own signed it (the rule of TUF's root role). A file that has run out still hands over.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{line, manifest::is_id};
use crate::{
    evidence::canonical::MOST_INTEGER,
    keys::{self, PublicKey, SigningKey},
    words::Message,
};

const HEADER: &str = "loa trust v1";

/// A role has at most so many keys.
const MOST_KEYS: usize = 50;

/// How many keys of each role must sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Of a package.
    pub approvers: u64,
    /// Of a package.
    pub editors: u64,
    /// Of a trust file.
    pub roots: u64,
}

/// Keys, roles, thresholds. Fields in the order of their names: so they stand in the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Who releases packages.
    pub approvers: Vec<PublicKey>,
    /// Of which centre: its id.
    pub channel: String,
    /// Who makes packages; nobody of the approvers.
    pub editors: Vec<PublicKey>,
    /// From here on no package is taken under it, milliseconds since 1970 (UTC).
    pub expires_ms: i64,
    /// The key of the programme log.
    pub log: PublicKey,
    /// The origin of the programme log.
    pub origin: String,
    /// Who signs trust files.
    pub roots: Vec<PublicKey>,
    /// How many of them it takes.
    pub thresholds: Threshold,
    /// Its number, from 1.
    pub version: u64,
}

impl Trust {
    /// The note with the signatures of `keys`; a no when it would not read back.
    pub fn sign(&self, keys: &[SigningKey]) -> Result<String, Message> {
        self.examine()?;
        let unsigned = || Message::new("trust-unsigned");
        let (first, more) = keys.split_first().ok_or_else(unsigned)?;
        let note = first.sign(&line::write(HEADER, self)).map_err(|_| unsigned())?;
        more.iter().try_fold(note, |note, key| keys::cosign(&note, key)).map_err(|_| unsigned())
    }

    /// Reads `note`, which enough of its own roots must have signed: so far it is only a claim.
    fn open(note: &[u8]) -> Result<Trust, Message> {
        let text = std::str::from_utf8(note).ok().and_then(|note| note.rsplit_once("\n\n"));
        let Some((text, _)) = text else { return Err(Message::new("package-header").with("wanted", HEADER)) };
        let trust: Trust = line::read(HEADER, &format!("{text}\n"))?;
        trust.examine()?;
        trust.signed_enough(note, &trust)?;
        Ok(trust)
    }

    /// Whether enough roots of `by` signed `note`, which is the note of this file.
    fn signed_enough(&self, note: &[u8], by: &Trust) -> Result<(), Message> {
        let found = keys::open(note, &by.roots).map_or(0, |opened| opened.signed_by.len() as u64);
        if found >= by.thresholds.roots {
            return Ok(());
        }
        let no = Message::new("trust-threshold").with("version", self.version).with("by", by.version);
        Err(no.with("found", found).with("wanted", by.thresholds.roots))
    }

    fn examine(&self) -> Result<(), Message> {
        let value = |name| Message::new("package-value").with("name", name);
        if self.version == 0 || self.version > MOST_INTEGER.unsigned_abs() {
            return Err(value("version"));
        }
        if self.expires_ms < 0 || DateTime::from_timestamp_millis(self.expires_ms).is_none() {
            return Err(value("expires_ms"));
        }
        if !is_id(&self.channel) {
            return Err(value("channel"));
        }
        if self.origin.is_empty() || self.origin.len() > 200 || self.origin.contains(char::is_control) {
            return Err(value("origin"));
        }
        let Threshold { approvers, editors, roots } = self.thresholds;
        for (name, keys, wanted) in [
            ("approvers", &self.approvers, approvers),
            ("editors", &self.editors, editors),
            ("roots", &self.roots, roots),
        ] {
            if wanted == 0 || keys.len() > MOST_KEYS || wanted > keys.len() as u64 {
                return Err(value(name));
            }
            if !keys.is_sorted_by(|a, b| a < b) {
                return Err(Message::new("package-order"));
            }
        }
        // One key, one voice: neither twice in a role, nor as editor and approver of the same package.
        for keys in [self.roots.clone(), [&self.editors[..], &self.approvers[..]].concat()] {
            let twice =
                keys.iter().enumerate().find(|(n, key)| keys[..*n].iter().any(|k| k.is_same_key(key)));
            if let Some((_, key)) = twice {
                return Err(Message::new("trust-key-twice").with("key", key.name()));
            }
        }
        Ok(())
    }
}

/// The trust files that a station took, from the first on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustChain {
    before: Vec<Trust>,
    last: Trust,
}

impl TrustChain {
    /// Begins with `note`, because a person says so.
    pub fn begin(note: &[u8]) -> Result<TrustChain, Message> {
        Ok(TrustChain { before: Vec::new(), last: Trust::open(note)? })
    }

    /// Takes the file that follows. A no leaves the chain as it was.
    pub fn follow(&mut self, note: &[u8]) -> Result<(), Message> {
        let next = Trust::open(note)?;
        let wanted = self.last.version + 1;
        if next.version != wanted {
            return Err(Message::new("trust-version").with("found", next.version).with("wanted", wanted));
        }
        if next.channel != self.last.channel {
            let no = Message::new("package-channel").with("found", &next.channel);
            return Err(no.with("wanted", &self.last.channel));
        }
        next.signed_enough(note, &self.last)?;
        self.before.push(std::mem::replace(&mut self.last, next));
        Ok(())
    }

    /// The file in force.
    #[must_use]
    pub fn last(&self) -> &Trust {
        &self.last
    }

    /// Those that it replaced, the oldest first.
    #[must_use]
    pub fn before(&self) -> &[Trust] {
        &self.before
    }

    /// Refuses what is signed under a file that has run out.
    pub fn is_in_force(&self, now: DateTime<Utc>) -> Result<(), Message> {
        let until = DateTime::from_timestamp_millis(self.last.expires_ms).unwrap_or_default();
        if now < until {
            Ok(())
        } else {
            Err(Message::new("trust-expired").with("until", until.to_rfc3339()))
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use base64::Engine as _;

    use super::*;

    /// The keys of a small centre.
    #[derive(Clone)]
    pub struct Keys {
        pub root: SigningKey,
        pub editor: SigningKey,
        pub approver: SigningKey,
        pub second: SigningKey,
        pub log: SigningKey,
        pub stranger: SigningKey,
    }

    impl Keys {
        fn new() -> Keys {
            let key = |name| SigningKey::generate(name).unwrap();
            let (root, editor, approver) = (key("goc"), key("bien-tap"), key("duyet"));
            let second = key("duyet-2");
            Keys {
                root,
                editor,
                approver,
                second,
                log: key("loa/centre/quang-ngai/1"),
                stranger: key("nguoi-la"),
            }
        }

        pub fn trust(&self) -> Trust {
            let mut approvers = vec![self.approver.public().clone(), self.second.public().clone()];
            approvers.sort_unstable();
            Trust {
                approvers,
                channel: "quang-ngai".into(),
                editors: vec![self.editor.public().clone()],
                expires_ms: 1_700_000_000_000,
                log: self.log.public().clone(),
                origin: "loa/centre/quang-ngai/1".into(),
                roots: vec![self.root.public().clone()],
                thresholds: Threshold { approvers: 1, editors: 1, roots: 1 },
                version: 1,
            }
        }
    }

    /// The keys of one centre, the same for every test, and a chain of one file.
    pub fn chain() -> (Keys, TrustChain) {
        static ONE: std::sync::OnceLock<Keys> = std::sync::OnceLock::new();
        let keys = ONE.get_or_init(Keys::new).clone();
        let note = keys.trust().sign(std::slice::from_ref(&keys.root)).unwrap();
        let chain = TrustChain::begin(note.as_bytes()).unwrap();
        (keys, chain)
    }

    #[test]
    fn a_new_file_needs_the_old_roots_and_its_own() {
        let (keys, chain) = chain();
        let heir = SigningKey::generate("goc-2").unwrap();
        let next = Trust { roots: vec![heir.public().clone()], version: 2, ..keys.trust() };
        let follow = |trust: &Trust, signers: &[&SigningKey]| {
            let signers: Vec<SigningKey> = signers.iter().map(|key| (*key).clone()).collect();
            let mut chain = chain.clone();
            let followed = chain.follow(trust.sign(&signers).unwrap().as_bytes());
            followed.map(|()| chain.last().version).map_err(|no| no.code)
        };
        assert_eq!(follow(&next, &[&keys.root, &heir]), Ok(2));
        assert_eq!(follow(&next, &[&keys.root]), Err("trust-threshold"));
        assert_eq!(follow(&next, &[&heir]), Err("trust-threshold"));
        let skipped = Trust { version: 3, ..next.clone() };
        assert_eq!(follow(&skipped, &[&keys.root, &heir]), Err("trust-version"));
        let again = Trust { version: 1, ..next.clone() };
        assert_eq!(follow(&again, &[&keys.root, &heir]), Err("trust-version"));
        let other = Trust { channel: "binh-dinh".into(), ..next };
        assert_eq!(follow(&other, &[&keys.root, &heir]), Err("package-channel"));
        let one = keys.trust().sign(std::slice::from_ref(&keys.stranger)).unwrap();
        assert_eq!(TrustChain::begin(one.as_bytes()).map_err(|no| no.code), Err("trust-threshold"));
    }

    #[test]
    fn one_key_has_one_voice() {
        let (keys, _) = chain();
        let check = |change: &dyn Fn(&mut Trust), code| {
            let mut trust = keys.trust();
            change(&mut trust);
            let signed = trust.sign(std::slice::from_ref(&keys.root));
            assert_eq!(signed.map_err(|no| no.code), Err(code));
        };
        check(&|t| t.approvers = t.editors.clone(), "trust-key-twice");
        // The same key under another name.
        let bytes = keys.editor.public().as_text().splitn(3, '+').nth(2).unwrap().to_owned();
        let raw = base64::engine::general_purpose::STANDARD.decode(&bytes).unwrap();
        let alias = format!("ke-khac+{:08x}+{bytes}", signed_note::key_id("ke-khac", &raw));
        check(&|t| t.approvers = vec![PublicKey::parse(&alias).unwrap()], "trust-key-twice");
        check(&|t| t.thresholds.roots = 2, "package-value");
        check(&|t| t.thresholds.editors = 0, "package-value");
        check(&|t| t.approvers.clear(), "package-value");
        check(&|t| t.version = 0, "package-value");
        check(&|t| t.origin = "a\nb".into(), "package-value");
    }

    #[test]
    fn a_revoked_key_is_called_so() {
        let (keys, mut chain) = chain();
        let fresh = SigningKey::generate("bien-tap-2").unwrap();
        let next = Trust { editors: vec![fresh.public().clone()], version: 2, ..keys.trust() };
        chain.follow(next.sign(std::slice::from_ref(&keys.root)).unwrap().as_bytes()).unwrap();
        let manifest = crate::package::manifest::tests::manifest();
        let open = |signers: &[&SigningKey]| {
            let signers: Vec<SigningKey> = signers.iter().map(|key| (*key).clone()).collect();
            let note = manifest.sign(&signers).unwrap();
            crate::package::Manifest::open(note.as_bytes(), &chain).map(|_| ()).map_err(|no| no.code)
        };
        assert_eq!(open(&[&keys.editor]), Err("package-key-revoked"));
        assert_eq!(open(&[&keys.editor, &keys.approver]), Err("package-editor-missing"));
        assert_eq!(open(&[&fresh, &keys.approver]), Ok(()));
    }

    #[test]
    fn a_file_that_ran_out_still_hands_over() {
        let (keys, mut chain) = chain();
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap();
        assert!(chain.is_in_force(at(keys.trust().expires_ms - 1)).is_ok());
        let refused = chain.is_in_force(at(keys.trust().expires_ms));
        assert_eq!(refused.map_err(|no| no.code), Err("trust-expired"));
        let next = Trust { expires_ms: 1_800_000_000_000, version: 2, ..keys.trust() };
        chain.follow(next.sign(std::slice::from_ref(&keys.root)).unwrap().as_bytes()).unwrap();
        assert!(chain.is_in_force(at(keys.trust().expires_ms)).is_ok());
    }
}
