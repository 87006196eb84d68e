//! What was typed wrongly: clap finds it, the catalogues say it in the reader's language.

use std::{error::Error as _, ffi::OsString, num::ParseIntError};

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::arguments::command;
use crate::{
    units::Malformed,
    words::{Lang, Message},
};

/// What is wrong with `args`, as clap found it; none where help or version was asked for, or nothing was.
pub(super) fn message(error: &Error, args: &[OsString]) -> Option<Message> {
    let all = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    // As they stand in a sentence that has a mark before and behind them.
    let marked = |kind| all(kind).join("`, `");
    let said = |kind| all(kind).join(", ");
    let (arg, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    let wrong = match error.kind() {
        _ if !error.use_stderr() => return None,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        ErrorKind::UnknownArgument => {
            unknown(&marked(ContextKind::SuggestedArg), &all(ContextKind::Suggested))
        }
        ErrorKind::InvalidSubcommand => {
            let (verb, near) =
                (said(ContextKind::InvalidSubcommand), marked(ContextKind::SuggestedSubcommand));
            let code = if near.is_empty() { "typed-no-verb" } else { "typed-no-verb-near" };
            Message::new(code).with("verb", verb).with("near", near)
        }
        ErrorKind::MissingSubcommand => {
            let verbs = said(ContextKind::ValidSubcommand);
            Message::new("typed-verb-missing")
                .with("verb", said(ContextKind::InvalidSubcommand))
                .with("verbs", verbs)
        }
        ErrorKind::MissingRequiredArgument => Message::new("typed-missing").with("args", &arg),
        ErrorKind::ArgumentConflict => {
            let before = marked(ContextKind::PriorArg);
            let is_twice = before == arg || before.is_empty();
            Message::new(if is_twice { "typed-twice" } else { "typed-conflict" }).with("other", before)
        }
        ErrorKind::InvalidValue if value.is_empty() => Message::new("typed-no-value"),
        ErrorKind::InvalidValue => {
            Message::new("typed-choice").with("choices", said(ContextKind::ValidValue))
        }
        ErrorKind::ValueValidation => unfit(error),
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            Message::new("typed-otherwise").with("detail", first.trim_start_matches("error: "))
        }
    };
    let usage = said(ContextKind::Usage);
    let usage = usage.trim_start_matches("Usage: ").trim();
    Some(wrong.with("arg", arg).with("value", value).with("usage", usage).with("help", help(args)))
}

/// An argument that is none here; `near` are those that it may have been, `known` is what clap knows of it.
fn unknown(near: &str, known: &[String]) -> Message {
    let known = known.first().map(String::as_str).unwrap_or_default();
    // clap says `'status --by' exists`, and `to pass '-x' as a value, use '-- -x'`.
    match known.split('\'').nth(1) {
        _ if !near.is_empty() => Message::new("typed-unknown-near").with("near", near),
        Some(there) if known.ends_with(" exists") => Message::new("typed-elsewhere").with("there", there),
        Some(_) if known.starts_with("to pass ") => Message::new("typed-dash"),
        _ => Message::new("typed-unknown"),
    }
}

/// A value that its type refuses.
fn unfit(error: &Error) -> Message {
    let source = error.source();
    if source.is_some_and(<dyn std::error::Error>::is::<ParseIntError>) {
        return Message::new("typed-no-number");
    }
    if let Some(malformed) = source.and_then(|source| source.downcast_ref::<Malformed>()) {
        // The examples are the same in every language.
        let examples: Vec<_> = malformed.wanted.split('`').skip(1).step_by(2).collect();
        if !examples.is_empty() {
            return Message::new("typed-unlike").with("examples", examples.join("`, `"));
        }
    }
    Message::new("typed-value").with("detail", source.map(ToString::to_string).unwrap_or_default())
}

