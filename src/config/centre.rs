//! The settings of a centre (`config/centre.toml`), beside the station's of the same folder, and the `[centre]` table with
//! which a station finds it.

use std::{net::SocketAddr, path::PathBuf};

use super::{
    read::or,
    web::{Tls, tls},
};
use crate::{
    keys::PublicKey,
    programme::{Field, Finding, Severity, Table, document},
    units::Digest,
    words::Message,
};

/// Validated settings of a centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Centre {
    /// Its name, part of the name of the key with which it cosigns.
    pub name: String,
    /// Whether this PC also airs, as its `station.toml` says.
    pub airs: bool,
    /// Where stations reach it; `None`: only over folders.
    pub listen: Option<SocketAddr>,
    /// Host names for its certificate.
    pub names: Vec<String>,
    /// What encrypts the way of stations to it; never nothing.
    pub tls: Tls,
    /// Where the fleet is kept: a file below the folder, or `postgres://…`.
    pub store: Place,
    /// Where the files lie that stations fetch: a folder below the folder, or `s3://…`.
    pub files: Place,
    /// Whose certificates are believed of servers that hold either (a PEM file below the folder); without one, those that
    /// this machine trusts.
    pub authorities: Option<PathBuf>,
    /// Folders in which stations without a network lay what they bring, and find what is theirs: sticks, shares.
    pub folders: Vec<PathBuf>,
}

/// A place of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Below the centre's folder.
    Below(PathBuf),
    /// At a server.
    Address(String),
}

/// How a station finds its centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The way.
    pub way: Way,
    /// The keys of which a cosignature counts as the centre's.
    pub keys: Vec<PublicKey>,
}

/// A way to the centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By the network.
    Https {
        /// `https://HOST[:PORT]`.
        address: String,
        /// SHA-256 of the public key that its certificate must have; without one, the authorities of the web vouch.
        pin: Option<Digest>,
    },
    /// By a folder that both see or that is carried between them.
    Folder(PathBuf),
}

/// Reads a centre's settings in `bytes`, which a person knows as `file`. Never fails: every fault is a finding, and there
/// are settings exactly when none of them is an error.
#[must_use]
pub fn read_centre(file: &str, bytes: &[u8]) -> (Option<Centre>, Vec<Finding>) {
    document::read(file, bytes, centre)
}

fn centre(table: &Table) -> Option<Centre> {
    table.known(&[
        "name",
        "airs",
        "listen",
        "names",
        "tls",
        "certificate",
        "key",
        "store",
        "files",
        "authorities",
        "folders",
    ]);
    let name = table.need("name").and_then(|field| field.id());
    let airs = or(table, "airs", false, Field::boolean);
    let usual = SocketAddr::from(([127, 0, 0, 1], 8471));
    let listen = or(table, "listen", Some(usual), listen);
    let names = or(table, "names", Vec::new(), |list| list.list_of(Field::words));
    let tls = tls(table).map(|tls| if tls == Tls::Off { Tls::Own } else { tls });
    let below = |path: &str| Place::Below(path.into());
    let store =
        or(table, "store", below("data/fleet.db"), |field| place(field, &["postgres://", "postgresql://"]));
    let files = or(table, "files", below("data/packages"), |field| place(field, &["s3://"]));
    let authorities =
        or(table, "authorities", None, |field| field.path_below().map(|path| Some(path.into())));
    let folders = or(table, "folders", Vec::new(), |list| list.list_of(absolute));
    Some(Centre {
        name: name?,
        airs: airs?,
        listen: listen?,
        names: names?,
        tls: tls?,
        store: store?,
        files: files?,
        authorities: authorities?,
        folders: folders?,
    })
}

#[allow(clippy::option_option, reason = "wrong, off and an address are three things")]
fn listen(field: &Field) -> Option<Option<SocketAddr>> {
    let text = field.words()?;
    match text.parse::<SocketAddr>() {
        _ if text == "off" => Some(None),
        Ok(address) => Some(Some(address)),
        Err(_) => field.refuse(Message::new("listen-malformed").with("found", text)),
    }
}

/// An address that begins with one of `schemes`, or a path below the folder.
fn place(field: &Field, schemes: &[&str]) -> Option<Place> {
    let text = field.words()?;
    if schemes.iter().any(|scheme| text.starts_with(scheme)) {
        return Some(Place::Address(text));
    }
    field.path_below().map(|path| Place::Below(path.into()))
}

fn absolute(field: &Field) -> Option<PathBuf> {
    let path = PathBuf::from(field.words()?);
    if path.is_absolute() {
        return Some(path);
    }
    field.refuse(Message::new("folder-relative").with("found", path.display()))
}

