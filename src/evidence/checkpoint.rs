//! The signed head of a log: a C2SP checkpoint (`c2sp.org/tlog-checkpoint`) in a signed note.

use tlog_tiles::Hash;

use super::code::Code;
use crate::{
    keys::{self, KeyError, PublicKey, SigningKey},
    units::Digest,
};

/// The head of a log at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: `<name>/station/<id>/<epoch>`.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
}

/// A head that cannot be signed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note or its signatures.
    #[error(transparent)]
    Note(#[from] KeyError),
    /// Signed, but not a checkpoint, or one with extension lines, which this log never has.
    #[error("the signed text is no checkpoint of a log")]
    Malformed,
}

/// The origin of a station's log; each part without spaces, line ends or `+`.
#[must_use]
pub fn origin(name: &str, station: &str, epoch: &str) -> String {
    format!("{name}/station/{station}/{epoch}")
}

/// An origin, or the name of a station's key, without its epoch.
fn station(name: &str) -> &str {
    let epoch = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    name.rsplit_once('/').filter(|(_, last)| epoch(last)).map_or(name, |(station, _)| station)
}

impl Checkpoint {
    /// The signed note of this head.
    pub fn sign(&self, key: &SigningKey) -> Result<String, CheckpointError> {
        Ok(key.sign(&self.text()?)?)
    }

    /// What is signed: origin, size and root, a line each.
    pub fn text(&self) -> Result<String, CheckpointError> {
        if self.origin.is_empty() || self.origin.contains(|c: char| c.is_control()) {
            return Err(CheckpointError::Malformed);
        }
        let head = tlog_tiles::Checkpoint::new(&self.origin, self.size, Hash(self.root.0), "")
            .map_err(|_| CheckpointError::Malformed)?;
        String::from_utf8(head.to_bytes()).map_err(|_| CheckpointError::Malformed)
    }

    /// Reads a signed note that at least one of `keys` signed.
    pub fn open(note: &[u8], keys: &[PublicKey]) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open_signed(note, keys).map(|(head, _)| head)
    }

    /// Like [`Checkpoint::open`]; tells which of `keys` signed.
    pub fn open_signed(
        note: &[u8],
        keys: &[PublicKey],
    ) -> Result<(Checkpoint, Vec<PublicKey>), CheckpointError> {
        let opened = keys::open(note, keys)?;
        Ok((Checkpoint::parse(&opened.text)?, opened.signed_by))
    }

    /// Whether `key` is, by its name, a key of this log's station: named like this origin, like that of another
    /// epoch of the same station, or like the station without an epoch. Every other key that signed is a
    /// witness.
    #[must_use]
    pub fn is_of(&self, key: &PublicKey) -> bool {
        station(key.name()) == station(&self.origin)
    }

    /// The names on the signature lines of `note`, this head as it was signed: first those of the log's own station,
    /// then all others. For showing, never for proving.
    #[must_use]
    pub fn signed_names(&self, note: &str) -> (Vec<String>, Vec<String>) {
        let names = note.lines().filter_map(|line| line.strip_prefix("— ")?.split(' ').next());
        names.map(str::to_owned).partition(|name| station(name) == station(&self.origin))
    }

    /// This head for a paper duty book.
    #[must_use]
    pub fn code(&self) -> Code {
        Code::new(self.size, self.root)
    }

    /// What a signed note says, whoever signed it: for showing, never for proving.
    pub fn unchecked(note: &str) -> Result<Checkpoint, CheckpointError> {
        let end = note.find("\n\n").ok_or(CheckpointError::Malformed)?;
        Checkpoint::parse(&note[..=end])
    }

    fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let head =
            tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        // What `sign` refuses is not read either: one set of checkpoints, not two.
        let origin = !head.origin().contains(|c: char| c.is_control());
        let plain = origin && head.extension().is_empty() && head.to_bytes() == text.as_bytes();
        let read =
            Checkpoint { origin: head.origin().into(), size: head.size(), root: Digest(head.hash().0) };
        if plain { Ok(read) } else { Err(CheckpointError::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_opens_with_its_key_only() {
        let key = SigningKey::generate("loa/station/pho-minh").unwrap();
        let other = SigningKey::generate("loa/station/pho-minh").unwrap();
        let head = Checkpoint { origin: origin("loa", "pho-minh", "1"), size: 12, root: Digest::of(b"root") };
        let note = head.sign(&key).unwrap();
        assert!(note.starts_with("loa/station/pho-minh/1\n12\n"), "{note}");
        let own = vec![key.public().clone()];
        assert_eq!(Checkpoint::open_signed(note.as_bytes(), &own), Ok((head.clone(), own.clone())));
        let refused = Checkpoint::open(note.as_bytes(), &[other.public().clone()]);
        assert_eq!(refused, Err(CheckpointError::Note(KeyError::Untrusted)));
        let cut = note.replace("\n12\n", "\n11\n");
        assert!(Checkpoint::open(cut.as_bytes(), &[key.public().clone()]).is_err());
        assert!(Checkpoint { origin: "a\nb".into(), ..head }.sign(&key).is_err());
    }

    #[test]
    fn no_key_of_the_station_itself_is_a_witness() {
        let head = Checkpoint { origin: origin("loa", "pho-minh", "2"), size: 1, root: Digest::of(b"") };
        let check = |name, own| {
            let key = SigningKey::generate(name).unwrap();
            assert_eq!(head.is_of(key.public()), own, "{name}");
        };
        check("loa/station/pho-minh/2", true);
        check("loa/station/pho-minh/1", true);
        check("loa/station/pho-minh/10", true);
        check("loa/station/pho-minh", true);
        check("loa/station/pho-hoa/2", false);
        check("loa/station/pho-minh/x", false);
        check("loa/station", false);
        check("loa", false);
        check("duc-pho/xac-nhan", false);
    }

    #[test]
    fn extension_lines_and_other_texts_are_refused() {
        let key = SigningKey::generate("a").unwrap();
        for text in [
            include_str!("../../tests/corpus/note/origin-with-a-control-character"),
            "a\n1\n",
            "no checkpoint\n",
            "a\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nextension\n",
        ] {
            let note = key.sign(text).unwrap();
            assert_eq!(
                Checkpoint::open(note.as_bytes(), &[key.public().clone()]),
                Err(CheckpointError::Malformed),
                "{text}"
            );
        }
    }
}
