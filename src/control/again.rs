//! A log made again, or made whole, from what was retained of it: by a station out of its centre, by a centre out of its
//! store.

use std::{cell::RefCell, path::Path};

use crate::{
    keys::PublicKey,
    store::{self, Retained, StoreError},
    units::Digest,
};

/// Gives bytes that entries name by digest; none where there are none.
pub(super) type Beside<'b, E> = &'b mut dyn FnMut(Digest) -> Result<Option<Vec<u8>>, E>;

/// Where what was retained comes from.
pub(super) struct Source<'s, E> {
    /// Gives leaves from a position on, at least one while there are any.
    pub leaves: &'s mut dyn FnMut(u64) -> Result<Vec<String>, E>,
    /// Gives the bytes that they name.
    pub bytes: Beside<'s, E>,
}

/// Brings the log at `path` up to the head `note` of `key`, or makes it where it does not stand, all in one transaction.
/// Gives its size, or what the store said; what the source said is outside of it.
pub(super) fn again<E>(
    path: &Path,
    (note, key): (&str, &PublicKey),
    Source { leaves, bytes }: Source<'_, E>,
) -> Result<Result<u64, StoreError>, E> {
    // The store knows nothing of where it comes from: what went wrong there is kept aside.
    let failed = RefCell::new(None);
    let mut more = |from| leaves(from).map_err(|error| aside(&failed, error));
    let mut named = |digest| bytes(digest).map_err(|error| aside(&failed, error));
    let retained = Retained { head: note, key, more: &mut more, named: &mut named };
    let made = if path.exists() { store::complete(path, retained) } else { store::rebuild(path, retained) };
    match failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(made),
    }
}

fn aside<E>(failed: &RefCell<Option<E>>, error: E) -> StoreError {
    failed.replace(Some(error));
    StoreError::Ended
}
