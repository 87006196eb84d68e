//! What was typed wrongly: clap finds it, the catalogues say it in the reader's language.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::words::Message;

/// What is wrong with `args`, as clap found it; none where help or version was asked for.
pub(super) fn message(error: &Error, args: &[OsString]) -> Option<Message> {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        _ => String::new(),
    };
    let (arg, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    let (verb, before) = (said(ContextKind::InvalidSubcommand), said(ContextKind::PriorArg));
    let near_arg = said(ContextKind::SuggestedArg);
    let near_verb = said(ContextKind::SuggestedSubcommand);
    let wrong = match error.kind() {
        _ if !error.use_stderr() => return None,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        ErrorKind::UnknownArgument if near_arg.is_empty() => Message::new("typed-unknown").with("arg", arg),
        ErrorKind::UnknownArgument => {
            Message::new("typed-unknown-near").with("arg", arg).with("near", near_arg)
        }
        ErrorKind::InvalidSubcommand if near_verb.is_empty() => {
            Message::new("typed-no-verb").with("verb", verb)
        }
        ErrorKind::InvalidSubcommand => {
            Message::new("typed-no-verb-near").with("verb", verb).with("near", near_verb)
        }
        ErrorKind::MissingSubcommand => Message::new("typed-verb-missing").with("verb", verb),
        ErrorKind::MissingRequiredArgument => Message::new("typed-missing").with("args", arg),
        ErrorKind::ArgumentConflict if before == arg || before.is_empty() => {
            Message::new("typed-twice").with("arg", arg)
        }
        ErrorKind::ArgumentConflict => Message::new("typed-conflict").with("arg", arg).with("other", before),
        ErrorKind::InvalidValue if value.is_empty() => Message::new("typed-no-value").with("arg", arg),
        ErrorKind::InvalidValue => {
            let choices = said(ContextKind::ValidValue);
            Message::new("typed-choice").with("arg", arg).with("value", value).with("choices", choices)
        }
        ErrorKind::ValueValidation => {
            let detail = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            Message::new("typed-value").with("arg", arg).with("value", value).with("detail", detail)
        }
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            Message::new("typed-otherwise").with("detail", first.trim_start_matches("error: "))
        }
    };
    let usage = match said(ContextKind::Usage) {
        // Of a value that will not do clap says no usage.
        none if none.is_empty() => {
            let verb = args.get(1).and_then(|arg| arg.to_str()).filter(|arg| !arg.starts_with('-'));
            verb.map_or_else(|| "loa --help".into(), |verb| format!("loa {verb} --help"))
        }
        usage => usage.trim_start_matches("Usage: ").trim().to_owned(),
    };
    Some(wrong.with("usage", usage))
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

    #[test]
    fn what_is_typed_wrongly_is_said_in_the_readers_language() {
        for (typed, vi, en) in [
            (
                "loa satus",
                "Không có lệnh `satus`; có lẽ là `status`.",
                "There is no `satus`; perhaps `status`.",
            ),
            ("loa 7", "Không có lệnh `7`.", "There is no `7`."),
            ("loa clock --json", "`loa clock` cần một lệnh con.", "`loa clock` needs a command of its own."),
            (
                "loa status --jsom",
                "Không có tham số `--jsom`; có lẽ là `--json`.",
                "There is no `--jsom`; perhaps `--json`.",
            ),
            ("loa status x", "Không có tham số `x`.", "There is no `x`."),
            ("loa cancel", "Còn thiếu --reason <TEXT>, <SLOT>.", "Still wanted: --reason <TEXT>, <SLOT>."),
            ("loa status --dir", "`--dir <DIR>` cần một giá trị.", "`--dir <DIR>` wants a value."),
            (
                "loa status --dir a --dir b",
                "`--dir <DIR>` chỉ được ghi một lần.",
                "`--dir <DIR>` stands only once.",
            ),
            (
                "loa status --lang fr",
                "`--lang <vi|en>` không nhận `fr`, chỉ nhận: vi, en.",
                "`--lang <vi|en>` does not take `fr`, only: vi, en.",
            ),
            (
                "loa init --new-epoch --id a --by x --reason y",
                "`--new-epoch` không dùng cùng `--id <ID>`.",
                "`--new-epoch` does not go with `--id <ID>`.",
            ),
            (
                "loa correct x",
                "`x` không dùng được cho `<SEQ>` (invalid digit found in string).",
                "`x` will not do for `<SEQ>` (invalid digit found in string).",
            ),
            (
                "loa status --json=yes",
                "Lệnh ghi sai: unexpected value 'yes' for '--json' found; no more were expected.",
                "This will not do: unexpected value 'yes' for '--json' found; no more were expected.",
            ),
        ] {
            let message = of(typed).unwrap_or_else(|| panic!("{typed}"));
            assert_eq!((message.say(Vi).as_str(), message.say(En).as_str()), (vi, en), "{typed}");
            let hint = message.hint(Vi).unwrap();
            assert!(hint.starts_with("Gõ: loa ") && !hint.contains("Usage"), "{typed}: {hint}");
        }
    }

    #[test]
    fn help_and_version_are_no_mistakes() {
        for typed in ["loa", "loa --help", "loa status --help", "loa --version"] {
            assert_eq!(of(typed), None, "{typed}");
        }
    }
}
