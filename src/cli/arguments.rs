//! What may be typed. The help's sentences stand in the catalogues, so that it speaks the reader's language.

use std::{ffi::OsString, path::PathBuf};

use clap::{Arg, ArgAction, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::{
    enter::Airing,
    fleet::FleetVerb,
    lang_of_environment,
    package::{Order, TrustVerb},
    report::ReportPeriod,
    retain::Retain,
    say::Say,
    user::UserVerb,
};
use crate::{
    units::{ScheduleName, SlotId},
    words::{self, Lang, say},
};

/// All of it.
#[derive(Debug, Parser)]
#[command(name = "loa", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    pub dir: PathBuf,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(long, global = true, value_name = "vi|en", value_parser = ["vi", "en"])]
    lang: Option<String>,
}

impl Cli {
    /// The language to speak: `--lang`, else the environment's, else Vietnamese.
    pub fn lang(&self) -> Lang {
        self.lang.as_deref().map_or_else(lang_of_environment, Lang::from_tag)
    }
}

/// The verbs of `formats.md`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    Init {
        #[arg(long, value_name = "ID", conflicts_with = "new_epoch")]
        id: Option<String>,
        #[arg(long, conflicts_with = "new_epoch")]
        centre: bool,
        #[arg(long, requires = "by", requires = "reason")]
        new_epoch: bool,
        #[arg(long, value_name = "NAME", requires = "new_epoch")]
        by: Option<String>,
        #[arg(long, value_name = "TEXT", requires = "new_epoch")]
        reason: Option<String>,
        #[arg(long, requires = "new_epoch")]
        revoked: bool,
        #[arg(long, value_name = "FOLDER", requires = "new_epoch", conflicts_with = "revoked")]
        from: Option<PathBuf>,
    },
    Fleet {
        #[command(subcommand)]
        what: Option<FleetVerb>,
    },
    Copy {
        from: ScheduleName,
        to: ScheduleName,
    },
    Check {
        months: Vec<ScheduleName>,
    },
    Approve {
        month: ScheduleName,
        #[arg(long, value_name = "NAME")]
        by: String,
        #[arg(long, value_name = "NO")]
        document: Option<String>,
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    Rehearse {
        month: ScheduleName,
        #[arg(long, value_name = "N")]
        days: Option<u32>,
        #[arg(long, value_name = "SEED")]
        faults: Option<u64>,
    },
    Run {
        #[arg(long, env = "LOA_OUTPUT", hide_env_values = true)]
        output: Option<String>,
    },
    Air {
        month: ScheduleName,
        programme: String,
        #[arg(long)]
        test: bool,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        #[arg(long, env = "LOA_OUTPUT", hide_env_values = true)]
        output: Option<String>,
    },
    Stop {
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[arg(long, value_name = "TIME")]
        hold_until: Option<String>,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Release {
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Clock {
        #[command(subcommand)]
        what: ClockVerb,
    },
    Cancel {
        slot: SlotId,
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Status {
        #[arg(long)]
        qr: bool,
    },
    Log {
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        #[arg(long, value_name = "DATE")]
        to: Option<String>,
        #[arg(long, value_name = "OUTCOME")]
        outcome: Option<String>,
    },
    Note {
        slot: SlotId,
        #[arg(long, value_name = "TEXT")]
        text: String,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Correct {
        #[arg(value_name = "SEQ")]
        entry: u64,
        #[arg(long, value_name = "TEXT")]
        text: String,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Export {
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        #[arg(long, value_name = "DATE")]
        to: Option<String>,
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[arg(long)]
        audio: bool,
        #[arg(long)]
        force: bool,
    },
    Report {
        #[command(subcommand)]
        period: ReportPeriod,
    },
    Enter(Airing),
    Retain(Retain),
    Pack(Order),
    Import {
        #[arg(value_name = "DIR")]
        from: PathBuf,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    Trust {
        #[command(subcommand)]
        what: TrustVerb,
    },
    Prune {
        #[arg(long)]
        dry_run: bool,
    },
    Key {
        #[command(subcommand)]
        what: KeyVerb,
    },
    User {
        #[command(subcommand)]
        what: UserVerb,
    },
    Verify {
        target: Option<PathBuf>,
        #[arg(long = "key", value_name = "KEY")]
        keys: Vec<String>,
        #[arg(long = "code", value_name = "CODE")]
        codes: Vec<String>,
    },
    Wake {},
    Doctor {
        #[arg(long, env = "LOA_OUTPUT", hide_env_values = true)]
        output: Option<String>,
        #[arg(long)]
        tone: bool,
    },
}

/// The verbs of `loa clock`.
#[derive(Debug, Subcommand)]
pub(super) enum ClockVerb {
    Confirm {
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// The verbs of `loa key`.
#[derive(Debug, Subcommand)]
pub(super) enum KeyVerb {
    New {
        name: String,
        #[arg(short = 'o', long, value_name = "FILE")]
        file: PathBuf,
    },
}

/// Reads `args` (program name first); help and mistakes come as clap's errors.
pub(super) fn parse(args: Vec<OsString>) -> Result<Cli, clap::Error> {
    let matches = command(wanted(&args).lang).try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

/// The command with all its help in `lang`.
pub(super) fn command(lang: Lang) -> Command {
    let version =
        Arg::new("version").short('V').long("version").action(ArgAction::Version).display_order(LAST);
    let command = Cli::command().disable_version_flag(true).arg(version);
    let mut command = described("loa", framed(command, lang), lang);
    for key in ["loa-about", "loa-after"] {
        let Some(sentence) = words::find(lang, key) else { continue };
        command = if key == "loa-about" { command.about(sentence) } else { command.after_help(sentence) };
    }
    command.mut_subcommands(|verb| {
        let name = verb.get_name().to_owned();
        explained(verb, &name, lang)
    })
}

/// `verb` and what stands below it, by the sentences for `name`, such as `key-new`.
fn explained(verb: Command, name: &str, lang: Lang) -> Command {
    let about = words::find(lang, &format!("verb-{name}")).unwrap_or_default();
    let more = words::find(lang, &format!("verb-{name}-more")).map(|more| format!("{about}\n\n{more}"));
    let verb = described(name, framed(verb.about(about), lang), lang);
    let verb = verb.mut_subcommands(|below| {
        let name = format!("{name}-{}", below.get_name());
        explained(below, &name, lang)
    });
    match more {
        Some(more) => verb.long_about(more),
        None => verb,
    }
}

/// Behind everything else in the help.
const LAST: usize = 999;

/// `command` with the words that clap would say in English.
fn framed(command: Command, lang: Lang) -> Command {
    let usage = say(lang, "help-usage", &[]);
    let template =
        format!("{{before-help}}{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}");
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).display_order(LAST);
    let command = command.disable_help_flag(true).arg(help).help_template(template);
    command.subcommand_help_heading(say(lang, "help-verbs", &[]))
}

/// `verb`, whose sentences are those for `name`, with its arguments explained.
fn described(name: &str, verb: Command, lang: Lang) -> Command {
    let mut positionals = 0;
    verb.mut_args(|arg| {
        let arg = worded(name, arg, lang);
        // Under a heading of its own clap would list them by their names.
        positionals += usize::from(arg.is_positional());
        if arg.is_positional() { arg.display_order(positionals) } else { arg }
    })
}

fn worded(verb: &str, arg: Arg, lang: Lang) -> Arg {
    let id = arg.get_id().as_str().replace('_', "-");
    let help = words::find(lang, &format!("arg-{verb}-{id}"));
    let help = help.or_else(|| words::find(lang, &format!("arg-{id}"))).unwrap_or_default();
    let heading = say(lang, if arg.is_positional() { "help-arguments" } else { "help-options" }, &[]);
    let arg = arg.help_heading(heading);
    if !arg.get_action().takes_values() {
        return arg.help(help);
    }
    let values: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let choices = (!values.is_empty()).then(|| say(lang, "help-choices", &[("values", &values.join(", "))]));
    let default =
        (!defaults.is_empty()).then(|| say(lang, "help-default", &[("value", &defaults.join(", "))]));
    let said = [Some(help), choices, default].into_iter().flatten().collect::<Vec<_>>().join(" ");
    arg.help(said).hide_possible_values(true).hide_default_value(true)
}

/// How help and mistakes are to be said is needed before the arguments are read.
pub(super) fn wanted(args: &[OsString]) -> Say {
    let texts: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let after = texts.iter().position(|arg| *arg == "--lang").and_then(|at| texts.get(at + 1)).copied();
    let joined = texts.iter().find_map(|arg| arg.strip_prefix("--lang="));
    let lang = after.or(joined).map_or_else(lang_of_environment, Lang::from_tag);
    Say { json: texts.contains(&"--json"), lang }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_and_argument_is_explained_in_both_languages() {
        for lang in [Lang::Vi, Lang::En] {
            let command = command(lang);
            command.clone().debug_assert();
            explains(&command);
        }
    }

    fn explains(verb: &Command) {
        let name = verb.get_name();
        assert!(!verb.get_about().unwrap().to_string().is_empty(), "{name} has no sentence");
        for arg in verb.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let said = help.split('[').next().unwrap_or_default().trim();
            assert!(!said.is_empty(), "{name} {} has no sentence", arg.get_id());
        }
        verb.get_subcommands().for_each(explains);
    }
}
