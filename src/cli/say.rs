//! How the command line speaks: tables and sentences for people, or JSON and nothing else.

use std::io::{BufWriter, IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    control::{Reply, finding_view},
    programme::{Finding, Severity},
    words::{self, Lang, Message},
};

use super::Exit;

/// In which form and language to speak.
#[derive(Debug, Clone, Copy)]
pub(super) struct Say {
    pub json: bool,
    pub lang: Lang,
}

impl Say {
    /// A sentence of the catalogue.
    pub fn text(self, key: &str, args: &[(&str, &str)]) -> String {
        words::say(self.lang, key, args)
    }

    /// A line for people; silent under `--json`.
    pub fn line(self, text: &str) {
        if !self.json {
            print_people(text);
        }
    }

    /// A document for machines; silent without `--json`.
    pub fn document<T: Serialize>(self, value: &T) {
        if self.json {
            print_line(&serde_json::to_string(value).unwrap_or_default());
        }
    }

    /// One document a line for machines as `each` gives them, in pieces that a pipe takes at once; silent
    /// without `--json`.
    pub fn documents<T: Serialize, R>(self, each: impl FnOnce(&mut dyn FnMut(T)) -> R) -> R {
        let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
        let done = each(&mut |value| {
            if self.json {
                // A reader that went away is no error.
                let _ = serde_json::to_writer(&mut out, &value);
                let _ = out.write_all(b"\n");
            }
        });
        let _ = out.flush();
        done
    }

    /// A table for people.
    pub fn table(self, head: &[&str], rows: Vec<Vec<String>>) {
        if self.json {
            return;
        }
        let mut table = Table::new();
        // One line under the head is enough for the eye.
        let style = TableStyle { row_separator: LineStyle::none(), ..presets::UTF8_HORIZONTAL_ONLY };
        table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(head.iter().map(|key| self.text(key, &[])));
        for row in rows {
            table.add_row(row);
        }
        print_people(&table.to_string());
    }

    /// Findings, worst first, each with its remedy.
    pub fn findings(self, findings: &[Finding]) {
        if self.json {
            let views: Vec<_> = findings.iter().map(|finding| finding_view(finding, self.lang)).collect();
            self.document(&serde_json::json!({ "findings": views }));
            return;
        }
        for finding in findings {
            let view = finding_view(finding, self.lang);
            let severity = match finding.severity {
                Severity::Error => "severity-error",
                Severity::Warning => "severity-warning",
                Severity::Note => "severity-note",
            };
            print_people(&format!("{}: {}: {}", self.text(severity, &[]), view.place, view.message));
            if !view.hint.is_empty() {
                print_people(&format!("  {}: {}", self.text("hint", &[]), view.hint));
            }
        }
    }

    /// The answer is no.
    pub fn no(self, message: &Message) {
        let hint = message.hint(self.lang).unwrap_or_default();
        if self.json {
            let no = serde_json::json!({ "no": { "code": message.code, "message": message.say(self.lang), "hint": hint } });
            return self.document(&no);
        }
        self.complain_of(&message.say(self.lang), &hint);
    }

    fn complain_of(self, sentence: &str, hint: &str) {
        complain(sentence);
        if !hint.is_empty() {
            complain(&format!("  {}: {hint}", self.text("hint", &[])));
        }
    }

    /// The machine failed; the whole chain of causes.
    pub fn failure(self, error: &anyhow::Error) {
        if self.json {
            self.document(&serde_json::json!({ "failed": format!("{error:#}") }));
        }
        complain(&format!("loa: {error:#}"));
    }

    /// A daemon's answer.
    pub fn reply(self, reply: &Reply) -> Exit {
        let (exit, said) = match reply {
            Reply::Done(said) => (Exit::Done, said),
            Reply::No(said) => (Exit::No, said),
            Reply::Failed(why) => {
                self.failure(&anyhow::anyhow!("{why}"));
                return Exit::Machine;
            }
            Reply::Status(_) | Reply::Pruned(_) => return Exit::Done,
        };
        let (sentence, hint) = (said.in_lang(self.lang), said.hint[self.lang as usize].as_str());
        self.document(&match exit {
            Exit::Done => serde_json::json!({ "done": { "code": said.code, "message": sentence } }),
            _ => serde_json::json!({ "no": { "code": said.code, "message": sentence, "hint": hint } }),
        });
        match exit {
            _ if self.json => {}
            Exit::Done => print_people(sentence),
            _ => self.complain_of(sentence, hint),
        }
        exit
    }

    /// A bar on standard error while a person waits; hidden where nobody sees it.
    pub fn bar(self, length: u64, key: &str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} [{bar:40}] {percent} % {eta}");
        let bar = ProgressBar::new(length).with_message(self.text(key, &[]));
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }
}

/// Writes to standard output; a reader that went away (`| head`) is no error.
fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn print_people(text: &str) {
    print_line(&visible(text));
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", visible(text));
}

/// What a hostile log or file says must not steer the terminal that shows it: control characters become their
/// pictures.
fn visible(text: &str) -> String {
    let picture = |c: char| match c {
        '\n' | '\t' => c,
        '\u{7f}' => '\u{2421}',
        c if c.is_ascii_control() => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(picture).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(visible("một dòng\n\thai"), "một dòng\n\thai");
        assert_eq!(visible("\u{1b}[2J\rwhole\u{7}\u{7f}\u{9b}"), "␛[2J␍whole␇␡\u{fffd}");
    }
}
