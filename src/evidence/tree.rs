//! The RFC 6962 Merkle tree over leaves, by the arithmetic of Go's `sumdb/tlog` (crate `tlog_tiles`).

use tlog_tiles::{EMPTY_HASH, Hash, node_hash, record_hash, stored_hash_index};

use crate::units::Digest;

/// A node of the tree: its index in sumdb's stored-hash order, and its hash.
pub type Node = (u64, Digest);

/// The right edge of a tree: enough to add leaves and to know the root, in memory of log₂ n hashes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frontier {
    size: u64,
    /// Roots of the whole subtrees of which the tree consists, the largest first: one for every bit
    /// that is set in `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a stored tree of `size` leaves, whose nodes `node` gives by index.
    pub fn load<E>(size: u64, mut node: impl FnMut(u64) -> Result<Digest, E>) -> Result<Frontier, E> {
        let mut peaks = Vec::new();
        let mut before = 0;
        for level in (0..64_u8).rev().filter(|level| size >> level & 1 == 1) {
            peaks.push(Hash(node(stored_hash_index(level, before >> level))?.0));
            before += 1 << level;
        }
        Ok(Frontier { size, peaks })
    }

    /// The frontier of a tree of `size` leaves that consists of whole subtrees with the roots `peaks`, the largest
    /// first; none where these are not as many as a tree of that size has.
    #[must_use]
    pub fn of(size: u64, peaks: &[Digest]) -> Option<Frontier> {
        let fits = peaks.len() == size.count_ones() as usize;
        fits.then(|| Frontier { size, peaks: peaks.iter().map(|peak| Hash(peak.0)).collect() })
    }

    /// The roots of the whole subtrees of which it consists, the largest first: with its size, all that it is.
    #[must_use]
    pub fn peaks(&self) -> Vec<Digest> {
        self.peaks.iter().map(|peak| Digest(peak.0)).collect()
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf and gives the nodes that become whole by it, in stored order.
    pub fn push(&mut self, leaf: &[u8]) -> Vec<Node> {
        let mut nodes = Vec::new();
        self.grow(leaf_hash(leaf), |node| nodes.push(node));
        nodes
    }

    /// Adds the leaf whose hash is `leaf` and tells `made` the nodes that become whole by it, in stored order.
    pub fn grow(&mut self, leaf: Digest, mut made: impl FnMut(Node)) {
        let mut hash = Hash(leaf.0);
        let mut index = stored_hash_index(0, self.size);
        made((index, leaf));
        // Each trailing one of the size is a whole subtree that this leaf completes into a larger one.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(left, hash);
                index += 1;
                made((index, Digest(hash.0)));
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root hash (RFC 6962 section 2.1); of the empty tree the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev().copied();
        let smallest = peaks.next().unwrap_or(EMPTY_HASH);
        Digest(peaks.fold(smallest, |right, left| node_hash(left, right)).0)
    }
}

/// The hash of a leaf as it stands in the tree (RFC 6962 section 2.1: behind a zero byte).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest(record_hash(leaf).0)
}

/// Whether `proof` shows that the tree of `size` leaves and `root` has a leaf of hash `leaf` at `seq`
/// (RFC 6962 section 2.1.1).
#[must_use]
pub fn includes(proof: &[Digest], size: u64, root: Digest, seq: u64, leaf: Digest) -> bool {
    let proof: Vec<Hash> = proof.iter().map(|d| Hash(d.0)).collect();
    seq < size && tlog_tiles::check_record(&proof, size, Hash(root.0), seq, Hash(leaf.0)).is_ok()
}

/// A step from a leaf towards the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The hash of the path that is added.
    pub sibling: Digest,
    /// It stands to the left of what was computed so far.
    pub left: bool,
    /// What both make.
    pub hash: Digest,
}

/// What each hash of `proof` makes of the hash `leaf` at `seq` in a tree of `size` leaves, from the leaf upwards
/// (RFC 9162 section 2.1.3.2): for showing. Whether the proof holds, [`includes`] says.
#[must_use]
pub fn walk(proof: &[Digest], size: u64, seq: u64, leaf: Digest) -> Vec<Step> {
    let (mut place, mut last, mut hash) = (seq, size.saturating_sub(1), leaf);
    let mut steps = Vec::with_capacity(proof.len());
    for sibling in proof {
        // At the right edge what has no neighbour rises by itself until it has one on its left.
        let left = place & 1 == 1 || place == last;
        while left && place & 1 == 0 && place != 0 {
            (place, last) = (place >> 1, last >> 1);
        }
        let (a, b) = if left { (*sibling, hash) } else { (hash, *sibling) };
        hash = Digest(node_hash(Hash(a.0), Hash(b.0)).0);
        steps.push(Step { sibling: *sibling, left, hash });
        (place, last) = (place >> 1, last >> 1);
    }
    steps
}

#[cfg(test)]
mod tests {
    use tlog_tiles::{Error, HashReader, prove_record, stored_hash_count, stored_hashes, tree_hash};

    use super::*;

    struct Stored(Vec<Hash>);

    impl HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
            Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).unwrap()]).collect())
        }
    }

    #[test]
    fn the_frontier_agrees_with_the_reference_at_every_size() {
        let (mut stored, mut frontier) = (Stored(Vec::new()), Frontier::default());
        assert_eq!(frontier.root(), Digest::of(b""));
        for n in 0..300_u64 {
            let leaf = n.to_string();
            let expected = stored_hashes(n, leaf.as_bytes(), &stored).unwrap();
            let first = stored_hash_index(0, n);
            let nodes = frontier.push(leaf.as_bytes());
            let indexed: Vec<Node> = (first..).zip(expected.iter().map(|h| Digest(h.0))).collect();
            assert_eq!(nodes, indexed);
            stored.0.extend(expected);
            assert_eq!(stored.0.len() as u64, stored_hash_count(n + 1));
            assert_eq!(frontier.root(), Digest(tree_hash(n + 1, &stored).unwrap().0));
            let load = |i| Ok::<_, ()>(Digest(stored.0[usize::try_from(i).unwrap()].0));
            assert_eq!(Frontier::load(n + 1, load).unwrap(), frontier);
            assert_eq!(Frontier::of(n + 1, &frontier.peaks()), Some(frontier.clone()));
            assert_eq!(Frontier::of(2 * n + 3, &frontier.peaks()), None);
        }
    }

    #[test]
    fn a_proof_holds_for_its_leaf_and_place_only() {
        let (mut stored, mut frontier) = (Stored(Vec::new()), Frontier::default());
        for n in 0..21_u64 {
            stored.0.extend(frontier.push(n.to_string().as_bytes()).iter().map(|(_, d)| Hash(d.0)));
        }
        for n in 0..21 {
            let proof = prove_record(21, n, &stored).unwrap();
            let proof: Vec<Digest> = proof.iter().map(|h| Digest(h.0)).collect();
            let leaf = leaf_hash(n.to_string().as_bytes());
            assert!(includes(&proof, 21, frontier.root(), n, leaf));
            assert_eq!(walk(&proof, 21, n, leaf).last().unwrap().hash, frontier.root(), "{n}");
            assert!(!includes(&proof, 21, frontier.root(), (n + 1) % 21, leaf));
            assert!(!includes(&proof, 21, frontier.root(), n, leaf_hash(b"other")));
        }
    }
}
