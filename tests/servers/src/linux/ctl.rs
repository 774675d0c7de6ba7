//! etcdctl against some members.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use super::certificates::Tls;
use super::install::Etcd;
use super::member::{PATIENCE, PAUSE};
use super::network::Network;
use super::options::Options;
use super::process::without_variables;

/// How etcdctl gets to the members.
#[derive(Debug)]
pub(crate) struct Ctl {
    program: PathBuf,
    network: Option<Network>,
    tls: Option<Tls>,
    /// Whether it shows a certificate.
    certificate: bool,
    /// `name:password`, once there is a need for one.
    user: OnceLock<String>,
}

impl Ctl {
    pub(crate) fn new(etcd: &Etcd, options: Options, network: Option<Network>) -> Self {
        let Options { tls, client_certificates, .. } = options;
        Self {
            program: etcd.etcdctl().to_owned(),
            network,
            tls,
            certificate: client_certificates,
            user: OnceLock::new(),
        }
    }

    /// Who it is, as `name:password`, once users are on.
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.get().map(String::as_str)
    }

    /// What it wrote to standard output, or else everything that it wrote.
    pub(crate) fn run(&self, endpoints: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        without_variables(&mut command);
        command.env("ETCDCTL_API", "3");
        // Before the others, which may say it otherwise.
        command.args(["--dial-timeout=5s", "--command-timeout=5s", "--endpoints", endpoints]);
        if let Some(tls) = &self.tls {
            command.arg("--cacert").arg(tls.ca());
            if self.certificate {
                command.arg("--cert").arg(tls.client_certificate()).arg("--key").arg(tls.client_key());
            }
        }
        if let Some(user) = self.user.get() {
            command.args(["--user", user]);
        }
        command.args(arguments);
        let output = match &self.network {
            None => command.output(),
            Some(network) => network.inside(|| command.output()),
        };
        let output = output.map_err(|error| format!("{}: {error}", self.program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        let error = String::from_utf8_lossy(&output.stderr);
        Err(format!("etcdctl {}: {}\n{text}{error}", arguments.join(" "), output.status))
    }

    /// Runs etcdctl until it succeeds: on a busy machine a member may be late for etcdctl, or for the other members.
    ///
    /// # Panics
    ///
    /// If it never does, with everything that it wrote the last time.
    pub(crate) fn insist(&self, endpoints: &str, arguments: &[&str]) -> String {
        self.insist_unless(endpoints, arguments, |_| false)
    }

    /// As [`insist`](Self::insist), but an error that says that it was done before is a success as well.
    pub(crate) fn insist_unless(&self, endpoints: &str, arguments: &[&str], was_done: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            match self.run(endpoints, arguments) {
                Ok(text) => return text,
                Err(error) if was_done(&error) => return error,
                Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Makes root, and a user who may use what begins with `key_prefix`; from now on it is root's.
    pub(crate) fn enable_auth(
        &self,
        endpoints: &str,
        root_password: &str,
        user: &str,
        password: &str,
        key_prefix: &str,
    ) {
        let root = format!("root:{root_password}");
        for arguments in [
            &["user", "add", &root] as &[&str],
            &["user", "grant-role", "root", "root"],
            &["role", "add", user],
            &["role", "grant-permission", user, "readwrite", "--prefix=true", key_prefix],
            &["user", "add", &format!("{user}:{password}")],
            &["user", "grant-role", user, user],
            &["auth", "enable"],
        ] {
            // An attempt that was not answered may have been carried out.
            self.insist_unless(endpoints, arguments, |error| error.contains("already exists"));
        }
        let _ = self.user.set(root);
    }
}
