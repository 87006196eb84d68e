//! That the centre's programme log has a package: a C2SP tlog-proof (`c2sp.org/tlog-proof@v1`), whose extra data is the
//! entry itself.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::Trust;
use crate::{
    evidence::{
        Body, Checkpoint, Entry, Leaf, PackageAct, PackageFact, PackageName,
        canonical::{self, decode},
        tree,
    },
    units::Digest,
    words::Message,
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A tree of 2^63 entries has paths of so many hashes.
const MOST_HASHES: usize = 63;
/// Longest proof: the longest entry in Base64, the path, and a checkpoint with its witnesses.
const LONGEST: usize = 2 * canonical::MOST_BYTES;

/// An entry of a log with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The entry's bytes as stored.
    pub leaf: String,
    /// Its number.
    pub index: u64,
    /// The path from it to the root.
    pub path: Vec<Digest>,
    /// The signed head of the log.
    pub checkpoint: String,
}

impl TlogProof {
    /// The proof as a file.
    #[must_use]
    pub fn text(&self) -> String {
        let extra = BASE64.encode(&self.leaf);
        let path: String = self.path.iter().map(|hash| BASE64.encode(hash.0) + "\n").collect();
        format!("{HEADER}\nextra {extra}\nindex {}\n{path}\n{}", self.index, self.checkpoint)
    }

    /// Reads a file; what [`TlogProof::text`] would not write is refused.
    pub fn read(bytes: &[u8]) -> Result<TlogProof, Message> {
        let malformed = || Message::new("package-proof-malformed");
        let text = Some(bytes).filter(|bytes| bytes.len() <= LONGEST).ok_or_else(malformed)?;
        let text = std::str::from_utf8(text).map_err(|_| malformed())?;
        TlogProof::parse(text).filter(|proof| proof.text() == text).ok_or_else(malformed)
    }

    fn parse(text: &str) -> Option<TlogProof> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        lines.next().filter(|line| *line == HEADER)?;
        let leaf = String::from_utf8(BASE64.decode(lines.next()?.strip_prefix("extra ")?).ok()?).ok()?;
        let index = lines.next()?.strip_prefix("index ")?.parse().ok()?;
        let hash = |line: &str| Some(Digest(BASE64.decode(line).ok()?.try_into().ok()?));
        let path = lines.take(MOST_HASHES + 1).map(hash).collect::<Option<Vec<Digest>>>()?;
        (path.len() <= MOST_HASHES).then(|| TlogProof { leaf, index, path, checkpoint: checkpoint.into() })
    }

    /// Whether the programme log of `trust` has issued the package `name`, whose signed text has the digest `text`.
    /// Gives the head that says so.
    pub fn check(&self, trust: &Trust, name: &PackageName, text: Digest) -> Result<Checkpoint, Message> {
        let foreign = || Message::new("package-proof-foreign").with("log", &trust.origin);
        let head = Checkpoint::open(self.checkpoint.as_bytes(), std::slice::from_ref(&trust.log));
        let head = head.ok().filter(|head| head.origin == trust.origin).ok_or_else(foreign)?;
        let leaf = tree::leaf_hash(self.leaf.as_bytes());
        if !tree::includes(&self.path, head.size, head.root, self.index, leaf) {
            return Err(Message::new("package-proof-broken").with("size", head.size));
        }
        let issues = |fact: &PackageFact| {
            fact.act == PackageAct::Issued && fact.digest == text && fact.what.as_ref() == Some(name)
        };
        match decode(self.leaf.as_bytes()) {
            Ok(Leaf::Known(Entry { seq, body: Body::Package(fact), .. }))
                if seq == self.index && issues(&fact) =>
            {
                Ok(head)
            }
            _ => Err(Message::new("package-proof-other").with("index", self.index)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        evidence::{Frontier, canonical::encode, samples::clk},
        package::{
            manifest::tests::manifest,
            trust::tests::{Keys, chain},
        },
    };

    fn issued(keys: &Keys, digest: Digest) -> TlogProof {
        let leaf = |seq, body| encode(&Entry { seq, clk: clk(0), body }).unwrap();
        let first = leaf(0, Body::Heartbeat {});
        let what = Some(manifest().name());
        let fact = PackageFact {
            act: PackageAct::Issued,
            by: String::new(),
            digest,
            reason: String::new(),
            urgent: None,
            what,
        };
        let leaf = leaf(1, Body::Package(fact));
        let mut tree = Frontier::default();
        tree.push(first.as_bytes());
        tree.push(leaf.as_bytes());
        let head = Checkpoint { origin: keys.trust().origin, size: 2, root: tree.root() };
        let path = vec![tree::leaf_hash(first.as_bytes())];
        TlogProof { leaf, index: 1, path, checkpoint: head.sign(&keys.log).unwrap() }
    }

    #[test]
    fn a_package_is_in_the_programme_log_of_its_centre() {
        let (keys, trust) = chain();
        let digest = Digest::of(manifest().text().unwrap().as_bytes());
        let good = issued(&keys, digest);
        assert_eq!(TlogProof::read(good.text().as_bytes()), Ok(good.clone()));
        let check = |proof: &TlogProof, digest| {
            proof.check(trust.last(), &manifest().name(), digest).map(|head| head.size).map_err(|no| no.code)
        };
        assert_eq!(check(&good, digest), Ok(2));
        assert_eq!(check(&good, Digest::of(b"other")), Err("package-proof-other"));
        let broken = TlogProof { path: vec![digest], ..good.clone() };
        assert_eq!(check(&broken, digest), Err("package-proof-broken"));
        let foreign = issued(&Keys { log: keys.stranger.clone(), ..keys.clone() }, digest);
        assert_eq!(check(&foreign, digest), Err("package-proof-foreign"));
        let other = Trust { origin: "loa/centre/other/1".into(), ..keys.trust() };
        let refused = good.check(&other, &manifest().name(), digest);
        assert_eq!(refused.map_err(|no| no.code), Err("package-proof-foreign"));
    }

    proptest! {
        #[test]
        fn what_reads_was_written_so(at in any::<prop::sample::Index>(), put in "[ -~\n]{0,2}", cut in 0usize..3) {
            let mut text = issued(&chain().0, Digest::of(b"x")).text();
            let at = at.index(text.len());
            if text.is_char_boundary(at) {
                let end = (at + cut).min(text.len());
                if text.is_char_boundary(end) {
                    text.replace_range(at..end, &put);
                }
            }
            if let Ok(read) = TlogProof::read(text.as_bytes()) {
                prop_assert_eq!(read.text(), text);
            }
        }

        #[test]
        fn bytes_from_outside_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = TlogProof::read(&bytes);
        }
    }
}
