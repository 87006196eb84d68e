//! The command line: one file a verb.
//!
//! Exit codes: 0 done, 1 the answer is no, 2 wrong usage or configuration, 3 the machine failed.

mod air;
mod approve;
mod arguments;
mod check;
mod doctor;
mod enter;
mod export;
mod fleet;
mod init;
mod key;
mod log;
mod mistake;
mod package;
mod prune;
mod rehearse;
mod report;
mod retain;
mod run;
mod say;
mod status;
mod user;
mod verify;
mod wake;

use std::{io::IsTerminal as _, process::ExitCode};

use arguments::{Cli, ClockVerb, KeyVerb, Verb};
use say::Say;

use crate::{
    control::{Against, ControlError, Folder, Opener},
    words::{Lang, Message},
};

/// How a verb ends: the exit code of `formats.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Done,
    No,
    Usage,
    Machine,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Machine => 3,
        })
    }
}

/// Reads the arguments, runs the verb, prints what went wrong.
pub fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let cli = match arguments::parse(args.clone()) {
        Ok(cli) => cli,
        Err(error) => {
            match mistake::message(&error, &args) {
                Some(message) => arguments::wanted(&args).no(&message),
                // Help and version are answers, not mistakes; to nothing at all help is the answer, too.
                None => drop(error.print()),
            }
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    trace(matches!(cli.verb, Verb::Run { .. }));
    let say = Say { json: cli.json, lang: cli.lang() };
    match dispatch(&cli, say) {
        Ok(exit) => exit.into(),
        Err(error) => fail(&error, say).into(),
    }
}

fn dispatch(cli: &Cli, say: Say) -> anyhow::Result<Exit> {
    match &cli.verb {
        Verb::Init { by: Some(by), reason: Some(text), revoked, from, .. } => {
            let opener = Opener { by, text };
            return init::new_epoch(&cli.dir, opener, *revoked, from.as_deref(), say);
        }
        Verb::Init { id, centre, .. } => return init::init(&cli.dir, id.as_deref(), *centre, say),
        _ => {}
    }
    if let Verb::Verify { target, keys, codes } = &cli.verb {
        let target = target.as_deref().unwrap_or(&cli.dir);
        if !target.exists() {
            let missing = Message::new("target-missing").with("file", target.display());
            return Err(ControlError::Usage(missing).into());
        }
        let against = Against { keys: keys.clone(), codes: codes.clone() };
        let verify = if target.is_file() { export::verify } else { verify::verify };
        return verify(target, &against, say);
    }
    if let Verb::Doctor { output, tone } = &cli.verb {
        return doctor::doctor(&cli.dir, output.as_deref(), *tone, say);
    }
    if let Verb::Key { what: KeyVerb::New { name, file } } = &cli.verb {
        return key::new(name, file, say);
    }
    let folder = Folder::open(&cli.dir)?;
    match &cli.verb {
        Verb::Fleet { what } => fleet::fleet(&folder, what.as_ref(), say),
        Verb::Copy { from, to } => init::copy(&folder, *from, *to, say),
        Verb::Check { months } => check::check(&folder, months, say),
        Verb::Approve { month, by, document, key } => {
            approve::approve(&folder, *month, by, document.as_deref(), key.clone(), say)
        }
        Verb::Rehearse { month, days, faults } => rehearse::rehearse(&folder, *month, *days, *faults, say),
        Verb::Run { output } => run::run(folder, output.clone(), say),
        Verb::Air { month, programme, test, by, output } => {
            air::air(folder, *month, programme, *test, by.as_deref(), output.clone(), say)
        }
        Verb::Stop { reason, hold_until, by } => {
            air::stop(folder, reason, hold_until.as_deref(), by.as_deref(), say)
        }
        Verb::Release { by } => air::release(folder, by.as_deref(), say),
        Verb::Clock { what: ClockVerb::Confirm { by } } => air::confirm_clock(folder, by, say),
        Verb::Cancel { slot, reason, by } => air::cancel(folder, slot, reason, by.as_deref(), say),
        Verb::Export { from, to, output, audio, force } => {
            let wish = export::wish(from.as_deref(), to.as_deref(), *audio, *force)?;
            export::export(&folder, output, wish, say)
        }
        Verb::Report { period } => report::report(&folder, period, say),
        Verb::Note { slot, text, by } => log::note(folder, slot, text, by.as_deref(), say),
        Verb::Correct { entry, text, by } => log::correct(folder, *entry, text, by.as_deref(), say),
        Verb::Enter(airing) => enter::enter(folder, airing, say),
        Verb::Retain(order) => retain::retain(folder, order, say),
        Verb::Pack(order) => package::pack(&folder, order, say),
        Verb::Import { from, by } => package::import(&folder, from, by.as_deref(), say),
        Verb::Trust { what } => package::trust(&folder, what, say),
        Verb::Prune { dry_run } => prune::prune(folder, *dry_run, say),
        Verb::Status { qr } => status::status(&folder, *qr, say),
        Verb::User { what } => user::user(&folder, what, say),
        Verb::Wake {} => wake::wake(&folder, say),
        Verb::Log { from, to, outcome } => {
            log::log(&folder, from.as_deref(), to.as_deref(), outcome.as_deref(), say)
        }
        Verb::Init { .. } | Verb::Verify { .. } | Verb::Doctor { .. } | Verb::Key { .. } => Ok(Exit::Usage),
    }
}

/// Prints an error for people and gives the exit code of its sort.
fn fail(error: &anyhow::Error, say: Say) -> Exit {
    match error.downcast_ref::<ControlError>() {
        Some(ControlError::Config(findings)) => {
            say.findings(findings);
            Exit::Usage
        }
        Some(ControlError::Findings(findings)) => {
            say.findings(findings);
            Exit::No
        }
        Some(ControlError::Usage(message)) => {
            say.no(message);
            Exit::Usage
        }
        Some(ControlError::No(message)) => {
            say.no(message);
            Exit::No
        }
        Some(ControlError::Media(refusal)) => {
            say.no(&refusal.message());
            Exit::No
        }
        _ => {
            say.failure(error);
            Exit::Machine
        }
    }
}

/// The trace log goes to standard error; `RUST_LOG` chooses what of it.
fn trace(daemon: bool) {
    let default = if daemon { "info" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    // Colours are for people: a journal would keep such a line as a blob.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colours = std::io::stderr().is_terminal() && !plain;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .init();
}

/// The language of `LANG` and its kin, in their order of precedence.
fn lang_of_environment() -> Lang {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    Lang::from_tag(&["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default())
}
