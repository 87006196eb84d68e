//! Changes to `config/station.toml` and to the plan: made in the file itself, so that comments survive; valid as a
//! whole before anything is written; in force from the next start.

use std::{fs, io, net::TcpListener, path::Path};

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use super::{ControlError, Folder, folder::has_errors};
use crate::{
    config::{self, Station},
    disk::{self, At as _},
    playout,
    programme::{self, Finding, Place, Severity},
    units::Digest,
    words::Message,
};

/// A value as it stands in the settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// A text.
    Text(String),
    /// A number, as it was typed.
    Number(String),
    /// A list of texts.
    List(Vec<String>),
    /// Not there: the usual value holds.
    Absent,
}

/// The settings' file as it is now.
#[derive(Debug, Clone)]
pub struct SettingsFile {
    text: String,
    document: DocumentMut,
    /// What was changed, `key: old → new`.
    pub changes: Vec<String>,
}

impl SettingsFile {
    /// Reads the file of `folder`; refused where it is no TOML.
    pub fn read(folder: &Folder) -> Result<SettingsFile, ControlError> {
        let path = folder.root.join(Folder::STATION_FILE);
        let text = fs::read_to_string(&path).at("read", &path)?;
        let broken = |_| ControlError::Config(config::read(Folder::STATION_FILE, text.as_bytes()).1);
        let document = text.parse().map_err(broken)?;
        Ok(SettingsFile { text, document, changes: Vec::new() })
    }

    /// Digest of the file as it was read.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// The settings as the file now has them; none where it cannot be used.
    #[must_use]
    pub fn station(&self) -> (Option<Station>, Vec<Finding>) {
        config::read(Folder::STATION_FILE, self.document.to_string().as_bytes())
    }

    /// Sets `key` of `table`. Comments before and behind the old value stay.
    pub fn set(&mut self, table: &str, key: &str, setting: &Setting) {
        let settings = self.document.entry(table).or_insert_with(|| Item::Table(Table::new()));
        let Some(settings) = settings.as_table_like_mut() else { return };
        let old = settings.get(key).and_then(Item::as_value).map(plain);
        match value(setting) {
            None => drop(settings.remove(key)),
            Some(mut new) => match settings.get_mut(key).and_then(Item::as_value_mut) {
                Some(place) => {
                    *new.decor_mut() = place.decor().clone();
                    *place = new;
                }
                None => drop(settings.insert(key, Item::Value(new))),
            },
        }
        let new = settings.get(key).and_then(Item::as_value).map(plain);
        if old != new {
            let shown = |value: Option<String>| value.unwrap_or_else(|| "–".into());
            self.changes.push(format!("{table}.{key}: {} → {}", shown(old), shown(new)));
        }
    }

    /// Adds `text` to the list `key` of `table`, or takes it away; what else stands in the list stays as it is.
    pub fn list(&mut self, table: &str, key: &str, text: &str, add: bool) {
        let settings = self.document.entry(table).or_insert_with(|| Item::Table(Table::new()));
        let Some(settings) = settings.as_table_like_mut() else { return };
        let list = settings.entry(key).or_insert_with(|| Item::Value(Value::Array(Array::new())));
        let Some(list) = list.as_array_mut() else { return };
        let at = list.iter().position(|item| item.as_str() == Some(text));
        let sign = match (add, at) {
            (true, None) => {
                list.push(text);
                "+"
            }
            (false, Some(at)) => {
                list.remove(at);
                "−"
            }
            _ => return,
        };
        self.changes.push(format!("{table}.{key}: {sign} {text}"));
    }

    /// Every fault that the changed file would have, the plan's and the certificate's included.
    pub fn check(&self, folder: &Folder) -> Result<(), ControlError> {
        let (station, mut findings) = self.station();
        if let Some(station) = &station {
            let of_files = super::certificate::findings(&folder.root, &station.web).into_iter();
            findings.extend(of_files.map(|finding| Finding { severity: Severity::Error, ..finding }));
            // Whoever sends the pages to an address that this machine does not have cannot call them back.
            let new = station.web.listen.filter(|address| folder.station.web.listen != Some(*address));
            if let Some(address) = new
                && let Err(error) = TcpListener::bind(address)
                // The pages themselves hold the port of now, under another address.
                && !(error.kind() == io::ErrorKind::AddrInUse
                    && folder.station.web.listen.is_some_and(|now| now.port() == address.port()))
            {
                let place = Place { file: Folder::STATION_FILE.into(), line: None, key: "web.listen".into() };
                let message = Message::new("listen-refused").with("found", address).with("detail", error);
                findings.push(Finding { severity: Severity::Error, place, message });
            }
        }
        if has_errors(&findings) || station.is_none() { Err(ControlError::Config(findings)) } else { Ok(()) }
    }

    /// Places the changed file; refused where somebody else has changed it since it was read.
    pub fn place(&self, folder: &Folder) -> Result<(), ControlError> {
        let path = folder.root.join(Folder::STATION_FILE);
        if fs::read(&path).at("read", &path)? != self.text.as_bytes() {
            return Err(Message::new("settings-changed").into());
        }
        Ok(disk::replace(&path, self.document.to_string().as_bytes(), 0o644)?)
    }
}

