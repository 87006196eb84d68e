//! The tiles in which a log is published (`c2sp.org/tlog-tiles`): which there are, what they are called, and
//! whether they lead to the signed root. Pure arithmetic; where tiles lie is for others to know.
//!
//! A tile holds up to 256 hashes of the tree's level `8 × level`. A tree consists of full tiles, whose one hash
//! stands in the tile above, and of at most one partial tile a level: its width is that digit of the size in
//! base 256, and all partial tiles together make the root.

use std::collections::{BTreeMap, BTreeSet};

use tlog_tiles::{EMPTY_HASH, Hash, node_hash, stored_hash_index};

use crate::units::Digest;

/// Hashes in a full tile, entries in a full entry bundle.
pub const WIDTH: u64 = 256;

/// The tree's levels that a tile spans.
const HEIGHT: u8 = 8;

/// Levels of tiles that a log of 2^53 entries can have.
const MOST_LEVELS: u8 = 7;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// A tile by its place, as wide as it is in a tree of some size. Bundles of entries have the same places as the
/// tiles of level 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

/// What a path below `tile/` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Hashes.
    Hashes,
    /// Entries, each behind its length.
    Entries,
}

/// Why a tile does not belong to the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TileFault {
    /// It is needed and not there.
    Missing(Tile),
    /// It has not as many hashes as its width.
    Length(Tile),
    /// Its hash is not the one in the tile above it.
    Altered(Tile),
    /// The partial tiles lead to another root than the signed one.
    Root,
}

impl Tile {
    /// The tile `index` of `level` in a tree of `size` leaves; `None` when that tree has no such tile.
    #[must_use]
    pub fn of(level: u8, index: u64, size: u64) -> Option<Tile> {
        if level >= MOST_LEVELS {
            return None;
        }
        let hashes = size >> (u32::from(level) * u32::from(HEIGHT));
        let rest = hashes.checked_sub(index.checked_mul(WIDTH)?)?;
        let width = u16::try_from(rest.min(WIDTH)).ok().filter(|width| *width > 0)?;
        Some(Tile { level, index, width })
    }

    /// The level of tiles, 0 for hashes of leaves.
    #[must_use]
    pub fn level(self) -> u8 {
        self.level
    }

    /// Its number in its level, from 0.
    #[must_use]
    pub fn index(self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds, 1–256.
    #[must_use]
    pub fn width(self) -> u16 {
        self.width
    }

    /// Whether it holds all that its place can hold.
    #[must_use]
    pub fn is_full(self) -> bool {
        u64::from(self.width) == WIDTH
    }

    /// Its first hash's number in the tree's level; at level 0, the first entry.
    #[must_use]
    pub fn first(self) -> u64 {
        self.index * WIDTH
    }

    /// Indexes of its hashes in sumdb's stored order.
    #[must_use]
    pub fn stored_indexes(self) -> Vec<u64> {
        let level = self.level * HEIGHT;
        (0..u64::from(self.width)).map(|n| stored_hash_index(level, self.first() + n)).collect()
    }

    /// The tile that holds the hash of this one; only a full tile has one.
    #[must_use]
    pub fn parent(self, size: u64) -> Option<Tile> {
        if !self.is_full() {
            return None;
        }
        Tile::of(self.level + 1, self.index / WIDTH, size)
    }

    /// `tile/<level>/<index>[.p/<width>]`, or `tile/entries/…`.
    #[must_use]
    pub fn path(self, content: Content) -> String {
        let mut rest = self.index;
        let mut number = format!("{:03}", rest % 1000);
        while rest >= 1000 {
            rest /= 1000;
            number = format!("x{:03}/{number}", rest % 1000);
        }
        let level = match content {
            Content::Hashes => self.level.to_string(),
            Content::Entries => "entries".to_owned(),
        };
        let partial = if self.is_full() { String::new() } else { format!(".p/{}", self.width) };
        format!("tile/{level}/{number}{partial}")
    }

    /// Reads such a path; `None` for any other text, also for a second spelling.
    #[must_use]
    pub fn read(path: &str) -> Option<(Tile, Content)> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (level, content) = match level {
            "entries" => (0, Content::Entries),
            _ => (level.parse().ok().filter(|level| *level < MOST_LEVELS)?, Content::Hashes),
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok().filter(|w| (1..256).contains(w))?),
            None => (rest, 256),
        };
        let mut index = 0_u64;
        for part in number.split('/') {
            let digits: u64 = part.trim_start_matches('x').parse().ok()?;
            index = index.checked_mul(1000)?.checked_add(digits)?;
        }
        let tile = Tile { level, index, width };
        // Entry numbers stay within 2^53; the comparison refuses every second spelling.
        (index < 1 << 45 && tile.path(content) == path).then_some((tile, content))
    }
}

