//! Whom the centre believes when it connects to its database and its object store.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::FleetError;

/// Connections are encrypted to whoever shows a certificate of `authorities` (a PEM file), or of those that this machine
/// trusts, in the name that was asked for.
pub fn trusted(authorities: Option<&Path>) -> Result<ClientConfig, FleetError> {
    let failed = |source| FleetError::new("read the authorities", source);
    let roots = match authorities {
        Some(file) => {
            let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let roots = read.map_err(|source| FleetError::new("read the authorities", source))?;
            if roots.is_empty() {
                return Err(failed(format!("`{}` has no certificate", file.display())));
            }
            roots
        }
        // A machine may trust nobody: one that speaks over a socket alone.
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| FleetError::new("prepare encryption", source))?;
    Ok(config.with_root_certificates(store).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_no_authority() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        assert!(trusted(Some(&file)).is_err(), "there is none");
        std::fs::write(&file, "khong co gi\n").unwrap();
        assert!(trusted(Some(&file)).is_err());
        assert!(trusted(None).is_ok());
    }
}
