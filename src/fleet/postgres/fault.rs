//! What can go wrong with PostgreSQL, and what of it passes by itself.

use std::{error::Error as _, io};

use postgres::error::SqlState;

/// Why a question had no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The server said so, or did not answer.
    #[error(transparent)]
    Server(#[from] postgres::Error),
    /// The wait for the replica was broken off: the server has it, its replica perhaps not.
    #[error("the replica did not say that it has it")]
    Alone,
    /// No connection came free.
    #[error("every connection to the database is busy")]
    Busy,
    /// A value that no program of ours wrote.
    #[error("the column `{0}` of a row cannot be read")]
    Strange(&'static str),
    /// A server that does not keep what it says it kept.
    #[error("the server runs with `{0}`")]
    Careless(String),
    /// Tables of another program.
    #[error("the tables have version {0}, this program knows {1}")]
    Version(i32, i32),
}

impl Fault {
    /// Whether the same question may have its answer a little later: a connection broke, the database is starting,
    /// stopping or changing its place, or two transactions were in each other's way.
    pub fn passes(&self) -> bool {
        let error = match self {
            Fault::Server(error) => error,
            Fault::Alone => return true,
            Fault::Busy | Fault::Strange(_) | Fault::Careless(_) | Fault::Version(..) => return false,
        };
        if let Some(code) = error.code() {
            return passing(code);
        }
        let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        // What rustls refuses is invalid data: another's certificate does not become right.
        let wrong = [io::ErrorKind::InvalidData, io::ErrorKind::InvalidInput];
        error.is_closed() || cause.is_some_and(|cause| !wrong.contains(&cause.kind()))
    }
}

/// PostgreSQL, appendix A.
fn passing(code: &SqlState) -> bool {
    let exactly = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
    ];
    exactly.contains(code) || code.code().starts_with("08")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_nothing_else() {
        for code in ["57P01", "57P02", "57P03", "40001", "40P01", "53300", "25006", "08006", "08003"] {
            assert!(passing(&SqlState::from_code(code)), "{code}");
        }
        for code in ["28P01", "3D000", "23505", "P0001", "42P01", "57014", "53100", "22021"] {
            assert!(!passing(&SqlState::from_code(code)), "{code}");
        }
        assert!(Fault::Alone.passes() && !Fault::Busy.passes() && !Fault::Version(2, 1).passes());
    }
}