/// The partial tiles of a tree of `size` leaves, the lowest level first.
#[must_use]
pub fn edge(size: u64) -> Vec<Tile> {
    let last = |level| {
        let hashes = size >> (u32::from(level) * u32::from(HEIGHT));
        Tile::of(level, hashes / WIDTH, size)
    };
    (0..MOST_LEVELS).filter_map(last).collect()
}

/// The hash tiles by which the bundles of entries at `indexes` are proved in a tree of `size` leaves: the tile of
/// each, all above it, and the right edge.
#[must_use]
pub fn needed(size: u64, indexes: impl IntoIterator<Item = u64>) -> BTreeSet<Tile> {
    let mut tiles: BTreeSet<Tile> = edge(size).into_iter().collect();
    for index in indexes {
        let mut next = Tile::of(0, index, size);
        while let Some(tile) = next {
            next = if tiles.insert(tile) { tile.parent(size) } else { None };
        }
    }
    tiles
}

/// The bytes of a bundle of entries: each behind its length, two bytes, big-endian.
#[must_use]
pub fn bundle<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for leaf in leaves {
        let length = u16::try_from(leaf.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(&leaf[..usize::from(length)]);
    }
    bytes
}

/// The entries of a bundle; `None` when they do not end where it ends, or are not `width`.
#[must_use]
pub fn entries(mut bundle: &[u8], width: u16) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::with_capacity(usize::from(width));
    while let Some((length, rest)) = bundle.split_first_chunk() {
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bundle = rest;
    }
    (bundle.is_empty() && entries.len() == usize::from(width)).then_some(entries)
}

/// The hash of the whole subtree over `hashes`, a power of two of them.
fn subtree(hashes: &[Hash]) -> Hash {
    if let [one] = hashes {
        return *one;
    }
    let (left, right) = hashes.split_at(hashes.len() / 2);
    node_hash(subtree(left), subtree(right))
}

