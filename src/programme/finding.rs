//! One remark of a checker.

use crate::words::Message;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It may not air so.
    Error,
    /// It may air; a person should look.
    Warning,
    /// Good to know.
    Note,
}

/// Where a finding is: a file, and in it a line and a key where these are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The file as a person names it, such as `schedules/2022-03.toml`.
    pub file: String,
    /// Line in it, from 1.
    pub line: Option<u32>,
    /// Key path in it, such as `programme[0].segment[2].file`; may be empty.
    pub key: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, " {}", self.key)?;
        }
        Ok(())
    }
}

/// One remark: how much it weighs, where, and what (code, values; the catalogue adds sentence and hint).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// Its stable code and values.
    pub message: Message,
}
