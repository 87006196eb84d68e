//! How tables of settings are read: what is absent has its usual value, what is wrong is a finding.

use crate::programme::{Field, Table};

/// The value of `key`, or `default` where it is absent; `None` where it is wrong.
pub(super) fn or<'a, T>(
    table: &Table<'a>,
    key: &str,
    default: T,
    read: impl FnOnce(&Field<'a>) -> Option<T>,
) -> Option<T> {
    table.get(key).map_or(Some(default), |field| read(&field))
}

/// The table `key`, or none where it is absent; `None` outside when something else stands there.
#[allow(clippy::option_option, reason = "wrong, absent and present are three things")]
pub(super) fn sub<'a>(table: &Table<'a>, key: &str) -> Option<Option<Table<'a>>> {
    table.get(key).map_or(Some(None), |field| field.table().map(Some))
}