/// A signed tree and those of its tiles that were proved to be its own.
#[derive(Debug)]
pub struct Tree {
    size: u64,
    /// Proved tiles that may prove others, and the right edge.
    proved: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl Tree {
    /// Begins with the right edge, whose bytes `read` gives, and compares it with the signed root.
    pub fn open(
        size: u64,
        root: Digest,
        mut read: impl FnMut(Tile) -> Option<Vec<u8>>,
    ) -> Result<Tree, TileFault> {
        let mut proved = BTreeMap::new();
        let mut right: Option<Hash> = None;
        for tile in edge(size) {
            let hashes = hashes(tile, &read(tile).ok_or(TileFault::Missing(tile))?)?;
            right = fold(&hashes, right);
            proved.insert((tile.level, tile.index), hashes);
        }
        if right.unwrap_or(EMPTY_HASH).0 == root.0 { Ok(Tree { size, proved }) } else { Err(TileFault::Root) }
    }

    /// Takes the bytes of `tile`, behind those of the tile above it; gives its hashes when it is this tree's own.
    pub fn prove(&mut self, tile: Tile, bytes: &[u8]) -> Result<Vec<Digest>, TileFault> {
        let digests = |hashes: &[Hash]| hashes.iter().map(|hash| Digest(hash.0)).collect();
        let hashes = hashes(tile, bytes)?;
        let Some(parent) = tile.parent(self.size) else {
            // A partial tile is part of the edge, or of another tree.
            let known = self.proved.get(&(tile.level, tile.index)).is_some_and(|known| *known == hashes);
            return if known { Ok(digests(&hashes)) } else { Err(TileFault::Altered(tile)) };
        };
        let above = self.proved.get(&(parent.level, parent.index)).ok_or(TileFault::Missing(parent))?;
        let place = usize::try_from(tile.index % WIDTH).unwrap_or(usize::MAX);
        if above.get(place) != Some(&subtree(&hashes)) {
            return Err(TileFault::Altered(tile));
        }
        let found = digests(&hashes);
        if tile.level > 0 {
            self.proved.insert((tile.level, tile.index), hashes);
        }
        Ok(found)
    }

    /// The root that this tree had when it had `size` leaves, `lowest` being the proved hashes of the tile of level 0
    /// in which they end. None where a tile above it was not proved.
    #[must_use]
    pub fn root_at(&self, size: u64, lowest: &[Digest]) -> Option<Digest> {
        if size > self.size {
            return None;
        }
        let lowest: Vec<Hash> = lowest.iter().map(|hash| Hash(hash.0)).collect();
        let mut right = fold(lowest.get(..usize::try_from(size % WIDTH).ok()?)?, None);
        for level in 1..MOST_LEVELS {
            let hashes = size >> (u32::from(level) * u32::from(HEIGHT));
            let (index, width) = (hashes / WIDTH, usize::try_from(hashes % WIDTH).ok()?);
            if width > 0 {
                right = fold(self.proved.get(&(level, index))?.get(..width)?, right);
            }
        }
        Some(Digest(right.unwrap_or(EMPTY_HASH).0))
    }
}

/// Joins the whole subtrees of a partial tile with what lies right of them.
fn fold(hashes: &[Hash], right: Option<Hash>) -> Option<Hash> {
    let mut peaks = Vec::new();
    let mut rest = hashes;
    while !rest.is_empty() {
        let (whole, behind) = rest.split_at(1 << rest.len().ilog2());
        peaks.push(subtree(whole));
        rest = behind;
    }
    peaks
        .into_iter()
        .rev()
        .fold(right, |right, left| Some(right.map_or(left, |right| node_hash(left, right))))
}

fn hashes(tile: Tile, bytes: &[u8]) -> Result<Vec<Hash>, TileFault> {
    let (chunks, rest) = bytes.as_chunks::<HASH_BYTES>();
    if !rest.is_empty() || chunks.len() != usize::from(tile.width) {
        return Err(TileFault::Length(tile));
    }
    Ok(chunks.iter().map(|chunk| Hash(*chunk)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tlog_tiles::{Error, HashReader};

    use super::*;
    use crate::evidence::Frontier;

    /// A stored tree, as sumdb orders it.
    struct Stored {
        nodes: Vec<Hash>,
        size: u64,
        root: Digest,
    }

    impl Stored {
        fn of(size: u64) -> Stored {
            let mut frontier = Frontier::default();
            let mut nodes = Vec::new();
            for n in 0..size {
                nodes.extend(frontier.push(&n.to_le_bytes()).iter().map(|(_, digest)| Hash(digest.0)));
            }
            Stored { nodes, size, root: frontier.root() }
        }

        fn tile(&self, tile: Tile) -> Vec<u8> {
            let node = |index: u64| self.nodes[usize::try_from(index).unwrap()].0;
            tile.stored_indexes().into_iter().flat_map(node).collect()
        }

        /// Proves all that the bundles at `indexes` need.
        fn prove(&self, indexes: &[u64], change: impl Fn(Tile, &mut Vec<u8>)) -> Result<(), TileFault> {
            let read = |tile| {
                let mut bytes = self.tile(tile);
                change(tile, &mut bytes);
                bytes
            };
            let mut tree = Tree::open(self.size, self.root, |tile| Some(read(tile)))?;
            for tile in needed(self.size, indexes.iter().copied()).into_iter().rev() {
                let hashes = tree.prove(tile, &read(tile))?;
                assert_eq!(hashes.len(), usize::from(tile.width()));
            }
            Ok(())
        }
    }

    impl HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
            Ok(indexes.iter().map(|i| self.nodes[usize::try_from(*i).unwrap()]).collect())
        }
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        let check = |level, index, size, path: &str| {
            let tile = Tile::of(level, index, size).unwrap();
            assert_eq!(tile.path(Content::Hashes), path);
            assert_eq!(Tile::read(path), Some((tile, Content::Hashes)));
        };
        check(0, 0, 256, "tile/0/000");
        check(0, 1, 300, "tile/0/001.p/44");
        check(1, 0, 256, "tile/1/000.p/1");
        check(0, 1_234_067, 1_234_067 * 256 + 8, "tile/0/x001/x234/067.p/8");
        check(2, 0, 65_536 * 3, "tile/2/000.p/3");
        let entries = Tile::of(0, 1_234_067, u64::MAX).unwrap();
        assert_eq!(entries.path(Content::Entries), "tile/entries/x001/x234/067");
        for wrong in [
            "",
            "tile/0",
            "tile/0/0",
            "tile/0/0000",
            "tile/00/000",
            "tile/7/000",
            "tile/x/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/x000/000",
            "tile/0/001/234",
            "tile/0/../000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/-01",
            "tile/0/+01",
            "tile/entries/000.p/5/1",
        ] {
            assert_eq!(Tile::read(wrong), None, "{wrong}");
        }
        assert_eq!((Tile::of(0, 1, 256), Tile::of(1, 0, 255), Tile::of(9, 0, u64::MAX)), (None, None, None));
    }

    #[test]
    fn what_go_would_ask_for_is_needed_and_leads_to_the_root() {
        for size in [1, 2, 255, 256, 257, 300, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 66_000, 131_073]
        {
            let stored = Stored::of(size);
            let bundles = size.div_ceil(WIDTH);
            for index in [0, bundles / 2, bundles - 1] {
                stored.prove(&[index], |_, _| {}).unwrap();
                // The crate's port of sumdb asks for no tile that we would leave out.
                let asked = Asked { stored: &stored, tiles: needed(size, [index]) };
                let reader = tlog_tiles::TileHashReader::new(size, Hash(stored.root.0), &asked);
                let leaf = stored_hash_index(0, index * WIDTH);
                assert!(reader.read_hashes(&[leaf]).is_ok(), "{size} {index}");
            }
            let levels: BTreeSet<u8> = needed(size, 0..bundles).iter().map(|tile| tile.level()).collect();
            assert_eq!(levels.len(), usize::try_from(size.ilog2() / 8 + 1).unwrap(), "{size}");
        }
    }

    #[test]
    fn every_root_that_the_tree_had_comes_from_its_tiles() {
        for size in [1, 255, 256, 257, 65_536, 66_100] {
            let stored = Stored::of(size);
            let mut tree = Tree::open(size, stored.root, |tile| Some(stored.tile(tile))).unwrap();
            let mut frontier = Frontier::default();
            let tiles = needed(size, 0..size.div_ceil(WIDTH));
            for tile in tiles.into_iter().rev().filter(|tile| tile.level() > 0) {
                tree.prove(tile, &stored.tile(tile)).unwrap();
            }
            for n in 0..=size {
                // Every size is too much of a long tree; near its tiles' edges all are asked.
                if n < 1000 || size - n < 1000 || n % WIDTH < 2 {
                    let lowest = Tile::of(0, n / WIDTH, size).map(|tile| stored.tile(tile));
                    let lowest = lowest.map_or_else(Vec::new, |bytes| {
                        bytes.as_chunks::<32>().0.iter().map(|hash| Digest(*hash)).collect()
                    });
                    assert_eq!(tree.root_at(n, &lowest), Some(frontier.root()), "{n} of {size}");
                }
                frontier.push(&n.to_le_bytes());
            }
            assert_eq!(tree.root_at(size + 1, &[]), None);
        }
        let stored = Stored::of(66_100);
        let tree = Tree::open(stored.size, stored.root, |tile| Some(stored.tile(tile))).unwrap();
        assert_eq!(
            tree.root_at(300, &[Digest(stored.nodes[0].0); 256]),
            None,
            "its tile above was not proved"
        );
    }

    struct Asked<'a> {
        stored: &'a Stored,
        tiles: BTreeSet<Tile>,
    }

