//! An authority, and what it signed for a server on loopback and for a client.

use alloc::sync::Arc;
use std::fs;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::folder::Folder;
/// Certificates, which are valid for nothing but these tests. A copy is the same ones; the files go with the last.
#[derive(Clone, Debug)]
pub struct Tls {
    ca_pem: String,
    client_certificate_pem: String,
    client_key_pem: String,
    folder: Arc<Folder>,
}

impl Tls {
    /// The authority's certificate, which a client has to trust.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The client's certificate.
    #[must_use]
    pub fn client_certificate_pem(&self) -> &str {
        &self.client_certificate_pem
    }

    /// The client's private key, as PKCS #8.
    #[must_use]
    pub fn client_key_pem(&self) -> &str {
        &self.client_key_pem
    }

    /// The authority's certificate as a file.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The server's certificate as a file, for 127.0.0.1 and `localhost`.
    #[must_use]
    pub fn server_certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// The server's private key as a file.
    #[must_use]
    pub fn server_key(&self) -> PathBuf {
        self.folder.path().join("server.key")
    }

    /// The client's certificate as a file.
    #[must_use]
    pub fn client_certificate(&self) -> PathBuf {
        self.folder.path().join("client.pem")
    }

    /// The client's private key as a file.
    #[must_use]
    pub fn client_key(&self) -> PathBuf {
        self.folder.path().join("client.key")
    }
}

/// A new authority, with a server and a client.
///
/// # Panics
///
/// If there is no folder for temporary files.
#[must_use]
pub fn certificates() -> Tls {
    let (ca, issuer) = authority();
    // The server is a client of itself: its HTTP gateway goes through its own port.
    let both = [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let (server, server_key) = signed(&issuer, "server", &["127.0.0.1", "localhost"], &both);
    let (client, client_key) = signed(&issuer, "client", &[], &[ExtendedKeyUsagePurpose::ClientAuth]);
    let tls = Tls {
        ca_pem: ca.pem(),
        client_certificate_pem: client.pem(),
        client_key_pem: client_key.serialize_pem(),
        folder: Arc::new(Folder::new()),
    };
    for (path, text) in [
        (tls.ca(), &tls.ca_pem),
        (tls.server_certificate(), &server.pem()),
        (tls.server_key(), &server_key.serialize_pem()),
        (tls.client_certificate(), &tls.client_certificate_pem),
        (tls.client_key(), &tls.client_key_pem),
    ] {
        fs::write(path, text).expect("a temporary folder can be written to");
    }
    tls
}

fn authority() -> (Certificate, Issuer<'static, KeyPair>) {
    let mut params = params("authority", &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    (certificate, Issuer::new(params, key))
}

fn signed(
    issuer: &Issuer<'_, KeyPair>,
    name: &str,
    addresses: &[&str],
    purposes: &[ExtendedKeyUsagePurpose],
) -> (Certificate, KeyPair) {
    let mut params = params(name, addresses);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = purposes.to_vec();
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    (certificate, key)
}

fn params(name: &str, addresses: &[&str]) -> CertificateParams {
    let addresses: Vec<String> = addresses.iter().map(|&address| address.to_owned()).collect();
    let mut params = CertificateParams::new(addresses).expect("addresses are ASCII");
    params.distinguished_name.push(DnType::CommonName, format!("event tests: {name}"));
    params
}
