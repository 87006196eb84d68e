//! The `[web]` table: where the pages are, how the way to them is protected, and how long somebody stays signed in.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use super::read::or;
use crate::{
    programme::{Field, Severity, Table},
    words::Message,
};

/// The `[web]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// Where the pages are; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// Host names under which browsers may ask for them, beside the address itself and `localhost`.
    pub names: Vec<String>,
    /// Who does nothing for so long is signed out, minutes.
    pub idle_minutes: u32,
    /// What encrypts the way to them.
    pub tls: Tls,
    /// Who stands before them, and encrypts instead.
    pub proxy: Option<Proxy>,
}

/// What encrypts the way to the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Nothing does.
    Off,
    /// A certificate that the station makes for itself and renews.
    Own,
    /// One that somebody else issued: PEM files below the station's folder.
    Files {
        /// The certificate, with those that vouch for it.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// A reverse proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The host name under which it serves the pages.
    pub name: String,
    /// The address from which it asks; nobody else is answered.
    pub address: IpAddr,
}

impl Web {
    /// Whether browsers reach the pages over an encrypted line only.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.tls != Tls::Off || self.proxy.is_some()
    }
}

impl Default for Web {
    fn default() -> Web {
        let listen = Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8470));
        Web { listen, names: Vec::new(), idle_minutes: 30, tls: Tls::Off, proxy: None }
    }
}

pub(super) fn web(table: &Table) -> Option<Web> {
    table.known(&["listen", "names", "idle_minutes", "tls", "certificate", "key", "behind", "proxy"]);
    let usual = Web::default();
    let names = or(table, "names", Vec::new(), |list| list.list_of(name));
    let idle_minutes = or(table, "idle_minutes", usual.idle_minutes, |f| f.integer(1..=1440));
    let (tls, proxy) = (tls(table), proxy(table));
    // Whether an address is too open depends on what protects it: where that is wrong, it is told first.
    let listen = or(table, "listen", usual.listen, |field| match (&tls, &proxy) {
        (Some(tls), Some(proxy)) => listen(field, tls, proxy.as_ref()),
        _ => None,
    });
    Some(Web { listen: listen?, names: names?, idle_minutes: idle_minutes?, tls: tls?, proxy: proxy? })
}

pub(super) fn tls(table: &Table) -> Option<Tls> {
    let path = |field: &Field| field.path_below().map(|path| Some(PathBuf::from(path)));
    let own = or(table, "tls", false, |f| f.choice(&[("off", false), ("own", true)]))?;
    let (certificate, key) = (or(table, "certificate", None, path)?, or(table, "key", None, path)?);
    let refuse = |key: &str, code| {
        table.report(Severity::Error, key, Message::new(code));
        None
    };
    match (own, certificate, key) {
        (true, None, None) => Some(Tls::Own),
        (false, None, None) => Some(Tls::Off),
        (false, Some(certificate), Some(key)) => Some(Tls::Files { certificate, key }),
        (true, ..) => refuse("tls", "certificate-twice"),
        (false, Some(_), None) => refuse("certificate", "certificate-alone"),
        (false, None, Some(_)) => refuse("key", "certificate-alone"),
    }
}

#[allow(clippy::option_option, reason = "wrong, none and one are three things")]
fn proxy(table: &Table) -> Option<Option<Proxy>> {
    let behind = or(table, "behind", None, |f| name(f).map(Some))?;
    let address = or(table, "proxy", None, |f| f.parsed("proxy-malformed").map(Some))?;
    match (behind, address) {
        (None, None) => Some(None),
        (None, Some(_)) => {
            table.report(Severity::Error, "proxy", Message::new("proxy-unnamed"));
            None
        }
        (Some(name), address) => {
            let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
            Some(Some(Proxy { name, address }))
        }
    }
}

/// `ADDRESS:PORT` of this machine, or `off`. Beyond this machine only where the line is encrypted, or where a proxy
/// encrypts and asks over a private network.
#[allow(clippy::option_option, reason = "wrong, off and an address are three things")]
fn listen(field: &Field, tls: &Tls, proxy: Option<&Proxy>) -> Option<Option<SocketAddr>> {
    let text = field.words()?;
    if text == "off" {
        return Some(None);
    }
    let Ok(address) = text.parse::<SocketAddr>() else {
        return field.refuse(Message::new("listen-malformed").with("found", text));
    };
    let by_proxy = proxy.is_some() && is_private(address.ip());
    if address.ip().is_loopback() || *tls != Tls::Off || by_proxy {
        return Some(Some(address));
    }
    field.refuse(Message::new("listen-open").with("found", text))
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

fn name(field: &Field) -> Option<String> {
    let text = field.words()?.to_ascii_lowercase();
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    if fits && text.len() <= 253 {
        Some(text)
    } else {
        field.refuse(Message::new("host-malformed").with("found", text))
    }
}

#[cfg(test)]
mod tests {
    use crate::config;

    fn check(lines: &str, expected: &[&str]) {
        let text = format!("id = \"a\"\nunit = \"b\"\n[web]\n{lines}");
        let (station, findings) = config::read("s", text.as_bytes());
        let codes: Vec<_> =
            findings.iter().map(|f| f.message.code).filter(|code| *code != "approvers-none").collect();
        assert_eq!((codes.as_slice(), station.is_some()), (expected, expected.is_empty()), "{lines}");
    }

    #[test]
    fn nothing_listens_beyond_this_machine_in_the_open() {
        check("listen = \"127.0.0.1:1\"", &[]);
        check("listen = \"[::1]:1\"", &[]);
        check("listen = \"off\"", &[]);
        check("listen = \"0.0.0.0:1\"", &["listen-open"]);
        check("listen = \"10.0.0.2:1\"", &["listen-open"]);
        check("listen = \"0.0.0.0:1\"\ntls = \"off\"", &["listen-open"]);
        check("listen = \"0.0.0.0:1\"\ntls = \"own\"", &[]);
        check("listen = \"0.0.0.0:1\"\ncertificate = \"config/a.crt\"\nkey = \"config/a.key\"", &[]);
        check("listen = \"10.0.0.2:1\"\nbehind = \"loa.vn\"\nproxy = \"10.0.0.1\"", &[]);
        check("listen = \"0.0.0.0:1\"\nbehind = \"loa.vn\"\nproxy = \"10.0.0.1\"", &["listen-open"]);
        check("listen = \"8.8.8.8:1\"\nbehind = \"loa.vn\"\nproxy = \"10.0.0.1\"", &["listen-open"]);
        check("behind = \"loa.vn\"", &[]);
    }

    #[test]
    fn half_a_protection_is_named() {
        check("tls = \"yes\"", &["choice-unknown"]);
        check("certificate = \"a.crt\"", &["certificate-alone"]);
        check("key = \"a.key\"", &["certificate-alone"]);
        check("tls = \"own\"\ncertificate = \"a.crt\"\nkey = \"a.key\"", &["certificate-twice"]);
        check("proxy = \"10.0.0.1\"", &["proxy-unnamed"]);
        check("behind = \"loa.vn\"\nproxy = \"gate\"", &["proxy-malformed"]);
        // What is too open is not told before that is right.
        check("listen = \"0.0.0.0:1\"\ntls = \"yes\"", &["choice-unknown"]);
    }
}
