//! The same names where there are no servers: tests that need some compile, and are ignored when they run.
//!
//! Nobody can have an [`Etcd`] here, so whatever needs one cannot be called.

use core::fmt;
use core::ops::Deref;
use std::path::{Path, PathBuf};

/// Why tests with servers are ignored.
const REASON: &str = "real etcd servers for tests need Linux";

/// The programs `etcd` and `etcdctl`, which are never found here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Etcd {}

impl Etcd {
    /// The server.
    #[must_use]
    pub fn etcd(&self) -> &Path {
        match *self {}
    }

    /// The client.
    #[must_use]
    pub fn etcdctl(&self) -> &Path {
        match *self {}
    }
}

/// Why there is no etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(());

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REASON)
    }
}

impl core::error::Error for Missing {}

/// Finds no etcd.
///
/// # Errors
///
/// Always.
pub const fn install() -> Result<Etcd, Missing> {
    Err(Missing(()))
}

/// Installs no etcd.
///
/// # Errors
///
/// Always.
pub const fn install_into(_: &Path) -> Result<Etcd, Missing> {
    Err(Missing(()))
}

/// What a server is started with.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Options(());

impl Options {
    /// Nothing special.
    pub const fn new() -> Self {
        Self(())
    }

    /// One more argument of `etcd`.
    pub fn arg(self, _: impl Into<String>) -> Self {
        self
    }

    /// Clients come by TLS.
    pub const fn tls(self, tls: &Tls) -> Self {
        match tls.0 {}
    }

    /// Clients that come by TLS have to show a certificate.
    pub const fn client_certificates(self) -> Self {
        self
    }

    /// Tokens end this many seconds after they were given.
    pub const fn short_tokens(self, _: u64) -> Self {
        self
    }
}

/// Makes a type of which there is nothing, and its methods.
macro_rules! nothing {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* fn $method:ident(&self $(, $argument:ty)*) $(-> $output:ty)?;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(Etcd);

        impl $name {
            $($(#[$about])*
            pub fn $method(&self $(, _: $argument)*) $(-> $output)? {
                match self.0 {}
            })*
        }
    };
}

nothing!(
    /// Certificates of servers and clients.
    Tls {
        /// The authority's certificate.
        fn ca_pem(&self) -> &str;
        /// The client's certificate.
        fn client_certificate_pem(&self) -> &str;
        /// The client's key.
        fn client_key_pem(&self) -> &str;
        /// The authority's certificate as a file.
        fn ca(&self) -> PathBuf;
    }
);

/// Makes no certificates.
///
/// # Panics
///
/// Always: certificates are for servers, of which there are none.
#[must_use]
pub fn certificates() -> Tls {
    panic!("{REASON}")
}

nothing!(
    /// One server.
    Server {
        /// Where clients connect to.
        fn endpoint(&self) -> String;
        /// Kills it.
        fn kill(&self);
        /// Starts it again.
        fn restart(&self);
        /// Stops it.
        fn pause(&self);
        /// Lets it go on.
        fn resume(&self);
        /// Runs etcdctl until it succeeds.
        fn ctl(&self, &[&str]) -> String;
        /// Runs etcdctl.
        fn try_ctl(&self, &[&str]) -> Result<String, String>;
        /// Makes users.
        fn enable_auth(&self, &str, &str, &str, &str);
        /// The end of its log.
        fn log_tail(&self) -> String;
    }
);

impl Server {
    /// Starts one.
    #[must_use]
    pub const fn start(etcd: &Etcd, _: Options) -> Self {
        match *etcd {}
    }
}

nothing!(
    /// Some servers that are one cluster.
    Cluster {
        /// Where clients connect to, all of them.
        fn endpoints(&self) -> Vec<String>;
        /// Where clients connect to a member.
        fn endpoint(&self, usize) -> String;
        /// The number of the leader.
        fn leader(&self) -> usize;
        /// Waits until every member can serve.
        fn wait_healthy(&self);
        /// Kills a member.
        fn kill(&self, usize);
        /// Starts a member again.
        fn restart(&self, usize);
        /// Stops a member.
        fn pause(&self, usize);
        /// Lets a member go on.
        fn resume(&self, usize);
        /// Runs etcdctl until it succeeds.
        fn ctl(&self, &[&str]) -> String;
        /// Runs etcdctl.
        fn try_ctl(&self, &[&str]) -> Result<String, String>;
        /// Runs etcdctl at one member.
        fn try_ctl_at(&self, usize, &[&str]) -> Result<String, String>;
        /// Makes users.
        fn enable_auth(&self, &str, &str, &str, &str);
    }
);

impl Cluster {
    /// Starts some.
    #[must_use]
    pub const fn start(etcd: &Etcd, _: usize) -> Self {
        match *etcd {}
    }

    /// Starts some.
    #[must_use]
    pub const fn start_with(etcd: &Etcd, _: usize, _: Options) -> Self {
        match *etcd {}
    }

    /// Replaces a member by a new one.
    pub const fn replace(&mut self, _: usize) {
        match self.0 {}
    }
}

nothing!(
    /// A cluster of three, each in a network of its own.
    Namespaces {
        /// Cuts a member off.
        fn cut(&self, usize);
        /// Connects a member again.
        fn heal(&self, usize);
    }
);

impl Namespaces {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// None: there is no [`Etcd`] to call this with.
    pub const fn start(etcd: &Etcd) -> Result<Self, String> {
        match *etcd {}
    }

    /// Says that they cannot be had here.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn probe() -> Result<(), String> {
        Err(REASON.to_owned())
    }

    /// Runs `f` where the clients are.
    pub fn run_inside<R: Send>(&self, _: impl FnOnce() -> R + Send) -> R {
        match self.0 {}
    }

    /// Runs `f` where a member is.
    pub fn run_beside<R: Send>(&self, _: usize, _: impl FnOnce() -> R + Send) -> R {
        match self.0 {}
    }
}

impl Deref for Namespaces {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        match self.0 {}
    }
}
