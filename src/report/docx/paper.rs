//! What every document has: the head with agency and nation, the foot with recipients and signature, and the
//! statement of what the numbers rest on.

use std::sync::LazyLock;

use chrono::{Datelike as _, NaiveDate};

use super::{
    block::{Block, Grid, Line, UPRIGHT},
    said::{self, Look, UNKNOWN},
};
use crate::{
    control::{Account, Course, Histories, LogState},
    programme::Office,
    reconcile::{Period, Span},
    report::{Cell, Table},
    words::{self, Lang, say},
};

/// Widths of agency and nation: the nation's name stands in one line.
const HEAD: [u32; 2] = [3530, UPRIGHT - 3530];

/// Where who signs writes the name.
pub const NOBODY: &str = "……………………………";

/// What a document is written from.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'a> {
    pub account: &'a Account,
    pub tables: &'a [Table],
    pub lang: Lang,
}

static NO_OFFICE: LazyLock<Office> = LazyLock::new(Office::default);

/// A list as the decree writes it.
fn dashed(style: &'static str, names: &[&str]) -> impl Iterator<Item = Line> {
    (1..).zip(names).map(move |(at, name)| {
        let end = if at == names.len() { '.' } else { ';' };
        Line::new(style, format!("- {name}{end}"))
    })
}

impl<'a> Paper<'a> {
    /// The sentence called `key`.
    pub fn say(&self, key: &str) -> String {
        say(self.lang, key, &[])
    }

    /// The same with values.
    pub fn tell(&self, key: &str, values: &[(&str, &str)]) -> String {
        say(self.lang, key, values)
    }