/// Where the help for `args` is.
fn help(args: &[OsString]) -> String {
    let all = command(Lang::Vi);
    let (mut at, mut path) = (&all, "loa".to_owned());
    for arg in args {
        if let Some(verb) = at.find_subcommand(arg) {
            (at, path) = (verb, format!("{path} {}", verb.get_name()));
        }
    }
    path + " --help"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::arguments,
        words::Lang::{En, Vi},
    };

    fn of(typed: &str) -> Option<Message> {
        let args: Vec<OsString> = typed.split(' ').map(Into::into).collect();
        message(&arguments::parse(args.clone()).unwrap_err(), &args)
    }

    /// What is typed, what is said of it in both languages, and what is to be typed instead, where that is known, or read.
    const TYPED: &[(&str, &str, &str, &str, &str)] = &[
        (
            "loa satus",
            "Không có lệnh `satus`; có lẽ là `status`.",
            "There is no command `satus`; perhaps `status`.",
            "",
            "loa --help",
        ),
        ("loa --json 7", "Không có lệnh `7`.", "There is no command `7`.", "", "loa --help"),
        (
            "loa clock --json",
            "Sau `loa clock` còn thiếu một lệnh: confirm.",
            "A command is missing behind `loa clock`: confirm.",
            "",
            "loa clock --help",
        ),
        (
            "loa status --jsom",
            "Không có tùy chọn `--jsom`; có lẽ là `--json`.",
            "There is no option `--jsom`; perhaps `--json`.",
            "loa status --json",
            "loa status --help",
        ),
        ("loa status x", "Thừa `x`.", "`x` is too much.", "loa status [OPTIONS]", "loa status --help"),
        (
            "loa --qr status",
            "`--qr` không đứng trước lệnh mà đứng sau: `status --qr`.",
            "`--qr` does not stand before the command but behind it: `status --qr`.",
            "",
            "loa status --help",
        ),
        (
            "loa note 2022-03/cchc/2022-03-05T05:30:00 --text -5°C",
            "`-5` bắt đầu bằng dấu gạch nên không được hiểu là giá trị.",
            "`-5` begins with a dash, so it is not taken for a value.",
            "",
            "loa note --help",
        ),
        (
            "loa cancel",
            "Còn thiếu --reason <TEXT>, <SLOT>.",
            "Missing: --reason <TEXT>, <SLOT>.",
            "loa cancel --reason <TEXT> <SLOT>",
            "loa cancel --help",
        ),
        (
            "loa --json status --dir",
            "`--dir <DIR>` cần một giá trị.",
            "`--dir <DIR>` needs a value.",
            "",
            "loa status --help",
        ),
        (
            "loa status --dir a --dir b",
            "`--dir <DIR>` chỉ được ghi một lần.",
            "`--dir <DIR>` may be given only once.",
            "loa status [OPTIONS]",
            "loa status --help",
        ),
        (
            "loa status --lang fr",
            "`--lang <vi|en>` không nhận `fr`, chỉ nhận: vi, en.",
            "`--lang <vi|en>` does not take `fr`, only: vi, en.",
            "",
            "loa status --help",
        ),
        (
            "loa init --new-epoch --id a --by x --reason y",
            "`--new-epoch` không dùng cùng với `--id <ID>`.",
            "`--new-epoch` does not go with `--id <ID>`.",
            "loa init --new-epoch --by <NAME> --reason <TEXT>",
            "loa init --help",
        ),
        (
            "loa --json report month 2022-13",
            "`2022-13` không dùng được cho `<YYYY-MM>`; viết như `2022-03`.",
            "`2022-13` will not do for `<YYYY-MM>`; write it like `2022-03`.",
            "",
            "loa report month --help",
        ),
        (
            "loa correct x",
            "`x` không dùng được cho `<SEQ>`: ở đây phải là một số nguyên không âm, không quá lớn.",
            "`x` will not do for `<SEQ>`: it takes a whole number, not negative and not too large.",
            "",
            "loa correct --help",
        ),
        (
            "loa status --json=yes",
            "Lệnh gõ sai: unexpected value 'yes' for '--json' found; no more were expected.",
            "This was typed wrongly: unexpected value 'yes' for '--json' found; no more were expected.",
            "",
            "loa status --help",
        ),
    ];

    #[test]
    fn what_is_typed_wrongly_is_said_in_the_readers_language() {
        for (typed, vi, en, usage, help) in TYPED {
            let message = of(typed).unwrap_or_else(|| panic!("{typed}"));
            assert_eq!((message.say(Vi).as_str(), message.say(En).as_str()), (*vi, *en), "{typed}");
            let hint = message.hint(Vi).unwrap();
            let wanted = if usage.is_empty() {
                format!("Xem `{help}`.")
            } else {
                format!("Gõ `{usage}`, hoặc xem `{help}`.")
            };
            assert!(hint.ends_with(&wanted), "{typed}: {hint}");
        }
    }

    #[test]
    fn help_and_version_are_no_mistakes() {
        for typed in ["loa", "loa --help", "loa status --help", "loa --version"] {
            assert_eq!(of(typed), None, "{typed}");
        }
    }
}
