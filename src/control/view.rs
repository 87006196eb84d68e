//! How plain data looks in JSON (`docs/json.md`).

use serde::Serialize;

use crate::{
    programme::{Finding, Severity},
    words::Lang,
};

/// A finding with its sentence and remedy in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// `error`, `warning` or `note`.
    pub severity: Severity,
    /// Stable code.
    pub code: &'static str,
    /// File, line and key.
    pub place: String,
    /// One sentence.
    pub message: String,
    /// The remedy; empty when there is none to give.
    pub hint: String,
}

impl FindingView {
    /// `error`, `warning` or `note`.
    #[must_use]
    pub fn severity_word(&self) -> &'static str {
        match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// A finding as a reader of `lang` sees it.
#[must_use]
pub fn finding_view(finding: &Finding, lang: Lang) -> FindingView {
    FindingView {
        severity: finding.severity,
        code: finding.message.code,
        place: finding.place.to_string(),
        message: finding.message.say(lang),
        hint: finding.message.hint(lang).unwrap_or_default(),
    }
}
