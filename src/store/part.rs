//! What a part of the log is made of: where a period begins and ends by the wall clock of its entries, and the
//! hashes by which entries are proved.

use rusqlite::OptionalExtension as _;

use crate::units::Digest;

use super::{
    StoreError,
    reader::{Reader, unsigned},
    schema::During as _,
};

impl Reader {
    /// The first entry that was written at `wall_ms` (milliseconds since 1970, UTC) or later. Where a clock was
    /// wrong this is rather too early.
    pub fn first_since(&self, wall_ms: i64) -> Result<Option<u64>, StoreError> {
        self.nearest("SELECT seq FROM event WHERE wall_ms >= ?1 ORDER BY seq LIMIT 1", wall_ms)
    }

    /// The last entry that was written before `wall_ms`. Where a clock was wrong this is rather too late.
    pub fn last_before(&self, wall_ms: i64) -> Result<Option<u64>, StoreError> {
        self.nearest("SELECT seq FROM event WHERE wall_ms < ?1 ORDER BY seq DESC LIMIT 1", wall_ms)
    }

    /// Nodes of the stored tree, by their indexes in sumdb's order.
    pub fn hashes(&self, indexes: &[u64]) -> Result<Vec<Digest>, StoreError> {
        indexes.iter().map(|index| self.node(*index)).collect()
    }

    fn nearest(&self, text: &str, wall_ms: i64) -> Result<Option<u64>, StoreError> {
        let mut query = self.db.prepare_cached(text).during("read", &self.path)?;
        query.query_row([wall_ms], |row| unsigned(row, 0)).optional().during("read", &self.path)
    }
}