    impl tlog_tiles::TileReader for Asked<'_> {
        fn height(&self) -> u8 {
            HEIGHT
        }
        fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, Error> {
            let ours = |tile: &tlog_tiles::Tile| {
                let found = Tile::of(tile.level(), tile.level_index(), self.stored.size).unwrap();
                assert_eq!(u32::from(found.width()), tile.width());
                assert!(self.tiles.contains(&found), "{found:?}");
                self.stored.tile(found)
            };
            Ok(tiles.iter().map(ours).collect())
        }
        fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
    }

    #[test]
    fn a_changed_missing_or_foreign_tile_is_named() {
        let stored = Stored::of(65_536 + 300);
        for tile in needed(stored.size, [3, 257]) {
            let refused = stored.prove(&[3, 257], |at, bytes| {
                if at == tile {
                    bytes[7] ^= 1;
                }
            });
            let wanted = if tile.is_full() { TileFault::Altered(tile) } else { TileFault::Root };
            assert_eq!(refused, Err(wanted));
            let cut = stored.prove(&[3, 257], |at, bytes| {
                if at == tile {
                    bytes.pop();
                }
            });
            assert_eq!(cut, Err(TileFault::Length(tile)));
        }
        assert_eq!(
            Tree::open(stored.size, stored.root, |_| None).unwrap_err(),
            TileFault::Missing(edge(stored.size)[0])
        );
        let mut tree = Tree::open(stored.size, stored.root, |tile| Some(stored.tile(tile))).unwrap();
        let child = Tile::of(0, 3, stored.size).unwrap();
        let parent = child.parent(stored.size).unwrap();
        assert_eq!(tree.prove(child, &stored.tile(child)), Err(TileFault::Missing(parent)));
    }

    proptest! {
        #[test]
        fn bundles_read_back(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let bytes = bundle(leaves.iter().map(Vec::as_slice));
            let width = u16::try_from(leaves.len()).unwrap();
            prop_assert_eq!(entries(&bytes, width).unwrap(), leaves);
            prop_assert_eq!(entries(&bytes, width + 1), None);
            if let Some(cut) = bytes.len().checked_sub(1) {
                prop_assert_eq!(entries(&bytes[..cut], width), None);
            }
        }

        #[test]
        fn any_bundle_and_path_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600), text in "(tile/)?[0-9a-z]{0,8}/[x0-9/.p]{0,30}") {
            let _ = entries(&bytes, 3);
            if let Some((tile, content)) = Tile::read(&text) {
                prop_assert_eq!(tile.path(content), text);
            }
        }
    }
}