    /// Who writes it, as of the last day that it is about.
    pub fn office(&self) -> &'a Office {
        let unit = self.account.plan.unit_near(&self.account.unit, self.account.matrix.span.to);
        unit.map_or(&NO_OFFICE, |unit| &unit.office)
    }

    /// The station's unit, as of then.
    pub fn unit(&self) -> &'a str {
        let unit = self.account.plan.unit_near(&self.account.unit, self.account.matrix.span.to);
        unit.map_or(&self.account.unit, |unit| &unit.name)
    }

    /// The unit called `id`; its id where the plan does not have it.
    pub fn unit_called(&self, id: &str) -> String {
        let unit = self.account.plan.unit_near(id, self.account.matrix.span.to);
        unit.map_or_else(|| id.to_owned(), |unit| unit.name.clone())
    }

    /// Whether the rows of the log are of several units, so that each has to say of which.
    pub fn is_of_several(&self) -> bool {
        let mut units = self.account.airings.iter().map(|aired| &aired.row.unit);
        let first = units.next();
        units.any(|unit| Some(unit) != first)
    }

    /// The title of the programme of a `row`; behind the name of its unit where rows are of `several`.
    pub fn titled(&self, table: Look<'_>, row: &[Cell], several: bool) -> String {
        let title = table.text(row, "title");
        if several { format!("{}: {title}", self.unit_called(&table.text(row, "unit"))) } else { title }
    }

    /// The total called `key`.
    pub fn total(&self, key: &str) -> u64 {
        let Some(totals) = Look::of(self.tables, "totals") else { return 0 };
        let row = totals.0.rows.iter().find(|row| totals.text(row, "total") == key);
        row.map_or(0, |row| totals.count(row, "value"))
    }

    /// The same as text.
    pub fn figure(&self, key: &str) -> String {
        self.total(key).to_string()
    }

    /// The days that it is about.
    pub fn days(&self) -> String {
        let Span { from, to } = self.account.matrix.span;
        // A paper of a day in the middle says nothing of the days behind it.
        let known = to.min(self.account.as_of);
        let key = if known < from { "paper-days-none" } else { "paper-days" };
        let [from, to] = [from, if known < from { to } else { known }].map(said::day);
        self.tell(key, &[("from", &from), ("to", &to)])
    }

    /// The year of the paper's date, where it is sure before anybody signs it.
    fn dated(&self) -> Option<i32> {
        let year = self.account.plan.year;
        let to = self.account.matrix.span.to;
        // What ends with December is signed in January.
        let is_sure = matches!(self.account.period, Period::Year) || to.month() < 12;
        (to.year() == year && is_sure).then_some(year)
    }

    /// Number and date, as appendices refer to them.
    pub fn reference(&self) -> String {
        let date = said::date(self.registered().1, self.dated(), self.lang);
        let values =
            [("number", &*self.number()), ("date", &date), ("office", said::known(&self.office().name))];
        self.tell("paper-attached", &values)
    }

    /// Number and day of the registry, as far as they are known: those of the plan are the year's report's alone.
    fn registered(&self) -> (&'a str, Option<NaiveDate>) {
        match self.account.period {
            Period::Year => (&self.account.plan.report.number, self.account.plan.report.date),
            _ => ("", None),
        }
    }

    /// The registry's number, or the blank for it before the sign of the office.
    pub fn number(&self) -> String {
        match (self.registered().0, &*self.office().symbol) {
            ("", symbol) => format!("{UNKNOWN}/{}", if symbol.is_empty() { "BC-……" } else { symbol }),
            (number, _) => number.to_owned(),
        }
    }

    /// Agency on the left, nation and motto on the right; below them `number` and the place with its date.
    pub fn head(&self, width: u32, number: Option<String>) -> Block {
        let office = self.office();
        let mut left = Vec::new();
        if !office.above.is_empty() {
            left.push(Line::new("AgencyAbove", office.above.to_uppercase()));
        }
        left.push(Line::new("Agency", said::known(&office.name).to_uppercase()));
        left.push(Line::new("RuleAgency", ""));
        let right = vec![
            Line::new("Nation", self.say("paper-nation")),
            Line::new("Motto", self.say("paper-motto")),
            Line::new("RuleMotto", ""),
        ];
        let date = match number {
            Some(_) => said::date(self.registered().1, self.dated(), self.lang),
            None => said::date(None, None, self.lang),
        };
        let place = self.tell("paper-place-date", &[("place", said::known(&office.place)), ("date", &date)]);
        let number = number.map(|number| self.tell("paper-number", &[("number", &number)]));
        let below =
            [vec![Line::new("Number", number.unwrap_or_default())], vec![Line::new("PlaceDate", place)]];
        Grid::beside(width, HEAD, vec![[left, right], below]).into()
    }

    /// To whom a report is sent, of those above who writes it (Decree 30/2020, annex I, part I, section II, item 9b): one
    /// beside the words, several below them.
    pub fn address(&self) -> Vec<Line> {
        let due = &self.account.plan.report;
        let mut names = vec![&*due.to, &*due.hub];
        names.dedup();
        names.retain(|name| !name.is_empty() && *name != self.office().name);
        match &*names {
            [] => Vec::new(),
            [name] => vec![Line::new("AddressHead", format!("{} {name}.", self.say("paper-address")))],
            names => {
                let mut lines = vec![Line::new("AddressHead", self.say("paper-address"))];
                lines.extend(dashed("Addressee", names));
                lines
            }
        }
    }

    /// Who receives it on the left, who signs on the right.
    pub fn foot(&self, width: u32) -> Block {
        let (due, office) = (&self.account.plan.report, self.office());
        let own = if office.recipients.is_empty() { &due.recipients } else { &office.recipients };
        let as_above = self.say("paper-as-above");
        let above = (!self.address().is_empty()).then_some(&as_above);
        let names: Vec<&str> = above.into_iter().chain(own).map(String::as_str).collect();
        let mut left = vec![Line::new("RecipientsHead", self.say("paper-recipients"))];
        left.extend(dashed("Recipient", &names));
        Grid::beside(width, [UPRIGHT / 2; 2], vec![[left, self.signature(None)]]).into()
    }

    /// The block of who signs; with `hint`, how.
    pub fn signature(&self, hint: Option<String>) -> Vec<Line> {
        let office = self.office();
        let mut lines = Vec::new();
        if !office.authority.is_empty() {
            lines.push(Line::new("Authority", office.authority.to_uppercase()));
        }
        let title = if office.title.is_empty() { self.say("paper-leader") } else { office.title.clone() };
        lines.push(Line::new("Authority", title.to_uppercase()));
        lines.extend(hint.map(|hint| Line::new("Signature", hint)));
        lines.push(Line::new("Signer", if office.signer.is_empty() { NOBODY } else { &office.signer }));
        lines
    }

    /// What of the logs every number rests on: their size, root and signatures at the time.
    pub fn evidence(&self, width: u32) -> Vec<Block> {
        let logs = &self.account.logs;
        let (said, grid) = match &**logs {
            [] => return vec![Line::new("BodyText", self.say("paper-no-logs")).into()],
            [log] => {
                let values = [("size", &*log.head.size.to_string())];
                (self.tell("paper-evidence", &values), self.one_log(width, log))
            }
            _ => (
                self.tell("paper-evidence-several", &[("count", &logs.len().to_string())]),
                self.several_logs(width),
            ),
        };
        let code = match &**logs {
            [log] => log.head.code().to_string(),
            _ => format!("<{}>", self.say("report-code").to_lowercase()),
        };
        let mut blocks = vec![
            Line::new("BodyText", said).into(),
            // A command broken over lines is none.
            Line::new("Note", format!("loa verify --code {code}")).into(),
            grid.into(),
            Line::new("AfterTable", self.say("paper-note")).into(),
        ];
        let notes = logs.iter().flat_map(|log| log.note.lines());
        blocks.extend(notes.map(|line| Line::new("Note", line).into()));
        blocks
    }

    fn one_log(&self, width: u32, log: &LogState) -> Grid {
        let (own, _) = log.head.signed_names(&log.note);
        let own = if own.is_empty() { self.say("paper-nobody") } else { own.join(", ") };
        let mut grid = Grid::ruled(width, &[32, 68], &[self.say("report-said"), self.say("report-value")]);
        for (key, value) in [
            ("paper-log-station", self.of_log(log)),
            ("paper-log-origin", log.head.origin.clone()),
            ("report-total-log-entries", log.head.size.to_string()),
            ("report-total-log-root", log.head.root.to_string()),
            ("report-total-log-code", log.head.code().to_string()),
            ("paper-log-signed", own),
            ("paper-log-witnessed", self.witnessed(log)),
        ] {
            grid.row([self.say(key), value], &[]);
        }
        grid
    }

    fn several_logs(&self, width: u32) -> Grid {
        let heads = [
            "paper-n",
            "paper-log-station",
            "paper-log-origin",
            "report-size",
            "report-root",
            "report-code",
            "paper-log-witnessed",
        ];
        let mut grid = Grid::ruled(width, &[6, 17, 16, 8, 19, 15, 19], &heads.map(|key| self.say(key)));
        for (n, log) in (1..).zip(&self.account.logs) {
            let row = [
                n.to_string(),
                self.of_log(log),
                log.head.origin.clone(),
                log.head.size.to_string(),
                log.head.root.to_string(),
                log.head.code().to_string(),
                self.witnessed(log),
            ];
            grid.row(row, &[0, 3]);
        }
        grid
    }

    /// The station of `log`, with its unit.
    fn of_log(&self, log: &LogState) -> String {
        format!("{} ({})", log.station, self.unit_called(&log.unit))
    }

    /// Up to where, when and by whom `log` was cosigned.
    fn witnessed(&self, log: &LogState) -> String {
        let seen = log.cosigned.as_ref().map_or_else(
            || self.say("paper-nobody"),
            |seen| {
                let (size, at) = (seen.size.to_string(), said::instant(&seen.at.to_rfc3339()));
                self.tell("paper-witnessed", &[("size", &size), ("at", &at), ("by", &seen.by)])
            },
        );
        let mut told = vec![seen];
        // What goes on, as every log does that nothing happened to, is not told of.
        if log.state != Course::Current {
            told.push(self.say(&format!("log-state-{}", words::code(log.state))));
        }
        if log.histories != Histories::One {
            told.push(self.say(&format!("histories-{}", words::code(log.histories))));
        }
        told.join("; ")
    }

    /// What has to be known of logs of which a station signed two histories; none where none did.
    pub fn forked(&self) -> Option<String> {
        let of = |wanted: Histories| {
            let logs = self.account.logs.iter().filter(|log| log.histories == wanted);
            logs.map(|log| self.of_log(log)).collect::<Vec<_>>().join(", ")
        };
        let said = [(Histories::Two, "paper-forked"), (Histories::TwoSettled, "paper-forked-settled")];
        let said = said.map(|(wanted, key)| (of(wanted), key)).into_iter();
        let said =
            said.filter(|(logs, _)| !logs.is_empty()).map(|(logs, key)| self.tell(key, &[("logs", &logs)]));
        Some(said.collect::<Vec<_>>().join(" ")).filter(|said| !said.is_empty())
    }

    /// A caption, numbered in the order of the tables.
    pub fn caption(&self, n: &mut u32, key: &str) -> Line {
        *n += 1;
        Line::new("Caption", self.tell(key, &[("n", &n.to_string())]))
    }

    /// Whether the logs are of several stations.
    pub fn of_several_stations(&self) -> bool {
        let mut stations = self.account.logs.iter().map(|log| &log.station);
        let first = stations.next();
        stations.any(|station| Some(station) != first)
    }
}
