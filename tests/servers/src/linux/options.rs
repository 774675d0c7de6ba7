//! What a server is started with.

use std::fs;
use std::path::Path;

use super::certificates::Tls;

/// What a [`Server`](super::Server) is started with.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Options {
    pub(crate) arguments: Vec<String>,
    pub(crate) tls: Option<Tls>,
    pub(crate) client_certificates: bool,
    pub(crate) token_seconds: Option<u64>,
}

impl Options {
    /// Plain HTTP, no limits of our own.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more argument of `etcd`, as `--name=value`. The last one of a name wins.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Clients come by TLS.
    pub fn tls(mut self, tls: &Tls) -> Self {
        self.tls = Some(tls.clone());
        self
    }

    /// Clients that come by TLS have to show a certificate of the same authority.
    pub fn client_certificates(mut self) -> Self {
        self.client_certificates = true;
        self
    }

    /// Tokens end this many seconds after they were given, or up to one second earlier (JWT counts whole seconds).
    /// They end for certain: the server's own "simple" tokens live on for as long as they are in use.
    ///
    /// Nobody needs a token before [`Server::enable_auth`](super::Server::enable_auth).
    pub fn short_tokens(mut self, seconds: u64) -> Self {
        self.token_seconds = Some(seconds);
        self
    }

    /// All of it as arguments. What they need as files goes into `folder`.
    pub(crate) fn arguments(&self, folder: &Path) -> Vec<String> {
        let mut arguments = Vec::new();
        if let Some(tls) = &self.tls {
            arguments.push(format!("--cert-file={}", tls.server_certificate().display()));
            arguments.push(format!("--key-file={}", tls.server_key().display()));
            if self.client_certificates {
                arguments.push(format!("--trusted-ca-file={}", tls.ca().display()));
                arguments.push("--client-cert-auth".to_owned());
            }
        }
        if let Some(seconds) = self.token_seconds {
            let key = folder.join("token.key");
            fs::write(&key, "signs tokens, for tests only").expect("a temporary folder can be written to");
            let key = key.display();
            arguments.push(format!("--auth-token=jwt,sign-method=HS256,priv-key={key},ttl={seconds}s"));
        }
        arguments.extend_from_slice(&self.arguments);
        arguments
    }
}
