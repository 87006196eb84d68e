//! The certificate of the pages: the station's own, made on demand and renewed before it ends, or one from files.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr, UdpSocket},
    path::Path,
    sync::Arc,
};

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use x509_parser::{extensions::GeneralName, parse_x509_certificate};

use super::{ControlError, Folder};
use crate::{
    config::{Centre, Tls, Web},
    disk::{self, At as _},
    programme::{Finding, Place, Severity},
    units::Digest,
    words::Message,
};

/// How long the station's own certificate stands: what browsers accept at most of one that a person trusts by hand.
const OWN_DAYS: i64 = 820;
/// It is renewed when so much of it is left.
const RENEW_DAYS: i64 = 30;

/// A certificate, ready to serve.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// What a server needs of it.
    pub config: Arc<ServerConfig>,
    /// SHA-256 of it as browsers show it: pairs of hex digits with colons.
    pub fingerprint: String,
    /// When it ends.
    pub until: DateTime<Utc>,
}

/// Who is to be encrypted.
struct Door<'f> {
    tls: &'f Tls,
    names: &'f [String],
    listen: Option<SocketAddr>,
    /// Below the folder of data.
    key: &'static str,
}

impl<'f> Door<'f> {
    fn of_pages(web: &'f Web) -> Door<'f> {
        Door { tls: &web.tls, names: &web.names, listen: web.listen, key: "keys/web.key" }
    }

    fn of_centre(centre: &'f Centre) -> Door<'f> {
        Door { tls: &centre.tls, names: &centre.names, listen: centre.listen, key: "keys/centre-tls.key" }
    }
}

/// The certificate that the settings of `folder` want for its pages at `now`; none where they want none. The station's own
/// is made where there is none, where it ends soon, or where it does not stand for a name of the settings.
pub fn certificate(folder: &Folder, now: DateTime<Utc>) -> Result<Option<Certificate>, ControlError> {
    of_door(folder, &Door::of_pages(&folder.station.web), now)
}

/// The same for the door of a centre's stations. Renewed, it keeps its key, by which stations know it.
pub fn centre_certificate(folder: &Folder, now: DateTime<Utc>) -> Result<Option<Certificate>, ControlError> {
    folder.centre.as_ref().map_or(Ok(None), |centre| of_door(folder, &Door::of_centre(centre), now))
}

/// SHA-256 of the public key of the centre's own certificate, which is made where there is none.
pub(super) fn pin(folder: &Folder, now: DateTime<Utc>) -> Result<Option<Digest>, ControlError> {
    let Some(centre) = folder.centre.as_ref().filter(|centre| centre.tls == Tls::Own) else {
        return Ok(None);
    };
    let door = Door::of_centre(centre);
    of_door(folder, &door, now)?;
    let file = folder.station.data.join(door.key).with_extension("crt");
    let bytes = fs::read(folder.root.join(&file)).at("read", &folder.root.join(&file))?;
    let first = CertificateDer::from_pem_slice(&bytes).map_err(|error| broken(&file, &error))?;
    Ok(pin_of(&first))
}

/// SHA-256 of the public key in a certificate (the bytes of its `SubjectPublicKeyInfo`, as RFC 7469 section 2.4 has it).
#[must_use]
pub fn pin_of(certificate: &[u8]) -> Option<Digest> {
    let (_, parsed) = parse_x509_certificate(certificate).ok()?;
    Some(Digest::of(parsed.public_key().raw))
}

fn of_door(
    folder: &Folder,
    door: &Door<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Certificate>, ControlError> {
    match door.tls {
        Tls::Off => Ok(None),
        Tls::Files { certificate, key } => read(&folder.root, certificate, key).map(|(found, _)| Some(found)),
        Tls::Own => {
            let key = folder.station.data.join(door.key);
            let certificate = key.with_extension("crt");
            let lasts = |until: DateTime<Utc>| until - now > TimeDelta::days(RENEW_DAYS);
            if let Ok((found, names)) = read(&folder.root, &certificate, &key)
                && lasts(found.until)
                && door.names.iter().all(|name| names.contains(name))
            {
                return Ok(Some(found));
            }
            make(door, now, &folder.root.join(&certificate), &folder.root.join(&key))?;
            read(&folder.root, &certificate, &key).map(|(found, _)| Some(found))
        }
    }
}

/// What is wrong with the certificate files that `web` names: the pages stay closed, and what airs does not care.
pub(super) fn findings(root: &Path, web: &Web) -> Vec<Finding> {
    let Tls::Files { certificate, key } = &web.tls else { return Vec::new() };
    let Err(error) = read(root, certificate, key) else { return Vec::new() };
    let message = match error {
        ControlError::No(message) => message,
        other => broken(certificate, &other),
    };
    let place = Place { file: Folder::STATION_FILE.into(), line: None, key: "web.certificate".into() };
    vec![Finding { severity: Severity::Warning, place, message }]
}

fn broken(file: &Path, detail: &dyn std::fmt::Display) -> Message {
    Message::new("certificate-broken").with("file", file.display()).with("detail", detail)
}

/// The certificate in `file` with its `key`, both below `root`, and the names for which it stands.
fn read(root: &Path, file: &Path, key: &Path) -> Result<(Certificate, Vec<String>), ControlError> {
    let bytes = |path: &Path| match fs::read(root.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Message::new("certificate-missing").with("file", path.display()).into())
        }
        read => Ok::<_, ControlError>(read.at("read", path)?),
    };
    let chain = CertificateDer::pem_slice_iter(&bytes(file)?).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| broken(file, &error))?;
    let first = chain.first().ok_or_else(|| Message::new("certificate-none").with("file", file.display()))?;
    let fingerprint = Digest::of(first);
    let (_, parsed) = parse_x509_certificate(first).map_err(|error| broken(file, &error))?;
    let until = DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0).unwrap_or_default();
    let names = parsed.subject_alternative_name().ok().flatten();
    let names = names.map_or(Vec::new(), |names| names.value.general_names.iter().filter_map(name).collect());
    let secret = PrivateKeyDer::from_pem_slice(&bytes(key)?).map_err(|error| broken(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(file, &error))?
        .with_no_client_auth()
        .with_single_cert(chain.clone(), secret)
        .map_err(|error| broken(key, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let fingerprint = fingerprint.0.map(|byte| format!("{byte:02X}")).join(":");
    Ok((Certificate { config: Arc::new(config), fingerprint, until }, names))
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    }
}

/// Makes the station's own certificate, for every name under which its pages can be asked for.
fn make(door: &Door<'_>, now: DateTime<Utc>, file: &Path, key: &Path) -> Result<(), ControlError> {
    let failed = |error: &dyn std::fmt::Display| ControlError::from(broken(file, error));
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(String::from).into();
    names.extend(door.names.iter().cloned());
    names.extend(door.listen.map(|at| at.ip()).filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string()));
    names.extend(own_address().map(|ip| ip.to_string()));
    names.sort_unstable();
    names.dedup();
    let mut params = CertificateParams::new(names).map_err(|error| failed(&error))?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "loa");
    params.distinguished_name = subject;
    // A machine whose clock is a day behind shall be able to trust it.
    let at = |days: i64| {
        let day = (now + TimeDelta::days(days)).date_naive();
        let byte = |n: u32| u8::try_from(n).unwrap_or(1);
        rcgen::date_time_ymd(day.year(), byte(day.month()), byte(day.day()))
    };
    (params.not_before, params.not_after) = (at(-1), at(OWN_DAYS));
    let kept = fs::read_to_string(key).ok().and_then(|text| KeyPair::from_pem(&text).ok());
    let pair = kept.map_or_else(KeyPair::generate, Ok).map_err(|error| failed(&error))?;
    let made = params.self_signed(&pair).map_err(|error| failed(&error))?;
    disk::replace(key, pair.serialize_pem().as_bytes(), 0o600)?;
    Ok(disk::replace(file, made.pem().as_bytes(), 0o644)?)
}

/// The address by which this machine would reach others; nothing is sent to find it.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // An address for documentation (RFC 5737): whichever way leads out.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|at| at.ip())
}