fn value(setting: &Setting) -> Option<Value> {
    match setting {
        Setting::Text(text) => Some(text.as_str().into()),
        // What is no number stays a text: reading it says what is wrong, at its place.
        Setting::Number(text) => {
            let number: Option<Value> = text.parse().ok().filter(|v: &Value| v.is_integer() || v.is_float());
            Some(number.unwrap_or_else(|| text.as_str().into()))
        }
        Setting::List(texts) => Some(Value::Array(texts.iter().map(String::as_str).collect())),
        Setting::Absent => None,
    }
}

/// A value without the comments around it.
fn plain(value: &Value) -> String {
    let mut value = value.clone();
    value.decor_mut().clear();
    value.to_string()
}

/// The plan's file, as people name it and as it is now.
pub fn plan_file(folder: &Folder) -> Result<(String, Vec<u8>), ControlError> {
    let path = folder.root.join(&folder.station.plan);
    Ok((folder.station.plan.display().to_string(), fs::read(&path).at("read", &path)?))
}

/// Refuses `bytes` as the plan, with every fault; a plan without this station's unit is none for it.
pub fn check_plan(folder: &Folder, bytes: &[u8]) -> Result<(), ControlError> {
    let file = folder.station.plan.display().to_string();
    let (plan, mut findings) = programme::plan::read(&file, bytes);
    if let Some(plan) = &plan
        && !plan.units.iter().any(|unit| unit.id == folder.station.unit)
    {
        let message = Message::new("unit-unknown").with("unit", &folder.station.unit);
        let place = Place { file, line: None, key: "unit".into() };
        findings.push(Finding { severity: Severity::Error, place, message });
    }
    if has_errors(&findings) || plan.is_none() { Err(ControlError::Config(findings)) } else { Ok(()) }
}

/// Puts `bytes` in the place of the plan.
pub fn place_plan(folder: &Folder, bytes: &[u8]) -> Result<(), ControlError> {
    let path: &Path = &folder.root.join(&folder.station.plan);
    Ok(disk::replace(path, bytes, 0o644)?)
}

/// The outputs that can be chosen here, one line each.
#[must_use]
pub fn devices() -> Vec<String> {
    playout::list().iter().map(ToString::to_string).collect()
}

/// A key and what tells it apart from every other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// Its name.
    pub name: String,
    /// As it stands in settings.
    pub text: String,
    /// SHA-256 of that text, in groups that can be read aloud.
    pub fingerprint: String,
}

impl KeyView {
    /// The public key `text`, as it stands in settings.
    #[must_use]
    pub fn of(text: &str) -> KeyView {
        let text = text.trim().to_owned();
        let digest = Digest::of(text.as_bytes()).to_string();
        let groups: Vec<_> = digest.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        let name = text.split('+').next().unwrap_or_default().to_owned();
        KeyView { name, fingerprint: groups.join(" "), text }
    }

    /// The public half that lies beside the private key called `name`; none where there is none.
    #[must_use]
    pub fn beside(folder: &Folder, name: &str) -> Option<KeyView> {
        let text = fs::read_to_string(folder.key_path(name).with_extension("pub")).ok()?;
        Some(KeyView::of(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str) -> SettingsFile {
        SettingsFile { text: text.into(), document: text.parse().unwrap(), changes: Vec::new() }
    }

    #[test]
    fn comments_and_order_survive_a_change() {
        let before = "# Đài\nid = \"a\"   # mã\nunit = \"b\"\n\n[output]\nvolume_db = 0.0   # chỉnh thêm\n# device = \"x\"\n[trust]\napprovers = [\n  \"k\", # An\n]\n";
        let mut draft = draft(before);
        draft.set("output", "volume_db", &Setting::Number("-3.5".into()));
        draft.set("output", "second", &Setting::Text("alsa:x".into()));
        draft.set("policy", "make_goods", &Setting::Number("1".into()));
        draft.set("output", "device", &Setting::Absent);
        draft.list("trust", "approvers", "m", true);
        draft.list("trust", "approvers", "k", true);
        let after = draft.document.to_string();
        for part in [
            "# Đài\nid = \"a\"   # mã\n",
            "volume_db = -3.5   # chỉnh thêm\n",
            "\"k\"",
            "# An",
            "\"m\"",
            "[policy]\nmake_goods = 1\n",
        ] {
            assert!(after.contains(part), "{part} in {after}");
        }
        assert_eq!(
            draft.changes,
            [
                "output.volume_db: 0.0 → -3.5",
                "output.second: – → \"alsa:x\"",
                "policy.make_goods: – → 1",
                "trust.approvers: + m"
            ]
        );
        draft.list("trust", "approvers", "m", false);
        assert!(!draft.document.to_string().contains("\"m\""));
    }

    #[test]
    fn what_is_no_number_is_told_where_it_stands() {
        let mut draft = draft("id = \"a\"\nunit = \"b\"\n");
        draft.set("policy", "make_goods", &Setting::Number("two".into()));
        let (station, findings) = draft.station();
        assert!(
            station.is_none() && findings.iter().any(|f| f.place.key == "policy.make_goods"),
            "{findings:?}"
        );
    }
}
