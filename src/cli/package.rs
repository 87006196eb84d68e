//! `loa pack`, `loa import`, `loa trust`: a month on its way from the centre to its stations.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use chrono::NaiveTime;
use clap::Subcommand;

use super::{
    Exit,
    air::{Hour, answered, person, time},
    log::day,
    say::Say,
};
use crate::{
    clock::{Clock as _, System},
    control::{
        self, Arrival, Ask, Became, ControlError, Folder, NewTrust, Pack, PackUrgent, Reply, Target, Trusted,
    },
    programme::civil,
    units::Month,
    words::Message,
};

/// What was typed behind `loa pack`.
#[derive(Debug, clap::Args)]
pub(super) struct Order {
    #[arg(required_unless_present = "urgent", conflicts_with = "urgent")]
    month: Option<Month>,
    #[arg(long, value_name = "FILE", requires_all = ["until", "names"])]
    urgent: Option<PathBuf>,
    #[arg(long, value_name = "TIME", requires = "urgent")]
    from: Option<String>,
    #[arg(long = "approved-by", value_name = "NAMES", requires = "urgent")]
    names: Option<String>,
    #[arg(long, value_name = "NUMBER", requires = "urgent")]
    document: Option<String>,
    #[arg(short, long, value_name = "DIR", conflicts_with = "tar")]
    output: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    tar: Option<PathBuf>,
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    #[arg(long = "station", value_name = "ID")]
    stations: Vec<String>,
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// The verbs of `loa trust`.
#[derive(Debug, Subcommand)]
pub(super) enum TrustVerb {
    New(NewFile),
    Accept {
        file: PathBuf,
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// What was typed behind `loa trust new`.
#[derive(Debug, clap::Args)]
pub(super) struct NewFile {
    #[arg(long = "editor", value_name = "KEY", required = true)]
    editors: Vec<String>,
    #[arg(long = "approver", value_name = "KEY", required = true)]
    approvers: Vec<String>,
    #[arg(long = "root", value_name = "KEY", required = true)]
    roots: Vec<String>,
    #[arg(long, value_name = "N", default_value_t = 1)]
    need_editors: u64,
    #[arg(long, value_name = "N", default_value_t = 1)]
    need_approvers: u64,
    #[arg(long, value_name = "N", default_value_t = 1)]
    need_roots: u64,
    #[arg(long, value_name = "DATE")]
    until: String,
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

pub(super) fn pack(folder: &Folder, order: &Order, say: Say) -> anyhow::Result<Exit> {
    let target = match (&order.output, &order.tar) {
        (Some(output), _) => Target::Folder(output.clone()),
        (None, Some(tar)) => Target::Tar(tar.clone()),
        (None, None) if folder.centre.is_some() => Target::Kept,
        (None, None) => return Err(ControlError::Usage(Message::new("pack-nowhere")).into()),
    };
    let urgent = order.urgent.as_ref().map(|file| urgent(folder, order, file)).transpose()?;
    let order = Pack {
        month: match (&order.urgent, order.month) {
            (None, Some(month)) => month,
            (file, _) => month_in(file.as_deref().unwrap_or(Path::new("")))?,
        },
        output: target,
        keys: order.keys.clone(),
        stations: order.stations.clone(),
        until: match &order.until {
            Some(text) if urgent.is_none() => Some(end_of(folder, text)?),
            _ => None,
        },
        urgent,
        by: person(order.by.as_deref()),
    };
    let packed = control::pack(folder, &order, &System::new())?;
    say.document(&packed);
    let [seq, revision, files, bytes] =
        [packed.seq, packed.revision.into(), packed.files as u64, packed.bytes].map(|n| n.to_string());
    let month = packed.month.to_string();
    let note = packed.note.as_deref().unwrap_or_default();
    let values = [
        ("seq", &*seq),
        ("month", &month),
        ("revision", &revision),
        ("files", &files),
        ("bytes", &bytes),
        ("note", note),
    ];
    say.line(&say.text(if packed.note.is_some() { "pack-done" } else { "pack-waiting" }, &values));
    Ok(Exit::Done)
}

/// What was typed of an urgent programme in `file`.
fn urgent(folder: &Folder, order: &Order, file: &Path) -> Result<PackUrgent, ControlError> {
    let at = |text: &Option<String>| text.as_deref().map(|text| time(folder, text, Hour::Next)).transpose();
    Ok(PackUrgent {
        file: file.into(),
        from: at(&order.from)?,
        until: at(&order.until)?.unwrap_or_default(),
        by: order.names.clone().unwrap_or_default(),
        document: order.document.clone().unwrap_or_default(),
    })
}

/// The month by which the name of a schedule begins.
fn month_in(file: &Path) -> Result<Month, ControlError> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let month = name.split('.').next().and_then(|month| month.parse().ok());
    month.ok_or_else(|| Message::new("pack-urgent-name").with("file", file.display()).into())
}

pub(super) fn import(folder: &Folder, from: &Path, by: Option<&str>, say: Say) -> anyhow::Result<Exit> {
    let by = person(by);
    let mut enter = |ask| entered(folder, ask);
    let arrivals = control::import(folder, from, System::new().now().wall, &by, &mut enter)?;
    let documents: Vec<_> = arrivals.iter().map(|arrival| document(arrival, say)).collect();
    say.document(&serde_json::json!({ "packages": documents }));
    for arrival in &arrivals {
        show(arrival, say);
    }
    let any = |wanted: fn(&Became) -> bool| arrivals.iter().any(|arrival| wanted(&arrival.became));
    if any(|became| *became == Became::Taken) {
        // A running daemon need not wait for its next round; where none runs, the next start looks.
        control::ask(&folder.socket_path(), &Ask::Look {})?;
    }
    Ok(if any(|became| matches!(became, Became::Refused(_))) { Exit::No } else { Exit::Done })
}

pub(super) fn trust(folder: &Folder, verb: &TrustVerb, say: Say) -> anyhow::Result<Exit> {
    let mut enter = |ask| entered(folder, ask);
    let trusted = match verb {
        TrustVerb::Accept { file, by } => {
            control::accept_trust(folder, file, System::new().now().wall, by, &mut enter)?
        }
        TrustVerb::New(typed) => {
            let order = NewTrust {
                approvers: typed.approvers.clone(),
                editors: typed.editors.clone(),
                roots: typed.roots.clone(),
                need: [typed.need_approvers, typed.need_editors, typed.need_roots],
                until: end_of(folder, &typed.until)?,
                keys: typed.keys.clone(),
            };
            control::new_trust(folder, &order, &person(typed.by.as_deref()), &mut enter)?
        }
    };
    // Other approvals may count from now on: a running daemon need not wait for its next round.
    control::ask(&folder.socket_path(), &Ask::Look {})?;
    let Trusted { channel, version, digest, file } = &trusted;
    say.document(&trusted);
    let (number, digest) = (version.to_string(), digest.to_string());
    let values = [("channel", channel.as_str()), ("version", &number), ("digest", &digest), ("file", file)];
    let done = if matches!(verb, TrustVerb::New(_)) { "trust-made" } else { "trust-done" };
    say.line(&say.text(done, &values));
    Ok(Exit::Done)
}

/// Makes an entry durable, by the running daemon or by this process.
pub(super) fn entered(folder: &Folder, ask: Ask) -> anyhow::Result<()> {
    let mut outcome = Err(anyhow!("the station did not answer"));
    answered(folder.clone(), ask, None, &mut |reply| {
        outcome = match reply {
            Reply::Done(_) => Ok(()),
            Reply::No(said) => Err(anyhow!("{}", said.code)),
            Reply::Failed(words) => Err(anyhow!("{words}")),
            Reply::Status(_) | Reply::Pruned(_) => Err(anyhow!("the station answered something else")),
        };
    })?;
    outcome
}

fn document(arrival: &Arrival, say: Say) -> serde_json::Value {
    let (became, no) = match &arrival.became {
        Became::Taken => ("taken", None),
        Became::Already => ("already", None),
        Became::Refused(no) => ("refused", Some(no)),
        Became::Good { .. } => ("good", None),
    };
    let no = no.map(|no| serde_json::json!({ "code": no.code, "message": no.say(say.lang) }));
    let (month, revision) = arrival.month.unzip();
    serde_json::json!({ "file": arrival.file, "month": month, "revision": revision, "became": became, "no": no })
}

fn show(arrival: &Arrival, say: Say) {
    let key = match (&arrival.became, arrival.month) {
        (Became::Taken, Some(_)) => "import-taken",
        (Became::Taken, None) => "import-trust",
        (Became::Already | Became::Good { .. }, _) => "import-already",
        (Became::Refused(_), _) => "import-refused",
    };
    let (month, revision) = arrival
        .month
        .map_or_else(Default::default, |(month, revision)| (month.to_string(), revision.to_string()));
    let values = [("file", arrival.file.as_str()), ("month", &month), ("revision", &revision)];
    say.line(&say.text(key, &values));
    if let (Became::Refused(no), false) = (&arrival.became, say.json) {
        say.no(no);
    }
}

/// The end of the day `text` at the station.
fn end_of(folder: &Folder, text: &str) -> Result<chrono::DateTime<chrono::Utc>, ControlError> {
    let next = day(text)?.succ_opt().unwrap_or(chrono::NaiveDate::MAX);
    Ok(civil::instant(folder.station.zone, next.and_time(NaiveTime::MIN)).0)
}
