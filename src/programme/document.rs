//! A TOML file that people write, read so that every fault shows at once: where, what was found, what is allowed.

use std::cell::RefCell;

use toml::de::{DeTable, DeValue};

use super::{Finding, Place, Severity, Table};
use crate::words::Message;

/// Largest file that is read, in bytes: fifty times what a month needs.
const MOST_BYTES: usize = 256 << 10;
/// Most faults of syntax that are told; what follows the first few is rarely a fault of its own.
const MOST_SYNTAX: usize = 10;

/// What the cursors of one file share: its name, its lines and the findings so far.
pub(super) struct Notes<'a> {
    file: &'a str,
    lines: Lines,
    found: RefCell<Vec<Finding>>,
}

impl Notes<'_> {
    /// Notes a remark about the value at byte `at`.
    pub(super) fn report(&self, severity: Severity, at: usize, key: &str, message: Message) {
        let place = Place { file: self.file.into(), line: Some(self.lines.at(at)), key: key.into() };
        self.found.borrow_mut().push(Finding { severity, place, message });
    }
}

/// Reads the TOML document in `bytes` by `build`. UTF-8 with or without byte order mark, LF or CRLF.
/// There is a value only when no finding is an error; this never fails otherwise.
pub fn read<T>(
    file: &str,
    bytes: &[u8],
    build: impl FnOnce(&Table) -> Option<T>,
) -> (Option<T>, Vec<Finding>) {
    let text = match text_of(file, bytes) {
        Ok(text) => text,
        Err(finding) => return (None, vec![*finding]),
    };
    let notes = Notes { file, lines: Lines::of(text), found: RefCell::default() };
    let (root, faults) = DeTable::parse_recoverable(text);
    for fault in faults.iter().take(MOST_SYNTAX) {
        let at = fault.span().map_or(0, |span| span.start);
        let message = Message::new("toml-syntax").with("detail", fault.message());
        notes.report(Severity::Error, at, "", message);
    }
    // Half a document would only give remarks about keys that stand in its unread half.
    let value =
        if faults.is_empty() { build(&Table::new(&notes, root.get_ref(), 0, String::new())) } else { None };
    let found = notes.found.into_inner();
    let sound = found.iter().all(|f| f.severity != Severity::Error);
    (value.filter(|_| sound), found)
}

/// Fills in the lines of findings about `file` that so far only name a key, as the checkers do that see
/// values and no text. Findings whose key the document lacks get the line of the nearest table above.
pub fn locate(file: &str, bytes: &[u8], findings: &mut [Finding]) {
    let Ok(text) = text_of(file, bytes) else { return };
    let root = DeTable::parse_recoverable(text).0;
    let lines = Lines::of(text);
    for finding in findings.iter_mut().filter(|f| f.place.file == file && f.place.line.is_none()) {
        if let Some(at) = offset_of(root.get_ref(), &finding.place.key) {
            finding.place.line = Some(lines.at(at));
        }
    }
}

/// The byte at which the value of `key`, such as `slot[1].at[0]`, begins.
fn offset_of(root: &DeTable, key: &str) -> Option<usize> {
    let mut at = None;
    let mut table = Some(root);
    for part in key.split('.') {
        let name = part.split('[').next()?;
        let Some(mut value) = table.and_then(|t| t.get(name)) else { break };
        at = Some(value.span().start);
        for index in part.split('[').skip(1).filter_map(|i| i.strip_suffix(']')?.parse::<usize>().ok()) {
            let Some(element) = value.get_ref().as_array().and_then(|a| a.get(index)) else { return at };
            value = element;
            at = Some(value.span().start);
        }
        table = match value.get_ref() {
            DeValue::Table(inner) => Some(inner),
            _ => None,
        };
    }
    at
}

fn text_of<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Finding>> {
    let error = |line: u32, message: Message| {
        let place = Place { file: file.into(), line: Some(line), key: String::new() };
        Box::new(Finding { severity: Severity::Error, place, message })
    };
    if bytes.len() > MOST_BYTES {
        return Err(error(1, Message::new("file-too-large").with("limit_kib", MOST_BYTES / 1024)));
    }
    let text = std::str::from_utf8(bytes).map_err(|fault| {
        let valid = std::str::from_utf8(&bytes[..fault.valid_up_to()]).unwrap_or_default();
        error(Lines::of(valid).at(valid.len()), Message::new("file-not-utf8"))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Where the lines of a text begin, so that many findings cost little.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(text.match_indices('\n').map(|(at, _)| at + 1).collect())
    }

    /// The line of byte `at`, from 1.
    fn at(&self, at: usize) -> u32 {
        u32::try_from(self.0.partition_point(|begin| *begin <= at) + 1).unwrap_or(u32::MAX)
    }
}

/// The nearest of `known` to `found`, or `none` where nothing is near enough to be meant. The catalogues
/// know the word `none`.
#[must_use]
pub fn nearest<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let likeness = |k: &str| strsim::jaro_winkler(&found.to_lowercase(), &k.to_lowercase());
    known
        .into_iter()
        .map(|k| (likeness(k), k))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(|| "none".into(), |(_, k)| k.to_owned())
}

/// `known` for a sentence: each in backticks, with commas.
pub(super) fn listed<'k>(known: impl IntoIterator<Item = &'k str>) -> String {
    known.into_iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_path_leads_to_its_line() {
        let text = "a = 1\n[[slot]]\nat = [\n 'x',\n 'y',\n]\n[[slot]]\n[t]\nb = 2\n";
        let check = |key: &str, line: Option<u32>| {
            let place = Place { file: "f".into(), line: None, key: key.into() };
            let mut findings =
                [Finding { severity: Severity::Note, place, message: Message::new("toml-syntax") }];
            locate("f", text.as_bytes(), &mut findings);
            assert_eq!(findings[0].place.line, line, "{key}");
        };
        check("a", Some(1));
        check("slot[0].at[1]", Some(5));
        check("slot[0].at[7]", Some(3));
        check("slot[1].cron", Some(7));
        check("t.b", Some(9));
        check("nothing", None);
        check("", None);
        check("a[", Some(1));
    }

    #[test]
    fn hostile_text_gives_few_findings() {
        for unit in ["[", "a=[", "{a=", "\"", "a.", "[[a]]\n", "=\n", "a=1\n"] {
            let bytes = unit.repeat(20_000).into_bytes();
            let (value, findings) = read("f", &bytes, |_| Some(()));
            assert!(findings.len() <= MOST_SYNTAX && (value.is_some() || !findings.is_empty()), "{unit}");
        }
    }
}