/// The `[centre]` table of a station.
pub(super) fn link(table: &Table) -> Option<Link> {
    table.known(&["address", "pin", "folder", "keys"]);
    let address = or(table, "address", None, |field| https(field).map(Some));
    let pin = or(table, "pin", None, |field| field.parsed("pin-malformed").map(Some));
    let folder = or(table, "folder", None, |field| absolute(field).map(Some));
    let keys = or(table, "keys", Vec::new(), |list| list.list_of(cosigner));
    let way = match (address?, folder?) {
        (Some(address), None) => Way::Https { address, pin: pin? },
        (None, Some(folder)) => Way::Folder(folder),
        (found, _) => {
            let (key, code) =
                if found.is_some() { ("folder", "centre-two-ways") } else { ("address", "centre-no-way") };
            table.report(Severity::Error, key, Message::new(code));
            return None;
        }
    };
    let keys = keys?;
    if keys.is_empty() {
        table.report(Severity::Warning, "keys", Message::new("centre-no-key"));
    }
    Some(Link { way, keys })
}

fn https(field: &Field) -> Option<String> {
    let text = field.words()?;
    let host = text.strip_prefix("https://").map(|host| host.trim_end_matches('/'));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => {
            Some(format!("https://{host}"))
        }
        _ => field.refuse(Message::new("centre-address").with("found", text)),
    }
}

fn cosigner(field: &Field) -> Option<PublicKey> {
    let text = field.words()?;
    PublicKey::parse_witness(&text)
        .ok()
        .or_else(|| field.refuse(Message::new("key-no-witness").with("found", text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{config::read, keys::WitnessKey};

    const SHIPPED: &str = include_str!("../../config/centre.toml");

    fn codes(findings: &[Finding]) -> Vec<&'static str> {
        findings.iter().map(|finding| finding.message.code).collect()
    }

    #[test]
    fn the_shipped_settings_are_the_defaults() {
        let (centre, findings) = read_centre("config/centre.toml", SHIPPED.as_bytes());
        assert_eq!(codes(&findings), [""; 0]);
        assert_eq!(centre, read_centre("c", b"name = \"duc-pho\"\n").0);
    }

    #[test]
    fn servers_stand_where_folders_may() {
        let text =
            "name = \"a\"\nstore = \"postgres://loa@db/fleet\"\nfiles = \"s3://loa\"\nlisten = \"off\"\n";
        let centre = read_centre("c", text.as_bytes()).0.unwrap();
        assert_eq!(centre.store, Place::Address("postgres://loa@db/fleet".into()));
        assert_eq!((centre.files, centre.listen), (Place::Address("s3://loa".into()), None));
        for (text, code) in [
            ("store = \"../fleet.db\"", "path-outside"),
            ("folders = [\"stick\"]", "folder-relative"),
            ("listen = \"here\"", "listen-malformed"),
            ("port = 3", "key-unknown"),
        ] {
            let found = read_centre("c", format!("name = \"a\"\n{text}\n").as_bytes()).1;
            assert_eq!(codes(&found), [code], "{text}");
        }
    }

    #[test]
    fn a_station_finds_its_centre_by_one_way() {
        let key = WitnessKey::generate("loa/centre/duc-pho").unwrap();
        let station = |table: &str| {
            let trust =
                "[trust]\napprovers = [\"demo-loa+4350eac1+ARTHP4mTMuG482idlmi/09ZlFIZR/0kICqk3fZJ6xXAe\"]\n";
            let text = format!("id = \"a\"\nunit = \"b\"\ndemo = true\n{trust}[centre]\n{table}");
            read("s", text.as_bytes())
        };
        let pin = Digest::of(b"a");
        let keys = format!("keys = [\"{}\"]\n", key.public().as_text());
        let good = format!("address = \"https://tt.example:8471/\"\npin = \"{pin}\"\n{keys}");
        let (found, findings) = station(&good);
        assert_eq!(codes(&findings), [""; 0]);
        let way = Way::Https { address: "https://tt.example:8471".into(), pin: Some(pin) };
        assert_eq!(found.unwrap().centre, Some(Link { way, keys: vec![key.public().clone()] }));
        let folder = station(&format!("folder = \"/media/loa\"\n{keys}")).0.unwrap().centre.unwrap();
        assert_eq!(folder.way, Way::Folder("/media/loa".into()));
        for (table, code) in [
            (keys.clone(), "centre-no-way"),
            (format!("{good}folder = \"/media/loa\"\n"), "centre-two-ways"),
            (format!("address = \"http://tt.example\"\n{keys}"), "centre-address"),
            (format!("address = \"https://tt.example/a\"\n{keys}"), "centre-address"),
            ("address = \"https://tt.example\"\n".to_owned(), "centre-no-key"),
            (good.replace(&pin.to_string(), "00"), "pin-malformed"),
            (good.replace("loa/centre/duc-pho+", "x+"), "key-no-witness"),
        ] {
            assert_eq!(codes(&station(&table).1), [code], "{table}");
        }
    }

    proptest! {
        #[test]
        fn no_damage_panics(at in 0..SHIPPED.len(), cut in 0usize..30, put in "[\\x00-\\x7fđ]{0,4}") {
            let mut bytes = SHIPPED.as_bytes().to_vec();
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, put.bytes());
            let (centre, findings) = read_centre("config/centre.toml", &bytes);
            prop_assert_eq!(centre.is_none(), findings.iter().any(|f| f.severity == Severity::Error));
        }
    }
}
